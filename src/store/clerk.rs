//! The clerk turns changes into events and records: the only place where a record is folded and written.
//!
//! For each task that a transaction touches it keeps the record as it will be, so that later changes of the same
//! transaction see the earlier ones. Moves and claims that the rules do not allow are refused here, and hand edits of
//! `task.toml` are taken over before anything else happens to the task.

use super::snapshot::{FoundRecord, HandEdit};
use super::transaction::{Author, TaskChange};
use super::{Redactor, Snapshot, layout};
use crate::error::{Error, Result};
use crate::git::Edit;
use crate::model::event::Draft;
use crate::model::folder::attic_name;
use crate::model::replay::unified_diff;
use crate::model::{
    Change, Conflict, Digest, Event, EventId, Hlc, IllegalMove, Source, Status, Task, TaskId, TextFile, additions_of,
    apply, fold, write_record,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longer diffs are not embedded; the digest still says what the text became.
const LONGEST_DIFF: usize = 64 * 1024;
/// Texts above this are refused: nobody reviews them.
pub const LONGEST_TEXT: usize = 4 * 1024 * 1024;

pub(super) struct Clerk<'a> {
    snapshot: &'a Snapshot<'a>,
    author: &'a Author,
    open: BTreeMap<TaskId, Folder>,
    order: Vec<TaskId>,
}

/// One task's files as they will be.
struct Folder {
    task: Option<Task>,
    old_events: String,
    new_events: Vec<Event>,
    texts: BTreeMap<TextFile, String>,
    /// Versions that are too long for their event.
    kept: Vec<(Digest, String)>,
    /// The conflicts that were open before, with what they left in the attic.
    conflicts: Vec<Conflict>,
    last_by_author: Option<EventId>,
}

