//! One round of the queue: may the task enter, does it rebase, do all gates pass, does the target still stand there.

use super::conditions::waived_review;
use super::target::Published;
use super::{ConditionState, MergeOptions, MergeOutcome, conditions, finish_delivery, in_the_way};
use crate::error::{Error, Kind, Result};
use crate::git::{Oid, Rebase, Repository, TargetMove};
use crate::model::message::MessageKind;
use crate::model::plan::{Plan, parse_plan};
use crate::model::run::{Evidence, Verdict};
use crate::model::{Change, Event, Reason, Status, Task, TaskId, TextFile};
use crate::run::checkout::Checkouts;
use crate::run::environment::{Variables, child_environment};
use crate::run::event::{Reporter, RunEventKind};
use crate::run::gates::{GateRun, gates_of};
use crate::run::worker::{Bench, add_evidence, committer, gate_note};
use crate::run::{include, ports};
use crate::store::{Changes, Snapshot};
use crate::tasks::{Project, Selection, select};
use std::path::Path;

pub struct Queue<'a> {
    pub project: &'a Project,
    pub task: &'a TaskId,
    pub options: MergeOptions,
    pub bench: &'a Bench,
    pub reporter: &'a Reporter,
    pub session: &'a str,
}

/// What a round decided about its task.
pub enum Round {
    Settled(MergeOutcome),
    /// The target moved meanwhile.
    Again,
}

/// Work that is about to land.
struct Landing<'t> {
    task: &'t Task,
    target: &'t str,
    /// Where the target is.
    from: Oid,
    /// What it is to become.
    commit: Oid,
    /// No gate says anything, and a person wants it all the same.
    unproven: bool,
}

/// A person's word that work is merged whatever a reviewer said.
struct Waiver {
    tree: String,
    /// It waits for a person because of its review.
    held_up: bool,
}

