//! Carrying out tasks with the built-in agent: order, approval, gates, worktrees, and what stays untouched.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Sandbox, Step, eventually, files_below, greeting_plan, spawned};
use snapbox::str;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[test]
fn a_task_is_carried_out_step_by_step_and_is_ready_for_review() {
    let sandbox = Sandbox::new();
    let plan = [
        Step::new("S1", "one.txt").gate("test -s one.txt").script("echo 1 > one.txt").text(),
        Step::new("S2", "two.txt").after("S1").gate("test -s two.txt").script("cp one.txt two.txt").text(),
    ];
    let id = sandbox.approved("Write both", &plan.join("\n"));
    let ran = sandbox.run(&["run", &id]);
    shows!(
        sandbox,
        ran,
        str![[r#"
stderr: ehdn  Write both                        claimed, on branch aifactory/ehdn0jyj9c-write-both
stderr: ehdn  Write both                        worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Write both                        step 1/2  S1: Change one.txt
stderr: ehdn  Write both                        gate passed  test -s one.txt ([TIME])
stderr: ehdn  Write both                        step S1 done in [HASH]
stderr: ehdn  Write both                        step 2/2  S2: Change two.txt
stderr: ehdn  Write both                        gate passed  test -s two.txt ([TIME])
stderr: ehdn  Write both                        step S2 done in [HASH]
stderr: ehdn  Write both                        gate passed  test -s one.txt ([TIME])
stderr: ehdn  Write both                        review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["show", &id]),
        str![[r#"
ehdn  Write both  [review]
  priority  normal   risk blocking
  branch    aifactory/ehdn0jyj9c-write-both
  created   3m ago   changed [TIME] ago

Plan
  ✓ S1   Change one.txt  1 gate
  ✓ S2   Change two.txt  1 gate

Evidence
  passed   test -s two.txt  tree [HASH], worktree
  passed   test -s one.txt  tree [HASH], worktree

Next
  aifactory review ehdn
  aifactory merge ehdn

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["log", "--brief", &id]),
        str![[r#"
2026-01-01 00:01:00  ana@example.com  created "Write both"
2026-01-01 00:01:00  ana@example.com  wrote the plan
2026-01-01 00:02:00  ana@example.com  approved the plan
2026-01-01 00:02:00  ana@example.com  moved to ready
2026-01-01 00:03:00  ana@example.com  claimed it on mill (fence 1, branch aifactory/ehdn0jyj9c-write-both)
2026-01-01 00:03:00  ana@example.com  ran runbook for code
2026-01-01 00:03:00  ana@example.com  started step S1
2026-01-01 00:03:00  ana@example.com  the run for step S1 ended: succeeded
2026-01-01 00:03:00  ana@example.com  gate passed: test -s one.txt (tree [HASH])
2026-01-01 00:03:00  ana@example.com  finished step S1 in commit [HASH]
2026-01-01 00:03:00  ana@example.com  ran runbook for code
2026-01-01 00:03:00  ana@example.com  started step S2
2026-01-01 00:03:00  ana@example.com  the run for step S2 ended: succeeded
2026-01-01 00:03:00  ana@example.com  gate passed: test -s two.txt (tree [HASH])
2026-01-01 00:03:00  ana@example.com  finished step S2 in commit [HASH]
2026-01-01 00:03:00  ana@example.com  gate passed: test -s one.txt (tree [HASH])
2026-01-01 00:03:00  ana@example.com  moved to review

"#]]
    );
    let branch = sandbox.task(&id)["branch"].as_str().unwrap().to_owned();
    let trailers = sandbox.git(&["log", "-1", "--format=%an <%ae>%n%B", &branch]);
    assert!(trailers.starts_with("Ana <ana@example.com>\nChange two.txt\n"), "{trailers}");
    assert!(trailers.contains(&format!("Aifactory-Task: {id}\nAifactory-Step: S2\n")), "{trailers}");
    assert_eq!(sandbox.git(&["rev-list", "--count", &format!("main..{branch}")]), "2\n");
}

#[test]
fn review_shows_spec_steps_evidence_and_change_on_one_page() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    shows!(
        sandbox,
        sandbox.run(&["review", &id]),
        str![[r#"
ehdn  Greet  [review]

Steps
  ✓ S1   Change hello.txt

Evidence
  passed   grep -qx 'hello' hello.txt [TIME] on tree [HASH], worktree

Runs
  S1   runbook      succeeded [TIME]  no model

Change
 hello.txt | 1 +
 1 file changed, 1 insertion(+)

diff --git a/hello.txt b/hello.txt
new file mode 100644
index 0000000..ce01362
--- /dev/null
+++ b/hello.txt
@@ -0,0 +1 @@
+hello
stderr: hint: aifactory merge ehdn, or aifactory reject ehdn -m "what is wrong"

"#]]
    );
    assert_eq!(sandbox.ok(&["diff", &id]), sandbox.git(&["diff", "main", &format!("aifactory/{id}-greet")]));
}

#[test]
fn events_of_a_run_are_json_lines_and_the_last_is_the_result() {
    let sandbox = Sandbox::new();
    let id = sandbox.approved("Greet", &greeting_plan("hello.txt", "hello"));
    let ran = sandbox.run(&["run", &id, "--json"]);
    let lines: Vec<serde_json::Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (result, events) = lines.split_last().unwrap();
    let names: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    let wanted = ["claimed", "worktree", "step-started", "gate-started", "gate-ended", "step-done", "settled"];
    let mut rest = names.iter();
    assert!(wanted.iter().all(|name| rest.any(|other| other == name)), "{names:?}");
    assert!(events.iter().all(|event| event["task"] == id.as_str() && event["schema"].is_string()), "{}", ran.stdout);
    assert_eq!(result["schema"], "aifactory.run/1");
    assert_eq!((&result["tasks"][0]["status"], &result["exit"]), (&"review".into(), &0.into()));
}

#[test]
fn independent_tasks_run_side_by_side() {
    let sandbox = Sandbox::new();
    let meeting = sandbox.folder("meeting");
    let meet = |own: &str, other: &str| {
        let folder = meeting.display();
        format!("touch {folder}/{own}\nwhile ! test -e {folder}/{other}; do sleep 0.01; done\necho met > {own}.txt")
    };
    for (own, other) in [("a", "b"), ("b", "a")] {
        let file = format!("{own}.txt");
        let plan = Step::new("S1", &file).gate(&format!("test -s {file}")).script(&meet(own, other));
        let id = sandbox.approved(own, &plan.text());
        sandbox.ok(&["set", &id, "priority=high"]);
    }
    let ids = sandbox.ok(&["list"]);
    let ids: Vec<&str> = ids.lines().filter_map(|line| line.split('\t').next()).collect();
    sandbox.ok(&[&["run", "-j", "2"], ids.as_slice()].concat());
    assert_eq!(sandbox.json(&["list", "--status", "review"])["tasks"].as_array().unwrap().len(), 2);
}

#[test]
fn a_task_is_not_started_before_its_dependency_is_done() {
    let sandbox = Sandbox::new();
    let first = sandbox.approved("First", &greeting_plan("one.txt", "one"));
    let second = sandbox.approved("Second", &greeting_plan("two.txt", "two"));
    sandbox.ok(&["set", &second, &format!("dependencies+={first}")]);
    shows!(
        sandbox,
        sandbox.run(&["run", &second]),
        str![[r#"
stderr: bdrd  Second                            not started: it waits for ehdn
stderr: nothing could be started
exit 3

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["status"]),
        str![[r#"
Ready to run (1)
  ehdn  First

Blocked (1)
  bdrd  Second                                            waits for ehdn

0 done, 0 cancelled

"#]]
    );
    sandbox.ok(&["run", &first]);
    assert_eq!(sandbox.run(&["run", &second]).status, 3, "under review is not done");
    sandbox.ok(&["merge", &first]);
    sandbox.ok(&["run", &second, "--merge"]);
    assert_eq!(sandbox.status(&second), "done");
}

#[test]
fn a_cancelled_dependency_blocks_with_a_reason() {
    let sandbox = Sandbox::new();
    let first = sandbox.approved("First", &greeting_plan("one.txt", "one"));
    let second = sandbox.approved("Second", &greeting_plan("two.txt", "two"));
    sandbox.ok(&["set", &second, &format!("dependencies+={first}")]);
    sandbox.ok(&["cancel", &first]);
    shows!(
        sandbox,
        sandbox.run(&["run", &second]),
        str![[r#"
stderr: bdrd  Second                            not started: it depends on ehdn, which was cancelled
stderr: nothing could be started
exit 4

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["show", &second]),
        str![[r#"
bdrd  Second  [ready]
  priority  normal   risk blocking
  after     ehdn (cancelled)   blocked until a person decides
  created   5m ago   changed 3m ago

Plan
  · S1   Change two.txt  1 gate

Next
  aifactory run bdrd

"#]]
    );
    assert_eq!(sandbox.run(&["run", "--all"]).status, 4, "only a person can go on from here");
    sandbox.ok(&["set", &second, &format!("dependencies-={first}")]);
    sandbox.ok(&["run", &second]);
}

#[test]
fn with_merge_a_chain_of_tasks_is_carried_out_in_one_go() {
    let sandbox = Sandbox::new();
    let first = sandbox.approved("First", &greeting_plan("one.txt", "one"));
    let plan = Step::new("S1", "two.txt").gate("test -s two.txt").script("cp one.txt two.txt").text();
    let second = sandbox.approved("Second", &plan);
    sandbox.ok(&["set", &second, &format!("dependencies+={first}")]);
    sandbox.ok(&["run", &second, &first, "--merge"]);
    assert_eq!(sandbox.git(&["show", "main:two.txt"]), "one\n");
}

#[test]
fn without_approval_a_task_waits_for_a_person() {
    let sandbox = Sandbox::new();
    let id = sandbox.planned("Greet", &greeting_plan("hello.txt", "hello"));
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet                             waiting  plan-approval: nobody has approved the plan yet
stderr: hint: aifactory plan show ehdn (or plan edit), then aifactory approve ehdn
exit 4

"#]]
    );
    assert_eq!(sandbox.status(&id), "waiting: plan-approval");
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["run", &id]);
}

#[test]
fn an_approval_is_stale_when_spec_or_plan_changed() {
    let sandbox = Sandbox::new();
    let id = sandbox.approved("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.set_plan(&id, &greeting_plan("hello.txt", "goodbye"));
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.note(&id), "since ana@example.com approved the plan, in the plan S1 was changed");
    sandbox.ok(&["approve", &id]);
    fs::write(sandbox.root().join("spec.md"), "It says goodbye.\n").unwrap();
    sandbox.ok(&["spec", "set", &id, "-F", &sandbox.root().join("spec.md").to_string_lossy()]);
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["run", &id]);
}

#[test]
fn an_approval_is_stale_when_the_target_moved_under_the_plans_files_and_only_then() {
    let sandbox = Sandbox::new();
    let id = sandbox.approved("Greet", &greeting_plan("hello.txt", "hello"));
    let other = sandbox.approved("Say farewell", &greeting_plan("bye.txt", "bye"));
    sandbox.commit(&[("hello.txt", "from somebody else\n")]);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: plan-approval");
    let why = "since ana@example.com approved the plan, hello.txt changed on main (1 commit by ana@example.com)";
    assert_eq!(sandbox.note(&id), why);
    sandbox.ok(&["run", &other]);
}

#[test]
fn a_risky_path_asks_for_a_person_even_where_policy_would_say_yes() {
    let sandbox = Sandbox::new();
    let plain = sandbox.planned("Greet", &greeting_plan("hello.txt", "hello"));
    let risky = sandbox.planned("Log in", &greeting_plan("auth/login.txt", "x"));
    sandbox.ok(&["set", &plain, &risky, "risk=auto"]);
    sandbox.ok(&["run", &plain]);
    assert!(sandbox.ok(&["log", &plain]).contains("approved the plan by policy"));
    sandbox.fails(&["run", &risky], 4);
    assert_eq!(sandbox.note(&risky), "the plan touches auth/login.txt, which always needs a person");
}

#[test]
fn a_failed_gate_leaves_the_task_waiting_with_the_output_as_evidence() {
    let sandbox = Sandbox::new();
    let plan = Step::new("S1", "a.txt").gate("echo expected 3, got 2; exit 7").script("echo a > a.txt").text();
    let id = sandbox.approved("Count", &plan);
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Count                             claimed, on branch aifactory/ehdn0jyj9c-count
stderr: ehdn  Count                             worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Count                             step 1/1  S1: Change a.txt
stderr: ehdn  Count                             gate failed  echo expected 3, got 2; exit 7 ([TIME])
stderr: ehdn  Count                             waiting  gate-failed: gate failed: echo expected 3, got 2; exit 7, exit 7
stderr: hint: aifactory review ehdn, then aifactory retry ehdn -m "what to change"
exit 4

"#]]
    );
    assert_eq!(sandbox.status(&id), "waiting: gate-failed");
    let evidence = &sandbox.task(&id)["evidence"][0];
    assert_eq!((evidence["verdict"].as_str(), evidence["exit"].as_i64()), (Some("failed"), Some(7)));
    assert_eq!(evidence["tail"], "expected 3, got 2\n");
    assert_eq!(sandbox.run(&["merge", &id]).status, 4);
    assert_eq!(sandbox.git(&["rev-list", "--count", "main"]), "1\n");
}

#[test]
fn a_gate_that_passes_on_a_second_look_needs_no_new_work() {
    let sandbox = Sandbox::new();
    let repaired = sandbox.root().join("repaired");
    let plan =
        Step::new("S1", "a.txt").gate(&format!("test -e {}", repaired.display())).script("echo a > a.txt").text();
    let id = sandbox.approved("Wait for a repair", &plan);
    sandbox.fails(&["run", &id], 4);
    fs::write(&repaired, "").unwrap();
    sandbox.ok(&["retry", &id]);
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.status(&id), "review");
}

#[test]
fn a_gate_that_cannot_be_run_proves_nothing() {
    let sandbox = Sandbox::new();
    let plan = Step::new("S1", "a.txt").gate("no-such-program --check").script("echo a > a.txt").text();
    let id = sandbox.approved("Check", &plan);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: gate-failed");
    assert_eq!(sandbox.task(&id)["evidence"][0]["verdict"], "unknown");
}

#[test]
fn a_gate_that_takes_too_long_is_ended_and_proves_nothing() {
    let sandbox = Sandbox::new().with("AIFACTORY_GATE_TIMEOUT", "300ms").with("AIFACTORY_RUN_GRACE", "100ms");
    let marks = sandbox.marks();
    let plan = Step::new("S1", "a.txt").gate(&format!("{}; sleep 600", marks.here())).script("echo a > a.txt").text();
    let id = sandbox.approved("Check", &plan);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.task(&id)["evidence"][0]["verdict"], "unknown");
    assert_eq!(marks.alive(), [0; 0]);
}

#[test]
fn a_secret_that_a_gate_prints_is_not_committed() {
    let secret = "tok_5c1f0e9d8b7a6543";
    let sandbox = Sandbox::new().with("DEPLOY_TOKEN", secret);
    let gate = sandbox.script("gate", &format!("echo using {secret}; echo also AKIAIOSFODNN7EXAMPLE; exit 1"));
    let plan = Step::new("S1", "a.txt").gate(&gate).script("echo a > a.txt").text();
    let id = sandbox.approved("Deploy", &plan);
    sandbox.fails(&["run", &id], 4);
    let tail = sandbox.task(&id)["evidence"][0]["tail"].as_str().unwrap().to_owned();
    assert!(tail.contains("using") && !tail.contains(secret) && !tail.contains("AKIAIOSFODNN7EXAMPLE"), "{tail}");
    let everything = sandbox.git(&["log", "-p", "--format=%B", common::STATE]);
    assert!(!everything.contains(secret), "the secret is in the state's history");
}

#[test]
fn two_runs_of_one_task_at_once_are_one_run() {
    let sandbox = Sandbox::new();
    let marks = sandbox.marks();
    let go = sandbox.root().join("go");
    let plan = Step::new("S1", "a.txt")
        .gate("test -s a.txt")
        .script(&format!("{}\nwhile ! test -e {}; do sleep 0.01; done\necho a > a.txt", marks.here(), go.display()))
        .text();
    let id = sandbox.approved("Once", &plan);
    let first = spawned(&mut sandbox.command(&["run", &id]));
    eventually("the first is at work", || !marks.pids().is_empty());
    let second = sandbox.run(&["run", &id]);
    assert_eq!(second.status, 3, "{}", second.all());
    assert!(second.stderr.contains("has it"), "{}", second.all());
    fs::write(&go, "").unwrap();
    assert_eq!(first.wait(), Some(0));
    assert_eq!(marks.pids().len(), 1);
    assert_eq!(sandbox.task(&id)["fence"], 1);
}

#[test]
fn a_paused_task_is_not_started_until_it_is_resumed() {
    let sandbox = Sandbox::new();
    let id = sandbox.approved("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.ok(&["pause", &id]);
    let ran = sandbox.fails(&["run", &id], 4);
    assert!(ran.stderr.contains("it is paused"), "{}", ran.all());
    sandbox.ok(&["resume", &id]);
    sandbox.ok(&["run", &id]);
}

#[test]
fn commands_of_the_policy_wait_for_trust_and_ask_again_when_they_change() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[(".aifactory/config.toml", "gates = [\"test -s hello.txt\"]\n")]);
    let id = sandbox.approved("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: trust");
    assert_eq!(sandbox.run(&["trust"]).status, 4);
    sandbox.ok(&["trust", "--yes"]);
    sandbox.ok(&["retry", &id]);
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.task(&id)["evidence"].as_array().unwrap().len(), 2);

    sandbox.commit(&[(".aifactory/config.toml", "gates = [\"test -s hello.txt; true\"]\n")]);
    let other = sandbox.approved("Greet again", &greeting_plan("again.txt", "again"));
    sandbox.fails(&["run", &other], 4);
    assert_eq!(sandbox.status(&other), "waiting: trust");
}

#[test]
fn rules_are_those_of_the_target_and_not_of_the_tasks_branch() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[(".aifactory/config.toml", "gates = [\"test ! -e forbidden.txt\"]\n")]);
    sandbox.ok(&["trust", "--yes"]);
    let plan = Step::new("S1", "forbidden.txt, .aifactory/config.toml")
        .gate("true")
        .script("echo x > forbidden.txt\necho 'gates = []' > .aifactory/config.toml")
        .text();
    let id = sandbox.approved("Change the rules", &plan);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: gate-failed");
}

#[test]
fn a_worktree_is_prepared_by_setup_and_by_worktreeinclude_and_has_ports_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[
        (".gitignore", "secret.env\nprepared\n"),
        (".worktreeinclude", "secret.env\n"),
        (".aifactory/config.toml", "[worktree]\nsetup = [\"echo yes > prepared\"]\n"),
    ]);
    sandbox.ok(&["trust", "--yes"]);
    sandbox.write("secret.env", "KEY=1\n");
    let plan = Step::new("S1", "seen.txt")
        .gate("test -s seen.txt")
        .script("cat prepared secret.env > seen.txt\ntest \"$AIFACTORY_PORT_BASE\" -gt 1024")
        .text();
    let id = sandbox.approved("Look around", &plan);
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(sandbox.read("seen.txt"), "yes\nKEY=1\n");
}

