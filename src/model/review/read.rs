//! Reading verdicts out of an agent's words: prose around the JSON is tolerated, a guess is not.

use super::{Check, Criterion, Issue, Review, Severity};
use crate::model::spoken::objects_with;
use serde_json::{Map, Value};

/// What is kept of one review; a reviewer that says more says too much.
const MOST_ISSUES: usize = 50;
const MOST_CRITERIA: usize = 50;
/// Letters of one text in it.
const LONGEST: usize = 2_000;

/// The last object in the text that says whether it approves. Nothing where there is none.
pub fn parse_review(text: &str) -> Option<Review> {
    objects_with(text, "approved").last().map(|object| Review {
        approved: object.get("approved").and_then(yes_or_no),
        summary: words(object, &["summary"]),
        issues: list(object, "issues").take(MOST_ISSUES).filter_map(issue).collect(),
        criteria: list(object, "criteria").take(MOST_CRITERIA).filter_map(criterion).collect(),
    })
}

/// What a second look said about findings: their numbers, 1-based, with what became of them.
pub fn parse_findings(text: &str) -> Option<Vec<(usize, Check)>> {
    let object = objects_with(text, "findings").pop()?;
    let verdict = |value: &Value| {
        let number = value.get("number").and_then(number).filter(|number| *number > 0)?;
        let word = value.get("verdict").and_then(Value::as_str).unwrap_or_default();
        let check = match word.trim().to_ascii_lowercase().as_str() {
            "confirmed" | "confirmed_valid" => Check::Confirmed,
            "dismissed" | "dismissed_false_positive" => Check::Dismissed,
            _ => Check::Open,
        };
        Some((usize::try_from(number).ok()?, check))
    };
    let listed = object.get("findings")?.as_array()?;
    Some(listed.iter().take(MOST_ISSUES).filter_map(verdict).collect())
}

/// Whether somebody wrote it as a word: models do.
fn yes_or_no(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::String(word) => match word.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" => Some(true),
            "false" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The same for numbers.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn list<'v>(object: &'v Map<String, Value>, name: &str) -> impl Iterator<Item = &'v Value> {
    object.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// The first of several names under which there is a text.
fn words(object: &Map<String, Value>, names: &[&str]) -> String {
    let found = names.iter().find_map(|name| object.get(*name).and_then(Value::as_str));
    let text = found.unwrap_or_default().trim();
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} [cut here]", &text[..at]),
        None => text.to_owned(),
    }
}

fn issue(value: &Value) -> Option<Issue> {
    if let Value::String(text) = value {
        return Some(Issue { description: text.clone(), ..Issue::default() });
    }
    let object = value.as_object()?;
    let description = words(object, &["description", "title", "message"]);
    let line = object.get("line").and_then(number);
    (!description.is_empty()).then(|| Issue {
        severity: Severity::parse(&words(object, &["severity"])),
        file: words(object, &["file", "path"]),
        line: line.unwrap_or(0).min(i64::MAX as u64),
        description,
        evidence: words(object, &["evidence"]),
        suggestion: words(object, &["suggestion", "suggested_fix"]),
        check: Check::Open,
    })
}

fn criterion(value: &Value) -> Option<Criterion> {
    let object = value.as_object()?;
    let text = words(object, &["criterion", "description"]);
    let met = object.get("met").and_then(yes_or_no);
    (!text.is_empty()).then(|| Criterion { criterion: text, met, why: words(object, &["why", "reason"]) })
}
