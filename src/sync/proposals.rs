//! Plans under review on branches of a remote: publishing them, and seeing what became of them.
//!
//! What is there is listed once, target and branches together: a branch that is gone in the same answer in which the
//! target does not have the plan was deleted without a merge.

use super::place::{Place, places};
use super::sharing::Sharing;
use super::transport::Transport;
use crate::error::{Error, Result};
use crate::git::{Expected, Oid, PushOutcome, PushUpdate};
use crate::model::{Task, TaskId};
use crate::tasks::{
    Draft, Found, Project, Take, Taken, approves_by_merge, close_proposal, draft_proposal, find_merged, note_broken,
    note_proposal, open_proposals, proposal_branch, seen_target_ref, take_merged,
};
use std::collections::BTreeMap;

/// A plan that is under review now.
#[derive(Debug, Clone)]
pub struct Proposed {
    pub draft: Draft,
    /// The remote it went to; absent where it is on this machine alone.
    pub remote: Option<String>,
}

/// What became of a proposed plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Merged by this person with this commit.
    Merged { by: String, commit: Oid, taken: Taken },
    /// What was merged is no plan, for this reason.
    Broken(String),
    /// Its branch was deleted without a merge.
    Closed { branch: String },
}

#[derive(Debug, Default)]
pub struct FollowReport {
    pub outcomes: Vec<(TaskId, Outcome)>,
    pub notes: Vec<String>,
}

impl FollowReport {
    /// Whether there is something new to share.
    pub fn has_written(&self) -> bool {
        let later = |outcome: &Outcome| matches!(outcome, Outcome::Merged { taken: Taken::Later, .. });
        self.outcomes.iter().any(|(_, outcome)| !later(outcome))
    }
}

/// The remote whose branches people review.
pub fn code_place(project: &Project) -> Result<Option<Place>> {
    let repository = project.repository();
    if let Some(remote) = project.settings.find_text("plan.remote") {
        return Place::new(remote).map(Some);
    }
    let names = repository.remote_names();
    let only = (names.len() == 1).then(|| names[0].clone());
    match names.iter().find(|name| *name == "origin").cloned().or(only) {
        Some(name) => Place::new(&name).map(Some),
        None => Ok(places(&project.settings, repository)?.into_iter().next()),
    }
}

/// Puts the plan of a task on its branch. Unless `local`, the branch is brought from the remote first and published
/// then; what is on the record is what is there.
pub fn propose(project: &Project, id: &TaskId, take: Take, local: bool) -> Result<Proposed> {
    let place = code_place(project)?;
    let branch = proposal_branch(project, id);
    let sharing = place.clone().filter(|_| !local).map(|place| Sharing::at(project, place));
    let there = match (&sharing, &place) {
        (Some(sharing), _) => sharing.fetch_branch(&branch).map_err(|error| {
            error.hint(format!("to propose it on this machine alone: aifactory plan propose {id} --local"))
        })?,
        (None, Some(place)) => project.repository().ref_target(&place.branch_ref(&branch))?,
        (None, None) => None,
    };
    let draft = draft_proposal(project, &project.store.snapshot()?, id, there, take)?;
    draft.move_branch(project.repository())?;
    if let Some(sharing) = &sharing {
        publish(sharing, &draft, there)?;
    }
    let pushed = sharing.is_some() || there == Some(draft.commit);
    note_proposal(project, &draft, pushed)?;
    Ok(Proposed { draft, remote: sharing.map(|sharing| sharing.place.shown()) })
}

fn publish(sharing: &Sharing<'_>, draft: &Draft, there: Option<Oid>) -> Result<()> {
    if there == Some(draft.commit) {
        return Ok(());
    }
    let name = format!("refs/heads/{}", draft.branch);
    let expected = there.map_or(Expected::Absent, Expected::Is);
    let update = PushUpdate { name: &name, expected, new: Some(draft.commit) };
    let remote = sharing.place.shown();
    match sharing.code_transport().push(&[update], &mut |_| {})? {
        PushOutcome::Accepted => sharing.note_branch(&draft.branch, draft.commit),
        PushOutcome::Stale(_) => Err(Error::failed(format!("{} moved on {remote} meanwhile", draft.branch))
            .hint(format!("try again: aifactory plan propose {}", draft.task))),
        PushOutcome::Declined { name, why } => Err(Error::failed(format!("{remote} refuses {name}: {why}"))
            .hint("another name for such branches: aifactory config set plan.branch plan/{id}")),
    }
}

