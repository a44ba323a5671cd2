//! The sole owner of stdout and stderr: answers on stdout, everything else on stderr.
//!
//! Colour, width and quietness are decided once, here. What comes from outside is escaped on its way to a terminal. No
//! meaning is carried by colour alone.

#![allow(clippy::disallowed_macros, reason = "the one place that prints")]

mod diff;
mod json;
mod live;
mod paint;
mod plain;
mod prompt;
mod table;
mod text;
mod transfer;

pub use json::{error_json, task_json};
pub use live::LiveRun;
pub use paint::{Style, status_style, verdict_style};
pub use plain::event_line;
pub use table::Columns;
pub use text::{age, ago, reason_text};

use crate::config::duration_text;
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::text::{escape, escape_line};
use serde::Serialize;
use serde_json::Value;
use std::io::{IsTerminal, Write, stderr, stdin, stdout};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColourChoice {
    Always,
    Never,
    #[default]
    Auto,
}

/// What the command line says about talking.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    pub json: bool,
    pub quiet: bool,
    pub verbose: u8,
    pub colour: ColourChoice,
}

pub struct Ui {
    pub manner: Manner,
    pub out_is_terminal: bool,
    pub err_is_terminal: bool,
    in_is_terminal: bool,
    colour_out: bool,
    colour_err: bool,
    width: usize,
}

const DEFAULT_WIDTH: usize = 100;

impl Ui {
    pub fn new(host: &Host, manner: Manner) -> Ui {
        // For tests: `1` are both outputs, `all` is the input, too.
        let forced = host.env.text("AIFACTORY_TEST_TERMINAL");
        let in_is_forced = forced.as_deref() == Some("all");
        let forced = forced.is_some();
        let (out_is_terminal, err_is_terminal) = (forced || stdout().is_terminal(), forced || stderr().is_terminal());
        let dumb = host.env.is_set("NO_COLOR") || host.env.text("TERM").as_deref() == Some("dumb");
        let colour = |is_terminal: bool| match manner.colour {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto => is_terminal && !dumb,
        };
        let width = host.env.number("COLUMNS").map(|columns| columns as usize).or_else(terminal_width);
        Ui {
            manner,
            out_is_terminal,
            err_is_terminal,
            in_is_terminal: in_is_forced || stdin().is_terminal(),
            colour_out: colour(out_is_terminal),
            colour_err: colour(err_is_terminal),
            width: width.unwrap_or(DEFAULT_WIDTH).clamp(40, 400),
        }
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn colours_answers(&self) -> bool {
        self.colour_out
    }

    /// A person is there to answer questions.
    pub fn can_ask(&self) -> bool {
        self.in_is_terminal && self.err_is_terminal && !self.manner.json
    }

    /// Text as it is, to stdout.
    pub fn answer(&self, text: &str) -> Result<()> {
        let written = stdout().lock().write_all(text.as_bytes());
        written.map_err(output_error)
    }

    pub fn answer_line(&self, line: &str) -> Result<()> {
        self.answer(&format!("{line}\n"))
    }

    /// Text from a record, made safe for the terminal.
    pub fn answer_foreign(&self, text: &str) -> Result<()> {
        let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        match self.out_is_terminal {
            true => self.answer(&format!("{}{newline}", escape(text))),
            false => self.answer(text),
        }
    }

    pub fn answer_json(&self, value: &impl Serialize) -> Result<()> {
        let text = match self.out_is_terminal {
            true => serde_json::to_string_pretty(value),
            false => serde_json::to_string(value),
        };
        self.answer_line(&text.unwrap_or_default())
    }

    /// One object on one line, for streams.
    pub fn answer_json_line(&self, value: &Value) -> Result<()> {
        self.answer_line(&value.to_string())
    }

    /// A line about what happened, to stderr.
    pub fn note(&self, line: &str) {
        if !self.manner.quiet {
            let _ = writeln!(stderr().lock(), "{line}");
        }
    }

    /// Something the user can type next.
    pub fn hint(&self, hint: &str) {
        self.note(&format!("{} {hint}", self.paint_err(Style::Hint, "hint:")));
    }

    pub fn warn(&self, line: &str) {
        let _ = writeln!(stderr().lock(), "{} {}", self.paint_err(Style::Attention, "warning:"), escape_line(line));
    }

    pub fn error(&self, error: &Error) {
        if error.kind() == Kind::OutputClosed {
            return;
        }
        let mut stderr = stderr().lock();
        if self.manner.json {
            let _ = writeln!(stderr, "{}", error_json(error));
            return;
        }
        let _ = writeln!(stderr, "{} {}", self.paint_err(Style::Bad, "error:"), escape(error.message()));
        for cause in error.causes() {
            let _ = writeln!(stderr, "  {} {}", self.paint_err(Style::Dim, "because:"), escape(&cause));
        }
        for hint in error.hints() {
            let _ = writeln!(stderr, "{} {}", self.paint_err(Style::Hint, "hint:"), escape(hint));
        }
    }

    pub fn paint(&self, style: Style, text: &str) -> String {
        paint::paint(self.colour_out, style, text)
    }

    pub fn paint_err(&self, style: Style, text: &str) -> String {
        paint::paint(self.colour_err, style, text)
    }

    /// Ids are full where a program reads them and short where a person does.
    pub fn id(&self, full: &crate::model::TaskId, short: &str) -> String {
        if self.out_is_terminal { short.to_owned() } else { full.to_string() }
    }

    pub fn millis(&self, millis: u64) -> String {
        duration_text(std::time::Duration::from_millis(millis))
    }
}

fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stderr()).or_else(|_| rustix::termios::tcgetwinsize(stdout())).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

fn output_error(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Error::new(Kind::OutputClosed, "the reader of our output went away"),
        _ => Error::failed("cannot write to standard output").caused_by(error),
    }
}
