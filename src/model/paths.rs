//! Paths as plans name them: a file, a folder, or a pattern with `*` and `**`.

/// Whether a plan's entry covers a path of the repository.
pub fn covers(entry: &str, path: &str) -> bool {
    let entry = entry.trim_start_matches("./");
    let folder = entry.trim_end_matches('/');
    if !entry.contains('*') {
        return path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    }
    let entry: Vec<&str> = folder.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    parts_match(&entry, &path)
}

fn parts_match(entry: &[&str], path: &[&str]) -> bool {
    match (entry.split_first(), path.split_first()) {
        (None, _) => true,
        (Some((&"**", rest)), _) if parts_match(rest, path) => true,
        (Some((&"**", _)), Some((_, below))) => parts_match(entry, below),
        (Some((pattern, rest)), Some((part, below))) => part_matches(pattern, part) && parts_match(rest, below),
        (Some(_), None) => false,
    }
}

/// `*` stands for any characters of one name.
fn part_matches(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_cover_files_folders_and_patterns() {
        let cases = [
            ("src/a.rs", "src/a.rs", true),
            ("src/a.rs", "src/ab.rs", false),
            ("src", "src/deep/a.rs", true),
            ("src/", "srcs/a.rs", false),
            ("src/*.rs", "src/a.rs", true),
            ("src/*.rs", "src/deep/a.rs", false),
            ("src/**/*.rs", "src/deep/er/a.rs", true),
            ("src/**/*.rs", "src/a.rs", true),
            ("**", "anything/at/all", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c", false),
        ];
        for (entry, path, expected) in cases {
            assert_eq!(covers(entry, path), expected, "{entry} covers {path}");
        }
    }
}
