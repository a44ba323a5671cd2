//! `aifactory trust`

use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::model::text::escape_line;
use crate::model::{Reason, Status, TaskId};
use crate::policy::PolicyCommands;
use crate::store::{Filter, Vouch};
use crate::tasks::{FULL_ACCESS, Project, Standing, full_access_is_given, give_full_access, retry, standing};
use serde_json::json;

/// Let the commands of the project's policy run on this machine
///
/// Shows exactly what `.aifactory/` on the target branch would run: gates, setup, agents, scripts of quick actions; and by
/// name and digest what it would tell agents: roles, workflows, actions. Nothing of it runs before you say yes, and any
/// change asks again. Tasks that waited for your yes are ready again.
///
/// With --full: let agents run commands here without asking, whatever the policy says.
#[derive(clap::Args)]
pub struct Args {
    /// Say yes without being asked, in CI for instance
    #[arg(short, long)]
    yes: bool,
    /// Let agents with the permission `full` run commands on this machine
    #[arg(long)]
    full: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    context.refuse_inside_run(&project)?;
    if args.full {
        ask_for_full_access(context, &project, args.yes)?;
        return report(context, &project, "agents may run commands here");
    }
    let commands = project.policy_commands()?;
    let trusted = project.policy_is_trusted()?;
    if context.ui.manner.json && !args.yes {
        let answer = json!({ "schema": "aifactory.trust/1", "trusted": trusted, "commands": commands.lines });
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    let said = match (trusted, commands.is_empty()) {
        (true, true) => "the project's policy runs no commands",
        (true, false) => "these commands are trusted already",
        (false, _) => {
            ask(context, args, &commands)?;
            project.store.local.vouch(Vouch::Policy, &commands.digest())?;
            "trusted; a change will ask again"
        }
    };
    let ready = release(context, &project)?;
    if context.ui.manner.json {
        let answer =
            json!({ "schema": "aifactory.trust/1", "trusted": true, "commands": commands.lines, "ready": ready });
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    context.ui.note(said);
    match ready.is_empty() {
        true => Ok(Finish::Well),
        false => context.report_changed(&project, "aifactory.trust/1", "put back", &ready),
    }
}

fn report(context: &Context, project: &Project, said: &str) -> Result<Finish> {
    let ready = release(context, project)?;
    if context.ui.manner.json {
        context.ui.answer_json(&json!({ "schema": "aifactory.trust/1", "full": true, "ready": ready }))?;
        return Ok(Finish::Well);
    }
    context.ui.note(said);
    match ready.is_empty() {
        true => Ok(Finish::Well),
        false => context.report_changed(project, "aifactory.trust/1", "put back", &ready),
    }
}

/// Gets a person's yes to agents that run commands, unless it was given before.
pub(super) fn ask_for_full_access(context: &Context, project: &Project, yes: bool) -> Result<()> {
    if full_access_is_given(project)? {
        return Ok(());
    }
    context.ui.note(FULL_ACCESS);
    if !yes {
        if !context.ui.can_ask() {
            return Err(Error::person("nobody is here to say yes to agents that run commands")
                .hint("aifactory trust --full --yes")
                .hint("or let them only change files: aifactory config set agent.permission edit"));
        }
        if !context.ui.ask_yes("Let agents run commands on this machine?", false)? {
            return Err(Error::person("not allowed; nothing was started")
                .hint("to let them only change files: aifactory config set agent.permission edit"));
        }
    }
    give_full_access(project)
}

/// Shows the commands and gets a person's yes to them.
fn ask(context: &Context, args: &Args, commands: &PolicyCommands) -> Result<()> {
    for line in &commands.lines {
        context.ui.note(&format!("  {}", escape_line(line)));
    }
    if commands.names_files() {
        context.ui.hint("what a text says: git show <branch>:.aifactory/roles/<name>.md");
    }
    if args.yes {
        return Ok(());
    }
    if !context.ui.can_ask() {
        return Err(Error::person("nobody is here to trust these commands").hint("aifactory trust --yes"));
    }
    match context.ui.ask_yes("Let these commands run on this machine?", false)? {
        true => Ok(()),
        false => Err(Error::person("not trusted; nothing of it will run")),
    }
}

/// Makes the tasks ready that waited for this alone. Those whose texts need a yes on this machine go on waiting.
fn release(context: &Context, project: &Project) -> Result<Vec<TaskId>> {
    if project.store.find_head()?.is_none() {
        return Ok(Vec::new());
    }
    context.repair(project)?;
    let snapshot = project.store.snapshot()?;
    let filter = Filter { statuses: vec![Status::Waiting], reasons: vec![Reason::Trust], ..Filter::default() };
    let mut ids = Vec::new();
    for row in snapshot.index()?.tasks(&filter)? {
        if !matches!(standing(project, &snapshot, &snapshot.task(&row.id)?)?, Standing::Untrusted(_)) {
            ids.push(row.id);
        }
    }
    if ids.is_empty() {
        return Ok(ids);
    }
    retry(project, &ids, None)
}
