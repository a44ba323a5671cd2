//! Many writers at once: every acknowledged write is there, and git finds nothing wrong.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::Sandbox;
use std::collections::BTreeSet;

const WRITERS: usize = 8;
const EACH: usize = 20;

#[test]
fn eight_writers_at_once_lose_nothing() {
    let sandbox = Sandbox::new();
    let shared = sandbox.ok(&["new", "Shared"]).trim().to_owned();
    let before = sandbox.state_commits();
    let written: Vec<String> = std::thread::scope(|scope| {
        let writer = |number: usize| {
            let (sandbox, shared) = (&sandbox, &shared);
            scope.spawn(move || {
                let mut written = Vec::new();
                for turn in 0..EACH {
                    if turn % 2 == 0 {
                        let id = sandbox.ok(&["new", &format!("Task {number}.{turn}")]);
                        written.push(id.trim().to_owned());
                    } else {
                        sandbox.ok(&["set", shared, &format!("labels+={number}-{turn}")]);
                    }
                }
                written
            })
        };
        let writers: Vec<_> = (0..WRITERS).map(writer).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(sandbox.state_commits(), before + WRITERS * EACH);
    let ids: BTreeSet<&String> = written.iter().collect();
    assert_eq!(ids.len(), WRITERS * EACH / 2);
    let listed = sandbox.json(&["list"]);
    let listed: BTreeSet<String> =
        listed["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.iter().all(|id| listed.contains(*id)));
    let task = sandbox.task(&shared);
    assert_eq!(task["labels"].as_array().unwrap().len(), WRITERS * EACH / 2);
    assert_eq!(sandbox.events(&shared).len(), 1 + WRITERS * EACH / 2);
    for id in &written {
        assert_eq!(sandbox.events(id).len(), 1);
    }
    sandbox.assert_sound();
}

#[test]
fn writers_killed_at_any_moment_leave_whole_records_and_no_lock() {
    let sandbox = Sandbox::new();
    let mut random = common::Random::new(7);
    let mut acknowledged = Vec::new();
    for _ in 0..20 {
        let mut victim = common::spawned(&mut sandbox.command(&["new", "Cut short", "-m", "a spec"]));
        let mut looks = random.below(60);
        common::eventually("the moment to kill", || {
            looks = looks.saturating_sub(1);
            looks == 0 || victim.has_ended()
        });
        victim.kill();
        acknowledged.push(sandbox.ok(&["new", "Acknowledged"]).trim().to_owned());
    }
    for id in &acknowledged {
        assert_eq!(sandbox.task(id)["title"], "Acknowledged");
    }
    let listed = sandbox.run(&["list"]);
    assert_eq!(listed.stderr, "");
    assert_eq!(listed.stdout.lines().count() + 1, sandbox.state_commits());
    sandbox.assert_sound();
}
