//! `aifactory quickstart`

use super::{Context, Finish, log, run, status};
use crate::error::{Context as _, Error, Kind, Result};
use crate::git::{Identity, Repository};
use crate::model::text::escape_line;
use crate::model::{Reason, Status, TaskId, TextFile};
use crate::store::Filter;
use crate::tasks::import::{ImportKind, ImportRequest, import};
use crate::tasks::{Project, approve, ready, replace_text, set_local};
use crate::ui::Style;
use std::path::{Path, PathBuf};

/// See it work: a small project of its own, four tasks, verified merges
///
/// Makes a real project in a temporary folder, imports its TODO.md, plans, approves, runs in parallel and merges what
/// passed. No model is involved: the built-in runbook agent carries out the plans' own commands. Nothing outside the
/// folder is touched.
#[derive(clap::Args)]
pub struct Args {
    /// Where to make it; a new temporary folder by default
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

const FILES: [(&str, &str); 4] = [
    ("greet.sh", include_str!("quickstart/project/greet.sh")),
    ("tests/all.sh", include_str!("quickstart/project/tests/all.sh")),
    ("tests/greet_test.sh", include_str!("quickstart/project/tests/greet_test.sh")),
    ("TODO.md", include_str!("quickstart/project/TODO.md")),
];

/// The plan of each open item of the TODO.md, by the beginning of its title.
const PLANS: [(&str, &str); 4] = [
    ("Greet people", include_str!("quickstart/plans/greet.md")),
    ("Say farewell", include_str!("quickstart/plans/farewell.md")),
    ("Greet and say", include_str!("quickstart/plans/visit.md")),
    ("Count", include_str!("quickstart/plans/count.md")),
];

/// Variables that make git look for another repository than the one it stands in.
const FOREIGN_REPOSITORY: [&str; 5] =
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"];

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    if context.ui.manner.json {
        return Err(Error::usage("quickstart is for people; it has no JSON"));
    }
    refuse_foreign_repository(context)?;
    let folder = make_folder(context, args.folder.as_deref())?;
    let repository = make_project(context, &folder)?;
    let context = context.at(repository);
    let ui = &context.ui;
    let say = |number: usize, what: &str| {
        ui.note(&format!("\n{}", ui.paint_err(Style::Strong, &format!("{number}. {what}"))))
    };

    say(1, "A small project, with tests and a TODO.md");
    ui.note(&format!("   {}", context.folder.display()));
    let project = context.project()?;
    project.store.begin()?;
    set_local(&project, "merge.target", "main")?;
    set_local(&project, "worktree.root", "../worktrees")?;
    // The plans are written for it, whatever the user's own default is.
    set_local(&project, "agent.default", "runbook")?;

    say(2, "aifactory import todo:TODO.md");
    let project = context.project()?;
    let ids = import_todo(&context, &project)?;

    say(3, "Plans, which in your repository you or an agent write and you approve");
    write_plans(&context, &project, &ids)?;

    say(4, "aifactory run --all --merge    (the runbook agent runs the plans' own commands; no model is involved)");
    ready(&project, &ids)?;
    let finish = run::run_tasks(&context, &project, Vec::new(), run::How { merge: true, ..run::How::default() })?;
    if let Finish::Short(Kind::Interrupted) = finish {
        return Ok(finish);
    }
    say(5, "aifactory status");
    status::run(&context, &status::Args::default())?;

    say(6, "Every step is an event on the state ref, and every merge is a commit on main");
    if let Some(id) = merged(&project)?.first() {
        log::show_brief(&context, &project, id)?;
    }
    ui.answer(&project.repository().short_log("main", 8)?)?;
    check_outcome(&context, &project)?;
    next_steps(&context);
    Ok(Finish::Well)
}

/// It makes a repository of its own, and these would lead it into somebody else's.
fn refuse_foreign_repository(context: &Context) -> Result<()> {
    let set: Vec<&str> = FOREIGN_REPOSITORY.into_iter().filter(|name| context.host.env.is_set(name)).collect();
    if set.is_empty() {
        return Ok(());
    }
    Err(Error::usage(format!(
        "the quickstart makes a repository of its own, which it cannot with {} set",
        set.join(", ")
    ))
    .hint(format!("unset {}", set.join(" "))))
}

fn make_folder(context: &Context, chosen: Option<&Path>) -> Result<PathBuf> {
    let folder = match chosen {
        Some(folder) => context.folder.join(folder),
        None => {
            let base = context.host.env.path("TMPDIR").unwrap_or_else(|| PathBuf::from("/tmp"));
            base.join(format!("aifactory-quickstart-{}", context.host.random_text(6)))
        }
    };
    if folder.exists() && std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(
            Error::usage(format!("{} is not empty", folder.display())).hint("name a folder that does not exist yet")
        );
    }
    Ok(folder)
}

