//! Workers on several machines: every task is done once, whoever is killed.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Hub, Random, Sandbox, Step, eventually, spawned};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const BIG: &str = "AIFACTORY_TEST_TASKS";

/// A plan that leaves a line in `log` each time its step runs and writes a file of its own.
fn logged_plan(name: &str, log: &Path) -> String {
    let file = format!("work/{name}.txt");
    let script = format!("echo {name} >> {}\nmkdir -p work\necho {name} > {file}", log.display());
    Step::new("S1", &file).gate(&format!("grep -qx {name} {file}")).script(&script).text()
}

/// Ready tasks with such plans, published; name to id.
fn backlog(machine: &Sandbox, names: impl IntoIterator<Item = String>, log: &Path) -> BTreeMap<String, String> {
    let mut tasks = BTreeMap::new();
    for name in names {
        let id = machine.planned(&format!("Write {name}"), &logged_plan(&name, log));
        tasks.insert(name, id);
    }
    let ids: Vec<&str> = tasks.values().map(String::as_str).collect();
    machine.ok(&[&["approve"], &ids[..]].concat());
    machine.sync();
    tasks
}

/// A machine on which everybody's plans may run, and that looks and gives up soon.
fn worker(hub: &Hub, name: &str) -> Sandbox {
    let machine = hub.joined(name);
    ready_to_work(&machine);
    machine
}

fn ready_to_work(machine: &Sandbox) {
    for (key, value) in [("trust.plans", "shared"), ("sync.interval", "300ms"), ("run.grace", "200ms")] {
        machine.ok(&["config", "set", key, value]);
    }
}

