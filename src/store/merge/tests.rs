//! Three clones that share their objects and go apart from one state: whichever way they come together, it is the same.

use super::*;
use crate::git::Repository;
use crate::host::{Environment, Host};
use crate::model::event::Draft;
use crate::model::note::{Note, NoteState, RemovedNote};
use crate::model::{Change, Conflict, EventId, Status, Task, TaskId, TextFile, Timestamp};
use crate::store::{Author, Changes, Snapshot};
use proptest::prelude::*;

struct Clones {
    _folder: tempfile::TempDir,
    stores: Vec<Store>,
    base: Oid,
}

fn id() -> TaskId {
    TaskId::parse("7kq2mabcde").unwrap()
}

const SPEC: &str = "# Goal\n\nSay hello.\n\n# Scope\n\nOnly hello.\n\n# Notes\n\nNone.\n";

fn clones(number: usize) -> Clones {
    let folder = tempfile::tempdir().unwrap();
    let you = Identity { name: "You".into(), email: "you@example.com".into(), at: Timestamp::from_millis(0) };
    std::fs::write(folder.path().join("a"), "a").unwrap();
    Repository::create(folder.path(), "main", "begin", &you).unwrap();
    let store = |number: usize| {
        let repository = Repository::open(&folder.path().join(".git")).unwrap();
        let clock = (1_000_000 + number * 300).to_string();
        let variables = [("AIFACTORY_TEST_CLOCK", clock), ("AIFACTORY_TEST_SEED", number.to_string())];
        Store::open(
            repository,
            Host::new(Environment::from_pairs(variables)),
            &format!("refs/aifactory/clone-{number}"),
        )
        .unwrap()
    };
    let stores: Vec<Store> = (0..number).map(store).collect();
    stores[0].begin().unwrap();
    write(&stores[0], |_, changes| {
        let labels = ["a".to_owned(), "b".to_owned()].into();
        changes.create(&id(), Draft { title: "a task".into(), labels, ..Draft::default() });
        changes.text(&id(), TextFile::Spec, SPEC);
        Ok(())
    });
    let base = stores[0].find_head().unwrap().unwrap();
    for store in &stores[1..] {
        store.take_in(None, base).unwrap();
    }
    Clones { _folder: folder, stores, base }
}

fn write(store: &Store, plan: impl FnMut(&Snapshot<'_>, &mut Changes) -> Result<()>) {
    let author = Author::person(format!("{}@example.com", store.ref_name().rsplit('-').next().unwrap()));
    store.transact(&author, "test", plan).unwrap();
}

fn record(store: &Store, change: Change) {
    write(store, |_, changes| {
        changes.event(&id(), change.clone());
        Ok(())
    });
}

fn moved(from: Status, to: Status) -> Change {
    Change::Moved { from, to, reason: None, note: None }
}

impl Clones {
    fn tree(&self, clone: usize) -> Oid {
        let repository = &self.stores[clone].repository;
        repository.tree_of(self.stores[clone].find_head().unwrap().unwrap()).unwrap()
    }

    fn merged(&self, base: Oid, one: Oid, other: Oid) -> Oid {
        merge_trees(&self.stores[0].repository, Some(base), one, other).unwrap().tree.unwrap()
    }

    fn base_tree(&self) -> Oid {
        self.stores[0].repository.tree_of(self.base).unwrap()
    }

    /// What clone 0 sees after it has taken in what clone 1 has.
    fn meet(&self) -> Task {
        let there = self.stores[1].find_head().unwrap().unwrap();
        self.stores[0].take_in(Some(self.base), there).unwrap();
        self.stores[0].snapshot().unwrap().task(&id()).unwrap()
    }
}

fn claim(store: &Store, session: &str) {
    let author = Author { actor: "w".into(), session: Some(session.into()), fence: None };
    let plan = |snapshot: &Snapshot<'_>, changes: &mut Changes| {
        let fence = snapshot.task(&id())?.fence + 1;
        changes.event(
            &id(),
            Change::Claimed {
                claim: fence,
                host: session.into(),
                lease_seconds: 60,
                branch: "b".into(),
                live: Some(session.into()),
            },
        );
        Ok(())
    };
    store.transact(&author, "claim", plan).unwrap();
}

