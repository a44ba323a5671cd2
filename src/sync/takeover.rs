//! Tasks whose holder has not been seen alive for a whole lease are free again, first here and then, with the next push,
//! for everybody. Somebody who comes back after that finds its fence stale and stops.

use super::observe::overdue;
use super::sharing::Sharing;
use crate::error::Result;
use crate::model::{Change, Progress, Reason, Status, TaskId};

/// A task that is free again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    pub task: TaskId,
    /// Who held it: `ana on mill`.
    pub from: String,
}

/// Frees what silent machines hold. Nothing is published yet.
pub fn take_over(sharing: &Sharing<'_>) -> Result<Vec<TakenOver>> {
    let project = sharing.project;
    let observations = sharing.observations()?;
    let own = sharing.live_name()?;
    let is_overdue = |claim: &crate::model::Claim| claim.live.as_deref() != Some(&own) && overdue(claim, &observations);
    let silent: Vec<TaskId> = sharing
        .claimed()?
        .into_iter()
        .filter(|task| task.status == Status::Running && task.claim.as_ref().is_some_and(is_overdue))
        .map(|task| task.id)
        .collect();
    if silent.is_empty() {
        return Ok(Vec::new());
    }
    let most = project.settings.number("run.recoveries");
    project.store.transact(&project.person(), "take over from a silent machine", |snapshot, changes| {
        let mut taken = Vec::new();
        for id in &silent {
            let task = snapshot.task(id)?;
            let Some(claim) = task.claim.as_ref().filter(|claim| task.status == Status::Running && is_overdue(claim))
            else {
                continue;
            };
            for (step, _) in task.steps.iter().filter(|(_, progress)| progress.state == Progress::Running) {
                let why = "its machine fell silent".to_owned();
                changes.event(id, Change::StepReset { step: step.clone(), why });
            }
            let why = format!("{} showed no sign of life for its whole lease", claim.host);
            changes.event(id, Change::Released { why, recovery: true, claim: Some(claim.fence) });
            if task.recoveries + 1 >= most {
                let note = Some(format!("its workers died {} times", task.recoveries + 1));
                let reason = Some(Reason::RecoveryExhausted);
                changes.event(id, Change::Moved { from: Status::Ready, to: Status::Waiting, reason, note });
            }
            taken.push(TakenOver { task: id.clone(), from: format!("{} on {}", claim.actor, claim.host) });
        }
        Ok(taken)
    })
}
