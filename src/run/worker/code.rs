//! Phases that change files: the plan's steps one after another, or what somebody asks for beyond them.

use super::aim::{Aim, Goal};
use super::flow::Phasing;
use super::phases::gate_note;
use super::pursuit::{Tried, Try};
use super::wave::clear_what_waves_left;
use super::{Settled, Worker};
use crate::agent::Permission;
use crate::error::{Error, Kind, Result};
use crate::git::{Oid, Repository};
use crate::model::plan::Step;
use crate::model::run::Verdict;
use crate::model::{Change, Reason, StepProgress};
use crate::run::base::holds_step;
use crate::run::environment::Variables;
use crate::run::event::RunEventKind;
use crate::store::Changes;

impl Worker<'_> {
    /// All steps of the plan that are not done, in order.
    pub(super) fn code(
        &self,
        phasing: &Phasing<'_>,
        environment: &impl Fn(&[String]) -> Variables,
    ) -> Result<Option<Settled>> {
        let plan = &phasing.texts.plan;
        let of = plan.steps.len();
        let mut most = self.most_at_once()?;
        loop {
            self.check_stop()?;
            if *self.bench.rest.borrow() {
                return Err(Error::new(Kind::Interrupted, "stopped"));
            }
            let done = self.done_steps(&plan.steps, phasing.worktree)?;
            let wave: Vec<Step> = plan.next_wave(|step| done.contains(&step.id), most).into_iter().cloned().collect();
            match wave.as_slice() {
                [] => {
                    let kept = clear_what_waves_left(self.project, &self.task, &self.branch)?;
                    if !kept.is_empty() {
                        self.note(&format!("what earlier tries left is kept: {}", kept.join(", ")))?;
                    }
                    return Ok(None);
                }
                [step] => {
                    let number = plan.order().iter().position(|other| other.id == step.id).map_or(1, |at| at + 1);
                    let goal = Goal::Step { step, number, of };
                    if let Some(settled) = self.carry_out(phasing, goal, environment)? {
                        return Ok(Some(settled));
                    }
                }
                several => match self.wave(phasing, several, of)? {
                    Err(settled) => return Ok(Some(settled)),
                    // Nothing came of it: what is left goes one after another.
                    Ok(0) => most = 1,
                    Ok(_) => {}
                },
            }
        }
    }

    /// One step, or one round of changes, until its gates pass. Something if the task cannot go on by itself.
    pub(super) fn carry_out(
        &self,
        phasing: &Phasing<'_>,
        goal: Goal<'_>,
        environment: &impl Fn(&[String]) -> Variables,
    ) -> Result<Option<Settled>> {
        let aim = Aim {
            phase: &phasing.phase.name,
            role: phasing.role,
            named: phasing.phase.agent.as_deref(),
            goal,
            worktree: phasing.worktree,
            branch: Some(&self.branch),
            most: self.project.settings.number("run.attempts").max(1),
            texts: phasing.texts,
            prompt: phasing.prompt(),
            values: phasing.values.clone(),
            permission: Permission::Full,
        };
        self.pursue(
            &aim,
            environment,
            &|current, tried| self.gate_step(current, tried, environment(&[])),
            &|current, tried, _, changes| finish_step(self, current, tried, changes),
        )
        .inspect(|settled| {
            if let (None, Some(step), None) = (settled, aim.step(), &self.beside) {
                let done = self.current_task().ok().and_then(|task| task.steps.get(&step.id).cloned());
                let commit = done.and_then(|progress| progress.commit);
                self.reporter.tell(RunEventKind::StepDone { step: step.id.clone(), commit });
            }
        })
    }

    /// The step's own gates. A goal without any is judged with the whole.
    fn gate_step(
        &self,
        current: &Try<'_>,
        tried: &mut Tried,
        mut environment: Variables,
    ) -> Result<Option<(Reason, String)>> {
        let aim = current.aim;
        environment.extend(aim.step().map(|step| ("AIFACTORY_STEP".into(), step.id.as_str().into())));
        let gates = self.gates(aim.worktree, environment, aim.key());
        tried.evidence = gates.run_all(aim.gates())?;
        self.drop_what_gates_left(aim.worktree)?;
        let failed = tried.evidence.iter().find(|evidence| evidence.verdict != Verdict::Passed);
        Ok(failed.map(|failed| (Reason::GateFailed, gate_note(failed))))
    }

    /// A step counts as done while it says what it said then, and its work is on the branch: a worker that was cut off may
    /// have recorded work that never left its machine.
    pub(super) fn is_work_of(&self, progress: &StepProgress, step: &Step, head: Oid) -> bool {
        let commit = progress.commit.as_deref().and_then(Repository::parse_oid);
        let holds = |commit: Oid| -> Result<bool> {
            let snapshot = self.project.store.snapshot()?;
            holds_step(self.project, &snapshot, &snapshot.task(&self.task)?, &step.id, commit, head)
        };
        let is_here = commit.is_none_or(|commit| holds(commit).unwrap_or(false));
        is_here && progress.content.as_ref() == Some(&step.content())
    }
}

fn finish_step(worker: &Worker<'_>, current: &Try<'_>, tried: &Tried, changes: &mut Changes) -> Result<()> {
    // What is done beside others is done when it is brought in.
    if worker.beside.is_some() {
        return Ok(());
    }
    if let Some(step) = current.aim.step() {
        let commit = tried.commit.map(|commit| commit.to_string());
        let (step, content) = (step.id.clone(), Some(step.content()));
        changes.event(&worker.task, Change::StepDone { step, commit, content });
    } else {
        changes.event(&worker.task, Change::PhaseDone { phase: current.aim.phase.to_owned() });
    }
    Ok(())
}
