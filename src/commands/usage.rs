//! `aifactory usage`

use super::{Context, Finish};
use crate::error::Result;
use crate::model::text::escape_line;
use crate::model::{Tally, TaskId, When, dollars, tokens_text};
use crate::store::{Index, RunFilter, RunsBy};
use crate::tasks::{UsageGroup, usage};
use crate::ui::{Columns, Style};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Show what runs used: time, tokens, money
///
/// Runs of all tasks, or of those named, added up; the most expensive first. Agents report tokens and money themselves.
/// What they did not report is unknown and counted, never taken as zero: a sum without it is shown as ≥. Plans' own
/// scripts use no model. A run belongs to the day (UTC) on which it began.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory usage --by day --since 7d
  aifactory usage --by model --since 2026-01-01 --until 2026-01-31
  aifactory usage $id --by agent
  aifactory usage --json | jq .total.cost_micros

In a pipe, each line has tabs between: key, runs, of them unknown, seconds, input, cached and
output tokens, dollars, title. What may be used is a setting, such as budget.day-cost.")]
pub struct Args {
    /// Only runs of these tasks
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// task, agent, model, day or phase
    #[arg(long, value_name = "WHAT", default_value = "task", hide_possible_values = true)]
    by: By,
    /// Only runs that began then or later: 2h or 7d (ago), today, yesterday, 2026-01-31, 2026-01-31T12:00:00 in UTC
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,
    /// Only runs that began before then; a date is meant with its whole day
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,
    /// At most this many lines; the total is always of all
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    Task,
    Agent,
    Model,
    Day,
    Phase,
}

impl By {
    fn word(self) -> &'static str {
        match self {
            By::Task => "task",
            By::Agent => "agent",
            By::Model => "model",
            By::Day => "day",
            By::Phase => "phase",
        }
    }

    fn key(self) -> RunsBy {
        match self {
            By::Task => RunsBy::Task,
            By::Agent => RunsBy::Agent,
            By::Model => RunsBy::Model,
            By::Day => RunsBy::Day,
            By::Phase => RunsBy::Phase,
        }
    }
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let index = snapshot.index()?;
    let now = context.host.now();
    let filter = RunFilter {
        tasks: context.resolve(&snapshot, &args.ids)?,
        since: args.since.map(|when| when.begin(now)),
        until: args.until.map(|when| when.end(now)),
    };
    let (groups, total) = usage(&index, &filter, args.by.key())?;
    for problem in index.problems()? {
        context.ui.warn(&format!("{} cannot be read: {}", problem.path, problem.message));
    }
    let shown = &groups[..groups.len().min(args.limit.unwrap_or(usize::MAX))];
    if context.ui.manner.json {
        return write_json(context, &index, args.by, &filter, shown, &total);
    }
    if groups.is_empty() {
        say_nothing(context, &index, &filter)?;
    } else if context.ui.out_is_terminal {
        write_table(context, &index, args.by, shown, &total)?;
        if groups.len() > shown.len() {
            context.ui.note(&format!("… and {} more", groups.len() - shown.len()));
        }
    } else {
        write_lines(context, &index, args.by, shown, &total)?;
    }
    Ok(Finish::Well)
}

fn say_nothing(context: &Context, index: &Index, filter: &RunFilter) -> Result<()> {
    let (_, all) = usage(index, &RunFilter::default(), RunsBy::Nothing)?;
    if all.runs == 0 {
        context.ui.note("no runs yet");
        context.ui.hint("aifactory run <id> carries out a task");
    } else if filter.since.is_some() || filter.until.is_some() {
        context.ui.note("no run began then");
    } else {
        context.ui.note("no runs of these tasks yet");
    }
    Ok(())
}

fn task_of(group: &UsageGroup) -> Option<TaskId> {
    group.key.as_deref().and_then(TaskId::parse)
}

fn title_of(index: &Index, group: &UsageGroup) -> String {
    let title = task_of(group).map(|id| index.title_of(&id)).unwrap_or_default();
    escape_line(&title).into_owned()
}

/// What the group is called where people read it.
fn name_of(group: &UsageGroup) -> String {
    match &group.key {
        Some(key) => escape_line(key).into_owned(),
        None if group.tally.without_model > 0 => "no model".to_owned(),
        None => "unknown".to_owned(),
    }
}

