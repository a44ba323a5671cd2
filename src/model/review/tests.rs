use super::*;

fn issue(severity: Severity, description: &str) -> Issue {
    Issue { severity, file: "a.rs".into(), description: description.into(), ..Issue::default() }
}

#[test]
fn a_verdict_is_found_in_whatever_is_said_around_it() {
    let object = r#"{"approved": false, "summary": "{nearly}", "issues": [{"severity": "Critical", "file": "a.rs",
        "line": "7", "description": "it {panics}", "suggested_fix": "check first"}, "and a word"],
        "criteria": [{"criterion": "greets", "met": "yes"}, {"criterion": "fast", "met": null}]}"#;
    for text in [
        object.to_owned(),
        format!("Let me look. {{not json}} Then:\n```json\n{object}\n```\nThat is all {{ of it."),
        format!("An example would be {{\"approved\": true}}, but:\n{object}"),
    ] {
        let review = parse_review(&text).unwrap();
        assert_eq!(review.approved, Some(false), "{text}");
        assert_eq!(review.issues[0].severity, Severity::Blocker);
        assert_eq!(review.issues[0].place(), "a.rs:7");
        assert_eq!(review.issues[1].severity, Severity::Minor);
        assert_eq!(review.criteria.iter().map(|c| c.met).collect::<Vec<_>>(), [Some(true), None]);
        assert_eq!(review.in_short(), "asks for changes: 1 blocker, 1 minor");
    }
}

#[test]
fn words_without_a_verdict_are_none() {
    for text in
        ["", "no issues found", "looks good to me, approved!", "{\"issues\": []}", "{\"approved\"", "```json\n```"]
    {
        assert_eq!(parse_review(text), None, "{text}");
    }
    // A verdict that says nothing is unknown, never a pass.
    let unclear = parse_review(r#"{"approved": "perhaps"}"#).unwrap();
    assert!(!unclear.lets_pass() && !unclear.asks_for_changes());
    assert_eq!(unclear.in_short(), "no verdict");
}

#[test]
fn what_lets_work_pass_is_a_yes_without_serious_findings_or_a_no_whose_reasons_fell() {
    let dismissed = |severity| Issue { check: Check::Dismissed, ..issue(severity, "x") };
    let review = |approved, issues: Vec<Issue>| Review { approved, issues, ..Review::default() };
    for (review, passes, changes) in [
        (review(Some(true), vec![]), true, false),
        (review(Some(true), vec![issue(Severity::Nit, "x")]), true, false),
        (review(Some(true), vec![issue(Severity::Major, "x")]), false, true),
        (review(Some(true), vec![dismissed(Severity::Major)]), true, false),
        (review(Some(false), vec![]), false, true),
        (review(Some(false), vec![issue(Severity::Nit, "x")]), false, true),
        (review(Some(false), vec![dismissed(Severity::Blocker)]), true, false),
        (review(Some(false), vec![dismissed(Severity::Blocker), issue(Severity::Major, "y")]), false, true),
        (review(None, vec![]), false, false),
        (review(None, vec![issue(Severity::Blocker, "x")]), false, false),
    ] {
        assert_eq!((review.lets_pass(), review.asks_for_changes()), (passes, changes), "{review:?}");
    }
}

#[test]
fn a_second_look_is_read_by_number() {
    let text = r#"So: {"findings": [{"number": 1, "verdict": "confirmed"}, {"number": 2, "verdict": "dismissed"},
        {"number": 3, "verdict": "hm"}, {"verdict": "confirmed"}, {"number": "4", "verdict": " Dismissed"},
        {"number": "0", "verdict": "confirmed"}]}"#;
    let expected = vec![(1, Check::Confirmed), (2, Check::Dismissed), (3, Check::Open), (4, Check::Dismissed)];
    assert_eq!(parse_findings(text), Some(expected));
    assert_eq!(parse_findings("all confirmed"), None);
}

#[test]
fn an_issue_is_recognised_in_other_words_and_lines() {
    let first = issue(Severity::Major, "The parser panics on empty input lines");
    let again = Issue { line: 40, ..issue(Severity::Blocker, "parser still panics on empty input") };
    assert!(first.is_like(&again));
    assert!(!first.is_like(&issue(Severity::Major, "The help text misses an example")));
    assert!(!first.is_like(&Issue { file: "b.rs".into(), ..again }));
}

#[test]
fn a_review_reads_well() {
    let review = Review {
        approved: Some(false),
        summary: "Close.".into(),
        issues: vec![Issue {
            line: 3,
            evidence: "x[0]\ny".into(),
            suggestion: "ask first".into(),
            check: Check::Confirmed,
            ..issue(Severity::Blocker, "it panics")
        }],
        criteria: vec![Criterion { criterion: "greets".into(), met: Some(false), why: "says bye".into() }],
    };
    let text = "asks for changes: 1 blocker\n\nClose.\n\n1. blocker, confirmed a.rs:3: it panics\n   evidence: x[0]\n   y\n   \
                suggestion: ask first\n\nCriteria:\n- not met: greets (says bye)\n";
    assert_eq!(review.to_text(), text);
}
