//! What a transfer from the state's own repository needs to know: it has no remotes, and reaches them as the code's
//! repository would.

use super::Repository;
use crate::error::{Error, Result};
use crate::host::Environment;
use crate::process::Invocation;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What counts for every remote: how to connect, as whom, and under which other address.
const CONNECTION: [&str; 8] =
    ["credential.", "http.", "url.", "ssh.", "protocol.", "core.sshcommand", "core.askpass", "core.gitproxy"];

/// What counts of a remote itself. Its refspecs and its filter are none of the state's business.
const OF_REMOTE: [&str; 8] =
    ["url", "pushurl", "proxy", "proxyauthmethod", "uploadpack", "receivepack", "vcs", "serveroption"];

impl Repository {
    /// The settings to give to a git in the state's own repository, so that a remote's name, address and credentials
    /// mean there what they mean here; in order, for some add up. None where the state lives in this repository. They
    /// may hold secrets: see [`with_settings`].
    pub fn remote_settings(&self, remote: &str) -> Result<Vec<(String, String)>> {
        let store = self.find_own_store()?.filter(|_| self.find_own_store_reason().is_some());
        let Some(store) = store else { return Ok(Vec::new()) };
        // What the user's own files say counts there anyway, unless a condition in them fits only here.
        let mut known: HashMap<(String, String), usize> = HashMap::new();
        for setting in store.settings()? {
            *known.entry(setting).or_default() += 1;
        }
        let mut wanted = self.settings()?;
        wanted.retain(|setting| match known.get_mut(setting) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => matters_to(&setting.0, remote),
        });
        for (key, value) in &mut wanted {
            if key.ends_with(".url") || key.ends_with(".pushurl") {
                self.make_absolute(value);
            }
        }
        Ok(wanted)
    }

    /// Every setting in force, lowest first.
    fn settings(&self) -> Result<Vec<(String, String)>> {
        let text = self.git_at(&self.git_dir(), &["config", "--list", "--includes", "-z"]).run_ok()?.stdout;
        let text = String::from_utf8_lossy(&text).into_owned();
        // A key without a value is a yes.
        let setting = |line: &str| {
            let (key, value) = line.split_once('\n').unwrap_or((line, "true"));
            (key.to_owned(), value.to_owned())
        };
        Ok(text.split('\0').filter(|line| !line.is_empty()).map(setting).collect())
    }

    /// A remote may be a folder, named from where the files are.
    fn make_absolute(&self, url: &mut String) {
        let base: PathBuf = self.main_root().unwrap_or_else(|| self.common_dir.clone());
        let place = base.join(&*url);
        if !Path::new(url).is_absolute() && !url.contains(':') && place.exists() {
            *url = place.to_string_lossy().into_owned();
        }
    }
}

fn matters_to(key: &str, remote: &str) -> bool {
    let of_remote = key.strip_prefix("remote.").and_then(|key| key.strip_prefix(remote)?.strip_prefix('.'));
    match of_remote {
        Some(name) => OF_REMOTE.contains(&name),
        None => CONNECTION.iter().any(|prefix| key.starts_with(prefix)),
    }
}

/// Gives settings to a git child through its environment: on its command line every user of the machine could read
/// them. Those that `env`, which the child inherits, gives already stay.
pub fn with_settings(git: Invocation, settings: &[(String, String)], env: &Environment) -> Result<Invocation> {
    let variables = settings_as_variables(settings, env)?;
    Ok(variables.into_iter().fold(git, |git, (name, value)| git.env(name, value)))
}

/// The variables of [`with_settings`].
pub fn settings_as_variables(settings: &[(String, String)], env: &Environment) -> Result<Vec<(String, String)>> {
    let given = match env.text("GIT_CONFIG_COUNT") {
        None => 0,
        Some(count) => count
            .parse()
            .map_err(|_| Error::usage(format!("GIT_CONFIG_COUNT is `{}`, not a number", count.escape_debug())))?,
    };
    let total: usize = given + settings.len();
    let mut variables = vec![("GIT_CONFIG_COUNT".to_owned(), total.to_string())];
    for ((key, value), number) in settings.iter().zip(given..) {
        variables.push((format!("GIT_CONFIG_KEY_{number}"), key.clone()));
        variables.push((format!("GIT_CONFIG_VALUE_{number}"), value.clone()));
    }
    Ok(variables)
}
