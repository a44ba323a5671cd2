//! `aifactory trust`

use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::model::text::escape_line;
use crate::policy::PolicyCommands;
use crate::store::Vouch;
use serde_json::json;

/// Let the commands of the project's policy run on this machine
///
/// Shows exactly what `.aifactory/config.toml` on the target branch would run: gates, setup, agents. Nothing of it runs
/// before you say yes, and any change asks again.
#[derive(clap::Args)]
pub struct Args {
    /// Say yes without being asked, in CI for instance
    #[arg(short, long)]
    yes: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let commands = PolicyCommands::of(&project.settings);
    let trusted = project.policy_is_trusted()?;
    if context.ui.manner.json && !args.yes {
        let answer = json!({ "schema": "aifactory.trust/1", "trusted": trusted, "commands": commands.lines });
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    if trusted {
        let what = if commands.is_empty() {
            "the project's policy runs no commands"
        } else {
            "these commands are trusted already"
        };
        context.ui.note(what);
        return Ok(Finish::Well);
    }
    for line in &commands.lines {
        context.ui.note(&format!("  {}", escape_line(line)));
    }
    if !args.yes && !context.ui.can_ask() {
        return Err(Error::person("nobody is here to trust these commands").hint("aifactory trust --yes"));
    }
    if args.yes || context.ui.ask_yes("Let these commands run on this machine?", false)? {
        project.store.local.vouch(Vouch::Policy, &commands.digest())?;
        context.ui.note("trusted; a change will ask again");
        return Ok(Finish::Well);
    }
    Err(Error::person("not trusted; nothing of it will run"))
}
