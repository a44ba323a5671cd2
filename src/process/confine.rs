//! Our own binary for an instant between guardian and program: it confines itself and then becomes the program.
//!
//! What a process may only do to itself (join a group before it has children, lower its limits, give up rights) is done
//! here, so that no code runs between a fork and an exec of ours. The program keeps the pid that the guardian knows.

#![allow(clippy::disallowed_methods, reason = "the process layer starts children")]

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

use super::cgroup;
use super::folder;
use super::limits::ProcessLimits;
use super::sandbox::Rules;

/// The argument that makes our binary confine itself. What follows is a [`Confining`] as JSON and the command.
pub const WORD: &str = "__confine";
/// The exit code when the program could not be started; what happened is in the run folder.
const COULD_NOT_START: u8 = 127;
/// The run folder may have been written to by the program.
const LONGEST_WORD: u64 = 64 << 10;

/// What to do before the program begins.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Confining {
    pub folder: OsString,
    /// Groups to join.
    pub groups: Vec<PathBuf>,
    pub limits: ProcessLimits,
    pub rules: Option<Rules>,
}

/// What went wrong; nothing is written where all went well.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Confined {
    pub not_joined: Vec<PathBuf>,
    pub missed: Vec<String>,
    pub could_not_start: Option<String>,
}

impl Confining {
    pub fn is_needed(&self) -> bool {
        !self.groups.is_empty() || !self.limits.is_empty() || self.rules.is_some()
    }

    /// The words of our own binary that stand before those of the program.
    pub fn words(&self) -> io::Result<[OsString; 2]> {
        Ok([WORD.into(), serde_json::to_string(self)?.into()])
    }
}

impl Confined {
    pub fn read(folder: &Path) -> Confined {
        let mut text = Vec::new();
        if let Ok(file) = File::open(folder.join(folder::CONFINED)) {
            let _ = file.take(LONGEST_WORD).read_to_end(&mut text);
        }
        serde_json::from_slice(&text).unwrap_or_default()
    }
}

/// Confines this process and becomes the program. `words` are those after [`WORD`].
pub fn main(mut words: impl Iterator<Item = OsString>) -> ExitCode {
    let order = words.next().and_then(|text| serde_json::from_str::<Confining>(text.to_str()?).ok());
    if let (Some(order), Some(program)) = (order, words.next()) {
        become_program(&order, &program, words);
    }
    ExitCode::from(COULD_NOT_START)
}

/// Comes back only where that failed.
fn become_program(order: &Confining, program: &OsString, args: impl Iterator<Item = OsString>) {
    // Opened first: a sandbox may keep us from it later. It closes when the program begins.
    let mut report = File::create(Path::new(&order.folder).join(folder::CONFINED)).ok();
    let mut confined = Confined::default();
    for group in &order.groups {
        if cgroup::join(group).is_err() {
            confined.not_joined.push(group.clone());
        }
    }
    if let Some(Err(why)) = order.rules.as_ref().map(Rules::restrict_this_process) {
        confined.could_not_start = Some(why);
        return say(&mut report, &confined);
    }
    confined.missed = order.limits.apply();
    if !confined.not_joined.is_empty() || !confined.missed.is_empty() {
        say(&mut report, &confined);
    }
    let error = Command::new(program).args(args).exec();
    confined.could_not_start = Some(format!("cannot start {}: {error}", program.display()));
    say(&mut report, &confined);
}

/// Replaces what was said before.
fn say(report: &mut Option<File>, confined: &Confined) {
    let Some(file) = report else { return };
    let written =
        file.rewind().and_then(|()| file.set_len(0)).and_then(|()| file.write_all(&serde_json::to_vec(confined)?));
    // Without the report the exit code still says that something failed.
    drop(written);
}
