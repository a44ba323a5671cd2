//! What an import reads from.

use super::*;

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