/// A repository with one commit. Its own configuration names its author, so that the user's is not needed.
fn make_project(context: &Context, folder: &Path) -> Result<PathBuf> {
    let root = folder.join("greeter");
    for (name, text) in FILES {
        crate::host::files::write_text(&root.join(name), text)?;
    }
    let you = Identity { name: "You".to_owned(), email: "you@example.com".to_owned(), at: context.host.now() };
    Repository::create(&root, "main", "Begin: greet the world", &you).context(|| "cannot make the project")?;
    Ok(root)
}

/// Imports the list; the open tasks in its order.
fn import_todo(context: &Context, project: &Project) -> Result<Vec<TaskId>> {
    let request = ImportRequest { place: context.folder.join("TODO.md"), kind: ImportKind::Todo, dry_run: false };
    let imported = import(project, &request)?;
    let snapshot = project.store.snapshot()?;
    let mut open = Vec::new();
    for id in imported.created {
        let task = snapshot.task(&id)?;
        context.ui.note(&format!(
            "   {}  {:<44} {}",
            context.ui.paint_err(Style::Id, &snapshot.short(&id)),
            escape_line(&task.title),
            task.status
        ));
        if task.status == Status::Backlog {
            open.push(id);
        }
    }
    Ok(open)
}

fn write_plans(context: &Context, project: &Project, ids: &[TaskId]) -> Result<()> {
    for id in ids {
        let title = project.store.snapshot()?.task(id)?.title;
        let plan = PLANS.iter().find(|(beginning, _)| title.starts_with(beginning));
        let (_, plan) = plan.ok_or_else(|| Error::failed(format!("no plan for \"{title}\"")))?;
        replace_text(project, id, TextFile::Plan, plan, None)?;
    }
    approve(project, ids, Some("as part of the quickstart"))?;
    let first = project.store.snapshot()?.short(&ids[0]);
    context.ui.note(&format!("   {} plans written and approved; look at one: aifactory plan show {first}", ids.len()));
    Ok(())
}

/// Three plans are right and one has a mistake that its gate finds; anything else is no demonstration.
fn check_outcome(context: &Context, project: &Project) -> Result<()> {
    let merged = merged(project)?.len();
    let filter = Filter { statuses: vec![Status::Waiting], ..Filter::default() };
    let waiting = project.store.snapshot()?.index()?.tasks(&filter)?;
    let reasons: Vec<Option<Reason>> = waiting.into_iter().map(|row| row.reason).collect();
    let mut different = Vec::new();
    if merged != 3 {
        different.push(format!("3 tasks should be merged, and {merged} are"));
    }
    if reasons != [Some(Reason::GateFailed)] {
        let words: Vec<&str> = reasons.into_iter().map(|reason| reason.map_or("no reason", Reason::word)).collect();
        let found = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
        different.push(format!("1 task should wait with the reason gate-failed; waiting: {found}"));
    }
    if different.is_empty() {
        return Ok(());
    }
    Err(Error::failed(format!("the quickstart did not come out as it should: {}", different.join("; ")))
        .hint(format!("look at it: cd {} && aifactory status", context.folder.display())))
}

/// What was merged here; the item that was done in the list already is not.
fn merged(project: &Project) -> Result<Vec<TaskId>> {
    let filter = Filter { statuses: vec![Status::Done], ..Filter::default() };
    let snapshot = project.store.snapshot()?;
    let rows = snapshot.index()?.tasks(&filter)?;
    let delivered = |id: &TaskId| snapshot.task(id).is_ok_and(|task| task.delivery.is_some());
    Ok(rows.into_iter().map(|row| row.id).filter(delivered).collect())
}

fn next_steps(context: &Context) {
    let ui = &context.ui;
    ui.note(&format!("\n{}", ui.paint_err(Style::Strong, "Look around in the project it made")));
    ui.note(&format!("   cd {}", context.folder.display()));
    ui.note("   aifactory status; git log --oneline main");
    ui.note(&format!("\n{}", ui.paint_err(Style::Strong, "In a repository of yours")));
    for line in [
        "aifactory init",
        "aifactory import todo:TODO.md         or: id=$(aifactory new \"what you want\")",
        "aifactory plan edit <id>              write the plan",
        "aifactory approve <id>                say yes to exactly this plan",
        "aifactory run <id>                    carry it out, verified",
        "aifactory review <id>                 look at change and evidence",
        "aifactory merge <id>                  merge what passed",
    ] {
        ui.note(&format!("   {line}"));
    }
}
