//! The notes that a task should know of.

use super::stale::Here;
use super::{Memory, scan};
use crate::error::Result;
use crate::model::EventId;
use crate::model::note::{Note, NoteState};
use crate::model::paths::may_overlap;
use crate::model::text::escape_line;
use crate::model::words::{keywords, stems};
use crate::store::Snapshot;
use std::collections::{BTreeMap, BTreeSet};

/// Words of a query that are looked up.
const MOST_WORDS: usize = 40;
/// Notes that are looked at before the best are chosen.
const MOST_CANDIDATES: usize = 60;
/// From so many words on, one of them alone is chance.
const MANY_WORDS: usize = 4;
/// What a file in common is worth, in points of BM25, and how many of them count.
const FILE_SCORE: f64 = 2.0;
const MOST_FILES_COUNTED: usize = 3;
/// How little the first places of a list differ, as is usual for reciprocal rank fusion.
const SMOOTHING: f64 = 60.0;

/// What somebody is about to do.
#[derive(Debug, Clone, Copy)]
pub struct Query<'q> {
    /// Any words: a title, a spec, what a person typed.
    pub text: &'q str,
    /// The files it is about, as plans name them.
    pub files: &'q [String],
    /// At most so many notes, with so many bytes of words together.
    pub limit: usize,
    pub bytes: usize,
}

/// Notes for somebody, the best first.
#[derive(Debug, Default)]
pub struct Offer {
    pub notes: Vec<Found>,
    /// Why there may be fewer than there could be.
    pub warning: Option<String>,
}

/// What a note has in common with a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Words,
    Files,
    Meaning,
}

impl How {
    pub fn word(self) -> &'static str {
        match self {
            How::Words => "words",
            How::Files => "files",
            How::Meaning => "meaning",
        }
    }
}

/// A note that fits what was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub note: Note,
    /// More is better; comparable within one answer alone.
    pub score: f64,
    pub found_by: Vec<How>,
    /// How near its meaning is to that of the query, at most 1, where it was found by that.
    pub likeness: Option<f64>,
    /// `task 7kq2, commit abc1234567, promoted by ana`, without control characters.
    pub source: String,
    pub is_stale: bool,
}

impl Memory<'_> {
    /// What a task is shown: promoted notes, before them no other; proposed ones only where `memory.proposed` is on; none
    /// that is stale.
    pub fn relevant(&self, snapshot: &Snapshot<'_>, query: &Query<'_>) -> Result<Offer> {
        let mut offer = self.find(snapshot, query, self.offers_proposed)?;
        offer.notes.retain(|found| !found.is_stale);
        Ok(chosen(offer, query))
    }

    /// The same among all notes that were not removed, for people who look after them.
    pub fn search(&self, snapshot: &Snapshot<'_>, query: &Query<'_>) -> Result<Offer> {
        Ok(chosen(self.find(snapshot, query, true)?, query))
    }

    fn find(&self, snapshot: &Snapshot<'_>, query: &Query<'_>, proposed: bool) -> Result<Offer> {
        let words = keywords(query.text, MOST_WORDS);
        let candidates = candidates(snapshot, &words, query.files, proposed)?;
        let by_words = self.ranked(snapshot, query, &words, candidates)?;
        let by_meaning = self.by_meaning(snapshot, query.text, proposed);
        if by_meaning.near.is_empty() {
            return Ok(Offer { notes: by_words, warning: by_meaning.warning });
        }
        let here = Here::at(self.store.code(), self.target)?;
        let near = by_meaning.near.into_iter().map(|(note, cosine)| Found {
            score: 0.0,
            found_by: vec![How::Meaning],
            likeness: Some(cosine),
            source: source_of(&note, snapshot),
            is_stale: here.is_stale(&note),
            note,
        });
        Ok(Offer { notes: joined(by_words, near.collect()), warning: by_meaning.warning })
    }

    /// Those of the candidates that fit the query, in order.
    fn ranked(
        &self,
        snapshot: &Snapshot<'_>,
        query: &Query<'_>,
        words: &[String],
        candidates: Vec<(Note, f64)>,
    ) -> Result<Vec<Found>> {
        let here = Here::at(self.store.code(), self.target)?;
        let wanted: BTreeSet<String> = words.iter().flat_map(|word| stems(word).collect::<Vec<_>>()).collect();
        let fewest = if wanted.len() >= MANY_WORDS { 2 } else { 1 };
        let mut found = Vec::new();
        for (note, score) in candidates {
            let in_common = files_in_common(&note, query.files);
            let has_words = words_in_common(&note, &wanted) >= fewest;
            let by = [(has_words, How::Words), (in_common > 0, How::Files)];
            let found_by: Vec<How> = by.into_iter().filter(|(does, _)| *does).map(|(_, how)| how).collect();
            if !found_by.is_empty() {
                let score = score + FILE_SCORE * in_common.min(MOST_FILES_COUNTED) as f64;
                let (source, is_stale) = (source_of(&note, snapshot), here.is_stale(&note));
                found.push(Found { note, score, found_by, likeness: None, source, is_stale });
            }
        }
        sort(&mut found);
        Ok(found)
    }
}

