//! `.worktreeinclude`: ignored files (local settings, caches) that a new worktree gets a copy of.
//!
//! The file has the patterns of `.gitignore`. Only files that git ignores are copied, nothing is overwritten, and on
//! file systems that can, a copy shares its blocks with the original.

use crate::error::{Context, Result};
use crate::git::Repository;
use std::fs;
use std::path::{Component, Path};

pub const FILE: &str = ".worktreeinclude";

/// Copies what the main worktree's file asks for. The paths that were copied.
pub fn copy(repository: &Repository, worktree: &Path) -> Result<Vec<String>> {
    let Some(main) = repository.main_root().filter(|main| main.join(FILE).is_file()) else {
        return Ok(Vec::new());
    };
    let mut copied = Vec::new();
    for path in repository.ignored_files(&main, FILE)? {
        let inside = Path::new(&path).components().all(|part| matches!(part, Component::Normal(_)));
        if inside && copy_file(&main.join(&path), &worktree.join(&path))? {
            copied.push(path);
        }
    }
    Ok(copied)
}

fn copy_file(from: &Path, to: &Path) -> Result<bool> {
    let failed = || format!("cannot copy {} to {}", from.display(), to.display());
    if to.exists() || !from.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(false);
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).context(failed)?;
    }
    fs::copy(from, to).context(failed)?;
    Ok(true)
}
