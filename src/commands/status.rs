//! `aifactory status`

use super::list::{row_json, why};
use super::{Context, Finish};
use crate::error::Result;
use crate::model::Status;
use crate::model::readiness::{Blocked, blocked};
use crate::model::text::{count, escape_line};
use crate::run::dead_sessions;
use crate::store::{Filter, Index, IndexRow};
use crate::ui::{Style, age};
use serde_json::json;
use std::fmt::Write as _;

/// Show what runs, what waits for you, what is ready
#[derive(clap::Args, Default)]
pub struct Args {
    /// Show all tasks of each group
    #[arg(short, long)]
    all: bool,
}

/// Lines per group without `--all`.
const MOST_SHOWN: usize = 10;

struct Group {
    name: &'static str,
    key: &'static str,
    style: Style,
    rows: Vec<(IndexRow, Option<Blocked>)>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let index = snapshot.index()?;
    let (groups, closed) = groups(&index)?;
    let dead = dead_sessions(&project.store)?;
    if context.ui.manner.json {
        let mut answer =
            json!({ "schema": "aifactory.status/1", "done": closed.0, "cancelled": closed.1, "dead_workers": dead });
        for group in &groups {
            let rows: Vec<_> = group.rows.iter().map(|(row, blocked)| row_json(row, blocked.as_ref())).collect();
            answer[group.key] = serde_json::to_value(rows).unwrap_or_default();
        }
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    let mut text = String::new();
    for group in groups.iter().filter(|group| !group.rows.is_empty()) {
        write_group(&mut text, context, &index, group, args.all);
    }
    if text.is_empty() {
        text.push_str("nothing is open\n");
    }
    let _ = writeln!(text, "{}", context.ui.paint(Style::Dim, &format!("{} done, {} cancelled", closed.0, closed.1)));
    context.ui.answer(&text)?;
    for problem in index.problems()? {
        context.ui.warn(&format!("{} cannot be read: {}", problem.path, problem.message));
    }
    if dead > 0 {
        context.ui.warn(&format!("{} died; the next command that writes repairs what was left", count(dead, "worker")));
    }
    Ok(Finish::Well)
}

/// All open tasks by what they mean to a person, and how many are done and cancelled.
fn groups(index: &Index) -> Result<(Vec<Group>, (usize, usize))> {
    let group = |name, key, style| Group { name, key, style, rows: Vec::new() };
    let mut groups = vec![
        group("Running", "running", Style::Active),
        group("Waiting for you", "waiting", Style::Attention),
        group("Ready for review", "review", Style::Strong),
        group("Ready to run", "ready", Style::Plain),
        group("Blocked", "blocked", Style::Dim),
        group("Backlog", "backlog", Style::Dim),
    ];
    for row in index.tasks(&Filter::open())? {
        let blocked = blocked(row.dependencies.iter().cloned(), |id| index.status_of(id));
        let number = match row.status {
            Status::Running | Status::Delivering => 0,
            Status::Waiting => 1,
            Status::Review => 2,
            Status::Ready | Status::Backlog if blocked.is_some() => 4,
            Status::Ready => 3,
            Status::Backlog => 5,
            Status::Done | Status::Cancelled => continue,
        };
        groups[number].rows.push((row, blocked));
    }
    Ok((groups, (index.count(Status::Done)?, index.count(Status::Cancelled)?)))
}

fn write_group(text: &mut String, context: &Context, index: &Index, group: &Group, all: bool) {
    let ui = &context.ui;
    let _ = writeln!(text, "{} ({})", ui.paint(Style::Strong, group.name), group.rows.len());
    let shown = if all { usize::MAX } else { MOST_SHOWN };
    for (row, blocked) in group.rows.iter().take(shown) {
        let short = index.short(&row.id);
        let title: String = escape_line(&row.title).chars().take(48).collect();
        let detail = detail(context, index, row, blocked.as_ref());
        let line = format!(
            "  {}  {}  {}",
            ui.paint(Style::Id, &short),
            ui.paint(group.style, &format!("{title:<48}")),
            ui.paint(Style::Dim, &detail)
        );
        let _ = writeln!(text, "{}", line.trim_end());
        if let (Status::Waiting, Some(reason)) = (row.status, row.reason) {
            let _ = writeln!(
                text,
                "        {} {}",
                ui.paint(Style::Dim, "→"),
                ui.paint(Style::Hint, &reason.way_out(&short))
            );
        }
    }
    if group.rows.len() > shown {
        let _ = writeln!(text, "  … and {} more (aifactory status --all)", group.rows.len() - shown);
    }
    text.push('\n');
}

fn detail(context: &Context, index: &Index, row: &IndexRow, blocked: Option<&Blocked>) -> String {
    let width = context.ui.width().saturating_sub(60).max(30);
    let text = match (row.status, blocked) {
        (Status::Running, _) => {
            let holder = row.holder.as_deref().unwrap_or("somebody");
            format!("{} for {}", escape_line(holder), age(context.host.now(), row.updated))
        }
        (Status::Waiting, _) => why(row),
        (_, Some(Blocked::Waiting(others))) => {
            let names: Vec<String> = others.iter().map(|id| index.short(id)).collect();
            format!("waits for {}", names.join(", "))
        }
        (_, Some(Blocked::Broken { dependency, why })) => format!("{} {why}", index.short(dependency)),
        _ if row.paused => "paused".to_owned(),
        (Status::Ready | Status::Backlog, _) if !row.planned => "no plan yet".to_owned(),
        _ => String::new(),
    };
    text.chars().take(width).collect()
}
