//! The state on its ref: in every kind of repository, through hand edits, damage and time.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{PROGRAM, STATE, Sandbox, greeting_plan};
use snapbox::str;
use std::fs;
use std::path::Path;

/// A task goes the whole way, started from `folder`.
#[track_caller]
fn assert_whole_way(sandbox: &Sandbox, folder: &Path) {
    let at = folder.to_string_lossy().into_owned();
    let plan = sandbox.root().join("plan.md");
    fs::write(&plan, greeting_plan("hello.txt", "hello")).unwrap();
    let id = sandbox.ok(&["-C", &at, "new", "Greet", "--plan", &plan.to_string_lossy()]);
    let id = id.trim();
    for words in [["approve", id], ["run", id], ["merge", id]] {
        sandbox.ok(&[&["-C", &at], words.as_slice()].concat());
    }
    assert_eq!(sandbox.git(&["show", "main:hello.txt"]), "hello\n");
    let listed = sandbox.ok(&["-C", &at, "list", "--all"]);
    assert_eq!(listed, format!("{id}\tdone\tnormal\tGreet\t\n"));
    sandbox.assert_sound();
}

#[test]
fn the_whole_way_in_a_repository_with_sha256() {
    let sandbox = Sandbox::empty().with_repository(&["--object-format=sha256"]);
    sandbox.commit(&[("README.md", "# A project\n")]);
    sandbox.ok(&["init", "--yes"]);
    assert_eq!(sandbox.find_state().unwrap().len(), 64);
    assert_whole_way(&sandbox, &sandbox.repo());
}

#[test]
fn the_whole_way_in_a_bare_repository() {
    let sandbox = Sandbox::empty().with_repository(&["--bare"]);
    let work = sandbox.folder("work");
    sandbox.git_at(&work, &["clone", "--quiet", "../repo", "."]);
    fs::write(work.join("README.md"), "# A project\n").unwrap();
    sandbox.git_at(&work, &["add", "README.md"]);
    sandbox.git_at(&work, &["commit", "--quiet", "-m", "begin"]);
    sandbox.git_at(&work, &["push", "--quiet", "origin", "HEAD:main"]);
    sandbox.ok(&["init", "--yes"]);
    assert_whole_way(&sandbox, &sandbox.repo());
}

#[test]
fn the_whole_way_in_a_linked_worktree_with_the_state_of_the_main_one() {
    let sandbox = Sandbox::new();
    let linked = sandbox.root().join("linked");
    sandbox.git(&["worktree", "add", "--quiet", "-b", "side", &linked.to_string_lossy()]);
    let id = sandbox.ok(&["new", "From the main worktree"]);
    let at = linked.to_string_lossy().into_owned();
    assert_eq!(sandbox.ok(&["-C", &at, "list"]), format!("{}\tbacklog\tnormal\tFrom the main worktree\t\n", id.trim()));
    sandbox.ok(&["cancel", id.trim()]);
    let folder = linked.join("below");
    fs::create_dir(&folder).unwrap();
    let plan = sandbox.root().join("plan.md");
    fs::write(&plan, greeting_plan("hello.txt", "hello")).unwrap();
    let id = sandbox.ok(&["-C", &at, "new", "Greet", "--plan", &plan.to_string_lossy()]);
    sandbox.ok(&["-C", &at, "approve", id.trim()]);
    sandbox.ok(&["-C", &at, "run", id.trim(), "--merge"]);
    assert_eq!(sandbox.git(&["show", "main:hello.txt"]), "hello\n");
    assert_eq!(sandbox.read("hello.txt"), "hello\n");
    assert!(!linked.join("hello.txt").exists(), "another branch's checkout was touched");
}

#[test]
fn a_subfolder_c_git_dir_and_git_itself_lead_to_the_same_state() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "Found from everywhere"]);
    let line = format!("{}\tbacklog\tnormal\tFound from everywhere\t\n", id.trim());
    let below = sandbox.repo().join("a/b");
    fs::create_dir_all(&below).unwrap();
    let elsewhere = sandbox.folder("elsewhere");

    let from = |folder: &Path, variables: &[(&str, &str)], program: &str, args: &[&str]| {
        let mut command = sandbox.program(program);
        command.args(args).current_dir(folder).envs(variables.iter().copied());
        let ran = sandbox.finish(&mut command);
        assert_eq!(ran.status, 0, "{}", ran.all());
        ran.stdout
    };
    let repo = sandbox.repo().to_string_lossy().into_owned();
    let git_dir = sandbox.git_dir().to_string_lossy().into_owned();
    assert_eq!(from(&below, &[], PROGRAM, &["list"]), line);
    assert_eq!(from(&elsewhere, &[], PROGRAM, &["-C", &repo, "list"]), line);
    assert_eq!(from(&elsewhere, &[("GIT_DIR", &git_dir)], PROGRAM, &["list"]), line);
    assert_eq!(from(sandbox.root(), &[("GIT_DIR", ".git")], PROGRAM, &["-C", "repo", "list"]), line);

    let programs = Path::new(PROGRAM).parent().unwrap().display().to_string();
    assert!(Path::new(env!("CARGO_BIN_EXE_git-aifactory")).starts_with(&programs));
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    assert_eq!(from(&below, &[("PATH", &path)], "git", &["aifactory", "list"]), line);
}

