//! Waiting for what other processes do: a condition with a deadline, never a plain sleep.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(60);

/// Looks again and again until the condition holds.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < DEADLINE, "it did not come to pass: {what}");
        std::thread::sleep(Duration::from_micros(300));
    }
}

/// A process that goes on while the test looks; killed when it is dropped.
pub struct Spawned(pub Child);

pub fn spawned(command: &mut Command) -> Spawned {
    Spawned(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

impl Spawned {
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// SIGKILL, to this process alone.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// How it ended by itself.
    pub fn wait(mut self) -> Option<i32> {
        eventually("the command ends", || self.has_ended());
        self.0.try_wait().unwrap().and_then(|status| status.code())
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Numbers that look random and are the same every time.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}
