//! What a task's dependencies mean for it: ready, blocked for now, or blocked until a person decides.

use super::{Status, TaskId};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// Dependencies that are still on their way.
    Waiting(Vec<TaskId>),
    /// A dependency that will never be done, and why. A task fails closed: it does not start.
    Broken { dependency: TaskId, why: &'static str },
}

/// Looks at the dependencies of one task. `status_of` says where another task stands, or nothing if there is none.
pub fn blocked(
    dependencies: impl IntoIterator<Item = TaskId>,
    status_of: impl Fn(&TaskId) -> Option<Status>,
) -> Option<Blocked> {
    let mut waiting = Vec::new();
    for dependency in dependencies {
        match status_of(&dependency) {
            Some(Status::Done) => {}
            Some(Status::Cancelled) => return Some(broken(dependency, "was cancelled")),
            Some(_) => waiting.push(dependency),
            None => return Some(broken(dependency, "does not exist")),
        }
    }
    (!waiting.is_empty()).then_some(Blocked::Waiting(waiting))
}

fn broken(dependency: TaskId, why: &'static str) -> Blocked {
    Blocked::Broken { dependency, why }
}

/// A cycle through `start`, as the ids along it, if following `dependencies_of` leads back there.
pub fn find_cycle(start: &TaskId, dependencies_of: impl Fn(&TaskId) -> Vec<TaskId>) -> Option<Vec<TaskId>> {
    let mut came_from: BTreeMap<TaskId, TaskId> = BTreeMap::new();
    let mut open = vec![start.clone()];
    while let Some(task) = open.pop() {
        for next in dependencies_of(&task) {
            if next == *start {
                return Some(way_to(start, task, &came_from));
            }
            if !came_from.contains_key(&next) {
                came_from.insert(next.clone(), task.clone());
                open.push(next);
            }
        }
    }
    None
}

/// From `start` along to `last`, and back to `start`.
fn way_to(start: &TaskId, last: TaskId, came_from: &BTreeMap<TaskId, TaskId>) -> Vec<TaskId> {
    let mut way = vec![start.clone(), last];
    while let Some(before) = way.last().filter(|task| *task != start).and_then(|task| came_from.get(task)) {
        way.push(before.clone());
    }
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> TaskId {
        TaskId::parse(&format!("{text:0>10}")).unwrap()
    }

    #[test]
    fn a_dependency_counts_only_when_it_is_done() {
        let cases = [
            (Some(Status::Done), None),
            (Some(Status::Review), Some(Blocked::Waiting(vec![id("a")]))),
            (Some(Status::Waiting), Some(Blocked::Waiting(vec![id("a")]))),
            (Some(Status::Cancelled), Some(broken(id("a"), "was cancelled"))),
            (None, Some(broken(id("a"), "does not exist"))),
        ];
        for (status, expected) in cases {
            assert_eq!(blocked([id("a")], |_| status), expected, "{status:?}");
        }
    }

    #[test]
    fn a_cycle_is_named_along_its_way() {
        let next = |task: &TaskId| match task.as_str().trim_start_matches('0') {
            "a" => vec![id("b")],
            "b" => vec![id("c"), id("a")],
            _ => vec![],
        };
        assert_eq!(find_cycle(&id("a"), next), Some(vec![id("a"), id("b"), id("a")]));
        assert_eq!(find_cycle(&id("c"), next), None);
    }
}
