//! More to do on what is merged: a task of its own goes on from it. What is merged stays as it is, its spec included.
//!
//! The new task counts as this person's word, so nothing comes into it from the record of the other, which anybody may
//! have written: no text, and no choice that would ask for less care than there is without it.

use super::Project;
use super::chosen::{is_chosen, vouch_for_field};
use super::create::{NewTask, add, vouch_for_new};
use super::follow_up::{Besides, changed, cut, quoted, title_of};
use super::texts::{are_own_texts, texts_of};
use super::way::title_as_spec;
use crate::agent::Permission;
use crate::error::Result;
use crate::git::Repository;
use crate::model::event::Draft;
use crate::model::{Change, Risk, Status, Task, TaskId, TextFile};
use crate::store::{Changes, Snapshot};

/// In characters.
const LONGEST_OLD_TITLE: usize = 200;
/// Tasks that go on from one and are looked at.
const MOST_FOLLOWERS: usize = 100;

/// What the record of a merged task says about each that goes on from it, before that one's id.
const GOES_ON: &str = "it goes on as task ";
/// What stands between a new spec and what it changes.
const CHANGED: &str = " Since then this spec has changed";

/// A task that goes on from one that is merged, with what is still to be vouched for.
#[must_use = "its texts and what was chosen for it count as this person's once it was vouched for"]
pub(super) struct Follower {
    pub id: TaskId,
    new: NewTask,
    kept: Vec<(&'static str, String)>,
}

impl Follower {
    pub(super) fn vouch(&self, project: &Project) -> Result<()> {
        vouch_for_new(project, &self.new)?;
        let fields = self.kept.iter().map(|(field, value)| (*field, value.as_str()));
        let all = fields.chain([("title", self.new.draft.title.as_str())]);
        all.into_iter().try_for_each(|(field, value)| vouch_for_field(project, &self.id, field, value))
    }
}

/// Makes the task that goes on from one that is merged, and leaves a word about it on the record of the other.
pub(super) fn follow_up_task(
    project: &Project,
    snapshot: &Snapshot<'_>,
    task: &Task,
    besides: Besides<'_>,
    changes: &mut Changes,
) -> Result<Follower> {
    let (was_spec, _) = texts_of(snapshot, &task.id)?;
    let (title, spec) = match besides.spec {
        Some(spec) => (title_for_spec(project, task)?, changed_spec(project, task, &was_spec, spec)?),
        None => {
            let words = besides.words.unwrap_or_default();
            (title_of(words), spec_of_words(project, task, &was_spec, words)?)
        }
    };
    let kept = kept(project, task)?;
    let value_of = |wanted: &str| kept.iter().find(|(field, _)| *field == wanted).map(|(_, value)| value.clone());
    let default_risk = Risk::parse(project.settings.text("risk.default")).unwrap_or_default();
    let draft = Draft {
        title,
        priority: task.priority,
        // It may ask for more care than the setting does, never for less.
        risk: task.risk.max(default_risk),
        role: task.role.clone(),
        repository: task.repository.clone(),
        agent: value_of("agent"),
        parent: Some(task.id.clone()),
        ..Draft::default()
    };
    let new = NewTask { draft, spec, ready: true, ..NewTask::default() };
    let id = add(project, snapshot, &new, changes)?;
    for (field, to) in kept.iter().filter(|(field, _)| *field != "agent") {
        changes.event(&id, Change::Set { field: (*field).to_owned(), from: None, to: Some(to.clone()) });
    }
    changes.event(&task.id, Change::Noted { text: format!("{GOES_ON}{id}") });
    Ok(Follower { id, new, kept })
}

/// What holds for the new task, too: what this person chose, and what asks for no more than the settings give anyway.
fn kept(project: &Project, task: &Task) -> Result<Vec<(&'static str, String)>> {
    let settings = &project.settings;
    let is_no_more = |field: &str, value: &str| match field {
        "permission" => {
            let usual = Permission::parse(settings.text("agent.permission"));
            Permission::parse(value).zip(usual).is_some_and(|(asked, usual)| asked <= usual)
        }
        "parallel" => value.parse().is_ok_and(|most: u64| (1..=settings.number("run.parallel")).contains(&most)),
        // The settings hold besides.
        "budget" => true,
        _ => false,
    };
    let fields = [
        ("agent", &task.agent),
        ("permission", &task.permission),
        ("budget", &task.budget),
        ("parallel", &task.parallel),
    ];
    let mut kept = Vec::new();
    for (field, value) in fields {
        if let Some(value) = value
            && (is_no_more(field, value) || is_chosen(project, &task.id, field, value)?)
        {
            kept.push((field, value.clone()));
        }
    }
    Ok(kept)
}

/// The newest task that goes on from a merged one because of its spec, and what it says.
pub(super) struct OfSpec {
    pub id: TaskId,
    pub text: String,
    /// Somebody works on it, or did.
    pub is_begun: bool,
}

/// Nothing where somebody took the newest one back, or wrote into it.
pub(super) fn find_of_spec(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<Option<OfSpec>> {
    let (was_spec, _) = texts_of(snapshot, &task.id)?;
    let mut events = snapshot.events(&task.id)?;
    events.sort_by(|a, b| (b.hlc, &b.id).cmp(&(a.hlc, &a.id)));
    let ids = events.iter().filter_map(|event| match &event.change {
        Change::Noted { text } => TaskId::parse(text.strip_prefix(GOES_ON)?),
        _ => None,
    });
    for id in ids.take(MOST_FOLLOWERS) {
        let Some(follower) = snapshot.find_task(&id)?.filter(|other| other.parent.as_ref() == Some(&task.id)) else {
            continue;
        };
        let text = snapshot.text(&id, TextFile::Spec)?;
        let Some((spec, _)) = text.rsplit_once(&format!("\n{}{CHANGED}", origin(task))) else { continue };
        if changed_spec(project, task, &was_spec, spec)? != text || !are_own_texts(project, &text, "")? {
            return Ok(None);
        }
        let waits = matches!(follower.status, Status::Backlog | Status::Ready | Status::Waiting);
        let is_begun = !waits || follower.claim.is_some() || !follower.steps.is_empty();
        return Ok((follower.status != Status::Cancelled).then_some(OfSpec { id, text, is_begun }));
    }
    Ok(None)
}

/// The text, as it is written: without what looks like a secret.
pub(super) fn changed_spec(project: &Project, task: &Task, was_spec: &str, spec: &str) -> Result<String> {
    let spec = format!("{}\n", spec.trim_end());
    let what = match are_own_texts(project, was_spec, "")? {
        true => format!(":\n\n{}", indented(&changed(was_spec, &spec))),
        false => ".\n".to_owned(),
    };
    let text = format!("{spec}\n{}{CHANGED}{what}", origin(task));
    Ok(project.store.redactor().redact(&text).into_owned())
}

fn spec_of_words(project: &Project, task: &Task, was_spec: &str, words: &str) -> Result<String> {
    let about = match are_own_texts(project, was_spec, "")? && !was_spec.trim().is_empty() {
        true => format!(" Its spec was:\n\n{}", quoted(cut(was_spec))),
        false => "\n".to_owned(),
    };
    Ok(format!("{}\n\n{}{about}", words.trim_end(), origin(task)))
}

fn origin(task: &Task) -> String {
    let delivery = task.delivery.as_ref().filter(|delivery| delivery.done);
    let commit = delivery.and_then(|delivery| Repository::parse_oid(&delivery.commit));
    let merged = commit.map(|commit| format!(", which was merged as {commit}")).unwrap_or_default();
    format!("## What it goes on from\n\nTask {}{merged}.", task.id)
}

/// Somebody else's title would be told to the agent as this person's word.
fn title_for_spec(project: &Project, task: &Task) -> Result<String> {
    let is_own = are_own_texts(project, &title_as_spec(&task.title), "")?;
    let title: String = task.title.chars().take(LONGEST_OLD_TITLE).collect();
    Ok(match is_own {
        true => format!("Bring \"{title}\" in line with its spec"),
        false => format!("Bring task {} in line with its spec", task.id),
    })
}

fn indented(words: &str) -> String {
    words.lines().map(|line| format!("    {line}\n")).collect()
}
