//! Dependencies that an import adds, kept free of circles: tasks in a circle would wait for each other for ever.

use crate::model::TaskId;
use crate::store::Index;
use std::collections::{HashMap, HashSet};

/// The dependencies in the state and those this import added.
pub(super) struct Graph<'a> {
    index: &'a Index,
    added: HashMap<TaskId, Vec<TaskId>>,
    waited_for: HashSet<TaskId>,
}

impl<'a> Graph<'a> {
    pub fn new(index: &'a Index) -> Graph<'a> {
        Graph { index, added: HashMap::new(), waited_for: HashSet::new() }
    }

    /// Makes `task` wait for `first`. False, and nothing changed, where `first` waits for `task` already.
    #[must_use]
    pub fn add(&mut self, task: &TaskId, first: &TaskId) -> bool {
        if self.is_reached(first, task) {
            return false;
        }
        self.added.entry(task.clone()).or_default().push(first.clone());
        self.waited_for.insert(first.clone());
        true
    }

    /// Whether following dependencies leads from one task to the other.
    fn is_reached(&self, from: &TaskId, to: &TaskId) -> bool {
        // Nothing leads to a new task that nobody waits for. It saves the search along most lists, however long.
        let is_new = || self.index.status_of(to).is_none();
        if from != to && !self.waited_for.contains(to) && is_new() {
            return false;
        }
        let mut seen = HashSet::from([from.clone()]);
        let mut open = vec![from.clone()];
        while let Some(task) = open.pop() {
            if task == *to {
                return true;
            }
            open.extend(self.next(&task).into_iter().filter(|next| seen.insert(next.clone())));
        }
        false
    }

    fn next(&self, task: &TaskId) -> Vec<TaskId> {
        let added = self.added.get(task).into_iter().flatten().cloned();
        self.index.dependencies_of(task).into_iter().chain(added).collect()
    }
}
