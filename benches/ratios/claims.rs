//! Claims that count everywhere: workers, each in a clone of its own or all in one, that take one task after another
//! through a remote, against as many scripts that each move a ref there by compare-and-swap, again and again until they
//! are not beaten.
//!
//! The bench starts itself again as the workers. The scripts commit an empty change, which flatters git.

use crate::measure::{median, wall};
use crate::sandbox::{git, output, project, try_output};
use crate::shared::{self, STATE, head, sharing_clone, text};
use crate::states::{State, States};
use crate::table::Table;
use aifactory::model::TaskId;
use aifactory::sync::{Confirmed, Sharing};
use aifactory::tasks::claim;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The first argument of a worker; then come its kind, its clone, its milliseconds and its tasks.
pub const CHILD: &str = "--be-a-claimer";

const TURNS: usize = 3;
const TIME: Duration = Duration::from_secs(4);
const SCRIPTED: &str = "refs/heads/scripted-claims";
/// Where the refs of the remote were when the last turn began.
const COUNTED_SCRIPTS: &str = "refs/counted/scripts";
const COUNTED_CLAIMS: &str = "refs/counted/claims";

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Each worker has a clone of its own, as on machines of their own.
    Clones,
    /// All work in one clone.
    OneClone,
    Script,
}

const KINDS: [Kind; 3] = [Kind::Clones, Kind::OneClone, Kind::Script];

#[derive(Default, Clone, Copy)]
struct Turn {
    claims: f64,
    seconds: f64,
    /// Programs that were started to push, by all workers.
    pushes: f64,
    worst_wait: f64,
    /// Acknowledged, but not on the remote.
    lost: f64,
    /// Exchanges that said that the remote is too busy, and were made again.
    gave_up: f64,
}

impl Turn {
    fn rate(&self) -> f64 {
        self.claims / self.seconds
    }
}

pub fn run(states: &mut States, table: &mut Table) {
    let (tasks, fleets): (usize, &[usize]) = if states.quick { (1_000, &[1, 8]) } else { (10_000, &[1, 8, 32]) };
    let state = states.of_size(tasks);
    for workers in fleets {
        let fleet = Fleet::new(&state, *workers);
        let mut turns: [Vec<Turn>; 3] = Default::default();
        for number in 0..TURNS {
            for kind in KINDS {
                turns[kind as usize].push(fleet.turn(&state, kind, number));
            }
        }
        report(*workers, &turns, table);
        fleet.clear();
    }
}

fn report(workers: usize, [clones, one_clone, script]: &[Vec<Turn>; 3], table: &mut Table) {
    let size = format!("{workers} workers");
    let rate = |turns: &[Turn]| format!("{:.1} claims/s", median(turns.iter().map(Turn::rate)));
    let pushes = |turns: &[Turn]| median(turns.iter().map(|turn| turn.pushes / turn.claims));
    let wait = |turns: &[Turn]| turns.iter().map(|turn| turn.worst_wait).fold(0.0, f64::max);
    for (where_, turns) in [("a clone each", clones), ("one clone", one_clone)] {
        let ratio = median(turns.iter().zip(script).map(|(ours, theirs)| ours.rate() / theirs.rate()));
        let work = format!("claims, {where_} / git CAS loop");
        table.words(&work, &size, [rate(turns), rate(script)], &format!("{ratio:.2}"), "");
        let [ours, theirs] = [pushes(turns), pushes(script)];
        let sides = [ours, theirs].map(|pushes| format!("{pushes:.2}"));
        table.words(&format!("claims, {where_}: pushes for one"), &size, sides, &format!("{:.2}", ours / theirs), "");
        let waits = [wait(turns), wait(script)].map(|wait| format!("{wait:.0} ms"));
        table.words(&format!("claims, {where_}: worst wait"), &size, waits, "", "");
        let lost = [turns, script].map(|turns| turns.iter().map(|turn| turn.lost).sum::<f64>().to_string());
        let gave_up: f64 = turns.iter().map(|turn| turn.gave_up).sum();
        table.words(
            &format!("claims, {where_}: gave up and began anew"),
            &size,
            [gave_up.to_string(), "–".into()],
            "",
            "",
        );
        let verdict = if turns.iter().all(|turn| turn.lost == 0.0) { "met" } else { "missed" };
        table.words(&format!("claims, {where_}: acknowledged and gone"), &size, lost, "", &format!("0 {verdict}"));
    }
}

