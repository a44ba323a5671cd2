//! `aifactory log --run`: what an agent said and did in one run.

use super::stream::print_events;
use crate::commands::{Context, Finish};
use crate::error::{Error, Result};
use crate::host::files;
use crate::model::TaskId;
use crate::model::run::RunRecord;
use crate::model::text::escape_line;
use crate::run::EVENTS;
use crate::tasks::Project;

pub fn show(context: &Context, project: &Project, id: &TaskId, wanted: &str) -> Result<Finish> {
    let snapshot = project.store.snapshot()?;
    let short = snapshot.short(id);
    let runs = snapshot.runs(id)?;
    let run = find(&runs, wanted).ok_or_else(|| {
        let known: Vec<String> = runs.iter().map(|run| run.id.to_string()).collect();
        Error::missing(format!("task {short} has no run `{}`", escape_line(wanted))).hint(match known.is_empty() {
            true => format!("it has not run yet: aifactory run {short}"),
            false => format!("its runs: {}", known.join(", ")),
        })
    })?;
    let folder = project.store.local.run_folder(&run.id);
    match files::load_text(&folder.join(EVENTS))? {
        Some(events) => print_events(context, &events)?,
        None => {
            return Err(Error::missing(format!("what the agent said in run {} is not on this machine", run.id))
                .hint(format!("it ran on {}", escape_line(&run.host))));
        }
    }
    Ok(Finish::Well)
}

/// A run by its id or the beginning of it, or the last one.
fn find<'r>(runs: &'r [RunRecord], wanted: &str) -> Option<&'r RunRecord> {
    if wanted == "last" {
        return runs.last();
    }
    let mut matching = runs.iter().filter(|run| !wanted.is_empty() && run.id.to_string().starts_with(wanted));
    let first = matching.next()?;
    matching.next().is_none().then_some(first)
}
