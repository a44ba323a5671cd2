//! What `spec` and `plan` have in common: show, set, edit, check.

use super::edit::edit_file;
use super::new::read_file;
use super::say::report_opened;
use super::write::write;
use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::model::text::escape_line;
use crate::model::{TaskId, TextFile};
use crate::store::Snapshot;
use crate::tasks::{Project, TextOutcome, find_moved, replace_text, sent_back};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(clap::Subcommand)]
pub enum Verb {
    /// Print it
    Show {
        /// The task
        id: String,
    },
    /// Replace it by a file, `-` for standard input
    Set {
        /// The task
        id: String,
        /// The file
        #[arg(short = 'F', long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Open it in your editor
    Edit {
        /// The task
        id: String,
    },
    /// Report what is wrong with it
    Check {
        /// The task
        id: String,
    },
    /// Have an agent write it
    Write(WriteArgs),
}

#[derive(clap::Args)]
pub struct WriteArgs {
    /// The tasks
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    /// What the agent should know besides
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
    /// The agent that writes it, such as claude:opus#high; the setting agent.plan where it is left out
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// How many tasks at once
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Claim for this machine alone, whether or not the remote can be reached
    #[arg(long)]
    pub local: bool,
}

/// Carries out a verb; after a change and for `check`, `judge` looks at the text.
pub fn run(
    context: &Context,
    verb: &Verb,
    file: TextFile,
    judge: impl Fn(&Context, &Judged<'_>) -> Result<Finish>,
) -> Result<Finish> {
    match verb {
        Verb::Write(args) => write(context, args, file),
        Verb::Show { id } => show(context, id, file),
        Verb::Set { id, file: path } => {
            let (project, id, text, outcome) = set(context, id, file, path)?;
            if let TextOutcome::FollowedUp(opened) = &outcome {
                return report_opened(context, &project, &id, opened);
            }
            let short = project.store.snapshot()?.short(&id);
            judge(context, &Judged { id: &id, short: &short, text: &text })
        }
        Verb::Edit { id } => {
            let project = context.project_for_writing()?;
            let id = project.store.snapshot()?.resolve(id)?;
            edit_file(context, &project, &id, file)
        }
        Verb::Check { id } => {
            let project = context.project()?;
            let snapshot = project.store.snapshot()?;
            let id = snapshot.resolve(id)?;
            snapshot.task(&id)?;
            let (short, text) = (snapshot.short(&id), snapshot.text(&id, file)?);
            judge(context, &Judged { id: &id, short: &short, text: &text })
        }
    }
}

/// A text to look at.
pub struct Judged<'a> {
    pub id: &'a TaskId,
    pub short: &'a str,
    pub text: &'a str,
}

fn show(context: &Context, typed: &str, file: TextFile) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve(typed)?;
    snapshot.task(&id)?;
    let text = snapshot.text(&id, file)?;
    let remarks = if file == TextFile::Plan { remarks(&project, &snapshot, &id)? } else { Vec::new() };
    if context.ui.manner.json {
        let schema = format!("aifactory.{}/1", file.word());
        let mut answer = json!({ "schema": schema, "id": id, "text": text });
        remarks.iter().for_each(|remark| answer[remark.name] = remark.what.as_str().into());
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    if text.is_empty() {
        let short = snapshot.short(&id);
        return Err(Error::missing(format!("task {short} has no {} yet", file.word()))
            .hint(format!("to write one: aifactory {} edit {short}", file.word())));
    }
    context.ui.answer_foreign(&text)?;
    for remark in &remarks {
        context.ui.warn(&escape_line(&format!("{}{}", remark.before, remark.what)));
    }
    Ok(Finish::Well)
}

/// Something that a reader of a plan should know.
struct Remark {
    /// In an answer as JSON.
    name: &'static str,
    before: &'static str,
    what: String,
}

/// What moved since the plan was approved, and why it was sent back.
fn remarks(project: &Project, snapshot: &Snapshot<'_>, id: &TaskId) -> Result<Vec<Remark>> {
    let task = snapshot.task(id)?;
    let moved = find_moved(project, snapshot, &task)?.map(|what| Remark { name: "stale", before: "", what });
    let why = sent_back(snapshot, &task)?.and_then(|sent_back| sent_back.reasons.last().cloned());
    let why = why.map(|what| Remark { name: "sent_back", before: "it was sent back: ", what });
    Ok(moved.into_iter().chain(why).collect())
}

fn set(context: &Context, typed: &str, file: TextFile, path: &Path) -> Result<(Project, TaskId, String, TextOutcome)> {
    let text = read_file(context, path)?;
    let project = context.project_for_writing()?;
    let id = project.store.snapshot()?.resolve(typed)?;
    let outcome = replace_text(&project, &id, file, &text, None)?;
    match &outcome {
        TextOutcome::Written => {
            let short = project.store.snapshot()?.short(&id);
            context.ui.note(&format!("wrote the {} of {short}", file.word()));
        }
        TextOutcome::Unchanged | TextOutcome::Merged | TextOutcome::Outdated => context.ui.note("nothing changed"),
        TextOutcome::FollowedUp(_) => {}
    }
    Ok((project, id, text, outcome))
}
