//! Texts that are almost right: real samples, changed a little or a lot, over and over, from a seed.
//!
//! Each input follows from its seed alone. `AIFACTORY_FUZZ_SECONDS` is for all targets together; `AIFACTORY_FUZZ_SEED` is
//! the seed of the first input, and the ones after it count up. What fails prints the command that repeats it; what ends
//! the process (a stack that overflows) leaves its seed in a file.

use std::io::{Seek as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SECONDS: f64 = 5.0;
const FIRST_SEED: u64 = 1;
const LARGEST_INPUT: usize = 64 * 1024;
/// One input of that size is looked at within this time, on a busy machine, without optimisation.
const LONGEST_CASE: Duration = Duration::from_secs(20);

/// Feeds inputs made from `samples` to `check`, which panics where something is wrong.
pub fn fuzz(target: &str, targets: usize, samples: &[Vec<u8>], check: impl Fn(&[u8])) {
    // Before all: what is not changed must be in order, too.
    samples.iter().for_each(|sample| check(sample));
    let seconds = number("AIFACTORY_FUZZ_SECONDS").unwrap_or(SECONDS) / targets as f64;
    let first = number("AIFACTORY_FUZZ_SEED").unwrap_or(FIRST_SEED);
    let place = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}.seed"));
    let mut trace = std::fs::File::create(&place).unwrap();
    let watch = Watch::begin(target);
    let started = Instant::now();
    let mut seed = first;
    loop {
        trace.rewind().and_then(|()| writeln!(trace, "{seed:020}")).unwrap();
        watch.seed.store(seed, Ordering::Relaxed);
        let input = mutated(samples, seed);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&input))) {
            let shown: String = String::from_utf8_lossy(&input).chars().take(2_000).collect();
            eprintln!("{}\ninput of {} bytes: {shown:?}", repeat(target, seed), input.len());
            resume_unwind(panic);
        }
        seed = seed.wrapping_add(1);
        if started.elapsed().as_secs_f64() >= seconds {
            break;
        }
    }
    eprintln!("{target}: {} inputs", seed.wrapping_sub(first));
}

fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

fn repeat(target: &str, seed: u64) -> String {
    format!("to repeat: AIFACTORY_FUZZ_SECONDS=0 AIFACTORY_FUZZ_SEED={seed} cargo test --test fuzz {target}")
}

/// Ends the process where one input takes for ever, because nothing else would.
struct Watch {
    seed: Arc<AtomicU64>,
}

