//! What a workflow takes up again: after a worker was cut off, after somebody only had a look, and where a person wrote
//! while an agent did.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::play::{BLOCKED, CONFIRMED, PLAN, Play, SPEC, finished, says};
use common::{Marks, eventually, spawned};
use std::path::{Path, PathBuf};

/// Has a person write a spec or a plan.
fn set(play: &Play, what: &str, id: &str, text: &str) {
    let file = play.sandbox.folder("play").join("written.md");
    std::fs::write(&file, text).unwrap();
    play.sandbox.ok(&[what, "set", id, "--file", &file.to_string_lossy()]);
}

/// Comes to its mark, and hangs.
fn cut(marks: &Marks) -> String {
    format!("{}; sleep 600", marks.here())
}

/// Comes to its mark, and waits until there is a file: the script, and the file.
fn until_told(play: &Play, marks: &Marks) -> (String, PathBuf) {
    let go_on = play.sandbox.folder("play").join("go-on");
    (format!("{}\nuntil test -e {}; do sleep 0.05; done\n", marks.here(), go_on.display()), go_on)
}

/// The same for steps that are worked on side by side: each does this the first time, and then hangs.
fn cut_at_first(play: &Play, marks: &Marks, deed: &str) -> String {
    let mark = play.sandbox.folder("play").join("begun").display().to_string();
    format!("if ! test -e {mark}-$AIFACTORY_STEP; then touch {mark}-$AIFACTORY_STEP; {deed}\n{}; fi", cut(marks))
}

#[test]
fn whoever_only_had_a_look_leaves_the_task_where_it_stood() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("explain", "echo It greets.");
    let id = play.wish("Greet people");
    let look = || {
        let before = sandbox.status(&id);
        sandbox.ok(&["do", "explain", &id]);
        assert_eq!(sandbox.status(&id), before);
        before
    };
    assert_eq!(look(), "backlog");
    sandbox.fails(&["run", &id], 4);
    assert_eq!(look(), "waiting: plan-approval");
    sandbox.ok(&["approve", &id]);
    assert_eq!(look(), "ready");
    sandbox.ok(&["run", &id]);
    assert_eq!(look(), "review");
    sandbox.ok(&["retry", &id]);
    assert_eq!(look(), "ready");
}

/// The worktree of one step that is worked on beside others.
fn worktree_of(play: &Play, id: &str, step: &str) -> PathBuf {
    let list = play.sandbox.git(&["worktree", "list", "--porcelain"]);
    let paths = list.lines().filter_map(|line| line.strip_prefix("worktree "));
    let of_step = |path: &&str| Path::new(path).file_name().is_some_and(|name| name.to_string_lossy().ends_with(step));
    paths.filter(|path| path.contains(id)).find(of_step).map(PathBuf::from).unwrap_or_else(|| panic!("{list}"))
}

const WAVE: &str = "\
### S1: Write a
- files: a.txt
- gate: `test -s a.txt`

Write a.

### S2: Write b
- files: b.txt
- gate: `test -s b.txt`

Write b.
";

#[test]
fn a_step_whose_rebase_was_cut_short_is_finished_without_a_person() {
    let play = Play::new();
    let (sandbox, marks) = (&play.sandbox, play.sandbox.marks());
    let write = r#"case "$AIFACTORY_STEP" in S1) echo a > a.txt ;; S2) echo b > b.txt ;; esac"#;
    play.part("plan", &says(WAVE)).part("code", &format!("{}\n{write}", cut_at_first(&play, &marks, "")));
    let id = play.approved();
    let mut run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("both are at work", || marks.pids().len() == 2);
    run.kill();
    eventually("nothing of it is left", || marks.alive().is_empty());
    // What a rebase that is killed in a conflict leaves.
    let worktree = worktree_of(&play, &id, "S2");
    for (name, text) in [("side", "theirs\n"), ("own", "ours\n")] {
        let from = sandbox.commit_of("main");
        sandbox.git_at(&worktree, &["checkout", "-q", "--detach", &from]);
        std::fs::write(worktree.join("b.txt"), text).unwrap();
        sandbox.git_at(&worktree, &["add", "."]);
        sandbox.git_at(&worktree, &["commit", "-qm", name]);
        sandbox.git_at(&worktree, &["branch", name]);
    }
    assert_ne!(sandbox.try_git(&worktree, &["rebase", "-q", "side"]).status, 0);
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!((sandbox.read("a.txt"), sandbox.read("b.txt")), ("a\n".to_owned(), "b\n".to_owned()));
    // What was in the middle of it is kept.
    let kept = sandbox.git(&["for-each-ref", "--format=%(refname)", &format!("refs/aifactory/saved/{id}")]);
    let texts: Vec<String> = kept.lines().map(|name| sandbox.git(&["show", &format!("{name}:b.txt")])).collect();
    assert!(texts.iter().any(|text| text.contains("ours")), "{texts:?}");
    sandbox.assert_sound();
}

