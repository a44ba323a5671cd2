//! Worktrees for tasks: from the pool where one is parked, new otherwise; and one clean checkout for gates that decide.
//!
//! They live outside the user's tree. Nothing is removed while anything in it is uncommitted: a worktree is parked when
//! its work is merged, and thrown away only when the pool is full.

use crate::error::{Context, Error, Result};
use crate::git::{Oid, Repository, WorktreeState};
use crate::host::files;
use crate::model::TaskId;
use crate::tasks::Project;
use std::path::{Path, PathBuf};

pub struct Checkouts<'p> {
    project: &'p Project,
    root: PathBuf,
}

/// The worktree of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskCheckout {
    pub path: PathBuf,
    /// It was there before: parked, or left by an earlier attempt.
    pub reused: bool,
    /// Its setup has been completed since it was made or taken from the pool.
    pub is_set_up: bool,
}

impl<'p> Checkouts<'p> {
    pub fn of(project: &'p Project) -> Result<Checkouts<'p>> {
        let root = project.worktree_root()?;
        Ok(Checkouts { project, root })
    }

    fn repository(&self) -> &Repository {
        self.project.repository()
    }

    pub fn path_of(&self, task: &TaskId) -> PathBuf {
        self.root.join(task.as_str())
    }

    /// The task's worktree, if it has one.
    pub fn find(&self, task: &TaskId) -> Option<PathBuf> {
        Some(self.path_of(task)).filter(|path| path.join(".git").exists())
    }

    /// The task's worktree on `branch`, which starts at `base` where it does not exist.
    pub fn acquire(&self, task: &TaskId, branch: &str, base: Oid) -> Result<TaskCheckout> {
        let _lock = self.project.store.local.lock("worktrees")?;
        files::create_folder(&self.root)?;
        let path = self.path_of(task);
        if path.join(".git").exists() && self.repository().worktree_state(&path).is_ok() {
            return Ok(TaskCheckout { path, reused: true, is_set_up: self.set_up_file(task).exists() });
        }
        files::remove_file(&self.set_up_file(task))?;
        self.forget_what_is_gone(&path)?;
        if let Some(parked) = self.parked()?.pop() {
            self.repository().move_worktree(&parked, &path)?;
            self.repository().switch_worktree(&path, branch, base)?;
            return Ok(TaskCheckout { path, reused: true, is_set_up: false });
        }
        self.repository().add_worktree(&path, branch, base)?;
        Ok(TaskCheckout { path, reused: false, is_set_up: false })
    }

    /// Setup that was cut short is done again; this remembers that it was not.
    pub fn note_set_up(&self, task: &TaskId) -> Result<()> {
        files::write_text(&self.set_up_file(task), "")
    }

    fn set_up_file(&self, task: &TaskId) -> PathBuf {
        self.project.store.local.root().join("set-up").join(task.as_str())
    }

    /// A worktree that was deleted behind git's back is still registered; what is left of its folder is set aside.
    fn forget_what_is_gone(&self, path: &Path) -> Result<()> {
        if path.exists() {
            let aside = self.trash_name(path);
            files::create_folder(&self.root.join("trash"))?;
            std::fs::rename(path, &aside)
                .context(|| format!("cannot set {} aside as {}", path.display(), aside.display()))?;
        }
        if self.repository().worktrees()?.iter().any(|listed| listed.path == path) {
            self.repository().remove_worktree(path)?;
        }
        Ok(())
    }

    fn trash_name(&self, path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.root.join("trash").join(format!("{name}-{}", self.project.host.now().millis()))
    }

    fn parked(&self) -> Result<Vec<PathBuf>> {
        let folder = self.root.join("parked");
        let paths = files::names(&folder)?.into_iter().map(|name| folder.join(name));
        Ok(paths.filter(|path| path.join(".git").exists()).collect())
    }

    /// Gives a worktree back to the pool. Refuses while anything in it is uncommitted.
    pub fn park(&self, task: &TaskId) -> Result<()> {
        let Some(path) = self.find(task) else { return Ok(()) };
        let _lock = self.project.store.local.lock("worktrees")?;
        let state = self.repository().worktree_state(&path)?;
        refuse_dirty(&path, &state)?;
        let Some(head) = state.head else { return Ok(()) };
        files::remove_file(&self.set_up_file(task))?;
        self.repository().detach_worktree(&path, head)?;
        self.repository().clean_worktree(&path, &self.project.settings.list("worktree.caches"))?;
        let parked = self.parked()?;
        if parked.len() as u64 >= self.project.settings.number("worktree.parked") {
            return self.repository().remove_worktree(&path);
        }
        let folder = self.root.join("parked");
        files::create_folder(&folder)?;
        let free = (0..).map(|number| folder.join(number.to_string())).find(|path| !path.exists());
        let free = free.ok_or_else(|| Error::failed("the pool has no free place"))?;
        self.repository().move_worktree(&path, &free)
    }

    /// The checkout where gates decide: no agent ever wrote in it. The caller holds the merge lock.
    pub fn verification(&self, commit: Oid) -> Result<PathBuf> {
        let _lock = self.project.store.local.lock("worktrees")?;
        files::create_folder(&self.root)?;
        let path = self.root.join("verification");
        let caches = self.project.settings.list("worktree.caches");
        if path.join(".git").exists() && self.repository().detach_worktree(&path, commit).is_ok() {
            self.repository().clean_worktree(&path, &caches)?;
            return Ok(path);
        }
        self.forget_what_is_gone(&path)?;
        self.repository().add_detached_worktree(&path, commit)?;
        Ok(path)
    }
}

fn refuse_dirty(path: &Path, state: &WorktreeState) -> Result<()> {
    if state.dirty.is_empty() {
        return Ok(());
    }
    Err(Error::person(format!("{} holds uncommitted work: {}", path.display(), state.dirty.join(", ")))
        .hint("commit it there, or throw it away by name: aifactory discard <id>"))
}
