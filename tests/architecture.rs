//! The layers of `src/lib.rs` as data, checked against every `use` and path in the sources.
//!
//! A module may name the modules of the rows below its own and itself, nothing else. What belongs to one owner (git,
//! SQLite, the terminal, starting processes) is named by that owner alone.

use regex::Regex;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Bottom to top. Modules of one row do not know each other.
const ROWS: [&[&str]; 13] = [
    &["error"],
    &["model"],
    &["host"],
    &["process"],
    &["git", "http", "config"],
    &["policy", "agent", "store"],
    &["tasks", "memory"],
    &["sync", "workflow"],
    &["run"],
    &["ui"],
    &["commands"],
    // The library and the binaries, which name whatever they like.
    &["lib", "main"],
    &["bin"],
];

struct Owner {
    what: &'static str,
    pattern: LazyLock<Regex>,
    may: &'static [&'static str],
}

static OWNERS: [Owner; 5] = [
    Owner { what: "gix", pattern: LazyLock::new(|| Regex::new(r"\bgix(_\w+)?::").unwrap()), may: &["git/"] },
    Owner { what: "ureq", pattern: LazyLock::new(|| Regex::new(r"\bureq::").unwrap()), may: &["http/"] },
    Owner { what: "rusqlite", pattern: LazyLock::new(|| Regex::new(r"\brusqlite::").unwrap()), may: &["store/index/"] },
    Owner {
        what: "the terminal's crates",
        pattern: LazyLock::new(|| Regex::new(r"\b(dialoguer|indicatif|comfy_table)::").unwrap()),
        may: &["ui/"],
    },
    Owner {
        what: "starting processes",
        pattern: LazyLock::new(|| {
            Regex::new(r"\b(std|tokio)::process::(Command|\{[^}]*\bCommand\b|\*)|\btokio::process\b").unwrap()
        }),
        may: &["process/"],
    },
];

const MOST_LINES: usize = 550;

#[derive(Debug, PartialEq, Eq)]
struct Violation {
    file: String,
    line: usize,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src/{}:{}: {}", self.file, self.line, self.rule)
    }
}

struct Source {
    /// Below `src/`.
    file: String,
    text: String,
}

