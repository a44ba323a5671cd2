//! What the events of a task say about its record and its texts together.
//!
//! As long as each version of a text was written on the one before, the text is the last version. Where clones were
//! apart, it is what a replay of all versions makes of them, and that needs no more than the events: the same everywhere,
//! whichever way they came together.

use super::replay::{Replayed, TextEdit, replay, texts_of};
use super::{Change, Conflict, ConflictKind, Digest, Event, Task, TaskId, TextFile, fold};
use std::collections::{BTreeMap, BTreeSet};

pub struct Folded {
    pub task: Task,
    /// The texts that no single version is, because versions were written apart.
    pub replayed: BTreeMap<TextFile, Replayed>,
}

/// The file beside the task that keeps what a conflict's other side said.
pub fn attic_name(conflict: &Conflict) -> String {
    format!("attic/{}-{}.md", conflict.kind.word(), conflict.id)
}

/// `events` in any order. `known` gives versions that are too long for their event to carry.
pub fn fold_with_texts(id: &TaskId, events: &[Event], known: &dyn Fn(&Digest) -> Option<String>) -> Option<Folded> {
    let mut task = fold(id, events)?;
    let mut ordered: Vec<&Event> = events.iter().collect();
    ordered.sort_by(|a, b| (a.hlc, &a.id).cmp(&(b.hlc, &b.id)));
    ordered.dedup_by(|a, b| a.id == b.id);
    let settled = settled(&ordered);
    let mut texts = BTreeMap::new();
    for file in [TextFile::Spec, TextFile::Plan] {
        let edits = edits_of(&ordered, file);
        if is_one_line(&edits) {
            continue;
        }
        let replayed = replay(&edits, known);
        let digest = (!replayed.text.is_empty() || !edits.is_empty()).then(|| Digest::of(&replayed.text));
        match file {
            TextFile::Spec => task.spec = digest,
            TextFile::Plan => task.plan = digest,
        }
        let conflicts = conflicts(file, &replayed).into_iter().filter(|conflict| !settled.contains(&conflict.id));
        task.conflicts.extend(conflicts);
        texts.insert(file, replayed);
    }
    task.conflicts.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
    task.conflicts.dedup_by(|a, b| a.id == b.id);
    Some(Folded { task, replayed: texts })
}

impl Folded {
    /// The open conflicts about texts, each with what its other side said.
    pub fn attic(&self) -> Vec<(String, String)> {
        let mut files = Vec::new();
        for (file, replayed) in &self.replayed {
            for (conflict, clash) in conflicts(*file, replayed).iter().zip(&replayed.clashes) {
                if self.task.conflicts.iter().any(|open| open.id == conflict.id) {
                    files.push((attic_name(conflict), clash.text.clone()));
                }
            }
        }
        files
    }
}

/// Every version of a text that the events tell of, the empty one among them.
pub fn versions_of(events: &[Event], file: TextFile, known: &dyn Fn(&Digest) -> Option<String>) -> Vec<String> {
    let events: Vec<&Event> = events.iter().collect();
    texts_of(&edits_of(&events, file), known)
}

fn settled(events: &[&Event]) -> BTreeSet<String> {
    let of = |event: &&Event| match &event.change {
        Change::Settled { conflicts } => conflicts.clone(),
        _ => Vec::new(),
    };
    events.iter().flat_map(of).collect()
}

fn edits_of<'e>(events: &[&'e Event], wanted: TextFile) -> Vec<TextEdit<'e>> {
    let edit = |event: &&'e Event| match &event.change {
        Change::Text { file, from, to, diff } if *file == wanted => {
            Some(TextEdit { id: &event.id, from: from.as_ref(), to, diff, only_seen: false })
        }
        Change::TextSeen { file, from, to, diff } if *file == wanted => {
            Some(TextEdit { id: &event.id, from: from.as_ref(), to, diff, only_seen: true })
        }
        _ => None,
    };
    events.iter().filter_map(edit).collect()
}

/// Whether each version was written on the one before it.
fn is_one_line(edits: &[TextEdit<'_>]) -> bool {
    let mut current = None;
    edits.iter().filter(|edit| !edit.only_seen).all(|edit| {
        let follows = edit.from == current;
        current = Some(edit.to);
        follows
    })
}

fn conflicts(file: TextFile, replayed: &Replayed) -> Vec<Conflict> {
    let conflict = |clash: &super::replay::Clash| {
        let section = clash.section.trim_start_matches('#').trim();
        let place = match section {
            "" => format!("the {}", file.word()),
            section => format!("\"{section}\" in the {}", file.word()),
        };
        let parts = [clash.section.as_str(), clash.kept.as_str(), clash.lost.as_str(), clash.text.as_str()];
        let what = format!("{place} was changed by two people at once; the later one stands");
        let mut conflict = Conflict::new(ConflictKind::of_text(file), &parts, what, None);
        conflict.other = Some(attic_name(&conflict));
        conflict
    };
    replayed.clashes.iter().map(conflict).collect()
}
