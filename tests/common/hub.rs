//! Several machines, each with a home and a clone of its own, and the repository that they share.

use super::{Ran, STATE, Sandbox};
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A bare repository with one commit on `main`.
pub struct Hub(Sandbox);

impl Deref for Hub {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.0
    }
}

impl Hub {
    pub fn new() -> Hub {
        Hub::of(Sandbox::empty())
    }

    /// For programs that run side by side for long: clock and chance are real on every machine.
    pub fn in_real_time() -> Hub {
        Hub::of(Sandbox::empty().in_real_time())
    }

    fn of(sandbox: Sandbox) -> Hub {
        let hub = Hub(sandbox.with_repository(&["--bare"]));
        let blob = hub.git_with_input(&["hash-object", "-w", "--stdin"], b"# A project\n");
        let tree = hub.git_with_input(&["mktree"], format!("100644 blob {}\tREADME.md\n", blob.trim()).as_bytes());
        let commit = hub.git(&["commit-tree", tree.trim(), "-m", "README.md"]);
        hub.git(&["update-ref", "refs/heads/main", commit.trim()]);
        hub.git(&["config", "uploadpack.allowFilter", "true"]);
        hub
    }

    pub fn url(&self) -> String {
        format!("file://{}", self.repo().display())
    }

    /// A machine with a fresh clone in which nothing of ours was called.
    pub fn machine(&self, name: &str) -> Sandbox {
        self.machine_with(name, &[])
    }

    /// `options` go to `git clone`.
    pub fn machine_with(&self, name: &str, options: &[&str]) -> Sandbox {
        let machine = self.bare_machine(name);
        fs::remove_dir(machine.repo()).unwrap();
        let (url, folder) = (self.url(), machine.repo().display().to_string());
        let clone = [&["clone", "--quiet"], options, &[&url, &folder]].concat();
        machine.git_at(machine.root(), &clone);
        machine
    }

    /// A machine with an empty folder.
    pub fn bare_machine(&self, name: &str) -> Sandbox {
        let mut person = name.to_owned();
        person[..1].make_ascii_uppercase();
        let machine = Sandbox {
            _folder: Arc::clone(&self._folder),
            root: self.folder("machines").join(name),
            commands: Arc::clone(&self.commands),
            environment: vec![("AIFACTORY_TEST_HOST".to_owned(), format!("{name}-box"))],
            in_real_time: self.in_real_time,
        };
        machine.furnish(&person);
        machine
    }

    /// The machine where the project began and was first published.
    pub fn first(&self, name: &str) -> Sandbox {
        let machine = self.machine(name);
        machine.ok(&["init", "--yes"]);
        machine.ok(&["sync"]);
        machine
    }

    /// A machine that took the state over.
    pub fn joined(&self, name: &str) -> Sandbox {
        let machine = self.machine(name);
        machine.ok(&["sync"]);
        machine
    }

    /// Every push runs this `sh` script first; standard input has a line `old new ref` for each ref.
    pub fn set_hook(&self, script: &str) {
        let path = self.hook();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn remove_hook(&self) {
        fs::remove_file(self.hook()).unwrap();
    }

    fn hook(&self) -> PathBuf {
        let folder = self.repo().join("hooks");
        fs::create_dir_all(&folder).unwrap();
        folder.join("pre-receive")
    }

    /// Nobody finds the repository any more.
    pub fn vanish(&self) {
        fs::rename(self.repo(), self.root().join("away")).unwrap();
    }

    pub fn come_back(&self) {
        fs::rename(self.root().join("away"), self.repo()).unwrap();
    }

    /// Every machine has exactly what is here.
    #[track_caller]
    pub fn assert_same(&self, machines: &[&Sandbox]) {
        let here = self.commit_of(&format!("{STATE}^{{tree}}"));
        for machine in machines {
            let there = machine.commit_of(&format!("{STATE}^{{tree}}"));
            assert_eq!(there, here, "{} differs", machine.root().display());
        }
    }
}

impl Sandbox {
    /// A process of anybody works in the repository.
    pub fn is_busy(&self) -> bool {
        let folder = self.git_dir();
        let is_here = |process: &Path| {
            let named = fs::read(process.join("cmdline")).unwrap_or_default();
            fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(self.repo()))
                || String::from_utf8_lossy(&named).contains(&*folder.to_string_lossy())
        };
        fs::read_dir("/proc").unwrap().flatten().any(|process| is_here(&process.path()))
    }

    /// Every ref with what it points to.
    pub fn refs(&self) -> String {
        self.git(&["for-each-ref", "--format=%(refname) %(objectname)"])
    }

    /// The titles of all tasks, sorted.
    #[track_caller]
    pub fn titles(&self) -> Vec<String> {
        let listed = self.json(&["list", "--all"]);
        let tasks = listed["tasks"].as_array().unwrap_or_else(|| panic!("{listed}"));
        let mut titles: Vec<String> = tasks.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect();
        titles.sort();
        titles
    }

    #[track_caller]
    pub fn new_task(&self, title: &str) -> String {
        self.ok(&["new", title]).trim().to_owned()
    }

    /// `aifactory sync`, which must succeed.
    #[track_caller]
    pub fn sync(&self) -> Ran {
        let ran = self.run(&["sync"]);
        assert_eq!(ran.status, 0, "{}", self.redact(&ran.all()));
        ran
    }
}
