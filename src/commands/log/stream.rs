//! An agent's events, written for people: what it says as it is, what it does dimmed and indented.

use crate::agent::AgentEvent;
use crate::commands::Context;
use crate::error::Result;
use crate::model::Timestamp;
use crate::model::text::escape_line;
use crate::run::Kept;
use crate::ui::Style;
use serde_json::{Value, json};

/// The part of a run's events that was asked for.
#[derive(Default)]
pub struct Cut {
    since: Option<Timestamp>,
    limit: Option<usize>,
}

impl Cut {
    pub fn of(context: &Context, args: &super::Args) -> Cut {
        Cut { since: args.since.map(|when| when.begin(context.host.now())), limit: args.limit }
    }
}

/// Lines of `events.jsonl`. With `--json` each goes on as it is.
pub fn print_events(context: &Context, lines: &str) -> Result<()> {
    print_part(context, lines, &Cut::default())
}

/// Those of the lines that were asked for.
pub fn print_part(context: &Context, lines: &str, cut: &Cut) -> Result<()> {
    let all = lines.lines().filter_map(|line| serde_json::from_str::<Kept>(line).ok());
    let wanted = |kept: &Kept| {
        let is_shown = context.ui.manner.json || is_shown(&kept.event);
        is_shown && cut.since.is_none_or(|since| kept.at >= since)
    };
    match cut.limit {
        None => all.filter(wanted).try_for_each(|kept| print_kept(context, &kept)),
        Some(limit) => {
            let chosen: Vec<Kept> = all.filter(wanted).collect();
            chosen[chosen.len().saturating_sub(limit)..].iter().try_for_each(|kept| print_kept(context, kept))
        }
    }
}

fn print_kept(context: &Context, kept: &Kept) -> Result<()> {
    if !context.ui.manner.json {
        return print_event(context, &kept.event);
    }
    let mut value = json!({ "schema": "aifactory.agent-event/1" });
    if let (Value::Object(fields), Ok(Value::Object(event))) = (&mut value, serde_json::to_value(kept)) {
        fields.extend(event);
    }
    context.ui.answer_json_line(&value)
}

/// What people are not told of does not count for them, either.
fn is_shown(event: &AgentEvent) -> bool {
    !matches!(event, AgentEvent::Used { .. } | AgentEvent::Unknown { .. } | AgentEvent::Finished { ok: true, .. })
}

fn print_event(context: &Context, event: &AgentEvent) -> Result<()> {
    let ui = &context.ui;
    let aside = |style: Style, text: &str| ui.answer_line(&format!("  {}", ui.paint(style, &escape_line(text))));
    match event {
        AgentEvent::Text { text } => ui.answer_foreign(&format!("{}\n", text.trim_end())),
        AgentEvent::Thought { text } => text.trim().lines().try_for_each(|line| aside(Style::Dim, line)),
        AgentEvent::ToolStarted { .. } => aside(Style::Active, &event.summary()),
        AgentEvent::ToolEnded { ok: true, .. } => aside(Style::Dim, &event.summary()),
        AgentEvent::ToolEnded { ok: false, .. } | AgentEvent::Error { .. } | AgentEvent::Finished { ok: false, .. } => {
            aside(Style::Bad, &event.summary())
        }
        AgentEvent::FileTouched { path, diff } => {
            aside(Style::Dim, &format!("changed {path}"))?;
            let lines = diff.as_deref().unwrap_or_default().lines();
            lines.into_iter().try_for_each(|line| ui.answer_line(&format!("    {}", paint_diff_line(context, line))))
        }
        AgentEvent::SessionStarted { session, model, .. } => {
            let model = model.as_deref().map(|model| format!(" with {model}")).unwrap_or_default();
            aside(Style::Dim, &format!("conversation {session}{model}"))
        }
        AgentEvent::Complaint { .. } => aside(Style::Dim, &event.summary()),
        AgentEvent::PermissionAsked { .. }
        | AgentEvent::Question { .. }
        | AgentEvent::Message { .. }
        | AgentEvent::Learned { .. }
        | AgentEvent::RateLimit { .. }
        | AgentEvent::Retry { .. } => match event.summary() {
            summary if summary.is_empty() => Ok(()),
            summary => aside(Style::Attention, &summary),
        },
        AgentEvent::Used { .. } | AgentEvent::Unknown { .. } | AgentEvent::Finished { ok: true, .. } => Ok(()),
    }
}

/// A line of a diff in the colour of what it says.
pub fn paint_diff_line(context: &Context, line: &str) -> String {
    let style = match line.chars().next() {
        Some('+') => Style::Added,
        Some('-') => Style::Removed,
        Some('@') => Style::Active,
        _ => Style::Dim,
    };
    context.ui.paint(style, &escape_line(line))
}
