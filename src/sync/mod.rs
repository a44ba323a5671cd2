//! Sharing the state through an ordinary git remote: bring in what is there, merge, publish, and agree on who has what.
//!
//! [`Exchange`] is the whole protocol and knows nothing of git's programs: it talks to a [`Transport`], so that the same
//! code runs against a real remote and against a simulated one that is slow, cut off, or answers after a crash.
#![doc = include_str!("scale.md")]

mod exchange;
mod heart;
mod incident;
mod observe;
mod place;
mod probe;
mod proposals;
mod sharing;
mod takeover;
pub mod transcripts;
mod transport;

pub use exchange::{Exchange, Extra, Manner, SyncReport};
pub use heart::{Heart, live_name};
pub use observe::{Observations, lease_left, overdue};
pub use place::{Place, places};
pub use probe::{Probe, probe};
pub use proposals::{FollowReport, Outcome, Proposed, code_place, follow, propose};
pub use sharing::{Confirmed, Sharing};
pub use takeover::{TakenOver, take_over};
pub use transport::{GitTransport, Transport};
