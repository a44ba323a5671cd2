//! Hidden: the built-in agent, run by a guardian.

use super::{Context, Finish};
use crate::agent::runbook;
use crate::error::{Context as _, Result};
use std::io::Read;

#[derive(clap::Args)]
pub struct Args {}

pub fn run(_context: &Context, _args: &Args) -> Result<Finish> {
    let mut orders = String::new();
    std::io::stdin().read_to_string(&mut orders).context(|| "cannot read the runbook's orders")?;
    runbook::perform(&orders, &mut std::io::stdout())?;
    Ok(Finish::Well)
}
