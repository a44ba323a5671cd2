//! What changed between two revisions, told to whoever uses it: what is an entry, under which heading it stands, and how
//! all of it is written down.
//!
//! Titles and subjects come from outside: they are one line, not longer than a line may be, and in Markdown they are words,
//! code, and at most a number of the project's own.

mod file;
mod group;
mod markdown;

pub use file::{FILE_NAME, add_to_file};
pub use group::{Group, Judged, is_left_out, judge};
pub use markdown::Format;

use super::{TaskId, Timestamp};
use serde::Serialize;
use std::collections::BTreeSet;

/// Letters of an entry; what is longer is cut.
const LONGEST_TEXT: usize = 200;

/// What is different at one revision from what was at another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changelog {
    /// Absent where it begins with the first commit.
    pub from: Option<Revision>,
    pub to: Revision,
    /// When the newest commit was made. Absent where there is none.
    pub at: Option<Timestamp>,
    /// By heading, and below it the oldest first.
    pub entries: Vec<Entry>,
    /// There are more commits than were looked at: the oldest are missing.
    pub is_cut: bool,
}

/// A commit by the name that somebody gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// As a person would say it: a tag, a branch, an id.
    pub name: String,
    /// In full.
    pub commit: String,
    pub is_tag: bool,
}

/// One thing that is different now: a task with all its commits, or a commit of no task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub group: Group,
    /// One line, in words of whoever wrote it.
    pub text: String,
    /// What worked before does not work any more.
    pub breaking: bool,
    /// Why it stands under its heading.
    pub because: String,
    pub task: Option<TaskId>,
    /// In full, oldest first.
    pub commits: Vec<String>,
    pub authors: BTreeSet<String>,
}

impl Entry {
    /// What it is known by: the task's id, or the beginning of the commit's.
    pub fn key(&self) -> String {
        match &self.task {
            Some(task) => task.to_string(),
            None => self.commit(),
        }
    }

    fn commit(&self) -> String {
        self.commits.last().map(|commit| commit.chars().take(SHORT).collect()).unwrap_or_default()
    }
}

/// Digits of a commit's id that people are shown.
const SHORT: usize = 10;

impl Changelog {
    /// The heading of it as a whole: the version, or that there is none yet.
    pub fn version(&self) -> Option<&str> {
        self.to.is_tag.then(|| self.to.name.strip_prefix('v').unwrap_or(&self.to.name))
    }

    /// Without what those who only use it do not see. How many that were.
    pub fn leave_out_internal(&mut self) -> usize {
        let all = self.entries.len();
        self.entries.retain(|entry| entry.group != Group::Internal);
        all - self.entries.len()
    }
}

/// One line of a title or subject.
fn one_line(text: &str) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match folded.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", folded[..end].trim_end()),
        None => folded,
    }
}
