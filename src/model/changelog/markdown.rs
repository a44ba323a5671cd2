//! A changelog as text.

use super::{Changelog, Entry, Group};
use crate::model::text::escape_line;

/// How a changelog is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As keepachangelog.com has it.
    KeepAChangelog,
    /// One line each.
    List,
    /// The notes of a release.
    GithubRelease,
}

impl Format {
    const ALL: [(&'static str, Format); 3] = [
        ("keep-a-changelog", Format::KeepAChangelog),
        ("list", Format::List),
        ("github-release", Format::GithubRelease),
    ];

    pub fn parse(word: &str) -> Option<Format> {
        Format::ALL.iter().find(|(known, _)| *known == word).map(|(_, format)| *format)
    }

    pub fn words() -> String {
        Format::ALL.map(|(word, _)| word).join(", ")
    }
}

impl Changelog {
    /// As Markdown, each line ended. Nothing where there is nothing to tell.
    pub fn to_text(&self, format: Format) -> String {
        if self.entries.is_empty() {
            return String::new();
        }
        match format {
            Format::List => self.entries.iter().map(|entry| entry.line("-")).collect(),
            Format::KeepAChangelog => format!("{}\n{}", self.heading(), self.groups(|entry| entry.line("-"))),
            Format::GithubRelease => {
                let groups = self.groups(|entry| {
                    // Commits are what others can look up.
                    format!("* {} ({})\n", entry.words(), entry.commit())
                });
                format!("## What's changed\n\n{groups}{}", self.comparison())
            }
        }
    }

    fn heading(&self) -> String {
        match (self.version(), self.at) {
            (Some(version), Some(at)) => {
                let day: String = at.to_string().chars().take("2026-01-01".len()).collect();
                format!("## [{}] - {day}\n", plain(version))
            }
            _ => "## [Unreleased]\n".to_owned(),
        }
    }

    fn groups(&self, line: impl Fn(&Entry) -> String) -> String {
        let mut text = String::new();
        for group in Group::ALL {
            let lines: String = self.entries.iter().filter(|entry| entry.group == group).map(&line).collect();
            if !lines.is_empty() {
                let gap = if text.is_empty() { "" } else { "\n" };
                text.push_str(&format!("{gap}### {}\n\n{lines}", group.heading()));
            }
        }
        text
    }

    fn comparison(&self) -> String {
        match &self.from {
            Some(from) => format!("\n**Full changelog**: {}...{}\n", plain(&from.name), plain(&self.to.name)),
            None => String::new(),
        }
    }
}

impl Entry {
    /// One line of a list, ended, with what the entry is known by.
    pub(super) fn line(&self, mark: &str) -> String {
        format!("{mark} {} ({})\n", self.words(), self.key())
    }

