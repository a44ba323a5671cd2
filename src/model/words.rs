//! Words of a text, as far as they tell what it is about.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Words that stand in every text.
const EMPTY: [&str; 52] = [
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "do", "does", "for", "from", "had", "has",
    "have", "if", "in", "into", "is", "it", "its", "must", "of", "on", "or", "should", "so", "still", "such", "than",
    "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "were", "when", "where", "which",
    "will", "with", "would", "you", "your",
];

/// Words that turn what is said into its opposite. `n't` is what `don't` leaves.
const NEGATING: [&str; 9] = ["not", "no", "never", "without", "cannot", "nor", "neither", "t", "instead"];

/// Longer than any word that people use; what is longer is data.
const LONGEST_WORD: usize = 40;
/// Words of one text that are looked at.
const MOST_WORDS: usize = 20_000;

/// In small letters and in their order, without the empty ones.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    let all = parts.filter(|word| !word.is_empty() && word.chars().count() <= LONGEST_WORD);
    all.take(MOST_WORDS).map(str::to_lowercase).filter(|word| !EMPTY.contains(&word.as_str()))
}

/// The same without their endings, so that `parses` and `parser` are one.
pub fn stems(text: &str) -> impl Iterator<Item = String> + '_ {
    words(text).map(stem)
}

fn stem(word: String) -> String {
    const ENDINGS: [&str; 8] = ["ing", "ers", "er", "ed", "es", "e", "ly", "s"];
    match ENDINGS.iter().find_map(|ending| word.strip_suffix(ending)) {
        Some(stem) if stem.chars().count() > 2 => stem.to_owned(),
        _ => word,
    }
}

/// The words that a text uses most, each once; of equally frequent ones the first.
pub fn keywords(text: &str, most: usize) -> Vec<String> {
    let mut counted: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (place, word) in words(text).enumerate().filter(|(_, word)| word.chars().count() > 1) {
        counted.entry(word).or_insert((0, place)).0 += 1;
    }
    let mut counted: Vec<(String, (usize, usize))> = counted.into_iter().collect();
    counted.sort_by_key(|(_, (count, place))| (std::cmp::Reverse(*count), *place));
    counted.into_iter().take(most).map(|(word, _)| word).collect()
}

/// What a text says, as far as its words tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gist {
    words: BTreeSet<String>,
    /// It says that something is not so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    negated: bool,
}

/// Scripts that put nothing between words have each sign for one.
fn as_written(part: &str) -> impl Iterator<Item = &str> {
    let is_sign = |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    let mut rest = part;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = match is_sign(first) {
            true => first.len_utf8(),
            false => rest.find(is_sign).unwrap_or(rest.len()),
        };
        let (word, others) = rest.split_at(end);
        rest = others;
        Some(word)
    })
}

impl Gist {
    pub fn of(text: &str) -> Gist {
        let negated = words(text).any(|word| NEGATING.contains(&word.as_str()));
        let tells = |word: &String| word.chars().count() > 1 && !NEGATING.contains(&word.as_str());
        let words = stems(text).filter(tells).flat_map(|word| as_written(&word).map(str::to_owned).collect::<Vec<_>>());
        Gist { words: words.collect(), negated }
    }

    /// From 0 to 1: the share of words that two texts have in common, whatever their order and form. A text that denies
    /// something is never like one that does not.
    pub fn likeness(&self, other: &Gist) -> f64 {
        if self.negated == other.negated { self.in_common(other) } else { 0.0 }
    }

    fn in_common(&self, other: &Gist) -> f64 {
        match self.words.len() + other.words.len() {
            0 => 0.0,
            all => 2.0 * self.words.intersection(&other.words).count() as f64 / all as f64,
        }
    }
}

/// How much two texts speak of the same, from 0 to 1, whether or not one of them denies it. Where no words tell, the same
/// text alone does.
pub fn similarity(a: &str, b: &str) -> f64 {
    match (Gist::of(a), Gist::of(b)) {
        (of_a, of_b) if of_a.words.is_empty() && of_b.words.is_empty() => f64::from(u8::from(a.trim() == b.trim())),
        (of_a, of_b) => of_a.in_common(&of_b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(a: &str, b: &str) -> f64 {
        Gist::of(a).likeness(&Gist::of(b))
    }

    #[test]
    fn texts_that_say_the_same_are_alike() {
        assert_eq!(likeness("Rename the parser", "the parsers: renamed"), 1.0);
        assert!(likeness("The parser panics on empty input", "Parsing panics when the input is empty") >= 0.6);
        assert!(likeness("The parser panics on empty input", "The help text lacks an example") < 0.3);
        assert_eq!(likeness("", ""), 0.0);
    }

    #[test]
    fn the_opposite_is_not_alike() {
        assert_eq!(likeness("Call flush before close", "Never call flush before close"), 0.0);
        assert_eq!(likeness("Run the tests with make", "Don't run the tests with make"), 0.0);
    }

    #[test]
    fn texts_that_speak_of_the_same_are_similar_whatever_they_say_of_it() {
        assert_eq!(similarity("The parser handles tabs", "the parser does not handle tabs"), 1.0);
        assert!(similarity("The parser panics on empty input", "The help text lacks an example") < 0.3);
        assert_eq!((similarity("", ""), similarity("", "the"), similarity("one thing", "")), (1.0, 0.0, 0.0));
    }

    #[test]
    fn signs_without_blanks_between_them_are_words() {
        assert!(similarity("问候不礼貌", "没有测试") < 0.3);
        assert!(similarity("问候不礼貌", "问候还不礼貌") > 0.7);
    }

    #[test]
    fn keywords_are_the_words_that_matter() {
        assert_eq!(keywords("The lexer and the parser: the parser panics", 2), ["parser", "lexer"]);
        assert_eq!(keywords("", 5), [""; 0]);
    }
}
