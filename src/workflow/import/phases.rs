//! The steps of their workflows as phases of ours.

use super::{Flow, Step, quoted};
use crate::model::text::escape_line;
use crate::workflow::template::{VARIABLES, check};

/// Conditions that mean the same on both sides.
const SHARED: [&str; 3] = ["has_issues", "no_issues", "review_approved"];
const MOST_ROUNDS: i64 = 50;

/// A step that is taken over, with the name that it has here.
struct Kept<'s> {
    /// From 0, as they count.
    number: usize,
    step: &'s Step,
    name: String,
}

/// The text of the workflow's file.
pub fn workflow_of(name: &str, flow: &Flow, notes: &mut Vec<String>) -> String {
    let mut note = |what: String| notes.push(format!("workflow {name}: {what}"));
    let kept = kept(flow, &mut note);
    let rounds = flow.max_iterations.clamp(1, MOST_ROUNDS);
    if rounds != flow.max_iterations {
        note(format!("max_iterations was {}, and is {rounds} here", flow.max_iterations));
    }
    note(
        "nobody approves a plan in it and no gates are run before a review; add phases with approval = true and \
          gates = true where you want them"
            .to_owned(),
    );
    let mut text = format!("description = {}\nmax_iterations = {rounds}\n", quoted(&format!("{name} of config.yml")));
    for (place, kept_step) in kept.iter().enumerate() {
        text.push_str(&phase(place, kept_step, &kept, &mut note));
    }
    text
}

/// All steps but those whose condition never held.
fn kept<'s>(flow: &'s Flow, note: &mut dyn FnMut(String)) -> Vec<Kept<'s>> {
    let mut kept: Vec<Kept<'s>> = Vec::new();
    let outputs: Vec<&str> = flow.steps.iter().filter_map(|step| said(&step.output)).collect();
    for (number, step) in flow.steps.iter().enumerate() {
        if let Some(condition) = said(&step.condition).filter(|word| !SHARED.contains(word) && !outputs.contains(word))
        {
            let condition = escape_line(condition);
            note(format!("step {} was never done there, as no step leaves `{condition}`; left out", number + 1));
            continue;
        }
        let wanted = plain(said(&step.output).unwrap_or(&step.agent));
        let name = (1..).map(|count| if count == 1 { wanted.clone() } else { format!("{wanted}-{count}") });
        let name = name.into_iter().find(|name| kept.iter().all(|other| other.name != *name)).unwrap_or_default();
        kept.push(Kept { number, step, name });
    }
    kept
}

fn phase(place: usize, kept: &Kept<'_>, all: &[Kept<'_>], note: &mut dyn FnMut(String)) -> String {
    let (step, number) = (kept.step, kept.number + 1);
    let mut text = format!("\n[[phases]]\nname = {}\nagent = {}\n", quoted(&kept.name), quoted(&step.agent));
    let mut field = |name: &str, value: &str| text.push_str(&format!("{name} = {}\n", quoted(value)));
    if let Some(input) = said(&step.input) {
        match all.iter().any(|other| said(&other.step.output) == Some(input)) {
            true => field("input", input),
            false => note(format!("input `{}` of step {number} is left by no step; left out", escape_line(input))),
        }
    }
    if let Some(output) = said(&step.output).filter(|output| *output != kept.name) {
        field("output", output);
    }
    if let Some(condition) = said(&step.condition) {
        field("condition", condition);
    }
    if let Some(target) = said(&step.loop_to) {
        match find_target(target, all).filter(|target| *target < place) {
            Some(target) => field("loop_to", &all[target].name),
            None => {
                note(format!("loop_to `{}` of step {number} leads to no step before it; left out", escape_line(target)))
            }
        }
    }
    if let Some(prompt) = said(&step.prompt_template) {
        match check(prompt, "prompt_template", &VARIABLES).is_ok() && prompt.contains("{{task}}") {
            true => field("prompt_template", prompt),
            false => note(format!(
                "prompt_template of step {number} was never used there and does not say where the task stands \
                 ({{{{task}}}}); left out, so the prompt of its role is used"
            )),
        }
    }
    for key in step.other.keys() {
        note(format!("`{}` of step {number} is not understood; left out", escape_line(key)));
    }
    text
}

/// As they find it: by what a step leaves, `review` for a reviewer, or a number from 0; and by the agent.
fn find_target(target: &str, all: &[Kept<'_>]) -> Option<usize> {
    let by = |is_it: &dyn Fn(&Kept<'_>) -> bool| all.iter().position(is_it);
    by(&|kept| said(&kept.step.output) == Some(target))
        .or_else(|| by(&|kept| target == "review" && kept.step.agent == "reviewer"))
        .or_else(|| target.parse().ok().and_then(|number: usize| by(&|kept| kept.number == number)))
        .or_else(|| by(&|kept| kept.step.agent == target))
}

/// They write an empty text where nothing is meant.
fn said(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// A name for a phase.
fn plain(name: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    name.chars().map(fits).take(36).collect()
}
