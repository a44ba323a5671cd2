//! An agent's record: all that has to be known of a program to run it, as data.
//!
//! Built-in records are the files of `presets/`, a person's own are `[agents.<name>]` tables. Both have the same form,
//! and either may build on another with `base`.

use super::event::Scope;
use super::permission::Permission;
use super::presets;
use super::reader::Reader;
use super::readers::ReaderKind;
use super::template;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::model::text::{escape_line, find_nearest};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How a program is run as an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub name: String,
    pub reader: ReaderKind,
    pub prompt: PromptBy,
    pub record: Record,
    /// Another attempt at the same step could turn out differently.
    pub may_vary: bool,
    pub model: Option<String>,
    pub effort: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptBy {
    /// One of the arguments holds `{prompt}`.
    Argument,
    Stdin,
    /// A file whose path is `{prompt_file}`.
    File,
    /// The protocol hands it over on stdin, and goes on talking there.
    Protocol,
}

/// The fields of a record. Every list of arguments holds templates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Record {
    pub about: String,
    /// The record that this one changes.
    pub base: Option<String>,
    /// The program, with arguments as people write them; split at blanks and never given to a shell.
    pub command: String,
    pub args: Vec<String>,
    /// Put after `args`, and left out where there is nothing to say: `{model}`, `{effort}`, `{session}`.
    pub model_args: Vec<String>,
    pub effort_args: Vec<String>,
    pub resume_args: Vec<String>,
    /// The last arguments, with `{prompt}` or `{prompt_file}`.
    pub prompt_args: Vec<String>,
    /// The arguments with which a person goes on in the program's own terminal form, with `{session}`.
    pub attach_args: Vec<String>,
    /// What that form is always told, also where a new conversation begins, and its words for a model and an effort.
    pub attach_common_args: Vec<String>,
    pub attach_model_args: Vec<String>,
    pub attach_effort_args: Vec<String>,
    pub prompt: Option<PromptBy>,
    pub reader: Option<String>,
    /// What its usage at the end of a turn counts, where its protocol leaves that open: `call`, that turn alone, unless it
    /// says `session`.
    pub usage: Option<Scope>,
    /// It reckons money with prices that are not those of this service, so what it says about cost is left out.
    pub guesses_cost: Option<bool>,
    /// The model and effort where nobody chose another.
    pub model: Option<String>,
    pub effort: Option<String>,
    /// The address of a service, for `{endpoint}`.
    pub endpoint: Option<String>,
    /// Arguments and variables for each permission. An agent without any is run as it is.
    pub permission: BTreeMap<String, PermissionArgs>,
    /// Variables of the user's environment that the agent may see, besides the common ones.
    pub env: Vec<String>,
    /// The variables that hold a credential, the one that wins first. The agent sees them.
    pub credentials: Vec<String>,
    /// Variables that are set for it: templates.
    pub set: BTreeMap<String, String>,
    /// Files of its own below the home folder in which a log-in is kept.
    pub login_files: Vec<String>,
    /// What a person does to log in.
    pub login: String,
    pub install: String,
    pub version_args: Vec<String>,
    /// The version that all of this was tested with; empty: from its documentation alone.
    pub tested: String,
    /// What becomes of a program that is at its end, and what to use instead.
    pub ends: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PermissionArgs {
    pub args: Vec<String>,
    pub set: BTreeMap<String, String>,
    /// The agent's own word for it, for protocols that set it by one.
    pub mode: Option<String>,
}

/// An agent as people name it: `claude`, `claude:opus`, `opencode:ollama/qwen3:8b`, `codex:gpt-5.1-codex#high`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub agent: String,
    pub model: Option<String>,
    pub effort: Option<String>,
}

