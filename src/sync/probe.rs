//! Finding out what a remote takes before anything depends on it: a ref of ours is pushed there, looked at, and taken
//! away again.

use super::sharing::Sharing;
use super::transport::Transport;
use crate::error::Result;
use crate::git::{Expected, Identity, Oid, PushOutcome, PushUpdate};
use crate::store::{Store, state_names};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// Somebody has shared the project there already.
    HasState,
    TakesRefs,
    /// The state will be a branch there.
    TakesBranches {
        why: String,
    },
    Refuses {
        why: String,
    },
}

pub fn probe(sharing: &Sharing<'_>) -> Result<Probe> {
    let store = &sharing.project.store;
    let transport = sharing.transport()?;
    let names = state_names(store);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if !transport.list(&names)?.is_empty() {
        return Ok(Probe::HasState);
    }
    let mark = store.host().random_text(12);
    let why = match attempt(store, &transport, &format!("refs/aifactory/probe-{mark}"))? {
        None => return Ok(Probe::TakesRefs),
        Some(why) => why,
    };
    Ok(match attempt(store, &transport, &format!("refs/heads/aifactory/probe-{mark}"))? {
        None => Probe::TakesBranches { why },
        Some(why) => Probe::Refuses { why },
    })
}

/// Why the remote does not take a ref of this name; nothing where it does, and gave it back as it was.
fn attempt(store: &Store, transport: &dyn Transport, name: &str) -> Result<Option<String>> {
    let new = something(store)?;
    let update = PushUpdate { name, expected: Expected::Absent, new: Some(new) };
    match transport.push(&[update], &mut |_| {})? {
        PushOutcome::Accepted => {}
        PushOutcome::Stale(_) => return Ok(Some("it was in the way of another ref".to_owned())),
        PushOutcome::Declined { why, .. } => return Ok(Some(why)),
    }
    let seen = transport.list(&[name])?.get(name).copied();
    // A probe that stays is a nuisance, and harms nobody.
    let removal = PushUpdate { name, expected: Expected::Is(new), new: None };
    let _ = transport.push(&[removal], &mut |_| {});
    Ok((seen != Some(new)).then(|| "it took the ref and does not show it".to_owned()))
}

fn something(store: &Store) -> Result<Oid> {
    let tree = store.repository.edit_tree(None, Vec::new())?;
    let by = Identity { name: "aifactory".into(), email: "aifactory@localhost".into(), at: store.host().now() };
    store.repository.write_commit(tree, &[], &format!("probe {}\n", store.host().random_text(12)), &by)
}
