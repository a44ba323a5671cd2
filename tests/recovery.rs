//! Killed at many moments: what was acknowledged is there, what was started is ended, the rest goes on.
//!
//! Moments are counted in commits on the state ref and in looks at it, so they spread over the whole run without any
//! test measuring time.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Marks, Random, STATE, Sandbox, Step, eventually, greeting_plan, spawned};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// Kills the command when `commits` more commits are on the state ref and then somebody looked `looks` times. False if
/// it had ended before.
fn kill_after(sandbox: &Sandbox, command: &mut Command, commits: usize, looks: u64) -> bool {
    let wanted = sandbox.state_moves() + commits;
    let mut running = spawned(command);
    let mut left = looks;
    let mut ended = false;
    eventually("the moment to kill", || {
        ended = running.has_ended();
        if sandbox.state_moves() >= wanted {
            left = left.saturating_sub(1);
        }
        ended || left == 0
    });
    running.kill();
    let_go(sandbox);
    !ended
}

/// A child that was just being started when its parent was killed has the parent's locks for the blink of an eye.
fn let_go(sandbox: &Sandbox) {
    let sessions = sandbox.git_dir().join("aifactory/sessions");
    let holds = |process: &Path| {
        let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|file| file.starts_with(&sessions))
    };
    eventually("nobody holds a lock of the killed command", || {
        !fs::read_dir("/proc").unwrap().flatten().any(|process| holds(&process.path()))
    });
}

/// What must hold after any writing command that follows a crash.
#[track_caller]
fn assert_repaired(sandbox: &Sandbox, id: &str, marks: &Marks) {
    sandbox.ok(&["set", id, "priority=high"]);
    assert_eq!(marks.alive(), [0; 0], "processes of the agent live on");
    let task = sandbox.task(id);
    let status = task["status"].as_str().unwrap();
    assert!(matches!(status, "backlog" | "ready" | "review" | "done"), "{task}");
    assert!(task["claim"].is_null(), "the claim is not free: {task}");
    assert!(!task["steps"].to_string().contains("running"), "a step is still running: {task}");
    assert_eq!(task["priority"], "high");
    let status = sandbox.json(&["status"]);
    assert_eq!(status["dead_workers"], 0, "{status}");
}

/// The work is on the target, whole, and once.
#[track_caller]
fn assert_merged(sandbox: &Sandbox, id: &str, files: &[(&str, &str)]) {
    assert_eq!(sandbox.status(id), "done");
    for (name, text) in files {
        assert_eq!(sandbox.git(&["show", &format!("main:{name}")]), *text);
    }
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    sandbox.assert_sound();
}

fn two_steps(marks: &Marks) -> String {
    let child = format!("sh -c '{}; sleep 0.02' &", marks.here());
    let one = Step::new("S1", "one.txt")
        .gate(&format!("{}; test -s one.txt", marks.here()))
        .script(&format!("{}\n{child}\necho 1 > one.txt\nsleep 0.02", marks.here()));
    let two = Step::new("S2", "two.txt")
        .after("S1")
        .gate(&format!("{}; test -s two.txt", marks.here()))
        .script(&format!("{}\necho 2 > two.txt", marks.here()));
    format!("{}\n{}", one.text(), two.text())
}

/// Crashes in the middle of a run with the built-in agent, then what a person would do next.
fn crash_a_runbook(seed: u64) {
    let mut random = Random::new(seed);
    let sandbox = Sandbox::new();
    let marks = sandbox.marks();
    let id = sandbox.approved("Write both", &two_steps(&marks));
    let other = sandbox.ok(&["new", "Another"]).trim().to_owned();
    let commits = random.below(7) as usize;
    kill_after(&sandbox, &mut sandbox.command(&["run", &id]), commits, random.below(250));
    assert_repaired(&sandbox, &id, &marks);
    assert_eq!(sandbox.status(&other), "backlog", "an acknowledged task is lost");
    if sandbox.status(&id) != "review" {
        sandbox.ok(&["run", &id]);
    }
    sandbox.ok(&["merge", &id]);
    assert_merged(&sandbox, &id, &[("one.txt", "1\n"), ("two.txt", "2\n")]);
}

#[test]
fn a_run_killed_at_any_moment_is_completed_by_the_next_one() {
    for seed in 1..=9 {
        crash_a_runbook(seed);
    }
}

