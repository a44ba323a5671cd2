//! `aifactory message post`

use crate::agent::AgentEvent;
use crate::commands::{Context, Finish, inside, text_of};
use crate::error::Result;
use crate::model::message::MessageKind;
use crate::run::RUN_FOLDER_VARIABLE;
use crate::tasks::{NewMessage, post, require_text};
use serde_json::json;

#[derive(clap::Args)]
pub struct Post {
    /// The message; read from standard input where it is left out
    text: Option<String>,
    /// The task it is about
    #[arg(short, long, value_name = "ID")]
    task: Option<String>,
    /// For whom: an agent, a role, a person
    #[arg(long, value_name = "WHO")]
    to: Option<String>,
    /// The message it answers; it is about the same task and goes to who wrote that one, unless you say otherwise
    #[arg(short, long, value_name = "MESSAGE")]
    reply_to: Option<String>,
    /// info, handoff, status or error
    #[arg(short, long, default_value = "info")]
    kind: String,
}

pub fn run(context: &Context, args: &Post) -> Result<Finish> {
    let kind = MessageKind::parse_postable(&args.kind)?;
    let text = require_text(&text_of(context, args.text.as_deref())?)?.to_owned();
    if context.host.env.is_set(RUN_FOLDER_VARIABLE) && args.task.is_none() {
        let reply_to = args.reply_to.as_deref();
        let reply_to = reply_to.map(|typed| context.project()?.store.snapshot()?.resolve_message(typed)).transpose()?;
        let event = AgentEvent::Message {
            to: args.to.clone(),
            kind: Some(kind.word().to_owned()),
            reply_to: reply_to.map(|id| id.to_string()),
            text,
        };
        inside::leave(context, "message", &event)?;
        return Ok(Finish::Well);
    }
    let project = context.project_for_writing()?;
    let snapshot = project.store.snapshot()?;
    let task = args.task.as_deref().map(|id| snapshot.resolve(id)).transpose()?;
    let reply_to = args.reply_to.as_deref().map(|typed| snapshot.resolve_message(typed)).transpose()?;
    let id = post(&project, &NewMessage { task, to: args.to.clone(), kind, reply_to, text })?;
    match context.ui.manner.json {
        true => context.ui.answer_json(&json!({ "schema": "aifactory.message/1", "id": id }))?,
        false => context.ui.answer_line(&id.to_string())?,
    }
    Ok(Finish::Well)
}
