//! Agents as data: a command, how it gets its prompt, and a reader for what it prints.
//!
//! An agent gets a prompt, a folder and limits, and yields events. It knows no tasks and no store: a [`Job`] holds all it
//! is told, and for `runbook` the approved steps come as data, never out of a prompt. Readers turn lines into events and
//! do no I/O. A new agent is one entry in [`BUILT_IN`] or an `[agents.<name>]` table in the settings.

mod event;
mod reader;
pub mod runbook;
mod template;

pub use event::AgentEvent;
pub use reader::{Reader, ReaderKind};

use crate::config::{Origin, Settings};
use crate::error::{Error, Result};
use crate::model::text::find_nearest;
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How a program is run as an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub name: String,
    pub command: String,
    /// Templates: `{prompt}`, `{prompt_file}`, `{worktree}`, `{task}`, `{title}`.
    pub args: Vec<String>,
    pub prompt: PromptBy,
    pub reader: ReaderKind,
    /// Variables of the user's environment that the agent may see, besides the common ones.
    pub env: Vec<String>,
    /// Whether another attempt at the same step could turn out differently.
    pub may_vary: bool,
    pub about: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptBy {
    /// One of the arguments holds `{prompt}`.
    Argument,
    Stdin,
    /// A file whose path is `{prompt_file}`.
    File,
}

/// What a person writes in `[agents.<name>]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    command: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    prompt: Option<PromptBy>,
    #[serde(default)]
    env: Vec<String>,
    #[serde(default)]
    about: String,
}

/// All that an agent is told.
pub struct Job<'a> {
    pub prompt: &'a str,
    pub worktree: &'a Path,
    /// A folder outside the worktree for files that belong to this run.
    pub run_folder: &'a Path,
    pub task: &'a str,
    pub title: &'a str,
    /// The approved scripts of the step, for `runbook`.
    pub scripts: &'a [String],
    /// Our own program, for agents that are part of it.
    pub own_program: &'a Path,
}

/// A child to be started and supervised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    pub program: OsString,
    pub args: Vec<OsString>,
    pub stdin: Option<Vec<u8>>,
}

pub const BUILT_IN: [&str; 1] = [runbook::NAME];

impl Agent {
    fn runbook() -> Agent {
        Agent {
            name: runbook::NAME.to_owned(),
            command: String::new(),
            args: Vec::new(),
            prompt: PromptBy::Stdin,
            reader: ReaderKind::Runbook,
            env: Vec::new(),
            may_vary: false,
            about: "runs the plan's own `sh run` blocks; no model is involved".to_owned(),
        }
    }

    /// The agent of that name. `test_command` replaces what it would run, for tests.
    pub fn find(name: &str, settings: &Settings, test_command: Option<&str>) -> Result<Agent> {
        let mut agent = match settings.agents().find(|(defined, _, _)| *defined == name) {
            Some((_, table, origin)) => Agent::defined(name, table, origin)?,
            None if name == runbook::NAME => Agent::runbook(),
            None => return Err(unknown(name, settings)),
        };
        if let Some(command) = test_command {
            agent.command = command.to_owned();
            agent.args.clear();
            agent.prompt = PromptBy::Stdin;
            agent.reader = ReaderKind::Text;
            agent.may_vary = true;
        }
        Ok(agent)
    }

    fn defined(name: &str, table: &toml::Table, origin: &Origin) -> Result<Agent> {
        let wrong = |why: String| Error::usage(format!("agents.{name} in {origin}: {why}"));
        let definition: Definition = table.clone().try_into().map_err(|error: toml::de::Error| {
            wrong(error.message().to_owned())
                .hint(format!("for example: [agents.{name}] command = \"my-agent\", args = [\"-p\", \"{{prompt}}\"]"))
        })?;
        let mentions = |what: &str| definition.args.iter().any(|arg| arg.contains(what));
        let prompt = definition.prompt.unwrap_or(if mentions("{prompt}") {
            PromptBy::Argument
        } else if mentions("{prompt_file}") {
            PromptBy::File
        } else {
            PromptBy::Stdin
        });
        for arg in &definition.args {
            template::check(arg).map_err(|error| wrong(error.to_string()))?;
        }
        Ok(Agent {
            name: name.to_owned(),
            command: definition.command,
            args: definition.args,
            prompt,
            reader: ReaderKind::Text,
            env: definition.env,
            may_vary: true,
            about: definition.about,
        })
    }

