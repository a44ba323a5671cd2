//! The bare repository beside the code's own one, where state lives that gix could not serve otherwise.
//!
//! It is complete by itself: no alternates lead out of it. Whatever it borrowed from the code's repository, the user's
//! next gc there might throw away. A single command that needs the objects of both names the other one for itself.

use super::{Oid, Repository};
use crate::error::{Context, Error, Result};
use crate::host::files::{self, FileLock};
use crate::process::Invocation;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Below the git directory that all worktrees share.
const PLACE: &str = "aifactory/store.git";

impl Repository {
    /// Where the state's own repository is, or would be.
    pub fn own_store_path(&self) -> PathBuf {
        self.common_dir.join(PLACE)
    }

    pub fn is_own_store(&self) -> bool {
        self.common_dir.ends_with(PLACE)
    }

    /// The state's own repository, if it was ever made.
    pub fn find_own_store(&self) -> Result<Option<Repository>> {
        let path = self.own_store_path();
        match path.exists() {
            true => Repository::open(&path).map(Some).context(|| format!("{} is damaged", path.display())),
            false => Ok(None),
        }
    }

    /// The state's own repository, made where it is missing. It appears by a rename, so it is never there in part.
    pub fn require_own_store(&self) -> Result<Repository> {
        if let Some(store) = self.find_own_store()? {
            return Ok(store);
        }
        let path = self.own_store_path();
        let _lock = FileLock::wait(&path.with_extension("lock"))?;
        if !path.exists() {
            let failed = || format!("cannot make the state's own repository {}", path.display());
            let draft = path.with_extension("git.tmp");
            // Somebody was killed while making it.
            if draft.exists() {
                std::fs::remove_dir_all(&draft).context(failed)?;
            }
            self.init_own_store(&draft).context(failed)?;
            std::fs::rename(&draft, &path).context(failed)?;
        }
        self.find_own_store()?.ok_or_else(|| Error::failed(format!("{} vanished", path.display())))
    }

    fn init_own_store(&self, draft: &Path) -> Result<()> {
        files::create_folder(draft)?;
        let format = format!("--object-format={}", self.inner.object_hash());
        let mut init = self.git_at(draft, &["init", "--quiet", "--bare", "--template=", &format]);
        // A flag for this is newer than the oldest git we work with, which has files only.
        init = init.env("GIT_DEFAULT_REF_FORMAT", "files");
        if let Some(shared) = self.config_value("core.sharedRepository") {
            init = init.arg(format!("--shared={shared}"));
        }
        init.run_ok()?;
        for (key, value) in [("gc.auto", "0"), ("maintenance.auto", "false")] {
            self.git_at(draft, &["config", key, value]).run_ok()?;
        }
        Ok(())
    }

    /// `git` in this repository that also sees the objects of `other`, for as long as it runs.
    pub(super) fn git_beside(&self, other: &Repository, args: &[&str]) -> Invocation {
        self.beside(other, self.git(args))
    }

    pub(super) fn beside(&self, other: &Repository, git: Invocation) -> Invocation {
        git.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted(&other.common_dir.join("objects")))
    }

    /// Copies everything that can be reached from `tip` out of `other`.
    pub fn take_objects(&self, other: &Repository, tip: Oid) -> Result<()> {
        let base = self.common_dir.join("objects/pack/pack");
        let pack = self.git_beside(other, &["pack-objects", "--quiet", "--revs", "--non-empty"]).arg(base);
        let pack = pack.named("git pack-objects").stdin(format!("{tip}\n").into_bytes());
        pack.run_ok().map(drop).context(|| format!("cannot copy {tip} and what belongs to it"))
    }
}

/// Git takes several folders with colons between them, and quotes around one that holds a colon itself.
fn quoted(path: &Path) -> OsString {
    let bytes = path.as_os_str().as_bytes();
    let mut quoted = vec![b'"'];
    for byte in bytes {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    OsString::from_vec(quoted)
}

#[cfg(test)]
mod tests;
