//! Transcripts on a remote: those of this clone go there where a person asked for it, those of others come when somebody
//! wants to read one. Each ref has one writer, so there is nothing to merge.

use super::Transport;
use super::sharing::Sharing;
use crate::error::Result;
use crate::git::{Expected, Oid, PushOutcome, PushUpdate};
use crate::model::run::Kept;
use crate::store::transcripts::{RUNS, is_older, own_refs};
use std::time::Duration;

/// Somebody who is not this clone moves its refs if this is not enough.
const MOST_TRIES: u32 = 3;

/// Publishes what is new here. What could not be published, in words.
pub fn push(sharing: &Sharing<'_>) -> Result<Vec<String>> {
    let repository = &sharing.project.store.repository;
    let _lock = sharing.project.store.local.lock(&format!("transcripts-{}", sharing.place.lock_name()))?;
    let mut notes = Vec::new();
    let mut new = Vec::new();
    for (name, tip) in own_refs(&sharing.project.store)? {
        let known = repository.ref_target(&tracking_ref(sharing, &name))?;
        if known != Some(tip) {
            new.push((name, tip, known));
        }
    }
    if new.is_empty() {
        return Ok(notes);
    }
    let transport = sharing.transport()?;
    for (name, tip, known) in new {
        let note = push_one(sharing, &transport, &name, tip, known)?;
        notes.extend(note.map(|why| format!("what agents printed did not go there as {name}: {why}")));
    }
    Ok(notes)
}

fn push_one(
    sharing: &Sharing<'_>,
    transport: &dyn Transport,
    name: &str,
    tip: Oid,
    known: Option<Oid>,
) -> Result<Option<String>> {
    let repository = &sharing.project.store.repository;
    let mut expected = known;
    for _ in 0..MOST_TRIES {
        let update = PushUpdate { name, expected: expected.map_or(Expected::Absent, Expected::Is), new: Some(tip) };
        match transport.push(&[update], &mut |_| {})? {
            PushOutcome::Accepted => return remember(sharing, name, Some(tip)).map(|()| None),
            PushOutcome::Declined { why, .. } => return Ok(Some(why)),
            PushOutcome::Stale(_) => {}
        }
        let there = transport.list(&[name])?.remove(name);
        let is_ours = |there: Oid| repository.has_commit(there) && repository.is_ancestor(there, tip).unwrap_or(false);
        if there.is_some_and(|there| !is_ours(there)) {
            return Ok(Some("somebody else writes it".to_owned()));
        }
        expected = there;
    }
    Ok(Some("it keeps moving".to_owned()))
}

/// Brings the ref that holds a transcript of another clone. False where it is not there.
pub fn fetch(sharing: &Sharing<'_>, kept: &Kept) -> Result<bool> {
    let store = &sharing.project.store;
    let name = format!("{RUNS}{}", kept.place);
    // Nobody but this clone writes what is its own.
    if own_refs(store)?.iter().any(|(own, _)| *own == name) {
        return Ok(false);
    }
    let _lock = store.local.lock(&format!("fetch-{}", sharing.place.lock_name()))?;
    let transport = sharing.transport()?;
    if !transport.list(&[&name])?.contains_key(&name) {
        return Ok(false);
    }
    transport.fetch(&name, &name, &mut |_| {})?;
    Ok(true)
}

/// Gives up this clone's own months there that ended longer than `age` ago. Their refs.
pub fn prune(sharing: &Sharing<'_>, age: Duration) -> Result<Vec<String>> {
    let store = &sharing.project.store;
    let (prefix, own) = (tracking_ref(sharing, RUNS), format!("/{}", sharing.live_name()?));
    let mut pruned = Vec::new();
    for (tracking, tip) in store.repository.refs_below(&prefix)? {
        let place = tracking.strip_prefix(&prefix).unwrap_or_default();
        if !place.ends_with(&own) || !is_older(place, store.host().now(), age) {
            continue;
        }
        let name = format!("{RUNS}{place}");
        let update = PushUpdate { name: &name, expected: Expected::Is(tip), new: None };
        let gone = match sharing.transport()?.push(&[update], &mut |_| {})? {
            PushOutcome::Accepted => true,
            PushOutcome::Stale(_) => !sharing.transport()?.list(&[&name])?.contains_key(&name),
            PushOutcome::Declined { .. } => false,
        };
        if gone {
            remember(sharing, &name, None)?;
            pruned.push(name);
        }
    }
    Ok(pruned)
}

/// Where a ref of transcripts was last put there.
fn tracking_ref(sharing: &Sharing<'_>, name: &str) -> String {
    let below = name.strip_prefix(RUNS).unwrap_or_default();
    sharing.place.tracking_ref().replace("/state", &format!("/runs/{below}"))
}

fn remember(sharing: &Sharing<'_>, name: &str, tip: Option<Oid>) -> Result<()> {
    let (repository, tracking) = (&sharing.project.store.repository, tracking_ref(sharing, name));
    let _ = match (repository.ref_target(&tracking)?, tip) {
        (known, Some(tip)) => {
            let expected = known.map_or(Expected::Absent, Expected::Is);
            repository.swap_ref(&tracking, expected, tip, "aifactory: transcripts")?
        }
        (Some(known), None) => repository.delete_ref(&tracking, known)?,
        (None, None) => return Ok(()),
    };
    Ok(())
}