/// A remote and as many clones as workers. What each kind of worker does there is counted.
struct Fleet {
    remote: PathBuf,
    clones: Vec<PathBuf>,
    pushes: PathBuf,
    workers: usize,
}

impl Fleet {
    fn new(state: &State, workers: usize) -> Fleet {
        let remote = shared::remote(state, &format!("claims-remote-{workers}"));
        for name in [SCRIPTED, COUNTED_SCRIPTS, COUNTED_CLAIMS] {
            output(git(&remote).args(["update-ref", name, &head(&remote)]));
        }
        let pushes = state.sandbox.beside("claims-pushes");
        let lines = format!("echo push >> '{}'\nexec git receive-pack \"$@\"", pushes.display());
        let counting = shared::script(&state.sandbox.beside("claims-receive"), &lines);
        let clone = |number| {
            let path = sharing_clone(state, &remote, &format!("claims-{workers}-{number}"));
            output(git(&path).args(["config", "remote.origin.receivepack", &text(&counting)]));
            path
        };
        Fleet { clones: (0..workers).map(clone).collect(), remote, pushes, workers }
    }

    fn turn(&self, state: &State, kind: Kind, number: usize) -> Turn {
        let _ = std::fs::remove_file(&self.pushes);
        // Nobody takes a task that another turn has taken.
        let share = state.ids.len() / (2 * TURNS * self.workers);
        let place = if kind == Kind::OneClone { TURNS + number } else { number } * self.workers;
        let tasks = |worker: usize| &state.ids[(place + worker) * share..][..share.min(400)];
        let mut workers: Vec<Child> = (0..self.workers).map(|n| self.start(kind, n, tasks(n))).collect();
        let mut answers: Vec<_> =
            workers.iter_mut().map(|w| BufReader::new(w.stdout.take().expect("a pipe"))).collect();
        let mut line = String::new();
        for answer in &mut answers {
            answer.read_line(&mut line).expect("a worker says that it is ready");
        }
        for worker in &mut workers {
            let mut stdin = worker.stdin.take().expect("a pipe");
            stdin.write_all(b"go\n").expect("a worker waits for its start");
        }
        let mut turn = Turn::default();
        let seconds = wall(1, || {
            for answer in &mut answers {
                line.clear();
                answer.read_line(&mut line).expect("a worker says what it did");
                let numbers: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
                let [claims, worst_wait, gave_up] = numbers[..] else { panic!("a worker failed: {line}") };
                turn.claims += claims;
                turn.worst_wait = turn.worst_wait.max(worst_wait);
                turn.gave_up += gave_up;
            }
        });
        turn.seconds = seconds / 1e3;
        for worker in &mut workers {
            worker.wait().expect("a worker ends");
        }
        turn.pushes = std::fs::read_to_string(&self.pushes).map_or(0, |text| text.lines().count()) as f64;
        turn.lost = turn.claims - self.arrived(kind);
        turn
    }

    fn start(&self, kind: Kind, number: usize, tasks: &[TaskId]) -> Child {
        let clone = if kind == Kind::OneClone { &self.clones[0] } else { &self.clones[number] };
        let mut command = Command::new(std::env::current_exe().expect("the bench knows itself"));
        let word = if kind == Kind::Script { "script" } else { "library" };
        command.args([CHILD, word]).arg(clone).arg(TIME.as_millis().to_string());
        command.args(tasks.iter().map(TaskId::as_str));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().expect("the bench starts again")
    }

