//! Fetching: exactly the named refs, with all their objects, to exactly the named places.

use super::progress::Progress;
use super::trouble::{Doing, TransferError};
use super::{Remote, Repository};

/// The remote's settings of what to fetch and everything that comes along by itself, switched off.
const OPTIONS: [&str; 10] = [
    "--progress",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-filter",
    "--refmap=",
    "--no-prune",
    "--no-prune-tags",
    "--no-auto-maintenance",
    "--no-write-commit-graph",
    "--no-recurse-submodules",
];

/// One ref to fetch.
#[derive(Debug, Clone, Copy)]
pub struct FetchSpec<'a> {
    /// A full ref name on the remote, or the id of an object there.
    pub from: &'a str,
    /// The full name of the local ref that it becomes.
    pub to: &'a str,
    /// Whether the local ref may also move to what does not descend from it.
    pub force: bool,
}

impl Remote<'_> {
    /// Fetches these refs and nothing else. Where one of several cannot be stored, the others may be.
    ///
    /// Objects that the clone lacks because of a filter are complete for what is new. What the remote believes to be
    /// here already, because its commits are, is not sent again.
    pub fn fetch(&self, specs: &[FetchSpec<'_>], progress: &mut dyn FnMut(Progress)) -> Result<(), TransferError> {
        // Without a refspec git would fetch what the configuration says.
        if specs.is_empty() {
            return Ok(());
        }
        for spec in specs {
            if Repository::parse_oid(spec.from).is_none() {
                self.require_ref_name(Doing::Fetch, spec.from)?;
            }
            self.require_ref_name(Doing::Fetch, spec.to)?;
        }
        let git = self.git(&["fetch"]).args(OPTIONS).arg("--").arg(&self.name).timeout(self.patience.transfer);
        let answer = self.ask(Doing::Fetch, git.args(specs.iter().map(refspec)), progress)?;
        match answer.exit.success() {
            true => Ok(()),
            false => Err(self.trouble(Doing::Fetch, &answer)),
        }
    }
}

fn refspec(spec: &FetchSpec<'_>) -> String {
    let force = if spec.force { "+" } else { "" };
    format!("{force}{}:{}", spec.from, spec.to)
}
