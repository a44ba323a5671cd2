//! Claude Code's `stream-json`: one message per line.
//!
//! `is_error` of the last line says how it went; `subtype` is `success` even where the model never answered. An answer
//! that could not be had comes as a text of the assistant, marked as an error. After `--resume`, `total_cost_usd` is the
//! whole conversation's in newer versions and this run's in older ones: `model_usage_since_last_result` is unambiguous.

use super::calls::{Calls, answer_text};
use crate::agent::event::{AgentEvent, Cause, Scope};
use crate::agent::protocol::{Heard, Protocol, field};
use crate::model::{Timestamp, Usage, micros_of_dollars};
use serde_json::Value;

#[derive(Default)]
pub struct Claude {
    stream: Stream,
}

impl Protocol for Claude {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        if let Some(message) = heard.parse(line) {
            self.stream.read(&message, heard);
        }
    }
}

/// What both forms of Claude Code print.
#[derive(Default)]
pub struct Stream {
    pub calls: Calls,
    session: Option<String>,
    /// The model call that was counted last: its message comes in several lines.
    counted: Option<String>,
    /// What the turns so far used.
    used: Usage,
    /// Why the last model call failed.
    trouble: Option<Cause>,
}

impl Stream {
    pub fn read(&mut self, message: &Value, heard: &mut Heard) {
        match field::text(message, &["type"]).unwrap_or_default() {
            "system" => self.read_system(message, heard),
            "assistant" => self.read_assistant(message, heard),
            "user" => self.read_user(message, heard),
            "result" => self.read_result(message, heard),
            "rate_limit_event" => read_rate_limit(message, heard),
            // Pieces of what comes as a whole later, and signs of life.
            "stream_event" | "tool_progress" | "tool_use_summary" | "auth_status" | "prompt_suggestion"
            | "keep_alive" | "command_lifecycle" => {}
            other => heard.unknown(other),
        }
    }

    fn read_system(&mut self, message: &Value, heard: &mut Heard) {
        match field::text(message, &["subtype"]).unwrap_or_default() {
            "init" => self.read_init(message, heard),
            "api_retry" => heard.event(retry_of(message)),
            "permission_denied" => {
                let tool = field::text(message, &["tool_name"]).unwrap_or_default();
                let id = field::text(message, &["tool_use_id"]).unwrap_or_default();
                self.calls.refuse(id, tool, None, heard);
            }
            "compact_boundary"
            | "status"
            | "local_command_output"
            | "hook_started"
            | "hook_progress"
            | "hook_response"
            | "task_started"
            | "task_progress"
            | "task_updated"
            | "task_notification"
            | "files_persisted"
            | "session_state_changed"
            | "elicitation_complete" => {}
            other => heard.unknown(&format!("system {other}")),
        }
    }

    fn read_init(&mut self, message: &Value, heard: &mut Heard) {
        let Some(session) = field::text(message, &["session_id"]) else { return };
        // With several turns in one process, each begins with the same line.
        if self.session.as_deref() == Some(session) {
            return;
        }
        self.session = Some(session.to_owned());
        heard.event(AgentEvent::SessionStarted {
            session: session.to_owned(),
            model: field::text(message, &["model"]).map(str::to_owned),
            version: field::text(message, &["claude_code_version"]).map(str::to_owned),
        });
    }

    fn read_assistant(&mut self, message: &Value, heard: &mut Heard) {
        let word = field::text(message, &["error"]);
        let is_error = word.is_some() || field::flag(message, &["is_api_error_message"]) == Some(true);
        let is_subagent = field::text(message, &["parent_tool_use_id"]).is_some();
        for block in field::list(message, &["message", "content"]) {
            let text = field::text(block, &["text"]).unwrap_or_default().to_owned();
            match field::text(block, &["type"]).unwrap_or_default() {
                "text" if is_error => {
                    let cause = cause_of(message, word, &text);
                    self.trouble = Some(cause);
                    heard.event(AgentEvent::Error { cause, text });
                }
                "text" if is_subagent => heard.event(AgentEvent::Thought { text }),
                "text" => {
                    self.trouble = None;
                    heard.event(AgentEvent::Text { text });
                }
                _ => read_block(block, &mut self.calls, heard),
            }
        }
        self.count(message, heard);
    }

