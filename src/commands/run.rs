//! `aifactory run`

use super::trust::ask_for_full_access;
use super::{Context, Finish};
use crate::agent::Agent;
use crate::error::{Error, Kind, Result};
use crate::model::{Status, TaskId};
use crate::run::{FirstSignal, Interrupt, MANY_LOOSE_OBJECTS, RunReport, RunRequest, Skipped, pack, run as carry_out};
use crate::tasks::{Project, candidates, missing_full_access, ready, ready_for_a_look};
use crate::ui::LiveRun;
use crate::workflow::Library;
use serde_json::json;

/// Carry out tasks
///
/// Each task gets a worktree and a branch of its own, and goes the way of its workflow: a plan where it has none, your
/// yes to it, then step by step: the agent works, aifactory commits and runs the step's gates; at the end all gates judge
/// the whole, and another agent reviews it. What passes is ready for you, what does not waits for you.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory run 7kq2
  aifactory run --all -j 4
  aifactory run --all --merge      merge what passes, so that what depends on it can start
  aifactory run 7kq2 --agent codex
  aifactory run 7kq2 --workflow solo     nobody reviews
  aifactory run 7kq2 --role reviewer     only a review, also of finished work
  aifactory run 7kq2 --json        one event per line, the last line is the result

Exit codes: 0 all went well, 1 something failed, 3 nothing was ready, 4 a person is needed,
130 interrupted")]
pub struct Args {
    /// The tasks; those in the backlog are made ready
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<String>,
    /// Everything that is ready
    #[arg(short, long)]
    all: bool,
    /// How many tasks at once
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    /// Merge each task as soon as it has passed
    #[arg(long)]
    merge: bool,
    /// What agents, gates and setup may write to: bwrap, landlock or none; the setting where it is left out
    #[arg(long, value_name = "KIND")]
    sandbox: Option<String>,
    /// The agent for everything this command runs, whatever tasks and settings say, such as codex or claude:opus#high
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Claim for this machine alone, whether or not the remote can be reached
    #[arg(long)]
    local: bool,
    /// The way that the tasks go, such as default, solo or code-review; the setting where it is left out
    #[arg(long, value_name = "NAME", conflicts_with = "role")]
    workflow: Option<String>,
    /// One role alone, such as reviewer or researcher, also on work that is finished
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    role: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let settings = [
        ("agent.override", args.agent.as_deref()),
        ("sandbox.kind", args.sandbox.as_deref()),
        ("workflow", args.workflow.as_deref()),
        ("workflow.role", args.role.as_deref()),
    ];
    context.with_settings(&settings, |context| run_here(context, args))
}

fn run_here(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    require_override(context, &project)?;
    let ids = context.resolve(&project.store.snapshot()?, &args.ids)?;
    let library = Library::of(&project)?;
    library.workflow(project.settings.text("workflow"))?;
    if let Some(role) = &args.role {
        library.role(role)?;
        ready_for_a_look(&project, &ids, None)?;
    }
    let how = How { jobs: args.jobs, merge: args.merge, local: args.local };
    match args.role {
        None => run_tasks(context, &project, ids, how),
        Some(_) => {
            let report = carry_out_tasks(context, &project, ids, how)?;
            finish_role(context, &project, &report)
        }
    }
}

/// A role alone leaves tasks where they stood, unless what it found moves them.
fn finish_role(context: &Context, project: &Project, report: &RunReport) -> Result<Finish> {
    let is_back = |status: Status| matches!(status, Status::Ready | Status::Backlog);
    let all_back = report.results.iter().all(|result| is_back(result.status) && result.error.is_none());
    if report.interrupted || report.results.is_empty() || !all_back {
        return finish(context, project, report);
    }
    answer_json(context, report, None)?;
    for result in &report.results {
        context.ui.hint(&format!("what it said: aifactory message list {}", short(project, &result.task)));
    }
    Ok(Finish::Well)
}

