//! Events of a run as plain lines, for logs and pipes.

use super::{Style, Ui, reason_text, status_style, verdict_style};
use crate::model::text::escape_line;
use crate::run::{RunEvent, RunEventKind};

/// One line, or nothing for what only a live view shows.
pub fn event_line(ui: &Ui, short: &str, event: &RunEvent) -> Option<String> {
    let text = match &event.kind {
        RunEventKind::Claimed { branch, .. } => format!("claimed, on branch {}", escape_line(branch)),
        RunEventKind::Worktree { path, reused: false } => format!("worktree {}", escape_line(path)),
        RunEventKind::Worktree { path, reused: true } => format!("worktree {} (used before)", escape_line(path)),
        RunEventKind::SetupStarted { command } => format!("setup: {}", escape_line(command)),
        RunEventKind::StepStarted { step, title, number, of, attempt } => {
            let again = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            format!("step {number}/{of}{again}  {}: {}", escape_line(step), escape_line(title))
        }
        RunEventKind::PhaseStarted { phase, agent, attempt } => {
            let again = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            format!("{}{again}  by {}", escape_line(phase), escape_line(agent))
        }
        RunEventKind::Reviewed { verdict } => format!("review: {}", escape_line(verdict)),
        RunEventKind::Agent { line } => {
            if ui.manner.verbose == 0 {
                return None;
            }
            format!("  {}", ui.paint_err(Style::Dim, &escape_line(line)))
        }
        RunEventKind::StepDone { step, commit } => {
            let commit = commit.as_deref().map(|c| format!(" in {}", &c[..10.min(c.len())])).unwrap_or_default();
            format!("step {} done{commit}", escape_line(step))
        }
        RunEventKind::GateStarted { .. } => return None,
        RunEventKind::GateEnded { gate, verdict, millis } => {
            let verdict = ui.paint_err(verdict_style(*verdict), verdict.word());
            format!("gate {verdict}  {} ({})", escape_line(gate), ui.millis(*millis))
        }
        RunEventKind::MergeCondition { what, state, detail } => {
            let style = match state.as_str() {
                "done" => Style::Good,
                "missing" => Style::Bad,
                _ => Style::Attention,
            };
            let state = ui.paint_err(style, &format!("{state:<7}"));
            format!("  {state} {:<8} {}", escape_line(what), escape_line(detail))
        }
        RunEventKind::Merging { target } => format!("merging into {}", escape_line(target)),
        RunEventKind::Merged { target, commit } => {
            format!("merged into {} as {}", escape_line(target), &commit[..10.min(commit.len())])
        }
        RunEventKind::Note { text } => escape_line(text).into_owned(),
        RunEventKind::Settled { status, reason, note } => {
            let why = reason_text(*reason, note.as_deref());
            let why = if why.is_empty() { why } else { format!("  {why}") };
            format!("{}{why}", ui.paint_err(status_style(*status), status.word()))
        }
        RunEventKind::Skipped { why } => format!("not started: {}", escape_line(why)),
        RunEventKind::Failed { error, hints } => {
            let hints: String = hints.iter().map(|hint| format!("\n      hint: {}", escape_line(hint))).collect();
            format!("{} {}{hints}", ui.paint_err(Style::Bad, "error:"), escape_line(error))
        }
    };
    if event.task.is_none() {
        return Some(ui.paint_err(Style::Dim, &text));
    }
    let title: String = event.title.chars().take(32).collect();
    Some(format!("{}  {:<32}  {text}", ui.paint_err(Style::Id, short), escape_line(&title)))
}
