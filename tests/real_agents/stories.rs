//! Whole stories: one agent in every role, from a wish to a change that is proven and reviewed. `tests/stories.rs` tells
//! them with an agent that is a script; these are about what only real ones do: conversations, permissions, words.

use super::agents::{BelowFull, RealAgent};
use super::common::model::{Fault, Script, Turn};
use super::stage::Stage;
use aifactory::agent::Agent;
use aifactory::config::Settings;
use serde_json::Value;
use snapbox::str;

const SPEC: &str = "\
I looked around. Here is the spec.

## Overview
The program greets.

## Acceptance criteria
- [ ] there is a greeting; gate: `test -s greeting.txt`
";

const PLAN: &str = "\
This is the plan:

```markdown
### S1: Write the greeting
- files: greeting.txt
- gate: `test -s greeting.txt`

Put a greeting into the file.
```
Tell me whether it suits you.";

const APPROVED: &str = r#"It does what it should.
```json
{"approved": true, "summary": "It greets.", "issues": [], "criteria": [{"criterion": "there is a greeting", "met": true, "why": "the file"}]}
```"#;

const BLOCKED: &str = r#"I have one point.
```json
{"approved": false, "summary": "Not yet.", "issues": [{"severity": "blocker", "file": "greeting.txt", "line": 1, "description": "The greeting is not polite", "evidence": "hello", "suggestion": "write good day"}], "criteria": []}
```"#;

const CONFIRMED: &str = r#"{"findings": [{"number": 1, "verdict": "confirmed", "why": "it says hello"}]}"#;

/// A stage for the workflow `default`.
struct Story {
    stage: Stage,
    agent: &'static RealAgent,
}

impl Story {
    /// Nothing where agents cannot be installed.
    fn begin(agent: &'static RealAgent) -> Option<Story> {
        let stage = Stage::set(agent, Script::default())?.noting_starts();
        let stage = stage.setting("AIFACTORY_WORKFLOW", "default").setting("AIFACTORY_PLAN_BY_DEFAULT", "on");
        let story = Story { stage, agent };
        story.play(story.cast());
        Some(story)
    }

    /// The roles with their parts. The cues are in the prompts of `src/workflow/built_in/roles`.
    fn cast(&self) -> Script {
        Script::new([])
            .part("spec", "Turn the wish below into a spec", [self.trying(), Turn::say(SPEC)])
            .part("plan", "Write the plan for the task below", [self.trying(), Turn::say(PLAN)])
            .part("code", "You carry out one step of a reviewed plan", writing("hello\n"))
            .part("review", "Review the change below", [self.trying(), Turn::say(APPROVED)])
    }

    /// The same with a reviewer who finds something, and whatever follows from that.
    fn cast_with_a_blocker(&self) -> Script {
        self.cast()
            .part("review", "Review the change below", [self.trying(), Turn::say(BLOCKED)])
            .part(
                "review-again",
                "# What the last review said: is it dealt with?",
                [self.trying(), Turn::say(APPROVED)],
            )
            .part("confirm", "A reviewer found the points below", [self.trying(), Turn::say(CONFIRMED)])
            // Fixes go on in the conversation in which the code was written.
            .part("fix", "You are still at the phase fix", writing("good day\n"))
    }

    /// What nobody who only reads may do.
    fn trying(&self) -> Turn {
        let outside = self.stage.sandbox.root().join("outside.txt");
        Turn::say("I try something first.").bash(&format!("echo mine > {}", outside.display()))
    }

    fn play(&self, script: Script) {
        self.stage.play(script);
    }

    fn wish(&self) -> String {
        self.stage.sandbox.ok(&["new", "Greet people"]).trim().to_owned()
    }

    /// As far as a person's yes, and past it.
    #[track_caller]
    fn until_approved(&self, id: &str) {
        self.stage.run(id, "waiting: plan-approval");
        self.stage.sandbox.ok(&["approve", id]);
    }

    /// Each phase with the permission that its agent was started with.
    fn phases(&self, id: &str) -> Vec<(String, String)> {
        let word = |run: &Value, name: &str| run[name].as_str().unwrap_or_default().to_owned();
        self.stage.runs(id).iter().map(|run| (word(run, "phase"), word(run, "permission"))).collect()
    }

