//! Steps worked on at the same time: each in a worktree and on a branch of its own, brought together one by one.
//!
//! The steps of a wave name different files. Where one changed what another did all the same, the later one is done once
//! more on its own, and what it had is kept under a ref. A wave that brings nothing forward is not tried again: from there
//! on the steps go one after another.

use super::aim::Goal;
use super::flow::Phasing;
use super::{Settled, Worker};
use crate::error::{Error, Kind, Result};
use crate::git::{Oid, Rebase};
use crate::model::plan::Step;
use crate::model::{Change, Progress, Status, TaskId, Timestamp};
use crate::run::checkout::Checkouts;
use crate::run::environment::Variables;
use crate::run::event::RunEventKind;
use crate::run::ports;
use crate::run::worker::committer;
use crate::tasks::Project;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// What a worker is that carries one step of a wave.
pub(super) struct Beside {
    pub step: String,
    /// Something keeps the task from going on, and it is to be given back until then.
    parked: RefCell<Option<(Timestamp, String)>>,
}

impl Beside {
    pub fn put_off(&self, until: Option<(Timestamp, String)>) {
        self.parked.replace(until);
    }
}

/// What became of one step of a wave.
enum Fate {
    /// Its work is on its own branch.
    Done,
    /// It did not get there; it is tried again on its own.
    Failed(String),
    /// The task cannot go on by itself.
    Held {
        settled: Settled,
        parked: Option<(Timestamp, String)>,
    },
    Interrupted(Error),
}

impl Worker<'_> {
    /// How many steps of this task are worked on at once.
    pub(super) fn most_at_once(&self) -> Result<usize> {
        let own = self.current_task()?.parallel.and_then(|text| text.parse().ok());
        let most = own.unwrap_or_else(|| self.project.settings.number("run.parallel"));
        Ok(usize::try_from(most).unwrap_or(1).max(1))
    }

    /// The steps that are done on this branch.
    pub(super) fn done_steps(&self, steps: &[Step], worktree: &Path) -> Result<BTreeSet<String>> {
        let task = self.current_task()?;
        let repository = self.project.repository();
        let head = repository.head_of(worktree)?;
        let is_done = |step: &&Step| {
            task.steps
                .get(&step.id)
                .is_some_and(|progress| progress.state == Progress::Done && self.is_work_of(progress, step, head))
        };
        Ok(steps.iter().filter(is_done).map(|step| step.id.clone()).collect())
    }

    /// Works on the steps at the same time. The ids of those that are done, or how the task settles.
    pub(super) fn wave(&self, phasing: &Phasing<'_>, steps: &[Step], of: usize) -> Result<Result<usize, Settled>> {
        self.keep_uncommitted(phasing.worktree)?;
        let repository = self.project.repository();
        let base = repository.head_of(phasing.worktree)?;
        let names: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
        self.reporter.tell(RunEventKind::Note { text: format!("side by side: {}", names.join(", ")) });
        let fates = std::thread::scope(|scope| {
            let started: Vec<_> = steps
                .iter()
                .map(|step| {
                    let seed = self.seed();
                    scope.spawn(move || seed.carry(phasing, step, of, base))
                })
                .collect();
            let ended = started
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| Err(Error::failed("a step's worker broke down"))));
            ended.collect::<Vec<Result<Fate>>>()
        });
        let (mut done, mut held, mut error) = (0, None, None);
        for (step, fate) in steps.iter().zip(fates) {
            match fate {
                Ok(Fate::Done) => done += usize::from(self.bring_in(phasing, step)?),
                Ok(Fate::Failed(why)) => self.note(&format!("{} is done once more, on its own: {why}", step.id))?,
                Ok(Fate::Held { settled, parked }) => held = held.or(Some((settled, parked))),
                Ok(Fate::Interrupted(why)) => error = Some(why),
                Err(why) => error = error.or(Some(why)),
            }
        }
        match (error, held) {
            (Some(error), _) => Err(error),
            (None, None) => Ok(Ok(done)),
            (None, Some((settled, Some((until, why))))) => {
                drop(settled);
                self.park_until(until, &why, |_| Ok(())).map(Err)
            }
            (None, Some((settled, None))) => {
                self.settle(settled.status, settled.reason, settled.note, |_| Ok(())).map(Err)
            }
        }
    }

    fn seed(&self) -> Seed {
        Seed {
            target: self.project.target.as_ref().and_then(|target| target.commit),
            host: self.project.host.clone(),
            folder: self
                .project
                .repository()
                .main_root()
                .unwrap_or_else(|| self.project.repository().common_dir().to_owned()),
            task: self.task.clone(),
            title: self.title.clone(),
            author: self.author.clone(),
            session: self.session.clone(),
            branch: self.branch.clone(),
            bench: self.bench.clone(),
            stop: self.stop.clone(),
            reporter: self.reporter.clone(),
        }
    }

    /// Puts a step's work on top of the task's branch. False where it does not go together with what is there: it is
    /// kept, and the step is to be done again.
    fn bring_in(&self, phasing: &Phasing<'_>, step: &Step) -> Result<bool> {
        let repository = self.project.repository();
        let checkouts = Checkouts::beside(self.project, Some(&step.id))?;
        let branch = branch_beside(&self.branch, &step.id);
        let Some(tip) = repository.branch_commit(&branch)? else {
            return Err(Error::failed(format!("the branch {branch} with the work of {} is gone", step.id)));
        };
        let head = repository.head_of(phasing.worktree)?;
        let path = checkouts.path_of(&self.task);
        let commit = match repository.rebase(&path, tip, head, &committer(self.project))? {
            Rebase::Clean(commit) => commit,
            Rebase::Conflict(paths) => {
                let kept = checkouts.keep_commit(&self.task, tip)?;
                self.note(&format!(
                    "{} does not go together with the others in {}; it is done once more, and what it had is kept: {kept}",
                    step.id,
                    paths.join(", ")
                ))?;
                self.clear_beside(&step.id, tip)?;
                return Ok(false);
            }
        };
        repository.reset_worktree(phasing.worktree, commit)?;
        self.record(&format!("{} done", step.id), |_, changes| {
            let content = Some(step.content());
            let commit = Some(commit.to_string());
            changes.event(&self.task, Change::StepDone { step: step.id.clone(), commit, content });
            Ok(())
        })?;
        self.reporter.tell(RunEventKind::StepDone { step: step.id.clone(), commit: Some(commit.to_string()) });
        self.clear_beside(&step.id, tip)?;
        Ok(true)
    }

    /// The step's own worktree serves others again, and its branch goes. Its work is on the task's branch, or kept.
    fn clear_beside(&self, step: &str, tip: Oid) -> Result<()> {
        let checkouts = Checkouts::beside(self.project, Some(step))?;
        checkouts.park_held(&self.task)?;
        self.project.repository().delete_merged_branch(&branch_beside(&self.branch, step), tip)?;
        Ok(())
    }
}

