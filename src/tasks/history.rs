//! The history of one task, from its events alone: who, when, what.

use crate::model::run::BASELINE;
use crate::model::text::count;
use crate::model::{Change, Event, EventId, Hlc, ProposalEnd, Warrant};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub at: Hlc,
    pub actor: String,
    /// One line, in the past tense.
    pub what: String,
    /// The diff of a changed text, or the lines of a note.
    pub detail: Option<String>,
}

/// In fold order, each event once.
pub fn history(mut events: Vec<Event>) -> Vec<Entry> {
    events.sort_by(|a, b| (a.hlc, &a.id).cmp(&(b.hlc, &b.id)));
    events.dedup_by(|a, b| a.id == b.id);
    let runs = Runs::of(&events);
    events.into_iter().map(|event| entry(event, &runs)).collect()
}

fn entry(event: Event, runs: &Runs) -> Entry {
    let (what, detail) = describe(&event.change, runs);
    Entry { at: event.hlc, actor: event.actor, what, detail }
}

/// What runs were for, and who did them.
#[derive(Default)]
struct Runs {
    agents: BTreeMap<EventId, String>,
    matters: BTreeMap<EventId, String>,
}

impl Runs {
    fn of(events: &[Event]) -> Runs {
        let mut runs = Runs::default();
        for event in events {
            match &event.change {
                Change::RunStarted { run, phase, agent, .. } => {
                    runs.agents.insert(run.clone(), agent.clone());
                    runs.matters.entry(run.clone()).or_insert_with(|| phase.clone());
                }
                Change::StepStarted { step, run } => {
                    runs.matters.insert(run.clone(), format!("step {step}"));
                }
                _ => {}
            }
        }
        runs
    }

    /// ` for step S1`, or nothing where the events do not tell.
    fn matter(&self, run: &EventId) -> String {
        self.matters.get(run).map(|matter| format!(" for {matter}")).unwrap_or_default()
    }

    /// ` by claude`, in the same way.
    fn author(&self, run: Option<&EventId>) -> String {
        run.and_then(|run| self.agents.get(run)).map(|agent| format!(" by {agent}")).unwrap_or_default()
    }
}

