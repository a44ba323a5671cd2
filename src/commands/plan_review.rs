//! The verbs of `plan` that lead to other people: proposing, following, signing, importing.

use super::new::read_file;
use super::{Context, Finish};
use crate::error::{Kind, Result};
use crate::git::Oid;
use crate::model::TaskId;
use crate::model::text::escape_line;
use crate::sync::{FollowReport, Outcome, Proposed, follow, propose};
use crate::tasks::{PlanImport, Project, Take, Taken, export_plan, import_plan};
use crate::ui::Style;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(clap::Subcommand)]
pub enum ReviewVerb {
    /// Put it on a branch for a pull request: spec and plan in one file
    ///
    /// The branch begins at the target and holds plans/<ID>.md; no checkout is touched. Proposing again updates it, and
    /// takes in what reviewers changed there. When it is merged, `aifactory sync` takes what was merged as the plan, and
    /// with plan.approve-by-merge as approved; when the branch is deleted instead, the plan is sent back.
    Propose {
        /// The tasks
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// What counts where others changed the plan on the branch: both, ours or theirs
        #[arg(long, value_name = "WHOSE", default_value = "both", value_parser = parse_take)]
        take: Take,
        /// Commit on the branch here, and publish nothing
        #[arg(long)]
        local: bool,
    },
    /// See what became of proposed plans: merged, or closed
    ///
    /// Part of every `aifactory sync`; alone for git hooks and CI.
    #[command(after_help = "\
Examples:
  aifactory plan follow --local     in .git/hooks/post-merge, or in CI on the target
  aifactory plan follow && aifactory sync")]
    Follow {
        /// Look only at what this clone has; ask no remote
        #[arg(long)]
        local: bool,
    },
    /// Take in a plan from elsewhere; with a signature that counts here it is approved
    ///
    /// Signatures count of those whom .aifactory/allowed-signers on the target names, or the file of git's own setting
    /// gpg.ssh.allowedSignersFile. The plan must name a commit of the target, and nothing it is about may have changed
    /// since.
    #[command(after_help = "\
To sign a plan:
  aifactory plan export 7kq2 > plan.md
  ssh-keygen -Y sign -n aifactory-plan -f ~/.ssh/id_ed25519 plan.md

To take it in, on another machine:
  aifactory plan import plan.md --signature plan.md.sig")]
    Import {
        /// The file, `-` for standard input
        file: PathBuf,
        /// Its signature, as ssh-keygen wrote it
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
        /// The task it is for, where the file does not say
        #[arg(long, value_name = "ID")]
        task: Option<String>,
        /// Take it although the target moved on under it; then it waits for approval
        #[arg(long)]
        stale_ok: bool,
    },
    /// Print spec and plan as one file, to sign or to hand on
    #[command(after_help = "\
To sign it:
  aifactory plan export 7kq2 > plan.md
  ssh-keygen -Y sign -n aifactory-plan -f ~/.ssh/id_ed25519 plan.md")]
    Export {
        /// The task
        id: String,
    },
}

fn parse_take(word: &str) -> Result<Take, String> {
    match word {
        "both" => Ok(Take::Both),
        "ours" => Ok(Take::Ours),
        "theirs" => Ok(Take::Theirs),
        _ => Err("one of both, ours, theirs".to_owned()),
    }
}

pub fn run(context: &Context, verb: &ReviewVerb) -> Result<Finish> {
    match verb {
        ReviewVerb::Propose { ids, take, local } => propose_all(context, ids, *take, *local),
        ReviewVerb::Follow { local } => {
            let project = context.project_for_writing()?;
            let report = follow(&project, *local)?;
            answer(context, &project, &report)
        }
        ReviewVerb::Import { file, signature, task, stale_ok } => {
            let text = read_file(context, file)?;
            let signature = signature.as_deref().map(|path| read_file(context, path)).transpose()?;
            let project = context.project_for_writing()?;
            let task = task.as_deref().map(|typed| project.store.snapshot()?.resolve(typed)).transpose()?;
            take_in(context, &project, &PlanImport { text, signature, task, stale_ok: *stale_ok })
        }
        ReviewVerb::Export { id } => {
            let project = context.project()?;
            let snapshot = project.store.snapshot()?;
            let id = snapshot.resolve(id)?;
            let text = export_plan(&project, &snapshot, &id)?;
            match context.ui.manner.json {
                true => {
                    context.ui.answer_json(&json!({ "schema": "aifactory.plan-export/1", "id": id, "text": text }))?
                }
                false => context.ui.answer_foreign(&text)?,
            }
            Ok(Finish::Well)
        }
    }
}

fn propose_all(context: &Context, typed: &[String], take: Take, local: bool) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let ids = context.resolve(&project.store.snapshot()?, typed)?;
    let mut answers = Vec::new();
    for id in ids {
        let proposed = propose(&project, &id, take, local)?;
        match context.ui.manner.json {
            true => answers.push(proposed_json(&proposed)),
            false => show_proposed(context, &project, &proposed)?,
        }
    }
    if context.ui.manner.json {
        context.ui.answer_json(&json!({ "schema": "aifactory.plan-propose/1", "proposals": answers }))?;
    }
    Ok(Finish::Well)
}

