//! Events: the append-only truth of a task, one JSON object per line of `events.jsonl`.
//!
//! Every event names who did it, when by the hybrid clock, and under which claim. The place for a signature and the
//! chain to the actor's previous event are part of format 1, so that later versions can fill them without a new format.

use super::{Digest, EventId, Hlc, Priority, ProposalEnd, Reason, Risk, Source, Status, TaskId, Timestamp, Warrant};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub id: EventId,
    pub hlc: Hlc,
    pub actor: String,
    /// The worker's session; a person's event has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The claim's fence; an event below the task's current fence is ignored. A person's event has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
    /// The same actor's previous event on this task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<EventId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sig: Option<String>,
    #[serde(flatten)]
    pub change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextFile {
    Spec,
    Plan,
}

impl TextFile {
    pub fn word(self) -> &'static str {
        match self {
            TextFile::Spec => "spec",
            TextFile::Plan => "plan",
        }
    }

    pub fn file_name(self) -> &'static str {
        match self {
            TextFile::Spec => "spec.md",
            TextFile::Plan => "plan.md",
        }
    }
}

/// What a person says about a new task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub title: String,
    #[serde(default)]
    pub priority: Priority,
    #[serde(default)]
    pub risk: Risk,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub dependencies: BTreeSet<TaskId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// What changed. Sets change by element and texts carry their diff, so that histories can be merged and read alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Change {
    Created {
        #[serde(flatten)]
        draft: Draft,
    },
    /// A field that holds one value. `to` absent clears it.
    Set {
        field: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// An element of `labels` or `dependencies`.
    Added {
        field: String,
        value: String,
    },
    Removed {
        field: String,
        value: String,
        /// The events that had added it, as far as the remover knew. An addition nobody saw here stays.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        saw: Vec<EventId>,
    },
    Text {
        file: TextFile,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Digest>,
        to: Digest,
        diff: String,
    },
    /// A merge made this text, and somebody is about to build on it. Changes nothing by itself.
    TextSeen {
        file: TextFile,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Digest>,
        to: Digest,
        diff: String,
    },
    Moved {
        from: Status,
        to: Status,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    Claimed {
        claim: u64,
        host: String,
        lease_seconds: u64,
        branch: String,
        /// Where others see that the holder lives: the last part of `refs/aifactory/live/<…>`. Absent where the claim
        /// was made without a remote, and counts on this machine alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        live: Option<String>,
    },
    /// A claim that was made here and never became global: somebody else had the task, or it was no longer to be had.
    ClaimLost {
        claim: u64,
        host: String,
        branch: String,
        /// The event that had claimed, and when. It was never published.
        event: EventId,
        at: Hlc,
        why: String,
        /// The work that the claim had led to, where there is some.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
        /// The work was finished: somebody has to choose.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        finished: bool,
    },
    /// The holder let go, or was seen to be dead.
    Released {
        why: String,
        /// The release repairs a crash and counts towards giving up.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        recovery: bool,
        /// The fence of the claim that ends. A later claim is not touched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claim: Option<u64>,
    },
    Approved {
        digest: Digest,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        policy: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// What it rests on, where that is not the word of whoever wrote the event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        warrant: Option<Warrant>,
    },
    Rejected {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Of the spec and plan that were sent back; see `Approval::digest_of`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
    },
    /// Spec and plan were committed on a branch, for review.
    Proposed {
        branch: String,
        file: String,
        commit: String,
        /// The target's commit that the branch began at.
        base: String,
        /// The object that the file was there, where it was there already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        digest: Digest,
        /// The branch was published; that it is gone from there means something.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pushed: bool,
    },
    ProposalEnded {
        /// The commit that was proposed. A later proposal is not touched.
        proposed: String,
        how: ProposalEnd,
        /// The commit that brought it to the target.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
        /// Who did it: whoever merged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    StepStarted {
        step: String,
        run: EventId,
    },
    StepDone {
        step: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
        /// What the step said when it was done; a step that says something else since is to be done again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Digest>,
    },
    StepReset {
        step: String,
        why: String,
    },
    RunStarted {
        run: EventId,
        phase: String,
        agent: String,
        /// Who the agent is to be, where that is not the role of the phase.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
    },
    RunEnded {
        run: EventId,
        outcome: String,
        /// What people said while it ran and its agent was told.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        heard: Vec<EventId>,
        /// What was wanting in what its agent left, though it got to its end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        but: Option<String>,
    },
    /// These messages were in the prompt of a run, or told to its agent while it ran. Whether it got that far is said by
    /// how the run ended.
    MessagesDelivered {
        run: EventId,
        messages: Vec<EventId>,
    },
    Gated {
        evidence: EventId,
        gate: String,
        tree: String,
        verdict: super::run::Verdict,
        /// No agent wrote in the checkout.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        clean: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
    },
    /// A round of changes beyond the plan's steps was carried out.
    PhaseDone {
        phase: String,
    },
    /// What a reviewer said about a tree. It says nothing about any other.
    Reviewed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<EventId>,
        tree: String,
        commit: String,
        review: super::review::Review,
    },
    /// A person merges this tree whatever a reviewer said, or did not say.
    ReviewWaived {
        tree: String,
    },
    Delivering {
        target: String,
        commit: String,
        from: String,
    },
    Delivered {
        target: String,
        commit: String,
    },
    Paused,
    Resumed,
    Parked {
        until: Timestamp,
        why: String,
    },
    Noted {
        text: String,
    },
    /// A person's words for the agent: an answer, or something to keep in mind.
    Said {
        text: String,
    },
    /// An import wrote a text and remembers which, so that the next one can tell whose change is whose.
    TextImported {
        file: TextFile,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
    },
    /// A hand edit of `task.toml`, taken over field by field.
    Imported {
        fields: BTreeMap<String, toml::Value>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        discarded: Vec<String>,
    },
    /// A person has looked at these conflicts.
    Settled {
        conflicts: Vec<String>,
    },
    /// What a newer version wrote. Its line is kept as it is, and says nothing to this one.
    #[serde(other)]
    Unknown,
}

