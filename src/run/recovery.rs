//! After a crash: whatever a dead worker had started is ended, its claim is given back, its step is pending again.
//!
//! A worker holds a lock while it lives, so a session file without a lock names exactly what has to be repaired, and
//! looking for one costs a directory listing. Nothing is deleted: uncommitted work stays in its worktree, and the next
//! attempt keeps it under a ref before it starts.

use super::checkout::Checkouts;
use super::control::OWNER;
use super::merge::finish_delivery;
use super::open_runs::{end_open_runs, what_is_left};
use super::session::{self, SessionFile};
use crate::error::Result;
use crate::git::Repository;
use crate::host::files;
use crate::model::run::Outcome;
use crate::model::{Change, EventId, Progress, Reason, Status, Task, TaskId};
use crate::process::sweep;
use crate::store::{Changes, Store};
use crate::tasks::{Project, Stood, stood_before_look};

/// What was repaired, for a line to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    pub task: TaskId,
    pub what: String,
}

/// How many workers of this clone are dead and not cleaned up after.
pub fn dead_sessions(store: &Store) -> Result<usize> {
    Ok(session::dead(store)?.len())
}

/// Repairs what dead workers of this clone left. Cheap where there is nothing to repair.
pub fn recover(project: &Project) -> Result<Vec<Recovered>> {
    if session::dead(&project.store)?.is_empty() {
        return Ok(Vec::new());
    }
    // Two commands may notice the same crash; the second finds nothing left to do.
    let _lock = project.store.local.lock("recovery")?;
    let mut recovered = Vec::new();
    for dead in session::dead(&project.store)? {
        // What cannot be repaired is reported each time, and holds up nothing else.
        match recover_one(project, &dead) {
            Ok(Some(what)) => recovered.push(Recovered { task: dead.task, what }),
            Ok(None) => {}
            Err(error) => {
                let what = format!("cannot be repaired: {}", error.full_text());
                recovered.push(Recovered { task: dead.task, what });
            }
        }
    }
    Ok(recovered)
}

fn recover_one(project: &Project, dead: &SessionFile) -> Result<Option<String>> {
    let ended = end_what_it_started(project, dead)?;
    Checkouts::of(project)?.mend(&dead.task)?;
    let what = repair(project, dead)?;
    session::remove(&dead.path)?;
    let also = match ended {
        0 => String::new(),
        1 => ", ended 1 process".to_owned(),
        several => format!(", ended {several} processes"),
    };
    Ok(what.map(|what| format!("{what}{also}")))
}

/// Ends every process of the session's runs, whether or not their guardians are still at it.
fn end_what_it_started(project: &Project, dead: &SessionFile) -> Result<u32> {
    let mut ended = 0;
    for name in files::names(&project.store.local.runs())? {
        let folder = project.store.local.run_folder(&EventId::from_name(&name));
        let owner = files::load_text(&folder.join(OWNER))?.unwrap_or_default();
        if owner.lines().nth(1) == Some(dead.session.as_str()) {
            ended += sweep(&folder, project.settings.duration("run.grace"))?.ended;
        }
    }
    Ok(ended)
}

fn repair(project: &Project, dead: &SessionFile) -> Result<Option<String>> {
    let Some(task) = project.store.snapshot()?.find_task(&dead.task)? else {
        return Ok(None);
    };
    if task.status == Status::Delivering {
        return repair_delivery(project, &task).map(Some);
    }
    let held = task.claim.as_ref().is_some_and(|claim| claim.session == dead.session);
    if !held {
        return close_runs(project, dead).map(|()| None);
    }
    let most = project.settings.number("run.recoveries");
    let left = what_is_left(project, &dead.session, &dead.task)?;
    let undone = undo_what_a_reader_committed(project, dead, &task)?;
    project.store.transact(&project.person(), "recover", |snapshot, changes| {
        let task = snapshot.task(&dead.task)?;
        if task.claim.as_ref().is_none_or(|claim| claim.session != dead.session) {
            return Ok(());
        }
        let look = stood_before_look(&snapshot.events(&task.id)?);
        release(&task, look.as_ref(), changes);
        if let Some(text) = &undone {
            changes.event(&task.id, Change::Noted { text: text.clone() });
        }
        let ending = (Outcome::Interrupted, "the worker died");
        let question = end_open_runs(project, snapshot, &left, &dead.session, &task.id, ending, changes)?;
        let wait = |reason, note| Change::Moved {
            from: Status::Ready,
            to: Status::Waiting,
            reason: Some(reason),
            note: Some(note),
        };
        if look.is_some() {
            // Whoever looked looks again, if they want to.
        } else if task.recoveries + 1 >= most {
            let note = format!("its worker died {} times", task.recoveries + 1);
            changes.event(&task.id, wait(Reason::RecoveryExhausted, note));
        } else if let Some(question) = question {
            changes.event(&task.id, wait(Reason::Question, question));
        }
        Ok(())
    })?;
    Ok(Some("its worker had died; the claim is free again".to_owned()))
}

