//! Credentials for agents: where they come from, which of them an agent gets, and what can be said about them.
//!
//! | Where | Which |
//! |---|---|
//! | the environment | what it was started with; stronger than the others, as for settings |
//! | `secrets.commands` | what a command of the person's own prints, when it is needed |
//! | `secrets.files` | files of variables; of several the last counts |
//! | `secrets.env` in the user's settings folder | what `import-claude-credentials` writes; the weakest |
//!
//! An agent gets what its record names and nothing else. Log-ins of trackers and forges are never among it, so that an
//! agent that was talked into something cannot act there, unless the person's own settings name them in
//! `[agents.<name>] env`; a project's policy cannot. Everything is read anew for every launch, so that a credential
//! that was changed counts from the next one on, and no value is ever shown.

mod login;

pub use login::{Expiry, expiry_in};

use super::record::Agent;
use crate::config::{Origin, Settings, is_variable_name, parse_env_file};
use crate::error::{Error, Result};
use crate::host::{Environment, files};
use crate::model::Timestamp;
use crate::process::Invocation;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// In the user's settings folder.
pub const OWN_FILE: &str = "secrets.env";
/// Behind a credential's name: when it ends, in milliseconds since 1970.
pub const EXPIRES_AT: &str = "_EXPIRES_AT";
const LONGEST_FILE: u64 = 1 << 20;
const LONGEST_VALUE: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a credential is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Environment,
    Command,
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Environment => f.write_str("the environment"),
            Source::Command => f.write_str("secrets.commands"),
            Source::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// All sources, as they are now.
pub struct Secrets<'e> {
    env: &'e Environment,
    base: PathBuf,
    commands: Vec<(String, String)>,
    /// The strongest first.
    files: Vec<(PathBuf, Vec<(String, String)>)>,
}

/// Names and sources only.
impl fmt::Debug for Secrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |file: &[(String, String)]| file.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        f.debug_map().entries(self.files.iter().map(|(path, file)| (path, names(file)))).finish()
    }
}