fn finish(store: &Store, session: &str) {
    let fence = Some(store.snapshot().unwrap().task(&id()).unwrap().fence);
    let author = Author { actor: "w".into(), session: Some(session.into()), fence };
    let plan = |_: &Snapshot<'_>, changes: &mut Changes| {
        let (step, commit) = ("S1".to_owned(), Some(format!("commit of {session}")));
        changes.event(&id(), Change::StepDone { step, commit, content: None });
        changes.event(&id(), moved(Status::Running, Status::Review));
        Ok(())
    };
    store.transact(&author, "finish", plan).unwrap();
}

fn ready(clones: &mut Clones) {
    record(&clones.stores[0], moved(Status::Backlog, Status::Ready));
    clones.base = clones.stores[0].find_head().unwrap().unwrap();
    for store in &clones.stores[1..] {
        store.take_in(None, clones.base).unwrap();
    }
}

#[test]
fn a_claim_that_was_published_first_stands_and_the_other_is_recorded_as_lost() {
    let mut clones = clones(2);
    ready(&mut clones);
    // Ours is the earlier one by the clock, and still not the one that counts.
    claim(&clones.stores[0], "ours");
    claim(&clones.stores[1], "theirs");
    let task = clones.meet();
    assert_eq!(task.claim.unwrap().session, "theirs");
    assert_eq!(task.fence, 1);
    let events = clones.stores[0].snapshot().unwrap().events(&id()).unwrap();
    assert!(
        events
            .iter()
            .any(|e| matches!(&e.change, Change::ClaimLost { why, finished: false, .. } if why.contains("theirs")))
    );
}

#[test]
fn two_workers_that_finish_under_one_fence_make_the_task_contested_and_both_results_are_kept() {
    let mut clones = clones(2);
    ready(&mut clones);
    for (store, session) in clones.stores.iter().zip(["ours", "theirs"]) {
        claim(store, session);
        finish(store, session);
    }
    let task = clones.meet();
    assert_eq!((task.status, task.reason), (Status::Waiting, Some(crate::model::Reason::Contested)));
    let [Conflict { other, .. }] = task.conflicts.as_slice() else { panic!("{:?}", task.conflicts) };
    assert_eq!(other.as_deref(), Some("commit of ours"));
    assert_eq!(task.steps["S1"].commit.as_deref(), Some("commit of theirs"));
}

#[test]
fn of_workers_under_different_fences_the_later_acquisition_counts() {
    let mut clones = clones(2);
    ready(&mut clones);
    // Clone 0 claimed and published, and was then cut off; clone 1 took over.
    claim(&clones.stores[0], "first");
    let published = clones.stores[0].find_head().unwrap().unwrap();
    clones.stores[1].take_in(Some(clones.base), published).unwrap();
    clones.base = published;
    finish(&clones.stores[0], "first");
    record(&clones.stores[1], Change::Released { why: "silent".into(), recovery: true, claim: Some(1) });
    claim(&clones.stores[1], "second");
    let task = clones.meet();
    assert_eq!(task.status, Status::Running);
    assert_eq!((task.fence, task.claim.unwrap().session.as_str()), (2, "second"));
}

#[test]
fn a_claim_of_a_task_whose_plan_changed_meanwhile_does_not_stand() {
    let mut clones = clones(2);
    ready(&mut clones);
    claim(&clones.stores[0], "ours");
    write(&clones.stores[1], |_, changes| {
        changes.text(&id(), TextFile::Plan, "### S1: other\n");
        Ok(())
    });
    let task = clones.meet();
    assert_eq!((task.status, task.claim), (Status::Ready, None));
}

#[test]
fn a_title_that_somebody_changed_does_not_take_a_claim_away() {
    let mut clones = clones(2);
    ready(&mut clones);
    claim(&clones.stores[0], "ours");
    record(&clones.stores[1], Change::Set { field: "title".into(), from: None, to: Some("better".into()) });
    let task = clones.meet();
    assert_eq!((task.title.as_str(), task.claim.unwrap().session.as_str()), ("better", "ours"));
}

