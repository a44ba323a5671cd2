//! Refs of other repositories: listed, fetched and pushed by the `git` program, for gix cannot push.
//!
//! What goes over the line is what the caller names and nothing else: the remote's refspecs, tags, mirror mode and push
//! settings are not consulted, hooks of this repository do not run, and a partial clone gets whole objects. What leads
//! to the remote stays the user's: URLs and their rewriting, `protocol.*`, proxies, ssh, credential helpers.
//!
//! Nothing here waits for ever or asks a question. Failing is an error with a [`Trouble`], never an empty answer.

mod address;
mod fetch;
mod progress;
mod push;
mod report;
mod transport;
mod trouble;

pub use fetch::FetchSpec;
pub use progress::Progress;
pub use push::{PushOutcome, PushUpdate};
pub use trouble::{TransferError, Trouble};

use super::remote_settings::settings_as_variables;
use super::{Oid, Repository};
use crate::error::Result;
use crate::host::Environment;
use std::collections::BTreeMap;
use std::time::Duration;
use transport::Answer;
use trouble::Doing;

/// How long a remote may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For listing refs, all of it.
    pub list: Duration,
    /// For a fetch or a push, all of it.
    pub transfer: Duration,
    /// An HTTP server may be silent for this long, in whole seconds. `http.lowSpeed*` of the user's wins.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            list: Duration::from_secs(60),
            transfer: Duration::from_secs(15 * 60),
            // Not shorter: a proxy may hold back the signs of life of a server that is busy with a push.
            silence: Duration::from_secs(2 * 60),
        }
    }
}

/// A configured remote, or a URL.
pub struct Remote<'r> {
    /// Where the refs and objects are that come and go.
    repository: &'r Repository,
    /// Whose remotes and settings count; the same one, unless the state has a repository of its own.
    code: &'r Repository,
    /// The variables that tell git of the settings there.
    settings: Vec<(String, String)>,
    name: String,
    environment: Environment,
    patience: Patience,
}

impl Repository {
    /// The remote of this name; what is no name of a remote is a URL or a path, as git takes it. Relative paths start
    /// at the main worktree. Nothing is looked at yet.
    pub fn remote(&self, name_or_url: &str) -> Remote<'_> {
        Remote {
            repository: self,
            code: self,
            settings: Vec::new(),
            name: name_or_url.to_owned(),
            environment: Environment::from_process(),
            patience: Patience::default(),
        }
    }
}

impl<'r> Remote<'r> {
    /// The same remote, as another repository names it and gets in there; its objects can be sent, too.
    pub fn as_of(mut self, code: &'r Repository) -> Result<Remote<'r>> {
        if code.common_dir() != self.repository.common_dir() {
            self.settings = settings_as_variables(&code.remote_settings(&self.name)?, &self.environment)?;
            self.code = code;
        }
        Ok(self)
    }

    /// The environment that git gets, instead of our own.
    #[must_use]
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// What to call it in messages: the name, or the URL without a password.
    pub fn display_name(&self) -> String {
        address::without_password(&self.name)
    }

    /// The refs that match one of the patterns, each a full name or one that ends in `*`. A remote without such refs
    /// gives an empty map; one that could not be asked gives an error.
    pub fn list(&self, patterns: &[&str]) -> Result<BTreeMap<String, Oid>, TransferError> {
        let args = ["ls-remote", "--quiet", "--refs", "--", &self.name];
        let git = self.git(&args).args(patterns).timeout(self.patience.list);
        let answer = self.ask(Doing::List, git, &mut |_| {})?;
        if !answer.exit.success() {
            return Err(self.trouble(Doing::List, &answer));
        }
        let mut refs = parse_list(&answer.stdout).ok_or_else(|| self.not_understood(Doing::List, &answer))?;
        // Git's own patterns match the ends of names: `refs/heads/refs/aifactory/state` would be one of ours.
        refs.retain(|name, _| patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, name)));
        Ok(refs)
    }

    fn trouble(&self, doing: Doing, answer: &Answer) -> TransferError {
        let configured = self.code.remote_names().contains(&self.name);
        trouble::explain(doing, &self.display_name(), configured, answer)
    }

    fn not_understood(&self, doing: Doing, answer: &Answer) -> TransferError {
        let line = answer.stdout.lines().next().unwrap_or_default();
        let why = format!("git said something that is not understood: {line}");
        trouble::other(doing, &self.display_name(), &why)
    }

    /// Refuses what is not the full name of a ref, before git reads something else into it.
    fn require_ref_name(&self, doing: Doing, name: &str) -> Result<(), TransferError> {
        match name.starts_with("refs/") && gix::refs::FullName::try_from(name).is_ok() {
            true => Ok(()),
            false => Err(trouble::other(doing, &self.display_name(), &format!("`{name}` is not the name of a ref"))),
        }
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

fn parse_list(text: &str) -> Option<BTreeMap<String, Oid>> {
    let parse = |line: &str| {
        let (oid, name) = line.split_once('\t')?;
        Some((name.to_owned(), Repository::parse_oid(oid)?))
    };
    text.lines().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_whole_name_or_the_beginning_of_one() {
        assert!(matches("refs/aifactory/*", "refs/aifactory/live/mill"));
        assert!(matches("refs/aifactory/state", "refs/aifactory/state"));
        assert!(!matches("refs/aifactory/state", "refs/aifactory/state2"));
        assert!(!matches("refs/aifactory/*", "refs/heads/refs/aifactory/state"));
    }

    #[test]
    fn a_list_with_a_line_of_something_else_is_no_list() {
        let oid = "1".repeat(40);
        assert_eq!(parse_list(&format!("{oid}\trefs/a\n")).unwrap().len(), 1);
        assert_eq!(parse_list("").unwrap().len(), 0);
        assert!(parse_list(&format!("{oid}\trefs/a\nwelcome\n")).is_none());
    }
}
