//! Supervises one session: an agent or a gate below its guardian.
//!
//! [`supervise`] passes the output on line by line and to the logs, watches the clocks, and comes back when nothing of
//! the session is left. What the listener wants said to the program goes to its stdin as fast as the program reads it,
//! and never holds up reading. Asking for the end is one word on the guardian's control pipe; if the guardian does not manage
//! or was killed, a sweep does its work. Dropping the future closes the pipe, which ends the session just as well.
//!
//! Memory is bounded by `max_line` and two small buffers, whatever the program writes. Logs are written in place,
//! without a thread: a page cache that blocks is not worth a copy of every byte.

#![allow(clippy::disallowed_methods, reason = "the process layer starts children and measures real time")]

use std::collections::BTreeSet;
use std::future::pending;
use std::io;
use std::path::{Path, PathBuf, absolute};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep_until, timeout};

use super::clocks::{Clocks, later};
use super::folder::{self, Report};
use super::guardian;
use super::input::Input;
pub use super::limits::Resource;
pub use super::listener::{Hear, Listener, Pulse, Talk};
use super::log::BoundedLog;
pub use super::request::{Limits, Request, Stdin};
use super::sandbox;
use super::stream::{COMPLAINT_BUFFER, OUTPUT_BUFFER, Stream};
use super::sweep::{Swept, sweep_at_once};
use crate::error::{Context, Error, Result};

/// How long the guardian may take beyond the grace before it is ended itself.
const GUARDIAN_MARGIN: Duration = Duration::from_secs(3);
/// How long output is waited for that a process outside the session holds back.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// A line without its newline; bytes that are not UTF-8 are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    Stdout(&'a str),
    Stderr(&'a str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    Exited(i32),
    Signalled(i32),
    TimedOut,
    Stalled {
        in_tool: bool,
    },
    Stopped,
    /// It stayed though nobody would say anything more to it, and was ended.
    Dismissed,
    CouldNotStart(String),
    /// Somebody killed the guardian; the rest of the session has been ended.
    GuardianLost,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub ending: Ending,
    /// How many processes had to be ended besides the program itself; with it, if the guardian was lost or hung.
    pub leftovers: u32,
    /// Limits that something in the session ran into, as far as the kernel tells.
    pub limits_hit: BTreeSet<Resource>,
    /// Limits that could not be set, or hold in another way, each with the reason.
    pub limits_missed: Vec<String>,
}

impl Ended {
    /// Nothing more is known about it.
    fn with(ending: Ending, leftovers: u32) -> Ended {
        Ended { ending, leftovers, limits_hit: BTreeSet::new(), limits_missed: Vec::new() }
    }
}

/// Runs the session to its end. An error means that it could not be supervised, not that the program failed; even then
/// nothing of it is left, unless the error says so.
pub async fn supervise(request: Request, stop: watch::Receiver<bool>, mut listener: impl Listener) -> Result<Ended> {
    if *stop.borrow() {
        return Ok(Ended::with(Ending::Stopped, 0));
    }
    let mut session = Session::start(request).await?;
    let over = session.until_over(stop, &mut listener).await;
    let status = match &over {
        Ok(Over::GuardianEnded(status)) => Some(*status),
        Ok(Over::EndWanted(_)) | Err(_) => session.make_guardian_end(&mut listener).await,
    };
    session.drain(&mut listener).await;
    let wanted = match &over {
        Ok(Over::EndWanted(ending)) => Some(ending.clone()),
        Ok(Over::GuardianEnded(_)) | Err(_) => None,
    };
    let ended = session.conclude(status, wanted).await?;
    over.map(|_| ended)
}

/// Why the watching is over.
enum Over {
    GuardianEnded(ExitStatus),
    EndWanted(Ending),
}

enum Event {
    Heard(Option<Pulse>),
    GuardianEnded(ExitStatus),
    DeadlinePassed,
    Ticked,
    Wrote,
}

struct Session {
    guardian: Child,
    /// Open as long as the session may run.
    control: Option<ChildStdin>,
    /// The program's stdin, while something may still be said.
    input: Option<Input>,
    talk: Talk,
    stdout: Stream<ChildStdout>,
    stderr: Stream<ChildStderr>,
    folder: PathBuf,
    limits: Limits,
}

