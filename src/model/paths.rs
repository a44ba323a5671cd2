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

/// Whether two entries of plans can mean the same file.
pub fn overlap(one: &str, other: &str) -> bool {
    covers(one, other) || covers(other, one)
}

/// Whether the parts of the entry match the first parts of the path. Only the last `**` is ever tried again: whatever an
/// earlier one could leave to it, it can skip itself. So the work is at most the product of both lengths.
fn parts_match(entry: &[&str], path: &[&str]) -> bool {
    let (mut at, mut reached) = (0, 0);
    let mut last_any = None;
    while let Some(pattern) = entry.get(at) {
        if *pattern == "**" {
            at += 1;
            last_any = Some((at, reached));
        } else if path.get(reached).is_some_and(|part| part_matches(pattern, part)) {
            at += 1;
            reached += 1;
        } else {
            let Some((after, skipped)) = last_any.filter(|(_, skipped)| *skipped < path.len()) else { return false };
            last_any = Some((after, skipped + 1));
            (at, reached) = (after, skipped + 1);
        }
    }
    true
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

    #[test]
    fn many_wildcards_take_no_time() {
        let entry = "**/a/".repeat(2_000) + "x";
        assert!(!covers(&entry, &"a/".repeat(2_000)));
        assert!(covers(&entry, &("a/".repeat(2_000) + "b/a/x")));
        assert!(!covers(&"*a".repeat(2_000), &"a".repeat(1_999)));
    }

    /// Tries everything.
    fn slowly(entry: &[&str], path: &[&str]) -> bool {
        match (entry.split_first(), path.split_first()) {
            (None, _) => true,
            (Some((&"**", rest)), None) => slowly(rest, path),
            (Some((&"**", rest)), Some((_, below))) => slowly(rest, path) || slowly(entry, below),
            (Some((pattern, rest)), Some((part, below))) => part_matches(pattern, part) && slowly(rest, below),
            (Some(_), None) => false,
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_quick_is_what_trying_everything_finds(
            entry in proptest::collection::vec(proptest::sample::select(vec!["**", "*", "a", "b", "a*"]), 1..8),
            path in proptest::collection::vec(proptest::sample::select(vec!["a", "b", "ab"]), 1..10),
        ) {
            proptest::prop_assert_eq!(parts_match(&entry, &path), slowly(&entry, &path));
        }
    }
}
