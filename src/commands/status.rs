//! `aifactory status`

use super::auto_sync::find_trouble;
use super::list::{row_json, why};
use super::{Context, Finish};
use crate::config::duration_text;
use crate::error::Result;
use crate::model::readiness::{Blocked, blocked};
use crate::model::text::{count, escape_line};
use crate::model::{Progress, Status, TaskId, Timestamp};
use crate::run::dead_sessions;
use crate::store::{Filter, Index, IndexRow, Snapshot};
use crate::sync::{Sharing, lease_left};
use crate::tasks::{Project, find_moved};
use crate::ui::{Style, ago};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

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
    let workers = workers(context, &project, &snapshot, &index)?;
    if context.ui.manner.json {
        let mut answer =
            json!({ "schema": "aifactory.status/1", "done": closed.0, "cancelled": closed.1, "dead_workers": dead });
        for group in &groups {
            let rows: Vec<_> = group.rows.iter().map(|(row, blocked)| row_json(row, blocked.as_ref())).collect();
            answer[group.key] = serde_json::to_value(rows).unwrap_or_default();
        }
        let conflicts = index.tasks(&Filter { in_conflict: true, ..Filter::default() })?;
        answer["conflicts"] = conflicts.iter().map(|row| row.id.as_str()).collect();
        answer["workers"] = workers.iter().map(Worker::json).collect();
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    // The note of a task that waits says it already.
    let stale = |row: &IndexRow| match row.status {
        Status::Ready => find_moved(&project, &snapshot, &snapshot.find_task(&row.id).ok()??).ok()?,
        _ => None,
    };
    let mut text = String::new();
    for group in groups.iter().filter(|group| !group.rows.is_empty()) {
        write_group(&mut text, context, &index, group, &workers, args.all, &stale);
    }
    if text.is_empty() {
        text.push_str("nothing is open\n");
    }
    let _ = writeln!(text, "{}", context.ui.paint(Style::Dim, &format!("{} done, {} cancelled", closed.0, closed.1)));
    context.ui.answer(&text)?;
    for row in index.tasks(&Filter { in_conflict: true, ..Filter::default() })? {
        let short = index.short(&row.id);
        context
            .ui
            .warn(&format!("task {short} has {} to look at: aifactory show {short}", count(row.conflicts, "conflict")));
    }
    for problem in index.problems()? {
        context.ui.warn(&format!("{} cannot be read: {}", problem.path, problem.message));
    }
    if let Some(trouble) = find_trouble(&project.store)? {
        context.ui.warn(&format!("the last sync in the background failed: {}", escape_line(&trouble)));
    }
    if dead > 0 {
        context.ui.warn(&format!("{} died; the next command that writes repairs what was left", count(dead, "worker")));
    }
    Ok(Finish::Well)
}

/// Who has a task, on whichever machine.
struct Worker {
    task: TaskId,
    actor: String,
    host: String,
    /// The step that runs, or what a claim without one is about.
    phase: String,
    since: String,
    started: Timestamp,
    /// Until others may take the task over, if its machine stays silent; absent for claims of this machine alone.
    lease_left: Option<Duration>,
}

impl Worker {
    fn line(&self) -> String {
        let lease = self.lease_left.map(|left| format!(", lease {} left", duration_text(left))).unwrap_or_default();
        let name = self.actor.split('@').next().unwrap_or_default();
        format!("{} on {}, {}, {}{lease}", escape_line(name), escape_line(&self.host), self.phase, self.since)
    }

    fn json(&self) -> Value {
        json!({
            "task": self.task, "actor": self.actor, "host": self.host, "phase": self.phase, "since": self.started,
            "lease_left_seconds": self.lease_left.map(|left| left.as_secs()),
        })
    }
}

fn workers(context: &Context, project: &Project, snapshot: &Snapshot<'_>, index: &Index) -> Result<Vec<Worker>> {
    let sharing = Sharing::find(project)?;
    let own = sharing.as_ref().map(Sharing::live_name).transpose()?;
    let observations = sharing.as_ref().map(Sharing::observations).transpose()?;
    let mut workers = Vec::new();
    for row in index.tasks(&Filter { claimed: true, ..Filter::default() })? {
        let Some(task) = snapshot.find_task(&row.id).ok().flatten() else { continue };
        let Some(claim) = task.claim.clone() else { continue };
        let running = task.steps.iter().find(|(_, progress)| progress.state == Progress::Running);
        let is_own = claim.live.is_some() && claim.live == own;
        let left = observations.as_ref().filter(|_| !is_own).and_then(|observations| lease_left(&task, observations));
        workers.push(Worker {
            task: row.id,
            phase: match running {
                Some((step, _)) => escape_line(step).into_owned(),
                None if claim.session.starts_with("person-") => "by hand".to_owned(),
                None => "working".to_owned(),
            },
            since: ago(context.host.now(), claim.since),
            started: claim.since,
            lease_left: left.map(|left| Duration::from_secs(left.as_secs())),
            actor: claim.actor,
            host: claim.host,
        });
    }
    Ok(workers)
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

fn write_group(
    text: &mut String,
    context: &Context,
    index: &Index,
    group: &Group,
    workers: &[Worker],
    all: bool,
    stale: &dyn Fn(&IndexRow) -> Option<String>,
) {
    let ui = &context.ui;
    let _ = writeln!(text, "{} ({})", ui.paint(Style::Strong, group.name), group.rows.len());
    let shown = if all { usize::MAX } else { MOST_SHOWN };
    for (row, blocked) in group.rows.iter().take(shown) {
        let short = index.short(&row.id);
        let title: String = escape_line(&row.title).chars().take(48).collect();
        let detail = detail(context, index, row, blocked.as_ref(), workers);
        let line = format!(
            "  {}  {}  {}",
            ui.paint(Style::Id, &short),
            ui.paint(group.style, &format!("{title:<48}")),
            ui.paint(Style::Dim, &detail)
        );
        let _ = writeln!(text, "{}", line.trim_end());
        if let Some(moved) = stale(row) {
            let _ = writeln!(text, "        {} {}", ui.paint(Style::Dim, "!"), escape_line(&moved));
        }
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

/// When a task that waits for a time is tried again.
fn parked(context: &Context, row: &IndexRow) -> Option<String> {
    let until = row.not_before.filter(|until| *until > context.host.now())?;
    Some(format!("parked for {}", duration_text(Duration::from_secs(until.since(context.host.now()).as_secs() + 1))))
}

fn detail(context: &Context, index: &Index, row: &IndexRow, blocked: Option<&Blocked>, workers: &[Worker]) -> String {
    let width = context.ui.width().saturating_sub(60).max(30);
    let text = match (row.status, blocked) {
        (Status::Running, _) => {
            workers.iter().find(|worker| worker.task == row.id).map(Worker::line).unwrap_or_default()
        }
        (Status::Waiting, _) => why(row),
        (_, Some(Blocked::Waiting(others))) => {
            let names: Vec<String> = others.iter().map(|id| index.short(id)).collect();
            format!("waits for {}", names.join(", "))
        }
        (_, Some(Blocked::Broken { dependency, why })) => format!("{} {why}", index.short(dependency)),
        _ if row.paused => "paused".to_owned(),
        _ if parked(context, row).is_some() => parked(context, row).unwrap_or_default(),
        (Status::Ready | Status::Backlog, _) if !row.planned => "no plan yet".to_owned(),
        _ => String::new(),
    };
    text.chars().take(width).collect()
}
