//! What the runs of this process have used so far. A budget that several of them share counts what the others are
//! using, too, and not only what is on the record.

use crate::model::{EventId, Spent};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    runs: BTreeMap<EventId, Spent>,
    /// Those whose usage is on the record.
    recorded: BTreeSet<EventId>,
}

impl Ledger {
    /// Runs that whoever reads the record from now on finds there.
    pub fn recorded(&self) -> BTreeSet<EventId> {
        self.entries().recorded.clone()
    }

    pub fn record(&self, run: &EventId) {
        self.entries().recorded.insert(run.clone());
    }

    /// Notes what a run has used by now, and gives what all others used that the record did not have when `recorded` was
    /// asked for.
    pub fn note(&self, run: &EventId, used: &Spent, recorded: &BTreeSet<EventId>) -> Spent {
        let mut entries = self.entries();
        entries.runs.insert(run.clone(), used.clone());
        let others = entries.runs.iter().filter(|(other, _)| *other != run && !recorded.contains(*other));
        others.fold(Spent::default(), |sum, (_, used)| sum.plus(used))
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_sees_what_others_use_until_the_record_has_it() {
        let (ledger, [a, b]) = (Ledger::default(), ["a", "b"].map(EventId::from_name));
        let used = |tokens| Spent { tokens, ..Spent::default() };
        let before = ledger.recorded();
        assert_eq!(ledger.note(&a, &used(5), &before), used(0));
        assert_eq!(ledger.note(&b, &used(2), &before), used(5));
        assert_eq!(ledger.note(&a, &used(6), &before), used(2));
        ledger.record(&a);
        // Whoever began before still has to count it; whoever begins now finds it on the record.
        assert_eq!(ledger.note(&b, &used(2), &before), used(6));
        assert_eq!(ledger.note(&b, &used(2), &ledger.recorded()), used(0));
    }
}
