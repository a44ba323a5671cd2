//! Marks that are written back into a list.

use super::*;

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
