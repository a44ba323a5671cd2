//! Takes secrets out of text before it is written to git, where nothing is ever forgotten.
//!
//! First the values of secret-looking environment variables become `[redacted:NAME]`. Then what has the shape of a
//! credential, and what is assigned to a name like `password`, become `[redacted:kind]`. Redacting twice changes
//! nothing more. Object ids, digests, UUIDs and task ids stay whole: no value is cut out of one, and a `token: …` that
//! is one is left alone. (Whoever has a secret that *is* forty hex characters gets it redacted by its variable.)
//!
//! Text is untrusted: time is linear, nothing panics. `SHAPES` is the place to add a kind of credential. No shape may
//! begin with an open-ended repetition: a candidate that stays alive for long makes every search below it long.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Knows the secrets of this process, and what credentials look like.
pub struct Redactor {
    /// Longest first.
    secrets: Vec<Secret>,
    /// What may stand in a `[redacted:…]` of ours.
    labels: HashSet<String>,
}

struct Secret {
    name: String,
    value: String,
}

/// Names only.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.secrets.iter().map(|secret| &secret.name)).finish()
    }
}

impl Redactor {
    /// Of these variables, those whose name looks secret and whose value can be one are redacted.
    pub fn new(secrets: impl IntoIterator<Item = (String, String)>) -> Redactor {
        let likely = secrets.into_iter().filter(|(name, value)| is_secret_name(name) && is_secret_value(value.trim()));
        let mut secrets: Vec<Secret> = likely.flat_map(|(name, value)| spellings(&name, value.trim())).collect();
        secrets.sort_by(|a, b| {
            b.value.len().cmp(&a.value.len()).then_with(|| (&a.value, &a.name).cmp(&(&b.value, &b.name)))
        });
        secrets.dedup_by(|later, earlier| later.value == earlier.value);
        let kinds = SHAPES.iter().chain(SETTINGS).map(|shape| shape.kind).chain(NAMES.iter().map(|name| name.kind));
        let labels = kinds.map(str::to_owned).chain(secrets.iter().map(|secret| secret.name.clone())).collect();
        Redactor { secrets, labels }
    }

    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        let passes = [
            Redactor::without_values,
            Redactor::without_shapes,
            Redactor::without_settings,
            Redactor::without_assignments,
        ];
        for pass in passes {
            if let Some(changed) = pass(self, &text) {
                text = Cow::Owned(changed);
            }
        }
        text
    }

    fn without_values(&self, text: &str) -> Option<String> {
        let mut found = self.occurrences(text);
        if found.is_empty() {
            return None;
        }
        let whole = self.things_to_keep_whole(text);
        found.retain(|occurrence| !cuts(&whole, &occurrence.place));
        let places = merged(found).into_iter().map(|found| (found.place, self.secrets[found.secret].name.as_str()));
        replaced(text, places)
    }

    fn without_shapes(&self, text: &str) -> Option<String> {
        static PATTERN: LazyLock<Regex> = LazyLock::new(|| pattern(SHAPES));
        self.without(SHAPES, &PATTERN, text)
    }

    fn without_settings(&self, text: &str) -> Option<String> {
        static PATTERN: LazyLock<Regex> = LazyLock::new(|| pattern(SETTINGS));
        self.without(SETTINGS, &PATTERN, text)
    }

    fn without(&self, shapes: &[Shape], pattern: &Regex, text: &str) -> Option<String> {
        let found = pattern.captures_iter(text).filter_map(|captures| {
            let place = |index| captures.get(index + 1).map(|secret| secret.range());
            shapes.iter().enumerate().find_map(|(index, shape)| Some((place(index)?, shape.kind)))
        });
        replaced(text, found.filter(|(place, _)| !self.is_redaction(&text[place.clone()])))
    }

    fn without_assignments(&self, text: &str) -> Option<String> {
        static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
            let words = NAMES.iter().map(|name| format!("({})", name.words)).collect::<Vec<_>>().join("|");
            // The word may be the end of a longer name, and that may stand in quotes, which JSON in JSON escapes.
            let behind = r#"\\?["'`]?[ \t]{0,8}(?::=|=>|={1,3}|:)[ \t]{0,8}"#;
            Regex::new(&format!("(?i-u:{words}){behind}")).expect("the pattern is valid")
        });
        let mut done = 0;
        let found = PATTERN.captures_iter(text).filter_map(|captures| {
            let end = captures.get_match().end();
            let name = NAMES.iter().zip(captures.iter().skip(1)).find_map(|(name, word)| word.map(|_| name))?;
            let assigned = Assigned::at(text, end);
            let is_new = end >= done && !self.is_redaction(assigned.value);
            let place = (is_new && assigned.is_secret(name)).then(|| assigned.place(text))?;
            done = place.end;
            Some((place, name.kind))
        });
        replaced(text, found)
    }

    fn occurrences(&self, text: &str) -> Vec<Occurrence> {
        let mut found = Vec::new();
        for (secret, Secret { value, .. }) in self.secrets.iter().enumerate() {
            let places = text.match_indices(value.as_str()).map(|(start, _)| start..start + value.len());
            found.extend(places.map(|place| Occurrence { place, secret }));
        }
        found.sort_by_key(|occurrence| (occurrence.place.start, occurrence.secret));
        found
    }

    /// Ids, and our own earlier redactions.
    fn things_to_keep_whole(&self, text: &str) -> Vec<Whole> {
        static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
            let hex = r"(?-u:\b)(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40})(?-u:\b)";
            let redaction = r"\[redacted:[A-Za-z0-9_-]{1,64}\]";
            Regex::new(&format!("{hex}|{UUID}|{redaction}")).expect("the pattern is valid")
        });
        let found = WHOLE
            .find_iter(text)
            .map(|found| Whole { place: found.range(), is_redaction: self.is_redaction(found.as_str()) });
        found.filter(|whole| whole.is_redaction || !text[whole.place.clone()].starts_with('[')).collect()
    }

    fn is_redaction(&self, text: &str) -> bool {
        let label = text.strip_prefix("[redacted:").and_then(|text| text.strip_suffix(']'));
        label.is_some_and(|label| self.labels.contains(label))
    }
}

