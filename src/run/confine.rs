//! What an agent or a gate may use and where it may write, from the settings.
//!
//! Everything that runs code from a worktree is confined in the same way: setup commands and gates run what an agent
//! wrote. Within a sandbox the machine is read-only but for the worktree, what git needs for a commit on the task's own
//! branch, the inbox of the run, and the folders that the person or the agent's record names. Git's configuration and
//! hooks, the target and the state stay out of reach; branches of other tasks do not, where they lie in the same folder as
//! the task's own, for git makes its locks there: the template `aifactory/{id}/{slug}` gives each a folder.

use crate::config::Settings;
use crate::error::{Context, Error, Result};
use crate::git::{Repository, TIES, unknown_worktree};
use crate::process::{Confinement, Ended, Resources, Sandbox};
use crate::run::event::{Reporter, RunEventKind};
use crate::tasks::Project;
use std::path::{Path, PathBuf};

/// Whose sandbox it is.
pub struct Confined<'a> {
    pub project: &'a Project,
    pub worktree: &'a Path,
    /// The branch that it may commit to.
    pub branch: Option<&'a str>,
    pub run_folder: &'a Path,
    pub own_program: &'a Path,
    /// Files below the home folder that an agent keeps its log-in in; it may change all that lies beside them.
    pub login_files: &'a [String],
}

pub fn resources(settings: &Settings) -> Resources {
    let number = |name: &str| Some(settings.number(name)).filter(|limit| *limit > 0);
    Resources {
        memory: settings.size("limit.memory"),
        processes: number("limit.processes"),
        cpu: Some(settings.duration("limit.cpu")).filter(|limit| !limit.is_zero()),
        files: number("limit.files"),
    }
}

impl Confined<'_> {
    /// Nothing where no sandbox is wanted.
    pub fn confinement(&self) -> Result<Option<Confinement>> {
        let settings = &self.project.settings;
        let sandbox = match settings.text("sandbox.kind") {
            "bwrap" => Sandbox::Bwrap,
            "landlock" => Sandbox::Landlock,
            _ => return Ok(None),
        };
        let repository = self.project.repository();
        let git = GitFolders::of(repository, self.worktree, self.branch)?;
        let mut writable = vec![self.worktree.to_owned(), self.run_folder.join("inbox")];
        writable.extend(git.writable);
        writable.extend(self.own_folders());
        for text in settings.list("sandbox.writable") {
            writable.push(self.named("sandbox.writable", &text)?);
        }
        let mut readable = vec![repository.common_dir().to_owned(), self.own_program.to_owned()];
        for text in settings.list("sandbox.readable") {
            readable.push(self.named("sandbox.readable", &text)?);
        }
        readable.extend(repository.main_root());
        readable.extend(self.project.host.env.home());
        let network = settings.text("sandbox.network") != "off";
        Ok(Some(Confinement { sandbox, writable, readable, protected: git.protected, network }))
    }

    /// Where the agent keeps its log-in and its conversations. A login file right in the home folder stands for itself.
    fn own_folders(&self) -> Vec<PathBuf> {
        let Some(home) = self.project.host.env.home() else { return Vec::new() };
        let folder = |file: &String| {
            let path = home.join(file.trim_start_matches("~/"));
            path.parent().filter(|parent| *parent != home).map_or(path.clone(), Path::to_owned)
        };
        self.login_files.iter().map(folder).collect()
    }

    /// A path as a person wrote it.
    fn named(&self, setting: &str, text: &str) -> Result<PathBuf> {
        let home = self.project.host.env.home();
        let path = match (text.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        };
        match path.is_absolute() && path.exists() {
            true => Ok(path),
            false => Err(Error::usage(format!("{setting} names {text}, which is no folder or file here"))
                .hint(format!("mkdir -p {}", path.display()))
                .hint("it is written from the root or from ~/")),
        }
    }
}

/// What git has to change for a commit in a linked worktree.
struct GitFolders {
    writable: Vec<PathBuf>,
    protected: Vec<PathBuf>,
}

impl GitFolders {
    fn of(repository: &Repository, worktree: &Path, branch: Option<&str>) -> Result<GitFolders> {
        let common = repository.common_dir();
        let admin = repository.find_admin_folder(worktree)?.ok_or_else(|| unknown_worktree(worktree))?;
        let mut writable = vec![admin.clone(), common.join("objects")];
        if let Some(branch) = branch {
            // The folder of the branch, where git makes a lock beside it; branches in other folders are out of reach.
            let folder = Path::new("refs/heads").join(Path::new(branch).parent().unwrap_or(Path::new("")));
            for path in [common.join(&folder), common.join("logs").join(&folder)] {
                std::fs::create_dir_all(&path).context(|| format!("cannot make {}", path.display()))?;
                writable.push(path);
            }
            // In this format all refs are in one place.
            writable.push(common.join("reftable"));
        }
        let protected = TIES.map(|name| admin.join(name)).to_vec();
        Ok(GitFolders { writable, protected })
    }
}

/// Tells what was not limited as wanted.
pub fn tell_missed(ended: &Ended, reporter: &Reporter) {
    for missed in &ended.limits_missed {
        reporter.tell(RunEventKind::Note { text: format!("limit.{missed}") });
    }
}

/// The limits that were hit, as a line for people.
pub fn hits_text(ended: &Ended) -> Option<String> {
    let names: Vec<String> = ended.limits_hit.iter().map(|limit| format!("limit.{limit}")).collect();
    (!names.is_empty()).then(|| format!("it ran into {}", names.join(" and ")))
}