    /// The tokens of a model call. Those of its answer are not known yet when its first line is printed.
    fn count(&mut self, message: &Value, heard: &mut Heard) {
        let id = field::text(message, &["message", "id"]);
        let Some(reported) = field::at(message, &["message", "usage"]).filter(|_| id != self.counted.as_deref()) else {
            return;
        };
        self.counted = id.map(str::to_owned);
        let usage = Usage { output_tokens: None, ..usage_of(reported) };
        if usage.tokens().is_some_and(|tokens| tokens > 0) {
            heard.event(AgentEvent::Used { usage, scope: Scope::Call });
        }
    }

    fn read_user(&mut self, message: &Value, heard: &mut Heard) {
        let diff = field::at(message, &["tool_use_result"]).and_then(diff_of);
        read_tool_results(message, diff.as_deref(), &mut self.calls, heard);
    }

    fn read_result(&mut self, message: &Value, heard: &mut Heard) {
        read_denials(message, &mut self.calls, heard);
        self.used = self.usage_after(message);
        heard.event(AgentEvent::Used { usage: self.used.clone(), scope: Scope::Run });
        let ok = field::flag(message, &["is_error"]) == Some(false);
        let errors: Vec<&str> = field::list(message, &["errors"]).filter_map(Value::as_str).collect();
        let text = field::text(message, &["result"]).map_or_else(|| errors.join("\n"), str::to_owned);
        let trouble = self.trouble.take();
        let cause = (!ok).then(|| trouble.unwrap_or_else(|| cause_of_end(message, &text)));
        heard.event(AgentEvent::Finished { ok, cause, text });
    }

    /// What this process used up to the end of this turn.
    fn usage_after(&self, message: &Value) -> Usage {
        let models = field::at(message, &["model_usage_since_last_result"]).and_then(Value::as_object);
        let tokens = match models.filter(|models| !models.is_empty()) {
            Some(models) => models.values().map(model_usage).fold(Usage::default(), |sum, one| sum.plus(&one)),
            None => field::at(message, &["usage"]).map(usage_of).unwrap_or_default(),
        };
        let mut used = self.used.plus(&Usage { cost_micros: None, ..tokens.clone() });
        used.cost_micros = match models {
            Some(_) => Some(self.used.cost_micros.unwrap_or(0).saturating_add(tokens.cost_micros.unwrap_or(0))),
            // Older versions count all turns of the process here.
            None => field::float(message, &["total_cost_usd"]).and_then(micros_of_dollars),
        };
        used
    }
}

/// A part of an assistant's message that is no text.
pub fn read_block(block: &Value, calls: &mut Calls, heard: &mut Heard) {
    let id = |name: &str| field::text(block, &[name]).unwrap_or_default();
    match field::text(block, &["type"]).unwrap_or_default() {
        "thinking" => {
            let text = field::text(block, &["thinking"]).unwrap_or_default().to_owned();
            heard.event(AgentEvent::Thought { text });
        }
        "redacted_thinking" => {}
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let tool = field::text(block, &["name"]).unwrap_or_default();
            calls.start(id("id"), tool, field::at(block, &["input"]).unwrap_or(&Value::Null), heard);
        }
        kind if kind.ends_with("tool_result") => {
            let said = answer_text(block.get("content"));
            calls.end(id("tool_use_id"), field::flag(block, &["is_error"]) != Some(true), &said, None, heard);
        }
        other => heard.unknown(&format!("assistant {other}")),
    }
}

/// The answers of tools, which come as a message of the user. Whatever else that says is the program's own.
pub fn read_tool_results(message: &Value, diff: Option<&str>, calls: &mut Calls, heard: &mut Heard) {
    for block in field::list(message, &["message", "content"]) {
        if let ("tool_result", Some(id)) =
            (field::text(block, &["type"]).unwrap_or_default(), field::text(block, &["tool_use_id"]))
        {
            let ok = field::flag(block, &["is_error"]) != Some(true);
            calls.end(id, ok, &answer_text(block.get("content")), diff.map(str::to_owned), heard);
        }
    }
}

pub fn read_denials(message: &Value, calls: &mut Calls, heard: &mut Heard) {
    for denial in field::list(message, &["permission_denials"]) {
        let tool = field::text(denial, &["tool_name"]).unwrap_or_default();
        let id = field::text(denial, &["tool_use_id"]).unwrap_or_default();
        calls.refuse(id, tool, field::at(denial, &["tool_input"]), heard);
    }
}

