//! All that has to hold before work is merged, each line as it is: done, missing or unknown. Unknown is never done.

use crate::error::Result;
use crate::git::{Oid, Repository};
use crate::model::assertions::{Touched, touched};
use crate::model::plan::{Plan, Step, parse_plan};
use crate::model::review::Review;
use crate::model::run::{Evidence, Verdict};
use crate::model::text::count;
use crate::model::{Change, Event, Progress, Risk, Status, StepProgress, Task, TextFile, risk};
use crate::run::base::{base_of_work, holds_step};
use crate::run::gates::gates_of;
use crate::store::Snapshot;
use crate::tasks::{Project, Standing, last_review, review_of, risk_words, standing};
use crate::workflow::{Answer, Library, Role, Work as PhaseWork};
use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergeCondition {
    /// `plan`, `step S1`, `gate`, `review`, `checks`, `risk`; of a task that is done, `merged` or `task` alone.
    pub what: String,
    pub state: State,
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Done,
    Missing,
    Unknown,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Missing => "missing",
            State::Unknown => "unknown",
        }
    }
}

impl MergeCondition {
    fn new(what: impl Into<String>, state: State, detail: impl Into<String>) -> MergeCondition {
        MergeCondition { what: what.into(), state, detail: detail.into() }
    }
}

/// The work that is to be merged, against where it began.
struct Work {
    tip: Oid,
    tree: String,
    base: Oid,
}

/// Every condition of merging a task but the gates on what would land, which only the merge itself can measure. `seen`: a
/// person asks for this very merge.
pub fn conditions(project: &Project, snapshot: &Snapshot<'_>, task: &Task, seen: bool) -> Result<Vec<MergeCondition>> {
    if task.status == Status::Done {
        return Ok(vec![landed(task)]);
    }
    let (plan, _) = parse_plan(&snapshot.text(&task.id, TextFile::Plan)?);
    let events = snapshot.events(&task.id)?;
    let mut all = vec![approval(project, snapshot, task)?];
    let work = work_of(project, snapshot, task)?;
    all.extend(plan.steps.iter().map(|step| step_condition(project, snapshot, task, step, work.as_ref())));
    let Some(work) = work else {
        all.push(MergeCondition::new("work", State::Missing, "there is no branch with work"));
        return Ok(all);
    };
    let evidence = snapshot.evidence(&task.id)?;
    all.extend(gates_of(project, &plan).iter().map(|gate| gate_condition(gate, &evidence, &work.tree)));
    all.push(review(project, task, &events, &work.tree)?);
    all.extend(checks(project, &plan, &work, seen)?);
    all.extend(unnamed_risk(project, task, &plan, &work, seen)?);
    Ok(all)
}

/// What was merged is no longer asked for anything: its branch is gone, and its target went on.
fn landed(task: &Task) -> MergeCondition {
    let merged = task.delivery.as_ref().filter(|delivery| delivery.done).map(|delivery| {
        let commit: String = delivery.commit.chars().take(10).collect();
        MergeCondition::new("merged", State::Done, format!("into {} as {commit}", delivery.target))
    });
    merged.unwrap_or_else(|| MergeCondition::new("task", State::Done, "it is done, and nothing was merged for it"))
}

