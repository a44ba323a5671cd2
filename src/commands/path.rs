//! `aifactory path`

use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::run::Checkouts;
use crate::tasks::Project;
use std::path::PathBuf;

/// Print where a task's worktree is
#[derive(clap::Args)]
#[command(after_help = "Example: cd \"$(aifactory path 7kq2)\"")]
pub struct Args {
    /// The task
    id: String,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let path = require_worktree(&project, &args.id)?.1;
    if context.ui.manner.json {
        context.ui.answer_json(&serde_json::json!({ "schema": "aifactory.path/1", "path": path }))?;
    } else {
        context.ui.answer_line(&path.display().to_string())?;
    }
    Ok(Finish::Well)
}

/// The task and its worktree, or an error that says how it gets one.
pub(super) fn require_worktree(project: &Project, typed: &str) -> Result<(crate::model::Task, PathBuf)> {
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve(typed)?;
    let task = snapshot.task(&id)?;
    let path = Checkouts::of(project)?.find(&id).ok_or_else(|| {
        let short = snapshot.short(&id);
        Error::missing(format!("task {short} has no worktree on this machine"))
            .hint(format!("it gets one when it runs: aifactory run {short}"))
    })?;
    Ok((task, path))
}
