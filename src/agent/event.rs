//! What agents report, in one vocabulary.

use serde::{Deserialize, Serialize};

/// Everything here comes from outside and is escaped before it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum AgentEvent {
    Text {
        text: String,
    },
    /// A tool call begins; silence is measured by another clock until it ends.
    ToolStarted {
        summary: String,
    },
    ToolEnded {
        ok: bool,
        summary: String,
    },
    /// A line on stderr.
    Complaint {
        text: String,
    },
}

impl AgentEvent {
    /// One line for people.
    pub fn summary(&self) -> String {
        match self {
            AgentEvent::Text { text } | AgentEvent::Complaint { text } => text.trim().to_owned(),
            AgentEvent::ToolStarted { summary } => format!("$ {summary}"),
            AgentEvent::ToolEnded { ok: true, summary } => format!("ok: {summary}"),
            AgentEvent::ToolEnded { ok: false, summary } => format!("failed: {summary}"),
        }
    }
}
