//! Messages: left by people and agents, about a task or about everything; found again, and told to agents once.

use super::Project;
use crate::error::{Error, Result};
use crate::model::event::Event;
use crate::model::handoff::Handoff;
use crate::model::message::{Message, MessageKind};
use crate::model::run::Outcome;
use crate::model::{Change, EventId, Task, TaskId, Timestamp};
use crate::store::{Found, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of one message.
const LONGEST: usize = 64 * 1024;

pub struct NewMessage {
    pub task: Option<TaskId>,
    pub to: Option<String>,
    pub kind: MessageKind,
    /// The message it answers: where nothing else is said, it is about the same task and goes to who wrote that one.
    pub reply_to: Option<EventId>,
    pub text: String,
}

/// Writes a message down. Its id.
pub fn post(project: &Project, new: &NewMessage) -> Result<EventId> {
    if new.text.len() > LONGEST {
        let error = Error::usage(format!("the message is {} bytes long; {LONGEST} is the most", new.text.len()));
        return Err(error.hint("write it into a file, and say where it is"));
    }
    let at = project.host.now();
    let text = match new.kind {
        MessageKind::Handoff => Handoff::parse(&new.text).map(|handoff| handoff.to_text()),
        _ => None,
    };
    let mut message = Message {
        id: project.host.event_id(at),
        kind: new.kind,
        task: new.task.clone(),
        from: project.actor.clone(),
        to: new.to.clone(),
        reply_to: new.reply_to.clone(),
        at,
        text: text.unwrap_or_else(|| new.text.clone()),
    };
    project.store.transact(&project.person(), "message", |snapshot, changes| {
        if let Some(parent) = new.reply_to.as_ref().map(|id| snapshot.message(id)).transpose()? {
            message.task = new.task.clone().or(parent.task);
            message.to = new.to.clone().or(Some(parent.from).filter(|from| *from != project.actor));
        }
        changes.message(&message);
        Ok(())
    })?;
    Ok(message.id)
}

/// Which messages. What is absent lets everything through.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub task: Option<TaskId>,
    /// Only those about no task.
    pub of_project: bool,
    /// Any of these.
    pub kinds: Vec<MessageKind>,
    /// A name, or an address up to its `@`.
    pub from: Option<String>,
    pub to: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Words that all occur, as in `search`.
    pub words: Option<String>,
    /// The newest so many.
    pub limit: Option<usize>,
}

impl Selection {
    /// Whatever can be told from the message alone: neither words nor number.
    pub fn takes(&self, message: &Message) -> bool {
        let is = |wanted: &Option<String>, name: Option<&str>| match wanted {
            None => true,
            Some(wanted) => name.is_some_and(|name| is_called(name, wanted)),
        };
        (self.task.is_none() || message.task == self.task)
            && !(self.of_project && message.task.is_some())
            && (self.kinds.is_empty() || self.kinds.contains(&message.kind))
            && is(&self.from, Some(&message.from))
            && is(&self.to, message.to.as_deref())
            && self.since.is_none_or(|since| message.at >= since)
            && self.until.is_none_or(|until| message.at <= until)
    }
}

/// Those that were asked for, oldest first, and the records that nobody can read.
///
/// Words are looked up in the index that `search` has anyway: it finds beginnings of words and quoted words the same way
/// there and here, and costs no reading of messages.
pub fn select(snapshot: &Snapshot<'_>, selection: &Selection) -> Result<Found<Message>> {
    let mut found = snapshot.messages()?;
    if let Some(words) = &selection.words {
        let with_words = snapshot.index()?.messages_with(words)?;
        found.records.retain(|message| with_words.contains(&message.id));
    }
    found.records.retain(|message| selection.takes(message));
    found.records.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    if let Some(limit) = selection.limit {
        found.records.drain(..found.records.len().saturating_sub(limit));
    }
    Ok(found)
}

/// `ana` is also `Ana` and `ana@example.com`.
fn is_called(name: &str, wanted: &str) -> bool {
    let short = name.split('@').next().unwrap_or_default();
    name.eq_ignore_ascii_case(wanted) || short.eq_ignore_ascii_case(wanted)
}

/// Messages for an agent of a task that no agent of it has been told, oldest first. `who` are the names it answers to:
/// its agent's, its role, `agent`. The task's own id, whole, is one of them anyway. A message about no task is for the
/// tasks that were there when it was written: one about today is not told for ever.
///
/// Whoever tells them records [`Change::MessagesDelivered`] in the transaction that starts the run.
pub fn undelivered(snapshot: &Snapshot<'_>, task: &TaskId, who: &[&str]) -> Result<Vec<Message>> {
    let (record, events) = (snapshot.task(task)?, snapshot.events(task)?);
    let messages = snapshot.messages()?.records;
    let mut waiting: Vec<Message> = waiting(&messages, &record, &events, who).into_iter().cloned().collect();
    waiting.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Ok(waiting)
}

fn waiting<'m>(messages: &'m [Message], task: &Task, events: &[Event], who: &[&str]) -> Vec<&'m Message> {
    let delivered = delivered(events);
    let is_for_it = |message: &&Message| {
        let Some(to) = message.to.as_deref().filter(|to| !to.is_empty()) else { return false };
        let is_named = to == task.id.as_str() || who.iter().any(|name| to.eq_ignore_ascii_case(name));
        match &message.task {
            Some(of) => *of == task.id && is_named,
            None => to == task.id.as_str() || (is_named && message.at >= task.created),
        }
    };
    messages.iter().filter(is_for_it).filter(|message| !delivered.contains(&message.id)).collect()
}

