//! The two phases of a worker: code, step by step, and verify, on the whole.

use super::{Place, Settled, Worker};
use crate::agent::{Agent, Job, Permission};
use crate::error::{Error, Kind, Result};
use crate::git::{Identity, Oid};
use crate::model::plan::Step;
use crate::model::run::{Evidence, Outcome, RunRecord, Verdict};
use crate::model::{Change, EventId, Reason, Status, Timestamp};
use crate::run::attempt::{Attempt, AttemptResult, make_folder};
use crate::run::checkout::Checkouts;
use crate::run::environment::{Variables, agent_environment};
use crate::run::event::RunEventKind;
use crate::run::gates::{gates_of, has_passed};
use crate::run::prompt::{PromptParts, notes_since_last_run, write_prompt};
use crate::store::Changes;
use std::path::Path;
use std::time::Duration;

/// Waits between failed attempts double up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// One try of one step, while it lasts.
struct Try<'a> {
    step: &'a Step,
    place: &'a Place<'a>,
    attempt: u64,
    agent: &'a Agent,
    /// HEAD when the try began.
    base: Oid,
    /// The commit before the first try of this step.
    begin: Oid,
    run: EventId,
    started: Timestamp,
}

/// What a try left and what was measured about it.
struct Tried {
    result: AttemptResult,
    evidence: Vec<Evidence>,
    commit: Option<Oid>,
}

impl Tried {
    fn has_passed(&self, step: &Step) -> bool {
        let gates = self.evidence.iter().map(|evidence| evidence.verdict);
        // A step without gates of its own is judged with the whole.
        let none = step.gates.is_empty().then_some(Verdict::Passed);
        self.result.outcome() == Outcome::Succeeded && Verdict::of_all(gates.chain(none)) == Verdict::Passed
    }
}

