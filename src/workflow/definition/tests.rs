use super::*;

fn said(text: &str) -> String {
    let checked = Workflow::parse("x", text, "x.toml").and_then(|workflow| workflow.check(&Library::built_in()));
    match checked {
        Ok(()) => "fine".to_owned(),
        Err(error) => format!("{} | {}", error.full_text(), error.hints().join(" | ")),
    }
}

#[test]
fn mistakes_are_named_with_their_place_and_a_way_out() {
    for (text, expected) in [
        ("a = 1", "line 1, column 1: unknown field `a`, expected one of `description`, `max_iterations`, `phases` | "),
        ("description = \"a\nb\"", "line 2, column 3: key with no value, expected `=` | "),
        ("description = \"empty\"", "it has no phases | begin one with [[phases]]"),
        ("[[phases]]\n\n[[phases]]\nagnet = \"coder\"", "line 4, column 1: unknown field `agnet`, expected one of"),
        (
            "[[phases]]\ngates = true\n[[phases]]\nname = \"y\"",
            "line 3: `y` does not say what is done, or says it twice",
        ),
        (
            "[[phases]]\nagent = \"coder\"\n\n# again\n[[phases]]\nagent = \"coder\"",
            "line 5: two phases are called `coder`; the other is on line 1 | give one of them a name of its own",
        ),
        ("[[phases]]\nname = \"a b\"\ngates = true", "line 1: `a b` is no name for a phase | letters, digits, - and _"),
        ("[[phases]]\nagent = \"codr\"", "line 1: `codr` has no role: there is no role called `codr` | perhaps coder"),
        (
            "[[phases]]\ngates = true\n[[phases]]\nagent = \"coder\"\ninput = \"verfy\"",
            "line 3: `coder` speaks of `verfy`, which no phase leaves | perhaps verify",
        ),
        (
            "[[phases]]\nagent = \"coder\"\ncondition = \"has_issues\"",
            "line 1: `coder` depends on a review, and no phase before it makes one | put a phase with agent = ",
        ),
        (
            "[[phases]]\nagent = \"coder\"\ncondition = \"gates_failed\"",
            "line 1: `coder` depends on gates, and no phase before it runs them | put a phase with gates = true before it",
        ),
        (
            "[[phases]]\nagent = \"coder\"\nprompt_template = \"\"\"\nDo\n{{titl}}\"\"\"",
            "the prompt of coder in the workflow x:2: nothing is called `titl` here | perhaps {{title}}",
        ),
    ] {
        let said = said(text);
        assert!(said.contains(expected), "{said}\n{expected}");
    }
}

#[test]
fn a_loop_leads_back_under_a_condition_and_ends() {
    let with = |lines: &str| said(&format!("[[phases]]\ngates = true\n[[phases]]\nagent = \"coder\"\n{lines}"));
    let condition = "condition = \"gates_failed\"\n";
    assert_eq!(with(&format!("{condition}loop_to = \"verify\"")), "fine");
    assert_eq!(with(&format!("{condition}loop_to = \"1\"")), "fine");
    let begin = "the workflow x (x.toml): line 3:";
    for (lines, expected) in [
        ("loop_to = \"verfy\"", "`coder` loops to `verfy`, which there is not | perhaps verify"),
        ("loop_to = \"coder\"", "`coder` loops to `coder`, which does not come before it | a loop leads back"),
        (
            "loop_to = \"verify\"",
            "`coder` always loops to `verify`, so the work never ends | say when: condition = \"has_issues\"",
        ),
        ("max_iterations = 0", "max_iterations of `coder` is 0 | 1 to 50"),
        ("max_iterations = 1000000", "max_iterations of `coder` is 1000000 | 1 to 50"),
    ] {
        assert_eq!(with(lines), format!("{begin} {expected}"));
    }
}

#[test]
fn texts_made_to_be_slow_or_deep_are_refused_or_read() {
    for text in [
        "[[phases]]\ngates = true\n".repeat(10_000),
        format!("x = {}", "[".repeat(100_000)),
        format!("[[phases]]\ninput = [{}]\ngates = true", "\"a\",".repeat(50_000)),
    ] {
        let _ = said(&text);
    }
}
