//! A workflow: the phases that a task goes through, with their conditions and loops, as TOML.

use super::library::Library;
use super::role::Answer;
use super::template::{VARIABLES, check};
use crate::error::{Context, Error, Result};
use crate::model::from_toml;
use crate::model::text::{escape_line, find_nearest};
use serde::Deserialize;
use toml::Spanned;

/// How often a loop is gone through where nothing is said.
const ROUNDS: u64 = 3;
/// Nobody wants more; a loop that goes on for ever is a mistake.
const MOST_ROUNDS: u64 = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workflow {
    pub name: String,
    pub description: String,
    pub phases: Vec<Phase>,
    /// Where the definition comes from, in words.
    pub origin: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    pub name: String,
    pub work: Work,
    /// The agent for it, whatever its role says.
    pub agent: Option<String>,
    /// Outputs of earlier phases that it is given.
    pub input: Vec<String>,
    /// The name of what it leaves.
    pub output: String,
    pub condition: Option<Condition>,
    /// The phase after it, by its place, in a loop.
    pub loop_to: Option<usize>,
    /// How often the loop is gone through.
    pub max_iterations: u64,
    /// Instead of the role's prompt.
    pub prompt: Option<String>,
    /// The line of the file that it begins on; 0 where it is in none.
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// A session of this role.
    Role(String),
    /// These commands, or all gates of plan and project.
    Gates(Option<Vec<String>>),
    /// A person's yes to spec and plan, or a rule's where the risk lets it.
    Approval,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The last review asks for changes.
    HasIssues,
    /// The last review found nothing serious.
    NoIssues,
    ReviewApproved,
    GatesFailed,
    GatesPassed,
    NoSpec,
    NoPlan,
    /// The task is one that is thought about first.
    IsComplex,
    /// An earlier phase left something of this name.
    Output(String),
}

