//! Whether an agent goes on with an earlier conversation, or begins a new one with a recap of what happened before.

use super::Worker;
use super::aim::{Aim, Goal};
use super::pursuit::Try;
use crate::agent::{Account, Agent, AgentEvent};
use crate::error::Result;
use crate::host::files;
use crate::model::Usage;
use crate::model::run::{Outcome, RunRecord};
use crate::model::text::tail;
use crate::run::event::RunEventKind;
use crate::run::inbox::{EVENTS, Kept, RUN_FOLDER_VARIABLE};
use crate::workflow::Answer;
use std::ffi::OsString;
use std::path::Path;

/// Earlier runs that a recap tells about.
const MOST_TOLD: usize = 5;
/// Bytes of an earlier run's own words that are quoted.
const LONGEST_QUOTE: usize = 1_500;

/// How a try begins.
pub(super) enum Start {
    Fresh {
        recap: Option<String>,
    },
    Resumed {
        conversation: String,
        /// What the conversation had used before.
        total: Usage,
        why: &'static str,
    },
}

const NOTHING: Usage = Usage { input_tokens: None, cached_tokens: None, output_tokens: None, cost_micros: None };

impl Start {
    pub fn conversation(&self) -> Option<&str> {
        match self {
            Start::Resumed { conversation, .. } => Some(conversation),
            Start::Fresh { .. } => None,
        }
    }

    pub fn recap(&self) -> Option<String> {
        match self {
            Start::Fresh { recap } => recap.clone(),
            Start::Resumed { .. } => None,
        }
    }

    /// The conversation's usage when the try begins.
    pub fn total(&self) -> &Usage {
        match self {
            Start::Resumed { total, .. } => total,
            Start::Fresh { .. } => &NOTHING,
        }
    }
}

impl Worker<'_> {
    pub(super) fn start_of(
        &self,
        aim: &Aim<'_>,
        agent: &Agent,
        may_resume: bool,
        is_again: bool,
        passed_over: &[String],
    ) -> Result<Start> {
        let head = self.project.repository().head_of(aim.worktree)?.to_string();
        let mut runs = self.project.store.snapshot()?.runs(&self.task)?;
        // Fixes of what somebody found go on where the code was written. Any other role has to be told who it is.
        let is_fix =
            matches!(aim.goal, Goal::Change { .. }) && aim.values.get("input").is_some_and(|it| !it.is_empty());
        runs.retain(|run| match aim.key() {
            Some(key) => run.step.as_deref() == Some(key) || (is_fix && run.result.is_some()),
            None => run.phase == aim.phase && run.step.is_none(),
        });
        let host = self.project.host.name();
        let resumed = runs.last().filter(|_| may_resume && agent.can_resume()).and_then(|last| {
            let is_ours = last.agent == agent.name && last.host == host;
            let is_about_this = is_again || is_same_matter(aim.role.answers, last.base == head, last.outcome);
            let why = worth_resuming(last.outcome).filter(|_| is_ours && is_about_this)?;
            let conversation = last.conversation.clone()?;
            let same = |run: &&RunRecord| run.conversation.as_ref() == Some(&conversation);
            let total = runs.iter().rev().filter(same).find_map(|run| run.conversation_usage.clone());
            Some(Start::Resumed { total: total.unwrap_or_default(), conversation, why })
        });
        let recap = || match agent.may_vary {
            true => self.recap(&runs, passed_over),
            false => None,
        };
        Ok(resumed.unwrap_or_else(|| Start::Fresh { recap: recap() }))
    }

    /// What earlier tries of the step came to, for an agent that was not there.
    fn recap(&self, runs: &[RunRecord], passed_over: &[String]) -> Option<String> {
        if runs.is_empty() && passed_over.is_empty() {
            return None;
        }
        let mut recap = String::new();
        for run in runs.iter().rev().take(MOST_TOLD).rev() {
            let outcome = run.outcome.map_or("was cut off", Outcome::word);
            recap.push_str(&format!("- {} ({}): {outcome}\n", run.agent, run.started.readable()));
            let said = last_said(&self.project.store.local.run_folder(&run.id));
            for text in [run.detail.clone(), said].into_iter().flatten() {
                let text = tail(&text, 12, LONGEST_QUOTE);
                text.lines().for_each(|line| recap.push_str(&format!("  {line}\n")));
            }
        }
        for why in passed_over {
            recap.push_str(&format!("- {why}\n"));
        }
        recap.push_str("Work of earlier tries may be in the worktree: look at `git log` and `git status` first.\n");
        Some(recap)
    }

    /// The conversation is on the record as soon as it has a name: whatever happens next, it can be taken up again.
    pub(super) fn note_conversation(&self, current: &Try<'_>, account: &Account) {
        let mut record = self.run_record(current, None);
        record.conversation.clone_from(&account.session);
        record.version.clone_from(&account.version);
        record.model = account.model.clone().or(record.model);
        let recorded = self.record("conversation", |_, changes| {
            changes.run(&self.task, &record);
            Ok(())
        });
        if let Err(error) = recorded {
            self.reporter.tell(RunEventKind::Note { text: format!("the conversation is not on the record: {error}") });
        }
    }

    /// How the agent reaches its supervisor: the run folder by a variable, our own program by its name.
    pub(super) fn reach_us(&self, current: &Try<'_>, folder: &Path) -> Result<Vec<(OsString, OsString)>> {
        if current.agent.reader.is_runbook() {
            return Ok(Vec::new());
        }
        let programs = folder.join("bin");
        files::create_folder(&programs)?;
        let program = programs.join("aifactory");
        files::link(&self.bench.own_program, &program)?;
        let path = self.project.host.env.value("PATH").unwrap_or_default();
        let mut with_ours = programs.into_os_string();
        with_ours.push(":");
        with_ours.push(path);
        Ok(vec![
            ("PATH".into(), with_ours),
            // A login shell sets the PATH anew.
            ("AIFACTORY".into(), program.into_os_string()),
            (RUN_FOLDER_VARIABLE.into(), folder.as_os_str().to_owned()),
            ("AIFACTORY_RUN".into(), current.run.to_string().into()),
            ("AIFACTORY_AGENT".into(), current.agent.name.clone().into()),
        ])
    }
}

