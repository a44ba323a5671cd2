//! What became of a proposed plan: merged, whoever edited it on the way, or closed.

use super::approve::send_back;
use super::change::moved;
use super::proposal::wait_for_approval;
use super::reviewed::{TargetPlan, approves_by_merge, brought_by, find_plan_at, plan_path, recorded, target_tips};
use super::texts::texts_of;
use super::{Project, Standing, standing};
use crate::error::Result;
use crate::git::{Oid, Repository};
use crate::model::plan::{Severity, parse_plan};
use crate::model::text::escape_line;
use crate::model::{Approval, Change, Proposal, ProposalEnd, Reason, Status, Task, TaskId, TextFile, Warrant};
use crate::store::LONGEST_TEXT;

/// A proposed plan as the target has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedPlan {
    pub spec: String,
    pub plan: String,
    /// The target's commit that brought it.
    pub commit: Oid,
    /// `Ben <ben@example.com>`: who made that commit.
    pub by: String,
    /// Who put it on the target, where that is somebody else.
    pub committer: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The target does not have it.
    Nothing,
    Merged(MergedPlan),
    /// The target has something that is no plan: `plans/7kq2mabcde.md:3:1: …`.
    Broken(String),
}

/// What a merge came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The plan is approved and the task ready.
    Approved,
    /// The plan is taken over and waits for somebody's yes.
    Waiting,
    /// Something goes on with the task that must not be disturbed; the next look takes it over.
    Later,
    /// The task is done or cancelled: the review has ended, and that is all.
    Ended,
}

/// Looks for the plan of an open proposal in the target's tree. It is there if its file is another one than where the
/// branch began: a squashed or rebased merge leaves nothing else.
pub fn find_merged(project: &Project, task: &Task, proposal: &Proposal) -> Result<Found> {
    let repository = project.repository();
    let before = proposal.before.as_deref().and_then(Repository::parse_oid);
    let proposed = Repository::parse_oid(&proposal.commit).filter(|commit| repository.has_commit(*commit));
    for tip in target_tips(project)? {
        let Some(found) = find_plan_at(project, tip, &task.id)? else { continue };
        let contains = proposed.map_or(Ok(false), |proposed| repository.is_ancestor(proposed, tip))?;
        if contains || before != Some(found.blob) {
            return judge(project, task, &found);
        }
    }
    Ok(Found::Nothing)
}

fn judge(project: &Project, task: &Task, found: &TargetPlan) -> Result<Found> {
    let path = plan_path(project, &task.id)?;
    let broken = |line: usize, column: usize, why: &str| {
        Ok(Found::Broken(format!("{}:{line}:{column}: {}", escape_line(&path), escape_line(why))))
    };
    let read = match &found.read {
        Ok(read) => read,
        Err(wrong) => return broken(wrong.line, wrong.column, &wrong.message),
    };
    let (spec, plan) = recorded(project, read);
    if spec.len().max(plan.len()) > LONGEST_TEXT {
        return broken(1, 1, "spec or plan is longer than a task can keep");
    }
    let findings = parse_plan(&plan).1;
    if let Some(wrong) = findings.iter().find(|finding| finding.severity == Severity::Error) {
        return broken(read.lines_before_plan + wrong.line, wrong.column, &wrong.message);
    }
    let Some(brought) = brought_by(project, found, &task.id)? else { return Ok(Found::Nothing) };
    let committer = Some(brought.committer).filter(|committer| *committer != brought.author);
    Ok(Found::Merged(MergedPlan { spec, plan, commit: brought.commit, by: brought.author, committer }))
}

