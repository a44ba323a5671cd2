//! The merge queue: one task at a time onto the target, and only what passed its gates on exactly the tree that lands.
//!
//! Target and state are two refs. The record says `delivering` before the target moves and `done` after it, so that
//! recovery can tell by ancestry what happened in between. The target is never red and never half merged: gates run in a
//! checkout where no agent wrote, on the rebased commit, and the target moves by one compare-and-swap or not at all.

use super::checkout::Checkouts;
use super::environment::child_environment;
use super::event::{Reporter, RunEvent, RunEventKind};
use super::gates::{GateRun, find_passed, gates_of};
use super::interrupt::Interrupt;
use super::session::WorkerSession;
use super::worker::{Bench, add_evidence, committer, gate_note};
use crate::error::{Error, Kind, Result};
use crate::git::{Oid, Rebase, TargetMove};
use crate::model::plan::parse_plan;
use crate::model::run::{Evidence, Verdict};
use crate::model::{Change, Reason, Status, Task, TaskId, TextFile};
use crate::store::Changes;
use crate::tasks::{Project, Standing, standing};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;

/// The target may move this often while gates run before somebody should look.
const MOST_ROUNDS: u32 = 5;

#[derive(Debug, Clone, Default)]
pub struct MergeOptions {
    /// A person's word that work without any gate may be merged. Failed gates are never merged.
    pub unverified: bool,
}

#[derive(Debug)]
#[must_use]
pub enum MergeOutcome {
    Merged {
        commit: String,
        target: String,
    },
    /// The task waits for a person now.
    Waiting {
        reason: Reason,
        note: String,
    },
    /// The task stays under review; nothing changed.
    Refused(Error),
}

/// What one round of the queue decided about a task.
enum Round {
    Settled(MergeOutcome),
    /// The target moved meanwhile.
    Again,
}

/// Merges tasks in the given order. A task that cannot be merged does not hold up the next.
pub fn merge(
    project: &Project,
    folder: &Path,
    tasks: &[TaskId],
    options: &MergeOptions,
    own_program: PathBuf,
    interrupt: &Interrupt,
    listener: &mut dyn FnMut(&RunEvent),
) -> Result<Vec<(TaskId, MergeOutcome)>> {
    let bench = Bench { handle: interrupt.handle(), interrupt: interrupt.watch(), own_program, test_command: None };
    let mut outcomes = Vec::new();
    for task in tasks {
        if interrupt.is_wanted() {
            return Err(Error::new(Kind::Interrupted, "interrupted"));
        }
        let title = project.store.snapshot()?.task(task)?.title;
        let (sender, events) = channel();
        let (host, bench) = (project.host.clone(), bench.clone());
        let outcome = std::thread::scope(|scope| {
            let merging = scope.spawn(move || {
                let reporter =
                    Reporter { task: task.clone(), title, listener: Arc::new(move |event| drop(sender.send(event))) };
                let project = Project::open(&host, folder, None)?;
                merge_one(&project, task, options, &bench, &reporter)
            });
            events.iter().for_each(|event| listener(&event));
            merging.join().unwrap_or_else(|_| Err(Error::failed("merging broke down")))
        })?;
        outcomes.push((task.clone(), outcome));
    }
    Ok(outcomes)
}

/// Takes one task through the queue. One merge at a time in this clone.
pub(super) fn merge_one(
    project: &Project,
    task: &TaskId,
    options: &MergeOptions,
    bench: &Bench,
    reporter: &Reporter,
) -> Result<MergeOutcome> {
    let _lock = project.store.local.lock("merge")?;
    // Recovery finds a merge that died by this session.
    let session = WorkerSession::open(&project.store, task)?;
    let queue = Queue { project, task, options, bench, reporter };
    // After an error the session stays, unlocked: recovery looks how far the delivery came.
    let outcome = queue.merge()?;
    session.close()?;
    Ok(outcome)
}

