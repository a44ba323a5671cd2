//! What the events of one run say together.

use super::event::{AgentEvent, Cause, Scope};
use crate::model::handoff::Handoff;
use crate::model::note::{Learnt, MOST_FILES, NoteKind};
use crate::model::{EventId, Timestamp, Usage};
use std::collections::BTreeSet;

/// A run that talks more than this is not recorded in full.
const MOST_MESSAGES: usize = 100;
const MOST_LEARNT: usize = 20;
const MOST_DENIED: usize = 100;
const MOST_CHOICES: usize = 20;
/// Letters of one text of the agent's that go onto the record; the transcript has all of it.
const LONGEST_TEXT: usize = 4_000;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub session: Option<String>,
    pub model: Option<String>,
    pub version: Option<String>,
    /// The agent's last word about its last turn.
    pub finished: Option<LastWord>,
    /// The last thing that went wrong, unless the agent went on well after it.
    pub trouble: Option<(Cause, String)>,
    pub rate_limit: Option<RateLimit>,
    pub question: Option<Asked>,
    /// What the agent was not allowed to do, each once.
    pub denied: BTreeSet<String>,
    /// Tools and texts: whether the agent did anything at all.
    pub deeds: u64,
    pub retries: u64,
    /// What it wants others to know.
    pub messages: Vec<Note>,
    /// What it wants later tasks to know.
    pub learnt: Vec<Learnt>,
    /// The last thing it said.
    pub said: String,
    calls: Usage,
    run: Usage,
    total: Usage,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastWord {
    pub ok: bool,
    pub cause: Option<Cause>,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    pub until: Option<Timestamp>,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub to: Option<String>,
    pub kind: Option<String>,
    pub reply_to: Option<EventId>,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub text: String,
    pub choices: Vec<String>,
}

impl Account {
    pub fn note(&mut self, event: &AgentEvent) {
        match event {
            AgentEvent::SessionStarted { session, model, version } => {
                self.session = Some(session.clone());
                self.model = model.clone().or(self.model.take());
                self.version = version.clone().or(self.version.take());
            }
            AgentEvent::Text { text } => {
                self.deeds += 1;
                if !text.trim().is_empty() {
                    self.said.clone_from(text);
                }
                self.go_on();
            }
            AgentEvent::ToolStarted { .. } | AgentEvent::FileTouched { .. } => {
                self.deeds += 1;
                self.go_on();
            }
            AgentEvent::Used { usage, scope: Scope::Call } => self.calls = self.calls.plus(usage),
            AgentEvent::Used { usage, scope: Scope::Run } => self.run = usage.or(&self.run),
            AgentEvent::Used { usage, scope: Scope::Session } => self.total = usage.or(&self.total),
            AgentEvent::RateLimit { until, text } => {
                self.rate_limit = Some(RateLimit { until: *until, text: short(text) });
            }
            AgentEvent::PermissionAsked { tool, summary, allowed: false } if self.denied.len() < MOST_DENIED => {
                self.denied.insert(short(format!("{tool} {summary}").trim()));
            }
            AgentEvent::Question { text, choices } => {
                let choices = choices.iter().take(MOST_CHOICES).map(|choice| short(choice)).collect();
                self.question = Some(Asked { text: short(text), choices });
            }
            AgentEvent::Retry { cause, text, .. } => {
                self.retries += 1;
                self.trouble = Some((*cause, short(text)));
            }
            AgentEvent::Error { cause, text } => self.trouble = Some((*cause, short(text))),
            AgentEvent::Finished { ok, cause, text } => {
                self.finished = Some(LastWord { ok: *ok, cause: *cause, text: short(text) });
                if *ok {
                    self.go_on();
                }
            }
            AgentEvent::Message { to, kind, reply_to, text } if self.messages.len() < MOST_MESSAGES => {
                let reply_to = reply_to.as_deref().and_then(EventId::parse);
                let text = message_text(kind.as_deref(), text);
                self.messages.push(Note { to: to.clone(), kind: kind.clone(), reply_to, text });
            }
            AgentEvent::Learned { kind, text, files } if self.learnt.len() < MOST_LEARNT => {
                let kind = NoteKind::parse(kind).unwrap_or(NoteKind::Learning);
                let files = files.iter().take(MOST_FILES).cloned().collect();
                self.learnt.push(Learnt { kind, text: short(text), files });
            }
            AgentEvent::Message { .. }
            | AgentEvent::Learned { .. }
            | AgentEvent::Thought { .. }
            | AgentEvent::ToolEnded { .. }
            | AgentEvent::PermissionAsked { .. }
            | AgentEvent::Complaint { .. }
            | AgentEvent::Unknown { .. } => {}
        }
    }

