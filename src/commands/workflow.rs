//! `aifactory workflow`

use super::{Context, Finish};
use crate::error::{Error, Kind, Result};
use crate::model::text::{count, escape_line};
use crate::ui::{Columns, Style};
use crate::workflow::{DefinitionKind, Library, Phase, Source, Work, Workflow, draw};
use serde_json::{Value, json};
use std::path::PathBuf;

/// List, show or check the ways that tasks go through their phases
///
/// A workflow is a TOML file: `.aifactory/workflows/<name>.toml` on the target branch, or in your own folder, which
/// counts first. It names phases with the role, the gates or the approval that each is, with conditions and loops.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory workflow show default
  aifactory workflow show default --source > .aifactory/workflows/mine.toml
  aifactory workflow check .aifactory/workflows/mine.toml")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// List them, with where each comes from
    List,
    /// Show one: its phases, conditions and loops
    Show {
        name: String,
        /// Print the definition as it is written
        #[arg(long)]
        source: bool,
    },
    /// Say what is wrong with workflows, roles and actions
    Check {
        /// These files, as if they were committed; otherwise all that count here
        files: Vec<PathBuf>,
    },
}

/// What a list says of a definition that cannot be used.
pub(super) const BROKEN: &str = "cannot be used: aifactory workflow check";

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let mut library = Library::of(&context.project()?)?;
    match &args.verb {
        Verb::List => list(context, &library),
        Verb::Show { name, source: true } => show_source(context, library.require(DefinitionKind::Workflow, name)?),
        Verb::Show { name, source: false } => show(context, &library.workflow(name)?),
        Verb::Check { files } => check(context, &mut library, files),
    }
}

fn list(context: &Context, library: &Library) -> Result<Finish> {
    let (mut columns, mut answers) = (Columns::new(["workflow", "from", "what"], 2), Vec::new());
    for source in library.all(DefinitionKind::Workflow) {
        let read = library.workflow(&source.name);
        let about = match &read {
            Ok(workflow) => (Style::Plain, workflow.description.clone()),
            Err(_) => (Style::Bad, BROKEN.to_owned()),
        };
        columns.row([
            (Style::Id, source.name.clone()),
            (Style::Dim, escape_line(&source.origin).into_owned()),
            (about.0, escape_line(&about.1).into_owned()),
        ]);
        answers.push(json!({
            "name": source.name, "from": source.origin,
            "description": read.as_ref().ok().map(|workflow| &workflow.description),
            "phases": read.as_ref().ok().map(|workflow| workflow.phases.iter().map(|p| &p.name).collect::<Vec<_>>()),
            "error": read.as_ref().err().map(Error::full_text),
        }));
    }
    match context.ui.manner.json {
        true => context.ui.answer_json(&json!({ "schema": "aifactory.workflows/1", "workflows": answers }))?,
        false => context.ui.answer(&columns.render(&context.ui))?,
    }
    Ok(Finish::Well)
}

fn show(context: &Context, workflow: &Workflow) -> Result<Finish> {
    let ui = &context.ui;
    if ui.manner.json {
        let phases: Vec<Value> = workflow.phases.iter().map(|phase| phase_json(workflow, phase)).collect();
        ui.answer_json(&json!({
            "schema": "aifactory.workflow/1", "name": workflow.name, "description": workflow.description,
            "from": workflow.origin, "phases": phases,
        }))?;
        return Ok(Finish::Well);
    }
    ui.answer_line(&format!("{}  {}", ui.paint(Style::Id, &workflow.name), escape_line(&workflow.description)))?;
    ui.answer_line(&format!("{}  {}\n", ui.paint(Style::Dim, "from"), escape_line(&workflow.origin)))?;
    ui.answer(&draw(workflow))?;
    Ok(Finish::Well)
}

fn phase_json(workflow: &Workflow, phase: &Phase) -> Value {
    let (role, gates) = match &phase.work {
        Work::Role(role) => (Some(role), Value::Null),
        Work::Gates(None) => (None, true.into()),
        Work::Gates(Some(gates)) => (None, json!(gates)),
        Work::Approval => (None, Value::Null),
    };
    json!({
        "name": phase.name, "role": role, "gates": gates, "approval": phase.work == Work::Approval,
        "agent": phase.agent, "input": phase.input, "output": phase.output,
        "condition": phase.condition.as_ref().map(|condition| condition.word()),
        "loop_to": phase.loop_to.map(|target| &workflow.phases[target].name),
        "max_iterations": phase.loop_to.map(|_| phase.max_iterations),
        "prompt_template": phase.prompt,
    })
}

/// Prints a definition's file, to begin one of one's own from.
pub(super) fn show_source(context: &Context, source: &Source) -> Result<Finish> {
    match context.ui.manner.json {
        true => context.ui.answer_json(&json!({
            "schema": "aifactory.definition/1", "name": source.name, "from": source.origin, "text": source.text,
        }))?,
        false => context.ui.answer_foreign(&source.text)?,
    }
    Ok(Finish::Well)
}

fn check(context: &Context, library: &mut Library, files: &[PathBuf]) -> Result<Finish> {
    let mut asked = Vec::new();
    for file in files {
        asked.push(library.add_file(&context.folder.join(file))?);
    }
    if files.is_empty() {
        let all = |kind: DefinitionKind| library.all(kind).map(move |source| (kind, source.name.clone()));
        asked.extend(DefinitionKind::ALL.into_iter().flat_map(all));
    }
    let mut findings = Vec::new();
    for (kind, name) in &asked {
        findings.extend(library.check(*kind, name).err().map(|error| (*kind, name.as_str(), error)));
    }
    let strange = if files.is_empty() { library.passed_over() } else { &[] };
    let ui = &context.ui;
    if ui.manner.json {
        let finding = |kind: Option<&str>, name: Option<&str>, error: &Error| json!({ "kind": kind, "name": name, "error": error.full_text(), "hints": error.hints() });
        let of_files = findings.iter().map(|(kind, name, error)| finding(Some(kind.word()), Some(name), error));
        let of_files = of_files.chain(strange.iter().map(|error| finding(None, None, error)));
        let findings: Vec<Value> = of_files.collect();
        ui.answer_json(
            &json!({ "schema": "aifactory.workflow-check/1", "checked": asked.len(), "findings": findings }),
        )?;
    } else {
        findings.iter().map(|(_, _, error)| error).chain(strange).for_each(|error| ui.error(error));
        if findings.is_empty() && strange.is_empty() {
            ui.note(&format!("{} well formed", count(asked.len(), "definition")));
        }
    }
    Ok(if findings.is_empty() && strange.is_empty() { Finish::Well } else { Finish::Short(Kind::Failed) })
}