impl Change {
    /// Every kind of change, by its word.
    pub const KINDS: [&str; 35] = [
        "created",
        "set",
        "added",
        "removed",
        "text",
        "text-seen",
        "moved",
        "claimed",
        "claim-lost",
        "released",
        "approved",
        "rejected",
        "proposed",
        "proposal-ended",
        "step-started",
        "step-done",
        "step-reset",
        "run-started",
        "run-ended",
        "messages-delivered",
        "gated",
        "phase-done",
        "reviewed",
        "review-waived",
        "delivering",
        "delivered",
        "paused",
        "resumed",
        "parked",
        "noted",
        "said",
        "text-imported",
        "imported",
        "settled",
        "unknown",
    ];

    /// The kind of change, as its record names it.
    pub fn word(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.get("op").and_then(|op| op.as_str()).unwrap_or("unknown").to_owned()
    }
}

impl Event {
    /// What somebody edited in the tree by hand, after the event at `last`. It follows from the content alone, so that
    /// two clones which see the same edit agree on it.
    pub fn by_hand(last: Hlc, content: &Digest, change: Change) -> Event {
        let hlc = Hlc::next(last, last.time);
        Event {
            id: EventId::from_digest(hlc.time, content),
            hlc,
            actor: "hand-edit".to_owned(),
            session: None,
            fence: None,
            prev: None,
            sig: None,
            change,
        }
    }

    pub fn parse_line(line: &str) -> Result<Event, serde_json::Error> {
        serde_json::from_str(line)
    }

    /// The event as one line, with its newline.
    pub fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("events hold only strings, numbers and tables");
        line.push('\n');
        line
    }
}

#[cfg(test)]
impl Event {
    /// One person's events `e0`, `e1` and so on, a millisecond apart.
    pub fn sequence(changes: Vec<Change>) -> Vec<Event> {
        let event = |(number, change): (usize, Change)| Event {
            id: EventId::from_name(&format!("e{number}")),
            hlc: Hlc { time: Timestamp::from_millis(number as u64), ..Hlc::default() },
            actor: "ana".into(),
            session: None,
            fence: None,
            prev: None,
            sig: None,
            change,
        };
        changes.into_iter().enumerate().map(event).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_change_is_listed() {
        let source = include_str!("event.rs").split("pub enum Change {").nth(1).unwrap();
        let lines = source.lines().take_while(|line| *line != "}").filter_map(|line| line.strip_prefix("    "));
        let names = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
        let words = names.map(|line| {
            let name: String = line.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
            name.chars().fold(String::new(), |word, c| match c.is_ascii_uppercase() && !word.is_empty() {
                true => format!("{word}-{}", c.to_ascii_lowercase()),
                false => format!("{word}{}", c.to_ascii_lowercase()),
            })
        });
        assert_eq!(words.collect::<Vec<_>>(), Change::KINDS);
    }

    #[test]
    fn an_event_survives_its_own_line() {
        let event = Event {
            id: EventId::new(Timestamp::from_millis(1), "abc"),
            hlc: Hlc::default(),
            actor: "ana <ana@mill>".into(),
            session: None,
            fence: Some(3),
            prev: None,
            sig: None,
            change: Change::Moved {
                from: Status::Running,
                to: Status::Waiting,
                reason: Some(Reason::GateFailed),
                note: Some("two\nlines".into()),
            },
        };
        let line = event.to_line();
        assert_eq!(line.lines().count(), 1);
        assert_eq!(Event::parse_line(&line).unwrap(), event);
    }

    #[test]
    fn an_event_of_a_newer_version_is_read_as_unknown() {
        let line = r#"{"id":"e","hlc":"1970-01-01T00:00:00.001Z/00000","actor":"a","op":"teleported","to":{"x":[1]}}"#;
        assert_eq!(Event::parse_line(line).unwrap().change, Change::Unknown);
    }

    #[test]
    fn a_created_event_names_its_fields_at_the_top() {
        let change = Change::Created { draft: Draft { title: "x".into(), ..Draft::default() } };
        let json = serde_json::to_string(&change).unwrap();
        assert_eq!(json, r#"{"op":"created","title":"x","priority":"normal","risk":"blocking"}"#);
    }

    #[test]
    fn a_number_is_the_same_after_it_was_written() {
        let line = r#"{"id":"e","hlc":"2026-01-01T00:00:00Z/0","actor":"a","op":"imported","fields":{"n":NUMBER}}"#;
        for number in ["0.1", "6666666666666666666666666.5e225", "123456789012345678901234567890.25", "-0.0"] {
            let event = Event::parse_line(&line.replace("NUMBER", number)).unwrap();
            assert_eq!(Event::parse_line(&event.to_line()).unwrap(), event, "{number}");
        }
    }
}
