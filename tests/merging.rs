//! The merge queue: only what was proven lands, the target is never half merged, and nobody's files are touched.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Sandbox, Step, greeting_plan};
use snapbox::str;
use std::fs;

#[test]
fn what_passed_lands_on_the_target_and_its_worktree_and_branch_are_tidied_up() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Greet                             merging into main
stderr: ehdn  Greet                               done    plan     approved by ana@example.com
stderr: ehdn  Greet                               done    step S1  Change hello.txt
stderr: ehdn  Greet                               done    review   none was asked for
stderr: ehdn  Greet                               done    checks   no test was removed, skipped or weakened
stderr: ehdn  Greet                               done    risk     blocking, 1 file changed
stderr: ehdn  Greet                             gate passed  grep -qx 'hello' hello.txt ([TIME])
stderr: ehdn  Greet                             merged into main as [HASH]

"#]]
    );
    assert_eq!(sandbox.status(&id), "done");
    assert_eq!(sandbox.read("hello.txt"), "hello\n", "a clean checkout follows the target");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    assert_eq!(sandbox.git(&["branch", "--format=%(refname:short)"]), "main\n");
    assert_eq!(sandbox.run(&["path", &id]).status, 3);
    let task = sandbox.task(&id);
    let evidence = task["evidence"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (evidence["clean"].as_bool(), evidence["commit"].as_str()),
        (Some(true), Some(sandbox.commit_of("main").as_str()))
    );
}