impl Worker<'_> {
    /// Tries a step until its gates pass. Something if the task cannot go on by itself.
    pub(super) fn code_step(
        &self,
        step: &Step,
        place: &Place<'_>,
        environment: &impl Fn(&[String]) -> Variables,
    ) -> Result<Option<Settled>> {
        let agent = self.agent()?;
        let most = if agent.may_vary { self.project.settings.number("run.attempts").max(1) } else { 1 };
        let before = self.current_task()?.steps.get(&step.id).map_or(0, |progress| progress.attempts);
        let begin = self.begin_of(step, place.worktree)?;
        let mut feedback = self.last_failure()?;
        for attempt in 1..=most {
            self.check_stop()?;
            self.tidy(place.worktree, &agent, begin)?;
            let started = self.project.host.now();
            let base = self.project.repository().head_of(place.worktree)?;
            let run = self.project.host.event_id(started);
            let current = Try { step, place, attempt: before + attempt, agent: &agent, base, begin, run, started };
            let tried = self.try_once(
                &current,
                agent_environment(self.project, &agent, environment(&[]))?,
                feedback.as_deref(),
            )?;
            if tried.has_passed(step) {
                return self.finish_step(&current, &tried).map(|()| None);
            }
            if tried.result.outcome() == Outcome::Stopped {
                self.record("stopped", |_, changes| self.record_run(&current, &tried, changes))?;
                return Err(Error::new(Kind::Interrupted, "stopped"));
            }
            let (reason, note) = explain(&current, &tried);
            if attempt == most || tried.result.outcome() == Outcome::Misbehaved {
                return self.give_up(&current, &tried, reason, note).map(Some);
            }
            self.record("try again", |_, changes| {
                self.record_run(&current, &tried, changes)?;
                changes.event(&self.task, reset(step, reason.word()));
                Ok(())
            })?;
            if tried.result.outcome() != Outcome::Succeeded {
                self.pause_before_retry(self.wait_before(attempt))?;
            }
            feedback = Some(note);
        }
        Err(Error::failed(format!("step {} ran out of attempts", step.id)))
    }

    fn finish_step(&self, current: &Try<'_>, tried: &Tried) -> Result<()> {
        let step = &current.step.id;
        let commit = tried.commit.map(|commit| commit.to_string());
        self.record(&format!("{step} done"), |_, changes| {
            self.record_run(current, tried, changes)?;
            let content = Some(current.step.content());
            changes.event(&self.task, Change::StepDone { step: step.clone(), commit: commit.clone(), content });
            Ok(())
        })?;
        self.reporter.tell(RunEventKind::StepDone { step: step.clone(), commit });
        Ok(())
    }

    fn give_up(&self, current: &Try<'_>, tried: &Tried, reason: Reason, note: String) -> Result<Settled> {
        self.settle(Status::Waiting, Some(reason), Some(note), |changes| {
            self.record_run(current, tried, changes)?;
            changes.event(&self.task, reset(current.step, reason.word()));
            Ok(())
        })
    }

    /// The last commit that is not of an earlier try of this very step.
    fn begin_of(&self, step: &Step, worktree: &Path) -> Result<Oid> {
        let repository = self.project.repository();
        let marks = [format!("Aifactory-Task: {}", self.task), format!("Aifactory-Step: {}", step.id)];
        let mut commit = repository.head_of(worktree)?;
        loop {
            let message = repository.message_of(commit)?;
            let own = marks.iter().all(|mark| message.lines().any(|line| line == mark));
            match repository.first_parent(commit)? {
                Some(parent) if own => commit = parent,
                _ => return Ok(commit),
            }
        }
    }

    /// What the newest gate said, if it did not pass: an agent that tries again should know.
    fn last_failure(&self) -> Result<Option<String>> {
        let evidence = self.project.store.snapshot()?.evidence(&self.task)?;
        Ok(evidence.last().filter(|evidence| evidence.verdict != Verdict::Passed).map(gate_note))
    }

    fn agent(&self) -> Result<Agent> {
        let task = self.current_task()?;
        let name = task.agent.as_deref().unwrap_or_else(|| self.project.settings.text("agent.default"));
        let agent = Agent::find(name, &self.project.settings, self.bench.test_command.as_deref())?;
        if agent.find_program(&self.bench.own_program).is_none() {
            return Err(agent.missing().hint(format!("to use another one: aifactory set {} agent=runbook", self.task)));
        }
        Ok(agent)
    }

    /// Work that an interrupted attempt left uncommitted is kept under a ref and named. A model agent then goes on from
    /// the files as they are; a runbook's scripts expect what was there before the step, and begin from that.
    fn tidy(&self, worktree: &Path, agent: &Agent, begin: Oid) -> Result<()> {
        let (repository, checkouts) = (self.project.repository(), Checkouts::of(self.project)?);
        let head = repository.head_of(worktree)?;
        let tree = repository.worktree_tree(worktree)?;
        let as_set_up = checkouts.find_baseline(&self.task)? == Some(tree);
        if !as_set_up && let Some((saved, name)) = checkouts.save(&self.task, worktree)? {
            self.note(&format!("uncommitted work of an earlier attempt is kept: git show {saved} ({name})"))?;
            if !agent.may_vary {
                repository.drop_changes(worktree)?;
            }
        }
        if !agent.may_vary && head != begin {
            let name = checkouts.keep_commit(&self.task, head)?;
            self.note(&format!("the step begins anew; its earlier commits are kept: git log {name}"))?;
            repository.reset_worktree(worktree, begin)?;
        }
        Ok(())
    }

    /// Runs the agent, commits what it left, and runs the step's gates.
    fn try_once(&self, current: &Try<'_>, environment: Variables, feedback: Option<&str>) -> Result<Tried> {
        let folder = make_folder(self.project, &current.run)?;
        let prompt = self.prompt(current.step, feedback)?;
        self.announce(current)?;
        let mut environment = environment;
        environment.push(("AIFACTORY_STEP".into(), current.step.id.as_str().into()));
        let attempt = Attempt {
            project: self.project,
            agent: current.agent,
            job: Job {
                prompt: &prompt,
                worktree: current.place.worktree,
                run_folder: &folder,
                task: self.task.as_str(),
                title: &self.title,
                resume: None,
                permission: Permission::Full,
                scripts: &current.step.scripts,
                own_program: &self.bench.own_program,
            },
            run: &current.run,
            session: &self.session.id,
            environment: environment.clone(),
            branch: &self.branch,
            base: current.base,
            begin: current.begin,
            handle: self.bench.handle.clone(),
            stop: self.stop.clone(),
            reporter: &self.reporter,
            on_session: None,
            check: None,
        };
        let result = attempt.run()?;
        if result.outcome() != Outcome::Succeeded {
            return Ok(Tried { result, evidence: Vec::new(), commit: None });
        }
        let commit = self.commit(current)?;
        let gates = self.gates(current.place.worktree, environment, Some(&current.step.id));
        let evidence = gates.run_all(&current.step.gates)?;
        self.drop_what_gates_left(current.place.worktree)?;
        self.check_stop()?;
        Ok(Tried { result, evidence, commit: Some(commit) })
    }

    fn prompt(&self, step: &Step, feedback: Option<&str>) -> Result<String> {
        let snapshot = self.project.store.snapshot()?;
        let task = snapshot.task(&self.task)?;
        let notes = notes_since_last_run(&snapshot.events(&self.task)?);
        Ok(write_prompt(&PromptParts {
            task: &task,
            spec: &self.spec,
            plan: &self.plan,
            step,
            notes: &notes,
            feedback,
            also: self.project.settings.find_text("prompt.implementation"),
        }))
    }

    /// The record says that the step runs before anything of it does.
    fn announce(&self, current: &Try<'_>) -> Result<()> {
        self.record(&format!("start {}", current.step.id), |_, changes| {
            changes.run(&self.task, &self.run_record(current, None));
            let started = Change::RunStarted {
                run: current.run.clone(),
                phase: "code".to_owned(),
                agent: current.agent.name.clone(),
            };
            changes.event(&self.task, started);
            let step = Change::StepStarted { step: current.step.id.clone(), run: current.run.clone() };
            changes.event(&self.task, step);
            Ok(())
        })?;
        self.reporter.tell(RunEventKind::StepStarted {
            step: current.step.id.clone(),
            title: current.step.title.clone(),
            number: current.place.number,
            of: current.place.of,
            attempt: current.attempt,
        });
        Ok(())
    }

    fn record_run(&self, current: &Try<'_>, tried: &Tried, changes: &mut Changes) -> Result<()> {
        changes.run(&self.task, &self.run_record(current, Some(tried)));
        let outcome = tried.result.outcome().word().to_owned();
        changes.event(&self.task, Change::RunEnded { run: current.run.clone(), outcome });
        tried.evidence.iter().for_each(|evidence| add_evidence(changes, evidence));
        Ok(())
    }

    fn run_record(&self, current: &Try<'_>, tried: Option<&Tried>) -> RunRecord {
        let result = tried.map(|tried| &tried.result);
        RunRecord {
            id: current.run.clone(),
            agent: current.agent.name.clone(),
            model: None,
            session: self.session.id.clone(),
            phase: "code".to_owned(),
            step: Some(current.step.id.clone()),
            attempt: current.attempt,
            host: self.project.host.name(),
            started: current.started,
            ended: result.map(|_| self.project.host.now()),
            outcome: result.map(|result| result.outcome()),
            detail: result.and_then(|result| result.detail.clone()),
            base: current.base.to_string(),
            result: tried.and_then(|tried| tried.commit).map(|commit| commit.to_string()),
            transcript: result.and_then(|result| result.transcript.clone()),
            kept: result.and_then(|result| result.kept.clone()),
            conversation: result.and_then(|result| result.account.session.clone()),
            resumed: false,
            version: result.and_then(|result| result.account.version.clone()),
            permission: None,
            denied: result.map(|result| result.account.denied.iter().cloned().collect()).unwrap_or_default(),
            usage: result.map(|result| result.account.usage(None)).unwrap_or_default(),
            conversation_usage: result.and_then(|result| result.account.total()),
        }
    }

    /// Commits what the agent left uncommitted. The trailers say where the commit came from.
    fn commit(&self, current: &Try<'_>) -> Result<Oid> {
        let repository = self.project.repository();
        let message = format!(
            "{}\n\nStep {} of \"{}\".\n\nAifactory-Task: {}\nAifactory-Step: {}\nAifactory-Run: {}\nAifactory-Agent: {}\n\
             Aifactory-Fence: {}\n",
            current.step.title,
            current.step.id,
            self.title,
            self.task,
            current.step.id,
            current.run,
            current.agent.name,
            self.author.fence.unwrap_or_default(),
        );
        let committed = repository.commit_all(current.place.worktree, &message, &committer(self.project))?;
        committed.map_or_else(|| repository.head_of(current.place.worktree), Ok)
    }

    /// Everything of the agent's is committed by now; what gates leave behind is nobody's work.
    fn drop_what_gates_left(&self, worktree: &Path) -> Result<()> {
        let repository = self.project.repository();
        if repository.worktree_state(worktree)?.dirty.is_empty() {
            return Ok(());
        }
        repository.drop_changes(worktree)
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

    /// All gates on the finished work. Evidence of the same gate on the same tree is not measured twice.
    pub(super) fn verify(&self, worktree: &Path, environment: Variables) -> Result<Settled> {
        let repository = self.project.repository();
        let head = repository.head_of(worktree)?;
        let tree = repository.tree_of(head)?.to_string();
        let known = self.project.store.snapshot()?.evidence(&self.task)?;
        let passed = |gate: &String| has_passed(&known, gate, &tree);
        let gates: Vec<String> = gates_of(self.project, &self.plan).into_iter().filter(|gate| !passed(gate)).collect();
        let evidence = self.gates(worktree, environment, None).run_all(&gates)?;
        self.drop_what_gates_left(worktree)?;
        self.check_stop()?;
        let also = |changes: &mut Changes| {
            evidence.iter().for_each(|evidence| add_evidence(changes, evidence));
            Ok(())
        };
        match evidence.iter().find(|evidence| evidence.verdict != Verdict::Passed) {
            Some(failed) => self.settle(Status::Waiting, Some(Reason::GateFailed), Some(gate_note(failed)), also),
            None => self.settle(Status::Review, None, None, also),
        }
    }
}

