//! An opened project: the state, the settings in force, the target branch, and who is acting.

use crate::agent::Agent;
use crate::agent::credentials::{self, Grant, Secrets};
use crate::config::{Layer, Origin, Settings};
use crate::error::{Error, Result};
use crate::git::Repository;
use crate::host::{Host, files};
use crate::policy::{PolicyCommands, Target};
use crate::store::{Author, DEFAULT_REF, Local, Store, Vouch};
use std::path::{Path, PathBuf};

pub const USER_CONFIG: &str = "config.toml";

pub struct Project {
    pub store: Store,
    pub settings: Settings,
    /// Absent in a repository whose HEAD names no branch.
    pub target: Option<Target>,
    pub actor: String,
    pub host: Host,
}

impl Project {
    /// The project that `folder` belongs to. `flags` are settings from the command line.
    pub fn open(host: &Host, folder: &Path, flags: Option<Layer>) -> Result<Project> {
        let repository = Repository::discover(folder)?;
        let own = own_layers(host, &Local::of(&repository), flags)?;
        let chosen = Settings::new(own.clone())?;
        let target = Target::find(&repository, chosen.find_text("merge.target"))?;
        let policy = target.as_ref().map(Target::layer).transpose()?.flatten();
        let settings = Settings::new(policy.into_iter().chain(own))?;
        let ref_name = state_ref(&settings)?;
        let durable = settings.text("state.durability") == "power";
        let actor = actor_name(&repository, host);
        let store = Store::open(repository, host.clone(), &ref_name)?.durable(durable);
        let project = Project { store, settings, target, actor, host: host.clone() };
        // Whoever is given credentials is told if these files cannot be read; all others work without them.
        if let Ok(secrets) = project.secrets() {
            project.store.redactor().learn_file(secrets.in_files());
        }
        project.store.redactor().learn(credentials::in_environment(&project.settings, &host.env));
        Ok(project)
    }

    /// For one of many projects that are open at once: its repositories keep few objects in memory.
    pub fn remember_little(&mut self) {
        self.store.remember_little();
    }

    /// Where credentials for agents come from, as it is now.
    pub fn secrets(&self) -> Result<Secrets<'_>> {
        let base = self.repository().main_root().unwrap_or_else(|| self.repository().common_dir().to_owned());
        Secrets::open(&self.settings, &self.host.env, &base)
    }

    /// The variables of its own that an agent gets. From now on their values are redacted wherever they turn up.
    pub fn grant(&self, agent: &Agent) -> Result<Grant> {
        let secrets = self.secrets()?;
        let grant = credentials::grant(agent, &self.settings, &secrets)?;
        let redactor = self.store.redactor();
        redactor.learn_file(secrets.in_files());
        let is_credential = |name: &String| agent.record.credentials.contains(name);
        let given = grant.variables.iter().map(|(name, value)| (name.clone(), value.to_string_lossy().into_owned()));
        let (certain, likely): (Vec<_>, Vec<_>) = given.partition(|(name, _)| is_credential(name));
        redactor.learn(certain);
        redactor.learn_file(likely);
        Ok(grant)
    }

    /// Where the code is: branches, worktrees, policy.
    pub fn repository(&self) -> &Repository {
        self.store.code()
    }

    pub fn person(&self) -> Author {
        Author::person(&self.actor)
    }

    /// The target branch, or an error that says how to name one.
    pub fn require_target(&self) -> Result<&Target> {
        self.target.as_ref().ok_or_else(|| {
            Error::failed("there is no branch to work for: HEAD names none")
                .hint("to choose one: aifactory config set merge.target <branch>")
        })
    }

    /// Whether the commands of the project's policy may run here; a reason to wait for a person otherwise.
    pub fn policy_is_trusted(&self) -> Result<bool> {
        let commands = self.policy_commands()?;
        Ok(commands.is_empty() || self.store.local.is_vouched(Vouch::Policy, &commands.digest())?)
    }

    /// What the project's policy brings that needs a person's trust.
    pub fn policy_commands(&self) -> Result<PolicyCommands> {
        PolicyCommands::of(&self.settings, self.repository(), self.target.as_ref())
    }

    /// Where task worktrees live.
    pub fn worktree_root(&self) -> Result<PathBuf> {
        if let Some(root) = self.settings.find_text("worktree.root") {
            let base = self.repository().main_root().unwrap_or_else(|| self.repository().common_dir().to_owned());
            return Ok(files::without_dots(&base.join(root)));
        }
        let state = self.host.env.state_folder().ok_or_else(|| {
            Error::failed("neither HOME nor XDG_STATE_HOME is set, so there is no place for worktrees")
                .hint("to choose one: aifactory config set worktree.root <folder>")
        })?;
        let common = self.repository().common_dir().to_string_lossy().into_owned();
        let digest = crate::model::Digest::of(&common);
        Ok(state.join(format!("{}-{}", self.repository().name(), &digest.hex()[..8])))
    }
}

/// The ref of the state. It must be one that nothing else uses: a project's policy may name it, too.
fn state_ref(settings: &Settings) -> Result<String> {
    let name = settings.find_text("state.ref").unwrap_or(DEFAULT_REF);
    if name.starts_with("refs/aifactory/") || name.starts_with("refs/heads/aifactory/") {
        return Ok(name.to_owned());
    }
    let origin = settings.value("state.ref").1;
    Err(Error::usage(format!("state.ref in {origin}: `{}` cannot hold the state", name.escape_debug()))
        .hint("name a ref below refs/aifactory/ or refs/heads/aifactory/"))
}

/// Environment and flags over this clone's file over the user's file.
fn own_layers(host: &Host, local: &Local, flags: Option<Layer>) -> Result<Vec<Layer>> {
    let mut layers = Vec::new();
    let user = host.env.config_folder().map(|folder| folder.join(USER_CONFIG));
    for (path, origin) in [
        (user, Origin::User as fn(String) -> Origin),
        (Some(local.config_file()), Origin::Local as fn(String) -> Origin),
    ] {
        let Some(path) = path else { continue };
        if let Some(text) = files::load_text(&path)? {
            layers.push(Layer::parse(origin(path.display().to_string()), &text)?);
        }
    }
    layers.extend(Layer::from_variables(|name| host.env.text(name)));
    layers.extend(flags);
    Ok(layers)
}

/// The address git would put on a commit, or user and machine.
fn actor_name(repository: &Repository, host: &Host) -> String {
    let from_git = host.env.text("GIT_AUTHOR_EMAIL").or_else(|| repository.config_value("user.email"));
    // What git itself would strip from an identity.
    let clean = |email: String| email.replace(['<', '>', '\n'], "").trim().to_owned();
    from_git.map(clean).filter(|email| !email.is_empty()).unwrap_or_else(|| {
        let user = host.env.text("USER").or_else(|| host.env.text("LOGNAME")).unwrap_or_else(|| "somebody".to_owned());
        format!("{user}@{}", host.name())
    })
}
