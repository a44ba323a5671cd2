//! Notes: what tasks taught, as Markdown with front matter.
//!
//! A note is proposed first, and counts for later tasks once a person has promoted it or another task came to the same
//! conclusion. Nothing leads back but its removal, which leaves a [`RemovedNote`] behind: what was removed anywhere
//! stays removed everywhere.

use super::words::Gist;
use super::{EventId, TaskId, Timestamp, from_toml};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Bytes of a note's words.
pub const LONGEST_NOTE: usize = 4 * 1024;
pub const MOST_FILES: usize = 50;
pub const MOST_TAGS: usize = 20;
/// Bytes of one path or tag.
pub const LONGEST_NAME: usize = 300;
/// Tasks that confirmed a note are named up to this many.
const MOST_CONFIRMED: usize = 100;
/// In letters.
const LONGEST_TITLE: usize = 100;

const FENCE: &str = "+++";
/// Lines that could end the front matter, as far as they are looked at.
const MOST_FENCES: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// What became of a task.
    Outcome,
    /// How something is, or is done here.
    Learning,
    /// What goes wrong if one does not know it.
    Gotcha,
}

impl NoteKind {
    pub const ALL: [NoteKind; 3] = [NoteKind::Outcome, NoteKind::Learning, NoteKind::Gotcha];
    /// As people type them.
    pub const WORDS: [&str; 3] = ["outcome", "learning", "gotcha"];

    pub fn word(self) -> &'static str {
        match self {
            NoteKind::Outcome => "outcome",
            NoteKind::Learning => "learning",
            NoteKind::Gotcha => "gotcha",
        }
    }

    pub fn parse(word: &str) -> Option<NoteKind> {
        NoteKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteState {
    Proposed,
    Promoted,
}

impl NoteState {
    pub fn word(self) -> &'static str {
        match self {
            NoteState::Proposed => "proposed",
            NoteState::Promoted => "promoted",
        }
    }
}

/// What an agent or a person wants to be remembered, before it is a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learnt {
    pub kind: NoteKind,
    pub text: String,
    /// The files it speaks of, as plans name them.
    pub files: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub id: EventId,
    pub kind: NoteKind,
    pub state: NoteState,
    /// The task that taught it. A note that a person wrote may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// The commit it was true of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What it speaks of, as plans name files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    pub created: Timestamp,
    pub by: String,
    /// The person who promoted it. Absent where it counts because another task confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_by: Option<String>,
    /// Other tasks that came to the same conclusion.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub confirmed_by: BTreeSet<TaskId>,
    /// When its words were changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Timestamp>,
    /// What a newer version wrote.
    #[serde(flatten)]
    pub rest: toml::Table,
    /// Below the front matter.
    #[serde(skip)]
    pub body: String,
}

impl Note {
    /// The error is the end of a sentence that says what is wrong with the record.
    pub fn parse(text: &str) -> Result<Note, String> {
        let (matter, body) = split(text).ok_or("it has no front matter between lines of +++")?;
        let mut note: Note = from_toml(matter).map_err(|error| error.message().to_owned())?;
        note.body = body.trim().to_owned();
        Ok(note)
    }

    pub fn to_text(&self) -> String {
        let matter = toml::to_string(self).expect("a note holds only what TOML can say");
        format!("{FENCE}\n{matter}{FENCE}\n\n{}\n", self.body.trim())
    }

    /// Its first line, on one line and not too long.
    pub fn title(&self) -> String {
        let line = self.body.lines().map(|line| line.trim_start_matches('#').trim()).find(|line| !line.is_empty());
        let line = line.unwrap_or_default();
        match line.char_indices().nth(LONGEST_TITLE) {
            Some((at, _)) => format!("{}…", &line[..at]),
            None => line.to_owned(),
        }
    }

    pub fn promote(&mut self, by: &str) {
        self.state = NoteState::Promoted;
        self.promoted_by.get_or_insert_with(|| by.to_owned());
    }

    /// Another task came to the same conclusion. A task does not confirm itself.
    pub fn confirm(&mut self, task: &TaskId) -> bool {
        if self.task.as_ref() == Some(task) {
            return false;
        }
        if self.confirmed_by.len() < MOST_CONFIRMED {
            self.confirmed_by.insert(task.clone());
        }
        self.state = NoteState::Promoted;
        true
    }

    /// The note that two clones agree on, whichever of them asks: promoted if it was promoted anywhere, confirmed by all
    /// that confirmed it, with the words that were written last.
    #[must_use]
    pub fn joined(&self, other: &Note) -> Note {
        let said = |note: &Note| (note.edited.unwrap_or(note.created), note.statement());
        let winner = if said(self) >= said(other) { self } else { other };
        let promoters = [&self.promoted_by, &other.promoted_by].into_iter().flatten();
        Note {
            state: self.state.max(other.state),
            promoted_by: promoters.min().cloned(),
            confirmed_by: self.confirmed_by.union(&other.confirmed_by).cloned().collect(),
            ..winner.clone()
        }
    }

    /// What somebody wrote, without what the project thinks of it.
    pub fn statement(&self) -> String {
        let plain = Note {
            state: NoteState::Proposed,
            promoted_by: None,
            confirmed_by: BTreeSet::new(),
            edited: None,
            ..self.clone()
        };
        plain.to_text()
    }
}

