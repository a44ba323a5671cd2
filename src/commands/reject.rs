//! `aifactory reject`

use super::{Context, Finish};
use crate::error::Result;
use crate::tasks::reject;

/// Say no to a plan, or to work under review
///
/// A plan goes back to the backlog; work under review waits for `aifactory retry` or `aifactory discard`. The reason
/// reaches the agent that tries again.
#[derive(clap::Args)]
pub struct Args {
    /// The tasks
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// What is wrong with it
    #[arg(short, long, required = true)]
    message: String,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let ids = context.resolve(&project.store.snapshot()?, &args.ids)?;
    let rejected = reject(&project, &ids, &args.message)?;
    context.report_changed(&project, "aifactory.reject/1", "rejected", &rejected)
}