#[test]
fn a_run_killed_at_any_other_moment_is_completed_by_the_next_one() {
    for seed in 10..=18 {
        crash_a_runbook(seed);
    }
}

/// An agent that sleeps, with a child in a session of its own that ignores requests to end, and work not committed.
fn sleeper(marks: &Marks) -> String {
    let here = marks.here();
    let folder = marks.path().display();
    format!(
        "if test -e {folder}/go; then echo done > work.txt; exit 0; fi\n\
         {here}\n\
         echo precious > draft.txt\n\
         setsid sh -c 'trap \"\" TERM; {here}; while :; do sleep 600; done' &\n\
         sh -c '{here}; exec sleep 600' &\n\
         echo > {folder}/started\n\
         sleep 600"
    )
}

#[test]
fn an_agent_that_was_at_work_is_ended_and_its_uncommitted_work_is_kept_and_named() {
    for seed in 30..=35 {
        let mut random = Random::new(seed);
        let sandbox = Sandbox::new();
        let marks = sandbox.marks();
        let sandbox = sandbox.with_agent(&sleeper(&marks)).with("AIFACTORY_RUN_GRACE", "200ms");
        let plan = Step::new("S1", "work.txt").gate("test -s work.txt").text();
        let id = sandbox.approved("Sleep over it", &plan);
        let mut run = spawned(&mut sandbox.command(&["run", &id]));
        eventually("the agent is at work", || marks.path().join("started").exists());
        let wanted = random.below(3) as usize;
        eventually("its children live", || marks.alive().len() >= wanted);
        run.kill();
        let_go(&sandbox);
        let_go(&sandbox);
        fs::write(marks.path().join("go"), "").unwrap();

        assert_repaired(&sandbox, &id, &marks);
        assert_eq!(sandbox.status(&id), "ready");
        sandbox.ok(&["run", &id, "--merge"]);
        assert_merged(&sandbox, &id, &[("work.txt", "done\n")]);
        let saved = sandbox.saved(&id);
        assert_eq!(sandbox.git(&["show", &format!("{saved}:draft.txt")]), "precious\n");
        let log = sandbox.ok(&["log", &id]);
        assert!(log.contains(&saved), "the kept work is not named:\n{log}");
        assert!(log.contains("released the claim: the worker died"), "{log}");
    }
}

#[test]
fn a_gate_that_was_running_is_ended_before_the_task_is_offered_again() {
    let sandbox = Sandbox::new().with("AIFACTORY_RUN_GRACE", "300ms");
    let marks = sandbox.marks();
    let folder = marks.path().display();
    let gate = sandbox.script(
        "gate",
        &format!("test -e {folder}/go && exit 0\ntrap '' TERM\n{}\nwhile :; do sleep 600; done", marks.here()),
    );
    let plan = Step::new("S1", "a.txt").gate(&gate).script("echo a > a.txt").text();
    let id = sandbox.approved("A slow gate", &plan);
    let mut run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("the gate runs", || !marks.pids().is_empty());
    run.kill();
    let_go(&sandbox);
    fs::write(marks.path().join("go"), "").unwrap();
    assert_repaired(&sandbox, &id, &marks);
    sandbox.ok(&["run", &id, "--merge"]);
    assert_merged(&sandbox, &id, &[("a.txt", "a\n")]);
}

#[test]
fn a_merge_killed_at_any_moment_moved_the_target_fully_or_not_at_all() {
    for seed in 50..=57 {
        let mut random = Random::new(seed);
        let sandbox = Sandbox::new();
        let marks = sandbox.marks();
        let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
        // Work of others makes it a real rebase.
        sandbox.commit(&[("other.txt", "other\n")]);
        let before = sandbox.commit_of("main");
        let is_elsewhere = seed % 2 == 1;
        if is_elsewhere {
            sandbox.git(&["checkout", "--quiet", "-b", "mine"]);
        }
        let commits = random.below(3) as usize;
        kill_after(&sandbox, &mut sandbox.command(&["merge", &id]), commits, random.below(120));
        // A git that was at work when its parent died finishes what it does.
        eventually("git lets go of the checkout", || !sandbox.git_dir().join("index.lock").exists());

        assert_repaired(&sandbox, &id, &marks);
        let after = sandbox.commit_of("main");
        let has_it = sandbox.try_git(&sandbox.repo(), &["cat-file", "-e", "main:hello.txt"]).status == 0;
        assert_eq!(has_it, after != before);
        assert_eq!(has_it, sandbox.status(&id) == "done", "main has the work: {has_it}");
        if !has_it {
            sandbox.ok(&["merge", &id]);
        }
        // The user's own git finds no lock in its way.
        sandbox.git(&["checkout", "--quiet", "main"]);
        sandbox.git(&["commit", "--quiet", "--allow-empty", "-m", "mine"]);
        sandbox.git(&["pack-refs", "--all"]);
        assert_merged(&sandbox, &id, &[("hello.txt", "hello\n"), ("other.txt", "other\n")]);
    }
}

