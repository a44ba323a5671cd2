//! Phases whose product is a text: specs, plans, reports.

use super::aim::{Aim, Goal};
use super::flow::{Came, Phasing, Walk};
use super::pursuit::{Finish, Tried, Try};
use super::{Settled, Worker};
use crate::agent::Permission;
use crate::error::Result;
use crate::model::message::MessageKind;
use crate::model::plan::{Finding, Severity, parse_plan};
use crate::model::{Reason, TextFile};
use crate::run::answers::{plan_in, spec_in};
use crate::run::environment::Variables;
use crate::tasks::vouch_for_own_text;
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
        let text = RefCell::new(String::new());
        let judge = |_: &Try<'_>, tried: &mut Tried| match read(&tried.result.words) {
            Ok(found) => {
                text.replace(found);
                Ok(None)
            }
            Err(why) => Ok(Some((Reason::AgentFailed, why))),
        };
        let record = |_: &Try<'_>, _: &Tried, changes: &mut crate::store::Changes| {
            changes.text(&self.task, file, text.borrow().clone());
            Ok(())
        };
        let settled = self.have_said(walk, phase, role, SENT_BACK + 1, &judge, &record)?;
        if settled.is_none() {
            self.take_over(walk, file, text.into_inner())?;
        }
        Ok(settled)
    }

    /// Puts a text of the worker's own making on the record.
    pub(super) fn write_down(&self, walk: &mut Walk<'_>, file: TextFile, text: String) -> Result<()> {
        self.record(&format!("write {}", file.word()), |_, changes| {
            changes.text(&self.task, file, text.clone());
            Ok(())
        })?;
        self.take_over(walk, file, text)
    }

    fn take_over(&self, walk: &mut Walk<'_>, file: TextFile, text: String) -> Result<()> {
        // An agent that may run what it likes gains nothing by a plan that a rule approves; any other one would. And what
        // it makes of a wish from elsewhere is from elsewhere.
        if walk.is_own_wish && self.permission(&self.current_task()?)? == Permission::Full {
            vouch_for_own_text(self.project, &text)?;
        }
        walk.set_text(file, text);
        Ok(())
    }

    /// A report, for people and for the phases after it.
    pub(super) fn write_notes(&self, walk: &mut Walk<'_>, phase: &Phase, role: &Role) -> Result<Came> {
        let report = RefCell::new(String::new());
        let judge = |_: &Try<'_>, tried: &mut Tried| {
            let said = tried.result.words.iter().rev().find(|piece| !piece.trim().is_empty());
            let text: String = said.map(|text| text.trim().chars().take(LONGEST_REPORT).collect()).unwrap_or_default();
            report.replace(text);
            Ok(None)
        };
        let record = |_: &Try<'_>, _: &Tried, changes: &mut crate::store::Changes| {
            changes.message(&self.message(MessageKind::Handoff, &role.name, report.borrow().clone()));
            Ok(())
        };
        let settled = self.have_said(walk, phase, role, 2, &judge, &record)?;
        walk.add_output(phase, report.into_inner());
        Ok(settled.into())
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
        self.pursue(&aim, &environment, judge, finish)
    }
}

fn in_words(finding: &Finding) -> String {
    let fix = finding.fix.as_deref().map(|fix| format!(" (write: {fix})")).unwrap_or_default();
    format!("- line {}, column {}: {}{fix}", finding.line, finding.column, finding.message)
}
