//! What a run is asked for, and what it answers.

use crate::error::Kind;
use crate::model::{Reason, Status, TaskId};
use std::path::PathBuf;

pub struct RunRequest {
    /// The named tasks; every ready task where there are none.
    pub tasks: Vec<TaskId>,
    /// How many at once; the setting where it is not said.
    pub jobs: Option<usize>,
    /// Merge what passes at once, so that what depends on it can start.
    pub merge: bool,
    /// Claims count on this machine alone, whatever others do.
    pub local: bool,
    /// Go on when nothing is ready.
    pub work: Option<WorkOrder>,
    /// Our own program, for guardians and the runbook.
    pub own_program: PathBuf,
}

/// How a worker goes on where a run would be through.
#[derive(Debug, Clone, Default)]
pub struct WorkOrder {
    pub until: Until,
    /// Tasks to carry out before it ends.
    pub most: Option<usize>,
    /// Only tasks that have all of these.
    pub labels: Vec<String>,
    /// Only this part of the way.
    pub phase: Option<WorkPhase>,
}

/// What a worker takes up, where it does not take up everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkPhase {
    /// Tasks whose plan an agent is to write, up to a person's yes.
    Plan,
    /// Tasks that can be carried out.
    Code,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Until {
    #[default]
    Stopped,
    /// Nothing is ready and nothing runs.
    Drained,
    /// What was ready at the first look is carried out.
    Once,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskResult {
    pub task: TaskId,
    pub title: String,
    pub status: Status,
    pub reason: Option<Reason>,
    pub note: Option<String>,
    /// The run failed rather than the task.
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub task: TaskId,
    pub why: String,
    /// Only a person can change that.
    pub needs_person: bool,
    /// It was asked for by its id.
    pub was_named: bool,
}

#[derive(Debug, Default)]
pub struct RunReport {
    pub results: Vec<TaskResult>,
    /// Tasks that were wanted and not started.
    pub skipped: Vec<Skipped>,
    pub interrupted: bool,
}

impl RunReport {
    /// Of several answers the one that asks for most: failed, then a person, then nothing to do.
    pub fn kind(&self) -> Option<Kind> {
        if self.interrupted {
            return Some(Kind::Interrupted);
        }
        if self.results.iter().any(|result| result.error.is_some()) {
            return Some(Kind::Failed);
        }
        // Stopped or cancelled by somebody while it ran.
        let cut_short =
            |result: &TaskResult| matches!(result.status, Status::Ready | Status::Backlog | Status::Cancelled);
        if self.results.iter().any(cut_short) {
            return Some(Kind::Interrupted);
        }
        let asks = self.skipped.iter().any(|skipped| skipped.needs_person);
        if asks || self.results.iter().any(|result| result.status == Status::Waiting) {
            return Some(Kind::Person);
        }
        let missed = self.skipped.iter().any(|skipped| skipped.was_named);
        (missed || self.results.is_empty()).then_some(Kind::Missing)
    }
}
