//! Gemini CLI's `stream-json`.
//!
//! A text comes in pieces. Why a model call failed is often said only on stderr ("Attempt 1 failed with status 429") and by
//! the exit code, which is the HTTP status modulo 256: 429 is 173.

use super::calls::Calls;
use crate::agent::event::{AgentEvent, Cause, Scope};
use crate::agent::protocol::{Heard, Protocol, field};
use crate::model::Usage;
use serde_json::Value;

/// A text that goes on for longer is told in parts.
const LONGEST_TEXT: usize = 64 * 1024;

#[derive(Default)]
pub struct Gemini {
    calls: Calls,
    /// The pieces of the text so far.
    text: String,
    /// How it ended was said in a way that leaves nothing open.
    is_explained: bool,
    /// The last complaint, which explains an end without a last line.
    complaint: String,
}

impl Gemini {
    fn tell_text(&mut self, heard: &mut Heard) {
        if !self.text.is_empty() {
            heard.event(AgentEvent::Text { text: std::mem::take(&mut self.text) });
        }
    }

    fn read_message(&mut self, message: &Value, heard: &mut Heard) {
        if field::text(message, &["role"]) != Some("assistant") {
            return;
        }
        let goes_on = field::flag(message, &["delta"]) == Some(true);
        if !goes_on {
            self.tell_text(heard);
        }
        self.text.push_str(field::text(message, &["content"]).unwrap_or_default());
        if !goes_on || self.text.len() > LONGEST_TEXT {
            self.tell_text(heard);
        }
    }

    fn read_result(&mut self, message: &Value, heard: &mut Heard) {
        if let Some(stats) = field::at(message, &["stats"]) {
            heard.event(AgentEvent::Used { usage: usage_of(stats), scope: Scope::Run });
        }
        let ok = field::text(message, &["status"]) == Some("success");
        let text = field::text(message, &["error", "message"]).unwrap_or_default().to_owned();
        let cause = (!ok).then(|| cause_of(&text));
        self.is_explained = cause != Some(Cause::Other);
        heard.event(AgentEvent::Finished { ok, cause, text });
    }
}

impl Protocol for Gemini {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        let Some(message) = heard.parse(line) else { return };
        let kind = field::text(&message, &["type"]).unwrap_or_default();
        if kind != "message" {
            self.tell_text(heard);
        }
        let text = |name: &str| field::text(&message, &[name]).unwrap_or_default();
        match kind {
            "init" => {
                if let Some(session) = field::text(&message, &["session_id"]) {
                    let model = field::text(&message, &["model"]).map(str::to_owned);
                    heard.event(AgentEvent::SessionStarted { session: session.to_owned(), model, version: None });
                }
            }
            "message" => self.read_message(&message, heard),
            "tool_use" => {
                let input = field::at(&message, &["parameters"]).unwrap_or(&Value::Null);
                self.calls.start(text("tool_id"), text("tool_name"), input, heard);
            }
            "tool_result" => {
                let ok = text("status") == "success";
                if field::text(&message, &["error", "type"]) == Some("policy_violation") {
                    self.calls.refuse(text("tool_id"), "", None, heard);
                }
                let said = field::text(&message, &["error", "message"]).unwrap_or_else(|| text("output"));
                self.calls.end(text("tool_id"), ok, said, None, heard);
            }
            "error" if text("severity") == "warning" => {
                heard.event(AgentEvent::Complaint { text: text("message").to_owned() });
            }
            "error" => {
                let text = text("message").to_owned();
                heard.event(AgentEvent::Error { cause: cause_of(&text), text });
            }
            "result" => self.read_result(&message, heard),
            other => heard.unknown(other),
        }
    }

    fn read_stderr(&mut self, line: &str, heard: &mut Heard) {
        if let Some(retry) = retry_of(line) {
            heard.event(retry);
        } else if !is_noise(line) {
            line.clone_into(&mut self.complaint);
            heard.event(AgentEvent::Complaint { text: line.to_owned() });
        }
    }

    fn end(&mut self, exit: Option<i32>, heard: &mut Heard) {
        self.tell_text(heard);
        let Some(cause) = exit.and_then(cause_of_exit).filter(|_| !self.is_explained) else { return };
        let text = match self.complaint.as_str() {
            "" => format!("exit code {}", exit.unwrap_or_default()),
            complaint => complaint.to_owned(),
        };
        heard.event(AgentEvent::Error { cause, text });
    }
}