impl Condition {
    const WORDS: [(&'static str, Condition); 8] = [
        ("has_issues", Condition::HasIssues),
        ("no_issues", Condition::NoIssues),
        ("review_approved", Condition::ReviewApproved),
        ("gates_failed", Condition::GatesFailed),
        ("gates_passed", Condition::GatesPassed),
        ("no_spec", Condition::NoSpec),
        ("no_plan", Condition::NoPlan),
        ("is_complex", Condition::IsComplex),
    ];

    pub fn word(&self) -> &str {
        match self {
            Condition::Output(name) => name,
            known => Condition::WORDS.iter().find(|(_, condition)| condition == known).map_or("", |(word, _)| word),
        }
    }

    fn parse(word: &str) -> Condition {
        let known = Condition::WORDS.into_iter().find(|(known, _)| *known == word.replace('-', "_"));
        known.map_or_else(|| Condition::Output(word.to_owned()), |(_, condition)| condition)
    }

    /// It speaks of a review.
    pub fn is_of_review(&self) -> bool {
        matches!(self, Condition::HasIssues | Condition::NoIssues | Condition::ReviewApproved)
    }

    fn is_of_gates(&self) -> bool {
        matches!(self, Condition::GatesFailed | Condition::GatesPassed)
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    description: String,
    max_iterations: Option<u64>,
    #[serde(default)]
    phases: Vec<Spanned<WrittenPhase>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPhase {
    name: Option<String>,
    agent: Option<String>,
    gates: Option<Gates>,
    #[serde(default)]
    approval: bool,
    #[serde(default, rename = "use")]
    use_agent: Option<String>,
    #[serde(default)]
    input: Texts,
    output: Option<String>,
    condition: Option<String>,
    loop_to: Option<String>,
    max_iterations: Option<u64>,
    prompt_template: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Gates {
    All(bool),
    These(Vec<String>),
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Texts {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl Workflow {
    /// Reads a workflow's file. Whether its roles exist is for [`Workflow::check`].
    pub fn parse(name: &str, text: &str, origin: &str) -> Result<Workflow> {
        let wrong = |what: String| Error::failed(format!("the workflow {name} ({origin}): {what}"));
        let written: Written = from_toml(text).map_err(|error| wrong(in_words(&error, text)))?;
        if written.phases.is_empty() {
            return Err(wrong("it has no phases".to_owned()).hint("begin one with [[phases]]"));
        }
        let rounds = written.max_iterations.unwrap_or(ROUNDS);
        let mut phases: Vec<Phase> = Vec::new();
        let mut loops: Vec<Option<String>> = Vec::new();
        for (number, written) in written.phases.into_iter().enumerate() {
            let line = place_in(text, written.span().start).0;
            let written = written.into_inner();
            loops.push(written.loop_to.clone());
            let phase = phase_of(number, line, written, rounds)
                .map_err(|(what, hint)| wrong(format!("line {line}: {what}")).hint(hint))?;
            if let Some(other) = phases.iter().find(|other| other.name == phase.name) {
                let what =
                    format!("line {line}: two phases are called `{}`; the other is on line {}", phase.name, other.line);
                return Err(wrong(what).hint("give one of them a name of its own: name = \"…\""));
            }
            phases.push(phase);
        }
        for (number, target) in loops.into_iter().enumerate() {
            let Some(target) = target else { continue };
            let line = phases[number].line;
            let names: Vec<&str> = phases.iter().map(|phase| phase.name.as_str()).collect();
            let Some(at) = place_of(&phases, &target) else {
                let what = format!("`{}` loops to `{}`, which there is not", names[number], escape_line(&target));
                let error = wrong(format!("line {line}: {what}"));
                let near = find_nearest(&target, names.iter().copied());
                return Err(error.hint(near.map_or_else(|| names.join(", "), |near| format!("perhaps {near}"))));
            };
            if at >= number {
                let what = format!("`{}` loops to `{}`, which does not come before it", names[number], names[at]);
                return Err(wrong(format!("line {line}: {what}")).hint("a loop leads back"));
            }
            if phases[number].condition.is_none() {
                let what =
                    format!("line {line}: `{}` always loops to `{}`, so the work never ends", names[number], names[at]);
                return Err(wrong(what).hint("say when: condition = \"has_issues\""));
            }
            phases[number].loop_to = Some(at);
        }
        let workflow =
            Workflow { name: name.to_owned(), description: written.description, phases, origin: origin.to_owned() };
        workflow.check_names().map_err(|(line, what, hint)| wrong(format!("line {line}: {what}")).hint(hint))?;
        Ok(workflow)
    }

    /// One role alone, after a person's yes where it changes anything.
    pub fn alone(role: &str, answers: Answer) -> Workflow {
        let phase = |name: &str, work: Work| Phase {
            name: name.to_owned(),
            work,
            agent: None,
            input: Vec::new(),
            output: name.to_owned(),
            condition: None,
            loop_to: None,
            max_iterations: ROUNDS,
            prompt: None,
            line: 0,
        };
        let called = role.rsplit(':').next().unwrap_or(role);
        let mut phases = vec![phase(called, Work::Role(role.to_owned()))];
        if answers == Answer::Change {
            phases.insert(0, phase("approval", Work::Approval));
            phases.push(phase("verify", Work::Gates(None)));
        }
        let description = format!("the role {role} alone");
        Workflow { name: role.to_owned(), description, phases, origin: "built in".to_owned() }
    }

    /// Conditions and inputs speak of what earlier phases leave.
    fn check_names(&self) -> Result<(), (usize, String, String)> {
        for (number, phase) in self.phases.iter().enumerate() {
            let earlier: Vec<&str> = self.phases[..number].iter().map(|phase| phase.output.as_str()).collect();
            let wanted = phase.input.iter().map(String::as_str);
            let asked = match &phase.condition {
                Some(Condition::Output(name)) => Some(name.as_str()),
                _ => None,
            };
            // A loop may bring what a later phase left the last time round.
            let is_there = |name: &str| {
                earlier.contains(&name) || self.phases[number..].iter().any(|later| later.output == name && number > 0)
            };
            if let Some(missing) = wanted.chain(asked).find(|name| !is_there(name)) {
                let what = format!("`{}` speaks of `{}`, which no phase leaves", phase.name, escape_line(missing));
                let known = Condition::WORDS.iter().map(|(word, _)| *word).chain(earlier.iter().copied());
                let near = find_nearest(missing, known.clone()).map(|near| format!("perhaps {near}"));
                return Err((
                    phase.line,
                    what,
                    near.unwrap_or_else(|| format!("what there is: {}", known.collect::<Vec<_>>().join(", "))),
                ));
            }
        }
        Ok(())
    }

    /// Whether every role is there, and whether what conditions speak of is made before.
    pub fn check(&self, library: &Library) -> Result<()> {
        let place = |phase: &Phase| format!("the workflow {} ({}): line {}", self.name, self.origin, phase.line);
        let (mut has_review, mut has_gates) = (false, false);
        for phase in &self.phases {
            let wrong = |what: String| Error::failed(format!("{}: {what}", place(phase)));
            if phase.condition.as_ref().is_some_and(Condition::is_of_gates) && !has_gates {
                let what = format!("`{}` depends on gates, and no phase before it runs them", phase.name);
                return Err(wrong(what).hint("put a phase with gates = true before it"));
            }
            has_gates = has_gates || matches!(phase.work, Work::Gates(_));
            if phase.condition.as_ref().is_some_and(Condition::is_of_review) && !has_review {
                let what = format!("`{}` depends on a review, and no phase before it makes one", phase.name);
                return Err(wrong(what).hint("put a phase with agent = \"reviewer\" before it"));
            }
            if let Work::Role(name) = &phase.work {
                let role = library.role(name).context(|| format!("{}: `{}` has no role", place(phase), phase.name))?;
                has_review = has_review || role.answers == Answer::Review;
            }
            if let Some(prompt) = &phase.prompt {
                check(prompt, &format!("the prompt of {} in the workflow {}", phase.name, self.name), &VARIABLES)?;
            }
        }
        Ok(())
    }
}

fn phase_of(number: usize, line: usize, written: WrittenPhase, rounds: u64) -> Result<Phase, (String, String)> {
    let place = written.name.clone().unwrap_or_else(|| format!("phase {}", number + 1));
    let work = match (written.agent.clone(), written.gates, written.approval) {
        (Some(role), None, false) => Work::Role(role.replace('_', "-")),
        (None, Some(Gates::All(true)), false) => Work::Gates(None),
        (None, Some(Gates::These(commands)), false) => Work::Gates(Some(commands)),
        (None, None, true) => Work::Approval,
        _ => {
            let hint = "write agent = \"role\", gates = true, gates = [\"command\"] or approval = true".to_owned();
            return Err((format!("`{}` does not say what is done, or says it twice", escape_line(&place)), hint));
        }
    };
    let default = match &work {
        Work::Role(role) => role.clone(),
        Work::Gates(_) => "verify".to_owned(),
        Work::Approval => "approval".to_owned(),
    };
    let name = written.name.unwrap_or(default);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > 40 || !name.chars().all(fits) {
        return Err((
            format!("`{}` is no name for a phase", escape_line(&name)),
            "letters, digits, - and _".to_owned(),
        ));
    }
    let max_iterations = written.max_iterations.unwrap_or(rounds);
    if !(1..=MOST_ROUNDS).contains(&max_iterations) {
        let what = format!("max_iterations of `{name}` is {max_iterations}");
        return Err((what, format!("1 to {MOST_ROUNDS}")));
    }
    Ok(Phase {
        output: written.output.unwrap_or_else(|| name.clone()),
        name,
        work,
        agent: written.use_agent,
        input: match written.input {
            Texts::None => Vec::new(),
            Texts::One(name) => vec![name],
            Texts::Several(names) => names,
        },
        condition: written.condition.as_deref().map(Condition::parse),
        loop_to: None,
        max_iterations,
        prompt: written.prompt_template,
        line,
    })
}

/// Line and column of a byte, both from 1.
fn place_in(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// On one line, with the place where it has one.
fn in_words(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().replace('\n', ", ");
    match error.span() {
        Some(span) => {
            let (line, column) = place_in(text, span.start);
            format!("line {line}, column {column}: {message}")
        }
        None => message,
    }
}

/// A phase by its name, by what it leaves, by its role, or by its number from 1.
fn place_of(phases: &[Phase], target: &str) -> Option<usize> {
    let role = target.replace('_', "-");
    let by = |is_it: &dyn Fn(&Phase) -> bool| phases.iter().position(is_it);
    by(&|phase| phase.name == target)
        .or_else(|| by(&|phase| phase.output == target))
        .or_else(|| by(&|phase| phase.work == Work::Role(role.clone())))
        .or_else(|| {
            target.parse().ok().filter(|number| (1..=phases.len()).contains(number)).map(|number: usize| number - 1)
        })
}

#[cfg(test)]
mod tests;
