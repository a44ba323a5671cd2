//! Codex's `exec --json`: a thread, its turn, and items that begin and end.
//!
//! The usage of a turn is the thread's total since it began. An item of the type `error` is a warning; what fails a turn
//! comes as a line of its own, and each try to reach the service again as an `error` that says "Reconnecting... 1/5".

use crate::agent::event::{AgentEvent, Cause, Scope};
use crate::agent::protocol::{Heard, Protocol, field};
use crate::model::Usage;
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Default)]
pub struct Codex {
    items: Items,
}

impl Protocol for Codex {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        let Some(message) = heard.parse(line) else { return };
        let item = field::at(&message, &["item"]).unwrap_or(&Value::Null);
        match field::text(&message, &["type"]).unwrap_or_default() {
            "thread.started" => {
                if let Some(thread) = field::text(&message, &["thread_id"]) {
                    heard.event(AgentEvent::SessionStarted { session: thread.to_owned(), model: None, version: None });
                }
            }
            "turn.started" | "item.updated" => {}
            "item.started" => self.items.begin(item, heard),
            "item.completed" => self.items.end(item, heard),
            "turn.completed" => {
                if let Some(usage) = field::at(&message, &["usage"]) {
                    let names = ["input_tokens", "cached_input_tokens", "output_tokens"];
                    heard.event(AgentEvent::Used { usage: usage_of(usage, names), scope: Scope::Session });
                }
                heard.event(AgentEvent::Finished { ok: true, cause: None, text: String::new() });
            }
            "turn.failed" => {
                let text = field::text(&message, &["error", "message"]).unwrap_or_default().to_owned();
                heard.event(AgentEvent::Finished { ok: false, cause: Some(cause_of(&text)), text });
            }
            "error" => {
                let text = field::text(&message, &["message"]).unwrap_or_default();
                heard.event(trouble(text, cause_of(text)));
            }
            other => heard.unknown(other),
        }
    }

    fn read_stderr(&mut self, line: &str, heard: &mut Heard) {
        let is_noise =
            line.starts_with("Reading additional input from stdin") || line.starts_with("Reading prompt from stdin");
        if !is_noise && !line.trim().is_empty() {
            heard.event(AgentEvent::Complaint { text: line.to_owned() });
        }
    }
}

/// Items as `exec` and the app server print them: the same things, spelled `file_change` here and `fileChange` there.
#[derive(Default)]
pub struct Items {
    open: BTreeSet<String>,
    /// Items for which it asked whether it may: the answer was told.
    asked: BTreeSet<String>,
}

const MOST_REMEMBERED: usize = 1_000;

impl Items {
    pub fn asked(&mut self, id: &str) {
        if self.asked.len() < MOST_REMEMBERED {
            self.asked.insert(id.to_owned());
        }
    }

    pub fn begin(&mut self, item: &Value, heard: &mut Heard) {
        let Some((tool, summary)) = tool_of(item) else { return };
        let id = field::text(item, &["id"]).unwrap_or_default().to_owned();
        if self.open.len() < MOST_REMEMBERED {
            self.open.insert(id.clone());
        }
        heard.event(AgentEvent::ToolStarted { id: Some(id), tool, summary });
    }

    pub fn end(&mut self, item: &Value, heard: &mut Heard) {
        let text = || field::text(item, &["text"]).unwrap_or_default().to_owned();
        match kind_of(item) {
            "agent_message" | "agentMessage" => {
                heard.event(AgentEvent::Text { text: text() });
                field::list(item, &["questions"]).for_each(|question| heard.event(question_of(question)));
            }
            "reasoning" => heard.event(AgentEvent::Thought { text: thought_of(item) }),
            "plan" => heard.event(AgentEvent::Thought { text: text() }),
            "error" => {
                let text = field::text(item, &["message"]).unwrap_or_default().to_owned();
                heard.event(AgentEvent::Complaint { text });
            }
            "todo_list" | "userMessage" | "hookPrompt" | "functionCallOutput" | "subAgentActivity"
            | "contextCompaction" | "enteredReviewMode" | "exitedReviewMode" => {}
            _ if tool_of(item).is_some() => self.end_tool(item, heard),
            other => heard.unknown(&format!("item {other}")),
        }
    }

