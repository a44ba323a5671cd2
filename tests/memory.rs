//! Memory: what one task found is another's to confirm, a person's to promote, and anybody's to remove for good.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use aifactory::host::Host;
use aifactory::memory::{Memory, Query};
use aifactory::tasks::Project;
use common::{Hub, Sandbox, Step};
use snapbox::str;
use std::fs;

fn add(sandbox: &Sandbox, args: &[&str]) -> String {
    sandbox.ok(&[&["memory", "add"], args].concat()).trim().to_owned()
}

/// The first lines of the notes that a task would be shown.
fn offered(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    titles(sandbox, &[&["memory", "search"], args].concat())
}

fn titles(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let found = sandbox.json(args);
    let notes = found["notes"].as_array().unwrap_or_else(|| panic!("{found}")).iter();
    notes.map(|note| note["text"].as_str().unwrap().lines().next().unwrap().to_owned()).collect()
}

/// A project whose agent runs this script in each run, its one step being tried once.
fn working(script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit(&[("src/parser.rs", "fn parse() {}\n")]);
    let path = sandbox.script("worker", &format!("cat > prompt.txt\necho \"$$\" > work.txt\n{script}"));
    let folder = sandbox.root().join("home/config/aifactory");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), format!("[agents.worker]\ncommand = \"{path}\"\nreader = \"text\"\n"))
        .unwrap();
    sandbox.with("AIFACTORY_AGENT_DEFAULT", "worker").with("AIFACTORY_RUN_ATTEMPTS", "1")
}

fn run_task(sandbox: &Sandbox, title: &str) -> String {
    let id = sandbox.approved(title, &Step::new("S1", "work.txt").gate("test -s work.txt").text());
    sandbox.ok(&["run", &id]);
    id
}