impl Watch {
    fn begin(target: &str) -> Watch {
        let seed = Arc::new(AtomicU64::new(0));
        let (watched, target) = (Arc::downgrade(&seed), target.to_owned());
        std::thread::spawn(move || {
            let (mut last, mut since) = (0, Instant::now());
            while let Some(seed) = watched.upgrade().map(|seed| seed.load(Ordering::Relaxed)) {
                if seed != last {
                    (last, since) = (seed, Instant::now());
                }
                if since.elapsed() > LONGEST_CASE {
                    eprintln!("{target}: one input takes longer than {LONGEST_CASE:?}\n{}", repeat(&target, seed));
                    std::process::abort();
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        Watch { seed }
    }
}

/// What parsers stumble over.
const PIECES: &[&str] = &[
    "\0",
    "\u{1b}[31m",
    "\u{7}",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{61c}",
    "\u{301}",
    "ß",
    "İ",
    "ﬁ",
    "🏭",
    "\u{10ffff}",
    "\r",
    "\r\n",
    "\n",
    "\n\n",
    "\t",
    "  ",
    "    ",
    "\"",
    "'",
    "'''",
    "\"\"\"",
    "`",
    "``",
    "```",
    "```sh run\n",
    "~~~",
    "<!--",
    "-->",
    "---\n",
    "+++\n",
    "...",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\uD83C\\uDFED",
    "\\x",
    "{",
    "}",
    "[",
    "]",
    "[[",
    "]]",
    "(",
    ")",
    "<",
    ">",
    ":",
    ";",
    ",",
    "=",
    "#",
    "##",
    "###",
    "- ",
    "* ",
    "- [ ] ",
    "- [x] ",
    "1. ",
    "/",
    "//",
    "../",
    "..",
    "**",
    "*",
    "**/",
    "?",
    "|",
    "&",
    "!",
    "@",
    "%",
    "$",
    "~",
    "null",
    "true",
    "false",
    "nan",
    "inf",
    "-inf",
    "{}",
    "[]",
    "\"\"",
    "0x",
    "1979-05-27",
    "1979-05-27T07:32:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "0000-01-01T00:00:00Z",
    "$__toml_private_datetime",
    "\n[record]\n",
    "op",
    "sha256:",
    "[a.b]\n",
    "a.b.c = 1\n",
    "files:",
    "after:",
    "gate:",
    "### S1: ",
    "S1",
];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "00",
    "1e999",
    "-1e999",
    "1e-999",
    "1.5",
    "0.1e1",
    "127",
    "128",
    "255",
    "256",
    "32767",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775806",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551614",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "340282366920938463463374607431768211456",
    "1_000",
    "0x7f",
    "0b1",
    "1.",
    ".1",
];

/// One level of something that nests: how it opens and closes.
const NESTS: &[(&str, &str)] = &[
    ("[", "]"),
    ("{\"a\":", "}"),
    ("[{\"a\":", "}]"),
    ("{a=", "}"),
    ("a.", ""),
    ("> ", ""),
    ("- ", ""),
    ("  - [ ] x\n", ""),
    ("(", ")"),
    ("<!--", "-->"),
    ("*", "*"),
    ("**/", ""),
    ("```\n", "```\n"),
    ("#", ""),
    ("[[a]]\n", ""),
    ("\"", "\""),
    ("\\", ""),
    ("../", ""),
    ("(after: ", ")"),
    ("[a", "]\n"),
];

fn mutated(samples: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut input = samples[random.usize(..samples.len())].clone();
    // Mostly a few changes: what is all noise is refused at its first byte.
    let changes = 1 + (0..16).take_while(|_| random.u8(..) < 160).count();
    for _ in 0..changes {
        mutate(&mut input, samples, &mut random);
        input.truncate(LARGEST_INPUT);
    }
    input
}

fn mutate(input: &mut Vec<u8>, samples: &[Vec<u8>], random: &mut fastrand::Rng) {
    let at = random.usize(..=input.len());
    let end = at + random.usize(..=(input.len() - at).min(40));
    match random.u8(..14) {
        0 if at < input.len() => input[at] ^= 1 << random.u8(..8),
        1 if at < input.len() => input[at] = random.u8(..),
        2 => drop(input.drain(at..end)),
        3 => input.truncate(at),
        4 => {
            let other = &samples[random.usize(..samples.len())];
            let from = random.usize(..=other.len());
            let until = from + random.usize(..=(other.len() - from));
            insert(input, at, &other[from..until]);
        }
        5 => {
            let piece = input[at..end].repeat(times(random));
            insert(input, at, &piece);
        }
        6..=7 => insert(input, at, PIECES[random.usize(..PIECES.len())].as_bytes()),
        8 => replace_number(input, at, NUMBERS[random.usize(..NUMBERS.len())]),
        9 => {
            let (open, close) = NESTS[random.usize(..NESTS.len())];
            let levels = times(random);
            insert(input, at, close.repeat(levels).as_bytes());
            insert(input, at, open.repeat(levels).as_bytes());
        }
        10 => {
            let digits = char::from(b'0' + random.u8(..10)).to_string().repeat(times(random));
            replace_number(input, at, &digits);
        }
        11..=12 => swap_lines(input, random),
        _ => {
            let piece = PIECES[random.usize(..PIECES.len())].repeat(times(random));
            insert(input, at, piece.as_bytes());
        }
    }
}

/// Mostly a few, now and then thousands.
fn times(random: &mut fastrand::Rng) -> usize {
    let most = [3, 30, 300, 20_000][random.usize(..4)];
    random.usize(1..=most)
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let room = LARGEST_INPUT.saturating_sub(input.len());
    input.splice(at..at, piece.iter().take(room).copied());
}

/// Puts another number where the next one is; where there is none, it is put in.
fn replace_number(input: &mut Vec<u8>, at: usize, number: &str) {
    let start = input[at..].iter().position(u8::is_ascii_digit).map_or(at, |found| at + found);
    let digits = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    input.splice(start..start + digits, number.bytes());
}

/// Swaps, drops or doubles whole lines.
fn swap_lines(input: &mut Vec<u8>, random: &mut fastrand::Rng) {
    let mut lines: Vec<Vec<u8>> = input.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return;
    }
    let (a, b) = (random.usize(..lines.len()), random.usize(..lines.len()));
    match random.u8(..3) {
        0 => lines.swap(a, b),
        1 => drop(lines.remove(a)),
        _ => lines.insert(b, lines[a].clone()),
    }
    *input = lines.concat();
}
