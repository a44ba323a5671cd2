//! Notes that mean what somebody asks for, whatever their words.
//!
//! What has no vector yet gets one when it is first needed, some notes at a time; all others are compared here. Where the
//! service is of no use, notes are found by their words alone, and somebody is told.

use super::Memory;
use super::service::{Refusal, Service, Session, Trouble};
use crate::error::{Error, Result};
use crate::model::note::Note;
use crate::model::{Digest, EventId};
use crate::store::{Snapshot, Vector, Vectors};
use std::collections::BTreeSet;

/// Notes that are compared, the newest; those that get a vector in one search, and in one request.
const MOST_COMPARED: usize = 10_000;
const MOST_NEW: usize = 256;
const BATCH: usize = 32;
/// Notes that are near enough to be looked at.
const MOST_NEAR: usize = 30;
/// Bytes of what is asked.
const LONGEST_QUESTION: usize = 4 * 1024;

/// What a search by meaning found.
#[derive(Default)]
pub struct ByMeaning {
    /// The nearest first, each with the cosine between it and the question.
    pub near: Vec<(Note, f64)>,
    /// What is missing from it, and why.
    pub warning: Option<String>,
}

/// A service that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedService {
    pub host: String,
    pub model: String,
    /// Numbers of a vector.
    pub length: usize,
}

impl Memory<'_> {
    /// Whether the service of the settings answers. Nothing where they name none.
    pub fn try_service(&self) -> Option<Result<TriedService>> {
        let tried = |service: Service<'_>| {
            let vectors = service.session().vectors(&["Does this work?"])?;
            let length = vectors.first().map_or(0, Vec::len);
            Ok(TriedService { host: service.host(), model: service.model().to_owned(), length })
        };
        Some(Service::find(self.store, self.settings).transpose()?.and_then(tried))
    }

    pub(super) fn by_meaning(&self, snapshot: &Snapshot<'_>, text: &str, proposed: bool) -> ByMeaning {
        let mut found = ByMeaning::default();
        let text = shortened(text.trim());
        if self.words_only || text.is_empty() {
            return found;
        }
        let service = match Service::find(self.store, self.settings) {
            Ok(None) => return found,
            Ok(Some(service)) => service,
            Err(error) => {
                found.warning = Some(words_alone(&error));
                return found;
            }
        };
        if let Err(error) = self.compare(&service, snapshot, text, proposed, &mut found) {
            found.warning = Some(words_alone(&error));
        }
        found
    }

    fn compare(
        &self,
        service: &Service<'_>,
        snapshot: &Snapshot<'_>,
        text: &str,
        proposed: bool,
        found: &mut ByMeaning,
    ) -> Result<()> {
        let ids = compared(snapshot, proposed)?;
        if ids.is_empty() {
            return Ok(());
        }
        let vectors = Vectors::of(&self.store.local, &service.source())?;
        let session = service.session();
        let asked = Digest::of(text);
        let question = match vectors.find_asked(&asked)? {
            Some(question) => question,
            None => {
                let question = session.vectors(&[text])?.swap_remove(0);
                vectors.keep_asked(&asked, &question)?;
                question
            }
        };
        let known = vectors.known(question.len())?;
        let missing: Vec<&EventId> = ids.iter().filter(|id| !known.contains_key(id)).take(MOST_NEW).collect();
        let lesson = Lesson { session: &session, vectors: &vectors, text, length: question.len() };
        if let Err(error) = lesson.learn(snapshot, &missing) {
            found.warning = Some(format!("not every note was compared by its meaning: {}", with_hint(&error)));
        }
        let among: BTreeSet<EventId> = ids.into_iter().collect();
        if !known.keys().all(|id| among.contains(id)) {
            vectors.forget_gone(snapshot);
        }
        let least = self.settings.number("memory.embeddings.least") as f64 / 100.0;
        for near in vectors.nearest(&question, &among, least, MOST_NEAR)? {
            // A record that cannot be read is not shown to anybody.
            let note = snapshot.find_note(&near.id).ok().flatten();
            let is_same = |note: &Note| Digest::of(&note.body).as_str() == near.text;
            found.near.extend(note.filter(is_same).map(|note| (note, near.cosine)));
        }
        Ok(())
    }
}

fn words_alone(error: &Error) -> String {
    format!("notes are found by their words alone: {}", with_hint(error))
}

/// On one line, where nothing else shows hints.
fn with_hint(error: &Error) -> String {
    let hint = error.hints().first().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{}{hint}", error.full_text())
}

/// Promoted notes before proposed ones, so that many of those do not crowd them out; the newest first.
fn compared(snapshot: &Snapshot<'_>, proposed: bool) -> Result<Vec<EventId>> {
    let index = snapshot.index()?;
    let mut ids = index.newest_notes(true, MOST_COMPARED)?;
    if proposed {
        let promoted: BTreeSet<EventId> = ids.iter().cloned().collect();
        ids.extend(index.newest_notes(false, MOST_COMPARED)?.into_iter().filter(|id| !promoted.contains(id)));
        ids.truncate(MOST_COMPARED);
    }
    Ok(ids)
}

/// Gives vectors to notes.
struct Lesson<'l> {
    session: &'l Session<'l>,
    vectors: &'l Vectors,
    /// What is asked: a text that the service takes, as long as it is of use.
    text: &'l str,
    /// Numbers of that text's vector.
    length: usize,
}

impl Lesson<'_> {
    /// As many as there is time for; the next search goes on. A note that the service stumbles over keeps no other out.
    fn learn(&self, snapshot: &Snapshot<'_>, missing: &[&EventId]) -> Result<()> {
        let mut stumbled = None;
        for ids in missing.chunks(BATCH) {
            if self.session.is_late() {
                break;
            }
            let notes: Vec<Note> = ids.iter().filter_map(|id| snapshot.find_note(id).ok().flatten()).collect();
            stumbled = stumbled.or(self.learn_some(&notes)?);
        }
        stumbled.map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    /// Why one of them has no vector yet, though the service is of use.
    fn learn_some(&self, notes: &[Note]) -> Result<Option<Refusal>> {
        let texts: Vec<&str> = notes.iter().map(|note| note.body.as_str()).collect();
        if texts.is_empty() {
            return Ok(None);
        }
        match self.session.vectors(&texts) {
            Ok(learnt) => self.keep(notes, learnt).map(|()| None),
            Err(Trouble::Texts(refusal)) => match notes {
                [note] => self.refused(note, refusal),
                notes => {
                    let (some, others) = notes.split_at(notes.len() / 2);
                    Ok(self.learn_some(some)?.or(self.learn_some(others)?))
                }
            },
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Whether the note is at fault shows in what the service says of another text.
    fn refused(&self, note: &Note, refusal: Refusal) -> Result<Option<Refusal>> {
        self.session.vectors(&[self.text])?;
        match refusal.is_final {
            true => self.keep(std::slice::from_ref(note), vec![Vector::new()]).map(|()| None),
            false => Ok(Some(refusal)),
        }
    }

    fn keep(&self, notes: &[Note], learnt: Vec<Vector>) -> Result<()> {
        // The service has changed what it gives: what was asked before is to be asked again.
        if learnt.iter().any(|vector| !vector.is_empty() && vector.len() != self.length) {
            self.vectors.forget_asked()?;
        }
        let learnt = notes.iter().zip(learnt).map(|(note, vector)| (note.id.clone(), Digest::of(&note.body), vector));
        self.vectors.keep_notes(&learnt.collect::<Vec<_>>())
    }
}

fn shortened(text: &str) -> &str {
    let end = (0..=text.len().min(LONGEST_QUESTION)).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}
