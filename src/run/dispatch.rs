//! The dispatcher: asks the scheduler what starts, starts workers, listens to them, and owns the truth about the run.

use super::control::request_stop;
use super::event::{Reporter, RunEvent, RunEventKind};
use super::interrupt::Interrupt;
use super::merge::{MergeOptions, MergeOutcome, merge_one};
use super::news::{News, exchange_news};
use super::scheduler::{Decision, decide, prefer};
use super::session::{live_sessions, session_of};
use super::worker::{Bench, Settled, carry};
use crate::error::{Error, Kind, Result};
use crate::git::Oid;
use crate::host::Host;
use crate::model::readiness::{Blocked, blocked};
use crate::model::{Reason, Status, TaskId, Timestamp};
use crate::sync::{Manner, Sharing};
use crate::tasks::{Candidate, Project, candidates};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Events that wait to be shown.
const MOST_WAITING: usize = 4_096;

/// A remote that does not answer in this time does not hold up what can be done here.
const FIRST_NEWS: Duration = Duration::from_secs(20);

pub struct RunRequest {
    /// The named tasks; every ready task where there are none.
    pub tasks: Vec<TaskId>,
    /// How many at once; the setting where it is not said.
    pub jobs: Option<usize>,
    /// Merge what passes at once, so that what depends on it can start.
    pub merge: bool,
    /// Claims count on this machine alone, whatever others do.
    pub local: bool,
    /// Go on when nothing is ready.
    pub work: Option<WorkOrder>,
    /// Our own program, for guardians and the runbook.
    pub own_program: PathBuf,
}

/// How a worker goes on where a run would be through.
#[derive(Debug, Clone, Default)]
pub struct WorkOrder {
    pub until: Until,
    /// Tasks to carry out before it ends.
    pub most: Option<usize>,
    /// Only tasks that have all of these.
    pub labels: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Until {
    #[default]
    Stopped,
    /// Nothing is ready and nothing runs.
    Drained,
    /// What was ready at the first look is carried out.
    Once,
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
    /// As it was last opened with settings that can be read.
    project: Project,
    folder: &'a Path,
    request: &'a RunRequest,
    bench: Bench,
    sender: SyncSender<Message>,
    news: Arc<News>,
    /// What runs, with the fence it was claimed under once that is known.
    running: BTreeMap<TaskId, Option<u64>>,
    /// What was carried out here, and when its record had last changed then.
    tried: BTreeMap<TaskId, Timestamp>,
    started: usize,
    results: BTreeMap<TaskId, TaskResult>,
    order: Vec<TaskId>,
    /// The settings cannot be read, as it was last said.
    complaint: Option<String>,
    /// The state as it was when nothing could be started.
    idle_at: Option<Oid>,
}

/// How long the dispatcher waits for a message before it looks at the state again. One look at a ref costs microseconds.
const LOOK: Duration = Duration::from_millis(25);

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
    let news = Arc::new(News::new());
    let mut dispatcher = Dispatcher {
        project: Project::open(&project.host, folder, None)?,
        folder,
        request,
        bench: Bench {
            handle: interrupt.handle(),
            interrupt: interrupt.watch(),
            rest: interrupt.watch_rest(),
            lost: news.lost.subscribe(),
            own_program: request.own_program.clone(),
            test_command: project.host.env.text("AIFACTORY_TEST_AGENT_CMD"),
            local: request.local,
            patient: request.work.is_some(),
        },
        sender,
        news: news.clone(),
        running: BTreeMap::new(),
        tried: BTreeMap::new(),
        started: 0,
        results: BTreeMap::new(),
        order: Vec::new(),
        complaint: None,
        idle_at: None,
    };
    let is_shared = !request.local && Sharing::find(project)?.is_some();
    let every = if request.work.is_some() { "sync.interval" } else { "run.lookup" };
    std::thread::scope(|scope| {
        if is_shared {
            let (sender, news, host) = (dispatcher.sender.clone(), news.clone(), project.host.clone());
            scope.spawn(move || {
                // A clone holds claims as long as one of its worker sessions lives.
                let holds = || Project::open(&host, folder, None).is_ok_and(|project| live_sessions(&project.store));
                exchange_news(&host, folder, &news, every, &holds, &|event| drop(sender.send(Message::Event(event))));
            });
        }
        let driven = dispatcher.drive(scope, &receiver, interrupt, is_shared, listener);
        news.over.store(true, Ordering::Relaxed);
        // Workers may still be sending.
        drop(receiver);
        driven
    })?;
    if is_shared {
        dispatcher.say_goodbye(listener);
    }
    dispatcher.report(interrupt.is_rest_wanted(), listener)
}

