//! Eight processes that write at once: nothing may be lost, nobody may wait for long.
//!
//! The bench starts itself again as the writers. Each opens the state, waits until all are ready, and then writes as
//! often as it can for a fixed time.

use crate::change::set_priority;
use crate::measure::{PAIRS, median};
use crate::plumbing::Plumbing;
use crate::sandbox::{aifactory, drain, project};
use crate::states::{State, States, path_of};
use crate::table::Table;
use aifactory::model::{Priority, TaskId};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The first argument of a writer; then come its kind, the repository, its own folder, its task and its milliseconds.
pub const CHILD: &str = "--be-a-writer";

const WRITERS: usize = 8;
const SCRIPTED: &str = "refs/heads/scripted-by-eight";

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Library,
    Program,
    Script,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Library => "library",
            Kind::Program => "program",
            Kind::Script => "script",
        }
    }

    fn ref_name(self) -> &'static str {
        if self == Kind::Script { SCRIPTED } else { "refs/aifactory/state" }
    }

    /// A script needs longer until its number of commits means something.
    fn time(self) -> Duration {
        Duration::from_millis(if self == Kind::Script { 2000 } else { 1000 })
    }
}

/// What writers did in one turn.
#[derive(Default, Clone, Copy)]
struct Turn {
    commits: u64,
    /// Attempts that another writer beat.
    refused: u64,
    seconds: f64,
    worst_wait: f64,
    /// Acknowledged, but not on the ref.
    lost: i64,
}

impl Turn {
    fn rate(&self) -> f64 {
        self.commits as f64 / self.seconds
    }
}

pub fn run(states: &mut States, table: &mut Table) {
    let state = states.of_size(1_000);
    let mut turns: [Vec<Turn>; 3] = Default::default();
    for kind in [Kind::Library, Kind::Program, Kind::Script] {
        turn(&state, kind);
    }
    for _ in 0..PAIRS {
        for kind in [Kind::Library, Kind::Program, Kind::Script] {
            turns[kind as usize].push(turn(&state, kind));
        }
    }
    let [library, program, script] = &turns;
    let size = "1k tasks, 8 processes";
    let per_second = |turns: &[Turn]| format!("{:.0} commits/s", median(turns.iter().map(Turn::rate)));
    for (who, turns) in [("library", library), ("whole program", program)] {
        let ratio = median(turns.iter().zip(script).map(|(ours, theirs)| ours.rate() / theirs.rate()));
        let rates = [per_second(turns), per_second(script)];
        let verdict = if ratio >= 50.0 { "met" } else { "missed" };
        let aim = format!("≥ 50 × {verdict}");
        table.words(&format!("8 writers, {who} / git retry loop"), size, rates, &format!("{ratio:.1}"), &aim);
        let wait = |turns: &[Turn]| turns.iter().map(|turn| turn.worst_wait).fold(0.0, f64::max);
        let verdict = if wait(turns) <= 300.0 { "met" } else { "missed" };
        let waits = [wait(turns), wait(script)].map(|wait| format!("{wait:.0} ms"));
        table.words(&format!("8 writers, {who}: worst wait"), size, waits, "", &format!("≤ 300 ms {verdict}"));
        let counts = [turns, script].map(|turns| {
            let sum = |of: fn(&Turn) -> i64| turns.iter().map(of).sum::<i64>();
            format!("{} of {}", sum(|turn| turn.lost), sum(|turn| turn.commits as i64))
        });
        let verdict = if turns.iter().all(|turn| turn.lost == 0) { "met" } else { "missed" };
        table.words(&format!("8 writers, {who}: commits lost"), size, counts, "", &format!("0 {verdict}"));
    }
    let refused = |turns: &[Turn]| turns.iter().map(|turn| turn.refused).sum::<u64>().to_string();
    table.words("8 writers: attempts thrown away", size, [refused(library), refused(script)], "", "");
}

