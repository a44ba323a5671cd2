//! Imports into a repository of their own, by what they read.

mod back;
mod folders;
mod lists;
mod sources;

use super::*;
use crate::git::Oid;
use crate::host::{Environment, Host};
use crate::model::todo::Mark;
use crate::model::{Approval, Change, Priority, Reason, Risk, Status, Task, TextFile};
use crate::process::Invocation;
use crate::store::Vouch;
use crate::tasks::{TextOutcome, approve, cancel, ready, replace_text, retry};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A new repository with an empty state, and nothing of the machine it is on.
struct Sandbox {
    folder: tempfile::TempDir,
    project: Project,
}

impl Sandbox {
    fn new() -> Sandbox {
        Sandbox::with(&[])
    }

    fn with(variables: &[(&str, &str)]) -> Sandbox {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let top = folder.path().join("repo");
        fs::create_dir(&top).unwrap();
        let git = Invocation::new("git").args(["init", "--quiet", "--initial-branch=main"]).current_dir(&top);
        git.env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").run_ok().unwrap();
        let fixed = [
            ("HOME", home),
            ("XDG_CONFIG_HOME", home),
            ("GIT_AUTHOR_EMAIL", "ana@example.org"),
            ("AIFACTORY_TEST_CLOCK", "1700000000000"),
            ("AIFACTORY_TEST_SEED", "7"),
        ];
        let variables = fixed.iter().chain(variables).copied();
        let project = Project::open(&Host::new(Environment::from_pairs(variables)), &top, None).unwrap();
        assert!(project.store.begin().unwrap());
        Sandbox { folder, project }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("repo").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn request(&self, name: &str) -> ImportRequest {
        ImportRequest {
            place: self.path(name),
            kind: if self.path(name).is_dir() { ImportKind::Folder } else { ImportKind::Todo },
            dry_run: false,
        }
    }

    fn import(&self, name: &str) -> Imported {
        import(&self.project, &self.request(name)).unwrap()
    }

    /// Imports a TODO.md with this text, which must not cause a warning.
    fn todo(&self, text: &str) -> Imported {
        self.write("TODO.md", text);
        let imported = self.import("TODO.md");
        assert_eq!(imported.warnings, [""; 0]);
        imported
    }

    fn head(&self) -> Oid {
        self.project.store.find_head().unwrap().unwrap()
    }

    fn task(&self, id: &TaskId) -> Task {
        self.project.store.snapshot().unwrap().task(id).unwrap()
    }

    fn tasks(&self, ids: &[TaskId]) -> Vec<Task> {
        ids.iter().map(|id| self.task(id)).collect()
    }

    fn text(&self, id: &TaskId, file: TextFile) -> String {
        self.project.store.snapshot().unwrap().text(id, file).unwrap()
    }

    fn event(&self, id: &TaskId, change: &Change) {
        let author = self.project.person();
        let written = self.project.store.transact(&author, "test", |_, changes| {
            changes.event(id, change.clone());
            Ok(())
        });
        written.unwrap();
    }

    fn claim(&self, id: &TaskId) {
        let claimed =
            Change::Claimed { claim: 1, host: "mill".into(), lease_seconds: 60, branch: "b".into(), live: None };
        self.event(id, &claimed);
    }

    fn edit(&self, id: &TaskId, file: TextFile, text: &str) {
        assert_eq!(replace_text(&self.project, id, file, text, None).unwrap(), TextOutcome::Written);
    }

    /// What the marks are after writing back, and which lines that changed.
    fn write_back(&self) -> Vec<(usize, Mark)> {
        write_back(&self.project, &self.path("TODO.md")).unwrap().lines
    }
}

fn titles(tasks: &[Task]) -> Vec<&str> {
    tasks.iter().map(|task| task.title.as_str()).collect()
}

fn statuses(tasks: &[Task]) -> Vec<Status> {
    tasks.iter().map(|task| task.status).collect()
}