fn proposed_json(proposed: &Proposed) -> Value {
    let draft = &proposed.draft;
    json!({
        "id": draft.task, "branch": draft.branch, "file": draft.file, "commit": draft.commit.to_string(),
        "base": draft.base.to_string(), "remote": proposed.remote, "took_theirs": draft.took_theirs,
    })
}

fn show_proposed(context: &Context, project: &Project, proposed: &Proposed) -> Result<()> {
    let (ui, draft) = (&context.ui, &proposed.draft);
    ui.answer_line(&draft.branch)?;
    let short = project.store.snapshot()?.short(&draft.task);
    let target = &project.require_target()?.branch;
    let place = match &proposed.remote {
        Some(remote) => format!("on {}", escape_line(remote)),
        None => "on this machine".to_owned(),
    };
    ui.note(&format!("proposed the plan of {}: {} {place}", ui.paint_err(Style::Id, &short), draft.file));
    if draft.took_theirs {
        ui.note("what others changed there is in the task's plan now");
    }
    match &proposed.remote {
        Some(_) => ui.hint(&format!("open a pull request into {target}; once it is merged: aifactory sync")),
        None => ui.hint(&format!("to publish it: git push <remote> {}", draft.branch)),
    }
    Ok(())
}

fn take_in(context: &Context, project: &Project, import: &PlanImport) -> Result<Finish> {
    let imported = import_plan(project, import)?;
    let snapshot = project.store.snapshot()?;
    let short = snapshot.short(&imported.task);
    if context.ui.manner.json {
        context.ui.answer_json(&json!({
            "schema": "aifactory.plan-import/1", "id": imported.task, "created": imported.created,
            "signer": imported.signer, "stale": imported.stale, "status": snapshot.task(&imported.task)?.status,
        }))?;
        return Ok(Finish::Well);
    }
    context.ui.answer_line(&context.ui.id(&imported.task, &short))?;
    if let Some(stale) = &imported.stale {
        context.ui.warn(&format!("the plan is out of date: {stale}"));
    }
    match &imported.signer {
        Some(signer) => context.ui.note(&format!("approved by the signature of {}", escape_line(signer))),
        None => context.ui.hint(&format!("read it, then approve it: aifactory plan show {short}")),
    }
    Ok(Finish::Well)
}

fn answer(context: &Context, project: &Project, report: &FollowReport) -> Result<Finish> {
    if context.ui.manner.json {
        context.ui.answer_json(&json!({
            "schema": "aifactory.plan-follow/1", "proposals": outcomes_json(report), "notes": report.notes,
        }))?;
    } else if report.outcomes.is_empty() && report.notes.is_empty() {
        context.ui.note("nothing new about proposed plans");
    } else {
        show_outcomes(context, project, report)?;
    }
    let is_broken = report.outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Broken(_)));
    Ok(if is_broken { Finish::Short(Kind::Person) } else { Finish::Well })
}

pub(super) fn outcomes_json(report: &FollowReport) -> Vec<Value> {
    let outcome = |(id, outcome): &(TaskId, Outcome)| match outcome {
        Outcome::Merged { by, commit, taken } => {
            json!({ "id": id, "outcome": "merged", "by": by, "commit": commit.to_string(), "taken": taken_word(*taken) })
        }
        Outcome::Broken(why) => json!({ "id": id, "outcome": "broken", "why": why }),
        Outcome::Closed { branch } => json!({ "id": id, "outcome": "closed", "branch": branch }),
    };
    report.outcomes.iter().map(outcome).collect()
}

fn taken_word(taken: Taken) -> &'static str {
    match taken {
        Taken::Approved => "approved",
        Taken::Waiting => "waiting",
        Taken::Later => "later",
        Taken::Ended => "ended",
    }
}

pub(super) fn show_outcomes(context: &Context, project: &Project, report: &FollowReport) -> Result<()> {
    let ui = &context.ui;
    let snapshot = project.store.snapshot()?;
    for (id, outcome) in &report.outcomes {
        let short = snapshot.short(id);
        let plan = format!("plan of {}:", ui.paint_err(Style::Id, &short));
        match outcome {
            Outcome::Merged { by, commit, taken } => {
                ui.note(&format!(
                    "{plan} merged by {} in {}; {}",
                    escape_line(by),
                    shown(*commit),
                    after_merge(*taken)
                ));
                if *taken == Taken::Waiting {
                    ui.hint(&format!("aifactory plan show {short}, then aifactory approve {short}"));
                }
            }
            Outcome::Broken(why) => ui.warn(&format!("{plan} what was merged is no plan and not approved: {why}")),
            Outcome::Closed { branch } => {
                ui.note(&format!("{plan} {} was deleted without a merge; it was sent back", escape_line(branch)));
            }
        }
    }
    report.notes.iter().for_each(|note| ui.note(&escape_line(note)));
    Ok(())
}

fn shown(commit: Oid) -> String {
    commit.to_string().chars().take(10).collect()
}

fn after_merge(taken: Taken) -> &'static str {
    match taken {
        Taken::Approved => "it is approved",
        Taken::Waiting => "it waits for approval here: plan.approve-by-merge is off",
        Taken::Later => "it is taken over when what goes on with the task has ended",
        Taken::Ended => "the task is closed",
    }
}
