//! One attempt: an agent, supervised in a worktree, and an honest look at what it left.
//!
//! What the agent says about itself proves nothing. An attempt succeeds only if the program ended well, the worktree is
//! still the one we gave it, and there is work in it that was not there before.

use super::control::OWNER;
use super::environment::Variables;
use super::event::{Reporter, RunEventKind};
use crate::agent::{Agent, Job, Reader};
use crate::error::{Context, Result};
use crate::git::Oid;
use crate::host::files;
use crate::model::run::Outcome;
use crate::model::text::{escape_line, tail};
use crate::model::{Digest, EventId};
use crate::process::{Ended, Ending, Limits, Request, supervise};
use crate::tasks::Project;
use std::path::{Path, PathBuf};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Bytes of one output line that are looked at.
pub const RUN_LIMIT_LINE: usize = 64 * 1024;

pub struct Attempt<'a> {
    pub project: &'a Project,
    pub agent: &'a Agent,
    pub job: Job<'a>,
    pub run: &'a EventId,
    pub session: &'a str,
    pub environment: Variables,
    pub branch: &'a str,
    /// HEAD before the agent starts.
    pub base: Oid,
    /// The commit before the first attempt at this step: what an earlier attempt committed since counts as work.
    pub begin: Oid,
    pub handle: Handle,
    pub stop: watch::Receiver<bool>,
    pub reporter: &'a Reporter,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AttemptResult {
    pub outcome: Outcome,
    pub detail: Option<String>,
    pub transcript: Option<Digest>,
}

impl Attempt<'_> {
    pub fn run(self) -> Result<AttemptResult> {
        let folder = self.job.run_folder.to_owned();
        files::write_text(&folder.join(OWNER), &format!("{}\n{}\n", self.job.task, self.session))?;
        let launch = self.agent.launch(&self.job)?;
        let configuration = self.project.repository().configuration_digest()?;
        let before = self.project.repository().worktree_tree(self.job.worktree)?;
        let request = Request {
            guardian: self.job.own_program.to_owned(),
            folder: folder.clone(),
            marker: self.run.to_string(),
            program: launch.program,
            args: launch.args,
            cwd: self.job.worktree.to_owned(),
            env: self.environment.clone(),
            stdin: launch.stdin,
            limits: self.limits(),
        };
        let mut reader = Reader::new(self.agent.reader);
        let reporter = self.reporter;
        let ended = self.handle.block_on(supervise(request, self.stop.clone(), |line| {
            let event = reader.read(&line);
            let summary = event.summary();
            if !summary.is_empty() {
                let first: String = summary.chars().take(300).collect();
                let line = escape_line(&first).into_owned();
                reporter.tell(RunEventKind::Agent { line });
            }
            reader.pulse()
        }))?;
        let (outcome, detail) = self.judge(&ended, &folder, &configuration, before)?;
        Ok(AttemptResult { outcome, detail, transcript: transcript_digest(&folder) })
    }

    fn limits(&self) -> Limits {
        let settings = &self.project.settings;
        Limits {
            total: settings.duration("run.timeout"),
            silence: settings.duration("run.silence"),
            silence_in_tool: settings.duration("run.silence-in-tool"),
            grace: settings.duration("run.grace"),
            max_line: RUN_LIMIT_LINE,
            ..Limits::default()
        }
    }

    fn judge(
        &self,
        ended: &Ended,
        folder: &Path,
        configuration: &Digest,
        before: Oid,
    ) -> Result<(Outcome, Option<String>)> {
        if let Some(harm) = self.find_harm(configuration)? {
            return Ok((Outcome::Misbehaved, Some(harm)));
        }
        let said = || Some(last_words(folder));
        let (outcome, detail) = match &ended.ending {
            Ending::Exited(0) => (Outcome::Succeeded, None),
            Ending::Exited(code) => {
                (Outcome::Failed, Some(format!("{} exited with {code}\n{}", self.agent.name, last_words(folder))))
            }
            Ending::Signalled(signal) => {
                (Outcome::Failed, Some(format!("{} was ended by signal {signal}", self.agent.name)))
            }
            Ending::CouldNotStart(why) => {
                (Outcome::Failed, Some(format!("{} could not be started: {why}", self.agent.name)))
            }
            Ending::TimedOut => (Outcome::TimedOut, said()),
            Ending::Stalled { .. } => (Outcome::Stalled, said()),
            Ending::Stopped => (Outcome::Stopped, None),
            Ending::GuardianLost => (Outcome::Interrupted, Some("its guardian was killed".to_owned())),
        };
        if outcome == Outcome::Succeeded && !self.left_work(before)? {
            return Ok((Outcome::NoWork, Some(format!("{} ended well and changed nothing", self.agent.name))));
        }
        Ok((outcome, detail))
    }

    /// What the agent did to the worktree itself, if that makes its work unusable. What can be set right is.
    fn find_harm(&self, configuration: &Digest) -> Result<Option<String>> {
        let worktree = self.job.worktree;
        if self.project.repository().configuration_digest()? != *configuration {
            return Ok(Some(
                "git's configuration or hooks changed while the agent ran: look at .git/config".to_owned(),
            ));
        }
        if !worktree.is_dir() {
            return Ok(Some("the agent deleted its worktree; the commits on its branch are kept".to_owned()));
        }
        let repository = self.project.repository();
        let aside = self.job.run_folder.join("replaced.git");
        let was_folder = worktree.join(".git").is_dir();
        if repository.repair_worktree(worktree, &aside)? && was_folder {
            return Ok(Some(format!(
                "the agent put a repository of its own into the worktree; it is in {}",
                aside.display()
            )));
        }
        let state = match repository.worktree_state(worktree) {
            Ok(state) => state,
            Err(error) => {
                return Ok(Some(format!(
                    "the agent left a worktree that git cannot read: {}",
                    error.causes().join(": ")
                )));
            }
        };
        if state.branch.as_deref() != Some(self.branch) {
            let where_to = state.branch.unwrap_or_else(|| "no branch".to_owned());
            return Ok(Some(format!(
                "the agent left the worktree on {}, not on {}",
                escape_line(&where_to),
                self.branch
            )));
        }
        let grown = state.head.is_some_and(|head| repository.is_ancestor(self.base, head).unwrap_or(false));
        Ok((!grown).then(|| format!("the agent rewrote the commits before its own; they are still {}", self.base)))
    }

    /// Files that are not as setup left them, a commit of the agent's, or one of an earlier attempt at the same step.
    fn left_work(&self, before: Oid) -> Result<bool> {
        let repository = self.project.repository();
        let head = repository.head_of(self.job.worktree)?;
        Ok(head != self.base || self.base != self.begin || repository.worktree_tree(self.job.worktree)? != before)
    }
}

/// The end of what the session printed on stderr, or on stdout where that is empty.
fn last_words(folder: &Path) -> String {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap_or_default();
    let words = |bytes: Vec<u8>| tail(&String::from_utf8_lossy(&bytes), 12, 1_500).trim().to_owned();
    let stderr = words(read("stderr.log"));
    if stderr.is_empty() { words(read("stdout.log")) } else { stderr }
}

fn transcript_digest(folder: &Path) -> Option<Digest> {
    std::fs::read(folder.join("stdout.log")).ok().map(Digest::of)
}

/// The run folder, made before anything is started in it.
pub fn make_folder(project: &Project, run: &EventId) -> Result<PathBuf> {
    let folder = project.store.local.run_folder(run);
    files::create_folder(&folder).context(|| "cannot prepare the run")?;
    Ok(folder)
}
