//! A Markdown text by its headings, and carrying a change of one version over to another.

use super::diff::compare;
use similar::DiffOp;
use std::collections::BTreeMap;

/// The heading line, and which one of those that read the same. The part above the first heading has an empty one.
type Key = (String, usize);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sections {
    order: Vec<Key>,
    texts: BTreeMap<Key, String>,
}

/// What did not get into the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    pub key: Key,
    /// What the text had stays, and the change is lost; otherwise the other way round.
    pub current_stands: bool,
    pub text: String,
}

impl Sections {
    pub fn of(text: &str) -> Sections {
        let mut sections = Sections::default();
        let mut fence: Option<String> = None;
        let mut key: Key = (String::new(), 0);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut body = String::new();
        for line in text.split_inclusive('\n') {
            let trimmed = line.trim_start();
            match &fence {
                Some(end) if trimmed.trim_end().starts_with(end.as_str()) => fence = None,
                Some(_) => {}
                None => fence = fence_of(trimmed),
            }
            if fence.is_none() && is_heading(line) {
                sections.push(key, std::mem::take(&mut body));
                let heading = line.trim_end().to_owned();
                let number = seen.entry(heading.clone()).or_default();
                key = (heading, *number);
                *number += 1;
            }
            body.push_str(line);
        }
        sections.push(key, body);
        sections
    }

    fn push(&mut self, key: Key, text: String) {
        if key.0.is_empty() && text.is_empty() {
            return;
        }
        self.order.push(key.clone());
        self.texts.insert(key, text);
    }

    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.order.iter()
    }

    pub fn get(&self, key: &Key) -> Option<&String> {
        self.texts.get(key)
    }

    /// What the change from one version to another makes of this text, and what of either did not get in.
    pub fn carry_over(mut self, from: &Sections, to: &Sections) -> (String, Vec<Lost>) {
        let mut lost = Vec::new();
        for key in from.keys().filter(|key| to.get(key).is_none()) {
            match self.get(key) {
                Some(text) if Some(text) == from.get(key) => self.remove(key),
                Some(_) => lost.push(Lost { key: key.clone(), current_stands: true, text: String::new() }),
                None => {}
            }
        }
        for (place, key) in to.order.iter().enumerate() {
            let (old, new) = (from.get(key), &to.texts[key]);
            if old == Some(new) {
                continue;
            }
            match self.get(key).cloned() {
                None => {
                    if old.is_some() {
                        lost.push(Lost { key: key.clone(), current_stands: false, text: String::new() });
                    }
                    self.insert(key, new.clone(), &to.order[..place]);
                }
                Some(current) if Some(&current) == old => drop(self.texts.insert(key.clone(), new.clone())),
                Some(current) if current == *new => {}
                Some(current) => {
                    let merged = merge_blocks(old.map_or("", String::as_str), &current, new).unwrap_or_else(|| {
                        lost.push(Lost { key: key.clone(), current_stands: false, text: current });
                        new.clone()
                    });
                    self.texts.insert(key.clone(), merged);
                }
            }
        }
        self.follow_order(from, to);
        (self.join(), lost)
    }

    fn remove(&mut self, key: &Key) {
        self.order.retain(|known| known != key);
        self.texts.remove(key);
    }

    /// After the nearest of `before` that is still there.
    fn insert(&mut self, key: &Key, text: String, before: &[Key]) {
        let after = before.iter().rev().find_map(|near| self.order.iter().position(|known| known == near));
        let first = usize::from(self.order.first().is_some_and(|key| key.0.is_empty()));
        let place = if key.0.is_empty() { 0 } else { after.map_or(first, |after| after + 1) };
        self.order.insert(place, key.clone());
        self.texts.insert(key.clone(), text);
    }

    /// A change of the order counts for the sections that are still there.
    fn follow_order(&mut self, from: &Sections, to: &Sections) {
        let common = |sections: &Sections, other: &Sections| -> Vec<Key> {
            let both = |key: &&Key| other.get(key).is_some() && self.get(key).is_some();
            sections.order.iter().filter(both).cloned().collect()
        };
        let (old, new) = (common(from, to), common(to, from));
        if old == new {
            return;
        }
        let mut wanted = new.into_iter();
        for slot in &mut self.order {
            if from.get(slot).is_some() && to.get(slot).is_some() {
                *slot = wanted.next().unwrap_or_else(|| slot.clone());
            }
        }
    }

    fn join(&self) -> String {
        let mut text = String::new();
        for key in &self.order {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&self.texts[key]);
        }
        text
    }
}

