//! The two phases of a worker: code, step by step, and verify, on the whole.

use super::{Settled, Worker};
use crate::agent::{Agent, Job};
use crate::error::{Error, Kind, Result};
use crate::git::{Identity, Oid};
use crate::model::plan::Step;
use crate::model::run::{Evidence, Outcome, RunRecord, Usage, Verdict};
use crate::model::{Change, EventId, Reason, Status, Timestamp};
use crate::run::attempt::{Attempt, AttemptResult, make_folder};
use crate::run::environment::Variables;
use crate::run::event::RunEventKind;
use crate::run::gates::{find_passed, gates_of};
use crate::run::prompt::{PromptParts, notes_since_last_run, write_prompt};
use crate::store::Changes;
use std::path::Path;
use std::time::Duration;

/// Waits between failed attempts double up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// One try of one step, while it lasts.
struct Try<'a> {
    step: &'a Step,
    number: usize,
    of: usize,
    attempt: u64,
    agent: &'a Agent,
    worktree: &'a Path,
    base: Oid,
    run: EventId,
    started: Timestamp,
}

impl Worker<'_> {
    /// Tries a step until its gates pass. Something if the task cannot go on by itself.
    pub(super) fn code_step(
        &self,
        step: &Step,
        number: usize,
        of: usize,
        worktree: &Path,
        environment: &impl Fn(&[String]) -> Variables,
    ) -> Result<Option<Settled>> {
        let agent = self.agent()?;
        let most = if agent.may_vary { self.project.settings.number("run.attempts").max(1) } else { 1 };
        let before = self.current_task()?.steps.get(&step.id).map_or(0, |progress| progress.attempts);
        let mut feedback: Option<String> = None;
        for attempt in 1..=most {
            self.check_stop()?;
            self.tidy(worktree, &agent)?;
            let started = self.project.host.now();
            let current = Try {
                step,
                number,
                of,
                attempt: before + attempt,
                agent: &agent,
                worktree,
                base: self.project.repository().head_of(worktree)?,
                run: self.project.host.event_id(started),
                started,
            };
            let (result, evidence, commit) = self.try_once(&current, environment(&agent.env), feedback.as_deref())?;
            let verdict = Verdict::of_all(
                evidence.iter().map(|e| e.verdict).chain(step.gates.is_empty().then_some(Verdict::Passed)),
            );
            if result.outcome == Outcome::Succeeded && verdict == Verdict::Passed {
                self.record(&format!("{} done", step.id), |_, changes| {
                    self.record_run(&current, &result, commit, &evidence, changes);
                    let done =
                        Change::StepDone { step: step.id.clone(), commit: commit.map(|commit| commit.to_string()) };
                    changes.event(&self.task, done);
                    Ok(())
                })?;
                self.reporter.tell(RunEventKind::StepDone {
                    step: step.id.clone(),
                    commit: commit.map(|commit| commit.to_string()),
                });
                return Ok(None);
            }
            let (reason, note) = explain(&current, &result, &evidence);
            if result.outcome == Outcome::Stopped {
                self.record("stopped", |_, changes| {
                    self.record_run(&current, &result, commit, &evidence, changes);
                    Ok(())
                })?;
                return Err(Error::new(Kind::Interrupted, "stopped"));
            }
            let again = attempt < most && result.outcome != Outcome::Misbehaved;
            if !again {
                let settled = self.settle(Status::Waiting, Some(reason), Some(note), |changes| {
                    self.record_run(&current, &result, commit, &evidence, changes);
                    changes.event(&self.task, reset(step, reason.word()));
                });
                return settled.map(Some);
            }
            let wait = (result.outcome != Outcome::Succeeded).then(|| self.wait_before(attempt));
            self.record("try again", |_, changes| {
                self.record_run(&current, &result, commit, &evidence, changes);
                changes.event(&self.task, reset(step, reason.word()));
                Ok(())
            })?;
            if let Some(wait) = wait {
                self.pause_before_retry(wait)?;
            }
            feedback = Some(note);
        }
        Err(Error::failed(format!("step {} ran out of attempts", step.id)))
    }

    fn agent(&self) -> Result<Agent> {
        let task = self.current_task()?;
        let name = task.agent.as_deref().unwrap_or_else(|| self.project.settings.text("agent.default"));
        let agent = Agent::find(name, &self.project.settings, self.bench.test_command.as_deref())?;
        if agent.find_program(&self.bench.own_program).is_none() {
            return Err(Error::failed(format!("the agent {name} needs `{}`, which is not installed", agent.command))
                .hint("aifactory doctor")
                .hint(format!("to use another one: aifactory set {} agent=runbook", self.task)));
        }
        Ok(agent)
    }

    /// Work that an interrupted attempt left uncommitted is kept under a ref and named. A runbook then starts from the
    /// last commit, for its scripts expect that; a model agent finds the files as they were left.
    fn tidy(&self, worktree: &Path, agent: &Agent) -> Result<()> {
        let repository = self.project.repository();
        if repository.worktree_state(worktree)?.dirty.is_empty() {
            return Ok(());
        }
        let name = format!("refs/aifactory/saved/{}", self.task);
        let Some(saved) = repository.save_uncommitted(worktree, &name, "uncommitted work of an earlier attempt")?
        else {
            return Ok(());
        };
        let text = format!("uncommitted work of an earlier attempt is kept: git show {saved} ({name})");
        self.reporter.tell(RunEventKind::Note { text: text.clone() });
        self.record("keep uncommitted work", |_, changes| {
            changes.event(&self.task, Change::Noted { text: text.clone() });
            Ok(())
        })?;
        if !agent.may_vary {
            repository.clean_worktree(worktree, &self.project.settings.list("worktree.caches"))?;
        }
        Ok(())
    }

    /// Runs the agent, commits what it left, and runs the step's gates.
    fn try_once(
        &self,
        current: &Try<'_>,
        environment: Variables,
        feedback: Option<&str>,
    ) -> Result<(AttemptResult, Vec<Evidence>, Option<Oid>)> {
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
                worktree: current.worktree,
                run_folder: &folder,
                task: self.task.as_str(),
                title: &self.title,
                scripts: &current.step.scripts,
                own_program: &self.bench.own_program,
            },
            run: &current.run,
            session: &self.session.id,
            environment: environment.clone(),
            branch: &self.branch,
            base: current.base,
            handle: self.bench.handle.clone(),
            stop: self.stop.clone(),
            reporter: &self.reporter,
        };
        let result = attempt.run()?;
        if result.outcome != Outcome::Succeeded {
            return Ok((result, Vec::new(), None));
        }
        let commit = self.commit(current)?;
        let gates = self.gates(current.worktree, environment, Some(&current.step.id));
        let evidence = gates.run_all(&current.step.gates)?;
        self.drop_what_gates_left(current.worktree)?;
        self.check_stop()?;
        Ok((result, evidence, Some(commit)))
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
        }))
    }

    /// The record says that the step runs before anything of it does.
    fn announce(&self, current: &Try<'_>) -> Result<()> {
        self.record(&format!("start {}", current.step.id), |_, changes| {
            changes.run(&self.task, &self.run_record(current, None, None));
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
            number: current.number,
            of: current.of,
            attempt: current.attempt,
        });
        Ok(())
    }

    fn record_run(
        &self,
        current: &Try<'_>,
        result: &AttemptResult,
        commit: Option<Oid>,
        evidence: &[Evidence],
        changes: &mut Changes,
    ) {
        changes.run(&self.task, &self.run_record(current, Some(result), commit));
        let ended = Change::RunEnded { run: current.run.clone(), outcome: result.outcome.word().to_owned() };
        changes.event(&self.task, ended);
        evidence.iter().for_each(|evidence| add_evidence(changes, evidence));
    }

    fn run_record(&self, current: &Try<'_>, result: Option<&AttemptResult>, commit: Option<Oid>) -> RunRecord {
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
            outcome: result.map(|result| result.outcome),
            detail: result.and_then(|result| result.detail.clone()),
            base: current.base.to_string(),
            result: commit.map(|commit| commit.to_string()),
            transcript: result.and_then(|result| result.transcript.clone()),
            usage: Usage::default(),
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
        let committed = repository.commit_all(current.worktree, &message, &committer(self.project))?;
        committed.map_or_else(|| repository.head_of(current.worktree), Ok)
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
        let passed = |gate: &String| find_passed(self.project, &known, gate, &tree, false).is_some();
        let gates: Vec<String> = gates_of(self.project, &self.plan).into_iter().filter(|gate| !passed(gate)).collect();
        let evidence = self.gates(worktree, environment, None).run_all(&gates)?;
        self.drop_what_gates_left(worktree)?;
        self.check_stop()?;
        let also = |changes: &mut Changes| evidence.iter().for_each(|evidence| add_evidence(changes, evidence));
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
fn explain(current: &Try<'_>, result: &AttemptResult, evidence: &[Evidence]) -> (Reason, String) {
    if let Some(failed) = evidence.iter().find(|evidence| evidence.verdict != Verdict::Passed) {
        return (Reason::GateFailed, gate_note(failed));
    }
    let detail = result.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
    let note = format!("step {} {}{detail}", current.step.id, result.outcome);
    match result.outcome {
        Outcome::NoWork => (Reason::NoWork, note),
        _ => (Reason::RecoveryExhausted, note),
    }
}

pub(in crate::run) fn gate_note(evidence: &Evidence) -> String {
    let why = evidence.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    let exit = evidence.exit.filter(|code| *code != 0).map(|code| format!(", exit {code}")).unwrap_or_default();
    format!("gate {}: {}{exit}{why}\n{}", evidence.verdict, evidence.gate, evidence.tail).trim_end().to_owned()
}
