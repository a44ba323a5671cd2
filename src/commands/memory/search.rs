//! `aifactory memory search`

use super::add::in_project;
use super::show::{note_json, write_head};
use super::{is_inside_run, memory_of};
use crate::commands::{Context, Finish};
use crate::error::Result;
use crate::memory::Query;
use crate::model::text::escape;
use serde_json::{Value, json};

#[derive(clap::Args)]
pub struct Search {
    /// What it is about: any of these words
    #[arg(required_unless_present = "files", value_name = "WORD")]
    words: Vec<String>,
    /// A file or folder that it is about, from where you are; repeatable
    #[arg(short = 'a', long = "about", value_name = "PATH")]
    files: Vec<String>,
    /// Also notes that are only proposed, and stale ones
    #[arg(long)]
    all: bool,
    /// At most this many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    limit: usize,
}

pub fn run(context: &Context, args: &Search) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let (text, files) = (args.words.join(" "), in_project(context, &project, &args.files));
    let query = Query { text: &text, files: &files, limit: args.limit, bytes: usize::MAX };
    let memory = memory_of(&project);
    let offer = match args.all && !is_inside_run(context) {
        true => memory.search(&snapshot, &query)?,
        false => memory.relevant(&snapshot, &query)?,
    };
    if let Some(warning) = &offer.warning {
        context.ui.warn(warning);
    }
    if context.ui.manner.json {
        let notes = offer.notes.iter().map(|found| {
            let mut note = note_json(&found.note, found.is_stale, &snapshot);
            note["score"] = json!(found.score);
            note["found_by"] = found.found_by.iter().map(|how| how.word()).collect();
            note["likeness"] = json!(found.likeness);
            note
        });
        let notes: Vec<Value> = notes.collect();
        context
            .ui
            .answer_json(&json!({ "schema": "aifactory.notes-found/1", "notes": notes, "warning": offer.warning }))?;
        return Ok(Finish::Well);
    }
    let names = snapshot.note_names()?;
    for found in &offer.notes {
        write_head(context, &found.note, &found.source, found.is_stale, &names)?;
        found.note.body.lines().try_for_each(|line| context.ui.answer_line(&format!("    {}", escape(line))))?;
    }
    if offer.notes.is_empty() {
        context.ui.note("nothing found");
    }
    Ok(Finish::Well)
}
