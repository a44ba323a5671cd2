//! A project and the place it is shared through.

use super::exchange::{Exchange, Extra, Manner, SyncReport};
use super::heart::{Heart, live_name};
use super::observe::Observations;
use super::place::{Place, places};
use super::transcripts;
use super::transport::GitTransport;
use crate::error::Result;
use crate::git::{Expected, Oid, Progress, Remote, Repository, Swap};
use crate::model::{ConflictKind, Status, Task, TaskId};
use crate::store::Filter;
use crate::tasks::Project;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub struct Sharing<'p> {
    pub project: &'p Project,
    pub place: Place,
}

/// Whether a claim counts everywhere.
#[derive(Debug)]
pub enum Confirmed {
    Held,
    /// Somebody else has the task, or it is no longer to be had.
    Lost(String),
}

impl<'p> Sharing<'p> {
    pub fn at(project: &'p Project, place: Place) -> Sharing<'p> {
        Sharing { project, place }
    }

    /// The place where claims count, once the project has been shared through it.
    pub fn find(project: &'p Project) -> Result<Option<Sharing<'p>>> {
        let first = places(&project.settings, project.repository())?.into_iter().next();
        let Some(place) = first else { return Ok(None) };
        let is_shared = place.tracking(&project.store)?.is_some();
        Ok(is_shared.then_some(Sharing { project, place }))
    }

    fn remote<'r>(&self, repository: &'r Repository) -> Remote<'r> {
        repository.remote(&self.place.remote).with_environment(self.project.host.env.clone())
    }

