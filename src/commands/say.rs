//! `aifactory say`

use super::{Context, Finish, text_of};
use crate::error::Result;
use crate::model::Status;
use crate::run::say_to_running;
use crate::tasks::say;
use serde_json::json;

/// Say something to a task's agent
///
/// An agent that is running and listens hears it at once; any other finds it in its next prompt. Either way it is on the
/// record, and no word is told twice.
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
    let said = say(&project, &id, &text)?;
    let is_handed_over = say_to_running(&project, &id, &said, text.trim())?;
    if context.ui.manner.json {
        let answer = json!({ "schema": "aifactory.say/1", "id": id, "event": said, "handed_over": is_handed_over });
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    let short = snapshot.short(&id);
    let was = snapshot.task(&id)?.status;
    if was == Status::Review && project.store.snapshot()?.task(&id)?.status == Status::Ready {
        context.ui.note(&format!("{short} was finished: this is a step of its own now"));
        context.ui.hint(&format!("aifactory run {short}"));
        return Ok(Finish::Well);
    }
    context.ui.note(&match is_handed_over {
        true => format!("said to the agent of {short}; it hears it now if it listens, and with its next prompt if not"),
        false => format!("kept for {short}: its agent finds it in its next prompt"),
    });
    Ok(Finish::Well)
}
