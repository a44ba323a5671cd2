//! `aifactory init`

use super::{Context, Finish};
use crate::agent::Agent;
use crate::error::{Context as _, Error, Result};
use crate::host::files;
use crate::model::text::escape_line;
use crate::policy::POLICY_PATH;
use crate::process::Invocation;
use crate::store::FALLBACK_REF;
use crate::sync::{Manner, Probe, Sharing, places, probe};
use crate::tasks::{Project, set_local};
use crate::ui::Style;
use serde_json::json;
use std::path::Path;

/// Begin in this repository, or bring it up to date
///
/// Creates the state ref with its constant first commit and looks for what is needed. A remote is asked whether it takes
/// refs of ours, by one that is taken away again; where it has the state already, this clone goes on from it. Nothing is
/// written to your branches: the policy file for the code branch is offered and left for you to commit.
#[derive(clap::Args)]
pub struct Args {
    /// Take the defaults and ask nothing
    #[arg(short, long)]
    yes: bool,
    /// The agent that carries out plans by default
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// The branch that work is merged into
    #[arg(long, value_name = "BRANCH")]
    target: Option<String>,
    /// Write the policy file `.aifactory/config.toml` for you to commit
    #[arg(long)]
    policy: bool,
    /// Do not ask the remote what it takes
    #[arg(long)]
    offline: bool,
}

const POLICY_TEMPLATE: &str = "\
# The rules of this project for aifactory. Commit this file: it counts as it is on the target branch.

# Commands that must pass before any merge, besides the plan's own gates.
# gates = [\"make test\"]

[worktree]
# Commands that prepare a new worktree.
# setup = [\"npm ci\"]
# Ignored paths that may stay when a worktree is used again.
# caches = [\"target\", \"node_modules\"]

[risk]
# File and folder names whose change always asks for a person, besides auth, secrets, migrations and the like.
# words = [\"infra\"]
";

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    require_git()?;
    let project = context.project()?;
    let target = chosen_target(context, args, &project)?;
    let agent = chosen_agent(context, args, &project)?;
    let wants_policy = args.policy || wants_policy(context, args, &project)?;
    let begun = project.store.begin()?;
    if let Some(target) = &target {
        set_local(&project, "merge.target", target)?;
    }
    if let Some(agent) = &agent {
        set_local(&project, "agent.default", agent)?;
    }
    exclude_worktrees(&project)?;
    let remote = if args.offline { None } else { look_at_remote(context, &project)? };
    let policy = if wants_policy { write_policy(&project)? } else { None };
    report(context, &Project::open(&context.host, &context.folder, None)?, begun, policy.as_deref(), remote.as_ref())
}

/// A remote, and what it said to a first look. One that does not answer keeps nobody from beginning.
struct Seen {
    place: String,
    probe: Probe,
}

fn look_at_remote(context: &Context, project: &Project) -> Result<Option<Seen>> {
    let Some(place) = places(&project.settings, project.repository())?.into_iter().next() else { return Ok(None) };
    let shown = place.shown();
    let sharing = Sharing::at(project, place);
    let probed = probe(&sharing).and_then(|probe| {
        if probe == Probe::HasState {
            // The project has begun elsewhere: this clone goes on from there.
            sharing.exchange(Manner { look_first: true, ..Manner::default() }, &mut |_| {})?;
        }
        Ok(probe)
    });
    match probed {
        Ok(probe) => Ok(Some(Seen { place: shown, probe })),
        Err(error) => {
            context.ui.warn(&format!("{}; everything works without it", error.full_text()));
            Ok(None)
        }
    }
}

impl Seen {
    fn line(&self) -> String {
        let place = escape_line(&self.place);
        match &self.probe {
            Probe::HasState => format!("{place}, which has the state; this clone goes on from it"),
            Probe::TakesRefs => format!("{place} (aifactory sync shares the state there)"),
            Probe::TakesBranches { .. } => {
                format!("{place}, which takes branches only; the state will be {FALLBACK_REF} there")
            }
            Probe::Refuses { why } => format!("{place} refuses our refs: {}", escape_line(why)),
        }
    }

    fn word(&self) -> &'static str {
        match self.probe {
            Probe::HasState => "has-state",
            Probe::TakesRefs => "takes-refs",
            Probe::TakesBranches { .. } => "takes-branches",
            Probe::Refuses { .. } => "refuses",
        }
    }
}

/// Worktrees inside the repository are nobody's untracked files. An absolute place is the user's own business.
fn exclude_worktrees(project: &Project) -> Result<()> {
    let is_relative = project.settings.find_text("worktree.root").is_some_and(|root| !root.starts_with('/'));
    let Some(repository) = project.repository().main_root().filter(|_| is_relative) else {
        return Ok(());
    };
    match project.worktree_root()?.strip_prefix(&repository) {
        Ok(inside) if inside != Path::new("") => project.repository().exclude(&format!("/{}/", inside.display())),
        _ => Ok(()),
    }
}

fn require_git() -> Result<()> {
    let version = Invocation::new("git").arg("--version").run_ok();
    version
        .map(drop)
        .map_err(|error| Error::failed("git is not installed").caused_by(error).hint("install git 2.39 or newer"))
}

