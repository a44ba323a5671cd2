//! Spec and plan on a branch of their own, for people to review where they review code: what is to be committed there.
//!
//! Only objects are written here, and the branch is moved by a swap: no checkout, index or hook is touched. What others
//! committed on the branch is never lost: new commits go on top of theirs, and what they made of the plan comes in first.

use super::reviewed::{TargetPlan, find_plan_at, plan_path, recorded, target_tips};
use super::texts::{check_plan, texts_of};
use super::{Project, Standing, standing};
use crate::error::{Error, Result};
use crate::git::{Edit, EntryKind, Expected, Identity, Oid, Repository, Swap};
use crate::model::plan_file::{PlanFile, write_plan_file};
use crate::model::replay::merge_texts;
use crate::model::{Approval, Change, Digest, Proposal, Reason, Status, Task, TaskId, TextFile};
use crate::store::{Changes, Snapshot};

/// What counts where the branch has commits that are not ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Take {
    /// Both, where they do not touch each other.
    #[default]
    Both,
    /// What the task says; theirs stays in the branch's history.
    Ours,
    /// What the branch says.
    Theirs,
}

/// A proposal that is ready to be published.
#[derive(Debug, Clone)]
pub struct Draft {
    pub task: TaskId,
    pub branch: String,
    pub file: String,
    /// The target's commit that the branch began at.
    pub base: Oid,
    /// The object of the file that the target had there, in hexadecimal digits.
    pub before: Option<String>,
    /// The new tip of the branch.
    pub commit: Oid,
    /// Spec and plan as they are there.
    pub spec: String,
    pub plan: String,
    /// The branch holds edits of others that the task did not have.
    pub took_theirs: bool,
    /// Of the task's texts that this was made from.
    made_from: Digest,
    here: Option<Oid>,
}

/// The branch that a task's plan is proposed on, by the project's template.
pub fn proposal_branch(project: &Project, id: &TaskId) -> String {
    let name = project.settings.text("plan.branch").replace("{id}", id.as_str());
    let name = name.trim_matches(['-', '/']);
    if name.contains(id.as_str()) { name.to_owned() } else { format!("{name}-{id}") }
}

/// The tasks whose plan is under review on a branch.
pub fn open_proposals(snapshot: &Snapshot<'_>) -> Result<Vec<Task>> {
    let rows = snapshot.index()?.tasks(&crate::store::Filter { proposed: true, ..Default::default() })?;
    let tasks = rows.iter().filter_map(|row| snapshot.find_task(&row.id).transpose());
    tasks.collect()
}

/// Writes the commit that the branch is to become. `there` is its tip on the remote, where it was fetched from.
pub fn draft_proposal(
    project: &Project,
    snapshot: &Snapshot<'_>,
    id: &TaskId,
    there: Option<Oid>,
    take: Take,
) -> Result<Draft> {
    let task = snapshot.task(id)?;
    let (spec, plan) = require_plan(snapshot, &task)?;
    let (branch, file) = (proposal_branch(project, id), plan_path(project, id)?);
    let repository = project.repository();
    let newest = target_tips(project)?.first().copied().ok_or_else(|| no_commit(project))?;
    let here = repository.branch_commit(&branch)?;
    let tip = newer(repository, &branch, here, there)?;
    let open = task.proposal.as_ref().filter(|proposal| proposal.ended.is_none() && proposal.branch == branch);
    let base = open.and_then(|open| Repository::parse_oid(&open.base)).filter(|base| repository.has_commit(*base));
    let base = base.unwrap_or(newest);
    let before = match open {
        Some(open) => open.before.clone(),
        None => find_plan_at(project, base, id)?.map(|found| found.blob.to_string()),
    };
    let made_from = Approval::digest_of(&spec, &plan);
    let ours = (spec, plan);
    let texts = match tip {
        Some(tip) => with_theirs(&On { project, task: &task, tip, take, file: &file, branch: &branch }, &ours)?,
        None => ours.clone(),
    };
    check_plan(&texts.1)?;
    let content = PlanFile {
        task: Some(id.clone()),
        title: task.title.clone(),
        base: Some(base.to_string()),
        spec: texts.0.clone(),
        plan: texts.1.clone(),
    };
    let content = write_plan_file(&content).into_bytes();
    let commit = commit(project, &task, &file, content, Parents { tip, base, goes_on: open.is_some() })?;
    let took_theirs = texts != ours;
    Ok(Draft {
        task: id.clone(),
        branch,
        file,
        base,
        before,
        commit,
        spec: texts.0,
        plan: texts.1,
        took_theirs,
        made_from,
        here,
    })
}

