//! `aifactory log -f`: what a task's agent says and does, run after run, until the task is let go.

use super::stream::print_events;
use crate::commands::{Context, Finish};
use crate::error::{Error, Result};
use crate::host::files::FileLock;
use crate::model::run::RunRecord;
use crate::model::{EventId, Task, TaskId};
use crate::run::EVENTS;
use crate::store::Snapshot;
use crate::tasks::Project;
use serde_json::json;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(200);

/// A task that nobody works on here: its newest run, whole. Otherwise the present run from its beginning, and every
/// later one, until the claim is gone.
pub fn follow(context: &Context, project: &Project, id: &TaskId) -> Result<Finish> {
    let mut printed = Printed { context, last: before_first(project, id)?, open: None };
    loop {
        // Looked at first: what is written before the end is printed after it.
        let snapshot = project.store.snapshot()?;
        let task = snapshot.task(id)?;
        let is_over = !is_worked_on(project, &task);
        for run in runs_here(project, &snapshot, id)? {
            printed.begin(run.id, project)?;
        }
        printed.go_on(is_over)?;
        if is_over {
            return finish(context, &task);
        }
        context.host.sleep(PAUSE);
    }
}

/// The newest run that is not to be printed, if there is one.
fn before_first(project: &Project, id: &TaskId) -> Result<Option<EventId>> {
    let snapshot = project.store.snapshot()?;
    let task = snapshot.task(id)?;
    let mut runs = runs_here(project, &snapshot, id)?;
    let claim = task.claim.as_ref().filter(|_| is_worked_on(project, &task));
    // A claim that has not run anything yet is waited for; an old run says nothing about it.
    let newest_is_wanted = match (claim, runs.last()) {
        (Some(claim), newest) => newest.is_some_and(|run| run.session == claim.session),
        (None, Some(_)) => true,
        (None, None) => {
            let short = snapshot.short(id);
            return Err(Error::missing(format!("task {short} has not run on this machine"))
                .hint(format!("aifactory log {short}")));
        }
    };
    if newest_is_wanted {
        runs.pop();
    }
    Ok(runs.pop().map(|run| run.id))
}

/// The runs of which this machine has the output, oldest first.
fn runs_here(project: &Project, snapshot: &Snapshot<'_>, id: &TaskId) -> Result<Vec<RunRecord>> {
    let mut runs = snapshot.runs(id)?;
    runs.retain(|run| project.store.local.run_folder(&run.id).is_dir());
    Ok(runs)
}

/// A claim alone would keep us waiting for a worker that died, or that works on another machine.
fn is_worked_on(project: &Project, task: &Task) -> bool {
    let lock = |session: &str| project.store.local.session_lock(session);
    task.claim.as_ref().is_some_and(|claim| FileLock::is_held(&lock(&claim.session)))
}

fn finish(context: &Context, task: &Task) -> Result<Finish> {
    if context.ui.manner.json {
        let result = json!({ "schema": "aifactory.log-result/1", "id": task.id, "status": task.status });
        context.ui.answer_json_line(&result)?;
    }
    Ok(Finish::Well)
}

/// More than the longest event, and little beside what a run may leave.
const AT_ONCE: u64 = 32 << 20;

/// How far the output has been printed.
struct Printed<'c> {
    context: &'c Context,
    /// The newest run that was begun or left out.
    last: Option<EventId>,
    open: Option<Output>,
}

impl Printed<'_> {
    /// Begins with a run, unless that happened already. The one before it has ended.
    fn begin(&mut self, run: EventId, project: &Project) -> Result<()> {
        if self.last.as_ref().is_some_and(|last| run <= *last) {
            return Ok(());
        }
        self.go_on(true)?;
        self.open = Some(Output { folder: project.store.local.run_folder(&run), offset: 0 });
        self.last = Some(run);
        Ok(())
    }

    fn go_on(&mut self, has_ended: bool) -> Result<()> {
        match &mut self.open {
            Some(output) => output.print(self.context, has_ended),
            None => Ok(()),
        }
    }
}

struct Output {
    folder: PathBuf,
    offset: u64,
}

impl Output {
    /// Prints what is new. A line that is still being written waits for its end.
    fn print(&mut self, context: &Context, has_ended: bool) -> Result<()> {
        loop {
            let mut bytes = read_from(&self.folder.join(EVENTS), self.offset);
            let is_all = (bytes.len() as u64) < AT_ONCE;
            if !is_all || !has_ended {
                bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
            }
            self.offset += bytes.len() as u64;
            print_events(context, &String::from_utf8_lossy(&bytes))?;
            if is_all || bytes.is_empty() {
                return Ok(());
            }
        }
    }
}

/// What follows an offset, so much of it as is read at once. A log that is not there yet has nothing.
fn read_from(path: &Path, offset: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(mut file) = std::fs::File::open(path) {
        let _ = file.seek(SeekFrom::Start(offset)).and_then(|_| file.take(AT_ONCE).read_to_end(&mut bytes));
    }
    bytes
}
