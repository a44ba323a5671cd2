//! The secrets that this process knows, in every spelling in which they turn up in texts.

use memchr::memmem;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

/// What a program leaves where it cut a text. A secret may have been cut with it.
const CUT_MARKS: [&str; 2] = ["…", crate::process::CUT_MARK];
/// So much of a secret is enough to know it by, beside a cut.
const TELLING: usize = 8;
/// Longer values are documents, and what is secret in them has a shape of its own.
const LONGEST: usize = 16 * 1024;

#[derive(Default, Clone)]
pub struct Known {
    /// Longest first.
    spellings: Vec<Spelling>,
    pub names: HashSet<String>,
}

#[derive(Clone)]
struct Spelling {
    name: String,
    text: String,
}

/// A secret found in a text.
pub struct Occurrence {
    pub place: Range<usize>,
    spelling: usize,
}

/// Names only.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.names).finish()
    }
}

impl Known {
    pub fn add(&mut self, secrets: impl IntoIterator<Item = (String, String)>) {
        for (name, value) in secrets {
            let value = value.trim();
            if value.len() > LONGEST {
                continue;
            }
            let name = label(&name);
            self.spellings.extend(spellings(value).into_iter().map(|text| Spelling { name: name.clone(), text }));
            self.names.insert(name);
        }
        self.spellings
            .sort_by(|a, b| b.text.len().cmp(&a.text.len()).then_with(|| (&a.text, &a.name).cmp(&(&b.text, &b.name))));
        self.spellings.dedup_by(|later, earlier| later.text == earlier.text);
    }

    /// Whether this very value is known already.
    pub fn holds(&self, value: &str) -> bool {
        let value = value.trim();
        self.spellings.iter().any(|spelling| spelling.text == value)
    }

    pub fn name(&self, occurrence: &Occurrence) -> &str {
        &self.spellings[occurrence.spelling].name
    }

    /// By their start. They may overlap.
    pub fn occurrences(&self, text: &str) -> Vec<Occurrence> {
        let has_cuts = CUT_MARKS.iter().any(|mark| memmem::find(text.as_bytes(), mark.as_bytes()).is_some());
        let mut found = Vec::new();
        for (spelling, Spelling { text: secret, .. }) in self.spellings.iter().enumerate() {
            let finder = memmem::find_iter(text.as_bytes(), secret.as_bytes());
            let mut places: Vec<Range<usize>> = finder.map(|start| start..start + secret.len()).collect();
            if has_cuts && secret.len() > TELLING {
                places.extend(cut_at_their_end(text, secret));
                places.extend(cut_at_their_beginning(text, secret));
            }
            found.extend(places.into_iter().map(|place| Occurrence { place, spelling }));
        }
        found.sort_by_key(|occurrence| (occurrence.place.start, occurrence.spelling));
        found
    }
}

/// Overlapping occurrences, which come by their start, become one, named after the longest secret in it.
pub fn merged(found: Vec<Occurrence>) -> Vec<Occurrence> {
    let mut merged: Vec<Occurrence> = Vec::with_capacity(found.len());
    for next in found {
        match merged.last_mut() {
            Some(last) if next.place.start < last.place.end => {
                last.place.end = last.place.end.max(next.place.end);
                last.spelling = last.spelling.min(next.spelling);
            }
            _ => merged.push(next),
        }
    }
    merged
}

/// `the key is abcdefghij…`
fn cut_at_their_end<'t>(text: &'t str, secret: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    let (text, secret) = (text.as_bytes(), secret.as_bytes());
    memmem::find_iter(text, &secret[..TELLING]).filter_map(move |start| {
        let common = text[start..].iter().zip(secret).take_while(|(a, b)| a == b).count();
        let end = start + common;
        CUT_MARKS.iter().any(|mark| text[end..].starts_with(mark.as_bytes())).then_some(start..end)
    })
}

/// `…cdefghijkl is the key`
fn cut_at_their_beginning<'t>(text: &'t str, secret: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    let (text, secret) = (text.as_bytes(), secret.as_bytes());
    let ending = &secret[secret.len() - TELLING..];
    memmem::find_iter(text, ending).filter_map(move |at| {
        let end = at + TELLING;
        let common = text[..end].iter().rev().zip(secret.iter().rev()).take_while(|(a, b)| a == b).count();
        let start = end - common;
        CUT_MARKS.iter().any(|mark| text[..start].ends_with(mark.as_bytes())).then_some(start..end)
    })
}

/// What may stand in a redaction.
fn label(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(64).collect()
}

