//! One task, from the files of two or three sides: its events are the union, and everything else that can follow from
//! them follows from them. Nothing depends on which side is whose.

use super::claims::reapply;
use super::lines::{Line, Lines};
use crate::error::{Context, Result};
use crate::git::{EntryKind, Oid, Repository};
use crate::model::folder::{Folded, fold_with_texts};
use crate::model::replay::unified_diff;
use crate::model::run::RunRecord;
use crate::model::{
    Change, Digest, Event, Hlc, Task, TaskId, TextFile, fold, human_changes, parse_record, write_record,
};
use std::collections::{BTreeMap, BTreeSet};

const RECORD: &str = "task.toml";
const EVENTS: &str = "events.jsonl";

/// The files of a task, by their path in its folder.
pub type Files = BTreeMap<String, Oid>;

pub struct Sides {
    pub base: Option<Files>,
    pub ours: Option<Files>,
    pub theirs: Option<Files>,
}

/// What a file of the merged task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    Same(Oid),
    New(Vec<u8>),
}

pub struct MergedFolder {
    pub files: BTreeMap<String, Merged>,
    /// What somebody should know, in words.
    pub notes: Vec<String>,
}

/// One side, read as far as it can be read.
struct Side {
    lines: Lines,
    record: Option<Task>,
    files: Files,
}

pub struct FolderMerge<'r> {
    pub repository: &'r Repository,
    pub id: &'r TaskId,
}