    /// What the remote has of this turn.
    fn arrived(&self, kind: Kind) -> f64 {
        let git = |args: &[&str]| output(git(&self.remote).args(args));
        match kind {
            Kind::Script => {
                let count = git(&["rev-list", "--count", &format!("{COUNTED_SCRIPTS}..{SCRIPTED}")]);
                git(&["update-ref", COUNTED_SCRIPTS, SCRIPTED]);
                count.parse().unwrap_or(f64::NAN)
            }
            Kind::Clones | Kind::OneClone => {
                let changed = git(&["diff-tree", "-r", "--name-only", COUNTED_CLAIMS, STATE]);
                git(&["update-ref", COUNTED_CLAIMS, STATE]);
                changed.lines().filter(|path| path.ends_with("/task.toml")).count() as f64
            }
        }
    }

    fn clear(self) {
        for folder in self.clones.iter().chain([&self.remote]) {
            std::fs::remove_dir_all(folder).expect("what a fleet used can be removed");
        }
    }
}

/// A worker: says that it is ready, waits for the start, claims, and says what it did.
pub fn child(words: &[String]) {
    let [kind, clone, millis, tasks @ ..] = words else { panic!("a worker has three arguments and tasks") };
    let clone = PathBuf::from(clone);
    let mut tasks = tasks.iter().map(|task| TaskId::parse(task).expect("a task id"));
    let mut script = Script { clone: clone.clone(), tip: head(&clone) };
    println!("ready");
    std::io::stdin().lock().read_line(&mut String::new()).expect("the bench says when");
    let end = Instant::now() + Duration::from_millis(millis.parse().expect("a number of milliseconds"));
    let (mut claims, mut worst_wait, mut gave_up) = (0, Duration::ZERO, 0);
    while Instant::now() < end {
        let since = Instant::now();
        let Some(task) = tasks.next() else { break };
        match kind.as_str() {
            "library" => gave_up += claim_one(&clone, &task),
            _ => script.claim_one(),
        }
        claims += 1;
        worst_wait = worst_wait.max(since.elapsed());
    }
    println!("{claims} {} {gave_up}", worst_wait.as_secs_f64() * 1e3);
}

/// As a worker takes a task: here, and then everywhere. How often it had to begin anew.
fn claim_one(clone: &Path, task: &TaskId) -> u32 {
    let project = project(clone);
    let sharing = Sharing::find(&project).expect("the remote is known").expect("the state is shared");
    let session = format!("bench-{}", project.host.random_text(12));
    claim(&project, std::slice::from_ref(task), &session).expect("nobody else wants the task");
    for tries in 0..100 {
        match sharing.confirm(task, &session) {
            Ok(Confirmed::Held) => return tries,
            Ok(Confirmed::Lost(why)) => panic!("the claim does not stand: {why}"),
            Err(error) => eprintln!("  {error}"),
        }
    }
    panic!("the claim never arrives")
}

/// A ref on the remote that is moved from what it was, by git alone.
struct Script {
    clone: PathBuf,
    tip: String,
}

impl Script {
    fn claim_one(&mut self) {
        loop {
            let tree = format!("{}^{{tree}}", self.tip);
            let message = format!("claim by {}", std::process::id());
            let commit = output(git(&self.clone).args(["commit-tree", "-p", &self.tip, "-m", &message, &tree]));
            let lease = format!("--force-with-lease={SCRIPTED}:{}", self.tip);
            let refspec = format!("{commit}:{SCRIPTED}");
            if try_output(git(&self.clone).args(["push", "--quiet", "--no-verify", &lease, "origin", &refspec])).is_ok()
            {
                self.tip = commit;
                return;
            }
            self.fetch();
        }
    }

    fn fetch(&mut self) {
        let refspec = format!("+{SCRIPTED}:refs/scripted/there");
        let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "origin", &refspec];
        output(git(&self.clone).args(fetch));
        self.tip = output(git(&self.clone).args(["rev-parse", "refs/scripted/there"]));
    }
}