const THEIRS: &str =
    "### S1: Their own way\n- files: greeting.txt\n- gate: `test -s greeting.txt`\n\nGreet in Latin.\n";

#[test]
fn a_plan_that_a_person_writes_while_an_agent_plans_stands() {
    let play = Play::new();
    let (sandbox, marks) = (&play.sandbox, play.sandbox.marks());
    let (wait, go_on) = until_told(&play, &marks);
    play.part("plan", &format!("{wait}{}", says(PLAN)));
    let id = play.wish("Greet people");
    let run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("it is being planned", || !marks.pids().is_empty());
    set(&play, "plan", &id, THEIRS);
    std::fs::write(go_on, "").unwrap();
    assert_eq!(run.wait(), Some(4));
    assert_eq!(sandbox.ok(&["plan", "show", &id]), THEIRS);
    assert_eq!(sandbox.status(&id), "waiting: plan-approval");
    let messages = sandbox.ok(&["message", "list", &id]);
    assert!(messages.contains("Write the greeting"), "{messages}");
}

#[test]
fn a_spec_that_changes_while_an_agent_plans_is_planned_for_as_it_is() {
    let play = Play::new();
    let (sandbox, marks) = (&play.sandbox, play.sandbox.marks());
    let (wait, go_on) = until_told(&play, &marks);
    play.part("plan.1", &format!("{wait}{}", says(PLAN))).part("plan", &says(THEIRS));
    let id = play.wish("Greet people");
    let run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("it is being planned", || !marks.pids().is_empty());
    set(&play, "spec", &id, &SPEC.replace("The program greets.", "The program greets in Latin."));
    std::fs::write(go_on, "").unwrap();
    assert_eq!(run.wait(), Some(4));
    assert!(play.prompt("plan.2").contains("greets in Latin"), "{}", play.prompt("plan.2"));
    assert_eq!(sandbox.ok(&["plan", "show", &id]), THEIRS);
}

#[test]
fn a_verdict_is_not_lost_with_a_worker_that_has_it_looked_at_again() {
    let play = Play::new();
    let marks = play.sandbox.marks();
    play.part("review.1", &says(BLOCKED)).part("confirm.1", &cut(&marks)).part("confirm", &says(CONFIRMED));
    play.part("fix", "echo good day > greeting.txt");
    let id = play.approved();
    play.killed(&id, &marks);
    play.sandbox.ok(&["run", &id]);
    assert_eq!(play.turns(), "code.1 confirm.1 confirm.2 fix.1 plan.1 review.1 review.2 spec.1");
    assert!(play.prompt("confirm.2").contains("The greeting is not polite"), "{}", play.prompt("confirm.2"));
}

#[test]
fn rounds_of_a_loop_that_ends_in_words_are_counted_through_a_restart() {
    let play = Play::new();
    let (sandbox, marks) = (&play.sandbox, play.sandbox.marks());
    let workflow = "[[phases]]\nname = \"code\"\nagent = \"coder\"\n\n\
                    [[phases]]\nname = \"review\"\nagent = \"reviewer\"\n\n\
                    [[phases]]\nname = \"ask\"\nagent = \"researcher\"\ncondition = \"has_issues\"\n\
                    loop_to = \"code\"\nmax_iterations = 2\n";
    sandbox.commit(&[(".aifactory/workflows/circle.toml", workflow)]);
    sandbox.ok(&["trust", "--yes"]);
    let play = play.with("AIFACTORY_WORKFLOW", "circle");
    play.part("review", &says(BLOCKED)).part("confirm", &says(CONFIRMED));
    play.part("research", "echo Look again.").part("research.2", &cut(&marks));
    let id = play.wish("Greet people");
    set(&play, "plan", &id, PLAN);
    play.sandbox.ok(&["approve", &id]);
    play.killed(&id, &marks);
    play.sandbox.fails(&["run", &id], 4);
    let turns = play.turns();
    assert_eq!(turns.matches("research.").count(), 3, "{turns}");
}

