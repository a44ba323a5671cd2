//! Progress of a transfer that takes longer than a moment.

use super::{Manner, Ui};
use crate::model::text::escape_line;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::RefCell;
use std::time::Duration;

/// A live line on a terminal; elsewhere a plain line for each phase, and only where somebody asked for more.
pub struct TransferBar<'u> {
    ui: &'u Ui,
    remote: String,
    bar: Option<ProgressBar>,
    last: RefCell<String>,
}

impl Ui {
    pub fn transfer(&self, remote: &str) -> TransferBar<'_> {
        let is_live = self.err_is_terminal && matches!(self.manner, Manner { json: false, quiet: false, .. });
        let bar = is_live.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner:.cyan} {prefix}  {elapsed:>4.dim}  {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_prefix(escape_line(remote).into_owned());
            bar.set_message("asking");
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        TransferBar { ui: self, remote: remote.to_owned(), bar, last: RefCell::new(String::new()) }
    }
}

impl TransferBar<'_> {
    pub fn show(&self, what: &str, percent: Option<u8>) {
        let percent = percent.map(|percent| format!(" {percent} %")).unwrap_or_default();
        match &self.bar {
            Some(bar) => bar.set_message(format!("{}{percent}", escape_line(what))),
            None if self.ui.manner.verbose > 0 && *self.last.borrow() != what => {
                self.ui.note(&format!("{}: {}", escape_line(&self.remote), escape_line(what)));
                what.clone_into(&mut self.last.borrow_mut());
            }
            None => {}
        }
    }

    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
