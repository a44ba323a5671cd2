//! Spec and plan: replacing them without losing anybody's edit, and checking a plan.

use super::Project;
use crate::error::{Error, Result};
use crate::model::plan::{Finding, Plan, Severity, parse_plan};
use crate::model::{Digest, TaskId, TextFile};
use crate::store::{Snapshot, Vouch};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextOutcome {
    Written,
    Unchanged,
    /// The text changed since the writer read it; theirs was not written.
    Outdated,
}

/// Replaces spec or plan. With `read`, only if the text is still the one with that digest. A text ends with its last
/// line's end, or writing elsewhere in it would count as a change of its last section, too.
pub fn replace_text(
    project: &Project,
    id: &TaskId,
    file: TextFile,
    text: &str,
    read: Option<&Digest>,
) -> Result<TextOutcome> {
    let ended = if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
    let text = ended.as_str();
    let subject = format!("edit {}", file.word());
    let outcome = project.store.transact(&project.person(), &subject, |snapshot, changes| {
        snapshot.task(id)?;
        let current = snapshot.text(id, file)?;
        if read.is_some_and(|read| *read != Digest::of(&current)) {
            return Ok(TextOutcome::Outdated);
        }
        if current == text {
            return Ok(TextOutcome::Unchanged);
        }
        changes.text(id, file, text);
        Ok(TextOutcome::Written)
    })?;
    if outcome == TextOutcome::Written {
        vouch_for_own_text(project, text)?;
    }
    Ok(outcome)
}

pub(super) fn texts_of(snapshot: &Snapshot<'_>, id: &TaskId) -> Result<(String, String)> {
    Ok((snapshot.text(id, TextFile::Spec)?, snapshot.text(id, TextFile::Plan)?))
}

/// What was written on this machine may be approved by policy here; what arrived from elsewhere may not.
pub(super) fn vouch_for_own_text(project: &Project, text: &str) -> Result<()> {
    match text.trim().is_empty() {
        true => Ok(()),
        false => project.store.local.vouch(Vouch::Written, &Digest::of(text)),
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
