//! What reviewers said, found in a task's events.

use crate::model::review::Review;
use crate::model::{Change, Event};

/// The newest review of exactly this tree.
pub fn review_of(events: &[Event], tree: &str) -> Option<Review> {
    events.iter().rev().find_map(|event| match &event.change {
        Change::Reviewed { tree: seen, review, .. } if seen == tree => Some(review.clone()),
        _ => None,
    })
}

/// The newest review of any tree.
pub fn last_review(events: &[Event]) -> Option<Review> {
    events.iter().rev().find_map(|event| match &event.change {
        Change::Reviewed { review, .. } => Some(review.clone()),
        _ => None,
    })
}