impl Queue<'_> {
    pub fn round(&self) -> Result<Round> {
        let snapshot = self.project.store.snapshot()?;
        let mut task = snapshot.task(self.task)?;
        let waiver = self.find_waiver(&snapshot, &task)?;
        if waiver.is_some() {
            // As it will be, once everything else holds and this is on the record.
            (task.status, task.reason) = (Status::Review, None);
        }
        let target = self.project.require_target()?.branch.clone();
        if let Some(refusal) = self.find_refusal(&snapshot, &task, &target)? {
            return Ok(refused(refusal));
        }
        if self.is_a_report(&snapshot, &task)? {
            return self.accept(&task).map(Round::Settled);
        }
        self.reporter.tell(RunEventKind::Merging { target: target.clone() });
        if let Some(refusal) = self.find_missing(&task, waiver.is_some())? {
            return Ok(refused(refusal));
        }
        if let Some(waiver) = &waiver {
            self.waive_review(waiver)?;
            task = self.project.store.snapshot()?.task(self.task)?;
        }
        let (plan, _) = parse_plan(&snapshot.text(self.task, TextFile::Plan)?);
        if let Some(refusal) = self.catch_up(&target)? {
            return Ok(refused(refusal));
        }
        if let Some((commit, target)) = self.find_landed(&task)? {
            finish_delivery(self.project, self.task, &target, commit, Status::Review)?;
            self.tidy(&task, commit);
            return Ok(Round::Settled(MergeOutcome::Merged { commit: commit.to_string(), target }));
        }
        let (from, commit) = match self.rebase(&task, &target)? {
            Rebased::Onto { from, commit } => (from, commit),
            Rebased::Not(outcome) => return Ok(Round::Settled(outcome)),
        };
        let evidence = self.measure(&plan, commit)?;
        match Verdict::of_all(evidence.iter().map(|evidence| evidence.verdict)) {
            Verdict::Passed => {}
            Verdict::Unknown if evidence.is_empty() && self.options.unverified => {}
            Verdict::Unknown if evidence.is_empty() => return Ok(refused(nothing_proven())),
            Verdict::Failed | Verdict::Unknown => {
                let failed = evidence.iter().find(|evidence| evidence.verdict != Verdict::Passed);
                let note = failed.map(gate_note).unwrap_or_default();
                return self.wait(Reason::GateFailed, note, &evidence).map(Round::Settled);
            }
        }
        let landing = Landing { task: &task, target: &target, from, commit, unproven: evidence.is_empty() };
        self.deliver(&landing, &evidence)
    }

    /// Why the task cannot enter the queue at all.
    fn find_refusal(&self, snapshot: &Snapshot<'_>, task: &Task, target: &str) -> Result<Option<Error>> {
        let short = snapshot.short(&task.id);
        if task.status != Status::Review {
            return Ok(Some(not_under_review(task, &short)));
        }
        if !self.project.policy_is_trusted()? {
            let error = Error::person("the project's policy runs commands that nobody on this machine has trusted yet");
            return Ok(Some(error.hint("aifactory trust")));
        }
        if let Some((path, files)) = self.project.repository().find_dirty_checkout(target)? {
            return Ok(Some(dirty_target(target, &path, &files)));
        }
        let Some(worktree) = Checkouts::of(self.project)?.find(self.task) else { return Ok(None) };
        let dirty = self.project.repository().worktree_state(&worktree)?.dirty;
        Ok((!dirty.is_empty()).then(|| {
            Error::person(format!("task {short} has uncommitted work: {}", dirty.join(", ")))
                .hint(format!("commit it in {} or undo it there", worktree.display()))
        }))
    }

    /// A merge that was stepped back while git was still at it: the target has it all the same.
    fn find_landed(&self, task: &Task) -> Result<Option<(Oid, String)>> {
        let Some(delivery) = task.delivery.as_ref().filter(|delivery| !delivery.done) else { return Ok(None) };
        let Some(commit) = Repository::parse_oid(&delivery.commit) else { return Ok(None) };
        let landed = self.has_landed(&delivery.target, commit)?;
        Ok(landed.then(|| (commit, delivery.target.clone())))
    }

    fn rebase(&self, task: &Task, target: &str) -> Result<Rebased> {
        let repository = self.project.repository();
        let Some(from) = repository.branch_commit(target)? else { return Ok(Rebased::refused(gone(target))) };
        let branch = task.branch.clone().unwrap_or_default();
        let Some(tip) = repository.branch_commit(&branch)? else { return Ok(Rebased::refused(gone(&branch))) };
        let checkout = Checkouts::of(self.project)?.verification(tip)?;
        let commit = match repository.rebase(&checkout, tip, from, &committer(self.project))? {
            Rebase::Clean(commit) => commit,
            Rebase::Conflict(paths) => {
                let note = format!("conflict with {target} in {}", paths.join(", "));
                return self.wait(Reason::Conflict, note, &[]).map(Rebased::Not);
            }
        };
        if commit == from {
            let error = Error::failed(format!("{target} already has everything that {branch} holds"));
            return Ok(Rebased::refused(error.hint("aifactory cancel, if nothing is left to do")));
        }
        Ok(Rebased::Onto { from, commit })
    }

    /// A task that was carried out by roles that change nothing, and that has left something to read.
    fn is_a_report(&self, snapshot: &Snapshot<'_>, task: &Task) -> Result<bool> {
        let branch =
            task.branch.as_deref().map(|branch| self.project.repository().branch_commit(branch)).transpose()?;
        let (plan, _) = parse_plan(&snapshot.text(&task.id, TextFile::Plan)?);
        let was_begun = !plan.steps.is_empty()
            || branch.flatten().is_some()
            || task.steps.values().any(|step| step.commit.is_some());
        let kinds = vec![MessageKind::Handoff];
        let left = Selection { task: Some(task.id.clone()), kinds, ..Selection::default() };
        Ok(!was_begun && !self.options.unseen && !select(snapshot, &left)?.records.is_empty())
    }

    /// Done by a person's word, which is on the record.
    fn accept(&self, task: &Task) -> Result<MergeOutcome> {
        self.project.store.transact(&self.project.person(), "accepted", |_, changes| {
            let note = Some("its report was accepted".to_owned());
            changes.event(self.task, Change::Moved { from: task.status, to: Status::Done, reason: None, note });
            Ok(())
        })?;
        let text = "there is nothing to merge: its report is accepted".to_owned();
        self.reporter.tell(RunEventKind::Note { text });
        Checkouts::of(self.project)?.park(self.task)?;
        Ok(MergeOutcome::Accepted)
    }

    /// Everything but the gates has to hold before they are run. All of it is told, line by line.
    fn find_missing(&self, task: &Task, waived: bool) -> Result<Option<Error>> {
        let snapshot = self.project.store.snapshot()?;
        let mut all = conditions(self.project, &snapshot, task, !self.options.unseen)?;
        for line in all.iter_mut().filter(|line| waived && line.what == "review") {
            *line = waived_review();
        }
        for line in all.iter().filter(|line| line.what != "gate") {
            if !self.options.unseen || line.state != ConditionState::Done {
                let (what, detail) = (line.what.clone(), line.detail.clone());
                self.reporter.tell(RunEventKind::MergeCondition { what, state: line.state.word().to_owned(), detail });
            }
        }
        let short = snapshot.short(&task.id);
        Ok(in_the_way(&all).map(|line| {
            let error = Error::person(format!("task {short} cannot be merged: {}: {}", line.what, line.detail));
            match line.what.as_str() {
                "plan" => error.hint(format!("aifactory plan show {short}, then aifactory approve {short}")),
                "review" => error
                    .hint(format!(
                        "aifactory run {short} --role reviewer, or aifactory retry {short} -m \"what to change\""
                    ))
                    .hint(format!("to merge on your own word: aifactory merge {short} --unreviewed")),
                "checks" | "risk" => error.hint(format!("aifactory review {short}, then aifactory merge {short}")),
                _ => error.hint(format!("aifactory retry {short} --run")),
            }
        }))
    }

    /// What a person's word about the review of this work changes, where they gave it; nothing where it is on the record.
    fn find_waiver(&self, snapshot: &Snapshot<'_>, task: &Task) -> Result<Option<Waiver>> {
        let repository = self.project.repository();
        let tip = task.branch.as_deref().map(|branch| repository.branch_commit(branch)).transpose()?.flatten();
        let held_up = (task.status, task.reason) == (Status::Waiting, Some(Reason::ReviewRejected));
        let may = self.options.unreviewed && (task.status == Status::Review || held_up);
        let Some(tip) = tip.filter(|_| may) else { return Ok(None) };
        let tree = repository.tree_of(tip)?.to_string();
        let is_known = |event: &Event| matches!(&event.change, Change::ReviewWaived { tree: seen } if *seen == tree);
        let is_new = held_up || !snapshot.events(self.task)?.iter().any(is_known);
        Ok(is_new.then_some(Waiver { tree, held_up }))
    }

    fn waive_review(&self, waiver: &Waiver) -> Result<()> {
        self.project.store.transact(&self.project.person(), "merge without a review", |_, changes| {
            changes.event(self.task, Change::ReviewWaived { tree: waiver.tree.clone() });
            if waiver.held_up {
                changes.event(self.task, moved(Status::Waiting, Status::Review));
            }
            Ok(())
        })
    }

    /// All gates of the task on the commit that is to land, in a checkout that no agent can have prepared.
    fn measure(&self, plan: &Plan, commit: Oid) -> Result<Vec<Evidence>> {
        let wanted = gates_of(self.project, plan);
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let checkout = Checkouts::of(self.project)?.verification(commit)?;
        let settings = &self.project.settings;
        let ports = ports::take(&self.project.store, settings.number("worktree.ports"))?;
        include::copy(self.project.repository(), &checkout)?;
        let environment = self.environment(&checkout, ports.map(|ports| ports.base));
        let mut gates = self.gates(&checkout, environment);
        gates.timeout = settings.duration("worktree.setup-timeout");
        if let Some(failed) = gates.run_setup(&settings.list("worktree.setup"))? {
            self.check_stop()?;
            return Ok(vec![failed]);
        }
        gates.timeout = settings.duration("gate.timeout");
        gates.clean = true;
        let evidence = gates.run_all(&wanted)?;
        self.check_stop()?;
        Ok(evidence)
    }

    fn environment(&self, checkout: &Path, port: Option<u16>) -> Variables {
        let mut own =
            vec![("AIFACTORY_TASK", self.task.to_string()), ("AIFACTORY_WORKTREE", checkout.display().to_string())];
        own.extend(port.map(|port| ("AIFACTORY_PORT_BASE", port.to_string())));
        child_environment(&self.project.host.env, self.project.repository(), &[], &own)
    }

    fn gates<'g>(&'g self, checkout: &'g Path, environment: Variables) -> GateRun<'g> {
        GateRun {
            project: self.project,
            task: self.task,
            worktree: checkout,
            environment,
            clean: false,
            step: None,
            handle: self.bench.handle.clone(),
            stop: self.bench.interrupt.clone(),
            reporter: self.reporter,
            own_program: self.bench.own_program.clone(),
            session: self.session,
            timeout: self.project.settings.duration("gate.timeout"),
        }
    }

    fn check_stop(&self) -> Result<()> {
        match *self.bench.interrupt.borrow() {
            true => Err(Error::new(Kind::Interrupted, "interrupted")),
            false => Ok(()),
        }
    }

    fn wait(&self, reason: Reason, note: String, evidence: &[Evidence]) -> Result<MergeOutcome> {
        self.project.store.transact(&self.project.person(), reason.word(), |_, changes| {
            add_all(changes, evidence);
            let moved = Change::Moved {
                from: Status::Review,
                to: Status::Waiting,
                reason: Some(reason),
                note: Some(note.clone()),
            };
            changes.event(self.task, moved);
            Ok(())
        })?;
        Ok(MergeOutcome::Waiting { reason, note })
    }

    /// Record, move, record. Whatever happens in between, the record says what was meant.
    fn deliver(&self, landing: &Landing<'_>, evidence: &[Evidence]) -> Result<Round> {
        let Landing { target, from, commit, .. } = *landing;
        self.record_intent(landing, evidence)?;
        match self.publish_target(target, from, commit) {
            Ok(Published::Done) => {}
            Ok(Published::Again) => {
                self.step_back("the target moved on the remote")?;
                return Ok(Round::Again);
            }
            Ok(Published::Refused(error)) => {
                self.step_back("the remote refuses the merge")?;
                return Ok(refused(error));
            }
            Err(error) => {
                self.step_back("the remote could not be reached")?;
                return Err(error);
            }
        }
        match self.project.repository().move_target(target, from, commit) {
            Ok(TargetMove::Done) => {}
            Ok(TargetMove::Elsewhere) => {
                self.step_back("the target moved")?;
                return Ok(Round::Again);
            }
            Ok(TargetMove::Occupied) => {
                self.step_back("the target is being rebased")?;
                let error = Error::person(format!("{target} is being rebased or bisected"));
                return Ok(refused(error.hint("finish that first; nothing was changed")));
            }
            Ok(TargetMove::Locked(path)) => {
                self.step_back("the target is locked")?;
                let error = Error::person(format!("{target} is locked by {}", path.display()));
                return Ok(refused(error.hint("if no git command is running, remove that file; nothing was changed")));
            }
            Ok(TargetMove::CheckedOutDirty { path, files }) => {
                self.step_back("the target's checkout holds local changes")?;
                return Ok(refused(dirty_target(target, &path, &files)));
            }
            // It may have landed before it failed; only the target itself knows.
            Err(error) if !self.has_landed(target, commit)? => {
                self.step_back("the target could not be moved")?;
                return Err(error);
            }
            Err(_) => {}
        }
        finish_delivery(self.project, self.task, target, commit, Status::Delivering)?;
        self.reporter.tell(RunEventKind::Merged { target: target.to_owned(), commit: commit.to_string() });
        self.tidy(landing.task, commit);
        Ok(Round::Settled(MergeOutcome::Merged { commit: commit.to_string(), target: target.to_owned() }))
    }

    fn record_intent(&self, landing: &Landing<'_>, evidence: &[Evidence]) -> Result<()> {
        self.project.store.transact(&self.project.person(), "deliver", |snapshot, changes| {
            if snapshot.task(self.task)?.updated != landing.task.updated {
                let short = snapshot.short(self.task);
                return Err(Error::failed(format!("task {short} changed while its gates ran")).hint("try again"));
            }
            add_all(changes, evidence);
            if landing.unproven {
                let text = "merged without proof, on this person's word".to_owned();
                changes.event(self.task, Change::Noted { text });
            }
            let delivering = Change::Delivering {
                target: landing.target.to_owned(),
                commit: landing.commit.to_string(),
                from: landing.from.to_string(),
            };
            changes.event(self.task, delivering);
            changes.event(self.task, moved(Status::Review, Status::Delivering));
            Ok(())
        })
    }

    fn has_landed(&self, target: &str, commit: Oid) -> Result<bool> {
        let repository = self.project.repository();
        let tip = repository.branch_commit(target)?;
        tip.map_or(Ok(false), |tip| repository.is_ancestor(commit, tip))
    }

    fn step_back(&self, why: &str) -> Result<()> {
        self.project.store.transact(&self.project.person(), "step back", |_, changes| {
            let (from, to) = (Status::Delivering, Status::Review);
            changes.event(self.task, Change::Moved { from, to, reason: None, note: Some(why.to_owned()) });
            Ok(())
        })
    }

    /// The worktree goes back to the pool and the branch goes, now that its work has landed. Failing to tidy up is worth
    /// a note and undoes nothing. A branch that is not plainly this task's own is left alone.
    fn tidy(&self, task: &Task, commit: Oid) {
        let parked = Checkouts::of(self.project).and_then(|checkouts| checkouts.park(self.task));
        let branch = task.branch.clone().filter(|branch| branch.contains(self.task.as_str()));
        let repository = self.project.repository();
        let cleared = parked.and_then(|()| {
            let Some(branch) = branch else { return Ok(false) };
            // After a rebase the branch's own commits are not ancestors of the target: their content landed as `commit`.
            if let Some(tip) = repository.branch_commit(&branch)? {
                let _ = repository.move_branch(&branch, tip, commit)?;
            }
            let gone = repository.delete_merged_branch(&branch, commit)?;
            self.forget_branch(&branch)?;
            Ok(gone)
        });
        if let Err(error) = cleared {
            self.reporter
                .tell(RunEventKind::Note { text: format!("merged, but not tidied up: {}", error.full_text()) });
        }
    }
}

