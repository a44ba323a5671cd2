//! The text of a transcript: the files of a run folder one after the other, each under a line that says what follows.

use crate::error::{Context, Result};
use crate::store::Redactor;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// The files of a run folder that are kept, in this order.
const FILES: [&str; 3] = ["events.jsonl", OUTPUT, "stderr.log"];
const OUTPUT: &str = "stdout.log";
/// Larger files are not read back.
const MOST: u64 = 15 << 20;

/// What a run left.
pub struct Source<'a> {
    pub folder: &'a Path,
    /// What the agent says is spread over many lines. A secret in pieces cannot be found, so its raw output is left out;
    /// the events have all of it, put together again.
    pub comes_in_pieces: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    pub parts: Vec<Part>,
}

/// What is kept of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub text: String,
}

impl Transcript {
    pub fn part(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|part| part.name == name).map(|part| part.text.as_str())
    }

    /// Reads a run folder. Long files lose their middle, so that all of it is about `most` bytes long.
    pub fn of_folder(source: &Source<'_>, most: u64, redactor: &Redactor) -> Result<Transcript> {
        let folder = source.folder;
        let files = FILES.into_iter().filter(|name| *name != OUTPUT || !source.comes_in_pieces);
        let mut sizes = Vec::new();
        for name in files.clone() {
            let size = match std::fs::metadata(folder.join(name)) {
                Ok(metadata) => metadata.len(),
                Err(error) if error.kind() == ErrorKind::NotFound => 0,
                Err(error) => return Err(error).context(|| format!("cannot read {name} of a run")),
            };
            sizes.push(size);
        }
        let mut parts = Vec::new();
        for (name, share) in files.zip(shares(most.min(MOST), &sizes)) {
            let path = folder.join(name);
            if !path.is_file() {
                continue;
            }
            let text = read_ends(&path, share, redactor).context(|| format!("cannot read {}", path.display()))?;
            if !text.is_empty() {
                parts.push(Part { name: name.to_owned(), text });
            }
        }
        Ok(Transcript { parts })
    }

    pub fn to_text(&self) -> String {
        let part = |part: &Part| format!("==> {} ({} bytes) <==\n{}\n", part.name, part.text.len(), part.text);
        self.parts.iter().map(part).collect()
    }

    /// Nothing where this is no transcript.
    pub fn parse(text: &str) -> Option<Transcript> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (head, behind) = rest.split_once('\n')?;
            let (name, length) = head.strip_prefix("==> ")?.strip_suffix(" bytes) <==")?.rsplit_once(" (")?;
            let length: usize = length.parse().ok()?;
            let text = behind.get(..length)?;
            rest = behind[length..].strip_prefix('\n')?;
            parts.push(Part { name: name.to_owned(), text: text.to_owned() });
        }
        Some(Transcript { parts })
    }
}

/// How much of each file is kept. What a short one does not need goes to the others.
fn shares(most: u64, sizes: &[u64]) -> Vec<u64> {
    let mut shares = vec![0; sizes.len()];
    let mut left = most;
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|file| sizes[*file]);
    for (done, file) in order.iter().enumerate() {
        let fair = left / (sizes.len() - done) as u64;
        shares[*file] = fair.min(sizes[*file]);
        left -= shares[*file];
    }
    shares
}

/// The file, or whole lines from its two ends. Lines are cut off before they are redacted and never in two: half a
/// secret could not be told from other text.
fn read_ends(path: &Path, most: u64, redactor: &Redactor) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if size <= most {
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        return Ok(redactor.redact(&String::from_utf8_lossy(&bytes)).into_owned());
    }
    let half = most / 2;
    let mut head = Vec::new();
    (&mut file).take(half).read_to_end(&mut head)?;
    head.truncate(head.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(size - half))?;
    file.take(half).read_to_end(&mut tail)?;
    let begin = tail.iter().position(|byte| *byte == b'\n').map_or(tail.len(), |at| at + 1);
    let tail = String::from_utf8_lossy(&tail[begin..]).into_owned();
    let tail = behind_a_key(&tail);
    let left_out = size - (head.len() + tail.len()) as u64;
    let head = String::from_utf8_lossy(&head).into_owned();
    Ok(format!("{}[{left_out} bytes are left out here]\n{}", redactor.redact(&head), redactor.redact(tail)))
}

