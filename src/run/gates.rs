//! Gates: commands that aifactory runs itself, and the evidence they leave.
//!
//! Evidence is bound to the tree it looked at. A gate that could not be run, ran out of time or changed the checkout it
//! was to judge says `unknown`, never `passed`.

use super::attempt::RUN_LIMIT_LINE;
use super::confine::{self, Confined};
use super::control::OWNER;
use super::environment::Variables;
use super::event::{Reporter, RunEventKind};
use crate::error::{Context, Result};
use crate::git::{Oid, WorktreeState};
use crate::host::files;
use crate::model::plan::Plan;
use crate::model::run::{Evidence, Verdict};
use crate::model::{Digest, EventId, TaskId};
use crate::process::{Ended, Ending, Hear, Limits, Line, Pulse, Request, Stdin, supervise};
use crate::tasks::Project;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// A gate exits with one of these where the shell could not find or run the command.
const COULD_NOT_RUN: [i32; 2] = [126, 127];

pub struct GateRun<'a> {
    pub project: &'a Project,
    pub task: &'a TaskId,
    pub worktree: &'a Path,
    pub environment: Variables,
    /// No agent wrote in the worktree.
    pub clean: bool,
    pub step: Option<&'a str>,
    pub handle: Handle,
    pub stop: watch::Receiver<bool>,
    pub reporter: &'a Reporter,
    pub own_program: PathBuf,
    /// Whose worker runs it, for recovery.
    pub session: &'a str,
    /// How long one command may take.
    pub timeout: Duration,
}

/// The gates that judge a whole task: those of its plan, then those of the project, each once.
pub fn gates_of(project: &Project, plan: &Plan) -> Vec<String> {
    let own = plan.steps.iter().flat_map(|step| step.gates.iter().cloned());
    let mut gates: Vec<String> = Vec::new();
    for gate in own.chain(project.settings.list("gates")) {
        if !gates.contains(&gate) {
            gates.push(gate);
        }
    }
    gates
}

/// What a gate said about a tree before. Good enough to spare a look in the agent's own worktree; what decides a merge is
/// always measured anew.
pub fn has_passed(known: &[Evidence], gate: &str, tree: &str) -> bool {
    known.iter().any(|e| e.gate == gate && e.tree == tree && e.verdict == Verdict::Passed)
}

