//! Where a task stands, why it waits, and which moves are legal.
//!
//! The table [`Status::may_become`] is the whole life of a task. A record that names another status is an error shown to
//! the user; it is never read as something else.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Backlog,
    Ready,
    Running,
    Review,
    Delivering,
    Done,
    Waiting,
    Cancelled,
}

impl Status {
    pub const ALL: [Status; 8] = [
        Status::Backlog,
        Status::Ready,
        Status::Running,
        Status::Review,
        Status::Delivering,
        Status::Done,
        Status::Waiting,
        Status::Cancelled,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Status::Backlog => "backlog",
            Status::Ready => "ready",
            Status::Running => "running",
            Status::Review => "review",
            Status::Delivering => "delivering",
            Status::Done => "done",
            Status::Waiting => "waiting",
            Status::Cancelled => "cancelled",
        }
    }

    pub fn parse(word: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Nothing more will happen to the task by itself.
    pub fn is_closed(self) -> bool {
        matches!(self, Status::Done | Status::Cancelled)
    }

    pub fn may_become(self, next: Status) -> bool {
        use Status::*;
        match self {
            Backlog => matches!(next, Ready | Waiting | Cancelled | Done),
            Ready => matches!(next, Backlog | Running | Waiting | Cancelled | Done),
            Running => matches!(next, Ready | Review | Waiting | Cancelled),
            Review => matches!(next, Ready | Delivering | Waiting | Cancelled | Done),
            Delivering => matches!(next, Review | Done | Waiting),
            Waiting => matches!(next, Backlog | Ready | Review | Cancelled | Done),
            Cancelled => matches!(next, Backlog),
            Done => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Why a task is `waiting`: each is something a person can settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    PlanApproval,
    Question,
    GateFailed,
    /// The agent failed, timed out or broke its worktree, as often as it may.
    AgentFailed,
    NoWork,
    RecoveryExhausted,
    ReviewRejected,
    Conflict,
    Contested,
    Budget,
    Authentication,
    Trust,
}

impl Reason {
    pub const ALL: [Reason; 12] = [
        Reason::PlanApproval,
        Reason::Question,
        Reason::GateFailed,
        Reason::AgentFailed,
        Reason::NoWork,
        Reason::RecoveryExhausted,
        Reason::ReviewRejected,
        Reason::Conflict,
        Reason::Contested,
        Reason::Budget,
        Reason::Authentication,
        Reason::Trust,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Reason::PlanApproval => "plan-approval",
            Reason::Question => "question",
            Reason::GateFailed => "gate-failed",
            Reason::AgentFailed => "agent-failed",
            Reason::NoWork => "no-work",
            Reason::RecoveryExhausted => "recovery-exhausted",
            Reason::ReviewRejected => "review-rejected",
            Reason::Conflict => "conflict",
            Reason::Contested => "contested",
            Reason::Budget => "budget",
            Reason::Authentication => "authentication",
            Reason::Trust => "trust",
        }
    }

    /// The command that moves the task on, with the task's id put in by the caller.
    pub fn way_out(self, id: &str) -> String {
        match self {
            Reason::PlanApproval => format!("aifactory plan show {id} (or plan edit), then aifactory approve {id}"),
            Reason::GateFailed => format!("aifactory review {id}, then aifactory retry {id} -m \"what to change\""),
            Reason::ReviewRejected => format!(
                "aifactory review {id}, then aifactory retry {id} -m \"what to change\", or on your own word: aifactory merge \
                 {id} --unreviewed"
            ),
            Reason::Conflict => format!(
                "aifactory shell {id}, rebase there on the target, then aifactory retry {id} --run; or begin anew: \
                 aifactory discard {id}"
            ),
            Reason::Question => format!("aifactory answer {id} \"…\" --run"),
            Reason::Budget => {
                format!("aifactory usage {id}, then aifactory set {id} budget=\"…\" and aifactory retry {id}")
            }
            Reason::Authentication => {
                format!("log in, then aifactory retry {id} --run")
            }
            Reason::Trust => format!("aifactory trust; or read the plan and say yes to it: aifactory approve {id}"),
            _ => format!("aifactory review {id}, then aifactory retry {id}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A move that the table does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IllegalMove {
    pub from: Status,
    pub to: Status,
}

impl fmt::Display for IllegalMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a task that is {} cannot become {}", self.from, self.to)
    }
}

impl std::error::Error for IllegalMove {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: from; columns: to, in the order of `Status::ALL`.
    const TABLE: [(&str, &str); 8] = [
        ("backlog", ".y...yyy"),
        ("ready", "y.y..yyy"),
        ("running", ".y.y..yy"),
        ("review", ".y..yyyy"),
        ("delivering", "...y.yy."),
        ("done", "........"),
        ("waiting", "yy.y.y.y"),
        ("cancelled", "y......."),
    ];

    #[test]
    fn the_moves_are_exactly_those_of_the_table() {
        for (from, row) in TABLE {
            let from = Status::parse(from).unwrap();
            for (to, mark) in Status::ALL.into_iter().zip(row.chars()) {
                assert_eq!(from.may_become(to), mark == 'y', "{from} to {to}");
            }
        }
    }

    #[test]
    fn every_open_status_leads_to_done() {
        for status in Status::ALL.into_iter().filter(|status| *status != Status::Done) {
            let mut reached = vec![status];
            let mut next = 0;
            while let Some(from) = reached.get(next).copied() {
                let fresh: Vec<_> = Status::ALL.into_iter().filter(|to| from.may_become(*to)).collect();
                let seen = reached.clone();
                reached.extend(fresh.into_iter().filter(|to| !seen.contains(to)));
                next += 1;
            }
            assert!(reached.contains(&Status::Done), "{status} is a dead end");
        }
    }
}
