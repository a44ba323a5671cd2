//! `aifactory log`

mod follow;
mod stream;
mod transcript;

use super::{Context, Finish};
use crate::error::Result;
use crate::model::text::escape_line;
use crate::model::{Change, Event, TaskId, When};
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
  aifactory log 7kq2 --run last -n 20
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
    /// Only what happened since then: 2h or 7d (ago), today, yesterday, 2026-01-31, 2026-01-31T12:00:00 in UTC
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,
    /// Only the last so many entries
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
    /// Only entries of this kind, as --json names them in `op`: moved, claimed, said, gated, run-ended …; repeatable
    #[arg(
        long = "kind", value_name = "KIND", hide_possible_values = true,
        value_parser = clap::builder::PossibleValuesParser::new(Change::KINDS),
    )]
    kinds: Vec<String>,
    /// What the agent said and did in one run: its id, or last; --since and --limit cut that, too
    #[arg(long, value_name = "RUN", conflicts_with_all = ["follow", "kinds"])]
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
        return transcript::show(context, &project, &id, run, &stream::Cut::of(context, args));
    }
    let events = choose(context, args, snapshot.events(&id)?);
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
fn choose(context: &Context, args: &Args, mut events: Vec<Event>) -> Vec<Event> {
    if let Some(since) = args.since {
        let since = since.begin(context.host.now());
        events.retain(|event| event.hlc.time >= since);
    }
    if !args.kinds.is_empty() {
        events.retain(|event| args.kinds.iter().any(|kind| *kind == event.change.word()));
    }
    if let Some(limit) = args.limit {
        events.drain(..events.len().saturating_sub(limit));
    }
    events
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
