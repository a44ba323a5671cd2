//! Moving refs on a remote, each from a value that was seen there, and reading what the remote said to it.

use super::{Progress, Remote, TRANSFER_TIME, TransferError, tell};
use crate::git::{Expected, Oid};
use crate::model::text::escape_line;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushUpdate<'a> {
    /// The ref there.
    pub name: &'a str,
    /// What it must be for anything to happen.
    pub expected: Expected,
    /// Nothing deletes it.
    pub new: Option<Oid>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the remote may not have moved"]
pub enum PushOutcome {
    Accepted,
    /// Somebody else was faster: these refs are not what was expected, or are locked right now.
    Stale(Vec<String>),
    /// The remote refuses this ref by a rule, a hook, or its name.
    Declined {
        name: String,
        why: String,
    },
}

impl Remote<'_> {
    /// Moves all of the refs or, with `atomic`, none. An error leaves open whether the remote has moved: its answer may
    /// have been lost on the way, and listing tells.
    pub fn push(
        &self,
        updates: &[PushUpdate<'_>],
        atomic: bool,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<PushOutcome, TransferError> {
        let fixed = [
            "push",
            "--porcelain",
            "--progress",
            "--no-verify",
            "--no-follow-tags",
            "--recurse-submodules=no",
            "--no-signed",
            // Deltas against what the remote has keep one change among many small.
            "--thin",
        ];
        let mut git = self.git(&fixed)?;
        if atomic {
            git = git.arg("--atomic");
        }
        for update in updates {
            let seen = match update.expected {
                Expected::Absent => String::new(),
                Expected::Is(oid) => oid.to_string(),
            };
            git = git.arg(format!("--force-with-lease={}:{seen}", update.name));
        }
        git = git.arg("--").arg(&self.name);
        for update in updates {
            let new = update.new.map(|oid| oid.to_string()).unwrap_or_default();
            git = git.arg(format!("{new}:{}", update.name));
        }
        let output = git.timeout(TRANSFER_TIME).run_watched(&mut |line| tell(line, progress));
        let output = output.map_err(|error| self.broken(error))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        match read(&said) {
            Some(outcome) => Ok(outcome),
            None if output.exit.success() => Ok(PushOutcome::Accepted),
            None => Err(self.failure(&output)),
        }
    }
}

/// What the refused refs were refused for; nothing where none was, or git did not come so far.
fn read(porcelain: &str) -> Option<PushOutcome> {
    let mut stale = Vec::new();
    let mut declined = None;
    for line in porcelain.lines() {
        let mut fields = line.split('\t');
        let (Some("!"), Some(refs), Some(summary)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let name = refs.rsplit(':').next().unwrap_or_default().to_owned();
        let why = reason(summary);
        match () {
            // Only along with another that was refused.
            () if why.contains("atomic") => {}
            () if is_race(&why) => stale.push(name),
            () => drop(declined.get_or_insert((name, why))),
        }
    }
    match (stale.is_empty(), declined) {
        (_, Some((name, why))) => Some(PushOutcome::Declined { name, why: escape_line(&why).into_owned() }),
        (false, None) => Some(PushOutcome::Stale(stale)),
        (true, None) => None,
    }
}

/// `[remote rejected] (pre-receive hook declined)`: what stands in the last brackets.
fn reason(summary: &str) -> String {
    let inner = summary.split_once("] (").map(|(_, rest)| rest.strip_suffix(')').unwrap_or(rest));
    inner.unwrap_or(summary).trim().to_owned()
}

/// Reasons that mean that the ref moved, or is moving. The server's words come from several versions of git and from
/// hosts of their own.
fn is_race(why: &str) -> bool {
    const WORDS: [&str; 10] = [
        "stale info",
        "fetch first",
        "non-fast-forward",
        "needs force",
        "remote ref updated since checkout",
        "failed to update ref",
        "failed to lock",
        "cannot lock ref",
        "reference already exists",
        "incorrect old value",
    ];
    WORDS.iter().any(|word| why.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let stale = |name: &str| Some(PushOutcome::Stale(vec![name.to_owned()]));
        let declined = |name: &str, why: &str| Some(PushOutcome::Declined { name: name.into(), why: why.into() });
        let cases = [
            ("To x\n*\ta:refs/b\t[new reference]\nDone\n", None),
            ("To x\n!\ta:refs/b\t[rejected] (stale info)\nDone\n", stale("refs/b")),
            ("!\ta:refs/b\t[remote rejected] (failed to update ref)\n", stale("refs/b")),
            ("!\ta:refs/b\t[remote rejected] (cannot lock ref 'refs/b': is at x but expected y)\n", stale("refs/b")),
            ("!\ta:refs/b\t[rejected] (atomic push failed)\n!\tc:refs/d\t[rejected] (fetch first)\n", stale("refs/d")),
            (
                "!\ta:refs/b\t[remote rejected] (pre-receive hook declined)\n",
                declined("refs/b", "pre-receive hook declined"),
            ),
            (
                "!\ta:refs/b\t[remote rejected] (deny updating a hidden ref)\n",
                declined("refs/b", "deny updating a hidden ref"),
            ),
            ("", None),
        ];
        for (said, expected) in cases {
            assert_eq!(read(said), expected, "{said}");
        }
    }
}