impl GateRun<'_> {
    /// Commands that prepare a checkout. The first that does not pass, if any.
    pub fn run_setup(&self, commands: &[String]) -> Result<Option<Evidence>> {
        for command in commands {
            self.reporter.tell(RunEventKind::SetupStarted { command: command.clone() });
            let evidence = self.run(command)?;
            if evidence.verdict != Verdict::Passed {
                return Ok(Some(evidence));
            }
        }
        Ok(None)
    }

    /// Runs gates in order and stops at the first that does not pass.
    pub fn run_all(&self, gates: &[String]) -> Result<Vec<Evidence>> {
        let mut all = Vec::new();
        for gate in gates {
            let evidence = self.run(gate)?;
            let passed = evidence.verdict == Verdict::Passed;
            all.push(evidence);
            if !passed {
                break;
            }
        }
        Ok(all)
    }

    pub fn run(&self, gate: &str) -> Result<Evidence> {
        let repository = self.project.repository();
        // Where an agent worked nobody asks whether a gate wrote: what decides is measured in a clean checkout.
        let before = self.clean.then(|| repository.worktree_state(self.worktree)).transpose()?;
        let head = repository.head_of(self.worktree)?;
        self.reporter.tell(RunEventKind::GateStarted { gate: gate.to_owned() });
        let started = self.project.host.now();
        let id = self.project.host.event_id(started);
        let folder = self.project.store.local.run_folder(&id);
        files::write_text(&folder.join(OWNER), &format!("{}\n{}\n", self.task, self.session))?;
        let ended = self.handle.block_on(supervise(
            self.request(gate, &id, &folder)?,
            self.stop.clone(),
            Hear(|_: Line<'_>| Pulse::InTool),
        ))?;
        let is_as_before = |before: &WorktreeState| {
            let after = repository.worktree_state(self.worktree);
            after.is_ok_and(|after| after.head == before.head && after.dirty == before.dirty)
        };
        let (verdict, why) = judge(&ended, before.as_ref().is_none_or(is_as_before));
        confine::tell_missed(&ended, self.reporter);
        let hits = confine::hits_text(&ended).filter(|_| verdict != Verdict::Passed);
        let why: Vec<String> = why.into_iter().chain(hits).collect();
        let why = Some(why.join("; ")).filter(|why| !why.is_empty());
        let output = output_of(&folder)?;
        let duration_ms = self.project.host.now().since(started).as_millis() as u64;
        self.reporter.tell(RunEventKind::GateEnded { gate: gate.to_owned(), verdict, millis: duration_ms });
        self.evidence(id, gate, head, &ended, verdict, why, &output, duration_ms)
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one record, each named where it is made")]
    fn evidence(
        &self,
        id: EventId,
        gate: &str,
        head: Oid,
        ended: &Ended,
        verdict: Verdict,
        why: Option<String>,
        output: &str,
        duration_ms: u64,
    ) -> Result<Evidence> {
        Ok(Evidence {
            id,
            task: self.task.clone(),
            gate: gate.to_owned(),
            step: self.step.map(str::to_owned),
            verdict,
            why,
            tree: self.project.repository().tree_of(head)?.to_string(),
            commit: head.to_string(),
            clean: self.clean,
            exit: match ended.ending {
                Ending::Exited(code) => Some(code),
                _ => None,
            },
            duration_ms,
            at: self.project.host.now(),
            host: self.project.host.name(),
            output: Digest::of(output),
            tail: self.project.store.redactor().tail(output, 30, 4_000),
        })
    }

    fn request(&self, gate: &str, id: &EventId, folder: &Path) -> Result<Request> {
        let confined = Confined {
            project: self.project,
            worktree: self.worktree,
            branch: None,
            run_folder: folder,
            own_program: &self.own_program,
            login_files: &[],
        };
        Ok(Request {
            guardian: self.own_program.clone(),
            folder: folder.to_owned(),
            marker: id.to_string(),
            program: "sh".into(),
            args: vec!["-c".into(), gate.into()],
            cwd: self.worktree.to_owned(),
            env: self.environment.clone(),
            stdin: Stdin::Empty,
            limits: Limits {
                total: self.timeout,
                silence: Duration::MAX / 4,
                silence_in_tool: Duration::MAX / 4,
                grace: self.project.settings.duration("run.grace"),
                max_line: RUN_LIMIT_LINE,
                resources: confine::resources(&self.project.settings),
                ..Limits::default()
            },
            confinement: confined.confinement()?,
        })
    }
}

/// `is_untouched` where the checkout is as it was, or where that does not matter.
fn judge(ended: &Ended, is_untouched: bool) -> (Verdict, Option<String>) {
    let unknown = |why: &str| (Verdict::Unknown, Some(why.to_owned()));
    match &ended.ending {
        Ending::Exited(0) if !is_untouched => unknown("the gate changed the checkout it was to judge"),
        Ending::Exited(0) => (Verdict::Passed, None),
        Ending::Exited(code) if COULD_NOT_RUN.contains(code) => unknown("the command could not be run"),
        Ending::Exited(_) => (Verdict::Failed, None),
        Ending::Signalled(signal) => (Verdict::Failed, Some(format!("ended by signal {signal}"))),
        Ending::TimedOut => unknown("it took too long"),
        Ending::Stalled { .. } => unknown("it printed nothing for too long"),
        Ending::Stopped | Ending::Dismissed => unknown("it was stopped"),
        Ending::CouldNotStart(why) => (Verdict::Unknown, Some(why.clone())),
        Ending::GuardianLost => unknown("its supervisor was killed"),
    }
}

/// What the gate printed, stderr after stdout, as far as it was kept.
fn output_of(folder: &Path) -> Result<String> {
    let mut output = String::new();
    for name in ["stdout.log", "stderr.log"] {
        let path = folder.join(name);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).context(|| format!("cannot read {}", path.display())),
        };
        output.push_str(&String::from_utf8_lossy(&bytes));
    }
    Ok(output)
}
