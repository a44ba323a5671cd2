use super::*;
use crate::git::{Edit, Identity};
use crate::host::Environment;
use crate::model::Usage;
use crate::model::event::Draft;
use crate::model::run::{Evidence, RunRecord, Verdict};
use crate::model::{Change, Digest, EventId, Status, Task, TaskId, TextFile, Timestamp, write_record};

/// A store in a repository of its own.
struct Sandbox {
    _folder: tempfile::TempDir,
    store: Store,
}

fn sandbox() -> Sandbox {
    let folder = tempfile::tempdir().unwrap();
    let you = Identity { name: "You".into(), email: "you@example.com".into(), at: Timestamp::from_millis(0) };
    std::fs::write(folder.path().join("a"), "a").unwrap();
    Repository::create(folder.path(), "main", "begin", &you).unwrap();
    let repository = Repository::open(&folder.path().join(".git")).unwrap();
    let variables = [("AIFACTORY_TEST_CLOCK", "1000"), ("AIFACTORY_TEST_SEED", "1"), ("API_TOKEN", "hunter2hunter2")];
    let host = Host::new(Environment::from_pairs(variables));
    let store = Store::open(repository, host, DEFAULT_REF).unwrap();
    assert!(store.begin().unwrap());
    Sandbox { _folder: folder, store }
}

fn id() -> TaskId {
    TaskId::parse("7kq2mabcde").unwrap()
}

fn ana() -> Author {
    Author::person("ana@example.com")
}

impl Sandbox {
    fn create(&self) {
        let draft = Draft { title: "a task".into(), ..Draft::default() };
        self.write(|_, changes| {
            changes.create(&id(), draft.clone());
            Ok(())
        });
    }

