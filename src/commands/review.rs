//! `aifactory review`

use super::diff::find_change;
use super::show::indented;
use super::usage::in_words;
use super::{Context, Finish};
use crate::error::Result;
use crate::model::plan::parse_plan;
use crate::model::run::{Evidence, RunRecord, Verdict};
use crate::model::text::{escape_line, tail};
use crate::model::{Status, TextFile};
use crate::tasks::{last_review, review_of, tally_of};
use crate::ui::{Style, reason_text, status_style, task_json, verdict_style};
use std::fmt::Write as _;

/// Letters of what is told about a run besides how it ended.
const LONGEST_DETAIL: usize = 120;

/// Show what you need to judge a task: spec, change, evidence, cost
#[derive(clap::Args)]
pub struct Args {
    /// The task
    id: String,
    /// Leave out the diff
    #[arg(long)]
    brief: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve(&args.id)?;
    let task = snapshot.task(&id)?;
    let (runs, evidence) = (snapshot.runs(&id)?, snapshot.evidence(&id)?);
    let spec = snapshot.text(&id, TextFile::Spec)?;
    let events = snapshot.events(&id)?;
    let review = last_review(&events);
    let change = find_change(&project, &snapshot, &task)?;
    let diff = |stat: bool| match change {
        Some((from, to)) => project.repository().diff_text(from, to, stat),
        None => Ok(String::new()),
    };
    if context.ui.manner.json {
        let mut answer = task_json(&task);
        answer["schema"] = "aifactory.review/1".into();
        answer["spec_text"] = spec.into();
        answer["runs"] = serde_json::to_value(&runs).unwrap_or_default();
        answer["evidence"] = serde_json::to_value(&evidence).unwrap_or_default();
        answer["review"] = serde_json::to_value(&review).unwrap_or_default();
        answer["diff"] = diff(false)?.into();
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    let ui = &context.ui;
    let strong = |text: &str| ui.paint(Style::Strong, text);
    let short = snapshot.short(&id);
    let mut page = format!(
        "{}  {}  {}\n",
        ui.paint(Style::Id, &short),
        strong(&escape_line(&task.title)),
        ui.paint(status_style(task.status), &format!("[{}]", task.status))
    );
    let why = reason_text(task.reason, task.note.as_deref());
    if !why.is_empty() {
        let _ = writeln!(page, "  {}", ui.paint(Style::Attention, &why));
    }
    if !spec.trim().is_empty() {
        let _ = writeln!(page, "\n{}\n{}", strong("Spec"), indented(&spec));
    }
    let (plan, _) = parse_plan(&snapshot.text(&id, TextFile::Plan)?);
    let _ = writeln!(page, "\n{}", strong("Steps"));
    if plan.steps.is_empty() {
        page.push_str("  none: there is no plan\n");
    }
    for step in &plan.steps {
        let mark = if task.step_is_done(&step.id) { "✓" } else { "·" };
        let _ = writeln!(page, "  {mark} {:<4} {}", escape_line(&step.id), escape_line(&step.title));
    }
    let _ = write!(page, "\n{}\n{}", strong("Evidence"), evidence_lines(context, &evidence));
    if let Some(review) = review {
        let tree = change.map(|(_, tip)| project.repository().tree_of(tip)).transpose()?;
        let is_old = tree.is_some_and(|tree| review_of(&events, &tree.to_string()).is_none());
        let of_what = if is_old && task.status != Status::Done { " of what the work was before" } else { "" };
        let _ = writeln!(page, "\n{}{of_what}\n{}", strong("Review"), indented(&review.to_text()));
    }
    let _ = write!(page, "\n{}\n{}", strong("Runs"), run_lines(context, &runs));
    ui.answer(&page)?;
    let stat = diff(true)?;
    ui.answer_line(&format!("\n{}", strong("Change")))?;
    ui.answer_foreign(if stat.is_empty() { "  none yet\n" } else { &stat })?;
    if !args.brief {
        ui.answer_line("")?;
        ui.answer_diff(&diff(false)?)?;
    }
    match (task.status, task.reason) {
        (Status::Waiting, Some(reason)) => {
            // Here is where it leads first.
            let way = reason.way_out(&short);
            ui.hint(way.strip_prefix(&format!("aifactory review {short}, then ")).unwrap_or(&way));
        }
        (Status::Review, _) => {
            ui.hint(&format!("aifactory merge {short}, or aifactory reject {short} -m \"what is wrong\""));
        }
        _ => {}
    }
    Ok(Finish::Well)
}

/// Each measurement, newest last; a gate that did not pass with the end of its output.
fn evidence_lines(context: &Context, evidence: &[Evidence]) -> String {
    if evidence.is_empty() {
        return "  none: nothing is proven about this work\n".to_owned();
    }
    let ui = &context.ui;
    let mut text = String::new();
    for item in evidence {
        let verdict = ui.paint(verdict_style(item.verdict), &format!("{:<8}", item.verdict.word()));
        let tree: String = item.tree.chars().take(10).collect();
        let why = item.why.as_deref().map(|why| format!(", {}", escape_line(why))).unwrap_or_default();
        let detail = format!("{} on tree {}, {}{why}", ui.millis(item.duration_ms), escape_line(&tree), item.place());
        let _ = writeln!(text, "  {verdict} {}  {}", escape_line(&item.gate), ui.paint(Style::Dim, &detail));
        // That it failed before the work is as it should be, and no news.
        if item.verdict != Verdict::Passed && !item.is_baseline() {
            for line in tail(&item.tail, 8, 1_000).lines() {
                let _ = writeln!(text, "             {}", ui.paint(Style::Dim, &escape_line(line)));
            }
        }
    }
    text
}

/// Each run with what it used; what the agent did not report is unknown, not zero.
fn run_lines(context: &Context, runs: &[RunRecord]) -> String {
    let ui = &context.ui;
    let mut text = String::new();
    let name = |run: &RunRecord| escape_line(run.step.as_deref().unwrap_or(&run.phase)).into_owned();
    let width = runs.iter().map(|run| name(run).chars().count()).max().unwrap_or_default().max(4);
    for run in runs {
        let outcome = run.outcome.map_or("running", |outcome| outcome.word());
        let time = run.ended.map(|ended| ui.millis(ended.since(run.started).as_millis() as u64)).unwrap_or_default();
        let used = in_words(&tally_of(run));
        let _ = writeln!(
            text,
            "  {:<width$} {:<12} {outcome:<10} {time:>8}  {}",
            name(run),
            escape_line(&run.agent),
            ui.paint(Style::Dim, &used)
        );
        if let Some(why) = run.detail.as_deref().and_then(|why| why.lines().next()) {
            let shown: String = why.chars().take(LONGEST_DETAIL).collect();
            let _ = writeln!(text, "  {:<width$} {}", "", ui.paint(Style::Dim, &escape_line(&shown)));
        }
    }
    text
}
