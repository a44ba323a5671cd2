//! What is peculiar about a repository's storage, read from its configuration before anything else.
//!
//! In a reftable repository gix 0.90 reports success for ref writes that git never sees, so refs go through the git
//! program there. In a partial clone gix does not fetch missing objects, so git is asked for them. Neither is a place
//! for the state, which then has a store of its own.

use super::Repository;

/// Read once when the repository is opened: git refuses to change the format under linked worktrees.
#[derive(Debug, Clone, Default)]
pub(super) struct Storage {
    /// Refs are in a format that gix does not know.
    pub foreign_refs: bool,
    /// Remotes that promised to give what is missing here.
    pub promisors: Vec<String>,
}

impl Storage {
    pub fn of(repository: &gix::Repository) -> Storage {
        let config = repository.config_snapshot();
        let format = config.string("extensions.refStorage");
        let is_promisor = |name: &String| config.boolean(format!("remote.{name}.promisor").as_str()).unwrap_or(false);
        let mut promisors: Vec<String> =
            repository.remote_names().into_iter().map(|name| name.to_string()).filter(is_promisor).collect();
        let named = config.string("extensions.partialClone").map(|name| name.to_string());
        promisors.extend(named.filter(|name| !promisors.contains(name)));
        Storage { foreign_refs: format.is_some_and(|format| !format.eq_ignore_ascii_case(b"files")), promisors }
    }
}

impl Repository {
    /// Why the state cannot live in this repository; nothing in an ordinary one.
    pub fn find_own_store_reason(&self) -> Option<String> {
        if self.storage.foreign_refs {
            return Some("the repository keeps its refs in reftables".to_owned());
        }
        let remotes = self.storage.promisors.join(", ");
        (!remotes.is_empty()).then(|| format!("the repository is a partial clone of {remotes}"))
    }
}
