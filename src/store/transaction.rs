//! Atomic writes: a pure closure from a snapshot to changes, one commit, one compare-and-swap.

use super::clerk::Clerk;
use super::{Redactor, Snapshot, Store, inspect, layout};
use crate::error::{Context, Error, Result};
use crate::git::{Edit, Expected, Identity, Oid, Swap};
use crate::model::event::Draft;
use crate::model::message::Message;
use crate::model::run::{Evidence, RunRecord};
use crate::model::{Change, Digest, TaskId, TextFile, from_toml, note};
use std::borrow::Cow;
use toml::{Table, Value};

/// Swaps that are refused are retried this often: another program must have moved the ref each time.
const MOST_TRIES: u32 = 100;

/// In characters. Whole lists become part of a subject.
const LONGEST_SUBJECT: usize = 300;

/// Who makes a change: a person, or a worker under its claim.
#[derive(Debug, Clone)]
pub struct Author {
    pub actor: String,
    pub session: Option<String>,
    pub fence: Option<u64>,
}

impl Author {
    pub fn person(actor: impl Into<String>) -> Author {
        Author { actor: actor.into(), session: None, fence: None }
    }
}

/// What a transaction is going to write, in order.
#[derive(Default)]
pub struct Changes {
    pub(super) tasks: Vec<TaskChange>,
    pub(super) files: Vec<Edit>,
}

pub(super) enum TaskChange {
    Event(TaskId, Box<Change>),
    Text(TaskId, TextFile, String),
    /// Write the record anew from its events.
    Rewrite(TaskId),
}

impl TaskChange {
    pub fn task(&self) -> &TaskId {
        match self {
            TaskChange::Event(id, _) | TaskChange::Text(id, _, _) | TaskChange::Rewrite(id) => id,
        }
    }
}

impl Changes {
    pub fn create(&mut self, id: &TaskId, draft: Draft) {
        self.event(id, Change::Created { draft });
    }

    pub fn event(&mut self, id: &TaskId, change: Change) {
        self.tasks.push(TaskChange::Event(id.clone(), Box::new(change)));
    }

    pub fn text(&mut self, id: &TaskId, file: TextFile, content: impl Into<String>) {
        self.tasks.push(TaskChange::Text(id.clone(), file, content.into()));
    }

    /// Writes `task.toml` anew from the events, whatever it holds now.
    pub fn rewrite(&mut self, id: &TaskId) {
        self.tasks.push(TaskChange::Rewrite(id.clone()));
    }

    pub fn run(&mut self, task: &TaskId, run: &RunRecord) {
        self.put(layout::run(task, &run.id), to_toml(run));
    }

    pub fn evidence(&mut self, evidence: &Evidence) {
        self.put(layout::evidence(&evidence.task, &evidence.id), to_toml(evidence));
    }

    pub fn message(&mut self, message: &Message) {
        self.put(layout::message(&message.id), to_toml(message));
    }

    /// Keeps a signed plan beside its task. Its text must be one that nothing is redacted from.
    pub fn signed_plan(&mut self, task: &TaskId, digest: &Digest, text: &str, signature: &str) {
        let (text_path, signature_path) = layout::signed_plan(task, digest);
        self.put(text_path, text.to_owned());
        self.put(signature_path, signature.to_owned());
    }

    pub(super) fn put(&mut self, path: String, text: String) {
        self.files.push(Edit::Put { path, content: text.into_bytes() });
    }

    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.files.is_empty()
    }
}

fn to_toml(record: &impl serde::Serialize) -> String {
    toml::to_string_pretty(record).expect("records hold only what TOML can say")
}

