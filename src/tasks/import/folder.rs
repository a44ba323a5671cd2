//! A folder of Markdown files as a list of entries: every `*.md` below it but README.md and what is hidden.

use super::document::{self, Read};
use super::entry::{Entry, List};
use super::place::{Place, load, slashed};
use crate::error::{Context, Error, Result};
use crate::model::text::escape_line;
use crate::model::todo::folded;
use crate::model::{Source, Task};
use std::collections::{HashMap, HashSet};
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

pub(super) const SYSTEM: &str = "markdown";

/// More files than a person keeps; most likely the wrong folder was named.
const MOST_FILES: usize = 5_000;

pub(super) fn read(place: &Place) -> Result<List> {
    if !place.path.is_dir() {
        let name = escape_line(&place.name);
        return Err(
            Error::usage(format!("{name} is a file, not a folder")).hint(format!("for a to-do list: todo:{name}"))
        );
    }
    let mut list = List {
        system: SYSTEM,
        place: place.name.clone(),
        noun: "file",
        entries: Vec::new(),
        unread: HashSet::new(),
        warnings: Vec::new(),
        matching: Box::new(pair),
    };
    let mut named = Vec::new();
    for path in files(&place.path)? {
        let key = slashed(path.strip_prefix(&place.path).unwrap_or(&path));
        let text = load(&path, &place.name_of(&key))?;
        match document::read(place, &key, &text) {
            Ok(Read { entry, after, warnings }) => {
                list.entries.push(entry);
                list.warnings.extend(warnings);
                named.push(after);
            }
            Err(warning) => {
                list.warnings.push(warning);
                list.unread.insert(key);
            }
        }
    }
    resolve_dependencies(&mut list, &named);
    Ok(list)
}

/// The files to import, sorted. Links are not followed: they may lead anywhere, and in circles.
fn files(top: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = || format!("cannot list {}", folder.display());
        for entry in fs::read_dir(&folder).context(failed)? {
            let entry = entry.context(failed)?;
            let kind = entry.file_type().context(failed)?;
            if kind.is_dir() && !is_hidden(&entry) {
                folders.push(entry.path());
            } else if kind.is_file() && is_wanted(&entry) {
                files.push(entry.path());
            }
        }
        if files.len() > MOST_FILES {
            let message = format!("{} holds more than {MOST_FILES} Markdown files", top.display());
            return Err(Error::failed(message).hint("import one of the folders in it"));
        }
    }
    files.sort();
    Ok(files)
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

fn is_wanted(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
    name.ends_with(".md") && name != "readme.md" && !is_hidden(entry)
}

fn resolve_dependencies(list: &mut List, named: &[Vec<String>]) {
    let names = Names::of(&list.entries);
    let mut found = Vec::new();
    for (own, named) in named.iter().enumerate() {
        let mut after = Vec::new();
        for name in named {
            match names.find(name).filter(|index| *index != own) {
                Some(index) => after.push(index),
                None => {
                    let message = format!("{}: no other file is called `{}`", list.entries[own].at, escape_line(name));
                    list.warnings.push(message);
                }
            }
        }
        found.push(after);
    }
    for (entry, after) in list.entries.iter_mut().zip(found) {
        entry.after = after;
    }
}

/// What files are called by others: by path, by path without ending, by stem, by title. The first of each name counts.
struct Names(HashMap<String, usize>);

impl Names {
    fn of(entries: &[Entry]) -> Names {
        let mut names = HashMap::new();
        let kinds: [fn(&Entry) -> &str; 4] = [
            |entry| &entry.source.key,
            |entry| document::without_ending(&entry.source.key),
            |entry| document::stem(&entry.source.key),
            |entry| &entry.source.title,
        ];
        for kind in kinds {
            for (index, entry) in entries.iter().enumerate() {
                names.entry(folded(kind(entry))).or_insert(index);
            }
        }
        Names(names)
    }

    fn find(&self, name: &str) -> Option<usize> {
        let name = folded(name);
        let plain = name.strip_prefix("./").unwrap_or(&name);
        self.0.get(plain).copied()
    }
}

/// First by path, then by title: the file was moved.
fn pair(entries: &[Entry], known: &[Task]) -> Vec<Option<usize>> {
    let names: [fn(&Source) -> String; 2] = [|source| source.key.clone(), |source| folded(&source.title)];
    let mut pairs = vec![None; entries.len()];
    let mut taken = HashSet::new();
    for name in names {
        let mut free = HashMap::new();
        for (index, task) in known.iter().enumerate().filter(|(index, _)| !taken.contains(index)) {
            if let Some(source) = &task.source {
                free.entry(name(source)).or_insert(index);
            }
        }
        for (pair, entry) in pairs.iter_mut().zip(entries).filter(|(pair, _)| pair.is_none()) {
            *pair = free.remove(&name(&entry.source));
            taken.extend(*pair);
        }
    }
    pairs
}