impl Session {
    async fn start(mut request: Request) -> Result<Session> {
        let entered = sandbox::enter(&mut request)?;
        let folder = &request.folder;
        let in_folder = || format!("cannot prepare the session in {}", folder.display());
        let input = match &request.stdin {
            Stdin::Empty => None,
            Stdin::Text(text) => folder::replace(folder, folder::STDIN, text).map(|()| None).context(in_folder)?,
            Stdin::Open => Some(Input::open(&folder.join(folder::STDIN)).context(in_folder)?),
        };
        let stdout_log = BoundedLog::open(&folder.join(folder::STDOUT_LOG), request.limits.max_log);
        let stderr_log = BoundedLog::open(&folder.join(folder::STDERR_LOG), request.limits.max_log);
        let (stdout_log, stderr_log) = (stdout_log.context(in_folder)?, stderr_log.context(in_folder)?);
        let order = request.order_line(entered).context(in_folder)?;
        let mut guardian = start_guardian(&request.guardian)?;
        let mut control = guardian.stdin.take();
        if let Some(control) = &mut control {
            // A guardian that is gone already is noticed, and explained, by how it ended.
            let _ = control.write_all(&order).await;
        }
        Ok(Session {
            stdout: Stream::new(guardian.stdout.take(), OUTPUT_BUFFER, stdout_log, request.limits.max_line),
            stderr: Stream::new(guardian.stderr.take(), COMPLAINT_BUFFER, stderr_log, request.limits.max_line),
            guardian,
            control,
            input,
            talk: Talk::default(),
            folder: request.folder,
            limits: request.limits,
        })
    }

    async fn until_over(&mut self, stop: watch::Receiver<bool>, listener: &mut impl Listener) -> Result<Over> {
        let mut clocks = Clocks::start(&self.limits, Instant::now());
        let mut stop_wanted = pin!(stop_wanted(stop));
        let mut tick = listener.tick_every().map(|every| {
            let mut tick = interval(every);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            tick
        });
        let mut farewell = None;
        listener.begin(&mut self.talk);
        loop {
            if self.talk.is_end_wanted() {
                return Ok(Over::EndWanted(Ending::Stopped));
            }
            if self.input.is_some() && self.talk.is_over() {
                farewell = Some(later(Instant::now(), self.limits.farewell));
            }
            let deadline = farewell.map_or(clocks.deadline(), |farewell| farewell.min(clocks.deadline()));
            let event = tokio::select! {
                () = &mut stop_wanted => return Ok(Over::EndWanted(Ending::Stopped)),
                event = self.next_event(deadline, listener) => event,
                () = ticked(&mut tick) => Ok(Event::Ticked),
            };
            match event.context(|| format!("cannot supervise the session in {}", self.folder.display()))? {
                Event::Heard(pulse) => clocks.heard(Instant::now(), pulse),
                Event::GuardianEnded(status) => return Ok(Over::GuardianEnded(status)),
                Event::DeadlinePassed if farewell == Some(deadline) => return Ok(Over::EndWanted(Ending::Dismissed)),
                Event::DeadlinePassed => return Ok(Over::EndWanted(clocks.verdict())),
                Event::Ticked => listener.tick(&mut self.talk),
                Event::Wrote => {}
            }
        }
    }

    /// What happens next; output has been passed on when it returns. Nothing is lost if it is dropped while it waits.
    async fn next_event(&mut self, deadline: Instant, listener: &mut impl Listener) -> io::Result<Event> {
        if self.talk.is_over() {
            self.input = None;
        }
        tokio::select! {
            () = self.stdout.fill() => {}
            () = self.stderr.fill() => {}
            status = self.guardian.wait() => return status.map(Event::GuardianEnded),
            () = Input::write(&mut self.input, &mut self.talk) => return Ok(Event::Wrote),
            () = sleep_until(deadline.into()) => return Ok(Event::DeadlinePassed),
        }
        Ok(Event::Heard(self.pass_on(listener)?))
    }

    fn pass_on(&mut self, listener: &mut impl Listener) -> io::Result<Option<Pulse>> {
        let mut pulse = None;
        let talk = &mut self.talk;
        self.stdout.pass_on(|line| pulse = Some(listener.hear(Line::Stdout(line), talk)))?;
        self.stderr.pass_on(|line| pulse = Some(listener.hear(Line::Stderr(line), talk)))?;
        Ok(pulse)
    }

