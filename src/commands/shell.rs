//! `aifactory shell`

use super::exec::in_worktree;
use super::path::require_worktree;
use super::{Context, Finish};
use crate::error::Result;
use crate::process::Invocation;

/// Open a shell in a task's worktree
#[derive(clap::Args)]
pub struct Args {
    /// The task
    id: String,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let (task, path) = require_worktree(&project, &args.id)?;
    let shell = context.host.env.text("SHELL").unwrap_or_else(|| "sh".to_owned());
    context.ui.note(&format!("{} (leave with exit or Ctrl-D)", path.display()));
    in_worktree(Invocation::new(shell), &task, &path)
}
