//! Plans from elsewhere: a file with spec and plan, and where it is signed, the signature that approves it.
//!
//! Text and signature lie beside the task, so that every machine verifies them for itself: with the signers that the
//! target's policy names, and those that git's own settings name on that machine. The signed text says which task it is
//! for and which commit of the target; nothing of that is taken from the record.

use super::proposal::wait_for_approval;
use super::reviewed::{Review, target_tips};
use super::stale::files_of_plan;
use super::texts::{check_plan, texts_of};
use super::{Project, create};
use crate::error::{Context, Error, Result};
use crate::git::{AllowedSigners, Oid, Repository, Signed};
use crate::model::event::Draft;
use crate::model::plan::{Plan, listed};
use crate::model::plan_file::{PlanFile, ReadPlanFile, parse_plan_file, write_plan_file};
use crate::model::text::escape_line;
use crate::model::{Approval, Change, Digest, Reason, Risk, Status, TaskId, TextFile, Warrant};
use crate::store::{Changes, Snapshot};

/// What a signature must have been made for, so that one made for something else says nothing about a plan.
pub const NAMESPACE: &str = "aifactory-plan";

/// Beside the policy, on the target: lines as of ssh's `allowed_signers`.
const SIGNERS_PATH: &str = ".aifactory/allowed-signers";

