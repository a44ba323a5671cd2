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
            "callback" => read_callback(&line, heard),
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
    let status = field::text(line, &["state", "status"]).unwrap_or_default();
    heard.event(AgentEvent::ToolStarted {
        id: id.clone(),
        tool: tool(line, "detail"),
        summary: summary(line, "detail"),
    });
    let ok = status == "completed" && field::flag(line, &["state", "display", "success"]) != Some(false);
    let written =
        field::text(line, &["state", "output", "filePath"]).or(field::text(line, &["detail", "input", "filePath"]));
    let writes = matches!(field::text(line, &["detail", "kind"]), Some("file_write" | "file_edit"));
    if let Some(path) = written.filter(|_| ok && writes) {
        heard.event(AgentEvent::FileTouched { path: path.to_owned(), diff: None });
    }
    let said = field::text(line, &["state", "display", "message"]).filter(|said| !said.is_empty()).unwrap_or(status);
    heard.event(AgentEvent::ToolEnded { id, ok, summary: field::shorten(said) });
}

/// It asked itself, with nobody there to answer, and recorded what it took for the answer.
fn read_callback(line: &Value, heard: &mut Heard) {
    if field::text(line, &["detail", "kind"]) != Some("approval") {
        return heard.unknown("callback");
    }
    let decision = field::text(line, &["state", "output", "decision", "type"]).unwrap_or_default();
    let effect = line.get("detail").unwrap_or(&Value::Null);
    heard.event(AgentEvent::PermissionAsked {
        tool: tool(effect, "effect").unwrap_or_default(),
        summary: summary(effect, "effect"),
        allowed: decision.starts_with("approve"),
    });
}

fn tool(entry: &Value, at: &str) -> Option<String> {
    let name = field::text(entry, &[at, "toolName"])?;
    Some(name.strip_prefix("file_system.").unwrap_or(name).to_owned())
}

fn summary(entry: &Value, at: &str) -> String {
    field::at(entry, &[at, "input"]).map(field::tool_input).unwrap_or_default()
}
