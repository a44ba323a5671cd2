//! Splits front matter from a Markdown document: `+++` around TOML, or `---` around a simple part of YAML.
//!
//! The YAML understood is what people put there: flat `key: value` lines, quoted or not, and lists, inline
//! (`[a, b]`) or one `- a` per line. Anything else is a [`Problem`] with its line, never a guess; only a document that
//! merely begins with a rule (`---`) has no front matter. Fields are texts or lists of texts; numbers become texts.
//!
//! Documents are untrusted: any text is read in linear time, without a panic.

use std::collections::BTreeMap;
use std::ops::Range;

use super::plan::fence::{Fence, heading};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    pub fields: BTreeMap<String, Value>,
    /// All below the front matter, unchanged.
    pub body: String,
    /// The first heading of level 1. It stays in the body.
    pub title: Option<String>,
    /// The bytes of that heading's line in the body, without the line's end.
    pub title_line: Option<Range<usize>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(String),
    List(Vec<String>),
}

impl Value {
    /// The texts of a list, or the one text.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Value::Text(text) => vec![text],
            Value::List(texts) => texts.iter().map(String::as_str).collect(),
        }
    }
}

/// Why front matter cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// 1-based, in the whole document.
    pub line: usize,
    pub message: String,
}

impl Problem {
    fn new(line: usize, message: impl Into<String>) -> Problem {
        Problem { line, message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for Problem {}

type Fields = BTreeMap<String, Value>;

pub fn parse_document(text: &str) -> Result<Document, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (fields, body) = match split(text)? {
        Some((Format::Toml, matter, body)) => (toml_fields(matter)?, body),
        Some((Format::Yaml, matter, body)) => (yaml_fields(matter)?, body),
        None => (Fields::new(), text),
    };
    let (title, title_line) = first_title(body).unzip();
    Ok(Document { fields, title, title_line, body: body.to_owned() })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Toml,
    Yaml,
}

/// The front matter, which begins on line 2, and the body.
fn split(text: &str) -> Result<Option<(Format, &str, &str)>, Problem> {
    let (opening, rest) = text.split_once('\n').unwrap_or((text, ""));
    let format = match opening.trim_end() {
        "+++" => Format::Toml,
        "---" if begins_like_yaml(rest) => Format::Yaml,
        _ => return Ok(None),
    };
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if closes(format, line.trim_end()) {
            return Ok(Some((format, &rest[..end], &rest[end + line.len()..])));
        }
        end += line.len();
    }
    Err(Problem::new(1, format!("the front matter is never closed; end it with `{}`", opening.trim_end())))
}

fn closes(format: Format, line: &str) -> bool {
    match format {
        Format::Toml => line == "+++",
        Format::Yaml => line == "---" || line == "...",
    }
}

/// `---` may also be a rule above a paragraph; front matter begins with a key, a comment or its end.
fn begins_like_yaml(rest: &str) -> bool {
    let first = rest.lines().map(str::trim_end).find(|line| !line.is_empty());
    first.is_some_and(|line| line.starts_with('#') || closes(Format::Yaml, line) || key_and_value(line).is_some())
}

/// The text of the heading, and where its line is.
fn first_title(body: &str) -> Option<(String, Range<usize>)> {
    let mut code: Option<Fence<'_>> = None;
    let mut start = 0;
    for raw in body.split_inclusive('\n') {
        let line = raw.trim_end_matches(['\r', '\n']);
        match &code {
            Some(fence) if fence.is_closed_by(line) => code = None,
            Some(_) => {}
            None => {
                code = Fence::open(line);
                if let Some((1, title)) = heading(line).filter(|(_, title)| !title.is_empty()) {
                    return Some((title.to_owned(), start..start + line.len()));
                }
            }
        }
        start += raw.len();
    }
    None
}

fn toml_fields(matter: &str) -> Result<Fields, Problem> {
    let line_at = |byte: usize| 2 + matter.bytes().take(byte).filter(|byte| *byte == b'\n').count();
    let table: BTreeMap<String, toml::Spanned<toml::Value>> = super::from_toml(matter).map_err(|error| {
        let line = line_at(error.span().map_or(0, |span| span.start));
        Problem::new(line, error.message().lines().next().unwrap_or("this is not TOML"))
    })?;
    let mut fields = Fields::new();
    for (key, value) in table {
        let start = value.span().start;
        let problem = || Problem::new(line_at(start), format!("`{key}` is neither a text nor a list of texts"));
        let value = toml_value(value.into_inner()).ok_or_else(problem)?;
        fields.insert(key, value);
    }
    Ok(fields)
}

fn toml_value(value: toml::Value) -> Option<Value> {
    match value {
        toml::Value::Array(values) => values.into_iter().map(toml_text).collect::<Option<_>>().map(Value::List),
        other => toml_text(other).map(Value::Text),
    }
}

fn toml_text(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Array(_) | toml::Value::Table(_) => None,
        other => Some(other.to_string()),
    }
}

