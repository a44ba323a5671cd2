//! Fenced code blocks of Markdown, as far as a line reader needs them: what opens one and what closes it.
//!
//! Shared by everything in `model` that reads Markdown, so that all of it agrees on what is code. Indentation is
//! reported, not judged: inside a list a fence may stand deeper than the three spaces allowed elsewhere.

/// An open fence, made by [`Fence::open`] from its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fence<'a> {
    mark: char,
    length: usize,
    /// Columns before the fence; a tab counts to the next multiple of four.
    pub(crate) indent: usize,
    /// What follows the opening mark, such as `sh run`.
    pub(crate) info: &'a str,
}

impl<'a> Fence<'a> {
    /// The fence that `line` opens, if it does.
    pub(crate) fn open(line: &'a str) -> Option<Fence<'a>> {
        let text = line.trim_start_matches([' ', '\t']);
        let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = text.trim_start_matches(mark);
        let length = text.len() - info.len();
        // "```x``` is code" in a sentence is a code span, not a fence.
        let is_span = mark == '`' && info.contains('`');
        (length >= 3 && !is_span).then(|| Fence { mark, length, indent: indent(line), info: info.trim() })
    }

    /// Whether `line` ends the block.
    pub(crate) fn is_closed_by(&self, line: &str) -> bool {
        let text = line.trim();
        let only_marks = text.chars().all(|c| c == self.mark);
        only_marks && text.len() >= self.length && indent(line) <= self.indent.max(3)
    }

    /// A line that closes it.
    pub(crate) fn closing(&self) -> String {
        self.mark.to_string().repeat(self.length)
    }
}

/// The columns of white space a line starts with.
pub(crate) fn indent(line: &str) -> usize {
    let blanks = line.chars().take_while(|c| matches!(c, ' ' | '\t'));
    blanks.fold(0, |column, c| if c == '\t' { column / 4 * 4 + 4 } else { column + 1 })
}

/// Level and text of a heading (`## Text ##` is 2 and `Text`), if `line` is one. Whether `line` stands in a fenced
/// block is for the caller to know.
pub(crate) fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches(' ');
    let rest = text.trim_start_matches('#');
    let level = text.len() - rest.len();
    let is_heading =
        (1..=6).contains(&level) && indent(line) <= 3 && (rest.is_empty() || rest.starts_with([' ', '\t']));
    is_heading.then(|| (level, without_closing_marks(rest)))
}

fn without_closing_marks(text: &str) -> &str {
    let text = text.trim();
    let kept = text.trim_end_matches('#');
    if kept.is_empty() || kept.ends_with([' ', '\t']) { kept.trim_end() } else { text }
}
