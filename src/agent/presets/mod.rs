//! The records of agents that come with the program, one file each. A new one is a file here and a line in [`TABLE`].

use super::record::Record;
use crate::error::{Error, Result};

const TABLE: &[(&str, &str)] = &[
    ("claude-acp", include_str!("claude-acp.toml")),
    ("codex-acp", include_str!("codex-acp.toml")),
    ("copilot-acp", include_str!("copilot-acp.toml")),
    ("gemini-acp", include_str!("gemini-acp.toml")),
    ("opencode-acp", include_str!("opencode-acp.toml")),
    ("qwen-acp", include_str!("qwen-acp.toml")),
    ("runbook", include_str!("runbook.toml")),
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
