//! `aifactory prompt`

use super::workflow::{BROKEN, show_source};
use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::model::duration_text;
use crate::model::text::{escape, escape_line};
use crate::run::preview_prompt;
use crate::tasks::Project;
use crate::ui::{Columns, Style};
use crate::workflow::{DefinitionKind, Library, Role};
use serde_json::{Value, json};

/// List the roles of agents, or show what one is told
///
/// A role is a Markdown file with front matter: `.aifactory/roles/<name>.md` on the target branch, or in your own folder,
/// which counts first. Its text is a template: `{{spec}}` stands for what is known, `{{#if spec}}…{{/if}}` for a part that
/// is left out where nothing is.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory prompt show reviewer
  aifactory prompt show coder 7kq2           what an agent would be told now; nothing is started
  aifactory prompt show reviewer --source > .aifactory/roles/reviewer.md     begin one of your own")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// List the roles, with where each comes from
    List,
    /// Show a role: what it may do, what it must leave, what it is told
    ///
    /// With a task: the prompt as it would be now, and what is not in it yet.
    Show {
        role: String,
        /// Fill it with what is known of this task
        #[arg(value_name = "TASK", conflicts_with = "source")]
        task: Option<String>,
        /// Print the definition as it is written
        #[arg(long)]
        source: bool,
    },
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let library = Library::of(&project)?;
    match &args.verb {
        Verb::List => list(context, &library),
        Verb::Show { role, task: Some(task), .. } => preview(context, &project, role, task),
        Verb::Show { role, source: true, .. } => show_source(context, library.require(DefinitionKind::Role, role)?),
        Verb::Show { role, source: false, .. } => show(context, &library.role(role)?),
    }
}

fn list(context: &Context, library: &Library) -> Result<Finish> {
    let mut columns = Columns::new(["role", "leaves", "tools", "time", "from", "what"], 5);
    let mut answers = Vec::new();
    for source in library.all(DefinitionKind::Role) {
        let read = library.role(&source.name);
        let (leaves, tools, time, about) = match &read {
            Ok(role) => (
                role.answers.word(),
                tools_of(role).join(", "),
                duration_text(role.timeout),
                (Style::Plain, role.description.clone()),
            ),
            Err(_) => ("-", "-".to_owned(), "-".to_owned(), (Style::Bad, BROKEN.to_owned())),
        };
        columns.row([
            (Style::Id, source.name.clone()),
            (Style::Plain, leaves.to_owned()),
            (Style::Plain, tools),
            (Style::Plain, time),
            (Style::Dim, escape_line(&source.origin).into_owned()),
            (about.0, escape_line(&about.1).into_owned()),
        ]);
        answers.push(match &read {
            Ok(role) => as_json(role),
            Err(error) => json!({ "name": source.name, "from": source.origin, "error": Error::full_text(error) }),
        });
    }
    match context.ui.manner.json {
        true => context.ui.answer_json(&json!({ "schema": "aifactory.roles/1", "roles": answers }))?,
        false => context.ui.answer(&columns.render(&context.ui))?,
    }
    Ok(Finish::Well)
}

fn tools_of(role: &Role) -> Vec<&'static str> {
    role.tools.iter().map(|tool| tool.word()).collect()
}

fn as_json(role: &Role) -> Value {
    json!({
        "name": role.name, "description": role.description, "from": role.origin, "answers": role.answers.word(),
        "agent": role.agent, "tools": tools_of(role), "permission": role.permission.word(),
        "timeout_seconds": role.timeout.as_secs(),
    })
}

fn show(context: &Context, role: &Role) -> Result<Finish> {
    let ui = &context.ui;
    if ui.manner.json {
        let mut answer = as_json(role);
        answer["schema"] = "aifactory.role/1".into();
        answer["prompt"] = role.prompt.as_str().into();
        ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    ui.answer_line(&format!("{}  {}", ui.paint(Style::Id, &role.name), escape_line(&role.description)))?;
    let agent = role.agent.as_deref().unwrap_or("as the settings and the task say");
    for (label, value) in [
        ("from", role.origin.as_str()),
        ("leaves", role.answers.word()),
        ("agent", agent),
        ("tools", &tools_of(role).join(", ")),
        ("permission", role.permission.word()),
        ("time", &duration_text(role.timeout)),
    ] {
        ui.answer_line(&format!("{}  {}", ui.paint(Style::Dim, &format!("{label:<10}")), escape_line(value)))?;
    }
    ui.answer(&format!("\n{}\n", escape(role.prompt.trim_end())))?;
    Ok(Finish::Well)
}

/// The prompt alone on stdout; what it cannot say yet beside it.
fn preview(context: &Context, project: &Project, role: &str, typed: &str) -> Result<Finish> {
    let ui = &context.ui;
    let id = project.store.snapshot()?.resolve(typed)?;
    let preview = preview_prompt(project, &id, role)?;
    if ui.manner.json {
        ui.answer_json(&json!({
            "schema": "aifactory.prompt/1", "id": id, "role": role, "agent": preview.agent, "step": preview.step,
            "prompt": preview.prompt, "known_in_a_run": preview.later, "empty": preview.empty,
        }))?;
        return Ok(Finish::Well);
    }
    ui.answer(&format!("{}\n", escape(preview.prompt.trim_end())))?;
    let step = preview.step.map(|step| format!(", for step {}", escape_line(&step))).unwrap_or_default();
    ui.note(&format!("for {}{step}", escape_line(&preview.agent)));
    for (what, names) in [("only a run knows", preview.later), ("not there yet", preview.empty)] {
        if !names.is_empty() {
            ui.note(&format!("{what}: {}", names.join(", ")));
        }
    }
    Ok(Finish::Well)
}
