//! `aifactory resume`

use super::named::Named;
use super::{Context, Finish};
use crate::error::Result;
use crate::tasks::set_paused;

/// Let paused tasks go on, and parked ones at once
///
/// A task is parked while the agent's service has reached a limit, or between two failed attempts.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tasks: Named,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let (project, ids) = args.tasks.for_writing(context)?;
    let changed = set_paused(&project, &ids, false)?;
    context.report_changed(&project, "aifactory.resume/1", "resumed", &changed)
}
