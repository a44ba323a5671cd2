//! The lines of our own `runbook`, with its scripts' output between them.

use crate::agent::event::AgentEvent;
use crate::agent::protocol::{Heard, Protocol};

pub struct Runbook;

impl Protocol for Runbook {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        // What is not one of our lines is output of a script, even if it looks like another event of ours.
        let event = match serde_json::from_str(line) {
            Ok(event @ (AgentEvent::ToolStarted { .. } | AgentEvent::ToolEnded { .. })) => event,
            _ => AgentEvent::text(line),
        };
        heard.event(event);
    }
}
