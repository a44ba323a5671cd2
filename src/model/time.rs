//! Points in time and the hybrid logical clock that orders events.
//!
//! A [`Timestamp`] is milliseconds since the Unix epoch, written as RFC 3339 in UTC. An [`Hlc`] is a timestamp and a
//! counter: it never runs backwards along a chain of events, whatever the machine's clock does, and its text sorts as
//! it does.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(u64);

impl Timestamp {
    pub fn from_millis(millis: u64) -> Timestamp {
        Timestamp(millis)
    }

    pub fn millis(self) -> u64 {
        self.0
    }

    pub fn seconds(self) -> i64 {
        (self.0 / 1000) as i64
    }

    pub fn after(self, wait: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(wait.as_millis() as u64))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    pub fn parse(text: &str) -> Option<Timestamp> {
        let parsed: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(parsed.as_millisecond()).ok().map(Timestamp)
    }

    /// `2026-11-20 23:48:13`, in UTC.
    pub fn readable(self) -> String {
        self.zoned().strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn zoned(self) -> jiff::Zoned {
        self.exact().to_zoned(TimeZone::UTC)
    }

    fn exact(self) -> jiff::Timestamp {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 3339 in UTC with milliseconds. A long list writes hundreds of thousands of these.
        write!(f, "{:.3}", self.exact())
    }
}

impl TryFrom<String> for Timestamp {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Timestamp::parse(&text).ok_or_else(|| format!("`{}` is not a time", text.escape_debug()))
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> String {
        time.to_string()
    }
}

/// A hybrid logical clock reading, written `2026-11-20T23:48:13.123Z/0001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hlc {
    pub time: Timestamp,
    pub count: u16,
}

impl Hlc {
    /// The next reading after `last` on a machine whose clock says `now`.
    pub fn next(last: Hlc, now: Timestamp) -> Hlc {
        if now > last.time {
            return Hlc { time: now, count: 0 };
        }
        match last.count.checked_add(1) {
            Some(count) => Hlc { time: last.time, count },
            None => Hlc { time: Timestamp(last.time.0 + 1), count: 0 },
        }
    }
}

impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:05}", self.time, self.count)
    }
}

impl TryFrom<String> for Hlc {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text
            .split_once('/')
            .and_then(|(time, count)| Some(Hlc { time: Timestamp::parse(time)?, count: count.parse().ok()? }));
        parsed.ok_or_else(|| format!("`{}` is not a clock reading", text.escape_debug()))
    }
}

impl From<Hlc> for String {
    fn from(hlc: Hlc) -> String {
        hlc.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_clock_that_jumps_back_never_turns_events_around(nows in prop::collection::vec(0u64..5_000, 1..50)) {
            let mut last = Hlc::default();
            for now in nows {
                let next = Hlc::next(last, Timestamp::from_millis(now));
                prop_assert!(next > last);
                prop_assert!(next.to_string() > last.to_string());
                prop_assert_eq!(Hlc::try_from(next.to_string()), Ok(next));
                last = next;
            }
        }
    }
}
