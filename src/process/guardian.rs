//! Our own binary between a supervisor and its session, so that nothing the session starts outlives it.
//!
//! The guardian reads one `Order` as a JSON line from its stdin. What follows on stdin is control: a line `stop`, or
//! the end of the file, which means that the supervisor is gone, ends the session. It has a session (in the terminal's
//! sense) of its own, so Ctrl-C does not reach it and no tool can ask the terminal for a password. As child subreaper
//! it inherits daemonised orphans; "nothing is left" is therefore what the kernel says: it has no children any more.
//!
//! It promises: one guardian per run folder (`guardian.lock`), released only when nothing is left; a report in
//! `exit.json`; and to survive SIGTERM, SIGINT and SIGHUP. It is our binary a second time per session, so it must stay
//! small: threads that block, no buffers, none of the session's output.

#![allow(clippy::disallowed_methods, reason = "the process layer starts children")]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions, WaitStatus, getpid, set_child_subreaper, setsid, wait};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

use super::MARKER_VARIABLE;
use super::cgroup::{Groups, Places};
use super::confine::{Confined, Confining};
use super::ending::{Targets, end_all};
use super::folder::{self, Record, Report};
use super::limits::{ProcessLimits, Resource, Resources};
use super::proc_fs::{Identity, Process, Snapshot, cpu_time_of_descendants};
use super::sandbox::Rules;

/// The argument that makes our binary a guardian.
pub const WORD: &str = "__guardian";
/// The exit code when another guardian has the run folder.
pub(super) const FOLDER_IN_USE: u8 = 75;
/// The exit code when the run folder could not be written to. Nothing of the session is left then either.
pub(super) const FOLDER_UNUSABLE: u8 = 74;

/// What a program leaves running when it ends by itself is given no more than this to end as well.
const LONGEST_LEFTOVER_GRACE: Duration = Duration::from_secs(2);
/// How often at most the CPU time that a session has used is looked at.
const CPU_LOOK: Duration = Duration::from_millis(100);
/// Children that were just about to end are not called leftovers.
const SETTLING_TIME: Duration = Duration::from_millis(20);
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// What to run, and where. Paths and words keep every byte, UTF-8 or not.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub program: OsString,
    pub args: Vec<OsString>,
    pub cwd: OsString,
    /// The whole environment: nothing is inherited.
    pub env: Vec<(OsString, OsString)>,
    /// Whether the file `stdin` of the run folder is the program's standard input.
    pub has_stdin: bool,
    pub folder: OsString,
    pub marker: String,
    pub grace_ms: u64,
    pub resources: Resources,
    pub rules: Option<Rules>,
    /// The program's parent inside a sandbox: if it is asked to end, the program gets no grace.
    pub has_keeper: bool,
    /// What is known already not to be limited.
    pub missed: Vec<String>,
}

enum Event {
    Stop,
    ChildEnded(WaitStatus),
    Childless,
}

/// Why the watching is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Stopped,
    /// The session has used the CPU time that it was given.
    Spent,
    ChildEnded,
}

/// Runs as a guardian until nothing of the session is left.
pub fn main() -> ExitCode {
    match guard() {
        Ok(()) => ExitCode::SUCCESS,
        Err(code) => code,
    }
}

fn guard() -> Result<(), ExitCode> {
    let (order, control) = read_order().map_err(|_| ExitCode::FAILURE)?;
    let folder = PathBuf::from(&order.folder);
    let lock = take_folder(&folder, &order.marker).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => ExitCode::from(FOLDER_IN_USE),
        _ => ExitCode::from(FOLDER_UNUSABLE),
    })?;
    let report = run(&order, control)
        .unwrap_or_else(|error| Report { could_not_start: Some(error.to_string()), ..Report::default() });
    let written = folder::write(&folder, folder::REPORT, &report);
    drop(lock);
    written.map_err(|_| ExitCode::from(FOLDER_UNUSABLE))
}

