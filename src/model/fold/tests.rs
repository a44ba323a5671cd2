use super::*;
use crate::model::{Digest, EventId, Hlc, ProposalEnd, Timestamp};
use proptest::prelude::*;

fn id() -> TaskId {
    TaskId::parse("7kq2mabcde").unwrap()
}

fn event(number: u64, fence: Option<u64>, change: Change) -> Event {
    let time = Timestamp::from_millis(number);
    Event {
        id: EventId::new(time, &format!("{number:0>10}")),
        hlc: Hlc { time, count: 0 },
        actor: "ana".into(),
        session: match &change {
            Change::Claimed { claim, .. } => Some(format!("session {claim}")),
            _ => fence.map(|fence| format!("session {fence}")),
        },
        fence,
        prev: None,
        sig: None,
        change,
    }
}

fn created() -> Event {
    event(1, None, Change::Created { draft: Draft { title: "a".into(), ..Draft::default() } })
}

fn moved(from: Status, to: Status) -> Change {
    Change::Moved { from, to, reason: None, note: None }
}

fn claimed(claim: u64) -> Change {
    Change::Claimed { claim, host: "mill".into(), lease_seconds: 60, branch: "b".into(), live: None }
}

#[test]
fn a_plan_that_was_sent_back_is_so_until_it_is_another_one_or_approved() {
    let digest = Digest::of("spec and plan");
    let rejected = Change::Rejected { note: None, digest: Some(digest.clone()) };
    let text = Change::Text { file: TextFile::Plan, from: None, to: Digest::of("x"), diff: String::new() };
    let (base, note, warrant) = (None, None, None);
    let approved = Change::Approved { digest: digest.clone(), base, policy: false, note, warrant };
    let sent_back = |then: Option<Change>| {
        let changes = [rejected.clone()].into_iter().chain(then);
        let events = changes.zip(2..).map(|(change, number)| event(number, None, change));
        fold(&id(), &[created()].into_iter().chain(events).collect::<Vec<_>>()).unwrap().sent_back
    };
    assert_eq!(sent_back(None), Some(digest.clone()));
    assert_eq!(sent_back(Some(Change::Noted { text: "hm".into() })), Some(digest));
    assert_eq!(sent_back(Some(text)), None);
    assert_eq!(sent_back(Some(approved)), None);
}

#[test]
fn the_end_of_an_older_proposal_does_not_end_the_newer_one() {
    let proposed = |commit: &str| Change::Proposed {
        branch: "b".into(),
        file: "f".into(),
        commit: commit.into(),
        base: "0".into(),
        before: None,
        digest: Digest::of(commit),
        pushed: true,
    };
    let ended = |proposed: &str| {
        let (how, commit, by) = (ProposalEnd::Merged, None, None);
        Change::ProposalEnded { proposed: proposed.into(), how, commit, by }
    };
    let changes = [proposed("1"), proposed("2"), ended("1"), ended("2")];
    let events = changes.into_iter().zip(2..).map(|(change, number)| event(number, None, change));
    let events: Vec<Event> = [created()].into_iter().chain(events).collect();
    let proposal = |count: usize| fold(&id(), &events[..count]).unwrap().proposal.unwrap();
    assert_eq!((proposal(4).commit.as_str(), proposal(4).ended), ("2", None));
    assert_eq!(proposal(5).ended, Some(ProposalEnd::Merged));
}

#[test]
fn a_worker_that_lost_its_claim_changes_nothing_any_more() {
    let events = [
        created(),
        event(2, None, moved(Status::Backlog, Status::Ready)),
        event(3, None, claimed(1)),
        event(4, None, Change::Released { why: "died".into(), recovery: true, claim: None }),
        event(5, None, claimed(2)),
        event(6, Some(1), moved(Status::Running, Status::Review)),
        event(7, Some(1), Change::StepDone { step: "S1".into(), commit: None, content: None }),
    ];
    let task = fold(&id(), &events).unwrap();
    assert_eq!(task.status, Status::Running);
    assert_eq!(task.claim.unwrap().fence, 2);
    assert!(task.steps.is_empty());
    assert_eq!(task.recoveries, 1);
}

#[test]
fn a_person_needs_no_fence() {
    let events = [
        created(),
        event(2, None, moved(Status::Backlog, Status::Ready)),
        event(3, None, claimed(1)),
        event(4, None, moved(Status::Running, Status::Cancelled)),
    ];
    let task = fold(&id(), &events).unwrap();
    assert_eq!(task.status, Status::Cancelled);
    assert_eq!(task.claim, None);
}

#[test]
fn no_event_that_creates_it_is_no_task() {
    assert_eq!(fold(&id(), &[event(2, None, Change::Paused)]), None);
}

