//! Recovery of a run folder whose supervisor was killed.
//!
//! A living guardian ends its session by itself, so it is given the time; then it is killed. What is left is found by
//! the pid and start time the guardian wrote down, as its descendants, by the session's marker in the environment, and in
//! the session's kernel groups. Out of reach, only if the guardian itself was killed and only where there are no such
//! groups, is a process that both lost its parents and rewrote its environment.
//!
//! Only sweep a session that nobody supervises: this module cannot tell, and ends it.

#![allow(clippy::disallowed_methods, reason = "the process layer waits in real time")]

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::MARKER_VARIABLE;
use super::cgroup::Groups;
use super::ending::{Targets, end_all, send};
use super::folder::{self, Record};
use super::proc_fs::{Identity, Process, Snapshot};
use crate::error::{Context, Error, Result};

/// What a guardian may take beyond the grace.
const GUARDIAN_MARGIN: Duration = Duration::from_secs(2);
/// How long the lock of a dead guardian may stay behind: another sweep, or a reader, holds it.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// How many processes this sweep had to end.
    pub ended: u32,
}

/// Whether a guardian (or a sweep) holds the run folder's lock.
pub fn alive(folder: &Path) -> bool {
    // A shared lock, so that two who ask at the same time do not take each other for a guardian.
    File::open(folder.join(folder::LOCK)).is_ok_and(|lock| lock.try_lock_shared().is_err())
}

/// Ends what is left of the session that ran in `folder`. Blocks for up to twice the grace and some seconds.
pub fn sweep(folder: &Path, grace: Duration) -> Result<Swept> {
    sweep_after(folder, grace.saturating_add(GUARDIAN_MARGIN), grace)
}

/// The same, without waiting for the guardian.
pub(super) fn sweep_at_once(folder: &Path, grace: Duration) -> Result<Swept> {
    sweep_after(folder, Duration::ZERO, grace)
}

fn sweep_after(folder: &Path, patience: Duration, grace: Duration) -> Result<Swept> {
    let cannot = || format!("cannot sweep {}", folder.display());
    // For writing, too: a network file system grants exclusive locks to writers only.
    let lock = match File::options().read(true).write(true).open(folder.join(folder::LOCK)) {
        Ok(lock) => lock,
        // Without a guardian nothing was ever started.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Swept { ended: 0 }),
        Err(error) => return Err(error).context(cannot),
    };
    let mut rest = Rest::default();
    if !folder::lock_within(&lock, patience).context(cannot)? {
        rest.family = kill_guardian(folder);
        if !folder::lock_within(&lock, LOCK_PATIENCE).context(cannot)? {
            return Err(Error::failed(format!("{}: somebody else holds {}", cannot(), folder::LOCK)));
        }
    }
    // The lock stays ours to the end: no new session starts in the folder meanwhile.
    rest.recall(folder);
    rest.end(folder, grace).context(cannot)
}

/// Kills the guardian and returns its family, which is not to be recognised any more once it is dead.
fn kill_guardian(folder: &Path) -> Vec<Identity> {
    let record = folder::read::<Record>(folder, folder::LOCK).ok();
    let Some(guardian) = record.and_then(|record| record.find()) else {
        return Vec::new();
    };
    // Suspended first, so that it cannot start or reap anything between the look and the end.
    send(guardian.identity, Signal::STOP);
    let family = Snapshot::take().descendants(&[guardian.pid()]);
    send(guardian.identity, Signal::KILL);
    family.iter().map(|process| process.identity).collect()
}

/// What is left of a session without a guardian.
#[derive(Default)]
struct Rest {
    family: Vec<Identity>,
    /// `NAME=value` in the environment of all it started.
    marker: Option<Vec<u8>>,
    groups: Groups,
}

impl Rest {
    /// Adds what the guardian wrote down.
    fn recall(&mut self, folder: &Path) {
        let child = folder::read::<Record>(folder, folder::CHILD).ok();
        let guardian = folder::read::<Record>(folder, folder::LOCK).ok();
        self.family.extend(child.as_ref().and_then(Record::find).map(|process| process.identity));
        let marker = guardian.or(child).map(|record| record.marker);
        self.groups = marker.as_ref().map(|marker| Groups::recall(folder, marker)).unwrap_or_default();
        self.marker = marker.map(|marker| format!("{MARKER_VARIABLE}={marker}").into_bytes());
    }

    fn end(mut self, folder: &Path, grace: Duration) -> Result<Swept> {
        let outcome = end_all(&mut self, grace);
        self.groups.remove(folder);
        if outcome.survivors.is_empty() {
            let ended = outcome.signalled.len().try_into().unwrap_or(u32::MAX);
            return Ok(Swept { ended });
        }
        let pids: Vec<String> = outcome.survivors.iter().map(|process| process.pid().to_string()).collect();
        let pids = pids.join(" ");
        Err(Error::failed(format!("these processes do not end: {pids}")).hint(format!("ps -fp {pids}")))
    }

    fn is_root(&self, process: &Process) -> bool {
        let is_marked = |marker: &Vec<u8>| process.was_started_with(marker);
        self.family.contains(&process.identity) || self.marker.as_ref().is_some_and(is_marked)
    }
}

impl Targets for Rest {
    fn choose(&self, all: &Snapshot) -> Vec<Process> {
        // Read after `all`: a pid that came to mean another process meanwhile is not signalled.
        let members = self.groups.members();
        let is_chosen = |process: &&Process| members.contains(&process.pid()) || self.is_root(process);
        let mut chosen: Vec<Process> = all.iter().filter(is_chosen).copied().collect();
        let roots: Vec<u32> = chosen.iter().map(Process::pid).collect();
        chosen.extend(all.descendants(&roots));
        // We may have been started by the session ourselves.
        chosen.retain(|process| process.pid() > 1 && process.pid() != std::process::id());
        chosen.sort_unstable_by_key(|process| process.identity);
        chosen.dedup();
        chosen
    }

    fn kill_at_once(&self) {
        if !self.groups.members().contains(&std::process::id()) {
            self.groups.kill();
        }
    }

    fn gone_within(&mut self, pause: Duration) -> bool {
        thread::sleep(pause);
        // One look can miss a process that was born during it.
        self.choose(&Snapshot::take()).is_empty() && self.choose(&Snapshot::take()).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_guardian_is_swept_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!alive(folder.path()));
        assert_eq!(sweep(folder.path(), Duration::from_secs(60)).unwrap(), Swept { ended: 0 });
    }

    #[test]
    fn a_lock_that_nobody_holds_is_no_guardian() {
        let folder = tempfile::tempdir().unwrap();
        let lock = File::create(folder.path().join(folder::LOCK)).unwrap();
        assert!(!alive(folder.path()));
        lock.lock().unwrap();
        assert!(alive(folder.path()));
    }
}
