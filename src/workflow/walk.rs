//! The way through a workflow: pure, from what was done and what is known to what comes next.
//!
//! Unlike in the systems before it, a loop that has used up its rounds is not the end of the work: the last change is
//! verified and reviewed once more, and if it is still wanting, a person is asked. A review without a verdict is neither
//! approval nor a list of issues.

use super::definition::{Condition, Phase, Workflow};
use crate::model::run::Verdict;
use std::collections::BTreeSet;

/// What is known when the next phase is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub has_spec: bool,
    pub has_plan: bool,
    pub is_complex: bool,
    /// Of all gates on the work as it is; absent where one of them was not measured.
    pub gates: Option<Verdict>,
    /// Of the work as it is.
    pub review: Option<ReviewFacts>,
    /// What phases have left, by name.
    pub outputs: BTreeSet<String>,
}

/// A review without a verdict neither passes nor asks for changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewFacts {
    pub passes: bool,
    pub asks_for_changes: bool,
}

/// A phase that is behind us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// Its place in the workflow.
    pub phase: usize,
    /// Why it was passed over, where it was.
    pub skipped: Option<String>,
}

impl Walked {
    pub fn done(phase: usize) -> Walked {
        Walked { phase, skipped: None }
    }

    pub fn skipped(phase: usize, why: String) -> Walked {
        Walked { phase, skipped: Some(why) }
    }