#[test]
fn without_a_commit_tasks_work_and_a_run_says_what_is_missing() {
    let sandbox = Sandbox::empty().with_repository(&[]);
    sandbox.ok(&["init", "--yes"]);
    let id = sandbox.approved("Greet", &greeting_plan("hello.txt", "hello"));
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: error: the branch main has no commit yet, so there is nothing to work on
stderr: hint: make the first commit: git commit --allow-empty -m "begin"
exit 1

"#]]
    );
    assert_eq!(sandbox.status(&id), "ready");
    sandbox.commit(&[("README.md", "# A project\n")]);
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(sandbox.status(&id), "done");
}

#[test]
fn a_repository_of_somebody_else_is_refused_as_git_refuses_it() {
    let sandbox = Sandbox::new();
    if std::os::unix::fs::chown(sandbox.repo(), Some(12_345), None).is_err()
        || std::os::unix::fs::chown(sandbox.git_dir(), Some(12_345), None).is_err()
    {
        eprintln!("skipped: only root may give files to somebody else");
        return;
    }
    assert_ne!(sandbox.try_git(&sandbox.repo(), &["status"]).status, 0);
    let ran = sandbox.run(&["new", "Not mine"]);
    shows!(
        sandbox,
        ran,
        str![[r#"
stderr: error: the repository at $SANDBOX/repo is owned by someone else
stderr:   because: The git directory at "$SANDBOX/repo" is considered unsafe as it's not owned by the current user.
stderr: hint: if you trust it: git config --global --add safe.directory $SANDBOX/repo
exit 1

"#]]
    );
    let trusted = sandbox.repo().to_string_lossy().into_owned();
    sandbox.git_at(sandbox.root(), &["config", "--global", "--add", "safe.directory", &trusted]);
    sandbox.ok(&["new", "Trusted"]);
    assert_eq!(sandbox.state_commits(), 2);
}

#[test]
fn two_beginnings_are_the_same_commit() {
    let (one, two) = (Sandbox::new(), Sandbox::new().with("AIFACTORY_TEST_CLOCK", "1"));
    let ana = one.find_state();
    assert_eq!(ana, two.find_state());
    one.ok(&["init", "--yes"]);
    assert_eq!(one.find_state(), ana, "init is not idempotent");
    assert_eq!(one.state_commits(), 1);
}

#[test]
fn a_record_that_cannot_be_read_is_named_with_its_line_and_hides_nothing_else() {
    let sandbox = Sandbox::new();
    let broken = sandbox.ok(&["new", "Will be broken", "-l", "old"]).trim().to_owned();
    let whole = sandbox.ok(&["new", "Stays whole"]).trim().to_owned();
    let record = format!("{}/task.toml", Sandbox::task_folder(&broken));
    let text = sandbox.state_file(&record);
    let damaged = text.replacen("status = ", "status ! ", 1);
    assert_ne!(damaged, text);
    let line = text.lines().position(|line| line.starts_with("status = ")).unwrap() + 1;
    sandbox.edit_state(&record, damaged.as_bytes());

    let ran = sandbox.run(&["list"]);
    assert_eq!(ran.stdout, format!("{whole}\tbacklog\tnormal\tStays whole\t\n"));
    assert!(ran.stderr.contains(&format!("{record}:{line}")), "{}", ran.all());
    assert_eq!(ran.status, 0);
    sandbox.ok(&["set", &whole, "priority=high"]);
    let shown = sandbox.fails(&["show", &broken], 1);
    assert!(shown.stderr.contains(&format!("{record}:{line}")), "{}", shown.all());
    assert!(sandbox.fails(&["doctor"], 1).stdout.contains("doctor --repair"));

    let repaired = sandbox.ok(&["doctor", "--repair"]);
    assert!(repaired.contains(&record) && repaired.contains("was written anew from its events"), "{repaired}");
    let task = sandbox.task(&broken);
    assert_eq!((task["title"].as_str(), task["labels"][0].as_str()), (Some("Will be broken"), Some("old")));
    assert_eq!(sandbox.run(&["list"]).stderr, "");
    sandbox.ok(&["doctor"]);
}

#[test]
fn a_foreign_object_where_a_record_should_be_is_reported_like_a_broken_one() {
    let sandbox = Sandbox::new();
    let broken = sandbox.ok(&["new", "Will be broken"]).trim().to_owned();
    let whole = sandbox.ok(&["new", "Stays whole"]).trim().to_owned();
    let record = format!("{}/task.toml", Sandbox::task_folder(&broken));
    for content in [&b"\xff\xfe\x00 not text"[..], b"", b"title = \"another shape\"\n"] {
        sandbox.edit_state(&record, content);
        let ran = sandbox.run(&["list"]);
        assert_eq!(ran.stdout, format!("{whole}\tbacklog\tnormal\tStays whole\t\n"), "{content:?}");
        assert!(ran.stderr.contains(&record), "{content:?}: {}", ran.all());
        sandbox.ok(&["doctor", "--repair"]);
        assert_eq!(sandbox.task(&broken)["title"], "Will be broken", "{content:?}");
    }
}

#[test]
fn a_status_nobody_knows_is_an_error_and_never_read_as_another() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "From the future"]).trim().to_owned();
    let record = format!("{}/task.toml", Sandbox::task_folder(&id));
    let text = sandbox.state_file(&record).replace("status = \"backlog\"", "status = \"levitating\"");
    sandbox.edit_state(&record, text.as_bytes());
    let ran = sandbox.run(&["list"]);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("levitating"), "{}", ran.all());
}

