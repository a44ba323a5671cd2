//! Whole stories: a task's way from a wish to a change that is proven and reviewed, with an agent that plays its roles
//! from a script. A story ends in what a person finds who asks: where the task stands, what is proven, and who did what.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod beside;
#[path = "../common/mod.rs"]
mod common;
mod planning;
mod review;
mod trouble;
mod waves;

use common::play::Play;
use snapbox::str;

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
ana@example.com  the run for spec ended: succeeded
ana@example.com  wrote the spec
ana@example.com  ran runbook for plan
ana@example.com  the run for plan ended: succeeded
ana@example.com  wrote the plan
ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
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
