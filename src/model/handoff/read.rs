//! Reading a handoff out of an agent's words.

use super::{Handoff, MOST_ITEMS, one_line};
use crate::model::plan::fence::{Fence, heading};
use serde_json::Value;

/// Only the end of a text can be somebody's last words.
const LONGEST_READ: usize = 128 * 1024;
/// Places in a text where JSON may begin that are looked at.
const MOST_OBJECTS: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Summary,
    Decisions,
    OpenPoints,
    Files,
    /// A heading that means nothing here; what stands below it is left out.
    Other,
}

/// As the heading is written in small letters.
const NAMES: [(&str, Section); 22] = [
    ("summary", Section::Summary),
    ("revision summary", Section::Summary),
    ("what was done", Section::Summary),
    ("done", Section::Summary),
    ("decisions", Section::Decisions),
    ("key decisions", Section::Decisions),
    ("decisions made", Section::Decisions),
    ("open points", Section::OpenPoints),
    ("open questions", Section::OpenPoints),
    ("open issues", Section::OpenPoints),
    ("issues not addressed", Section::OpenPoints),
    ("remaining work", Section::OpenPoints),
    ("remaining", Section::OpenPoints),
    ("next steps", Section::OpenPoints),
    ("to do", Section::OpenPoints),
    ("todo", Section::OpenPoints),
    ("files", Section::Files),
    ("changed files", Section::Files),
    ("files changed", Section::Files),
    ("changes", Section::Files),
    ("changes made", Section::Files),
    ("issues addressed", Section::Files),
];

pub fn parse(text: &str) -> Option<Handoff> {
    let mut begin = text.len().saturating_sub(LONGEST_READ);
    while !text.is_char_boundary(begin) {
        begin += 1;
    }
    let text = &text[begin..];
    let handoff = from_json(text).or_else(|| from_sections(text))?;
    Some(handoff.bounded()).filter(|handoff| *handoff != Handoff::default())
}

/// A heading under which something of a handoff stands.
pub fn begins_section(line: &str) -> bool {
    section_of(line).is_some_and(|section| section != Section::Other)
}

fn section_of(line: &str) -> Option<Section> {
    let (level, title) = heading(line)?;
    let title = title.trim_matches(['*', ':', ' ']).to_lowercase();
    let known = NAMES.iter().find(|(name, _)| *name == title).map(|(_, section)| *section);
    // A smaller heading divides the section it stands in.
    known.or((level <= 2).then_some(Section::Other))
}

/// The last object in the text that says of itself to be a handoff.
fn from_json(text: &str) -> Option<Handoff> {
    let begins = text.match_indices('{').map(|(at, _)| at).filter(|at| begins_line(text, *at));
    let begins: Vec<usize> = begins.collect();
    let objects = begins.iter().rev().take(MOST_OBJECTS);
    objects.into_iter().find_map(|at| {
        let mut values = serde_json::Deserializer::from_str(&text[*at..]).into_iter::<Value>();
        of_object(&values.next()?.ok()?)
    })
}

/// Nothing but blanks and marks of code stand before it on its line.
fn begins_line(text: &str, at: usize) -> bool {
    text[..at].rsplit('\n').next().unwrap_or_default().chars().all(|c| c.is_whitespace() || c == '`')
}

/// `{"type":"handoff_output","output_type":"general","content":"…","summary":"…"}`
pub fn of_object(object: &Value) -> Option<Handoff> {
    let field = |name: &str| object.get(name).and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if field("type") != "handoff_output" {
        return None;
    }
    let (summary, content) = (field("summary"), field("content"));
    let headed = || from_sections(&format!("## Summary\n\n{summary}\n\n{content}"));
    let mut handoff = from_sections(content).or_else(headed)?;
    if !summary.is_empty() && !handoff.summary.contains(summary) {
        handoff.summary = format!("{summary}\n\n{}", handoff.summary);
    }
    Some(handoff)
}

/// Of two sections of one kind the later one stands: an agent may quote what it was asked for.
fn from_sections(text: &str) -> Option<Handoff> {
    let mut handoff = Handoff::default();
    let mut found_summary = false;
    let mut section = Section::Other;
    let mut code: Option<Fence<'_>> = None;
    for line in text.lines() {
        let begun = if code.is_none() { section_of(line) } else { None };
        match &code {
            Some(fence) if fence.is_closed_by(line) => code = None,
            Some(_) => {}
            None => code = Fence::open(line),
        }
        match begun {
            Some(Section::Summary) => {
                found_summary = true;
                handoff.summary.clear();
            }
            Some(Section::Decisions) => handoff.decisions.clear(),
            Some(Section::OpenPoints) => handoff.open_points.clear(),
            // `Changes` and `Files` are often both there.
            Some(Section::Files | Section::Other) => {}
            None => handoff.take(section, line),
        }
        section = begun.unwrap_or(section);
    }
    found_summary.then_some(handoff)
}

impl Handoff {
    fn take(&mut self, section: Section, line: &str) {
        let items = match section {
            Section::Summary => {
                self.summary.push_str(line);
                return self.summary.push('\n');
            }
            Section::Decisions => &mut self.decisions,
            Section::OpenPoints => &mut self.open_points,
            Section::Files => &mut self.files,
            Section::Other => return,
        };
        let text = line.trim();
        let Some(item) = without_bullet(text) else {
            // The rest of an item that goes over several lines, or a paragraph.
            let is_full = items.len() >= MOST_ITEMS;
            match items.last_mut() {
                Some(last) if !text.is_empty() && line.starts_with([' ', '\t']) => {
                    *last = one_line(&format!("{last} {text}"));
                }
                _ if text.is_empty() || says_none(text) || is_full => {}
                _ => items.push(one_line(text)),
            }
            return;
        };
        if !says_none(item) && items.len() < MOST_ITEMS {
            items.push(one_line(item));
        }
    }
}

/// `- x`, `* x`, `3. x`, `- [ ] x`
fn without_bullet(text: &str) -> Option<&str> {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = (digits.len() < text.len()).then(|| digits.strip_prefix(['.', ')'])).flatten();
    let rest = numbered.or_else(|| text.strip_prefix(['-', '*', '+']))?;
    let rest = rest.strip_prefix([' ', '\t']).or(rest.is_empty().then_some(""))?.trim();
    let boxes = ["[ ] ", "[x] ", "[X] "];
    Some(boxes.iter().find_map(|mark| rest.strip_prefix(mark)).unwrap_or(rest))
}

fn says_none(item: &str) -> bool {
    let word = item.trim_matches(['.', '*', '_', '(', ')', ' ']).to_lowercase();
    ["", "none", "nothing", "n/a", "-"].contains(&word.as_str())
}
