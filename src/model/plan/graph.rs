//! Which step waits for which: order of work, circles, and whether one step is known to come before another.
//!
//! Steps are numbers here, in file order. Ids that name no step, and a step that waits for itself, are no edges;
//! of steps with the same id the first is meant. Nothing recurses, so no plan is too deep.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::Step;

pub(super) struct Graph {
    /// For each step, the steps it waits for.
    waits_for: Vec<Vec<usize>>,
}

impl Graph {
    pub(super) fn new<'a>(steps: impl Iterator<Item = &'a Step> + Clone) -> Graph {
        let mut index = HashMap::new();
        for (number, step) in steps.clone().enumerate() {
            index.entry(step.id.as_str()).or_insert(number);
        }
        let waits_for = steps.enumerate().map(|(number, step)| {
            let named = step.after.iter().filter_map(|id| index.get(id.as_str()).copied());
            named.filter(|other| *other != number).collect()
        });
        Graph { waits_for: waits_for.collect() }
    }

    /// Every step once: the first in the file that waits for nothing unplaced, again and again. In a circle nothing
    /// is ever free, so there the first of the file goes.
    pub(super) fn order(&self) -> Vec<usize> {
        let followers = self.followers();
        let mut missing: Vec<usize> = self.waits_for.iter().map(Vec::len).collect();
        let mut free: BinaryHeap<_> = (0..missing.len()).filter(|step| missing[*step] == 0).map(Reverse).collect();
        let mut placed = vec![false; missing.len()];
        let mut in_file_order = 0..missing.len();
        let mut order = Vec::with_capacity(missing.len());
        while let Some(step) = free.pop().map(|Reverse(step)| step).or_else(|| in_file_order.find(|s| !placed[*s])) {
            if std::mem::replace(&mut placed[step], true) {
                continue;
            }
            order.push(step);
            for &follower in &followers[step] {
                missing[follower] -= 1;
                if missing[follower] == 0 {
                    free.push(Reverse(follower));
                }
            }
        }
        order
    }

    fn followers(&self) -> Vec<Vec<usize>> {
        let mut followers = vec![Vec::new(); self.waits_for.len()];
        for (step, others) in self.waits_for.iter().enumerate() {
            for &other in others {
                followers[other].push(step);
            }
        }
        followers
    }

    /// Circles that share no step, at least one of each group of steps that wait for each other. Each begins with its
    /// first step of the file and goes on with the step that one waits for.
    pub(super) fn cycles(&self) -> Vec<Vec<usize>> {
        let mut walk = Walk { graph: self, seen: vec![Seen::Never; self.waits_for.len()], cycles: Vec::new() };
        for start in 0..self.waits_for.len() {
            if walk.seen[start] == Seen::Never {
                walk.from(start);
            }
        }
        walk.cycles
    }

    /// For each step, everything it waits for, directly or not, as a set of bits.
    pub(super) fn ancestors(&self) -> Ancestors {
        let words = self.waits_for.len().div_ceil(64);
        let mut sets = vec![vec![0_u64; words]; self.waits_for.len()];
        for step in self.order() {
            let mut own = std::mem::take(&mut sets[step]);
            for &other in &self.waits_for[step] {
                own[other / 64] |= 1 << (other % 64);
                own.iter_mut().zip(&sets[other]).for_each(|(mine, theirs)| *mine |= theirs);
            }
            sets[step] = own;
        }
        Ancestors { sets }
    }
}

/// The transitive closure of a [`Graph`].
pub(super) struct Ancestors {
    sets: Vec<Vec<u64>>,
}

impl Ancestors {
    /// Whether `later` waits, directly or not, for `earlier`.
    pub(super) fn is_before(&self, earlier: usize, later: usize) -> bool {
        self.sets[later][earlier / 64] & (1 << (earlier % 64)) != 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Never,
    OnPath,
    Done,
    InCycle,
}

/// A depth-first walk with its own stack.
struct Walk<'a> {
    graph: &'a Graph,
    seen: Vec<Seen>,
    cycles: Vec<Vec<usize>>,
}

impl Walk<'_> {
    fn from(&mut self, start: usize) {
        let graph = self.graph;
        let mut path = vec![start];
        let mut next = vec![graph.waits_for[start].iter()];
        self.seen[start] = Seen::OnPath;
        while let Some(others) = next.last_mut() {
            match others.next() {
                Some(&other) if self.seen[other] == Seen::Never => {
                    self.seen[other] = Seen::OnPath;
                    path.push(other);
                    next.push(graph.waits_for[other].iter());
                }
                Some(&other) if self.seen[other] == Seen::OnPath => self.close(&path, other),
                Some(_) => {}
                None => {
                    next.pop();
                    self.leave(path.pop());
                }
            }
        }
    }

    /// The path came back to `entry`: a circle, unless one of its steps was already named in another.
    fn close(&mut self, path: &[usize], entry: usize) {
        let since_entry = path.iter().rev().take_while(|step| **step != entry && self.seen[**step] == Seen::OnPath);
        let length = since_entry.count() + 1;
        let circle = &path[path.len() - length..];
        if circle[0] != entry {
            return;
        }
        let first = circle.iter().enumerate().min_by_key(|(_, step)| **step).map_or(0, |(at, _)| at);
        self.cycles.push([&circle[first..], &circle[..first]].concat());
        for step in circle {
            self.seen[*step] = Seen::InCycle;
        }
    }

    fn leave(&mut self, step: Option<usize>) {
        if let Some(step) = step
            && self.seen[step] == Seen::OnPath
        {
            self.seen[step] = Seen::Done;
        }
    }
}