#[test]
fn a_release_makes_the_running_step_pending_again_and_keeps_the_finished_ones() {
    let events = [
        created(),
        event(2, None, moved(Status::Backlog, Status::Ready)),
        event(3, None, claimed(1)),
        event(4, Some(1), Change::StepStarted { step: "S1".into(), run: EventId::from_name("r") }),
        event(5, Some(1), Change::StepDone { step: "S1".into(), commit: Some("c".into()), content: None }),
        event(6, Some(1), Change::StepStarted { step: "S2".into(), run: EventId::from_name("r") }),
        event(7, None, Change::Released { why: "died".into(), recovery: true, claim: None }),
    ];
    let task = fold(&id(), &events).unwrap();
    assert!(task.step_is_done("S1"));
    assert_eq!(task.steps["S2"].state, Progress::Pending);
    assert_eq!(task.status, Status::Ready);
}

fn any_change() -> impl Strategy<Value = (Option<u64>, Change)> {
    let status = prop::sample::select(Status::ALL.to_vec());
    let word = prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned);
    let field = prop::sample::select(vec!["title", "priority", "role", "nonsense"]).prop_map(str::to_owned);
    let change = prop_oneof![
        (field, prop::option::of(word.clone())).prop_map(|(field, to)| Change::Set { field, from: None, to }),
        word.clone().prop_map(|value| Change::Added { field: "labels".into(), value }),
        word.clone().prop_map(|value| Change::Removed { field: "labels".into(), value, saw: Vec::new() }),
        (status.clone(), status).prop_map(|(from, to)| moved(from, to)),
        (0u64..5).prop_map(claimed),
        word.clone().prop_map(|step| Change::StepStarted { step, run: EventId::from_name("r") }),
        word.prop_map(|step| Change::StepDone { step, commit: None, content: None }),
        any::<bool>().prop_map(|recovery| Change::Released { why: String::new(), recovery, claim: None }),
    ];
    (prop::option::of(0u64..5), change)
}

fn any_history() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(any_change(), 0..30).prop_map(|changes| {
        let later = |(number, (fence, change))| event(number as u64 + 2, fence, change);
        std::iter::once(created()).chain(changes.into_iter().enumerate().map(later)).collect()
    })
}

proptest! {
    #[test]
    fn the_order_in_which_events_arrive_does_not_matter(
        (sorted, shuffled) in any_history().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle()))
    ) {
        prop_assert_eq!(fold(&id(), &sorted), fold(&id(), &shuffled));
    }

    #[test]
    fn an_event_that_arrives_twice_counts_once(events in any_history()) {
        let twice = [events.clone(), events.clone()].concat();
        prop_assert_eq!(fold(&id(), &events), fold(&id(), &twice));
    }

    #[test]
    fn folding_step_by_step_is_folding_at_once(events in any_history()) {
        let mut task = fold(&id(), &events[..1]).unwrap();
        events[1..].iter().for_each(|event| apply(&mut task, event));
        prop_assert_eq!(Some(task), fold(&id(), &events));
    }

    #[test]
    fn a_record_of_any_history_can_be_read_back(events in any_history()) {
        let task = fold(&id(), &events).unwrap();
        let parsed = crate::model::parse_record(&crate::model::write_record(&task)).unwrap();
        prop_assert_eq!(parsed.task, task);
    }
}

#[test]
fn forged_events_with_one_id_fold_the_same_in_any_order() {
    let forged =
        |title: &str| event(2, None, Change::Set { field: "title".into(), from: None, to: Some(title.to_owned()) });
    let (one, other) = (forged("one"), forged("other"));
    let fold = |events: &[Event]| fold(&id(), events).unwrap();
    let folded = fold(&[created(), one.clone(), other.clone()]);
    assert_eq!(fold(&[other.clone(), one.clone(), created()]), folded);
    assert_eq!(fold(&[other.clone(), created(), one, other]), folded);
}

#[test]
fn numbers_that_a_record_cannot_hold_do_not_get_into_it() {
    let source = super::super::Source {
        system: "todo".into(),
        place: "TODO.md".into(),
        key: "k".into(),
        title: "t".into(),
        line: u64::MAX,
    };
    let text = serde_json::to_string(&source).unwrap();
    let draft = Draft { title: "a".into(), source: Some(source), ..Draft::default() };
    let claim =
        Change::Claimed { claim: 1, host: "mill".into(), lease_seconds: u64::MAX, branch: "b".into(), live: None };
    let events = [
        event(1, None, Change::Created { draft }),
        event(2, None, Change::Set { field: "source".into(), from: None, to: Some(text) }),
        event(3, None, claim),
    ];
    let mut task = fold(&id(), &events).unwrap();
    let largest = i64::MAX as u64;
    assert_eq!(task.claim.as_ref().unwrap().lease_seconds, largest);
    assert_eq!(task.source.as_ref().unwrap().line, largest);
    // What a record says, a later event counts on from.
    task.recoveries = largest;
    let started = Change::StepStarted { step: "S1".into(), run: EventId::from_name("r") };
    apply(&mut task, &event(4, None, started.clone()));
    task.steps.get_mut("S1").unwrap().attempts = largest;
    apply(&mut task, &event(5, None, started));
    apply(&mut task, &event(6, None, Change::Released { why: "died".into(), recovery: true, claim: None }));
    assert_eq!((task.recoveries, task.steps["S1"].attempts), (largest, largest));
    assert_eq!(crate::model::parse_record(&crate::model::write_record(&task)).unwrap().task, task);
}
