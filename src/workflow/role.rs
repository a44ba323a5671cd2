//! A role: who an agent is in a phase, what it may use, and what its session must leave.

use super::template::{VARIABLES, check};
use crate::agent::Permission;
use crate::error::{Error, Result};
use crate::model::frontmatter::{Value, parse_document};
use crate::model::parse_duration;
use crate::model::text::{escape_line, find_nearest};
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub name: String,
    pub description: String,
    /// The agent for it, as people name one: `claude:opus#high`. The settings decide where it is absent.
    pub agent: Option<String>,
    pub tools: Vec<Tool>,
    /// The most that its agent may do; a task may allow less.
    pub permission: Permission,
    /// How long one session may take.
    pub timeout: Duration,
    pub answers: Answer,
    /// The template of its prompt.
    pub prompt: String,
    /// Where the definition comes from, in words.
    pub origin: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Read,
    Edit,
    Run,
    Web,
}

impl Tool {
    const ALL: [(&'static str, Tool); 4] =
        [("read", Tool::Read), ("edit", Tool::Edit), ("run", Tool::Run), ("web", Tool::Web)];

    pub fn word(self) -> &'static str {
        Tool::ALL.iter().find(|(_, tool)| *tool == self).map_or("", |(word, _)| word)
    }
}

/// What a session of the role must leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Other files than before.
    Change,
    Spec,
    Plan,
    /// A verdict about the work.
    Review,
    /// Whether a reviewer's findings hold.
    Findings,
    /// A report.
    Notes,
}

impl Answer {
    const ALL: [(&'static str, Answer); 6] = [
        ("change", Answer::Change),
        ("spec", Answer::Spec),
        ("plan", Answer::Plan),
        ("review", Answer::Review),
        ("findings", Answer::Findings),
        ("notes", Answer::Notes),
    ];

    pub fn word(self) -> &'static str {
        Answer::ALL.iter().find(|(_, answer)| *answer == self).map_or("", |(word, _)| word)
    }

    pub(super) fn parse(word: &str) -> Option<Answer> {
        Answer::ALL.iter().find(|(known, _)| *known == word).map(|(_, answer)| *answer)
    }

    pub(super) fn words() -> String {
        Answer::ALL.map(|(word, _)| word).join(", ")
    }
}

const FIELDS: [&str; 7] = ["description", "agent", "model", "tools", "timeout", "permission", "answers"];

impl Role {
    /// Reads a role's file. `origin` says where it comes from.
    pub fn parse(name: &str, text: &str, origin: &str) -> Result<Role> {
        let wrong = |what: String| Error::failed(format!("the role {name} ({origin}): {what}"));
        let document = parse_document(text).map_err(|problem| wrong(problem.to_string()))?;
        if let Some(unknown) = document.fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
            let line = text.lines().position(|line| line.trim_start().starts_with(unknown.as_str())).unwrap_or(0) + 1;
            let error = wrong(format!("line {line}: nothing is called `{}` in a role", escape_line(unknown)));
            let near = find_nearest(unknown, FIELDS).map(str::to_owned).unwrap_or_else(|| FIELDS.join(", "));
            return Err(error.hint(format!("what there is: {near}")));
        }
        let text_of = |field: &str| match document.fields.get(field) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(Value::List(_)) => Err(wrong(format!("{field} is one text"))),
        };
        let one_of = |field: &str, word: &str, words: Vec<&str>| {
            wrong(format!("`{}` is not a value of {field}", escape_line(word)))
                .hint(format!("one of {}", words.join(", ")))
        };
        let tools = tools_of(document.fields.get("tools")).map_err(|(what, hint)| wrong(what).hint(hint))?;
        let permission = match text_of("permission")? {
            Some(word) => Permission::parse(&word)
                .ok_or_else(|| one_of("permission", &word, Permission::ALL.map(Permission::word).to_vec()))?,
            None => permission_for(&tools),
        };
        let timeout = text_of("timeout")?.unwrap_or_else(|| "60m".to_owned());
        let timeout = parse_duration(&timeout)
            .filter(|timeout| !timeout.is_zero())
            .ok_or_else(|| wrong(format!("`{}` is not a time such as 30m", escape_line(&timeout))))?;
        let answers = text_of("answers")?.unwrap_or_else(|| "change".to_owned());
        let answers = Answer::parse(&answers)
            .ok_or_else(|| one_of("answers", &answers, Answer::ALL.map(|(word, _)| word).to_vec()))?;
        let prompt = document.body.trim_start_matches('\n').to_owned();
        if prompt.trim().is_empty() {
            return Err(wrong("it has no prompt below its front matter".to_owned()));
        }
        check(&in_place(text, &prompt), &format!("the role {name} ({origin})"), &VARIABLES)?;
        let agent = match (text_of("agent")?, text_of("model")?) {
            (Some(agent), Some(model)) => Some(format!("{agent}:{model}")),
            (agent, None) => agent,
            (None, Some(_)) => return Err(wrong("a model needs an agent: agent = name".to_owned())),
        };
        let description = text_of("description")?.unwrap_or_default();
        let (name, origin) = (name.to_owned(), origin.to_owned());
        Ok(Role { name, description, agent, tools, permission, timeout, answers, prompt, origin })
    }
}

