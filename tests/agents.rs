//! Agents that do what agents do: nothing, too much, the wrong thing, and not stopping. Each is a real program.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Sandbox, Step, eventually, files_below, spawned};
use snapbox::str;
use std::fs;
use std::path::Path;

/// A step for scripted agents: the gate wants `work.txt`.
fn work_plan() -> String {
    Step::new("S1", "work.txt").gate("test -s work.txt").text()
}

/// Runs one task with a scripted agent. The task's id.
#[track_caller]
fn run_agent(sandbox: &Sandbox, code: i32) -> String {
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.fails(&["run", &id], code);
    id
}

#[test]
fn an_agent_that_changes_nothing_has_failed_whatever_it_says() {
    let sandbox = Sandbox::new().with_agent("echo I am done, all tests pass");
    let id = sandbox.approved("Do the work", &work_plan());
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Do the work                       claimed, on branch aifactory/ehdn0jyj9c-do-the-work
stderr: ehdn  Do the work                       worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Do the work                       step 1/1  S1: Change work.txt
stderr: ehdn  Do the work                       waiting  no-work: step S1 no work: runbook ended well and changed nothing
stderr: hint: aifactory review ehdn, then aifactory retry ehdn
exit 4

"#]]
    );
    assert_eq!(sandbox.status(&id), "waiting: no-work");
}

#[test]
fn an_agent_that_fails_leaves_its_last_words() {
    let sandbox = Sandbox::new().with_agent("echo half > half.txt; echo out of paper >&2; exit 3");
    let id = run_agent(&sandbox, 4);
    assert_eq!(sandbox.status(&id), "waiting: agent-failed");
    let note = sandbox.note(&id);
    assert!(note.contains("exited with 3") && note.contains("out of paper"), "{note}");
    let path = sandbox.ok(&["path", &id]);
    assert_eq!(fs::read_to_string(Path::new(path.trim()).join("half.txt")).unwrap(), "half\n");
}

#[test]
fn an_agent_gets_what_the_gate_said_and_what_people_noted() {
    let sandbox = Sandbox::new();
    let script = format!(
        "cat > {0}/prompt.$(ls {0} | wc -l)\nif grep -q 'please use ink' {0}/prompt.*; then echo ink > work.txt; else echo >> pencil; fi",
        sandbox.folder("prompts").display()
    );
    let sandbox = sandbox.with_agent(&script).with("AIFACTORY_RUN_ATTEMPTS", "2");
    let id = run_agent(&sandbox, 4);
    assert_eq!(sandbox.status(&id), "waiting: gate-failed");
    sandbox.ok(&["retry", &id, "-m", "please use ink"]);
    sandbox.ok(&["run", &id]);
    let prompt = |number: u32| fs::read_to_string(sandbox.folder("prompts").join(format!("prompt.{number}"))).unwrap();
    assert!(prompt(0).contains("# Step S1 of the plan: Change work.txt"), "{}", prompt(0));
    assert!(prompt(0).contains("- test -s work.txt"), "{}", prompt(0));
    assert!(!prompt(0).contains("did not pass"), "{}", prompt(0));
    assert!(prompt(1).contains("How the last attempt ended"), "{}", prompt(1));
    assert!(prompt(2).contains("please use ink"), "{}", prompt(2));
}

#[test]
fn an_agent_is_data_in_a_configuration_file() {
    let sandbox = Sandbox::new();
    let program = sandbox.agent("printf '%s\\n' \"$@\" > work.txt");
    let config = sandbox.folder("home/config/aifactory").join("config.toml");
    let text =
        format!("[agents.scribe]\ncommand = \"{program} --headless\"\nargs = [\"--title={{title}}\", \"{{task}}\"]\n");
    fs::write(config, text).unwrap();
    let id = sandbox.approved("Do; the $(work)", &work_plan());
    sandbox.ok(&["set", &id, "agent=scribe"]);
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(sandbox.read("work.txt"), format!("--headless\n--title=Do; the $(work)\n{id}\n"));
    assert_eq!(sandbox.task(&id)["runs"][0]["agent"], "scribe");
}

