//! What happened to a task since it was imported, where the record alone cannot tell who wanted what.
//!
//! The last text that an import wrote is remembered as an event that no record shows. It is the common ancestor of what the file and the task say now.

use crate::error::Result;
use crate::model::{Change, Digest, Event, Status, TaskId, TextFile};
use crate::store::Snapshot;
use std::cell::OnceCell;

/// A task's events, read when they are first asked for: most imports never need them.
pub(super) struct Past<'a> {
    snapshot: &'a Snapshot<'a>,
    id: &'a TaskId,
    events: OnceCell<Vec<Event>>,
}

impl<'a> Past<'a> {
    pub fn of(snapshot: &'a Snapshot<'a>, id: &'a TaskId) -> Past<'a> {
        Past { snapshot, id, events: OnceCell::new() }
    }

    /// In fold order.
    fn events(&self) -> Result<&[Event]> {
        if self.events.get().is_none() {
            let mut events = self.snapshot.events(self.id)?;
            events.sort_by(|a, b| (a.hlc, &a.id).cmp(&(b.hlc, &b.id)));
            let _ = self.events.set(events);
        }
        Ok(self.events.get().map_or(&[], Vec::as_slice))
    }

    /// Whether somebody took an element out of a set; a hand edit of the whole set counts.
    pub fn has_removed(&self, set: &str, element: &str) -> Result<bool> {
        let removes = |event: &Event| match &event.change {
            Change::Removed { field, value, .. } => field == set && value == element,
            Change::Imported { fields, .. } => fields.contains_key(set),
            _ => false,
        };
        Ok(self.events()?.iter().any(removes))
    }

    pub fn has_been(&self, status: Status) -> Result<bool> {
        let is_move = |event: &Event| matches!(&event.change, Change::Moved { to, .. } if *to == status);
        Ok(self.events()?.iter().any(is_move))
    }

    /// The digest of the text that the last import wrote; nothing where it wrote none.
    fn imported(&self, file: TextFile) -> Result<Option<&Digest>> {
        let digest = self.events()?.iter().rev().find_map(|event| match &event.change {
            Change::TextImported { file: imported, digest } if *imported == file => Some(digest.as_ref()),
            _ => None,
        });
        Ok(digest.flatten())
    }

    /// What to do about a text that the file has as `text` and the task with the digest `current`.
    pub fn judge(&self, file: TextFile, text: &str, current: Option<&Digest>) -> Result<Verdict> {
        let wanted = digest_of(text);
        let current = current.filter(|digest| **digest != Digest::of(""));
        if wanted.as_ref() == current {
            return Ok(Verdict::Same);
        }
        let last = self.imported(file)?;
        if wanted.as_ref() == last {
            return Ok(Verdict::TaskChanged);
        }
        Ok(match current == last {
            true => Verdict::FileChanged,
            false => Verdict::BothChanged,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Same,
    FileChanged,
    TaskChanged,
    BothChanged,
}

/// The event that remembers what an import wrote.
pub(super) fn remembered(file: TextFile, text: &str) -> Change {
    Change::TextImported { file, digest: digest_of(text) }
}

/// An empty text is no text.
fn digest_of(text: &str) -> Option<Digest> {
    (!text.is_empty()).then(|| Digest::of(text))
}
