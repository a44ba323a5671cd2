//! `aifactory spec`

use super::edit::edit_file;
use super::new::read_file;
use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::model::TextFile;
use crate::tasks::{TextOutcome, replace_text};
use std::path::PathBuf;

/// Show or write what must be true when a task is done
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Print the spec
    Show { id: String },
    /// Replace the spec by a file, `-` for standard input
    Set {
        id: String,
        #[arg(short = 'F', long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Open the spec in your editor
    Edit { id: String },
    /// Say whether there is a spec
    Check { id: String },
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    match &args.verb {
        Verb::Show { id } => show(context, id, TextFile::Spec),
        Verb::Set { id, file } => {
            set(context, id, TextFile::Spec, file)?;
            Ok(Finish::Well)
        }
        Verb::Edit { id } => {
            let project = context.project_for_writing()?;
            let id = project.store.snapshot()?.resolve(id)?;
            edit_file(context, &project, &id, TextFile::Spec)
        }
        Verb::Check { id } => check(context, id),
    }
}

pub(super) fn show(context: &Context, typed: &str, file: TextFile) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve(typed)?;
    snapshot.task(&id)?;
    let text = snapshot.text(&id, file)?;
    if context.ui.manner.json {
        let schema = format!("aifactory.{}/1", file.word());
        context
            .ui
            .answer_json(&serde_json::json!({ "schema": schema, "id": id, "text": text }))?;
        return Ok(Finish::Well);
    }
    if text.is_empty() {
        let short = snapshot.short(&id);
        return Err(Error::missing(format!("task {short} has no {} yet", file.word()))
            .hint(format!("to write one: aifactory {} edit {short}", file.word())));
    }
    context.ui.answer_foreign(&text)?;
    Ok(Finish::Well)
}

/// Replaces a text by a file's. The task's short id and the text.
pub(super) fn set(context: &Context, typed: &str, file: TextFile, path: &std::path::Path) -> Result<(String, String)> {
    let text = read_file(context, path)?;
    let project = context.project_for_writing()?;
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve(typed)?;
    let short = snapshot.short(&id);
    match replace_text(&project, &id, file, &text, None)? {
        TextOutcome::Written => context.ui.note(&format!("wrote the {} of {short}", file.word())),
        TextOutcome::Unchanged | TextOutcome::Outdated => context.ui.note("nothing changed"),
    }
    Ok((short, text))
}

fn check(context: &Context, typed: &str) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve(typed)?;
    let short = snapshot.short(&id);
    snapshot.task(&id)?;
    match snapshot.text(&id, TextFile::Spec)?.trim().is_empty() {
        true => Err(Error::failed(format!("task {short} has no spec")).hint(format!("aifactory spec edit {short}"))),
        false => {
            context.ui.note(&format!("task {short} has a spec"));
            Ok(Finish::Well)
        }
    }
}
