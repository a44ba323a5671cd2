use super::*;
use crate::git::Oid;
use crate::host::{Environment, Host};
use crate::model::todo::Mark;
use crate::model::{Approval, Change, Priority, Reason, Risk, Status, Task, TextFile};
use crate::process::Invocation;
use crate::store::Vouch;
use crate::tasks::{TextOutcome, approve, cancel, ready, replace_text, retry};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A new repository with an empty state, and nothing of the machine it is on.
struct Sandbox {
    folder: tempfile::TempDir,
    project: Project,
}

impl Sandbox {
    fn new() -> Sandbox {
        Sandbox::with(&[])
    }

    fn with(variables: &[(&str, &str)]) -> Sandbox {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let top = folder.path().join("repo");
        fs::create_dir(&top).unwrap();
        let git = Invocation::new("git").args(["init", "--quiet", "--initial-branch=main"]).current_dir(&top);
        git.env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").run_ok().unwrap();
        let fixed = [
            ("HOME", home),
            ("XDG_CONFIG_HOME", home),
            ("GIT_AUTHOR_EMAIL", "ana@example.org"),
            ("AIFACTORY_TEST_CLOCK", "1700000000000"),
            ("AIFACTORY_TEST_SEED", "7"),
        ];
        let variables = fixed.iter().chain(variables).copied();
        let project = Project::open(&Host::new(Environment::from_pairs(variables)), &top, None).unwrap();
        assert!(project.store.begin().unwrap());
        Sandbox { folder, project }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("repo").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn request(&self, name: &str) -> ImportRequest {
        ImportRequest {
            place: self.path(name),
            kind: if self.path(name).is_dir() { ImportKind::Folder } else { ImportKind::Todo },
            dry_run: false,
        }
    }

    fn import(&self, name: &str) -> Imported {
        import(&self.project, &self.request(name)).unwrap()
    }

    /// Imports a TODO.md with this text, which must not cause a warning.
    fn todo(&self, text: &str) -> Imported {
        self.write("TODO.md", text);
        let imported = self.import("TODO.md");
        assert_eq!(imported.warnings, [""; 0]);
        imported
    }

    fn head(&self) -> Oid {
        self.project.store.find_head().unwrap().unwrap()
    }

    fn task(&self, id: &TaskId) -> Task {
        self.project.store.snapshot().unwrap().task(id).unwrap()
    }

    fn tasks(&self, ids: &[TaskId]) -> Vec<Task> {
        ids.iter().map(|id| self.task(id)).collect()
    }

    fn text(&self, id: &TaskId, file: TextFile) -> String {
        self.project.store.snapshot().unwrap().text(id, file).unwrap()
    }

    fn event(&self, id: &TaskId, change: &Change) {
        let author = self.project.person();
        let written = self.project.store.transact(&author, "test", |_, changes| {
            changes.event(id, change.clone());
            Ok(())
        });
        written.unwrap();
    }

    fn claim(&self, id: &TaskId) {
        let claimed =
            Change::Claimed { claim: 1, host: "mill".into(), lease_seconds: 60, branch: "b".into(), live: None };
        self.event(id, &claimed);
    }

    fn edit(&self, id: &TaskId, file: TextFile, text: &str) {
        assert_eq!(replace_text(&self.project, id, file, text, None).unwrap(), TextOutcome::Written);
    }

    /// What the marks are after writing back, and which lines that changed.
    fn write_back(&self) -> Vec<(usize, Mark)> {
        write_back(&self.project, &self.path("TODO.md")).unwrap().lines
    }
}

fn titles(tasks: &[Task]) -> Vec<&str> {
    tasks.iter().map(|task| task.title.as_str()).collect()
}

fn statuses(tasks: &[Task]) -> Vec<Status> {
    tasks.iter().map(|task| task.status).collect()
}

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

#[test]
fn writing_back_changes_marks_and_no_other_byte() {
    let sandbox = Sandbox::new();
    let text = "\u{feff}# T\r\n\r\n* [ ] a  #x\r\n\t+ [x]   b\r\n- [ ] c\r\n- [X] d\r\n- [>] e";
    let ids = sandbox.todo(text).created;
    assert_eq!(sandbox.write_back(), [(7, Mark::Open)], "`>` says that somebody works on it, but nobody does");
    cancel(&sandbox.project, &ids[..1], None).unwrap();
    ready(&sandbox.project, &ids[2..3]).unwrap();
    sandbox.claim(&ids[2]);
    fs::set_permissions(sandbox.path("TODO.md"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(sandbox.write_back(), [(3, Mark::Cancelled), (5, Mark::InProgress)]);
    let expected = "\u{feff}# T\r\n\r\n* [-] a  #x\r\n\t+ [x]   b\r\n- [>] c\r\n- [X] d\r\n- [ ] e";
    assert_eq!(sandbox.read("TODO.md"), expected);
    let mode = sandbox.path("TODO.md").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(sandbox.write_back().is_empty());
}

#[test]
fn writing_back_knows_plans_and_leaves_strangers_alone() {
    let sandbox = Sandbox::new();
    let ids = sandbox.todo("- [ ] a\n- [~] b\n- [?] c\n").created;
    let plan = "### S1: do it\n\n- files: a\n- gate: `true`\n";
    sandbox.edit(&ids[0], TextFile::Plan, plan);
    approve(&sandbox.project, &ids[..1], None).unwrap();
    ready(&sandbox.project, &ids[..1]).unwrap();
    sandbox.write("TODO.md", "- [ ] a\n- [~] b\n- [?] c\n- [x] nobody imported this\n");
    assert_eq!(sandbox.write_back(), [(1, Mark::PlanApproved)]);
}

const FIX: &str = "\
---
title: Fix the login
labels: [auth, web front]
priority: high
risk: auto
status: todo
depends: draw-it, Write the manual
agent: runbook
colour: red
---
# Not the title

What to do.

### S1: do it

- files: src/login.rs
- gate: `true`
";

fn folder_sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("backlog/a-fix.md", FIX);
    sandbox.write("backlog/deep/draw-it.MD", "\n    code first\n\nDraw.\n");
    sandbox.write("backlog/manual.md", "+++\nstatus = \"done\"\n+++\nAbove.\n# Write the manual\nBelow.\n");
    sandbox.write("backlog/README.md", "# no task\n");
    sandbox.write("backlog/.hidden.md", "# no task\n");
    sandbox.write("backlog/.obsidian/x.md", "# no task\n");
    sandbox.write("backlog/words.txt", "no task\n");
    sandbox.write("outside.md", "# no task\n");
    std::os::unix::fs::symlink("../outside.md", sandbox.path("backlog/link.md")).unwrap();
    sandbox
}

#[test]
fn a_folder_becomes_one_task_per_file() {
    let sandbox = folder_sandbox();
    let imported = sandbox.import("backlog");
    assert_eq!(imported.warnings, ["backlog/a-fix.md: the key `colour` is not known"]);
    let tasks = sandbox.tasks(&imported.created);
    assert_eq!(titles(&tasks), ["Fix the login", "draw it", "Write the manual"]);
    assert_eq!(statuses(&tasks), [Status::Backlog, Status::Backlog, Status::Done]);
    let fix = &tasks[0];
    assert_eq!((fix.priority, fix.risk, fix.agent.as_deref()), (Priority::High, Risk::Blocking, Some("runbook")));
    assert_eq!(fix.labels.iter().collect::<Vec<_>>(), ["auth", "web front"]);
    assert!(
        fix.dependencies.iter().eq([&tasks[1].id, &tasks[2].id].into_iter().collect::<std::collections::BTreeSet<_>>())
    );
    let source = tasks[1].source.as_ref().unwrap();
    assert_eq!((source.system.as_str(), source.place.as_str()), ("markdown", "backlog"));
    assert_eq!(source.key, "deep/draw-it.MD");
}

#[test]
fn a_file_is_split_into_spec_and_plan() {
    let sandbox = folder_sandbox();
    let ids = sandbox.import("backlog").created;
    let (spec, plan) = FIX.split_once("---\n").unwrap().1.split_once("---\n").unwrap().1.split_once("### S1").unwrap();
    let plan = format!("### S1{plan}");
    assert_eq!(sandbox.text(&ids[0], TextFile::Spec), format!("{}\n", spec.trim()));
    assert_eq!(sandbox.text(&ids[0], TextFile::Plan), plan);
    assert_eq!(sandbox.text(&ids[1], TextFile::Spec), "    code first\n\nDraw.\n");
    assert_eq!(sandbox.text(&ids[2], TextFile::Spec), "Above.\n\nBelow.\n");
    let digest = Approval::digest_of(&sandbox.text(&ids[0], TextFile::Spec), &plan);
    assert!(!sandbox.project.store.local.is_vouched(Vouch::Written, &digest).unwrap(), "nobody vouches for a file");
}

#[test]
fn steps_with_errors_stay_in_the_spec_with_a_warning() {
    let sandbox = Sandbox::new();
    sandbox.write("b/x.md", "---\nrole: x\n---\n# T\n\n### S1: a\n\n- files: x\n- after: S9\n");
    let imported = sandbox.import("b");
    assert!(imported.warnings[0].starts_with("b/x.md: the steps on from line 9 are no plan: "), "{imported:?}");
    assert!(sandbox.text(&imported.created[0], TextFile::Plan).is_empty());
    assert!(sandbox.text(&imported.created[0], TextFile::Spec).starts_with("### S1: a\n"));
}

#[test]
fn importing_a_folder_again_writes_nothing() {
    let sandbox = folder_sandbox();
    sandbox.import("backlog");
    let head = sandbox.head();
    let again = sandbox.import("backlog");
    assert_eq!((again.unchanged, again.missing.len(), sandbox.head()), (3, 0, head));
}

#[test]
fn a_changed_file_changes_its_task_and_only_its_own_text() {
    let sandbox = folder_sandbox();
    let ids = sandbox.import("backlog").created;
    sandbox.edit(&ids[0], TextFile::Spec, "A person's words.\n");
    sandbox.write("backlog/a-fix.md", &FIX.replace("`true`", "`false`"));
    let imported = sandbox.import("backlog");
    assert_eq!(imported.changed, ids[..1]);
    assert_eq!(sandbox.text(&ids[0], TextFile::Spec), "A person's words.\n");
    let plan = sandbox.text(&ids[0], TextFile::Plan);
    assert!(plan.contains("`false`"));
    let digest = Approval::digest_of("A person's words.\n", &plan);
    assert!(!sandbox.project.store.local.is_vouched(Vouch::Written, &digest).unwrap(), "half of it is not the file's");
}

#[test]
fn a_text_that_changed_on_both_sides_is_kept_with_a_warning() {
    let sandbox = folder_sandbox();
    let ids = sandbox.import("backlog").created;
    sandbox.edit(&ids[0], TextFile::Spec, "A person's words.\n");
    sandbox.write("backlog/a-fix.md", &FIX.replace("What to do", "Other things to do"));
    let imported = sandbox.import("backlog");
    let warning = "backlog/a-fix.md: both the file and the task's spec changed; the task's text was kept";
    assert_eq!(imported.warnings[1..], [warning]);
    assert_eq!(sandbox.text(&ids[0], TextFile::Spec), "A person's words.\n");
}

#[test]
fn a_text_that_a_person_wrote_where_the_file_had_none_is_theirs() {
    let sandbox = Sandbox::new();
    sandbox.write("b/x.md", "# T\n");
    let id = sandbox.import("b").created.remove(0);
    sandbox.edit(&id, TextFile::Spec, "mine\n");
    assert_eq!(sandbox.import("b").unchanged, 1);
    sandbox.write("b/x.md", "# T\n\ntheirs\n");
    assert_eq!(sandbox.import("b").warnings.len(), 1);
    assert_eq!(sandbox.text(&id, TextFile::Spec), "mine\n");
}

#[test]
fn the_text_of_a_running_task_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.write("b/x.md", "---\nstatus: running\n---\n# T\n\none\n");
    let imported = sandbox.import("b");
    assert_eq!(imported.warnings, ["b/x.md: no task begins as running; a new one begins as ready"]);
    sandbox.claim(&imported.created[0]);
    sandbox.write("b/x.md", "# T\n\ntwo\n");
    let again = sandbox.import("b");
    assert_eq!(again.warnings, ["b/x.md: the spec changed here, but its task is running; the task's text was kept"]);
    assert_eq!(sandbox.text(&imported.created[0], TextFile::Spec), "one\n");
}

#[test]
fn a_moved_file_keeps_its_task_and_an_unreadable_one_is_not_missing() {
    let sandbox = folder_sandbox();
    let ids = sandbox.import("backlog").created;
    fs::rename(sandbox.path("backlog/a-fix.md"), sandbox.path("backlog/deep/z.md")).unwrap();
    sandbox.write("backlog/deep/draw-it.MD", "---\na:\n  b: c\n---\n");
    let imported = sandbox.import("backlog");
    assert_eq!((imported.changed.as_slice(), imported.missing.len()), (&ids[..1], 0));
    assert_eq!(sandbox.task(&ids[0]).source.unwrap().key, "deep/z.md");
    assert!(imported.warnings.iter().any(|warning| warning.starts_with("backlog/deep/draw-it.MD:3: ")), "{imported:?}");
}

#[test]
fn values_that_make_no_sense_are_named() {
    let sandbox = Sandbox::new();
    let matter = "priority: soon\nrisk: none\nstatus: asleep\ntitle: [a, b]\nafter: [nowhere]\nagent:\n";
    sandbox.write("b/x-y.md", &format!("---\n{matter}---\n"));
    let imported = sandbox.import("b");
    assert_eq!(
        imported.warnings,
        [
            "b/x-y.md: `soon` is not a priority",
            "b/x-y.md: `none` is not a risk",
            "b/x-y.md: `asleep` is not a status",
            "b/x-y.md: `title` holds several values; it takes one",
            "b/x-y.md: no other file is called `nowhere`",
        ]
    );
    assert_eq!(titles(&sandbox.tasks(&imported.created)), ["x y"]);
}

#[test]
fn what_cannot_be_read_is_an_error_that_names_it() {
    use crate::error::Kind;
    let sandbox = Sandbox::new();
    sandbox.write("b/binary.md", "a\0b");
    fs::write(sandbox.path("latin.md"), b"- [ ] caf\xe9\n").unwrap();
    let fail = |name: &str, kind| {
        let request = ImportRequest { kind, ..sandbox.request(name) };
        import(&sandbox.project, &request).unwrap_err()
    };
    for (name, kind, expected, part) in [
        ("NONE.md", ImportKind::Todo, Kind::Missing, "NONE.md"),
        ("none", ImportKind::Folder, Kind::Missing, "none"),
        ("latin.md", ImportKind::Todo, Kind::Failed, "cannot read latin.md: it is not UTF-8 text"),
        ("b", ImportKind::Folder, Kind::Failed, "cannot read b/binary.md: it is not UTF-8 text"),
        ("b", ImportKind::Todo, Kind::Usage, "b is a folder"),
        ("latin.md", ImportKind::Folder, Kind::Usage, "latin.md is a file"),
    ] {
        let error = fail(name, kind);
        assert_eq!(error.kind(), expected, "{error}");
        assert!(error.message().contains(part) && !error.hints().is_empty(), "{error:?}");
    }
}

#[test]
fn sources_are_read_by_their_shape() {
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().to_str().unwrap();
    let kind = |text: &str| parse_source(text).map(|request| (request.kind, request.place)).ok();
    assert_eq!(kind("todo:x.txt"), Some((ImportKind::Todo, "x.txt".into())));
    assert_eq!(kind("folder:a b"), Some((ImportKind::Folder, "a b".into())));
    assert_eq!(kind("notes/My-ToDo.md"), Some((ImportKind::Todo, "notes/My-ToDo.md".into())));
    assert_eq!(kind(bare), Some((ImportKind::Folder, bare.into())));
    for unclear in ["", "todo:", "plan.md", "jira:ABC", "todo.txt"] {
        let error = parse_source(unclear).unwrap_err();
        assert_eq!(error.kind(), crate::error::Kind::Usage, "{unclear}");
        assert!(!error.hints().is_empty());
    }
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
