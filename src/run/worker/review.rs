//! The review phase: another session reads the work, and what it finds is looked at once more before it costs anything.

use super::flow::{Came, Walk, since_a_person};
use super::pursuit::{Tried, Try};
use super::{Settled, Worker};
use crate::error::{Error, Result};
use crate::model::message::{Message, MessageKind};
use crate::model::review::{Review, parse_findings, parse_review};
use crate::model::{Change, Event, EventId, Reason};
use crate::run::checkout::Checkouts;
use crate::run::event::RunEventKind;
use crate::run::prompt::fenced;
use crate::store::{Changes, Snapshot};
use crate::workflow::{Library, Phase, Role};
use std::cell::RefCell;

/// The role that looks at findings again.
const CONFIRMER: &str = "confirmer";
/// An answer without a verdict is asked for once more.
const ASKED: u64 = 2;

impl Worker<'_> {
    pub(super) fn review(&self, walk: &mut Walk<'_>, phase: &Phase, role: &Role) -> Result<Came> {
        let (mut review, run) = match self.find_open_review(walk, phase)? {
            Some((review, _, true)) => {
                let text = format!("{} of this work stands: {}", phase.name, review.in_short());
                self.reporter.tell(RunEventKind::Note { text });
                walk.add_output(phase, review.to_text());
                return Ok(Came::Through);
            }
            Some((review, run, false)) => {
                let text = format!("{} of this work is looked at once more: {}", phase.name, review.in_short());
                self.reporter.tell(RunEventKind::Note { text });
                (review, run)
            }
            None => match self.have_reviewed(walk, phase, role)? {
                Ok(reviewed) => reviewed,
                Err(settled) => return Ok(Came::Settled(settled)),
            },
        };
        if self.needs_confirmation(walk, phase, &review)? {
            match self.confirm(walk, phase, role, &run, &review)? {
                Ok(confirmed) => review = confirmed,
                Err(settled) => return Ok(Came::Settled(settled)),
            }
        }
        self.reporter.tell(RunEventKind::Reviewed { verdict: review.in_short() });
        walk.add_output(phase, review.to_text());
        Ok(Came::Through)
    }

    /// Has the role say its verdict. It is on the record with the run that led to it, before anybody looks once more at
    /// what it found.
    fn have_reviewed(
        &self,
        walk: &mut Walk<'_>,
        phase: &Phase,
        role: &Role,
    ) -> Result<Result<(Review, EventId), Settled>> {
        let said = RefCell::new(None::<(Review, EventId)>);
        let recorded = RefCell::new(None::<(Change, Option<Message>)>);
        let judge = |current: &Try<'_>, tried: &mut Tried| {
            let review = tried.result.words.iter().rev().find_map(|piece| parse_review(piece));
            let review = match review.filter(|review| review.approved.is_some()) {
                Some(review) => review,
                None if current.is_last => Review::default(),
                None => {
                    let why =
                        "the answer holds no verdict: it has to end with the JSON object that was asked for".to_owned();
                    return Ok(Some((Reason::ReviewRejected, why)));
                }
            };
            // People are told when it is whole.
            let is_whole = !is_to_confirm(&review) || self.nobody_confirms(walk.library, phase)?;
            let message = is_whole.then(|| self.message(MessageKind::Review, &role.name, review.to_text()));
            recorded.replace(Some((self.reviewed(current.run.clone(), &review)?, message)));
            said.replace(Some((review, current.run.clone())));
            Ok(None)
        };
        let finish = |_: &Try<'_>, _: &Tried, _: &Snapshot<'_>, changes: &mut Changes| {
            if let Some((reviewed, message)) = recorded.borrow().as_ref() {
                changes.event(&self.task, reviewed.clone());
                message.iter().for_each(|message| changes.message(message));
            }
            Ok(())
        };
        let settled = self.have_said(walk, phase, role, ASKED, &judge, &finish)?;
        match (settled, said.into_inner()) {
            (Some(settled), _) => Ok(Err(settled)),
            (None, Some(said)) => Ok(Ok(said)),
            (None, None) => Err(Error::failed(format!("{} ended without a word", phase.name))),
        }
    }

    /// What this phase asked for in exactly this work before a worker was cut off: a second opinion on the same work
    /// would settle nothing. A person who has spoken since, or asks for a review alone, gets a new one. With the run that
    /// said it, and whether nobody has to look at it once more.
    fn find_open_review(&self, walk: &Walk<'_>, phase: &Phase) -> Result<Option<(Review, EventId, bool)>> {
        let Some(work) = self.tree_of_work()?.filter(|_| walk.alone.is_none()) else { return Ok(None) };
        let snapshot = self.project.store.snapshot()?;
        let (events, runs) = (snapshot.events(&self.task)?, snapshot.runs(&self.task)?);
        let is_of_phase = |run: &EventId| runs.iter().any(|known| known.id == *run && known.phase == phase.name);
        let newest = since_a_person(&events).iter().rev().find_map(|event| match &event.change {
            Change::Reviewed { run: Some(run), tree, review, .. } if is_of_phase(run) => Some((run, tree, review)),
            _ => None,
        });
        let open = newest.filter(|(_, tree, review)| **tree == work && review.asks_for_changes());
        let Some((run, _, review)) = open else { return Ok(None) };
        let of_run =
            |event: &&Event| matches!(&event.change, Change::Reviewed { run: Some(other), .. } if other == run);
        let looked_again = events.iter().filter(of_run).count() > 1;
        let is_whole = looked_again || !self.needs_confirmation(walk, phase, review)?;
        Ok(Some((review.clone(), run.clone(), is_whole)))
    }

    /// Whether somebody is to look at what a review found, and there is somebody.
    fn needs_confirmation(&self, walk: &Walk<'_>, phase: &Phase, review: &Review) -> Result<bool> {
        Ok(is_to_confirm(review) && !self.nobody_confirms(walk.library, phase)?)
    }

    fn nobody_confirms(&self, library: &Library, phase: &Phase) -> Result<bool> {
        Ok(self.nobody_for(&library.role(CONFIRMER)?, phase.agent.as_deref())?.is_some())
    }

    /// Has somebody else look at the code for every serious finding of a run: a wrong one is not worth a round of fixes.
    /// The verdict as it is then.
    fn confirm(
        &self,
        walk: &mut Walk<'_>,
        phase: &Phase,
        reviewer: &Role,
        run: &EventId,
        review: &Review,
    ) -> Result<Result<Review, Settled>> {
        let role = walk.library.role(CONFIRMER)?;
        let phase = Phase { name: format!("{}-confirm", phase.name), loop_to: None, prompt: None, ..phase.clone() };
        let serious: Vec<usize> =
            review.issues.iter().enumerate().filter(|(_, issue)| issue.is_serious()).map(|(at, _)| at).collect();
        let asked = Review { issues: serious.iter().map(|at| review.issues[*at].clone()).collect(), ..review.clone() };
        walk.asked = Some(fenced(&asked.to_text()));
        let confirmed = RefCell::new(review.clone());
        let recorded = RefCell::new(None::<(Change, Message)>);
        let judge = |current: &Try<'_>, tried: &mut Tried| {
            let findings = match tried.result.words.iter().rev().find_map(|piece| parse_findings(piece)) {
                Some(found) => found,
                // Whoever cannot say that a finding is wrong leaves it standing.
                None if current.is_last => Vec::new(),
                None => {
                    let why = "the answer holds no findings: it has to end with the JSON object that was asked for"
                        .to_owned();
                    return Ok(Some((Reason::ReviewRejected, why)));
                }
            };
            let mut confirmed = confirmed.borrow_mut();
            for (number, check) in findings {
                if let Some(at) = number.checked_sub(1).and_then(|at| serious.get(at)) {
                    confirmed.issues[*at].check = check;
                }
            }
            let message = self.message(MessageKind::Review, &reviewer.name, confirmed.to_text());
            recorded.replace(Some((self.reviewed(run.clone(), &confirmed)?, message)));
            Ok(None)
        };
        let finish = |_: &Try<'_>, _: &Tried, _: &Snapshot<'_>, changes: &mut Changes| {
            if let Some((reviewed, message)) = recorded.borrow().as_ref() {
                // Also where nothing changed: that somebody looked is on the record with it.
                changes.event(&self.task, reviewed.clone());
                changes.message(message);
            }
            Ok(())
        };
        let settled = self.have_said(walk, &phase, &role, ASKED, &judge, &finish)?;
        walk.asked = None;
        Ok(settled.map_or_else(|| Ok(confirmed.into_inner()), Err))
    }

    /// A verdict is about the work as it is.
    fn reviewed(&self, run: EventId, review: &Review) -> Result<Change> {
        let repository = self.project.repository();
        let commit = repository.head_of(&Checkouts::of(self.project)?.path_of(&self.task))?;
        let tree = repository.tree_of(commit)?.to_string();
        Ok(Change::Reviewed { run: Some(run), tree, commit: commit.to_string(), review: review.clone() })
    }
}

fn is_to_confirm(review: &Review) -> bool {
    review.asks_for_changes() && review.serious().next().is_some()
}