fn approval(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<MergeCondition> {
    Ok(match standing(project, snapshot, task)? {
        Standing::Approved => {
            let by = task.approval.as_ref().map(|approval| match approval.policy {
                true => "approved by policy".to_owned(),
                false => format!("approved by {}", approval.by),
            });
            MergeCondition::new("plan", State::Done, by.unwrap_or_else(|| "approved".to_owned()))
        }
        Standing::ByPolicy => MergeCondition::new("plan", State::Done, "policy lets it be carried out"),
        Standing::Asked(why) | Standing::Untrusted(why) => MergeCondition::new("plan", State::Missing, why),
    })
}

/// A step is done while it says what it said then, and its work is a part of what would land.
fn step_condition(
    project: &Project,
    snapshot: &Snapshot<'_>,
    task: &Task,
    step: &Step,
    work: Option<&Work>,
) -> MergeCondition {
    let line = |state: State, detail: String| MergeCondition::new(format!("step {}", step.id), state, detail);
    let says_the_same = |progress: &&StepProgress| {
        progress.state == Progress::Done && progress.content.as_ref().is_none_or(|content| *content == step.content())
    };
    let Some(done) = task.steps.get(&step.id).filter(says_the_same) else {
        return line(State::Missing, format!("{} is not done", step.title));
    };
    let commit = done.commit.as_deref().and_then(Repository::parse_oid);
    let is_there = |commit: Oid| match work {
        Some(work) => holds_step(project, snapshot, task, &step.id, commit, work.tip).unwrap_or(false),
        None => true,
    };
    match commit.is_none_or(is_there) {
        true => line(State::Done, step.title.clone()),
        false => line(State::Missing, format!("the work of {} is not on the task's branch", step.title)),
    }
}

fn work_of(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<Option<Work>> {
    let repository = project.repository();
    let tip = task.branch.as_deref().map(|branch| repository.branch_commit(branch)).transpose()?.flatten();
    let target = project.require_target()?.commit;
    let (Some(tip), Some(target)) = (tip, target) else { return Ok(None) };
    let tree = repository.tree_of(tip)?.to_string();
    Ok(Some(Work { tip, tree, base: base_of_work(project, snapshot, task, tip)?.unwrap_or(target) }))
}

/// What a gate said about the work on its branch. What lands is measured again.
fn gate_condition(gate: &str, evidence: &[Evidence], tree: &str) -> MergeCondition {
    let newest = evidence.iter().rev().find(|evidence| evidence.gate == gate && evidence.tree == tree);
    let state = match newest.map(|evidence| evidence.verdict) {
        Some(Verdict::Passed) => State::Done,
        Some(Verdict::Failed) => State::Missing,
        Some(Verdict::Unknown) | None => State::Unknown,
    };
    let verdict = newest.map_or("not measured on this tree", |evidence| evidence.verdict.word());
    MergeCondition::new("gate", state, format!("{verdict}: {gate}"))
}

/// Where there was a review its last word counts, and only for the tree that it was about.
fn review(project: &Project, task: &Task, events: &[Event], tree: &str) -> Result<MergeCondition> {
    let accepted =
        events.iter().any(|event| matches!(&event.change, Change::ReviewWaived { tree: seen } if seen == tree));
    let line = |state: State, detail: String| MergeCondition::new("review", state, detail);
    let of_review = |review: &Review| match () {
        () if review.lets_pass() => line(State::Done, review.in_short()),
        () if review.asks_for_changes() => line(State::Missing, review.in_short()),
        () => line(State::Unknown, "the reviewer gave no verdict".to_owned()),
    };
    Ok(match (review_of(events, tree), last_review(events)) {
        _ if accepted => waived_review(),
        (Some(review), _) => of_review(&review),
        (None, Some(_)) => line(State::Unknown, "the work changed since it was reviewed".to_owned()),
        (None, None) if project.settings.text("merge.review") == "required" => {
            line(State::Missing, "merge.review asks for one, and there was none".to_owned())
        }
        (None, None) if is_still_to_come(project, task)? => line(State::Missing, "there was none yet".to_owned()),
        (None, None) => line(State::Done, "none was asked for".to_owned()),
    })
}

/// Its workflow has a reviewer, and has not come to the end.
fn is_still_to_come(project: &Project, task: &Task) -> Result<bool> {
    if matches!(task.status, Status::Review | Status::Delivering) {
        return Ok(false);
    }
    let library = Library::of(project)?;
    let reviews = |role: &Role| role.answers == Answer::Review;
    // Who cannot be told to do it alone does not.
    if let Ok(Some(alone)) = library.role_of(project, task) {
        return Ok(reviews(&alone));
    }
    for phase in library.workflow(project.settings.text("workflow"))?.phases {
        if let PhaseWork::Role(name) = &phase.work
            && reviews(&library.role(name)?)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The line of a review that a person needs none of.
pub fn waived_review() -> MergeCondition {
    MergeCondition::new("review", State::Done, "a person merges without it")
}

/// Checks that were there before and are not as they were: a person looks, or it does not land.
fn checks(project: &Project, plan: &Plan, work: &Work, seen: bool) -> Result<Vec<MergeCondition>> {
    let diff = project.repository().diff_for_checks(work.base, work.tip)?;
    let found = touched(&diff, &gates_of(project, plan), |path| plan.names(path));
    if found.is_empty() {
        return Ok(vec![MergeCondition::new("checks", State::Done, "no test was removed, skipped or weakened")]);
    }
    let says = |touched: &Touched| match seen {
        true => MergeCondition::new("checks", State::Done, format!("you are shown this: {touched}")),
        false => MergeCondition::new("checks", State::Missing, touched.to_string()),
    };
    Ok(found.iter().map(says).collect())
}

/// A risky path that the work changed and its plan does not name. Where a person asks for this merge they have had their
/// look; where it follows by itself, this is the moment for one.
fn unnamed_risk(project: &Project, task: &Task, plan: &Plan, work: &Work, seen: bool) -> Result<Vec<MergeCondition>> {
    let repository = project.repository();
    let changed = repository.changed_paths(repository.tree_of(work.base)?, repository.tree_of(work.tip)?)?;
    let unnamed = changed.iter().map(String::as_str).filter(|path| !plan.names(path));
    let words = risk_words(project);
    let (_, risky) = risk::tier_of(Risk::Auto, unnamed, &words);
    let files = count(changed.len(), "file");
    Ok(vec![match risky {
        None => MergeCondition::new("risk", State::Done, format!("{}, {files} changed", task.risk.word())),
        Some(path) => {
            let detail = format!("{path} is changed, which its plan does not name and which always needs a person");
            MergeCondition::new("risk", if seen { State::Done } else { State::Missing }, detail)
        }
    }])
}

/// What stands in the way, in the order of the lines. Gates are measured on what lands, whatever they said before; that
/// there is nothing to merge is told by whoever looks for it.
pub fn in_the_way(all: &[MergeCondition]) -> Option<&MergeCondition> {
    let counts = |condition: &&MergeCondition| !matches!(condition.what.as_str(), "gate" | "work");
    all.iter().filter(counts).find(|condition| condition.state != State::Done)
}
