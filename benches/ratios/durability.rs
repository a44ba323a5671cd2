//! What it costs that a change survives a power cut too.

use crate::change::Toggle;
use crate::measure::{compare, wall};
use crate::states::States;
use crate::table::{Aim, Table};
use std::cell::RefCell;

pub fn run(states: &mut States, table: &mut Table) {
    let state = states.of_size(1_000);
    let toggle = RefCell::new(Toggle::new(&state));
    let mut power = state.sandbox.project();
    power.store = power.store.durable(true);
    let process = state.sandbox.project();
    let compared = compare(
        || wall(5, || toggle.borrow_mut().in_process(&power)),
        || wall(5, || toggle.borrow_mut().in_process(&process)),
    );
    table.row("one change, in process: durability power / process", "1k tasks", compared, Aim::None);
}
