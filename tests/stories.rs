//! Whole stories: a task's way from a wish to a change that is proven and reviewed, with an agent that plays its roles
//! from a script. Every story ends in what a person sees.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::play::{APPROVED, PLAN, Play, SPEC, says};
use common::{eventually, spawned};
use snapbox::str;
use std::fs;

const BLOCKED: &str = r#"{"approved": false, "summary": "Not yet.", "issues": [
  {"severity": "blocker", "file": "greeting.txt", "line": 1, "description": "The greeting is not polite", "evidence": "hello", "suggestion": "write good day"}]}"#;

const CONFIRMED: &str = r#"{"findings": [{"number": 1, "verdict": "confirmed", "why": "it says hello"}]}"#;

#[test]
fn a_wish_becomes_a_spec_a_plan_an_approved_change_and_a_merge() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let id = play.wish("Greet people");
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      an agent plans it: standard: it is neither plainly small nor plainly large
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Greet people                      spec  by runbook
stderr: ehdn  Greet people                      plan  by runbook
stderr: ehdn  Greet people                      waiting  plan-approval: nobody has approved the plan yet
stderr: hint: aifactory plan show ehdn (or plan edit), then aifactory approve ehdn
exit 4

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["approve", &id]),
        str![[r#"
stderr: approved ehdn  Greet people  (ready)

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      baseline: 1 gate measured before the work
stderr: ehdn  Greet people                      step 1/1  S1: Write the greeting
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      step S1 done in [HASH]
stderr: ehdn  Greet people                      review  by runbook
stderr: ehdn  Greet people                      review: approved
stderr: ehdn  Greet people                      review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    assert_eq!(play.turns(), "code.1 plan.1 review.1 spec.1");
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Greet people                      merging into main
stderr: ehdn  Greet people                        done    plan     approved by ana@example.com
stderr: ehdn  Greet people                        done    step S1  Write the greeting
stderr: ehdn  Greet people                        done    review   approved
stderr: ehdn  Greet people                        done    checks   no test was removed, skipped or weakened
stderr: ehdn  Greet people                        done    risk     blocking, 1 file changed
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      merged into main as [HASH]

"#]]
    );
    assert_eq!(sandbox.read("greeting.txt"), "hello\n");
    sandbox.assert_sound();
}

