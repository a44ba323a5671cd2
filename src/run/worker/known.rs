//! What a prompt knows before the first try: the task, the plan, the work so far, and what others left.

use super::Worker;
use super::aim::Values;
use super::flow::{Texts, Walk};
use super::phases::gate_note;
use super::pursuit::{Tried, Try};
use crate::error::Result;
use crate::git::Oid;
use crate::memory::{Found, Memory, Query};
use crate::model::assertions::{Touched, touched};
use crate::model::changelog::{Changelog, Format};
use crate::model::handoff::Handoff;
use crate::model::message::{Message, MessageKind};
use crate::model::run::Verdict;
use crate::model::{EventId, TaskId};
use crate::run::attempt::Wanted;
use crate::run::base::base_of_work;
use crate::run::event::RunEventKind;
use crate::run::gates::gates_of;
use crate::run::prompt::{
    ThisTime, all_said, bullets, fenced, fenced_diff, unheard, values_of_step, write_continuation, write_prompt,
};
use crate::run::worker::conversation::Start;
use crate::store::{Changes, Snapshot};
use crate::tasks::{Project, Selection, changelog, last_review, review_of, select, undelivered};
use crate::workflow::{Answer, Phase, Role, speaks_of};

/// Handoffs of earlier phases that are passed on, newest first, and bytes of all of them.
const HANDOFFS: usize = 5;
const HANDOFF_BYTES: usize = 8_000;
/// Notes of earlier tasks in a prompt, and bytes of all of them.
const NOTES: usize = 5;
const NOTE_BYTES: usize = 4_000;
/// Bytes of what changed since the last tag.
const CHANGELOG_BYTES: usize = 30_000;

/// What a prompt knows of a task before anything is started for it.
pub(super) struct Known<'k> {
    pub project: &'k Project,
    pub task: &'k TaskId,
    pub title: &'k str,
    /// The branch that holds its work, or will.
    pub branch: &'k str,
    pub texts: &'k Texts,
    pub role: &'k Role,
    /// The template that is to be filled.
    pub template: &'k str,
    /// Finds notes of earlier tasks.
    pub remember: &'k Remember<'k>,
}

pub(super) type Remember<'r> = dyn Fn(&Snapshot<'_>, &Query<'_>) -> Result<Vec<Found>> + 'r;

