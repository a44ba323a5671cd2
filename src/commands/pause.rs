//! `aifactory pause`

use super::named::Named;
use super::{Context, Finish};
use crate::error::Result;
use crate::run::request_stop;
use crate::tasks::set_paused;

/// Hold tasks back
///
/// A paused task is not started; one that is running is stopped after what it started has been ended. Its finished
/// steps, its branch and its worktree stay.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tasks: Named,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let (project, ids) = args.tasks.for_writing(context)?;
    let changed = set_paused(&project, &ids, true)?;
    for id in &changed {
        if let Some(claim) = project.store.snapshot()?.task(id)?.claim {
            request_stop(&project.store, &claim.session)?;
        }
    }
    context.report_changed(&project, "aifactory.pause/1", "paused", &changed)
}
