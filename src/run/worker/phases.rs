//! What surrounds an agent's work: where a step begins, what is kept, what is committed, and the gates on the whole.

use super::code::Try;
use super::{Settled, Worker};
use crate::agent::Agent;
use crate::error::Result;
use crate::git::{Identity, Oid};
use crate::model::plan::Step;
use crate::model::run::{Evidence, Verdict};
use crate::model::{Change, Reason, Status};
use crate::run::checkout::Checkouts;
use crate::run::environment::Variables;
use crate::run::gates::{gates_of, has_passed};
use crate::store::Changes;
use std::path::Path;

impl Worker<'_> {
    /// The last commit that is not of an earlier try of this very step.
    pub(super) fn begin_of(&self, step: &Step, worktree: &Path) -> Result<Oid> {
        let repository = self.project.repository();
        let marks = [format!("Aifactory-Task: {}", self.task), format!("Aifactory-Step: {}", step.id)];
        let mut commit = repository.head_of(worktree)?;
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
    pub(super) fn last_failure(&self) -> Result<Option<String>> {
        let evidence = self.project.store.snapshot()?.evidence(&self.task)?;
        Ok(evidence.last().filter(|evidence| evidence.verdict != Verdict::Passed).map(gate_note))
    }

    /// Work that an interrupted attempt left uncommitted is kept under a ref and named. A model agent then goes on from
    /// the files as they are; a runbook's scripts expect what was there before the step, and begin from that.
    pub(super) fn tidy(&self, worktree: &Path, agent: &Agent, begin: Oid) -> Result<()> {
        let (repository, checkouts) = (self.project.repository(), Checkouts::of(self.project)?);
        let head = repository.head_of(worktree)?;
        let tree = repository.worktree_tree(worktree)?;
        let as_set_up = checkouts.find_baseline(&self.task)? == Some(tree);
        if !as_set_up && let Some((saved, name)) = checkouts.save(&self.task, worktree)? {
            self.note(&format!("uncommitted work of an earlier attempt is kept: git show {saved} ({name})"))?;
            if !agent.may_vary {
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

    /// Commits what the agent left uncommitted. The trailers say where the commit came from.
    pub(super) fn commit(&self, current: &Try<'_>) -> Result<Oid> {
        let repository = self.project.repository();
        let message = format!(
            "{}\n\nStep {} of \"{}\".\n\nAifactory-Task: {}\nAifactory-Step: {}\nAifactory-Run: {}\nAifactory-Agent: {}\n\
             Aifactory-Fence: {}\n",
            current.step.title,
            current.step.id,
            self.title,
            self.task,
            current.step.id,
            current.run,
            current.agent.name,
            self.author.fence.unwrap_or_default(),
        );
        let committed = repository.commit_all(current.place.worktree, &message, &committer(self.project))?;
        committed.map_or_else(|| repository.head_of(current.place.worktree), Ok)
    }

    /// Everything of the agent's is committed by now; what gates leave behind is nobody's work.
    pub(super) fn drop_what_gates_left(&self, worktree: &Path) -> Result<()> {
        let repository = self.project.repository();
        if repository.worktree_state(worktree)?.dirty.is_empty() {
            return Ok(());
        }
        repository.drop_changes(worktree)
    }

    /// All gates on the finished work. Evidence of the same gate on the same tree is not measured twice.
    pub(super) fn verify(&self, worktree: &Path, environment: Variables) -> Result<Settled> {
        let repository = self.project.repository();
        let head = repository.head_of(worktree)?;
        let tree = repository.tree_of(head)?.to_string();
        let known = self.project.store.snapshot()?.evidence(&self.task)?;
        let passed = |gate: &String| has_passed(&known, gate, &tree);
        let gates: Vec<String> = gates_of(self.project, &self.plan).into_iter().filter(|gate| !passed(gate)).collect();
        let evidence = self.gates(worktree, environment, None).run_all(&gates)?;
        self.drop_what_gates_left(worktree)?;
        self.check_stop()?;
        let also = |changes: &mut Changes| {
            evidence.iter().for_each(|evidence| add_evidence(changes, evidence));
            Ok(())
        };
        match evidence.iter().find(|evidence| evidence.verdict != Verdict::Passed) {
            Some(failed) => self.settle(Status::Waiting, Some(Reason::GateFailed), Some(gate_note(failed)), also),
            None => self.settle(Status::Review, None, None, also),
        }
    }
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
