//! One attempt: an agent, supervised in a worktree, and an honest look at what it left.
//!
//! What the agent says about itself proves nothing. An attempt succeeds only if the program ended well, the worktree is
//! still the one we gave it, and there is work in it that was not there before.

mod follow;
mod words;

pub use follow::Stop;

use super::checkout::Checkouts;
use super::confine::{self, Confined};
use super::control::OWNER;
use super::environment::{Variables, overlaid, to_variables, value_of};
use super::event::{Reporter, RunEventKind};
use super::inbox::Inbox;
use super::transcript;
use super::words::question_text;
use crate::agent::{Account, Agent, Facts, Input, Job, Judgement, Launch, Reader, judge};
use crate::error::{Context, Result};
use crate::git::{Oid, Ties};
use crate::host::files;
use crate::model::run::{Kept, Outcome};
use crate::model::text::escape_line;
use crate::model::{Digest, EventId, TaskId, Timestamp};
use crate::process::{Ended, Ending, Limits, Request, Stdin, supervise};
use crate::store::Redactor;
use crate::tasks::Project;
use follow::{Check, Follow, OnSession};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use words::Words;

/// Bytes of one line of a gate that are looked at.
pub const RUN_LIMIT_LINE: usize = 64 * 1024;
/// The same for an agent: one event can hold a whole file.
const LONGEST_EVENT: usize = 4 << 20;
/// So much of a log's end is looked at for last words: far more than they are, so that what is cut off by this is cut
/// off again before it is redacted.
const LOG_END: u64 = 256 << 10;

pub struct Attempt<'a> {
    pub project: &'a Project,
    pub agent: &'a Agent,
    pub job: Job<'a>,
    pub run: &'a EventId,
    pub session: &'a str,
    pub environment: Variables,
    /// None where the worktree is on no branch, for agents that only read.
    pub branch: Option<&'a str>,
    /// The step whose own worktree it is, where several are worked on at once.
    pub beside: Option<&'a str>,
    pub wanted: Wanted,
    /// How long it may take in all.
    pub timeout: Duration,
    /// HEAD before the agent starts.
    pub base: Oid,
    /// The commit before the first attempt at this step: what an earlier attempt committed since counts as work.
    pub begin: Oid,
    /// The worktree's files before the first attempt at this step, committed or not.
    pub tree_before: Oid,
    pub handle: Handle,
    pub stop: watch::Receiver<bool>,
    pub reporter: &'a Reporter,
    /// Called once, when the agent's conversation has a name.
    pub on_session: Option<OnSession<'a>>,
    /// What a limit says about the run so far, between tool calls.
    pub check: Option<Check<'a>>,
}

/// What an agent is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Other files than before.
    Change,
    /// Something that it says.
    Words,
}

/// How a try went, and what is to be written down about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AttemptResult {
    pub outcome: Option<Outcome>,
    pub detail: Option<String>,
    /// When a rate limit is over, where somebody said so.
    pub until: Option<Timestamp>,
    pub transcript: Option<Digest>,
    pub kept: Option<Kept>,
    pub account: Account,
    /// What people said meanwhile and the agent was told.
    pub heard: Vec<EventId>,
    /// The limit was the agent's or its service's own, not one of ours.
    pub is_agents_own_limit: bool,
    /// The commit that holds the work, once there is one.
    pub commit: Option<String>,
    /// What it said, in the pieces between its deeds; the last of it where it was for something else.
    pub words: Vec<String>,
}

impl AttemptResult {
    pub fn outcome(&self) -> Outcome {
        self.outcome.unwrap_or(Outcome::Failed)
    }
}

/// What git said before the agent started.
struct Before {
    configuration: Digest,
    ties: Ties,
}

