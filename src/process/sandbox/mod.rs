//! Sandboxes: what a session may write to and whether it may reach the network.
//!
//! * [`bwrap`]: the program bubblewrap runs the session in namespaces of its own. It sees a read-only machine with
//!   private `/tmp` and `/run`, and cannot see other processes.
//! * [`landlock`]: the kernel refuses what is not allowed; nothing has to be installed. It keeps what files hold, not
//!   their modes and times, refuses TCP, not the rest of the network, cannot except single files, and hides nothing.
//!
//! What was asked for and cannot be had is an error before anything is started.

mod bwrap;
mod landlock;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(super) use self::landlock::Rules;

use super::request::Request;
use crate::error::{Context, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    Bwrap,
    Landlock,
}

/// What a session in a sandbox gets besides a machine that it can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    pub sandbox: Sandbox,
    /// Folders and files that it may change. Those that do not exist are left out.
    pub writable: Vec<PathBuf>,
    /// What it has to see of places that a sandbox hides from it, such as a repository below `/tmp`.
    pub readable: Vec<PathBuf>,
    /// Files in writable folders that stay as they are, where the sandbox can do that.
    pub protected: Vec<PathBuf>,
    pub network: bool,
}

/// How a request is carried out in its sandbox.
#[derive(Debug, Default)]
pub(super) struct Entered {
    /// For the program to restrict itself with.
    pub rules: Option<Rules>,
    /// The program is started by one that must not be asked to end: everything else would be killed with it.
    pub has_keeper: bool,
    /// What the sandbox cannot do of what was asked for.
    pub missed: Vec<String>,
}

/// Changes the request so that its program runs in the sandbox that it asks for.
pub(super) fn enter(request: &mut Request) -> Result<Entered> {
    let Some(confinement) = request.confinement.clone() else {
        return Ok(Entered::default());
    };
    let cannot = || "cannot prepare the sandbox";
    let confinement = confinement.resolved().context(cannot)?;
    request.cwd = fs::canonicalize(&request.cwd).context(cannot)?;
    match confinement.sandbox {
        Sandbox::Bwrap => bwrap::wrap(request, &confinement),
        Sandbox::Landlock => landlock::prepare(request, &confinement),
    }
}

impl Confinement {
    /// With paths that exist and hold no links, as both sandboxes want them.
    fn resolved(&self) -> io::Result<Confinement> {
        let resolve = |paths: &[PathBuf]| -> io::Result<Vec<PathBuf>> {
            paths.iter().filter_map(|path| existing(path).transpose()).collect()
        };
        Ok(Confinement {
            writable: resolve(&self.writable)?,
            readable: resolve(&self.readable)?,
            protected: resolve(&self.protected)?,
            ..*self
        })
    }
}

fn existing(path: &Path) -> io::Result<Option<PathBuf>> {
    match fs::canonicalize(path) {
        Ok(path) => Ok(Some(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The variable is set to this and to nothing else.
fn set_variable(request: &mut Request, name: &str, value: &Path) {
    request.env.retain(|(known, _)| known != name);
    request.env.push((name.into(), value.into()));
}
