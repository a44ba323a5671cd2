use super::*;

fn diff(path: &str, lines: &[&str]) -> String {
    let old = lines.iter().filter(|line| !line.starts_with('+')).count();
    let new = lines.iter().filter(|line| !line.starts_with('-')).count();
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    format!(
        "diff --git a/{path} b/{path}\nindex 1..2 100644\n--- a/{path}\n+++ b/{path}\n@@ -1,{old} +1,{new} @@ x\n{body}"
    )
}

fn said(path: &str, lines: &[&str]) -> Vec<String> {
    touched(&diff(path, lines), &[], |_| false)
        .iter()
        .map(|touched| format!("{}: {}", touched.what.words(), touched.text))
        .collect()
}

#[test]
fn tests_and_assertions_that_go_are_seen_in_the_languages_we_know() {
    for (path, lines, expected) in [
        (
            "src/a.rs",
            vec!["-    #[test]", "-    fn holds() {", "-        assert_eq!(1, f());", "-    }"],
            vec!["test removed: #[test]", "assertion removed: assert_eq!(1, f());"],
        ),
        (
            "tests/test_a.py",
            vec!["-def test_total():", "-    assert total() == 3"],
            vec!["test removed: def test_total():", "assertion removed: assert total() == 3"],
        ),
        (
            "web/a.test.ts",
            vec!["-  it('adds', () => {", "-    expect(add(1, 2)).toBe(3)"],
            vec!["test removed: it('adds', () => {", "assertion removed: expect(add(1, 2)).toBe(3)"],
        ),
        (
            "a_test.go",
            vec!["-func TestAdd(t *testing.T) {", "-\trequire.Equal(t, 3, Add(1, 2))"],
            vec!["test removed: func TestAdd(t *testing.T) {", "assertion removed: require.Equal(t, 3, Add(1, 2))"],
        ),
        (
            "tests/run.sh",
            vec!["-[ \"$(sh a.sh)\" = 3 ]", "-grep -q done log"],
            vec!["assertion removed: [ \"$(sh a.sh)\" = 3 ]", "assertion removed: grep -q done log"],
        ),
    ] {
        assert_eq!(said(path, &lines), expected, "{path}");
    }
}

#[test]
fn an_assertion_that_says_something_else_now_was_changed() {
    let lines = ["-    assert total() == 3", "+    assert total() is not None"];
    assert_eq!(said("tests/test_a.py", &lines), ["assertion changed: assert total() == 3"]);
}

#[test]
fn new_skips_are_seen_and_old_ones_are_not() {
    assert_eq!(said("src/a.rs", &["+    #[ignore = \"slow\"]"]), ["test skipped: #[ignore = \"slow\"]"]);
    assert_eq!(
        said("a.test.js", &["-it('x', f)", "+it.skip('x', f)"]).last().unwrap(),
        "test skipped: it.skip('x', f)"
    );
    assert_eq!(said("tests/run.sh", &["+cargo test || true"]), ["test skipped: cargo test || true"]);
    assert_eq!(said("src/a.rs", &["-    #[ignore]", "+  #[ignore]"]), [""; 0]);
    // Elsewhere such words are the program's own.
    assert_eq!(said("install.sh", &["+rm -f x || true", "+exit 0"]), [""; 0]);
}

#[test]
fn what_moved_or_was_formatted_anew_is_no_loss() {
    assert_eq!(said("tests/a.py", &["-    assert f() == 1", "+        assert f()  == 1"]), [""; 0]);
    let moved = format!("{}{}", diff("tests/a.py", &["-def test_x():"]), diff("tests/b.py", &["+def test_x():"]));
    assert_eq!(touched(&moved, &[], |_| false), []);
    let away = format!("{}{}", diff("tests/a.py", &["-def test_x():"]), diff("attic/a.txt", &["+def test_x():"]));
    assert_eq!(touched(&away, &[], |_| false).len(), 1);
}

#[test]
fn an_edited_file_that_a_gate_runs_is_named() {
    let gates = [
        "sh planned.sh".to_owned(),
        "cd web && sh -e ./check.sh".to_owned(),
        "CI=1 npm test".to_owned(),
        "grep -q x data.txt".to_owned(),
    ];
    let files = |path: &str| {
        touched(&diff(path, &["-a", "+b"]), &gates, |path| path == "planned.sh")
            .into_iter()
            .map(|t| t.text)
            .collect::<Vec<_>>()
    };
    assert_eq!(files("check.sh"), ["`cd web && sh -e ./check.sh` runs it"]);
    assert_eq!(files("package.json"), ["`CI=1 npm test` runs it"]);
    assert_eq!(files("other.sh"), [""; 0]);
    // What the plan names, or a gate only looks at, is the work itself.
    assert_eq!(files("planned.sh"), [""; 0]);
    assert_eq!(files("data.txt"), [""; 0]);
}

#[test]
fn content_that_looks_like_a_diff_is_content() {
    let lines = ["-diff --git a/x b/x", "+--- a/tests/y.py", "+@@ -1 +1 @@", "-    assert x"];
    let found = touched(&diff("tests/notes.py", &lines), &[], |_| false);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].file, "tests/notes.py");
}
