//! Claims that count everywhere: of many who reach for a task, one gets it.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Hub, Sandbox, Step, eventually, greeting_plan, spawned};
use snapbox::str;
use std::fs;

#[test]
fn of_eight_who_claim_one_task_at_once_one_gets_it() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let id = ana.new_task("Greet");
    ana.sync();
    let names = ["ben", "cid", "dee", "eli", "fay", "gus", "hal"];
    let mut machines: Vec<Sandbox> = names.iter().map(|name| hub.joined(name)).collect();
    machines.push(ana);
    let results: Vec<_> = std::thread::scope(|scope| {
        let claims: Vec<_> = machines.iter().map(|machine| scope.spawn(|| machine.run(&["claim", &id]))).collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).collect()
    });
    let winners: Vec<usize> = (0..machines.len()).filter(|number| results[*number].status == 0).collect();
    let [winner] = winners[..] else { panic!("{winners:?} have it: {results:#?}") };
    let holder = format!("{}-box", machines[winner].root().file_name().unwrap().display());
    for (machine, ran) in machines.iter().zip(&results) {
        if ran.status != 0 {
            assert_eq!(ran.status, 1, "{}", ran.all());
            assert!(ran.stderr.contains(&holder), "it does not say who has it: {}", ran.all());
        }
        machine.sync();
        assert_eq!(machine.task(&id)["claim"]["host"], *holder);
    }
    let all: Vec<&Sandbox> = machines.iter().collect();
    hub.assert_same(&all);
}