/// Somebody else has decided about the task; what ran for the dead worker runs no more, and its record says so.
fn close_runs(project: &Project, dead: &SessionFile) -> Result<()> {
    let left = what_is_left(project, &dead.session, &dead.task)?;
    let ending = (Outcome::Interrupted, "the worker died");
    project.store.transact(&project.person(), "recover", |snapshot, changes| {
        end_open_runs(project, snapshot, &left, &dead.session, &dead.task, ending, changes).map(drop)
    })
}

/// Whoever was to read only has no part in the work. What it committed all the same is kept under a ref; the answer says
/// where. Uncommitted changes are for the next attempt to put aside.
fn undo_what_a_reader_committed(project: &Project, dead: &SessionFile, task: &Task) -> Result<Option<String>> {
    let runs = project.store.snapshot()?.runs(&task.id)?;
    let newest = runs.iter().rfind(|run| run.session == dead.session && run.ended.is_none());
    let Some(run) = newest.filter(|run| run.step.is_none() && run.host == project.host.name()) else { return Ok(None) };
    let (repository, checkouts) = (project.repository(), Checkouts::of(project)?);
    let (Some(path), Some(base)) = (checkouts.find(&task.id), Repository::parse_oid(&run.base)) else {
        return Ok(None);
    };
    let Some(_hold) = checkouts.find_hold(&task.id)? else { return Ok(None) };
    // On another branch it moved none of ours, and the next attempt goes back to the task's own.
    let is_ours = |branch: Option<String>| branch.is_none() || branch == task.branch;
    if !repository.worktree_state(&path).is_ok_and(|state| is_ours(state.branch)) {
        return Ok(None);
    }
    let head = repository.head_of(&path)?;
    if head == base {
        return Ok(None);
    }
    let mut kept: Vec<String> = checkouts.save(&task.id, &path)?.map(|(_, name)| name).into_iter().collect();
    repository.drop_changes(&path)?;
    kept.push(checkouts.keep_commit(&task.id, head)?);
    repository.reset_worktree(&path, base)?;
    Ok(Some(format!("{} was to read only and committed; its commits are kept in {}", run.agent, kept.join(", "))))
}

/// A task that was only looked at goes back to where it stood.
fn release(task: &Task, look: Option<&Stood>, changes: &mut Changes) {
    for (step, _) in task.steps.iter().filter(|(_, progress)| progress.state == Progress::Running) {
        let reset = Change::StepReset { step: step.clone(), why: "the worker died".to_owned() };
        changes.event(&task.id, reset);
    }
    let why = "the worker died";
    let back = match look {
        Some(stood) => stood.back(why, Some(task.fence)),
        None => vec![Change::Released { why: why.to_owned(), recovery: true, claim: Some(task.fence) }],
    };
    back.into_iter().for_each(|change| changes.event(&task.id, change));
}

/// The target either has the commit or has not: both are whole states.
fn repair_delivery(project: &Project, task: &Task) -> Result<String> {
    let Some(delivery) = &task.delivery else {
        return step_back(project, task);
    };
    let repository = project.repository();
    let (tip, commit) = (repository.branch_commit(&delivery.target)?, Repository::parse_oid(&delivery.commit));
    let (Some(tip), Some(commit)) = (tip, commit) else {
        return step_back(project, task);
    };
    if repository.is_ancestor(commit, tip)? {
        finish_delivery(project, &task.id, &delivery.target, commit, Status::Delivering)?;
        return Ok(format!("its merge into {} had landed and is recorded now", delivery.target));
    }
    step_back(project, task)
}

fn step_back(project: &Project, task: &Task) -> Result<String> {
    project.store.transact(&project.person(), "step back", |_, changes| {
        let back = Change::Moved {
            from: Status::Delivering,
            to: Status::Review,
            reason: None,
            note: Some("the merge died before the target moved".to_owned()),
        };
        changes.event(&task.id, back);
        Ok(())
    })?;
    Ok("its merge had died before the target moved; it is under review again".to_owned())
}
