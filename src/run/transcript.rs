//! Keeping what an agent printed, once its run has ended.

use crate::agent::Agent;
use crate::error::Result;
use crate::model::run::{Kept, RunRecord};
use crate::model::{EventId, TaskId};
use crate::store::transcripts::{self, Source};
use crate::tasks::Project;

/// Keeps the run's transcript, if it is to be kept.
pub fn keep(project: &Project, agent: &Agent, task: &TaskId, run: &EventId) -> Result<Option<Kept>> {
    if project.settings.text("transcripts.keep") == "off" {
        return Ok(None);
    }
    let folder = project.store.local.run_folder(run);
    let source = Source { folder: &folder, comes_in_pieces: agent.reader.comes_in_pieces };
    transcripts::keep(&project.store, task, run, &source, project.settings.size("transcripts.size").unwrap_or_default())
}

/// The same of a run that another process began. Only what knows the agent's credentials can redact them, so without
/// them nothing is kept.
pub fn keep_after_crash(project: &Project, task: &TaskId, run: &RunRecord) -> Result<Option<Kept>> {
    let agent = Agent::find(&run.agent, &project.settings, None)?;
    project.grant(&agent)?;
    keep(project, &agent, task, &run.id)
}
