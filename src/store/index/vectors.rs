//! Vectors that a service made of texts, kept so that no text is sent twice.
//!
//! A SQLite file beside the index, disposable like it. A vector is known by its source (which service and model) and by
//! the digest of its text; only one source is kept. When a note is changed or removed, here or elsewhere, its vector goes
//! with the next look at the index, and its bytes are overwritten.

use super::super::{Local, Snapshot};
use super::is_busy;
use crate::error::{Context, Result};
use crate::model::{Digest, EventId};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

type Sql<T> = rusqlite::Result<T>;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS notes (
    source TEXT NOT NULL, note TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (source, note)
);
CREATE TABLE IF NOT EXISTS asked (
    number INTEGER PRIMARY KEY, source TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL, UNIQUE (source, text)
);
";

/// Questions whose vectors are kept, the newest.
const MOST_ASKED: usize = 256;
const PATIENCE: Duration = Duration::from_secs(5);

/// A vector of length 1, so that the product of two is the cosine between them. Empty: the service will not have the text.
pub type Vector = Vec<f32>;

/// What is known of one source.
pub struct Vectors {
    connection: Connection,
    source: Digest,
}

/// A note by how near it is.
#[derive(Debug, Clone, PartialEq)]
pub struct NearNote {
    pub id: EventId,
    /// The digest of the text that was compared.
    pub text: String,
    /// From -1 to 1; more is nearer.
    pub cosine: f64,
}

impl Vectors {
    /// Where the file cannot be used, what is kept is gone when this is dropped.
    pub fn of(local: &Local, source: &Digest) -> Result<Vectors> {
        let path = local.vectors_file();
        let open = || open(&path);
        let connection = match open() {
            Err(error) if is_busy(&error) => in_memory(),
            // A damaged or foreign file is thrown away once.
            Err(_) => {
                let _ = std::fs::remove_file(&path);
                open().or_else(|_| in_memory())
            }
            opened => opened,
        };
        Ok(Vectors { connection: connection?, source: source.clone() })
    }

    /// Of which notes there is a vector of this length, or none to be had; each with the digest of its text.
    pub fn known(&self, length: usize) -> Result<BTreeMap<EventId, String>> {
        let failed = || "cannot read which vectors are kept".to_owned();
        let sql = "SELECT note, text FROM notes WHERE source = ?1 AND length(vector) IN (0, ?2)";
        let mut statement = self.connection.prepare(sql).context(failed)?;
        let row = |row: &rusqlite::Row<'_>| Ok((EventId::from_name(&row.get::<_, String>(0)?), row.get(1)?));
        let rows = statement.query_map(params![self.source.as_str(), (length * 4) as i64], row).context(failed)?;
        rows.collect::<Sql<_>>().context(failed)
    }

    /// The vector of something that was asked before.
    pub fn find_asked(&self, text: &Digest) -> Result<Option<Vector>> {
        let failed = || "cannot read a vector".to_owned();
        let sql = "SELECT vector FROM asked WHERE source = ?1 AND text = ?2";
        let found = self.connection.query_row(sql, [self.source.as_str(), text.as_str()], |row| row.get(0));
        let bytes: Option<Vec<u8>> = found.optional().context(failed)?;
        Ok(bytes.map(|bytes| numbers(&bytes).collect()))
    }

    pub fn keep_asked(&self, text: &Digest, vector: &[f32]) -> Result<()> {
        let failed = || "cannot keep a vector".to_owned();
        let keep = "INSERT OR REPLACE INTO asked (source, text, vector) VALUES (?1, ?2, ?3)";
        self.connection.execute(keep, params![self.source.as_str(), text.as_str(), bytes(vector)]).context(failed)?;
        let old = "DELETE FROM asked WHERE source != ?1 OR number <= (SELECT max(number) FROM asked) - ?2";
        self.connection.execute(old, params![self.source.as_str(), MOST_ASKED as i64]).map(drop).context(failed)
    }

    /// The questions of a service that gives vectors of another length now.
    pub fn forget_asked(&self) -> Result<()> {
        self.connection.execute("DELETE FROM asked", []).map(drop).context(|| "cannot forget vectors")
    }

