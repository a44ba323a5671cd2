//! `aifactory spec`

use super::text_verbs::{self, Judged, Verb};
use super::{Context, Finish};
use crate::error::{Error, Result};
use crate::model::TextFile;
use serde_json::json;

/// Show or write what must be true when a task is done
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    text_verbs::run(context, &args.verb, TextFile::Spec, judge)
}

/// Any words are a spec; none are not.
fn judge(context: &Context, spec: &Judged<'_>) -> Result<Finish> {
    let written = !spec.text.trim().is_empty();
    if context.ui.manner.json {
        context.ui.answer_json(&json!({ "schema": "aifactory.spec-check/1", "id": spec.id, "written": written }))?;
        return Ok(Finish::Well);
    }
    if !written {
        return Err(Error::failed(format!("task {} has no spec", spec.short))
            .hint(format!("aifactory spec edit {}", spec.short)));
    }
    Ok(Finish::Well)
}
