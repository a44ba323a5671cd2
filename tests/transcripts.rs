//! What agents printed, after their run: kept in the clone, shared where that was asked for, given up for its age.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use aifactory::host::Host;
use aifactory::model::run::RunRecord;
use aifactory::model::{EventId, TaskId};
use aifactory::store::transcripts::{Found, Source, find, keep};
use aifactory::sync::{Sharing, transcripts};
use aifactory::tasks::Project;
use common::{Hub, Sandbox, greeting_plan};
use std::fs;

const AGENT: &str = "cat > /dev/null\necho 'the agent says hello'\necho 'and complains' >&2\necho hello > a.txt";

fn project(sandbox: &Sandbox) -> Project {
    Project::open(&Host::new(sandbox.environment()), &sandbox.repo(), None).unwrap()
}

/// A task that an agent carried out, and the record of its run.
fn carried_out(sandbox: &Sandbox) -> (TaskId, RunRecord) {
    let id = sandbox.approved("Greet", &greeting_plan("a.txt", "hello"));
    sandbox.ok(&["run", &id]);
    let id = TaskId::parse(&id).unwrap();
    let run = last_run(sandbox, &id);
    (id, run)
}

fn last_run(sandbox: &Sandbox, id: &TaskId) -> RunRecord {
    project(sandbox).store.snapshot().unwrap().runs(id).unwrap().pop().unwrap()
}

fn found(sandbox: &Sandbox, id: &TaskId, run: &RunRecord) -> Found {
    let project = project(sandbox);
    let age = project.settings.duration("transcripts.age");
    find(&project.store, id, &run.id, run.kept.as_ref(), age).unwrap()
}

fn fetch(sandbox: &Sandbox, run: &RunRecord) -> bool {
    let project = project(sandbox);
    let sharing = Sharing::find(&project).unwrap().unwrap();
    transcripts::fetch(&sharing, run.kept.as_ref().unwrap()).unwrap()
}

fn place(run: &RunRecord) -> String {
    format!("refs/aifactory/runs/{}", run.kept.as_ref().unwrap().place)
}

/// The clock of every command from now on.
fn at(sandbox: Sandbox, date: &str) -> Sandbox {
    let millis = aifactory::model::Timestamp::parse(date).unwrap().millis();
    sandbox.with("AIFACTORY_TEST_CLOCK", millis.to_string())
}

#[test]
fn what_an_agent_printed_is_kept_and_its_record_says_where() {
    let sandbox = Sandbox::new().with_agent(AGENT);
    let (id, run) = carried_out(&sandbox);
    let Found::Here(transcript) = found(&sandbox, &id, &run) else { panic!("{run:?}") };
    assert_eq!(transcript.part("stdout.log"), Some("the agent says hello\n"));
    assert_eq!(transcript.part("stderr.log"), Some("and complains\n"));
    assert!(transcript.part("events.jsonl").unwrap().contains("the agent says hello"));
    let kept = run.kept.clone().unwrap();
    assert!(kept.place.starts_with("2026-01/mill-"), "{kept:?}");
    // Plain git is enough to read it.
    let (first, second) = (&id.as_str()[..1], &id.as_str()[1..2]);
    let text = sandbox.git(&["show", &format!("{}:{first}/{second}/{id}/{}.txt", place(&run), run.id)]);
    assert_eq!(text.len() as u64, kept.bytes);
    assert!(text.contains("==> stdout.log (21 bytes) <==\nthe agent says hello\n"), "{text}");

    // Each run adds to what is there.
    let (other, later) = carried_out(&sandbox);
    assert_eq!(place(&later), place(&run));
    assert!(matches!(found(&sandbox, &id, &run), Found::Here(_)));
    assert!(matches!(found(&sandbox, &other, &later), Found::Here(_)));
    assert_eq!(sandbox.git(&["rev-list", "--count", &place(&run)]).trim(), "2");
    sandbox.ok(&["gc"]);
    assert!(matches!(found(&sandbox, &id, &run), Found::Here(_)));
}

