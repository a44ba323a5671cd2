//! What only shows when steps are seen together: repeated and unknown ids, circles, shared files, missing gates.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::graph::Graph;
use super::{Draft, Finding, Located, MOST_STEPS, Spot, quoted};

pub(super) fn check(drafts: &[Draft<'_>]) -> Vec<Finding> {
    if drafts.is_empty() {
        let start = Spot { line: 1, column: 1 };
        return vec![Finding::error(start, "the plan has no steps".into(), "### S1: what the first step does".into())];
    }
    let mut findings = repeated_ids(drafts);
    findings.extend(unknown_steps(drafts));
    findings.extend(missing_gates(drafts));
    match drafts.get(MOST_STEPS) {
        Some(draft) => findings.push(too_many(draft, drafts.len())),
        None => {
            findings.extend(cycles(drafts));
            findings.extend(shared_files(drafts));
        }
    }
    findings
}

fn too_many(first: &Draft<'_>, count: usize) -> Finding {
    let message = format!("the plan has {count} steps, more than {MOST_STEPS}");
    Finding::error(first.spot(), message, "make several tasks of it".to_owned())
}

fn repeated_ids(drafts: &[Draft<'_>]) -> Vec<Finding> {
    let mut next = drafts.iter().filter_map(|draft| number(&draft.step.id)).max().unwrap_or_default();
    let mut lines = HashMap::new();
    let mut findings = Vec::new();
    for draft in drafts {
        let step = &draft.step;
        let first_line = *lines.entry(step.id.as_str()).or_insert(step.line);
        if first_line != step.line {
            next += 1;
            let message = format!("step {} was already defined on line {first_line}", step.id);
            findings.push(Finding::error(draft.spot(), message, format!("### S{next}: {}", quoted(&step.title))));
        }
    }
    findings
}

fn number(id: &str) -> Option<u32> {
    let digits: String = id.chars().filter(char::is_ascii_digit).take(9).collect();
    digits.parse().ok()
}

fn unknown_steps(drafts: &[Draft<'_>]) -> Vec<Finding> {
    let ids: HashSet<&str> = drafts.iter().map(|draft| draft.step.id.as_str()).collect();
    let mut findings = Vec::new();
    let by_number: BTreeMap<u32, &Draft<'_>> =
        drafts.iter().filter_map(|draft| Some((number(&draft.step.id)?, draft))).collect();
    for draft in drafts {
        for wanted in &draft.after {
            if wanted.text == draft.step.id {
                let message = format!("step {} waits for itself", draft.step.id);
                findings.push(Finding::error(wanted.spot, message, format!("delete {} here", draft.step.id)));
            } else if !ids.contains(wanted.text) {
                let message = format!("no step is called `{}`", quoted(wanted.text));
                findings.push(Finding::error(wanted.spot, message, suggestion(draft, *wanted, &by_number)));
            }
        }
    }
    findings
}

/// The id with the nearest number, of another step.
fn suggestion(draft: &Draft<'_>, wanted: Located<'_>, by_number: &BTreeMap<u32, &Draft<'_>>) -> String {
    let is_other = |id: &str| id != draft.step.id;
    let nearest = number(wanted.text).and_then(|wanted| {
        let below = by_number.range(..=wanted).rev().find(|(_, other)| is_other(&other.step.id));
        let above = by_number.range(wanted..).find(|(_, other)| is_other(&other.step.id));
        below.into_iter().chain(above).min_by_key(|(number, _)| number.abs_diff(wanted))
    });
    match nearest {
        Some((_, other)) => format!("after: {}", other.step.id),
        None => "name a step's id, such as S1, or delete it".to_owned(),
    }
}

fn missing_gates(drafts: &[Draft<'_>]) -> impl Iterator<Item = Finding> {
    drafts.iter().filter(|draft| !draft.has_gate_line).map(|draft| {
        let message = format!("step {} has no gate, so nothing proves it done", draft.step.id);
        Finding::warning(draft.spot(), message, "- gate: `a command that fails without this step`".to_owned())
    })
}

fn cycles(drafts: &[Draft<'_>]) -> Vec<Finding> {
    let cycles = Graph::new(drafts.iter().map(|draft| &draft.step)).cycles();
    cycles.iter().map(|cycle| cycle_finding(drafts, cycle)).collect()
}

fn cycle_finding(drafts: &[Draft<'_>], cycle: &[usize]) -> Finding {
    let first = &drafts[cycle[0]];
    let ids: Vec<&str> = cycle.iter().chain(cycle.first()).map(|step| drafts[*step].step.id.as_str()).collect();
    let spot = first.after.iter().find(|wanted| wanted.text == ids[1]).map_or(first.spot(), |wanted| wanted.spot);
    let message = format!("these steps wait for each other: {}", ids.join(" → "));
    Finding::error(spot, message, format!("delete one `after:` of the circle, such as {} here", ids[1]))
}

/// Steps that name the same path must be ordered, or they cannot run side by side. Paths are compared as written.
/// In an order of work, all steps of a path are ordered exactly if each is ordered with the next.
fn shared_files(drafts: &[Draft<'_>]) -> Vec<Finding> {
    let graph = Graph::new(drafts.iter().map(|draft| &draft.step));
    let ancestors = graph.ancestors();
    let mut last_with: HashMap<&str, usize> = HashMap::new();
    let mut findings = Vec::new();
    for step in graph.order() {
        let mut seen = HashSet::new();
        for file in drafts[step].files.iter().filter(|file| seen.insert(file.text)) {
            if let Some(other) = last_with.insert(file.text, step)
                && !ancestors.is_before(other, step)
                && !ancestors.is_before(step, other)
            {
                let (id, other) = (&drafts[step].step.id, &drafts[other].step.id);
                let path = quoted(file.text);
                let message = format!("steps {other} and {id} both name `{path}`, so they cannot run side by side");
                findings.push(Finding::warning(file.spot, message, format!("- after: {other}")));
            }
        }
    }
    findings
}
