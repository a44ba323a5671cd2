//! What belongs to this clone alone: locks, the index, run folders, words a person gave on this machine.
//!
//! It lies in `aifactory/` below the git directory that all worktrees share. None of it is the truth about a task, so
//! all of it may be deleted but the person's words and `store.git`, which holds the state where the code's repository
//! cannot.

use crate::error::Result;
use crate::git::Repository;
use crate::host::Host;
use crate::host::files::{self, FileLock};
use crate::model::{Digest, EventId};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone)]
pub struct Local {
    root: PathBuf,
}

impl Local {
    pub fn of(repository: &Repository) -> Local {
        Local { root: repository.common_dir().join("aifactory") }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// One writer at a time in this clone. The swap of the ref stays the truth; the lock saves the retries.
    pub fn write_lock(&self) -> Result<FileLock> {
        FileLock::wait(&self.root.join("write.lock"))
    }

    pub fn lock(&self, name: &str) -> Result<FileLock> {
        FileLock::wait(&self.root.join(format!("{name}.lock")))
    }

    pub fn find_lock(&self, name: &str) -> Result<Option<FileLock>> {
        FileLock::attempt(&self.root.join(format!("{name}.lock")))
    }

    /// The name of this clone among all: the host's, and a few letters that no other clone has.
    pub fn clone_name(&self, host: &Host) -> Result<String> {
        let path = self.root.join("clone");
        let _lock = self.lock("clone")?;
        let letters = match files::load_text(&path)?.map(|text| text.trim().to_owned()).filter(|text| text.len() == 6) {
            Some(letters) => letters,
            None => {
                let letters = host.random_text(6);
                files::write_text(&path, &letters)?;
                letters
            }
        };
        let host: String = host.name().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
        Ok(format!("{}-{letters}", host.trim_matches('-')))
    }

    pub fn index_file(&self) -> PathBuf {
        self.root.join("index-6.db")
    }

    /// Vectors of notes, from a service of the person's choice.
    pub fn vectors_file(&self) -> PathBuf {
        self.root.join("vectors-1.db")
    }

    /// The settings of this clone.
    pub fn config_file(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    pub fn run_folder(&self, run: &EventId) -> PathBuf {
        self.runs().join(run.as_str())
    }

    /// The lock that a worker holds as long as it lives.
    pub fn session_lock(&self, session: &str) -> PathBuf {
        self.root.join("sessions").join(format!("{session}.lock"))
    }

    /// Remembers that a person on this machine said yes to exactly this.
    pub fn vouch(&self, for_what: Vouch, digest: &Digest) -> Result<()> {
        let path = self.vouch_file(for_what);
        let _lock = self.lock("vouch")?;
        // Every task that is made here adds one: the file is not read for that, and a digest may stand in it twice.
        files::append_line(&path, digest.as_str())
    }

    pub fn is_vouched(&self, for_what: Vouch, digest: &Digest) -> Result<bool> {
        let text = files::load_text(&self.vouch_file(for_what))?.unwrap_or_default();
        Ok(text.lines().any(|line| line == digest.as_str()))
    }

    fn vouch_file(&self, for_what: Vouch) -> PathBuf {
        self.root.join(match for_what {
            Vouch::Approved => "approved",
            Vouch::Written => "written",
            Vouch::Policy => "trusted",
            Vouch::FullAccess => "full-access",
            Vouch::Chosen => "chosen",
        })
    }
}

/// What a person's word on this machine was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouch {
    /// A spec and plan were approved here.
    Approved,
    /// A spec and plan were written here, so that a policy may approve them.
    Written,
    /// The commands of the project's policy were read and trusted here.
    Policy,
    /// Agents may run commands here without asking.
    FullAccess,
    /// A field of a task was given its value here.
    Chosen,
}