impl Source {
    /// The top-level module that the file belongs to.
    fn module(&self) -> &str {
        self.file.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// The lines without comments and without what is in string literals on one line.
    fn code_lines(&self) -> impl Iterator<Item = (usize, String)> + '_ {
        static LITERAL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""(?:[^"\\]|\\.)*""#).unwrap());
        self.text.lines().enumerate().map(|(number, line)| {
            let line = LITERAL.replace_all(line, "\"\"");
            let code = line.split("//").next().unwrap_or_default().to_owned();
            (number + 1, code)
        })
    }
}

fn row_of(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

fn check(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut report = |line: usize, rule: String| found.push(Violation { file: source.file.clone(), line, rule });
    let own = row_of(source.module());
    if own.is_none() {
        report(1, format!("the module {} is in no row", source.module()));
    }
    for (line, other) in named_modules(source) {
        match (own, row_of(&other)) {
            _ if other == source.module() => {}
            (Some(own), Some(row)) if row < own => {}
            (_, None) => report(line, format!("names crate::{other}, which is in no row")),
            _ => report(line, format!("{} must not name {other}: it is not below it", source.module())),
        }
    }
    for owner in &OWNERS {
        if owner.may.iter().any(|prefix| source.file.starts_with(prefix)) {
            continue;
        }
        for (line, code) in source.code_lines().filter(|(_, code)| owner.pattern.is_match(code)) {
            report(line, format!("only src/{} may name {}: {}", owner.may.join(", src/"), owner.what, code.trim()));
        }
    }
    // Tests of a module are cases beside each other; they are read one at a time.
    let holds_tests = source.file.ends_with("tests.rs");
    if !holds_tests && source.text.lines().count() > MOST_LINES {
        report(MOST_LINES, format!("the file has more than {MOST_LINES} lines"));
    }
    if let Some(line) = module_in_a_macro(source) {
        report(line, "a module is declared inside a macro, where cargo fmt does not see its file".to_owned());
    }
    found
}

/// Every top-level module named by `crate::x` or in `crate::{x::…, y}`, and by `super::super::x` that leaves the module.
fn named_modules(source: &Source) -> Vec<(usize, String)> {
    static DIRECT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bcrate::(\w+)").unwrap());
    static CLIMBING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b((?:super::)+)(\w+)").unwrap());
    static INLINE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(pub(\([^)]*\))? )?mod \w+ \{").unwrap());
    let depth = module_depth(&source.file);
    let mut inside = 0;
    let mut named = Vec::new();
    for (line, code) in source.code_lines() {
        if INLINE.is_match(&code) {
            inside = 1;
        } else if code.starts_with('}') {
            inside = 0;
        }
        named.extend(DIRECT.captures_iter(&code).map(|found| (line, found[1].to_owned())));
        for found in CLIMBING.captures_iter(&code) {
            if found[1].matches("super::").count() == depth + inside {
                named.push((line, found[2].to_owned()));
            }
        }
    }
    named.extend(named_in_groups(source));
    named
}

/// `use crate::{a::b, c}`, also over several lines.
fn named_in_groups(source: &Source) -> Vec<(usize, String)> {
    let lines: Vec<(usize, String)> = source.code_lines().collect();
    let mut named = Vec::new();
    for (at, (line, code)) in lines.iter().enumerate() {
        let Some((_, begin)) = code.split_once("crate::{") else {
            continue;
        };
        let rest: String = lines[at + 1..].iter().map(|(_, code)| code.as_str()).collect();
        let (mut level, mut word) = (0, String::new());
        for c in begin.chars().chain(rest.chars()) {
            match c {
                '{' => level += 1,
                '}' if level == 0 => break,
                '}' => level -= 1,
                _ => {}
            }
            if level == 0 {
                word.push(c);
            }
        }
        let names = word.split(',').filter_map(|part| part.trim().split([':', ' ']).next());
        named.extend(names.filter(|name| !name.is_empty()).map(|name| (*line, name.to_owned())));
    }
    named
}

/// How many `super::` lead from the file's module to the crate.
fn module_depth(file: &str) -> usize {
    let parts = file.trim_end_matches(".rs").split('/').filter(|part| *part != "mod");
    parts.count()
}

fn module_in_a_macro(source: &Source) -> Option<usize> {
    static DECLARED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s+(pub(\([^)]*\))? )?mod \$?\w+;").unwrap());
    source.code_lines().find(|(_, code)| DECLARED.is_match(code) || code.contains("mod $")).map(|(line, _)| line)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut folders = vec![root()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let file = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                let text = fs::read_to_string(&path).unwrap();
                sources.push(Source { file, text });
            }
        }
    }
    sources.sort_by(|a, b| a.file.cmp(&b.file));
    sources
}

fn made_up(file: &str, text: &str) -> Vec<String> {
    let source = Source { file: file.to_owned(), text: text.to_owned() };
    check(&source).iter().map(|violation| violation.to_string()).collect()
}