    fn write(&self, plan: impl FnMut(&Snapshot<'_>, &mut Changes) -> Result<()>) {
        self.store.transact(&ana(), "test", plan).unwrap();
    }

    fn task(&self) -> Task {
        self.store.snapshot().unwrap().task(&id()).unwrap()
    }

    /// Puts a file onto the ref as another program would.
    fn smuggle(&self, path: String, text: String) {
        let snapshot = self.store.snapshot().unwrap();
        let edit = Edit::Put { path, content: text.into_bytes() };
        let tree = self.store.repository.edit_tree(Some(snapshot.tree), vec![edit]).unwrap();
        let by = Identity { name: "x".into(), email: "x".into(), at: Timestamp::from_millis(0) };
        let commit = self.store.repository.write_commit(tree, &[snapshot.commit], "x", &by).unwrap();
        let expected = Expected::Is(snapshot.commit);
        assert_eq!(self.store.repository.swap_ref(DEFAULT_REF, expected, commit, "x").unwrap(), Swap::Done);
    }
}

#[test]
fn a_record_of_an_older_fold_is_folded_again_and_written_by_the_next_write() {
    let sandbox = sandbox();
    sandbox.create();
    // An older version folded the same events to another record, and sealed it.
    let mut old = sandbox.task();
    old.title = "as an older version saw it".into();
    let sealed = write_record(&old).replace("fold = 3", "fold = 1");
    sandbox.smuggle(layout::record(&id()), sealed);
    assert_eq!(sandbox.task().title, "a task");
    sandbox.write(|_, changes| {
        changes.event(&id(), Change::Paused);
        Ok(())
    });
    let text = sandbox.store.snapshot().unwrap().find_file(&layout::record(&id())).unwrap().unwrap();
    assert!(text.contains("fold = 3") && text.contains("a task"), "{text}");
    assert_eq!(sandbox.store.snapshot().unwrap().events(&id()).unwrap().len(), 2);
}

#[test]
fn a_ref_that_moves_under_a_transaction_makes_it_run_again_on_the_newer_state() {
    let sandbox = sandbox();
    sandbox.create();
    let mut runs = 0;
    sandbox.write(|snapshot, changes| {
        runs += 1;
        if runs == 1 {
            // Somebody who does not take our lock.
            sandbox.smuggle(".aifactory/other".into(), "theirs".into());
        }
        assert_eq!(snapshot.find_file(".aifactory/other")?.is_some(), runs > 1);
        changes.event(&id(), Change::Paused);
        Ok(())
    });
    assert_eq!(runs, 2);
    assert!(sandbox.task().paused);
    assert!(sandbox.store.snapshot().unwrap().find_file(".aifactory/other").unwrap().is_some());
}

#[test]
fn a_move_that_the_table_does_not_know_writes_nothing() {
    let sandbox = sandbox();
    sandbox.create();
    let before = sandbox.store.find_head().unwrap();
    let error = sandbox.store.transact(&ana(), "test", |_, changes| {
        changes.event(&id(), Change::Moved { from: Status::Backlog, to: Status::Review, reason: None, note: None });
        Ok(())
    });
    assert_eq!(error.unwrap_err().message(), "a task that is backlog cannot become review");
    assert_eq!(sandbox.store.find_head().unwrap(), before);
}

#[test]
fn events_name_the_actors_event_before_them() {
    let sandbox = sandbox();
    sandbox.create();
    for change in [Change::Paused, Change::Resumed] {
        sandbox.write(|_, changes| {
            changes.event(&id(), change.clone());
            Ok(())
        });
    }
    let events = sandbox.store.snapshot().unwrap().events(&id()).unwrap();
    assert_eq!(events[0].prev, None);
    assert_eq!(events[1].prev.as_ref(), Some(&events[0].id));
    assert_eq!(events[2].prev.as_ref(), Some(&events[1].id));
    assert!(events[0].hlc < events[1].hlc && events[1].hlc < events[2].hlc);
}

#[test]
fn values_of_secret_variables_never_reach_the_ref() {
    let sandbox = sandbox();
    sandbox.create();
    sandbox.write(|_, changes| {
        changes.event(&id(), Change::Noted { text: "it said hunter2hunter2 twice".into() });
        Ok(())
    });
    let text = sandbox.store.snapshot().unwrap().find_file(&layout::events(&id())).unwrap().unwrap();
    assert!(!text.contains("hunter2") && text.contains("[redacted:API_TOKEN]"), "{text}");
}

#[test]
fn whatever_was_written_is_redacted_wherever_it_goes() {
    let sandbox = sandbox();
    let secret = "hunter2hunter2";
    let evidence = Evidence {
        id: EventId::new(Timestamp::from_millis(5), "abc"),
        task: id(),
        gate: format!("test {secret}"),
        step: None,
        verdict: Verdict::Failed,
        why: Some("-----BEGIN PRIVATE KEY-----\nMIIEow".into()),
        tree: "0".repeat(40),
        commit: "0".repeat(40),
        clean: false,
        exit: Some(1),
        duration_ms: 1,
        at: Timestamp::from_millis(5),
        host: "mill".into(),
        output: Digest::of(secret),
        tail: "MIIEow\n-----END PRIVATE KEY-----".into(),
    };
    let draft = Draft { title: format!("use {secret}"), labels: [secret.to_owned()].into(), ..Draft::default() };
    let wrote = sandbox.store.transact(&ana(), &format!("create {secret}"), |_, changes| {
        changes.create(&id(), draft.clone());
        changes.text(&id(), TextFile::Spec, format!("log in with {secret}"));
        let to = Some(secret.to_owned());
        changes.event(&id(), Change::Set { field: "role".into(), from: None, to });
        changes.evidence(&evidence);
        Ok(())
    });
    wrote.unwrap();
    let snapshot = sandbox.store.snapshot().unwrap();
    let message = sandbox.store.repository.message_of(snapshot.commit).unwrap();
    let evidence_file = layout::evidence(&id(), &evidence.id);
    let paths = [layout::events(&id()), layout::record(&id()), layout::text(&id(), TextFile::Spec), evidence_file];
    let texts = paths.map(|path| snapshot.find_file(&path).unwrap().unwrap());
    for text in texts.iter().chain([&message]) {
        assert!(!text.contains(secret) && text.contains("[redacted:API_TOKEN]"), "{text}");
    }
    let written = &snapshot.evidence(&id()).unwrap()[0];
    assert_eq!(written.why.as_deref(), Some("[redacted:private-key]"));
    assert_eq!((written.verdict, written.output.clone()), (Verdict::Failed, evidence.output));
}

#[test]
fn a_history_that_other_clones_would_refuse_is_not_written() {
    let sandbox = sandbox();
    sandbox.create();
    let path = layout::events(&id());
    let text = sandbox.store.snapshot().unwrap().find_file(&path).unwrap().unwrap();
    sandbox.smuggle(path, text + &"\n".repeat(12 * 1024 * 1024));
    let before = sandbox.store.find_head().unwrap();
    let error = sandbox.store.transact(&ana(), "test", |_, changes| {
        changes.event(&id(), Change::Paused);
        Ok(())
    });
    let said = error.unwrap_err().message().to_owned();
    assert!(said.ends_with("bytes long; 12582912 is the most"), "{said}");
    assert_eq!(sandbox.store.find_head().unwrap(), before);
}

#[test]
fn an_id_from_a_foreign_record_leads_nowhere_else() {
    let sandbox = sandbox();
    sandbox.create();
    let run = RunRecord {
        id: EventId::from_name("../../../../../format"),
        agent: "a".into(),
        model: None,
        session: "s".into(),
        phase: "code".into(),
        step: None,
        attempt: 1,
        host: "h".into(),
        started: Timestamp::from_millis(0),
        ended: None,
        outcome: None,
        detail: None,
        base: "b".into(),
        result: None,
        transcript: None,
        conversation: None,
        resumed: false,
        version: None,
        permission: None,
        denied: Vec::new(),
        usage: Usage::default(),
        kept: None,
        conversation_usage: None,
    };
    let error = sandbox.store.transact(&ana(), "test", |_, changes| {
        changes.run(&id(), &run);
        Ok(())
    });
    let said = error.unwrap_err().message().to_owned();
    assert!(said.ends_with("runs/../../../../../format.toml has a name that leads to another folder"), "{said}");
}
