//! What happened on a branch: who brought a file to it, who changed which files since, and what commits say.

use super::{Oid, Repository};
use crate::error::{Error, Result};
use crate::model::Timestamp;

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

/// A commit with what it says. Everything but the ids is from whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    pub commit: Oid,
    pub parents: Vec<Oid>,
    /// When it was committed, by the clock of whoever did.
    pub at: Timestamp,
    pub author: String,
    pub subject: String,
    /// What follows the subject, trailers included.
    pub body: String,
}

/// Bytes of a log that are read.
const LONGEST_LOG: usize = 32 << 20;

/// As many fields as [`Logged`] has, each ended by NUL, which no commit message can hold.
const LOG_FORMAT: &str = "--format=%H%x00%P%x00%ct%x00%aN%x00%s%x00%b";
const LOG_FIELDS: usize = 6;
/// Whatever the person's settings show logs in.
const UTF_8: &str = "--encoding=UTF-8";

const FORMAT: &str = "--format=%H%x00%an <%ae>%x00%cn <%ce>";

impl Repository {
    /// The newest commit of a branch that changed the file, as the branch saw it: of a merge, the merge. Nothing where no
    /// commit did.
    pub fn brought_by(&self, tip: Oid, path: &str) -> Result<Option<Authored>> {
        let tip = tip.to_string();
        let args = ["--literal-pathspecs", "log", "-1", "--first-parent", UTF_8, FORMAT, &tip, "--", path];
        let text = self.common_text(&args)?;
        text.lines().next().map(parse).transpose()
    }

    /// The commits after `from` up to `to` that changed one of the files, newest first; at most a thousand.
    pub fn commits_touching(&self, from: Oid, to: Oid, paths: &[String]) -> Result<Vec<Authored>> {
        let (range, most) = (format!("{from}..{to}"), format!("--max-count={MOST_COMMITS}"));
        let mut args = vec!["--literal-pathspecs", "log", "--no-merges", UTF_8, FORMAT, &most, &range, "--"];
        args.extend(paths.iter().take(MOST_PATHS).map(String::as_str));
        self.common_text(&args)?.lines().map(parse).collect()
    }

    /// The commits that `to` has and `from` has not, newest first, at most so many, and whether there are more. Children
    /// stand before their parents.
    pub fn log_between(&self, from: Option<Oid>, to: Oid, most: usize) -> Result<(Vec<Logged>, bool)> {
        let (most_and_one, to) = (format!("--max-count={}", most + 1), to.to_string());
        let without = from.map(|from| format!("^{from}"));
        let mut args = vec![
            "log",
            "-z",
            "--topo-order",
            "--no-show-signature",
            "--no-color",
            UTF_8,
            LOG_FORMAT,
            &most_and_one,
            &to,
        ];
        args.extend(without.as_deref());
        args.push("--");
        let output = self.git(&args).max_output(LONGEST_LOG).run_ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let fields: Vec<&str> = text.split('\0').collect();
        // What was cut off has not all of its fields.
        let whole = fields.chunks_exact(LOG_FIELDS);
        let mut commits = whole.map(parse_logged).collect::<Result<Vec<_>>>()?;
        let is_cut = output.truncated || commits.len() > most;
        commits.truncate(most);
        Ok((commits, is_cut))
    }

    /// The tag that is nearest to a commit among those it has in its history, itself included.
    pub fn find_last_tag(&self, commit: Oid) -> Result<Option<String>> {
        let output = self.git(&["describe", "--tags", "--abbrev=0", &commit.to_string()]).run()?;
        let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(Some(name).filter(|name| output.exit.success() && !name.is_empty()))
    }

    /// The commit that a tag of this name stands for. A revision near a tag, such as `v2~1`, is none.
    pub fn find_tag(&self, name: &str) -> Option<Oid> {
        let name = format!("refs/tags/{name}");
        self.ref_target(&name).ok().flatten()?;
        self.find_commit_named(&name)
    }
}

fn parse_logged(fields: &[&str]) -> Result<Logged> {
    let wrong = || Error::failed(format!("git log said something that is not understood: {}", fields[0]));
    Ok(Logged {
        commit: Repository::parse_oid(fields[0]).ok_or_else(wrong)?,
        parents: fields[1].split(' ').filter_map(Repository::parse_oid).collect(),
        at: Timestamp::from_millis(fields[2].parse::<u64>().unwrap_or_default().saturating_mul(1_000)),
        author: fields[3].to_owned(),
        subject: fields[4].to_owned(),
        body: fields[5].to_owned(),
    })
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