#[test]
fn an_agent_sees_no_credentials_and_cannot_push() {
    let sandbox =
        Sandbox::new().with("GITHUB_TOKEN", "ghp_0123456789abcdefghijABCDEFGHIJ012345").with("MY_OWN", "secret");
    let remote = sandbox.root().join("remote.git");
    sandbox.git(&["init", "--quiet", "--bare", &remote.to_string_lossy()]);
    sandbox.git(&["remote", "add", "origin", &remote.to_string_lossy()]);
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    let remote_before = sandbox.git(&["ls-remote", "origin"]);
    let sandbox =
        sandbox.with_agent("env > work.txt; git push origin HEAD:main; git push origin HEAD:refs/heads/mine; true");
    let id = run_agent(&sandbox, 0);
    sandbox.ok(&["merge", &id]);
    let seen = sandbox.read("work.txt");
    assert!(!seen.contains("ghp_") && !seen.contains("MY_OWN"), "{seen}");
    assert!(seen.contains(&format!("AIFACTORY_TASK={id}\n")) && seen.contains("AIFACTORY_STEP=S1\n"), "{seen}");
    assert_eq!(sandbox.git(&["ls-remote", "origin"]), remote_before, "something was pushed");
}

#[test]
fn an_agent_that_prints_a_hundred_megabytes_on_one_line_is_just_an_agent() {
    let sandbox = Sandbox::new().with_agent("head -c 104857600 /dev/zero | tr '\\0' x; echo; echo done > work.txt");
    let id = run_agent(&sandbox, 0);
    assert_eq!(sandbox.status(&id), "review");
    let kept: u64 = files_below(&sandbox.git_dir().join("aifactory/runs"))
        .iter()
        .map(|path| path.symlink_metadata().unwrap().len())
        .sum();
    assert!(kept < 110 << 20, "{kept} bytes of log");
    sandbox.assert_sound();
}

