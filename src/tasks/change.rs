//! Changes to one or several tasks at once: fields, readiness, cancelling, trying again, pausing.

use super::Project;
use super::chosen::vouch_for_field;
use super::create::one_line;
use super::follow_up::{Besides, follow_up};
use super::follower::{Follower, follow_up_task};
use super::look::LOOK;
use crate::agent::Permission;
use crate::error::{Error, Result};
use crate::model::plan::parse_plan;
use crate::model::text::{escape_line, find_nearest};
use crate::model::{
    Budget, Change, Conflict, ConflictKind, Priority, Progress, Reason, Risk, Status, Task, TaskId, TextFile, readiness,
};
use crate::store::{Changes, Snapshot, Vouch};
use std::collections::BTreeMap;

/// `key=value`, `key=` (clears), `labels+=x`, `labels-=x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignment {
    Set {
        field: &'static str,
        value: String,
    },
    Add {
        field: &'static str,
        value: String,
    },
    Remove {
        field: &'static str,
        value: String,
    },
    /// `conflicts=`: a person has looked at them.
    Settle,
}

const SCALARS: [&str; 10] =
    ["title", "priority", "risk", "role", "repository", "agent", "permission", "budget", "parallel", "parent"];
const SETS: [&str; 2] = ["labels", "dependencies"];

pub fn parse_assignment(text: &str) -> Result<Assignment> {
    let shape = || {
        Error::usage(format!("`{}` is not an assignment", escape_line(text)))
            .hint("write priority=high, labels+=ui, labels-=ui or dependencies+=<id>")
    };
    let (left, value) = text.split_once('=').ok_or_else(shape)?;
    let value = value.trim().to_owned();
    if left.trim() == "conflicts" {
        return match value.is_empty() {
            true => Ok(Assignment::Settle),
            false => Err(Error::usage("conflicts cannot be set, only settled").hint("write conflicts=")),
        };
    }
    let (name, sign) = match left.strip_suffix(['+', '-']) {
        Some(name) => (name.trim(), left.chars().last()),
        None => (left.trim(), None),
    };
    let field = known_field(name)?;
    match (sign, SETS.contains(&field)) {
        (None, false) => Ok(Assignment::Set { field, value }),
        (Some('+'), true) => Ok(Assignment::Add { field, value }),
        (Some(_), true) => Ok(Assignment::Remove { field, value }),
        (None, true) => Err(Error::usage(format!("{field} holds several values"))
            .hint(format!("write {field}+={value} to add one, {field}-={value} to take one away"))),
        (Some(_), false) => {
            Err(Error::usage(format!("{field} holds one value")).hint(format!("write {field}={value}")))
        }
    }
}

fn known_field(name: &str) -> Result<&'static str> {
    let name = match name {
        "label" => "labels",
        "after" | "dependency" | "depends" => "dependencies",
        other => other,
    };
    let mut fields = SCALARS.into_iter().chain(SETS);
    if let Some(field) = fields.clone().find(|field| *field == name) {
        return Ok(field);
    }
    let command = match name {
        "status" => Some("aifactory run, cancel, retry or approve move a task"),
        "spec" | "plan" => Some("aifactory spec set <id> -F <file>, or aifactory plan set <id> -F <file>"),
        "claim" | "fence" | "branch" | "approval" | "delivery" | "steps" | "reason" | "id" => {
            Some("this follows from what happened to the task and cannot be set")
        }
        _ => None,
    };
    let error = Error::usage(format!("`{}` cannot be set", escape_line(name)));
    Err(match (command, find_nearest(name, fields.clone())) {
        (Some(command), _) => error.hint(command),
        (None, Some(near)) => error.hint(format!("perhaps {near}")),
        (None, None) => error.hint(format!("what can be set: {}", fields.by_ref().collect::<Vec<_>>().join(", "))),
    })
}

/// Changes fields of tasks, all in one commit. The ids that changed.
pub fn set(project: &Project, ids: &[TaskId], assignments: &[Assignment]) -> Result<Vec<TaskId>> {
    let mut chosen = Vec::new();
    let changed = project.store.transact(&project.person(), &subject("set", assignments), |snapshot, changes| {
        let mut changed = Vec::new();
        chosen.clear();
        for id in ids {
            let task = snapshot.task(id)?;
            let events = assignments.iter().map(|assignment| event_of(snapshot, &task, assignment));
            let mut events: Vec<Change> = events.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
            if assignments.contains(&Assignment::Settle) {
                events.extend(settle(&task));
            }
            if !events.is_empty() {
                changed.push(id.clone());
            }
            for event in events {
                if let Change::Set { field, to: Some(value), .. } = &event {
                    chosen.push((id.clone(), field.clone(), value.clone()));
                }
                changes.event(id, event);
            }
        }
        Ok(changed)
    })?;
    for (id, field, value) in &chosen {
        vouch_for_field(project, id, field, value)?;
    }
    Ok(changed)
}

