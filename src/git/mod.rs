//! The only caller of git: gix for objects, refs and checkouts, the `git` program for what gix cannot do.
//!
//! gix breaks its interface often; nothing outside this folder names one of its types but [`Oid`]. A repository is
//! opened as git opens it: with `GIT_DIR` and its companions, from any subfolder, and refused when somebody else owns
//! it. The user's hooks, configuration, index and stash are left alone by every call in here.

mod branches;
mod checkout;
mod history;
mod objects;
mod own_store;
mod program;
mod promised;
mod raw;
mod refs;
mod remote;
mod remote_settings;
mod signature;
mod storage;
mod upkeep;
mod worktrees;

pub use branches::{Rebase, TargetMove};
pub use history::{Authored, Logged};
pub use objects::{Edit, Entry, EntryKind, Identity};
pub use program::QUIET;
pub use raw::{Header, Malformed, ObjectKind, RawCommit, RawEntry, RawTree};
pub use refs::{Expected, Swap};
pub use remote::{FetchSpec, Patience, Progress, PushOutcome, PushUpdate, Remote, TransferError, Trouble};
pub use remote_settings::with_settings;
pub use signature::{AllowedSigners, Signed};
pub use upkeep::Upkeep;
pub use worktrees::{TIES, Ties, WorktreeState, unknown_worktree};

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use storage::Storage;

/// The id of an object, SHA-1 or SHA-256 as the repository has it.
pub type Oid = gix::ObjectId;

/// An open repository. Cheap to clone; a clone may go to another thread.
#[derive(Clone)]
pub struct Repository {
    inner: gix::Repository,
    common_dir: PathBuf,
    storage: Storage,
}

impl Repository {
    /// The repository that `folder` belongs to, found the way git finds it.
    pub fn discover(folder: &Path) -> Result<Repository> {
        let trust = gix::sec::trust::Mapping { full: open_options(), reduced: open_options() };
        let found =
            gix::ThreadSafeRepository::discover_with_environment_overrides_opts(folder, Default::default(), trust);
        found.map(|found| Repository::wrap(found.to_thread_local())).map_err(|error| refused(folder, error))
    }

    /// The repository at exactly this path, whatever the environment says.
    pub fn open(path: &Path) -> Result<Repository> {
        gix::open_opts(path, open_options()).map(Repository::wrap).map_err(|error| refused(path, error))
    }

    fn wrap(mut inner: gix::Repository) -> Repository {
        inner.object_cache_size_if_unset(4 * 1024 * 1024);
        let common_dir = absolute(inner.common_dir());
        let storage = Storage::of(&inner);
        Repository { inner, common_dir, storage }
    }

    /// Keeps fewer objects in memory, for one of many repositories that are open at once.
    pub fn remember_little(&mut self) {
        self.inner.object_cache_size(256 * 1024);
    }

    /// The git directory that all worktrees share.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The git directory of this worktree.
    pub fn git_dir(&self) -> PathBuf {
        absolute(self.inner.git_dir())
    }

    /// Where the files of this worktree are; nothing in a bare repository.
    pub fn worktree_root(&self) -> Option<PathBuf> {
        self.inner.workdir().map(absolute)
    }

    /// Where the files of the main worktree are, also when this is a linked one.
    pub fn main_root(&self) -> Option<PathBuf> {
        let main = self.inner.main_repo().ok()?;
        main.workdir().map(absolute)
    }

    /// What people call the repository: the name of its folder.
    pub fn name(&self) -> String {
        let folder = self.main_root().unwrap_or_else(|| self.common_dir.clone());
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.strip_suffix(".git").filter(|stem| !stem.is_empty()).map_or(name.clone(), str::to_owned)
    }

    /// A value of git's own configuration.
    pub fn config_value(&self, key: &str) -> Option<String> {
        self.inner.config_snapshot().string(key).map(|value| value.to_string())
    }

    /// A file that git's configuration names, with `~` as git reads it. Relative paths begin at the main worktree.
    pub fn config_path(&self, key: &str) -> Option<PathBuf> {
        let path = self.inner.config_snapshot().trusted_path(key).ok()??;
        let has_folder = path.components().count() > 1;
        let root = self.main_root().filter(|_| path.is_relative() && has_folder);
        Some(root.map_or(path.clone(), |root| root.join(&path)))
    }

    pub fn remote_names(&self) -> Vec<String> {
        self.inner.remote_names().into_iter().map(|name| name.to_string()).collect()
    }
}

/// As git refuses repositories of other owners, and without replacement objects: an agent could write some.
fn open_options() -> gix::open::Options {
    // Waiting for git's locks is ours, with an eye on those that nobody holds any more.
    let overrides = ["gitoxide.objects.noReplace=true", "core.filesRefLockTimeout=100", "core.packedRefsTimeout=100"];
    gix::open::Options::default().bail_if_untrusted(true).config_overrides(overrides)
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn refused(path: &Path, error: gix::Error) -> Error {
    let chain = format!("{error:#} {error:?}");
    if chain.contains("untrusted") || chain.contains("unsafe") || chain.contains("Untrusted") {
        return Error::failed(format!("the repository at {} is owned by someone else", path.display()))
            .hint(format!("if you trust it: git config --global --add safe.directory {}", path.display()))
            .caused_by(error);
    }
    let unreadable = Error::missing(format!("{} is not in a git repository", path.display()));
    unreadable
        .hint("run this inside a repository, or name one: aifactory -C <dir>")
        .hint("to start one: git init")
        .caused_by(error)
}
