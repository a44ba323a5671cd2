//! Whether a task may be worked on, as far as approval goes.

use super::Project;
use super::reviewed::{Review, approves_by_merge, find_review};
use super::stale::{sentence, what_moved};
use super::texts::{are_own_texts, check_plan, texts_of};
use crate::error::Result;
use crate::git::Repository;
use crate::model::plan::Plan;
use crate::model::planning::SKIP_PLAN;
use crate::model::text::escape_line;
use crate::model::{Approval, Digest, Risk, Task, Warrant, risk};
use crate::store::{Snapshot, Vouch};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Approved,
    /// The task's risk lets a rule say yes; the worker records it with the claim.
    ByPolicy,
    /// A person has to say yes, for this reason.
    Asked(String),
    /// There was an approval, made on another machine.
    Untrusted(String),
}

/// Looks at approval, machine and base of a task's plan.
pub fn standing(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<Standing> {
    let (spec, text) = texts_of(snapshot, &task.id)?;
    if text.trim().is_empty() {
        return Ok(Standing::Asked("there is no plan yet".to_owned()));
    }
    let plan = match check_plan(&text) {
        Ok((plan, _)) => plan,
        Err(error) => return Ok(Standing::Asked(format!("the plan has errors: {error}"))),
    };
    let digest = Approval::digest_of(&spec, &text);
    let files = plan.steps.iter().flat_map(|step| step.files.iter().map(String::as_str));
    let (tier, raised_by) = risk::tier_of(task.risk, files, &risk_words(project));
    // A person who says that there is to be no plan is not asked about it; paths that need one ask all the same.
    // What a rule approved counts only while the rule still would.
    let given = task.approval.as_ref().filter(|approval| approval.digest == digest);
    let is_skipped = task.labels.contains(SKIP_PLAN) && raised_by.is_none();
    if let Some(approval) = given.filter(|approval| !approval.policy || tier < Risk::Blocking || is_skipped) {
        return given_standing(project, snapshot, task, approval, (&spec, &text, &plan));
    }
    if tier == Risk::Blocking && !is_skipped {
        return Ok(Standing::Asked(match (raised_by, &task.approval) {
            (_, Some(approval)) if approval.digest != digest => {
                let base = approval.base.as_deref().and_then(Repository::parse_oid);
                let clauses = what_moved(project, snapshot, task, (approval, base), (&spec, &text, &plan))?;
                sentence(approval, &clauses)
            }
            (Some(path), _) => format!("the plan touches {path}, which always needs a person"),
            (None, _) => match &task.sent_back {
                Some(sent_back) if *sent_back == digest => "the plan was sent back and is still the same".to_owned(),
                _ => "nobody has approved the plan yet".to_owned(),
            },
        }));
    }
    match are_trusted_texts(project, &spec, &text)? {
        true => Ok(Standing::ByPolicy),
        false => Ok(Standing::Untrusted("spec or plan was not written on this machine".to_owned())),
    }
}

/// What counts of an approval of exactly these texts.
fn given_standing(
    project: &Project,
    snapshot: &Snapshot<'_>,
    task: &Task,
    approval: &Approval,
    (spec, text, plan): (&str, &str, &Plan),
) -> Result<Standing> {
    let given_here = match approval.policy {
        true => are_trusted_texts(project, spec, text)?,
        false => trusts_others(project) || project.store.local.is_vouched(Vouch::Approved, &approval.digest)?,
    };
    let review = match given_here || approval.policy {
        true => Review::Nothing,
        false => find_review(project, snapshot, &task.id, &approval.digest)?,
    };
    let base = match &review {
        // The record's own word about it may be anybody's.
        Review::Vouched(base) => Some(*base),
        _ => approval.base.as_deref().and_then(Repository::parse_oid),
    };
    let clauses = what_moved(project, snapshot, task, (approval, base), (spec, text, plan))?;
    if !clauses.is_empty() {
        return Ok(Standing::Asked(sentence(approval, &clauses)));
    }
    Ok(match review {
        _ if given_here => Standing::Approved,
        Review::Vouched(_) => Standing::Approved,
        Review::Unchecked(why) => Standing::Untrusted(why),
        Review::Nothing => Standing::Untrusted(untrusted(project, approval)),
    })
}

fn untrusted(project: &Project, approval: &Approval) -> String {
    let by = escape_line(&approval.by);
    match &approval.warrant {
        Some(Warrant::Merge { .. }) if !approves_by_merge(project) => {
            format!("{by} is said to have merged the plan, and here plan.approve-by-merge is off")
        }
        Some(Warrant::Merge { .. }) => {
            format!("{by} is said to have merged the plan, and the target as it is known here does not hold this text")
        }
        Some(Warrant::Signature { .. }) => {
            format!("{by} is said to have signed the plan, and no such signature for this task is there")
        }
        None => format!("{by} approved the plan, but not on this machine"),
    }
}

/// What moved since the plan of an open task was approved, in one sentence; nothing where it was not, or nothing did.
pub fn find_moved(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<Option<String>> {
    let Some(approval) = task.approval.as_ref().filter(|_| !task.status.is_closed()) else { return Ok(None) };
    let (spec, text) = texts_of(snapshot, &task.id)?;
    let Ok((plan, _)) = check_plan(&text) else { return Ok(None) };
    let base = approval.base.as_deref().and_then(Repository::parse_oid);
    let clauses = what_moved(project, snapshot, task, (approval, base), (&spec, &text, &plan))?;
    Ok((!clauses.is_empty()).then(|| sentence(approval, &clauses)))
}

/// Names whose change asks for a person. Where a merge approves plans, their folder is one.
pub fn risk_words(project: &Project) -> Vec<String> {
    let mut words = project.settings.list("risk.words");
    if approves_by_merge(project) {
        let folder = project.settings.text("plan.folder").trim_matches('/').to_ascii_lowercase();
        words.extend(folder.rsplit('/').next().map(str::to_owned));
    }
    words
}

/// A person of this machine has said that whoever can push the state may have commands run here.
fn trusts_others(project: &Project) -> bool {
    project.settings.text("trust.plans") == "shared"
}

fn are_trusted_texts(project: &Project, spec: &str, plan: &str) -> Result<bool> {
    Ok(trusts_others(project) || are_own_texts(project, spec, plan)?)
}

/// What was said about a plan that a person sent back and that nobody changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentBack {
    /// Of spec and plan as they still are.
    pub digest: Digest,
    /// Every reason since the last approval, the newest last.
    pub reasons: Vec<String>,
}

/// Nothing where the plan was not rejected, or is another one by now.
pub fn sent_back(snapshot: &Snapshot<'_>, task: &Task) -> Result<Option<SentBack>> {
    let Some(digest) = &task.sent_back else { return Ok(None) };
    let (spec, plan) = texts_of(snapshot, &task.id)?;
    if Approval::digest_of(&spec, &plan) != *digest {
        return Ok(None);
    }
    Ok(Some(SentBack { digest: digest.clone(), reasons: super::approve::reasons(snapshot, &task.id)? }))
}
