//! Sharing by itself, where `sync.auto` asks for it: some seconds after the last change, in the background.
//!
//! The command that changed something starts this program again and ends; of several, one waits until nothing has
//! changed for a moment and shares everything at once. What goes wrong is written down for `status`.

use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::host::files;
use crate::process::start_in_background;
use crate::store::Store;
use crate::sync::{Manner, Sharing, follow};
use crate::tasks::Project;
use std::path::PathBuf;
use std::time::Duration;

pub const WORD: &str = "__auto-sync";

/// Changes that follow each other this closely go out together.
const QUIET: Duration = Duration::from_secs(2);
/// However much goes on, something goes out after this.
const LONGEST: Duration = Duration::from_secs(20);

#[derive(clap::Args)]
pub struct Args {}

/// After a command that wrote.
pub fn start_if_wanted(context: &Context) {
    let started = || -> Result<()> {
        let project = Project::open(&context.host, &context.folder, None)?;
        if project.settings.text("sync.auto") != "on" {
            return Ok(());
        }
        match Sharing::find(&project)? {
            Some(sharing) if sharing.is_ahead()? => start_in_background(&context.own_program, &[WORD], &context.folder),
            _ => Ok(()),
        }
    };
    // The command itself has done its work, and the next one tries again.
    if let Err(error) = started() {
        context.ui.warn(&format!("cannot share in the background: {error}"));
    }
}

pub fn run(context: &Context, _: &Args) -> Result<Finish> {
    let project = Project::open(&context.host, &context.folder, None)?;
    // One waits for all.
    let Some(_lock) = project.store.local.find_lock("auto-sync")? else { return Ok(Finish::Well) };
    wait_for_quiet(&project)?;
    let shared = match Sharing::find(&project)? {
        // What became of plans under review on branches goes out with the rest.
        Some(sharing) => sharing
            .exchange(Manner::default(), &mut |_| {})
            .and_then(|_| follow(&project, false))
            .and_then(|followed| {
                if followed.has_written() {
                    sharing.exchange(Manner::default(), &mut |_| {})?;
                }
                match followed.notes.is_empty() {
                    true => Ok(()),
                    false => Err(Error::failed(followed.notes.join("; "))),
                }
            }),
        None => Ok(()),
    };
    match &shared {
        Ok(()) => files::remove_file(&trouble_file(&project.store))?,
        Err(error) => files::write_text(&trouble_file(&project.store), &error.full_text())?,
    }
    shared.map(|()| Finish::Well)
}

fn wait_for_quiet(project: &Project) -> Result<()> {
    let started = project.host.monotonic();
    loop {
        let before = project.store.find_head()?;
        project.host.sleep(QUIET);
        if project.store.find_head()? == before || started.elapsed() > LONGEST {
            return Ok(());
        }
    }
}

/// What the last attempt ran into; nothing if it went well.
pub fn find_trouble(store: &Store) -> Result<Option<String>> {
    files::load_text(&trouble_file(store))
}

fn trouble_file(store: &Store) -> PathBuf {
    store.local.root().join("auto-sync.trouble")
}
