//! Linked worktrees: made, switched, inspected, cleaned, moved, removed. Only ever those that the caller names.

use super::checkout::Head;
use super::program::{git_in, text_in};
use super::{Expected, Identity, Oid, Repository, Swap};
use crate::error::{Context, Error, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a worktree holds right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorktreeState {
    pub head: Option<Oid>,
    /// Absent where HEAD is detached.
    pub branch: Option<String>,
    /// Changed and untracked files that are not ignored.
    pub dirty: Vec<String>,
}

pub struct Listed {
    pub path: PathBuf,
    pub branch: Option<String>,
}

impl Repository {
    /// A new worktree on a new branch that starts at `commit`.
    pub fn add_worktree(&self, path: &Path, branch: &str, commit: Oid) -> Result<()> {
        self.require_branch_at(branch, commit)?;
        self.check_out_new(path, Head::Branch(branch))
    }

    /// A new worktree on no branch.
    pub fn add_detached_worktree(&self, path: &Path, commit: Oid) -> Result<()> {
        self.check_out_new(path, Head::Detached(commit))
    }

    /// Creates the branch at `commit`; one that is there already stays where it is.
    fn require_branch_at(&self, branch: &str, commit: Oid) -> Result<()> {
        let name = format!("refs/heads/{branch}");
        if self.ref_target(&name)?.is_some() {
            return Ok(());
        }
        match self.swap_ref(&name, Expected::Absent, commit, "aifactory: branch for a task")? {
            Swap::Done => Ok(()),
            Swap::Refused | Swap::Locked => {
                Err(Error::failed(format!("the branch {branch} appeared while it was being created")))
            }
        }
    }

    /// Puts an existing, clean worktree on `branch`, which is created at `commit` where it does not exist.
    pub fn switch_worktree(&self, path: &Path, branch: &str, commit: Oid) -> Result<()> {
        self.require_branch_at(branch, commit)?;
        git_in(path, &["checkout", "--quiet", "--no-guess", branch, "--"]).run_ok()?;
        Ok(())
    }

    pub fn detach_worktree(&self, path: &Path, commit: Oid) -> Result<()> {
        let commit = commit.to_string();
        git_in(path, &["checkout", "--quiet", "--force", "--detach", &commit, "--"]).run_ok()?;
        Ok(())
    }

    /// Throws away everything in the worktree that is not in HEAD, ignored files too but for `keep`.
    pub fn clean_worktree(&self, path: &Path, keep: &[String]) -> Result<()> {
        git_in(path, &["reset", "--quiet", "--hard"]).run_ok()?;
        let mut clean = git_in(path, &["clean", "-ffdxq"]);
        for pattern in keep {
            clean = clean.arg("-e").arg(pattern);
        }
        clean.run_ok()?;
        Ok(())
    }

    /// Moves the worktree's branch back to `commit`. The caller has kept what is left behind.
    pub fn reset_worktree(&self, path: &Path, commit: Oid) -> Result<()> {
        git_in(path, &["reset", "--quiet", "--hard", &commit.to_string()]).run_ok()?;
        Ok(())
    }

    /// Throws away changes and new files that are not ignored.
    pub fn drop_changes(&self, path: &Path) -> Result<()> {
        // Not `reset`, which would lock the branch as well.
        git_in(path, &["read-tree", "--reset", "-u", "HEAD"]).run_ok()?;
        git_in(path, &["clean", "-ffdq"]).run_ok()?;
        Ok(())
    }

    pub fn worktree_state(&self, path: &Path) -> Result<WorktreeState> {
        let args =
            ["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--ignore-submodules=none"];
        let text = text_in(path, &args).context(|| format!("cannot read the worktree {}", path.display()))?;
        Ok(parse_status(&text))
    }

    /// All worktrees that git knows, the main one first.
    pub fn worktrees(&self) -> Result<Vec<Listed>> {
        let text = self.common_text(&["worktree", "list", "--porcelain", "-z"])?;
        Ok(parse_list(&text))
    }

    /// The worktree that has the branch checked out, if any.
    pub fn find_checkout(&self, branch: &str) -> Result<Option<PathBuf>> {
        let found = self.worktrees()?.into_iter().find(|listed| listed.branch.as_deref() == Some(branch));
        Ok(found.map(|listed| listed.path).filter(|path| path.exists()))
    }

    /// Files below `worktree` that git ignores and that the pattern file there asks for.
    pub fn ignored_files(&self, worktree: &Path, pattern_file: &str) -> Result<Vec<String>> {
        let list = |excludes: &str| -> Result<Vec<String>> {
            let text = text_in(worktree, &["ls-files", "-z", "--others", "--ignored", excludes])?;
            Ok(text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
        };
        let ignored: std::collections::BTreeSet<String> = list("--exclude-standard")?.into_iter().collect();
        let wanted = list(&format!("--exclude-from={pattern_file}"))?;
        Ok(wanted.into_iter().filter(|path| ignored.contains(path)).collect())
    }

    /// Keeps everything uncommitted in the worktree as a commit under a new ref, without touching the worktree. Nothing
    /// where nothing is uncommitted.
    pub fn save_uncommitted(&self, worktree: &Path, name: &str, message: &str, by: &Identity) -> Result<Option<Oid>> {
        let head = self.head_of(worktree)?;
        let tree = self.worktree_tree(worktree)?;
        if tree == self.tree_of(head)? {
            return Ok(None);
        }
        let commit = self.write_commit(tree, &[head], message, by)?;
        self.create_ref(name, commit, message)?;
        Ok(Some(commit))
    }

    /// The tree of everything in the worktree that is not ignored, committed or not. Its index stays as it is.
    pub fn worktree_tree(&self, worktree: &Path) -> Result<Oid> {
        let admin = admin_dir(worktree)?;
        // A name that no git which was killed has left a lock on.
        static INDEXES: AtomicU64 = AtomicU64::new(0);
        let number = INDEXES.fetch_add(1, Ordering::Relaxed);
        let index = admin.join(format!("aifactory-index-{}-{number}", std::process::id()));
        let failed = || format!("cannot read the files of {}", worktree.display());
        if admin.join("index").exists() {
            std::fs::copy(admin.join("index"), &index).context(failed)?;
        }
        let with_index = |args: &[&str]| git_in(worktree, args).env("GIT_INDEX_FILE", &index).run_ok();
        let tree = with_index(&["add", "--all"]).and_then(|_| with_index(&["write-tree"])).context(failed);
        crate::host::files::remove_file(&index)?;
        let text = String::from_utf8_lossy(&tree?.stdout).trim().to_owned();
        Repository::parse_oid(&text).ok_or_else(|| Error::failed(failed()))
    }

    /// Puts the worktree's files, index and HEAD to exactly `commit`, trusting nothing that its index says.
    pub fn rebuild_worktree(&self, worktree: &Path, commit: Oid) -> Result<()> {
        let admin = admin_dir(worktree)?;
        for name in ["index", "index.lock", "config.worktree", "info/sparse-checkout"] {
            crate::host::files::remove_file(&admin.join(name))?;
        }
        let commit = commit.to_string();
        git_in(worktree, &["update-ref", "--no-deref", "HEAD", &commit]).run_ok()?;
        git_in(worktree, &["read-tree", &commit]).run_ok()?;
        // Compares every file by content, for the new index knows nothing about them; what differs is then written.
        git_in(worktree, &["update-index", "-q", "--refresh"]).run()?;
        git_in(worktree, &["-c", "core.sparseCheckout=false", "reset", "--quiet", "--hard", &commit]).run_ok()?;
        Ok(())
    }

    /// Drops the registration of a worktree of ours that was left half written by a kill: git cannot even list
    /// worktrees while it is there. The caller knows that nobody is creating it right now.
    pub fn forget_broken(&self, name: &str) -> Result<()> {
        let admin = self.common_dir.join("worktrees").join(name);
        let is_empty = |name: &str| {
            std::fs::read_to_string(admin.join(name)).is_ok_and(|text| text.trim().is_empty())
                || !admin.join(name).exists()
        };
        if admin.is_dir() && ["gitdir", "commondir", "HEAD"].into_iter().any(is_empty) {
            std::fs::remove_dir_all(&admin).context(|| format!("cannot remove {}", admin.display()))?;
        }
        Ok(())
    }

    /// A rebase, merge or the like that somebody left unfinished there.
    pub fn find_operation(&self, worktree: &Path) -> Result<Option<&'static str>> {
        let admin = admin_dir(worktree)?;
        let marks = [
            ("rebase-merge", "rebase"),
            ("rebase-apply/applying", "am"),
            ("rebase-apply", "rebase"),
            ("MERGE_HEAD", "merge"),
        ];
        if let Some((_, name)) = marks.into_iter().find(|(mark, _)| admin.join(mark).exists()) {
            return Ok(Some(name));
        }
        for (mark, name) in [("CHERRY_PICK_HEAD", "cherry-pick"), ("REVERT_HEAD", "revert")] {
            if self.is_worktree_ref(&admin, mark)? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Ends such an operation. HEAD and files stay as they are.
    pub fn end_operation(&self, worktree: &Path) -> Result<()> {
        // Ending one may uncover another: a rebase stops in the middle of a cherry-pick.
        for _ in 0..3 {
            let Some(operation) = self.find_operation(worktree)? else { break };
            git_in(worktree, &[operation, "--quit"]).run_ok()?;
        }
        Ok(())
    }

    /// A git that was killed leaves its lock; the caller knows that nobody works in the worktree.
    pub fn clear_index_lock(&self, worktree: &Path) -> Result<()> {
        crate::host::files::remove_file(&admin_dir(worktree)?.join("index.lock"))
    }

    /// Where in the repository a branch is being rebased or bisected: moving it would break that.
    pub fn find_occupation(&self, branch: &str) -> Result<Option<PathBuf>> {
        let full = format!("refs/heads/{branch}");
        let linked = self.common_dir.join("worktrees");
        let admins = crate::host::files::names(&linked)?.into_iter().map(|name| linked.join(name));
        for admin in std::iter::once(self.common_dir.clone()).chain(admins) {
            for mark in ["rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"] {
                let text = crate::host::files::load_text(&admin.join(mark))?.unwrap_or_default();
                if [full.as_str(), branch].contains(&text.trim()) {
                    return Ok(Some(admin));
                }
            }
        }
        Ok(None)
    }

    pub fn move_worktree(&self, from: &Path, to: &Path) -> Result<()> {
        self.git(&["worktree", "move", "--force"]).arg(from).arg(to).run_ok()?;
        Ok(())
    }

    /// Forgets a worktree whose folder is gone, or removes the folder too.
    pub fn remove_worktree(&self, path: &Path) -> Result<()> {
        self.git(&["worktree", "remove", "--force", "--force"]).arg(path).run_ok()?;
        Ok(())
    }

    /// The folder in the repository that belongs to a linked worktree, whatever its `.git` file says.
    pub fn find_admin_folder(&self, worktree: &Path) -> Result<Option<PathBuf>> {
        let name_of = |admin: &Path| std::fs::read_to_string(admin.join("gitdir")).unwrap_or_default();
        let folder = self.common_dir.join("worktrees");
        let wanted = worktree.join(".git");
        let admins = std::fs::read_dir(&folder).context(|| format!("cannot list {}", folder.display()))?;
        let mut admins = admins.flatten().map(|entry| entry.path());
        Ok(admins.find(|admin| Path::new(name_of(admin).trim()) == wanted))
    }

    /// What ties the worktree to this repository.
    pub fn ties_of(&self, worktree: &Path) -> Result<Ties> {
        let admin = self.find_admin_folder(worktree)?.ok_or_else(|| unknown_worktree(worktree))?;
        let read = |name: &str| (admin.join(name), std::fs::read_to_string(admin.join(name)).ok());
        Ok(Ties(TIES.iter().map(|name| read(name)).collect()))
    }

    /// Points a worktree whose `.git` file was damaged back at its administration, if git still has it. A folder in its
    /// place goes to `aside`. True if there was something to repair.
    pub fn repair_worktree(&self, path: &Path, aside: &Path) -> Result<bool> {
        let wanted = path.join(".git");
        let admin = self.find_admin_folder(path)?.ok_or_else(|| unknown_worktree(path))?;
        let text = format!("gitdir: {}\n", admin.display());
        if std::fs::read_to_string(&wanted).is_ok_and(|current| current == text) {
            return Ok(false);
        }
        if wanted.is_dir() {
            std::fs::rename(&wanted, aside).context(|| format!("cannot set {} aside", wanted.display()))?;
        }
        crate::host::files::write_text(&wanted, &text)?;
        Ok(true)
    }
}

/// What git reads in a worktree's administration before anything else: which repository it belongs to, and its own
/// configuration. Whoever changes one of these decides which programs git starts there.
pub const TIES: [&str; 3] = ["commondir", "gitdir", "config.worktree"];

/// A worktree's [`TIES`] as they were at one moment.
pub struct Ties(Vec<(PathBuf, Option<String>)>);

impl Ties {
    /// Text that [`Ties::parse`] understands.
    pub fn to_text(&self) -> String {
        serde_json::to_string(&self.0).expect("paths of worktrees are text")
    }

    pub fn parse(text: &str) -> Option<Ties> {
        serde_json::from_str(text).ok().map(Ties)
    }

    /// Puts back what was changed since. True if there was something; a worktree that is gone has no ties.
    pub fn restore(&self) -> Result<bool> {
        let mut changed = false;
        if !self.0.iter().all(|(path, _)| path.parent().is_some_and(Path::is_dir)) {
            return Ok(false);
        }
        for (path, before) in &self.0 {
            if std::fs::read_to_string(path).ok() == *before {
                continue;
            }
            changed = true;
            if path.is_dir() {
                std::fs::remove_dir_all(path).context(|| format!("cannot remove {}", path.display()))?;
            }
            match before {
                Some(text) => crate::host::files::write_text(path, text)?,
                None => crate::host::files::remove_file(path)?,
            }
        }
        Ok(changed)
    }
}

/// Where git keeps what belongs to a linked worktree alone: the folder that its `.git` file names.
pub(super) fn admin_dir(worktree: &Path) -> Result<PathBuf> {
    let failed = || format!("{} is not a worktree", worktree.display());
    let text = std::fs::read_to_string(worktree.join(".git")).context(failed)?;
    let path = text.trim().strip_prefix("gitdir: ").ok_or_else(|| Error::failed(failed()))?;
    Ok(worktree.join(path))
}

pub fn unknown_worktree(worktree: &Path) -> Error {
    Error::failed(format!("git no longer knows the worktree {}", worktree.display()))
        .hint(format!("git worktree repair {}", worktree.display()))
}

fn parse_list(text: &str) -> Vec<Listed> {
    let mut listed: Vec<Listed> = Vec::new();
    for field in text.split('\0') {
        if let Some(path) = field.strip_prefix("worktree ") {
            listed.push(Listed { path: PathBuf::from(path), branch: None });
        } else if let (Some(branch), Some(last)) = (field.strip_prefix("branch refs/heads/"), listed.last_mut()) {
            last.branch = Some(branch.to_owned());
        }
    }
    listed
}

fn parse_status(text: &str) -> WorktreeState {
    let mut state = WorktreeState { head: None, branch: None, dirty: Vec::new() };
    let mut fields = text.split('\0');
    while let Some(field) = fields.next() {
        if let Some(oid) = field.strip_prefix("# branch.oid ") {
            state.head = Repository::parse_oid(oid);
        } else if let Some(branch) = field.strip_prefix("# branch.head ") {
            state.branch = Some(branch.to_owned()).filter(|name| name != "(detached)");
        } else if let Some((path, renamed)) = changed_path(field) {
            state.dirty.push(path.to_owned());
            if renamed {
                fields.next();
            }
        }
    }
    state
}

/// The path of a status line, and whether the path it was renamed from follows in a field of its own.
fn changed_path(field: &str) -> Option<(&str, bool)> {
    let columns = match field.as_bytes().first()? {
        b'1' => 8,
        b'2' => 9,
        b'u' => 10,
        b'?' => 1,
        _ => return None,
    };
    let path = field.splitn(columns + 1, ' ').nth(columns)?;
    Some((path, field.starts_with('2')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_give_their_paths_also_with_spaces_and_renames() {
        let text = "# branch.oid 1111111111111111111111111111111111111111\0# branch.head (detached)\0\
                    1 .M N... 100644 100644 100644 aa bb a file\0\
                    2 R. N... 100644 100644 100644 aa bb R100 new name\0old name\0? other\0";
        let state = parse_status(text);
        assert_eq!(state.dirty, ["a file", "new name", "other"]);
        assert_eq!(state.branch, None);
        assert!(state.head.is_some());
    }
}
