//! Takes secrets out of text before it is written to git, where nothing is ever forgotten.
//!
//! First the values of secret-looking environment variables, and all that agents are given, become `[redacted:NAME]`,
//! also where they are encoded or cut off. Then what has the shape of a credential, and what is assigned to a name like
//! `password`, become `[redacted:kind]`. Redacting twice changes
//! nothing more. Object ids, digests, UUIDs and task ids stay whole: no value is cut out of one, and a `token: …` that
//! is one is left alone; not so a `client_token: …`. (Whoever has a secret that *is* forty hex characters gets it redacted by its variable.)
//!
//! Text is untrusted: time is linear, nothing panics.

mod assigned;
mod known;
mod shapes;

use crate::model::text::tail;
use assigned::{Assigned, is_whole_name};
use known::{Known, is_random_value, is_secret_name, is_secret_value, merged};
use regex::Regex;
use shapes::{COMMANDS, NAMES, Name, SETTINGS, SHAPES, Shape, TOKEN, UUID, pattern};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock, RwLock};

/// Before what is kept of a long text, so much is looked at besides: a secret that was cut in two is not known any more.
const MARGIN: usize = 64 * 1024;

/// Texts that need more are made for that.
const MOST_ROUNDS: u32 = 8;

/// Knows the secrets of this process, and what credentials look like.
pub struct Redactor {
    /// More become known when an agent is given its credentials.
    known: RwLock<Arc<Known>>,
}

/// Names only.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.known().fmt(f)
    }
}

impl Redactor {
    /// Of these variables, those whose name looks secret and whose value can be one are redacted.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Redactor {
        let likely =
            variables.into_iter().filter(|(name, value)| is_secret_name(name) && is_secret_value(value.trim()));
        let mut known = Known::default();
        known.add(likely);
        Redactor { known: RwLock::new(Arc::new(known)) }
    }

    /// These are secrets, whatever they are called. Only what is too short to be told from other text is left out.
    pub fn learn(&self, secrets: impl IntoIterator<Item = (String, String)>) {
        let known = self.known();
        let new: Vec<_> =
            secrets.into_iter().filter(|(_, value)| is_secret_value(value.trim()) && !known.holds(value)).collect();
        if new.is_empty() {
            return;
        }
        let mut current = self.known.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        Arc::make_mut(&mut current).add(new);
    }

    /// Of a file that holds settings and secrets, the secrets.
    pub fn learn_file(&self, variables: impl IntoIterator<Item = (String, String)>) {
        self.learn(variables.into_iter().filter(|(name, value)| is_secret_name(name) || is_random_value(value.trim())));
    }

    fn known(&self) -> Arc<Known> {
        self.known.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let pass = Pass { known: &self.known() };
        let mut text = Cow::Borrowed(text);
        let passes = [
            Pass::without_values,
            Pass::without_shapes,
            Pass::without_settings,
            Pass::without_commands,
            Pass::without_assignments,
            Pass::without_options,
        ];
        // A redaction may be what another one stands beside.
        for _ in 0..MOST_ROUNDS {
            let mut is_clean = true;
            for without in passes {
                if let Some(changed) = without(&pass, &text) {
                    is_clean = false;
                    text = Cow::Owned(changed);
                }
            }
            if is_clean {
                break;
            }
        }
        text
    }

    /// The end of a text, like [`crate::model::text::tail`], but redacted before it is cut.
    pub fn tail(&self, text: &str, lines: usize, bytes: usize) -> String {
        let enough = tail(text, usize::MAX, bytes.saturating_add(MARGIN));
        let is_cut = enough.len() < text.len() && !text[..text.len() - enough.len()].ends_with('\n');
        // The rest of a line that was cut may begin in the middle of a secret.
        let whole = if is_cut { enough.split_once('\n').map_or(enough, |(_, whole)| whole) } else { enough };
        tail(&self.redact(whole), lines, bytes).to_owned()
    }
}

/// One look at one text, with what was known when it began.
struct Pass<'k> {
    known: &'k Known,
}

impl Pass<'_> {
    fn without_values(&self, text: &str) -> Option<String> {
        let mut found = self.known.occurrences(text);
        if found.is_empty() {
            return None;
        }
        let whole = self.things_to_keep_whole(text);
        found.retain(|occurrence| !cuts(&whole, &occurrence.place));
        replaced(text, merged(found).iter().map(|found| (found.place.clone(), self.known.name(found))))
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

    fn without_commands(&self, text: &str) -> Option<String> {
        static PATTERN: LazyLock<Regex> = LazyLock::new(|| pattern(COMMANDS));
        self.without(COMMANDS, &PATTERN, text)
    }

    fn without_assignments(&self, text: &str) -> Option<String> {
        static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
            // The word may be the end of a longer name, and that may stand in quotes, which JSON in JSON escapes.
            let behind = r#"\\?["'`]?[ \t]{0,8}(?::=|=>|={1,3}|:)[ \t]{0,8}"#;
            Regex::new(&format!("(?i-u:{}){behind}", names())).expect("the pattern is valid")
        });
        self.without_named(&PATTERN, text, |assigned, name, start| {
            assigned.is_secret(name, name.words == TOKEN && is_whole_name(text, start))
        })
    }

    /// `--password hunter2`, and the same as two texts of a list.
    fn without_options(&self, text: &str) -> Option<String> {
        static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
            let before = "--(?:[A-Za-z0-9]{1,20}-){0,3}";
            let behind = r#"(?:[ \t]{1,8}|\\?["'],[ \t]{0,4})"#;
            Regex::new(&format!("{before}(?i-u:{}){behind}", names())).expect("the pattern is valid")
        });
        self.without_named(&PATTERN, text, |assigned, name, _| assigned.is_secret_of_option(name))
    }

    /// The pattern finds a name, in its group, and ends where the value begins.
    fn without_named(
        &self,
        pattern: &Regex,
        text: &str,
        is_secret: impl Fn(&Assigned<'_>, &Name, usize) -> bool,
    ) -> Option<String> {
        let mut done = 0;
        let found = pattern.captures_iter(text).filter_map(|captures| {
            let end = captures.get_match().end();
            let found = NAMES.iter().zip(captures.iter().skip(1));
            let (name, word) = found.into_iter().find_map(|(name, word)| Some((name, word?)))?;
            let assigned = Assigned::at(text, end);
            let is_new = end >= done && !self.is_redaction(assigned.value);
            let place = (is_new && is_secret(&assigned, name, word.start())).then(|| assigned.place(text))?;
            done = place.end;
            Some((place, name.kind))
        });
        replaced(text, found)
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
        label.is_some_and(|label| KINDS.contains(label) || self.known.names.contains(label))
    }
}

/// Every name, each in its group.
fn names() -> String {
    NAMES.iter().map(|name| format!("({})", name.words)).collect::<Vec<_>>().join("|")
}

/// What else may stand in a `[redacted:…]` of ours.
static KINDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let shapes = SHAPES.iter().chain(SETTINGS).chain(COMMANDS).map(|shape| shape.kind);
    shapes.chain(NAMES.iter().map(|name| name.kind)).collect()
});

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

#[cfg(test)]
mod tests;
