//! Finding notes, against reading them all and against `git grep`.

use crate::measure::{compare, cpu, wall};
use crate::sandbox::{Sandbox, aifactory, drain, feed, git, output};
use crate::states::{STATE, States, short_size, words};
use crate::table::{Aim, Table};
use aifactory::host::{Environment, Host};
use aifactory::memory::{Memory, Query};
use aifactory::model::Timestamp;
use aifactory::tasks::Project;
use std::io::Write;

/// Files of the project that the notes speak of.
const FILES: usize = 500;
const WORDS: [&str; 3] = ["word977", "word31", "word1008"];

pub fn run(states: &mut States, table: &mut Table) {
    let sizes = if states.quick { vec![1_000] } else { vec![1_000, 10_000] };
    for notes in sizes {
        let sandbox = with_notes(notes);
        let size = format!("{} notes", short_size(notes));
        let program = || drain(aifactory(&sandbox.repository()).args(["memory", "search"]).args(WORDS));
        let in_cpu = format!("{size}, CPU");
        let compared = compare(|| cpu(10, program), || cpu(10, || read_and_scan(&sandbox)));
        table.row("memory search / git reads all notes, scanned", &in_cpu, compared, Aim::None);
        let compared = compare(|| cpu(10, program), || cpu(10, || grep(&sandbox)));
        table.row("memory search / git grep", &in_cpu, compared, Aim::None);

        let project = sandbox.project();
        let compared = compare(|| wall(10, || assert!(ask(&project) > 0)), || wall(3, || assert!(scan(&project) > 0)));
        table.row("notes for a prompt, in process / reading and scanning all", size, compared, Aim::None);
    }
}

/// A project with files, and a state with promoted notes about them.
fn with_notes(number: usize) -> Sandbox {
    eprintln!("  making a state of {number} notes");
    let sandbox = Sandbox::with_state();
    let mut stream = Vec::new();
    begin(&mut stream, "refs/heads/main");
    (0..FILES).for_each(|file| put(&mut stream, &format!("src/file{file}.rs"), "x\n"));
    begin(&mut stream, STATE);
    let host = Host::new(Environment::from_pairs([("AIFACTORY_TEST_SEED", number.to_string())]));
    for note in 0..number {
        let id = host.event_id(Timestamp::from_millis(1_700_000_000_000 + note as u64 * 1_000));
        let text = format!(
            "+++\nid = \"{id}\"\nkind = \"learning\"\nstate = \"promoted\"\nfiles = [\"src/file{}.rs\"]\n\
             created = \"2026-01-01T00:00:00.000Z\"\nby = \"bench\"\npromoted_by = \"ana\"\n+++\n\n# {}\n\n{}\n",
            note % FILES,
            words(note, 6),
            words(note + 7, 60),
        );
        put(&mut stream, &format!(".aifactory/memory/{id}.md"), &text);
    }
    stream.extend_from_slice(b"done\n");
    feed(git(&sandbox.repository()).args(["fast-import", "--quiet", "--done"]), &stream);
    // Nobody's first answer is measured: it builds the index.
    let answer = sandbox.aifactory(&[&["--json", "memory", "search"], WORDS.as_slice()].concat());
    assert!(answer.contains("\"score\""), "{answer}");
    sandbox
}

fn begin(stream: &mut Vec<u8>, name: &str) {
    let committer = "committer Bench <bench@example.org> 1700000000 +0000";
    write!(stream, "commit {name}\n{committer}\ndata 5\nfill\n\nfrom {name}^0\n").expect("memory takes everything");
}

fn put(stream: &mut Vec<u8>, path: &str, text: &str) {
    write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len()).expect("memory takes everything");
}

/// What a script does that has no index: all notes out of git, and a look at each.
fn read_and_scan(sandbox: &Sandbox) {
    let tree = format!("{STATE}:.aifactory/memory");
    let names = output(git(&sandbox.repository()).args(["ls-tree", "--object-only", &tree]));
    let list = sandbox.beside("names");
    std::fs::write(&list, names + "\n").expect("the script's file can be written");
    let input = std::fs::File::open(&list).expect("the script's file can be read");
    let text = output(git(&sandbox.repository()).args(["cat-file", "--batch", "--buffer"]).stdin(input));
    let lines = text.lines().filter(|line| WORDS.iter().any(|word| line.contains(word)));
    assert!(lines.count() > 0, "the words are there");
}

fn grep(sandbox: &Sandbox) {
    let mut grep = git(&sandbox.repository());
    grep.args(["grep", "--count", "--fixed-strings", "--word-regexp"]);
    grep.args(WORDS.iter().flat_map(|word| ["-e", word]));
    drain(grep.args([STATE, "--", ".aifactory/memory"]));
}

/// What a task would be shown.
fn ask(project: &Project) -> usize {
    let target = project.target.as_ref().and_then(|target| target.commit);
    let snapshot = project.store.snapshot().expect("there is a state");
    let files = ["src/file7.rs".to_owned()];
    let query = Query { text: &WORDS.join(" "), files: &files, limit: 8, bytes: 8_000 };
    let memory = Memory::new(&project.store, &project.settings, target);
    memory.relevant(&snapshot, &query).expect("the notes can be searched").notes.len()
}

/// The same library without an index: every note is read, and looked at for the words.
fn scan(project: &Project) -> usize {
    let snapshot = project.store.snapshot().expect("there is a state");
    let notes = snapshot.notes().expect("the notes can be read").records;
    notes.iter().filter(|note| WORDS.iter().any(|word| note.body.contains(word))).count()
}
