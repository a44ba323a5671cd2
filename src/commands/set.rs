//! `aifactory set`

use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::tasks::{Assignment, Project, parse_assignment, set};
use crate::workflow::Library;

/// Change fields of tasks
///
/// Fields that hold one value take `key=value` (nothing after `=` clears), those that hold several `key+=x` and
/// `key-=x`. Status, claim and the like follow from what happens and cannot be set.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory set 7kq2 priority=high labels+=ui
  aifactory set 7kq2 8abc agent=runbook
  aifactory set 7kq2 dependencies+=8abc

Fields: title, priority, risk, role, repository, agent, parent; labels, dependencies")]
pub struct Args {
    /// Task ids, then assignments
    #[arg(required = true, value_name = "ID|KEY=VALUE")]
    words: Vec<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let (assignments, ids): (Vec<String>, Vec<String>) =
        args.words.iter().cloned().partition(|word| word.contains('='));
    if ids.is_empty() || assignments.is_empty() {
        return Err(Error::usage("set needs at least one id and one assignment")
            .hint("for example: aifactory set 7kq2 priority=high"));
    }
    let assignments = assignments.iter().map(|text| parse_assignment(text)).collect::<Result<Vec<_>>>()?;
    let project = context.project_for_writing()?;
    let ids = context.resolve(&project.store.snapshot()?, &ids)?;
    let changed = set(&project, &ids, &assignments)?;
    for assignment in &assignments {
        if let Assignment::Set { field: "role", value } = assignment {
            warn_of_unknown_role(context, &project, value);
        }
    }
    context.report_changed(&project, "aifactory.set/1", "changed", &changed)
}

/// It may be one that is still to be defined, and is written down all the same, also where that cannot be looked up.
pub(super) fn warn_of_unknown_role(context: &Context, project: &Project, role: &str) {
    if role.trim().is_empty() {
        return;
    }
    if let Some(error) = Library::of(project).map_or_else(Some, |library| library.find_unknown_role(role)) {
        context.ui.warn(&error.full_text());
        error.hints().iter().for_each(|hint| context.ui.hint(hint));
    }
}
