//! The dispatcher: asks the scheduler what starts, starts workers, listens to them, and owns the truth about the run.

use super::event::{Reporter, RunEvent, RunEventKind};
use super::interrupt::Interrupt;
use super::merge::{MergeOptions, MergeOutcome, merge_one};
use super::scheduler::{Decision, decide};
use super::worker::{Bench, Settled, carry};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::readiness::{Blocked, blocked};
use crate::model::{Reason, Status, TaskId};
use crate::tasks::{Candidate, Project, candidates};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Events that wait to be shown.
const MOST_WAITING: usize = 4_096;

pub struct RunRequest {
    /// The named tasks; every ready task where there are none.
    pub tasks: Vec<TaskId>,
    pub jobs: usize,
    /// Merge what passes at once, so that what depends on it can start.
    pub merge: bool,
    /// Our own program, for guardians and the runbook.
    pub own_program: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskResult {
    pub task: TaskId,
    pub title: String,
    pub status: Status,
    pub reason: Option<Reason>,
    pub note: Option<String>,
    /// The run failed rather than the task.
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub task: TaskId,
    pub why: String,
    /// Only a person can change that.
    pub needs_person: bool,
    /// It was asked for by its id.
    pub was_named: bool,
}

#[derive(Debug, Default)]
pub struct RunReport {
    pub results: Vec<TaskResult>,
    /// Tasks that were wanted and not started.
    pub skipped: Vec<Skipped>,
    pub interrupted: bool,
}

impl RunReport {
    /// Of several answers the one that asks for most: failed, then a person, then nothing to do.
    pub fn kind(&self) -> Option<Kind> {
        if self.interrupted {
            return Some(Kind::Interrupted);
        }
        if self.results.iter().any(|result| result.error.is_some()) {
            return Some(Kind::Failed);
        }
        // Stopped or cancelled by somebody while it ran.
        let cut_short =
            |result: &TaskResult| matches!(result.status, Status::Ready | Status::Backlog | Status::Cancelled);
        if self.results.iter().any(cut_short) {
            return Some(Kind::Interrupted);
        }
        let asks = self.skipped.iter().any(|skipped| skipped.needs_person);
        if asks || self.results.iter().any(|result| result.status == Status::Waiting) {
            return Some(Kind::Person);
        }
        let missed = self.skipped.iter().any(|skipped| skipped.was_named);
        (missed || self.results.is_empty()).then_some(Kind::Missing)
    }
}

/// What workers send: events, and at the end a result.
enum Message {
    Event(RunEvent),
    Ended(TaskId, Result<Settled>),
}

struct Dispatcher<'a> {
    project: &'a Project,
    folder: &'a Path,
    request: &'a RunRequest,
    bench: Bench,
    sender: SyncSender<Message>,
    running: BTreeSet<TaskId>,
    tried: BTreeSet<TaskId>,
    results: BTreeMap<TaskId, TaskResult>,
    order: Vec<TaskId>,
}

/// Carries out tasks until nothing more can start. `folder` is where the project was opened; every worker opens it anew.
pub fn run(
    project: &Project,
    folder: &Path,
    request: &RunRequest,
    interrupt: &Interrupt,
    listener: &mut dyn FnMut(&RunEvent),
) -> Result<RunReport> {
    // Bounded: an agent that prints faster than anybody can show it is slowed down instead of filling the memory.
    let (sender, receiver) = sync_channel(MOST_WAITING);
    let mut dispatcher = Dispatcher {
        project,
        folder,
        request,
        bench: Bench {
            handle: interrupt.handle(),
            interrupt: interrupt.watch(),
            own_program: request.own_program.clone(),
            test_command: project.host.env.text("AIFACTORY_TEST_AGENT_CMD"),
        },
        sender,
        running: BTreeSet::new(),
        tried: BTreeSet::new(),
        results: BTreeMap::new(),
        order: Vec::new(),
    };
    std::thread::scope(|scope| dispatcher.drive(scope, &receiver, interrupt, listener))?;
    dispatcher.report(interrupt.is_wanted(), listener)
}