#[test]
fn of_a_long_output_the_two_ends_are_kept() {
    let script = format!("{AGENT}\nseq 1 20000\necho the very end");
    let sandbox = Sandbox::new().with_agent(&script).with("AIFACTORY_TRANSCRIPTS_SIZE", "8K");
    let (id, run) = carried_out(&sandbox);
    let Found::Here(transcript) = found(&sandbox, &id, &run) else { panic!("{run:?}") };
    let out = transcript.part("stdout.log").unwrap();
    assert!(out.starts_with("the agent says hello\n1\n2\n") && out.ends_with("\n20000\nthe very end\n"), "{out}");
    assert!(out.contains(" bytes are left out here]\n"));
    assert!(run.kept.unwrap().bytes < 9 * 1024);
}

#[test]
fn nothing_is_kept_where_nothing_is_to_be() {
    let sandbox = Sandbox::new().with_agent(AGENT).with("AIFACTORY_TRANSCRIPTS_KEEP", "off");
    let (id, run) = carried_out(&sandbox);
    assert_eq!((run.kept.as_ref(), found(&sandbox, &id, &run)), (None, Found::NotKept));
    assert!(!sandbox.refs().contains("refs/aifactory/runs/"), "{}", sandbox.refs());
}

#[test]
fn a_transcript_goes_to_others_only_where_that_was_asked_for() {
    let hub = Hub::new();
    let ana = hub.first("ana").with_agent(AGENT);
    let (id, run) = carried_out(&ana);
    ana.sync();
    assert!(!hub.refs().contains("refs/aifactory/runs/"), "{}", hub.refs());
    let ben = hub.joined("ben");
    assert_eq!(found(&ben, &id, &run), Found::Elsewhere(place(&run)));
    assert!(!fetch(&ben, &run));

    let ana = ana.with("AIFACTORY_TRANSCRIPTS_KEEP", "shared");
    let said = ana.sync().all();
    assert!(!said.contains("printed"), "{said}");
    assert_eq!(hub.commit_of(&place(&run)), ana.commit_of(&place(&run)));
    ben.sync();
    assert_eq!(found(&ben, &id, &run), Found::Elsewhere(place(&run)), "nothing comes before somebody wants it");
    assert!(fetch(&ben, &run));
    assert_eq!(found(&ben, &id, &run), found(&ana, &id, &run));
    assert!(matches!(found(&ben, &id, &run), Found::Here(_)));

    // The next run goes on from there.
    let (other, later) = carried_out(&ana);
    ana.sync();
    ben.sync();
    assert!(matches!(found(&ben, &other, &later), Found::Lost | Found::Elsewhere(_)));
    assert!(fetch(&ben, &later));
    assert!(matches!(found(&ben, &other, &later), Found::Here(_)));
    hub.git(&["fsck", "--strict"]);
}

#[test]
fn a_transcript_that_somebody_changed_is_not_taken_for_the_real_one() {
    let hub = Hub::new();
    let ana = hub.first("ana").with_agent(AGENT).with("AIFACTORY_TRANSCRIPTS_KEEP", "shared");
    let (id, run) = carried_out(&ana);
    ana.sync();
    let path = format!("{}/{}/{id}/{}.txt", &id.as_str()[..1], &id.as_str()[1..2], run.id);
    let blob = hub.git_with_input(&["hash-object", "-w", "--stdin"], b"nothing to see\n");
    let entry = format!("100644 blob {}\t{}.txt\n", blob.trim(), run.id);
    let mut tree = hub.git_with_input(&["mktree"], entry.as_bytes()).trim().to_owned();
    for name in [id.as_str(), &id.as_str()[1..2], &id.as_str()[..1]] {
        tree = hub.git_with_input(&["mktree"], format!("040000 tree {tree}\t{name}\n").as_bytes()).trim().to_owned();
    }
    let forged = hub.git(&["commit-tree", &tree, "-m", "forged"]);
    hub.git(&["update-ref", &place(&run), forged.trim()]);
    assert_eq!(hub.git(&["show", &format!("{}:{path}", place(&run))]), "nothing to see\n");
    let ben = hub.joined("ben");
    assert!(fetch(&ben, &run));
    assert_eq!(found(&ben, &id, &run), Found::Altered);
    // A tree, a link or a submodule in its place is nothing.
    let tree =
        hub.git_with_input(&["mktree"], format!("120000 blob {}\t{}\n", blob.trim(), &id.as_str()[..1]).as_bytes());
    let link = hub.git(&["commit-tree", tree.trim(), "-m", "forged"]);
    hub.git(&["update-ref", &place(&run), link.trim()]);
    assert!(fetch(&ben, &run));
    assert_eq!(found(&ben, &id, &run), Found::Elsewhere(place(&run)));
    // Whose clone it is sees that somebody else writes there, and neither gives way.
    let (_, later) = carried_out(&ana);
    let said = ana.sync().all();
    assert!(said.contains("somebody else writes it"), "{said}");
    assert_eq!(hub.commit_of(&place(&run)), link.trim());
    assert!(matches!(found(&ana, &id, &run), Found::Here(_)) && later.kept.is_some());
}

