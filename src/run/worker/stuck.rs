//! When a round of changes would bring nothing: the same finding for the third time, or files that were there before.

use super::flow::since_a_person;
use crate::model::review::{Issue, Review};
use crate::model::run::Verdict;
use crate::model::text::escape_line;
use crate::model::{Change, Event, EventId};

/// A finding that is made so often is not one that another round settles.
const SAME: usize = 3;
/// Letters of a finding in a sentence about it.
const SHOWN: usize = 120;

/// Why another round would bring nothing, from what was found since a person last spoke.
pub(super) fn why_stuck(events: &[Event]) -> Option<String> {
    let events = since_a_person(events);
    let reviews = reviews_of(events);
    again(&reviews).or_else(|| in_a_circle(&found_wanting(events)))
}

/// Reviews, one of each round: what a second look made of a verdict replaces it.
fn reviews_of(events: &[Event]) -> Vec<(&str, &Review)> {
    let mut reviews: Vec<(&str, &Review)> = Vec::new();
    for event in events {
        let Change::Reviewed { tree, review, .. } = &event.change else { continue };
        match reviews.last_mut() {
            Some(last) if last.0 == tree => *last = (tree, review),
            _ => reviews.push((tree, review)),
        }
    }
    reviews
}

/// A serious finding that the newest review shares with the two before it.
fn again(reviews: &[(&str, &Review)]) -> Option<String> {
    let (_, newest) = reviews.last()?;
    let was_made = |issue: &&Issue| {
        let in_a_row =
            reviews.iter().rev().take_while(|(_, review)| review.serious().any(|other| other.is_like(issue)));
        in_a_row.count() >= SAME
    };
    let issue = newest.serious().find(was_made)?;
    let shown: String = issue.description.chars().take(SHOWN).collect();
    Some(format!(
        "the same was found {SAME} times, so another round of fixes would not settle it: {}",
        escape_line(&shown)
    ))
}

/// Trees that a gate on the whole failed on, or a review asked to change; each as often as the work came to it.
fn found_wanting(events: &[Event]) -> Vec<&str> {
    let mut trees: Vec<&str> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let tree = match &event.change {
            // What a second look made of a verdict is the verdict.
            Change::Reviewed { run, .. } if is_said_again(&events[at + 1..], run.as_ref()) => continue,
            Change::Reviewed { tree, review, .. } if review.asks_for_changes() => tree,
            Change::Gated { tree, verdict: Verdict::Failed, step: None, .. } => tree,
            _ => continue,
        };
        if trees.last() != Some(&tree.as_str()) {
            trees.push(tree);
        }
    }
    trees
}

fn is_said_again(later: &[Event], said: Option<&EventId>) -> bool {
    later
        .iter()
        .any(|event| matches!(&event.change, Change::Reviewed { run, .. } if run.is_some() && run.as_ref() == said))
}

fn in_a_circle(trees: &[&str]) -> Option<String> {
    let (newest, before) = trees.split_last()?;
    before.contains(newest).then(|| {
        "the last round brought back files that were found wanting before, so another one would bring nothing"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::review::Severity;

    fn review(findings: &[&str]) -> Review {
        let issue = |text: &&str| Issue {
            severity: Severity::Blocker,
            file: "a.rs".into(),
            description: (*text).into(),
            ..Issue::default()
        };
        Review { approved: Some(false), issues: findings.iter().map(issue).collect(), ..Review::default() }
    }

    #[test]
    fn a_finding_counts_while_every_review_makes_it() {
        let same =
            ["the greeting is not polite", "The greeting is still not polite", "the greeting isn't polite: still"];
        let other = "nothing is tested";
        for (rounds, expected) in [
            (vec![vec![same[0]], vec![same[1]], vec![same[2]]], true),
            (vec![vec![other, same[0]], vec![same[1]], vec![same[2], other]], true),
            (vec![vec![same[0]], vec![same[1]]], false),
            (vec![vec![same[0]], vec![other], vec![same[1]], vec![same[2]]], false),
            (vec![vec![same[0]], vec![same[1]], vec![other]], false),
        ] {
            let reviews: Vec<Review> = rounds.iter().map(|found| review(found)).collect();
            let trees: Vec<String> = (0..reviews.len()).map(|number| number.to_string()).collect();
            let listed: Vec<(&str, &Review)> = trees.iter().map(String::as_str).zip(&reviews).collect();
            assert_eq!(again(&listed).is_some(), expected, "{rounds:?}: {:?}", again(&listed));
        }
    }

    #[test]
    fn files_that_were_found_wanting_before_are_a_circle() {
        assert!(in_a_circle(&["a", "b", "a"]).is_some());
        assert!(in_a_circle(&["a", "b", "c"]).is_none());
        assert!(in_a_circle(&["a"]).is_none());
        assert!(in_a_circle(&[]).is_none());
    }
}