/// Git's lock file of a ref, as a process that was killed long ago left it.
fn leave_lock(sandbox: &Sandbox, name: &str) -> PathBuf {
    let lock = sandbox.git_dir().join(format!("{name}.lock"));
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    fs::write(&lock, "").unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    fs::File::options().write(true).open(&lock).unwrap().set_modified(long_ago).unwrap();
    lock
}

#[test]
fn a_lock_that_a_killed_writer_left_on_the_state_stops_nobody() {
    let sandbox = Sandbox::new();
    let lock = leave_lock(&sandbox, STATE);
    let id = sandbox.ok(&["new", "Goes on"]);
    assert_eq!(sandbox.task(id.trim())["title"], "Goes on");
    assert!(!lock.exists());
    sandbox.assert_sound();
}

#[test]
fn a_lock_that_a_killed_writer_left_on_the_packed_refs_stops_nobody() {
    let sandbox = Sandbox::new();
    sandbox.git(&["pack-refs", "--all"]);
    let lock = leave_lock(&sandbox, "packed-refs");
    let mut command = spawned(&mut sandbox.command(&["new", "Goes on"]));
    eventually("the command ends", || command.has_ended());
    assert_eq!(command.wait(), Some(0));
    assert!(!lock.exists());
    sandbox.git(&["pack-refs", "--all"]);
    sandbox.assert_sound();
}

#[test]
fn locks_that_a_killed_worker_left_on_its_own_refs_stop_nobody() {
    let sandbox = Sandbox::new().with_agent("echo done > work.txt");
    let plan = Step::new("S1", "work.txt").gate("test -s work.txt").text();
    let id = sandbox.approved("Work", &plan);
    leave_lock(&sandbox, &format!("refs/heads/aifactory/{id}-work"));
    sandbox.ok(&["run", &id]);
    let path = sandbox.ok(&["path", &id]);
    fs::write(Path::new(path.trim()).join("draft.txt"), "draft\n").unwrap();
    leave_lock(&sandbox, &format!("refs/heads/aifactory/{id}-work"));
    sandbox.ok(&["discard", &id]);
    assert_eq!(sandbox.git(&["show", &format!("{}:draft.txt", sandbox.saved(&id))]), "draft\n");
    sandbox.ok(&["run", &id, "--merge"]);
    assert_merged(&sandbox, &id, &[("work.txt", "done\n")]);
}

#[test]
fn a_lock_on_the_target_is_passed_or_named() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.git(&["checkout", "--quiet", "-b", "mine"]);
    let lock = leave_lock(&sandbox, "refs/heads/main");
    let ran = sandbox.run(&["merge", &id]);
    if ran.status != 0 {
        assert!(ran.stderr.contains("main.lock"), "{}", ran.all());
        assert_eq!(sandbox.status(&id), "review");
        fs::remove_file(lock).unwrap();
        sandbox.ok(&["merge", &id]);
    }
    assert_eq!(sandbox.git(&["show", "main:hello.txt"]), "hello\n");
}

/// What a worker killed while it made its task's worktree leaves: the folder's name, the branch's, what is there.
type HalfMade = fn(&Sandbox, &Path, &str);

