//! A session that gave up its rights, which the kernel's Landlock holds it and all it starts to.
//!
//! The rights of files as of version 3 are a must: before it, files could be emptied that could not be written. What
//! newer kernels add (devices, signals to processes outside, sockets) is taken where it is there.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, Scope, path_beneath_rules,
};
use serde::{Deserialize, Serialize};

use super::{Confinement, Entered, set_variable};
use crate::error::{Context, Error, Result};
use crate::process::request::Request;

/// Files without which hardly a program runs.
const DEVICES: [&str; 8] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts"];
const SHARED_MEMORY: &str = "/dev/shm";
const REQUIRED: ABI = ABI::V3;
const NEWEST: ABI = ABI::V9;
/// Below the run folder: `/tmp` belongs to others as well.
const TEMPORARY: &str = "tmp";

/// What a process restricts itself to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    writable: Vec<OsString>,
    network: bool,
}

pub fn prepare(request: &mut Request, confinement: &Confinement) -> Result<Entered> {
    let rules = |writable| Rules { writable, network: confinement.network };
    // A set of rules that holds nobody yet tells whether the kernel knows them.
    rules(Vec::new()).create().map_err(|error| missing(confinement.network, &error))?;
    let temporary = request.folder.join(TEMPORARY);
    fs::create_dir_all(&temporary).context(|| format!("cannot make {}", temporary.display()))?;
    let temporary = fs::canonicalize(&temporary).context(|| format!("cannot find {}", temporary.display()))?;
    set_variable(request, "TMPDIR", &temporary);
    let writable = confinement.writable.iter().chain([&temporary]).map(|path| path.clone().into());
    let missed = match confinement.network {
        true => Vec::new(),
        false => vec!["network: landlock closes TCP; UDP and sockets of this machine stay open".to_owned()],
    };
    Ok(Entered { rules: Some(rules(writable.collect())), missed, ..Entered::default() })
}

fn missing(network: bool, error: &RulesetError) -> Error {
    let what = if network { "files as of Linux 6.2" } else { "files as of Linux 6.2 and TCP as of Linux 6.7" };
    Error::failed(format!("the sandbox landlock cannot be had here: the kernel has to know its rules for {what}"))
        .caused_by(Error::failed(error.to_string()))
        .hint("it may be switched off: cat /sys/kernel/security/lsm")
        .hint("to use another one: aifactory config set sandbox.kind bwrap")
}

impl Rules {
    /// Holds for this process, for good, and for all that it starts. An error says what did not work.
    pub fn restrict_this_process(&self) -> std::result::Result<(), String> {
        let restrict = || {
            let read = AccessFs::from_read(NEWEST);
            let devices = read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
            let all = AccessFs::from_all(NEWEST);
            self.create()?
                .set_compatibility(CompatLevel::BestEffort)
                .add_rules(path_beneath_rules(["/"], read))?
                .add_rules(path_beneath_rules(DEVICES, devices))?
                .add_rules(path_beneath_rules([SHARED_MEMORY], all))?
                .add_rules(path_beneath_rules(self.writable.iter().map(Path::new), all))?
                .restrict_self()
        };
        restrict()
            .map(drop)
            .map_err(|error: RulesetError| format!("the sandbox landlock could not be entered: {error}"))
    }

    fn create(&self) -> std::result::Result<RulesetCreated, RulesetError> {
        let tcp: BitFlags<AccessNet> = AccessNet::BindTcp | AccessNet::ConnectTcp;
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(REQUIRED))?;
        if !self.network {
            rules = rules.handle_access(tcp)?;
        }
        rules
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(NEWEST))?
            .scope(Scope::Signal | Scope::AbstractUnixSocket)?
            .create()
    }
}
