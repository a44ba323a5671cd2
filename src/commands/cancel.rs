//! `aifactory cancel`

use super::named::Named;
use super::{Context, Finish};
use crate::error::Result;
use crate::run::request_stop;
use crate::tasks::cancel;

/// Cancel tasks
///
/// A cancelled task blocks those that depend on it. Its branch and worktree stay. `aifactory retry` brings it back.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tasks: Named,
    /// Why
    #[arg(short, long)]
    message: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let (project, ids) = args.tasks.for_writing(context)?;
    let snapshot = project.store.snapshot()?;
    let sessions: Vec<String> =
        ids.iter().filter_map(|id| snapshot.find_task(id).ok().flatten()?.claim).map(|claim| claim.session).collect();
    let changed = cancel(&project, &ids, args.message.as_deref())?;
    for session in sessions {
        request_stop(&project.store, &session)?;
    }
    context.report_changed(&project, "aifactory.cancel/1", "cancelled", &changed)
}
