//! Text from outside, made safe for a terminal, a file name, a line.

use std::borrow::Cow;

/// Makes control, bidirectional and zero-width characters visible; newlines and tabs stay.
pub fn escape(text: &str) -> Cow<'_, str> {
    replace(text, |c| is_hostile(c) && c != '\n' && c != '\t')
}

/// The same for text that must stay on one line.
pub fn escape_line(text: &str) -> Cow<'_, str> {
    replace(text, is_hostile)
}

fn replace(text: &str, hostile: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hostile) {
        return Cow::Borrowed(text);
    }
    let visible = |c: char| match hostile(c) {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    Cow::Owned(text.chars().map(visible).collect())
}

fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}')
}

/// A branch- and file-name-safe form of a title: `Fix the login!` becomes `fix-the-login`.
pub fn slug(title: &str, longest: usize) -> String {
    let mut slug = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() > longest {
            break;
        }
    }
    if slug.len() > longest {
        let cut = slug[..longest].rfind('-').filter(|at| *at > longest / 2).unwrap_or(longest);
        slug.truncate(cut);
    }
    slug.trim_matches('-').to_owned()
}

/// The end of a text: at most `lines` lines and `bytes` bytes, cut at a line where it can be.
pub fn tail(text: &str, lines: usize, bytes: usize) -> &str {
    let from_lines =
        text.trim_end_matches('\n').rmatch_indices('\n').nth(lines.saturating_sub(1)).map_or(0, |(at, _)| at + 1);
    let mut start = from_lines.max(text.len().saturating_sub(bytes));
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// `1 step`, `2 steps`.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// The candidate that is closest to what was typed, if any is close.
pub fn find_nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distances = candidates.into_iter().map(|candidate| (edit_distance(typed, candidate), candidate));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= typed.len().max(3) / 3).then_some(nearest)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_control_characters_become_visible() {
        assert_eq!(escape("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\nc");
        assert_eq!(escape_line("a\nb"), "a\\nb");
        assert_eq!(escape("x\u{202e}y"), "x\\u{202e}y");
        assert!(matches!(escape("plain ünïcode"), Cow::Borrowed(_)));
    }

    #[test]
    fn slugs_end_at_a_word() {
        assert_eq!(slug("Fix the login!", 30), "fix-the-login");
        assert_eq!(slug("one two three four five six", 14), "one-two-three");
        assert_eq!(slug("…", 14), "");
    }

    #[test]
    fn a_tail_has_its_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2, 100), "b\nc\n");
        assert_eq!(tail("äb", 9, 2), "b");
        assert_eq!(tail("", 3, 10), "");
    }

    #[test]
    fn a_typing_mistake_finds_its_word() {
        assert_eq!(find_nearest("lables", ["labels", "title"]), Some("labels"));
        assert_eq!(find_nearest("zzz", ["labels", "title"]), None);
    }
}
