//! A task's way through its workflow: phase after phase, until it is through, a person is needed, or it goes no further.
//!
//! Every phase looks at what is there and does what is missing, so a worker that takes up where another was cut off walks
//! the same way and does nothing twice.

use super::aim::{Goal, Values};
use super::stuck::why_stuck;
use super::{Settled, Worker};
use crate::error::{Error, Kind, Result};
use crate::model::plan::{Plan, parse_plan};
use crate::model::planning::{self, Tier};
use crate::model::run::Verdict;
use crate::model::{Change, Event, Task, TextFile};
use crate::run::checkout::Checkouts;
use crate::run::environment::Variables;
use crate::run::event::RunEventKind;
use crate::run::gates::gates_of;
use crate::run::ports::PortRange;
use crate::store::Snapshot;
use crate::tasks::{Project, is_own_wish, review_of, sent_back};
use crate::workflow::{ACTION, Answer, Facts, Library, Next, Phase, ReviewFacts, Role, Walked, Work, Workflow, next};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Spec and plan as they are carried out. They change only by a phase that writes them.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    pub spec: String,
    pub plan_text: String,
    pub plan: Plan,
}

impl Texts {
    pub fn of(spec: String, plan_text: String) -> Texts {
        let (plan, _) = parse_plan(&plan_text);
        Texts { spec, plan_text, plan }
    }

    pub fn of_file(&self, file: TextFile) -> &str {
        match file {
            TextFile::Spec => &self.spec,
            TextFile::Plan => &self.plan_text,
        }
    }

    pub fn read(snapshot: &Snapshot<'_>, task: &Task) -> Result<Texts> {
        Ok(Texts::of(snapshot.text(&task.id, TextFile::Spec)?, snapshot.text(&task.id, TextFile::Plan)?))
    }
}

/// One phase with all it needs.
pub(super) struct Phasing<'a> {
    pub phase: &'a Phase,
    pub role: &'a Role,
    pub worktree: &'a Path,
    pub texts: &'a Texts,
    pub values: Values,
}

impl Phasing<'_> {
    pub fn prompt(&self) -> &str {
        self.phase.prompt.as_deref().unwrap_or(&self.role.prompt)
    }
}

/// What a phase came to.
pub(super) enum Came {
    /// The next one can begin.
    Through,
    /// It cannot be done here, and is not missed.
    PassedOver(String),
    Settled(Settled),
}

impl From<Option<Settled>> for Came {
    fn from(settled: Option<Settled>) -> Came {
        settled.map_or(Came::Through, Came::Settled)
    }
}

/// What one walk through a workflow has at hand.
pub(super) struct Walk<'w> {
    pub workflow: &'w Workflow,
    /// What one role alone has to leave, where it is alone.
    pub alone: Option<Answer>,
    pub library: &'w Library,
    pub texts: Texts,
    ports: Option<PortRange>,
    /// What phases left for those after them, by name.
    pub outputs: BTreeMap<String, String>,
    /// What a phase within another one is asked about.
    pub asked: Option<String>,
    /// What was there before this walk was written on this machine.
    pub is_own_wish: bool,
    /// Somebody, or a rule, has said yes to what is carried out.
    pub is_approved: bool,
    /// What the gates said before the work, a line each.
    pub baseline: String,
    is_complex: bool,
    pub walked: Vec<Walked>,
}

/// Where a phase works.
pub(super) struct Stand {
    pub path: PathBuf,
    /// Absent where the worktree is on none.
    pub branch: Option<String>,
}

