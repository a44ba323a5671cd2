//! `aifactory show`

use super::named::Named;
use super::usage::{in_words, of_them};
use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::model::plan::{Plan, parse_plan};
use crate::model::readiness::{Blocked, blocked};
use crate::model::run::{RunRecord, Verdict};
use crate::model::text::{count, escape, escape_line};
use crate::model::{Conflict, ConflictKind, Progress, Reason, Status, Tally, Task, TaskId, TextFile};
use crate::store::Snapshot;
use crate::tasks::{Project, Standing, standing, tally_of};
use crate::ui::{Style, ago, reason_text, status_style, task_json, verdict_style};
use serde_json::json;
use std::fmt::Write as _;

/// Show tasks: what they are, where they stand, what to do next
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    tasks: Named,
    /// The text that does not stand at present, of one of the task's conflicts
    #[arg(long, value_name = "CONFLICT")]
    conflict: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let ids = args.tasks.resolve(context, &project)?;
    if let Some(wanted) = &args.conflict {
        return show_conflict(context, &snapshot, &ids, wanted);
    }
    if context.ui.manner.json {
        let shown = ids.iter().map(|id| show_json(&snapshot, id)).collect::<Result<Vec<_>>>()?;
        let answer = match <[serde_json::Value; 1]>::try_from(shown) {
            Ok([one]) => one,
            Err(several) => json!({ "schema": "aifactory.tasks/1", "tasks": several }),
        };
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    for (number, id) in ids.iter().enumerate() {
        if number > 0 {
            context.ui.answer_line("")?;
        }
        let text = page(context, &project, &snapshot, &snapshot.task(id)?)?;
        context.ui.answer(&text)?;
    }
    Ok(Finish::Well)
}

fn show_conflict(context: &Context, snapshot: &Snapshot<'_>, ids: &[TaskId], wanted: &str) -> Result<Finish> {
    for id in ids {
        let task = snapshot.task(id)?;
        let found = task.conflicts.iter().filter(|conflict| conflict.id.starts_with(wanted) && !wanted.is_empty());
        for conflict in found {
            if let Some(text) = snapshot.conflict_text(id, conflict)? {
                if context.ui.manner.json {
                    context.ui.answer_json(
                        &json!({ "schema": "aifactory.conflict/1", "conflict": conflict, "text": text }),
                    )?;
                } else {
                    context.ui.answer(&format!("{}\n", escape(text.trim_end())))?;
                }
                return Ok(Finish::Well);
            }
        }
    }
    let hint = ids.first().map(|id| format!("aifactory show {}", snapshot.short(id))).unwrap_or_default();
    Err(Error::missing(format!("there is no text for a conflict `{}`", escape_line(wanted))).hint(hint))
}

fn show_json(snapshot: &Snapshot<'_>, id: &TaskId) -> Result<serde_json::Value> {
    let mut value = task_json(&snapshot.task(id)?);
    value["spec_text"] = snapshot.text(id, TextFile::Spec)?.into();
    value["plan_text"] = snapshot.text(id, TextFile::Plan)?.into();
    value["runs"] = serde_json::to_value(snapshot.runs(id)?).unwrap_or_default();
    value["evidence"] = serde_json::to_value(snapshot.evidence(id)?).unwrap_or_default();
    Ok(value)
}

