//! The `git` program, for what gix cannot do: called with machine-readable output, without the user's hooks, without
//! prompts, and without ever starting git's own upkeep under an agent's feet.

use super::{Oid, Repository};
use crate::error::{Context, Error, Result};
use crate::process::{Invocation, Output};
use std::path::Path;
use std::time::Duration;

/// Settings that keep a git child from running anybody's code or upkeep. They hold for this child alone.
pub const QUIET: [(&str, &str); 11] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("commit.gpgSign", "false"),
    ("rebase.autoStash", "false"),
    ("rebase.autoSquash", "false"),
    ("rebase.updateRefs", "false"),
    ("rebase.forkPoint", "false"),
    ("rerere.enabled", "false"),
    ("advice.detachedHead", "false"),
];

const LONGEST: Duration = Duration::from_secs(15 * 60);

impl Repository {
    /// `git` in this repository, without a worktree of its own.
    pub(super) fn git(&self, args: &[&str]) -> Invocation {
        self.git_at(&self.common_dir, args)
    }

    /// `git` in the repository as the worktree sees it that has this administration.
    pub(super) fn git_at(&self, git_dir: &Path, args: &[&str]) -> Invocation {
        quiet_git().arg("--git-dir").arg(git_dir).args(args.iter().copied())
    }

    pub(super) fn common_text(&self, args: &[&str]) -> Result<String> {
        text_of(self.git(args).run_ok()?)
    }
}

/// `git` in a worktree of ours.
pub(super) fn git_in(worktree: &Path, args: &[&str]) -> Invocation {
    quiet_git().arg("-C").arg(worktree).args(args.iter().copied())
}

pub(super) fn text_in(worktree: &Path, args: &[&str]) -> Result<String> {
    text_of(git_in(worktree, args).run_ok()?)
}

pub(super) fn oid_in(worktree: &Path, args: &[&str]) -> Result<Oid> {
    let text = text_in(worktree, args)?;
    Repository::parse_oid(text.trim()).ok_or_else(|| Error::failed(format!("git {} gave no object id", args.join(" "))))
}

fn quiet_git() -> Invocation {
    quiet(Invocation::new("git"))
}

/// Makes it quiet, whatever environment it was given before.
pub(super) fn quiet(git: Invocation) -> Invocation {
    let mut git = git.timeout(LONGEST);
    for (key, value) in QUIET {
        git = git.arg("-c").arg(format!("{key}={value}"));
    }
    // Variables that a hook or a surrounding git command set would point the child at another repository.
    for variable in
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"]
    {
        git = git.env_remove(variable);
    }
    // An agent may write refs/replace/*: what is diffed, gated and merged must be the real objects.
    git.env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_EDITOR", "true")
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
}

fn text_of(output: Output) -> Result<String> {
    String::from_utf8(output.stdout).context(|| "git printed something that is not UTF-8")
}