impl Walk<'_> {
    pub fn ports(&self) -> Option<&PortRange> {
        self.ports.as_ref()
    }

    /// Whether this walk came through the phase before.
    pub fn has_done(&self, phase: &Phase) -> bool {
        self.walked.iter().any(|walked| walked.is_done() && self.workflow.phases[walked.phase].name == phase.name)
    }

    pub fn set_text(&mut self, file: TextFile, text: String) {
        let (spec, plan) = match file {
            TextFile::Spec => (text, self.texts.plan_text.clone()),
            TextFile::Plan => (self.texts.spec.clone(), text),
        };
        self.texts = Texts::of(spec, plan);
        // A yes was to the texts as they were.
        self.is_approved = false;
    }

    /// Everything that judges the work: gates of plan and project, and those that the workflow runs besides.
    pub fn gates(&self, project: &Project) -> Vec<String> {
        let mut gates = gates_of(project, &self.texts.plan);
        for phase in &self.workflow.phases {
            if let Work::Gates(Some(own)) = &phase.work {
                gates.extend(own.iter().filter(|gate| !gates.contains(gate)).cloned().collect::<Vec<_>>());
            }
        }
        gates
    }

    /// What a phase leaves for those after it, under the name that the workflow gives it.
    pub fn add_output(&mut self, phase: &Phase, text: String) {
        self.outputs.insert(phase.output.clone(), text);
    }
}

