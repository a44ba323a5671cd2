//! A message on paper: who, to whom, about what, and the words.

use crate::commands::Context;
use crate::error::Result;
use crate::model::message::Message;
use crate::model::text::{escape, escape_line};
use crate::store::Snapshot;
use crate::ui::Style;

/// Replies stand this much further right, down to some depth.
const INDENT: usize = 2;
const DEEPEST: usize = 10;

/// All messages there are, and all tasks: how short an id may be.
pub struct Names<'s> {
    snapshot: &'s Snapshot<'s>,
    messages: Vec<String>,
}

impl<'s> Names<'s> {
    pub fn of(snapshot: &'s Snapshot<'s>) -> Result<Names<'s>> {
        Ok(Names { snapshot, messages: snapshot.message_names()? })
    }
}

pub fn write_message(context: &Context, names: &Names<'_>, message: &Message, depth: usize) -> Result<()> {
    let ui = &context.ui;
    let indent = " ".repeat(INDENT * depth.min(DEEPEST));
    let id = match ui.out_is_terminal {
        true => message.id.short(&names.messages),
        false => message.id.as_str(),
    };
    let about = message.task.as_ref().map(|id| format!("  {}", ui.paint(Style::Id, &names.snapshot.short(id))));
    let to = message.to.as_deref().map(|to| format!(" to {}", escape_line(to))).unwrap_or_default();
    let (id, when) = (ui.paint(Style::Id, &escape_line(id)), ui.paint(Style::Dim, &message.at.readable()));
    let (about, from, kind) = (about.unwrap_or_default(), escape_line(&message.from), message.kind.word());
    ui.answer_line(&format!("{indent}{id}  {when}{about}  {from}{to}  {kind}"))?;
    message.text.lines().try_for_each(|line| ui.answer_line(&format!("{indent}    {}", escape(line))))
}
