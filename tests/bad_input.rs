//! What people get wrong and what comes in broken: a clear error, the right exit code, nothing lost.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Sandbox, greeting_plan};
use snapbox::str;
use std::fs;

#[test]
fn outside_of_a_repository_every_command_says_so() {
    let sandbox = Sandbox::empty();
    shows!(
        sandbox,
        sandbox.run(&["list"]),
        str![[r#"
stderr: error: $SANDBOX/repo is not in a git repository
stderr:   because: Could not find a git repository in "$SANDBOX/repo" or in any of its parents
stderr: hint: run this inside a repository, or name one: aifactory -C <dir>
stderr: hint: to start one: git init
exit 3

"#]]
    );
    for words in [&["new", "x"][..], &["status"], &["run", "--all"], &["init", "--yes"], &["show", "abc"], &["gc"]] {
        assert_eq!(sandbox.run(words).status, 3, "{words:?}");
    }
    let json = sandbox.run(&["list", "--json"]);
    assert_eq!(json.status, 3);
    let error: serde_json::Value = serde_json::from_str(json.stderr.lines().next().unwrap_or(&json.stdout)).unwrap();
    assert!(error["schema"].as_str().unwrap().starts_with("aifactory.error/"), "{error}");
}

#[test]
fn before_init_every_command_says_how_to_begin() {
    let sandbox = Sandbox::empty().with_repository(&[]);
    shows!(
        sandbox,
        sandbox.run(&["list"]),
        str![[r#"
stderr: error: this repository has no aifactory state (refs/aifactory/state does not exist)
stderr: hint: to begin: aifactory init
exit 3

"#]]
    );
    assert_eq!(sandbox.run(&["new", "x"]).status, 3);
    assert_eq!(sandbox.find_state(), None);
}

#[test]
fn an_unknown_id_is_missing() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["show", "zzzz"]),
        str![[r#"
stderr: error: there is no task `zzzz`
stderr: hint: to see all tasks: aifactory list --all
exit 3

"#]]
    );
    for words in [
        &["set", "zzzz", "priority=high"][..],
        &["run", "zzzz"],
        &["merge", "zzzz"],
        &["log", "zzzz"],
        &["approve", "zzzz"],
    ] {
        assert_eq!(sandbox.run(words).status, 3, "{words:?}");
    }
}

#[test]
fn what_cannot_be_an_id_is_a_usage_error() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["show", "../../etc"]),
        str![[r#"
stderr: error: `../../etc` is not a task id
stderr: hint: to see the ids: aifactory list
exit 2

"#]]
    );
    for word in ["", " ", "\x1b[2J", "é", "a/b"] {
        let ran = sandbox.run(&["show", word]);
        assert_eq!(ran.status, 2, "{word:?}: {}", ran.all());
        assert!(!ran.stderr.contains('\x1b'));
    }
}

#[test]
fn an_ambiguous_prefix_lists_the_candidates() {
    let sandbox = Sandbox::new();
    let mut ids: Vec<String> = Vec::new();
    let prefix = loop {
        let id = sandbox.ok(&["new", &format!("Task {}", ids.len() + 1)]).trim().to_owned();
        if let Some(other) = ids.iter().find(|other| other[..1] == id[..1]) {
            break other[..1].to_owned();
        }
        ids.push(id);
        assert!(ids.len() < 40);
    };
    shows!(
        sandbox,
        sandbox.run(&["show", &prefix]),
        str![[r#"
stderr: error: `t` could be any of 2 tasks
stderr: hint: t7ms  Task 5
stderr: hint: twbn  Task 7
exit 2

"#]]
    );
}

#[test]
fn machine_fields_cannot_be_set() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "Greet"]).trim().to_owned();
    shows!(
        sandbox,
        sandbox.run(&["set", &id, "status=done"]),
        str![[r#"
stderr: error: `status` cannot be set
stderr: hint: aifactory run, cancel, retry or approve move a task
exit 2

"#]]
    );
    for field in ["claim", "fence", "branch", "approval", "delivery", "steps", "reason", "id", "created", "nonsense"] {
        assert_eq!(sandbox.run(&["set", &id, &format!("{field}=x")]).status, 2, "{field}");
    }
    for assignment in ["priority=extreme", "risk=none", "labels=ui", "title+=x", "title=", "labels+="] {
        assert_eq!(sandbox.run(&["set", &id, assignment]).status, 2, "{assignment}");
    }
    assert_eq!(sandbox.events(&id).len(), 1);
}

#[test]
fn of_several_assignments_one_that_is_wrong_changes_nothing() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "Greet"]).trim().to_owned();
    let before = sandbox.find_state();
    assert_eq!(sandbox.run(&["set", &id, "priority=high", "risk=nonsense"]).status, 2);
    assert_eq!(sandbox.run(&["set", &id, "zzzz", "priority=high"]).status, 3);
    assert_eq!(sandbox.find_state(), before);
}

