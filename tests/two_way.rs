//! Sessions that are talked with while they run.

#![allow(clippy::disallowed_methods, reason = "these tests start processes and measure real time")]

use aifactory::process::{Ended, Ending, Limits, Line, Listener, Pulse, Request, Stdin, Talk, supervise};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;

const LONG: Duration = Duration::from_secs(60);

fn request(folder: &TempDir, script: &str) -> Request {
    Request {
        guardian: env!("CARGO_BIN_EXE_aifactory").into(),
        folder: folder.path().to_owned(),
        marker: format!("test-{}", folder.path().file_name().unwrap().display()),
        program: "sh".into(),
        args: vec!["-c".into(), script.into()],
        cwd: folder.path().to_owned(),
        env: vec![("PATH".into(), std::env::var_os("PATH").unwrap())],
        stdin: Stdin::Open,
        confinement: None,
        limits: Limits { total: LONG, farewell: LONG, grace: Duration::from_millis(300), ..Limits::default() },
    }
}

/// Greets, answers each line by a rule, and remembers what it heard.
struct Talker<F> {
    greeting: Vec<String>,
    answer: F,
    heard: Vec<String>,
    ticks: usize,
}

impl<F: FnMut(&str, &mut Talk)> Listener for Talker<F> {
    fn begin(&mut self, talk: &mut Talk) {
        self.greeting.iter().for_each(|line| talk.say(line));
    }

    fn hear(&mut self, line: Line<'_>, talk: &mut Talk) -> Pulse {
        let (Line::Stdout(text) | Line::Stderr(text)) = line;
        self.heard.push(text.to_owned());
        (self.answer)(text, talk);
        Pulse::Between
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_millis(5))
    }

    fn tick(&mut self, _talk: &mut Talk) {
        self.ticks += 1;
    }
}

fn talk(script: &str, greeting: &[&str], answer: impl FnMut(&str, &mut Talk)) -> (Ended, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let greeting = greeting.iter().map(|line| (*line).to_owned()).collect();
    let mut talker = Talker { greeting, answer, heard: Vec::new(), ticks: 0 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(supervise(request(&folder, script), watch::channel(false).1, &mut talker)).unwrap();
    (ended, talker.heard)
}

const WELL: Ending = Ending::Exited(0);

#[test]
fn a_program_is_greeted_answered_and_told_that_there_will_be_no_more() {
    let (ended, heard) =
        talk("while read -r line; do echo \"got $line\"; done; echo over", &["hello"], |line, talk| match line {
            "got hello" => talk.say("again"),
            "got again" => talk.hang_up(),
            _ => {}
        });
    assert_eq!((ended.ending, heard), (WELL, vec!["got hello".into(), "got again".into(), "over".into()]));
}

#[test]
fn more_than_a_pipe_holds_is_said_while_the_program_prints_as_much() {
    let long = "x".repeat(1 << 20);
    let script = "head -c 3000000 /dev/zero | tr '\\0' y; echo; wc -c";
    let (ended, heard) = talk(script, &[&long, &long], |line, talk| {
        if line.starts_with('y') {
            talk.hang_up();
        }
    });
    assert_eq!(ended.ending, WELL);
    assert_eq!(heard.last().map(|line| line.trim()), Some("2097154"));
}

#[test]
fn a_program_that_never_reads_holds_nothing_up() {
    let long = "x".repeat(1 << 20);
    let (ended, heard) = talk("echo one; echo two", &[&long], |_, talk| talk.say("more"));
    assert_eq!((ended.ending, heard), (WELL, vec!["one".into(), "two".into()]));
}

#[test]
fn a_program_that_does_not_notice_that_nobody_speaks_any_more_is_dismissed() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(&folder, "echo ready; sleep 0.1; echo tidy; exec sleep 600");
    request.limits.farewell = Duration::from_millis(500);
    let answer = |_: &str, talk: &mut Talk| talk.hang_up();
    let mut talker = Talker { greeting: Vec::new(), answer, heard: Vec::new(), ticks: 0 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(supervise(request, watch::channel(false).1, &mut talker)).unwrap();
    assert_eq!((ended.ending, talker.heard), (Ending::Dismissed, vec!["ready".into(), "tidy".into()]));
}

#[test]
fn the_listener_can_end_the_session() {
    let (ended, heard) = talk("echo ready; exec sleep 600", &[], |_, talk| talk.end());
    assert_eq!(ended.ending, Ending::Stopped);
    assert_eq!(heard, ["ready"]);
}

#[test]
fn the_program_reads_the_end_when_its_supervisor_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    let script = format!("trap '' TERM; echo ready; cat; echo end > {}", seen.display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let answer = move |_: &str, _: &mut Talk| tell.send(()).unwrap_or_default();
    let mut talker = Talker { greeting: Vec::new(), answer, heard: Vec::new(), ticks: 0 };
    runtime.block_on(async {
        // Given up in the middle, as if whoever supervises had been dropped.
        tokio::select! {
            ended = supervise(request(&folder, &script), watch::channel(false).1, &mut talker) => panic!("{ended:?}"),
            _ = told.recv() => {}
        }
    });
    assert_eq!(talker.heard, ["ready"]);
    let deadline = std::time::Instant::now() + LONG;
    while aifactory::process::alive(folder.path()) {
        assert!(std::time::Instant::now() < deadline, "the session goes on");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(std::fs::read_to_string(&seen).unwrap(), "end\n");
}
