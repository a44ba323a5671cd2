//! `aifactory discard`

use super::named::Named;
use super::{Context, Finish};
use crate::error::Result;
use crate::run::{Discarded, discard};
use serde_json::json;

/// Throw away the work of the named tasks
///
/// Their branch goes and their worktree goes back to the pool; the tasks stay. What was committed and what was not can
/// be brought back with the commands it prints.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tasks: Named,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let (project, ids) = args.tasks.for_writing(context)?;
    let snapshot = project.store.snapshot()?;
    let mut answers = Vec::new();
    for id in &ids {
        let discarded = discard(&project, id)?;
        if !context.ui.manner.json {
            report(context, &snapshot.short(id), &discarded);
        }
        answers.push(json!({ "id": id, "branch": discarded.branch, "tip": discarded.tip,
                             "uncommitted": discarded.uncommitted }));
    }
    if context.ui.manner.json {
        context.ui.answer_json(&json!({ "schema": "aifactory.discard/1", "tasks": answers }))?;
    }
    Ok(Finish::Well)
}

fn report(context: &Context, short: &str, discarded: &Discarded) {
    context.ui.note(&format!("discarded the work of {short}"));
    if let (Some(branch), Some(tip)) = (&discarded.branch, &discarded.tip) {
        context.ui.hint(&format!("to bring its commits back: git branch {branch} {tip}"));
    }
    if let Some(saved) = &discarded.uncommitted {
        context.ui.hint(&format!("to bring back what was not committed: git cherry-pick --no-commit {saved}"));
    }
}
