//! Where an agent wants to write, judged by the path alone: a protocol looks at no disk.

use std::path::{Component, Path, PathBuf};

/// Files that decide what is run later. Whoever writes them can run commands.
const DECISIVE: [&str; 5] = [".git", ".claude", ".codex", ".gemini", ".qwen"];

/// Whether the path is one of the worktree's own files, and none that decides what is run.
pub fn is_plain_file_of(worktree: &str, path: &str) -> bool {
    let Some(path) = flat(&Path::new(worktree).join(path)) else { return false };
    let Ok(inside) = path.strip_prefix(worktree) else { return false };
    let is_decisive = |part: Component<'_>| DECISIVE.iter().any(|name| part.as_os_str().eq_ignore_ascii_case(name));
    inside.components().next().is_some() && !inside.components().any(is_decisive)
}

/// The path without `.` and `..`. Nothing where it leaves the root.
fn flat(path: &Path) -> Option<PathBuf> {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => flat.pop().then_some(())?,
            Component::CurDir => {}
            other => flat.push(other),
        }
    }
    Some(flat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_of_the_worktree_count_as_edits() {
        for (path, expected) in [
            ("/w/a.rs", true),
            ("src/a.rs", true),
            ("/w/src/../a.rs", true),
            ("/w/../w/a.rs", true),
            ("/w", false),
            ("/w/../etc/passwd", false),
            ("../../../../../x", false),
            ("/wide/a.rs", false),
            ("/w/.git", false),
            ("/w/sub/.GIT/hooks/pre-commit", false),
            (".claude/settings.json", false),
            ("", false),
        ] {
            assert_eq!(is_plain_file_of("/w", path), expected, "{path}");
        }
    }
}
