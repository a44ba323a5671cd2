//! Notes that come to the same conclusion.

use crate::error::Result;
use crate::model::note::{Note, RemovedNote};
use crate::model::paths::may_overlap;
use crate::model::words::{Gist, keywords};
use crate::store::Snapshot;

/// Two agents whose texts share this much of their words say the same.
pub const SAME: f64 = 0.7;
/// Of a person's words nothing is dropped because something like it was there: only what is all the same.
pub const EQUAL: f64 = 0.95;
/// Words by which notes are looked up, and notes that are compared.
const MOST_WORDS: usize = 30;
const MOST_COMPARED: usize = 50;

/// What is to be compared.
pub struct Conclusion<'c> {
    gist: Gist,
    text: &'c str,
    files: &'c [String],
}

impl<'c> Conclusion<'c> {
    pub fn of(text: &'c str, files: &'c [String]) -> Conclusion<'c> {
        Conclusion { gist: Gist::of(text), text, files }
    }

    pub fn is_that_of(&self, note: &Note) -> bool {
        self.is_like(&Gist::of(&note.body), &note.files, SAME)
    }

    pub fn was_removed_with(&self, tomb: &RemovedNote) -> bool {
        self.is_like(&tomb.gist, &tomb.files, SAME)
    }

    fn is_like(&self, gist: &Gist, files: &[String], enough: f64) -> bool {
        speak_of_the_same(self.files, files) && self.gist.likeness(gist) >= enough
    }

    /// A note of the snapshot that says the same; of several one that is promoted, then the oldest.
    pub fn find(&self, snapshot: &Snapshot<'_>, enough: f64) -> Result<Option<Note>> {
        let words = keywords(self.text, MOST_WORDS);
        let hits = snapshot.index().and_then(|index| index.notes_with(&words, false, MOST_COMPARED));
        let notes = match hits {
            Ok(hits) => {
                // One that cannot be read is no reason not to write down another.
                hits.iter().filter_map(|hit| snapshot.find_note(&hit.id).ok().flatten()).collect()
            }
            Err(_) => snapshot.notes()?.records,
        };
        let same = notes.into_iter().filter(|note| self.is_like(&Gist::of(&note.body), &note.files, enough));
        Ok(same.min_by(|a, b| (b.state, &a.id).cmp(&(a.state, &b.id))))
    }
}

fn speak_of_the_same(ours: &[String], theirs: &[String]) -> bool {
    let both_of_nothing = ours.is_empty() && theirs.is_empty();
    both_of_nothing || ours.iter().any(|one| theirs.iter().any(|other| may_overlap(one, other)))
}
