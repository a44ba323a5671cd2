//! A play: an agent that plays every role of a workflow from a script.

use super::{Marks, Ran, Sandbox, eventually, spawned};
use std::fs;

/// The parts of a play: what the agent says or does in each role, by turn. A file `ROLE.N` is a script for its Nth turn
/// in the role, `ROLE` for every other one.
const PLAYER: &str = r##"
prompt=$(cat)
case "$prompt" in
  *"Make it plainer"*) role=simplify ;;
  *"Turn the wish below into a spec"*) role=spec ;;
  *"Write the plan for the task below"*) role=plan ;;
  *"Review the change below"*) role=review ;;
  *"A reviewer found the points below"*) role=confirm ;;
  *"something about it is wanting"*) role=fix ;;
  *"Others tried this step"*) role=recovery ;;
  *"Find out what has to be known"*) role=research ;;
  *"find what would be worth changing"*) role=ideas ;;
  *"carry out one step"*) role=code ;;
  *"Explain the change below"*) role=explain ;;
  *) role=other ;;
esac
turn=$(( $(ls "$PLAY"/turns | grep -c "^$role\.") + 1 ))
printf '%s\n' "$prompt" > "$PLAY/turns/$role.$turn"
for script in "$PLAY/$role.$turn" "$PLAY/$role"; do
  if test -f "$script"; then . "$script"; exit; fi
done
echo "nobody wrote a part for $role, turn $turn" >&2
exit 9
"##;

pub struct Play {
    pub sandbox: Sandbox,
}

impl Play {
    pub fn new() -> Play {
        Play::on(Sandbox::new())
    }

    /// A play on this machine.
    pub fn on(sandbox: Sandbox) -> Play {
        let folder = sandbox.folder("play");
        fs::create_dir_all(folder.join("turns")).unwrap();
        let script = PLAYER.replace("$PLAY", &folder.to_string_lossy());
        let sandbox = sandbox
            .with_agent(&script)
            .with("AIFACTORY_WORKFLOW", "default")
            .with("AIFACTORY_PLAN_BY_DEFAULT", "on")
            .with("AIFACTORY_RUN_ATTEMPTS", "2");
        let play = Play { sandbox };
        play.part("spec", &says(SPEC)).part("plan", &says(PLAN)).part("code", "echo hello > greeting.txt");
        play.part("review", &says(APPROVED));
        play
    }

    /// What happens in a role, or in one turn of it.
    pub fn part(&self, role: &str, script: &str) -> &Play {
        fs::write(self.sandbox.folder("play").join(role), script).unwrap();
        self
    }

    /// A play whose agent speaks our events and takes conversations up again. A turn that goes on with one is of the
    /// role `other`: nobody tells the agent again who it is.
    pub fn speaking() -> Play {
        let play = Play::new();
        let folder = play.sandbox.root().join("home/config/aifactory");
        fs::create_dir_all(&folder).unwrap();
        let program = play.sandbox.root().join("scripts/agent");
        let agent = format!(
            "[agents.speaker]\ncommand = \"{}\"\nreader = \"events\"\nresume-args = [\"resume\", \"{{session}}\"]\n",
            program.display()
        );
        fs::write(folder.join("config.toml"), agent).unwrap();
        play.with("AIFACTORY_AGENT_DEFAULT", "speaker").with("AIFACTORY_TEST_AGENT_CMD", "")
    }

    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Play {
        Play { sandbox: self.sandbox.with(name, value) }
    }

    /// A part of such a play: what it does, and the lines that it ends with.
    pub fn speaks(&self, role: &str, deed: &str, last: &str) -> &Play {
        let calls = self.sandbox.folder("play").join("calls");
        let begins = r#"echo "{\"event\":\"session-started\",\"session\":\"${2:-$role.$turn}\"}""#;
        self.part(role, &format!("echo \"$role.$turn $*\" >> {}\n{begins}\n{deed}\n{last}\n", calls.display()))
    }

    /// How the agent of such a play was started, a line each: role and turn, then its arguments.
    pub fn calls(&self) -> String {
        fs::read_to_string(self.sandbox.folder("play").join("calls")).unwrap()
    }

    /// The prompt of a turn.
    pub fn prompt(&self, turn: &str) -> String {
        fs::read_to_string(self.sandbox.folder("play").join("turns").join(turn)).unwrap_or_default()
    }