#[test]
fn approving_a_task_without_a_plan_says_what_to_do() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "Greet"]).trim().to_owned();
    shows!(
        sandbox,
        sandbox.run(&["approve", &id]),
        str![[r#"
stderr: error: task ehdn has no plan to approve
stderr: hint: to write one: aifactory plan edit ehdn
exit 1

"#]]
    );
}

#[test]
fn a_circle_of_dependencies_is_refused() {
    let sandbox = Sandbox::new();
    let first = sandbox.ok(&["new", "First"]).trim().to_owned();
    let second = sandbox.ok(&["new", "Second", "--after", &first]).trim().to_owned();
    shows!(
        sandbox,
        sandbox.run(&["set", &first, &format!("dependencies+={second}")]),
        str![[r#"
stderr: error: that would be a circle: ehdn → 2thc → ehdn
exit 2

"#]]
    );
    assert_eq!(sandbox.run(&["set", &first, &format!("dependencies+={first}")]).status, 2);
}

#[test]
fn titles_that_would_disturb_a_terminal_or_a_line_are_refused_or_folded() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["new", "red \x1b[31malert\x07"]),
        str![[r#"
stderr: error: the title holds control characters: `red \u{1b}[31malert\u{7}`
exit 2

"#]]
    );
    for title in ["", "   ", "\u{0}x", "\u{9b}31m", &"x".repeat(301)] {
        // No program can be given an argument that holds a zero.
        if !title.contains('\0') {
            assert_eq!(sandbox.run(&["new", title]).status, 2, "{title:?}");
        }
    }
    sandbox.ok(&["new", "two\nlines\tand a tab"]);
    assert!(sandbox.ok(&["list"]).ends_with("\ttwo lines and a tab\t\n"));
}

#[test]
fn texts_that_hide_what_they_say_reach_no_terminal() {
    let sandbox = Sandbox::new();
    let spec = sandbox.root().join("spec.md");
    fs::write(&spec, "clear \x1b[2J and \u{202e}hidden\u{9b}31m\n").unwrap();
    let id = sandbox.ok(&["new", "Greet", "-F", &spec.to_string_lossy()]).trim().to_owned();
    for words in [&["show", &id][..], &["log", &id], &["spec", "show", &id], &["search", "hidden"], &["review", &id]] {
        let mut command = sandbox.command(words);
        let ran = sandbox.finish(command.env("AIFACTORY_TEST_TERMINAL", "1").arg("--color=never"));
        assert!(!ran.stdout.contains(['\x1b', '\u{9b}', '\u{202e}']), "{words:?}: {:?}", ran.stdout);
    }
    assert_eq!(sandbox.ok(&["spec", "show", &id]), fs::read_to_string(&spec).unwrap(), "a pipe gets the bytes");
}

#[test]
fn a_spec_of_a_megabyte_is_kept_whole_and_a_larger_one_refused_whole() {
    let sandbox = Sandbox::new();
    let spec = sandbox.root().join("spec.md");
    fs::write(&spec, "All work and no play. ".repeat(50_000)).unwrap();
    let path = spec.to_string_lossy().into_owned();
    let id = sandbox.ok(&["new", "Long", "-F", &path]).trim().to_owned();
    assert_eq!(sandbox.ok(&["spec", "show", &id]), fs::read_to_string(&spec).unwrap());
    sandbox.ok(&["show", &id]);
    sandbox.ok(&["log", &id]);
    let before = sandbox.find_state();
    fs::write(&spec, "x".repeat(5 << 20)).unwrap();
    sandbox.fails(&["new", "Too long", "-F", &path], 2);
    assert_eq!(sandbox.find_state(), before);
    fs::write(&spec, b"\xff\xfe not text").unwrap();
    sandbox.fails(&["new", "Not text", "-F", &path], 1);
    sandbox.fails(&["new", "Nowhere", "-F", "no-such-file.md"], 3);
    assert_eq!(sandbox.find_state(), before);
}

#[test]
fn ten_thousand_labels_are_just_labels() {
    let sandbox = Sandbox::new();
    let labels: Vec<String> = (0..10_000).map(|number| format!("labels+=label-{number}")).collect();
    let id = sandbox.ok(&["new", "Labelled"]).trim().to_owned();
    let mut words = vec!["set", &id];
    words.extend(labels.iter().map(String::as_str));
    sandbox.ok(&words);
    assert_eq!(sandbox.task(&id)["labels"].as_array().unwrap().len(), 10_000);
    let mut command = sandbox.command(&["list", "--color=never"]);
    let ran = sandbox.finish(command.env("AIFACTORY_TEST_TERMINAL", "1").env("COLUMNS", "80"));
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    assert_eq!(sandbox.json(&["list", "-l", "label-9999"])["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_configuration_that_does_not_parse_is_named_with_its_place() {
    let sandbox = Sandbox::new();
    let config = sandbox.folder("home/config/aifactory").join("config.toml");
    fs::write(&config, "[run]\njobs = \n").unwrap();
    shows!(
        sandbox,
        sandbox.run(&["list"]),
        str![[r#"
stderr: error: the settings in $SANDBOX/home/config/aifactory/config.toml cannot be read: line 2: string values must be quoted, expected literal string
exit 2

"#]]
    );
    fs::write(&config, "[run]\njobs = \"many\"\n").unwrap();
    shows!(
        sandbox,
        sandbox.run(&["list"]),
        str![[r#"
stderr: error: run.jobs in $SANDBOX/home/config/aifactory/config.toml: `many` is not a whole number
stderr: hint: run.jobs: how many tasks run at once
exit 2

"#]]
    );
    fs::write(&config, "[run]\njob = 3\n").unwrap();
    shows!(
        sandbox,
        sandbox.run(&["list"]),
        str![[r#"
stderr: warning: unknown setting run.job (from $SANDBOX/home/config/aifactory/config.toml, perhaps run.jobs)

"#]]
    );
}

#[test]
fn a_setting_that_does_not_fit_is_refused_and_the_file_stays() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["config", "set", "run.jobs", "5"]);
    assert_eq!(sandbox.ok(&["config", "get", "run.jobs"]), "5\n");
    shows!(
        sandbox,
        sandbox.run(&["config", "set", "run.job", "5"]),
        str![[r#"
stderr: error: there is no setting `run.job`
stderr: hint: perhaps run.jobs
exit 2

"#]]
    );
    for (key, value) in [("run.jobs", "many"), ("run.timeout", "soon"), ("state.durability", "eternal")] {
        assert_eq!(sandbox.run(&["config", "set", key, value]).status, 2, "{key}={value}");
    }
    assert_eq!(sandbox.ok(&["config", "get", "run.jobs"]), "5\n");
    sandbox.ok(&["config", "unset", "run.jobs"]);
    assert_eq!(sandbox.ok(&["config", "get", "run.jobs"]), "3\n");
}

#[test]
fn a_configuration_file_that_cannot_be_written_fails_loudly() {
    let sandbox = Sandbox::new();
    let home = sandbox.root().join("home/config");
    let _ = fs::remove_dir_all(&home);
    fs::write(&home, "a file where the folder should be").unwrap();
    assert_eq!(sandbox.run(&["config", "set", "run.jobs", "5", "--user"]).status, 1);
}

#[test]
fn an_agent_that_does_not_exist_is_named_and_the_task_stays_ready() {
    let sandbox = Sandbox::new();
    let id = sandbox.approved("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.ok(&["set", &id, "agent=nobody"]);
    let ran = sandbox.fails(&["run", &id], 1);
    assert!(ran.stderr.contains("there is no agent `nobody`"), "{}", ran.all());
    let task = sandbox.task(&id);
    assert_eq!((task["status"].as_str(), task["claim"].is_null()), (Some("ready"), true));
}

#[test]
fn an_agent_program_that_is_not_installed_is_named_and_the_task_stays_ready() {
    let sandbox = Sandbox::new().with("AIFACTORY_TEST_AGENT_CMD", "no-such-agent --go");
    let id = sandbox.approved("Greet", &greeting_plan("hello.txt", "hello"));
    let ran = sandbox.fails(&["run", &id], 1);
    assert!(ran.stderr.contains("no-such-agent"), "{}", ran.all());
    let task = sandbox.task(&id);
    assert_eq!((task["status"].as_str(), task["claim"].is_null()), (Some("ready"), true));
}

#[test]
fn unknown_words_and_flags_are_usage_errors() {
    let sandbox = Sandbox::new();
    for words in [
        &["lsit"][..],
        &["list", "--nonsense"],
        &["run"],
        &["merge"],
        &["new", "a", "b"],
        &["list", "--sort", "colour"],
        &["list", "--status", "sad"],
    ] {
        assert_eq!(sandbox.run(words).status, 2, "{words:?}");
    }
    assert_eq!(sandbox.run(&["-C", "/no/such/folder", "list"]).status, 2);
    assert_eq!(sandbox.run(&["--help"]).status, 0);
    assert_eq!(sandbox.run(&["--version"]).status, 0);
    assert_eq!(sandbox.run(&["man", "nonsense"]).status, 3);
}

#[test]
fn without_a_title_and_without_a_terminal_nothing_is_made() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["new"]),
        str![[r#"
stderr: error: a task needs a title
stderr: hint: aifactory new "what you want"
exit 2

"#]]
    );
    assert_eq!(sandbox.run_with_input(&["new", "-F", "-"], "").status, 2);
    assert_eq!(sandbox.state_commits(), 1);
}

#[test]
fn a_reader_that_goes_away_is_not_an_error() {
    let sandbox = Sandbox::new();
    for number in 0..20 {
        sandbox.ok(&["new", &format!("Task {number}")]);
    }
    let script =
        format!("{} list | head -n 1 >/dev/null; {} log zzzz >&- 2>&-; true", common::PROGRAM, common::PROGRAM);
    let ran = sandbox.finish(sandbox.program("sh").args(["-c", &script]));
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
}

#[test]
fn a_full_disk_for_answers_is_an_error() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.ok(&["new", "Greet"]);
    let ran = sandbox.finish(sandbox.program("sh").args(["-c", &format!("{} list > /dev/full", common::PROGRAM)]));
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert!(ran.stderr.starts_with("error: "), "{}", ran.all());
}
