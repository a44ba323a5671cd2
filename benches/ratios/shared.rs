//! A remote, and clones that share a state through it. All of them are folders beside the repository of the state, and
//! hold its objects by links.

use crate::sandbox::{aifactory, drain, git, output};
use crate::states::State;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

pub const STATE: &str = "refs/aifactory/state";

/// A bare repository that holds the state as it is now.
pub fn remote(state: &State, name: &str) -> PathBuf {
    let path = state.sandbox.beside(name);
    state.sandbox.git(&["clone", "--quiet", "--bare", "--local", ".", &text(&path)]);
    without_upkeep(&path);
    output(git(&path).args(["update-ref", STATE, &head(&state.sandbox.repository())]));
    path
}

/// A clone whose `origin` is the remote, with the same state and nothing else of aifactory.
pub fn plain_clone(state: &State, remote: &Path, name: &str) -> PathBuf {
    let path = state.sandbox.beside(name);
    output(git(remote).args(["clone", "--quiet", "--local", ".", &text(&path)]));
    without_upkeep(&path);
    output(git(&path).args(["remote", "set-url", "origin", &address(remote)]));
    output(git(&path).args(["update-ref", STATE, &head(remote)]));
    path
}

/// A clone that shares the state through the remote, and has nothing to say to it yet.
pub fn sharing_clone(state: &State, remote: &Path, name: &str) -> PathBuf {
    let path = plain_clone(state, remote, name);
    drain(aifactory(&path).args(["sync", "--quiet"]));
    drain(aifactory(&path).args(["list", "--json", "--limit", "1"]));
    path
}

pub fn head(repository: &Path) -> String {
    output(git(repository).args(["rev-parse", STATE]))
}

/// The transport that a server has, and not the short cut that git takes between folders.
pub fn address(remote: &Path) -> String {
    format!("file://{}", remote.display())
}

pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// An executable `sh` script.
pub fn script(path: &Path, lines: &str) -> PathBuf {
    std::fs::write(path, format!("#!/bin/sh\n{lines}\n")).expect("a script can be written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a script can be run");
    path.to_owned()
}

fn without_upkeep(repository: &Path) {
    for setting in ["gc.auto=0", "maintenance.auto=false", "receive.autogc=false"] {
        let (key, value) = setting.split_once('=').unwrap_or_default();
        output(git(repository).args(["config", key, value]));
    }
}
