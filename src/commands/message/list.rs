//! `aifactory message list`

use super::write::{Names, write_message};
use crate::commands::{Context, Finish};
use crate::error::Result;
use crate::model::When;
use crate::model::message::MessageKind;
use crate::store::{Problem, Snapshot};
use crate::tasks::{Selection, select};
use serde_json::{Value, json};

#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    which: Which,
    /// Only what was left since then: 2h or 7d (ago), today, yesterday, 2026-01-31, 2026-01-31T12:00:00 in UTC
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,
    /// Only what was left until then; a day is meant as a whole
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,
    /// Only those in which all these words occur; the last may be the beginning of one, "quoted words" stand together
    #[arg(short, long, value_name = "WORDS")]
    search: Option<String>,
    /// Only the newest so many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
}

/// What messages are about, and whose they are.
#[derive(clap::Args)]
pub struct Which {
    /// Only those about a task
    id: Option<String>,
    /// Only those about no task
    #[arg(long, conflicts_with = "id")]
    project: bool,
    /// Only those of this kind: info, question, answer, handoff, review, status or error; repeatable
    #[arg(
        short, long = "kind", value_name = "KIND", hide_possible_values = true,
        value_parser = clap::builder::PossibleValuesParser::new(MessageKind::WORDS),
    )]
    kinds: Vec<String>,
    /// Only those that a person or an agent left
    #[arg(long, value_name = "WHO")]
    from: Option<String>,
    /// Only those for a person, a role or an agent
    #[arg(long, value_name = "WHO")]
    to: Option<String>,
}

impl Which {
    pub fn selection(&self, snapshot: &Snapshot<'_>) -> Result<Selection> {
        Ok(Selection {
            task: self.id.as_deref().map(|id| snapshot.resolve(id)).transpose()?,
            of_project: self.project,
            kinds: self.kinds.iter().filter_map(|word| MessageKind::parse(word)).collect(),
            from: self.from.clone(),
            to: self.to.clone(),
            ..Selection::default()
        })
    }
}

pub fn run(context: &Context, args: &List) -> Result<Finish> {
    let project = context.project()?;
    let snapshot = project.store.snapshot()?;
    let now = context.host.now();
    let selection = Selection {
        since: args.since.map(|when| when.begin(now)),
        until: args.until.map(|when| when.end(now)),
        words: args.search.clone(),
        limit: args.limit,
        ..args.which.selection(&snapshot)?
    };
    let found = select(&snapshot, &selection)?;
    if context.ui.manner.json {
        let unreadable: Vec<Value> = found.problems.iter().map(unreadable).collect();
        let answer = json!({ "schema": "aifactory.messages/1", "messages": found.records, "unreadable": unreadable });
        context.ui.answer_json(&answer)?;
        return Ok(Finish::Well);
    }
    let names = Names::of(&snapshot)?;
    found.records.iter().try_for_each(|message| write_message(context, &names, message, 0))?;
    warn_about(context, &found.problems);
    Ok(Finish::Well)
}

pub fn unreadable(problem: &Problem) -> Value {
    json!({ "name": problem.name(), "path": problem.path, "why": problem.message })
}

pub fn warn_about(context: &Context, problems: &[Problem]) {
    for problem in problems {
        context.ui.warn(&format!("message {} cannot be read: {} ({})", problem.name(), problem.message, problem.path));
    }
}