    /// Whether the program is there to be run.
    pub fn find_program(&self, own_program: &Path) -> Option<PathBuf> {
        match self.reader {
            ReaderKind::Runbook => Some(own_program.to_owned()),
            ReaderKind::Text => which::which(self.command.split_whitespace().next()?).ok(),
        }
    }

    pub fn launch(&self, job: &Job<'_>) -> Result<Launch> {
        if self.reader == ReaderKind::Runbook {
            return Ok(runbook::launch(job));
        }
        let prompt_file = job.run_folder.join("prompt.md");
        let (prompt_path, worktree) = (prompt_file.to_string_lossy(), job.worktree.to_string_lossy());
        let values = [
            ("prompt", job.prompt),
            ("prompt_file", &*prompt_path),
            ("worktree", &*worktree),
            ("task", job.task),
            ("title", job.title),
        ];
        if self.prompt == PromptBy::File {
            crate::host::files::write_text(&prompt_file, job.prompt)?;
        }
        // The command itself may hold arguments, as people write it; it is split at blanks and never given to a shell.
        let mut words = self.command.split_whitespace();
        let program =
            words.next().ok_or_else(|| Error::usage(format!("agents.{}: the command is empty", self.name)))?;
        let mut args: Vec<OsString> = words.map(OsString::from).collect();
        for arg in &self.args {
            args.push(template::fill(arg, &values)?.into());
        }
        Ok(Launch {
            program: program.into(),
            args,
            stdin: (self.prompt == PromptBy::Stdin).then(|| job.prompt.as_bytes().to_vec()),
        })
    }
}

fn unknown(name: &str, settings: &Settings) -> Error {
    let known: Vec<&str> = BUILT_IN.into_iter().chain(settings.agents().map(|(name, _, _)| name)).collect();
    let near = find_nearest(name, known.iter().copied());
    let hint = match near {
        Some(near) => format!("perhaps {near}"),
        None => format!("known agents: {}", known.join(", ")),
    };
    Error::usage(format!("there is no agent `{}`", crate::model::text::escape_line(name)))
        .hint(hint)
        .hint(format!("to define it: [agents.{name}] in {}", ".aifactory/config.toml or your own config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layer;

    fn settings(text: &str) -> Settings {
        Settings::new([Layer::parse(Origin::User("config".into()), text).unwrap()]).unwrap()
    }

    fn job<'a>(prompt: &'a str) -> Job<'a> {
        Job {
            prompt,
            worktree: Path::new("/w"),
            run_folder: Path::new("/r"),
            task: "7kq2mabcde",
            title: "a title",
            scripts: &[],
            own_program: Path::new("/bin/aifactory"),
        }
    }

    #[test]
    fn arguments_are_filled_one_by_one_and_never_split() {
        let settings =
            settings("[agents.x]\ncommand = \"x run\"\nargs = [\"-p\", \"{prompt}\", \"--in={worktree}\"]\n");
        let launch = Agent::find("x", &settings, None).unwrap().launch(&job("a; rm -rf \"b\"")).unwrap();
        assert_eq!(launch.program, "x");
        assert_eq!(launch.args, ["run", "-p", "a; rm -rf \"b\"", "--in=/w"]);
        assert_eq!(launch.stdin, None);
    }

    #[test]
    fn without_a_place_for_the_prompt_it_goes_to_stdin() {
        let settings = settings("[agents.x]\ncommand = \"x\"\n");
        let launch = Agent::find("x", &settings, None).unwrap().launch(&job("do it")).unwrap();
        assert_eq!(launch.stdin.as_deref(), Some(b"do it".as_slice()));
    }

    #[test]
    fn an_unknown_placeholder_or_field_is_an_error_that_names_the_agent() {
        for text in
            ["[agents.x]\ncommand = \"x\"\nargs = [\"{promt}\"]\n", "[agents.x]\ncommand = \"x\"\nshell = true\n"]
        {
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
