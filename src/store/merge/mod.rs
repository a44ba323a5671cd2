//! Merging the state with one that came from elsewhere.
//!
//! | What | Rule |
//! |---|---|
//! | identical, or changed on one side only | taken by object id |
//! | `events.jsonl` | union by id, in the order of clock and id; lines nobody can read go to the task's attic |
//! | status, claim, fence, steps, delivery | folded from the union |
//! | title, priority, and other single values | folded: the later one counts, the other stays in the events |
//! | labels, dependencies | folded: a removal takes away the additions it saw |
//! | `spec.md`, `plan.md` | replayed by section; where two changed the same part, the later stands, the other goes to the task's attic and a conflict is recorded |
//! | approval | folded; it names the digest of spec and plan, so that a merged text is not approved |
//! | a claim that was not published | stands if the task can still be had; otherwise it becomes a lost claim |
//! | results of two workers under one fence | both kept, and the task waits: contested |
//! | cancelled here, merged there | merged, and a conflict is recorded |
//! | runs, evidence, messages | written once; of two under one name the one that ended, then the greater content |
//! | notes | promoted if promoted on either side, the words that were written last; removed on either side is removed |
//! | unknown fields | of the side that changed them, then of the newer record |
//! | unknown files | of the side that changed them; both: the greater content, the other to the attic |
//! | anything missing | back |

mod claims;
mod folder;
mod lines;
mod tree;

pub use tree::{MergedTree, merge_trees};

use super::{Store, genesis};
use crate::error::{Context, Error, Result};
use crate::git::{Expected, Identity, Oid, Swap};

/// Another program may move the ref this often while we merge.
const MOST_TRIES: u32 = 20;

/// What taking in a state from elsewhere did.
#[derive(Debug)]
pub struct TakenIn {
    /// The head of the state now.
    pub head: Oid,
    pub merged: MergedTree,
}

impl Store {
    /// Merges a state that came from elsewhere into ours, which then goes on from it: history stays one line. `base` is
    /// what both had in common, the last state seen there. Nothing of ours is lost, whatever the other holds.
    pub fn take_in(&self, base: Option<Oid>, incoming: Oid) -> Result<TakenIn> {
        let _lock = self.local.write_lock().context(|| "cannot change the state")?;
        for _ in 0..MOST_TRIES {
            let head = self.find_head()?;
            let (commit, merged) = self.merge_with(head, base, incoming)?;
            let expected = head.map_or(Expected::Absent, Expected::Is);
            if head == Some(commit) {
                return Ok(TakenIn { head: commit, merged });
            }
            self.flush_if_durable()?;
            match self.repository.swap_ref(&self.ref_name, expected, commit, "aifactory: sync")? {
                Swap::Done => return Ok(TakenIn { head: commit, merged }),
                Swap::Refused => {}
                Swap::Locked => return Err(Error::failed(format!("{} stays locked", self.ref_name))),
            }
        }
        Err(Error::failed(format!("{} keeps moving: another program writes it without our lock", self.ref_name)))
    }

    /// What [`Store::take_in`] would do, with nothing moved.
    pub fn preview(&self, base: Option<Oid>, incoming: Oid) -> Result<MergedTree> {
        self.merge_with(self.find_head()?, base, incoming).map(|(_, merged)| merged)
    }

    fn merge_with(&self, head: Option<Oid>, base: Option<Oid>, incoming: Oid) -> Result<(Oid, MergedTree)> {
        let repository = &self.repository;
        let theirs = repository.tree_of(incoming)?;
        let begin = match head {
            Some(head) => head,
            None => genesis::write(repository)?,
        };
        let ours = repository.tree_of(begin)?;
        let base_commit = base;
        let base = base.map(|base| repository.tree_of(base)).transpose()?;
        let merged = merge_trees(repository, base, ours, theirs)?;
        let tree = merged.tree.unwrap_or(theirs);
        if tree == theirs {
            return Ok((incoming, merged));
        }
        // Ours may already be exactly this on top of theirs: then there is nothing to move.
        if tree == ours && head.is_some_and(|head| repository.is_ancestor(incoming, head).unwrap_or(false)) {
            return Ok((begin, merged));
        }
        let by = self.itself();
        let since = base_commit.map_or_else(|| genesis::write(repository), Ok)?;
        let message = self.message_of_all(since, begin)?;
        let commit = repository.write_commit(tree, &[incoming], &message, &by)?;
        Ok((commit, merged))
    }