fn page(context: &Context, project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<String> {
    let ui = &context.ui;
    let mut text = heading(context, snapshot, task);
    let mut field = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {} {value}", ui.paint(Style::Dim, &format!("{name:<9}")));
        }
    };
    field("priority", format!("{}   risk {}", task.priority, task.risk));
    field("labels", escape_line(&task.labels.iter().cloned().collect::<Vec<_>>().join(", ")).into_owned());
    field("after", dependencies(snapshot, task));
    field("parent", task.parent.as_ref().map(|parent| snapshot.short(parent)).unwrap_or_default());
    let recorded = |text: &Option<String>| escape_line(text.as_deref().unwrap_or_default()).into_owned();
    field("agent", recorded(&task.agent));
    field("may", recorded(&task.permission));
    field("budget", recorded(&task.budget));
    field("role", recorded(&task.role));
    let parked = task.not_before.filter(|until| *until > context.host.now());
    field("parked", parked.map(|until| format!("until {} UTC", until.readable())).unwrap_or_default());
    field(
        "from",
        task.source
            .as_ref()
            .map(|s| format!("{} ({})", escape_line(&s.place), escape_line(&s.system)))
            .unwrap_or_default(),
    );
    field("branch", recorded(&task.branch));
    field(
        "claim",
        task.claim
            .as_ref()
            .map(|c| format!("{} on {}", escape_line(&c.actor), escape_line(&c.host)))
            .unwrap_or_default(),
    );
    field("used", used(context, &snapshot.runs(&task.id)?));
    field(
        "created",
        format!("{}   changed {}", ago(context.host.now(), task.created), ago(context.host.now(), task.updated.time)),
    );
    text.push_str(&conflicts(context, &task.conflicts, &snapshot.short(&task.id)));
    let spec = snapshot.text(&task.id, TextFile::Spec)?;
    if !spec.trim().is_empty() {
        let _ = writeln!(text, "\n{}\n{}", ui.paint(Style::Strong, "Spec"), indented(&spec));
    }
    let (plan, _) = parse_plan(&snapshot.text(&task.id, TextFile::Plan)?);
    if !plan.steps.is_empty() {
        let _ = write!(text, "\n{}\n{}", ui.paint(Style::Strong, "Plan"), steps(context, task, &plan));
    }
    text.push_str(&evidence(context, snapshot, &task.id)?);
    let next = next_commands(project, snapshot, task)?;
    if !next.is_empty() {
        let _ = writeln!(text, "\n{}", ui.paint(Style::Strong, "Next"));
        for command in next {
            let _ = writeln!(text, "  {}", ui.paint(Style::Hint, &command));
        }
    }
    Ok(text)
}

/// What all runs together used; nothing where no model had a part in any of them.
fn used(context: &Context, runs: &[RunRecord]) -> String {
    let total = runs.iter().map(tally_of).fold(Tally::default(), |sum, tally| sum.plus(&tally));
    if total.with_model() == 0 {
        return String::new();
    }
    let runs = count(usize::try_from(total.runs).unwrap_or(usize::MAX), "run");
    let details: String = of_them(&total).map(|detail| format!(" ({detail})")).unwrap_or_default();
    format!("{}   {runs}{details} in {}", in_words(&total), context.ui.millis(total.millis))
}

fn heading(context: &Context, snapshot: &Snapshot<'_>, task: &Task) -> String {
    let ui = &context.ui;
    let short = snapshot.short(&task.id);
    let status = match task.paused {
        true => format!("{} (paused)", task.status),
        false => task.status.to_string(),
    };
    let mut text = format!(
        "{}  {}  {}\n",
        ui.paint(Style::Id, &short),
        ui.paint(Style::Strong, &escape_line(&task.title)),
        ui.paint(status_style(task.status), &format!("[{status}]"))
    );
    let why = reason_text(task.reason, task.note.as_deref());
    if !why.is_empty() {
        let _ = writeln!(text, "  {}", ui.paint(Style::Attention, &why));
    }
    if let Some(rest) = task.note.as_deref().and_then(|note| note.split_once('\n')).map(|(_, rest)| rest) {
        for line in rest.lines() {
            let _ = writeln!(text, "    {}", ui.paint(Style::Dim, &escape_line(line)));
        }
    }
    text
}

/// What people who worked apart left to be looked at, and how to get rid of it.
fn conflicts(context: &Context, conflicts: &[Conflict], short: &str) -> String {
    if conflicts.is_empty() {
        return String::new();
    }
    let ui = &context.ui;
    let mut text = format!("\n{}\n", ui.paint(Style::Strong, "Conflicts"));
    for conflict in conflicts {
        let _ = writeln!(text, "  {} {}", ui.paint(Style::Attention, "!"), escape_line(&conflict.what));
        if let Some(other) = &conflict.other {
            let see = match conflict.kind {
                ConflictKind::Spec | ConflictKind::Plan => format!("aifactory show {short} --conflict {}", conflict.id),
                _ => format!("git show {}", escape_line(other)),
            };
            let _ = writeln!(text, "    {} {}", ui.paint(Style::Dim, "the other:"), ui.paint(Style::Hint, &see));
        }
    }
    let _ = writeln!(
        text,
        "    {} {}",
        ui.paint(Style::Dim, "when it is settled:"),
        ui.paint(Style::Hint, &format!("aifactory set {short} conflicts="))
    );
    text
}

