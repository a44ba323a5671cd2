//! `copilot -p … --output-format json`: the events of one session, with `result` as the last line.
//!
//! The session's id comes with that last line, so a run that was killed cannot be taken up again. Tokens are not
//! reported in this form.

use crate::agent::event::{AgentEvent, Cause};
use crate::agent::protocol::{Heard, Protocol, field};
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Copilot {
    model: Option<String>,
    /// The last model call that failed.
    failure: Option<(Cause, String)>,
    retries: u64,
    /// What running tools are to do, by call: `tool`, `summary`.
    running: BTreeMap<String, (String, String)>,
}

impl Protocol for Copilot {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        let Some(line) = heard.parse(line) else { return };
        let kind = field::text(&line, &["type"]).unwrap_or_default();
        let body = line.get("data").unwrap_or(&Value::Null);
        match kind {
            "session.tools_updated" => self.model = field::text(body, &["model"]).map(str::to_owned),
            "assistant.message" => read_message(body, heard),
            "assistant.reasoning" => read_thought(field::text(body, &["content"]), heard),
            "tool.execution_start" => self.start_tool(body, heard),
            "tool.execution_complete" => self.end_tool(body, heard),
            "model.call_failure" => self.failure = Some(call_failure(body)),
            "assistant.turn_retry" => self.retry(body, heard),
            "session.error" => heard.event(session_error(body)),
            "session.warning" => {
                let text = field::text(body, &["message"]).unwrap_or_default().to_owned();
                heard.event(AgentEvent::Complaint { text });
            }
            "abort" => {
                let text = field::text(body, &["reason"]).unwrap_or_default().to_owned();
                heard.event(AgentEvent::Error { cause: Cause::Aborted, text });
            }
            "result" => self.finish(&line, heard),
            "agent.interrupted"
            | "assistant.idle"
            | "assistant.message_delta"
            | "assistant.message_start"
            | "assistant.reasoning_delta"
            | "assistant.tool_call_delta"
            | "assistant.turn_end"
            | "assistant.turn_start"
            | "model.call_final_result"
            | "model.call_finished"
            | "model.call_start"
            | "session.background_tasks_changed"
            | "session.info"
            | "session.mcp_servers_loaded"
            | "session.skills_loaded"
            | "tool.execution_partial_result"
            | "user.message" => {}
            other => heard.unknown(other),
        }
    }
}

impl Copilot {
    fn start_tool(&mut self, body: &Value, heard: &mut Heard) {
        let id = field::text(body, &["toolCallId"]).map(str::to_owned);
        let tool = field::text(body, &["toolName"]).map(str::to_owned);
        let summary = field::tool_input(body.get("arguments").unwrap_or(&Value::Null));
        if let Some(id) = id.clone() {
            self.running.insert(id, (tool.clone().unwrap_or_default(), summary.clone()));
        }
        heard.event(AgentEvent::ToolStarted { id, tool, summary });
    }

    fn end_tool(&mut self, body: &Value, heard: &mut Heard) {
        let id = field::text(body, &["toolCallId"]).map(str::to_owned);
        let ok = field::flag(body, &["success"]) == Some(true);
        let call = id.as_ref().and_then(|id| self.running.remove(id));
        if field::text(body, &["error", "code"]) == Some("denied") {
            let (tool, summary) = call.unwrap_or_default();
            heard.event(AgentEvent::PermissionAsked { tool, summary, allowed: false });
        }
        for edit in field::list(body, &["fileEdits"]) {
            if let Some(path) = field::text(edit, &["path"]).filter(|_| ok) {
                heard.event(AgentEvent::FileTouched { path: path.to_owned(), diff: None });
            }
        }
        let said = field::text(body, &["error", "message"]).or(field::text(body, &["result", "content"]));
        heard.event(AgentEvent::ToolEnded { id, ok, summary: field::shorten(said.unwrap_or_default()) });
    }

    fn retry(&mut self, body: &Value, heard: &mut Heard) {
        self.retries += 1;
        let reason = field::text(body, &["reason"]).unwrap_or_default();
        let (cause, text) = self.failure.clone().unwrap_or((Cause::of_text(reason), reason.to_owned()));
        heard.event(AgentEvent::Retry { attempt: self.retries, most: None, wait_ms: None, cause, text });
    }

    fn finish(&mut self, line: &Value, heard: &mut Heard) {
        if let Some(session) = field::text(line, &["sessionId"]) {
            let (session, model) = (session.to_owned(), self.model.take());
            heard.event(AgentEvent::SessionStarted { session, model, version: None });
        }
        let ok = line.get("exitCode").and_then(Value::as_i64) == Some(0);
        heard.event(AgentEvent::Finished { ok, cause: None, text: String::new() });
    }
}

fn read_message(body: &Value, heard: &mut Heard) {
    read_thought(field::text(body, &["reasoningText"]), heard);
    if let Some(text) = field::text(body, &["content"]).filter(|text| !text.is_empty()) {
        heard.event(AgentEvent::text(text));
    }
}

fn read_thought(text: Option<&str>, heard: &mut Heard) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        heard.event(AgentEvent::Thought { text: text.to_owned() });
    }
}

/// A failed call: its status where the service answered, else that there was no usable answer.
fn call_failure(body: &Value) -> (Cause, String) {
    let text = field::text(body, &["errorMessage"]).unwrap_or_default();
    // The message is JSON in a text: an error object of the service's, or only a quoted sentence.
    let message = serde_json::from_str::<Value>(text).unwrap_or_default();
    let text = field::text(&message, &["message"]).or(message.as_str()).unwrap_or(text);
    let cause = match field::number(body, &["statusCode"]) {
        Some(status) => Cause::of_status(status),
        None if field::text(body, &["failureKind"]) == Some("transport") => Cause::Network,
        None => Cause::of_text(text),
    };
    (cause, field::shorten(text))
}

fn session_error(body: &Value) -> AgentEvent {
    let text = field::text(body, &["message"]).unwrap_or_default().to_owned();
    let cause = match (field::number(body, &["statusCode"]), field::text(body, &["errorType"])) {
        (Some(status), _) => Cause::of_status(status),
        (None, Some("authentication" | "authorization")) => Cause::Authentication,
        (None, Some("rate_limit")) => Cause::RateLimit,
        (None, Some("quota")) => Cause::Budget,
        (None, _) => Cause::of_text(&text),
    };
    AgentEvent::Error { cause, text }
}
