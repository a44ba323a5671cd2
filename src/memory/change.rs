//! What people do to notes.

use super::Memory;
use super::alike::{Conclusion, EQUAL};
use super::propose::clean_files;
use crate::error::{Error, Result};
use crate::model::note::{LONGEST_NAME, LONGEST_NOTE, Learnt, MOST_FILES, MOST_TAGS, Note, NoteState, RemovedNote};
use crate::model::words::Gist;
use crate::model::{EventId, TaskId, Timestamp};
use crate::store::Author;
use std::collections::BTreeSet;

/// Letters of the reason for a removal.
const LONGEST_REASON: usize = 1_000;

pub struct NewNote {
    pub learnt: Learnt,
    pub tags: Vec<String>,
    pub task: Option<TaskId>,
    /// Leave it to somebody else to promote it.
    pub propose: bool,
}

/// What became of a person's note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    New(EventId),
    /// A note that says the same was there; it is promoted now.
    Promoted(EventId),
    /// A note that says the same was there already.
    Known(EventId),
}

impl Memory<'_> {
    /// Writes a person's note down. What a person says counts, so that it is promoted at once unless it is only
    /// proposed.
    pub fn add(&self, author: &Author, new: &NewNote) -> Result<Added> {
        let body = require_body(&new.learnt.text)?;
        let files = require_files(&new.learnt.files)?;
        let tags = require_tags(&new.tags)?;
        let at = self.store.host().now();
        let mut note = Note {
            id: self.store.host().event_id(at),
            kind: new.learnt.kind,
            state: NoteState::Proposed,
            task: new.task.clone(),
            commit: self.target.map(|commit| commit.to_string()),
            files,
            tags,
            created: at,
            by: author.actor.clone(),
            promoted_by: None,
            confirmed_by: BTreeSet::new(),
            edited: None,
            rest: toml::Table::new(),
            body: body.to_owned(),
        };
        if !new.propose {
            note.promote(&author.actor);
        }
        self.store.transact(author, "memory: add", |snapshot, changes| {
            let same = Conclusion::of(&note.body, &note.files).find(snapshot, EQUAL)?;
            Ok(match same {
                Some(mut known) if known.state == NoteState::Proposed && !new.propose => {
                    known.promote(&author.actor);
                    changes.note(&known);
                    Added::Promoted(known.id)
                }
                Some(known) => Added::Known(known.id),
                None => {
                    changes.note(&note);
                    Added::New(note.id.clone())
                }
            })
        })
    }

    /// From now on these notes are shown to tasks.
    pub fn promote(&self, author: &Author, ids: &[EventId]) -> Result<()> {
        self.store.transact(author, "memory: promote", |snapshot, changes| {
            ids.iter().try_for_each(|id| {
                let mut note = snapshot.note(id)?;
                note.promote(&author.actor);
                changes.note(&note);
                Ok(())
            })
        })
    }

    /// Takes notes away, here and wherever the state is shared. An agent that comes to the same conclusion again is not
    /// listened to.
    pub fn remove(&self, author: &Author, ids: &[EventId], reason: &str) -> Result<()> {
        let reason: String = reason.trim().chars().take(LONGEST_REASON).collect();
        if reason.is_empty() {
            return Err(Error::usage("a note is removed for a reason").hint("say it with -m \"…\""));
        }
        let at = self.store.host().now();
        self.store.transact(author, "memory: remove", |snapshot, changes| {
            ids.iter().try_for_each(|id| {
                // One that is damaged can be removed, too.
                let note = snapshot.find_note(id).ok().flatten();
                let tomb = RemovedNote {
                    id: id.clone(),
                    by: author.actor.clone(),
                    at,
                    reason: reason.clone(),
                    files: note.as_ref().map(|note| note.files.clone()).unwrap_or_default(),
                    gist: note.map(|note| Gist::of(&note.body)).unwrap_or_default(),
                };
                changes.remove_note(snapshot, &tomb)
            })
        })?;
        self.forget();
        Ok(())
    }

    /// What was made of words that are gone goes, too: it is the index that sees them go, now or when it is next used.
    fn forget(&self) {
        let _ = self.store.snapshot().and_then(|snapshot| snapshot.index());
    }

    /// Replaces a note's words. False where they are the same.
    pub fn edit(&self, author: &Author, id: &EventId, text: &str) -> Result<bool> {
        let body = require_body(text)?;
        let now = self.store.host().now();
        let is_changed = self.store.transact(author, "memory: edit", |snapshot, changes| {
            let mut note = snapshot.note(id)?;
            if note.body == body {
                return Ok(false);
            }
            note.body = body.to_owned();
            // Later than what it changes, whatever the clocks say.
            let before = note.edited.unwrap_or(note.created);
            note.edited = Some(now.max(Timestamp::from_millis(before.millis() + 1)));
            changes.note(&note);
            Ok(true)
        })?;
        self.forget();
        Ok(is_changed)
    }
}

fn require_body(text: &str) -> Result<&str> {
    let text = text.trim();
    match text.len() {
        0 => Err(Error::usage("a note without words says nothing")),
        1..=LONGEST_NOTE => Ok(text),
        long => Err(Error::usage(format!("the note is {long} bytes long; {LONGEST_NOTE} is the most"))
            .hint("say in one sentence what the next one should know")),
    }
}

fn require_files(files: &[String]) -> Result<Vec<String>> {
    if let Some(strange) = files.iter().find(|file| clean_files(std::slice::from_ref(*file)).is_empty()) {
        let shown = crate::model::text::escape_line(strange);
        return Err(Error::usage(format!("`{shown}` is no file of the project"))
            .hint("name files as plans do: src/parser.rs, docs/, src/**/*.sql"));
    }
    match files.len() {
        0..=MOST_FILES => Ok(clean_files(files)),
        many => Err(Error::usage(format!("{many} files are too many for one note; {MOST_FILES} is the most"))),
    }
}

fn require_tags(tags: &[String]) -> Result<Vec<String>> {
    let is_tag = |tag: &&String| !tag.trim().is_empty() && tag.len() <= LONGEST_NAME && !tag.contains(char::is_control);
    if tags.len() > MOST_TAGS || !tags.iter().all(|tag| is_tag(&tag)) {
        return Err(Error::usage(format!("tags are words, at most {MOST_TAGS} of them")));
    }
    let tags: BTreeSet<String> = tags.iter().map(|tag| tag.trim().to_owned()).collect();
    Ok(tags.into_iter().collect())
}
