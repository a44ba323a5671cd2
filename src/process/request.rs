//! What to supervise, where, and within which limits.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use super::guardian::Order;
use super::limits::Resources;
use super::sandbox::{Confinement, Entered};

#[derive(Debug, Clone)]
pub struct Request {
    /// Our own binary.
    pub guardian: PathBuf,
    /// The run folder; it must exist.
    pub folder: PathBuf,
    /// The session's id, which with its folder becomes the marker in the environment of everything it starts.
    pub marker: String,
    pub program: OsString,
    pub args: Vec<OsString>,
    pub cwd: PathBuf,
    /// The whole environment: nothing is inherited.
    pub env: Vec<(OsString, OsString)>,
    pub stdin: Stdin,
    pub limits: Limits,
    /// The sandbox that it runs in.
    pub confinement: Option<Confinement>,
}

/// What the program reads on its standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stdin {
    /// It is at its end at once.
    Empty,
    Text(Vec<u8>),
    /// The listener writes to it while the program runs, and says when it is at its end.
    Open,
}

#[derive(Debug, Clone)]
pub struct Limits {
    pub total: Duration,
    /// Without any output, between tool calls.
    pub silence: Duration,
    pub silence_in_tool: Duration,
    /// After it was told that nobody will say anything more to it. Some need seconds to tidy up, and some never notice.
    pub farewell: Duration,
    /// Between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// Bytes of a line that reach the listener.
    pub max_line: usize,
    /// Bytes kept of stdout, and of stderr.
    pub max_log: u64,
    /// What it may use of the machine.
    pub resources: Resources,
}

impl Default for Limits {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Limits {
            total: 60 * MINUTE,
            silence: 15 * MINUTE,
            silence_in_tool: 30 * MINUTE,
            farewell: Duration::from_secs(10),
            grace: Duration::from_secs(5),
            max_line: 1 << 20,
            max_log: 256 << 20,
            resources: Resources::default(),
        }
    }
}

impl Request {
    /// The line that the guardian reads first.
    pub(super) fn order_line(&self, entered: Entered) -> io::Result<Vec<u8>> {
        let folder = absolute(&self.folder)?;
        let order = Order {
            program: self.program.clone(),
            args: self.args.clone(),
            cwd: absolute(&self.cwd)?.into(),
            env: self.env.clone(),
            has_stdin: self.stdin != Stdin::Empty,
            marker: format!("{}-{:016x}", self.marker, number_of(&folder)),
            folder: folder.into(),
            grace_ms: self.limits.grace.as_millis().try_into().unwrap_or(u64::MAX),
            resources: self.limits.resources.clone(),
            rules: entered.rules,
            has_keeper: entered.has_keeper,
            missed: entered.missed,
        };
        let mut line = serde_json::to_vec(&order)?;
        line.push(b'\n');
        Ok(line)
    }
}

/// Two copies of a repository may have sessions of the same id; a sweep of one must not end the other's.
fn number_of(folder: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    hasher.finish()
}
