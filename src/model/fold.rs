//! From events to a record: pure, and the same on every machine that has the same events.
//!
//! Events are folded in the order of their hybrid clock and id. An event of a worker counts only under the fence and
//! session of the last acquisition: any other comes from one that had lost its claim without knowing. Each human field
//! is last-writer-wins by that same order, and sets are folded element by element, where an addition that a removal did
//! not see stays. Moves that do not follow from each other can only come from clones that were apart.

use super::event::Draft;
use super::{
    Approval, Change, Claim, Conflict, ConflictKind, Delivery, Event, EventId, Priority, Progress, Proposal, Reason,
    Risk, Source, Status, StepProgress, Task, TaskId, TextFile, Warrant,
};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

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
    let Change::Created { draft } = &first.change else { return None };
    let mut task = Task::new(id.clone(), String::new(), first.hlc.time, first.id.clone());
    let mut additions = Additions::default();
    create(&mut task, draft);
    task.updated = first.hlc;
    additions.see(first);
    for event in events {
        let removal_was_blind = additions.see(event);
        if !removal_was_blind {
            apply(&mut task, event);
        } else {
            note_event(&mut task, event);
        }
    }
    Some(task)
}

/// Which events put an element into a set. A removal takes away those it saw; where another one is left, somebody added
/// the element meanwhile, and it stays.
#[derive(Default)]
struct Additions<'e> {
    of: BTreeMap<(&'e str, &'e str), BTreeSet<&'e EventId>>,
}

impl<'e> Additions<'e> {
    /// True for a removal that leaves the element in its set.
    fn see(&mut self, event: &'e Event) -> bool {
        match &event.change {
            Change::Created { draft } => {
                let labels = draft.labels.iter().map(|label| ("labels", label.as_str()));
                let dependencies = draft.dependencies.iter().map(|id| ("dependencies", id.as_str()));
                labels.chain(dependencies).for_each(|key| self.add(key, &event.id));
            }
            Change::Added { field, value } => self.add((field, value), &event.id),
            Change::Removed { field, value, saw } => {
                let left = self.of.entry((field, value)).or_default();
                if saw.is_empty() {
                    left.clear();
                }
                left.retain(|by| !saw.contains(by));
                return !left.is_empty();
            }
            // A hand edit says what the whole set is.
            Change::Imported { fields, .. } => {
                for (field, value) in
                    fields.iter().filter(|(field, _)| matches!(field.as_str(), "labels" | "dependencies"))
                {
                    self.of.retain(|(set, _), _| *set != field.as_str());
                    let values = value.as_array().into_iter().flatten().filter_map(|value| value.as_str());
                    values.for_each(|value| self.add((field, value), &event.id));
                }
            }
            _ => {}
        }
        false
    }

    fn add(&mut self, key: (&'e str, &'e str), by: &'e EventId) {
        self.of.entry(key).or_default().insert(by);
    }
}

/// The events that put `value` into a set and were not removed since: what a removal sees.
pub fn additions_of(events: &[Event], field: &str, value: &str) -> Vec<EventId> {
    let mut ordered: Vec<&Event> = events.iter().collect();
    ordered.sort_by(|a, b| (a.hlc, &a.id).cmp(&(b.hlc, &b.id)));
    let mut additions = Additions::default();
    for event in ordered {
        additions.see(event);
    }
    additions.of.remove(&(field, value)).into_iter().flatten().cloned().collect()
}

fn note_event(task: &mut Task, event: &Event) {
    task.updated = task.updated.max(event.hlc);
    task.last_event = event.id.clone();
}

/// Whether an event comes from a worker whose claim does not count: it has lost it, or never had it.
fn is_stale(task: &Task, event: &Event) -> bool {
    event.fence.is_some_and(|fence| fence != task.fence || event.session != task.holder)
}

