//! The list under a step's heading: its bullets, their keys, and the values of `files:`, `after:` and `gate:`.
//!
//! Everything here looks at one line or one value; which lines belong to a list is for `read` to know. A value that
//! cannot be read becomes a [`Wrong`]: where, what, and what to write instead.

use super::fence::indent;
use super::{Located, Spot, is_hiding, quoted};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Files,
    After,
    Gate,
}

impl Key {
    pub(super) fn name(self) -> &'static str {
        match self {
            Key::Files => "files",
            Key::After => "after",
            Key::Gate => "gate",
        }
    }

    fn named(name: &str) -> Option<Key> {
        [Key::Files, Key::After, Key::Gate].into_iter().find(|key| key.name() == name)
    }

    /// The key somebody had in mind who wrote `name`.
    fn meant_by(name: &str) -> Option<Key> {
        let letters: String = name.chars().filter(|c| c.is_ascii_alphabetic()).collect();
        match letters.to_ascii_lowercase().as_str() {
            "file" | "files" | "path" | "paths" | "touches" => Some(Key::Files),
            "after" | "depends" | "dependson" | "dependency" | "dependencies" | "deps" | "needs" | "requires"
            | "blockedby" => Some(Key::After),
            "gate" | "gates" | "check" | "checks" | "test" | "tests" | "verify" | "command" => Some(Key::Gate),
            _ => None,
        }
    }
}

/// What a line says, read as an entry of the list.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    Known(Key, Located<'a>),
    /// Something with a colon that is no key, and the key that may have been meant.
    Unknown(Located<'a>, Option<Key>),
}

/// A value that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) spot: Spot,
    pub(super) message: String,
    pub(super) fix: String,
}

impl Wrong {
    fn new(spot: Spot, message: impl Into<String>, fix: impl Into<String>) -> Wrong {
        Wrong { spot, message: message.into(), fix: fix.into() }
    }
}

