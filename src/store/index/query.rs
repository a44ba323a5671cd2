//! Questions to the index.

use super::super::layout::message_of_path;
use super::{Index, Problem};
use crate::error::{Context, Result};
use crate::model::text::slug;
use crate::model::{EventId, Priority, Reason, Risk, Status, TaskId, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};
use std::collections::BTreeSet;

/// A task as lists need it.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexRow {
    pub id: TaskId,
    pub title: String,
    pub status: Status,
    pub reason: Option<Reason>,
    pub note: Option<String>,
    pub priority: Priority,
    pub risk: Risk,
    pub labels: Vec<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub not_before: Option<Timestamp>,
    pub paused: bool,
    pub agent: Option<String>,
    /// Who holds the claim.
    pub holder: Option<String>,
    pub session: Option<String>,
    pub dependencies: Vec<TaskId>,
    /// Somebody has written a plan.
    pub planned: bool,
    /// How many things people who worked apart left to be looked at.
    pub conflicts: usize,
}

/// Which tasks. Empty lists let everything through.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub statuses: Vec<Status>,
    /// All of these.
    pub labels: Vec<String>,
    pub reasons: Vec<Reason>,
    pub priorities: Vec<Priority>,
    /// `system:place`, as imported.
    pub source: Option<String>,
    pub claimed: bool,
    /// Something about them is to be looked at.
    pub in_conflict: bool,
    /// Their plan is under review on a branch.
    pub proposed: bool,
    /// At most this many, the first in order.
    pub limit: Option<usize>,
}

impl Filter {
    /// Tasks that are neither done nor cancelled.
    pub fn open() -> Filter {
        Filter { statuses: Status::ALL.into_iter().filter(|status| !status.is_closed()).collect(), ..Filter::default() }
    }
}

/// A text that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Absent for a message to nobody.
    pub task: Option<TaskId>,
    /// `title`, `spec`, `plan` or `message`.
    pub kind: String,
    /// The words around the hit, on one line; what matched stands between U+0001 and U+0002.
    pub excerpt: String,
}

const COLUMNS: &str = "id, title, status, reason, note, priority, risk, labels, created, updated, not_before, paused, \
                       agent, holder, session, dependencies, planned, conflicts";

impl Index {
    /// The tasks that match, most urgent and then oldest first.
    pub fn tasks(&self, filter: &Filter) -> Result<Vec<IndexRow>> {
        let (conditions, values) = conditions(filter);
        // A few of many are found along the order; all of them are faster sorted afterwards.
        let (order, limit) = match filter.limit {
            Some(limit) => (" INDEXED BY tasks_in_order", format!(" LIMIT {limit}")),
            None => ("", String::new()),
        };
        let sql =
            format!("SELECT {COLUMNS} FROM tasks{order} WHERE {conditions} ORDER BY priority, created, id{limit}");
        self.rows(&sql, values)
    }

    /// How many tasks match, whatever the limit.
    pub fn count_matching(&self, filter: &Filter) -> Result<usize> {
        let (conditions, values) = conditions(filter);
        self.number(&format!("SELECT count(*) FROM tasks WHERE {conditions}"), values)
    }

    pub fn all(&self) -> Result<Vec<IndexRow>> {
        self.tasks(&Filter::default())
    }

    /// How many tasks have this status.
    pub fn count(&self, status: Status) -> Result<usize> {
        self.count_matching(&Filter { statuses: vec![status], ..Filter::default() })
    }

    fn number(&self, sql: &str, values: Vec<Value>) -> Result<usize> {
        let failed = || "cannot read the index".to_owned();
        let mut statement = self.connection.prepare_cached(sql).context(failed)?;
        let number: i64 = statement.query_row(params_from_iter(values), |row| row.get(0)).context(failed)?;
        Ok(usize::try_from(number).unwrap_or(0))
    }

    fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<IndexRow>> {
        let failed = || "cannot read the index".to_owned();
        let mut statement = self.connection.prepare_cached(sql).context(failed)?;
        let rows = statement.query_map(params_from_iter(values), read_row).context(failed)?;
        rows.collect::<rusqlite::Result<Vec<IndexRow>>>().context(failed)
    }

    /// Where a task stands; nothing where there is no such task.
    pub fn status_of(&self, id: &TaskId) -> Option<Status> {
        let sql = "SELECT status FROM tasks WHERE id = ?1";
        let mut statement = self.connection.prepare_cached(sql).ok()?;
        let word: String = statement.query_row([id.as_str()], |row| row.get(0)).ok()?;
        Status::parse(&word)
    }

