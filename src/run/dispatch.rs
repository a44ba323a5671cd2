//! The dispatcher: asks the scheduler what starts, starts workers, listens to them, and owns the truth about the run.

mod patience;

use super::event::{Reporter, RunEvent, RunEventKind};
use super::interrupt::Interrupt;
use super::ledger::Ledger;
use super::merge::{MergeOptions, MergeOutcome, merge_one};
use super::news::{Desk, News};
use super::order::{RunReport, RunRequest, Skipped, TaskResult, Until, WorkPhase};
use super::scheduler::{Decision, decide, prefer};
use super::worker::{Bench, Carried, Settled, carry};
use crate::error::{Error, Result};
use crate::git::Oid;
use crate::host::{Host, memory};
use crate::model::planning::wants_branch;
use crate::model::readiness::{Blocked, blocked};
use crate::model::{Status, TaskId, Timestamp};
use crate::store::Snapshot;
use crate::sync::Sharing;
use crate::tasks::{Candidate, Project, TEST_COMMAND_VARIABLE, Way, candidates, way_of};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Events that wait to be shown.
const MOST_WAITING: usize = 1_024;

/// A remote that does not answer in this time does not hold up what can be done here.
const FIRST_NEWS: Duration = Duration::from_secs(20);

/// What workers send: events, and at the end a result.
enum Message {
    Event(RunEvent),
    Ended(TaskId, Result<Carried>),
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
    /// What was not ours when its turn came, and did not have to be.
    passed_over: Vec<Skipped>,
    results: BTreeMap<TaskId, TaskResult>,
    order: Vec<TaskId>,
    /// The settings cannot be read, as it was last said.
    complaint: Option<String>,
    /// It was said that there is nothing to do.
    is_idle: bool,
    /// The remote does not answer since then.
    cut_off_since: Option<Instant>,
    /// A first signal came.
    is_resting: bool,
    /// The pause after a task that was carried out.
    rest_until: Option<Instant>,
    /// What the last decision was made on, and when it has to be made anew at the latest.
    looked: Option<Look>,
}

/// The state and what ran when nothing could be started.
#[derive(PartialEq, Eq)]
struct Look {
    head: Option<Oid>,
    running: usize,
    until: Instant,
}

/// How long the dispatcher waits for a message before it looks at the state again. One look at a ref costs microseconds.
const LOOK: Duration = Duration::from_millis(25);

