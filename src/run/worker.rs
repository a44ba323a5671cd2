//! A worker carries one task from its claim to review: claim, worktree, steps, gates, verdict.
//!
//! Every transaction checks that the claim is still the worker's own, so a worker that lost it stops and leaves its
//! branch as it is. What the worker decides is recorded before anything that depends on it starts.

mod aim;
mod budget;
mod chain;
mod claim;
mod code;
mod conversation;
mod flow;
mod gated;
mod known;
mod leave;
mod outcome;
mod phases;
mod preview;
mod pursuit;
mod recovery;
mod review;
mod stuck;
mod wave;
mod written;

use super::checkout::{Checkouts, TaskCheckout};
use super::environment::{Variables, child_environment};
use super::event::{Reporter, RunEventKind};
use super::ledger::Ledger;
use super::order::WorkPhase;
use super::ports::{self, PortRange};
use super::session::WorkerSession;
use super::{gates, include};
use crate::error::{Error, Kind, Result};
use crate::git::Oid;
use crate::model::{Change, Progress, Reason, Status, TaskId};
use crate::store::{Author, Changes, Snapshot};
use crate::sync::Sharing;
use crate::tasks::Project;
use claim::ClaimOutcome;
pub(super) use phases::{add_evidence, committer, gate_note};
pub use preview::{Preview, preview_prompt};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use wave::Beside;
pub(super) use wave::clear_what_waves_left;

/// What a worker needs besides its task.
#[derive(Clone)]
pub struct Bench {
    pub handle: Handle,
    /// The whole run is to stop.
    pub interrupt: watch::Receiver<bool>,
    /// Nothing more is to start; what runs ends at its next safe point.
    pub rest: watch::Receiver<bool>,
    /// The remote was not reached for a whole lease.
    pub lost: watch::Receiver<bool>,
    pub own_program: PathBuf,
    pub test_command: Option<String>,
    /// Claims count on this machine alone.
    pub local: bool,
    /// Only this part of every task's way.
    pub phase: Option<WorkPhase>,
    /// Nobody watches: what fails is put off and tried again.
    pub patient: bool,
    pub ledger: Ledger,
}

/// Where the task stands when the worker lets it go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub status: Status,
    pub reason: Option<Reason>,
    pub note: Option<String>,
}

/// What became of a task that a worker reached for.
#[derive(Debug)]
pub enum Carried {
    Through(Settled),
    /// A person is needed before anything starts.
    Asked(Settled),
    /// Somebody else has it, or may run it and we may not.
    NotOurs(String),
    /// Whether others have it cannot be known.
    Unreachable(Error),
}

pub(super) struct Worker<'a> {
    project: &'a Project,
    task: TaskId,
    title: String,
    author: Author,
    session: Arc<WorkerSession>,
    branch: String,
    bench: Bench,
    /// The listener knows where the worktree is.
    has_told_worktree: Cell<bool>,
    /// The service that compares notes by meaning has failed.
    only_words: Cell<bool>,
    /// The step that it works on beside others, where it is not the task's only worker.
    beside: Option<Beside>,
    /// This task is to stop, for whatever reason.
    stop: watch::Receiver<bool>,
    reporter: Reporter,
}

/// Carries a task as far as it goes without a person.
pub fn carry(project: &Project, task: &TaskId, bench: &Bench, reporter: &Reporter) -> Result<Carried> {
    let session = WorkerSession::open(&project.store, task)?;
    let stopped = || *bench.interrupt.borrow() || session.stop_is_requested();
    let checkouts = Checkouts::of(project)?;
    let hold = match checkouts.find_hold(task)? {
        Some(hold) => hold,
        None => {
            let text = "somebody works in its worktree (aifactory attach, or a worker that is just ending); waiting";
            reporter.tell(RunEventKind::Note { text: text.to_owned() });
            checkouts.hold(task, stopped)?
        }
    };
    let sharing = if bench.local { None } else { Sharing::find(project)? };
    let live = sharing.as_ref().map(Sharing::live_name).transpose()?;
    let claimed = claim::claim(project, task, &session.id, live).and_then(|claimed| match (&sharing, claimed) {
        (Some(sharing), ClaimOutcome::Claimed(claimed)) => claim::make_global(sharing, task, &session.id, claimed),
        (_, claimed) => Ok(claimed),
    });
    let claimed = match claimed {
        Ok(ClaimOutcome::Claimed(claimed)) => claimed,
        Ok(ClaimOutcome::Settled(settled)) => {
            session.close()?;
            return Ok(Carried::Asked(settled));
        }
        Ok(ClaimOutcome::NotOurs(why)) => {
            session.close()?;
            return Ok(Carried::NotOurs(why));
        }
        Ok(ClaimOutcome::Unreachable(error)) => {
            session.close()?;
            return Ok(Carried::Unreachable(error));
        }
        Err(error) => {
            session.close()?;
            return Err(error);
        }
    };
    reporter.tell(RunEventKind::Claimed { fence: claimed.fence, branch: claimed.branch.clone() });
    if let Some(text) = claimed.why {
        reporter.tell(RunEventKind::Note { text });
    }
    let stop = watch_for_stop(bench, &session);
    let worker = Worker {
        project,
        task: task.clone(),
        title: claimed.title,
        author: Author { actor: project.actor.clone(), session: Some(session.id.clone()), fence: Some(claimed.fence) },
        session: Arc::new(session),
        branch: claimed.branch,
        bench: bench.clone(),
        has_told_worktree: Cell::new(false),
        only_words: Cell::new(false),
        beside: None,
        stop,
        reporter: reporter.clone(),
    };
    let settled = worker.finish();
    drop(hold);
    settled.map(Carried::Through)
}

