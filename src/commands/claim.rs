//! `aifactory claim`

use super::named::Named;
use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::sync::{Confirmed, Sharing};
use crate::tasks::{claim, release};

/// Take tasks for yourself
///
/// No worker starts a task that you hold, on any machine that shares the state. The claim counts everywhere once the
/// remote has it; you keep it until you release it. To work on the task: aifactory shell <id>.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tasks: Named,
    /// Claim for this machine alone, without asking the remote
    #[arg(long)]
    local: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let (project, ids) = args.tasks.for_writing(context)?;
    let sharing = if args.local { None } else { Sharing::find(&project)? };
    if let Some(sharing) = &sharing {
        // What others took meanwhile is worth knowing before and not after.
        sharing.exchange(crate::sync::Manner { look_first: true, ..Default::default() }, &mut |_| {})?;
    }
    let session = format!("person-{}", context.host.random_text(12));
    let claimed = claim(&project, &ids, &session)?;
    if let Some(sharing) = sharing {
        for id in &claimed {
            match sharing.confirm(id, &session) {
                Ok(Confirmed::Held) => {}
                Ok(Confirmed::Lost(why)) => {
                    let short = project.store.snapshot()?.short(id);
                    return Err(Error::failed(format!("task {short} could not be claimed: {why}"))
                        .hint(format!("aifactory show {short}")));
                }
                Err(error) => {
                    release(&project, &claimed, true)?;
                    return Err(error.hint("to claim for this machine alone: aifactory claim --local"));
                }
            }
        }
    }
    context.report_changed(&project, "aifactory.claim/1", "claimed", &claimed)
}
