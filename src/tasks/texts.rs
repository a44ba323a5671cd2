//! Spec and plan: replacing them without losing anybody's edit, and checking a plan.

use super::Project;
use super::change::moved;
use super::follow_up::{Besides, Opened, follow_up};
use super::follower::{Follower, changed_spec, find_of_spec, follow_up_task};
use crate::error::{Error, Result};
use crate::model::plan::{Finding, Plan, Severity, parse_plan};
use crate::model::replay::merge_texts;
use crate::model::{Digest, Status, Task, TaskId, TextFile};
use crate::store::{Changes, Snapshot, Vouch};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextOutcome {
    Written,
    Unchanged,
    /// Somebody else had changed other parts of it meanwhile; both are in it now.
    Merged,
    /// Somebody else had changed the same part since the writer read it; theirs was not written.
    Outdated,
    /// The task was finished: there is more to do now. What is merged keeps its spec, and the task that goes on has the
    /// new one.
    FollowedUp(Opened),
}

/// Replaces spec or plan. With `read`, the text that the writer had before them, what others did meanwhile to other
/// parts of it stays. A text ends with its last line's end, or writing elsewhere in it
/// would count as a change of its last section, too.
pub fn replace_text(
    project: &Project,
    id: &TaskId,
    file: TextFile,
    text: &str,
    read: Option<&str>,
) -> Result<TextOutcome> {
    let ended = if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
    let text = ended.as_str();
    let subject = format!("edit {}", file.word());
    let (outcome, vouches) = project.store.transact(&project.person(), &subject, |snapshot, changes| {
        let task = snapshot.task(id)?;
        let current = snapshot.text(id, file)?;
        if current == text {
            return Ok((TextOutcome::Unchanged, Vouches::default()));
        }
        let (outcome, written) = match read.filter(|read| *read != current) {
            None => (TextOutcome::Written, text.to_owned()),
            Some(read) => match merge_texts(read, &current, text) {
                Some(merged) => (TextOutcome::Merged, merged),
                None => return Ok((TextOutcome::Outdated, Vouches::default())),
            },
        };
        // A part that came from elsewhere is not ours because we wrote beside it.
        let is_ours = outcome == TextOutcome::Written || are_own_texts(project, &current, "")?;
        let text = is_ours.then(|| written.clone());
        if file == TextFile::Spec && is_ours {
            let besides = Besides { spec: Some(&written), ..Besides::default() };
            if task.status == Status::Done {
                return replace_merged(project, snapshot, &task, besides, changes);
            }
            if let Some((step, digest)) = follow_up(project, snapshot, &task, besides, changes)? {
                changes.text(id, file, written);
                if task.status != Status::Ready {
                    changes.event(id, moved(&task, Status::Ready, None));
                }
                let vouches = Vouches { text, approved: Some(digest), follower: None };
                return Ok((TextOutcome::FollowedUp(Opened::Step(step)), vouches));
            }
        }
        changes.text(id, file, written);
        Ok((outcome, Vouches { text, ..Vouches::default() }))
    })?;
    vouches.give(project)?;
    Ok(outcome)
}

/// The spec of a merged task stays. The new one is that of a task that goes on from it: of one that is there for this
/// already and that nobody has begun, or of another.
fn replace_merged(
    project: &Project,
    snapshot: &Snapshot<'_>,
    task: &Task,
    besides: Besides<'_>,
    changes: &mut Changes,
) -> Result<(TextOutcome, Vouches)> {
    let spec = besides.spec.unwrap_or_default();
    let text = changed_spec(project, task, &snapshot.text(&task.id, TextFile::Spec)?, spec)?;
    match find_of_spec(project, snapshot, task)? {
        Some(there) if there.text == text => Ok((TextOutcome::Unchanged, Vouches::default())),
        Some(there) if !there.is_begun => {
            changes.text(&there.id, TextFile::Spec, text.clone());
            let vouches = Vouches { text: Some(text), ..Vouches::default() };
            Ok((TextOutcome::FollowedUp(Opened::Task(there.id)), vouches))
        }
        _ => {
            let follower = follow_up_task(project, snapshot, task, besides, changes)?;
            let opened = Opened::Task(follower.id.clone());
            Ok((TextOutcome::FollowedUp(opened), Vouches { follower: Some(follower), ..Vouches::default() }))
        }
    }
}

/// What this machine answers for once it is written.
#[derive(Default)]
struct Vouches {
    text: Option<String>,
    approved: Option<Digest>,
    follower: Option<Follower>,
}

impl Vouches {
    fn give(self, project: &Project) -> Result<()> {
        if let Some(text) = &self.text {
            vouch_for_own_text(project, text)?;
        }
        if let Some(digest) = &self.approved {
            project.store.local.vouch(Vouch::Approved, digest)?;
        }
        self.follower.map_or(Ok(()), |follower| follower.vouch(project))
    }
}

pub(super) fn texts_of(snapshot: &Snapshot<'_>, id: &TaskId) -> Result<(String, String)> {
    Ok((snapshot.text(id, TextFile::Spec)?, snapshot.text(id, TextFile::Plan)?))
}

/// What was written on this machine may be approved by policy here; what arrived from elsewhere may not.
pub fn vouch_for_own_text(project: &Project, text: &str) -> Result<()> {
    match text.trim().is_empty() {
        true => Ok(()),
        // As it was written, without what looked like a secret.
        false => {
            let written = project.store.redactor().redact(text);
            project.store.local.vouch(Vouch::Written, &Digest::of(written.as_bytes()))
        }
    }
}

/// Whether both texts were written here, as far as there is anything written.
pub(super) fn are_own_texts(project: &Project, spec: &str, plan: &str) -> Result<bool> {
    for text in [spec, plan].into_iter().filter(|text| !text.trim().is_empty()) {
        if !project.store.local.is_vouched(Vouch::Written, &Digest::of(text))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads a plan, refusing one with errors.
pub fn check_plan(text: &str) -> Result<(Plan, Vec<Finding>)> {
    let (plan, findings) = parse_plan(text);
    let Some(first) = findings.iter().find(|finding| finding.severity == Severity::Error) else {
        return Ok((plan, findings));
    };
    let mut error = Error::failed(format!("plan.md:{}:{}: {}", first.line, first.column, first.message));
    if let Some(fix) = &first.fix {
        error = error.hint(format!("write: {fix}"));
    }
    Err(error.hint("to see everything that is wrong with it: aifactory plan check <id>"))
}
