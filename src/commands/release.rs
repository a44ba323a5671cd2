//! `aifactory release`

use super::named::Named;
use super::{Context, Finish};
use crate::error::Result;
use crate::sync::{Manner, Sharing};
use crate::tasks::release;

/// Give tasks back that you had claimed
///
/// They are ready again, for every worker. What a worker holds is released only with --force: it then stops at its next
/// write and keeps its branch; aifactory stop is the gentler way on its own machine.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tasks: Named,
    /// Also what a worker or somebody else holds
    #[arg(long)]
    force: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let (project, ids) = args.tasks.for_writing(context)?;
    let released = release(&project, &ids, args.force)?;
    if let Some(sharing) = Sharing::find(&project)?
        && let Err(error) = sharing.exchange(Manner::default(), &mut |_| {})
    {
        context.ui.warn(&format!("released here, and not published yet: {}", error.full_text()));
    }
    context.report_changed(&project, "aifactory.release/1", "released", &released)
}