impl<'e> Secrets<'e> {
    /// Reads the files and runs nothing. Relative paths start at `base`.
    pub fn open(settings: &Settings, env: &'e Environment, base: &Path) -> Result<Secrets<'e>> {
        let commands = settings.list("secrets.commands");
        let commands = commands.iter().map(|line| parse_command(line)).collect::<Result<_>>()?;
        let named = settings.list("secrets.files").into_iter().map(|name| (place(&name, env, base), name));
        let mut files = Vec::new();
        for (path, name) in named {
            let variables = read_file(&path)?.ok_or_else(|| {
                Error::usage(format!("secrets.files names {name}, which does not exist"))
                    .hint("to name others: aifactory config set secrets.files <file>")
            })?;
            files.insert(0, (path, variables));
        }
        if let Some(path) = own_file(env)
            && let Some(variables) = read_file(&path)?
        {
            files.push((path, variables));
        }
        Ok(Secrets { env, base: base.to_owned(), commands, files })
    }

    /// The credential of this name. Runs its command if that is what it takes.
    pub fn find(&self, name: &str) -> Result<Option<(OsString, Source)>> {
        if let Some(value) = self.env.value(name) {
            return Ok(Some((value.to_owned(), Source::Environment)));
        }
        if let Some((_, command)) = self.commands.iter().find(|(known, _)| known == name) {
            return Ok(Some((self.run(name, command)?.into(), Source::Command)));
        }
        Ok(self.find_in_files(name).map(|(value, path)| (value.into(), Source::File(path.to_owned()))))
    }

    fn find_in_files(&self, name: &str) -> Option<(&str, &Path)> {
        self.files.iter().find_map(|(path, variables)| {
            let found = variables.iter().rev().find(|(known, value)| known == name && !value.is_empty());
            found.map(|(_, value)| (value.as_str(), path.as_path()))
        })
    }

    /// Everything that stands in the files, for whoever must not let it out.
    pub fn in_files(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.files.iter().flat_map(|(_, variables)| variables.iter().cloned())
    }

    /// Files that others on this machine can read.
    pub fn open_to_others(&self) -> Vec<&Path> {
        self.files.iter().map(|(path, _)| path.as_path()).filter(|path| files::is_open_to_others(path)).collect()
    }

    fn run(&self, name: &str, command: &str) -> Result<String> {
        let failed = |why: &str| {
            Error::failed(format!("the command of secrets.commands for {name} {why}"))
                .hint(format!("to see what it says: sh -c '{}'", command.replace('\'', "'\\''")))
        };
        let shell = Invocation::new("sh").arg("-c").arg(command).current_dir(&self.base);
        let output = shell
            .timeout(PATIENCE)
            .max_output(LONGEST_VALUE)
            .run()
            .map_err(|error| failed("cannot be run").caused_by(error))?;
        if !output.exit.success() {
            return Err(failed(&output.exit.to_string()));
        }
        let value = String::from_utf8(output.stdout).ok().filter(|value| !value.contains('\0') && !output.truncated);
        match value.as_deref().map(str::trim) {
            Some("") => Err(failed("printed nothing")),
            Some(value) => Ok(value.to_owned()),
            None => Err(failed("printed what no variable can hold")),
        }
    }
}

/// Where `import-claude-credentials` puts them.
pub fn own_file(env: &Environment) -> Option<PathBuf> {
    env.config_folder().map(|folder| folder.join(OWN_FILE))
}

fn place(name: &str, env: &Environment, base: &Path) -> PathBuf {
    match (name.strip_prefix("~/"), env.home()) {
        (Some(below), Some(home)) => home.join(below),
        _ => base.join(name),
    }
}

fn parse_command(line: &str) -> Result<(String, String)> {
    match line.split_once('=').map(|(name, command)| (name.trim(), command.trim())) {
        Some((name, command)) if is_variable_name(name) && !command.is_empty() => {
            Ok((name.to_owned(), command.to_owned()))
        }
        _ => Err(Error::usage("a line of secrets.commands is not NAME=command")
            .hint("for example: aifactory config set secrets.commands 'ANTHROPIC_API_KEY=pass show anthropic'")),
    }
}

/// Nothing where there is no such file.
pub fn read_file(path: &Path) -> Result<Option<Vec<(String, String)>>> {
    let text = files::load_bounded_text(path, LONGEST_FILE)?;
    text.map(|text| parse_env_file(&path.display().to_string(), &text)).transpose()
}

/// What an agent is given.
#[derive(Default)]
pub struct Grant {
    pub variables: Vec<(String, OsString)>,
    /// Names in its record that are kept from it.
    pub withheld: Vec<String>,
}

/// The variables that the agent's record names, as far as there are any.
pub fn grant(agent: &Agent, settings: &Settings, secrets: &Secrets<'_>) -> Result<Grant> {
    let by_person = named_by_person(agent, settings);
    let mut grant = Grant::default();
    for name in agent.environment() {
        if grant.variables.iter().any(|(known, _)| *known == name) {
            continue;
        }
        if is_foreign_login(&name) && !by_person.contains(&name) {
            if secrets.env.is_set(&name) || secrets.find_in_files(&name).is_some() {
                grant.withheld.push(name);
            }
            continue;
        }
        if let Some((value, _)) = secrets.find(&name)? {
            grant.variables.push((name, value));
        }
    }
    Ok(grant)
}

/// The credentials of agents that people defined, and that of the service for embeddings, as far as the environment
/// holds them.
pub fn in_environment<'e>(settings: &'e Settings, env: &'e Environment) -> impl Iterator<Item = (String, String)> + 'e {
    let lists = settings.agents().filter_map(|(_, table, _)| table.get("credentials")?.as_array());
    let names = lists.flatten().filter_map(|name| name.as_str()).chain(settings.find_text("memory.embeddings.key"));
    names.filter_map(|name| Some((name.to_owned(), env.text(name)?)))
}

/// What the person's own settings name for this agent, or for one that it builds on.
fn named_by_person(agent: &Agent, settings: &Settings) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let mut seen = Vec::new();
    let mut next = Some(agent.name.clone());
    while let Some(name) = next.filter(|name| !seen.contains(name)) {
        let Some((_, table, origin)) = settings.agents().find(|(known, _, _)| *known == name) else { break };
        if !matches!(origin, Origin::Policy(_)) {
            let lists = ["env", "credentials"].into_iter().filter_map(|list| table.get(list)?.as_array());
            named.extend(lists.flatten().filter_map(|name| name.as_str()).map(str::to_owned));
        }
        next = table.get("base").and_then(|base| base.as_str()).map(str::to_owned);
        seen.push(name);
    }
    named
}