#[test]
fn a_worktree_that_was_being_made_when_its_worker_died_is_made_anew() {
    let cases: [(&str, HalfMade); 5] = [
        ("registered, and no more", |sandbox, path, _| {
            let name = path.file_name().unwrap();
            let admin = sandbox.git_dir().join("worktrees").join(name);
            fs::create_dir_all(&admin).unwrap();
            fs::write(admin.join("gitdir"), "").unwrap();
        }),
        ("registered, with an empty folder", |sandbox, path, _| {
            fs::create_dir_all(path).unwrap();
            fs::create_dir_all(sandbox.git_dir().join("worktrees").join(path.file_name().unwrap())).unwrap();
        }),
        ("its files are not there yet", |sandbox, path, branch| {
            let path = path.to_string_lossy();
            sandbox.git(&["worktree", "add", "--quiet", "--no-checkout", "-b", branch, &path, "main"]);
        }),
        ("its .git is not there yet", |_, path, _| {
            fs::create_dir_all(path).unwrap();
            fs::write(path.join("README.md"), "# Half a").unwrap();
        }),
        ("taken from the pool and not switched", |sandbox, path, _| {
            let path = path.to_string_lossy();
            sandbox.git(&["worktree", "add", "--quiet", "--detach", &path, "main"]);
        }),
    ];
    for (case, half_make) in cases {
        let sandbox = Sandbox::new().with_agent("echo done > work.txt");
        let plan = Step::new("S1", "work.txt").gate("test -s work.txt").text();
        let id = sandbox.approved("Work", &plan);
        half_make(&sandbox, &sandbox.worktrees().join(&id), &format!("aifactory/{id}-work"));
        let ran = sandbox.run(&["run", &id, "--merge"]);
        assert_eq!(ran.status, 0, "{case}: {}", sandbox.redact(&ran.all()));
        assert_eq!(sandbox.git(&["ls-tree", "--name-only", "main"]), "README.md\nwork.txt\n", "{case}");
        sandbox.assert_sound();
    }
}

#[test]
fn a_checkout_for_gates_that_was_being_made_is_made_anew() {
    for written in ["", "gitdir", "gitdir HEAD"] {
        let sandbox = Sandbox::new();
        let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
        let admin = sandbox.git_dir().join("worktrees/verification");
        let place = sandbox.worktrees().join("verification");
        fs::create_dir_all(&admin).unwrap();
        fs::create_dir_all(&place).unwrap();
        for name in ["gitdir", "HEAD", "commondir"] {
            let text = match (written.contains(name), name) {
                (false, _) => String::new(),
                (true, "gitdir") => format!("{}/.git\n", place.display()),
                (true, _) => "ref: refs/heads/main\n".to_owned(),
            };
            fs::write(admin.join(name), text).unwrap();
        }
        let ran = sandbox.run(&["merge", &id]);
        assert_eq!(ran.status, 0, "{written}: {}", ran.all());
        assert_merged(&sandbox, &id, &[("hello.txt", "hello\n")]);
    }
}

#[test]
fn after_too_many_crashes_a_person_is_asked() {
    let sandbox = Sandbox::new();
    let marks = sandbox.marks();
    let sandbox = sandbox.with_agent(&format!("{}; sleep 600", marks.here())).with("AIFACTORY_RUN_RECOVERIES", "2");
    let plan = Step::new("S1", "work.txt").gate("test -s work.txt").text();
    let id = sandbox.approved("Never done", &plan);
    for crash in 1..=2 {
        let mut run = spawned(&mut sandbox.command(&["run", &id]));
        eventually("the agent is at work", || marks.pids().len() == crash);
        run.kill();
        let_go(&sandbox);
        let_go(&sandbox);
        sandbox.ok(&["new", "Another"]);
        assert_eq!(marks.alive(), [0; 0]);
    }
    assert_eq!(sandbox.status(&id), "waiting: recovery-exhausted");
    assert_eq!(sandbox.note(&id), "its worker died 2 times");
}

#[test]
fn readers_report_a_dead_worker_and_touch_nothing() {
    let sandbox = Sandbox::new();
    let marks = sandbox.marks();
    let sandbox = sandbox.with_agent(&format!("{}; sleep 600", marks.here()));
    let plan = Step::new("S1", "work.txt").gate("test -s work.txt").text();
    let id = sandbox.approved("Left alone", &plan);
    let mut run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("the agent is at work", || !marks.pids().is_empty());
    run.kill();
    let_go(&sandbox);
    let before = sandbox.find_state();
    let ran = sandbox.run(&["status"]);
    assert!(ran.stderr.contains("1 worker died"), "{}", ran.all());
    sandbox.ok(&["list"]);
    sandbox.ok(&["show", &id]);
    sandbox.ok(&["doctor"]);
    assert_eq!(sandbox.find_state(), before);
    assert_eq!(sandbox.status(&id), "running");
}
