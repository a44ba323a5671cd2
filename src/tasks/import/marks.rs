//! Marks of a to-do list and statuses of tasks: one way when a task begins, the other way when a list is written back.

use super::entry::Beginning;
use super::place::Place;
use super::{reconcile, todo};
use crate::error::{Context, Result};
use crate::host::files;
use crate::model::todo::{Mark, parse_todo, write_back as with_marks};
use crate::model::{Reason, Status, Task};
use crate::tasks::Project;
use std::fs;
use std::path::Path;

/// Where a task begins whose line has this mark.
pub(super) fn beginning(mark: Mark, at: &str) -> Beginning {
    match mark {
        Mark::Open | Mark::Planning => Beginning::at(Status::Backlog),
        Mark::InProgress | Mark::PlanApproved => Beginning::at(Status::Ready),
        Mark::AwaitingReview => Beginning::waiting(Reason::PlanApproval).noted(format!("marked [?] in {at}")),
        Mark::Done => Beginning::at(Status::Done).noted(format!("marked done in {at}")),
        Mark::Cancelled => Beginning::at(Status::Cancelled).noted(format!("marked cancelled in {at}")),
    }
}

/// The lines of a list whose marks were changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenBack {
    /// 1-based line, and the mark that stands there now.
    pub lines: Vec<(usize, Mark)>,
}

/// Puts where tasks stand into the marks of their lines. No other byte of the file changes, and lines that were never
/// imported stay as they are. The tasks win: a mark that was set in the file since its last import is lost.
pub fn write_back(project: &Project, file: &Path) -> Result<WrittenBack> {
    let place = Place::find(project, file)?;
    let text = todo::text(&place)?;
    let lines = differing_marks(project, &place, &text)?;
    if !lines.is_empty() {
        replace_text(&place.path, &with_marks(&text, &lines))?;
    }
    Ok(WrittenBack { lines })
}

fn differing_marks(project: &Project, place: &Place, text: &str) -> Result<Vec<(usize, Mark)>> {
    let snapshot = project.store.snapshot()?;
    let known = reconcile::known_tasks(&snapshot, &snapshot.index()?, todo::SYSTEM, &place.name)?;
    let items = parse_todo(text).items;
    let tasks = todo::pair(&items, &known).into_iter().map(|index| index.map(|index| &known[index]));
    let marks = items.iter().zip(tasks).filter_map(|(item, task)| {
        let mark = mark_of(task?, item.mark);
        (mark != item.mark).then_some((item.line, mark))
    });
    Ok(marks.collect())
}

/// The mark for a task whose line has the mark `present`, which may say more about an open task than its status does.
fn mark_of(task: &Task, present: Mark) -> Mark {
    match task.status {
        Status::Done => Mark::Done,
        Status::Cancelled => Mark::Cancelled,
        Status::Running | Status::Review | Status::Delivering => Mark::InProgress,
        Status::Waiting if task.reason == Some(Reason::PlanApproval) => Mark::AwaitingReview,
        Status::Ready if task.approval.is_some() => Mark::PlanApproved,
        Status::Backlog | Status::Ready | Status::Waiting => match present {
            Mark::Done | Mark::Cancelled | Mark::InProgress => Mark::Open,
            Mark::Open | Mark::Planning | Mark::AwaitingReview | Mark::PlanApproved => present,
        },
    }
}

/// The new file has the permissions of the old one.
fn replace_text(path: &Path, text: &str) -> Result<()> {
    let failed = || format!("cannot keep the permissions of {}", path.display());
    let permissions = fs::metadata(path).context(failed)?.permissions();
    files::write_text(path, text)?;
    fs::set_permissions(path, permissions).context(failed)
}