fn retry_of(message: &Value) -> AgentEvent {
    let status = field::number(message, &["error_status"]);
    let word = field::text(message, &["error"]);
    let cause = cause_of_word(word).or(status.map(Cause::of_status));
    let said = word.unwrap_or("no answer");
    AgentEvent::Retry {
        attempt: field::number(message, &["attempt"]).unwrap_or(0),
        most: field::number(message, &["max_retries"]),
        wait_ms: field::number(message, &["retry_delay_ms"]),
        // Without a status the service did not answer at all.
        cause: cause.unwrap_or(Cause::Network),
        text: status.map_or_else(|| said.to_owned(), |status| format!("{said} ({status})")),
    }
}

/// What a subscription's limits say. A limit beyond which the service goes on at a price is none.
fn read_rate_limit(message: &Value, heard: &mut Heard) {
    let Some(limit) = field::at(message, &["rate_limit_info"]) else { return };
    let goes_on = field::flag(limit, &["isUsingOverage"]) == Some(true)
        || field::text(limit, &["overageStatus"]).is_some_and(|status| status.starts_with("allowed"));
    if field::text(limit, &["status"]) != Some("rejected") || goes_on {
        return;
    }
    let kind = field::text(limit, &["rateLimitType"]).unwrap_or("usage").replace('_', " ");
    let until =
        field::number(limit, &["resetsAt"]).map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000)));
    heard.event(AgentEvent::RateLimit { until, text: format!("the {kind} limit is reached") });
}

/// Why a model call failed: by its kind, by the status of the answer, and only then by what it says.
fn cause_of(message: &Value, word: Option<&str>, text: &str) -> Cause {
    let kind = field::text(message, &["api_error_type"]);
    let status = field::number(message, &["api_error_status"]).map(Cause::of_status);
    cause_of_word(word).or(status).or(cause_of_word(kind)).unwrap_or_else(|| Cause::of_text(text))
}

fn cause_of_end(message: &Value, text: &str) -> Cause {
    let reason = field::text(message, &["terminal_reason"]).unwrap_or_default();
    match field::text(message, &["subtype"]).unwrap_or_default() {
        "error_max_budget_usd" | "error_max_turns" => Cause::Budget,
        _ if reason == "budget_exhausted" => Cause::Budget,
        _ if reason.starts_with("aborted") => Cause::Aborted,
        _ => cause_of(message, None, text),
    }
}

fn cause_of_word(word: Option<&str>) -> Option<Cause> {
    match word? {
        "rate_limit" | "rate_limit_error" => Some(Cause::RateLimit),
        "authentication_failed" | "authentication_error" | "permission_error" | "oauth_org_not_allowed" => {
            Some(Cause::Authentication)
        }
        "billing_error" => Some(Cause::Budget),
        "server_error" | "api_error" | "overloaded" | "overloaded_error" => Some(Cause::Server),
        "invalid_request" | "invalid_request_error" | "not_found_error" | "model_not_found" | "max_output_tokens" => {
            Some(Cause::Request)
        }
        _ => None,
    }
}

/// Tokens as the service counts them: what is written to a cache was read, too.
fn usage_of(reported: &Value) -> Usage {
    let number = |name: &str| field::number(reported, &[name]);
    Usage {
        input_tokens: number("input_tokens")
            .map(|input| input.saturating_add(number("cache_creation_input_tokens").unwrap_or(0))),
        cached_tokens: number("cache_read_input_tokens"),
        output_tokens: number("output_tokens"),
        cost_micros: None,
    }
}

fn model_usage(reported: &Value) -> Usage {
    let number = |name: &str| field::number(reported, &[name]);
    Usage {
        input_tokens: number("inputTokens")
            .map(|input| input.saturating_add(number("cacheCreationInputTokens").unwrap_or(0))),
        cached_tokens: number("cacheReadInputTokens"),
        output_tokens: number("outputTokens"),
        cost_micros: field::float(reported, &["costUSD"]).and_then(micros_of_dollars),
    }
}

