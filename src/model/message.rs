//! Messages: immutable notes to a task, its agent or a person.

use super::{EventId, TaskId, Timestamp};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub id: EventId,
    pub kind: MessageKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    pub from: String,
    /// An agent, a role or a person; everybody where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The message it is about, which may be gone or may not have come yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<EventId>,
    pub at: Timestamp,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageKind {
    Info,
    Question,
    Answer,
    Handoff,
    Review,
    Status,
    Error,
}

impl MessageKind {
    pub const ALL: [MessageKind; 7] = [
        MessageKind::Info,
        MessageKind::Question,
        MessageKind::Answer,
        MessageKind::Handoff,
        MessageKind::Review,
        MessageKind::Status,
        MessageKind::Error,
    ];

    pub fn word(self) -> &'static str {
        match self {
            MessageKind::Info => "info",
            MessageKind::Question => "question",
            MessageKind::Answer => "answer",
            MessageKind::Handoff => "handoff",
            MessageKind::Review => "review",
            MessageKind::Status => "status",
            MessageKind::Error => "error",
        }
    }

    /// All kinds as a person types them.
    pub const WORDS: [&str; 7] = ["info", "question", "answer", "handoff", "review", "status", "error"];

    pub fn parse(word: &str) -> Option<MessageKind> {
        MessageKind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// A kind that can be posted as it is. Questions, answers and reviews come about in other ways.
    pub fn parse_postable(word: &str) -> Result<MessageKind> {
        match MessageKind::parse(word) {
            Some(kind @ (MessageKind::Info | MessageKind::Handoff | MessageKind::Status | MessageKind::Error)) => {
                Ok(kind)
            }
            Some(MessageKind::Question) => {
                Err(Error::usage("a question is not posted").hint("inside a run: aifactory ask \"…\""))
            }
            Some(MessageKind::Answer) => {
                Err(Error::usage("an answer is not posted").hint("aifactory answer <id> \"…\""))
            }
            _ => Err(Error::usage(format!("`{}` is no kind of message", super::text::escape_line(word)))
                .hint("info, handoff, status or error")),
        }
    }
}

/// A message in its thread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threaded<'m> {
    /// 0 for the first; one more for a reply to it, and so on.
    pub depth: usize,
    pub message: &'m Message,
}

/// The whole thread that a message belongs to, each message before its replies, these by age. Empty where there is no
/// such message. Records are written by anybody: replies that go round in a circle end where they began.
pub fn thread<'m>(messages: &'m [Message], of: &EventId) -> Vec<Threaded<'m>> {
    let by_id: BTreeMap<&EventId, &Message> = messages.iter().map(|message| (&message.id, message)).collect();
    let Some(mut first) = by_id.get(of).copied() else { return Vec::new() };
    let mut climbed = BTreeSet::from([&first.id]);
    while let Some(parent) = first.reply_to.as_ref().and_then(|parent| by_id.get(parent)) {
        if !climbed.insert(&parent.id) {
            break;
        }
        first = parent;
    }
    let mut replies: BTreeMap<&EventId, Vec<&Message>> = BTreeMap::new();
    for message in by_id.values() {
        if let Some(parent) = &message.reply_to {
            replies.entry(parent).or_default().push(message);
        }
    }
    let mut thread = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![Threaded { depth: 0, message: first }];
    while let Some(next) = open.pop() {
        if !seen.insert(&next.message.id) {
            continue;
        }
        thread.push(next);
        let mut below = replies.remove(&next.message.id).unwrap_or_default();
        below.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        open.extend(below.into_iter().map(|message| Threaded { depth: next.depth + 1, message }));
    }
    thread
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, at: u64, reply_to: Option<&str>) -> Message {
        Message {
            id: EventId::from_name(id),
            kind: MessageKind::Info,
            task: None,
            from: "ana".into(),
            to: None,
            reply_to: reply_to.map(EventId::from_name),
            at: Timestamp::from_millis(at),
            text: id.into(),
        }
    }

    fn shown(messages: &[Message], of: &str) -> String {
        let thread = thread(messages, &EventId::from_name(of));
        thread.iter().map(|part| format!("{}{} ", "-".repeat(part.depth), part.message.id)).collect()
    }

    #[test]
    fn a_thread_is_the_same_from_each_of_its_messages() {
        let messages = [
            message("a", 1, None),
            message("d", 9, Some("a")),
            message("b", 2, Some("a")),
            message("c", 3, Some("b")),
            message("other", 1, None),
            message("lost", 1, Some("gone")),
        ];
        for of in ["a", "b", "c", "d"] {
            assert_eq!(shown(&messages, of), "a -b --c -d ", "{of}");
        }
        assert_eq!(shown(&messages, "lost"), "lost ");
        assert_eq!(shown(&messages, "gone"), "");
    }

    #[test]
    fn replies_in_a_circle_come_to_an_end() {
        let messages = [
            message("a", 1, Some("c")),
            message("b", 2, Some("a")),
            message("c", 3, Some("b")),
            message("x", 1, Some("x")),
        ];
        assert_eq!(shown(&messages, "a"), "b -c --a ");
        assert_eq!(shown(&messages, "x"), "x ");
    }

    #[test]
    fn the_words_of_kinds_are_those_of_the_records() {
        assert_eq!(MessageKind::ALL.map(MessageKind::word), MessageKind::WORDS);
    }
}
