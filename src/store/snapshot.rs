//! A consistent read of the state at one commit.

use super::{Store, genesis, layout};
use crate::error::{Error, Result};
use crate::git::{Entry, EntryKind, Oid};
use crate::model::folder::{attic_name, fold_with_texts, versions_of};
use crate::model::message::Message;
use crate::model::run::{Evidence, RunRecord};
use crate::model::text::escape_line;
use crate::model::{
    Alphabet, Conflict, Digest, Event, FOLD_VERSION, Task, TaskId, TextFile, from_toml, human_changes, overlay,
    parse_record,
};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// A record as it counts, and what a person changed in its file since it was written.
pub(super) struct FoundRecord {
    pub task: Task,
    pub hand_edit: Option<HandEdit>,
}

pub(super) struct HandEdit {
    /// Of the edited file.
    pub text: Digest,
    pub fields: BTreeMap<String, toml::Value>,
    /// What was edited and is not a person's to write.
    pub discarded: Vec<String>,
}

pub struct Snapshot<'s> {
    pub(super) store: &'s Store,
    pub commit: Oid,
    pub tree: Oid,
}

impl<'s> Snapshot<'s> {
    pub(super) fn open(store: &'s Store, commit: Oid) -> Result<Snapshot<'s>> {
        let tree = store.repository.tree_of(commit)?;
        let snapshot = Snapshot { store, commit, tree };
        let format = snapshot.find_file(genesis::FORMAT_PATH)?.ok_or_else(|| {
            Error::failed(format!("{} does not hold aifactory's state: it has no format.toml", store.ref_name))
                .hint("aifactory doctor")
        })?;
        genesis::check_format(&format)?;
        Ok(snapshot)
    }

    /// The text of a file in the state; nothing where there is none.
    pub(super) fn find_file(&self, path: &str) -> Result<Option<String>> {
        match self.store.repository.find_entry(self.tree, path)? {
            None => Ok(None),
            Some(entry) => self.read_entry(&entry, path).map(Some),
        }
    }

    fn read_entry(&self, entry: &Entry, path: &str) -> Result<String> {
        if entry.kind != EntryKind::Blob {
            return Err(damaged(path, "it is not a plain file"));
        }
        let bytes = self.store.repository.read_blob(entry.oid).map_err(|error| damaged(path, error))?;
        String::from_utf8(bytes).map_err(|error| damaged(path, error))
    }

    fn children(&self, folder: &str) -> Result<Vec<Entry>> {
        match self.store.repository.find_entry(self.tree, folder)? {
            Some(entry) if entry.kind == EntryKind::Tree => self.store.repository.entries(entry.oid),
            _ => Ok(Vec::new()),
        }
    }

    pub fn task(&self, id: &TaskId) -> Result<Task> {
        self.find_task(id)?.ok_or_else(|| no_task(id.as_str()))
    }

    pub fn find_task(&self, id: &TaskId) -> Result<Option<Task>> {
        Ok(self.find_record(id)?.map(|record| record.task))
    }

    pub(super) fn find_record(&self, id: &TaskId) -> Result<Option<FoundRecord>> {
        let path = layout::record(id);
        let Some(text) = self.find_file(&path)? else { return Ok(None) };
        let record = parse_record(&text).map_err(|error| unreadable(&path, &text, error))?;
        if record.task.id != *id {
            return Err(damaged(&path, format!("it says it is task {}", escape_line(record.task.id.as_str()))));
        }
        if record.fold >= FOLD_VERSION && !record.edited_by_hand {
            return Ok(Some(FoundRecord { task: record.task, hand_edit: None }));
        }
        let mut task = self.fold_again(id)?.ok_or_else(|| damaged(&path, "no event creates the task"))?;
        if !record.edited_by_hand {
            return Ok(Some(FoundRecord { task, hand_edit: None }));
        }
        // A hand edit counts for what is a person's to write; the rest is what the events say.
        let (fields, discarded) = human_changes(&task, &record.task);
        overlay(&mut task, &fields);
        let hand_edit = Some(HandEdit { text: Digest::of(&text), fields, discarded });
        Ok(Some(FoundRecord { task, hand_edit }))
    }

    /// What the side of a conflict said that does not stand.
    pub fn conflict_text(&self, id: &TaskId, conflict: &Conflict) -> Result<Option<String>> {
        self.find_file(&format!("{}/{}", layout::task_folder(id), attic_name(conflict)))
    }

    /// The record as its events make it, with the texts as they lie beside it where a version is too long for an event.
    pub(super) fn fold_again(&self, id: &TaskId) -> Result<Option<Task>> {
        let events = self.events(id)?;
        Ok(fold_with_texts(id, &events, &|digest| self.known_text(id, digest)).map(|folded| folded.task))
    }

    /// A version of a text that lies beside the task.
    fn known_text(&self, id: &TaskId, digest: &Digest) -> Option<String> {
        let names =
            [TextFile::Spec.file_name().to_owned(), TextFile::Plan.file_name().to_owned(), layout::kept_text(digest)];
        let mut texts = names
            .iter()
            .filter_map(|name| self.find_file(&format!("{}/{name}", layout::task_folder(id))).ok().flatten());
        texts.find(|text| Digest::of(text) == *digest)
    }

    /// A plan as somebody signed it, and the signature. Nothing is checked here.
    pub fn signed_plan(&self, id: &TaskId, digest: &Digest) -> Result<Option<(String, String)>> {
        let (text, signature) = layout::signed_plan(id, digest);
        Ok(self.find_file(&text)?.zip(self.find_file(&signature)?))
    }

    /// Every version of spec or plan that there was, as far as the record tells.
    pub fn versions(&self, id: &TaskId, file: TextFile) -> Result<Vec<String>> {
        Ok(versions_of(&self.events(id)?, file, &|digest| self.known_text(id, digest)))
    }

    /// Spec or plan; empty where nobody has written it.
    pub fn text(&self, id: &TaskId, file: TextFile) -> Result<String> {
        Ok(self.find_file(&layout::text(id, file))?.unwrap_or_default())
    }

    pub fn events(&self, id: &TaskId) -> Result<Vec<Event>> {
        let path = layout::events(id);
        let text = self.find_file(&path)?.unwrap_or_default();
        let parse = |(number, line): (usize, &str)| {
            Event::parse_line(line).map_err(|error| damaged(&format!("{path}:{}", number + 1), error))
        };
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(parse).collect()
    }

    pub fn runs(&self, id: &TaskId) -> Result<Vec<RunRecord>> {
        self.records(&format!("{}/runs", layout::task_folder(id)))
    }

    /// What the files of the task's runs are called, without their ending.
    pub(super) fn run_names(&self, id: &TaskId) -> Result<Vec<String>> {
        let entries = self.children(&format!("{}/runs", layout::task_folder(id)))?;
        Ok(entries.iter().filter_map(|entry| entry.name.strip_suffix(".toml")).map(str::to_owned).collect())
    }

    /// One run, by the name of its file.
    pub(super) fn find_run(&self, id: &TaskId, run: &str) -> Result<Option<RunRecord>> {
        let path = layout::run_file(id, run);
        let Some(text) = self.find_file(&path)? else { return Ok(None) };
        from_toml(&text).map(Some).map_err(|error| unreadable(&path, &text, error))
    }

    pub fn evidence(&self, id: &TaskId) -> Result<Vec<Evidence>> {
        self.records(&format!("{}/evidence", layout::task_folder(id)))
    }

    pub fn messages(&self) -> Result<Vec<Message>> {
        self.records(layout::MESSAGES)
    }

    /// All TOML records of a folder, oldest first: their names sort by time.
    fn records<T: DeserializeOwned>(&self, folder: &str) -> Result<Vec<T>> {
        let read = |entry: Entry| {
            let path = format!("{folder}/{}", entry.name);
            let text = self.read_entry(&entry, &path)?;
            from_toml(&text).map_err(|error| unreadable(&path, &text, error))
        };
        self.children(folder)?.into_iter().filter(|entry| entry.name.ends_with(".toml")).map(read).collect()
    }

    /// Every task id, sorted.
    pub fn task_ids(&self) -> Result<Vec<TaskId>> {
        let mut ids = Vec::new();
        for first in self.children(layout::TASKS)? {
            ids.extend(self.ids_below(&first, "")?);
        }
        Ok(ids)
    }

    /// The ids in one first-level folder that begin with `prefix`.
    fn ids_below(&self, first: &Entry, prefix: &str) -> Result<Vec<TaskId>> {
        if first.kind != EntryKind::Tree {
            return Ok(Vec::new());
        }
        let second_wanted = prefix.get(1..2);
        let mut ids = Vec::new();
        for second in self.store.repository.entries(first.oid)? {
            let wanted = second_wanted.is_none_or(|wanted| wanted == second.name);
            if wanted && second.kind == EntryKind::Tree {
                let names = self.store.repository.entries(second.oid)?;
                ids.extend(names.iter().filter_map(|entry| TaskId::parse(&entry.name)));
            }
        }
        ids.retain(|id| id.as_str().starts_with(prefix));
        Ok(ids)
    }

    /// The one task whose id begins with what a person typed.
    pub fn resolve(&self, typed: &str) -> Result<TaskId> {
        let prefix = Alphabet::normalise(typed).filter(|prefix| !prefix.is_empty()).ok_or_else(|| {
            Error::usage(format!("`{}` is not a task id", escape_line(typed))).hint("to see the ids: aifactory list")
        })?;
        let folder = format!("{}/{}", layout::TASKS, &prefix[..1]);
        let first = self.store.repository.find_entry(self.tree, &folder)?;
        let ids = first.map_or(Ok(Vec::new()), |first| self.ids_below(&first, &prefix))?;
        match ids.as_slice() {
            [] => Err(no_task(typed)),
            [only] => Ok(only.clone()),
            several => Err(self.ambiguous(typed, several)),
        }
    }

    fn ambiguous(&self, typed: &str, candidates: &[TaskId]) -> Error {
        let mut error = Error::usage(format!("`{typed}` could be any of {} tasks", candidates.len()));
        for id in candidates.iter().take(8) {
            let title = self.task(id).map(|task| escape_line(&task.title).into_owned()).unwrap_or_default();
            error = error.hint(format!("{}  {title}", self.short(id)));
        }
        error
    }

    /// The shortest prefix that names the task and no other.
    pub fn short(&self, id: &TaskId) -> String {
        let folder = format!("{}/{}/{}", layout::TASKS, &id.as_str()[..1], &id.as_str()[1..2]);
        let siblings = self.children(&folder).unwrap_or_default();
        let ids = siblings.iter().filter_map(|entry| TaskId::parse(&entry.name)).filter(|other| other != id);
        let length = ids.map(|other| id.distinct_from(&other)).max().unwrap_or(TaskId::SHORTEST);
        id.prefix(length).to_owned()
    }
}

pub fn no_task(typed: &str) -> Error {
    Error::missing(format!("there is no task `{}`", escape_line(typed))).hint("to see all tasks: aifactory list --all")
}

fn damaged(path: &str, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::failed(format!("the record {path} is damaged"))
        .caused_by(why)
        .hint("aifactory doctor tells what can be done; every other task works")
}

/// A TOML record that does not parse, with its line.
pub(super) fn unreadable(path: &str, text: &str, error: toml::de::Error) -> Error {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let place = line.map_or(path.to_owned(), |line| format!("{path}:{line}"));
    damaged(&place, escape_line(error.message()).into_owned())
}
