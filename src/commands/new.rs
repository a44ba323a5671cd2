//! `aifactory new`

use super::edit::{Edited, edit_text};
use super::set::warn_of_unknown_role;
use super::{Context, Finish, run};
use crate::error::{Context as _, Error, Result};
use crate::model::event::Draft;
use crate::model::{Priority, Risk};
use crate::tasks::{NewTask, create};
use std::collections::BTreeSet;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

/// Add a task
///
/// Prints the new task's id alone, so that `id=$(aifactory new "…")` works. Without a title the editor opens: the first
/// line is the title, the rest the spec.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory new \"Greet people by name\" -m \"hello.sh takes a name\" -l ui
  aifactory new -F idea.md --after 7kq2
  git log -1 --format=%B | aifactory new -F -")]
pub struct Args {
    /// What you want, in one line
    title: Option<String>,
    /// What must be true when it is done (repeat for further paragraphs)
    #[arg(short, long, value_name = "TEXT")]
    message: Vec<String>,
    /// Read the spec from a file, `-` for standard input; without a title its first line is the title
    #[arg(short = 'F', long, value_name = "FILE", conflicts_with = "message")]
    file: Option<PathBuf>,
    /// Read the plan from a file
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// A label (repeatable)
    #[arg(short, long = "label", value_name = "LABEL")]
    labels: Vec<String>,
    /// urgent, high, normal or low
    #[arg(short, long, value_name = "PRIORITY", value_parser = parse_priority)]
    priority: Option<Priority>,
    /// A task that must be done first (repeatable)
    #[arg(short, long = "after", value_name = "ID")]
    after: Vec<String>,
    /// How much a person has to do with it: auto, async or blocking
    #[arg(long, value_name = "RISK", value_parser = parse_risk)]
    risk: Option<Risk>,
    /// The role that should do it
    #[arg(long)]
    role: Option<String>,
    /// The repository it is about, where there are several
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
    /// The agent that should do it
    #[arg(long)]
    agent: Option<String>,
    /// Make it ready at once, for `run --all` and for workers
    #[arg(long)]
    ready: bool,
    /// Run it at once
    #[arg(long)]
    run: bool,
}

fn parse_priority(text: &str) -> Result<Priority, String> {
    Priority::parse(text).ok_or_else(|| "one of urgent, high, normal, low".to_owned())
}

fn parse_risk(text: &str) -> Result<Risk, String> {
    Risk::parse(text).ok_or_else(|| "one of auto, async, blocking".to_owned())
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let plan = args.plan.as_deref().map(|path| read_file(context, path)).transpose()?.unwrap_or_default();
    let default_risk = Risk::parse(project.settings.text("risk.default")).unwrap_or_default();
    // Last of what is read: whatever is wrong with the rest is said before somebody writes in an editor.
    let words = words(context, args)?;
    let new = NewTask {
        draft: Draft {
            title: words.title,
            priority: args.priority.unwrap_or_default(),
            risk: args.risk.unwrap_or(default_risk),
            labels: args.labels.iter().cloned().collect::<BTreeSet<_>>(),
            role: args.role.clone(),
            repository: args.repository.clone(),
            agent: args.agent.clone(),
            ..Draft::default()
        },
        dependencies: args.after.clone(),
        spec: words.spec,
        plan,
        ready: args.ready,
    };
    let created = create(&project, &new);
    let id = match words.edited {
        Some(edited) => edited.settle(created)?,
        None => created?,
    };
    if let Some(role) = &args.role {
        warn_of_unknown_role(context, &project, role);
    }
    let snapshot = project.store.snapshot()?;
    let short = snapshot.short(&id);
    if context.ui.manner.json {
        context.ui.answer_json(&crate::ui::task_json(&snapshot.task(&id)?))?;
    } else {
        context.ui.answer_line(&context.ui.id(&id, &short))?;
    }
    if args.run {
        return run::run_tasks(context, &project, vec![id], run::How::default());
    }
    if context.ui.out_is_terminal && new.plan.is_empty() {
        context.ui.hint(&format!("write its plan: aifactory plan edit {short}"));
    }
    Ok(Finish::Well)
}

struct Words {
    title: String,
    spec: String,
    /// Where they were written in an editor.
    edited: Option<Edited>,
}

/// Title and spec, from wherever they were given.
fn words(context: &Context, args: &Args) -> Result<Words> {
    let (title, spec) = match (&args.file, &args.title) {
        (Some(file), Some(title)) => (title.clone(), read_file(context, file)?),
        (Some(file), None) => split_title(&read_file(context, file)?),
        (None, Some(title)) => (title.clone(), ended(args.message.join("\n\n"))),
        (None, None) if context.ui.can_ask() => return written_words(context),
        (None, None) => return Err(no_title()),
    };
    Ok(Words { title, spec, edited: None })
}

const TEMPLATE: &str = "\n\n<!-- The first line is the title, the rest says what must be true when it is done. -->\n";

fn written_words(context: &Context) -> Result<Words> {
    let edited = edit_text(context, "new-task.md", TEMPLATE)?;
    let lines = edited.text.lines().filter(|line| !line.starts_with("<!--"));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    if text.trim().is_empty() {
        edited.accepted()?;
        return Err(no_title());
    }
    let (title, spec) = split_title(&text);
    Ok(Words { title, spec, edited: Some(edited) })
}

fn no_title() -> Error {
    Error::usage("a task needs a title").hint("aifactory new \"what you want\"")
}

/// Texts end with a line end, as files do.
fn ended(text: String) -> String {
    if text.is_empty() { text } else { format!("{}\n", text.trim_end()) }
}

/// The first line that says something, without Markdown's mark of a heading, and what follows it.
fn split_title(text: &str) -> (String, String) {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let rest = rest.trim();
    let spec = if rest.is_empty() { String::new() } else { format!("{rest}\n") };
    (first.trim_start_matches('#').trim().to_owned(), spec)
}

/// A file's text, `-` for standard input.
pub(super) fn read_file(context: &Context, path: &Path) -> Result<String> {
    if path == Path::new("-") {
        if std::io::stdin().is_terminal() {
            context.ui.note("reading from the terminal; end with Ctrl-D");
        }
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context(|| "cannot read standard input")?;
        return String::from_utf8(bytes).context(|| "standard input is not UTF-8");
    }
    std::fs::read_to_string(context.folder.join(path)).map_err(|error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => Error::missing,
            _ => Error::failed,
        };
        kind(format!("cannot read {}", path.display())).caused_by(error)
    })
}

#[cfg(test)]
mod tests {
    use super::split_title;

    #[test]
    fn the_first_line_is_the_title() {
        assert_eq!(split_title("\n# Do it\n\nwell\n"), ("Do it".into(), "well\n".into()));
        assert_eq!(split_title("Do it"), ("Do it".into(), String::new()));
    }
}
