//! What a person on this machine chose for a task. The record alone does not say so: whoever can push the state can write
//! any choice, and any name, into it.

use super::Project;
use super::texts::vouch_for_own_text;
use super::way::title_as_spec;
use crate::error::Result;
use crate::model::{Digest, TaskId};
use crate::store::Vouch;

/// Remembers a choice of a field that says who works on a task and how freely, or what it is called. To be called once it
/// is written.
pub(super) fn vouch_for_field(project: &Project, id: &TaskId, field: &str, value: &str) -> Result<()> {
    match field {
        "title" => vouch_for_own_text(project, &title_as_spec(value)),
        "agent" | "permission" | "parallel" => project.store.local.vouch(Vouch::Chosen, &digest_of(id, field, value)),
        _ => Ok(()),
    }
}

/// Whether exactly this was chosen here, for exactly this task.
pub(super) fn is_chosen(project: &Project, id: &TaskId, field: &str, value: &str) -> Result<bool> {
    project.store.local.is_vouched(Vouch::Chosen, &digest_of(id, field, value))
}

fn digest_of(id: &TaskId, field: &str, value: &str) -> Digest {
    Digest::of(format!("{id} {field}={value}"))
}