/// Promoted ones, then those with the higher score, then the newer.
fn sort(found: &mut [Found]) {
    found.sort_by(|a, b| {
        let by_state = b.note.state.cmp(&a.note.state);
        by_state.then(b.score.total_cmp(&a.score)).then_with(|| b.note.id.cmp(&a.note.id))
    });
}

/// One order of two. Points of BM25 and cosines cannot be added up, so that places are: what is high on either list is
/// high, and what is on both is higher. Each list is in order.
fn joined(by_words: Vec<Found>, by_meaning: Vec<Found>) -> Vec<Found> {
    let score = |place: usize| 1.0 / (SMOOTHING + place as f64);
    let mut found: Vec<Found> = by_words;
    for (place, found) in found.iter_mut().enumerate() {
        found.score = score(place);
    }
    for (place, near) in by_meaning.into_iter().enumerate() {
        match found.iter_mut().find(|found| found.note.id == near.note.id) {
            Some(both) => {
                both.score += score(place);
                both.found_by.push(How::Meaning);
                both.likeness = near.likeness;
            }
            None => found.push(Found { score: score(place), ..near }),
        }
    }
    sort(&mut found);
    found
}

/// The first so many that fit; a long one does not keep a short one out.
fn chosen(mut offer: Offer, query: &Query<'_>) -> Offer {
    let mut left = query.bytes;
    let fits = |found: &Found| {
        let length = found.note.body.len();
        let fits = length <= left;
        left -= if fits { length } else { 0 };
        fits
    };
    offer.notes = offer.notes.into_iter().filter(fits).take(query.limit).collect();
    offer
}

/// Notes that have words or files in common with a query, and how well the words fit.
fn candidates(snapshot: &Snapshot<'_>, words: &[String], files: &[String], proposed: bool) -> Result<Vec<(Note, f64)>> {
    let Ok(scores) = from_index(snapshot, words, files, proposed) else {
        return by_reading(snapshot, words, proposed);
    };
    // A record that cannot be read is not shown to anybody; `memory list` says what is wrong with it.
    let read = |(id, score): (EventId, f64)| Some((snapshot.find_note(&id).ok().flatten()?, score));
    Ok(scores.into_iter().filter_map(read).collect())
}

/// All notes, whether they have something in common with the query or not.
fn by_reading(snapshot: &Snapshot<'_>, words: &[String], proposed: bool) -> Result<Vec<(Note, f64)>> {
    let mut notes = snapshot.notes()?.records;
    notes.retain(|note| proposed || note.state == NoteState::Promoted);
    let scores = scan::scores(&notes, words);
    Ok(notes.into_iter().zip(scores).collect())
}

fn from_index(
    snapshot: &Snapshot<'_>,
    words: &[String],
    files: &[String],
    proposed: bool,
) -> Result<BTreeMap<EventId, f64>> {
    let index = snapshot.index()?;
    let mut scores = BTreeMap::new();
    // Promoted ones are asked for by themselves, so that many proposed ones do not crowd them out.
    for promoted_only in [true, false].into_iter().take(1 + usize::from(proposed)) {
        for id in index.notes_about(files, promoted_only, MOST_CANDIDATES)? {
            scores.entry(id).or_insert(0.0);
        }
        for hit in index.notes_with(words, promoted_only, MOST_CANDIDATES)? {
            scores.insert(hit.id, hit.score);
        }
    }
    Ok(scores)
}

fn files_in_common(note: &Note, files: &[String]) -> usize {
    files.iter().filter(|file| note.files.iter().any(|other| may_overlap(file, other))).count()
}

fn words_in_common(note: &Note, wanted: &BTreeSet<String>) -> usize {
    let text = format!("{}\n{}\n{}", note.body, note.files.join(" "), note.tags.join(" "));
    let words: BTreeSet<String> = stems(&text).collect();
    wanted.intersection(&words).count()
}

