//! Unified diffs that can be turned around exactly, whatever the text's line ends are.

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

const CONTEXT: usize = 3;
/// Where more lines than this differ on both sides together, the middle is replaced as one piece: comparing them all
/// with each other would take too long, and a limit in time would not give the same everywhere.
const MOST_COMPARED: usize = 6_000;
const NO_NEWLINE: &str = "\\ No newline at end of file";

pub(super) fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// The difference of two lists, with bounded work.
pub(super) fn compare<T: Eq + std::hash::Hash + Ord>(old: &[T], new: &[T]) -> Vec<DiffOp> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_len, new_len) = (old.len() - head - tail, new.len() - head - tail);
    if old_len + new_len <= MOST_COMPARED {
        return capture_diff_slices(Algorithm::Myers, old, new);
    }
    let mut ops = Vec::new();
    if head > 0 {
        ops.push(DiffOp::Equal { old_index: 0, new_index: 0, len: head });
    }
    ops.push(match (old_len, new_len) {
        (0, _) => DiffOp::Insert { old_index: head, new_index: head, new_len },
        (_, 0) => DiffOp::Delete { old_index: head, old_len, new_index: head },
        _ => DiffOp::Replace { old_index: head, old_len, new_index: head, new_len },
    });
    if tail > 0 {
        ops.push(DiffOp::Equal { old_index: head + old_len, new_index: head + new_len, len: tail });
    }
    ops
}

pub fn unified_diff(old: &str, new: &str) -> String {
    let (a, b) = (lines(old), lines(new));
    let mut text = String::new();
    for group in group_diff_ops(compare(&a, &b), CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old_range = first.old_range().start..last.old_range().end;
        let new_range = first.new_range().start..last.new_range().end;
        text.push_str(&format!("@@ -{} +{} @@\n", shown(&old_range), shown(&new_range)));
        for op in &group {
            match op {
                DiffOp::Equal { .. } => a[op.old_range()].iter().for_each(|line| push(&mut text, ' ', line)),
                _ => {
                    a[op.old_range()].iter().for_each(|line| push(&mut text, '-', line));
                    b[op.new_range()].iter().for_each(|line| push(&mut text, '+', line));
                }
            }
        }
    }
    text
}

fn shown(range: &std::ops::Range<usize>) -> String {
    let start = if range.is_empty() { range.start } else { range.start + 1 };
    match range.len() {
        1 => start.to_string(),
        length => format!("{start},{length}"),
    }
}

fn push(text: &mut String, sign: char, line: &str) {
    text.push(sign);
    text.push_str(line);
    if !line.ends_with('\n') {
        text.push('\n');
        text.push_str(NO_NEWLINE);
        text.push('\n');
    }
}

/// The new text, if the diff fits the old one exactly.
pub fn apply(old: &str, diff: &str) -> Option<String> {
    patch(old, diff, '-', '+')
}

/// The old text, if the diff fits the new one exactly.
pub fn revert(new: &str, diff: &str) -> Option<String> {
    patch(new, diff, '+', '-')
}

fn patch(source: &str, diff: &str, takes: char, gives: char) -> Option<String> {
    let source = lines(source);
    let mut result = String::with_capacity(diff.len());
    let mut at = 0;
    let mut input = lines(diff).into_iter().peekable();
    while let Some(header) = input.next() {
        let start = hunk_start(header, takes)?;
        if start < at || start > source.len() {
            return None;
        }
        source[at..start].iter().for_each(|line| result.push_str(line));
        at = start;
        while let Some(line) = input.next_if(|line| !line.starts_with("@@")) {
            let mut body = line.get(1..)?;
            if input.next_if(|next| next.trim_end() == NO_NEWLINE).is_some() {
                body = body.strip_suffix('\n')?;
            }
            let sign = line.chars().next()?;
            if sign == ' ' || sign == takes {
                if source.get(at) != Some(&body) {
                    return None;
                }
                at += 1;
            }
            if sign == ' ' || sign == gives {
                result.push_str(body);
            } else if sign != takes {
                return None;
            }
        }
    }
    source[at..].iter().for_each(|line| result.push_str(line));
    Some(result)
}

/// The first line of the source that a hunk is about, from 0.
fn hunk_start(header: &str, sign: char) -> Option<usize> {
    let inner = header.trim_end().strip_prefix("@@ ")?.strip_suffix(" @@")?;
    let range = inner.split(' ').find_map(|part| part.strip_prefix(sign))?;
    let (start, length) = match range.split_once(',') {
        Some((start, length)) => (start.parse::<usize>().ok()?, length.parse::<usize>().ok()?),
        None => (range.parse::<usize>().ok()?, 1),
    };
    if length == 0 { Some(start) } else { start.checked_sub(1) }
}
