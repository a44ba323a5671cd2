use super::*;
use proptest::prelude::*;

const PLAN: &str = "# Plan\n\nWords.\n\n### S1: one\n- files: a\n\nDo a.\n\n### S2: two\n- files: b\n\nDo b.\n";

/// Edits by the texts they go from and to; each gets the number of its place as id.
fn replayed(edits: &[(&str, &str)]) -> Replayed {
    let digest = |text: &str| (!text.is_empty()).then(|| Digest::of(text));
    let owned: Vec<_> = edits
        .iter()
        .enumerate()
        .map(|(n, (from, to))| {
            (EventId::from_name(&n.to_string()), digest(from), Digest::of(to), unified_diff(from, to))
        })
        .collect();
    let edits: Vec<TextEdit<'_>> = owned
        .iter()
        .map(|(id, from, to, diff)| TextEdit { id, from: from.as_ref(), to, diff, only_seen: false })
        .collect();
    replay(&edits, &|_| None)
}

fn with(from: &str, to: &str) -> String {
    assert!(PLAN.contains(from));
    PLAN.replace(from, to)
}

#[test]
fn changes_of_different_sections_both_go_in() {
    let (one, two) = (with("Do a.", "Do a well."), with("Do b.", "Do b well."));
    let done = replayed(&[("", PLAN), (PLAN, &one), (PLAN, &two)]);
    assert_eq!(done.text, PLAN.replace("Do a.", "Do a well.").replace("Do b.", "Do b well."));
    assert_eq!(done.clashes, []);
}

#[test]
fn changes_of_different_paragraphs_of_a_section_both_go_in() {
    let one = with("- files: a\n", "- files: a, c\n");
    let two = with("Do a.\n", "Do a.\n\nAnd more.\n");
    let done = replayed(&[("", PLAN), (PLAN, &one), (PLAN, &two)]);
    assert!(done.text.contains("a, c\n\nDo a.\n\nAnd more.\n"), "{}", done.text);
}

#[test]
fn of_two_changes_of_one_paragraph_the_later_stands_and_the_other_is_kept() {
    let (one, two) = (with("Do a.", "Do a now."), with("Do a.", "Do a later."));
    let done = replayed(&[("", PLAN), (PLAN, &one), (PLAN, &two)]);
    assert_eq!(done.text, two);
    let [clash] = done.clashes.as_slice() else { panic!("{:?}", done.clashes) };
    assert_eq!((clash.section.as_str(), clash.kept.as_str(), clash.lost.as_str()), ("### S1: one", "2", "1"));
    assert!(clash.text.contains("Do a now."));
}

#[test]
fn a_conflict_stays_when_somebody_goes_on_from_what_stands() {
    let (one, two) = (with("Do a.", "Do a now."), with("Do a.", "Do a later."));
    let three = two.replace("Do b.", "Do b well.");
    let done = replayed(&[("", PLAN), (PLAN, &one), (PLAN, &two), (&two, &three)]);
    assert_eq!((done.text, done.clashes.len()), (three, 1));
}

#[test]
fn a_section_that_one_removed_and_another_changed_stays_and_somebody_is_told() {
    let gone = with("### S1: one\n- files: a\n\nDo a.\n\n", "");
    let changed = with("Do a.", "Do a well.");
    for edits in
        [[("", PLAN), (PLAN, gone.as_str()), (PLAN, changed.as_str())], [("", PLAN), (PLAN, &changed), (PLAN, &gone)]]
    {
        let done = replayed(&edits);
        assert_eq!(done.text, changed);
        assert_eq!(done.clashes.len(), 1);
    }
}

