//! How much may be used, and whether it is used up. A limit that nobody set holds nothing up.
//!
//! What runs did not report cannot count against a budget; how many they are is said with every answer.

use super::text::{count, escape_line};
use super::{Tally, Usage, dollars, duration_text, parse_duration, tokens_text};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What may be used at most, of money, tokens and time; written `5 usd, 200k tokens, 30m`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Budget {
    /// In millionths of a US dollar.
    pub cost_micros: Option<u64>,
    /// Input, cached and output together.
    pub tokens: Option<u64>,
    /// Of the runs, from start to end.
    pub time: Option<Duration>,
}

impl Budget {
    /// Money, tokens and time, each at most once, with commas between them. An empty text is no limit at all.
    pub fn parse(text: &str) -> Result<Budget> {
        let mut budget = Budget::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            budget.add(part)?;
        }
        Ok(budget)
    }

    fn add(&mut self, part: &str) -> Result<()> {
        let word = part.to_ascii_lowercase();
        let money = strip_unit(&word, &["usd", "dollars", "dollar", "$"]).or_else(|| word.strip_prefix('$'));
        let said_before = if let Some(amount) = money {
            self.cost_micros.replace(parse_money(amount).ok_or_else(|| no_part(part))?).is_some()
        } else if let Some(amount) = strip_unit(&word, &["tokens", "token"]) {
            self.tokens.replace(parse_count(amount).ok_or_else(|| no_part(part))?).is_some()
        } else {
            self.time.replace(parse_times(&word).ok_or_else(|| no_part(part))?).is_some()
        };
        match said_before {
            true => Err(Error::usage(format!("`{}` is a second limit of its kind", escape_line(part))).hint(EXAMPLE)),
            false => Ok(()),
        }
    }

    pub fn is_unlimited(&self) -> bool {
        *self == Budget::default()
    }

    /// These limits where there are any, the others elsewhere.
    #[must_use]
    pub fn or(&self, other: &Budget) -> Budget {
        Budget {
            cost_micros: self.cost_micros.or(other.cost_micros),
            tokens: self.tokens.or(other.tokens),
            time: self.time.or(other.time),
        }
    }
}

const EXAMPLE: &str = "a budget is written like \"5 usd, 200k tokens, 30m\"";

fn no_part(part: &str) -> Error {
    Error::usage(format!("`{}` is neither money nor tokens nor a time", escape_line(part))).hint(EXAMPLE)
}

fn strip_unit<'t>(text: &'t str, units: &[&str]) -> Option<&'t str> {
    units.iter().find_map(|unit| text.strip_suffix(unit)).map(str::trim_end)
}

/// `1h 30m`. A bare number says no unit, and so no time.
fn parse_times(text: &str) -> Option<Duration> {
    let mut sum = None::<Duration>;
    for word in text.split_whitespace() {
        let time = parse_duration(word).filter(|_| !word.ends_with(|c: char| c.is_ascii_digit()))?;
        sum = Some(sum.unwrap_or_default().checked_add(time)?);
    }
    sum.filter(|time| u64::try_from(time.as_millis()).is_ok())
}

/// An amount of US dollars, in millionths: `5`, `$5.00`, `0.50`. Digits that are lost would be wrong, so none are.
pub fn parse_money(text: &str) -> Option<u64> {
    let text = text.trim();
    decimal(text.strip_prefix('$').unwrap_or(text).trim_start(), 6).filter(|micros| *micros < 1_000_000_000_000_000)
}

/// A whole number: `200000`, `200_000`, `200k`, `1.5M`.
pub fn parse_count(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, places) = match text.char_indices().next_back()? {
        (at, 'k' | 'K') => (&text[..at], 3),
        (at, 'm' | 'M') => (&text[..at], 6),
        (at, 'g' | 'G') => (&text[..at], 9),
        _ => (text, 0),
    };
    decimal(number.trim_end(), places)
}

/// `1.25` with 3 places is 1250.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    if !whole.split('_').all(is_number) || fraction.is_some_and(|digits| !is_number(digits) || digits.len() > places) {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    format!("{}{fraction:0<places$}", whole.replace('_', "")).parse().ok()
}

