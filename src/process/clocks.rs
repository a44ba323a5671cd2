//! The three clocks of a session: all of it, silence between tool calls, and silence inside one.

use std::time::{Duration, Instant};

use super::session::{Ending, Limits, Pulse};

/// Stands for limits too large to be added to a clock.
const FAR_AWAY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

pub struct Clocks {
    total: Instant,
    last_heard: Instant,
    in_tool: bool,
    silence: Duration,
    silence_in_tool: Duration,
}

impl Clocks {
    pub fn start(limits: &Limits, now: Instant) -> Clocks {
        Clocks {
            total: later(now, limits.total),
            last_heard: now,
            in_tool: false,
            silence: limits.silence,
            silence_in_tool: limits.silence_in_tool,
        }
    }

    /// Some bytes came, and a pulse if they completed a line.
    pub fn heard(&mut self, now: Instant, pulse: Option<Pulse>) {
        self.last_heard = now;
        if let Some(pulse) = pulse {
            self.in_tool = pulse == Pulse::InTool;
        }
    }

    /// When the next clock runs out, unless something is heard before.
    pub fn deadline(&self) -> Instant {
        self.total.min(self.stall())
    }

    /// Which clock it is.
    pub fn verdict(&self) -> Ending {
        match self.total <= self.stall() {
            true => Ending::TimedOut,
            false => Ending::Stalled { in_tool: self.in_tool },
        }
    }

    fn stall(&self) -> Instant {
        match self.in_tool {
            true => later(self.last_heard, self.silence_in_tool),
            false => later(self.last_heard, self.silence),
        }
    }
}

pub fn later(instant: Instant, wait: Duration) -> Instant {
    instant + wait.min(FAR_AWAY)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "any instant will do to count from")]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn clocks(now: Instant) -> Clocks {
        let limits =
            Limits { total: 60 * SECOND, silence: 10 * SECOND, silence_in_tool: 30 * SECOND, ..Limits::default() };
        Clocks::start(&limits, now)
    }

    #[test]
    fn silence_counts_from_the_last_byte() {
        let start = Instant::now();
        let mut clocks = clocks(start);
        clocks.heard(start + 7 * SECOND, None);
        assert_eq!(clocks.deadline(), start + 17 * SECOND);
        assert_eq!(clocks.verdict(), Ending::Stalled { in_tool: false });
    }

    #[test]
    fn a_tool_may_be_silent_for_longer() {
        let start = Instant::now();
        let mut clocks = clocks(start);
        clocks.heard(start, Some(Pulse::InTool));
        assert_eq!(clocks.deadline(), start + 30 * SECOND);
        assert_eq!(clocks.verdict(), Ending::Stalled { in_tool: true });
        clocks.heard(start, Some(Pulse::Between));
        assert_eq!(clocks.deadline(), start + 10 * SECOND);
    }

    #[test]
    fn the_total_holds_however_much_is_heard() {
        let start = Instant::now();
        let mut clocks = clocks(start);
        clocks.heard(start + 59 * SECOND, None);
        assert_eq!(clocks.deadline(), start + 60 * SECOND);
        assert_eq!(clocks.verdict(), Ending::TimedOut);
    }

    #[test]
    fn a_limit_without_end_is_only_far_away() {
        let limits = Limits { total: Duration::MAX, silence: Duration::MAX, ..Limits::default() };
        let start = Instant::now();
        assert!(Clocks::start(&limits, start).deadline() > start + 3600 * SECOND);
    }
}
