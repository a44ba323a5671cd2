//! `aifactory message show`

use super::list::warn_about;
use super::write::{Names, write_message};
use crate::commands::{Context, Finish};
use crate::error::Result;
use crate::model::message::{Threaded, thread};
use serde_json::{Value, json};

pub fn run(context: &Context, typed: &str) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve_message(typed)?;
    // Said first: of a message that cannot be read there is no thread.
    snapshot.message(&id)?;
    let found = snapshot.messages()?;
    let thread = thread(&found.records, &id);
    if context.ui.manner.json {
        let messages: Vec<Value> = thread.iter().map(as_json).collect();
        context.ui.answer_json(&json!({ "schema": "aifactory.thread/1", "id": id, "messages": messages }))?;
        return Ok(Finish::Well);
    }
    let names = Names::of(&snapshot)?;
    thread.iter().try_for_each(|part| write_message(context, &names, part.message, part.depth))?;
    warn_about(context, &found.problems);
    Ok(Finish::Well)
}

fn as_json(part: &Threaded<'_>) -> Value {
    let mut value = serde_json::to_value(part.message).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.insert("depth".to_owned(), part.depth.into());
    }
    value
}