    fn end_tool(&mut self, item: &Value, heard: &mut Heard) {
        let id = field::text(item, &["id"]).unwrap_or_default().to_owned();
        if !self.open.remove(&id) {
            self.begin(item, heard);
            self.open.remove(&id);
        }
        let status = field::text(item, &["status"]).unwrap_or("completed");
        if status == "declined" && !self.asked.contains(&id) {
            heard.event(asked(item, false));
        }
        let ok = status == "completed";
        // A tool that answers nothing is known by what it was to do.
        let summary = Some(answer_of(item)).filter(|said| !said.is_empty());
        let summary = summary.or(tool_of(item).map(|(_, asked)| asked)).unwrap_or_default();
        heard.event(AgentEvent::ToolEnded { id: Some(id), ok, summary });
        if ok {
            for change in field::list(item, &["changes"]) {
                let Some(path) = field::text(change, &["path"]).map(str::to_owned) else { continue };
                heard.event(AgentEvent::FileTouched { path, diff: diff_of(change) });
            }
        }
    }
}

/// It asked whether it may do what the item says.
pub fn asked(item: &Value, allowed: bool) -> AgentEvent {
    let (tool, summary) = tool_of(item).unwrap_or_default();
    AgentEvent::PermissionAsked { tool: tool.unwrap_or_else(|| "command".to_owned()), summary, allowed }
}

fn kind_of(item: &Value) -> &str {
    field::text(item, &["type"]).unwrap_or_default()
}

/// The tool of an item and what it is to do, where the item is a tool call. A command has no tool's name.
fn tool_of(item: &Value) -> Option<(Option<String>, String)> {
    let text = |name: &str| field::text(item, &[name]).unwrap_or_default();
    let input = |name: &str| field::tool_input(field::at(item, &[name]).unwrap_or(&Value::Null));
    let named = |tool: &str, summary: String| Some((Some(tool.to_owned()), summary));
    match kind_of(item) {
        "command_execution" | "commandExecution" => Some((None, field::shorten(plain_command(text("command"))))),
        "file_change" | "fileChange" => {
            let paths: Vec<&str> =
                field::list(item, &["changes"]).filter_map(|change| field::text(change, &["path"])).collect();
            named("edit", field::shorten(&paths.join(", ")))
        }
        "mcp_tool_call" | "mcpToolCall" => named(&format!("{}.{}", text("server"), text("tool")), input("arguments")),
        "dynamicToolCall" => named(text("tool"), input("arguments")),
        "collab_tool_call" | "collabAgentToolCall" => named(text("tool"), field::shorten(text("prompt"))),
        "web_search" | "webSearch" => named("web search", field::shorten(text("query"))),
        "imageView" => named("view", field::shorten(text("path"))),
        "imageGeneration" => named("image", String::new()),
        "sleep" => named("sleep", String::new()),
        _ => None,
    }
}

/// The change as lines of a unified diff: of a file that is new or gone it shows the content alone.
fn diff_of(change: &Value) -> Option<String> {
    let diff = field::text(change, &["diff"]).filter(|diff| !diff.is_empty())?;
    let all = |sign: char| diff.lines().map(|line| format!("{sign}{line}\n")).collect::<String>();
    let lines = diff.lines().count();
    Some(match field::text(change, &["kind", "type"]) {
        Some("add") => format!("@@ -0,0 +1,{lines} @@\n{}", all('+')),
        Some("delete") => format!("@@ -1,{lines} +0,0 @@\n{}", all('-')),
        _ => diff.to_owned(),
    })
}

/// `make` of `/bin/bash -lc 'make'`.
fn plain_command(command: &str) -> &str {
    let inner =
        command.split_once(" -lc ").filter(|(shell, _)| shell.ends_with("sh")).map_or(command, |(_, rest)| rest);
    let unquoted = |quote: char| inner.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    unquoted('\'').or_else(|| unquoted('"')).unwrap_or(inner)
}

fn answer_of(item: &Value) -> String {
    let exit = field::at(item, &["exit_code"]).or(field::at(item, &["exitCode"])).and_then(Value::as_i64);
    let said = ["aggregated_output", "aggregatedOutput"].iter().find_map(|name| field::text(item, &[name]));
    let said = said.or(field::text(item, &["error", "message"])).unwrap_or_default();
    match exit {
        Some(code) if code != 0 => field::shorten(&format!("exit {code} {said}")),
        _ => field::shorten(said),
    }
}

/// A text in one version, a list of texts in another.
fn thought_of(item: &Value) -> String {
    let texts = |name: &str| field::list(item, &[name]).filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
    field::text(item, &["text"]).map(str::to_owned).unwrap_or_else(|| match texts("summary") {
        summary if summary.is_empty() => texts("content"),
        summary => summary,
    })
}

