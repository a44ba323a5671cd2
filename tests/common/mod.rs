//! The sandbox: a home, a repository and our program, started from an empty environment.
//!
//! Clock and seed step with every command, and git's dates are fixed, so a test sees the same bytes on every machine.

#![allow(dead_code, unused_imports, reason = "each test program uses its own part of the sandbox")]

mod agents;
mod embeddings;
mod fuzzing;
mod http;
pub mod http_request;
mod hub;
mod listener;
pub mod model;
mod plans;
pub mod play;
mod proposed;
mod records;
mod watching;

pub use agents::{Marks, is_alive};
pub use embeddings::{EmbeddingServer, Wrong};
pub use fuzzing::fuzz;
pub use http::{Fault, HttpServer};
pub use hub::Hub;
pub use plans::{Step, greeting_plan};
pub use proposed::{proposal_branch, proposal_file};
pub use watching::{Random, Spawned, eventually, spawned};

use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_aifactory");
pub const STATE: &str = "refs/aifactory/state";
/// The first command's clock: 2026-01-01, midnight.
const BEGINNING: u64 = 1_767_225_600_000;
const STEP_MILLIS: u64 = 60_000;

pub struct Sandbox {
    _folder: Arc<TempDir>,
    root: PathBuf,
    /// How many commands were started, on all machines that belong together.
    commands: Arc<AtomicU64>,
    environment: Vec<(String, String)>,
    /// Clock and chance are not fixed.
    in_real_time: bool,
}