fn require_plan(snapshot: &Snapshot<'_>, task: &Task) -> Result<(String, String)> {
    let short = snapshot.short(&task.id);
    if !matches!(task.status, Status::Backlog | Status::Ready | Status::Waiting) {
        return Err(Error::failed(format!("task {short} is {} and its plan cannot be proposed", task.status))
            .hint(format!("aifactory show {short}")));
    }
    let (spec, plan) = texts_of(snapshot, &task.id)?;
    if plan.trim().is_empty() {
        return Err(Error::failed(format!("task {short} has no plan to propose"))
            .hint(format!("to write one: aifactory plan edit {short}")));
    }
    check_plan(&plan)?;
    Ok((spec, plan))
}

fn no_commit(project: &Project) -> Error {
    match project.require_target() {
        Ok(target) => Error::failed(format!("{} has no commit yet that a plan could be proposed for", target.branch)),
        Err(error) => error,
    }
}

/// The tip that has all commits of both.
fn newer(repository: &Repository, branch: &str, here: Option<Oid>, there: Option<Oid>) -> Result<Option<Oid>> {
    let (Some(one), Some(other)) = (here, there) else { return Ok(here.or(there)) };
    if repository.is_ancestor(one, other)? {
        return Ok(Some(other));
    }
    if repository.is_ancestor(other, one)? {
        return Ok(Some(one));
    }
    Err(Error::failed(format!("the branch {branch} here and on the remote went apart"))
        .hint(format!("merge the two in a checkout of {branch}, push it, and propose again"))
        .hint(format!("or give up what is here alone: git branch -D {branch}")))
}

/// A branch that is there already.
struct On<'a> {
    project: &'a Project,
    task: &'a Task,
    tip: Oid,
    take: Take,
    file: &'a str,
    branch: &'a str,
}

/// Spec and plan with what others made of them on the branch.
fn with_theirs(on: &On<'_>, ours: &(String, String)) -> Result<(String, String)> {
    let known = on.task.proposal.as_ref();
    if on.take == Take::Ours || known.is_some_and(|known| Repository::parse_oid(&known.commit) == Some(on.tip)) {
        return Ok(ours.clone());
    }
    let Some(found) = find_plan_at(on.project, on.tip, &on.task.id)? else {
        // Without a proposal of ours the branch may be about anything.
        return match known {
            None => Ok(ours.clone()),
            Some(_) => Err(refused(on, &format!("somebody removed {} from the branch {}", on.file, on.branch))),
        };
    };
    let theirs = match &found.read {
        Ok(read) => recorded(on.project, read),
        Err(wrong) => {
            let place = format!("{}:{}:{}: {}", on.file, wrong.line, wrong.column, wrong.message);
            return Err(refused(on, &format!("the branch {} holds no plan that can be read: {place}", on.branch)));
        }
    };
    if on.take == Take::Theirs || theirs == *ours {
        return Ok(theirs);
    }
    let base = known.map(|known| find_known(on.project, known, &on.task.id)).transpose()?.flatten();
    let merged = base
        .and_then(|base| Some((merge_texts(&base.0, &ours.0, &theirs.0)?, merge_texts(&base.1, &ours.1, &theirs.1)?)));
    // Where both gave one step another title, there are two of it now.
    let merged = merged.filter(|(_, plan)| check_plan(plan).is_ok());
    merged.ok_or_else(|| refused(on, &format!("others changed the same parts on the branch {}", on.branch)))
}

/// Spec and plan as they were proposed last.
fn find_known(project: &Project, known: &Proposal, id: &TaskId) -> Result<Option<(String, String)>> {
    let commit = Repository::parse_oid(&known.commit).filter(|commit| project.repository().has_commit(*commit));
    let found: Option<TargetPlan> = commit.map(|commit| find_plan_at(project, commit, id)).transpose()?.flatten();
    Ok(found.and_then(|found| found.read.ok()).map(|read| recorded(project, &read)))
}

fn refused(on: &On<'_>, why: &str) -> Error {
    let (tip, id) = (on.tip.to_string(), &on.task.id);
    Error::person(why.to_owned())
        .hint(format!("to look at theirs: git show {}:{}", &tip[..10], on.file))
        .hint(format!("to take theirs into the task: aifactory plan propose {id} --take theirs"))
        .hint(format!(
            "to put the task's on top, theirs staying in the history: aifactory plan propose {id} --take ours"
        ))
}

/// Where a commit belongs.
struct Parents {
    tip: Option<Oid>,
    base: Oid,
    /// The branch is under review: its files stay as they are there.
    goes_on: bool,
}

fn commit(project: &Project, task: &Task, file: &str, content: Vec<u8>, on: Parents) -> Result<Oid> {
    let repository = project.repository();
    let (parents, under) = match on.tip {
        Some(tip) if on.goes_on => (vec![tip], tip),
        // A new review begins at the target as it is. What was on the branch stays below it.
        Some(tip) if !repository.is_ancestor(tip, on.base)? => (vec![tip, on.base], on.base),
        _ => (vec![on.base], on.base),
    };
    let under_tree = repository.tree_of(under)?;
    require_folder(repository, under_tree, file)?;
    let tree = repository.edit_tree(Some(under_tree), vec![Edit::Put { path: file.to_owned(), content }])?;
    if let Some(tip) = on.tip
        && repository.tree_of(tip)? == tree
    {
        return Ok(tip);
    }
    let by = Identity {
        name: repository.config_value("user.name").unwrap_or_else(|| project.actor.clone()),
        email: project.actor.clone(),
        at: project.host.now(),
    };
    let title = crate::model::text::escape_line(&task.title).into_owned();
    repository.write_commit(tree, &parents, &format!("Plan: {title}\n\nTask: {}\n", task.id), &by)
}

