//! New worktrees: made from nothing, and taken from the pool.

use crate::measure::{Compared, compare, wall};
use crate::sandbox::{Sandbox, drain, feed, git, output};
use crate::states::{States, short_size};
use crate::table::{Aim, Table};
use aifactory::git::{Oid, Repository};
use aifactory::model::TaskId;
use aifactory::run::Checkouts;
use std::cell::Cell;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// How many files differ between the commit of a parked worktree and the one that is wanted.
const APART: usize = 50;

pub fn run(states: &mut States, table: &mut Table) {
    let sizes: &[usize] = if states.quick { &[1_000] } else { &[1_000, 10_000, 20_000] };
    for files in sizes {
        let size = format!("{} files", short_size(*files));
        let big = *files == 20_000;
        let bench = Bench::new(*files);
        let aim = if big { Aim::Ratio(0.5) } else { Aim::None };
        table.row("new worktree / git worktree add", &size, bench.fresh(&[]), aim);
        if *files == 1_000 {
            let compared = bench.fresh(&["-c", "checkout.workers=0"]);
            table.row("new worktree / git with checkout.workers=0", &size, compared, Aim::None);
        }
        let aim = if big { Aim::Ratio(0.05) } else { Aim::None };
        table.row("worktree from the pool / git worktree add", &size, bench.pooled(), aim);
    }
}

struct Bench {
    sandbox: Sandbox,
    repository: Repository,
    old: Oid,
    new: Oid,
    /// Counts worktrees, so that each has a name of its own.
    number: Cell<u32>,
}

impl Bench {
    fn new(files: usize) -> Bench {
        let sandbox = Sandbox::with_state();
        let import = ["fast-import", "--quiet", "--done", "--force"];
        feed(git(&sandbox.repository()).args(import), stream(files).as_bytes());
        let commit = |name: &str| Repository::parse_oid(&sandbox.git(&["rev-parse", name])).expect("git prints an id");
        let (old, new) = (commit("main~1"), commit("main"));
        let repository = Repository::open(&sandbox.repository()).expect("git made the repository");
        Bench { sandbox, repository, old, new, number: Cell::new(0) }
    }

    fn next(&self) -> (PathBuf, String) {
        self.number.set(self.number.get() + 1);
        let name = format!("work-{}", self.number.get());
        (self.sandbox.beside(&name), name)
    }

    fn by_git(&self, settings: &[&str]) -> f64 {
        let (path, branch) = self.next();
        let new = self.new.to_string();
        let cost = wall(1, || {
            let mut add = git(&self.sandbox.repository());
            add.args(settings).args(["worktree", "add", "--quiet", "-b", &branch]).arg(&path).arg(&new);
            output(&mut add);
        });
        self.remove(&path);
        cost
    }

    fn fresh(&self, settings: &[&str]) -> Compared {
        let ours = || {
            let (path, branch) = self.next();
            let cost = wall(1, || {
                self.repository.add_worktree(&path, &branch, self.new).expect("a new worktree");
            });
            self.remove(&path);
            cost
        };
        compare(ours, || self.by_git(settings))
    }

    /// As a run takes it: a parked worktree is moved into place and switched to a branch 50 files away.
    fn pooled(&self) -> Compared {
        let project = self.sandbox.project();
        let checkouts = Checkouts::of(&project).expect("there is a home");
        let acquire = || {
            let branch = self.next().1;
            let task = TaskId::parse(&project.host.random_text(TaskId::LENGTH)).expect("an id");
            let mut path = PathBuf::new();
            let cost = wall(1, || {
                path = checkouts.acquire(&task, &branch, self.new).expect("a worktree").path;
            });
            self.repository.detach_worktree(&path, self.old).expect("it can be switched back");
            checkouts.park(&task).expect("it can be parked");
            cost
        };
        // The first is made from nothing, parked, and taken by all that follow.
        acquire();
        compare(acquire, || self.by_git(&[]))
    }

    fn remove(&self, path: &Path) {
        std::fs::remove_dir_all(path).expect("a worktree can be removed");
        drain(git(&self.sandbox.repository()).args(["worktree", "prune"]));
    }
}

/// Two commits on `main`: 100 files a folder, of half a kilobyte to eight, and then another content for some of them.
fn stream(files: usize) -> String {
    let mut text = String::new();
    let mut commit = |from: &str, files: &mut dyn Iterator<Item = usize>, version: usize| {
        let head = "commit refs/heads/main\ncommitter Bench <bench@example.org> 1700000000 +0000\ndata 5\nfiles\n";
        text.push_str(head);
        text.push_str(from);
        for number in files {
            let line = format!("{number} {version} some words that fill a line of this file, as lines are\n");
            let content = line.repeat(8 + number * 37 % 120);
            let path = format!("src/folder{}/file{number}.txt", number / 100);
            let _ = write!(text, "M 100644 inline {path}\ndata {}\n{content}\n", content.len());
        }
    };
    commit("", &mut (0..files), 1);
    commit("", &mut (0..files).step_by(files / APART), 2);
    text.push_str("done\n");
    text
}
