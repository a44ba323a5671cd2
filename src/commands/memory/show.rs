//! `aifactory memory list` and `show`

use super::{is_inside_run, memory_of};
use crate::commands::{Context, Finish};
use crate::error::{Error, Result};
use crate::memory::source_of;
use crate::model::EventId;
use crate::model::note::{Note, NoteKind, NoteState};
use crate::model::text::escape_line;
use crate::store::Snapshot;
use crate::ui::{Columns, Style};
use serde_json::{Value, json};

#[derive(clap::Args)]
pub struct List {
    /// Only those that nobody has promoted or confirmed
    #[arg(long)]
    proposed: bool,
    /// Only those of a task
    #[arg(short, long, value_name = "ID")]
    task: Option<String>,
    /// Only those of this kind: outcome, learning or gotcha; repeatable
    #[arg(
        short, long = "kind", value_name = "KIND", hide_possible_values = true,
        value_parser = clap::builder::PossibleValuesParser::new(NoteKind::WORDS),
    )]
    kinds: Vec<String>,
}

pub fn list(context: &Context, args: &List) -> Result<Finish> {
    let project = context.project()?;
    let memory = memory_of(&project);
    let snapshot = project.store.snapshot()?;
    let task = args.task.as_deref().map(|id| snapshot.resolve(id)).transpose()?;
    let mut found = memory.all(&snapshot)?;
    found.records.retain(|(note, _)| {
        (!args.proposed || note.state == NoteState::Proposed)
            && (task.is_none() || note.task == task)
            && (args.kinds.is_empty() || args.kinds.iter().any(|kind| kind == note.kind.word()))
    });
    if is_inside_run(context) {
        let mut offered = Vec::new();
        for (note, is_stale) in found.records {
            if memory.offers(&note)? {
                offered.push((note, is_stale));
            }
        }
        found.records = offered;
    }
    if context.ui.manner.json {
        let notes: Vec<Value> =
            found.records.iter().map(|(note, is_stale)| note_json(note, *is_stale, &snapshot)).collect();
        let unreadable = found.problems.iter().map(|problem| json!({ "path": problem.path, "why": problem.message }));
        let unreadable: Vec<Value> = unreadable.collect();
        let answer = json!({ "schema": "aifactory.notes/1", "notes": notes, "unreadable": unreadable });
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    let names = snapshot.note_names()?;
    let mut columns = Columns::new(["id", "state", "kind", "task", "note"], 4);
    for (note, is_stale) in &found.records {
        let task = note.task.as_ref().map(|task| snapshot.short(task)).unwrap_or_default();
        let (style, state) = state_of(note, *is_stale);
        columns.row([
            (Style::Id, id_of(context, &note.id, &names)),
            (style, state),
            (Style::Plain, note.kind.word().to_owned()),
            (Style::Id, task),
            (Style::Plain, escape_line(&note.title()).into_owned()),
        ]);
    }
    if !columns.is_empty() {
        context.ui.answer(&columns.render(&context.ui))?;
    }
    for problem in &found.problems {
        context.ui.warn(&format!("note {} cannot be read: {} ({})", problem.name(), problem.message, problem.path));
    }
    Ok(Finish::Well)
}

pub fn show(context: &Context, typed: &str) -> Result<Finish> {
    let project = context.project()?;
    let memory = memory_of(&project);
    let snapshot = project.store.snapshot()?;
    let id = snapshot.resolve_note(typed)?;
    let note = snapshot.note(&id)?;
    let is_stale = memory.is_stale(&note)?;
    if is_inside_run(context) && !memory.offers(&note)? {
        let why = if is_stale { "none of its files are there" } else { "nobody has promoted or confirmed it" };
        return Err(
            Error::missing(format!("note {id} is not shown to agents: {why}")).hint("aifactory memory search <words>")
        );
    }
    if context.ui.manner.json {
        let mut answer = note_json(&note, is_stale, &snapshot);
        if let Value::Object(fields) = &mut answer {
            fields.shift_insert(0, "schema".to_owned(), "aifactory.note/1".into());
        }
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    write_head(context, &note, &source_of(&note, &snapshot), is_stale, &snapshot.note_names()?)?;
    let line = |name: &str, values: &[String]| match values.is_empty() {
        true => Ok(()),
        false => context.ui.answer_line(&format!("  {name}: {}", escape_line(&values.join(", ")))),
    };
    line("files", &note.files)?;
    line("tags", &note.tags)?;
    line("confirmed by", &note.confirmed_by.iter().map(|task| snapshot.short(task)).collect::<Vec<_>>())?;
    context.ui.answer_line("")?;
    context.ui.answer_foreign(&format!("{}\n", note.body))?;
    Ok(Finish::Well)
}

/// `01kdvbw5  gotcha  (task 7kq2, commit abc, promoted by ana)`
pub(super) fn write_head(context: &Context, note: &Note, source: &str, is_stale: bool, names: &[String]) -> Result<()> {
    let ui = &context.ui;
    let id = ui.paint(Style::Id, &id_of(context, &note.id, names));
    let stale = if is_stale { ui.paint(Style::Attention, "  stale: its files are gone") } else { String::new() };
    ui.answer_line(&format!("{id}  {}  ({source}){stale}", note.kind.word()))
}

fn id_of(context: &Context, id: &EventId, names: &[String]) -> String {
    let shown = if context.ui.out_is_terminal { id.short(names) } else { id.as_str() };
    escape_line(shown).into_owned()
}

fn state_of(note: &Note, is_stale: bool) -> (Style, String) {
    let word = note.state.word();
    match (is_stale, note.state) {
        (true, _) => (Style::Dim, format!("{word}, stale")),
        (false, NoteState::Promoted) => (Style::Good, word.to_owned()),
        (false, NoteState::Proposed) => (Style::Attention, word.to_owned()),
    }
}

pub(super) fn note_json(note: &Note, is_stale: bool, snapshot: &Snapshot<'_>) -> Value {
    let mut value = serde_json::to_value(note).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.insert("stale".to_owned(), is_stale.into());
        fields.insert("source".to_owned(), source_of(note, snapshot).into());
        fields.insert("text".to_owned(), note.body.clone().into());
    }
    value
}
