//! Claims of people: a task that somebody does by hand is nobody else's.

use super::Project;
use crate::error::{Error, Result};
use crate::model::text::slug;
use crate::model::{Change, Status, Task, TaskId};
use crate::store::{Author, Snapshot};

/// Sessions of people begin with this; no worker stands behind them whose life could be looked at.
const PERSON: &str = "person-";

/// Takes tasks for the person. A task in the backlog is made ready on the way.
pub fn claim(project: &Project, ids: &[TaskId], session: &str) -> Result<Vec<TaskId>> {
    let author = Author { actor: project.actor.clone(), session: Some(session.to_owned()), fence: None };
    project.store.transact(&author, "claim by hand", |snapshot, changes| {
        for id in ids {
            let task = snapshot.task(id)?;
            let short = snapshot.short(id);
            match task.status {
                Status::Ready => {}
                Status::Backlog => changes
                    .event(id, Change::Moved { from: Status::Backlog, to: Status::Ready, reason: None, note: None }),
                _ => return Err(not_free(&task, &short)),
            }
            let branch = task.branch.clone().unwrap_or_else(|| branch_name(project, &task));
            let (host, claim) = (project.host.name(), task.fence + 1);
            changes.event(id, Change::Claimed { claim, host, lease_seconds: 0, branch, live: None });
        }
        Ok(ids.to_vec())
    })
}

fn not_free(task: &Task, short: &str) -> Error {
    match &task.claim {
        Some(claim) => Error::failed(format!("task {short} is held by {} on {}", claim.actor, claim.host))
            .hint(format!("aifactory show {short}")),
        None => Error::failed(format!("task {short} is {} and cannot be claimed", task.status))
            .hint(format!("aifactory show {short}")),
    }
}

/// Gives tasks back. What a worker or another person holds needs force.
pub fn release(project: &Project, ids: &[TaskId], force: bool) -> Result<Vec<TaskId>> {
    project.store.transact(&project.person(), "release", |snapshot, changes| {
        for id in ids {
            let task = snapshot.task(id)?;
            let claim = require_own(snapshot, project, &task, force)?;
            let why = format!("released by {}", project.actor);
            changes.event(id, Change::Released { why, recovery: false, claim: Some(claim) });
        }
        Ok(ids.to_vec())
    })
}

fn require_own(snapshot: &Snapshot<'_>, project: &Project, task: &Task, force: bool) -> Result<u64> {
    let short = snapshot.short(&task.id);
    let Some(claim) = &task.claim else {
        return Err(Error::missing(format!("task {short} is {} and nobody holds it", task.status)));
    };
    let is_own = claim.session.starts_with(PERSON) && claim.actor == project.actor;
    if is_own || force {
        return Ok(claim.fence);
    }
    Err(Error::failed(format!("task {short} is held by {} on {}", claim.actor, claim.host))
        .hint(format!("on that machine: aifactory stop {short}"))
        .hint(format!("to take it away all the same: aifactory release {short} --force")))
}

/// The branch of a task, by the project's template. Parts that are empty leave no dangling dash.
pub fn branch_name(project: &Project, task: &Task) -> String {
    let key = task.source.as_ref().map(|source| slug(&source.key, 20)).unwrap_or_default();
    let name = project
        .settings
        .text("worktree.branch")
        .replace("{id}", task.id.as_str())
        .replace("{slug}", &slug(&task.title, 32))
        .replace("{key}", &key);
    let name = name.trim_matches(['-', '/']).replace("--", "-");
    if name.contains(task.id.as_str()) { name } else { format!("{name}-{}", task.id) }
}
