//! `aifactory retry`

use super::named::Named;
use super::{Context, Finish, run};
use crate::error::Result;
use crate::model::TaskId;
use crate::tasks::{Project, retry};
use std::collections::BTreeMap;

/// Try tasks again
///
/// What waits or is under review becomes ready again and keeps its finished steps; what was cancelled goes back to the
/// backlog. A note is given to the agent. What is merged stays as it is: with a note, a task of its own goes on from it.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tasks: Named,
    /// What to do differently
    #[arg(short, long)]
    message: Option<String>,
    /// Run them at once
    #[arg(long)]
    run: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let (project, ids) = args.tasks.for_writing(context)?;
    let changed = retry(&project, &ids, args.message.as_deref())?;
    let followers = followers(&project, &ids, &changed)?;
    let snapshot = project.store.snapshot()?;
    for (done, new) in &followers {
        let (done, follower) = (snapshot.short(done), snapshot.short(new));
        if !context.ui.manner.json {
            context.ui.answer_line(&context.ui.id(new, &follower))?;
        }
        context.ui.note(&format!("{done} is done: this is a task of its own now, {follower}"));
        context.ui.hint(&format!("to take it back: aifactory cancel {follower}"));
    }
    if args.run {
        let ids = ids.into_iter().map(|id| followers.get(&id).cloned().unwrap_or(id)).collect();
        return run::run_tasks(context, &project, ids, run::How::default());
    }
    let verb_of = |id: &TaskId| if followers.values().any(|new| new == id) { "made" } else { "ready again" };
    context.report_each(&project, "aifactory.retry/1", verb_of, &changed)
}

/// The tasks that go on from merged ones, by these.
fn followers(project: &Project, ids: &[TaskId], changed: &[TaskId]) -> Result<BTreeMap<TaskId, TaskId>> {
    let snapshot = project.store.snapshot()?;
    let mut followers = BTreeMap::new();
    for follower in changed.iter().filter(|id| !ids.contains(id)) {
        if let Some(done) = snapshot.task(follower)?.parent {
            followers.insert(done, follower.clone());
        }
    }
    Ok(followers)
}
