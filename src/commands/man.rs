//! `aifactory man`

use super::{Context, Finish, definition};
use crate::error::{Context as _, Error, Result};

/// Print a manual page
#[derive(clap::Args)]
#[command(after_help = "Example: aifactory man run | man -l -")]
pub struct Args {
    /// The command; the program as a whole without one
    command: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let name = args.command.as_deref().map_or("aifactory".to_owned(), |command| format!("aifactory-{command}"));
    let pages = pages()?;
    let page = pages.into_iter().find(|(page, _)| *page == format!("{name}.1"));
    let (_, text) = page.ok_or_else(|| {
        Error::missing(format!("there is no command `{}`", args.command.as_deref().unwrap_or_default()))
            .hint("aifactory help")
    })?;
    context.ui.answer(&text)?;
    Ok(Finish::Well)
}

/// All pages by file name, as they are committed below `man/`.
pub fn pages() -> Result<Vec<(String, String)>> {
    let mut root = definition();
    root.build();
    let mut pages = vec![("aifactory.1".to_owned(), page(root.clone())?)];
    for command in root.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        let name = format!("aifactory-{}", command.get_name());
        pages.push((format!("{name}.1"), page(command.clone())?));
    }
    Ok(pages)
}

fn page(command: clap::Command) -> Result<String> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.version(""))
        .date("")
        .render(&mut bytes)
        .context(|| "cannot render the manual page")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
