//! What an agent asks: the same facts out of four protocols.

use crate::common::http_request::Request;
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Anthropic,
    Chat,
    Responses,
    Gemini,
}

/// A call of the model.
pub struct Asked {
    pub dialect: Dialect,
    pub model: String,
    pub is_streamed: bool,
    pub tools: BTreeMap<String, Tool>,
    /// The agent's folder as its prompt names it, or nothing.
    pub folder: String,
    /// Turns of the model that the conversation already holds.
    pub turns: usize,
    pub key: String,
    pub body: Value,
}

pub struct Tool {
    pub schema: Value,
    pub kind: ToolKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolKind {
    Function,
    /// Takes plain text instead of an object.
    Custom,
    /// Known to the service by its type alone.
    BuiltIn,
}

impl Dialect {
    /// The protocol whose calls end like this path, without its query.
    pub fn of_path(path: &str) -> Option<Dialect> {
        let ends = [
            ("/messages", Dialect::Anthropic),
            ("/responses", Dialect::Responses),
            ("/chat/completions", Dialect::Chat),
            (":generateContent", Dialect::Gemini),
            (":streamGenerateContent", Dialect::Gemini),
        ];
        ends.into_iter().find(|(end, _)| path.ends_with(end)).map(|(_, dialect)| dialect)
    }
}

impl Asked {
    pub fn read(dialect: Dialect, request: &Request) -> Option<Asked> {
        let body = serde_json::from_slice(&request.body).ok().filter(Value::is_object)?;
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let named = path.rsplit_once("models/").and_then(|(_, rest)| rest.split(':').next());
        Some(Asked {
            dialect,
            model: body["model"].as_str().or(named).unwrap_or("unknown").to_owned(),
            is_streamed: body["stream"] == true || path.ends_with(":streamGenerateContent"),
            tools: tools(dialect, &body),
            folder: folder(&body),
            turns: turns(conversation(dialect, &body)),
            key: key(request, query),
            body,
        })
    }

    /// Which of these words were said last, and how many turns of the model came after them.
    pub fn last_said(&self, words: &[&str]) -> Option<(usize, usize)> {
        let items = conversation(self.dialect, &self.body);
        (0..items.len()).rev().find_map(|at| {
            let said = words.iter().position(|words| says(&items[at], words))?;
            Some((said, turns(&items[at..])))
        })
    }

    /// The form that a side call wants its answer in.
    pub fn answer_schema(&self) -> Option<&Value> {
        let places = [
            "/generationConfig/responseJsonSchema",
            "/generationConfig/responseSchema",
            "/output_config/format/schema",
            "/text/format/schema",
        ];
        places.iter().find_map(|place| self.body.pointer(place))
    }
}

fn items<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value[name].as_array().into_iter().flatten()
}

fn tools(dialect: Dialect, body: &Value) -> BTreeMap<String, Tool> {
    let mut tools = BTreeMap::new();
    let mut add = |tool: &Value, schema: &Value, kind| {
        let name = tool["name"].as_str().or_else(|| tool["type"].as_str());
        if let Some(name) = name {
            tools.insert(name.to_owned(), Tool { schema: schema.clone(), kind });
        }
    };
    for tool in items(body, "tools") {
        match dialect {
            Dialect::Anthropic => add(tool, &tool["input_schema"], ToolKind::Function),
            Dialect::Chat => add(&tool["function"], &tool["function"]["parameters"], ToolKind::Function),
            // A namespace holds further tools.
            Dialect::Responses if tool["tools"].is_array() => {
                items(tool, "tools").for_each(|inner| add(inner, &inner["parameters"], response_kind(inner)));
            }
            Dialect::Responses => add(tool, &tool["parameters"], response_kind(tool)),
            Dialect::Gemini => {
                for declared in items(tool, "functionDeclarations") {
                    let schema = declared.get("parametersJsonSchema").unwrap_or(&declared["parameters"]);
                    add(declared, schema, ToolKind::Function);
                }
            }
        }
    }
    tools
}

fn response_kind(tool: &Value) -> ToolKind {
    match tool["name"].is_string() {
        true if tool["type"] == "custom" => ToolKind::Custom,
        true => ToolKind::Function,
        false => ToolKind::BuiltIn,
    }
}

/// Everything in the conversation, oldest first.
fn conversation(dialect: Dialect, body: &Value) -> &[Value] {
    let name = match dialect {
        Dialect::Anthropic | Dialect::Chat => "messages",
        Dialect::Responses => "input",
        Dialect::Gemini => "contents",
    };
    body[name].as_array().map_or(&[], Vec::as_slice)
}

/// Runs of what a model made: one answer may be several items.
fn turns(items: &[Value]) -> usize {
    let of_model = |item: &Value| {
        let kind = item["type"].as_str().unwrap_or_default();
        matches!(item["role"].as_str(), Some("assistant" | "model")) || kind.ends_with("_call") || kind == "reasoning"
    };
    let made: Vec<bool> = items.iter().map(of_model).collect();
    (0..made.len()).filter(|at| made[*at] && (*at == 0 || !made[at - 1])).count()
}

/// Whether somebody said this to the model: what a tool answered does not count.
fn says(item: &Value, words: &str) -> bool {
    let is_by_user = item["role"] == "user";
    let blocks = items(item, "content").chain(items(item, "parts"));
    let mut texts = blocks.map(|block| &block["text"]).chain([&item["content"]]).filter_map(Value::as_str);
    is_by_user && texts.any(|text| text.contains(words))
}

/// Agents tell the model where they are, each in its own words.
fn folder(body: &Value) -> String {
    let said = Regex::new(
        r#"(?:[Ww]orking directory(?: is)?:?|in the directory:|<cwd>|[Cc]urrent directory:|Workspace root folder:|cwd:)\s*[`"']?(/[^\s`"'<,]*)"#,
    );
    let text = body.to_string().replace("\\n", "\n").replace("\\\"", "\"");
    let found = said.unwrap().captures(&text).map(|found| found[1].to_owned());
    found.unwrap_or_default().trim_end_matches(['.', '\\']).to_owned()
}

fn key(request: &Request, query: &str) -> String {
    let in_query = || query.split('&').find_map(|pair| pair.strip_prefix("key="));
    let bearer = || request.header("Authorization").map(|value| value.trim_start_matches("Bearer "));
    let key = request.header("x-api-key").or_else(|| request.header("x-goog-api-key"));
    key.or_else(bearer).or_else(in_query).unwrap_or_default().to_owned()
}
