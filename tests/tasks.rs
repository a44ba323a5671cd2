//! Tasks for people: writing, finding, changing and following them. Whole answers, as a person sees them.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Sandbox, greeting_plan};
use snapbox::str;
use std::fs;

/// Four tasks of different kinds. Their ids.
fn backlog(sandbox: &Sandbox) -> Vec<String> {
    let new = |words: &[&str]| sandbox.ok(&[&["new"], words].concat()).trim().to_owned();
    let greet = new(&["Greet people by name", "-m", "hello.sh takes a name", "-l", "ui", "-p", "high"]);
    let farewell = new(&["Say farewell", "-l", "ui", "-l", "words"]);
    let both = new(&["Greet and say farewell", "--after", &greet, "--after", &farewell, "-p", "urgent"]);
    let dropped = new(&["Wave", "-p", "low"]);
    sandbox.ok(&["cancel", &dropped, "-m", "nobody waves any more"]);
    vec![greet, farewell, both, dropped]
}

#[test]
fn init_says_where_everything_is_and_may_be_repeated() {
    let sandbox = Sandbox::empty().with_repository(&[]);
    shows!(
        sandbox,
        sandbox.run(&["init", "--yes"]),
        str![[r#"
stderr: aifactory is ready in this repository
stderr:   state      refs/aifactory/state (it leaves this machine with aifactory sync alone)
stderr:   target     main
stderr:   agent      runbook
stderr:   worktrees  $SANDBOX/home/state/aifactory/repo-[DIGEST]
stderr: hint: there is no commit yet; tasks can be written, but running them needs one
stderr: hint: aifactory new "what you want", or aifactory import todo:TODO.md

"#]]
    );
    sandbox.commit(&[("README.md", "# A project\n")]);
    let before = (sandbox.find_state(), sandbox.git(&["status", "--porcelain"]));
    shows!(
        sandbox,
        sandbox.run(&["init", "--yes"]),
        str![[r#"
stderr: aifactory was ready here already; settings are up to date
stderr:   state      refs/aifactory/state (it leaves this machine with aifactory sync alone)
stderr:   target     main
stderr:   agent      runbook
stderr:   worktrees  $SANDBOX/home/state/aifactory/repo-[DIGEST]
stderr: hint: aifactory new "what you want", or aifactory import todo:TODO.md

"#]]
    );
    assert_eq!((sandbox.find_state(), sandbox.git(&["status", "--porcelain"])), before);
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname)"]), "refs/aifactory/state\nrefs/heads/main\n");
}

#[test]
fn init_leaves_the_policy_file_for_a_person_to_commit() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["init", "--yes", "--policy"]),
        str![[r#"
stderr: aifactory was ready here already; settings are up to date
stderr:   state      refs/aifactory/state (it leaves this machine with aifactory sync alone)
stderr:   target     main
stderr:   agent      runbook
stderr:   worktrees  $SANDBOX/home/state/aifactory/repo-[DIGEST]
stderr: hint: look at .aifactory/config.toml and commit it
stderr: hint: aifactory new "what you want", or aifactory import todo:TODO.md

"#]]
    );
    assert_eq!(sandbox.git(&["status", "--porcelain", "-uall"]), "?? .aifactory/config.toml\n");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "policy"]);
    assert_eq!(sandbox.run(&["list"]).stderr, "", "the file it wrote is not one it reads without complaint");
}

#[test]
fn new_prints_the_id_alone() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["new", "Greet people by name", "-m", "one", "-m", "two"]);
    assert_eq!((ran.stdout.trim().len(), ran.stderr.as_str()), (10, ""));
    let id = ran.stdout.trim();
    assert_eq!(sandbox.ok(&["spec", "show", id]).trim(), "one\n\ntwo");
    let json = sandbox.json(&["new", "Another"]);
    assert_eq!((json["status"].as_str(), json["title"].as_str()), (Some("backlog"), Some("Another")));
}

#[test]
fn a_task_comes_from_a_file_or_from_standard_input() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run_with_input(&["new", "-F", "-"], "\n# Greet people\n\nBy name.\n");
    let id = ran.stdout.trim();
    assert_eq!(sandbox.task(id)["title"], "Greet people");
    assert_eq!(sandbox.ok(&["spec", "show", id]), "By name.\n");
}