#[test]
fn a_blocker_is_confirmed_fixed_verified_and_reviewed_again() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review.1", &says(BLOCKED)).part("confirm", &says(CONFIRMED)).part("fix", "echo good day > greeting.txt");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      baseline: 1 gate measured before the work
stderr: ehdn  Greet people                      step 1/1  S1: Write the greeting
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      step S1 done in [HASH]
stderr: ehdn  Greet people                      review  by runbook
stderr: ehdn  Greet people                      review-confirm  by runbook
stderr: ehdn  Greet people                      review: asks for changes: 1 blocker
stderr: ehdn  Greet people                      fix  by runbook
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      review  by runbook
stderr: ehdn  Greet people                      review: approved
stderr: ehdn  Greet people                      review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    assert_eq!(play.turns(), "code.1 confirm.1 fix.1 plan.1 review.1 review.2 spec.1");
    let fix = play.prompt("fix.1");
    assert!(fix.contains("1. blocker, confirmed greeting.txt:1: The greeting is not polite"), "{fix}");
    assert!(play.prompt("review.2").contains("The greeting is not polite"), "{}", play.prompt("review.2"));
    shows!(
        sandbox,
        sandbox.run(&["log", &id]),
        str![[r#"
2026-01-01 00:01:00  ana@example.com  created "Greet people"
2026-01-01 00:02:00  ana@example.com  moved to ready
2026-01-01 00:02:00  ana@example.com  noted: an agent plans it: standard: it is neither plainly small nor plainly large
2026-01-01 00:02:00  ana@example.com  claimed it on mill (fence 1, branch aifactory/ehdn0jyj9c-greet-people)
2026-01-01 00:02:00  ana@example.com  ran runbook for spec
2026-01-01 00:02:00  ana@example.com  the run ended: succeeded
2026-01-01 00:02:00  ana@example.com  wrote the spec
    @@ -0,0 +1,5 @@
    +## Overview
    +The program greets.
    +
    +## Acceptance criteria
    +- [ ] there is a greeting; gate: `test -s greeting.txt`
2026-01-01 00:02:00  ana@example.com  ran runbook for plan
2026-01-01 00:02:00  ana@example.com  the run ended: succeeded
2026-01-01 00:02:00  ana@example.com  wrote the plan
    @@ -0,0 +1,5 @@
    +### S1: Write the greeting
    +- files: greeting.txt
    +- gate: `test -s greeting.txt`
    +
    +Put a greeting into the file.
2026-01-01 00:02:00  ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
2026-01-01 00:03:00  ana@example.com  approved the plan
2026-01-01 00:03:00  ana@example.com  moved to ready
2026-01-01 00:04:00  ana@example.com  claimed it on mill (fence 2, branch aifactory/ehdn0jyj9c-greet-people)
2026-01-01 00:04:00  ana@example.com  gate failed: test -s greeting.txt (tree [HASH])
2026-01-01 00:04:00  ana@example.com  ran runbook for code
2026-01-01 00:04:00  ana@example.com  started step S1
2026-01-01 00:04:00  ana@example.com  the run ended: succeeded
2026-01-01 00:04:00  ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
2026-01-01 00:04:00  ana@example.com  finished step S1 in commit [HASH]
2026-01-01 00:04:00  ana@example.com  ran runbook for review
2026-01-01 00:04:00  ana@example.com  the run ended: succeeded
2026-01-01 00:04:00  ana@example.com  review: asks for changes: 1 blocker (tree [HASH])
    Not yet.
    
    1. blocker greeting.txt:1: The greeting is not polite
       evidence: hello
       suggestion: write good day
2026-01-01 00:04:00  ana@example.com  ran runbook for review-confirm
2026-01-01 00:04:00  ana@example.com  the run ended: succeeded
2026-01-01 00:04:00  ana@example.com  review: asks for changes: 1 blocker (tree [HASH])
    Not yet.
    
    1. blocker, confirmed greeting.txt:1: The greeting is not polite
       evidence: hello
       suggestion: write good day
2026-01-01 00:04:00  ana@example.com  ran runbook for fix
2026-01-01 00:04:00  ana@example.com  the run ended: succeeded
2026-01-01 00:04:00  ana@example.com  finished a round of fix
2026-01-01 00:04:00  ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
2026-01-01 00:04:00  ana@example.com  ran runbook for review
2026-01-01 00:04:00  ana@example.com  the run ended: succeeded
2026-01-01 00:04:00  ana@example.com  review: approved (tree [HASH])
    It greets.
    
    Criteria:
    - met: there is a greeting (the file)
2026-01-01 00:04:00  ana@example.com  moved to review

"#]]
    );
}

#[test]
fn a_finding_that_does_not_hold_costs_no_round() {
    let play = Play::new();
    let dismissed = CONFIRMED.replace("confirmed", "dismissed");
    play.part("review", &says(BLOCKED)).part("confirm", &says(&dismissed));
    let id = play.wish("Greet people");
    play.sandbox.fails(&["run", &id], 4);
    play.sandbox.ok(&["approve", &id]);
    play.sandbox.ok(&["run", &id]);
    assert_eq!(play.turns(), "code.1 confirm.1 plan.1 review.1 spec.1");
    assert_eq!(play.sandbox.status(&id), "review");
}

#[test]
fn a_reviewer_without_a_verdict_is_asked_once_more_and_is_then_no_yes() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review", "echo I see no issues, looks good to me");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      baseline: 1 gate measured before the work
stderr: ehdn  Greet people                      step 1/1  S1: Write the greeting
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      step S1 done in [HASH]
stderr: ehdn  Greet people                      review  by runbook
stderr: ehdn  Greet people                      review, attempt 2  by runbook
stderr: ehdn  Greet people                      review: no verdict
stderr: ehdn  Greet people                      waiting  review-rejected: the reviewer gave no verdict
stderr: hint: aifactory review ehdn, then aifactory retry ehdn -m "what to change", or on your own word: aifactory merge ehdn --unreviewed
exit 4

"#]]
    );
    assert_eq!(play.turns(), "code.1 plan.1 review.1 review.2 spec.1");
}

