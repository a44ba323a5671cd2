//! A kernel group (cgroup) for each session, where the machine lets us have one.
//!
//! A process cannot leave its group by losing its parents or its environment, so a group finds what a guardian that was
//! killed left behind; version 2 ends all of a group at a stroke. Limits of memory and processes hold for a group as a
//! whole. Groups are made below the one that we are in ourselves, so every limit that binds us binds the session.
//!
//! Only folders that carry the session's name and lie in a cgroup file system are ever touched. Machines may have
//! version 2, the older hierarchies, or both at once.

#![allow(clippy::disallowed_methods, reason = "the process layer waits for the kernel in real time")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::statfs;
use serde::{Deserialize, Serialize};

use super::folder;
use super::limits::{Resource, Resources};

const PREFIX: &str = "aifactory-";
const LONGEST_MARKER: usize = 100;
/// What `statfs` says of the file systems of both versions.
const FILE_SYSTEMS: [i64; 2] = [0x0027_e0eb, 0x6367_7270];
/// The kernel may still be busy with the last process of a group for an instant.
const REMOVAL_TRIES: u32 = 20;
const REMOVAL_PAUSE: Duration = Duration::from_millis(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Hierarchy {
    /// Version 2.
    Unified,
    /// Hierarchies of version 1.
    Pids,
    Memory,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Group {
    hierarchy: Hierarchy,
    path: PathBuf,
}

/// The groups of one session, one in each hierarchy that is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups(Vec<Group>);

/// Our own groups: where those of sessions can be made.
#[derive(Debug, Default)]
pub struct Places {
    unified: Option<PathBuf>,
    pids: Option<PathBuf>,
    memory: Option<PathBuf>,
}

impl Places {
    pub fn of_this_process() -> Places {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Places::parse(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"))
    }

    fn parse(own: &str, mounts: &str) -> Places {
        let mut places = Places::default();
        // `9:memory,hugetlb:/path`; the line of version 2 names no controller.
        for line in own.lines() {
            let Some((controllers, path)) = line.split_once(':').and_then(|(_, rest)| rest.split_once(':')) else {
                continue;
            };
            let has = |name: &str| controllers.split(',').any(|controller| controller == name);
            if controllers.is_empty() {
                places.unified = find_folder(mounts, "cgroup2", None, path);
            } else if has("pids") {
                places.pids = find_folder(mounts, "cgroup", Some("pids"), path);
            } else if has("memory") {
                places.memory = find_folder(mounts, "cgroup", Some("memory"), path);
            }
        }
        places
    }
}

/// Where the group `path` of a hierarchy is in the file system.
fn find_folder(mounts: &str, kind: &str, controller: Option<&str>, path: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (place, what) = line.split_once(" - ")?;
        let [_, _, _, root, mount_point] = place.split(' ').take(5).collect::<Vec<_>>().try_into().ok()?;
        let mut what = what.split(' ');
        let fits = what.next() == Some(kind)
            && controller.is_none_or(|name| what.nth(1).unwrap_or_default().split(',').any(|option| option == name));
        // A container may see only a part of the hierarchy; a name with blanks or the like is written in another way.
        let rest = Path::new(path).strip_prefix(root).ok().filter(|_| fits && !mount_point.contains('\\'))?;
        Some(Path::new(mount_point).join(rest))
    })
}

/// The folder of a session's group; nothing where its name does not do for one.
fn name_of(marker: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = !marker.is_empty() && marker.len() <= LONGEST_MARKER && marker.chars().all(is_plain);
    fits.then(|| format!("{PREFIX}{marker}"))
}

impl Groups {
    /// The groups that a session is to have. Nothing has been made yet, so that it can be written down first.
    pub fn plan(marker: &str, wanted: &Resources, places: &Places) -> Groups {
        let Some(name) = name_of(marker) else { return Groups::default() };
        let mut needed: Vec<&str> = Vec::new();
        needed.extend(wanted.memory.map(|_| "memory"));
        needed.extend(wanted.processes.map(|_| "pids"));
        let unified = places.unified.as_deref().map(|own| unified_place(own, &needed));
        let has = |controller: &str| unified.is_some_and(|place| hands_down(place, controller));
        let mut groups = Vec::new();
        let mut add = |hierarchy, place: Option<&Path>| {
            groups.extend(place.map(|place| Group { hierarchy, path: place.join(&name) }));
        };
        add(Hierarchy::Unified, unified);
        if unified.is_none() || (wanted.processes.is_some() && !has("pids")) {
            add(Hierarchy::Pids, places.pids.as_deref());
        }
        if wanted.memory.is_some() && !has("memory") {
            add(Hierarchy::Memory, places.memory.as_deref());
        }
        Groups(groups)
    }

    /// Makes them, as far as we may, and says which limits they hold.
    pub fn make(self, wanted: &Resources, places: &Places) -> (Groups, BTreeSet<Resource>) {
        let mut held = BTreeSet::new();
        let made = self.0.into_iter().filter(|group| {
            let is_made = make_folder(&group.path).is_ok();
            if is_made {
                held.extend(group.limit(wanted, places.unified.as_deref()));
            }
            is_made
        });
        (Groups(made.collect()), held)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The folders that a process has to join.
    pub fn folders(&self) -> Vec<PathBuf> {
        self.0.iter().map(|group| group.path.clone()).collect()
    }

    /// Writes down in the run folder what is about to be made.
    pub fn write_down(&self, folder: &Path) -> io::Result<()> {
        folder::write(folder, folder::GROUPS, &self.0)
    }

    /// What was written down there, as far as it is the session's own.
    pub fn recall(folder: &Path, marker: &str) -> Groups {
        let written: Vec<Group> = folder::read(folder, folder::GROUPS).unwrap_or_default();
        let Some(name) = name_of(marker) else { return Groups::default() };
        Groups(written.into_iter().filter(|group| is_own(&group.path, &name)).collect())
    }

    /// The pids of all that is in them.
    pub fn members(&self) -> BTreeSet<u32> {
        let folders = self.0.iter().flat_map(|group| with_inner_groups(&group.path));
        let pids = folders.flat_map(|folder| {
            let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            text.lines().filter_map(|line| line.parse().ok()).collect::<Vec<u32>>()
        });
        pids.collect()
    }

    /// Kills all that is in them where the kernel does that in one step, and keeps the rest from starting anything new.
    pub fn kill(&self) {
        for group in &self.0 {
            let _ = match group.hierarchy {
                Hierarchy::Unified => put(&group.path, "cgroup.kill", "1"),
                Hierarchy::Pids => put(&group.path, "pids.max", "0"),
                Hierarchy::Memory => Ok(()),
            };
        }
    }

    /// The limits that something in them ran into.
    pub fn hits(&self) -> BTreeSet<Resource> {
        let mut hits = BTreeSet::new();
        for group in &self.0 {
            let counted = |file, name| count(&group.path, file, name) > 0;
            if counted("memory.events", "oom_kill") || counted("memory.oom_control", "oom_kill") {
                hits.insert(Resource::Memory);
            }
            if counted("pids.events", "max") {
                hits.insert(Resource::Processes);
            }
        }
        hits
    }

    /// The CPU time of everything that was ever in them, where the kernel counts it.
    pub fn cpu_time(&self) -> Option<Duration> {
        let group = self.0.iter().find(|group| group.hierarchy == Hierarchy::Unified)?;
        Some(Duration::from_micros(find_count(&group.path, "cpu.stat", "usage_usec")?))
    }

    /// Removes them, and those that the session made inside. What is not empty stays, and what is written down with it.
    pub fn remove(&self, folder: &Path) {
        let all_gone = self.0.iter().all(|group| remove_folders(&group.path));
        if all_gone {
            let _ = fs::remove_file(folder.join(folder::GROUPS));
        }
    }
}

impl Group {
    /// Sets the limits that this hierarchy has, and says which.
    fn limit(&self, wanted: &Resources, own: Option<&Path>) -> Vec<Resource> {
        let path = &self.path;
        match self.hierarchy {
            Hierarchy::Unified => {
                // Beside our own group instead of in it, limits of ours would not bind the session by themselves.
                let own = own.filter(|own| path.parent() != Some(own));
                let least =
                    |wanted: Option<u64>, file| wanted.into_iter().chain(own.and_then(|own| number(own, file))).min();
                let mut held = Vec::new();
                if set(path, "memory.max", least(wanted.memory, "memory.max")) {
                    // What is moved to the swap space would not count.
                    let _ = put(path, "memory.swap.max", "0");
                    held.extend(wanted.memory.map(|_| Resource::Memory));
                }
                if set(path, "pids.max", least(wanted.processes, "pids.max")) {
                    held.extend(wanted.processes.map(|_| Resource::Processes));
                }
                held
            }
            Hierarchy::Pids => Vec::from_iter(set(path, "pids.max", wanted.processes).then_some(Resource::Processes)),
            Hierarchy::Memory => {
                let is_set = set(path, "memory.limit_in_bytes", wanted.memory);
                // Memory and swap space together, where the kernel counts that.
                set(path, "memory.memsw.limit_in_bytes", wanted.memory.filter(|_| is_set));
                Vec::from_iter(is_set.then_some(Resource::Memory))
            }
        }
    }
}

/// Groups with processes in them cannot have limited ones below. Where limits are wanted, a group beside ours can have
/// them if ours has.
fn unified_place<'p>(own: &'p Path, needed: &[&str]) -> &'p Path {
    let gives = |place: &Path| needed.iter().all(|controller| hands_down(place, controller));
    match own.parent() {
        Some(parent) if !gives(own) && gives(parent) => parent,
        _ => own,
    }
}

