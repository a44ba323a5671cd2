//! BM25 over notes that were all read: what the index does, where there is no index.

use crate::model::note::Note;
use crate::model::words::stems;
use std::collections::{BTreeMap, BTreeSet};

const K1: f64 = 1.2;
const B: f64 = 0.75;

/// How much a word counts in title, body, files and tags, as in the index.
const WEIGHTS: [f64; 4] = [3.0, 1.0, 2.0, 2.0];

/// How well the words fit each note, 0 where none occurs in it. In the order of the notes.
pub fn scores(notes: &[Note], words: &[String]) -> Vec<f64> {
    let wanted: BTreeSet<String> = words.iter().flat_map(|word| stems(word).collect::<Vec<_>>()).collect();
    let counted: Vec<(BTreeMap<String, f64>, f64)> = notes.iter().map(|note| count(note, &wanted)).collect();
    let number = notes.len() as f64;
    let mean = counted.iter().map(|(_, length)| length).sum::<f64>() / number.max(1.0);
    let rarity = |word: &String| {
        let with = counted.iter().filter(|(words, _)| words.contains_key(word)).count() as f64;
        ((number - with + 0.5) / (with + 0.5)).ln().max(1e-6)
    };
    let rarities: BTreeMap<&String, f64> = wanted.iter().map(|word| (word, rarity(word))).collect();
    let score = |(words, length): &(BTreeMap<String, f64>, f64)| {
        let norm = K1 * (1.0 - B + B * length / mean.max(1.0));
        words.iter().map(|(word, count)| rarities[word] * count * (K1 + 1.0) / (count + norm)).sum()
    };
    counted.iter().map(score).collect()
}

/// How often each wanted word occurs in a note, weighted; and how many words it has.
fn count(note: &Note, wanted: &BTreeSet<String>) -> (BTreeMap<String, f64>, f64) {
    let fields = [note.title(), note.body.clone(), note.files.join(" "), note.tags.join(" ")];
    let (mut counted, mut length) = (BTreeMap::new(), 0.0);
    for (field, weight) in fields.iter().zip(WEIGHTS) {
        for word in stems(field) {
            length += 1.0;
            if wanted.contains(&word) {
                *counted.entry(word).or_insert(0.0) += weight;
            }
        }
    }
    (counted, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(body: &str, files: &[&str]) -> Note {
        let text = format!(
            "+++\nid = \"x\"\nkind = \"learning\"\nstate = \"promoted\"\nfiles = {files:?}\n\
             created = \"2026-01-01T00:00:00Z\"\nby = \"ana\"\n+++\n{body}"
        );
        Note::parse(&text).unwrap()
    }

    #[test]
    fn rare_words_and_titles_count_more() {
        let notes = [
            note("Build with make.", &[]),
            note("Build in release mode.\n\nThe parser is slow.", &[]),
            note("The parser panics.\n\nBuild it.", &[]),
            note("Unrelated.", &["src/parser.rs"]),
            note("Nothing of it.", &[]),
        ];
        let scores = scores(&notes, &["parsers".to_owned(), "build".to_owned()]);
        assert!(scores[2] > scores[1] && scores[1] > scores[0], "{scores:?}");
        assert!(scores[3] > 0.0 && scores[4] == 0.0, "{scores:?}");
    }
}
