//! Asking Claude Code and Codex who they are, before any conversation: what they answer costs no model call.

use crate::agent::catalog::{Catalog, Listed};
use crate::agent::event::AgentEvent;
use crate::agent::protocol::{Heard, Protocol, field};
use serde_json::{Value, json};

/// One question and its answer.
pub struct Greeting {
    question: Value,
    /// What of an answer is an error, and what fills the catalog.
    read: fn(&Value, &mut Catalog) -> Option<Result<(), String>>,
    catalog: Catalog,
    is_over: bool,
}

impl Greeting {
    fn new(question: Value, read: fn(&Value, &mut Catalog) -> Option<Result<(), String>>) -> Greeting {
        Greeting { question, read, catalog: Catalog::default(), is_over: false }
    }

    pub fn of_claude() -> Greeting {
        let question =
            json!({"type": "control_request", "request_id": "aifactory", "request": {"subtype": "initialize"}});
        Greeting::new(question, read_claude)
    }

    pub fn of_codex() -> Greeting {
        let client = json!({"name": "aifactory", "title": "aifactory", "version": "1"});
        Greeting::new(json!({"id": 1, "method": "initialize", "params": {"clientInfo": client}}), read_codex)
    }
}

fn read_claude(message: &Value, catalog: &mut Catalog) -> Option<Result<(), String>> {
    if field::text(message, &["type"]) != Some("control_response") {
        return None;
    }
    if let Some(error) = field::text(message, &["response", "error"]) {
        return Some(Err(error.to_owned()));
    }
    let answer = field::at(message, &["response", "response"])?;
    catalog.name = Some("Claude Code".to_owned());
    catalog.version = field::text(answer, &["claude_code_version"]).map(str::to_owned);
    catalog.models = field::list(answer, &["models"])
        .filter_map(|model| {
            let id = field::text(model, &["value"])?;
            Some(Listed::new(id, field::text(model, &["displayName"]).unwrap_or(id)))
        })
        .collect();
    // A key in the environment goes before a log-in; without either there is nobody to answer.
    let source = |key: &str| field::text(answer, &["account", key]).filter(|source| *source != "none");
    let login = source("apiKeySource").or(source("tokenSource")).or(field::text(answer, &["account", "email"]));
    Some(match login {
        Some(login) => {
            catalog.logins = vec![Listed::new(login, login)];
            Ok(())
        }
        None => Err("it is not logged in".to_owned()),
    })
}

fn read_codex(message: &Value, catalog: &mut Catalog) -> Option<Result<(), String>> {
    if field::number(message, &["id"]) != Some(1) {
        return None;
    }
    if let Some(error) = field::text(message, &["error", "message"]) {
        return Some(Err(error.to_owned()));
    }
    let agent = field::text(message, &["result", "userAgent"])?;
    catalog.name = Some("Codex".to_owned());
    // `aifactory/0.169.0 (Debian 12.0.0; x86_64) …`
    catalog.version = agent.split_once('/').and_then(|(_, rest)| rest.split_whitespace().next()).map(str::to_owned);
    Some(Ok(()))
}

impl Protocol for Greeting {
    fn begin(&mut self, heard: &mut Heard) {
        heard.send(&self.question);
    }

    fn read(&mut self, line: &str, heard: &mut Heard) {
        let Some(message) = heard.parse(line).filter(|_| !self.is_over) else { return };
        let Some(answer) = (self.read)(&message, &mut self.catalog) else { return };
        let (ok, text) = match answer {
            Ok(()) => (true, String::new()),
            Err(text) => (false, text),
        };
        heard.event(AgentEvent::Finished { ok, cause: None, text });
        heard.hang_up = true;
        self.is_over = true;
    }

    fn catalog(&self) -> Option<&Catalog> {
        Some(&self.catalog)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeted(mut greeting: Greeting, answer: &Value) -> (bool, String, Catalog) {
        let mut heard = Heard::default();
        greeting.begin(&mut heard);
        assert_eq!(heard.send.len(), 1);
        greeting.read("{\"type\":\"system\"}", &mut heard);
        greeting.read(&answer.to_string(), &mut heard);
        let Some(AgentEvent::Finished { ok, text, .. }) = heard.events.pop() else { panic!("{heard:?}") };
        (ok, text, greeting.catalog)
    }

    #[test]
    fn claude_says_which_models_it_has_and_how_it_is_logged_in() {
        let answer = |account: Value| {
            json!({"type": "control_response", "response": {"subtype": "success", "response": {
                "claude_code_version": "2.1.329", "account": account,
                "models": [{"value": "opus", "displayName": "Opus"}]}}})
        };
        let key = json!({"tokenSource": "none", "apiKeySource": "ANTHROPIC_API_KEY"});
        let (ok, _, catalog) = greeted(Greeting::of_claude(), &answer(key));
        assert!(ok);
        assert_eq!((catalog.version.as_deref(), catalog.models.len()), (Some("2.1.329"), 1));
        assert_eq!(catalog.logins[0].id, "ANTHROPIC_API_KEY");
        let (ok, text, _) =
            greeted(Greeting::of_claude(), &answer(json!({"tokenSource": "none", "apiKeySource": "none"})));
        assert_eq!((ok, text.as_str()), (false, "it is not logged in"));
    }

    #[test]
    fn codex_says_its_version() {
        let answer = json!({"id": 1, "result": {"userAgent": "aifactory/0.169.0 (Debian 12.0.0; x86_64) dumb"}});
        let (ok, _, catalog) = greeted(Greeting::of_codex(), &answer);
        assert_eq!((ok, catalog.version.as_deref()), (true, Some("0.169.0")));
    }
}
