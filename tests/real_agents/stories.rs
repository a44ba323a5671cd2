//! Whole stories: one agent in every role, from a wish to a change that is proven and reviewed. `tests/stories` tells
//! them with an agent that is a script; these are about what only real ones do: conversations, permissions, words.

use super::agents::RealAgent;
use super::common::model::{Fault, Turn};
use super::common::play::{in_any_order, since_approval};
use super::story::{PLAN, SPEC, Story};
use snapbox::str;

pub fn a_wish_becomes_an_approved_change_and_a_merge(agent: &'static RealAgent) {
    let Some(story) = Story::begin(agent) else { return };
    let (stage, id) = (&story.stage, story.wish());
    story.until_approved(&id);
    let ran = stage.sandbox.run(&["run", &id, "--merge"]);
    assert_eq!((stage.sandbox.status(&id).as_str(), ran.status), ("done", 0), "{}", stage.all(&id, &ran));
    assert_eq!(stage.server.parts(), "spec plan code review");
    assert_eq!(stage.sandbox.read("greeting.txt"), "hello\n");
    story.assert_readers_only_read(&id);
    assert_eq!(stage.left_running(), [""; 0]);
    snapbox::assert_data_eq!(
        story.ending(&id),
        snapbox::IntoData::raw(str![[r#"
$ aifactory show $ID
$ID  Greet people  [done]
Plan
  ✓ S1   Write the greeting  1 gate
Evidence
  passed   test -s greeting.txt  tree [HASH], clean checkout
$ aifactory merge --check $ID
$ID  Greet people
  done    merged   into main as [HASH]
$ aifactory log --brief $ID
ana@example.com  created "Greet people"
ana@example.com  moved to ready
ana@example.com  noted: an agent plans it: standard: it is neither plainly small nor plainly large
ana@example.com  claimed it on mill (fence 1, branch aifactory/$ID-greet-people)
ana@example.com  ran $AGENT for spec
ana@example.com  the run for spec ended: succeeded
ana@example.com  wrote the spec
ana@example.com  ran $AGENT for plan
ana@example.com  the run for plan ended: succeeded
ana@example.com  wrote the plan
ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
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
ana@example.com  gate passed: test -s greeting.txt (tree [HASH], clean checkout)
ana@example.com  is moving main to [HASH]
ana@example.com  moved to delivering
ana@example.com  merged into main as [HASH]
ana@example.com  moved to done

"#]])
    );
    stage.sandbox.assert_sound();
}

pub fn a_blocker_is_confirmed_fixed_and_reviewed_again(agent: &'static RealAgent) {
    let Some(story) = Story::begin(agent) else { return };
    let (stage, id) = (&story.stage, story.wish());
    story.play(story.cast_with_a_blocker());
    story.until_approved(&id);
    stage.run(&id, "review");
    assert_eq!(stage.server.parts(), "spec plan code review confirm fix review-again");
    assert_eq!(stage.file(&id, "greeting.txt").as_deref(), Some("good day\n"));
    story.assert_readers_only_read(&id);
    let runs = stage.runs(&id);
    let conversation = |number: usize| runs[number]["conversation"].as_str().unwrap_or_default();
    assert_eq!((conversation(2), &runs[5]["resumed"]), (conversation(5), &true.into()), "{runs:?}");
    assert_ne!(conversation(3), conversation(6), "the second look is no fresh one");
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
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  ran $AGENT for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by $AGENT: asks for changes: 1 blocker (tree [HASH])
ana@example.com  ran $AGENT for review-confirm
ana@example.com  the run for review-confirm ended: succeeded
ana@example.com  review by $AGENT: asks for changes: 1 blocker (tree [HASH])
ana@example.com  ran $AGENT for fix
ana@example.com  the run for fix ended: succeeded
ana@example.com  finished a round of fix
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  ran $AGENT for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by $AGENT: approved (tree [HASH])
ana@example.com  moved to review

"#]])
    );
}

pub fn a_question_is_answered_though_the_program_was_killed_before_and_after(agent: &'static RealAgent) {
    let Some(story) = Story::begin(agent) else { return };
    let (stage, id) = (&story.stage, story.wish());
    let asking = format!("{SPEC}\n## Open questions\n- Which language?\n  - English\n  - German\n");
    let look = || Turn::say("I look around.").bash("cat README.md");
    let hanging = |text: &str| Turn::say(text).failing_times(1, Fault::HangBeforeHeaders);
    let script = story.cast().part("spec", "Turn the wish below into a spec", [look(), hanging(&asking)]);
    story.play(script.part("plan", "Write the plan for the task below", [look(), hanging(PLAN)]));
    stage.kill_at(&id, Fault::HangBeforeHeaders);
    stage.run(&id, "waiting: question");
    assert_eq!(stage.sandbox.note(&id), "Which language?\n1. English\n2. German");
    stage.sandbox.ok(&["answer", &id, "2"]);
    stage.kill_at(&id, Fault::HangBeforeHeaders);
    stage.run(&id, "waiting: plan-approval");
    assert!(stage.sandbox.ok(&["spec", "show", &id]).contains("## Decisions\n- Which language? German"));
    assert!(stage.server.has_read("Which language? German"), "the planner does not know it");
    let runs = stage.runs(&id);
    let told: Vec<_> =
        runs.iter().map(|run| format!("{} {} {}", run["phase"], run["outcome"], run["resumed"])).collect();
    let interrupted = |phase: &str| format!("\"{phase}\" \"interrupted\" null");
    let went_on = |phase: &str| format!("\"{phase}\" \"succeeded\" true");
    assert_eq!(told, [interrupted("spec"), went_on("spec"), interrupted("plan"), went_on("plan")]);
    stage.sandbox.ok(&["approve", &id]);
    stage.run(&id, "review");
    assert_eq!(stage.server.parts(), "spec plan code review");
    assert_eq!(stage.left_running(), [""; 0]);
    snapbox::assert_data_eq!(
        story.ending(&id),
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
ana@example.com  created "Greet people"
ana@example.com  moved to ready
ana@example.com  noted: an agent plans it: standard: it is neither plainly small nor plainly large
ana@example.com  claimed it on mill (fence 1, branch aifactory/$ID-greet-people)
ana@example.com  ran $AGENT for spec
ana@example.com  released the claim: the worker died
ana@example.com  the run for spec ended: interrupted
ana@example.com  claimed it on mill (fence 2, branch aifactory/$ID-greet-people)
ana@example.com  ran $AGENT for spec
ana@example.com  the run for spec ended: succeeded
ana@example.com  wrote the spec
ana@example.com  moved to waiting: question (Which language?)
ana@example.com  said 4 lines to the agent
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 3, branch aifactory/$ID-greet-people)
ana@example.com  changed the spec
ana@example.com  ran $AGENT for plan
ana@example.com  released the claim: the worker died
ana@example.com  the run for plan ended: interrupted
ana@example.com  claimed it on mill (fence 4, branch aifactory/$ID-greet-people)
ana@example.com  ran $AGENT for plan
ana@example.com  the run for plan ended: succeeded
ana@example.com  wrote the plan
ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 5, branch aifactory/$ID-greet-people)
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

pub fn a_plan_that_was_sent_back_is_written_anew_with_the_reason(agent: &'static RealAgent) {
    let Some(story) = Story::begin(agent) else { return };
    let (stage, id) = (&story.stage, story.wish());
    let better = PLAN.replace("a greeting", "an English greeting");
    // The planner goes on in its conversation.
    story.play(story.cast().part(
        "plan-again",
        "You are still at the phase plan",
        [story.trying(), Turn::say(&better)],
    ));
    stage.run(&id, "waiting: plan-approval");
    stage.sandbox.ok(&["reject", &id, "-m", "name the language"]);
    stage.run(&id, "waiting: plan-approval");
    assert!(stage.server.has_read("name the language"), "the planner was not told why");
    stage.sandbox.ok(&["approve", &id]);
    stage.run(&id, "review");
    assert_eq!(stage.server.parts(), "spec plan plan-again code review");
    assert!(stage.server.has_read("Put an English greeting into the file"), "the coder has another plan");
    story.assert_readers_only_read(&id);
    snapbox::assert_data_eq!(
        story.ending(&id),
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
ana@example.com  created "Greet people"
ana@example.com  moved to ready
ana@example.com  noted: an agent plans it: standard: it is neither plainly small nor plainly large
ana@example.com  claimed it on mill (fence 1, branch aifactory/$ID-greet-people)
ana@example.com  ran $AGENT for spec
ana@example.com  the run for spec ended: succeeded
ana@example.com  wrote the spec
ana@example.com  ran $AGENT for plan
ana@example.com  the run for plan ended: succeeded
ana@example.com  wrote the plan
ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
ana@example.com  rejected it: name the language
ana@example.com  moved to ready (name the language)
ana@example.com  noted: an agent plans it: a person sent its plan back
ana@example.com  claimed it on mill (fence 2, branch aifactory/$ID-greet-people)
ana@example.com  ran $AGENT for plan
ana@example.com  the run for plan ended: succeeded
ana@example.com  changed the plan
ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 3, branch aifactory/$ID-greet-people)
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

/// Two steps side by side, and both change a file that neither has named.
pub fn steps_that_touch_the_same_are_done_one_after_the_other(agent: &'static RealAgent) {
    let Some(story) = Story::begin(agent) else { return };
    let (stage, id) = (&story.stage, story.wish());
    let step =
        |number: u32| format!("### S{number}: Write {number}\n- files: {number}.txt\n- gate: `test -s {number}.txt`\n");
    let writing = |number: u32| {
        let command = format!("echo {number} > {number}.txt; echo {number} > shared.txt");
        [Turn::say("I write.").bash(&command), Turn::say("It is written.")]
    };
    let plan = [Turn::say(&[step(1), step(2)].join("\n"))];
    let script = story.cast().part("plan", "Write the plan for the task below", plan);
    let script = script.part("one", "# Step S1", writing(1)).part("two", "# Step S2", writing(2));
    story.play(script.part("two-again", "You are still at step S2", writing(2)));
    story.until_approved(&id);
    let ran = stage.sandbox.run(&["run", &id, "--merge"]);
    assert_eq!((stage.sandbox.status(&id).as_str(), ran.status), ("done", 0), "{}", stage.all(&id, &ran));
    assert_eq!(stage.sandbox.read("shared.txt"), "2\n");
    assert_eq!(stage.sandbox.git(&["log", "--reverse", "--format=%s", "main~2..main"]), "Write 1\nWrite 2\n");
    snapbox::assert_data_eq!(
        story.without_names(&id, &in_any_order(since_approval(stage.sandbox.ending(&id)))),
        snapbox::IntoData::raw(str![[r#"
$ aifactory show $ID
$ID  Greet people  [done]
Plan
  ✓ S1   Write 1  1 gate
  ✓ S2   Write 2  1 gate
Evidence
  passed   test -s 1.txt  tree [HASH], clean checkout
  passed   test -s 2.txt  tree [HASH], clean checkout
$ aifactory merge --check $ID
$ID  Greet people
  done    merged   into main as [HASH]
$ aifactory log --brief $ID
…
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/$ID-greet-people)
ana@example.com  gate failed before the work: test -s 1.txt (tree [HASH])
ana@example.com  gate failed before the work: test -s 2.txt (tree [HASH])
ana@example.com  gate passed: test -s 1.txt (tree [HASH])
ana@example.com  gate passed: test -s 2.txt (tree [HASH])
ana@example.com  ran $AGENT for code
ana@example.com  ran $AGENT for code
ana@example.com  started step S1
ana@example.com  started step S2
ana@example.com  the run for step S1 ended: succeeded
ana@example.com  the run for step S2 ended: succeeded
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  noted: S2 does not go together with the others in shared.txt; it is done once more, and what it had is kept: refs/aifactory/saved/$ID/[KEPT]
ana@example.com  ran $AGENT for code
ana@example.com  started step S2
ana@example.com  the run for step S2 ended: succeeded
ana@example.com  gate passed: test -s 2.txt (tree [HASH])
ana@example.com  finished step S2 in commit [HASH]
ana@example.com  gate passed: test -s 1.txt (tree [HASH])
ana@example.com  ran $AGENT for review
ana@example.com  the run for review ended: succeeded
ana@example.com  review by $AGENT: approved (tree [HASH])
ana@example.com  moved to review
ana@example.com  gate passed: test -s 1.txt (tree [HASH], clean checkout)
ana@example.com  gate passed: test -s 2.txt (tree [HASH], clean checkout)
ana@example.com  is moving main to [HASH]
ana@example.com  moved to delivering
ana@example.com  merged into main as [HASH]
ana@example.com  moved to done

"#]])
    );
}
