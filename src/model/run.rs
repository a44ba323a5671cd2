//! Run records and evidence: what was executed, and what aifactory itself measured about the result.

use super::{Digest, EventId, TaskId, Timestamp, Usage};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One execution of an agent for one phase or step of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    pub id: EventId,
    pub agent: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The supervised session that carried the run.
    pub session: String,
    pub phase: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    pub attempt: u64,
    pub host: String,
    pub started: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// In words, where the outcome needs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// HEAD of the worktree before the agent started.
    pub base: String,
    /// The commit that holds the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Of what the agent printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<Digest>,
    /// Where what it printed is kept, and what was kept of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
    /// The agent's own name for the conversation, by which it can be taken up again on that machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The conversation of an earlier run was taken up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
    /// The agent's version, as it says itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// What the agent wanted to do and was not allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<String>,
    pub usage: Usage,
    /// The conversation's total after this run, for agents that report nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_usage: Option<Usage>,
}

/// A transcript that was kept: redacted, and without the middle where it was too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The last two parts of its ref: `2026-01/mill-abc123`.
    pub place: String,
    pub bytes: u64,
    pub digest: Digest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Succeeded,
    Failed,
    NoWork,
    TimedOut,
    Stalled,
    Stopped,
    /// The supervisor or its guardian died; what had been started was ended afterwards.
    Interrupted,
    /// The service wants a pause; the task is parked until it is over.
    RateLimited,
    /// A budget is used up.
    Budget,
    /// The agent asked a person something.
    NeedsPerson,
    /// The service did not accept the log-in.
    Authentication,
    /// The agent left its branch, its worktree or the repository's own files in a state that cannot be used.
    Misbehaved,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Succeeded => "succeeded",
            Outcome::Failed => "failed",
            Outcome::NoWork => "no work",
            Outcome::TimedOut => "timed out",
            Outcome::Stalled => "stalled",
            Outcome::Stopped => "stopped",
            Outcome::Interrupted => "interrupted",
            Outcome::RateLimited => "rate limited",
            Outcome::Budget => "budget used up",
            Outcome::NeedsPerson => "needs a person",
            Outcome::Authentication => "not logged in",
            Outcome::Misbehaved => "misbehaved",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What a gate says. Only `Passed` lets anything through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Passed,
    Failed,
    /// The gate could not be run, or there was none: nothing is known.
    Unknown,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Unknown => "unknown",
        }
    }

    /// What several gates say together: zero gates prove nothing.
    pub fn of_all(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
        let mut all: Vec<Verdict> = verdicts.into_iter().collect();
        all.sort_by_key(|verdict| match verdict {
            Verdict::Failed => 0,
            Verdict::Unknown => 1,
            Verdict::Passed => 2,
        });
        all.first().copied().unwrap_or(Verdict::Unknown)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// In the place of a step: measured before anything was changed, to know what was red already.
pub const BASELINE: &str = "baseline";

/// One gate on one tree, measured by aifactory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub id: EventId,
    pub task: TaskId,
    /// The command, as it was run by `sh -c`.
    pub gate: String,
    /// The step that the gate belongs to, or [`BASELINE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    pub verdict: Verdict,
    /// Where the verdict is not plain from the exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The tree the gate looked at; the evidence says nothing about any other.
    pub tree: String,
    pub commit: String,
    /// Run in a checkout where no agent wrote. Only such evidence lets a merge through.
    pub clean: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    pub duration_ms: u64,
    pub at: Timestamp,
    pub host: String,
    /// Of the whole output; the tail below is redacted and short.
    pub output: Digest,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tail: String,
}

impl Evidence {
    /// It speaks of the time before the work.
    pub fn is_baseline(&self) -> bool {
        self.step.as_deref() == Some(BASELINE)
    }

    /// Where it was measured, in words.
    pub fn place(&self) -> &'static str {
        match self.clean {
            true => "clean checkout",
            false if self.is_baseline() => "before the work",
            false => "worktree",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::*;

    #[test]
    fn zero_gates_prove_nothing_and_one_failure_is_a_failure() {
        assert_eq!(Verdict::of_all([]), Unknown);
        assert_eq!(Verdict::of_all([Passed, Passed]), Passed);
        assert_eq!(Verdict::of_all([Passed, Unknown]), Unknown);
        assert_eq!(Verdict::of_all([Unknown, Failed, Passed]), Failed);
    }
}
