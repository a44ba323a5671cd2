//! The target branch's rules: which branch work goes to, and what the project asks of every change.
//!
//! The rules are code, reviewed like code, and read from the target branch at a commit that is pinned before an agent
//! starts. They are never read from a task's worktree and never from the state, so that neither an agent nor somebody
//! who can push state can change the rules. What of them runs commands counts only after a person on this machine has
//! read and trusted exactly that text.

mod definitions;

use crate::config::{Layer, Origin, Settings};
use crate::error::Result;
use crate::git::{Oid, Repository};
use crate::model::Digest;

pub const POLICY_PATH: &str = ".aifactory/config.toml";

/// The branch that work is merged into, and the rules it carries.
#[derive(Debug, Clone)]
pub struct Target {
    pub branch: String,
    /// Absent while the branch has no commit.
    pub commit: Option<Oid>,
    /// The policy file's text at that commit.
    pub policy: Option<String>,
}

impl Target {
    /// Chosen by `merge.target`, by what the remote calls its default, or by the branch of the main worktree.
    pub fn find(repository: &Repository, chosen: Option<&str>) -> Result<Option<Target>> {
        let branch = chosen
            .map(str::to_owned)
            .or_else(|| repository.remote_default_branch("origin"))
            .or_else(|| repository.main_branch());
        let Some(branch) = branch else { return Ok(None) };
        let commit = repository.branch_commit(&branch)?;
        let policy = match commit {
            Some(commit) => repository.file_at(commit, POLICY_PATH)?,
            None => None,
        };
        Ok(Some(Target { branch, commit, policy }))
    }

    pub fn layer(&self) -> Result<Option<Layer>> {
        let (Some(commit), Some(text)) = (self.commit, &self.policy) else {
            return Ok(None);
        };
        let short: String = commit.to_string().chars().take(10).collect();
        Layer::parse(Origin::Policy(short), text).map(Some)
    }
}

/// What the project's own policy would run on this machine, and what it tells agents that run here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyCommands {
    /// One line each, for a person to read before trusting them.
    pub lines: Vec<String>,
    /// Of the files that lines name without showing them.
    files: Vec<Digest>,
}

impl PolicyCommands {
    /// Of the settings in force, and of the definitions on the target branch.
    pub fn of(settings: &Settings, repository: &Repository, target: Option<&Target>) -> Result<PolicyCommands> {
        let mut commands = PolicyCommands { lines: lines_of(settings), files: Vec::new() };
        if let Some(commit) = target.and_then(|target| target.commit) {
            for definition in definitions::all(repository, commit)? {
                commands.lines.extend(definition.lines());
                commands.files.push(definition.digest().clone());
            }
        }
        Ok(commands)
    }

    pub fn digest(&self) -> Digest {
        let lines = self.lines.iter().map(String::as_str);
        Digest::of_all(lines.chain(self.files.iter().map(Digest::as_str)).map(str::as_bytes))
    }

    /// There are texts that lines name without showing them.
    pub fn names_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// Nothing to run needs nobody's trust.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

fn lines_of(settings: &Settings) -> Vec<String> {
    let mut lines = Vec::new();
    for name in ["gates", "worktree.setup"] {
        if matches!(settings.value(name).1, Origin::Policy(_)) {
            lines.extend(settings.list(name).into_iter().map(|command| format!("{name}: {command}")));
        }
    }
    for (name, table, origin) in settings.agents() {
        if matches!(origin, Origin::Policy(_)) {
            let text = toml::to_string(table).unwrap_or_default();
            lines.push(format!("agents.{name}: {}", text.trim().replace('\n', "; ")));
        }
    }
    lines
}