#[test]
fn every_source_keeps_to_its_row_and_its_owners() {
    let sources = sources();
    assert!(sources.len() > 80, "only {} sources were found", sources.len());
    let violations: Vec<String> = sources.iter().flat_map(check).map(|violation| violation.to_string()).collect();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn every_module_of_the_library_is_in_the_table_and_in_its_map() {
    let lib = fs::read_to_string(root().join("lib.rs")).unwrap();
    let declared = Regex::new(r"(?m)^pub mod (\w+);").unwrap();
    let declared: Vec<&str> = declared.captures_iter(&lib).map(|found| found.extract::<1>().1[0]).collect();
    assert_eq!(declared.len(), ROWS[..11].iter().map(|row| row.len()).sum::<usize>());
    for module in declared {
        assert!(row_of(module).is_some(), "{module} is in no row");
        let in_map = Regex::new(&format!(r"(?m)^//! (.*   )?{module} ")).unwrap();
        assert!(in_map.is_match(&lib), "{module} is not in the map of src/lib.rs");
    }
}

#[test]
fn every_command_file_is_a_command() {
    let table = fs::read_to_string(root().join("commands/mod.rs")).unwrap();
    let mut commands = 0;
    for source in sources() {
        let Some(name) = source.file.strip_prefix("commands/").and_then(|name| name.strip_suffix(".rs")) else {
            continue;
        };
        // What has no arguments is shared by several commands.
        if !source.text.contains("\npub struct Args {") {
            continue;
        }
        commands += 1;
        let variant = format!("({name}::Args)");
        assert!(table.contains(&variant), "src/commands/{name}.rs is no variant of Command");
        assert!(table.contains(&format!("{name}::run(context, &args)")), "{name} is not dispatched");
    }
    assert_eq!(table.matches("::Args),").count(), commands, "a command has no file of its own");
}

#[test]
fn the_checker_finds_what_it_looks_for() {
    let cases = [
        ("model/x.rs", "use crate::store::Store;", "src/model/x.rs:1: model must not name store: it is not below it"),
        (
            "git/x.rs",
            "\n\nfn f() { crate::config::Settings::new(); }",
            "src/git/x.rs:3: git must not name config: it is not below it",
        ),
        (
            "store/x.rs",
            "use crate::{error::Error,\n    ui::{Ui, Style}, model};",
            "src/store/x.rs:1: store must not name ui: it is not below it",
        ),
        ("agent/x.rs", "use super::super::run;", "src/agent/x.rs:1: agent must not name run: it is not below it"),
        ("attic/x.rs", "", "src/attic/x.rs:1: the module attic is in no row"),
        (
            "store/x.rs",
            "fn f(id: gix::ObjectId) {}",
            "src/store/x.rs:1: only src/git/ may name gix: fn f(id: gix::ObjectId) {}",
        ),
        (
            "store/snapshot.rs",
            "use rusqlite::Connection;",
            "src/store/snapshot.rs:1: only src/store/index/ may name rusqlite: use rusqlite::Connection;",
        ),
        ("agent/x.rs", "use ureq::Agent;", "src/agent/x.rs:1: only src/http/ may name ureq: use ureq::Agent;"),
        (
            "run/x.rs",
            "use std::process::{ExitCode, Command};",
            "src/run/x.rs:1: only src/process/ may name starting processes: use std::process::{ExitCode, Command};",
        ),
        (
            "commands/x.rs",
            "use dialoguer::Confirm;",
            "src/commands/x.rs:1: only src/ui/ may name the terminal's crates: use dialoguer::Confirm;",
        ),
        (
            "model/x.rs",
            "macro_rules! m {\n    () => {\n        mod hidden;\n    };\n}",
            "src/model/x.rs:3: a module is declared inside a macro, where cargo fmt does not see its file",
        ),
    ];
    for (file, text, expected) in cases {
        assert_eq!(made_up(file, text), [expected], "{text}");
    }
    assert_eq!(made_up("model/x.rs", &"\n".repeat(551)), ["src/model/x.rs:550: the file has more than 550 lines"]);
}

#[test]
fn what_is_allowed_is_not_reported() {
    for (file, text) in [
        ("store/x.rs", "use crate::git::Repository;\nuse crate::store::Snapshot;\nuse super::Store;"),
        ("store/index/x.rs", "use rusqlite::Connection; // and crate::ui is only mentioned"),
        ("run/worker/x.rs", "use super::super::event::Reporter;"),
        ("commands/x.rs", "let text = \"crate::nowhere and gix::x\"; std::process::ExitCode::SUCCESS"),
    ] {
        assert_eq!(made_up(file, text), [""; 0], "{text}");
    }
}
