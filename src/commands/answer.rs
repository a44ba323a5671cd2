//! `aifactory answer`

use super::{Context, Finish, run, text_of};
use crate::error::Result;
use crate::tasks::answer;

/// Answer the question a task waits for
///
/// The task is ready again, and its agent goes on with the same conversation where it can.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory answer 7kq2 \"port 8080\"
  aifactory answer 7kq2 2 --run      the second of the choices, and go on at once")]
pub struct Args {
    /// The task
    id: String,
    /// The answer, or the number of a choice; read from standard input where it is left out
    text: Option<String>,
    /// Go on at once
    #[arg(long)]
    run: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let id = project.store.snapshot()?.resolve(&args.id)?;
    let text = text_of(context, args.text.as_deref())?;
    answer(&project, &id, &text)?;
    if args.run {
        return run::run_tasks(context, &project, vec![id], run::How::default());
    }
    context.report_changed(&project, "aifactory.answer/1", "answered", &[id])
}
