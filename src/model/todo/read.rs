//! Reads a to-do list line by line, and says for each item which bytes are its mark.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::super::plan::fence::{Fence, heading, indent};
use super::line::{ItemLine, without_bullet};
use super::words::{Words, label_from_heading};
use super::{Item, Mark, SEED, Todo, folded, hash};

pub(super) fn read(text: &str) -> (Todo, Vec<Range<usize>>) {
    let mut reader = Reader::default();
    let mut start = 0;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let line = raw.trim_end_matches(['\r', '\n']);
        let visible = line.strip_prefix('\u{feff}').filter(|_| index == 0).unwrap_or(line);
        reader.line(Line { number: index + 1, start: start + line.len() - visible.len(), text: visible });
        start += raw.len();
    }
    reader.finish()
}

#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    /// Its first byte in the file.
    start: usize,
    text: &'a str,
}

#[derive(Default)]
struct Reader<'a> {
    todo: Todo,
    places: Vec<Range<usize>>,
    /// What is not part of the answer, for each item.
    extras: Vec<Extra>,
    /// The items the current line may stand under, from the outermost in.
    open: Vec<usize>,
    /// Headings above the current line, by level.
    headings: Vec<(usize, Option<String>)>,
    seen_title: bool,
    inside: Inside<'a>,
    after_blank: bool,
    ids: HashSet<String>,
    occurrences: HashMap<u64, u64>,
}

struct Extra {
    indent: usize,
    /// The columns that notes lose.
    note_indent: Option<usize>,
    /// The hash of its title and those above it.
    path: u64,
    after: Option<String>,
}

/// What the line is part of, whatever it looks like, and the line where that began.
#[derive(Default)]
enum Inside<'a> {
    #[default]
    List,
    Code(Fence<'a>, usize),
    Comment(usize),
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: Line<'a>) {
        match &self.inside {
            Inside::List => self.list(line),
            Inside::Code(fence, _) => {
                if fence.is_closed_by(line.text) {
                    self.inside = Inside::List;
                }
                self.note(line.text);
            }
            Inside::Comment(_) if line.text.contains("-->") => self.inside = Inside::List,
            Inside::Comment(_) => {}
        }
    }

    fn list(&mut self, line: Line<'a>) {
        let text = line.text.trim_start();
        if text.is_empty() {
            self.after_blank = true;
            return;
        }
        if text.starts_with("<!--") {
            if !text.contains("-->") {
                self.inside = Inside::Comment(line.number);
            }
        } else if let Some(fence) = Fence::open(line.text) {
            self.inside = Inside::Code(fence, line.number);
            self.close_items(indent(line.text), 1);
            self.note(line.text);
        } else if let Some((level, text)) = heading(line.text).filter(|_| indent(line.text) <= 1) {
            self.heading(level, text);
        } else if let Some(found) = ItemLine::find(line.text) {
            self.item(line, found);
        } else {
            self.close_items(indent(line.text), 1);
            self.note(line.text);
        }
        self.after_blank = false;
    }

    /// Leaves the items that a line with this indentation cannot belong to.
    fn close_items(&mut self, indent: usize, deeper: usize) {
        while self.open.last().is_some_and(|item| self.extras[*item].indent + deeper > indent) {
            self.open.pop();
        }
    }

    /// The first heading of level 1 is the document's title.
    fn heading(&mut self, level: usize, text: &str) {
        let is_title = level == 1 && !self.seen_title;
        self.seen_title |= level == 1;
        self.headings.retain(|(above, _)| *above < level);
        self.headings.push((level, label_from_heading(text).filter(|_| !is_title)));
        self.open.clear();
    }

    fn item(&mut self, line: Line<'a>, found: ItemLine<'a>) {
        // One space is sloppiness, two are nesting.
        self.close_items(indent(line.text), 2);
        let words = Words::read(found.text);
        if words.title.is_empty() {
            return self.warn(line.number, "the item has no title".to_owned());
        }
        let mark = found.mark.unwrap_or_else(|unknown| {
            self.warn(line.number, format!("the mark `{unknown}` is not known; the item counts as open"));
            Mark::Open
        });
        let parent = self.open.last().copied();
        let path = hash(parent.map_or(SEED, |parent| self.extras[parent].path), folded(&words.title).as_bytes());
        // The end of a title, so that "a" under "b" is not "ba".
        let path = hash(path, &[0]);
        self.open.push(self.todo.items.len());
        self.places.push(line.start + found.place.start..line.start + found.place.end);
        self.extras.push(Extra { indent: indent(line.text), note_indent: None, path, after: words.after });
        let item = Item {
            line: line.number,
            mark,
            title: words.title,
            labels: self.labels(words.labels),
            notes: String::new(),
            parent,
            after: Vec::new(),
            priority: words.priority,
            id: self.unique_id(words.id, line.number),
            key: self.key(path),
        };
        self.todo.items.push(item);
    }

    fn labels(&self, own: Vec<String>) -> Vec<String> {
        let from_headings = self.headings.iter().filter_map(|(_, label)| label.clone());
        let mut seen = HashSet::new();
        from_headings.chain(own).filter(|label| seen.insert(label.clone())).collect()
    }

    /// A copied line keeps its comment, but there is only one such task.
    fn unique_id(&mut self, id: Option<String>, line: usize) -> Option<String> {
        let id = id?;
        if !self.ids.insert(id.clone()) {
            self.warn(line, format!("the id {id} stands on an earlier line, too, and does not count here"));
            return None;
        }
        Some(id)
    }

    fn key(&mut self, path: u64) -> String {
        let occurrence = self.occurrences.entry(path).or_default();
        *occurrence += 1;
        format!("{:016x}", hash(path, &occurrence.to_le_bytes()))
    }

    /// Adds a line to the notes of the innermost open item.
    fn note(&mut self, line: &str) {
        let Some(&index) = self.open.last() else { return };
        let base = *self.extras[index].note_indent.get_or_insert(indent(line));
        let notes = &mut self.todo.items[index].notes;
        if self.after_blank && !notes.is_empty() {
            notes.push('\n');
        }
        notes.push_str(noted(line).unwrap_or(without_indent(line, base)).trim_end());
        notes.push('\n');
    }

    fn warn(&mut self, line: usize, message: String) {
        self.todo.warnings.push((line, message));
    }

    fn finish(mut self) -> (Todo, Vec<Range<usize>>) {
        match self.inside {
            Inside::List => {}
            Inside::Code(_, line) => self.warn(line, "the code block is never closed".to_owned()),
            Inside::Comment(line) => self.warn(line, "the comment is never closed".to_owned()),
        }
        self.resolve_dependencies();
        for item in &mut self.todo.items {
            item.notes.truncate(item.notes.trim_end().len());
        }
        self.todo.warnings.sort_by_key(|(line, _)| *line);
        (self.todo, self.places)
    }

    fn resolve_dependencies(&mut self) {
        let titles = Titles::new(&self.todo.items);
        let mut warnings = Vec::new();
        for (index, extra) in self.extras.iter().enumerate() {
            let Some(named) = &extra.after else { continue };
            let (found, unknown) = titles.resolve(named, index);
            let line = self.todo.items[index].line;
            warnings.extend(unknown.into_iter().map(|title| (line, format!("no other item is called `{title}`"))));
            self.todo.items[index].after = found;
        }
        self.todo.warnings.extend(warnings);
    }
}

