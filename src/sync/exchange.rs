//! One exchange with one place: what is there comes in, what is here goes out, and nothing of either is lost.
//!
//! Everything local since the last push travels as one commit on top of what is there, pushed with the value that it was
//! made for. Refused means that somebody was faster: their work comes in, is merged, and the push is tried again. A push
//! that is sent and never answered is found out by the next exchange, which sees the commit there. Each step can be the
//! last one before a crash: all of them can be done again.

use super::incident;
use super::place::Place;
use super::transport::Transport;
use crate::error::{Error, Result};
use crate::git::{Expected, Oid, Progress, PushOutcome, PushUpdate, Swap};
use crate::model::TaskId;
use crate::store::{FALLBACK_REF, Store, inspect, inspect_commit, state_names};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Somebody may be faster this often before we say that the place is too busy.
const MOST_TRIES: u32 = 40;
const FIRST_WAIT: Duration = Duration::from_millis(40);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Manner {
    /// Look and say what would happen.
    pub dry_run: bool,
    /// Put our state back where it was deleted, set back or spoilt.
    pub restore: bool,
    /// Look at what is there even if there is something to push.
    pub look_first: bool,
    /// Only what is here matters: if all of it is there already, what else is there is not asked for.
    pub publish_only: bool,
}

/// A ref that goes along with the state in the same push, or the push is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    pub name: String,
    pub expected: Expected,
    pub new: Oid,
}

#[derive(Debug, Default)]
pub struct SyncReport {
    pub remote: String,
    pub came: BTreeSet<TaskId>,
    pub went: BTreeSet<TaskId>,
    pub merged: BTreeSet<TaskId>,
    /// Files outside of tasks that came, and that went.
    pub other: (usize, usize),
    pub notes: Vec<String>,
    /// The commit that is there now.
    pub tip: Option<Oid>,
    /// The ref that the state has there, where it is not the usual one.
    pub fallback: Option<String>,
    /// How often somebody was faster.
    pub retries: u32,
    /// Every ref below `refs/aifactory/live/`, if the place was asked.
    pub live: Option<BTreeMap<String, Oid>>,
    /// What went along with the state.
    pub extras: Vec<Extra>,
    /// Refs there that were not what the last try expected.
    pub stale: Vec<String>,
}

pub struct Exchange<'a> {
    pub store: &'a Store,
    pub place: &'a Place,
    pub transport: &'a dyn Transport,
}

/// What is there.
struct There {
    name: String,
    tip: Option<Oid>,
    /// Absent where only the state was brought.
    live: Option<BTreeMap<String, Oid>>,
}

enum Pushed {
    Done,
    Again,
}

