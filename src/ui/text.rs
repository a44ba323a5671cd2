//! Small texts that several commands show.

use crate::config::duration_text;
use crate::model::text::escape_line;
use crate::model::{Reason, Timestamp};
use unicode_width::UnicodeWidthStr;

/// `3m`, `2h`, `5d`: the largest unit alone.
pub fn age(now: Timestamp, then: Timestamp) -> String {
    let text = duration_text(now.since(then));
    let text = text.split(' ').next().unwrap_or_default();
    if text.ends_with("ms") {
        "now".to_owned()
    } else {
        text.to_owned()
    }
}

/// Why a task waits, with the first line of its note.
pub fn reason_text(reason: Option<Reason>, note: Option<&str>) -> String {
    let first = note
        .and_then(|note| note.lines().next())
        .map(|line| escape_line(line).into_owned());
    match (reason, first) {
        (Some(reason), Some(note)) => format!("{reason}: {note}"),
        (Some(reason), None) => reason.to_string(),
        (None, Some(note)) => note,
        (None, None) => String::new(),
    }
}

/// Folds words into lines of at most `width`, each after `indent` blanks.
pub fn wrap(text: &str, width: usize, indent: usize) -> String {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() + indent > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
        .iter()
        .map(|line| format!("{}{line}\n", " ".repeat(indent)))
        .collect()
}
