//! To-do lists.

use super::*;

const SLOPPY: &str = "\
# TODO
 [x] no dash at all

## Web

* [ ] Fix the login (P2) #auth
  - Note: see the log
  - [>] Write a test
- [~] Think about it
1. [?] Look at this
+ [p] Agreed on
- [-] Dropped
- [!] Odd
";

#[test]
fn a_sloppy_list_comes_in_with_its_statuses() {
    let sandbox = Sandbox::new();
    sandbox.write("TODO.md", SLOPPY);
    let imported = sandbox.import("TODO.md");
    let tasks = sandbox.tasks(&imported.created);
    assert_eq!(
        titles(&tasks),
        [
            "no dash at all",
            "Fix the login",
            "Write a test",
            "Think about it",
            "Look at this",
            "Agreed on",
            "Dropped",
            "Odd"
        ]
    );
    use Status::*;
    assert_eq!(statuses(&tasks), [Done, Backlog, Ready, Backlog, Waiting, Ready, Cancelled, Backlog]);
    assert_eq!(tasks[0].note.as_deref(), Some("marked done in TODO.md:2"));
    assert_eq!(tasks[4].reason, Some(Reason::PlanApproval));
    assert_eq!(tasks[4].note.as_deref(), Some("marked [?] in TODO.md:10"));
    assert!(tasks[3].labels.contains("needs-plan"));
    assert_eq!(imported.warnings, ["TODO.md:13: the mark `!` is not known; the item counts as open"]);
}

#[test]
fn labels_priority_notes_and_origin_come_along() {
    let sandbox = Sandbox::with(&[("AIFACTORY_RISK_DEFAULT", "async")]);
    sandbox.write("docs/TODO.md", SLOPPY);
    let imported = sandbox.import("docs/TODO.md");
    let login = sandbox.task(&imported.created[1]);
    assert_eq!(login.labels.iter().collect::<Vec<_>>(), ["auth", "web"]);
    assert_eq!((login.priority, login.risk), (Priority::High, Risk::Async));
    assert_eq!(sandbox.text(&login.id, TextFile::Spec), "see the log\n");
    let source = login.source.unwrap();
    assert_eq!((source.system.as_str(), source.place.as_str(), source.line), ("todo", "docs/TODO.md", 6));
}

#[test]
fn importing_again_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("TODO.md", SLOPPY);
    let first = sandbox.import("TODO.md");
    let head = sandbox.head();
    let second = sandbox.import("TODO.md");
    assert_eq!(second.unchanged, first.created.len());
    assert!(second.created.is_empty() && second.changed.is_empty() && second.missing.is_empty());
    assert_eq!(sandbox.head(), head);
}

#[test]
fn an_import_is_one_commit() {
    let sandbox = Sandbox::new();
    let before = sandbox.head();
    sandbox.todo("- [ ] a\n- [x] b\n");
    let message = sandbox.project.repository().message_of(sandbox.head()).unwrap();
    let subject = message.lines().next().unwrap();
    assert!(subject.starts_with("import 2 items from TODO.md ("), "{subject}");
    let log = Invocation::new("git").args(["rev-list", "--count"]).arg(format!("{before}..{}", sandbox.head()));
    assert_eq!(log.current_dir(sandbox.path("")).run_ok().unwrap().stdout, b"1\n");
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("TODO.md", SLOPPY);
    let head = sandbox.head();
    let request = ImportRequest { dry_run: true, ..sandbox.request("TODO.md") };
    assert_eq!(import(&sandbox.project, &request).unwrap().created.len(), 8);
    assert_eq!(sandbox.head(), head);
}

#[test]
fn lines_that_move_are_no_change() {
    let sandbox = Sandbox::new();
    sandbox.todo("- [ ] one\n- [ ] two\n");
    let head = sandbox.head();
    let again = sandbox.todo("words\n\n- [ ] two\n- [ ] one\n");
    assert_eq!((again.unchanged, sandbox.head()), (2, head));
}

#[test]
fn an_edited_line_stays_its_task_and_renames_it() {
    let sandbox = Sandbox::new();
    let first = sandbox.todo("- [ ] Fix the login page now\n- [ ] two\n");
    let second = sandbox.todo("- [ ] two\n- [ ] Fix the logout page now #auth\n");
    assert_eq!(second.changed, first.created[..1]);
    let task = sandbox.task(&first.created[0]);
    assert_eq!(task.title, "Fix the logout page now");
    assert!(task.labels.contains("auth"));
    assert_eq!(task.source.unwrap().line, 2);
    assert!(sandbox.todo("- [ ] two\n- [ ] Fix the logout page now #auth\n").changed.is_empty());
}

