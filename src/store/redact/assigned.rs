//! What is assigned to a name such as `password`, told apart from code and prose about passwords.

use super::shapes::Name;
use std::ops::Range;

const SHORTEST: usize = 6;

/// What is assigned to a name.
pub struct Assigned<'a> {
    /// Without quotes, and without punctuation that belongs to the sentence. If it has no quotes and is very long,
    /// only its beginning: enough to tell what it is, however often it is asked.
    pub value: &'a str,
    start: usize,
    is_quoted: bool,
    /// `name=value`, as on a command line; not `name = value`, as in code.
    is_tight: bool,
}

impl<'a> Assigned<'a> {
    pub fn at(text: &'a str, at: usize) -> Assigned<'a> {
        const ENOUGH: usize = 1024;
        let is_tight = text[..at].ends_with('=');
        let rest = &text[at..];
        let quote = rest.strip_prefix('\\').unwrap_or(rest).starts_with(['"', '\'', '`']);
        let opening = if quote { &rest[..rest.len() - rest.trim_start_matches('\\').len() + 1] } else { "" };
        let inside = &rest[opening.len()..];
        let start = at + opening.len();
        match closing(inside, opening) {
            Some(end) => Assigned { value: &inside[..end], start, is_quoted: true, is_tight },
            None => {
                let value = without_punctuation(unquoted(beginning(inside, ENOUGH)));
                Assigned { value, start, is_quoted: false, is_tight }
            }
        }
    }

    /// The bytes to redact.
    pub fn place(&self, text: &str) -> Range<usize> {
        let whole = if self.is_quoted { self.value } else { without_punctuation(unquoted(&text[self.start..])) };
        self.start..self.start + whole.len()
    }

    /// `may_be_id` where the name alone does not make a secret of an id.
    pub fn is_secret(&self, name: &Name, may_be_id: bool) -> bool {
        let length = self.value.chars().count();
        if length < SHORTEST || self.is_code(name) || (may_be_id && is_id(self.value)) {
            return false;
        }
        if name.may_be_path && self.value.contains(['/', '\\']) {
            return false;
        }
        let is_word = |c: char| c.is_alphabetic() || matches!(c, '_' | '-' | '.');
        if self.value.chars().all(is_word) {
            let is_name = name.is_common && !self.is_quoted && self.value.contains(['_', '.']);
            return (self.is_quoted || self.is_tight) && !is_name && length >= 8 && !says_nothing(self.value);
        }
        let is_number = self.value.parse::<f64>().is_ok();
        let is_masked = self.value.chars().all(|c| !c.is_alphanumeric());
        let is_sentence = name.is_common && self.value.contains(char::is_whitespace);
        !(is_masked || is_sentence || (name.is_common && is_number))
    }

    /// What stands behind an option with a blank between, as a sentence about the option has, too.
    pub fn is_secret_of_option(&self, name: &Name) -> bool {
        let is_path = self.value.starts_with(['/', '~', '.']);
        // `docker build --secret id=npm,src=…` names one.
        let is_reference = ["id=", "type="].iter().any(|beginning| self.value.starts_with(beginning));
        let length = self.value.chars().count();
        if length < SHORTEST || is_path || is_reference || self.is_code(name) || says_nothing(self.value) {
            return false;
        }
        let has = |kind: fn(char) -> bool| self.value.contains(kind);
        let is_mixed = has(|c| c.is_ascii_digit()) && self.value.parse::<f64>().is_err();
        is_mixed || (self.is_quoted && has(char::is_alphanumeric))
    }

    /// Whether this computes or looks up the value instead of being it.
    fn is_code(&self, name: &Name) -> bool {
        let reference = self
            .value
            .strip_prefix('$')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase() || matches!(c, '{' | '(' | '_')));
        let begins_like_code = self.value.starts_with(['&', '(', '{', ':', '%', '|']);
        let calls = self.value.ends_with('(') || self.value.contains("::");
        let indexes = (name.is_common || !self.is_tight) && self.value.contains(['(', '[', '{']);
        reference || (!self.is_quoted && (begins_like_code || calls || indexes))
    }
}

/// Where the quote ends that `opening` began, if that is on the same line.
fn closing(inside: &str, opening: &str) -> Option<usize> {
    let quote = opening.bytes().last()?;
    let mut is_escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'\r' | b'\n' => return None,
            _ if byte == quote && opening.len() == 2 && is_escaped => return Some(at - 1),
            _ if byte == quote && opening.len() == 1 && !is_escaped => return Some(at),
            _ => is_escaped = byte == b'\\' && !is_escaped,
        }
    }
    None
}

fn beginning(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

/// The text up to what ends an unquoted value.
fn unquoted(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'));
    &text[..end.unwrap_or(text.len())]
}

fn without_punctuation(text: &str) -> &str {
    let kept = text.trim_end_matches([')', ']', '}', ',', ';', '.', ':', '!', '?', '\\']);
    let bracket = usize::from(kept.starts_with("[redacted:") && text[kept.len()..].starts_with(']'));
    &text[..kept.len() + bracket]
}

/// Object ids, digests and UUIDs; also task and event ids.
fn is_id(text: &str) -> bool {
    let plain = text.split_once(':').map_or(text, |(_, digest)| digest);
    let is_hex = plain.chars().all(|c| c.is_ascii_hexdigit());
    let groups = text.split('-').map(|group| group.chars().filter(char::is_ascii_hexdigit).count());
    let is_uuid = text.len() == 36 && groups.eq([8, 4, 4, 4, 12]);
    let is_base32 = matches!(text.len(), 10 | 26) && text.chars().all(|c| c.is_ascii_alphanumeric());
    (is_hex && matches!(plain.len(), 40 | 64)) || is_uuid || is_base32
}

/// Whether the word at `at` is a whole name: no `api_token`, and no option.
pub fn is_whole_name(text: &str, at: usize) -> bool {
    let mut before = text[..at].chars().rev();
    match before.next() {
        // In JSON, the letter before may belong to an `\n`.
        Some('n' | 'r' | 't') => before.next() == Some('\\'),
        Some(c) => !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')),
        None => true,
    }
}

/// Words that stand where a secret would.
fn says_nothing(text: &str) -> bool {
    const WORDS: [&str; 8] =
        ["undefined", "required", "optional", "password", "redacted", "disabled", "passphrase", "changeme"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}