/// The identity of commits that aifactory makes for the user: git's own where it is known.
pub(in crate::run) fn committer(project: &crate::tasks::Project) -> Identity {
    let value = |key: &str| project.repository().config_value(key).filter(|value| !value.trim().is_empty());
    Identity {
        name: value("user.name").unwrap_or_else(|| "aifactory".to_owned()),
        email: value("user.email").unwrap_or_else(|| "aifactory@localhost".to_owned()),
        at: project.host.now(),
    }
}

pub(in crate::run) fn add_evidence(changes: &mut Changes, evidence: &Evidence) {
    changes.evidence(evidence);
    let gated = Change::Gated {
        evidence: evidence.id.clone(),
        gate: evidence.gate.clone(),
        tree: evidence.tree.clone(),
        verdict: evidence.verdict,
        clean: evidence.clean,
        step: evidence.step.clone(),
    };
    changes.event(&evidence.task, gated);
}

fn reset(step: &Step, why: &str) -> Change {
    Change::StepReset { step: step.id.clone(), why: why.to_owned() }
}

/// Why a try did not pass, for the record and for the next prompt.
fn explain(current: &Try<'_>, tried: &Tried) -> (Reason, String) {
    let (result, evidence) = (&tried.result, &tried.evidence);
    if let Some(failed) = evidence.iter().find(|evidence| evidence.verdict != Verdict::Passed) {
        return (Reason::GateFailed, gate_note(failed));
    }
    let detail = result.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
    let note = format!("step {} {}{detail}", current.step.id, result.outcome());
    match result.outcome() {
        Outcome::NoWork => (Reason::NoWork, note),
        _ => (Reason::AgentFailed, note),
    }
}

pub(in crate::run) fn gate_note(evidence: &Evidence) -> String {
    let why = evidence.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    let exit = evidence.exit.filter(|code| *code != 0).map(|code| format!(", exit {code}")).unwrap_or_default();
    format!("gate {}: {}{exit}{why}\n{}", evidence.verdict, evidence.gate, evidence.tail).trim_end().to_owned()
}