enum Rebased {
    Onto { from: Oid, commit: Oid },
    Not(MergeOutcome),
}

impl Rebased {
    fn refused(error: Error) -> Rebased {
        Rebased::Not(MergeOutcome::Refused(error))
    }
}

fn refused(error: Error) -> Round {
    Round::Settled(MergeOutcome::Refused(error))
}

fn gone(branch: &str) -> Error {
    Error::failed(format!("the branch {branch} is gone")).hint("nothing was changed; git reflog may know where it was")
}

fn nothing_proven() -> Error {
    Error::person("no gate says anything about this work, so nothing is proven")
        .hint("add a `gate:` to the plan, or `gates` to .aifactory/config.toml on the target branch")
        .hint("to merge on your own word: aifactory merge --unverified")
}

fn not_under_review(task: &Task, short: &str) -> Error {
    let message = format!("task {short} is {}; only what is under review is merged", task.status);
    match task.status {
        Status::Waiting => Error::person(message).hint(task.reason.unwrap_or(Reason::Question).way_out(short)),
        Status::Backlog | Status::Ready => Error::failed(message).hint(format!("aifactory run {short}")),
        _ => Error::failed(message).hint(format!("aifactory show {short}")),
    }
}

pub fn dirty_target(target: &str, path: &Path, files: &[String]) -> Error {
    Error::person(format!(
        "{target} is checked out in {} with changes of yours that a merge would touch or mix with: {}",
        path.display(),
        files.join(", ")
    ))
    .hint("commit or stash them, then try again; nothing was changed")
}

fn add_all(changes: &mut Changes, evidence: &[Evidence]) {
    evidence.iter().for_each(|evidence| add_evidence(changes, evidence));
}

pub fn moved(from: Status, to: Status) -> Change {
    Change::Moved { from, to, reason: None, note: None }
}
