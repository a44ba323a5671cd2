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

    /// An id that somebody else wrote, if it has the shape of one: letters and digits of the alphabet, and for what a run
    /// left also dashes and words.
    pub fn parse(text: &str) -> Option<EventId> {
        let is_like_one = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let fits = (4..=40).contains(&text.len()) && text.bytes().all(is_like_one);
        fits.then(|| EventId(text.to_owned()))
    }

    /// What a person typed of an id, in the spelling of ids: upper case and look-alikes are accepted. Nothing where no
    /// id begins so.
    pub fn normalise(typed: &str) -> Option<String> {
        let typed = typed.trim();
        let (first, rest) = typed.split_once('-').map_or((typed, None), |(first, rest)| (first, Some(rest)));
        let first = Alphabet::normalise(first).filter(|first| !first.is_empty())?;
        let rest = rest.map(str::to_ascii_lowercase);
        let is_word = |rest: &String| rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match rest {
            None => Some(first),
            Some(rest) => is_word(&rest).then(|| format!("{first}-{rest}")),
        }
    }

    /// The shortest beginning that tells this id from all others. `all` holds the names in order.
    pub fn short<'i>(&'i self, all: &[String]) -> &'i str {
        let shared = |other: &String| self.0.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        let at = all.partition_point(|name| *name < self.0);
        let before = at.checked_sub(1).and_then(|before| all.get(before));
        let after = all[at..].iter().find(|name| **name != self.0);
        let longest = before.into_iter().chain(after).map(shared).max().unwrap_or(0);
        let mut length = (longest + 1).max(TaskId::SHORTEST).min(self.0.len());
        while !self.0.is_char_boundary(length) {
            length += 1;
        }
        &self.0[..length]
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
    fn an_id_is_shown_as_far_as_it_differs() {
        let all: Vec<String> = ["01kabc", "01kabd", "01kxyz", "01kxyz-0"].map(str::to_owned).into();
        let short = |name: &str| EventId::from_name(name).short(&all).to_owned();
        assert_eq!(all.iter().map(|name| short(name)).collect::<Vec<_>>(), ["01kabc", "01kabd", "01kxyz", "01kxyz-"]);
        assert_eq!(EventId::from_name("9").short(&[]), "9");
    }

    #[test]
    fn what_is_typed_of_an_event_id_is_spelt_as_ids_are() {
        assert_eq!(EventId::normalise(" 01KABO"), Some("01kab0".into()));
        assert_eq!(EventId::normalise("01kab0-Question"), Some("01kab0-question".into()));
        assert_eq!([EventId::normalise(""), EventId::normalise("../x"), EventId::normalise("a-/")], [None, None, None]);
        assert!(EventId::parse("01jabcdefgh123456789-0").is_some() && EventId::parse("../../etc").is_none());
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
