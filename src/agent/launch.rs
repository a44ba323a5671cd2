//! From an agent and a job to a program with its arguments.

use super::permission::Permission;
use super::protocol::Opening;
use super::record::{Agent, PromptBy};
use super::runbook;
use super::template::{self, Values};
use crate::error::{Error, Result};
use std::ffi::OsString;
use std::path::Path;

/// The longest prompt that is given as an argument: the system takes 128 KiB for one.
const LONGEST_ARGUMENT: usize = 100 * 1024;

/// All that an agent is told.
pub struct Job<'a> {
    pub prompt: &'a str,
    pub worktree: &'a Path,
    /// A folder outside the worktree for files that belong to this run.
    pub run_folder: &'a Path,
    pub task: &'a str,
    pub title: &'a str,
    /// The conversation to take up again.
    pub resume: Option<&'a str>,
    pub permission: Permission,
    /// The approved scripts of the step, for `runbook`.
    pub scripts: &'a [String],
    /// Our own program, for agents that are part of it.
    pub own_program: &'a Path,
}

/// What a person's own terminal form of the program is told.
pub struct Visit<'a> {
    /// The one to go on with.
    pub conversation: Option<&'a str>,
    pub permission: Option<Permission>,
    pub worktree: &'a str,
    pub task: &'a str,
    pub title: &'a str,
}

/// A child to be started and supervised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    pub program: OsString,
    pub args: Vec<OsString>,
    /// Variables on top of the common environment.
    pub set: Vec<(String, String)>,
    pub stdin: Input,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Nothing,
    /// All of it is there from the start.
    Text(Vec<u8>),
    /// The protocol talks with the program as long as it runs.
    Open,
}

impl Agent {
    pub fn opening<'j>(&'j self, job: &'j Job<'_>, worktree: &'j str) -> Opening<'j> {
        Opening {
            prompt: job.prompt,
            worktree,
            resume: job.resume,
            model: self.model.as_deref(),
            effort: self.effort.as_deref(),
            permission: job.permission,
            mode: self.record.permission.get(job.permission.word()).and_then(|known| known.mode.as_deref()),
            usage: self.record.usage,
            guesses_cost: self.record.guesses_cost == Some(true),
        }
    }

    /// The program's own terminal form for a person who goes on with a conversation, or begins a new one: the same
    /// service, model and variables as in a run.
    pub fn interactive(&self, visit: &Visit<'_>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Launch> {
        let record = &self.record;
        let plain = [("worktree", visit.worktree), ("task", visit.task), ("title", visit.title)];
        let optional = self.optional(visit.conversation);
        let known = plain.into_iter().chain(optional.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
        let values = Values { known: known.collect(), variable };
        let templates = [
            given(visit.conversation.is_some(), &record.attach_args),
            record.attach_common_args.clone(),
            given(self.model.is_some(), &record.attach_model_args),
            given(self.effort.is_some(), &record.attach_effort_args),
        ];
        let args: Result<Vec<OsString>> =
            templates.iter().flatten().map(|template| template::fill(template, &values).map(OsString::from)).collect();
        let permission = visit.permission.and_then(|permission| record.permission.get(permission.word()));
        let mut set = Vec::new();
        for (name, template) in record.set.iter().chain(permission.iter().flat_map(|permission| &permission.set)) {
            // There is no prompt, and people like colours.
            if name != "NO_COLOR" && !template.contains("{prompt") {
                set.push((name.clone(), template::fill(template, &values)?));
            }
        }
        Ok(Launch { program: self.program().into(), args: args?, set, stdin: Input::Nothing })
    }

    /// What a template may ask for, and nobody may have chosen.
    fn optional<'a>(&'a self, session: Option<&'a str>) -> [(&'static str, Option<&'a str>); 4] {
        [
            ("model", self.model.as_deref()),
            ("effort", self.effort.as_deref()),
            ("session", session),
            ("endpoint", self.record.endpoint.as_deref()),
        ]
    }

