//! Vectors that a service made of texts, kept so that no text is sent twice.
//!
//! A SQLite file beside the index, disposable like it. A vector is known by its source (which service and model) and by
//! the digest of its text; only one source is kept. When a note is changed or removed, here or elsewhere, its vector goes
//! with the next look at the index, and its bytes are overwritten.

use super::super::{Local, Snapshot};
use super::is_busy;
use crate::error::{Context, Result};
use crate::model::{Digest, EventId};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
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
const MOST_ASKED: i64 = 256;
const PATIENCE: Duration = Duration::from_secs(5);

/// A vector of length 1, so that the product of two is the cosine between them. Empty: the service will not have the
/// text.
pub type Vector = Vec<f32>;

/// What is known of one source.
pub struct Vectors {
    connection: Connection,
    source: Digest,
    path: PathBuf,
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
        let connection = match open(&path) {
            Err(error) if is_busy(&error) => in_memory(),
            // A damaged or foreign file is thrown away once.
            Err(_) => {
                let _ = std::fs::remove_file(&path);
                open(&path).or_else(|_| in_memory())
            }
            opened => opened,
        };
        Ok(Vectors { connection: connection?, source: source.clone(), path })
    }

    /// Of which notes there is a vector of this length, or none to be had; each with the digest of its text.
    pub fn known(&self, length: usize) -> Result<BTreeMap<EventId, String>> {
        let read = || {
            let sql = "SELECT note, text FROM notes WHERE source = ?1 AND length(vector) IN (0, ?2)";
            let mut statement = self.connection.prepare(sql)?;
            let row = |row: &rusqlite::Row<'_>| Ok((EventId::from_name(&row.get::<_, String>(0)?), row.get(1)?));
            statement.query_map(params![self.source.as_str(), in_bytes(length)], row)?.collect()
        };
        self.checked(read())
    }

    /// The vector of something that was asked before.
    pub fn find_asked(&self, text: &Digest) -> Result<Option<Vector>> {
        let sql = "SELECT vector FROM asked WHERE source = ?1 AND text = ?2";
        let found = self.connection.query_row(sql, [self.source.as_str(), text.as_str()], |row| row.get(0));
        let bytes: Option<Vec<u8>> = self.checked(found.optional())?;
        Ok(bytes.map(|bytes| numbers(&bytes).collect()))
    }

    /// Keeps the vector of a question. The oldest questions go where there are too many.
    pub fn keep_asked(&self, text: &Digest, vector: &[f32]) -> Result<()> {
        let keep = "INSERT OR REPLACE INTO asked (source, text, vector) VALUES (?1, ?2, ?3)";
        let row = params![self.source.as_str(), text.as_str(), bytes(vector)];
        self.checked(self.connection.execute(keep, row))?;
        let old = "DELETE FROM asked WHERE source != ?1 OR number <= (SELECT max(number) FROM asked) - ?2";
        self.checked(self.connection.execute(old, params![self.source.as_str(), MOST_ASKED])).map(drop)
    }

    /// The questions of a service that gives vectors of another length now.
    pub fn forget_asked(&self) -> Result<()> {
        self.checked(self.connection.execute("DELETE FROM asked", [])).map(drop)
    }

    /// Keeps vectors of notes, each with the digest of the note's text; an empty one says that none is to be had.
    pub fn keep_notes(&self, vectors: &[(EventId, Digest, Vector)]) -> Result<()> {
        let keep = || {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM notes WHERE source != ?1", [self.source.as_str()])?;
            for (id, text, vector) in vectors {
                let row = params![self.source.as_str(), id.as_str(), text.as_str(), bytes(vector)];
                transaction.execute("INSERT OR REPLACE INTO notes VALUES (?1, ?2, ?3, ?4)", row)?;
            }
            transaction.commit()
        };
        self.checked(keep())
    }

    /// Of these notes, those nearest to a vector of length 1, the nearest first.
    pub fn nearest(&self, to: &[f32], among: &BTreeSet<EventId>, least: f64, most: usize) -> Result<Vec<NearNote>> {
        let mut near = self.checked(self.near(to, among, least))?;
        near.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then_with(|| b.id.cmp(&a.id)));
        near.truncate(most);
        Ok(near)
    }

    fn near(&self, to: &[f32], among: &BTreeSet<EventId>, least: f64) -> Sql<Vec<NearNote>> {
        let sql = "SELECT note, text, vector FROM notes WHERE source = ?1 AND length(vector) = ?2";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(params![self.source.as_str(), in_bytes(to.len())])?;
        let mut near = Vec::new();
        while let Some(row) = rows.next()? {
            let vector = numbers(row.get_ref(2)?.as_blob()?);
            let cosine: f64 = vector.zip(to).map(|(a, b)| f64::from(a) * f64::from(*b)).sum();
            if cosine < least {
                continue;
            }
            let id = EventId::from_name(&row.get::<_, String>(0)?);
            if among.contains(&id) {
                near.push(NearNote { id, text: row.get(1)?, cosine });
            }
        }
        Ok(near)
    }

    /// Forgets the vectors of notes that are gone: one may have been on its way when its note was removed.
    pub fn forget_gone(&self, snapshot: &Snapshot<'_>) {
        forget_gone(snapshot);
    }

    /// A file whose damage shows only now is out of the way next time.
    fn checked<T>(&self, result: Sql<T>) -> Result<T> {
        let code = result.as_ref().err().and_then(rusqlite::Error::sqlite_error_code);
        if matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) {
            let _ = std::fs::remove_file(&self.path);
        }
        result.context(|| format!("cannot use the vectors in {}", self.path.display()))
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

