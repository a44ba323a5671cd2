//! A repository in a temporary folder, and programs run in it with an environment that is the same for both sides.

use aifactory::host::{Environment, Host};
use aifactory::tasks::Project;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The program under test, built with the same profile as the bench.
pub const AIFACTORY: &str = env!("CARGO_BIN_EXE_aifactory");

pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// A repository with one commit on `main` and the beginning of a state.
    pub fn with_state() -> Sandbox {
        let folder = tempfile::Builder::new().prefix("aifactory-bench-").tempdir();
        let sandbox = Sandbox { folder: folder.expect("a temporary folder") };
        std::fs::create_dir(sandbox.repository()).expect("a folder for the repository");
        sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
        sandbox.git(&["config", "gc.auto", "0"]);
        sandbox.git(&["config", "maintenance.auto", "false"]);
        sandbox.git(&["commit", "--quiet", "--allow-empty", "--message=first"]);
        sandbox.aifactory(&["init", "--quiet"]);
        sandbox
    }

    pub fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// A path beside the repository.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn project(&self) -> Project {
        project(&self.repository())
    }

    pub fn git(&self, args: &[&str]) -> String {
        output(git(&self.repository()).args(args))
    }

    pub fn aifactory(&self, args: &[&str]) -> String {
        output(aifactory(&self.repository()).args(args))
    }
}

pub fn git(repository: &Path) -> Command {
    in_sandbox("git", repository)
}

pub fn aifactory(repository: &Path) -> Command {
    in_sandbox(AIFACTORY, repository)
}

/// A program that sees nothing of the environment but PATH, and whose home is beside the repository.
pub fn in_sandbox(program: &str, repository: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(repository).env_clear().envs(variables(repository));
    command.stdin(Stdio::null());
    command
}

fn variables(repository: &Path) -> Vec<(&'static str, String)> {
    let home = repository.parent().unwrap_or(repository).to_string_lossy().into_owned();
    let path = std::env::var("PATH").unwrap_or_default();
    vec![
        ("PATH", path),
        ("HOME", home),
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ("GIT_AUTHOR_NAME", "Bench".to_owned()),
        ("GIT_AUTHOR_EMAIL", "bench@example.org".to_owned()),
        ("GIT_COMMITTER_NAME", "Bench".to_owned()),
        ("GIT_COMMITTER_EMAIL", "bench@example.org".to_owned()),
    ]
}

pub fn project(repository: &Path) -> Project {
    let host = Host::new(Environment::from_pairs(variables(repository)));
    Project::open(&host, repository, None).expect("the repository has a state")
}

/// Runs it to its end and gives what it printed. A bench has no use for a program that fails.
pub fn output(command: &mut Command) -> String {
    try_output(command).unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

pub fn try_output(command: &mut Command) -> Result<String, String> {
    let output = command.stderr(Stdio::piped()).output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Runs it to its end and lets what it prints go through a pipe into nothing.
pub fn drain(command: &mut Command) {
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let mut pipe = child.stdout.take().expect("its output is a pipe");
    std::io::copy(&mut pipe, &mut std::io::sink()).expect("its output can be read");
    let status = child.wait().expect("the program ends");
    assert!(status.success(), "{command:?} failed");
}

/// The same, fed with `input` meanwhile.
pub fn feed(command: &mut Command, input: &[u8]) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    let mut stdout = child.stdout.take().expect("its output is a pipe");
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).expect("it reads its input"));
        std::io::copy(&mut stdout, &mut std::io::sink()).expect("its output can be read");
    });
    let status = child.wait().expect("the program ends");
    assert!(status.success(), "{command:?} failed");
}
