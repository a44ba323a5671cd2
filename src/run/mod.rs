//! Carrying tasks out: what starts is decided by `scheduler` (pure), done by `worker`, watched through `process`.
//!
//! The dispatcher owns the truth about a run and listens to its workers; a worker owns one task from claim to review;
//! `confine` says what children may use and change, `gates` measure, `merge` delivers, `recovery` repairs what a crash left. Nothing here prints: everything that happens
//! is a [`RunEvent`] for whoever listens.

mod answers;
mod attempt;
mod base;
mod checkout;
mod confine;
mod control;
mod discard;
mod dispatch;
mod environment;
mod event;
mod gates;
mod handshake;
mod inbox;
mod include;
mod interrupt;
mod ledger;
mod merge;
mod news;
mod open_runs;
mod order;
mod ports;
mod prompt;
mod recovery;
mod scheduler;
mod session;
mod transcript;
mod upkeep;
mod words;
mod worker;

pub use base::base_of_work;
pub use checkout::{Checkouts, TaskCheckout};
pub use control::{attached_session, request_stop, say_to_running};
pub use discard::{Discarded, discard};
pub use dispatch::run;
pub use environment::{child_environment, person_environment};
pub use event::{RunEvent, RunEventKind};
pub use handshake::greet;
pub use inbox::{EVENTS, Kept, RUN_FOLDER_VARIABLE, leave_word};
pub use interrupt::{FirstSignal, Interrupt};
pub use merge::{ConditionState, MergeCondition, MergeOptions, MergeOutcome, conditions, merge};
pub use order::{RunReport, RunRequest, Skipped, TaskResult, Until, WorkOrder, WorkPhase};
pub use recovery::{Recovered, dead_sessions, recover};
pub use upkeep::{MANY_LOOSE_OBJECTS, pack, prune_transcripts, sweep_old_runs};
pub use worker::{Preview, preview_prompt};