/// Whether this lets its holder act on a tracker, a forge or another machine.
fn is_foreign_login(name: &str) -> bool {
    const EXACT: [&str; 22] = [
        "GITHUB_TOKEN",
        "GITHUB_PAT",
        "GITHUB_ENTERPRISE_TOKEN",
        "GH_TOKEN",
        "GH_PAT",
        "GH_ENTERPRISE_TOKEN",
        "GITLAB_TOKEN",
        "GITLAB_PRIVATE_TOKEN",
        "GITLAB_ACCESS_TOKEN",
        "GL_TOKEN",
        "CI_JOB_TOKEN",
        "CI_JOB_JWT",
        "GITEA_TOKEN",
        "FORGEJO_TOKEN",
        "CODEBERG_TOKEN",
        "AZURE_DEVOPS_EXT_PAT",
        "SYSTEM_ACCESSTOKEN",
        "GIT_TOKEN",
        "GIT_PASSWORD",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "SSH_AUTH_SOCK",
    ];
    const BEGINNINGS: [&str; 9] = [
        "JIRA_",
        "ATLASSIAN_",
        "LINEAR_",
        "BITBUCKET_",
        "PLANE_",
        "TRELLO_",
        "ASANA_",
        "YOUTRACK_",
        "AIFACTORY_LOGIN_",
    ];
    EXACT.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// What `doctor` says about an agent's credentials. It holds no value.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CredentialReport {
    /// Every credential there is, the one that wins first.
    pub found: Vec<FoundCredential>,
    pub withheld: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct FoundCredential {
    /// A variable, or a file below the home folder.
    pub name: String,
    /// Where the variable is set; a log-in of the agent's own has no other place.
    pub from: Option<Source>,
    pub expiry: Option<Expiry>,
}

/// Looks at everything that the agent could log in with.
pub fn report(agent: &Agent, settings: &Settings, secrets: &Secrets<'_>) -> Result<CredentialReport> {
    let granted = grant(agent, settings, secrets)?;
    let mut found = Vec::new();
    for name in &agent.record.credentials {
        let Some((_, value)) = granted.variables.iter().find(|(known, _)| known == name) else { continue };
        let from = secrets.find_source(name);
        let beside = secrets.find_in_files(&format!("{name}{EXPIRES_AT}")).and_then(|(millis, _)| millis.parse().ok());
        let beside = beside.map(|millis| Expiry { at: Timestamp::from_millis(millis), renews: false });
        let is_from_file = matches!(from, Some(Source::File(_)));
        let expiry = beside.filter(|_| is_from_file).or_else(|| login::of_token(&value.to_string_lossy()));
        found.push(FoundCredential { name: name.clone(), from, expiry });
    }
    let home = secrets.env.home();
    for name in &agent.record.login_files {
        let Some(path) = home.as_ref().map(|home| home.join(name)).filter(|path| path.is_file()) else { continue };
        let text = files::load_bounded_text(&path, LONGEST_FILE).ok().flatten().unwrap_or_default();
        found.push(FoundCredential { name: format!("~/{name}"), from: None, expiry: expiry_in(&text) });
    }
    Ok(CredentialReport { found, withheld: granted.withheld })
}

impl Secrets<'_> {
    fn find_source(&self, name: &str) -> Option<Source> {
        if self.env.is_set(name) {
            return Some(Source::Environment);
        }
        if self.commands.iter().any(|(known, _)| known == name) {
            return Some(Source::Command);
        }
        self.find_in_files(name).map(|(_, path)| Source::File(path.to_owned()))
    }
}

#[cfg(test)]
mod tests;
