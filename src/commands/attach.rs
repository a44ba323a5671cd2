//! `aifactory attach`

use super::exec::in_worktree;
use super::path::require_worktree;
use super::{Context, Finish};
use crate::agent::{Agent, Choice, Visit};
use crate::error::{Error, Kind, Result};
use crate::model::run::RunRecord;
use crate::model::{Change, Task};
use crate::process::Invocation;
use crate::run::{Checkouts, attached_session};
use crate::tasks::{Project, agent_of, permission_of};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Go on with a task's agent yourself
///
/// Opens the agent's own terminal program on the conversation of its last run, in the task's worktree; in a tmux session
/// where tmux is installed, so that you can leave it and come back. No worker touches the task meanwhile; when you end the
/// program the task is handed back, and `aifactory run` goes on with the same conversation.
#[derive(clap::Args)]
pub struct Args {
    /// The task
    id: String,
    /// In this terminal, without tmux
    #[arg(long)]
    here: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let (task, worktree) = require_worktree(&project, &args.id)?;
    let short = project.store.snapshot()?.short(&task.id);
    if task.claim.is_some() {
        return Err(Error::failed(format!("an agent works on {short} at present"))
            .hint(format!("to take it over: aifactory stop {short} && aifactory attach {short}"))
            .hint(format!("to tell it something: aifactory say {short} \"…\"")));
    }
    if !context.ui.can_ask() {
        return Err(Error::usage("attach needs a terminal")
            .hint(format!("to look at what the agent did: aifactory log {short} --run last")));
    }
    let has_tmux = which::which("tmux").is_ok() && !context.host.env.is_set("TMUX");
    // Whatever is wrong is said in this terminal, not in one that closes with the program.
    let partner = find_partner(context, &project, &task, &short)?;
    match has_tmux && !args.here {
        true => in_tmux(context, &project, &task, &worktree),
        false => here(context, &project, &task, &worktree, &partner),
    }
}

/// Whom the person talks with.
struct Partner {
    agent: Agent,
    /// The conversation that it can go on with.
    conversation: Option<String>,
    short: String,
}

fn find_partner(context: &Context, project: &Project, task: &Task, short: &str) -> Result<Partner> {
    let host = project.host.name();
    let runs = project.store.snapshot()?.runs(&task.id)?;
    let last = runs.into_iter().rev().find(|run| run.conversation.is_some() && run.host == host);
    let agent = find_agent(project, task, last.as_ref())?;
    if agent.reader.is_runbook() {
        return Err(Error::usage(format!("{} is no program that one can talk with", agent.name))
            .hint(format!("to work there yourself: aifactory shell {short}")));
    }
    if agent.find_program(&context.own_program).is_none() {
        return Err(agent.missing());
    }
    let conversation = last.and_then(|run| run.conversation).filter(|_| !agent.record.attach_args.is_empty());
    Ok(Partner { agent, conversation, short: short.to_owned() })
}

/// The agent of the last conversation, with the model and effort that the next run would have. A run's record names the
/// agent alone.
fn find_agent(project: &Project, task: &Task, last: Option<&RunRecord>) -> Result<Agent> {
    let settings = &project.settings;
    let chosen = agent_of(task, "code", settings);
    let Some(run) = last else { return Agent::find(&chosen, settings, None) };
    let stand_ins = settings.list("agent.fallback");
    let same = [&chosen].into_iter().chain(&stand_ins).find(|choice| Choice::parse(choice).agent == run.agent);
    if let Some(choice) = same {
        return Agent::find(choice, settings, None);
    }
    let mut agent = Agent::find(&run.agent, settings, None)?;
    agent.model = agent.model.or_else(|| run.model.clone());
    Ok(agent)
}

/// The program runs below our own command inside the tmux session, which holds the worktree as long as it runs, whether
/// or not anybody looks.
fn in_tmux(context: &Context, project: &Project, task: &Task, worktree: &Path) -> Result<Finish> {
    let name = attached_session(&task.id);
    let exists = Invocation::new("tmux").args(["has-session", "-t", &name]).run()?.exit.success();
    // One that nobody holds the worktree for is left over from an earlier run.
    let is_stale = exists && Checkouts::of(project)?.find_hold(&task.id)?.is_some();
    if is_stale {
        Invocation::new("tmux").args(["kill-session", "-t", &name]).run()?;
    }
    if !exists || is_stale {
        let own: Vec<OsString> =
            vec!["tmux".into(), "new-session".into(), "-d".into(), "-s".into(), name.clone().into(), "-c".into()];
        let mut command: Vec<OsString> = own.into_iter().skip(1).collect();
        command.push(worktree.into());
        command.push(context.own_program.clone().into());
        command.extend(["-C".into(), context.folder.clone().into(), "attach".into(), "--here".into()]);
        command.push(task.id.to_string().into());
        let made = Invocation::new("tmux").args(command).run()?;
        if !made.exit.success() {
            return Err(Error::failed("tmux could not open a session").hint("without tmux: aifactory attach --here"));
        }
    }
    let exit = Invocation::new("tmux").args(["attach-session", "-t", &name]).run_interactive()?;
    Ok(if exit.success() { Finish::Well } else { Finish::Short(Kind::Failed) })
}

fn here(context: &Context, project: &Project, task: &Task, worktree: &Path, partner: &Partner) -> Result<Finish> {
    let (name, short) = (&partner.agent.name, &partner.short);
    let Some(hold) = Checkouts::of(project)?.find_hold(&task.id)? else {
        return Err(Error::failed(format!("somebody works in the worktree of {short}")).hint("aifactory status"));
    };
    let invocation = prepare(project, task, worktree, partner)?;
    let what = if partner.conversation.is_some() { "goes on with its conversation" } else { "begins a conversation" };
    context.ui.note(&format!("{name} {what} in {}", worktree.display()));
    let finish = in_worktree(invocation, task, worktree)?;
    project.store.transact(&project.person(), "attach", |snapshot, changes| {
        snapshot.task(&task.id)?;
        changes.event(&task.id, Change::Noted { text: format!("{} worked with {name} by hand", project.actor) });
        Ok(())
    })?;
    drop(hold);
    context.ui.note(&format!("{short} is handed back"));
    context.ui.hint(&format!("aifactory run {short}"));
    Ok(finish)
}

/// The program with the person's own environment, and over it what a run would give: the agent's credentials, and the
/// variables that its record sets.
fn prepare(project: &Project, task: &Task, worktree: &Path, partner: &Partner) -> Result<Invocation> {
    let agent = &partner.agent;
    let granted = project.grant(agent)?.variables;
    let of_grant = |name: &str| granted.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str());
    let variable = |name: &str| {
        let value: Option<&OsStr> = of_grant(name).or_else(|| project.host.env.value(name));
        value.map(|value| value.to_string_lossy().into_owned())
    };
    let visit = Visit {
        conversation: partner.conversation.as_deref(),
        permission: permission_of(task, &project.settings),
        worktree: &worktree.to_string_lossy(),
        task: task.id.as_str(),
        title: &task.title,
    };
    let launch = agent.interactive(&visit, &variable)?;
    let mut invocation = Invocation::new(launch.program).args(launch.args);
    for name in agent.kept_out(&project.settings) {
        invocation = invocation.env_remove(name);
    }
    for (name, value) in &granted {
        invocation = invocation.env(name, value);
    }
    Ok(launch.set.into_iter().fold(invocation, |invocation, (name, value)| invocation.env(name, value)))
}