    pub fn transport(&self) -> Result<GitTransport<'_>> {
        let store = &self.project.store;
        Ok(GitTransport(self.remote(&store.repository).as_of(store.code())?))
    }

    /// The same remote, for branches of the code.
    pub fn code_transport(&self) -> GitTransport<'_> {
        let code = self.project.repository();
        GitTransport(self.remote(code))
    }

    pub fn exchange(&self, manner: Manner, progress: &mut dyn FnMut(Progress)) -> Result<SyncReport> {
        let transport = self.transport()?;
        let exchange = Exchange { store: &self.project.store, place: &self.place, transport: &transport };
        let mut report = exchange.run(manner, &|report| self.branches(report), progress)?;
        if !manner.dry_run && !manner.publish_only && self.project.settings.text("transcripts.keep") == "shared" {
            // The state is there; what agents printed can wait for the next time.
            let went = transcripts::push(self);
            report.notes.extend(went.unwrap_or_else(|error| vec![error.full_text()]));
        }
        for extra in &report.extras {
            if let Some(branch) = extra.name.strip_prefix("refs/heads/") {
                self.note_branch(branch, extra.new)?;
            }
        }
        if let Some(live) = &report.live {
            self.observe(live)?;
        }
        Ok(report)
    }

    /// Remembers where a branch is there.
    pub(super) fn note_branch(&self, branch: &str, tip: Oid) -> Result<()> {
        let (repository, name) = (self.project.repository(), self.place.branch_ref(branch));
        let expected = repository.ref_target(&name)?.map_or(Expected::Absent, Expected::Is);
        let _ = repository.swap_ref(&name, expected, tip, "aifactory: sync")?;
        Ok(())
    }

    /// Whether anything here has not been published.
    pub fn is_ahead(&self) -> Result<bool> {
        let store = &self.project.store;
        let (Some(head), Some(tracking)) = (store.find_head()?, self.place.tracking(store)?) else { return Ok(true) };
        let repository = &store.repository;
        Ok(head != tracking && repository.tree_of(head)? != repository.tree_of(tracking)?)
    }

    /// Publishes, and says whether the claim of this session stands.
    pub fn confirm(&self, task: &TaskId, session: &str) -> Result<Confirmed> {
        self.exchange(Manner { publish_only: true, ..Manner::default() }, &mut |_| {})?;
        let task = self.project.store.snapshot()?.task(task)?;
        if task.claim.as_ref().is_some_and(|claim| claim.session == session) {
            return Ok(Confirmed::Held);
        }
        Ok(Confirmed::Lost(match &task.claim {
            Some(claim) => format!("{} on {} was faster", claim.actor, claim.host),
            None => format!("it is {} by now", task.status),
        }))
    }

    pub fn live_name(&self) -> Result<String> {
        live_name(&self.project.store)
    }

    pub fn beat_if_due(&self, every: Duration) -> Result<bool> {
        let transport = self.transport()?;
        Heart { store: &self.project.store, place: &self.place, transport: &transport }.beat_if_due(every)
    }

    /// How long ago the last sign of life of this clone was sent that arrived.
    pub fn heart_age(&self) -> Result<Option<Duration>> {
        let transport = self.transport()?;
        Heart { store: &self.project.store, place: &self.place, transport: &transport }.age()
    }

    pub fn stop_heart(&self) -> Result<()> {
        let transport = self.transport()?;
        Heart { store: &self.project.store, place: &self.place, transport: &transport }.stop()
    }

    pub fn lease(&self) -> Duration {
        self.project.settings.duration("claim.lease").max(Duration::from_secs(1))
    }

    fn observations_file(&self) -> PathBuf {
        self.project.store.local.root().join(format!("observed-{}.json", self.place.lock_name()))
    }

    pub fn observations(&self) -> Result<Observations> {
        Observations::load(&self.observations_file(), &self.project.host.boot())
    }

    /// Notes who showed a sign of life, for the claims there are.
    fn observe(&self, live: &BTreeMap<String, Oid>) -> Result<()> {
        let names: Vec<String> =
            self.claimed()?.into_iter().filter_map(|task| task.claim.and_then(|claim| claim.live)).collect();
        let _lock = self.project.store.local.lock("observed")?;
        let mut observations = self.observations()?;
        observations.look(live, names, self.project.host.uptime());
        observations.store(&self.observations_file())
    }

    /// All tasks that somebody holds.
    pub fn claimed(&self) -> Result<Vec<Task>> {
        let snapshot = self.project.store.snapshot()?;
        let rows = snapshot.index()?.tasks(&Filter { claimed: true, ..Filter::default() })?;
        Ok(rows.iter().filter_map(|row| snapshot.find_task(&row.id).ok().flatten()).collect())
    }

    /// The branches of tasks that changed here and that nobody works on now: somebody elsewhere may go on from them.
    fn branches(&self, report: &SyncReport) -> Result<Vec<Extra>> {
        if self.project.settings.text("sync.branches") != "on" {
            return Ok(Vec::new());
        }
        let snapshot = self.project.store.snapshot()?;
        let mut extras = Vec::new();
        for id in &report.went {
            let Some(task) = snapshot.find_task(id).ok().flatten() else { continue };
            if matches!(task.status, Status::Running | Status::Done | Status::Delivering | Status::Backlog) {
                continue;
            }
            extras
                .extend(task.branch.as_deref().map(|branch| self.branch(&task, branch, report)).transpose()?.flatten());
        }
        Ok(extras)
    }

    fn branch(&self, task: &Task, branch: &str, report: &SyncReport) -> Result<Option<Extra>> {
        if report.stale.iter().any(|name| name.strip_prefix("refs/heads/") == Some(branch)) {
            self.fetch_branch(branch)?;
        }
        // Only a branch that is plainly this task's own leaves the machine.
        let repository = self.project.repository();
        let Some(tip) = repository.branch_commit(branch)?.filter(|_| branch.contains(task.id.as_str())) else {
            return Ok(None);
        };
        let there = repository.ref_target(&self.place.branch_ref(branch))?;
        let goes_on = match there {
            Some(there) if there == tip => return Ok(None),
            Some(there) => repository.is_ancestor(there, tip)?,
            None => true,
        };
        if goes_on {
            let expected = there.map_or(Expected::Absent, Expected::Is);
            return Ok(Some(Extra { name: format!("refs/heads/{branch}"), expected, new: tip }));
        }
        // What somebody else left there is not overwritten: a second result gets a name of its own, so that whoever has
        // to choose can look at both.
        let own = format!("{branch}-{}", &tip.to_string()[..10]);
        let is_there = repository.ref_target(&self.place.branch_ref(&own))?.is_some();
        let is_second = task.conflicts.iter().any(|conflict| conflict.kind == ConflictKind::Result);
        let extra = Extra { name: format!("refs/heads/{own}"), expected: Expected::Absent, new: tip };
        Ok((is_second && !is_there).then_some(extra))
    }

    /// Where a branch is there, as of now.
    pub fn fetch_branch(&self, branch: &str) -> Result<Option<Oid>> {
        // Two workers of this clone would be in each other's way: git locks the ref that both bring it to.
        let _lock = self.project.store.local.lock(&format!("fetch-{}", self.place.lock_name()))?;
        let transport = self.code_transport();
        let name = format!("refs/heads/{branch}");
        let Some(there) = super::Transport::list(&transport, &[&name])?.remove(&name) else { return Ok(None) };
        let (note, repository) = (self.place.branch_ref(branch), self.project.repository());
        if repository.ref_target(&note)? == Some(there) {
            return Ok(Some(there));
        }
        super::Transport::fetch(&transport, &name, &note, &mut |_| {})?;
        repository.ref_target(&note)
    }

    /// Brings the branch of a task from where it was published, if it is there and goes on from what is here.
    pub fn bring_branch(&self, branch: &str) -> Result<()> {
        let Some(there) = self.fetch_branch(branch)? else { return Ok(()) };
        let (name, repository) = (format!("refs/heads/{branch}"), self.project.repository());
        let _: Swap = match repository.branch_commit(branch)? {
            None => repository.swap_ref(&name, Expected::Absent, there, "aifactory: from the remote")?,
            Some(here)
                if here != there && repository.is_ancestor(here, there)? && !repository.is_checked_out(branch)? =>
            {
                repository.swap_ref(&name, Expected::Is(here), there, "aifactory: from the remote")?
            }
            Some(_) => return Ok(()),
        };
        Ok(())
    }
}
