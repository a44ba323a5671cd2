//! Every parser of untrusted text, fed with real samples that were tampered with.
//!
//! What holds for each: no panic, no endless work, no more said than was read, and what was understood is written and
//! read again as the same. See `common/fuzzing.rs` for longer runs and for repeating one.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use aifactory::agent::{Agent, AgentEvent, Opening, Permission, Reader, ReaderKind};
use aifactory::config::{Layer, Origin, Settings, duration_text, parse_duration};
use aifactory::git::{Oid, Repository};
use aifactory::model::event::Draft;
use aifactory::model::frontmatter::parse_document;
use aifactory::model::handoff::Handoff;
use aifactory::model::message::{Message, MessageKind};
use aifactory::model::note::Note;
use aifactory::model::paths::covers;
use aifactory::model::plan::{MOST_STEPS, Plan, parse_plan};
use aifactory::model::risk::tier_of;
use aifactory::model::run::{Evidence, Outcome, RunRecord, Verdict};
use aifactory::model::text::{escape, escape_line, find_nearest, slug, tail};
use aifactory::model::todo::{Mark, parse_todo, write_back};
use aifactory::model::words::Gist;
use aifactory::model::{
    Alphabet, Change, Digest, Event, EventId, Hlc, Priority, ProposalEnd, Reason, Risk, Source, Status, Task, TaskId,
    TextFile, Timestamp, Usage, Warrant, apply, fold, human_changes, parse_record, write_record,
};
use aifactory::process::Line;
use aifactory::store::{Redactor, inspect, inspect_commit, task_of_path};
use aifactory::tasks::import::parse_source;
use aifactory::tasks::{check_plan, parse_assignment};
use common::{Sandbox, fuzz};
use gix::objs::{Kind, Write as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// They share the time.
const TARGETS: usize = 16;

fn of_texts(samples: &[&str]) -> Vec<Vec<u8>> {
    samples.iter().map(|sample| sample.as_bytes().to_vec()).collect()
}

fn fuzz_text(target: &str, samples: &[&str], check: impl Fn(&str)) {
    fuzz(target, TARGETS, &of_texts(samples), |input| check(&String::from_utf8_lossy(input)));
}

fn id() -> TaskId {
    TaskId::parse("7kq2mabcde").unwrap()
}

fn at(seconds: u64) -> Hlc {
    Hlc { time: Timestamp::from_millis(1_767_225_600_000 + seconds * 1_000), count: 3 }
}

fn event(number: u64, change: Change) -> Event {
    Event {
        id: EventId::new(at(number).time, "abcdefghjk"),
        hlc: at(number),
        actor: "Ana <ana@mill>".into(),
        session: Some("s-1".into()),
        fence: None,
        prev: Some(EventId::from_name("01jabcdefgh123456789")),
        sig: None,
        change,
    }
}

/// One event of each kind.
fn events() -> Vec<Event> {
    let (run, note) = (EventId::from_name("01jabcdefgh123456789"), Some("a note\nof two lines".to_owned()));
    let digest = Digest::of("x");
    let source = Source { system: "todo".into(), place: "TODO.md".into(), key: "k".into(), title: "t".into(), line: 7 };
    let draft = Draft {
        title: "Fix the \"login\"".into(),
        priority: Priority::High,
        risk: Risk::Async,
        labels: BTreeSet::from(["ui".into(), "auth".into()]),
        dependencies: BTreeSet::from([TaskId::parse("0123456789").unwrap()]),
        role: Some("tester".into()),
        repository: None,
        agent: Some("runbook".into()),
        parent: Some(id()),
        source: Some(source),
    };
    let fields = BTreeMap::from([
        ("title".to_owned(), toml::Value::String("Another".into())),
        ("labels".to_owned(), toml::Value::Array(vec![toml::Value::String("a".into())])),
        ("number".to_owned(), toml::Value::Float(1.5)),
    ]);
    let changes = vec![
        Change::Created { draft },
        Change::Set { field: "priority".into(), from: Some("high".into()), to: Some("low".into()) },
        Change::Added { field: "labels".into(), value: "x".into() },
        Change::Removed {
            field: "dependencies".into(),
            value: "0123456789".into(),
            saw: vec![EventId::from_name("e")],
        },
        Change::Text { file: TextFile::Spec, from: None, to: digest.clone(), diff: "@@ -0,0 +1 @@\n+x\n".into() },
        Change::Moved { from: Status::Backlog, to: Status::Ready, reason: Some(Reason::Question), note: note.clone() },
        Change::Claimed {
            claim: 1,
            host: "mill".into(),
            lease_seconds: 600,
            branch: "aifactory/7kq2m-fix".into(),
            live: Some("mill-abcdef".into()),
        },
        Change::StepStarted { step: "S1".into(), run: run.clone() },
        Change::RunStarted { run: run.clone(), phase: "code".into(), agent: "runbook".into(), role: None },
        Change::RunEnded {
            run: run.clone(),
            outcome: "succeeded".into(),
            heard: vec![run.clone()],
            but: Some("no work".into()),
        },
        Change::Said { text: "use port 80".into() },
        Change::Gated {
            evidence: run,
            gate: "cargo test".into(),
            tree: "abc".into(),
            verdict: Verdict::Passed,
            clean: true,
            step: Some("S1".into()),
        },
        Change::StepDone { step: "S1".into(), commit: Some("abc".into()), content: Some(digest.clone()) },
        Change::StepReset { step: "S2".into(), why: "no-work".into() },
        Change::Approved {
            digest: digest.clone(),
            base: Some("abc".into()),
            policy: true,
            note: note.clone(),
            warrant: None,
        },
        Change::Rejected { note: note.clone(), digest: Some(digest.clone()) },
        Change::Proposed {
            branch: "aifactory/plan/7kq2mabcde".into(),
            file: "plans/7kq2mabcde.md".into(),
            commit: "abc".into(),
            base: "def".into(),
            before: Some("012".into()),
            digest: digest.clone(),
            pushed: true,
        },
        Change::ProposalEnded {
            proposed: "abc".into(),
            how: ProposalEnd::Merged,
            commit: Some("abd".into()),
            by: Some("Ben <ben@example.com>".into()),
        },
        Change::Approved {
            digest: digest.clone(),
            base: Some("abc".into()),
            policy: false,
            note: None,
            warrant: Some(Warrant::Signature { by: "ben@example.com".into(), signature: digest.clone() }),
        },
        Change::Released { why: "the worker died".into(), recovery: true, claim: Some(1) },
        Change::Delivering { target: "main".into(), commit: "abc".into(), from: "def".into() },
        Change::Delivered { target: "main".into(), commit: "abc".into() },
        Change::Paused,
        Change::Resumed,
        Change::Parked { until: at(99).time, why: "rate limit".into() },
        Change::Noted { text: "ünïcode\u{1f3ed}".into() },
        Change::TextImported { file: TextFile::Plan, digest: Some(digest) },
        Change::Imported { fields, discarded: vec!["status".into()] },
    ];
    changes.into_iter().zip(0..).map(|(change, number)| event(number, change)).collect()
}

fn task() -> Task {
    fold(&id(), &events()).unwrap()
}

/// The record can be written, and is read as the same again.
#[track_caller]
fn assert_writable(task: &Task) {
    let text = write_record(task);
    let parsed = parse_record(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(!parsed.edited_by_hand, "{text}");
    assert_eq!(parsed.task, *task);
    assert_eq!(write_record(&parsed.task), text);
}

#[test]
fn event_lines() {
    let lines: Vec<String> = events().iter().map(Event::to_line).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    fuzz_text("event_lines", &lines, |line| {
        let Ok(event) = Event::parse_line(line) else { return };
        let written = event.to_line();
        assert_eq!(written.lines().count(), 1, "{written:?}");
        assert_eq!(Event::parse_line(&written).unwrap(), event);
        // After its creation alone, and after everything else.
        for before in [&events()[..1], &events()] {
            let history = [before, std::slice::from_ref(&event)].concat();
            fold(&id(), &history).iter().for_each(assert_writable);
        }
    });
}

#[test]
fn histories() {
    let whole: String = events().iter().map(Event::to_line).collect();
    fuzz_text("histories", &[&whole], |text| {
        let mut events: Vec<Event> = text.lines().filter_map(|line| Event::parse_line(line).ok()).collect();
        let Some(folded) = fold(&id(), &events) else { return };
        assert_writable(&folded);
        // Whatever order they arrived in, and however often.
        events.reverse();
        events.extend(events.clone());
        assert_eq!(fold(&id(), &events).map(|task| write_record(&task)), {
            events.reverse();
            fold(&id(), &events).map(|task| write_record(&task))
        });
    });
}

#[test]
fn records() {
    let unknown = write_record(&task()).replacen("title", "shiny = [1, 2.5, 1979-05-27]\ntitle", 1);
    let small = write_record(&Task::new(id(), "x".into(), at(0).time, EventId::from_name("e")));
    fuzz_text("records", &[&write_record(&task()), &unknown, &small], |text| {
        let Ok(mut parsed) = parse_record(text) else { return };
        assert_writable(&parsed.task);
        let (fields, discarded) = human_changes(&task(), &parsed.task);
        assert!(fields.len() + discarded.len() < text.len() + 40);
        // A record that was sealed by somebody else is what the next events are applied to.
        for event in events().iter().skip(1) {
            apply(&mut parsed.task, event);
        }
        assert_writable(&parsed.task);
    });
}

const PLAN: &str = "\
# Plan: login\n\nSome words.\n\n### S1: Read the form\n\n- files: src/form.rs, `src/fields/*.rs`\n- gate: `cargo test form`\n\
- gate: `` echo `date` ``\n\nProse about **S1**.\n\n```rust\n### S9: not a step\n```\n\n```sh run\ntouch a\n  touch b\n```\n\n\
#### A detail\n\n### S2: Check it ###\n- files:\n  - ./src/check.rs\n- after: S1\n- gate: `cargo test check`\n\n<!-- hidden\n\
### S3: hidden\n-->\n\n## Notes\n\n### Nothing\n- gate: ignored, this is no step\n";

#[test]
fn plans() {
    let skeleton = Plan::skeleton("A plan");
    let long: String =
        (1..40).map(|n| format!("### S{n}: step\n\n- files: f{n}\n- after: S{}\n\n", n % 7 + 1)).collect();
    fuzz_text("plans", &[PLAN, &skeleton, &long], |text| {
        let (plan, findings) = parse_plan(text);
        let lines = text.lines().count().max(1);
        for finding in &findings {
            assert!((1..=lines + 1).contains(&finding.line) && finding.column >= 1, "{finding:?}");
            let said = finding.message.len() + finding.fix.as_ref().map_or(0, String::len);
            assert!(said < 20_000 && !finding.message.contains(char::is_control), "{finding:?}");
        }
        assert!(findings.len() <= text.len() + MOST_STEPS, "{} findings on {lines} lines", findings.len());
        assert_eq!(plan.order().len(), plan.steps.len());
        let read: usize =
            plan.steps.iter().flat_map(|step| step.scripts.iter().chain(&step.gates)).map(String::len).sum();
        let prose: usize = plan.steps.iter().map(|step| step.prose.len() + step.title.len()).sum();
        assert!(read + prose <= text.len() + lines, "{} bytes from {}", read + prose, text.len());
        plan.steps.iter().for_each(|step| assert_eq!(step.content(), step.clone().content()));
        assert_eq!(
            check_plan(text).is_err(),
            findings.iter().any(|finding| finding.severity == aifactory::model::plan::Severity::Error)
        );
    });
}

#[test]
fn documents() {
    let samples = [
        "---\ntitle: \"A task\"\nlabels: [a, 'b c', \"d\"]\npriority: 2 # high\nafter:\n- x\n- y\n---\n\n# A heading\n\nText.\n",
        "+++\ntitle = \"A task\"\nlabels = [\"a\", \"b\"]\nwhen = 1979-05-27\nn = 1.5\n+++\nBody\n",
        "# Only a heading\n\n```\n# not one\n```\n",
        "\u{feff}---\nno: end\n",
    ];
    fuzz_text("documents", &samples, |text| match parse_document(text) {
        Ok(document) => {
            assert!(text.ends_with(&document.body));
            let said: usize = document.fields.values().flat_map(|value| value.texts()).map(str::len).sum();
            assert!(said <= 2 * text.len() + 40 * document.fields.len(), "{said} bytes from {}", text.len());
            assert_eq!(document.title.is_some(), document.title_line.is_some());
            if let (Some(title), Some(line)) = (&document.title, &document.title_line) {
                assert!(document.body[line.clone()].contains(title.as_str()), "{title:?}");
            }
        }
        Err(problem) => {
            assert!((1..=text.lines().count().max(1) + 1).contains(&problem.line), "{problem:?}");
            assert!(problem.message.len() < text.len() + 500);
        }
    });
}

const TODO: &str = "\
 [x] no dash at all\n# TODO\n\n## Web front-end\n\n- [ ] Fix the login (P2) #auth [needs-plan]\n  - Note: see the log\n  More words.\n\n\
      indented\n\n  * [>] Write a test\n    1) [p] Even deeper <!-- aifactory:7kq2mabcde -->\n+ [~] Ship it (after: write a TEST; Fix \
the login)\n2. [?] See [the docs](https://x.org) and [text][ref], `a [b] c`, #42 and #fff\n\t- [ ] not under an item\n### Done\n\
* [X] Old #auth, !p1\n- [-] Dropped\n- [ ] #auth\n\n```\n- [ ] code\n```\n<!-- - [ ] hidden\n-->\n- [!] Odd\n- [] Empty\n- [a](link)\n";

#[test]
fn lists() {
    fuzz_text("lists", &[TODO, "- [ ] a\n- [x] b (after: a)\n"], |text| {
        let todo = parse_todo(text);
        let lines = text.lines().count().max(1);
        for (index, item) in todo.items.iter().enumerate() {
            assert!((1..=lines).contains(&item.line), "{item:?}");
            assert!(item.parent.is_none_or(|parent| parent < index), "{item:?}");
            assert!(item.after.iter().all(|other| *other < todo.items.len() && *other != index), "{item:?}");
            assert!(item.key.len() == 16 && item.title.len() + item.notes.len() <= text.len(), "{item:?}");
        }
        assert!(todo.warnings.len() <= 4 * lines + 4, "{} warnings on {lines} lines", todo.warnings.len());
        assert_eq!(write_back(text, &[]), text);
        let own: Vec<(usize, Mark)> = todo.items.iter().map(|item| (item.line, item.mark)).collect();
        let again = parse_todo(&write_back(text, &own));
        assert_eq!(again.items, todo.items);
        let done: Vec<(usize, Mark)> = todo.items.iter().map(|item| (item.line, Mark::Done)).collect();
        let closed = parse_todo(&write_back(text, &done));
        let keys = |items: &[aifactory::model::todo::Item]| -> Vec<(usize, String)> {
            items.iter().map(|item| (item.line, item.title.clone())).collect()
        };
        assert_eq!(keys(&closed.items), keys(&todo.items));
        assert!(closed.items.iter().all(|item| item.mark == Mark::Done));
    });
}

#[test]
fn words() {
    let samples = [
        "7kq2mabcde",
        "7KQ2O",
        "2026-11-20T23:48:13.123Z",
        "2026-11-20T23:48:13.123Z/00001",
        "2026-11-20T23:48:13+01:00[Europe/Berlin]",
        "9999-12-30T22:00:00.999Z/65535",
        "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
        "urgent",
        "p1",
        "blocking",
        "waiting",
        "15m",
        "99999999999d",
        "labels+=ui",
        "priority=high",
        "todo:TODO.md",
        ".aifactory/tasks/7/k/7kq2mabcde/task.toml",
    ];
    fuzz_text("words", &samples, |text| {
        if let Some(id) = TaskId::parse(text) {
            assert_eq!(id.as_str(), text);
            assert_eq!(Alphabet::normalise(text).as_deref(), Some(text));
        }
        if let Some(normal) = Alphabet::normalise(text) {
            assert_eq!(Alphabet::normalise(&normal), Some(normal.clone()));
        }
        if let Some(time) = Timestamp::parse(text) {
            assert_eq!(Timestamp::parse(&time.to_string()), Some(time), "{time}");
            assert!(!time.readable().is_empty());
            let next = Hlc::next(Hlc { time, count: u16::MAX }, Timestamp::from_millis(0));
            assert!(next.time > time);
        }
        if let Ok(hlc) = Hlc::try_from(text.to_owned()) {
            assert_eq!(Hlc::try_from(hlc.to_string()), Ok(hlc), "{hlc}");
        }
        let named: EventId = serde_json::from_str(&serde_json::to_string(text).unwrap()).unwrap();
        assert_eq!(named.as_str(), text);
        let digest: Digest = serde_json::from_str(&serde_json::to_string(text).unwrap()).unwrap();
        assert!(digest.short().len() <= text.len() && digest.hex().len() <= text.len());
        assert!(EventId::from_digest(at(0).time, &digest).as_str().len() <= 20);
        assert!(Priority::parse(text).is_none_or(|priority| Priority::parse(priority.word()) == Some(priority)));
        assert!(Risk::parse(text).is_none_or(|risk| Risk::parse(risk.word()) == Some(risk)));
        assert!(Status::parse(text).is_none_or(|status| status.word() == text));
        if let Some(duration) = parse_duration(text) {
            assert!(!duration_text(duration).is_empty());
        }
        let _ = (parse_assignment(text), parse_source(text), Repository::parse_oid(text));
        if let Some(id) = task_of_path(text) {
            assert!(text.contains(id.as_str()));
        }
        let _ = find_nearest(text.get(..200).unwrap_or("x"), ["labels", "title"]);
    });
}

#[test]
fn texts() {
    let samples = ["Fix the login!", "a\u{1b}[31mb\nc\u{202e}d", "one two three four five six", TODO];
    fuzz_text("texts", &samples, |text| {
        for escaped in [escape(text), escape_line(text)] {
            assert!(!escaped.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\u{85}', '\0']));
            assert_eq!(escape(&escaped), escaped);
            assert!(escaped.len() <= 10 * text.len());
        }
        assert!(!escape_line(text).contains('\n'));
        for longest in [1, 14, 40] {
            let slug = slug(text, longest);
            assert!(slug.len() <= longest && slug.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-')), "{slug}");
            assert!(!slug.starts_with('-') && !slug.ends_with('-'), "{slug}");
        }
        for (lines, bytes) in [(0, 0), (1, 10), (3, 100), (30, 4_000)] {
            let end = tail(text, lines, bytes);
            assert!(text.ends_with(end) && end.len() <= bytes, "{end:?}");
        }
    });
}

#[test]
fn secrets() {
    let samples = [
        "password = \"hunter2hunter2\" and token: abcdef0123456789abcdef\n",
        "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl\nhttps://user:secretpw@example.org/\n",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----\nghp_0123456789abcdefghijABCDEFGHIJ012345\n",
        "commit 1234567890123456789012345678901234567890 [redacted:API_TOKEN]\n",
    ];
    let redactor = Redactor::new([("API_TOKEN".to_owned(), "hunter2hunter2".to_owned())]);
    fuzz_text("secrets", &samples, |text| {
        let text = &text[..text.floor_char_boundary(8_000)];
        let once = redactor.redact(text).into_owned();
        assert_eq!(redactor.redact(&once), once, "{text:?}");
    });
}

/// What was read is written and read again as the same.
#[track_caller]
fn assert_survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(text: &str) {
    let Ok(record) = toml::from_str::<T>(text) else { return };
    let written = toml::to_string_pretty(&record).unwrap_or_else(|error| panic!("{error}: {record:?}"));
    assert_eq!(toml::from_str::<T>(&written).unwrap(), record, "{written}");
}

#[test]
fn run_records_and_messages() {
    let (event_id, digest) = (EventId::from_name("01jabcdefgh123456789"), Digest::of("x"));
    let message = Message {
        id: event_id.clone(),
        kind: MessageKind::Question,
        task: Some(id()),
        to: None,
        reply_to: None,
        from: "Ana".into(),
        at: at(0).time,
        text: "Which\n\"one\"?\n".into(),
    };
    let run = RunRecord {
        id: event_id.clone(),
        agent: "runbook".into(),
        model: Some("m".into()),
        session: "s".into(),
        phase: "code".into(),
        step: Some("S1".into()),
        attempt: 2,
        host: "mill".into(),
        started: at(0).time,
        ended: Some(at(1).time),
        outcome: Some(Outcome::TimedOut),
        detail: Some("it said\n".into()),
        base: "abc".into(),
        result: None,
        transcript: Some(digest.clone()),
        usage: Usage { input_tokens: Some(1), output_tokens: Some(2), ..Usage::default() },
        conversation: Some("c-1".to_owned()),
        resumed: true,
        version: None,
        permission: Some("edit".to_owned()),
        denied: vec!["Bash make".to_owned()],
        kept: None,
        conversation_usage: None,
    };
    let evidence = Evidence {
        id: event_id,
        task: id(),
        gate: "cargo test".into(),
        step: None,
        verdict: Verdict::Failed,
        why: Some("ended by signal 9".into()),
        tree: "abc".into(),
        commit: "def".into(),
        clean: true,
        exit: Some(-1),
        duration_ms: 1_234,
        at: at(2).time,
        host: "mill".into(),
        output: digest,
        tail: "one\n\ttwo\\\n".into(),
    };
    let samples = [
        toml::to_string_pretty(&message).unwrap(),
        toml::to_string_pretty(&run).unwrap(),
        toml::to_string_pretty(&evidence).unwrap(),
    ];
    let samples: Vec<&str> = samples.iter().map(String::as_str).collect();
    fuzz_text("run_records_and_messages", &samples, |text| {
        assert_survives::<Message>(text);
        assert_survives::<RunRecord>(text);
        assert_survives::<Evidence>(text);
    });
}

#[test]
fn notes_and_handoffs() {
    let note = "+++\nid = \"01kdvtwrk0aaaaaaaaaa\"\nkind = \"gotcha\"\nstate = \"promoted\"\ntask = \"7kq2mabcde\"\n\
                files = [\"src/a.rs\", \"docs/*\"]\ntags = [\"x\"]\ncreated = \"2026-01-01T00:00:00.000Z\"\nby = \"eve\"\n\
                confirmed_by = [\"9kq2mabcde\"]\nmore = {a = [1, \"\\n+++\"]}\n+++\n\n# Flush\n\nClose does not.\n";
    let handoff =
        "## Summary\n\nDone.\n\n~~~\n## Files\n~~~\n\n## Decisions\n\n- a\n- [ ] b\n  c\n\n## Changes\n1. d\n";
    let line = r#"{"type":"handoff_output","content":"All.\n## Files\n- a","summary":"S"}"#;
    fuzz_text("notes_and_handoffs", &[note, handoff, line], |text| {
        if let Ok(note) = Note::parse(text) {
            let again = Note::parse(&note.to_text()).unwrap_or_else(|error| panic!("{error}: {note:?}"));
            assert_eq!(again.to_text(), note.to_text());
            assert!(note.title().chars().count() <= 101);
            Gist::of(&note.body).likeness(&Gist::of(text));
        }
        if let Some(handoff) = Handoff::parse(text) {
            assert!(handoff.to_text().len() <= 8 * 1024);
        }
    });
}

#[test]
fn settings() {
    let samples = [
        "gates = [\"cargo test\", \"cargo fmt --check\"]\n[run]\njobs = 2\ntimeout = \"5m\"\nattempts = 3\n",
        "[worktree]\nsetup = [\"make\"]\nbranch = \"aifactory/{id}-{slug}\"\nports = 20\n",
        "[agents.x]\ncommand = \"x run\"\nargs = [\"-p\", \"{prompt}\", \"--in={worktree}\", \"{{}}\"]\nenv = [\"KEY\"]\n",
    ];
    fuzz_text("settings", &samples, |text| {
        for origin in [Origin::Policy("abc".into()), Origin::User("config".into())] {
            let settings = Layer::parse(origin, text).and_then(|layer| Settings::new([layer]));
            let settings = match settings {
                Ok(settings) => settings,
                Err(error) => {
                    assert!(!error.message().contains(char::is_control), "{:?}", error.message());
                    assert!(error.message().len() < 12 * text.len() + 500);
                    continue;
                }
            };
            assert!(settings.number("run.jobs") <= i64::MAX as u64);
            assert!(settings.duration("run.timeout") <= Duration::from_millis(u64::MAX));
            assert!(
                !settings.unknown.iter().any(|unknown| unknown.contains(char::is_control)),
                "{:?}",
                settings.unknown
            );
            let names: Vec<String> = settings.agents().map(|(name, _, _)| name.to_owned()).collect();
            for name in names {
                let _ = Agent::find(&name, &settings, None);
            }
        }
    });
}

/// Every protocol gets everything that any agent ever said to us, broken in all ways.
#[test]
fn agent_streams() {
    let opening = Opening {
        prompt: "do it",
        worktree: "/w",
        resume: Some("s-1"),
        model: Some("m"),
        effort: None,
        permission: Permission::Edit,
        ..Opening::default()
    };
    let mut samples = vec!["just\nsome\nwords\n".to_owned()];
    samples.push([r#"{"event":"tool-started","summary":"make"}"#, r#"{"event":"tool-ended","ok":false}"#].join("\n"));
    samples.extend(recorded_streams());
    let samples: Vec<&str> = samples.iter().map(String::as_str).collect();
    fuzz_text("agent_streams", &samples, |text| {
        for kind in ReaderKind::TABLE {
            let mut reader = Reader::new(*kind, &opening);
            let mut heard = reader.begin().events;
            for line in text.lines() {
                heard.extend(reader.read(&Line::Stderr(line)).events);
                heard.extend(reader.read(&Line::Stdout(line)).events);
                let _ = reader.pulse();
            }
            let _ = reader.say("go on");
            heard.extend(reader.end(Some(0)).events);
            assert!(heard.len() <= 64 + 2 * text.len(), "{}: {} events", kind.name, heard.len());
            for event in heard {
                let _ = event.summary();
                let again = serde_json::to_string(&event).unwrap();
                assert_eq!(serde_json::from_str::<AgentEvent>(&again).unwrap(), event);
            }
        }
    });
}

/// The beginnings of the recorded streams of real agents.
fn recorded_streams() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents");
    let mut streams = Vec::new();
    for agent in fs::read_dir(folder).into_iter().flatten().flatten() {
        for file in fs::read_dir(agent.path()).into_iter().flatten().flatten() {
            let text = fs::read_to_string(file.path()).unwrap_or_default();
            let short: Vec<&str> = text.lines().filter(|line| line.len() < 2_000).take(12).collect();
            streams.push(short.join("\n"));
        }
    }
    streams
}

#[test]
fn paths_of_plans() {
    let samples = [
        "src/a.rs\nsrc/deep/er/a.rs",
        "src/**/*.rs\nsrc/deep/er/a.rs",
        "./src/\nsrc/auth/token.rs",
        "**/**/**/**/**/x\na/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/y",
        "a*b*c*\na-b-c",
        "db/migrations/0001.sql\n.github/workflows/ci.yml",
    ];
    fuzz_text("paths_of_plans", &samples, |text| {
        let (entry, path) = text.split_once('\n').unwrap_or((text, text));
        let covered = covers(entry, path);
        assert!(covers("**", path));
        if !path.contains('*') && !path.starts_with("./") && !path.ends_with('/') {
            assert!(covers(path, path), "{path:?}");
        }
        // A folder above covers what an entry below it names in full.
        if covered && !entry.contains('*') {
            assert!(path.contains(entry.trim_start_matches("./").trim_end_matches('/')), "{entry:?} {path:?}");
        }
        let (tier, why) = tier_of(Risk::Auto, text.lines(), &[entry.to_owned()]);
        assert_eq!(why.is_some(), tier == Risk::Blocking);
        assert_eq!(tier_of(Risk::Blocking, text.lines(), &[]).0, Risk::Blocking);
    });
}

/// A repository, and the objects of the state in it.
struct Ground {
    sandbox: Sandbox,
    objects: gix::Repository,
    repository: Repository,
}

impl Ground {
    fn new() -> Ground {
        let sandbox = Sandbox::new();
        sandbox.ok(&["new", "One", "-m", "A spec"]);
        let id = sandbox.ok(&["new", "Two", "-l", "ui"]);
        sandbox.ok(&["set", id.trim(), "priority=high"]);
        let objects = gix::open(sandbox.git_dir()).unwrap();
        let repository = Repository::open(&sandbox.git_dir()).unwrap();
        Ground { sandbox, objects, repository }
    }

    fn oid(&self, revision: &str) -> Oid {
        Repository::parse_oid(&self.sandbox.commit_of(revision)).unwrap()
    }

    fn bytes(&self, oid: Oid) -> Vec<u8> {
        self.objects.find_object(oid).unwrap().detach().data
    }

    fn write(&self, kind: Kind, bytes: &[u8]) -> Oid {
        self.objects.objects.write_buf(kind, bytes).unwrap()
    }

    fn entry(&self, mode: &str, name: &str, oid: Oid) -> Vec<u8> {
        [mode.as_bytes(), b" ", name.as_bytes(), b"\0", oid.as_bytes()].concat()
    }

    fn in_state(&self, name: &str, mode: &str, oid: Oid) -> Oid {
        let state = self.write(Kind::Tree, &self.entry(mode, name, oid));
        self.write(Kind::Tree, &self.entry("40000", ".aifactory", state))
    }

    #[track_caller]
    fn look(&self, tree: Oid, known: Option<Oid>) -> Vec<aifactory::store::Flaw> {
        let flaws = inspect(&self.repository, tree, known).unwrap();
        let said: String = flaws.iter().map(ToString::to_string).collect();
        assert!(flaws.len() <= 20 && said.len() < 40_000 && !said.contains(char::is_control), "{said:?}");
        flaws
    }
}

const STATE: &str = "refs/aifactory/state";

#[test]
fn trees_and_commits() {
    let ground = Ground::new();
    let known = ground.oid(&format!("{STATE}^{{tree}}"));
    let listed = ground.sandbox.git(&[
        "ls-tree",
        "-r",
        "-t",
        "--format=%(objecttype) %(objectname)",
        known.to_string().as_str(),
    ]);
    let folders = listed.lines().filter_map(|line| line.strip_prefix("tree ")).filter_map(Repository::parse_oid);
    let samples: Vec<Vec<u8>> = folders.chain([known, ground.oid(STATE)]).map(|oid| ground.bytes(oid)).collect();
    let honest = ground.look(known, None);
    assert_eq!(honest, []);
    fuzz("trees_and_commits", TARGETS, &samples, |bytes| {
        let tree = ground.write(Kind::Tree, bytes);
        for wrapped in [tree, ground.in_state("tasks", "40000", tree), ground.in_state("x", "40000", tree)] {
            let flaws = ground.look(wrapped, None);
            // What is known hides nothing that is new.
            assert_eq!(ground.look(wrapped, Some(known)).is_empty(), flaws.is_empty());
            ground.look(wrapped, Some(wrapped));
        }
        let commit = ground.write(Kind::Commit, bytes);
        assert!(inspect_commit(&ground.repository, commit).unwrap().len() <= 2);
    });
}

#[test]
fn formats() {
    let ground = Ground::new();
    let samples = ["format = 1\nmin_writer = 1\n", "# a comment\nformat = 1\nmin_writer = 1\nfeatures = [\"x\"]\n"];
    fuzz_text("formats", &samples, |text| {
        let tree = ground.in_state("format.toml", "100644", ground.write(Kind::Blob, text.as_bytes()));
        let flaws = ground.look(tree, None);
        assert_eq!(ground.look(tree, Some(tree)), flaws);
        if flaws.is_empty() {
            let format: toml::Table = toml::from_str(text).unwrap();
            assert!(
                ["format", "min_writer"].iter().all(|key| matches!(format[*key].as_integer(), Some(0..=1))),
                "{text:?}"
            );
        }
    });
}