#[test]
fn what_is_merged_cannot_be_cancelled_any_more_and_somebody_is_told() {
    let clones = clones(2);
    record(&clones.stores[0], moved(Status::Backlog, Status::Cancelled));
    record(&clones.stores[1], moved(Status::Backlog, Status::Done));
    let task = clones.meet();
    assert_eq!(task.status, Status::Done);
    assert_eq!(task.conflicts.len(), 1);
}

#[test]
fn a_label_that_was_added_anew_survives_a_removal_that_did_not_see_it() {
    let clones = clones(2);
    // Clone 1 is ahead by its clock: its removal comes last in the fold.
    for change in [
        Change::Removed { field: "labels".into(), value: "a".into(), saw: Vec::new() },
        Change::Added { field: "labels".into(), value: "a".into() },
    ] {
        record(&clones.stores[0], change);
    }
    record(&clones.stores[1], Change::Removed { field: "labels".into(), value: "a".into(), saw: Vec::new() });
    record(&clones.stores[1], Change::Removed { field: "labels".into(), value: "b".into(), saw: Vec::new() });
    let task = clones.meet();
    assert_eq!(task.labels, ["a".to_owned()].into());
}

#[test]
fn an_approval_does_not_cover_what_a_merge_made() {
    let clones = clones(2);
    let digest = crate::model::Approval::digest_of(SPEC, "");
    record(
        &clones.stores[0],
        Change::Approved { digest: digest.clone(), base: None, policy: false, note: None, warrant: None },
    );
    write(&clones.stores[1], |_, changes| {
        changes.text(&id(), TextFile::Spec, SPEC.replace("Say hello", "Say goodbye"));
        Ok(())
    });
    let task = clones.meet();
    let text = clones.stores[0].snapshot().unwrap().text(&id(), TextFile::Spec).unwrap();
    assert_eq!(task.approval.unwrap().digest, digest);
    assert_ne!(crate::model::Approval::digest_of(&text, ""), digest);
}

#[test]
fn what_a_side_has_lost_comes_back() {
    let clones = clones(2);
    let store = &clones.stores[1];
    let path = crate::store::layout::task_folder(&id());
    let edits = ["task.toml", "events.jsonl", "spec.md"]
        .map(|name| crate::git::Edit::Remove { path: format!("{path}/{name}") });
    let tree = store.repository.edit_tree(Some(clones.base_tree()), edits.into()).unwrap();
    let by = Identity { name: "x".into(), email: "x".into(), at: Timestamp::from_millis(0) };
    let commit = store.repository.write_commit(tree, &[clones.base], "x", &by).unwrap();
    record(&clones.stores[0], Change::Paused);
    clones.stores[0].take_in(Some(clones.base), commit).unwrap();
    assert!(clones.stores[0].snapshot().unwrap().task(&id()).unwrap().paused);
    // And where nothing had changed here.
    clones.stores[1].take_in(Some(clones.base), commit).unwrap();
    assert_eq!(clones.stores[1].snapshot().unwrap().task(&id()).unwrap().title, "a task");
}

#[test]
fn a_record_that_says_other_than_its_events_is_written_anew() {
    let clones = clones(2);
    let store = &clones.stores[1];
    let mut lie = store.snapshot().unwrap().task(&id()).unwrap();
    lie.status = Status::Done;
    let edit = crate::git::Edit::Put {
        path: crate::store::layout::record(&id()),
        content: crate::model::write_record(&lie).into_bytes(),
    };
    let tree = store.repository.edit_tree(Some(clones.base_tree()), vec![edit]).unwrap();
    let by = Identity { name: "x".into(), email: "x".into(), at: Timestamp::from_millis(0) };
    let commit = store.repository.write_commit(tree, &[clones.base], "x", &by).unwrap();
    clones.stores[0].take_in(Some(clones.base), commit).unwrap();
    assert_eq!(clones.stores[0].snapshot().unwrap().task(&id()).unwrap().status, Status::Backlog);
}

