//! Agents that fail, do nothing, or are killed.

use crate::common::play::{BLOCKED, CONFIRMED, Play, SPEC, says};
use crate::common::{eventually, spawned};
use crate::shows;
use snapbox::str;

#[test]
fn an_agent_that_says_done_and_did_nothing_is_not_believed() {
    let play = Play::new();
    play.part("code", "echo All done, every test passes.").part("recovery", "echo I checked: it is done.");
    let id = play.approved();
    play.sandbox.fails(&["run", &id], 4);
    shows!(
        play.sandbox,
        play.ending_since_approval(&id),
        str![[r#"
$ aifactory show ehdn
ehdn  Greet people  [waiting]
  no-work: step S1 no work: runbook ended well and changed nothing
Plan
  · S1   Write the greeting  1 gate
Evidence
  failed   test -s greeting.txt  tree [HASH], before the work
Next
  aifactory review ehdn, then aifactory retry ehdn
$ aifactory merge --check ehdn
ehdn  Greet people
  done    plan     approved by ana@example.com
  missing step S1  Write the greeting is not done
  missing gate     failed: test -s greeting.txt
  missing review   there was none yet
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 0 files changed
exit 4
$ aifactory log --brief ehdn
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/ehdn0jyj9c-greet-people)
ana@example.com  gate failed before the work: test -s greeting.txt (tree [HASH])
ana@example.com  ran runbook for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: no work
ana@example.com  reset step S1: no-work
ana@example.com  ran runbook for code as recovery
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: no work
ana@example.com  reset step S1: no-work
ana@example.com  moved to waiting: no-work (step S1 no work: runbook ended well and changed nothing)

"#]]
    );
}

#[test]
fn another_pair_of_eyes_recovers_a_step_at_the_second_try() {
    let play = Play::new().with("AIFACTORY_RUN_ATTEMPTS", "3");
    play.part("code", "echo I tried to write the greeting with the wrong pen; echo x > pen.txt; exit 1");
    play.part("recovery.1", "rm -f pen.txt; echo There is no ink in the house, and I looked everywhere; exit 1");
    play.part("recovery.2", "rm -f pen.txt; echo hello > greeting.txt");
    let id = play.reviewed();
    let told = play.prompt("recovery.2");
    assert!(told.contains("# What was tried"), "{told}");
    assert!(told.contains("the wrong pen") && told.contains("no ink in the house"), "{told}");
    shows!(
        play.sandbox,
        play.ending_since_approval(&id),
        str![[r#"
$ aifactory show ehdn
ehdn  Greet people  [review]
Plan
  ✓ S1   Write the greeting  1 gate
Evidence
  passed   test -s greeting.txt  tree [HASH], worktree
Next
  aifactory review ehdn
  aifactory merge ehdn
$ aifactory merge --check ehdn
ehdn  Greet people
  done    plan     approved by ana@example.com
  done    step S1  Write the greeting
  done    gate     passed: test -s greeting.txt
  done    review   approved
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 1 file changed
$ aifactory log --brief ehdn
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/ehdn0jyj9c-greet-people)
ana@example.com  gate failed before the work: test -s greeting.txt (tree [HASH])
ana@example.com  ran runbook for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: failed
ana@example.com  reset step S1: agent-failed
ana@example.com  noted: uncommitted work of an earlier attempt is kept: git show [HASH] (refs/aifactory/saved/ehdn0jyj9c/[KEPT])
ana@example.com  ran runbook for code as recovery
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: failed
ana@example.com  reset step S1: agent-failed
ana@example.com  ran runbook for code as recovery
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  ran runbook for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by runbook: approved (tree [HASH])
ana@example.com  moved to review

"#]]
    );
}

#[test]
fn a_recovery_that_goes_in_a_circle_begins_from_clean_ground_and_ends_with_a_person() {
    let play = Play::new();
    let play = play.with("AIFACTORY_RUN_ATTEMPTS", "3");
    let sandbox = &play.sandbox;
    let same = "echo x > pen.txt; echo I wrote it with the pen as I always do and it did not work out at all; exit 1";
    play.part("code", same).part("recovery", same);
    let id = play.approved();
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: agent-failed");
    assert_eq!(play.turns(), "code.1 plan.1 recovery.1 recovery.2 spec.1");
    let told = play.prompt("recovery.2");
    assert!(told.contains("went in a circle and begins anew"), "{told}");
    let kept = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/aifactory/saved"]);
    assert!(!kept.is_empty(), "what was tried is lost");
    shows!(
        play.sandbox,
        play.ending_since_approval(&id),
        str![[r#"
$ aifactory show ehdn
ehdn  Greet people  [waiting]
  agent-failed: step S1 failed: runbook exited with 1
    I wrote it with the pen as I always do and it did not work out at all
Plan
  · S1   Write the greeting  1 gate
Evidence
  failed   test -s greeting.txt  tree [HASH], before the work
Next
  aifactory review ehdn, then aifactory retry ehdn
$ aifactory merge --check ehdn
ehdn  Greet people
  done    plan     approved by ana@example.com
  missing step S1  Write the greeting is not done
  missing gate     failed: test -s greeting.txt
  missing review   there was none yet
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 0 files changed
exit 4
$ aifactory log --brief ehdn
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/ehdn0jyj9c-greet-people)
ana@example.com  gate failed before the work: test -s greeting.txt (tree [HASH])
ana@example.com  ran runbook for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: failed
ana@example.com  reset step S1: agent-failed
ana@example.com  noted: uncommitted work of an earlier attempt is kept: git show [HASH] (refs/aifactory/saved/ehdn0jyj9c/[KEPT])
ana@example.com  ran runbook for code as recovery
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: failed
ana@example.com  reset step S1: agent-failed
ana@example.com  noted: step S1 went in a circle and begins anew from [HASH]; what was tried is kept: git log refs/aifactory/saved/ehdn0jyj9c/[KEPT]
ana@example.com  ran runbook for code as recovery
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: failed
ana@example.com  reset step S1: agent-failed
ana@example.com  moved to waiting: agent-failed (step S1 failed: runbook exited with 1)

"#]]
    );
}

#[test]
fn what_a_killed_fix_had_not_committed_is_kept() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let mark = sandbox.folder("meet").join("fixing");
    play.part("review.1", &says(BLOCKED)).part("confirm", &says(CONFIRMED)).part("fix", "echo good day > greeting.txt");
    play.part("fix.1", &format!("echo half a fix > greeting.txt; touch {}; sleep 600", mark.display()));
    let id = play.approved();
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

/// The program is killed before the question, and once more after the answer.
#[test]
fn a_question_is_answered_though_the_program_was_killed_before_and_after() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let asking = format!("{SPEC}\n## Open questions\n- Which language?\n  - English\n  - German\n");
    let marks = sandbox.marks();
    let cut = format!("{}; sleep 600", marks.here());
    play.part("spec", &says(&asking)).part("spec.1", &cut).part("plan.1", &cut);
    let id = play.wish("Greet people");
    play.killed(&id, &marks);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.note(&id), "Which language?\n1. English\n2. German");
    sandbox.ok(&["answer", &id, "2"]);
    play.killed(&id, &marks);
    sandbox.fails(&["run", &id], 4);
    assert!(play.prompt("plan.2").contains("Which language? German"), "{}", play.prompt("plan.2"));
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(play.turns(), "code.1 plan.1 plan.2 review.1 spec.1 spec.2");
    shows!(
        play.sandbox,
        play.ending(&id),
        str![[r#"
$ aifactory show ehdn
ehdn  Greet people  [done]
Plan
  ✓ S1   Write the greeting  1 gate
Evidence
  passed   test -s greeting.txt  tree [HASH], clean checkout
$ aifactory merge --check ehdn
ehdn  Greet people
  done    merged   into main as [HASH]
$ aifactory log --brief ehdn
ana@example.com  created "Greet people"
ana@example.com  moved to ready
ana@example.com  noted: an agent plans it: standard: it is neither plainly small nor plainly large
ana@example.com  claimed it on mill (fence 1, branch aifactory/ehdn0jyj9c-greet-people)
ana@example.com  ran runbook for spec
ana@example.com  released the claim: the worker died
ana@example.com  the run for spec ended: interrupted
ana@example.com  claimed it on mill (fence 2, branch aifactory/ehdn0jyj9c-greet-people)
ana@example.com  ran runbook for spec
ana@example.com  the run for spec ended: succeeded
ana@example.com  wrote the spec
ana@example.com  moved to waiting: question (Which language?)
ana@example.com  said 4 lines to the agent
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 3, branch aifactory/ehdn0jyj9c-greet-people)
ana@example.com  changed the spec
ana@example.com  ran runbook for plan
ana@example.com  released the claim: the worker died
ana@example.com  the run for plan ended: interrupted
ana@example.com  claimed it on mill (fence 4, branch aifactory/ehdn0jyj9c-greet-people)
ana@example.com  ran runbook for plan
ana@example.com  the run for plan ended: succeeded
ana@example.com  wrote the plan
ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 5, branch aifactory/ehdn0jyj9c-greet-people)
ana@example.com  gate failed before the work: test -s greeting.txt (tree [HASH])
ana@example.com  ran runbook for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  ran runbook for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by runbook: approved (tree [HASH])
ana@example.com  moved to review
ana@example.com  gate passed: test -s greeting.txt (tree [HASH], clean checkout)
ana@example.com  is moving main to [HASH]
ana@example.com  moved to delivering
ana@example.com  merged into main as [HASH]
ana@example.com  moved to done

"#]]
    );
}
