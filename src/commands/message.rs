//! `aifactory message`

use super::{Context, Finish, inside, text_of};
use crate::agent::AgentEvent;
use crate::error::Result;
use crate::model::message::MessageKind;
use crate::model::text::escape;
use crate::run::RUN_FOLDER_VARIABLE;
use crate::tasks::{NewMessage, messages_of, post, require_text};
use crate::ui::Style;
use serde_json::json;

/// Notes between people and agents
///
/// Questions of agents and the answers to them are messages, too.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Leave a message
    ///
    /// Inside a run it is about the run's own task and comes from its agent.
    Post {
        /// The message; read from standard input where it is left out
        text: Option<String>,
        /// The task it is about
        #[arg(short, long, value_name = "ID")]
        task: Option<String>,
        /// For whom: an agent, a role, a person
        #[arg(long, value_name = "WHO")]
        to: Option<String>,
        /// info, handoff, status or error
        #[arg(short, long, default_value = "info")]
        kind: String,
    },
    /// Show messages, oldest first
    List {
        /// Only those about a task
        id: Option<String>,
    },
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    match &args.verb {
        Verb::Post { text, task, to, kind } => {
            let kind = MessageKind::parse_postable(kind)?;
            let text = require_text(&text_of(context, text.as_deref())?)?.to_owned();
            if context.host.env.is_set(RUN_FOLDER_VARIABLE) && task.is_none() {
                let event = AgentEvent::Message { to: to.clone(), kind: Some(kind.word().to_owned()), text };
                inside::leave(context, "message", &event)?;
                return Ok(Finish::Well);
            }
            let project = context.project_for_writing()?;
            let task = task.as_deref().map(|id| project.store.snapshot()?.resolve(id)).transpose()?;
            let id = post(&project, &NewMessage { task, to: to.clone(), kind, text })?;
            match context.ui.manner.json {
                true => context.ui.answer_json(&json!({ "schema": "aifactory.message/1", "id": id }))?,
                false => context.ui.answer_line(&id.to_string())?,
            }
            Ok(Finish::Well)
        }
        Verb::List { id } => list(context, id.as_deref()),
    }
}

fn list(context: &Context, id: Option<&str>) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let task = id.map(|id| snapshot.resolve(id)).transpose()?;
    let messages = messages_of(&snapshot, task.as_ref())?;
    if context.ui.manner.json {
        context.ui.answer_json(&json!({ "schema": "aifactory.messages/1", "messages": messages }))?;
        return Ok(Finish::Well);
    }
    let ui = &context.ui;
    for message in &messages {
        let about = message.task.as_ref().map(|id| format!("  {}", ui.paint(Style::Id, &snapshot.short(id))));
        let to = message.to.as_deref().map(|to| format!(" to {}", escape(to))).unwrap_or_default();
        let when = ui.paint(Style::Dim, &message.at.readable());
        let from = escape(&message.from);
        ui.answer_line(&format!("{when}{}  {from}{to}  {}", about.unwrap_or_default(), message.kind.word()))?;
        for line in message.text.lines() {
            ui.answer_line(&format!("    {}", escape(line)))?;
        }
    }
    Ok(Finish::Well)
}
