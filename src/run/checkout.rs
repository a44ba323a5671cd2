//! Worktrees for tasks: from the pool where one is parked, new otherwise; and one clean checkout for gates that decide.
//!
//! They live outside the user's tree. A worktree counts as made only when a mark says so, so one whose creation was cut
//! short is set aside and made again: no agent ever ran in it. Nothing is removed while anything in it is uncommitted: a
//! worktree is parked when its work is merged, and thrown away only when the pool is full.

use crate::error::{Context, Error, Kind, Result};
use crate::git::{Oid, Repository, Ties};
use crate::host::files::{self, FileLock};
use crate::model::{EventId, TaskId};
use crate::tasks::Project;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The one checkout for gates that decide.
const VERIFICATION: &str = "verification";

pub struct Checkouts<'p> {
    project: &'p Project,
    root: PathBuf,
    /// What a worktree beside the task's own is called after the task; empty for the task's own.
    suffix: String,
}

/// The worktree of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskCheckout {
    pub path: PathBuf,
    /// It was there before: parked, or left by an earlier attempt.
    pub reused: bool,
    /// Its setup has been completed since it was made or taken from the pool.
    pub is_set_up: bool,
    /// Something the user should know about it.
    pub note: Option<String>,
}

/// Held by whoever works in a task's worktree or takes it away: a worker until everything it started is gone.
#[derive(Debug)]
#[must_use = "the worktree is free again when this is dropped"]
pub struct WorktreeHold {
    _lock: FileLock,
}

