//! `kimi --print --output-format stream-json`: the messages of one conversation, as the model's own format has them.
//!
//! What went wrong is plain text on stdout, the name of the conversation is plain text on stderr, and there is no last
//! event and no usage. Exit code 75 means that trying again makes sense.

use crate::agent::event::{AgentEvent, Cause};
use crate::agent::protocol::{Heard, Protocol, field};
use serde_json::Value;
use std::collections::BTreeMap;

const RETRYABLE: i32 = 75;
/// Bytes of its plain text that are kept.
const MOST_WORDS: usize = 2_000;

#[derive(Default)]
pub struct Kimi {
    has_answered: bool,
    /// Plain text since the last message, broken at 80 columns as it is printed.
    words: String,
    /// The files that running tools are to write, by call.
    writing: BTreeMap<String, String>,
}

impl Protocol for Kimi {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        if !line.trim_start().starts_with('{') {
            if self.words.len() + line.len() <= MOST_WORDS {
                self.words.push_str(line);
            }
            return;
        }
        let Some(line) = heard.parse(line) else { return };
        match field::text(&line, &["role"]) {
            Some("assistant") => self.read_answer(&line, heard),
            Some("tool") => self.end_tool(&line, heard),
            Some(other) => heard.unknown(other),
            // A notice of a task in the background, or a plan for people.
            None if line.get("source_kind").is_some() || line.get("file_path").is_some() => {}
            None => heard.unknown("no role"),
        }
    }

    fn read_stderr(&mut self, line: &str, heard: &mut Heard) {
        match line.trim().strip_prefix("To resume this session: kimi -r ") {
            Some(session) => {
                let session = session.to_owned();
                heard.event(AgentEvent::SessionStarted { session, model: None, version: None });
            }
            None if line.trim().is_empty() => {}
            None => heard.event(AgentEvent::Complaint { text: line.to_owned() }),
        }
    }

    fn end(&mut self, exit: Option<i32>, heard: &mut Heard) {
        let words = std::mem::take(&mut self.words);
        let failure = match exit {
            Some(0) if self.has_answered => None,
            Some(0) => Some((Cause::Other, or("it ended without an answer of the model", words))),
            Some(RETRYABLE) => {
                let cause = Some(Cause::of_text(&words)).filter(|cause| *cause != Cause::Other);
                Some((cause.unwrap_or(Cause::Server), or("the service failed for now", words)))
            }
            Some(_) => Some((Cause::of_text(&words), words)),
            None => return,
        };
        heard.event(match failure {
            None => AgentEvent::Finished { ok: true, cause: None, text: String::new() },
            Some((cause, text)) => AgentEvent::Finished { ok: false, cause: Some(cause), text },
        });
    }
}

fn or(otherwise: &str, words: String) -> String {
    if words.is_empty() { otherwise.to_owned() } else { words }
}

impl Kimi {
    fn read_answer(&mut self, line: &Value, heard: &mut Heard) {
        self.has_answered = true;
        self.words.clear();
        for thought in field::list(line, &["content"]).filter_map(|part| field::text(part, &["think"])) {
            heard.event(AgentEvent::Thought { text: thought.to_owned() });
        }
        let text = text_of(line);
        if !text.is_empty() {
            heard.event(AgentEvent::Text { text });
        }
        for call in field::list(line, &["tool_calls"]) {
            let id = field::text(call, &["id"]).map(str::to_owned);
            let tool = field::text(call, &["function", "name"]).map(str::to_owned);
            let arguments = field::text(call, &["function", "arguments"]).unwrap_or_default();
            let input: Value = serde_json::from_str(arguments).unwrap_or_else(|_| Value::String(arguments.to_owned()));
            let path = field::text(&input, &["path"]);
            if let (Some(id), Some("WriteFile" | "StrReplaceFile"), Some(path)) = (&id, tool.as_deref(), path) {
                self.writing.insert(id.clone(), path.to_owned());
            }
            heard.event(AgentEvent::ToolStarted { id, tool, summary: field::tool_input(&input) });
        }
    }

    fn end_tool(&mut self, line: &Value, heard: &mut Heard) {
        let id = field::text(line, &["tool_call_id"]).map(str::to_owned);
        let text = text_of(line);
        let ok = !text.starts_with("<system>ERROR");
        let written = id.as_ref().and_then(|id| self.writing.remove(id));
        if let Some(path) = written.filter(|_| ok) {
            heard.event(AgentEvent::FileTouched { path, diff: None });
        }
        heard.event(AgentEvent::ToolEnded { id, ok, summary: field::shorten(&text) });
    }
}

/// A message's text: one string, or the text parts of a list.
fn text_of(line: &Value) -> String {
    match line.get("content") {
        Some(Value::String(text)) => text.clone(),
        _ => {
            let parts: Vec<&str> =
                field::list(line, &["content"]).filter_map(|part| field::text(part, &["text"])).collect();
            parts.join("\n")
        }
    }
}
