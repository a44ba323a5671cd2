//! The merge queue: one task at a time onto the target, and only what passed its gates on exactly the tree that lands.
//!
//! Target and state are two refs. The record says `delivering` before the target moves and `done` after it, so that
//! recovery can tell by ancestry what happened in between. The target is never red and never half merged: gates run in a
//! checkout where no agent wrote, on the rebased commit, and the target moves by one compare-and-swap or not at all.

mod conditions;
mod round;
mod target;

use super::checkout::Checkouts;
use super::event::{Reporter, RunEvent};
use super::interrupt::Interrupt;
use super::ledger::Ledger;
use super::session::WorkerSession;
use super::worker::Bench;
use crate::error::{Error, Kind, Result};
use crate::git::Oid;
use crate::host::Host;
use crate::model::{Change, Reason, Status, TaskId};
use crate::tasks::Project;
use conditions::in_the_way;
pub use conditions::{MergeCondition, State as ConditionState, conditions};
use round::{Queue, Round, moved};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;

/// The target may move this often while gates run before somebody should look.
const MOST_ROUNDS: u32 = 5;

#[derive(Debug, Clone, Copy, Default)]
pub struct MergeOptions {
    /// A person's word that work without any gate may be merged. Failed gates are never merged.
    pub unverified: bool,
    /// A person's word that work may be merged whatever a reviewer said, or did not say.
    pub unreviewed: bool,
    /// Nobody has looked at the work: what touches risky paths beyond its plan stays under review.
    pub unseen: bool,
    /// The target moves on the remote first, and here after it: others work from there.
    pub publish: bool,
}

#[derive(Debug)]
#[must_use]
pub enum MergeOutcome {
    Merged {
        commit: String,
        target: String,
    },
    /// There is nothing to merge: what the task was for is a report, and a person takes it.
    Accepted,
    /// The task waits for a person now.
    Waiting {
        reason: Reason,
        note: String,
    },
    /// The task stays under review; nothing changed.
    Refused(Error),
}

/// Merges tasks in the given order. A task that cannot be merged does not hold up the next.
pub fn merge(
    project: &Project,
    folder: &Path,
    tasks: &[TaskId],
    options: MergeOptions,
    own_program: PathBuf,
    interrupt: &Interrupt,
    listener: &mut dyn FnMut(&RunEvent),
) -> Result<Vec<(TaskId, MergeOutcome)>> {
    let bench = Bench {
        handle: interrupt.handle(),
        interrupt: interrupt.watch(),
        rest: interrupt.watch_rest(),
        lost: tokio::sync::watch::channel(false).1,
        own_program,
        test_command: None,
        local: false,
        phase: None,
        patient: false,
        ledger: Ledger::default(),
    };
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
                let listener = Arc::new(move |event| drop(sender.send(event)));
                let reporter = Reporter { task: task.clone(), title, listener };
                merge_one(&host, folder, task, options, &bench, &reporter)
            });
            events.iter().for_each(|event| listener(&event));
            merging.join().unwrap_or_else(|_| Err(Error::failed("merging broke down")))
        });
        outcomes.push((task.clone(), refused_unless_interrupted(outcome)?));
    }
    Ok(outcomes)
}

/// What went wrong with one task is that task's answer.
fn refused_unless_interrupted(outcome: Result<MergeOutcome>) -> Result<MergeOutcome> {
    match outcome {
        Err(error) if error.kind() != Kind::Interrupted => Ok(MergeOutcome::Refused(error)),
        outcome => outcome,
    }
}

/// Takes one task through the queue. One merge at a time in this clone.
pub(super) fn merge_one(
    host: &Host,
    folder: &Path,
    task: &TaskId,
    options: MergeOptions,
    bench: &Bench,
    reporter: &Reporter,
) -> Result<MergeOutcome> {
    let project = Project::open(host, folder, None)?;
    let store = &project.store;
    let _lock = store.local.lock("merge")?;
    Checkouts::of(&project)?.forget_half_made_verification()?;
    // Recovery finds a merge that died by this session. After an error it stays, unlocked: somebody looks how far the
    // delivery came.
    let session = WorkerSession::open(store, task)?;
    let outcome = merge_in_rounds(host, folder, task, options, bench, reporter, &session.id)?;
    session.close()?;
    Ok(outcome)
}

fn merge_in_rounds(
    host: &Host,
    folder: &Path,
    task: &TaskId,
    options: MergeOptions,
    bench: &Bench,
    reporter: &Reporter,
    session: &str,
) -> Result<MergeOutcome> {
    for _ in 0..MOST_ROUNDS {
        // Opened anew each time: the target, its policy and the record are those that count now.
        let project = Project::open(host, folder, None)?;
        let queue = Queue { project: &project, task, options, bench, reporter, session };
        match queue.round()? {
            Round::Settled(outcome) => return Ok(outcome),
            Round::Again => {}
        }
    }
    let error = Error::failed(format!("the target moved {MOST_ROUNDS} times while the gates ran"));
    Ok(MergeOutcome::Refused(error.hint("try again")))
}

/// Records that the target holds the work.
pub(super) fn finish_delivery(project: &Project, task: &TaskId, target: &str, commit: Oid, from: Status) -> Result<()> {
    project.store.transact(&project.person(), "done", |_, changes| {
        changes.event(task, Change::Delivered { target: target.to_owned(), commit: commit.to_string() });
        changes.event(task, moved(from, Status::Done));
        Ok(())
    })
}
