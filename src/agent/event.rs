//! What agents report, in one vocabulary. Every protocol is translated into it, and nothing above knows another.

use crate::model::{Timestamp, Usage};
use serde::{Deserialize, Serialize};

/// Everything here comes from outside and is escaped before it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum AgentEvent {
    /// The conversation has a name by which it can be taken up again.
    SessionStarted {
        session: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    Text {
        text: String,
    },
    Thought {
        text: String,
    },
    /// A tool call begins; silence is measured by another clock until it ends.
    ToolStarted {
        /// Pairs the beginning with the end. Agents that run one tool at a time need none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<String>,
        summary: String,
    },
    ToolEnded {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        ok: bool,
        summary: String,
    },
    /// As the agent names the path: absolute or relative to the worktree.
    FileTouched {
        path: String,
        /// What changed, as lines of a unified diff, where the agent shows it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        diff: Option<String>,
    },
    Used {
        usage: Usage,
        scope: Scope,
    },
    /// The service says when it will have time again, or only that it has none.
    RateLimit {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        text: String,
    },
    /// The agent asked whether it may, and was told by the policy.
    PermissionAsked {
        tool: String,
        summary: String,
        allowed: bool,
    },
    /// Only a person knows.
    Question {
        text: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        choices: Vec<String>,
    },
    /// A note for the task's people, or for another agent.
    Message {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
        /// The id of the message it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<String>,
        text: String,
    },
    /// Something that later tasks should know.
    Learned {
        /// outcome, learning or gotcha
        kind: String,
        text: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<String>,
    },
    /// The agent will try a model call again by itself.
    Retry {
        attempt: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait_ms: Option<u64>,
        cause: Cause,
        text: String,
    },
    /// Something went wrong; whether it was the end is said by `Finished`.
    Error {
        cause: Cause,
        text: String,
    },
    /// A line on stderr.
    Complaint {
        text: String,
    },
    /// A line that this reader does not know, or cannot read.
    Unknown {
        kind: String,
    },
    /// The agent's own last word about the turn. It proves nothing.
    Finished {
        ok: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
        text: String,
    },
}

/// What a usage report counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// One model call; calls add up.
    Call,
    /// The whole run so far; a later report replaces an earlier one.
    Run,
    /// The whole conversation since it began, earlier runs included.
    Session,
}

/// Why a model call or a turn failed, as far as it decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    RateLimit,
    Authentication,
    /// The service is overloaded or broken.
    Server,
    /// The service could not be reached, or its answer was cut off.
    Network,
    /// The request itself was refused: an unknown model, too long a prompt.
    Request,
    /// The agent's own limit on money or turns.
    Budget,
    Aborted,
    Other,
}

impl Cause {
    /// What an HTTP status says.
    pub fn of_status(status: u64) -> Cause {
        match status {
            401 | 403 => Cause::Authentication,
            402 => Cause::Budget,
            408 => Cause::Network,
            429 => Cause::RateLimit,
            400..=499 => Cause::Request,
            500..=599 => Cause::Server,
            _ => Cause::Other,
        }
    }

    /// What a message in words says, for agents that report in words alone.
    pub fn of_text(text: &str) -> Cause {
        let text = text.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let status = |codes: &[&str]| {
            codes.iter().any(|code| {
                text.match_indices(code).any(|(at, _)| {
                    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '.');
                    edge(text[..at].chars().next_back()) && edge(text[at + code.len()..].chars().next())
                })
            })
        };
        if has(&["rate limit", "rate_limit", "ratelimit", "too many requests", "quota exceeded", "usage limit"])
            || status(&["429"])
        {
            Cause::RateLimit
        } else if has(&[
            "unauthorized",
            "authentication",
            "invalid api key",
            "invalid x-api-key",
            "incorrect api key",
            "api key not valid",
            "invalid_api_key",
            "not logged in",
            "please run /login",
            "forbidden",
        ]) || status(&["401", "403"])
        {
            Cause::Authentication
        } else if has(&["overloaded", "internal server error", "service unavailable", "bad gateway"])
            || status(&["500", "502", "503", "504", "529"])
        {
            Cause::Server
        } else if has(&[
            "connection error",
            "connection failed",
            "connection refused",
            "econnrefused",
            "econnreset",
            "enotfound",
            "timed out",
            "timeout",
            "fetch failed",
            "stream disconnected",
            "network",
        ]) {
            Cause::Network
        } else {
            Cause::Other
        }
    }
}

