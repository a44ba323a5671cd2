//! A session in namespaces of its own, made by the program bubblewrap.
//!
//! `/tmp` and `/var/tmp` are empty and private. So is `/run`, but for what names are looked up with: its sockets lead
//! to programs outside (the user's service manager, a container engine) that would do anything for the session.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Confinement, Entered, set_variable};
use crate::error::{Error, Result};
use crate::process::invocation::{Exit, Invocation};
use crate::process::request::Request;

const PROGRAM: &str = "bwrap";
const HIDDEN: [&str; 3] = ["/tmp", "/var/tmp", "/run"];
/// Where the rules for looking up names may really be, and what a system may keep its programs below.
const SEEN_OF_RUN: [&str; 4] =
    ["/run/systemd/resolve", "/run/NetworkManager/resolv.conf", "/run/resolvconf", "/run/current-system"];
const TRIAL_TIME: Duration = Duration::from_secs(20);

pub fn wrap(request: &mut Request, confinement: &Confinement) -> Result<Entered> {
    let path = request.env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, path)| path.clone());
    let program = which::which_in(PROGRAM, path.as_ref(), &request.cwd).map_err(|_| missing())?;
    check_visible(request, confinement, path.as_deref())?;
    let arguments = arguments(confinement, &request.cwd);
    try_out(&program, &arguments, path.unwrap_or_default())?;
    set_variable(request, "TMPDIR", Path::new("/tmp"));
    let inner = std::mem::replace(&mut request.program, program.into());
    let inner_arguments = std::mem::take(&mut request.args);
    request.args = arguments.into_iter().chain(["--".into(), inner]).chain(inner_arguments).collect();
    Ok(Entered { has_keeper: true, ..Entered::default() })
}

fn missing() -> Error {
    Error::failed(format!("the sandbox needs the program `{PROGRAM}`, which is not installed"))
        .hint("to install it: apt install bubblewrap, dnf install bubblewrap, or pacman -S bubblewrap")
        .hint("to go without: aifactory config set sandbox.kind none")
}

/// A program in a place that the sandbox hides would only seem not to be installed.
fn check_visible(request: &Request, confinement: &Confinement, path: Option<&OsStr>) -> Result<()> {
    let Ok(program) = which::which_in(&request.program, path, &request.cwd) else {
        return Ok(());
    };
    let place = std::fs::canonicalize(&program).unwrap_or(program);
    let shown = confinement.readable.iter().chain(&confinement.writable).any(|folder| place.starts_with(folder));
    match HIDDEN.into_iter().find(|hidden| place.starts_with(hidden) && !shown) {
        None => Ok(()),
        Some(hidden) => {
            Err(Error::failed(format!("the sandbox hides {hidden}, and in it the program {}", place.display()))
                .hint("to show the folder that it is installed in: aifactory config set sandbox.readable <folder>"))
        }
    }
}

/// An empty sandbox of the same form: whether one can be had is known before the program begins.
fn try_out(program: &Path, arguments: &[OsString], path: OsString) -> Result<()> {
    let trial = Invocation::new(program).args(arguments).args(["--", "sh", "-c", ":"]);
    let output = trial.clear_env().env("PATH", path).timeout(TRIAL_TIME).run()?;
    match output.exit {
        Exit::Code(0) => Ok(()),
        exit => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(Error::failed(format!("the sandbox cannot be had here: {PROGRAM} {exit}"))
                .caused_by(Error::failed(said))
                .hint("the system may forbid user namespaces: sysctl kernel.unprivileged_userns_clone")
                .hint("to use another one: aifactory config set sandbox.kind landlock"))
        }
    }
}

fn arguments(confinement: &Confinement, cwd: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::new();
    let mut add = |parts: &[&OsStr]| words.extend(parts.iter().map(|part| part.to_os_string()));
    let flag = |text: &'static str| OsStr::new(text);
    add(&[flag("--ro-bind"), flag("/"), flag("/"), flag("--dev"), flag("/dev"), flag("--proc"), flag("/proc")]);
    for place in HIDDEN.into_iter().filter(|place| Path::new(place).is_dir()) {
        add(&[flag("--tmpfs"), flag(place)]);
    }
    if confinement.network {
        for place in SEEN_OF_RUN {
            add(&[flag("--ro-bind-try"), flag(place), flag(place)]);
        }
    } else {
        add(&[flag("--unshare-net")]);
    }
    // Later ones lie over earlier ones, so what is inside another has to come after it.
    let sorted = |paths: &[PathBuf]| {
        let mut paths = paths.to_vec();
        paths.sort();
        paths
    };
    for path in sorted(&confinement.readable) {
        add(&[flag("--ro-bind"), path.as_os_str(), path.as_os_str()]);
    }
    for path in sorted(&confinement.writable) {
        add(&[flag("--bind"), path.as_os_str(), path.as_os_str()]);
    }
    for path in sorted(&confinement.protected) {
        add(&[flag("--ro-bind"), path.as_os_str(), path.as_os_str()]);
    }
    for option in ["--unshare-pid", "--unshare-ipc", "--die-with-parent", "--new-session", "--cap-drop", "ALL"] {
        add(&[flag(option)]);
    }
    add(&[flag("--chdir"), cwd.as_os_str()]);
    words
}
