//! What a change does to the checks that were there before it: tests taken away, assertions taken away or rewritten,
//! tests newly skipped, files edited that a gate runs.
//!
//! Nothing of this is forbidden: plans may ask for it. But whoever wrote the code should not be the only one who knows,
//! so the reviewer and the person are shown it, and such work is never merged without a person's look.

mod diff;

use diff::{FileDiff, files_of};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

/// More than these make one point: somebody has to look.
const MOST: usize = 40;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Touched {
    pub what: Touch,
    pub file: String,
    /// The line as it was, or, for a new skip, as it is.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Touch {
    TestRemoved,
    AssertionRemoved,
    /// It still asserts something, and something else.
    AssertionChanged,
    TestSkipped,
    /// A gate runs the file.
    GateEdited,
}

impl Touch {
    pub fn words(self) -> &'static str {
        match self {
            Touch::TestRemoved => "test removed",
            Touch::AssertionRemoved => "assertion removed",
            Touch::AssertionChanged => "assertion changed",
            Touch::TestSkipped => "test skipped",
            Touch::GateEdited => "gate's own file edited",
        }
    }
}

impl fmt::Display for Touched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.what.words(), self.file, self.text)
    }
}

/// What a unified diff does to checks that were there before. `gates` are the commands that judge the work. A file that
/// the plan names is the work itself, also where a gate runs it.
pub fn touched(diff: &str, gates: &[String], is_planned: impl Fn(&str) -> bool) -> Vec<Touched> {
    let files = files_of(diff);
    let added: BTreeSet<String> = files
        .iter()
        .filter(|file| may_hold_tests(&file.path))
        .flat_map(|file| &file.hunks)
        .flat_map(|hunk| &hunk.added)
        .map(|line| normal(line))
        .collect();
    let mut found = Vec::new();
    for file in &files {
        look_at(file, &added, &mut found);
        let command = gates.iter().find(|gate| !file.is_new && !is_planned(&file.path) && runs(gate, &file.path));
        found.extend(command.map(|gate| Touched {
            what: Touch::GateEdited,
            file: file.path.clone(),
            text: format!("`{gate}` runs it"),
        }));
    }
    found.sort();
    found.dedup();
    found.truncate(MOST);
    found
}

fn look_at(file: &FileDiff, added: &BTreeSet<String>, found: &mut Vec<Touched>) {
    let mut note = |what: Touch, text: &str| {
        let text: String = text.trim().chars().take(160).collect();
        found.push(Touched { what, file: file.path.clone(), text });
    };
    for hunk in &file.hunks {
        // What appears again, here or elsewhere, was moved.
        let gone: Vec<&String> = hunk.removed.iter().filter(|line| !added.contains(&normal(line))).collect();
        let mut rewritten = hunk.added.iter().filter(|line| is_assertion(line, &file.path)).count();
        for line in gone {
            if is_test(line) {
                note(Touch::TestRemoved, line);
            } else if is_assertion(line, &file.path) && rewritten > 0 {
                rewritten -= 1;
                note(Touch::AssertionChanged, line);
            } else if is_assertion(line, &file.path) {
                note(Touch::AssertionRemoved, line);
            }
        }
        let was_there: BTreeSet<String> = hunk.removed.iter().map(|line| normal(line)).collect();
        for line in hunk.added.iter().filter(|line| is_skip(line, &file.path) && !was_there.contains(&normal(line))) {
            note(Touch::TestSkipped, line);
        }
    }
}