/// What somebody does to the task.
#[derive(Debug, Clone)]
enum Deed {
    Title(u8),
    Add(u8),
    Remove(u8),
    Pause(bool),
    Note(u8),
    Section(u8, u8),
    Cancel,
    Message(u8),
    /// Which note, and what is done to it.
    Memory(u8, u8),
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        any::<u8>().prop_map(Deed::Title),
        (0u8..4).prop_map(Deed::Add),
        (0u8..4).prop_map(Deed::Remove),
        any::<bool>().prop_map(Deed::Pause),
        any::<u8>().prop_map(Deed::Note),
        (0u8..4, any::<u8>()).prop_map(|(section, word)| Deed::Section(section, word)),
        Just(Deed::Cancel),
        any::<u8>().prop_map(Deed::Message),
        (0u8..2, any::<u8>()).prop_map(|(note, what)| Deed::Memory(note, what)),
    ]
}

fn carry_out(store: &Store, deed: &Deed) {
    let label = |number: &u8| ["a", "b", "c", "d"][usize::from(*number)].to_owned();
    write(store, |snapshot, changes| {
        let task = snapshot.task(&id())?;
        let change = match deed {
            Deed::Title(word) => Change::Set { field: "title".into(), from: None, to: Some(format!("title {word}")) },
            Deed::Add(number) => Change::Added { field: "labels".into(), value: label(number) },
            Deed::Remove(number) => Change::Removed { field: "labels".into(), value: label(number), saw: Vec::new() },
            Deed::Pause(true) => Change::Paused,
            Deed::Pause(false) => Change::Resumed,
            Deed::Note(word) => Change::Noted { text: format!("note {word}") },
            Deed::Cancel if task.status.may_become(Status::Cancelled) => moved(task.status, Status::Cancelled),
            Deed::Cancel => return Ok(()),
            Deed::Section(section, word) => {
                let text = snapshot.text(&id(), TextFile::Spec)?;
                let heading = ["# Goal", "# Scope", "# Notes", "# New"][usize::from(*section)];
                let changed = match text.split_once(heading) {
                    Some((before, after)) => {
                        let rest = after.find("\n# ").map(|at| &after[at..]).unwrap_or("\n");
                        format!("{before}{heading}\n\nWord {word}.\n{rest}")
                    }
                    None => format!("{text}\n{heading}\n\nWord {word}.\n"),
                };
                changes.text(&id(), TextFile::Spec, changed);
                return Ok(());
            }
            Deed::Message(word) => {
                let now = store.host().now();
                changes.message(&crate::model::message::Message {
                    id: store.host().event_id(now),
                    kind: crate::model::message::MessageKind::Info,
                    task: None,
                    from: "x".into(),
                    to: None,
                    reply_to: None,
                    at: now,
                    text: format!("message {word}"),
                });
                return Ok(());
            }
            Deed::Memory(note, what) => return do_to_note(store, snapshot, changes, &note_id(*note), *what),
        };
        changes.event(&id(), change);
        Ok(())
    });
}

fn note_id(number: u8) -> EventId {
    EventId::from_name(&format!("01kdvtwrk0aaaaaaaaa{number}"))
}

fn do_to_note(store: &Store, snapshot: &Snapshot<'_>, changes: &mut Changes, id: &EventId, what: u8) -> Result<()> {
    let now = store.host().now();
    let (by, word) = (store.ref_name().to_owned(), what / 5);
    if snapshot.find_removed_note(id)?.is_some() {
        return Ok(());
    }
    let Some(mut note) = snapshot.find_note(id)? else {
        let text = format!(
            "+++\nid = \"{id}\"\nkind = \"gotcha\"\nstate = \"proposed\"\ncreated = \"{now}\"\nby = \"{by}\"\n+++\nword {word}"
        );
        changes.note(&Note::parse(&text).unwrap());
        return Ok(());
    };
    match what % 5 {
        0 => note.promote(&by),
        1 => drop(note.confirm(&TaskId::parse(&format!("7kq2mabc{:02}", word % 9)).unwrap())),
        2 | 3 => {
            note.body = format!("word {word}");
            note.edited = Some(now);
        }
        _ => {
            let (files, gist) = (Vec::new(), Default::default());
            let tomb = RemovedNote { id: id.clone(), by, at: now, reason: word.to_string(), files, gist };
            return changes.remove_note(snapshot, &tomb);
        }
    }
    changes.note(&note);
    Ok(())
}

