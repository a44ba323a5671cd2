//! Which agent does a phase: the one that was chosen, and those that step in for it.

use super::Worker;
use super::aim::{Aim, work_of};
use crate::agent::{Agent, Permission};
use crate::error::{Error, Result};
use crate::model::Task;
use crate::model::run::Outcome;
use crate::model::text::escape_line;
use crate::run::attempt::AttemptResult;
use crate::tasks::{PHASES, Wish, agent_for, permission_of};
use crate::workflow::{Answer, Role};

/// Agents in the order in which they are asked. The first is the one that people chose.
pub struct Chain {
    agents: Vec<Agent>,
    at: usize,
    /// Why agents before the present one do not do the work, for people and for the recap.
    pub passed_over: Vec<String>,
}

impl Chain {
    pub fn agent(&self) -> &Agent {
        &self.agents[self.at]
    }

    /// The next one in the row, if there is one.
    pub fn step_in(&mut self, why: &str) -> Option<&Agent> {
        if self.at + 1 >= self.agents.len() {
            return None;
        }
        self.passed_over.push(format!("{}: {why}", self.agent().name));
        self.at += 1;
        Some(self.agent())
    }
}

fn wish_of<'a>(role: &'a Role, named: Option<&'a str>) -> Wish<'a> {
    Wish { work: work_of(role.answers), by_workflow: named, by_role: role.agent.as_deref() }
}

/// Whether another agent could do what this one could not: its service is at fault, not the work.
pub fn is_of_the_service(result: &AttemptResult) -> bool {
    use crate::agent::Cause;
    match result.outcome() {
        Outcome::RateLimited | Outcome::Authentication => true,
        Outcome::Budget => result.is_agents_own_limit,
        Outcome::Failed => matches!(result.account.trouble, Some((Cause::Server | Cause::Network | Cause::Request, _))),
        _ => false,
    }
}

impl Worker<'_> {
    /// The chosen agent and its stand-ins, those that are installed. The first one's absence is an error where nobody
    /// can step in for it.
    pub(super) fn chain(&self, aim: &Aim<'_>) -> Result<Chain> {
        let task = self.current_task()?;
        let settings = &self.project.settings;
        let first = agent_for(&task, wish_of(aim.role, aim.named), settings);
        let find = |name: &str| Agent::find(name, settings, self.bench.test_command.as_deref());
        let mut agents = vec![find(&first)?];
        if !agents[0].reader.is_runbook() {
            for name in settings.list("agent.fallback").iter().filter(|name| **name != first) {
                agents.push(find(name)?);
            }
        }
        let is_there = |agent: &Agent| agent.find_program(&self.bench.own_program).is_some();
        let missing = agents.iter().filter(|agent| !is_there(agent));
        let passed_over = missing.map(|agent| format!("{}: `{}` is not installed", agent.name, agent.program()));
        let passed_over: Vec<String> = passed_over.collect();
        let chosen = agents[0].clone();
        agents.retain(is_there);
        if agents.is_empty() {
            let another = format!("to use another one: aifactory set {} agent=runbook", self.task);
            return Err(chosen.missing().hint(another));
        }
        if !self.is_chosen(aim) {
            self.put_authors_last(&mut agents)?;
        }
        Ok(Chain { agents, at: 0, passed_over })
    }

    /// Whether somebody said which agent does this, and not only which one does everything.
    fn is_chosen(&self, aim: &Aim<'_>) -> bool {
        let judges = matches!(aim.role.answers, Answer::Review | Answer::Findings);
        let settings = &self.project.settings;
        !judges || aim.named.is_some() || aim.role.agent.is_some() || settings.find_text("agent.review").is_some()
    }

    /// Whoever wrote the work judges it only where nobody else can.
    fn put_authors_last(&self, agents: &mut [Agent]) -> Result<()> {
        let runs = self.project.store.snapshot()?.runs(&self.task)?;
        let wrote = |agent: &Agent| runs.iter().any(|run| run.result.is_some() && run.agent == agent.name);
        // A runbook can judge nothing.
        agents.sort_by_key(|agent| (agent.reader.is_runbook(), wrote(agent)));
        Ok(())
    }

    /// Why a phase cannot be done here by anybody: a runbook carries out plans and can do nothing else.
    pub(super) fn nobody_for(&self, role: &Role, named: Option<&str>) -> Result<Option<String>> {
        let task = self.current_task()?;
        let name = agent_for(&task, wish_of(role, named), &self.project.settings);
        let agent = Agent::find(&name, &self.project.settings, self.bench.test_command.as_deref())?;
        let key =
            PHASES.iter().find(|(work, _)| *work == work_of(role.answers)).map_or("agent.default", |(_, key)| key);
        Ok(agent.reader.is_runbook().then(|| format!("no agent is chosen that could do it ({key})")))
    }

    pub(super) fn permission(&self, task: &Task) -> Result<Permission> {
        permission_of(task, &self.project.settings).ok_or_else(|| {
            let word = escape_line(task.permission.as_deref().unwrap_or_default()).into_owned();
            Error::usage(format!("`{word}` is no permission"))
                .hint(format!("aifactory set {} permission=full (or edit, read-only)", self.task))
        })
    }
}
