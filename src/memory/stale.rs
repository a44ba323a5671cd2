//! Whether what a note speaks of is still there.

use crate::error::Result;
use crate::git::{Oid, Repository};
use crate::model::note::Note;
use std::cell::RefCell;
use std::collections::HashMap;

/// The files of one commit, looked up once each.
pub struct Here<'r> {
    repository: &'r Repository,
    tree: Option<Oid>,
    known: RefCell<HashMap<String, bool>>,
}

impl<'r> Here<'r> {
    pub fn at(repository: &'r Repository, commit: Option<Oid>) -> Result<Here<'r>> {
        let tree = commit.map(|commit| repository.tree_of(commit)).transpose()?;
        Ok(Here { repository, tree, known: RefCell::default() })
    }

    /// It speaks of files, and none of them is there. What cannot be looked up counts as there.
    pub fn is_stale(&self, note: &Note) -> bool {
        let Some(tree) = self.tree.filter(|_| !note.files.is_empty()) else { return false };
        !note.files.iter().any(|file| self.has(tree, file))
    }

    fn has(&self, tree: Oid, file: &str) -> bool {
        let path = file.trim_start_matches("./").trim_end_matches('/');
        // Of a pattern, the folder that it looks into.
        let fixed = match path.split_once('*') {
            Some((before, _)) => before.rsplit_once('/').map_or("", |(folder, _)| folder),
            None => path,
        };
        if fixed.is_empty() {
            return true;
        }
        if let Some(known) = self.known.borrow().get(fixed) {
            return *known;
        }
        let is_there = self.repository.find_entry(tree, fixed).map_or(true, |entry| entry.is_some());
        self.known.borrow_mut().insert(fixed.to_owned(), is_there);
        is_there
    }
}
