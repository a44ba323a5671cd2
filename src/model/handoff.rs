//! A handoff: what one agent leaves for the next, in a few sections of Markdown.
//!
//! It is read from whatever an agent said last: sections that are named as [`Handoff::to_text`] names them or as agents
//! like to, or the reference systems' line `{"type":"handoff_output","content":…,"summary":…}`. What is read is bounded,
//! and what is written reads as the same handoff again.

mod read;

use super::plan::fence::Fence;

/// Bytes of a handoff as text.
const LONGEST: usize = 8 * 1024;
/// Bytes of its summary.
const LONGEST_SUMMARY: usize = 3 * 1024;
/// Of each list.
const MOST_ITEMS: usize = 20;
/// In letters.
const LONGEST_ITEM: usize = 400;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handoff {
    /// What was done. Markdown without the headings of the other sections.
    pub summary: String,
    pub decisions: Vec<String>,
    pub open_points: Vec<String>,
    /// A path, with a remark where there is one.
    pub files: Vec<String>,
}

impl Handoff {
    /// The handoff in an agent's words; nothing where there is none.
    pub fn parse(text: &str) -> Option<Handoff> {
        read::parse(text)
    }

    /// At most 8 KiB of Markdown.
    pub fn to_text(&self) -> String {
        let mut handoff = self.clone().bounded();
        loop {
            let text = handoff.written();
            let lists = [&mut handoff.files, &mut handoff.decisions, &mut handoff.open_points];
            // The longest list gives way first; a summary alone always fits.
            let longest = lists.into_iter().max_by_key(|list| list.iter().map(String::len).sum::<usize>());
            match longest.filter(|_| text.len() > LONGEST).and_then(Vec::pop) {
                Some(_) => {}
                None => return text,
            }
        }
    }

    fn written(&self) -> String {
        let mut text = format!("## Summary\n\n{}\n", self.summary);
        for (title, items) in
            [("Decisions", &self.decisions), ("Open points", &self.open_points), ("Files", &self.files)]
        {
            if !items.is_empty() {
                text.push_str(&format!("\n## {title}\n\n"));
                items.iter().for_each(|item| text.push_str(&format!("- {item}\n")));
            }
        }
        text
    }

    fn bounded(self) -> Handoff {
        Handoff {
            summary: bounded_summary(&self.summary),
            decisions: bounded_items(self.decisions),
            open_points: bounded_items(self.open_points),
            files: bounded_items(self.files),
        }
    }
}

/// Cut at a letter, without headings of sections, and with its last block of code closed: what follows a summary is not
/// part of it.
fn bounded_summary(text: &str) -> String {
    let mut end = text.len().min(LONGEST_SUMMARY);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut summary = String::new();
    let mut code: Option<Fence<'_>> = None;
    for line in text[..end].trim().lines() {
        match &code {
            Some(fence) if fence.is_closed_by(line) => code = None,
            Some(_) => {}
            None => code = Fence::open(line),
        }
        let is_section = code.is_none() && read::begins_section(line);
        summary.push_str(if is_section { line.trim_start_matches([' ', '#']) } else { line });
        summary.push('\n');
    }
    if end < text.len() {
        summary.push_str("[cut here]\n");
    }
    summary.push_str(&code.map(|fence| format!("{}\n", fence.closing())).unwrap_or_default());
    summary.trim_end().to_owned()
}

fn bounded_items(items: Vec<String>) -> Vec<String> {
    let items = items.iter().map(|item| one_line(item)).filter(|item| !item.is_empty());
    items.take(MOST_ITEMS).collect()
}

fn one_line(item: &str) -> String {
    let words = item.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST_ITEM) {
        Some((at, _)) => {
            let end = words[..at].char_indices().next_back().map_or(0, |(last, _)| last);
            format!("{}…", &words[..end])
        }
        None => words,
    }
}

#[cfg(test)]
mod tests;
