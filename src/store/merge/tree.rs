//! The three-way walk over two states and what they had in common. Whatever is the same object on two sides is not
//! opened, so the cost grows with what changed and not with what exists.

use super::folder::{Files, FolderMerge, Merged, Sides, files_of};
use crate::error::Result;
use crate::git::{Edit, Entry, EntryKind, Oid, Repository};
use crate::model::note::Note;
use crate::model::{Digest, EventId, TaskId};
use crate::store::layout;
use std::collections::{BTreeMap, BTreeSet};

/// What came together.
#[derive(Debug, Default)]
pub struct MergedTree {
    pub tree: Option<Oid>,
    /// Tasks that only the other side had changed.
    pub came: BTreeSet<TaskId>,
    /// Tasks that only this side had changed.
    pub went: BTreeSet<TaskId>,
    /// Tasks that both had changed.
    pub merged: BTreeSet<TaskId>,
    /// Files outside of tasks that came, and that went.
    pub other: (usize, usize),
    pub notes: Vec<String>,
}

/// A file or folder of one side; nothing where it is not there.
type Node = Option<(EntryKind, Oid)>;

struct Walk<'r> {
    repository: &'r Repository,
    /// Ours and theirs.
    roots: [Oid; 2],
    edits: Vec<Edit>,
    merged: MergedTree,
}

/// Merges `ours` into `theirs`. All three are root trees.
pub fn merge_trees(repository: &Repository, base: Option<Oid>, ours: Oid, theirs: Oid) -> Result<MergedTree> {
    let mut walk = Walk { repository, roots: [ours, theirs], edits: Vec::new(), merged: MergedTree::default() };
    let folder = |tree: Oid| Some((EntryKind::Tree, tree));
    walk.visit(String::new(), base.and_then(folder), folder(ours), folder(theirs))?;
    let tree = match walk.edits.is_empty() {
        true => theirs,
        false => repository.edit_tree(Some(theirs), walk.edits)?,
    };
    walk.merged.tree = Some(tree);
    Ok(walk.merged)
}