    /// Asks for the end and waits for it; `None` when the guardian does not manage in time.
    async fn make_guardian_end(&mut self, listener: &mut impl Listener) -> Option<ExitStatus> {
        if let Some(mut control) = self.control.take() {
            let _ = control.write_all(b"stop\n").await;
        }
        let deadline = later(Instant::now(), self.limits.grace.saturating_add(GUARDIAN_MARGIN));
        loop {
            match self.next_event(deadline, listener).await {
                Ok(Event::GuardianEnded(status)) => return Some(status),
                Ok(Event::DeadlinePassed) => return None,
                // Output still flows, or a log is broken, which has been or will be said elsewhere.
                Ok(Event::Heard(_) | Event::Ticked | Event::Wrote) | Err(_) => {}
            }
        }
    }

    /// Passes on what the pipes still hold. They are at their end now, unless a process outside has got hold of one.
    async fn drain(&mut self, listener: &mut impl Listener) {
        let rest = async {
            while self.stdout.is_open() || self.stderr.is_open() {
                tokio::select! {
                    () = self.stdout.fill() => {}
                    () = self.stderr.fill() => {}
                }
                let _ = self.pass_on(listener);
            }
        };
        let _ = timeout(DRAIN_TIME, rest).await;
    }

    /// What the end was, once nothing is left. `wanted` is the end we asked for.
    async fn conclude(mut self, status: Option<ExitStatus>, wanted: Option<Ending>) -> Result<Ended> {
        const FOLDER_IN_USE: i32 = guardian::FOLDER_IN_USE as i32;
        const FOLDER_UNUSABLE: i32 = guardian::FOLDER_UNUSABLE as i32;
        let folder = self.folder.display();
        match (status.and_then(|status| status.code()), wanted) {
            (Some(0), wanted) => {
                let report: Report = folder::read(&self.folder, folder::REPORT)
                    .context(|| format!("cannot read how the session in {folder} ended"))?;
                Ok(ended_as_reported(report, wanted))
            }
            (Some(FOLDER_IN_USE), _) => Err(Error::failed(format!("another session runs in {folder}"))),
            (Some(FOLDER_UNUSABLE), Some(ending)) => Ok(Ended::with(ending, 0)),
            (Some(FOLDER_UNUSABLE), None) => Err(Error::failed(format!("cannot write to the run folder {folder}"))),
            (_, wanted) => {
                let swept = self.sweep().await?;
                Ok(Ended::with(wanted.unwrap_or(Ending::GuardianLost), swept.ended))
            }
        }
    }

    async fn sweep(&mut self) -> Result<Swept> {
        let (folder, grace) = (self.folder.clone(), self.limits.grace);
        let swept = spawn_blocking(move || sweep_at_once(&folder, grace)).await;
        let swept = swept.context(|| format!("cannot sweep {}", self.folder.display()))??;
        // Whatever it was, it is dead by now and only has to be reaped.
        let _ = self.guardian.start_kill();
        let _ = self.guardian.wait().await;
        Ok(swept)
    }
}

/// The guardian has nothing of our environment and pins no folder.
fn start_guardian(program: &Path) -> Result<Child> {
    let cannot = || format!("cannot start the guardian {}", program.display());
    Command::new(absolute(program).context(cannot)?)
        .arg(guardian::WORD)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(cannot)
}

async fn ticked(tick: &mut Option<Interval>) {
    match tick {
        Some(tick) => drop(tick.tick().await),
        None => pending().await,
    }
}

async fn stop_wanted(mut stop: watch::Receiver<bool>) {
    // Nobody who could still ask for it means that it is not wanted.
    if stop.wait_for(|wanted| *wanted).await.is_err() {
        pending::<()>().await;
    }
}

fn ended_as_reported(report: Report, wanted: Option<Ending>) -> Ended {
    let Report { leftovers, limits_hit, limits_missed, .. } = report.clone();
    let ending = match report {
        // Without our asking it was somebody's SIGTERM to the guardian.
        Report { stopped: true, .. } => wanted.unwrap_or(Ending::Stopped),
        Report { could_not_start: Some(reason), .. } => Ending::CouldNotStart(reason),
        Report { code: Some(code), .. } => Ending::Exited(code),
        Report { signal: Some(signal), .. } => Ending::Signalled(signal),
        _ => Ending::GuardianLost,
    };
    Ended { ending, leftovers, limits_hit, limits_missed }
}