/// The front matter and what stands below it. A line of `+++` inside of a text over several lines does not end it.
pub fn split(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(FENCE)?.strip_prefix('\n')?;
    let mut end = 0;
    let mut first = None;
    let mut tries = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == FENCE {
            let found = (&rest[..end], &rest[end + line.len()..]);
            tries += 1;
            if is_complete(found.0) || tries == MOST_FENCES {
                return Some(found);
            }
            first = first.or(Some(found));
        }
        end += line.len();
    }
    first
}

/// No text over several lines is open at its end.
fn is_complete(matter: &str) -> bool {
    let has_long_text = ["\"\"\"", "'''"].iter().any(|mark| matter.contains(mark));
    !has_long_text || from_toml::<toml::Table>(matter).is_ok()
}

/// Joins what [`split`] took apart.
pub fn unsplit(matter: &str, body: &str) -> String {
    format!("{FENCE}\n{matter}{FENCE}\n{body}")
}

/// What is left of a note that was removed: who, why, and enough to know the same conclusion when it comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovedNote {
    pub id: EventId,
    pub by: String,
    pub at: Timestamp,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    #[serde(default)]
    pub gist: Gist,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> Note {
        Note {
            id: EventId::from_name("01kdvtwrk0aaaaaaaaaa"),
            kind: NoteKind::Gotcha,
            state: NoteState::Proposed,
            task: TaskId::parse("7kq2mabcde"),
            commit: None,
            files: vec!["src/a.rs".into()],
            tags: Vec::new(),
            created: Timestamp::from_millis(1_000),
            by: "claude".into(),
            promoted_by: None,
            confirmed_by: BTreeSet::new(),
            edited: None,
            rest: toml::Table::new(),
            body: "# Flush first\n\n+++\nClose does not flush.".into(),
        }
    }

    #[test]
    fn a_note_reads_as_it_was_written() {
        let text = "+++\nid = \"01kdvtwrk0aaaaaaaaaa\"\nkind = \"gotcha\"\nstate = \"proposed\"\ntask = \"7kq2mabcde\"\n\
                    files = [\"src/a.rs\"]\ncreated = \"1970-01-01T00:00:01.000Z\"\nby = \"claude\"\n+++\n\n\
                    # Flush first\n\n+++\nClose does not flush.\n";
        assert_eq!(note().to_text(), text);
        assert_eq!(Note::parse(text), Ok(note()));
        assert_eq!(note().title(), "Flush first");
    }

    #[test]
    fn what_a_newer_version_wrote_is_kept() {
        let newer = note().to_text().replace("by = ", "weight = 3\nby = ");
        assert_eq!(Note::parse(&newer).unwrap().rest["weight"].as_integer(), Some(3));
        assert!(Note::parse(&newer).unwrap().to_text().contains("weight = 3\n"));
    }

    #[test]
    fn whatever_the_front_matter_holds_can_be_written_again() {
        let plain = note().to_text();
        let strange = plain
            .replace("created = ", "z = {a = [{b = 1}], c = 2026-01-01}\ntable.x.y = \"\"\"\n+++ \n\"\"\"\ncreated = ")
            .replace("\"claude\"\n", "\"eve\\n+++\\n# Obey\"\n[more]\nn = nan\n[[list]]\nk = 1\n");
        let read = Note::parse(&strange).unwrap();
        assert_eq!((read.by.as_str(), read.rest.len()), ("eve\n+++\n# Obey", 4));
        assert_eq!(Note::parse(&read.to_text()).unwrap().to_text(), read.to_text());
        assert_eq!(read.joined(&note()).to_text(), note().joined(&read).to_text());
    }

    #[test]
    fn a_text_that_is_no_note_says_why() {
        assert!(Note::parse("just words").is_err() && Note::parse("+++\nid = 1").is_err());
        let unknown = note().to_text().replace("proposed", "sleeping");
        assert!(Note::parse(&unknown).unwrap_err().contains("sleeping"));
    }

    #[test]
    fn only_another_task_confirms_a_note() {
        let mut note = note();
        assert!(!note.confirm(&TaskId::parse("7kq2mabcde").unwrap()));
        assert_eq!(note.state, NoteState::Proposed);
        assert!(note.confirm(&TaskId::parse("9kq2mabcde").unwrap()));
        assert_eq!(note.state, NoteState::Promoted);
    }

    #[test]
    fn two_clones_agree_on_a_note_in_either_order() {
        let (mut promoted, mut edited, mut confirmed) = (note(), note(), note());
        promoted.promote("ana");
        edited.body = "Flush it.".into();
        edited.edited = Some(Timestamp::from_millis(2_000));
        confirmed.confirm(&TaskId::parse("9kq2mabcde").unwrap());
        let all = promoted.joined(&edited).joined(&confirmed);
        assert_eq!(all, confirmed.joined(&edited.joined(&promoted)));
        assert_eq!(all, all.joined(&edited));
        assert_eq!((all.state, all.body.as_str()), (NoteState::Promoted, "Flush it."));
        assert_eq!((all.promoted_by.as_deref(), all.confirmed_by.len()), (Some("ana"), 1));
    }
}
