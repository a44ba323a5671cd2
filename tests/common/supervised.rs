//! A session with a shell script in it, and what tests do to one.

#![allow(clippy::disallowed_methods, reason = "these tests start processes and measure real time")]
#![allow(dead_code, reason = "each test program uses its own part")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aifactory::process::{Ended, Ending, Hear, Limits, Line, Pulse, Request, Stdin, supervise};
use tempfile::TempDir;
use tokio::sync::watch;

pub const LONG: Duration = Duration::from_secs(60);
/// Tells the test binary to be a supervisor, and in which folder.
pub const SUPERVISOR: &str = "AIFACTORY_TEST_SUPERVISOR";

/// A run folder and a shell script to supervise in it.
pub struct Session {
    pub folder: TempDir,
    pub request: Request,
    pub never_stopped: (watch::Sender<bool>, watch::Receiver<bool>),
}

impl Session {
    pub fn new(script: &str) -> Session {
        let folder = tempfile::tempdir().unwrap();
        let request = request(folder.path(), script);
        Session { folder, request, never_stopped: watch::channel(false) }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file the script writes when it got somewhere.
    pub fn written(&self, name: &str) -> PathBuf {
        eventually(name, || fs::read_to_string(self.path().join(name)).is_ok_and(|text| text.ends_with('\n')));
        self.path().join(name)
    }

    pub fn pid(&self, name: &str) -> u32 {
        fs::read_to_string(self.written(name)).unwrap().trim().parse().unwrap()
    }

    pub fn run(&self) -> Ended {
        self.run_with(|_| Pulse::Between)
    }

    pub fn run_with(&self, listener: impl FnMut(Line<'_>) -> Pulse + Send) -> Ended {
        block_on(supervise(self.request.clone(), self.never_stopped.1.clone(), Hear(listener))).unwrap()
    }

    /// Runs the session while `interfere` does so from another thread.
    pub fn run_while(&self, interfere: impl FnOnce(&watch::Sender<bool>) + Send) -> Ended {
        let (stop, stopped) = watch::channel(false);
        std::thread::scope(|scope| {
            scope.spawn(|| interfere(&stop));
            block_on(supervise(self.request.clone(), stopped, Hear(|_: Line<'_>| Pulse::Between))).unwrap()
        })
    }
}

pub fn request(folder: &Path, script: &str) -> Request {
    Request {
        guardian: env!("CARGO_BIN_EXE_aifactory").into(),
        folder: folder.to_owned(),
        marker: format!("test-{}", folder.file_name().unwrap().display()),
        program: "sh".into(),
        args: vec!["-c".into(), script.into()],
        cwd: folder.to_owned(),
        env: vec![("PATH".into(), std::env::var_os("PATH").unwrap())],
        stdin: Stdin::Empty,
        limits: Limits { total: LONG, grace: Duration::from_millis(300), ..Limits::default() },
        confinement: None,
    }
}

/// Demands `Send`: the engine spawns its sessions on a pool of threads.
pub fn block_on<T>(future: impl Future<Output = T> + Send) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn kill(signal: &str, pid: u32) {
    assert!(Command::new("kill").arg(signal).arg(pid.to_string()).status().unwrap().success());
}

pub fn guardian_of(folder: &Path) -> u32 {
    let lock = fs::read(folder.join("guardian.lock")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&lock).unwrap();
    record["pid"].as_u64().unwrap().try_into().unwrap()
}

pub fn ended(ending: Ending) -> Ended {
    ended_with(ending, 0)
}

pub fn ended_with(ending: Ending, leftovers: u32) -> Ended {
    Ended { ending, leftovers, limits_hit: BTreeSet::new(), limits_missed: Vec::new() }
}

/// The test binary again, as a supervisor of its own.
pub fn supervisor(mode: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "be_a_supervisor_when_asked_to", "--nocapture"])
        .env(SUPERVISOR, folder)
        .env("AIFACTORY_TEST_MODE", mode)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap()
}
