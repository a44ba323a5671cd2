//! What a task leaves for later ones when its worker is through with it: how it went, in the words of those who did it.
//!
//! It is proposed and nothing more: one wrong conclusion must not reach later tasks before a person, or a second task, has
//! come to the same.

use super::Worker;
use super::flow::Walk;
use crate::error::Result;
use crate::memory::{Origin, propose_from_run};
use crate::model::EventId;
use crate::model::handoff::Handoff;
use crate::model::message::MessageKind;
use crate::model::note::{Learnt, NoteKind};
use crate::run::event::RunEventKind;
use crate::tasks::{Selection, last_review, select};

/// Files that a note names.
const MOST_FILES: usize = 20;

impl Worker<'_> {
    /// Proposes a note about how the task went. That it cannot be written is worth a word and stops nothing.
    pub(super) fn remember_outcome(&self, walk: &Walk<'_>, kind: NoteKind, why: &str) {
        if let Err(error) = self.propose_outcome(walk, kind, why) {
            let text = format!("no note about how it went: {}", error.full_text());
            self.reporter.tell(RunEventKind::Note { text });
        }
    }

    fn propose_outcome(&self, walk: &Walk<'_>, kind: NoteKind, why: &str) -> Result<()> {
        let snapshot = self.project.store.snapshot()?;
        let Some(run) = snapshot.runs(&self.task)?.pop() else { return Ok(()) };
        let Some(said) = self.in_their_words()? else { return Ok(()) };
        let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
        let mut files: Vec<String> = walk.texts.plan.steps.iter().flat_map(|step| step.files.iter().cloned()).collect();
        files.truncate(MOST_FILES);
        let learnt = [Learnt { kind, text: format!("{}{why}: {said}", self.title), files }];
        let name = EventId::from_name(&format!("{}-outcome", run.id));
        self.record("what it taught", |snapshot, changes| {
            let (commit, by, at) = (run.result.as_deref(), run.agent.as_str(), run.started);
            let origin = Origin { task: &self.task, run: &name, commit, by, at };
            propose_from_run(snapshot, changes, &origin, &learnt).map(drop)
        })
    }

    /// The last handoff's summary, or the reviewer's. Without either there is nothing worth keeping.
    fn in_their_words(&self) -> Result<Option<String>> {
        let snapshot = self.project.store.snapshot()?;
        let kinds = vec![MessageKind::Handoff];
        let handoffs = select(&snapshot, &Selection { task: Some(self.task.clone()), kinds, ..Selection::default() })?;
        let handoff = handoffs.records.last().and_then(|message| Handoff::parse(&message.text));
        let review = || last_review(&snapshot.events(&self.task).ok()?).map(|review| review.summary);
        let said = handoff.map(|handoff| handoff.summary).or_else(review).unwrap_or_default();
        Ok(Some(said.trim().to_owned()).filter(|said| !said.is_empty()))
    }
}