fn ran(log: &Path) -> Vec<String> {
    fs::read_to_string(log).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// Each is done, and on the target once.
#[track_caller]
fn assert_done_once(hub: &Hub, machine: &Sandbox, tasks: &BTreeMap<String, String>) {
    machine.sync();
    for (name, id) in tasks {
        assert_eq!(machine.status(id), "done", "{name}: {}", machine.ok(&["log", id]));
        let commits = hub.git(&["log", "--format=%H", "main", "--", &format!("work/{name}.txt")]);
        assert_eq!(commits.lines().count(), 1, "{name} is on the target {} times", commits.lines().count());
        assert_eq!(hub.git(&["show", &format!("main:work/{name}.txt")]), format!("{name}\n"));
    }
    hub.assert_sound();
}

#[test]
fn workers_on_four_machines_that_are_killed_again_and_again_do_every_task_once() {
    let number: usize = std::env::var(BIG).ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let deadline = Duration::from_secs(60 + 3 * number as u64);
    let hub = Hub::in_real_time();
    let first = hub.first("ana");
    // A crash is nothing that a person has to be asked about here, however often.
    first.ok(&["config", "set", "run.jobs", "1"]);
    let log = hub.root().join("ran");
    let tasks = backlog(&first, (0..number).map(|number| format!("t{number}")), &log);
    let mut machines: Vec<Sandbox> = ["ben", "cid", "dee"].iter().map(|name| worker(&hub, name)).collect();
    ready_to_work(&first);
    machines.push(first);
    let start = |slot: usize| {
        let machine = &machines[slot % machines.len()];
        let mut command = machine.command(&["work", "--drain", "--merge", "-j", "1"]);
        command.env("AIFACTORY_RUN_RECOVERIES", "1000").env("AIFACTORY_CLAIM_LEASE", "4s");
        spawned(&mut command)
    };
    let mut random = Random::new(5);
    let mut running: Vec<Option<common::Spawned>> = (0..8).map(|slot| Some(start(slot))).collect();
    let (mut kills, mut next_kill) = (0, 300);
    let begun = Instant::now();
    let mut is_over = false;
    while !is_over {
        assert!(begun.elapsed() < deadline, "not all is done in time: {}", hub.refs());
        std::thread::sleep(Duration::from_millis(2));
        next_kill = u64::saturating_sub(next_kill, 1);
        if kills < number / 4 && next_kill == 0 {
            let slot = random.below(8) as usize;
            if let Some(victim) = &mut running[slot] {
                victim.kill();
                running[slot] = Some(start(slot));
                kills += 1;
            }
            next_kill = 50 + random.below(400);
        }
        for slot in &mut running {
            if slot.as_mut().is_some_and(common::Spawned::has_ended) {
                *slot = None;
            }
        }
        if running.iter().all(Option::is_none) {
            // Everybody found nothing to do; what the last of the killed held is free again after its lease.
            machines[3].sync();
            let open = machines[3].json(&["list"]);
            is_over = open["tasks"].as_array().unwrap().is_empty();
            if !is_over {
                running = (0..4).map(|slot| Some(start(slot))).collect();
            }
        }
    }
    assert_done_once(&hub, &machines[3], &tasks);
    let ran: BTreeSet<String> = ran(&log).into_iter().collect();
    assert_eq!(ran.len(), number);
}

#[test]
fn without_crashes_no_step_runs_twice() {
    let hub = Hub::in_real_time();
    let ana = hub.first("ana");
    let log = hub.root().join("ran");
    let tasks = backlog(&ana, (0..12).map(|number| format!("t{number}")), &log);
    ready_to_work(&ana);
    let (ben, cid) = (worker(&hub, "ben"), worker(&hub, "cid"));
    let running: Vec<_> = [&ana, &ben, &cid, &ana, &ben, &cid]
        .iter()
        .map(|machine| spawned(&mut machine.command(&["work", "--drain", "--merge", "-j", "1"])))
        .collect();
    for worker in running {
        assert_eq!(worker.wait(), Some(0));
    }
    ben.ok(&["work", "--drain", "--merge"]);
    assert_done_once(&hub, &cid, &tasks);
    let mut ran = ran(&log);
    ran.sort();
    let expected: Vec<String> = tasks.into_keys().collect();
    assert_eq!(ran, expected);
}

/// A plan whose step leaves a line in `started` and goes on once `go` is there.
fn waiting_plan(folder: &Path) -> String {
    let script = format!(
        "echo $$ >> {0}/started\nwhile ! test -e {0}/go; do sleep 0.02; done\necho done > work.txt",
        folder.display()
    );
    let next = Step::new("S2", "next.txt").after("S1").gate("test -s next.txt").script("echo next > next.txt");
    format!("{}\n{}", Step::new("S1", "work.txt").gate("test -s work.txt").script(&script).text(), next.text())
}

#[test]
fn what_a_machine_held_that_never_comes_back_is_taken_over_after_its_lease() {
    let hub = Hub::in_real_time();
    let ana = hub.first("ana");
    let folder = hub.folder("waiting");
    let id = ana.approved("Outlive", &waiting_plan(&folder));
    ana.sync();
    let ben = worker(&hub, "ben").with("AIFACTORY_CLAIM_LEASE", "2s");
    let cid = worker(&hub, "cid").with("AIFACTORY_CLAIM_LEASE", "2s");
    let mut lost = spawned(&mut ben.command(&["work"]));
    eventually("the step runs", || folder.join("started").exists());
    lost.kill();
    fs::write(folder.join("go"), "").unwrap();
    let mut heir = spawned(&mut cid.command(&["work", "--max-tasks", "1", "--merge"]));
    eventually("somebody else has done it", || heir.has_ended());
    cid.sync();
    assert_eq!(cid.status(&id), "done");
    let text = cid.ok(&["log", &id]);
    assert!(text.contains("showed no sign of life for its whole lease"), "{text}");
    // The one who comes back late finds that it is done.
    ben.sync();
    cid.sync();
    assert_eq!((ben.status(&id), cid.status(&id)), ("done".to_owned(), "done".to_owned()));
    hub.assert_same(&[&ben, &cid]);
}

#[test]
fn a_worker_ends_as_it_is_told_to() {
    let hub = Hub::in_real_time();
    let ana = hub.first("ana");
    let log = hub.root().join("ran");
    let tasks = backlog(&ana, ["a", "b", "c", "d"].map(str::to_owned), &log);
    ana.ok(&["set", &tasks["c"], "labels+=special", "labels+=more"]);
    ana.ok(&["set", &tasks["d"], "labels+=special"]);
    ana.sync();
    let ben = worker(&hub, "ben");
    ben.ok(&["work", "--once", "--label", "special", "--label", "more"]);
    assert_eq!(ran(&log), ["c"]);
    ben.ok(&["work", "--max-tasks", "1", "--drain", "--label", "special"]);
    assert_eq!(ran(&log), ["c", "d"]);
    ben.ok(&["work", "--max-tasks", "1"]);
    assert_eq!(ran(&log).len(), 3);
    ben.ok(&["work", "--once"]);
    assert_eq!(ran(&log).len(), 4);
    ana.sync();
    for id in tasks.values() {
        assert_eq!(ana.status(id), "review");
    }
    ben.ok(&["work", "--drain"]);
    assert_eq!(ran(&log).len(), 4);
}

#[test]
fn an_empty_folder_and_an_address_are_enough() {
    let hub = Hub::in_real_time();
    let ana = hub.first("ana");
    let log = hub.root().join("ran");
    let tasks = backlog(&ana, ["a", "b"].map(str::to_owned), &log);
    let ben = hub.bare_machine("ben").with("AIFACTORY_TRUST_PLANS", "shared");
    let url = hub.url();
    ben.ok(&["work", "--remote", &url, "--drain", "--merge"]);
    assert_done_once(&hub, &ana, &tasks);
    assert_eq!(ran(&log).len(), 2);
    // A second time, the clone is there.
    let more = backlog(&ana, ["c".to_owned()], &log);
    ben.ok(&["work", "--remote", &url, "--drain", "--merge"]);
    assert_done_once(&hub, &ana, &more);
}

fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn the_first_signal_lets_the_step_end_and_the_second_stops_it() {
    let hub = Hub::in_real_time();
    let ana = hub.first("ana");
    ready_to_work(&ana);
    for signals in [1, 2] {
        let folder = hub.folder(&format!("waiting-{signals}"));
        let id = ana.approved("Stop me", &waiting_plan(&folder));
        ana.sync();
        let output = hub.root().join(format!("said-{signals}"));
        let said = fs::File::create(&output).unwrap();
        let running = common::Spawned(ana.command(&["work"]).stdout(Stdio::null()).stderr(said).spawn().unwrap());
        let started = || fs::read_to_string(folder.join("started")).unwrap_or_default();
        eventually("the step runs", || started().ends_with('\n'));
        let step: u32 = started().trim().parse().unwrap();
        signal(running.pid(), "TERM");
        if signals == 1 {
            fs::write(folder.join("go"), "").unwrap();
        } else {
            eventually("the first is heard", || {
                fs::read_to_string(&output).unwrap().contains("nothing more is started")
            });
            signal(running.pid(), "TERM");
        }
        assert_eq!(running.wait(), Some(130));
        assert!(!common::is_alive(step));
        let task = ana.task(&id);
        assert_eq!(task["status"], "ready", "{task}");
        assert!(task["claim"].is_null(), "{task}");
        let steps = task["steps"].to_string();
        assert_eq!(steps.contains("done"), signals == 1, "{steps}");
        fs::write(folder.join("go"), "").unwrap();
        ana.ok(&["work", "--drain", "--merge"]);
        assert_eq!(ana.status(&id), "done");
        let times = fs::read_to_string(folder.join("started")).unwrap().lines().count();
        assert_eq!(times, signals, "a step that had ended ran again, or one that was stopped did not");
        hub.git(&["show", "main:work.txt"]);
        // The next one writes the same files.
        let undo = Step::new("S1", "work.txt, next.txt").gate("test ! -e work.txt").script("rm -f work.txt next.txt");
        ana.approved("Undo", &undo.text());
        ana.ok(&["work", "--drain", "--merge"]);
    }
}

#[test]
fn settings_that_become_unreadable_leave_the_last_good_ones_in_force() {
    let hub = Hub::in_real_time();
    let ana = hub.first("ana");
    ready_to_work(&ana);
    let log = hub.root().join("ran");
    let output = hub.root().join("said");
    let mut command = ana.command(&["work", "--max-tasks", "2"]);
    let said = fs::File::create(&output).unwrap();
    let mut running = command.stdout(Stdio::null()).stderr(said).spawn().unwrap();
    let text = || fs::read_to_string(&output).unwrap_or_default();
    eventually("it waits", || text().contains("waiting for work"));
    let settings = ana.git_dir().join("aifactory/config.toml");
    let good = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, "run = \"nonsense").unwrap();
    eventually("it says so", || text().contains("the last good settings stay in force"));
    fs::write(&settings, good).unwrap();
    eventually("it says that, too", || text().contains("the settings can be read again"));
    backlog(&ana, ["a", "b"].map(str::to_owned), &log);
    eventually("it ends", || running.try_wait().unwrap().is_some());
    assert_eq!(running.wait().unwrap().code(), Some(0), "{}", text());
    assert_eq!(ran(&log).len(), 2);
}

#[test]
fn a_plan_that_is_not_trusted_here_is_left_to_others() {
    let hub = Hub::in_real_time();
    let ana = hub.first("ana");
    let log = hub.root().join("ran");
    let tasks = backlog(&ana, ["a".to_owned()], &log);
    let ben = hub.joined("ben");
    let ran_there = ben.run(&["work", "--drain"]);
    assert_eq!(ran(&log), [""; 0]);
    assert_eq!(ran_there.status, 0, "{}", ran_there.all());
    ben.sync();
    assert_eq!(ben.status(&tasks["a"]), "ready", "it is not spoilt for others");
    let cid = worker(&hub, "cid");
    cid.ok(&["work", "--drain", "--merge"]);
    assert_done_once(&hub, &cid, &tasks);
}
