//! A target that others work from, too: it is brought up to date before the merge and moved on the remote before it is
//! moved here, so that two machines never land on different ends.

use super::round::{Queue, dirty_target};
use crate::error::{Error, Result};
use crate::git::{Expected, Oid, PushOutcome, PushUpdate, TargetMove};
use crate::sync::{Sharing, Transport};

/// What the remote said to the target's new commit.
pub enum Published {
    Done,
    /// Somebody else was faster.
    Again,
    Refused(Error),
}

impl Queue<'_> {
    fn shared_target(&self) -> Result<Option<Sharing<'_>>> {
        if !self.options.publish || self.bench.local {
            return Ok(None);
        }
        Sharing::find(self.project)
    }

    /// Brings the target to where it is on the remote. An error to show where that cannot be.
    pub fn catch_up(&self, target: &str) -> Result<Option<Error>> {
        let Some(sharing) = self.shared_target()? else { return Ok(None) };
        let repository = self.project.repository();
        let (Some(there), Some(here)) = (sharing.fetch_branch(target)?, repository.branch_commit(target)?) else {
            return Ok(None);
        };
        if here == there {
            return Ok(None);
        }
        let place = sharing.place.shown();
        if !repository.is_ancestor(here, there)? {
            let error = Error::person(format!("{target} has commits here that are not on {place}"));
            return Ok(Some(error.hint(format!("push them first: git push {place} {target}"))));
        }
        Ok(match repository.move_target(target, here, there)? {
            TargetMove::Done => None,
            TargetMove::Elsewhere => Some(Error::failed(format!("{target} moved meanwhile")).hint("try again")),
            TargetMove::Occupied => Some(Error::person(format!("{target} is being rebased or bisected"))),
            TargetMove::Locked(path) => Some(Error::person(format!("{target} is locked by {}", path.display()))),
            TargetMove::CheckedOutDirty { path, files } => Some(dirty_target(target, &path, &files)),
        })
    }

    /// A branch whose work has landed goes from the remote, too, if it is as we left it there.
    pub fn forget_branch(&self, branch: &str) -> Result<()> {
        let Some(sharing) = self.shared_target()? else { return Ok(()) };
        let repository = self.project.repository();
        let note = sharing.place.branch_ref(branch);
        let Some(there) = repository.ref_target(&note)? else { return Ok(()) };
        let name = format!("refs/heads/{branch}");
        let update = PushUpdate { name: &name, expected: Expected::Is(there), new: None };
        let _ = sharing.code_transport().push(&[update], &mut |_| {})?;
        let _ = repository.delete_ref(&note, there)?;
        Ok(())
    }

    /// Moves the target on the remote, if it still is where the merge was made for.
    pub fn publish_target(&self, target: &str, from: Oid, commit: Oid) -> Result<Published> {
        let Some(sharing) = self.shared_target()? else { return Ok(Published::Done) };
        let name = format!("refs/heads/{target}");
        let expected = match sharing.fetch_branch(target)? {
            // Pushed before, and the answer was lost.
            Some(there) if self.project.repository().is_ancestor(commit, there)? => return Ok(Published::Done),
            Some(there) if there != from => return Ok(Published::Again),
            Some(there) => Expected::Is(there),
            None => Expected::Absent,
        };
        let update = PushUpdate { name: &name, expected, new: Some(commit) };
        Ok(match sharing.code_transport().push(&[update], &mut |_| {})? {
            PushOutcome::Accepted => Published::Done,
            PushOutcome::Stale(_) => Published::Again,
            PushOutcome::Declined { why, .. } => Published::Refused(
                Error::person(format!("{} does not take {target}: {why}", sharing.place.shown()))
                    .hint("its rules may want a pull request; the work stays under review"),
            ),
        })
    }
}
