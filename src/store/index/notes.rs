//! Notes by their words and by the files they speak of.

use super::super::{Snapshot, layout};
use super::Index;
use crate::error::{Context, Result};
use crate::model::EventId;
use crate::model::note::{Note, NoteState};
use crate::model::paths::may_overlap;
use rusqlite::{Connection, params, params_from_iter};
use std::collections::BTreeSet;

type Sql<T> = rusqlite::Result<T>;

/// How much a word counts in title, body, files and tags.
const WEIGHTS: &str = "3.0, 1.0, 2.0, 2.0";

/// A note by how well words fit it.
#[derive(Debug, Clone, PartialEq)]
pub struct NoteHit {
    pub id: EventId,
    /// BM25, turned so that more is better.
    pub score: f64,
}

impl Index {
    /// The notes in which any of the words occur, the best first.
    pub fn notes_with(&self, words: &[String], promoted_only: bool, limit: usize) -> Result<Vec<NoteHit>> {
        let failed = || "cannot search the notes".to_owned();
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let quoted: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.replace(['"', '\0'], " "))).collect();
        let only = if promoted_only { "AND promoted" } else { "" };
        let sql = format!(
            "SELECT id, -bm25(note_texts, {WEIGHTS}) AS score FROM note_texts JOIN notes ON number = note_texts.rowid \
             WHERE note_texts MATCH ?1 {only} ORDER BY score DESC, id DESC LIMIT ?2"
        );
        let mut statement = self.connection.prepare_cached(&sql).context(failed)?;
        let hit = |row: &rusqlite::Row<'_>| {
            let id: String = row.get(0)?;
            Ok(NoteHit { id: EventId::from_name(&id), score: row.get(1)? })
        };
        let hits = statement.query_map(params![quoted.join(" OR "), limit as i64], hit).context(failed)?;
        hits.collect::<Sql<_>>().context(failed)
    }

    /// The newest so many notes.
    pub fn newest_notes(&self, promoted_only: bool, limit: usize) -> Result<Vec<EventId>> {
        let failed = || "cannot list the notes".to_owned();
        let only = if promoted_only { "WHERE promoted" } else { "" };
        let sql = format!("SELECT id FROM notes {only} ORDER BY id DESC LIMIT ?1");
        let mut statement = self.connection.prepare_cached(&sql).context(failed)?;
        let ids = statement.query_map([limit as i64], |row| Ok(EventId::from_name(&row.get::<_, String>(0)?)));
        ids.context(failed)?.collect::<Sql<_>>().context(failed)
    }

    /// The notes that speak of any of these files, which may be folders and patterns, too; the newest so many.
    pub fn notes_about(&self, files: &[String], promoted_only: bool, limit: usize) -> Result<Vec<EventId>> {
        let failed = || "cannot look up the files of notes".to_owned();
        let patterns = "SELECT DISTINCT path FROM note_files WHERE is_pattern";
        let mut paths: BTreeSet<String> = BTreeSet::new();
        for file in files {
            let file = file.trim_start_matches("./").trim_end_matches('/');
            if file.contains('*') {
                paths.extend(
                    self.paths("SELECT DISTINCT path FROM note_files", &[])
                        .context(failed)?
                        .into_iter()
                        .filter(|path| may_overlap(path, file)),
                );
                continue;
            }
            let below = "SELECT DISTINCT path FROM note_files WHERE path > ?1 || '/' AND path < ?1 || '0'";
            paths.extend(self.paths(below, &[file]).context(failed)?);
            paths.extend(self.paths(patterns, &[]).context(failed)?.into_iter().filter(|path| may_overlap(path, file)));
            paths.insert(file.to_owned());
            paths.extend(file.match_indices('/').map(|(at, _)| file[..at].to_owned()));
        }
        let mut found = BTreeSet::new();
        // SQLite binds a bounded number of values at a time.
        let paths: Vec<String> = paths.into_iter().collect();
        for some in paths.chunks(500) {
            let marks = vec!["?"; some.len()].join(",");
            let only = if promoted_only { "AND promoted" } else { "" };
            let sql = format!(
                "SELECT DISTINCT id FROM note_files JOIN notes ON id = note WHERE path IN ({marks}) {only} \
                 ORDER BY id DESC LIMIT {limit}"
            );
            let mut statement = self.connection.prepare(&sql).context(failed)?;
            let ids = statement.query_map(params_from_iter(some), |row| row.get::<_, String>(0)).context(failed)?;
            found.extend(ids.collect::<Sql<Vec<String>>>().context(failed)?);
        }
        Ok(found.iter().rev().take(limit).map(|id| EventId::from_name(id)).collect())
    }

    fn paths(&self, sql: &str, values: &[&str]) -> Sql<Vec<String>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_map(params_from_iter(values), |row| row.get(0))?.collect()
    }
}

/// Takes what the index says about a note anew from the snapshot.
pub(super) fn refresh(tables: &Connection, snapshot: &Snapshot<'_>, id: &EventId) -> Result<()> {
    let failed = || format!("cannot index note {id}");
    remove(tables, id).context(failed)?;
    // One that cannot be read is found by nobody; lists show it as a problem.
    match snapshot.find_note(id) {
        Ok(Some(note)) => add(tables, &note).context(failed),
        Ok(None) | Err(_) => Ok(()),
    }
}

pub(super) fn rebuild(tables: &Connection, snapshot: &Snapshot<'_>) -> Result<()> {
    let empty = "DELETE FROM notes; DELETE FROM note_files; DELETE FROM note_texts;";
    tables.execute_batch(empty).context(|| "cannot empty the index of notes")?;
    snapshot.notes()?.records.iter().try_for_each(|note| add(tables, note)).context(|| "cannot index the notes")
}

/// The note that a changed path is about.
pub(super) fn note_of_path(path: &str) -> Option<EventId> {
    layout::note_of_path(path).or_else(|| layout::tomb_of_path(path))
}

fn remove(tables: &Connection, id: &EventId) -> Sql<()> {
    let texts = "DELETE FROM note_texts WHERE rowid IN (SELECT number FROM notes WHERE id = ?1)";
    tables.prepare_cached(texts)?.execute([id.as_str()])?;
    tables.prepare_cached("DELETE FROM note_files WHERE note = ?1")?.execute([id.as_str()])?;
    tables.prepare_cached("DELETE FROM notes WHERE id = ?1")?.execute([id.as_str()]).map(drop)
}

fn add(tables: &Connection, note: &Note) -> Sql<()> {
    let promoted = note.state == NoteState::Promoted;
    tables
        .prepare_cached("INSERT INTO notes (id, promoted) VALUES (?1, ?2)")?
        .execute(params![note.id.as_str(), promoted])?;
    let number = tables.last_insert_rowid();
    tables
        .prepare_cached("INSERT INTO note_texts (rowid, title, body, files, tags) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![number, note.title(), note.body, note.files.join("\n"), note.tags.join("\n")])?;
    let mut insert = tables.prepare_cached("INSERT OR IGNORE INTO note_files VALUES (?1, ?2, ?3)")?;
    note.files.iter().try_for_each(|file| {
        let path = file.trim_start_matches("./").trim_end_matches('/');
        insert.execute(params![path, note.id.as_str(), path.contains('*')]).map(drop)
    })
}
