//! Starting git for a transfer, so that it neither asks nor hangs, and hearing what it says.

use super::progress::{Progress, is_chatter, parse_progress};
use super::trouble::{self, Doing, TransferError};
use super::{Remote, address};
use crate::git::program::quiet;
use crate::process::{Exit, Invocation};
use std::path::PathBuf;

/// No questions, and a dead connection is noticed in a minute.
const SSH: &str = "ssh -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=4";

/// Lines that are kept of what git and the remote say: a hook may have much to say.
const MOST_LINES: usize = 1000;

/// How a git for a transfer ended, and what it said.
pub struct Answer {
    pub exit: Exit,
    pub stdout: String,
    /// The lines of stderr that are not about progress, without passwords.
    pub said: Vec<String>,
}

impl Answer {
    /// What the other side said, without the mark that git puts before it.
    pub fn remote_lines(&self) -> impl Iterator<Item = &str> {
        self.said.iter().filter_map(|line| line.strip_prefix("remote:")).map(str::trim).filter(|line| !line.is_empty())
    }
}

impl Remote<'_> {
    /// `git` in this repository, for a transfer.
    pub(super) fn git(&self, args: &[&str]) -> Invocation {
        let mut git = Invocation::new("git").clear_env();
        for (name, value) in self.environment.iter() {
            git = git.env(name, value);
        }
        if self.code.common_dir() != self.repository.common_dir() {
            git = self.repository.beside(self.code, git);
            for (name, value) in &self.settings {
                git = git.env(name, value);
            }
        }
        git = quiet(git).current_dir(self.base_folder());
        if !self.user_chose_ssh() {
            git = git.env("GIT_SSH_COMMAND", SSH);
        }
        for setting in self.silence_limit() {
            git = git.arg("-c").arg(setting);
        }
        git.arg("--git-dir").arg(self.repository.common_dir()).args(args)
    }

    /// Runs it to its end; only what kept it from saying anything useful is an error here.
    pub(super) fn ask(
        &self,
        doing: Doing,
        git: Invocation,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Answer, TransferError> {
        let mut said = Vec::new();
        let output = git.named(format!("git {}", doing.subcommand())).run_heard(&mut |line| {
            let line = line.trim_end().trim_end_matches("\x1b[K").trim_end();
            match parse_progress(line) {
                Some(step) => progress(step),
                None if said.len() < MOST_LINES && !line.is_empty() && !is_chatter(line) => {
                    said.push(address::without_password(line))
                }
                None => {}
            }
        });
        let name = self.display_name();
        let output = output.map_err(|error| trouble::not_started(doing, &name, error))?;
        if output.exit == Exit::TimedOut {
            return Err(trouble::timed_out(doing, &name));
        }
        match String::from_utf8(output.stdout) {
            Ok(stdout) if !output.truncated => Ok(Answer { exit: output.exit, stdout, said }),
            _ => Err(trouble::other(doing, &name, "git said too much, or something that is not UTF-8")),
        }
    }

    /// Where git itself would stand when it resolves a relative URL.
    fn base_folder(&self) -> PathBuf {
        let main = self.code.main_root().filter(|root| root.is_dir());
        main.unwrap_or_else(|| self.repository.common_dir().to_owned())
    }

    fn user_chose_ssh(&self) -> bool {
        ["GIT_SSH_COMMAND", "GIT_SSH"].into_iter().any(|variable| self.environment.is_set(variable))
            || self.code.config_value("core.sshCommand").is_some()
    }

    /// Settings for HTTP, unless the user has their own. Those for one URL or in the environment win by themselves.
    fn silence_limit(&self) -> Vec<String> {
        let set = |key: &str| self.code.config_value(key).is_some();
        if set("http.lowSpeedLimit") || set("http.lowSpeedTime") {
            return Vec::new();
        }
        let seconds = self.patience.silence.as_secs().max(1);
        vec!["http.lowSpeedLimit=1".to_owned(), format!("http.lowSpeedTime={seconds}")]
    }
}