/// Settings may change without the state.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// Carries out tasks until nothing more can start. `folder` is where the project was opened; every worker opens it anew.
pub fn run(
    project: &Project,
    folder: &Path,
    request: &RunRequest,
    interrupt: &Interrupt,
    listener: &mut dyn FnMut(&RunEvent),
) -> Result<RunReport> {
    memory::stay_small();
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
            test_command: project.host.env.text(TEST_COMMAND_VARIABLE),
            local: request.local,
            phase: request.work.as_ref().and_then(|order| order.phase),
            patient: request.work.is_some(),
            ledger: Ledger::default(),
        },
        sender,
        news: news.clone(),
        running: BTreeMap::new(),
        tried: BTreeMap::new(),
        passed_over: Vec::new(),
        started: 0,
        results: BTreeMap::new(),
        order: Vec::new(),
        complaint: None,
        is_idle: false,
        cut_off_since: None,
        is_resting: false,
        rest_until: None,
        looked: None,
    };
    let is_shared = !request.local && Sharing::find(project)?.is_some();
    std::thread::scope(|scope| {
        if is_shared {
            let local = project.store.local.clone();
            for is_heart in [false, true] {
                let (sender, news, host, local) =
                    (dispatcher.sender.clone(), news.clone(), project.host.clone(), local.clone());
                scope.spawn(move || {
                    let tell = |event| drop(sender.send(Message::Event(event)));
                    let desk = Desk { host: &host, folder, news: &news, tell: &tell };
                    if is_heart { desk.keep_alive(&local) } else { desk.exchange_news("sync.interval") }
                });
            }
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
            && !self.news.asked.load(Ordering::Relaxed)
            && !interrupt.is_rest_wanted()
            && self.project.host.monotonic() < patience
        {
            self.listen(receiver, LOOK, listener);
        }
        loop {
            if self.request.work.is_some() && self.is_looked_at(interrupt)? {
                self.listen(receiver, LOOK, listener);
                continue;
            }
            if interrupt.is_rest_wanted() && !self.is_resting {
                self.is_resting = true;
                if self.request.work.is_some() && !self.running.is_empty() {
                    let text = "nothing more is started; what runs ends after its step (once more: stop it now)";
                    listener(&RunEvent::note(text.to_owned()));
                }
            }
            // Reconciling comes first, and nothing that keeps tasks from starting keeps it from happening.
            self.stop_what_is_lost()?;
            self.reload(listener);
            let is_connected = self.request.work.is_none() || self.news.is_reachable();
            let rests = self.rest_until.is_some_and(|until| self.project.host.monotonic() < until);
            if rests && !interrupt.is_rest_wanted() {
                self.listen(receiver, LOOK, listener);
                continue;
            }
            let may_start = !interrupt.is_rest_wanted() && !*self.bench.lost.borrow() && is_connected;
            self.cut_off_since = match is_connected {
                true => None,
                false => self.cut_off_since.or_else(|| Some(self.project.host.monotonic())),
            };
            let is_given_up = self.cut_off_since.is_some_and(|since| since.elapsed() > FIRST_NEWS);
            if is_given_up && self.running.is_empty() && !self.goes_on() {
                return Err(Error::failed("the remote cannot be reached, so nothing can be claimed")
                    .hint("to work for this machine alone: aifactory work --local"));
            }
            let decision = match may_start {
                true => self.decide()?,
                false if !self.running.is_empty() || !interrupt.is_rest_wanted() => Decision::WaitForRunning,
                false => Decision::Finished,
            };
            if let Decision::Start(tasks) = decision {
                for task in tasks {
                    self.start(scope, &task)?;
                }
                continue;
            }
            self.note_look(&decision)?;
            match decision {
                Decision::WaitUntil(_) if self.request.work.is_some() && !self.goes_on() => return Ok(()),
                Decision::Finished if !self.goes_on() || interrupt.is_rest_wanted() => return Ok(()),
                Decision::Finished if !self.is_idle => {
                    self.is_idle = true;
                    listener(&RunEvent::note("nothing is ready; waiting for work (Ctrl-C ends)".to_owned()));
                }
                Decision::WaitUntil(time) => {
                    let wait = time.since(self.project.host.now()).min(Duration::from_millis(500));
                    self.listen(receiver, wait, listener);
                }
                _ => self.listen(receiver, LOOK, listener),
            }
        }
    }

    fn decide(&self) -> Result<Decision> {
        let snapshot = self.project.store.snapshot()?;
        let index = snapshot.index()?;
        let mut wanted: Vec<Candidate> =
            candidates(&index)?.into_iter().filter(|c| self.is_wanted(&snapshot, c)).collect();
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
        let left = self.left_under_review(&index)?;
        if !left.is_empty() && running.len() < slots {
            return Ok(Decision::Start(left.into_iter().take(slots - running.len()).collect()));
        }
        Ok(decide(&wanted, &running, &tried, slots, now))
    }

    fn is_wanted(&self, snapshot: &Snapshot<'_>, candidate: &Candidate) -> bool {
        let phase = self.request.work.as_ref().and_then(|order| order.phase);
        let is_in_phase = phase.is_none_or(|phase| {
            let way = snapshot.task(&candidate.row.id).and_then(|task| way_of(&self.project, snapshot, &task));
            // What cannot be looked at is told by whoever takes it up.
            way.map_or(true, |way| matches!(way, Way::Planned(_)) == (phase == WorkPhase::Plan))
        });
        let labels = self.request.work.as_ref().map(|order| order.labels.as_slice()).unwrap_or_default();
        let is_named = self.request.tasks.is_empty() || self.request.tasks.contains(&candidate.row.id);
        is_in_phase && is_named && labels.iter().all(|label| candidate.row.labels.contains(label))
    }

    fn start<'scope>(&mut self, scope: &'scope std::thread::Scope<'scope, '_>, task: &TaskId) -> Result<()>
    where
        'a: 'scope,
    {
        let title = self.project.store.snapshot()?.task(task)?.title;
        self.running.insert(task.clone(), None);
        self.tried.insert(task.clone(), self.project.host.now());
        self.started += 1;
        self.is_idle = false;
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

    fn take_result(&mut self, task: TaskId, result: Result<Carried>, listener: &mut dyn FnMut(&RunEvent)) {
        self.running.remove(&task);
        if self.request.work.is_some() {
            self.rest_until = Some(self.project.host.monotonic() + self.project.settings.duration("work.pause"));
        }
        self.news.publish_soon();
        let found = self.project.store.snapshot().and_then(|snapshot| snapshot.task(&task));
        if let Ok(record) = &found {
            self.tried.insert(task.clone(), record.updated.time);
        }
        let (title, status) = found.map_or((String::new(), Status::Ready), |task| (task.title, task.status));
        let (settled, error) = match result {
            // Tried again once the remote answers.
            Ok(Carried::Unreachable(error)) if self.request.work.is_some() => {
                self.started = self.started.saturating_sub(1);
                self.order.retain(|known| *known != task);
                self.tried.remove(&task);
                self.news.note_unreachable();
                let kind = RunEventKind::Skipped { why: error.full_text() };
                listener(&RunEvent { task: Some(task), title, kind });
                return;
            }
            Ok(Carried::Unreachable(error)) => (Settled { status, reason: None, note: None }, Some(error)),
            Ok(Carried::NotOurs(why)) if self.request.work.is_some() || self.request.tasks.is_empty() => {
                // It does not count as work of ours.
                self.started = self.started.saturating_sub(1);
                self.order.retain(|known| *known != task);
                let kind = RunEventKind::Skipped { why: why.clone() };
                listener(&RunEvent { task: Some(task.clone()), title, kind });
                if self.request.work.is_none() {
                    self.passed_over.push(Skipped { task, why, needs_person: false, was_named: false });
                }
                return;
            }
            Ok(Carried::NotOurs(why)) => (Settled { status, reason: None, note: Some(why) }, None),
            Ok(Carried::Through(settled) | Carried::Asked(settled)) => (settled, None),
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
        let mut report = RunReport { results, skipped: self.passed_over, interrupted };
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
) -> Result<Carried> {
    let mut project = Project::open(host, folder, None)?;
    project.remember_little();
    let labels = project.store.snapshot()?.task(task)?.labels;
    let by_default = project.settings.text("merge.feature-branches") == "on";
    let merge = merge && !wants_branch(&labels, by_default);
    let is_left = merge && bench.patient && project.store.snapshot()?.task(task)?.status == Status::Review;
    let settled = match is_left {
        true => Settled { status: Status::Review, reason: None, note: None },
        false => match carry(&project, task, bench, reporter)? {
            Carried::Through(settled) if merge && settled.status == Status::Review => settled,
            carried => return Ok(carried),
        },
    };
    let options = MergeOptions { unverified: false, unreviewed: false, unseen: true, publish: bench.patient };
    Ok(Carried::Through(match merge_one(host, folder, task, options, bench, reporter)? {
        MergeOutcome::Merged { .. } | MergeOutcome::Accepted => {
            Settled { status: Status::Done, reason: None, note: None }
        }
        MergeOutcome::Waiting { reason, note } => {
            Settled { status: Status::Waiting, reason: Some(reason), note: Some(note) }
        }
        MergeOutcome::Refused(error) => {
            reporter.tell(RunEventKind::Note { text: format!("not merged: {error}") });
            settled
        }
    }))
}

/// Why a task is not started, in words.
fn why_not(
    task: &crate::model::Task,
    status_of: impl Fn(&TaskId) -> Option<Status>,
    short: impl Fn(&TaskId) -> String,
) -> String {
    if let Some(claim) = &task.claim {
        return format!("{} on {} has it", claim.actor, claim.host);
    }
    if task.status != Status::Ready {
        let reason = task.reason.map(|reason| format!(" for {reason}")).unwrap_or_default();
        return format!("its status is {}{reason}", task.status);
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
