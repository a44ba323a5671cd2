//! The one error type: what failed, why (the chain of sources), and what to type next.
//!
//! An error's [`Kind`] decides the exit code and nothing else. Messages start in lower case, are one line long and name
//! their object (a path, a ref, a task); hints are whole sentences or commands that help, kept as data so that `ui` and
//! `--json` can show them each in their own way.

use std::error::Error as StdError;
use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the terms of the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something did not work: exit 1.
    Failed,
    /// The command line made no sense, or an id was ambiguous: exit 2.
    Usage,
    /// The named thing does not exist, or nothing is ready: exit 3.
    Missing,
    /// A person has to act before this can go on: exit 4.
    Person,
    /// The user interrupted: exit 130.
    Interrupted,
    /// The reader of our output went away; nothing is printed: exit 0.
    OutputClosed,
}

impl Kind {
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::OutputClosed => 0,
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Missing => 3,
            Kind::Person => 4,
            Kind::Interrupted => 130,
        }
    }
}

#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    hints: Vec<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), hints: Vec::new(), source: None }
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Error::new(Kind::Failed, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Error::new(Kind::Usage, message)
    }

    pub fn missing(message: impl Into<String>) -> Self {
        Error::new(Kind::Missing, message)
    }

    pub fn person(message: impl Into<String>) -> Self {
        Error::new(Kind::Person, message)
    }

    /// Adds something the user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The message and its causes on one line.
    pub fn full_text(&self) -> String {
        [vec![self.message.clone()], self.causes()].concat().join(": ")
    }

    /// The reasons behind the message, outermost first, each on one line and none repeating the one before it.
    pub fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut next: Option<&(dyn StdError + 'static)> = self.source.as_deref().map(|e| e as _);
        while let Some(error) = next {
            let text = error.to_string().replace('\n', " ");
            let said = causes.last().is_some_and(|last| last.contains(&text)) || self.message.contains(&text);
            if !said {
                causes.push(text);
            }
            next = error.source();
        }
        causes
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}

/// Names the object of a failure on the way up.
pub trait Context<T> {
    /// Wraps the error in `message`, which says what was being done to what.
    fn context<M: Into<String>>(self, message: impl FnOnce() -> M) -> Result<T>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> Context<T> for std::result::Result<T, E> {
    fn context<M: Into<String>>(self, message: impl FnOnce() -> M) -> Result<T> {
        self.map_err(|error| {
            let source: Box<dyn StdError + Send + Sync> = error.into();
            // An error of ours keeps its kind and its hints when more words are put in front of it.
            match source.downcast::<Error>() {
                Ok(ours) => {
                    let mut outer = Error::new(ours.kind, message());
                    outer.hints = ours.hints.clone();
                    outer.source = Some(ours);
                    outer
                }
                Err(foreign) => Error::failed(message()).caused_by(foreign),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_keeps_the_kind_and_the_hints_of_our_own_errors() {
        let inner: Result<()> = Err(Error::missing("no task 7kq2m").hint("aifactory list"));
        let outer = inner.context(|| "cannot show the task").unwrap_err();
        assert_eq!(outer.kind(), Kind::Missing);
        assert_eq!(outer.hints(), ["aifactory list"]);
        assert_eq!(outer.causes(), ["no task 7kq2m"]);
    }

    #[test]
    fn a_cause_that_only_repeats_the_message_is_left_out() {
        let io = std::io::Error::other("disk full");
        let error = Error::failed("cannot write x: disk full").caused_by(io);
        assert!(error.causes().is_empty());
    }
}
