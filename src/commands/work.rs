//! `aifactory work`

use super::foreign::Foreign;
use super::run::{require_override, short, wants_full_access};
use super::trust::ask_for_full_access;
use super::{Context, Finish};
use crate::error::{Error, Kind, Result};
use crate::git::Repository;
use crate::host::files;
use crate::model::Status;
use crate::run::{FirstSignal, Interrupt, RunReport, RunRequest, Until, WorkOrder, WorkPhase, run as carry_out};
use crate::sync::{Manner, Place, Sharing};
use crate::tasks::{Project, set_local};
use crate::ui::LiveRun;
use serde_json::json;
use std::path::PathBuf;

/// Work on what is ready, and wait for more
///
/// A worker claims ready tasks one after another, carries each out, and publishes the result. Any number of them share
/// one backlog, on any number of machines: no task is worked on twice, and what a machine leaves behind that falls
/// silent is taken over after its lease. It wakes at once when something changes here, and asks the remote now and then.
///
/// The first Ctrl-C (or SIGTERM) starts nothing more and lets each task come to the end of its step; the second stops
/// what runs; a third one ends the program at once.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory work -j 4                       four tasks at once, until Ctrl-C
  aifactory work --drain --merge            until nothing is left to do; merge what passes
  aifactory work --label backend --max-tasks 10
  aifactory work --phase plan --drain       only write plans; people approve them
  aifactory work --remote git@example.com:team/app.git
                                            on an empty machine: clone, work, push

Plans that were written on another machine run commands here only if you say so, once and for this machine:
  aifactory config set trust.plans shared

Variables of ai-coding-factory count here, weaker than settings:
  FACTORY_ENV_FILE          a file of KEY=VALUE lines with more of these
  FEATURE_BRANCHES          merge.feature-branches: true or false
  GH_ASSIGNEE               not used: the backlog is the state; aifactory import takes a TODO.md over
  GIT_REPO_URL              --remote where the folder is no repository, otherwise sync.remote
  GIT_TOKEN                 the login for an http(s) GIT_REPO_URL
  GIT_USERNAME              the login for an http(s) GIT_REPO_URL
  IMPLEMENTATION_PROMPT     prompt.implementation
  INTER_ISSUE_WAIT          work.pause, in seconds
  JIRA_ASSIGNEE_ACCOUNT_ID  not used: the backlog is the state; aifactory import takes a TODO.md over
  NO_ISSUES_WAIT            sync.interval, in seconds
  PLANNING_PROMPT           prompt.planning
  PLAN_BY_DEFAULT           plan.by-default: true or false
  PROJECT                   not used: the backlog is the state; aifactory import takes a TODO.md over
  TASK_MANAGER              not used: the backlog is the state; aifactory import takes a TODO.md over
  TODO_ASSIGNEE             not used: the backlog is the state; aifactory import takes a TODO.md over