impl Choice {
    pub fn parse(text: &str) -> Choice {
        let (rest, effort) = match text.rsplit_once('#') {
            Some((rest, effort)) => (rest, Some(effort)),
            None => (text, None),
        };
        let (agent, model) = match rest.split_once(':') {
            Some((agent, model)) => (agent, Some(model)),
            None => (rest, None),
        };
        let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        Choice { agent: agent.trim().to_owned(), model: said(model), effort: said(effort) }
    }
}

impl Record {
    /// `other`, changed by what this one says. Lists and texts replace, tables are joined.
    fn over(self, other: Record) -> Record {
        let text = |own: String, theirs: String| if own.is_empty() { theirs } else { own };
        let list = |own: Vec<String>, theirs: Vec<String>| if own.is_empty() { theirs } else { own };
        let joined = |own, mut theirs: BTreeMap<_, _>| {
            theirs.extend(own);
            theirs
        };
        let mut permission = other.permission;
        permission.extend(self.permission);
        Record {
            about: text(self.about, other.about),
            base: other.base,
            command: text(self.command, other.command),
            args: list(self.args, other.args),
            model_args: list(self.model_args, other.model_args),
            effort_args: list(self.effort_args, other.effort_args),
            resume_args: list(self.resume_args, other.resume_args),
            prompt_args: list(self.prompt_args, other.prompt_args),
            attach_args: list(self.attach_args, other.attach_args),
            attach_common_args: list(self.attach_common_args, other.attach_common_args),
            attach_model_args: list(self.attach_model_args, other.attach_model_args),
            attach_effort_args: list(self.attach_effort_args, other.attach_effort_args),
            prompt: self.prompt.or(other.prompt),
            reader: self.reader.or(other.reader),
            usage: self.usage.or(other.usage),
            guesses_cost: self.guesses_cost.or(other.guesses_cost),
            model: self.model.or(other.model),
            effort: self.effort.or(other.effort),
            endpoint: self.endpoint.or(other.endpoint),
            permission,
            env: list(self.env, other.env),
            credentials: list(self.credentials, other.credentials),
            set: joined(self.set, other.set),
            login_files: list(self.login_files, other.login_files),
            login: text(self.login, other.login),
            install: text(self.install, other.install),
            version_args: list(self.version_args, other.version_args),
            tested: text(self.tested, other.tested),
            ends: text(self.ends, other.ends),
        }
    }

    fn templates(&self) -> impl Iterator<Item = &String> {
        let lists = [&self.args, &self.model_args, &self.effort_args, &self.resume_args, &self.prompt_args];
        let of_permissions = self.permission.values().flat_map(|p| p.args.iter().chain(p.set.values()));
        lists.into_iter().flatten().chain(self.set.values()).chain(of_permissions)
    }

    /// Those of a person's terminal form, which say nothing about how the agent is run.
    fn attach_templates(&self) -> impl Iterator<Item = &String> {
        let lists = [&self.attach_args, &self.attach_common_args, &self.attach_model_args, &self.attach_effort_args];
        lists.into_iter().flatten()
    }

    fn check(&self) -> Result<()> {
        for template in self.templates().chain(self.attach_templates()) {
            template::check(template)?;
        }
        for word in self.permission.keys() {
            if Permission::parse(word).is_none() {
                let known = Permission::ALL.map(Permission::word).join(", ");
                return Err(Error::usage(format!("permission.{word} is not one of {known}")));
            }
        }
        match &self.reader {
            Some(name) if ReaderKind::find(name).is_none() => {
                let known: Vec<&str> = ReaderKind::TABLE.iter().map(|kind| kind.name).collect();
                Err(Error::usage(format!("there is no reader `{name}`")).hint(format!("readers: {}", known.join(", "))))
            }
            _ => Ok(()),
        }
    }
}

