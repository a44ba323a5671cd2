//! Taking turns: one side, the other side, one side, …; each pair gives a ratio, and the median of those counts.

use std::time::{Duration, Instant};

/// How often both sides have their turn, beside one turn each that is thrown away.
pub const PAIRS: usize = 9;

/// A row that has taken this long ends after [`FEWEST_PAIRS`]: writing 20,000 files twice over can take half a minute.
const LONGEST_ROW: Duration = Duration::from_secs(10);
const FEWEST_PAIRS: usize = 3;

/// Medians in milliseconds, and the median of the ratios of neighbouring turns.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    pub ours: f64,
    pub theirs: f64,
    pub ratio: f64,
}

/// Both closures do their work once and return what it cost.
pub fn compare(mut ours: impl FnMut() -> f64, mut theirs: impl FnMut() -> f64) -> Compared {
    ours();
    theirs();
    let begin = Instant::now();
    let mut pairs = Vec::with_capacity(PAIRS);
    while pairs.len() < PAIRS && (pairs.len() < FEWEST_PAIRS || begin.elapsed() < LONGEST_ROW) {
        pairs.push((ours(), theirs()));
    }
    of_pairs(&pairs)
}

pub fn of_pairs(pairs: &[(f64, f64)]) -> Compared {
    Compared {
        ours: median(pairs.iter().map(|pair| pair.0)),
        theirs: median(pairs.iter().map(|pair| pair.1)),
        ratio: median(pairs.iter().map(|pair| pair.0 / pair.1)),
    }
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Milliseconds on the wall clock for each of `times` runs.
pub fn wall(times: u32, mut work: impl FnMut()) -> f64 {
    let begin = Instant::now();
    (0..times).for_each(|_| work());
    begin.elapsed().as_secs_f64() * 1e3 / f64::from(times)
}

/// Milliseconds of processor time, children included, for each of `times` runs. The kernel counts in steps of 10 ms,
/// so `times` must make the whole much longer than that.
pub fn cpu(times: u32, mut work: impl FnMut()) -> f64 {
    let begin = cpu_millis();
    (0..times).for_each(|_| work());
    (cpu_millis() - begin) / f64::from(times)
}

/// Linux tells programs about time in hundredths of a second, whatever it counts in itself.
const MILLIS_PER_TICK: f64 = 10.0;

/// User and system time of this process and of the children it has waited for.
fn cpu_millis() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("the kernel tells about processes");
    // The name of the program may hold blanks; what follows its closing bracket begins with field 3.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(4);
    let ticks: f64 = ticks.filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks * MILLIS_PER_TICK
}
