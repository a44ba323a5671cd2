//! Layered settings: built-in defaults, the project's policy, the user, this clone, the environment, flags.
//!
//! Later layers win, key by key, and every value remembers where it came from. The table in `keys` is the only list of
//! settings: help, checks and `aifactory config` walk it. Layers arrive as text; nothing here opens a file.

mod env_file;
mod foreign;
mod keys;

pub use crate::model::{duration_text, parse_duration, parse_size};
pub use env_file::{is_variable_name, parse_env_file};
pub use foreign::{FOREIGN, Meaning, explain, login_scope};
pub use keys::{KEYS, Key, Kind};

use crate::error::{Error, Result};
use crate::model::text::{escape_line, find_nearest};
use crate::model::{Budget, BudgetOf, from_toml, parse_count, parse_money};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use toml::{Table, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// `.aifactory/config.toml` on the target branch, at this commit.
    Policy(String),
    User(String),
    Local(String),
    Environment(String),
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::Policy(commit) => write!(f, "policy at {commit}"),
            Origin::User(path) | Origin::Local(path) => f.write_str(path),
            Origin::Environment(variable) => write!(f, "${variable}"),
            Origin::Flag => f.write_str("flag"),
        }
    }
}

/// One source of settings, as it was read.
#[derive(Debug, Clone)]
pub struct Layer {
    pub origin: Origin,
    pub table: Table,
}

impl Layer {
    pub fn parse(origin: Origin, text: &str) -> Result<Layer> {
        let table: Table = from_toml(text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            Error::usage(format!(
                "the settings in {origin} cannot be read: line {line}: {}",
                escape_line(error.message())
            ))
        })?;
        Ok(Layer { origin, table })
    }

    /// `AIFACTORY_RUN_JOBS=4` sets `run.jobs`.
    pub fn from_variables(value_of: impl Fn(&str) -> Option<String>) -> Vec<Layer> {
        let layer = |key: &Key| {
            let variable = key.variable();
            let text = value_of(&variable)?;
            let mut table = Table::new();
            insert(&mut table, key.name, key.kind.from_text(&text));
            Some(Layer { origin: Origin::Environment(variable), table })
        };
        KEYS.iter().filter_map(layer).collect()
    }
}

