//! `aifactory plan`

use super::plan_review::{self, ReviewVerb};
use super::text_verbs::{self, Judged, Verb};
use super::{Context, Finish};
use crate::error::{Kind, Result};
use crate::model::TextFile;
use crate::model::plan::{Severity, parse_plan};
use crate::model::text::{count, escape_line};
use crate::ui::Style;
use serde_json::json;

/// Show, write, check or propose how to get there, in steps
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
    verb: PlanVerb,
}

#[derive(clap::Subcommand)]
enum PlanVerb {
    #[command(flatten)]
    Text(Verb),
    #[command(flatten)]
    Review(ReviewVerb),
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    match &args.verb {
        PlanVerb::Text(verb) => text_verbs::run(context, verb, TextFile::Plan, judge),
        PlanVerb::Review(verb) => plan_review::run(context, verb),
    }
}

fn judge(context: &Context, judged: &Judged<'_>) -> Result<Finish> {
    if !context.ui.manner.json {
        return report_findings(context, judged.short, judged.text);
    }
    let (plan, findings) = parse_plan(judged.text);
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    let findings: Vec<_> = findings
        .iter()
        .map(|f| {
            let severity = if f.severity == Severity::Error { "error" } else { "warning" };
            json!({ "line": f.line, "column": f.column, "severity": severity, "message": f.message, "fix": f.fix })
        })
        .collect();
    context.ui.answer_json(&json!({
        "schema": "aifactory.plan-check/1", "id": judged.id, "steps": plan.steps.len(), "findings": findings,
    }))?;
    Ok(if failed { Finish::Short(Kind::Failed) } else { Finish::Well })
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
        ui.note(&format!("{place} {} {}", ui.paint_err(style, &format!("{word}:")), escape_line(&finding.message)));
        if let Some(fix) = &finding.fix {
            ui.note(&format!("  {} {}", ui.paint_err(Style::Hint, "write:"), escape_line(fix)));
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
