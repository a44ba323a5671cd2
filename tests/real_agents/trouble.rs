//! Stories in which something goes wrong: an agent that does nothing, judges nothing, takes a test away, or cannot do it.

use super::agents::RealAgent;
use super::common::model::Turn;
use super::story::Story;
use snapbox::str;

pub fn who_says_done_and_did_nothing_is_not_believed(agent: &'static RealAgent) {
    let Some(story) = Story::begin(agent).map(|story| story.with_attempts("2")) else { return };
    let (stage, id) = (&story.stage, story.wish());
    let script = story.cast().part("code", "You carry out one step", [Turn::say("All done, every test passes.")]);
    story.play(script.part("still", "You are still at", [Turn::say("I checked: it is done.")]));
    story.until_approved(&id);
    stage.run(&id, "waiting: no-work");
    assert_eq!(stage.server.parts(), "spec plan code still");
    snapbox::assert_data_eq!(
        story.ending_since_approval(&id),
        snapbox::IntoData::raw(str![[r#"
$ aifactory show $ID
$ID  Greet people  [waiting]
  no-work: step S1 no work: $AGENT ended well and changed nothing
Plan
  · S1   Write the greeting  1 gate
Evidence
  failed   test -s greeting.txt  tree [HASH], before the work
Next
  aifactory review $ID, then aifactory retry $ID
$ aifactory merge --check $ID
$ID  Greet people
  done    plan     approved by ana@example.com
  missing step S1  Write the greeting is not done
  missing gate     failed: test -s greeting.txt
  missing review   there was none yet
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 0 files changed
exit 4
$ aifactory log --brief $ID
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/$ID-greet-people)
ana@example.com  gate failed before the work: test -s greeting.txt (tree [HASH])
ana@example.com  ran $AGENT for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: no work
ana@example.com  reset step S1: no-work
ana@example.com  ran $AGENT for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: no work
ana@example.com  reset step S1: no-work
ana@example.com  moved to waiting: no-work (step S1 no work: $AGENT ended well and changed nothing)

"#]])
    );
}

pub fn another_pair_of_eyes_recovers_what_the_coder_could_not(agent: &'static RealAgent) {
    let Some(story) = Story::begin(agent).map(|story| story.with_attempts("3")) else { return };
    let (stage, id) = (&story.stage, story.wish());
    let wrong = |said: &str| [Turn::say("I try.").bash("date +%N > pen.txt"), Turn::say(said)];
    let right = Turn::say("Another way.").bash("rm pen.txt; echo hello > greeting.txt");
    let script = story.cast().part("code", "You carry out one step", wrong("I took the wrong pen for the greeting."));
    let script =
        script.part("still", "You are still at", wrong("There is no ink in the house, and I looked everywhere."));
    story.play(script.part("recovery", "Others tried this step", [right, Turn::say("It is written.")]));
    story.until_approved(&id);
    stage.run(&id, "review");
    assert_eq!(stage.server.parts(), "spec plan code still recovery review");
    assert!(stage.server.has_read("no ink in the house"), "nobody told it what was tried");
    assert_eq!(stage.file(&id, "greeting.txt").as_deref(), Some("hello\n"));
    snapbox::assert_data_eq!(
        story.ending_since_approval(&id),
        snapbox::IntoData::raw(str![[r#"
$ aifactory show $ID
$ID  Greet people  [review]
Plan
  ✓ S1   Write the greeting  1 gate
Evidence
  passed   test -s greeting.txt  tree [HASH], worktree
Next
  aifactory review $ID
  aifactory merge $ID
$ aifactory merge --check $ID
$ID  Greet people
  done    plan     approved by ana@example.com
  done    step S1  Write the greeting
  done    gate     passed: test -s greeting.txt
  done    review   approved
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 1 file changed
$ aifactory log --brief $ID
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/$ID-greet-people)
ana@example.com  gate failed before the work: test -s greeting.txt (tree [HASH])
ana@example.com  ran $AGENT for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate failed: test -s greeting.txt (tree [HASH])
ana@example.com  reset step S1: gate-failed
ana@example.com  ran $AGENT for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate failed: test -s greeting.txt (tree [HASH])
ana@example.com  reset step S1: gate-failed
ana@example.com  ran $AGENT for code as recovery
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  ran $AGENT for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by $AGENT: approved (tree [HASH])
ana@example.com  moved to review

"#]])
    );
}

pub fn a_reviewer_that_never_gives_a_verdict_is_no_yes(agent: &'static RealAgent) {
    let Some(story) = Story::begin(agent) else { return };
    let (stage, id) = (&story.stage, story.wish());
    let script = story.cast().part("review", "Review the change below", [Turn::say("It looks fine to me.")]);
    story.play(script.part("asked-again", "You are still at the phase review", [Turn::say("As I said: fine.")]));
    story.until_approved(&id);
    stage.run(&id, "waiting: review-rejected");
    let refused = stage.sandbox.fails(&["merge", &id], 4);
    assert!(refused.stderr.contains("--unreviewed"), "{}", refused.all());
    snapbox::assert_data_eq!(
        story.ending_since_approval(&id),
        snapbox::IntoData::raw(str![[r#"
$ aifactory show $ID
$ID  Greet people  [waiting]
  review-rejected: the reviewer gave no verdict
    
    gate passed: test -s greeting.txt
Plan
  ✓ S1   Write the greeting  1 gate
Evidence
  passed   test -s greeting.txt  tree [HASH], worktree
Next
  aifactory review $ID, then aifactory retry $ID -m "what to change", or on your own word: aifactory merge $ID --unreviewed
$ aifactory merge --check $ID
$ID  Greet people
  done    plan     approved by ana@example.com
  done    step S1  Write the greeting
  done    gate     passed: test -s greeting.txt
  unknown review   the reviewer gave no verdict
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 1 file changed
exit 4
$ aifactory log --brief $ID
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/$ID-greet-people)
ana@example.com  gate failed before the work: test -s greeting.txt (tree [HASH])
ana@example.com  ran $AGENT for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  ran $AGENT for review
ana@example.com  the run for review ended: succeeded, but the answer holds no verdict: it has to end with the JSON object that was asked for
ana@example.com  ran $AGENT for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by $AGENT: no verdict (tree [HASH])
ana@example.com  moved to waiting: review-rejected (the reviewer gave no verdict)

"#]])
    );
}

pub fn a_coder_that_weakens_a_test_does_not_merge_by_itself(agent: &'static RealAgent) {
    let Some(story) = Story::begin(agent) else { return };
    let (stage, id) = (&story.stage, story.wish());
    stage.sandbox.commit(&[("tests/check.sh", "grep -q hello greeting.txt || exit 1\n")]);
    let deed = "echo bye > greeting.txt; echo 'true # was hello' > tests/check.sh";
    let code = [Turn::say("I write the greeting.").bash(deed), Turn::say("It is written.")];
    story.play(story.cast().part("code", "You carry out one step of a reviewed plan", code));
    story.until_approved(&id);
    let ran = stage.sandbox.run(&["run", &id, "--merge"]);
    assert_eq!(stage.sandbox.status(&id), "review", "{}", stage.all(&id, &ran));
    assert!(stage.server.has_read("tests/check.sh"), "nobody told the reviewer");
    snapbox::assert_data_eq!(
        story.ending_since_approval(&id),
        snapbox::IntoData::raw(str![[r#"
$ aifactory show $ID
$ID  Greet people  [review]
Plan
  ✓ S1   Write the greeting  1 gate
Evidence
  passed   test -s greeting.txt  tree [HASH], worktree
Next
  aifactory review $ID
  aifactory merge $ID
$ aifactory merge --check $ID
$ID  Greet people
  done    plan     approved by ana@example.com
  done    step S1  Write the greeting
  done    gate     passed: test -s greeting.txt
  done    review   approved
  done    checks   you are shown this: assertion removed: tests/check.sh: grep -q hello greeting.txt || exit 1
  done    risk     blocking, 2 files changed
$ aifactory log --brief $ID
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/$ID-greet-people)
ana@example.com  gate failed before the work: test -s greeting.txt (tree [HASH])
ana@example.com  ran $AGENT for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  ran $AGENT for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by $AGENT: approved (tree [HASH])
ana@example.com  moved to review

"#]])
    );
}

pub fn a_step_that_nobody_recovers_ends_with_a_person(agent: &'static RealAgent) {
    let Some(story) = Story::begin(agent).map(|story| story.with_attempts("3")) else { return };
    let (stage, id) = (&story.stage, story.wish());
    let wrong = |said: &str| [Turn::say("I try.").bash("date +%N > pen.txt"), Turn::say(said)];
    let script = story.cast().part("code", "You carry out one step", wrong("I took the wrong pen for the greeting."));
    let script =
        script.part("still", "You are still at", wrong("There is no ink in the house, and I looked everywhere."));
    story.play(script.part("recovery", "Others tried this step", wrong("The shop that sells paper was closed today.")));
    story.until_approved(&id);
    stage.run(&id, "waiting: gate-failed");
    assert_eq!(stage.server.parts(), "spec plan code still recovery");
    snapbox::assert_data_eq!(
        story.ending_since_approval(&id),
        snapbox::IntoData::raw(str![[r#"
$ aifactory show $ID
$ID  Greet people  [waiting]
  gate-failed: gate failed: test -s greeting.txt, exit 1
Plan
  · S1   Write the greeting  1 gate
Evidence
  failed   test -s greeting.txt  tree [HASH], worktree
Next
  aifactory review $ID, then aifactory retry $ID -m "what to change"
$ aifactory merge --check $ID
$ID  Greet people
  done    plan     approved by ana@example.com
  missing step S1  Write the greeting is not done
  missing gate     failed: test -s greeting.txt
  missing review   there was none yet
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 1 file changed
exit 4
$ aifactory log --brief $ID
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/$ID-greet-people)
ana@example.com  gate failed before the work: test -s greeting.txt (tree [HASH])
ana@example.com  ran $AGENT for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate failed: test -s greeting.txt (tree [HASH])
ana@example.com  reset step S1: gate-failed
ana@example.com  ran $AGENT for code
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate failed: test -s greeting.txt (tree [HASH])
ana@example.com  reset step S1: gate-failed
ana@example.com  ran $AGENT for code as recovery
ana@example.com  started step S1
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  gate failed: test -s greeting.txt (tree [HASH])
ana@example.com  reset step S1: gate-failed
ana@example.com  moved to waiting: gate-failed (gate failed: test -s greeting.txt, exit 1)

"#]])
    );
}