fn read_order() -> io::Result<(Order, BufReader<File>)> {
    let mut control = BufReader::new(File::from(io::stdin().as_fd().try_clone_to_owned()?));
    let mut line = String::new();
    control.read_line(&mut line)?;
    Ok((serde_json::from_str(&line)?, control))
}

/// Locks the folder and writes down who has it.
fn take_folder(folder: &Path, marker: &str) -> io::Result<File> {
    let options = File::options().create(true).truncate(false).write(true).clone();
    let mut lock = options.open(folder.join(folder::LOCK))?;
    if !folder::lock_within(&lock, LOCK_PATIENCE)? {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    lock.set_len(0)?;
    lock.write_all(&serde_json::to_vec(&Record::of(std::process::id(), marker))?)?;
    folder::forget_earlier_session(folder)?;
    Ok(lock)
}

fn run(order: &Order, control: BufReader<File>) -> io::Result<Report> {
    // Refused only when a person started us by hand as the leader of a group.
    let _ = setsid();
    set_child_subreaper(Some(getpid()))?;
    let (tell, events) = mpsc::channel();
    outlive_signals(tell.clone())?;
    follow_control(control, tell.clone())?;
    let (name_child, child_name) = mpsc::channel();
    reap(child_name, tell)?;
    let (groups, confining, missed) = prepare(order);
    let started = start(order, &confining);
    leave_the_pipes();
    let child = started.inspect_err(|_| groups.remove(Path::new(&order.folder)))?;
    let _ = name_child.send(child);
    // A folder that has vanished is no reason to leave processes behind.
    if let Some(record) = Record::of(child, &order.marker) {
        let _ = folder::write(Path::new(&order.folder), folder::CHILD, &record);
    }
    let watch = Watch::new(child, events, order, groups);
    let mut report = watch.until_nothing_is_left(Duration::from_millis(order.grace_ms));
    complete(&mut report, order, &confining, missed);
    Ok(report)
}

/// Makes the session's groups and says what the program has to do itself, and which limits do not hold as wanted.
fn prepare(order: &Order) -> (Groups, Confining, Vec<String>) {
    let (wanted, places) = (&order.resources, Places::of_this_process());
    let planned = Groups::plan(&order.marker, wanted, &places);
    // What cannot be written down could not be found again, so it is not made.
    let can_be_found = planned.is_empty() || planned.write_down(Path::new(&order.folder)).is_ok();
    let planned = if can_be_found { planned } else { Groups::default() };
    let (groups, held) = planned.make(wanted, &places);
    let (limits, missed) = ProcessLimits::besides(wanted, &held);
    let confining =
        Confining { folder: order.folder.clone(), groups: groups.folders(), limits, rules: order.rules.clone() };
    (groups, confining, [order.missed.clone(), missed].concat())
}

/// Adds what the program itself had to say before it began.
fn complete(report: &mut Report, order: &Order, confining: &Confining, missed: Vec<String>) {
    report.limits_missed = missed;
    if !confining.is_needed() {
        return;
    }
    let confined = Confined::read(Path::new(&order.folder));
    if confined.could_not_start.is_some() {
        *report = Report { code: None, signal: None, could_not_start: confined.could_not_start, ..report.clone() };
    }
    let Resources { memory, processes, .. } = order.resources;
    if !confined.not_joined.is_empty() && (memory.is_some() || processes.is_some()) {
        report.limits_missed.push("memory, processes: the session could not enter its group (cgroup)".to_owned());
    }
    report.limits_missed.extend(confined.missed);
}

fn start(order: &Order, confining: &Confining) -> io::Result<u32> {
    let stdin = match order.has_stdin {
        true => open_input(&Path::new(&order.folder).join(folder::STDIN))?.into(),
        false => Stdio::null(),
    };
    let mut command = match confining.is_needed() {
        true => {
            // This very program, even if another one has taken its name meanwhile.
            let mut command = Command::new("/proc/self/exe");
            command.args(confining.words()?).arg(&order.program);
            command
        }
        false => Command::new(&order.program),
    };
    let child = command
        .args(&order.args)
        .current_dir(&order.cwd)
        .env_clear()
        .envs(order.env.iter().map(|(name, value)| (name, value)))
        .env(MARKER_VARIABLE, &order.marker)
        .stdin(stdin)
        .process_group(0)
        .spawn()
        .map_err(|error| explain(order, error))?;
    Ok(child.id())
}

/// A file, or a pipe whose other end the supervisor holds. One that died meanwhile must not keep us waiting for it.
fn open_input(path: &Path) -> io::Result<File> {
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    let flags = fcntl_getfl(&file)?;
    fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    Ok(file.into())
}

/// The kernel says "no such file" for a missing folder as well.
fn explain(order: &Order, error: io::Error) -> io::Error {
    let cwd = Path::new(&order.cwd);
    let what = match cwd.is_dir() {
        true => format!("cannot start {}: {error}", order.program.display()),
        false => format!("cannot start {} in {}: no such folder", order.program.display(), cwd.display()),
    };
    io::Error::new(error.kind(), what)
}

/// The session's output belongs to the session: the supervisor sees its end when the last writer is gone.
fn leave_the_pipes() {
    if let Ok(null) = File::options().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}

/// SIGTERM and SIGINT stop the session, SIGHUP does nothing. The session's programs get the default actions back.
fn outlive_signals(tell: Sender<Event>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let context = runtime.enter();
    let _ = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    drop(context);
    let forward = async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            let _ = tell.send(Event::Stop);
        }
    };
    thread::Builder::new().spawn(move || runtime.block_on(forward)).map(drop)
}

