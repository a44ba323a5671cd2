//! Supervising agents: what it costs when they print as fast as they can.
//!
//! 1, 10 and 100 agents print a million events in all. The alternative reads the same bytes through as many pipes, cuts
//! them into lines, parses each as JSON and writes it to a file, with a thread per agent and nothing else. Lost is what
//! the agents printed and is not in the runs' own files.

use crate::measure::Compared;
use crate::sandbox::{Sandbox, aifactory, in_sandbox, output};
use crate::shared::{script, text};
use crate::states::States;
use crate::table::{Aim, Table};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const EVENTS: usize = 1_000_000;
const EVENTS_QUICK: usize = 100_000;
const LINE: &str = r#"{"event":"text","text":"The parser reads one line after another and never more than that."}"#;
const PLAN: &str = "### S1: Print\n\n- files: work.txt\n- gate: `test -s work.txt`\n\nPrint.\n";

pub fn run(states: &mut States, table: &mut Table) {
    let events = if states.quick { EVENTS_QUICK } else { EVENTS };
    for agents in [1, 10, 100] {
        let sandbox = Sandbox::with_state();
        let each = events / agents;
        let agent = script(
            &sandbox.beside("printer"),
            &format!(
                "yes '{LINE}' | head -n {each}\necho done > work.txt\necho '{{\"event\":\"finished\",\"ok\":true,\"text\":\"\"}}'"
            ),
        );
        let config = format!("[agents.printer]\ncommand = \"{}\"\nreader = \"events\"\n", text(&agent));
        let folder = sandbox.beside(".config").join("aifactory");
        fs::create_dir_all(&folder).expect("a folder for the settings");
        fs::write(folder.join("config.toml"), config).expect("settings can be written");
        let ours = supervise(&sandbox, agents);
        let lost = events - kept(&sandbox);
        let theirs = read_only(&sandbox, &agent, agents);
        let size = format!("{agents} agents, {}k events", events / 1_000);
        let compared = Compared { ours: ours.cpu, theirs: theirs.cpu, ratio: ours.cpu / theirs.cpu };
        table.row("supervising agents / reading their output, CPU", size.clone(), compared, Aim::None);
        let verdict = if ours.memory_kib <= 64 << 10 && lost == 0 { "met" } else { "missed" };
        table.words(
            "supervising agents: resident memory and lost events",
            &size,
            [format!("{} MB, {lost} lost", ours.memory_kib >> 10), String::new()],
            "",
            &format!("≤ 64 MB, 0 lost {verdict}"),
        );
    }
}

struct Cost {
    /// Milliseconds of the one process.
    cpu: f64,
    memory_kib: u64,
}

fn supervise(sandbox: &Sandbox, agents: usize) -> Cost {
    let plan = sandbox.beside("plan.md");
    fs::write(&plan, PLAN).expect("a plan can be written");
    let ids: Vec<String> = (0..agents)
        .map(|number| sandbox.aifactory(&["new", &format!("Print {number}"), "--plan", &text(&plan)]))
        .collect();
    let mut approve = aifactory(&sandbox.repository());
    output(approve.arg("approve").args(&ids));
    let mut command = aifactory(&sandbox.repository());
    command.args(["run", "--quiet", "-j", &agents.to_string()]).args(&ids).env("AIFACTORY_AGENT_DEFAULT", "printer");
    watch(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("aifactory starts"))
}

/// The largest memory and the processor time of a process, looked at until it ends.
fn watch(mut child: Child) -> Cost {
    let mut cost = Cost { cpu: 0.0, memory_kib: 0 };
    let begin = Instant::now();
    while child.try_wait().expect("it can be waited for").is_none() {
        cost = look(child.id()).unwrap_or(cost);
        std::thread::sleep(Duration::from_millis(20));
        assert!(begin.elapsed() < Duration::from_secs(300), "the agents do not end");
    }
    cost
}

fn look(pid: u32) -> Option<Cost> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let ticks = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|field| field.parse::<f64>().ok()).sum();
    Some(Cost { cpu: ticks * 10.0, memory_kib: peak.trim().trim_end_matches(" kB").parse().ok()? })
}

/// Text events in the files of all runs.
fn kept(sandbox: &Sandbox) -> usize {
    let runs = sandbox.repository().join(".git/aifactory/runs");
    let folders = fs::read_dir(runs).expect("there were runs").flatten();
    folders.map(|folder| texts(&folder.path().join("events.jsonl"))).sum()
}

fn texts(path: &Path) -> usize {
    let Ok(file) = fs::File::open(path) else { return 0 };
    BufReader::new(file).lines().map_while(Result::ok).filter(|line| line.contains("\"event\":\"text\"")).count()
}

/// The alternative, in this process; its time is what its threads took.
fn read_only(sandbox: &Sandbox, agent: &Path, agents: usize) -> Cost {
    let before = look(std::process::id()).map_or(0.0, |cost| cost.cpu);
    std::thread::scope(|scope| {
        for number in 0..agents {
            let folder = sandbox.beside(&format!("bare-{number}"));
            fs::create_dir_all(&folder).expect("a folder");
            scope.spawn(move || {
                let mut child = in_sandbox(&text(agent), &folder).stdout(Stdio::piped()).spawn().expect("it starts");
                let mut log = fs::File::create(folder.join("log")).expect("a log");
                for line in BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok) {
                    let event: serde_json::Value = serde_json::from_str(&line).expect("the agent prints JSON");
                    writeln!(log, "{event}").expect("the log can be written");
                }
                child.wait().expect("it ends");
            });
        }
    });
    Cost { cpu: look(std::process::id()).map_or(0.0, |cost| cost.cpu) - before, memory_kib: 0 }
}