impl<'a> Clerk<'a> {
    pub fn new(snapshot: &'a Snapshot<'a>, author: &'a Author) -> Clerk<'a> {
        Clerk { snapshot, author, open: BTreeMap::new(), order: Vec::new() }
    }

    pub fn touched(&self) -> Vec<TaskId> {
        self.order.clone()
    }

    pub fn take(&mut self, change: TaskChange) -> Result<()> {
        let rewrite = matches!(change, TaskChange::Rewrite(_));
        self.open_folder(change.task(), rewrite)?;
        match change {
            TaskChange::Event(id, change) => self.take_event(&id, *change),
            TaskChange::Text(id, file, content) => self.take_text(&id, file, content),
            TaskChange::Rewrite(_) => Ok(()),
        }
    }

    fn open_folder(&mut self, id: &TaskId, from_events: bool) -> Result<()> {
        if self.open.contains_key(id) {
            return Ok(());
        }
        let old_events = self.snapshot.find_file(&layout::events(id))?.unwrap_or_default();
        let record = match from_events {
            false => self.snapshot.find_record(id)?,
            true => self.snapshot.fold_again(id)?.map(|task| FoundRecord { task, hand_edit: None }),
        };
        let last = old_events.lines().rev().filter_map(|line| Event::parse_line(line).ok());
        let last_by_author = last.into_iter().find(|event| event.actor == self.author.actor).map(|event| event.id);
        let (task, hand_edit) = record.map_or((None, None), |record| (Some(record.task), record.hand_edit));
        let conflicts = task.as_ref().map(|task| task.conflicts.clone()).unwrap_or_default();
        let folder = Folder {
            task,
            old_events,
            new_events: Vec::new(),
            texts: BTreeMap::new(),
            kept: Vec::new(),
            conflicts,
            last_by_author,
        };
        self.open.insert(id.clone(), folder);
        self.order.push(id.clone());
        if let Some(edit) = hand_edit {
            self.take_over(id, edit);
        }
        Ok(())
    }

    fn folder(&mut self, id: &TaskId) -> &mut Folder {
        self.open.get_mut(id).expect("a folder is opened before it is used")
    }

    fn take_event(&mut self, id: &TaskId, change: Change) -> Result<()> {
        let folder = self.folder(id);
        match (&folder.task, &change) {
            (None, Change::Created { .. }) => {}
            (None, _) => return Err(super::snapshot::no_task(id.as_str())),
            (Some(_), Change::Created { .. }) => return Err(Error::failed(format!("the id {id} is taken"))),
            (Some(task), change) => check(task, change)?,
        }
        let (redactor, now) = (self.snapshot.store.redactor(), self.snapshot.store.host().now());
        let change = without_secrets(change, redactor);
        let folder = self.open.get_mut(id).expect("a folder is opened before it is used");
        let change = folder.with_what_it_saw(change);
        let last = folder.task.as_ref().map_or(Hlc::default(), |task| task.updated);
        let hlc = Hlc::next(last, now);
        let event = Event {
            id: self.snapshot.store.host().event_id(hlc.time),
            hlc,
            actor: self.author.actor.clone(),
            session: self.author.session.clone(),
            fence: self.author.fence,
            prev: folder.last_by_author.clone(),
            sig: None,
            change,
        };
        folder.last_by_author = Some(event.id.clone());
        folder.add(id, event);
        Ok(())
    }

    fn take_text(&mut self, id: &TaskId, file: TextFile, content: String) -> Result<()> {
        let content = match self.snapshot.store.redactor().redact(&content) {
            Cow::Borrowed(_) => content,
            Cow::Owned(redacted) => redacted,
        };
        if content.len() > LONGEST_TEXT {
            return Err(Error::usage(format!(
                "the {} is {} bytes long; {LONGEST_TEXT} is the most",
                file.word(),
                content.len()
            )));
        }
        let old = match self.folder(id).texts.get(&file) {
            Some(text) => text.clone(),
            None => self.snapshot.text(id, file)?,
        };
        if old == content {
            return Ok(());
        }
        let from = (!old.is_empty()).then(|| Digest::of(&old));
        self.take_merged_text(id, file, from.as_ref(), &old)?;
        let to = Digest::of(&content);
        let diff = self.diff(id, &old, &content);
        self.take_event(id, Change::Text { file, from, to, diff })?;
        self.folder(id).texts.insert(file, content);
        Ok(())
    }

    /// What a merge made is no version that an event made. Who builds on it first writes it down, so that every version
    /// can be told from the events alone.
    fn take_merged_text(&mut self, id: &TaskId, file: TextFile, from: Option<&Digest>, old: &str) -> Result<()> {
        let Some(to) = from else { return Ok(()) };
        let lines = self.folder(id).old_events.clone();
        let events = lines.lines().filter_map(|line| Event::parse_line(line).ok());
        let versions: Vec<Digest> = events
            .chain(self.folder(id).new_events.clone())
            .filter_map(|event| match event.change {
                Change::Text { file: of, to, .. } | Change::TextSeen { file: of, to, .. } if of == file => Some(to),
                _ => None,
            })
            .collect();
        if versions.contains(to) || versions.is_empty() {
            return Ok(());
        }
        let diff = self.diff(id, "", old);
        self.take_event(id, Change::TextSeen { file, from: None, to: to.clone(), diff })
    }

    /// The change as a diff; where that would be too long for an event, the new text is kept beside the task.
    fn diff(&mut self, id: &TaskId, old: &str, new: &str) -> String {
        let text = unified_diff(old, new);
        if text.len() <= LONGEST_DIFF {
            return text;
        }
        self.folder(id).kept.push((Digest::of(new), new.to_owned()));
        format!("(a diff of {} bytes, left out; the text is kept beside the task)\n", text.len())
    }

    /// Human fields of an edited `task.toml` become an event whose id follows from the content, so that two clones
    /// which see the same edit agree on it. Machine fields go back to what the events say.
    fn take_over(&mut self, id: &TaskId, edit: HandEdit) {
        let folder = self.folder(id);
        let last = folder.task.as_ref().map_or(Hlc::default(), |task| task.updated);
        let imported = Change::Imported { fields: edit.fields, discarded: edit.discarded };
        let event = Event::by_hand(last, &edit.text, imported);
        folder.add(id, event);
    }

    /// The files to write, in the order of first touch.
    pub fn finish(self) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (id, folder) in self.open {
            let Some(task) = folder.task else { continue };
            let new_lines: String = folder.new_events.iter().map(Event::to_line).collect();
            let gap = if folder.old_events.is_empty() || folder.old_events.ends_with('\n') { "" } else { "\n" };
            edits.push(put(layout::record(&id), write_record(&task)));
            edits.push(put(layout::events(&id), format!("{}{gap}{new_lines}", folder.old_events)));
            edits.extend(folder.texts.into_iter().map(|(file, text)| put(layout::text(&id, file), text)));
            let below = |name: String| format!("{}/{name}", layout::task_folder(&id));
            edits.extend(folder.kept.into_iter().map(|(digest, text)| put(below(layout::kept_text(&digest)), text)));
            let settled = folder.conflicts.iter().filter(|conflict| !task.conflicts.contains(conflict));
            let settled = settled.filter(|conflict| conflict.kind.is_about_text());
            edits.extend(settled.map(|conflict| Edit::Remove { path: below(attic_name(conflict)) }));
        }
        edits
    }
}

