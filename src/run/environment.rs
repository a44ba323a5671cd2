//! What a child of ours gets to see of the environment: an allow-list, and settings that keep its git harmless.
//!
//! Credentials of trackers and forges never get through. The child's git runs no hooks, starts no upkeep while agents
//! work, asks nobody for passwords, and cannot push: every remote has a push address that refuses.

use crate::agent::Agent;
use crate::error::Result;
use crate::git::{QUIET, Repository};
use crate::host::Environment;
use crate::tasks::Project;
use std::ffi::OsString;

const PASSED_ON: [&str; 23] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "GOCACHE",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
];

pub type Variables = Vec<(OsString, OsString)>;

/// The whole environment of an agent or a gate. `also` names variables that this agent may see besides.
pub fn child_environment(
    env: &Environment,
    repository: &Repository,
    also: &[String],
    own: &[(&str, String)],
) -> Variables {
    let passes =
        |name: &str| PASSED_ON.contains(&name) || name.starts_with("LC_") || also.iter().any(|wanted| wanted == name);
    let mut variables: Variables = env
        .iter()
        .filter(|(name, _)| passes(&name.to_string_lossy()))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut put = |name: &str, value: String| variables.push((name.into(), value.into()));
    let settings = harmless_git(repository);
    put("GIT_CONFIG_COUNT", settings.len().to_string());
    for (number, (key, value)) in settings.into_iter().enumerate() {
        put(&format!("GIT_CONFIG_KEY_{number}"), key);
        put(&format!("GIT_CONFIG_VALUE_{number}"), value);
    }
    put("GIT_NO_REPLACE_OBJECTS", "1".to_owned());
    put("GIT_TERMINAL_PROMPT", "0".to_owned());
    put("GIT_EDITOR", "true".to_owned());
    put("CI", "true".to_owned());
    for (name, value) in own {
        put(name, value.clone());
    }
    variables
}

/// The same with what the agent's record names. The credentials are read now, so one that was changed counts from here.
pub fn agent_environment(project: &Project, agent: &Agent, common: Variables) -> Result<Variables> {
    let granted = project.grant(agent)?.variables;
    Ok(overlaid(common, granted.into_iter().map(|(name, value)| (name.into(), value)).collect()))
}

/// Both together; of a variable that both have, the one of `over`.
pub fn overlaid(mut variables: Variables, over: Variables) -> Variables {
    variables.retain(|(known, _)| !over.iter().any(|(name, _)| name == known));
    variables.extend(over);
    variables
}

/// The value of a variable as text.
pub fn value_of(variables: &Variables, name: &str) -> Option<String> {
    let found = variables.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.to_string_lossy().into_owned())
}

/// Variables that a launch sets.
pub fn to_variables(set: Vec<(String, String)>) -> Variables {
    set.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// The variables that tell a person's own command (`shell`, `exec`) about the task.
pub fn person_environment(own: &[(&str, String)]) -> Vec<(String, String)> {
    own.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn harmless_git(repository: &Repository) -> Vec<(String, String)> {
    let mut settings: Vec<(String, String)> =
        QUIET.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    settings.push(("credential.helper".to_owned(), String::new()));
    // Where a push would go is rewritten to a place that refuses, for names and for addresses alike.
    let refuse = "/dev/null/aifactory-does-not-let-agents-push";
    for remote in repository.remote_names() {
        settings.push((format!("remote.{remote}.pushurl"), refuse.to_owned()));
        // A push address that the user configured stays in force beside ours: it is rewritten, too.
        let own = repository.config_value(&format!("remote.{remote}.pushurl"));
        settings.extend(own.map(|url| (format!("url.{refuse}.insteadOf"), url)));
    }
    for beginning in ["https://", "http://", "ssh://", "git://", "file://", "git@", "/", "../", "./"] {
        settings.push((format!("url.{refuse}.pushInsteadOf"), beginning.to_owned()));
    }
    settings
}
