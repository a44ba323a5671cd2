//! How a program is talked with: lines in, events and answers out. A protocol does no I/O and knows no clock.

use super::catalog::Catalog;
use super::event::{AgentEvent, Scope};
use super::permission::Permission;
use serde_json::Value;

/// What a protocol is told before the program starts.
#[derive(Debug, Clone, Default)]
pub struct Opening<'a> {
    pub prompt: &'a str,
    /// The program's folder, absolute.
    pub worktree: &'a str,
    /// The conversation to take up again.
    pub resume: Option<&'a str>,
    pub model: Option<&'a str>,
    pub effort: Option<&'a str>,
    pub permission: Permission,
    /// The agent's own word for that permission.
    pub mode: Option<&'a str>,
    /// What the agent's usage at the end of a turn counts, where its record says so.
    pub usage: Option<Scope>,
    /// Its figures for money are reckoned with prices of another service.
    pub guesses_cost: bool,
}

/// What comes of one line.
#[derive(Debug, Default)]
pub struct Heard {
    pub events: Vec<AgentEvent>,
    /// Lines for the program's stdin, without their newlines.
    pub send: Vec<String>,
    /// Nothing more will be sent: a program that waits for more ends.
    pub hang_up: bool,
}

impl Heard {
    pub fn event(&mut self, event: AgentEvent) {
        self.events.push(event);
    }

    /// A line's JSON object. What is none becomes an event; an empty line is nothing.
    pub fn parse(&mut self, line: &str) -> Option<Value> {
        let line = line.trim();
        if line.is_empty() {
            return None;
        }
        match serde_json::from_str(line) {
            Ok(value @ Value::Object(_)) => Some(value),
            _ if line.ends_with(crate::process::CUT_MARK) => {
                self.event(AgentEvent::Unknown { kind: "a line that is too long".to_owned() });
                None
            }
            _ => {
                self.event(AgentEvent::Unknown { kind: "not JSON".to_owned() });
                None
            }
        }
    }

    /// A message of a type that the protocol does not know.
    pub fn unknown(&mut self, kind: &str) {
        let kind = kind.chars().take(80).collect();
        self.event(AgentEvent::Unknown { kind });
    }

    pub fn send(&mut self, message: &Value) {
        self.send.push(message.to_string());
    }
}

pub trait Protocol: Send {
    /// Before the program says anything. Two-way protocols send their greeting here; the others have nothing to send.
    fn begin(&mut self, _heard: &mut Heard) {}

    /// A line of stdout.
    fn read(&mut self, line: &str, heard: &mut Heard);

    fn read_stderr(&mut self, line: &str, heard: &mut Heard) {
        if !line.trim().is_empty() {
            heard.event(AgentEvent::Complaint { text: line.to_owned() });
        }
    }

    /// A person's words for the running conversation. Whether they can be handed over now.
    fn say(&mut self, _text: &str, _heard: &mut Heard) -> bool {
        false
    }

    /// Whether [`say`](Protocol::say) can ever work.
    fn listens(&self) -> bool {
        false
    }

    /// What the agent said about itself, where the protocol has words for it.
    fn catalog(&self) -> Option<&Catalog> {
        None
    }

    /// The program has ended: what follows from the end itself. Agents without a last event are judged here.
    fn end(&mut self, _exit: Option<i32>, _heard: &mut Heard) {}
}

/// Reading what agents report, without a thought for types that do not fit.
pub mod field {
    use serde_json::Value;

    /// The text at a path of keys.
    pub fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
        at(value, path)?.as_str()
    }

    pub fn number(value: &Value, path: &[&str]) -> Option<u64> {
        at(value, path)?.as_u64()
    }

    pub fn float(value: &Value, path: &[&str]) -> Option<f64> {
        at(value, path)?.as_f64()
    }

    pub fn flag(value: &Value, path: &[&str]) -> Option<bool> {
        at(value, path)?.as_bool()
    }

    pub fn list<'v>(value: &'v Value, path: &[&str]) -> impl Iterator<Item = &'v Value> {
        at(value, path).and_then(Value::as_array).into_iter().flatten()
    }

    pub fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
        path.iter().try_fold(value, |value, key| value.get(key)).filter(|value| !value.is_null())
    }

    /// What a tool is asked to do, on one line: its command, its path, or whatever it has.
    pub fn tool_input(input: &Value) -> String {
        let known =
            ["command", "cmd", "file_path", "filePath", "path", "absolute_path", "pattern", "query", "url", "prompt"];
        let text = known.iter().find_map(|key| match input.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Array(words) => Some(words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
            _ => None,
        });
        let text = text.unwrap_or_else(|| match input {
            Value::Null => String::new(),
            Value::Object(fields) if fields.is_empty() => String::new(),
            other => other.to_string(),
        });
        shorten(&text)
    }

    /// At most one line of 200 characters.
    pub fn shorten(text: &str) -> String {
        const MOST: usize = 200;
        let mut lines = text.trim().lines();
        let first = lines.next().unwrap_or_default();
        let cut: String = first.chars().take(MOST).collect();
        match cut.len() < first.len() || lines.next().is_some() {
            true => format!("{cut} …"),
            false => cut,
        }
    }
}