/// Takes one more event into the record.
pub fn apply(task: &mut Task, event: &Event) {
    note_event(task, event);
    if is_stale(task, event) {
        keep_second_result(task, event);
        return;
    }
    match &event.change {
        // The first one counts.
        Change::Created { .. } => {}
        Change::Set { field, to, .. } => set_field(task, field, to.as_deref()),
        Change::Added { field, value } => change_set(task, field, value, true),
        Change::Removed { field, value, .. } => change_set(task, field, value, false),
        Change::Text { file, to, .. } => {
            match file {
                TextFile::Spec => task.spec = Some(to.clone()),
                TextFile::Plan => task.plan = Some(to.clone()),
            }
            task.sent_back = None;
        }
        Change::Moved { from, to, reason, note } => {
            if !try_move(task, event, *from, *to) {
                return;
            }
            move_to(task, *to, *reason, note.clone(), event.fence.is_none());
        }
        Change::Claimed { claim, host, lease_seconds, branch, live } => {
            let claim = Claim {
                session: event.session.clone().unwrap_or_default(),
                actor: event.actor.clone(),
                host: host.clone(),
                fence: *claim,
                since: event.hlc.time,
                lease_seconds: (*lease_seconds).min(LARGEST),
                live: live.clone(),
            };
            take_claim(task, claim, branch);
        }
        Change::ClaimLost { .. } => keep_second_result(task, event),
        // Several may have noticed that the holder is gone.
        Change::Released { claim: Some(ended), .. } if task.claim.as_ref().map(|claim| claim.fence) != Some(*ended) => {
        }
        Change::Released { recovery, .. } => release(task, *recovery),
        Change::Approved { digest, base, policy, warrant, .. } => {
            task.approval = Some(Approval {
                digest: digest.clone(),
                base: base.clone(),
                by: warrant.as_ref().map_or(&*event.actor, Warrant::by).to_owned(),
                at: event.hlc.time,
                policy: *policy,
                warrant: warrant.clone(),
            });
            task.sent_back = None;
        }
        Change::Rejected { digest, .. } => {
            task.approval = None;
            task.sent_back = digest.clone();
        }
        Change::Proposed { branch, file, commit, base, before, digest, pushed } => {
            task.proposal = Some(Proposal {
                branch: branch.clone(),
                file: file.clone(),
                commit: commit.clone(),
                base: base.clone(),
                before: before.clone(),
                digest: digest.clone(),
                by: event.actor.clone(),
                at: event.hlc.time,
                pushed: *pushed,
                ended: None,
            });
        }
        Change::ProposalEnded { proposed, how, .. } => {
            if let Some(proposal) = task.proposal.as_mut().filter(|proposal| proposal.commit == *proposed) {
                proposal.ended = Some(*how);
            }
        }
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
        Change::Resumed => {
            task.paused = false;
            task.not_before = None;
        }
        Change::Parked { until, .. } => task.not_before = Some(*until),
        Change::Imported { fields, .. } => overlay(task, fields),
        Change::Settled { conflicts } => task.conflicts.retain(|conflict| !conflicts.contains(&conflict.id)),
        Change::RunStarted { .. }
        | Change::RunEnded { .. }
        | Change::MessagesDelivered { .. }
        | Change::Gated { .. }
        | Change::PhaseDone { .. }
        | Change::Reviewed { .. }
        | Change::ReviewWaived { .. }
        | Change::TextSeen { .. }
        | Change::TextImported { .. }
        | Change::Noted { .. }
        | Change::Said { .. }
        | Change::Unknown => {}
    }
    contest(task);
}

/// Whether a move counts where the task stands. Histories that were made apart can hold moves that do not follow from
/// each other; then the table decides, but that the target has the work is a fact and overrides it.
fn try_move(task: &mut Task, event: &Event, from: Status, to: Status) -> bool {
    // Who made it ready elsewhere, not knowing that it was and has been claimed since, takes it from nobody.
    if task.status == Status::Running && to == Status::Ready && from != Status::Running {
        return false;
    }
    if task.status == from || task.status.may_become(to) {
        return true;
    }
    match (task.status, to) {
        (Status::Done, Status::Cancelled) => {
            add_conflict(task, cancelled(event, "it was merged all the same"));
            false
        }
        (Status::Cancelled, Status::Done) => {
            add_conflict(task, cancelled(event, "it had been cancelled elsewhere and was merged all the same"));
            true
        }
        (_, Status::Done) => true,
        _ => false,
    }
}

fn cancelled(event: &Event, what: &str) -> Conflict {
    Conflict::new(ConflictKind::Cancelled, &[event.id.as_str()], what.to_owned(), None)
}

fn add_conflict(task: &mut Task, conflict: Conflict) {
    if !task.conflicts.iter().any(|known| known.id == conflict.id) {
        task.conflicts.push(conflict);
        task.conflicts.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
    }
}

/// A worker that finished under a fence that somebody else's claim has reached or passed: its result is kept for a person
/// to choose. Claims that were given back before may have used up any number of fences on either side.
fn keep_second_result(task: &mut Task, event: &Event) {
    if let Change::ClaimLost { claim, host, branch, commit, finished: true, .. } = &event.change
        && *claim <= task.fence
        && !task.status.is_closed()
    {
        let who = format!("{} on {host} finished it, too, under a claim that did not count", event.actor);
        let other = commit.clone().unwrap_or_else(|| branch.clone());
        let session = event.session.as_deref().unwrap_or_default();
        add_conflict(task, Conflict::new(ConflictKind::Result, &[session], who, Some(other)));
        contest(task);
    }
}

/// Two finished results of one task are a person's choice.
fn contest(task: &mut Task) {
    let contested = task.conflicts.iter().any(|conflict| conflict.kind == ConflictKind::Result);
    if task.status == Status::Review && contested {
        task.status = Status::Waiting;
        task.reason = Some(Reason::Contested);
        task.note = Some("two workers finished it; both results are kept".to_owned());
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
        "permission" => task.permission = text,
        "budget" => task.budget = text,
        "parallel" => task.parallel = text,
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

/// A claim counts if it is the next one. That the task was ready is checked when the claim is made and again when it is
/// published; what people did meanwhile elsewhere does not take a published claim back, but closing the task does.
fn take_claim(task: &mut Task, claim: Claim, branch: &str) {
    if claim.fence <= task.fence || claim.fence > LARGEST || task.status.is_closed() {
        return;
    }
    task.fence = claim.fence;
    task.holder = Some(claim.session.clone());
    task.status = Status::Running;
    task.reason = None;
    task.note = None;
    task.branch.get_or_insert_with(|| branch.to_owned());
    task.claim = Some(claim);
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
