//! `aifactory cancel`

use super::{Context, Finish};
use crate::error::Result;
use crate::run::request_stop;
use crate::tasks::cancel;

/// Cancel tasks
///
/// A cancelled task blocks those that depend on it. Its branch and worktree stay. `aifactory retry` brings it back.
#[derive(clap::Args)]
pub struct Args {
    /// The tasks
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Why
    #[arg(short, long)]
    message: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let snapshot = project.store.snapshot()?;
    let ids = context.resolve(&snapshot, &args.ids)?;
    let sessions: Vec<String> = ids
        .iter()
        .filter_map(|id| snapshot.find_task(id).ok().flatten()?.claim)
        .map(|claim| claim.session)
        .collect();
    let changed = cancel(&project, &ids, args.message.as_deref())?;
    for session in sessions {
        request_stop(&project.store, &session)?;
    }
    context.report_changed(&project, "aifactory.cancel/1", "cancelled", &changed)
}