fn subject(verb: &str, assignments: &[Assignment]) -> String {
    let names: Vec<&str> = assignments
        .iter()
        .map(|assignment| match assignment {
            Assignment::Set { field, .. } | Assignment::Add { field, .. } | Assignment::Remove { field, .. } => *field,
            Assignment::Settle => "conflicts",
        })
        .collect();
    format!("{verb} {}", names.join(", "))
}

/// A person has looked at the conflicts. Of two results the one that is on the record counts then.
fn settle(task: &Task) -> Vec<Change> {
    if task.conflicts.is_empty() {
        return Vec::new();
    }
    let mut changes = vec![settled(task, |_| true)];
    if task.reason == Some(Reason::Contested) {
        changes.push(Change::Moved { from: task.status, to: Status::Review, reason: None, note: None });
    }
    changes
}

fn settled(task: &Task, which: impl Fn(&Conflict) -> bool) -> Change {
    let conflicts = task.conflicts.iter().filter(|conflict| which(conflict)).map(|conflict| conflict.id.clone());
    Change::Settled { conflicts: conflicts.collect() }
}

/// The event that an assignment is, or nothing where it changes nothing.
fn event_of(snapshot: &Snapshot<'_>, task: &Task, assignment: &Assignment) -> Result<Option<Change>> {
    match assignment {
        Assignment::Set { field, value } => set_event(snapshot, task, field, value),
        Assignment::Settle => Ok(None),
        Assignment::Add { field, value } => {
            let value = element(snapshot, field, value)?;
            if *field == "dependencies" {
                refuse_cycle(snapshot, task, &value)?;
            }
            Ok((!holds(task, field, &value)).then(|| Change::Added { field: (*field).to_owned(), value }))
        }
        Assignment::Remove { field, value } => {
            let value = element(snapshot, field, value)?;
            Ok(holds(task, field, &value).then(|| Change::Removed {
                field: (*field).to_owned(),
                value,
                saw: Vec::new(),
            }))
        }
    }
}

fn set_event(snapshot: &Snapshot<'_>, task: &Task, field: &str, value: &str) -> Result<Option<Change>> {
    let old = match field {
        "title" => Some(task.title.clone()),
        "priority" => Some(task.priority.word().to_owned()),
        "risk" => Some(task.risk.word().to_owned()),
        "role" => task.role.clone(),
        "repository" => task.repository.clone(),
        "agent" => task.agent.clone(),
        "permission" => task.permission.clone(),
        "budget" => task.budget.clone(),
        "parallel" => task.parallel.clone(),
        _ => task.parent.as_ref().map(|id| id.to_string()),
    };
    let words = |all: Vec<&str>| format!("one of {}", all.join(", "));
    let unfit = |fits: String| Error::usage(format!("`{}` is not a {field}", escape_line(value))).hint(fits);
    let new = match field {
        "title" => Some(one_line(value)?),
        "priority" => Some(
            Priority::parse(value)
                .ok_or_else(|| unfit(words(Priority::ALL.map(Priority::word).to_vec())))?
                .word()
                .to_owned(),
        ),
        "risk" => {
            Some(Risk::parse(value).ok_or_else(|| unfit(words(Risk::ALL.map(Risk::word).to_vec())))?.word().to_owned())
        }
        _ if value.is_empty() => None,
        "permission" => Some(
            Permission::parse(value)
                .ok_or_else(|| unfit(words(Permission::ALL.map(Permission::word).to_vec())))?
                .word()
                .to_owned(),
        ),
        "budget" => Some(Budget::parse(value)?.to_string()),
        "parallel" => match value.trim().parse::<u8>() {
            Ok(number) if number > 0 => Some(number.to_string()),
            _ => return Err(unfit("how many steps at once: a number from 1 on".to_owned())),
        },
        "parent" => Some(snapshot.resolve(value)?.to_string()),
        _ => Some(one_line(value)?),
    };
    Ok((old != new).then(|| Change::Set { field: field.to_owned(), from: old, to: new }))
}

fn element(snapshot: &Snapshot<'_>, field: &str, value: &str) -> Result<String> {
    match field {
        "dependencies" => Ok(snapshot.resolve(value)?.to_string()),
        _ => one_line(value).map_err(|_| Error::usage("a label cannot be empty")),
    }
}

