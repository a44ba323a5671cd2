//! Ends a set of processes that may grow while it is being ended: SIGTERM, a grace, then SIGKILL until nothing is left.
//!
//! Who belongs to the set, and how it is known that nothing is left, is the caller's ([`Targets`]). Whole process
//! groups are killed at once, which no member escapes by forking. Rounds are bounded: what survives is returned, never
//! hidden.

#![allow(clippy::disallowed_methods, reason = "the process layer measures real time")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open, pidfd_send_signal};

use super::proc_fs::{Identity, Process, Snapshot};

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// With the pauses between them about five seconds: a killed process that lives longer is stuck in the kernel.
const KILL_ROUNDS: u32 = 25;
/// How often a round looks again at once because new processes keep appearing.
const LOOKS_PER_ROUND: u32 = 10;

pub trait Targets {
    /// Those of `all` that are to be ended.
    fn choose(&self, all: &Snapshot) -> Vec<Process>;
    /// Whether this one is asked to end before it is made to.
    fn asks(&self, _process: &Process) -> bool {
        true
    }
    /// Ends all of them at a stroke, where the kernel can do that.
    fn kill_at_once(&self) {}
    /// Waits up to `pause` and tells whether nothing is left.
    fn gone_within(&mut self, pause: Duration) -> bool;
}

#[must_use]
pub struct Outcome {
    /// Everything that was sent a signal.
    pub signalled: BTreeSet<Identity>,
    pub survivors: Vec<Process>,
}

pub fn end_all(targets: &mut impl Targets, grace: Duration) -> Outcome {
    let mut signalled = BTreeSet::new();
    let gone = targets.gone_within(Duration::ZERO)
        || ask_to_end(targets, grace, &mut signalled)
        || force_to_end(targets, &mut signalled);
    let survivors = if gone { Vec::new() } else { targets.choose(&Snapshot::take()) };
    Outcome { signalled, survivors }
}

/// Each process is asked once, and the ones born meanwhile as soon as they are seen.
fn ask_to_end(targets: &mut impl Targets, grace: Duration, signalled: &mut BTreeSet<Identity>) -> bool {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        for process in targets.choose(&Snapshot::take()) {
            if signalled.insert(process.identity) && targets.asks(&process) {
                send(process.identity, Signal::TERM);
                // A suspended process could not act on the request.
                send(process.identity, Signal::CONT);
            }
        }
        let left = grace.saturating_sub(started.elapsed());
        if targets.gone_within(pause.min(left)) {
            return true;
        }
        if left.is_zero() {
            return false;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn force_to_end(targets: &mut impl Targets, signalled: &mut BTreeSet<Identity>) -> bool {
    let mut pause = FIRST_PAUSE;
    (0..KILL_ROUNDS).any(|_| {
        kill_while_new_ones_appear(targets, signalled);
        let gone = targets.gone_within(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
        gone
    })
}

fn kill_while_new_ones_appear(targets: &impl Targets, signalled: &mut BTreeSet<Identity>) {
    for _ in 0..LOOKS_PER_ROUND {
        let all = Snapshot::take();
        let chosen = targets.choose(&all);
        targets.kill_at_once();
        for group in all.groups_within(&chosen) {
            kill_group(group);
        }
        let mut new_ones = false;
        for process in &chosen {
            send(process.identity, Signal::KILL);
            new_ones |= signalled.insert(process.identity);
        }
        if !new_ones {
            return;
        }
    }
}

/// Signals exactly this process: never another one that got its pid, never the first process, never ourselves.
pub fn send(target: Identity, signal: Signal) {
    let Some(pid) = pid_of_another(target.pid) else { return };
    // The handle is opened before the start time is compared, so what is compared is what gets the signal.
    let handle = pidfd_open(pid, PidfdFlags::empty());
    if Process::find(target.pid).is_none_or(|found| found.identity != target) {
        return;
    }
    // A process that ended meanwhile is what was wanted; one we may not signal shows among the survivors.
    let _ = match handle {
        Ok(handle) => pidfd_send_signal(handle, signal),
        Err(_) => kill_process(pid, signal),
    };
}

fn kill_group(group: u32) {
    if let Some(group) = pid_of_another(group) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn pid_of_another(pid: u32) -> Option<Pid> {
    if pid <= 1 || pid == std::process::id() {
        return None;
    }
    Pid::from_raw(pid.try_into().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Child, Command};

    struct OneChild(Child);

    impl Targets for OneChild {
        fn choose(&self, all: &Snapshot) -> Vec<Process> {
            all.iter().filter(|process| process.pid() == self.0.id()).copied().collect()
        }

        fn gone_within(&mut self, pause: Duration) -> bool {
            std::thread::sleep(pause);
            self.0.try_wait().unwrap().is_some()
        }
    }

    fn sleeper() -> OneChild {
        OneChild(Command::new("sleep").arg("600").process_group(0).spawn().unwrap())
    }

    #[test]
    fn a_suspended_process_gets_to_act_on_the_request() {
        let mut child = sleeper();
        let identity = Process::find(child.0.id()).unwrap().identity;
        send(identity, Signal::STOP);
        let outcome = end_all(&mut child, Duration::from_secs(30));
        assert_eq!(outcome.signalled, BTreeSet::from([identity]));
        assert!(outcome.survivors.is_empty());
        assert_eq!(child.0.wait().unwrap().signal(), Some(15));
    }

    #[test]
    fn a_process_whose_start_time_differs_is_left_alone() {
        let mut child = sleeper();
        let mut identity = Process::find(child.0.id()).unwrap().identity;
        identity.start_time += 1;
        send(identity, Signal::KILL);
        identity.start_time -= 1;
        send(identity, Signal::TERM);
        assert_eq!(child.0.wait().unwrap().signal(), Some(15));
    }

    #[test]
    fn neither_the_first_process_nor_we_ourselves_can_be_meant() {
        assert!(pid_of_another(0).is_none());
        assert!(pid_of_another(1).is_none());
        assert!(pid_of_another(std::process::id()).is_none());
        assert!(pid_of_another(u32::MAX).is_none());
    }
}