fn yaml_fields(matter: &str) -> Result<Fields, Problem> {
    let mut fields = Fields::new();
    // The key whose value may still turn out to be a list.
    let mut open: Option<String> = None;
    for (index, line) in matter.lines().enumerate() {
        let (number, text) = (index + 2, line.trim());
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(element) = list_element(text) {
            let texts = open.as_ref().and_then(|key| fields.get_mut(key));
            let text = yaml_element(element).map_err(|message| Problem::new(number, message))?;
            push(texts, text).ok_or_else(|| Problem::new(number, "a list needs a line `key:` above it"))?;
            continue;
        }
        let (key, value) = key_and_value(line)
            .ok_or_else(|| Problem::new(number, "expected `key: value`, without indentation, or `- an element`"))?;
        let parsed = yaml_value(value).map_err(|message| Problem::new(number, message))?;
        open = value.is_empty().then(|| key.to_owned());
        if fields.insert(key.to_owned(), parsed).is_some() {
            return Err(Problem::new(number, format!("`{key}` is set twice")));
        }
    }
    Ok(fields)
}

/// The text after `-` in a list.
fn list_element(text: &str) -> Option<&str> {
    let element = text.strip_prefix('-')?;
    (element.is_empty() || element.starts_with([' ', '\t'])).then(|| element.trim_start())
}

fn yaml_element(element: &str) -> Result<String, String> {
    match key_and_value(element) {
        Some((key, _)) => Err(format!("maps in lists are not understood; put `{key}: …` in quotes")),
        None => yaml_text(element),
    }
}

/// Adds to a value that is a list, or has nothing in it yet.
fn push(value: Option<&mut Value>, text: String) -> Option<()> {
    match value? {
        Value::List(texts) => texts.push(text),
        empty => *empty = Value::List(vec![text]),
    }
    Some(())
}

/// Key and value of a line, the value without white space and comment around it.
fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let is_value = value.is_empty() || value.starts_with([' ', '\t', '\r']);
    (is_key && is_value).then(|| (key, without_comment(value).trim()))
}

/// A value that is only a comment is empty; other comments are found where the value ends.
fn without_comment(value: &str) -> &str {
    if value.trim_start().starts_with('#') { "" } else { value }
}

fn yaml_value(value: &str) -> Result<Value, String> {
    match value.strip_prefix('[') {
        Some(inside) => yaml_list(inside).map(Value::List),
        None => yaml_text(value).map(Value::Text),
    }
}

fn yaml_list(inside: &str) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    let mut rest = inside.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix(']') {
            return nothing_after(after).map(|()| texts);
        }
        let (text, after) = match rest.chars().next() {
            Some('"' | '\'') => quoted(rest)?,
            _ => plain_element(rest)?,
        };
        texts.push(text);
        rest = after.trim_start();
        if let Some(next) = rest.strip_prefix(',') {
            rest = next.trim_start();
        } else if !rest.starts_with(']') {
            return Err("the list needs `,` between its elements and `]` at its end, on one line".to_owned());
        }
    }
}

fn plain_element(text: &str) -> Result<(String, &str), String> {
    let (element, rest) = text.split_at(text.find([',', ']']).unwrap_or(text.len()));
    if element.contains(['[', '{']) {
        return Err("lists in lists and maps are not understood; quote a text with brackets".to_owned());
    }
    let element = element.trim();
    if element.is_empty() { Err("an element of the list is empty".to_owned()) } else { Ok((element.to_owned(), rest)) }
}

