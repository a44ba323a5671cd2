//! From events to a record: pure, and the same on every machine that has the same events.
//!
//! Events are folded in the order of their hybrid clock and id. An event below the fence of an earlier acquisition is
//! ignored: it comes from a worker that had lost its claim without knowing. Each human field is last-writer-wins by that
//! same order, and sets are folded element by element.

use super::event::Draft;
use super::{
    Approval, Change, Claim, Delivery, Event, Priority, Progress, Reason, Risk, Source, Status, StepProgress, Task,
    TaskId, TextFile,
};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// TOML's integers end there, and no honest history comes near.
const LARGEST: u64 = i64::MAX as u64;

/// Folds all events of a task. Nothing where no event creates it.
pub fn fold(id: &TaskId, events: &[Event]) -> Option<Task> {
    let mut ordered: Vec<&Event> = events.iter().collect();
    // Only a forger gives one id to two events; their own text then decides which of them is left.
    let by_text = |a: &Event, b: &Event| if a == b { Ordering::Equal } else { a.to_line().cmp(&b.to_line()) };
    ordered.sort_by(|a, b| (a.hlc, &a.id).cmp(&(b.hlc, &b.id)).then_with(|| by_text(a, b)));
    ordered.dedup_by(|a, b| a.id == b.id);
    let mut events = ordered.into_iter().skip_while(|event| !matches!(event.change, Change::Created { .. }));
    let first = events.next()?;
    let mut task = Task::new(id.clone(), String::new(), first.hlc.time, first.id.clone());
    apply(&mut task, first);
    events.for_each(|event| apply(&mut task, event));
    Some(task)
}

/// Takes one more event into the record.
pub fn apply(task: &mut Task, event: &Event) {
    task.updated = task.updated.max(event.hlc);
    task.last_event = event.id.clone();
    if event.fence.is_some_and(|fence| fence < task.fence) {
        return;
    }
    match &event.change {
        Change::Created { draft } => create(task, draft),
        Change::Set { field, to, .. } => set_field(task, field, to.as_deref()),
        Change::Added { field, value } => change_set(task, field, value, true),
        Change::Removed { field, value } => change_set(task, field, value, false),
        Change::Text { file, to, .. } => match file {
            TextFile::Spec => task.spec = Some(to.clone()),
            TextFile::Plan => task.plan = Some(to.clone()),
        },
        Change::Moved { to, reason, note, .. } => move_to(task, *to, *reason, note.clone(), event.fence.is_none()),
        Change::Claimed { claim, host, lease_seconds, branch } => {
            take_claim(task, event, *claim, host, *lease_seconds, branch)
        }
        Change::Released { claim: Some(claim), .. } if *claim != task.fence => {}
        Change::Released { recovery, .. } => release(task, *recovery),
        Change::Approved { digest, base, policy, .. } => {
            task.approval = Some(Approval {
                digest: digest.clone(),
                base: base.clone(),
                by: event.actor.clone(),
                at: event.hlc.time,
                policy: *policy,
            });
        }
        Change::Rejected { .. } => task.approval = None,
        Change::StepStarted { step, .. } => {
            let progress = step_progress(task, step);
            progress.state = Progress::Running;
            progress.attempts = progress.attempts.saturating_add(1).min(LARGEST);
        }
        Change::StepDone { step, commit, content } => {
            let progress = step_progress(task, step);
            progress.state = Progress::Done;
            progress.commit = commit.clone();
            progress.content = content.clone();
        }
        Change::StepReset { step, .. } => step_progress(task, step).state = Progress::Pending,
        Change::Delivering { target, commit, from } => {
            task.delivery =
                Some(Delivery { target: target.clone(), commit: commit.clone(), from: from.clone(), done: false });
        }
        Change::Delivered { .. } => {
            if let Some(delivery) = &mut task.delivery {
                delivery.done = true;
            }
        }
        Change::Paused => task.paused = true,
        Change::Resumed => task.paused = false,
        Change::Parked { until, .. } => task.not_before = Some(*until),
        Change::Imported { fields, .. } => overlay(task, fields),
        Change::RunStarted { .. }
        | Change::RunEnded { .. }
        | Change::Gated { .. }
        | Change::TextImported { .. }
        | Change::Noted { .. } => {}
    }
}

