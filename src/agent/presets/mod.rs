//! The records of agents that come with the program, one file each. A new one is a file here and a line in [`TABLE`].

use super::record::Record;
use crate::error::{Error, Result};

#[rustfmt::skip]
const TABLE: &[(&str, &str)] = &[
    ("aider", include_str!("aider.toml")),
    ("amp", include_str!("amp.toml")),
    ("anthropic-compatible", include_str!("anthropic-compatible.toml")),
    ("claude", include_str!("claude.toml")),
    ("claude-acp", include_str!("claude-acp.toml")),
    ("claude-print", include_str!("claude-print.toml")),
    ("codex", include_str!("codex.toml")),
    ("codex-acp", include_str!("codex-acp.toml")),
    ("codex-server", include_str!("codex-server.toml")),
    ("copilot", include_str!("copilot.toml")),
    ("copilot-acp", include_str!("copilot-acp.toml")),
    ("cursor-agent", include_str!("cursor-agent.toml")),
    ("droid", include_str!("droid.toml")),
    ("gemini", include_str!("gemini.toml")),
    ("gemini-acp", include_str!("gemini-acp.toml")),
    ("gemini-api", include_str!("gemini-api.toml")),
    ("goose", include_str!("goose.toml")),
    ("kimi", include_str!("kimi.toml")),
    ("ollama", include_str!("ollama.toml")),
    ("ollama-claude", include_str!("ollama-claude.toml")),
    ("ollama-codex", include_str!("ollama-codex.toml")),
    ("ollama-opencode", include_str!("ollama-opencode.toml")),
    ("openai-compatible", include_str!("openai-compatible.toml")),
    ("openai-compatible-codex", include_str!("openai-compatible-codex.toml")),
    ("openai-compatible-opencode", include_str!("openai-compatible-opencode.toml")),
    ("opencode", include_str!("opencode.toml")),
    ("opencode-acp", include_str!("opencode-acp.toml")),
    ("pi", include_str!("pi.toml")),
    ("qwen", include_str!("qwen.toml")),
    ("qwen-acp", include_str!("qwen-acp.toml")),
    ("runbook", include_str!("runbook.toml")),
    ("vibe", include_str!("vibe.toml")),
    ("vibe-acp", include_str!("vibe-acp.toml")),
];

pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

pub fn text_of(name: &str) -> Option<&'static str> {
    TABLE.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

pub fn parse(name: &str, text: &str) -> Result<Record> {
    crate::model::from_toml(text).map_err(|error| Error::failed(format!("the built-in record of {name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{Agent, Job, Launch, Permission, Visit};
    use crate::config::{Layer, Origin, Settings};
    use std::path::Path;

    fn settings(text: &str) -> Settings {
        Settings::new([Layer::parse(Origin::User("config".into()), text).unwrap()]).unwrap()
    }

    fn launch(agent: &Agent, permission: Permission, resume: Option<&str>) -> Result<Launch> {
        let folder = tempfile::tempdir().unwrap();
        let job = Job {
            prompt: "do it",
            worktree: Path::new("/w"),
            run_folder: folder.path(),
            task: "7kq2mabcde",
            title: "a title",
            resume,
            permission,
            scripts: &[],
            own_program: Path::new("/bin/aifactory"),
        };
        let visible = agent.environment();
        agent.launch(&job, &|name| visible.iter().any(|known| known == name).then(|| format!("value of {name}")))
    }

    #[test]
    fn every_built_in_record_resolves() {
        for name in names() {
            let own = settings(&format!("[agents.mine]\nbase = \"{name}\"\nendpoint = \"http://127.0.0.1:9/v1\"\n"));
            assert_eq!(Agent::find(name, &own, None).unwrap().name, name);
            let mut fullest = ["mine:small#high", "mine:small", "mine"].into_iter();
            let agent = fullest.find_map(|choice| Agent::find(choice, &own, None).ok()).unwrap();
            let known: Vec<_> = Permission::ALL
                .into_iter()
                .filter(|known| !agent.has_permissions() || agent.record.permission.contains_key(known.word()))
                .collect();
            assert!(known.contains(&Permission::Full), "{name} cannot do what steps ask for by default");
            for permission in known {
                let launched =
                    launch(&agent, permission, Some("s-1")).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(!launched.program.is_empty(), "{name}");
                for (variable, value) in &launched.set {
                    let is_json = value.starts_with('{') && value != "{";
                    assert!(!is_json || serde_json::from_str::<serde_json::Value>(value).is_ok(), "{name}: {variable}");
                }
            }
            let visit = Visit { conversation: Some("s-1"), permission: None, worktree: "/w", task: "t", title: "t" };
            agent
                .interactive(&visit, &|name| Some(format!("value of {name}")))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let record = &agent.record;
            let is_own = agent.reader.is_runbook();
            assert!(
                is_own || !record.about.is_empty() && !record.install.is_empty() && !record.login.is_empty(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_service_without_an_address_or_a_model_is_an_error_that_says_what_is_missing() {
        for (choice, missing) in [("openai-compatible-opencode:m", "{endpoint}"), ("ollama-opencode", "{model}")] {
            let agent = Agent::find(choice, &settings(""), None).unwrap();
            let error = launch(&agent, Permission::Full, None).unwrap_err();
            assert!(error.message().contains(&format!("asks for {missing}, which nobody set")), "{error}");
        }
    }

    #[test]
    fn a_key_is_passed_on_by_the_name_that_the_program_knows() {
        let own =
            settings("[agents.mine]\nbase = \"openai-compatible-opencode\"\nendpoint = \"http://127.0.0.1:9/v1\"\n");
        let agent = Agent::find("mine:small", &own, None).unwrap();
        let launched = launch(&agent, Permission::Edit, None).unwrap();
        let (_, content) = launched.set.iter().find(|(name, _)| name == "OPENCODE_CONFIG_CONTENT").unwrap();
        assert!(content.contains(r#""apiKey":"{env:OPENAI_API_KEY}""#), "{content}");
        assert!(launched.set.contains(&("OPENAI_API_KEY".into(), "value of OPENAI_API_KEY".into())));
    }
}
