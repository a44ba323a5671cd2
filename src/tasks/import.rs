//! Tasks from files people keep anyway: a `TODO.md`, or a folder with one Markdown file per task.
//!
//! A list is read and understood first, outside of any transaction; then one transaction pairs its entries with the
//! tasks of earlier imports and writes only what differs. Importing twice changes nothing, and an import that changes
//! nothing writes no commit. The files belong to the person: only [`write_back`] changes one, and only its marks.
//!
//! Where a file and a task disagree, what the last import saw decides. A title, spec or plan that changed in the file
//! is taken over; a spec or plan that changed on both sides stays as the task has it, with a warning. The file closes
//! tasks, but never opens one again; priority, risk and parent are the task's own once it exists.

mod document;
mod entry;
mod folder;
mod graph;
mod marks;
mod past;
mod place;
mod reconcile;
#[cfg(test)]
mod tests;
mod todo;

pub use marks::{WrittenBack, write_back};

use super::Project;
use crate::error::{Error, Result};
use crate::model::TaskId;
use crate::model::text::escape_line;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRequest {
    /// The file or folder as it was typed: absolute, or relative to the current folder.
    pub place: PathBuf,
    pub kind: ImportKind,
    /// Say what would happen and write nothing. The ids of new tasks are then only counted, not kept.
    pub dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    /// A list with a mark in brackets on each item.
    Todo,
    /// Markdown files, one task each.
    Folder,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    pub created: Vec<TaskId>,
    pub changed: Vec<TaskId>,
    pub unchanged: usize,
    /// Open tasks of earlier imports that the file no longer names. They are reported and left alone.
    pub missing: Vec<TaskId>,
    /// `TODO.md:12: what is odd there`.
    pub warnings: Vec<String>,
}

pub fn import(project: &Project, request: &ImportRequest) -> Result<Imported> {
    let place = place::Place::find(project, &request.place)?;
    let list = match request.kind {
        ImportKind::Todo => todo::read(&place)?,
        ImportKind::Folder => folder::read(&place)?,
    };
    reconcile::reconcile(project, &list, request.dry_run)
}

/// Reads `todo:TODO.md`, `folder:backlog`, or a bare path that can only be one of them.
pub fn parse_source(text: &str) -> Result<ImportRequest> {
    let (kind, place) = match text.split_once(':') {
        Some(("todo", place)) => (Some(ImportKind::Todo), place),
        Some(("folder", place)) => (Some(ImportKind::Folder), place),
        _ => (find_kind(Path::new(text)), text),
    };
    match kind {
        Some(kind) if !place.is_empty() => Ok(ImportRequest { place: PathBuf::from(place), kind, dry_run: false }),
        Some(_) => Err(Error::usage(format!("`{}` names no file", escape_line(text))).hint(SHAPES)),
        None => {
            Err(Error::usage(format!("`{}` could be a to-do list or something else", escape_line(text))).hint(SHAPES))
        }
    }
}

const SHAPES: &str = "write todo:<file> for a list such as TODO.md, or folder:<folder> for one Markdown file per task";

/// What a bare path can only mean, if that is clear.
fn find_kind(path: &Path) -> Option<ImportKind> {
    if path.is_dir() {
        return Some(ImportKind::Folder);
    }
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    (name.ends_with(".md") && name.contains("todo")).then_some(ImportKind::Todo)
}
