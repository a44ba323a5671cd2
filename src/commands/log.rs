//! `aifactory log`

mod follow;
mod stream;
mod transcript;

use super::{Context, Finish};
use crate::config::parse_duration;
use crate::error::{Error, Result};
use crate::model::text::escape_line;
use crate::model::{Event, TaskId, Timestamp};
use crate::tasks::{Entry, Project, history};
use crate::ui::Style;
use serde_json::json;
use stream::paint_diff_line;

/// Show the history of a task: who, when, what changed
///
/// From the task's own events, with changed texts as diffs. With `-f`, what its agent says and does right now, until the
/// task is let go; with `--run`, what it said and did in one run.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory log 7kq2 --since 2h
  aifactory log 7kq2 --kind moved --kind gated --limit 20
  aifactory log 7kq2 --run last
  aifactory log 7kq2 -f --json        the agent's events, one per line")]
pub struct Args {
    /// The task
    id: String,
    /// Follow the run on this machine
    #[arg(short, long, conflicts_with_all = ["since", "limit", "kinds"])]
    follow: bool,
    /// Leave out the diffs
    #[arg(long)]
    brief: bool,
    /// Only what happened since then: 90m, 2h, 3d, or a date and time in UTC
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only the last so many entries
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
    /// Only entries of this kind, as --json names them in `op`: moved, claimed, said, gated, run-ended …; repeatable
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<String>,
    /// What the agent said and did in one run: its id, or last
    #[arg(long, value_name = "RUN", conflicts_with = "follow")]
    run: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve(&args.id)?;
    if args.follow {
        return follow::follow(context, &project, &id);
    }
    if let Some(run) = &args.run {
        return transcript::show(context, &project, &id, run);
    }
    let events = choose(context, args, snapshot.events(&id)?)?;
    if context.ui.manner.json {
        let answer = json!({ "schema": "aifactory.log/1", "id": id, "events": events });
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    for entry in history(events) {
        write_entry(context, &entry, args.brief)?;
    }
    Ok(Finish::Well)
}

/// The events that were asked for.
fn choose(context: &Context, args: &Args, mut events: Vec<Event>) -> Result<Vec<Event>> {
    if let Some(since) = &args.since {
        let since = point_in_time(since, context.host.now())?;
        events.retain(|event| event.hlc.time >= since);
    }
    if !args.kinds.is_empty() {
        events.retain(|event| args.kinds.iter().any(|kind| *kind == event.change.word()));
    }
    if let Some(limit) = args.limit {
        events.drain(..events.len().saturating_sub(limit));
    }
    Ok(events)
}

/// A time of the past as people write it: how long ago, or when.
pub(super) fn point_in_time(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Some(ago) = parse_duration(text) {
        return Ok(Timestamp::from_millis(now.millis().saturating_sub(ago.as_millis() as u64)));
    }
    let day = format!("{text}T00:00:00Z");
    let minute = format!("{}Z", text.replacen(' ', "T", 1));
    let parsed = [text, &day, &minute].into_iter().find_map(Timestamp::parse);
    parsed.ok_or_else(|| {
        Error::usage(format!("`{}` is no point in time", escape_line(text)))
            .hint("write 90m, 2h, 3d, 2026-11-20 or 2026-11-20T14:30:00")
    })
}

/// The history without its diffs.
pub(super) fn show_brief(context: &Context, project: &Project, id: &TaskId) -> Result<()> {
    let events = project.store.snapshot()?.events(id)?;
    history(events).iter().try_for_each(|entry| write_entry(context, entry, true))
}

fn write_entry(context: &Context, entry: &Entry, brief: bool) -> Result<()> {
    let ui = &context.ui;
    let when = ui.paint(Style::Dim, &entry.at.time.readable());
    let who = ui.paint(Style::Id, &escape_line(&entry.actor));
    ui.answer_line(&format!("{when}  {who}  {}", escape_line(&entry.what)))?;
    let Some(detail) = entry.detail.as_ref().filter(|_| !brief) else {
        return Ok(());
    };
    detail.lines().try_for_each(|line| ui.answer_line(&format!("    {}", paint_diff_line(context, line))))
}
