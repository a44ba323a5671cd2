//! What the workflow adds to agents: a task of ten steps, carried out by the same scripted agent.
//!
//! The alternative is what somebody would write in shell: the agent in a worktree, a commit and its gate for each step,
//! and at the end all gates once more on the result. One after another that is one worktree and ten turns in it; side by
//! side, `xargs -P3` gives every step a worktree and a branch of its own, and their commits are put on top of each other.
//! Ours does so with claims, records, supervision, transcripts and evidence.
//!
//! In the whole workflow an agent writes spec and plan before that, all gates are measured before anything is changed, and
//! an agent reads the change at the end; the script calls the same agent with the same words at the same places.

use crate::measure::{Compared, compare, wall};
use crate::sandbox::{Sandbox, aifactory, drain, in_sandbox};
use crate::shared::{script, text};
use crate::states::States;
use crate::table::{Aim, Table};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const STEPS: usize = 10;
/// Agents at a time where steps are worked on side by side, on both sides.
const AT_ONCE: usize = 3;

pub fn run(states: &mut States, table: &mut Table) {
    // An agent of no time shows the whole cost of the workflow, and one of a second that it is small beside it.
    let quick = Bench::new("0");
    quick.rows(table, Way::Steps, "an agent of no time");
    quick.rows(table, Way::Whole, "an agent of no time");
    if !states.quick {
        Bench::new("1").rows(table, Way::Whole, "an agent of a second");
    }
}

/// How much of the way is gone.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// The workflow `solo` with a plan that is there: steps and gates alone.
    Steps,
    /// The workflow `default`, from a wish to reviewed work.
    Whole,
}

impl Way {
    fn workflow(self) -> &'static str {
        match self {
            Way::Steps => "solo",
            Way::Whole => "default",
        }
    }
}

/// One worktree, and in it one step after another. `$1` is the worktree, `$2` the agent, `$3` the number of steps.
const SERIAL: &str = r#"
set -e
git worktree add --quiet -b "$(basename "$1")" "$1"
cd "$1"
for step in $(seq "$3"); do
  AIFACTORY_STEP=S$step "$2" > "$1.log.$step"
  git add --all && git commit --quiet -m "step $step"
  sh -c "test -s file$step.txt"
done
for step in $(seq "$3"); do sh -c "test -s file$step.txt"; done
"#;

/// A worktree and a branch for each step, three at a time, and then their commits one after another on one branch. Without
/// the lock, of a hundred `git worktree add` one or two read what another has half written, and fail.
const SIDE_BY_SIDE: &str = r#"
set -e
name=$(basename "$1")
export name
seq "$3" | xargs -P3 -I{} sh -ec '
  flock "$0.lock" git worktree add --quiet -b "$name-{}" "$0-{}"
  cd "$0-{}"
  AIFACTORY_STEP=S{} "$1" > "$0.log.{}"
  git add --all && git commit --quiet -m "step {}"
  sh -c "test -s file{}.txt"
' "$1" "$2"
git worktree add --quiet -b "$name" "$1"
cd "$1"
for step in $(seq "$3"); do
  git cherry-pick "$name-$step" > /dev/null
  sh -c "test -s file$step.txt"
  git worktree remove "$1-$step" && git branch --quiet -D "$name-$step"
done
for step in $(seq "$3"); do sh -c "test -s file$step.txt"; done
"#;

/// What comes before the steps in the whole workflow, in front of either script.
const BEFORE: &str = r#"
set -e
git worktree add --quiet --detach "$1.read"
cd "$1.read"
echo "Turn the wish below into a spec" | "$2" > "$1.spec"
echo "Write the plan for the task below" | "$2" > "$1.plan"
for step in $(seq "$3"); do sh -c "test -s file$step.txt" || true; done
cd "$4"
git worktree remove "$1.read"
"#;

/// And what comes after them.
const AFTER: &str = r#"
{ echo "Review the change below"; git diff main HEAD; } | "$2" > "$1.review"
grep -q '\\"approved\\": true' "$1.review"
"#;

struct Bench {
    sandbox: Sandbox,
    agent: PathBuf,
    plan: PathBuf,
}

impl Bench {
    fn new(seconds: &str) -> Bench {
        let sandbox = Sandbox::with_state();
        let agent = script(&sandbox.beside("scripted"), &player(&sandbox, seconds));
        let folder = sandbox.beside(".config/aifactory");
        fs::create_dir_all(&folder).expect("a folder for the settings");
        let record = format!("[agents.scripted]\ncommand = \"{}\"\nreader = \"events\"\n", text(&agent));
        fs::write(folder.join("config.toml"), record).expect("settings can be written");
        let plan = sandbox.beside("plan.md");
        fs::write(&plan, plan_text()).expect("a plan can be written");
        Bench { sandbox, agent, plan }
    }