/// A secret value found in a text.
struct Occurrence {
    place: Range<usize>,
    secret: usize,
}

/// Something that is not to be redacted in part. A redaction is not even redacted as a whole.
struct Whole {
    place: Range<usize>,
    is_redaction: bool,
}

/// Whether redacting `place` would damage one of these.
fn cuts(whole: &[Whole], place: &Range<usize>) -> bool {
    let first = whole.partition_point(|whole| whole.place.end <= place.start);
    let touched = whole[first..].iter().take_while(|whole| whole.place.start < place.end);
    let is_inside = |whole: &Whole| place.start <= whole.place.start && whole.place.end <= place.end;
    touched.into_iter().any(|whole| whole.is_redaction || !is_inside(whole))
}

/// Overlapping occurrences, which come by their start, become one, named after the longest secret in it.
fn merged(found: Vec<Occurrence>) -> Vec<Occurrence> {
    let mut merged: Vec<Occurrence> = Vec::with_capacity(found.len());
    for next in found {
        match merged.last_mut() {
            Some(last) if next.place.start < last.place.end => {
                last.place.end = last.place.end.max(next.place.end);
                last.secret = last.secret.min(next.secret);
            }
            _ => merged.push(next),
        }
    }
    merged
}

/// The text with each place, in order, replaced by its redaction; `None` without places.
fn replaced<'a>(text: &str, places: impl Iterator<Item = (Range<usize>, &'a str)>) -> Option<String> {
    let mut written = String::new();
    let mut copied = 0;
    for (place, label) in places {
        written.push_str(&text[copied..place.start]);
        written.push_str("[redacted:");
        written.push_str(label);
        written.push(']');
        copied = place.end;
    }
    if copied == 0 {
        return None;
    }
    written.push_str(&text[copied..]);
    Some(written)
}

/// Whether a variable is likely to hold a secret, by its name.
fn is_secret_name(name: &str) -> bool {
    const ANYWHERE: [&str; 9] =
        ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIAL"];
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    // A word of its own: `GIT_AUTHOR_NAME` holds no secret.
    ANYWHERE.iter().any(|part| name.contains(part)) || name.split('_').any(|part| part == "AUTH")
}

/// Whether a value can be a secret: long enough, and not a path, a number, or an address that holds none.
fn is_secret_value(value: &str) -> bool {
    const SHORTEST: usize = 8;
    // Some random secrets begin with a slash, but have no second one and often a plus.
    let is_path = value.starts_with("~/")
        || value.starts_with("./")
        || value.starts_with("../")
        || (value.starts_with('/') && value[1..].contains('/') && !value.contains(['+', '=']));
    let is_boolean = ["true", "false", "enabled", "disabled"].iter().any(|word| value.eq_ignore_ascii_case(word));
    let is_number = value.parse::<f64>().is_ok();
    let authority = value.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let is_open_url = authority.is_some_and(|authority| !authority.contains('@'));
    value.chars().count() >= SHORTEST && !is_path && !is_boolean && !is_number && !is_open_url
}

/// A value as it is, and as it stands in a JSON text.
fn spellings(name: &str, value: &str) -> Vec<Secret> {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(64).collect();
    let json = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    let json = json.replace('\r', "\\r");
    [value.to_owned(), json].map(|value| Secret { name: name.clone(), value }).into()
}

/// What a kind of credential looks like. The patterns have no groups of their own.
struct Shape {
    kind: &'static str,
    before: &'static str,
    secret: &'static str,
    behind: &'static str,
}

const fn token(kind: &'static str, secret: &'static str) -> Shape {
    Shape { kind, before: "", secret, behind: "" }
}

const UUID: &str = r"(?-u:\b)[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?-u:\b)";

