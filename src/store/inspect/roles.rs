//! What each folder of the state is for: what may be in it, and how much of it.
//!
//! Limits leave room above what people and agents come near, and are there so that nobody can hand us work without end.
//! A writer is held to the same ones by [`check_write`], so that nothing we write is ever refused by another clone.

use super::names;
use crate::error::{Error, Result};
use crate::model::{Alphabet, TaskId};

/// `.aifactory/tasks/7/k/<id>/runs/<run>.toml` is seven deep; one more is left for newer versions.
pub const MOST_DEPTH: usize = 8;

/// Of a folder that is spread by id, and of folders that this version does not know. With 1,024 folders of tasks this is
/// four million of them.
const MOST_ENTRIES: usize = 4_096;
/// Of a flat folder of records. It is written anew with every record that is added: at this size that is 7 MB each time,
/// which no project gets to, and still little enough to look through.
const MOST_RECORDS: usize = 131_072;

/// A record that is read as a whole. The largest is `task.toml`: 500 steps of 230 bytes, names, labels and a note.
const LARGEST_RECORD: u64 = 1024 * 1024;
/// A text for people, and whatever this version does not know. The clerk refuses longer texts in words of its own.
const LARGEST_TEXT: u64 = 4 * 1024 * 1024;
/// What git's reader here refuses to read.
const LARGEST_LOG: u64 = 16 * 1024 * 1024;
/// Where a writer stops: the histories of two clones are longer together than each of them is.
const LARGEST_LOG_WRITTEN: u64 = 12 * 1024 * 1024;

/// What a folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// What holds `.aifactory`.
    Top,
    State,
    Tasks,
    /// The tasks whose ids begin with this character.
    First(u8),
    Second(u8, u8),
    Task,
    /// A flat folder of records, many of them.
    Records,
    /// A folder of a newer version.
    Unknown,
}

/// What an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Folder(Role),
    /// Bytes that may be there, and that we write at most.
    File {
        largest: u64,
        written: u64,
    },
}

impl Role {
    pub fn most_entries(self) -> usize {
        match self {
            Role::Records => MOST_RECORDS,
            _ => MOST_ENTRIES,
        }
    }

    /// What `name` is in a folder of this role; otherwise what is wrong with it. The name is one that [`names`] accepts.
    pub fn place(self, name: &str, is_folder: bool) -> std::result::Result<Place, String> {
        let place = match (self, name) {
            (Role::Top, ".aifactory") => Place::Folder(Role::State),
            (Role::Top, _) => return Err("does not belong here; .aifactory is all there may be".to_owned()),
            (Role::State, "tasks") => Place::Folder(Role::Tasks),
            (Role::State, "messages" | "memory" | "actors" | "trackers" | "attic" | "tombs")
            | (Role::Task, "runs" | "evidence") => Place::Folder(Role::Records),
            (Role::Tasks, _) => Place::Folder(Role::First(digit(name)?)),
            (Role::First(first), _) => Place::Folder(Role::Second(first, digit(name)?)),
            (Role::Second(first, second), _) => Place::Folder(task(name, first, second)?),
            (Role::State, "format.toml") | (Role::Task, "task.toml") => file(LARGEST_RECORD),
            (Role::Task, "spec.md" | "plan.md") => file(LARGEST_TEXT),
            (Role::Task, "events.jsonl") => Place::File { largest: LARGEST_LOG, written: LARGEST_LOG_WRITTEN },
            // What ends like a record is read as one by somebody.
            _ if !is_folder || ends_like_a_record(name) => file(largest_other(self)),
            (Role::Records, _) => Place::Folder(Role::Records),
            _ => Place::Folder(Role::Unknown),
        };
        match (place, is_folder) {
            (Place::File { .. }, true) => Err("is a folder and should be a file".to_owned()),
            (Place::Folder(_), false) => Err("is a file and should be a folder".to_owned()),
            (place, _) => Ok(place),
        }
    }
}

fn file(largest: u64) -> Place {
    Place::File { largest, written: largest }
}

fn largest_other(role: Role) -> u64 {
    match role {
        Role::Records => LARGEST_RECORD,
        _ => LARGEST_TEXT,
    }
}

