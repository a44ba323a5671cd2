//! `aifactory message`

mod list;
mod post;
mod show;
mod watch;
mod write;

use super::{Context, Finish};
use crate::error::Result;

/// Notes between people and agents
///
/// Questions of agents and the answers to them are messages, too. A message to an agent (--to with its name, its role or
/// `agent`) about its task is in its next prompt, once.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory message post -t 7kq2 --to coder \"mind the old API\"
  aifactory message post --reply-to 01kdvbw5 \"yes, both\"
  aifactory message list 7kq2 --kind handoff --since 2d
  aifactory message list --search \"old API\"
  aifactory message watch --json --limit 0")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Leave a message
    ///
    /// Inside a run it is about the run's own task and comes from its agent.
    Post(post::Post),
    /// Show messages, oldest first
    List(list::List),
    /// Show a message with its whole thread
    Show {
        /// The message
        id: String,
    },
    /// Show new messages as they come, until Ctrl-C
    Watch(watch::Watch),
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    match &args.verb {
        Verb::Post(post) => post::run(context, post),
        Verb::List(list) => list::run(context, list),
        Verb::Show { id } => show::run(context, id),
        Verb::Watch(watch) => watch::run(context, watch),
    }
}
