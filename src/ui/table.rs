//! Columns that fit the terminal: short ones keep their width, the one with the longest text gives way.

use super::{Style, Ui, paint};
use comfy_table::{Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};
use unicode_width::UnicodeWidthStr;

/// Above this, columns are padded by hand: laying out a table looks at every cell several times.
const MOST_LAID_OUT: usize = 500;

pub struct Columns {
    header: Vec<&'static str>,
    rows: Vec<Vec<(Style, String)>>,
    /// The column that is cut where the line would be too long.
    flexible: usize,
    /// Numbers, which are compared by where they end.
    numbers: &'static [usize],
}

impl Columns {
    pub fn new(header: impl Into<Vec<&'static str>>, flexible: usize) -> Columns {
        Columns { header: header.into(), rows: Vec::new(), flexible, numbers: &[] }
    }

    /// Which columns hold numbers: these end at the same place.
    #[must_use]
    pub fn with_numbers(self, numbers: &'static [usize]) -> Columns {
        Columns { numbers, ..self }
    }

    pub fn row(&mut self, cells: impl Into<Vec<(Style, String)>>) {
        self.rows.push(cells.into());
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn render(&self, ui: &Ui) -> String {
        let text = match self.rows.len() <= MOST_LAID_OUT {
            true => self.laid_out(ui),
            false => self.padded(ui),
        };
        let lines: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        lines
    }

    fn laid_out(&self, ui: &Ui) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(ui.width()).unwrap_or(u16::MAX)).set_truncation_indicator("…");
        if ui.colours_answers() {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let heading = |name: &&str| Cell::new(name.to_uppercase()).add_attribute(Attribute::Dim);
        table.set_header(self.header.iter().map(heading).collect::<Vec<_>>());
        for row in &self.rows {
            let mut cells =
                comfy_table::Row::from(row.iter().map(|(style, text)| styled(*style, text)).collect::<Vec<_>>());
            cells.max_height(1);
            table.add_row(cells);
        }
        let widths = self.widths();
        for (number, width) in widths.iter().enumerate() {
            let Some(column) = table.column_mut(number) else {
                continue;
            };
            column.set_padding((0, 2));
            if self.numbers.contains(&number) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if number != self.flexible {
                let width = u16::try_from(width + 2).unwrap_or(u16::MAX);
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
            }
        }
        table.to_string()
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.header.iter().map(|name| name.width()).collect();
        for row in &self.rows {
            for (width, (_, text)) in widths.iter_mut().zip(row) {
                *width = (*width).max(text.width());
            }
        }
        widths
    }

    fn padded(&self, ui: &Ui) -> String {
        let widths = self.widths();
        let mut text = String::new();
        let mut line = |cells: &mut dyn Iterator<Item = (Style, &str)>| {
            for (number, (style, cell)) in cells.enumerate() {
                let pad = widths[number].saturating_sub(cell.width());
                let (before, after) = if self.numbers.contains(&number) { (pad, 0) } else { (0, pad) };
                text.extend(std::iter::repeat_n(' ', before));
                text.push_str(&paint::paint(ui.colours_answers(), style, cell));
                text.extend(std::iter::repeat_n(' ', if number + 1 == widths.len() { 0 } else { after + 2 }));
            }
            text.push('\n');
        };
        let header: Vec<String> = self.header.iter().map(|name| name.to_uppercase()).collect();
        line(&mut header.iter().map(|name| (Style::Dim, name.as_str())));
        for row in &self.rows {
            line(&mut row.iter().map(|(style, cell)| (*style, cell.as_str())));
        }
        text
    }
}

fn styled(style: Style, text: &str) -> Cell {
    let cell = Cell::new(text);
    match style {
        Style::Plain => cell,
        Style::Strong => cell.add_attribute(Attribute::Bold),
        Style::Dim => cell.add_attribute(Attribute::Dim),
        Style::Good | Style::Added => cell.fg(Color::DarkGreen),
        Style::Bad => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
        Style::Removed => cell.fg(Color::DarkRed),
        Style::Attention => cell.fg(Color::DarkYellow),
        Style::Active | Style::Hint => cell.fg(Color::DarkCyan),
        Style::Id => cell.fg(Color::DarkMagenta),
    }
}