fn yaml_text(text: &str) -> Result<String, String> {
    match text.chars().next() {
        Some('"' | '\'') => quoted(text).and_then(|(text, after)| nothing_after(after).map(|()| text)),
        Some(c @ ('|' | '>' | '{' | '[' | '&' | '*' | '!' | '@' | '%')) => {
            Err(format!("a value beginning with `{c}` is not understood; put it in quotes"))
        }
        _ => Ok(text.split_once(" #").map_or(text, |(value, _)| value.trim_end()).to_owned()),
    }
}

fn nothing_after(rest: &str) -> Result<(), String> {
    let rest = rest.trim_start();
    let is_nothing = rest.is_empty() || rest.starts_with('#');
    is_nothing.then_some(()).ok_or_else(|| "there is something after the end of the value".to_owned())
}

/// The content of the quoted text that `text` begins with, and what follows it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut chars = text.chars();
    let quote = chars.next();
    let mut content = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\'' if quote == Some('\'') && chars.as_str().starts_with('\'') => {
                chars.next();
                content.push('\'');
            }
            '\\' if quote == Some('"') => content.push(escaped(chars.next())?),
            c if Some(c) == quote => return Ok((content, chars.as_str())),
            c => content.push(c),
        }
    }
    Err("a quote is never closed".to_owned())
}