Exit codes: 0 ended as it was told to, 1 something failed, 130 interrupted")]
pub struct Args {
    /// How many tasks at once
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    /// Carry out what is ready now, then end
    #[arg(long, conflicts_with = "drain")]
    once: bool,
    /// End when nothing is ready any more
    #[arg(long)]
    drain: bool,
    /// End after this many tasks
    #[arg(long, value_name = "N")]
    max_tasks: Option<usize>,
    /// Only tasks with this label; repeatable, all are needed
    #[arg(short, long = "label", value_name = "LABEL")]
    labels: Vec<String>,
    /// Merge what passes into the target, on the remote and here
    #[arg(long)]
    merge: bool,
    /// What agents, gates and setup may write to: bwrap, landlock or none; the setting where it is left out
    #[arg(long, value_name = "KIND")]
    sandbox: Option<String>,
    /// The agent for everything this command runs, whatever tasks and settings say, such as codex or claude:opus#high
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Claim for this machine alone, whether or not the remote can be reached
    #[arg(long, conflicts_with = "remote")]
    local: bool,
    /// Work in a clone of this repository, made below the current folder if it is not there
    #[arg(long, value_name = "URL")]
    remote: Option<String>,
    /// Only planning (tasks whose plan an agent is to write, up to your yes), or only code
    #[arg(long, value_name = "PHASE")]
    phase: Option<PhaseWord>,
    /// The way that the tasks go, such as default, solo or code-review; the setting where it is left out
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum PhaseWord {
    Plan,
    Code,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let settings = [
        ("agent.override", args.agent.as_deref()),
        ("sandbox.kind", args.sandbox.as_deref()),
        ("workflow", args.workflow.as_deref()),
    ];
    context.with_settings(&settings, |context| run_here(context, args))
}

fn run_here(context: &Context, args: &Args) -> Result<Finish> {
    let foreign = Foreign::find(context)?;
    let here = Repository::discover(&context.folder).is_ok();
    let url = args.remote.as_deref().or_else(|| foreign.repository().filter(|_| !here));
    // Cloning needs the login before there are any settings.
    let (host, _) = foreign.host(&context.host, None);
    let folder = match url {
        Some(url) => clone_of(&context.on(host), url)?,
        None => context.folder.clone(),
    };
    let there = context.at(folder);
    let settings = Project::open(&context.host, &there.folder, None)?.settings;
    let (host, notes) = foreign.host(&context.host, Some(&settings));
    notes.iter().for_each(|note| context.ui.note(note));
    work(&there.on(host), args, url)
}

fn work(context: &Context, args: &Args, remote: Option<&str>) -> Result<Finish> {
    let project = context.project()?;
    require_override(context, &project)?;
    if let (None, Some(url)) = (project.store.find_head()?, remote) {
        join(context, &project, url)?;
    }
    context.repair(&project)?;
    // Where nobody is to be asked, tasks that need the yes wait for it, or for another machine.
    if context.ui.can_ask() && project.store.find_head()?.is_some() && wants_full_access(&project, &[])? {
        ask_for_full_access(context, &project, false)?;
    }
    let request = RunRequest {
        tasks: Vec::new(),
        jobs: args.jobs,
        merge: args.merge,
        local: args.local,
        work: Some(WorkOrder {
            until: match (args.once, args.drain) {
                (true, _) => Until::Once,
                (_, true) => Until::Drained,
                _ => Until::Stopped,
            },
            most: args.max_tasks,
            labels: args.labels.clone(),
            phase: args.phase.map(|phase| match phase {
                PhaseWord::Plan => WorkPhase::Plan,
                PhaseWord::Code => WorkPhase::Code,
            }),
        }),
        own_program: context.own_program.clone(),
    };
    let interrupt = Interrupt::install(FirstSignal::Rest)?;
    let report = {
        let mut live = LiveRun::new(&context.ui, |id| short(&project, id));
        carry_out(&project, &context.folder, &request, &interrupt, &mut |event| drop(live.show(event)))?
    };
    finish(context, &report)
}

fn finish(context: &Context, report: &RunReport) -> Result<Finish> {
    let of = |status: Status| report.results.iter().filter(|result| result.status == status).count();
    let failed = report.results.iter().filter(|result| result.error.is_some()).count();
    if context.ui.manner.json {
        let tasks: Vec<_> = report
            .results
            .iter()
            .map(
                |r| json!({ "id": r.task, "title": r.title, "status": r.status, "reason": r.reason, "error": r.error }),
            )
            .collect();
        context.ui.answer_json_line(&json!({
            "schema": "aifactory.work/1", "tasks": tasks, "interrupted": report.interrupted,
        }))?;
    } else {
        let all = report.results.len();
        let parts = [
            ("done", of(Status::Done)),
            ("for review", of(Status::Review)),
            ("waiting", of(Status::Waiting)),
            ("failed", failed),
        ];
        let parts: Vec<String> =
            parts.iter().filter(|(_, number)| *number > 0).map(|(word, number)| format!("{number} {word}")).collect();
        let detail = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        context.ui.note(&format!("worked on {}{detail}", crate::model::text::count(all, "task")));
    }
    if report.interrupted {
        return Ok(Finish::Short(Kind::Interrupted));
    }
    Ok(if failed > 0 { Finish::Short(Kind::Failed) } else { Finish::Well })
}

/// The clone to work in: the folder git would choose, below where we are.
fn clone_of(context: &Context, url: &str) -> Result<PathBuf> {
    let name = url.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let name = name.strip_suffix(".git").unwrap_or(name);
    if name.is_empty() || name.starts_with(['.', '-']) {
        return Err(Error::usage(format!("`{}` does not name a repository", url.escape_debug())));
    }
    let folder = context.folder.join(name);
    let _lock = files::FileLock::wait(&context.folder.join(format!(".{name}.aifactory-clone.lock")))?;
    if !folder.join(".git").exists() {
        context.ui.note(&format!("cloning {} into {}", Place::new(url)?.shown(), folder.display()));
        Repository::clone_from(url, &folder, &context.host.env)?;
    }
    Ok(folder)
}

/// A fresh clone takes the state from where it came.
fn join(context: &Context, project: &Project, url: &str) -> Result<()> {
    let known = crate::sync::places(&project.settings, project.repository())?;
    let place = match known.into_iter().next() {
        Some(place) => place,
        None => {
            set_local(project, "sync.remote", url)?;
            Place::new(url)?
        }
    };
    let shown = place.shown();
    Sharing::at(project, place).exchange(Manner { look_first: true, ..Manner::default() }, &mut |_| {})?;
    if project.store.find_head()?.is_none() {
        return Err(Error::missing(format!("there is no aifactory state on {shown}"))
            .hint("in a clone where it is: aifactory sync"));
    }
    context.ui.note(&format!("took the state over from {shown}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Args as _;

    #[test]
    fn help_says_of_each_foreign_variable_what_the_table_says() {
        let command = super::Args::augment_args(clap::Command::new("work"));
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains(&crate::config::explain()), "{help}\n{}", crate::config::explain());
    }
}
