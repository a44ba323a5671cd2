//! `aifactory import`

use super::import_ideas;
use super::import_workflow::{self, Wish};
use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::model::text::{count, escape_line};
use crate::tasks::Project;
use crate::tasks::import::{ImportKind, ImportRequest, Imported, import, parse_source, write_back};
use crate::ui::Style;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Take a backlog in: a TODO.md, or a folder of Markdown files; or workflows from another factory
///
/// Importing again brings what changed; nothing comes in twice and nothing is deleted. The file itself is changed only
/// with --write-back, and then only the marks.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory import todo:TODO.md
  aifactory import folder:backlog
  aifactory import todo:TODO.md --write-back
  aifactory import ideas:7kq2 -n            what an agent found worth changing (run 7kq2 --role ideas)
  aifactory import ideas:7kq2 --only 1,3    tasks of two of them
  aifactory import workflow config.yml      workflows and roles of Nomafin's factory, as files to commit")]
pub struct Args {
    /// `todo:<file>`, `folder:<folder>`, or a path that tells by itself; `ideas:<id>`; or `workflow`
    source: String,
    /// After `workflow`: the file
    file: Option<PathBuf>,
    /// Say what would come in, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Afterwards write the tasks' marks back into the file
    #[arg(long)]
    write_back: bool,
    /// The ideas with these numbers; `-n` lists them
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    only: Vec<usize>,
    /// Replace workflows and roles that are there
    #[arg(long)]
    force: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    if let Some(file) = workflow_file(args)? {
        return import_workflow::run(context, &Wish { file, dry_run: args.dry_run, force: args.force });
    }
    if let Some(task) = args.source.strip_prefix("ideas:") {
        return import_ideas::run(context, task, &args.only, args.dry_run);
    }
    if !args.only.is_empty() {
        return Err(Error::usage("--only is for ideas").hint("aifactory import ideas:<id> --only 1,3"));
    }
    let mut request = parse_source(&args.source)?;
    request.dry_run = args.dry_run;
    if args.write_back && request.kind != ImportKind::Todo {
        return Err(Error::usage("only a TODO.md has marks to write back"));
    }
    let project = if args.dry_run { context.project()? } else { context.project_for_writing()? };
    let imported = import(&project, &request)?;
    let lines = match args.write_back && !args.dry_run {
        true => write_back(&project, &request.place)?.lines.len(),
        false => 0,
    };
    report(context, &project, &request, &imported, lines)
}

/// The file to read workflows from, where these are meant.
fn workflow_file(args: &Args) -> Result<Option<&Path>> {
    let file = match (args.source.as_str(), &args.file) {
        ("workflow", Some(file)) => Some(file.as_path()),
        (_, Some(_)) => return Err(Error::usage("only `workflow` takes a file of its own")),
        (source, None) => source.strip_prefix("workflow:").map(Path::new),
    };
    match (file, args.write_back, args.force) {
        (Some(_), true, _) => Err(Error::usage("only a TODO.md has marks to write back")),
        (None, _, true) => Err(Error::usage("--force is for workflows; tasks are never replaced")),
        (file, ..) => Ok(file),
    }
}

fn report(
    context: &Context,
    project: &Project,
    request: &ImportRequest,
    imported: &Imported,
    lines: usize,
) -> Result<Finish> {
    for warning in &imported.warnings {
        context.ui.warn(warning);
    }
    if context.ui.manner.json {
        context.ui.answer_json(&json!({
            "schema": "aifactory.import/1", "created": imported.created, "changed": imported.changed,
            "unchanged": imported.unchanged, "missing": imported.missing, "warnings": imported.warnings,
            "dry_run": request.dry_run, "marks_written": lines,
        }))?;
        return Ok(Finish::Well);
    }
    let ui = &context.ui;
    let snapshot = project.store.snapshot()?;
    if !request.dry_run {
        for (verb, ids) in [("new", &imported.created), ("changed", &imported.changed)] {
            for id in ids.iter().take(50) {
                let task = snapshot.task(id)?;
                let short = ui.paint_err(Style::Id, &snapshot.short(id));
                ui.note(&format!("{verb:<8} {short}  {}  ({})", escape_line(&task.title), task.status));
            }
        }
    }
    for id in &imported.missing {
        ui.note(&format!(
            "gone     {}  is no longer in {}; the task stays",
            snapshot.short(id),
            request.place.display()
        ));
    }
    let would = if request.dry_run { "would import" } else { "imported" };
    ui.note(&format!(
        "{would} {}, changed {}, unchanged {}",
        count(imported.created.len(), "task"),
        imported.changed.len(),
        imported.unchanged
    ));
    if lines > 0 {
        ui.note(&format!("wrote {} back into {}", count(lines, "mark"), request.place.display()));
    }
    Ok(Finish::Well)
}
