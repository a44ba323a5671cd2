//! What a run leaves: new notes, or one more confirmation of what others found.

use super::alike::{Conclusion, SAME};
use crate::error::Result;
use crate::model::note::{LONGEST_NAME, LONGEST_NOTE, Learnt, MOST_FILES, Note, NoteState};
use crate::model::{Digest, EventId, TaskId, Timestamp};
use crate::store::{Changes, Snapshot};
use std::collections::BTreeSet;

/// Where something was learnt.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'o> {
    pub task: &'o TaskId,
    pub run: &'o EventId,
    /// What it was true of.
    pub commit: Option<&'o str>,
    /// The agent.
    pub by: &'o str,
    pub at: Timestamp,
}

/// What became of something that was learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed {
    New(EventId),
    /// Another task had found the same, so that it counts now.
    Confirmed(EventId),
    /// The task had said so before.
    Known(EventId),
    /// A note that said the same was removed.
    Refused(EventId),
}

/// Writes down what a run's agent learnt, with the other changes of a transaction. The same run may be written down
/// twice: its notes have the same ids each time.
pub fn propose_from_run(
    snapshot: &Snapshot<'_>,
    changes: &mut Changes,
    origin: &Origin<'_>,
    learnt: &[Learnt],
) -> Result<Vec<Proposed>> {
    if learnt.is_empty() {
        return Ok(Vec::new());
    }
    let removed = snapshot.removed_notes()?.records;
    let mut own: Vec<Note> = Vec::new();
    let mut became = Vec::new();
    for (number, learnt) in learnt.iter().enumerate() {
        let note = note_of(origin, number, learnt);
        if note.body.is_empty() {
            continue;
        }
        let conclusion = Conclusion::of(&note.body, &note.files);
        if let Some(tomb) = removed.iter().find(|tomb| tomb.id == note.id || conclusion.was_removed_with(tomb)) {
            became.push(Proposed::Refused(tomb.id.clone()));
            continue;
        }
        let same = match snapshot.find_note(&note.id).ok().flatten() {
            Some(itself) => Some(itself),
            None => own.iter().find(|own| conclusion.is_that_of(own)).cloned(),
        };
        let same = same.map_or_else(|| conclusion.find(snapshot, SAME), |same| Ok(Some(same)))?;
        became.push(match same {
            None => {
                changes.note(&note);
                own.push(note.clone());
                Proposed::New(note.id)
            }
            Some(mut known) => {
                if known.confirm(origin.task) {
                    changes.note(&known);
                    Proposed::Confirmed(known.id)
                } else {
                    Proposed::Known(known.id)
                }
            }
        });
    }
    Ok(became)
}

fn note_of(origin: &Origin<'_>, number: usize, learnt: &Learnt) -> Note {
    let name = format!("{}\n{number}\n{}", origin.run, learnt.text);
    Note {
        id: EventId::from_digest(origin.at, &Digest::of(&name)),
        kind: learnt.kind,
        state: NoteState::Proposed,
        task: Some(origin.task.clone()),
        commit: origin.commit.map(str::to_owned),
        files: clean_files(&learnt.files),
        tags: Vec::new(),
        created: origin.at,
        by: origin.by.to_owned(),
        promoted_by: None,
        confirmed_by: BTreeSet::new(),
        edited: None,
        rest: toml::Table::new(),
        body: shortened(learnt.text.trim()),
    }
}

/// As plans name them, each once; what is no name of a file is left out.
pub fn clean_files(files: &[String]) -> Vec<String> {
    let is_name = |file: &&str| {
        let is_bounded = !file.is_empty() && file.len() <= LONGEST_NAME && !file.chars().any(char::is_control);
        is_bounded && !file.starts_with('/') && !file.split('/').any(|part| part == "..")
    };
    let files = files.iter().map(|file| file.trim().trim_start_matches("./")).filter(is_name);
    let files: BTreeSet<&str> = files.collect();
    files.into_iter().take(MOST_FILES).map(str::to_owned).collect()
}

fn shortened(text: &str) -> String {
    const MARK: &str = "\n[cut here]";
    if text.len() <= LONGEST_NOTE {
        return text.to_owned();
    }
    let mut end = LONGEST_NOTE - MARK.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_files_inside_the_project_stay() {
        let files = ["./src/a.rs", " src/a.rs ", "/etc/passwd", "../x", "a/../b", "", "b\u{1b}[31m", "docs/"];
        assert_eq!(clean_files(&files.map(str::to_owned)), ["docs/", "src/a.rs"]);
    }

    #[test]
    fn a_long_text_is_cut_at_a_letter() {
        let short = shortened(&"ü".repeat(4_000));
        assert!(short.len() <= LONGEST_NOTE && short.ends_with("[cut here]"));
    }
}
