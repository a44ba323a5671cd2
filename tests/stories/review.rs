//! What the reviewer says, and what comes of it.

use crate::common::play::{APPROVED, BLOCKED, CONFIRMED, Play, says};
use crate::shows;
use snapbox::str;

#[test]
fn a_blocker_is_confirmed_fixed_verified_and_reviewed_again() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review.1", &says(BLOCKED)).part("confirm", &says(CONFIRMED)).part("fix", "echo good day > greeting.txt");
    let id = play.approved();
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
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  ran runbook for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by runbook: asks for changes: 1 blocker (tree [HASH])
ana@example.com  ran runbook for review-confirm
ana@example.com  the run for review-confirm ended: succeeded
ana@example.com  review by runbook: asks for changes: 1 blocker (tree [HASH])
ana@example.com  ran runbook for fix
ana@example.com  the run for fix ended: succeeded
ana@example.com  finished a round of fix
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  ran runbook for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by runbook: approved (tree [HASH])
ana@example.com  moved to review

"#]]
    );
}

#[test]
fn a_finding_that_does_not_hold_costs_no_round() {
    let play = Play::new();
    let dismissed = CONFIRMED.replace("confirmed", "dismissed");
    play.part("review", &says(BLOCKED)).part("confirm", &says(&dismissed));
    let id = play.reviewed();
    assert_eq!(play.turns(), "code.1 confirm.1 plan.1 review.1 spec.1");
    assert_eq!(play.sandbox.status(&id), "review");
}

#[test]
fn a_reviewer_without_a_verdict_is_asked_once_more_and_is_then_no_yes() {
    let play = Play::new();
    play.part("review", "echo I see no issues, looks good to me");
    let id = play.approved();
    play.sandbox.fails(&["run", &id], 4);
    assert_eq!(play.turns(), "code.1 plan.1 review.1 review.2 spec.1");
    shows!(
        play.sandbox,
        play.ending_since_approval(&id),
        str![[r#"
$ aifactory show ehdn
ehdn  Greet people  [waiting]
  review-rejected: the reviewer gave no verdict
    
    gate passed: test -s greeting.txt
Plan
  ✓ S1   Write the greeting  1 gate
Evidence
  passed   test -s greeting.txt  tree [HASH], worktree
Next
  aifactory review ehdn, then aifactory retry ehdn -m "what to change", or on your own word: aifactory merge ehdn --unreviewed
$ aifactory merge --check ehdn
ehdn  Greet people
  done    plan     approved by ana@example.com
  done    step S1  Write the greeting
  done    gate     passed: test -s greeting.txt
  unknown review   the reviewer gave no verdict
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 1 file changed
exit 4
$ aifactory log --brief ehdn
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/ehdn0jyj9c-greet-people)
ana@example.com  gate failed before the work: test -s greeting.txt (tree [HASH])
ana@example.com  ran runbook for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  ran runbook for review
ana@example.com  the run for review ended: succeeded, but the answer holds no verdict: it has to end with the JSON object that was asked for
ana@example.com  ran runbook for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by runbook: no verdict (tree [HASH])
ana@example.com  moved to waiting: review-rejected (the reviewer gave no verdict)

"#]]
    );
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
    let id = play.approved();
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: review-rejected");
    let page = "3 rounds of fix were not enough\n\nasks for changes: 1 blocker\n\nNot yet.\n\n\
                1. blocker, confirmed greeting.txt:1: The greeting is not polite\n   evidence: hello\n   \
                suggestion: write good day\n\ngate passed: test -s greeting.txt";
    assert_eq!(sandbox.note(&id), page);
    assert_eq!(play.turns().matches("fix").count(), 3);
    assert_eq!(play.turns().matches("review").count(), 4);
    shows!(
        sandbox,
        sandbox.run(&["review", "--brief", &id]),
        str![[r#"
ehdn  Greet people  [waiting]
  review-rejected: 3 rounds of fix were not enough

Spec
  ## Overview
  The program greets.
  
  ## Acceptance criteria
  - [ ] there is a greeting; gate: `test -s greeting.txt`

Steps
  ✓ S1   Write the greeting

Evidence
  failed   test -s greeting.txt [TIME] on tree [HASH], before the work
  passed   test -s greeting.txt [TIME] on tree [HASH], worktree
  passed   test -s greeting.txt [TIME] on tree [HASH], worktree
  passed   test -s greeting.txt [TIME] on tree [HASH], worktree
  passed   test -s greeting.txt [TIME] on tree [HASH], worktree

Review
  asks for changes: 1 blocker
  
  Not yet.
  
  1. blocker, confirmed greeting.txt:1: The greeting is not polite
     evidence: hello
     suggestion: write good day

Runs
  spec           runbook      succeeded [TIME]  no model
  plan           runbook      succeeded [TIME]  no model
  S1             runbook      succeeded [TIME]  no model
  review         runbook      succeeded [TIME]  no model
  review-confirm runbook      succeeded [TIME]  no model
  fix-1          runbook      succeeded [TIME]  no model
  review         runbook      succeeded [TIME]  no model
  review-confirm runbook      succeeded [TIME]  no model
  fix-2          runbook      succeeded [TIME]  no model
  review         runbook      succeeded [TIME]  no model
  review-confirm runbook      succeeded [TIME]  no model
  fix-3          runbook      succeeded [TIME]  no model
  review         runbook      succeeded [TIME]  no model
  review-confirm runbook      succeeded [TIME]  no model

Change
 greeting.txt | 4 ++++
 1 file changed, 4 insertions(+)
stderr: hint: aifactory retry ehdn -m "what to change", or on your own word: aifactory merge ehdn --unreviewed

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
    let id = play.approved();
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(sandbox.read("greeting.txt"), "hello\n");
    assert!(play.history(&id).contains("was to read only and changed files"), "{}", play.history(&id));
}

/// A task with the reviewed work of a coder who took a test away.
fn weakened(play: &Play) -> String {
    let sandbox = &play.sandbox;
    sandbox.commit(&[("tests/check.sh", "grep -q hello greeting.txt || exit 1\n")]);
    play.part("code", "echo bye > greeting.txt; echo 'true # was hello' > tests/check.sh");
    play.approved()
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
    shows!(
        play.sandbox,
        play.ending_since_approval(&id),
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
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/ehdn0jyj9c-greet-people)
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

#[test]
fn what_a_merge_needs_is_told_line_by_line() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review", "echo fine");
    let id = play.approved();
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
stderr: error: task ehdn is waiting; only what is under review is merged
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
    let id = play.approved();
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["merge", &id, "--unreviewed"]);
    assert!(sandbox.ok(&["log", &id]).contains("wants it merged whatever a reviewer says"));
    sandbox.assert_sound();
}
