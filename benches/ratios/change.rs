//! One change of state, against the plumbing that does the same.

use crate::measure::{Compared, compare, wall};
use crate::plumbing::Plumbing;
use crate::sandbox::{aifactory, drain};
use crate::states::{State, States, short_size};
use crate::table::{Aim, Table};
use aifactory::model::{Change, Priority, TaskId};
use aifactory::tasks::Project;

const SCRIPTED: &str = "refs/heads/scripted";

pub fn run(states: &mut States, table: &mut Table) {
    for tasks in states.sizes() {
        let state = states.of_size(tasks);
        let size = format!("{} tasks", short_size(tasks));
        let mut toggle = Toggle::new(&state);
        let folder = state.sandbox.beside("script");
        let mut script = Plumbing::new(&state.sandbox.repository(), SCRIPTED, folder, &state.ids[1]);
        let mut scripted = || wall(1, || script.attempt().expect("nobody else writes here"));

        let compared = compare(|| wall(3, || toggle.as_process()), &mut scripted);
        table.row("one change, whole process / 7 git programs", &size, compared, Aim::Ratio(0.25));

        let project = state.sandbox.project();
        let compared = compare(|| wall(10, || toggle.in_process(&project)), &mut scripted);
        table.row("one change, in process / 7 git programs", &size, compared, Aim::None);

        let compared: Compared = compare(|| wall(3, || toggle.as_process()), || wall(1, || script.by_fast_import()));
        table.row("one change, whole process / git fast-import", &size, compared, Aim::None);
    }
}

/// Sets the priority of one task, each time to another value, so that there is always something to write.
pub struct Toggle<'s> {
    state: &'s State,
    id: TaskId,
    high: bool,
}

impl<'s> Toggle<'s> {
    pub fn new(state: &'s State) -> Toggle<'s> {
        Toggle { state, id: state.ids[0].clone(), high: false }
    }

    fn next(&mut self) -> Priority {
        self.high = !self.high;
        if self.high { Priority::High } else { Priority::Low }
    }

    pub fn as_process(&mut self) {
        let assignment = format!("priority={}", self.next().word());
        drain(aifactory(&self.state.sandbox.repository()).args(["set", self.id.as_str(), &assignment]));
    }

    pub fn in_process(&mut self, project: &Project) {
        let to = self.next();
        set_priority(project, &self.id, to);
    }
}

/// A transaction as `aifactory set` makes it.
pub fn set_priority(project: &Project, id: &TaskId, to: Priority) {
    let author = project.person();
    let done = project.store.transact(&author, "set priority", |snapshot, changes| {
        let from = Some(snapshot.task(id)?.priority.word().to_owned());
        let to = Some(to.word().to_owned());
        changes.event(id, Change::Set { field: "priority".to_owned(), from, to });
        Ok(())
    });
    done.expect("the change is written");
}