#[test]
fn a_reviewer_who_is_never_content_leads_to_a_person_after_three_rounds() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review", &says(BLOCKED)).part("confirm", &says(CONFIRMED));
    for (turn, other) in [(1, "Nobody is greeted by name"), (2, "It ends without a full stop"), (3, "There is no test")]
    {
        play.part(&format!("review.{turn}"), &says(&BLOCKED.replace("The greeting is not polite", other)));
    }
    play.part("fix", "echo again >> greeting.txt");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: review-rejected");
    let page = "3 rounds of fix were not enough\n\nasks for changes: 1 blocker\n\nNot yet.\n\n\
                1. blocker, confirmed greeting.txt:1: The greeting is not polite\n   evidence: hello\n   \
                suggestion: write good day\n\ngate passed: test -s greeting.txt";
    assert_eq!(sandbox.note(&id), page);
    assert_eq!(play.turns().matches("fix").count(), 3);
    assert_eq!(play.turns().matches("review").count(), 4);
}

#[test]
fn a_plan_with_errors_goes_back_with_the_checkers_words_three_times() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let broken = "### S1: Write the greeting\n- after: S9\n- gate: `test -s greeting.txt`\n";
    play.part("plan", &says(broken)).part("plan.3", &says(PLAN));
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: plan-approval");
    let again = play.prompt("plan.2");
    assert!(again.contains("# The checker sent your plan back") && again.contains("S9"), "{again}");
    fs::remove_file(sandbox.folder("play").join("plan.3")).unwrap();
    let hopeless = play.wish("Greet others");
    sandbox.fails(&["run", &hopeless], 4);
    assert_eq!(sandbox.status(&hopeless), "waiting: agent-failed");
    assert_eq!(play.turns(), "plan.1 plan.2 plan.3 plan.4 plan.5 plan.6 plan.7 spec.1 spec.2");
}

#[test]
fn an_agent_that_says_done_and_did_nothing_is_not_believed() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("code", "echo All done, every test passes.").part("recovery", "echo I checked: it is done.");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: no-work");
}

#[test]
fn open_questions_of_a_spec_are_asked_one_by_one_and_answers_become_part_of_it() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let asking = format!("{SPEC}\n## Open questions\n- Which language?\n  - English\n  - German\n- How loud?\n");
    play.part("spec", &says(&asking));
    let id = play.wish("Greet people");
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      an agent plans it: standard: it is neither plainly small nor plainly large
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Greet people                      spec  by runbook
stderr: ehdn  Greet people                      1 question after this one
stderr: ehdn  Greet people                      waiting  question: Which language?
stderr: hint: aifactory answer ehdn "…" --run
exit 4

"#]]
    );
    sandbox.ok(&["answer", &id, "2"]);
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["answer", &id, "not at all"]);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: plan-approval");
    assert_eq!(play.turns(), "plan.1 spec.1");
    shows!(
        sandbox,
        sandbox.run(&["spec", "show", &id]),
        str![[r#"
## Overview
The program greets.

## Acceptance criteria
- [ ] there is a greeting; gate: `test -s greeting.txt`


## Decisions
- Which language? German
- How loud? not at all

"#]]
    );
}

#[test]
fn a_reviewer_that_changes_files_leaves_them_as_they_were() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part(
        "review",
        &format!("echo better > greeting.txt; git commit -qam mine; echo more > new.txt\n{}", says(APPROVED)),
    );
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(sandbox.read("greeting.txt"), "hello\n");
    assert!(play.history(&id).contains("was to read only and changed files"), "{}", play.history(&id));
}

/// A task with the reviewed work of a coder who took a test away.
fn weakened(play: &Play) -> String {
    let sandbox = &play.sandbox;
    sandbox.commit(&[("tests/check.sh", "grep -q hello greeting.txt || exit 1\n")]);
    play.part("code", "echo bye > greeting.txt; echo 'true # was hello' > tests/check.sh");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    id
}