fn create(task: &mut Task, draft: &Draft) {
    let draft = draft.clone();
    task.title = draft.title;
    task.priority = draft.priority;
    task.risk = draft.risk;
    task.labels = draft.labels;
    task.dependencies = draft.dependencies;
    task.role = draft.role;
    task.repository = draft.repository;
    task.agent = draft.agent;
    task.parent = draft.parent;
    task.source = draft.source.map(recordable);
}

fn recordable(source: Source) -> Source {
    Source { line: source.line.min(LARGEST), ..source }
}

/// Fields that hold one value. What does not parse is left as it was: the command that wrote the event has checked it.
fn set_field(task: &mut Task, field: &str, to: Option<&str>) {
    let text = to.map(str::to_owned);
    match field {
        "title" => task.title = text.unwrap_or_default(),
        "priority" => task.priority = to.and_then(Priority::parse).unwrap_or_default(),
        "risk" => task.risk = to.and_then(Risk::parse).unwrap_or_default(),
        "role" => task.role = text,
        "repository" => task.repository = text,
        "agent" => task.agent = text,
        "parent" => task.parent = to.and_then(TaskId::parse),
        "source" => task.source = to.and_then(|json| serde_json::from_str(json).ok()).map(recordable),
        _ => {}
    }
}

fn change_set(task: &mut Task, field: &str, value: &str, add: bool) {
    match field {
        "labels" if add => {
            task.labels.insert(value.to_owned());
        }
        "labels" => {
            task.labels.remove(value);
        }
        "dependencies" => {
            let Some(id) = TaskId::parse(value) else { return };
            if add {
                task.dependencies.insert(id);
            } else {
                task.dependencies.remove(&id);
            }
        }
        _ => {}
    }
}

fn move_to(task: &mut Task, to: Status, reason: Option<Reason>, note: Option<String>, by_person: bool) {
    task.status = to;
    task.reason = reason;
    task.note = note;
    if to != Status::Running {
        task.claim = None;
    }
    if to == Status::Ready || to.is_closed() {
        task.not_before = None;
    }
    if by_person && to == Status::Ready {
        task.recoveries = 0;
    }
}

fn take_claim(task: &mut Task, event: &Event, fence: u64, host: &str, lease_seconds: u64, branch: &str) {
    if fence <= task.fence || fence > LARGEST {
        return;
    }
    task.fence = fence;
    task.status = Status::Running;
    task.reason = None;
    task.note = None;
    task.branch.get_or_insert_with(|| branch.to_owned());
    task.claim = Some(Claim {
        session: event.session.clone().unwrap_or_default(),
        actor: event.actor.clone(),
        host: host.to_owned(),
        fence,
        since: event.hlc.time,
        lease_seconds: lease_seconds.min(LARGEST),
    });
}

fn release(task: &mut Task, recovery: bool) {
    task.claim = None;
    task.recoveries = task.recoveries.saturating_add(u64::from(recovery)).min(LARGEST);
    if task.status == Status::Running {
        task.status = Status::Ready;
    }
    for progress in task.steps.values_mut() {
        if progress.state == Progress::Running {
            progress.state = Progress::Pending;
        }
    }
}

fn step_progress<'a>(task: &'a mut Task, step: &str) -> &'a mut StepProgress {
    task.steps.entry(step.to_owned()).or_insert(StepProgress {
        state: Progress::Pending,
        attempts: 0,
        commit: None,
        content: None,
    })
}

/// Lays fields that a person edited over a folded record.
pub fn overlay(task: &mut Task, fields: &BTreeMap<String, toml::Value>) {
    fields.iter().for_each(|(name, value)| import_field(task, name, value));
}

/// A field as a person edited it in the file. Sets replace as a whole here: the edit was of the whole record.
fn import_field(task: &mut Task, name: &str, value: &toml::Value) {
    let texts = || value.as_array().into_iter().flatten().filter_map(|v| v.as_str());
    match name {
        "labels" => task.labels = texts().map(str::to_owned).collect(),
        "dependencies" => task.dependencies = texts().filter_map(TaskId::parse).collect(),
        _ => set_field(task, name, value.as_str().filter(|text| !text.is_empty())),
    }
}

#[cfg(test)]
mod tests;
