//! What the exchange needs of a remote.

use crate::git::{FetchSpec, Oid, Progress, PushOutcome, PushUpdate, Remote, TransferError};
use std::collections::BTreeMap;

pub trait Transport {
    /// The refs that match; failing is never "absent".
    fn list(&self, patterns: &[&str]) -> Result<BTreeMap<String, Oid>, TransferError>;

    /// Brings the remote's ref `from` to the local ref `to`, wherever that was.
    fn fetch(&self, from: &str, to: &str, progress: &mut dyn FnMut(Progress)) -> Result<(), TransferError>;

    /// All updates or none.
    fn push(
        &self,
        updates: &[PushUpdate<'_>],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<PushOutcome, TransferError>;
}

/// A remote that the `git` program talks to.
pub struct GitTransport<'r>(pub Remote<'r>);

impl Transport for GitTransport<'_> {
    fn list(&self, patterns: &[&str]) -> Result<BTreeMap<String, Oid>, TransferError> {
        self.0.list(patterns)
    }

    fn fetch(&self, from: &str, to: &str, progress: &mut dyn FnMut(Progress)) -> Result<(), TransferError> {
        self.0.fetch(&[FetchSpec { from, to, force: true }], progress)
    }

    fn push(
        &self,
        updates: &[PushUpdate<'_>],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<PushOutcome, TransferError> {
        self.0.push(updates, updates.len() > 1, progress)
    }
}
