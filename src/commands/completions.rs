//! `aifactory completions`

use super::{Context, Finish, definition};
use crate::error::Result;
use clap_complete::Shell;

/// Print a completion script for your shell
#[derive(clap::Args)]
#[command(after_help = "Example: aifactory completions bash > ~/.local/share/bash-completion/completions/aifactory")]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    context.ui.answer(&script(args.shell))?;
    Ok(Finish::Well)
}

/// The script, as it is committed below `completions/`.
pub fn script(shell: Shell) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut definition(), "aifactory", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
