//! Work that is cut short: stopped, cancelled, killed, timed out, or made to wait.

use crate::common::play::{APPROVED, BLOCKED, CONFIRMED, PLAN, Play, finished, says};
use crate::common::{Marks, Sandbox, Spawned, eventually, spawned};
use crate::{approved, worktree_file};
use std::fs;

/// The run once its agent has come to where the script says `here`.
fn begun(play: &Play, id: &str, marks: &Marks) -> Spawned {
    let before = marks.pids().len();
    let run = spawned(&mut play.sandbox.command(&["run", id]));
    eventually("the agent is at work", || marks.pids().len() > before);
    run
}

/// Kills the run, and waits until what it had started is gone.
fn kill(mut run: Spawned, marks: &Marks) {
    run.kill();
    eventually("nothing of it is left", || marks.alive().is_empty());
}

/// A cancelled run is told as a timeout, and overwrites the cancellation.
#[test]
fn a_stopped_run_was_stopped_a_cancelled_task_stays_cancelled_and_neither_goes_on() {
    for (verb, status) in [("stop", "ready"), ("cancel", "cancelled")] {
        let play = Play::new();
        let marks = play.sandbox.marks();
        play.part("code", &format!("echo draft > draft.txt; {}; sleep 600", marks.here()));
        let id = play.approved();
        let run = begun(&play, &id, &marks);
        play.sandbox.ok(&[verb, &id]);
        assert_ne!(run.wait(), Some(0), "{verb}");
        let task = play.sandbox.task(&id);
        assert!(task["claim"].is_null() && !task["steps"].to_string().contains("running"), "{verb}: {task}");
        assert_eq!(marks.alive(), [0; 0], "{verb}");
        assert_eq!(play.sandbox.status(&id), status);
        let runs = play.sandbox.json(&["review", &id])["runs"].clone();
        assert_eq!(runs.as_array().unwrap().last().unwrap()["outcome"], "stopped", "{verb}: {runs}");
        assert_eq!(worktree_file(&play.sandbox, &id, "draft.txt").as_deref(), Some("draft\n"), "{verb}");
    }
}

/// A failure or a timeout deletes the worktree and the branch with all that is in them.
#[test]
fn what_a_failed_attempt_left_is_kept_committed_or_not() {
    for (end, status) in [("exit 3", "waiting: agent-failed"), ("sleep 600", "waiting: agent-failed")] {
        let work = "echo a > kept.txt; git add kept.txt; git commit -qm half; echo draft > draft.txt";
        let sandbox = Sandbox::new().with_agent(&format!("{work}; {end}"));
        let sandbox = sandbox.with("AIFACTORY_RUN_TIMEOUT", "1s").with("AIFACTORY_RUN_GRACE", "100ms");
        let id = approved(&sandbox, "Work");
        sandbox.fails(&["run", &id], 4);
        assert_eq!(sandbox.status(&id), status, "{end}");
        assert_eq!(worktree_file(&sandbox, &id, "draft.txt").as_deref(), Some("draft\n"), "{end}");
        let branch = sandbox.task(&id)["branch"].as_str().unwrap().to_owned();
        assert_eq!(sandbox.git(&["show", &format!("{branch}:kept.txt")]), "a\n", "{end}");
    }
}

/// A restart in the middle of a fix gives the fix up; nothing happens until the work changes.
#[test]
fn a_restart_in_the_middle_of_a_fix_goes_on_with_the_fix_alone() {
    let play = Play::new();
    let marks = play.sandbox.marks();
    play.part("review.1", &says(BLOCKED)).part("confirm", &says(CONFIRMED));
    play.part("fix.1", &format!("{}; sleep 600", marks.here())).part("fix", "echo good day > greeting.txt");
    let id = play.approved();
    kill(begun(&play, &id, &marks), &marks);
    play.sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(play.turns(), "code.1 confirm.1 fix.1 fix.2 plan.1 review.1 review.2 spec.1");
    assert!(play.prompt("fix.2").contains("The greeting is not polite"), "{}", play.prompt("fix.2"));
    assert_eq!(play.sandbox.read("greeting.txt"), "good day\n");
}