impl FolderMerge<'_> {
    pub fn merge(&self, sides: &Sides) -> Result<MergedFolder> {
        let mut notes = Vec::new();
        let base = self.side(sides.base.as_ref(), None, &mut Vec::new())?;
        let theirs = self.side(sides.theirs.as_ref(), Some(&base), &mut notes)?;
        let mut ours = self.side(sides.ours.as_ref(), Some(&base), &mut notes)?;
        if sides.ours.is_some() && sides.theirs.is_some() {
            ours.lines = reapply(self.id, &ours.lines, &theirs.lines);
        }
        let mut lines = base.lines.clone();
        lines.take_all(&theirs.lines);
        lines.take_all(&ours.lines);
        let all = [&base, &ours, &theirs];
        let mut files = self.other_files(&all)?;
        let events = lines.events();
        let known = |digest: &Digest| self.find_text(&all, digest);
        let Some(mut folded) = fold_with_texts(self.id, &events, &known) else {
            // No event creates it: nothing can be said about it, so it stays as it came.
            notes.push(format!("task {}: no event creates it, so it is kept as it came", self.id));
            let kept = theirs.files.iter().chain(&ours.files).map(|(path, oid)| (path.clone(), Merged::Same(*oid)));
            return Ok(MergedFolder { files: kept.collect(), notes });
        };
        folded.task.unknown = unknown_fields(&all);
        self.put_texts(&mut files, &folded, &all)?;
        for (path, text) in lines.set_aside_files() {
            files.insert(path, Merged::New(text.into_bytes()));
        }
        if !lines.set_aside.is_empty() {
            notes.push(format!("task {}: lines that are no events were set aside in its attic", self.id));
        }
        files.insert(EVENTS.to_owned(), Merged::New(lines.to_text().into_bytes()));
        files.insert(RECORD.to_owned(), Merged::New(write_record(&folded.task).into_bytes()));
        Ok(MergedFolder { files, notes })
    }

    fn side(&self, files: Option<&Files>, base: Option<&Side>, notes: &mut Vec<String>) -> Result<Side> {
        let Some(files) = files else { return Ok(Side { lines: Lines::default(), record: None, files: Files::new() }) };
        let mut lines = Lines::parse(&self.text(files, EVENTS)?.unwrap_or_default());
        let text = self.text(files, RECORD)?.unwrap_or_default();
        let parsed = parse_record(&text).ok().filter(|parsed| parsed.task.id == *self.id);
        if parsed.is_none() && !text.is_empty() && base.is_some() {
            notes.push(format!("task {}: its record could not be read and was written anew from its events", self.id));
        }
        if let Some(parsed) = parsed.as_ref().filter(|parsed| parsed.edited_by_hand) {
            take_over_record(self.id, &mut lines, &parsed.task, &text);
        }
        let record = parsed.map(|parsed| parsed.task);
        for file in [TextFile::Spec, TextFile::Plan] {
            let same = base.is_some_and(|base| base.files.get(file.file_name()) == files.get(file.file_name()));
            if !same && base.is_some() {
                self.take_over_text(&mut lines, files, file, base)?;
            }
        }
        Ok(Side { lines, record, files: files.clone() })
    }

    /// A text that no event leads to was edited in the tree by hand; the edit becomes an event that every clone makes
    /// the same.
    fn take_over_text(&self, lines: &mut Lines, files: &Files, file: TextFile, base: Option<&Side>) -> Result<()> {
        let Some(text) = self.text(files, file.file_name())? else { return Ok(()) };
        let digest = Digest::of(&text);
        let is_told = lines.events.values().any(|line| match &line.event.change {
            Change::Text { file: of, to, .. } | Change::TextSeen { file: of, to, .. } => *of == file && *to == digest,
            _ => false,
        });
        if is_told {
            return Ok(());
        }
        let events = lines.events();
        let known = |wanted: &Digest| {
            base.and_then(|base| self.text(&base.files, file.file_name()).ok().flatten())
                .filter(|text| Digest::of(text) == *wanted)
        };
        let Some(folded) = fold_with_texts(self.id, &events, &known) else { return Ok(()) };
        let current = match file {
            TextFile::Spec => folded.task.spec.clone(),
            TextFile::Plan => folded.task.plan.clone(),
        };
        if current.as_ref() == Some(&digest) {
            // What a merge made of several versions.
            return Ok(());
        }
        let old = match (&current, folded.replayed.get(&file)) {
            (_, Some(replayed)) => Some(replayed.text.clone()),
            (Some(current), None) => known(current),
            (None, None) => None,
        };
        let from = current.filter(|_| old.is_some());
        let diff = unified_diff(old.as_deref().unwrap_or_default(), &text);
        lines.add(by_hand(lines, &digest, Change::Text { file, from, to: digest.clone(), diff }));
        Ok(())
    }

    /// Spec and plan as the events have them, and what conflicts left of them.
    fn put_texts(&self, files: &mut BTreeMap<String, Merged>, folded: &Folded, all: &[&Side]) -> Result<()> {
        for (file, digest) in [(TextFile::Spec, &folded.task.spec), (TextFile::Plan, &folded.task.plan)] {
            let Some(digest) = digest else { continue };
            let name = file.file_name();
            let found = match folded.replayed.get(&file) {
                Some(replayed) => Some(Merged::New(replayed.text.clone().into_bytes())),
                None => self.blob_of(all, name, digest)?,
            };
            let found = match found {
                Some(found) => Some(found),
                None => self.find_text(all, digest).map(|text| Merged::New(text.into_bytes())),
            };
            // A version that nobody has is left as the sides have it.
            let found =
                found.or_else(|| all.iter().rev().find_map(|side| side.files.get(name)).map(|oid| Merged::Same(*oid)));
            files.extend(found.map(|found| (name.to_owned(), found)));
        }
        files.extend(folded.attic().into_iter().map(|(path, text)| (path, Merged::New(text.into_bytes()))));
        Ok(())
    }

    /// The file of a side that has exactly this content.
    fn blob_of(&self, all: &[&Side], name: &str, digest: &Digest) -> Result<Option<Merged>> {
        let oids: BTreeSet<Oid> = all.iter().filter_map(|side| side.files.get(name)).copied().collect();
        for oid in oids {
            if Digest::of(self.repository.read_blob(oid)?) == *digest {
                return Ok(Some(Merged::Same(oid)));
            }
        }
        Ok(None)
    }

    /// A version of a text: among the files of the sides, or kept beside the task because it was too long for its event.
    fn find_text(&self, all: &[&Side], digest: &Digest) -> Option<String> {
        let kept = crate::store::layout::kept_text(digest);
        let names = [TextFile::Spec.file_name(), TextFile::Plan.file_name(), kept.as_str()];
        let texts =
            all.iter().flat_map(|side| names.iter().filter_map(|name| self.text(&side.files, name).ok().flatten()));
        let mut texts = texts;
        texts.find(|text| Digest::of(text) == *digest)
    }

    /// Runs, evidence and whatever else lies there. Each is written once; two that differ under one name are decided by
    /// their content alone.
    fn other_files(&self, all: &[&Side]) -> Result<BTreeMap<String, Merged>> {
        let is_derived = |path: &str| {
            matches!(path, RECORD | EVENTS | "spec.md" | "plan.md")
                || path.starts_with("attic/spec-")
                || path.starts_with("attic/plan-")
        };
        let [base, ours, theirs] = all else { return Ok(BTreeMap::new()) };
        let paths: BTreeSet<&String> = all.iter().flat_map(|side| side.files.keys()).collect();
        let mut files = BTreeMap::new();
        for path in paths.into_iter().filter(|path| !is_derived(path)) {
            let (b, o, t) = (base.files.get(path), ours.files.get(path), theirs.files.get(path));
            let merged = match (o, t) {
                (Some(o), Some(t)) if o == t => *o,
                (Some(o), Some(t)) if Some(o) == b => *t,
                (Some(o), Some(t)) if Some(t) == b => *o,
                (Some(o), Some(t)) => self.choose(path, *o, *t)?,
                (Some(one), None) | (None, Some(one)) => *one,
                (None, None) => match b {
                    Some(b) => *b,
                    None => continue,
                },
            };
            files.insert(path.clone(), Merged::Same(merged));
        }
        Ok(files)
    }

    /// A run that has ended says more than one that has not; otherwise the greater content stays.
    fn choose(&self, path: &str, one: Oid, other: Oid) -> Result<Oid> {
        let (a, b) = (self.repository.read_blob(one)?, self.repository.read_blob(other)?);
        let ended = |bytes: &[u8]| {
            let run = std::str::from_utf8(bytes).ok().and_then(|text| crate::model::from_toml::<RunRecord>(text).ok());
            path.starts_with("runs/") && run.is_some_and(|run| run.ended.is_some())
        };
        Ok(if (ended(&a), &a) >= (ended(&b), &b) { one } else { other })
    }

    fn text(&self, files: &Files, path: &str) -> Result<Option<String>> {
        let Some(oid) = files.get(path) else { return Ok(None) };
        let bytes = self.repository.read_blob(*oid).context(|| format!("cannot read {path} of task {}", self.id))?;
        // What is not UTF-8 is no text of ours; its readable part is enough to say so.
        Ok(Some(
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        ))
    }
}

