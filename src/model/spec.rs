//! What can be read out of a spec: its acceptance criteria and its open questions. Any words are a spec; these are the
//! parts that others look for.

use super::plan::fence::{Fence, heading};

/// Something that has to be true when the task is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    pub text: String,
    /// A command that can tell whether it is.
    pub gate: Option<String>,
}

/// Something that only a person can decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenQuestion {
    pub text: String,
    pub choices: Vec<String>,
}

/// More are not asked at once.
pub const MOST_QUESTIONS: usize = 5;

/// The items below `## Acceptance criteria`.
pub fn criteria(spec: &str) -> Vec<Criterion> {
    let criterion = |item: Item<'_>| {
        let text = item.text.trim_start_matches("[ ]").trim_start_matches("[x]").trim();
        let (words, gate) = match text.rsplit_once("gate:") {
            Some((words, gate)) => (words, Some(gate.trim().trim_matches('`').to_owned())),
            None => (text, None),
        };
        let words = words.trim().trim_end_matches([';', ',', '(', '-', '—']).trim();
        Criterion { text: words.to_owned(), gate: gate.filter(|gate| !gate.is_empty()) }
    };
    items(spec, "acceptance criteria").into_iter().filter(|item| !item.is_sub).map(criterion).collect()
}

/// The items below `## Open questions`, each with the choices below it; at most [`MOST_QUESTIONS`].
pub fn open_questions(spec: &str) -> Vec<OpenQuestion> {
    let mut questions: Vec<OpenQuestion> = Vec::new();
    for item in items(spec, "open questions") {
        match questions.last_mut().filter(|_| item.is_sub) {
            Some(question) => question.choices.push(item.text.to_owned()),
            None if matches!(item.text.to_ascii_lowercase().trim_end_matches('.'), "none" | "no" | "n/a") => {}
            None => questions.push(OpenQuestion { text: item.text.to_owned(), choices: Vec::new() }),
        }
    }
    questions.truncate(MOST_QUESTIONS);
    questions
}

/// The spec without the questions that were answered, and with the answers where a reader looks for them. Whatever else
/// stands among the questions stays.
pub fn with_answers(spec: &str, answers: &[(String, String)]) -> String {
    let mut is_answered = false;
    let mut kept: Vec<(&str, bool)> = Vec::new();
    for (line, is_inside, is_code) in lines_with_section(spec, "open questions") {
        if is_inside && !is_code {
            match item(line) {
                Some(item) if !item.is_sub => is_answered = answers.iter().any(|(question, _)| question == item.text),
                Some(_) => {}
                None => is_answered = false,
            }
        }
        if !(is_inside && is_answered) {
            kept.push((line, is_inside));
        }
    }
    // A heading with nothing below it says nothing.
    let has_more =
        kept.iter().any(|(line, is_inside)| *is_inside && !line.trim().is_empty() && heading(line).is_none());
    let lines = kept.into_iter().filter(|(_, is_inside)| has_more || !is_inside);
    let mut text: String = lines.map(|(line, _)| format!("{line}\n")).collect();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str("\n## Decisions\n");
    for (question, answer) in answers {
        text.push_str(&format!("- {question} {answer}\n"));
    }
    text
}

struct Item<'t> {
    text: &'t str,
    is_sub: bool,
}

fn items<'t>(spec: &'t str, section: &str) -> Vec<Item<'t>> {
    let lines = lines_with_section(spec, section);
    lines.filter(|(_, is_inside, is_code)| *is_inside && !is_code).filter_map(|(line, ..)| item(line)).collect()
}

fn item(line: &str) -> Option<Item<'_>> {
    let text = line.trim_start();
    let marked = ["- ", "* ", "+ "].iter().find_map(|mark| text.strip_prefix(mark));
    let text = marked.map(str::trim).filter(|text| !text.is_empty())?;
    Some(Item { text, is_sub: line.len() - line.trim_start().len() >= 2 })
}

/// Every line, with whether it belongs to the section of this name, its heading included, and whether it is code.
fn lines_with_section<'t>(spec: &'t str, section: &str) -> impl Iterator<Item = (&'t str, bool, bool)> {
    let (mut fence, mut is_inside) = (None::<Fence<'_>>, false);
    let section = section.to_owned();
    spec.lines().map(move |line| {
        let was_open = fence.is_some();
        fence = match fence.take() {
            Some(open) => (!open.is_closed_by(line)).then_some(open),
            None => Fence::open(line),
        };
        if let (false, Some((_, title))) = (was_open, heading(line)) {
            is_inside = title.trim().eq_ignore_ascii_case(&section);
        }
        (line, is_inside, was_open || fence.is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = "\
## Overview
Greets.

## Acceptance criteria
- [ ] greets by name; gate: `sh t.sh`
- [x] is polite
  - a note

```
## Open questions
- not one
```

## Open questions
- Which language?
  - English
  - German
- How loud?
- none

## Edge cases
- nobody
";

    #[test]
    fn criteria_come_with_their_gates() {
        let criterion = |text: &str, gate: Option<&str>| Criterion { text: text.into(), gate: gate.map(str::to_owned) };
        assert_eq!(criteria(SPEC), [criterion("greets by name", Some("sh t.sh")), criterion("is polite", None)]);
    }

    #[test]
    fn questions_come_with_their_choices() {
        let questions = open_questions(SPEC);
        assert_eq!(questions.len(), 2);
        assert_eq!(questions[0].choices, ["English", "German"]);
        assert_eq!(questions[1].text, "How loud?");
    }

    #[test]
    fn answers_take_the_place_of_questions() {
        let text = with_answers(SPEC, &[("Which language?".into(), "German".into())]);
        let left: Vec<String> = open_questions(&text).into_iter().map(|question| question.text).collect();
        assert_eq!(left, ["How loud?"]);
        let text = with_answers(&text, &[("How loud?".into(), "not at all".into())]);
        assert!(open_questions(&text).is_empty());
        assert!(text.ends_with("- Which language? German\n\n## Decisions\n- How loud? not at all\n"), "{text}");
        assert!(text.contains("- not one"));
    }
}
