//! `aifactory agents`

use super::{Context, Finish};
use crate::agent::{Agent, Listed, Permission};
use crate::error::Result;
use crate::model::text::escape_line;
use crate::process::Invocation;
use crate::run::greet;
use crate::tasks::{PHASES, Project};
use crate::ui::{Columns, Style};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// List the agents that can be used here, or show one
///
/// What is installed, in which version, which version was tested, and what each is. An agent is named with its model and
/// effort wherever one is asked for: claude, claude:opus, codex:gpt-5.1-codex#high.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory agents
  aifactory agents codex                              how it is run, logged in and installed
  aifactory config set agent.default claude:opus      who carries out plans
  aifactory config set agent.fallback codex           who steps in when that service fails
  aifactory set 7kq2 agent=gemini                     for one task

To define your own, or change one: [agents.mine] in the settings, with `base = \"claude\"` and what is different.")]
pub struct Args {
    /// One of them
    name: Option<String>,
    /// Only those that are installed
    #[arg(short, long)]
    installed: bool,
}

/// A program that does not even say its version in this time is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

struct Found {
    name: String,
    agent: Result<Agent>,
    program: Option<PathBuf>,
    version: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    if let Some(name) = &args.name {
        return show(context, &project, name);
    }
    let mut found = look(context, &project);
    if args.installed {
        found.retain(|found| found.program.is_some());
    }
    if context.ui.manner.json {
        let agents: Vec<Value> = found.iter().map(as_json).collect();
        context.ui.answer_json(&json!({ "schema": "aifactory.agents/1", "agents": agents }))?;
        return Ok(Finish::Well);
    }
    list(context, &project, &found)?;
    Ok(Finish::Well)
}

/// Every agent with its version. Several records may run one program, which is asked once.
fn look(context: &Context, project: &Project) -> Vec<Found> {
    let find = |name: String| {
        let agent = Agent::find(&name, &project.settings, None);
        let program = agent.as_ref().ok().and_then(|agent| agent.find_program(&context.own_program));
        Found { name, agent, program, version: None }
    };
    let mut found: Vec<Found> = Agent::names(&project.settings).into_iter().map(find).collect();
    let mut programs: BTreeMap<PathBuf, &Agent> = BTreeMap::new();
    for found in &found {
        if let (Some(program), Ok(agent)) = (&found.program, &found.agent) {
            programs.entry(program.clone()).or_insert(agent);
        }
    }
    let versions: BTreeMap<PathBuf, Option<String>> = std::thread::scope(|scope| {
        let asked: Vec<_> =
            programs.into_iter().map(|(program, agent)| (program, scope.spawn(|| version_of(agent)))).collect();
        asked.into_iter().map(|(program, version)| (program, version.join().unwrap_or_default())).collect()
    });
    for found in &mut found {
        found.version = found.program.as_ref().and_then(|program| versions.get(program).cloned().flatten());
    }
    found
}

/// The first line of what the program says about its version.
pub(super) fn version_of(agent: &Agent) -> Option<String> {
    if agent.record.version_args.is_empty() {
        return None;
    }
    let asked = Invocation::new(agent.program()).args(&agent.record.version_args).timeout(PATIENCE).run().ok()?;
    // Some say it on stderr.
    let text = String::from_utf8_lossy(&[asked.stdout, b"\n".to_vec(), asked.stderr].concat()).into_owned();
    let line = text.lines().find(|line| line.chars().any(|c| c.is_ascii_digit()))?;
    let word = line.split_whitespace().find(|word| {
        let word = word.trim_start_matches(['v', '(']);
        word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit())
    });
    word.map(|word| word.trim_matches(['v', '(', ')', ',']).chars().take(40).collect())
}

fn list(context: &Context, project: &Project, found: &[Found]) -> Result<()> {
    let ui = &context.ui;
    let mut columns = Columns::new(["agent", "installed", "tested", "what"], 3);
    let chosen = project.settings.text("agent.default");
    for found in found {
        let (installed, style) = match (&found.program, &found.version) {
            (None, _) => ("-".to_owned(), Style::Dim),
            (Some(_), Some(version)) => (version.clone(), Style::Good),
            (Some(_), None) => ("yes".to_owned(), Style::Good),
        };
        let (tested, about) = match &found.agent {
            Ok(agent) => (tested(agent), agent.record.about.clone()),
            Err(error) => ("-".to_owned(), error.to_string()),
        };
        let mark = if found.name == chosen { " *" } else { "" };
        columns.row([
            (Style::Id, format!("{}{mark}", escape_line(&found.name))),
            (style, installed),
            (Style::Plain, tested),
            (Style::Plain, escape_line(&about).into_owned()),
        ]);
    }
    ui.answer(&columns.render(ui))?;
    ui.note("* agent.default");
    Ok(())
}

