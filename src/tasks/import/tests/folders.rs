//! Folders of Markdown files.

use super::*;

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
