//! `aifactory resume`

use super::{Context, Finish};
use crate::error::Result;
use crate::tasks::set_paused;

/// Let paused tasks go on
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
    let changed = set_paused(&project, &ids, false)?;
    context.report_changed(&project, "aifactory.resume/1", "resumed", &changed)
}
