//! What the workflow adds to agents: a task of ten steps, carried out by the same scripted agent.
//!
//! The alternative is what somebody would write in shell: the agent in a worktree, a commit and its gate for each step,
//! and at the end all gates once more on the result. One after another that is one worktree and ten turns in it; side by
//! side, `xargs -P3` gives every step a worktree and a branch of its own, and their commits are put on top of each other.
//! Ours does so with claims, records, supervision, transcripts and evidence.

use crate::measure::{Compared, compare, wall};
use crate::sandbox::{Sandbox, aifactory, drain, in_sandbox};
use crate::shared::{script, text};
use crate::states::States;
use crate::table::{Aim, Table};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const STEPS: usize = 10;
/// Agents at a time where steps are worked on side by side, on both sides.
const AT_ONCE: usize = 3;

/// Agents that think for so long: nothing shows the whole cost of the workflow, and a second that it is small beside it.
const THOUGHTS: [(&str, &str); 2] = [("an agent of no time", "0"), ("an agent of a second", "1")];

pub fn run(states: &mut States, table: &mut Table) {
    let thoughts = if states.quick { &THOUGHTS[..1] } else { &THOUGHTS[..] };
    for (who, seconds) in thoughts {
        let bench = Bench::new(seconds);
        let size = format!("{STEPS} steps, {who}");
        let serial = bench.compare(1, SERIAL);
        table.row("a task step by step / a shell script", &size, serial, Aim::None);
        let in_waves = bench.compare(AT_ONCE, SIDE_BY_SIDE);
        table.row(&format!("a task in waves of {AT_ONCE} / xargs -P{AT_ONCE}"), &size, in_waves, Aim::None);
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

struct Bench {
    sandbox: Sandbox,
    agent: PathBuf,
    plan: PathBuf,
}

impl Bench {
    fn new(seconds: &str) -> Bench {
        let sandbox = Sandbox::with_state();
        let agent = script(
            &sandbox.beside("scripted"),
            &format!(
                "sleep {seconds}\necho \"$AIFACTORY_STEP\" > \"file${{AIFACTORY_STEP#S}}.txt\"\n\
                 echo '{{\"event\":\"finished\",\"ok\":true,\"text\":\"\"}}'"
            ),
        );
        let folder = sandbox.beside(".config/aifactory");
        fs::create_dir_all(&folder).expect("a folder for the settings");
        let record = format!("[agents.scripted]\ncommand = \"{}\"\nreader = \"events\"\n", text(&agent));
        fs::write(folder.join("config.toml"), record).expect("settings can be written");
        let plan = sandbox.beside("plan.md");
        fs::write(&plan, plan_text()).expect("a plan can be written");
        Bench { sandbox, agent, plan }
    }

    fn compare(&self, at_once: usize, shell: &str) -> Compared {
        let file = script(&self.sandbox.beside(&format!("by-hand-{at_once}")), shell);
        let mut turn = 0;
        let theirs = || {
            turn += 1;
            let worktree = self.sandbox.beside(&format!("bare-{at_once}-{turn}"));
            let mut by_hand = in_sandbox(&text(&file), &self.sandbox.repository());
            by_hand.arg(&worktree).arg(&self.agent).arg(STEPS.to_string());
            let cost = wall(1, || drain(&mut by_hand));
            self.assert_done(&worktree);
            cost
        };
        compare(|| self.ours(at_once), theirs)
    }

    fn ours(&self, at_once: usize) -> f64 {
        let id = self.sandbox.aifactory(&["new", "Write ten files", "--plan", &text(&self.plan)]);
        self.sandbox.aifactory(&["set", &id, &format!("parallel={at_once}")]);
        self.sandbox.aifactory(&["approve", &id]);
        let cost = wall(1, || drain(&mut self.run(&id)));
        let worktree = self.sandbox.aifactory(&["path", &id]);
        self.assert_done(Path::new(&worktree));
        cost
    }

    /// Steps and gates alone: a review is an agent more, and the script has none.
    fn run(&self, id: &str) -> Command {
        let mut run = aifactory(&self.sandbox.repository());
        run.args(["run", "--quiet", id]);
        let settings = [("AGENT_DEFAULT", "scripted"), ("TRUST_FULL", "yes"), ("WORKFLOW", "solo")];
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

/// Steps that share nothing, each with a gate.
fn plan_text() -> String {
    let step = |step: usize| {
        format!(
            "### S{step}: Write {step}\n\n- files: file{step}.txt\n- gate: `test -s file{step}.txt`\n\nWrite it.\n\n"
        )
    };
    (1..=STEPS).map(step).collect()
}
