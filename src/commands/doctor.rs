//! `aifactory doctor`

use super::agents::version_of;
use super::{Context, Finish};
use crate::agent::{Agent, credentials};
use crate::config::duration_text;
use crate::error::{Kind, Result};
use crate::git::Repository;
use crate::memory::Memory;
use crate::process::Invocation;
use crate::run::{Checkouts, dead_sessions, greet, recover};
use crate::store::task_of_path;
use crate::tasks::{PHASES, Project};
use crate::ui::Style;
use serde_json::json;
use std::collections::BTreeSet;

/// Check that everything aifactory needs is in order, and say what to do
#[derive(clap::Args)]
pub struct Args {
    /// Set right what can be: records that cannot be read are written anew from their events, dead workers cleaned up
    #[arg(long)]
    repair: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Worth,
    Bad,
}

struct Finding {
    what: &'static str,
    health: Health,
    detail: String,
    hint: Option<String>,
}

impl Finding {
    fn good(what: &'static str, detail: impl Into<String>) -> Finding {
        Finding { what, health: Health::Good, detail: detail.into(), hint: None }
    }

    fn worth(what: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Finding {
        Finding { health: Health::Worth, hint: Some(hint.into()), ..Finding::good(what, detail) }
    }

    fn bad(what: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Finding {
        Finding { health: Health::Bad, ..Finding::worth(what, detail, hint) }
    }
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let mut findings = vec![check_git()];
    match look_at_repository(context, args, &mut findings) {
        Ok(()) => {}
        Err(error) => {
            let causes = error.causes().join(": ");
            let detail = if causes.is_empty() { error.to_string() } else { format!("{error}: {causes}") };
            let hint = error.hints().first().cloned().unwrap_or_default();
            findings.push(Finding::bad("repository", detail, hint));
        }
    }
    let worst = findings.iter().any(|finding| finding.health == Health::Bad);
    if context.ui.manner.json {
        let checks: Vec<_> = findings
            .iter()
            .map(|f| json!({ "check": f.what, "health": word(f.health), "detail": f.detail, "hint": f.hint }))
            .collect();
        context.ui.answer_json(&json!({ "schema": "aifactory.doctor/1", "healthy": !worst, "checks": checks }))?;
    } else {
        for finding in &findings {
            write_finding(context, finding)?;
        }
    }
    Ok(if worst { Finish::Short(Kind::Failed) } else { Finish::Well })
}

fn word(health: Health) -> &'static str {
    match health {
        Health::Good => "ok",
        Health::Worth => "note",
        Health::Bad => "bad",
    }
}

fn write_finding(context: &Context, finding: &Finding) -> Result<()> {
    let ui = &context.ui;
    let style = match finding.health {
        Health::Good => Style::Good,
        Health::Worth => Style::Attention,
        Health::Bad => Style::Bad,
    };
    let word = ui.paint(style, &format!("{:<5}", word(finding.health)));
    let detail = crate::model::text::escape_line(&finding.detail).into_owned();
    ui.answer_line(&format!("{word} {:<12} {detail}", finding.what))?;
    match finding.hint.as_deref().filter(|hint| !hint.is_empty()) {
        Some(hint) => ui.answer_line(&format!("      {} {hint}", ui.paint(Style::Hint, "hint:"))),
        None => Ok(()),
    }
}

fn check_git() -> Finding {
    match Invocation::new("git").arg("--version").run_ok() {
        Ok(output) => Finding::good("git", String::from_utf8_lossy(&output.stdout).trim().replace("git version ", "")),
        Err(error) => Finding::bad("git", error.to_string(), "install git 2.39 or newer"),
    }
}

fn look_at_repository(context: &Context, args: &Args, findings: &mut Vec<Finding>) -> Result<()> {
    let repository = Repository::discover(&context.folder)?;
    findings.push(Finding::good("repository", repository.common_dir().display().to_string()));
    let project = Project::open(&context.host, &context.folder, None)?;
    findings.extend(project.settings.unknown.iter().map(|unknown| {
        Finding::worth("settings", format!("unknown: {unknown}"), "aifactory config shows all that exist")
    }));
    findings.push(check_identity(&project));
    findings.push(check_target(&project));
    findings.extend(check_agents(context, &project));
    findings.extend(check_embeddings(&project));
    findings.push(check_trust(&project)?);
    findings.push(check_worktrees(&project));
    findings.push(check_loose(&project));
    check_state(&project, args, findings)
}

fn check_identity(project: &Project) -> Finding {
    match project.repository().config_value("user.email") {
        Some(email) => Finding::good("identity", email),
        None => Finding::worth(
            "identity",
            format!("git knows no user.email; you act as {}", project.actor),
            "git config --global user.email you@example.com",
        ),
    }
}

fn check_target(project: &Project) -> Finding {
    match &project.target {
        None => Finding::bad("target", "HEAD names no branch", "aifactory config set merge.target <branch>"),
        Some(target) if target.commit.is_none() => {
            let detail = format!("{} has no commit yet", target.branch);
            Finding::worth("target", detail, "running tasks needs one: git commit --allow-empty -m begin")
        }
        Some(target) => Finding::good("target", target.branch.clone()),
    }
}

/// Every agent that would be started by itself: for a phase, or in place of another.
fn check_agents(context: &Context, project: &Project) -> Vec<Finding> {
    let settings = &project.settings;
    let of_phases = PHASES.iter().filter_map(|(_, key)| settings.find_text(key).map(str::to_owned));
    let mut names: Vec<String> = vec![settings.text("agent.default").to_owned()];
    names.extend(of_phases.chain(settings.list("agent.fallback")));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.iter().flat_map(|name| check_agent(context, project, name)).collect()
}

fn check_agent(context: &Context, project: &Project, name: &str) -> Vec<Finding> {
    let agent = match Agent::find(name, &project.settings, None) {
        Ok(agent) => agent,
        Err(error) => {
            let hint = error.hints().first().cloned().unwrap_or_default();
            return vec![Finding::bad("agent", error.to_string(), hint)];
        }
    };
    if agent.find_program(&context.own_program).is_none() {
        let error = agent.missing();
        let hint = error.hints().first().cloned().unwrap_or_default();
        return vec![Finding::bad("agent", error.to_string(), hint)];
    }
    let version = version_of(&agent);
    let said = version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let tested = agent.record.tested.as_str();
    let is_other = version.as_deref().is_some_and(|version| !tested.is_empty() && version != tested);
    let mut findings = vec![match is_other {
        true => Finding::worth(
            "agent",
            format!("{name}{said}, which is not the version that was tested ({tested})"),
            "it will most likely do; if not: aifactory agents",
        ),
        false => Finding::good("agent", format!("{name}{said}")),
    }];
    if !agent.record.ends.is_empty() {
        findings.push(Finding::worth("agent", format!("{name} is at its end"), agent.record.ends.clone()));
    }
    findings.extend(check_credentials(project, &agent));
    match greet(project, &agent, &context.own_program) {
        Ok(None) => {}
        Ok(Some(_)) => findings.push(Finding::good("greeting", format!("{name} answers"))),
        Err(error) => {
            findings.push(Finding::bad(
                "greeting",
                format!("{name}: {}", error.full_text()),
                agent.record.login.clone(),
            ));
        }
    }
    findings
}

/// What an agent would log in with, and where that is from. Values are never shown.
fn check_credentials(project: &Project, agent: &Agent) -> Vec<Finding> {
    let found = project.secrets().and_then(|secrets| {
        let open: Vec<String> = secrets.open_to_others().iter().map(|path| path.display().to_string()).collect();
        Ok((credentials::report(agent, &project.settings, &secrets)?, open))
    });
    let (report, open) = match found {
        Ok(found) => found,
        Err(error) => {
            let hint = error.hints().first().cloned().unwrap_or_default();
            return vec![Finding::bad("credentials", error.full_text(), hint)];
        }
    };
    let now = project.host.now();
    let mut findings = Vec::new();
    for (place, found) in report.found.iter().enumerate() {
        let from = found.from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
        let wins = if place == 0 { "" } else { ", not used" };
        let ends = match found.expiry {
            Some(expiry) if expiry.renews => ", renewed by the agent itself".to_owned(),
            Some(expiry) if expiry.at <= now => format!(", ended at {} UTC", expiry.at.readable()),
            Some(expiry) => format!(", ends in {}", duration_text(expiry.at.since(now))),
            None => String::new(),
        };
        let detail = format!("{}: {}{from}{ends}{wins}", agent.name, found.name);
        let is_over = found.expiry.is_some_and(|expiry| !expiry.renews && expiry.at <= now);
        findings.push(match is_over && place == 0 {
            true => Finding::bad("credentials", detail, agent.record.login.clone()),
            false => Finding::good("credentials", detail),
        });
    }
    let wants_one = !agent.record.credentials.is_empty() || !agent.record.login_files.is_empty();
    if report.found.is_empty() && wants_one {
        let detail = format!("none found for {}", agent.name);
        findings.push(Finding::worth("credentials", detail, agent.record.login.clone()));
    }
    let hint =
        |name: &str| format!("only your own settings can hand it out: [agents.{}] env = [\"{name}\"]", agent.name);
    findings.extend(
        report
            .withheld
            .iter()
            .map(|name| Finding::worth("credentials", format!("{name} is kept from {}", agent.name), hint(name))),
    );
    findings.extend(open.iter().map(|path| {
        Finding::worth("credentials", format!("others on this machine may read {path}"), format!("chmod 600 {path}"))
    }));
    findings
}

/// Nothing where notes are compared by their words alone.
fn check_embeddings(project: &Project) -> Option<Finding> {
    Some(match Memory::new(&project.store, &project.settings, None).try_service()? {
        Ok(tried) => {
            let detail = format!("{} at {} answers, {} numbers a text", tried.model, tried.host, tried.length);
            Finding::good("embeddings", detail)
        }
        Err(error) => {
            let hint = error.hints().first().map_or("aifactory config get memory.embeddings.url", String::as_str);
            Finding::worth("embeddings", error.full_text(), hint)
        }
    })
}

fn check_trust(project: &Project) -> Result<Finding> {
    Ok(match project.policy_is_trusted()? {
        true => Finding::good("policy", "nothing waits for trust"),
        false => Finding::worth("policy", "its commands are not trusted on this machine", "aifactory trust"),
    })
}

fn check_worktrees(project: &Project) -> Finding {
    let made = project.worktree_root().and_then(|root| {
        Checkouts::of(project)?;
        crate::host::files::create_folder(&root)?;
        Ok(root)
    });
    match made {
        Ok(root) => Finding::good("worktrees", root.display().to_string()),
        Err(error) => Finding::bad("worktrees", error.to_string(), "aifactory config set worktree.root <folder>"),
    }
}

fn check_loose(project: &Project) -> Finding {
    let loose = project.store.repository.loose_objects();
    match loose > crate::run::MANY_LOOSE_OBJECTS {
        true => Finding::worth("objects", format!("about {loose} loose objects"), "aifactory gc"),
        false => Finding::good("objects", format!("about {loose} loose")),
    }
}

/// Where the state is, if that is not where everybody expects it, and what lies beside it.
fn check_place(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if let Some(reason) = project.store.find_own_store_reason() {
        let place = project.store.repository.common_dir().display();
        findings.push(Finding::good("store", format!("{place}, because {reason}")));
    }
    for name in project.store.quarantined()? {
        let detail = format!("another state was found and kept as {name}");
        let look = format!("to look: git --git-dir {} log {name}", project.store.repository.common_dir().display());
        findings.push(Finding::worth("state", detail, look));
    }
    Ok(findings)
}

fn check_state(project: &Project, args: &Args, findings: &mut Vec<Finding>) -> Result<()> {
    findings.extend(check_place(project)?);
    let snapshot = project.store.snapshot()?;
    let index = snapshot.index()?;
    let tasks = index.all()?.len();
    let problems = index.problems()?;
    if problems.is_empty() {
        findings.push(Finding::good("state", format!("{}, {tasks} tasks", project.store.ref_name())));
    }
    for problem in problems {
        let id = task_of_path(&problem.path);
        let repaired = args.repair && id.as_ref().is_some_and(|id| rewrite(project, id).is_ok());
        findings.push(match repaired {
            true => Finding::good("record", format!("{} was written anew from its events", problem.path)),
            false => Finding::bad(
                "record",
                format!("{}: {}", problem.path, problem.message),
                "aifactory doctor --repair writes it anew from its events",
            ),
        });
    }
    let dead = dead_sessions(&project.store)?;
    if dead > 0 && args.repair {
        recover(project)?;
        findings.push(Finding::good("workers", format!("cleaned up after {dead} dead workers")));
    } else if dead > 0 {
        findings.push(Finding::worth(
            "workers",
            format!("{dead} died"),
            "the next command that writes repairs what they left",
        ));
    }
    Ok(())
}

fn rewrite(project: &Project, id: &crate::model::TaskId) -> Result<()> {
    project.store.transact(&project.person(), "repair", |_, changes| {
        changes.rewrite(id);
        Ok(())
    })
}
