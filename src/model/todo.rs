//! Reading TODO.md: the sloppy lists people really keep, turned into items, and marks written back into them.
//!
//! An item is a line with a mark in brackets. Bullets of any kind, numbers, indentation and even a missing bullet are
//! accepted; a mark nobody knows is open, with a warning. Headings and bracketed words become labels, indented text
//! becomes notes, `(after: other title)` a dependency. Fenced code and HTML comments hold no items.
//!
//! The file stays the user's: writing back changes mark characters and no other byte. Files are untrusted: any text is
//! read in linear time, without a panic.

mod line;
mod matching;
mod read;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;

pub use matching::{Known, match_items};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    Open,
    InProgress,
    Planning,
    AwaitingReview,
    PlanApproved,
    Done,
    Cancelled,
}

impl Mark {
    pub const ALL: [Mark; 7] = [
        Mark::Open,
        Mark::InProgress,
        Mark::Planning,
        Mark::AwaitingReview,
        Mark::PlanApproved,
        Mark::Done,
        Mark::Cancelled,
    ];

    /// The character between the brackets.
    pub fn char(self) -> char {
        match self {
            Mark::Open => ' ',
            Mark::InProgress => '>',
            Mark::Planning => '~',
            Mark::AwaitingReview => '?',
            Mark::PlanApproved => 'p',
            Mark::Done => 'x',
            Mark::Cancelled => '-',
        }
    }

    /// The mark a character stands for; upper case counts, too.
    pub fn from_char(c: char) -> Option<Mark> {
        Mark::ALL.into_iter().find(|mark| mark.char() == c.to_ascii_lowercase())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// 1-based.
    pub line: usize,
    pub mark: Mark,
    /// Without labels, priority, dependencies and comments, and with single spaces.
    pub title: String,
    /// From headings and from the line itself, each once.
    pub labels: Vec<String>,
    pub notes: String,
    /// The index of the item this one stands under.
    pub parent: Option<usize>,
    /// The indexes of the items that come first.
    pub after: Vec<usize>,
    /// 1 (highest) to 4.
    pub priority: Option<u8>,
    /// The task's id, from an `<!-- aifactory:… -->` comment.
    pub id: Option<String>,
    /// Sixteen hex characters made from the title, its parents' titles and its number among its likes. Moving the line
    /// does not change it.
    pub key: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Todo {
    /// In file order.
    pub items: Vec<Item>,
    /// Line number and what is odd there.
    pub warnings: Vec<(usize, String)>,
}

pub fn parse_todo(text: &str) -> Todo {
    read::read(text).0
}

/// The text with these marks on these (1-based) lines. A line that holds no item stays as it is, and so does a mark
/// that already says the same in upper case. Of several marks for a line the last counts.
pub fn write_back(text: &str, marks: &[(usize, Mark)]) -> String {
    let (todo, places) = read::read(text);
    let wanted: HashMap<usize, Mark> = marks.iter().copied().collect();
    let mut written = String::with_capacity(text.len());
    let mut copied = 0;
    for (item, place) in todo.items.iter().zip(places) {
        let Some(mark) = wanted.get(&item.line) else { continue };
        let mut present = text[place.clone()].chars();
        if present.next().and_then(Mark::from_char) == Some(*mark) && present.next().is_none() {
            continue;
        }
        written.push_str(&text[copied..place.start]);
        written.push(mark.char());
        copied = place.end;
    }
    written.push_str(&text[copied..]);
    written
}

/// A title as it is compared: lower case, single spaces.
pub(crate) fn folded(title: &str) -> String {
    title.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// FNV-1a, 64 bits. Keys and word sets need to be the same everywhere and for ever, not secret.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Where hashing starts.
const SEED: u64 = 0xcbf2_9ce4_8422_2325;
