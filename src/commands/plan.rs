//! `aifactory plan`

use super::edit::edit_file;
use super::spec::{set, show};
use super::{Context, Finish};
use crate::error::{Kind, Result};
use crate::model::TextFile;
use crate::model::plan::{Severity, parse_plan};
use crate::model::text::{count, escape_line};
use crate::ui::Style;
use serde_json::json;
use std::path::PathBuf;

/// Show, write or check how to get there, in steps
///
/// A step begins with `### S1: title`; the list below it names `files:`, `after:` and `gate:` (a command in backticks
/// that aifactory runs); then prose, and `sh run` blocks for the runbook agent.
#[derive(clap::Args)]
#[command(after_help = "\
A plan:
  ### S1: Greet by name
  - files: hello.sh, tests/hello_test.sh
  - gate: `sh tests/hello_test.sh`

  hello.sh takes a name and greets it.

  ```sh run
  printf 'echo \"hello, ${1:-world}\"\\n' > hello.sh
  ```")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Print the plan
    Show { id: String },
    /// Replace the plan by a file, `-` for standard input
    Set {
        id: String,
        #[arg(short = 'F', long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Open the plan in your editor
    Edit { id: String },
    /// Report what is wrong with the plan, by line and column
    Check { id: String },
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    match &args.verb {
        Verb::Show { id } => show(context, id, TextFile::Plan),
        Verb::Set { id, file } => {
            let (short, text) = set(context, id, TextFile::Plan, file)?;
            report_findings(context, &short, &text)
        }
        Verb::Edit { id } => {
            let project = context.project_for_writing()?;
            let id = project.store.snapshot()?.resolve(id)?;
            edit_file(context, &project, &id, TextFile::Plan)
        }
        Verb::Check { id } => check(context, id),
    }
}

fn check(context: &Context, typed: &str) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve(typed)?;
    snapshot.task(&id)?;
    let text = snapshot.text(&id, TextFile::Plan)?;
    if !context.ui.manner.json {
        return report_findings(context, &snapshot.short(&id), &text);
    }
    let (plan, findings) = parse_plan(&text);
    let findings: Vec<_> = findings
        .iter()
        .map(|f| {
            let severity = if f.severity == Severity::Error {
                "error"
            } else {
                "warning"
            };
            json!({ "line": f.line, "column": f.column, "severity": severity, "message": f.message, "fix": f.fix })
        })
        .collect();
    let failed = findings.iter().any(|finding| finding["severity"] == "error");
    let answer =
        json!({ "schema": "aifactory.plan-check/1", "id": id, "steps": plan.steps.len(), "findings": findings });
    context.ui.answer_json(&answer)?;
    Ok(if failed {
        Finish::Short(Kind::Failed)
    } else {
        Finish::Well
    })
}

/// Shows each finding as `plan.md:3:1: error: …` with its fix; a plan with errors exits with 1.
pub(super) fn report_findings(context: &Context, short: &str, text: &str) -> Result<Finish> {
    let (plan, findings) = parse_plan(text);
    let ui = &context.ui;
    for finding in &findings {
        let (style, word) = match finding.severity {
            Severity::Error => (Style::Bad, "error"),
            Severity::Warning => (Style::Attention, "warning"),
        };
        let place = format!("plan.md:{}:{}:", finding.line, finding.column);
        ui.note(&format!(
            "{place} {} {}",
            ui.paint_err(style, &format!("{word}:")),
            escape_line(&finding.message)
        ));
        if let Some(fix) = &finding.fix {
            ui.note(&format!(
                "  {} {}",
                ui.paint_err(Style::Hint, "write:"),
                escape_line(fix)
            ));
        }
    }
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Ok(Finish::Short(Kind::Failed));
    }
    let steps = count(plan.steps.len(), "step");
    let gates = count(plan.steps.iter().map(|step| step.gates.len()).sum(), "gate");
    ui.note(&format!("the plan of {short} is well formed: {steps}, {gates}"));
    Ok(Finish::Well)
}