/// A file where the folder belongs would be replaced by it. In a partial clone this also brings the folders that are
/// about to be edited.
fn require_folder(repository: &Repository, tree: Oid, file: &str) -> Result<()> {
    for (at, _) in file.match_indices('/') {
        let folder = &file[..at];
        match repository.find_entry(tree, folder)? {
            None => return Ok(()),
            Some(entry) if entry.kind == EntryKind::Tree => {}
            Some(_) => {
                return Err(Error::failed(format!("{folder} is a file on the target and cannot hold plans"))
                    .hint("to choose another folder: aifactory config set plan.folder <folder>"));
            }
        }
    }
    Ok(())
}

impl Draft {
    /// Moves the branch here. One that is checked out is somebody's desk, and stays.
    pub fn move_branch(&self, repository: &Repository) -> Result<()> {
        if self.here == Some(self.commit) {
            return Ok(());
        }
        if let Some(checkout) = repository.find_checkout(&self.branch)? {
            return Err(Error::failed(format!("the branch {} is checked out in {}", self.branch, checkout.display()))
                .hint("switch to another branch there, and propose again"));
        }
        let expected = self.here.map_or(Expected::Absent, Expected::Is);
        let name = format!("refs/heads/{}", self.branch);
        match repository.swap_ref(&name, expected, self.commit, "aifactory: plan propose")? {
            Swap::Done => Ok(()),
            Swap::Refused | Swap::Locked => Err(Error::failed(format!("the branch {} moved meanwhile", self.branch))
                .hint(format!("try again: aifactory plan propose {}", self.task))),
        }
    }
}

/// Puts a proposal on the record, and takes what others had made of the plan into the task. A task that nobody has
/// approved waits for the review.
pub fn note_proposal(project: &Project, draft: &Draft, pushed: bool) -> Result<()> {
    project.store.transact(&project.person(), "propose the plan", |snapshot, changes| {
        let task = snapshot.task(&draft.task)?;
        let (spec, plan) = texts_of(snapshot, &draft.task)?;
        if Approval::digest_of(&spec, &plan) != draft.made_from {
            return Err(Error::failed(format!("task {} was edited meanwhile", snapshot.short(&draft.task)))
                .hint(format!("propose it as it is now: aifactory plan propose {}", snapshot.short(&draft.task))));
        }
        changes.text(&draft.task, TextFile::Spec, draft.spec.clone());
        changes.text(&draft.task, TextFile::Plan, draft.plan.clone());
        let proposed = Change::Proposed {
            branch: draft.branch.clone(),
            file: draft.file.clone(),
            commit: draft.commit.to_string(),
            base: draft.base.to_string(),
            before: draft.before.clone(),
            digest: Approval::digest_of(&draft.spec, &draft.plan),
            pushed,
        };
        let is_known = task.proposal.as_ref().is_some_and(|known| {
            let is_this = Repository::parse_oid(&known.commit) == Some(draft.commit) && known.pushed == pushed;
            is_this && known.ended.is_none()
        });
        if !is_known {
            changes.event(&draft.task, proposed);
        }
        if draft.took_theirs || !matches!(standing(project, snapshot, &task)?, Standing::Approved) {
            wait_for_approval(&task, &format!("it is proposed for review on {}", draft.branch), changes);
        }
        Ok(())
    })
}

/// The task waits for a person to approve its plan, for this reason. Where something else goes on, it is only noted.
pub(super) fn wait_for_approval(task: &Task, note: &str, changes: &mut Changes) {
    let reason = Some(Reason::PlanApproval);
    let moved = |from: Status, to: Status| {
        let waits = to == Status::Waiting;
        Change::Moved { from, to, reason: reason.filter(|_| waits), note: waits.then(|| note.to_owned()) }
    };
    match (task.status, task.reason) {
        (Status::Waiting, Some(Reason::PlanApproval)) if task.note.as_deref() == Some(note) => {}
        (Status::Waiting, Some(Reason::PlanApproval | Reason::Trust)) => {
            changes.event(&task.id, moved(Status::Waiting, Status::Backlog));
            changes.event(&task.id, moved(Status::Backlog, Status::Waiting));
        }
        (Status::Backlog | Status::Ready, _) => changes.event(&task.id, moved(task.status, Status::Waiting)),
        _ => changes.event(&task.id, Change::Noted { text: note.to_owned() }),
    }
}
