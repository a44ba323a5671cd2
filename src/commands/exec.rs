//! `aifactory exec`

use super::path::require_worktree;
use super::{Context, Finish};
use crate::error::{Kind, Result};
use crate::model::Task;
use crate::process::Invocation;
use crate::run::person_environment;
use std::ffi::OsString;
use std::path::Path;

/// Run a command in a task's worktree
///
/// It has your whole environment, and AIFACTORY_TASK and AIFACTORY_WORKTREE.
#[derive(clap::Args)]
#[command(after_help = "Example: aifactory exec 7kq2 -- git log --oneline -3")]
pub struct Args {
    /// The task
    id: String,
    /// The command and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let (task, path) = require_worktree(&project, &args.id)?;
    let (program, rest) = args.command.split_first().expect("clap asks for at least one word");
    in_worktree(Invocation::new(program).args(rest), &task, &path)
}

/// Runs a person's own program there, with their environment and terminal.
pub(super) fn in_worktree(invocation: Invocation, task: &Task, path: &Path) -> Result<Finish> {
    let own = [("AIFACTORY_TASK", task.id.to_string()), ("AIFACTORY_WORKTREE", path.display().to_string())];
    let mut invocation = invocation.current_dir(path);
    for (name, value) in person_environment(&own) {
        invocation = invocation.env(name, value);
    }
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        invocation = invocation.env_remove(variable);
    }
    let exit = invocation.run_interactive()?;
    Ok(if exit.success() { Finish::Well } else { Finish::Short(Kind::Failed) })
}