#[test]
fn an_agent_that_prints_binary_is_just_an_agent() {
    let sandbox = Sandbox::new()
        .with_agent("head -c 100000 /dev/urandom; printf '\\033]0;owned\\007\\033[2J'; echo done > work.txt");
    let id = sandbox.approved("Do the work", &work_plan());
    let ran = sandbox.run(&["run", &id, "-v"]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(!ran.stderr.contains("\x1b]0;"), "control characters reached the terminal");
    assert_eq!(sandbox.status(&id), "review");
}

#[test]
fn an_agent_that_ignores_sigterm_is_stopped_all_the_same() {
    let sandbox = Sandbox::new().with("AIFACTORY_RUN_GRACE", "200ms");
    let marks = sandbox.marks();
    let script = format!(
        "trap '' TERM INT HUP\necho draft > draft.txt\n{0}\nsetsid sh -c 'trap \"\" TERM; {0}; while :; do sleep 600; done' &\nwhile :; do sleep 600; done",
        marks.here()
    );
    let sandbox = sandbox.with_agent(&script);
    let id = sandbox.approved("Do the work", &work_plan());
    let run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("the agent is at work", || marks.alive().len() == 2);
    sandbox.ok(&["stop", &id]);
    assert_eq!(marks.alive(), [0; 0]);
    run.wait();
    assert_eq!(sandbox.status(&id), "ready");
    let path = sandbox.ok(&["path", &id]);
    assert_eq!(fs::read_to_string(Path::new(path.trim()).join("draft.txt")).unwrap(), "draft\n");
}

#[test]
fn ctrl_c_stops_a_run_and_exits_with_130() {
    let sandbox = Sandbox::new().with("AIFACTORY_RUN_GRACE", "200ms");
    let marks = sandbox.marks();
    let sandbox = sandbox.with_agent(&format!("{}\nexec sleep 600", marks.here()));
    let id = sandbox.approved("Do the work", &work_plan());
    let run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("the agent is at work", || marks.alive().len() == 1);
    let signalled = sandbox.finish(sandbox.program("sh").args(["-c", &format!("kill -INT {}", run.pid())]));
    assert_eq!(signalled.status, 0);
    assert_eq!(run.wait(), Some(130));
    assert_eq!(marks.alive(), [0; 0]);
    assert_eq!(sandbox.status(&id), "ready");
}

#[test]
fn a_daemon_that_an_agent_leaves_behind_is_ended() {
    let sandbox = Sandbox::new().with("AIFACTORY_RUN_GRACE", "200ms");
    let marks = sandbox.marks();
    let script = format!(
        "setsid sh -c '{}; exec sleep 600' </dev/null >/dev/null 2>&1 &\nwhile ! ls {}/* >/dev/null 2>&1; do sleep 0.01; done\necho done > work.txt",
        marks.here(),
        marks.path().display()
    );
    let sandbox = sandbox.with_agent(&script);
    let id = run_agent(&sandbox, 0);
    assert_eq!(marks.pids().len(), 1);
    assert_eq!(marks.alive(), [0; 0]);
    assert_eq!(sandbox.status(&id), "review");
}

#[test]
fn an_agent_that_deletes_its_worktree_loses_nobodys_commits() {
    let sandbox = Sandbox::new();
    let trigger = sandbox.root().join("trigger");
    let script =
        format!("if test -e {}; then rm -rf \"$AIFACTORY_WORKTREE\"; else echo done > work.txt; fi", trigger.display());
    let sandbox = sandbox.with_agent(&script);
    // Its first step is done before it turns destructive.
    let one = Step::new("S1", "work.txt").gate(&format!("test -s work.txt && touch {}", trigger.display()));
    let two = Step::new("S2", "more.txt").after("S1").gate("test -s work.txt");
    let id = sandbox.approved("Do the work", &format!("{}\n{}", one.text(), two.text()));
    sandbox.fails(&["run", &id], 4);
    let note = sandbox.note(&id);
    assert!(note.contains("the agent deleted its worktree"), "{note}");
    fs::remove_file(&trigger).unwrap();
    sandbox.ok(&["retry", &id]);
    sandbox.run(&["run", &id]);
    assert_eq!(sandbox.git(&["show", &format!("aifactory/{id}-do-the-work:work.txt")]), "done\n");
    sandbox.assert_sound();
}

#[test]
fn an_agent_that_leaves_its_branch_is_found_out() {
    for (trick, said) in [
        ("git checkout -q -b elsewhere", "the agent left the worktree on elsewhere"),
        ("git checkout -q --detach", "the agent left the worktree on no branch"),
        (
            "git commit -q --amend -m mine --allow-empty; git reset -q --soft HEAD",
            "the agent rewrote the commits before its own",
        ),
    ] {
        let sandbox = Sandbox::new().with_agent(&format!("echo done > work.txt\n{trick}"));
        let before = sandbox.commit_of("main");
        let id = run_agent(&sandbox, 4);
        let note = sandbox.note(&id);
        assert!(note.contains(said), "{trick}: {note}");
        assert_eq!(sandbox.commit_of("main"), before, "{trick}");
        let path = sandbox.ok(&["path", &id]);
        assert_eq!(fs::read_to_string(Path::new(path.trim()).join("work.txt")).unwrap(), "done\n", "{trick}");
        sandbox.assert_sound();
    }
}

#[test]
fn an_agent_that_rewrites_git_itself_cannot_smuggle_anything_in() {
    for trick in [
        "echo nonsense > .git",
        "rm .git",
        "rm .git; git init -q; git add .; git -c user.name=x -c user.email=x@x commit -q -m mine",
        "rm .git; mkdir .git; echo 'gitdir: /nowhere' > .git/HEAD",
    ] {
        let sandbox = Sandbox::new().with_agent(&format!("echo done > work.txt\n{trick}"));
        let id = sandbox.approved("Do the work", &work_plan());
        let ran = sandbox.run(&["run", &id]);
        let status = sandbox.status(&id);
        match ran.status {
            0 => {
                assert_eq!(status, "review", "{trick}");
                sandbox.ok(&["merge", &id]);
                assert_eq!(sandbox.read("work.txt"), "done\n", "{trick}");
                assert_eq!(sandbox.git(&["ls-tree", "--name-only", "main"]), "README.md\nwork.txt\n", "{trick}");
            }
            code => {
                assert_eq!((code, status.as_str()), (4, "waiting: agent-failed"), "{trick}\n{}", ran.all());
                assert!(sandbox.note(&id).contains("worktree"), "{trick}: {}", sandbox.note(&id));
            }
        }
        sandbox.assert_sound();
    }
}

#[test]
fn an_agent_that_gives_its_worktree_another_configuration_starts_no_program_of_its_own() {
    for trick in [
        "echo $evil > $admin/commondir",
        "git config extensions.worktreeConfig true; cp $evil/config $admin/config.worktree",
    ] {
        let sandbox = Sandbox::new();
        let marker = sandbox.root().join("marker");
        let script = format!(
            "echo done > work.txt; admin=$(git rev-parse --absolute-git-dir); evil=$AIFACTORY_WORKTREE.evil\n\
             cp -r \"$(git rev-parse --path-format=absolute --git-common-dir)\" $evil; rm -r $evil/worktrees\n\
             printf '#!/bin/sh\\ntouch {}\\n' > $evil/program; chmod +x $evil/program\n\
             git config -f $evil/config core.fsmonitor $evil/program; {trick}",
            marker.display()
        );
        let sandbox = sandbox.with_agent(&script);
        let id = run_agent(&sandbox, 4);
        let note = sandbox.note(&id);
        assert!(note.contains("to which repository its worktree belongs"), "{trick}: {note}");
        assert!(!marker.exists(), "{trick}");
        sandbox.run(&["retry", &id]);
        sandbox.run(&["show", &id]);
        assert!(!marker.exists(), "{trick}");
        sandbox.assert_sound();
    }
}

#[test]
fn what_an_agent_did_to_git_is_set_right_after_a_crash_before_git_is_asked() {
    for trick in ["echo $evil > $admin/commondir", "echo \"gitdir: $evil\" > .git", "rm .git; cp -r $evil .git"] {
        let sandbox = Sandbox::new();
        let marker = sandbox.root().join("marker");
        let script = format!(
            "if test -e $AIFACTORY_WORKTREE.evil; then echo done > work.txt; exit; fi\n\
             admin=$(git rev-parse --absolute-git-dir); evil=$AIFACTORY_WORKTREE.evil\n\
             cp -r \"$(git rev-parse --path-format=absolute --git-common-dir)\" $evil; rm -r $evil/worktrees\n\
             printf '#!/bin/sh\\ntouch {}\\n' > $evil/program; chmod +x $evil/program\n\
             git config -f $evil/config core.fsmonitor $evil/program; git config -f $evil/config core.bare false\n\
             {trick}\necho > {}.started; sleep 600",
            marker.display(),
            marker.display()
        );
        let sandbox = sandbox.with_agent(&script).in_real_time();
        let id = sandbox.approved("Do the work", &work_plan());
        let mut run = spawned(&mut sandbox.command(&["run", &id]));
        eventually("the trick is done", || marker.with_extension("started").exists());
        run.kill();
        sandbox.ok(&["run", &id]);
        assert_eq!(sandbox.status(&id), "review", "{trick}");
        assert!(!marker.exists(), "{trick}");
        sandbox.assert_sound();
    }
}

#[test]
fn an_agent_that_commits_its_own_work_has_worked() {
    let sandbox = Sandbox::new().with_agent("echo done > work.txt; git add .; git commit -q -m 'in my own words'");
    let id = run_agent(&sandbox, 0);
    sandbox.ok(&["merge", &id]);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%s"]), "in my own words\n");
}
