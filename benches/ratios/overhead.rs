//! What aifactory adds to an agent's run: claim, worktree, supervision, transcript, gate, evidence and commits.
//!
//! The alternative is the same agent with the same prompt in a worktree that is there already, its output going to a
//! file. Both hear the same scripted model. Real agents are those that are found in PATH; one that does nothing but two
//! calls and one file is always there, and shows the whole cost of a run.

use crate::common::model::{ModelServer, Script, Turn};
use crate::common::real::{RealAgent, find};
use crate::measure::{Compared, compare, wall};
use crate::sandbox::{Sandbox, aifactory, drain, in_sandbox};
use crate::shared::{script, text};
use crate::states::States;
use crate::table::{Aim, Table};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

/// With this argument the bench is the smallest agent there can be, and the next one is the model's address.
pub const CHILD: &str = "--agent-child";

const KEY: &str = "sk-scripted-right";
const PROMPT: &str = "Write a line that says done into work.txt.";
const PLAN: &str = "### S1: Write\n\n- files: work.txt\n- gate: `grep -qx done work.txt`\n\nWrite a line that says done into work.txt.\n";
const NO_NETWORK: &[(&str, &str)] =
    &[("HTTPS_PROXY", "http://127.0.0.1:9"), ("HTTP_PROXY", "http://127.0.0.1:9"), ("NO_PROXY", "127.0.0.1,localhost")];

/// A real agent, and how a person has it carry out one prompt in a script. A folder that was never seen is trusted.
struct Bare {
    agent: &'static RealAgent,
    words: &'static [&'static str],
}

const TRUSTED: (&str, &str) = ("GEMINI_CLI_TRUST_WORKSPACE", "true");

fn real_agents() -> [Bare; 4] {
    let bare = |name, words| Bare { agent: find(name), words };
    [
        bare("claude_print", &["claude", "-p", "--permission-mode", "bypassPermissions"]),
        bare("codex", &["codex", "exec", "--json", "--dangerously-bypass-approvals-and-sandbox"]),
        bare("pi", &["pi", "-p", "--mode", "json", "--model", "scripted/scripted"]),
        bare("gemini", &["gemini", "-m", "gemini-2.5-flash", "--approval-mode", "yolo", "-p"]),
    ]
}

pub fn run(_: &mut States, table: &mut Table) {
    let server = ModelServer::start();
    smallest(&server, table);
    for bare in real_agents() {
        match version(bare.words[0]) {
            Some(version) => real(&server, &bare, &version, table),
            None => eprintln!("  {} is not in PATH: left out", bare.words[0]),
        }
    }
}

fn smallest(server: &ModelServer, table: &mut Table) {
    let sandbox = Sandbox::with_state();
    let url = server.play("smallest", played());
    let this = std::env::current_exe().expect("the bench has a path");
    let agent = script(&sandbox.beside("smallest"), &format!("exec '{}' {CHILD} {url}", text(&this)));
    let record = format!("[agents.smallest]\ncommand = \"{}\"\nreader = \"events\"\n", text(&agent));
    let compared = Sides { sandbox: &sandbox, variables: Vec::new(), choice: "smallest" }
        .compare(&record, || in_sandbox(&text(&agent), &sandbox.repository()));
    tell(table, "two calls and one file", compared);
}

