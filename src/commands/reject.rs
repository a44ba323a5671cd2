//! `aifactory reject`

use super::named::Named;
use super::{Context, Finish};
use crate::error::Result;
use crate::tasks::reject;

/// Say no to a plan, or to work under review
///
/// A plan goes back to the backlog; work under review waits for `aifactory retry` or `aifactory discard`. The reason
/// reaches the agent that tries again.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tasks: Named,
    /// What is wrong with it
    #[arg(short, long, required = true)]
    message: String,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let (project, ids) = args.tasks.for_writing(context)?;
    let rejected = reject(&project, &ids, &args.message)?;
    context.report_changed(&project, "aifactory.reject/1", "rejected", &rejected)
}