/// A limit as exact as it was set: `$5.00`, `$0.0125`.
fn limit_dollars(micros: u64) -> String {
    let digits = format!("{:06}", micros % 1_000_000);
    let cents_and_more = digits.trim_end_matches('0');
    format!("${}.{cents_and_more:0<2}", micros / 1_000_000)
}

/// A limit as exact as it was set: `200k`, `2M`, `200500`.
fn limit_tokens(tokens: u64) -> String {
    match tokens {
        0 => "0".to_owned(),
        _ if tokens.is_multiple_of(1_000_000) => format!("{}M", tokens / 1_000_000),
        _ if tokens.is_multiple_of(1_000) => format!("{}k", tokens / 1_000),
        _ => tokens.to_string(),
    }
}

/// A limit as exact as it was set: `30m`, `90s`, `36h`.
fn limit_time(time: Duration) -> String {
    let millis = time.as_millis();
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    match units.iter().find(|(size, _)| millis > 0 && millis.is_multiple_of(*size)) {
        Some((size, unit)) => format!("{}{unit}", millis / size),
        None => format!("{millis}ms"),
    }
}

/// As [`Budget::parse`] reads it. Without `$`, which a shell would take for a variable where somebody copies it.
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cost = self.cost_micros.map(|micros| format!("{} usd", limit_dollars(micros).trim_start_matches('$')));
        let tokens = self.tokens.map(|tokens| format!("{} tokens", limit_tokens(tokens)));
        let parts: Vec<String> = [cost, tokens, self.time.map(limit_time)].into_iter().flatten().collect();
        f.pad(&parts.join(", "))
    }
}

impl TryFrom<String> for Budget {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Budget::parse(&text).map_err(|error| error.full_text())
    }
}

impl From<Budget> for String {
    fn from(budget: Budget) -> String {
        budget.to_string()
    }
}

/// What was used, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    pub cost_micros: u64,
    pub tokens: u64,
    pub time: Duration,
    /// Runs that ended and did not say all they used.
    pub unknown_runs: u64,
}

impl Spent {
    /// By a run that goes on: what it has not reported, it may still report.
    pub fn so_far(usage: &Usage, time: Duration) -> Spent {
        Spent {
            cost_micros: usage.cost_micros.unwrap_or(0),
            tokens: usage.tokens().unwrap_or(0),
            time,
            unknown_runs: 0,
        }
    }

    #[must_use]
    pub fn plus(&self, other: &Spent) -> Spent {
        Spent {
            cost_micros: self.cost_micros.saturating_add(other.cost_micros),
            tokens: self.tokens.saturating_add(other.tokens),
            time: self.time.saturating_add(other.time),
            unknown_runs: self.unknown_runs.saturating_add(other.unknown_runs),
        }
    }
}

impl From<&Tally> for Spent {
    fn from(tally: &Tally) -> Spent {
        Spent { unknown_runs: tally.unknown, ..Spent::so_far(&tally.usage, Duration::from_millis(tally.millis)) }
    }
}

/// Which limit has been reached, in words that go on after whose budget it is: `budget of $5.00 is used up: $5.12`.
pub fn exceeded(budget: &Budget, spent: &Spent) -> Option<String> {
    let silent = match spent.unknown_runs {
        0 => String::new(),
        runs => format!(", without {} that did not say", count(usize::try_from(runs).unwrap_or(usize::MAX), "run")),
    };
    let used_up = |limit: String, used: String| format!("budget of {limit} is used up: {used}");
    if let Some(limit) = budget.cost_micros.filter(|limit| spent.cost_micros >= *limit) {
        return Some(used_up(limit_dollars(limit), dollars(spent.cost_micros)) + &silent);
    }
    if let Some(limit) = budget.tokens.filter(|limit| spent.tokens >= *limit) {
        return Some(used_up(format!("{} tokens", limit_tokens(limit)), tokens_text(spent.tokens)) + &silent);
    }
    let limit = budget.time.filter(|limit| spent.time >= *limit)?;
    Some(used_up(limit_time(limit), duration_text(spent.time)))
}

/// Whose budget it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetOf {
    Task,
    Day,
    Project,
}

