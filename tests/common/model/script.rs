//! What a model says, as data.

use serde_json::Value;
use std::time::Duration;

/// The answers for one agent. Past the last turn, the last one is given again.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub turns: Vec<Turn>,
    /// What is said to certain prompts instead. The first part that fits the newest such prompt is played.
    pub parts: Vec<Part>,
    /// The answer to calls that offer no tools: titles, summaries, routing.
    pub side: String,
    /// Any other key is refused.
    pub key: Option<String>,
    pub faults: Option<Faults>,
    /// Turns are picked by the number of answers given, not by what the request already holds. A client that repeats a
    /// cut answer as part of its next request needs it.
    pub by_count: bool,
}

/// What a model says once it was told something: its turns count from there.
#[derive(Debug, Clone)]
pub struct Part {
    pub name: String,
    /// The prompt holds this.
    pub cue: String,
    pub turns: Vec<Turn>,
}

/// One answer of the model.
#[derive(Debug, Clone)]
pub struct Turn {
    pub text: String,
    pub thought: String,
    pub calls: Vec<Call>,
    pub input: u64,
    /// Part of the prompt beside `input` that came from the cache.
    pub cached: u64,
    pub output: u64,
    pub faults: Option<Faults>,
}

/// A tool call. What is to be done is fitted to the tools that the agent offers.
#[derive(Debug, Clone)]
pub enum Call {
    Write { path: String, content: String },
    Bash { command: String },
    Named { tool: String, input: Value },
}

#[derive(Debug, Clone)]
pub struct Faults {
    pub fault: Fault,
    /// So many calls meet it, and then no more.
    pub times: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error answer in the words of the protocol.
    Status { code: u16, retry_after: Option<u64> },
    /// Takes the request and never answers.
    HangBeforeHeaders,
    /// Says that all is well, sends the first event and then nothing.
    HangInBody,
    /// Waits before every event.
    Drip(Duration),
    /// The connection breaks when half of the events are sent: in a tool call where there is one.
    Cut,
    /// There, too, the stream ends as if all were said.
    EndEarly,
    /// All is well, but the body is no JSON.
    Garbage,
}

impl Fault {
    pub fn status(code: u16) -> Fault {
        Fault::Status { code, retry_after: None }
    }

    pub fn rate_limit() -> Fault {
        Fault::Status { code: 429, retry_after: Some(1) }
    }
}

impl Script {
    pub fn new(turns: impl IntoIterator<Item = Turn>) -> Script {
        Script { turns: turns.into_iter().collect(), side: "A title".to_owned(), ..Script::default() }
    }

    /// In front of the parts that are there: the last one that is added is looked at first.
    pub fn part(mut self, name: &str, cue: &str, turns: impl IntoIterator<Item = Turn>) -> Script {
        let part = Part { name: name.to_owned(), cue: cue.to_owned(), turns: turns.into_iter().collect() };
        self.parts.insert(0, part);
        self
    }

    pub fn failing(self, fault: Fault) -> Script {
        self.failing_times(usize::MAX, fault)
    }

    pub fn failing_times(self, times: usize, fault: Fault) -> Script {
        Script { faults: Some(Faults { fault, times }), ..self }
    }

    pub fn for_key(self, key: &str) -> Script {
        Script { key: Some(key.to_owned()), ..self }
    }

    pub fn by_count(self) -> Script {
        Script { by_count: true, ..self }
    }
}

impl Turn {
    pub fn say(text: &str) -> Turn {
        let text = text.to_owned();
        Turn { text, thought: String::new(), calls: Vec::new(), input: 1000, cached: 0, output: 50, faults: None }
    }

    pub fn think(self, thought: &str) -> Turn {
        Turn { thought: thought.to_owned(), ..self }
    }

    pub fn write(self, path: &str, content: &str) -> Turn {
        self.with(Call::Write { path: path.to_owned(), content: content.to_owned() })
    }

    pub fn bash(self, command: &str) -> Turn {
        self.with(Call::Bash { command: command.to_owned() })
    }

    /// A tool by its name, with its input as it is.
    pub fn call(self, tool: &str, input: Value) -> Turn {
        self.with(Call::Named { tool: tool.to_owned(), input })
    }

    fn with(mut self, call: Call) -> Turn {
        self.calls.push(call);
        self
    }

    pub fn tokens(self, input: u64, cached: u64, output: u64) -> Turn {
        Turn { input, cached, output, ..self }
    }

    pub fn failing(self, fault: Fault) -> Turn {
        self.failing_times(usize::MAX, fault)
    }

    pub fn failing_times(self, times: usize, fault: Fault) -> Turn {
        Turn { faults: Some(Faults { fault, times }), ..self }
    }
}