fn dependencies(snapshot: &Snapshot<'_>, task: &Task) -> String {
    let status_of = |id: &TaskId| snapshot.find_task(id).ok().flatten().map(|task| task.status);
    let names: Vec<String> = task
        .dependencies
        .iter()
        .map(|id| format!("{} ({})", snapshot.short(id), status_of(id).map_or("missing", Status::word)))
        .collect();
    let note = match blocked(task.dependencies.iter().cloned(), status_of) {
        Some(Blocked::Waiting(_)) => "   blocked",
        Some(Blocked::Broken { .. }) => "   blocked until a person decides",
        None => "",
    };
    format!("{}{note}", names.join(", "))
}

fn steps(context: &Context, task: &Task, plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        let state = task.steps.get(&step.id).map(|progress| progress.state);
        let (style, mark) = match state {
            Some(Progress::Done) => (Style::Good, "✓"),
            Some(Progress::Running) => (Style::Active, "▸"),
            Some(Progress::Pending) | None => (Style::Dim, "·"),
        };
        let gates = match step.gates.len() {
            0 => String::new(),
            number => context.ui.paint(Style::Dim, &format!("  {}", count(number, "gate"))),
        };
        let _ = writeln!(
            text,
            "  {} {:<4} {}{gates}",
            context.ui.paint(style, mark),
            escape_line(&step.id),
            escape_line(&step.title)
        );
    }
    text
}

/// The newest verdict of each gate.
fn evidence(context: &Context, snapshot: &Snapshot<'_>, id: &TaskId) -> Result<String> {
    let mut newest: Vec<(String, Verdict, String)> = Vec::new();
    for evidence in snapshot.evidence(id)? {
        newest.retain(|(gate, _, _)| *gate != evidence.gate);
        let tree: String = evidence.tree.chars().take(10).collect();
        let detail = format!("tree {}, {}", escape_line(&tree), evidence.place());
        newest.push((evidence.gate, evidence.verdict, detail));
    }
    if newest.is_empty() {
        return Ok(String::new());
    }
    let ui = &context.ui;
    let mut text = format!("\n{}\n", ui.paint(Style::Strong, "Evidence"));
    for (gate, verdict, detail) in newest {
        let verdict = ui.paint(verdict_style(verdict), &format!("{:<8}", verdict.word()));
        let _ = writeln!(text, "  {verdict} {}  {}", escape_line(&gate), ui.paint(Style::Dim, &detail));
    }
    Ok(text)
}

pub(super) fn indented(text: &str) -> String {
    let lines = escape(text.trim()).lines().map(|line| format!("  {line}")).collect::<Vec<_>>();
    lines.join("\n")
}

/// What a person could type now to move the task on.
fn next_commands(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<Vec<String>> {
    let id = snapshot.short(&task.id);
    if task.paused {
        return Ok(vec![format!("aifactory resume {id}")]);
    }
    Ok(match task.status {
        Status::Done => Vec::new(),
        Status::Cancelled => vec![format!("aifactory retry {id}")],
        Status::Running => vec![format!("aifactory log -f {id}"), format!("aifactory stop {id}")],
        Status::Review => vec![format!("aifactory review {id}"), format!("aifactory merge {id}")],
        Status::Delivering => vec!["aifactory status".to_owned()],
        Status::Waiting => vec![task.reason.unwrap_or(Reason::Question).way_out(&id)],
        Status::Backlog | Status::Ready => match standing(project, snapshot, task)? {
            Standing::Approved | Standing::ByPolicy => vec![format!("aifactory run {id}")],
            _ if task.plan.is_none() => vec![format!("aifactory plan edit {id}")],
            _ => vec![format!("aifactory plan show {id}"), format!("aifactory approve {id}")],
        },
    })
}