fn follow_control(control: BufReader<File>, tell: Sender<Event>) -> io::Result<()> {
    let follow = move || {
        let mut lines = control.lines().map_while(Result::ok);
        // Found or not: the end of the file is as good a reason to stop.
        lines.find(|line| line == "stop");
        let _ = tell.send(Event::Stop);
    };
    thread::Builder::new().spawn(follow).map(drop)
}

/// Reaps the child, once it is named, and every orphan, until there is none. The thread exists before the child does,
/// so that a machine short of threads cannot leave a child that nobody watches.
fn reap(child_name: Receiver<u32>, tell: Sender<Event>) -> io::Result<()> {
    let reap = move || {
        let Ok(child) = child_name.recv() else { return };
        loop {
            match wait(WaitOptions::empty()) {
                Ok(Some((pid, status))) if pid.as_raw_nonzero().get() as u32 == child => {
                    let _ = tell.send(Event::ChildEnded(status));
                }
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        let _ = tell.send(Event::Childless);
    };
    thread::Builder::new().spawn(reap).map(drop)
}

/// The running session, as the guardian sees it.
struct Watch {
    child: u32,
    events: Receiver<Event>,
    groups: Groups,
    folder: PathBuf,
    cpu: Option<Duration>,
    has_keeper: bool,
    /// How the child ended, once it has.
    ended: Option<WaitStatus>,
    childless: bool,
}

impl Watch {
    fn new(child: u32, events: Receiver<Event>, order: &Order, groups: Groups) -> Watch {
        let (folder, has_keeper) = (PathBuf::from(&order.folder), order.has_keeper);
        Watch { child, events, groups, folder, cpu: order.resources.cpu, has_keeper, ended: None, childless: false }
    }

    fn until_nothing_is_left(mut self, grace: Duration) -> Report {
        let over = self.until_over();
        // Ending them could itself run into a limit.
        let limits_hit = self.limits_hit();
        let grace = match over {
            Over::Stopped | Over::Spent => grace,
            Over::ChildEnded => {
                self.gone_within(SETTLING_TIME);
                grace.min(LONGEST_LEFTOVER_GRACE)
            }
        };
        // No round is the last one: as long as something lives, the lock says so.
        let mut signalled = BTreeSet::new();
        while !self.is_gone() {
            signalled.extend(end_all(&mut self, grace).signalled);
        }
        self.groups.remove(&self.folder);
        Report { limits_hit, ..self.report(over, &signalled) }
    }

    /// Waits for the child's end, a stop or the end of its CPU time, whichever is first.
    fn until_over(&mut self) -> Over {
        loop {
            match self.next_event() {
                Ok(Event::Stop) => return Over::Stopped,
                Ok(event) => self.note(event),
                Err(RecvTimeoutError::Timeout) if self.cpu_left().is_some_and(|left| left.is_zero()) => {
                    return Over::Spent;
                }
                Err(RecvTimeoutError::Timeout) => {}
                // Nobody is left who could say anything, so nothing is left to wait for.
                Err(RecvTimeoutError::Disconnected) => self.childless = true,
            }
            if self.ended.is_some() || self.childless {
                return Over::ChildEnded;
            }
        }
    }

    /// Waits no longer than the CPU time that is left can last, all processors at work.
    fn next_event(&self) -> Result<Event, RecvTimeoutError> {
        let Some(left) = self.cpu_left() else {
            return self.events.recv().map_err(RecvTimeoutError::from);
        };
        let processors = thread::available_parallelism().map_or(1, |number| number.get() as u32);
        self.events.recv_timeout((left / processors).max(CPU_LOOK))
    }

    /// Nothing where it is not limited.
    fn cpu_left(&self) -> Option<Duration> {
        let used = || self.groups.cpu_time().unwrap_or_else(|| cpu_time_of_descendants(std::process::id()));
        self.cpu.map(|limit| limit.saturating_sub(used()))
    }

    /// A process that used up the CPU time alone is ended by the kernel, perhaps before we look.
    fn limits_hit(&self) -> BTreeSet<Resource> {
        let mut hits = self.groups.hits();
        let by_itself = self.ended.and_then(WaitStatus::terminating_signal) == Some(Signal::XCPU.as_raw());
        if self.cpu_left().is_some_and(|left| left.is_zero() || by_itself) {
            hits.insert(Resource::Cpu);
        }
        hits
    }

    fn note(&mut self, event: Event) {
        match event {
            // Known already, or too late to matter.
            Event::Stop => {}
            Event::ChildEnded(status) => self.ended = Some(status),
            Event::Childless => self.childless = true,
        }
    }

    /// Whether nothing is left. What somebody else put into our groups belongs to the session as well.
    fn is_gone(&self) -> bool {
        self.childless && self.groups.members().is_empty()
    }

    fn report(&self, over: Over, signalled: &BTreeSet<Identity>) -> Report {
        let leftovers = signalled.iter().filter(|identity| identity.pid != self.child).count();
        let spent = (over == Over::Spent).then_some(Signal::XCPU.as_raw());
        Report {
            code: self.ended.and_then(WaitStatus::exit_status).filter(|_| spent.is_none()),
            signal: spent.or(self.ended.and_then(WaitStatus::terminating_signal)),
            leftovers: leftovers.try_into().unwrap_or(u32::MAX),
            stopped: over == Over::Stopped,
            ..Report::default()
        }
    }
}

impl Targets for Watch {
    fn choose(&self, all: &Snapshot) -> Vec<Process> {
        let mut chosen = all.descendants(&[std::process::id()]);
        let known: BTreeSet<u32> = chosen.iter().map(Process::pid).collect();
        // Read after `all`: a pid that came to mean another process meanwhile is not signalled.
        let members = self.groups.members();
        let is_other = |process: &&Process| members.contains(&process.pid()) && !known.contains(&process.pid());
        chosen.extend(all.iter().filter(is_other));
        chosen
    }

    fn asks(&self, process: &Process) -> bool {
        !(self.has_keeper && process.pid() == self.child)
    }

    fn kill_at_once(&self) {
        self.groups.kill();
    }

    fn gone_within(&mut self, pause: Duration) -> bool {
        let started = Instant::now();
        while !self.childless {
            match self.events.recv_timeout(pause.saturating_sub(started.elapsed())) {
                Ok(event) => self.note(event),
                Err(_) => break,
            }
        }
        if self.childless && !self.is_gone() {
            thread::sleep(pause.saturating_sub(started.elapsed()));
        }
        self.is_gone()
    }
}
