//! Bringing the tables to a snapshot: by the difference of two trees, or from nothing.

use super::super::{Snapshot, layout, task_of_path};
use super::{notes, vectors};
use crate::error::{Context, Error, Result};
use crate::git::{Oid, Repository};
use crate::model::message::Message;
use crate::model::run::RunRecord;
use crate::model::{EventId, Task, TaskId, TextFile, from_toml};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::collections::BTreeSet;

type Sql<T> = rusqlite::Result<T>;

/// Ends with a read transaction open on exactly this snapshot's tree.
pub(super) fn bring_up_to_date(connection: &mut Connection, snapshot: &Snapshot<'_>) -> Result<()> {
    let failed = || "cannot bring the index up to date".to_owned();
    // Another process may move the index between our write and our read; it is then simply moved again.
    for _ in 0..50 {
        connection.execute_batch("BEGIN DEFERRED").context(failed)?;
        if indexed_tree(connection).context(failed)? == Some(snapshot.tree) {
            return Ok(());
        }
        connection.execute_batch("COMMIT").context(failed)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).context(failed)?;
        update(&transaction, snapshot)?;
        transaction.commit().context(failed)?;
    }
    Err(Error::failed("the index keeps moving"))
}

fn indexed_tree(connection: &Connection) -> Sql<Option<Oid>> {
    let value = connection.query_row("SELECT value FROM meta WHERE key = 'tree'", [], |row| row.get::<_, String>(0));
    Ok(value.optional()?.and_then(|text| Repository::parse_oid(&text)))
}

fn update(tables: &Transaction<'_>, snapshot: &Snapshot<'_>) -> Result<()> {
    let failed = || "cannot write the index".to_owned();
    let old = indexed_tree(tables).context(failed)?;
    let changed = old.and_then(|old| snapshot.store.repository.changed_paths(old, snapshot.tree).ok());
    match changed {
        Some(paths) => update_paths(tables, snapshot, &paths)?,
        None => rebuild(tables, snapshot)?,
    }
    let tree = snapshot.tree.to_string();
    tables.execute("INSERT OR REPLACE INTO meta VALUES ('tree', ?1)", [tree]).context(failed)?;
    Ok(())
}

fn rebuild(tables: &Transaction<'_>, snapshot: &Snapshot<'_>) -> Result<()> {
    let empty = "DELETE FROM tasks; DELETE FROM labels; DELETE FROM runs; DELETE FROM problems; DELETE FROM documents; DELETE FROM texts;";
    tables.execute_batch(empty).context(|| "cannot empty the index")?;
    for id in snapshot.task_ids()? {
        add_task(tables, snapshot, &id)?;
        for run in snapshot.run_names(&id)? {
            add_run(tables, snapshot, &id, &run)?;
        }
    }
    for message in snapshot.messages()?.records {
        add_message(tables, &message).context(|| "cannot index a message")?;
    }
    vectors::forget_gone(snapshot);
    notes::rebuild(tables, snapshot)
}

fn update_paths(tables: &Transaction<'_>, snapshot: &Snapshot<'_>, paths: &[String]) -> Result<()> {
    let tasks: BTreeSet<TaskId> = paths.iter().filter_map(|path| task_of_path(path)).collect();
    for id in tasks {
        remove(tables, id.as_str()).context(|| format!("cannot index task {id}"))?;
        add_task(tables, snapshot, &id)?;
    }
    // Only those that changed: a task may have many runs, and few of its changes are theirs.
    for (id, run) in paths.iter().filter_map(|path| layout::run_of_path(path)) {
        remove_run(tables, &id, run).context(|| format!("cannot index run {run}"))?;
        add_run(tables, snapshot, &id, run)?;
    }
    for path in paths.iter().filter(|path| path.starts_with(layout::MESSAGES)) {
        remove(tables, path).context(|| format!("cannot index {path}"))?;
        let message = snapshot.find_file(path)?.and_then(|text| from_toml::<Message>(&text).ok());
        if let Some(message) = message {
            add_message(tables, &message).context(|| format!("cannot index {path}"))?;
        }
    }
    let changed: BTreeSet<EventId> = paths.iter().filter_map(|path| notes::note_of_path(path)).collect();
    changed.iter().try_for_each(|id| notes::refresh(tables, snapshot, id))?;
    if !changed.is_empty() {
        vectors::forget_changed(snapshot, &changed);
    }
    Ok(())
}

fn remove(tables: &Connection, owner: &str) -> Sql<()> {
    tables.prepare_cached("DELETE FROM tasks WHERE id = ?1")?.execute([owner])?;
    tables.prepare_cached("DELETE FROM labels WHERE task = ?1")?.execute([owner])?;
    tables.prepare_cached("DELETE FROM problems WHERE owner = ?1")?.execute([owner])?;
    let texts = "DELETE FROM texts WHERE rowid IN (SELECT number FROM documents WHERE owner = ?1)";
    tables.prepare_cached(texts)?.execute([owner])?;
    tables.prepare_cached("DELETE FROM documents WHERE owner = ?1")?.execute([owner])?;
    Ok(())
}

