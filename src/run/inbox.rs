//! What reaches a run from outside its agent's stream, in files of the run folder.
//!
//! * `inbox/`: what the agent says through aifactory's own commands, one JSON event per file
//! * `said/`: what people say to the running agent, one file per word, named by the event that records it
//! * `events.jsonl`: all events of the run as they came, for `log`; bounded, and without the secrets that are known
//!
//! A file appears whole or not at all, so a reader never sees half a word.

use crate::agent::{Account, AgentEvent, Cause};
use crate::error::{Error, Result};
use crate::host::files;
use crate::model::{EventId, Timestamp};
use crate::store::Redactor;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::mem::{Discriminant, discriminant};
use std::path::{Path, PathBuf};

/// Where an agent's own commands leave their words; the variable that names the run folder.
pub const RUN_FOLDER_VARIABLE: &str = "AIFACTORY_RUN_FOLDER";
pub const EVENTS: &str = "events.jsonl";
const INBOX: &str = "inbox";
const SAID: &str = "said";

/// A run's events are kept up to this many bytes; the last of them says so.
const MOST_BYTES: u64 = 256 << 20;
/// One word from the inbox is at most this long.
const LONGEST_WORD: u64 = 64 * 1024;
/// An agent that floods its inbox is heard so much at a time.
const MOST_AT_ONCE: usize = 100;

/// An event with the time it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub at: Timestamp,
    #[serde(flatten)]
    pub event: AgentEvent,
}

/// The same, to be written.
#[derive(Serialize)]
struct Keeping<'e> {
    at: Timestamp,
    #[serde(flatten)]
    event: &'e AgentEvent,
}

pub struct Inbox<'r> {
    folder: PathBuf,
    pub redactor: &'r Redactor,
    /// Written in blocks: an agent can print faster than a file takes lines. The raw output is on the disk already.
    events: Option<BufWriter<File>>,
    left: u64,
    key: Option<OpenKey>,
}

/// A private key that began in an event and has not ended: one line of it alone could not be told from other text.
struct OpenKey {
    kind: Discriminant<AgentEvent>,
    /// A key that does not end soon was none.
    lines_left: usize,
}

const LONGEST_KEY: usize = 200;