#[test]
fn a_task_that_is_not_ready_for_review_is_not_merged() {
    let sandbox = Sandbox::new();
    let backlog = sandbox.approved("Not run", &greeting_plan("a.txt", "a"));
    shows!(
        sandbox,
        sandbox.run(&["merge", &backlog]),
        str![[r#"
stderr: error: task ehdn is ready; only what is under review is merged
stderr: hint: aifactory run ehdn
exit 1

"#]]
    );
    let done = sandbox.reviewed("Run", &greeting_plan("b.txt", "b"));
    sandbox.ok(&["merge", &done]);
    assert_eq!(sandbox.run(&["merge", &done]).status, 1);
    assert_eq!(sandbox.run(&["merge", "--all"]).status, 3);
}

#[test]
fn work_without_any_gate_is_unproven_and_lands_only_on_a_persons_word() {
    let sandbox = Sandbox::new();
    let plan = Step::new("S1", "a.txt").script("echo a > a.txt").text();
    let id = sandbox.reviewed("Unproven", &plan);
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Unproven                          merging into main
stderr: ehdn  Unproven                            done    plan     approved by ana@example.com
stderr: ehdn  Unproven                            done    step S1  Change a.txt
stderr: ehdn  Unproven                            done    review   none was asked for
stderr: ehdn  Unproven                            done    checks   no test was removed, skipped or weakened
stderr: ehdn  Unproven                            done    risk     blocking, 1 file changed
stderr: error: no gate says anything about this work, so nothing is proven
stderr: hint: add a `gate:` to the plan, or `gates` to .aifactory/config.toml on the target branch
stderr: hint: to merge on your own word: aifactory merge --unverified
exit 4

"#]]
    );
    assert_eq!(sandbox.status(&id), "review");
    sandbox.ok(&["merge", &id, "--unverified"]);
    assert_eq!(sandbox.status(&id), "done");
    let log = sandbox.ok(&["log", &id]);
    assert!(log.contains("merged without proof, on this person's word"), "nobody's word is recorded:\n{log}");
}

#[test]
fn an_unverified_merge_does_not_get_around_a_gate() {
    let sandbox = Sandbox::new();
    // It passes where the agent worked, and not in a clean checkout.
    let plan = Step::new("S1", "a.txt, .gitignore")
        .gate("test -e cache")
        .script("echo a > a.txt\necho cache > .gitignore\ntouch cache")
        .text();
    let id = sandbox.reviewed("Works for me", &plan);
    sandbox.fails(&["merge", &id, "--unverified"], 4);
    assert_eq!(sandbox.status(&id), "waiting: gate-failed");
    assert_eq!(sandbox.git(&["rev-list", "--count", "main"]), "1\n");
}

#[test]
fn a_gate_that_changes_the_checkout_it_judges_proves_nothing() {
    let sandbox = Sandbox::new();
    let plan = Step::new("S1", "a.txt").gate("echo gate >> a.txt").script("echo a > a.txt").text();
    let id = sandbox.reviewed("Meddle", &plan);
    sandbox.fails(&["merge", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: gate-failed");
    let note = sandbox.note(&id);
    assert!(note.contains("unknown") && note.contains("changed the checkout"), "{note}");
    assert_eq!(sandbox.git(&["rev-list", "--count", "main"]), "1\n");
}

#[test]
fn gates_look_at_exactly_what_would_land() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[("limit.txt", "10\n")]);
    let gate = "test $(cat a.txt) -lt $(cat limit.txt)";
    let plan = Step::new("S1", "a.txt").gate(gate).script("echo 7 > a.txt").text();
    let id = sandbox.reviewed("Below the limit", &plan);
    sandbox.commit(&[("limit.txt", "5\n")]);
    sandbox.fails(&["merge", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: gate-failed");
    assert_eq!(sandbox.git(&["ls-tree", "--name-only", "main"]), "README.md\nlimit.txt\n");
}

#[test]
fn work_is_rebased_on_a_target_that_moved() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    let theirs = sandbox.commit(&[("theirs.txt", "theirs\n")]);
    sandbox.ok(&["merge", &id]);
    assert_eq!(sandbox.commit_of("main~1"), theirs);
    assert_eq!(sandbox.git(&["ls-tree", "--name-only", "main"]), "README.md\nhello.txt\ntheirs.txt\n");
}

#[test]
fn a_conflict_waits_with_its_path_named_and_the_next_task_goes_on() {
    let sandbox = Sandbox::new();
    let mine = sandbox.reviewed("Mine", &greeting_plan("hello.txt", "mine"));
    let other = sandbox.reviewed("Other", &greeting_plan("other.txt", "other"));
    let theirs = sandbox.commit(&[("hello.txt", "theirs\n")]);
    shows!(
        sandbox,
        sandbox.run(&["merge", &mine, &other]),
        str![[r#"
stderr: ehdn  Mine                              merging into main
stderr: ehdn  Mine                                done    plan     approved by ana@example.com
stderr: ehdn  Mine                                done    step S1  Change hello.txt
stderr: ehdn  Mine                                done    review   none was asked for
stderr: ehdn  Mine                                done    checks   no test was removed, skipped or weakened
stderr: ehdn  Mine                                done    risk     blocking, 1 file changed
stderr: jaw5  Other                             merging into main
stderr: jaw5  Other                               done    plan     approved by ana@example.com
stderr: jaw5  Other                               done    step S1  Change other.txt
stderr: jaw5  Other                               done    review   none was asked for
stderr: jaw5  Other                               done    checks   no test was removed, skipped or weakened
stderr: jaw5  Other                               done    risk     blocking, 1 file changed
stderr: jaw5  Other                             gate passed  grep -qx 'other' other.txt ([TIME])
stderr: jaw5  Other                             merged into main as [HASH]
stderr: error: task ehdn waits: conflict with main in hello.txt
stderr: hint: aifactory shell ehdn, rebase there on the target, then aifactory retry ehdn --run; or begin anew: aifactory discard ehdn
exit 4

"#]]
    );
    assert_eq!(sandbox.status(&mine), "waiting: conflict");
    assert_eq!(sandbox.note(&mine), "conflict with main in hello.txt");
    assert_eq!(sandbox.status(&other), "done");
    assert_eq!(sandbox.read("hello.txt"), "theirs\n");
    assert_eq!(sandbox.commit_of("main~1"), theirs);
    assert_eq!(sandbox.git(&["show", &format!("aifactory/{mine}-mine:hello.txt")]), "mine\n", "work is lost");
    sandbox.assert_sound();
}

#[test]
fn a_resolved_conflict_lands() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Mine", &greeting_plan("hello.txt", "mine"));
    sandbox.commit(&[("hello.txt", "theirs\n")]);
    sandbox.fails(&["merge", &id], 4);
    let path = sandbox.ok(&["path", &id]);
    let worktree = std::path::PathBuf::from(path.trim());
    assert_eq!(sandbox.try_git(&worktree, &["merge", "--quiet", "main"]).status, 1);
    fs::write(worktree.join("hello.txt"), "mine\ntheirs\n").unwrap();
    sandbox.git_at(&worktree, &["commit", "--quiet", "-am", "both"]);
    // The target moved under the plan's files, so a person looks at the plan again.
    sandbox.ok(&["retry", &id]);
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(sandbox.git(&["show", "main:hello.txt"]), "mine\ntheirs\n");
}

#[test]
fn a_target_checked_out_with_local_changes_is_refused_whole() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[("mine.txt", "one\n")]);
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    let before = sandbox.commit_of("main");
    sandbox.write("mine.txt", "two\n");
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: error: main is checked out in $SANDBOX/repo with changes of yours that a merge would touch or mix with: mine.txt
stderr: hint: commit or stash them, then try again; nothing was changed
exit 4

"#]]
    );
    assert_eq!((sandbox.commit_of("main"), sandbox.read("mine.txt").as_str()), (before.clone(), "two\n"));
    assert_eq!(sandbox.status(&id), "review");
    sandbox.git(&["add", "mine.txt"]);
    sandbox.fails(&["merge", &id], 4);
    assert_eq!(sandbox.commit_of("main"), before);
    sandbox.git(&["commit", "--quiet", "-m", "two"]);
    sandbox.ok(&["merge", &id]);
    assert_eq!((sandbox.read("hello.txt").as_str(), sandbox.read("mine.txt").as_str()), ("hello\n", "two\n"));
}