#[test]
fn an_edit_by_hand_is_taken_over_by_the_next_write_except_what_is_not_a_persons_to_set() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "By command"]).trim().to_owned();
    let record = format!("{}/task.toml", Sandbox::task_folder(&id));
    let edited = sandbox
        .state_file(&record)
        .replace("By command", "By hand")
        .replace("status = \"backlog\"", "status = \"done\"");
    sandbox.edit_state(&record, edited.as_bytes());
    let by_hand = sandbox.state_commits();
    sandbox.ok(&["list"]);
    sandbox.ok(&["show", &id]);
    assert_eq!(sandbox.state_commits(), by_hand, "a reader wrote");

    sandbox.ok(&["set", &id, "labels+=seen"]);
    assert_eq!(sandbox.state_commits(), by_hand + 1);
    let task = sandbox.task(&id);
    assert_eq!((task["title"].as_str(), task["status"].as_str()), (Some("By hand"), Some("backlog")));
    shows!(
        sandbox,
        sandbox.run(&["log", &id]),
        str![[r#"
2026-01-01 00:01:00  ana@example.com  created "By command"
2026-01-01 00:01:00  hand-edit  edited the record by hand (title); not taken over: status
2026-01-01 00:07:00  ana@example.com  added seen to labels

"#]]
    );
    assert_eq!(sandbox.run(&["doctor"]).status, 0);
}

#[test]
fn a_newer_format_is_refused_with_a_hint_and_nothing_changes() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["new", "Before"]);
    sandbox.edit_state(".aifactory/format.toml", b"format = 99\nmin_writer = 99\n");
    let before = sandbox.find_state();
    shows!(
        sandbox,
        sandbox.run(&["list"]),
        str![[r#"
stderr: error: the state has format 99, and this aifactory knows formats up to 1
stderr: hint: install a newer aifactory; nothing was changed
exit 1

"#]]
    );
    for words in [&["new", "After"][..], &["init", "--yes"], &["doctor", "--repair"], &["gc"]] {
        assert_eq!(sandbox.run(words).status, 1, "{words:?}");
    }
    assert_eq!(sandbox.find_state(), before);
}

#[test]
fn a_ref_that_holds_something_else_is_refused() {
    let sandbox = Sandbox::empty().with_repository(&[]);
    sandbox.commit(&[("README.md", "# A project\n")]);
    sandbox.git(&["update-ref", STATE, "HEAD"]);
    let before = sandbox.find_state();
    shows!(
        sandbox,
        sandbox.run(&["init", "--yes"]),
        str![[r#"
stderr: error: refs/aifactory/state does not hold aifactory's state: it has no format.toml
stderr: hint: aifactory doctor
exit 1

"#]]
    );
    assert_eq!(sandbox.run(&["new", "Lost"]).status, 1);
    assert_eq!(sandbox.find_state(), before);
}

#[test]
fn where_nothing_can_be_written_the_error_is_clear_and_the_ref_stays() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["new", "Before"]);
    let before = sandbox.find_state();
    let local = sandbox.git_dir().join("aifactory");
    fs::remove_dir_all(&local).unwrap();
    fs::write(&local, "in the way").unwrap();
    shows!(
        sandbox,
        sandbox.run(&["new", "After"]),
        str![[r#"
stderr: error: cannot read $SANDBOX/repo/.git/aifactory/config.toml
stderr:   because: Not a directory (os error 20)
exit 1

"#]]
    );
    assert_eq!(sandbox.find_state(), before);
    assert_eq!(fs::read_to_string(&local).unwrap(), "in the way");
}

#[test]
fn objects_that_cannot_be_written_leave_the_ref_where_it_was() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["new", "Before"]);
    let before = sandbox.find_state();
    let objects = sandbox.git_dir().join("objects");
    sandbox.git(&["repack", "-a", "-d", "-q"]);
    // Every folder for loose objects is taken by a file: a disk on which nothing new fits.
    for number in 0..256 {
        let folder = objects.join(format!("{number:02x}"));
        let _ = fs::remove_dir_all(&folder);
        fs::write(folder, "").unwrap();
    }
    let ran = sandbox.fails(&["new", "After"], 1);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.all());
    assert_eq!(sandbox.find_state(), before);
    assert_eq!(sandbox.ok(&["list"]).lines().count(), 1);
}

