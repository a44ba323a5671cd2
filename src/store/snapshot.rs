//! A consistent read of the state at one commit.

use super::index::Problem;
use super::{Store, genesis, layout};
use crate::error::{Error, Result};
use crate::git::{Entry, EntryKind, Oid};
use crate::model::folder::{attic_name, fold_with_texts, versions_of};
use crate::model::message::Message;
use crate::model::run::{Evidence, RunRecord};
use crate::model::text::escape_line;
use crate::model::{
    Alphabet, Conflict, Digest, Event, EventId, FOLD_VERSION, Task, TaskId, TextFile, from_toml, human_changes,
    overlay, parse_record,
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

    /// All messages, oldest first. One that cannot be read is a problem and not a failure.
    pub fn messages(&self) -> Result<Found<Message>> {
        self.readable(layout::MESSAGES, ".toml", read_message)
    }

    pub fn message(&self, id: &EventId) -> Result<Message> {
        let path = layout::message(id);
        let text = self.find_file(&path)?;
        let text = text.ok_or_else(|| {
            Error::missing(format!("there is no message `{}`", escape_line(id.as_str())))
                .hint("to see their ids: aifactory message list")
        })?;
        read_message(&path, &text)
    }

    /// Messages that are here and were not in an earlier tree of the state, oldest first.
    pub fn messages_since(&self, earlier: Oid) -> Result<Found<Message>> {
        let mut found = Found::default();
        let paths = self.store.repository.changed_paths(earlier, self.tree)?;
        for path in paths.iter().filter(|path| layout::message_of_path(path).is_some()) {
            if let Some(text) = self.find_file(path).transpose() {
                found.take(path, text.and_then(|text| read_message(path, &text)));
            }
        }
        Ok(found)
    }

    /// The names of all messages, in order.
    pub fn message_names(&self) -> Result<Vec<String>> {
        self.names(layout::MESSAGES, ".toml")
    }

    /// The one message whose id begins with what a person typed.
    pub fn resolve_message(&self, typed: &str) -> Result<EventId> {
        resolve_name(&self.message_names()?, typed, "message")
    }

    /// What the records of a folder are called, without their ending and in order.
    pub(super) fn names(&self, folder: &str, ending: &str) -> Result<Vec<String>> {
        let entries = self.children(folder)?;
        Ok(entries.iter().filter_map(|entry| entry.name.strip_suffix(ending)).map(str::to_owned).collect())
    }

    /// All records of a folder that can be read, by name; and what is wrong with the others.
    pub(super) fn readable<T>(
        &self,
        folder: &str,
        ending: &str,
        read: impl Fn(&str, &str) -> Result<T>,
    ) -> Result<Found<T>> {
        let mut found = Found::default();
        for entry in self.children(folder)?.into_iter().filter(|entry| entry.name.ends_with(ending)) {
            let path = format!("{folder}/{}", entry.name);
            let record = self.read_entry(&entry, &path).and_then(|text| read(&path, &text));
            found.take(&path, record);
        }
        Ok(found)
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

/// The records of a folder, and those of them that cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<T> {
    pub records: Vec<T>,
    pub problems: Vec<Problem>,
}

impl<T> Default for Found<T> {
    fn default() -> Found<T> {
        Found { records: Vec::new(), problems: Vec::new() }
    }
}

impl<T> Found<T> {
    fn take(&mut self, path: &str, record: Result<T>) {
        match record {
            Ok(record) => self.records.push(record),
            Err(error) => self.problems.push(Problem::of(path, &error)),
        }
    }
}

/// The message of a record that lies at `path`.
fn read_message(path: &str, text: &str) -> Result<Message> {
    let message: Message = from_toml(text).map_err(|error| unreadable(path, text, error))?;
    if layout::message(&message.id) != path {
        return Err(damaged(path, format!("it says it is message {}", escape_line(message.id.as_str()))));
    }
    Ok(message)
}

/// The one of `names` that begins with what a person typed. `what` is what they name.
pub(super) fn resolve_name(names: &[String], typed: &str, what: &str) -> Result<EventId> {
    let list = format!("to see their ids: aifactory {} list", if what == "note" { "memory" } else { what });
    let shown = escape_line(typed);
    let prefix = EventId::normalise(typed)
        .ok_or_else(|| Error::usage(format!("`{shown}` is not the id of a {what}")).hint(list.clone()))?;
    let candidates: Vec<&String> = names.iter().filter(|name| name.starts_with(&prefix)).collect();
    match candidates.as_slice() {
        [] => Err(Error::missing(format!("there is no {what} `{shown}`")).hint(list)),
        [only] => Ok(EventId::from_name(only)),
        // One id may begin with another one as a whole.
        several if several.iter().any(|name| **name == prefix) => Ok(EventId::from_name(&prefix)),
        several => {
            let mut error = Error::usage(format!("`{shown}` could be any of {} {what}s", several.len()));
            for name in several.iter().take(8) {
                error = error.hint(escape_line(name).into_owned());
            }
            Err(error)
        }
    }
}

pub fn no_task(typed: &str) -> Error {
    Error::missing(format!("there is no task `{}`", escape_line(typed))).hint("to see all tasks: aifactory list --all")
}

pub(super) fn damaged(path: &str, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
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
