//! From what is to be done to a call of a tool that the agent really offers.

use super::request::{Asked, Tool, ToolKind};
use super::script::Call;
use serde_json::{Map, Value, json};

const WRITERS: [&str; 6] = ["Write", "write", "write_file", "WriteFile", "create_file", "create"];
const SHELLS: [&str; 7] =
    ["Bash", "bash", "run_shell_command", "shell", "exec_command", "shell_command", "execute_command"];
const PATHS: [&str; 4] = ["file_path", "filePath", "absolute_path", "path"];
const CONTENTS: [&str; 3] = ["content", "contents", "file_text"];
const COMMANDS: [&str; 2] = ["command", "cmd"];

/// A call as the agent understands it.
#[derive(Debug, Clone)]
pub struct Fitted {
    pub tool: String,
    pub input: Value,
    pub is_custom: bool,
}

/// What cannot be done with the tools on offer is told to the agent, and so seen by the test.
pub fn fit(call: &Call, asked: &Asked) -> Result<Fitted, String> {
    match call {
        Call::Named { tool, input } => {
            let is_custom = asked.tools.get(tool).is_some_and(|tool| tool.kind == ToolKind::Custom);
            Ok(Fitted { tool: tool.clone(), input: input.clone(), is_custom })
        }
        Call::Write { path, content } => match find(&WRITERS, asked) {
            Some((name, tool)) => Ok(fill(name, tool, |has| {
                let whole = match path.starts_with('/') || asked.folder.is_empty() {
                    true => path.clone(),
                    false => format!("{}/{path}", asked.folder.trim_end_matches('/')),
                };
                vec![(first(&PATHS, has), json!(whole)), (first(&CONTENTS, has), json!(content))]
            })),
            None => {
                let command = format!("printf %s {} > {}", quoted(content), quoted(path));
                fit(&Call::Bash { command }, asked)
            }
        },
        Call::Bash { command } => {
            let (name, tool) = find(&SHELLS, asked)
                .ok_or_else(|| format!("no tool for commands among {:?}", asked.tools.keys().collect::<Vec<_>>()))?;
            Ok(fill(name, tool, |has| {
                let key = first(&COMMANDS, has);
                let form = &tool.schema["properties"][key];
                let takes_words = form["type"] == "array" || form["anyOf"].to_string().contains("array");
                let value = if takes_words { json!(["bash", "-lc", command]) } else { json!(command) };
                vec![(key, value)]
            }))
        }
    }
}

pub fn offers_commands(asked: &Asked) -> bool {
    find(&SHELLS, asked).is_some()
}

fn find<'a>(names: &[&'a str], asked: &'a Asked) -> Option<(&'a str, &'a Tool)> {
    names.iter().find_map(|name| {
        let tool = asked.tools.get(*name).filter(|tool| tool.kind == ToolKind::Function)?;
        Some((*name, tool))
    })
}

/// The first name that the tool knows.
fn first<'a>(names: &[&'a str], has: &dyn Fn(&str) -> bool) -> &'a str {
    names.iter().find(|name| has(name)).unwrap_or(&names[0])
}

/// The arguments that the call is about, and the smallest values for whatever else the tool insists on.
fn fill<'a>(name: &str, tool: &Tool, known: impl Fn(&dyn Fn(&str) -> bool) -> Vec<(&'a str, Value)>) -> Fitted {
    let properties = &tool.schema["properties"];
    let mut input = Map::new();
    for (key, value) in known(&|key| properties.get(key).is_some()) {
        input.insert(key.to_owned(), value);
    }
    for required in tool.schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !input.contains_key(required) {
            input.insert(required.to_owned(), smallest(&properties[required]));
        }
    }
    Fitted { tool: name.to_owned(), input: Value::Object(input), is_custom: false }
}

/// A smallest value that a JSON schema accepts.
pub fn smallest(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("string").to_ascii_lowercase();
    match kind.as_str() {
        "object" => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let fields = required.map(|name| (name.to_owned(), smallest(&schema["properties"][name])));
            Value::Object(fields.collect())
        }
        "array" => json!([]),
        "boolean" => json!(false),
        "integer" | "number" => json!(1),
        _ => json!("scripted"),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
