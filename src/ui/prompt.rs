//! Questions to a person. They are only asked where somebody can answer, and never without a default.

use super::Ui;
use crate::error::{Error, Kind, Result};
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, Input, Select};

impl Ui {
    pub fn ask_yes(&self, question: &str, default: bool) -> Result<bool> {
        if !self.can_ask() {
            return Ok(default);
        }
        let asked =
            Confirm::with_theme(&ColorfulTheme::default()).with_prompt(question).default(default).interact_opt();
        asked.map_err(not_answered)?.ok_or_else(interrupted)
    }

    pub fn ask_text(&self, question: &str, default: &str) -> Result<String> {
        if !self.can_ask() {
            return Ok(default.to_owned());
        }
        let theme = ColorfulTheme::default();
        let input = Input::with_theme(&theme).with_prompt(question).default(default.to_owned());
        input.interact_text().map_err(not_answered)
    }

    /// The number of the chosen item.
    pub fn ask_choice(&self, question: &str, items: &[String], default: usize) -> Result<usize> {
        if !self.can_ask() || items.len() < 2 {
            return Ok(default);
        }
        let theme = ColorfulTheme::default();
        let select = Select::with_theme(&theme).with_prompt(question).items(items).default(default);
        select.interact_opt().map_err(not_answered)?.ok_or_else(interrupted)
    }
}

fn not_answered(error: dialoguer::Error) -> Error {
    let dialoguer::Error::IO(error) = error;
    match error.kind() {
        std::io::ErrorKind::Interrupted => interrupted(),
        _ => Error::failed("the question could not be asked").caused_by(error),
    }
}

fn interrupted() -> Error {
    Error::new(Kind::Interrupted, "interrupted; nothing was changed")
}
