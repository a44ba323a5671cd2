//! What an agent is to bring about in a phase, and where.

use super::flow::Texts;
use crate::agent::Permission;
use crate::model::plan::Step;
use crate::run::attempt::Wanted;
pub(super) use crate::run::prompt::Values;
use crate::workflow::{ACTION, Answer, Role};
use std::path::Path;

pub(super) struct Aim<'a> {
    /// The phase's name in the workflow, for the record.
    pub phase: &'a str,
    pub role: &'a Role,
    /// An agent that the workflow names for the phase.
    pub named: Option<&'a str>,
    pub goal: Goal<'a>,
    pub worktree: &'a Path,
    /// The branch that the worktree is on; absent where an agent only reads.
    pub branch: Option<&'a str>,
    /// Tries before a person is asked.
    pub most: u64,
    pub texts: &'a Texts,
    /// The template of the prompt.
    pub prompt: &'a str,
    /// What is known before the first try.
    pub values: Values,
    /// The most that its agent may do, whatever its role may.
    pub permission: Permission,
}

pub(super) enum Goal<'a> {
    /// A step of the plan; `number` counts from 1.
    Step { step: &'a Step, number: usize, of: usize },
    /// Changes that no step speaks of, such as what a review asks for. The key names the round, so that its commits are
    /// known again after a crash.
    Change { key: String, title: String },
    /// Something to read; the files stay as they are.
    Words,
}

impl Aim<'_> {
    /// That it changes nothing is a good answer, too.
    pub fn may_change_nothing(&self) -> bool {
        self.role.name.starts_with(ACTION)
    }

    pub fn wanted(&self) -> Wanted {
        match self.goal {
            Goal::Words => Wanted::Words,
            Goal::Step { .. } | Goal::Change { .. } => Wanted::Change,
        }
    }

    pub fn step(&self) -> Option<&Step> {
        match self.goal {
            Goal::Step { step, .. } => Some(step),
            _ => None,
        }
    }

    /// What commits and runs of this goal are known by: the step's id, or the round's.
    pub fn key(&self) -> Option<&str> {
        match &self.goal {
            Goal::Step { step, .. } => Some(&step.id),
            Goal::Change { key, .. } => Some(key),
            Goal::Words => None,
        }
    }

    /// The subject of the commit that it leads to.
    pub fn title(&self) -> &str {
        match &self.goal {
            Goal::Step { step, .. } => &step.title,
            Goal::Change { title, .. } => title,
            Goal::Words => self.phase,
        }
    }

    /// `step S1`, `phase review`.
    pub fn in_words(&self) -> String {
        match &self.goal {
            Goal::Step { step, .. } => format!("step {}", step.id),
            _ => format!("phase {}", self.phase),
        }
    }

    pub fn gates(&self) -> &[String] {
        self.step().map_or(&[], |step| &step.gates)
    }
}

/// See [`crate::tasks::PHASES`].
pub(super) fn work_of(answers: Answer) -> &'static str {
    match answers {
        Answer::Change => "code",
        Answer::Spec | Answer::Plan | Answer::Notes => "plan",
        Answer::Review | Answer::Findings => "review",
    }
}
