//! What became of a plan between two of its versions, step by step.

use super::Plan;
use std::collections::BTreeSet;

/// Ids of steps, in the order of their plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanChanges {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// They say something else, or wait for other steps.
    pub changed: Vec<String>,
}

impl PlanChanges {
    pub fn between(old: &Plan, new: &Plan) -> PlanChanges {
        let ids = |plan: &Plan| plan.steps.iter().map(|step| step.id.clone()).collect::<Vec<_>>();
        let (before, after) = (ids(old), ids(new));
        let (known, kept): (BTreeSet<_>, BTreeSet<_>) = (before.iter().collect(), after.iter().collect());
        let is_other = |id: &&String| match (old.step(id), new.step(id)) {
            (Some(old), Some(new)) => old.content() != new.content() || old.after != new.after,
            _ => false,
        };
        PlanChanges {
            changed: after.iter().filter(is_other).cloned().collect(),
            added: after.iter().filter(|id| !known.contains(id)).cloned().collect(),
            removed: before.iter().filter(|id| !kept.contains(id)).cloned().collect(),
        }
    }

    /// `S2 was added, S1 and S3 were changed`; nothing where every step is the same.
    pub fn in_words(&self) -> Option<String> {
        let groups = [("added", &self.added), ("changed", &self.changed), ("removed", &self.removed)];
        let words = groups.iter().filter(|(_, ids)| !ids.is_empty()).map(|(verb, ids)| {
            let was = if ids.len() == 1 { "was" } else { "were" };
            format!("{} {was} {verb}", listed(ids))
        });
        let words: Vec<String> = words.collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// `a`, `a and b`, `a, b and 7 more`.
pub fn listed(names: &[String]) -> String {
    const MOST: usize = 6;
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= MOST => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..MOST - 1].join(", "), names.len() - MOST + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_plan;
    use super::*;

    fn words(old: &str, new: &str) -> Option<String> {
        PlanChanges::between(&parse_plan(old).0, &parse_plan(new).0).in_words()
    }

    #[test]
    fn steps_are_named_by_what_happened_to_them() {
        let old = "### S1: One\n\n### S2: Two\n\n### S3: Three\n- after: S2\n";
        let new = "### S1: First\n\n### S3: Three\n- after: S1\n\n### S4: Four\n";
        assert_eq!(words(old, new).unwrap(), "S4 was added, S1 and S3 were changed, S2 was removed");
        assert_eq!(words(old, &format!("Another introduction.\n\n{old}")), None);
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (1..=9).map(|number| format!("S{number}")).collect();
        assert_eq!(listed(&names), "S1, S2, S3, S4, S5 and 4 more");
        assert_eq!(listed(&names[..6]), "S1, S2, S3, S4, S5 and S6");
    }
}
