//! `aifactory retry`

use super::named::Named;
use super::{Context, Finish, run};
use crate::error::Result;
use crate::tasks::retry;

/// Try tasks again
///
/// What waits or is under review becomes ready again and keeps its finished steps; what was cancelled goes back to the
/// backlog. A note is given to the agent.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tasks: Named,
    /// What to do differently
    #[arg(short, long)]
    message: Option<String>,
    /// Run them at once
    #[arg(long)]
    run: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let (project, ids) = args.tasks.for_writing(context)?;
    let changed = retry(&project, &ids, args.message.as_deref())?;
    if args.run {
        return run::run_tasks(context, &project, ids, run::How::default());
    }
    context.report_changed(&project, "aifactory.retry/1", "ready again", &changed)
}