pub fn question_of(question: &Value) -> AgentEvent {
    let text = ["question", "title"].iter().find_map(|name| field::text(question, &[name])).unwrap_or_default();
    let choice = |option: &Value| option.as_str().or(field::text(option, &["label"])).map(str::to_owned);
    AgentEvent::Question {
        text: text.to_owned(),
        choices: field::list(question, &["options"]).filter_map(choice).collect(),
    }
}

/// An error that may be a try to reach the service again: "Reconnecting... 2/5 (why)".
pub fn trouble(text: &str, cause: Cause) -> AgentEvent {
    let Some(rest) = text.strip_prefix("Reconnecting...") else {
        return AgentEvent::Error { cause, text: text.to_owned() };
    };
    let rest = rest.trim();
    let (count, why) = rest.split_once(" (").map_or((rest, None), |(count, why)| (count, why.strip_suffix(')')));
    let (attempt, most) = count.split_once('/').unwrap_or_default();
    let numbers = attempt.parse().ok().zip(most.parse().ok());
    AgentEvent::Retry {
        attempt: numbers.map_or(0, |(attempt, _)| attempt),
        most: numbers.map(|(_, most)| most),
        wait_ms: None,
        cause,
        // Without numbers it says what it waits for.
        text: numbers.and(why).unwrap_or(rest).to_owned(),
    }
}

/// It says in words alone why the service failed it.
pub fn cause_of(text: &str) -> Cause {
    match Cause::of_text(text) {
        // What it makes of every answer with a status of 500.
        Cause::Other if text.contains("experiencing high demand") => Cause::Server,
        cause => cause,
    }
}

/// Tokens by the names of input, cached input and output. The input it reports includes what came out of a cache.
pub fn usage_of(reported: &Value, names: [&str; 3]) -> Usage {
    let [input, cached, output] = names.map(|name| field::number(reported, &[name]));
    Usage {
        input_tokens: input.map(|input| input.saturating_sub(cached.unwrap_or(0))),
        cached_tokens: cached,
        output_tokens: output,
        cost_micros: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn events(messages: &[Value]) -> Vec<AgentEvent> {
        let (mut codex, mut heard) = (Codex::default(), Heard::default());
        messages.iter().for_each(|message| codex.read(&message.to_string(), &mut heard));
        heard.events
    }

    #[test]
    fn a_command_is_shown_without_the_shell_around_it() {
        for (command, plain) in [
            ("/bin/bash -lc 'make test'", "make test"),
            ("/bin/zsh -lc \"make\"", "make"),
            ("bash -lc make", "make"),
            ("grep -lc x", "grep -lc x"),
            ("/bin/bash -lc '", "'"),
        ] {
            assert_eq!(plain_command(command), plain, "{command}");
        }
    }

    #[test]
    fn a_change_of_files_touches_them_only_when_it_was_made() {
        let change = |status: &str| {
            let item = json!({"id": "1", "type": "file_change", "status": status, "changes": [{"path": "a.rs", "kind": "add"}]});
            events(&[json!({"type": "item.completed", "item": item})])
        };
        let touched = AgentEvent::FileTouched { path: "a.rs".into(), diff: None };
        assert_eq!(change("completed").pop(), Some(touched.clone()));
        assert!(!change("failed").contains(&touched));
        assert!(change("declined").iter().any(|e| matches!(e, AgentEvent::PermissionAsked { allowed: false, .. })));
    }

    #[test]
    fn a_warning_is_no_failure_and_a_line_that_ends_in_the_middle_is_no_panic() {
        let warning = json!({"type": "item.completed", "item": {"id": "0", "type": "error", "message": "no metadata"}});
        assert_eq!(events(&[warning]), [AgentEvent::Complaint { text: "no metadata".into() }]);
        for (line, number, said) in [
            ("Reconnecting... 2/5 (no route)", Some((2, 5)), "no route"),
            ("Reconnecting... waiting for network (no route)", None, "waiting for network (no route)"),
            ("Reconnecting...", None, ""),
        ] {
            let expected = AgentEvent::Retry {
                attempt: number.map_or(0, |(attempt, _)| attempt),
                most: number.map(|(_, most)| most),
                wait_ms: None,
                cause: Cause::of_text(line),
                text: said.into(),
            };
            assert_eq!(events(&[json!({"type": "error", "message": line})]), [expected], "{line}");
        }
    }
}