impl BudgetOf {
    pub fn word(self) -> &'static str {
        match self {
            BudgetOf::Task => "task",
            BudgetOf::Day => "day",
            BudgetOf::Project => "project",
        }
    }
}

/// All that bounds a run: each budget with what ended runs have used of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowance {
    pub task: (Budget, Spent),
    /// Of all tasks, today.
    pub day: (Budget, Spent),
    /// Of all tasks, ever.
    pub project: (Budget, Spent),
}

/// What other runs have used that is not on the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unrecorded {
    /// Runs of the same task.
    pub of_task: Spent,
    /// Those among them.
    pub of_all: Spent,
}

impl Allowance {
    /// Why a run that has used this much must not go on; before a run begins, it has used nothing.
    pub fn check(&self, run_so_far: &Spent, others: &Unrecorded) -> Option<String> {
        let all = [
            (BudgetOf::Task, &self.task, &others.of_task),
            (BudgetOf::Day, &self.day, &others.of_all),
            (BudgetOf::Project, &self.project, &others.of_all),
        ];
        all.into_iter().find_map(|(whose, (budget, spent), others)| {
            exceeded(budget, &spent.plus(run_so_far).plus(others)).map(|why| format!("the {}'s {why}", whose.word()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn budget(cost_micros: Option<u64>, tokens: Option<u64>, seconds: Option<u64>) -> Budget {
        Budget { cost_micros, tokens, time: seconds.map(Duration::from_secs) }
    }

    #[test]
    fn budgets_are_read_as_people_write_them() {
        let cases = [
            ("", budget(None, None, None)),
            ("5 usd, 200k tokens, 30m", budget(Some(5_000_000), Some(200_000), Some(1_800))),
            ("$5.00", budget(Some(5_000_000), None, None)),
            ("0.50 USD", budget(Some(500_000), None, None)),
            ("1 dollar,1 token", budget(Some(1_000_000), Some(1), None)),
            ("2m tokens, 2m", budget(None, Some(2_000_000), Some(120))),
            ("1.5M tokens", budget(None, Some(1_500_000), None)),
            ("1h 30m", budget(None, None, Some(5_400))),
        ];
        for (text, expected) in cases {
            assert_eq!(Budget::parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_budget_is_said_with_an_example() {
        for text in ["5", "much", "usd", "-1 usd", "5 eur", "1.2.3 usd", "k tokens", "1.5 tokens", "30m 5", "9e9 usd"] {
            let error = Budget::parse(text).unwrap_err();
            assert_eq!(error.message(), format!("`{text}` is neither money nor tokens nor a time"));
            assert_eq!(error.hints(), [EXAMPLE]);
        }
        let error = Budget::parse("5 usd, $6").unwrap_err();
        assert_eq!(error.message(), "`$6` is a second limit of its kind");
    }

    #[test]
    fn amounts_are_exact_or_none() {
        let money = [
            ("5", Some(5_000_000)),
            ("$5.00", Some(5_000_000)),
            ("0.000001", Some(1)),
            (" $ 1_000 ", Some(1_000_000_000)),
        ];
        for (text, expected) in money {
            assert_eq!(parse_money(text), expected, "{text}");
        }
        for text in ["", "$", "-5", "5,00", "0.0000001", ".5", "5.", "1e3", "٣", "99999999999999999999", "1000000000"]
        {
            assert_eq!(parse_money(text), None, "{text}");
        }
        let counts = [("0", Some(0)), ("200_000", Some(200_000)), ("200k", Some(200_000)), ("1.25M", Some(1_250_000))];
        for (text, expected) in counts {
            assert_eq!(parse_count(text), expected, "{text}");
        }
        for text in ["", "k", "1.5", "1.2345k", "-1", "_1", "1_", "99999999999G", "2ß"] {
            assert_eq!(parse_count(text), None, "{text}");
        }
    }

    fn spent(cost_micros: u64, tokens: u64, seconds: u64, unknown_runs: u64) -> Spent {
        Spent { cost_micros, tokens, time: Duration::from_secs(seconds), unknown_runs }
    }

    #[test]
    fn what_is_used_up_is_said_in_words() {
        let limits = budget(Some(5_000_000), Some(200_000), Some(1_800));
        assert_eq!(exceeded(&limits, &spent(4_999_999, 199_999, 1_799, 7)), None);
        let said = |cost, tokens, seconds, unknown| exceeded(&limits, &spent(cost, tokens, seconds, unknown)).unwrap();
        assert_eq!(said(5_120_000, 0, 0, 0), "budget of $5.00 is used up: $5.12");
        assert_eq!(said(5_120_000, 0, 0, 1), "budget of $5.00 is used up: $5.12, without 1 run that did not say");
        assert_eq!(said(0, 212_400, 0, 0), "budget of 200k tokens is used up: 212.4k");
        assert_eq!(said(0, 0, 1_862, 3), "budget of 30m is used up: 31m 2s");
        assert_eq!(exceeded(&Budget::default(), &spent(u64::MAX, u64::MAX, u64::MAX, 1)), None);
    }

    #[test]
    fn a_run_is_measured_against_the_task_the_day_and_the_project() {
        let five = budget(Some(5_000_000), None, None);
        let mut allowance = Allowance { project: (five.clone(), spent(4_000_000, 0, 0, 0)), ..Allowance::default() };
        assert_eq!(allowance.check(&Spent::default(), &Unrecorded::default()), None);
        assert_eq!(allowance.check(&spent(999_999, 0, 0, 0), &Unrecorded::default()), None);
        let said = allowance.check(&spent(1_500_000, 0, 0, 0), &Unrecorded::default()).unwrap();
        assert_eq!(said, "the project's budget of $5.00 is used up: $5.50");
        allowance.day = (five.clone(), spent(6_000_000, 0, 0, 0));
        assert!(allowance.check(&Spent::default(), &Unrecorded::default()).unwrap().starts_with("the day's budget"));
        allowance.task = (five, spent(5_000_000, 0, 0, 0));
        assert!(allowance.check(&Spent::default(), &Unrecorded::default()).unwrap().starts_with("the task's budget"));
    }

    #[test]
    fn what_others_use_counts_for_whatever_they_share() {
        let five = budget(Some(5_000_000), None, None);
        let of = |of_task, of_all| Unrecorded { of_task: spent(of_task, 0, 0, 0), of_all: spent(of_all, 0, 0, 0) };
        let of_task = Allowance { task: (five.clone(), Spent::default()), ..Allowance::default() };
        assert_eq!(of_task.check(&spent(3_000_000, 0, 0, 0), &of(1_000_000, 9_000_000)), None);
        assert!(of_task.check(&spent(3_000_000, 0, 0, 0), &of(3_000_000, 3_000_000)).is_some());
        let of_day = Allowance { day: (five, Spent::default()), ..Allowance::default() };
        assert!(of_day.check(&spent(3_000_000, 0, 0, 0), &of(0, 3_000_000)).is_some());
    }

    proptest! {
        #[test]
        fn a_budget_is_written_as_it_is_read(
            cost in prop::option::of(0..1_000_000_000_000_000u64),
            tokens in prop::option::of(any::<u64>()),
            millis in prop::option::of(0..1u64 << 60),
        ) {
            let budget = Budget { cost_micros: cost, tokens, time: millis.map(Duration::from_millis) };
            prop_assert_eq!(Budget::parse(&budget.to_string()).unwrap(), budget);
        }

        #[test]
        fn any_text_is_a_budget_or_an_error(text in "[0-9$.,_ kKmMhsd tokensu\\PC]{0,30}") {
            if let Ok(budget) = Budget::parse(&text) {
                prop_assert_eq!(Budget::parse(&budget.to_string()).unwrap(), budget);
            }
        }

        #[test]
        fn using_more_never_frees_a_budget(
            limits in (prop::option::of(0..100u64), prop::option::of(0..100u64), prop::option::of(0..100u64)),
            first in (0..100u64, 0..100u64, 0..100u64, 0..3u64),
            more in (0..100u64, 0..100u64, 0..100u64, 0..3u64),
        ) {
            let budget = budget(limits.0, limits.1, limits.2);
            let before = spent(first.0, first.1, first.2, first.3);
            let after = before.plus(&spent(more.0, more.1, more.2, more.3));
            prop_assert!(exceeded(&budget, &before).is_none() || exceeded(&budget, &after).is_some());
        }
    }
}
