//! Claims that were made here and not published yet. They are never merged: either the task can still be had on the state
//! that the remote holds now, and the claim goes along, or it cannot, and becomes a record of a lost claim.

use super::lines::{Line, Lines};
use crate::model::{Change, Event, EventId, Hlc, Status, Task, TaskId, Timestamp, fold};
use std::collections::BTreeMap;

/// The lines of `ours` with every claim that did not become global turned into a lost one. `theirs` is what the remote
/// holds. The answer follows from the two alone, so that doing it twice changes nothing.
pub fn reapply(id: &TaskId, ours: &Lines, theirs: &Lines) -> Lines {
    let claims: Vec<Line> = ours
        .events
        .values()
        .filter(|line| matches!(line.event.change, Change::Claimed { .. }) && !theirs.has(&line.event))
        .cloned()
        .collect();
    if claims.is_empty() {
        return ours.clone();
    }
    match refusal(id, ours, theirs, &claims) {
        None => ours.clone(),
        Some(why) => without(ours, theirs, &claims, &why),
    }
}

/// Why the claims cannot stand on what the remote holds.
fn refusal(id: &TaskId, ours: &Lines, theirs: &Lines, claims: &[Line]) -> Option<String> {
    let remote = fold(id, &theirs.events())?;
    let first = match &claims.first()?.event.change {
        Change::Claimed { claim, .. } => *claim,
        _ => return None,
    };
    if remote.fence >= first {
        return Some(match &remote.claim {
            Some(claim) => format!("{} on {} had claimed it before", claim.actor, claim.host),
            None => "it had been claimed elsewhere before".to_owned(),
        });
    }
    let meanwhile = theirs.events.values().filter(|line| !ours.has(&line.event));
    if let Some(line) = meanwhile.map(|line| &line.event).find(|event| stands_in_the_way(event)) {
        return Some(format!("{} had changed it meanwhile", line.actor));
    }
    if remote.status != Status::Ready && !is_made_ready_here(ours, theirs, claims) {
        return Some(format!("it was {} by then", remote.status));
    }
    // What counts in the end is what everybody will fold.
    let mut union = ours.clone();
    union.take_all(theirs);
    let last = claims.last().and_then(|line| line.event.session.clone());
    let stands = fold(id, &union.events()).is_some_and(|task: Task| task.holder == last);
    (!stands).then(|| "something else had happened to it meanwhile".to_owned())
}

/// Claimed in one go with what made it ready, all of it still unpublished.
fn is_made_ready_here(ours: &Lines, theirs: &Lines, claims: &[Line]) -> bool {
    let Some(first) = claims.first() else { return false };
    ours.events
        .values()
        .filter(|line| line.event.hlc < first.event.hlc && !theirs.has(&line.event))
        .any(|line| matches!(line.event.change, Change::Moved { to: Status::Ready, .. } | Change::Released { .. }))
}

/// Changes after which a claim would have to be looked at anew: the plan that is carried out may be another one.
fn stands_in_the_way(event: &Event) -> bool {
    !matches!(
        event.change,
        Change::Set { .. }
            | Change::Added { .. }
            | Change::Noted { .. }
            | Change::Said { .. }
            | Change::ClaimLost { .. }
            | Change::Unknown
    )
}

fn without(ours: &Lines, theirs: &Lines, claims: &[Line], why: &str) -> Lines {
    let mut left = ours.clone();
    for line in claims {
        left.events.remove(&(line.event.hlc, line.event.id.clone()));
    }
    let latest = |lines: &Lines| lines.events.keys().next_back().map_or(Hlc::default(), |(hlc, _)| *hlc);
    let mut last = latest(&left).max(latest(theirs));
    let results = results(ours);
    for line in claims {
        let Some(lost) = lost(&line.event, &results, why) else { continue };
        // A reading that follows from the events alone: doing this twice gives the same line.
        last = Hlc::next(last, Timestamp::default());
        let digest = crate::model::Digest::of(&line.raw);
        let event =
            Event { id: EventId::from_digest(last.time, &digest), hlc: last, change: lost, ..line.event.clone() };
        left.add(Line::of(event));
    }
    left
}

/// What each session had done: its last commit, and whether it had finished.
fn results(ours: &Lines) -> BTreeMap<String, (Option<String>, bool)> {
    let mut results: BTreeMap<String, (Option<String>, bool)> = BTreeMap::new();
    for line in ours.events.values() {
        let Some(session) = &line.event.session else { continue };
        let result = results.entry(session.clone()).or_default();
        match &line.event.change {
            Change::StepDone { commit: Some(commit), .. } => result.0 = Some(commit.clone()),
            Change::Moved { to: Status::Review, .. } => result.1 = true,
            _ => {}
        }
    }
    results
}

fn lost(event: &Event, results: &BTreeMap<String, (Option<String>, bool)>, why: &str) -> Option<Change> {
    let Change::Claimed { claim, host, branch, .. } = &event.change else { return None };
    let session = event.session.clone().unwrap_or_default();
    let (commit, finished) = results.get(&session).cloned().unwrap_or_default();
    Some(Change::ClaimLost {
        claim: *claim,
        host: host.clone(),
        branch: branch.clone(),
        event: event.id.clone(),
        at: event.hlc,
        why: why.to_owned(),
        commit,
        finished,
    })
}
