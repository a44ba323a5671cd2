//! What runs used: sums for people, and what budgets are measured by.

use crate::agent::runbook;
use crate::config::Settings;
use crate::error::Result;
use crate::model::run::RunRecord;
use crate::model::{Allowance, Budget, BudgetOf, Spent, Tally, TaskId, Timestamp};
use crate::store::{Index, RunFilter, RunSum, RunsBy};
use std::cmp::Reverse;
use std::collections::BTreeMap;

const DAY_MILLIS: u64 = 86_400_000;

/// Runs that have something in common, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageGroup {
    /// What they have in common. Absent for a model that is unknown, and for there being none.
    pub key: Option<String>,
    pub tally: Tally,
}

/// The runs that match, in groups, and all of them together. Days come in their order, all else by what it cost.
pub fn usage(index: &Index, filter: &RunFilter, by: RunsBy) -> Result<(Vec<UsageGroup>, Tally)> {
    let groups = grouped(index.runs(filter, by)?);
    let total = groups.iter().fold(Tally::default(), |sum, group| sum.plus(&group.tally));
    Ok((sorted(groups, by), total))
}

/// What one run used.
pub fn tally_of(run: &RunRecord) -> Tally {
    by_agent(&run.agent, Tally::of(run))
}

/// A runbook's scripts use no model, so that there is nothing they did not say.
fn by_agent(agent: &str, tally: Tally) -> Tally {
    if agent == runbook::NAME { tally.of_no_model() } else { tally }
}

fn grouped(rows: Vec<RunSum>) -> Vec<UsageGroup> {
    let mut groups: BTreeMap<(Option<String>, bool), Tally> = BTreeMap::new();
    for row in rows {
        // A run without a model is not one of a model that nobody named.
        let is_without = row.key.is_none() && row.agent == runbook::NAME;
        let sum = groups.entry((row.key, is_without)).or_default();
        *sum = sum.plus(&by_agent(&row.agent, row.tally));
    }
    groups.into_iter().map(|((key, _), tally)| UsageGroup { key, tally }).collect()
}

fn sorted(mut groups: Vec<UsageGroup>, by: RunsBy) -> Vec<UsageGroup> {
    if by != RunsBy::Day {
        groups.sort_by_cached_key(|UsageGroup { tally, .. }| {
            Reverse((tally.usage.cost_micros, tally.usage.tokens(), tally.unknown, tally.millis))
        });
    }
    groups
}

/// What a budget is measured by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spender {
    /// All runs of the task.
    Task(TaskId),
    /// All runs that began on the day of this time. Days are those of UTC: they are the same for all machines.
    Day(Timestamp),
    /// All runs of all tasks.
    Project,
}

/// What ended runs have used. One that still runs is not among them.
pub fn spent(index: &Index, by: &Spender) -> Result<Spent> {
    let filter = match by {
        Spender::Task(id) => RunFilter { tasks: vec![id.clone()], ..RunFilter::default() },
        Spender::Day(now) => {
            let midnight = now.millis() - now.millis() % DAY_MILLIS;
            let [since, until] = [midnight, midnight + DAY_MILLIS].map(|time| Some(Timestamp::from_millis(time)));
            RunFilter { since, until, ..RunFilter::default() }
        }
        Spender::Project => RunFilter::default(),
    };
    let (_, total) = usage(index, &filter, RunsBy::Nothing)?;
    Ok(Spent::from(&total))
}

/// What a run of the task may use. The task's own limits go before those of the settings, one by one.
pub fn allowance(settings: &Settings, index: &Index, task: &TaskId, own: &Budget, now: Timestamp) -> Result<Allowance> {
    let bounded = |budget: Budget, by: &Spender| -> Result<(Budget, Spent)> {
        let spent = if budget.is_unlimited() { Spent::default() } else { spent(index, by)? };
        Ok((budget, spent))
    };
    Ok(Allowance {
        task: bounded(own.or(&settings.budget(BudgetOf::Task)), &Spender::Task(task.clone()))?,
        day: bounded(settings.budget(BudgetOf::Day), &Spender::Day(now))?,
        project: bounded(settings.budget(BudgetOf::Project), &Spender::Project)?,
    })
}
