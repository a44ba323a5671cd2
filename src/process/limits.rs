//! What a session may use of the machine.
//!
//! Memory and processes are limited by a kernel group where one can be had ([`cgroup`](super::cgroup)), CPU time by the
//! guardian, which knows what all of its descendants used. What is left is for limits that each process carries by
//! itself and hands down to its children. Of them, `RLIMIT_AS` is not used: runtimes such as those of Node, Go and Java
//! reserve far more addresses than they ever fill. `RLIMIT_DATA` counts only what can be written to, and they start
//! under it. `RLIMIT_NPROC` counts all that a user runs and does not bind root.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use rustix::process::{Resource as Kernel, Rlimit, getrlimit, getuid, setrlimit};
use serde::{Deserialize, Serialize};

use super::proc_fs;

/// The guardian, which counts all processes, is to be first: it can say why it ended them.
const CPU_LEAD_SECONDS: u64 = 2;
/// Between the signal that says that the CPU time of a process is used up and the one that ends it.
const CPU_GRACE_SECONDS: u64 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    Memory,
    Processes,
    Cpu,
    Files,
}

/// What all processes of a session may use together; nothing means as much as there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Bytes.
    pub memory: Option<u64>,
    /// Processes and threads at one time.
    pub processes: Option<u64>,
    pub cpu: Option<Duration>,
    /// Files that each process may have open.
    pub files: Option<u64>,
}

impl Resource {
    pub fn word(self) -> &'static str {
        match self {
            Resource::Memory => "memory",
            Resource::Processes => "processes",
            Resource::Cpu => "cpu",
            Resource::Files => "files",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Limits of single processes, set by a program on itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessLimits {
    memory: Option<u64>,
    processes: Option<u64>,
    cpu_seconds: Option<u64>,
    files: Option<u64>,
}

impl ProcessLimits {
    /// What is left of `wanted` when groups hold those in `held`, and what is to be told about it.
    pub fn besides(wanted: &Resources, held: &BTreeSet<Resource>) -> (ProcessLimits, Vec<String>) {
        let mut told = Vec::new();
        let memory = wanted.memory.filter(|_| !held.contains(&Resource::Memory));
        if memory.is_some() {
            told.push("memory: there is no memory group (cgroup) here, so it holds for each process by itself".into());
        }
        let mut processes = wanted.processes.filter(|_| !held.contains(&Resource::Processes));
        if processes.is_some() && getuid().is_root() {
            processes = None;
            told.push("processes: there is no pids group (cgroup) here, and root has no other limit".into());
        } else if processes.is_some() {
            told.push("processes: there is no pids group (cgroup) here, so all that this user starts counts".into());
        }
        let limits = ProcessLimits {
            memory,
            processes: processes.map(|most| most.saturating_add(proc_fs::threads_of_our_user())),
            cpu_seconds: wanted.cpu.map(|cpu| (cpu.as_secs_f64().ceil() as u64).saturating_add(CPU_LEAD_SECONDS)),
            files: wanted.files,
        };
        (limits, told)
    }

    pub fn is_empty(&self) -> bool {
        *self == ProcessLimits::default()
    }

    /// Limits this very process and all that it will start. What could not be set is returned.
    pub fn apply(&self) -> Vec<String> {
        let table = [
            (Resource::Memory, Kernel::Data, self.memory, 0),
            (Resource::Processes, Kernel::Nproc, self.processes, 0),
            (Resource::Cpu, Kernel::Cpu, self.cpu_seconds, CPU_GRACE_SECONDS),
            (Resource::Files, Kernel::Nofile, self.files, 0),
        ];
        let set = |(resource, kernel, wanted, grace): (Resource, Kernel, Option<u64>, u64)| {
            let wanted = wanted?;
            let error = lower(kernel, wanted, wanted.saturating_add(grace)).err()?;
            Some(format!("{resource}: the limit could not be set: {error}"))
        };
        table.into_iter().filter_map(set).collect()
    }
}

/// A limit that holds already is never raised.
fn lower(kernel: Kernel, soft: u64, hard: u64) -> rustix::io::Result<()> {
    let maximum = getrlimit(kernel).maximum.map_or(hard, |known| known.min(hard));
    setrlimit(kernel, Rlimit { current: Some(soft.min(maximum)), maximum: Some(maximum) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_group_holds_no_process_has_to_carry() {
        let wanted = Resources { memory: Some(1 << 30), files: Some(50), ..Resources::default() };
        let (limits, told) = ProcessLimits::besides(&wanted, &BTreeSet::from([Resource::Memory]));
        assert_eq!(limits, ProcessLimits { files: Some(50), ..ProcessLimits::default() });
        assert_eq!(told, [""; 0]);
        let (limits, told) = ProcessLimits::besides(&wanted, &BTreeSet::new());
        assert_eq!((limits.memory, told.len()), (Some(1 << 30), 1));
    }

    #[test]
    fn no_limits_are_nothing_to_carry() {
        assert!(ProcessLimits::besides(&Resources::default(), &BTreeSet::new()).0.is_empty());
    }

    #[test]
    fn single_processes_get_a_little_more_cpu_time_than_all_together() {
        let wanted = Resources { cpu: Some(Duration::from_millis(1_200)), ..Resources::default() };
        assert_eq!(ProcessLimits::besides(&wanted, &BTreeSet::new()).0.cpu_seconds, Some(4));
    }
}
