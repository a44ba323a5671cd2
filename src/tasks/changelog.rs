//! What changed between two revisions: the tasks that were merged between them, and the commits that belong to none.
//!
//! Commits are the facts. A task's are those that name it, and those that its merge brought; what was taken back again
//! between the same revisions is not told.

use super::Project;
use crate::error::{Error, Result};
use crate::git::{Logged, Oid, Repository};
use crate::model::changelog::{Changelog, Entry, Group, Judged, Revision, is_left_out, judge};
use crate::model::text::escape_line;
use crate::model::{Status, Task, TaskId};
use crate::store::{Filter, Snapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Commits that are looked at.
const MOST_COMMITS: usize = 5_000;

/// How far the clocks of those who commit and those who merge may be apart.
const SKEW: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// `from..to`, either of which may be left out, or `from` alone: from the last tag before `to`, to the target branch.
pub fn changelog(project: &Project, snapshot: &Snapshot<'_>, range: Option<&str>) -> Result<Changelog> {
    let (from, to) = revisions(project, range.unwrap_or_default())?;
    let repository = project.repository();
    let (commits, is_cut) = repository.log_between(from.as_ref().map(|(_, commit)| *commit), to.1, MOST_COMMITS)?;
    let at = commits.iter().map(|commit| commit.at).max();
    let entries = Collection::of(repository, snapshot, &commits, to.1)?.entries();
    Ok(Changelog { from: from.map(|(from, _)| from), to: to.0, at, entries, is_cut })
}

type Named = (Revision, Oid);

fn revisions(project: &Project, range: &str) -> Result<(Option<Named>, Named)> {
    let repository = project.repository();
    if range.contains("...") {
        let hint = format!("two dots: aifactory changelog {}", range.replacen("...", "..", 1));
        return Err(
            Error::usage(format!("`{}` is no range from an older to a newer revision", escape_line(range))).hint(hint)
        );
    }
    let (from, to) = range.split_once("..").unwrap_or((range, ""));
    let is_release = !to.is_empty();
    let to = match to {
        "" => target(project)?,
        name => named(repository, name)?,
    };
    if !from.is_empty() {
        return Ok((Some(named(repository, from)?), to));
    }
    let mut last = repository.find_last_tag(to.1)?;
    // What led to a release that was asked for.
    if is_release && last.as_deref().and_then(|tag| repository.find_tag(tag)) == Some(to.1) {
        let before = repository.first_parent(to.1)?;
        last = before.map(|before| repository.find_last_tag(before)).transpose()?.flatten();
    }
    Ok((last.map(|tag| named(repository, &tag)).transpose()?, to))
}

fn target(project: &Project) -> Result<Named> {
    let target = project.require_target()?;
    let commit = target.commit.ok_or_else(|| {
        Error::missing(format!("the branch {} has no commit yet", target.branch))
            .hint("make the first commit: git commit --allow-empty -m \"begin\"")
    })?;
    Ok((Revision { name: target.branch.clone(), commit: commit.to_string(), is_tag: false }, commit))
}

fn named(repository: &Repository, name: &str) -> Result<Named> {
    let tag = repository.find_tag(name);
    let commit = tag.or_else(|| repository.find_commit_named(name)).ok_or_else(|| {
        Error::missing(format!("there is no revision `{}`", escape_line(name))).hint("to see the tags: git tag")
    })?;
    Ok((Revision { name: name.to_owned(), commit: commit.to_string(), is_tag: tag.is_some() }, commit))
}

/// The commits of a range by the tasks that they belong to.
struct Collection<'c> {
    /// Newest first.
    commits: &'c [Logged],
    tasks: BTreeMap<TaskId, Task>,
    /// Of tasks that came to the target as a whole only later: they are told of then.
    later: BTreeSet<TaskId>,
    owners: BTreeMap<Oid, BTreeSet<TaskId>>,
    undone: BTreeSet<Oid>,
}

