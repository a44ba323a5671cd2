//! `aifactory config`

use super::{Context, Finish};
use crate::config::{KEYS, Key, Origin};
use crate::error::{Error, Result};
use crate::model::text::{escape_line, find_nearest};
use crate::tasks::{Project, Scope, set_setting, unset_setting};
use crate::ui::{Columns, Style};
use serde_json::{Value, json};
use std::path::Path;

/// Show or change settings
///
/// Without a verb, all settings with where their value comes from; with -v, what each is for. Later layers win: defaults,
/// the policy on the target branch, your own file, this clone, the environment (AIFACTORY_RUN_JOBS for run.jobs).
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Print one value
    Get { key: String },
    /// Write a value for this clone
    Set {
        key: String,
        /// Lists take several values
        #[arg(required = true)]
        values: Vec<String>,
        /// For all your repositories
        #[arg(long)]
        user: bool,
    },
    /// Take a value out again
    Unset {
        key: String,
        /// From the settings for all your repositories
        #[arg(long)]
        user: bool,
    },
    /// All settings (the default)
    List,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let project = context.project()?;
    if !matches!(args.verb, None | Some(Verb::List | Verb::Get { .. })) {
        context.refuse_inside_run(&project)?;
    }
    let scope = |user: bool| if user { Scope::User } else { Scope::Clone };
    match args.verb.as_ref().unwrap_or(&Verb::List) {
        Verb::List => list(context, &project),
        Verb::Get { key } => get(context, &project, require_key(key)?),
        Verb::Set { key, values, user } => {
            let (key, text) = (require_key(key)?, values.join("\n"));
            let path = set_setting(&project, key, &text, scope(*user))?;
            let said = format!("wrote {} to {}", key.name, path.display());
            report_written(context, key, Some(key.kind.from_text(&text)), &path, &said)
        }
        Verb::Unset { key, user } => {
            let key = require_key(key)?;
            let path = unset_setting(&project, key, scope(*user))?;
            let said = format!("took {} out of {}", key.name, path.display());
            report_written(context, key, None, &path, &said)
        }
    }
}

/// What the file holds now; another layer may still win.
fn report_written(context: &Context, key: &Key, value: Option<toml::Value>, path: &Path, said: &str) -> Result<Finish> {
    match context.ui.manner.json {
        true => context.ui.answer_json(
            &json!({ "schema": "aifactory.config/1", "key": key.name, "value": value, "path": path.display().to_string() }),
        )?,
        false => context.ui.note(said),
    }
    Ok(Finish::Well)
}

fn require_key(name: &str) -> Result<&'static Key> {
    KEYS.iter().find(|key| key.name == name).ok_or_else(|| {
        let error = Error::usage(format!("there is no setting `{}`", name.escape_debug()));
        match find_nearest(name, KEYS.iter().map(|key| key.name)) {
            Some(near) => error.hint(format!("perhaps {near}")),
            None => error.hint("aifactory config shows all of them"),
        }
    })
}

fn get(context: &Context, project: &Project, key: &Key) -> Result<Finish> {
    let (value, origin) = project.settings.value(key.name);
    if context.ui.manner.json {
        let answer =
            json!({ "schema": "aifactory.config/1", "key": key.name, "value": value, "origin": origin.to_string() });
        context.ui.answer_json(&answer)?;
    } else {
        context.ui.answer_foreign(&format!("{}\n", shown(value)))?;
    }
    Ok(Finish::Well)
}

fn list(context: &Context, project: &Project) -> Result<Finish> {
    if context.ui.manner.json {
        let values: Vec<Value> = KEYS
            .iter()
            .map(|key| {
                let (value, origin) = project.settings.value(key.name);
                json!({ "key": key.name, "value": value, "origin": origin.to_string(), "about": key.about })
            })
            .collect();
        context.ui.answer_json(&json!({ "schema": "aifactory.config/1", "settings": values }))?;
        return Ok(Finish::Well);
    }
    let explain = context.ui.manner.verbose > 0;
    let mut columns = Columns::new(["setting", "value", if explain { "what it is" } else { "from" }], 2);
    for key in KEYS {
        let (value, origin) = project.settings.value(key.name);
        let style = if *origin == Origin::Default { Style::Dim } else { Style::Strong };
        let last = if explain { key.about.to_owned() } else { origin.to_string() };
        columns.row([
            (Style::Plain, key.name.to_owned()),
            (style, escape_line(&shown(value).replace('\n', "; ")).into_owned()),
            (Style::Dim, last),
        ]);
    }
    context.ui.answer(&columns.render(&context.ui))?;
    Ok(Finish::Well)
}

fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().filter_map(|item| item.as_str()).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}
