//! `aifactory work` in an environment that was made for ai-coding-factory: its variables count as what they mean here.

use super::Context;
use crate::config::{FOREIGN, Meaning, Origin, Settings, login_scope, parse_env_file};
use crate::error::{Context as _, Result};
use crate::host::{Environment, Host};
use std::collections::BTreeMap;
use std::ffi::OsString;

/// The variables of theirs that are set, in the environment or in the file it names.
pub struct Foreign {
    values: BTreeMap<&'static str, String>,
}

impl Foreign {
    pub fn find(context: &Context) -> Result<Foreign> {
        let env = &context.host.env;
        let mut values = BTreeMap::new();
        if let Some(file) = env.path("FACTORY_ENV_FILE") {
            let path = context.folder.join(&file);
            let shown = file.display().to_string();
            let text = std::fs::read_to_string(&path).context(|| format!("cannot read FACTORY_ENV_FILE {shown}"))?;
            for (name, value) in parse_env_file(&shown, &text)? {
                if let Some((known, _)) = FOREIGN.iter().find(|(known, _)| *known == name) {
                    values.insert(*known, value);
                }
            }
        }
        for (name, _) in FOREIGN {
            values.extend(env.text(name).map(|value| (*name, value)));
        }
        values.retain(|_, value| !value.is_empty());
        Ok(Foreign { values })
    }

    pub fn repository(&self) -> Option<&str> {
        self.values.get("GIT_REPO_URL").map(String::as_str)
    }

    /// The host with their variables in force, wherever nothing was said in our own words; and a note on each.
    pub fn host(&self, host: &Host, settings: Option<&Settings>) -> (Host, Vec<String>) {
        let (mut also, mut notes) = (BTreeMap::new(), Vec::new());
        let mut set = |variable: &str, name: &str, value: String| {
            let is_free =
                settings.is_none_or(|settings| matches!(settings.value(name).1, Origin::Default | Origin::Policy(_)));
            if is_free {
                notes.push(format!("{variable} counts as {name} = {value}"));
                also.insert(format!("AIFACTORY_{}", name.to_ascii_uppercase().replace(['.', '-'], "_")), value);
            } else {
                notes.push(format!("{variable} does not count: {name} is set"));
            }
        };
        for (variable, meaning) in FOREIGN {
            let Some(value) = self.values.get(variable) else { continue };
            match meaning {
                Meaning::Text(name) => set(variable, name, value.clone()),
                Meaning::Switch(name) => {
                    let is_on = value.trim().eq_ignore_ascii_case("true");
                    set(variable, name, if is_on { "on" } else { "off" }.to_owned());
                }
                Meaning::Seconds(name) => set(variable, name, format!("{}s", value.trim_end_matches('s'))),
                Meaning::Repository => set(variable, "sync.remote", value.clone()),
                Meaning::Login | Meaning::File => {}
                Meaning::Nothing(_) => {}
            }
        }
        for (variable, meaning) in FOREIGN {
            if let (Meaning::Nothing(why), true) = (meaning, self.values.contains_key(variable)) {
                notes.push(format!("{variable} is not used: {why}"));
            }
        }
        also.extend(self.login(host, &mut notes));
        let all = host.env.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let also = also.into_iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        (host.with_environment(Environment::from_pairs(all.chain(also))), notes)
    }

    /// The login as a credential helper that reads it from git's own environment: it is on no command line and in no
    /// file, and goes to the repository's host alone.
    fn login(&self, host: &Host, notes: &mut Vec<String>) -> Vec<(String, String)> {
        let Some(token) = self.values.get("GIT_TOKEN") else { return Vec::new() };
        let Some(scope) = self.repository().and_then(login_scope) else {
            notes.push("GIT_TOKEN is not used: GIT_REPO_URL is no http(s) address".to_owned());
            return Vec::new();
        };
        notes.push(format!("GIT_TOKEN is the login for {scope}"));
        let user = self.values.get("GIT_USERNAME").cloned().unwrap_or_else(|| "git".to_owned());
        let given: usize = host.env.number("GIT_CONFIG_COUNT").map_or(0, |count| count as usize);
        let helper = "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \
                      \"$AIFACTORY_LOGIN_USER\" \"$AIFACTORY_LOGIN_TOKEN\"; }; f";
        vec![
            ("GIT_CONFIG_COUNT".to_owned(), (given + 1).to_string()),
            (format!("GIT_CONFIG_KEY_{given}"), format!("credential.{scope}.helper")),
            (format!("GIT_CONFIG_VALUE_{given}"), helper.to_owned()),
            ("AIFACTORY_LOGIN_USER".to_owned(), user),
            ("AIFACTORY_LOGIN_TOKEN".to_owned(), token.clone()),
        ]
    }
}