fn hands_down(place: &Path, controller: &str) -> bool {
    let text = fs::read_to_string(place.join("cgroup.subtree_control")).unwrap_or_default();
    text.split_whitespace().any(|word| word == controller)
}

/// An empty one of an earlier session with the same name is replaced; one with processes in it is not ours to take.
fn make_folder(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_dir(path)?;
            fs::create_dir(path)
        }
        made => made,
    }
}

#[allow(clippy::unnecessary_cast, reason = "the kind of a file system is not an i64 on every machine")]
fn is_own(path: &Path, name: &str) -> bool {
    let is_straight = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let is_group = || statfs(path).is_ok_and(|found| FILE_SYSTEMS.contains(&(found.f_type as i64)));
    path.is_absolute() && is_straight && path.file_name().is_some_and(|found| found == name) && is_group()
}

/// A group and all below it, the inner ones last.
fn with_inner_groups(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    let mut next = 0;
    while let Some(folder) = found.get(next) {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let inner: Vec<PathBuf> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .collect();
        found.extend(inner);
        next += 1;
    }
    found
}

fn remove_folders(path: &Path) -> bool {
    for _ in 0..REMOVAL_TRIES {
        for folder in with_inner_groups(path).iter().rev() {
            let _ = fs::remove_dir(folder);
        }
        if !path.exists() {
            return true;
        }
        thread::sleep(REMOVAL_PAUSE);
    }
    false
}

