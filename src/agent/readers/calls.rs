//! Tool calls from their beginning to their end, for protocols that tell the two apart by an id.

use crate::agent::event::AgentEvent;
use crate::agent::protocol::{Heard, field};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// More calls than this at once are no agent's work; what is beyond is still told, but not remembered.
const MOST_REMEMBERED: usize = 1_000;

/// Tools that write the file that their input names.
const WRITERS: [&str; 8] =
    ["Write", "Edit", "MultiEdit", "NotebookEdit", "write_file", "edit", "replace", "notebook_edit"];

#[derive(Default)]
pub struct Calls {
    open: BTreeMap<String, Call>,
    /// Calls whose refusal was told.
    refused: BTreeSet<String>,
}

struct Call {
    tool: String,
    summary: String,
    writes: Option<String>,
}

impl Calls {
    pub fn start(&mut self, id: &str, tool: &str, input: &Value, heard: &mut Heard) {
        let summary = field::tool_input(input);
        let writes = written_path(tool, input).map(str::to_owned);
        if self.open.len() < MOST_REMEMBERED {
            self.open.insert(id.to_owned(), Call { tool: tool.to_owned(), summary: summary.clone(), writes });
        }
        heard.event(AgentEvent::ToolStarted { id: Some(id.to_owned()), tool: Some(tool.to_owned()), summary });
    }

    /// A file is touched when its call has ended well: one that was refused touched nothing.
    pub fn end(&mut self, id: &str, ok: bool, said: &str, diff: Option<String>, heard: &mut Heard) {
        let call = self.open.remove(id);
        // A tool that answers nothing is known by what it was to do.
        let asked = call.as_ref().map(|call| call.summary.as_str()).unwrap_or_default();
        let summary = field::shorten(if said.trim().is_empty() { asked } else { said });
        heard.event(AgentEvent::ToolEnded { id: Some(id.to_owned()), ok, summary });
        if let Some(path) = call.and_then(|call| call.writes).filter(|_| ok) {
            heard.event(AgentEvent::FileTouched { path, diff });
        }
    }

    /// The call was not allowed. Told once, however often the agent says so.
    pub fn refuse(&mut self, id: &str, tool: &str, input: Option<&Value>, heard: &mut Heard) {
        if !self.settle(id) {
            return;
        }
        let call = self.open.get(id);
        let summary = input.map(field::tool_input).or(call.map(|call| call.summary.clone()));
        let tool = call.map_or(tool, |call| &call.tool).to_owned();
        heard.event(AgentEvent::PermissionAsked { tool, summary: summary.unwrap_or_default(), allowed: false });
    }

    /// Whether nobody has told of the call's refusal; from now on somebody has.
    pub fn settle(&mut self, id: &str) -> bool {
        self.refused.len() < MOST_REMEMBERED && self.refused.insert(id.to_owned())
    }
}

/// The file that a call would write, if it is one that writes.
pub fn written_path<'i>(tool: &str, input: &'i Value) -> Option<&'i str> {
    let is_writer = WRITERS.contains(&tool);
    let names = ["file_path", "notebook_path", "absolute_path", "path"];
    names.iter().find_map(|name| field::text(input, &[name])).filter(|_| is_writer)
}

/// What a tool answered, where it may be a text or a list of texts.
pub fn answer_text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| field::text(part, &["text"])).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_call_that_ended_well_touched_its_file() {
        let (mut calls, mut heard) = (Calls::default(), Heard::default());
        for (id, ok) in [("a", true), ("b", false)] {
            calls.start(id, "Write", &json!({"file_path": format!("{id}.rs")}), &mut heard);
            calls.end(id, ok, "", None, &mut heard);
        }
        let touched: Vec<_> = heard
            .events
            .iter()
            .filter_map(|event| match event {
                AgentEvent::FileTouched { path, .. } => Some(path.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(touched, ["a.rs"]);
    }

    #[test]
    fn a_refusal_is_told_once_with_what_was_to_be_done() {
        let (mut calls, mut heard) = (Calls::default(), Heard::default());
        calls.start("a", "Bash", &json!({"command": "make"}), &mut heard);
        calls.refuse("a", "Bash", None, &mut heard);
        calls.refuse("a", "Bash", Some(&json!({"command": "make"})), &mut heard);
        let asked = AgentEvent::PermissionAsked { tool: "Bash".into(), summary: "make".into(), allowed: false };
        assert_eq!(heard.events[1..], [asked]);
    }
}
