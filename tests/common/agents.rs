//! Scripted agents: real programs, as simple as the shell.

use super::Sandbox;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

impl Sandbox {
    pub fn agent(&self, script: &str) -> String {
        self.script("agent", script)
    }

    /// Writes an executable `sh` script outside the repository and returns its path.
    pub fn script(&self, name: &str, script: &str) -> String {
        let path = self.folder("scripts").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_string_lossy().into_owned()
    }

    /// Makes the script the agent of every run from now on. Each step is tried once.
    #[must_use]
    pub fn with_agent(self, script: &str) -> Sandbox {
        let path = self.agent(script);
        self.with("AIFACTORY_TEST_AGENT_CMD", path).with("AIFACTORY_RUN_ATTEMPTS", "1")
    }

    /// A folder in which scripts leave the ids of their processes.
    pub fn marks(&self) -> Marks {
        Marks(self.folder("marks"))
    }
}

pub struct Marks(PathBuf);

impl Marks {
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Shell text that records the process that runs it.
    pub fn here(&self) -> String {
        format!("echo $$ > {}/$$", self.0.display())
    }

    pub fn pids(&self) -> Vec<u32> {
        let names = fs::read_dir(&self.0).unwrap().flatten();
        names.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }

    pub fn alive(&self) -> Vec<u32> {
        self.pids().into_iter().filter(|pid| is_alive(*pid)).collect()
    }
}

/// A process that is there and not just waiting to be collected.
pub fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}