fn remove_run(tables: &Connection, id: &TaskId, run: &str) -> Sql<()> {
    tables.prepare_cached("DELETE FROM runs WHERE task = ?1 AND run = ?2")?.execute([id.as_str(), run])?;
    tables.prepare_cached("DELETE FROM problems WHERE owner = ?1")?.execute([layout::run_file(id, run)])?;
    Ok(())
}

/// The problem of a run that cannot be read is the run's own: its task may change without it.
fn add_run(tables: &Transaction<'_>, snapshot: &Snapshot<'_>, id: &TaskId, run: &str) -> Result<()> {
    let failed = || format!("cannot index run {run} of task {id}");
    match snapshot.find_run(id, run) {
        Ok(None) => Ok(()),
        Ok(Some(record)) => insert_run(tables, id, run, &record).context(failed),
        Err(error) => insert_problem(tables, &layout::run_file(id, run), &error).context(failed),
    }
}

fn insert_run(tables: &Connection, id: &TaskId, run: &str, record: &RunRecord) -> Sql<()> {
    // SQLite's numbers have a sign; what does not fit is nothing an agent has used.
    let number = |value: Option<u64>| value.and_then(|value| i64::try_from(value).ok());
    let row = "INSERT OR REPLACE INTO runs VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)";
    tables.prepare_cached(row)?.execute(params![
        id.as_str(),
        run,
        record.agent,
        record.model,
        record.phase,
        record.step,
        record.host,
        record.started.millis() as i64,
        record.ended.map(|time| time.millis() as i64),
        record.outcome.map(|outcome| outcome.word()),
        number(record.usage.input_tokens),
        number(record.usage.cached_tokens),
        number(record.usage.output_tokens),
        number(record.usage.cost_micros),
    ])?;
    Ok(())
}

/// `owner` is what has to change for the problem to be gone.
fn insert_problem(tables: &Connection, owner: &str, error: &Error) -> Sql<()> {
    let path = error.message().trim_start_matches("the record ").trim_end_matches(" is damaged");
    let row = "INSERT OR REPLACE INTO problems VALUES (?1, ?2, ?3)";
    tables.execute(row, params![path, owner, error.causes().join(": ")]).map(drop)
}

/// A record that cannot be read becomes a row of `problems`, not a failure.
fn add_task(tables: &Transaction<'_>, snapshot: &Snapshot<'_>, id: &TaskId) -> Result<()> {
    let failed = || format!("cannot index task {id}");
    match snapshot.find_task(id) {
        Ok(None) => Ok(()),
        Ok(Some(task)) => {
            insert_task(tables, &task).context(failed)?;
            add_text(tables, id.as_str(), "title", &task.title).context(failed)?;
            for file in [TextFile::Spec, TextFile::Plan] {
                let written = if file == TextFile::Spec { &task.spec } else { &task.plan };
                if written.is_some() {
                    let text = snapshot.text(id, file).unwrap_or_default();
                    add_text(tables, id.as_str(), file.word(), &text).context(failed)?;
                }
            }
            Ok(())
        }
        Err(error) => insert_problem(tables, id.as_str(), &error).context(failed),
    }
}

fn insert_task(tables: &Connection, task: &Task) -> Sql<()> {
    let labels = serde_json::to_string(&task.labels).unwrap_or_default();
    let dependencies: Vec<&str> = task.dependencies.iter().map(TaskId::as_str).collect();
    let row =
        "INSERT INTO tasks VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23)";
    tables.prepare_cached(row)?.execute(params![
        task.id.as_str(),
        task.title,
        task.status.word(),
        task.reason.map(|reason| reason.word()),
        task.note,
        task.priority.rank(),
        task.risk.word(),
        labels,
        task.created.millis() as i64,
        task.updated.time.millis() as i64,
        task.not_before.map(|time| time.millis() as i64),
        task.paused,
        task.branch,
        task.agent,
        task.role,
        task.claim.as_ref().map(|claim| &claim.actor),
        task.claim.as_ref().map(|claim| &claim.session),
        task.parent.as_ref().map(TaskId::as_str),
        task.source.as_ref().map(|source| format!("{}:{}", source.system, source.place)),
        dependencies.join(" "),
        task.plan.is_some(),
        task.conflicts.len() as i64,
        task.proposal.as_ref().is_some_and(|proposal| proposal.ended.is_none()),
    ])?;
    let mut insert = tables.prepare_cached("INSERT OR IGNORE INTO labels VALUES (?1, ?2)")?;
    task.labels.iter().try_for_each(|label| insert.execute([label.as_str(), task.id.as_str()]).map(drop))
}

fn add_text(tables: &Connection, owner: &str, kind: &str, body: &str) -> Sql<()> {
    if body.is_empty() {
        return Ok(());
    }
    tables.prepare_cached("INSERT INTO documents (owner, kind) VALUES (?1, ?2)")?.execute([owner, kind])?;
    let number = tables.last_insert_rowid();
    tables.prepare_cached("INSERT INTO texts (rowid, body) VALUES (?1, ?2)")?.execute(params![number, body])?;
    Ok(())
}

fn add_message(tables: &Connection, message: &Message) -> Sql<()> {
    let owner = layout::message(&message.id);
    let kind = message.task.as_ref().map_or("message".to_owned(), |task| format!("message {task}"));
    add_text(tables, &owner, &kind, &message.text)
}