#[test]
fn a_rename_in_aifactory_stays_while_the_line_says_the_same() {
    let sandbox = Sandbox::new();
    let id = sandbox.todo("- [ ] Fix it\n").created.remove(0);
    let renamed = Change::Set { field: "title".into(), from: None, to: Some("Fix the login".into()) };
    sandbox.event(&id, &renamed);
    assert_eq!(sandbox.todo("- [ ] Fix it\n").unchanged, 1);
    assert_eq!(sandbox.task(&id).title, "Fix the login");
    sandbox.todo("- [ ] Fix it today\n");
    assert_eq!(sandbox.task(&id).title, "Fix it today");
}

#[test]
fn a_label_that_was_taken_away_stays_away() {
    let sandbox = Sandbox::new();
    let id = sandbox.todo("- [ ] a #ui #auth\n").created.remove(0);
    let removed = Change::Removed { field: "labels".into(), value: "ui".into(), saw: Vec::new() };
    sandbox.event(&id, &removed);
    assert_eq!(sandbox.todo("- [ ] a #ui #auth\n").unchanged, 1);
    assert_eq!(sandbox.todo("- [ ] a #ui #auth #new\n").changed, [id]);
}

#[test]
fn done_in_the_file_is_done() {
    let sandbox = Sandbox::new();
    let ids = sandbox.todo("- [ ] a\n- [ ] b\n").created;
    assert_eq!(sandbox.todo("- [x] a\n- [-] b\n").changed, ids);
    let tasks = sandbox.tasks(&ids);
    assert_eq!(statuses(&tasks), [Status::Done, Status::Cancelled]);
    assert_eq!(tasks[0].note.as_deref(), Some("marked done in TODO.md:1"));
    assert_eq!(sandbox.todo("- [x] a\n- [-] b\n").unchanged, 2);
}

#[test]
fn done_in_aifactory_stays_done_while_the_line_is_open() {
    let sandbox = Sandbox::new();
    let ids = sandbox.todo("- [x] a\n").created;
    assert_eq!(sandbox.todo("- [ ] a\n").unchanged, 1);
    assert_eq!(sandbox.task(&ids[0]).status, Status::Done);
}

#[test]
fn a_running_task_is_left_alone_with_a_warning() {
    let sandbox = Sandbox::new();
    let id = sandbox.todo("- [>] a\n").created.remove(0);
    sandbox.claim(&id);
    sandbox.write("TODO.md", "- [x] a\n");
    let imported = sandbox.import("TODO.md");
    assert_eq!(imported.warnings, ["TODO.md:1: marked done here, but its task is running; it was left alone"]);
    assert_eq!(sandbox.task(&id).status, Status::Running);
}

#[test]
fn a_cancelled_task_that_was_taken_up_again_is_not_cancelled_twice() {
    let sandbox = Sandbox::new();
    let ids = sandbox.todo("- [-] a\n").created;
    retry(&sandbox.project, &ids, None).unwrap();
    let imported = sandbox.import("TODO.md");
    assert_eq!(imported.warnings.len(), 1, "{imported:?}");
    assert_eq!(sandbox.task(&ids[0]).status, Status::Backlog);
}

#[test]
fn items_that_are_gone_are_reported_and_kept() {
    let sandbox = Sandbox::new();
    let ids = sandbox.todo("- [ ] Write the manual\n- [ ] Paint the door\n- [x] Old\n").created;
    assert_eq!(sandbox.todo("- [ ] Paint the door\n").missing, ids[..1], "what is done may go");
    assert_eq!(sandbox.task(&ids[0]).status, Status::Backlog);
}

#[test]
fn parents_and_dependencies_come_in() {
    let sandbox = Sandbox::new();
    let ids = sandbox.todo("- [ ] a (after: c)\n  - [ ] b (after: a; c)\n- [ ] c\n").created;
    let tasks = sandbox.tasks(&ids);
    assert_eq!(tasks[1].parent.as_ref(), Some(&ids[0]));
    assert_eq!(tasks[0].dependencies.iter().collect::<Vec<_>>(), [&ids[2]]);
    assert_eq!(tasks[1].dependencies.len(), 2);
}