fn ends_like_a_record(name: &str) -> bool {
    [".toml", ".md", ".jsonl"].iter().any(|ending| name.ends_with(ending))
}

/// The one lower-case character of the ids below it.
fn digit(name: &str) -> std::result::Result<u8, String> {
    match name.as_bytes() {
        [digit] if Alphabet::normalise(name).as_deref() == Some(name) => Ok(*digit),
        _ => Err("is not one character of a task's id".to_owned()),
    }
}

fn task(name: &str, first: u8, second: u8) -> std::result::Result<Role, String> {
    let id = TaskId::parse(name).ok_or("is not a task's id")?;
    match id.as_str().as_bytes() {
        [a, b, ..] if (*a, *b) == (first, second) => Ok(Role::Task),
        _ => Err("does not lie where its id says".to_owned()),
    }
}

/// Refuses to write what another clone would refuse to take.
pub fn check_write(path: &str, size: usize) -> Result<()> {
    let wrong = |what: &str| Error::failed(format!("the record {} {what}", path.escape_debug()));
    let (mut role, mut depth) = (Role::Top, 0);
    let mut parts = path.split('/').peekable();
    while let Some(name) = parts.next() {
        depth += 1;
        if let Some(what) = names::find_flaw(name.as_bytes()) {
            return Err(wrong(&what));
        }
        match role.place(name, parts.peek().is_some()).map_err(|what| wrong(&what))? {
            Place::Folder(inner) => role = inner,
            Place::File { written, .. } if size as u64 > written => {
                return Err(wrong(&format!("would be {size} bytes long; {written} is the most"))
                    .hint("what is too long for one task is better several tasks"));
            }
            Place::File { .. } => {}
        }
    }
    match depth > MOST_DEPTH {
        true => Err(wrong(&format!("lies more than {MOST_DEPTH} levels deep"))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EventId, TextFile};
    use crate::store::{genesis, layout};

    #[test]
    fn whatever_has_a_place_in_the_layout_may_be_written() {
        let (id, event) = (TaskId::parse("7kq2mabcde").unwrap(), EventId::from_name("01jabcdefgh123456789"));
        let paths = [
            layout::record(&id),
            layout::text(&id, TextFile::Spec),
            layout::text(&id, TextFile::Plan),
            layout::events(&id),
            layout::run(&id, &event),
            layout::evidence(&id, &event),
            layout::message(&event),
            layout::note(&event),
            layout::tomb(&event),
            genesis::FORMAT_PATH.to_owned(),
        ];
        for path in paths {
            check_write(&path, 0).unwrap();
            check_write(&path, 1024 * 1024).unwrap();
        }
    }

    #[test]
    fn a_writer_is_refused_before_a_reader_is() {
        let task = ".aifactory/tasks/7/k/7kq2mabcde";
        let said = |path: &str, size: usize| check_write(path, size).unwrap_err().message().to_owned();
        let cases = [
            (format!("{task}/task.toml"), LARGEST_RECORD, "would be 1048577 bytes long; 1048576 is the most"),
            (format!("{task}/spec.md"), LARGEST_TEXT, "would be 4194305 bytes long; 4194304 is the most"),
            (format!("{task}/events.jsonl"), LARGEST_LOG_WRITTEN, "would be 12582913 bytes long; 12582912 is the most"),
            (format!("{task}/runs/x.toml"), LARGEST_RECORD, "would be 1048577 bytes long; 1048576 is the most"),
        ];
        for (path, most, what) in cases {
            check_write(&path, most as usize).unwrap();
            assert_eq!(said(&path, most as usize + 1), format!("the record {path} {what}"));
        }
        // An id from a foreign record becomes part of a path.
        let path = format!("{task}/runs/../../x.toml");
        assert_eq!(said(&path, 1), format!("the record {path} has a name that leads to another folder"));
        assert_eq!(said("README.md", 1), "the record README.md does not belong here; .aifactory is all there may be");
        assert_eq!(
            said(".aifactory/a/b/c/d/e/f/g/h", 1),
            "the record .aifactory/a/b/c/d/e/f/g/h lies more than 8 levels deep"
        );
    }
}
