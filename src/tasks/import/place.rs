//! Where an import comes from: the path to read, and the name that tasks remember.

use crate::error::{Context, Error, Result};
use crate::model::text::escape_line;
use crate::tasks::Project;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

/// The store takes no longer text, and nobody keeps a longer list by hand.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Absolute, with links followed.
    pub path: PathBuf,
    /// Relative to the top of the worktree if it lies inside, so that every clone calls it the same.
    pub name: String,
}

impl Place {
    pub fn find(project: &Project, typed: &Path) -> Result<Place> {
        let path = typed.canonicalize().map_err(|error| not_found(typed, error))?;
        let root = project.repository().worktree_root();
        let inside = root.and_then(|root| path.strip_prefix(root).ok().map(slashed));
        let name = match inside {
            Some(top) if top.is_empty() => ".".to_owned(),
            Some(inside) => inside,
            None => path.to_string_lossy().into_owned(),
        };
        Ok(Place { path, name })
    }

    /// What people call something in this folder.
    pub fn name_of(&self, key: &str) -> String {
        match self.name.as_str() {
            "." => key.to_owned(),
            name => format!("{name}/{key}"),
        }
    }
}

/// The names of a relative path, joined the same way on every system.
pub(super) fn slashed(path: &Path) -> String {
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    names.collect::<Vec<_>>().join("/")
}

fn not_found(typed: &Path, error: std::io::Error) -> Error {
    let shown = typed.display().to_string();
    let shown = escape_line(&shown);
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Error::missing(format!("there is no file or folder {shown}"))
            .hint("paths are relative to the current folder"),
        _ => Error::failed(format!("cannot read {shown}")).caused_by(error),
    }
}

/// The text of a plain file; `name` is what messages call it.
pub(super) fn load(path: &Path, name: &str) -> Result<String> {
    let failed = || format!("cannot read {}", escape_line(name));
    let mut bytes = Vec::new();
    // Opening a pipe would wait for its writer, so what it is has to be known first.
    if !path.metadata().context(failed)?.is_file() {
        return Err(Error::failed(format!("{}: it is not a plain file", failed())));
    }
    let file = File::open(path).context(failed)?;
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).context(failed)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(Error::failed(format!("{}: it is larger than 4 MiB", failed())).hint("split it into smaller files"));
    }
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    text.ok_or_else(|| Error::failed(format!("{}: it is not UTF-8 text", failed())).hint("nothing was imported"))
}
