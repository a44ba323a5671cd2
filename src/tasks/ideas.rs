//! Ideas that a task's agent had, and tasks made of them.

use super::messages::{Selection, select};
use super::{NewTask, Project, create};
use crate::error::{Error, Result};
use crate::model::event::Draft;
use crate::model::idea::{Idea, parse_ideas};
use crate::model::message::MessageKind;
use crate::model::{Risk, TaskId};
use crate::store::{Filter, Snapshot};

/// The ideas of a task's newest report, or an error that says how to have some.
pub fn require_ideas(snapshot: &Snapshot<'_>, task: &TaskId) -> Result<Vec<Idea>> {
    snapshot.task(task)?;
    let wanted = Selection { task: Some(task.clone()), kinds: vec![MessageKind::Handoff], ..Selection::default() };
    let reports = select(snapshot, &wanted)?.records;
    let ideas = reports.iter().rev().map(|message| parse_ideas(&message.text)).find(|ideas| !ideas.is_empty());
    ideas.ok_or_else(|| {
        let short = snapshot.short(task);
        Error::missing(format!("task {short} has no report with ideas"))
            .hint(format!("to have an agent look for some: aifactory run {short} --role ideas"))
    })
}

/// Makes tasks of ideas, by their numbers from 1, or of all. One that is a task already is passed over.
pub fn adopt_ideas(project: &Project, task: &TaskId, numbers: &[usize]) -> Result<Vec<TaskId>> {
    let snapshot = project.store.snapshot()?;
    let ideas = require_ideas(&snapshot, task)?;
    if let Some(wrong) = numbers.iter().find(|number| !(1..=ideas.len()).contains(*number)) {
        return Err(Error::usage(format!("there is no idea {wrong}: they are numbered from 1 to {}", ideas.len())));
    }
    let known: Vec<String> = snapshot
        .index()?
        .tasks(&Filter::default())?
        .into_iter()
        .filter(|row| row.labels.iter().any(|label| label == LABEL))
        .map(|row| row.title)
        .collect();
    let mut made = Vec::new();
    for (at, idea) in ideas.iter().enumerate() {
        let is_wanted = numbers.is_empty() || numbers.contains(&(at + 1));
        if !is_wanted || known.contains(&idea.title) {
            continue;
        }
        let labels = [LABEL, idea.category].into_iter().map(str::to_owned).collect();
        let risk = Risk::parse(project.settings.text("risk.default")).unwrap_or_default();
        let draft = Draft { title: idea.title.clone(), labels, risk, parent: Some(task.clone()), ..Draft::default() };
        made.push(create(project, &NewTask { draft, spec: idea.to_spec(), ..NewTask::default() })?);
    }
    Ok(made)
}

/// What tasks are labelled with that were ideas.
const LABEL: &str = "idea";
