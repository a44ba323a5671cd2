//! `aifactory stop`

use super::{Context, Finish};
use crate::error::{Error, Kind, Result};
use crate::model::{Status, TaskId};
use crate::process::Invocation;
use crate::run::{attached_session, request_stop};
use crate::store::Filter;
use crate::tasks::Project;
use std::time::Duration;

/// Stop running tasks
///
/// Everything the agent started is ended, the interrupted step becomes pending, the task is ready again. Committed and
/// uncommitted work stays in the worktree.
#[derive(clap::Args)]
pub struct Args {
    /// The tasks; without any, everything that runs on this machine
    #[arg(value_name = "ID")]
    ids: Vec<String>,
}

/// Longer than any grace between asking and ending.
const LONGEST: Duration = Duration::from_secs(30);

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let snapshot = project.store.snapshot()?;
    let named = context.resolve(&snapshot, &args.ids)?;
    let ids = if named.is_empty() { running(&project)? } else { named };
    let mut stopped = Vec::new();
    for id in &ids {
        // A person's own terminal on the task, left open in the background.
        if end_attached(id) {
            stopped.push(id.clone());
        }
    }
    for id in &ids {
        let task = snapshot.task(id)?;
        match &task.claim {
            Some(claim) => {
                request_stop(&project.store, &claim.session)?;
                stopped.retain(|known| known != id);
                stopped.push(id.clone());
            }
            None if args.ids.is_empty() || stopped.contains(id) => {}
            None => {
                return Err(Error::missing(format!("task {} is {}, not running", snapshot.short(id), task.status)));
            }
        }
    }
    if stopped.is_empty() {
        context.ui.note("nothing is running");
        return Ok(Finish::Short(Kind::Missing));
    }
    wait_until_let_go(&project, &stopped)?;
    context.report_changed(&project, "aifactory.stop/1", "stopped", &stopped)
}

/// Ends the tmux session in which somebody goes on with the task's agent. Whether there was one.
fn end_attached(id: &TaskId) -> bool {
    let ended = Invocation::new("tmux").args(["kill-session", "-t", &attached_session(id)]).run();
    which::which("tmux").is_ok() && ended.is_ok_and(|ended| ended.exit.success())
}

fn running(project: &Project) -> Result<Vec<TaskId>> {
    let filter = Filter { statuses: vec![Status::Running], ..Filter::default() };
    let host = project.host.name();
    let snapshot = project.store.snapshot()?;
    let rows = snapshot.index()?.tasks(&filter)?;
    let here = |id: &TaskId| snapshot.task(id).ok().and_then(|task| task.claim).is_some_and(|claim| claim.host == host);
    Ok(rows.into_iter().map(|row| row.id).filter(here).collect())
}

fn wait_until_let_go(project: &Project, ids: &[TaskId]) -> Result<()> {
    let started = project.host.monotonic();
    loop {
        let snapshot = project.store.snapshot()?;
        let held = ids.iter().filter(|id| snapshot.task(id).is_ok_and(|task| task.claim.is_some())).count();
        if held == 0 {
            return Ok(());
        }
        if started.elapsed() > LONGEST {
            return Err(Error::failed("the worker did not let go in time").hint("aifactory status"));
        }
        project.host.sleep(Duration::from_millis(50));
    }
}
