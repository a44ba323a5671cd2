//! Stream readers: from lines to events. They hold a little state and do no I/O.

use super::AgentEvent;
use crate::process::{Line, Pulse};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderKind {
    /// Plain text: every line is something the agent says.
    Text,
    /// The lines of our own `runbook`, with its scripts' output between them.
    Runbook,
}

pub struct Reader {
    kind: ReaderKind,
    in_tool: bool,
}

impl Reader {
    pub fn new(kind: ReaderKind) -> Reader {
        Reader { kind, in_tool: false }
    }

    pub fn read(&mut self, line: &Line<'_>) -> AgentEvent {
        let event = match (self.kind, line) {
            (_, Line::Stderr(text)) => AgentEvent::Complaint { text: (*text).to_owned() },
            (ReaderKind::Text, Line::Stdout(text)) => AgentEvent::Text { text: (*text).to_owned() },
            // What is not one of our lines is output of a script.
            (ReaderKind::Runbook, Line::Stdout(text)) => {
                serde_json::from_str(text).unwrap_or_else(|_| AgentEvent::Text { text: (*text).to_owned() })
            }
        };
        match event {
            AgentEvent::ToolStarted { .. } => self.in_tool = true,
            AgentEvent::ToolEnded { .. } => self.in_tool = false,
            _ => {}
        }
        event
    }

    pub fn pulse(&self) -> Pulse {
        match self.in_tool {
            true => Pulse::InTool,
            false => Pulse::Between,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runbook_is_in_a_tool_between_its_own_lines() {
        let mut reader = Reader::new(ReaderKind::Runbook);
        reader.read(&Line::Stdout(r#"{"event":"tool-started","summary":"make"}"#));
        assert!(matches!(reader.pulse(), Pulse::InTool));
        let said = reader.read(&Line::Stdout("{ not ours }"));
        assert_eq!(said, AgentEvent::Text { text: "{ not ours }".into() });
        reader.read(&Line::Stdout(r#"{"event":"tool-ended","ok":true,"summary":"make"}"#));
        assert!(matches!(reader.pulse(), Pulse::Between));
    }
}
