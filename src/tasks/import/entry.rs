//! What every kind of list is read into: entries, in the terms of tasks.

use crate::model::text::escape_line;
use crate::model::{Priority, Reason, Risk, Source, Status, Task};
use crate::tasks::create::one_line;
use std::collections::{BTreeSet, HashSet};

/// A list as it was read, before anybody looked at the tasks.
pub(super) struct List {
    /// The [`Source`] of every entry has this system and place.
    pub system: &'static str,
    pub place: String,
    /// What one entry is called: an item, a file.
    pub noun: &'static str,
    pub entries: Vec<Entry>,
    /// Keys of entries that are there but could not be understood: their tasks are not missing.
    pub unread: HashSet<String>,
    pub warnings: Vec<String>,
    pub matching: Matching,
}

/// For each entry the index of the known task it is, if any. Every task is given at most once.
pub(super) type Matching = Box<dyn Fn(&[Entry], &[Task]) -> Vec<Option<usize>>>;

pub(super) struct Entry {
    /// Where it stands, for people: `TODO.md:12`.
    pub at: String,
    /// Its title here is the entry's title, fit for a task.
    pub source: Source,
    pub labels: BTreeSet<String>,
    pub priority: Priority,
    /// Absent: what the settings say.
    pub risk: Option<Risk>,
    pub agent: Option<String>,
    pub role: Option<String>,
    /// The index of the entry it stands under.
    pub parent: Option<usize>,
    /// The indexes of the entries that come first.
    pub after: Vec<usize>,
    pub beginning: Beginning,
    pub spec: String,
    pub plan: String,
}

/// Where a new task starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beginning {
    pub status: Status,
    pub reason: Option<Reason>,
    pub note: Option<String>,
}

impl Beginning {
    pub fn at(status: Status) -> Beginning {
        Beginning { status, reason: None, note: None }
    }

    pub fn noted(self, note: String) -> Beginning {
        Beginning { note: Some(note), ..self }
    }

    pub fn waiting(reason: Reason) -> Beginning {
        Beginning { reason: Some(reason), ..Beginning::at(Status::Waiting) }
    }
}

/// A title as [`one_line`] accepts it, and the whole of it where it had to be cut. One odd line must not stop an import.
pub(super) fn fit_title(written: &str) -> (String, Option<String>) {
    const MOST: usize = 300;
    if let Ok(title) = one_line(written) {
        return (title, None);
    }
    let folded = written.split_whitespace().collect::<Vec<_>>().join(" ");
    let title = match folded.chars().any(char::is_control) {
        true => escape_line(&folded).into_owned(),
        false => folded,
    };
    match title.chars().count() {
        0 => ("(no title)".to_owned(), None),
        1..=MOST => (title, None),
        _ => (title.chars().take(MOST - 1).chain(['…']).collect(), Some(title)),
    }
}

/// Parts with a blank line between them, without blank lines around them. Empty where nothing is in them.
pub(super) fn text_of<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let parts = parts.into_iter().map(without_blank_lines).filter(|part| !part.is_empty());
    let mut text = parts.collect::<Vec<_>>().join("\n\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Keeps the indentation of the first line, which may mean something.
fn without_blank_lines(text: &str) -> &str {
    let text = text.trim_end();
    let blank = text.len() - text.trim_start().len();
    let first = text[..blank].rfind('\n').map_or(0, |newline| newline + 1);
    &text[first..]
}
