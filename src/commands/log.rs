//! `aifactory log`

use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::model::TaskId;
use crate::model::text::escape_line;
use crate::process::alive;
use crate::run::live_run_folder;
use crate::tasks::{Entry, Project, history};
use crate::ui::Style;
use serde_json::json;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

/// Show the history of a task: who, when, what changed
///
/// From the task's own events, with changed texts as diffs. With `-f`, what its agent prints right now.
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
        return follow(context, &project, &id);
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

/// Prints the live log until the run ends. A run that ended already is printed whole.
fn follow(context: &Context, project: &Project, id: &TaskId) -> Result<Finish> {
    let short = project.store.snapshot()?.short(id);
    let folder = live_run_folder(&project.store, id)?.ok_or_else(|| {
        Error::missing(format!("task {short} has not run on this machine")).hint(format!("aifactory log {short}"))
    })?;
    let mut offsets = [0, 0];
    loop {
        // Looked at first: what is written before the end is printed after it.
        let running = alive(&folder);
        for (number, name) in ["stdout.log", "stderr.log"].into_iter().enumerate() {
            offsets[number] = copy_from(context, &folder.join(name), offsets[number])?;
        }
        if !running {
            return Ok(Finish::Well);
        }
        context.host.sleep(Duration::from_millis(200));
    }
}

fn copy_from(context: &Context, path: &Path, offset: u64) -> Result<u64> {
    let Ok(mut file) = std::fs::File::open(path) else {
        return Ok(offset);
    };
    let mut bytes = Vec::new();
    let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_to_end(&mut bytes));
    if read.is_ok() && !bytes.is_empty() {
        let text = String::from_utf8_lossy(&bytes);
        match context.ui.manner.json {
            true => {
                for line in text.lines() {
                    context.ui.answer_json_line(&json!({ "schema": "aifactory.log-line/1", "line": line }))?;
                }
            }
            false => context.ui.answer_foreign(&text)?,
        }
    }
    Ok(offset + bytes.len() as u64)
}
