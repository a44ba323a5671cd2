//! A text from all its versions: what several people made of it who did not see each other's work.
//!
//! The versions come in the order of their events, which is the same everywhere. One that was written on what stands is
//! taken as it is. Any other is carried over section by section: what only it changed goes in, and where it changed what
//! somebody else had changed, too, the later one stands and the other is kept as a [`Clash`]. The result is a function
//! of the set of versions alone, so merging needs no common base and gives the same in any order. There are no conflict
//! markers.

mod diff;
mod sections;

pub use diff::unified_diff;

use super::{Digest, EventId};
use diff::{apply, revert};
use sections::Sections;
use std::collections::{BTreeMap, BTreeSet};

/// One version of a text, in fold order.
#[derive(Debug, Clone, Copy)]
pub struct TextEdit<'a> {
    pub id: &'a EventId,
    /// Absent where there was no text.
    pub from: Option<&'a Digest>,
    pub to: &'a Digest,
    /// A unified diff, or a word that it was left out.
    pub diff: &'a str,
    /// Only says what a merged text was, because somebody built on it; changes nothing by itself.
    pub only_seen: bool,
}

/// A part of the text that two people changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The heading line; empty for what stands above the first, and for the whole text.
    pub section: String,
    pub kept: EventId,
    pub lost: EventId,
    /// What the other one had made of the section, whole; empty where they had removed it.
    pub text: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    pub text: String,
    pub clashes: Vec<Clash>,
    /// Versions whose text nobody has any more.
    pub unknown: Vec<EventId>,
}

/// `known` gives texts that no diff carries; large ones are kept as files beside the task.
pub fn replay(edits: &[TextEdit<'_>], known: &dyn Fn(&Digest) -> Option<String>) -> Replayed {
    let versions = versions(edits, known);
    let mut replay = Replay::default();
    let mut seen = BTreeSet::new();
    for edit in edits.iter().filter(|edit| !edit.only_seen && seen.insert(edit.id)) {
        replay.take(edit, &versions);
    }
    replay.done
}

/// What two people made of one text. Nothing where they changed the same part of it.
pub fn merge_texts(base: &str, one: &str, other: &str) -> Option<String> {
    let (text, lost) = Sections::of(one).carry_over(&Sections::of(base), &Sections::of(other));
    lost.is_empty().then_some(text)
}

/// Every text that one of the edits made, as far as it can be told.
pub fn texts_of(edits: &[TextEdit<'_>], known: &dyn Fn(&Digest) -> Option<String>) -> Vec<String> {
    versions(edits, known).into_values().collect()
}

type Versions<'a> = BTreeMap<Option<&'a Digest>, String>;

/// Every version's text, as far as it can be told: by diffs forwards and backwards, each checked against its digest.
fn versions<'a>(edits: &[TextEdit<'a>], known: &dyn Fn(&Digest) -> Option<String>) -> Versions<'a> {
    let mut versions: Versions<'a> = BTreeMap::from([(None, String::new())]);
    loop {
        let before = versions.len();
        for edit in edits {
            let (has_from, has_to) = (versions.contains_key(&edit.from), versions.contains_key(&Some(edit.to)));
            if has_from && !has_to {
                let text = versions.get(&edit.from).and_then(|from| apply(from, edit.diff));
                if let Some(text) = text.filter(|text| Digest::of(text) == *edit.to) {
                    versions.insert(Some(edit.to), text);
                }
            } else if let (true, false, Some(from)) = (has_to, has_from, edit.from) {
                let text = versions.get(&Some(edit.to)).and_then(|to| revert(to, edit.diff));
                if let Some(text) = text.filter(|text| Digest::of(text) == *from) {
                    versions.insert(Some(from), text);
                }
            }
        }
        if versions.len() > before {
            continue;
        }
        // Only what the diffs cannot tell is asked for: it may be a look into the repository.
        let wanted = edits.iter().flat_map(|edit| [edit.from, Some(edit.to)]).flatten();
        let mut missing = wanted.filter(|digest| !versions.contains_key(&Some(*digest)));
        let found = missing
            .find_map(|digest| known(digest).filter(|text| Digest::of(text) == *digest).map(|text| (digest, text)));
        match found {
            Some((digest, text)) => drop(versions.insert(Some(digest), text)),
            None => return versions,
        }
    }
}

#[derive(Default)]
struct Replay {
    done: Replayed,
    /// Of the text as it stands.
    digest: Option<Digest>,
    /// Which version last changed each section.
    authors: BTreeMap<(String, usize), EventId>,
    last: Option<EventId>,
}

impl Replay {
    fn take(&mut self, edit: &TextEdit<'_>, versions: &Versions<'_>) {
        let Some(to) = versions.get(&Some(edit.to)) else {
            self.done.unknown.push(edit.id.clone());
            return;
        };
        let from = versions.get(&edit.from);
        if edit.from == self.digest.as_ref() {
            // Written on what stands. Whether its writer saw the conflicts nobody can tell: they stay until somebody says
            // that they are settled.
            self.note_authors(from.map_or("", String::as_str), to, edit.id);
            self.set(to.clone());
        } else if let Some(from) = from {
            let (text, clashes) = self.carry_over(from, to, edit.id);
            self.done.clashes.extend(clashes);
            self.note_authors(from, to, edit.id);
            self.set(text);
        } else {
            let text = std::mem::take(&mut self.done.text);
            if text != *to && !text.is_empty() {
                let lost = self.last.clone().unwrap_or_else(|| edit.id.clone());
                self.done.clashes.push(Clash { section: String::new(), kept: edit.id.clone(), lost, text });
            }
            self.set(to.clone());
        }
        self.last = Some(edit.id.clone());
    }

    fn set(&mut self, text: String) {
        self.digest = Some(Digest::of(&text));
        self.done.text = text;
    }

    fn note_authors(&mut self, from: &str, to: &str, id: &EventId) {
        let (from, to) = (Sections::of(from), Sections::of(to));
        for key in from.keys().chain(to.keys()) {
            if from.get(key) != to.get(key) {
                self.authors.insert(key.clone(), id.clone());
            }
        }
    }

    /// What the change from `from` to `to` makes of the text as it stands.
    fn carry_over(&self, from: &str, to: &str, id: &EventId) -> (String, Vec<Clash>) {
        let current = Sections::of(&self.done.text);
        let author =
            |key: &(String, usize)| self.authors.get(key).or(self.last.as_ref()).cloned().unwrap_or_else(|| id.clone());
        let (text, lost) = current.carry_over(&Sections::of(from), &Sections::of(to));
        let clash = |lost: sections::Lost| {
            let (kept, other) = match lost.current_stands {
                true => (author(&lost.key), id.clone()),
                false => (id.clone(), author(&lost.key)),
            };
            Clash { section: lost.key.0, kept, lost: other, text: lost.text }
        };
        (text, lost.into_iter().map(clash).collect())
    }
}

#[cfg(test)]
mod tests;
