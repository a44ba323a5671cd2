//! How a task leaves its worker: settled, parked until a time, given back, or put off after trouble.

use super::{Settled, Worker};
use crate::error::Result;
use crate::model::run::Outcome;
use crate::model::{Change, Reason, Status, Timestamp};
use crate::run::event::RunEventKind;
use crate::run::open_runs::{end_open_runs, what_is_left};
use crate::store::Changes;
use crate::sync::{Manner, Sharing};
use crate::tasks::{Stood, stood_before_look};
use std::time::Duration;

impl Worker<'_> {
    /// Moves the task on and lets it go.
    pub(super) fn settle(
        &self,
        status: Status,
        reason: Option<Reason>,
        note: Option<String>,
        also: impl Fn(&mut Changes) -> Result<()>,
    ) -> Result<Settled> {
        let subject = reason.map_or(status.word(), Reason::word);
        if let Some(beside) = &self.beside {
            // The others are still at it: whoever started all of them moves the task on.
            self.record(subject, |_, changes| also(changes))?;
            beside.put_off(None);
            return Ok(Settled { status, reason, note });
        }
        self.record(subject, |_, changes| {
            also(changes)?;
            let moved = Change::Moved { from: Status::Running, to: status, reason, note: note.clone() };
            changes.event(&self.task, moved);
            Ok(())
        })?;
        self.publish();
        Ok(Settled { status, reason, note })
    }

    /// Gives the task back until a time.
    pub(super) fn park_until(
        &self,
        until: Timestamp,
        why: &str,
        also: impl Fn(&mut Changes) -> Result<()>,
    ) -> Result<Settled> {
        let note = Some(format!("parked until {}: {why}", until.readable()));
        if let Some(beside) = &self.beside {
            self.record("rate limited", |_, changes| also(changes))?;
            beside.put_off(Some((until, why.to_owned())));
            return Ok(Settled { status: Status::Ready, reason: None, note });
        }
        self.record("rate limited", |_, changes| {
            also(changes)?;
            let moved = Change::Moved { from: Status::Running, to: Status::Ready, reason: None, note: None };
            changes.event(&self.task, moved);
            changes.event(&self.task, Change::Parked { until, why: why.to_owned() });
            Ok(())
        })?;
        self.publish();
        Ok(Settled { status: Status::Ready, reason: None, note })
    }

    /// A finish and the branch it is about go out together. What cannot be published now goes with the next exchange.
    pub(super) fn publish(&self) {
        let published = || -> Result<()> {
            match Sharing::find(self.project)?.filter(|_| !self.bench.local) {
                Some(sharing) => sharing.exchange(Manner::default(), &mut |_| {}).map(drop),
                None => Ok(()),
            }
        };
        if let Err(error) = published() {
            self.reporter.tell(RunEventKind::Note { text: format!("not published yet: {}", error.full_text()) });
        }
    }

    /// Somebody took the task away: it stands where they put it. What ran for it has ended, and its record says so.
    pub(super) fn let_go(&self) -> Result<Settled> {
        let settled = self.current()?;
        let why = format!("the task is {} and no longer claimed by this worker", settled.status);
        let left = what_is_left(self.project, &self.session.id, &self.task)?;
        let ending = (Outcome::Stopped, why.as_str());
        self.project.store.transact(&self.author, "let go", |snapshot, changes| {
            end_open_runs(self.project, snapshot, &left, &self.session.id, &self.task, ending, changes).map(drop)
        })?;
        Ok(settled)
    }

    pub(super) fn release(&self, why: &str) -> Result<Settled> {
        if self.has_lost_its_claim()? {
            return self.let_go();
        }
        let left = what_is_left(self.project, &self.session.id, &self.task)?;
        // A look that is cut short is no reason to work on it.
        let stood = stood_before_look(&self.project.store.snapshot()?.events(&self.task)?).unwrap_or(Stood::READY);
        self.record("release", |snapshot, changes| {
            end_open_runs(
                self.project,
                snapshot,
                &left,
                &self.session.id,
                &self.task,
                (Outcome::Stopped, why),
                changes,
            )?;
            stood.back(why, self.author.fence).into_iter().for_each(|change| changes.event(&self.task, change));
            Ok(())
        })?;
        Ok(Settled { status: stood.status, reason: stood.reason, note: Some(why.to_owned()) })
    }

    /// Gives the task back for later: the more often this happened, the later, and after enough of it a person is asked.
    /// All of this is on the record, so that it survives us.
    pub(super) fn put_off(&self, why: &str) -> Result<Settled> {
        if self.has_lost_its_claim()? {
            return self.let_go();
        }
        let settings = &self.project.settings;
        let most = settings.number("run.recoveries");
        let left = what_is_left(self.project, &self.session.id, &self.task)?;
        self.record("put off", |snapshot, changes| {
            end_open_runs(
                self.project,
                snapshot,
                &left,
                &self.session.id,
                &self.task,
                (Outcome::Failed, why),
                changes,
            )?;
            let before = snapshot.task(&self.task)?.recoveries;
            let released = Change::Released { why: why.to_owned(), recovery: true, claim: self.author.fence };
            changes.event(&self.task, released);
            if before + 1 >= most {
                let (reason, note) = (Some(Reason::RecoveryExhausted), Some(why.to_owned()));
                changes.event(&self.task, Change::Moved { from: Status::Ready, to: Status::Waiting, reason, note });
            } else {
                let wait = settings.duration("run.backoff") * 2u32.pow(u32::try_from(before).unwrap_or(9).min(9));
                let until = self.project.host.now().after(wait.min(Duration::from_secs(300)));
                changes.event(&self.task, Change::Parked { until, why: why.to_owned() });
            }
            Ok(())
        })?;
        self.current()
    }
}
