//! How a run went, from the agent's events, the way its program ended and what it left in the worktree.
//!
//! No single one of them is believed. Agents exit 0 after total failure and call an error a success; an exit code may be
//! an HTTP status modulo 256; a stream that was cut off ends in "done" with no file.

use super::account::Account;
use super::event::Cause;
use crate::model::Timestamp;
use crate::model::run::Outcome;
use crate::process::Ending;

/// How the run went, and what to tell people about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub outcome: Outcome,
    pub detail: Option<String>,
    /// When a rate limit is over, where somebody said so.
    pub until: Option<Timestamp>,
}

/// What is known besides the events.
pub struct Facts<'a> {
    pub agent: &'a str,
    pub ending: &'a Ending,
    /// The protocol has a last event, so its absence says something.
    pub says_when_finished: bool,
    /// There is something that was not there before: in the worktree, or, where words are wanted, said.
    pub left_work: bool,
    /// What it did where there is not.
    pub nothing: &'a str,
    /// The end of what the program printed, for messages.
    pub last_words: &'a str,
}

pub fn judge(account: &Account, facts: &Facts<'_>) -> Judgement {
    let agent = facts.agent;
    let plain = |outcome: Outcome, detail: Option<String>| Judgement { outcome, detail, until: None };
    let with_words = |what: String| match facts.last_words.is_empty() {
        true => what,
        false => format!("{what}\n{}", facts.last_words),
    };
    match facts.ending {
        Ending::Stopped => return plain(Outcome::Stopped, None),
        Ending::TimedOut => return plain(Outcome::TimedOut, Some(facts.last_words.to_owned())),
        Ending::Stalled { .. } => return plain(Outcome::Stalled, Some(stalled_on(account, facts))),
        Ending::GuardianLost => return plain(Outcome::Interrupted, Some("its guardian was killed".to_owned())),
        Ending::CouldNotStart(why) => {
            return plain(Outcome::Failed, Some(format!("{agent} could not be started: {why}")));
        }
        Ending::Exited(_) | Ending::Signalled(_) | Ending::Dismissed => {}
    }
    if let Some(judgement) = failed_by_its_own_word(account, facts) {
        return judgement;
    }
    match facts.ending {
        Ending::Signalled(signal) => plain(Outcome::Failed, Some(format!("{agent} was ended by signal {signal}"))),
        Ending::Exited(code) if *code != 0 => {
            plain(Outcome::Failed, Some(with_words(format!("{agent} exited with {code}"))))
        }
        _ if facts.says_when_finished && account.finished.is_none() => {
            plain(Outcome::Failed, Some(with_words(format!("{agent} ended without its last event"))))
        }
        _ if !facts.left_work => plain(Outcome::NoWork, Some(no_work(account, facts))),
        _ => plain(Outcome::Succeeded, denied(account)),
    }
}

/// The agent said, in whatever way it has, that it did not get through.
fn failed_by_its_own_word(account: &Account, facts: &Facts<'_>) -> Option<Judgement> {
    let agent = facts.agent;
    let ended_well = matches!(facts.ending, Ending::Exited(0) | Ending::Dismissed);
    let last = account.finished.as_ref();
    let (cause, text) = match (last, &account.trouble) {
        (Some(last), _) if last.ok && ended_well => return None,
        (Some(last), trouble) if !last.ok => {
            let trouble = trouble.as_ref();
            let cause = last.cause.filter(|cause| *cause != Cause::Other).or(trouble.map(|(cause, _)| *cause));
            let text = Some(last.text.clone()).filter(|text| !text.is_empty());
            (cause.unwrap_or(Cause::Other), text.or(trouble.map(|(_, text)| text.clone())).unwrap_or_default())
        }
        (_, Some((cause, text))) => (*cause, text.clone()),
        _ => return None,
    };
    let until = account.rate_limit.as_ref().and_then(|limit| limit.until);
    let said = if text.is_empty() { facts.last_words.to_owned() } else { text };
    let outcome = match cause {
        Cause::RateLimit => Outcome::RateLimited,
        Cause::Authentication => Outcome::Authentication,
        Cause::Budget => Outcome::Budget,
        Cause::Server | Cause::Network | Cause::Request | Cause::Aborted | Cause::Other => Outcome::Failed,
    };
    Some(Judgement { outcome, detail: Some(format!("{agent}: {said}")), until })
}