/// Most have nothing to tell where they begin: in JSON, the letter before may belong to an `\n`.
const SHAPES: &[Shape] = &[
    token("private-key", PRIVATE_KEY),
    token("github-token", "gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"),
    token("gitlab-token", "glpat-[A-Za-z0-9_-]{16,}"),
    // `task-with-a-long-name` has neither the beginning nor a digit.
    Shape { before: r"(?-u:\b)|\\[nrt]", ..token("api-key", "sk-[A-Za-z_-]{0,40}[0-9][A-Za-z0-9_-]{15,}") },
    token("slack-token", "xox[a-z]-[A-Za-z0-9-]{10,}"),
    token("aws-key", r"(?:AKIA|ASIA)[A-Z0-9]{16}(?-u:\b)"),
    token("google-key", "AIza[A-Za-z0-9_-]{30,}"),
    token("npm-token", "npm_[A-Za-z0-9]{30,}"),
    token("stripe-key", "[sr]k_(?:live|test)_[A-Za-z0-9]{10,}"),
    token("jwt", r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}"),
];

/// What is a secret because of what stands around it. Looked for after the others, as those may stand in it.
const SETTINGS: &[Shape] = &[
    Shape {
        before: r#"(?i-u:authorization)\\?["'`]?[ \t]{0,8}[:=][ \t]{0,8}\\?["'`]?(?i-u:bearer|basic|token)[ \t]{1,8}"#,
        ..token("authorization", "[A-Za-z0-9._~+/=-]{4,}")
    },
    Shape {
        before: r#"://(?:[^\s/:@"'`<>\[]|\[redacted:[A-Za-z0-9_-]*\])*:"#,
        behind: "@",
        ..token("url-password", r#"[^\s/"'`<>]+"#)
    },
];

/// All of them in one expression, the secret of each in its own group.
fn pattern(shapes: &[Shape]) -> Regex {
    let shapes = shapes.iter().map(|shape| format!("(?:{})({})(?:{})", shape.before, shape.secret, shape.behind));
    Regex::new(&shapes.collect::<Vec<_>>().join("|")).expect("the patterns are valid")
}

/// A block up to its end, else (it was cut off) as many lines as can belong to one. Lines may be numbered, quoted,
/// part of a diff, or joined by `\n` in JSON.
const PRIVATE_KEY: &str = concat!(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:",
    r"(?:[^-]|-{1,4}[^-])*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|",
    r#"(?:(?:\\+[nr]|[\r\n])[ \t0-9:|>+"',-]{0,12}(?:[A-Za-z-]{2,20}: [^\r\n\\]*|[A-Za-z0-9+/=]*)"#,
    r"|[ \t]+[A-Za-z0-9+/=]{16,})*)",
);

/// Names that secrets are assigned to.
struct Name {
    kind: &'static str,
    words: &'static str,
    /// The word also means other things: a parser has tokens, a map has keys.
    is_common: bool,
}

const NAMES: &[Name] = &[
    Name { kind: "password", words: "password|passwd|passphrase", is_common: false },
    Name { kind: "secret", words: "secret|credentials?", is_common: false },
    Name { kind: "key", words: "api[_-]?key|access[_-]?key|private[_-]?key|secret[_-]?key", is_common: true },
    Name { kind: "token", words: "token", is_common: true },
];

/// What is assigned to a name.
struct Assigned<'a> {
    /// Without quotes, and without punctuation that belongs to the sentence. If it has no quotes and is very long,
    /// only its beginning: enough to tell what it is, however often it is asked.
    value: &'a str,
    start: usize,
    is_quoted: bool,
    /// `name=value`, as on a command line; not `name = value`, as in code.
    is_tight: bool,
}

impl<'a> Assigned<'a> {
    fn at(text: &'a str, at: usize) -> Assigned<'a> {
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
    fn place(&self, text: &str) -> Range<usize> {
        let whole = if self.is_quoted { self.value } else { without_punctuation(unquoted(&text[self.start..])) };
        self.start..self.start + whole.len()
    }

    fn is_secret(&self, name: &Name) -> bool {
        const SHORTEST: usize = 6;
        let length = self.value.chars().count();
        if length < SHORTEST || self.is_code(name) || is_id(self.value, name.is_common) {
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

    /// Whether this computes or looks up the value instead of being it.
    fn is_code(&self, name: &Name) -> bool {
        let reference = self
            .value
            .strip_prefix('$')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase() || matches!(c, '{' | '(' | '_')));
        let begins_like_code = self.value.starts_with(['&', '(', '{', ':', '%']);
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

/// Object ids, digests and UUIDs; also task and event ids, where a random password is unlikely.
fn is_id(text: &str, is_common: bool) -> bool {
    let plain = text.split_once(':').map_or(text, |(_, digest)| digest);
    let is_hex = plain.chars().all(|c| c.is_ascii_hexdigit());
    let groups = text.split('-').map(|group| group.chars().filter(char::is_ascii_hexdigit).count());
    let is_uuid = text.len() == 36 && groups.eq([8, 4, 4, 4, 12]);
    let is_base32 = matches!(text.len(), 10 | 26) && text.chars().all(|c| c.is_ascii_alphanumeric());
    (is_hex && matches!(plain.len(), 40 | 64)) || is_uuid || (is_common && is_base32)
}

/// Words that stand where a secret would.
fn says_nothing(text: &str) -> bool {
    const WORDS: [&str; 8] =
        ["undefined", "required", "optional", "password", "redacted", "disabled", "passphrase", "changeme"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
