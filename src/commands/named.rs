//! Tasks as they are named on a command line.

use super::Context;
use crate::error::Result;
use crate::model::TaskId;
use crate::tasks::Project;

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