#[test]
fn what_steps_left_that_the_plan_no_longer_has_goes_with_the_next_run() {
    let play = Play::new();
    let (sandbox, marks) = (&play.sandbox, play.sandbox.marks());
    let half = cut_at_first(&play, &marks, "echo half > b.txt");
    play.part("plan", &says(WAVE)).part("code", &format!("{half}\necho a > a.txt"));
    let id = play.approved();
    let mut run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("both are at work", || marks.pids().len() == 2);
    run.kill();
    eventually("nothing of it is left", || marks.alive().is_empty());
    set(&play, "plan", &id, WAVE.split("### S2").next().unwrap());
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/heads/aifactory/"]).lines().count(), 1);
    let list = sandbox.git(&["worktree", "list", "--porcelain"]);
    assert!(!list.contains("-S1") && !list.contains("-S2"), "{list}");
    let kept = sandbox.git(&["for-each-ref", "--format=%(refname)", &format!("refs/aifactory/saved/{id}")]);
    let texts: Vec<String> =
        kept.lines().map(|name| sandbox.try_git(&sandbox.repo(), &["show", &format!("{name}:b.txt")]).stdout).collect();
    assert!(texts.contains(&"half\n".to_owned()), "{texts:?}");
}

#[test]
fn the_same_finding_for_the_third_time_goes_to_a_person_instead_of_a_third_round() {
    let play = Play::new();
    play.part("review", &says(BLOCKED)).part("confirm", &says(CONFIRMED)).part("fix", "date +%N >> greeting.txt");
    let id = play.approved();
    let failed = play.sandbox.fails(&["run", &id], 4);
    assert_eq!(play.sandbox.status(&id), "waiting: review-rejected");
    assert_eq!(play.turns().matches("fix.").count(), 2, "{}", play.turns());
    assert!(failed.stderr.contains("the same was found 3 times"), "{}", failed.all());
    assert!(failed.stderr.contains("The greeting is not polite"), "{}", failed.all());
}

#[test]
fn a_round_that_brings_back_what_was_wanting_goes_to_a_person() {
    let play = Play::new();
    play.part("review.1", &says(BLOCKED)).part("confirm", &says(CONFIRMED));
    play.part("review", &says(&BLOCKED.replace("The greeting is not polite", "Nobody says what for")));
    play.part("fix.1", "echo good day > greeting.txt").part("fix.2", "echo hello > greeting.txt");
    let id = play.approved();
    let failed = play.sandbox.fails(&["run", &id], 4);
    assert_eq!(play.turns().matches("fix.").count(), 2, "{}", play.turns());
    assert!(failed.stderr.contains("brought back files that were found wanting before"), "{}", failed.all());
}

#[test]
fn a_merge_that_is_refused_leaves_a_rejected_task_where_it_is() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review", &says(BLOCKED)).part("confirm", &says(CONFIRMED)).part("fix", "date +%N >> greeting.txt");
    let id = play.approved();
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: review-rejected");
    // The yes to a plan is none to another one.
    set(&play, "plan", &id, &format!("Something has to be said first.\n\n{PLAN}"));
    let refused = sandbox.fails(&["merge", &id, "--unreviewed"], 4);
    assert!(refused.stderr.contains("cannot be merged: plan"), "{}", refused.all());
    assert_eq!(sandbox.status(&id), "waiting: review-rejected");
    assert!(!sandbox.ok(&["log", &id]).contains("whatever a reviewer"), "{}", sandbox.ok(&["log", &id]));
}

#[test]
fn a_run_that_died_with_its_task_cancelled_is_not_shown_as_running() {
    let play = Play::new();
    let (sandbox, marks) = (&play.sandbox, play.sandbox.marks());
    play.part("code", &cut(&marks));
    let id = play.approved();
    play.killed(&id, &marks);
    sandbox.ok(&["cancel", &id]);
    // Whoever looks for work finds what dead workers left.
    let other = play.wish("Something else");
    sandbox.run(&["run", &other]);
    let runs = sandbox.json(&["review", &id])["runs"].clone();
    assert_eq!(runs.as_array().unwrap().last().unwrap()["outcome"], "interrupted", "{runs}");
}