/// Looks what became of all plans under review, and writes it down. With `local` only at what is in this clone: for hooks,
/// and for CI, where the target is checked out.
pub fn follow(project: &Project, local: bool) -> Result<FollowReport> {
    let mut report = FollowReport::default();
    let open = open_proposals(&project.store.snapshot()?)?;
    // Where a merge approves, every machine has to know the target as it is, also for plans that others saw merged.
    let is_idle = open.is_empty() && !approves_by_merge(project);
    if is_idle || project.target.is_none() {
        return Ok(report);
    }
    let place = code_place(project)?.filter(|_| !local);
    let there = place.map(|place| look(project, place, &open, &mut report)).transpose()?.flatten();
    for task in open {
        match follow_one(project, &task, there.as_ref()) {
            Ok(outcome) => report.outcomes.extend(outcome.map(|outcome| (task.id, outcome))),
            // The others are not to wait for it.
            Err(error) => report.notes.push(format!("the plan of task {}: {}", task.id, error.full_text())),
        }
    }
    Ok(report)
}

/// The branches of the proposals as they are there, after the target was brought up to date; nothing where it is unknown.
fn look(
    project: &Project,
    place: Place,
    open: &[Task],
    report: &mut FollowReport,
) -> Result<Option<BTreeMap<String, Oid>>> {
    let target = &project.require_target()?.branch;
    let sharing = Sharing::at(project, place);
    let _lock = project.store.local.lock(&format!("fetch-{}", sharing.place.lock_name()))?;
    let target_name = format!("refs/heads/{target}");
    let names = open.iter().filter_map(branch_of).map(|branch| format!("refs/heads/{branch}"));
    let names: Vec<String> = names.chain([target_name.clone()]).collect();
    let patterns: Vec<&str> = names.iter().map(String::as_str).collect();
    let transport = sharing.code_transport();
    let refs = transport.list(&patterns)?;
    let Some(tip) = refs.get(&target_name) else {
        report
            .notes
            .push(format!("{} has no branch {target}; plans under review are left alone", sharing.place.shown()));
        return Ok(None);
    };
    let seen = seen_target_ref(target);
    if project.repository().ref_target(&seen)? != Some(*tip) {
        transport.fetch(&target_name, &seen, &mut |_| {})?;
    }
    Ok(Some(refs))
}

/// The branch that the record names, if it is plainly one of this task.
fn branch_of(task: &Task) -> Option<&str> {
    let branch = task.proposal.as_ref()?.branch.as_str();
    branch.contains(task.id.as_str()).then_some(branch)
}

fn follow_one(project: &Project, task: &Task, there: Option<&BTreeMap<String, Oid>>) -> Result<Option<Outcome>> {
    let Some(proposal) = &task.proposal else { return Ok(None) };
    match find_merged(project, task, proposal)? {
        Found::Merged(merged) => {
            let taken = take_merged(project, &task.id, &merged)?;
            return Ok(Some(Outcome::Merged { by: merged.by, commit: merged.commit, taken }));
        }
        Found::Broken(why) => {
            note_broken(project, &task.id, &why)?;
            return Ok(Some(Outcome::Broken(why)));
        }
        Found::Nothing => {}
    }
    let (Some(refs), Some(branch)) = (there, branch_of(task)) else { return Ok(None) };
    if !proposal.pushed || refs.contains_key(&format!("refs/heads/{branch}")) {
        return Ok(None);
    }
    close_proposal(project, &task.id)?;
    Ok(Some(Outcome::Closed { branch: branch.to_owned() }))
}