fn escaped(c: Option<char>) -> Result<char, String> {
    match c {
        Some('n') => Ok('\n'),
        Some('t') => Ok('\t'),
        Some(c @ ('"' | '\\' | '/')) => Ok(c),
        _ => Err("of escapes only \\n, \\t, \\\" and \\\\ are understood".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn list(texts: &[&str]) -> Value {
        Value::List(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    /// The fields of this YAML, in order of their keys.
    fn yaml(matter: &str) -> Result<Vec<(String, Value)>, Problem> {
        parse_document(&format!("---\n{matter}\n---\n")).map(|document| document.fields.into_iter().collect())
    }

    fn one(matter: &str) -> Value {
        yaml(matter).unwrap().remove(0).1
    }

    #[test]
    fn a_document_without_front_matter_is_all_body() {
        for body in ["", "words\n", "---\nA paragraph under a rule.\n\n---\n", "---", "----\na: b\n----\n"] {
            let document = parse_document(body).unwrap();
            assert_eq!((document.fields.len(), document.body.as_str(), document.title), (0, body, None));
        }
    }

    #[test]
    fn toml_values_become_texts() {
        let matter = "a = \"x\"\nb = 3\nc = true\nd = [\"y\", 1]\ne = 2020-01-02\n";
        let document = parse_document(&format!("+++\n{matter}+++\nbody")).unwrap();
        let expected = [
            ("a", text("x")),
            ("b", text("3")),
            ("c", text("true")),
            ("d", list(&["y", "1"])),
            ("e", text("2020-01-02")),
        ];
        assert_eq!(document.fields, expected.map(|(key, value)| (key.to_owned(), value)).into());
        assert_eq!(document.body, "body");
    }

    #[test]
    fn toml_problems_name_their_line() {
        let problem = parse_document("+++\na = 1\nb = \n+++\n").unwrap_err();
        assert_eq!(problem.line, 3, "{problem}");
        let problem = parse_document("+++\na = 1\n[b]\nc = 1\n+++\n").unwrap_err();
        assert_eq!(problem, Problem::new(3, "`b` is neither a text nor a list of texts"));
    }

    #[test]
    fn yaml_is_read_as_people_write_it() {
        let matter = "# comment\ntitle: A: b # c\nempty:\nquoted: \"a # \\\"b\\\"\" # c\nsingle: 'it''s'\n\
                      inline: [a, \"b, c\", 'd'] # e\nblock:\n  - x\n\n  - \"y: z\"\nflush: # here\n- 1\nnone: []";
        let expected = [
            ("block", list(&["x", "y: z"])),
            ("empty", text("")),
            ("flush", list(&["1"])),
            ("inline", list(&["a", "b, c", "d"])),
            ("none", list(&[])),
            ("quoted", text("a # \"b\"")),
            ("single", text("it's")),
            ("title", text("A: b")),
        ];
        assert_eq!(yaml(matter).unwrap(), expected.map(|(key, value)| (key.to_owned(), value)));
        assert_eq!(one("a: x#y"), text("x#y"));
        assert_eq!(one("a: http://x.org"), text("http://x.org"));
    }

    #[test]
    fn yaml_beyond_that_is_a_problem_with_its_line() {
        for (matter, line, part) in [
            ("a: 1\n  b: 2", 3, "expected `key: value`"),
            ("a:\n- b: c", 3, "maps in lists"),
            ("a: 1\n- b", 3, "a list needs a line `key:`"),
            ("a: 1\na: 2", 3, "`a` is set twice"),
            ("a: |\n  text", 2, "beginning with `|`"),
            ("a: [b", 2, "`]` at its end"),
            ("a: [b, [c]]", 2, "lists in lists"),
            ("a: [b,,]", 2, "is empty"),
            ("a: \"b", 2, "never closed"),
            ("a: 'b' c", 2, "something after"),
            ("a: \"\\x\"", 2, "escapes"),
        ] {
            let problem = yaml(matter).unwrap_err();
            assert_eq!(problem.line, line, "{problem}");
            assert!(problem.message.contains(part), "{problem}");
        }
    }

    #[test]
    fn front_matter_that_never_ends_is_a_problem() {
        assert_eq!(parse_document("+++\na = 1\n").unwrap_err().line, 1);
        assert_eq!(parse_document("---\na: 1\n").unwrap_err().line, 1);
    }

    #[test]
    fn the_title_is_the_first_heading_outside_code_and_stays() {
        let body = "\n## Not this\n```sh\n# nor this\n```\n# This one #\n# Not any more\n";
        let document = parse_document(&format!("\u{feff}---\r\na: b\r\n---\r\n{body}")).unwrap();
        assert_eq!(document.title.as_deref(), Some("This one"));
        assert_eq!(&document.body[document.title_line.unwrap()], "# This one #");
        assert_eq!(document.body, body);
        assert_eq!(document.fields["a"].texts(), ["b"]);
    }

    #[test]
    fn reading_ends_on_texts_made_to_be_slow() {
        let repeat = |text: &str| text.repeat(400_000 / text.len());
        for text in [
            format!("---\n{}", repeat("a\n---x\n")),
            format!("---\na:\n{}---\n", repeat("- b\n")),
            format!("---\na: [{}]\n---\n", repeat("b, ")),
            format!("---\na: \"{}\n---\n", repeat("\\\"")),
            format!("+++\na = {}\n+++\n", repeat("[")),
            format!("+++\na = [{}]\n+++\n", repeat("1,")),
            format!("+++\n{}\n+++\n", repeat("a.")),
            repeat("# \n```\n"),
        ] {
            let _ = parse_document(&text);
        }
    }

    /// Text made of the pieces that mean something, so that chance finds the combinations.
    fn document_like() -> impl Strategy<Value = String> {
        let pieces = [
            "---\n", "+++\n", "...\n", "\n", "a: ", "b = ", "- ", "[", "]", ",", "\"", "'", "\\", "#", " ", "x", "ä",
            "\r\n", "{", "}", "1", "\u{feff}", "```", "# T",
        ];
        let pieces = proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..30);
        (proptest::sample::select(vec!["---\n", "+++\n", ""]), pieces)
            .prop_map(|(start, rest)| start.to_owned() + &rest.concat())
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in prop_oneof![any::<String>(), document_like()]) {
            match parse_document(&text) {
                Ok(document) => prop_assert!(text.ends_with(&document.body)),
                Err(problem) => prop_assert!((1..=text.lines().count() + 1).contains(&problem.line)),
            }
        }

        #[test]
        fn any_text_survives_being_quoted(value in any::<String>()) {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            prop_assert_eq!(one(&format!("a: \"{escaped}\"")), Value::Text(value));
        }
    }
}
