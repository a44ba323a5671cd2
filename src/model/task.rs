//! A task's record: the fields people write and the fields that follow from events.

use super::{Digest, EventId, Hlc, Reason, Status, TaskId, TextFile, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The fold of a task's events. `task.toml` is this, written for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub id: TaskId,
    pub title: String,
    pub status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What the reason is about, in words: the gate that failed, the paths in conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(default)]
    pub priority: Priority,
    #[serde(default)]
    pub risk: Risk,
    #[serde(default)]
    pub labels: BTreeSet<String>,
    #[serde(default)]
    pub dependencies: BTreeSet<TaskId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// What its agent may do; the setting where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// What it may cost; the settings hold besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<String>,
    /// How many of its steps are worked on at once; the setting where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskId>,
    pub created: Timestamp,
    pub updated: Hlc,
    /// The last event in fold order.
    pub last_event: EventId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
    /// Of spec and plan together, as they were rejected. Absent once either of them changed or they were approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_back: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fence: u64,
    /// The session that acquired the fence, also when it has let go since. Only its events count under that fence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub paused: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Recoveries since a person last touched the task.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub recoveries: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// The last one, also when it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<String, StepProgress>,
    /// What people who worked apart left for a person to look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// Fields that a newer version wrote; they are kept as they are.
    #[serde(flatten)]
    pub unknown: toml::Table,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Task {
    /// The task as its first event makes it.
    pub fn new(id: TaskId, title: String, created: Timestamp, first_event: EventId) -> Task {
        Task {
            id,
            title,
            status: Status::Backlog,
            reason: None,
            note: None,
            priority: Priority::default(),
            risk: Risk::default(),
            labels: BTreeSet::new(),
            dependencies: BTreeSet::new(),
            role: None,
            repository: None,
            agent: None,
            permission: None,
            budget: None,
            parallel: None,
            parent: None,
            created,
            updated: Hlc::default(),
            last_event: first_event,
            spec: None,
            plan: None,
            sent_back: None,
            branch: None,
            fence: 0,
            holder: None,
            paused: false,
            not_before: None,
            recoveries: 0,
            source: None,
            claim: None,
            approval: None,
            proposal: None,
            delivery: None,
            steps: BTreeMap::new(),
            conflicts: Vec::new(),
            unknown: toml::Table::new(),
        }
    }

    pub fn step_is_done(&self, step: &str) -> bool {
        self.steps.get(step).is_some_and(|progress| progress.state == Progress::Done)
    }
}

/// Two things that were both done and do not go together. Nothing of either is lost; a person says what counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Follows from the content, so that every clone calls it the same.
    pub id: String,
    pub kind: ConflictKind,
    /// In words, for a person.
    pub what: String,
    /// The branch, commit or file that holds what does not count at present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

impl Conflict {
    pub fn new(kind: ConflictKind, parts: &[&str], what: String, other: Option<String>) -> Conflict {
        let parts = [kind.word()].into_iter().chain(parts.iter().copied());
        let digest = Digest::of_all(parts.map(str::as_bytes));
        Conflict { id: digest.hex().chars().take(10).collect(), kind, what, other }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictKind {
    /// Two people changed the same part of the spec.
    Spec,
    /// Two people changed the same part of the plan.
    Plan,
    /// Two workers finished under the same fence.
    Result,
    /// Somebody cancelled what somebody else merged.
    Cancelled,
}

impl ConflictKind {
    pub fn word(self) -> &'static str {
        match self {
            ConflictKind::Spec => "spec",
            ConflictKind::Plan => "plan",
            ConflictKind::Result => "result",
            ConflictKind::Cancelled => "cancelled",
        }
    }

    pub fn is_about_text(self) -> bool {
        matches!(self, ConflictKind::Spec | ConflictKind::Plan)
    }

    pub fn of_text(file: TextFile) -> ConflictKind {
        match file {
            TextFile::Spec => ConflictKind::Spec,
            TextFile::Plan => ConflictKind::Plan,
        }
    }
}

/// 1 is the most urgent; people may write the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    Urgent,
    High,
    #[default]
    Normal,
    Low,
}

impl Priority {
    pub const ALL: [Priority; 4] = [Priority::Urgent, Priority::High, Priority::Normal, Priority::Low];