#[test]
fn exec_runs_a_command_in_the_tasks_worktree() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "hello.txt"]), "hello\n");
    assert_eq!(sandbox.run(&["exec", &id, "--", "false"]).status, 1);
    let other = sandbox.ok(&["new", "Not run"]);
    assert_eq!(sandbox.run(&["exec", other.trim(), "--", "true"]).status, 3);
}

#[test]
fn discard_throws_away_what_was_named_and_says_how_to_bring_it_back() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    let branch = format!("aifactory/{id}-greet");
    let tip = sandbox.commit_of(&branch);
    let path = sandbox.ok(&["path", &id]);
    fs::write(Path::new(path.trim()).join("draft.txt"), "draft\n").unwrap();
    shows!(
        sandbox,
        sandbox.run(&["discard", &id]),
        str![[r#"
stderr: discarded the work of ehdn
stderr: hint: to bring its commits back: git branch aifactory/ehdn0jyj9c-greet [HASH]
stderr: hint: to bring back what was not committed: git cherry-pick --no-commit [HASH]

"#]]
    );
    assert_eq!(sandbox.try_git(&sandbox.repo(), &["rev-parse", "--verify", "-q", &branch]).status, 1);
    assert_eq!(sandbox.git(&["show", &format!("{}:draft.txt", sandbox.saved(&id))]), "draft\n");
    assert_eq!(sandbox.git(&["show", &format!("{tip}:hello.txt")]), "hello\n");
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(sandbox.status(&id), "done");
}

#[test]
fn what_belongs_to_the_user_stays_byte_for_byte() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[("tracked.txt", "one\n"), ("staged.txt", "one\n")]);
    sandbox.git(&["branch", "mine"]);
    sandbox.write("tracked.txt", "stashed\n");
    sandbox.git(&["stash", "--quiet"]);
    sandbox.git(&["config", "alias.st", "status"]);
    for hook in [
        "pre-commit",
        "post-checkout",
        "reference-transaction",
        "post-commit",
        "commit-msg",
        "post-merge",
        "pre-rebase",
        "post-rewrite",
        "post-index-change",
    ] {
        let path = format!(".git/hooks/{hook}");
        sandbox.write(&path, format!("#!/bin/sh\necho {hook} >> {}/hooks-ran\n", sandbox.root().display()));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(sandbox.path(&path), mode).unwrap();
    }
    sandbox.write("tracked.txt", "edited\n");
    sandbox.write("untracked.txt", "new\n");
    sandbox.write("staged.txt", "staged\n");
    sandbox.git(&["add", "staged.txt"]);
    let marks = sandbox.root().join("hooks-ran");
    let _ = fs::remove_file(&marks);
    let before = belongings(&sandbox);

    let id = sandbox.approved("Greet", &greeting_plan("hello.txt", "hello"));
    let other = sandbox.approved("Farewell", &greeting_plan("bye.txt", "bye"));
    sandbox.ok(&["run", &id, &other]);
    sandbox.fails(&["merge", &id], 4);
    sandbox.ok(&["discard", &other]);
    sandbox.ok(&["gc"]);
    sandbox.ok(&["doctor"]);
    assert!(!marks.exists(), "hooks ran: {}", fs::read_to_string(&marks).unwrap());
    let after = belongings(&sandbox);
    for (name, bytes) in &before {
        assert_eq!(after.get(name), Some(bytes), "{name} changed");
    }
    assert_eq!(before.len(), after.len());
}

/// Working tree, index, configuration, hooks, HEAD, and every ref that is not ours with its log.
fn belongings(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for path in files_below(&sandbox.repo()) {
        let name = path.strip_prefix(sandbox.repo()).unwrap().to_string_lossy().into_owned();
        let ours =
            name.contains("/aifactory") || name.starts_with(".git/objects") || name.starts_with(".git/worktrees");
        if !ours {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}
