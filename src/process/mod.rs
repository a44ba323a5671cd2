//! The only layer that starts child processes.
//!
//! * [`invocation`]: short helper programs run to their end (git, an editor).
//! * [`session`]: an agent or gate, supervised: output by the line, three clocks, an end that leaves nothing behind.
//! * [`guardian`]: our own binary between a supervisor and its session. It is the reaper of everything the session
//!   starts and the holder of the run folder's lock, and it outlives the supervisor just long enough to clean up.
//! * [`sweep`](mod@sweep): recovery, when the supervisor and perhaps the guardian were killed.
//! * [`sandbox`]: what a session may write to and whether it may reach the network; [`limits`]: what it may use.
//!
//! Below them: `conversation` is the pipes of an invocation; `stream`, `lines`, `log`, `input`, `listener` and `clocks` are
//! the small machines of a session; `folder` is the files the parts leave for each other in a run folder; `ending` ends sets of
//! processes that may grow meanwhile; `cgroup` keeps a session in a kernel group; `confine` is our own binary for the
//! instant in which a program confines itself; `proc_fs` reads `/proc`. A process is always named by pid *and* start time,
//! because pids are reused.

mod background;
mod cgroup;
mod clocks;
pub mod confine;
mod conversation;
mod ending;
mod folder;
pub mod guardian;
mod input;
pub mod invocation;
pub mod limits;
mod lines;
mod listener;
mod log;
mod proc_fs;
mod request;
pub mod sandbox;
pub mod session;
mod stream;
pub mod sweep;

pub use background::start_in_background;
pub use invocation::{Exit, Invocation, Output};
pub use limits::{Resource, Resources};
pub use lines::CUT_MARK;
pub use proc_fs::{boot_id, start_time};
pub use sandbox::{Confinement, Sandbox};
pub use session::{Ended, Ending, Hear, Limits, Line, Listener, Pulse, Request, Stdin, Talk, supervise};
pub use sweep::{Swept, alive, sweep};

/// The environment variable that marks every process of a session with the session's id.
pub const MARKER_VARIABLE: &str = "AIFACTORY_SESSION";
