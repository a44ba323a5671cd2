//! One transaction from a list to tasks: new entries become tasks, known ones take over what changed.

use super::Imported;
use super::entry::{Entry, List};
use super::graph::Graph;
use super::past::{Past, Verdict, remembered};
use crate::error::Result;
use crate::model::event::Draft;
use crate::model::text::{count, escape_line};
use crate::model::{Change, Digest, Risk, Source, Status, Task, TaskId, TextFile};
use crate::store::{Changes, Index, Snapshot};
use crate::tasks::Project;
use crate::tasks::create::fresh_id;
use std::collections::BTreeSet;

pub(super) fn reconcile(project: &Project, list: &List, dry_run: bool) -> Result<Imported> {
    let plan = |snapshot: &Snapshot<'_>, changes: &mut Changes| {
        let index = snapshot.index()?;
        Pass::new(project, list, snapshot, &index)?.run(changes)
    };
    if dry_run {
        return plan(&project.store.snapshot()?, &mut Changes::default());
    }
    let subject = format!("import {} from {}", count(list.entries.len(), list.noun), escape_line(&list.place));
    // Nobody vouches for what was imported: a file may have come from anywhere, and its plan runs commands.
    project.store.transact(&project.person(), &subject, plan)
}

/// The tasks of earlier imports from this place.
pub(super) fn known_tasks(snapshot: &Snapshot<'_>, index: &Index, system: &str, place: &str) -> Result<Vec<Task>> {
    let ids = index.ids_with_source(&format!("{system}:{place}"))?;
    ids.iter().map(|id| snapshot.task(id)).collect()
}

/// One attempt at the transaction.
struct Pass<'a> {
    list: &'a List,
    snapshot: &'a Snapshot<'a>,
    default_risk: Risk,
    known: Vec<Task>,
    /// For each entry the index of its task among the known.
    known_of: Vec<Option<usize>>,
    /// For each entry the id its task has or is going to have.
    ids: Vec<TaskId>,
    graph: Graph<'a>,
    imported: Imported,
}

