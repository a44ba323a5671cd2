//! Who hears what a session prints, and may answer.

use std::time::Duration;

use super::session::Line;

/// What the session is doing after a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulse {
    Between,
    InTool,
}

pub trait Listener {
    /// Before the program has said anything.
    fn begin(&mut self, _talk: &mut Talk) {}

    fn hear(&mut self, line: Line<'_>, talk: &mut Talk) -> Pulse;

    /// How often [`tick`](Listener::tick) is called.
    fn tick_every(&self) -> Option<Duration> {
        None
    }

    /// Some time has passed, whether or not anything was heard.
    fn tick(&mut self, _talk: &mut Talk) {}
}

impl<L: Listener> Listener for &mut L {
    fn begin(&mut self, talk: &mut Talk) {
        (**self).begin(talk);
    }

    fn hear(&mut self, line: Line<'_>, talk: &mut Talk) -> Pulse {
        (**self).hear(line, talk)
    }

    fn tick_every(&self) -> Option<Duration> {
        (**self).tick_every()
    }

    fn tick(&mut self, talk: &mut Talk) {
        (**self).tick(talk);
    }
}

/// A listener that only hears.
pub struct Hear<F>(pub F);

impl<F: FnMut(Line<'_>) -> Pulse> Listener for Hear<F> {
    fn hear(&mut self, line: Line<'_>, _talk: &mut Talk) -> Pulse {
        (self.0)(line)
    }
}

/// Bytes that wait for a program to read them; far more than any agent is told at once.
const MOST_WAITING: usize = 16 << 20;

/// What is still to be said to the program.
#[derive(Debug, Default)]
pub struct Talk {
    /// Bytes that the program has not read yet.
    pub(super) waiting: Vec<u8>,
    hangs_up: bool,
    end: bool,
}

impl Talk {
    /// Writes a line to the program's stdin, as soon as it reads.
    pub fn say(&mut self, line: &str) {
        if !self.hangs_up && !self.is_overfull() {
            self.waiting.extend_from_slice(line.as_bytes());
            self.waiting.push(b'\n');
        }
    }

    /// The program has not read for so long that nothing more is put there for it.
    pub fn is_overfull(&self) -> bool {
        self.waiting.len() > MOST_WAITING
    }

    /// The program's stdin is at its end once it has read what is waiting.
    pub fn hang_up(&mut self) {
        self.hangs_up = true;
    }

    /// The session is to end now, with everything it started.
    pub fn end(&mut self) {
        self.end = true;
    }

    pub(super) fn is_over(&self) -> bool {
        self.hangs_up && self.waiting.is_empty()
    }

    pub(super) fn is_end_wanted(&self) -> bool {
        self.end
    }
}
