//! Reaching a task that runs in another process: asking it to stop, finding its live log.

use super::session::stop_file;
use crate::error::Result;
use crate::host::files;
use crate::model::{EventId, TaskId};
use crate::store::Store;
use std::path::PathBuf;

/// Asks the worker that holds the claim to stop. It ends everything it started, then lets the task go.
pub fn request_stop(store: &Store, session: &str) -> Result<()> {
    files::write_text(&stop_file(&store.local.session_lock(session)), "stop\n")
}

/// The run folder with the newest live log of a task, if this machine has one.
pub fn live_run_folder(store: &Store, task: &TaskId) -> Result<Option<PathBuf>> {
    let names = files::names(&store.local.runs())?;
    for name in names.into_iter().rev() {
        let folder = store.local.run_folder(&EventId::from_name(&name));
        let owner = files::load_text(&folder.join(OWNER))?.unwrap_or_default();
        if owner.lines().next() == Some(task.as_str()) {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

/// In a run folder: the task, then the worker's session.
pub(super) const OWNER: &str = "owner";