/// What a wave that was cut short left behind: worktrees of single steps, and their branches. Whatever in them is nowhere
/// else is kept under refs, whose names are returned. The caller holds the task's worktree.
pub fn clear_what_waves_left(project: &Project, task: &TaskId, branch: &str) -> Result<Vec<String>> {
    let repository = project.repository();
    let head = repository.branch_commit(branch)?;
    let mut kept = Vec::new();
    for step in &left_beside(project, task, branch)? {
        let checkouts = Checkouts::beside(project, Some(step))?;
        let own = branch_beside(branch, step);
        let tip = repository.branch_commit(&own)?;
        let path = checkouts.find(task);
        if path.is_none() && tip.is_none() {
            continue;
        }
        if let Some(path) = path {
            checkouts.mend(task)?;
            repository.clear_index_lock(&path)?;
            checkouts.end_operation(task, &path, &own)?;
            kept.extend(checkouts.save(task, &path)?.map(|(_, name)| name));
            repository.drop_changes(&path)?;
            checkouts.park_held(task)?;
        }
        if let Some(tip) = tip {
            let is_there = head.is_some_and(|head| repository.is_ancestor(tip, head).unwrap_or(false));
            if !is_there {
                kept.push(checkouts.keep_commit(task, tip)?);
            }
            repository.delete_merged_branch(&own, tip)?;
        }
    }
    Ok(kept)
}

/// All that a worker for one step is made of, in its own thread.
struct Seed {
    target: Option<Oid>,
    host: crate::host::Host,
    folder: PathBuf,
    task: crate::model::TaskId,
    title: String,
    author: crate::store::Author,
    session: std::sync::Arc<crate::run::session::WorkerSession>,
    branch: String,
    bench: super::Bench,
    stop: tokio::sync::watch::Receiver<bool>,
    reporter: crate::run::event::Reporter,
}

