//! The read model: a disposable SQLite file that answers lists and searches, keyed by the tree it was made from.
//!
//! It is brought up to date by the difference between two trees, in one SQLite transaction that checks the key again, so
//! two processes may race on it. It never decides anything that is written, and where it cannot be used (read-only
//! storage, a damaged file) the same tables are filled in memory instead: its failure never fails a command.

mod fill;
mod notes;
mod query;
mod runs;
mod schema;
mod vectors;

pub use notes::NoteHit;
pub use query::{Filter, Hit, IndexRow};
pub use runs::{RunFilter, RunSum, RunsBy};
pub use vectors::{NearNote, Vector, Vectors};

use super::Snapshot;
use crate::error::{Context, Error, Result};
use rusqlite::{Connection, OpenFlags};
use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

/// A record that could not be read. All others work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path in the state, with the line where it is known.
    pub path: String,
    pub message: String,
}

impl Problem {
    /// What is wrong with the record at a path, which the error may know the line of.
    pub(super) fn of(path: &str, error: &Error) -> Problem {
        let named = error.message().strip_prefix("the record ").and_then(|rest| rest.strip_suffix(" is damaged"));
        Problem { path: named.unwrap_or(path).to_owned(), message: error.causes().join(": ") }
    }

    /// The record's name without folders and ending.
    pub fn name(&self) -> &str {
        let file = self.path.rsplit('/').next().unwrap_or_default();
        file.split('.').next().unwrap_or_default()
    }
}

/// An index that matches one snapshot, held still for as long as it lives.
pub struct Index {
    connection: Connection,
}

impl Index {
    pub fn of(snapshot: &Snapshot<'_>) -> Result<Index> {
        let path = snapshot.store.local.index_file();
        match Index::on_disk(&path, snapshot) {
            Ok(index) => return Ok(index),
            // Somebody else fills it right now, and takes long.
            Err(error) if is_busy(&error) => return Index::in_memory(snapshot),
            Err(_) => {}
        }
        // A damaged or foreign file is thrown away once; where that does not help either, memory will do.
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
        }
        Index::on_disk(&path, snapshot).or_else(|_| Index::in_memory(snapshot))
    }

    fn on_disk(path: &Path, snapshot: &Snapshot<'_>) -> Result<Index> {
        let failed = || format!("cannot use the index {}", path.display());
        if let Some(folder) = path.parent() {
            crate::host::files::create_folder(folder)?;
        }
        let mut connection = Connection::open_with_flags(path, OpenFlags::default()).context(failed)?;
        connection.busy_timeout(Duration::from_secs(20)).context(failed)?;
        schema::prepare(&connection).context(failed)?;
        fill::bring_up_to_date(&mut connection, snapshot)?;
        Ok(Index { connection })
    }

    fn in_memory(snapshot: &Snapshot<'_>) -> Result<Index> {
        let failed = || "cannot build the index in memory".to_owned();
        let mut connection = Connection::open_in_memory().context(failed)?;
        schema::prepare(&connection).context(failed)?;
        fill::bring_up_to_date(&mut connection, snapshot)?;
        Ok(Index { connection })
    }
}

fn is_busy(error: &Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<rusqlite::Error>());
    let code = cause.and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked))
}

impl Snapshot<'_> {
    pub fn index(&self) -> Result<Index> {
        Index::of(self)
    }
}
