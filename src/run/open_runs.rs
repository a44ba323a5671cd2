//! Runs whose worker stopped before it could say how they ended.

use crate::error::Result;
use crate::model::run::Outcome;
use crate::model::{Change, TaskId};
use crate::store::{Changes, Snapshot};
use crate::tasks::Project;

/// Writes down that the session's open runs of a task ended, however far they came.
pub fn end_open_runs(
    project: &Project,
    snapshot: &Snapshot<'_>,
    session: &str,
    task: &TaskId,
    (outcome, why): (Outcome, &str),
    changes: &mut Changes,
) -> Result<()> {
    for mut run in snapshot.runs(task)?.into_iter().filter(|run| run.session == session && run.ended.is_none()) {
        run.ended = Some(project.host.now());
        run.outcome = Some(outcome);
        run.detail = Some(why.to_owned());
        changes.run(task, &run);
        changes.event(
            task,
            Change::RunEnded { run: run.id.clone(), outcome: outcome.word().to_owned(), heard: Vec::new() },
        );
    }
    Ok(())
}
