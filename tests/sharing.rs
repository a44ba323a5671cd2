//! Sharing the state through real remotes: nothing of anybody is lost, and all end with the same.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Hub, Random, STATE, Sandbox, eventually, spawned};
use snapbox::str;
use std::collections::BTreeSet;

const FALLBACK: &str = "refs/heads/aifactory/state";

#[test]
fn a_fresh_clone_gets_everything_with_sync_alone() {
    let hub = Hub::new();
    let ana = hub.machine("ana");
    ana.ok(&["init", "--yes"]);
    let id = ana.new_task("Greet");
    ana.new_task("Wave");
    shows!(
        ana,
        ana.run(&["sync"]),
        str![[r#"
stderr: origin: 2 tasks went

"#]]
    );
    shows!(
        ana,
        ana.run(&["sync"]),
        str![[r#"
stderr: origin: nothing new on either side

"#]]
    );

    let ben = hub.machine("ben");
    ben.fails(&["list"], 3);
    shows!(
        ben,
        ben.run(&["sync"]),
        str![[r#"
stderr: origin: 2 tasks came

"#]]
    );
    assert_eq!(ben.titles(), ["Greet", "Wave"]);
    assert_eq!(ben.task(&id), ana.task(&id));
    hub.assert_same(&[&ana, &ben]);
    hub.assert_sound();
}

#[test]
fn what_two_changed_in_one_task_comes_together() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let id = ana.ok(&["new", "Greet", "-m", "## Goal\n\nSay hello.\n\n## Limits\n\nNone.", "-l", "old"]);
    let id = id.trim();
    ana.sync();
    let ben = hub.joined("ben");

    ana.ok(&["set", id, "title=Greet everybody", "labels-=old"]);
    ana.set_spec(id, "## Goal\n\nSay hello to all.\n\n## Limits\n\nNone.");
    ben.ok(&["set", id, "labels+=polite", "priority=high"]);
    ben.set_spec(id, "## Goal\n\nSay hello.\n\n## Limits\n\nIn one line.");
    ana.sync();
    shows!(
        ben,
        ben.run(&["sync"]),
        str![[r#"
stderr: origin: 1 task merged

"#]]
    );
    ana.sync();

    hub.assert_same(&[&ana, &ben]);
    let task = ana.task(id);
    assert_eq!(task["title"], "Greet everybody");
    assert_eq!(task["labels"], serde_json::json!(["polite"]));
    assert_eq!(task["priority"], "high");
    assert_eq!(ana.ok(&["spec", "show", id]), "## Goal\n\nSay hello to all.\n\n## Limits\n\nIn one line.\n");
    assert_eq!(ana.json(&["log", id]), ben.json(&["log", id]));
}

/// Two wrote the same section; both have synchronised. Ana's machine, Ben's, the task.
fn in_conflict(hub: &Hub) -> (Sandbox, Sandbox, String) {
    let ana = hub.first("ana");
    let id = ana.ok(&["new", "Greet", "-m", "## Goal\n\nSay hello."]).trim().to_owned();
    ana.sync();
    let ben = hub.joined("ben");
    ana.set_spec(&id, "## Goal\n\nSay good morning.");
    ben.set_spec(&id, "## Goal\n\nSay good night.");
    ana.sync();
    (ana, ben, id)
}

fn conflicts(machine: &Sandbox, id: &str) -> Vec<String> {
    let task = machine.task(id);
    let conflicts = task["conflicts"].as_array().cloned().unwrap_or_default();
    conflicts.iter().map(|conflict| conflict["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_two_wrote_in_one_place_is_kept_twice_and_shown() {
    let hub = Hub::new();
    let (ana, ben, id) = in_conflict(&hub);
    shows!(
        ben,
        ben.run(&["sync"]),
        str![[r#"
stderr: origin: 1 task merged
stderr: warning: task 2thc has 1 conflict for you to look at: aifactory show 2thc

"#]]
    );
    shows!(
        ana,
        ana.run(&["sync"]),
        str![[r#"
stderr: origin: 1 task came
stderr: warning: task 2thc has 1 conflict for you to look at: aifactory show 2thc

"#]]
    );
    shows!(
        ana,
        ana.run(&["show", &id]),
        str![[r#"
2thc  Greet  [backlog]
  priority  normal   risk blocking
  created   8m ago   changed 4m ago

Conflicts
  ! "Goal" in the spec was changed by two people at once; the later one stands
    the other: aifactory show 2thc --conflict [HASH]
    when it is settled: aifactory set 2thc conflicts=

Spec
  ## Goal
  
  Say good night.

Next
  aifactory plan edit 2thc

"#]]
    );
    let [conflict] = &conflicts(&ana, &id)[..] else { panic!("not one conflict") };
    let other = ana.ok(&["show", &id, "--conflict", conflict]);
    let stands = ana.ok(&["spec", "show", &id]);
    let both = format!("{stands}{other}");
    assert!(both.contains("good morning") && both.contains("good night"), "{both}");
    assert!(!both.contains("<<<<"), "{both}");

    ben.ok(&["set", &id, "conflicts="]);
    ben.sync();
    ana.sync();
    assert_eq!(conflicts(&ana, &id), [""; 0]);
    hub.assert_same(&[&ana, &ben]);
    assert_eq!(ana.ok(&["spec", "show", &id]), stands);
}

#[test]
fn a_conflict_is_settled_by_a_persons_word_and_not_by_writing_on() {
    let hub = Hub::new();
    let (ana, ben, id) = in_conflict(&hub);
    ben.sync();
    ben.set_spec(&id, "## Goal\n\nSay good day.");
    assert_eq!(conflicts(&ben, &id).len(), 1, "whoever wrote on may not have seen it");
    ben.ok(&["set", &id, "conflicts="]);
    assert_eq!(conflicts(&ben, &id), [""; 0]);
    ben.sync();
    ana.sync();
    assert_eq!(conflicts(&ana, &id), [""; 0]);
    assert_eq!(ana.ok(&["spec", "show", &id]), "## Goal\n\nSay good day.\n");
    hub.assert_same(&[&ana, &ben]);
}

#[test]
fn the_order_of_syncs_does_not_matter() {
    let orders = ["abc", "cba", "aabbcb"];
    for order in orders {
        let hub = Hub::new();
        let ana = hub.first("ana");
        let id = ana.ok(&["new", "Greet", "-m", "## Goal\n\nSay hello."]).trim().to_owned();
        let gone = ana.new_task("Never mind");
        ana.sync();
        let (ben, cid) = (hub.joined("ben"), hub.joined("cid"));
        let machines = [&ana, &ben, &cid];
        for (number, machine) in machines.iter().enumerate() {
            machine.ok(&["set", &id, &format!("title=Title {number}"), &format!("labels+=l{number}")]);
            machine.set_spec(&id, &format!("## Goal\n\nGoal {number}."));
            machine.new_task(&format!("New {number}"));
        }
        ben.ok(&["cancel", &gone]);
        cid.ok(&["set", &gone, "priority=urgent"]);
        for name in order.bytes().chain(*b"abc").chain(*b"abc") {
            machines[usize::from(name - b'a')].sync();
        }
        hub.assert_same(&machines);
        assert_eq!(ana.titles(), ["Never mind", "New 0", "New 1", "New 2", "Title 2"], "{order}");
        assert_eq!(ana.task(&id)["labels"], serde_json::json!(["l0", "l1", "l2"]), "{order}");
        assert_eq!(ana.status(&gone), "cancelled", "{order}");
        hub.assert_sound();
    }
}

#[test]
fn a_dry_run_changes_nothing_here_or_there() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let id = ana.new_task("Greet");
    ana.sync();
    let ben = hub.joined("ben");
    ana.ok(&["set", &id, "priority=high"]);
    ana.new_task("Wave");
    ana.sync();
    ben.ok(&["set", &id, "labels+=polite"]);
    ben.new_task("Nod");
    let (here, there) = (ben.refs(), hub.refs());
    shows!(
        ben,
        ben.run(&["sync", "--dry-run"]),
        str![[r#"
stderr: origin: 1 task would come, 1 would go, 1 would be merged

"#]]
    );
    let without_incoming = |refs: String| -> Vec<String> {
        refs.lines().filter(|line| !line.starts_with("refs/aifactory/incoming/")).map(str::to_owned).collect()
    };
    assert_eq!(without_incoming(ben.refs()), without_incoming(here));
    assert_eq!(hub.refs(), there);
    assert_eq!(ben.titles(), ["Greet", "Nod"]);

    let fresh = hub.machine("cid");
    let before = fresh.refs();
    fresh.run(&["sync", "--dry-run"]);
    assert_eq!(without_incoming(fresh.refs()), without_incoming(before));
}

#[test]
fn json_says_what_came_and_went() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let shared = ana.new_task("Greet");
    ana.sync();
    let ben = hub.joined("ben");
    ana.ok(&["set", &shared, "priority=high"]);
    let hers = ana.new_task("Wave");
    ana.sync();
    ben.ok(&["set", &shared, "labels+=polite"]);
    let his = ben.new_task("Nod");
    let answer = ben.json(&["sync"]);
    assert_eq!(answer["schema"], "aifactory.sync/1");
    assert_eq!(answer["dry_run"], false);
    let remote = &answer["remotes"][0];
    assert_eq!(remote["remote"], "origin");
    assert_eq!(remote["came"], serde_json::json!([hers]));
    assert_eq!(remote["merged"], serde_json::json!([shared]));
    let went: BTreeSet<&str> = remote["went"].as_array().unwrap().iter().filter_map(|id| id.as_str()).collect();
    assert_eq!(went, BTreeSet::from([shared.as_str(), his.as_str()]));
    assert_eq!(remote["tip"], hub.commit_of(STATE));
    assert_eq!(remote["ref"], serde_json::Value::Null);
}

#[test]
fn a_remote_that_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    sandbox.new_task("Greet");
    shows!(
        sandbox,
        sandbox.run(&["sync"]),
        str![[r#"
stderr: error: there is no remote to share through
stderr: hint: git remote add origin <address>, then aifactory sync
stderr: hint: or name an address: aifactory sync <address>
exit 3

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["sync", "backup"]),
        str![[r#"
stderr: error: cannot list the refs of backup: there is no git repository
stderr:   because: git said: fatal: 'backup' does not appear to be a git repository; fatal: Could not read from remote repository.; Please make sure you have the correct access rights; and the repository exists.
stderr: hint: the remotes of this repository: git remote -v
stderr: hint: git remote add backup <url>
stderr: hint: your work is safe here and goes out with the next aifactory sync
exit 3

"#]]
    );
    let missing = sandbox.root().join("nowhere.git").display().to_string();
    shows!(
        sandbox,
        sandbox.run(&["sync", &missing]),
        str![[r#"
stderr: error: cannot list the refs of $SANDBOX/nowhere.git: there is no git repository
stderr:   because: git said: fatal: '$SANDBOX/nowhere.git' does not appear to be a git repository; fatal: Could not read from remote repository.; Please make sure you have the correct access rights; and the repository exists.
stderr: hint: try by hand: git ls-remote $SANDBOX/nowhere.git
stderr: hint: your work is safe here and goes out with the next aifactory sync
exit 3

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["sync", "--", "--upload-pack=touch x"]),
        str![[r#"
stderr: error: `--upload-pack=touch x` is not a remote
stderr: hint: name a remote or an address: aifactory sync origin
exit 2

"#]]
    );
    assert_eq!(sandbox.titles(), ["Greet"]);
}

#[test]
fn a_server_that_does_not_listen_is_told_from_one_without_the_repository() {
    let sandbox = Sandbox::new();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    sandbox.git(&["remote", "add", "origin", &format!("http://me:secret@127.0.0.1:{port}/app.git")]);
    sandbox.new_task("Greet");
    let ran = sandbox.fails(&["sync"], 1);
    assert!(ran.stderr.starts_with("error: cannot list the refs of origin: there is no connection"), "{}", ran.all());
    assert!(ran.stderr.contains("your work is safe here"), "{}", ran.all());
    assert!(!ran.stderr.contains("secret"), "{}", ran.all());
    assert_eq!(sandbox.titles(), ["Greet"]);
}

#[test]
fn where_we_may_not_write_our_work_stays_with_us() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let ben = hub.joined("ben");
    ana.new_task("Greet");
    ana.sync();
    hub.set_hook("echo 'read only, sorry' >&2\nexit 1");
    ben.new_task("Wave");
    let there = hub.refs();
    let ran = ben.fails(&["sync"], 1);
    shows!(
        ben,
        ran,
        str![[r#"
stderr: error: origin refuses refs/aifactory/state: pre-receive hook declined: read only, sorry
stderr: hint: your work is safe here; the host's rules decide who may push there
stderr: hint: your work is safe here and goes out with the next aifactory sync
exit 1

"#]]
    );
    assert_eq!(hub.refs(), there);
    assert_eq!(ben.titles(), ["Greet", "Wave"], "what others did came in all the same");
    hub.remove_hook();
    ben.sync();
    ana.sync();
    hub.assert_same(&[&ana, &ben]);
}

#[test]
fn a_host_that_takes_only_branches_gets_a_branch() {
    let hub = Hub::new();
    hub.set_hook("while read old new ref; do case $ref in refs/heads/*) ;; *) echo no >&2; exit 1 ;; esac; done");
    let ana = hub.machine("ana");
    ana.ok(&["init", "--yes"]);
    ana.new_task("Greet");
    shows!(
        ana,
        ana.run(&["sync"]),
        str![[r#"
stderr: origin: 1 task went
stderr:   origin takes no ref named refs/aifactory/state (pre-receive hook declined: no); the state goes to refs/heads/aifactory/state

"#]]
    );
    assert!(hub.refs().contains(FALLBACK), "{}", hub.refs());
    ana.new_task("Nod");
    ana.sync();
    let ben = hub.joined("ben");
    assert_eq!(ben.titles(), ["Greet", "Nod"]);
    ben.new_task("Wave");
    ben.sync();
    ana.sync();
    assert_eq!(ana.titles(), ["Greet", "Nod", "Wave"]);
    let trees = [&ana, &ben].map(|machine| machine.commit_of(&format!("{STATE}^{{tree}}")));
    let there = hub.commit_of(&format!("{FALLBACK}^{{tree}}"));
    assert_eq!(trees, [there.clone(), there]);
    assert!(!hub.refs().contains(STATE), "{}", hub.refs());
}

#[test]
fn a_state_that_was_deleted_there_is_put_back_on_a_persons_word() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    ana.new_task("Greet");
    ana.sync();
    let ben = hub.joined("ben");
    ben.new_task("Wave");
    hub.git(&["update-ref", "-d", STATE]);
    let before = ana.refs();
    shows!(
        ana,
        ana.run(&["sync"]),
        str![[r#"
stderr: error: refs/aifactory/state is gone from origin, and it was there before
stderr: hint: nothing was changed here; your state is whole
stderr: hint: to put it back there: aifactory sync origin --restore-remote
exit 4

"#]]
    );
    assert_eq!(ana.refs(), before);
    ben.fails(&["sync"], 4);
    assert!(!hub.refs().contains(STATE), "{}", hub.refs());

    shows!(
        ana,
        ana.run(&["sync", "--restore-remote"]),
        str![[r#"
stderr: origin: nothing else is new on either side
stderr:   refs/aifactory/state was gone there and is put back

"#]]
    );
    ben.sync();
    ana.sync();
    assert_eq!(ana.titles(), ["Greet", "Wave"]);
    hub.assert_same(&[&ana, &ben]);
}

#[test]
fn a_state_that_was_set_back_is_brought_together_again() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    ana.new_task("Greet");
    ana.sync();
    let early = hub.commit_of(STATE);
    let (ben, cid) = (hub.joined("ben"), hub.joined("cid"));
    ana.new_task("Wave");
    ana.sync();
    cid.sync();
    hub.git(&["update-ref", STATE, &early]);
    // Ben has not seen the newer state and goes on from the older one.
    ben.new_task("Nod");
    ben.sync();
    let tip = hub.commit_of(STATE);

    let before = ana.commit_of(STATE);
    let ran = ana.fails(&["sync"], 4);
    assert_eq!(ana.commit_of(&format!("refs/aifactory/quarantine/{tip}")), tip);
    assert_eq!((ana.commit_of(STATE), hub.commit_of(STATE)), (before, tip));
    shows!(
        ana,
        ran,
        str![[r#"
stderr: error: refs/aifactory/state on origin was set back or replaced: it no longer holds what was seen there
stderr: hint: nothing was changed here; what is there now is kept as refs/aifactory/quarantine/[HASH]
stderr: hint: to bring both together there: aifactory sync origin --restore-remote
exit 4

"#]]
    );
    shows!(
        ana,
        ana.run(&["sync", "--restore-remote"]),
        str![[r#"
stderr: origin: 1 task came, 1 went

"#]]
    );
    for machine in [&ben, &cid, &ana] {
        machine.sync();
        assert_eq!(machine.titles(), ["Greet", "Nod", "Wave"]);
    }
    hub.assert_same(&[&ana, &ben, &cid]);
    hub.assert_sound();
}

#[test]
fn a_state_that_was_replaced_by_something_else_stays_out() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    ana.new_task("Greet");
    ana.sync();
    let ben = hub.joined("ben");
    // The code: a commit that knows nothing of tasks.
    hub.git(&["update-ref", STATE, "refs/heads/main"]);
    let tip = hub.commit_of(STATE);
    let ran = ana.fails(&["sync"], 4);
    shows!(
        ana,
        ran,
        str![[r#"
stderr: error: the state on origin holds what must not come in: README.md does not belong here; .aifactory is all there may be
stderr: hint: nothing was changed here; what is there is kept as refs/aifactory/quarantine/[HASH]
stderr: hint: once you know who pushed it: aifactory sync origin --restore-remote
exit 4

"#]]
    );
    assert_eq!(ana.commit_of(&format!("refs/aifactory/quarantine/{tip}")), tip);
    assert_eq!(ana.titles(), ["Greet"]);
    ana.ok(&["sync", "--restore-remote"]);
    assert_eq!(ana.titles(), ["Greet"]);
    ben.new_task("Wave");
    ben.sync();
    ana.sync();
    hub.assert_same(&[&ana, &ben]);
    assert_eq!(ben.titles(), ["Greet", "Wave"]);
}

#[test]
fn a_text_without_an_end_of_line_is_no_change_of_its_last_section() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let id = ana.new_task("Greet");
    ana.set_spec(&id, "## Goal\n\nHello.\n\n## Limits\n\nNone.\n");
    ana.sync();
    let ben = hub.joined("ben");
    ana.set_spec(&id, "## Goal\n\nHello, all.\n\n## Limits\n\nNone.");
    ben.set_spec(&id, "## Goal\n\nHello.\n\n## Limits\n\nOne line.");
    ana.sync();
    ben.sync();
    assert_eq!(ben.ok(&["spec", "show", &id]), "## Goal\n\nHello, all.\n\n## Limits\n\nOne line.\n");
    assert_eq!(conflicts(&ben, &id), [""; 0]);
}

#[test]
fn two_remotes_get_the_same_and_pass_on_what_they_got() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let backup = ana.folder("backup.git");
    ana.git_at(&backup, &["init", "--quiet", "--bare"]);
    let address = backup.display().to_string();
    ana.git(&["remote", "add", "backup", &address]);
    ana.ok(&["config", "set", "sync.also", "backup"]);
    ana.new_task("Greet");
    shows!(
        ana,
        ana.run(&["sync"]),
        str![[r#"
stderr: origin: 1 task went
stderr: backup: 1 task went

"#]]
    );
    // Ben knows the backup alone.
    let ben = hub.bare_machine("ben");
    ben.git(&["init", "--quiet", "-b", "main"]);
    ben.ok(&["sync", &address]);
    ben.new_task("Wave");
    ben.sync();
    ana.sync();
    ana.sync();
    let cid = hub.joined("cid");
    assert_eq!(cid.titles(), ["Greet", "Wave"]);
    hub.assert_same(&[&ana, &ben, &cid]);
    // One that is away does not keep the other from being served.
    std::fs::rename(&backup, ana.root().join("gone")).unwrap();
    ana.new_task("Nod");
    let ran = ana.run(&["sync"]);
    assert_eq!(ran.status, 3, "{}", ran.all());
    cid.sync();
    assert_eq!(cid.titles(), ["Greet", "Nod", "Wave"]);
}

#[test]
fn the_state_may_have_a_repository_of_its_own() {
    let hub = Hub::new();
    let ana = hub.machine("ana");
    let apart = ana.folder("state.git");
    ana.git_at(&apart, &["init", "--quiet", "--bare"]);
    let address = apart.display().to_string();
    ana.ok(&["init", "--yes"]);
    ana.ok(&["config", "set", "sync.remote", &address]);
    ana.new_task("Greet");
    ana.sync();
    let ben = hub.machine("ben");
    ben.ok(&["config", "set", "sync.remote", &address]);
    ben.sync();
    ben.new_task("Wave");
    ben.sync();
    ana.sync();
    assert_eq!(ana.titles(), ["Greet", "Wave"]);
    assert!(!hub.refs().contains("aifactory"), "{}", hub.refs());
}

#[test]
fn what_git_does_with_remotes_harms_nothing() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    ana.new_task("Greet");
    ana.sync();
    let ben = hub.joined("ben");
    ben.new_task("Nod");
    ana.new_task("Wave");
    ana.sync();
    let before = ben.refs();
    ben.git(&["fetch", "--prune"]);
    ben.git(&["fetch", "--all", "--prune", "--tags", "--force"]);
    ben.git(&["remote", "prune", "origin"]);
    ben.git(&["gc", "--quiet", "--prune=now"]);
    assert_eq!(ben.refs(), before);
    assert_eq!(ben.titles(), ["Greet", "Nod"]);
    ben.sync();
    ana.sync();
    assert_eq!(ana.titles(), ["Greet", "Nod", "Wave"]);
    hub.git(&["gc", "--quiet", "--prune=now"]);
    hub.assert_same(&[&ana, &ben]);
    ana.assert_sound();
    ben.assert_sound();
}

#[test]
fn clones_of_any_kind_share_like_others() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let id = ana.ok(&["new", "Greet", "-m", "## Goal\n\nHello.\n\n## Limits\n\nNone."]).trim().to_owned();
    for number in 0..4 {
        ana.new_task(&format!("More {number}"));
        ana.sync();
    }
    let kinds: [(&str, &[&str]); 5] = [
        ("shallow", &["--depth", "1"]),
        ("single", &["--single-branch"]),
        ("partial", &["--filter=blob:none"]),
        ("treeless", &["--filter=tree:0"]),
        ("mirror", &["--mirror"]),
    ];
    for (number, (name, options)) in kinds.into_iter().enumerate() {
        let machine = hub.machine_with(name, options);
        machine.sync();
        ana.set_spec(&id, &format!("## Goal\n\nHello {number}.\n\n## Limits\n\nNone, {number}."));
        ana.sync();
        machine.ok(&["set", &id, &format!("labels+={name}")]);
        machine.new_task(&format!("From {name}"));
        machine.sync();
        ana.sync();
        let titles = ana.titles();
        assert!(titles.contains(&format!("From {name}")), "{name}: {titles:?}");
        assert_eq!(machine.titles(), titles, "{name}");
        assert_eq!(machine.task(&id)["labels"], ana.task(&id)["labels"], "{name}");
        // In a partial clone the state has a store of its own beside it.
        match machine.find_state() {
            Some(_) => hub.assert_same(&[&ana, &machine]),
            None => assert!(options[0].starts_with("--filter"), "{name}"),
        }
        // Everything of the state is here, whatever git left out of the code.
        hub.vanish();
        machine.ok(&["show", &id]);
        machine.ok(&["log", &id]);
        hub.come_back();
        assert_eq!(machine.git(&["config", "--get-all", "remote.origin.url"]).lines().count(), 1);
    }
    hub.assert_sound();
}

#[test]
fn many_at_once_lose_nothing() {
    const ROUNDS: usize = 5;
    let hub = Hub::new();
    let ana = hub.first("ana");
    let shared = ana.new_task("Shared");
    ana.sync();
    let names = ["ben", "cid", "dee", "eli", "fay"];
    let mut machines: Vec<Sandbox> = names.iter().map(|name| hub.joined(name)).collect();
    machines.push(ana);
    std::thread::scope(|scope| {
        for (number, machine) in machines.iter().enumerate() {
            let shared = &shared;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    machine.new_task(&format!("Task {number}.{round}"));
                    machine.ok(&["set", shared, &format!("labels+={number}-{round}")]);
                    machine.sync();
                }
            });
        }
    });
    machines.iter().for_each(|machine| drop(machine.sync()));
    let all: Vec<&Sandbox> = machines.iter().collect();
    hub.assert_same(&all);
    let machine = &machines[3];
    assert_eq!(machine.titles().len(), 1 + ROUNDS * machines.len());
    assert_eq!(machine.task(&shared)["labels"].as_array().unwrap().len(), ROUNDS * machines.len());
    assert_eq!(machine.events(&shared).len(), 1 + ROUNDS * machines.len());
    hub.assert_sound();
}

#[test]
fn several_syncs_of_one_clone_at_once_are_as_good_as_one() {
    let hub = Hub::new();
    let (ana, ben) = (hub.first("ana"), hub.joined("ben"));
    for machine in [&ana, &ben] {
        (0..3).for_each(|number| drop(machine.new_task(&format!("{number} of {}", machine.root().display()))));
    }
    let mut running: Vec<_> =
        (0..5).flat_map(|_| [&ana, &ben]).map(|machine| spawned(&mut machine.command(&["sync"]))).collect();
    running.drain(..).for_each(|sync| assert_eq!(sync.wait(), Some(0)));
    ana.sync();
    ben.sync();
    hub.assert_same(&[&ana, &ben]);
    assert_eq!(ana.titles().len(), 6);
    hub.assert_sound();
}

#[test]
fn a_sync_killed_at_any_moment_is_made_up_for_by_the_next() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    let shared = ana.new_task("Shared");
    ana.sync();
    let ben = hub.joined("ben");
    let mut random = Random::new(11);
    let mut expected = BTreeSet::from(["Shared".to_owned()]);
    for round in 0..20 {
        for (name, machine) in [("ana", &ana), ("ben", &ben)] {
            let title = format!("{name} {round}");
            machine.new_task(&title);
            machine.ok(&["set", &shared, &format!("labels+={name}-{round}")]);
            expected.insert(title);
        }
        ana.sync();
        let mut victim = spawned(&mut ben.command(&["sync"]));
        let mut looks = random.below(400);
        eventually("the moment to kill", || {
            looks = looks.saturating_sub(1);
            looks == 0 || victim.has_ended()
        });
        victim.kill();
        // The git that it had started goes on alone until it is through.
        eventually("nothing of it is left", || !hub.is_busy() && !ben.is_busy());
        ben.sync();
        ana.sync();
        hub.assert_same(&[&ana, &ben]);
    }
    let titles: BTreeSet<String> = ben.titles().into_iter().collect();
    assert_eq!(titles, expected);
    assert_eq!(ben.task(&shared)["labels"].as_array().unwrap().len(), 40);
    for machine in [&*hub, &ana, &ben] {
        machine.assert_sound();
    }
}

#[test]
fn what_must_not_come_in_stays_out_and_a_person_can_put_ours_back() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    ana.new_task("Greet");
    ana.sync();
    let ben = hub.joined("ben");
    // Somebody pushes a tree with a link in it, on top of what is there.
    let tip = hub.git(&["rev-parse", STATE]).trim().to_owned();
    let link = hub.git_with_input(&["hash-object", "-w", "--stdin"], b"/etc/passwd");
    let inner = hub.git(&["ls-tree", &format!("{STATE}:.aifactory")]);
    let inner = format!("{inner}120000 blob {}\tsecrets\n", link.trim());
    let inner = hub.git_with_input(&["mktree"], inner.as_bytes());
    let tree = hub.git_with_input(&["mktree"], format!("040000 tree {}\t.aifactory\n", inner.trim()).as_bytes());
    let commit = hub.git(&["commit-tree", tree.trim(), "-p", &tip, "-m", "harmless"]);
    hub.git(&["update-ref", STATE, commit.trim()]);

    let before = ana.git(&["rev-parse", STATE]);
    ana.new_task("Wave");
    let ran = ana.run(&["sync"]);
    assert_eq!(ran.status, 4, "{}", ran.all());
    assert!(ran.stderr.contains(".aifactory/secrets is a symbolic link"), "{}", ran.all());
    assert_eq!(ana.git(&["rev-parse", &format!("{STATE}^")]), before, "ours moved by more than the new task");
    assert_eq!(ana.titles(), ["Greet", "Wave"]);
    ana.git(&["rev-parse", &format!("refs/aifactory/quarantine/{}", commit.trim())]);
    ana.ok(&["sync", "--restore-remote"]);
    assert!(!hub.git(&["ls-tree", "-r", "--name-only", STATE]).contains("secrets"));
    ben.sync();
    assert_eq!(ben.titles(), ["Greet", "Wave"]);
    hub.assert_same(&[&ana, &ben]);
}

#[test]
fn with_auto_a_change_is_shared_by_itself_and_trouble_is_told_by_status() {
    let hub = Hub::in_real_time();
    let ana = hub.first("ana");
    ana.sync();
    ana.ok(&["config", "set", "sync.auto", "on"]);
    let before = hub.git(&["rev-parse", STATE]);
    ana.new_task("Greet");
    ana.new_task("Wave");
    eventually("it is shared", || hub.git(&["rev-parse", STATE]) != before);
    let ben = hub.joined("ben");
    assert_eq!(ben.titles(), ["Greet", "Wave"], "both went out together");
    hub.vanish();
    ana.new_task("Nod");
    eventually("it is told", || ana.run(&["status"]).stderr.contains("the last sync in the background failed"));
    hub.come_back();
    ana.new_task("Bow");
    eventually("it is mended", || !ana.run(&["status"]).stderr.contains("in the background failed"));
    ben.sync();
    assert_eq!(ben.titles().len(), 4);
}
