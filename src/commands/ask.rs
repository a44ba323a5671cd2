//! `aifactory ask`, for agents

use super::{Context, Finish, inside};
use crate::agent::AgentEvent;
use crate::error::Result;
use crate::tasks::require_text;

/// Ask a person, from inside a run
///
/// For agents: the task waits until somebody answers, and the same conversation goes on with the answer. End your turn
/// after asking. People answer with `aifactory answer`.
#[derive(clap::Args)]
#[command(after_help = "Example: aifactory ask \"Which port?\" --choice 80 --choice 8080")]
pub struct Args {
    /// The question
    question: String,
    /// One of the answers that make sense
    #[arg(short, long = "choice", value_name = "TEXT")]
    choices: Vec<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let text = require_text(&args.question)?.to_owned();
    let question = AgentEvent::Question { text, choices: args.choices.clone() };
    inside::leave(context, "ask", &question)?;
    context.ui.note("asked. End your turn now; the answer comes in this conversation.");
    Ok(Finish::Well)
}
