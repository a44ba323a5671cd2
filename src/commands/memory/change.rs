//! `aifactory memory promote`, `remove` and `edit`

use super::memory_of;
use crate::commands::new::read_file;
use crate::commands::{Context, Finish};
use crate::error::Result;
use crate::model::EventId;
use crate::model::text::count;
use crate::store::Snapshot;
use crate::tasks::Project;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

pub fn promote(context: &Context, typed: &[String]) -> Result<Finish> {
    let (project, ids) = named(context, typed)?;
    memory_of(&project).promote(&project.person(), &ids)?;
    report(context, "promoted", &ids)
}

pub fn remove(context: &Context, typed: &[String], reason: &str) -> Result<Finish> {
    let (project, ids) = named(context, typed)?;
    memory_of(&project).remove(&project.person(), &ids, reason)?;
    report(context, "removed", &ids)
}

pub fn edit(context: &Context, typed: &str, file: &Path) -> Result<Finish> {
    let text = read_file(context, file)?;
    let (project, ids) = named(context, &[typed.to_owned()])?;
    let mut changed = Vec::new();
    for id in ids {
        if memory_of(&project).edit(&project.person(), &id, &text)? {
            changed.push(id);
        }
    }
    report(context, "edited", &changed)
}

fn named(context: &Context, typed: &[String]) -> Result<(Project, Vec<EventId>)> {
    let project = context.project_for_writing()?;
    let ids = resolved(&project.store.snapshot()?, typed)?;
    Ok((project, ids))
}

/// Each note once.
fn resolved(snapshot: &Snapshot<'_>, typed: &[String]) -> Result<Vec<EventId>> {
    let ids: BTreeSet<EventId> = typed.iter().map(|typed| snapshot.resolve_note(typed)).collect::<Result<_>>()?;
    Ok(ids.into_iter().collect())
}

fn report(context: &Context, verb: &str, ids: &[EventId]) -> Result<Finish> {
    if context.ui.manner.json {
        context.ui.answer_json(&json!({ "schema": "aifactory.notes-changed/1", "verb": verb, "ids": ids }))?;
        return Ok(Finish::Well);
    }
    context.ui.note(&match ids.len() {
        0 => "nothing to change".to_owned(),
        number => format!("{verb} {}", count(number, "note")),
    });
    Ok(Finish::Well)
}
