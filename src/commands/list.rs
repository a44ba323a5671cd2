//! `aifactory list`

use super::{Context, Finish};
use crate::error::Result;
use crate::model::readiness::{Blocked, blocked};
use crate::model::text::escape_line;
use crate::model::{Priority, Reason, Risk, Status, TaskId, Timestamp};
use crate::store::{Filter, Index, IndexRow};
use crate::ui::{Columns, Style, age, reason_text, status_style};
use serde::Serialize;
use std::fmt::Write as _;

/// List tasks
///
/// Open tasks, most urgent first; `--all` shows done and cancelled ones too.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory list --status waiting
  aifactory list -l ui --sort updated
  aifactory list --json | jq -r '.tasks[] | select(.blocked_by != []) | .id'")]
pub struct Args {
    /// Done and cancelled tasks too
    #[arg(short, long)]
    all: bool,
    /// Only tasks with this status (repeatable)
    #[arg(short, long, value_name = "STATUS", value_parser = parse_status)]
    status: Vec<Status>,
    /// Only tasks with this label (repeatable: all of them)
    #[arg(short, long = "label", value_name = "LABEL")]
    labels: Vec<String>,
    /// Only tasks of this priority (repeatable)
    #[arg(short, long, value_name = "PRIORITY", value_parser = parse_priority)]
    priority: Vec<Priority>,
    /// Only tasks that could be run now
    #[arg(long)]
    ready: bool,
    /// Only tasks whose dependencies are not done
    #[arg(long)]
    blocked: bool,
    /// Only tasks that somebody works on
    #[arg(long)]
    claimed: bool,
    /// priority, created, updated, status or title
    #[arg(long, value_name = "KEY", default_value = "priority", hide_possible_values = true)]
    sort: Sort,
    /// Turn the order around
    #[arg(short, long)]
    reverse: bool,
    /// At most this many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Sort {
    Priority,
    Created,
    Updated,
    Status,
    Title,
}

fn parse_status(word: &str) -> Result<Status, String> {
    Status::parse(word).ok_or_else(|| format!("one of {}", Status::ALL.map(Status::word).join(", ")))
}

fn parse_priority(text: &str) -> Result<Priority, String> {
    Priority::parse(text).ok_or_else(|| "one of urgent, high, normal, low".to_owned())
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let index = snapshot.index()?;
    let wanted = filter(args);
    let mut rows: Vec<(IndexRow, Option<Blocked>)> = index
        .tasks(&wanted)?
        .into_iter()
        .map(|row| {
            let blocked = blocked_of(&index, &row);
            (row, blocked)
        })
        .filter(|(row, blocked)| !args.blocked || (blocked.is_some() && !row.status.is_closed()))
        .filter(|(row, blocked)| !args.ready || (row.status == Status::Ready && blocked.is_none() && !row.paused))
        .collect();
    sort(&mut rows, args);
    let found = match wanted.limit {
        Some(_) => index.count_matching(&wanted)?,
        None => rows.len(),
    };
    rows.truncate(args.limit.unwrap_or(usize::MAX));
    for problem in index.problems()? {
        context.ui.warn(&format!("{} cannot be read: {}", problem.path, problem.message));
    }
    if context.ui.manner.json {
        write_json(context, &rows)?;
    } else if context.ui.out_is_terminal {
        write_table(context, &index, &rows)?;
        if found > rows.len() {
            context.ui.note(&format!("… and {} more", found - rows.len()));
        }
        if found == 0 {
            empty_hint(context, &index, args)?;
        }
    } else {
        write_lines(context, &rows)?;
    }
    Ok(Finish::Well)
}

fn filter(args: &Args) -> Filter {
    let any = args.all || !args.status.is_empty();
    Filter {
        statuses: if any { args.status.clone() } else { Filter::open().statuses },
        labels: args.labels.clone(),
        priorities: args.priority.clone(),
        claimed: args.claimed,
        // What is looked at or sorted afterwards needs all of them.
        limit: args
            .limit
            .filter(|_| matches!(args.sort, Sort::Priority) && !args.reverse && !args.ready && !args.blocked),
        ..Filter::default()
    }
}

fn blocked_of(index: &Index, row: &IndexRow) -> Option<Blocked> {
    if row.dependencies.is_empty() {
        return None;
    }
    blocked(row.dependencies.iter().cloned(), |id| index.status_of(id))
}

fn sort(rows: &mut [(IndexRow, Option<Blocked>)], args: &Args) {
    match args.sort {
        Sort::Priority => {}
        Sort::Created => rows.sort_by_key(|(row, _)| row.created),
        Sort::Updated => rows.sort_by_key(|(row, _)| std::cmp::Reverse(row.updated)),
        Sort::Status => rows.sort_by_key(|(row, _)| row.status),
        Sort::Title => rows.sort_by_cached_key(|(row, _)| row.title.to_lowercase()),
    }
    if args.reverse {
        rows.reverse();
    }
}

