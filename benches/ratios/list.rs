//! Lists and searches, in processor time, against git handing out the same records without anybody parsing them.

use crate::change::Toggle;
use crate::measure::{Compared, compare, cpu, wall};
use crate::sandbox::{aifactory, drain, feed, git, output};
use crate::states::{State, States, short_size};
use crate::table::{Aim, Table};

pub fn run(states: &mut States, table: &mut Table) {
    for tasks in states.sizes() {
        let state = states.of_size(tasks);
        let size = format!("{} tasks, CPU", short_size(tasks));
        let times = (10_000 / tasks).clamp(1, 10) as u32;
        let ours = |args: &[&str]| {
            drain(aifactory(&state.sandbox.repository()).args(args));
        };
        let list_aim = || if tasks == 100_000 { Aim::Millis(50.0) } else { Aim::None };
        let git_reads = || cpu(times, || read_all_records(&state));

        let compared = compare(|| cpu(times, || ours(&["list"])), git_reads);
        table.row("list / git reads all records", &size, compared, list_aim());
        let compared = compare(|| cpu(times, || ours(&["list", "--json"])), git_reads);
        table.row("list --json / git reads all records", &size, compared, list_aim());
        let compared = compare(|| cpu(10, || ours(&["list", "-n", "20"])), git_reads);
        table.row("list -n 20 / git reads all records", &size, compared, list_aim());
        let compared = compare(|| cpu(10, || ours(&["search", "word977"])), git_reads);
        table.row("search for a word / git reads all records", &size, compared, Aim::None);
        let size = format!("{} tasks", short_size(tasks));
        table.row("index after one change / unchanged", size, after_change(&state), Aim::Extra(2.0));
    }
}

fn read_all_records(state: &State) {
    let names = output(git(&state.sandbox.repository()).args(["ls-tree", "-r", "-z", "refs/aifactory/state"]));
    let mut wanted = Vec::new();
    for line in names.split('\0').filter(|line| line.ends_with("/task.toml")) {
        let oid = line.split([' ', '\t']).nth(2).expect("a line of ls-tree has an id");
        wanted.extend_from_slice(oid.as_bytes());
        wanted.push(b'\n');
    }
    feed(git(&state.sandbox.repository()).args(["cat-file", "--batch", "--buffer"]), &wanted);
}

/// What the index costs once more when the state has changed: opened in this process, and the change itself not counted.
fn after_change(state: &State) -> Compared {
    let project = state.sandbox.project();
    let mut toggle = Toggle::new(state);
    let open = || {
        wall(1, || {
            let snapshot = project.store.snapshot().expect("there is a state");
            drop(snapshot.index().expect("there is an index"));
        })
    };
    let mut open_changed = || {
        toggle.in_process(&project);
        open()
    };
    compare(|| (0..20).map(|_| open_changed()).sum::<f64>() / 20.0, || (0..20).map(|_| open()).sum::<f64>() / 20.0)
}
