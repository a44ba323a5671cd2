//! Taking a task: everything that must hold is checked in the same transaction that takes it.

use super::Settled;
use crate::error::{Error, Kind, Result};
use crate::model::planning::NEEDS_PLAN;
use crate::model::readiness::{Blocked, blocked};
use crate::model::{Approval, Change, Event, Reason, Status, Task, TaskId, TextFile};
use crate::store::{Author, Changes, Snapshot};
use crate::sync::{Confirmed, Sharing};
use crate::tasks::{
    Project, Standing, Way, branch_name, has_model, missing_full_access, plain_texts, standing, way_of,
};
use crate::workflow::{Answer, Library};

pub enum ClaimOutcome {
    Claimed(Claimed),
    /// A person is needed before anything starts.
    Settled(Settled),
    /// Somebody else has it, or may run it and we may not.
    NotOurs(String),
    /// Whether others have it cannot be known.
    Unreachable(Error),
}

pub struct Claimed {
    pub title: String,
    pub fence: u64,
    pub branch: String,
    /// How it gets its plan, where it had none, and what of it counts for nothing.
    pub why: Option<String>,
}

/// Publishes the claim. Until the remote has it, it is a wish, and nothing is done under it.
pub fn make_global(sharing: &Sharing<'_>, id: &TaskId, session: &str, claimed: Claimed) -> Result<ClaimOutcome> {
    match sharing.confirm(id, session) {
        Ok(Confirmed::Held) => Ok(ClaimOutcome::Claimed(claimed)),
        Ok(Confirmed::Lost(why)) => Ok(ClaimOutcome::NotOurs(why)),
        Err(error) => {
            let short = sharing.project.store.snapshot()?.short(id);
            give_back(sharing.project, id, session)?;
            let hint = format!("to work on it all the same, for this machine alone: aifactory run {short} --local");
            Ok(ClaimOutcome::Unreachable(error.hint(hint)))
        }
    }
}

/// An unpublished claim goes as it came.
fn give_back(project: &Project, id: &TaskId, session: &str) -> Result<()> {
    project.store.transact(&project.person(), "release", |snapshot, changes| {
        let task = snapshot.task(id)?;
        if let Some(claim) = task.claim.filter(|claim| claim.session == session) {
            let why = "it could not be published".to_owned();
            changes.event(id, Change::Released { why, recovery: false, claim: Some(claim.fence) });
        }
        Ok(())
    })
}

