//! Listens to one agent: tells its events on, keeps them, and ends the run where going on makes no sense.

use super::words::Words;
use crate::agent::{Account, AgentEvent, Cause, Heard, Reader};
use crate::model::run::Outcome;
use crate::model::text::escape_line;
use crate::model::{EventId, Timestamp};
use crate::process::{Line, Listener, Pulse, Talk};
use crate::run::event::{Reporter, RunEventKind};
use crate::run::inbox::Inbox;
use std::time::Duration;

/// How often the inbox is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Why a run was ended before the agent was through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub outcome: Outcome,
    pub detail: String,
    pub until: Option<Timestamp>,
}

/// What a limit says about a run so far.
pub type Check<'a> = Box<dyn Fn(&Account) -> Option<Stop> + 'a>;
/// Told once, when the conversation has a name.
pub type OnSession<'a> = Box<dyn FnMut(&Account) + 'a>;

pub struct Follow<'a> {
    pub reader: Reader,
    pub reporter: &'a Reporter,
    pub inbox: Inbox<'a>,
    /// What a person said meanwhile and the agent was told.
    pub heard: Vec<EventId>,
    pub verdict: Option<Stop>,
    /// Called once, when the conversation has a name.
    pub on_session: OnSession<'a>,
    /// What a limit says about the run so far.
    pub check: Check<'a>,
    /// What it says.
    pub words: Words,
    /// The program reads what is said to it.
    pub stdin_is_open: bool,
    /// A pause of the service that is longer is not waited for.
    pub longest_pause: Duration,
    pub now: Box<dyn Fn() -> Timestamp + 'a>,
    session_is_known: bool,
}

impl<'a> Follow<'a> {
    pub fn new(reader: Reader, reporter: &'a Reporter, inbox: Inbox<'a>) -> Follow<'a> {
        Follow {
            reader,
            reporter,
            inbox,
            heard: Vec::new(),
            verdict: None,
            on_session: Box::new(|_| {}),
            check: Box::new(|_| None),
            words: Words::new(false, super::words::LAST),
            stdin_is_open: false,
            longest_pause: Duration::MAX,
            now: Box::new(Timestamp::default),
            session_is_known: false,
        }
    }

    /// The program has ended: what the protocol makes of that, and what is left in the inbox.
    pub fn end(&mut self, exit: Option<i32>) {
        self.take_inbox();
        let heard = self.reader.end(exit);
        self.take(heard, &mut Talk::default());
        self.inbox.flush();
    }

    fn take(&mut self, heard: Heard, talk: &mut Talk) {
        for line in &heard.send {
            talk.say(line);
        }
        if heard.hang_up {
            talk.hang_up();
        }
        for event in &heard.events {
            self.inbox.keep(event, (self.now)());
            self.words.note(event);
            self.tell(event);
            self.consider(event);
        }
        if !self.session_is_known && self.reader.account.session.is_some() {
            self.session_is_known = true;
            (self.on_session)(&self.reader.account);
        }
        self.check_limits(talk);
    }

    /// In the middle of a tool call work could be cut in two: its end is soon enough.
    fn check_limits(&mut self, talk: &mut Talk) {
        // Some tell what they used with their last word: the work is done, and the next try will be checked.
        let is_done = self.reader.account.finished.as_ref().is_some_and(|last| last.ok);
        if talk.is_overfull() {
            let detail = "it does not read what it is told".to_owned();
            self.verdict = self.verdict.take().or(Some(Stop { outcome: Outcome::Failed, detail, until: None }));
        }
        if self.verdict.is_none() && !is_done && self.reader.pulse() == Pulse::Between {
            self.verdict = (self.check)(&self.reader.account);
        }
        if self.verdict.is_some() {
            talk.end();
        }
    }

    fn tell(&self, event: &AgentEvent) {
        let summary = event.summary();
        if !summary.is_empty() {
            let summary = self.inbox.redactor.redact(&summary);
            let first: String = summary.chars().take(300).collect();
            self.reporter.tell(RunEventKind::Agent { line: escape_line(&first).into_owned() });
        }
    }

    /// Whether it makes sense to go on.
    fn consider(&mut self, event: &AgentEvent) {
        let verdict = |outcome, text: &str, until| Some(Stop { outcome, detail: text.to_owned(), until });
        let end = match event {
            // Agents try a refused log-in again and again.
            AgentEvent::Retry { cause: Cause::Authentication, text, .. } => {
                verdict(Outcome::Authentication, text, None)
            }
            AgentEvent::Retry { cause: Cause::RateLimit, wait_ms: Some(wait), text, .. }
                if Duration::from_millis(*wait) > self.longest_pause =>
            {
                let until = (self.now)().after(Duration::from_millis(*wait));
                verdict(Outcome::RateLimited, text, Some(until))
            }
            AgentEvent::RateLimit { until: Some(until), text } if until.since((self.now)()) > self.longest_pause => {
                verdict(Outcome::RateLimited, text, Some(*until))
            }
            _ => None,
        };
        self.verdict = self.verdict.take().or(end);
    }

    fn take_inbox(&mut self) {
        for event in self.inbox.take() {
            self.reader.account.note(&event);
            self.inbox.keep(&event, (self.now)());
            self.tell(&event);
        }
    }
}

impl Listener for Follow<'_> {
    fn begin(&mut self, talk: &mut Talk) {
        let heard = self.reader.begin();
        self.take(heard, talk);
    }

    fn hear(&mut self, line: Line<'_>, talk: &mut Talk) -> Pulse {
        let heard = self.reader.read(&line);
        self.take(heard, talk);
        self.reader.pulse()
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(LOOK)
    }

    fn tick(&mut self, talk: &mut Talk) {
        self.take_inbox();
        self.inbox.flush();
        self.check_limits(talk);
        if !self.stdin_is_open || !self.reader.listens() {
            return;
        }
        for (said, text) in self.inbox.said() {
            let Some(heard) = self.reader.say(&text) else { break };
            self.inbox.forget(&said);
            self.heard.push(said);
            self.take(heard, talk);
        }
    }
}
