//! Refs that are files, read and written with gix.

use super::{Expected, RefEdit, RefStore, Swap};
use crate::error::{Context, Error, Result};
use crate::git::{Oid, Repository};
use crate::host::files;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefLog};
use gix::refs::{FullName, Target};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Writes that fail for another reason than a conflict or a lock are tried this often.
const MOST_TRIES: u32 = 3;

/// Each try waits for a tenth of a second by itself, so this is some ten seconds.
const MOST_WAITS: u32 = 100;

/// A ref is locked for milliseconds; a lock file of this age belongs to nobody.
const STALE_LOCK: Duration = Duration::from_secs(5);

/// The packed refs are locked by every write of gix, and by git while it packs or deletes, which writes beside the lock.
const STALE_PACKED_LOCK: Duration = Duration::from_secs(8);

pub(super) struct Files<'r>(pub &'r Repository);

impl RefStore for Files<'_> {
    fn target(&self, name: &str) -> Result<Option<Oid>> {
        let found = self.0.inner.try_find_reference(name).context(|| format!("cannot read the ref {name}"))?;
        let Some(mut reference) = found else { return Ok(None) };
        let id = reference.peel_to_id().context(|| format!("cannot follow the ref {name}"))?;
        Ok(Some(id.detach()))
    }

    fn head(&self) -> Result<Option<String>> {
        let name = self.0.inner.head_name().context(|| "cannot read HEAD")?;
        Ok(name.map(|name| name.as_bstr().to_string()))
    }

    fn main_head(&self) -> Result<Option<String>> {
        let failed = || "cannot read HEAD of the main worktree";
        let name = self.0.inner.main_repo().context(failed)?.head_name().context(failed)?;
        Ok(name.map(|name| name.as_bstr().to_string()))
    }

    fn symbolic_target(&self, name: &str) -> Result<Option<String>> {
        let found = self.0.inner.try_find_reference(name).context(|| format!("cannot read the ref {name}"))?;
        Ok(found.and_then(|found| Some(found.target().try_name()?.as_bstr().to_string())))
    }

    fn below(&self, prefix: &str) -> Result<Vec<(String, Oid)>> {
        let failed = || format!("cannot list the refs below {prefix}");
        let references = self.0.inner.references().context(failed)?;
        let mut found = Vec::new();
        for reference in references.prefixed(prefix).context(failed)? {
            let mut reference = reference.map_err(|error| Error::failed(failed()).caused_by(error))?;
            let name = reference.name().as_bstr().to_string();
            found.push((name, reference.peel_to_id().context(failed)?.detach()));
        }
        Ok(found)
    }

    fn find_commit(&self, revision: &str) -> Option<Oid> {
        let spec = format!("{revision}^{{commit}}");
        self.0.inner.rev_parse_single(spec.as_str()).ok().map(|id| id.detach())
    }

    fn is_in_worktree(&self, admin: &Path, name: &str) -> Result<bool> {
        Ok(admin.join(name).exists())
    }

    fn edit(&self, edit: &RefEdit<'_>) -> Result<Swap> {
        let name = edit.name;
        let full_name = FullName::try_from(name).context(|| format!("`{name}` is not a ref name"))?;
        let by = self.committer();
        let mut time = gix::date::parse::TimeBuf::default();
        let committer = Some(by.to_ref(&mut time));
        let (mut tries, mut waits) = (0, 0);
        loop {
            let change = gix::refs::transaction::RefEdit::new(full_name.clone(), change(edit));
            let Err(error) = self.0.inner.edit_references_as(Some(change), committer) else { return Ok(Swap::Done) };
            match error.dominant_class() {
                Some(gix::error::Class::Conflict) => return Ok(Swap::Refused),
                Some(gix::error::Class::Retryable) if waits < MOST_WAITS => {
                    waits += 1;
                    self.clear_stale_lock(name)?;
                }
                Some(gix::error::Class::Retryable) => return Ok(Swap::Locked),
                _ if !edit.expected.holds(self.target(name)?) => return Ok(Swap::Refused),
                // Whoever deletes the last ref of a folder deletes the folder, perhaps just as we write into it.
                _ if tries < MOST_TRIES => tries += 1,
                _ => return Err(Error::failed(format!("cannot move the ref {name}")).caused_by(error)),
            }
        }
    }

    fn lock_file(&self, name: &str) -> PathBuf {
        let (own, packed) = (self.0.common_dir.join(format!("{name}.lock")), self.packed_lock_file());
        if !own.exists() && packed.exists() { packed } else { own }
    }
}

impl Files<'_> {
    /// A reflog needs somebody's name; who really acted is in the events. gix would look up the local time for it, and
    /// read every folder of time zones on the way.
    fn committer(&self) -> gix::actor::Signature {
        let is_sound = |text: &String| !text.trim().is_empty() && !text.contains(['<', '>', '\n', '\0']);
        let value = |key: &str| self.0.config_value(key).filter(is_sound);
        gix::actor::Signature {
            name: value("user.name").unwrap_or_else(|| "aifactory".to_owned()).into(),
            email: value("user.email").unwrap_or_else(|| "aifactory@localhost".to_owned()).into(),
            time: gix::date::Time::now_utc(),
        }
    }

    /// A writer that was killed between lock and rename leaves git's lock file behind. On refs that only aifactory
    /// writes, an old one is removed; the user's branches are not touched.
    fn clear_stale_lock(&self, name: &str) -> Result<()> {
        let path = self.0.common_dir.join(format!("{name}.lock"));
        let ours = name.starts_with("refs/aifactory/") || name.starts_with("refs/heads/aifactory/");
        match files::age(&path) {
            Some(age) if ours && age > STALE_LOCK => files::remove_file(&path),
            _ => self.clear_stale_packed_lock(),
        }
    }

    /// gix holds this one while it moves any ref at all, so a writer that was killed just then would stop everybody, git
    /// included. A git that is at work has a fresh file beside it.
    fn clear_stale_packed_lock(&self) -> Result<()> {
        let path = self.packed_lock_file();
        let is_old = |path: &Path| files::age(path).is_none_or(|age| age > STALE_PACKED_LOCK);
        match path.exists() && is_old(&path) && is_old(&path.with_file_name("packed-refs.new")) {
            true => files::remove_file(&path),
            false => Ok(()),
        }
    }

    fn packed_lock_file(&self) -> PathBuf {
        self.0.common_dir.join("packed-refs.lock")
    }
}

fn change(edit: &RefEdit<'_>) -> Change {
    let expected = match edit.expected {
        Expected::Absent => PreviousValue::MustNotExist,
        Expected::Is(oid) => PreviousValue::MustExistAndMatch(Target::Object(oid)),
    };
    let Some(new) = edit.new else {
        return Change::Delete { expected, log: RefLog::AndReference };
    };
    let log =
        LogChange { mode: RefLog::AndReference, force_create_reflog: true, message: edit.message.to_owned().into() };
    Change::Update { log, expected, new: Target::Object(new) }
}