#[test]
fn list_is_a_table_on_a_terminal_and_lines_with_tabs_in_a_pipe() {
    let sandbox = Sandbox::new();
    backlog(&sandbox);
    shows!(
        sandbox,
        sandbox.on_terminal(&["list"]),
        str![[r#"
ID    STATUS             PRIORITY  TITLE                   LABELS    AGE
bdrd  backlog (blocked)  urgent    Greet and say farewell            3m
ehdn  backlog            high      Greet people by name    ui        5m
2thc  backlog            normal    Say farewell            ui words  4m

"#]]
    );
    shows!(
        sandbox,
        sandbox.on_terminal(&["list", "--all", "--sort", "created"]),
        str![[r#"
ID    STATUS             PRIORITY  TITLE                   LABELS    AGE
ehdn  backlog            high      Greet people by name    ui        6m
2thc  backlog            normal    Say farewell            ui words  5m
bdrd  backlog (blocked)  urgent    Greet and say farewell            4m
jaw5  cancelled          low       Wave                              3m

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["list"]),
        str![[r#"
bdrdd56k50	backlog	urgent	Greet and say farewell	
ehdn0jyj9c	backlog	high	Greet people by name	ui
2thc5tsve4	backlog	normal	Say farewell	ui,words

"#]]
    );
    shows!(
        sandbox,
        sandbox.on_terminal(&["list", "-l", "nothing"]),
        str![[r#"
stderr: no open task matches; aifactory list --all shows all 4

"#]]
    );
}

#[test]
fn list_filters_and_sorts() {
    let sandbox = Sandbox::new();
    let ids = backlog(&sandbox);
    let listed = |words: &[&str]| -> Vec<usize> {
        let answer = sandbox.json(&[&["list"], words].concat());
        let tasks = answer["tasks"].as_array().unwrap().clone();
        tasks.iter().map(|task| ids.iter().position(|id| task["id"] == id.as_str()).unwrap()).collect()
    };
    assert_eq!(listed(&[]), [2, 0, 1]);
    assert_eq!(listed(&["--all"]), [2, 0, 1, 3]);
    assert_eq!(listed(&["--status", "cancelled"]), [3]);
    assert_eq!(listed(&["-l", "ui"]), [0, 1]);
    assert_eq!(listed(&["-l", "ui", "-l", "words"]), [1]);
    assert_eq!(listed(&["-p", "urgent", "-p", "high"]), [2, 0]);
    assert_eq!(listed(&["--blocked"]), [2]);
    assert_eq!(listed(&["--sort", "created"]), [0, 1, 2]);
    assert_eq!(listed(&["--sort", "title", "--reverse"]), [1, 0, 2]);
    assert_eq!(listed(&["-n", "1"]), [2]);
    assert_eq!(listed(&["--ready"]), [0; 0]);
    assert_eq!(listed(&["--claimed"]), [0; 0]);
}

#[test]
fn an_empty_list_is_no_failure() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["list"]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    shows!(
        sandbox,
        sandbox.on_terminal(&["list"]),
        str![[r#"
stderr: no tasks yet
stderr: hint: aifactory new "what you want", or aifactory import todo:TODO.md

"#]]
    );
    assert_eq!(sandbox.json(&["list"])["tasks"].as_array().unwrap().len(), 0);
}

#[test]
fn show_says_what_a_task_is_and_what_to_do_next() {
    let sandbox = Sandbox::new();
    let ids = backlog(&sandbox);
    shows!(
        sandbox,
        sandbox.run(&["show", &ids[0], &ids[2]]),
        str![[r#"
ehdn  Greet people by name  [backlog]
  priority  high   risk blocking
  labels    ui
  created   5m ago   changed 5m ago

Spec
  hello.sh takes a name

Next
  aifactory plan edit ehdn

bdrd  Greet and say farewell  [backlog]
  priority  urgent   risk blocking
  after     2thc (backlog), ehdn (backlog)   blocked
  created   3m ago   changed 3m ago

Next
  aifactory plan edit bdrd

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["show", &ids[3]]),
        str![[r#"
jaw5  Wave  [cancelled]
  nobody waves any more
  priority  low   risk blocking
  created   3m ago   changed 2m ago

Next
  aifactory retry jaw5

"#]]
    );
}

#[test]
fn json_of_a_task_has_one_shape_everywhere() {
    let sandbox = Sandbox::new();
    let ids = backlog(&sandbox);
    let shown = sandbox.json(&["show", &ids[0]]);
    let listed = sandbox.json(&["list"])["tasks"][1].clone();
    for field in ["id", "title", "status", "labels", "priority"] {
        assert!(!shown[field].is_null(), "show has no {field}");
        assert_eq!(shown[field], listed[field], "{field}");
    }
    for (words, schema) in [
        (&["list"][..], "aifactory.list/1"),
        (&["status"], "aifactory.status/1"),
        (&["doctor"], "aifactory.doctor/1"),
        (&["config"], "aifactory.config/1"),
        (&["search", "farewell"], "aifactory.search/1"),
        (&["log", &ids[0]], "aifactory.log/1"),
        (&["trust"], "aifactory.trust/1"),
        (&["set", &ids[0], "priority=low"], "aifactory.set/1"),
        (&["gc"], "aifactory.gc/1"),
        (&["init", "--yes"], "aifactory.init/1"),
    ] {
        assert_eq!(sandbox.json(words)["schema"], schema, "{words:?}");
    }
    let error = sandbox.run(&["show", "zzzz", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&format!("{}{}", error.stdout, error.stderr)).unwrap();
    assert_eq!(error["schema"], "aifactory.error/1");
}

#[test]
fn set_changes_several_tasks_in_one_commit_and_says_what_changed() {
    let sandbox = Sandbox::new();
    let ids = backlog(&sandbox);
    let before = sandbox.state_commits();
    shows!(
        sandbox,
        sandbox.run(&["set", &ids[0], &ids[1], "priority=urgent", "labels+=soon", "labels-=ui"]),
        str![[r#"
stderr: changed ehdn  Greet people by name  (backlog)
stderr: changed 2thc  Say farewell  (backlog)

"#]]
    );
    assert_eq!(sandbox.state_commits(), before + 1);
    assert_eq!(sandbox.task(&ids[1])["labels"], serde_json::json!(["soon", "words"]));
    shows!(
        sandbox,
        sandbox.run(&["set", &ids[0], "priority=urgent"]),
        str![[r#"
stderr: nothing to change

"#]]
    );
    assert_eq!(sandbox.state_commits(), before + 1, "nothing changed, and yet there is a commit");
}

#[test]
fn status_groups_tasks_by_what_they_mean_to_a_person() {
    let sandbox = Sandbox::new();
    backlog(&sandbox);
    let failing = greeting_plan("a.txt", "a").replace("echo 'a'", "echo 'b'");
    let failed = sandbox.approved("Fails its gate", &failing);
    sandbox.run(&["run", &failed]);
    sandbox.reviewed("Ready for a look", &greeting_plan("b.txt", "b"));
    shows!(
        sandbox,
        sandbox.run(&["status"]),
        str![[r#"
Waiting for you (1)
  h0kh  Fails its gate                                    gate-failed: gate failed: grep -qx 'a' a
        → aifactory review h0kh, then aifactory retry h0kh -m "what to change"

Ready for review (1)
  nr19  Ready for a look

Blocked (1)
  bdrd  Greet and say farewell                            waits for 2thc, ehdn

Backlog (2)
  ehdn  Greet people by name                              no plan yet
  2thc  Say farewell                                      no plan yet

0 done, 1 cancelled

"#]]
    );
}

#[test]
fn log_tells_who_changed_what_with_texts_as_diffs() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "Greet", "-m", "It greets."]).trim().to_owned();
    let spec = sandbox.root().join("spec.md");
    fs::write(&spec, "It greets.\n\nBy name.\n").unwrap();
    sandbox.ok(&["spec", "set", &id, "-F", &spec.to_string_lossy()]);
    sandbox.ok(&["set", &id, "priority=high"]);
    let mut other = sandbox.command(&["cancel", &id, "-m", "not now"]);
    sandbox.finish(other.env("GIT_AUTHOR_EMAIL", "bert@example.com"));
    sandbox.ok(&["retry", &id]);
    shows!(
        sandbox,
        sandbox.run(&["log", &id]),
        str![[r#"
2026-01-01 00:01:00  ana@example.com  created "Greet"
2026-01-01 00:01:00  ana@example.com  wrote the spec
    @@ -0,0 +1 @@
    +It greets.
2026-01-01 00:02:00  ana@example.com  changed the spec
    @@ -1 +1,3 @@
     It greets.
    +
    +By name.
2026-01-01 00:03:00  ana@example.com  changed priority from normal to high
2026-01-01 00:04:00  bert@example.com  moved to cancelled (not now)
2026-01-01 00:05:00  ana@example.com  moved to backlog

"#]]
    );
}

#[test]
fn edit_writes_what_the_editor_left_and_loses_nobodys_change() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "Greet", "-m", "It greets."]).trim().to_owned();
    let editor = sandbox.script("editor", "echo 'By name.' >> \"$1\"");
    let mut command = sandbox.command(&["spec", "edit", &id]);
    let ran = sandbox.finish(command.env("EDITOR", &editor));
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(sandbox.ok(&["spec", "show", &id]).ends_with("By name.\n"));

    // Somebody else writes while the editor is open.
    let meanwhile = sandbox.root().join("theirs.md");
    fs::write(&meanwhile, "Theirs.\n").unwrap();
    let editor = sandbox.script(
        "editor",
        &format!("{} spec set {id} -F {} || exit 1\necho 'Mine.' >> \"$1\"", common::PROGRAM, meanwhile.display()),
    );
    let mut command = sandbox.command(&["spec", "edit", &id]);
    let ran = sandbox.finish(command.env("EDITOR", &editor));
    assert_ne!(ran.status, 0, "{}", ran.all());
    assert_eq!(sandbox.ok(&["spec", "show", &id]), "Theirs.\n");
    let kept = ran.stderr.split_whitespace().map(|word| word.trim_matches(['`', ',', '.', ':', ';']));
    let kept = kept.filter(|word| word.starts_with('/')).find_map(|path| fs::read_to_string(path).ok());
    assert!(kept.is_some_and(|text| text.ends_with("Mine.\n")), "the text is not kept: {}", ran.all());
}

#[test]
fn search_finds_words_of_titles_specs_and_plans() {
    let sandbox = Sandbox::new();
    let ids = backlog(&sandbox);
    sandbox.set_plan(&ids[1], &greeting_plan("bye.txt", "au revoir"));
    let found = |words: &str| -> Vec<usize> {
        let answer = sandbox.json(&["search", words]);
        let hits = answer["hits"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        hits.iter()
            .filter_map(|hit| ids.iter().position(|id| hit["id"] == id.as_str() || hit["task"] == id.as_str()))
            .collect()
    };
    assert_eq!(found("revoir"), [1]);
    assert_eq!(found("takes"), [0]);
    for odd in ["\"", "(", "a OR", "*", "NEAR(", "-", "title:x"] {
        let ran = sandbox.run(&["search", "--", odd]);
        assert!(matches!(ran.status, 0 | 2 | 3), "{odd}: {}", ran.all());
    }
}

#[test]
fn flags_after_the_words_of_a_search_are_flags() {
    let sandbox = Sandbox::new();
    backlog(&sandbox);
    assert_eq!(sandbox.ok(&["search", "farewell", "-n", "1"]).lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&sandbox.ok(&["search", "farewell", "--json"])).unwrap();
    assert_eq!(json["hits"].as_array().unwrap().len(), 2);
}

#[test]
fn doctor_finds_a_healthy_repository_healthy() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["doctor"]),
        str![[r#"
ok    git          [VERSION]
ok    repository   $SANDBOX/repo/.git
ok    identity     ana@example.com
ok    target       main
ok    agent        runbook
ok    policy       nothing waits for trust
ok    worktrees    $SANDBOX/home/state/aifactory/repo-[DIGEST]
ok    objects      about [COUNT] loose
ok    state        refs/aifactory/state, 0 tasks

"#]]
    );
}

#[test]
fn a_cancelled_task_comes_back_and_a_done_one_does_not() {
    let sandbox = Sandbox::new();
    let ids = backlog(&sandbox);
    sandbox.ok(&["retry", &ids[3]]);
    assert_eq!(sandbox.status(&ids[3]), "backlog");
    let done = sandbox.approved("Greet", &greeting_plan("a.txt", "a"));
    sandbox.ok(&["run", &done, "--merge"]);
    for words in [["retry", &done], ["cancel", &done], ["approve", &done]] {
        assert_eq!(sandbox.run(&words).status, 1, "{words:?}");
    }
}

#[test]
fn a_todo_file_comes_in_once_and_its_marks_go_back_only_when_asked() {
    let sandbox = Sandbox::new();
    let todo = "# Work\n\n- [ ] Greet people\n* [X] Say hello\n  - [ ] Sub item\n+ [-] Dropped\n";
    sandbox.commit(&[("TODO.md", todo)]);
    sandbox.ok(&["import", "todo:TODO.md"]);
    let first = sandbox.ok(&["list", "--all"]);
    assert!(first.lines().count() >= 3, "{first}");
    assert!(first.contains("\tdone\t") && first.contains("\tbacklog\t"), "{first}");
    let commits = sandbox.state_commits();
    sandbox.ok(&["import", "todo:TODO.md"]);
    assert_eq!(sandbox.ok(&["list", "--all"]), first);
    assert_eq!(sandbox.state_commits(), commits, "importing the same again wrote something");
    assert_eq!(sandbox.read("TODO.md"), todo);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");

    let greet = first.lines().find(|line| line.contains("Greet people")).unwrap()[..10].to_owned();
    sandbox.set_plan(&greet, &greeting_plan("hello.txt", "hello"));
    sandbox.ok(&["approve", &greet]);
    sandbox.ok(&["run", &greet, "--merge"]);
    sandbox.ok(&["import", "todo:TODO.md", "--write-back"]);
    let marked = todo.replace("- [ ] Greet people", "- [x] Greet people");
    assert_eq!(sandbox.read("TODO.md").to_lowercase(), marked.to_lowercase());
    assert_eq!(sandbox.git(&["rev-list", "--count", "main"]), "3\n", "the file was committed for the person");
}

#[test]
fn an_item_that_moved_in_its_todo_file_is_the_same_task() {
    let sandbox = Sandbox::new();
    sandbox.write("TODO.md", "- [ ] One\n- [ ] Two\n- [ ] Three\n");
    sandbox.ok(&["import", "todo:TODO.md"]);
    let before = sandbox.ok(&["list", "--sort", "title"]);
    sandbox.write("TODO.md", "# Now with a heading\n\nProse.\n\n- [ ] Three\n- [ ] One\n- [ ] Two\n");
    sandbox.ok(&["import", "todo:TODO.md"]);
    let ids = |text: &str| -> Vec<String> { text.lines().map(|line| line[..10].to_owned()).collect() };
    assert_eq!(ids(&sandbox.ok(&["list", "--sort", "title"])), ids(&before));
}

/// The warning about a role is a courtesy: what was written is written.
#[test]
fn a_task_is_told_by_its_id_where_the_roles_cannot_be_looked_through() {
    let sandbox = Sandbox::new();
    let folder = sandbox.root().join("home/config/aifactory");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("roles"), "no folder").unwrap();
    shows!(
        sandbox,
        sandbox.run(&["new", "Work", "--role", "coder"]),
        str![[r#"
ehdn0jyj9c
stderr: warning: cannot list $SANDBOX/home/config/aifactory/roles: Not a directory (os error 20)

"#]]
    );
    let id = sandbox.json(&["list"])["tasks"][0]["id"].as_str().unwrap().to_owned();
    shows!(
        sandbox,
        sandbox.run(&["set", &id, "role=reviewer"]),
        str![[r#"
stderr: warning: cannot list $SANDBOX/home/config/aifactory/roles: Not a directory (os error 20)
stderr: changed ehdn  Work  (backlog)

"#]]
    );
    let editor = sandbox.script("editor", "sed -i 's/reviewer/devops/' \"$1\"");
    let mut edit = sandbox.command(&["edit", &id]);
    shows!(
        sandbox,
        sandbox.finish(edit.env("GIT_EDITOR", editor)),
        str![[r#"
stderr: warning: cannot list $SANDBOX/home/config/aifactory/roles: Not a directory (os error 20)
stderr: changed ehdn  Work  (backlog)

"#]]
    );
}