#[test]
fn what_somebody_holds_is_shown_and_given_back() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let id = ana.new_task("Greet");
    ana.new_task("Wave");
    ana.sync();
    let ben = hub.joined("ben");
    ana.ok(&["claim", &id]);
    ben.sync();
    shows!(
        ben,
        ben.run(&["list", "--claimed"]),
        str![[r#"
2thc5tsve4	running	normal	Greet	

"#]]
    );
    shows!(
        ben,
        ben.run(&["claim", &id]),
        str![[r#"
stderr: error: task 2thc is held by ana@example.com on ana-box
stderr: hint: aifactory show 2thc
exit 1

"#]]
    );
    shows!(
        ben,
        ben.run(&["release", &id]),
        str![[r#"
stderr: error: task 2thc is held by ana@example.com on ana-box
stderr: hint: on that machine: aifactory stop 2thc
stderr: hint: to take it away all the same: aifactory release 2thc --force
exit 1

"#]]
    );
    shows!(
        ben,
        ben.run(&["release", &id, "--force"]),
        str![[r#"
stderr: released 2thc  Greet  (ready)

"#]]
    );
    ana.sync();
    assert_eq!(ana.status(&id), "ready");
    shows!(ana, ana.run(&["list", "--claimed"]), str![[""]]);
    ana.ok(&["claim", &id]);
    ana.ok(&["release", &id]);
    ben.ok(&["claim", &id]);
    assert_eq!(ben.task(&id)["claim"]["host"], "ben-box");
}

/// A plan whose step says that it runs and then waits for a word.
fn waiting_plan(machine: &Sandbox) -> (String, std::path::PathBuf) {
    let folder = machine.folder("waiting");
    let script = format!(
        "echo > {0}/started\nwhile ! test -e {0}/go; do sleep 0.02; done\necho done > work.txt",
        folder.display()
    );
    (Step::new("S1", "work.txt").gate("test -s work.txt").script(&script).text(), folder)
}

#[test]
fn what_runs_on_one_machine_is_not_started_on_another() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let (plan, folder) = waiting_plan(&ana);
    let id = ana.approved("Take long", &plan);
    ana.sync();
    let ben = hub.joined("ben");
    ben.ok(&["config", "set", "trust.plans", "shared"]);
    let running = spawned(&mut ana.command(&["run", &id]));
    eventually("the step runs", || folder.join("started").exists());
    // Ben has not heard of it yet.
    let ran = ben.run(&["run", &id]);
    assert_ne!(ran.status, 0, "{}", ran.all());
    shows!(
        ben,
        ran,
        str![[r#"
stderr: 2thc  Take long                         not started: ana@example.com on ana-box has it
stderr: nothing could be started
exit 3

"#]]
    );
    let again = ben.run(&["run", &id]);
    assert_ne!(again.status, 0, "{}", again.all());
    assert!(again.stderr.contains("ana-box"), "it does not say who has it: {}", again.all());
    fs::write(folder.join("go"), "").unwrap();
    assert_eq!(running.wait(), Some(0));
    ben.sync();
    assert_eq!(ben.status(&id), "review");
}

#[test]
fn without_the_remote_a_run_is_refused_or_counts_here_alone() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let id = ana.approved("Greet", &greeting_plan("hello.txt", "hello"));
    ana.sync();
    let ben = hub.joined("ben");
    ben.ok(&["config", "set", "trust.plans", "shared"]);
    hub.vanish();
    let ran = ana.run(&["run", &id]);
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert!(ran.all().contains("--local"), "{}", ran.all());
    assert_eq!(ana.status(&id), "ready");
    ana.fails(&["claim", &id], 3);
    assert_eq!(ana.status(&id), "ready");

    ana.ok(&["run", &id, "--local"]);
    ben.ok(&["run", &id, "--local"]);
    assert_eq!((ana.status(&id), ben.status(&id)), ("review".to_owned(), "review".to_owned()));
    hub.come_back();
    for machine in [&ana, &ben, &ana, &ben] {
        machine.sync();
    }
    hub.assert_same(&[&ana, &ben]);
    assert_eq!(ana.status(&id), "waiting: contested");
    shows!(
        ana,
        ana.run(&["show", &id]),
        str![[r#"
2thc  Greet  [waiting]
  contested: two workers finished it; both results are kept
  priority  normal   risk blocking
  branch    aifactory/2thc5tsve4-greet
  created   18m ago   changed 7m ago

Conflicts
  ! ben@example.com on ben-box finished it, too, under a claim that did not count
    the other: git show [HASH]
    when it is settled: aifactory set 2thc conflicts=

Plan
  ✓ S1   Change hello.txt  1 gate

Evidence
  passed   grep -qx 'hello' hello.txt  tree [HASH], worktree

Next
  aifactory review 2thc, then aifactory retry 2thc

"#]]
    );
}

#[test]
fn both_results_of_a_contested_task_can_be_looked_at_everywhere() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let id = ana.approved("Greet", &greeting_plan("hello.txt", "hello"));
    ana.sync();
    let ben = hub.joined("ben");
    ben.ok(&["config", "set", "trust.plans", "shared"]);
    for machine in [&ana, &ben] {
        machine.ok(&["run", &id, "--local"]);
    }
    for machine in [&ana, &ben, &ana] {
        machine.sync();
    }
    let task = ana.task(&id);
    let other = task["conflicts"][0]["other"].as_str().unwrap_or_else(|| panic!("{task}"));
    ana.git(&["fetch", "--quiet", "origin"]);
    ana.git(&["cat-file", "-e", &format!("{other}^{{commit}}")]);
}

#[test]
fn finished_work_goes_along_with_the_state_also_from_a_repository_of_another_kind() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let id = ana.approved("Greet", &greeting_plan("hello.txt", "hello"));
    ana.sync();
    for (name, options) in [("ben", ["--ref-format=reftable"]), ("cid", ["--filter=blob:none"])] {
        let machine = hub.machine_with(name, &options);
        machine.sync();
        machine.ok(&["config", "set", "trust.plans", "shared"]);
        machine.ok(&["run", &id]);
        ana.sync();
        assert_eq!(ana.status(&id), "review", "{name}");
        let branch = ana.task(&id)["branch"].as_str().unwrap().to_owned();
        assert_eq!(hub.git(&["show", &format!("{branch}:hello.txt")]), "hello\n");
        hub.git(&["update-ref", "-d", &format!("refs/heads/{branch}")]);
        ana.ok(&["retry", &id]);
        ana.sync();
    }
}
