//! aifactory: a git-native task manager and agent orchestrator, one level above coding agents.
//!
//! A backlog of tasks becomes specs, plans that people review, agent runs in worktrees, changes that aifactory itself
//! has verified, and merges. Everything it knows is plain files in the tree of one git ref.
//!
//! The modules are layers. Each imports only from those below its own row; `tests/architecture.rs` reads the imports.
//!
//! ```text
//! commands   one file per command: arguments, one call, one answer
//! ui         sole owner of stdout and stderr: tables, progress, questions, colour, JSON
//! run        dispatcher, scheduler (pure), worker, gates, merge queue, recovery
//! sync       sharing through a git remote: exchange, claims that count everywhere, signs of life
//! workflow   definitions only: roles and their prompts, workflows and the way through them, quick actions
//! tasks      what people do to tasks: create, change, plan, approve     memory   what tasks taught, for later ones
//! store      the state: snapshots, transactions, merge, index          policy   the target branch's rules
//! agent      agents as data, and readers of what they print
//! git        the only caller of git     http   the only HTTP client   config   layered settings with origins
//! process    the only place that starts children: guardian, supervision, sweep
//! host       clock, ids, environment, files
//! model      pure records and rules; time is a parameter
//! error      kind, hints, exit code
//! ```
//!
//! Where to begin reading: `model/status.rs` is the life of a task, `store/transaction.rs` is how anything is written,
//! `run/worker.rs` is how a task is carried out, `run/merge.rs` is how work lands.

pub mod agent;
pub mod commands;
pub mod config;
pub mod error;
pub mod git;
pub mod host;
pub mod http;
pub mod memory;
pub mod model;
pub mod policy;
pub mod process;
pub mod run;
pub mod store;
pub mod sync;
pub mod tasks;
pub mod ui;
pub mod workflow;