/// What three clones did comes together to the same, in whatever order.
fn three_trees(deeds: &[(usize, Deed)]) -> (Clones, [Oid; 4]) {
    let clones = clones(3);
    for (clone, deed) in deeds {
        carry_out(&clones.stores[*clone], deed);
    }
    let trees = [clones.base_tree(), clones.tree(0), clones.tree(1), clones.tree(2)];
    (clones, trees)
}

#[test]
fn words_of_a_note_that_one_removed_and_others_wrote_are_gone_in_any_order() {
    let (clones, [base, a, b, c]) = three_trees(&[
        (0, Deed::Memory(1, 0)),
        (1, Deed::Memory(1, 0)),
        (0, Deed::Memory(1, 114)),
        (2, Deed::Memory(1, 0)),
    ]);
    let merged = |one, other| clones.merged(base, one, other);
    let all = merged(merged(a, b), c);
    assert_eq!(all, merged(a, merged(b, c)));
    assert_eq!(all, merged(merged(a, c), b));
    let repository = &clones.stores[0].repository;
    assert!(repository.find_entry(all, crate::store::layout::ATTIC).unwrap().is_none());
    assert!(repository.find_entry(merged(b, c), crate::store::layout::ATTIC).unwrap().is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn merging_is_commutative_associative_and_idempotent(
        deeds in prop::collection::vec((0usize..3, any_deed()), 0..12)
    ) {
        let (clones, [base, a, b, c]) = three_trees(&deeds);
        let ab = clones.merged(base, a, b);
        prop_assert_eq!(ab, clones.merged(base, b, a), "commutative");
        prop_assert_eq!(ab, clones.merged(base, ab, b), "idempotent");
        prop_assert_eq!(ab, clones.merged(base, a, ab), "idempotent");
        let bc = clones.merged(base, b, c);
        let abc = clones.merged(base, ab, c);
        prop_assert_eq!(abc, clones.merged(base, a, bc), "associative");
        prop_assert_eq!(abc, clones.merged(base, clones.merged(base, a, c), b), "associative");

        // The result can be read, and nothing that was acknowledged anywhere is missing.
        let store = &clones.stores[0];
        let by = Identity { name: "x".into(), email: "x".into(), at: Timestamp::from_millis(0) };
        let commit = store.repository.write_commit(abc, &[clones.base], "x", &by).unwrap();
        let all: Vec<_> = clones.stores.iter().flat_map(|store| store.snapshot().unwrap().events(&id()).unwrap()).collect();
        let messages: usize =
            clones.stores.iter().map(|store| store.snapshot().unwrap().messages().unwrap().records.len()).sum();
        let state_anywhere: std::collections::BTreeMap<EventId, Option<NoteState>> = [0, 1].map(note_id).into_iter().map(|id| {
            let snapshots: Vec<_> = clones.stores.iter().map(|store| store.snapshot().unwrap()).collect();
            let removed = snapshots.iter().any(|snapshot| snapshot.find_removed_note(&id).unwrap().is_some());
            let states = snapshots.iter().filter_map(|snapshot| snapshot.find_note(&id).unwrap().map(|note| note.state));
            let state = states.max().filter(|_| !removed);
            (id, state)
        }).collect();
        store.repository.swap_ref(store.ref_name(), Expected::Is(store.find_head().unwrap().unwrap()), commit, "x").map(drop).unwrap();
        let snapshot = store.snapshot().unwrap();
        let task = snapshot.task(&id()).unwrap();
        let events = snapshot.events(&id()).unwrap();
        for event in all {
            prop_assert!(events.contains(&event), "{event:?} is missing");
        }
        prop_assert_eq!(snapshot.messages().unwrap().records.len(), messages);
        for id in [0, 1].map(note_id) {
            let merged = snapshot.find_note(&id).unwrap();
            prop_assert_eq!(merged.as_ref().map(|note| note.state), state_anywhere[&id]);
            let file = store.repository.find_entry(abc, &crate::store::layout::note(&id)).unwrap();
            prop_assert_eq!(file.is_some(), merged.is_some(), "a note that is not there has no file");
        }
        let text = snapshot.text(&id(), TextFile::Spec).unwrap();
        prop_assert_eq!(task.spec, Some(crate::model::Digest::of(&text)));
    }
}