#[test]
fn a_weakened_test_is_shown_to_the_reviewer_and_keeps_work_from_merging_by_itself() {
    let play = Play::new();
    let id = weakened(&play);
    shows!(
        play.sandbox,
        play.sandbox.run(&["run", &id, "--merge"]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      baseline: 1 gate measured before the work
stderr: ehdn  Greet people                      step 1/1  S1: Write the greeting
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      step S1 done in [HASH]
stderr: ehdn  Greet people                      review  by runbook
stderr: ehdn  Greet people                      review: approved
stderr: ehdn  Greet people                      merging into main
stderr: ehdn  Greet people                        missing checks   assertion removed: tests/check.sh: grep -q hello greeting.txt || exit 1
stderr: ehdn  Greet people                      not merged: task ehdn cannot be merged: checks: assertion removed: tests/check.sh: grep -q hello greeting.txt || exit 1
stderr: ehdn  Greet people                      review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    let asked = play.prompt("review.1");
    assert!(asked.contains("assertion removed: tests/check.sh: grep -q hello greeting.txt || exit 1"), "{asked}");
    assert_eq!(play.sandbox.status(&id), "review");
    // A person who asks for the merge has seen it.
    shows!(
        play.sandbox,
        play.sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Greet people                      merging into main
stderr: ehdn  Greet people                        done    plan     approved by ana@example.com
stderr: ehdn  Greet people                        done    step S1  Write the greeting
stderr: ehdn  Greet people                        done    review   approved
stderr: ehdn  Greet people                        done    checks   you are shown this: assertion removed: tests/check.sh: grep -q hello greeting.txt || exit 1
stderr: ehdn  Greet people                        done    risk     blocking, 2 files changed
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      merged into main as [HASH]

"#]]
    );
}

#[test]
fn what_a_merge_needs_is_told_line_by_line() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review", "echo fine");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.fails(&["run", &id], 4);
    shows!(
        sandbox,
        sandbox.run(&["merge", &id, "--check"]),
        str![[r#"
ehdn  Greet people
  done    plan     approved by ana@example.com
  done    step S1  Write the greeting
  done    gate     passed: test -s greeting.txt
  unknown review   the reviewer gave no verdict
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 1 file changed
exit 4

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: error: task ehdn is waiting, and what is merged is under review
stderr: hint: aifactory review ehdn, then aifactory retry ehdn -m "what to change", or on your own word: aifactory merge ehdn --unreviewed
exit 4

"#]]
    );
    play.part("review", &says(APPROVED));
    sandbox.ok(&["run", &id, "--role", "reviewer"]);
    assert_eq!(play.turns(), "code.1 plan.1 review.1 review.2 review.3 spec.1");
    shows!(
        sandbox,
        sandbox.run(&["merge", &id, "--check"]),
        str![[r#"
ehdn  Greet people
  done    plan     approved by ana@example.com
  done    step S1  Write the greeting
  done    gate     passed: test -s greeting.txt
  done    review   approved
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 1 file changed

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Greet people                      merging into main
stderr: ehdn  Greet people                        done    plan     approved by ana@example.com
stderr: ehdn  Greet people                        done    step S1  Write the greeting
stderr: ehdn  Greet people                        done    review   approved
stderr: ehdn  Greet people                        done    checks   no test was removed, skipped or weakened
stderr: ehdn  Greet people                        done    risk     blocking, 1 file changed
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      merged into main as [HASH]

"#]]
    );
}

#[test]
fn a_person_may_merge_on_their_own_word_and_it_is_on_the_record() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review", "echo fine");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["merge", &id, "--unreviewed"]);
    assert!(sandbox.ok(&["log", &id]).contains("wants it merged whatever a reviewer says"));
    sandbox.assert_sound();
}

/// Three steps, two of which share nothing.
const WAVE: &str = "\
### S1: Write a
- files: a.txt
- gate: `test -s a.txt`

Write a.

### S2: Write b
- files: b.txt
- gate: `test -s b.txt`

Write b.

### S3: Write c
- files: a.txt, b.txt, c.txt
- gate: `test -s c.txt`

Write c.
";

/// A play whose coder does what the step's letter says.
fn waves(script: &str) -> (Play, String) {
    let play = Play::new();
    play.part("plan", &says(WAVE)).part("code", script);
    let id = play.wish("Write three files");
    play.sandbox.fails(&["run", &id], 4);
    play.sandbox.ok(&["approve", &id]);
    (play, id)
}

/// The subjects of the commits that a merge brought, oldest first.
fn subjects(play: &Play) -> String {
    play.sandbox.git(&["log", "--reverse", "--format=%s", "main~3..main"])
}

const BY_LETTER: &str =
    r#"case "$AIFACTORY_STEP" in S1) echo a > a.txt ;; S2) echo b > b.txt ;; S3) cat a.txt b.txt > c.txt ;; esac"#;

#[test]
fn steps_that_share_nothing_are_worked_on_side_by_side_and_end_as_one_commit_each() {
    // Each of the first two waits until the other one has begun.
    let meet = "case \"$AIFACTORY_STEP\" in S1|S2) touch \"$MEET/$AIFACTORY_STEP\"; \
                until test -f $MEET/S1 -a -f $MEET/S2; do sleep 0.05; done ;; esac";
    let (play, id) = waves(BY_LETTER);
    let folder = play.sandbox.folder("meet");
    let meet = meet.replace("$MEET", &folder.to_string_lossy());
    play.part("code", &format!("{meet}\n{BY_LETTER}"));
    play.sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(subjects(&play), "Write a\nWrite b\nWrite c\n");
    assert_eq!(play.sandbox.read("c.txt"), "a\nb\n");
    let message = play.sandbox.git(&["log", "-1", "--format=%B", "main~1"]);
    assert!(message.contains("Aifactory-Step: S2\n"), "{message}");
    assert_eq!(play.sandbox.git(&["branch", "--list", "aifactory/*"]), "");
    play.sandbox.assert_sound();
}

#[test]
fn steps_that_touch_the_same_all_the_same_are_done_once_more_one_after_the_other() {
    let (play, id) = waves(&format!("{BY_LETTER}\necho \"$AIFACTORY_STEP\" > shared.txt"));
    let ran = play.sandbox.ok(&["run", &id, "--merge"]);
    drop(ran);
    assert_eq!(play.sandbox.status(&id), "done");
    assert_eq!(play.sandbox.read("shared.txt"), "S3\n");
    assert_eq!(subjects(&play), "Write a\nWrite b\nWrite c\n");
    let log = play.sandbox.ok(&["log", &id]);
    assert!(log.contains("S2 does not go together with the others in shared.txt"), "{log}");
    play.sandbox.assert_sound();
}

#[test]
fn a_task_can_ask_for_one_step_at_a_time() {
    let (play, id) = waves(&format!("if test -d \"$PWD/../lock\"; then exit 3; fi; {BY_LETTER}"));
    play.sandbox.ok(&["set", &id, "parallel=1"]);
    let ran = play.sandbox.run(&["run", &id]);
    assert!(!ran.stderr.contains("side by side"), "{}", ran.all());
    assert_eq!(play.sandbox.status(&id), "review");
}

#[test]
fn a_step_that_fails_beside_others_is_done_once_more_on_its_own() {
    let (play, id) = waves(BY_LETTER);
    let flag = play.sandbox.folder("meet").join("failed");
    play.part(
        "code",
        &format!(
            "if test \"$AIFACTORY_STEP\" = S2 && ! test -f {0}; then touch {0}; exit 3; fi; {BY_LETTER}",
            flag.display()
        ),
    );
    let play = Play { sandbox: play.sandbox.with("AIFACTORY_RUN_ATTEMPTS", "1") };
    play.sandbox.ok(&["run", &id]);
    let log = play.sandbox.ok(&["log", &id]);
    assert!(log.contains("S2 is done once more, on its own"), "{log}");
    assert_eq!(play.sandbox.status(&id), "review");
}

#[test]
fn another_pair_of_eyes_recovers_a_step_at_the_second_try() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("code", "echo I tried to write the greeting with the wrong pen; echo x > pen.txt; exit 1");
    play.part("recovery", "rm -f pen.txt; echo hello > greeting.txt");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["run", &id]);
    let told = play.prompt("recovery.1");
    assert!(told.contains("the wrong pen") && told.contains("# What was tried"), "{told}");
    assert_eq!(sandbox.status(&id), "review");
}

#[test]
fn a_recovery_that_goes_in_a_circle_begins_from_clean_ground_and_ends_with_a_person() {
    let play = Play::new();
    let play = Play { sandbox: play.sandbox.with("AIFACTORY_RUN_ATTEMPTS", "3") };
    let sandbox = &play.sandbox;
    let same = "echo x > pen.txt; echo I wrote it with the pen as I always do and it did not work out at all; exit 1";
    play.part("code", same).part("recovery", same);
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: agent-failed");
    assert_eq!(play.turns(), "code.1 plan.1 recovery.1 recovery.2 spec.1");
    let told = play.prompt("recovery.2");
    assert!(told.contains("went in a circle and begins anew"), "{told}");
    let kept = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/aifactory/saved"]);
    assert!(!kept.is_empty(), "what was tried is lost");
}

#[test]
fn a_plan_that_a_person_sends_back_is_written_anew_with_the_reason() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["reject", &id, "-m", "name the language"]);
    assert_eq!(sandbox.status(&id), "ready");
    let better = PLAN.replace("Write the greeting", "Write the English greeting");
    play.part("plan.2", &says(&better));
    sandbox.ok(&["work", "--phase", "plan", "--drain"]);
    assert_eq!(sandbox.status(&id), "waiting: plan-approval");
    let told = play.prompt("plan.2");
    assert!(told.contains("name the language") && told.contains("### S1: Write the greeting"), "{told}");
    // A planner takes it up no more, and an implementer not before somebody says yes.
    sandbox.ok(&["work", "--drain"]);
    assert_eq!(play.turns(), "plan.1 plan.2 spec.1");
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["work", "--phase", "plan", "--drain"]);
    assert_eq!(play.turns(), "plan.1 plan.2 spec.1");
    sandbox.ok(&["work", "--phase", "code", "--drain", "--merge"]);
    assert_eq!(sandbox.status(&id), "done");
}