fn tested(agent: &Agent) -> String {
    match agent.record.tested.as_str() {
        "" => "no".to_owned(),
        version => version.to_owned(),
    }
}

fn as_json(found: &Found) -> Value {
    let record = found.agent.as_ref().ok().map(|agent| &agent.record);
    json!({
        "name": found.name,
        "about": record.map(|record| &record.about),
        "installed": found.program.is_some(),
        "program": found.program,
        "version": found.version,
        "tested": record.map(|record| &record.tested).filter(|tested| !tested.is_empty()),
        "login": record.map(|record| &record.login),
        "install": record.map(|record| &record.install),
        "credentials": record.map(|record| &record.credentials),
        "ends": record.map(|record| &record.ends).filter(|ends| !ends.is_empty()),
        "error": found.agent.as_ref().err().map(ToString::to_string),
    })
}

fn show(context: &Context, project: &Project, name: &str) -> Result<Finish> {
    let agent = Agent::find(name, &project.settings, None)?;
    let program = agent.find_program(&context.own_program);
    let version = program.as_ref().and_then(|_| version_of(&agent));
    let found = Found { name: name.to_owned(), agent: Ok(agent.clone()), program, version };
    if context.ui.manner.json {
        let mut answer = as_json(&found);
        answer["schema"] = "aifactory.agent/1".into();
        answer["permissions"] = json!(permissions(&agent));
        answer["reader"] = agent.reader.name.into();
        answer["model"] = json!(agent.model);
        answer["effort"] = json!(agent.effort);
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    let ui = &context.ui;
    let field = |label: &str, value: String| match value.is_empty() {
        true => Ok(()),
        false => ui.answer_line(&format!("{}  {value}", ui.paint(Style::Dim, &format!("{label:<11}")))),
    };
    let record = &agent.record;
    ui.answer_line(&format!("{}  {}", ui.paint(Style::Id, &agent.name), escape_line(&record.about)))?;
    let installed = match (&found.program, &found.version) {
        (None, _) => format!("no; {}", record.install),
        (Some(path), Some(version)) => format!("{version}, {}", path.display()),
        (Some(path), None) => path.display().to_string(),
    };
    field("installed", installed)?;
    field("tested", tested(&agent))?;
    field("ends", record.ends.clone())?;
    field(
        "command",
        escape_line(&[vec![record.command.clone()], record.args.clone()].concat().join(" ")).into_owned(),
    )?;
    field("speaks", agent.reader.name.to_owned())?;
    field("model", agent.model.clone().unwrap_or_default())?;
    field("effort", agent.effort.clone().unwrap_or_default())?;
    field("permissions", permissions(&agent).join(", "))?;
    field("resumes", if agent.can_resume() { "yes" } else { "no" }.to_owned())?;
    field("log in", record.login.clone())?;
    field("credentials", record.credentials.join(", "))?;
    field("sees", record.env.join(", "))?;
    if found.program.is_some() {
        greeting(context, project, &agent)?;
    }
    field("used for", used_for(project, &agent.name).join(", "))?;
    Ok(Finish::Well)
}

/// What the program says about itself, where it can be asked.
fn greeting(context: &Context, project: &Project, agent: &Agent) -> Result<()> {
    let ui = &context.ui;
    let field = |label: &str, value: String| match value.is_empty() {
        true => Ok(()),
        false => ui.answer_line(&format!("{}  {value}", ui.paint(Style::Dim, &format!("{label:<11}")))),
    };
    let listed = |all: &[Listed]| {
        let words: Vec<String> = all.iter().map(|one| escape_line(&one.id).into_owned()).collect();
        words.join(", ")
    };
    match greet(project, agent, &context.own_program) {
        Ok(None) => Ok(()),
        Err(error) => field("greeting", ui.paint(Style::Bad, &escape_line(&error.full_text()))),
        Ok(Some(catalog)) => {
            field("greeting", ui.paint(Style::Good, "answered"))?;
            field("models", listed(&catalog.models))?;
            field("modes", listed(&catalog.modes))?;
            catalog.settings.iter().try_for_each(|setting| {
                let values = listed(&setting.values);
                field(&escape_line(&setting.id), format!("{} (now {})", values, escape_line(&setting.current)))
            })
        }
    }
}

fn permissions(agent: &Agent) -> Vec<&'static str> {
    let known = |permission: &Permission| agent.record.permission.contains_key(permission.word());
    Permission::ALL.into_iter().filter(known).map(Permission::word).collect()
}

/// The phases that go to it when nothing else is said.
fn used_for(project: &Project, name: &str) -> Vec<&'static str> {
    let default = project.settings.text("agent.default");
    let chosen = |key: &str| project.settings.find_text(key).unwrap_or(default).to_owned();
    let is_it = |key: &str| crate::agent::Choice::parse(&chosen(key)).agent == name;
    PHASES.iter().filter(|(_, key)| is_it(key)).map(|(phase, _)| *phase).collect()
}
