//! Refs move only by compare-and-swap: the expected old value is a parameter of every write.

use super::{Oid, Repository};
use crate::error::{Context, Error, Result};
use crate::host::files;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};
use std::path::PathBuf;
use std::time::Duration;

/// Writes that fail for another reason than a conflict or a lock are tried this often.
const MOST_TRIES: u32 = 3;

/// Each try waits for a tenth of a second by itself, so this is some ten seconds.
const MOST_WAITS: u32 = 100;

/// A ref is locked for milliseconds; a lock file of this age belongs to nobody.
const STALE_LOCK: Duration = Duration::from_secs(5);

/// What the ref must be for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Absent,
    Is(Oid),
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

impl Repository {
    /// Where a ref points, symbolic refs followed and tags peeled to their commit.
    pub fn ref_target(&self, name: &str) -> Result<Option<Oid>> {
        let found = self.inner.try_find_reference(name).context(|| format!("cannot read the ref {name}"))?;
        let Some(mut reference) = found else { return Ok(None) };
        let id = reference.peel_to_id().context(|| format!("cannot follow the ref {name}"))?;
        Ok(Some(id.detach()))
    }

    pub fn swap_ref(&self, name: &str, expected: Expected, new: Oid, message: &str) -> Result<Swap> {
        let change = Change::Update {
            log: LogChange {
                mode: RefLog::AndReference,
                force_create_reflog: true,
                message: message.lines().next().unwrap_or_default().into(),
            },
            expected: previous(expected),
            new: Target::Object(new),
        };
        self.edit_ref(name, change)
    }

    /// A ref that must not exist yet.
    pub fn create_ref(&self, name: &str, target: Oid, message: &str) -> Result<()> {
        match self.swap_ref(name, Expected::Absent, target, message)? {
            Swap::Done => Ok(()),
            Swap::Refused | Swap::Locked => Err(Error::failed(format!("the ref {name} cannot be created"))),
        }
    }

    pub fn delete_ref(&self, name: &str, expected: Oid) -> Result<Swap> {
        let change = Change::Delete { expected: previous(Expected::Is(expected)), log: RefLog::AndReference };
        self.edit_ref(name, change)
    }

    fn edit_ref(&self, name: &str, change: Change) -> Result<Swap> {
        let full_name = FullName::try_from(name).context(|| format!("`{name}` is not a ref name"))?;
        // A reflog needs somebody's name; who really acted is in the events.
        let committer = gix::actor::SignatureRef::from_bytes(b"aifactory <aifactory@localhost> 0 +0000").ok();
        let committer = self.inner.committer().and_then(|found| found.ok()).or(committer);
        let (mut tries, mut waits) = (0, 0);
        loop {
            let edit = RefEdit::new(full_name.clone(), change.clone());
            let Err(error) = self.inner.edit_references_as(Some(edit), committer) else { return Ok(Swap::Done) };
            match error.dominant_class() {
                Some(gix::error::Class::Conflict) => return Ok(Swap::Refused),
                Some(gix::error::Class::Retryable) if waits < MOST_WAITS => {
                    waits += 1;
                    self.clear_stale_lock(name)?;
                }
                Some(gix::error::Class::Retryable) => return Ok(Swap::Locked),
                // Whoever deletes the last ref of a folder deletes the folder, perhaps just as we write into it.
                _ if tries < MOST_TRIES => tries += 1,
                _ => return Err(Error::failed(format!("cannot move the ref {name}")).caused_by(error)),
            }
        }
    }

    /// A writer that was killed between lock and rename leaves git's lock file behind. On refs that only aifactory
    /// writes, an old one is removed; the user's branches are not touched.
    fn clear_stale_lock(&self, name: &str) -> Result<()> {
        let path = self.ref_lock_file(name);
        let ours = name.starts_with("refs/aifactory/") || name.starts_with("refs/heads/aifactory/");
        match files::age(&path) {
            Some(age) if ours && age > STALE_LOCK => files::remove_file(&path),
            _ => Ok(()),
        }
    }

    /// The lock file git would use for a ref that all worktrees share.
    pub fn ref_lock_file(&self, name: &str) -> PathBuf {
        self.common_dir.join(format!("{name}.lock"))
    }

    /// The branch HEAD names (without `refs/heads/`), also when it has no commit yet.
    pub fn head_branch(&self) -> Result<Option<String>> {
        let name = self.inner.head_name().context(|| "cannot read HEAD")?;
        Ok(name.and_then(|name| name.as_bstr().to_string().strip_prefix("refs/heads/").map(str::to_owned)))
    }

    /// The branch that HEAD of the main worktree names, whichever worktree we are in.
    pub fn main_branch(&self) -> Option<String> {
        let main = self.inner.main_repo().ok()?;
        let name = main.head_name().ok()??;
        name.as_bstr().to_string().strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// The branch a remote calls its default, as the clone recorded it.
    pub fn remote_default_branch(&self, remote: &str) -> Option<String> {
        let prefix = format!("refs/remotes/{remote}/");
        let head = self.inner.try_find_reference(format!("{prefix}HEAD").as_str()).ok()??;
        let name = head.target().try_name()?.as_bstr().to_string();
        name.strip_prefix(&prefix).map(str::to_owned)
    }

    /// The commit a person's revision names: a branch, a tag, `HEAD~2`, an id.
    pub fn find_commit_named(&self, revision: &str) -> Option<Oid> {
        let spec = format!("{revision}^{{commit}}");
        self.inner.rev_parse_single(spec.as_str()).ok().map(|id| id.detach())
    }

    /// Whether `ancestor` can be reached from `descendant`. A commit is its own ancestor.
    pub fn is_ancestor(&self, ancestor: Oid, descendant: Oid) -> Result<bool> {
        if ancestor == descendant {
            return Ok(true);
        }
        let base = self.inner.merge_base(ancestor, descendant);
        let base = base.context(|| format!("cannot compare the histories of {ancestor} and {descendant}"))?;
        Ok(base.is_some_and(|base| base.detach() == ancestor))
    }

    pub fn merge_base(&self, one: Oid, two: Oid) -> Option<Oid> {
        self.inner.merge_base(one, two).ok().flatten().map(|id| id.detach())
    }
}

fn previous(expected: Expected) -> PreviousValue {
    match expected {
        Expected::Absent => PreviousValue::MustNotExist,
        Expected::Is(oid) => PreviousValue::MustExistAndMatch(Target::Object(oid)),
    }
}
