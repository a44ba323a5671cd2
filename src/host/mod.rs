//! What the machine gives us: time, randomness, environment, identity, files.
//!
//! Everything that differs from one run to the next enters here and nowhere else, so that tests can fix it: with
//! `AIFACTORY_TEST_CLOCK` (milliseconds since the epoch) the clock starts there and steps by one millisecond a reading,
//! and with `AIFACTORY_TEST_SEED` ids repeat. A [`Host`] is cheap to clone and is passed to whoever needs it.

#![allow(clippy::disallowed_methods, reason = "the host is the owner of clock, environment and machine")]

mod environment;
pub mod files;
pub mod memory;

pub use environment::Environment;

use crate::model::{Alphabet, EventId, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

#[derive(Clone)]
pub struct Host {
    pub env: Environment,
    clock: Arc<Clock>,
    random: Arc<Mutex<fastrand::Rng>>,
}

enum Clock {
    System,
    Stepped(AtomicU64),
}

impl Host {
    /// The machine this process runs on, as its environment describes it.
    pub fn from_process() -> Host {
        Host::new(Environment::from_process())
    }

    pub fn new(env: Environment) -> Host {
        let clock = match env.number("AIFACTORY_TEST_CLOCK") {
            Some(start) => Clock::Stepped(AtomicU64::new(start)),
            None => Clock::System,
        };
        let seed = env.number("AIFACTORY_TEST_SEED").unwrap_or_else(unpredictable_seed);
        Host { env, clock: Arc::new(clock), random: Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))) }
    }

    /// The same machine with another environment.
    #[must_use]
    pub fn with_environment(&self, env: Environment) -> Host {
        Host { env, clock: self.clock.clone(), random: self.random.clone() }
    }

    pub fn now(&self) -> Timestamp {
        match &*self.clock {
            Clock::Stepped(next) => Timestamp::from_millis(next.fetch_add(1, Ordering::Relaxed)),
            Clock::System => {
                let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                Timestamp::from_millis(since_epoch.map_or(0, |d| d.as_millis() as u64))
            }
        }
    }

    /// `length` random characters of the id alphabet.
    pub fn random_text(&self, length: usize) -> String {
        let mut random = self.random.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        (0..length).map(|_| Alphabet::digit(random.u8(..))).collect()
    }

    /// Something between 0 and 1.
    pub fn random_fraction(&self) -> f64 {
        self.random.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).f64()
    }

    /// A new event id: sorts by `at`, unique by its random tail.
    pub fn event_id(&self, at: Timestamp) -> EventId {
        EventId::new(at, &self.random_text(EventId::RANDOM))
    }

    /// The machine's name as people know it.
    pub fn name(&self) -> String {
        if let Some(name) = self.env.text("AIFACTORY_TEST_HOST") {
            return name;
        }
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        name.split('.').next().unwrap_or_default().to_owned()
    }
}

/// Ids must not repeat on any machine; the seed comes from the kernel, or from time and pid where it gives none.
fn unpredictable_seed() -> u64 {
    getrandom::u64().unwrap_or_else(|_| {
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        time.map_or(0, |d| d.as_nanos() as u64) ^ u64::from(std::process::id())
    })
}

/// The process itself: what it was called with, where it is, which program it is.
impl Host {
    pub fn arguments() -> Vec<std::ffi::OsString> {
        std::env::args_os().collect()
    }

    /// Goes to `folder`, as git's `-C` does, so that relative variables such as `GIT_DIR` mean the same as for git.
    pub fn enter(&self, folder: Option<&std::path::Path>) -> crate::error::Result<std::path::PathBuf> {
        use crate::error::{Context, Error};
        if let Some(folder) = folder {
            std::env::set_current_dir(folder)
                .map_err(|error| Error::usage(format!("cannot go to {}", folder.display())).caused_by(error))?;
        }
        std::env::current_dir().context(|| "the current folder is gone")
    }

    pub fn own_program(&self) -> crate::error::Result<std::path::PathBuf> {
        use crate::error::Context;
        std::env::current_exe().context(|| "cannot find the aifactory program itself")
    }
}

/// Time that only measures how long something takes.
impl Host {
    /// How long the machine has been running, asleep or not. Nobody can set this clock.
    pub fn uptime(&self) -> std::time::Duration {
        let since_boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        std::time::Duration::new(since_boot.tv_sec.unsigned_abs(), since_boot.tv_nsec.unsigned_abs() as u32)
    }

    /// Changes with every start of the machine: times of one boot say nothing in another.
    pub fn boot(&self) -> String {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        id.trim().to_owned()
    }

    pub fn monotonic(&self) -> std::time::Instant {
        std::time::Instant::now()
    }

    pub fn sleep(&self, time: std::time::Duration) {
        std::thread::sleep(time);
    }
}
