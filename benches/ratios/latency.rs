//! From a task becoming ready to its agent starting.
//!
//! Here: a worker waits in the same clone; the time since `aifactory approve` has returned, next to what that command
//! itself takes. Through a remote: a worker waits in another clone and asks once a second, give or take a third; the time
//! since `aifactory sync` has returned, next to a shell loop that asks once a second and does what has to be done
//! before an agent can start with git alone: fetch, claim by compare-and-swap, add a worktree.

use crate::measure::{Compared, PAIRS, median, of_pairs};
use crate::sandbox::{aifactory, drain, git, in_sandbox, output};
use crate::shared::{self, address, plain_clone, sharing_clone, text};
use crate::states::{State, States};
use crate::table::{Aim, Table};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

const PLAN: &str = "### S1: Write it\n\n- files: work.txt\n- gate: `test -s work.txt`\n\nAs the title says.\n";
const POLLED: &str = "refs/heads/polled";
const CLAIMED: &str = "refs/heads/polled-claim";

/// An agent that does not start in this time will not start.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(states: &mut States, table: &mut Table) {
    let state = states.of_size(1_000);
    let marks = Marks::new(&state);
    here(&state, &marks, table);
    through_a_remote(&state, &marks, table);
}

fn here(state: &State, marks: &Marks, table: &mut Table) {
    let clone = state.sandbox.repository();
    let worker = Worker::start(&clone, marks);
    let mut pairs = Vec::new();
    for turn in 0..=PAIRS {
        let id = planned(state, &clone);
        pause(turn);
        let begin = now();
        drain(aifactory(&clone).args(["approve", &id]));
        let ready = now();
        pairs.push(((marks.wait_for(&id) - ready).max(0.0), ready - begin));
    }
    worker.end();
    table.row("ready to agent, here / aifactory approve", "1k tasks", of_pairs(&pairs[1..]), Aim::None);
}

fn through_a_remote(state: &State, marks: &Marks, table: &mut Table) {
    let remote = shared::remote(state, "latency-remote");
    let person = sharing_clone(state, &remote, "latency-person");
    let machine = sharing_clone(state, &remote, "latency-machine");
    for setting in [["sync.interval", "1s"], ["trust.plans", "shared"]] {
        drain(aifactory(&machine).args(["config", "set"]).args(setting));
    }
    let worker = Worker::start(&machine, marks);
    let ours: Vec<f64> = (0..=PAIRS)
        .map(|turn| {
            let id = planned(state, &person);
            drain(aifactory(&person).args(["approve", &id]));
            pause(turn);
            drain(aifactory(&person).args(["sync", "--quiet"]));
            let ready = now();
            marks.wait_for(&id) - ready
        })
        .collect();
    worker.end();

    for name in [POLLED, CLAIMED] {
        output(git(&remote).args(["update-ref", name, "main"]));
    }
    let poller = poller(state, &remote, marks);
    let theirs: Vec<f64> = (0..=PAIRS)
        .map(|turn| {
            let commit =
                output(git(&person).args(["commit-tree", "-p", "main", "-m", &turn.to_string(), "main^{tree}"]));
            pause(turn);
            let refspec = format!("+{commit}:{POLLED}");
            output(git(&person).args(["push", "--quiet", &address(&remote), &refspec]));
            let ready = now();
            marks.wait_for(&commit) - ready
        })
        .collect();
    poller.end();
    // These turns were not neighbours, and where in its second each fell is chance.
    let [ours, theirs] = [ours, theirs].map(|turns| median(turns.into_iter().skip(1)));
    let work = "ready to agent, through a remote asked every second / a shell loop";
    table.row(work, "1k tasks", Compared { ours, theirs, ratio: ours / theirs }, Aim::None);
}

/// A task with a plan that nobody has approved.
fn planned(state: &State, clone: &Path) -> String {
    let plan = state.sandbox.beside("latency-plan.md");
    std::fs::write(&plan, PLAN).expect("the plan can be written");
    output(aifactory(clone).args(["new", "write it", "--plan", &text(&plan)]))
}

/// Not in step with anybody who looks at intervals, and after what the last turn began has ended.
fn pause(turn: usize) {
    std::thread::sleep(Duration::from_millis(1_000 + (turn as u64 * 377) % 1_000));
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
    since.as_secs_f64() * 1e3
}

/// Where agents note when they started, each under the name of the folder it works in.
struct Marks {
    folder: PathBuf,
    agent: PathBuf,
}

impl Marks {
    fn new(state: &State) -> Marks {
        let folder = state.sandbox.beside("latency-marks");
        std::fs::create_dir_all(&folder).expect("a folder for marks");
        let lines = format!(
            "mark='{}'/$(basename \"$PWD\")\ndate +%s%N > \"$mark.new\"\nmv \"$mark.new\" \"$mark\"\necho done > work.txt",
            folder.display()
        );
        let agent = shared::script(&state.sandbox.beside("latency-agent"), &lines);
        Marks { folder, agent }
    }

    /// When it was, in milliseconds.
    fn wait_for(&self, name: &str) -> f64 {
        let begin = Instant::now();
        loop {
            if let Ok(text) = std::fs::read_to_string(self.folder.join(name)) {
                return text.trim().parse::<f64>().expect("date prints a number") / 1e6;
            }
            assert!(begin.elapsed() < PATIENCE, "no agent starts for {name}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

struct Worker(Child);

impl Worker {
    fn start(clone: &Path, marks: &Marks) -> Worker {
        let mut command = aifactory(clone);
        command.args(["work", "--jobs", "1"]);
        command.env("AIFACTORY_TEST_AGENT_CMD", &marks.agent).env("AIFACTORY_RUN_ATTEMPTS", "1");
        Worker::of(&mut command)
    }

    fn of(command: &mut Command) -> Worker {
        Worker(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the worker starts"))
    }

    fn end(mut self) {
        let pid = self.0.id().to_string();
        output(Command::new("kill").args(["-TERM", &pid]));
        self.0.wait().expect("the worker ends");
    }
}

/// What somebody writes who has git, a shell and an afternoon.
fn poller(state: &State, remote: &Path, marks: &Marks) -> Worker {
    let clone = plain_clone(state, remote, "latency-poller");
    let work = state.sandbox.beside("latency-poller-work");
    let lines = format!(
        r#"seen=$(git ls-remote origin {POLLED})
while :; do
    now=$(git ls-remote origin {POLLED})
    if [ "$now" != "$seen" ]; then
        seen=$now
        git fetch --quiet --no-tags origin +{POLLED}:refs/polled/task +{CLAIMED}:refs/polled/claim
        task=$(git rev-parse refs/polled/task)
        old=$(git rev-parse refs/polled/claim)
        new=$(git commit-tree -p "$old" -m "claim $task" "$old^{{tree}}")
        if git push --quiet --force-with-lease={CLAIMED}:"$old" origin "$new":{CLAIMED}; then
            git worktree add --quiet --detach '{work}'/"$task" "$task"
            (cd '{work}'/"$task" && '{agent}')
        fi
    fi
    sleep 1
done"#,
        work = work.display(),
        agent = marks.agent.display(),
    );
    let script = shared::script(&state.sandbox.beside("latency-poller-script"), &lines);
    Worker::of(&mut in_sandbox(&text(&script), &clone))
}
