//! `aifactory changelog`

use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::host::files;
use crate::model::changelog::{Changelog, FILE_NAME, Format, add_to_file};
use crate::model::text::{count, escape_line};
use crate::tasks::{Project, changelog};
use serde_json::json;

/// Say what changed between two revisions
///
/// Tasks that were merged between them, each once, and commits that belong to no task, below the headings of
/// keepachangelog.com. Where something stands follows from a label of the task (bug, feature, security), from a kind
/// before the words (`fix:`), or from the first word (Fix, Add, Remove); --json says why. No model is asked: to have an
/// agent write it for those who use the project, make a task for the role changelog.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory changelog                          what the last tag does not have yet
  aifactory changelog v1.0.0..v1.1.0 --format github-release
  aifactory changelog ..v1.1.0                 what led to this tag
  aifactory changelog --write                  add it to CHANGELOG.md
  aifactory new \"Write the changelog\" --role changelog --run

A task is left out where its label says no-changelog.")]
pub struct Args {
    /// From one revision to another; from the last tag and to the target branch where one is left out
    #[arg(value_name = "FROM[..TO]")]
    range: Option<String>,
    /// keep-a-changelog, list or github-release
    #[arg(long, value_name = "FORMAT", default_value = "keep-a-changelog", value_parser = parse_format, conflicts_with = "write")]
    format: Format,
    /// Also what those who only use it do not see: documentation, tests, chores
    #[arg(short, long)]
    all: bool,
    /// Add what CHANGELOG.md does not name yet, below its heading for what is unreleased
    #[arg(long)]
    write: bool,
}

fn parse_format(word: &str) -> Result<Format, String> {
    Format::parse(word).ok_or_else(|| format!("one of {}", Format::words()))
}

/// Bytes of a file that is added to.
const LONGEST_FILE: u64 = 16 << 20;

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let mut found = changelog(&project, &snapshot, args.range.as_deref())?;
    let left_out = if args.all { 0 } else { found.leave_out_internal() };
    if found.is_cut {
        context.ui.warn("there are more commits than are looked at; the oldest are missing");
    }
    if args.write {
        return write(context, &project, &found, args.range.as_deref().unwrap_or_default());
    }
    if context.ui.manner.json {
        let mut answer = json!({ "schema": "aifactory.changelog/1", "left_out": left_out });
        if let (Some(answer), Ok(serde_json::Value::Object(fields))) =
            (answer.as_object_mut(), serde_json::to_value(&found))
        {
            answer.extend(fields);
        }
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    context.ui.answer(&found.to_text(args.format))?;
    if found.entries.is_empty() {
        context.ui.note(&nothing(&found));
    }
    if left_out > 0 {
        let what = if left_out == 1 { "is" } else { "are" };
        context.ui.note(&format!("{} {what} left out; --all shows them", count(left_out, "internal change")));
    }
    Ok(Finish::Well)
}

fn nothing(found: &Changelog) -> String {
    let to = escape_line(&found.to.name);
    match &found.from {
        Some(from) => format!("nothing to tell between {} and {to}", escape_line(&from.name)),
        None => format!("nothing to tell up to {to}"),
    }
}

/// The file of this worktree, for the person to look at and to commit.
fn write(context: &Context, project: &Project, found: &Changelog, range: &str) -> Result<Finish> {
    if found.to.is_tag {
        let name = escape_line(&found.to.name);
        let error = Error::usage(format!("{name} is released, and only what is not is added to {FILE_NAME}"));
        return Err(error.hint(format!("print it: aifactory changelog {}", escape_line(range))));
    }
    let folder = project.repository().worktree_root().ok_or_else(|| {
        Error::failed(format!("there are no files here, so no {FILE_NAME}")).hint("print it: aifactory changelog")
    })?;
    let path = folder.join(FILE_NAME);
    if path.is_symlink() {
        return Err(Error::failed(format!("{} is a link, which is not written through", path.display())));
    }
    let before = files::load_bounded_text(&path, LONGEST_FILE)?.unwrap_or_default();
    let (after, added) = add_to_file(&before, found);
    if added > 0 {
        files::rewrite_text(&path, &after)?;
    }
    if context.ui.manner.json {
        let answer = json!({ "schema": "aifactory.changelog-write/1", "file": path, "added": added });
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    match added {
        0 => context.ui.note(&format!("{FILE_NAME} names all of it already")),
        _ => {
            context.ui.note(&format!("added {} to {FILE_NAME}", count(added, "line")));
            context.ui.hint(&format!("git diff {FILE_NAME}"));
        }
    }
    Ok(Finish::Well)
}