    /// Empty where there is no such task.
    pub fn title_of(&self, id: &TaskId) -> String {
        let sql = "SELECT title FROM tasks WHERE id = ?1";
        let found = self.connection.prepare_cached(sql).and_then(|mut s| s.query_row([id.as_str()], |row| row.get(0)));
        found.unwrap_or_default()
    }

    pub fn dependencies_of(&self, id: &TaskId) -> Vec<TaskId> {
        let sql = "SELECT dependencies FROM tasks WHERE id = ?1";
        let found = self.connection.prepare_cached(sql).and_then(|mut s| s.query_row([id.as_str()], |row| row.get(0)));
        found.map(|text: String| ids(&text)).unwrap_or_default()
    }

    pub fn ids_with_source(&self, source: &str) -> Result<Vec<TaskId>> {
        let filter = Filter { source: Some(source.to_owned()), ..Filter::default() };
        Ok(self.tasks(&filter)?.into_iter().map(|row| row.id).collect())
    }

    /// How many characters tell the task apart from every other.
    pub fn short(&self, id: &TaskId) -> String {
        let neighbour = |sql: &str| -> Option<TaskId> {
            let mut statement = self.connection.prepare_cached(sql).ok()?;
            let found: Option<String> = statement.query_row([id.as_str()], |row| row.get(0)).ok()?;
            TaskId::parse(&found?)
        };
        let before = neighbour("SELECT max(id) FROM tasks WHERE id < ?1");
        let after = neighbour("SELECT min(id) FROM tasks WHERE id > ?1");
        let length = [before, after].into_iter().flatten().map(|other| id.distinct_from(&other)).max();
        id.prefix(length.unwrap_or(TaskId::SHORTEST)).to_owned()
    }

    pub fn problems(&self) -> Result<Vec<Problem>> {
        let failed = || "cannot read the index".to_owned();
        let sql = "SELECT path, message FROM problems ORDER BY path";
        let mut statement = self.connection.prepare_cached(sql).context(failed)?;
        let problem = |row: &Row<'_>| Ok(Problem { path: row.get(0)?, message: row.get(1)? });
        let rows = statement.query_map([], problem).context(failed)?;
        rows.collect::<rusqlite::Result<_>>().context(failed)
    }

    /// Full-text search. Words are and-ed, the last may be a beginning, `"quoted words"` stand together, `-word` excludes.
    pub fn search(&self, words: &str, limit: usize) -> Result<Vec<Hit>> {
        let failed = || format!("cannot search for `{words}`");
        let Some(query) = match_expression(words) else {
            return Ok(Vec::new());
        };
        let sql = "SELECT owner, kind, snippet(texts, 0, char(1), char(2), '…', 12) FROM texts \
                   JOIN documents ON number = texts.rowid WHERE texts MATCH ?1 \
                   ORDER BY CASE kind WHEN 'title' THEN bm25(texts) * 4 ELSE bm25(texts) END, owner LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql).context(failed)?;
        let hit = |row: &Row<'_>| {
            let (owner, kind): (String, String) = (row.get(0)?, row.get(1)?);
            let (kind, task) = match kind.split_once(' ') {
                Some((kind, task)) => (kind.to_owned(), TaskId::parse(task)),
                None => (kind, TaskId::parse(&owner)),
            };
            let excerpt: String = row.get(2)?;
            Ok(Hit { task, kind, excerpt: excerpt.split_whitespace().collect::<Vec<_>>().join(" ") })
        };
        let rows = statement.query_map((query, limit as i64), hit).context(failed)?;
        rows.collect::<rusqlite::Result<_>>().context(failed)
    }
}

impl Index {
    /// The messages in which all these words occur.
    pub fn messages_with(&self, words: &str) -> Result<BTreeSet<EventId>> {
        let failed = || format!("cannot search for `{words}`");
        let Some(query) = match_expression(words) else { return Ok(BTreeSet::new()) };
        let sql = "SELECT owner FROM texts JOIN documents ON number = texts.rowid WHERE texts MATCH ?1 \
                   AND (kind = 'message' OR kind LIKE 'message %')";
        let mut statement = self.connection.prepare_cached(sql).context(failed)?;
        let owners = statement.query_map([query], |row| row.get::<_, String>(0)).context(failed)?;
        let owners = owners.collect::<rusqlite::Result<Vec<String>>>().context(failed)?;
        Ok(owners.iter().filter_map(|owner| message_of_path(owner)).collect())
    }
}