/// `live` is where others see that we live, for a claim that is to count everywhere.
pub fn claim(project: &Project, id: &TaskId, session: &str, live: Option<String>) -> Result<ClaimOutcome> {
    let author = Author { actor: project.actor.clone(), session: Some(session.to_owned()), fence: None };
    let policy_is_trusted = project.policy_is_trusted()?;
    project.store.transact(&author, "claim", |snapshot, changes| {
        let task = snapshot.task(id)?;
        if task.status != Status::Ready {
            // Another worker was faster, or a person changed their mind: neither is a failure.
            return Ok(ClaimOutcome::NotOurs(format!("it was {} when its turn came", task.status)));
        }
        require_startable(snapshot, &task)?;
        // What this machine may not run another one may: the task stays where it is.
        let elsewhere =
            |why: String| Ok(ClaimOutcome::Settled(Settled { status: Status::Ready, reason: None, note: Some(why) }));
        if !policy_is_trusted && live.is_some() {
            return elsewhere("the project's policy is not trusted on this machine: aifactory trust".to_owned());
        }
        if !policy_is_trusted {
            let note = "the project's policy runs commands that nobody on this machine has trusted yet";
            return Ok(wait(&task, Reason::Trust, note, changes));
        }
        match missing_full_access(project, &task)? {
            Some(why) if live.is_some() => return elsewhere(format!("{why}: aifactory trust --full")),
            Some(why) => return Ok(wait(&task, Reason::Trust, &why, changes)),
            None => {}
        }
        let library = Library::of(project)?;
        let alone = match library.role_of(project, &task) {
            // Another machine may know it, or this one some day.
            Err(error) if error.kind() == Kind::Missing => {
                let hint = error.hints().last().map(|hint| format!("; {hint}")).unwrap_or_default();
                return Ok(ClaimOutcome::NotOurs(format!("{}{hint}", error.full_text())));
            }
            alone => alone?,
        };
        // Nobody has to say yes to looking.
        let reads_only = alone.as_ref().is_some_and(|role| role.answers != Answer::Change);
        let way = match (reads_only, way_of(project, snapshot, &task)?) {
            (true, _) => Way::AsItStands,
            (false, Way::Planned(_)) if alone.is_some() && may_be_plain(project, &task) => {
                Way::Plain("a role carries it out alone".to_owned())
            }
            (false, way) => way,
        };
        let why = match way {
            Way::AsItStands => None,
            Way::Planned(why) => Some(format!("an agent plans it: {why}")),
            Way::Plain(why) => {
                let (spec, plan) = plain_texts(project, &task, &snapshot.text(id, TextFile::Spec)?)?;
                changes.text(id, TextFile::Spec, spec);
                changes.text(id, TextFile::Plan, plan);
                Some(format!("no agent plans it: {why}"))
            }
        };
        if let Some(text) = &why {
            // Each claim until there is a plan comes to the same.
            let is_same = |event: &Event| matches!(&event.change, Change::Noted { text: noted } if noted == text);
            if !snapshot.events(id)?.iter().any(is_same) {
                changes.event(id, Change::Noted { text: text.clone() });
            }
        }
        // Of a task that is to be planned, or was given plain texts just now, the workflow asks on its way.
        let is_as_it_stands = why.is_none() && !reads_only;
        match if is_as_it_stands { standing(project, snapshot, &task)? } else { Standing::Approved } {
            Standing::Approved => {}
            Standing::ByPolicy => changes.event(id, approved_by_policy(project, snapshot, &task)?),
            Standing::Asked(why) => return Ok(wait(&task, Reason::PlanApproval, &why, changes)),
            Standing::Untrusted(why) if live.is_some() => {
                return elsewhere(format!("{why}; to run it here all the same: aifactory approve {id}"));
            }
            Standing::Untrusted(why) => return Ok(wait(&task, Reason::Trust, &why, changes)),
        }
        let fence = task.fence + 1;
        let branch = task.branch.clone().unwrap_or_else(|| branch_name(project, &task));
        let claimed = Change::Claimed {
            claim: fence,
            host: project.host.name(),
            lease_seconds: project.settings.duration("claim.lease").as_secs().max(1),
            branch: branch.clone(),
            live: live.clone(),
        };
        changes.event(id, claimed);
        let passed_over =
            task.role.as_deref().filter(|_| alone.is_none()).and_then(|role| library.find_unknown_role(role));
        let passed_over = passed_over.map(|error| format!("its own role is passed over: {error}"));
        let told: Vec<String> = why.into_iter().chain(passed_over).collect();
        let why = (!told.is_empty()).then(|| told.join("; "));
        Ok(ClaimOutcome::Claimed(Claimed { title: task.title.clone(), fence, branch, why }))
    })
}

/// Nobody asked for a plan, and an agent can follow what the task says.
fn may_be_plain(project: &Project, task: &Task) -> bool {
    task.plan.is_none() && !task.labels.contains(NEEDS_PLAN) && has_model(project, task, "code")
}

fn require_startable(snapshot: &Snapshot<'_>, task: &Task) -> Result<()> {
    let short = snapshot.short(&task.id);
    if task.paused {
        return Err(Error::person(format!("task {short} is paused")).hint(format!("aifactory resume {short}")));
    }
    let status_of = |id: &TaskId| snapshot.find_task(id).ok().flatten().map(|task| task.status);
    match blocked(task.dependencies.iter().cloned(), status_of) {
        None => Ok(()),
        Some(Blocked::Waiting(others)) => {
            let names: Vec<String> = others.iter().map(|id| snapshot.short(id)).collect();
            Err(Error::missing(format!("task {short} waits for {}", names.join(", "))))
        }
        Some(Blocked::Broken { dependency, why }) => {
            let other = snapshot.short(&dependency);
            Err(Error::person(format!("task {short} depends on {other}, which {why}"))
                .hint(format!("to go on without it: aifactory set {short} dependencies-={other}")))
        }
    }
}

fn wait(task: &Task, reason: Reason, note: &str, changes: &mut Changes) -> ClaimOutcome {
    let moved =
        Change::Moved { from: task.status, to: Status::Waiting, reason: Some(reason), note: Some(note.to_owned()) };
    changes.event(&task.id, moved);
    ClaimOutcome::Settled(Settled { status: Status::Waiting, reason: Some(reason), note: Some(note.to_owned()) })
}

fn approved_by_policy(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<Change> {
    let (spec, plan) = (snapshot.text(&task.id, TextFile::Spec)?, snapshot.text(&task.id, TextFile::Plan)?);
    let base = project.target.as_ref().and_then(|target| target.commit);
    Ok(Change::Approved {
        digest: Approval::digest_of(&spec, &plan),
        base: base.map(|commit| commit.to_string()),
        policy: true,
        note: None,
        warrant: None,
    })
}