#[test]
fn the_index_may_vanish_or_be_garbage_or_somebody_elses() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "Indexed", "-m", "a needle in the spec"]).trim().to_owned();
    let index = sandbox.git_dir().join("aifactory/index-6.db");
    let line = format!("{id}\tbacklog\tnormal\tIndexed\t\n");
    assert_eq!(sandbox.ok(&["list"]), line);
    assert!(index.exists(), "the index is not where this test looks for it");
    for garbage in [None, Some(&b""[..]), Some(&b"SQLite format 3\0 but not really"[..]), Some(&[7; 100_000][..])] {
        let _ = fs::remove_file(&index);
        if let Some(garbage) = garbage {
            fs::write(&index, garbage).unwrap();
        }
        let ran = sandbox.run(&["list"]);
        assert_eq!((ran.status, ran.stdout.as_str()), (0, line.as_str()), "{}", ran.all());
        assert!(sandbox.ok(&["search", "needle"]).contains(&id));
    }
}

#[test]
fn an_index_that_cannot_be_written_at_all_fails_no_command() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "Indexed"]).trim().to_owned();
    let index = sandbox.git_dir().join("aifactory/index-6.db");
    let _ = fs::remove_file(&index);
    fs::create_dir_all(index.join("in the way")).unwrap();
    assert_eq!(sandbox.ok(&["list"]), format!("{id}\tbacklog\tnormal\tIndexed\t\n"));
    sandbox.ok(&["new", "Another"]);
    assert_eq!(sandbox.ok(&["list"]).lines().count(), 2);
}

#[test]
fn processes_that_read_at_once_after_a_change_see_the_same() {
    let sandbox = Sandbox::new();
    for number in 0..5 {
        sandbox.ok(&["new", &format!("Task {number}")]);
        let children: Vec<_> = (0..6).map(|_| sandbox.command(&["list"]).spawn().unwrap()).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stderr), "");
            assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), number + 1);
        }
    }
}

#[test]
fn a_commit_of_the_state_says_who_did_what_to_which_task() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "Greet"]).trim().to_owned();
    sandbox.ok(&["set", &id, "priority=high", "labels+=ui"]);
    sandbox.ok(&["cancel", &id]);
    let log = sandbox.git(&["log", "--format=%s by %ae", STATE]);
    let short = &id[..5];
    assert_eq!(
        log,
        format!(
            "{short}: cancel (ana@mill) by ana@example.com\n{short}: set priority, labels (ana@mill) by ana@example.com\n\
             {short}: new (ana@mill) by ana@example.com\nbegin by aifactory@localhost\n"
        )
    );
}

#[test]
fn packing_our_objects_loses_nothing() {
    let sandbox = Sandbox::new();
    for number in 0..12 {
        sandbox.ok(&["new", &format!("Task {number}")]);
    }
    let before = sandbox.ok(&["list"]);
    sandbox.ok(&["gc"]);
    assert_eq!(sandbox.ok(&["list"]), before);
    sandbox.ok(&["new", "After packing"]);
    sandbox.assert_sound();
}

#[test]
fn a_clock_that_jumps_back_does_not_turn_the_order_of_events_around() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "Greet"]).trim().to_owned();
    let at = |clock: &str, priority: &str| {
        let mut command = sandbox.command(&["set", &id, priority]);
        assert_eq!(sandbox.finish(command.env("AIFACTORY_TEST_CLOCK", clock)).status, 0);
    };
    at("4102444800000", "priority=urgent");
    at("1000", "priority=high");
    at("1000", "priority=low");
    assert_eq!(sandbox.task(&id)["priority"], "low");
    let events = sandbox.events(&id);
    let changes: Vec<_> = events.iter().filter_map(|event| event["to"].as_str()).collect();
    assert_eq!(changes, ["urgent", "high", "low"], "{events:?}");
    sandbox.ok(&["doctor"]);
}
