//! One line of a to-do list: its indentation, its bullet, its mark.

use std::ops::Range;

use super::Mark;

/// A line that is an item.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ItemLine<'a> {
    /// `None` for a mark nobody knows, with what stands there.
    pub(super) mark: Result<Mark, &'a str>,
    /// The bytes of the line to replace to change the mark.
    pub(super) place: Range<usize>,
    /// All after the brackets.
    pub(super) text: &'a str,
}

impl<'a> ItemLine<'a> {
    pub(super) fn find(line: &'a str) -> Option<ItemLine<'a>> {
        let unmarked = without_bullet(line);
        let inside = unmarked.unwrap_or(line.trim_start()).strip_prefix('[')?;
        let (brackets, text) = inside.split_once(']')?;
        let start = line.len() - inside.len();
        let (mark, place) = mark(brackets)?;
        let is_set_off = text.is_empty() || text.starts_with([' ', '\t']);
        let is_link = text.starts_with(['(', '[', ':']);
        // Without bullet or space only a well-known mark tells an item from prose such as `[1] a footnote`.
        let is_item = match unmarked {
            Some(_) => is_set_off || (mark.is_ok() && !is_link),
            None => is_set_off && mark.is_ok() && !brackets.is_empty(),
        };
        is_item.then(|| ItemLine { mark, place: start + place.start..start + place.end, text: text.trim() })
    }
}

/// The mark in the brackets, and where in them it is. `[]` and `[ x ]` are sloppy but clear.
fn mark(brackets: &str) -> Option<(Result<Mark, &str>, Range<usize>)> {
    let mark = brackets.trim();
    if mark.is_empty() {
        let blank = brackets.chars().next().map_or(0, char::len_utf8);
        return Some((Ok(Mark::Open), 0..blank));
    }
    // Emoji may carry a variation selector.
    let mut chars = mark.strip_suffix('\u{fe0f}').unwrap_or(mark).chars();
    let only = chars.next().filter(|_| chars.next().is_none())?;
    let start = brackets.find(mark)?;
    Some((Mark::from_char(only).ok_or(mark), start..start + mark.len()))
}

/// What follows the bullet (`-`, `*`, `+`, `1.`, `1)`), if there is one.
pub(super) fn without_bullet(line: &str) -> Option<&str> {
    let text = line.trim_start();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let after = match digits {
        0 => text.strip_prefix(['-', '*', '+'])?,
        1..=9 => text[digits..].strip_prefix(['.', ')'])?,
        _ => return None,
    };
    (after.is_empty() || after.starts_with([' ', '\t'])).then(|| after.trim_start())
}
