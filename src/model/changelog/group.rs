//! Under which heading something stands. The rules are looked at in this order, and the first that says something counts:
//! a label of the task, the kind that stands before the words (`fix:`), the first word itself. What says nothing has
//! changed something.

use super::one_line;
use serde::Serialize;

/// The headings of keepachangelog.com, and what is nobody's business but the developers'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    Added,
    Changed,
    Deprecated,
    Removed,
    Fixed,
    Security,
    Internal,
}

impl Group {
    pub const ALL: [Group; 7] = [
        Group::Added,
        Group::Changed,
        Group::Deprecated,
        Group::Removed,
        Group::Fixed,
        Group::Security,
        Group::Internal,
    ];

    pub fn heading(self) -> &'static str {
        match self {
            Group::Added => "Added",
            Group::Changed => "Changed",
            Group::Deprecated => "Deprecated",
            Group::Removed => "Removed",
            Group::Fixed => "Fixed",
            Group::Security => "Security",
            Group::Internal => "Internal",
        }
    }
}

const LABELS: [(Group, &[&str]); 7] = [
    (Group::Security, &["security", "vulnerability"]),
    (Group::Fixed, &["bug", "bugfix", "defect", "fix", "fixed", "regression"]),
    (Group::Deprecated, &["deprecated", "deprecation"]),
    (Group::Removed, &["removal", "removed"]),
    (Group::Added, &["added", "enhancement", "feature", "new"]),
    (Group::Changed, &["changed", "improvement", "performance", "user-experience"]),
    (Group::Internal, &["chore", "ci", "code-quality", "docs", "documentation", "internal", "refactoring", "tests"]),
];

/// Kinds of commits as conventionalcommits.org and its users have them. First words that may as well be the name of a
/// part, such as `support`, are none.
const KINDS: [(Group, &[&str]); 7] = [
    (Group::Added, &["add", "added", "adds", "feat", "feature", "new"]),
    (Group::Changed, &["change", "changed", "changes", "perf", "revert"]),
    (Group::Deprecated, &["deprecate", "deprecated", "deprecates"]),
    (Group::Removed, &["remove", "removed", "removes"]),
    (Group::Fixed, &["bugfix", "fix", "fixed", "fixes", "hotfix"]),
    (Group::Security, &["sec", "security"]),
    (
        Group::Internal,
        &["bench", "build", "chore", "ci", "doc", "docs", "internal", "refactor", "release", "style", "test", "tests"],
    ),
];

const FIRST_WORDS: [(Group, &[&str]); 4] = [
    (
        Group::Added,
        &[
            "add",
            "added",
            "adds",
            "allow",
            "allows",
            "implement",
            "implements",
            "introduce",
            "introduces",
            "new",
            "support",
            "supports",
        ],
    ),
    (Group::Deprecated, &["deprecate", "deprecated", "deprecates"]),
    (Group::Removed, &["delete", "deletes", "drop", "drops", "remove", "removed", "removes"]),
    (Group::Fixed, &["correct", "corrects", "fix", "fixed", "fixes", "repair", "repairs"]),
];

/// Labels and roles of tasks that nobody wants to read of.
const LEFT_OUT: [&str; 3] = ["changelog", "no-changelog", "skip-changelog"];

/// Marks of commits that are to become part of another one.
const MARKS: [&str; 3] = ["fixup! ", "squash! ", "amend! "];

/// What a title or subject was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    pub group: Group,
    /// One line without kind and full stop, not escaped.
    pub text: String,
    /// What worked before does not work any more.
    pub breaking: bool,
    /// The rule, in words.
    pub because: String,
}

/// Whether a label or a role says that the task is not to be told of.
pub fn is_left_out<'l>(mut labels: impl Iterator<Item = &'l String>) -> bool {
    labels.any(|label| LEFT_OUT.contains(&label.trim().to_lowercase().as_str()))
}

/// What a title or subject is. `body` is what commits say besides; labels come in any order.
pub fn judge<'l>(line: &str, body: &str, labels: impl Iterator<Item = &'l String>) -> Judged {
    let line = one_line(line);
    let said = read(&line);
    let labels: Vec<(&String, String)> = labels.map(|label| (label, bare(label))).collect();
    let mark = MARKS.iter().find(|mark| line.starts_with(**mark));
    let by_label = LABELS.iter().find_map(|(group, words)| {
        let (label, _) = labels.iter().find(|(_, bare)| words.contains(&bare.as_str()))?;
        Some((*group, format!("its label {label}")))
    });
    let by_mark = || Some((Group::Internal, format!("it begins with {}", mark?.trim_end())));
    let by_kind = || said.kind.map(|(group, word)| (group, format!("it begins with {word}:")));
    let by_word = || find_in(&FIRST_WORDS, said.text).map(|(group, word)| (group, format!("its first word is {word}")));
    let found = by_label.or_else(by_mark).or_else(by_kind).or_else(by_word);
    let (group, because) = found.unwrap_or_else(|| (Group::Changed, "nothing says otherwise".to_owned()));
    let breaking =
        said.breaking || says_breaking(body) || labels.iter().any(|(_, label)| label.starts_with("breaking"));
    let text = match said.scope {
        Some(scope) => format!("{scope}: {}", said.text),
        // Without its kind it is a sentence of its own; whatever else begins with a small letter may be a name.
        None if said.kind.is_some() => with_capital(said.text),
        None => said.text.to_owned(),
    };
    match (group, breaking) {
        // Whoever only uses it sees that.
        (Group::Internal, true) => {
            Judged { group: Group::Changed, text, breaking, because: "it breaks what worked before".to_owned() }
        }
        _ => Judged { group, text, breaking, because },
    }
}

