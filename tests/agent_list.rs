//! What is said about agents: which there are, how they are run, and what they answer when they are greeted.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::Sandbox;
use snapbox::str;
use std::fs;

/// A program that is greeted as Claude Code is, and answers with `account`.
fn greeted(account: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let answer = format!(
        r#"{{"type":"control_response","response":{{"subtype":"success","response":{{"claude_code_version":"9.9.9","models":[{{"value":"big","displayName":"Big"}}],"account":{account}}}}}}}"#
    );
    let script = format!(
        "if [ \"$1\" = --version ]; then echo '9.9.9 (a stand-in)'; exit; fi\nread -r greeting\necho '{answer}'\nsleep 600"
    );
    let path = sandbox.script("stand-in", &script);
    let folder = sandbox.root().join("home/config/aifactory");
    fs::create_dir_all(&folder).unwrap();
    let own = format!("[agents.mine]\nbase = \"claude\"\ncommand = \"{path}\"\nabout = \"a stand-in\"\n");
    fs::write(folder.join("config.toml"), own).unwrap();
    sandbox.with("AIFACTORY_AGENT_DEFAULT", "mine")
}

#[test]
fn doctor_greets_the_agents_that_would_be_started() {
    let sandbox = greeted(r#"{"apiKeySource":"ANTHROPIC_API_KEY"}"#);
    let findings = sandbox.ok(&["doctor"]);
    assert!(findings.contains("greeting     mine answers"), "{findings}");
    assert!(findings.contains("mine 9.9.9, which is not the version that was tested"), "{findings}");
}

#[test]
fn an_agent_that_is_not_logged_in_is_bad_and_the_hint_says_how() {
    let sandbox = greeted(r#"{"apiKeySource":"none","tokenSource":"none"}"#);
    let findings = sandbox.fails(&["doctor"], 1).stdout;
    assert!(findings.contains("greeting     mine: it is not logged in\n      hint: claude auth login"), "{findings}");
}

#[test]
fn one_agent_is_shown_with_all_that_is_known_of_it() {
    let sandbox = greeted(r#"{"apiKeySource":"ANTHROPIC_API_KEY"}"#);
    let shown = sandbox.ok(&["agents", "mine"]);
    for line in ["mine  a stand-in", "permissions  read-only, edit, full", "greeting     answered", "models       big"]
    {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let json = sandbox.json(&["agents", "mine"]);
    assert_eq!((&json["version"], &json["installed"]), (&"9.9.9".into(), &true.into()));
}

#[test]
fn the_list_says_of_every_agent_what_it_is() {
    let sandbox = Sandbox::new();
    let agents = sandbox.json(&["agents"]);
    let agents = agents["agents"].as_array().unwrap();
    for name in ["claude", "codex", "gemini", "opencode", "copilot", "qwen", "pi", "vibe", "kimi", "aider", "ollama"] {
        let agent = agents.iter().find(|agent| agent["name"] == name).unwrap_or_else(|| panic!("no {name}"));
        assert!(agent["about"].as_str().is_some_and(|about| !about.is_empty()), "{agent}");
        assert!(agent["error"].is_null() && agent["tested"].is_string(), "{agent}");
    }
    for name in ["cursor-agent", "amp", "goose", "droid"] {
        let agent = agents.iter().find(|agent| agent["name"] == name).unwrap_or_else(|| panic!("no {name}"));
        assert!(agent["tested"].is_null(), "{agent}");
    }
    shows!(
        sandbox,
        sandbox.run(&["agents", "clude"]),
        str![[r#"
stderr: error: there is no agent `clude`
stderr: hint: perhaps claude
stderr: hint: to define it: [agents.clude] in .aifactory/config.toml or your own config.toml
exit 2

"#]]
    );
}