impl Folder {
    /// A removal names the additions it takes away, so that one made elsewhere meanwhile is not lost by it.
    fn with_what_it_saw(&self, change: Change) -> Change {
        let Change::Removed { field, value, .. } = change else { return change };
        let old = self.old_events.lines().filter_map(|line| Event::parse_line(line).ok());
        let events: Vec<Event> = old.chain(self.new_events.iter().cloned()).collect();
        let saw = additions_of(&events, &field, &value);
        Change::Removed { field, value, saw }
    }

    fn add(&mut self, id: &TaskId, event: Event) {
        match &mut self.task {
            Some(task) => apply(task, &event),
            None => self.task = fold(id, std::slice::from_ref(&event)),
        }
        self.new_events.push(event);
    }
}

fn put(path: String, text: String) -> Edit {
    Edit::Put { path, content: text.into_bytes() }
}

/// The rules that hold whoever asks.
fn check(task: &Task, change: &Change) -> Result<()> {
    match change {
        Change::Moved { from, to, .. } if *from != task.status || !from.may_become(*to) => {
            let illegal = IllegalMove { from: task.status, to: *to };
            Err(Error::failed(illegal.to_string()))
        }
        Change::Claimed { claim, .. } if task.status != Status::Ready || *claim != task.fence + 1 => {
            Err(Error::failed(format!("task {} is {} and cannot be claimed", task.id, task.status)))
        }
        _ => Ok(()),
    }
}

/// Whatever people, agents and programs wrote. Words of ours, ids and digests are left as they are.
fn without_secrets(change: Change, redactor: &Redactor) -> Change {
    let clean = |text: String| match redactor.redact(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(redacted) => redacted,
    };
    match change {
        Change::Created { draft } => Change::Created { draft: draft_without_secrets(draft, clean) },
        Change::Set { field, from, to } => Change::Set { field, from: from.map(clean), to: to.map(clean) },
        Change::Added { field, value } => Change::Added { field, value: clean(value) },
        Change::Removed { field, value, saw } => Change::Removed { field, value: clean(value), saw },
        Change::Moved { from, to, reason, note } => Change::Moved { from, to, reason, note: note.map(clean) },
        Change::Noted { text } => Change::Noted { text: clean(text) },
        Change::Said { text } => Change::Said { text: clean(text) },
        Change::StepReset { step, why } => Change::StepReset { step, why: clean(why) },
        Change::Parked { until, why } => Change::Parked { until, why: clean(why) },
        Change::ClaimLost { claim, host, branch, event, at, why, commit, finished } => {
            Change::ClaimLost { claim, host, branch, event, at, why: clean(why), commit, finished }
        }
        Change::Released { why, recovery, claim } => Change::Released { why: clean(why), recovery, claim },
        Change::Approved { digest, base, policy, note, warrant } => {
            Change::Approved { digest, base, policy, note: note.map(clean), warrant }
        }
        Change::RunEnded { run, outcome, heard, but } => Change::RunEnded { run, outcome, heard, but: but.map(clean) },
        Change::Rejected { note, digest } => Change::Rejected { note: note.map(clean), digest },
        Change::Gated { evidence, gate, tree, verdict, clean: is_clean, step } => {
            Change::Gated { evidence, gate: clean(gate), tree, verdict, clean: is_clean, step }
        }
        Change::Reviewed { run, tree, commit, review } => {
            Change::Reviewed { run, tree, commit, review: review.map_texts(clean) }
        }
        other => other,
    }
}

fn draft_without_secrets(draft: Draft, clean: impl Fn(String) -> String) -> Draft {
    Draft {
        title: clean(draft.title),
        labels: draft.labels.into_iter().map(&clean).collect(),
        role: draft.role.map(&clean),
        repository: draft.repository.map(&clean),
        agent: draft.agent.map(&clean),
        source: draft.source.map(|source| Source { title: clean(source.title), ..source }),
        ..draft
    }
}
