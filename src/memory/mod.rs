//! What tasks taught, for the tasks that come after them.
//!
//! A note is proposed by an agent, and offered to others once a person has promoted it or another task came to the same
//! conclusion. It is not offered while none of its files are on the target, and never again once it was removed: one
//! wrong conclusion must not poison later tasks. Finding notes uses the index where there is one and reads them all where
//! there is none. Where the person named a service for it, notes are also found by what they mean.

mod alike;
mod change;
mod meaning;
mod offer;
mod propose;
mod scan;
mod service;
mod stale;

pub use change::{Added, NewNote};
pub use meaning::TriedService;
pub use offer::{Found, How, Offer, Query, source_of};
pub use propose::{Origin, Proposed, propose_from_run};

use crate::config::Settings;
use crate::error::Result;
use crate::git::Oid;
use crate::model::note::Note;
use crate::store::{self, Snapshot, Store};
use stale::Here;

/// The memory of an opened project.
pub struct Memory<'p> {
    store: &'p Store,
    settings: &'p Settings,
    offers_proposed: bool,
    words_only: bool,
    target: Option<Oid>,
}

impl<'p> Memory<'p> {
    /// `target` is the commit that tasks begin at; without one no note is stale.
    pub fn new(store: &'p Store, settings: &'p Settings, target: Option<Oid>) -> Memory<'p> {
        let offers_proposed = settings.text("memory.proposed") == "on";
        Memory { store, settings, offers_proposed, words_only: false, target }
    }

    /// Asks no service, whatever the settings say.
    #[must_use]
    pub fn words_only(self) -> Memory<'p> {
        Memory { words_only: true, ..self }
    }

    /// All notes that were not removed, oldest first, each with whether it is stale.
    pub fn all(&self, snapshot: &Snapshot<'_>) -> Result<store::Found<(Note, bool)>> {
        let here = Here::at(self.store.code(), self.target)?;
        let found = snapshot.notes()?;
        let records = found.records.into_iter().map(|note| {
            let is_stale = here.is_stale(&note);
            (note, is_stale)
        });
        Ok(store::Found { records: records.collect(), problems: found.problems })
    }

    /// Whether all files that a note speaks of are gone from the target.
    pub fn is_stale(&self, note: &Note) -> Result<bool> {
        Ok(Here::at(self.store.code(), self.target)?.is_stale(note))
    }

    /// Whether tasks may be shown the note.
    pub fn offers(&self, note: &Note) -> Result<bool> {
        Ok(self.offers_state(note) && !self.is_stale(note)?)
    }

    fn offers_state(&self, note: &Note) -> bool {
        self.offers_proposed || note.state == crate::model::note::NoteState::Promoted
    }
}
