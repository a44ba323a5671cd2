//! How tasks are carried out, as definitions: roles and their prompts, workflows and the way through them.
//!
//! Nothing here starts anything. Definitions are files: built in, of the project's policy, or of the user; whoever asks
//! by name gets the one that counts, with where it comes from.

mod action;
mod check;
mod definition;
mod draw;
mod import;
mod library;
mod role;
mod template;
mod walk;

pub use action::{Action, ActionWork};
pub use definition::{Condition, Phase, Work, Workflow};
pub use draw::draw;
pub use import::{Imported, ImportedFile, read_config};
pub use library::{ACTION, Kind as DefinitionKind, Library, Source};
pub use role::{Answer, Role, Tool};
pub use template::{VARIABLES, check as check_template, render, speaks_of};
pub use walk::{Facts, Next, ReviewFacts, Walked, next};
