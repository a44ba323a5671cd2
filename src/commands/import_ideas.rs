//! `aifactory import ideas:<id>`: the ideas of a report as tasks.

use super::{Context, Finish};
use crate::error::Result;
use crate::model::text::{count, escape_line};
use crate::tasks::{adopt_ideas, require_ideas};
use crate::ui::Style;
use serde_json::json;

/// Lists the ideas, or makes tasks of those with these numbers, or of all where none is named.
pub fn run(context: &Context, typed: &str, numbers: &[usize], dry_run: bool) -> Result<Finish> {
    let project = if dry_run { context.project()? } else { context.project_for_writing()? };
    let snapshot = project.store.snapshot()?;
    let task = snapshot.resolve(typed)?;
    if dry_run {
        let ideas = require_ideas(&snapshot, &task)?;
        if context.ui.manner.json {
            context.ui.answer_json(&json!({ "schema": "aifactory.ideas/1", "id": task, "ideas": ideas }))?;
            return Ok(Finish::Well);
        }
        for (number, idea) in ideas.iter().enumerate() {
            let category = context.ui.paint(Style::Dim, idea.category);
            context.ui.answer_line(&format!("{:>2}  {}  {category}", number + 1, escape_line(&idea.title)))?;
        }
        context.ui.hint(&format!("aifactory import ideas:{} --only 1", snapshot.short(&task)));
        return Ok(Finish::Well);
    }
    let made = adopt_ideas(&project, &task, numbers)?;
    if context.ui.manner.json {
        context.ui.answer_json(&json!({ "schema": "aifactory.import/1", "created": made }))?;
        return Ok(Finish::Well);
    }
    made.iter().try_for_each(|id| context.ui.answer_line(id.as_str()))?;
    context.ui.note(&match made.len() {
        0 => "nothing new".to_owned(),
        many => format!("made {} of ideas", count(many, "task")),
    });
    Ok(Finish::Well)
}
