//! `aifactory sync`

use super::plan_review::{outcomes_json, show_outcomes};
use super::{Context, Finish};
use crate::error::{Error, Kind, Result};
use crate::git::Progress;
use crate::model::text::{count, escape_line};
use crate::store::Snapshot;
use crate::sync::{FollowReport, Manner, Place, Sharing, SyncReport, follow, places};
use crate::tasks::{Project, set_local};
use crate::ui::Style;
use serde_json::{Value, json};

/// Share the state through a git remote
///
/// Brings in what others published, merges it with what was done here, and publishes that. Nothing is lost on either
/// side: what cannot be merged by itself is kept twice and shown to you. It is also how a fresh clone gets the backlog, and
/// how it is seen that a plan under review was merged or closed.
/// Works with any remote git can push to; the state has a ref of its own there and touches no branch but those of tasks.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory sync                    with the usual remote: sync.remote, or origin
  aifactory sync backup             with another one
  aifactory sync --dry-run          say what would come and go
  aifactory config set sync.remote git@example.com:team/state.git
                                    keep the state apart from the code, in a repository of its own

Exit codes: 0 both sides are the same now, 1 it could not be done, 4 a person has to decide")]
pub struct Args {
    /// Remotes or addresses; without any, those of the settings
    #[arg(value_name = "REMOTE")]
    remotes: Vec<String>,
    /// Change nothing, here or there; say what would happen
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Put the state back where somebody deleted, replaced or spoilt it; what is there now is kept aside
    #[arg(long, conflicts_with = "dry_run")]
    restore_remote: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    if project.store.find_head()?.is_some() && !args.dry_run {
        context.repair(&project)?;
    }
    let places = chosen_places(&project, args)?;
    let manner = Manner { dry_run: args.dry_run, restore: args.restore_remote, ..Manner::default() };
    let mut reports = Vec::new();
    for place in places {
        let shown = place.shown();
        let report = exchange(context, &project, place, manner)?;
        if report.tip.is_none() && report.came.is_empty() && !args.dry_run && project.store.find_head()?.is_none() {
            return Err(Error::missing(format!("there is no aifactory state, here or on {shown}"))
                .hint("to begin: aifactory init"));
        }
        if !context.ui.manner.json {
            show(context, &project, &report, args.dry_run)?;
        }
        reports.push(report);
    }
    let followed = if args.dry_run { FollowReport::default() } else { follow_proposals(context, &project, args)? };
    if context.ui.manner.json {
        answer_json(context, &reports, &followed, args.dry_run)?;
    }
    Ok(Finish::Well)
}

fn exchange(context: &Context, project: &Project, place: Place, manner: Manner) -> Result<SyncReport> {
    let shown = place.shown();
    let bar = context.ui.transfer(&shown);
    let report = Sharing::at(project, place).exchange(manner, &mut |progress: Progress| {
        bar.show(&progress.what, progress.percent);
    });
    bar.end();
    report.map_err(|error| match error.kind() {
        Kind::Person => error,
        _ => error.hint("your work is safe here and goes out with the next aifactory sync"),
    })
}

/// The places to share with. An address given once, where nothing else is known, is remembered.
fn chosen_places(project: &Project, args: &Args) -> Result<Vec<Place>> {
    let known = places(&project.settings, project.repository())?;
    if args.remotes.is_empty() && known.is_empty() {
        return Err(Error::missing("there is no remote to share through")
            .hint("git remote add origin <address>, then aifactory sync")
            .hint("or name an address: aifactory sync <address>"));
    }
    if args.remotes.is_empty() {
        return Ok(known);
    }
    let chosen: Vec<Place> = args.remotes.iter().map(|remote| Place::new(remote)).collect::<Result<_>>()?;
    if let (true, Some(first)) = (known.is_empty() && !args.dry_run, chosen.first()) {
        set_local(project, "sync.remote", &first.remote)?;
    }
    Ok(chosen)
}

