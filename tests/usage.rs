//! What runs used, from the agent's own words to the sums: what nobody reported is never a zero.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use aifactory::host::Host;
use aifactory::model::{Budget, TaskId, Timestamp};
use aifactory::store::Index;
use aifactory::tasks::{Project, Spender, allowance, spent};
use common::{Ran, Sandbox, Step, greeting_plan};
use serde_json::{Value, json};
use snapbox::str;
use std::fs;

const FINISHED: &str = r#"echo '{"event":"finished","ok":true,"text":"done"}'"#;

/// Shell text that reports what a run used.
fn reports(model: &str, usage: &str) -> String {
    format!(
        "echo '{{\"event\":\"session-started\",\"session\":\"c-1\",\"model\":\"{model}\"}}'\n\
         echo '{{\"event\":\"used\",\"usage\":{{{usage}}},\"scope\":\"run\"}}'"
    )
}

/// Agents of all kinds: one that says what it used, one that knows no prices, one that says nothing. All do the work.
fn staffed() -> Sandbox {
    let sandbox = Sandbox::new();
    let work = "echo done > $AIFACTORY_STEP.txt";
    let opus = reports("opus", r#""input_tokens":1200,"cached_tokens":45000,"output_tokens":800,"cost_micros":123400"#);
    let local = reports("qwen3:8b", r#""input_tokens":2000000,"output_tokens":999"#);
    let scripts = [
        ("teller", "events", format!("{opus}\n{work}\n{FINISHED}")),
        ("local", "events", format!("{local}\n{work}\n{FINISHED}")),
        ("mute", "text", work.to_owned()),
    ];
    let mut config = String::new();
    for (name, reader, script) in scripts {
        let path = sandbox.script(name, &script);
        config.push_str(&format!("[agents.{name}]\ncommand = \"{path}\"\nreader = \"{reader}\"\n"));
    }
    fs::write(sandbox.folder("home/config/aifactory").join("config.toml"), config).unwrap();
    sandbox
}

fn plan(steps: usize) -> String {
    let step = |number: usize| Step::new(&format!("S{number}"), &format!("S{number}.txt")).text();
    (1..=steps).map(step).collect::<Vec<_>>().join("\n")
}

/// A new task of as many steps, carried out by that agent. Its id.
#[track_caller]
fn carried_out(sandbox: &Sandbox, title: &str, agent: &str, steps: usize) -> String {
    let id = sandbox.approved(title, &plan(steps));
    sandbox.ok(&["set", &id, &format!("agent={agent}")]);
    sandbox.ok(&["run", &id]);
    id
}

/// A project whose tasks were carried out by all of them, and by a runbook.
fn busy() -> (Sandbox, [String; 4]) {
    let sandbox = staffed();
    let teller = carried_out(&sandbox, "Paint the fence", "teller", 2);
    let mute = carried_out(&sandbox, "Dig a hole", "mute", 1);
    let local = carried_out(&sandbox, "Count the sheep", "local", 1);
    let runbook = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    (sandbox, [teller, mute, local, runbook])
}

/// As on a terminal. How long anything took differs, and so does the width of its column.
fn table(sandbox: &Sandbox, args: &[&str]) -> Ran {
    let mut ran = sandbox.on_terminal(&[&["usage"], args].concat());
    ran.stdout = regex::Regex::new(r" +(TIME|\d+m?s)\b").unwrap().replace_all(&ran.stdout, " [TIME]").into_owned();
    ran
}

#[test]
fn a_project_without_runs_says_so_and_is_well() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["usage"]),
        str![[r#"
stderr: no runs yet
stderr: hint: aifactory run <id> carries out a task

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["usage", "--json"]),
        str![[r#"
{"schema":"aifactory.usage/1","by":"task","since":null,"until":null,"groups":[],"total":{"runs":0,"running":0,"without_model":0,"unknown":0,"unknown_tokens":0,"unknown_cost":0,"time_ms":0,"input_tokens":null,"cached_tokens":null,"output_tokens":null,"cost_micros":null}}

"#]]
    );
    let (sandbox, [teller, ..]) = busy();
    let idle = sandbox.planned("Never begun", &plan(1));
    shows!(
        sandbox,
        sandbox.run(&["usage", &idle]),
        str![[r#"
stderr: no runs of these tasks yet

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["usage", &teller, "--until", "2025-12-31"]),
        str![[r#"
stderr: no run began then

"#]]
    );
}

#[test]
fn what_tasks_used_is_a_table_with_what_is_unknown() {
    let (sandbox, _) = busy();
    shows!(
        sandbox,
        table(&sandbox, &[]),
        str![[r#"
TASK   RUNS  OF THEM [TIME]    INPUT   CACHED   OUTPUT       COST  TITLE
ehdn      2 [TIME]     2.4k    90.0k     1.6k    $0.2468  Paint the fence
nr19      1  1 unknown [TIME]     2.0M  unknown      999    unknown  Count the sheep
t7ms      1  1 unknown [TIME]  unknown  unknown  unknown    unknown  Dig a hole
r3gw      1  no model [TIME]        –        –        –          –  Greet
total     5  2 unknown, 1 no model [TIME]   ≥ 2.0M  ≥ 90.0k   ≥ 2.5k  ≥ $0.2468

"#]]
    );
    shows!(
        sandbox,
        table(&sandbox, &["-n", "1"]),
        str![[r#"
TASK   RUNS  OF THEM [TIME]   INPUT   CACHED  OUTPUT       COST  TITLE
ehdn      2 [TIME]    2.4k    90.0k    1.6k    $0.2468  Paint the fence
total     5  2 unknown, 1 no model [TIME]  ≥ 2.0M  ≥ 90.0k  ≥ 2.5k  ≥ $0.2468
stderr: … and 3 more

"#]]
    );
}

#[test]
fn sums_are_by_agent_model_day_and_phase_too() {
    let (sandbox, _) = busy();
    shows!(
        sandbox,
        table(&sandbox, &["--by", "agent"]),
        str![[r#"
AGENT    RUNS  OF THEM [TIME]    INPUT   CACHED   OUTPUT       COST
teller      2 [TIME]     2.4k    90.0k     1.6k    $0.2468
local       1  1 unknown [TIME]     2.0M  unknown      999    unknown
mute        1  1 unknown [TIME]  unknown  unknown  unknown    unknown
runbook     1  no model [TIME]        –        –        –          –
total       5  2 unknown, 1 no model [TIME]   ≥ 2.0M  ≥ 90.0k   ≥ 2.5k  ≥ $0.2468

"#]]
    );
    shows!(
        sandbox,
        table(&sandbox, &["--by", "model"]),
        str![[r#"
MODEL     RUNS  OF THEM [TIME]    INPUT   CACHED   OUTPUT       COST
opus         2 [TIME]     2.4k    90.0k     1.6k    $0.2468
qwen3:8b     1  1 unknown [TIME]     2.0M  unknown      999    unknown
unknown      1  1 unknown [TIME]  unknown  unknown  unknown    unknown
no model     1  no model [TIME]        –        –        –          –
total        5  2 unknown, 1 no model [TIME]   ≥ 2.0M  ≥ 90.0k   ≥ 2.5k  ≥ $0.2468

"#]]
    );
    shows!(
        sandbox,
        table(&sandbox, &["--by", "phase"]),
        str![[r#"
PHASE  RUNS  OF THEM [TIME]   INPUT   CACHED  OUTPUT       COST
code      5  2 unknown, 1 no model [TIME]  ≥ 2.0M  ≥ 90.0k  ≥ 2.5k  ≥ $0.2468
total     5  2 unknown, 1 no model [TIME]  ≥ 2.0M  ≥ 90.0k  ≥ 2.5k  ≥ $0.2468

"#]]
    );
    let sandbox = sandbox.with("AIFACTORY_TEST_CLOCK", "1767700000000");
    carried_out(&sandbox, "Paint the gate", "teller", 1);
    shows!(
        sandbox,
        table(&sandbox, &["--by", "day"]),
        str![[r#"
DAY         RUNS  OF THEM [TIME]   INPUT    CACHED  OUTPUT       COST
2026-01-01     5  2 unknown, 1 no model [TIME]  ≥ 2.0M   ≥ 90.0k  ≥ 2.5k  ≥ $0.2468
2026-01-06     1 [TIME]    1.2k     45.0k     800    $0.1234
total          6  2 unknown, 1 no model [TIME]  ≥ 2.0M  ≥ 135.0k  ≥ 3.3k  ≥ $0.3702

"#]]
    );
    shows!(
        sandbox,
        table(&sandbox, &["--by", "day", "--since", "today"]),
        str![[r#"
DAY         RUNS [TIME]  INPUT  CACHED  OUTPUT     COST
2026-01-06     1 [TIME]   1.2k   45.0k     800  $0.1234
total          1 [TIME]   1.2k   45.0k     800  $0.1234

"#]]
    );
    let runs = |args: &[&str]| sandbox.json(&[&["usage"], args].concat())["total"]["runs"].clone();
    assert_eq!(runs(&["--until", "2026-01-01"]), 5);
    assert_eq!(runs(&["--until", "3d"]), 5);
    assert_eq!(runs(&["--since", "3d"]), 1);
    assert_eq!(runs(&["--since", "2026-01-01"]), 6);
    assert_eq!(runs(&["--since", "2026-01-02", "--until", "2026-01-03"]), 0);
}

/// Without the times, which differ.
fn untimed(mut answer: Value) -> Value {
    let groups = answer["groups"].as_array_mut().unwrap();
    for tally in groups {
        assert!(tally["time_ms"].as_u64().unwrap() > 0, "{tally}");
        tally["time_ms"] = 1.into();
    }
    answer["total"]["time_ms"] = 1.into();
    answer
}

#[test]
fn programs_get_exact_numbers() {
    let (sandbox, [teller, mute, _, runbook]) = busy();
    let lines = sandbox.ok(&["usage", &teller, &mute, &runbook]);
    let lines: Vec<Vec<&str>> = lines.lines().map(|line| line.split('\t').collect()).collect();
    let without_time = |line: &Vec<&str>| [&line[..3], &line[4..]].concat().join(" ");
    assert_eq!(
        lines.iter().map(without_time).collect::<Vec<_>>(),
        [
            format!("{teller} 2 0 2400 90000 1600 0.246800 Paint the fence"),
            format!("{mute} 1 1 unknown unknown unknown unknown Dig a hole"),
            format!("{runbook} 1 0 0 0 0 0.000000 Greet"),
            "total 4 1 2400 90000 1600 0.246800".to_owned(),
        ]
    );
    assert!(lines.iter().all(|line| line[3].parse::<f64>().unwrap() > 0.0), "{lines:?}");
    let tally = |runs: u64, without_model: u64, unknown: u64, usage: [Option<u64>; 4]| {
        json!({
            "runs": runs, "running": 0, "without_model": without_model, "unknown": unknown,
            "unknown_tokens": unknown, "unknown_cost": unknown, "time_ms": 1, "input_tokens": usage[0],
            "cached_tokens": usage[1], "output_tokens": usage[2], "cost_micros": usage[3],
        })
    };
    let group = |key: &str, title: &str, tally: Value| {
        let mut group = json!({ "key": key, "title": title });
        group.as_object_mut().unwrap().extend(tally.as_object().unwrap().clone());
        group
    };
    let told = [Some(2_400), Some(90_000), Some(1_600), Some(246_800)];
    assert_eq!(
        untimed(sandbox.json(&["usage", &teller, &mute, "--since", "2026-01-01"])),
        json!({
            "schema": "aifactory.usage/1", "by": "task", "since": "2026-01-01T00:00:00.000Z", "until": null,
            "groups": [
                group(&teller, "Paint the fence", tally(2, 0, 0, told)),
                group(&mute, "Dig a hole", tally(1, 0, 1, [None; 4])),
            ],
            "total": tally(3, 0, 1, told),
        })
    );
    let models = sandbox.json(&["usage", "--by", "model"]);
    let keys: Vec<&Value> = models["groups"].as_array().unwrap().iter().map(|group| &group["key"]).collect();
    assert_eq!(keys, [&json!("opus"), &json!("qwen3:8b"), &Value::Null, &Value::Null]);
}

#[test]
fn one_task_shows_what_it_used() {
    let (sandbox, [teller, mute, local, runbook]) = busy();
    let used = |id: &str| {
        let page = sandbox.ok(&["show", id]);
        let line = page.lines().find(|line| line.trim_start().starts_with("used ")).unwrap_or_default().to_owned();
        sandbox.redact(line.trim())
    };
    assert_eq!(used(&teller), "used      94.0k tokens, $0.2468   2 runs in [TIME]");
    assert_eq!(used(&mute), "used      tokens and cost unknown   1 run (1 unknown) in [TIME]");
    assert_eq!(used(&local), "used      2.0M tokens, cost unknown   1 run (1 unknown) in [TIME]");
    assert_eq!(used(&runbook), "");
    let review = sandbox.ok(&["review", "--brief", &teller]);
    assert!(review.contains("47.0k tokens, $0.1234\n"), "{review}");
}

#[test]
fn a_run_that_goes_on_is_counted_and_not_unknown() {
    let sandbox = staffed();
    let script = format!("aifactory usage --json > usage.json\n{}\n{FINISHED}", reports("opus", r#""cost_micros":5"#));
    sandbox.script("teller", &script);
    let id = carried_out(&sandbox, "Look around", "teller", 1);
    let seen = sandbox.ok(&["exec", &id, "--", "cat", "usage.json"]);
    let seen: Value = serde_json::from_str(&seen).unwrap();
    let total = &seen["total"];
    assert_eq!((&total["runs"], &total["running"], &total["unknown"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!((&total["cost_micros"], &total["time_ms"]), (&Value::Null, &json!(0)));
    let total = sandbox.json(&["usage"])["total"].clone();
    assert_eq!(
        (&total["running"], &total["unknown_tokens"], &total["unknown_cost"]),
        (&json!(0), &json!(1), &json!(0))
    );
}

#[test]
fn an_index_made_anew_says_the_same() {
    let (sandbox, [teller, ..]) = busy();
    let all =
        |sandbox: &Sandbox| [["usage", "--by", "task"], ["usage", "--by", "model"]].map(|args| sandbox.json(&args));
    let step_by_step = all(&sandbox);
    for name in fs::read_dir(sandbox.git_dir().join("aifactory")).unwrap().flatten() {
        if name.file_name().to_string_lossy().starts_with("index-") {
            fs::remove_file(name.path()).unwrap();
        }
    }
    assert_eq!(all(&sandbox), step_by_step);
    // A run whose task changes later is still counted once.
    sandbox.ok(&["set", &teller, "title=Paint the whole fence"]);
    assert_eq!(sandbox.json(&["usage"])["total"], step_by_step[0]["total"]);
}

#[test]
fn a_record_that_makes_no_sense_holds_up_no_other() {
    let (sandbox, [teller, mute, ..]) = busy();
    let run = |id: &str| sandbox.task(id)["runs"][0]["id"].as_str().unwrap().to_owned();
    let path = |id: &str| format!("{}/runs/{}.toml", Sandbox::task_folder(id), run(id));
    let (boasting, broken) = (path(&teller), path(&mute));
    let text = sandbox.state_file(&boasting);
    let text = text.replace("cost_micros = 123400", "cost_micros = 9223372036854775807");
    sandbox.edit_state(&boasting, text.as_bytes());
    sandbox.edit_state(&broken, b"agent = {");
    let ran = sandbox.run(&["usage", "--by", "agent"]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(ran.stderr.contains(&broken) && ran.stderr.contains("cannot be read"), "{}", ran.stderr);
    let total = sandbox.json(&["usage"])["total"].clone();
    assert_eq!((&total["runs"], &total["cost_micros"]), (&json!(4), &json!(i64::MAX)));
    // The problem stays as long as the record is as it is, and goes with it.
    sandbox.ok(&["set", &mute, "title=Dig a deeper hole"]);
    assert!(sandbox.run(&["usage"]).stderr.contains(&broken));
    sandbox.edit_state(&broken, text.as_bytes());
    assert_eq!(sandbox.run(&["usage"]).stderr, "");
}

#[test]
fn times_and_groups_that_are_none_are_errors_with_examples() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["usage", "--since", "soon"]),
        str![[r#"
stderr: error: invalid value 'soon' for '--since <WHEN>': a time such as 2h or 7d (ago), today, yesterday, 2026-01-31 or 2026-01-31T12:00:00
stderr: 
stderr: For more information, try '--help'.
exit 2

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["usage", "zzzz"]),
        str![[r#"
stderr: error: there is no task `zzzz`
stderr: hint: to see all tasks: aifactory list --all
exit 3

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["config", "set", "budget.task-cost", "5 eur"]),
        str![[r#"
stderr: error: budget.task-cost: `5 eur` is not an amount of US dollars such as 5, $5.00 or 0.50
stderr: hint: budget.task-cost: what the runs of one task may cost together, unless it has a budget of its own
exit 2

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["config", "set", "budget.day-tokens", "many"]),
        str![[r#"
stderr: error: budget.day-tokens: `many` is not a number such as 200000, 200k or 2M
stderr: hint: budget.day-tokens: how many tokens the runs of one day may use together, read, cached and written
exit 2

"#]]
    );
}

/// What the library says with the clock of now.
fn asked<T>(sandbox: &Sandbox, ask: impl FnOnce(&Project, &Index) -> T) -> T {
    let project = Project::open(&Host::new(sandbox.environment()), &sandbox.repo(), None).unwrap();
    let index = project.store.snapshot().unwrap().index().unwrap();
    ask(&project, &index)
}

#[test]
fn budgets_are_measured_by_the_task_the_day_and_the_project() {
    let (sandbox, [teller, mute, local, _]) = busy();
    let sandbox = sandbox.with("AIFACTORY_TEST_CLOCK", "1767700000000");
    carried_out(&sandbox, "Paint the gate", "teller", 1);
    let today = Timestamp::from_millis(1_767_700_000_000);
    let new_year = Timestamp::parse("2026-01-01T23:59:59Z").unwrap();
    asked(&sandbox, |_, index| {
        let used = |by: Spender| {
            let spent = spent(index, &by).unwrap();
            assert!(spent.time.as_millis() > 0);
            (spent.cost_micros, spent.tokens, spent.unknown_runs)
        };
        let task = |id: &str| Spender::Task(TaskId::parse(id).unwrap());
        assert_eq!(used(task(&teller)), (246_800, 94_000, 0));
        assert_eq!(used(task(&mute)), (0, 0, 1));
        assert_eq!(used(task(&local)), (0, 2_000_999, 1));
        assert_eq!(used(Spender::Day(today)), (123_400, 47_000, 0));
        assert_eq!(used(Spender::Day(new_year)), (246_800, 2_094_999, 2));
        assert_eq!(used(Spender::Project), (370_200, 2_141_999, 2));
    });
    let id = TaskId::parse(&teller).unwrap();
    let check = |own: &str| {
        let own = Budget::parse(own).unwrap();
        let allowed = asked(&sandbox, |project, index| allowance(&project.settings, index, &id, &own, today).unwrap());
        allowed.check(&Default::default(), &Default::default())
    };
    assert_eq!(check(""), None);
    assert_eq!(check("0.20 usd").unwrap(), "the task's budget of $0.20 is used up: $0.2468");
    for (key, value) in [("project-cost", "$0.30"), ("day-tokens", "40k"), ("task-tokens", "90_000")] {
        sandbox.ok(&["config", "set", &format!("budget.{key}"), value]);
    }
    assert_eq!(check("1 usd").unwrap(), "the task's budget of 90k tokens is used up: 94.0k");
    assert_eq!(check("1M tokens").unwrap(), "the day's budget of 40k tokens is used up: 47.0k");
    sandbox.ok(&["config", "unset", "budget.day-tokens"]);
    assert_eq!(
        check("1M tokens").unwrap(),
        "the project's budget of $0.30 is used up: $0.3702, without 2 runs that did not say"
    );
}
