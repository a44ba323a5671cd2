//! What `/proc` says about processes, read without trust: any of them may be gone between two reads.
//!
//! Zombies are left out everywhere. A zombie runs nothing, its children already have another parent, and in a container
//! whose first process reaps nothing it would seem to live for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

/// A process for all its life: a pid alone may come to mean another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    pub pid: u32,
    /// Clock ticks since the boot.
    pub start_time: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    pub identity: Identity,
    pub parent: u32,
    pub group: u32,
}

/// When the process started, in clock ticks since the boot; `None` when it is gone or a zombie.
pub fn start_time(pid: u32) -> Option<u64> {
    Process::find(pid).map(|process| process.identity.start_time)
}

/// The id of this boot of the machine: start times of another boot mean nothing.
pub fn boot_id() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

impl Process {
    pub fn find(pid: u32) -> Option<Process> {
        parse_stat(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    pub fn pid(&self) -> u32 {
        self.identity.pid
    }

    /// Whether it runs as our user and was started with `entry` (`NAME=value`) in its environment.
    pub fn was_started_with(&self, entry: &[u8]) -> bool {
        let folder = format!("/proc/{}", self.pid());
        let is_ours = fs::metadata(&folder).is_ok_and(|found| found.uid() == rustix::process::geteuid().as_raw());
        is_ours
            && fs::read(format!("{folder}/environ"))
                .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|found| found == entry))
    }
}

/// The CPU time that all descendants of `root` have used so far, those included that have ended and were waited for.
pub fn cpu_time_of_descendants(root: u32) -> Duration {
    let ticks_of = |pid: u32| {
        let stat = fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Its own time in two parts, then that of its children.
        let ticks: Vec<u64> = fields(&stat).unwrap_or_default()[..]
            .iter()
            .skip(11)
            .take(4)
            .map_while(|field| field.parse().ok())
            .collect();
        <[u64; 4]>::try_from(ticks).unwrap_or_default()
    };
    let [_, _, reaped @ ..] = ticks_of(root);
    let living = Snapshot::take().descendants(&[root]).iter().flat_map(|process| ticks_of(process.pid())).sum::<u64>();
    let ticks = living + reaped.iter().sum::<u64>();
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// How many processes and threads our user has.
pub fn threads_of_our_user() -> u64 {
    let ours = rustix::process::getuid().as_raw();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_ours = |entry: &fs::DirEntry| {
        let is_process = entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok());
        is_process && entry.metadata().is_ok_and(|found| found.uid() == ours)
    };
    let threads = |entry: fs::DirEntry| {
        let stat = fs::read(entry.path().join("stat")).unwrap_or_default();
        fields(&stat).and_then(|fields| fields.get(17)?.parse::<u64>().ok()).unwrap_or(1)
    };
    entries.filter(is_ours).map(threads).sum()
}

/// The fields of `/proc/<pid>/stat` after the program's name, which is in parentheses and may itself hold blanks,
/// parentheses and bytes that are not UTF-8.
fn fields(stat: &[u8]) -> Option<Vec<&str>> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    Some(std::str::from_utf8(&stat[after_name..]).ok()?.split_ascii_whitespace().collect())
}

/// Reads a line of `/proc/<pid>/stat`; `None` for a zombie.
fn parse_stat(pid: u32, stat: &[u8]) -> Option<Process> {
    let fields = fields(stat)?;
    let [state, parent, group] = fields.get(..3)?.try_into().ok()?;
    let threads: u32 = fields.get(17)?.parse().ok()?;
    // When only the first thread has ended, the process shows as a zombie and is none.
    if state == "X" || (state == "Z" && threads <= 1) {
        return None;
    }
    let start_time = fields.get(19)?.parse().ok()?;
    Some(Process { identity: Identity { pid, start_time }, parent: parent.parse().ok()?, group: group.parse().ok()? })
}

/// All processes that one walk over `/proc` met. One that was born meanwhile may be missing.
pub struct Snapshot(Vec<Process>);

impl Snapshot {
    pub fn take() -> Snapshot {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Snapshot(pids.filter_map(Process::find).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Process> {
        self.0.iter()
    }

    /// Children of `roots`, their children, and so on, without the roots.
    pub fn descendants(&self, roots: &[u32]) -> Vec<Process> {
        let mut children: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
        for process in &self.0 {
            children.entry(process.parent).or_default().push(*process);
        }
        let mut found = Vec::new();
        let mut parents = roots.to_vec();
        // Taking the children out makes the walk end even if a snapshot torn by reused pids holds a circle.
        while let Some(parent) = parents.pop() {
            let family = children.remove(&parent).unwrap_or_default();
            parents.extend(family.iter().map(Process::pid));
            found.extend(family);
        }
        found
    }

    /// The process groups whose members are all among `chosen`.
    pub fn groups_within(&self, chosen: &[Process]) -> BTreeSet<u32> {
        let pids: BTreeSet<u32> = chosen.iter().map(Process::pid).collect();
        let mut groups: BTreeSet<u32> = chosen.iter().map(|process| process.group).collect();
        for process in self.0.iter().filter(|process| !pids.contains(&process.pid())) {
            groups.remove(&process.group);
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, parent: u32, group: u32) -> Process {
        let identity = Identity { pid, start_time: 1 };
        Process { identity, parent, group }
    }

    #[test]
    fn a_program_name_with_parentheses_and_blanks_does_not_shift_the_fields() {
        let stat = b"7 (a) S (b c) R 3 5 5 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4242 1000 1";
        let found = parse_stat(7, stat).unwrap();
        assert_eq!((found.parent, found.group, found.identity.start_time), (3, 5, 4242));
    }

    #[test]
    fn a_zombie_is_no_process_unless_other_threads_go_on() {
        let stat = |threads| format!("7 (a) Z 3 5 5 0 -1 0 1 0 0 0 0 0 0 0 20 0 {threads} 0 4242 0 0");
        assert_eq!(parse_stat(7, stat(1).as_bytes()), None);
        assert!(parse_stat(7, stat(2).as_bytes()).is_some());
    }

    #[test]
    fn descendants_are_found_at_any_depth_and_a_circle_ends() {
        let snapshot = Snapshot(vec![process(2, 1, 2), process(3, 2, 2), process(4, 3, 4), process(9, 1, 9)]);
        let mut found: Vec<u32> = snapshot.descendants(&[2]).iter().map(Process::pid).collect();
        found.sort_unstable();
        assert_eq!(found, [3, 4]);
        let circle = Snapshot(vec![process(2, 3, 2), process(3, 2, 2)]);
        assert_eq!(circle.descendants(&[2]).len(), 2);
    }

    #[test]
    fn a_group_shared_with_a_stranger_is_not_within_the_chosen() {
        let (a, b, stranger) = (process(2, 1, 2), process(3, 1, 7), process(4, 1, 7));
        let snapshot = Snapshot(vec![a, b, stranger]);
        assert_eq!(snapshot.groups_within(&[a, b]), BTreeSet::from([2]));
    }

    #[test]
    fn time_that_ended_children_used_is_counted() {
        let before = cpu_time_of_descendants(std::process::id());
        let script = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        crate::process::Invocation::new("sh").args(["-c", script]).run_ok().unwrap();
        assert!(cpu_time_of_descendants(std::process::id()) > before);
        assert!(threads_of_our_user() >= 1);
    }

    #[test]
    fn our_own_process_has_a_start_time_and_a_boot() {
        assert!(start_time(std::process::id()).is_some());
        assert_eq!(start_time(u32::MAX), None);
        assert!(boot_id().is_some_and(|id| id.len() == 36));
    }
}
