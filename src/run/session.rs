//! A worker's sign of life: a file it holds locked while it works, and through which it can be asked to stop.
//!
//! The kernel drops the lock when the worker is gone, however it went. The file names the task, so whoever finds it
//! unlocked knows what has to be repaired.

use crate::error::Result;
use crate::host::files::{self, FileLock};
use crate::model::TaskId;
use crate::store::{Local, Store};
use std::path::{Path, PathBuf};

/// What a session was about, for recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFile {
    pub session: String,
    pub task: TaskId,
    pub path: PathBuf,
}

/// Held by the worker. Dropping it without [`WorkerSession::close`] leaves the file for recovery, as a crash does.
#[must_use]
pub struct WorkerSession {
    pub id: String,
    path: PathBuf,
    _lock: FileLock,
}

impl WorkerSession {
    pub fn open(store: &Store, task: &TaskId) -> Result<WorkerSession> {
        let id = store.host().random_text(16);
        let path = store.local.session_lock(&id);
        // Locked before it can be found: whoever looks for dead sessions looks for the file with the task.
        let lock = FileLock::wait(&path)?;
        files::write_text(&task_file(&path), task.as_str())?;
        Ok(WorkerSession { id, path, _lock: lock })
    }

    pub fn stop_is_requested(&self) -> bool {
        stop_file(&self.path).exists()
    }

    /// Where somebody who wants the session to stop leaves word.
    pub fn stop_file(&self) -> PathBuf {
        stop_file(&self.path)
    }

    /// All is recorded; nothing is left to repair.
    pub fn close(self) -> Result<()> {
        remove(&self.path)
    }
}

fn task_file(lock: &Path) -> PathBuf {
    lock.with_extension("task")
}

pub(super) fn stop_file(lock: &Path) -> PathBuf {
    lock.with_extension("stop")
}

pub(super) fn remove(lock: &Path) -> Result<()> {
    // The file with the task first: without it nobody takes the rest for a dead session.
    files::remove_file(&task_file(lock))?;
    files::remove_file(&stop_file(lock))?;
    files::remove_file(lock)
}

/// The sessions of this clone whose worker is gone.
pub(super) fn dead(store: &Store) -> Result<Vec<SessionFile>> {
    let folder = store.local.root().join("sessions");
    let mut dead = Vec::new();
    for name in files::names(&folder)? {
        let Some(session) = name.strip_suffix(".task") else {
            continue;
        };
        let path = store.local.session_lock(session);
        if FileLock::is_held(&path) {
            continue;
        }
        let text = files::load_text(&task_file(&path))?.unwrap_or_default();
        match TaskId::parse(text.trim()) {
            Some(task) => dead.push(SessionFile { session: session.to_owned(), task, path }),
            None => remove(&path)?,
        }
    }
    Ok(dead)
}

/// Whether any worker of this clone is alive.
pub(super) fn live_sessions(local: &Local) -> bool {
    let folder = local.root().join("sessions");
    let names = files::names(&folder).unwrap_or_default();
    names.iter().any(|name| name.strip_suffix(".task").is_some_and(|id| FileLock::is_held(&local.session_lock(id))))
}

/// The living worker of this clone that carries a task.
pub(super) fn session_of(store: &Store, task: &TaskId) -> Result<Option<String>> {
    let folder = store.local.root().join("sessions");
    for name in files::names(&folder)? {
        let Some(session) = name.strip_suffix(".task") else { continue };
        let path = store.local.session_lock(session);
        let text = files::load_text(&task_file(&path))?.unwrap_or_default();
        if text.trim() == task.as_str() && FileLock::is_held(&path) {
            return Ok(Some(session.to_owned()));
        }
    }
    Ok(None)
}
