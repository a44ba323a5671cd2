//! `aifactory gc`

use super::{Context, Finish};
use crate::error::Result;
use crate::model::text::count;
use crate::run::{pack, prune_transcripts, sweep_old_runs};
use serde_json::json;
use std::time::Duration;

/// Pack the state's objects, drop logs of old runs and transcripts older than transcripts.age
///
/// Never git's own gc: objects are copied into packs and nothing is pruned, so it may run while agents work.
#[derive(clap::Args)]
pub struct Args {
    /// Keep the live logs of runs this young
    #[arg(long, value_name = "TIME", default_value = "14d", value_parser = parse_time)]
    keep_logs: Duration,
}

fn parse_time(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text).ok_or_else(|| "a time such as 14d or 12h".to_owned())
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project_for_writing()?;
    let upkeep = pack(&project)?.unwrap_or_default();
    let logs = sweep_old_runs(&project, args.keep_logs)?;
    let (months, trouble) = prune_transcripts(&project)?;
    if let Some(trouble) = trouble {
        context.ui.warn(&format!("old transcripts stay where they were shared: {}", trouble.full_text()));
    }
    if context.ui.manner.json {
        context.ui.answer_json(&json!({
            "schema": "aifactory.gc/1", "loose_before": upkeep.loose_before, "loose_after": upkeep.loose_after,
            "packs": upkeep.packs, "logs_removed": logs, "transcript_months_removed": months,
        }))?;
        return Ok(Finish::Well);
    }
    let (before, after) = (upkeep.loose_before, upkeep.loose_after);
    context
        .ui
        .note(&format!("loose objects: about {before} before, about {after} now; packs of ours: {}", upkeep.packs));
    if logs > 0 {
        context.ui.note(&format!("removed the logs of {logs} old runs"));
    }
    if months > 0 {
        context.ui.note(&format!("gave up the transcripts of {} for their age", count(months, "month")));
    }
    Ok(Finish::Well)
}
