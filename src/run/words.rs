//! What an agent said in a run, as it is shown to people.

use crate::agent::{Account, Asked, Note};
use crate::error::Result;
use crate::memory::{Origin, propose_from_run};
use crate::model::message::{Message, MessageKind};
use crate::model::run::RunRecord;
use crate::model::{EventId, TaskId};
use crate::store::{Changes, Snapshot};

/// What it wants others to know.
pub fn messages_of(account: &Account, task: &TaskId, run: &RunRecord) -> Vec<Message> {
    let message = |(number, said): (usize, &Note)| Message {
        // Named by its place in the run, so that a transaction that is tried again writes the same.
        id: EventId::from_name(&format!("{}-{number}", run.id)),
        kind: said.kind.as_deref().and_then(MessageKind::parse).unwrap_or(MessageKind::Info),
        task: Some(task.clone()),
        from: run.agent.clone(),
        to: said.to.clone(),
        reply_to: said.reply_to.clone(),
        at: run.started,
        text: said.text.clone(),
    };
    account.messages.iter().enumerate().map(message).collect()
}

/// What it learnt becomes notes, or confirms those of others.
pub fn remember(
    snapshot: &Snapshot<'_>,
    changes: &mut Changes,
    account: &Account,
    task: &TaskId,
    run: &RunRecord,
) -> Result<()> {
    let origin = Origin { task, run: &run.id, commit: run.result.as_deref(), by: &run.agent, at: run.started };
    propose_from_run(snapshot, changes, &origin, &account.learnt).map(drop)
}

pub fn question_text(question: &Asked) -> String {
    let numbered = question.choices.iter().enumerate();
    let choices: String = numbered.map(|(number, choice)| format!("\n{}. {choice}", number + 1)).collect();
    format!("{}{choices}", question.text)
}
