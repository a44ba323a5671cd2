//! Refs move only by compare-and-swap: the expected old value is a parameter of every write.
//!
//! Two ways lead to them, with the same promises: gix where refs are files, the git program where they are not.

mod files;
mod program;

#[cfg(test)]
mod tests;

use super::{Oid, Repository};
use crate::error::{Context, Error, Result};
use std::path::{Path, PathBuf};

/// What the ref must be for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Absent,
    Is(Oid),
}

impl Expected {
    fn holds(self, current: Option<Oid>) -> bool {
        match self {
            Expected::Absent => current.is_none(),
            Expected::Is(oid) => current == Some(oid),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a swap may have been refused"]
pub enum Swap {
    Done,
    /// The ref was not what was expected; nothing was written.
    Refused,
    /// Another program holds git's own lock on the ref, or died while it did; nothing was written.
    Locked,
}

/// One ref, and what is to become of it.
struct RefEdit<'a> {
    name: &'a str,
    expected: Expected,
    /// Absent where the ref goes.
    new: Option<Oid>,
    /// One line for the log.
    message: &'a str,
}

/// Where the refs of a repository are. Names are full ones.
trait RefStore {
    fn target(&self, name: &str) -> Result<Option<Oid>>;
    /// The ref that HEAD of this worktree names, also one that does not exist yet.
    fn head(&self) -> Result<Option<String>>;
    /// The same of the main worktree.
    fn main_head(&self) -> Result<Option<String>>;
    /// The ref that a symbolic ref names.
    fn symbolic_target(&self, name: &str) -> Result<Option<String>>;
    fn below(&self, prefix: &str) -> Result<Vec<(String, Oid)>>;
    fn find_commit(&self, revision: &str) -> Option<Oid>;
    /// Whether a worktree has a ref of its own such as `CHERRY_PICK_HEAD`.
    fn is_in_worktree(&self, admin: &Path, name: &str) -> Result<bool>;
    fn edit(&self, edit: &RefEdit<'_>) -> Result<Swap>;
    fn lock_file(&self, name: &str) -> PathBuf;
}

impl Repository {
    fn refs(&self) -> Box<dyn RefStore + '_> {
        match self.storage.foreign_refs {
            false => Box::new(files::Files(self)),
            true => Box::new(program::Program(self)),
        }
    }

    /// Where a ref points, symbolic refs followed and tags peeled to their commit.
    pub fn ref_target(&self, name: &str) -> Result<Option<Oid>> {
        self.refs().target(name)
    }

    /// All refs whose names begin with `prefix`, which ends with a slash, and where they point.
    pub fn refs_below(&self, prefix: &str) -> Result<Vec<(String, Oid)>> {
        self.refs().below(prefix)
    }

    pub fn swap_ref(&self, name: &str, expected: Expected, new: Oid, message: &str) -> Result<Swap> {
        let message = message.lines().next().unwrap_or_default();
        self.refs().edit(&RefEdit { name, expected, new: Some(new), message })
    }

    /// A ref that must not exist yet.
    pub fn create_ref(&self, name: &str, target: Oid, message: &str) -> Result<()> {
        match self.swap_ref(name, Expected::Absent, target, message)? {
            Swap::Done => Ok(()),
            Swap::Refused | Swap::Locked => Err(Error::failed(format!("the ref {name} cannot be created"))),
        }
    }

    pub fn delete_ref(&self, name: &str, expected: Oid) -> Result<Swap> {
        self.refs().edit(&RefEdit { name, expected: Expected::Is(expected), new: None, message: "" })
    }

    /// The lock file git would use for a ref that all worktrees share.
    pub fn ref_lock_file(&self, name: &str) -> PathBuf {
        self.refs().lock_file(name)
    }

    /// The branch HEAD names (without `refs/heads/`), also when it has no commit yet.
    pub fn head_branch(&self) -> Result<Option<String>> {
        Ok(self.refs().head()?.and_then(|name| Some(name.strip_prefix("refs/heads/")?.to_owned())))
    }

    /// The branch that HEAD of the main worktree names, whichever worktree we are in.
    pub fn main_branch(&self) -> Option<String> {
        let name = self.refs().main_head().ok()??;
        name.strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// The branch a remote calls its default, as the clone recorded it.
    pub fn remote_default_branch(&self, remote: &str) -> Option<String> {
        let prefix = format!("refs/remotes/{remote}/");
        let name = self.refs().symbolic_target(&format!("{prefix}HEAD")).ok()??;
        name.strip_prefix(&prefix).map(str::to_owned)
    }

    /// The commit a person's revision names: a branch, a tag, `HEAD~2`, an id.
    pub fn find_commit_named(&self, revision: &str) -> Option<Oid> {
        self.refs().find_commit(revision)
    }

    pub(super) fn is_worktree_ref(&self, admin: &Path, name: &str) -> Result<bool> {
        self.refs().is_in_worktree(admin, name)
    }

    /// Whether `ancestor` can be reached from `descendant`. A commit is its own ancestor.
    pub fn is_ancestor(&self, ancestor: Oid, descendant: Oid) -> Result<bool> {
        if ancestor == descendant {
            return Ok(true);
        }
        self.require_here(ancestor)?;
        self.require_here(descendant)?;
        let base = self.inner.merge_base(ancestor, descendant);
        let base = base.context(|| format!("cannot compare the histories of {ancestor} and {descendant}"))?;
        Ok(base.is_some_and(|base| base.detach() == ancestor))
    }

    pub fn merge_base(&self, one: Oid, two: Oid) -> Option<Oid> {
        self.inner.merge_base(one, two).ok().flatten().map(|id| id.detach())
    }
}