impl<'p> Checkouts<'p> {
    pub fn of(project: &'p Project) -> Result<Checkouts<'p>> {
        // Git writes real paths into its own files; ours have to be the same.
        let root = files::real_path(&project.worktree_root()?);
        Ok(Checkouts { project, root, suffix: String::new() })
    }

    /// Those of one step that is worked on beside others, where one is named.
    pub fn beside(project: &'p Project, step: Option<&str>) -> Result<Checkouts<'p>> {
        let suffix = step.map(|step| format!("-{step}")).unwrap_or_default();
        Ok(Checkouts { suffix, ..Checkouts::of(project)? })
    }

    fn repository(&self) -> &Repository {
        self.project.repository()
    }

    pub fn path_of(&self, task: &TaskId) -> PathBuf {
        self.root.join(self.name_of(task))
    }

    fn name_of(&self, task: &TaskId) -> String {
        format!("{task}{}", self.suffix)
    }

    /// The task's worktree, if it has one.
    pub fn find(&self, task: &TaskId) -> Option<PathBuf> {
        Some(self.path_of(task)).filter(|path| path.join(".git").exists() && self.made_mark(task).exists())
    }

    /// Takes the worktree if nobody works in it.
    pub fn find_hold(&self, task: &TaskId) -> Result<Option<WorktreeHold>> {
        let path = self.project.store.local.root().join("holds").join(format!("{task}.lock"));
        Ok(FileLock::attempt(&path)?.map(|lock| WorktreeHold { _lock: lock }))
    }

    /// Waits until nobody works in the worktree: a worker that lost its task may still be ending its agent.
    pub fn hold(&self, task: &TaskId, stop: impl Fn() -> bool) -> Result<WorktreeHold> {
        loop {
            if let Some(hold) = self.find_hold(task)? {
                return Ok(hold);
            }
            if stop() {
                return Err(Error::new(Kind::Interrupted, "stopped"));
            }
            self.project.host.sleep(Duration::from_millis(100));
        }
    }

    /// The task's worktree on `branch`, which starts at `base` where it does not exist. The caller holds it.
    pub fn acquire(&self, task: &TaskId, branch: &str, base: Oid) -> Result<TaskCheckout> {
        let _lock = self.project.store.local.lock("worktrees")?;
        files::create_folder(&self.root)?;
        let path = self.path_of(task);
        self.mend(task)?;
        if self.find(task).is_some() && self.repository().worktree_state(&path).is_ok() {
            let note = self.put_on_branch(task, &path, branch, base)?;
            return Ok(TaskCheckout { path, reused: true, is_set_up: self.set_up_mark(task).exists(), note });
        }
        self.forget_marks(task)?;
        let note = self.set_aside(&path)?;
        let reused = match self.parked()?.pop() {
            Some(parked) => {
                self.repository().move_worktree(&parked, &path)?;
                self.repository().switch_worktree(&path, branch, base)?;
                true
            }
            None => {
                self.repository().add_worktree(&path, branch, base)?;
                false
            }
        };
        files::write_text(&self.made_mark(task), "")?;
        Ok(TaskCheckout { path, reused, is_set_up: false, note })
    }

    /// The task's worktree as it is, or one on no branch that holds `base`: for whoever only reads. The caller holds it.
    pub fn acquire_to_read(&self, task: &TaskId, base: Oid) -> Result<TaskCheckout> {
        let _lock = self.project.store.local.lock("worktrees")?;
        files::create_folder(&self.root)?;
        let path = self.path_of(task);
        self.mend(task)?;
        if self.find(task).is_some()
            && let Ok(state) = self.repository().worktree_state(&path)
        {
            // What somebody began is looked at as it is; what nobody works on yet follows the target.
            if state.branch.is_none() && state.dirty.is_empty() && state.head != Some(base) {
                self.repository().detach_worktree(&path, base)?;
                files::remove_file(&self.set_up_mark(task))?;
            }
            return Ok(TaskCheckout { path, reused: true, is_set_up: self.set_up_mark(task).exists(), note: None });
        }
        self.forget_marks(task)?;
        let note = self.set_aside(&path)?;
        let parked = self.parked()?.pop();
        match &parked {
            Some(parked) => {
                self.repository().move_worktree(parked, &path)?;
                self.repository().detach_worktree(&path, base)?;
            }
            None => self.repository().add_detached_worktree(&path, base)?,
        }
        files::write_text(&self.made_mark(task), "")?;
        Ok(TaskCheckout { path, reused: parked.is_some(), is_set_up: false, note })
    }

    /// A worktree that was left elsewhere goes back to its branch; what was not committed there is kept and named.
    fn put_on_branch(&self, task: &TaskId, path: &Path, branch: &str, base: Oid) -> Result<Option<String>> {
        let repository = self.repository();
        repository.clear_index_lock(path)?;
        if !self.suffix.is_empty() {
            self.end_operation(task, path, branch)?;
        } else if let Some(operation) = repository.find_operation(path)? {
            return Err(Error::person(format!("a {operation} is unfinished in {}", path.display()))
                .hint(format!("finish it there, or end it: git {operation} --abort"))
                .hint(format!("to begin anew: aifactory discard {task}")));
        }
        if repository.worktree_state(path)?.branch.as_deref() == Some(branch) {
            return Ok(None);
        }
        let saved = self.save(task, path)?;
        let before = repository.head_of(path)?;
        repository.drop_changes(path)?;
        repository.switch_worktree(path, branch, base)?;
        if repository.head_of(path)? != before {
            files::remove_file(&self.set_up_mark(task))?;
        }
        Ok(saved.map(|(commit, name)| format!("what lay in the worktree is kept: git show {commit} ({name})")))
    }

    /// Nobody works by hand beside a task: what is unfinished there was cut short with us. The commits it stood at, and
    /// what lay there, are kept.
    pub fn end_operation(&self, task: &TaskId, path: &Path, branch: &str) -> Result<()> {
        let repository = self.repository();
        if repository.find_operation(path)?.is_none() {
            return Ok(());
        }
        let (head, tip) = (repository.head_of(path)?, repository.branch_commit(branch)?);
        if self.save(task, path)?.is_none() && tip.is_none_or(|tip| !repository.is_ancestor(head, tip).unwrap_or(false))
        {
            self.keep_commit(task, head)?;
        }
        repository.end_operation(path)?;
        repository.drop_changes(path)
    }

    /// Keeps everything uncommitted as a commit under a ref of its own, without touching the worktree.
    pub fn save(&self, task: &TaskId, path: &Path) -> Result<Option<(Oid, String)>> {
        let id = self.project.host.event_id(self.project.host.now());
        let name = format!("refs/aifactory/saved/{task}/{id}");
        let by = super::worker::committer(self.project);
        let saved = self.repository().save_uncommitted(path, &name, "uncommitted work\n", &by)?;
        Ok(saved.map(|commit| (commit, name)))
    }

    /// Keeps a commit that is about to be left behind.
    pub fn keep_commit(&self, task: &TaskId, commit: Oid) -> Result<String> {
        let id: EventId = self.project.host.event_id(self.project.host.now());
        let name = format!("refs/aifactory/saved/{task}/{id}");
        self.repository().create_ref(&name, commit, "aifactory: kept")?;
        Ok(name)
    }

    /// Setup is through, and left this tree. Setup that was cut short is done again.
    pub fn note_set_up(&self, task: &TaskId, tree: Oid) -> Result<()> {
        files::write_text(&self.set_up_mark(task), &tree.to_string())
    }

    /// The tree that setup left, uncommitted files included: what is there later and not in it is somebody's work.
    pub fn find_baseline(&self, task: &TaskId) -> Result<Option<Oid>> {
        let text = files::load_text(&self.set_up_mark(task))?;
        Ok(text.and_then(|text| Repository::parse_oid(text.trim())))
    }

    /// The tree before the first try of a step that began at a commit: `now`, unless an earlier try was told another.
    pub fn note_step(&self, task: &TaskId, step: &str, begin: Oid, now: Oid) -> Result<Oid> {
        let mark = self.step_mark(task);
        let head = format!("{step} {begin} ");
        let known = files::load_text(&mark)?.and_then(|text| Repository::parse_oid(text.strip_prefix(&head)?.trim()));
        match known {
            Some(before) => Ok(before),
            None => files::write_text(&mark, &format!("{head}{now}\n")).map(|()| now),
        }
    }

    /// What ties the task's worktree to its repository, before something runs there that could change it.
    pub fn note_ties(&self, task: &str, ties: &Ties) -> Result<()> {
        files::write_text(
            &self.project.store.local.root().join("ties").join(format!("{task}{}", self.suffix)),
            &ties.to_text(),
        )
    }

    /// Sets right what an agent did to its worktree's administration if its worker died before it could. To be done
    /// before git is asked anything there: otherwise the agent chose the programs that git starts.
    pub fn mend(&self, task: &TaskId) -> Result<()> {
        let noted = self.project.store.local.root().join("ties").join(self.name_of(task));
        let Some(ties) = files::load_text(&noted)?.and_then(|text| Ties::parse(&text)) else { return Ok(()) };
        let path = self.path_of(task);
        if path.is_dir() {
            ties.restore()?;
            // A worktree that git has forgotten is set aside and made anew.
            if self.repository().find_admin_folder(&path).is_ok_and(|admin| admin.is_some()) {
                files::create_folder(&self.root.join("trash"))?;
                self.repository().repair_worktree(&path, &self.aside_name(&path))?;
            }
        }
        files::remove_file(&noted)
    }

    /// The parts of a task that have a worktree beside its own.
    pub fn beside_names(&self, task: &TaskId) -> Result<Vec<String>> {
        let names = files::names(&self.root)?;
        Ok(names.iter().filter_map(|name| name.strip_prefix(&format!("{task}-"))).map(str::to_owned).collect())
    }

    fn step_mark(&self, task: &TaskId) -> PathBuf {
        self.project.store.local.root().join("steps").join(self.name_of(task))
    }

    fn made_mark(&self, task: &TaskId) -> PathBuf {
        self.project.store.local.root().join("made").join(self.name_of(task))
    }

    fn set_up_mark(&self, task: &TaskId) -> PathBuf {
        self.project.store.local.root().join("set-up").join(self.name_of(task))
    }

    fn forget_marks(&self, task: &TaskId) -> Result<()> {
        files::remove_file(&self.made_mark(task))?;
        files::remove_file(&self.step_mark(task))?;
        files::remove_file(&self.set_up_mark(task))
    }

    /// Makes room at `path`: what is there is renamed, and git forgets the worktree.
    fn set_aside(&self, path: &Path) -> Result<Option<String>> {
        let mut note = None;
        if path.exists() {
            let aside = self.aside_name(path);
            files::create_folder(&self.root.join("trash"))?;
            std::fs::rename(path, &aside)
                .context(|| format!("cannot set {} aside as {}", path.display(), aside.display()))?;
            note = Some(format!("what was in {} is set aside in {}", path.display(), aside.display()));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.repository().forget_broken(&name)?;
        if self.repository().worktrees()?.iter().any(|listed| listed.path == path) {
            self.repository().remove_worktree(path)?;
        }
        Ok(note)
    }

    fn aside_name(&self, path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.root.join("trash").join(format!("{name}-{}", self.project.host.random_text(8)))
    }

    fn parked(&self) -> Result<Vec<PathBuf>> {
        let folder = self.root.join("parked");
        let paths = files::names(&folder)?.into_iter().map(|name| folder.join(name));
        let whole = |path: &PathBuf| {
            let state = self.repository().worktree_state(path);
            state.is_ok_and(|state| state.dirty.is_empty() && state.branch.is_none())
                && self.repository().find_operation(path).is_ok_and(|operation| operation.is_none())
        };
        Ok(paths.filter(|path| path.join(".git").exists()).filter(whole).collect())
    }

    /// Gives a worktree back to the pool. Refuses while anything in it is uncommitted, or somebody works in it.
    pub fn park(&self, task: &TaskId) -> Result<()> {
        let Some(path) = self.find(task) else { return Ok(()) };
        let Some(_hold) = self.find_hold(task)? else {
            return Err(Error::person(format!("somebody still works in {}", path.display())).hint("try again"));
        };
        self.park_held(task)
    }

    /// The same for whoever holds it.
    pub fn park_held(&self, task: &TaskId) -> Result<()> {
        let Some(path) = self.find(task) else { return Ok(()) };
        let _lock = self.project.store.local.lock("worktrees")?;
        let state = self.repository().worktree_state(&path)?;
        if !state.dirty.is_empty() {
            let error = format!("{} holds uncommitted work: {}", path.display(), state.dirty.join(", "));
            return Err(Error::person(error).hint("commit it there, or throw it away by name: aifactory discard <id>"));
        }
        let Some(head) = state.head else { return Ok(()) };
        // From here on it is nobody's: if this is cut short, the next one that needs it makes its own.
        self.forget_marks(task)?;
        if self.repository().find_operation(&path)?.is_some() {
            // Whatever stands there is on no branch yet.
            self.keep_commit(task, head)?;
            self.repository().end_operation(&path)?;
        }
        self.repository().detach_worktree(&path, head)?;
        self.repository().clean_worktree(&path, &self.project.settings.list("worktree.caches"))?;
        if self.parked()?.len() as u64 >= self.project.settings.number("worktree.parked") {
            return self.repository().remove_worktree(&path);
        }
        let folder = self.root.join("parked");
        files::create_folder(&folder)?;
        let free = (0..).map(|number| folder.join(number.to_string())).find(|path| !path.exists());
        let free = free.ok_or_else(|| Error::failed("the pool has no free place"))?;
        self.repository().move_worktree(&path, &free)
    }

    /// A kill while the checkout for gates was being made leaves something that no git command gets past. The caller holds
    /// the merge lock.
    pub fn forget_half_made_verification(&self) -> Result<()> {
        self.repository().forget_broken(VERIFICATION)
    }

    /// The checkout where gates decide, holding exactly `commit`. Nothing that an agent may have done to it counts: its
    /// index is built anew, so every file is compared by content. The caller holds the merge lock.
    pub fn verification(&self, commit: Oid) -> Result<PathBuf> {
        let _lock = self.project.store.local.lock("worktrees")?;
        files::create_folder(&self.root)?;
        let path = self.root.join(VERIFICATION);
        let caches = self.project.settings.list("worktree.caches");
        let usable = path.join(".git").exists() && self.repository().rebuild_worktree(&path, commit).is_ok();
        if usable {
            self.repository().clean_worktree(&path, &caches)?;
            return Ok(path);
        }
        self.set_aside(&path)?;
        self.repository().add_detached_worktree(&path, commit)?;
        Ok(path)
    }
}