/// Puts a value at a dotted name.
pub fn insert(table: &mut Table, name: &str, value: Value) {
    match name.split_once('.') {
        None => {
            table.insert(name.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = table.entry(head).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Settings {
    values: BTreeMap<String, (Value, Origin)>,
    agents: BTreeMap<String, (Table, Origin)>,
    /// Keys that no version of this program knows, with their origin.
    pub unknown: Vec<String>,
}

impl Settings {
    /// `layers` from the weakest to the strongest. A value of the wrong kind is an error that names it and its origin.
    pub fn new(layers: impl IntoIterator<Item = Layer>) -> Result<Settings> {
        let mut settings = Settings { values: BTreeMap::new(), agents: BTreeMap::new(), unknown: Vec::new() };
        for key in KEYS {
            settings.values.insert(key.name.to_owned(), (key.default_value(), Origin::Default));
        }
        for layer in layers {
            settings.add(&layer)?;
        }
        Ok(settings)
    }

    fn add(&mut self, layer: &Layer) -> Result<()> {
        let mut flat = Vec::new();
        flatten("", &layer.table, &mut flat);
        for (name, value) in flat {
            match KEYS.iter().find(|key| key.name == name) {
                Some(key) => {
                    let from_policy = matches!(layer.origin, Origin::Policy(_));
                    if from_policy && key.machine_only {
                        self.unknown.push(format!("{name} (from {}: a project cannot set it)", layer.origin));
                        continue;
                    }
                    let value = key.kind.check(&value).map_err(|why| {
                        Error::usage(format!("{name} in {}: {why}", layer.origin))
                            .hint(format!("{name}: {}", key.about))
                    })?;
                    self.values.insert(name, (value, layer.origin.clone()));
                }
                None => self.note_unknown(&name, &layer.origin),
            }
        }
        for (name, agent) in layer.table.get("agents").and_then(Value::as_table).into_iter().flatten() {
            if let Value::Table(agent) = agent {
                self.agents.insert(name.clone(), (agent.clone(), layer.origin.clone()));
            }
        }
        Ok(())
    }

    fn note_unknown(&mut self, name: &str, origin: &Origin) {
        let near = find_nearest(name, KEYS.iter().map(|key| key.name));
        let near = near.map(|near| format!(", perhaps {near}")).unwrap_or_default();
        self.unknown.push(format!("{} (from {origin}{near})", escape_line(name)));
    }

    pub fn value(&self, name: &str) -> (&Value, &Origin) {
        let (value, origin) = &self.values[name];
        (value, origin)
    }

    pub fn text(&self, name: &str) -> &str {
        self.value(name).0.as_str().unwrap_or_default()
    }

    /// The text, unless it is empty.
    pub fn find_text(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    pub fn number(&self, name: &str) -> u64 {
        self.value(name).0.as_integer().and_then(|n| u64::try_from(n).ok()).unwrap_or_default()
    }

    pub fn duration(&self, name: &str) -> Duration {
        parse_duration(self.text(name)).unwrap_or_default()
    }

    /// The limits that `budget.<whose>-cost`, `-tokens` and `-time` set.
    pub fn budget(&self, whose: BudgetOf) -> Budget {
        let text = |what: &str| self.text(&format!("budget.{}-{what}", whose.word()));
        Budget {
            cost_micros: parse_money(text("cost")),
            tokens: parse_count(text("tokens")),
            time: parse_duration(text("time")),
        }
    }

    /// Nothing where there is none.
    pub fn size(&self, name: &str) -> Option<u64> {
        parse_size(self.text(name))
    }

    pub fn list(&self, name: &str) -> Vec<String> {
        let items = self.value(name).0.as_array().into_iter().flatten();
        items.filter_map(|item| item.as_str()).map(str::to_owned).collect()
    }

    /// Agents that people defined, by name.
    pub fn agents(&self) -> impl Iterator<Item = (&str, &Table, &Origin)> {
        self.agents.iter().map(|(name, (table, origin))| (name.as_str(), table, origin))
    }
}

/// Dotted names of all values; `[agents.*]` is not made of settings and is left out.
fn flatten(prefix: &str, table: &Table, flat: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let dotted = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) if dotted != "agents" => flatten(&dotted, inner, flat),
            Value::Table(_) => {}
            value => flat.push((dotted, value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(origin: Origin, text: &str) -> Layer {
        Layer::parse(origin, text).unwrap()
    }

    #[test]
    fn later_layers_win_key_by_key_and_remember_where_they_came_from() {
        let user = layer(Origin::User("~/config".into()), "[run]\njobs = 2\ntimeout = \"5m\"\n");
        let variables = Layer::from_variables(|name| (name == "AIFACTORY_RUN_JOBS").then(|| "7".into()));
        let settings = Settings::new([vec![user], variables].concat()).unwrap();
        assert_eq!(settings.number("run.jobs"), 7);
        assert_eq!(settings.value("run.jobs").1.to_string(), "$AIFACTORY_RUN_JOBS");
        assert_eq!(settings.duration("run.timeout"), Duration::from_secs(300));
        assert_eq!(settings.value("run.silence").1, &Origin::Default);
    }

    #[test]
    fn a_value_of_the_wrong_kind_names_its_key_and_origin() {
        let error = Settings::new([layer(Origin::Local("x".into()), "run.jobs = \"many\"")]).unwrap_err();
        assert_eq!(error.message(), "run.jobs in x: `many` is not a whole number");
    }

    #[test]
    fn an_unknown_key_is_reported_with_the_nearest_one() {
        let settings = Settings::new([layer(Origin::Flag, "run.job = 2")]).unwrap();
        assert_eq!(settings.unknown, ["run.job (from flag, perhaps run.jobs)"]);
    }

    #[test]
    fn a_project_cannot_set_what_belongs_to_the_machine() {
        let settings = Settings::new([layer(Origin::Policy("abc".into()), "run.jobs = 99")]).unwrap();
        assert_eq!(settings.number("run.jobs"), 3);
        assert_eq!(settings.unknown.len(), 1);
    }

    #[test]
    fn budgets_are_what_their_settings_say() {
        let text = "budget.task-cost = \"$5\"\nbudget.task-tokens = 200000\nbudget.day-time = \"8h\"\n";
        let settings = Settings::new([layer(Origin::Flag, text)]).unwrap();
        assert_eq!(settings.budget(BudgetOf::Task).to_string(), "5.00 usd, 200k tokens");
        assert_eq!(settings.budget(BudgetOf::Day).to_string(), "8h");
        assert!(settings.budget(BudgetOf::Project).is_unlimited());
    }

    #[test]
    fn every_default_is_of_its_own_kind() {
        for key in KEYS {
            assert!(key.kind.check(&key.default_value()).is_ok(), "{}", key.name);
        }
    }
}
