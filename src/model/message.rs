//! Messages: immutable notes to a task, its agent or a person.

use super::{EventId, TaskId, Timestamp};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

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
