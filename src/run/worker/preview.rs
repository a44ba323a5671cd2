//! What an agent would be told now, without one being started.

use super::aim::work_of;
use super::flow::Texts;
use super::known::{Known, as_told};
use super::phases::feedback_of;
use crate::agent::Agent;
use crate::error::Result;
use crate::memory::{Memory, Query};
use crate::model::plan::Step;
use crate::model::{EventId, Task, TaskId};
use crate::run::prompt::{ThisTime, all_said, values_of_step, write_prompt};
use crate::store::Snapshot;
use crate::tasks::{Project, TEST_COMMAND_VARIABLE, Wish, agent_for, branch_name, undelivered};
use crate::workflow::{Answer, Library, Phase, Role, VARIABLES, Work, speaks_of};

/// What comes of a run's own phases and tries.
const OF_A_RUN: [&str; 4] = ["baseline", "input", "feedback", "recap"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    pub prompt: String,
    /// The agent that would be told, as people name it.
    pub agent: String,
    /// The step that it is about, where it is about one.
    pub step: Option<String>,
    /// What the template speaks of and only a run knows.
    pub later: Vec<&'static str>,
    /// What it speaks of and what is not there yet.
    pub empty: Vec<&'static str>,
}

/// The first prompt that a role's agent would get for the task as it stands, in a conversation that knows nothing yet.
/// Nothing is written, and nothing counts as told.
pub fn preview_prompt(project: &Project, id: &TaskId, role: &str) -> Result<Preview> {
    let snapshot = project.store.snapshot()?;
    let (task, library) = (snapshot.task(id)?, Library::of(project)?);
    let role = library.role(role)?;
    let phase = phase_of(project, &library, &role)?;
    let template = phase.as_ref().and_then(|phase| phase.prompt.as_deref()).unwrap_or(&role.prompt);
    let texts = Texts::read(&snapshot, &task)?;
    let branch = task.branch.clone().unwrap_or_else(|| branch_name(project, &task));
    let (title, texts, branch) = (task.title.as_str(), &texts, branch.as_str());
    // By their words alone: no service is asked where nothing is to be done yet.
    let remember = |snapshot: &Snapshot<'_>, query: &Query<'_>| {
        let target = project.target.as_ref().and_then(|target| target.commit);
        let memory = Memory::new(&project.store, &project.settings, target).words_only();
        Ok(memory.relevant(snapshot, query)?.notes)
    };
    let known = Known { project, task: id, title, branch, texts, role: &role, template, remember: &remember };
    let mut values = known.values()?;
    let step = step_of(&task, texts, &role);
    if let Some(step) = step {
        values.extend(values_of_step(&texts.plan, step));
    }
    let by_workflow = phase.as_ref().and_then(|phase| phase.agent.as_deref());
    let wish = Wish { work: work_of(role.answers), by_workflow, by_role: role.agent.as_deref() };
    let agent = agent_for(&task, wish, &project.settings);
    let notes = notes_for(project, &snapshot, id, &agent, &role)?;
    let feedback = match role.answers {
        Answer::Change => feedback_of(&snapshot.evidence(id)?),
        _ => None,
    };
    let now = ThisTime { notes: &notes, feedback: feedback.as_deref(), recap: None };
    let place = format!("the prompt of {} ({})", role.name, role.origin);
    let prompt = write_prompt(template, &place, &values, &now)?;
    let spoken_of = VARIABLES.iter().copied().filter(|name| speaks_of(template, name));
    let (later, others): (Vec<_>, Vec<_>) =
        spoken_of.partition(|name| OF_A_RUN.contains(name) && (*name != "feedback" || feedback.is_none()));
    let is_empty = |name: &&str| match *name {
        "reach" | "feedback" => false,
        "notes" => notes.is_empty(),
        name => values.get(name).is_none_or(|value| value.trim().is_empty()),
    };
    let empty = others.into_iter().filter(is_empty).collect();
    Ok(Preview { prompt, agent, step: step.map(|step| step.id.clone()), later, empty })
}

/// Where the workflow in use has the role work, if it does.
fn phase_of(project: &Project, library: &Library, role: &Role) -> Result<Option<Phase>> {
    let workflow = library.workflow(project.settings.text("workflow"))?;
    let is_of_role = |phase: &Phase| matches!(&phase.work, Work::Role(name) if *name == role.name);
    Ok(workflow.phases.into_iter().find(is_of_role))
}

/// The step that comes next, for whoever carries out steps.
fn step_of<'t>(task: &Task, texts: &'t Texts, role: &Role) -> Option<&'t Step> {
    let is_open = |step: &&Step| !task.step_is_done(&step.id);
    texts.plan.order().into_iter().find(is_open).filter(|_| role.answers == Answer::Change)
}

fn notes_for(project: &Project, snapshot: &Snapshot<'_>, id: &TaskId, agent: &str, role: &Role) -> Result<Vec<String>> {
    // No run of this name is on the record, so that all that was said is before it.
    let mut notes = all_said(&snapshot.events(id)?, &EventId::from_name("preview"));
    let test_command = project.host.env.text(TEST_COMMAND_VARIABLE);
    // One that cannot be found is told when it is to be started.
    let found = Agent::find(agent, &project.settings, test_command.as_deref());
    let name = found.map_or_else(|_| agent.to_owned(), |agent| agent.name);
    notes.extend(undelivered(snapshot, id, &[&name, &role.name, "agent"])?.iter().map(as_told));
    Ok(notes)
}
