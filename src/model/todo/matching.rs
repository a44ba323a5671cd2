//! Finds out which item is which task when a list is imported again.
//!
//! First by the id in a comment, then by key, then by title alone (the item moved under another), and last by likeness,
//! so that a corrected word does not make a new task. Likeness is measured in words: those in both titles against those
//! in either, counting repeats. Each item gets at most one task and each task at most one item, and the same input
//! always gives the same answer.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet, VecDeque};

use super::{Item, SEED, folded, hash};

/// What an earlier import stored about a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub key: String,
    pub title: String,
    pub line: usize,
}

/// For each item the id of the task it is, if any. `known` pairs task ids with what was stored for them.
pub fn match_items(items: &[Item], known: &[(String, Known)]) -> Vec<Option<String>> {
    let mut pairs = Pairs::new(items, known);
    pairs.by(|item| item.id.as_deref(), |(id, _)| id);
    pairs.by(|item| Some(&item.key), |(_, known)| &known.key);
    pairs.by_title();
    pairs.by_likeness();
    pairs.task_of.into_iter().map(|task| task.map(|task| known[task].0.clone())).collect()
}

struct Pairs<'a> {
    items: &'a [Item],
    known: &'a [(String, Known)],
    /// Indexes into `known`, one per item.
    task_of: Vec<Option<usize>>,
    /// Tasks that are matched already, or are listed a second time.
    taken: Vec<bool>,
}

impl<'a> Pairs<'a> {
    fn new(items: &'a [Item], known: &'a [(String, Known)]) -> Pairs<'a> {
        let mut ids = HashSet::new();
        let taken = known.iter().map(|(id, _)| !ids.insert(id)).collect();
        Pairs { items, known, task_of: vec![None; items.len()], taken }
    }

    /// Pairs what has the same name, if it is free.
    fn by(&mut self, name: impl Fn(&'a Item) -> Option<&'a str>, task_name: impl Fn(&'a (String, Known)) -> &'a str) {
        let mut tasks = HashMap::new();
        for task in (0..self.known.len()).filter(|task| !self.taken[*task]) {
            tasks.entry(task_name(&self.known[task])).or_insert(task);
        }
        for item in 0..self.items.len() {
            if let Some(task) = name(&self.items[item]).and_then(|name| tasks.get(name)) {
                self.pair(item, *task);
            }
        }
    }

    fn pair(&mut self, item: usize, task: usize) {
        if self.task_of[item].is_none() && !self.taken[task] {
            self.task_of[item] = Some(task);
            self.taken[task] = true;
        }
    }

    /// Pairs free items and tasks with the same title, both in the order of the file.
    fn by_title(&mut self) {
        let mut tasks: HashMap<String, VecDeque<usize>> = HashMap::new();
        for task in self.free_tasks() {
            tasks.entry(folded(&self.known[task].1.title)).or_default().push_back(task);
        }
        for item in self.free_items() {
            let task = tasks.get_mut(&folded(&self.items[item].title)).and_then(VecDeque::pop_front);
            task.into_iter().for_each(|task| self.pair(item, task));
        }
    }

    fn free_items(&self) -> Vec<usize> {
        (0..self.items.len()).filter(|item| self.task_of[*item].is_none()).collect()
    }

    /// By line.
    fn free_tasks(&self) -> Vec<usize> {
        let mut free: Vec<usize> = (0..self.known.len()).filter(|task| !self.taken[*task]).collect();
        free.sort_by_key(|task| self.known[*task].1.line);
        free
    }

    /// Best pair first; of equals the nearer.
    fn by_likeness(&mut self) {
        let mut candidates = self.candidates();
        candidates.sort_unstable();
        for Candidate { item, task, .. } in candidates {
            self.pair(item, task);
        }
    }

    /// Pairs that are alike enough. Each item is compared with the nearest free tasks above and below only, which keeps
    /// this linear when everything changed.
    fn candidates(&self) -> Vec<Candidate> {
        const NEAREST: usize = 32;
        let free = self.free_tasks();
        let task_words: Vec<Vec<u64>> = free.iter().map(|task| words(&self.known[*task].1.title)).collect();
        let mut candidates = Vec::new();
        for (index, item) in self.items.iter().enumerate().filter(|(index, _)| self.task_of[*index].is_none()) {
            let own = words(&item.title);
            let here = free.partition_point(|task| self.known[*task].1.line < item.line);
            for near in here.saturating_sub(NEAREST)..free.len().min(here + NEAREST) {
                let (task, likeness) = (free[near], Likeness::of(&own, &task_words[near]));
                let distance = item.line.abs_diff(self.known[task].1.line);
                let candidate = Candidate { likeness: Reverse(likeness), distance, item: index, task };
                candidates.extend(likeness.is_enough().then_some(candidate));
            }
        }
        candidates
    }
}

/// Sorts from the best to the worst; the last two make the order complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    likeness: Reverse<Likeness>,
    distance: usize,
    item: usize,
    task: usize,
}

/// The share of words in common, in millionths: whole numbers compare the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness(u64);

impl Likeness {
    const ALL: u64 = 1_000_000;

    fn of(a: &[u64], b: &[u64]) -> Likeness {
        let common = common(a, b);
        let either = a.len() + b.len() - common;
        Likeness(Likeness::ALL * common as u64 / (either as u64).max(1))
    }

    fn is_enough(self) -> bool {
        self.0 * 2 >= Likeness::ALL
    }
}

/// A title's words as sorted hashes.
fn words(title: &str) -> Vec<u64> {
    let mut words: Vec<u64> = folded(title).split(' ').map(|word| hash(SEED, word.as_bytes())).collect();
    words.sort_unstable();
    words
}

/// How many words two sorted lists share.
fn common(a: &[u64], b: &[u64]) -> usize {
    let (mut a, mut b, mut count) = (a.iter().peekable(), b.iter().peekable(), 0);
    while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
        match left.cmp(right) {
            std::cmp::Ordering::Less => a.next(),
            std::cmp::Ordering::Greater => b.next(),
            std::cmp::Ordering::Equal => {
                count += 1;
                b.next();
                a.next()
            }
        };
    }
    count
}