impl AgentEvent {
    pub fn text(text: impl Into<String>) -> AgentEvent {
        AgentEvent::Text { text: text.into() }
    }

    pub fn error(text: impl Into<String>) -> AgentEvent {
        let text = text.into();
        AgentEvent::Error { cause: Cause::of_text(&text), text }
    }

    /// The same with paths of the worktree as the project knows them: shorter, and the same on every machine.
    #[must_use]
    pub fn within(mut self, worktree: &str) -> AgentEvent {
        let beginning = format!("{}/", worktree.trim_end_matches('/'));
        if beginning.len() < 2 {
            return self;
        }
        match &mut self {
            AgentEvent::ToolStarted { summary: text, .. }
            | AgentEvent::ToolEnded { summary: text, .. }
            | AgentEvent::PermissionAsked { summary: text, .. }
            | AgentEvent::FileTouched { path: text, .. }
                if text.contains(&beginning) =>
            {
                *text = text.replace(&beginning, "");
            }
            _ => {}
        }
        self
    }

    /// One line for people. Empty where there is nothing to say.
    pub fn summary(&self) -> String {
        match self {
            AgentEvent::Text { text } | AgentEvent::Complaint { text } | AgentEvent::Thought { text } => {
                text.trim().to_owned()
            }
            AgentEvent::ToolStarted { tool: None, summary, .. } => format!("$ {summary}"),
            AgentEvent::ToolStarted { tool: Some(tool), summary, .. } => {
                format!("$ {tool} {summary}").trim().to_owned()
            }
            AgentEvent::ToolEnded { ok: true, summary, .. } => format!("ok: {summary}"),
            AgentEvent::ToolEnded { ok: false, summary, .. } => format!("failed: {summary}"),
            AgentEvent::PermissionAsked { tool, summary, allowed: false } => format!("denied: {tool} {summary}"),
            AgentEvent::Question { text, .. } => format!("asks: {text}"),
            AgentEvent::Message { text, .. } => format!("says: {text}"),
            AgentEvent::Learned { text, .. } => format!("learned: {text}"),
            AgentEvent::RateLimit { text, .. } => format!("rate limit: {text}"),
            AgentEvent::Retry { attempt, most, text, .. } => {
                let most = most.map(|most| format!(" of {most}")).unwrap_or_default();
                format!("retry {attempt}{most}: {text}")
            }
            AgentEvent::Error { text, .. } => format!("error: {text}"),
            AgentEvent::Finished { ok: false, text, .. } => format!("ended with an error: {text}"),
            AgentEvent::SessionStarted { .. }
            | AgentEvent::FileTouched { .. }
            | AgentEvent::Used { .. }
            | AgentEvent::PermissionAsked { .. }
            | AgentEvent::Unknown { .. }
            | AgentEvent::Finished { .. } => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_read_out_of_words_without_mistaking_other_numbers() {
        for (text, cause) in [
            ("API Error: 429 Too many requests", Cause::RateLimit),
            ("unexpected status 401 Unauthorized: invalid key", Cause::Authentication),
            ("exceeded retry limit, last status: 503 Service Unavailable", Cause::Server),
            ("stream disconnected before completion", Cause::Network),
            ("wrote 4290 lines, 500.5 of them new, in v1.401.2", Cause::Other),
            ("file a429b.txt", Cause::Other),
        ] {
            assert_eq!(Cause::of_text(text), cause, "{text}");
        }
    }
}
