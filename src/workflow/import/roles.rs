//! Their agent templates as roles of ours.

use super::AgentTemplate;
use crate::error::Result;
use crate::model::text::escape_line;
use crate::workflow::library::Library;
use crate::workflow::role::{Answer, Role, Tool};

/// Names of Claude's tools, by what they are for.
const TOOLS: [(&str, Tool); 12] = [
    ("Read", Tool::Read),
    ("Glob", Tool::Read),
    ("Grep", Tool::Read),
    ("LS", Tool::Read),
    ("NotebookRead", Tool::Read),
    ("Edit", Tool::Edit),
    ("Write", Tool::Edit),
    ("MultiEdit", Tool::Edit),
    ("NotebookEdit", Tool::Edit),
    ("Bash", Tool::Run),
    ("WebSearch", Tool::Web),
    ("WebFetch", Tool::Web),
];

/// The text of the role's file; nothing where it would say what is built in.
pub fn role_of(
    name: &str,
    template: &AgentTemplate,
    library: &Library,
    load_prompt: &dyn Fn(&str) -> Result<String>,
    notes: &mut Vec<String>,
) -> Result<Option<String>> {
    let mut note = |what: String| notes.push(format!("role {name}: {what}"));
    let tools = template.allowed_tools.as_deref().map(|tools| tools_of(tools, &mut note));
    let own = library.role(name).ok();
    let changes = tools.as_ref().is_none_or(|tools| tools.contains(&Tool::Edit));
    let base = match own {
        Some(own) => own,
        None => library.role(if changes { "coder" } else { "researcher" })?,
    };
    let minutes = template.timeout_minutes.filter(|minutes| *minutes > 0);
    let tools = tools.filter(|tools| !tools.is_empty()).unwrap_or_else(|| base.tools.clone());
    let prompt = match template.system_prompt_file.as_deref().filter(|file| !file.trim().is_empty()) {
        None => None,
        Some(file) => match load_prompt(file) {
            Ok(text) => Some(without_tags(&text, &mut note)),
            Err(error) => {
                note(format!("its prompt is not taken over: {}", error.full_text()));
                None
            }
        },
    };
    let is_as_before = base.name == name && tools_in_order(&tools) == tools_in_order(&base.tools);
    let same_time = minutes.is_none_or(|minutes| minutes * 60 == base.timeout.as_secs());
    if prompt.is_none() && is_as_before && same_time {
        note("it is as built in; no file is needed".to_owned());
        return Ok(None);
    }
    Ok(Some(written(&base, &tools, minutes, prompt.as_deref())))
}

fn written(base: &Role, tools: &[Tool], minutes: Option<u64>, prompt: Option<&str>) -> String {
    let words: Vec<&str> = tools.iter().map(|tool| tool.word()).collect();
    let minutes = minutes.unwrap_or(base.timeout.as_secs().div_ceil(60));
    // What was a change stays one, whatever tools are named: the word is not guessed from them.
    let answers: Answer = base.answers;
    let prompt = prompt.map(|prompt| format!("{}\n\n", prompt.trim())).unwrap_or_default();
    format!(
        "---\ndescription: {}\ntools: [{}]\ntimeout: {minutes}m\nanswers: {}\n---\n\n{prompt}{}",
        base.description,
        words.join(", "),
        answers.word(),
        base.prompt
    )
}

fn tools_of(names: &[String], note: &mut dyn FnMut(String)) -> Vec<Tool> {
    let mut tools = Vec::new();
    for name in names {
        let plain = name.split('(').next().unwrap_or_default().trim();
        match TOOLS.iter().find(|(known, _)| *known == plain) {
            Some((_, tool)) if tools.contains(tool) => {}
            Some((_, tool)) => tools.push(*tool),
            None => note(format!("the tool `{}` is not known here; left out", escape_line(name))),
        }
        if name.contains('(') {
            note(format!("`{}` was restricted; here it is not", escape_line(name)));
        }
    }
    tools
}

fn tools_in_order(tools: &[Tool]) -> Vec<&'static str> {
    let mut words: Vec<&str> = tools.iter().map(|tool| tool.word()).collect();
    words.sort_unstable();
    words
}

/// Braces that would be read as ours are taken apart.
fn without_tags(text: &str, note: &mut dyn FnMut(String)) -> String {
    if !text.contains("{{") {
        return text.to_owned();
    }
    note("`{{` in its prompt is now `{ {`: it would mean something here".to_owned());
    text.replace("{{", "{ {")
}
