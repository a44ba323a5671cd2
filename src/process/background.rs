//! A program that goes on when we have ended: in a session of its own, with nothing of ours open.

#![allow(clippy::disallowed_methods, reason = "the process layer starts children")]

use crate::error::{Context, Result};
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts it and does not wait. Nobody hears what it says.
pub fn start_in_background(program: &Path, args: &[&str], folder: &Path) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    command.args(args).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().map(drop).context(|| format!("cannot start {}", program.display()))
}
