//! What starts next: a pure decision over what is ready, what runs and what time it is. It starts nothing itself.

use crate::model::{Digest, TaskId, Timestamp};
use crate::tasks::Candidate;
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Start(Vec<TaskId>),
    /// Nothing can start before a running task ends.
    WaitForRunning,
    /// Nothing runs, and the next task is due then.
    WaitUntil(Timestamp),
    Finished,
}

/// `candidates` in the order in which they should start; `tried` were carried out in this run and are not started again
/// unless they were parked for another try.
pub fn decide(
    candidates: &[Candidate],
    running: &BTreeSet<TaskId>,
    tried: &BTreeSet<TaskId>,
    slots: usize,
    now: Timestamp,
) -> Decision {
    let open = |candidate: &&Candidate| {
        let id = &candidate.row.id;
        !running.contains(id) && (!tried.contains(id) || candidate.row.not_before.is_some())
    };
    let open: Vec<&Candidate> = candidates.iter().filter(open).collect();
    let free = slots.saturating_sub(running.len());
    let due = open.iter().filter(|candidate| candidate.is_startable(now));
    let start: Vec<TaskId> = due.take(free).map(|candidate| candidate.row.id.clone()).collect();
    if !start.is_empty() {
        return Decision::Start(start);
    }
    if !running.is_empty() {
        return Decision::WaitForRunning;
    }
    let parked = open.iter().filter(|candidate| candidate.blocked.is_none() && !candidate.row.paused);
    match parked.filter_map(|candidate| candidate.row.not_before.filter(|time| *time > now)).min() {
        Some(time) => Decision::WaitUntil(time),
        None => Decision::Finished,
    }
}

/// Among tasks of the same priority, each worker has an order of its own, so that many of them do not all reach for the
/// same one: the task for which the two names together draw the highest number comes first.
pub fn prefer(candidates: &mut [Candidate], worker: &str) {
    candidates.sort_by_cached_key(|candidate| {
        let draw = Digest::of_all([worker.as_bytes(), candidate.row.id.as_str().as_bytes()]);
        (candidate.row.priority, std::cmp::Reverse(draw))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::readiness::Blocked;
    use crate::model::{Priority, Risk, Status};
    use crate::store::IndexRow;
    use proptest::prelude::*;

    fn id(number: u8) -> TaskId {
        TaskId::parse(&format!("{number:0>10}")).unwrap()
    }

    fn candidate(number: u8, blocked: bool, paused: bool, not_before: Option<u64>) -> Candidate {
        Candidate {
            row: IndexRow {
                id: id(number),
                title: String::new(),
                status: Status::Ready,
                reason: None,
                note: None,
                priority: Priority::Normal,
                risk: Risk::Blocking,
                labels: Vec::new(),
                created: Timestamp::default(),
                updated: Timestamp::default(),
                not_before: not_before.map(Timestamp::from_millis),
                paused,
                agent: None,
                holder: None,
                session: None,
                dependencies: Vec::new(),
                planned: true,
                conflicts: 0,
            },
            blocked: blocked.then(|| Blocked::Waiting(vec![id(99)])),
        }
    }

    fn ids(numbers: &[u8]) -> BTreeSet<TaskId> {
        numbers.iter().copied().map(id).collect()
    }

    #[test]
    fn decisions_by_table() {
        let now = Timestamp::from_millis(100);
        let plain = |number| candidate(number, false, false, None);
        type Case = (&'static str, Vec<Candidate>, BTreeSet<TaskId>, BTreeSet<TaskId>, usize, Decision);
        let cases: Vec<Case> = vec![
            (
                "two slots, three tasks",
                vec![plain(1), plain(2), plain(3)],
                ids(&[]),
                ids(&[]),
                2,
                Decision::Start(vec![id(1), id(2)]),
            ),
            ("no slot", vec![plain(2)], ids(&[1]), ids(&[]), 1, Decision::WaitForRunning),
            ("blocked, nothing runs", vec![candidate(1, true, false, None)], ids(&[]), ids(&[]), 2, Decision::Finished),
            (
                "blocked, one runs",
                vec![candidate(2, true, false, None)],
                ids(&[1]),
                ids(&[]),
                2,
                Decision::WaitForRunning,
            ),
            ("paused", vec![candidate(1, false, true, None)], ids(&[]), ids(&[]), 2, Decision::Finished),
            (
                "parked",
                vec![candidate(1, false, false, Some(500))],
                ids(&[]),
                ids(&[]),
                2,
                Decision::WaitUntil(Timestamp::from_millis(500)),
            ),
            (
                "parked and due",
                vec![candidate(1, false, false, Some(50))],
                ids(&[]),
                ids(&[1]),
                2,
                Decision::Start(vec![id(1)]),
            ),
            ("tried already", vec![plain(1)], ids(&[]), ids(&[1]), 2, Decision::Finished),
            ("nothing", vec![], ids(&[]), ids(&[]), 2, Decision::Finished),
        ];
        for (name, candidates, running, tried, slots, expected) in cases {
            assert_eq!(decide(&candidates, &running, &tried, slots, now), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_starts_fits_the_slots_and_is_startable(
            shape in prop::collection::vec((any::<bool>(), any::<bool>(), prop::option::of(0u64..200)), 0..12),
            running in prop::collection::btree_set(0u8..12, 0..4),
            slots in 0usize..6,
        ) {
            let candidates: Vec<Candidate> =
                shape.iter().enumerate().map(|(n, (b, p, t))| candidate(n as u8, *b, *p, *t)).collect();
            let running: BTreeSet<TaskId> = running.into_iter().map(id).collect();
            let now = Timestamp::from_millis(100);
            if let Decision::Start(started) = decide(&candidates, &running, &BTreeSet::new(), slots, now) {
                prop_assert!(started.len() + running.len() <= slots);
                for id in started {
                    prop_assert!(!running.contains(&id));
                    prop_assert!(candidates.iter().any(|c| c.row.id == id && c.is_startable(now)));
                }
            }
        }
    }
}