fn is_heading(line: &str) -> bool {
    let marks = line.bytes().take_while(|byte| *byte == b'#').count();
    (1..=6).contains(&marks) && line[marks..].starts_with([' ', '\t', '\n', '\r'])
}

/// The mark that ends the code block which this line begins.
fn fence_of(line: &str) -> Option<String> {
    ['`', '~'].into_iter().find_map(|mark| {
        let length = line.chars().take_while(|c| *c == mark).count();
        (length >= 3).then(|| mark.to_string().repeat(length))
    })
}

/// Paragraphs, each with the blank lines after it; code blocks stay whole.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block = String::new();
    let mut fence: Option<String> = None;
    let mut after_blank = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let was_inside = fence.is_some();
        match &fence {
            Some(end) if trimmed.starts_with(end.as_str()) => fence = None,
            Some(_) => {}
            None => fence = fence_of(trimmed),
        }
        if after_blank && !trimmed.is_empty() && !was_inside {
            blocks.push(std::mem::take(&mut block));
        }
        after_blank = trimmed.is_empty() && fence.is_none();
        block.push_str(line);
    }
    if !block.is_empty() {
        blocks.push(block);
    }
    blocks
}

/// Three-way by paragraphs. Nothing where two changes meet.
fn merge_blocks(base: &str, current: &str, new: &str) -> Option<String> {
    let (base, current, new) = (blocks(base), blocks(current), blocks(new));
    let (ours, theirs) = (changes(&base, &current), changes(&base, &new));
    let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
    let mut merged: Vec<&String> = Vec::new();
    let mut at = 0;
    loop {
        let next = match (ours.peek(), theirs.peek()) {
            (None, None) => break,
            (Some(o), Some(t)) if o == t && texts(o, &current) == texts(t, &new) => {
                theirs.next();
                ours.next().map(|change| (change, &current))
            }
            // Both added something at one place: both stay.
            (Some(o), Some(t)) if o.is_insertion() && t.is_insertion() && o.old == t.old => {
                ours.next().map(|change| (change, &current))
            }
            (Some(o), Some(t)) if o.meets(t) => return None,
            (Some(o), Some(t)) if t.old.start < o.old.start => theirs.next().map(|change| (change, &new)),
            (Some(_), _) => ours.next().map(|change| (change, &current)),
            (None, Some(_)) => theirs.next().map(|change| (change, &new)),
        };
        let (change, source) = next?;
        merged.extend(base.get(at..change.old.start)?);
        merged.extend(&source[change.new.clone()]);
        at = change.old.end;
    }
    merged.extend(base.get(at..)?);
    let mut text = String::new();
    for block in merged {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(block);
    }
    Some(text)
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct BlockChange {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

impl BlockChange {
    fn is_insertion(&self) -> bool {
        self.old.is_empty()
    }

    /// Touching counts: a paragraph that is replaced and one that is added right beside it may be about each other.
    fn meets(&self, other: &BlockChange) -> bool {
        self.old.start <= other.old.end && other.old.start <= self.old.end
    }
}

fn texts<'b>(change: &BlockChange, blocks: &'b [String]) -> &'b [String] {
    &blocks[change.new.clone()]
}

fn changes(old: &[String], new: &[String]) -> Vec<BlockChange> {
    let mut changes: Vec<BlockChange> = Vec::new();
    for op in compare(old, new) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        match changes.last_mut() {
            // One place, told as a removal and an addition.
            Some(last) if last.old.end == op.old_range().start && last.new.end == op.new_range().start => {
                last.old.end = op.old_range().end;
                last.new.end = op.new_range().end;
            }
            _ => changes.push(BlockChange { old: op.old_range(), new: op.new_range() }),
        }
    }
    changes
}