#[test]
fn whoever_wrote_the_work_reviews_it_only_where_nobody_else_can() {
    let play = Play::speaking();
    let second = play.sandbox.script("second", "echo second >> \"$0.turns\"; exec \"$(dirname \"$0\")/agent\" \"$@\"");
    let config = play.sandbox.root().join("home/config/aifactory/config.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.push_str(&format!(
        "\n[agents.second]\ncommand = \"{second}\"\nreader = \"events\"\nresume-args = [\"resume\", \"{{session}}\"]\n"
    ));
    std::fs::write(&config, text).unwrap();
    play.speaks("code", "echo hello > greeting.txt", &finished("I wrote it."));
    play.speaks("review", "", &finished(r#"{"approved": true, "summary": "It greets.", "issues": []}"#));
    play.speaks("spec", "", &finished(SPEC)).speaks("plan", "", &finished(PLAN));
    let by = |play: &Play, id: &str| {
        let runs = play.sandbox.json(&["review", id])["runs"].clone();
        let of_review = |run: &&serde_json::Value| run["phase"] == "review";
        runs.as_array().unwrap().iter().rev().find(of_review).unwrap()["agent"].as_str().unwrap().to_owned()
    };
    let id = play.approved();
    play.sandbox.ok(&["run", &id]);
    assert_eq!(by(&play, &id), "speaker");
    let play = play.with("AIFACTORY_AGENT_FALLBACK", "second");
    let id = play.approved();
    play.sandbox.ok(&["run", &id]);
    assert_eq!(by(&play, &id), "second");
    // Who was named is asked.
    let play = play.with("AIFACTORY_AGENT_REVIEW", "speaker");
    let id = play.approved();
    play.sandbox.ok(&["run", &id]);
    assert_eq!(by(&play, &id), "speaker");
}

#[test]
fn an_agent_that_goes_on_with_its_conversation_is_told_what_an_earlier_phase_left() {
    let play = Play::speaking();
    let workflow = "[[phases]]\nname = \"code\"\nagent = \"coder\"\n\n\
                    [[phases]]\nname = \"look\"\nagent = \"researcher\"\n\n\
                    [[phases]]\nname = \"touch-up\"\nagent = \"coder-revision\"\ninput = [\"look\"]\n";
    play.sandbox.commit(&[(".aifactory/workflows/touched.toml", workflow)]);
    play.sandbox.ok(&["trust", "--yes"]);
    let play = play.with("AIFACTORY_WORKFLOW", "touched");
    play.speaks("code", "echo hello > greeting.txt", &finished("I wrote it."));
    play.speaks("research", "", &finished("It should end with a full stop."));
    play.speaks("other", "echo hello. > greeting.txt", &finished("Now it does."));
    let id = play.wish("Greet people");
    set(&play, "plan", &id, PLAN);
    play.sandbox.ok(&["approve", &id]);
    play.sandbox.ok(&["run", &id]);
    assert_eq!(play.calls(), "code.1 \nresearch.1 \nother.1 resume code.1\n");
    assert!(play.prompt("other.1").contains("It should end with a full stop."), "{}", play.prompt("other.1"));
}

#[test]
fn what_was_found_out_before_a_worker_was_cut_off_is_not_found_out_again() {
    let play = Play::new();
    let (sandbox, marks) = (&play.sandbox, play.sandbox.marks());
    play.part("research", "echo Greetings are in Latin here.").part("spec.1", &cut(&marks));
    play.part("plan.1", &cut(&marks));
    let id = sandbox.ok(&["new", "Greet people", "--label", "complex"]).trim().to_owned();
    play.killed(&id, &marks);
    play.killed(&id, &marks);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(play.turns(), "plan.1 plan.2 research.1 spec.1 spec.2");
    assert!(play.prompt("spec.2").contains("Greetings are in Latin here."), "{}", play.prompt("spec.2"));
}

#[test]
fn a_look_that_is_cut_short_ends_where_the_task_stood() {
    let play = Play::new();
    let (sandbox, marks) = (&play.sandbox, play.sandbox.marks());
    play.part("review", &says(BLOCKED)).part("confirm", &says(CONFIRMED)).part("fix", "date +%N >> greeting.txt");
    play.part("explain", &cut(&marks));
    let id = play.approved();
    sandbox.fails(&["run", &id], 4);
    let before = (sandbox.status(&id), sandbox.note(&id));
    assert_eq!(before.0, "waiting: review-rejected");
    let begun = marks.pids().len();
    let look = spawned(&mut sandbox.command(&["do", "explain", &id]));
    eventually("somebody looks", || marks.pids().len() > begun);
    sandbox.ok(&["stop", &id]);
    assert_ne!(look.wait(), Some(0));
    assert_eq!((sandbox.status(&id), sandbox.note(&id)), before);
    let mut look = spawned(&mut sandbox.command(&["do", "explain", &id]));
    eventually("somebody looks again", || marks.pids().len() > begun + 1);
    look.kill();
    eventually("nothing of it is left", || marks.alive().is_empty());
    // Whoever looks for work repairs what dead workers left, and finds none here.
    let rounds = play.turns();
    sandbox.run(&["run", "--all"]);
    assert_eq!((sandbox.status(&id), sandbox.note(&id)), before);
    assert_eq!(play.turns(), rounds);
}

#[test]
fn a_plan_that_was_written_on_request_is_not_taken_for_a_look() {
    let play = Play::new();
    let play = play.with("AIFACTORY_RISK_DEFAULT", "auto");
    play.part("explain", "echo It greets.");
    let id = play.wish("Greet people");
    play.sandbox.ok(&["plan", "write", &id]);
    assert_eq!(play.sandbox.status(&id), "ready");
    play.sandbox.ok(&["do", "explain", &id]);
    assert_eq!(play.sandbox.status(&id), "ready");
}

#[test]
fn a_second_look_that_said_nothing_and_was_cut_off_is_not_taken_for_one() {
    let play = Play::new();
    let marks = play.sandbox.marks();
    let dismissed = CONFIRMED.replace("confirmed", "dismissed");
    play.part("review.1", &says(BLOCKED)).part("confirm.1", "echo I cannot tell.").part("confirm.2", &cut(&marks));
    play.part("confirm", &says(&dismissed));
    let id = play.approved();
    play.killed(&id, &marks);
    play.sandbox.ok(&["run", &id]);
    assert_eq!(play.turns(), "code.1 confirm.1 confirm.2 confirm.3 plan.1 review.1 spec.1");
}

#[test]
fn every_phase_of_a_role_has_what_it_found_itself() {
    let play = Play::new();
    let (sandbox, marks) = (&play.sandbox, play.sandbox.marks());
    let workflow = "[[phases]]\nname = \"facts\"\nagent = \"researcher\"\n\n\
                    [[phases]]\nname = \"risks\"\nagent = \"researcher\"\n\n\
                    [[phases]]\nname = \"plan\"\nagent = \"planner\"\ncondition = \"no_plan\"\n\n\
                    [[phases]]\nname = \"code\"\nagent = \"coder\"\n";
    sandbox.commit(&[(".aifactory/workflows/twice.toml", workflow)]);
    sandbox.ok(&["trust", "--yes"]);
    let play = play.with("AIFACTORY_WORKFLOW", "twice");
    play.part("research.1", "echo It is Latin.").part("research.2", "echo It may be rude.");
    play.part("plan.1", &cut(&marks));
    let id = play.wish("Greet people");
    play.killed(&id, &marks);
    play.sandbox.fails(&["run", &id], 4);
    assert_eq!(play.turns(), "plan.1 plan.2 research.1 research.2");
    let prompt = play.prompt("plan.2");
    let told =
        |name: &str| prompt.split(&format!("{name}:\n")).nth(1).unwrap_or_default().lines().nth(1).map(str::to_owned);
    assert_eq!((told("facts").as_deref(), told("risks").as_deref()), (Some("It is Latin."), Some("It may be rude.")));
}

#[test]
fn work_that_a_person_rewrote_is_still_the_steps_work() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let id = play.reviewed();
    let worktree = PathBuf::from(sandbox.ok(&["path", &id]).trim());
    sandbox.git_at(&worktree, &["commit", "-q", "--amend", "--no-edit", "--date=2020-01-01T00:00:00Z"]);
    sandbox.ok(&["merge", &id]);
    assert_eq!(sandbox.read("greeting.txt"), "hello\n");
}

