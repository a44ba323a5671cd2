//! Which agent and permission a task gets, and a person's word that agents may run commands on this machine.

use super::Project;
use crate::agent::{Agent, Permission};
use crate::config::Settings;
use crate::error::Result;
use crate::model::{Digest, Task};
use crate::store::Vouch;

/// Replaces what agents would run, for tests.
pub const TEST_COMMAND_VARIABLE: &str = "AIFACTORY_TEST_AGENT_CMD";

/// Phases that have an agent of their own, with the setting that names it.
pub const PHASES: [(&str, &str); 3] = [("plan", "agent.plan"), ("code", "agent.code"), ("review", "agent.review")];

/// The agent for a phase: one for this command alone, the task's own, the phase's, or the one for everything.
pub fn agent_of(task: &Task, phase: &str, settings: &Settings) -> String {
    let of_phase = || {
        let (_, key) = PHASES.iter().find(|(name, _)| *name == phase)?;
        settings.find_text(key).map(str::to_owned)
    };
    // The task's own agent is the one that carries its plan out; who reviews is not the task's to choose.
    let for_now = settings.find_text("agent.override").map(str::to_owned);
    let own = for_now.or_else(|| task.agent.clone()).filter(|_| phase == "code");
    own.or_else(of_phase).unwrap_or_else(|| settings.text("agent.default").to_owned())
}

/// What says which agent does a phase, besides the task and the settings.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// One of [`PHASES`].
    pub work: &'static str,
    /// The workflow names one.
    pub by_workflow: Option<&'a str>,
    /// The role names one.
    pub by_role: Option<&'a str>,
}

/// The agent that a wish comes to. A word for one command beats the workflow, which beats the role, which beats the task.
pub fn agent_for(task: &Task, wish: Wish<'_>, settings: &Settings) -> String {
    let for_now = settings.find_text("agent.override").filter(|_| wish.work == "code");
    let named = for_now.or(wish.by_workflow).or(wish.by_role);
    named.map_or_else(|| agent_of(task, wish.work, settings), str::to_owned)
}

/// What the task's agent may do; nothing where the record holds a word that is none.
pub fn permission_of(task: &Task, settings: &Settings) -> Option<Permission> {
    let word = task.permission.as_deref().unwrap_or_else(|| settings.text("agent.permission"));
    Permission::parse(word)
}

/// The text that a person says yes to. Another text would have to be said yes to anew.
pub const FULL_ACCESS: &str = "\
Agents with the permission `full` execute commands on this machine without asking, with your user's rights.
What keeps them apart from the rest is their own git worktree and the sandbox you choose.
Use this with code and tasks that you trust. Less is possible, and a wall around it:
  aifactory config set agent.permission edit
  aifactory config set sandbox.kind bwrap";

/// Whether a person has said yes on this machine, or the machine's own settings do.
pub fn full_access_is_given(project: &Project) -> Result<bool> {
    if project.settings.text("trust.full") == "yes" {
        return Ok(true);
    }
    project.store.local.is_vouched(Vouch::FullAccess, &Digest::of(FULL_ACCESS))
}

/// Why the task's agent needs a yes to run commands that nobody on this machine has given; nothing where it may start.
pub fn missing_full_access(project: &Project, task: &Task) -> Result<Option<String>> {
    if permission_of(task, &project.settings) != Some(Permission::Full) || full_access_is_given(project)? {
        return Ok(None);
    }
    let test_command = project.host.env.text(TEST_COMMAND_VARIABLE);
    let name = agent_of(task, "code", &project.settings);
    // An agent that cannot be found is told when it is to be started.
    let Ok(agent) = Agent::find(&name, &project.settings, test_command.as_deref()) else { return Ok(None) };
    let why = format!(
        "{} would run commands on this machine without asking, and nobody here has said yes to that",
        agent.name
    );
    Ok(agent.has_permissions().then_some(why))
}

pub fn give_full_access(project: &Project) -> Result<()> {
    project.store.local.vouch(Vouch::FullAccess, &Digest::of(FULL_ACCESS))
}