#[test]
fn a_dependency_that_is_new_in_the_file_is_added() {
    let sandbox = Sandbox::new();
    let ids = sandbox.todo("- [ ] a\n- [ ] b\n").created;
    assert_eq!(sandbox.todo("- [ ] a (after: b)\n- [ ] b\n").changed, ids[..1]);
    let removed = Change::Removed { field: "dependencies".into(), value: ids[1].to_string(), saw: Vec::new() };
    sandbox.event(&ids[0], &removed);
    assert_eq!(sandbox.todo("- [ ] a (after: b)\n- [ ] b\n").unchanged, 2, "taken away by a person");
}

#[test]
fn circles_are_not_let_in() {
    let sandbox = Sandbox::new();
    sandbox.write("TODO.md", "- [ ] a (after: b)\n- [ ] b (after: c)\n- [ ] c (after: a)\n");
    let imported = sandbox.import("TODO.md");
    assert_eq!(imported.warnings, ["TODO.md:3: it cannot wait for `a`, which waits for it"]);
    let counts: Vec<usize> = sandbox.tasks(&imported.created).iter().map(|task| task.dependencies.len()).collect();
    assert_eq!(counts, [1, 1, 0]);
    let again = sandbox.import("TODO.md");
    assert_eq!((again.unchanged, again.warnings.len()), (3, 1));
}

#[test]
fn a_title_that_is_too_long_is_cut_and_goes_to_the_spec_whole() {
    let sandbox = Sandbox::new();
    let long = "wörd ".repeat(100);
    let text = format!("- [ ] {long}\n  a note\n- [ ] bell\u{7} here\n");
    let ids = sandbox.todo(&text).created;
    let tasks = sandbox.tasks(&ids);
    assert_eq!(tasks[0].title.chars().count(), 300);
    assert_eq!(tasks[1].title, "bell\\u{7} here");
    assert_eq!(sandbox.text(&ids[0], TextFile::Spec), format!("{}\n\na note\n", long.trim()));
    assert_eq!(sandbox.todo(&text).unchanged, 2);
}

#[test]
fn new_notes_reach_the_spec_unless_somebody_edited_it() {
    let sandbox = Sandbox::new();
    let id = sandbox.todo("- [ ] a\n").created.remove(0);
    sandbox.todo("- [ ] a\n  one\n");
    assert_eq!(sandbox.text(&id, TextFile::Spec), "one\n");
    sandbox.edit(&id, TextFile::Spec, "mine\n");
    assert_eq!(sandbox.todo("- [ ] a\n  one\n").unchanged, 1);
    sandbox.write("TODO.md", "- [ ] a\n  two\n");
    let imported = sandbox.import("TODO.md");
    assert_eq!(imported.warnings, ["TODO.md:1: both the file and the task's spec changed; the task's text was kept"]);
    assert_eq!(sandbox.text(&id, TextFile::Spec), "mine\n");
}

/// Each comes after the one before it, which is the longest chain there is.
#[test]
fn a_long_list_is_imported_whole() {
    let sandbox = Sandbox::new();
    let line = |number: usize| format!("- [ ] task number {number} (after: task number {})\n", number - 1);
    let text: String = (1..1_000).map(line).collect();
    let ids = sandbox.todo(&format!("- [ ] task number 0\n{text}")).created;
    assert_eq!(sandbox.task(&ids[999]).dependencies.first(), Some(&ids[998]));
    assert_eq!(sandbox.import("TODO.md").unchanged, 1_000);
}

#[test]
#[allow(clippy::disallowed_methods, reason = "any clock can tell seconds from hours")]
fn long_chains_of_dependencies_take_linear_time() {
    const LENGTH: usize = 20_000;
    let sandbox = Sandbox::new();
    let index = sandbox.project.store.snapshot().unwrap().index().unwrap();
    let ids: Vec<TaskId> = (0..LENGTH).map(|n| TaskId::parse(&format!("{n:010}")).unwrap()).collect();
    let edges: Vec<_> = ids.iter().zip(&ids[1..]).collect();
    let mut forward = graph::Graph::new(&index);
    assert!(edges.iter().all(|(task, first)| forward.add(task, first)));
    let mut backward = graph::Graph::new(&index);
    assert!(edges.iter().rev().all(|(task, first)| backward.add(task, first)));
    assert!(!forward.add(&ids[LENGTH - 1], &ids[0]) && !backward.add(&ids[LENGTH - 1], &ids[0]));
}
