//! Names that mean the same thing on every file system, to git, and in a terminal.
//!
//! State is never checked out by us, but people will look at it with whatever they have. Capital letters are allowed,
//! because names of actors and trackers come from elsewhere; ids are lower case, and [`super::roles`] sees to those.

/// Room for any id and any name that is derived from one, and far below what file systems refuse.
pub const LONGEST_NAME: usize = 128;

const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// What is wrong with the name of an entry.
pub fn find_flaw(name: &[u8]) -> Option<String> {
    let what = match name {
        b"" => "has an empty name",
        b"." | b".." => "has a name that leads to another folder",
        _ if name.contains(&b'/') => "has a slash in its name",
        _ if is_special_to_git(name) => "has a name that git treats specially",
        _ if is_reserved(name) => "has a name that Windows reserves",
        [.., b'.' | b' '] => "has a name that ends with a dot or a blank",
        _ if !name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte)) => {
            "has a name with other characters than A-Z a-z 0-9 . _ -"
        }
        _ if name.len() > LONGEST_NAME => {
            return Some(format!("has a name of {} bytes; {LONGEST_NAME} is the most", name.len()));
        }
        _ => return None,
    };
    Some(what.to_owned())
}

/// `.git`, `.gitmodules` and their like in any case, and the short names that Windows gives them.
fn is_special_to_git(name: &[u8]) -> bool {
    let begins_with = |prefix: &[u8]| name.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
    begins_with(b".git") || begins_with(b"git~")
}

/// Devices, with any ending: `nul`, `COM1.toml`.
fn is_reserved(name: &[u8]) -> bool {
    let stem = name.split(|byte| *byte == b'.').next().unwrap_or(name).trim_ascii_end().to_ascii_lowercase();
    let is_port = matches!(stem.as_slice(), [b'c', b'o', b'm', b'0'..=b'9'] | [b'l', b'p', b't', b'0'..=b'9']);
    is_port || RESERVED.iter().any(|reserved| reserved.as_bytes() == stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_layout_and_of_newer_versions_are_in_order() {
        let longest = "x".repeat(LONGEST_NAME);
        for name in ["task.toml", "7kq2mabcde", "a", ".keep", "Ana_B-2.v1", "com10", "console", "..a", "-", &longest] {
            assert_eq!(find_flaw(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn each_rule_says_what_it_is_about() {
        let too_long = "x".repeat(LONGEST_NAME + 1);
        let cases: [(&str, &[&str]); 7] = [
            ("has an empty name", &[""]),
            ("has a name that leads to another folder", &[".", ".."]),
            ("has a slash in its name", &["a/b", "/", "../x", ".git/config"]),
            (
                "has a name that git treats specially",
                &[".git", ".GIT", ".Git.", ".git ", ".gitmodules", "git~1", "GIT~2"],
            ),
            (
                "has a name that Windows reserves",
                &["con", "NUL", "aux.toml", "com1", "LPT9.x.y", "con .toml", "CONIN$"],
            ),
            ("has a name that ends with a dot or a blank", &["a.", "...", "a "]),
            (
                "has a name with other characters than A-Z a-z 0-9 . _ -",
                &["a b", "a\u{1b}[31m", "a\n", "ü", "aifact~1", "a:b", "a\\b", "a*", "\u{202e}x"],
            ),
        ];
        for (what, names) in cases {
            for name in names {
                assert_eq!(find_flaw(name.as_bytes()).as_deref(), Some(what), "{name:?}");
            }
        }
        assert!(find_flaw(b"a\xff").is_some());
        assert_eq!(find_flaw(too_long.as_bytes()).unwrap(), "has a name of 129 bytes; 128 is the most");
    }
}
