//! A handful of styles, named for what they mean.

use crate::model::Status;
use crate::model::run::Verdict;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Strong,
    Dim,
    Good,
    Bad,
    Attention,
    Active,
    Hint,
    Id,
    Added,
    Removed,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Style::Plain => "",
            Style::Strong => "1",
            Style::Dim => "2",
            Style::Good | Style::Added => "32",
            Style::Bad => "1;31",
            Style::Attention => "33",
            Style::Active => "36",
            Style::Hint => "36",
            Style::Id => "35",
            Style::Removed => "31",
        }
    }
}

pub(super) fn paint(colour: bool, style: Style, text: &str) -> String {
    match colour && style != Style::Plain && !text.is_empty() {
        true => format!("\x1b[{}m{text}\x1b[0m", style.code()),
        false => text.to_owned(),
    }
}

pub fn status_style(status: Status) -> Style {
    match status {
        Status::Backlog | Status::Cancelled => Style::Dim,
        Status::Ready => Style::Plain,
        Status::Running | Status::Delivering => Style::Active,
        Status::Review => Style::Strong,
        Status::Done => Style::Good,
        Status::Waiting => Style::Attention,
    }
}

pub fn verdict_style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Passed => Style::Good,
        Verdict::Failed => Style::Bad,
        Verdict::Unknown => Style::Attention,
    }
}
