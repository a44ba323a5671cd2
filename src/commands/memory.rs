//! `aifactory memory`

mod add;
mod change;
mod search;
mod show;

use super::{Context, Finish};
use crate::error::Result;
use crate::memory::Memory;
use crate::run::RUN_FOLDER_VARIABLE;
use crate::tasks::Project;
use std::path::PathBuf;

/// What tasks taught, for the tasks that come after them
///
/// What an agent notes is only proposed. It is shown to other tasks once you promote it, or once another task came to the
/// same conclusion; not while none of the files it speaks of are there; and never again once you removed it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory memory add \"the parser tests need LANG=C\" --about tests/parser.rs --kind gotcha
  aifactory memory list --proposed
  aifactory memory promote 01kdvbw5
  aifactory memory remove 01kdvbw5 -m \"not since 2.0\"
  aifactory memory search parser tests")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Show all notes, oldest first
    List(show::List),
    /// Show a note, and where it comes from
    Show {
        /// The note
        id: String,
    },
    /// Write a note
    ///
    /// Yours counts at once. Inside a run it is its agent's, and proposed.
    Add(add::Add),
    /// Have notes shown to tasks from now on
    Promote {
        /// The notes
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Take notes away, in every clone; what says the same is not taken from an agent again
    Remove {
        /// The notes
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Why
        #[arg(short, long, value_name = "REASON")]
        message: String,
    },
    /// Replace the words of a note
    Edit {
        /// The note
        id: String,
        /// A file with the words, `-` for standard input
        #[arg(short = 'F', long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Find what a task would be shown
    ///
    /// By words and by files; also by what notes mean, whatever their words, where memory.embeddings.url names a service
    /// for it. Notes and questions are sent there then, each once, with what looks secret taken out.
    Search(search::Search),
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    match &args.verb {
        Verb::List(list) => show::list(context, list),
        Verb::Show { id } => show::show(context, id),
        Verb::Add(add) => add::run(context, add),
        Verb::Promote { ids } => change::promote(context, ids),
        Verb::Remove { ids, message } => change::remove(context, ids, message),
        Verb::Edit { id, file } => change::edit(context, id, file),
        Verb::Search(search) => search::run(context, search),
    }
}

fn memory_of(project: &Project) -> Memory<'_> {
    let target = project.target.as_ref().and_then(|target| target.commit);
    let memory = Memory::new(&project.store, &project.settings, target);
    // Agents have neither the credential nor, perhaps, the network for more.
    if project.host.env.is_set(RUN_FOLDER_VARIABLE) { memory.words_only() } else { memory }
}

/// Inside a run, an agent sees what it would be shown anyway.
fn is_inside_run(context: &Context) -> bool {
    context.host.env.is_set(RUN_FOLDER_VARIABLE)
}
