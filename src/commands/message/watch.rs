//! `aifactory message watch`: messages as they are written here or come from elsewhere.

use super::list::{Which, unreadable, warn_about};
use super::write::{Names, write_message};
use crate::commands::{Context, Finish};
use crate::error::Result;
use crate::model::message::Message;
use crate::store::{Found, Snapshot};
use crate::tasks::{Selection, select};
use serde_json::{Value, json};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(200);

#[derive(clap::Args)]
pub struct Watch {
    #[command(flatten)]
    which: Which,
    /// Begin with the newest so many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    limit: usize,
}

pub fn run(context: &Context, args: &Watch) -> Result<Finish> {
    let project = context.project()?;
    let mut snapshot = project.store.snapshot()?;
    let selection = args.which.selection(&snapshot)?;
    print(context, &snapshot, &select(&snapshot, &Selection { limit: Some(args.limit), ..selection.clone() })?)?;
    loop {
        context.host.sleep(PAUSE);
        if project.store.find_head()? == Some(snapshot.commit) {
            continue;
        }
        let now = project.store.snapshot()?;
        let mut found = now.messages_since(snapshot.tree)?;
        found.records.retain(|message| selection.takes(message));
        print(context, &now, &found)?;
        snapshot = now;
    }
}

fn print(context: &Context, snapshot: &Snapshot<'_>, found: &Found<Message>) -> Result<()> {
    if context.ui.manner.json {
        found.records.iter().try_for_each(|message| context.ui.answer_json_line(&as_line(message)))?;
        return found.problems.iter().try_for_each(|problem| {
            let line = json!({ "schema": "aifactory.unreadable-message/1", "unreadable": unreadable(problem) });
            context.ui.answer_json_line(&line)
        });
    }
    let names = Names::of(snapshot)?;
    found.records.iter().try_for_each(|message| write_message(context, &names, message, 0))?;
    warn_about(context, &found.problems);
    Ok(())
}

fn as_line(message: &Message) -> Value {
    let mut value = serde_json::to_value(message).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.shift_insert(0, "schema".to_owned(), "aifactory.posted-message/1".into());
    }
    value
}