impl Attempt<'_> {
    pub fn run(mut self) -> Result<AttemptResult> {
        let folder = self.job.run_folder.to_owned();
        files::write_text(&folder.join(OWNER), &format!("{}\n{}\n", self.job.task, self.session))?;
        let launch = self.agent.launch(&self.job, &|name| value_of(&self.environment, name))?;
        let configuration = self.project.repository().configuration_digest()?;
        let ties = self.project.repository().ties_of(self.job.worktree)?;
        Checkouts::beside(self.project, self.beside)?.note_ties(self.job.task, &ties)?;
        let stdin_is_open = launch.stdin == Input::Open;
        let request = self.request(launch, &folder)?;
        let worktree = self.job.worktree.to_string_lossy().into_owned();
        let reader = Reader::new(self.agent.reader, &self.agent.opening(&self.job, &worktree));
        let host = &self.project.host;
        let mut follow = Follow::new(reader, self.reporter, Inbox::open(&folder, self.project.store.redactor())?);
        follow.on_session = self.on_session.take().unwrap_or_else(|| Box::new(|_| {}));
        follow.check = self.check.take().unwrap_or_else(|| Box::new(|_| None));
        follow.stdin_is_open = stdin_is_open;
        let most = match self.wanted {
            Wanted::Words => words::ALL,
            Wanted::Change => words::LAST,
        };
        follow.words = Words::new(self.agent.reader.comes_in_pieces, most);
        follow.longest_pause = self.project.settings.duration("run.rate-limit-wait");
        follow.now = Box::new(|| host.now());
        let ended = self.handle.block_on(supervise(request, self.stop.clone(), &mut follow))?;
        follow.end(match ended.ending {
            Ending::Exited(code) => Some(code),
            _ => None,
        });
        confine::tell_missed(&ended, self.reporter);
        let judgement = self.judge(&ended, &follow, &folder, &Before { configuration, ties })?;
        let hits = confine::hits_text(&ended).filter(|_| judgement.outcome != Outcome::Succeeded);
        let detail: Vec<String> = judgement.detail.into_iter().chain(hits).collect();
        Ok(AttemptResult {
            outcome: Some(judgement.outcome),
            detail: Some(detail.join("\n")).filter(|detail| !detail.is_empty()),
            until: judgement.until,
            transcript: transcript_digest(&folder),
            kept: self.keep_transcript(),
            account: follow.reader.account,
            heard: follow.heard,
            is_agents_own_limit: follow.verdict.is_none(),
            commit: None,
            words: follow.words.into_pieces(),
        })
    }

    /// The run is what it is, whether or not its transcript can be kept.
    fn keep_transcript(&self) -> Option<Kept> {
        let kept = transcript::keep(self.project, self.agent, &TaskId::parse(self.job.task)?, self.run);
        kept.unwrap_or_else(|error| {
            let text = format!("what the agent printed is not kept: {}", error.full_text());
            self.reporter.tell(RunEventKind::Note { text });
            None
        })
    }

    fn request(&self, launch: Launch, folder: &Path) -> Result<Request> {
        let confined = Confined {
            project: self.project,
            worktree: self.job.worktree,
            branch: self.branch,
            run_folder: folder,
            own_program: self.job.own_program,
            login_files: &self.agent.record.login_files,
        };
        let env = overlaid(self.environment.clone(), to_variables(launch.set));
        Ok(Request {
            guardian: self.job.own_program.to_owned(),
            folder: folder.to_owned(),
            marker: self.run.to_string(),
            program: launch.program,
            args: launch.args,
            cwd: self.job.worktree.to_owned(),
            env,
            stdin: match launch.stdin {
                Input::Nothing => Stdin::Empty,
                Input::Text(text) => Stdin::Text(text),
                Input::Open => Stdin::Open,
            },
            limits: self.limits(),
            confinement: confined.confinement()?,
        })
    }

    fn limits(&self) -> Limits {
        let settings = &self.project.settings;
        Limits {
            total: self.timeout,
            silence: settings.duration("run.silence"),
            silence_in_tool: settings.duration("run.silence-in-tool"),
            grace: settings.duration("run.grace"),
            max_line: LONGEST_EVENT,
            resources: confine::resources(settings),
            ..Limits::default()
        }
    }

    fn judge(&self, ended: &Ended, follow: &Follow<'_>, folder: &Path, before: &Before) -> Result<Judgement> {
        let plain = |outcome, detail| Judgement { outcome, detail, until: None };
        if let Some(harm) = self.find_harm(before)? {
            return Ok(plain(Outcome::Misbehaved, Some(harm)));
        }
        let account = &follow.reader.account;
        let is_stopped = *self.stop.borrow();
        if let Some(verdict) = follow.verdict.as_ref().filter(|_| !is_stopped) {
            let detail = Some(format!("{}: {}", self.agent.name, verdict.detail));
            return Ok(Judgement { outcome: verdict.outcome, detail, until: verdict.until });
        }
        let last_words = last_words(folder, account, self.project.store.redactor());
        let facts = Facts {
            agent: &self.agent.name,
            ending: &ended.ending,
            says_when_finished: self.agent.reader.says_when_finished,
            nothing: match self.wanted {
                Wanted::Change => "changed nothing",
                Wanted::Words => "said nothing",
            },
            left_work: match self.wanted {
                Wanted::Words => !follow.words.is_empty(),
                Wanted::Change => self.left_work()?,
            },
            last_words: &last_words,
        };
        let judgement = judge(account, &facts);
        // Whatever else it did, it waits for an answer.
        match (&account.question, judgement.outcome) {
            (
                Some(question),
                Outcome::Succeeded | Outcome::NoWork | Outcome::Failed | Outcome::TimedOut | Outcome::Stalled,
            ) => Ok(plain(Outcome::NeedsPerson, Some(question_text(question)))),
            _ => Ok(judgement),
        }
    }

    /// What the agent did to the worktree itself, if that makes its work unusable. What can be set right is.
    fn find_harm(&self, before: &Before) -> Result<Option<String>> {
        let worktree = self.job.worktree;
        // First of all: git must not be asked anything in a worktree that may belong to another repository.
        if before.ties.restore()? {
            return Ok(Some(
                "the agent changed to which repository its worktree belongs, or git's configuration there; both are as \
                 they were"
                    .to_owned(),
            ));
        }
        if self.project.repository().configuration_digest()? != before.configuration {
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
        if state.branch.as_deref() != self.branch {
            let where_to = state.branch.unwrap_or_else(|| "no branch".to_owned());
            return Ok(Some(format!(
                "the agent left the worktree on {}, not on {}",
                escape_line(&where_to),
                self.branch.unwrap_or("no branch")
            )));
        }
        let grown = state.head.is_some_and(|head| repository.is_ancestor(self.base, head).unwrap_or(false));
        Ok((!grown).then(|| format!("the agent rewrote the commits before its own; they are still {}", self.base)))
    }

    /// Files that are not as they were before the step, a commit of the agent's, or one of an earlier attempt at the step.
    fn left_work(&self) -> Result<bool> {
        let repository = self.project.repository();
        let head = repository.head_of(self.job.worktree)?;
        Ok(head != self.base
            || self.base != self.begin
            || repository.worktree_tree(self.job.worktree)? != self.tree_before)
    }
}

/// The end of what the agent said, or of what it printed on stderr, or on stdout where that is empty.
fn last_words(folder: &Path, account: &Account, redactor: &Redactor) -> String {
    let words = |text: &str| redactor.tail(text, 12, 1_500).trim().to_owned();
    let printed = |name: &str| words(&files::load_end(&folder.join(name), LOG_END).unwrap_or_default());
    let stderr = printed("stderr.log");
    if !stderr.is_empty() {
        return stderr;
    }
    match account.said.trim() {
        "" => printed("stdout.log"),
        // Plain text comes line by line, and its last line alone says little.
        _ if account.session.is_none() => printed("stdout.log"),
        said => words(said),
    }
}

fn transcript_digest(folder: &Path) -> Option<Digest> {
    Digest::of_reader(std::fs::File::open(folder.join("stdout.log")).ok()?).ok()
}

/// The run folder, made before anything is started in it.
pub fn make_folder(project: &Project, run: &EventId) -> Result<PathBuf> {
    let folder = project.store.local.run_folder(run);
    // What the agent prints may hold anything.
    files::create_private_folder(&folder).context(|| "cannot prepare the run")?;
    Ok(folder)
}
