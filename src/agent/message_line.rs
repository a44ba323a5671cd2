//! The lines of the reference systems: JSON in an agent's text that is meant for somebody.
//!
//! `{"type":"message","to":"reviewer","content":"…","message_type":"info"}`,
//! `{"type":"clarification_needed","question":"…"}` and
//! `{"type":"handoff_output","output_type":"general","content":"…","summary":"…"}`: as the whole text, also in a block of
//! code, or as the last line of it. Keys come in any order and texts may hold quotes. What is quoted in the middle of a
//! text, or still says `...` where the words should be, is talk about the protocol.

use super::event::AgentEvent;
use super::protocol::field;
use crate::model::handoff::Handoff;
use serde_json::Value;

pub fn message_in(event: &AgentEvent) -> Option<AgentEvent> {
    let AgentEvent::Text { text } = event else { return None };
    let line = object(unfenced(text.trim())).or_else(|| object(last_line(text)?))?;
    let filled = |name: &str| field::text(&line, &[name]).map(str::trim).filter(|text| !is_placeholder(text));
    match field::text(&line, &["type"])? {
        "message" => message(&line, filled("content")?),
        "clarification_needed" => {
            Some(AgentEvent::Question { text: filled("question")?.to_owned(), choices: choices(&line) })
        }
        "handoff_output" => {
            filled("content").or_else(|| filled("summary"))?;
            let text = Handoff::parse(&line.to_string())?.to_text();
            let to = field::text(&line, &["to"]).map(str::to_owned);
            Some(AgentEvent::Message { to, kind: Some("handoff".to_owned()), reply_to: None, text })
        }
        _ => None,
    }
}

fn message(line: &Value, content: &str) -> Option<AgentEvent> {
    let word = |name: &str| field::text(line, &[name]).map(str::to_owned);
    let (to, kind, reply_to) = (word("to"), word("message_type"), word("reply_to"));
    let for_people = matches!(to.as_deref(), None | Some("" | "human" | "user" | "person" | "people"));
    Some(match kind.as_deref() {
        // A question to another agent is a message; only one to a person makes the task wait.
        Some("question") if for_people => AgentEvent::Question { text: content.to_owned(), choices: choices(line) },
        _ => AgentEvent::Message { to, kind, reply_to, text: content.to_owned() },
    })
}

fn choices(line: &Value) -> Vec<String> {
    field::list(line, &["choices"]).filter_map(Value::as_str).map(str::to_owned).collect()
}

fn object(text: &str) -> Option<Value> {
    let text = text.trim();
    // Most texts are no JSON at all, and are not parsed.
    let is_like_one = text.starts_with('{') && text.ends_with('}') && text.contains("\"type\"");
    is_like_one.then(|| serde_json::from_str(text).ok()).flatten()
}

fn unfenced(text: &str) -> &str {
    text.strip_prefix("```json").or_else(|| text.strip_prefix("```")).unwrap_or(text).trim_matches('`')
}

/// The last line, unless it stands in a block of code.
fn last_line(text: &str) -> Option<&str> {
    let text = text.trim_end();
    let (above, last) = text.rsplit_once('\n')?;
    let marks = above.lines().filter(|line| line.trim_start().starts_with("```")).count();
    marks.is_multiple_of(2).then_some(last)
}

/// `...`, `…`, `<your question>`
fn is_placeholder(text: &str) -> bool {
    let is_bracketed = text.starts_with('<') && text.ends_with('>') && !text[1..text.len() - 1].contains(['<', '>']);
    text.is_empty() || is_bracketed || text.chars().all(|c| matches!(c, '.' | '…'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Option<AgentEvent> {
        message_in(&AgentEvent::text(text))
    }

    fn question(text: &str) -> Option<AgentEvent> {
        Some(AgentEvent::Question { text: text.into(), choices: Vec::new() })
    }

    #[test]
    fn only_a_text_that_is_or_ends_with_a_message_is_one() {
        let line = r#"{"type":"message","to":"reviewer","content":"look at a.rs","message_type":"handoff"}"#;
        let expected = AgentEvent::Message {
            to: Some("reviewer".into()),
            kind: Some("handoff".into()),
            reply_to: None,
            text: "look at a.rs".into(),
        };
        assert_eq!(message(line), Some(expected.clone()));
        assert_eq!(message(&format!("```json\n{line}\n```")), Some(expected.clone()));
        assert_eq!(message(&format!("I am done.\n\n{line}\n")), Some(expected));
        assert_eq!(message(&format!("I send {line}")), None);
        assert_eq!(message(&format!("{line}\nis how one asks")), None);
        assert_eq!(message(&format!("One writes:\n```\n{line}")), None);
        assert_eq!(message(r#"{"type":"message","role":"assistant"}"#), None);
    }

    #[test]
    fn a_question_to_another_agent_does_not_stop_the_task() {
        let line = r#"{"type":"message","to":"coder","content":"why?","message_type":"question"}"#;
        assert!(matches!(message(line), Some(AgentEvent::Message { .. })));
    }

    #[test]
    fn a_clarification_may_hold_quotes_and_its_keys_may_stand_in_any_order() {
        assert_eq!(
            message(r#"{"type": "clarification_needed", "question": "Is \"a}\" meant?"}"#),
            question("Is \"a}\" meant?")
        );
        assert_eq!(message(r#"{"question":"Which?","type":"clarification_needed"}"#), question("Which?"));
        let with_choices = r#"{"type":"clarification_needed","question":"Which?","choices":["a","b"]}"#;
        let expected = AgentEvent::Question { text: "Which?".into(), choices: vec!["a".into(), "b".into()] };
        assert_eq!(message(&format!("I cannot go on.\n{with_choices}")), Some(expected));
    }

    #[test]
    fn an_echo_of_the_protocol_is_no_question() {
        for echo in ["...", "…", "", "<your question>"] {
            let line = format!(r#"{{"type": "clarification_needed", "question": "{echo}"}}"#);
            assert_eq!(message(&line), None, "{echo}");
        }
        let line = r#"{"type": "clarification_needed", "question": "Which?"}"#;
        assert_eq!(message(&format!("If something is unclear I print `{line}`")), None);
        assert_eq!(message(&format!("If something is unclear I print\n```\n{line}\n```\nand end.")), None);
    }

    #[test]
    fn a_handoff_line_is_a_message_of_its_sections() {
        let line = r#"{"type":"handoff_output","output_type":"general","content":"All of it.","summary":"Did it."}"#;
        let expected = AgentEvent::Message {
            to: None,
            kind: Some("handoff".into()),
            reply_to: None,
            text: "## Summary\n\nDid it.\n\nAll of it.\n".into(),
        };
        assert_eq!(message(line), Some(expected));
        assert_eq!(message(r#"{"type":"handoff_output","content":"...","summary":"..."}"#), None);
    }
}
