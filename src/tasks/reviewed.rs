//! What vouches for a plan on every machine: that the target branch has exactly this text, or that somebody whom the
//! target's policy knows has signed it.
//!
//! Nothing here believes the state. It may say that a plan was merged or signed; whether that is so is looked up in the
//! target's tree, and in a signature that is checked again. Whoever can write the state and not the target gains nothing.

use super::{Project, signed};
use crate::error::{Error, Result};
use crate::git::{Authored, EntryKind, Oid};
use crate::model::plan_file::{Misread, ReadPlanFile, parse_plan_file};
use crate::model::{Approval, Digest, TaskId};
use crate::store::Snapshot;

/// The file of a plan as a commit of the target has it.
#[derive(Debug, Clone)]
pub struct TargetPlan {
    /// The commit that was looked at.
    pub tip: Oid,
    pub blob: Oid,
    pub read: Result<ReadPlanFile, Misread>,
}

/// Whether something besides a word on this machine vouches for a plan.
pub(super) enum Review {
    /// The commit of the target that it was reviewed for.
    Vouched(Oid),
    Nothing,
    /// Something says that it does, and cannot be checked.
    Unchecked(String),
}

/// The file that a task's plan is in when it is proposed.
pub fn plan_path(project: &Project, id: &TaskId) -> Result<String> {
    let folder = project.settings.text("plan.folder").trim_matches('/');
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.chars().any(char::is_control);
    match folder.split('/').all(is_plain) {
        true => Ok(format!("{folder}/{id}.md")),
        false => Err(Error::usage(format!("plan.folder: `{}` is no folder for plans", folder.escape_debug()))
            .hint("name a folder of the repository: aifactory config set plan.folder plans")),
    }
}

/// Where the target was on the remote when it was last looked at.
pub fn seen_target_ref(branch: &str) -> String {
    format!("refs/aifactory/target/{branch}")
}

/// The newest commits of the target that are known here: one, or two where this clone and the remote went apart.
pub fn target_tips(project: &Project) -> Result<Vec<Oid>> {
    let Some(target) = &project.target else { return Ok(Vec::new()) };
    let repository = project.repository();
    let tips = match (target.commit, repository.ref_target(&seen_target_ref(&target.branch))?) {
        (Some(here), Some(there)) if repository.is_ancestor(there, here)? => vec![here],
        (Some(here), Some(there)) if repository.is_ancestor(here, there)? => vec![there],
        (here, there) => here.into_iter().chain(there).collect(),
    };
    Ok(tips)
}

/// The plan of a task as one commit has it. What is no plain file there is none.
pub fn find_plan_at(project: &Project, commit: Oid, id: &TaskId) -> Result<Option<TargetPlan>> {
    let (repository, path) = (project.repository(), plan_path(project, id)?);
    let entry = repository.find_entry(repository.tree_of(commit)?, &path)?;
    let Some(entry) = entry.filter(|entry| matches!(entry.kind, EntryKind::Blob | EntryKind::Executable)) else {
        return Ok(None);
    };
    let read = match String::from_utf8(repository.read_blob(entry.oid)?) {
        Ok(text) => parse_plan_file(&text),
        Err(error) => {
            let valid = error.as_bytes()[..error.utf8_error().valid_up_to()].iter();
            let line = valid.filter(|byte| **byte == b'\n').count() + 1;
            Err(Misread { line, column: 1, message: "the file is not UTF-8".to_owned() })
        }
    };
    Ok(Some(TargetPlan { tip: commit, blob: entry.oid, read }))
}

/// Spec and plan as the state would keep them: without what looks like a secret.
pub fn recorded(project: &Project, read: &ReadPlanFile) -> (String, String) {
    let redactor = project.store.redactor();
    (redactor.redact(&read.file.spec).into_owned(), redactor.redact(&read.file.plan).into_owned())
}

/// Who brought the plan to the target, and with which commit.
pub fn brought_by(project: &Project, found: &TargetPlan, id: &TaskId) -> Result<Option<Authored>> {
    project.repository().brought_by(found.tip, &plan_path(project, id)?)
}

/// Whether the project's policy takes a merge of a proposed plan for its approval.
pub fn approves_by_merge(project: &Project) -> bool {
    project.settings.text("plan.approve-by-merge") == "on"
}

pub(super) fn find_review(project: &Project, snapshot: &Snapshot<'_>, id: &TaskId, digest: &Digest) -> Result<Review> {
    if approves_by_merge(project) {
        for tip in target_tips(project)? {
            let Some(found) = find_plan_at(project, tip, id)? else { continue };
            let Ok(read) = &found.read else { continue };
            let (spec, plan) = recorded(project, read);
            if Approval::digest_of(&spec, &plan) == *digest
                && let Some(brought) = brought_by(project, &found, id)?
            {
                return Ok(Review::Vouched(brought.commit));
            }
        }
    }
    signed::find_review(project, snapshot, id, digest)
}
