//! `aifactory pause`

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
    /// The tasks
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let snapshot = project.store.snapshot()?;
    let ids = context.resolve(&snapshot, &args.ids)?;
    let changed = set_paused(&project, &ids, true)?;
    for id in &changed {
        if let Some(claim) = project.store.snapshot()?.task(id)?.claim {
            request_stop(&project.store, &claim.session)?;
        }
    }
    context.report_changed(&project, "aifactory.pause/1", "paused", &changed)
}
