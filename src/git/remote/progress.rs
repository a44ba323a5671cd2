//! What git says about how far a transfer is.

/// How far a transfer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// `receiving objects`
    pub what: String,
    /// Absent while git counts and does not know the total yet.
    pub percent: Option<u8>,
}

/// Reads `Receiving objects:  45% (9/20), 1.2 MiB | 3 MiB/s` and `Enumerating objects: 5, done.`, also where the remote
/// is the one who says it.
pub fn parse_progress(line: &str) -> Option<Progress> {
    let line = line.strip_prefix("remote: ").unwrap_or(line);
    let (what, rest) = line.split_once(": ")?;
    let is_title = |c: char| c.is_ascii_alphabetic() || c == ' ' || c == '-';
    if !what.starts_with(|first: char| first.is_ascii_uppercase()) || !what.chars().all(is_title) {
        return None;
    }
    let rest = rest.trim_start();
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, after) = rest.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let percent = match after.strip_prefix("% (") {
        Some(_) => Some(u8::try_from(number).ok().filter(|percent| *percent <= 100)?),
        None if after.is_empty() || after.starts_with(", ") => None,
        None => return None,
    };
    Some(Progress { what: what.to_ascii_lowercase(), percent })
}

/// What git says when all is well and that is no progress: it would only stand in front of what matters.
pub fn is_chatter(line: &str) -> bool {
    let line = line.strip_prefix("remote: ").unwrap_or(line);
    line.starts_with("Delta compression using up to ") || (line.starts_with("Total ") && line.contains(" (delta "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_from_us_and_from_the_remote() {
        for (line, what, percent) in [
            ("Receiving objects:  45% (9/20), 1.20 MiB | 3.00 MiB/s", "receiving objects", Some(45)),
            ("Writing objects: 100% (2/2), 135 bytes | 135.00 KiB/s, done.", "writing objects", Some(100)),
            ("remote: Counting objects:  50% (1/2)        ", "counting objects", Some(50)),
            ("remote: Enumerating objects: 5, done.        ", "enumerating objects", None),
        ] {
            assert_eq!(parse_progress(line), Some(Progress { what: what.to_owned(), percent }), "{line}");
        }
    }

    #[test]
    fn what_says_nothing_is_chatter() {
        assert!(is_chatter("Delta compression using up to 2 threads"));
        assert!(is_chatter("remote: Total 3 (delta 0), reused 0 (delta 0), pack-reused 0 (from 0)"));
        assert!(!is_chatter("remote: Total disaster"));
    }

    #[test]
    fn other_lines_are_not_progress() {
        for line in [
            "fatal: 12 is not a number",
            "remote: GitLab: You are not allowed to push code",
            "Permission denied (publickey).",
            "remote: Quota: 100 MB used",
            "Total 2 (delta 0), reused 0 (delta 0)",
            "Share: 101% (of 100)",
            "",
        ] {
            assert_eq!(parse_progress(line), None, "{line}");
        }
    }
}
