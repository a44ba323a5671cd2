//! Who brought a file to a branch, and who changed which files since.

use super::{Oid, Repository};
use crate::error::{Error, Result};

/// More commits than this are not counted, nor more paths given to git at once.
const MOST_COMMITS: usize = 1_000;
const MOST_PATHS: usize = 200;

/// A commit, by those who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authored {
    pub commit: Oid,
    /// `Ana <ana@example.com>`, as the commit says it.
    pub author: String,
    pub committer: String,
}

const FORMAT: &str = "--format=%H%x00%an <%ae>%x00%cn <%ce>";

impl Repository {
    /// The newest commit of a branch that changed the file, as the branch saw it: of a merge, the merge. Nothing where no
    /// commit did.
    pub fn brought_by(&self, tip: Oid, path: &str) -> Result<Option<Authored>> {
        let tip = tip.to_string();
        let args = ["--literal-pathspecs", "log", "-1", "--first-parent", FORMAT, &tip, "--", path];
        let text = self.common_text(&args)?;
        text.lines().next().map(parse).transpose()
    }

    /// The commits after `from` up to `to` that changed one of the files, newest first; at most a thousand.
    pub fn commits_touching(&self, from: Oid, to: Oid, paths: &[String]) -> Result<Vec<Authored>> {
        let (range, most) = (format!("{from}..{to}"), format!("--max-count={MOST_COMMITS}"));
        let mut args = vec!["--literal-pathspecs", "log", "--no-merges", FORMAT, &most, &range, "--"];
        args.extend(paths.iter().take(MOST_PATHS).map(String::as_str));
        self.common_text(&args)?.lines().map(parse).collect()
    }
}

fn parse(line: &str) -> Result<Authored> {
    let mut parts = line.split('\0');
    let commit = parts.next().and_then(Repository::parse_oid);
    match (commit, parts.next(), parts.next()) {
        (Some(commit), Some(author), Some(committer)) => {
            Ok(Authored { commit, author: author.to_owned(), committer: committer.to_owned() })
        }
        _ => Err(Error::failed(format!("git log said something that is not understood: {line}"))),
    }
}
