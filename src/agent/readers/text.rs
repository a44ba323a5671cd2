//! Plain text: every line is something the agent says.

use crate::agent::event::AgentEvent;
use crate::agent::protocol::{Heard, Protocol};

pub struct Text;

impl Protocol for Text {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        heard.event(AgentEvent::text(line));
    }
}
