//! Messages: left by people and agents, about a task or about everything.

use super::Project;
use crate::error::Result;
use crate::model::message::{Message, MessageKind};
use crate::model::{EventId, TaskId};
use crate::store::Snapshot;

pub struct NewMessage {
    pub task: Option<TaskId>,
    pub to: Option<String>,
    pub kind: MessageKind,
    pub text: String,
}

/// Writes a message down. Its id.
pub fn post(project: &Project, new: &NewMessage) -> Result<EventId> {
    let at = project.host.now();
    let message = Message {
        id: project.host.event_id(at),
        kind: new.kind,
        task: new.task.clone(),
        from: project.actor.clone(),
        to: new.to.clone(),
        at,
        text: new.text.clone(),
    };
    project.store.transact(&project.person(), "message", |_, changes| {
        changes.message(&message);
        Ok(())
    })?;
    Ok(message.id)
}

/// Those about a task, or all; oldest first.
pub fn messages_of(snapshot: &Snapshot<'_>, task: Option<&TaskId>) -> Result<Vec<Message>> {
    let mut messages = snapshot.messages()?;
    messages.retain(|message| task.is_none() || message.task.as_ref() == task);
    messages.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Ok(messages)
}
