//! An agent tries what a phase is for until it is reached, or until a person is needed.

use super::aim::{Aim, Goal};
use super::chain::{Chain, is_of_the_service};
use super::conversation::Start;
use super::phases::add_evidence;
use super::recovery::Tries;
use super::{Settled, Worker};
use crate::agent::{Agent, Job, Permission};
use crate::error::{Error, Kind, Result};
use crate::git::Oid;
use crate::model::message::{Message, MessageKind};
use crate::model::run::{Evidence, Outcome, RunRecord};
use crate::model::{Allowance, Change, EventId, Reason, Spent, Status, Timestamp};
use crate::run::attempt::{Attempt, AttemptResult, Wanted, make_folder};
use crate::run::environment::{Variables, agent_environment, overlaid};
use crate::run::event::RunEventKind;
use crate::run::words::{messages_of, remember};
use crate::store::{Changes, Snapshot};
use crate::workflow::{Library, Role};
use std::collections::BTreeSet;
use std::time::Duration;

/// Waits between failed attempts double up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// The role that takes over where others failed.
const RECOVERY: &str = "recovery";

/// One try, while it lasts.
pub(super) struct Try<'a> {
    pub aim: &'a Aim<'a>,
    /// Who the agent is this time.
    pub role: &'a Role,
    pub attempt: u64,
    /// No other try follows if this one does not get there.
    pub is_last: bool,
    pub agent: &'a Agent,
    pub permission: Permission,
    pub start: &'a Start,
    /// What the try may use, and all that ended runs have used of it.
    pub allowance: &'a Allowance,
    /// Runs of this process that are among them.
    pub recorded: &'a BTreeSet<EventId>,
    /// HEAD when the try began.
    pub base: Oid,
    /// The commit before the first try of this goal.
    pub begin: Oid,
    pub run: EventId,
    pub started: Timestamp,
}

/// What a try left and what was measured about it.
pub(super) struct Tried {
    pub result: AttemptResult,
    pub evidence: Vec<Evidence>,
    pub commit: Option<Oid>,
    /// What it does not have yet, though its agent got through.
    pub wanting: Option<(Reason, String)>,
}

/// Looks at what a try left, and says what is wanting.
pub(super) type Judge<'j> = dyn Fn(&Try<'_>, &mut Tried) -> Result<Option<(Reason, String)>> + 'j;
/// What goes onto the record with the try that got there.
pub(super) type Finish<'j> = dyn Fn(&Try<'_>, &Tried, &Snapshot<'_>, &mut Changes) -> Result<()> + 'j;

/// What follows from a try that did not pass.
enum Next {
    /// Once more, after a wait.
    Again(Duration),
    /// Once more, and it does not count: nothing was tried.
    Anew,
    Settled(Settled),
}

