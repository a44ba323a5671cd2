//! Throwing work away: only what a person names, and with a way back.

use super::checkout::Checkouts;
use super::worker::clear_what_waves_left;
use crate::error::{Error, Result};
use crate::git::{Oid, Swap};
use crate::model::{Change, Progress, Status, TaskId};
use crate::tasks::Project;

/// What was thrown away, and where it still can be found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discarded {
    pub branch: Option<String>,
    /// The branch's last commit.
    pub tip: Option<String>,
    /// A commit that holds what was not committed.
    pub uncommitted: Option<String>,
}

/// Removes a task's worktree and branch and puts the task back to its beginning.
pub fn discard(project: &Project, id: &TaskId) -> Result<Discarded> {
    let snapshot = project.store.snapshot()?;
    let task = snapshot.task(id)?;
    let short = snapshot.short(id);
    if matches!(task.status, Status::Running | Status::Delivering) {
        return Err(Error::failed(format!("task {short} is {} right now", task.status))
            .hint(format!("to end its run first: aifactory stop {short}")));
    }
    let checkouts = Checkouts::of(project)?;
    // A worker that just lost the task may still be ending its agent.
    let hold = checkouts.find_hold(id)?.ok_or_else(|| {
        Error::failed(format!("what task {short} had started is still being ended")).hint("try again in a moment")
    })?;
    let branch = task.branch.clone().filter(|branch| branch.contains(id.as_str()));
    let tip = branch.as_deref().map(|branch| project.repository().branch_commit(branch)).transpose()?.flatten();
    let mut discarded = Discarded {
        branch: branch.clone().filter(|_| tip.is_some()),
        tip: tip.map(|oid| oid.to_string()),
        uncommitted: None,
    };
    // The record first: if this is cut short, the steps are to be done again, and nothing counts that is gone.
    if !task.status.is_closed() {
        put_back(project, id, &discarded)?;
    }
    if let Some(path) = checkouts.find(id) {
        discarded.uncommitted = checkouts.save(id, &path)?.map(|(commit, _)| commit.to_string());
        project.repository().drop_changes(&path)?;
    }
    if let Some(branch) = &branch {
        clear_what_waves_left(project, id, branch)?;
    }
    drop(hold);
    checkouts.park(id)?;
    if let Some(branch) = branch {
        delete_branch(project, &branch)?;
    }
    Ok(discarded)
}

fn delete_branch(project: &Project, branch: &str) -> Result<Option<Oid>> {
    let repository = project.repository();
    let Some(tip) = repository.branch_commit(branch)? else {
        return Ok(None);
    };
    match repository.delete_ref(&format!("refs/heads/{branch}"), tip)? {
        Swap::Done => Ok(Some(tip)),
        Swap::Refused | Swap::Locked => {
            Err(Error::failed(format!("the branch {branch} moved while it was being discarded")))
        }
    }
}

fn put_back(project: &Project, id: &TaskId, discarded: &Discarded) -> Result<()> {
    project.store.transact(&project.person(), "discard", |snapshot, changes| {
        let task = snapshot.task(id)?;
        if let Some(tip) = &discarded.tip {
            let text = format!("discarded the work up to {tip}");
            changes.event(id, Change::Noted { text });
        }
        for (step, _) in task.steps.iter().filter(|(_, progress)| progress.state != Progress::Pending) {
            let reset = Change::StepReset { step: step.clone(), why: "discarded".to_owned() };
            changes.event(id, reset);
        }
        if matches!(task.status, Status::Review | Status::Waiting) {
            let moved = Change::Moved {
                from: task.status,
                to: Status::Ready,
                reason: None,
                note: Some("its work was discarded".to_owned()),
            };
            changes.event(id, moved);
        }
        Ok(())
    })
}