/// The text of a bullet, if the line is one.
pub(super) fn bullet(line: Located<'_>) -> Option<Located<'_>> {
    let marked = line.trimmed();
    let text = marked.text.strip_prefix(['-', '*', '+'])?;
    let rest = Located { text, spot: marked.spot.right_by("-") };
    (text.is_empty() || text.starts_with([' ', '\t'])).then(|| rest.trimmed())
}

/// The entry a bullet's text makes, if it has a key at all.
pub(super) fn entry(bullet: Located<'_>) -> Option<Entry<'_>> {
    let (name, value) = bullet.text.split_once(':')?;
    let plain = name.trim_matches(is_emphasis);
    let value_spot = bullet.spot.right_by(name).right_by(":");
    let is_value = value.trim_start_matches(is_emphasis).starts_with([' ', '\t']) || value.trim().is_empty();
    let is_word = !plain.is_empty() && plain.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_'));
    let meant = Key::meant_by(plain);
    match Key::named(name) {
        Some(key) => Some(Entry::Known(key, Located { text: value, spot: value_spot }.trimmed())),
        None if is_value && (is_word || meant.is_some()) => {
            Some(Entry::Unknown(Located { text: plain, spot: bullet.spot }, meant))
        }
        None => None,
    }
}

/// `**files:**` is how some people and most models write a key.
fn is_emphasis(c: char) -> bool {
    matches!(c, '*' | '_' | '`')
}

/// The key that a line outside the list was meant to have: `gate: …`, with or without a bullet.
pub(super) fn misplaced_key(line: Located<'_>) -> Option<Key> {
    let text = bullet(line).unwrap_or(line.trimmed()).text;
    let (name, value) = text.split_once(':')?;
    let key = Key::named(name)?;
    (indent(line.text) <= 3 && value.starts_with([' ', '\t'])).then_some(key)
}

/// The pieces of a value between commas, without backticks; empty ones are left out.
fn pieces(value: Located<'_>) -> impl Iterator<Item = Located<'_>> {
    let mut spot = value.spot;
    let all = value.text.split(',').map(move |text| {
        let piece = Located { text, spot }.trimmed();
        spot = spot.right_by(text).right_by(",");
        piece
    });
    all.filter(|piece| !piece.text.is_empty())
}

pub(super) fn ids(value: Located<'_>) -> impl Iterator<Item = Located<'_>> {
    pieces(value).map(|piece| in_backticks(piece).unwrap_or(piece)).filter(|piece| !piece.text.is_empty())
}

pub(super) fn files(value: Located<'_>) -> impl Iterator<Item = Result<Located<'_>, Wrong>> {
    pieces(value).map(file)
}

fn in_backticks(piece: Located<'_>) -> Option<Located<'_>> {
    let text = piece.text.strip_prefix('`')?.strip_suffix('`')?;
    Some(Located { text, spot: piece.spot.right_by("`") }.trimmed())
}

/// Checks one path and takes off what does not change its meaning.
fn file(piece: Located<'_>) -> Result<Located<'_>, Wrong> {
    let inner = in_backticks(piece);
    if inner.is_none() && piece.text.contains(char::is_whitespace) {
        let message = format!("`{}` reads like more than one path", quoted(piece.text));
        return Err(Wrong::new(piece.spot, message, "put commas between paths, and backticks around one with spaces"));
    }
    let path = inner.unwrap_or(piece);
    if let Some((what, fix)) = path_problem(path.text) {
        return Err(Wrong::new(path.spot, format!("the path `{}` {what}", quoted(path.text)), fix));
    }
    let text = path.text.strip_prefix("./").unwrap_or(path.text);
    Ok(Located { text, ..path })
}

fn path_problem(path: &str) -> Option<(&'static str, &'static str)> {
    const RELATIVE: &str = "write the path as seen from the top of the repository, such as `src/main.rs`";
    let has_drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.is_empty() {
        Some(("is empty", RELATIVE))
    } else if path.starts_with(['/', '\\', '~']) || has_drive {
        Some(("is absolute", RELATIVE))
    } else if path.split(['/', '\\']).any(|part| part == "..") {
        Some(("leads out by `..`", RELATIVE))
    } else if path.contains(is_hiding) {
        Some(("has a control character", "write the path without it"))
    } else if path.contains(['{', '}']) {
        Some(("has braces", "name each path, or use `*`"))
    } else if path.contains('`') {
        Some(("has a stray backtick", "put backticks around the whole path, or leave them out"))
    } else {
        None
    }
}

/// The command of a gate: one code span and nothing else.
pub(super) fn gate(value: Located<'_>) -> Result<&str, Wrong> {
    let plain = value.text.trim_matches(['`', ' ', '\t']);
    if plain.is_empty() {
        return Err(empty_gate(value.spot));
    }
    let Some((before, command, after)) = code_span(value.text) else {
        let what = if value.text.contains('`') { "has a backtick without its partner" } else { "is not in backticks" };
        return Err(Wrong::new(value.spot, format!("the gate `{}` {what}", quoted(plain)), gate_line(plain)));
    };
    if !(before.trim().is_empty() && after.trim().is_empty()) {
        let extra = if before.trim().is_empty() { after.trim() } else { before.trim() };
        let message = format!("`{}` stands beside the gate's command and would not run", quoted(extra));
        return Err(Wrong::new(value.spot, message, format!("{}, one line per command", gate_line(command))));
    }
    match command.find(is_hiding) {
        _ if command.trim().is_empty() => Err(empty_gate(value.spot)),
        Some(_) => {
            let at = value.text.find(is_hiding).unwrap_or_default();
            let message = format!("the gate `{}` has a control character", quoted(command));
            Err(Wrong::new(value.spot.right_by(&value.text[..at]), message, "write the command without it"))
        }
        None => Ok(command),
    }
}

pub(super) fn empty_gate(spot: Spot) -> Wrong {
    Wrong::new(spot, "the gate is empty", "name a command, such as - gate: `cargo test`, or delete the line")
}

/// The first code span of a text: what is before, inside and after it.
fn code_span(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find('`')?;
    let opened = &text[start..];
    let ticks = opened.len() - opened.trim_start_matches('`').len();
    let inside = &opened[ticks..];
    let mut at = 0;
    while let Some(next) = inside[at..].find('`') {
        let run = &inside[at + next..];
        let length = run.len() - run.trim_start_matches('`').len();
        if length == ticks {
            return Some((&text[..start], without_padding(&inside[..at + next]), &run[length..]));
        }
        at += next + length;
    }
    None
}

/// One space on each side lets a code span begin or end with a backtick.
fn without_padding(code: &str) -> &str {
    code.strip_prefix(' ').and_then(|code| code.strip_suffix(' ')).unwrap_or(code)
}

fn gate_line(command: &str) -> String {
    let command = quoted(command.trim());
    let ticks = if command.contains('`') { ("`` ", " ``") } else { ("`", "`") };
    format!("- gate: {}{command}{}", ticks.0, ticks.1)
}
