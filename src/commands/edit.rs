//! `aifactory edit`

use super::say::report_opened;
use super::set::warn_of_unknown_role;
use super::{Context, Finish};
use crate::error::{Context as _, Error, Result};
use crate::host::files;
use crate::model::plan::Plan;
use crate::model::{ConflictKind, Task, TaskId, TextFile, from_toml};
use crate::process::Invocation;
use crate::store::Snapshot;
use crate::tasks::{Assignment, Project, TextOutcome, parse_assignment, replace_text, set};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Edit a task in your editor
///
/// Without an option the fields that are yours: title, labels, priority and so on. If somebody changed the same thing
/// while the editor was open, nothing is overwritten; what they changed elsewhere is kept beside yours. A text that could not be taken is kept in a file, and the error
/// says where.
#[derive(clap::Args)]
#[command(after_help = "The editor is $GIT_EDITOR, git's core.editor, $VISUAL or $EDITOR.")]
pub struct Args {
    /// The task
    id: String,
    /// Edit the spec
    #[arg(long, conflicts_with = "plan")]
    spec: bool,
    /// Edit the plan
    #[arg(long)]
    plan: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let id = project.store.snapshot()?.resolve(&args.id)?;
    match (args.spec, args.plan) {
        (true, _) => edit_file(context, &project, &id, TextFile::Spec),
        (_, true) => edit_file(context, &project, &id, TextFile::Plan),
        _ => edit_fields(context, &project, &id),
    }
}

/// Spec or plan in the editor, and merged with what others made of it meanwhile.
pub(super) fn edit_file(context: &Context, project: &Project, id: &TaskId, file: TextFile) -> Result<Finish> {
    let snapshot = project.store.snapshot()?;
    let task = snapshot.task(id)?;
    let old = snapshot.text(id, file)?;
    let template = match (file, old.is_empty()) {
        (TextFile::Plan, true) => Plan::skeleton(&task.title),
        (TextFile::Spec, true) => format!("# {}\n\n", task.title),
        _ => old.clone(),
    };
    for conflict in task.conflicts.iter().filter(|conflict| conflict.kind == ConflictKind::of_text(file)) {
        context.ui.warn(&conflict.what);
        let short = snapshot.short(id);
        context.ui.hint(&format!("the other version: aifactory show {short} --conflict {}", conflict.id));
        context.ui.hint(&format!("when it is settled: aifactory set {short} conflicts="));
    }
    let name = format!("{}-{}", snapshot.short(id), file.file_name());
    let edited = edit_text(context, &name, &template)?;
    if edited.text == template {
        context.ui.note("nothing changed");
        edited.accepted()?;
        return Ok(Finish::Well);
    }
    let new = edited.text.clone();
    let written = match replace_text(project, id, file, &new, Some(&old)) {
        Ok(TextOutcome::Outdated) => Err(outdated(file.word())),
        other => other,
    };
    let outcome = edited.settle(written)?;
    if let TextOutcome::FollowedUp(opened) = &outcome {
        return report_opened(context, project, id, opened);
    }
    if outcome == TextOutcome::Merged {
        context
            .ui
            .note(&format!("somebody else changed other parts of the {} meanwhile; both are in it now", file.word()));
    }
    match outcome {
        TextOutcome::Written | TextOutcome::Merged if file == TextFile::Plan => {
            let text = project.store.snapshot()?.text(id, file)?;
            super::plan::report_findings(context, &snapshot.short(id), &text)
        }
        _ => Ok(Finish::Well),
    }
}

fn outdated(what: &str) -> Error {
    Error::failed(format!("the {what} was changed by somebody else while you edited it; nothing was overwritten"))
        .hint("look at theirs, then write yours again: aifactory plan|spec set <id> -F <file>")
}

fn edit_fields(context: &Context, project: &Project, id: &TaskId) -> Result<Finish> {
    let snapshot = project.store.snapshot()?;
    let task = snapshot.task(id)?;
    let form = form(&snapshot, &task);
    let name = format!("{}.toml", snapshot.short(id));
    let edited = edit_text(context, &name, &form)?;
    if edited.text == form {
        context.ui.note("nothing changed");
        edited.accepted()?;
        return Ok(Finish::Well);
    }
    let written = write_form(project, &task, &form, &edited.text);
    let changed = edited.settle(written)?;
    let role = project.store.snapshot()?.task(id)?.role.filter(|role| task.role.as_ref() != Some(role));
    role.iter().for_each(|role| warn_of_unknown_role(context, project, role));
    context.report_changed(project, "aifactory.edit/1", "changed", &changed)
}