impl<'a> Pass<'a> {
    fn new(project: &Project, list: &'a List, snapshot: &'a Snapshot<'a>, index: &'a Index) -> Result<Pass<'a>> {
        let known = known_tasks(snapshot, index, list.system, &list.place)?;
        let known_of = (list.matching)(&list.entries, &known);
        let id_of = |index: &Option<usize>| match index {
            Some(index) => Ok(known[*index].id.clone()),
            None => fresh_id(&project.host, snapshot),
        };
        let ids = known_of.iter().map(id_of).collect::<Result<_>>()?;
        Ok(Pass {
            list,
            snapshot,
            default_risk: Risk::parse(project.settings.text("risk.default")).unwrap_or_default(),
            known,
            known_of,
            ids,
            graph: Graph::new(index),
            imported: Imported::default(),
        })
    }

    fn run(mut self, changes: &mut Changes) -> Result<Imported> {
        self.imported.warnings.clone_from(&self.list.warnings);
        for (at, entry) in self.list.entries.iter().enumerate() {
            let id = self.ids[at].clone();
            match self.known_of[at] {
                None => self.create(entry, &id, changes),
                Some(index) => {
                    let task = self.known[index].clone();
                    self.update(entry, &task, changes)?;
                }
            }
        }
        self.imported.missing = self.missing();
        Ok(self.imported)
    }

    fn create(&mut self, entry: &Entry, id: &TaskId, changes: &mut Changes) {
        changes.create(id, self.draft(entry, id));
        for (file, text) in texts(entry).filter(|(_, text)| !text.is_empty()) {
            write(id, file, text, changes);
        }
        let beginning = &entry.beginning;
        if beginning.status != Status::Backlog {
            let moved = Change::Moved {
                from: Status::Backlog,
                to: beginning.status,
                reason: beginning.reason,
                note: beginning.note.clone(),
            };
            changes.event(id, moved);
        }
        self.imported.created.push(id.clone());
    }

    fn draft(&mut self, entry: &Entry, id: &TaskId) -> Draft {
        Draft {
            title: entry.source.title.clone(),
            priority: entry.priority,
            // A file may ask for more care than the setting does, never for less: only a person lowers a risk.
            risk: entry.risk.unwrap_or(self.default_risk).max(self.default_risk),
            labels: entry.labels.clone(),
            dependencies: self.new_dependencies(entry, id, &BTreeSet::new()).into_iter().collect(),
            role: entry.role.clone(),
            repository: None,
            agent: entry.agent.clone(),
            parent: entry.parent.map(|parent| self.ids[parent].clone()),
            source: Some(entry.source.clone()),
        }
    }

    /// What the entry waits for and its task does not yet, without what would make a circle.
    fn new_dependencies(&mut self, entry: &Entry, id: &TaskId, present: &BTreeSet<TaskId>) -> Vec<TaskId> {
        let mut new = Vec::new();
        for first in &entry.after {
            let dependency = self.ids[*first].clone();
            if present.contains(&dependency) || new.contains(&dependency) {
                continue;
            }
            match self.graph.add(id, &dependency) {
                true => new.push(dependency),
                false => {
                    let title = &self.list.entries[*first].source.title;
                    self.warn(entry, format!("it cannot wait for `{title}`, which waits for it"));
                }
            }
        }
        new
    }

    fn update(&mut self, entry: &Entry, task: &Task, changes: &mut Changes) -> Result<()> {
        let past = Past::of(self.snapshot, &task.id);
        let mut events: Vec<Change> = source_events(entry, task).collect();
        events.extend(label_events(entry, task, &past)?);
        events.extend(self.dependency_events(entry, task, &past)?);
        let files = self.changed_texts(entry, task, &past)?;
        let closing = self.closing(entry, task, &past)?;
        if events.is_empty() && files.is_empty() && closing.is_none() {
            self.imported.unchanged += 1;
            return Ok(());
        }
        events.into_iter().for_each(|event| changes.event(&task.id, event));
        for file in &files {
            write(&task.id, *file, text(entry, *file), changes);
        }
        closing.into_iter().for_each(|event| changes.event(&task.id, event));
        self.imported.changed.push(task.id.clone());
        Ok(())
    }

    fn dependency_events(&mut self, entry: &Entry, task: &Task, past: &Past<'_>) -> Result<Vec<Change>> {
        if !matches!(task.status, Status::Backlog | Status::Ready | Status::Waiting) {
            return Ok(Vec::new());
        }
        let mut kept = task.dependencies.clone();
        for id in entry.after.iter().map(|first| &self.ids[*first]) {
            if !kept.contains(id) && past.has_removed("dependencies", id.as_str())? {
                kept.insert(id.clone());
            }
        }
        let new = self.new_dependencies(entry, &task.id, &kept);
        Ok(new.into_iter().map(|id| added("dependencies", id.as_str())).collect())
    }

    /// The texts to take over from the file. What a person or an agent changed meanwhile is never overwritten.
    fn changed_texts(&mut self, entry: &Entry, task: &Task, past: &Past<'_>) -> Result<Vec<TextFile>> {
        let mut changed = Vec::new();
        for (file, text) in texts(entry) {
            match past.judge(file, text, digest(task, file))? {
                Verdict::Same | Verdict::TaskChanged => {}
                Verdict::FileChanged if is_being_worked_on(task.status) => {
                    let message = format!("the {} changed here, but its task is {}", file.word(), task.status);
                    self.warn(entry, format!("{message}; the task's text was kept"));
                }
                Verdict::FileChanged => changed.push(file),
                Verdict::BothChanged => {
                    let what = format!("both the file and the task's {} changed", file.word());
                    self.warn(entry, format!("{what}; the task's text was kept"));
                }
            }
        }
        Ok(changed)
    }

    /// The move of a task that the file now calls done or cancelled.
    fn closing(&mut self, entry: &Entry, task: &Task, past: &Past<'_>) -> Result<Option<Change>> {
        let wanted = &entry.beginning;
        if !wanted.status.is_closed() || task.status == wanted.status {
            return Ok(None);
        }
        if !matches!(task.status, Status::Backlog | Status::Ready | Status::Waiting | Status::Review) {
            let message = format!("marked {} here, but its task is {}", wanted.status, task.status);
            self.warn(entry, format!("{message}; it was left alone"));
            return Ok(None);
        }
        // Whoever took a cancelled task up again is not overruled by the mark that is still in the file.
        if past.has_been(wanted.status)? {
            let message = format!("still marked {} here, but its task was taken up again", wanted.status);
            self.warn(entry, format!("{message}; it was left alone"));
            return Ok(None);
        }
        Ok(Some(Change::Moved { from: task.status, to: wanted.status, reason: None, note: wanted.note.clone() }))
    }

    fn missing(&self) -> Vec<TaskId> {
        let found: BTreeSet<usize> = self.known_of.iter().flatten().copied().collect();
        let is_unread = |source: &Source| self.list.unread.contains(&source.key);
        let known = self.known.iter().enumerate().filter(|(index, _)| !found.contains(index));
        let gone = known.filter(|(_, task)| !task.status.is_closed() && !task.source.as_ref().is_some_and(is_unread));
        gone.map(|(_, task)| task.id.clone()).collect()
    }

    fn warn(&mut self, entry: &Entry, message: String) {
        self.imported.warnings.push(format!("{}: {}", entry.at, escape_line(&message)));
    }
}

