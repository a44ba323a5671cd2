//! Qwen Code's `stream-json`: messages like Claude Code's, with causes in words only.
//!
//! The usage of the last line counts the whole conversation, earlier runs included, and its input includes what came out
//! of a cache. Tries to reach the service again come on stdout without a cause and on stderr with one.

use super::calls::Calls;
use super::claude::{read_block, read_denials, read_tool_results};
use crate::agent::event::{AgentEvent, Cause, Scope};
use crate::agent::protocol::{Heard, Protocol, field};
use crate::model::Usage;
use serde_json::Value;

#[derive(Default)]
pub struct Qwen {
    calls: Calls,
    /// Tries that were not counted by the program itself.
    retries: u64,
    /// Why it last tried again, as stderr said.
    trouble: Option<(Cause, String)>,
}

impl Qwen {
    fn read_system(&mut self, message: &Value, heard: &mut Heard) {
        match field::text(message, &["subtype"]).unwrap_or_default() {
            "init" => {
                let text = |name: &str| field::text(message, &[name]).map(str::to_owned);
                if let Some(session) = text("session_id") {
                    let (model, version) = (text("model"), text("qwen_code_version"));
                    heard.event(AgentEvent::SessionStarted { session, model, version });
                }
            }
            // Those with a number are told with their cause on stderr.
            "retry" if field::at(message, &["data", "attempt"]).is_some() => {}
            "retry" => {
                self.retries += 1;
                let unknown = || (Cause::Network, "the answer was cut off".to_owned());
                let (cause, text) = self.trouble.clone().unwrap_or_else(unknown);
                heard.event(AgentEvent::Retry { attempt: self.retries, most: None, wait_ms: None, cause, text });
            }
            "status" | "compact_boundary" | "task_started" | "task_progress" | "task_notification" => {}
            other => heard.unknown(&format!("system {other}")),
        }
    }

    fn read_assistant(&mut self, message: &Value, heard: &mut Heard) {
        let is_subagent = field::text(message, &["parent_tool_use_id"]).is_some();
        for block in field::list(message, &["message", "content"]) {
            let text = field::text(block, &["text"]).unwrap_or_default();
            match field::text(block, &["type"]).unwrap_or_default() {
                "text" if text.starts_with("[API Error: ") => heard.event(AgentEvent::error(text)),
                "text" if is_subagent => heard.event(AgentEvent::Thought { text: text.to_owned() }),
                "text" => {
                    self.trouble = None;
                    heard.event(AgentEvent::text(text));
                }
                _ => read_block(block, &mut self.calls, heard),
            }
        }
        let usage = field::at(message, &["message", "usage"]).map(usage_of).unwrap_or_default();
        if usage.tokens().is_some_and(|tokens| tokens > 0) {
            heard.event(AgentEvent::Used { usage, scope: Scope::Call });
        }
    }

    fn read_result(&mut self, message: &Value, heard: &mut Heard) {
        read_denials(message, &mut self.calls, heard);
        if let Some(usage) = field::at(message, &["usage"]) {
            heard.event(AgentEvent::Used { usage: usage_of(usage), scope: Scope::Session });
        }
        let ok = field::flag(message, &["is_error"]) == Some(false);
        let text = field::text(message, &["result"]).or(field::text(message, &["error", "message"]));
        let text = text.unwrap_or_default().to_owned();
        let cause = (!ok).then(|| match field::text(message, &["subtype"]) {
            Some("error_max_turns") => Cause::Budget,
            _ if text.starts_with("No auth type is selected") => Cause::Authentication,
            _ => Cause::of_text(&text),
        });
        heard.event(AgentEvent::Finished { ok, cause, text });
    }
}

impl Protocol for Qwen {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        let Some(message) = heard.parse(line) else { return };
        match field::text(&message, &["type"]).unwrap_or_default() {
            "system" => self.read_system(&message, heard),
            "assistant" => self.read_assistant(&message, heard),
            "user" => read_tool_results(&message, None, &mut self.calls, heard),
            "result" => self.read_result(&message, heard),
            // Pieces of what comes as a whole later, and the state of its own goals.
            "stream_event" => {}
            other => heard.unknown(other),
        }
    }

    fn read_stderr(&mut self, line: &str, heard: &mut Heard) {
        if let Some(retry) = retry_of(line) {
            if let AgentEvent::Retry { cause, text, .. } = &retry {
                self.trouble = Some((*cause, text.clone()));
            }
            heard.event(retry);
        } else if !is_noise(line) {
            heard.event(AgentEvent::Complaint { text: line.to_owned() });
        }
    }
}

/// "Retrying in 60s (attempt 1/10): [API Error: 429 scripted fault]"
fn retry_of(line: &str) -> Option<AgentEvent> {
    let (seconds, rest) = line.strip_prefix("Retrying in ")?.split_once("s (attempt ")?;
    let (count, text) = rest.split_once("): ")?;
    let (attempt, most) = count.split_once('/')?;
    let seconds: f64 = seconds.parse().ok().filter(|seconds| (0.0..1e9).contains(seconds))?;
    Some(AgentEvent::Retry {
        attempt: attempt.parse().ok()?,
        most: most.parse().ok(),
        wait_ms: Some((seconds * 1_000.0) as u64),
        cause: Cause::of_text(text),
        text: text.to_owned(),
    })
}

/// What it says at every start, and what stdout says as well.
fn is_noise(line: &str) -> bool {
    let starts = ["Ripgrep not available", "Warning: running headless with --yolo", "Retrying provider attempt"];
    line.trim().is_empty() || starts.iter().any(|start| line.starts_with(start))
}

fn usage_of(reported: &Value) -> Usage {
    let number = |name: &str| field::number(reported, &[name]);
    let cached = number("cache_read_input_tokens");
    Usage {
        input_tokens: number("input_tokens").map(|input| input.saturating_sub(cached.unwrap_or(0))),
        cached_tokens: cached,
        output_tokens: number("output_tokens"),
        cost_micros: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_says_how_long_it_waits_and_why() {
        let retry = retry_of("Retrying in 60s (attempt 1/10): [API Error: 429 scripted fault]");
        let expected = AgentEvent::Retry {
            attempt: 1,
            most: Some(10),
            wait_ms: Some(60_000),
            cause: Cause::RateLimit,
            text: "[API Error: 429 scripted fault]".into(),
        };
        assert_eq!(retry, Some(expected));
        for other in ["Retrying in", "Retrying in 9999999999999s (attempt 1/2): x", "Retrying in NaNs (attempt 1/2): x"]
        {
            assert_eq!(retry_of(other), None, "{other}");
        }
    }
}
