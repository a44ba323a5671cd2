//! Transfers with a remote: what it has, bringing it here, moving refs there. gix cannot push, so all of it is the `git`
//! program with output made for machines.
//!
//! Every transfer names its refs on both sides. Nothing of the user's configuration says what is transferred, only how
//! to connect and as whom; no hook of theirs runs, nothing asks on the terminal, and a server that has died is noticed.

mod push;
mod trouble;

pub use push::{PushOutcome, PushUpdate};
pub use trouble::{TransferError, Trouble};

use super::{Oid, Repository, with_settings};
use crate::host::Environment;
use crate::process::Invocation;
use std::collections::BTreeMap;
use std::time::Duration;

/// An answer of a few lines.
const LIST_TIME: Duration = Duration::from_secs(90);
const TRANSFER_TIME: Duration = Duration::from_secs(15 * 60);
/// Never asks, and gives up on a machine that is gone. A way to connect that the user configured is left alone.
const SSH: &str = "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=4";

/// A remote by its configured name, or an address.
pub struct Remote<'r> {
    /// Where the refs and objects are that come and go.
    state: &'r Repository,
    /// Whose remotes and credentials count; the same one, unless the state has a repository of its own.
    code: &'r Repository,
    name: String,
    env: &'r Environment,
}

/// How far a transfer is: `receiving objects`, and per cent where git knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub what: String,
    pub percent: Option<u8>,
}

/// A ref there and the ref here that it is brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchSpec<'a> {
    pub from: &'a str,
    pub to: &'a str,
    /// Whatever the ref here was before.
    pub force: bool,
}

impl Repository {
    /// A remote of `code`, for transfers to and from this repository.
    pub fn remote<'r>(&'r self, code: &'r Repository, env: &'r Environment, name: &str) -> Remote<'r> {
        Remote { state: self, code, name: name.to_owned(), env }
    }
}

impl Remote<'_> {
    /// The refs that match the patterns. A remote that does not answer is an error, never an empty one.
    pub fn list(&self, patterns: &[&str]) -> Result<BTreeMap<String, Oid>, TransferError> {
        let git = self.git(&["ls-remote", "--refs", "--quiet"])?.arg("--").arg(&self.name).args(patterns);
        let output = git.timeout(LIST_TIME).run().map_err(|error| self.broken(error))?;
        if !output.exit.success() {
            return Err(self.failure(&output));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let refs = text.lines().filter_map(|line| {
            let (oid, name) = line.split_once('\t')?;
            Some((name.to_owned(), Repository::parse_oid(oid)?))
        });
        Ok(refs.collect())
    }

    /// Brings exactly these refs, with every object they need.
    pub fn fetch(&self, specs: &[FetchSpec<'_>], progress: &mut dyn FnMut(Progress)) -> Result<(), TransferError> {
        let fixed = [
            "fetch",
            "--progress",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--no-recurse-submodules",
            "--no-prune",
            "--refmap=",
        ];
        let mut git = self.git(&fixed)?;
        // A partial clone's filter would leave out what we came for.
        git = git.args(["--no-filter", "--"]).arg(&self.name);
        for spec in specs {
            git = git.arg(format!("{}{}:{}", if spec.force { "+" } else { "" }, spec.from, spec.to));
        }
        let output = git.timeout(TRANSFER_TIME).run_watched(&mut |line| tell(line, progress));
        let output = output.map_err(|error| self.broken(error))?;
        if output.exit.success() { Ok(()) } else { Err(self.failure(&output)) }
    }

    /// A git whose connection is the user's and whose everything else is ours.
    fn git(&self, args: &[&str]) -> Result<Invocation, TransferError> {
        let mut settings = self.code.remote_settings(&self.name).map_err(|error| self.broken(error))?;
        // A clone that mirrors pushes everything or nothing, if we let it.
        let mirror = format!("remote.{}.mirror", self.name);
        if self.code.remote_names().contains(&self.name) && self.code.config_value(&mirror).is_some() {
            settings.push((mirror, "false".to_owned()));
        }
        let is_apart = self.state.common_dir() != self.code.common_dir();
        let git = if is_apart { self.state.git_beside(self.code, args) } else { self.state.git(args) };
        let mut git = with_settings(git, &settings, self.env).map_err(|error| self.broken(error))?;
        let has_own_ssh = ["GIT_SSH_COMMAND", "GIT_SSH"].iter().any(|name| self.env.is_set(name))
            || self.code.config_value("core.sshCommand").is_some();
        if !has_own_ssh {
            git = git.env("GIT_SSH_COMMAND", SSH);
        }
        if self.code.config_value("http.lowSpeedTime").is_none() {
            git = git.env("GIT_HTTP_LOW_SPEED_LIMIT", "1").env("GIT_HTTP_LOW_SPEED_TIME", "60");
        }
        Ok(git)
    }

    fn failure(&self, output: &crate::process::Output) -> TransferError {
        trouble::of(&self.shown(), output)
    }

    /// git itself could not be run.
    fn broken(&self, error: crate::error::Error) -> TransferError {
        TransferError { trouble: Trouble::Other, error }
    }

    /// The remote without a password that its address may hold.
    fn shown(&self) -> String {
        trouble::without_password(&self.name)
    }
}

/// `Receiving objects:  42% (21/50)`, as git prints it for people; there is no other.
fn tell(line: &str, progress: &mut dyn FnMut(Progress)) {
    let line = line.strip_prefix("remote: ").unwrap_or(line).trim();
    let Some((what, rest)) = line.split_once(':') else { return };
    let known = ["Enumerating", "Counting", "Compressing", "Receiving", "Resolving", "Writing", "Unpacking"];
    if known.iter().any(|word| what.starts_with(word)) {
        let percent = rest.split('%').next().and_then(|number| number.trim().parse().ok());
        progress(Progress { what: what.to_lowercase(), percent: percent.filter(|_| rest.contains('%')) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_from_what_git_prints_for_people() {
        let read = |line: &str| {
            let mut seen = Vec::new();
            tell(line, &mut |progress| seen.push((progress.what, progress.percent)));
            seen
        };
        assert_eq!(read("Receiving objects:  42% (21/50)"), [("receiving objects".to_owned(), Some(42))]);
        assert_eq!(read("remote: Enumerating objects: 5, done."), [("enumerating objects".to_owned(), None)]);
        assert_eq!(read("fatal: 50% of nothing: gone"), []);
        assert_eq!(read("\u{1b}[31m"), []);
    }
}
