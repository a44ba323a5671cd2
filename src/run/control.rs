//! Reaching a task that runs in another process: asking it to stop, and talking to its agent.

use super::inbox::leave_saying;
use super::session::stop_file;
use crate::error::Result;
use crate::host::files;
use crate::model::{EventId, TaskId};
use crate::store::Store;
use crate::tasks::Project;

/// Asks the worker that holds the claim to stop. It ends everything it started, then lets the task go.
pub fn request_stop(store: &Store, session: &str) -> Result<()> {
    files::write_text(&stop_file(&store.local.session_lock(session)), "stop\n")
}

/// Leaves a person's word for the task's agent, if one is running on this machine. Whether there is one.
pub fn say_to_running(project: &Project, task: &TaskId, said: &EventId, text: &str) -> Result<bool> {
    let snapshot = project.store.snapshot()?;
    let Some(claim) = snapshot.task(task)?.claim else { return Ok(false) };
    let runs = snapshot.runs(task)?;
    let Some(run) = runs.iter().rev().find(|run| run.session == claim.session && run.ended.is_none()) else {
        return Ok(false);
    };
    let folder = project.store.local.run_folder(&run.id);
    if !folder.is_dir() {
        return Ok(false);
    }
    leave_saying(&folder, said, text)?;
    Ok(true)
}

/// In a run folder: the task, then the worker's session.
pub(super) const OWNER: &str = "owner";

/// The tmux session in which a person goes on with a task's agent.
pub fn attached_session(task: &TaskId) -> String {
    format!("aifactory-{task}")
}
