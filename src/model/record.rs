//! `task.toml`: the readable snapshot of a task, and how a hand edit of it is noticed.
//!
//! The last table, `[record]`, holds the version of the fold that wrote the file and the digest of everything above it.
//! A file that does not match its digest was edited by hand: [`parse_record`] says so, and the next write takes the edit
//! over. A record written by an older fold is folded again from its events.

use super::{Digest, Task, from_toml};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Grows whenever the same events would give another record.
pub const FOLD_VERSION: u32 = 3;

const SEAL: &str = "\n[record]\n";

#[derive(Debug, Clone, PartialEq)]
pub struct ParsedRecord {
    pub task: Task,
    /// 0 where the file does not say.
    pub fold: u32,
    pub edited_by_hand: bool,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    record: Seal,
}

#[derive(Serialize, Deserialize)]
struct Seal {
    fold: u32,
    digest: Digest,
}

pub fn write_record(task: &Task) -> String {
    let body = toml::to_string_pretty(task).expect("a task holds only what TOML can say");
    let digest = Digest::of(&body);
    format!("{body}{SEAL}fold = {FOLD_VERSION}\ndigest = \"{digest}\"\n")
}

/// Errors carry a line where the parser knows it.
pub fn parse_record(text: &str) -> Result<ParsedRecord, toml::de::Error> {
    let (body, seal) = match text.rfind(SEAL) {
        Some(at) => (&text[..at], from_toml::<Sealed>(&text[at..]).ok()),
        None => (text, None),
    };
    let task: Task = from_toml(body)?;
    let matches = seal.as_ref().is_some_and(|seal| seal.record.digest == Digest::of(body));
    Ok(ParsedRecord { task, fold: seal.map_or(0, |seal| seal.record.fold), edited_by_hand: !matches })
}

/// What a person changed in the file: the fields that are theirs, and the names of those that are not.
pub fn human_changes(folded: &Task, edited: &Task) -> (BTreeMap<String, toml::Value>, Vec<String>) {
    const HUMAN: [&str; 12] = [
        "title",
        "priority",
        "risk",
        "labels",
        "dependencies",
        "role",
        "repository",
        "agent",
        "permission",
        "budget",
        "parallel",
        "parent",
    ];
    let table = |task: &Task| toml::Table::try_from(task).unwrap_or_default();
    let (folded, edited) = (table(folded), table(edited));
    let names: BTreeSet<&String> = folded.keys().chain(edited.keys()).collect();
    let mut fields = BTreeMap::new();
    let mut discarded = Vec::new();
    for name in names.into_iter().filter(|name| folded.get(*name) != edited.get(*name)) {
        if HUMAN.contains(&name.as_str()) {
            let value = edited.get(name).cloned().unwrap_or(toml::Value::String(String::new()));
            fields.insert(name.clone(), value);
        } else {
            discarded.push(name.clone());
        }
    }
    (fields, discarded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EventId, TaskId, Timestamp};

    fn task() -> Task {
        let id = TaskId::parse("7kq2mabcde").unwrap();
        let mut task =
            Task::new(id, "Say \"hello\"\n[record]\n".into(), Timestamp::from_millis(0), EventId::from_name("e"));
        task.labels.extend(["b".to_owned(), "a".to_owned()]);
        task
    }

    #[test]
    fn a_record_survives_its_own_text() {
        let parsed = parse_record(&write_record(&task())).unwrap();
        assert_eq!(parsed.task, task());
        assert!(!parsed.edited_by_hand);
    }

    #[test]
    fn an_edit_by_hand_is_noticed() {
        let edited = write_record(&task()).replace("normal", "high");
        assert!(parse_record(&edited).unwrap().edited_by_hand);
    }

    #[test]
    fn fields_of_a_newer_version_are_kept() {
        let newer = write_record(&task()).replacen("title", "shiny = 3\ntitle", 1);
        let parsed = parse_record(&newer).unwrap();
        assert!(write_record(&parsed.task).contains("shiny = 3"));
    }

    #[test]
    fn an_unknown_status_is_an_error() {
        let text = write_record(&task()).replace("\"backlog\"", "\"sleeping\"");
        let error = parse_record(&text).unwrap_err();
        assert!(error.to_string().contains("sleeping"), "{error}");
    }
}