    pub fn is_done(&self) -> bool {
        self.skipped.is_none()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Do(usize),
    /// Its condition does not hold.
    Skip(usize, String),
    Over,
    /// A person is needed: the loop of this phase is used up, or what it depends on is not known.
    Exhausted {
        phase: usize,
        why: String,
    },
}

/// What comes next. `rounds` says how often a phase was done before this walk began.
pub fn next(workflow: &Workflow, walked: &[Walked], rounds: &dyn Fn(usize) -> u64, facts: &Facts) -> Next {
    let at = match walked.last() {
        None => 0,
        Some(last) => match workflow.phases.get(last.phase).and_then(|phase| phase.loop_to) {
            Some(target) if last.is_done() => target,
            _ => last.phase + 1,
        },
    };
    let Some(phase) = workflow.phases.get(at) else { return Next::Over };
    match holds(phase.condition.as_ref(), facts) {
        Holds::Yes => {}
        Holds::No => {
            let condition = phase.condition.as_ref().map(Condition::word).unwrap_or_default();
            return Next::Skip(at, format!("{condition} does not hold"));
        }
        Holds::Unknown(why) => return Next::Exhausted { phase: at, why },
    }
    let done = rounds(at) + walked.iter().filter(|walked| walked.phase == at && walked.is_done()).count() as u64;
    if phase.loop_to.is_some() && done >= phase.max_iterations {
        return Next::Exhausted { phase: at, why: used_up(phase, done) };
    }
    Next::Do(at)
}

fn used_up(phase: &Phase, done: u64) -> String {
    match done {
        1 => format!("one round of {} was not enough", phase.name),
        many => format!("{many} rounds of {} were not enough", phase.name),
    }
}

enum Holds {
    Yes,
    No,
    Unknown(String),
}

fn holds(condition: Option<&Condition>, facts: &Facts) -> Holds {
    let plain = |holds: bool| if holds { Holds::Yes } else { Holds::No };
    let of_review = |look: fn(&ReviewFacts) -> bool| match &facts.review {
        Some(review) if review.passes || review.asks_for_changes => plain(look(review)),
        Some(_) => Holds::Unknown("the reviewer gave no verdict".to_owned()),
        // Nobody could review: what depends on it is not done, and the record says that there was no review.
        None => Holds::No,
    };
    match condition {
        None => Holds::Yes,
        Some(Condition::HasIssues) => of_review(|review| review.asks_for_changes),
        Some(Condition::NoIssues | Condition::ReviewApproved) => of_review(|review| review.passes),
        Some(Condition::GatesFailed) => plain(facts.gates == Some(Verdict::Failed)),
        Some(Condition::GatesPassed) => plain(facts.gates == Some(Verdict::Passed)),
        Some(Condition::NoSpec) => plain(!facts.has_spec),
        Some(Condition::NoPlan) => plain(!facts.has_plan),
        Some(Condition::IsComplex) => plain(facts.is_complex),
        Some(Condition::Output(name)) => plain(facts.outputs.contains(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Library;
    use super::*;

    /// Walks a workflow; `happen` says what becomes of the facts when a phase is done.
    fn walk(name: &str, mut facts: Facts, happen: impl Fn(&str, usize, &mut Facts)) -> String {
        let workflow = Library::built_in().workflow(name).unwrap();
        let (mut walked, mut told) = (Vec::new(), Vec::new());
        loop {
            match next(&workflow, &walked, &|_| 0, &facts) {
                Next::Over => return format!("{} | over", told.join(" ")),
                Next::Exhausted { why, .. } => return format!("{} | {why}", told.join(" ")),
                Next::Skip(at, why) => walked.push(Walked::skipped(at, why)),
                Next::Do(at) => {
                    let name = &workflow.phases[at].name;
                    told.push(name.clone());
                    walked.push(Walked::done(at));
                    let times = walked.iter().filter(|w| w.phase == at && w.is_done()).count();
                    happen(name, times, &mut facts);
                }
            }
            assert!(walked.len() < 100, "{told:?}");
        }
    }

    const ISSUES: Option<ReviewFacts> = Some(ReviewFacts { passes: false, asks_for_changes: true });
    const PASSES: Option<ReviewFacts> = Some(ReviewFacts { passes: true, asks_for_changes: false });
    const NOTHING: Option<ReviewFacts> = Some(ReviewFacts { passes: false, asks_for_changes: false });

    #[test]
    fn a_wish_goes_all_the_way() {
        let walked = walk("default", Facts::default(), |phase, _, facts| match phase {
            "spec" => facts.has_spec = true,
            "plan" => facts.has_plan = true,
            "verify" => facts.gates = Some(Verdict::Passed),
            "review" => facts.review = PASSES,
            _ => {}
        });
        assert_eq!(walked, "spec plan approval baseline code verify review | over");
    }

    fn planned() -> Facts {
        Facts { has_spec: true, has_plan: true, ..Facts::default() }
    }

    #[test]
    fn what_a_reviewer_finds_is_fixed_verified_and_reviewed_again() {
        let walked = walk("default", planned(), |phase, times, facts| match phase {
            "verify" => facts.gates = Some(Verdict::Passed),
            "review" => facts.review = if times < 3 { ISSUES } else { PASSES },
            _ => {}
        });
        assert_eq!(walked, "approval baseline code verify review fix verify review fix verify review | over");
    }

    #[test]
    fn the_last_fix_is_reviewed_before_a_person_is_asked() {
        let walked = walk("code-review", planned(), |phase, _, facts| {
            if phase == "review" {
                facts.review = ISSUES;
            }
        });
        assert!(walked.ends_with("fix review | 3 rounds of fix were not enough"), "{walked}");
    }

    #[test]
    fn no_verdict_is_neither_a_yes_nor_a_list_of_issues() {
        let walked = walk("default", planned(), |phase, _, facts| match phase {
            "verify" => facts.gates = Some(Verdict::Passed),
            "review" => facts.review = NOTHING,
            _ => {}
        });
        assert_eq!(walked, "approval baseline code verify review | the reviewer gave no verdict");
    }

    #[test]
    fn failed_gates_are_fixed_before_anybody_reviews() {
        let walked = walk("default", planned(), |phase, times, facts| match phase {
            "verify" => facts.gates = Some(if times == 1 { Verdict::Failed } else { Verdict::Passed }),
            "review" => facts.review = PASSES,
            _ => {}
        });
        assert_eq!(walked, "approval baseline code verify mend verify review | over");
    }

    #[test]
    fn rounds_before_this_walk_count() {
        let workflow = Library::built_in().workflow("default").unwrap();
        let fix = workflow.phases.iter().position(|phase| phase.name == "fix").unwrap();
        let facts = Facts { review: ISSUES, gates: Some(Verdict::Passed), ..planned() };
        let walked = [Walked::done(fix - 1)];
        assert_eq!(next(&workflow, &walked, &|_| 2, &facts), Next::Do(fix));
        let why = "3 rounds of fix were not enough".to_owned();
        assert_eq!(next(&workflow, &walked, &|_| 3, &facts), Next::Exhausted { phase: fix, why });
    }
}