impl Exchange<'_> {
    /// `extras` are made anew before each push, from the state as it is then.
    pub fn run(
        &self,
        manner: Manner,
        extras: &dyn Fn(&SyncReport) -> Result<Vec<Extra>>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<SyncReport> {
        let _lock = self.store.local.lock(&self.place.lock_name())?;
        let mut report = SyncReport { remote: self.place.shown(), ..SyncReport::default() };
        if manner.publish_only && self.has_all_of_ours()? {
            return Ok(report);
        }
        if !manner.dry_run
            && !manner.restore
            && !manner.look_first
            && self.push_at_once(&mut report, extras, progress)?
        {
            return Ok(report);
        }
        loop {
            let there = match report.retries {
                0 => self.look()?,
                _ => self.bring_what_was_faster(progress)?,
            };
            report.live = there.live.clone().or(report.live);
            self.bring_in(&there, manner, &mut report, progress)?;
            if manner.dry_run {
                self.foresee(&there, &mut report)?;
                return Ok(report);
            }
            match self.push(&there.name, there.tip, &mut report, extras, progress)? {
                Pushed::Done => return Ok(report),
                Pushed::Again if report.retries < MOST_TRIES => self.wait(&mut report),
                Pushed::Again => {
                    return Err(Error::failed(format!(
                        "{} moved {MOST_TRIES} times while we tried to push; your work is safe here and not there yet",
                        report.remote
                    ))
                    .hint("try again: aifactory sync"));
                }
            }
        }
    }

    /// Most of the time nobody else has pushed since: then one push is the whole exchange.
    fn push_at_once(
        &self,
        report: &mut SyncReport,
        extras: &dyn Fn(&SyncReport) -> Result<Vec<Extra>>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<bool> {
        let (Some(tracking), Some(head)) = (self.place.tracking(self.store)?, self.store.find_head()?) else {
            return Ok(false);
        };
        if self.is_same(tracking, head)? {
            return Ok(false);
        }
        let name = self.name_there()?;
        match self.push(&name, Some(tracking), report, extras, progress)? {
            Pushed::Done => Ok(true),
            Pushed::Again => {
                report.retries += 1;
                Ok(false)
            }
        }
    }

    /// Whoever held the lock before us may have published our work along with theirs.
    fn has_all_of_ours(&self) -> Result<bool> {
        match (self.place.tracking(self.store)?, self.store.find_head()?) {
            (Some(tracking), Some(head)) => self.is_same(tracking, head),
            _ => Ok(false),
        }
    }

    /// The ref that the state was last found under.
    fn name_there(&self) -> Result<String> {
        let at_fallback = self.store.repository.ref_target(&self.fallback_mark())?.is_some();
        Ok(if at_fallback { FALLBACK_REF.to_owned() } else { self.store.ref_name().to_owned() })
    }

    /// Remembers that this place takes branches only.
    fn fallback_mark(&self) -> String {
        self.place.tracking_ref().replace("/state", "/is-branch")
    }

    fn look(&self) -> Result<There> {
        let names = state_names(self.store);
        let patterns: Vec<&str> = names.iter().map(String::as_str).chain(["refs/aifactory/live/*"]).collect();
        let refs = self.transport.list(&patterns)?;
        let found = names.iter().find(|name| refs.contains_key(*name));
        let name = found.cloned().map_or_else(|| self.name_there(), Ok)?;
        let live = refs
            .iter()
            .filter_map(|(name, oid)| name.strip_prefix("refs/aifactory/live/").map(|name| (name.to_owned(), *oid)));
        Ok(There { tip: refs.get(&name).copied(), live: Some(live.collect()), name })
    }

    /// After somebody was faster there is something to bring, and asking for it first would only give the next one time
    /// to be faster again.
    fn bring_what_was_faster(&self, progress: &mut dyn FnMut(Progress)) -> Result<There> {
        let name = self.name_there()?;
        match self.transport.fetch(&name, &self.place.incoming_ref(), progress) {
            Ok(()) => {
                let tip = self.store.repository.ref_target(&self.place.incoming_ref())?;
                Ok(There { name, tip, live: None })
            }
            // Gone, or somewhere else by now: the listing tells.
            Err(_) => self.look(),
        }
    }

    /// Takes in what is there, if it is new and sound.
    fn bring_in(
        &self,
        there: &There,
        manner: Manner,
        report: &mut SyncReport,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        let tracking = self.place.tracking(self.store)?;
        let Some(tip) = there.tip else {
            return match tracking {
                Some(_) if !manner.restore => Err(incident::deleted(self.place, &there.name)),
                Some(_) => {
                    report.notes.push(format!("{} was gone there and is put back", there.name));
                    Ok(())
                }
                _ => Ok(()),
            };
        };
        if tracking == Some(tip) {
            return Ok(());
        }
        let incoming = self.place.incoming_ref();
        if there.live.is_some() {
            self.transport.fetch(&there.name, &incoming, progress)?;
        }
        let repository = &self.store.repository;
        // What was fetched, which may be newer than what was listed.
        let tip = repository.ref_target(&incoming)?.unwrap_or(tip);
        let known = tracking.map(|tracking| repository.tree_of(tracking)).transpose()?;
        let mut flaws = inspect_commit(repository, tip)?;
        if flaws.is_empty() {
            flaws = inspect(repository, repository.tree_of(tip)?, known)?;
        }
        if !flaws.is_empty() {
            let error = incident::flawed(self.store, self.place, tip, &flaws)?;
            return if manner.restore { self.leave_out(tip, report) } else { Err(error) };
        }
        let goes_on = tracking.map_or(Ok(true), |tracking| repository.is_ancestor(tracking, tip))?;
        if !goes_on && !manner.restore {
            return Err(incident::rewound(self.store, self.place, &there.name, tip)?);
        }
        if manner.dry_run {
            let merged = self.store.preview(tracking, tip)?;
            return self.note_merged(report, merged);
        }
        let base = if goes_on { tracking } else { None };
        let taken = self.store.take_in(base, tip)?;
        self.note_merged(report, taken.merged)?;
        if let Some(old) = tracking.filter(|_| !goes_on) {
            // Those who saw what was there before see that it goes on.
            self.store.tie_together(old, tip)?;
        }
        self.set_ref(&self.place.tracking_ref(), tip)?;
        self.note_ahead_clocks(report)
    }

    /// On a person's word: what must not come in stays out, and ours takes its place.
    fn leave_out(&self, tip: Oid, report: &mut SyncReport) -> Result<()> {
        report.notes.push(format!("what was there is kept as refs/aifactory/quarantine/{tip}"));
        Ok(())
    }

    fn note_merged(&self, report: &mut SyncReport, merged: crate::store::MergedTree) -> Result<()> {
        report.came.extend(merged.came);
        report.merged.extend(merged.merged);
        report.other.0 += merged.other.0;
        report.notes.extend(merged.notes);
        Ok(())
    }

    /// Events from a clock that is far ahead win over everything written meanwhile; somebody should set that clock.
    fn note_ahead_clocks(&self, report: &mut SyncReport) -> Result<()> {
        const AHEAD: Duration = Duration::from_secs(10 * 60);
        let now = self.store.host().now();
        let snapshot = self.store.snapshot()?;
        let mut furthest = None;
        for id in report.came.iter().chain(&report.merged).take(1000) {
            let Some(task) = snapshot.find_task(id).ok().flatten() else { continue };
            let ahead = task.updated.time.since(now);
            if ahead > AHEAD && furthest.as_ref().is_none_or(|(most, _)| ahead > *most) {
                furthest = Some((ahead, snapshot.short(id)));
            }
        }
        if let Some((ahead, short)) = furthest {
            report.notes.push(format!(
                "task {short} was written by a clock {} ahead of this one; one of the two is wrong",
                crate::config::duration_text(ahead)
            ));
        }
        Ok(())
    }

    /// For a dry run: what would go.
    fn foresee(&self, there: &There, report: &mut SyncReport) -> Result<()> {
        let Some(head) = self.store.find_head()? else { return Ok(()) };
        let base = self.place.tracking(self.store)?;
        let _ = there;
        self.note_what_goes(base, head, report)
    }

    fn push(
        &self,
        name: &str,
        tip: Option<Oid>,
        report: &mut SyncReport,
        extras: &dyn Fn(&SyncReport) -> Result<Vec<Extra>>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Pushed> {
        let Some(head) = self.store.find_head()? else { return Ok(Pushed::Done) };
        let tracking = self.place.tracking(self.store)?;
        let pushed = self.store.squash(tracking, head)?;
        self.note_what_goes(tracking, pushed, report)?;
        let extras = extras(report)?;
        let state_goes = tip != Some(pushed);
        if !state_goes && extras.is_empty() {
            report.tip = tip;
            self.store.adopt(head, pushed)?;
            return Ok(Pushed::Done);
        }
        let mut updates = Vec::new();
        if state_goes {
            let expected = tip.map_or(Expected::Absent, Expected::Is);
            updates.push(PushUpdate { name, expected, new: Some(pushed) });
        }
        updates.extend(extras.iter().map(|extra| PushUpdate {
            name: &extra.name,
            expected: extra.expected,
            new: Some(extra.new),
        }));
        match self.transport.push(&updates, progress)? {
            PushOutcome::Accepted => {
                self.set_ref(&self.place.tracking_ref(), pushed)?;
                self.store.adopt(head, pushed)?;
                report.tip = Some(pushed);
                report.fallback = (name != self.store.ref_name()).then(|| name.to_owned());
                report.extras = extras;
                Ok(Pushed::Done)
            }
            PushOutcome::Stale(names) => {
                report.stale = names;
                Ok(Pushed::Again)
            }
            PushOutcome::Declined { name: declined, why } => {
                self.fall_back(name, tip, &declined, &why, report)?;
                self.push(FALLBACK_REF, None, report, &|_| Ok(Vec::new()), progress)
            }
        }
    }

    /// A host that takes only branches gets a branch, the first time. Any other refusal is the host's last word.
    fn fall_back(
        &self,
        name: &str,
        tip: Option<Oid>,
        declined: &str,
        why: &str,
        report: &mut SyncReport,
    ) -> Result<()> {
        let is_new = tip.is_none() && declined == name && !name.starts_with("refs/heads/");
        if !is_new {
            return Err(Error::failed(format!("{} refuses {declined}: {why}", self.place.shown()))
                .hint("your work is safe here; the host's rules decide who may push there"));
        }
        report.notes.push(format!(
            "{} takes no ref named {name} ({why}); the state goes to {FALLBACK_REF}",
            self.place.shown()
        ));
        self.set_ref(&self.fallback_mark(), self.store.find_head()?.unwrap_or(self.store.genesis()?))
    }

    fn note_what_goes(&self, base: Option<Oid>, head: Oid, report: &mut SyncReport) -> Result<()> {
        let repository = &self.store.repository;
        let base = match base {
            Some(base) => base,
            None => self.store.genesis()?,
        };
        let paths = repository.changed_paths(repository.tree_of(base)?, repository.tree_of(head)?)?;
        report.went = paths.iter().filter_map(|path| crate::store::task_of_path(path)).collect();
        report.other.1 = paths.iter().filter(|path| crate::store::task_of_path(path).is_none()).count();
        Ok(())
    }

    fn is_same(&self, one: Oid, other: Oid) -> Result<bool> {
        let repository = &self.store.repository;
        Ok(one == other || repository.tree_of(one)? == repository.tree_of(other)?)
    }

    /// Our own note of what is there; nobody else writes it while we hold the lock.
    fn set_ref(&self, name: &str, to: Oid) -> Result<()> {
        let repository = &self.store.repository;
        for _ in 0..10 {
            let expected = match repository.ref_target(name)? {
                Some(now) if now == to => return Ok(()),
                Some(now) => Expected::Is(now),
                None => Expected::Absent,
            };
            if repository.swap_ref(name, expected, to, "aifactory: sync")? == Swap::Done {
                return Ok(());
            }
        }
        Err(Error::failed(format!("the ref {name} cannot be moved")))
    }

    /// Some of those who were refused together come back at different times.
    fn wait(&self, report: &mut SyncReport) {
        report.retries += 1;
        let most = FIRST_WAIT.saturating_mul(2u32.saturating_pow(report.retries.min(10))).min(LONGEST_WAIT);
        let part = self.store.host().random_fraction();
        self.store.host().sleep(most.mul_f64(part));
    }
}
