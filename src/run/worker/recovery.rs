//! After a failed try: somebody else's eyes, another way, and a clean ground where the same thing was tried twice.

use super::Worker;
use super::aim::{Aim, Goal};
use super::conversation::Start;
use super::pursuit::Tried;
use crate::agent::Agent;
use crate::error::Result;
use crate::git::Oid;
use crate::model::run::Outcome;
use crate::model::words::similarity;
use crate::workflow::Role;

/// From here on two agents said the same about what they did.
const SAME_WORDS: f64 = 0.7;
/// Fewer letters say too little to compare.
const TOO_FEW: usize = 40;

/// What the tries of one goal came to, to see when one goes in a circle.
#[derive(Default)]
pub(super) struct Tries {
    seen: Vec<(Oid, String)>,
}

impl Tries {
    /// Whether this one left what an earlier one had left, or told the same.
    fn is_known(&self, tree: Oid, words: &str) -> bool {
        let tells_the_same = |said: &str| words.len() >= TOO_FEW && similarity(said, words) >= SAME_WORDS;
        self.seen.iter().any(|(seen, said)| *seen == tree || tells_the_same(said))
    }
}

impl Worker<'_> {
    /// The role for a try: the phase's own at first; after a failure that no conversation goes on from, the one that
    /// looks for another way.
    pub(super) fn role_for_try<'r>(
        &self,
        aim: &'r Aim<'_>,
        start: &Start,
        attempt: u64,
        recovery: &'r Option<Role>,
    ) -> &'r Role {
        let is_fresh = matches!(start, Start::Fresh { .. });
        match recovery {
            Some(role) if attempt > 1 && is_fresh && matches!(aim.goal, Goal::Step { .. }) => role,
            _ => aim.role,
        }
    }

    /// Remembers a try that failed. Where it went in a circle, the step begins from clean ground: what was tried is kept
    /// under a ref, and the next agent is told where.
    pub(super) fn note_failure(
        &self,
        aim: &Aim<'_>,
        agent: &Agent,
        tried: &Tried,
        begin: Oid,
        tries: &mut Tries,
    ) -> Result<Option<String>> {
        let failed = matches!(
            tried.result.outcome(),
            Outcome::Succeeded | Outcome::Failed | Outcome::TimedOut | Outcome::Stalled
        );
        let repository = self.project.repository();
        if !failed || !agent.may_vary || aim.step().is_none() || !aim.worktree.is_dir() {
            return Ok(None);
        }
        let tree = repository.worktree_tree(aim.worktree)?;
        let words = tried.result.account.said.clone();
        let is_circle = tries.is_known(tree, &words) && tree != repository.tree_of(begin)?;
        tries.seen.push((tree, words));
        match is_circle {
            true => self.roll_back(aim, begin).map(Some),
            false => Ok(None),
        }
    }

    /// The step begins anew from the last good commit. Nothing is lost: the commits and what was not committed stay under
    /// refs of their own.
    fn roll_back(&self, aim: &Aim<'_>, begin: Oid) -> Result<String> {
        let (repository, checkouts) = (self.project.repository(), self.checkouts()?);
        let mut kept = Vec::new();
        if let Some((_, name)) = checkouts.save(&self.task, aim.worktree)? {
            kept.push(name);
            repository.drop_changes(aim.worktree)?;
        }
        let head = repository.head_of(aim.worktree)?;
        if head != begin {
            kept.push(checkouts.keep_commit(&self.task, head)?);
            repository.reset_worktree(aim.worktree, begin)?;
        }
        let short: String = begin.to_string().chars().take(10).collect();
        let text = format!(
            "{} went in a circle and begins anew from {short}; what was tried is kept: git log {}",
            aim.in_words(),
            kept.join(" ")
        );
        self.note(&text)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Repository;

    #[test]
    fn a_circle_is_the_same_files_or_the_same_story() {
        let tree = |digit: &str| Repository::parse_oid(&digit.repeat(40)).unwrap();
        let story = "I changed the parser to skip empty lines before it splits them at blanks";
        let tries = Tries { seen: vec![(tree("a"), story.to_owned())] };
        assert!(tries.is_known(tree("a"), "something else entirely, told at some length"));
        assert!(
            tries.is_known(tree("b"), "The parser was changed: it skips the empty lines before splitting at blanks")
        );
        assert!(!tries.is_known(tree("b"), "I replaced the parser by a table that is generated from the grammar"));
        assert!(!tries.is_known(tree("b"), "done"));
    }
}