impl<'c> Collection<'c> {
    fn of(repository: &Repository, snapshot: &Snapshot<'_>, commits: &'c [Logged], to: Oid) -> Result<Collection<'c>> {
        let by_id: BTreeMap<Oid, &Logged> = commits.iter().map(|commit| (commit.commit, commit)).collect();
        let mut found = Collection {
            commits,
            tasks: BTreeMap::new(),
            later: BTreeSet::new(),
            owners: BTreeMap::new(),
            undone: undone(commits),
        };
        for commit in commits {
            for id in tasks_named_by(commit) {
                if !found.tasks.contains_key(&id) {
                    // A name that stands for nothing here: the commit is one of no task.
                    let Some(task) = snapshot.find_task(&id)? else { continue };
                    found.tasks.insert(id.clone(), task);
                }
                found.owners.entry(commit.commit).or_default().insert(id);
            }
        }
        found.add_merged(snapshot, &by_id)?;
        for (id, task) in &found.tasks {
            let merged = merge_of(task).filter(|commit| !by_id.contains_key(commit) && repository.has_commit(*commit));
            if let Some(merged) = merged
                && repository.is_ancestor(to, merged)?
            {
                found.later.insert(id.clone());
            }
        }
        Ok(found)
    }

    /// What a merge brought belongs to its task, also where an agent made the commits and named nothing.
    fn add_merged(&mut self, snapshot: &Snapshot<'_>, by_id: &BTreeMap<Oid, &Logged>) -> Result<()> {
        let Some(oldest) = self.commits.iter().map(|commit| commit.at).min() else { return Ok(()) };
        let done = snapshot.index()?.tasks(&Filter { statuses: vec![Status::Done], ..Filter::default() })?;
        for row in done.into_iter().filter(|row| row.updated.after(SKEW) >= oldest) {
            let task = snapshot.task(&row.id)?;
            let Some(merged) = merge_of(&task).filter(|commit| by_id.contains_key(commit)) else { continue };
            for commit in brought_by(&task, merged, by_id) {
                let owners = self.owners.entry(commit).or_default();
                if owners.is_empty() {
                    owners.insert(row.id.clone());
                }
            }
            self.tasks.insert(row.id, task);
        }
        Ok(())
    }

    fn entries(&self) -> Vec<Entry> {
        // By the newest commit of each, so that what is told is in the order in which it was there.
        let mut of_tasks: BTreeMap<&TaskId, (usize, Vec<&Logged>)> = BTreeMap::new();
        let mut found: Vec<(usize, Entry)> = Vec::new();
        for (at, commit) in self.commits.iter().enumerate().rev() {
            match self.owners.get(&commit.commit).filter(|owners| !owners.is_empty()) {
                Some(owners) => {
                    for owner in owners {
                        let of_task = of_tasks.entry(owner).or_default();
                        of_task.0 = at;
                        of_task.1.push(commit);
                    }
                }
                None => found.extend(self.of_commit(commit).map(|entry| (at, entry))),
            }
        }
        for (id, (at, commits)) in of_tasks {
            found.extend(self.of_task(id, &commits).map(|entry| (at, entry)));
        }
        // A high number is an old commit.
        found.sort_by_key(|(at, entry)| (entry.group, std::cmp::Reverse(*at)));
        found.into_iter().map(|(_, entry)| entry).collect()
    }

    fn of_task(&self, id: &TaskId, commits: &[&Logged]) -> Option<Entry> {
        let task = self.tasks.get(id)?;
        let is_undone = commits.iter().all(|commit| self.undone.contains(&commit.commit));
        // Whoever writes the changelog writes of the others.
        let is_left_out = is_left_out(task.labels.iter().chain(&task.role));
        if self.later.contains(id) || is_undone || is_left_out {
            return None;
        }
        let mut judged = judge(&task.title, "", task.labels.iter());
        judged.breaking |= commits.iter().any(|commit| judge(&commit.subject, &commit.body, [].iter()).breaking);
        if judged.breaking && judged.group == Group::Internal {
            judged.group = Group::Changed;
        }
        Some(entry(judged, Some(id.clone()), commits))
    }

    fn of_commit(&self, commit: &Logged) -> Option<Entry> {
        let takes_back = taken_back_by(commit);
        let is_settled = !takes_back.is_empty() && takes_back.iter().all(|undone| self.is_gone(undone.commit));
        if commit.parents.len() > 1 || self.undone.contains(&commit.commit) || is_settled {
            return None;
        }
        Some(entry(judge(&commit.subject, &commit.body, [].iter()), None, &[commit]))
    }

    /// Nothing is told of the commit, so that nothing has to be told of its end.
    fn is_gone(&self, commit: Oid) -> bool {
        let owners = self.owners.get(&commit);
        let all_gone = |task: &TaskId| {
            let of_task = self.owners.iter().filter(|(_, owners)| owners.contains(task));
            of_task.map(|(commit, _)| commit).all(|commit| self.undone.contains(commit))
        };
        self.undone.contains(&commit) && owners.is_none_or(|owners| owners.iter().all(all_gone))
    }
}

