//! `aifactory log`

mod follow;

use super::{Context, Finish};
use crate::error::Result;
use crate::model::TaskId;
use crate::model::text::escape_line;
use crate::tasks::{Entry, Project, history};
use crate::ui::Style;
use serde_json::json;

/// Show the history of a task: who, when, what changed
///
/// From the task's own events, with changed texts as diffs. With `-f`, what its agent prints right now,
/// until the task is let go.
#[derive(clap::Args)]
pub struct Args {
    /// The task
    id: String,
    /// Follow the live output of the run on this machine
    #[arg(short, long)]
    follow: bool,
    /// Leave out the diffs
    #[arg(long)]
    brief: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve(&args.id)?;
    if args.follow {
        return follow::follow(context, &project, &id);
    }
    let events = snapshot.events(&id)?;
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
    for line in detail.lines() {
        let style = match line.chars().next() {
            Some('+') => Style::Added,
            Some('-') => Style::Removed,
            Some('@') => Style::Active,
            _ => Style::Dim,
        };
        ui.answer_line(&format!("    {}", ui.paint(style, &escape_line(line))))?;
    }
    Ok(())
}
