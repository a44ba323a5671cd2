//! What surrounds an agent's work: where a step begins, what is kept, what is committed, and the gates on the whole.

use super::Worker;
use super::aim::Aim;
use super::pursuit::Try;
use crate::agent::Agent;
use crate::error::Result;
use crate::git::{Identity, Oid};
use crate::model::Change;
use crate::model::run::{Evidence, Verdict};
use crate::run::attempt::Wanted;
use crate::store::Changes;
use std::path::Path;

impl Worker<'_> {
    /// The last commit that is not of an earlier try of this very goal.
    pub(super) fn begin_of(&self, aim: &Aim<'_>) -> Result<Oid> {
        let repository = self.project.repository();
        let mut commit = repository.head_of(aim.worktree)?;
        let Some(key) = aim.key() else { return Ok(commit) };
        let marks = [format!("Aifactory-Task: {}", self.task), format!("Aifactory-Step: {key}")];
        loop {
            let message = repository.message_of(commit)?;
            let own = marks.iter().all(|mark| message.lines().any(|line| line == mark));
            match repository.first_parent(commit)? {
                Some(parent) if own => commit = parent,
                _ => return Ok(commit),
            }
        }
    }

    /// What the newest gate said, if it did not pass: an agent that tries again should know.
    pub(super) fn first_feedback(&self, aim: &Aim<'_>) -> Result<Option<String>> {
        if aim.wanted() == Wanted::Words {
            return Ok(None);
        }
        Ok(feedback_of(&self.project.store.snapshot()?.evidence(&self.task)?))
    }

    /// Work that an interrupted attempt left uncommitted is kept under a ref and named. A model agent then goes on from
    /// the files as they are; a runbook's scripts expect what was there before the step, and begin from that.
    pub(super) fn tidy(&self, aim: &Aim<'_>, agent: &Agent, begin: Oid) -> Result<()> {
        let (repository, checkouts) = (self.project.repository(), self.checkouts()?);
        let worktree = aim.worktree;
        let goes_on = agent.may_vary && aim.wanted() == Wanted::Change;
        let head = repository.head_of(worktree)?;
        let tree = repository.worktree_tree(worktree)?;
        let as_set_up = checkouts.find_baseline(&self.task)? == Some(tree);
        if !as_set_up && let Some((saved, name)) = checkouts.save(&self.task, worktree)? {
            self.note(&format!("uncommitted work of an earlier attempt is kept: git show {saved} ({name})"))?;
            if !goes_on {
                repository.drop_changes(worktree)?;
            }
        }
        if !agent.may_vary && head != begin {
            let name = checkouts.keep_commit(&self.task, head)?;
            self.note(&format!("the step begins anew; its earlier commits are kept: git log {name}"))?;
            repository.reset_worktree(worktree, begin)?;
        }
        Ok(())
    }

    /// What lies uncommitted in the worktree is nobody's result: it is kept under a ref before gates are run on what is
    /// committed, or commits are brought in.
    pub(super) fn keep_uncommitted(&self, worktree: &Path) -> Result<()> {
        let (repository, checkouts) = (self.project.repository(), self.checkouts()?);
        if checkouts.find_baseline(&self.task)? == Some(repository.worktree_tree(worktree)?) {
            return Ok(());
        }
        if let Some((saved, name)) = checkouts.save(&self.task, worktree)? {
            self.note(&format!("uncommitted work is kept: git show {saved} ({name})"))?;
            repository.drop_changes(worktree)?;
        }
        Ok(())
    }

    /// Whoever is to read only leaves the files as they were. What it changed all the same is kept aside.
    pub(super) fn undo_changes(&self, current: &Try<'_>, tree_before: Oid) -> Result<()> {
        let (repository, checkouts) = (self.project.repository(), self.checkouts()?);
        let worktree = current.aim.worktree;
        if !worktree.is_dir() || repository.worktree_state(worktree).is_err() {
            return Ok(());
        }
        let mut kept = Vec::new();
        if repository.worktree_tree(worktree)? != tree_before {
            kept.extend(checkouts.save(&self.task, worktree)?.map(|(_, name)| name));
            repository.drop_changes(worktree)?;
        }
        let head = repository.head_of(worktree)?;
        if head != current.base {
            kept.push(checkouts.keep_commit(&self.task, head)?);
            repository.reset_worktree(worktree, current.base)?;
        }
        match kept.is_empty() {
            true => Ok(()),
            false => {
                let (who, what) = (&current.agent.name, kept.join(", "));
                self.note(&format!("{who} was to read only and changed files; they are as before, and kept in {what}"))
            }
        }
    }

    /// Commits what the agent left uncommitted. The trailers say where the commit came from.
    pub(super) fn commit(&self, current: &Try<'_>) -> Result<Oid> {
        let repository = self.project.repository();
        let (aim, key) = (current.aim, current.aim.key().unwrap_or_default());
        let begins = match aim.step() {
            Some(step) => format!("Step {} of", step.id),
            None => format!("Phase {} of", aim.phase),
        };
        let model = current.agent.model.as_deref().map(|model| format!("Aifactory-Model: {model}\n"));
        let message = format!(
            "{}\n\n{begins} \"{}\".\n\nAifactory-Task: {}\nAifactory-Step: {key}\nAifactory-Run: {}\nAifactory-Agent: {}\n\
             {}Aifactory-Fence: {}\n",
            aim.title(),
            self.title,
            self.task,
            current.run,
            current.agent.name,
            model.unwrap_or_default(),
            self.author.fence.unwrap_or_default(),
        );
        let committed = repository.commit_all(aim.worktree, &message, &committer(self.project))?;
        committed.map_or_else(|| repository.head_of(aim.worktree), Ok)
    }

    /// Everything of the agent's is committed by now; what gates leave behind is nobody's work.
    pub(super) fn drop_what_gates_left(&self, worktree: &Path) -> Result<()> {
        let repository = self.project.repository();
        if repository.worktree_state(worktree)?.dirty.is_empty() {
            return Ok(());
        }
        repository.drop_changes(worktree)
    }
}

/// What the newest gate that judged work said, where it did not pass.
pub(super) fn feedback_of(evidence: &[Evidence]) -> Option<String> {
    let newest = evidence.iter().rfind(|evidence| !evidence.is_baseline());
    newest.filter(|evidence| evidence.verdict != Verdict::Passed).map(gate_note)
}

/// The identity of commits that aifactory makes for the user: git's own where it is known.
pub(in crate::run) fn committer(project: &crate::tasks::Project) -> Identity {
    let value = |key: &str| project.repository().config_value(key).filter(|value| !value.trim().is_empty());
    Identity {
        name: value("user.name").unwrap_or_else(|| "aifactory".to_owned()),
        email: value("user.email").unwrap_or_else(|| "aifactory@localhost".to_owned()),
        at: project.host.now(),
    }
}

pub(in crate::run) fn add_evidence(changes: &mut Changes, evidence: &Evidence) {
    changes.evidence(evidence);
    let gated = Change::Gated {
        evidence: evidence.id.clone(),
        gate: evidence.gate.clone(),
        tree: evidence.tree.clone(),
        verdict: evidence.verdict,
        clean: evidence.clean,
        step: evidence.step.clone(),
    };
    changes.event(&evidence.task, gated);
}

pub(in crate::run) fn gate_note(evidence: &Evidence) -> String {
    let why = evidence.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    let exit = evidence.exit.filter(|code| *code != 0).map(|code| format!(", exit {code}")).unwrap_or_default();
    format!("gate {}: {}{exit}{why}\n{}", evidence.verdict, evidence.gate, evidence.tail).trim_end().to_owned()
}