impl Worker<'_> {
    /// Carries the task through its workflow.
    pub(super) fn walk(&self, ports: Option<PortRange>) -> Result<Settled> {
        let library = Library::of(self.project)?;
        let task = self.current_task()?;
        let workflow = self.workflow_of(&library, &task)?;
        let snapshot = self.project.store.snapshot()?;
        let texts = Texts::read(&snapshot, &task)?;
        let events = snapshot.events(&self.task)?;
        let before: Vec<u64> =
            workflow.phases.iter().map(|phase| rounds_since_a_person(&events, &phase.name)).collect();
        let rounds = |phase: usize| before.get(phase).copied().unwrap_or_default();
        let mut walk = Walk {
            workflow: &workflow,
            alone: library.role_of(self.project, &task)?.map(|role| role.answers),
            library: &library,
            texts,
            ports,
            outputs: BTreeMap::new(),
            asked: None,
            is_own_wish: is_own_wish(self.project, &snapshot, &task)?,
            is_approved: false,
            baseline: String::new(),
            is_complex: planning::tier_of(&task.title, &snapshot.text(&self.task, TextFile::Spec)?, &task.labels).0
                == Tier::Complex,
            walked: Vec::new(),
        };
        loop {
            self.check_stop()?;
            if *self.bench.rest.borrow() {
                return Err(Error::new(Kind::Interrupted, "stopped"));
            }
            let facts = self.facts(&walk)?;
            match next(&workflow, &walk.walked, &rounds, &facts) {
                Next::Over => return self.hand_in(&mut walk, &facts),
                Next::Skip(number, why) => walk.walked.push(Walked::skipped(number, why)),
                Next::Exhausted { phase, why } => return self.exhausted(&walk, &workflow.phases[phase], &why),
                Next::Do(number) => {
                    let phase = &workflow.phases[number];
                    if let Some(why) = self.find_stuck(phase)? {
                        return self.exhausted(&walk, phase, &why);
                    }
                    match self.phase(&mut walk, phase)? {
                        Came::Through => walk.walked.push(Walked::done(number)),
                        Came::PassedOver(why) => {
                            let text = format!("{} is passed over: {why}", phase.name);
                            self.reporter.tell(RunEventKind::Note { text });
                            walk.walked.push(Walked::skipped(number, why));
                        }
                        Came::Settled(settled) => return Ok(settled),
                    }
                }
            }
        }
    }

    /// Why a round of a loop would bring nothing, as far as earlier rounds tell.
    fn find_stuck(&self, phase: &Phase) -> Result<Option<String>> {
        match phase.loop_to {
            Some(_) => Ok(why_stuck(&self.project.store.snapshot()?.events(&self.task)?)),
            None => Ok(None),
        }
    }

    /// The way of this task: one role alone where it asks for that, otherwise what the settings say.
    fn workflow_of(&self, library: &Library, task: &Task) -> Result<Workflow> {
        match library.role_of(self.project, task)? {
            Some(role) => Ok(Workflow::alone(&role.name, role.answers)),
            None => library.workflow(self.project.settings.text("workflow")),
        }
    }

    fn phase(&self, walk: &mut Walk<'_>, phase: &Phase) -> Result<Came> {
        match &phase.work {
            Work::Approval => self.approval(walk),
            Work::Gates(gates) => self.gate_phase(walk, phase, gates.as_deref()),
            Work::Role(name) => {
                let role = walk.library.role(name)?;
                if let Some(why) = self.nobody_for(&role, phase.agent.as_deref())? {
                    // A runbook can carry out a plan's own steps, and nothing else.
                    let is_code = role.answers == Answer::Change && phase.input.is_empty();
                    if !is_code {
                        return Ok(Came::PassedOver(why));
                    }
                    if !self.has_steps_to_do(walk)? {
                        return Ok(Came::Through);
                    }
                }
                match role.answers {
                    Answer::Review if !self.is_begun()? => Ok(Came::PassedOver("there is no work yet".to_owned())),
                    Answer::Spec => self.write_spec(walk, phase, &role),
                    Answer::Plan => self.write_plan(walk, phase, &role),
                    Answer::Review => self.review(walk, phase, &role),
                    Answer::Notes | Answer::Findings => self.write_notes(walk, phase, &role),
                    Answer::Change => self.change(walk, phase, &role),
                }
            }
        }
    }

    /// Steps of the plan that are not done come first; where all are, the phase is about what came in.
    fn change(&self, walk: &mut Walk<'_>, phase: &Phase, role: &Role) -> Result<Came> {
        // Whatever the workflow says: nothing is changed without a yes.
        if !walk.is_approved
            && let Came::Settled(settled) = self.approval(walk)?
        {
            return Ok(Came::Settled(settled));
        }
        let stand = match self.stand(walk, true)? {
            Ok(stand) => stand,
            Err(settled) => return Ok(Came::Settled(settled)),
        };
        // A quick action is about the work as a whole.
        let has_steps = !role.name.starts_with(ACTION) && self.has_steps_to_do(walk)?;
        let is_asked_for = walk.alone.is_some() && self.project.settings.find_text("workflow.role").is_some();
        if !has_steps && phase.input.is_empty() && !is_asked_for {
            return Ok(Came::Through);
        }
        let values = self.values(walk, phase, role)?;
        let environment = |also: &[String]| -> Variables { self.environment(&stand.path, walk.ports(), also) };
        let phasing = Phasing { phase, role, worktree: &stand.path, texts: &walk.texts, values };
        if has_steps {
            return self.code(&phasing, &environment).map(Came::from);
        }
        let key = format!("{}-{}", phase.name, self.rounds_of(&phase.name)? + 1);
        let title = match phase.input.as_slice() {
            [] => format!("Work of the phase {}", phase.name),
            inputs => format!("Address what {} asks for", inputs.join(" and ")),
        };
        self.carry_out(&phasing, Goal::Change { key, title }, &environment).map(Came::from)
    }

    pub(super) fn has_steps_to_do(&self, walk: &Walk<'_>) -> Result<bool> {
        let checkouts = Checkouts::of(self.project)?;
        // Git must not be asked in a worktree that an agent tied elsewhere before its worker died.
        checkouts.mend(&self.task)?;
        let path = checkouts.path_of(&self.task);
        let steps = &walk.texts.plan.steps;
        Ok(!steps.is_empty() && (!path.is_dir() || self.done_steps(steps, &path)?.len() < steps.len()))
    }

    /// Rounds of a phase that ended, of earlier workers, too.
    fn rounds_of(&self, phase: &str) -> Result<u64> {
        let events = self.project.store.snapshot()?.events(&self.task)?;
        Ok(ended_rounds(&events, phase))
    }

    /// The task's worktree, set up: on its branch, or as it is for whoever only reads.
    pub(super) fn stand(&self, walk: &Walk<'_>, on_branch: bool) -> Result<Result<Stand, Settled>> {
        let checkouts = Checkouts::of(self.project)?;
        let repository = self.project.repository();
        let is_begun = repository.branch_commit(&self.branch)?.is_some();
        let base = self.require_base()?;
        let checkout = match on_branch || is_begun {
            true => checkouts.acquire(&self.task, &self.branch, base)?,
            false => checkouts.acquire_to_read(&self.task, base)?,
        };
        if !self.has_told_worktree.replace(true) {
            let path = checkout.path.display().to_string();
            self.reporter.tell(RunEventKind::Worktree { path, reused: checkout.reused });
        }
        if let Some(note) = &checkout.note {
            self.note(note)?;
        }
        if on_branch && !is_begun {
            self.forget_progress()?;
        }
        if !checkout.is_set_up {
            let environment = self.environment(&checkout.path, walk.ports(), &[]);
            if let Some(settled) = self.set_up(&checkouts, &checkout, environment)? {
                return Ok(Err(settled));
            }
        }
        let branch = repository.worktree_state(&checkout.path)?.branch;
        Ok(Ok(Stand { path: checkout.path, branch }))
    }

    /// What decides which phase comes next, as it is now.
    fn facts(&self, walk: &Walk<'_>) -> Result<Facts> {
        let snapshot = self.project.store.snapshot()?;
        let tree = self.tree_of_work()?;
        let evidence = snapshot.evidence(&self.task)?;
        let gates = walk.gates(self.project);
        let verdict_of = |gate: &String| {
            let newest = evidence.iter().rev().find(|e| e.gate == *gate && Some(&e.tree) == tree.as_ref());
            newest.map(|evidence| evidence.verdict)
        };
        let measured: Option<Vec<Verdict>> = gates.iter().map(verdict_of).collect();
        let failed = gates.iter().filter_map(verdict_of).any(|verdict| verdict == Verdict::Failed);
        let review = tree.as_ref().and_then(|tree| review_of(&snapshot.events(&self.task).ok()?, tree));
        Ok(Facts {
            has_spec: !walk.texts.spec.trim().is_empty() || !walk.texts.plan_text.trim().is_empty(),
            has_plan: !walk.texts.plan_text.trim().is_empty() && sent_back(&snapshot, &self.current_task()?)?.is_none(),
            is_complex: walk.is_complex && walk.texts.plan_text.trim().is_empty(),
            gates: match failed {
                true => Some(Verdict::Failed),
                false => measured.map(Verdict::of_all),
            },
            review: review
                .map(|review| ReviewFacts { passes: review.lets_pass(), asks_for_changes: review.asks_for_changes() }),
            outputs: walk.outputs.keys().cloned().collect(),
        })
    }

    /// The tree that the task's branch holds, once there is work on it.
    pub(super) fn tree_of_work(&self) -> Result<Option<String>> {
        let repository = self.project.repository();
        let commit = repository.branch_commit(&self.branch)?;
        commit.map(|commit| Ok(repository.tree_of(commit)?.to_string())).transpose()
    }
}

/// Rounds of a phase that were carried out.
fn ended_rounds(events: &[Event], phase: &str) -> u64 {
    let of_phase = |event: &&Event| matches!(&event.change, Change::PhaseDone { phase: done } if done == phase);
    events.iter().filter(of_phase).count() as u64
}

/// The same since a person last spoke: whoever looked at the work gives it new rounds.
fn rounds_since_a_person(events: &[Event], phase: &str) -> u64 {
    ended_rounds(since_a_person(events), phase)
}

/// What came after a person last moved the task or said something about it.
pub(super) fn since_a_person(events: &[Event]) -> &[Event] {
    let by_person =
        |event: &Event| event.session.is_none() && matches!(event.change, Change::Moved { .. } | Change::Said { .. });
    let since = events.iter().rposition(by_person).map_or(0, |at| at + 1);
    &events[since..]
}
