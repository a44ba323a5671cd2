//! `spec write` and `plan write`: an agent writes the text, and the command says what came of it.

use super::run::{How, short};
use super::text_verbs::WriteArgs;
use super::{Context, Finish, run};
use crate::error::{Error, Kind, Result};
use crate::model::plan::parse_plan;
use crate::model::text::count;
use crate::model::{Reason, Status, TaskId, TextFile};
use crate::run::RunReport;
use crate::tasks::{Project, has_model, ready_again};
use std::collections::BTreeMap;

/// The role that writes a text.
fn role_of(file: TextFile) -> &'static str {
    match file {
        TextFile::Spec => "spec-writer",
        TextFile::Plan => "planner",
    }
}

pub fn write(context: &Context, args: &WriteArgs, file: TextFile) -> Result<Finish> {
    let key = "agent.plan";
    context.with_setting("workflow.role", Some(role_of(file)), |context| {
        context.with_setting(key, args.agent.as_deref(), |context| write_here(context, args, file))
    })
}

fn write_here(context: &Context, args: &WriteArgs, file: TextFile) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let ids = context.resolve(&project.store.snapshot()?, &args.ids)?;
    let mut before = BTreeMap::new();
    let snapshot = project.store.snapshot()?;
    for id in &ids {
        if !has_model(&project, &snapshot.task(id)?, "plan") {
            let error = Error::usage(format!("no agent is chosen that could write a {}", file.word()));
            return Err(
                error.hint("aifactory config set agent.plan claude, or --agent claude; aifactory agents lists them")
            );
        }
        before.insert(id.clone(), snapshot.text(id, file)?);
    }
    ready_again(&project, &ids, args.message.as_deref())?;
    let how = How { jobs: args.jobs, merge: false, local: args.local };
    let report = run::carry_out_tasks(context, &project, ids, how)?;
    tell(context, &project, &report, file, &before)
}

fn tell(
    context: &Context,
    project: &Project,
    report: &RunReport,
    file: TextFile,
    before: &BTreeMap<TaskId, String>,
) -> Result<Finish> {
    let snapshot = project.store.snapshot()?;
    let mut worst = None;
    for result in &report.results {
        let id = short(project, &result.task);
        let text = snapshot.text(&result.task, file)?;
        let is_written = matches!(
            (result.status, result.reason),
            (Status::Backlog | Status::Ready, _) | (Status::Waiting, Some(Reason::PlanApproval))
        ) && result.error.is_none()
            && before.get(&result.task) != Some(&text);
        if !is_written {
            worst =
                report.kind().filter(|kind| *kind != Kind::Interrupted || report.interrupted).or(Some(Kind::Failed));
            continue;
        }
        match file {
            TextFile::Spec => {
                let open = crate::model::spec::open_questions(&text).len();
                context.ui.note(&format!("wrote the spec of {id}"));
                if open > 0 {
                    let questions = count(open, "open question");
                    context.ui.hint(&format!("it has {questions}: aifactory spec show {id}, aifactory spec edit {id}"));
                } else {
                    context.ui.hint(&format!("aifactory spec show {id}, then aifactory plan write {id}"));
                }
            }
            TextFile::Plan => {
                let steps = parse_plan(&text).0.steps.len();
                context.ui.note(&format!("wrote the plan of {id}: {}", count(steps, "step")));
                context.ui.hint(&format!(
                    "aifactory plan show {id}, then aifactory approve {id}, or aifactory reject {id} -m \"what is wrong\""
                ));
            }
        }
    }
    run::answer_json(context, report, worst)?;
    match worst {
        None if report.results.is_empty() => Ok(Finish::Short(Kind::Missing)),
        None => Ok(Finish::Well),
        Some(kind) => {
            run::hints(context, project, report);
            Ok(Finish::Short(kind))
        }
    }
}
