//! Reads a plan line by line: where steps begin and end, and which line is list, prose, script, code or comment.
//!
//! Findings made here concern one line; what concerns several steps is found by `check`. A heading that was meant to
//! start a step does start one, besides being an error, so that what is under it is checked as well.

use std::collections::HashSet;

use super::fence::{Fence, heading, indent};
use super::heading::StepHeading;
use super::list::{self, Entry, Key, Wrong};
use super::{Draft, Finding, Located, Spot, is_hiding, quoted};

pub(super) fn read(text: &str) -> (Vec<Draft<'_>>, Vec<Finding>) {
    let mut reader = Reader::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        reader.line(Located { text: line, spot: Spot { line: index + 1, column: 1 } });
    }
    reader.finish();
    (reader.drafts, reader.findings)
}

#[derive(Default)]
struct Reader<'a> {
    drafts: Vec<Draft<'a>>,
    findings: Vec<Finding>,
    inside: Inside<'a>,
    place: Place,
    /// The highest step number so far, to suggest the next.
    highest: u32,
}

/// What the line is part of, whatever it looks like.
#[derive(Default)]
enum Inside<'a> {
    #[default]
    Text,
    Code(Code<'a>),
    Comment(Spot),
}

struct Code<'a> {
    fence: Fence<'a>,
    spot: Spot,
    /// The text so far, if these lines are to be run.
    script: Option<String>,
}

/// The part of a step the line is in.
#[derive(Default, Clone, Copy)]
enum Place {
    #[default]
    NoStep,
    List(Option<Last>),
    Prose,
}

/// The last entry of the list, which indented lines continue.
#[derive(Clone, Copy)]
struct Last {
    /// `None` for an entry that could not be read.
    key: Option<Key>,
    indent: usize,
    /// Where its value would stand, while there is none.
    missing: Option<Spot>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: Located<'a>) {
        match std::mem::take(&mut self.inside) {
            Inside::Text => self.text(line),
            Inside::Code(code) => self.code(code, line),
            Inside::Comment(spot) => self.comment(spot, line),
        }
    }

    fn text(&mut self, line: Located<'a>) {
        let shallow = indent(line.text) <= 3;
        if let Some(fence) = Fence::open(line.text).filter(|_| shallow) {
            self.open_code(fence, line);
        } else if shallow && line.text.trim_start().starts_with("<!--") {
            self.comment(line.trimmed().spot, line);
        } else if let Some(found) = StepHeading::find(line.text, self.highest) {
            self.start_step(found, line);
        } else if heading(line.text).is_some_and(|(level, _)| level <= 3) {
            self.leave_list();
            self.place = Place::NoStep;
        } else {
            self.plain(line);
        }
    }

    fn comment(&mut self, start: Spot, line: Located<'a>) {
        match line.text.split_once("-->") {
            None => self.inside = Inside::Comment(start),
            Some((_, rest)) if rest.trim().is_empty() => {}
            Some((_, rest)) => self.prose(rest.trim()),
        }
    }

    fn start_step(&mut self, found: StepHeading<'a>, line: Located<'a>) {
        self.leave_list();
        let spot = line.trimmed().spot;
        let StepHeading { id, title, fix } = found;
        if let Some(fix) = fix {
            let message = format!("`{}` looks like a step, but is not written like one", quoted(line.text.trim()));
            self.error(spot, message, fix);
        } else if title.is_empty() {
            let message = format!("step {id} has no title");
            self.error(spot, message, format!("### {id}: what the step does"));
        }
        if let Some(at) = hidden(line) {
            let fix = format!("### {id}: {}", quoted(&title.replace(is_hiding, "")));
            self.error(at, format!("the title of step {id} has a control character"), fix);
        }
        self.highest = self.highest.max(id[1..].parse().unwrap_or_default());
        let mut draft = Draft { heading_column: spot.column, ..Draft::default() };
        (draft.step.id, draft.step.title, draft.step.line) = (id, title.to_owned(), spot.line);
        self.drafts.push(draft);
        self.place = Place::List(None);
    }

    fn plain(&mut self, line: Located<'a>) {
        match self.place {
            Place::NoStep => {}
            Place::List(_) if line.text.trim().is_empty() => {}
            Place::List(Some(last)) if indent(line.text) >= last.indent + 2 => self.continue_entry(last, line),
            Place::List(_) => match list::bullet(line).and_then(list::entry).filter(|_| indent(line.text) <= 3) {
                Some(entry) => self.entry(entry, indent(line.text)),
                None => self.plain_prose(line),
            },
            Place::Prose => self.plain_prose(line),
        }
    }

    fn plain_prose(&mut self, line: Located<'a>) {
        if let Some(key) = list::misplaced_key(line) {
            let message = format!("`{}:` is not in the list under the step's heading and has no effect", key.name());
            let fix = format!("move it, as `- {}: …`, directly under the heading", key.name());
            self.error(line.trimmed().spot, message, fix);
        }
        if Fence::open(line.text).is_some_and(|fence| is_script(fence.info)) {
            let fix = "indent the fence by at most three spaces".to_owned();
            let message = "the `sh run` block is indented too far and would not run".to_owned();
            self.findings.push(Finding::warning(line.trimmed().spot, message, fix));
        }
        self.prose(line.text);
    }

    fn prose(&mut self, text: &str) {
        self.leave_list();
        if !matches!(self.place, Place::NoStep)
            && let Some(draft) = self.drafts.last_mut()
        {
            draft.step.prose.push_str(text);
            draft.step.prose.push('\n');
        }
    }

    fn error(&mut self, spot: Spot, message: String, fix: String) {
        self.findings.push(Finding::error(spot, message, fix));
    }

    fn wrong(&mut self, wrong: Wrong) {
        self.error(wrong.spot, wrong.message, wrong.fix);
    }

    fn finish(&mut self) {
        self.leave_list();
        match std::mem::take(&mut self.inside) {
            Inside::Text => {}
            Inside::Code(code) => {
                let message = "the code block is never closed".to_owned();
                self.error(code.spot, message, "end it with a line of the same marks".to_owned());
            }
            Inside::Comment(spot) => {
                self.error(spot, "the comment is never closed".to_owned(), "end it with `-->`".to_owned());
            }
        }
        for draft in &mut self.drafts {
            draft.step.files = unique(&draft.files);
            draft.step.after = unique(&draft.after);
            draft.step.prose = without_blank_ends(&draft.step.prose);
        }
    }
}

