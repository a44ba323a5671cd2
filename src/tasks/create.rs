//! New tasks.

use super::Project;
use super::chosen::vouch_for_field;
use super::texts::vouch_for_own_text;
use super::way::title_as_spec;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::model::event::Draft;
use crate::model::{Change, Status, TaskId, TextFile};
use crate::store::{Changes, Snapshot};

/// A wanted change, as a person hands it in. Dependencies are ids or prefixes.
#[derive(Debug, Default, Clone)]
pub struct NewTask {
    pub draft: Draft,
    pub dependencies: Vec<String>,
    pub spec: String,
    pub plan: String,
    /// Not in the backlog, but ready.
    pub ready: bool,
}

pub fn create(project: &Project, new: &NewTask) -> Result<TaskId> {
    let author = project.person();
    let id = project.store.transact(&author, "new", |snapshot, changes| add(project, snapshot, new, changes))?;
    vouch_for_new(project, new)?;
    if let Some(agent) = &new.draft.agent {
        vouch_for_field(project, &id, "agent", &one_line_of("agent", agent)?)?;
    }
    // Without a spec it is vouched for already.
    if !new.spec.trim().is_empty() {
        vouch_for_field(project, &id, "title", &one_line(&new.draft.title)?)?;
    }
    Ok(id)
}

/// The same as part of a transaction, after which [`vouch_for_new`] is to be called.
pub(super) fn add(project: &Project, snapshot: &Snapshot<'_>, new: &NewTask, changes: &mut Changes) -> Result<TaskId> {
    let mut draft = new.draft.clone();
    check_words(&mut draft)?;
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
    if new.ready {
        let (from, to) = (Status::Backlog, Status::Ready);
        changes.event(&id, Change::Moved { from, to, reason: None, note: None });
    }
    Ok(id)
}

/// What a person hands in was written on this machine.
pub(super) fn vouch_for_new(project: &Project, new: &NewTask) -> Result<()> {
    match new.spec.trim().is_empty() {
        // What it comes to where nobody writes another one.
        true => vouch_for_own_text(project, &title_as_spec(&one_line(&new.draft.title)?))?,
        false => vouch_for_own_text(project, &new.spec)?,
    }
    vouch_for_own_text(project, &new.plan)
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

/// Brings everything that a person typed as one line into that shape.
fn check_words(draft: &mut Draft) -> Result<()> {
    draft.title = one_line(&draft.title)?;
    draft.labels = draft.labels.iter().map(|label| one_line_of("label", label)).collect::<Result<_>>()?;
    let named = [("agent", &mut draft.agent), ("role", &mut draft.role), ("repository", &mut draft.repository)];
    for (field, value) in named {
        if let Some(text) = value {
            *text = one_line_of(field, text)?;
        }
    }
    Ok(())
}

/// A title: one line, with a word on what to do instead where it is none.
pub(super) fn one_line(title: &str) -> Result<String> {
    if title.trim().is_empty() {
        return Err(Error::usage("a task needs a title").hint("aifactory new \"what you want\""));
    }
    let line = one_line_of("title", title);
    line.map_err(|error| match title.chars().count() > LONGEST_LINE {
        true => error.hint("put the rest into the spec: aifactory new \"short title\" -m \"the whole story\""),
        false => error,
    })
}

/// In characters.
const LONGEST_LINE: usize = 300;

/// What is one line: blanks are folded, and what would disturb a terminal is refused. `field` is named in the error.
pub(super) fn one_line_of(field: &str, text: &str) -> Result<String> {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if folded.is_empty() {
        return Err(Error::usage(format!("the {field} is empty")));
    }
    if folded.chars().any(char::is_control) {
        return Err(Error::usage(format!("the {field} holds control characters: `{}`", folded.escape_debug())));
    }
    let length = folded.chars().count();
    if length > LONGEST_LINE {
        return Err(Error::usage(format!("the {field} is {length} characters long; {LONGEST_LINE} is the most")));
    }
    Ok(folded)
}
