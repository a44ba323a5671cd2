//! Diffs of agents' work, for people: escaped, because anybody may have written them, and coloured by us for that reason.

use super::{Style, Ui};
use crate::error::Result;
use crate::model::text::escape;

impl Ui {
    /// A unified diff as git prints it without colour. Where no terminal will show it, the bytes stay as they are.
    pub fn answer_diff(&self, diff: &str) -> Result<()> {
        if !self.out_is_terminal && !self.colour_out {
            return self.answer(diff);
        }
        let mut in_hunk = false;
        // Not `lines`, which would hide a carriage return at the end of a line.
        let show = |line: &str| {
            let text = line.strip_suffix('\n');
            in_hunk = line.starts_with("@@") || (in_hunk && !line.starts_with("diff "));
            let shown = self.paint(style_of(line, in_hunk), &escape(text.unwrap_or(line)));
            if text.is_some() { format!("{shown}\n") } else { shown }
        };
        self.answer(&diff.split_inclusive('\n').map(show).collect::<String>())
    }
}

/// `---` begins a header, but within a hunk it is a removed line that begins with `--`.
fn style_of(line: &str, in_hunk: bool) -> Style {
    match line.as_bytes().first() {
        Some(b'@') if in_hunk => Style::Active,
        Some(b'+') if in_hunk => Style::Added,
        Some(b'-') if in_hunk => Style::Removed,
        _ if in_hunk => Style::Plain,
        _ if line.starts_with("index ") => Style::Dim,
        _ => Style::Strong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_line_of_dashes_is_not_a_header() {
        assert_eq!(style_of("--- a/x", false), Style::Strong);
        assert_eq!(style_of("--- a/x", true), Style::Removed);
        assert_eq!(style_of("@@ -1 +1 @@", true), Style::Active);
        assert_eq!(style_of(" same", true), Style::Plain);
    }
}