/// Whether an earlier run was about what is to be said now. Whoever judges has to be shown what there is to judge: a
/// conversation about other work, or one that came to its verdict, is not gone on with.
fn is_same_matter(answers: Answer, is_same_work: bool, outcome: Option<Outcome>) -> bool {
    match answers {
        Answer::Review => is_same_work && outcome != Some(Outcome::Succeeded),
        // What it was asked about is in no record.
        Answer::Findings => false,
        Answer::Spec | Answer::Plan | Answer::Notes | Answer::Change => true,
    }
}

/// Why the conversation of a run that ended so is gone on with; nothing where a new one is better.
fn worth_resuming(outcome: Option<Outcome>) -> Option<&'static str> {
    match outcome {
        // A crash that nobody has cleaned up after, or a run that was ended with its machine.
        None | Some(Outcome::Interrupted) => Some("You were interrupted: the program that started you died."),
        Some(Outcome::Stopped) => Some("A person stopped you, and lets you go on now."),
        Some(Outcome::RateLimited) => Some("The service you use had to pause, and works again."),
        Some(Outcome::NeedsPerson) => Some("You asked something; the answer is below."),
        Some(Outcome::Budget) => Some("A budget was used up; a person lets you go on."),
        Some(Outcome::Authentication) => Some("You were not logged in; you are now."),
        Some(Outcome::NoWork) => Some("So far you have changed nothing."),
        Some(Outcome::Succeeded) => Some("What you did was measured."),
        // It went wrong in a way that its own memory may be the cause of.
        Some(Outcome::Failed | Outcome::TimedOut | Outcome::Stalled | Outcome::Misbehaved) => None,
    }
}

/// The last thing an earlier run's agent said, as far as this machine knows.
fn last_said(folder: &Path) -> Option<String> {
    let text = files::load_end(&folder.join(EVENTS), 256 << 10).ok()?;
    text.lines().rev().find_map(|line| match serde_json::from_str::<Kept>(line).ok()?.event {
        AgentEvent::Text { text } if !text.trim().is_empty() => Some(text),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_judges_again_begins_anew_and_whoever_was_cut_off_goes_on() {
        let (over, cut) = (Some(Outcome::Succeeded), Some(Outcome::Interrupted));
        let same = |answers| {
            [(true, over), (false, over), (true, cut), (false, cut)]
                .map(|(is_same_work, outcome)| is_same_matter(answers, is_same_work, outcome))
        };
        assert_eq!(same(Answer::Review), [false, false, true, false]);
        assert_eq!(same(Answer::Findings), [false; 4]);
        assert_eq!(same(Answer::Plan), [true; 4]);
        assert_eq!(same(Answer::Change), [true; 4]);
    }
}
