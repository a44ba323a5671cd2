//! Commits on task branches, rebasing, and the one move of a branch that belongs to the user: the target, forwards.

use super::program::{git_in, oid_in, text_in};
use super::worktrees::admin_dir;
use super::{Expected, Identity, Oid, Repository, Swap};
use crate::error::{Context, Result};
use crate::host::Environment;
use crate::model::Digest;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebase {
    Clean(Oid),
    /// The paths that two sides changed. The worktree is back where it was.
    Conflict(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the target may not have moved"]
pub enum TargetMove {
    Done,
    /// The target is no longer where it was expected; nothing was changed.
    Elsewhere,
    /// Somebody rebases or bisects the target; nothing was changed.
    Occupied,
    /// A lock of git's lies on the target; nothing was changed.
    Locked(PathBuf),
    /// The target is checked out with local changes; nothing was changed.
    CheckedOutDirty {
        path: PathBuf,
        files: Vec<String>,
    },
}

impl Repository {
    pub fn branch_commit(&self, branch: &str) -> Result<Option<Oid>> {
        self.ref_target(&format!("refs/heads/{branch}"))
    }

    /// Commits everything in the worktree that is not ignored. Nothing where nothing changed.
    pub fn commit_all(&self, worktree: &Path, message: &str, by: &Identity) -> Result<Option<Oid>> {
        git_in(worktree, &["add", "--all"]).run_ok()?;
        let staged = git_in(worktree, &["diff", "--cached", "--quiet"]).run()?;
        if staged.exit.success() {
            return Ok(None);
        }
        let commit = git_in(worktree, &["commit", "--quiet", "--no-verify", "--cleanup=verbatim", "--file=-"]);
        signed_off(commit, by).stdin(message.as_bytes().to_vec()).run_ok()?;
        oid_in(worktree, &["rev-parse", "HEAD"]).map(Some)
    }

    /// The commit that HEAD of a worktree names.
    pub fn head_of(&self, worktree: &Path) -> Result<Oid> {
        match self.read_head(worktree)? {
            Some(head) => Ok(head),
            None => oid_in(worktree, &["rev-parse", "HEAD"]),
        }
    }

    /// The same without starting git, which is asked for it many times in every step. Nothing where HEAD is not as plain
    /// as it is in worktrees of ours.
    fn read_head(&self, worktree: &Path) -> Result<Option<Oid>> {
        let Ok(admin) = admin_dir(worktree) else { return Ok(None) };
        if admin.parent() != Some(&self.common_dir.join("worktrees")) {
            return Ok(None);
        }
        let Ok(head) = std::fs::read_to_string(admin.join("HEAD")) else { return Ok(None) };
        match head.trim_end().strip_prefix("ref: ") {
            Some(branch) if branch.starts_with("refs/heads/") => self.ref_target(branch),
            Some(_) => Ok(None),
            None => Ok(Repository::parse_oid(head.trim_end())),
        }
    }

    /// Puts `commit` on top of `target` in a clean worktree of ours. An earlier try that was cut short there is forgotten.
    pub fn rebase(&self, worktree: &Path, commit: Oid, target: Oid, by: &Identity) -> Result<Rebase> {
        self.end_operation(worktree)?;
        self.detach_worktree(worktree, commit)?;
        if self.is_ancestor(target, commit)? {
            return Ok(Rebase::Clean(commit));
        }
        let args = ["rebase", "--quiet", "--no-verify", "--no-stat", "--empty=drop", &target.to_string()];
        let rebase = git_in(worktree, &args).env("GIT_COMMITTER_NAME", &by.name).env("GIT_COMMITTER_EMAIL", &by.email);
        let output = rebase.run()?;
        if output.exit.success() {
            return self.head_of(worktree).map(Rebase::Clean);
        }
        let paths = text_in(worktree, &["diff", "--name-only", "--diff-filter=U", "-z"])?;
        let conflicts: Vec<String> = paths.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
        let _ = git_in(worktree, &["rebase", "--abort"]).run();
        self.detach_worktree(worktree, commit)?;
        if conflicts.is_empty() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(crate::error::Error::failed(format!("cannot rebase {commit} on {target}")).caused_by(said));
        }
        Ok(Rebase::Conflict(conflicts))
    }

    /// Moves a branch of the user's from one commit to a descendant of it. Where it is checked out, the checkout
    /// follows, or, if it holds local changes, nothing moves at all.
    pub fn move_target(&self, branch: &str, from: Oid, to: Oid) -> Result<TargetMove> {
        if self.branch_commit(branch)? != Some(from) {
            return Ok(TargetMove::Elsewhere);
        }
        if self.find_occupation(branch)?.is_some() {
            return Ok(TargetMove::Occupied);
        }
        let Some(checkout) = self.find_checkout(branch)? else {
            let swap = self.swap_ref(&format!("refs/heads/{branch}"), Expected::Is(from), to, "aifactory: merge")?;
            return Ok(match swap {
                Swap::Done => TargetMove::Done,
                Swap::Refused => TargetMove::Elsewhere,
                Swap::Locked => TargetMove::Locked(self.ref_lock_file(&format!("refs/heads/{branch}"))),
            });
        };
        let files = tracked_changes(&checkout)?;
        if !files.is_empty() {
            return Ok(TargetMove::CheckedOutDirty { path: checkout, files });
        }
        self.fast_forward(checkout, branch, to)
    }

    pub fn is_checked_out(&self, branch: &str) -> Result<bool> {
        Ok(self.find_checkout(branch)?.is_some())
    }

    /// Where a branch is checked out with local changes to tracked files, and which files those are.
    pub fn find_dirty_checkout(&self, branch: &str) -> Result<Option<(PathBuf, Vec<String>)>> {
        let Some(checkout) = self.find_checkout(branch)? else {
            return Ok(None);
        };
        let files = tracked_changes(&checkout)?;
        Ok((!files.is_empty()).then_some((checkout, files)))
    }

    fn fast_forward(&self, checkout: PathBuf, branch: &str, to: Oid) -> Result<TargetMove> {
        let merge = git_in(&checkout, &["merge", "--ff-only", "--quiet", "--no-verify-signatures", &to.to_string()]);
        let output = merge.env("GIT_OPTIONAL_LOCKS", "1").run()?;
        if output.exit.success() && self.branch_commit(branch)? == Some(to) {
            return Ok(TargetMove::Done);
        }
        // Git refuses before it touches a file where an untracked one is in the way.
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let in_the_way: Vec<String> =
            said.lines().filter_map(|line| line.strip_prefix('\t')).map(|path| path.trim().to_owned()).collect();
        if !in_the_way.is_empty() {
            return Ok(TargetMove::CheckedOutDirty { path: checkout, files: in_the_way });
        }
        if self.branch_commit(branch)? != Some(to) && said.contains("fast-forward") {
            return Ok(TargetMove::Elsewhere);
        }
        Err(crate::error::Error::failed(format!("cannot fast-forward {branch} in {}", checkout.display()))
            .caused_by(said.trim().to_owned()))
    }

    /// Deletes a branch of ours whose work is part of `merged_into`; refuses otherwise.
    pub fn delete_merged_branch(&self, branch: &str, merged_into: Oid) -> Result<bool> {
        let Some(tip) = self.branch_commit(branch)? else {
            return Ok(false);
        };
        if !self.is_ancestor(tip, merged_into)? {
            return Ok(false);
        }
        Ok(self.delete_ref(&format!("refs/heads/{branch}"), tip)? == Swap::Done)
    }

    /// Moves a branch of ours, if it still is at `from`.
    pub fn move_branch(&self, branch: &str, from: Oid, to: Oid) -> Result<Swap> {
        self.swap_ref(&format!("refs/heads/{branch}"), Expected::Is(from), to, "aifactory: rebase")
    }

    /// The same with every line as it is, wherever files went and whatever attributes say about them.
    pub fn diff_for_checks(&self, from: Oid, to: Oid) -> Result<String> {
        let (from, to) = (from.to_string(), to.to_string());
        let args = ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--text", &from, &to, "--"];
        let output = self.git(&args).run_ok()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The change between two commits as a unified diff.
    pub fn diff_text(&self, from: Oid, to: Oid, stat_only: bool) -> Result<String> {
        let (from, to) = (from.to_string(), to.to_string());
        let mut args = vec!["diff", "--no-ext-diff", "--no-textconv", "--no-color"];
        if stat_only {
            args.push("--stat");
        }
        args.extend([from.as_str(), to.as_str(), "--"]);
        let output = self.git(&args).run_ok()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// A digest of the configuration, attributes and hooks that all worktrees share.
    pub fn configuration_digest(&self) -> Result<Digest> {
        let mut paths = ["config", "info/attributes"].map(|name| self.common_dir.join(name)).to_vec();
        let hooks = self.common_dir.join("hooks");
        paths.extend(crate::host::files::names(&hooks)?.into_iter().map(|name| hooks.join(name)));
        let mut parts = Vec::new();
        for path in paths {
            parts.push(path.to_string_lossy().into_owned().into_bytes());
            parts.push(std::fs::read(&path).unwrap_or_default());
        }
        Ok(Digest::of_all(parts.iter().map(Vec::as_slice)))
    }

    /// The newest commits of a branch, one line each.
    pub fn short_log(&self, branch: &str, most: usize) -> Result<String> {
        let most = format!("--max-count={most}");
        self.common_text(&["log", "--oneline", "--no-decorate", "--no-color", &most, branch, "--"])
    }

    /// A new repository around the files in `folder`, all of them in its first commit. Its own configuration names the
    /// author, so that nobody's identity has to be known.
    pub fn create(folder: &Path, branch: &str, message: &str, by: &Identity) -> Result<()> {
        let initial = format!("--initial-branch={branch}");
        git_in(folder, &["init", "--quiet", "--template=", &initial]).run_ok()?;
        git_in(folder, &["config", "user.name", &by.name]).run_ok()?;
        git_in(folder, &["config", "user.email", &by.email]).run_ok()?;
        git_in(folder, &["add", "--all"]).run_ok()?;
        let commit = git_in(folder, &["commit", "--quiet", "--no-verify", "--message", message]);
        signed_off(commit, by).run_ok().map(drop)
    }

    /// A clone of somebody's repository, as people make one.
    pub fn clone_from(url: &str, folder: &Path, env: &Environment) -> Result<()> {
        let parent = folder.parent().unwrap_or(Path::new("."));
        let clone = git_in(parent, &["clone", "--quiet", "--", url]).arg(folder).named("git clone");
        let clone = env.iter().fold(clone, |clone, (name, value)| clone.env(name, value));
        clone.env("GIT_TERMINAL_PROMPT", "0").run_ok().map(drop)
    }

    /// Adds lines to `info/exclude`, git's own file for ignores that are nobody else's business.
    pub fn exclude(&self, pattern: &str) -> Result<()> {
        let path = self.common_dir.join("info/exclude");
        let text = crate::host::files::load_text(&path)?.unwrap_or_default();
        if text.lines().any(|line| line.trim() == pattern) {
            return Ok(());
        }
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        crate::host::files::write_text(&path, &format!("{text}{gap}{pattern}\n"))
            .context(|| "cannot write info/exclude")
    }
}

fn tracked_changes(checkout: &Path) -> Result<Vec<String>> {
    let text = text_in(checkout, &["status", "--porcelain", "-z", "--untracked-files=no"])?;
    Ok(text.split('\0').filter_map(|line| line.get(3..)).map(str::to_owned).collect())
}

fn signed_off(commit: crate::process::Invocation, by: &Identity) -> crate::process::Invocation {
    let date = format!("@{} +0000", by.at.seconds());
    commit
        .env("GIT_AUTHOR_NAME", &by.name)
        .env("GIT_AUTHOR_EMAIL", &by.email)
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_NAME", &by.name)
        .env("GIT_COMMITTER_EMAIL", &by.email)
        .env("GIT_COMMITTER_DATE", &date)
}