struct Line<'t> {
    kind: Option<(Group, &'static str)>,
    scope: Option<&'t str>,
    breaking: bool,
    text: &'t str,
}

/// `kind(scope)!: text`, or `scope: text`, or text.
fn read(line: &str) -> Line<'_> {
    let plain = Line { kind: None, scope: None, breaking: false, text: without_stop(line) };
    let Some((before, after)) = line.split_once(": ") else { return plain };
    let (before, breaking) = before.strip_suffix('!').map_or((before, false), |before| (before, true));
    let (word, scope) = match before.strip_suffix(')').and_then(|before| before.split_once('(')) {
        Some((word, scope)) => (word, Some(scope.trim()).filter(|scope| !scope.is_empty())),
        None => (before, None),
    };
    if word.is_empty() || word.contains(char::is_whitespace) || after.trim().is_empty() {
        return plain;
    }
    let text = without_stop(after.trim());
    match find_in(&KINDS, word) {
        Some(kind) => Line { kind: Some(kind), scope, breaking, text },
        None if scope.is_none() => Line { kind: None, scope: Some(word), breaking, text },
        None => plain,
    }
}

fn find_in(rules: &[(Group, &[&'static str])], text: &str) -> Option<(Group, &'static str)> {
    let first = text.split_whitespace().next()?.to_lowercase();
    rules.iter().find_map(|(group, words)| Some((*group, *words.iter().find(|word| **word == first)?)))
}

/// `kind/bug` and `type: bug` are `bug`.
fn bare(label: &str) -> String {
    label.rsplit(['/', ':']).next().unwrap_or_default().trim().to_lowercase()
}

fn says_breaking(body: &str) -> bool {
    body.lines().any(|line| line.starts_with("BREAKING CHANGE:") || line.starts_with("BREAKING-CHANGE:"))
}

fn without_stop(text: &str) -> &str {
    if text.ends_with("..") { text } else { text.strip_suffix('.').unwrap_or(text) }
}

fn with_capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(line: &str, labels: &[&str]) -> String {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let judged = judge(line, "", labels.iter());
        let breaking = if judged.breaking { " breaking" } else { "" };
        format!("{}{breaking} | {} | {}", judged.group.heading(), judged.text, judged.because)
    }

    #[test]
    fn the_first_rule_that_says_something_counts() {
        for (line, labels, expected) in [
            ("Greet people", &["ui", "kind/Bug"][..], "Fixed | Greet people | its label kind/Bug"),
            ("feat: greet people.", &["type: bug"], "Fixed | Greet people | its label type: bug"),
            ("feat(cli): greet people", &[], "Added | cli: greet people | it begins with feat:"),
            ("refactor!: greet people", &[], "Changed breaking | Greet people | it breaks what worked before"),
            ("Fix the greeting", &[], "Fixed | Fix the greeting | its first word is fix"),
            ("parser: drop the old form", &[], "Removed | parser: drop the old form | its first word is drop"),
            ("Fixed: the greeting", &[], "Fixed | The greeting | it begins with fixed:"),
            ("removes(cli): the hat", &[], "Removed | cli: the hat | it begins with removes:"),
            ("Added: a hat", &[], "Added | A hat | it begins with added:"),
            ("support: drop the hat", &[], "Removed | support: drop the hat | its first word is drop"),
            ("docs: greet people", &[], "Internal | Greet people | it begins with docs:"),
            ("fixup! fix: greet", &[], "Internal | fixup! fix: greet | it begins with fixup!"),
            ("Greet people", &[], "Changed | Greet people | nothing says otherwise"),
            ("Prefixed words are words", &[], "Changed | Prefixed words are words | nothing says otherwise"),
            ("What it does: greet", &[], "Changed | What it does: greet | nothing says otherwise"),
            ("Wait for it...", &["breaking-change"], "Changed breaking | Wait for it... | nothing says otherwise"),
            ("fix: ", &[], "Changed | fix: | nothing says otherwise"),
            ("", &[], "Changed |  | nothing says otherwise"),
        ] {
            assert_eq!(judged(line, labels), expected, "{line}");
        }
        assert!(judge("Greet", "x\n\nBREAKING CHANGE: no hats", [].iter()).breaking);
    }

    #[test]
    fn a_line_is_one_line_and_not_longer_than_it_may_be() {
        assert_eq!(judged("Greet\n  people", &[]), "Changed | Greet people | nothing says otherwise");
        assert_eq!(judge(&"ä".repeat(1000), "", [].iter()).text.chars().count(), 201);
    }
}