fn turn(state: &State, kind: Kind) -> Turn {
    let repository = state.sandbox.repository();
    // The ref of the scripts begins as a copy of the state.
    let first = &state.ids[2];
    drop(Plumbing::new(&repository, SCRIPTED, state.sandbox.beside("script"), first));
    let before = written(state, kind);
    let mut writers: Vec<Child> = (0..WRITERS).map(|number| start(state, kind, number)).collect();
    let mut answers: Vec<_> = writers.iter_mut().map(|w| BufReader::new(w.stdout.take().expect("a pipe"))).collect();
    let mut line = String::new();
    for answer in &mut answers {
        answer.read_line(&mut line).expect("a writer says that it is ready");
    }
    let begin = Instant::now();
    for writer in &mut writers {
        let mut stdin = writer.stdin.take().expect("a pipe");
        stdin.write_all(b"go\n").expect("a writer waits for its start");
    }
    let mut turn = Turn::default();
    for answer in &mut answers {
        line.clear();
        answer.read_line(&mut line).expect("a writer says what it did");
        let numbers: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [commits, refused, worst_wait] = numbers[..] else { panic!("a writer failed: {line}") };
        turn.commits += commits as u64;
        turn.refused += refused as u64;
        turn.worst_wait = turn.worst_wait.max(worst_wait);
    }
    turn.seconds = begin.elapsed().as_secs_f64();
    for writer in &mut writers {
        writer.wait().expect("a writer ends");
    }
    let [commits, events] = written(state, kind);
    turn.lost = turn.commits as i64 - (commits - before[0]);
    // A script writes the lines of its refused attempts too, so its events cannot be counted.
    if kind != Kind::Script {
        turn.lost = turn.lost.max(turn.commits as i64 - (events - before[1]));
    }
    turn
}

/// What is on the ref: its commits, and the events of the writers' tasks.
fn written(state: &State, kind: Kind) -> [i64; 2] {
    let count = state.sandbox.git(&["rev-list", "--count", kind.ref_name()]);
    let commits = count.parse().expect("git prints a number");
    let events = |task: &TaskId| {
        let name = format!("{}:{}", kind.ref_name(), path_of(task, "events.jsonl"));
        state.sandbox.git(&["cat-file", "blob", &name]).lines().count() as i64
    };
    [commits, (0..WRITERS).map(|number| events(task(state, number))).sum()]
}

/// Each writer has a task of its own.
fn task(state: &State, number: usize) -> &TaskId {
    &state.ids[10 + number]
}

fn start(state: &State, kind: Kind, number: usize) -> Child {
    let own_folder = state.sandbox.beside(&format!("writer-{number}"));
    let mut command = Command::new(std::env::current_exe().expect("the bench knows itself"));
    command.args([CHILD, kind.word()]).arg(state.sandbox.repository()).arg(own_folder);
    command.arg(task(state, number).as_str()).arg(kind.time().as_millis().to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().expect("the bench starts again")
}

/// A writer: says that it is ready, waits for the start, writes, and says what it did.
pub fn child(words: &[String]) {
    let [kind, repository, own_folder, task, millis] = words else { panic!("a writer has five arguments") };
    let repository = PathBuf::from(repository);
    let task = TaskId::parse(task).expect("a task id");
    let millis = millis.parse().expect("a number of milliseconds");
    match kind.as_str() {
        "library" => {
            let project = project(&repository);
            write_for(millis, |number| {
                set_priority(&project, &task, Priority::ALL[(number % 4) as usize]);
                true
            });
        }
        "program" => write_for(millis, |number| {
            // A title that no turn has given before: setting what is set already writes nothing.
            let assignment = format!("title=turn {} number {number}", std::process::id());
            drain(aifactory(&repository).args(["set", task.as_str(), &assignment]));
            true
        }),
        _ => {
            let mut script = Plumbing::new(&repository, SCRIPTED, PathBuf::from(own_folder), &task);
            write_for(millis, |_| script.attempt().is_ok());
        }
    }
}

/// Calls `attempt` until the time is over, and again where it was refused.
fn write_for(millis: u64, mut attempt: impl FnMut(u64) -> bool) {
    println!("ready");
    std::io::stdin().lock().read_line(&mut String::new()).expect("the bench says when");
    let end = Instant::now() + Duration::from_millis(millis);
    let (mut commits, mut refused, mut worst_wait) = (0, 0, Duration::ZERO);
    let mut since = Instant::now();
    while Instant::now() < end {
        let done = attempt(commits);
        worst_wait = worst_wait.max(since.elapsed());
        if done {
            commits += 1;
            since = Instant::now();
        } else {
            refused += 1;
        }
    }
    println!("{commits} {refused} {}", worst_wait.as_secs_f64() * 1e3);
}
