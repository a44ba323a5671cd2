//! `aifactory do`

use super::exec::in_worktree;
use super::path::require_worktree;
use super::run::{How, carry_out_tasks, hints};
use super::workflow::BROKEN;
use super::{Context, Finish};
use crate::error::{Error, Kind, Result};
use crate::model::Status;
use crate::model::message::MessageKind;
use crate::model::text::escape_line;
use crate::process::Invocation;
use crate::tasks::{Project, Selection, ready_for_a_look, select};
use crate::ui::{Columns, Style};
use crate::workflow::{ACTION, Action, ActionWork, DefinitionKind, Library};
use serde_json::{Value, json};

/// Do something small to a task by its name; without a name: list what there is
///
/// An action is a Markdown file with front matter: `.aifactory/actions/<name>.md` on the target branch, or in your own
/// folder, which counts first. A script runs in the task's worktree, with your whole environment and AIFACTORY_TASK,
/// AIFACTORY_TITLE, AIFACTORY_WORKTREE, AIFACTORY_BRANCH and AIFACTORY_TARGET.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory do
  aifactory do sync-with-base 7kq2
  aifactory do explain 7kq2 -m \"what does it cost?\"
  aifactory do simplify 7kq2")]
pub struct Args {
    /// What to do
    #[arg(requires = "id")]
    action: Option<String>,
    /// The task
    id: Option<String>,
    /// What the agent should know besides
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// The agent for it, such as claude:opus#high; the settings where it is left out
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    let library = Library::of(&project)?;
    let (Some(name), Some(id)) = (&args.action, &args.id) else { return list(context, &library) };
    let action = library.action(name)?;
    if library.require(DefinitionKind::Action, name)?.is_of_policy() && !project.policy_is_trusted()? {
        return Err(Error::person(format!(
            "{} comes from the project's policy, which is not trusted here",
            action.name
        ))
        .hint("aifactory trust"));
    }
    match &action.work {
        ActionWork::Script(script) => run_script(context, &project, &action, script, id),
        ActionWork::Agent { .. } => context.with_settings(
            &[
                ("workflow.role", Some(&format!("{ACTION}{}", action.name))),
                ("agent.override", args.agent.as_deref()),
                ("agent.plan", args.agent.as_deref()),
                ("agent.review", args.agent.as_deref()),
            ],
            |context| run_agent(context, &action, id, args.message.as_deref()),
        ),
    }
}

fn list(context: &Context, library: &Library) -> Result<Finish> {
    let mut columns = Columns::new(["action", "by", "from", "what"], 3);
    let mut answers: Vec<Value> = Vec::new();
    for source in library.all(DefinitionKind::Action) {
        let read = library.action(&source.name);
        let (by, about) = match &read {
            Ok(action) => (action.type_word(), (Style::Plain, format!("{} {}", action.icon, action.description))),
            Err(_) => ("-", (Style::Bad, BROKEN.to_owned())),
        };
        columns.row([
            (Style::Id, source.name.clone()),
            (Style::Plain, by.to_owned()),
            (Style::Dim, escape_line(&source.origin).into_owned()),
            (about.0, escape_line(about.1.trim()).into_owned()),
        ]);
        answers.push(match &read {
            Ok(action) => json!({
                "name": action.name, "title": action.title, "description": action.description, "icon": action.icon,
                "type": action.type_word(), "from": action.origin,
            }),
            Err(error) => json!({ "name": source.name, "from": source.origin, "error": error.full_text() }),
        });
    }
    match context.ui.manner.json {
        true => context.ui.answer_json(&json!({ "schema": "aifactory.actions/1", "actions": answers }))?,
        false => context.ui.answer(&columns.render(&context.ui))?,
    }
    Ok(Finish::Well)
}

/// One session of an agent about the task. What it only says is the answer.
fn run_agent(context: &Context, action: &Action, id: &str, message: Option<&str>) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let id = project.store.snapshot()?.resolve(id)?;
    let before = project.host.now();
    ready_for_a_look(&project, std::slice::from_ref(&id), message)?;
    let report = carry_out_tasks(context, &project, vec![id.clone()], How::default())?;
    let result = report.results.iter().find(|result| result.task == id);
    let failed = result.is_none_or(|result| result.error.is_some()) || report.interrupted;
    let answer = Selection {
        task: Some(id),
        kinds: vec![MessageKind::Handoff, MessageKind::Review],
        since: Some(before),
        ..Selection::default()
    };
    let said = select(&project.store.snapshot()?, &answer)?.records.pop();
    match &said {
        Some(said) if context.ui.manner.json => {
            let answer = json!({ "schema": "aifactory.do/1", "action": action.name, "text": said.text });
            context.ui.answer_json_line(&answer)?;
        }
        Some(said) => context.ui.answer_foreign(&format!("{}\n", said.text.trim_end()))?,
        None => {}
    }
    match (failed, said) {
        (true, _) => Ok(Finish::Short(report.kind().unwrap_or(Kind::Failed))),
        (false, Some(_)) => Ok(Finish::Well),
        (false, None) => {
            hints(context, &project, &report);
            let waits = result.is_some_and(|result| result.status == Status::Waiting);
            Ok(if waits { Finish::Short(Kind::Person) } else { Finish::Well })
        }
    }
}

/// Runs a script beside nobody: an agent at work would find its files changed.
fn run_script(context: &Context, project: &Project, action: &Action, script: &str, id: &str) -> Result<Finish> {
    context.refuse_inside_run(project)?;
    let (task, path) = require_worktree(project, id)?;
    let short = project.store.snapshot()?.short(&task.id);
    if task.status == Status::Running {
        return Err(Error::person(format!("task {short} is running; {} would get in its way", action.name))
            .hint(format!("aifactory stop {short}")));
    }
    let target = &project.require_target()?.branch;
    let shell = Invocation::new("sh")
        .args(["-c", script, "sh"])
        .env("AIFACTORY_TITLE", &task.title)
        .env("AIFACTORY_BRANCH", task.branch.as_deref().unwrap_or_default())
        .env("AIFACTORY_TARGET", target);
    in_worktree(shell, &task, &path)
}