/// Writes what was changed in the form. What somebody else changed meanwhile stays, unless it is the same field.
fn write_form(project: &Project, task: &Task, before: &str, after: &str) -> Result<Vec<TaskId>> {
    let before: toml::Table = from_toml(before).context(|| "the form cannot be read")?;
    let mut after: toml::Table = from_toml(after).context(|| "the form cannot be read")?;
    after.retain(|name, value| before.get(name) != Some(value));
    let snapshot = project.store.snapshot()?;
    let now: toml::Table =
        from_toml(&form(&snapshot, &snapshot.task(&task.id)?)).context(|| "the form cannot be read")?;
    // Sets change by element, so that two people can change one.
    let is_taken = |name: &String, value: &toml::Value| {
        !value.is_array() && now.get(name) != before.get(name) && now.get(name) != Some(value)
    };
    if let Some((name, _)) = after.iter().find(|(name, value)| is_taken(name, value)) {
        return Err(outdated(name));
    }
    set(project, std::slice::from_ref(&task.id), &assignments(task, &after)?)
}

/// The fields that are a person's, as TOML with a word of help each.
fn form(snapshot: &Snapshot<'_>, task: &Task) -> String {
    let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
    let list =
        |items: Vec<String>| toml::Value::Array(items.into_iter().map(toml::Value::String).collect()).to_string();
    let optional = |value: &Option<String>| text(value.as_deref().unwrap_or_default());
    format!(
        "# Task {}. Save and leave to change it; leave without saving to keep it.\n\
         title = {}\n# urgent, high, normal, low\npriority = {}\n# auto, async, blocking\nrisk = {}\n\
         labels = {}\n# ids of tasks that must be done first\ndependencies = {}\n\
         agent = {}\nrole = {}\nrepository = {}\n",
        task.id,
        text(&task.title),
        text(task.priority.word()),
        text(task.risk.word()),
        list(task.labels.iter().cloned().collect()),
        list(task.dependencies.iter().map(|id| snapshot.short(id)).collect()),
        optional(&task.agent),
        optional(&task.role),
        optional(&task.repository),
    )
}

fn assignments(task: &Task, form: &toml::Table) -> Result<Vec<Assignment>> {
    let mut assignments = Vec::new();
    for (name, value) in form {
        match value {
            toml::Value::Array(items) => {
                let new: BTreeSet<String> = items.iter().filter_map(|item| item.as_str()).map(str::to_owned).collect();
                let old: BTreeSet<String> = match name.as_str() {
                    "labels" => task.labels.clone(),
                    _ => task.dependencies.iter().map(TaskId::to_string).collect(),
                };
                // Dependencies are shown by their prefixes.
                let same = |a: &String, b: &String| a == b || (name == "dependencies" && a.starts_with(b.as_str()));
                for gone in old.iter().filter(|old| !new.iter().any(|new| same(old, new))) {
                    assignments.push(parse_assignment(&format!("{name}-={gone}"))?);
                }
                for added in new.iter().filter(|new| !old.iter().any(|old| same(old, new))) {
                    assignments.push(parse_assignment(&format!("{name}+={added}"))?);
                }
            }
            value => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                assignments.push(parse_assignment(&format!("{name}={text}"))?);
            }
        }
    }
    Ok(assignments)
}

/// What the user saved, and the file that holds it until it has found its place.
#[must_use = "the file stays until the text was accepted"]
pub(super) struct Edited {
    pub text: String,
    path: PathBuf,
}

impl Edited {
    /// The text is safe elsewhere, or none of it is the user's.
    pub fn accepted(self) -> Result<()> {
        files::remove_file(&self.path)
    }

    /// What became of the text: accepted, or kept where the error says.
    pub fn settle<T>(self, outcome: Result<T>) -> Result<T> {
        let value = outcome.map_err(|error| kept_in(error, &self.path))?;
        self.accepted()?;
        Ok(value)
    }
}

fn kept_in(error: Error, path: &Path) -> Error {
    error.hint(format!("your text is kept in {}", path.display()))
}

/// Opens the user's editor on a text.
pub(super) fn edit_text(context: &Context, name: &str, text: &str) -> Result<Edited> {
    let project = context.project()?;
    let folder = project.store.local.root().join("editing");
    let path = folder.join(format!("{}-{name}", context.host.random_text(6)));
    files::write_text(&path, text)?;
    let editor = editor(context, &project);
    // As git does it: the editor may hold arguments, the path is one.
    let script = format!("{editor} \"$@\"");
    let exit = Invocation::new("sh").arg("-c").arg(script).arg("editor").arg(&path).run_interactive()?;
    if !exit.success() {
        let error = Error::failed(format!("the editor `{editor}` ended with {exit}; nothing was changed"));
        return Err(kept_in(error, &path));
    }
    let text = std::fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()));
    let text = text.map_err(|error| kept_in(error, &path))?;
    Ok(Edited { text, path })
}

fn editor(context: &Context, project: &Project) -> String {
    let env = &context.host.env;
    env.text("GIT_EDITOR")
        .or_else(|| project.repository().config_value("core.editor"))
        .or_else(|| env.text("VISUAL"))
        .or_else(|| env.text("EDITOR"))
        .unwrap_or_else(|| "vi".to_owned())
}
