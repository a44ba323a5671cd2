//! What kept a transfer from happening, read from what git said, and what to type next.
//!
//! Git tells no more than an exit code in machine-readable form, so its messages (in the C locale) are looked up in a
//! table. What is in no row is [`Trouble::Other`] and quotes git.

mod rows;
#[cfg(test)]
mod tests;

use super::transport::Answer;
use crate::error::Error;
use rows::find_meaning;

/// Lines of git's that an error quotes.
const MOST_QUOTED: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is no repository, or it does not show itself to us.
    Missing,
    /// A fetched ref is not there; it may have been a moment ago.
    NoSuchRef,
    /// A fetched ref does not descend from what is here, and was not to be forced.
    Rewound,
    /// It cannot be talked to now. Later it may.
    Unreachable,
    /// It does not know us, or we do not know it.
    Authentication,
    /// Reading works, writing is not for us.
    ReadOnly,
    /// No space, there or here.
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
    fn from(failed: TransferError) -> Error {
        failed.error
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    List,
    Fetch,
    Push,
}

impl Doing {
    pub fn subcommand(self) -> &'static str {
        match self {
            Doing::List => "ls-remote",
            Doing::Fetch => "fetch",
            Doing::Push => "push",
        }
    }

    fn failed(self, name: &str) -> String {
        match self {
            Doing::List => format!("cannot list the refs of {name}"),
            Doing::Fetch => format!("cannot fetch from {name}"),
            Doing::Push => format!("cannot push to {name}"),
        }
    }
}

/// A refusal of a ref that is really one of the whole remote: nothing can be written there, whatever its name.
pub fn refuses_everything(answer: &Answer) -> bool {
    let meaning = find_meaning(answer.remote_lines());
    meaning.is_some_and(|meaning| [Trouble::ReadOnly, Trouble::Full].contains(&meaning.trouble))
}

/// The error for a git that ended without success. `configured` tells a remote's name from a URL.
pub fn explain(doing: Doing, name: &str, configured: bool, answer: &Answer) -> TransferError {
    let meaning = find_meaning(answer.said.iter().map(String::as_str));
    let (trouble, why) = match meaning {
        // Who may not even read is not known well enough.
        Some(found) if found.trouble == Trouble::ReadOnly && doing != Doing::Push => {
            (Trouble::Authentication, found.why.to_owned())
        }
        Some(found) => (found.trouble, found.why.to_owned()),
        None => (Trouble::Other, format!("git {} {}", doing.subcommand(), answer.exit)),
    };
    let mut error = bare(trouble, doing, name, &why);
    for hint in hints(trouble, name, configured, &answer.said) {
        error = error.hint(hint);
    }
    let said: Vec<&str> = answer.said.iter().map(String::as_str).filter(|line| !line.starts_with("hint:")).collect();
    if !said.is_empty() {
        error = error.caused_by(format!("git said: {}", said[..said.len().min(MOST_QUOTED)].join("; ")));
    }
    TransferError { trouble, error }
}

fn bare(trouble: Trouble, doing: Doing, name: &str, why: &str) -> Error {
    let message = format!("{}: {why}", doing.failed(name));
    match trouble {
        Trouble::Missing => Error::missing(message),
        _ => Error::failed(message),
    }
}

pub fn other(doing: Doing, name: &str, why: &str) -> TransferError {
    TransferError { trouble: Trouble::Other, error: bare(Trouble::Other, doing, name, why) }
}

pub fn not_started(doing: Doing, name: &str, error: Error) -> TransferError {
    TransferError { trouble: Trouble::Other, error: Error::failed(doing.failed(name)).caused_by(error) }
}

pub fn timed_out(doing: Doing, name: &str) -> TransferError {
    let error = bare(Trouble::TimedOut, doing, name, "it took too long").hint(try_by_hand(name));
    TransferError { trouble: Trouble::TimedOut, error }
}

fn hints(trouble: Trouble, name: &str, configured: bool, said: &[String]) -> Vec<String> {
    let says = |what: &str| said.iter().any(|line| line.to_ascii_lowercase().contains(what));
    let is_name = !name.contains(['/', ':']);
    match trouble {
        Trouble::Missing if is_name && !configured => {
            vec!["the remotes of this repository: git remote -v".to_owned(), format!("git remote add {name} <url>")]
        }
        Trouble::Missing if configured => {
            vec![format!("where it points: git remote get-url {name}"), format!("git remote set-url {name} <url>")]
        }
        Trouble::Authentication if says("host key verification") => {
            vec![format!("connect once by hand and compare the key: git ls-remote {name}")]
        }
        Trouble::Authentication if says("permission denied (") => {
            vec!["the keys that ssh offers: ssh-add -l".to_owned(), try_by_hand(name)]
        }
        Trouble::Authentication if says("plaintext credentials") => {
            vec![format!("git remote set-url {name} <url without the password>")]
        }
        Trouble::Authentication => {
            let helper = "to let git remember them: git config --global credential.helper cache";
            vec![format!("log in by hand: git ls-remote {name}"), helper.to_owned()]
        }
        Trouble::ReadOnly => {
            vec![format!("ask for the right to push to {name}, or name another place: git remote add <name> <url>")]
        }
        Trouble::Full => vec!["free some space, then try again".to_owned()],
        Trouble::NoSuchRef | Trouble::Rewound => vec![format!("what is there now: git ls-remote {name}")],
        Trouble::Other if says("dubious ownership") => {
            vec!["if you trust it: git config --global --add safe.directory <its path>".to_owned()]
        }
        Trouble::Other if says("' not allowed") => vec!["git help config, at protocol.allow".to_owned()],
        Trouble::Missing | Trouble::Unreachable | Trouble::TimedOut | Trouble::Other => vec![try_by_hand(name)],
    }
}

fn try_by_hand(name: &str) -> String {
    format!("try by hand: git ls-remote {name}")
}