struct Queue<'a> {
    project: &'a Project,
    task: &'a TaskId,
    options: &'a MergeOptions,
    bench: &'a Bench,
    reporter: &'a Reporter,
}

impl Queue<'_> {
    fn merge(&self) -> Result<MergeOutcome> {
        let task = self.project.store.snapshot()?.task(self.task)?;
        if let Some(refusal) = self.find_refusal(&task)? {
            return Ok(MergeOutcome::Refused(refusal));
        }
        let target = &self.project.require_target()?.branch;
        self.reporter.tell(RunEventKind::Merging { target: target.clone() });
        for _ in 0..MOST_ROUNDS {
            // A round that had to be taken back has changed the record.
            let task = self.project.store.snapshot()?.task(self.task)?;
            match self.round(&task, target)? {
                Round::Settled(outcome) => return Ok(outcome),
                Round::Again => {}
            }
        }
        Ok(MergeOutcome::Refused(
            Error::failed(format!("{target} moved {MOST_ROUNDS} times while the gates ran")).hint("try again"),
        ))
    }

    /// Why the task cannot enter the queue at all.
    fn find_refusal(&self, task: &Task) -> Result<Option<Error>> {
        let snapshot = self.project.store.snapshot()?;
        let short = snapshot.short(&task.id);
        if task.status != Status::Review {
            let error = Error::failed(format!("task {short} is {} and not ready to be merged", task.status));
            return Ok(Some(match task.status {
                Status::Waiting => {
                    let reason = task.reason.unwrap_or(Reason::Question);
                    Error::person(error.message().to_owned()).hint(reason.way_out(&short))
                }
                Status::Backlog | Status::Ready => error.hint(format!("aifactory run {short}")),
                _ => error.hint(format!("aifactory show {short}")),
            }));
        }
        match standing(self.project, &snapshot, task)? {
            Standing::Approved | Standing::ByPolicy => {}
            Standing::Asked(why) | Standing::Untrusted(why) => {
                return Ok(Some(
                    Error::person(format!("task {short} is not approved as it stands: {why}"))
                        .hint(format!("aifactory plan show {short}, then aifactory approve {short}")),
                ));
            }
        }
        let target = &self.project.require_target()?.branch;
        if let Some((path, files)) = self.project.repository().find_dirty_checkout(target)? {
            return Ok(Some(dirty_target(target, &path, &files)));
        }
        if let Some(worktree) = Checkouts::of(self.project)?.find(self.task) {
            let dirty = self.project.repository().worktree_state(&worktree)?.dirty;
            if !dirty.is_empty() {
                return Ok(Some(
                    Error::person(format!("task {short} has uncommitted work: {}", dirty.join(", ")))
                        .hint(format!("commit it in {} or undo it there", worktree.display())),
                ));
            }
        }
        Ok(None)
    }

    fn round(&self, task: &Task, target: &str) -> Result<Round> {
        let repository = self.project.repository();
        let gone = |branch: &str| {
            Error::failed(format!("the branch {branch} is gone"))
                .hint("nothing was changed; git reflog may know where it was")
        };
        let Some(from) = repository.branch_commit(target)? else {
            return Ok(Round::Settled(MergeOutcome::Refused(gone(target))));
        };
        let branch = task.branch.clone().unwrap_or_default();
        let Some(tip) = repository.branch_commit(&branch)? else {
            return Ok(Round::Settled(MergeOutcome::Refused(gone(&branch))));
        };
        let checkout = Checkouts::of(self.project)?.verification(tip)?;
        let commit = match repository.rebase(&checkout, tip, from, &committer(self.project))? {
            Rebase::Clean(commit) => commit,
            Rebase::Conflict(paths) => {
                let note = format!("conflict with {target} in {}", paths.join(", "));
                return self.wait(Reason::Conflict, note, &[]).map(Round::Settled);
            }
        };
        if commit == from {
            let error = Error::failed(format!("{target} already has everything that {branch} holds"));
            return Ok(Round::Settled(MergeOutcome::Refused(error.hint("aifactory cancel, if nothing is left to do"))));
        }
        let evidence = self.measure(task, &checkout, commit)?;
        let verdict = Verdict::of_all(evidence.iter().map(|evidence| evidence.verdict));
        let landing = commit.to_string();
        let fresh: Vec<&Evidence> = evidence.iter().filter(|evidence| evidence.commit == landing).collect();
        match verdict {
            Verdict::Passed => {}
            Verdict::Unknown if evidence.is_empty() && self.options.unverified => {}
            Verdict::Unknown if evidence.is_empty() => {
                let error = Error::person("no gate says anything about this work, so nothing is proven");
                return Ok(Round::Settled(MergeOutcome::Refused(
                    error
                        .hint("add a `gate:` to the plan, or `gates` to .aifactory/config.toml on the target branch")
                        .hint("to merge on your own word: aifactory merge --unverified"),
                )));
            }
            Verdict::Failed | Verdict::Unknown => {
                let failed = evidence.iter().find(|evidence| evidence.verdict != Verdict::Passed);
                let note = failed.map(gate_note).unwrap_or_default();
                return self.wait(Reason::GateFailed, note, &fresh).map(Round::Settled);
            }
        }
        self.deliver(task, target, from, commit, &fresh, verdict != Verdict::Passed)
    }

    /// All gates of the task on the commit that is to land. What is known about this very tree is not measured again.
    fn measure(&self, task: &Task, checkout: &Path, commit: Oid) -> Result<Vec<Evidence>> {
        let repository = self.project.repository();
        repository.detach_worktree(checkout, commit)?;
        repository.clean_worktree(checkout, &self.project.settings.list("worktree.caches"))?;
        let snapshot = self.project.store.snapshot()?;
        let (plan, _) = parse_plan(&snapshot.text(&task.id, TextFile::Plan)?);
        let tree = repository.tree_of(commit)?.to_string();
        let known = snapshot.evidence(&task.id)?;
        let own = vec![("AIFACTORY_TASK", task.id.to_string()), ("AIFACTORY_WORKTREE", checkout.display().to_string())];
        let gates = GateRun {
            project: self.project,
            task: self.task,
            worktree: checkout,
            environment: child_environment(&self.project.host.env, repository, &[], &own),
            clean: true,
            step: None,
            handle: self.bench.handle.clone(),
            stop: self.bench.interrupt.clone(),
            reporter: self.reporter,
            own_program: self.bench.own_program.clone(),
        };
        let mut all = Vec::new();
        for gate in gates_of(self.project, &plan) {
            let before = find_passed(self.project, &known, &gate, &tree, true);
            let evidence = before.cloned().map_or_else(|| gates.run(&gate), Ok)?;
            let passed = evidence.verdict == Verdict::Passed;
            all.push(evidence);
            if !passed {
                break;
            }
        }
        if *self.bench.interrupt.borrow() {
            return Err(Error::new(Kind::Interrupted, "interrupted"));
        }
        Ok(all)
    }

    fn wait(&self, reason: Reason, note: String, evidence: &[&Evidence]) -> Result<MergeOutcome> {
        self.project.store.transact(&self.project.person(), reason.word(), |_, changes| {
            add_all(changes, evidence);
            let moved = Change::Moved {
                from: Status::Review,
                to: Status::Waiting,
                reason: Some(reason),
                note: Some(note.clone()),
            };
            changes.event(self.task, moved);
            Ok(())
        })?;
        Ok(MergeOutcome::Waiting { reason, note })
    }

    /// `unproven`: no gate says anything, and a person wants it merged all the same.
    fn deliver(
        &self,
        task: &Task,
        target: &str,
        from: Oid,
        commit: Oid,
        evidence: &[&Evidence],
        unproven: bool,
    ) -> Result<Round> {
        self.project.store.transact(&self.project.person(), "deliver", |snapshot, changes| {
            if snapshot.task(self.task)?.updated != task.updated {
                return Err(Error::failed(format!("task {} changed while its gates ran", snapshot.short(self.task)))
                    .hint("try again"));
            }
            add_all(changes, evidence);
            if unproven {
                let text = "merged without proof, on this person's word".to_owned();
                changes.event(self.task, Change::Noted { text });
            }

            let delivering =
                Change::Delivering { target: target.to_owned(), commit: commit.to_string(), from: from.to_string() };
            changes.event(self.task, delivering);
            changes.event(self.task, moved(Status::Review, Status::Delivering));
            Ok(())
        })?;
        let moved_to = self.project.repository().move_target(target, from, commit);
        match moved_to {
            Ok(TargetMove::Done) => {}
            Ok(TargetMove::Elsewhere) => {
                self.step_back("the target moved")?;
                return Ok(Round::Again);
            }
            Ok(TargetMove::CheckedOutDirty { path, files }) => {
                self.step_back("the target's checkout holds local changes")?;
                return Ok(Round::Settled(MergeOutcome::Refused(dirty_target(target, &path, &files))));
            }
            Err(error) => {
                self.step_back("the target could not be moved")?;
                return Err(error);
            }
        }
        finish_delivery(self.project, self.task, target, commit)?;
        self.reporter.tell(RunEventKind::Merged { target: target.to_owned(), commit: commit.to_string() });
        self.tidy(task, commit);
        Ok(Round::Settled(MergeOutcome::Merged { commit: commit.to_string(), target: target.to_owned() }))
    }

    fn step_back(&self, why: &str) -> Result<()> {
        self.project.store.transact(&self.project.person(), "step back", |_, changes| {
            let back = Change::Moved {
                from: Status::Delivering,
                to: Status::Review,
                reason: None,
                note: Some(why.to_owned()),
            };
            changes.event(self.task, back);
            Ok(())
        })
    }

    /// The worktree goes back to the pool and the branch goes, now that its work has landed. Failing to tidy up is worth
    /// a note and undoes nothing.
    fn tidy(&self, task: &Task, commit: Oid) {
        let parked = Checkouts::of(self.project).and_then(|checkouts| checkouts.park(self.task));
        let branch = task.branch.clone().unwrap_or_default();
        let repository = self.project.repository();
        let cleared = parked.and_then(|()| {
            // After a rebase the branch's own commits are not ancestors of the target: their content landed as `commit`.
            if let Some(tip) = repository.branch_commit(&branch)? {
                let _ = repository.move_branch(&branch, tip, commit)?;
            }
            repository.delete_merged_branch(&branch, commit)
        });
        if let Err(error) = cleared {
            self.reporter.tell(RunEventKind::Note { text: format!("merged, but not tidied up: {error}") });
        }
    }
}

/// Records that the target holds the work.
pub(super) fn finish_delivery(project: &Project, task: &TaskId, target: &str, commit: Oid) -> Result<()> {
    project.store.transact(&project.person(), "done", |_, changes| {
        let delivered = Change::Delivered { target: target.to_owned(), commit: commit.to_string() };
        changes.event(task, delivered);
        changes.event(task, moved(Status::Delivering, Status::Done));
        Ok(())
    })
}

fn dirty_target(target: &str, path: &Path, files: &[String]) -> Error {
    Error::person(format!(
        "{target} is checked out in {} with changes of yours that a merge would touch or mix with: {}",
        path.display(),
        files.join(", ")
    ))
    .hint("commit or stash them, then try again; nothing was changed")
}

fn add_all(changes: &mut Changes, evidence: &[&Evidence]) {
    evidence.iter().for_each(|evidence| add_evidence(changes, evidence));
}

fn moved(from: Status, to: Status) -> Change {
    Change::Moved { from, to, reason: None, note: None }
}
