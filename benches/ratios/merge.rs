//! Two states that went apart, brought together by the library and by `git merge-tree`.
//!
//! Each turn works in a repository of its own that borrows the objects of the state, so that both sides write all that
//! they make. git leaves tasks that both sides changed with marks of a conflict in their records; ours are merged.

use crate::measure::{compare, wall};
use crate::sandbox::{git, output, project};
use crate::shared::{STATE, head, text};
use crate::states::{State, States, short_size};
use crate::table::{Aim, Table};
use aifactory::git::{Oid, Repository};
use aifactory::model::{Change, TaskId};
use std::cell::Cell;
use std::path::PathBuf;

pub fn run(states: &mut States, table: &mut Table) {
    for tasks in states.sizes() {
        let state = states.of_size(tasks);
        let one = &state.ids[4..5];
        row(&state, [one, one], "merge of 1 task changed on both sides / git merge-tree", table);
    }
    let changed = if states.quick { 500 } else { 10_000 };
    let state = states.of_size(changed * 2);
    let (ours, theirs) = (&state.ids[..changed], &state.ids[changed / 2..changed / 2 + changed]);
    let work = format!("merge of {} and {} changed tasks / git merge-tree", short_size(changed), short_size(changed));
    row(&state, [ours, theirs], &work, table);
}

fn row(state: &State, changed: [&[TaskId]; 2], work: &str, table: &mut Table) {
    let apart = Apart::new(state, changed);
    let turns = Cell::new(0);
    let fresh = || {
        turns.set(turns.get() + 1);
        apart.repository(state, turns.get())
    };
    let ours = || {
        let repository = fresh();
        let project = project(&repository);
        let mut merged = 0;
        let time = wall(1, || {
            let taken = project.store.take_in(Some(apart.base), apart.theirs).expect("the states can be merged");
            merged = taken.merged.merged.len();
        });
        assert_eq!(merged, apart.common, "what both changed was merged");
        done_with(repository);
        time
    };
    let theirs = || {
        let repository = fresh();
        let mut merge = git(&repository);
        merge.args(["merge-tree", "--write-tree", "--no-messages", "--name-only"]);
        merge.args([apart.ours.to_string(), apart.theirs.to_string()]);
        let time = wall(1, || {
            let output = merge.output().expect("git starts");
            assert!(matches!(output.status.code(), Some(0 | 1)), "git merges, with or without conflicts");
        });
        done_with(repository);
        time
    };
    let compared = compare(ours, theirs);
    table.row(work, format!("{} tasks", short_size(state.ids.len())), compared, Aim::None);
}

/// Three commits: what both have in common, and what became of it on either side.
struct Apart {
    base: Oid,
    ours: Oid,
    theirs: Oid,
    /// Tasks that both changed.
    common: usize,
}

impl Apart {
    fn new(state: &State, [ours, theirs]: [&[TaskId]; 2]) -> Apart {
        let base = oid(&head(&state.sandbox.repository()));
        let change = |ids: &[TaskId], field: &str, to: &str| {
            set_all(state, ids, field, to);
            let made = oid(&head(&state.sandbox.repository()));
            state.sandbox.git(&["update-ref", STATE, &base.to_string()]);
            made
        };
        Apart {
            base,
            ours: change(ours, "priority", "high"),
            theirs: change(theirs, "title", "another title"),
            common: ours.iter().filter(|id| theirs.contains(id)).count(),
        }
    }

    fn repository(&self, state: &State, turn: usize) -> PathBuf {
        let path = state.sandbox.beside(&format!("merge-{turn}"));
        state.sandbox.git(&["clone", "--quiet", "--bare", "--shared", ".", &text(&path)]);
        output(git(&path).args(["update-ref", STATE, &self.ours.to_string()]));
        path
    }
}

fn done_with(repository: PathBuf) {
    std::fs::remove_dir_all(repository).expect("a turn's repository can be removed");
}

fn set_all(state: &State, ids: &[TaskId], field: &str, to: &str) {
    let project = state.sandbox.project();
    let done = project.store.transact(&project.person(), "change", |_, changes| {
        for id in ids {
            let change = Change::Set { field: field.to_owned(), from: None, to: Some(to.to_owned()) };
            changes.event(id, change);
        }
        Ok(())
    });
    done.expect("the changes are written");
}

fn oid(text: &str) -> Oid {
    Repository::parse_oid(text).expect("git prints object ids")
}
