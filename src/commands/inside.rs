//! Commands that agents use inside their runs. They leave a word for the supervisor and change no state themselves.

use super::Context;
use crate::agent::AgentEvent;
use crate::error::{Error, Result};
use crate::run::{RUN_FOLDER_VARIABLE, leave_word};

pub fn leave(context: &Context, command: &str, event: &AgentEvent) -> Result<()> {
    let host = &context.host;
    let Some(folder) = host.env.path(RUN_FOLDER_VARIABLE).filter(|folder| folder.is_dir()) else {
        return Err(Error::usage(format!("aifactory {command} is for agents inside a run"))
            .hint("to tell a task's agent something: aifactory say <id> \"…\""));
    };
    leave_word(&folder, &host.event_id(host.now()), event)
}