/// The column in which runs stand apart that are not like the others.
const REMARKS: usize = 2;

fn write_table(context: &Context, index: &Index, by: By, groups: &[UsageGroup], total: &Tally) -> Result<()> {
    let mut header = vec![by.word(), "runs", "of them", "time", "input", "cached", "output", "cost"];
    let has_titles = by == By::Task;
    header.extend(has_titles.then_some("title"));
    // Most of the time there is nothing to remark.
    let has_remarks = of_them(total).is_some();
    if !has_remarks {
        header.remove(REMARKS);
    }
    let numbers: &[usize] = if has_remarks { &[1, 3, 4, 5, 6, 7] } else { &[1, 2, 3, 4, 5, 6] };
    let cells = |mut cells: Vec<(Style, String)>| {
        if !has_remarks {
            cells.remove(REMARKS);
        }
        cells
    };
    let flexible = if has_titles { header.len() - 1 } else { 0 };
    let mut columns = Columns::new(header, flexible).with_numbers(numbers);
    for group in groups {
        let name = match task_of(group).filter(|_| has_titles) {
            Some(id) => (Style::Id, index.short(&id)),
            None => (Style::Plain, name_of(group)),
        };
        let title = has_titles.then(|| (Style::Plain, title_of(index, group)));
        columns.row(cells(row(context, name, &group.tally, title)));
    }
    let title = has_titles.then(|| (Style::Plain, String::new()));
    columns.row(cells(row(context, (Style::Strong, "total".to_owned()), total, title)));
    context.ui.answer(&columns.render(&context.ui))
}

/// The cells look like the first one, but for what is a remark.
fn row(
    context: &Context,
    name: (Style, String),
    tally: &Tally,
    title: Option<(Style, String)>,
) -> Vec<(Style, String)> {
    let style = if name.0 == Style::Strong { Style::Strong } else { Style::Plain };
    let tokens = |value: Option<u64>| (style, amount(tally, value, tally.unknown_tokens, tokens_text));
    let mut cells = vec![
        name,
        (style, tally.runs.to_string()),
        (if tally.unknown > 0 { Style::Attention } else { Style::Dim }, of_them(tally).unwrap_or_default()),
        (style, context.ui.millis(tally.millis)),
        tokens(tally.usage.input_tokens),
        tokens(tally.usage.cached_tokens),
        tokens(tally.usage.output_tokens),
        (style, amount(tally, tally.usage.cost_micros, tally.unknown_cost, dollars)),
    ];
    cells.extend(title);
    cells
}

