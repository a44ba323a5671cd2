//! The tables. Their version is part of the file name: another shape is another file.

use rusqlite::{Connection, Result};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, note TEXT,
    priority INTEGER NOT NULL, risk TEXT NOT NULL, labels TEXT NOT NULL, created INTEGER NOT NULL,
    updated INTEGER NOT NULL, not_before INTEGER, paused INTEGER NOT NULL, branch TEXT, agent TEXT, role TEXT,
    holder TEXT, session TEXT, parent TEXT, source TEXT, dependencies TEXT NOT NULL, planned INTEGER NOT NULL,
    conflicts INTEGER NOT NULL, proposed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tasks_in_order ON tasks (priority, created, id);
CREATE INDEX IF NOT EXISTS tasks_by_status ON tasks (status, priority, created);
CREATE INDEX IF NOT EXISTS tasks_in_conflict ON tasks (id) WHERE conflicts > 0;
CREATE INDEX IF NOT EXISTS tasks_proposed ON tasks (id) WHERE proposed > 0;
CREATE INDEX IF NOT EXISTS tasks_held ON tasks (priority, created, id) WHERE holder IS NOT NULL;
CREATE TABLE IF NOT EXISTS labels (label TEXT NOT NULL, task TEXT NOT NULL, PRIMARY KEY (label, task)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS labels_by_task ON labels (task);
CREATE TABLE IF NOT EXISTS runs (
    task TEXT NOT NULL, run TEXT NOT NULL, agent TEXT NOT NULL, model TEXT, phase TEXT NOT NULL, step TEXT,
    host TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, outcome TEXT, input_tokens INTEGER,
    cached_tokens INTEGER, output_tokens INTEGER, cost_micros INTEGER, PRIMARY KEY (task, run)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_start ON runs (started);
CREATE TABLE IF NOT EXISTS problems (path TEXT PRIMARY KEY, owner TEXT NOT NULL, message TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (number INTEGER PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS documents_by_owner ON documents (owner);
CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5 (body, tokenize = 'unicode61 remove_diacritics 2');
CREATE TABLE IF NOT EXISTS notes (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, promoted INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS note_files (
    path TEXT NOT NULL, note TEXT NOT NULL, is_pattern INTEGER NOT NULL, PRIMARY KEY (path, note)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS note_files_by_note ON note_files (note);
CREATE INDEX IF NOT EXISTS note_patterns ON note_files (path) WHERE is_pattern;
CREATE VIRTUAL TABLE IF NOT EXISTS note_texts USING fts5 (
    title, body, files, tags, tokenize = 'porter unicode61 remove_diacritics 2'
);
";

pub(super) fn prepare(connection: &Connection) -> Result<()> {
    // The file can be made again from the state at any time: it need not survive a power cut, only our own death.
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    if is_prepared(connection) {
        return Ok(());
    }
    let _: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    connection.execute_batch(&format!("BEGIN IMMEDIATE;{TABLES}COMMIT;"))
}

fn is_prepared(connection: &Connection) -> bool {
    let found = connection.query_row("SELECT 1 FROM sqlite_master WHERE name = 'texts'", [], |_| Ok(()));
    found.is_ok()
}
