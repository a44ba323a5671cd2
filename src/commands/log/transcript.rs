//! `aifactory log --run`: what an agent said and did in one run.

use super::stream::{Cut, print_part};
use crate::commands::{Context, Finish};
use crate::error::{Error, Result};
use crate::host::files;
use crate::model::TaskId;
use crate::model::run::RunRecord;
use crate::model::text::escape_line;
use crate::run::EVENTS;
use crate::store::transcripts::{Found, find as find_kept};
use crate::sync::Sharing;
use crate::sync::transcripts::fetch;
use crate::tasks::Project;

pub fn show(context: &Context, project: &Project, id: &TaskId, wanted: &str, cut: &Cut) -> Result<Finish> {
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
        Some(events) => print_part(context, &events, cut)?,
        None => print_part(context, &kept(project, id, run)?, cut)?,
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

/// The events of a run whose folder is not here any more, or never was: out of its transcript, from whoever keeps it.
fn kept(project: &Project, id: &TaskId, run: &RunRecord) -> Result<String> {
    let age = project.settings.duration("transcripts.age");
    let look = || find_kept(&project.store, id, &run.id, run.kept.as_ref(), age);
    let mut found = look()?;
    if let (Found::Elsewhere(_) | Found::Lost, Some(kept)) = (&found, &run.kept)
        && let Some(sharing) = Sharing::find(project)?
        && fetch(&sharing, kept)?
    {
        found = look()?;
    }
    let missing = |why: &str| Error::missing(format!("the transcript of run {} {why}", run.id));
    match found {
        Found::Here(transcript) => match transcript.part(EVENTS) {
            Some(events) => Ok(events.to_owned()),
            None => Err(missing("holds no events")),
        },
        Found::Pruned => Err(missing("was given up for its age")
            .hint(format!("they are kept for {}: transcripts.age", project.settings.text("transcripts.age")))),
        Found::Lost => Err(missing("is lost: it was kept, and is gone")),
        Found::Altered => Err(missing("is not what the run's record speaks of: somebody changed it")),
        Found::Elsewhere(name) => Err(missing(&format!("is kept elsewhere, on {}", escape_line(&name))).hint(format!(
            "on {}, to share it: aifactory config set transcripts.keep shared, then aifactory sync",
            escape_line(&run.host)
        ))),
        Found::NotKept => Err(missing("was not kept").hint(format!("it ran on {}", escape_line(&run.host)))),
    }
}