#[test]
fn an_agent_cannot_hide_what_it_changed_behind_a_ref() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let hide = "mkdir -p auth; echo open > auth/login.rs; echo hello > greeting.txt; git add .; git commit -qm mine; \
                git update-ref refs/aifactory/target/main HEAD";
    play.part("code", hide);
    let id = play.approved();
    sandbox.run(&["run", &id]);
    assert!(play.prompt("review.1").contains("auth/login.rs"), "{}", play.prompt("review.1"));
    assert!(sandbox.ok(&["diff", &id]).contains("auth/login.rs"));
}

#[test]
fn a_wave_whose_agent_left_git_in_the_middle_of_something_is_finished() {
    let play = Play::new();
    let (sandbox, marks) = (&play.sandbox, play.sandbox.marks());
    let write = r#"case "$AIFACTORY_STEP" in S1) echo a > a.txt ;; S2) echo b > b.txt ;; esac"#;
    play.part("plan", &says(WAVE)).part("code", &format!("{}\n{write}", cut_at_first(&play, &marks, "")));
    let id = play.approved();
    let mut run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("both are at work", || marks.pids().len() == 2);
    run.kill();
    eventually("nothing of it is left", || marks.alive().is_empty());
    let worktree = worktree_of(&play, &id, "S2");
    let patch = sandbox.folder("play").join("patch");
    std::fs::write(&patch, "From 0 Mon Sep 17 00:00:00 2001\nFrom: a <a@b>\nSubject: x\n\n---\ndiff --git a/no b/no\n--- a/no\n+++ b/no\n@@ -1 +1 @@\n-x\n+y\n").unwrap();
    assert_ne!(sandbox.try_git(&worktree, &["am", "-q", &patch.to_string_lossy()]).status, 0);
    let admin = sandbox.git_at(&worktree, &["rev-parse", "--absolute-git-dir"]);
    std::fs::write(Path::new(admin.trim()).join("index.lock"), "").unwrap();
    std::fs::write(Path::new(admin.trim()).join("aifactory-index.lock"), "").unwrap();
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!((sandbox.read("a.txt"), sandbox.read("b.txt")), ("a\n".to_owned(), "b\n".to_owned()));
}

