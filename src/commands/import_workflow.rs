//! `aifactory import workflow config.yml`: definitions of Nomafin's factory as files in the working tree.

use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::host::files;
use crate::model::text::{count, escape_line};
use crate::ui::Style;
use crate::workflow::{Imported, Library, read_config};
use serde_json::json;
use std::path::{Component, Path, PathBuf};

const LARGEST_FILE: u64 = 1024 * 1024;
const LARGEST_PROMPT: u64 = 200 * 1024;

pub struct Wish<'a> {
    pub file: &'a Path,
    pub dry_run: bool,
    /// Replace files that are there.
    pub force: bool,
}

pub fn run(context: &Context, wish: &Wish<'_>) -> Result<Finish> {
    let project = context.project()?;
    context.refuse_inside_run(&project)?;
    let root = project.repository().worktree_root();
    let root = root.ok_or_else(|| Error::failed("a bare repository has no files to write definitions to"))?;
    let file = context.folder.join(wish.file);
    let shown = escape_line(&wish.file.to_string_lossy()).into_owned();
    let text = files::load_bounded_text(&file, LARGEST_FILE)?;
    let text = text.ok_or_else(|| Error::missing(format!("there is no file {shown}")))?;
    let folder = files::real_path(file.parent().unwrap_or(&context.folder));
    let read = read_config(&text, Library::of(&project)?, &|prompt| load_prompt(&folder, prompt));
    let imported = read.map_err(|error| Error::failed(format!("{shown}: {}", error.full_text())))?;
    let taken: Vec<String> = imported
        .files
        .iter()
        .map(|file| file.path())
        .filter(|path| root.join(path).symlink_metadata().is_ok())
        .collect();
    if !taken.is_empty() && !wish.force {
        return Err(Error::failed(format!("{} {} there already", taken.join(", "), verb(taken.len())))
            .hint("to replace them: --force"));
    }
    if !wish.dry_run {
        for file in &imported.files {
            require_inside(&root, &file.path())?;
        }
        for file in &imported.files {
            files::write_text(&root.join(file.path()), &file.text)?;
        }
    }
    report(context, wish, &imported)
}

/// A link in the working tree must not lead our files somewhere else.
fn require_inside(root: &Path, path: &str) -> Result<()> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    match files::real_path(&root.join(folder)) == files::real_path(root).join(folder) {
        true => Ok(()),
        false => Err(Error::failed(format!("{} is reached by a link; nothing was written", folder.display()))),
    }
}

fn verb(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// A prompt that the configuration names, if it lies beside it: what is written goes into the repository.
fn load_prompt(folder: &Path, named: &str) -> Result<String> {
    let path = Path::new(named);
    let is_below = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let real: PathBuf = files::real_path(&folder.join(path));
    if !is_below || !real.starts_with(folder) {
        return Err(Error::failed(format!("{} is not below the folder of the configuration", escape_line(named))));
    }
    let text = files::load_bounded_text(&real, LARGEST_PROMPT)?;
    text.ok_or_else(|| Error::missing(format!("there is no file {}", escape_line(named))))
}

fn report(context: &Context, wish: &Wish<'_>, imported: &Imported) -> Result<Finish> {
    let ui = &context.ui;
    if ui.manner.json {
        let files: Vec<_> = imported
            .files
            .iter()
            .map(|file| json!({ "kind": file.kind.word(), "name": file.name, "path": file.path() }))
            .collect();
        ui.answer_json(&json!({
            "schema": "aifactory.import-workflow/1", "files": files, "notes": imported.notes, "dry_run": wish.dry_run,
        }))?;
        return Ok(Finish::Well);
    }
    for note in &imported.notes {
        ui.note(&escape_line(note));
    }
    for file in &imported.files {
        let word = if wish.dry_run { "would write" } else { "wrote" };
        ui.note(&format!("{word} {}", ui.paint_err(Style::Id, &file.path())));
    }
    if imported.files.is_empty() {
        return Err(Error::failed("nothing of it could be taken over"));
    }
    if !wish.dry_run {
        let what = count(imported.files.len(), "file");
        ui.hint(&format!("look at the {what}, and commit what you want on the target branch: nothing counts before"));
    }
    Ok(Finish::Well)
}