/// What was merged is what counts: it becomes the task's spec and plan. Where the project's policy lets a merge approve,
/// it is approved by whoever made the merge.
pub fn take_merged(project: &Project, id: &TaskId, merged: &MergedPlan) -> Result<Taken> {
    let approves = approves_by_merge(project);
    let target = project.require_target()?.branch.clone();
    project.store.transact(&project.person(), "take over the merged plan", |snapshot, changes| {
        let task = snapshot.task(id)?;
        let Some(proposal) = task.proposal.as_ref().filter(|proposal| proposal.ended.is_none()) else {
            return Ok(Taken::Ended);
        };
        if matches!(task.status, Status::Running | Status::Review | Status::Delivering) {
            return Ok(Taken::Later);
        }
        changes.event(
            id,
            Change::ProposalEnded {
                proposed: proposal.commit.clone(),
                how: ProposalEnd::Merged,
                commit: Some(merged.commit.to_string()),
                by: Some(merged.by.clone()),
            },
        );
        if task.status.is_closed() {
            return Ok(Taken::Ended);
        }
        changes.text(id, TextFile::Spec, merged.spec.clone());
        changes.text(id, TextFile::Plan, merged.plan.clone());
        let (spec, plan) = texts_of(snapshot, id)?;
        let is_the_same = (&spec, &plan) == (&merged.spec, &merged.plan);
        if !approves && is_the_same && standing(project, snapshot, &task)? == Standing::Approved {
            return Ok(Taken::Approved);
        }
        if !approves {
            let note = format!("{} merged it into {target}; approve it to have it carried out", merged.by);
            wait_for_approval(&task, &note, changes);
            return Ok(Taken::Waiting);
        }
        let commit = merged.commit.to_string();
        changes.event(
            id,
            Change::Approved {
                digest: Approval::digest_of(&merged.spec, &merged.plan),
                base: Some(commit.clone()),
                policy: false,
                note: merged.committer.as_ref().map(|committer| format!("committed by {committer}")),
                warrant: Some(Warrant::Merge { by: merged.by.clone(), commit }),
            },
        );
        let asked = matches!(task.reason, Some(Reason::PlanApproval | Reason::Trust));
        if task.status == Status::Backlog || (task.status == Status::Waiting && asked) {
            changes.event(id, moved(&task, Status::Ready, None));
        }
        Ok(Taken::Approved)
    })
}

/// Tells the task that what was merged is no plan. The review stays open: the next merge may put it right.
pub fn note_broken(project: &Project, id: &TaskId, why: &str) -> Result<()> {
    let note = format!("what was merged is no plan: {why}");
    let task = project.store.snapshot()?.task(id)?;
    let waits_already = task.status == Status::Waiting && task.note.as_deref() == Some(&*note);
    let is_elsewhere = match task.status {
        Status::Backlog | Status::Ready => false,
        Status::Waiting => !matches!(task.reason, Some(Reason::PlanApproval | Reason::Trust)),
        _ => true,
    };
    if waits_already || is_elsewhere {
        return Ok(());
    }
    project.store.transact(&project.person(), "look at the merged plan", |snapshot, changes| {
        wait_for_approval(&snapshot.task(id)?, &note, changes);
        Ok(())
    })
}

/// The branch is gone without a merge: the plan was sent back.
pub fn close_proposal(project: &Project, id: &TaskId) -> Result<()> {
    project.store.transact(&project.person(), "see the proposal closed", |snapshot, changes| {
        let task = snapshot.task(id)?;
        let Some(proposal) = task.proposal.as_ref().filter(|proposal| proposal.ended.is_none()) else {
            return Ok(());
        };
        let (proposed, how) = (proposal.commit.clone(), ProposalEnd::Closed);
        changes.event(id, Change::ProposalEnded { proposed, how, commit: None, by: None });
        let (spec, plan) = texts_of(snapshot, id)?;
        // What was written since is not what was turned down, and what a person said yes to is not turned down by this.
        let is_approved = task.approval.as_ref().is_some_and(|approval| approval.digest == proposal.digest);
        if is_approved || Approval::digest_of(&spec, &plan) != proposal.digest {
            return Ok(());
        }
        let note = format!("the branch {} was deleted without a merge", proposal.branch);
        if matches!(task.status, Status::Ready | Status::Waiting | Status::Backlog) {
            send_back(snapshot, &Task { proposal: None, ..task.clone() }, &note, changes)?;
        }
        if matches!(task.status, Status::Ready | Status::Waiting) {
            changes.event(id, moved(&task, Status::Backlog, Some(&note)));
        }
        Ok(())
    })
}