    /// `variable` looks into the environment that the agent will see, for records that pass a value on by another name.
    pub fn launch(&self, job: &Job<'_>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Launch> {
        if self.reader.is_runbook() {
            return Ok(runbook::launch(job));
        }
        let record = &self.record;
        let prompt_file = job.run_folder.join("prompt.md");
        let (prompt_path, worktree) = (prompt_file.to_string_lossy(), job.worktree.to_string_lossy());
        let is_long = self.prompt == PromptBy::Argument && job.prompt.len() > LONGEST_ARGUMENT;
        if self.prompt == PromptBy::File || is_long {
            crate::host::files::write_text(&prompt_file, job.prompt)?;
        }
        let pointer = format!("Your instructions are in the file {prompt_path}. Read all of it, then carry them out.");
        let prompt = if is_long { pointer.as_str() } else { job.prompt };
        let plain = [
            ("prompt", prompt),
            ("prompt_file", &*prompt_path),
            ("worktree", &*worktree),
            ("task", job.task),
            ("title", job.title),
        ];
        let optional = self.optional(job.resume);
        let known = plain.into_iter().chain(optional.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
        let values = Values { known: known.collect(), variable };
        let permission = record.permission.get(job.permission.word());
        if permission.is_none() && self.has_permissions() {
            return Err(Error::usage(format!(
                "the agent {} cannot be run with the permission {}",
                self.name, job.permission
            ))
            .hint(format!("it knows: {}", record.permission.keys().cloned().collect::<Vec<_>>().join(", "))));
        }
        let templates = [
            record.args.clone(),
            permission.map(|permission| permission.args.clone()).unwrap_or_default(),
            given(self.model.is_some(), &record.model_args),
            given(self.effort.is_some(), &record.effort_args),
            given(job.resume.is_some(), &record.resume_args),
            record.prompt_args.clone(),
        ];
        let mut words = record.command.split_whitespace();
        let program =
            words.next().ok_or_else(|| Error::usage(format!("agents.{}: the command is empty", self.name)))?;
        let mut args: Vec<OsString> = words.map(OsString::from).collect();
        for template in templates.iter().flatten() {
            args.push(template::fill(template, &values)?.into());
        }
        let mut set = Vec::new();
        for (name, template) in record.set.iter().chain(permission.iter().flat_map(|permission| &permission.set)) {
            set.push((name.clone(), template::fill(template, &values)?));
        }
        let stdin = match self.prompt {
            PromptBy::Stdin => Input::Text(job.prompt.as_bytes().to_vec()),
            PromptBy::Protocol => Input::Open,
            PromptBy::Argument | PromptBy::File => Input::Nothing,
        };
        Ok(Launch { program: program.into(), args, set, stdin })
    }
}

fn given(is_given: bool, args: &[String]) -> Vec<String> {
    if is_given { args.to_vec() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Layer, Origin, Settings};

    fn launch(text: &str, choice: &str, resume: Option<&str>, prompt: &str) -> Result<Launch> {
        let settings = Settings::new([Layer::parse(Origin::User("config".into()), text).unwrap()]).unwrap();
        let job = Job {
            prompt,
            worktree: Path::new("/w"),
            run_folder: Path::new("/r"),
            task: "7kq2mabcde",
            title: "a title",
            resume,
            permission: Permission::Edit,
            scripts: &[],
            own_program: Path::new("/bin/aifactory"),
        };
        let variable = |name: &str| (name == "KEY").then(|| "k-1".to_owned());
        Agent::find(choice, &settings, None)?.launch(&job, &variable)
    }

    #[test]
    fn arguments_are_filled_one_by_one_and_never_split() {
        let record = "[agents.x]\ncommand = \"x run\"\nargs = [\"-p\", \"{prompt}\", \"--in={worktree}\"]\n";
        let launch = launch(record, "x", None, "a; rm -rf \"b\"").unwrap();
        assert_eq!(launch.program, "x");
        assert_eq!(launch.args, ["run", "-p", "a; rm -rf \"b\"", "--in=/w"]);
        assert_eq!(launch.stdin, Input::Nothing);
    }

    #[test]
    fn without_a_place_for_the_prompt_it_goes_to_stdin() {
        let launch = launch("[agents.x]\ncommand = \"x\"\n", "x", None, "do it").unwrap();
        assert_eq!(launch.stdin, Input::Text(b"do it".to_vec()));
    }

    const RECORD: &str = "[agents.x]\ncommand = \"x\"\nargs = [\"exec\"]\nmodel-args = [\"-m\", \"{model}\"]\n\
        effort-args = [\"-e\", \"{effort}\"]\nresume-args = [\"resume\", \"{session}\"]\nprompt-args = [\"{prompt}\"]\n\
        permission.edit = { args = [\"--edit\"], set = { MAY = \"edit\" } }\nset = { API_KEY = \"{env:KEY}\" }\n";

    #[test]
    fn what_was_not_said_leaves_its_arguments_out() {
        assert_eq!(launch(RECORD, "x", None, "p").unwrap().args, ["exec", "--edit", "p"]);
        let whole = launch(RECORD, "x:opus#high", Some("s-1"), "p").unwrap();
        assert_eq!(whole.args, ["exec", "--edit", "-m", "opus", "-e", "high", "resume", "s-1", "p"]);
        let set: Vec<_> = whole.set.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(set, ["API_KEY=k-1", "MAY=edit"]);
    }

    fn interactive(text: &str, choice: &str, conversation: Option<&str>, permission: Permission) -> Result<Launch> {
        let settings = Settings::new([Layer::parse(Origin::User("config".into()), text).unwrap()]).unwrap();
        let permission = Some(permission);
        let visit = Visit { conversation, permission, worktree: "/w", task: "7kq2mabcde", title: "a title" };
        let variable = |name: &str| (name == "KEY").then(|| "k-1".to_owned());
        Agent::find(choice, &settings, None)?.interactive(&visit, &variable)
    }

    #[test]
    fn a_person_goes_on_with_the_same_service_model_and_variables() {
        let record = format!(
            "{RECORD}[agents.y]\nbase = \"x\"\nendpoint = \"http://e\"\nattach-args = [\"resume\", \"{{session}}\"]\n\
             attach-common-args = [\"--at\", \"{{endpoint}}\"]\nattach-model-args = [\"-m\", \"{{model}}\"]\n\
             set = {{ NO_COLOR = \"1\", LOG = \"{{prompt_file}}.log\" }}\n"
        );
        let whole = interactive(&record, "y:opus#high", Some("s-1"), Permission::Edit).unwrap();
        assert_eq!(whole.args, ["resume", "s-1", "--at", "http://e", "-m", "opus"]);
        let set =
            |launch: &Launch| launch.set.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        assert_eq!(set(&whole), ["API_KEY=k-1", "MAY=edit"]);
        let fresh = interactive(&record, "y", None, Permission::ReadOnly).unwrap();
        assert_eq!((fresh.args, set(&whole).len()), (vec!["--at".into(), "http://e".into()], 2));
        // What was not said to fit is left out.
        assert!(interactive(RECORD, "x:opus#high", Some("s-1"), Permission::Edit).unwrap().args.is_empty());
    }

    #[test]
    fn a_permission_that_the_record_does_not_know_is_an_error() {
        let record = RECORD.replace("permission.edit", "permission.full");
        let error = launch(&record, "x", None, "p").unwrap_err();
        assert_eq!(error.message(), "the agent x cannot be run with the permission edit");
    }

    #[test]
    fn a_variable_that_is_missing_is_an_error_that_names_it() {
        let error = launch(&RECORD.replace("env:KEY", "env:OTHER"), "x", None, "p").unwrap_err();
        assert_eq!(error.message(), "`{env:OTHER}` needs the variable OTHER, which is not set");
    }
}
