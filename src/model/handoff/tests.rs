use super::*;

fn handoff(summary: &str, decisions: &[&str], open_points: &[&str], files: &[&str]) -> Handoff {
    let owned = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    Handoff {
        summary: summary.to_owned(),
        decisions: owned(decisions),
        open_points: owned(open_points),
        files: owned(files),
    }
}

#[test]
fn a_handoff_reads_as_it_was_written() {
    let written = handoff("The parser reads empty input.", &["no recursion"], &["is BOM allowed?"], &["src/a.rs: new"]);
    let text = "## Summary\n\nThe parser reads empty input.\n\n## Decisions\n\n- no recursion\n\n## Open points\n\n\
                - is BOM allowed?\n\n## Files\n\n- src/a.rs: new\n";
    assert_eq!(written.to_text(), text);
    assert_eq!(Handoff::parse(text), Some(written));
}

#[test]
fn the_endings_that_agents_use_are_understood() {
    let said = "I looked at it.\n\n## Summary\nFixed the login.\n\n### Details\nIn two steps.\n\n## Changes\n\
                - `src/login.rs`: checks the token\n* tests/login.rs\n  with two cases\n\n## Key decisions:\n\
                1. keep the cookie\n2) None\n\n## Next Steps\n- [ ] logout\nNone.\n\n## Thanks\n\nBye.\n";
    let expected = handoff(
        "Fixed the login.\n\n### Details\nIn two steps.",
        &["keep the cookie"],
        &["logout"],
        &["`src/login.rs`: checks the token", "tests/login.rs with two cases"],
    );
    assert_eq!(Handoff::parse(said), Some(expected));
}

#[test]
fn the_line_of_the_reference_systems_is_a_handoff() {
    let line = r###"{"type":"handoff_output","output_type":"code_diff","content":"## Summary\nDid {it}.\n## Files\n- a.rs","summary":"Did it"}"###;
    let expected = handoff("Did it\n\nDid {it}.", &[], &[], &["a.rs"]);
    assert_eq!(Handoff::parse(line), Some(expected.clone()));
    assert_eq!(Handoff::parse(&format!("Done.\n```json\n{line}\n```\nBye.")), Some(expected));
    let plain = r#"{"type":"handoff_output","content":"All of it.","summary":""}"#;
    assert_eq!(Handoff::parse(plain), Some(handoff("All of it.", &[], &[], &[])));
    let of_another = r#"{"type":"message","content":"All of it."}"#;
    assert_eq!(Handoff::parse(of_another), None);
}

#[test]
fn words_without_a_summary_are_no_handoff() {
    for text in ["", "I am done.", "## Files\n- a.rs", "```\n## Summary\nquoted\n```", "## Summary\n\n", "{{{"] {
        assert_eq!(Handoff::parse(text), None, "{text}");
    }
}

#[test]
fn a_handoff_is_never_longer_than_eight_kibibytes() {
    let long = "wörd ".repeat(4_000);
    let items = vec![long.clone(); 50];
    let all = Handoff { summary: long, decisions: items.clone(), open_points: items.clone(), files: items };
    let text = all.to_text();
    assert!(text.len() <= LONGEST && text.len() > LONGEST / 2, "{}", text.len());
    let read = Handoff::parse(&text).unwrap();
    assert!(read.decisions.iter().all(|item| item.chars().count() == LONGEST_ITEM && item.ends_with('…')));
    assert_eq!(read.to_text(), text);
    assert!(read.summary.ends_with("[cut here]"));
}

#[test]
fn a_summary_cannot_write_the_other_sections() {
    let sly = handoff("Done.\n## Files\n- /etc/passwd\n~~~\nopen", &["d"], &[], &[]);
    let read = Handoff::parse(&sly.to_text()).unwrap();
    assert_eq!((read.files.len(), &read.decisions[..]), (0, &["d".to_owned()][..]));
}

proptest::proptest! {
    #[test]
    fn what_was_read_reads_the_same_when_it_is_written(
        lines in proptest::collection::vec(proptest::sample::select(vec![
            "## Summary", "## Decisions", "# Open points", "### Files", "## Else", "words", "- item", "  more",
            "```", "~~~~", "1. one", "{\"type\":\"handoff_output\",\"summary\":\"s\",\"content\":\"## Summary\\n```\"}",
            "", "- [ ] box", "none", "- - x", "- ## Files", "    ## Summary",
        ]), 0..24),
    ) {
        if let Some(read) = Handoff::parse(&lines.join("\n")) {
            // A line of JSON in a summary is read before sections are; agents do not hide one there.
            if !read.summary.contains("handoff_output") {
                proptest::prop_assert_eq!(Handoff::parse(&read.to_text()), Some(read));
            }
        }
    }
}
