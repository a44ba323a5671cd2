//! `aifactory memory add`

use super::{is_inside_run, memory_of};
use crate::agent::AgentEvent;
use crate::commands::{Context, Finish, inside, text_of};
use crate::error::Result;
use crate::host::files::without_dots;
use crate::memory::{Added, NewNote};
use crate::model::note::{Learnt, NoteKind};
use crate::tasks::{Project, require_text};
use serde_json::json;

#[derive(clap::Args)]
pub struct Add {
    /// What should be known; read from standard input where it is left out
    text: Option<String>,
    /// learning, gotcha or outcome
    #[arg(
        short, long, default_value = "learning", hide_possible_values = true,
        value_parser = clap::builder::PossibleValuesParser::new(NoteKind::WORDS),
    )]
    kind: String,
    /// A file or folder that it speaks of, from where you are; repeatable
    #[arg(short = 'a', long = "about", value_name = "PATH")]
    files: Vec<String>,
    /// A word to find it by; repeatable
    #[arg(long = "tag", value_name = "WORD")]
    tags: Vec<String>,
    /// The task that taught it
    #[arg(short, long, value_name = "ID")]
    task: Option<String>,
    /// Leave it to somebody else to promote it
    #[arg(long)]
    propose: bool,
}

pub fn run(context: &Context, args: &Add) -> Result<Finish> {
    let text = require_text(&text_of(context, args.text.as_deref())?)?.to_owned();
    if is_inside_run(context) {
        // Where its sandbox hides the project from the agent, files stay as they were typed.
        let files = match context.project() {
            Ok(project) => in_project(context, &project, &args.files),
            Err(_) => args.files.clone(),
        };
        inside::leave(context, "memory", &AgentEvent::Learned { kind: args.kind.clone(), text, files })?;
        return Ok(Finish::Well);
    }
    let project = context.project_for_writing()?;
    let task = args.task.as_deref().map(|id| project.store.snapshot()?.resolve(id)).transpose()?;
    let kind = NoteKind::parse(&args.kind).unwrap_or(NoteKind::Learning);
    let learnt = Learnt { kind, text, files: in_project(context, &project, &args.files) };
    let new = NewNote { learnt, tags: args.tags.clone(), task, propose: args.propose };
    let added = memory_of(&project).add(&project.person(), &new)?;
    let (id, became, note) = match &added {
        Added::New(id) if args.propose => (id, "proposed", None),
        Added::New(id) => (id, "promoted", None),
        Added::Promoted(id) => (id, "promoted", Some("a note that says the same was there, and is promoted now")),
        Added::Known(id) => (id, "known", Some("a note that says the same was there already")),
    };
    note.into_iter().for_each(|note| context.ui.note(note));
    match context.ui.manner.json {
        true => context.ui.answer_json(&json!({ "schema": "aifactory.note-added/1", "id": id, "became": became }))?,
        false => context.ui.answer_line(id.as_str())?,
    }
    Ok(Finish::Well)
}

/// Paths as they are seen from the top of the project.
pub(super) fn in_project(context: &Context, project: &Project, files: &[String]) -> Vec<String> {
    let root = project.repository().worktree_root();
    let from_top = |file: &String| {
        let root = root.as_ref()?;
        let path = without_dots(&context.folder.join(file));
        let inner = path.strip_prefix(root).ok()?.to_str()?.to_owned();
        (!inner.is_empty()).then_some(if file.ends_with('/') { format!("{inner}/") } else { inner })
    };
    files.iter().map(|file| from_top(file).unwrap_or_else(|| file.clone())).collect()
}