/// The change that a tool made, as it reports it beside its answer.
fn diff_of(result: &Value) -> Option<String> {
    let hunk = |hunk: &Value| {
        let number = |name: &str| field::number(hunk, &[name]).unwrap_or(0);
        let (old, new) = ((number("oldStart"), number("oldLines")), (number("newStart"), number("newLines")));
        let lines: Vec<&str> = field::list(hunk, &["lines"]).filter_map(Value::as_str).collect();
        format!("@@ -{},{} +{},{} @@\n{}\n", old.0, old.1, new.0, new.1, lines.join("\n"))
    };
    let hunks: String = field::list(result, &["structuredPatch"]).map(hunk).collect();
    if !hunks.is_empty() {
        return Some(hunks);
    }
    let content = field::text(result, &["content"]).filter(|_| field::text(result, &["type"]) == Some("create"))?;
    let lines: String = content.lines().map(|line| format!("+{line}\n")).collect();
    Some(format!("@@ -0,0 +1,{} @@\n{lines}", content.lines().count()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn events(messages: &[Value]) -> Vec<AgentEvent> {
        let (mut claude, mut heard) = (Claude::default(), Heard::default());
        messages.iter().for_each(|message| claude.read(&message.to_string(), &mut heard));
        heard.events
    }

    #[test]
    fn a_subscription_limit_says_when_it_is_over_unless_the_service_goes_on() {
        let limit = |info: Value| events(&[json!({"type": "rate_limit_event", "rate_limit_info": info})]);
        let until = Some(Timestamp::from_millis(1_795_218_000_000));
        assert_eq!(
            limit(json!({"status": "rejected", "resetsAt": 1_795_218_000, "rateLimitType": "five_hour"})),
            [AgentEvent::RateLimit { until, text: "the five hour limit is reached".into() }]
        );
        assert_eq!(limit(json!({"status": "allowed_warning", "resetsAt": 1_795_218_000})), []);
        assert_eq!(limit(json!({"status": "rejected", "overageStatus": "allowed", "isUsingOverage": true})), []);
    }

    #[test]
    fn an_empty_account_is_no_log_in_problem_and_no_bad_request() {
        let said = json!({"type": "assistant", "error": "billing_error", "api_error_status": 400, "message":
            {"content": [{"type": "text", "text": "Credit balance is too low"}]}});
        let end = json!({"type": "result", "is_error": true, "api_error_status": 400, "result": "x"});
        let last = events(&[said, end]).pop().unwrap();
        assert_eq!(last, AgentEvent::Finished { ok: false, cause: Some(Cause::Budget), text: "x".into() });
    }

    #[test]
    fn an_end_that_does_not_say_whether_it_is_an_error_is_none_to_trust() {
        let last = events(&[json!({"type": "result", "subtype": "success", "result": "done"})]).pop().unwrap();
        assert!(matches!(last, AgentEvent::Finished { ok: false, .. }), "{last:?}");
    }

    #[test]
    fn the_cost_of_an_older_version_is_that_of_all_turns_of_the_process() {
        let turn = |cost: f64| {
            json!({"type": "result", "is_error": false, "total_cost_usd": cost, "usage":
            {"input_tokens": 10, "cache_creation_input_tokens": 5, "output_tokens": 1}})
        };
        let used: Vec<_> = events(&[turn(0.01), turn(0.03)])
            .into_iter()
            .filter_map(|event| match event {
                AgentEvent::Used { usage, .. } => Some((usage.input_tokens, usage.cost_micros)),
                _ => None,
            })
            .collect();
        assert_eq!(used, [(Some(15), Some(10_000)), (Some(30), Some(30_000))]);
    }

    #[test]
    fn an_edit_shows_what_it_changed() {
        let call = json!({"type": "assistant", "message": {"content": [
            {"type": "tool_use", "id": "t", "name": "Edit", "input": {"file_path": "a.rs"}}]}});
        let answer = json!({"type": "user", "message": {"content": [
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "ok"}]}]},
            "tool_use_result": {"structuredPatch": [{"oldStart": 3, "oldLines": 1, "newStart": 3, "newLines": 1,
            "lines": ["-a", "+b"]}]}});
        let diff = Some("@@ -3,1 +3,1 @@\n-a\n+b\n".to_owned());
        assert_eq!(events(&[call, answer]).pop().unwrap(), AgentEvent::FileTouched { path: "a.rs".into(), diff });
    }
}