    /// Whoever only reads was started as the record says, and did not get further than reading.
    #[track_caller]
    fn assert_readers_only_read(&self, id: &str) {
        let record = Agent::find(self.agent.name(), &Settings::new([]).unwrap(), None).unwrap().record;
        let reading = record.permission["read-only"].args.join(" ");
        let phases = self.phases(id);
        let readers = phases.iter().filter(|(_, permission)| permission == "read-only").count();
        let starts = self.stage.starts();
        let as_reader = starts.iter().filter(|args| args.contains(&reading)).count();
        assert_eq!(as_reader, readers, "{phases:?}\n{}", starts.join("\n"));
        if self.agent.below_full == BelowFull::Denied {
            let runs = self.stage.runs(id);
            let denied = |run: &&Value| run["denied"].to_string().contains("outside.txt");
            assert_eq!(runs.iter().filter(denied).count(), readers, "{runs:?}");
        }
        let changes = ["code", "fix"];
        assert!(phases.iter().all(|(phase, may)| (may == "full") == changes.contains(&phase.as_str())), "{phases:?}");
        assert!(!self.stage.sandbox.root().join("outside.txt").exists());
    }

    /// What a person reads at the end, without times, ids and the agent's name.
    fn history(&self, id: &str) -> String {
        let log = self.stage.sandbox.ok(&["log", id]);
        let text = self.stage.sandbox.redact(&log).replace(id, "$ID").replace(self.agent.name(), "$AGENT");
        let is_dated = |line: &str| line.starts_with("20") && line.len() > 21;
        text.lines().map(|line| format!("{}\n", if is_dated(line) { &line[21..] } else { line })).collect()
    }
}

/// Writes the greeting and says so.
fn writing(greeting: &str) -> [Turn; 2] {
    [Turn::say("I write the greeting.").write("greeting.txt", greeting), Turn::say("## Summary\nIt is written.")]
}

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
        story.history(&id),
        snapbox::IntoData::raw(str![[r#"
ana@example.com  created "Greet people"
ana@example.com  moved to ready
ana@example.com  noted: an agent plans it: standard: it is neither plainly small nor plainly large
ana@example.com  claimed it on mill (fence 1, branch aifactory/$ID-greet-people)
ana@example.com  ran $AGENT for spec
ana@example.com  the run ended: succeeded
ana@example.com  wrote the spec
    @@ -0,0 +1,5 @@
    +## Overview
    +The program greets.
    +
    +## Acceptance criteria
    +- [ ] there is a greeting; gate: `test -s greeting.txt`
ana@example.com  ran $AGENT for plan
ana@example.com  the run ended: succeeded
ana@example.com  wrote the plan
    @@ -0,0 +1,5 @@
    +### S1: Write the greeting
    +- files: greeting.txt
    +- gate: `test -s greeting.txt`
    +
    +Put a greeting into the file.
ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/$ID-greet-people)
ana@example.com  gate failed: test -s greeting.txt (tree [HASH])
ana@example.com  ran $AGENT for code
ana@example.com  started step S1
ana@example.com  the run ended: succeeded
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  ran $AGENT for review
ana@example.com  the run ended: succeeded
ana@example.com  review: approved (tree [HASH])
    It greets.
    
    Criteria:
    - met: there is a greeting (the file)
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
        story.history(&id),
        snapbox::IntoData::raw(str![[r#"
ana@example.com  created "Greet people"
ana@example.com  moved to ready
ana@example.com  noted: an agent plans it: standard: it is neither plainly small nor plainly large
ana@example.com  claimed it on mill (fence 1, branch aifactory/$ID-greet-people)
ana@example.com  ran $AGENT for spec
ana@example.com  the run ended: succeeded
ana@example.com  wrote the spec
    @@ -0,0 +1,5 @@
    +## Overview
    +The program greets.
    +
    +## Acceptance criteria
    +- [ ] there is a greeting; gate: `test -s greeting.txt`
ana@example.com  ran $AGENT for plan
ana@example.com  the run ended: succeeded
ana@example.com  wrote the plan
    @@ -0,0 +1,5 @@
    +### S1: Write the greeting
    +- files: greeting.txt
    +- gate: `test -s greeting.txt`
    +
    +Put a greeting into the file.
ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
ana@example.com  approved the plan
ana@example.com  moved to ready
ana@example.com  claimed it on mill (fence 2, branch aifactory/$ID-greet-people)
ana@example.com  gate failed: test -s greeting.txt (tree [HASH])
ana@example.com  ran $AGENT for code
ana@example.com  started step S1
ana@example.com  the run ended: succeeded
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  finished step S1 in commit [HASH]
ana@example.com  ran $AGENT for review
ana@example.com  the run ended: succeeded
ana@example.com  ran $AGENT for review-confirm
ana@example.com  the run ended: succeeded
ana@example.com  review: asks for changes: 1 blocker (tree [HASH])
    Not yet.
    
    1. blocker, confirmed greeting.txt:1: The greeting is not polite
       evidence: hello
       suggestion: write good day
ana@example.com  ran $AGENT for fix
ana@example.com  the run ended: succeeded
ana@example.com  finished a round of fix
ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
ana@example.com  ran $AGENT for review
ana@example.com  the run ended: succeeded
ana@example.com  review: approved (tree [HASH])
    It greets.
    
    Criteria:
    - met: there is a greeting (the file)
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
}
