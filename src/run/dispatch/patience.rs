//! How a worker goes on where a run would be through: it looks again when something changed, takes over new settings,
//! lets go of what others have by now, and makes up for merges that something came between.

use super::{Dispatcher, LONGEST_LOOK, Look};
use crate::error::Result;
use crate::model::{Status, TaskId};
use crate::run::control::request_stop;
use crate::run::event::RunEvent;
use crate::run::interrupt::Interrupt;
use crate::run::order::Until;
use crate::run::scheduler::Decision;
use crate::run::session::{live_sessions, session_of};
use crate::store::{Filter, Index};
use crate::sync::{Manner, Sharing};
use crate::tasks::Project;

impl Dispatcher<'_> {
    /// Whether nothing has changed since nothing could be started.
    pub(super) fn is_looked_at(&self, interrupt: &Interrupt) -> Result<bool> {
        let Some(look) = &self.looked else { return Ok(false) };
        let is_fresh = look.running == self.running.len()
            && self.project.host.monotonic() < look.until
            && !interrupt.is_rest_wanted();
        Ok(is_fresh && self.project.store.find_head()? == look.head)
    }

    pub(super) fn note_look(&mut self, decision: &Decision) -> Result<()> {
        let now = self.project.host.now();
        let wait = match decision {
            Decision::WaitUntil(time) => time.since(now).min(LONGEST_LOOK),
            _ => LONGEST_LOOK,
        };
        let until = self.project.host.monotonic() + wait;
        self.looked = Some(Look { head: self.project.store.find_head()?, running: self.running.len(), until });
        Ok(())
    }

    /// A worker that waits for more work when there is none.
    pub(super) fn goes_on(&self) -> bool {
        let Some(order) = &self.request.work else { return false };
        let is_full = order.most.is_some_and(|most| self.started >= most);
        order.until == Until::Stopped && !is_full
    }

    /// Takes over changed settings. What cannot be read leaves the last good ones in force, and is said once.
    pub(super) fn reload(&mut self, listener: &mut dyn FnMut(&RunEvent)) {
        if self.request.work.is_none() {
            return;
        }
        match Project::open(&self.project.host, self.folder, None) {
            Ok(project) => {
                self.project = project;
                if self.complaint.take().is_some() {
                    listener(&RunEvent::note("the settings can be read again".to_owned()));
                }
            }
            Err(error) => {
                let complaint = error.full_text();
                if self.complaint.as_ref() != Some(&complaint) {
                    listener(&RunEvent::note(format!("{complaint}; the last good settings stay in force")));
                    self.complaint = Some(complaint);
                }
            }
        }
    }

    /// A task that is no longer held under the fence it was claimed with is somebody else's, or nobody's: its worker
    /// stops, and its worktree stays as it is.
    pub(super) fn stop_what_is_lost(&mut self) -> Result<()> {
        let Ok(snapshot) = self.project.store.snapshot() else { return Ok(()) };
        for (task, fence) in self.running.iter().filter_map(|(task, fence)| Some((task, (*fence)?))) {
            // What cannot be read is left to the worker, which looks for itself at each write.
            let Ok(record) = snapshot.task(task) else { continue };
            if record.fence != fence
                && let Some(session) = session_of(&self.project.store, task)?
            {
                request_stop(&self.project.store, &session)?;
            }
        }
        Ok(())
    }

    /// Work of this clone that passed and was not merged, because something came between: where passing is enough for a
    /// merge, the merge is made up for.
    pub(super) fn left_under_review(&self, index: &Index) -> Result<Vec<TaskId>> {
        if !self.request.merge || self.request.work.is_none() {
            return Ok(Vec::new());
        }
        let rows = index.tasks(&Filter { statuses: vec![Status::Review], ..Filter::default() })?;
        let snapshot = self.project.store.snapshot()?;
        let mut left = Vec::new();
        for row in rows {
            let is_new = self.tried.get(&row.id).is_none_or(|at| row.updated > *at);
            if !is_new || self.running.contains_key(&row.id) {
                continue;
            }
            let branch = snapshot.find_task(&row.id).ok().flatten().and_then(|task| task.branch);
            if branch
                .is_some_and(|branch| self.project.repository().branch_commit(&branch).is_ok_and(|tip| tip.is_some()))
            {
                left.push(row.id);
            }
        }
        Ok(left)
    }

    /// The sign of life ends with the last claim, and what was done last is published.
    pub(super) fn say_goodbye(&self, listener: &mut dyn FnMut(&RunEvent)) {
        let goodbye = || -> Result<()> {
            let Some(sharing) = Sharing::find(&self.project)? else { return Ok(()) };
            if sharing.is_ahead()? {
                sharing.exchange(Manner::default(), &mut |_| {})?;
            }
            if !live_sessions(&self.project.store.local) {
                sharing.stop_heart()?;
            }
            Ok(())
        };
        if let Err(error) = goodbye() {
            listener(&RunEvent::note(format!("{}; aifactory sync publishes what is here", error.full_text())));
        }
    }
}