impl<'a> Dispatcher<'a> {
    fn drive<'scope>(
        &mut self,
        scope: &'scope std::thread::Scope<'scope, '_>,
        receiver: &Receiver<Message>,
        interrupt: &Interrupt,
        listener: &mut dyn FnMut(&RunEvent),
    ) -> Result<()>
    where
        'a: 'scope,
    {
        loop {
            let decision = match interrupt.is_wanted() {
                true if self.running.is_empty() => Decision::Finished,
                true => Decision::WaitForRunning,
                false => self.decide()?,
            };
            match decision {
                Decision::Start(tasks) => {
                    for task in tasks {
                        self.start(scope, &task)?;
                    }
                }
                Decision::WaitForRunning => self.listen(receiver, None, listener),
                Decision::WaitUntil(time) => {
                    let wait = time.since(self.project.host.now()).min(Duration::from_millis(500));
                    self.listen(receiver, Some(wait), listener);
                }
                Decision::Finished => return Ok(()),
            }
        }
    }

    fn decide(&self) -> Result<Decision> {
        let index = self.project.store.snapshot()?.index()?;
        let wanted: Vec<Candidate> = candidates(&index)?.into_iter().filter(|c| self.is_wanted(&c.row.id)).collect();
        Ok(decide(&wanted, &self.running, &self.tried, self.request.jobs.max(1), self.project.host.now()))
    }

    fn is_wanted(&self, task: &TaskId) -> bool {
        self.request.tasks.is_empty() || self.request.tasks.contains(task)
    }

    fn start<'scope>(&mut self, scope: &'scope std::thread::Scope<'scope, '_>, task: &TaskId) -> Result<()>
    where
        'a: 'scope,
    {
        let title = self.project.store.snapshot()?.task(task)?.title;
        self.running.insert(task.clone());
        self.tried.insert(task.clone());
        self.order.push(task.clone());
        let (sender, bench, task) = (self.sender.clone(), self.bench.clone(), task.clone());
        let (host, folder, merge) = (self.project.host.clone(), self.folder, self.request.merge);
        scope.spawn(move || {
            let events = sender.clone();
            let reporter = Reporter {
                task: task.clone(),
                title,
                // A dispatcher that is gone does not stop the work.
                listener: Arc::new(move |event| drop(events.send(Message::Event(event)))),
            };
            // A worker that breaks down must not leave the dispatcher waiting for it.
            let work = AssertUnwindSafe(|| work_on(&host, folder, &task, &bench, &reporter, merge));
            let result = catch_unwind(work).unwrap_or_else(|_| Err(Error::failed("the worker broke down")));
            let _ = sender.send(Message::Ended(task, result));
        });
        Ok(())
    }

    /// Waits for one message, and takes whatever else is there.
    fn listen(&mut self, receiver: &Receiver<Message>, wait: Option<Duration>, listener: &mut dyn FnMut(&RunEvent)) {
        let wait = wait.unwrap_or(Duration::from_millis(250));
        let mut message = receiver.recv_timeout(wait).ok();
        while let Some(current) = message {
            match current {
                Message::Event(event) => listener(&event),
                Message::Ended(task, result) => self.take_result(task, result, listener),
            }
            message = receiver.try_recv().ok();
        }
    }

    fn take_result(&mut self, task: TaskId, result: Result<Settled>, listener: &mut dyn FnMut(&RunEvent)) {
        self.running.remove(&task);
        let found = self.project.store.snapshot().and_then(|snapshot| snapshot.task(&task));
        let (title, status) = found.map_or((String::new(), Status::Ready), |task| (task.title, task.status));
        let (settled, error) = match result {
            Ok(settled) => (settled, None),
            Err(error) => {
                let settled = Settled { status, reason: None, note: None };
                (settled, Some(error))
            }
        };
        let kind = match &error {
            None => {
                RunEventKind::Settled { status: settled.status, reason: settled.reason, note: settled.note.clone() }
            }
            Some(error) => RunEventKind::Failed { error: error.full_text(), hints: error.hints().to_vec() },
        };
        listener(&RunEvent { task: task.clone(), title: title.clone(), kind });
        let result = TaskResult {
            task: task.clone(),
            title,
            status: settled.status,
            reason: settled.reason,
            note: settled.note,
            error: error.as_ref().map(Error::full_text),
        };
        self.results.insert(task, result);
    }

    /// The results in the order of their start, and what was wanted but could not start.
    fn report(mut self, interrupted: bool, listener: &mut dyn FnMut(&RunEvent)) -> Result<RunReport> {
        let results = self.order.iter().filter_map(|task| self.results.remove(task)).collect();
        let mut report = RunReport { results, skipped: Vec::new(), interrupted };
        let snapshot = self.project.store.snapshot()?;
        let index = snapshot.index()?;
        let left: Vec<TaskId> = match self.request.tasks.is_empty() {
            true => candidates(&index)?.into_iter().map(|candidate| candidate.row.id).collect(),
            false => self.request.tasks.clone(),
        };
        for task in left.into_iter().filter(|task| !self.tried.contains(task)) {
            let record = snapshot.task(&task)?;
            let why = why_not(&record, |id| index.status_of(id), |id| index.short(id));
            listener(&RunEvent {
                task: task.clone(),
                title: record.title.clone(),
                kind: RunEventKind::Skipped { why: why.clone() },
            });
            let broken = matches!(
                blocked(record.dependencies.iter().cloned(), |id| index.status_of(id)),
                Some(Blocked::Broken { .. })
            );
            let needs_person = record.status == Status::Waiting || record.paused || broken;
            let was_named = !self.request.tasks.is_empty();
            report.skipped.push(Skipped { task, why, needs_person, was_named });
        }
        Ok(report)
    }
}

