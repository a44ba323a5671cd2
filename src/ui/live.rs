//! Progress of a run: one live line per task on a terminal, plain lines elsewhere, JSON lines where asked for.

use super::{Manner, Style, Ui, event_line, reason_text, status_style};
use crate::error::Result;
use crate::model::TaskId;
use crate::model::text::escape_line;
use crate::run::{RunEvent, RunEventKind};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

pub struct LiveRun<'u> {
    ui: &'u Ui,
    short: Box<dyn Fn(&TaskId) -> String + 'u>,
    /// Short ids as they were first seen: finding one reads the state.
    shorts: BTreeMap<TaskId, String>,
    form: Form,
    lines: BTreeMap<TaskId, Line>,
}

enum Form {
    /// A live line per task, on a terminal.
    Bars(MultiProgress),
    Lines,
    Json,
    Silent,
}

struct Line {
    bar: ProgressBar,
    phase: String,
    last: String,
}

impl<'u> LiveRun<'u> {
    pub fn new(ui: &'u Ui, short: impl Fn(&TaskId) -> String + 'u) -> LiveRun<'u> {
        let form = match ui.manner {
            Manner { json: true, .. } => Form::Json,
            Manner { quiet: false, verbose: 0, .. } if ui.err_is_terminal => {
                Form::Bars(MultiProgress::with_draw_target(ProgressDrawTarget::stderr()))
            }
            _ => Form::Lines,
        };
        LiveRun { ui, short: Box::new(short), shorts: BTreeMap::new(), form, lines: BTreeMap::new() }
    }

    /// For a command whose JSON is one object: its events are no answer, and with `-v` lines beside it.
    pub fn beside_the_answer(ui: &'u Ui, short: impl Fn(&TaskId) -> String + 'u) -> LiveRun<'u> {
        let mut live = LiveRun::new(ui, short);
        if let Form::Json = live.form {
            live.form = if ui.manner.verbose > 0 { Form::Lines } else { Form::Silent };
        }
        live
    }

    pub fn show(&mut self, event: &RunEvent) -> Result<()> {
        match &self.form {
            Form::Json => return self.ui.answer_json_line(&event_json(event)),
            Form::Bars(bars) => {
                let bars = bars.clone();
                match &event.task {
                    Some(task) => self.update(&bars, task, event),
                    None => {
                        if let Some(line) = event_line(self.ui, "", event) {
                            let _ = bars.println(line);
                        }
                    }
                }
            }
            Form::Lines => {
                let short = event.task.as_ref().map(|task| self.short_of(task)).unwrap_or_default();
                if let Some(line) = event_line(self.ui, &short, event) {
                    self.ui.note(&line);
                }
            }
            Form::Silent => {}
        }
        Ok(())
    }

    fn short_of(&mut self, task: &TaskId) -> String {
        self.shorts.entry(task.clone()).or_insert_with(|| (self.short)(task)).clone()
    }

    fn update(&mut self, bars: &MultiProgress, task: &TaskId, event: &RunEvent) {
        let short = self.short_of(task);
        let line = self.lines.entry(task.clone()).or_insert_with(|| {
            let bar = bars.add(ProgressBar::new_spinner());
            bar.set_style(style());
            let title: String = escape_line(&event.title).chars().take(34).collect();
            bar.set_prefix(format!("{}  {title:<34}", self.ui.paint_err(Style::Id, &short)));
            bar.enable_steady_tick(Duration::from_millis(120));
            Line { bar, phase: "starting".to_owned(), last: String::new() }
        });
        match &event.kind {
            RunEventKind::Claimed { .. } => line.phase = "claimed".to_owned(),
            RunEventKind::Worktree { .. } => line.phase = "worktree".to_owned(),
            RunEventKind::SetupStarted { command } => line.now("setup", command),
            RunEventKind::StepStarted { title, number, of, .. } => line.now(&format!("code {number}/{of}"), title),
            RunEventKind::PhaseStarted { phase, agent, .. } => line.now(phase, agent),
            RunEventKind::Reviewed { verdict } => line.last.clone_from(verdict),
            RunEventKind::Agent { line: said } => line.last.clone_from(said),
            RunEventKind::StepDone { .. } => {}
            RunEventKind::GateStarted { gate } => line.now("gate", gate),
            RunEventKind::GateEnded { gate, verdict, .. } => line.last = format!("{verdict}: {gate}"),
            RunEventKind::MergeCondition { state, .. } if state == "done" => {}
            RunEventKind::MergeCondition { what, state, detail } => {
                line.last = format!("{state}: {what}: {detail}");
            }
            RunEventKind::Merging { target } => line.now("merge", target),
            RunEventKind::Merged { target, .. } => line.now("merged", target),
            RunEventKind::Note { text } => line.last.clone_from(text),
            RunEventKind::Settled { status, reason, note } => {
                let why = reason_text(*reason, note.as_deref());
                let word = self.ui.paint_err(status_style(*status), &format!("{:<10}", status.word()));
                return line.end(&format!("{word}  {why}"));
            }
            RunEventKind::Skipped { why } => return line.end(&format!("not started: {}", escape_line(why))),
            RunEventKind::Failed { error, hints } => {
                let hint = hints.first().map(|hint| format!("  (hint: {})", escape_line(hint))).unwrap_or_default();
                return line.end(&format!("{} {}{hint}", self.ui.paint_err(Style::Bad, "error:"), escape_line(error)));
            }
        }
        line.refresh();
    }
}

fn event_json(event: &RunEvent) -> Value {
    let mut value = serde_json::to_value(event).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.shift_insert(0, "schema".to_owned(), "aifactory.run-event/1".into());
    }
    value
}

impl Line {
    fn now(&mut self, phase: &str, last: &str) {
        phase.clone_into(&mut self.phase);
        last.clone_into(&mut self.last);
    }

    fn refresh(&self) {
        self.bar.set_message(format!("{:<10}  {}", self.phase, escape_line(&self.last)));
    }

    fn end(&self, message: &str) {
        self.bar.set_style(ended_style());
        self.bar.finish_with_message(message.to_owned());
    }
}

fn style() -> ProgressStyle {
    let template = "{spinner:.cyan} {prefix}  {elapsed:>4.dim}  {wide_msg}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn ended_style() -> ProgressStyle {
    let template = "  {prefix}  {elapsed:>4.dim}  {wide_msg}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
