//! `aifactory diff`

use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::git::{Oid, Repository};
use crate::model::Task;
use crate::run::base_of_work;
use crate::store::Snapshot;
use crate::tasks::Project;
use serde_json::json;

/// Show what a task changed
#[derive(clap::Args)]
pub struct Args {
    /// The task
    id: String,
    /// Only which files, and how much
    #[arg(long)]
    stat: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let task = snapshot.task(&snapshot.resolve(&args.id)?)?;
    let (from, to) = require_change(&project, &snapshot, &task)?;
    let repository = project.repository();
    if context.ui.manner.json {
        let paths = repository.changed_paths(repository.tree_of(from)?, repository.tree_of(to)?)?;
        let diff = repository.diff_text(from, to, false)?;
        let answer = json!({ "schema": "aifactory.diff/1", "id": task.id, "from": from.to_string(), "to": to.to_string(),
                             "paths": paths, "diff": diff });
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    let diff = repository.diff_text(from, to, args.stat)?;
    match args.stat {
        true => context.ui.answer_foreign(&diff)?,
        false => context.ui.answer_diff(&diff)?,
    }
    Ok(Finish::Well)
}

/// The two commits between which a task's work lies.
pub(super) fn require_change(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<(Oid, Oid)> {
    let short = snapshot.short(&task.id);
    find_change(project, snapshot, task)?
        .ok_or_else(|| Error::missing(format!("task {short} has no work yet")).hint(format!("aifactory run {short}")))
}

pub(super) fn find_change(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<Option<(Oid, Oid)>> {
    let repository = project.repository();
    if let Some(delivery) = task.delivery.as_ref().filter(|delivery| delivery.done) {
        return Ok(Repository::parse_oid(&delivery.from).zip(Repository::parse_oid(&delivery.commit)));
    }
    let tip = task.branch.as_deref().map(|branch| repository.branch_commit(branch)).transpose()?.flatten();
    let Some(tip) = tip else { return Ok(None) };
    Ok(base_of_work(project, snapshot, task, tip)?.map(|base| (base, tip)).filter(|(base, tip)| base != tip))
}
