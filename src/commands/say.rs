//! `aifactory say`

use super::{Context, Finish, text_of};
use crate::error::Result;
use crate::model::{EventId, TaskId};
use crate::run::say_to_running;
use crate::tasks::{Opened, Project, Said, say};
use serde_json::json;

/// Say something to a task's agent
///
/// An agent that is running and listens hears it at once; any other finds it in its next prompt. Either way it is on the
/// record, and no word is told twice. What is said about finished work is something to do: a step more of a task under
/// review, a task of its own where it is merged, whose id is printed.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory say 7kq2 \"leave the tests of the parser alone\"
  aifactory say 7kq2 < remarks.md")]
pub struct Args {
    /// The task
    id: String,
    /// What to say; read from standard input where it is left out
    text: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve(&args.id)?;
    let text = text_of(context, args.text.as_deref())?;
    let said = match say(&project, &id, &text)? {
        Said::ForAgent(said) => said,
        Said::ToDo(opened, event) => {
            if context.ui.manner.json {
                return answer_json(context, &id, event.as_ref(), None, Some(&opened));
            }
            return report_opened(context, &project, &id, &opened);
        }
    };
    let is_handed_over = say_to_running(&project, &id, &said, text.trim())?;
    if context.ui.manner.json {
        return answer_json(context, &id, Some(&said), Some(is_handed_over), None);
    }
    let short = snapshot.short(&id);
    context.ui.note(&match is_handed_over {
        true => format!("said to the agent of {short}; it hears it now if it listens, and with its next prompt if not"),
        false => format!("kept for {short}: its agent finds it in its next prompt"),
    });
    Ok(Finish::Well)
}

fn answer_json(
    context: &Context,
    id: &TaskId,
    event: Option<&EventId>,
    handed_over: Option<bool>,
    opened: Option<&Opened>,
) -> Result<Finish> {
    let (step, task) = opened.map_or((None, None), step_or_task);
    context.ui.answer_json(&json!({
        "schema": "aifactory.say/1", "id": id, "event": event, "handed_over": handed_over, "step": step,
        "follow_up": task,
    }))?;
    Ok(Finish::Well)
}

fn step_or_task(opened: &Opened) -> (Option<&str>, Option<&TaskId>) {
    match opened {
        Opened::Step(step) => (Some(step), None),
        Opened::Task(task) => (None, Some(task)),
    }
}

/// Tells what more there is to do now on something that was finished: a task of its own by its id.
pub(super) fn report_opened(context: &Context, project: &Project, id: &TaskId, opened: &Opened) -> Result<Finish> {
    let ui = &context.ui;
    if ui.manner.json {
        let (step, task) = step_or_task(opened);
        let schema = "aifactory.follow-up/1";
        ui.answer_json(&json!({ "schema": schema, "id": id, "step": step, "follow_up": task }))?;
        return Ok(Finish::Well);
    }
    let snapshot = project.store.snapshot()?;
    let short = snapshot.short(id);
    match opened {
        Opened::Step(_) => {
            ui.note(&format!("{short} was finished: this is a step of its own now"));
            ui.hint(&format!("aifactory run {short}"));
        }
        Opened::Task(task) => {
            let follower = snapshot.short(task);
            ui.answer_line(&ui.id(task, &follower))?;
            ui.note(&format!("{short} is done: this is a task of its own now, {follower}"));
            ui.hint(&format!("aifactory run {follower}"));
            ui.hint(&format!("to take it back: aifactory cancel {follower}"));
        }
    }
    Ok(Finish::Well)
}
