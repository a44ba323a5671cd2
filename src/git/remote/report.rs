//! What `git push --porcelain` reports about each ref, read strictly.
//!
//! A line is `flag TAB from:to TAB summary (reason)`. The flag says whether the ref moved; why it did not is in the
//! reason, which git and the hosts word differently.

use super::transport::Answer;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    Moved,
    /// Nothing is wrong with it, but another ref of an atomic push was refused.
    Bystander,
    Stale,
    Declined(String),
    /// Whether it moved is not known, or the pack did not even arrive.
    Lost(String),
}

/// The fates of `names`, in their order; nothing where the report is not one, or does not name them all.
pub fn read(answer: &Answer, names: &[&str]) -> Option<Vec<Fate>> {
    let mut fates: Vec<Option<Fate>> = vec![None; names.len()];
    for line in answer.stdout.lines() {
        if line == "Done" || line.starts_with("To ") {
            continue;
        }
        let (flag, name, summary) = split(line)?;
        let position = names.iter().position(|wanted| *wanted == name)?;
        let fate = fate(flag, name, summary, answer)?;
        // A remote with several push URLs reports each of them: the worst counts.
        fates[position] = fates[position].take().max(Some(fate));
    }
    fates.into_iter().collect()
}

fn split(line: &str) -> Option<(char, &str, &str)> {
    let mut fields = line.splitn(3, '\t');
    let (flag, refs, summary) = (fields.next()?, fields.next()?, fields.next()?);
    let mut flag = flag.chars();
    let (flag, nothing) = (flag.next()?, flag.next());
    // No ref name holds a colon, and what stands before it is an id, nothing, or `(delete)`.
    let (_, name) = refs.split_once(':')?;
    nothing.is_none().then_some((flag, name, summary))
}

fn fate(flag: char, name: &str, summary: &str, answer: &Answer) -> Option<Fate> {
    match flag {
        ' ' | '+' | '-' | '*' | '=' => Some(Fate::Moved),
        '!' => {
            let (who, reason) = summary.split_once("] (").unwrap_or((summary.trim_end_matches(']'), ")"));
            let reason = reason.strip_suffix(')')?;
            match who {
                "[rejected" => Some(refused_here(reason)),
                "[remote rejected" => Some(refused_there(name, reason, answer)),
                "[remote failure" => Some(Fate::Lost(reason.to_owned())),
                _ => Some(Fate::Declined(summary.to_owned())),
            }
        }
        _ => None,
    }
}

/// Our own git found out by what the remote listed, before anything was sent.
fn refused_here(reason: &str) -> Fate {
    match reason {
        "stale info" | "non-fast-forward" | "fetch first" | "needs force" | "already exists" => Fate::Stale,
        "remote ref updated since checkout" => Fate::Stale,
        "atomic push failed" => Fate::Bystander,
        _ => Fate::Declined(reason.to_owned()),
    }
}

fn refused_there(name: &str, reason: &str, answer: &Answer) -> Fate {
    let lower = reason.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["unpacker error", "internal server error", "fatal error in commit_refs", "remote failed to report"]) {
        return Fate::Lost(reason.to_owned());
    }
    if has(&["atomic push fail"]) {
        return Fate::Bystander;
    }
    // Git says no more here than that it failed, and why among the remote's lines.
    if has(&["failed to update ref", "atomic transaction failed", "failed to lock", "transaction failed to start"]) {
        return refused_by_lock(name, answer);
    }
    if has(&["cannot lock ref", "incorrect old value", "reference already exists"]) && !blocks(&lower) {
        return Fate::Stale;
    }
    let said: Vec<&str> =
        answer.remote_lines().filter(|line| !line.starts_with("error: hook declined to update")).collect();
    match said.is_empty() {
        true => Fate::Declined(reason.to_owned()),
        false => Fate::Declined(format!("{reason}: {}", said[..said.len().min(MOST_QUOTED)].join(" "))),
    }
}

/// Lines of a hook's that are quoted.
const MOST_QUOTED: usize = 10;

fn refused_by_lock(name: &str, answer: &Answer) -> Fate {
    let quoted = format!("'{name}'");
    let about_locks: Vec<&str> = answer.remote_lines().filter(|line| line.contains("cannot lock ref")).collect();
    match about_locks.iter().find(|line| line.contains(&quoted)) {
        Some(line) if blocks(line) => Fate::Declined((*line).trim_start_matches("error: ").to_owned()),
        None if !about_locks.is_empty() => Fate::Bystander,
        // Most likely somebody was faster; some hosts do not say.
        Some(_) | None => Fate::Stale,
    }
}