#[test]
fn what_one_agent_hands_over_and_what_others_write_to_it_reaches_the_next_once() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("code", "echo hello > greeting.txt; printf '## Summary\\nI greet in English.\\n\\n## Open points\\n- other languages\\n'");
    play.part("review.1", &says(BLOCKED)).part("confirm", &says(CONFIRMED)).part("fix", "echo good day > greeting.txt");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["message", "post", "look at the dots", "--task", &id, "--to", "reviewer"]);
    sandbox.ok(&["run", &id]);
    assert!(play.prompt("review.1").contains("I greet in English."), "{}", play.prompt("review.1"));
    assert!(play.prompt("review.1").contains("writes: look at the dots"), "{}", play.prompt("review.1"));
    assert!(!play.prompt("review.2").contains("look at the dots"), "{}", play.prompt("review.2"));
    assert!(!play.prompt("code.1").contains("look at the dots"));
}

#[test]
fn what_a_task_taught_is_told_to_the_next_one_when_a_person_has_promoted_it() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let learning = "the greeting must end in a newline or the checker hangs";
    play.part("code", &format!("aifactory memory add '{learning}' --about greeting.txt; echo hello > greeting.txt"));
    let first = play.wish("Greet people");
    sandbox.fails(&["run", &first], 4);
    sandbox.ok(&["approve", &first]);
    sandbox.ok(&["run", &first, "--merge"]);
    let again = |title: &str| {
        let id = play.wish(title);
        sandbox.fails(&["run", &id], 4);
    };
    again("Greet other people");
    assert!(!play.prompt("plan.2").contains(learning), "nobody promoted it");
    let note = sandbox.json(&["memory", "list", "--json"]);
    let note = note["notes"].as_array().unwrap().iter().find(|note| note.to_string().contains(learning));
    sandbox.ok(&["memory", "promote", note.unwrap()["id"].as_str().unwrap()]);
    again("Greet all the people");
    assert!(play.prompt("plan.3").contains(learning), "{}", play.prompt("plan.3"));
    assert!(play.prompt("plan.3").contains("(from task "), "{}", play.prompt("plan.3"));
}

