//! Pure records and rules: what a task is, how it moves, how events become a record.
//!
//! Nothing here reads a clock, a file or the environment: whatever changes from run to run is a parameter. Texts that
//! come from outside are parsed into types here, and a text that does not parse is an error with a place, never a guess.

pub mod assertions;
mod budget;
pub mod changelog;
mod digest;
mod duration;
pub mod event;
mod fold;
pub mod folder;
pub mod frontmatter;
pub mod handoff;
mod id;
pub mod idea;
pub mod message;
mod nesting;
pub mod note;
pub mod paths;
pub mod plan;
pub mod plan_file;
pub mod planning;
pub mod readiness;
mod record;
pub mod replay;
pub mod review;
pub mod risk;
pub mod run;
pub mod spec;
pub mod spoken;
mod status;
mod task;
pub mod text;
mod time;
pub mod todo;
mod usage;
mod when;
pub mod words;

pub use budget::{Allowance, Budget, BudgetOf, Spent, Unrecorded, exceeded, parse_count, parse_money};
pub use digest::Digest;
pub use duration::{duration_text, parse_duration, parse_size};
pub use event::{Change, Event, TextFile};
pub use fold::{additions_of, apply, fold, overlay};
pub use id::{Alphabet, EventId, TaskId};
pub use nesting::from_toml;
pub use record::{FOLD_VERSION, ParsedRecord, human_changes, parse_record, write_record};
pub use status::{IllegalMove, Reason, Status};
pub use task::{
    Approval, Claim, Conflict, ConflictKind, Delivery, Priority, Progress, Proposal, ProposalEnd, Risk, Source,
    StepProgress, Task, Warrant,
};
pub use time::{Hlc, Timestamp};
pub use usage::{Tally, Usage, dollars, micros_of_dollars, tokens_text};
pub use when::When;
