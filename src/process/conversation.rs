//! Writes a child's stdin while reading its stdout and stderr, without deadlock and in bounded memory.
//!
//! One thread per pipe and one that waits for the end, all telling one channel. The child is waited for but not reaped
//! here: until the owner reaps it, its pid cannot come to mean another process.

#![allow(clippy::disallowed_methods, reason = "the process layer measures real time")]

use std::io::{self, Read, Write};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::clocks::later;
use super::invocation::{Exit, Output};
use super::lines::LineSplitter;

/// What a program that ran out of time gets to remove its lock files.
const GRACE: Duration = Duration::from_secs(1);
/// Silence after the program's end that means the pipes are only held by something in the background. Not shorter: on a
/// busy machine our own reading must not be taken for silence.
const AFTERMATH: Duration = Duration::from_secs(2);
const FOR_EVER: Duration = Duration::MAX;
const CHUNK: usize = 32 << 10;
/// Chunks that wait to be collected.
const BACKLOG: usize = 8;
/// A listener hears no more than this of one line.
const LONGEST_LINE: usize = 4 << 10;

enum Event {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    Ended,
}

/// Hears the lines of stderr as they come, each end of a line or carriage return ending one.
pub type Listener<'a> = &'a mut dyn FnMut(&str);

pub struct Conversation<'a> {
    /// Disconnected when the program has ended and both outputs are closed.
    events: Receiver<Event>,
    ended: bool,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    max_output: usize,
    truncated: bool,
    lines: LineSplitter,
    listener: Option<Listener<'a>>,
}

impl<'a> Conversation<'a> {
    pub fn start(
        child: &mut Child,
        input: Option<Vec<u8>>,
        max_output: usize,
        listener: Option<Listener<'a>>,
    ) -> io::Result<Conversation<'a>> {
        let (tell, events) = sync_channel(BACKLOG);
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            // A program may end without having read everything; that is its business.
            spawn(move || drop(stdin.write_all(&input)))?;
        }
        if let Some(stdout) = child.stdout.take() {
            let tell = tell.clone();
            spawn(move || read(stdout, Event::Stdout, &tell))?;
        }
        if let Some(stderr) = child.stderr.take() {
            let tell = tell.clone();
            spawn(move || read(stderr, Event::Stderr, &tell))?;
        }
        let pid = pid(child);
        spawn(move || tell_end(pid, &tell))?;
        Ok(Conversation {
            events,
            ended: false,
            stdout: Vec::new(),
            stderr: Vec::new(),
            max_output,
            truncated: false,
            lines: LineSplitter::at_returns(LONGEST_LINE),
            listener,
        })
    }

    /// Collects until nothing more is to come; false if the program has not ended in time.
    pub fn until_end(&mut self, timeout: Option<Duration>) -> bool {
        let deadline = later(Instant::now(), timeout.unwrap_or(FOR_EVER));
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let patience = if self.ended { AFTERMATH.min(left) } else { left };
            match self.events.recv_timeout(patience) {
                Ok(event) => self.collect(event),
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return self.ended,
            }
        }
    }

    /// Ends the process group of the child.
    pub fn end_group(&mut self, child: &Child) {
        for (signal, patience) in [(Signal::TERM, GRACE), (Signal::KILL, AFTERMATH)] {
            if let Some(group) = pid(child) {
                // It may have ended in this moment, which is as good.
                let _ = kill_process_group(group, signal);
            }
            self.until_end(Some(patience));
        }
    }

    pub fn into_output(mut self, exit: Exit) -> Output {
        if let Some(listener) = &mut self.listener {
            self.lines.finish(listener);
        }
        Output { exit, stdout: self.stdout, stderr: self.stderr, truncated: self.truncated }
    }

    fn collect(&mut self, event: Event) {
        let (kept, bytes) = match event {
            Event::Stdout(bytes) => (&mut self.stdout, bytes),
            Event::Stderr(bytes) => {
                if let Some(listener) = &mut self.listener {
                    self.lines.push(&bytes, listener);
                }
                (&mut self.stderr, bytes)
            }
            Event::Ended => {
                self.ended = true;
                return;
            }
        };
        let room = self.max_output - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.truncated |= bytes.len() > room;
    }
}

fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(child.id().try_into().ok()?)
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().spawn(work).map(drop)
}

fn read(mut pipe: impl Read, event: fn(Vec<u8>) -> Event, tell: &SyncSender<Event>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        match pipe.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(length) => {
                // Nobody collects any more: the pipe is closed, as it would be if we had ended.
                if tell.send(event(buffer[..length].to_vec())).is_err() {
                    return;
                }
            }
        }
    }
}

fn tell_end(pid: Option<Pid>, tell: &SyncSender<Event>) {
    let Some(pid) = pid else { return };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
    let _ = tell.send(Event::Ended);
}
