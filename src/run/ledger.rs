//! What the runs of this process have used so far. A budget that several of them share counts what the others are
//! using, too, and not only what is on the record.

use crate::model::{EventId, Spent, TaskId, Unrecorded};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    runs: BTreeMap<EventId, (TaskId, Spent)>,
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
    pub fn note(&self, run: &EventId, task: &TaskId, used: &Spent, recorded: &BTreeSet<EventId>) -> Unrecorded {
        let mut entries = self.entries();
        entries.runs.insert(run.clone(), (task.clone(), used.clone()));
        let others = entries.runs.iter().filter(|(other, _)| *other != run && !recorded.contains(*other));
        others.fold(Unrecorded::default(), |sum, (_, (of, used))| Unrecorded {
            of_task: if of == task { sum.of_task.plus(used) } else { sum.of_task },
            of_all: sum.of_all.plus(used),
        })
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
        let (ledger, [a, b, c]) = (Ledger::default(), ["a", "b", "c"].map(EventId::from_name));
        let [one, other] = ["7kq2mabcde", "8kq2mabcde"].map(|id| TaskId::parse(id).unwrap());
        let used = |tokens| Spent { tokens, ..Spent::default() };
        let unrecorded = |of_task, of_all| Unrecorded { of_task: used(of_task), of_all: used(of_all) };
        let before = ledger.recorded();
        assert_eq!(ledger.note(&a, &one, &used(5), &before), unrecorded(0, 0));
        assert_eq!(ledger.note(&b, &other, &used(2), &before), unrecorded(0, 5));
        assert_eq!(ledger.note(&a, &one, &used(6), &before), unrecorded(0, 2));
        // Steps of one task that are worked on at once share what the task may use.
        assert_eq!(ledger.note(&c, &one, &used(1), &before), unrecorded(6, 8));
        ledger.record(&a);
        // Whoever began before still has to count it; whoever begins now finds it on the record.
        assert_eq!(ledger.note(&b, &other, &used(2), &before), unrecorded(0, 7));
        assert_eq!(ledger.note(&b, &other, &used(2), &ledger.recorded()), unrecorded(0, 1));
    }
}