    pub fn word(self) -> &'static str {
        match self {
            Priority::Urgent => "urgent",
            Priority::High => "high",
            Priority::Normal => "normal",
            Priority::Low => "low",
        }
    }

    pub fn rank(self) -> u8 {
        self as u8 + 1
    }

    pub fn from_rank(rank: u8) -> Option<Priority> {
        Priority::ALL.into_iter().find(|priority| priority.rank() == rank)
    }

    /// Reads `urgent`, `p1` or `1`.
    pub fn parse(text: &str) -> Option<Priority> {
        let text = text.trim().to_ascii_lowercase();
        let rank = text.strip_prefix('p').unwrap_or(&text).parse().ok();
        let named = || Priority::ALL.into_iter().find(|priority| priority.word() == text);
        rank.and_then(Priority::from_rank).or_else(named)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How much a person has to do with a change before it is made and merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Approved by policy.
    Auto,
    /// Approved by policy; people comment while it runs.
    Async,
    /// A person approves the plan and asks for the merge.
    #[default]
    Blocking,
}

impl Risk {
    pub const ALL: [Risk; 3] = [Risk::Auto, Risk::Async, Risk::Blocking];

    pub fn word(self) -> &'static str {
        match self {
            Risk::Auto => "auto",
            Risk::Async => "async",
            Risk::Blocking => "blocking",
        }
    }

    pub fn parse(word: &str) -> Option<Risk> {
        Risk::ALL.into_iter().find(|risk| risk.word() == word.trim().to_ascii_lowercase())
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Where an imported task came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// `todo` or `markdown`.
    pub system: String,
    /// The file, as a path relative to the top of the repository where it lies inside it.
    pub place: String,
    /// What the item is recognised by when it is imported again.
    pub key: String,
    /// The item's words when it was last imported.
    pub title: String,
    /// 1-based; 0 where the whole file is the item.
    #[serde(default)]
    pub line: u64,
}

/// The task is taken by one session until it finishes, lets go, or is seen to be dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The holder: random for each incarnation of a worker.
    pub session: String,
    pub actor: String,
    pub host: String,
    /// Grows by one with each acquisition.
    pub fence: u64,
    pub since: Timestamp,
    /// How long others must see no sign of life before they may take over.
    pub lease_seconds: u64,
    /// The last part of `refs/aifactory/live/<…>`; absent where the claim counts on one machine alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<String>,
}

/// A yes to one exact spec and plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Of spec and plan together; see `Approval::digest_of`.
    pub digest: Digest,
    /// The target's commit when the plan was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    pub by: String,
    pub at: Timestamp,
    /// Recorded by a rule and not by a person.
    #[serde(default, skip_serializing_if = "is_false")]
    pub policy: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warrant: Option<Warrant>,
}

/// What an approval rests on besides somebody's word. It says where to look and proves nothing: whoever relies on it
/// looks there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Warrant {
    /// The target has the plan, since this commit.
    Merge { by: String, commit: String },
    /// Somebody whom the project knows has signed it.
    Signature { by: String, signature: Digest },
}

impl Warrant {
    /// Who said yes.
    pub fn by(&self) -> &str {
        match self {
            Warrant::Merge { by, .. } | Warrant::Signature { by, .. } => by,
        }
    }
}

/// Spec and plan on a branch of their own, for people to review where they review code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub branch: String,
    pub file: String,
    pub commit: String,
    /// The target's commit that the branch began at.
    pub base: String,
    /// The object that the file was there, where it was there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Of spec and plan together as they were proposed.
    pub digest: Digest,
    pub by: String,
    pub at: Timestamp,
    /// The branch was published.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pushed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<ProposalEnd>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalEnd {
    /// The target has it.
    Merged,
    /// Its branch was deleted without that.
    Closed,
    /// A person said no to it elsewhere than in its review.
    Withdrawn,
}

impl Approval {
    /// What an approval names: any edit of spec or plan gives another digest.
    pub fn digest_of(spec: &str, plan: &str) -> Digest {
        Digest::of_all([spec.as_bytes(), plan.as_bytes()])
    }
}

/// A move of the target branch that was begun, and is complete when `done`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub target: String,
    /// What the target is to become.
    pub commit: String,
    /// What the target was.
    pub from: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub done: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepProgress {
    pub state: Progress,
    pub attempts: u64,
    /// The commit that holds the step's work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What the step said when it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    Pending,
    Running,
    Done,
}
