//! Files of variables, as other programs write them: `NAME=value` lines.
//!
//! | Written | Means |
//! |---|---|
//! | `# words` | a comment, also behind a blank at the end of a value |
//! | `export NAME=value` | the same without `export` |
//! | `NAME = value` | blanks around the name and around a bare value do not count |
//! | `NAME='value'` | exactly this, over several lines if need be |
//! | `NAME="value"` | the same, but `\n` `\r` `\t` `\"` `\\` `` \` `` and `\$` are one character each |
//!
//! Nothing is expanded or executed: `$HOME` is five characters. Of several values for one name the last counts.
//! Messages name the line and never quote it: it may hold a secret.

use crate::error::{Error, Result};

/// The variables of a file in their order. `name` is what messages call it.
pub fn parse_env_file(name: &str, text: &str) -> Result<Vec<(String, String)>> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    let mut variables = Vec::new();
    while !rest.is_empty() {
        let entry = parse_entry(rest).map_err(|why| Error::usage(format!("{name}:{line}: {why}")))?;
        variables.extend(entry.variable);
        line += rest[..entry.length].matches('\n').count();
        rest = &rest[entry.length..];
    }
    Ok(variables)
}

/// A name that a variable can have in a file.
pub fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// One line, or several where a quoted value has several.
struct Entry {
    variable: Option<(String, String)>,
    /// In bytes, with the line's end.
    length: usize,
}

fn parse_entry(text: &str) -> Result<Entry, &'static str> {
    let end = text.find('\n').map_or(text.len(), |at| at + 1);
    let line = text[..end].trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Entry { variable: None, length: end });
    }
    let (head, _) = text[..end].split_once('=').ok_or(NO_PAIR)?;
    let key = head.trim();
    let key = key.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(key).trim();
    if !is_variable_name(key) {
        return Err(NO_PAIR);
    }
    let behind = &text[head.len() + 1..];
    let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
    let begin = head.len() + 1 + blanks;
    let (value, length) = match behind[blanks..].chars().next() {
        Some(quote @ ('\'' | '"')) => {
            let (value, closing) = quoted(&text[begin + 1..], quote)?;
            let after = begin + 1 + closing + 1;
            (value, after + rest_of_line(&text[after..])?)
        }
        _ => (bare(&text[begin..end]).to_owned(), end),
    };
    if value.contains('\0') {
        return Err("the value holds a NUL byte, which no variable can");
    }
    Ok(Entry { variable: Some((key.to_owned(), value)), length })
}

const NO_PAIR: &str = "this is not KEY=VALUE";

/// The value up to a comment or the line's end.
fn bare(text: &str) -> &str {
    let comment = text.char_indices().find(|(at, c)| {
        *c == '#' && text[..*at].chars().next_back().is_none_or(|before| before == ' ' || before == '\t')
    });
    text[..comment.map_or(text.len(), |(at, _)| at)].trim()
}

/// The value up to the closing quote, and where that is.
fn quoted(text: &str, quote: char) -> Result<(String, usize), &'static str> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c == quote => return Ok((value, at)),
            '\\' if quote == '"' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, c @ ('"' | '\\' | '`' | '$'))) => value.push(c),
                // As the shell has it: the backslash stays.
                Some((_, c)) => value.extend(['\\', c]),
                None => break,
            },
            _ => value.push(c),
        }
    }
    Err("the quote that begins here is never closed")
}

/// How much of the text is left of the line behind a quoted value, where only a comment may stand.
fn rest_of_line(text: &str) -> Result<usize, &'static str> {
    let end = text.find('\n').map_or(text.len(), |at| at + 1);
    let rest = text[..end].trim();
    match rest.is_empty() || rest.starts_with('#') {
        true => Ok(end),
        false => Err("there is text behind the closing quote"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(line: &str) -> String {
        let read = parse_env_file("x", line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(read.len(), 1, "{line}");
        assert_eq!(read[0].0, "A", "{line}");
        read[0].1.clone()
    }

    #[test]
    fn a_value_is_bare_or_stands_in_quotes() {
        for (line, wanted) in [
            ("A=b", "b"),
            ("A =  b c \r\n", "b c"),
            ("export A=b", "b"),
            ("\texport\tA=b", "b"),
            ("A=", ""),
            ("A=''", ""),
            ("A=b=c==", "b=c=="),
            ("A=b#c", "b#c"),
            ("A=b # c", "b"),
            ("A=# c", ""),
            ("A='b # c' # d", "b # c"),
            (r"A='\n$B'", r"\n$B"),
            (r#"A="a\n\t\"\\\$B\x""#, "a\n\t\"\\$B\\x"),
            ("A=$HOME/`id`", "$HOME/`id`"),
            ("A=it's", "it's"),
            ("A=\"one\ntwo\"", "one\ntwo"),
            ("A=pässwörd", "pässwörd"),
        ] {
            assert_eq!(value(line), wanted, "{line}");
        }
    }

    #[test]
    fn a_file_is_read_line_by_line_and_the_last_value_counts() {
        let text = "\u{feff}# ours\nA=1\n\nB='x\ny'\nA=2\n";
        let read = parse_env_file(".env", text).unwrap();
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, [("A", "1"), ("B", "x\ny"), ("A", "2")]);
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line_and_not_quoted() {
        for (text, wanted) in [
            ("A=1\nsecret words\n", ".env:2: this is not KEY=VALUE"),
            ("A=1\n2B=hunter2\n", ".env:2: this is not KEY=VALUE"),
            ("exportA B=1", ".env:1: this is not KEY=VALUE"),
            ("A='1\n2'\nB=\"hunter2\nC=1\n", ".env:3: the quote that begins here is never closed"),
            ("A='hunter2' more\n", ".env:1: there is text behind the closing quote"),
            ("A=a\0b\n", ".env:1: the value holds a NUL byte, which no variable can"),
        ] {
            let error = parse_env_file(".env", text).unwrap_err();
            assert_eq!(error.message(), wanted);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[A-C=\"'\\\\#\n \u{feff}ä]{0,60}") {
            let _ = parse_env_file("x", &text);
        }

        #[test]
        fn what_is_quoted_comes_back(value in "[^\0']{0,40}") {
            let read = parse_env_file("x", &format!("A='{value}'\nB=1\n")).unwrap();
            prop_assert_eq!(&read[0].1, &value);
            prop_assert_eq!(&read[1].1, "1");
        }
    }
}