fn write_table(context: &Context, index: &Index, rows: &[(IndexRow, Option<Blocked>)]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let now = context.host.now();
    let mut columns = Columns::new(["id", "status", "priority", "title", "labels", "age"], 3);
    for (row, blocked) in rows {
        let labels: Vec<&str> = row.labels.iter().take(4).map(String::as_str).collect();
        columns.row([
            (Style::Id, index.short(&row.id)),
            status_cell(row, blocked.as_ref()),
            (if row.priority < Priority::Normal { Style::Strong } else { Style::Dim }, row.priority.word().to_owned()),
            (Style::Plain, escape_line(&row.title).into_owned()),
            (Style::Dim, escape_line(&labels.join(" ")).chars().take(24).collect()),
            (Style::Dim, age(now, row.created)),
        ]);
    }
    context.ui.answer(&columns.render(&context.ui))
}

fn status_cell(row: &IndexRow, blocked: Option<&Blocked>) -> (Style, String) {
    match (blocked, row.reason) {
        _ if row.paused => (Style::Dim, format!("{} (paused)", row.status)),
        (Some(_), _) if matches!(row.status, Status::Backlog | Status::Ready) => {
            (Style::Dim, format!("{} (blocked)", row.status))
        }
        (_, Some(reason)) => (status_style(row.status), format!("{}: {reason}", row.status)),
        _ => (status_style(row.status), row.status.word().to_owned()),
    }
}

/// One task per line, columns separated by tabs: for `cut`, `grep` and `while read`.
fn write_lines(context: &Context, rows: &[(IndexRow, Option<Blocked>)]) -> Result<()> {
    let mut text = String::with_capacity(rows.len() * 96);
    for (row, _) in rows {
        let _ = write!(text, "{}\t{}\t{}\t", row.id, row.status, row.priority);
        text.push_str(&escape_line(&row.title));
        text.push('\t');
        text.push_str(&escape_line(&row.labels.join(",")));
        text.push('\n');
    }
    context.ui.answer(&text)
}

#[derive(Serialize)]
struct ListJson<'a> {
    schema: &'static str,
    tasks: Vec<RowJson<'a>>,
}

/// A task in a list; written straight from the index, for a list may be long.
#[derive(Serialize)]
pub(super) struct RowJson<'a> {
    id: &'a TaskId,
    title: &'a str,
    status: Status,
    reason: Option<Reason>,
    note: Option<&'a str>,
    labels: &'a [String],
    priority: Priority,
    risk: Risk,
    paused: bool,
    dependencies: &'a [TaskId],
    blocked_by: Vec<&'a TaskId>,
    planned: bool,
    agent: Option<&'a str>,
    holder: Option<&'a str>,
    created: Timestamp,
    updated: Timestamp,
    not_before: Option<Timestamp>,
}

fn write_json(context: &Context, rows: &[(IndexRow, Option<Blocked>)]) -> Result<()> {
    let tasks = rows.iter().map(|(row, blocked)| row_json(row, blocked.as_ref())).collect();
    context.ui.answer_json(&ListJson { schema: "aifactory.list/1", tasks })
}

pub(super) fn row_json<'a>(row: &'a IndexRow, blocked: Option<&'a Blocked>) -> RowJson<'a> {
    let blocked_by = match blocked {
        None => Vec::new(),
        Some(Blocked::Waiting(others)) => others.iter().collect(),
        Some(Blocked::Broken { dependency, .. }) => vec![dependency],
    };
    RowJson {
        id: &row.id,
        title: &row.title,
        status: row.status,
        reason: row.reason,
        note: row.note.as_deref(),
        labels: &row.labels,
        priority: row.priority,
        risk: row.risk,
        paused: row.paused,
        dependencies: &row.dependencies,
        blocked_by,
        planned: row.planned,
        agent: row.agent.as_deref(),
        holder: row.holder.as_deref(),
        created: row.created,
        updated: row.updated,
        not_before: row.not_before,
    }
}

fn empty_hint(context: &Context, index: &Index, args: &Args) -> Result<()> {
    let all = index.all()?.len();
    match all {
        0 => {
            context.ui.note("no tasks yet");
            context.ui.hint("aifactory new \"what you want\", or aifactory import todo:TODO.md");
        }
        _ if args.all => context.ui.note("no task matches"),
        _ => context.ui.note(&format!("no open task matches; aifactory list --all shows all {all}")),
    }
    Ok(())
}

/// The row of a waiting task for `status`.
pub(super) fn why(row: &IndexRow) -> String {
    reason_text(row.reason, row.note.as_deref())
}
