//! What aifactory costs next to the same work done with plain git, as ratios that were measured in one run.
//!
//! `cargo bench --bench ratios` runs every part; after `--`, names run some of them and `--quick` takes small sizes.
//! Both sides of a row take turns, so that whatever else the machine does meets both. A bench never fails on a number:
//! it prints the table and says beside each aim of DESIGN section 10 whether it was met.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench starts programs, reads clocks and prints by itself"
)]

#[path = "ratios/agents.rs"]
mod agents;
#[path = "ratios/change.rs"]
mod change;
#[path = "ratios/claims.rs"]
mod claims;
#[path = "ratios/served.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod common;
#[path = "ratios/durability.rs"]
mod durability;
#[path = "ratios/latency.rs"]
mod latency;
#[path = "ratios/list.rs"]
mod list;
#[path = "ratios/measure.rs"]
mod measure;
#[path = "ratios/memory.rs"]
mod memory;
#[path = "ratios/merge.rs"]
mod merge;
#[path = "ratios/overhead.rs"]
mod overhead;
#[path = "ratios/plumbing.rs"]
mod plumbing;
#[path = "ratios/sandbox.rs"]
mod sandbox;
#[path = "ratios/shared.rs"]
mod shared;
#[path = "ratios/startup.rs"]
mod startup;
#[path = "ratios/states.rs"]
mod states;
#[path = "ratios/sync.rs"]
mod sync;
#[path = "ratios/table.rs"]
mod table;
#[path = "ratios/workflow.rs"]
mod workflow;
#[path = "ratios/worktrees.rs"]
mod worktrees;
#[path = "ratios/writers.rs"]
mod writers;

use states::States;
use table::Table;

/// A part of the bench: its name on the command line, and what it does.
type Part = (&'static str, fn(&mut States, &mut Table));

const PARTS: [Part; 14] = [
    ("startup", startup::run),
    ("change", change::run),
    ("durability", durability::run),
    ("list", list::run),
    ("memory", memory::run),
    ("writers", writers::run),
    ("sync", sync::run),
    ("merge", merge::run),
    ("claims", claims::run),
    ("latency", latency::run),
    ("worktrees", worktrees::run),
    ("agents", agents::run),
    ("overhead", overhead::run),
    ("workflow", workflow::run),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == writers::CHILD) {
        return writers::child(&words[1..]);
    }
    if words.first().is_some_and(|word| word == claims::CHILD) {
        return claims::child(&words[1..]);
    }
    if words.first().is_some_and(|word| word == overhead::CHILD) {
        return overhead::child(&words[1..]);
    }
    // Cargo adds `--bench` by itself.
    let (flags, names): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.starts_with("--"));
    let known = |name: &&&String| PARTS.iter().any(|(part, _)| part == *name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let parts: Vec<&str> = PARTS.iter().map(|(part, _)| *part).collect();
        eprintln!("there is no part `{unknown}`; there are {}", parts.join(", "));
        std::process::exit(2);
    }
    if let Some(unknown) = flags.iter().find(|flag| !["--bench", "--quick"].contains(&flag.as_str())) {
        eprintln!("there is no {unknown}; there is --quick");
        std::process::exit(2);
    }
    let quick = flags.iter().any(|flag| *flag == "--quick");
    let mut states = States::new(quick);
    let mut table = Table::default();
    for (name, run) in PARTS {
        if names.is_empty() || names.iter().any(|wanted| *wanted == name) {
            eprintln!("measuring {name} …");
            run(&mut states, &mut table);
        }
    }
    table.print();
}
