//! Definitions by name, with the one that counts where several have it: the user's own over the project's policy over
//! what is built in.
//!
//! The policy's are read from the target branch's commit, never from a worktree, so that an agent cannot change the rules
//! it runs under.

use super::action::Action;
use super::definition::Workflow;
use super::role::{Answer, Role};
use crate::error::{Error, Result};
use crate::git::{EntryKind, Oid};
use crate::host::files;
use crate::model::Task;
use crate::model::text::{escape_line, find_nearest};
use crate::tasks::Project;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A definition that is longer is none.
pub(super) const LONGEST: usize = 256 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Role,
    Workflow,
    Action,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Role, Kind::Workflow, Kind::Action];

    pub fn word(self) -> &'static str {
        match self {
            Kind::Role => "role",
            Kind::Workflow => "workflow",
            Kind::Action => "action",
        }
    }

    /// The folder that holds them, in the policy's and in the user's own.
    pub fn folder(self) -> &'static str {
        match self {
            Kind::Role => "roles",
            Kind::Workflow => "workflows",
            Kind::Action => "actions",
        }
    }

    pub(super) fn ending(self) -> &'static str {
        match self {
            Kind::Workflow => ".toml",
            Kind::Role | Kind::Action => ".md",
        }
    }
}

const BUILT_IN: &[(Kind, &str, &str)] = &[
    (Kind::Action, "explain", include_str!("built_in/actions/explain.md")),
    (Kind::Action, "fix-gates", include_str!("built_in/actions/fix-gates.md")),
    (Kind::Action, "rename-branch", include_str!("built_in/actions/rename-branch.md")),
    (Kind::Action, "review", include_str!("built_in/actions/review.md")),
    (Kind::Action, "simplify", include_str!("built_in/actions/simplify.md")),
    (Kind::Action, "sync-with-base", include_str!("built_in/actions/sync-with-base.md")),
    (Kind::Role, "changelog", include_str!("built_in/roles/changelog.md")),
    (Kind::Role, "coder", include_str!("built_in/roles/coder.md")),
    (Kind::Role, "coder-revision", include_str!("built_in/roles/coder-revision.md")),
    (Kind::Role, "confirmer", include_str!("built_in/roles/confirmer.md")),
    (Kind::Role, "devops", include_str!("built_in/roles/devops.md")),
    (Kind::Role, "ideas", include_str!("built_in/roles/ideas.md")),
    (Kind::Role, "planner", include_str!("built_in/roles/planner.md")),
    (Kind::Role, "recovery", include_str!("built_in/roles/recovery.md")),
    (Kind::Role, "researcher", include_str!("built_in/roles/researcher.md")),
    (Kind::Role, "reviewer", include_str!("built_in/roles/reviewer.md")),
    (Kind::Role, "spec-writer", include_str!("built_in/roles/spec-writer.md")),
    (Kind::Workflow, "code-review", include_str!("built_in/workflows/code-review.toml")),
    (Kind::Workflow, "default", include_str!("built_in/workflows/default.toml")),
    (Kind::Workflow, "plan", include_str!("built_in/workflows/plan.toml")),
    (Kind::Workflow, "solo", include_str!("built_in/workflows/solo.toml")),
];

/// What stands before an action's name where a role is asked for.
pub const ACTION: &str = "action:";

/// A definition as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub text: String,
    /// `built in`, `the project's policy at 1a2b3c4d5e`, or a path.
    pub origin: String,
    /// Why nothing can be read from it. It counts all the same: what it hides is not taken instead.
    unreadable: Option<String>,
}

/// What the origin of a policy's definition begins with. A user's own begins with `/`.
const POLICY: &str = "the project's policy";

impl Source {
    /// It comes from the project, so nothing of it runs before somebody trusted it.
    pub fn is_of_policy(&self) -> bool {
        self.origin.starts_with(POLICY)
    }
}

pub struct Library {
    found: BTreeMap<(Kind, String), Source>,
    passed_over: Vec<Error>,
}

impl Library {
    /// Everything that is defined for a project.
    pub fn of(project: &Project) -> Result<Library> {
        let mut library = Library::built_in();
        if let Some(commit) = project.target.as_ref().and_then(|target| target.commit) {
            library.add_policy(project, commit)?;
        }
        if let Some(folder) = project.host.env.config_folder() {
            library.add_folder(&folder)?;
        }
        Ok(library)
    }

