//! The records of agents that come with the program, one file each. A new one is a file here and a line in [`TABLE`].

use super::record::Record;
use crate::error::{Error, Result};

const TABLE: &[(&str, &str)] = &[("runbook", include_str!("runbook.toml"))];

pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

pub fn text_of(name: &str) -> Option<&'static str> {
    TABLE.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

pub fn parse(name: &str, text: &str) -> Result<Record> {
    crate::model::from_toml(text).map_err(|error| Error::failed(format!("the built-in record of {name}: {error}")))
}