/// A ref `a` is in the way of `a/b`, and no trying again will help.
fn blocks(line: &str) -> bool {
    line.contains("exists; cannot create")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Exit;

    const NAME: &str = "refs/x/a";

    fn answer(report: &str, said: &[&str]) -> Answer {
        let said = said.iter().map(|line| (*line).to_owned()).collect();
        Answer { exit: Exit::Code(1), stdout: format!("To ../server.git\n{report}Done\n"), said }
    }

    fn one(flag: &str, from: &str, summary: &str, said: &[&str]) -> Fate {
        let answer = answer(&format!("{flag}\t{from}:{NAME}\t{summary}\n"), said);
        read(&answer, &[NAME]).unwrap().remove(0)
    }

    fn declined(why: &str) -> Fate {
        Fate::Declined(why.to_owned())
    }

    #[test]
    fn every_flag_but_one_is_a_ref_that_is_as_wanted() {
        for (flag, from, summary) in [
            (" ", "1111", "1111..2222"),
            ("+", "1111", "1111...2222 (forced update)"),
            ("-", "", "[deleted]"),
            ("*", "1111", "[new reference]"),
            ("=", "1111", "[up to date]"),
        ] {
            assert_eq!(one(flag, from, summary, &[]), Fate::Moved, "{flag}");
        }
    }

    #[test]
    fn refusals_are_told_apart_by_their_reason() {
        for (summary, fate) in [
            ("[rejected] (stale info)", Fate::Stale),
            ("[rejected] (non-fast-forward)", Fate::Stale),
            ("[rejected] (fetch first)", Fate::Stale),
            ("[rejected] (atomic push failed)", Fate::Bystander),
            ("[rejected] (the moon is full)", declined("the moon is full")),
            ("[remote rejected] (failed to update ref)", Fate::Stale),
            ("[remote rejected] (incorrect old value provided)", Fate::Stale),
            ("[remote rejected] (cannot lock ref 'refs/x/a': is at 1 but expected 2)", Fate::Stale),
            ("[remote rejected] (reference already exists)", Fate::Stale),
            ("[remote rejected] (atomic push failure)", Fate::Bystander),
            ("[remote rejected] (deny updating a hidden ref)", declined("deny updating a hidden ref")),
            ("[remote rejected] (deletion prohibited)", declined("deletion prohibited")),
            ("[remote rejected] (non-fast-forward)", declined("non-fast-forward")),
            ("[remote rejected] (unpacker error)", Fate::Lost("unpacker error".to_owned())),
            ("[remote rejected] (Internal Server Error)", Fate::Lost("Internal Server Error".to_owned())),
            (
                "[remote failure] (remote failed to report status)",
                Fate::Lost("remote failed to report status".to_owned()),
            ),
            ("[no match]", declined("[no match]")),
        ] {
            assert_eq!(one("!", "1111", summary, &[]), fate, "{summary}");
        }
    }

    #[test]
    fn a_hook_is_quoted_without_what_git_adds() {
        let said = ["remote: Names of tasks only.", "remote: ", "remote: error: hook declined to update refs/x/a"];
        let fate = one("!", "1111", "[remote rejected] (hook declined)", &said);
        assert_eq!(fate, declined("hook declined: Names of tasks only."));
    }

    #[test]
    fn a_lock_that_is_taken_differs_from_a_name_that_is() {
        let failed = "[remote rejected] (failed to update ref)";
        let taken = ["remote: error: cannot lock ref 'refs/x/a': Unable to create '/x/a.lock': File exists."];
        assert_eq!(one("!", "1111", failed, &taken), Fate::Stale);
        let blocked = ["remote: error: cannot lock ref 'refs/x/a': 'refs/x' exists; cannot create 'refs/x/a'"];
        let why = "cannot lock ref 'refs/x/a': 'refs/x' exists; cannot create 'refs/x/a'";
        assert_eq!(one("!", "1111", failed, &blocked), declined(why));
        let of_another = ["remote: error: cannot lock ref 'refs/x/b': is at 1 but expected 2"];
        assert_eq!(one("!", "1111", "[remote rejected] (atomic transaction failed)", &of_another), Fate::Bystander);
    }

    #[test]
    fn of_several_reports_about_a_ref_the_worst_counts() {
        let twice = answer("*\t1:refs/x/a\t[new reference]\n!\t1:refs/x/a\t[rejected] (stale info)\n", &[]);
        assert_eq!(read(&twice, &[NAME]), Some(vec![Fate::Stale]));
    }

    #[test]
    fn what_is_no_report_is_not_taken_for_one() {
        for report in
            ["", "hello\n", "?\t1:refs/x/a\tx\n", "**\t1:refs/x/a\tx\n", "*\trefs/x/a\tx\n", "*\t1:refs/x/other\tx\n"]
        {
            assert_eq!(read(&answer(report, &[]), &[NAME]), None, "{report}");
        }
    }
}
