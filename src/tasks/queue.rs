//! What could run now, and what stands in the way of the rest. Read from the index, decided by pure rules.

use crate::error::Result;
use crate::model::readiness::{Blocked, blocked};
use crate::model::{Status, Timestamp};
use crate::store::{Filter, Index, IndexRow};

#[derive(Debug, Clone)]
pub struct Candidate {
    pub row: IndexRow,
    pub blocked: Option<Blocked>,
}

impl Candidate {
    /// Nothing but a free slot is missing.
    pub fn is_startable(&self, now: Timestamp) -> bool {
        let due = self.row.not_before.is_none_or(|time| time <= now);
        self.row.status == Status::Ready && self.blocked.is_none() && !self.row.paused && due
    }
}

/// All ready tasks, most urgent and then oldest first.
pub fn candidates(index: &Index) -> Result<Vec<Candidate>> {
    let filter = Filter { statuses: vec![Status::Ready], ..Filter::default() };
    let rows = index.tasks(&filter)?;
    let look =
        |row: IndexRow| Candidate { blocked: blocked(row.dependencies.iter().cloned(), |id| index.status_of(id)), row };
    Ok(rows.into_iter().map(look).collect())
}
