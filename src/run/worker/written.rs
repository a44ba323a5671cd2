//! Phases whose product is a text: specs, plans, reports.

use super::aim::{Aim, Goal};
use super::flow::{Came, Phasing, Walk, since_a_person};
use super::pursuit::{Finish, Tried, Try};
use super::{Settled, Worker};
use crate::agent::Permission;
use crate::error::Result;
use crate::model::message::{Message, MessageKind};
use crate::model::plan::{Finding, Severity, parse_plan};
use crate::model::run::{Outcome, RunRecord};
use crate::model::{Change, Event, EventId, Reason, TextFile};
use crate::run::answers::{plan_in, spec_in};
use crate::run::environment::Variables;
use crate::run::event::RunEventKind;
use crate::store::{Changes, Snapshot};
use crate::tasks::{is_own_wish, vouch_for_own_text};
use crate::workflow::{Phase, Role};
use std::cell::RefCell;

/// A plan with errors goes back to its planner this often, with the checker's own messages.
const SENT_BACK: u64 = 3;
/// Letters of a report that are kept.
const LONGEST_REPORT: usize = 50_000;

impl Worker<'_> {
    pub(super) fn write_spec(&self, walk: &mut Walk<'_>, phase: &Phase, role: &Role) -> Result<Came> {
        let written = self.write_text(walk, phase, role, TextFile::Spec, &|words| match spec_in(words) {
            Some(spec) => Ok(spec),
            None => Err("there is no spec in what was said: it begins with `## Overview`".to_owned()),
        })?;
        Ok(written.into())
    }

    pub(super) fn write_plan(&self, walk: &mut Walk<'_>, phase: &Phase, role: &Role) -> Result<Came> {
        if let Some(settled) = self.settle_questions(walk)? {
            return Ok(Came::Settled(settled));
        }
        let written = self.write_text(walk, phase, role, TextFile::Plan, &|words| {
            let Some(text) = plan_in(words) else {
                return Err("there is no plan in what was said: steps begin with `### S1: title`".to_owned());
            };
            let (_, findings) = parse_plan(&text);
            let errors: Vec<String> =
                findings.iter().filter(|finding| finding.severity == Severity::Error).map(in_words).collect();
            match errors.is_empty() {
                true => Ok(text),
                false => Err(format!("the plan has errors:\n{}\nYour plan was:\n{text}", errors.join("\n"))),
            }
        })?;
        Ok(written.into())
    }

    /// Has an agent write a text, sends it back while `read` finds nothing in what it said, and puts it on the record.
    fn write_text(
        &self,
        walk: &mut Walk<'_>,
        phase: &Phase,
        role: &Role,
        file: TextFile,
        read: &dyn Fn(&[String]) -> Result<String, String>,
    ) -> Result<Option<Settled>> {
        let before = walk.texts.of_file(file).to_owned();
        let spec = RefCell::new(walk.texts.spec.clone());
        // An agent that may run what it likes gains nothing by a plan that a rule approves; any other one would. And what
        // it makes of a wish from elsewhere is from elsewhere.
        let is_own = walk.is_own_wish && self.permission(&self.current_task()?)? == Permission::Full;
        let text = RefCell::new(String::new());
        let judge = |current: &Try<'_>, tried: &mut Tried| {
            let read = match read(&tried.result.words) {
                Ok(found) => self.wanting_for_spec(file, &spec, current.is_last)?.map_or(Ok(found), Err),
                why => why,
            };
            match read {
                Ok(found) => {
                    if is_own && self.is_own_wish_now()? {
                        vouch_for_own_text(self.project, &found)?;
                    }
                    text.replace(found);
                    Ok(None)
                }
                Err(why) => Ok(Some((Reason::AgentFailed, why))),
            }
        };
        let from = role.name.clone();
        // Not a handoff: nobody is to go by it.
        let set_aside = self.message(MessageKind::Info, &from, String::new());
        let stands = RefCell::new(String::new());
        let record = |_: &Try<'_>, _: &Tried, snapshot: &Snapshot<'_>, changes: &mut Changes| {
            let now = snapshot.text(&self.task, file)?;
            if now == before {
                stands.replace(text.borrow().clone());
                changes.text(&self.task, file, text.borrow().clone());
                return Ok(());
            }
            // Whoever wrote it meanwhile knew what they wanted.
            let word = file.word();
            let why =
                format!("the {word} was written by somebody else meanwhile, and stands; that of {from} is a message");
            changes.event(&self.task, Change::Noted { text: why });
            changes.message(&Message { text: text.borrow().clone(), ..set_aside.clone() });
            stands.replace(now);
            Ok(())
        };
        let settled = self.have_said(walk, phase, role, SENT_BACK + 1, &judge, &record)?;
        if settled.is_none() {
            walk.set_text(file, stands.into_inner());
        }
        Ok(settled)
    }

    /// What came from elsewhere while an agent was at it makes what it wrote be from elsewhere, too.
    fn is_own_wish_now(&self) -> Result<bool> {
        let snapshot = self.project.store.snapshot()?;
        is_own_wish(self.project, &snapshot, &snapshot.task(&self.task)?)
    }

    /// A plan is for the spec as it is, not as it was when its planner began.
    fn wanting_for_spec(&self, file: TextFile, known: &RefCell<String>, is_last: bool) -> Result<Option<String>> {
        let now = self.project.store.snapshot()?.text(&self.task, TextFile::Spec)?;
        if file == TextFile::Spec || now == *known.borrow() || is_last {
            return Ok(None);
        }
        let why = format!("somebody changed the spec while you wrote the plan. It is now:\n\n{now}");
        known.replace(now);
        Ok(Some(why))
    }

    /// Makes something else of a text as it is now, and goes on with that.
    pub(super) fn rewrite(&self, walk: &mut Walk<'_>, file: TextFile, to: impl Fn(&str) -> String) -> Result<()> {
        let before = walk.texts.of_file(file).to_owned();
        let is_own = walk.is_own_wish && self.permission(&self.current_task()?)? == Permission::Full;
        if is_own {
            vouch_for_own_text(self.project, &to(&before))?;
        }
        let written = RefCell::new(String::new());
        self.record(&format!("write {}", file.word()), |snapshot, changes| {
            let text = to(&snapshot.text(&self.task, file)?);
            written.replace(text.clone());
            changes.text(&self.task, file, text);
            Ok(())
        })?;
        walk.set_text(file, written.into_inner());
        Ok(())
    }

    /// A report, for people and for the phases after it.
    pub(super) fn write_notes(&self, walk: &mut Walk<'_>, phase: &Phase, role: &Role) -> Result<Came> {
        if let Some(report) = self.find_report(walk, phase)? {
            self.reporter.tell(RunEventKind::Note { text: format!("what {} found stands", phase.name) });
            walk.add_output(phase, report);
            return Ok(Came::Through);
        }
        let report = RefCell::new(String::new());
        let judge = |_: &Try<'_>, tried: &mut Tried| {
            let said = tried.result.words.iter().rev().find(|piece| !piece.trim().is_empty());
            let text: String = said.map(|text| text.trim().chars().take(LONGEST_REPORT).collect()).unwrap_or_default();
            report.replace(text);
            Ok(None)
        };
        let record = |current: &Try<'_>, _: &Tried, _: &Snapshot<'_>, changes: &mut Changes| {
            let text = report.borrow().clone();
            changes.message(&Message {
                id: report_of(&current.run),
                ..self.message(MessageKind::Handoff, &role.name, text)
            });
            Ok(())
        };
        let settled = self.have_said(walk, phase, role, 2, &judge, &record)?;
        walk.add_output(phase, report.into_inner());
        Ok(settled.into())
    }

    /// What this phase found before a worker was cut off, in files and texts that are as they were then.
    fn find_report(&self, walk: &Walk<'_>, phase: &Phase) -> Result<Option<String>> {
        let is_first = walk.alone.is_none() && phase.loop_to.is_none() && !walk.has_done(phase);
        let base = match self.tree_of_work()? {
            _ if !is_first => return Ok(None),
            Some(_) => self.project.repository().branch_commit(&self.branch)?,
            None => Some(self.require_base()?),
        };
        let snapshot = self.project.store.snapshot()?;
        let events = snapshot.events(&self.task)?;
        let is_newer_text = |event: &Event| {
            event.session.is_none() && matches!(event.change, Change::Text { file: TextFile::Spec, .. })
        };
        let since = since_a_person(&events);
        let since = &since[since.iter().rposition(is_newer_text).map_or(0, |at| at + 1)..];
        let begun = |run: &RunRecord| {
            since.iter().any(|event| matches!(&event.change, Change::RunStarted { run: id, .. } if *id == run.id))
        };
        let runs = snapshot.runs(&self.task)?;
        let found =
            runs.iter().rfind(|run| run.phase == phase.name && run.outcome == Some(Outcome::Succeeded) && begun(run));
        let Some(run) = found.filter(|run| Some(&run.base) == base.map(|base| base.to_string()).as_ref()) else {
            return Ok(None);
        };
        Ok(snapshot.message(&report_of(&run.id)).ok().map(|said| said.text))
    }

    /// Rounds of a loop are on the record, so that a restart gives no further ones.
    pub(super) fn note_round(&self, phase: &Phase, changes: &mut Changes) {
        if phase.loop_to.is_some() {
            changes.event(&self.task, Change::PhaseDone { phase: phase.name.clone() });
        }
    }

    /// Has an agent say something about the task and change nothing.
    pub(super) fn have_said(
        &self,
        walk: &mut Walk<'_>,
        phase: &Phase,
        role: &Role,
        most: u64,
        judge: &super::pursuit::Judge<'_>,
        finish: &Finish<'_>,
    ) -> Result<Option<Settled>> {
        let place = match self.stand(walk, false)? {
            Ok(place) => place,
            Err(settled) => return Ok(Some(settled)),
        };
        let values = self.values(walk, phase, role)?;
        let phasing = Phasing { phase, role, worktree: &place.path, texts: &walk.texts, values };
        let aim = Aim {
            phase: &phasing.phase.name,
            role,
            named: phase.agent.as_deref(),
            goal: Goal::Words,
            worktree: phasing.worktree,
            branch: place.branch.as_deref(),
            most,
            texts: phasing.texts,
            prompt: phasing.prompt(),
            values: phasing.values.clone(),
            permission: role.permission,
        };
        let environment = |also: &[String]| -> Variables { self.environment(&place.path, walk.ports(), also) };
        self.pursue(&aim, &environment, judge, &|current, tried, snapshot, changes| {
            self.note_round(phase, changes);
            finish(current, tried, snapshot, changes)
        })
    }
}

/// The message that holds what a run reported.
fn report_of(run: &EventId) -> EventId {
    EventId::from_name(&format!("{run}-report"))
}

fn in_words(finding: &Finding) -> String {
    let fix = finding.fix.as_deref().map(|fix| format!(" (write: {fix})")).unwrap_or_default();
    format!("- line {}, column {}: {}{fix}", finding.line, finding.column, finding.message)
}
