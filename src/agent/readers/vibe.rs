//! `vibe -p … --output streaming`: the entries of one conversation, each printed when it is complete.
//!
//! There is no last event and no usage. What went wrong is a line `Error: …` on stderr.

use crate::agent::event::{AgentEvent, Cause};
use crate::agent::protocol::{Heard, Protocol, field};
use serde_json::Value;

#[derive(Default)]
pub struct Vibe {
    session: Option<String>,
    has_answered: bool,
    /// What it said on stderr before it gave up.
    failure: Option<(Cause, String)>,
}

impl Protocol for Vibe {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        let Some(line) = heard.parse(line) else { return };
        if let Some(session) = field::text(&line, &["sessionId"])
            && self.session.as_deref() != Some(session)
        {
            self.session = Some(session.to_owned());
            heard.event(AgentEvent::SessionStarted { session: session.to_owned(), model: None, version: None });
        }
        let kind = field::text(&line, &["type"]).unwrap_or_default();
        match kind {
            "message" => self.read_message(&line, heard),
            "effect" => read_effect(&line, heard),
            // It asked for an approval that nobody was there to give; the effect that failed for it says so again.
            "callback" => {}
            other => heard.unknown(other),
        }
    }

    fn read_stderr(&mut self, line: &str, heard: &mut Heard) {
        let failure = match line.trim().split_once(": ") {
            Some(("Error", text)) => Some((Cause::of_text(text), text.to_owned())),
            Some(("Stopped", text)) => Some((Cause::Aborted, text.to_owned())),
            _ => None,
        };
        match failure {
            Some((cause, text)) => {
                self.failure = Some((cause, text.clone()));
                heard.event(AgentEvent::Error { cause, text });
            }
            None if line.trim().is_empty() => {}
            None => heard.event(AgentEvent::Complaint { text: line.to_owned() }),
        }
    }

    fn end(&mut self, exit: Option<i32>, heard: &mut Heard) {
        let (ok, cause, text) = match (exit, self.failure.take()) {
            (Some(0), None) if self.has_answered => (true, None, String::new()),
            (Some(0), None) => (false, None, "it ended without an answer of the model".to_owned()),
            (_, Some((cause, text))) => (false, Some(cause), text),
            (_, None) => return,
        };
        heard.event(AgentEvent::Finished { ok, cause, text });
    }
}

impl Vibe {
    fn read_message(&mut self, line: &Value, heard: &mut Heard) {
        if field::text(line, &["role"]) != Some("assistant") {
            return;
        }
        let parts: Vec<&str> =
            field::list(line, &["content"]).filter_map(|part| field::text(part, &["text"])).collect();
        let text = parts.join("\n");
        let is_kept = field::text(line, &["outcome", "type"]) != Some("discarded");
        if is_kept && !text.is_empty() {
            self.has_answered = true;
            heard.event(AgentEvent::Text { text });
        }
    }
}

fn read_effect(line: &Value, heard: &mut Heard) {
    let id = field::text(line, &["id"]).map(str::to_owned);
    let name = field::text(line, &["detail", "toolName"]).unwrap_or_default();
    let tool = name.strip_prefix("file_system.").unwrap_or(name).to_owned();
    let summary = field::at(line, &["detail", "input"]).map(field::tool_input).unwrap_or_default();
    heard.event(AgentEvent::ToolStarted { id: id.clone(), tool: Some(tool.clone()), summary: summary.clone() });
    let state = line.get("state").unwrap_or(&Value::Null);
    let status = field::text(state, &["status"]).unwrap_or_default();
    let ok = status == "completed" && field::flag(state, &["display", "success"]) != Some(false);
    if field::text(state, &["error", "code"]) == Some("tool_denied") {
        heard.event(AgentEvent::PermissionAsked { tool, summary, allowed: false });
    }
    let written = field::text(state, &["output", "filePath"]).or(field::text(line, &["detail", "input", "filePath"]));
    let writes = matches!(field::text(line, &["detail", "kind"]), Some("file_write" | "file_edit"));
    if let Some(path) = written.filter(|_| ok && writes) {
        heard.event(AgentEvent::FileTouched { path: path.to_owned(), diff: None });
    }
    let said = field::text(state, &["display", "message"]).filter(|said| !said.is_empty()).unwrap_or(status);
    heard.event(AgentEvent::ToolEnded { id, ok, summary: field::shorten(said) });
}
