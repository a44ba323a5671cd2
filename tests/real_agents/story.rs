//! What the whole stories have in common: the roles with their parts, and how a story ends for a person who looks.

use super::agents::{BelowFull, RealAgent};
use super::common::Ran;
use super::common::model::{Script, Turn};
use super::common::play::since_approval;
use super::stage::Stage;
use aifactory::agent::Agent;
use aifactory::config::Settings;
use serde_json::Value;

pub const SPEC: &str = "\
I looked around. Here is the spec.

## Overview
The program greets.

## Acceptance criteria
- [ ] there is a greeting; gate: `test -s greeting.txt`
";

pub const PLAN: &str = "\
This is the plan:

```markdown
### S1: Write the greeting
- files: greeting.txt
- gate: `test -s greeting.txt`

Put a greeting into the file.
```
Tell me whether it suits you.";

pub const APPROVED: &str = r#"It does what it should.
```json
{"approved": true, "summary": "It greets.", "issues": [], "criteria": [{"criterion": "there is a greeting", "met": true, "why": "the file"}]}
```"#;

pub const BLOCKED: &str = r#"I have one point.
```json
{"approved": false, "summary": "Not yet.", "issues": [{"severity": "blocker", "file": "greeting.txt", "line": 1, "description": "The greeting is not polite", "evidence": "hello", "suggestion": "write good day"}], "criteria": []}
```"#;

pub const CONFIRMED: &str = r#"{"findings": [{"number": 1, "verdict": "confirmed", "why": "it says hello"}]}"#;

/// A stage for the workflow `default`.
pub struct Story {
    pub stage: Stage,
    agent: &'static RealAgent,
}

impl Story {
    /// Nothing where agents cannot be installed.
    pub fn begin(agent: &'static RealAgent) -> Option<Story> {
        let stage = Stage::set(agent, Script::default())?.noting_starts();
        let stage = stage.setting("AIFACTORY_WORKFLOW", "default").setting("AIFACTORY_PLAN_BY_DEFAULT", "on");
        let story = Story { stage, agent };
        story.play(story.cast());
        Some(story)
    }

    /// The roles with their parts. The cues are in the prompts of `src/workflow/built_in/roles`.
    pub fn cast(&self) -> Script {
        Script::new([])
            .part("spec", "Turn the wish below into a spec", [self.trying(), Turn::say(SPEC)])
            .part("plan", "Write the plan for the task below", [self.trying(), Turn::say(PLAN)])
            .part("code", "You carry out one step of a reviewed plan", writing("hello\n"))
            .part("review", "Review the change below", [self.trying(), Turn::say(APPROVED)])
    }

    /// The same with a reviewer who finds something, and whatever follows from that.
    pub fn cast_with_a_blocker(&self) -> Script {
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
    pub fn trying(&self) -> Turn {
        let outside = self.stage.sandbox.root().join("outside.txt");
        Turn::say("I try something first.").bash(&format!("echo mine > {}", outside.display()))
    }

    pub fn play(&self, script: Script) {
        self.stage.play(script);
    }

    pub fn wish(&self) -> String {
        self.stage.sandbox.ok(&["new", "Greet people"]).trim().to_owned()
    }

    pub fn with_attempts(self, most: &str) -> Story {
        Story { stage: self.stage.setting("AIFACTORY_RUN_ATTEMPTS", most), ..self }
    }

    /// As far as a person's yes, and past it.
    #[track_caller]
    pub fn until_approved(&self, id: &str) {
        self.stage.run(id, "waiting: plan-approval");
        self.stage.sandbox.ok(&["approve", id]);
    }

    /// Each phase with the permission that its agent was started with.
    pub fn phases(&self, id: &str) -> Vec<(String, String)> {
        let word = |run: &Value, name: &str| run[name].as_str().unwrap_or_default().to_owned();
        self.stage.runs(id).iter().map(|run| (word(run, "phase"), word(run, "permission"))).collect()
    }

    /// Whoever only reads was started as the record says, and did not get further than reading.
    #[track_caller]
    pub fn assert_readers_only_read(&self, id: &str) {
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

    /// What a person finds at the end, without ids and the agent's name.
    pub fn ending(&self, id: &str) -> String {
        self.without_names(id, &self.stage.sandbox.ending(id))
    }

    pub fn ending_since_approval(&self, id: &str) -> String {
        self.without_names(id, &since_approval(self.stage.sandbox.ending(id)))
    }

    /// The text of an ending with words in the places of what differs from one run and agent to the next.
    pub fn without_names(&self, id: &str, ran: &Ran) -> String {
        let text = self.stage.sandbox.redact(&ran.stdout);
        text.replace(id, "$ID").replace(&id[..4], "$ID").replace(self.agent.name(), "$AGENT")
    }
}

/// Writes the greeting and says so.
fn writing(greeting: &str) -> [Turn; 2] {
    [Turn::say("I write the greeting.").write("greeting.txt", greeting), Turn::say("## Summary\nIt is written.")]
}
