//! Our own events, one JSON object per line: for wrappers that people write around an agent nobody else has a reader for.
//!
//! With `prompt = "protocol"` the program gets lines on stdin, too: `{"prompt":"…","resume":"…"}` first, and
//! `{"say":"…"}` for what people say meanwhile. It is told that there will be no more when it has reported `finished`.

use crate::agent::event::AgentEvent;
use crate::agent::protocol::{Heard, Opening, Protocol};
use serde_json::{Value, json};

pub struct Events {
    greeting: Value,
    is_over: bool,
}

impl Events {
    pub fn new(opening: &Opening<'_>) -> Events {
        let mut greeting = json!({ "prompt": opening.prompt, "permission": opening.permission });
        let optional = [("resume", opening.resume), ("model", opening.model), ("effort", opening.effort)];
        for (name, value) in optional {
            if let Some(value) = value {
                greeting[name] = value.into();
            }
        }
        Events { greeting, is_over: false }
    }
}

impl Protocol for Events {
    fn begin(&mut self, heard: &mut Heard) {
        heard.send(&self.greeting);
    }

    fn read(&mut self, line: &str, heard: &mut Heard) {
        let Some(value) = heard.parse(line) else { return };
        let kind = value.get("event").and_then(Value::as_str).unwrap_or("no event").to_owned();
        match serde_json::from_value(value) {
            Ok(event) => {
                self.is_over = matches!(event, AgentEvent::Finished { .. });
                heard.hang_up = self.is_over;
                heard.event(event);
            }
            Err(_) => heard.unknown(&kind),
        }
    }

    fn say(&mut self, text: &str, heard: &mut Heard) -> bool {
        if !self.is_over {
            heard.send(&json!({ "say": text }));
        }
        !self.is_over
    }

    fn listens(&self) -> bool {
        true
    }
}
