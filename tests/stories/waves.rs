//! Steps side by side.

use crate::common::play::{Play, in_any_order, says};
use crate::common::{eventually, spawned};
use crate::shows;
use snapbox::str;

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
    let id = play.approved();
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
    play.sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(play.sandbox.read("shared.txt"), "S3\n");
    assert_eq!(subjects(&play), "Write a\nWrite b\nWrite c\n");
    shows!(
        play.sandbox,
        in_any_order(play.ending_since_approval(&id)),
        str![[r#"
$ aifactory show ehdn
ehdn  Greet people  [done]
Plan
  ✓ S1   Write a  1 gate
  ✓ S2   Write b  1 gate
  ✓ S3   Write c  1 gate
Evidence
  passed   test -s a.txt  tree [HASH], clean checkout
  passed   test -s b.txt  tree [HASH], clean checkout
  passed   test -s c.txt  tree [HASH], clean checkout
$ aifactory merge --check ehdn
ehdn  Greet people
  done    merged   into main as [HASH]
$ aifactory log --brief ehdn
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/ehdn0jyj9c-greet-people)
ana@example.com  gate failed before the work: test -s a.txt (tree [HASH])
ana@example.com  gate failed before the work: test -s b.txt (tree [HASH])
ana@example.com  gate failed before the work: test -s c.txt (tree [HASH])
ana@example.com  gate passed: test -s a.txt (tree [HASH])
ana@example.com  gate passed: test -s b.txt (tree [HASH])
ana@example.com  ran runbook for code
ana@example.com  ran runbook for code
ana@example.com  started step S1
ana@example.com  started step S2
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  the run for step S2 ended: succeeded
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  noted: S2 does not go together with the others in shared.txt; it is done once more, and what it had is kept: refs/aifactory/saved/ehdn0jyj9c/[KEPT]
ana@example.com  ran runbook for code
ana@example.com  started step S2
ana@example.com  the run for step S2 ended: succeeded
ana@example.com  gate passed: test -s b.txt (tree [HASH])
ana@example.com  finished step S2 in commit [HASH]
ana@example.com  ran runbook for code
ana@example.com  started step S3
ana@example.com  the run for step S3 ended: succeeded
ana@example.com  gate passed: test -s c.txt (tree [HASH])
ana@example.com  finished step S3 in commit [HASH]
ana@example.com  gate passed: test -s a.txt (tree [HASH])
ana@example.com  gate passed: test -s b.txt (tree [HASH])
ana@example.com  ran runbook for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by runbook: approved (tree [HASH])
ana@example.com  moved to review
ana@example.com  gate passed: test -s a.txt (tree [HASH], clean checkout)
ana@example.com  gate passed: test -s b.txt (tree [HASH], clean checkout)
ana@example.com  gate passed: test -s c.txt (tree [HASH], clean checkout)
ana@example.com  is moving main to [HASH]
ana@example.com  moved to delivering
ana@example.com  merged into main as [HASH]
ana@example.com  moved to done

"#]]
    );
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
    let play = play.with("AIFACTORY_RUN_ATTEMPTS", "1");
    play.sandbox.ok(&["run", &id]);
    let log = play.sandbox.ok(&["log", &id]);
    assert!(log.contains("S2 is done once more, on its own"), "{log}");
    assert_eq!(play.sandbox.status(&id), "review");
}

#[test]
fn a_wave_that_was_killed_is_finished_by_the_next_run_and_leaves_nothing_behind() {
    let (play, id) = waves(BY_LETTER);
    let sandbox = &play.sandbox;
    let mark = sandbox.folder("meet").join("first");
    play.part("code", &format!("if test \"$AIFACTORY_STEP\" = S2 && ! test -f {0}; then touch {0}; echo half > b.txt; sleep 60; fi; {BY_LETTER}", mark.display()));
    let run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("S1 is done and S2 is at work", || {
        mark.exists() && sandbox.ok(&["log", &id]).matches(" ended: ").count() == 3
    });
    drop(run);
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.status(&id), "review");
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/aifactory"]).lines().count(), 1);
    sandbox.ok(&["merge", &id]);
    assert_eq!(sandbox.read("c.txt"), "a\nb\n");
    sandbox.assert_sound();
}