impl Store {
    /// Runs `plan` on the newest state and writes what it asks for, all of it or nothing. `plan` may run several times
    /// and must do nothing but read the snapshot and fill the changes. `subject` says what happens, for `git log`.
    pub fn transact<T>(
        &self,
        author: &Author,
        subject: &str,
        mut plan: impl FnMut(&Snapshot<'_>, &mut Changes) -> Result<T>,
    ) -> Result<T> {
        let _lock = self.local.write_lock().context(|| "cannot change the state")?;
        for _ in 0..MOST_TRIES {
            let snapshot = self.snapshot()?;
            let mut changes = Changes::default();
            let answer = plan(&snapshot, &mut changes)?;
            let Some((tree, message)) = self.write_objects(&snapshot, changes, author, subject)? else {
                return Ok(answer);
            };
            match self.publish(snapshot.commit, tree, &message, author)? {
                Swap::Done => return Ok(answer),
                Swap::Refused => {}
                Swap::Locked => {
                    let lock = self.repository.ref_lock_file(&self.ref_name);
                    return Err(Error::failed(format!("{} stays locked by {}", self.ref_name, lock.display()))
                        .hint("if no git command is running, remove that file"));
                }
            }
        }
        Err(Error::failed(format!("{} keeps moving: another program writes it without our lock", self.ref_name)))
    }

    /// Writes everything but the ref. Nothing where the changes come to nothing.
    fn write_objects(
        &self,
        snapshot: &Snapshot<'_>,
        changes: Changes,
        author: &Author,
        subject: &str,
    ) -> Result<Option<(Oid, String)>> {
        if changes.is_empty() {
            return Ok(None);
        }
        let mut clerk = Clerk::new(snapshot, author);
        for change in changes.tasks {
            clerk.take(change)?;
        }
        let message = self.message(&clerk.touched(), author, subject);
        let mut edits = clerk.finish();
        edits.extend(changes.files.into_iter().map(|edit| self.redacted(edit)));
        if edits.is_empty() {
            return Ok(None);
        }
        check_places(&edits)?;
        let tree = self.repository.edit_tree(Some(snapshot.tree), edits)?;
        Ok((tree != snapshot.tree).then_some((tree, message)))
    }

    fn publish(&self, parent: Oid, tree: Oid, message: &str, author: &Author) -> Result<Swap> {
        let by = Identity { name: author.actor.clone(), email: author.actor.clone(), at: self.host.now() };
        let commit = self.repository.write_commit(tree, &[parent], message, &by)?;
        self.flush_if_durable()?;
        let swap = self.repository.swap_ref(&self.ref_name, Expected::Is(parent), commit, message)?;
        self.flush_if_durable()?;
        Ok(swap)
    }

    pub(super) fn flush_if_durable(&self) -> Result<()> {
        if self.durable {
            crate::host::files::flush_file_system(self.repository.common_dir())?;
        }
        Ok(())
    }

    /// `7kq2m: claim (ana@mill)`, or without a task where there are several.
    fn message(&self, touched: &[TaskId], author: &Author, subject: &str) -> String {
        let who = format!("{}@{}", author.actor.split('@').next().unwrap_or_default(), self.host.name());
        let subject: String = self.redactor.redact(subject).chars().take(LONGEST_SUBJECT).collect();
        match touched {
            [one] => format!("{}: {subject} ({who})\n", one.prefix(5)),
            _ => format!("{subject} ({who})\n"),
        }
    }

    /// Output of agents and gates may hold secrets, and git forgets nothing.
    fn redacted(&self, edit: Edit) -> Edit {
        match edit {
            // It was checked before it came here, and holds for no other letters.
            Edit::Put { path, content } if layout::is_signature(&path) => Edit::Put { path, content },
            Edit::Put { path, content } => {
                let text = String::from_utf8_lossy(&content);
                let content = match layout::note_of_path(&path).and_then(|_| note::split(&text)) {
                    Some((matter, body)) => {
                        let matter = redacted_record(matter, &self.redactor);
                        note::unsplit(&matter, &self.redactor.redact(body)).into_bytes()
                    }
                    None => redacted_record(&text, &self.redactor).into_bytes(),
                };
                Edit::Put { path, content }
            }
            remove => remove,
        }
    }
}

/// Value by value: what begins in one and seems to end in another must not take what stands between them along.
fn redacted_record(text: &str, redactor: &Redactor) -> String {
    let Ok(mut record) = from_toml::<Table>(text) else { return redactor.redact(text).into_owned() };
    let mut is_changed = false;
    for (_, value) in record.iter_mut() {
        redact_value(value, redactor, &mut is_changed);
    }
    if is_changed { to_toml(&record) } else { text.to_owned() }
}

fn redact_value(value: &mut Value, redactor: &Redactor, is_changed: &mut bool) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(redacted) = redactor.redact(text) {
                *text = redacted;
                *is_changed = true;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| redact_value(value, redactor, is_changed)),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| redact_value(value, redactor, is_changed)),
        _ => {}
    }
}

/// Whatever goes onto the ref has to pass another clone's inspection.
fn check_places(edits: &[Edit]) -> Result<()> {
    edits.iter().try_for_each(|edit| match edit {
        Edit::Put { path, content } => inspect::check_write(path, content.len()),
        Edit::Graft { .. } | Edit::Remove { .. } => Ok(()),
    })
}
