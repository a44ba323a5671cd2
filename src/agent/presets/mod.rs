//! The records of agents that come with the program, one file each. A new one is a file here and a line in [`TABLE`].

use super::record::Record;
use crate::error::{Error, Result};

#[rustfmt::skip]
const TABLE: &[(&str, &str)] = &[
    ("claude", include_str!("claude.toml")),
    ("claude-print", include_str!("claude-print.toml")),
    ("codex", include_str!("codex.toml")),
    ("codex-server", include_str!("codex-server.toml")),
    ("gemini", include_str!("gemini.toml")),
    ("qwen", include_str!("qwen.toml")),
    ("runbook", include_str!("runbook.toml")),
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
