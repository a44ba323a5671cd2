//! `aifactory merge`

use super::run::short;
use super::{Context, Finish};
use crate::error::{Error, Kind, Result};
use crate::model::text::escape_line;
use crate::model::{Status, TaskId};
use crate::run::{ConditionState, FirstSignal, Interrupt, MergeOptions, MergeOutcome, conditions, merge};
use crate::store::Filter;
use crate::tasks::Project;
use crate::ui::{LiveRun, Style};
use serde_json::{Value, json};

/// Merge tasks that are ready for review
///
/// One after another: rebase on the target, run all gates on exactly what would land, in a checkout where no agent
/// wrote, then fast-forward the target. The target is never red and never half merged. A conflict or a failed gate makes
/// the task wait for you, and the next one goes on.
#[derive(clap::Args)]
pub struct Args {
    /// The tasks, in the order in which they land
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<String>,
    /// Everything that is ready for review
    #[arg(short, long)]
    all: bool,
    /// Merge work that no gate looks at, on your own recorded word
    #[arg(long)]
    unverified: bool,
    /// Merge whatever a reviewer said, or did not say, on your own recorded word
    #[arg(long)]
    unreviewed: bool,
    /// Merge nothing; say what holds and what does not
    #[arg(long, conflicts_with_all = ["unverified", "unreviewed", "push"])]
    check: bool,
    /// Move the target on the remote first, as workers do
    #[arg(long)]
    push: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let ids =
        if args.all { under_review(&project)? } else { context.resolve(&project.store.snapshot()?, &args.ids)? };
    if ids.is_empty() {
        if context.ui.manner.json {
            answer_json(context, &[])?;
        }
        context.ui.note("nothing is ready for review");
        context.ui.hint("aifactory status");
        return Ok(Finish::Short(Kind::Missing));
    }
    if args.check {
        return check(context, &project, &ids);
    }
    let options =
        MergeOptions { unverified: args.unverified, unreviewed: args.unreviewed, unseen: false, publish: args.push };
    merge_tasks(context, &project, &ids, options)
}

/// What holds and what does not, a line each.
fn check(context: &Context, project: &Project, ids: &[TaskId]) -> Result<Finish> {
    let snapshot = project.store.snapshot()?;
    let mut answers = Vec::new();
    let mut is_ready = true;
    for id in ids {
        let task = snapshot.task(id)?;
        let lines = conditions(project, &snapshot, &task, true)?;
        let has_come = matches!(task.status, Status::Review | Status::Done);
        is_ready = is_ready && has_come && lines.iter().all(|line| line.state == ConditionState::Done);
        if !context.ui.manner.json {
            let ui = &context.ui;
            ui.answer_line(&format!("{}  {}", ui.paint(Style::Id, &snapshot.short(id)), escape_line(&task.title)))?;
            for line in &lines {
                let state = ui.paint(condition_style(line.state), &format!("{:<7}", line.state.word()));
                ui.answer_line(&format!("  {state} {:<8} {}", escape_line(&line.what), escape_line(&line.detail)))?;
            }
        }
        answers.push(json!({ "id": id, "status": task.status, "conditions": lines }));
    }
    if context.ui.manner.json {
        context.ui.answer_json(&json!({ "schema": "aifactory.merge-check/1", "tasks": answers }))?;
    }
    Ok(if is_ready { Finish::Well } else { Finish::Short(Kind::Person) })
}

pub(super) fn condition_style(state: ConditionState) -> Style {
    match state {
        ConditionState::Done => Style::Good,
        ConditionState::Missing => Style::Bad,
        ConditionState::Unknown => Style::Attention,
    }
}

fn under_review(project: &Project) -> Result<Vec<TaskId>> {
    let filter = Filter { statuses: vec![Status::Review], ..Filter::default() };
    Ok(project.store.snapshot()?.index()?.tasks(&filter)?.into_iter().map(|row| row.id).collect())
}

pub(super) fn merge_tasks(
    context: &Context,
    project: &Project,
    ids: &[TaskId],
    options: MergeOptions,
) -> Result<Finish> {
    let interrupt = Interrupt::install(FirstSignal::Stop)?;
    let outcomes = {
        let mut live = LiveRun::beside_the_answer(&context.ui, |id| short(project, id));
        let own = context.own_program.clone();
        merge(project, &context.folder, ids, options, own, &interrupt, &mut |event| {
            let _ = live.show(event);
        })?
    };
    if context.ui.manner.json {
        answer_json(context, &outcomes)?;
    } else {
        for (id, outcome) in &outcomes {
            report(context, &short(project, id), outcome);
        }
    }
    let kinds: Vec<Kind> = outcomes.iter().filter_map(|(_, outcome)| kind_of(outcome)).collect();
    let worst = [Kind::Failed, Kind::Person, Kind::Missing].into_iter().find(|kind| kinds.contains(kind));
    Ok(worst.map_or(Finish::Well, Finish::Short))
}

fn kind_of(outcome: &MergeOutcome) -> Option<Kind> {
    match outcome {
        MergeOutcome::Merged { .. } | MergeOutcome::Accepted => None,
        MergeOutcome::Waiting { .. } => Some(Kind::Person),
        MergeOutcome::Refused(error) => Some(error.kind()),
    }
}

fn report(context: &Context, short: &str, outcome: &MergeOutcome) {
    match outcome {
        MergeOutcome::Merged { .. } | MergeOutcome::Accepted => {}
        MergeOutcome::Waiting { reason, note } => {
            let first = note.lines().next().unwrap_or_default();
            context.ui.error(&Error::person(format!("task {short} waits: {first}")).hint(reason.way_out(short)));
        }
        MergeOutcome::Refused(error) => context.ui.error(error),
    }
}

fn answer_json(context: &Context, outcomes: &[(TaskId, MergeOutcome)]) -> Result<()> {
    let results: Vec<Value> = outcomes.iter().map(|(id, outcome)| outcome_json(id, outcome)).collect();
    context.ui.answer_json(&json!({ "schema": "aifactory.merge/1", "tasks": results }))
}

fn outcome_json(id: &TaskId, outcome: &MergeOutcome) -> Value {
    match outcome {
        MergeOutcome::Merged { commit, target } => {
            json!({ "id": id, "merged": true, "commit": commit, "target": target })
        }
        MergeOutcome::Accepted => json!({ "id": id, "merged": false, "accepted": true }),
        MergeOutcome::Waiting { reason, note } => json!({ "id": id, "merged": false, "reason": reason, "note": note }),
        MergeOutcome::Refused(error) => {
            json!({ "id": id, "merged": false, "error": error.message(), "hints": error.hints() })
        }
    }
}