    /// Everything since `parent` as one commit on top of it: what is pushed. The message keeps the subjects of the
    /// commits it stands for.
    pub fn squash(&self, parent: Option<Oid>, head: Oid) -> Result<Oid> {
        let repository = &self.repository;
        let Some(parent) = parent else { return self.squash_from_genesis(head) };
        if repository.parents(head)?.contains(&parent) {
            return Ok(head);
        }
        let tree = repository.tree_of(head)?;
        if tree == repository.tree_of(parent)? {
            return Ok(parent);
        }
        let message = self.message_of_all(parent, head)?;
        let by = self.itself();
        repository.write_commit(tree, &[parent], &message, &by)
    }

    /// Makes the head a commit that goes on from two histories, after one was replaced by the other on a remote.
    pub fn tie_together(&self, one: Oid, other: Oid) -> Result<()> {
        let _lock = self.local.write_lock().context(|| "cannot change the state")?;
        let Some(head) = self.find_head()? else { return Ok(()) };
        let by = self.itself();
        let tree = self.repository.tree_of(head)?;
        let tied = self.repository.write_commit(tree, &[one, other], "bring both histories together\n", &by)?;
        match self.repository.swap_ref(&self.ref_name, Expected::Is(head), tied, "aifactory: sync")? {
            Swap::Done => Ok(()),
            Swap::Refused | Swap::Locked => {
                Err(Error::failed(format!("{} moved meanwhile", self.ref_name)).hint("try again"))
            }
        }
    }

    /// The program's own name on commits that only move what others wrote.
    fn itself(&self) -> Identity {
        Identity { name: "aifactory".into(), email: "aifactory@localhost".into(), at: self.host().now() }
    }

    /// The commit that every state begins with.
    pub fn genesis(&self) -> Result<Oid> {
        genesis::write(&self.repository)
    }

    fn squash_from_genesis(&self, head: Oid) -> Result<Oid> {
        let genesis = genesis::write(&self.repository)?;
        if head == genesis { Ok(head) } else { self.squash(Some(genesis), head) }
    }

    fn message_of_all(&self, parent: Oid, head: Oid) -> Result<String> {
        const MOST: usize = 20;
        let mut subjects = Vec::new();
        let mut commit = Some(head);
        while let Some(current) = commit.filter(|commit| *commit != parent) {
            if subjects.len() > MOST {
                break;
            }
            subjects.push(self.repository.message_of(current)?.lines().next().unwrap_or_default().to_owned());
            commit = self.repository.first_parent(current)?;
        }
        if let [one] = subjects.as_slice() {
            return Ok(format!("{one}\n"));
        }
        let more = if subjects.len() > MOST { "\n…" } else { "" };
        subjects.truncate(MOST);
        subjects.reverse();
        Ok(format!(
            "{} changes\n\n{}{more}\n",
            if more.is_empty() { subjects.len().to_string() } else { "many".into() },
            subjects.join("\n")
        ))
    }

    /// After `pushed` was accepted for what the head was at `head`: the head goes on from it, with whatever was written
    /// since.
    pub fn adopt(&self, head: Oid, pushed: Oid) -> Result<()> {
        if head == pushed {
            return Ok(());
        }
        let _lock = self.local.write_lock().context(|| "cannot change the state")?;
        for _ in 0..MOST_TRIES {
            let Some(now) = self.find_head()? else { return Ok(()) };
            if self.repository.is_ancestor(pushed, now)? {
                return Ok(());
            }
            let next = match now == head {
                true => pushed,
                false => {
                    let by = self.itself();
                    let message = self.message_of_all(head, now)?;
                    self.repository.write_commit(self.repository.tree_of(now)?, &[pushed], &message, &by)?
                }
            };
            match self.repository.swap_ref(&self.ref_name, Expected::Is(now), next, "aifactory: sync")? {
                Swap::Done => return Ok(()),
                Swap::Refused => {}
                Swap::Locked => return Err(Error::failed(format!("{} stays locked", self.ref_name))),
            }
        }
        Err(Error::failed(format!("{} keeps moving: another program writes it without our lock", self.ref_name)))
    }
}

#[cfg(test)]
mod tests;