/// The rounds of a loop are counted by a process, and begin at zero after each restart.
#[test]
fn restarts_give_a_reviewer_who_is_never_content_no_further_rounds() {
    let play = Play::new();
    let marks = play.sandbox.marks();
    let cut = format!("{}; sleep 600", marks.here());
    let other = |text: &str| says(&BLOCKED.replace("The greeting is not polite", text));
    play.part("review", &says(BLOCKED)).part("review.2", &cut).part("review.4", &cut);
    play.part("review.1", &other("Nobody is greeted by name")).part("review.3", &other("There is no test"));
    play.part("confirm", &says(CONFIRMED)).part("fix", "echo again >> greeting.txt");
    let id = play.approved();
    for _ in 0..2 {
        kill(begun(&play, &id, &marks), &marks);
    }
    play.sandbox.fails(&["run", &id], 4);
    assert_eq!(play.sandbox.status(&id), "waiting: review-rejected");
    assert_eq!(play.turns().matches("fix.").count(), 3, "{}", play.turns());
}

/// A restart loses what was done, and does it once more at full cost.
#[test]
fn a_step_that_is_done_is_not_done_again_after_a_restart() {
    let play = Play::new();
    let marks = play.sandbox.marks();
    let two = "### S1: One\n- files: one.txt\n- gate: `test -s one.txt`\n\nWrite one.\n\n\
               ### S2: Two\n- files: one.txt, two.txt\n- gate: `test -s two.txt`\n\nWrite two.\n";
    let log = play.sandbox.folder("play").join("log");
    let begin = format!("echo $AIFACTORY_STEP >> {}", log.display());
    let work = "case $AIFACTORY_STEP in S1) echo 1 > one.txt ;; S2) echo 2 > two.txt ;; esac";
    play.part("plan", &says(two)).part("code", &format!("{begin}; {work}"));
    play.part("code.2", &format!("{begin}; {}; sleep 600", marks.here()));
    let id = play.approved();
    kill(begun(&play, &id, &marks), &marks);
    play.sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(fs::read_to_string(log).unwrap(), "S1\nS2\nS2\n");
    assert_eq!(play.turns(), "code.1 code.2 code.3 plan.1 review.1 spec.1");
}

/// Words for an agent are in memory only, and lost with the process.
#[test]
fn what_was_said_during_a_run_that_died_is_told_to_the_next_one() {
    let play = Play::new();
    let marks = play.sandbox.marks();
    play.part("code.1", &format!("{}; sleep 600", marks.here()));
    let id = play.approved();
    let run = begun(&play, &id, &marks);
    play.sandbox.ok(&["say", &id, "greet the cat, too"]);
    kill(run, &marks);
    play.sandbox.ok(&["run", &id]);
    assert!(play.prompt("code.2").contains("greet the cat, too"), "{}", play.prompt("code.2"));
}

/// A reviewer that may read only changes what it judges.
#[test]
fn what_a_reviewer_left_when_it_was_killed_is_no_part_of_the_work() {
    let play = Play::new();
    let marks = play.sandbox.marks();
    let meddles = "echo mine > mine.txt; git add .; git commit -qm mine; echo more > more.txt";
    play.part("review.1", &format!("{meddles}; {}; sleep 600", marks.here()));
    let id = play.approved();
    kill(begun(&play, &id, &marks), &marks);
    play.sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(play.sandbox.git(&["ls-tree", "--name-only", "main"]), "README.md\ngreeting.txt\n");
}

/// A rate limit leaves steps in progress for ever, and what was done before it is done again.
#[test]
fn a_rate_limit_leaves_nothing_in_progress_and_nothing_to_do_again() {
    let limited =
        r#"echo '{"event":"finished","ok":false,"cause":"rate-limit","text":"429 Too many requests"}'; exit 1"#;
    for (role, expected) in [
        ("code.1", "code.1 \nother.1 resume code.1\nreview.1 \n"),
        ("review.1", "code.1 \nreview.1 \nother.1 resume review.1\n"),
    ] {
        let play = Play::speaking();
        let play = play.with("AIFACTORY_RUN_RATE_LIMIT_WAIT", "1h");
        play.speaks("code", "echo hello > greeting.txt", &finished("I wrote it."));
        play.speaks("review", "", &finished(APPROVED));
        play.speaks("other", "test -e greeting.txt || echo hello > greeting.txt", &finished(APPROVED));
        play.speaks(role, "", limited);
        let sandbox = &play.sandbox;
        let id = sandbox.approved("Greet people", PLAN);
        let mut run = spawned(&mut sandbox.command(&["run", &id]));
        eventually("the task is parked", || !sandbox.task(&id)["not_before"].is_null());
        let task = sandbox.task(&id);
        assert_eq!((&task["status"], &task["claim"]), (&"ready".into(), &serde_json::Value::Null), "{role}");
        assert!(!task["steps"].to_string().contains("running"), "{role}: {task}");
        run.kill();
        sandbox.ok(&["resume", &id]);
        sandbox.ok(&["run", &id]);
        assert_eq!(play.calls(), expected);
        assert_eq!(sandbox.status(&id), "review");
    }
}