/// What a command said and how it ended.
#[derive(Debug, Clone)]
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    /// A repository with one commit, in which `aifactory init` was called.
    pub fn new() -> Sandbox {
        Sandbox::empty().begun()
    }

    /// Makes the empty folder what [`Sandbox::new`] gives.
    pub fn begun(self) -> Sandbox {
        let sandbox = self.with_repository(&[]);
        sandbox.commit(&[("README.md", "# A project\n")]);
        sandbox.ok(&["init", "--yes"]);
        sandbox
    }

    /// A repository without commits; `options` go to `git init`.
    pub fn with_repository(self, options: &[&str]) -> Sandbox {
        let mut init = vec!["init", "--quiet", "-b", "main"];
        init.extend(options);
        self.git(&init);
        self
    }

    /// A home and an empty folder.
    pub fn empty() -> Sandbox {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let sandbox = Sandbox {
            _folder: Arc::new(folder),
            root,
            commands: Arc::new(AtomicU64::new(0)),
            environment: Vec::new(),
            in_real_time: false,
        };
        sandbox.furnish("Ana");
        sandbox
    }

    /// Makes the home of a person and the folder of the repository.
    fn furnish(&self, person: &str) {
        fs::create_dir_all(self.root.join("home")).unwrap();
        fs::create_dir_all(self.root.join("repo")).unwrap();
        let email = format!("{}@example.com", person.to_lowercase());
        let config = format!(
            "[user]\n\tname = {person}\n\temail = {email}\n[gc]\n\tauto = 0\n[protocol \"file\"]\n\tallow = always\n"
        );
        fs::write(self.root.join("home/.gitconfig"), config).unwrap();
    }

    /// Clock and chance are the machine's from now on: for what waits for a time.
    #[must_use]
    pub fn in_real_time(mut self) -> Sandbox {
        self.in_real_time = true;
        self
    }

    /// A variable for every command from now on.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Sandbox {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn repo(&self) -> PathBuf {
        self.root.join("repo")
    }

    /// `.git` of the repository, or the repository itself where it is bare.
    pub fn git_dir(&self) -> PathBuf {
        let inner = self.repo().join(".git");
        if inner.exists() { inner } else { self.repo() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.repo().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Writes the files and commits them on the branch that is checked out.
    pub fn commit(&self, files: &[(&str, &str)]) -> String {
        for (name, text) in files {
            self.write(name, text);
            self.git(&["add", "--", name]);
        }
        let message = files.first().map_or("empty", |(name, _)| name);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.commit_of("HEAD")
    }

    /// The newest ref that keeps work of a task aside.
    pub fn saved(&self, task: &str) -> String {
        let refs = self.git(&["for-each-ref", "--format=%(refname)", &format!("refs/aifactory/saved/{task}")]);
        refs.lines().last().unwrap_or_else(|| panic!("nothing of {task} is kept")).to_owned()
    }

    pub fn commit_of(&self, revision: &str) -> String {
        self.git(&["rev-parse", revision]).trim().to_owned()
    }

    /// Any program with the sandbox's environment and nothing else.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let number = self.commands.fetch_add(1, Ordering::SeqCst);
        let home = self.root.join("home");
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("TMPDIR", self.folder("tmp"))
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("AIFACTORY_TEST_HOST", "mill")
            .env("AIFACTORY_RUN_BACKOFF", "0s")
            // Most tests are about steps and gates; the whole way is told in `stories`.
            .env("AIFACTORY_WORKFLOW", "solo")
            .env("AIFACTORY_PLAN_BY_DEFAULT", "off")
            .current_dir(self.repo())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if !self.in_real_time {
            command
                .env("AIFACTORY_TEST_CLOCK", (BEGINNING + number * STEP_MILLIS).to_string())
                .env("AIFACTORY_TEST_SEED", (1 + number).to_string());
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What [`Sandbox::program`] gives to programs, for what runs in this process.
    pub fn environment(&self) -> aifactory::host::Environment {
        let program = self.program("none");
        let set = program.get_envs().filter_map(|(name, value)| Some((name, value?)));
        aifactory::host::Environment::from_pairs(set)
    }

    /// A folder beside the repository.
    pub fn folder(&self, name: &str) -> PathBuf {
        let path = self.root.join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// Our program, not started yet.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program(PROGRAM);
        command.args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.finish(&mut self.command(args))
    }

    pub fn run_with_input(&self, args: &[&str], input: &str) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        // A program that does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ran::of(child.wait_with_output().unwrap())
    }

    pub fn finish(&self, command: &mut Command) -> Ran {
        Ran::of(command.output().unwrap())
    }

    /// What a command that must succeed answers.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.status, 0, "aifactory {}\n{}", args.join(" "), self.redact(&ran.all()));
        ran.stdout
    }

    /// Like [`Sandbox::run`], as on a terminal 100 columns wide.
    pub fn on_terminal(&self, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        command.arg("--color=never").env("AIFACTORY_TEST_TERMINAL", "1").env("COLUMNS", "100");
        self.finish(&mut command)
    }

    /// A command that must end with this code.
    #[track_caller]
    pub fn fails(&self, args: &[&str], code: i32) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.status, code, "aifactory {}\n{}", args.join(" "), self.redact(&ran.all()));
        ran
    }

    /// The answer of a command as JSON, however it ends.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(&[&["--json"], args].concat());
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}\n{}", ran.all()))
    }

    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        self.git_at(&self.repo(), args)
    }

    #[track_caller]
    pub fn git_at(&self, folder: &Path, args: &[&str]) -> String {
        let ran = self.try_git(folder, args);
        assert_eq!(ran.status, 0, "git {}\n{}", args.join(" "), ran.all());
        ran.stdout
    }

    pub fn try_git(&self, folder: &Path, args: &[&str]) -> Ran {
        self.finish(&mut self.git_command(folder, args))
    }

    fn git_command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut git = self.program("git");
        // Git does not count: its commands leave clock and seed of ours as they are.
        self.commands.fetch_sub(1, Ordering::SeqCst);
        git.args(args).current_dir(folder);
        for name in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
            git.env(name, "1767225600 +0000");
        }
        git
    }

    #[track_caller]
    pub fn git_with_input(&self, args: &[&str], input: &[u8]) -> String {
        let mut child = self.git_command(&self.repo(), args).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.status, 0, "git {}\n{}", args.join(" "), ran.all());
        ran.stdout
    }

    /// The text without what differs from one machine or run to the next.
    pub fn redact(&self, text: &str) -> String {
        let text = text.replace(&*self.root.to_string_lossy(), "$SANDBOX");
        let world = self._folder.path().canonicalize().unwrap();
        let text = text.replace(&*world.to_string_lossy(), "$WORLD");
        let rules = [
            (r"repo-[0-9a-f]{8}", "repo-[DIGEST]"),
            (r"\b[0-9a-f]{10,64}\b", "[HASH]"),
            (r"   found: [^\n]*", ""),
            (r"about \d+ loose", "about [COUNT] loose"),
            (r" +\d+(\.\d+)?m?s\b", " [TIME]"),
            (r"\(\d+(\.\d+)?m?s\)", "([TIME])"),
            (r"\bgit version \S+|(ok    git +)\S+", "${1}[VERSION]"),
        ];
        rules.iter().fold(text, |text, (pattern, with)| {
            regex::Regex::new(pattern).unwrap().replace_all(&text, *with).into_owned()
        })
    }
}

impl Ran {
    fn of(output: std::process::Output) -> Ran {
        use std::os::unix::process::ExitStatusExt;
        Ran {
            status: output.status.code().unwrap_or_else(|| 1000 + output.status.signal().unwrap_or_default()),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Both streams and the code, as one text to look at.
    pub fn all(&self) -> String {
        let mut text = self.stdout.clone();
        for line in self.stderr.lines() {
            text.push_str(&format!("stderr: {line}\n"));
        }
        if self.status != 0 {
            text.push_str(&format!("exit {}\n", self.status));
        }
        text
    }
}

/// All files below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files
}

/// Compares a whole output with an inline snapshot.
#[macro_export]
macro_rules! shows {
    ($sandbox:expr, $ran:expr, $expected:expr) => {
        snapbox::assert_data_eq!($sandbox.redact(&$ran.all()), snapbox::IntoData::raw($expected))
    };
}