/// The text without the end of a private key that began before it.
fn behind_a_key(text: &str) -> &str {
    let find = |word: &str| text.match_indices(word).find(|(at, _)| is_of_key(&text[*at..])).map(|(at, _)| at);
    match (find("-----BEGIN "), find("-----END ")) {
        (begin, Some(end)) if begin.is_none_or(|begin| end < begin) => {
            text[end..].split_once('\n').map_or("", |(_, rest)| rest)
        }
        _ => text,
    }
}

fn is_of_key(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.contains("PRIVATE KEY"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redactor() -> Redactor {
        Redactor::new([("API_TOKEN".to_owned(), "hunter2hunter2".to_owned())])
    }

    fn whole(folder: &tempfile::TempDir) -> Source<'_> {
        Source { folder: folder.path(), comes_in_pieces: false }
    }

    #[test]
    fn raw_output_in_pieces_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for name in FILES {
            std::fs::write(folder.path().join(name), "x\n").unwrap();
        }
        let kept = |comes_in_pieces| {
            let source = Source { folder: folder.path(), comes_in_pieces };
            Transcript::of_folder(&source, 100, &redactor()).unwrap()
        };
        assert_eq!(kept(false).parts.len(), 3);
        assert_eq!((kept(true).parts.len(), kept(true).part(OUTPUT)), (2, None));
    }

    #[test]
    fn a_long_file_keeps_its_two_ends_in_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let lines: String = (0..1000).map(|n| format!("line {n:03} hunter2hunter2\n")).collect();
        std::fs::write(folder.path().join("stdout.log"), &lines).unwrap();
        std::fs::write(folder.path().join("stderr.log"), "oh\n").unwrap();
        let kept = Transcript::of_folder(&whole(&folder), 200, &redactor()).unwrap();
        let out = kept.part("stdout.log").unwrap();
        assert!(out.starts_with("line 000 [redacted:API_TOKEN]\n") && out.ends_with("line 999 [redacted:API_TOKEN]\n"));
        assert!(out.contains("\n[23808 bytes are left out here]\nline 996 "), "{out}");
        assert_eq!(kept.part("stderr.log"), Some("oh\n"));
        assert_eq!(kept.part("events.jsonl"), None);
        assert_eq!(Transcript::parse(&kept.to_text()), Some(kept));
    }

    #[test]
    fn one_line_that_is_too_long_is_left_out_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("stdout.log"), "x".repeat(1000)).unwrap();
        let kept = Transcript::of_folder(&whole(&folder), 100, &redactor()).unwrap();
        assert_eq!(kept.part("stdout.log"), Some("[1000 bytes are left out here]\n"));
    }

    #[test]
    fn the_end_of_a_key_whose_beginning_was_cut_off_goes_too() {
        assert_eq!(behind_a_key("MIIE\n-----END PRIVATE KEY-----\nx\n"), "x\n");
        assert_eq!(behind_a_key("a\n-----BEGIN PRIVATE KEY-----\n"), "a\n-----BEGIN PRIVATE KEY-----\n");
        let certificate = "a\n-----END CERTIFICATE-----\nb\n";
        assert_eq!(behind_a_key(certificate), certificate);
    }

    #[test]
    fn short_files_leave_their_share_to_long_ones() {
        assert_eq!(shares(100, &[10, 1000, 10]), [10, 80, 10]);
        assert_eq!(shares(90, &[1000, 1000, 1000]), [30, 30, 30]);
        assert_eq!(shares(100, &[0, 5, 0]), [0, 5, 0]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_transcript_or_none(text in "(==> [a-z.]{0,3} \\([0-9]{1,2} bytes\\) <==\n|[a-zä\n]){0,8}") {
            let _ = Transcript::parse(&text);
        }

        #[test]
        fn a_transcript_survives_its_text(texts in prop::collection::vec(".{0,9}(\n|==> a \\(1 bytes\\) <==\n)?", 0..4)) {
            let parts = texts.into_iter().map(|text| Part { name: "a.log".to_owned(), text }).collect();
            let transcript = Transcript { parts };
            prop_assert_eq!(Transcript::parse(&transcript.to_text()), Some(transcript));
        }
    }
}
