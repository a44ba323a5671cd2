//! `aifactory progress`, for agents

use super::{Context, Finish, inside};
use crate::agent::AgentEvent;
use crate::error::Result;
use crate::tasks::require_text;

/// Say how far you are, from inside a run
///
/// For agents: people see it in the output of `aifactory run` and in `aifactory log`.
#[derive(clap::Args)]
pub struct Args {
    /// One line
    text: String,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    inside::leave(context, "progress", &AgentEvent::text(require_text(&args.text)?))?;
    Ok(Finish::Well)
}