impl Walk<'_> {
    fn visit(&mut self, path: String, base: Node, ours: Node, theirs: Node) -> Result<()> {
        if ours == theirs {
            return Ok(());
        }
        if let Some(id) = task_at(&path) {
            return self.task(&id, &path, base, ours, theirs);
        }
        let is_tree = |node: Node| node.is_some_and(|(kind, _)| kind == EntryKind::Tree);
        if !is_tree(ours) && !is_tree(theirs) {
            return self.file(path, base, ours, theirs);
        }
        let (b, o, t) = (self.children(base)?, self.children(ours)?, self.children(theirs)?);
        let names: BTreeSet<&String> = o.keys().chain(t.keys()).chain(b.keys()).collect();
        for name in names {
            let below = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            let node = |side: &BTreeMap<String, (EntryKind, Oid)>| side.get(name).copied();
            self.visit(below, node(&b), node(&o), node(&t))?;
        }
        Ok(())
    }

    fn children(&self, node: Node) -> Result<BTreeMap<String, (EntryKind, Oid)>> {
        let Some((EntryKind::Tree, oid)) = node else { return Ok(BTreeMap::new()) };
        let entries = self.repository.entries(oid)?;
        Ok(entries.into_iter().map(|Entry { name, kind, oid }| (name, (kind, oid))).collect())
    }

    fn task(&mut self, id: &TaskId, path: &str, base: Node, ours: Node, theirs: Node) -> Result<()> {
        match (ours, theirs) {
            // Nobody deletes tasks: a side that has none has lost it, and gets it back.
            (None, None) => {
                self.merged.notes.push(format!("task {id} was missing and is back"));
                self.graft(path, base);
                return Ok(());
            }
            (Some(_), None) => {
                if base.is_some() {
                    self.merged.notes.push(format!("task {id} was missing on the remote and is back"));
                }
                self.merged.went.insert(id.clone());
                self.graft(path, ours);
                return Ok(());
            }
            (Some(_), Some(_)) if theirs == base => {
                self.merged.went.insert(id.clone());
                self.graft(path, ours);
                return Ok(());
            }
            (None, _) => drop(self.merged.came.insert(id.clone())),
            _ if ours == base => drop(self.merged.came.insert(id.clone())),
            _ => drop(self.merged.merged.insert(id.clone())),
        }
        let incoming_only = ours.is_none() || ours == base;
        let sides = Sides {
            base: self.files(base)?,
            ours: if incoming_only { None } else { self.files(ours)? },
            theirs: self.files(theirs)?,
        };
        let merged = FolderMerge { repository: self.repository, id }.merge(&sides)?;
        self.merged.notes.extend(merged.notes);
        let there = sides.theirs.unwrap_or_default();
        for (name, file) in merged.files {
            self.put(format!("{path}/{name}"), there.get(&name).copied(), file)?;
        }
        Ok(())
    }

    fn files(&self, node: Node) -> Result<Option<Files>> {
        match node {
            Some((EntryKind::Tree, tree)) => files_of(self.repository, tree).map(Some),
            _ => Ok(None),
        }
    }

    /// A file that no rule knows, or one that is written once and never changed.
    fn file(&mut self, path: String, base: Node, ours: Node, theirs: Node) -> Result<()> {
        let note = layout::note_of_path(&path);
        // A removed note leaves none of its words behind, wherever they came together before.
        let of_note = note.clone().or_else(|| layout::note_of_attic_path(&path));
        if of_note.as_ref().map(|id| self.is_removed(id)).transpose()? == Some(true) {
            if theirs.is_some() {
                self.edits.push(Edit::Remove { path });
            }
            return Ok(());
        }
        match (ours, theirs) {
            (None, None) => self.graft(&path, base),
            (None, Some(_)) => self.merged.other.0 += 1,
            _ if ours == base && theirs.is_some() => self.merged.other.0 += 1,
            (Some(_), None) => {
                self.merged.other.1 += 1;
                self.graft(&path, ours);
            }
            _ if theirs == base => {
                self.merged.other.1 += 1;
                self.graft(&path, ours);
            }
            (Some((_, one)), Some((_, other))) => {
                let is_joined = note.is_some() && self.join_notes(&path, base, one, other)?;
                if !is_joined {
                    self.keep_both(path, one, other)?;
                }
            }
        }
        Ok(())
    }

    /// Either side says that the note was removed.
    fn is_removed(&self, note: &EventId) -> Result<bool> {
        let tomb = layout::tomb(note);
        for root in self.roots {
            if self.repository.find_entry(root, &tomb)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Both sides changed a note: see [`Note::joined`]. Words that were written and do not stand go to the attic. False
    /// where one of them is no note.
    fn join_notes(&mut self, path: &str, base: Node, one: Oid, other: Oid) -> Result<bool> {
        let read = |oid: Oid| -> Result<Option<Note>> {
            let text = self.repository.read_blob(oid)?;
            Ok(std::str::from_utf8(&text).ok().and_then(|text| Note::parse(text).ok()))
        };
        let (Some(a), Some(b)) = (read(one)?, read(other)?) else { return Ok(false) };
        let before = base.map(|(_, oid)| read(oid)).transpose()?.flatten().map(|note| note.statement());
        let joined = a.joined(&b);
        let stands = joined.statement();
        for lost in [&a, &b].map(Note::statement) {
            if lost != stands && Some(&lost) != before.as_ref() {
                let name = path.rsplit('/').next().unwrap_or_default();
                let attic = format!("{}/{}-{name}", layout::ATTIC, &Digest::of(&lost).hex()[..10]);
                self.merged.notes.push(format!("{path} was changed on both sides; the other version is {attic}"));
                self.edits.push(Edit::Put { path: attic, content: lost.into_bytes() });
            }
        }
        self.merged.other.0 += 1;
        self.edits.push(Edit::Put { path: path.to_owned(), content: joined.to_text().into_bytes() });
        Ok(true)
    }

    /// Both sides changed a file: the greater content stays in place, the other goes to the attic.
    fn keep_both(&mut self, path: String, one: Oid, other: Oid) -> Result<()> {
        let (a, b) = (self.repository.read_blob(one)?, self.repository.read_blob(other)?);
        let (kept, lost) = if a >= b { (one, b) } else { (other, a) };
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let attic = format!("{}/{}-{name}", layout::ATTIC, &Digest::of(&lost).hex()[..10]);
        self.merged.notes.push(format!("{path} was changed on both sides; the other version is {attic}"));
        self.merged.other.0 += 1;
        self.edits.push(Edit::Graft { path, kind: EntryKind::Blob, oid: kept });
        self.edits.push(Edit::Put { path: attic, content: lost });
        Ok(())
    }

    fn graft(&mut self, path: &str, node: Node) {
        if let Some((kind, oid)) = node {
            self.edits.push(Edit::Graft { path: path.to_owned(), kind, oid });
        }
    }

    fn put(&mut self, path: String, there: Option<Oid>, file: Merged) -> Result<()> {
        match file {
            Merged::Same(oid) if Some(oid) == there => {}
            Merged::Same(oid) => self.edits.push(Edit::Graft { path, kind: EntryKind::Blob, oid }),
            Merged::New(content) => {
                let same = match there {
                    Some(oid) => self.repository.read_blob(oid)? == content,
                    None => false,
                };
                if !same {
                    self.edits.push(Edit::Put { path, content });
                }
            }
        }
        Ok(())
    }
}

/// The task whose folder a path is, exactly.
fn task_at(path: &str) -> Option<TaskId> {
    let id = layout::task_of_path(path)?;
    (layout::task_folder(&id) == path).then_some(id)
}
