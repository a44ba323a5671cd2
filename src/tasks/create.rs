//! New tasks.

use super::Project;
use super::texts::vouch_for_own_text;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::model::event::Draft;
use crate::model::{TaskId, TextFile};
use crate::store::Snapshot;

/// A wanted change, as a person hands it in. Dependencies are ids or prefixes.
#[derive(Debug, Default, Clone)]
pub struct NewTask {
    pub draft: Draft,
    pub dependencies: Vec<String>,
    pub spec: String,
    pub plan: String,
}

pub fn create(project: &Project, new: &NewTask) -> Result<TaskId> {
    let title = one_line(&new.draft.title)?;
    let author = project.person();
    let id = project.store.transact(&author, "new", |snapshot, changes| {
        let mut draft = new.draft.clone();
        draft.title.clone_from(&title);
        for typed in &new.dependencies {
            draft.dependencies.insert(snapshot.resolve(typed)?);
        }
        let id = fresh_id(&project.host, snapshot)?;
        changes.create(&id, draft);
        for (file, text) in [(TextFile::Spec, &new.spec), (TextFile::Plan, &new.plan)] {
            if !text.is_empty() {
                changes.text(&id, file, text.clone());
            }
        }
        Ok(id)
    })?;
    vouch_for_own_text(project, &new.spec)?;
    vouch_for_own_text(project, &new.plan)?;
    Ok(id)
}

/// An id that no task has.
pub(super) fn fresh_id(host: &Host, snapshot: &Snapshot<'_>) -> Result<TaskId> {
    loop {
        let id = TaskId::parse(&host.random_text(TaskId::LENGTH));
        let id = id.ok_or_else(|| Error::failed("no id could be made"))?;
        if snapshot.find_task(&id)?.is_none() {
            return Ok(id);
        }
    }
}

/// Titles are one line: blanks are folded, and what would disturb a terminal is refused.
pub(super) fn one_line(title: &str) -> Result<String> {
    let folded = title.split_whitespace().collect::<Vec<_>>().join(" ");
    if folded.is_empty() {
        return Err(Error::usage("a task needs a title").hint("aifactory new \"what you want\""));
    }
    if folded.chars().any(char::is_control) {
        return Err(Error::usage(format!("the title holds control characters: `{}`", folded.escape_debug())));
    }
    if folded.chars().count() > 300 {
        return Err(Error::usage(format!("the title is {} characters long; 300 is the most", folded.chars().count()))
            .hint("put the rest into the spec: aifactory new \"short title\" -m \"the whole story\""));
    }
    Ok(folded)
}