    fn rows(&self, table: &mut Table, way: Way, who: &str) {
        let (size, what) = match way {
            Way::Steps => (format!("{STEPS} steps, {who}"), "steps of a task"),
            Way::Whole => (format!("spec, plan, {STEPS} steps, review, {who}"), "a task from wish to review"),
        };
        let serial = self.compare(way, 1, SERIAL);
        table.row(&format!("{what}, one by one / a shell script"), &size, serial, Aim::None);
        let in_waves = self.compare(way, AT_ONCE, SIDE_BY_SIDE);
        table.row(&format!("{what}, in waves of {AT_ONCE} / xargs -P{AT_ONCE}"), &size, in_waves, Aim::None);
    }

    fn compare(&self, way: Way, at_once: usize, shell: &str) -> Compared {
        let shell = match way {
            Way::Steps => shell.to_owned(),
            Way::Whole => format!("{BEFORE}\n{shell}\n{AFTER}"),
        };
        let name = format!("{}-{at_once}", way.workflow());
        let file = script(&self.sandbox.beside(&format!("by-hand-{name}")), &shell);
        let mut turn = 0;
        let theirs = || {
            turn += 1;
            let worktree = self.sandbox.beside(&format!("bare-{name}-{turn}"));
            let repository = self.sandbox.repository();
            let mut by_hand = in_sandbox(&text(&file), &repository);
            by_hand.arg(&worktree).arg(&self.agent).arg(STEPS.to_string()).arg(&repository);
            let cost = wall(1, || drain(&mut by_hand));
            self.assert_done(&worktree);
            cost
        };
        compare(|| self.ours(way, at_once), theirs)
    }

    fn ours(&self, way: Way, at_once: usize) -> f64 {
        let new = ["new", "Write ten files", "--plan", &text(&self.plan)];
        let words = if way == Way::Steps { &new[..] } else { &new[..2] };
        let id = self.sandbox.aifactory(words);
        self.sandbox.aifactory(&["set", &id, &format!("parallel={at_once}")]);
        let mut cost = 0.0;
        if way == Way::Whole {
            // It ends with a question to a person, which is no success.
            cost += wall(1, || assert_eq!(status(&mut self.run(way, &id)), Some(4)));
        }
        cost += wall(1, || drain(aifactory(&self.sandbox.repository()).args(["approve", "--quiet", &id])));
        cost += wall(1, || drain(&mut self.run(way, &id)));
        let worktree = self.sandbox.aifactory(&["path", &id]);
        self.assert_done(Path::new(&worktree));
        cost
    }

    fn run(&self, way: Way, id: &str) -> Command {
        let mut run = aifactory(&self.sandbox.repository());
        run.args(["run", "--quiet", id]);
        let settings = [
            ("AGENT_DEFAULT", "scripted"),
            ("TRUST_FULL", "yes"),
            ("WORKFLOW", way.workflow()),
            ("PLAN_BY_DEFAULT", "on"),
        ];
        run.envs(settings.map(|(name, value)| (format!("AIFACTORY_{name}"), value)));
        run
    }

    /// Every file is there, and a commit for each.
    fn assert_done(&self, worktree: &Path) {
        let mut count = in_sandbox("git", worktree);
        let commits = crate::sandbox::output(count.args(["rev-list", "--count", "main..HEAD"]));
        assert_eq!(commits, STEPS.to_string(), "{}", worktree.display());
        assert!((1..=STEPS).all(|step| worktree.join(format!("file{step}.txt")).is_file()), "{}", worktree.display());
    }
}

/// How a program ends that may not succeed.
fn status(command: &mut Command) -> Option<i32> {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program starts").code()
}

const FINISHED: &str = r#"{"event":"finished","ok":true,"text":""}"#;

/// The agent: what it says to whom, by the words that it is addressed with. A step has its number in the environment.
fn player(sandbox: &Sandbox, seconds: &str) -> String {
    let spec = "## Overview\nTen files.\n\n## Acceptance criteria\n- [ ] they are there\n".to_owned();
    let review = r#"{"approved": true, "summary": "They are there.", "issues": [], "criteria": []}"#.to_owned();
    let mut cases = String::new();
    let said = [
        ("Turn the wish below into a spec", spec),
        ("Write the plan for the task below", plan_text()),
        ("Review the change below", review),
    ];
    for (number, (cue, words)) in said.into_iter().enumerate() {
        let file = sandbox.beside(&format!("answer-{number}"));
        let answer = json!({ "event": "text", "text": words });
        fs::write(&file, format!("{answer}\n{FINISHED}\n")).expect("an answer can be written");
        cases.push_str(&format!("  *\"{cue}\"*) exec cat {} ;;\n", text(&file)));
    }
    format!(
        "sleep {seconds}\n\
         if test -n \"$AIFACTORY_STEP\"; then\n\
           echo \"$AIFACTORY_STEP\" > \"file${{AIFACTORY_STEP#S}}.txt\"\n\
           echo '{FINISHED}'\n\
           exit\n\
         fi\n\
         case \"$(cat)\" in\n{cases}esac"
    )
}

/// Steps that share nothing, each with a gate.
fn plan_text() -> String {
    let step = |step: usize| {
        format!(
            "### S{step}: Write {step}\n\n- files: file{step}.txt\n- gate: `test -s file{step}.txt`\n\nWrite it.\n\n"
        )
    };
    (1..=STEPS).map(step).collect()
}