impl Known<'_> {
    pub(super) fn values(&self) -> Result<Values> {
        let snapshot = self.project.store.snapshot()?;
        let role = self.role;
        let spec = Some(&self.texts.spec).filter(|spec| !spec.trim().is_empty());
        let task = format!("{}\n\n{}", self.title, spec.map_or("", String::as_str));
        let mut values = Values::from([
            ("title", self.title.to_owned()),
            ("task", fenced(&task)),
            ("spec", fenced(&self.texts.spec)),
            ("plan", fenced(&self.texts.plan_text)),
            ("gates", bullets(&gates_of(self.project, &self.texts.plan))),
            ("also", self.project.settings.find_text(also_of(role.answers)).unwrap_or_default().to_owned()),
            ("handoffs", self.handoffs(&snapshot)?),
            ("memory", self.remembered(&snapshot)?),
        ]);
        if let Some(root) = self.project.repository().main_root() {
            values.insert("root", root.display().to_string());
        }
        if speaks_of(self.template, "changelog") {
            values.insert("changelog", self.collected_changes(&snapshot)?);
        }
        if let Some(tip) = self.project.repository().branch_commit(self.branch)? {
            self.add_work(&snapshot, tip, &mut values)?;
        }
        Ok(values)
    }

    /// What is known of the work on the task's branch.
    fn add_work(&self, snapshot: &Snapshot<'_>, tip: Oid, values: &mut Values) -> Result<()> {
        let repository = self.project.repository();
        let tree = repository.tree_of(tip)?.to_string();
        let events = snapshot.events(self.task)?;
        let review = match self.role.answers {
            // Whoever reviews again hears what was said before; whoever fixes, what is said of this very tree.
            Answer::Review => last_review(&events),
            _ => review_of(&events, &tree),
        };
        values.insert("review", review.map(|review| fenced(&review.to_text())).unwrap_or_default());
        let evidence = snapshot.evidence(self.task)?;
        let of_tree = evidence.iter().filter(|evidence| evidence.tree == tree);
        let lines: Vec<String> = of_tree
            .map(|evidence| match evidence.verdict {
                Verdict::Passed => format!("gate passed: {}", evidence.gate),
                _ => gate_note(evidence),
            })
            .collect();
        values.insert("evidence", fenced(&lines.join("\n")));
        if matches!(self.role.answers, Answer::Review | Answer::Findings | Answer::Change)
            && let Some(base) = base_of_work(self.project, snapshot, &snapshot.task(self.task)?, tip)?
        {
            let checks = touched_checks(self.project, self.texts, base, tip)?;
            let checks: Vec<String> = checks.iter().map(Touched::to_string).collect();
            values.insert("assertions", fenced(&checks.join("\n")));
            values.insert("diff", fenced_diff(&repository.diff_text(base, tip, false)?));
        }
        Ok(())
    }

    /// What the target branch has and the last tag has not, cut at a line where it is long.
    fn collected_changes(&self, snapshot: &Snapshot<'_>) -> Result<String> {
        let mut collected = changelog(self.project, snapshot, None)?;
        collected.leave_out_internal();
        Ok(fenced_changes(&collected))
    }

    /// What earlier phases left for those after them, oldest first.
    fn handoffs(&self, snapshot: &Snapshot<'_>) -> Result<String> {
        let of_task = Some(self.task.clone());
        let handoffs = Selection { task: of_task, kinds: vec![MessageKind::Handoff], ..Selection::default() };
        let mut messages = select(snapshot, &handoffs)?.records;
        messages.retain(|message| message.from != self.role.name);
        let mut texts: Vec<String> = Vec::new();
        let mut bytes = 0;
        for message in messages.iter().rev().take(HANDOFFS) {
            let left = HANDOFF_BYTES.saturating_sub(bytes);
            if left == 0 {
                break;
            }
            let end =
                (0..=left.min(message.text.len())).rev().find(|at| message.text.is_char_boundary(*at)).unwrap_or(0);
            let cut = if end < message.text.len() { " [cut here]" } else { "" };
            bytes += end;
            texts.push(format!("{}:\n{}{cut}", message.from, &message.text[..end]));
        }
        texts.reverse();
        Ok(fenced(&texts.join("\n\n")))
    }

    /// Notes of earlier tasks that speak of the same, each with its source. Those that cannot be read are not missed.
    fn remembered(&self, snapshot: &Snapshot<'_>) -> Result<String> {
        let files: Vec<String> = self.texts.plan.steps.iter().flat_map(|step| step.files.iter().cloned()).collect();
        let text = format!("{}\n{}", self.title, self.texts.spec);
        let found = (self.remember)(snapshot, &Query { text: &text, files: &files, limit: NOTES, bytes: NOTE_BYTES })?;
        let lines: Vec<String> =
            found.iter().map(|found| format!("{}\n(from {})", found.note.body.trim(), found.source)).collect();
        Ok(fenced(&lines.join("\n\n")))
    }
}

fn fenced_changes(collected: &Changelog) -> String {
    let text = collected.to_text(Format::KeepAChangelog);
    let mut end = 0;
    let fits = |end: &mut usize, line: &str| {
        *end += line.len();
        (*end <= CHANGELOG_BYTES).then_some(*end)
    };
    let shown = text.split_inclusive('\n').map_while(|line| fits(&mut end, line)).last().unwrap_or(0);
    let more = if shown < text.len() { "There is more, which is for another time.\n" } else { "" };
    let older = if collected.is_cut { "There are too many commits: the oldest are missing.\n" } else { "" };
    format!("{}{more}{older}", fenced(&text[..shown]))
}

/// What the work does to the assertions that were there before it.
fn touched_checks(project: &Project, texts: &Texts, base: Oid, tip: Oid) -> Result<Vec<Touched>> {
    let diff = project.repository().diff_for_checks(base, tip)?;
    Ok(touched(&diff, &gates_of(project, &texts.plan), |path| texts.plan.names(path)))
}

