//! The state: readable records in the tree of one ref, read as snapshots and written as transactions.
//!
//! A [`Snapshot`] never changes under its reader. A transaction is a pure closure from a snapshot to changes; only this
//! module turns changes into events, folds them, and writes records. The ref moves by compare-and-swap under a file lock
//! in the git directory, so an acknowledged write is there after `kill -9`, and two writers never overwrite each other.

mod clerk;
mod genesis;
mod index;
mod inspect;
mod layout;
mod local;
mod merge;
mod notes;
mod place;
mod redact;
mod snapshot;
mod transaction;
pub mod transcripts;

pub use clerk::LONGEST_TEXT;
pub use index::{Filter, Hit, Index, IndexRow, NearNote, NoteHit, Problem, RunFilter, RunSum, RunsBy, Vector, Vectors};
pub use inspect::{Flaw, inspect, inspect_commit};
pub use layout::task_of_path;
pub use local::{Local, Vouch};
pub use merge::{MergedTree, TakenIn};
pub use redact::Redactor;
pub use snapshot::{Found, Snapshot};
pub use transaction::{Author, Changes};

use crate::error::{Error, Result};
use crate::git::{Expected, Oid, Repository, Swap};
use crate::host::Host;

/// Where the state lives if nothing else is configured.
pub const DEFAULT_REF: &str = "refs/aifactory/state";

/// Hosts that accept nothing but branches get the state here.
pub const FALLBACK_REF: &str = "refs/heads/aifactory/state";

/// The names the state may have on a remote, the preferred one first.
pub fn state_names(store: &Store) -> Vec<String> {
    let mut names = vec![store.ref_name().to_owned()];
    for name in [DEFAULT_REF, FALLBACK_REF] {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

pub struct Store {
    /// Where the state is.
    pub repository: Repository,
    /// Where the code is, if not there, too: gix cannot serve that one.
    code: Option<Repository>,
    pub local: Local,
    host: Host,
    ref_name: String,
    redactor: Redactor,
    durable: bool,
}

impl Store {
    /// The store of a code repository, which may have no state yet.
    pub fn open(code: Repository, host: Host, ref_name: &str) -> Result<Store> {
        let local = Local::of(&code);
        let (repository, code) = match place::find(&code, &local, ref_name)? {
            Some(own) => (own, Some(code)),
            None => (code, None),
        };
        let variables =
            host.env.iter().map(|(k, v)| (k.to_string_lossy().into_owned(), v.to_string_lossy().into_owned()));
        let redactor = Redactor::new(variables);
        Ok(Store { repository, code, local, host, ref_name: ref_name.to_owned(), redactor, durable: false })
    }

    /// With `durable`, a transaction is on the disk before it is acknowledged, so that it also survives a power cut.
    #[must_use]
    pub fn durable(mut self, durable: bool) -> Store {
        self.durable = durable;
        self
    }

    /// Why the state is not in the code's repository, where it is not.
    pub fn find_own_store_reason(&self) -> Option<String> {
        self.code().find_own_store_reason()
    }

    /// Where the code is.
    pub fn code(&self) -> &Repository {
        self.code.as_ref().unwrap_or(&self.repository)
    }

    /// For one of many stores that are open at once: its repositories keep few objects in memory.
    pub fn remember_little(&mut self) {
        self.repository.remember_little();
        self.code.iter_mut().for_each(Repository::remember_little);
    }

    /// States that were found here and could not be joined with ours.
    pub fn quarantined(&self) -> Result<Vec<String>> {
        let refs = self.repository.refs_below(place::QUARANTINE)?;
        Ok(refs.into_iter().map(|(name, _)| name).collect())
    }

    pub fn host(&self) -> &Host {
        &self.host
    }

    pub fn ref_name(&self) -> &str {
        &self.ref_name
    }

    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub fn find_head(&self) -> Result<Option<Oid>> {
        self.repository.ref_target(&self.ref_name)
    }

    /// The state as it is now.
    pub fn snapshot(&self) -> Result<Snapshot<'_>> {
        let head = self.find_head()?.ok_or_else(|| {
            Error::missing(format!("this repository has no aifactory state ({} does not exist)", self.ref_name))
                .hint("to begin: aifactory init")
        })?;
        Snapshot::open(self, head)
    }

    /// Begins the state with the one commit that every state begins with. True where there was none.
    pub fn begin(&self) -> Result<bool> {
        if self.find_head()?.is_some() {
            self.snapshot()?;
            return Ok(false);
        }
        let _lock = self.local.write_lock()?;
        let genesis = genesis::write(&self.repository)?;
        let swap = self.repository.swap_ref(&self.ref_name, Expected::Absent, genesis, "aifactory: begin")?;
        Ok(swap == Swap::Done)
    }
}

#[cfg(test)]
mod tests;