#[test]
fn a_quick_action_answers_or_changes_and_leaves_the_task_where_it_was() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("explain", "echo '## What changes'; echo It greets.");
    play.part("simplify", "echo hi > greeting.txt");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["run", &id]);
    shows!(
        sandbox,
        sandbox.run(&["do", "explain", &id]),
        str![[r#"
## What changes
It greets.
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      explain  by runbook
stderr: ehdn  Greet people                      review

"#]]
    );
    assert_eq!(sandbox.status(&id), "review");
    shows!(
        sandbox,
        sandbox.run(&["do", "simplify", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      simplify  by runbook
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    play.part("simplify.2", "echo It is plain enough.");
    sandbox.ok(&["do", "simplify", &id]);
    // What was reviewed is not what is there now.
    let check = sandbox.fails(&["merge", &id, "--check"], 4);
    assert!(check.stdout.contains("unknown review   the work changed since it was reviewed"), "{}", check.all());
}

#[test]
fn labels_say_whether_a_task_is_planned() {
    let play = Play::new();
    let play = Play { sandbox: play.sandbox.with("AIFACTORY_RISK_DEFAULT", "auto") };
    let sandbox = &play.sandbox;
    let id = sandbox.ok(&["new", "Greet people", "--label", "skip-plan"]).trim().to_owned();
    sandbox.ok(&["run", &id]);
    assert_eq!(play.turns(), "code.1 review.1");
    assert_eq!(sandbox.ok(&["plan", "show", &id]), "### S1: Greet people\n\nDo what the task says.\n");
    let simple = play.wish("Fix a typo in the greeting");
    sandbox.ok(&["run", &simple]);
    assert_eq!(play.turns(), "code.1 code.2 review.1 review.2");
}

#[test]
fn what_is_said_about_finished_work_becomes_a_step_and_what_is_done_stays_done() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("code.2", "echo hello all > greeting.txt").part("code.3", "echo HELLO ALL > greeting.txt");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["run", &id]);
    shows!(
        sandbox,
        sandbox.run(&["say", &id, "greet everybody"]),
        str![[r#"
stderr: ehdn was finished: this is a step of its own now
stderr: hint: aifactory run ehdn

"#]]
    );
    sandbox.ok(&["run", &id]);
    assert!(play.prompt("code.2").contains("> greet everybody"), "{}", play.prompt("code.2"));
    sandbox.ok(&["retry", &id, "-m", "and louder"]);
    sandbox.ok(&["run", &id]);
    assert_eq!(play.turns(), "code.1 code.2 code.3 plan.1 review.1 review.2 review.3 spec.1");
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Greet people                      merging into main
stderr: ehdn  Greet people                        done    plan     approved by ana@example.com
stderr: ehdn  Greet people                        done    step S1  Write the greeting
stderr: ehdn  Greet people                        done    step S2  greet everybody
stderr: ehdn  Greet people                        done    step S3  and louder
stderr: ehdn  Greet people                        done    review   approved
stderr: ehdn  Greet people                        done    checks   no test was removed, skipped or weakened
stderr: ehdn  Greet people                        done    risk     blocking, 1 file changed
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      merged into main as [HASH]

"#]]
    );
}

#[test]
fn a_wave_that_was_killed_is_finished_by_the_next_run_and_leaves_nothing_behind() {
    let (play, id) = waves(BY_LETTER);
    let sandbox = &play.sandbox;
    let mark = sandbox.folder("meet").join("first");
    play.part("code", &format!("if test \"$AIFACTORY_STEP\" = S2 && ! test -f {0}; then touch {0}; echo half > b.txt; sleep 60; fi; {BY_LETTER}", mark.display()));
    let run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("S1 is done and S2 is at work", || {
        mark.exists() && sandbox.ok(&["log", &id]).matches("the run ended").count() == 3
    });
    drop(run);
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.status(&id), "review");
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/aifactory"]).lines().count(), 1);
    sandbox.ok(&["merge", &id]);
    assert_eq!(sandbox.read("c.txt"), "a\nb\n");
    sandbox.assert_sound();
}

#[test]
fn a_question_about_the_code_ends_in_a_report_and_no_code() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("research", "printf '## Summary\\nNobody greets yet.\\n\\n## Files\\n- README.md\\n'");
    let id = sandbox.ok(&["new", "Who greets people here?", "--label", "researcher"]).trim().to_owned();
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Who greets people here?           claimed, on branch aifactory/ehdn0jyj9c-who-greets-people-here
stderr: ehdn  Who greets people here?           worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Who greets people here?           researcher  by runbook
stderr: ehdn  Who greets people here?           review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    let said = sandbox.ok(&["message", "list", &id]);
    assert!(said.contains("researcher  handoff\n    ## Summary\n    Nobody greets yet.\n"), "{said}");
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Who greets people here?           there is nothing to merge: its report is accepted

"#]]
    );
    assert_eq!(sandbox.status(&id), "done");
    assert_eq!(play.turns(), "research.1");
    sandbox.assert_sound();
}

