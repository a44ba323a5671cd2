//! The sign of life of this clone: one ref on the remote that keeps changing while claims are held here.
//!
//! One process of the clone beats for all of them. When it last succeeded is written down with the machine's own
//! uptime, so that every worker here knows how long the others can still believe that it lives.

use super::place::Place;
use super::transport::Transport;
use crate::error::{Context, Result};
use crate::git::{Expected, Identity, Oid, PushOutcome, PushUpdate};
use crate::host::files;
use crate::store::Store;
use std::path::PathBuf;
use std::time::Duration;

/// What this clone is called below `refs/aifactory/live/`.
pub fn live_name(store: &Store) -> Result<String> {
    store.local.clone_name(store.host())
}

pub struct Heart<'a> {
    pub store: &'a Store,
    pub place: &'a Place,
    pub transport: &'a dyn Transport,
}

impl Heart<'_> {
    pub fn ref_name(&self) -> Result<String> {
        Ok(format!("refs/aifactory/live/{}", live_name(self.store)?))
    }

    /// Beats if the last beat is `every` ago, whoever of this clone made it. True if the clone is known to live now.
    pub fn beat_if_due(&self, every: Duration) -> Result<bool> {
        if self.age()?.is_some_and(|age| age < every) {
            return Ok(true);
        }
        // Somebody else of this clone is just at it.
        let Some(_lock) = self.store.local.find_lock(&format!("heart-{}", self.place.lock_name()))? else {
            return Ok(false);
        };
        self.beat()
    }

    fn beat(&self) -> Result<bool> {
        let started = self.store.host().uptime();
        let name = self.ref_name()?;
        let new = self.pulse()?;
        let known = self.known_ref();
        let mut expected = self.store.repository.ref_target(&known)?;
        for _ in 0..3 {
            let update =
                PushUpdate { name: &name, expected: expected.map_or(Expected::Absent, Expected::Is), new: Some(new) };
            match self.transport.push(&[update], &mut |_| {}) {
                Ok(PushOutcome::Accepted) => {
                    self.remember(&known, new)?;
                    self.write_down(started)?;
                    return Ok(true);
                }
                Ok(PushOutcome::Stale(_)) => {
                    let found = self.transport.list(&[&name])?;
                    expected = found.get(&name).copied();
                }
                Ok(PushOutcome::Declined { name, why }) => {
                    return Err(crate::error::Error::failed(format!(
                        "{} refuses {name}, the sign of life of this clone: {why}",
                        self.place.shown()
                    ))
                    .hint("claims of this clone look dead to others after their lease"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    /// A commit with no parents and nothing in it, different from every other.
    fn pulse(&self) -> Result<Oid> {
        let repository = &self.store.repository;
        let tree = repository.edit_tree(None, Vec::new())?;
        let message = format!("alive {}\n", self.store.host().random_text(20));
        let by = Identity {
            name: "aifactory".to_owned(),
            email: "aifactory@localhost".to_owned(),
            at: self.store.host().now(),
        };
        repository.write_commit(tree, &[], &message, &by)
    }

    fn known_ref(&self) -> String {
        self.place.tracking_ref().replace("/state", "/alive")
    }

    fn remember(&self, name: &str, new: Oid) -> Result<()> {
        let repository = &self.store.repository;
        let expected = repository.ref_target(name)?.map_or(Expected::Absent, Expected::Is);
        let _ = repository.swap_ref(name, expected, new, "aifactory: alive")?;
        Ok(())
    }

    /// The ref goes when nothing is held here any more.
    pub fn stop(&self) -> Result<()> {
        let known = self.known_ref();
        let Some(old) = self.store.repository.ref_target(&known)? else { return Ok(()) };
        let name = self.ref_name()?;
        let update = PushUpdate { name: &name, expected: Expected::Is(old), new: None };
        if let PushOutcome::Accepted = self.transport.push(&[update], &mut |_| {})? {
            let _ = self.store.repository.delete_ref(&known, old)?;
        }
        files::remove_file(&self.file())
    }

    /// How long ago the last beat that arrived was sent, by the machine's uptime.
    pub fn age(&self) -> Result<Option<Duration>> {
        let text = files::load_text(&self.file())?.unwrap_or_default();
        let mut words = text.split_whitespace();
        let (boot, at) = (words.next().unwrap_or_default(), words.next().and_then(|word| word.parse().ok()));
        let at = at.filter(|_| boot == self.store.host().boot()).map(Duration::from_millis);
        Ok(at.map(|at| self.store.host().uptime().saturating_sub(at)))
    }

    fn write_down(&self, started: Duration) -> Result<()> {
        let text = format!("{} {}\n", self.store.host().boot(), started.as_millis());
        files::write_text(&self.file(), &text).context(|| "cannot note the sign of life")
    }

    fn file(&self) -> PathBuf {
        self.store.local.root().join(format!("heart-{}", self.place.lock_name()))
    }
}
