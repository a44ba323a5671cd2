//! Repositories whose storage gix cannot serve, noticed before anything is read or written.
//!
//! In a reftable repository gix 0.90 reports success for ref writes that git never sees; in a partial clone it does not
//! fetch what is missing. Both would look like an empty backlog, so both are refused.

use super::Repository;
use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsupported {
    Reftable,
    PartialClone,
}

impl Repository {
    pub fn find_unsupported(&self) -> Option<Unsupported> {
        let config = self.inner.config_snapshot();
        let is = |key: &str, value: &str| config.string(key).is_some_and(|v| v.eq_ignore_ascii_case(value.as_bytes()));
        if is("extensions.refStorage", "reftable") {
            return Some(Unsupported::Reftable);
        }
        let promisor = |name: &String| {
            let key = format!("remote.{name}.promisor");
            config.boolean(key.as_str()).unwrap_or(false)
        };
        let partial = config.string("extensions.partialClone").is_some() || self.remote_names().iter().any(promisor);
        partial.then_some(Unsupported::PartialClone)
    }

    pub fn require_storage(&self) -> Result<()> {
        let place = self.common_dir.display();
        match self.find_unsupported() {
            None => Ok(()),
            Some(Unsupported::Reftable) => Err(Error::failed(format!(
                "{place} keeps its refs in reftables, which aifactory cannot write safely yet"
            ))
            .hint("nothing was read or written; git refs migrate --ref-format=files converts the repository")),
            Some(Unsupported::PartialClone) => Err(Error::failed(format!(
                "{place} is a partial clone: objects are missing here, and aifactory does not fetch them yet"
            ))
            .hint("nothing was read or written; use a full clone: git clone without --filter")),
        }
    }
}
