//! The review phase: another session reads the work, and what it finds is looked at once more before it costs anything.

use super::flow::{Came, Walk, since_a_person};
use super::pursuit::{Tried, Try};
use super::{Settled, Worker};
use crate::error::Result;
use crate::model::message::MessageKind;
use crate::model::review::{Review, parse_findings, parse_review};
use crate::model::{Change, EventId, Reason};
use crate::run::checkout::Checkouts;
use crate::run::event::RunEventKind;
use crate::run::prompt::fenced;
use crate::store::Changes;
use crate::workflow::{Phase, Role};
use std::cell::RefCell;

/// The role that looks at findings again.
const CONFIRMER: &str = "confirmer";
/// An answer without a verdict is asked for once more.
const ASKED: u64 = 2;

impl Worker<'_> {
    pub(super) fn review(&self, walk: &mut Walk<'_>, phase: &Phase, role: &Role) -> Result<Came> {
        if let Some(review) = self.find_open_review(walk, phase)? {
            let text = format!("{} of this work stands: {}", phase.name, review.in_short());
            self.reporter.tell(RunEventKind::Note { text });
            walk.add_output(phase, review.to_text());
            return Ok(Came::Through);
        }
        let said = RefCell::new((Review::default(), None::<EventId>));
        let judge = |current: &Try<'_>, tried: &mut Tried| {
            let review = tried.result.words.iter().rev().find_map(|piece| parse_review(piece));
            match review.filter(|review| review.approved.is_some()) {
                Some(review) => said.replace((review, Some(current.run.clone()))),
                None if current.is_last => said.replace((Review::default(), Some(current.run.clone()))),
                None => {
                    let why = "your answer holds no verdict: end with the JSON object that was asked for".to_owned();
                    return Ok(Some((Reason::ReviewRejected, why)));
                }
            };
            Ok(None)
        };
        // The verdict is put on the record when it is whole: with what a second look says.
        let settled = self.have_said(walk, phase, role, ASKED, &judge, &|_, _, _| Ok(()))?;
        if settled.is_some() {
            return Ok(settled.into());
        }
        let (mut review, run) = said.into_inner();
        if review.asks_for_changes()
            && review.serious().next().is_some()
            && let Some(settled) = self.confirm(walk, phase, &mut review)?
        {
            return Ok(Came::Settled(settled));
        }
        self.record_review(role, &review, run)?;
        walk.add_output(phase, review.to_text());
        Ok(Came::Through)
    }

    /// What this phase asked for in exactly this work before a worker was cut off: a second opinion on the same work
    /// would settle nothing. A person who has spoken since, or asks for a review alone, gets a new one.
    fn find_open_review(&self, walk: &Walk<'_>, phase: &Phase) -> Result<Option<Review>> {
        let Some(work) = self.tree_of_work()?.filter(|_| walk.alone.is_none()) else { return Ok(None) };
        let snapshot = self.project.store.snapshot()?;
        let (events, runs) = (snapshot.events(&self.task)?, snapshot.runs(&self.task)?);
        let is_of_phase = |run: &EventId| runs.iter().any(|known| known.id == *run && known.phase == phase.name);
        let newest = since_a_person(&events).iter().rev().find_map(|event| match &event.change {
            Change::Reviewed { run: Some(run), tree, review, .. } if is_of_phase(run) => Some((tree, review)),
            _ => None,
        });
        let open = newest.filter(|(tree, review)| **tree == work && review.asks_for_changes());
        Ok(open.map(|(_, review)| review.clone()))
    }

    /// Has somebody else look at the code for every serious finding: a wrong one is not worth a round of fixes.
    fn confirm(&self, walk: &mut Walk<'_>, phase: &Phase, review: &mut Review) -> Result<Option<Settled>> {
        let role = walk.library.role(CONFIRMER)?;
        if self.nobody_for(&role, phase.agent.as_deref())?.is_some() {
            return Ok(None);
        }
        let phase = Phase { name: format!("{}-confirm", phase.name), ..phase.clone() };
        let serious: Vec<usize> =
            review.issues.iter().enumerate().filter(|(_, issue)| issue.is_serious()).map(|(at, _)| at).collect();
        let asked = Review { issues: serious.iter().map(|at| review.issues[*at].clone()).collect(), ..review.clone() };
        walk.asked = Some(fenced(&asked.to_text()));
        let checks = RefCell::new(Vec::new());
        let judge = |current: &Try<'_>, tried: &mut Tried| {
            match tried.result.words.iter().rev().find_map(|piece| parse_findings(piece)) {
                Some(found) => checks.replace(found),
                // Whoever cannot say that a finding is wrong leaves it standing.
                None if current.is_last => Vec::new(),
                None => {
                    let why = "your answer holds no findings: end with the JSON object that was asked for".to_owned();
                    return Ok(Some((Reason::ReviewRejected, why)));
                }
            };
            Ok(None)
        };
        let settled = self.have_said(walk, &phase, &role, ASKED, &judge, &|_, _, _| Ok(()))?;
        walk.asked = None;
        for (number, check) in checks.into_inner() {
            if let Some(at) = serious.get(number - 1) {
                review.issues[*at].check = check;
            }
        }
        Ok(settled)
    }

    fn record_review(&self, role: &Role, review: &Review, run: Option<EventId>) -> Result<()> {
        let repository = self.project.repository();
        let commit = repository.head_of(&Checkouts::of(self.project)?.path_of(&self.task))?;
        let tree = repository.tree_of(commit)?.to_string();
        let message = self.message(MessageKind::Review, &role.name, review.to_text());
        self.record("review", |_, changes: &mut Changes| {
            changes.event(
                &self.task,
                Change::Reviewed {
                    run: run.clone(),
                    tree: tree.clone(),
                    commit: commit.to_string(),
                    review: review.clone(),
                },
            );
            changes.message(&message);
            Ok(())
        })?;
        self.reporter.tell(RunEventKind::Reviewed { verdict: review.in_short() });
        Ok(())
    }
}