/// A plan to bring in.
#[derive(Debug, Clone, Default)]
pub struct PlanImport {
    pub text: String,
    pub signature: Option<String>,
    /// The task it is for, where the file does not say.
    pub task: Option<TaskId>,
    /// Take it although the target moved on under it; then it waits for approval.
    pub stale_ok: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedPlan {
    pub task: TaskId,
    pub created: bool,
    /// Whose signature approves it.
    pub signer: Option<String>,
    /// Why it waits for approval although it was taken.
    pub stale: Option<String>,
}

/// Spec and plan of a task as one file, to sign or to hand on.
pub fn export_plan(project: &Project, snapshot: &Snapshot<'_>, id: &TaskId) -> Result<String> {
    let task = snapshot.task(id)?;
    let (spec, plan) = texts_of(snapshot, id)?;
    if plan.trim().is_empty() {
        let short = snapshot.short(id);
        return Err(Error::missing(format!("task {short} has no plan yet"))
            .hint(format!("to write one: aifactory plan edit {short}")));
    }
    let base = target_tips(project)?.first().map(|commit| commit.to_string());
    Ok(write_plan_file(&PlanFile { task: Some(id.clone()), title: task.title, base, spec, plan }))
}

/// Takes a plan in. Everything about it is checked before anything is written.
pub fn import_plan(project: &Project, import: &PlanImport) -> Result<ImportedPlan> {
    let read = read(&import.text)?;
    let (plan, _) = check_plan(&read.file.plan).context(|| "the file's plan has errors")?;
    let signature = import.signature.as_deref().map(armour).transpose()?;
    let signer = match &signature {
        Some(signature) => {
            require_task(&read.file, import)?;
            require_kept(project, import)?;
            Some(verify(project, &import.text, signature)?)
        }
        None => None,
    };
    let stale = find_stale(project, &read.file, &plan)?;
    if let Some(why) = stale.as_ref().filter(|_| !import.stale_ok) {
        return Err(Error::person(format!("the plan is out of date: {why}"))
            .hint("have it made again for the target as it is now")
            .hint("or take it all the same, to be approved here: add --stale-ok"));
    }
    let signer = signer.filter(|_| stale.is_none());
    write(project, import, &read, signer.zip(signature), stale)
}

/// The signature itself, without what stands around it.
fn armour(text: &str) -> Result<String> {
    const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
    const END: &str = "-----END SSH SIGNATURE-----";
    let lines = || text.lines().map(str::trim_end).skip_while(|line| *line != BEGIN);
    let length = lines().position(|line| line == END).map(|last| last + 1);
    match length {
        Some(length) => Ok(lines().take(length).map(|line| format!("{line}\n")).collect()),
        None => Err(Error::failed("the signature file holds no SSH signature")
            .hint(format!("to make one: ssh-keygen -Y sign -n {NAMESPACE} -f <key> <file>"))),
    }
}

fn read(text: &str) -> Result<ReadPlanFile> {
    parse_plan_file(text).map_err(|wrong| {
        Error::failed(format!("the file is no plan of aifactory's: line {}: {}", wrong.line, wrong.message))
            .hint("to get one of a task: aifactory plan export <id>")
            .hint("a plan alone goes in with: aifactory plan set <id> -F <file>")
    })
}

/// A signature is for one task: it must not approve the same words somewhere else.
fn require_task(file: &PlanFile, import: &PlanImport) -> Result<()> {
    match (&file.task, &import.task) {
        (None, _) => Err(Error::failed("the signed file does not say which task it is for")
            .hint("sign what this prints: aifactory plan export <id>")),
        (Some(signed), Some(wanted)) if signed != wanted => {
            Err(Error::failed(format!("the plan was signed for task {signed}, not for {wanted}")))
        }
        _ => Ok(()),
    }
}

/// Secrets are taken out of what is written, and then a signature no longer holds.
fn require_kept(project: &Project, import: &PlanImport) -> Result<()> {
    match project.store.redactor().redact(&import.text) == import.text {
        true => Ok(()),
        false => {
            Err(Error::failed("the signed file holds what looks like a secret, and secrets are not written to git")
                .hint("take it out and have the file signed again"))
        }
    }
}

/// The file's own base: a commit of the target, since when nothing that the plan is about changed.
fn find_stale(project: &Project, file: &PlanFile, plan: &Plan) -> Result<Option<String>> {
    let target = project.require_target()?;
    let branch = escape_line(&target.branch);
    let Some(base) = &file.base else {
        return Ok(Some("it does not say which commit it was made for".to_owned()));
    };
    let shown: String = escape_line(base).chars().take(10).collect();
    let repository = project.repository();
    let found = Repository::parse_oid(base).filter(|base| repository.has_commit(*base));
    let (Some(base), Some(tip)) = (found, target.commit) else {
        return Ok(Some(format!("it was made for commit {shown}, which is not here")));
    };
    if !repository.is_ancestor(base, tip)? {
        return Ok(Some(format!("it was made for commit {shown}, which is no part of {branch}")));
    }
    let touched = files_of_plan(repository, plan, base, tip)?;
    let names: Vec<String> = touched.iter().map(|path| escape_line(path).into_owned()).collect();
    Ok((!names.is_empty()).then(|| format!("{} changed on {branch} since commit {shown}", listed(&names))))
}

fn write(
    project: &Project,
    import: &PlanImport,
    read: &ReadPlanFile,
    signed: Option<(String, String)>,
    stale: Option<String>,
) -> Result<ImportedPlan> {
    let file = &read.file;
    let redact = |text: &str| project.store.redactor().redact(text).into_owned();
    let digest = Approval::digest_of(&redact(&file.spec), &redact(&file.plan));
    let risk = Risk::parse(project.settings.text("risk.default")).unwrap_or_default();
    project.store.transact(&project.person(), "import a plan", |snapshot, changes| {
        let wanted = import.task.clone().or_else(|| file.task.clone());
        let id = wanted.map_or_else(|| create::fresh_id(&project.host, snapshot), Ok)?;
        let known = snapshot.find_task(&id)?;
        let created = known.is_none();
        match &known {
            None => changes.create(&id, Draft { title: create::one_line(&file.title)?, risk, ..Draft::default() }),
            Some(task) if !matches!(task.status, Status::Backlog | Status::Ready | Status::Waiting) => {
                let short = snapshot.short(&id);
                return Err(Error::failed(format!("task {short} is {} and its plan cannot be replaced", task.status))
                    .hint(format!("aifactory show {short}")));
            }
            Some(_) => {}
        }
        changes.text(&id, TextFile::Spec, file.spec.clone());
        changes.text(&id, TextFile::Plan, file.plan.clone());
        let (status, reason) = known.as_ref().map_or((Status::Backlog, None), |task| (task.status, task.reason));
        match &signed {
            Some((by, signature)) => {
                changes.signed_plan(&id, &digest, &import.text, signature);
                approve(&id, (status, reason), file, &digest, (by, signature), changes);
            }
            None => match &known {
                Some(task) => wait_for_approval(task, &waiting_note(stale.as_deref()), changes),
                None => changes.event(&id, first_wait(waiting_note(stale.as_deref()))),
            },
        }
        Ok(ImportedPlan { task: id, created, signer: signed.as_ref().map(|(by, _)| by.clone()), stale: stale.clone() })
    })
}

fn approve(
    id: &TaskId,
    (status, reason): (Status, Option<Reason>),
    file: &PlanFile,
    digest: &Digest,
    (by, signature): (&str, &str),
    changes: &mut Changes,
) {
    let warrant = Warrant::Signature { by: by.to_owned(), signature: Digest::of(signature) };
    let (base, digest) = (file.base.clone(), digest.clone());
    changes.event(id, Change::Approved { digest, base, policy: false, note: None, warrant: Some(warrant) });
    let asked = matches!(reason, Some(Reason::PlanApproval | Reason::Trust));
    if status == Status::Backlog || (status == Status::Waiting && asked) {
        changes.event(id, Change::Moved { from: status, to: Status::Ready, reason: None, note: None });
    }
}

fn waiting_note(stale: Option<&str>) -> String {
    match stale {
        Some(why) => format!("its plan was imported; {why}"),
        None => "its plan was imported".to_owned(),
    }
}

fn first_wait(note: String) -> Change {
    let (from, to, reason) = (Status::Backlog, Status::Waiting, Some(Reason::PlanApproval));
    Change::Moved { from, to, reason, note: Some(note) }
}

/// The name of whoever signed. Only those count whom the target's policy or git's settings on this machine name.
fn verify(project: &Project, text: &str, signature: &str) -> Result<String> {
    let repository = project.repository();
    let policy = match project.target.as_ref().and_then(|target| target.commit) {
        Some(commit) => repository.file_at(commit, SIGNERS_PATH)?.map(AllowedSigners::Text),
        None => None,
    };
    let own = repository.allowed_signers_file().filter(|path| path.is_file()).map(AllowedSigners::File);
    let mut failed = None;
    for signers in policy.into_iter().chain(own) {
        let signed = Signed { text, signature, namespace: NAMESPACE };
        match repository.verify_signature(signed, &signers, &project.host) {
            Ok(name) => return Ok(name),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Err(failed.unwrap_or_else(|| {
        Error::failed("nobody is named whose signature counts")
            .hint(format!("the project's: lines `ben@example.com ssh-ed25519 AAAA…` in {SIGNERS_PATH} on the target"))
            .hint("your own: git config gpg.ssh.allowedSignersFile <file>")
    }))
}

/// Whether a signature that lies beside the task is for exactly these texts, and holds here.
pub(super) fn find_review(project: &Project, snapshot: &Snapshot<'_>, id: &TaskId, digest: &Digest) -> Result<Review> {
    let Some((text, signature)) = snapshot.signed_plan(id, digest)? else { return Ok(Review::Nothing) };
    let Ok(read) = parse_plan_file(&text) else { return Ok(Review::Nothing) };
    let is_this =
        read.file.task.as_ref() == Some(id) && Approval::digest_of(&read.file.spec, &read.file.plan) == *digest;
    let base = read.file.base.as_deref().and_then(Repository::parse_oid);
    let Some(base) = base.filter(|_| is_this) else { return Ok(Review::Nothing) };
    if let Err(error) = verify(project, &text, &signature) {
        return Ok(Review::Unchecked(format!("the plan's signature does not count here: {}", error.full_text())));
    }
    match is_of_target(project, base)? {
        true => Ok(Review::Vouched(base)),
        false => Ok(Review::Unchecked("the plan was signed for a commit that is no part of the target".to_owned())),
    }
}

fn is_of_target(project: &Project, base: Oid) -> Result<bool> {
    let repository = project.repository();
    if !repository.has_commit(base) {
        return Ok(false);
    }
    for tip in target_tips(project)? {
        if repository.is_ancestor(base, tip)? {
            return Ok(true);
        }
    }
    Ok(false)
}