/// Somebody works on, or looks at, the task as it is.
fn is_being_worked_on(status: Status) -> bool {
    matches!(status, Status::Running | Status::Review | Status::Delivering)
}

/// The new title, if it is new in the file, and the new origin. A line that merely moved is no change.
fn source_events(entry: &Entry, task: &Task) -> impl Iterator<Item = Change> {
    let (old, new) = (task.source.as_ref(), &entry.source);
    let renamed = old.is_some_and(|old| old.title != new.title) && task.title != new.title;
    let moved = old.is_none_or(|old| (&old.key, &old.title) != (&new.key, &new.title));
    let title = renamed.then(|| Change::Set {
        field: "title".to_owned(),
        from: Some(task.title.clone()),
        to: Some(new.title.clone()),
    });
    let source = moved.then(|| Change::Set {
        field: "source".to_owned(),
        from: None,
        to: Some(serde_json::to_string(new).expect("a source holds only texts and a number")),
    });
    title.into_iter().chain(source)
}

/// Labels that are new in the file. One that was taken away from the task stays away.
fn label_events(entry: &Entry, task: &Task, past: &Past<'_>) -> Result<Vec<Change>> {
    let mut events = Vec::new();
    for label in entry.labels.difference(&task.labels) {
        if !past.has_removed("labels", label)? {
            events.push(added("labels", label));
        }
    }
    Ok(events)
}

fn added(set: &str, element: &str) -> Change {
    Change::Added { field: set.to_owned(), value: element.to_owned() }
}

fn texts(entry: &Entry) -> impl Iterator<Item = (TextFile, &str)> {
    [TextFile::Spec, TextFile::Plan].into_iter().map(|file| (file, text(entry, file)))
}

fn text(entry: &Entry, file: TextFile) -> &str {
    match file {
        TextFile::Spec => &entry.spec,
        TextFile::Plan => &entry.plan,
    }
}

fn digest(task: &Task, file: TextFile) -> Option<&Digest> {
    match file {
        TextFile::Spec => task.spec.as_ref(),
        TextFile::Plan => task.plan.as_ref(),
    }
}

fn write(id: &TaskId, file: TextFile, text: &str, changes: &mut Changes) {
    changes.text(id, file, text);
    changes.event(id, remembered(file, text));
}
