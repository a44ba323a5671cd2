//! The table that a run ends with.

use crate::measure::Compared;

#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 6]>,
}

/// What DESIGN section 10 wants of a row.
pub enum Aim {
    None,
    /// At most this ratio.
    Ratio(f64),
    /// At most so many milliseconds of ours.
    Millis(f64),
    /// At most so many milliseconds more than the other side.
    Extra(f64),
}

impl Table {
    pub fn row(&mut self, work: &str, size: impl Into<String>, compared: Compared, aim: Aim) {
        let verdict = |met: bool| if met { "met" } else { "missed" };
        let aim = match aim {
            Aim::None => String::new(),
            Aim::Ratio(most) => format!("≤ {most} × {}", verdict(compared.ratio <= most)),
            Aim::Extra(most) => format!("≤ +{most} ms {}", verdict(compared.ours - compared.theirs <= most)),
            Aim::Millis(most) => format!("≤ {most} ms {}", verdict(compared.ours <= most)),
        };
        let cells =
            [work.to_owned(), size.into(), number(compared.ours), number(compared.theirs), number(compared.ratio), aim];
        eprintln!("  {}", cells.join(" | "));
        self.rows.push(cells);
    }

    /// A row of words, for what is counted and not timed: ours and theirs.
    pub fn words(&mut self, work: &str, size: &str, sides: [String; 2], ratio: &str, aim: &str) {
        let [ours, theirs] = sides;
        let cells = [work.to_owned(), size.to_owned(), ours, theirs, ratio.to_owned(), aim.to_owned()];
        eprintln!("  {}", cells.join(" | "));
        self.rows.push(cells);
    }

    pub fn print(&self) {
        let head = ["Work", "size", "ours (median ms)", "alternative (median ms)", "ratio", "aim"].map(str::to_owned);
        let rows = || std::iter::once(&head).chain(&self.rows);
        let widths: Vec<usize> =
            (0..head.len()).map(|column| rows().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
        for (number, row) in rows().enumerate() {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            println!("| {} |", cells.join(" | "));
            if number == 0 {
                let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                println!("| {} |", rule.join(" | "));
            }
        }
    }
}

/// Three digits that mean something.
fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "–".to_owned(),
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ if value >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
