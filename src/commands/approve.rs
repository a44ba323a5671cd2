//! `aifactory approve`

use super::named::Named;
use super::{Context, Finish};
use crate::error::Result;
use crate::tasks::{approve, find_moved};

/// Say yes to spec and plan as they are now
///
/// A task from the backlog is ready then, for `run --all` and for every worker; aifactory reject takes that back.
/// The yes is to exactly these texts on this target: editing either of them, or a change of the plan's files on the
/// target, makes it stale.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tasks: Named,
    /// A word with it
    #[arg(short, long)]
    message: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let (project, ids) = args.tasks.for_writing(context)?;
    let snapshot = project.store.snapshot()?;
    for id in &ids {
        if let Some(moved) = find_moved(&project, &snapshot, &snapshot.task(id)?)? {
            context.ui.note(&format!("{}: {moved}", snapshot.short(id)));
        }
    }
    let approved = approve(&project, &ids, args.message.as_deref())?;
    context.report_changed(&project, "aifactory.approve/1", "approved", &approved)
}
