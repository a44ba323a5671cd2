//! The environment as a value: read once from the process, or given by a test.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Clone, Default)]
pub struct Environment {
    variables: Arc<BTreeMap<OsString, OsString>>,
}

impl Environment {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_process() -> Environment {
        Environment { variables: Arc::new(std::env::vars_os().collect()) }
    }

    pub fn from_pairs<K: Into<OsString>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (K, V)>) -> Environment {
        Environment { variables: Arc::new(pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect()) }
    }

    /// The same with one variable set.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Environment {
        let mut variables = (*self.variables).clone();
        variables.insert(name.into(), value.into());
        Environment { variables: Arc::new(variables) }
    }

    /// The value of a variable, or nothing where it is unset or empty.
    pub fn value(&self, name: &str) -> Option<&OsStr> {
        let value = self.variables.get(OsStr::new(name))?;
        (!value.is_empty()).then_some(value.as_os_str())
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(|value| value.to_string_lossy().into_owned())
    }

    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.value(name).map(PathBuf::from)
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    pub fn is_set(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(k, v)| (k.as_os_str(), v.as_os_str()))
    }

    pub fn home(&self) -> Option<PathBuf> {
        self.path("HOME")
    }

    /// `$XDG_CONFIG_HOME/aifactory`, by default below `~/.config`.
    pub fn config_folder(&self) -> Option<PathBuf> {
        self.xdg("XDG_CONFIG_HOME", ".config")
    }

    /// `$XDG_STATE_HOME/aifactory`, by default below `~/.local/state`.
    pub fn state_folder(&self) -> Option<PathBuf> {
        self.xdg("XDG_STATE_HOME", ".local/state")
    }

    fn xdg(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let base = self.path(variable).filter(|path| path.is_absolute());
        let base = base.or_else(|| self.home().map(|home| home.join(below_home)))?;
        Some(base.join("aifactory"))
    }
}