fn real(server: &ModelServer, bare: &Bare, version: &str, table: &mut Table) {
    let sandbox = Sandbox::with_state();
    let url = server.play(bare.agent.name(), played());
    let filled = |text: &str| text.replace("{url}", &url).replace("{key}", KEY);
    for (path, text) in bare.agent.files {
        let path = sandbox.beside(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(path, filled(text)).expect("a file can be written");
    }
    let fill = |(name, value): &(&'static str, &str)| (*name, filled(value));
    let set: Vec<_> = NO_NETWORK.iter().chain(bare.agent.quick).map(fill).collect();
    let mut variables: Vec<_> = bare.agent.variables.iter().map(fill).collect();
    let lines: Vec<String> = set.iter().map(|(name, value)| format!("{name} = \"{value}\"")).collect();
    let record = format!("[agents.{0}]\nbase = \"{0}\"\nset = {{ {1} }}\n", bare.agent.name(), lines.join(", "));
    variables.extend(set);
    let (program, words) = bare.words.split_first().expect("a program");
    let compared = Sides { sandbox: &sandbox, variables, choice: bare.agent.choice }.compare(&record, || {
        let mut command = in_sandbox(program, &sandbox.repository());
        command.args(words).arg(PROMPT).env(TRUSTED.0, TRUSTED.1);
        command
    });
    tell(table, &format!("{} {version}", bare.words[0]), compared);
}

fn tell(table: &mut Table, size: &str, compared: Compared) {
    table.row("a task of one step by `aifactory run` / the bare agent", size, compared, Aim::None);
}

struct Sides<'s> {
    sandbox: &'s Sandbox,
    variables: Vec<(&'static str, String)>,
    choice: &'s str,
}

impl Sides<'_> {
    /// `record` is ours about the agent; `bare` starts it without us.
    fn compare(&self, record: &str, mut bare: impl FnMut() -> Command) -> Compared {
        let folder = self.sandbox.beside(".config/aifactory");
        fs::create_dir_all(&folder).expect("a folder for the settings");
        fs::write(folder.join("config.toml"), record).expect("settings can be written");
        let plan = self.sandbox.beside("plan.md");
        fs::write(&plan, PLAN).expect("a plan can be written");
        let mut turn = 0;
        let ours = || {
            let id = self.sandbox.aifactory(&["new", "Write", "--plan", &text(&plan)]);
            self.sandbox.aifactory(&["approve", &id]);
            let mut run = aifactory(&self.sandbox.repository());
            run.args(["run", "--quiet", &id]).envs(self.variables.iter().cloned());
            run.envs([("AIFACTORY_AGENT_DEFAULT", self.choice), ("AIFACTORY_TRUST_FULL", "yes")]);
            let cost = wall(1, || drain(&mut run));
            assert!(self.sandbox.aifactory(&["show", &id]).contains("review"), "the task was carried out");
            cost
        };
        let theirs = || {
            turn += 1;
            let worktree = self.sandbox.beside(&format!("bare-{turn}"));
            self.sandbox.git(&["worktree", "add", "--quiet", "-b", &format!("bare-{turn}"), &text(&worktree)]);
            let log = File::create(self.sandbox.beside("bare.log")).expect("a log can be made");
            let mut command = bare();
            command.current_dir(&worktree).envs(self.variables.iter().cloned()).stdout(log);
            let cost = wall(1, || {
                command.stderr(Stdio::null()).status().expect("the agent starts");
            });
            let work = fs::read_to_string(worktree.join("work.txt")).unwrap_or_default();
            assert_eq!(work, "done\n", "the agent did its work");
            cost
        };
        compare(ours, theirs)
    }
}

fn played() -> Script {
    let writing = Turn::say("I will write the file.").write("work.txt", "done\n").tokens(1200, 300, 40);
    Script::new([writing, Turn::say("Done: the file is written.").tokens(1300, 900, 12)]).for_key(KEY)
}

/// What the program says about itself, where it is installed.
fn version(program: &str) -> Option<String> {
    let said = Command::new(program).arg("--version").output().ok()?;
    let said = String::from_utf8_lossy(if said.stdout.is_empty() { &said.stderr } else { &said.stdout }).into_owned();
    said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
}

/// The smallest agent: asks the model twice, writes the file, says so.
pub fn child(words: &[String]) {
    let url = words.first().expect("an address");
    let (address, path) = url.trim_start_matches("http://").split_once('/').expect("an address with a path");
    for messages in
        [r#"[{"role":"user","content":"x"}]"#, r#"[{"role":"user","content":"x"},{"role":"user","content":"y"}]"#]
    {
        let body = format!(r#"{{"model":"scripted","stream":true,"messages":{messages}}}"#);
        let mut stream = TcpStream::connect(address).expect("the model is there");
        let head = format!(
            "POST /{path}/v1/chat/completions HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {KEY}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).expect("the model listens");
        stream.read_to_end(&mut Vec::new()).expect("the model answers");
    }
    fs::write(Path::new("work.txt"), "done\n").expect("the work can be written");
    println!(r#"{{"event":"finished","ok":true,"text":""}}"#);
}
