//! The built-in agent: runs the `sh run` blocks of an approved step, one after another, and reports each.
//!
//! It is our own program started again, so that it is supervised like any other agent. It gets the scripts as JSON on
//! stdin: they are the approved ones, and no prompt is ever parsed for commands.

use super::{Input, Job, Launch};
use crate::agent::AgentEvent;
use crate::error::{Context, Error, Result};
use crate::process::Invocation;
use serde::{Deserialize, Serialize};
use std::io::Write;

pub const NAME: &str = "runbook";
/// The hidden command that runs [`perform`].
pub const COMMAND: &str = "__runbook";

#[derive(Serialize, Deserialize)]
struct Orders {
    scripts: Vec<String>,
}

pub fn launch(job: &Job<'_>) -> Launch {
    let orders = Orders { scripts: job.scripts.to_vec() };
    Launch {
        program: job.own_program.into(),
        args: vec![COMMAND.into()],
        set: Vec::new(),
        stdin: Input::Text(serde_json::to_vec(&orders).expect("scripts are text")),
    }
}

/// Carries out the orders on `input`. The scripts' own output goes straight to our stdout and stderr.
pub fn perform(input: &str, report: &mut impl Write) -> Result<()> {
    let orders: Orders = serde_json::from_str(input).context(|| "the runbook's orders cannot be read")?;
    if orders.scripts.is_empty() {
        return Err(Error::failed("the step has no `sh run` block, so the runbook agent has nothing to do")
            .hint("give the step a ```sh run block, or another agent: aifactory set <id> agent=<name>"));
    }
    for script in &orders.scripts {
        let summary = first_command(script);
        say(report, &AgentEvent::ToolStarted { id: None, tool: None, summary: summary.clone() })?;
        let exit = Invocation::new("sh").arg("-eu").arg("-c").arg(script).run_interactive()?;
        say(report, &AgentEvent::ToolEnded { id: None, ok: exit.success(), summary: summary.clone() })?;
        if !exit.success() {
            return Err(Error::failed(format!("`{summary}` ended with {exit}")));
        }
    }
    Ok(())
}

fn say(report: &mut impl Write, event: &AgentEvent) -> Result<()> {
    let line = serde_json::to_string(event).expect("events are text");
    writeln!(report, "{line}").and_then(|()| report.flush()).context(|| "cannot report")
}

/// The first line that is a command, to name the script by.
fn first_command(script: &str) -> String {
    let line = script.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    line.unwrap_or("(an empty script)").chars().take(100).collect()
}
