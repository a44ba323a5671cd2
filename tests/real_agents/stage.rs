//! Where one agent plays one scenario: a repository, a home with the agent's configuration, and a model.

use super::agents::RealAgent;
use super::common::model::{Fault, ModelServer, Script};
use super::common::{Ran, Sandbox, Step, eventually, spawned};
use super::install::installed;
use aifactory::agent::Agent;
use aifactory::config::Settings;
use serde_json::Value;
use std::fs;
use std::sync::{Condvar, Mutex};

/// Agents need a core each while they start.
const AT_ONCE: usize = 3;

/// Whatever they would like to load from elsewhere fails at once.
const NO_NETWORK: &[(&str, &str)] =
    &[("HTTPS_PROXY", "http://127.0.0.1:9"), ("HTTP_PROXY", "http://127.0.0.1:9"), ("NO_PROXY", "127.0.0.1,localhost")];

pub const KEY: &str = "sk-scripted-right";

pub struct Stage {
    pub sandbox: Sandbox,
    pub server: ModelServer,
    agent: &'static RealAgent,
    _turn: Turn,
}

impl Stage {
    /// Nothing where agents cannot be installed.
    pub fn set(agent: &'static RealAgent, script: Script) -> Option<Stage> {
        Stage::with_key(agent, script, KEY)
    }

