//! New worktrees. By gix: registration in a millisecond, then all cores write files. By git where gix cannot serve the
//! repository: it would write a HEAD that git does not read, or miss files that are yet to be fetched.

use super::{Oid, Repository};
use crate::error::{Context, Result};
use gix::refs::FullName;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// What HEAD of a new worktree is to be.
pub enum Head<'a> {
    Branch(&'a str),
    Detached(Oid),
}

impl Repository {
    /// Creates a linked worktree at `path`, which must not exist yet, with all files checked out.
    pub(super) fn check_out_new(&self, path: &Path, head: Head<'_>) -> Result<()> {
        let failed = || format!("cannot create the worktree {}", path.display());
        if self.find_own_store_reason().is_some() {
            return self.check_out_by_git(path, head).context(failed);
        }
        let mut repository = self.inner.clone();
        repository.committer_or_set_generic_fallback().context(failed)?;
        let head = match head {
            Head::Detached(commit) => gix::worktree::add::Head::Detached(commit),
            Head::Branch(name) => {
                let full_name = FullName::try_from(format!("refs/heads/{name}")).context(failed)?;
                gix::worktree::add::Head::Attached(full_name)
            }
        };
        let never = AtomicBool::new(false);
        repository.add_worktree(path, head, gix::progress::Discard, &never).context(failed)?;
        Ok(())
    }

    fn check_out_by_git(&self, path: &Path, head: Head<'_>) -> Result<()> {
        // Paths in the administration are absolute, as gix writes them.
        let add = self.git(&["-c", "worktree.useRelativePaths=false", "worktree", "add", "--quiet"]);
        match head {
            Head::Branch(name) => add.arg("--").arg(path).arg(name),
            Head::Detached(commit) => add.args(["--detach", "--"]).arg(path).arg(commit.to_string()),
        }
        .run_ok()
        .map(drop)
    }
}
