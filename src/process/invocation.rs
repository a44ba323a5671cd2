//! Short-lived helper programs, run to their end: git, a probe, an editor.
//!
//! Input is written while both outputs are read, so no amount of either can deadlock. Output beyond a limit is read and
//! thrown away. A program with a timeout gets a process group of its own, so that its children end with it; without one
//! it stays in the terminal's group, where Ctrl-C reaches it and it can ask for a password.
//!
//! A background process that inherited the pipes (ssh's connection sharing does that) does not keep [`Invocation::run`]
//! waiting: once the program itself has ended, only output that still flows is waited for.

#![allow(clippy::disallowed_methods, reason = "the process layer starts children")]

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use super::conversation::{Conversation, Listener};
use crate::error::{Context, Error, Result};

const DEFAULT_MAX_OUTPUT: usize = 64 << 20;
const QUOTED_LINES: usize = 5;
const QUOTED_COMMAND: usize = 200;

/// A program to run, with everything it needs.
#[derive(Debug)]
#[must_use]
pub struct Invocation {
    command: Command,
    name: Option<String>,
    stdin: Option<Vec<u8>>,
    timeout: Option<Duration>,
    max_output: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub exit: Exit,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Whether one of them was longer than the limit.
    pub truncated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
    TimedOut,
}

impl Exit {
    pub fn success(self) -> bool {
        self == Exit::Code(0)
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Exit::Code(code),
            (None, signal) => Exit::Signal(signal.unwrap_or_default()),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exited with {code}"),
            // The standard library knows the names: `signal: 9 (SIGKILL)`.
            Exit::Signal(signal) => write!(f, "was ended by {}", ExitStatus::from_raw(*signal)),
            Exit::TimedOut => f.write_str("ran out of time"),
        }
    }
}

impl Invocation {
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Invocation {
            command: Command::new(program),
            name: None,
            stdin: None,
            timeout: None,
            max_output: DEFAULT_MAX_OUTPUT,
        }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// How messages call it, where program and first word would not do: `git rebase`.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub fn current_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    pub fn clear_env(mut self) -> Self {
        self.command.env_clear();
        self
    }

    /// What it reads; without this, nothing.
    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Bytes kept of stdout, and of stderr.
    pub fn max_output(mut self, bytes: usize) -> Self {
        self.max_output = bytes;
        self
    }

    /// Runs it; whatever its end, that is the answer.
    pub fn run(mut self) -> Result<Output> {
        self.run_once(None)
    }

    /// Like [`Invocation::run`], and tells the lines of stderr while the program runs, also those beyond the limit of
    /// what is kept. A carriage return ends a line, too. The program waits for a slow listener, and so does the timeout.
    pub fn run_heard(mut self, listener: &mut dyn FnMut(&str)) -> Result<Output> {
        self.run_once(Some(listener))
    }

    /// Runs it; an end that is not exit code 0 is an error that quotes what it said.
    pub fn run_ok(mut self) -> Result<Output> {
        let output = self.run_once(None)?;
        match output.exit.success() {
            true => Ok(output),
            false => Err(self.failure(&output)),
        }
    }

    /// Runs it on our own stdin, stdout and stderr: an editor, a shell. Limits do not apply.
    pub fn run_interactive(mut self) -> Result<Exit> {
        let status = self.command.status();
        Ok(status.map_err(|error| self.cannot_start(error))?.into())
    }

    fn run_once(&mut self, listener: Option<Listener<'_>>) -> Result<Output> {
        let stdin = match self.stdin {
            Some(_) => Stdio::piped(),
            None => Stdio::null(),
        };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.timeout.is_some() {
            self.command.process_group(0);
        }
        let mut child = self.command.spawn().map_err(|error| self.cannot_start(error))?;
        let mut conversation = Conversation::start(&mut child, self.stdin.take(), self.max_output, listener)
            .inspect_err(|_| drop(child.kill()))
            .context(|| format!("cannot talk to {}", self.name()))?;
        let in_time = conversation.until_end(self.timeout);
        if !in_time {
            conversation.end_group(&child);
        }
        let status = child.wait().context(|| format!("cannot wait for {}", self.name()))?;
        let exit = if in_time { status.into() } else { Exit::TimedOut };
        Ok(conversation.into_output(exit))
    }

    /// The program and its subcommand, as people say it.
    fn name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let program = Path::new(self.command.get_program());
        let program = program.file_name().unwrap_or(program.as_os_str()).display();
        match self.command.get_args().next().map(OsStr::to_string_lossy) {
            Some(word) if word.starts_with(|first: char| first.is_alphanumeric()) => format!("{program} {word}"),
            _ => program.to_string(),
        }
    }

    fn cannot_start(&self, error: io::Error) -> Error {
        let program = self.command.get_program().display();
        let message = match self.command.get_current_dir() {
            Some(folder) if !folder.is_dir() => {
                format!("cannot start {program} in {}: no such folder", folder.display())
            }
            _ if error.kind() == io::ErrorKind::NotFound => format!("cannot start {program}: program not found"),
            _ => format!("cannot start {program}"),
        };
        Error::failed(message).caused_by(error)
    }

    fn failure(&self, output: &Output) -> Error {
        let command = Error::failed(format!("the command was: {}", self.quoted_command()));
        let said = match last_lines(&output.stderr).or_else(|| last_lines(&output.stdout)) {
            Some(lines) => Error::failed(lines).caused_by(command),
            None => command,
        };
        Error::failed(format!("{} {}", self.name(), output.exit)).caused_by(said)
    }

    fn quoted_command(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
        let text = words.join(" ");
        match text.char_indices().nth(QUOTED_COMMAND) {
            Some((cut, _)) => format!("{} ...", &text[..cut]),
            None => text,
        }
    }
}

