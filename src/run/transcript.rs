//! Keeping what an agent printed, once its run has ended.

use crate::agent::Agent;
use crate::error::Result;
use crate::model::run::{Kept, RunRecord};
use crate::model::{EventId, TaskId};
use crate::store::transcripts;
use crate::tasks::Project;

/// Keeps the run's transcript, if it is to be kept.
pub fn keep(project: &Project, task: &TaskId, run: &EventId) -> Result<Option<Kept>> {
    if project.settings.text("transcripts.keep") == "off" {
        return Ok(None);
    }
    let folder = project.store.local.run_folder(run);
    transcripts::keep(&project.store, task, run, &folder, project.settings.size("transcripts.size").unwrap_or_default())
}

/// The same of a run that another process began. Only what knows the agent's credentials can redact them, so without
/// them nothing is kept.
pub fn keep_after_crash(project: &Project, task: &TaskId, run: &RunRecord) -> Option<Kept> {
    if run.host != project.host.name() {
        return None;
    }
    let agent = Agent::find(&run.agent, &project.settings, None).ok()?;
    project.grant(&agent).ok()?;
    keep(project, task, &run.id).ok()?
}
