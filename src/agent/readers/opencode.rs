//! `opencode run --format json`: one object per finished part of the conversation.
//!
//! It tells of a tool only when the tool has ended, and of no retry at all. The step that ends the turn says why it
//! ended; a turn that failed has an `error` line instead.

use crate::agent::event::{AgentEvent, Cause, Scope};
use crate::agent::protocol::{Heard, Protocol, field};
use crate::model::{Timestamp, Usage, micros_of_dollars};
use serde_json::Value;
use std::time::Duration;

#[derive(Default)]
pub struct OpenCode {
    session: Option<String>,
    /// What it was last refused. It ends its turn there, with exit code 0 and without another word.
    refused: Option<String>,
    /// The running step has said or done something.
    has_spoken: bool,
    empty_steps: u64,
}

impl Protocol for OpenCode {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        let Some(line) = heard.parse(line) else { return };
        self.name_session(&line, heard);
        let kind = field::text(&line, &["type"]).unwrap_or_default();
        let part = line.get("part").unwrap_or(&Value::Null);
        self.has_spoken |= matches!(kind, "text" | "reasoning" | "tool_use");
        match kind {
            "step_start" => self.has_spoken = false,
            "text" => heard.event(AgentEvent::text(field::text(part, &["text"]).unwrap_or_default())),
            "reasoning" => {
                heard.event(AgentEvent::Thought { text: field::text(part, &["text"]).unwrap_or_default().to_owned() });
            }
            "tool_use" => self.read_tool(part, heard),
            "step_finish" => self.read_step(part, heard),
            "error" => {
                if let Some(pause) = pause(&line) {
                    heard.event(pause);
                }
                heard.event(error(&line));
            }
            other => heard.unknown(other),
        }
    }

    fn end(&mut self, exit: Option<i32>, heard: &mut Heard) {
        if let Some(refused) = self.refused.take().filter(|_| exit == Some(0)) {
            let text = format!("it gave up when it was refused: {refused}");
            heard.event(AgentEvent::Finished { ok: false, cause: Some(Cause::Other), text });
        }
    }
}

impl OpenCode {
    fn name_session(&mut self, line: &Value, heard: &mut Heard) {
        let Some(session) = field::text(line, &["sessionID"]) else { return };
        if self.session.as_deref() != Some(session) {
            self.session = Some(session.to_owned());
            heard.event(AgentEvent::SessionStarted { session: session.to_owned(), model: None, version: None });
        }
    }

    fn read_tool(&mut self, part: &Value, heard: &mut Heard) {
        let input = field::at(part, &["state", "input"]).unwrap_or(&Value::Null);
        let name = field::text(part, &["tool"]).unwrap_or_default();
        // A call that could not be read is recorded as a call of the tool `invalid`, which always succeeds.
        let is_invalid = name == "invalid";
        let tool = if is_invalid { field::text(input, &["tool"]).unwrap_or(name) } else { name };
        let summary = if is_invalid { String::new() } else { field::tool_input(input) };
        let id = field::text(part, &["callID"]).map(str::to_owned);
        heard.event(AgentEvent::ToolStarted { id: id.clone(), tool: Some(tool.to_owned()), summary: summary.clone() });
        let failure = match is_invalid {
            true => field::text(input, &["error"]),
            false => field::text(part, &["state", "error"]),
        };
        let ok = failure.is_none() && field::text(part, &["state", "status"]) == Some("completed");
        if failure.is_some_and(is_refusal) {
            self.refused = Some(format!("{tool} {summary}"));
            heard.event(AgentEvent::PermissionAsked { tool: tool.to_owned(), summary, allowed: false });
        }
        if let Some(path) =
            field::text(input, &["filePath"]).filter(|_| ok && ["write", "edit", "patch"].contains(&tool))
        {
            heard.event(AgentEvent::FileTouched { path: path.to_owned(), diff: None });
        }
        let result = failure.or(field::text(part, &["state", "output"])).unwrap_or_default();
        heard.event(AgentEvent::ToolEnded { id, ok, summary: field::shorten(result) });
    }

    fn read_step(&mut self, part: &Value, heard: &mut Heard) {
        if let Some(usage) = usage(part) {
            heard.event(AgentEvent::Used { usage, scope: Scope::Call });
        }
        match field::text(part, &["reason"]).unwrap_or_default() {
            "stop" => {
                self.refused = None;
                heard.event(AgentEvent::Finished { ok: true, cause: None, text: String::new() });
            }
            // An answer that cannot be read is asked for again and again, without end.
            "unknown" if !self.has_spoken => {
                self.empty_steps += 1;
                heard.event(AgentEvent::Retry {
                    attempt: self.empty_steps,
                    most: None,
                    wait_ms: None,
                    cause: Cause::Network,
                    text: "the service's answer cannot be read".to_owned(),
                });
            }
            // The conversation goes on: with the answers of the tools, or because nobody said how the step ended.
            "tool-calls" | "unknown" | "" => {}
            reason => {
                let text = format!("the model's answer ended with: {}", field::shorten(reason));
                heard.event(AgentEvent::Finished { ok: false, cause: Some(Cause::Other), text });
            }
        }
    }
}

/// What the program writes for a tool that its rules, or its answer to its own question, forbade.
fn is_refusal(error: &str) -> bool {
    error.contains("rejected permission") || error.contains("specified a rule which prevents")
}

/// The tokens of one model call. Where the service reported none, the program writes zeros without a total.
fn usage(part: &Value) -> Option<Usage> {
    let tokens = |path: &[&str]| field::number(part, &[&["tokens"], path].concat());
    let sum = |a: Option<u64>, b: Option<u64>| a.map(|a| a.saturating_add(b.unwrap_or(0)));
    tokens(&["total"]).filter(|total| *total > 0)?;
    Some(Usage {
        input_tokens: sum(tokens(&["input"]), tokens(&["cache", "write"])),
        cached_tokens: tokens(&["cache", "read"]),
        output_tokens: sum(tokens(&["output"]), tokens(&["reasoning"])),
        // A model without a price costs 0 here.
        cost_micros: field::float(part, &["cost"]).and_then(micros_of_dollars).filter(|micros| *micros > 0),
    })
}

/// When the service will have time again, by the clock of the line itself.
fn pause(line: &Value) -> Option<AgentEvent> {
    field::number(line, &["error", "data", "statusCode"]).filter(|status| *status == 429)?;
    let seconds: u64 = field::text(line, &["error", "data", "responseHeaders", "retry-after"])?.trim().parse().ok()?;
    let now = Timestamp::from_millis(field::number(line, &["timestamp"])?);
    Some(AgentEvent::RateLimit { until: Some(now.after(Duration::from_secs(seconds))), text: message(line).to_owned() })
}

fn message(line: &Value) -> &str {
    let name = field::text(line, &["error", "name"]).unwrap_or("error");
    field::text(line, &["error", "data", "message"]).unwrap_or(name)
}

fn error(line: &Value) -> AgentEvent {
    let name = field::text(line, &["error", "name"]).unwrap_or_default();
    let text = message(line).to_owned();
    let cause = match (field::number(line, &["error", "data", "statusCode"]), name) {
        (Some(status), _) => Cause::of_status(status),
        (None, "ProviderAuthError") => Cause::Authentication,
        (None, "MessageAbortedError") => Cause::Aborted,
        (None, "ContextOverflowError" | "MessageOutputLengthError" | "ProviderModelNotFoundError") => Cause::Request,
        (None, _) => Cause::of_text(&text),
    };
    AgentEvent::Error { cause, text }
}