/// "Attempt 1 failed with status 429. Retrying with backoff... " and the error after it.
fn retry_of(line: &str) -> Option<AgentEvent> {
    let rest = line.strip_prefix("Attempt ")?;
    let (attempt, rest) = rest.split_once(" failed")?;
    if !rest.contains("Retrying") {
        return None;
    }
    let status = rest.strip_prefix(" with status ").and_then(|rest| rest.split_once('.')).map(|(status, _)| status);
    let status = status.and_then(|status| status.parse().ok());
    Some(AgentEvent::Retry {
        attempt: attempt.parse().ok()?,
        most: None,
        wait_ms: None,
        cause: status.map_or_else(|| unless_other(Cause::of_text(rest), Cause::Network), Cause::of_status),
        text: field::shorten(rest.split_once("... ").map_or(rest, |(_, error)| error)),
    })
}

/// Stack traces, and what it says at every start.
fn is_noise(line: &str) -> bool {
    // What goes on over several lines is the inside of an error.
    if line.starts_with("  ") {
        return true;
    }
    let starts = [
        "YOLO mode is enabled",
        "Ripgrep is not available",
        "[STARTUP]",
        "Warning: Basic terminal detected",
        "Warning: 256-color support not detected",
    ];
    matches!(line.trim(), "" | "}" | "{") || starts.iter().any(|start| line.starts_with(start))
}

/// The status inside the service's answer, where the message holds it, and the words otherwise.
fn cause_of(text: &str) -> Cause {
    let answer = text.find('{').zip(text.rfind('}')).and_then(|(from, to)| text.get(from..=to));
    let answer: Option<Value> = answer.and_then(|answer| serde_json::from_str(answer).ok());
    let status = answer.as_ref().and_then(|answer| field::number(answer, &["error", "code"]));
    match status.map(Cause::of_status) {
        // Google's answer to a wrong key is 400.
        Some(Cause::Request) => unless_other(Cause::of_text(text), Cause::Request),
        Some(cause) => cause,
        None => Cause::of_text(text),
    }
}

fn unless_other(cause: Cause, other: Cause) -> Cause {
    if cause == Cause::Other { other } else { cause }
}

/// An HTTP status modulo 256, or one of its own codes.
fn cause_of_exit(code: i32) -> Option<Cause> {
    match code {
        41 => Some(Cause::Authentication),
        42 | 52 => Some(Cause::Request),
        53 => Some(Cause::Budget),
        130 => Some(Cause::Aborted),
        144..=255 => u64::try_from(code + 256).ok().map(Cause::of_status),
        _ => None,
    }
}

fn usage_of(stats: &Value) -> Usage {
    let number = |name: &str| field::number(stats, &[name]);
    let cached = number("cached");
    let without = number("input_tokens").map(|all| all.saturating_sub(cached.unwrap_or(0)));
    Usage {
        input_tokens: number("input").or(without),
        cached_tokens: cached,
        output_tokens: number("output_tokens"),
        cost_micros: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_is_a_status_modulo_256() {
        for (code, cause) in [
            (244, Some(Cause::Server)),
            (173, Some(Cause::RateLimit)),
            (145, Some(Cause::Authentication)),
            (144, Some(Cause::Request)),
            (53, Some(Cause::Budget)),
            (1, None),
            (0, None),
        ] {
            assert_eq!(cause_of_exit(code), cause, "{code}");
        }
    }

    #[test]
    fn the_cause_is_in_the_services_answer() {
        for (text, cause) in [
            (r#"[API Error: {"error":{"code":500,"message":"429 lines","status":"INTERNAL"}}]"#, Cause::Server),
            (r#"[API Error: {"error":{"code":400,"message":"API key not valid."}}]"#, Cause::Authentication),
            (r#"[API Error: {"error":{"code":400,"message":"no such model"}}]"#, Cause::Request),
            ("}{", Cause::Other),
        ] {
            assert_eq!(cause_of(text), cause, "{text}");
        }
    }

    #[test]
    fn pieces_become_one_text() {
        let (mut gemini, mut heard) = (Gemini::default(), Heard::default());
        for piece in ["one ", "two"] {
            let line = format!(r#"{{"type":"message","role":"assistant","content":"{piece}","delta":true}}"#);
            gemini.read(&line, &mut heard);
        }
        assert!(heard.events.is_empty());
        gemini.end(None, &mut heard);
        assert_eq!(heard.events, [AgentEvent::text("one two")]);
    }
}