impl Agent {
    /// The agent that a person chose. `test_command` replaces what it would run, for tests.
    pub fn find(choice: &str, settings: &Settings, test_command: Option<&str>) -> Result<Agent> {
        let text = choice;
        let choice = Choice::parse(choice);
        let record = match test_command {
            Some(command) => Record { command: command.to_owned(), ..Record::default() },
            None => find_record(&choice.agent, settings, &mut Vec::new())?,
        };
        let mentions = |what: &str| record.templates().any(|template| template.contains(what));
        let prompt = record.prompt.unwrap_or(if mentions("{prompt}") {
            PromptBy::Argument
        } else if mentions("{prompt_file}") {
            PromptBy::File
        } else {
            PromptBy::Stdin
        });
        let reader = record.reader.as_deref().and_then(ReaderKind::find).unwrap_or_else(ReaderKind::text);
        let model = choice.model.or_else(|| record.model.clone());
        let effort = choice.effort.or_else(|| record.effort.clone());
        for (what, chosen) in [("model", &model), ("effort", &effort)] {
            let has_place = reader.has_choices || mentions(&format!("{{{what}}}")) || test_command.is_some();
            if let Some(chosen) = chosen.as_ref().filter(|_| !has_place) {
                return Err(Error::usage(format!(
                    "`{text}`: the agent {} takes no {what}, so it cannot be run with {chosen}",
                    choice.agent
                ))
                .hint(format!("its record says how it is told: agents.{}.{what}-args", choice.agent)));
            }
        }
        Ok(Agent { reader, prompt, may_vary: !reader.is_runbook(), model, effort, name: choice.agent, record })
    }