/// An agent that was named for this command is there, or nothing is begun.
pub(super) fn require_override(context: &Context, project: &Project) -> Result<()> {
    let Some(name) = project.settings.find_text("agent.override") else { return Ok(()) };
    let agent = Agent::find(name, &project.settings, None)?;
    match agent.find_program(&context.own_program) {
        Some(_) => Ok(()),
        None => Err(agent.missing()),
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct How {
    pub jobs: Option<usize>,
    pub merge: bool,
    pub local: bool,
}

/// Runs the named tasks, or all that are ready where none is named, and tells what came of it.
pub(super) fn run_tasks(context: &Context, project: &Project, ids: Vec<TaskId>, how: How) -> Result<Finish> {
    let (ids, skipped) = with_roles(context, project, ids)?;
    let mut report = carry_out_tasks(context, project, ids, how)?;
    report.skipped.extend(skipped);
    finish(context, project, &report)
}

/// The named tasks whose roles there are. The others hold none of them up; where no other is left, that is the error.
fn with_roles(context: &Context, project: &Project, ids: Vec<TaskId>) -> Result<(Vec<TaskId>, Vec<Skipped>)> {
    let (library, snapshot) = (Library::of(project)?, project.store.snapshot()?);
    let (mut fit, mut unfit) = (Vec::new(), Vec::new());
    for id in ids {
        match library.role_of(project, &snapshot.task(&id)?) {
            Ok(_) => fit.push(id),
            Err(error) => unfit.push((id, error)),
        }
    }
    if fit.is_empty() && !unfit.is_empty() {
        return Err(unfit.swap_remove(0).1);
    }
    let mut skipped = Vec::new();
    for (task, error) in unfit {
        let why = error.full_text();
        context.ui.warn(&why);
        error.hints().iter().for_each(|hint| context.ui.hint(hint));
        skipped.push(Skipped { task, why, needs_person: false, was_named: true });
    }
    Ok((fit, skipped))
}

pub(super) fn carry_out_tasks(context: &Context, project: &Project, ids: Vec<TaskId>, how: How) -> Result<RunReport> {
    let target = project.require_target()?;
    if target.commit.is_none() {
        return Err(Error::failed(format!(
            "the branch {} has no commit yet, so there is nothing to work on",
            target.branch
        ))
        .hint("make the first commit: git commit --allow-empty -m \"begin\""));
    }
    if wants_full_access(project, &ids)? {
        ask_for_full_access(context, project, false)?;
    }
    if !ids.is_empty() {
        ready(project, &ids)?;
    }
    let request = RunRequest {
        tasks: ids,
        jobs: how.jobs,
        merge: how.merge,
        local: how.local,
        work: None,
        own_program: context.own_program.clone(),
    };
    let interrupt = Interrupt::install(FirstSignal::Stop)?;
    let report = {
        let mut live = LiveRun::new(&context.ui, |id| short(project, id));
        let mut output = Ok(());
        let report = carry_out(project, &context.folder, &request, &interrupt, &mut |event| {
            // A reader that went away does not stop the work; the exit code tells at the end.
            if output.is_ok() {
                output = live.show(event);
            }
        })?;
        output?;
        report
    };
    if project.store.repository.loose_objects() > MANY_LOOSE_OBJECTS {
        pack(project)?;
    }
    Ok(report)
}

/// Whether an agent that would be started needs a yes that nobody has given. Tasks that come up later wait for it.
pub(super) fn wants_full_access(project: &Project, ids: &[TaskId]) -> Result<bool> {
    let snapshot = project.store.snapshot()?;
    let ids = match ids.is_empty() {
        false => ids.to_vec(),
        true => candidates(&snapshot.index()?)?.into_iter().map(|candidate| candidate.row.id).collect(),
    };
    for id in &ids {
        if missing_full_access(project, &snapshot.task(id)?)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn short(project: &Project, id: &TaskId) -> String {
    project.store.snapshot().map_or_else(|_| id.to_string(), |snapshot| snapshot.short(id))
}

fn finish(context: &Context, project: &Project, report: &RunReport) -> Result<Finish> {
    let kind = report.kind();
    answer_json(context, report, kind)?;
    if !context.ui.manner.json {
        hints(context, project, report);
    }
    Ok(kind.map_or(Finish::Well, Finish::Short))
}

/// The last line of JSON that says what became of all.
pub(super) fn answer_json(context: &Context, report: &RunReport, kind: Option<Kind>) -> Result<()> {
    if !context.ui.manner.json {
        return Ok(());
    }
    let tasks: Vec<_> = report
        .results
        .iter()
        .map(|r| {
            json!({ "id": r.task, "title": r.title, "status": r.status, "reason": r.reason, "note": r.note,
                    "error": r.error })
        })
        .collect();
    let skipped: Vec<_> =
        report.skipped.iter().map(|skipped| json!({ "id": skipped.task, "why": skipped.why })).collect();
    context.ui.answer_json_line(&json!({
        "schema": "aifactory.run/1", "tasks": tasks, "skipped": skipped, "interrupted": report.interrupted,
        "exit": kind.map_or(0, Kind::exit_code),
    }))
}

pub(super) fn hints(context: &Context, project: &Project, report: &RunReport) {
    let ui = &context.ui;
    let of = |status: Status| -> Vec<String> {
        let results = report.results.iter().filter(|result| result.status == status);
        results.map(|result| short(project, &result.task)).collect()
    };
    if report.results.is_empty() {
        let why = if report.skipped.is_empty() { "no task is ready" } else { "nothing could be started" };
        ui.note(why);
        if report.skipped.is_empty() {
            ui.hint("aifactory list shows the backlog; aifactory run <id> starts a task from it");
        }
    }
    let (review, waiting) = (of(Status::Review), of(Status::Waiting));
    if !review.is_empty() {
        ui.hint(&format!("look at it and merge it: aifactory review {0}, aifactory merge {0}", review.join(" ")));
    }
    for result in report.results.iter().filter(|result| result.status == Status::Waiting) {
        let way_out = result.reason.map(|reason| reason.way_out(&short(project, &result.task)));
        if let (Some(way_out), true) = (way_out, waiting.len() <= 3) {
            ui.hint(&way_out);
        }
    }
    if waiting.len() > 3 {
        ui.hint(&format!("{} tasks wait for you: aifactory status", waiting.len()));
    }
}