/// The list under the heading.
impl<'a> Reader<'a> {
    fn entry(&mut self, entry: Entry<'a>, indent: usize) {
        self.leave_list();
        let (key, missing) = match entry {
            Entry::Known(key, value) => {
                self.value(key, value);
                (Some(key), value.text.is_empty().then_some(value.spot))
            }
            Entry::Unknown(name, meant) => {
                let fix = match meant {
                    Some(key) => format!("`{}:`", key.name()),
                    None => "`files:`, `after:` or `gate:`; other things go into the prose below the list".to_owned(),
                };
                self.error(name.spot, format!("a step's list has no key `{}`", quoted(name.text)), fix);
                (None, None)
            }
        };
        self.place = Place::List(Some(Last { key, indent, missing }));
    }

    fn continue_entry(&mut self, last: Last, line: Located<'a>) {
        if let Some(key) = last.key {
            self.value(key, list::bullet(line).unwrap_or(line.trimmed()));
        }
        self.place = Place::List(Some(Last { missing: None, ..last }));
    }

    fn value(&mut self, key: Key, value: Located<'a>) {
        let Some(draft) = self.drafts.last_mut() else { return };
        match key {
            Key::After => draft.after.extend(list::ids(value)),
            Key::Files => {
                let (good, bad): (Vec<_>, Vec<_>) = list::files(value).partition(Result::is_ok);
                draft.files.extend(good.into_iter().flatten());
                bad.into_iter().filter_map(Result::err).for_each(|wrong| self.wrong(wrong));
            }
            Key::Gate => {
                draft.has_gate_line = true;
                match list::gate(value) {
                    _ if value.text.is_empty() => {}
                    Ok(command) => draft.step.gates.push(command.to_owned()),
                    Err(wrong) => self.wrong(wrong),
                }
            }
        }
    }

    /// From here on the step is prose. Only now is it known that an entry had no value.
    fn leave_list(&mut self) {
        let Place::List(last) = self.place else { return };
        self.place = Place::Prose;
        if let Some(Last { key: Some(Key::Gate), missing: Some(spot), .. }) = last {
            self.wrong(list::empty_gate(spot));
        }
    }
}

/// Fenced code, of which `sh run` blocks are scripts.
impl<'a> Reader<'a> {
    fn open_code(&mut self, fence: Fence<'a>, line: Located<'a>) {
        let spot = line.trimmed().spot;
        let mut script = is_script(fence.info).then(String::new);
        if script.is_none() {
            self.prose(line.text);
        }
        self.leave_list();
        if matches!(self.place, Place::NoStep) && script.take().is_some() {
            let message = "a script outside any step would never run".to_owned();
            self.error(spot, message, "move it into a step, or drop the word `run`".to_owned());
        }
        if fence.info.split_whitespace().nth(1) == Some("run") && !is_script(fence.info) {
            let message = format!("a block marked `{}` is not run", quoted(fence.info));
            self.findings.push(Finding::warning(spot, message, "mark scripts `sh run`, and nothing else".to_owned()));
        }
        self.inside = Inside::Code(Code { fence, spot, script });
    }

    fn code(&mut self, mut code: Code<'a>, line: Located<'a>) {
        if code.fence.is_closed_by(line.text) {
            return self.close_code(code, line);
        }
        match &mut code.script {
            Some(script) => {
                script.push_str(without_indent(line.text, code.fence.indent));
                script.push('\n');
                if let Some(at) = hidden(line) {
                    let fix = "write the script without it".to_owned();
                    self.error(at, "the script has a control character".to_owned(), fix);
                }
            }
            None => self.prose(line.text),
        }
        self.inside = Inside::Code(code);
    }

    fn close_code(&mut self, code: Code<'a>, line: Located<'a>) {
        match (code.script, self.drafts.last_mut()) {
            (Some(script), Some(draft)) => draft.step.scripts.push(script),
            _ => self.prose(line.text),
        }
    }
}

fn is_script(info: &str) -> bool {
    info.split_whitespace().eq(["sh", "run"])
}

/// Where a line hides something. A tab is white space like any other.
fn hidden(line: Located<'_>) -> Option<Spot> {
    let at = line.text.find(|c| c != '\t' && is_hiding(c))?;
    Some(line.spot.right_by(&line.text[..at]))
}

/// The line without up to `columns` spaces of its indentation.
fn without_indent(line: &str, columns: usize) -> &str {
    let spaces = line.bytes().take(columns).take_while(|byte| *byte == b' ').count();
    &line[spaces..]
}

fn without_blank_ends(text: &str) -> String {
    let start = text.find(|c: char| !c.is_whitespace()).unwrap_or(text.len());
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    text[line_start..].trim_end().to_owned()
}

fn unique(pieces: &[Located<'_>]) -> Vec<String> {
    let mut seen = HashSet::new();
    pieces.iter().filter(|piece| seen.insert(piece.text)).map(|piece| piece.text.to_owned()).collect()
}