/// What there is to say about some of the runs.
pub(super) fn of_them(tally: &Tally) -> Option<String> {
    let without_model = match tally.without_model {
        0 => String::new(),
        all if all == tally.runs => "no model".to_owned(),
        some => format!("{some} no model"),
    };
    let some = |number: u64, what: &str| if number > 0 { format!("{number} {what}") } else { String::new() };
    let parts = [some(tally.unknown, "unknown"), some(tally.running, "running"), without_model];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A sum that misses something is a lower bound; where no model had ended its work, there is nothing to say.
fn amount(tally: &Tally, value: Option<u64>, unknown: u64, text: fn(u64) -> String) -> String {
    match value {
        Some(value) if unknown > 0 => format!("≥ {}", text(value)),
        Some(value) => text(value),
        None if tally.with_model() > 0 => "unknown".to_owned(),
        None => "–".to_owned(),
    }
}

/// `12.3k tokens, $0.0113`, for one line among others.
pub(super) fn in_words(tally: &Tally) -> String {
    if tally.with_model() == 0 {
        let is_without = tally.without_model > 0;
        return if is_without { "no model".to_owned() } else { String::new() };
    }
    let tokens = tally.usage.tokens().map(|_| amount(tally, tally.usage.tokens(), tally.unknown_tokens, tokens_text));
    let cost = tally.usage.cost_micros.map(|_| amount(tally, tally.usage.cost_micros, tally.unknown_cost, dollars));
    match (tokens, cost) {
        (Some(tokens), Some(cost)) => format!("{tokens} tokens, {cost}"),
        (Some(tokens), None) => format!("{tokens} tokens, cost unknown"),
        (None, Some(cost)) => format!("tokens unknown, {cost}"),
        (None, None) => "tokens and cost unknown".to_owned(),
    }
}

/// One group per line, columns separated by tabs, numbers as exact as they are known.
fn write_lines(context: &Context, index: &Index, by: By, groups: &[UsageGroup], total: &Tally) -> Result<()> {
    let mut text = String::new();
    for group in groups {
        text.push_str(&line(&name_of(group), &group.tally));
        if by == By::Task {
            let _ = write!(text, "\t{}", title_of(index, group));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{}", line("total", total));
    context.ui.answer(&text)
}

fn line(name: &str, tally: &Tally) -> String {
    let known = |value: Option<u64>, text: fn(u64) -> String| match value {
        Some(value) => text(value),
        None if tally.with_model() > 0 => "unknown".to_owned(),
        None => text(0),
    };
    let tokens = |value: Option<u64>| known(value, |tokens| tokens.to_string());
    let exact_dollars = |micros: u64| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let columns = [
        name.to_owned(),
        tally.runs.to_string(),
        tally.unknown.to_string(),
        format!("{}.{:03}", tally.millis / 1_000, tally.millis % 1_000),
        tokens(tally.usage.input_tokens),
        tokens(tally.usage.cached_tokens),
        tokens(tally.usage.output_tokens),
        known(tally.usage.cost_micros, exact_dollars),
    ];
    columns.join("\t")
}

fn write_json(
    context: &Context,
    index: &Index,
    by: By,
    filter: &RunFilter,
    groups: &[UsageGroup],
    total: &Tally,
) -> Result<Finish> {
    let group_json = |group: &UsageGroup| {
        let mut value = json!({ "key": group.key });
        if let (By::Task, Some(id)) = (by, task_of(group)) {
            value["title"] = index.title_of(&id).into();
        }
        add_tally(&mut value, &group.tally);
        value
    };
    let mut all = json!({});
    add_tally(&mut all, total);
    context.ui.answer_json(&json!({
        "schema": "aifactory.usage/1", "by": by.word(), "since": filter.since, "until": filter.until,
        "groups": groups.iter().map(group_json).collect::<Vec<_>>(), "total": all,
    }))?;
    Ok(Finish::Well)
}

/// Null is unknown. A sum is a lower bound where `unknown_tokens` or `unknown_cost` is not zero.
fn add_tally(value: &mut Value, tally: &Tally) {
    let fields = [
        ("runs", Some(tally.runs)),
        ("running", Some(tally.running)),
        ("without_model", Some(tally.without_model)),
        ("unknown", Some(tally.unknown)),
        ("unknown_tokens", Some(tally.unknown_tokens)),
        ("unknown_cost", Some(tally.unknown_cost)),
        ("time_ms", Some(tally.millis)),
        ("input_tokens", tally.usage.input_tokens),
        ("cached_tokens", tally.usage.cached_tokens),
        ("output_tokens", tally.usage.output_tokens),
        ("cost_micros", tally.usage.cost_micros),
    ];
    for (name, number) in fields {
        value[name] = number.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_of_all_runs_is_said() {
        let known = Tally {
            runs: 1,
            usage: crate::model::Usage { input_tokens: Some(12_345), ..Default::default() },
            ..Tally::default()
        };
        let known = Tally { unknown: 1, unknown_cost: 1, ..known };
        let silent = Tally { runs: 1, unknown: 1, unknown_tokens: 1, unknown_cost: 1, ..Tally::default() };
        assert_eq!(in_words(&known), "12.3k tokens, cost unknown");
        assert_eq!(in_words(&silent), "tokens and cost unknown");
        assert_eq!(in_words(&known.plus(&silent)), "≥ 12.3k tokens, cost unknown");
        assert_eq!(in_words(&silent.clone().of_no_model()), "no model");
        assert_eq!(in_words(&Tally::default()), "");
        let mixed = known.plus(&silent.of_no_model()).plus(&Tally { runs: 1, running: 1, ..Tally::default() });
        assert_eq!(of_them(&mixed).unwrap(), "1 unknown, 1 running, 1 no model");
        assert_eq!(of_them(&Tally { runs: 3, ..Tally::default() }), None);
    }
}