    pub fn turns(&self) -> String {
        let names = fs::read_dir(self.sandbox.folder("play").join("turns")).unwrap().flatten();
        let mut names: Vec<String> = names.map(|name| name.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names.join(" ")
    }

    pub fn wish(&self, title: &str) -> String {
        self.sandbox.ok(&["new", title]).trim().to_owned()
    }

    /// A wish with a spec and a plan that wait for a person.
    #[track_caller]
    pub fn planned(&self) -> String {
        let id = self.wish("Greet people");
        self.sandbox.fails(&["run", &id], 4);
        assert_eq!(self.sandbox.status(&id), "waiting: plan-approval", "{}", self.sandbox.note(&id));
        id
    }

    /// The same, and a person said yes.
    #[track_caller]
    pub fn approved(&self) -> String {
        let id = self.planned();
        self.sandbox.ok(&["approve", &id]);
        id
    }

    /// The same, carried out and reviewed.
    #[track_caller]
    pub fn reviewed(&self) -> String {
        let id = self.approved();
        self.sandbox.ok(&["run", &id]);
        id
    }

    /// Runs the task until its agent has come to where the script says [`Marks::here`], and kills the run.
    #[track_caller]
    pub fn killed(&self, id: &str, marks: &Marks) {
        let before = marks.pids().len();
        let mut run = spawned(&mut self.sandbox.command(&["run", id]));
        eventually("the agent is at work", || marks.pids().len() > before);
        run.kill();
        eventually("nothing of it is left", || marks.alive().is_empty());
    }

    /// What a person reads at the end: the history, without times and ids.
    pub fn history(&self, id: &str) -> String {
        let log = self.sandbox.ok(&["log", id]);
        let lines = log.lines().map(|line| line.get(22..).unwrap_or(line).trim_end());
        lines.filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
    }

    /// How a story ends for a person who asks: where the task stands, what is proven, and who did what.
    pub fn ending(&self, id: &str) -> Ran {
        self.sandbox.ending(id)
    }

    /// The same for a story that begins where somebody has approved the plan.
    #[track_caller]
    pub fn ending_since_approval(&self, id: &str) -> Ran {
        since_approval(self.ending(id))
    }
}

impl Sandbox {
    /// See [`Play::ending`]. Of what is shown, the wish itself is left out: its fields and its spec.
    #[track_caller]
    pub fn ending(&self, id: &str) -> Ran {
        let shown = self.ok(&["show", id]);
        let (heading, sections) = shown.split_once("\n\n").unwrap_or((&shown, ""));
        let (standing, _) = heading.split_once("  priority").unwrap_or((heading, ""));
        let short = standing.split(' ').next().unwrap_or_default();
        let mut text = format!("$ aifactory show {short}\n{standing}");
        for section in sections.split("\n\n").filter(|section| !section.starts_with("Spec")) {
            text.push_str(&format!("{}\n", section.trim_end()));
        }
        text.push_str(&format!("$ aifactory merge --check {short}\n{}", self.run(&["merge", "--check", id]).all()));
        text.push_str(&format!("$ aifactory log --brief {short}\n"));
        for line in self.ok(&["log", "--brief", id]).lines() {
            text.push_str(&format!("{}\n", line.get(TIME..).unwrap_or(line)));
        }
        let kept = regex::Regex::new(&format!("(aifactory/saved/{id}/)[0-9a-z]+")).unwrap();
        let text = kept.replace_all(&text, "${1}[KEPT]").into_owned();
        Ran { status: 0, stdout: text, stderr: String::new() }
    }
}

/// An ending without what happened before a person approved the plan.
#[track_caller]
pub fn since_approval(mut ending: Ran) -> Ran {
    let text = &mut ending.stdout;
    let history = text.find("$ aifactory log").unwrap();
    let begin = history + text[history..].find('\n').unwrap() + 1;
    let approved = text.find("ana@example.com  approved the plan\n").expect("a person approved the plan");
    text.replace_range(begin..approved, "…\n");
    ending
}

/// An ending with the lines of what went on side by side in an order of their own: from the first step's start until its work is
/// on the task's branch.
pub fn in_any_order(mut ending: Ran) -> Ran {
    let mut lines: Vec<&str> = ending.stdout.lines().collect();
    let is = |line: &&str, what: &str| line.contains(what);
    let from = lines.iter().position(|line| is(line, " for code")).unwrap();
    let to = lines.iter().position(|line| is(line, "finished step S1")).unwrap();
    lines[from..to].sort_unstable();
    ending.stdout = lines.join("\n") + "\n";
    ending
}

/// `2026-01-01 00:01:00` and two blanks, in front of each line of a history.
const TIME: usize = 21;

/// A script that says this and nothing else.
pub fn says(text: &str) -> String {
    format!("cat <<'END_OF_WORDS'\n{text}\nEND_OF_WORDS\n")
}

/// The lines of an agent that speaks our events, says this, and is through.
pub fn finished(words: &str) -> String {
    let text = serde_json::json!({ "event": "text", "text": words });
    says(&format!("{text}\n{}", serde_json::json!({ "event": "finished", "ok": true, "text": "done" })))
}

pub const SPEC: &str = "\
Here is the spec.

## Overview
The program greets.

## Acceptance criteria
- [ ] there is a greeting; gate: `test -s greeting.txt`
";

pub const PLAN: &str = "\
### S1: Write the greeting
- files: greeting.txt
- gate: `test -s greeting.txt`

Put a greeting into the file.
";

pub const APPROVED: &str = r#"All is well.
```json
{"approved": true, "summary": "It greets.", "issues": [], "criteria": [{"criterion": "there is a greeting", "met": true, "why": "the file"}]}
```"#;

pub const BLOCKED: &str = r#"{"approved": false, "summary": "Not yet.", "issues": [
  {"severity": "blocker", "file": "greeting.txt", "line": 1, "description": "The greeting is not polite", "evidence": "hello", "suggestion": "write good day"}]}"#;

pub const CONFIRMED: &str = r#"{"findings": [{"number": 1, "verdict": "confirmed", "why": "it says hello"}]}"#;