fn last_lines(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(QUOTED_LINES)..];
    (!last.is_empty()).then(|| last.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn shell(script: &str) -> Invocation {
        Invocation::new("sh").arg("-c").arg(script)
    }

    #[test]
    fn both_outputs_and_the_exit_code_are_the_answer() {
        let output = shell("echo out; echo err >&2; exit 3").run().unwrap();
        assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
        assert_eq!(output.exit, Exit::Code(3));
        assert!(!output.truncated);
    }

    #[test]
    fn a_failure_quotes_the_last_lines_and_the_command() {
        let error = shell("echo one >&2; echo two >&2; exit 3").run_ok().unwrap_err();
        assert_eq!(error.message(), "sh exited with 3");
        assert_eq!(error.causes(), ["one two", "the command was: sh -c echo one >&2; echo two >&2; exit 3"]);
    }

    #[test]
    fn a_failure_names_the_subcommand_and_the_signal() {
        let error = Invocation::new("/bin/sh").args(["nothing-here"]).run_ok().unwrap_err();
        assert!(error.message().starts_with("sh nothing-here exited with "), "{error}");
        let error = shell("kill -9 $$").named("git gc").run_ok().unwrap_err();
        assert_eq!(error.message(), "git gc was ended by signal: 9 (SIGKILL)");
    }

    #[test]
    fn a_missing_program_and_a_missing_folder_are_named() {
        let error = Invocation::new("no-such-program-here").run().unwrap_err();
        assert_eq!(error.message(), "cannot start no-such-program-here: program not found");
        let error = shell("true").current_dir("/no/such/folder").run().unwrap_err();
        assert_eq!(error.message(), "cannot start sh in /no/such/folder: no such folder");
    }

    #[test]
    fn big_input_and_big_outputs_do_not_block_each_other() {
        let input = vec![b'x'; 4 << 20];
        let output = shell("tee /dev/stderr").stdin(input.clone()).run().unwrap();
        assert!(output.stdout == input && output.stderr == input);
    }

    #[test]
    fn input_that_is_never_read_is_no_failure() {
        assert!(shell("exit 0").stdin(vec![b'x'; 4 << 20]).run_ok().is_ok());
    }

    #[test]
    fn output_over_the_limit_is_read_but_not_kept() {
        let output = shell("head -c 1000000 /dev/zero; echo end >&2").max_output(10).run_ok().unwrap();
        assert_eq!((output.stdout.len(), output.stderr.as_slice()), (10, &b"end\n"[..]));
        assert!(output.truncated);
    }

    #[test]
    fn a_listener_hears_stderr_while_the_program_runs() {
        let folder = tempfile::tempdir().unwrap();
        let heard = folder.path().join("heard");
        // The second half is said only when the first was heard.
        let script =
            format!("printf '1%%\\r2%%\\r' >&2; until [ -e {0} ]; do :; done; printf '3\\nend' >&2", heard.display());
        let mut lines = Vec::new();
        let output = shell(&script).max_output(4).run_heard(&mut |line| {
            lines.push(line.to_owned());
            std::fs::write(&heard, "").unwrap();
        });
        assert_eq!(lines, ["1%", "2%", "3", "end"]);
        let output = output.unwrap();
        assert_eq!((output.stderr.as_slice(), output.truncated), (&b"1%\r2"[..], true));
    }

    #[test]
    fn what_is_heard_of_a_program_out_of_time_is_heard_to_its_end() {
        let mut lines = Vec::new();
        let script = "trap 'echo ended >&2; exit' TERM; echo begun >&2; sleep 600 & wait";
        let program = shell(script).timeout(Duration::from_secs(1));
        let output = program.run_heard(&mut |line| lines.push(line.to_owned())).unwrap();
        assert_eq!((output.exit, lines), (Exit::TimedOut, vec!["begun".to_owned(), "ended".to_owned()]));
    }

    #[test]
    fn a_program_out_of_time_is_ended_with_its_children() {
        let script = "trap '' TERM; sleep 600 & echo $!; wait; sleep 600";
        let output = shell(script).timeout(Duration::from_millis(300)).run().unwrap();
        assert_eq!(output.exit, Exit::TimedOut);
        let child: u32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        while super::super::start_time(child).is_some() {
            thread::yield_now();
        }
    }

    #[test]
    fn a_daemon_that_keeps_the_pipes_does_not_keep_us() {
        let output = shell("sleep 600 & echo $!").run_ok().unwrap();
        let daemon = String::from_utf8(output.stdout).unwrap();
        assert!(Invocation::new("kill").arg(daemon.trim()).run_ok().is_ok());
    }

    #[test]
    fn the_environment_can_be_empty_but_for_what_is_given() {
        let output = Invocation::new("/usr/bin/env").clear_env().env("A", "1").env("B", "2").env_remove("B");
        assert_eq!(output.run_ok().unwrap().stdout, b"A=1\n");
    }
}
