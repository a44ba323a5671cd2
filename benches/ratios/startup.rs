//! What it costs to start the program at all.

use crate::measure::{compare, wall};
use crate::sandbox::{Sandbox, aifactory, drain, git};
use crate::states::States;
use crate::table::{Aim, Table};

pub fn run(_: &mut States, table: &mut Table) {
    let sandbox = Sandbox::with_state();
    let folder = sandbox.repository();
    let git_version = || wall(10, || drain(git(&folder).arg("--version")));
    for (work, args) in [("--version", vec!["--version"]), ("status, no tasks", vec!["status"])] {
        let ours = || wall(10, || drain(aifactory(&folder).args(&args)));
        let compared = compare(ours, git_version);
        table.row(&format!("aifactory {work} / git --version"), "–", compared, Aim::None);
    }
}
