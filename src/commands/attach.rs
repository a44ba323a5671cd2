//! `aifactory attach`

use super::exec::in_worktree;
use super::path::require_worktree;
use super::{Context, Finish};
use crate::agent::Agent;
use crate::error::{Error, Kind, Result};
use crate::model::{Change, Task};
use crate::process::Invocation;
use crate::run::{Checkouts, attached_session};
use crate::tasks::{Project, agent_of};
use std::ffi::OsString;
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
    match has_tmux && !args.here {
        true => in_tmux(context, &project, &task, &worktree),
        false => here(context, &project, &task, &worktree, &short),
    }
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

fn here(context: &Context, project: &Project, task: &Task, worktree: &Path, short: &str) -> Result<Finish> {
    let Some(hold) = Checkouts::of(project)?.find_hold(&task.id)? else {
        return Err(Error::failed(format!("somebody works in the worktree of {short}")).hint("aifactory status"));
    };
    let snapshot = project.store.snapshot()?;
    let host = project.host.name();
    let last = snapshot.runs(&task.id)?.into_iter().rev().find(|run| run.conversation.is_some() && run.host == host);
    let name = last.as_ref().map_or_else(|| agent_of(task, "code", &project.settings), |run| run.agent.clone());
    let agent = Agent::find(&name, &project.settings, None)?;
    if agent.reader.is_runbook() {
        return Err(Error::usage(format!("{name} is no program that one can talk with"))
            .hint(format!("to work there yourself: aifactory shell {short}")));
    }
    if agent.find_program(&context.own_program).is_none() {
        return Err(agent.missing());
    }
    let conversation = last.and_then(|run| run.conversation).filter(|_| !agent.record.attach_args.is_empty());
    let (program, words) = agent.interactive(conversation.as_deref())?;
    let what = if conversation.is_some() { "goes on with its conversation" } else { "begins a conversation" };
    context.ui.note(&format!("{name} {what} in {}", worktree.display()));
    let finish = in_worktree(Invocation::new(program).args(words), task, worktree)?;
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