fn entry(judged: Judged, task: Option<TaskId>, commits: &[&Logged]) -> Entry {
    Entry {
        group: judged.group,
        text: judged.text,
        breaking: judged.breaking,
        because: judged.because,
        task,
        commits: commits.iter().map(|commit| commit.commit.to_string()).collect(),
        authors: commits.iter().map(|commit| commit.author.clone()).collect(),
    }
}

/// The commits from a merge back to what the target was before it; of a history that was written anew, the last alone.
fn brought_by(task: &Task, merged: Oid, by_id: &BTreeMap<Oid, &Logged>) -> Vec<Oid> {
    let from = task.delivery.as_ref().and_then(|delivery| Repository::parse_oid(&delivery.from));
    let (mut brought, mut next) = (Vec::new(), Some(merged));
    while let Some(commit) = next.filter(|commit| Some(*commit) != from).and_then(|id| by_id.get(&id)) {
        brought.push(commit.commit);
        next = commit.parents.first().copied();
    }
    match from {
        Some(from) if next == Some(from) || !by_id.contains_key(&from) => brought,
        _ => vec![merged],
    }
}

/// Where the task's work came to the target.
fn merge_of(task: &Task) -> Option<Oid> {
    let delivery = task.delivery.as_ref().filter(|delivery| delivery.done)?;
    Repository::parse_oid(&delivery.commit)
}

/// Anywhere in the message: where commits were made one, their trailers stand in the middle.
fn tasks_named_by(commit: &Logged) -> BTreeSet<TaskId> {
    commit.body.lines().filter_map(|line| TaskId::parse(line.strip_prefix("Aifactory-Task: ")?.trim())).collect()
}

/// What a revert says that it takes back.
struct TakenBack {
    commit: Oid,
    /// Of a merge: the parent that it goes back to.
    to: Option<Oid>,
}

/// As git writes it: `This reverts commit X.`, of a merge `This reverts commit X, reversing changes made to Y.`
fn taken_back_by(commit: &Logged) -> Vec<TakenBack> {
    let said = commit.body.split("This reverts commit ").skip(1);
    let taken_back = said.filter_map(|rest| {
        let to = rest.split_once("changes made to ").and_then(|(_, to)| first_oid(to));
        Some(TakenBack { commit: first_oid(rest)?, to })
    });
    taken_back.collect()
}

fn first_oid(text: &str) -> Option<Oid> {
    Repository::parse_oid(&text.chars().take_while(char::is_ascii_hexdigit).collect::<String>())
}

/// What is taken back within the range, by a commit that counts itself.
fn undone(commits: &[Logged]) -> BTreeSet<Oid> {
    let by_id: BTreeMap<Oid, &Logged> = commits.iter().map(|commit| (commit.commit, commit)).collect();
    let (mut undone, mut seen) = (BTreeSet::new(), BTreeSet::new());
    // Newest first: whether a revert was taken back itself is known before it is looked at.
    for commit in commits {
        if undone.contains(&commit.commit) {
            continue;
        }
        for taken_back in taken_back_by(commit) {
            let Some(gone) = by_id.get(&taken_back.commit).filter(|gone| seen.insert(gone.commit)) else { continue };
            let merged = merged_by(gone, taken_back.to, &by_id);
            // Of a merge that brought only what was there before the range, the revert is told.
            if gone.parents.len() < 2 || !merged.is_empty() {
                undone.insert(gone.commit);
                undone.extend(merged);
            }
        }
    }
    undone
}

/// The commits of the range that came with a merge to one of its parents; to the first where none is named.
fn merged_by(merge: &Logged, to: Option<Oid>, by_id: &BTreeMap<Oid, &Logged>) -> BTreeSet<Oid> {
    let [first, _, ..] = merge.parents[..] else { return BTreeSet::new() };
    let mainline = to.filter(|to| merge.parents.contains(to)).unwrap_or(first);
    let others = merge.parents.iter().copied().filter(|parent| *parent != mainline);
    let before = reachable([mainline], by_id);
    reachable(others, by_id).difference(&before).copied().collect()
}

/// The commits of the range that one comes to from there.
fn reachable(from: impl IntoIterator<Item = Oid>, by_id: &BTreeMap<Oid, &Logged>) -> BTreeSet<Oid> {
    let mut found = BTreeSet::new();
    let mut next: Vec<Oid> = from.into_iter().collect();
    while let Some(commit) = next.pop() {
        if let Some(logged) = by_id.get(&commit)
            && found.insert(commit)
        {
            next.extend(&logged.parents);
        }
    }
    found
}
