//! Where the work on a branch begins.

use crate::error::Result;
use crate::git::{Oid, Repository};
use crate::model::Task;
use crate::model::run::RunRecord;
use crate::store::Snapshot;
use crate::sync::Sharing;
use crate::tasks::{Project, target_tips};

/// Commits of a branch that are looked at.
const MOST_COMMITS: usize = 1_000;

/// The newest commit of the target that a task's work up to `tip` goes on from, absent where they have nothing in common.
/// What others brought to the target meanwhile is no part of the work, even while this clone's own branch is behind:
/// workers begin at what the remote has.
///
/// Where the target is on the remote stands in refs of this clone, which an agent could move. A commit that came about
/// while an agent of the task was at work is therefore never where the work begins, whatever such a ref says.
pub fn base_of_work(project: &Project, snapshot: &Snapshot<'_>, task: &Task, tip: Oid) -> Result<Option<Oid>> {
    let repository = project.repository();
    let mut seen = target_tips(project)?;
    if let (Some(target), Some(sharing)) = (&project.target, Sharing::find(project)?) {
        seen.extend(repository.ref_target(&sharing.place.branch_ref(&target.branch))?);
    }
    let own = project.target.as_ref().and_then(|target| target.commit);
    let mut newest = own.and_then(|target| repository.merge_base(tip, target));
    let runs = snapshot.runs(&task.id)?;
    for base in seen.into_iter().filter_map(|target| repository.merge_base(tip, target)) {
        let is_newer = match newest {
            Some(known) => base != known && !repository.is_ancestor(base, known)?,
            None => true,
        };
        if is_newer && !runs.iter().any(|run| came_about_in(repository, run, base, tip)) {
            newest = Some(base);
        }
    }
    Ok(newest)
}

/// Whether a branch up to `tip` holds the work of a step that was recorded with this commit: the commit itself, or one that
/// names the step and was made of it, where somebody has rewritten the branch. What it holds is measured in any case.
pub fn holds_step(
    project: &Project,
    snapshot: &Snapshot<'_>,
    task: &Task,
    step: &str,
    commit: Oid,
    tip: Oid,
) -> Result<bool> {
    let repository = project.repository();
    // A worker that was cut off may have recorded work that never left its machine.
    if !repository.has_commit(commit) {
        return Ok(false);
    }
    if repository.is_ancestor(commit, tip)? {
        return Ok(true);
    }
    if repository.is_ancestor(tip, commit)? {
        return Ok(false);
    }
    let marks = [format!("Aifactory-Task: {}", task.id), format!("Aifactory-Step: {step}")];
    let base = base_of_work(project, snapshot, task, tip)?;
    let (commits, _) = repository.log_between(base, tip, MOST_COMMITS)?;
    Ok(commits.iter().any(|commit| marks.iter().all(|mark| commit.body.lines().any(|line| line == mark))))
}

/// Whether a commit was not there when a run for changes began, and is in what it left; in the work as it is, where that is
/// not on the record. Whoever only reads leaves nothing on the branch.
fn came_about_in(repository: &Repository, run: &RunRecord, commit: Oid, tip: Oid) -> bool {
    let Some(base) = Repository::parse_oid(&run.base).filter(|_| run.step.is_some()) else { return false };
    let result = run.result.as_deref().and_then(Repository::parse_oid).unwrap_or(tip);
    // What cannot be told counts as the agent's: more is shown then, and nothing is hidden.
    !repository.is_ancestor(commit, base).unwrap_or(false) && repository.is_ancestor(commit, result).unwrap_or(true)
}
