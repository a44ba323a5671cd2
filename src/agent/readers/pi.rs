//! `pi -p --mode json`: the events of one conversation.
//!
//! It exits with 0 whatever happened: the last `agent_end` says how the turn went. A message is read once, when it is
//! complete; the updates before repeat it again and again.

use crate::agent::event::{AgentEvent, Cause, Scope};
use crate::agent::protocol::{Heard, Protocol, field};
use crate::model::{Usage, micros_of_dollars};
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Pi {
    session: Option<String>,
    model: Option<String>,
    /// The files that running tools are to write, by call.
    writing: BTreeMap<String, String>,
}

impl Protocol for Pi {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        let Some(line) = heard.parse(line) else { return };
        let kind = field::text(&line, &["type"]).unwrap_or_default();
        match kind {
            "session" => {
                self.session = field::text(&line, &["id"]).map(str::to_owned);
                self.tell_session(heard);
            }
            "message_end" => self.read_message(&line, heard),
            "tool_execution_start" => self.start_tool(&line, heard),
            "tool_execution_end" => self.end_tool(&line, heard),
            "auto_retry_start" => heard.event(retry(&line)),
            "agent_end" => finish(&line, heard),
            "compaction_end" => {
                if let Some(text) = field::text(&line, &["errorMessage"]) {
                    heard.event(AgentEvent::error(text));
                }
            }
            "agent_start"
            | "turn_start"
            | "turn_end"
            | "message_start"
            | "message_update"
            | "tool_execution_update"
            | "auto_retry_end"
            | "compaction_start"
            | "queue_update"
            | "session_info_changed"
            | "thinking_level_changed" => {}
            other => heard.unknown(other),
        }
    }

    fn read_stderr(&mut self, line: &str, heard: &mut Heard) {
        // Without a key it says so in one line, before there is a conversation.
        match line.trim() {
            "" => {}
            text if text.starts_with("No API key found") => {
                heard.event(AgentEvent::Error { cause: Cause::Authentication, text: text.to_owned() });
            }
            _ => heard.event(AgentEvent::Complaint { text: line.to_owned() }),
        }
    }
}

impl Pi {
    fn tell_session(&self, heard: &mut Heard) {
        if let Some(session) = self.session.clone() {
            heard.event(AgentEvent::SessionStarted { session, model: self.model.clone(), version: None });
        }
    }

    fn read_message(&mut self, line: &Value, heard: &mut Heard) {
        if field::text(line, &["message", "role"]) != Some("assistant") {
            return;
        }
        let model = field::text(line, &["message", "model"]).map(str::to_owned);
        if model.is_some() && model != self.model {
            self.model = model;
            self.tell_session(heard);
        }
        // A part has its text under the name of its type.
        let said = |kind: &str| {
            let parts = field::list(line, &["message", "content"]).filter_map(|part| field::text(part, &[kind]));
            Some(parts.collect::<Vec<_>>().join("\n")).filter(|text| !text.is_empty())
        };
        if let Some(text) = said("thinking") {
            heard.event(AgentEvent::Thought { text });
        }
        if let Some(text) = said("text") {
            heard.event(AgentEvent::Text { text });
        }
        if let Some(usage) = usage(line) {
            heard.event(AgentEvent::Used { usage, scope: Scope::Call });
        }
        if let Some((cause, text)) = failure(&line["message"]) {
            heard.event(AgentEvent::Error { cause, text });
        }
    }

    fn start_tool(&mut self, line: &Value, heard: &mut Heard) {
        let id = field::text(line, &["toolCallId"]).map(str::to_owned);
        let tool = field::text(line, &["toolName"]).map(str::to_owned);
        let input = line.get("args").unwrap_or(&Value::Null);
        if let (Some(id), Some("write" | "edit"), Some(path)) = (&id, tool.as_deref(), field::text(input, &["path"])) {
            self.writing.insert(id.clone(), path.to_owned());
        }
        heard.event(AgentEvent::ToolStarted { id, tool, summary: field::tool_input(input) });
    }

    fn end_tool(&mut self, line: &Value, heard: &mut Heard) {
        let id = field::text(line, &["toolCallId"]).map(str::to_owned);
        let ok = field::flag(line, &["isError"]) == Some(false);
        let written = id.as_ref().and_then(|id| self.writing.remove(id));
        if let Some(path) = written.filter(|_| ok) {
            heard.event(AgentEvent::FileTouched { path, diff: None });
        }
        let mut said = field::list(line, &["result", "content"]).filter_map(|part| field::text(part, &["text"]));
        heard.event(AgentEvent::ToolEnded { id, ok, summary: field::shorten(said.next().unwrap_or_default()) });
    }
}

/// The tokens of one model call. Where the service reported none, the program writes zeros.
fn usage(line: &Value) -> Option<Usage> {
    let number = |name: &str| field::number(line, &["message", "usage", name]);
    number("totalTokens").filter(|total| *total > 0)?;
    let cost = field::float(line, &["message", "usage", "cost", "total"]);
    Some(Usage {
        input_tokens: number("input").map(|input| input.saturating_add(number("cacheWrite").unwrap_or(0))),
        cached_tokens: number("cacheRead"),
        output_tokens: number("output"),
        // A model without a price costs 0 here.
        cost_micros: cost.and_then(micros_of_dollars).filter(|micros| *micros > 0),
    })
}

/// Why a message of the model is no answer.
fn failure(message: &Value) -> Option<(Cause, String)> {
    let text = field::text(message, &["errorMessage"]).unwrap_or_default().to_owned();
    match field::text(message, &["stopReason"])? {
        "error" => Some((cause_of(&text), text)),
        "aborted" => Some((Cause::Aborted, text)),
        "length" => Some((Cause::Request, "the model's answer was too long and was cut off".to_owned())),
        // What the service sent was no answer at all, which the program takes for an empty one.
        "stop" if is_empty(message) => Some((Cause::Server, "the service answered with nothing".to_owned())),
        _ => None,
    }
}

/// `429 Too many requests`: the status of the answer comes first, where there was one.
fn cause_of(text: &str) -> Cause {
    let status = text.split(' ').next().and_then(|word| word.parse().ok()).map(Cause::of_status);
    status.filter(|cause| *cause != Cause::Other).unwrap_or_else(|| Cause::of_text(text))
}

fn is_empty(message: &Value) -> bool {
    field::list(message, &["content"]).next().is_none()
        && field::number(message, &["usage", "totalTokens"]).unwrap_or(0) == 0
}

fn retry(line: &Value) -> AgentEvent {
    let text = field::text(line, &["errorMessage"]).unwrap_or_default().to_owned();
    AgentEvent::Retry {
        attempt: field::number(line, &["attempt"]).unwrap_or(0),
        most: field::number(line, &["maxAttempts"]),
        wait_ms: field::number(line, &["delayMs"]),
        cause: cause_of(&text),
        text,
    }
}

fn finish(line: &Value, heard: &mut Heard) {
    let last =
        field::list(line, &["messages"]).filter(|message| field::text(message, &["role"]) == Some("assistant")).last();
    let failure = match last {
        Some(message) => failure(message),
        None => Some((Cause::Other, "the model was never asked".to_owned())),
    };
    heard.event(match failure {
        Some((cause, text)) => AgentEvent::Finished { ok: false, cause: Some(cause), text },
        None => AgentEvent::Finished { ok: true, cause: None, text: String::new() },
    });
}
