//! Addresses without their secrets, also in the middle of what git says.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Takes the user and password out of every `https://user:password@host` in the text; a token may stand in either
/// place. Of other URLs only the password goes: the user of `ssh://git@host` is part of the address.
pub fn without_password(text: &str) -> String {
    static URL: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\b([a-z][a-z0-9+.-]*)://([^/\s@:]*)(:[^/\s]*)?@").ok());
    let Some(url) = &*URL else { return String::new() };
    let plain = |found: &Captures<'_>| {
        let (scheme, user) = (&found[1], &found[2]);
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" | "ftp" | "ftps" => format!("{scheme}://"),
            _ => format!("{scheme}://{user}@"),
        }
    };
    url.replace_all(text, plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_tokens_are_taken_out() {
        for (text, plain) in [
            ("https://ana:secret@example.com/x.git", "https://example.com/x.git"),
            ("https://token@example.com/x.git", "https://example.com/x.git"),
            ("https://ana:p@ss:word@example.com/x.git", "https://example.com/x.git"),
            ("fatal: unable to access 'HTTP://a:b@h/': no", "fatal: unable to access 'HTTP://h/': no"),
            ("ssh://git:secret@example.com/x", "ssh://git@example.com/x"),
            ("ssh://git@example.com:22/x", "ssh://git@example.com:22/x"),
            ("https://a:b@one/ and https://c:d@two/", "https://one/ and https://two/"),
        ] {
            assert_eq!(without_password(text), plain);
        }
    }

    #[test]
    fn what_has_no_password_stays_as_it_is() {
        for text in ["origin", "git@example.com:x.git", "https://example.com:8080/a@b", "/a/b@c", "file:///a/b"] {
            assert_eq!(without_password(text), text);
        }
    }
}