impl<'r> Inbox<'r> {
    pub fn open(run_folder: &Path, redactor: &'r Redactor) -> Result<Inbox<'r>> {
        files::create_folder(&run_folder.join(INBOX))?;
        files::create_folder(&run_folder.join(SAID))?;
        // Events are for looking at: a run does not fail because they cannot be kept.
        let events = File::options().create(true).append(true).open(run_folder.join(EVENTS)).ok();
        Ok(Inbox {
            folder: run_folder.to_owned(),
            redactor,
            events: events.map(BufWriter::new),
            left: MOST_BYTES,
            key: None,
        })
    }

    pub fn keep(&mut self, event: &AgentEvent, at: Timestamp) {
        if self.is_inside_key(event) {
            return;
        }
        let Some(file) = &mut self.events else { return };
        let mut kept = self.redactor.redact(&line(event, at)).into_owned();
        let fits = kept.len() as u64 <= self.left;
        if !fits {
            let text = "more happened than is kept of a run: its events end here".to_owned();
            kept = line(&AgentEvent::Error { cause: Cause::Other, text }, at);
        }
        self.left = self.left.saturating_sub(kept.len() as u64);
        if file.write_all(kept.as_bytes()).is_err() || !fits {
            self.flush();
            self.events = None;
        }
    }

    fn is_inside_key(&mut self, event: &AgentEvent) -> bool {
        let (AgentEvent::Text { text } | AgentEvent::Complaint { text }) = event else { return false };
        let kind = discriminant(event);
        if let Some(key) = self.key.as_mut().filter(|key| key.kind == kind) {
            key.lines_left -= 1;
            if text.contains("-----END ") || key.lines_left == 0 {
                self.key = None;
            }
            return true;
        }
        let begun = text.rfind("-----BEGIN ").map(|at| &text[at..]);
        if begun.is_some_and(|begun| begun.contains("PRIVATE KEY") && !begun.contains("-----END ")) {
            self.key = Some(OpenKey { kind, lines_left: LONGEST_KEY });
        }
        false
    }

    /// What was kept can be read by others.
    pub fn flush(&mut self) {
        if self.events.as_mut().is_some_and(|events| events.flush().is_err()) {
            self.events = None;
        }
    }

    /// What the agent left since the last look, oldest first.
    pub fn take(&self) -> Vec<AgentEvent> {
        let words = words_in(&self.folder.join(INBOX)).into_iter();
        let taken = words.map(|(path, event)| {
            let _ = files::remove_file(&path);
            event
        });
        taken.collect()
    }

    /// What people said and the agent has not been told, oldest first.
    pub fn said(&self) -> Vec<(EventId, String)> {
        let folder = self.folder.join(SAID);
        let names = files::names(&folder).unwrap_or_default();
        let words = names.iter().filter(|name| !name.starts_with('.')).filter_map(|name| {
            let text = files::load_text(&folder.join(name)).ok().flatten()?;
            Some((EventId::from_name(name), text))
        });
        words.collect()
    }

    pub fn forget(&self, said: &EventId) {
        let _ = files::remove_file(&self.folder.join(SAID).join(said.to_string()));
    }
}

fn line(event: &AgentEvent, at: Timestamp) -> String {
    let mut line = serde_json::to_string(&Keeping { at, event }).expect("events are text");
    line.push('\n');
    line
}

/// What the events of a run say together, and what its agent left last, for whoever comes after its supervisor.
pub fn account_of(run_folder: &Path) -> Account {
    let mut account = Account::default();
    if let Ok(file) = File::open(run_folder.join(EVENTS)) {
        let lines = BufReader::new(file).lines().map_while(std::io::Result::ok);
        let kept = lines.filter_map(|line| serde_json::from_str::<Kept>(&line).ok());
        kept.for_each(|kept| account.note(&kept.event));
    }
    words_in(&run_folder.join(INBOX)).iter().for_each(|(_, event)| account.note(event));
    account
}

/// What lies in an inbox, oldest first.
fn words_in(folder: &Path) -> Vec<(PathBuf, AgentEvent)> {
    let names = files::names(folder).unwrap_or_default();
    let paths = names.iter().filter(|name| !name.starts_with('.')).map(|name| folder.join(name));
    let word = |path: PathBuf| {
        let is_short = path.symlink_metadata().is_ok_and(|meta| meta.is_file() && meta.len() <= LONGEST_WORD);
        let text = if is_short { files::load_text(&path).ok().flatten() } else { None };
        let event = text.and_then(|text| serde_json::from_str(&text).ok()).and_then(allowed);
        (path, event.unwrap_or_else(|| AgentEvent::Unknown { kind: "a word in the inbox".to_owned() }))
    };
    paths.take(MOST_AT_ONCE).map(word).collect()
}

/// An agent can say something and ask something; it cannot claim to have finished, to have used nothing, or to be
/// somebody else.
fn allowed(event: AgentEvent) -> Option<AgentEvent> {
    use AgentEvent::{Learned, Message, Question, Text};
    matches!(event, Text { .. } | Question { .. } | Message { .. } | Learned { .. }).then_some(event)
}

/// Leaves a word of the agent's for its supervisor.
pub fn leave_word(run_folder: &Path, name: &EventId, event: &AgentEvent) -> Result<()> {
    let text = serde_json::to_string(event).expect("events are text");
    if text.len() as u64 > LONGEST_WORD {
        return Err(Error::usage(format!(
            "that is {} bytes long, more than the {LONGEST_WORD} there is room for",
            text.len()
        ))
        .hint("write it into a file, and say where it is"));
    }
    files::write_text(&run_folder.join(INBOX).join(name.to_string()), &text)
}

/// Leaves a person's word for a running agent.
pub fn leave_saying(run_folder: &Path, event: &EventId, text: &str) -> Result<()> {
    files::write_text(&run_folder.join(SAID).join(event.to_string()), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    fn inbox() -> (tempfile::TempDir, Inbox<'static>) {
        static REDACTOR: LazyLock<Redactor> =
            LazyLock::new(|| Redactor::new([("API_TOKEN".to_owned(), "hunter2hunter2".to_owned())]));
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(folder.path(), &REDACTOR).unwrap();
        (folder, inbox)
    }

    #[test]
    fn a_word_is_taken_once() {
        let (folder, inbox) = inbox();
        let question = AgentEvent::Question { text: "which?".into(), choices: Vec::new() };
        leave_word(folder.path(), &EventId::from_name("a"), &question).unwrap();
        assert_eq!(inbox.take(), [question]);
        assert_eq!(inbox.take(), []);
    }

    #[test]
    fn a_word_that_is_being_written_is_left_alone() {
        let (folder, inbox) = inbox();
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| {
                for number in 0..200 {
                    let word = AgentEvent::Text { text: "a word".into() };
                    leave_word(folder.path(), &EventId::from_name(&number.to_string()), &word).unwrap();
                }
            });
            let mut taken = Vec::new();
            while !writing.is_finished() {
                taken.extend(inbox.take());
            }
            for _ in 0..3 {
                taken.extend(inbox.take());
            }
            let is_word = |event: &AgentEvent| matches!(event, AgentEvent::Text { .. });
            assert_eq!((taken.len(), taken.iter().all(is_word)), (200, true));
        });
    }

    #[test]
    fn an_agent_cannot_say_that_it_has_finished() {
        let (folder, inbox) = inbox();
        let finished = AgentEvent::Finished { ok: true, cause: None, text: String::new() };
        leave_word(folder.path(), &EventId::from_name("a"), &finished).unwrap();
        std::fs::write(folder.path().join("inbox/b"), "no JSON").unwrap();
        assert!(inbox.take().iter().all(|event| matches!(event, AgentEvent::Unknown { .. })));
    }

    #[test]
    fn a_link_or_a_huge_file_in_the_inbox_is_not_read() {
        let (folder, inbox) = inbox();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, r#"{"event":"text","text":"secret"}"#).unwrap();
        std::os::unix::fs::symlink(&secret, folder.path().join("inbox/a")).unwrap();
        assert!(matches!(inbox.take()[..], [AgentEvent::Unknown { .. }]));
    }

    #[test]
    fn events_that_are_not_kept_are_missed_by_nobody() {
        let (folder, mut inbox) = inbox();
        inbox.left = 200;
        for _ in 0..9 {
            inbox.keep(&AgentEvent::Text { text: "x".repeat(20) }, Timestamp::default());
        }
        let kept = std::fs::read_to_string(folder.path().join(EVENTS)).unwrap();
        let kept: Vec<Kept> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(matches!(kept.last().unwrap().event, AgentEvent::Error { .. }));
        assert_eq!(kept.len(), 3);
    }

    #[test]
    fn what_was_said_before_a_crash_is_still_known() {
        let (folder, mut inbox) = inbox();
        let message = |text: &str| AgentEvent::Message { to: None, kind: None, reply_to: None, text: text.to_owned() };
        inbox.keep(&message("the key is hunter2hunter2"), Timestamp::default());
        inbox.flush();
        leave_word(folder.path(), &EventId::from_name("a"), &message("last")).unwrap();
        let texts: Vec<String> = account_of(folder.path()).messages.into_iter().map(|note| note.text).collect();
        assert_eq!(texts, ["the key is [redacted:API_TOKEN]", "last"]);
        // Nothing was taken: whoever could not write it down yet finds it again.
        assert_eq!(account_of(folder.path()).messages.len(), 2);
    }

    #[test]
    fn a_key_over_many_events_is_left_out_and_what_comes_between_is_not() {
        let (folder, mut inbox) = inbox();
        let text = |text: &str| AgentEvent::Text { text: text.to_owned() };
        let complaint = AgentEvent::Complaint { text: "beside it".to_owned() };
        let begin = "-----BEGIN PRIVATE KEY-----";
        for event in [text(begin), text("MIIEsecret"), complaint, text("-----END PRIVATE KEY-----"), text("after")] {
            inbox.keep(&event, Timestamp::default());
        }
        inbox.flush();
        let kept = std::fs::read_to_string(folder.path().join(EVENTS)).unwrap();
        assert!(!kept.contains("MIIE") && kept.contains("beside it") && kept.contains("after"), "{kept}");
    }

    #[test]
    fn a_word_without_room_is_refused() {
        let (folder, inbox) = inbox();
        let long = AgentEvent::Text { text: "x".repeat(70_000) };
        assert!(leave_word(folder.path(), &EventId::from_name("a"), &long).is_err());
        assert_eq!(inbox.take(), []);
    }

    #[test]
    fn what_people_said_stays_until_it_was_told() {
        let (folder, inbox) = inbox();
        leave_saying(folder.path(), &EventId::from_name("a"), "use port 80").unwrap();
        let said = inbox.said();
        assert_eq!(said, [(EventId::from_name("a"), "use port 80".to_owned())]);
        inbox.forget(&said[0].0);
        assert_eq!(inbox.said(), []);
    }
}
