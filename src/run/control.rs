//! Reaching a task that runs in another process: asking it to stop.

use super::session::stop_file;
use crate::error::Result;
use crate::host::files;
use crate::store::Store;

/// Asks the worker that holds the claim to stop. It ends everything it started, then lets the task go.
pub fn request_stop(store: &Store, session: &str) -> Result<()> {
    files::write_text(&stop_file(&store.local.session_lock(session)), "stop\n")
}

/// In a run folder: the task, then the worker's session.
pub(super) const OWNER: &str = "owner";
