//! Runs whose worker stopped before it could say how they ended. What the agent had said by then is in the run's folder:
//! its words and what it used are not lost with the worker.

use super::inbox::account_of;
use super::transcript;
use super::words::{messages_of, question_text, remember};
use crate::agent::Account;
use crate::error::Result;
use crate::model::message::{Message, MessageKind};
use crate::model::run::{Kept, Outcome, RunRecord};
use crate::model::{Change, EventId, TaskId, Usage};
use crate::store::{Changes, Snapshot};
use crate::tasks::Project;
use std::collections::BTreeMap;

/// What a run left on this machine.
#[derive(Default)]
pub struct Left {
    account: Account,
    kept: Option<Kept>,
    /// Why its transcript is not kept.
    missing: Option<String>,
}

/// What the session's open runs of a task left. To be asked before the transaction that ends them: redacting may run
/// commands of the user's.
pub fn what_is_left(project: &Project, session: &str, task: &TaskId) -> Result<BTreeMap<EventId, Left>> {
    let runs = project.store.snapshot()?.runs(task)?;
    let open = runs.into_iter().filter(|run| is_open(run, session) && run.host == project.host.name());
    Ok(open.map(|run| (run.id.clone(), left_by(project, task, &run))).collect())
}

fn is_open(run: &RunRecord, session: &str) -> bool {
    run.session == session && run.ended.is_none()
}

fn left_by(project: &Project, task: &TaskId, run: &RunRecord) -> Left {
    let account = account_of(&project.store.local.run_folder(&run.id));
    match transcript::keep_after_crash(project, task, run) {
        Ok(kept) => Left { account, kept, missing: None },
        Err(error) => Left { account, kept: None, missing: Some(error.full_text()) },
    }
}

/// Writes down that the session's open runs of a task ended, however far they came. The question that waits for an
/// answer, if there is one.
pub fn end_open_runs(
    project: &Project,
    snapshot: &Snapshot<'_>,
    left: &BTreeMap<EventId, Left>,
    session: &str,
    task: &TaskId,
    (outcome, why): (Outcome, &str),
    changes: &mut Changes,
) -> Result<Option<String>> {
    let runs = snapshot.runs(task)?;
    let mut question = None;
    let now = project.host.now();
    for run in runs.iter().filter(|run| is_open(run, session)) {
        let nothing = Left::default();
        let left = left.get(&run.id).unwrap_or(&nothing);
        let mut ended = run.clone();
        ended.ended = Some(now);
        ended.outcome = Some(outcome);
        let missing = left.missing.as_ref().map(|why| format!("\nwhat the agent printed is not kept: {why}"));
        ended.detail = Some(format!("{why}{}", missing.unwrap_or_default()));
        ended.kept.clone_from(&left.kept);
        ended.usage = left.account.usage(Some(&total_before(run, &runs)));
        ended.conversation_usage = left.account.total();
        ended.denied = left.account.denied.iter().cloned().collect();
        changes.run(task, &ended);
        let outcome = outcome.word().to_owned();
        changes.event(task, Change::RunEnded { run: run.id.clone(), outcome, heard: Vec::new(), but: None });
        messages_of(&left.account, task, run).iter().for_each(|message| changes.message(message));
        remember(snapshot, changes, &left.account, task, run)?;
        if let Some(asked) = &left.account.question {
            let id = EventId::from_name(&format!("{}-question", run.id));
            let text = question_text(asked);
            changes.message(&Message {
                id,
                kind: MessageKind::Question,
                task: Some(task.clone()),
                from: run.agent.clone(),
                to: None,
                reply_to: None,
                at: run.started,
                text: text.clone(),
            });
            question = Some(text);
        }
    }
    Ok(question)
}

/// What the run's conversation had used when the run began.
fn total_before(run: &RunRecord, runs: &[RunRecord]) -> Usage {
    let earlier =
        runs.iter().filter(|other| other.id < run.id && run.resumed && other.conversation == run.conversation);
    earlier.rev().find_map(|other| other.conversation_usage.clone()).unwrap_or_default()
}
