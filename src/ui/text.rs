//! Small texts that several commands show.

use crate::config::duration_text;
use crate::model::text::escape_line;
use crate::model::{Reason, Timestamp};

/// `3m`, `2h`, `5d`: the largest unit alone.
pub fn age(now: Timestamp, then: Timestamp) -> String {
    let text = duration_text(now.since(then));
    let text = text.split(' ').next().unwrap_or_default();
    if text.ends_with("ms") { "now".to_owned() } else { text.to_owned() }
}

/// `3m ago`, `just now`.
pub fn ago(now: Timestamp, then: Timestamp) -> String {
    match age(now, then).as_str() {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

/// Why a task waits, with the first line of its note.
pub fn reason_text(reason: Option<Reason>, note: Option<&str>) -> String {
    let first = note.and_then(|note| note.lines().next()).map(|line| escape_line(line).into_owned());
    match (reason, first) {
        (Some(reason), Some(note)) => format!("{reason}: {note}"),
        (Some(reason), None) => reason.to_string(),
        (None, Some(note)) => note,
        (None, None) => String::new(),
    }
}