impl Worker<'_> {
    pub(super) fn values(&self, walk: &Walk<'_>, phase: &Phase, role: &Role) -> Result<Values> {
        let remember = |snapshot: &Snapshot<'_>, query: &Query<'_>| self.remembered(snapshot, query);
        let known = Known {
            project: self.project,
            task: &self.task,
            title: &self.title,
            branch: &self.branch,
            texts: &walk.texts,
            role,
            template: phase.prompt.as_deref().unwrap_or(&role.prompt),
            remember: &remember,
        };
        let mut values = known.values()?;
        values.insert("baseline", walk.baseline.clone());
        let inputs = phase.input.iter().filter_map(|name| Some((name, walk.outputs.get(name)?)));
        let inputs: Vec<String> = inputs.map(|(name, text)| format!("{name}:\n{}", fenced(text))).collect();
        values.insert("input", walk.asked.clone().unwrap_or_else(|| inputs.join("\n")));
        if walk.asked.is_none() && matches!(role.answers, Answer::Plan | Answer::Spec) && phase.input.is_empty() {
            let all: Vec<String> =
                walk.outputs.iter().map(|(name, text)| format!("{name}:\n{}", fenced(text))).collect();
            values.insert("input", all.join("\n"));
        }
        Ok(values)
    }

    fn remembered(&self, snapshot: &Snapshot<'_>, query: &Query<'_>) -> Result<Vec<Found>> {
        let target = self.project.target.as_ref().and_then(|target| target.commit);
        let mut memory = Memory::new(&self.project.store, &self.project.settings, target);
        if self.only_words.get() {
            memory = memory.words_only();
        }
        let offer = memory.relevant(snapshot, query)?;
        if let Some(text) = offer.warning {
            // Said once; nor does each of its phases wait for a service that does not answer.
            self.only_words.set(true);
            self.reporter.tell(RunEventKind::Note { text });
        }
        Ok(offer.notes)
    }

    /// Messages that are addressed to this agent and that none of the task's agents has been told.
    pub(super) fn messages_for(&self, current: &Try<'_>) -> Result<Vec<Message>> {
        let who = [current.agent.name.as_str(), current.role.name.as_str(), "agent"];
        undelivered(&self.project.store.snapshot()?, &self.task, &who)
    }

    /// What an agent says to those after it, where it says so.
    pub(super) fn hand_over(&self, current: &Try<'_>, tried: &Tried, changes: &mut Changes) {
        let is_change = current.aim.wanted() == Wanted::Change;
        let said = tried.result.words.iter().rev().find_map(|piece| Handoff::parse(piece));
        if let Some(handoff) = said.filter(|_| is_change) {
            changes.message(&Message {
                // Named by its run, so that a transaction that is tried again writes the same.
                id: EventId::from_name(&format!("{}-handoff", current.run)),
                ..self.message(MessageKind::Handoff, &current.role.name, handoff.to_text())
            });
        }
    }

    /// The whole prompt of a try. `told` are messages that are told with it.
    pub(super) fn prompt(&self, current: &Try<'_>, feedback: Option<&str>, told: &[Message]) -> Result<String> {
        let aim = current.aim;
        let snapshot = self.project.store.snapshot()?;
        let events = snapshot.events(&self.task)?;
        let mut notes = match current.start.conversation() {
            Some(conversation) => {
                let runs = snapshot.runs(&self.task)?;
                let same = runs.into_iter().filter(|run| run.conversation.as_deref() == Some(conversation));
                unheard(&events, &current.run, &same.map(|run| run.id).collect())
            }
            None => all_said(&events, &current.run),
        };
        notes.extend(told.iter().map(as_told));
        let recap = current.start.recap();
        let now = ThisTime { notes: &notes, feedback, recap: recap.as_deref() };
        let mut known = aim.values.clone();
        if let Some(step) = aim.step() {
            known.extend(values_of_step(&aim.texts.plan, step));
        }
        match current.start {
            Start::Resumed { why, .. } => {
                let what = match aim.step() {
                    Some(step) => format!("step {} of the plan: {}.", step.id, step.title),
                    None => format!("the phase {}.", aim.phase),
                };
                Ok(write_continuation(&what, why, &known, &now))
            }
            Start::Fresh { .. } => {
                let place = format!("the prompt of {} ({})", current.role.name, current.role.origin);
                let template = if current.role == aim.role { aim.prompt } else { &current.role.prompt };
                write_prompt(template, &place, &known, &now)
            }
        }
    }
}

pub(super) fn as_told(message: &Message) -> String {
    format!("{} writes: {}", message.from, message.text)
}

/// The words that the machine's owner wants put before a prompt.
fn also_of(answers: Answer) -> &'static str {
    match answers {
        Answer::Spec | Answer::Plan | Answer::Notes => "prompt.planning",
        _ => "prompt.implementation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::changelog::{Entry, Group, Revision};

    #[test]
    fn whoever_writes_of_changes_is_told_what_is_missing() {
        let entry = |text: String| Entry {
            group: Group::Added,
            text,
            breaking: false,
            because: String::new(),
            task: None,
            commits: vec!["1".repeat(40)],
            authors: std::collections::BTreeSet::new(),
        };
        let said = |entries: Vec<Entry>, is_cut: bool| {
            let to = Revision { name: "main".into(), commit: String::new(), is_tag: false };
            fenced_changes(&Changelog { from: None, to, at: None, entries, is_cut })
        };
        let older = "There are too many commits: the oldest are missing.\n";
        let more = "There is more, which is for another time.\n";
        let all = said(vec![entry("Hats".into())], false);
        assert!(all.contains("- Hats (") && !all.contains(older) && !all.contains(more), "{all}");
        assert!(said(vec![entry("Hats".into())], true).ends_with(older));
        let long = said((0..500).map(|_| entry("x".repeat(100))).collect(), true);
        assert!(long.ends_with(&format!("{more}{older}")) && long.len() < CHANGELOG_BYTES + 200, "{}", long.len());
    }
}
