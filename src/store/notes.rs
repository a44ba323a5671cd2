//! Notes in the state: `memory/<id>.md`, and `tombs/<id>.toml` for those that were removed.
//!
//! A tomb counts wherever it comes from: a note that has one is not there, even if some merge brought its file back.

use super::snapshot::{damaged, resolve_name, unreadable};
use super::{Changes, Found, Snapshot, layout};
use crate::error::{Error, Result};
use crate::git::Edit;
use crate::model::note::{Note, RemovedNote};
use crate::model::text::escape_line;
use crate::model::{EventId, from_toml};
use std::collections::BTreeSet;

impl Snapshot<'_> {
    /// All notes that were not removed, oldest first.
    pub fn notes(&self) -> Result<Found<Note>> {
        let removed: BTreeSet<String> = self.names(layout::TOMBS, ".toml")?.into_iter().collect();
        let mut found = self.readable(layout::MEMORY, ".md", read_note)?;
        found.records.retain(|note| !removed.contains(note.id.as_str()));
        Ok(found)
    }

    /// The ids of all notes that were not removed, in order. Their records may be damaged.
    pub fn note_names(&self) -> Result<Vec<String>> {
        let removed: BTreeSet<String> = self.names(layout::TOMBS, ".toml")?.into_iter().collect();
        let mut names = self.names(layout::MEMORY, ".md")?;
        names.retain(|name| !removed.contains(name));
        Ok(names)
    }

    /// Nothing where there is none, or none any more.
    pub fn find_note(&self, id: &EventId) -> Result<Option<Note>> {
        if self.find_removed_note(id)?.is_some() {
            return Ok(None);
        }
        let path = layout::note(id);
        self.find_file(&path)?.map(|text| read_note(&path, &text)).transpose()
    }

    pub fn note(&self, id: &EventId) -> Result<Note> {
        self.find_note(id)?.ok_or_else(|| {
            Error::missing(format!("there is no note `{}`", escape_line(id.as_str())))
                .hint("to see their ids: aifactory memory list")
        })
    }

    /// Who removed a note, and why. A tomb that cannot be read is still one.
    pub fn find_removed_note(&self, id: &EventId) -> Result<Option<RemovedNote>> {
        let path = layout::tomb(id);
        let Some(text) = self.find_file(&path)? else { return Ok(None) };
        let unknown = || RemovedNote {
            id: id.clone(),
            by: "somebody".to_owned(),
            at: Default::default(),
            reason: "what was said about it cannot be read".to_owned(),
            files: Vec::new(),
            gist: Default::default(),
        };
        Ok(Some(from_toml(&text).unwrap_or_else(|_| unknown())))
    }

    pub fn removed_notes(&self) -> Result<Found<RemovedNote>> {
        self.readable(layout::TOMBS, ".toml", |path, text| {
            from_toml(text).map_err(|error| unreadable(path, text, error))
        })
    }

    /// The one note whose id begins with what a person typed; one that was removed is said to be so.
    pub fn resolve_note(&self, typed: &str) -> Result<EventId> {
        let missing = match resolve_name(&self.note_names()?, typed, "note") {
            Ok(id) => return Ok(id),
            Err(error) => error,
        };
        let tombs = self.names(layout::TOMBS, ".toml")?;
        let removed = resolve_name(&tombs, typed, "note").ok().map(|id| self.find_removed_note(&id)).transpose()?;
        match removed.flatten() {
            Some(tomb) => Err(Error::missing(format!(
                "note {} was removed by {}: {}",
                escape_line(tomb.id.as_str()),
                escape_line(&tomb.by),
                escape_line(&tomb.reason)
            ))),
            None => Err(missing),
        }
    }
}

fn read_note(path: &str, text: &str) -> Result<Note> {
    let note = Note::parse(text).map_err(|why| damaged(path, escape_line(&why).into_owned()))?;
    if layout::note(&note.id) != path {
        return Err(damaged(path, format!("it says it is note {}", escape_line(note.id.as_str()))));
    }
    Ok(note)
}

impl Changes {
    pub fn note(&mut self, note: &Note) {
        self.put(layout::note(&note.id), note.to_text());
    }

    /// Takes a note away, in every clone that hears of it, with words of it that did not stand when it came together.
    pub fn remove_note(&mut self, snapshot: &Snapshot<'_>, tomb: &RemovedNote) -> Result<()> {
        let text = toml::to_string_pretty(tomb).expect("a tomb holds only what TOML can say");
        self.put(layout::tomb(&tomb.id), text);
        let aside = snapshot.names(layout::ATTIC, "")?.into_iter().map(|name| format!("{}/{name}", layout::ATTIC));
        let aside = aside.filter(|path| layout::note_of_attic_path(path).as_ref() == Some(&tomb.id));
        for path in [layout::note(&tomb.id)].into_iter().chain(aside) {
            self.files.push(Edit::Remove { path });
        }
        Ok(())
    }
}