/// The files below a tree, by their path in it. Links and submodules are not followed and not taken.
pub fn files_of(repository: &Repository, tree: Oid) -> Result<Files> {
    let mut files = Files::new();
    let mut open = vec![(String::new(), tree)];
    while let Some((prefix, tree)) = open.pop() {
        for entry in repository.entries(tree)? {
            let path = format!("{prefix}{}", entry.name);
            match entry.kind {
                EntryKind::Tree => open.push((format!("{path}/"), entry.oid)),
                EntryKind::Blob | EntryKind::Executable => drop(files.insert(path, entry.oid)),
                EntryKind::Other => {}
            }
        }
    }
    Ok(files)
}

fn take_over_record(id: &TaskId, lines: &mut Lines, edited: &Task, text: &str) {
    let Some(folded) = fold(id, &lines.events()) else { return };
    let (fields, discarded) = human_changes(&folded, edited);
    if fields.is_empty() {
        return;
    }
    lines.add(by_hand(lines, &Digest::of(text), Change::Imported { fields, discarded }));
}

/// An event that follows from the content alone.
fn by_hand(lines: &Lines, content: &Digest, change: Change) -> Line {
    let last = lines.events.keys().next_back().map_or(Hlc::default(), |(hlc, _)| *hlc);
    Line::of(Event::by_hand(last, content, change))
}

/// Fields of a newer version: one side's change counts; where both changed one, that of the newer record.
fn unknown_fields(all: &[&Side]) -> toml::Table {
    let [base, ours, theirs] = all else { return toml::Table::new() };
    let of = |side: &Side, key: &str| side.record.as_ref().and_then(|record| record.unknown.get(key).cloned());
    let stamp = |side: &Side| side.record.as_ref().map(|record| (record.updated, record.last_event.clone()));
    let keys: BTreeSet<&String> =
        all.iter().filter_map(|side| side.record.as_ref()).flat_map(|record| record.unknown.keys()).collect();
    let value = |key: &String| {
        let (b, o, t) = (of(base, key), of(ours, key), of(theirs, key));
        match (&o, &t) {
            _ if o == t => o,
            (Some(_), Some(_)) if o == b => t,
            (Some(_), Some(_)) if t == b => o,
            (Some(a), Some(c)) => match (stamp(ours), a.to_string()) >= (stamp(theirs), c.to_string()) {
                true => o,
                false => t,
            },
            (Some(_), None) => o,
            _ => t,
        }
    };
    keys.into_iter().filter_map(|key| Some((key.clone(), value(key)?))).collect()
}
