//! A person's words for a task's agent.

use super::Project;
use super::follow_up::{Besides, Opened, follow_up};
use super::follower::follow_up_task;
use crate::error::{Error, Result};
use crate::model::message::{Message, MessageKind};
use crate::model::{Change, EventId, Reason, Status, TaskId};
use crate::store::Snapshot;
use crate::store::Vouch;

/// What became of a person's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// They are on the record, by this event, for the agent.
    ForAgent(EventId),
    /// They are something to do. On the record of the task itself they are by this event, where it is not merged.
    ToDo(Opened, Option<EventId>),
}

/// Records what a person says. It reaches the agent with its next prompt, or at once where one is running that listens.
/// Nobody works on finished work: what is said about it is something to do.
pub fn say(project: &Project, id: &TaskId, text: &str) -> Result<Said> {
    let text = require_text(text)?;
    let besides = Besides { words: Some(text), ..Besides::default() };
    let (mut approved, mut opened, mut follower) = (None, None, None);
    project.store.transact(&project.person(), "say", |snapshot, changes| {
        let task = snapshot.task(id)?;
        (approved, opened, follower) = (None, None, None);
        if task.status == Status::Done {
            follower = Some(follow_up_task(project, snapshot, &task, besides, changes)?);
            return Ok(());
        }
        if task.status.is_closed() {
            return Err(Error::failed(format!(
                "task {} is {}: nobody is there to hear it",
                snapshot.short(id),
                task.status
            ))
            .hint(format!("to take it up again: aifactory retry {}", snapshot.short(id))));
        }
        changes.event(id, Change::Said { text: text.to_owned() });
        if task.status == Status::Review
            && let Some((step, digest)) = follow_up(project, snapshot, &task, besides, changes)?
        {
            let (from, to) = (Status::Review, Status::Ready);
            changes.event(id, Change::Moved { from, to, reason: None, note: None });
            (approved, opened) = (Some(digest), Some(Opened::Step(step)));
        }
        Ok(())
    })?;
    if let Some(digest) = &approved {
        project.store.local.vouch(Vouch::Approved, digest)?;
    }
    if let Some(follower) = follower {
        follower.vouch(project)?;
        return Ok(Said::ToDo(Opened::Task(follower.id), None));
    }
    let events = project.store.snapshot()?.events(id)?;
    let said = events.into_iter().rev().find(|event| matches!(event.change, Change::Said { .. }));
    let said = said.map(|event| event.id).ok_or_else(|| Error::failed("what was said is not on the record"))?;
    Ok(match opened {
        Some(opened) => Said::ToDo(opened, Some(said)),
        None => Said::ForAgent(said),
    })
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub question: String,
    pub answer: String,
}

/// Answers the question for which a task waits, and makes it ready. A number stands for one of the choices.
pub fn answer(project: &Project, id: &TaskId, text: &str) -> Result<Answered> {
    let text = require_text(text)?;
    project.store.transact(&project.person(), "answer", |snapshot, changes| {
        let task = snapshot.task(id)?;
        let short = snapshot.short(id);
        if (task.status, task.reason) != (Status::Waiting, Some(Reason::Question)) {
            let hint = format!("to tell its agent something: aifactory say {short} \"…\"");
            return Err(Error::failed(format!("task {short} waits for no answer: it is {}", task.status)).hint(hint));
        }
        let question = task.note.clone().unwrap_or_default();
        let answer = chosen(&question, text).unwrap_or(text).to_owned();
        changes.event(id, Change::Said { text: format!("You asked: {question}\nThe answer: {answer}") });
        let moved = Change::Moved { from: task.status, to: Status::Ready, reason: None, note: None };
        changes.event(id, moved);
        changes.message(&Message {
            id: project.host.event_id(project.host.now()),
            kind: MessageKind::Answer,
            task: Some(id.clone()),
            from: project.actor.clone(),
            to: None,
            reply_to: question_of(snapshot, id)?,
            at: project.host.now(),
            text: answer.clone(),
        });
        Ok(Answered { question, answer })
    })
}

/// The message that asks what a task waits to be told, where there is one.
fn question_of(snapshot: &Snapshot<'_>, id: &TaskId) -> Result<Option<EventId>> {
    let messages = snapshot.messages()?.records.into_iter();
    let asked = messages.filter(|message| message.kind == MessageKind::Question && message.task.as_ref() == Some(id));
    Ok(asked.max_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id))).map(|message| message.id))
}

/// The choice that a number names. Choices stand one per line below the question, each behind its number.
fn chosen<'q>(question: &'q str, answer: &str) -> Option<&'q str> {
    let number: usize = answer.trim().parse().ok()?;
    let mark = format!("{number}. ");
    question.lines().skip(1).find_map(|line| line.strip_prefix(&mark))
}

/// What is said without the blank around it, which must not be all of it.
pub fn require_text(text: &str) -> Result<&str> {
    match text.trim() {
        "" => Err(Error::usage("there is nothing to say")),
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_a_choice_where_there_are_choices() {
        let question = "Which port?\n1. 80\n2. 8080";
        assert_eq!(chosen(question, "2"), Some("8080"));
        assert_eq!(chosen(question, "3"), None);
        assert_eq!(chosen(question, "0"), None);
        assert_eq!(chosen("How many?", "2"), None);
        assert_eq!(chosen(question, "neither"), None);
    }
}