#[test]
fn an_untracked_file_in_the_way_is_never_overwritten() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.write("hello.txt", "mine, not tracked\n");
    let before = sandbox.commit_of("main");
    sandbox.fails(&["merge", &id], 4);
    assert_eq!(sandbox.read("hello.txt"), "mine, not tracked\n");
    assert_eq!((sandbox.commit_of("main"), sandbox.status(&id).as_str()), (before, "review"));
    fs::remove_file(sandbox.path("hello.txt")).unwrap();
    sandbox.write("unrelated.txt", "mine, not tracked\n");
    sandbox.ok(&["merge", &id]);
    assert_eq!(sandbox.read("unrelated.txt"), "mine, not tracked\n");
}

#[test]
fn a_target_that_is_not_checked_out_moves_and_the_checkout_stays() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.git(&["checkout", "--quiet", "-b", "mine"]);
    sandbox.write("README.md", "# Mine, not committed\n");
    sandbox.ok(&["merge", &id]);
    assert_eq!(sandbox.git(&["show", "main:hello.txt"]), "hello\n");
    assert_eq!(sandbox.read("README.md"), "# Mine, not committed\n");
    assert!(!sandbox.path("hello.txt").exists());
    assert_eq!(sandbox.git(&["status", "--porcelain"]), " M README.md\n");
}

#[test]
fn a_target_checked_out_in_another_worktree_is_updated_there() {
    let sandbox = Sandbox::new();
    sandbox.git(&["checkout", "--quiet", "-b", "mine"]);
    let linked = sandbox.root().join("linked");
    sandbox.git(&["worktree", "add", "--quiet", &linked.to_string_lossy(), "main"]);
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    fs::write(linked.join("README.md"), "# Edited there\n").unwrap();
    sandbox.fails(&["merge", &id], 4);
    sandbox.git_at(&linked, &["checkout", "--quiet", "README.md"]);
    sandbox.ok(&["merge", &id]);
    assert_eq!(fs::read_to_string(linked.join("hello.txt")).unwrap(), "hello\n");
    assert!(!sandbox.path("hello.txt").exists());
}