/// The branch to write down: what was asked for, or today's branch where neither a setting nor a remote says.
fn chosen_target(context: &Context, args: &Args, project: &Project) -> Result<Option<String>> {
    if let Some(branch) = &args.target {
        return Ok(Some(branch.clone()));
    }
    let settled = project.settings.find_text("merge.target").is_some();
    let from_remote = project.repository().remote_default_branch("origin").is_some();
    let Some(target) = project.target.as_ref().filter(|_| !settled && !from_remote) else {
        return Ok(None);
    };
    if args.yes || !context.ui.can_ask() {
        return Ok(Some(target.branch.clone()));
    }
    context.ui.ask_text("Merge work into which branch?", &target.branch).map(Some)
}

fn chosen_agent(context: &Context, args: &Args, project: &Project) -> Result<Option<String>> {
    if let Some(name) = &args.agent {
        Agent::find(name, &project.settings, None)?;
        return Ok(Some(name.clone()));
    }
    let names = agents_to_offer(context, project);
    let current = project.settings.text("agent.default");
    if args.yes || !context.ui.can_ask() || names.len() < 2 {
        return Ok(None);
    }
    let default = names.iter().position(|name| name == current).unwrap_or(0);
    let chosen = context.ui.ask_choice("Which agent carries out plans?", &names, default)?;
    Ok(Some(names[chosen].clone()))
}

/// What could be used at once: people's own agents, then the built-in ones that are installed. What people defined and
/// have not installed comes last.
fn agents_to_offer(context: &Context, project: &Project) -> Vec<String> {
    let is_installed = |name: &String| {
        let agent = Agent::find(name, &project.settings, None);
        agent.is_ok_and(|agent| agent.is_complete() && agent.find_program(&context.own_program).is_some())
    };
    let is_defined = |name: &String| project.settings.agents().any(|(defined, _, _)| defined == name);
    let (installed, missing): (Vec<String>, Vec<String>) =
        Agent::names(&project.settings).into_iter().partition(is_installed);
    installed.into_iter().chain(missing.into_iter().filter(is_defined)).collect()
}

fn wants_policy(context: &Context, args: &Args, project: &Project) -> Result<bool> {
    let there = project.target.as_ref().is_some_and(|target| target.policy.is_some())
        || project.repository().worktree_root().is_some_and(|root| root.join(POLICY_PATH).exists());
    if there || args.yes || !context.ui.can_ask() {
        return Ok(false);
    }
    context.ui.ask_yes("Write a policy file (.aifactory/config.toml) for you to commit?", false)
}

fn write_policy(project: &Project) -> Result<Option<String>> {
    let root = project
        .repository()
        .worktree_root()
        .ok_or_else(|| Error::failed("a bare repository has no place for the policy file"))?;
    let path = root.join(POLICY_PATH);
    if path.exists() {
        return Ok(None);
    }
    let pointer = format!(
        "
# Where the state is, for fresh clones.
[state]
ref = \"{}\"
",
        project.store.ref_name()
    );
    files::write_text(&path, &format!("{POLICY_TEMPLATE}{pointer}")).context(|| "cannot write the policy file")?;
    Ok(Some(POLICY_PATH.to_owned()))
}

fn report(
    context: &Context,
    project: &Project,
    begun: bool,
    policy: Option<&str>,
    remote: Option<&Seen>,
) -> Result<Finish> {
    let target = project.target.as_ref();
    let agent = project.settings.text("agent.default");
    let installed = installed_programs(context, project);
    if context.ui.manner.json {
        context.ui.answer_json(&json!({
            "schema": "aifactory.init/1", "begun": begun, "ref": project.store.ref_name(),
            "target": target.map(|target| &target.branch), "agent": agent, "policy": policy,
            "installed_agents": installed, "remote": remote.map(|seen| &seen.place), "remote_says": remote.map(Seen::word),
        }))?;
        return Ok(Finish::Well);
    }
    let ui = &context.ui;
    let field =
        |name: &str, value: &str| ui.note(&format!("  {} {value}", ui.paint_err(Style::Dim, &format!("{name:<10}"))));
    ui.note(if begun {
        "aifactory is ready in this repository"
    } else {
        "aifactory was ready here already; settings are up to date"
    });
    field("state", &format!("{} (it leaves this machine with aifactory sync alone)", project.store.ref_name()));
    if let Some(reason) = project.store.find_own_store_reason() {
        field("store", &format!("{}, because {reason}", project.store.repository.common_dir().display()));
    }
    if let Some(seen) = remote {
        field("remote", &seen.line());
    }
    field("target", target.map_or("none yet", |target| &target.branch));
    field("agent", agent);
    field("worktrees", &project.worktree_root()?.display().to_string());
    if let Some(policy) = policy {
        ui.hint(&format!("look at {policy} and commit it"));
    }
    if target.is_none_or(|target| target.commit.is_none()) {
        ui.hint("there is no commit yet; tasks can be written, but running them needs one");
    }
    if let Some(first) = installed.first().filter(|_| agent == "runbook") {
        ui.hint(&format!(
            "installed here: {}; to use one: aifactory config set agent.default {first}",
            installed.join(", ")
        ));
    }
    ui.hint("aifactory new \"what you want\", or aifactory import todo:TODO.md");
    Ok(Finish::Well)
}

/// The programs of coding agents that are here, each with an agent of its name.
fn installed_programs(context: &Context, project: &Project) -> Vec<String> {
    let is_program = |name: &String| {
        let agent = Agent::find(name, &project.settings, None);
        agent.is_ok_and(|agent| agent.program() == *name && agent.find_program(&context.own_program).is_some())
    };
    let names = Agent::names(&project.settings).into_iter();
    names.filter(|name| Agent::is_built_in(name) && is_program(name)).collect()
}