/// The line without what formatting changes.
fn normal(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Begins a test, in one of the languages we know: its name is on the line.
fn is_test(line: &str) -> bool {
    static TEST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?x) ^\s*(async\s+)?def\s+test_\w*\s*\( | ^\s*func\s+(Test|Fuzz)\w*\s*\( | ^\s*class\s+Test\w*
            | ^\s*(it|test|describe)(\.each\(.*\))?\s*\(\s*["'`] | ^\s*\#\[(\w+::)?test\b | ^\s*@(Test|ParameterizedTest)\b
            | ^\s*(pub\s+)?(async\s+)?fn\s+test_\w* | ^\s*@test\s | ^\s*(function\s+)?test_\w+\s*\(\)"#,
        )
        .expect("a regular expression")
    });
    TEST.is_match(line)
}

fn is_assertion(line: &str, path: &str) -> bool {
    static EVERYWHERE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(assert\w*!?|expect|should|require\.\w+|XCTAssert\w*|CHECK|REQUIRE|EXPECT_\w+|ASSERT_\w+)\b\s*[\(.!:= ]")
            .expect("a regular expression")
    });
    static IN_SCRIPTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*(\[+\s|test\s|grep\s|diff\s|cmp\s|exit\s+1)|\|\|\s*exit\b").expect("a regular expression")
    });
    is_of_tests(path) && (EVERYWHERE.is_match(line) || (is_script(path) && IN_SCRIPTS.is_match(line)))
        || line.trim_start().starts_with("assert")
}

fn is_skip(line: &str, path: &str) -> bool {
    static SKIP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?x) \#\[ignore\b | \#\[cfg\(any\(\)\)\] | pytest\.mark\.(skip|xfail) | unittest\.skip | pytest\.skip\(
            | \b(it|test|describe|context)\.(skip|only|todo|fixme)\b | \b(xit|xdescribe|xtest|fit|fdescribe)\s*\(
            | \b[tb]\.Skip(f|Now)?\( | @(Disabled|Ignore)\b | \bGTEST_SKIP\b | \.skip\(",
        )
        .expect("a regular expression")
    });
    static GIVEN_UP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\|\|\s*(true|:)\s*$|^\s*exit\s+0\b|^\s*set\s+\+e\b").expect("a regular expression")
    });
    SKIP.is_match(line) || (is_of_tests(path) && is_script(path) && GIVEN_UP.is_match(line))
}

fn is_script(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    !name.contains('.') || [".sh", ".bash", ".bats", ".zsh"].iter().any(|end| name.ends_with(end))
}

/// Where a test that moved still is one: not in a text, nor where nobody looks for tests.
fn may_hold_tests(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    is_of_tests(path) || [".rs", ".c", ".cc", ".cpp", ".java", ".kt", ".swift"].iter().any(|end| name.ends_with(end))
}

/// Files that check others, by their place or name; in the rest an assertion may be part of the program.
fn is_of_tests(path: &str) -> bool {
    path.to_ascii_lowercase().split(['/', '.', '_', '-']).any(|part| {
        matches!(part, "test" | "tests" | "spec" | "specs" | "e2e" | "__tests__" | "check" | "checks" | "ci")
    })
}

/// Whether a command executes a file, or a tool that takes its orders from it. A file that it only looks at is the work.
fn runs(gate: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    gate.split([';', '&', '|', '(', ')', '\n']).any(|command| {
        let mut words = command.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
        let Some(first) = words.find(|word| !word.contains('=') && !RUNNERS.contains(word)) else { return false };
        let is_it = |word: &str| word.trim_start_matches("./") == path;
        let script = || words.clone().find(|word| !word.starts_with('-'));
        let takes_orders = |tools: &[&str]| tools.contains(&first);
        is_it(first)
            || (INTERPRETERS.contains(&first) && script().is_some_and(is_it))
            || match name {
                "package.json" => takes_orders(&["npm", "pnpm", "yarn", "bun"]),
                "Makefile" | "makefile" | "GNUmakefile" => takes_orders(&["make"]),
                "justfile" | "Justfile" => takes_orders(&["just"]),
                "tox.ini" => takes_orders(&["tox"]),
                "pytest.ini" | "conftest.py" => takes_orders(&["pytest"]),
                _ => false,
            }
    })
}

/// They run what stands behind them.
const RUNNERS: [&str; 7] = ["exec", "env", "time", "nice", "timeout", "command", "!"];
const INTERPRETERS: [&str; 13] =
    ["sh", "bash", "zsh", "dash", "python", "python3", "node", "ruby", "perl", "bats", ".", "source", "pytest"];

#[cfg(test)]
mod tests;