    fn words(&self) -> String {
        format!("{}{}", if self.breaking { "**Breaking:** " } else { "" }, plain(&self.text))
    }
}

/// Words as words: what would be a link, an image, markup or a comment is shown as it was typed, and code stays code. What
/// a forge would make a link of though it is escaped, because it looks for addresses and names of people in the finished
/// text, is shown as code: nobody is called by a subject of a stranger. `#12` stays what it is, a number of this project,
/// as a forge itself writes it into the subject of what it merged.
fn plain(text: &str) -> String {
    let text = escape_line(text);
    let ticks = text.matches('`').count();
    let has_code = ticks.is_multiple_of(2) && !text.contains("``") && !text.contains('\\');
    let mut shown = String::new();
    for (at, part) in text.split(|c| has_code && c == '`').enumerate() {
        match at % 2 {
            1 => shown.push_str(&format!("`{part}`")),
            _ => part.split_inclusive(' ').for_each(|word| push_word(&mut shown, word)),
        }
    }
    without_block(shown)
}

fn push_word(shown: &mut String, word: &str) {
    let bare = word.trim_end_matches([' ', '.', ',', ';', ':', '!', '?']);
    match is_called(bare) {
        true => shown.push_str(&format!("{}{}", as_code(bare), &word[bare.len()..])),
        false => shown.push_str(&escape_markup(word)),
    }
}

/// Whether a forge makes a link of the word, or calls somebody by it.
fn is_called(word: &str) -> bool {
    let word = word.to_lowercase();
    let names_somebody = word.split('@').skip(1).any(|name| name.starts_with(char::is_alphanumeric));
    let is_elsewhere = word.split_once('#').is_some_and(|(project, _)| project.contains('/'));
    names_somebody || is_elsewhere || word.contains("://") || word.contains("www.")
}

/// Between more marks than there are in it.
fn as_code(word: &str) -> String {
    let longest = word.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let marks = "`".repeat(longest + 1);
    match longest {
        0 => format!("{marks}{word}{marks}"),
        _ => format!("{marks} {word} {marks}"),
    }
}

fn escape_markup(word: &str) -> String {
    let mut shown = String::new();
    for (at, c) in word.char_indices() {
        let is_mark = match c {
            '_' => !is_inside(word, at),
            c => matches!(c, '<' | '[' | ']' | '`' | '\\' | '*' | '&' | '~'),
        };
        if is_mark {
            shown.push('\\');
        }
        shown.push(c);
    }
    shown
}

/// Whether the line stands between letters of a word, where it marks nothing.
fn is_inside(word: &str, at: usize) -> bool {
    let before = word[..at].trim_end_matches('_').chars().next_back();
    let after = word[at..].trim_start_matches('_').chars().next();
    [before, after].into_iter().all(|beside| beside.is_some_and(char::is_alphanumeric))
}

/// What would begin a heading, a list or the like at the beginning of a line does not.
fn without_block(text: String) -> String {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_number = rest.len() < text.len() && (rest.starts_with(". ") || rest.starts_with(") "));
    match text.starts_with(['#', '>', '-', '+', '=', '|']) {
        true => format!("\\{text}"),
        false if is_number => format!("{}\\{rest}", &text[..text.len() - rest.len()]),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::changelog::Revision;
    use crate::model::{TaskId, Timestamp};
    use std::collections::BTreeSet;

    fn entry(group: Group, text: &str, task: Option<&str>) -> Entry {
        Entry {
            group,
            text: text.to_owned(),
            breaking: text.starts_with("Break"),
            because: String::new(),
            task: task.and_then(TaskId::parse),
            commits: vec!["0".repeat(40), "1234567890abcdef".to_owned()],
            authors: BTreeSet::new(),
        }
    }

    fn changelog(name: &str, is_tag: bool) -> Changelog {
        let revision = |name: &str, is_tag| Revision { name: name.to_owned(), commit: String::new(), is_tag };
        Changelog {
            from: Some(revision("v1.0.0", true)),
            to: revision(name, is_tag),
            at: Some(Timestamp::from_millis(1_767_225_600_000)),
            entries: vec![
                entry(Group::Added, "Greet `<people>`", Some("7kq2mabcde")),
                entry(Group::Added, "Break <b>hats</b>", None),
                entry(Group::Fixed, "cli: an [x](y) & `z", None),
            ],
            is_cut: false,
        }
    }

    #[test]
    fn each_format_has_its_shape() {
        assert_eq!(
            changelog("v1.1.0", true).to_text(Format::KeepAChangelog),
            "## [1.1.0] - 2026-01-01\n\n\
             ### Added\n\n\
             - Greet `<people>` (7kq2mabcde)\n\
             - **Breaking:** Break \\<b>hats\\</b> (1234567890)\n\n\
             ### Fixed\n\n\
             - cli: an \\[x\\](y) \\& \\`z (1234567890)\n"
        );
        assert_eq!(
            changelog("main", false).to_text(Format::GithubRelease),
            "## What's changed\n\n\
             ### Added\n\n\
             * Greet `<people>` (1234567890)\n\
             * **Breaking:** Break \\<b>hats\\</b> (1234567890)\n\n\
             ### Fixed\n\n\
             * cli: an \\[x\\](y) \\& \\`z (1234567890)\n\n\
             **Full changelog**: v1.0.0...main\n"
        );
        assert!(changelog("main", false).to_text(Format::KeepAChangelog).starts_with("## [Unreleased]\n\n### Added\n"));
        assert_eq!(
            changelog("main", false).to_text(Format::List).lines().next(),
            Some("- Greet `<people>` (7kq2mabcde)")
        );
        assert_eq!(Changelog { entries: Vec::new(), ..changelog("main", false) }.to_text(Format::List), "");
    }

    #[test]
    fn words_from_outside_are_words() {
        for (text, shown) in [
            ("<!-- gone", "\\<!-- gone"),
            ("a `b` c", "a `b` c"),
            ("# a heading", "\\# a heading"),
            ("a ``b`` <c>", "a \\`\\`b\\`\\` \\<c>"),
            ("\\` <b> `", "\\\\\\` \\<b> \\`"),
            ("**bold** &lt;", "\\*\\*bold\\*\\* \\&lt;"),
            ("a\u{1b}[2Jb", "a\\\\u{1b}\\[2Jb"),
            ("_em_ and __bold__", "\\_em\\_ and \\_\\_bold\\_\\_"),
            ("a snake_case and __init__", "a snake_case and \\_\\_init\\_\\_"),
            ("~~x~~ 1", "\\~\\~x\\~\\~ 1"),
            ("~~~", "\\~\\~\\~"),
            ("1. one", "1\\. one"),
            ("1.1.0 for 10 hats", "1.1.0 for 10 hats"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn nobody_is_called_and_nothing_is_linked_by_words_from_outside() {
        for (text, shown) in [
            ("Thank @torvalds, please", "Thank `@torvalds`, please"),
            ("Meet @ noon in C# (#12)", "Meet @ noon in C# (#12)"),
            ("like a/b#1", "like `a/b#1`"),
            ("See HTTPS://evil.example/x_y_z.", "See `HTTPS://evil.example/x_y_z`."),
            ("WWW.evil.example", "`WWW.evil.example`"),
            ("![x](http://evil)", "`![x](http://evil)`"),
            ("a `@b` c", "a `@b` c"),
            ("`a`@b", "`a``@b`"),
            ("@a`b", "`` @a`b ``"),
            ("\\@a", "`\\@a`"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }
}