fn holds(task: &Task, field: &str, value: &str) -> bool {
    match field {
        "labels" => task.labels.contains(value),
        _ => task.dependencies.iter().any(|id| id.as_str() == value),
    }
}

fn refuse_cycle(snapshot: &Snapshot<'_>, task: &Task, dependency: &str) -> Result<()> {
    let next = |id: &TaskId| -> Vec<TaskId> {
        let found = snapshot.find_task(id).ok().flatten();
        let mut next: Vec<TaskId> = found.map(|task| task.dependencies.into_iter().collect()).unwrap_or_default();
        next.extend((*id == task.id).then(|| TaskId::parse(dependency)).flatten());
        next
    };
    match readiness::find_cycle(&task.id, next) {
        None => Ok(()),
        Some(cycle) => {
            let way: Vec<String> = cycle.iter().map(|id| snapshot.short(id)).collect();
            Err(Error::usage(format!("that would be a circle: {}", way.join(" → "))))
        }
    }
}

/// Makes tasks ready to be run. Tasks that are ready already stay so; the others say why not.
pub fn ready(project: &Project, ids: &[TaskId]) -> Result<()> {
    project.store.transact(&project.person(), "ready", |snapshot, changes| {
        for id in ids {
            let task = snapshot.task(id)?;
            if task.status == Status::Backlog {
                changes.event(id, moved(&task, Status::Ready, None));
            }
        }
        Ok(())
    })
}

pub fn cancel(project: &Project, ids: &[TaskId], note: Option<&str>) -> Result<Vec<TaskId>> {
    each(project, "cancel", ids, |snapshot, task, changes| {
        if task.status == Status::Cancelled {
            return Ok(false);
        }
        if !task.status.may_become(Status::Cancelled) {
            return Err(not_now(snapshot, task, "be cancelled"));
        }
        for step in running_steps(task) {
            changes.event(&task.id, Change::StepReset { step, why: "the task was cancelled".to_owned() });
        }
        changes.event(&task.id, moved(task, Status::Cancelled, note));
        Ok(true)
    })
}

/// Puts tasks that wait, were cancelled or are under review back to work; a note goes to the agent, on finished work it
/// becomes a step of its own, and on what is merged a task of its own, which stands in the answer in its place.
pub fn retry(project: &Project, ids: &[TaskId], note: Option<&str>) -> Result<Vec<TaskId>> {
    let besides = Besides { words: note.filter(|note| !note.trim().is_empty()), ..Besides::default() };
    let mut approved = Vec::new();
    let mut followers: BTreeMap<TaskId, Follower> = BTreeMap::new();
    let changed = each(project, "retry", ids, |snapshot, task, changes| {
        if task.status == Status::Done && besides.words.is_some() {
            followers.insert(task.id.clone(), follow_up_task(project, snapshot, task, besides, changes)?);
            return Ok(true);
        }
        let next = match task.status {
            Status::Waiting | Status::Review => Status::Ready,
            Status::Cancelled => Status::Backlog,
            Status::Ready => return Ok(false),
            _ => return Err(not_now(snapshot, task, "be tried again")),
        };
        // Done once more, it is one result.
        if task.conflicts.iter().any(|conflict| conflict.kind == ConflictKind::Result) {
            changes.event(&task.id, settled(task, |conflict| conflict.kind == ConflictKind::Result));
        }
        changes.event(&task.id, moved(task, next, note));
        if let Some(text) = note {
            changes.event(&task.id, Change::Noted { text: text.to_owned() });
        }
        if let Some((_, digest)) = follow_up(project, snapshot, task, besides, changes)? {
            approved.push(digest);
            return Ok(true);
        }
        for step in steps_to_redo(snapshot, task)? {
            changes.event(&task.id, Change::StepReset { step, why: "asked to try again".to_owned() });
        }
        Ok(true)
    })?;
    for digest in &approved {
        project.store.local.vouch(Vouch::Approved, digest)?;
    }
    for follower in followers.values() {
        follower.vouch(project)?;
    }
    Ok(changed.into_iter().map(|id| followers.remove(&id).map_or(id, |follower| follower.id)).collect())
}

/// Puts tasks that a person wants looked at again in reach of a worker; steps that are done stay done.
pub fn ready_again(project: &Project, ids: &[TaskId], note: Option<&str>) -> Result<Vec<TaskId>> {
    make_ready(project, ids, note, None)
}

/// The same for a look, after which they go back to where they stand.
pub fn ready_for_a_look(project: &Project, ids: &[TaskId], note: Option<&str>) -> Result<Vec<TaskId>> {
    make_ready(project, ids, note, Some(LOOK))
}

