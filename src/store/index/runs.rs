//! Sums over runs.

use super::Index;
use crate::error::{Context, Result};
use crate::model::{Tally, TaskId, Timestamp, Usage};
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

/// Which runs. A run belongs to the time at which it began.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Of these tasks; of all where there are none.
    pub tasks: Vec<TaskId>,
    pub since: Option<Timestamp>,
    /// Not any more.
    pub until: Option<Timestamp>,
}

/// What runs are added up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsBy {
    Task,
    Agent,
    /// Absent where the agent did not say.
    Model,
    /// `2026-01-31`, in UTC.
    Day,
    Phase,
    /// All of an agent's together.
    Nothing,
}

/// The runs of one agent that have the same key. That an agent uses no model is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSum {
    pub key: Option<String>,
    pub agent: String,
    pub tally: Tally,
}

impl Index {
    /// The runs that match, added up by a key and their agent.
    pub fn runs(&self, filter: &RunFilter, by: RunsBy) -> Result<Vec<RunSum>> {
        let failed = || "cannot read the index".to_owned();
        let (conditions, values) = conditions(filter);
        let sums = sums();
        let sql =
            format!("SELECT {} AS key, agent, {sums} FROM runs WHERE {conditions} GROUP BY key, agent", by.column());
        let mut statement = self.connection.prepare_cached(&sql).context(failed)?;
        let rows = statement.query_map(params_from_iter(values), read_sum).context(failed)?;
        rows.collect::<rusqlite::Result<_>>().context(failed)
    }
}

impl RunsBy {
    fn column(self) -> &'static str {
        match self {
            RunsBy::Task => "task",
            RunsBy::Agent => "agent",
            RunsBy::Model => "model",
            RunsBy::Day => "date(started / 1000, 'unixepoch')",
            RunsBy::Phase => "phase",
            RunsBy::Nothing => "NULL",
        }
    }
}

fn conditions(filter: &RunFilter) -> (String, Vec<Value>) {
    let mut conditions = vec!["1"];
    let mut values = Vec::new();
    if !filter.tasks.is_empty() {
        // One value, for there may be more tasks than a statement takes.
        conditions.push("task IN (SELECT value FROM json_each(?))");
        let ids: Vec<&str> = filter.tasks.iter().map(TaskId::as_str).collect();
        values.push(Value::Text(serde_json::to_string(&ids).unwrap_or_default()));
    }
    for (time, condition) in [(filter.since, "started >= ?"), (filter.until, "started < ?")] {
        if let Some(time) = time {
            conditions.push(condition);
            values.push(Value::Integer(i64::try_from(time.millis()).unwrap_or(i64::MAX)));
        }
    }
    (conditions.join(" AND "), values)
}

/// Only of runs that ended. Unlike `sum`, `total` does not fail where records claim more than fits.
fn sums() -> String {
    let tokens = "coalesce(input_tokens, cached_tokens, output_tokens) IS NULL";
    let mut columns = vec![
        "count(*)".to_owned(),
        "count(*) - count(ended)".to_owned(),
        format!("count(*) FILTER (WHERE ended IS NOT NULL AND ({tokens} OR cost_micros IS NULL))"),
        format!("count(*) FILTER (WHERE ended IS NOT NULL AND {tokens})"),
        "count(*) FILTER (WHERE ended IS NOT NULL AND cost_micros IS NULL)".to_owned(),
        "CAST(total(max(ended - started, 0)) AS INTEGER)".to_owned(),
    ];
    for column in ["input_tokens", "cached_tokens", "output_tokens", "cost_micros"] {
        let sum = format!("CAST(total({column}) FILTER (WHERE ended IS NOT NULL) AS INTEGER)");
        columns.push(format!("CASE WHEN count({column}) FILTER (WHERE ended IS NOT NULL) THEN {sum} END"));
    }
    columns.join(", ")
}

fn read_sum(row: &Row<'_>) -> rusqlite::Result<RunSum> {
    let number = |column: usize| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let known = |column: usize| row.get::<_, Option<i64>>(column).map(|number| number.map(i64::unsigned_abs));
    Ok(RunSum {
        key: row.get(0)?,
        agent: row.get(1)?,
        tally: Tally {
            runs: number(2)?,
            running: number(3)?,
            without_model: 0,
            unknown: number(4)?,
            unknown_tokens: number(5)?,
            unknown_cost: number(6)?,
            millis: number(7)?,
            usage: Usage {
                input_tokens: known(8)?,
                cached_tokens: known(9)?,
                output_tokens: known(10)?,
                cost_micros: known(11)?,
            },
        },
    })
}
