//! The message line of the reference systems: an agent's whole text is one JSON object that is meant for somebody.

use super::event::AgentEvent;
use super::protocol::field;
use serde_json::Value;

/// `{"type":"message","to":"reviewer","content":"…","message_type":"info"}`, alone or in a code fence.
pub fn message_in(event: &AgentEvent) -> Option<AgentEvent> {
    let AgentEvent::Text { text } = event else { return None };
    let text = text.trim().trim_start_matches("```json").trim_matches('`').trim();
    if !text.starts_with('{') || !text.ends_with('}') {
        return None;
    }
    let line: Value = serde_json::from_str(text).ok()?;
    if field::text(&line, &["type"]) != Some("message") {
        return None;
    }
    let content = field::text(&line, &["content"])?.to_owned();
    let to = field::text(&line, &["to"]).map(str::to_owned);
    let kind = field::text(&line, &["message_type"]).map(str::to_owned);
    let for_people = matches!(to.as_deref(), None | Some("" | "human" | "user" | "person" | "people"));
    Some(match kind.as_deref() {
        // A question to another agent is a message; only one to a person makes the task wait.
        Some("question") if for_people => AgentEvent::Question { text: content, choices: Vec::new() },
        _ => AgentEvent::Message { to, kind, text: content },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Option<AgentEvent> {
        message_in(&AgentEvent::text(text))
    }

    #[test]
    fn only_a_text_that_is_a_message_as_a_whole_is_one() {
        let line = r#"{"type":"message","to":"reviewer","content":"look at a.rs","message_type":"handoff"}"#;
        let expected = AgentEvent::Message {
            to: Some("reviewer".into()),
            kind: Some("handoff".into()),
            text: "look at a.rs".into(),
        };
        assert_eq!(message(line), Some(expected.clone()));
        assert_eq!(message(&format!("```json\n{line}\n```")), Some(expected));
        assert_eq!(message(&format!("I send {line}")), None);
        assert_eq!(message(r#"{"type":"message","role":"assistant"}"#), None);
    }

    #[test]
    fn a_question_to_another_agent_does_not_stop_the_task() {
        let line = r#"{"type":"message","to":"coder","content":"why?","message_type":"question"}"#;
        assert!(matches!(message(line), Some(AgentEvent::Message { .. })));
    }
}