fn show(context: &Context, project: &Project, report: &SyncReport, dry_run: bool) -> Result<()> {
    let ui = &context.ui;
    ui.note(&line(context, report, dry_run));
    for note in &report.notes {
        ui.note(&format!("  {}", ui.paint_err(Style::Dim, &escape_line(note))));
    }
    if dry_run {
        return Ok(());
    }
    if let Ok(snapshot) = project.store.snapshot() {
        for hint in conflicts(&snapshot, report)? {
            ui.warn(&hint);
        }
    }
    Ok(())
}

/// `origin: 3 tasks came, 2 went, 1 merged`
fn line(context: &Context, report: &SyncReport, dry_run: bool) -> String {
    let (came, merged) = (report.came.len(), report.merged.len());
    let went = report.went.difference(&report.merged).count();
    let mut parts = Vec::new();
    let mut add = |number: usize, verb: &str| {
        if number > 0 {
            parts.push(if parts.is_empty() {
                format!("{} {verb}", count(number, "task"))
            } else {
                format!("{number} {verb}")
            });
        }
    };
    let (comes, goes, merges) =
        if dry_run { ("would come", "would go", "would be merged") } else { ("came", "went", "merged") };
    add(came, comes);
    add(went, goes);
    add(merged, merges);
    let mut also = |number: usize, verb: &str| {
        if number > 0 {
            parts.push(format!("{} {verb}", count(number, "other file")));
        }
    };
    also(report.other.0, comes);
    also(report.other.1, goes);
    if !report.extras.is_empty() {
        parts.push(format!(
            "{} went along",
            match report.extras.len() {
                1 => "1 branch".to_owned(),
                several => format!("{several} branches"),
            }
        ));
    }
    let text = match (parts.is_empty(), report.notes.is_empty()) {
        (false, _) => parts.join(", "),
        (true, true) => "nothing new on either side".to_owned(),
        (true, false) => "nothing else is new on either side".to_owned(),
    };
    format!("{}: {text}", context.ui.paint_err(Style::Strong, &escape_line(&report.remote)))
}

/// What a person has to look at among what came together.
fn conflicts(snapshot: &Snapshot<'_>, report: &SyncReport) -> Result<Vec<String>> {
    let mut hints = Vec::new();
    for id in report.merged.iter().chain(&report.came) {
        let Some(task) = snapshot.find_task(id).ok().flatten().filter(|task| !task.conflicts.is_empty()) else {
            continue;
        };
        let short = snapshot.short(id);
        hints.push(format!(
            "task {short} has {} for you to look at: aifactory show {short}",
            count(task.conflicts.len(), "conflict")
        ));
    }
    Ok(hints)
}

/// Plans under review are looked at when what others did is known; what came of it goes out at once.
fn follow_proposals(context: &Context, project: &Project, args: &Args) -> Result<FollowReport> {
    let followed = match follow(project, false) {
        Ok(followed) => followed,
        // The state is shared, and the next time will do for the plans.
        Err(error) => {
            context.ui.warn(&format!("cannot see what became of proposed plans: {}", error.full_text()));
            return Ok(FollowReport::default());
        }
    };
    if !context.ui.manner.json {
        show_outcomes(context, project, &followed)?;
    }
    if followed.has_written() {
        for place in chosen_places(project, args)? {
            exchange(context, project, place, Manner::default())?;
        }
    }
    Ok(followed)
}

fn answer_json(context: &Context, reports: &[SyncReport], followed: &FollowReport, dry_run: bool) -> Result<()> {
    let remotes: Vec<Value> = reports
        .iter()
        .map(|report| {
            json!({
                "remote": report.remote, "came": report.came, "went": report.went, "merged": report.merged,
                "other_came": report.other.0, "other_went": report.other.1, "notes": report.notes,
                "tip": report.tip.map(|tip| tip.to_string()), "ref": report.fallback, "retries": report.retries,
                "branches": report.extras.iter().map(|extra| &extra.name).collect::<Vec<_>>(),
            })
        })
        .collect();
    context.ui.answer_json(&json!({
        "schema": "aifactory.sync/1", "dry_run": dry_run, "remotes": remotes, "proposals": outcomes_json(followed),
    }))
}
