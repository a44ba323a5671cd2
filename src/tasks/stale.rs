//! Why an approval no longer counts: all that moved since, in one sentence.

use super::Project;
use crate::error::Result;
use crate::git::{Oid, Repository};
use crate::model::paths::covers;
use crate::model::plan::{Plan, PlanChanges, listed, parse_plan};
use crate::model::text::{count, escape_line};
use crate::model::{Approval, Digest, Task, TaskId, TextFile};
use crate::store::Snapshot;
use std::collections::BTreeSet;

/// Pairs of versions that are tried to find what was approved; a plan that was edited more often than that names no steps.
const MOST_PAIRS: usize = 10_000;

/// What is different from what was approved, in clauses: texts first, then files of the plan on the target.
pub(super) fn what_moved(
    project: &Project,
    snapshot: &Snapshot<'_>,
    task: &Task,
    approved: (&Approval, Option<Oid>),
    now: (&str, &str, &Plan),
) -> Result<Vec<String>> {
    let ((approval, base), (spec, text, plan)) = (approved, now);
    let mut clauses = Vec::new();
    if approval.digest != Approval::digest_of(spec, text) {
        clauses.extend(texts_changed(snapshot, &task.id, &approval.digest, (spec, text, plan))?);
    }
    clauses.extend(files_changed(project, snapshot, task, base, plan)?);
    Ok(clauses)
}

/// `since ana@example.com approved the plan, the spec was edited; a.rs changed on main (1 commit by ben@example.com)`
pub(super) fn sentence(approval: &Approval, clauses: &[String]) -> String {
    format!("since {} approved the plan, {}", escape_line(&approval.by), clauses.join("; "))
}

fn texts_changed(
    snapshot: &Snapshot<'_>,
    id: &TaskId,
    approved: &Digest,
    (spec, text, plan): (&str, &str, &Plan),
) -> Result<Vec<String>> {
    let Some((old_spec, old_text)) = find_approved(snapshot, id, approved)? else {
        return Ok(vec!["spec or plan were edited".to_owned()]);
    };
    let mut clauses = Vec::new();
    if old_spec != spec {
        clauses.push("the spec was edited".to_owned());
    }
    if old_text != text {
        let steps = PlanChanges::between(&parse_plan(&old_text).0, plan).in_words();
        clauses.push(match steps {
            Some(steps) => format!("in the plan {steps}"),
            None => "the plan was edited outside of its steps".to_owned(),
        });
    }
    Ok(clauses)
}

/// Spec and plan as they were approved.
pub(super) fn find_approved(snapshot: &Snapshot<'_>, id: &TaskId, digest: &Digest) -> Result<Option<(String, String)>> {
    let specs = snapshot.versions(id, TextFile::Spec)?;
    let plans = snapshot.versions(id, TextFile::Plan)?;
    let pairs = specs.iter().flat_map(|spec| plans.iter().map(move |plan| (spec, plan))).take(MOST_PAIRS);
    let found = pairs.into_iter().find(|(spec, plan)| Approval::digest_of(spec, plan) == *digest);
    Ok(found.map(|(spec, plan)| (spec.clone(), plan.clone())))
}

/// Files of the plan that others changed on the target. What the task's own dependencies changed is what the plan was
/// written to build on, and does not count; neither does anything once the work has begun.
fn files_changed(
    project: &Project,
    snapshot: &Snapshot<'_>,
    task: &Task,
    base: Option<Oid>,
    plan: &Plan,
) -> Result<Option<String>> {
    let repository = project.repository();
    let Some((base, target)) = base.zip(project.target.as_ref()) else { return Ok(None) };
    let begun = task.branch.as_deref().map(|branch| repository.branch_commit(branch)).transpose()?.flatten();
    let Some(now) = target.commit.filter(|now| *now != base && begun.is_none()) else { return Ok(None) };
    let branch = escape_line(&target.branch).into_owned();
    if !repository.has_commit(base) {
        return Ok(Some(format!("{branch} went on from a commit that is not here ({base}): git fetch")));
    }
    let expected = delivered_by_dependencies(repository, snapshot, task)?;
    let touched: Vec<String> =
        files_of_plan(repository, plan, base, now)?.into_iter().filter(|path| !expected.contains(path)).collect();
    if touched.is_empty() {
        return Ok(None);
    }
    let names = listed(&touched.iter().map(|path| escape_line(path).into_owned()).collect::<Vec<_>>());
    if repository.is_ancestor(now, base)? {
        return Ok(Some(format!("{branch} here is behind the commit it was approved for, which changed {names}")));
    }
    let commits = repository.commits_touching(base, now, &touched)?;
    let authors: BTreeSet<String> = commits.iter().map(|commit| mail_of(&commit.author)).collect();
    let who = listed(&authors.into_iter().collect::<Vec<_>>());
    let how =
        if commits.is_empty() { String::new() } else { format!(" ({} by {who})", count(commits.len(), "commit")) };
    Ok(Some(format!("{names} changed on {branch}{how}")))
}

/// Files that the plan names and that differ between two commits.
pub(super) fn files_of_plan(repository: &Repository, plan: &Plan, from: Oid, to: Oid) -> Result<Vec<String>> {
    let changed = repository.changed_paths(repository.tree_of(from)?, repository.tree_of(to)?)?;
    let entries: Vec<&String> = plan.steps.iter().flat_map(|step| &step.files).collect();
    Ok(changed.into_iter().filter(|path| entries.iter().any(|entry| covers(entry, path))).collect())
}

/// `Ben <ben@example.com>` is the person whom the record calls ben@example.com.
fn mail_of(author: &str) -> String {
    let mail = author.rsplit_once('<').map(|(_, mail)| mail.trim_end_matches('>')).filter(|mail| !mail.is_empty());
    escape_line(mail.unwrap_or(author)).into_owned()
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
