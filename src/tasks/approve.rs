//! Approval: a person's yes to one exact spec and plan, and their no with its reason.

use super::Project;
use super::change::moved;
use super::texts::{check_plan, texts_of};
use super::way::has_model;
use crate::error::{Error, Result};
use crate::model::{Approval, Change, ProposalEnd, Reason, Status, Task, TaskId};
use crate::store::{Changes, Snapshot, Vouch};

/// Says yes to the spec and plan of each task as they are now.
pub fn approve(project: &Project, ids: &[TaskId], note: Option<&str>) -> Result<Vec<TaskId>> {
    let base = project.target.as_ref().and_then(|target| target.commit).map(|commit| commit.to_string());
    let mut digests = Vec::new();
    let approved = project.store.transact(&project.person(), "approve", |snapshot, changes| {
        digests.clear();
        for id in ids {
            let task = snapshot.task(id)?;
            if task.status.is_closed() {
                return Err(Error::failed(format!("task {} is {}", snapshot.short(id), task.status)));
            }
            let (spec, plan) = texts_of(snapshot, id)?;
            if plan.trim().is_empty() {
                let short = snapshot.short(id);
                return Err(Error::failed(format!("task {short} has no plan to approve"))
                    .hint(format!("to write one: aifactory plan edit {short}")));
            }
            check_plan(&plan)?;
            let digest = Approval::digest_of(&spec, &plan);
            let event = Change::Approved {
                digest: digest.clone(),
                base: base.clone(),
                policy: false,
                note: note.map(str::to_owned),
                warrant: None,
            };
            changes.event(id, event);
            let asked = matches!(task.reason, Some(Reason::PlanApproval | Reason::Trust));
            // A yes to a plan is a yes to carrying it out: workers may take it.
            if task.status == Status::Backlog || (task.status == Status::Waiting && asked) {
                changes.event(id, moved(&task, Status::Ready, None));
            }
            digests.push(digest);
        }
        Ok(ids.to_vec())
    })?;
    for digest in &digests {
        project.store.local.vouch(Vouch::Approved, digest)?;
    }
    Ok(approved)
}

/// Says no. A plan goes back to the backlog, and out of its review on a branch; work under review goes back to a person.
pub fn reject(project: &Project, ids: &[TaskId], note: &str) -> Result<Vec<TaskId>> {
    project.store.transact(&project.person(), "reject", |snapshot, changes| {
        for id in ids {
            let task = snapshot.task(id)?;
            match task.status {
                Status::Ready | Status::Waiting => {
                    send_back(snapshot, &task, note, changes)?;
                    // Where an agent writes plans, a better one is its turn; otherwise a person's.
                    let to = match has_model(project, &task, "plan") {
                        true => Status::Ready,
                        false => Status::Backlog,
                    };
                    if task.status != to {
                        changes.event(id, moved(&task, to, Some(note)));
                    }
                }
                // The plan's approval stands: it is the work that is not right, and the note tells the agent why.
                Status::Review => {
                    let reason = Some(Reason::ReviewRejected);
                    let moved =
                        Change::Moved { from: task.status, to: Status::Waiting, reason, note: Some(note.to_owned()) };
                    changes.event(id, moved);
                    changes.event(id, Change::Noted { text: note.to_owned() });
                }
                Status::Backlog => send_back(snapshot, &task, note, changes)?,
                _ => {
                    let short = snapshot.short(id);
                    return Err(Error::failed(format!("task {short} is {} and cannot be rejected", task.status))
                        .hint(format!("aifactory show {short}")));
                }
            }
        }
        Ok(ids.to_vec())
    })
}

/// Notes the reason with exactly the texts it is about.
pub(super) fn send_back(snapshot: &Snapshot<'_>, task: &Task, note: &str, changes: &mut Changes) -> Result<()> {
    let (spec, plan) = texts_of(snapshot, &task.id)?;
    let digest = (!plan.trim().is_empty()).then(|| Approval::digest_of(&spec, &plan));
    changes.event(&task.id, Change::Rejected { note: Some(note.to_owned()), digest });
    if let Some(proposal) = task.proposal.as_ref().filter(|proposal| proposal.ended.is_none()) {
        let (proposed, how) = (proposal.commit.clone(), ProposalEnd::Withdrawn);
        changes.event(&task.id, Change::ProposalEnded { proposed, how, commit: None, by: None });
    }
    Ok(())
}

/// Why people said no, since they last said yes; the newest last.
pub(super) fn reasons(snapshot: &Snapshot<'_>, id: &TaskId) -> Result<Vec<String>> {
    let mut events = snapshot.events(id)?;
    events.sort_by(|a, b| (a.hlc, &a.id).cmp(&(b.hlc, &b.id)));
    let mut reasons = Vec::new();
    for event in events {
        match event.change {
            Change::Approved { .. } => reasons.clear(),
            Change::Rejected { note: Some(note), .. } => reasons.push(note),
            _ => {}
        }
    }
    Ok(reasons)
}