impl Worker<'_> {
    /// Tries until `judge` finds nothing wanting. Something if the task cannot go on by itself.
    pub(super) fn pursue(
        &self,
        aim: &Aim<'_>,
        environment: &impl Fn(&[String]) -> Variables,
        judge: &Judge<'_>,
        finish: &Finish<'_>,
    ) -> Result<Option<Settled>> {
        let mut chain = self.chain(aim)?;
        for why in &chain.passed_over {
            self.note(&format!("passed over {why}"))?;
        }
        let most = if chain.agent().may_vary { aim.most.max(1) } else { 1 };
        let before = self.attempts_before(aim)?;
        let begin = self.begin_of(aim)?;
        let mut feedback = self.first_feedback(aim)?;
        let (mut attempt, mut tries, mut may_resume) = (1, 0, true);
        let recovery = match aim.step() {
            Some(_) if chain.agent().may_vary => Some(Library::of(self.project)?.role(RECOVERY)?),
            _ => None,
        };
        let mut failures = Tries::default();
        while attempt <= most {
            self.check_stop()?;
            let agent = chain.agent().clone();
            let recorded = self.bench.ledger.recorded();
            let allowance = self.allowance()?;
            let started = self.project.host.now();
            let run = self.project.host.event_id(started);
            let others = self.bench.ledger.note(&run, &self.task, &Spent::default(), &recorded);
            // A runbook's scripts use nothing that a budget counts.
            if let Some(why) = allowance.check(&Spent::default(), &others).filter(|_| agent.may_vary) {
                return self.settle(Status::Waiting, Some(Reason::Budget), Some(why), |_| Ok(())).map(Some);
            }
            self.tidy(aim, &agent, begin)?;
            // The last of several begins with fresh eyes.
            let goes_on = may_resume && (attempt < most || most < 3 || aim.step().is_none());
            let start = self.start_of(aim, &agent, goes_on, attempt > 1, &chain.passed_over)?;
            let role = self.role_for_try(aim, &start, attempt, &recovery);
            let permission = self.permission(&self.current_task()?)?.min(aim.permission).min(role.permission);
            let base = self.project.repository().head_of(aim.worktree)?;
            tries += 1;
            let current = Try {
                aim,
                role,
                attempt: before + tries,
                is_last: attempt == most,
                agent: &agent,
                permission,
                start: &start,
                allowance: &allowance,
                recorded: &recorded,
                base,
                begin,
                run,
                started,
            };
            let mut tried = self.try_once(&current, environment(&[]), feedback.as_deref())?;
            if tried.result.outcome() == Outcome::Succeeded {
                tried.wanting = judge(&current, &mut tried)?;
                self.check_stop()?;
                if tried.wanting.is_none() {
                    self.record(&format!("{} done", aim.key().unwrap_or(aim.phase)), |snapshot, changes| {
                        self.record_run(&current, &tried, changes)?;
                        self.hand_over(&current, &tried, changes);
                        finish(&current, &tried, snapshot, changes)
                    })?;
                    self.bench.ledger.record(&current.run);
                    return Ok(None);
                }
            }
            if tried.result.outcome() == Outcome::Stopped {
                self.record("stopped", |_, changes| self.record_run(&current, &tried, changes))?;
                return Err(Error::new(Kind::Interrupted, "stopped"));
            }
            self.mind_budget(&current, &mut tried);
            // The conversation that was to be taken up is not there any more.
            let was_refused = matches!(start, Start::Resumed { .. })
                && tried.result.outcome() == Outcome::Failed
                && !is_of_the_service(&tried.result)
                && (tried.result.account.deeds, tried.result.account.retries) == (0, 0);
            may_resume = may_resume && !was_refused;
            let next = self.after(&current, &tried, &mut chain, was_refused)?;
            self.bench.ledger.record(&current.run);
            match next {
                Next::Settled(settled) => return Ok(Some(settled)),
                Next::Anew => {}
                Next::Again(wait) => {
                    attempt += 1;
                    if !wait.is_zero() {
                        self.pause_before_retry(wait)?;
                    }
                    let circle = self.note_failure(aim, &agent, &tried, begin, &mut failures)?;
                    let why = explain(&current, &tried).1;
                    feedback = Some(circle.map_or_else(|| why.clone(), |circle| format!("{why}\n\n{circle}")));
                }
            }
        }
        Err(Error::failed(format!("{} ran out of attempts", aim.in_words())))
    }

    /// Records a try that did not pass, and says how it goes on.
    fn after(&self, current: &Try<'_>, tried: &Tried, chain: &mut Chain, was_refused: bool) -> Result<Next> {
        let (reason, note) = explain(current, tried);
        let outcome = tried.result.outcome();
        let again = |why: &str| {
            self.record("try again", |_, changes| {
                self.record_run(current, tried, changes)?;
                self.reset(current.aim, why, changes);
                Ok(())
            })
        };
        if was_refused {
            again("its conversation could not be taken up")?;
            let text = format!("{} could not take up its conversation; it begins a new one", current.agent.name);
            self.reporter.tell(RunEventKind::Note { text });
            return Ok(Next::Anew);
        }
        if is_of_the_service(&tried.result) {
            let why = note.lines().next().unwrap_or_default().to_owned();
            if let Some(next) = chain.step_in(&why) {
                let text = format!("{} steps in: {why}", next.name);
                again(reason.word())?;
                self.note(&text)?;
                return Ok(Next::Anew);
            }
        }
        match outcome {
            Outcome::RateLimited => self.park(current, tried, &note).map(Next::Settled),
            Outcome::NeedsPerson => self.ask(current, tried).map(Next::Settled),
            Outcome::Misbehaved | Outcome::Authentication | Outcome::Budget => {
                self.give_up(current, tried, reason, note).map(Next::Settled)
            }
            _ if current.is_last => self.give_up(current, tried, reason, note).map(Next::Settled),
            Outcome::Succeeded => again(reason.word()).map(|()| Next::Again(Duration::ZERO)),
            _ => again(reason.word()).map(|()| Next::Again(self.wait_before(current.attempt))),
        }
    }

    fn attempts_before(&self, aim: &Aim<'_>) -> Result<u64> {
        let Some(step) = aim.step() else { return Ok(0) };
        Ok(self.current_task()?.steps.get(&step.id).map_or(0, |progress| progress.attempts))
    }

    /// A step that did not get there is to be done again; nothing else has progress of its own.
    fn reset(&self, aim: &Aim<'_>, why: &str, changes: &mut Changes) {
        if let Some(step) = aim.step() {
            changes.event(&self.task, Change::StepReset { step: step.id.clone(), why: why.to_owned() });
        }
    }

    fn give_up(&self, current: &Try<'_>, tried: &Tried, reason: Reason, note: String) -> Result<Settled> {
        self.settle(Status::Waiting, Some(reason), Some(note), |changes| {
            self.record_run(current, tried, changes)?;
            self.reset(current.aim, reason.word(), changes);
            Ok(())
        })
    }

    /// The agent asked something that only a person knows. The question is a message, too, for whoever looks there.
    fn ask(&self, current: &Try<'_>, tried: &Tried) -> Result<Settled> {
        let question = tried.result.detail.clone().unwrap_or_default();
        let message = self.message(MessageKind::Question, &current.agent.name, question.clone());
        self.settle(Status::Waiting, Some(Reason::Question), Some(question), |changes| {
            self.record_run(current, tried, changes)?;
            self.reset(current.aim, Reason::Question.word(), changes);
            changes.message(&message);
            Ok(())
        })
    }

    /// A message about the task, from an agent or a role.
    pub(super) fn message(&self, kind: MessageKind, from: &str, text: String) -> Message {
        let at = self.project.host.now();
        Message {
            id: self.project.host.event_id(at),
            kind,
            task: Some(self.task.clone()),
            from: from.to_owned(),
            to: None,
            reply_to: None,
            at,
            text,
        }
    }

    /// The service wants a pause: the task is ready again when it is over, on whatever machine takes it up.
    fn park(&self, current: &Try<'_>, tried: &Tried, note: &str) -> Result<Settled> {
        let until = self.pause_until(tried.result.until)?;
        let why = note.lines().next().unwrap_or_default().to_owned();
        self.park_until(until, &why, |changes| {
            self.record_run(current, tried, changes)?;
            self.reset(current.aim, "rate limited", changes);
            Ok(())
        })
    }

    /// When to try again: as the service says, or later with each time it said nothing. Tasks that were parked together
    /// do not come back together.
    fn pause_until(&self, said: Option<Timestamp>) -> Result<Timestamp> {
        let now = self.project.host.now();
        let runs = self.project.store.snapshot()?.runs(&self.task)?;
        let ended = runs.iter().rev().filter(|run| run.ended.is_some());
        let earlier = ended.take_while(|run| run.outcome == Some(Outcome::RateLimited)).count();
        let doublings = u32::try_from(earlier).unwrap_or(u32::MAX).min(6);
        let wait = match said.filter(|said| *said > now) {
            Some(said) => said.since(now),
            None => self.project.settings.duration("run.rate-limit-wait") * 2u32.pow(doublings),
        };
        let stagger = wait.min(Duration::from_secs(240)).mul_f64(self.project.host.random_fraction() / 4.0);
        Ok(now.after(wait.min(Duration::from_secs(24 * 3600)) + stagger))
    }

    /// Runs the agent, and commits what it left where that is what it was for.
    fn try_once(&self, current: &Try<'_>, environment: Variables, feedback: Option<&str>) -> Result<Tried> {
        let aim = current.aim;
        let folder = make_folder(self.project, &current.run)?;
        let tree_before = self.tree_before(current)?;
        let told = self.messages_for(current)?;
        self.announce(current, &told)?;
        let prompt = self.prompt(current, feedback, &told)?;
        let mut environment = environment;
        environment.extend(aim.step().map(|step| ("AIFACTORY_STEP".into(), step.id.as_str().into())));
        // Its credentials are the agent's alone: gates do not see them.
        let of_agent = agent_environment(self.project, current.agent, environment)?;
        let of_agent = overlaid(of_agent, self.reach_us(current, &folder)?);
        let attempt = Attempt {
            project: self.project,
            agent: current.agent,
            job: Job {
                prompt: &prompt,
                worktree: aim.worktree,
                run_folder: &folder,
                task: self.task.as_str(),
                title: &self.title,
                resume: current.start.conversation(),
                permission: current.permission,
                scripts: aim.step().map_or(&[], |step| &step.scripts),
                own_program: &self.bench.own_program,
            },
            run: &current.run,
            session: &self.session.id,
            environment: of_agent,
            branch: aim.branch,
            beside: self.beside.as_ref().map(|beside| beside.step.as_str()),
            wanted: aim.wanted(),
            timeout: self.project.settings.duration("run.timeout").min(current.role.timeout),
            base: current.base,
            begin: current.begin,
            tree_before,
            handle: self.bench.handle.clone(),
            stop: self.stop.clone(),
            reporter: &self.reporter,
            on_session: Some(Box::new(|account| self.note_conversation(current, account))),
            check: Some(Box::new(|account| self.check_budget(current, account))),
        };
        let mut result = attempt.run()?;
        if result.outcome() == Outcome::NoWork && aim.may_change_nothing() {
            result.outcome = Some(Outcome::Succeeded);
        }
        let mut commit = None;
        match aim.wanted() {
            Wanted::Words => self.undo_changes(current, tree_before)?,
            Wanted::Change if result.outcome() == Outcome::Succeeded => {
                let made = self.commit(current)?;
                result.commit = Some(made.to_string());
                commit = Some(made);
            }
            Wanted::Change => {}
        }
        Ok(Tried { result, evidence: Vec::new(), commit, wanting: None })
    }

    /// The files as they were before the first try of this goal: what an earlier try left uncommitted is work, too.
    fn tree_before(&self, current: &Try<'_>) -> Result<Oid> {
        let now = self.project.repository().worktree_tree(current.aim.worktree)?;
        match current.aim.key() {
            Some(key) => self.checkouts()?.note_step(&self.task, key, current.begin, now),
            None => Ok(now),
        }
    }

    /// The record says that it runs before anything of it does.
    fn announce(&self, current: &Try<'_>, told: &[Message]) -> Result<()> {
        let aim = current.aim;
        self.record(&format!("start {}", aim.key().unwrap_or(aim.phase)), |_, changes| {
            changes.run(&self.task, &self.run_record(current, None));
            let (run, agent) = (current.run.clone(), current.agent.name.clone());
            let role = (current.role.name != aim.role.name).then(|| current.role.name.clone());
            let started = Change::RunStarted { run, phase: aim.phase.to_owned(), agent, role };
            changes.event(&self.task, started);
            if !told.is_empty() {
                let messages = told.iter().map(|message| message.id.clone()).collect();
                changes.event(&self.task, Change::MessagesDelivered { run: current.run.clone(), messages });
            }
            if let Some(step) = aim.step() {
                let run = current.run.clone();
                changes.event(&self.task, Change::StepStarted { step: step.id.clone(), run });
            }
            Ok(())
        })?;
        self.reporter.tell(match &aim.goal {
            Goal::Step { step, number, of } => RunEventKind::StepStarted {
                step: step.id.clone(),
                title: step.title.clone(),
                number: *number,
                of: *of,
                attempt: current.attempt,
            },
            Goal::Change { .. } | Goal::Words => RunEventKind::PhaseStarted {
                phase: aim.phase.to_owned(),
                agent: current.agent.name.clone(),
                attempt: current.attempt,
            },
        });
        Ok(())
    }

    fn record_run(&self, current: &Try<'_>, tried: &Tried, changes: &mut Changes) -> Result<()> {
        // That a gate failed is evidence of its own.
        let but = tried.wanting.as_ref().filter(|(reason, _)| *reason != Reason::GateFailed);
        let but = but.and_then(|(_, why)| why.lines().next()).map(str::to_owned);
        let mut record = self.run_record(current, Some(&tried.result));
        record.detail = record.detail.or_else(|| but.clone());
        changes.run(&self.task, &record);
        let outcome = tried.result.outcome().word().to_owned();
        let heard = tried.result.heard.clone();
        changes.event(&self.task, Change::RunEnded { run: current.run.clone(), outcome, heard, but });
        tried.evidence.iter().for_each(|evidence| add_evidence(changes, evidence));
        messages_of(&tried.result.account, &self.task, &record).iter().for_each(|message| changes.message(message));
        remember(&self.project.store.snapshot()?, changes, &tried.result.account, &self.task, &record)?;
        Ok(())
    }

    /// What is known of a run: while it lasts, or with how it ended.
    pub(super) fn run_record(&self, current: &Try<'_>, result: Option<&AttemptResult>) -> RunRecord {
        let account = result.map(|result| &result.account);
        let said = |text: Option<&String>| text.cloned();
        RunRecord {
            id: current.run.clone(),
            agent: current.agent.name.clone(),
            model: said(account.and_then(|account| account.model.as_ref())).or_else(|| current.agent.model.clone()),
            session: self.session.id.clone(),
            phase: current.aim.phase.to_owned(),
            step: current.aim.key().map(str::to_owned),
            attempt: current.attempt,
            host: self.project.host.name(),
            started: current.started,
            ended: result.map(|_| self.project.host.now()),
            outcome: result.map(AttemptResult::outcome),
            detail: result.and_then(|result| result.detail.clone()),
            base: current.base.to_string(),
            result: result.and_then(|result| result.commit.clone()),
            transcript: result.and_then(|result| result.transcript.clone()),
            kept: result.and_then(|result| result.kept.clone()),
            conversation: said(account.and_then(|account| account.session.as_ref()))
                .or_else(|| current.start.conversation().map(str::to_owned)),
            resumed: current.start.conversation().is_some(),
            version: said(account.and_then(|account| account.version.as_ref())),
            permission: current.agent.has_permissions().then(|| current.permission.word().to_owned()),
            denied: account.map(|account| account.denied.iter().cloned().collect()).unwrap_or_default(),
            usage: account.map(|account| account.usage(Some(current.start.total()))).unwrap_or_default(),
            conversation_usage: account.and_then(|account| account.total()),
        }
    }

    fn wait_before(&self, attempt: u64) -> Duration {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
        (self.project.settings.duration("run.backoff") * 2u32.pow(doublings)).min(LONGEST_WAIT)
    }

    fn pause_before_retry(&self, wait: Duration) -> Result<()> {
        let text = format!("trying again in {}", crate::config::duration_text(wait));
        self.reporter.tell(RunEventKind::Note { text });
        let mut stop = self.stop.clone();
        self.bench.handle.block_on(async {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        });
        self.check_stop()
    }
}

/// Why a try did not pass, for the record and for the next prompt.
pub(super) fn explain(current: &Try<'_>, tried: &Tried) -> (Reason, String) {
    let result = &tried.result;
    if let (Outcome::Budget, Some(detail)) = (result.outcome(), &result.detail) {
        return (Reason::Budget, detail.clone());
    }
    if let Some(wanting) = &tried.wanting {
        return wanting.clone();
    }
    let detail = result.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
    let note = format!("{} {}{detail}", current.aim.in_words(), result.outcome());
    match result.outcome() {
        Outcome::NoWork => (Reason::NoWork, note),
        Outcome::Authentication => (Reason::Authentication, with_login(note, current.agent)),
        Outcome::Budget => (Reason::Budget, note),
        _ => (Reason::AgentFailed, note),
    }
}

fn with_login(note: String, agent: &Agent) -> String {
    match agent.record.login.as_str() {
        "" => note,
        login => format!("{}; to log in: {login}", note.trim_end()),
    }
}
