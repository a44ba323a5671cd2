//! What every command has: the machine, a way to talk, and the project it was started in.

use crate::config::{KEYS, Key};
use crate::error::{Context as _, Error, Kind, Result};
use crate::host::{Host, files};
use crate::model::TaskId;
use crate::run::{self, RUN_FOLDER_VARIABLE};
use crate::store::Snapshot;
use crate::tasks::Project;
use crate::ui::{Style, Ui};
use std::cell::Cell;
use std::path::{Path, PathBuf};

pub struct Context {
    pub host: Host,
    pub ui: Ui,
    /// Where the command was started, or what `-C` says.
    pub folder: PathBuf,
    /// Our own program, which is also guardian and runbook.
    pub own_program: PathBuf,
    /// A project was opened for writing, and its settings ask for sharing by itself.
    written: Cell<bool>,
}

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    Well,
    /// It said what is missing; the exit code says it again.
    Short(Kind),
}

impl Context {
    pub fn enter(host: Host, ui: Ui, folder: Option<&Path>) -> Result<Context, (Ui, Error)> {
        match host.enter(folder).and_then(|folder| Ok((folder, host.own_program()?))) {
            Ok((folder, own_program)) => Ok(Context { host, ui, folder, own_program, written: Cell::new(false) }),
            Err(error) => Err((ui, error)),
        }
    }

    /// The same on another host.
    pub fn on(&self, host: Host) -> Context {
        Context { host, ..self.at(self.folder.clone()) }
    }

    /// Runs a command with a setting for it alone, where one was said.
    pub fn with_setting<T>(&self, name: &str, value: Option<&str>, run: impl FnOnce(&Context) -> T) -> T {
        let Some(value) = value else { return run(self) };
        let variable = KEYS.iter().find(|key| key.name == name).map(Key::variable).unwrap_or_default();
        let inner = self.on(self.host.with_environment(self.host.env.with(&variable, value)));
        let answer = run(&inner);
        self.written.set(self.written.get() || inner.written.get());
        answer
    }

    /// The same with several settings.
    pub fn with_settings<T>(&self, settings: &[(&str, Option<&str>)], run: impl FnOnce(&Context) -> T) -> T {
        match settings.split_first() {
            None => run(self),
            // Boxed, or every setting would be a type of its own.
            Some(((name, value), rest)) => {
                let run: Box<dyn FnOnce(&Context) -> T + '_> = Box::new(run);
                self.with_setting(name, *value, |context| context.with_settings(rest, run))
            }
        }
    }

    /// The same, started in another folder.
    pub fn at(&self, folder: PathBuf) -> Context {
        Context {
            host: self.host.clone(),
            ui: Ui::new(&self.host, self.ui.manner),
            folder,
            own_program: self.own_program.clone(),
            written: Cell::new(false),
        }
    }

    /// The project, for a command that only reads. What dead workers left is reported, not touched.
    pub fn project(&self) -> Result<Project> {
        let project = Project::open(&self.host, &self.folder, None)?;
        self.warn_about_settings(&project);
        Ok(project)
    }

    /// The project, for a command that writes: first what dead workers left is repaired.
    pub fn project_for_writing(&self) -> Result<Project> {
        let project = self.project()?;
        self.repair(&project)?;
        self.written.set(project.settings.text("sync.auto") == "on");
        Ok(project)
    }

    pub fn has_written(&self) -> bool {
        self.written.get()
    }

    /// Repairs what dead workers left, before something is written to a state that is there.
    pub fn repair(&self, project: &Project) -> Result<()> {
        self.refuse_inside_run(project)?;
        project.store.snapshot()?;
        for recovered in run::recover(project).context(|| "cannot repair what a dead worker left")? {
            let short = project.store.snapshot()?.short(&recovered.task);
            self.ui.note(&format!("{} {short}: {}", self.ui.paint_err(Style::Attention, "recovered"), recovered.what));
        }
        Ok(())
    }

    /// An agent inside a run of this repository decides nothing about tasks and settings: whatever it did here would count
    /// as a person's word.
    pub fn refuse_inside_run(&self, project: &Project) -> Result<()> {
        let runs = files::real_path(&project.store.local.runs());
        let folder = self.host.env.path(RUN_FOLDER_VARIABLE).map(|folder| files::real_path(&folder));
        match folder.filter(|folder| folder.starts_with(&runs)) {
            Some(_) => Err(Error::person("inside a run, an agent does not change tasks or settings")
                .hint("to ask a person: aifactory ask \"…\"; to tell one: aifactory message post \"…\"")),
            None => Ok(()),
        }
    }

    fn warn_about_settings(&self, project: &Project) {
        for unknown in &project.settings.unknown {
            self.ui.warn(&format!("unknown setting {unknown}"));
        }
    }

    pub fn resolve(&self, snapshot: &Snapshot<'_>, typed: &[String]) -> Result<Vec<TaskId>> {
        let mut ids = Vec::new();
        for typed in typed {
            let id = snapshot.resolve(typed)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// `changed 2 tasks: 7kq2, 8abc`, or the same as JSON.
    pub fn report_changed(&self, project: &Project, schema: &str, verb: &str, ids: &[TaskId]) -> Result<Finish> {
        self.report_each(project, schema, |_| verb, ids)
    }

    /// The same with what became of each.
    pub fn report_each<'v>(
        &self,
        project: &Project,
        schema: &str,
        verb_of: impl Fn(&TaskId) -> &'v str,
        ids: &[TaskId],
    ) -> Result<Finish> {
        let snapshot = project.store.snapshot()?;
        if self.ui.manner.json {
            let tasks: Result<Vec<_>> = ids.iter().map(|id| Ok(crate::ui::task_json(&snapshot.task(id)?))).collect();
            self.ui.answer_json(&serde_json::json!({ "schema": schema, "tasks": tasks? }))?;
            return Ok(Finish::Well);
        }
        if ids.is_empty() {
            self.ui.note("nothing to change");
        }
        for id in ids {
            let task = snapshot.task(id)?;
            let title = crate::model::text::escape_line(&task.title).into_owned();
            self.ui.note(&format!(
                "{} {}  {title}  ({})",
                verb_of(id),
                self.ui.paint_err(Style::Id, &snapshot.short(id)),
                task.status
            ));
        }
        Ok(Finish::Well)
    }
}