impl<'a> Dispatcher<'a> {
    fn drive<'scope>(
        &mut self,
        scope: &'scope std::thread::Scope<'scope, '_>,
        receiver: &Receiver<Message>,
        interrupt: &Interrupt,
        is_shared: bool,
        listener: &mut dyn FnMut(&RunEvent),
    ) -> Result<()>
    where
        'a: 'scope,
    {
        // What others did meanwhile decides what can be started; a remote that is away only warns.
        let patience = self.project.host.monotonic() + FIRST_NEWS;
        while is_shared
            && !self.news.heard.load(Ordering::Relaxed)
            && !interrupt.is_rest_wanted()
            && self.project.host.monotonic() < patience
        {
            self.listen(receiver, LOOK, listener);
        }
        loop {
            // Reconciling comes first, and nothing that keeps tasks from starting keeps it from happening.
            self.stop_what_is_lost()?;
            let may_start = self.reload(listener);
            let decision = match (interrupt.is_rest_wanted(), may_start && !*self.bench.lost.borrow()) {
                (true, _) if self.running.is_empty() => Decision::Finished,
                (true, _) => Decision::WaitForRunning,
                (false, false) if self.running.is_empty() && self.request.work.is_none() => Decision::Finished,
                (false, false) => Decision::WaitForRunning,
                (false, true) => self.decide()?,
            };
            match decision {
                Decision::Start(tasks) => {
                    for task in tasks {
                        self.start(scope, &task)?;
                    }
                }
                Decision::WaitForRunning => self.listen(receiver, LOOK, listener),
                Decision::WaitUntil(time) if self.goes_on() => {
                    let wait = time.since(self.project.host.now()).min(LOOK);
                    self.listen(receiver, wait, listener);
                }
                Decision::WaitUntil(_) if self.request.work.is_some() => return Ok(()),
                Decision::WaitUntil(time) => {
                    let wait = time.since(self.project.host.now()).min(Duration::from_millis(500));
                    self.listen(receiver, wait, listener);
                }
                Decision::Finished if self.goes_on() && !interrupt.is_rest_wanted() => {
                    self.say_idle(listener)?;
                    self.listen(receiver, LOOK, listener);
                }
                Decision::Finished => return Ok(()),
            }
        }
    }

    /// A worker that waits for more work when there is none.
    fn goes_on(&self) -> bool {
        let Some(order) = &self.request.work else { return false };
        let is_full = order.most.is_some_and(|most| self.started >= most);
        order.until == Until::Stopped && !is_full
    }

    fn say_idle(&mut self, listener: &mut dyn FnMut(&RunEvent)) -> Result<()> {
        let head = self.project.store.find_head()?;
        if self.idle_at.is_none() {
            listener(&RunEvent::note("nothing is ready; waiting for work (Ctrl-C ends)".to_owned()));
        }
        self.idle_at = head;
        Ok(())
    }

    /// Takes over changed settings. What cannot be read leaves the last good ones in force, and is said once.
    fn reload(&mut self, listener: &mut dyn FnMut(&RunEvent)) -> bool {
        if self.request.work.is_none() {
            return true;
        }
        match Project::open(&self.project.host, self.folder, None) {
            Ok(project) => {
                self.project = project;
                if self.complaint.take().is_some() {
                    listener(&RunEvent::note("the settings can be read again".to_owned()));
                }
            }
            Err(error) => {
                let complaint = error.full_text();
                if self.complaint.as_ref() != Some(&complaint) {
                    listener(&RunEvent::note(format!("{complaint}; the last good settings stay in force")));
                    self.complaint = Some(complaint);
                }
            }
        }
        true
    }

    /// A task that is no longer held under the fence it was claimed with is somebody else's, or nobody's: its worker
    /// stops, and its worktree stays as it is.
    fn stop_what_is_lost(&mut self) -> Result<()> {
        let head = self.project.store.find_head()?;
        let Ok(snapshot) = self.project.store.snapshot() else { return Ok(()) };
        for (task, fence) in self.running.iter().filter_map(|(task, fence)| Some((task, (*fence)?))) {
            // What cannot be read is left to the worker, which looks for itself at each write.
            let Ok(record) = snapshot.task(task) else { continue };
            if record.fence != fence
                && let Some(session) = session_of(&self.project.store, task)?
            {
                request_stop(&self.project.store, &session)?;
            }
        }
        let _ = head;
        Ok(())
    }

    fn decide(&self) -> Result<Decision> {
        let snapshot = self.project.store.snapshot()?;
        let index = snapshot.index()?;
        let mut wanted: Vec<Candidate> = candidates(&index)?.into_iter().filter(|c| self.is_wanted(c)).collect();
        if let (Some(_), Some(sharing)) = (&self.request.work, Sharing::find(&self.project)?) {
            prefer(&mut wanted, &sharing.live_name()?);
        }
        let running: BTreeSet<TaskId> = self.running.keys().cloned().collect();
        let now = self.project.host.now();
        let setting = self.project.settings.number("run.jobs") as usize;
        let slots = self.request.jobs.unwrap_or(setting).max(1);
        let left =
            self.request.work.as_ref().and_then(|order| order.most).map(|most| most.saturating_sub(self.started));
        let slots = left.map_or(slots, |left| slots.min(running.len() + left));
        let tried = self.tried.iter().filter(|(task, at)| match self.request.work.as_ref().map(|order| order.until) {
            // A worker takes up again what somebody made ready again.
            Some(Until::Stopped) => wanted.iter().any(|c| c.row.id == **task && c.row.updated <= **at),
            _ => true,
        });
        let tried: BTreeSet<TaskId> = tried.map(|(task, _)| task.clone()).collect();
        Ok(decide(&wanted, &running, &tried, slots, now))
    }

    /// The sign of life ends with the last claim, and what was done last is published.
    fn say_goodbye(&self, listener: &mut dyn FnMut(&RunEvent)) {
        let goodbye = || -> Result<()> {
            let Some(sharing) = Sharing::find(&self.project)? else { return Ok(()) };
            if sharing.is_ahead()? {
                sharing.exchange(Manner::default(), &mut |_| {})?;
            }
            if !live_sessions(&self.project.store) {
                sharing.stop_heart()?;
            }
            Ok(())
        };
        if let Err(error) = goodbye() {
            listener(&RunEvent::note(format!("{}; aifactory sync publishes what is here", error.full_text())));
        }
    }

    fn is_wanted(&self, candidate: &Candidate) -> bool {
        let labels = self.request.work.as_ref().map(|order| order.labels.as_slice()).unwrap_or_default();
        let is_named = self.request.tasks.is_empty() || self.request.tasks.contains(&candidate.row.id);
        is_named && labels.iter().all(|label| candidate.row.labels.contains(label))
    }

    fn start<'scope>(&mut self, scope: &'scope std::thread::Scope<'scope, '_>, task: &TaskId) -> Result<()>
    where
        'a: 'scope,
    {
        let title = self.project.store.snapshot()?.task(task)?.title;
        self.running.insert(task.clone(), None);
        self.tried.insert(task.clone(), self.project.host.now());
        self.started += 1;
        self.idle_at = None;
        if !self.order.contains(task) {
            self.order.push(task.clone());
        }
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
    fn listen(&mut self, receiver: &Receiver<Message>, wait: Duration, listener: &mut dyn FnMut(&RunEvent)) {
        let mut message = receiver.recv_timeout(wait).ok();
        while let Some(current) = message {
            match current {
                Message::Event(event) => {
                    if let (Some(task), RunEventKind::Claimed { fence, .. }) = (&event.task, &event.kind) {
                        self.running.insert(task.clone(), Some(*fence));
                    }
                    listener(&event);
                }
                Message::Ended(task, result) => self.take_result(task, result, listener),
            }
            message = receiver.try_recv().ok();
        }
    }

    fn take_result(&mut self, task: TaskId, result: Result<Settled>, listener: &mut dyn FnMut(&RunEvent)) {
        self.running.remove(&task);
        self.news.publish_soon();
        let found = self.project.store.snapshot().and_then(|snapshot| snapshot.task(&task));
        if let Ok(record) = &found {
            self.tried.insert(task.clone(), record.updated.time);
        }
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
        listener(&RunEvent { task: Some(task.clone()), title: title.clone(), kind });
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
        if self.request.work.is_some() {
            return Ok(report);
        }
        let snapshot = self.project.store.snapshot()?;
        let index = snapshot.index()?;
        let left: Vec<TaskId> = match self.request.tasks.is_empty() {
            true => candidates(&index)?.into_iter().map(|candidate| candidate.row.id).collect(),
            false => self.request.tasks.clone(),
        };
        for task in left.into_iter().filter(|task| !self.tried.contains_key(task)) {
            let record = snapshot.task(&task)?;
            let why = why_not(&record, |id| index.status_of(id), |id| index.short(id));
            listener(&RunEvent {
                task: Some(task.clone()),
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
    let options = MergeOptions { unverified: false, unseen: true, publish: bench.patient };
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