#[test]
fn sections_added_at_one_place_both_stay_and_an_order_is_followed() {
    let three = format!("{PLAN}\n### S3: three\n\nDo c.\n");
    let four = format!("{PLAN}\n### S4: four\n\nDo d.\n");
    let done = replayed(&[("", PLAN), (PLAN, &three), (PLAN, &four)]);
    assert!(done.text.contains("Do c.") && done.text.contains("Do d."));
    assert_eq!(done.clashes, []);

    let (head, steps) = PLAN.split_once("### S1").unwrap();
    let (first, second) = steps.split_once("### S2").unwrap();
    let turned = format!("{head}### S2{second}### S1{first}");
    let done = replayed(&[("", PLAN), (PLAN, &with("Do b.", "Do b well.")), (PLAN, &turned)]);
    assert!(done.text.find("S2: two") < done.text.find("S1: one"), "{}", done.text);
    assert!(done.text.contains("Do b well."));
}

#[test]
fn a_heading_in_a_code_block_is_no_section() {
    let text = "# A\n```sh run\n# not a heading\necho\n```\n# B\n";
    assert_eq!(Sections::of(text).keys().count(), 2);
}

#[test]
fn a_version_that_nobody_has_changes_nothing_and_is_named() {
    let (id, lost) = (EventId::from_name("x"), Digest::of("somewhere else"));
    let edit = TextEdit { id: &id, from: None, to: &lost, diff: "left out", only_seen: false };
    let done = replay(&[edit], &|_| None);
    assert_eq!((done.text.as_str(), done.unknown), ("", vec![id.clone()]));
    let done = replay(&[edit], &|digest| (*digest == lost).then(|| "somewhere else".to_owned()));
    assert_eq!(done.text, "somewhere else");
}

#[test]
fn large_texts_are_compared_in_bounded_work() {
    let line = |seed: usize| (0..40_000).map(|n| format!("{}\n", n * seed % 7919)).collect::<String>();
    let (old, new) = (line(3), line(5));
    let diff = unified_diff(&old, &new);
    assert_eq!(apply(&old, &diff).unwrap(), new);
}

fn any_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("# A\n".to_owned()),
        Just("## B\n".to_owned()),
        Just("```\n".to_owned()),
        Just("\n".to_owned()),
        "[a-c \r]{0,3}\n",
        "[a-cé]{0,3}",
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn a_diff_can_be_applied_and_turned_around(old in any_text(), new in any_text()) {
        let diff = unified_diff(&old, &new);
        let (applied, reverted) = (apply(&old, &diff), revert(&new, &diff));
        prop_assert_eq!(applied.as_ref(), Some(&new));
        prop_assert_eq!(reverted.as_ref(), Some(&old));
    }

    #[test]
    fn garbage_is_no_diff(old in any_text(), diff in "[-+ @\\\\0-9,a\n]{0,40}") {
        let _ = (apply(&old, &diff), revert(&old, &diff));
    }

    #[test]
    fn one_line_of_versions_gives_the_last(texts in prop::collection::vec(any_text(), 1..6)) {
        let texts: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        let mut last = "";
        let edits: Vec<(&str, &str)> = texts.iter().map(|text| (std::mem::replace(&mut last, text), text.as_str())).collect();
        prop_assert_eq!(replayed(&edits).text, last);
    }

    /// Every line that somebody wrote is in the text or in what is kept of a conflict.
    #[test]
    fn nothing_that_was_written_vanishes(base in any_text(), words in prop::collection::vec((any_text(), "[x-z]{4}"), 1..4)) {
        let base = format!("{base}\n# end\n");
        let edits: Vec<String> = words.iter().enumerate().map(|(n, (text, word))| {
            let at = base.char_indices().map(|(at, _)| at).filter(|at| *at == 0 || base.as_bytes()[at - 1] == b'\n').nth(text.len() % 5).unwrap_or(0);
            format!("{}{word}{n}\n{}", &base[..at], &base[at..])
        }).collect();
        let mut all = vec![("", base.as_str())];
        all.extend(edits.iter().map(|edit| (base.as_str(), edit.as_str())));
        let done = replayed(&all);
        for (n, (_, word)) in words.iter().enumerate() {
            let line = format!("{word}{n}");
            let found = done.text.contains(&line) || done.clashes.iter().any(|clash| clash.text.contains(&line));
            prop_assert!(found, "{} is gone: {:?}", line, done);
        }
    }
}
