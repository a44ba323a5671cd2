//! Which steps can be worked on at the same time: nothing that they wait for is missing, and no two of them touch the same
//! files. A step that names no files could touch any, and goes alone.

use super::{Plan, Step};
use crate::model::paths::may_overlap;

impl Plan {
    /// The next steps that can be worked on side by side, in the order of work; at most `most`. Empty when all are done.
    pub fn next_wave(&self, is_done: impl Fn(&Step) -> bool, most: usize) -> Vec<&Step> {
        let order = self.order();
        let left: Vec<&Step> = order.into_iter().filter(|step| !is_done(step)).collect();
        let is_free = |step: &Step| !left.iter().any(|other| other.id != step.id && step.after.contains(&other.id));
        let mut wave: Vec<&Step> = Vec::new();
        for (number, step) in left.iter().copied().enumerate() {
            // Nobody overtakes an earlier step that touches the same.
            let is_apart = left[..number].iter().all(|other| are_apart(step, other));
            if wave.len() < most.max(1) && is_free(step) && is_apart {
                wave.push(step);
            }
        }
        // Steps that wait for each other in a circle go one after another, as they stand.
        match wave.is_empty() {
            true => left.into_iter().take(1).collect(),
            false => wave,
        }
    }
}

fn are_apart(one: &Step, other: &Step) -> bool {
    let named = !one.files.is_empty() && !other.files.is_empty();
    named && !one.files.iter().any(|a| other.files.iter().any(|b| may_overlap(a, b)))
}

#[cfg(test)]
mod tests {
    use super::super::parse_plan;
    use std::collections::BTreeSet;

    /// The waves of a plan whose steps are written as `S1 after S2: files`, each with `most` at once.
    fn waves(most: usize, steps: &[(&str, &str, &str)]) -> String {
        let text: String = steps
            .iter()
            .map(|(id, after, files)| {
                let list = |key: &str, value: &str| match value {
                    "" => String::new(),
                    value => format!("- {key}: {value}\n"),
                };
                format!("### {id}: x\n{}{}\nx\n\n", list("files", files), list("after", after))
            })
            .collect();
        let plan = parse_plan(&text).0;
        let (mut done, mut told) = (BTreeSet::new(), Vec::new());
        loop {
            let wave: Vec<String> =
                plan.next_wave(|step| done.contains(&step.id), most).iter().map(|step| step.id.clone()).collect();
            if wave.is_empty() {
                return told.join(" | ");
            }
            told.push(wave.join(" "));
            done.extend(wave);
        }
    }

    #[test]
    fn steps_that_share_nothing_go_together() {
        assert_eq!(waves(9, &[("S1", "", "a"), ("S2", "", "b"), ("S3", "S1", "c"), ("S4", "", "a")]), "S1 S2 | S3 S4");
        assert_eq!(waves(9, &[("S1", "", "a"), ("S2", "", "a, b"), ("S3", "", "b")]), "S1 | S2 | S3");
        assert_eq!(waves(1, &[("S1", "", "a"), ("S2", "", "b")]), "S1 | S2");
        assert_eq!(waves(2, &[("S1", "", "a"), ("S2", "", "b"), ("S3", "", "c")]), "S1 S2 | S3");
    }

    #[test]
    fn a_step_without_files_goes_alone() {
        assert_eq!(waves(9, &[("S1", "", ""), ("S2", "", "b"), ("S3", "", "c")]), "S1 | S2 S3");
        assert_eq!(waves(9, &[("S1", "", "a"), ("S2", "", ""), ("S3", "", "c")]), "S1 | S2 | S3");
    }

    #[test]
    fn folders_and_patterns_overlap_with_what_they_hold() {
        assert_eq!(waves(9, &[("S1", "", "src/"), ("S2", "", "src/a.rs"), ("S3", "", "docs/a.md")]), "S1 S3 | S2");
    }
}