fn describe(change: &Change, runs: &Runs) -> (String, Option<String>) {
    let short = |text: &str| text.chars().take(10).collect::<String>();
    let because = |note: &Option<String>| note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    let plain = |what: String| (what, None);
    match change {
        Change::Created { draft } => plain(format!("created \"{}\"", draft.title)),
        Change::Set { field, from, to } => {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
            plain(format!("changed {field} from {} to {}", value(from), value(to)))
        }
        Change::Added { field, value } => plain(format!("added {value} to {field}")),
        Change::Removed { field, value, .. } => plain(format!("removed {value} from {field}")),
        Change::Text { file, from, diff, .. } => {
            let verb = if from.is_some() { "changed" } else { "wrote" };
            (format!("{verb} the {}", file.word()), Some(diff.clone()))
        }
        Change::TextSeen { file, .. } => plain(format!("went on from the merged {}", file.word())),
        Change::Moved { to, reason, note, .. } => {
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            let (first, rest) = note
                .as_deref()
                .map_or(("", None), |note| note.split_once('\n').map_or((note, None), |(a, b)| (a, Some(b))));
            let first = if first.is_empty() { String::new() } else { format!(" ({first})") };
            (format!("moved to {to}{reason}{first}"), rest.map(str::to_owned))
        }
        Change::Claimed { claim, host, branch, .. } => {
            plain(format!("claimed it on {host} (fence {claim}, branch {branch})"))
        }
        Change::ClaimLost { host, why, commit, .. } => {
            let kept = commit.as_deref().map(|commit| format!("; its work is kept: {}", short(commit)));
            plain(format!("lost the claim made on {host}: {why}{}", kept.unwrap_or_default()))
        }
        Change::Released { why, .. } => plain(format!("released the claim: {why}")),
        Change::Approved { policy: true, .. } => plain("approved the plan by policy".to_owned()),
        Change::Approved { warrant: Some(Warrant::Merge { by, commit }), .. } => {
            plain(format!("found the plan approved by {by}, who merged it in {}", short(commit)))
        }
        Change::Approved { warrant: Some(Warrant::Signature { by, .. }), .. } => {
            plain(format!("brought the plan with the signature of {by}"))
        }
        Change::Approved { note, .. } => plain(format!("approved the plan{}", because(note))),
        Change::Rejected { note, .. } => plain(format!("rejected it{}", because(note))),
        Change::Proposed { branch, commit, .. } => plain(format!("proposed the plan on {branch} ({})", short(commit))),
        Change::ProposalEnded { how: ProposalEnd::Merged, by, commit, .. } => {
            let by = by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
            let commit = commit.as_deref().map(|commit| format!(" in {}", short(commit))).unwrap_or_default();
            plain(format!("saw the proposed plan merged{by}{commit}"))
        }
        Change::ProposalEnded { how: ProposalEnd::Closed, .. } => {
            plain("saw the branch of the proposed plan deleted without a merge".to_owned())
        }
        Change::ProposalEnded { how: ProposalEnd::Withdrawn, .. } => plain("withdrew the proposed plan".to_owned()),
        Change::StepStarted { step, .. } => plain(format!("started step {step}")),
        Change::StepDone { step, commit: Some(commit), .. } => {
            plain(format!("finished step {step} in commit {}", short(commit)))
        }
        Change::StepDone { step, commit: None, .. } => plain(format!("finished step {step}")),
        Change::StepReset { step, why } => plain(format!("reset step {step}: {why}")),
        Change::RunStarted { phase, agent, role, .. } => {
            let role = role.as_ref().map(|role| format!(" as {role}")).unwrap_or_default();
            plain(format!("ran {agent} for {phase}{role}"))
        }
        Change::RunEnded { run, outcome, but, .. } => {
            let but = but.as_ref().map(|but| format!(", but {but}")).unwrap_or_default();
            plain(format!("the run{} ended: {outcome}{but}", runs.matter(run)))
        }
        Change::MessagesDelivered { messages, .. } => {
            plain(format!("told the agent {}", count(messages.len(), "message")))
        }
        Change::Gated { gate, verdict, tree, clean, step, .. } => {
            let place = if *clean { ", clean checkout" } else { "" };
            let when = if step.as_deref() == Some(BASELINE) { " before the work" } else { "" };
            plain(format!("gate {verdict}{when}: {gate} (tree {}{place})", short(tree)))
        }
        Change::PhaseDone { phase } => plain(format!("finished a round of {phase}")),
        Change::Reviewed { run, tree, review, .. } => {
            let text = review.to_text();
            let rest = text.split_once('\n').map(|(_, rest)| rest.trim().to_owned()).filter(|rest| !rest.is_empty());
            let by = runs.author(run.as_ref());
            (format!("review{by}: {} (tree {})", review.in_short(), short(tree)), rest)
        }
        Change::ReviewWaived { tree } => {
            plain(format!("wants it merged whatever a reviewer says (tree {})", short(tree)))
        }
        Change::Delivering { target, commit, .. } => plain(format!("is moving {target} to {}", short(commit))),
        Change::Delivered { target, commit } => plain(format!("merged into {target} as {}", short(commit))),
        Change::Paused => plain("paused it".to_owned()),
        Change::Resumed => plain("resumed it".to_owned()),
        Change::Parked { until, why } => plain(format!("parked it until {}: {why}", until.readable())),
        Change::Noted { text } => match text.lines().count() {
            0 | 1 => plain(format!("noted: {text}")),
            lines => (format!("noted {}", count(lines, "line")), Some(text.clone())),
        },
        Change::Said { text } => match text.lines().count() {
            0 | 1 => plain(format!("said to the agent: {text}")),
            lines => (format!("said {} to the agent", count(lines, "line")), Some(text.clone())),
        },
        Change::TextImported { file, .. } => plain(format!("took the {} over from the imported file", file.word())),
        Change::Imported { fields, discarded } => {
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            let lost = if discarded.is_empty() {
                String::new()
            } else {
                format!("; not taken over: {}", discarded.join(", "))
            };
            plain(format!("edited the record by hand ({}){lost}", names.join(", ")))
        }
        Change::Settled { conflicts } => plain(format!("settled {}", count(conflicts.len(), "conflict"))),
        Change::Unknown => plain("did something that a newer aifactory knows".to_owned()),
    }
}
