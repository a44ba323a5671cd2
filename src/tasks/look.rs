//! A task that somebody only wants looked at: it goes back to where it stood, however the look ends.

use crate::model::{Change, Event, Reason, Status};

/// The note of the move to ready by which a look begins.
pub const LOOK: &str = "to be looked at";

/// Where a task stood before somebody wanted it looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stood {
    pub status: Status,
    pub reason: Option<Reason>,
    pub note: Option<String>,
}

impl Stood {
    pub const READY: Stood = Stood { status: Status::Ready, reason: None, note: None };

    /// The changes that bring a running task back there and end its claim.
    pub fn back(&self, why: &str, claim: Option<u64>) -> Vec<Change> {
        let moved =
            |from: Status| Change::Moved { from, to: self.status, reason: self.reason, note: self.note.clone() };
        let released = Change::Released { why: why.to_owned(), recovery: false, claim };
        match self.status {
            Status::Waiting | Status::Review => vec![moved(Status::Running)],
            Status::Ready => vec![released],
            _ => vec![released, moved(Status::Ready)],
        }
    }
}

/// Where the task stood before the look that is under way; nothing where none is, or where it has become more than that.
pub fn stood_before_look(events: &[Event]) -> Option<Stood> {
    let begun = events.iter().rposition(|event| match &event.change {
        Change::Moved { to: Status::Ready, note: Some(note), .. } => event.session.is_none() && note == LOOK,
        _ => false,
    })?;
    if events[begun + 1..].iter().any(is_more_than_a_look) {
        return None;
    }
    let Change::Moved { from, .. } = &events[begun].change else { return None };
    let before = events[..begun].iter().rev().find_map(|event| match &event.change {
        Change::Moved { to, reason, note, .. } => Some((*to, *reason, note.clone())),
        _ => None,
    });
    let (reason, note) = before.filter(|(to, ..)| to == from).map_or((None, None), |(_, reason, note)| (reason, note));
    Some(Stood { status: *from, reason, note })
}

/// The task went on, or somebody decided about it. That a worker parks it or gives it back says nothing.
fn is_more_than_a_look(event: &Event) -> bool {
    match &event.change {
        Change::Moved { to, .. } => *to != Status::Ready || event.session.is_none(),
        Change::Approved { .. } | Change::Rejected { .. } | Change::StepStarted { .. } | Change::PhaseDone { .. } => {
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Approval;

    fn moved(from: Status, to: Status, note: Option<&str>) -> Change {
        Change::Moved { from, to, reason: None, note: note.map(str::to_owned) }
    }

    #[test]
    fn a_look_lasts_until_something_is_done_or_decided() {
        use Status::{Backlog, Ready, Review, Running};
        let parked = Change::Released { why: "stopped".into(), recovery: false, claim: None };
        let approved = Change::Approved {
            digest: Approval::digest_of("", ""),
            base: None,
            policy: false,
            note: None,
            warrant: None,
        };
        let look = |from| moved(from, Ready, Some(LOOK));
        let stood =
            |changes: &[Change]| stood_before_look(&Event::sequence(changes.to_vec())).map(|stood| stood.status);
        assert_eq!(stood(&[look(Backlog)]), Some(Backlog));
        assert_eq!(stood(&[look(Review), parked.clone()]), Some(Review));
        assert_eq!(stood(&[look(Backlog), parked, approved]), None);
        assert_eq!(stood(&[look(Review), moved(Running, Review, None)]), None);
        assert_eq!(stood(&[look(Review), moved(Review, Ready, None)]), None);
        assert_eq!(stood(&[moved(Backlog, Ready, None)]), None);
    }

    #[test]
    fn why_it_waited_comes_back_with_it() {
        let waits = Change::Moved {
            from: Status::Running,
            to: Status::Waiting,
            reason: Some(Reason::GateFailed),
            note: Some("gate failed: make".into()),
        };
        let stood = stood_before_look(&Event::sequence(vec![waits, moved(Status::Waiting, Status::Ready, Some(LOOK))]));
        let stood = stood.unwrap();
        assert_eq!((stood.reason, stood.note.as_deref()), (Some(Reason::GateFailed), Some("gate failed: make")));
    }
}