#[test]
fn a_target_that_was_deleted_is_an_error_and_nothing_is_lost() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.git(&["checkout", "--quiet", "-b", "elsewhere"]);
    sandbox.git(&["branch", "-D", "--quiet", "main"]);
    let ran = sandbox.fails(&["merge", &id], 1);
    assert!(ran.stderr.contains("main"), "{}", ran.all());
    assert_eq!(sandbox.try_git(&sandbox.repo(), &["rev-parse", "--verify", "-q", "main"]).status, 1);
    sandbox.git(&["branch", "main", "elsewhere"]);
    sandbox.ok(&["merge", &id]);
}

#[test]
fn a_task_branch_that_was_deleted_is_an_error_and_nothing_moves() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    let before = sandbox.commit_of("main");
    sandbox.git(&["update-ref", "-d", &format!("refs/heads/aifactory/{id}-greet")]);
    let ran = sandbox.run(&["merge", &id]);
    assert!(matches!(ran.status, 1 | 4), "{}", ran.all());
    assert_eq!(sandbox.commit_of("main"), before);
}

#[test]
fn uncommitted_work_in_the_tasks_worktree_is_neither_merged_nor_lost() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    let path = sandbox.ok(&["path", &id]);
    let draft = std::path::Path::new(path.trim()).join("draft.txt");
    fs::write(&draft, "draft\n").unwrap();
    let ran = sandbox.fails(&["merge", &id], 4);
    assert!(ran.stderr.contains("draft.txt"), "{}", ran.all());
    assert_eq!(fs::read_to_string(&draft).unwrap(), "draft\n");
}

#[test]
fn a_plan_changed_after_the_run_is_not_what_was_approved() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.set_plan(&id, &Step::new("S1", "hello.txt").gate("true").text());
    sandbox.fails(&["merge", &id], 4);
    assert_eq!(sandbox.git(&["rev-list", "--count", "main"]), "1\n");
}

#[test]
fn a_rejected_task_waits_and_its_note_reaches_the_record() {
    let sandbox = Sandbox::new();
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.ok(&["reject", &id, "-m", "friendlier, please"]);
    assert_eq!(sandbox.status(&id), "waiting: review-rejected");
    assert_eq!(sandbox.note(&id), "friendlier, please");
    assert_eq!(sandbox.run(&["merge", &id]).status, 4);
}

#[test]
fn all_that_is_ready_lands_in_one_go_and_stays_green() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.reviewed(name, &greeting_plan(&format!("{name}.txt"), name));
    }
    sandbox.ok(&["merge", "--all"]);
    assert_eq!(sandbox.git(&["ls-tree", "--name-only", "main"]), "README.md\na.txt\nb.txt\nc.txt\n");
    assert_eq!(sandbox.git(&["rev-list", "--count", "--merges", "main"]), "0\n");
    assert_eq!(sandbox.json(&["list"])["tasks"].as_array().unwrap().len(), 0);
}

#[test]
fn worktrees_of_merged_tasks_are_used_again() {
    let sandbox = Sandbox::new();
    let first = sandbox.approved("First", &greeting_plan("one.txt", "one"));
    sandbox.ok(&["run", &first, "--merge"]);
    let second = sandbox.approved("Second", &greeting_plan("two.txt", "two"));
    let ran = sandbox.run(&["run", &second]);
    assert!(ran.stderr.contains("(used before)"), "{}", ran.all());
    let path = sandbox.ok(&["path", &second]);
    assert_eq!(fs::read_to_string(std::path::Path::new(path.trim()).join("one.txt")).unwrap(), "one\n");
    sandbox.ok(&["merge", &second]);
}

#[test]
fn several_merges_at_once_land_one_after_another() {
    let sandbox = Sandbox::new();
    let ids: Vec<String> = (1..=3)
        .map(|number| sandbox.reviewed(&format!("Number {number}"), &greeting_plan(&format!("{number}.txt"), "x")))
        .collect();
    let running: Vec<_> = ids.iter().map(|id| sandbox.command(&["merge", id]).spawn().unwrap()).collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(sandbox.git(&["rev-list", "--count", "main"]), "4\n");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}