/// A value as it is, and as it stands in JSON, in URLs, in the shell, and in encoded texts.
fn spellings(value: &str) -> Vec<String> {
    let json = in_json(value);
    let mut all = vec![
        value.to_owned(),
        in_json(&json),
        json.replace('/', "\\/"),
        json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e"),
        in_ascii(&json),
        json,
        value.replace('\'', "'\\''"),
    ];
    let escaped = in_url(value, "-_.~");
    all.extend([in_url(value, "-_.~!*'()"), escaped.replace("%20", "+"), lower_case_escapes(&escaped), escaped]);
    all.extend([in_hex(value), in_hex(value).to_ascii_uppercase()]);
    all.extend(in_base64(value));
    all.sort();
    all.dedup();
    all
}

fn in_json(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    escaped.replace('\r', "\\r")
}

/// JSON from programs that write nothing but ASCII.
fn in_ascii(json: &str) -> String {
    let mut text = String::new();
    for c in json.chars() {
        match c.is_ascii() {
            true => text.push(c),
            false => text.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}"))),
        }
    }
    text
}

fn in_url(value: &str, plain: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || plain.as_bytes().contains(&byte);
    value
        .bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn lower_case_escapes(escaped: &str) -> String {
    let mut text = String::with_capacity(escaped.len());
    let mut parts = escaped.split('%');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (code, rest) = part.split_at(part.len().min(2));
        text.push('%');
        text.push_str(&code.to_ascii_lowercase());
        text.push_str(rest);
    }
    text
}

fn in_hex(value: &str) -> String {
    value.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Alone, and somewhere inside of an encoded text: there it begins at the first, second or third byte of a group, and
/// only the digits that no neighbour shares are certain.
fn in_base64(value: &str) -> Vec<String> {
    const ALPHABETS: [[u8; 2]; 2] = [*b"+/", *b"-_"];
    let mut all = Vec::new();
    for last in ALPHABETS {
        for before in 0..3 {
            let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(value.bytes()).collect();
            let digits = base64_digits(&bytes, last);
            let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
            all.push(digits[first..end].to_owned());
            if before == 0 {
                let padding = "=".repeat(digits.len().next_multiple_of(4) - digits.len());
                all.extend([format!("{digits}{padding}"), digits]);
            }
        }
    }
    all
}

/// Without padding.
fn base64_digits(bytes: &[u8], last: [u8; 2]) -> String {
    let digit = |value: u32| match value as u8 {
        value @ 0..=25 => b'A' + value,
        value @ 26..=51 => b'a' + value - 26,
        value @ 52..=61 => b'0' + value - 52,
        62 => last[0],
        _ => last[1],
    };
    let mut digits = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        let of_group = (0..=group.len()).map(|at| char::from(digit(bits >> (18 - 6 * at) & 63)));
        digits.extend(of_group);
    }
    digits
}

/// Whether a variable is likely to hold a secret, by its name.
pub fn is_secret_name(name: &str) -> bool {
    const ANYWHERE: [&str; 10] = [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "API_KEY",
        "APIKEY",
        "ACCESS_KEY",
        "PRIVATE_KEY",
        "CREDENTIAL",
    ];
    /// Words of their own: `GIT_AUTHOR_NAME` holds no secret.
    const LAST_WORDS: [&str; 6] = ["KEY", "PASS", "PAT", "PWD", "COOKIE", "DSN"];
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    let last = name.rsplit_once('_').map(|(_, last)| last);
    ANYWHERE.iter().any(|part| name.contains(part))
        || name.split('_').any(|part| part == "AUTH")
        || last.is_some_and(|last| LAST_WORDS.contains(&last))
}

/// Whether a value can be a secret: long enough, and not a path, a number, or an address that holds none.
pub fn is_secret_value(value: &str) -> bool {
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

/// Whether a value looks like nothing that a person would write or name.
pub fn is_random_value(value: &str) -> bool {
    const SHORTEST: usize = 12;
    let has = |kind: fn(char) -> bool| value.contains(kind);
    let is_one_word = !has(char::is_whitespace) && !has(|c| c == '@') && !value.contains("://");
    let is_mixed = has(|c| c.is_ascii_digit()) && has(|c| c.is_ascii_alphabetic());
    is_secret_value(value) && value.len() >= SHORTEST && is_one_word && is_mixed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_is_what_others_write() {
        let alone = |value: &str| base64_digits(value.as_bytes(), *b"+/");
        assert_eq!(alone("hunter2hunter2"), "aHVudGVyMmh1bnRlcjI");
        assert_eq!(alone("<<???>>"), "PDw/Pz8+Pg");
        assert_eq!(base64_digits(b"<<???>>", *b"-_"), "PDw_Pz8-Pg");
    }

    proptest! {
        #[test]
        fn a_secret_is_found_inside_of_any_encoded_text(before in "[a-zä]{0,7}", behind in ".{0,7}", secret in "[!-~]{8,30}") {
            let encoded = base64_digits(format!("{before}{secret}{behind}").as_bytes(), *b"+/");
            prop_assert!(in_base64(&secret).iter().any(|spelling| encoded.contains(spelling)));
        }
    }
}
