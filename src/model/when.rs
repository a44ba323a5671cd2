//! Times as people say them, relative to now or not. Days are those of UTC.

use super::duration::parse_duration;
use super::time::Timestamp;
use std::str::FromStr;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Ago(Duration),
    Today,
    Yesterday,
    /// The day that begins then.
    Day(Timestamp),
    At(Timestamp),
}

const DAY: Duration = Duration::from_secs(86_400);

impl When {
    pub fn begin(self, now: Timestamp) -> Timestamp {
        let earlier = |millis: u128| {
            Timestamp::from_millis(now.millis().saturating_sub(u64::try_from(millis).unwrap_or(u64::MAX)))
        };
        let since_midnight = u128::from(now.millis()) % DAY.as_millis();
        match self {
            When::Ago(time) => earlier(time.as_millis()),
            When::Today => earlier(since_midnight),
            When::Yesterday => earlier(since_midnight + DAY.as_millis()),
            When::Day(time) | When::At(time) => time,
        }
    }

    /// A day is meant as a whole.
    pub fn end(self, now: Timestamp) -> Timestamp {
        match self {
            When::Today | When::Yesterday | When::Day(_) => self.begin(now).after(DAY),
            When::Ago(_) | When::At(_) => self.begin(now),
        }
    }
}

/// The error is the end of a sentence that says what was not understood.
impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<When, String> {
        let text = text.trim();
        let time = |text: &str| Timestamp::parse(text);
        // Without a unit it could be a year.
        let with_unit = Some(text).filter(|text| text.ends_with(|c: char| c.is_ascii_alphabetic()));
        let named = || match text {
            "today" => Some(When::Today),
            "yesterday" => Some(When::Yesterday),
            _ => None,
        };
        let day = || time(&format!("{text}T00:00:00Z")).map(When::Day);
        let in_utc = || time(&format!("{}Z", text.replacen(' ', "T", 1))).map(When::At);
        let ago = with_unit.and_then(parse_duration).map(When::Ago);
        let found = ago.or_else(named).or_else(day).or_else(|| time(text).map(When::At)).or_else(in_utc);
        found.ok_or_else(|| {
            "a time such as 2h or 7d (ago), today, yesterday, 2026-01-31 or 2026-01-31T12:00:00".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_several_ways() {
        let now = Timestamp::parse("2026-02-03T04:05:06Z").unwrap();
        let cases = [
            ("7d", "2026-01-27T04:05:06Z", "2026-01-27T04:05:06Z"),
            ("today", "2026-02-03T00:00:00Z", "2026-02-04T00:00:00Z"),
            ("yesterday", "2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z"),
            ("2026-01-31T12:00:00+01:00", "2026-01-31T11:00:00Z", "2026-01-31T11:00:00Z"),
            (" 2026-01-31 12:00 ", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("2026-01-31T12:00:30", "2026-01-31T12:00:30Z", "2026-01-31T12:00:30Z"),
            ("99999999d", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ];
        for (text, begin, end) in cases {
            let when = When::from_str(text).unwrap();
            assert_eq!(Some(when.begin(now)), Timestamp::parse(begin), "{text}");
            assert_eq!(Some(when.end(now)), Timestamp::parse(end), "{text}");
        }
        for text in ["", "7", "soon", "2026-02-30", "-7d", "Z", "2026-01-31 noon"] {
            assert!(When::from_str(text).is_err(), "{text}");
        }
    }
}
