//! Every reader against streams of the real program, recorded as they came.
//!
//! `tests/fixtures/agents/<agent>/cases.toml` is the table: how the program ended, whether it left work, and what must be
//! made of it. Beside it lie `<case>.jsonl` (stdout) and `<case>.stderr` as recorded, `<case>.events` (what the reader
//! makes of every line; `AIFACTORY_RENEW=1` writes it anew, to be read in the diff).

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests read files and the environment")]

use aifactory::agent::{Account, Facts, Heard, Opening, Permission, Reader, ReaderKind, Scope, judge};
use aifactory::model::Usage;
use aifactory::model::run::Outcome;
use aifactory::process::{Ending, Line};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const OWN_VERSION: &str = concat!("\"version\":\"", env!("CARGO_PKG_VERSION"), "\"");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    reader: String,
    /// The version of the program that said all this.
    version: String,
    /// What its record says that its usage at the end of a turn counts.
    #[serde(default)]
    usage: Option<Scope>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Case {
    name: String,
    /// The exit code; none where a signal ended it.
    exit: Option<i32>,
    left_work: bool,
    outcome: Outcome,
    /// What the detail must say.
    #[serde(default)]
    detail: String,
    #[serde(default)]
    session: Option<String>,
    #[serde(default)]
    usage: Usage,
    /// The conversation's total when the run began, for resumed runs.
    #[serde(default)]
    before: Option<Usage>,
    #[serde(default)]
    denied: Vec<String>,
    #[serde(default)]
    question: Option<String>,
    #[serde(default)]
    permission: Permission,
    #[serde(default)]
    resume: Option<String>,
    /// The agent's own word for the permission.
    #[serde(default)]
    mode: Option<String>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents")
}

fn tables() -> Vec<(PathBuf, Table)> {
    let mut tables = Vec::new();
    for entry in fs::read_dir(fixtures()).unwrap() {
        let folder = entry.unwrap().path();
        let text =
            fs::read_to_string(folder.join("cases.toml")).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let table = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        tables.push((folder, table));
    }
    tables.sort_by(|a, b| a.0.cmp(&b.0));
    tables
}

struct Played {
    account: Account,
    lines: String,
}

fn play(folder: &Path, table: &Table, case: &Case) -> Played {
    let kind = ReaderKind::find(&table.reader).unwrap_or_else(|| panic!("no reader {}", table.reader));
    let opening = Opening {
        prompt: "Create a file hello.txt that says hello from the script.",
        worktree: "/scratch/repo",
        resume: case.resume.as_deref(),
        permission: case.permission,
        mode: case.mode.as_deref(),
        usage: table.usage,
        ..Opening::default()
    };
    let mut reader = Reader::new(kind, &opening);
    let mut lines = String::new();
    let mut note = |heard: Heard| {
        for event in heard.events {
            lines.push_str(&serde_json::to_string(&event).unwrap());
            lines.push('\n');
        }
        for sent in heard.send {
            // Our own version is no matter of a recording.
            let sent = sent.replace(OWN_VERSION, "\"version\":\"[VERSION]\"");
            lines.push_str(&format!("> {sent}\n"));
        }
        if heard.hang_up {
            lines.push_str("> (end)\n");
        }
    };
    note(reader.begin());
    let read = |ending: &str| fs::read(folder.join(format!("{}.{ending}", case.name))).unwrap_or_default();
    for line in String::from_utf8_lossy(&read("jsonl")).lines() {
        note(reader.read(&Line::Stdout(line)));
    }
    for line in String::from_utf8_lossy(&read("stderr")).lines() {
        note(reader.read(&Line::Stderr(line)));
    }
    note(reader.end(case.exit));
    Played { account: reader.account, lines }
}

#[test]
fn every_reader_makes_of_a_recorded_stream_what_the_table_says() {
    let renew = std::env::var_os("AIFACTORY_RENEW").is_some();
    let mut wrong = Vec::new();
    for (folder, table) in tables() {
        for case in &table.case {
            let name = format!("{} {} {}", folder.file_name().unwrap().display(), table.version, case.name);
            let played = play(&folder, &table, case);
            let account = &played.account;
            let facts = Facts {
                agent: "agent",
                ending: &case.exit.map_or(Ending::Signalled(15), Ending::Exited),
                says_when_finished: ReaderKind::find(&table.reader).unwrap().says_when_finished,
                left_work: case.left_work,
                nothing: "changed nothing",
                last_words: "",
            };
            let judgement = judge(account, &facts);
            let detail = judgement.detail.unwrap_or_default();
            let mut check = |is_right: bool, what: String| {
                if !is_right {
                    wrong.push(format!("{name}: {what}"));
                }
            };
            check(judgement.outcome == case.outcome, format!("{}: {detail}", judgement.outcome));
            check(detail.contains(&case.detail), format!("says: {detail}"));
            check(account.session == case.session, format!("session {:?}", account.session));
            let usage = account.usage(case.before.as_ref());
            check(usage == case.usage, format!("{usage:?}"));
            let denied: Vec<_> = account.denied.iter().cloned().collect();
            check(denied == case.denied, format!("denied {denied:?}"));
            let question = account.question.as_ref().map(|question| question.text.clone());
            check(question == case.question, format!("question {question:?}"));
            let path = folder.join(format!("{}.events", case.name));
            if renew {
                fs::write(&path, &played.lines).unwrap();
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            check(expected == played.lines, format!("other events than in {}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_reader_has_recorded_streams() {
    let recorded: BTreeSet<String> = tables().into_iter().map(|(_, table)| table.reader).collect();
    let own = ["text", "events", "runbook"];
    let without: Vec<_> =
        ReaderKind::TABLE.iter().filter(|kind| !own.contains(&kind.name) && !recorded.contains(kind.name)).collect();
    assert!(without.is_empty(), "{without:?}");
}

/// Whatever is cut, repeated or garbled, a reader goes on and its memory is bounded by what it was given.
#[test]
fn a_stream_that_is_cut_anywhere_ends_without_a_success() {
    for (folder, table) in tables() {
        let kind = ReaderKind::find(&table.reader).unwrap();
        for case in table.case.iter().filter(|case| case.outcome == Outcome::Succeeded && kind.says_when_finished) {
            let text = fs::read_to_string(folder.join(format!("{}.jsonl", case.name))).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let opening = Opening {
                prompt: "",
                worktree: "/scratch/repo",
                resume: case.resume.as_deref(),
                mode: case.mode.as_deref(),
                usage: table.usage,
                ..Opening::default()
            };
            let mut reader = Reader::new(kind, &opening);
            reader.begin();
            for line in &lines {
                if reader.account.finished.is_some() {
                    break;
                }
                let facts = Facts {
                    agent: "agent",
                    ending: &Ending::Exited(0),
                    says_when_finished: true,
                    left_work: true,
                    nothing: "changed nothing",
                    last_words: "",
                };
                assert_ne!(judge(&reader.account, &facts).outcome, Outcome::Succeeded, "{} before {line}", case.name);
                reader.read(&Line::Stdout(line));
            }
            assert!(
                matches!(&reader.account.finished, Some(word) if word.ok),
                "{} {}: no good last word",
                table.reader,
                case.name
            );
        }
    }
}
