//! What went wrong with a transfer, told from the words of git and of the servers it talks to.

use crate::error::Error;
use crate::model::text::escape_line;
use crate::process::{Exit, Output};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is no repository, or none that we may see.
    Missing,
    Unreachable,
    Authentication,
    ReadOnly,
    Full,
    TimedOut,
    Other,
}

#[derive(Debug)]
pub struct TransferError {
    pub trouble: Trouble,
    pub error: Error,
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Error {
        error.error
    }
}

/// Words and what they mean; the first that is found counts, so the more telling ones stand first.
const WORDS: &[(&str, Trouble)] = &[
    ("no space left on device", Trouble::Full),
    ("disk quota exceeded", Trouble::Full),
    ("quota", Trouble::Full),
    ("unable to write", Trouble::Full),
    ("read-only", Trouble::ReadOnly),
    ("unable to create temporary object directory", Trouble::ReadOnly),
    ("insufficient permission", Trouble::ReadOnly),
    ("returned error: 403", Trouble::ReadOnly),
    ("write access to repository not granted", Trouble::ReadOnly),
    ("could not read username", Trouble::Authentication),
    ("could not read password", Trouble::Authentication),
    ("terminal prompts disabled", Trouble::Authentication),
    ("authentication failed", Trouble::Authentication),
    ("returned error: 401", Trouble::Authentication),
    ("permission denied (", Trouble::Authentication),
    ("host key verification failed", Trouble::Authentication),
    ("could not resolve host", Trouble::Unreachable),
    ("connection refused", Trouble::Unreachable),
    ("connection reset", Trouble::Unreachable),
    ("connection closed", Trouble::Unreachable),
    ("failed to connect", Trouble::Unreachable),
    ("couldn't connect", Trouble::Unreachable),
    ("network is unreachable", Trouble::Unreachable),
    ("no route to host", Trouble::Unreachable),
    ("the remote end hung up", Trouble::Unreachable),
    ("early eof", Trouble::Unreachable),
    ("operation too slow", Trouble::TimedOut),
    ("timed out", Trouble::TimedOut),
    ("timeout", Trouble::TimedOut),
    ("repository not found", Trouble::Missing),
    ("does not appear to be a git repository", Trouble::Missing),
    ("does not exist", Trouble::Missing),
    ("returned error: 404", Trouble::Missing),
    ("not found", Trouble::Missing),
    ("no such remote", Trouble::Missing),
    ("returned error: 5", Trouble::Unreachable),
    ("could not read from remote repository", Trouble::Unreachable),
];

pub fn of(remote: &str, output: &Output) -> TransferError {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let trouble = match output.exit {
        Exit::TimedOut => Trouble::TimedOut,
        _ => find(&said),
    };
    let message = match trouble {
        Trouble::Missing => format!("there is no repository at {remote}, or none that you may see"),
        Trouble::Unreachable => format!("{remote} cannot be reached"),
        Trouble::Authentication => format!("{remote} does not let us in"),
        Trouble::ReadOnly => format!("{remote} does not let us write"),
        Trouble::Full => format!("{remote} has no room left"),
        Trouble::TimedOut => format!("{remote} does not answer"),
        Trouble::Other => format!("git could not talk to {remote}"),
    };
    let hint = match trouble {
        Trouble::Missing => "to see the remotes: git remote -v",
        Trouble::Authentication => {
            "git itself must get in without asking: try git ls-remote there, and git help credentials"
        }
        Trouble::ReadOnly => {
            "you need the right to push there; or share through another place: aifactory sync <address>"
        }
        Trouble::Full => "nothing was changed there; your work is safe here",
        _ => "your work is safe here and goes out with the next aifactory sync",
    };
    let mut error = Error::failed(message).hint(hint);
    if let Some(words) = last_words(&said) {
        error = error.caused_by(Error::failed(words));
    }
    TransferError { trouble, error }
}

fn find(said: &str) -> Trouble {
    let said = said.to_lowercase();
    WORDS.iter().find(|(words, _)| said.contains(words)).map_or(Trouble::Other, |(_, trouble)| *trouble)
}

/// The lines in which git or the server says why, without progress and passwords.
fn last_words(said: &str) -> Option<String> {
    let telling = |line: &&str| {
        ["fatal:", "error:", "remote:", "ssh:", "Permission", "Host key"].iter().any(|start| line.starts_with(start))
            && !line.contains('%')
    };
    let lines: Vec<&str> = said.split(['\n', '\r']).map(str::trim).filter(telling).collect();
    let last = &lines[lines.len().saturating_sub(3)..];
    (!last.is_empty()).then(|| escape_line(&without_password(&last.join(" "))).into_owned())
}

/// `https://user:secret@host` and `https://token@host` without what must not be shown.
pub fn without_password(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = after.find(['/', ' ', '\'', '"', '\n']).unwrap_or(after.len());
        let host = after[..end].rsplit('@').next().unwrap_or_default();
        clean.push_str(host);
        rest = &after[end..];
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_is_told_apart() {
        let cases = [
            (
                "fatal: 'x' does not appear to be a git repository\nfatal: Could not read from remote repository.",
                Trouble::Missing,
            ),
            ("fatal: unable to access 'http://x/': Could not resolve host: x", Trouble::Unreachable),
            (
                "ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.",
                Trouble::Unreachable,
            ),
            (
                "git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                Trouble::Authentication,
            ),
            ("fatal: could not read Username for 'https://x': terminal prompts disabled", Trouble::Authentication),
            ("fatal: Authentication failed for 'https://x/'", Trouble::Authentication),
            ("fatal: unable to access 'https://x/': The requested URL returned error: 403", Trouble::ReadOnly),
            ("fatal: repository 'https://x/' not found", Trouble::Missing),
            ("error: RPC failed; HTTP 500\nfatal: the remote end hung up unexpectedly", Trouble::Unreachable),
            ("fatal: write error: No space left on device", Trouble::Full),
            ("remote: fatal: Unable to create temporary file: Read-only file system", Trouble::ReadOnly),
            ("fatal: something new", Trouble::Other),
        ];
        for (said, expected) in cases {
            assert_eq!(find(said), expected, "{said}");
        }
    }

    #[test]
    fn passwords_are_never_shown() {
        assert_eq!(without_password("https://me:secret@host/x y"), "https://host/x y");
        assert_eq!(
            without_password("fatal: 'https://token@host/x' a ssh://git@h/y"),
            "fatal: 'https://host/x' a ssh://h/y"
        );
        assert_eq!(without_password("origin"), "origin");
    }
}
