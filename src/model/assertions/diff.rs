//! A unified diff as files and hunks of removed and added lines.

/// What changed in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileDiff {
    /// The file as it is called now, or was where it is gone.
    pub path: String,
    pub is_new: bool,
    pub hunks: Vec<Hunk>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hunk {
    pub removed: Vec<String>,
    pub added: Vec<String>,
}

/// Reads what `git diff` prints. Lines that belong to no hunk are passed over.
pub fn files_of(diff: &str) -> Vec<FileDiff> {
    let mut files: Vec<FileDiff> = Vec::new();
    // Lines that are left of the present hunk, on either side: what looks like a header inside it is content.
    let (mut old_left, mut new_left) = (0u64, 0u64);
    for line in diff.lines() {
        if old_left + new_left == 0 {
            if let Some(paths) = line.strip_prefix("diff --git ") {
                files.push(FileDiff { path: new_path(paths), ..FileDiff::default() });
            } else if let (Some(counts), Some(file)) = (line.strip_prefix("@@ "), files.last_mut()) {
                (old_left, new_left) = counts_of(counts);
                file.hunks.push(Hunk::default());
            } else if let (Some(path), Some(file)) = (line.strip_prefix("+++ b/"), files.last_mut()) {
                path.clone_into(&mut file.path);
            } else if let (true, Some(file)) = (line.starts_with("new file mode"), files.last_mut()) {
                file.is_new = true;
            }
            continue;
        }
        let Some(hunk) = files.last_mut().and_then(|file| file.hunks.last_mut()) else { continue };
        match line.split_at_checked(1) {
            Some(("-", text)) => {
                old_left = old_left.saturating_sub(1);
                hunk.removed.push(text.to_owned());
            }
            Some(("+", text)) => {
                new_left = new_left.saturating_sub(1);
                hunk.added.push(text.to_owned());
            }
            Some(("\\", _)) => {}
            _ => {
                old_left = old_left.saturating_sub(1);
                new_left = new_left.saturating_sub(1);
            }
        }
    }
    files
}

/// `a/x b/x`: both halves are the same where nothing was renamed.
fn new_path(paths: &str) -> String {
    let half = paths.len().saturating_sub(1) / 2;
    let second = paths.get(half + 1..).unwrap_or(paths);
    second.strip_prefix("b/").unwrap_or(second).to_owned()
}

/// `-1,4 +1,6 @@ …` says 4 and 6 lines; a count that is left out is 1.
fn counts_of(text: &str) -> (u64, u64) {
    let count = |part: &str| part.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok()).unwrap_or(0);
    let mut parts = text.split(' ');
    (parts.next().map_or(0, count), parts.next().map_or(0, count))
}