    pub fn keep_notes(&mut self, vectors: &[(EventId, Digest, Vector)]) -> Result<()> {
        let failed = || "cannot keep vectors".to_owned();
        let transaction = self.connection.transaction().context(failed)?;
        transaction.execute("DELETE FROM notes WHERE source != ?1", [self.source.as_str()]).context(failed)?;
        for (id, text, vector) in vectors {
            let row = params![self.source.as_str(), id.as_str(), text.as_str(), bytes(vector)];
            transaction.execute("INSERT OR REPLACE INTO notes VALUES (?1, ?2, ?3, ?4)", row).context(failed)?;
        }
        transaction.commit().context(failed)
    }

    /// Of these notes, those nearest to a vector of length 1, the nearest first.
    pub fn nearest(&self, to: &[f32], among: &BTreeSet<EventId>, least: f64, most: usize) -> Result<Vec<NearNote>> {
        let failed = || "cannot compare vectors".to_owned();
        let sql = "SELECT note, text, vector FROM notes WHERE source = ?1 AND length(vector) = ?2";
        let mut statement = self.connection.prepare(sql).context(failed)?;
        let mut rows = statement.query(params![self.source.as_str(), (to.len() * 4) as i64]).context(failed)?;
        let mut near = Vec::new();
        while let Some(row) = rows.next().context(failed)? {
            let id = EventId::from_name(&row.get::<_, String>(0).context(failed)?);
            let vector = row.get_ref(2).and_then(|value| Ok(value.as_blob()?)).context(failed)?;
            let cosine: f64 = numbers(vector).zip(to).map(|(a, b)| f64::from(a) * f64::from(*b)).sum();
            if cosine >= least && among.contains(&id) {
                near.push(NearNote { id, text: row.get(1).context(failed)?, cosine });
            }
        }
        near.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then_with(|| b.id.cmp(&a.id)));
        near.truncate(most);
        Ok(near)
    }
}

fn open(path: &Path) -> Result<Connection> {
    let failed = || format!("cannot use {}", path.display());
    if let Some(folder) = path.parent() {
        crate::host::files::create_folder(folder)?;
    }
    let connection = Connection::open(path).context(failed)?;
    prepare(&connection).context(failed)?;
    Ok(connection)
}

fn in_memory() -> Result<Connection> {
    let failed = || "cannot keep vectors in memory".to_owned();
    let connection = Connection::open_in_memory().context(failed)?;
    prepare(&connection).context(failed)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Sql<()> {
    connection.busy_timeout(PATIENCE)?;
    // What is removed is overwritten, and no log holds it any longer.
    let _: i64 = connection.query_row("PRAGMA secure_delete = ON", [], |row| row.get(0))?;
    let is_there =
        connection.query_row("SELECT 1 FROM sqlite_master WHERE name = 'asked'", [], |_| Ok(())).optional()?;
    match is_there {
        Some(()) => Ok(()),
        None => connection.execute_batch(&format!("BEGIN IMMEDIATE;{TABLES}COMMIT;")),
    }
}

/// Forgets the vectors of those of these notes that are gone or say something else now.
pub(super) fn forget_changed(snapshot: &Snapshot<'_>, ids: &BTreeSet<EventId>) {
    forget(snapshot, |id, text| {
        let note = || snapshot.find_note(id).ok().flatten();
        ids.contains(id) && note().is_none_or(|note| Digest::of(&note.body).as_str() != text)
    });
}

/// Forgets the vectors of notes that are gone.
pub(super) fn forget_gone(snapshot: &Snapshot<'_>) {
    let Ok(names) = snapshot.note_names() else { return };
    let names: BTreeSet<String> = names.into_iter().collect();
    forget(snapshot, |id, _| !names.contains(id.as_str()));
}

/// A failure leaves them where they are: they are not used, and the next look forgets them.
fn forget(snapshot: &Snapshot<'_>, is_over: impl Fn(&EventId, &str) -> bool) {
    let path = snapshot.store.local.vectors_file();
    if !path.exists() {
        return;
    }
    let forget = || -> Sql<()> {
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        prepare(&connection)?;
        let mut statement = connection.prepare("SELECT DISTINCT note, text FROM notes")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        for (note, text) in rows.collect::<Sql<Vec<_>>>()? {
            if is_over(&EventId::from_name(&note), &text) {
                connection.execute("DELETE FROM notes WHERE note = ?1 AND text = ?2", [note, text])?;
            }
        }
        Ok(())
    };
    let _ = forget();
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}
