//! Phases without an agent: a person's yes, gates, and the end of the way.

use super::flow::{Came, Texts, Walk};
use super::phases::{add_evidence, gate_note};
use super::{Settled, Worker};
use crate::agent::Asked;
use crate::error::Result;
use crate::model::message::MessageKind;
use crate::model::note::NoteKind;
use crate::model::review::Review;
use crate::model::run::{BASELINE, Evidence, Verdict};
use crate::model::spec::{open_questions, with_answers};
use crate::model::text::count;
use crate::model::{Approval, Change, Event, Reason, Status, TextFile};
use crate::run::checkout::Checkouts;
use crate::run::event::{Reporter, RunEventKind};
use crate::run::gates::{gates_of, has_passed};
use crate::run::order::WorkPhase;
use crate::run::words::question_text;
use crate::store::Changes;
use crate::tasks::{Standing, Stood, standing, stood_before_look};
use crate::workflow::{Answer, Condition, Facts, Phase, Work};
use std::sync::Arc;

impl Worker<'_> {
    /// A person's yes to spec and plan as they are, or a rule's.
    pub(super) fn approval(&self, walk: &mut Walk<'_>) -> Result<Came> {
        let came = self.ask_for_approval(walk)?;
        walk.is_approved = matches!(came, Came::Through);
        match came {
            Came::Through if self.bench.phase == Some(WorkPhase::Plan) => {
                self.release("planned and approved").map(Came::Settled)
            }
            came => Ok(came),
        }
    }

    fn ask_for_approval(&self, walk: &mut Walk<'_>) -> Result<Came> {
        let snapshot = self.project.store.snapshot()?;
        let task = snapshot.task(&self.task)?;
        // What is carried out is what was approved, whoever edited it meanwhile.
        walk.texts = Texts::read(&snapshot, &task)?;
        let (reason, why) = match standing(self.project, &snapshot, &task)? {
            Standing::Approved => return Ok(Came::Through),
            Standing::ByPolicy => {
                let base = self.project.target.as_ref().and_then(|target| target.commit);
                let digest = Approval::digest_of(&walk.texts.spec, &walk.texts.plan_text);
                self.record("approved by policy", |_, changes| {
                    let base = base.map(|commit| commit.to_string());
                    let approved =
                        Change::Approved { digest: digest.clone(), base, policy: true, note: None, warrant: None };
                    changes.event(&self.task, approved);
                    Ok(())
                })?;
                return Ok(Came::Through);
            }
            Standing::Asked(why) => (Reason::PlanApproval, why),
            Standing::Untrusted(why) => (Reason::Trust, why),
        };
        let settled = self.settle(Status::Waiting, Some(reason), Some(why), |_| Ok(()))?;
        // Nobody works on it for now: its worktree can serve another task.
        self.park_if_not_begun()?;
        Ok(Came::Settled(settled))
    }

    pub(super) fn is_begun(&self) -> Result<bool> {
        Ok(self.project.repository().branch_commit(&self.branch)?.is_some())
    }

    /// Gates on the work as it is. Before anything was changed they are the baseline, which stops nothing.
    pub(super) fn gate_phase(&self, walk: &mut Walk<'_>, phase: &Phase, commands: Option<&[String]>) -> Result<Came> {
        let wanted = match commands {
            Some(commands) => commands.to_vec(),
            None => gates_of(self.project, &walk.texts.plan),
        };
        // The plan's commands run under a yes to the plan, wherever the workflow has them run.
        let of_plan = |gate: &String| walk.texts.plan.steps.iter().any(|step| step.gates.contains(gate));
        if !walk.is_approved
            && wanted.iter().any(of_plan)
            && let Came::Settled(settled) = self.approval(walk)?
        {
            return Ok(Came::Settled(settled));
        }
        let is_baseline = self.is_before_any_change(walk, phase);
        if is_baseline && (self.is_begun()? || wanted.is_empty()) {
            return Ok(Came::Through);
        }
        let stand = match self.stand(walk, !is_baseline)? {
            Ok(stand) => stand,
            Err(settled) => return Ok(Came::Settled(settled)),
        };
        self.keep_uncommitted(&stand.path)?;
        let repository = self.project.repository();
        let tree = repository.tree_of(repository.head_of(&stand.path)?)?.to_string();
        let known = self.project.store.snapshot()?.evidence(&self.task)?;
        let left: Vec<String> = wanted.iter().filter(|gate| !has_passed(&known, gate, &tree)).cloned().collect();
        let mark = is_baseline.then_some(BASELINE);
        let mut gates = self.gates(&stand.path, self.environment(&stand.path, walk.ports(), &[]), mark);
        let silent = Reporter { listener: Arc::new(|_| {}), ..self.reporter.clone() };
        if is_baseline {
            // That a gate fails before the work is as it should be, and would look like news.
            gates.reporter = &silent;
        }
        let evidence = match is_baseline {
            // One that fails says nothing about the others here.
            true => left.iter().map(|gate| gates.run(gate)).collect::<Result<Vec<_>>>()?,
            false => gates.run_all(&left)?,
        };
        self.drop_what_gates_left(&stand.path)?;
        self.check_stop()?;
        if is_baseline {
            return self.note_baseline(walk, phase, &evidence);
        }
        let failed = evidence.iter().find(|evidence| evidence.verdict != Verdict::Passed).cloned();
        let is_handled = failed.as_ref().is_some_and(|failed| self.is_handled(walk, phase, failed));
        match failed {
            Some(failed) if !is_handled => {
                let also = |changes: &mut Changes| {
                    evidence.iter().for_each(|evidence| add_evidence(changes, evidence));
                    Ok(())
                };
                let note = Some(gate_note(&failed));
                self.settle(Status::Waiting, Some(Reason::GateFailed), note, also).map(Came::Settled)
            }
            failed => {
                if !evidence.is_empty() || phase.loop_to.is_some() {
                    self.record_evidence(phase, &evidence)?;
                }
                walk.add_output(phase, failed.as_ref().map(gate_note).unwrap_or_default());
                Ok(Came::Through)
            }
        }
    }

    fn record_evidence(&self, phase: &Phase, evidence: &[Evidence]) -> Result<()> {
        self.record("gates", |_, changes| {
            self.note_round(phase, changes);
            evidence.iter().for_each(|evidence| add_evidence(changes, evidence));
            Ok(())
        })
    }

    /// Whether a later phase takes care of a gate that failed, and somebody is there to do it.
    fn is_handled(&self, walk: &Walk<'_>, phase: &Phase, failed: &Evidence) -> bool {
        let after = walk.workflow.phases.iter().skip_while(|other| other.name != phase.name).skip(1);
        let mut cares = after.filter(|other| other.condition == Some(Condition::GatesFailed));
        failed.verdict == Verdict::Failed
            && cares.any(|other| match &other.work {
                Work::Role(name) => walk
                    .library
                    .role(name)
                    .is_ok_and(|role| self.nobody_for(&role, other.agent.as_deref()).is_ok_and(|why| why.is_none())),
                _ => false,
            })
    }

    fn is_before_any_change(&self, walk: &Walk<'_>, phase: &Phase) -> bool {
        let before = walk.workflow.phases.iter().take_while(|other| other.name != phase.name);
        !before.into_iter().any(|other| match &other.work {
            Work::Role(name) => walk.library.role(name).is_ok_and(|role| role.answers == Answer::Change),
            _ => false,
        })
    }

    /// What the gates say before the work: one that is red already, or green without it, proves less than it seems to.
    fn note_baseline(&self, walk: &mut Walk<'_>, phase: &Phase, evidence: &[Evidence]) -> Result<Came> {
        let of_steps = |gate: &String| walk.texts.plan.steps.iter().any(|step| step.gates.contains(gate));
        let mut said = Vec::new();
        for item in evidence {
            match item.verdict {
                Verdict::Passed if of_steps(&item.gate) => {
                    said.push(format!("passes without the work, so it proves little about it: {}", item.gate));
                }
                Verdict::Passed => {}
                Verdict::Failed if of_steps(&item.gate) => {}
                Verdict::Failed => said.push(format!("is red before anything was changed: {}", item.gate)),
                Verdict::Unknown => {
                    let why = item.why.as_deref().unwrap_or("nothing is known about it");
                    said.push(format!("cannot be run ({why}): {}", item.gate));
                }
            }
        }
        self.record("baseline", |_, changes| {
            evidence.iter().for_each(|evidence| add_evidence(changes, evidence));
            for text in &said {
                changes.event(&self.task, Change::Noted { text: format!("baseline: a gate {text}") });
            }
            Ok(())
        })?;
        let measured = format!("baseline: {} measured before the work", count(evidence.len(), "gate"));
        self.reporter.tell(RunEventKind::Note { text: measured });
        for text in &said {
            self.reporter.tell(RunEventKind::Note { text: format!("baseline: a gate {text}") });
        }
        let lines: Vec<String> = evidence.iter().map(|item| format!("- {}: {}\n", item.verdict, item.gate)).collect();
        walk.add_output(phase, lines.concat());
        walk.baseline = lines.concat();
        Ok(Came::Through)
    }

    /// The way is through. What was measured decides what becomes of it.
    pub(super) fn hand_in(&self, walk: &mut Walk<'_>, facts: &Facts) -> Result<Settled> {
        match walk.alone {
            Some(Answer::Spec) => return self.hand_in_spec(walk),
            Some(Answer::Plan) => {
                return match self.ask_for_approval(walk)? {
                    Came::Settled(settled) => Ok(settled),
                    _ => self.release("planned and approved"),
                };
            }
            Some(answers) => {
                let is_asked_for = self.project.settings.find_text("workflow.role").is_some();
                let looked_only = answers == Answer::Notes || (answers == Answer::Review && !self.is_begun()?);
                if is_asked_for && looked_only {
                    return self.put_back();
                }
            }
            None => {}
        }
        match (facts.gates, facts.review) {
            (Some(Verdict::Failed), _) => {
                let evidence = self.project.store.snapshot()?.evidence(&self.task)?;
                let failed = evidence.iter().rev().find(|evidence| evidence.verdict == Verdict::Failed);
                self.settle(Status::Waiting, Some(Reason::GateFailed), failed.map(gate_note), |_| Ok(()))
            }
            (_, Some(review)) if review.asks_for_changes => {
                let note = Some(self.page(walk, "the reviewer asks for changes")?);
                self.settle(Status::Waiting, Some(Reason::ReviewRejected), note, |_| Ok(()))
            }
            // Steps that are not done are not handed in, whatever was looked at meanwhile.
            _ if self.has_steps_to_do(walk)? && !walk.texts.plan.steps.is_empty() => match walk.alone {
                Some(_) => self.put_back(),
                None => self.release("planned"),
            },
            _ => {
                self.remember_outcome(walk, NoteKind::Outcome, "");
                self.settle(Status::Review, None, None, |_| Ok(()))
            }
        }
    }

    /// Somebody wanted it looked at and nothing else: it stands where it stood before.
    fn put_back(&self) -> Result<Settled> {
        let events = self.project.store.snapshot()?.events(&self.task)?;
        let stood = stood_before_look(&events).unwrap_or(Stood::READY);
        self.record("looked at", |_, changes| {
            stood.back("looked at", self.author.fence).into_iter().for_each(|change| changes.event(&self.task, change));
            Ok(())
        })?;
        self.publish();
        self.park_if_not_begun()?;
        Ok(Settled { status: stood.status, reason: stood.reason, note: stood.note })
    }

    /// A spec that was asked for goes back to the person, with its questions.
    fn hand_in_spec(&self, walk: &mut Walk<'_>) -> Result<Settled> {
        if let Some(settled) = self.settle_questions(walk)? {
            return Ok(settled);
        }
        let why = "its spec is written";
        self.record("spec written", |_, changes| {
            let released = Change::Released { why: why.to_owned(), recovery: false, claim: self.author.fence };
            changes.event(&self.task, released);
            let note = Some(why.to_owned());
            changes.event(&self.task, Change::Moved { from: Status::Ready, to: Status::Backlog, reason: None, note });
            Ok(())
        })?;
        self.publish();
        self.park_if_not_begun()?;
        Ok(Settled { status: Status::Backlog, reason: None, note: Some(why.to_owned()) })
    }

    /// What the spec leaves to a person, one question after the other. Answers become a part of the spec.
    pub(super) fn settle_questions(&self, walk: &mut Walk<'_>) -> Result<Option<Settled>> {
        let questions = open_questions(&walk.texts.spec);
        if questions.is_empty() {
            return Ok(None);
        }
        let events = self.project.store.snapshot()?.events(&self.task)?;
        let mut answers = Vec::new();
        for (number, question) in questions.iter().enumerate() {
            let asked = question_text(&Asked { text: question.text.clone(), choices: question.choices.clone() });
            let Some(answer) = answer_to(&events, &asked) else {
                let left = questions.len() - number - 1;
                let text = asked.clone();
                let message = self.message(MessageKind::Question, "spec-writer", text.clone());
                if left > 0 {
                    self.note(&format!("{} after this one", count(left, "question")))?;
                }
                let settled = self.settle(Status::Waiting, Some(Reason::Question), Some(text), |changes| {
                    changes.message(&message);
                    Ok(())
                })?;
                self.park_if_not_begun()?;
                return Ok(Some(settled));
            };
            answers.push((question.text.clone(), answer));
        }
        self.rewrite(walk, TextFile::Spec, |spec| with_answers(spec, &answers))?;
        Ok(None)
    }

    fn park_if_not_begun(&self) -> Result<()> {
        match self.is_begun()? {
            true => Ok(()),
            false => Checkouts::of(self.project)?.park_held(&self.task),
        }
    }

    /// It goes no further by itself: a person gets all that is known on one page.
    pub(super) fn exhausted(&self, walk: &Walk<'_>, phase: &Phase, why: &str) -> Result<Settled> {
        let reason = match phase.condition {
            Some(Condition::GatesFailed) => Reason::GateFailed,
            _ => Reason::ReviewRejected,
        };
        let note = Some(self.page(walk, why)?);
        self.remember_outcome(walk, NoteKind::Gotcha, why);
        self.settle(Status::Waiting, Some(reason), note, |_| Ok(()))
    }

    /// What a person has to know to decide: why it stands still, and what reviewer and gates said last.
    fn page(&self, walk: &Walk<'_>, why: &str) -> Result<String> {
        let snapshot = self.project.store.snapshot()?;
        let mut page = format!("{why}\n");
        let tree = self.tree_of_work()?.unwrap_or_default();
        let said_nothing = |review: &Review| review.approved.is_none() && review.issues.is_empty();
        let review = crate::tasks::review_of(&snapshot.events(&self.task)?, &tree);
        if let Some(review) = review.filter(|review| !said_nothing(review)) {
            page.push_str(&format!("\n{}", review.to_text()));
        }
        let evidence = snapshot.evidence(&self.task)?;
        for gate in &walk.gates(self.project) {
            let newest = evidence.iter().rev().find(|e| e.gate == *gate && e.tree == tree);
            let verdict = newest.map_or("not measured", |evidence| evidence.verdict.word());
            page.push_str(&format!("\ngate {verdict}: {gate}"));
        }
        Ok(page.trim_end().to_owned())
    }
}

/// What a person answered to a question, as [`crate::tasks::answer`] records it.
fn answer_to(events: &[Event], question: &str) -> Option<String> {
    let begin = format!("You asked: {question}\nThe answer: ");
    events.iter().rev().find_map(|event| match &event.change {
        Change::Said { text } => text.strip_prefix(&begin).map(str::to_owned),
        _ => None,
    })
}