/// Items by folded title; of several with the same title the first is meant.
struct Titles(HashMap<String, usize>);

impl Titles {
    fn new(items: &[Item]) -> Titles {
        let mut titles = HashMap::new();
        for (index, item) in items.iter().enumerate() {
            titles.entry(folded(&item.title)).or_insert(index);
        }
        Titles(titles)
    }

    /// The items named in an `(after: …)` of the item `own`, and the titles nobody has.
    fn resolve(&self, named: &str, own: usize) -> (Vec<usize>, Vec<String>) {
        if let Some(index) = self.find(named, own) {
            return (vec![index], Vec::new());
        }
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for title in named.split(';').map(str::trim).filter(|title| !title.is_empty()) {
            match self.find(title, own) {
                Some(index) => found.push(index),
                None => unknown.push(title.to_owned()),
            }
        }
        found.sort_unstable();
        found.dedup();
        (found, unknown)
    }

    fn find(&self, title: &str, own: usize) -> Option<usize> {
        self.0.get(&folded(&Words::read(title).title)).copied().filter(|index| *index != own)
    }
}

/// The text of a `- Note: text` line.
fn noted(line: &str) -> Option<&str> {
    let text = without_bullet(line)?;
    let (word, note) = text.split_once(':')?;
    word.eq_ignore_ascii_case("note").then(|| note.trim_start())
}

/// The line without white space up to a column.
fn without_indent(line: &str, columns: usize) -> &str {
    let mut column = 0;
    for (at, c) in line.char_indices() {
        column = match c {
            ' ' => column + 1,
            '\t' => column / 4 * 4 + 4,
            _ => return &line[at..],
        };
        if column > columns {
            return &line[at..];
        }
    }
    ""
}