#[test]
fn what_a_task_proposes_is_shown_to_others_once_another_task_has_confirmed_it() {
    let sandbox = working(
        "case $AIFACTORY_TASK_TITLE in\n\
         'Fix the parser') aifactory memory add -k gotcha -a src/parser.rs 'The parser panics on empty input' ;;\n\
         *) aifactory memory search parser input > seen.txt; aifactory memory list >> seen.txt\n\
            aifactory memory add -a \"$PWD/src/\" 'Parsing panics when the input is empty' ;;\n\
         esac",
    );
    let first = run_task(&sandbox, "Fix the parser");
    shows!(
        sandbox,
        sandbox.on_terminal(&["memory", "list"]),
        str![[r#"
ID    STATE     KIND    TASK  NOTE
01kd  proposed  gotcha  ehdn  The parser panics on empty input

"#]]
    );
    assert_eq!(offered(&sandbox, &["parser", "input"]), [""; 0]);
    assert_eq!(titles(&sandbox, &["memory", "search", "--all", "parser"]), ["The parser panics on empty input"]);
    // The same task finds it again: that proves nothing.
    sandbox.ok(&["reject", &first, "-m", "once more"]);
    sandbox.ok(&["retry", &first]);
    sandbox.ok(&["run", &first]);
    assert_eq!(sandbox.json(&["review", &first])["runs"].as_array().unwrap().len(), 2);
    assert_eq!(titles(&sandbox, &["memory", "list"]).len(), 1);
    assert_eq!(offered(&sandbox, &["parser"]), [""; 0]);

    let second = run_task(&sandbox, "Speed the parser up");
    assert_eq!(sandbox.ok(&["exec", &second, "--", "cat", "seen.txt"]), "");
    shows!(
        sandbox,
        sandbox.on_terminal(&["memory", "search", "empty", "input"]),
        str![[r#"
01kd  gotcha  (task ehdn, commit [HASH], confirmed by task r3gw)
    The parser panics on empty input

"#]]
    );
    shows!(
        sandbox,
        sandbox.on_terminal(&["memory", "list"]),
        str![[r#"
ID    STATE     KIND    TASK  NOTE
01kd  promoted  gotcha  ehdn  The parser panics on empty input

"#]]
    );
}

#[test]
fn proposed_notes_are_shown_where_a_project_wants_them() {
    let sandbox = Sandbox::new();
    add(&sandbox, &["--propose", "Build with make"]);
    assert_eq!(offered(&sandbox, &["build"]), [""; 0]);
    let eager = sandbox.with("AIFACTORY_MEMORY_PROPOSED", "on");
    assert_eq!(offered(&eager, &["build"]), ["Build with make"]);
    add(&eager, &["Building needs the network and a lot of patience"]);
    assert_eq!(offered(&eager, &["build"])[0], "Building needs the network and a lot of patience");
}

#[test]
fn a_persons_note_counts_at_once_and_says_where_it_comes_from() {
    let sandbox = Sandbox::new();
    let id = sandbox.new_task("Fix the tests");
    sandbox.commit(&[("tests/parser.rs", "")]);
    let note = add(
        &sandbox,
        &[
            "-t",
            &id,
            "-k",
            "gotcha",
            "--tag",
            "locale",
            "-a",
            "tests/parser.rs",
            "The parser's tests need LANG=C.\n\nElsewhere they sort differently.",
        ],
    );
    shows!(
        sandbox,
        sandbox.on_terminal(&["memory", "show", &note[..14]]),
        str![[r#"
01kd  gotcha  (task ehdn, commit [HASH], written by ana)
  files: tests/parser.rs
  tags: locale

The parser's tests need LANG=C.

Elsewhere they sort differently.

"#]]
    );
    let again = sandbox.run(&[
        "memory",
        "add",
        "-a",
        "tests/",
        "The parser's tests need LANG=C. Elsewhere they sort differently.",
    ]);
    assert_eq!((again.stdout.trim(), again.stderr.trim()), (&*note, "a note that says the same was there already"));
    let proposed = add(&sandbox, &["--propose", "Never rebase main"]);
    assert_eq!(add(&sandbox, &["Never rebase the main"]), proposed);
    assert_eq!(titles(&sandbox, &["memory", "list", "--proposed"]), [""; 0]);
    let words = sandbox.root().join("words.md");
    fs::write(&words, "Never rebase main: others have it.\n").unwrap();
    shows!(
        sandbox,
        sandbox.run(&["memory", "edit", &proposed, "-F", &words.to_string_lossy()]),
        str![[r#"
stderr: edited 1 note

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["memory", "search", "rebase"]),
        str![[r#"
01kdvdyez0t7ms602khr  learning  (commit [HASH], written by ana)
    Never rebase main: others have it.

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["memory", "add", "-a", "/etc/passwd", "x"]),
        str![[r#"
stderr: error: `/etc/passwd` is no file of the project
stderr: hint: name files as plans do: src/parser.rs, docs/, src/**/*.sql
exit 2

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["memory", "remove", &note, "-m", " "]),
        str![[r#"
stderr: error: a note is removed for a reason
stderr: hint: say it with -m "…"
exit 2

"#]]
    );
    assert_eq!(sandbox.run_with_input(&["memory", "add"], &"long ".repeat(1_000)).status, 2);
}

#[test]
fn a_note_that_was_removed_in_one_clone_and_promoted_in_another_stays_removed() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let note = add(&ana, &["--propose", "Always force-push"]);
    let other = add(&ana, &["--propose", "Tests need a network"]);
    ana.sync();
    let ben = hub.joined("ben");
    ana.ok(&["memory", "remove", &note, "-m", "it lost work twice"]);
    ben.ok(&["memory", "promote", &note, &other]);
    let words = ana.root().join("words.md");
    fs::write(&words, "Tests need a network\n\nOnly those of sync.").unwrap();
    ana.ok(&["memory", "edit", &other, "-F", &words.to_string_lossy()]);
    ben.sync();
    ana.sync();
    ben.sync();
    hub.assert_same(&[&ana, &ben]);
    for machine in [&ana, &ben] {
        assert_eq!(titles(machine, &["memory", "list"]), ["Tests need a network"]);
        assert_eq!(machine.json(&["memory", "show", &other])["promoted_by"], "ben@example.com");
        assert!(machine.ok(&["memory", "show", &other]).ends_with("Only those of sync.\n"));
    }
    shows!(
        ben,
        ben.run(&["memory", "promote", &note]),
        str![[r#"
stderr: error: note 01kdvdrz602thc5tsve4 was removed by ana@example.com: it lost work twice
exit 3

"#]]
    );
    // Somebody brings the file back by hand: the tomb counts.
    let path = format!(".aifactory/memory/{note}.md");
    let old = ben.git(&["log", "--format=%H", "--diff-filter=D", "-1", common::STATE, "--", &path]);
    let text = ben.git(&["show", &format!("{}^:{path}", old.trim())]);
    ben.edit_state(&path, text.as_bytes());
    assert_eq!(titles(&ben, &["memory", "search", "--all", "force-push"]), [""; 0]);
    ben.sync();
    ana.sync();
    ben.sync();
    hub.assert_same(&[&ana, &ben]);
    assert_eq!(titles(&ana, &["memory", "list"]), ["Tests need a network"]);
    hub.assert_sound();
}

#[test]
fn an_agent_that_finds_again_what_was_removed_is_not_listened_to() {
    let sandbox = working("aifactory memory add -a src/parser.rs 'The parser is thread safe'");
    run_task(&sandbox, "One");
    let found = sandbox.json(&["memory", "list"]);
    let note = found["notes"][0]["id"].as_str().unwrap().to_owned();
    sandbox.ok(&["memory", "remove", &note, "-m", "it is not"]);
    run_task(&sandbox, "Two");
    run_task(&sandbox, "Three");
    assert_eq!(titles(&sandbox, &["memory", "list"]), [""; 0]);
}

#[test]
fn a_note_about_files_that_are_gone_is_stale_and_comes_back_with_them() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[("src/old.rs", "x\n")]);
    add(&sandbox, &["-a", "src/old.rs", "-a", "src/older.rs", "The old module is generated"]);
    add(&sandbox, &["-a", "src/*.rs", "Modules are generated by make"]);
    assert_eq!(offered(&sandbox, &["generated"]).len(), 2);
    sandbox.git(&["rm", "--quiet", "src/old.rs"]);
    sandbox.commit(&[("src/new.rs", "x\n")]);
    assert_eq!(offered(&sandbox, &["generated"]), ["Modules are generated by make"]);
    shows!(
        sandbox,
        sandbox.on_terminal(&["memory", "list"]),
        str![[r#"
ID       STATE            KIND      TASK  NOTE
01kdvdq  promoted, stale  learning        The old module is generated
01kdvdr  promoted         learning        Modules are generated by make

"#]]
    );
    sandbox.commit(&[("src/old.rs", "x\n")]);
    assert_eq!(offered(&sandbox, &["generated"]).len(), 2);
}

#[test]
fn hostile_notes_are_shown_harmless_and_damaged_ones_hide_no_other() {
    let sandbox = Sandbox::new();
    add(&sandbox, &["\u{1b}]0;owned\u{7}Run \u{202e}curl"]);
    let head = "+++\nkind = \"learning\"\nstate = \"promoted\"\ncreated = \"2026-01-01T00:00:00Z\"\n";
    let note = |id: &str, more: &str, body: &str| {
        let text = format!("{head}id = \"{id}\"\n{more}+++\n{body}\n");
        sandbox.edit_state(&format!(".aifactory/memory/{id}.md"), text.as_bytes());
    };
    note("01aaaaaaaaaaaaaaaaaa", "by = \"\\u001b[31meve\"\ncommit = \"\\n# Obey\"\n", "curl it\u{1b}[2J");
    note("01bbbbbbbbbbbbbbbbbb", "by = \"eve\"\nfiles = [\"../../etc\", \"/\", \"a//b\", \"*\"]\n", "curl that");
    note("01cccccccccccccccccc", "by = 3\n", "never read");
    sandbox.edit_state(".aifactory/memory/01dddddddddddddddddd.md", b"\xff\xfe");
    shows!(
        sandbox,
        sandbox.on_terminal(&["memory", "search", "curl"]),
        str![[r#"
01aa  learning  (commit \n# Obey, promoted by somebody)
    curl it\u{1b}[2J
01bb  learning  (promoted by somebody)
    curl that
01kd  learning  (commit [HASH], written by ana)
    \u{1b}]0;owned\u{7}Run \u{202e}curl

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["memory", "list"]),
        str![[r#"
ID                    STATE     KIND      TASK  NOTE
[HASH]  promoted  learning        curl it\u{1b}[2J
[HASH]  promoted  learning        curl that
01kdvdq4k0ehdn0jyj9c  promoted  learning        \u{1b}]0;owned\u{7}Run \u{202e}curl
stderr: warning: note [HASH] cannot be read: invalid type: integer `3`, expected a string (.aifactory/memory/[HASH].md)
stderr: warning: note [HASH] cannot be read: invalid utf-8 sequence of 1 bytes from index 0 (.aifactory/memory/[HASH].md)

"#]]
    );
}

#[test]
fn secrets_do_not_reach_the_state_by_a_note() {
    let sandbox = Sandbox::new().with("DEPLOY_TOKEN", "hunter2hunter2hunter2");
    let note = add(&sandbox, &["--tag", "hunter2hunter2hunter2", "Deploy with hunter2hunter2hunter2"]);
    let text = sandbox.state_file(&format!(".aifactory/memory/{note}.md"));
    assert!(!text.contains("hunter2") && text.contains("Deploy with [redacted:DEPLOY_TOKEN]"), "{text}");
    assert_eq!(sandbox.json(&["memory", "show", &note])["id"], note.as_str());
}

#[test]
fn notes_are_found_by_words_and_files_and_fit_into_what_there_is_room_for() {
    let sandbox = Sandbox::new();
    for (file, text) in [
        ("src/parser.rs", "Tokens own their text"),
        ("src/lexer.rs", "The lexer normalises line ends before the parser sees them"),
        ("docs/", "Examples in the manual are run as tests"),
        ("src/net/**", "Timeouts are in milliseconds"),
    ] {
        sandbox.commit(&[(&format!("{}/x", file.trim_end_matches(['/', '*'])).replace(".rs/x", ".rs"), "x\n")]);
        add(&sandbox, &["-a", file, text]);
    }
    let found = || {
        let project = Project::open(&Host::new(sandbox.environment()), &sandbox.repo(), None).unwrap();
        let target = project.target.as_ref().and_then(|target| target.commit);
        let memory = Memory::new(&project.store, &project.settings, target);
        let snapshot = project.store.snapshot().unwrap();
        let ask = |text: &str, files: &[&str], limit: usize, bytes: usize| {
            let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
            let found = memory.relevant(&snapshot, &Query { text, files: &files, limit, bytes }).unwrap();
            found.notes.into_iter().map(|found| found.note.body).collect::<Vec<_>>()
        };
        [
            ask("What does the parser do about line ends and tokens?", &["src/parser.rs"], 9, 9_000),
            ask("", &["src/net/http.rs"], 9, 9_000),
            ask("", &["docs/manual.md", "src/*"], 2, 9_000),
            ask("parsers", &["src/parser.rs"], 9, 30),
            // One word of many is chance.
            ask("Write a manual about gardening, flowers, bees", &[], 9, 9_000),
        ]
    };
    let [tokens, net, two, short, chance] = found();
    assert_eq!(tokens, ["Tokens own their text", "The lexer normalises line ends before the parser sees them"]);
    assert_eq!(net, ["Timeouts are in milliseconds"]);
    assert_eq!(two.len(), 2, "{two:?}");
    assert_eq!(short, ["Tokens own their text"]);
    assert_eq!(chance, [""; 0]);
}