/// What cannot be taken out of the file goes with it.
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
    if forget().is_err() {
        let _ = std::fs::remove_file(&path);
    }
}

fn in_bytes(length: usize) -> i64 {
    (length * size_of::<f32>()) as i64
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::{Identity, Repository};
    use crate::model::Timestamp;

    fn local() -> (tempfile::TempDir, Local) {
        let folder = tempfile::tempdir().unwrap();
        let you = Identity { name: "You".into(), email: "you@example.com".into(), at: Timestamp::from_millis(0) };
        std::fs::write(folder.path().join("a"), "a").unwrap();
        Repository::create(folder.path(), "main", "begin", &you).unwrap();
        let local = Local::of(&Repository::open(&folder.path().join(".git")).unwrap());
        (folder, local)
    }

    fn note(name: &str, vector: &[f32]) -> (EventId, Digest, Vector) {
        (EventId::from_name(name), Digest::of(name), vector.to_vec())
    }

    #[test]
    fn the_nearest_come_first_and_only_those_that_are_asked_for() {
        let (_folder, local) = local();
        let vectors = Vectors::of(&local, &Digest::of("a")).unwrap();
        let notes = [note("x", &[1.0, 0.0]), note("y", &[0.0, 1.0]), note("z", &[0.8, 0.6]), note("long", &[1.0; 3])];
        vectors.keep_notes(&notes).unwrap();
        vectors.keep_notes(&[note("none", &[])]).unwrap();
        let near = |ids: &[&str], least: f64, most: usize| {
            let ids = ids.iter().map(|id| EventId::from_name(id)).collect();
            let near = vectors.nearest(&[1.0, 0.0], &ids, least, most).unwrap();
            near.into_iter().map(|near| format!("{} {:.1}", near.id, near.cosine)).collect::<Vec<_>>()
        };
        assert_eq!(near(&["x", "y", "z", "long", "none"], 0.0, 9), ["x 1.0", "z 0.8", "y 0.0"]);
        assert_eq!(near(&["y", "z"], 0.1, 9), ["z 0.8"]);
        assert_eq!(near(&["x", "y", "z"], 0.0, 1), ["x 1.0"]);
        let known: Vec<String> = vectors.known(2).unwrap().keys().map(EventId::to_string).collect();
        assert_eq!(known, ["none", "x", "y", "z"]);
    }

    #[test]
    fn a_file_that_nothing_can_be_taken_out_of_goes_as_a_whole() {
        let (folder, local) = local();
        let repository = Repository::open(&folder.path().join(".git")).unwrap();
        let host = crate::host::Host::new(crate::host::Environment::default());
        let store = crate::store::Store::open(repository, host, crate::store::DEFAULT_REF).unwrap();
        store.begin().unwrap();
        std::fs::create_dir_all(local.root()).unwrap();
        std::fs::write(local.vectors_file(), "no vectors").unwrap();
        forget_gone(&store.snapshot().unwrap());
        assert!(!local.vectors_file().exists());
    }

    #[test]
    fn one_source_is_kept_and_so_many_questions() {
        let (_folder, local) = local();
        let of = |source: &str| Vectors::of(&local, &Digest::of(source)).unwrap();
        of("a").keep_notes(&[note("x", &[1.0])]).unwrap();
        assert_eq!(of("b").known(1).unwrap().len(), 0);
        of("b").keep_notes(&[note("y", &[1.0])]).unwrap();
        assert_eq!((of("a").known(1).unwrap().len(), of("b").known(1).unwrap().len()), (0, 1));
        for number in 0..=MOST_ASKED {
            of("b").keep_asked(&Digest::of(number.to_string()), &[number as f32]).unwrap();
        }
        assert_eq!(of("b").find_asked(&Digest::of("0")).unwrap(), None);
        assert_eq!(of("b").find_asked(&Digest::of("1")).unwrap(), Some(vec![1.0]));
    }

    #[test]
    fn a_file_whose_inside_is_damaged_is_gone_the_next_time() {
        let (_folder, local) = local();
        let source = Digest::of("a");
        let many: Vec<_> = (0..200).map(|number| note(&format!("n{number}"), &[1.0; 64])).collect();
        Vectors::of(&local, &source).unwrap().keep_notes(&many).unwrap();
        let mut bytes = std::fs::read(local.vectors_file()).unwrap();
        bytes[8_192..].fill(0xff);
        std::fs::write(local.vectors_file(), bytes).unwrap();
        let error = Vectors::of(&local, &source).unwrap().known(64).unwrap_err();
        assert!(error.message().starts_with("cannot use the vectors in "), "{error}");
        assert_eq!(Vectors::of(&local, &source).unwrap().known(64).unwrap().len(), 0);
    }
}
