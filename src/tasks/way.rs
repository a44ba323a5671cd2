//! What a task needs before it can be carried out: a plan by an agent, a plain one that nobody has to think about, or
//! nothing but what stands there.

use super::Project;
use super::agents::{TEST_COMMAND_VARIABLE, agent_of};
use super::standing::sent_back;
use super::texts::{are_own_texts, texts_of, vouch_for_own_text};
use crate::agent::Agent;
use crate::error::Result;
use crate::model::Task;
use crate::model::planning::{self, PlanState, SKIP_PLAN, Tier, Turn};
use crate::store::Snapshot;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The plan counts as it is, with whatever approval it has or lacks.
    AsItStands,
    /// An agent writes what is missing. Why, in words.
    Planned(String),
    /// One step that says what the task says: no model plans it. Why, in words.
    Plain(String),
}

/// What comes first for a task. Without an agent that could write or follow prose, everything is as it stands.
pub fn way_of(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<Way> {
    let (spec, plan) = texts_of(snapshot, &task.id)?;
    let state = match plan.trim().is_empty() {
        true => PlanState::None,
        false if sent_back(snapshot, task)?.is_some() => PlanState::SentBack,
        false => PlanState::Written,
    };
    let by_default = project.settings.text("plan.by-default") == "on";
    Ok(match planning::turn(&task.labels, by_default, state) {
        Turn::Planner if state == PlanState::SentBack && has_model(project, task, "plan") => {
            Way::Planned("a person sent its plan back".to_owned())
        }
        _ if state != PlanState::None => Way::AsItStands,
        Turn::Implementer if has_model(project, task, "code") => {
            let why = match task.labels.contains(SKIP_PLAN) {
                true => format!("its label says {SKIP_PLAN}"),
                false => "no plan is asked for".to_owned(),
            };
            Way::Plain(why)
        }
        Turn::Planner if is_asked_for(task) && has_model(project, task, "plan") => {
            Way::Planned(format!("its label says {}", planning::NEEDS_PLAN))
        }
        Turn::Planner => match planning::tier_of(&task.title, &spec, &task.labels) {
            (Tier::Simple, why) if has_model(project, task, "code") => Way::Plain(format!("simple: {why}")),
            (tier, why) if has_model(project, task, "plan") => Way::Planned(format!("{}: {why}", tier.word())),
            _ => Way::AsItStands,
        },
        Turn::Implementer | Turn::Person => Way::AsItStands,
    })
}

fn is_asked_for(task: &Task) -> bool {
    task.labels.contains(planning::NEEDS_PLAN)
}

/// Whether the agent for this work can do more than carry out scripts.
pub fn has_model(project: &Project, task: &Task, work: &str) -> bool {
    let name = agent_of(task, work, &project.settings);
    let test_command = project.host.env.text(TEST_COMMAND_VARIABLE);
    // One that cannot be found is told when it is to be started.
    Agent::find(&name, &project.settings, test_command.as_deref()).map_or(true, |agent| !agent.reader.is_runbook())
}

/// The spec of a task that says no more than its title.
pub fn title_as_spec(title: &str) -> String {
    format!("{}\n", title.trim())
}

/// Whether what the task says so far was written on this machine, or this machine trusts what others write.
pub fn is_own_wish(project: &Project, snapshot: &Snapshot<'_>, task: &Task) -> Result<bool> {
    let (spec, plan) = texts_of(snapshot, &task.id)?;
    let spec = match spec.trim().is_empty() && plan.trim().is_empty() {
        true => title_as_spec(&task.title),
        false => spec,
    };
    Ok(project.settings.text("trust.plans") == "shared" || are_own_texts(project, &spec, &plan)?)
}

/// Spec and plan of a task that is carried out as it was wished. They count as written here if the wish was.
pub fn plain_texts(project: &Project, task: &Task, spec: &str) -> Result<(String, String)> {
    let title = task.title.trim();
    let spec = match spec.trim().is_empty() {
        true => title_as_spec(title),
        false => spec.to_owned(),
    };
    let plan = format!("### S1: {title}\n\nDo what the task says.\n");
    if are_own_texts(project, &spec, "")? {
        vouch_for_own_text(project, &plan)?;
    }
    Ok((spec, plan))
}