/// The messages that agents of the task have been told, by its events in order.
///
/// What was told to a run counts when the run came to its end: after a crash, a stop or a failure another conversation
/// begins, or nobody knows how far this one got, and the message is told again. While the run goes on it counts, too, so
/// that an agent beside it is not told the same; a claim that ends without a word about its runs takes that back.
pub fn delivered(events: &[Event]) -> BTreeSet<EventId> {
    let mut delivered = BTreeSet::new();
    let mut told: BTreeMap<&EventId, Vec<&EventId>> = BTreeMap::new();
    for event in events {
        match &event.change {
            Change::MessagesDelivered { run, messages } => told.entry(run).or_default().extend(messages),
            Change::RunEnded { run, outcome, .. } => {
                let heard = told.remove(run).unwrap_or_default();
                if got_through(outcome) {
                    delivered.extend(heard.into_iter().cloned());
                }
            }
            Change::Claimed { .. } | Change::Released { .. } => told.clear(),
            _ => {}
        }
    }
    delivered.extend(told.into_values().flatten().cloned());
    delivered
}

/// The turn ended by itself, so that its conversation has what it was told.
fn got_through(outcome: &str) -> bool {
    let complete = [Outcome::Succeeded, Outcome::NoWork, Outcome::NeedsPerson, Outcome::Budget];
    complete.iter().any(|complete| complete.word() == outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> TaskId {
        TaskId::parse("7kq2mabcde").unwrap()
    }

    fn message(name: &str, at: u64, task: Option<TaskId>, to: Option<&str>) -> Message {
        Message {
            id: EventId::from_name(name),
            kind: MessageKind::Info,
            task,
            from: "ana@example.com".into(),
            to: to.map(str::to_owned),
            reply_to: None,
            at: Timestamp::from_millis(at),
            text: name.into(),
        }
    }

    fn told(run: &str, messages: &[&str]) -> Change {
        let messages = messages.iter().map(|name| EventId::from_name(name)).collect();
        Change::MessagesDelivered { run: EventId::from_name(run), messages }
    }

    fn ended(run: &str, outcome: Outcome) -> Change {
        Change::RunEnded { run: EventId::from_name(run), outcome: outcome.word().into(), heard: Vec::new(), but: None }
    }

    fn names(changes: Vec<Change>) -> Vec<String> {
        delivered(&Event::sequence(changes)).iter().map(EventId::to_string).collect()
    }

    #[test]
    fn a_message_is_delivered_when_the_run_that_was_told_it_comes_to_its_end() {
        assert_eq!(names(vec![told("r", &["a", "b"]), ended("r", Outcome::Succeeded)]), ["a", "b"]);
        assert_eq!(names(vec![told("r", &["a"]), told("r", &["b"]), ended("r", Outcome::NeedsPerson)]), ["a", "b"]);
        for cut in [Outcome::Interrupted, Outcome::Stopped, Outcome::Failed, Outcome::RateLimited] {
            assert_eq!(names(vec![told("r", &["a"]), ended("r", cut)]), [""; 0], "{cut}");
        }
    }

    #[test]
    fn what_a_run_under_way_was_told_is_not_told_beside_it() {
        assert_eq!(names(vec![told("r", &["a"]), ended("s", Outcome::Failed)]), ["a"]);
        let released = Change::Released { why: "the worker died".into(), recovery: true, claim: None };
        assert_eq!(names(vec![told("r", &["a"]), released]), [""; 0]);
    }

    #[test]
    fn only_what_is_addressed_to_an_agent_of_the_task_waits_for_it() {
        let task = Task::new(id(), "t".into(), Timestamp::from_millis(50), EventId::from_name("e"));
        let other = TaskId::parse("9kq2mabcde").unwrap();
        let messages = [
            message("to its role", 60, Some(id()), Some("Coder")),
            message("to its id", 10, None, Some("7kq2mabcde")),
            message("to all coders", 60, None, Some("coder")),
            message("to all coders of old", 40, None, Some("coder")),
            message("to a person", 60, Some(id()), Some("ben")),
            message("to nobody", 60, Some(id()), None),
            message("of another task", 60, Some(other), Some("coder")),
            message("known", 60, Some(id()), Some("agent")),
        ];
        let events = Event::sequence(vec![told("r", &["known"]), ended("r", Outcome::Succeeded)]);
        let waiting = waiting(&messages, &task, &events, &["claude", "coder", "agent"]);
        let texts: Vec<&str> = waiting.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(texts, ["to its role", "to its id", "to all coders"]);
    }

    #[test]
    fn a_name_is_also_meant_by_its_short_form() {
        let by = |from: &str| Selection { from: Some(from.into()), ..Selection::default() };
        let from_ana = message("m", 1, None, None);
        assert!(by("ana").takes(&from_ana) && by("Ana@example.com").takes(&from_ana) && !by("an").takes(&from_ana));
        let to = Selection { to: Some("ana".into()), ..Selection::default() };
        assert!(!to.takes(&from_ana));
    }
}