#[test]
fn ideas_of_an_agent_become_tasks_by_one_command() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let ideas = r#"{"ideas": [{"title": "Greet in German", "category": "user-experience", "description": "Guten Tag", "files": ["README.md"]},
        {"title": "Greet faster", "category": "performance", "description": "no sleep", "rationale": "people wait"}]}"#;
    play.part("ideas", &says(ideas));
    let id = play.wish("What could be better?");
    sandbox.ok(&["run", &id, "--role", "ideas"]);
    shows!(
        sandbox,
        sandbox.run(&["import", &format!("ideas:{id}"), "-n"]),
        str![[r#"
 1  Greet in German  user-experience
 2  Greet faster  performance
stderr: hint: aifactory import ideas:ehdn --only 1

"#]]
    );
    sandbox.ok(&["import", &format!("ideas:{id}"), "--only", "2"]);
    sandbox.ok(&["import", &format!("ideas:{id}")]);
    shows!(
        sandbox,
        sandbox.run(&["list"]),
        str![[r#"
ehdn0jyj9c	backlog	normal	What could be better?	
jaw5ya9vsr	backlog	normal	Greet faster	idea,performance
t7ms602khr	backlog	normal	Greet in German	idea,user-experience

"#]]
    );
    sandbox.fails(&["import", &format!("ideas:{id}"), "--only", "9"], 2);
}

#[test]
fn what_a_killed_fix_had_not_committed_is_kept() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let mark = sandbox.folder("meet").join("fixing");
    play.part("review.1", &says(BLOCKED)).part("confirm", &says(CONFIRMED)).part("fix", "echo good day > greeting.txt");
    play.part("fix.1", &format!("echo half a fix > greeting.txt; touch {}; sleep 600", mark.display()));
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    let run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("the fix is at work", || mark.exists());
    drop(run);
    sandbox.ok(&["run", &id]);
    let kept = sandbox.git(&["for-each-ref", "--format=%(objectname)", "refs/aifactory/saved"]);
    let is_there =
        kept.lines().any(|commit| sandbox.git(&["show", &format!("{commit}:greeting.txt")]) == "half a fix\n");
    assert!(is_there, "what the fixer had is lost: {}", sandbox.ok(&["log", &id]));
    sandbox.assert_sound();
}

#[test]
fn what_agents_make_of_a_wish_from_elsewhere_is_not_approved_by_a_rule() {
    let play = Play::new().with("AIFACTORY_RISK_DEFAULT", "auto");
    let sandbox = &play.sandbox;
    let id = play.wish("Greet people");
    // As on a machine where nobody wrote it.
    fs::remove_file(sandbox.git_dir().join("aifactory/written")).unwrap();
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: trust");
    assert_eq!(play.turns(), "plan.1 spec.1");
    // A wish of one's own goes all the way.
    let own = play.wish("Greet other people");
    sandbox.ok(&["run", &own]);
    assert_eq!(sandbox.status(&own), "review");
}

#[test]
fn a_plan_that_nobody_can_write_is_not_said_to_be_written() {
    let sandbox = common::Sandbox::new();
    let id = sandbox.ok(&["new", "Greet people"]).trim().to_owned();
    shows!(
        sandbox,
        sandbox.run(&["plan", "write", &id]),
        str![[r#"
stderr: error: no agent is chosen that could write a plan
stderr: hint: aifactory config set agent.plan claude, or --agent claude; aifactory agents lists them
exit 2

"#]]
    );
    assert_eq!(sandbox.status(&id), "backlog");
    let play = Play::new();
    let id = play.wish("Greet people");
    shows!(
        play.sandbox,
        play.sandbox.run(&["plan", "write", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Greet people                      planner  by runbook
stderr: ehdn  Greet people                      waiting  plan-approval: nobody has approved the plan yet
stderr: wrote the plan of ehdn: 1 step
stderr: hint: aifactory plan show ehdn, then aifactory approve ehdn, or aifactory reject ehdn -m "what is wrong"

"#]]
    );
}