    /// The model answered: what was wrong before is over.
    fn go_on(&mut self) {
        self.trouble = None;
        self.rate_limit = None;
    }

    /// What this run used. `before` is the conversation's total when the run began; without it, a total that the agent
    /// counts over several runs says nothing about this one.
    pub fn usage(&self, before: Option<&Usage>) -> Usage {
        let of_total = before.map(|before| self.total.since(before)).unwrap_or_default();
        self.run.or(&of_total).or(&self.calls)
    }

    /// The conversation's total, where the agent counts one.
    pub fn total(&self) -> Option<Usage> {
        (!self.total.is_unknown()).then(|| self.total.clone())
    }
}

/// A handoff is bounded by its own rules; every other message is cut.
fn message_text(kind: Option<&str>, text: &str) -> String {
    let handoff = kind.filter(|kind| *kind == "handoff").and_then(|_| Handoff::parse(text));
    handoff.map_or_else(|| short(text), |handoff| handoff.to_text())
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((at, _)) => format!("{} [cut here]", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(input: u64, scope: Scope) -> AgentEvent {
        AgentEvent::Used { usage: Usage { input_tokens: Some(input), ..Usage::default() }, scope }
    }

    fn account(events: &[AgentEvent]) -> Account {
        let mut account = Account::default();
        events.iter().for_each(|event| account.note(event));
        account
    }

    #[test]
    fn calls_add_up_and_totals_replace_each_other() {
        let input = |events: &[AgentEvent], before: Option<u64>| {
            let before = before.map(|input| Usage { input_tokens: Some(input), ..Usage::default() });
            account(events).usage(before.as_ref()).input_tokens
        };
        assert_eq!(input(&[used(10, Scope::Call), used(5, Scope::Call)], None), Some(15));
        assert_eq!(input(&[used(10, Scope::Run), used(15, Scope::Run)], None), Some(15));
        assert_eq!(input(&[used(6100, Scope::Session)], Some(3700)), Some(2400));
        assert_eq!(input(&[used(6100, Scope::Session)], None), None);
        assert_eq!(input(&[], Some(1)), Some(0).filter(|_| false));
    }

    #[test]
    fn so_much_of_what_a_run_teaches_is_kept_and_a_handoff_is_kept_whole() {
        let learned =
            AgentEvent::Learned { kind: "hunch".into(), text: "x".repeat(9_000), files: vec!["a".into(); 60] };
        let learnt = account(&vec![learned; 30]).learnt;
        let first = &learnt[0];
        assert_eq!((learnt.len(), first.kind, first.files.len()), (20, NoteKind::Learning, 50));
        assert!(first.text.ends_with("[cut here]"));
        let text = format!("## Summary\n\n{}\n\n## Files\n\n- a.rs\n", "word ".repeat(900).trim());
        let handoff = AgentEvent::Message { to: None, kind: Some("handoff".into()), reply_to: None, text };
        assert!(account(&[handoff]).messages[0].text.ends_with("[cut here]\n\n## Files\n\n- a.rs\n"));
    }

    #[test]
    fn trouble_that_was_overcome_is_no_trouble() {
        let retry =
            AgentEvent::Retry { attempt: 1, most: None, wait_ms: None, cause: Cause::RateLimit, text: "429".into() };
        assert!(account(std::slice::from_ref(&retry)).trouble.is_some());
        let account = account(&[retry, AgentEvent::text("here I am")]);
        assert_eq!((account.trouble, account.retries), (None, 1));
    }
}
