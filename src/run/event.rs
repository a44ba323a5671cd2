//! What happens during a run, for whoever listens: progress lines, plain lines, JSON.

use crate::model::run::Verdict;
use crate::model::{Reason, Status, TaskId};
use serde::Serialize;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunEvent {
    /// Absent where it is about the worker as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(flatten)]
    pub kind: RunEventKind,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum RunEventKind {
    Claimed {
        fence: u64,
        branch: String,
    },
    /// The worktree is there; `reused` if it was parked or left from before.
    Worktree {
        path: String,
        reused: bool,
    },
    SetupStarted {
        command: String,
    },
    StepStarted {
        step: String,
        title: String,
        number: usize,
        of: usize,
        attempt: u64,
    },
    /// A phase of the workflow that is no step of the plan.
    PhaseStarted {
        phase: String,
        agent: String,
        attempt: u64,
    },
    /// What a reviewer said, in short.
    Reviewed {
        verdict: String,
    },
    /// Something the agent said or did, as one line.
    Agent {
        line: String,
    },
    StepDone {
        step: String,
        commit: Option<String>,
    },
    GateStarted {
        gate: String,
    },
    GateEnded {
        gate: String,
        verdict: Verdict,
        millis: u64,
    },
    Merging {
        target: String,
    },
    /// What has to hold before a merge, and whether it does.
    MergeCondition {
        what: String,
        state: String,
        detail: String,
    },
    Merged {
        target: String,
        commit: String,
    },
    /// Worth knowing, and in nobody's way.
    Note {
        text: String,
    },
    /// The worker is through with the task for now.
    Settled {
        status: Status,
        reason: Option<Reason>,
        note: Option<String>,
    },
    /// The task was not started.
    Skipped {
        why: String,
    },
    Failed {
        error: String,
        hints: Vec<String>,
    },
}

impl RunEvent {
    /// Something about the worker as a whole.
    pub fn note(text: String) -> RunEvent {
        RunEvent { task: None, title: String::new(), kind: RunEventKind::Note { text } }
    }
}

/// Where a worker's events go. They arrive in the order in which they were told, before the worker's own result.
#[derive(Clone)]
pub struct Reporter {
    pub task: TaskId,
    pub title: String,
    pub listener: Arc<dyn Fn(RunEvent) + Send + Sync>,
}

impl Reporter {
    pub fn tell(&self, kind: RunEventKind) {
        (self.listener)(RunEvent { task: Some(self.task.clone()), title: self.title.clone(), kind });
    }
}