fn stalled_on(account: &Account, facts: &Facts<'_>) -> String {
    match &account.trouble {
        Some((_, text)) => format!("{}: {text}", facts.agent),
        None => facts.last_words.to_owned(),
    }
}

fn no_work(account: &Account, facts: &Facts<'_>) -> String {
    let ended = format!("{} ended well and {}", facts.agent, facts.nothing);
    match denied(account) {
        Some(denied) => format!("{ended}; {denied}"),
        None => ended,
    }
}

fn denied(account: &Account) -> Option<String> {
    let denied: Vec<&str> = account.denied.iter().map(String::as_str).collect();
    (!denied.is_empty()).then(|| format!("it was not allowed: {}", denied.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::AgentEvent;

    fn judged(events: &[AgentEvent], ending: Ending, left_work: bool) -> (Outcome, String) {
        let mut account = Account::default();
        events.iter().for_each(|event| account.note(event));
        let facts = Facts {
            agent: "x",
            ending: &ending,
            says_when_finished: true,
            left_work,
            nothing: "changed nothing",
            last_words: "last words",
        };
        let judgement = judge(&account, &facts);
        (judgement.outcome, judgement.detail.unwrap_or_default())
    }

    fn finished(ok: bool, cause: Option<Cause>) -> AgentEvent {
        AgentEvent::Finished { ok, cause, text: if ok { String::new() } else { "it broke".into() } }
    }

    #[test]
    fn success_needs_the_last_event_the_exit_code_and_work() {
        let well = finished(true, None);
        let outcome = |events: &[AgentEvent], code, work| judged(events, Ending::Exited(code), work).0;
        assert_eq!(outcome(std::slice::from_ref(&well), 0, true), Outcome::Succeeded);
        assert_eq!(outcome(std::slice::from_ref(&well), 0, false), Outcome::NoWork);
        assert_eq!(outcome(&[well], 3, true), Outcome::Failed);
        assert_eq!(outcome(&[], 0, true), Outcome::Failed);
        assert_eq!(outcome(&[finished(false, None)], 0, true), Outcome::Failed);
        let dismissed = |events: &[AgentEvent]| judged(events, Ending::Dismissed, true).0;
        assert_eq!(dismissed(&[finished(true, None)]), Outcome::Succeeded);
        assert_eq!(dismissed(&[]), Outcome::Failed);
    }

    #[test]
    fn the_cause_decides_what_kind_of_failure_it_is() {
        for (cause, outcome) in [
            (Cause::RateLimit, Outcome::RateLimited),
            (Cause::Authentication, Outcome::Authentication),
            (Cause::Budget, Outcome::Budget),
            (Cause::Server, Outcome::Failed),
        ] {
            let (judged_outcome, detail) = judged(&[finished(false, Some(cause))], Ending::Exited(1), true);
            assert_eq!((judged_outcome, detail.as_str()), (outcome, "x: it broke"));
            let trouble = AgentEvent::Error { cause, text: "it broke".into() };
            assert_eq!(judged(&[trouble], Ending::Exited(1), true).0, outcome);
        }
    }

    #[test]
    fn trouble_before_a_good_end_is_forgotten_and_before_a_bad_one_explains_it() {
        let trouble = AgentEvent::Error { cause: Cause::Authentication, text: "401".into() };
        assert_eq!(judged(&[trouble.clone(), finished(true, None)], Ending::Exited(0), true).0, Outcome::Succeeded);
        let ended = judged(&[trouble, finished(false, Some(Cause::Other))], Ending::Exited(0), false);
        assert_eq!(ended, (Outcome::Authentication, "x: it broke".into()));
    }

    #[test]
    fn what_was_denied_is_said_also_when_all_went_well() {
        let asked = AgentEvent::PermissionAsked { tool: "Bash".into(), summary: "make".into(), allowed: false };
        let (outcome, detail) = judged(&[asked.clone(), finished(true, None)], Ending::Exited(0), true);
        assert_eq!((outcome, detail.as_str()), (Outcome::Succeeded, "it was not allowed: Bash make"));
        let (outcome, detail) = judged(&[asked, finished(true, None)], Ending::Exited(0), false);
        assert_eq!(outcome, Outcome::NoWork);
        assert!(detail.contains("Bash make"), "{detail}");
    }
}
