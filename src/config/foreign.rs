//! The variables of ai-coding-factory, and what they mean here. Whoever moves over keeps their environment file: what has
//! a meaning here counts as the setting it means, weaker than anything said in our own words, and each one is told.

/// What a variable of theirs is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The setting of this name, as text.
    Text(&'static str),
    /// The setting of this name, which they give in seconds.
    Seconds(&'static str),
    /// The setting of this name, which is on for `true` and off for anything else.
    Switch(&'static str),
    /// The repository to work in, where the current folder is none, and otherwise the remote to share through.
    Repository,
    /// A login for that repository over HTTP.
    Login,
    /// A file with more of these variables.
    File,
    /// Nothing, for this reason.
    Nothing(&'static str),
}

pub const FOREIGN: &[(&str, Meaning)] = &[
    ("FACTORY_ENV_FILE", Meaning::File),
    ("FEATURE_BRANCHES", Meaning::Switch("merge.feature-branches")),
    ("GH_ASSIGNEE", Meaning::Nothing(NO_TRACKER)),
    ("GIT_REPO_URL", Meaning::Repository),
    ("GIT_TOKEN", Meaning::Login),
    ("GIT_USERNAME", Meaning::Login),
    ("IMPLEMENTATION_PROMPT", Meaning::Text("prompt.implementation")),
    ("INTER_ISSUE_WAIT", Meaning::Seconds("work.pause")),
    ("JIRA_ASSIGNEE_ACCOUNT_ID", Meaning::Nothing(NO_TRACKER)),
    ("NO_ISSUES_WAIT", Meaning::Seconds("sync.interval")),
    ("PLANNING_PROMPT", Meaning::Text("prompt.planning")),
    ("PLAN_BY_DEFAULT", Meaning::Switch("plan.by-default")),
    ("PROJECT", Meaning::Nothing(NO_TRACKER)),
    ("TASK_MANAGER", Meaning::Nothing(NO_TRACKER)),
    ("TODO_ASSIGNEE", Meaning::Nothing(NO_TRACKER)),
];

const NO_TRACKER: &str = "the backlog is the state; aifactory import takes a TODO.md over";

/// A line for each, for help.
pub fn explain() -> String {
    let meaning = |meaning: &Meaning| match meaning {
        Meaning::Text(name) => (*name).to_owned(),
        Meaning::Seconds(name) => format!("{name}, in seconds"),
        Meaning::Switch(name) => format!("{name}: true or false"),
        Meaning::Repository => "--remote where the folder is no repository, otherwise sync.remote".to_owned(),
        Meaning::Login => "the login for an http(s) GIT_REPO_URL".to_owned(),
        Meaning::File => "a file of KEY=VALUE lines with more of these".to_owned(),
        Meaning::Nothing(why) => format!("not used: {why}"),
    };
    FOREIGN.iter().map(|(name, what)| format!("  {name:<25} {}\n", meaning(what))).collect()
}

/// The scheme and host that a login may be sent to: only those of an HTTP address.
pub fn login_scope(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let host = rest.split('/').next()?.rsplit('@').next()?;
    (!host.is_empty()).then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KEYS;

    #[test]
    fn every_meaning_is_a_setting_there_is() {
        for (variable, meaning) in FOREIGN {
            if let Meaning::Text(name) | Meaning::Seconds(name) | Meaning::Switch(name) = meaning {
                assert!(KEYS.iter().any(|key| key.name == *name), "{variable} means {name}");
            }
        }
    }

    #[test]
    fn a_login_goes_to_the_host_of_the_repository_alone() {
        assert_eq!(login_scope("https://me@git.example.com/app.git").as_deref(), Some("https://git.example.com"));
        assert_eq!(login_scope("git@git.example.com:app.git"), None);
        assert_eq!(login_scope("ssh://git.example.com/app.git"), None);
    }
}