/// False where there is nothing to set or the group has no such limit.
fn set(group: &Path, file: &str, value: Option<u64>) -> bool {
    value.is_some_and(|value| put(group, file, &value.to_string()).is_ok())
}

/// Never makes a file: what the kernel does not offer is not there.
fn put(group: &Path, file: &str, value: &str) -> io::Result<()> {
    fs::File::options().write(true).open(group.join(file))?.write_all(value.as_bytes())
}

/// Moves this very process into a group.
pub fn join(group: &Path) -> io::Result<()> {
    put(group, "cgroup.procs", "0")
}

/// A file with one number; `max` is none.
fn number(group: &Path, file: &str) -> Option<u64> {
    fs::read_to_string(group.join(file)).ok()?.trim().parse().ok()
}

fn count(group: &Path, file: &str, name: &str) -> u64 {
    find_count(group, file, name).unwrap_or_default()
}

/// One number of a file with a name and a number in each line.
fn find_count(group: &Path, file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(group.join(file)).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &str = "25 24 0:22 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n\
        26 24 0:23 /job /sys/fs/cgroup/memory rw - cgroup cgroup rw,hugetlb,memory\n\
        27 24 0:24 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

    fn wanted(memory: u64, processes: u64) -> Resources {
        let limit = |number| Some(number).filter(|number| *number > 0);
        Resources { memory: limit(memory), processes: limit(processes), ..Resources::default() }
    }

    /// A folder with files as the kernel would show them.
    fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn hierarchies(groups: &Groups) -> Vec<Hierarchy> {
        groups.0.iter().map(|group| group.hierarchy).collect()
    }

    #[test]
    fn our_own_groups_are_found_in_every_hierarchy() {
        let places = Places::parse("4:memory,hugetlb:/job/a\n8:pids:/\n0::/user/x\n1:cpu:/y\n", BOTH);
        assert_eq!(places.unified, Some("/sys/fs/cgroup/unified/user/x".into()));
        assert_eq!(places.pids, Some("/sys/fs/cgroup/pids/".into()));
        assert_eq!(places.memory, Some("/sys/fs/cgroup/memory/a".into()));
        let outside = Places::parse("4:memory:/elsewhere\nnonsense\n::\n", "1 2 3\n");
        assert_eq!((outside.memory, outside.unified), (None, None));
    }

    #[test]
    fn only_plain_names_make_a_group() {
        assert_eq!(name_of("01ab-c.d"), Some("aifactory-01ab-c.d".into()));
        let long = "a".repeat(LONGEST_MARKER + 1);
        for marker in ["", "a/b", "a b", "ä", "a\n", &long] {
            assert_eq!(name_of(marker), None, "{marker}");
        }
        // What such a name could still mean is a folder of ours.
        assert_eq!(name_of(".."), Some("aifactory-..".into()));
    }

    #[test]
    fn older_hierarchies_are_used_for_what_version_2_does_not_give() {
        let unified = folder_with(&[("cgroup.subtree_control", "cpu\n")]);
        let places = || Places {
            unified: Some(unified.path().into()),
            pids: Some("/pids".into()),
            memory: Some("/memory".into()),
        };
        use Hierarchy::{Memory, Pids, Unified};
        assert_eq!(hierarchies(&Groups::plan("m", &wanted(0, 0), &places())), [Unified]);
        assert_eq!(hierarchies(&Groups::plan("m", &wanted(9, 9), &places())), [Unified, Pids, Memory]);
        let old = Places { unified: None, ..places() };
        assert_eq!(hierarchies(&Groups::plan("m", &wanted(0, 0), &old)), [Pids]);
        fs::write(unified.path().join("cgroup.subtree_control"), "memory pids\n").unwrap();
        assert_eq!(hierarchies(&Groups::plan("m", &wanted(9, 9), &places())), [Unified]);
        assert!(Groups::plan("no/name", &wanted(9, 9), &places()).is_empty());
    }

    #[test]
    fn a_limited_group_is_made_beside_ours_only_where_it_cannot_be_inside() {
        let parent = folder_with(&[("cgroup.subtree_control", "memory pids\n")]);
        let own = parent.path().join("own");
        fs::create_dir(&own).unwrap();
        fs::write(own.join("cgroup.subtree_control"), "\n").unwrap();
        assert_eq!(unified_place(&own, &[]), own);
        assert_eq!(unified_place(&own, &["memory"]), parent.path());
        fs::write(parent.path().join("cgroup.subtree_control"), "pids\n").unwrap();
        assert_eq!(unified_place(&own, &["memory"]), own);
    }

    #[test]
    fn a_group_beside_ours_keeps_to_our_own_limits() {
        let own = folder_with(&[("memory.max", "500\n"), ("pids.max", "max\n")]);
        let folder = folder_with(&[("memory.max", ""), ("pids.max", ""), ("memory.swap.max", "")]);
        let group = Group { hierarchy: Hierarchy::Unified, path: folder.path().into() };
        let held = group.limit(&wanted(900, 40), Some(own.path()));
        assert_eq!(held, [Resource::Memory, Resource::Processes]);
        let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(
            (read("memory.max"), read("pids.max"), read("memory.swap.max")),
            ("500".into(), "40".into(), "0".into())
        );
    }

    #[test]
    fn a_limit_that_the_group_does_not_have_is_not_held() {
        let folder = folder_with(&[("memory.limit_in_bytes", "")]);
        let group = |hierarchy| Group { hierarchy, path: folder.path().into() };
        assert_eq!(group(Hierarchy::Unified).limit(&wanted(9, 9), None), []);
        assert_eq!(group(Hierarchy::Pids).limit(&wanted(9, 9), None), []);
        assert_eq!(group(Hierarchy::Memory).limit(&wanted(9, 9), None), [Resource::Memory]);
        assert!(!folder.path().join("pids.max").exists());
    }

    #[test]
    fn what_was_hit_is_read_from_the_counters_of_both_versions() {
        let hits = |file, text| {
            let folder = folder_with(&[(file, text)]);
            Groups(vec![Group { hierarchy: Hierarchy::Unified, path: folder.path().into() }]).hits()
        };
        assert_eq!(hits("memory.events", "oom 4\noom_kill 1\noom_group_kill 0\n"), BTreeSet::from([Resource::Memory]));
        assert_eq!(hits("memory.oom_control", "under_oom 0\noom_kill 2\n"), BTreeSet::from([Resource::Memory]));
        assert_eq!(hits("pids.events", "max 3\n"), BTreeSet::from([Resource::Processes]));
        assert_eq!(hits("memory.events", "oom_kill 0\noom_kill_x 7\n"), BTreeSet::new());
    }

    #[test]
    fn a_folder_that_is_no_group_is_never_ours() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("aifactory-m");
        fs::create_dir(&inner).unwrap();
        let written = Groups(vec![Group { hierarchy: Hierarchy::Unified, path: inner }]);
        written.write_down(folder.path()).unwrap();
        assert!(Groups::recall(folder.path(), "m").is_empty());
        for path in ["/sys/fs/cgroup", "aifactory-m", "/sys/fs/cgroup/../aifactory-m", "/sys/fs/cgroup/other"] {
            assert!(!is_own(Path::new(path), "aifactory-m"), "{path}");
        }
    }
}
