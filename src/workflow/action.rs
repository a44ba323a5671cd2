//! A quick action: something small that is done to one task by name, by an agent or by a script.

use super::library::ACTION;
use super::role::{Answer, Role, Tool, in_place, line_of_field, permission_for, tools_of};
use super::template::{VARIABLES, check};
use crate::agent::Permission;
use crate::error::{Error, Result};
use crate::model::frontmatter::{Value, parse_document};
use crate::model::text::{escape_line, find_nearest};
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What it is called by: the file's name.
    pub name: String,
    /// What a list shows besides.
    pub title: String,
    pub description: String,
    /// A character or two; empty where there is none.
    pub icon: String,
    pub work: ActionWork,
    /// Where the definition comes from, in words.
    pub origin: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionWork {
    /// `prompt` is a template with the variables of roles.
    Agent { prompt: String, tools: Vec<Tool>, permission: Permission, answers: Answer },
    /// Text for `sh`, run in the task's worktree.
    Script(String),
}

const FIELDS: [&str; 8] = ["name", "description", "type", "icon", "tools", "permission", "answers", "script"];

/// How long an action's agent may take.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

impl Action {
    /// What its agent is in a session.
    pub fn as_role(&self) -> Result<Role> {
        let ActionWork::Agent { prompt, tools, permission, answers } = &self.work else {
            return Err(Error::usage(format!("{} is a script and needs no agent", self.name)));
        };
        Ok(Role {
            name: format!("{ACTION}{}", self.name),
            description: self.description.clone(),
            agent: None,
            tools: tools.clone(),
            permission: *permission,
            timeout: TIMEOUT,
            answers: *answers,
            prompt: prompt.clone(),
            origin: self.origin.clone(),
        })
    }

    /// Reads an action's file. `origin` says where it comes from.
    pub fn parse(name: &str, text: &str, origin: &str) -> Result<Action> {
        let wrong = |what: String| Error::failed(format!("the action {name} ({origin}): {what}"));
        let document = parse_document(text).map_err(|problem| wrong(problem.to_string()))?;
        if let Some(unknown) = document.fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
            let near = find_nearest(unknown, FIELDS).map_or_else(|| FIELDS.join(", "), str::to_owned);
            let line = line_of_field(text, unknown);
            let error = wrong(format!("line {line}: nothing is called `{}` in an action", escape_line(unknown)));
            return Err(error.hint(format!("what there is: {near}")));
        }
        let text_of = |field: &str| match document.fields.get(field) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(Value::List(_)) => Err(wrong(format!("{field} is one text"))),
        };
        let script = text_of("script")?;
        let body = document.body.trim_start_matches('\n').to_owned();
        let is_script = match text_of("type")?.as_deref() {
            Some("script") => true,
            Some("agent") => false,
            None => script.is_some(),
            Some(other) => {
                return Err(wrong(format!("`{}` is no type", escape_line(other))).hint("one of agent, script"));
            }
        };
        let work = match (is_script, script) {
            (false, Some(_)) => {
                return Err(wrong("an action of an agent has no script".to_owned()).hint("type: script"));
            }
            (true, script) => {
                let for_agents = ["tools", "permission", "answers"];
                if let Some(field) = for_agents.into_iter().find(|field| document.fields.contains_key(*field)) {
                    return Err(wrong(format!("{field} is for agents, and this is a script")));
                }
                ActionWork::Script(script.unwrap_or(body))
            }
            (false, None) => {
                check(&in_place(text, &body), &format!("the action {name} ({origin})"), &VARIABLES)?;
                let tools = tools_of(document.fields.get("tools")).map_err(|(what, hint)| wrong(what).hint(hint))?;
                let permission = text_of("permission")?.map(|word| {
                    let words = Permission::ALL.map(Permission::word).join(", ");
                    let what = format!("`{}` is no permission", escape_line(&word));
                    Permission::parse(&word).ok_or_else(|| wrong(what).hint(format!("one of {words}")))
                });
                let permission = permission.transpose()?.unwrap_or_else(|| permission_for(&tools));
                let default = if permission == Permission::ReadOnly { Answer::Notes } else { Answer::Change };
                let answers = text_of("answers")?.map(|word| {
                    let what = format!("`{}` is nothing that an action answers with", escape_line(&word));
                    Answer::parse(&word).ok_or_else(|| wrong(what).hint(format!("one of {}", Answer::words())))
                });
                let answers = answers.transpose()?.unwrap_or(default);
                ActionWork::Agent { prompt: body, tools, permission, answers }
            }
        };
        if matches!(&work, ActionWork::Script(text) | ActionWork::Agent { prompt: text, .. } if text.trim().is_empty())
        {
            return Err(wrong("it says nothing of what is to be done".to_owned())
                .hint("write the prompt or the script below the front matter"));
        }
        Ok(Action {
            name: name.to_owned(),
            title: text_of("name")?.unwrap_or_else(|| name.to_owned()),
            description: text_of("description")?.unwrap_or_default(),
            icon: text_of("icon")?.unwrap_or_default(),
            work,
            origin: origin.to_owned(),
        })
    }

    /// `agent` or `script`.
    pub fn type_word(&self) -> &'static str {
        match self.work {
            ActionWork::Agent { .. } => "agent",
            ActionWork::Script(_) => "script",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        match Action::parse("x", text, "built in") {
            Ok(action) => format!("{:?}", action.work),
            Err(error) => format!("{error} | {}", error.hints().join(" | ")),
        }
    }

    #[test]
    fn an_action_is_of_an_agent_or_a_script() {
        assert_eq!(said("---\nscript: make\n---\nBuilds.\n"), "Script(\"make\")");
        assert_eq!(said("---\ntype: script\n---\n\nmake\nmake test\n"), "Script(\"make\\nmake test\\n\")");
        assert_eq!(
            said("---\ntools: [read]\n---\nExplain {{title}}.\n"),
            "Agent { prompt: \"Explain {{title}}.\\n\", tools: [Read], permission: ReadOnly, answers: Notes }"
        );
        assert!(said("---\ntools: [read, edit]\n---\nx\n").contains("permission: Edit, answers: Change"));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            ("---\nkind: x\n---\ny\n", "line 2: nothing is called `kind` in an action | "),
            ("---\ntype: robot\n---\ny\n", "`robot` is no type | one of agent, script"),
            ("---\ntype: agent\nscript: a\n---\ny\n", "an action of an agent has no script | type: script"),
            ("---\ntools: [fly]\n---\ny\n", "`fly` is not a value of tools | one of read, edit, run, web"),
            ("---\nscript: a\npermission: full\n---\n", "permission is for agents, and this is a script | "),
            ("---\nname: y\n---\n\n", "it says nothing of what is to be done | write the prompt or the script below"),
            ("---\nname: y\n---\nDo {{titl}}\n", "nothing is called `titl` here | perhaps {{title}}"),
        ] {
            assert!(said(text).contains(expected), "{}", said(text));
        }
    }
}