fn conditions(filter: &Filter) -> (String, Vec<Value>) {
    let mut conditions = vec!["1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut any_of = |column: &str, words: Vec<Value>| {
        if !words.is_empty() {
            conditions.push(format!("{column} IN ({})", vec!["?"; words.len()].join(",")));
            values.extend(words);
        }
    };
    any_of("status", filter.statuses.iter().map(|status| Value::from(status.word().to_owned())).collect());
    any_of("reason", filter.reasons.iter().map(|reason| Value::from(reason.word().to_owned())).collect());
    any_of("priority", filter.priorities.iter().map(|priority| Value::from(i64::from(priority.rank()))).collect());
    any_of("source", filter.source.iter().map(|source| Value::from(source.clone())).collect());
    for label in &filter.labels {
        conditions.push("id IN (SELECT task FROM labels WHERE label = ?)".to_owned());
        values.push(Value::from(label.clone()));
    }
    if filter.proposed {
        conditions.push("proposed > 0".to_owned());
    }
    if filter.in_conflict {
        conditions.push("conflicts > 0".to_owned());
    }
    if filter.claimed {
        conditions.push("holder IS NOT NULL".to_owned());
    }
    (conditions.join(" AND "), values)
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<IndexRow> {
    let id: String = row.get(0)?;
    let (status, reason): (String, Option<String>) = (row.get(2)?, row.get(3)?);
    let (risk, labels, dependencies): (String, String, String) = (row.get(6)?, row.get(7)?, row.get(15)?);
    let time = |column: usize| -> rusqlite::Result<Timestamp> {
        Ok(Timestamp::from_millis(row.get::<_, i64>(column)?.unsigned_abs()))
    };
    let foreign =
        |column: usize| rusqlite::Error::InvalidColumnType(column, "foreign word".into(), rusqlite::types::Type::Text);
    Ok(IndexRow {
        id: TaskId::parse(&id).ok_or_else(|| foreign(0))?,
        title: row.get(1)?,
        status: Status::parse(&status).ok_or_else(|| foreign(2))?,
        reason: reason.and_then(|word| Reason::ALL.into_iter().find(|reason| reason.word() == word)),
        note: row.get(4)?,
        priority: Priority::from_rank(row.get(5)?).ok_or_else(|| foreign(5))?,
        risk: Risk::parse(&risk).ok_or_else(|| foreign(6))?,
        labels: if labels == "[]" { Vec::new() } else { serde_json::from_str(&labels).unwrap_or_default() },
        created: time(8)?,
        updated: time(9)?,
        not_before: row.get::<_, Option<i64>>(10)?.map(|millis| Timestamp::from_millis(millis.unsigned_abs())),
        paused: row.get(11)?,
        agent: row.get(12)?,
        holder: row.get(13)?,
        session: row.get(14)?,
        dependencies: ids(&dependencies),
        planned: row.get(16)?,
        conflicts: row.get::<_, i64>(17)?.unsigned_abs() as usize,
    })
}

fn ids(text: &str) -> Vec<TaskId> {
    text.split(' ').filter_map(TaskId::parse).collect()
}

/// What a person typed as an FTS5 expression; nothing where it holds no word. No input is a syntax error.
fn match_expression(words: &str) -> Option<String> {
    let mut wanted = Vec::new();
    let mut unwanted = Vec::new();
    for (number, piece) in words.split('"').enumerate() {
        if number % 2 == 1 {
            wanted.extend(quoted(piece));
            continue;
        }
        for word in piece.split_whitespace() {
            match word.strip_prefix('-') {
                Some(word) => unwanted.extend(quoted(word)),
                None => wanted.extend(quoted(word)),
            }
        }
    }
    let typing = !words.ends_with(['"', ' ']) && unwanted.is_empty();
    if let (true, Some(last)) = (typing, wanted.last_mut()) {
        last.push('*');
    }
    let excluded: String = unwanted.iter().map(|word| format!(" NOT {word}")).collect();
    (!wanted.is_empty()).then(|| format!("({}){excluded}", wanted.join(" AND ")))
}

fn quoted(words: &str) -> Option<String> {
    let has_word = !slug(words, 1).is_empty() || words.chars().any(char::is_alphanumeric);
    has_word.then(|| format!("\"{}\"", words.replace(['"', '\0'], " ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_an_expression() {
        let cases = [
            ("login page", Some(r#"("login" AND "page"*)"#)),
            ("\"login page\" -old", Some(r#"("login page") NOT "old""#)),
            ("a OR b)", Some(r#"("a" AND "OR" AND "b)"*)"#)),
            ("--", None),
            ("", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(match_expression(typed).as_deref(), expected, "{typed}");
        }
    }
}
