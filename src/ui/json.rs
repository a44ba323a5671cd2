//! The shapes that programs read. Each has a name and a version in `schema`; fields are added, never renamed.

use crate::error::Error;
use crate::model::Task;
use serde_json::{Value, json};

pub fn error_json(error: &Error) -> Value {
    json!({
        "schema": "aifactory.error/1",
        "error": error.message(),
        "causes": error.causes(),
        "hints": error.hints(),
        "exit": error.kind().exit_code(),
    })
}

/// A task's record as it is, named by its schema.
pub fn task_json(task: &Task) -> Value {
    let mut value = serde_json::to_value(task).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.shift_insert(0, "schema".to_owned(), "aifactory.task/1".into());
    }
    value
}
