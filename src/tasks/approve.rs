//! Approval: a person's yes to one exact spec and plan, and when it counts.

use super::Project;
use super::change::moved;
use super::texts::{are_own_texts, check_plan, texts_of};
use crate::error::{Error, Result};
use crate::git::Repository;
use crate::model::paths::covers;
use crate::model::plan::Plan;
use crate::model::planning::SKIP_PLAN;
use crate::model::{Approval, Change, Reason, Risk, Status, Task, TaskId, risk};
use crate::store::{Snapshot, Vouch};
use std::collections::BTreeSet;

/// Whether a task may be worked on, as far as approval goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Approved,
    /// The task's risk lets a rule say yes; the worker records it with the claim.
    ByPolicy,
    /// A person has to say yes, for this reason.
    Asked(String),
    /// There was an approval, made on another machine.
    Untrusted(String),
}

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

/// Says no. A plan goes back to the backlog, work under review back to a person.
pub fn reject(project: &Project, ids: &[TaskId], note: &str) -> Result<Vec<TaskId>> {
    project.store.transact(&project.person(), "reject", |snapshot, changes| {
        for id in ids {
            let task = snapshot.task(id)?;
            match task.status {
                Status::Ready | Status::Waiting => {
                    changes.event(id, Change::Rejected { note: Some(note.to_owned()) });
                    changes.event(id, moved(&task, Status::Backlog, Some(note)));
                }
                // The plan's approval stands: it is the work that is not right, and the note tells the agent why.
                Status::Review => {
                    let reason = Some(Reason::ReviewRejected);
                    let moved =
                        Change::Moved { from: task.status, to: Status::Waiting, reason, note: Some(note.to_owned()) };
                    changes.event(id, moved);
                    changes.event(id, Change::Noted { text: note.to_owned() });
                }
                Status::Backlog => changes.event(id, Change::Rejected { note: Some(note.to_owned()) }),
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

/// Looks at approval, machine and base of a task's plan.
pub fn standing(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<Standing> {
    let (spec, text) = texts_of(snapshot, &task.id)?;
    if text.trim().is_empty() {
        return Ok(Standing::Asked("there is no plan yet".to_owned()));
    }
    let plan = match check_plan(&text) {
        Ok((plan, _)) => plan,
        Err(error) => return Ok(Standing::Asked(format!("the plan has errors: {error}"))),
    };
    let digest = Approval::digest_of(&spec, &text);
    let files = plan.steps.iter().flat_map(|step| step.files.iter().map(String::as_str));
    let (tier, raised_by) = risk::tier_of(task.risk, files, &project.settings.list("risk.words"));
    // A person who says that there is to be no plan is not asked about it; paths that need one ask all the same.
    // What a rule approved counts only while the rule still would.
    let given = task.approval.as_ref().filter(|approval| approval.digest == digest);
    let is_skipped = task.labels.contains(SKIP_PLAN) && raised_by.is_none();
    if let Some(approval) = given.filter(|approval| !approval.policy || tier < Risk::Blocking || is_skipped) {
        if let Some(path) = moved_under(project.repository(), snapshot, project, task, approval, &plan)? {
            return Ok(Standing::Asked(format!("{path} changed on the target since the plan was approved")));
        }
        let here = match approval.policy {
            true => are_trusted_texts(project, &spec, &text)?,
            false => trusts_others(project) || project.store.local.is_vouched(Vouch::Approved, &digest)?,
        };
        return Ok(match here {
            true => Standing::Approved,
            false => Standing::Untrusted(format!("{} approved the plan, but not on this machine", approval.by)),
        });
    }
    if tier == Risk::Blocking && !is_skipped {
        return Ok(Standing::Asked(match (raised_by, &task.approval) {
            (_, Some(approval)) if approval.digest != digest => {
                "spec or plan changed since they were approved".to_owned()
            }
            (Some(path), _) => format!("the plan touches {path}, which always needs a person"),
            (None, _) => "nobody has approved the plan yet".to_owned(),
        }));
    }
    match are_trusted_texts(project, &spec, &text)? {
        true => Ok(Standing::ByPolicy),
        false => Ok(Standing::Untrusted("spec or plan was not written on this machine".to_owned())),
    }
}

/// A person of this machine has said that whoever can push the state may have commands run here.
fn trusts_others(project: &Project) -> bool {
    project.settings.text("trust.plans") == "shared"
}

fn are_trusted_texts(project: &Project, spec: &str, plan: &str) -> Result<bool> {
    Ok(trusts_others(project) || are_own_texts(project, spec, plan)?)
}

/// A file of the plan that others changed on the target since the approval. What the task's own dependencies changed is
/// what the plan was written to build on, and does not count.
fn moved_under(
    repository: &Repository,
    snapshot: &Snapshot<'_>,
    project: &Project,
    task: &Task,
    approval: &Approval,
    plan: &Plan,
) -> Result<Option<String>> {
    let base = approval.base.as_deref().and_then(Repository::parse_oid);
    let now = project.target.as_ref().and_then(|target| target.commit);
    let (Some(base), Some(now)) = (base, now) else {
        return Ok(None);
    };
    let begun = task.branch.as_deref().map(|branch| repository.branch_commit(branch)).transpose()?.flatten();
    if base == now || begun.is_some() {
        return Ok(None);
    }
    let changed = repository.changed_paths(repository.tree_of(base)?, repository.tree_of(now)?)?;
    let entries: Vec<&String> = plan.steps.iter().flat_map(|step| &step.files).collect();
    let touched: Vec<String> =
        changed.into_iter().filter(|path| entries.iter().any(|entry| covers(entry, path))).collect();
    if touched.is_empty() {
        return Ok(None);
    }
    let expected = delivered_by_dependencies(repository, snapshot, task)?;
    Ok(touched.into_iter().find(|path| !expected.contains(path)))
}

fn delivered_by_dependencies(
    repository: &Repository,
    snapshot: &Snapshot<'_>,
    task: &Task,
) -> Result<BTreeSet<String>> {
    let mut paths = BTreeSet::new();
    for dependency in &task.dependencies {
        let delivery = snapshot.find_task(dependency)?.and_then(|task| task.delivery);
        let commits = delivery.and_then(|d| Some((Repository::parse_oid(&d.from)?, Repository::parse_oid(&d.commit)?)));
        if let Some((from, to)) = commits {
            paths.extend(repository.changed_paths(repository.tree_of(from)?, repository.tree_of(to)?)?);
        }
    }
    Ok(paths)
}
