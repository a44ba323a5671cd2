//! The files that guardian, supervisor and sweep leave for each other in a run folder.
//!
//! | File | Writer | What it says |
//! |---|---|---|
//! | `guardian.lock` | guardian | locked while a guardian lives; its [`Record`] |
//! | `child.json` | guardian | the [`Record`] of the supervised program |
//! | `groups.json` | guardian | the kernel groups that the session may be in; gone when they are |
//! | `confined.json` | program, before it begins | what it could not be confined to; empty where all went well |
//! | `exit.json` | guardian | the [`Report`]: how it ended, once nothing is left |
//! | `stdin` | supervisor | what the program reads as its standard input |
//! | `stdout.log`, `stderr.log` | supervisor | what it wrote |

#![allow(clippy::disallowed_methods, reason = "the process layer waits for real processes")]

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::limits::Resource;
use super::proc_fs::{Identity, Process, boot_id};

pub const LOCK: &str = "guardian.lock";
pub const CHILD: &str = "child.json";
pub const GROUPS: &str = "groups.json";
pub const CONFINED: &str = "confined.json";
pub const REPORT: &str = "exit.json";
pub const STDIN: &str = "stdin";
pub const STDOUT_LOG: &str = "stdout.log";
pub const STDERR_LOG: &str = "stderr.log";

const LOCK_POLL: Duration = Duration::from_millis(10);

/// Names a process in a file that may be read after a crash or in another boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub pid: u32,
    pub start_time: u64,
    pub boot_id: Option<String>,
    /// The id of the session it belongs to.
    pub marker: String,
}

impl Record {
    /// `None` when the process is already gone: there is nothing to find again.
    pub fn of(pid: u32, marker: &str) -> Option<Record> {
        let Identity { pid, start_time } = Process::find(pid)?.identity;
        Some(Record { pid, start_time, boot_id: boot_id(), marker: marker.to_owned() })
    }

    /// The process, if this very one is still alive.
    pub fn find(&self) -> Option<Process> {
        let process = Process::find(self.pid)?;
        (process.identity.start_time == self.start_time && self.boot_id == boot_id()).then_some(process)
    }
}

/// What the guardian says at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub could_not_start: Option<String>,
    /// How many processes besides the program itself had to be ended.
    pub leftovers: u32,
    /// Whether the program was still running when the end was asked for.
    pub stopped: bool,
    /// Limits that something in the session ran into.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub limits_hit: BTreeSet<Resource>,
    /// Limits that could not be set, or hold in another way, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits_missed: Vec<String>,
}

pub fn write(folder: &Path, name: &str, content: &impl Serialize) -> io::Result<()> {
    replace(folder, name, &serde_json::to_vec(content)?)
}

/// Readers see the whole old file or the whole new one, and who has the old one open keeps it.
pub fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = folder.join(format!("{name}.tmp"));
    fs::write(&unfinished, bytes)?;
    fs::rename(unfinished, folder.join(name))
}

pub fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> io::Result<T> {
    Ok(serde_json::from_slice(&fs::read(folder.join(name))?)?)
}

/// Removes what an earlier session in the same folder said.
pub fn forget_earlier_session(folder: &Path) -> io::Result<()> {
    for name in [CHILD, CONFINED, REPORT] {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Whether the lock could be taken within `patience`.
///
/// Everybody waits at least a little: readers that ask whether a guardian lives hold the lock for an instant, and so
/// does a process that another thread is just about to start.
pub fn lock_within(file: &File, patience: Duration) -> io::Result<bool> {
    let mut left = patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if left.is_zero() => return Ok(false),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_POLL.min(left)),
        }
        left = left.saturating_sub(LOCK_POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_finds_its_process_again_but_not_another_with_its_pid() {
        let mut record = Record::of(std::process::id(), "m").unwrap();
        assert!(record.find().is_some());
        record.start_time += 1;
        assert_eq!(record.find(), None);
    }

    #[test]
    fn a_record_of_another_boot_finds_nothing() {
        let mut record = Record::of(std::process::id(), "m").unwrap();
        record.boot_id = Some("another".into());
        assert_eq!(record.find(), None);
    }

    #[test]
    fn a_written_file_is_read_back_and_leaves_no_unfinished_one() {
        let folder = tempfile::tempdir().unwrap();
        let report = Report { code: Some(3), ..Report::default() };
        write(folder.path(), REPORT, &report).unwrap();
        assert_eq!(read::<Report>(folder.path(), REPORT).unwrap(), report);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_lock_held_by_somebody_is_waited_for_only_so_long() {
        let folder = tempfile::tempdir().unwrap();
        let open = || File::create(folder.path().join(LOCK)).unwrap();
        let holder = open();
        holder.lock().unwrap();
        assert!(!lock_within(&open(), Duration::from_millis(20)).unwrap());
        drop(holder);
        assert!(lock_within(&open(), Duration::from_secs(10)).unwrap());
    }
}