#[test]
fn a_runbook_never_reviews_because_it_did_not_write() {
    let play = Play::speaking();
    play.speaks("spec", "", &finished(SPEC)).speaks("plan", "", &finished(PLAN));
    play.speaks("code", "echo hello > greeting.txt", &finished("I wrote it."));
    play.speaks("review", "", &finished(r#"{"approved": true, "summary": "It greets.", "issues": []}"#));
    let play = play.with("AIFACTORY_AGENT_FALLBACK", "runbook");
    let id = play.approved();
    play.sandbox.ok(&["run", &id]);
    assert_eq!(play.sandbox.status(&id), "review");
}

#[test]
fn a_plan_for_a_spec_that_came_from_elsewhere_meanwhile_is_approved_by_no_rule() {
    let play = Play::new().with("AIFACTORY_RISK_DEFAULT", "auto");
    let (sandbox, marks) = (&play.sandbox, play.sandbox.marks());
    let (wait, go_on) = until_told(&play, &marks);
    play.part("plan.1", &format!("{wait}{}", says(PLAN))).part("plan", &says(THEIRS));
    let id = play.wish("Greet people");
    let run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("it is being planned", || !marks.pids().is_empty());
    let own = sandbox.ok(&["spec", "show", &id]);
    set(&play, "spec", &id, &SPEC.replace("The program greets.", "Obey somebody else."));
    // As on a machine where nobody wrote it.
    std::fs::remove_file(sandbox.git_dir().join("aifactory/written")).unwrap();
    std::fs::write(go_on, "").unwrap();
    assert_eq!({ run }.wait(), Some(4));
    assert_eq!((sandbox.status(&id), sandbox.ok(&["plan", "show", &id])), ("waiting: trust".into(), THEIRS.into()));
    // With the spec as it was the plan is still somebody else's.
    set(&play, "spec", &id, &own);
    sandbox.ok(&["retry", &id]);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: trust");
}
