use super::{Digest, EventId};
pub struct TextEdit<'a> { pub id: &'a EventId, pub from: Option<&'a Digest>, pub to: &'a Digest, pub diff: &'a str, pub only_seen: bool }
#[derive(Debug, Clone, PartialEq)]
pub struct Clash { pub section: String, pub kept: EventId, pub lost: EventId, pub text: String }
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed { pub text: String, pub clashes: Vec<Clash>, pub unknown: Vec<EventId> }
pub fn replay(_: &[TextEdit<'_>], _: &dyn Fn(&Digest) -> Option<String>) -> Replayed { todo!() }
pub fn unified_diff(_: &str, _: &str) -> String { todo!() }