/// Where a note comes from and why it counts, in words.
pub fn source_of(note: &Note, snapshot: &Snapshot<'_>) -> String {
    let short = |name: &str| name.split('@').next().unwrap_or_default().to_owned();
    let task = note.task.as_ref().map(|task| format!("task {}", snapshot.short(task)));
    let commit = note.commit.as_deref().map(|commit| format!("commit {}", commit.chars().take(10).collect::<String>()));
    let standing = match (note.state, &note.promoted_by, note.confirmed_by.first()) {
        (NoteState::Proposed, _, _) => format!("proposed by {}", short(&note.by)),
        (NoteState::Promoted, Some(by), _) if *by == note.by => format!("written by {}", short(by)),
        (NoteState::Promoted, Some(by), _) => format!("promoted by {}", short(by)),
        (NoteState::Promoted, None, Some(task)) => {
            let more = match note.confirmed_by.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("confirmed by task {}{more}", snapshot.short(task))
        }
        (NoteState::Promoted, None, None) => "promoted by somebody".to_owned(),
    };
    let parts: Vec<String> = [task, commit, Some(standing)].into_iter().flatten().collect();
    escape_line(&parts.join(", ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::git::{Identity, Repository};
    use crate::host::{Environment, Host};
    use crate::memory::{NewNote, Origin, Proposed, propose_from_run};
    use crate::model::note::{Learnt, NoteKind};
    use crate::model::{TaskId, Timestamp};
    use crate::store::{Author, Store};

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let you = Identity { name: "You".into(), email: "you@example.com".into(), at: Timestamp::from_millis(0) };
        std::fs::write(folder.path().join("a"), "a").unwrap();
        Repository::create(folder.path(), "main", "begin", &you).unwrap();
        let repository = Repository::open(&folder.path().join(".git")).unwrap();
        let host =
            Host::new(Environment::from_pairs([("AIFACTORY_TEST_CLOCK", "1000000"), ("AIFACTORY_TEST_SEED", "1")]));
        let store = Store::open(repository, host, "refs/aifactory/state").unwrap();
        store.begin().unwrap();
        (folder, store)
    }

    fn learnt(text: &str, files: &[&str]) -> Learnt {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        Learnt { kind: NoteKind::Learning, text: text.to_owned(), files }
    }

    #[test]
    fn without_an_index_the_same_notes_are_found_in_the_same_order() {
        let (_folder, store) = store();
        let settings = Settings::new(Vec::new()).unwrap();
        let memory = Memory::new(&store, &settings, None);
        let author = Author::person("ana@example.com");
        for (text, files) in [
            ("The parser panics on empty input", &["src/parser.rs"][..]),
            ("Parsers are generated. The input is a grammar; the output is checked in", &["build.rs"]),
            ("Gates need a network", &["src/net/**"]),
            ("Nothing of this", &[]),
            ("Empty lines end a record", &["docs/"]),
        ] {
            let new = NewNote { learnt: learnt(text, files), tags: Vec::new(), task: None, propose: false };
            memory.add(&author, &new).unwrap();
        }
        let snapshot = store.snapshot().unwrap();
        let files = ["docs/format.md".to_owned(), "src/net/http.rs".to_owned()];
        for (text, files, expected) in [
            ("parser input empty", &[][..], 3),
            ("panics", &[], 1),
            ("What happens in the parser when its input is empty?", &[], 2),
            ("", &files[..], 2),
            ("grammar", &files[..1], 2),
        ] {
            let query = Query { text, files, limit: 9, bytes: 9_000 };
            let words = keywords(text, MOST_WORDS);
            let read = by_reading(&snapshot, &words, false).unwrap();
            let ids = |found: Vec<Found>| found.into_iter().map(|found| found.note.body).collect::<Vec<_>>();
            let read = ids(memory.ranked(&snapshot, &query, &words, read).unwrap());
            assert_eq!(ids(memory.find(&snapshot, &query, false).unwrap().notes), read, "{text}");
            assert_eq!(read.len(), expected, "{text}: {read:?}");
        }
    }

    #[test]
    fn a_run_that_is_written_down_twice_proposes_once() {
        let (_folder, store) = store();
        let (task, run) = (TaskId::parse("7kq2mabcde").unwrap(), EventId::from_name("01jabcdefgh123456789"));
        let origin = Origin { task: &task, run: &run, commit: None, by: "claude", at: Timestamp::from_millis(1_000) };
        let found = [
            learnt("Flush before close", &["a.rs"]),
            learnt("Before you close it, flush", &["./a.rs"]),
            learnt("Never flush before close", &["a.rs"]),
            learnt(" ", &[]),
        ];
        let write = || {
            let by = Author::person("w");
            store.transact(&by, "x", |snapshot, changes| propose_from_run(snapshot, changes, &origin, &found)).unwrap()
        };
        let first = write();
        assert!(matches!(first[..], [Proposed::New(_), Proposed::Known(_), Proposed::New(_)]), "{first:?}");
        let known = |proposed: &Proposed| matches!(proposed, Proposed::Known(_));
        assert!(write().iter().all(known));
        assert_eq!(store.snapshot().unwrap().notes().unwrap().records.len(), 2);
    }
}