    /// Every agent that can be named here: people's own first, then the built-in ones.
    pub fn names(settings: &Settings) -> Vec<String> {
        let mut names: Vec<String> = settings.agents().map(|(name, _, _)| name.to_owned()).collect();
        for name in presets::names() {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    pub fn is_built_in(name: &str) -> bool {
        presets::names().any(|known| known == name)
    }

    /// The word that is looked for among the installed programs.
    pub fn program(&self) -> &str {
        self.record.command.split_whitespace().next().unwrap_or_default()
    }

    /// Where the program is, if it is there to be run.
    pub fn find_program(&self, own_program: &Path) -> Option<PathBuf> {
        match self.reader.is_runbook() {
            true => Some(own_program.to_owned()),
            false => which::which(self.program()).ok(),
        }
    }

    /// What to do about a program that is not there.
    pub fn missing(&self) -> Error {
        let error =
            Error::failed(format!("the agent {} needs `{}`, which is not installed", self.name, self.program()));
        match self.record.install.is_empty() {
            true => error.hint("aifactory doctor"),
            false => error.hint(format!("to install it: {}", self.record.install)),
        }
    }

    /// Whether nothing is left for a person to add: some records need an address or a model.
    pub fn is_complete(&self) -> bool {
        let record = &self.record;
        let always = record.args.iter().chain(&record.prompt_args).chain(record.set.values());
        let asks = |what: &str| always.clone().any(|template| template.contains(what));
        (record.endpoint.is_some() || !asks("{endpoint}")) && (self.model.is_some() || !asks("{model}"))
    }

    /// Variables that this agent may see besides the common ones.
    pub fn environment(&self) -> Vec<String> {
        self.record.env.iter().chain(&self.record.credentials).cloned().collect()
    }

    /// Variables that other records of the same program let through, and this one does not: it may be meant for another
    /// service, which is to see neither the key of the first one nor its address.
    pub fn kept_out(&self, settings: &Settings) -> Vec<String> {
        let seen = self.environment();
        let others = Agent::names(settings).into_iter().filter_map(|name| Agent::find(&name, settings, None).ok());
        let same = others.filter(|other| other.program() == self.program());
        // What people's own records let through besides may be anything, such as the variables of a desktop.
        let mut names: Vec<String> = same
            .flat_map(|other| match Agent::is_built_in(&other.name) {
                true => other.environment(),
                false => other.record.credentials,
            })
            .collect();
        names.retain(|name| !seen.contains(name));
        names.sort();
        names.dedup();
        names
    }

    /// A conversation that only asks the agent who it is and what can be chosen, in an absolute folder; nothing where its
    /// protocol has no words for that. The program is started as for a job.
    pub fn handshake(&self, folder: &str) -> Option<Reader> {
        self.reader.handshake(folder).map(|protocol| Reader::of(protocol, folder))
    }

    /// Whether a conversation can be taken up again.
    pub fn can_resume(&self) -> bool {
        !self.record.resume_args.is_empty() || self.prompt == PromptBy::Protocol
    }

    /// Whether its record tells permissions apart. An agent that does not is run as it is, by its owner's word.
    pub fn has_permissions(&self) -> bool {
        !self.record.permission.is_empty()
    }
}

fn find_record(name: &str, settings: &Settings, seen: &mut Vec<String>) -> Result<Record> {
    let times = seen.iter().filter(|earlier| *earlier == name).count();
    // A person's own `claude` may build on the built-in one.
    let is_built_in = times == 1 && seen.last().is_some_and(|last| last == name) && presets::text_of(name).is_some();
    if times > 0 && !is_built_in {
        return Err(Error::usage(format!("agents.{name} builds on itself: {} → {name}", seen.join(" → "))));
    }
    seen.push(name.to_owned());
    let own = settings.agents().find(|(defined, _, _)| *defined == name && !is_built_in);
    let (record, wrong): (Record, _) = match own {
        Some((_, table, origin)) => {
            let wrong = format!("agents.{name} in {origin}");
            let record = table.clone().try_into().map_err(|error: toml::de::Error| {
                Error::usage(format!("{wrong}: {}", error.message())).hint(format!(
                    "for example: [agents.{name}] command = \"my-agent\", args = [\"-p\", \"{{prompt}}\"]"
                ))
            })?;
            (record, wrong)
        }
        None => match presets::text_of(name) {
            Some(text) => (presets::parse(name, text)?, format!("agents.{name}")),
            None => return Err(unknown(name, settings)),
        },
    };
    record.check().map_err(|error| {
        let hints: Vec<String> = error.hints().to_vec();
        hints.into_iter().fold(Error::usage(format!("{wrong}: {error}")), Error::hint)
    })?;
    let record = match record.base.clone() {
        Some(base) => record.over(find_record(&base, settings, seen)?),
        None => record,
    };
    if record.command.trim().is_empty() && record.reader.as_deref() != Some(super::runbook::NAME) {
        return Err(Error::usage(format!("{wrong}: the command is empty"))
            .hint("give it a command, or a base: [agents.mine] base = \"claude\""));
    }
    Ok(record)
}

fn unknown(name: &str, settings: &Settings) -> Error {
    let known = Agent::names(settings);
    let hint = match find_nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("perhaps {near}"),
        None => "aifactory agents lists those that are known".to_owned(),
    };
    Error::usage(format!("there is no agent `{}`", escape_line(name)))
        .hint(hint)
        .hint(format!("to define it: [agents.{}] in .aifactory/config.toml or your own config.toml", escape_line(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Layer, Origin};

    fn settings(text: &str) -> Settings {
        Settings::new([Layer::parse(Origin::User("config".into()), text).unwrap()]).unwrap()
    }

    #[test]
    fn a_choice_that_the_agent_cannot_be_told_is_refused() {
        let own = "[agents.x]\ncommand = \"x\"\nmodel-args = [\"-m\", \"{model}\"]\n";
        assert_eq!(Agent::find("x:big", &settings(own), None).unwrap().model.as_deref(), Some("big"));
        let error = Agent::find("x:big#high", &settings(own), None).unwrap_err();
        assert_eq!(error.to_string(), "`x:big#high`: the agent x takes no effort, so it cannot be run with high");
        // A protocol can say it.
        assert!(Agent::find("claude-acp:opus#high", &settings(""), None).is_ok());
    }

    #[test]
    fn an_agent_is_named_with_its_model_and_effort() {
        let parts = |text| {
            let choice = Choice::parse(text);
            (choice.agent, choice.model.unwrap_or_default(), choice.effort.unwrap_or_default())
        };
        assert_eq!(parts("claude"), ("claude".into(), String::new(), String::new()));
        assert_eq!(parts("codex:gpt-5#high"), ("codex".into(), "gpt-5".into(), "high".into()));
        assert_eq!(parts("qwen:qwen3:8b"), ("qwen".into(), "qwen3:8b".into(), String::new()));
        assert_eq!(parts("claude#low"), ("claude".into(), String::new(), "low".into()));
    }

    #[test]
    fn a_record_changes_what_it_names_of_its_base() {
        let own = "[agents.mine]\nbase = \"them\"\nmodel = \"small\"\nset = { A = \"1\" }\n\
                   [agents.them]\ncommand = \"them\"\nmodel-args = [\"{model}\"]\nmodel = \"big\"\nset = { B = \"2\" }\nlogin = \"them login\"\n";
        let agent = Agent::find("mine", &settings(own), None).unwrap();
        assert_eq!((agent.record.command.as_str(), agent.model.as_deref()), ("them", Some("small")));
        assert_eq!(agent.record.set.keys().collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(agent.record.login, "them login");
        assert_eq!(Agent::find("mine:big", &settings(own), None).unwrap().model.as_deref(), Some("big"));
    }

    #[test]
    fn a_persons_own_record_may_change_the_built_in_one_of_its_name() {
        let own = "[agents.ollama-opencode]\nbase = \"ollama-opencode\"\nmodel = \"qwen3\"\n";
        let agent = Agent::find("ollama-opencode", &settings(own), None).unwrap();
        assert_eq!((agent.program(), agent.model.as_deref()), ("opencode", Some("qwen3")));
    }

    #[test]
    fn another_service_gets_neither_key_nor_headers_of_the_first_one() {
        let own = "[agents.a]\ncommand = \"sh\"\nenv = [\"DISPLAY\"]\ncredentials = [\"A_KEY\"]\n[agents.b]\ncommand = \"sh\"\n";
        let kept_out = |name: &str| Agent::find(name, &settings(own), None).unwrap().kept_out(&settings(own));
        assert_eq!(kept_out("b"), ["A_KEY"]);
        let names = kept_out("ollama-claude");
        let is_kept_out = |name: &str| names.iter().any(|known| known == name);
        assert!(is_kept_out("ANTHROPIC_API_KEY") && is_kept_out("ANTHROPIC_CUSTOM_HEADERS"));
        assert!(!is_kept_out("HTTPS_PROXY") && !kept_out("claude").contains(&"ANTHROPIC_API_KEY".to_owned()));
    }

    #[test]
    fn a_circle_of_bases_is_an_error() {
        let circle = "[agents.a]\nbase = \"b\"\n[agents.b]\nbase = \"a\"\n";
        let error = Agent::find("a", &settings(circle), None).unwrap_err();
        assert_eq!(error.message(), "agents.a builds on itself: a → b → a");
    }

    #[test]
    fn an_unknown_placeholder_field_or_reader_is_an_error_that_names_the_agent() {
        for text in [
            "[agents.x]\ncommand = \"x\"\nargs = [\"{promt}\"]\n",
            "[agents.x]\ncommand = \"x\"\nshell = true\n",
            "[agents.x]\ncommand = \"x\"\nreader = \"screen\"\n",
            "[agents.x]\ncommand = \"x\"\npermission.root.args = []\n",
            "[agents.x]\nabout = \"nothing\"\n",
        ] {
            let error = Agent::find("x", &settings(text), None).unwrap_err();
            assert!(error.message().starts_with("agents.x in config: "), "{error}");
        }
    }

    #[test]
    fn an_unknown_agent_is_an_error_with_the_nearest_name() {
        let error = Agent::find("runbok", &settings(""), None).unwrap_err();
        assert_eq!(error.hints()[0], "perhaps runbook");
    }
}