    pub fn built_in() -> Library {
        let source = |(kind, name, text): &(Kind, &str, &str)| {
            let origin = "built in".to_owned();
            (
                (*kind, (*name).to_owned()),
                Source { name: (*name).to_owned(), text: (*text).to_owned(), origin, unreadable: None },
            )
        };
        Library { found: BUILT_IN.iter().map(source).collect(), passed_over: Vec::new() }
    }

    fn add_policy(&mut self, project: &Project, commit: Oid) -> Result<()> {
        let repository = project.repository();
        let short: String = commit.to_string().chars().take(10).collect();
        let tree = repository.tree_of(commit)?;
        for kind in Kind::ALL {
            let folder = format!(".aifactory/{}", kind.folder());
            let Some(listed) = repository.find_entry(tree, &folder)?.filter(|entry| entry.kind == EntryKind::Tree)
            else {
                continue;
            };
            for entry in repository.entries(listed.oid)? {
                let Some(name) = entry.name.strip_suffix(kind.ending()) else { continue };
                let path = format!("{folder}/{}", entry.name);
                let text = repository.file_at(commit, &path).and_then(|text| text.ok_or_else(|| no_file(&path)));
                self.add(kind, name, text, format!("{POLICY} at {short}"), &path);
            }
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &std::path::Path) -> Result<()> {
        for kind in Kind::ALL {
            let folder: PathBuf = folder.join(kind.folder());
            for file in files::names(&folder)? {
                let Some(name) = file.strip_suffix(kind.ending()) else { continue };
                let path = folder.join(&file);
                let place = path.display().to_string();
                let text = files::load_bounded_text(&path, LONGEST as u64);
                let text = text.and_then(|text| text.ok_or_else(|| no_file(&place)));
                self.add(kind, name, text, place.clone(), &place);
            }
        }
        Ok(())
    }

    /// A file whose name nobody can ask for defines nothing; it is [`Library::passed_over`].
    pub(super) fn add(&mut self, kind: Kind, name: &str, text: Result<String>, origin: String, place: &str) {
        if !is_name(name) {
            let what = format!("{}: this is no name for a {}", escape_line(place), kind.word());
            let error = Error::failed(what).hint("small letters, digits, - and _, beginning with a letter or digit");
            return self.passed_over.push(error);
        }
        let too_long = || Error::failed(format!("{place}: a {} is at most {} KB long", kind.word(), LONGEST / 1024));
        let text = text.and_then(|text| if text.len() > LONGEST { Err(too_long()) } else { Ok(text) });
        let name = name.replace('_', "-");
        let (text, unreadable) = match text {
            Ok(text) => (text, None),
            Err(error) => (String::new(), Some(error.full_text())),
        };
        self.found.insert((kind, name.clone()), Source { name, text, origin, unreadable });
    }

    /// Files that lie where definitions are and are none.
    pub fn passed_over(&self) -> &[Error] {
        &self.passed_over
    }

    pub(super) fn take_passed_over(&mut self, known: usize) -> Option<Error> {
        if self.passed_over.len() > known { self.passed_over.pop() } else { None }
    }

    /// All of a kind, by name.
    pub fn all(&self, kind: Kind) -> impl Iterator<Item = &Source> {
        self.found.iter().filter(move |((known, _), _)| *known == kind).map(|(_, source)| source)
    }

    /// The one that counts, or an error that names a near one. `coder_revision` finds `coder-revision`.
    pub fn require(&self, kind: Kind, name: &str) -> Result<&Source> {
        let wanted = name.trim().replace('_', "-");
        if let Some(source) = self.found.get(&(kind, wanted.clone())) {
            return match &source.unreadable {
                Some(why) => Err(Error::failed(why.clone())),
                None => Ok(source),
            };
        }
        let names: BTreeSet<&str> = self.all(kind).map(|source| source.name.as_str()).collect();
        let error = Error::missing(format!("there is no {} called `{}`", kind.word(), escape_line(name)));
        Err(match find_nearest(&wanted, names.iter().copied()) {
            Some(near) => error.hint(format!("perhaps {near}")),
            None => error.hint(format!("what there is: {}", names.into_iter().collect::<Vec<_>>().join(", "))),
        })
    }

    /// A role by its name; `action:<name>` is a quick action as one.
    pub fn role(&self, name: &str) -> Result<Role> {
        if let Some(action) = name.strip_prefix(ACTION) {
            return self.action(action)?.as_role();
        }
        let source = self.require(Kind::Role, name)?;
        Role::parse(&source.name, &source.text, &source.origin)
    }

    /// The role that a task is for alone: one for this command, its own, or one that a label names.
    pub fn role_of(&self, project: &Project, task: &Task) -> Result<Option<Role>> {
        if let Some(name) = project.settings.find_text("workflow.role") {
            return self.role(name).map(Some);
        }
        let unknown = task.role.as_deref().and_then(|name| self.find_unknown_role(name));
        if let Some(error) = unknown
            && !has_foreign_role(project, task)?
        {
            let name = escape_line(task.role.as_deref().unwrap_or_default());
            let begin = Error::missing(format!("task {} is for the role `{name}`, and there is no such role", task.id));
            let error = error.hints().iter().fold(begin, |begin, hint| begin.hint(hint.clone()));
            return Err(error.hint(format!("to choose another, or none: aifactory set {} role=", task.id)));
        }
        // Labels, and roles that came from elsewhere, are words of other systems, too: only what is a role here counts.
        let is_role = |name: &&String| self.found.contains_key(&(Kind::Role, name.replace('_', "-")));
        let named = task.role.iter().chain(&task.labels).find(is_role);
        let role = named.map(|name| self.role(name)).transpose()?;
        // What such a role is for is there: the task goes on as others do.
        let is_there = |role: &Role| match role.answers {
            Answer::Spec => task.spec.is_some(),
            Answer::Plan => task.plan.is_some(),
            _ => false,
        };
        Ok(role.filter(|role| !is_there(role)))
    }

    /// What is wrong with a name that no role has, with near ones.
    pub fn find_unknown_role(&self, name: &str) -> Option<Error> {
        let is_known = self.found.contains_key(&(Kind::Role, name.trim().replace('_', "-")));
        self.require(Kind::Role, name).err().filter(|_| !is_known)
    }

    pub fn action(&self, name: &str) -> Result<Action> {
        let source = self.require(Kind::Action, name)?;
        Action::parse(&source.name, &source.text, &source.origin)
    }

    /// A workflow whose roles are all there.
    pub fn workflow(&self, name: &str) -> Result<Workflow> {
        let source = self.require(Kind::Workflow, name)?;
        let workflow = Workflow::parse(&source.name, &source.text, &source.origin)?;
        workflow.check(self)?;
        Ok(workflow)
    }
}

/// Tasks that go on from each other, one from the next, among which a role is looked for.
const MOST_GENERATIONS: usize = 100;

/// Whether a task's role came with it from another system, or with what it goes on from.
fn has_foreign_role(project: &Project, task: &Task) -> Result<bool> {
    if task.source.is_some() {
        return Ok(true);
    }
    let snapshot = project.store.snapshot()?;
    let mut parent = task.parent.clone();
    for _ in 0..MOST_GENERATIONS {
        let Some(before) = parent.map(|id| snapshot.find_task(&id)).transpose()?.flatten() else { break };
        if before.role != task.role {
            break;
        }
        if before.source.is_some() {
            return Ok(true);
        }
        parent = before.parent;
    }
    Ok(false)
}

/// A link is never followed.
fn no_file(place: &str) -> Error {
    Error::failed(format!("{}: this is not a plain file", escape_line(place)))
}

pub(super) fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    name.len() <= 64 && name.chars().all(fits) && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_built_in_can_be_read() {
        let library = Library::built_in();
        let roles: Vec<Role> = library.all(Kind::Role).map(|source| library.role(&source.name).unwrap()).collect();
        assert!(roles.len() >= 9);
        for source in library.all(Kind::Workflow) {
            library.workflow(&source.name).unwrap();
        }
        for source in library.all(Kind::Action) {
            library.action(&source.name).unwrap();
        }
        assert_eq!(library.role("coder_revision").unwrap().name, "coder-revision");
    }

    #[test]
    fn an_unknown_name_is_answered_with_a_near_one() {
        let error = Library::built_in().role("reviwer").unwrap_err();
        assert_eq!(error.to_string(), "there is no role called `reviwer`");
        assert_eq!(error.hints(), ["perhaps reviewer"]);
    }
}