fn make_ready(project: &Project, ids: &[TaskId], note: Option<&str>, why: Option<&str>) -> Result<Vec<TaskId>> {
    each(project, "ready", ids, |snapshot, task, changes| {
        if let Some(text) = note {
            changes.event(&task.id, Change::Noted { text: text.to_owned() });
        }
        match task.status {
            Status::Ready => Ok(false),
            Status::Backlog | Status::Waiting | Status::Review => {
                changes.event(&task.id, moved(task, Status::Ready, why));
                Ok(true)
            }
            _ => Err(not_now(snapshot, task, "be taken up")),
        }
    })
}

/// What was interrupted, and, where all is done and the whole was found wanting, the plan's last step: its agent gets
/// the note and what the gate said.
fn steps_to_redo(snapshot: &Snapshot<'_>, task: &Task) -> Result<Vec<String>> {
    let mut redo = running_steps(task);
    let (plan, _) = parse_plan(&snapshot.text(&task.id, TextFile::Plan)?);
    let all_done = plan.steps.iter().all(|step| task.step_is_done(&step.id));
    let wanting = task.status == Status::Review
        || matches!(task.reason, Some(Reason::GateFailed | Reason::ReviewRejected | Reason::NoWork));
    if all_done && wanting {
        redo.extend(plan.order().last().map(|step| step.id.clone()));
    }
    Ok(redo)
}

fn running_steps(task: &Task) -> Vec<String> {
    let running = task.steps.iter().filter(|(_, progress)| progress.state == Progress::Running);
    running.map(|(step, _)| step.clone()).collect()
}

/// A paused task is not started; one that runs is stopped by its worker, which watches for this.
pub fn set_paused(project: &Project, ids: &[TaskId], paused: bool) -> Result<Vec<TaskId>> {
    let subject = if paused { "pause" } else { "resume" };
    each(project, subject, ids, |snapshot, task, changes| {
        if task.status.is_closed() {
            return Err(not_now(snapshot, task, if paused { "be paused" } else { "be resumed" }));
        }
        // A parked task waits for a time; a person may say that it has waited long enough.
        if task.paused == paused && (paused || task.not_before.is_none()) {
            return Ok(false);
        }
        changes.event(&task.id, if paused { Change::Paused } else { Change::Resumed });
        Ok(true)
    })
}

/// One transaction over several tasks; the ids for which `change` said that it changed something.
fn each(
    project: &Project,
    subject: &str,
    ids: &[TaskId],
    mut change: impl FnMut(&Snapshot<'_>, &Task, &mut Changes) -> Result<bool>,
) -> Result<Vec<TaskId>> {
    project.store.transact(&project.person(), subject, |snapshot, changes| {
        let mut changed = Vec::new();
        for id in ids {
            if change(snapshot, &snapshot.task(id)?, changes)? {
                changed.push(id.clone());
            }
        }
        Ok(changed)
    })
}

pub(super) fn moved(task: &Task, to: Status, note: Option<&str>) -> Change {
    Change::Moved { from: task.status, to, reason: None, note: note.map(str::to_owned) }
}

fn not_now(snapshot: &Snapshot<'_>, task: &Task, what: &str) -> Error {
    let id = snapshot.short(&task.id);
    let error = Error::failed(format!("task {id} is {} and cannot {what}", task.status));
    match task.status {
        Status::Running => error.hint(format!("to end its run first: aifactory stop {id}")),
        Status::Done => error
            .hint(format!("to have more done: aifactory retry {id} -m \"what is missing\""))
            .hint("what is merged is undone with git revert"),
        _ => error.hint(format!("aifactory show {id}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_read_by_their_shape() {
        let set = |field, value: &str| Assignment::Set { field, value: value.into() };
        assert_eq!(parse_assignment("title=a = b").unwrap(), set("title", "a = b"));
        assert_eq!(parse_assignment("agent=").unwrap(), set("agent", ""));
        assert!(matches!(parse_assignment("label+=x").unwrap(), Assignment::Add { field: "labels", .. }));
        assert!(matches!(parse_assignment("after-=7k").unwrap(), Assignment::Remove { field: "dependencies", .. }));
    }

    #[test]
    fn machine_fields_and_mistakes_are_refused_with_a_way_on() {
        for (text, hint) in [
            ("status=done", "aifactory run, cancel, retry or approve move a task"),
            ("labels=x", "write labels+=x to add one, labels-=x to take one away"),
            ("title+=x", "write title=x"),
            ("prioritty=1", "perhaps priority"),
            ("nonsense", "write priority=high, labels+=ui, labels-=ui or dependencies+=<id>"),
        ] {
            assert_eq!(parse_assignment(text).unwrap_err().hints()[0], hint, "{text}");
        }
    }
}