/// Ctrl-C and a word left in the session's stop file come out of the same channel.
fn watch_for_stop(bench: &Bench, session: &WorkerSession) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    let file = session.stop_file();
    let mut interrupt = bench.interrupt.clone();
    let lost = bench.lost.clone();
    bench.handle.spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(150));
        loop {
            tokio::select! {
                changed = interrupt.changed() => if changed.is_err() { return },
                _ = tick.tick() => {}
                () = sender.closed() => return,
            }
            if *interrupt.borrow() || *lost.borrow() || file.exists() {
                let _ = sender.send(true);
                return;
            }
        }
    });
    receiver
}

impl Worker<'_> {
    /// Does the work and records how it ended, whatever happens in between.
    fn finish(self) -> Result<Settled> {
        let result = self.work();
        let settled = match result {
            Ok(settled) => settled,
            Err(error) if error.kind() == Kind::Interrupted => {
                let is_cut_off = *self.bench.lost.borrow();
                self.release(if is_cut_off { "the remote was not reached for a whole lease" } else { "stopped" })?
            }
            Err(error) if self.has_lost_its_claim()? => {
                self.reporter.tell(RunEventKind::Note { text: format!("the claim was lost: {error}") });
                self.let_go()?
            }
            Err(error) => {
                // The machinery failed, not the task: it goes back, and the error goes up.
                let why = format!("{error}: {}", error.causes().join(": "));
                // If even that fails, the session stays for recovery.
                if self.bench.patient {
                    self.put_off(&why)?
                } else {
                    self.release(&why)?
                };
                self.close()?;
                return Err(error);
            }
        };
        self.close()?;
        Ok(settled)
    }

    /// All is recorded, and nobody works beside us any more.
    fn close(self) -> Result<()> {
        match Arc::into_inner(self.session) {
            Some(session) => session.close(),
            // Recovery finds what is left.
            None => Ok(()),
        }
    }

    fn work(&self) -> Result<Settled> {
        let ports = ports::take(&self.project.store, self.project.settings.number("worktree.ports"))?;
        if let Some(sharing) = Sharing::find(self.project)?.filter(|_| !self.bench.local) {
            // Another machine may have begun it.
            sharing.bring_branch(&self.branch)?;
        }
        self.walk(ports)
    }

    fn require_base(&self) -> Result<Oid> {
        let target = self.project.require_target()?;
        let here = target.commit;
        // Others may have merged what this task builds on; where that goes on from ours, it is the better base.
        let there = match Sharing::find(self.project)?.filter(|_| !self.bench.local) {
            Some(sharing) => sharing.fetch_branch(&target.branch)?,
            None => None,
        };
        let repository = self.project.repository();
        let newer = match (here, there) {
            (Some(here), Some(there)) => repository.is_ancestor(here, there)?.then_some(there),
            (None, there) => there,
            _ => None,
        };
        newer.or(here).ok_or_else(|| {
            Error::failed(format!("the branch {} has no commit yet, so there is nothing to work on", target.branch))
                .hint("make the first commit: git commit --allow-empty -m \"begin\"")
        })
    }

    fn environment(&self, worktree: &Path, ports: Option<&PortRange>, also: &[String]) -> Variables {
        let mut own = vec![
            ("AIFACTORY_TASK", self.task.to_string()),
            ("AIFACTORY_TASK_TITLE", self.title.clone()),
            ("AIFACTORY_WORKTREE", worktree.display().to_string()),
            ("AIFACTORY_BRANCH", self.branch.clone()),
            ("COMPOSE_PROJECT_NAME", format!("aifactory_{}", self.task)),
        ];
        own.extend(ports.map(|ports| ("AIFACTORY_PORT_BASE", ports.base.to_string())));
        child_environment(&self.project.host.env, self.project.repository(), also, &own)
    }

    /// Without its branch there is no work, whatever was recorded before.
    fn forget_progress(&self) -> Result<()> {
        let task = self.current_task()?;
        let done: Vec<&String> =
            task.steps.iter().filter(|(_, p)| p.state != Progress::Pending).map(|(step, _)| step).collect();
        if done.is_empty() {
            return Ok(());
        }
        self.record("begin anew", |_, changes| {
            for step in &done {
                let why = "the branch with its work is gone".to_owned();
                changes.event(&self.task, Change::StepReset { step: (*step).clone(), why });
            }
            Ok(())
        })
    }

    /// Tells the listener and the record.
    fn note(&self, text: &str) -> Result<()> {
        self.reporter.tell(RunEventKind::Note { text: text.to_owned() });
        self.record("note", |_, changes| {
            changes.event(&self.task, Change::Noted { text: text.to_owned() });
            Ok(())
        })
    }

    /// Copies what `.worktreeinclude` asks for and runs the setup commands. Something if the task cannot go on.
    fn set_up(
        &self,
        checkouts: &Checkouts<'_>,
        checkout: &TaskCheckout,
        environment: Variables,
    ) -> Result<Option<Settled>> {
        let copied = include::copy(self.project.repository(), &checkout.path)?;
        if !copied.is_empty() {
            let text = format!("copied {} into the worktree", copied.join(", "));
            self.reporter.tell(RunEventKind::Note { text });
        }
        self.check_stop()?;
        let mut setup = self.gates(&checkout.path, environment, None);
        setup.timeout = self.project.settings.duration("worktree.setup-timeout");
        if let Some(failed) = setup.run_setup(&self.project.settings.list("worktree.setup"))? {
            self.check_stop()?;
            let note = format!("setup failed: {}\n{}", failed.gate, failed.tail);
            return self.settle(Status::Waiting, Some(Reason::GateFailed), Some(note), |_| Ok(())).map(Some);
        }
        checkouts.note_set_up(&self.task, self.project.repository().worktree_tree(&checkout.path)?)?;
        Ok(None)
    }

    fn gates<'b>(&'b self, worktree: &'b Path, environment: Variables, step: Option<&'b str>) -> gates::GateRun<'b> {
        gates::GateRun {
            project: self.project,
            task: &self.task,
            worktree,
            environment,
            clean: false,
            step,
            handle: self.bench.handle.clone(),
            stop: self.stop.clone(),
            reporter: &self.reporter,
            own_program: self.bench.own_program.clone(),
            session: &self.session.id,
            timeout: self.project.settings.duration("gate.timeout"),
        }
    }

    fn check_stop(&self) -> Result<()> {
        match *self.stop.borrow() || self.session.stop_is_requested() {
            true => Err(Error::new(Kind::Interrupted, "stopped")),
            false => Ok(()),
        }
    }

    /// A transaction under this worker's claim; an error if somebody else has the task by now.
    fn record(&self, subject: &str, mut fill: impl FnMut(&Snapshot<'_>, &mut Changes) -> Result<()>) -> Result<()> {
        self.project.store.transact(&self.author, subject, |snapshot, changes| {
            let task = snapshot.task(&self.task)?;
            let mine = task.claim.as_ref().is_some_and(|claim| Some(&claim.session) == self.author.session.as_ref());
            if !mine || Some(task.fence) != self.author.fence {
                return Err(Error::failed(format!("the task is {} and no longer claimed by this worker", task.status)));
            }
            fill(snapshot, changes)
        })
    }

    /// The worktrees that it works in.
    fn checkouts(&self) -> Result<Checkouts<'_>> {
        Checkouts::beside(self.project, self.beside.as_ref().map(|beside| beside.step.as_str()))
    }

    fn current_task(&self) -> Result<crate::model::Task> {
        self.project.store.snapshot()?.task(&self.task)
    }

    fn has_lost_its_claim(&self) -> Result<bool> {
        let task = self.current_task()?;
        let mine = task.claim.as_ref().is_some_and(|claim| Some(&claim.session) == self.author.session.as_ref());
        Ok(!mine)
    }

    fn current(&self) -> Result<Settled> {
        let task = self.current_task()?;
        Ok(Settled { status: task.status, reason: task.reason, note: task.note })
    }
}