fn work_on(
    host: &Host,
    folder: &Path,
    task: &TaskId,
    bench: &Bench,
    reporter: &Reporter,
    merge: bool,
) -> Result<Settled> {
    let project = Project::open(host, folder, None)?;
    let settled = carry(&project, task, bench, reporter)?;
    if !merge || settled.status != Status::Review {
        return Ok(settled);
    }
    let options = MergeOptions { unverified: false, unseen: true };
    match merge_one(host, folder, task, options, bench, reporter)? {
        MergeOutcome::Merged { .. } => Ok(Settled { status: Status::Done, reason: None, note: None }),
        MergeOutcome::Waiting { reason, note } => {
            Ok(Settled { status: Status::Waiting, reason: Some(reason), note: Some(note) })
        }
        MergeOutcome::Refused(error) => {
            reporter.tell(RunEventKind::Note { text: format!("not merged: {error}") });
            Ok(settled)
        }
    }
}

/// Why a task is not started, in words.
fn why_not(
    task: &crate::model::Task,
    status_of: impl Fn(&TaskId) -> Option<Status>,
    short: impl Fn(&TaskId) -> String,
) -> String {
    if task.status != Status::Ready {
        let reason = task.reason.map(|reason| format!(" for {reason}")).unwrap_or_default();
        return format!("it is {}{reason}", task.status);
    }
    if task.paused {
        return "it is paused".to_owned();
    }
    match blocked(task.dependencies.iter().cloned(), status_of) {
        Some(Blocked::Waiting(others)) => {
            let names: Vec<String> = others.iter().map(short).collect();
            format!("it waits for {}", names.join(", "))
        }
        Some(Blocked::Broken { dependency, why }) => format!("it depends on {}, which {why}", short(&dependency)),
        None => "it was not reached".to_owned(),
    }
}
