//! Agents as data: a record of how a program is run, and a protocol for what it says.
//!
//! An agent gets a prompt, a folder and limits, and yields events. It knows no tasks and no store: a [`Job`] holds all it
//! is told, and for `runbook` the approved steps come as data, never out of a prompt. Protocols turn lines into events
//! and answers and do no I/O; [`judge`] decides how a run went from all that is known about it.
//!
//! * a new agent: a file in `presets/`, or an `[agents.<name>]` table in the settings
//! * a new protocol: a file in `readers/`

mod account;
mod catalog;
pub mod credentials;
mod event;
mod judge;
mod launch;
mod message_line;
mod permission;
mod presets;
mod protocol;
mod reader;
mod readers;
mod record;
pub mod runbook;
mod template;

pub use account::{Account, Asked, Note};
pub use catalog::{Catalog, Listed, Setting};
pub use event::{AgentEvent, Cause, Scope};
pub use judge::{Facts, Judgement, judge};
pub use launch::{Input, Job, Launch, Visit};
pub use permission::{Deed, Permission};
pub use protocol::{Heard, Opening};
pub use reader::Reader;
pub use readers::ReaderKind;
pub use record::{Agent, Choice, PromptBy, Record};
