//! Workflows and roles of Nomafin's factory, out of its `config.yml`, as definitions of ours.
//!
//! Nothing is read or written here. What is returned has been checked as if it counted already; what cannot be taken over
//! as it was is said, not guessed.

mod phases;
mod roles;

use super::definition::Workflow;
use super::library::{Kind, Library};
use crate::error::{Error, Result};
use crate::model::text::escape_line;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub files: Vec<ImportedFile>,
    /// What is different from before, or was left out; one line each.
    pub notes: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct ImportedFile {
    pub kind: Kind,
    pub name: String,
    pub text: String,
}

impl ImportedFile {
    /// Below the top of the worktree.
    pub fn path(&self) -> String {
        format!(".aifactory/{}/{}{}", self.kind.folder(), self.name, self.kind.ending())
    }
}

/// The file as it is written there. Everything else in it is of no concern here.
#[derive(Deserialize)]
struct Config {
    workflows: Option<BTreeMap<String, Flow>>,
    agent_templates: Option<BTreeMap<String, AgentTemplate>>,
}

#[derive(Deserialize)]
struct Flow {
    #[serde(default = "three")]
    max_iterations: i64,
    #[serde(default)]
    steps: Vec<Step>,
}

fn three() -> i64 {
    3
}

#[derive(Deserialize)]
struct Step {
    agent: String,
    input: Option<String>,
    output: Option<String>,
    condition: Option<String>,
    loop_to: Option<String>,
    prompt_template: Option<String>,
    #[serde(flatten)]
    other: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct AgentTemplate {
    system_prompt_file: Option<String>,
    allowed_tools: Option<Vec<String>>,
    timeout_minutes: Option<u64>,
}

/// Reads `config.yml`. `load_prompt` gives the text of a file that it names; `library` is what there is so far.
pub fn read_config(text: &str, mut library: Library, load_prompt: &dyn Fn(&str) -> Result<String>) -> Result<Imported> {
    let config: Config = serde_saphyr::from_str(text).map_err(|error| in_words(&error))?;
    let mut imported = Imported::default();
    for (name, template) in config.agent_templates.unwrap_or_default() {
        let Some(name) = name_of(&name, Kind::Role, &mut imported) else { continue };
        if let Some(text) = roles::role_of(&name, &template, &library, load_prompt, &mut imported.notes)? {
            take(Kind::Role, name, text, &mut library, &mut imported);
        }
    }
    for (name, flow) in config.workflows.unwrap_or_default() {
        let Some(name) = name_of(&name, Kind::Workflow, &mut imported) else { continue };
        let text = phases::workflow_of(&name, &flow, &mut imported.notes);
        take(Kind::Workflow, name, text, &mut library, &mut imported);
    }
    if imported.files.is_empty() && imported.notes.is_empty() {
        return Err(Error::failed("there are neither workflows nor agent_templates in it"));
    }
    Ok(imported)
}

/// Takes a definition over if it can be used as it is.
fn take(kind: Kind, name: String, text: String, library: &mut Library, imported: &mut Imported) {
    let origin = format!("{} {name}", kind.word());
    library.add(kind, &name, Ok(text.clone()), "config.yml".to_owned(), &origin);
    let checked = match kind {
        // What is wrong with a role is wrong with every workflow that has it; its own file says it once.
        Kind::Workflow => library.workflow(&name).map(|workflow: Workflow| workflow.phases.len()),
        _ => library.check(kind, &name).map(|()| 0),
    };
    match checked {
        Ok(_) => imported.files.push(ImportedFile { kind, name, text }),
        Err(error) => imported.notes.push(format!("{origin} was not taken over: {}", error.full_text())),
    }
}

/// Their names are ours, but for `_` and letters of other kinds.
fn name_of(name: &str, kind: Kind, imported: &mut Imported) -> Option<String> {
    let ours = name.trim().to_lowercase().replace(['_', ' '], "-");
    if super::library::is_name(&ours) {
        return Some(ours);
    }
    imported.notes.push(format!("{} `{}` was not taken over: this is no name here", kind.word(), escape_line(name)));
    None
}

/// On one line; the place is part of what the reader says.
fn in_words(error: &serde_saphyr::Error) -> Error {
    Error::failed(error.without_snippet().to_string().replace('\n', " "))
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests;