impl Seed {
    fn carry(self, phasing: &Phasing<'_>, step: &Step, of: usize, base: Oid) -> Result<Fate> {
        let mut project = Project::open(&self.host, &self.folder, None)?;
        project.remember_little();
        // The rules are those that were looked at when the task was claimed.
        if project.target.as_ref().and_then(|target| target.commit) != self.target {
            return Ok(Fate::Failed("the target moved meanwhile".to_owned()));
        }
        let worker = Worker {
            project: &project,
            task: self.task,
            title: self.title,
            author: self.author,
            session: self.session,
            branch: branch_beside(&self.branch, &step.id),
            bench: self.bench,
            has_told_worktree: Cell::new(true),
            only_words: Cell::new(false),
            beside: Some(Beside { step: step.id.clone(), parked: RefCell::new(None) }),
            stop: self.stop,
            reporter: self.reporter,
        };
        let work = AssertUnwindSafe(|| worker.carry_beside(phasing, step, of, base));
        catch_unwind(work).unwrap_or_else(|_| Err(Error::failed(format!("the worker of {} broke down", step.id))))
    }
}

impl Worker<'_> {
    fn carry_beside(&self, phasing: &Phasing<'_>, step: &Step, of: usize, base: Oid) -> Result<Fate> {
        let checkouts = self.checkouts()?;
        let checkout = checkouts.acquire(&self.task, &self.branch, base)?;
        let ports = ports::take(&self.project.store, self.project.settings.number("worktree.ports"))?;
        let environment = |also: &[String]| -> Variables { self.environment(&checkout.path, ports.as_ref(), also) };
        if !checkout.is_set_up
            && let Some(settled) = self.set_up(&checkouts, &checkout, environment(&[]))?
        {
            return Ok(Fate::Held { settled, parked: None });
        }
        let order = phasing.texts.plan.order();
        let number = order.iter().position(|other| other.id == step.id).map_or(1, |at| at + 1);
        let here = Phasing { worktree: &checkout.path, values: phasing.values.clone(), ..*phasing };
        match self.carry_out(&here, Goal::Step { step, number, of }, &environment) {
            Ok(None) => Ok(Fate::Done),
            Ok(Some(settled)) => self.fate_of(settled),
            Err(error) if error.kind() == Kind::Interrupted => Ok(Fate::Interrupted(error)),
            Err(error) => Err(error),
        }
    }

    /// What only a person, or time, can settle holds the task; the rest is tried once more where nothing is beside it.
    fn fate_of(&self, settled: Settled) -> Result<Fate> {
        use crate::model::Reason;
        let parked = self.beside.as_ref().and_then(|beside| beside.parked.take());
        let is_held = parked.is_some()
            || matches!(
                settled.reason,
                Some(Reason::Question | Reason::Budget | Reason::Authentication | Reason::Trust)
            )
            || settled.status != Status::Waiting;
        Ok(match is_held {
            true => Fate::Held { settled, parked },
            false => {
                let note = settled.note.unwrap_or_default();
                Fate::Failed(note.lines().next().unwrap_or_default().to_owned())
            }
        })
    }
}

/// The branch of a step that is worked on beside others.
fn branch_beside(branch: &str, step: &str) -> String {
    format!("{branch}--{}", step.to_ascii_lowercase())
}

/// Steps that left a worktree or a branch of their own, whatever the plan says by now.
fn left_beside(project: &Project, task: &TaskId, branch: &str) -> Result<BTreeSet<String>> {
    let full = format!("refs/heads/{branch}");
    let folder = full.rsplit_once('/').map_or("", |(folder, _)| folder);
    let branches = project.repository().refs_below(&format!("{folder}/"))?;
    let of_branches =
        branches.iter().filter_map(|(name, _)| name.strip_prefix(&format!("{full}--"))).map(str::to_owned);
    let of_worktrees = Checkouts::of(project)?.beside_names(task)?;
    let is_step = |step: &String| {
        step.strip_prefix('S').is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
    };
    Ok(of_branches.chain(of_worktrees).map(|step| step.to_ascii_uppercase()).filter(is_step).collect())
}
