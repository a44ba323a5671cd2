//! What an agent says in a run whose product is words: a spec, a plan, a verdict.

use crate::agent::AgentEvent;

/// Bytes that are kept, from the end, where words are what an agent is for: what is asked for comes last.
pub const ALL: usize = 512 << 10;
/// The same where only its last words are looked at.
pub const LAST: usize = 32 << 10;

/// In the pieces between its deeds, oldest first.
pub struct Words {
    pieces: Vec<String>,
    bytes: usize,
    most: usize,
    /// Parts of one piece come letter by letter, not line by line.
    comes_in_pieces: bool,
    /// The last piece is over.
    is_closed: bool,
}

impl Words {
    pub fn new(comes_in_pieces: bool, most: usize) -> Words {
        Words { pieces: Vec::new(), bytes: 0, most, comes_in_pieces, is_closed: true }
    }

    pub fn note(&mut self, event: &AgentEvent) {
        match event {
            AgentEvent::Text { text } => self.add(text),
            AgentEvent::ToolStarted { .. } | AgentEvent::FileTouched { .. } => self.is_closed = true,
            AgentEvent::Thought { .. } if self.comes_in_pieces => self.end_line(),
            _ => {}
        }
    }

    fn add(&mut self, text: &str) {
        self.bytes += text.len();
        let comes_in_pieces = self.comes_in_pieces;
        match self.pieces.last_mut().filter(|_| !self.is_closed) {
            Some(last) if comes_in_pieces => last.push_str(text),
            Some(last) => {
                last.push('\n');
                last.push_str(text);
            }
            None => self.pieces.push(text.to_owned()),
        }
        self.is_closed = false;
        while self.bytes > self.most && self.pieces.len() > 1 {
            self.bytes -= self.pieces.remove(0).len().min(self.bytes);
        }
        if self.bytes > self.most {
            self.shorten();
        }
    }

    /// Pieces do not say where a text ends. What comes after a thought is another one, and its headings are lines.
    fn end_line(&mut self) {
        if let Some(last) = self.pieces.last_mut().filter(|last| !self.is_closed && !last.ends_with('\n')) {
            last.push('\n');
            self.bytes += 1;
        }
    }

    /// One piece that is too long loses its beginning.
    fn shorten(&mut self) {
        let most = self.most;
        let Some(last) = self.pieces.last_mut() else { return };
        let from = (last.len().saturating_sub(most / 2)..last.len()).find(|at| last.is_char_boundary(*at));
        *last = last.split_off(from.unwrap_or(last.len()));
        self.bytes = last.len();
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|piece| piece.trim().is_empty())
    }

    pub fn into_pieces(self) -> Vec<String> {
        self.pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 4 << 10;

    fn said(comes_in_pieces: bool, texts: &[&str]) -> Vec<String> {
        let mut words = Words::new(comes_in_pieces, MOST);
        for text in texts {
            match *text {
                "$" => words.note(&AgentEvent::ToolStarted { id: None, tool: None, summary: String::new() }),
                "?" => words.note(&AgentEvent::Thought { text: "hm".to_owned() }),
                text => words.note(&AgentEvent::text(text)),
            }
        }
        words.into_pieces()
    }

    #[test]
    fn words_are_apart_where_something_was_done_between_them() {
        assert_eq!(said(false, &["a", "b", "$", "$", "c"]), ["a\nb", "c"]);
        assert_eq!(said(true, &["a", "b", "$", "c"]), ["ab", "c"]);
    }

    #[test]
    fn what_is_said_after_a_thought_begins_a_line() {
        assert_eq!(said(true, &["I look.", "?", "?", "## Over", "view"]), ["I look.\n## Overview"]);
        assert_eq!(said(true, &["?", "a\n", "?", "b", "?", "$", "c"]), ["a\nb\n", "c"]);
        assert_eq!(said(false, &["a", "?", "b"]), ["a\nb"]);
    }

    #[test]
    fn of_too_many_words_the_last_are_kept() {
        let long = "ä".repeat(MOST / 3);
        let pieces = said(false, &[&long, "$", &long, "$", "the end"]);
        assert_eq!(pieces.last().map(String::as_str), Some("the end"));
        assert!(pieces.iter().map(String::len).sum::<usize>() <= MOST + 10);
        let whole = said(true, &[&long, &long, &long, "the end"]).concat();
        assert!(whole.len() <= MOST && whole.ends_with("the end"));
    }
}
