//! Ids: ten random base32 characters for tasks, time-sorted ones for events, runs and messages.

use super::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Crockford's base32 in lower case: no `i`, `l`, `o`, `u`, so that nothing is misread.
pub struct Alphabet;

impl Alphabet {
    const DIGITS: &'static [u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

    pub fn digit(value: u8) -> char {
        char::from(Self::DIGITS[usize::from(value % 32)])
    }

    /// What a person typed, in the alphabet's own spelling: upper case and look-alikes are accepted.
    pub fn normalise(typed: &str) -> Option<String> {
        typed.chars().map(Self::normalise_char).collect()
    }

    fn normalise_char(typed: char) -> Option<char> {
        let digit = match typed.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        };
        Self::DIGITS.contains(&u8::try_from(digit).ok()?).then_some(digit)
    }
}

/// The name of a task. Every record refers to tasks by their whole id; prefixes are for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

impl TaskId {
    pub const LENGTH: usize = 10;
    /// People see at least this many characters.
    pub const SHORTEST: usize = 4;

    pub fn parse(text: &str) -> Option<TaskId> {
        let exact = text.len() == Self::LENGTH && text.bytes().all(|b| Alphabet::DIGITS.contains(&b));
        exact.then(|| TaskId(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn prefix(&self, length: usize) -> &str {
        &self.0[..length.min(self.0.len())]
    }

    /// How many characters set this id apart from `neighbour`, at least [`TaskId::SHORTEST`].
    pub fn distinct_from(&self, neighbour: &TaskId) -> usize {
        let shared = self.0.bytes().zip(neighbour.0.bytes()).take_while(|(a, b)| a == b).count();
        (shared + 1).clamp(Self::SHORTEST, Self::LENGTH)
    }
}

impl TryFrom<String> for TaskId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        TaskId::parse(&text).ok_or_else(|| format!("`{}` is not a task id", text.escape_debug()))
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> String {
        id.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The name of an event, run, piece of evidence or message: 10 characters of time, 10 random ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    pub const RANDOM: usize = 10;

    pub fn new(at: Timestamp, random: &str) -> EventId {
        let time: String = (0..10).rev().map(|i| Alphabet::digit(((at.millis() >> (5 * i)) & 31) as u8)).collect();
        EventId(time + random)
    }

    /// An id that depends on nothing but the content, so that two clones which see the same content agree on it.
    pub fn from_digest(at: Timestamp, digest: &super::Digest) -> EventId {
        let digits = digest.hex().bytes().take(EventId::RANDOM).map(|b| Alphabet::digit(b % 32)).collect::<String>();
        EventId::new(at, &digits)
    }

    /// Takes a name from a path or a record as it is; it is only ever compared and printed.
    pub fn from_name(name: &str) -> EventId {
        EventId(name.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_ids_sort_by_time() {
        let early = EventId::new(Timestamp::from_millis(1_000), "zzzzzzzzzz");
        let late = EventId::new(Timestamp::from_millis(1_001), "0000000000");
        assert!(early < late);
        assert_eq!(early.as_str().len(), 20);
    }

    #[test]
    fn look_alikes_and_upper_case_are_understood() {
        assert_eq!(Alphabet::normalise("7KQ2O"), Some("7kq20".into()));
        assert_eq!(Alphabet::normalise("il"), Some("11".into()));
        assert_eq!(Alphabet::normalise("a/b"), None);
    }

    #[test]
    fn ids_of_another_shape_are_refused() {
        assert!(TaskId::parse("7kq2mabcde").is_some());
        assert!(TaskId::parse("7kq2mabcd").is_none());
        assert!(TaskId::parse("7KQ2MABCDE").is_none());
        assert!(TaskId::parse("../../../x").is_none());
    }
}