    pub fn with_key(agent: &'static RealAgent, script: Script, key: &str) -> Option<Stage> {
        let installed = installed()?;
        let turn = Turn::take();
        let server = ModelServer::start();
        let url = server.play(agent.name(), script.for_key(KEY));
        let filled = |text: &str| text.replace("{url}", &url).replace("{key}", key);
        let mut sandbox = Sandbox::empty().in_real_time();
        let home = sandbox.root().join("home");
        for (path, text) in agent.files {
            let path = home.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, filled(text)).unwrap();
        }
        let set: Vec<String> = NO_NETWORK
            .iter()
            .chain(agent.quick)
            .map(|(name, value)| format!("{name} = \"{}\"", filled(value)))
            .collect();
        let record = format!("[agents.{0}]\nbase = \"{0}\"\nset = {{ {1} }}\n", agent.name(), set.join(", "));
        fs::create_dir_all(home.join("config/aifactory")).unwrap();
        fs::write(home.join("config/aifactory/config.toml"), record).unwrap();
        for (name, value) in agent.variables {
            sandbox = sandbox.with(name, filled(value));
        }
        let settings = [
            ("AIFACTORY_AGENT_DEFAULT", agent.choice),
            ("AIFACTORY_TRUST_FULL", "yes"),
            ("AIFACTORY_RUN_ATTEMPTS", "1"),
            ("AIFACTORY_RUN_GRACE", "1s"),
            // An agent that hangs where nobody expected it is no reason to wait for long.
            ("AIFACTORY_RUN_TIMEOUT", "2m"),
        ];
        for (name, value) in settings {
            sandbox = sandbox.with(name, value);
        }
        let path = installed.path().into_string().expect("the path is text");
        let sandbox = sandbox.with("PATH", path).begun();
        Some(Stage { sandbox, server, agent, _turn: turn })
    }

    #[must_use]
    pub fn setting(self, variable: &str, value: &str) -> Stage {
        Stage { sandbox: self.sandbox.with(variable, value), ..self }
    }

    /// The model says something else from now on.
    pub fn play(&self, script: Script) {
        self.server.play(self.agent.name(), script.for_key(KEY));
    }

    /// Writes down with which arguments the agent is started.
    #[must_use]
    pub fn noting_starts(self) -> Stage {
        let path = installed().expect("it was asked before").path().into_string().expect("the path is text");
        let name = Agent::find(self.agent.name(), &Settings::new([]).unwrap(), None).unwrap().program().to_owned();
        let program = std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|program| program.is_file());
        let (notes, program) = (self.sandbox.root().join("starts"), program.expect("it is installed"));
        let note = format!("printf '%s\\n' \"$*\" | tr '\\n' ' ' >> '{0}'; echo >> '{0}'", notes.display());
        self.sandbox.script(&name, &format!("{note}\nexec '{}' \"$@\"", program.display()));
        let with_ours = format!("{}:{path}", self.sandbox.folder("scripts").display());
        self.setting("PATH", &with_ours)
    }

    /// The arguments of every start, a line each.
    pub fn starts(&self) -> Vec<String> {
        let notes = fs::read_to_string(self.sandbox.root().join("starts")).unwrap_or_default();
        notes.lines().map(str::to_owned).collect()
    }

    /// An agent that does not give up by itself is given up on soon.
    #[must_use]
    pub fn not_for_ever(self) -> Stage {
        if self.agent.gives_up { self } else { self.setting("AIFACTORY_RUN_TIMEOUT", "15s") }
    }

    /// A task whose step is through when `work.txt` says `done`.
    #[track_caller]
    pub fn task(&self) -> String {
        let step = Step::new("S1", "work.txt").gate("grep -qx done work.txt");
        self.sandbox.approved("Do the work", &step.text())
    }

    /// Runs the task; it must end like this.
    #[track_caller]
    pub fn run(&self, id: &str, status: &str) -> Ran {
        let ran = self.sandbox.run(&["run", id]);
        assert_eq!(self.sandbox.status(id), status, "{}", self.all(id, &ran));
        ran
    }

    /// Everything that helps to see what happened.
    pub fn all(&self, id: &str, ran: &Ran) -> String {
        let log = self.sandbox.run(&["log", id, "--run", "last"]).all();
        let calls: Vec<String> = self
            .server
            .log()
            .iter()
            .map(|call| format!("{:?} turn {} fault {:?}", call.part, call.turn, call.fault))
            .collect();
        format!("{} {}\n{}\n{log}\n{}", self.agent.name(), self.sandbox.note(id), ran.all(), calls.join("\n"))
    }

    /// The records of the task's runs, oldest first.
    pub fn runs(&self, id: &str) -> Vec<Value> {
        self.sandbox.json(&["review", id])["runs"].as_array().unwrap().clone()
    }

    #[track_caller]
    pub fn last_run(&self, id: &str) -> Value {
        self.runs(id).pop().expect("there is a run")
    }

    /// A file as the task left it in its worktree; nothing where it is not there.
    pub fn file(&self, id: &str, name: &str) -> Option<String> {
        let path = self.sandbox.ok(&["path", id]);
        fs::read_to_string(std::path::Path::new(path.trim()).join(name)).ok()
    }

    /// Starts the run and waits until the model has met the fault once more, and the program knows the conversation; then
    /// it is killed without a warning.
    pub fn kill_at(&self, id: &str, fault: Fault) {
        let (before, known) = (self.server.log().len(), self.runs(id).len());
        let mut run = spawned(&mut self.sandbox.command(&["run", id]));
        eventually("the model has the call", || {
            self.server.log()[before..].iter().any(|call| call.fault == Some(fault))
        });
        eventually("the conversation is on the record", || {
            self.runs(id).get(known).is_some_and(|run| run["conversation"].is_string())
        });
        run.kill();
    }

    /// Processes that began in this sandbox and are still there.
    pub fn left_running(&self) -> Vec<String> {
        let root = self.sandbox.root().to_string_lossy().into_owned();
        let ours = |pid: &str| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&root)
        };
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let pids = pids.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()) && ours(name));
        pids.map(|pid| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().replace('\0', " "))
            .collect()
    }
}

/// One of the few that may play at the same time.
struct Turn;

static PLAYING: Mutex<usize> = Mutex::new(0);
static ONE_IS_THROUGH: Condvar = Condvar::new();

impl Turn {
    fn take() -> Turn {
        let playing = PLAYING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let wait = ONE_IS_THROUGH.wait_while(playing, |playing| *playing >= AT_ONCE);
        *wait.unwrap_or_else(|poisoned| poisoned.into_inner()) += 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *PLAYING.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) -= 1;
        ONE_IS_THROUGH.notify_one();
    }
}
