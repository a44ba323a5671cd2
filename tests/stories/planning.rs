//! From a wish to a plan that somebody said yes to.

use crate::common::play::{PLAN, Play, SPEC, says};
use crate::common::{Hub, Sandbox};
use crate::shows;
use snapbox::str;
use std::fs;

#[test]
fn a_plan_that_a_person_sends_back_is_written_anew_with_the_reason() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let id = play.planned();
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
fn a_plan_rejected_twice_is_approved_by_a_merged_pull_request_and_carried_out_as_merged() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    ana.commit(&[(".aifactory/config.toml", "[plan]\napprove-by-merge = \"on\"\n")]);
    ana.git(&["push", "--quiet", "origin", "main"]);
    let play = Play::on(ana);
    let ana = &play.sandbox;
    for (turn, words) in [(1, "hello"), (2, "hello all"), (3, "hello everybody")] {
        play.part(&format!("plan.{turn}"), &says(&PLAN.replace("a greeting", words)));
    }
    let id = play.planned();
    for reason in ["who is greeted?", "not all, everybody"] {
        ana.ok(&["plan", "propose", &id]);
        ana.ok(&["reject", &id, "-m", reason]);
        ana.fails(&["run", &id], 4);
    }
    let told = play.prompt("plan.3");
    assert!(told.contains("not all, everybody") && told.contains("Put hello all into the file"), "{told}");
    ana.ok(&["plan", "propose", &id]);
    let ben = hub.machine("ben");
    ben.review_plan(&id, "Put hello everybody", "Put good day everybody");
    ben.land_plan(&id, "merge");
    ana.sync();
    // Her own branch is behind, and what Ben merged is no part of the work.
    ana.ok(&["run", &id, "--merge"]);
    assert!(play.prompt("code.1").contains("Put good day everybody"), "{}", play.prompt("code.1"));
    shows!(
        ana,
        play.ending(&id),
        str![[r#"
$ aifactory show 2thc
2thc  Greet people  [done]
Plan
  ✓ S1   Write the greeting  1 gate
Evidence
  passed   test -s greeting.txt  tree [HASH], clean checkout
$ aifactory merge --check 2thc
2thc  Greet people
  done    merged   into main as [HASH]
$ aifactory log --brief 2thc
ana@example.com  created "Greet people"
ana@example.com  moved to ready
ana@example.com  noted: an agent plans it: standard: it is neither plainly small nor plainly large
ana@example.com  claimed it on ana-box (fence 1, branch aifactory/2thc5tsve4-greet-people)
ana@example.com  ran runbook for spec
ana@example.com  the run for spec ended: succeeded
ana@example.com  wrote the spec
ana@example.com  ran runbook for plan
ana@example.com  the run for plan ended: succeeded
ana@example.com  wrote the plan
ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
ana@example.com  proposed the plan on aifactory/plan/2thc5tsve4 ([HASH])
ana@example.com  moved to backlog
ana@example.com  moved to waiting: plan-approval (it is proposed for review on aifactory/plan/2thc5tsve4)
ana@example.com  rejected it: who is greeted?
ana@example.com  withdrew the proposed plan
ana@example.com  moved to ready (who is greeted?)
ana@example.com  noted: an agent plans it: a person sent its plan back
ana@example.com  claimed it on ana-box (fence 2, branch aifactory/2thc5tsve4-greet-people)
ana@example.com  ran runbook for plan
ana@example.com  the run for plan ended: succeeded
ana@example.com  changed the plan
ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
ana@example.com  proposed the plan on aifactory/plan/2thc5tsve4 ([HASH])
ana@example.com  moved to backlog
ana@example.com  moved to waiting: plan-approval (it is proposed for review on aifactory/plan/2thc5tsve4)
ana@example.com  rejected it: not all, everybody
ana@example.com  withdrew the proposed plan
ana@example.com  moved to ready (not all, everybody)
ana@example.com  claimed it on ana-box (fence 3, branch aifactory/2thc5tsve4-greet-people)
ana@example.com  ran runbook for plan
ana@example.com  the run for plan ended: succeeded
ana@example.com  changed the plan
ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
ana@example.com  proposed the plan on aifactory/plan/2thc5tsve4 ([HASH])
ana@example.com  moved to backlog
ana@example.com  moved to waiting: plan-approval (it is proposed for review on aifactory/plan/2thc5tsve4)
ana@example.com  saw the proposed plan merged by Ben <ben@example.com> in [HASH]
ana@example.com  changed the plan
ana@example.com  found the plan approved by Ben <ben@example.com>, who merged it in [HASH]
ana@example.com  moved to ready
ana@example.com  claimed it on ana-box (fence 4, branch aifactory/2thc5tsve4-greet-people)
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
fn a_plan_with_errors_goes_back_with_the_checkers_words_three_times() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let broken = "### S1: Write the greeting\n- after: S9\n- gate: `test -s greeting.txt`\n";
    play.part("plan", &says(broken)).part("plan.3", &says(PLAN));
    play.planned();
    let again = play.prompt("plan.2");
    assert!(again.contains("# The checker sent your plan back") && again.contains("S9"), "{again}");
    fs::remove_file(sandbox.folder("play").join("plan.3")).unwrap();
    let hopeless = play.wish("Greet others");
    sandbox.fails(&["run", &hopeless], 4);
    assert_eq!(sandbox.status(&hopeless), "waiting: agent-failed");
    assert_eq!(play.turns(), "plan.1 plan.2 plan.3 plan.4 plan.5 plan.6 plan.7 spec.1 spec.2");
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
fn labels_say_whether_a_task_is_planned() {
    let play = Play::new();
    let play = play.with("AIFACTORY_RISK_DEFAULT", "auto");
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
    let sandbox = Sandbox::new();
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