#[test]
fn old_months_are_given_up_here_and_there_and_that_is_told_apart_from_a_loss() {
    let hub = Hub::new();
    let ana = hub.first("ana").with_agent(AGENT).with("AIFACTORY_TRANSCRIPTS_KEEP", "shared");
    let (id, run) = carried_out(&ana);
    ana.sync();
    let ben = hub.joined("ben").with_agent(AGENT).with("AIFACTORY_TRANSCRIPTS_KEEP", "shared");
    let (other, bens) = carried_out(&ben);
    ben.sync();
    assert!(fetch(&ben, &run));

    // 89 days after the end of January nothing goes.
    let ben = at(ben, "2026-04-30T00:00:00Z");
    ben.ok(&["gc"]);
    assert!(matches!(found(&ben, &id, &run), Found::Here(_)));
    let ben = at(ben, "2026-05-03T00:00:00Z");
    let said = ben.run(&["gc"]).all();
    assert!(said.contains("gave up the transcripts of 2 months for their age"), "{said}");
    assert_eq!((found(&ben, &other, &bens), found(&ben, &id, &run)), (Found::Pruned, Found::Pruned));
    let there = hub.refs();
    assert!(!there.contains(&place(&bens)) && there.contains(&place(&run)), "only what is its own goes there: {there}");
    ben.sync();
    assert!(!hub.refs().contains(&place(&bens)), "what was given up does not come back");

    // Gone without being given up.
    ana.git(&["update-ref", "-d", &place(&run)]);
    assert_eq!(found(&ana, &id, &run), Found::Lost);
    assert_eq!(found(&at(ana, "2026-06-01T00:00:00Z"), &id, &run), Found::Pruned);
}

#[test]
fn a_remote_that_takes_none_or_is_gone_does_not_keep_the_state_from_going() {
    let hub = Hub::new();
    let ana = hub.first("ana").with_agent(AGENT).with("AIFACTORY_TRANSCRIPTS_KEEP", "shared");
    hub.set_hook(
        "while read old new ref; do case $ref in refs/aifactory/runs/*) echo 'no transcripts'; exit 1;; esac; done",
    );
    let (id, run) = carried_out(&ana);
    let said = ana.sync().all();
    assert!(said.contains("what agents printed did not go there") && said.contains("hook declined"), "{said}");
    let ben = hub.joined("ben");
    assert_eq!(last_run(&ben, &id), run);
    hub.remove_hook();
    ana.sync();
    assert!(fetch(&ben, &run));
}

#[test]
fn many_at_once_are_all_kept() {
    let sandbox = Sandbox::new();
    let kept: Vec<_> = std::thread::scope(|scope| {
        let keepers: Vec<_> = (0..4)
            .map(|keeper| {
                let sandbox = &sandbox;
                scope.spawn(move || {
                    let project = project(sandbox);
                    let task = TaskId::parse(&format!("7kq2mabcd{keeper}")).unwrap();
                    let kept = |run: u32| {
                        let run = EventId::from_name(&format!("01k0000000000000000000{keeper}{run:03}"));
                        let folder = project.store.local.run_folder(&run);
                        fs::create_dir_all(&folder).unwrap();
                        fs::write(folder.join("stdout.log"), format!("{keeper} {run}\n")).unwrap();
                        let source = Source { folder: &folder, comes_in_pieces: false };
                        let kept = keep(&project.store, &task, &run, &source, 1 << 20).unwrap().unwrap();
                        (task.clone(), run, kept)
                    };
                    (0..10).map(kept).collect::<Vec<_>>()
                })
            })
            .collect();
        keepers.into_iter().flat_map(|keeper| keeper.join().unwrap()).collect()
    });
    let project = project(&sandbox);
    for (task, run, kept) in &kept {
        let age = project.settings.duration("transcripts.age");
        assert!(matches!(find(&project.store, task, run, Some(kept), age).unwrap(), Found::Here(_)), "{run}");
    }
    assert_eq!(kept.len(), 40);
}
