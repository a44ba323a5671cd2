//! Tasks as they are named on a command line.

use super::Context;
use super::new::read_file;
use crate::error::Result;
use crate::model::TaskId;
use crate::tasks::Project;
use std::path::Path;

/// One or several tasks.
#[derive(clap::Args)]
pub struct Named {
    /// The tasks
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

impl Named {
    /// The project, opened for writing, and the tasks that are meant.
    pub fn for_writing(&self, context: &Context) -> Result<(Project, Vec<TaskId>)> {
        let project = context.project_for_writing()?;
        let ids = self.resolve(context, &project)?;
        Ok((project, ids))
    }

    pub fn resolve(&self, context: &Context, project: &Project) -> Result<Vec<TaskId>> {
        context.resolve(&project.store.snapshot()?, &self.ids)
    }
}

/// A text from the command line, or from standard input where it is not there.
pub fn text_of(context: &Context, typed: Option<&str>) -> Result<String> {
    match typed {
        Some(text) => Ok(text.to_owned()),
        None => read_file(context, Path::new("-")),
    }
}