/// The end of a file on its own lines, so that errors name the file's.
pub(super) fn in_place(text: &str, end: &str) -> String {
    let before = &text[..text.len().saturating_sub(end.len())];
    format!("{}{end}", "\n".repeat(before.matches('\n').count()))
}

/// Tools as front matter names them: a list, or one text with commas. Where nothing is said: to read.
pub(super) fn tools_of(value: Option<&Value>) -> Result<Vec<Tool>, (String, String)> {
    let named = value.map_or_else(|| vec!["read"], Value::texts);
    let words = named.iter().flat_map(|words| words.split(',')).map(str::trim).filter(|word| !word.is_empty());
    let tool = |word: &str| {
        let known = Tool::ALL.iter().find(|(known, _)| *known == word).map(|(_, tool)| *tool);
        let all = Tool::ALL.map(|(word, _)| word).join(", ");
        known.ok_or_else(|| (format!("`{}` is not a value of tools", escape_line(word)), format!("one of {all}")))
    };
    words.map(tool).collect()
}

/// The least that lets these tools work.
pub(super) fn permission_for(tools: &[Tool]) -> Permission {
    match () {
        () if tools.contains(&Tool::Run) => Permission::Full,
        () if tools.contains(&Tool::Edit) => Permission::Edit,
        () => Permission::ReadOnly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(matter: &str) -> Result<Role> {
        Role::parse("x", &format!("---\n{matter}---\n\nDo {{{{title}}}}.\n"), "built in")
    }

    #[test]
    fn what_a_role_does_not_say_follows_from_its_tools() {
        let role = parsed("description: looks\ntools: [read, web]\ntimeout: 30m\nanswers: notes\n").unwrap();
        assert_eq!(
            (role.permission, role.timeout.as_secs(), role.answers),
            (Permission::ReadOnly, 1800, Answer::Notes)
        );
        assert_eq!(parsed("tools: [read, edit]\n").unwrap().permission, Permission::Edit);
        assert_eq!(parsed("tools: read, edit, run\n").unwrap().permission, Permission::Full);
        assert_eq!(parsed("agent: claude\nmodel: opus\n").unwrap().agent.as_deref(), Some("claude:opus"));
    }

    #[test]
    fn mistakes_are_named() {
        let said = |matter: &str| parsed(matter).unwrap_err().to_string();
        assert_eq!(said("tool: x\n"), "the role x (built in): line 2: nothing is called `tool` in a role");
        assert_eq!(said("tools: [fly]\n"), "the role x (built in): `fly` is not a value of tools");
        assert_eq!(said("timeout: soon\n"), "the role x (built in): `soon` is not a time such as 30m");
        assert_eq!(said("model: opus\n"), "the role x (built in): a model needs an agent: agent = name");
        let template = Role::parse("x", "Do {{titel}}", "built in").unwrap_err().to_string();
        assert_eq!(template, "the role x (built in):1: nothing is called `titel` here");
    }
}
