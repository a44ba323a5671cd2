//! How runs of agents end, and what follows: parked, handed on, resumed, or left to a person.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Sandbox, Step, eventually, spawned};
use snapbox::str;
use std::fs;

fn work_plan() -> String {
    Step::new("S1", "work.txt").gate("test -s work.txt").text()
}

const SESSION: &str = r#"echo '{"event":"session-started","session":"c-1"}'"#;
const FINISHED: &str = r#"echo '{"event":"finished","ok":true,"text":"done"}'"#;
const LIMITED: &str = r#"echo '{"event":"finished","ok":false,"cause":"rate-limit","text":"429 Too many requests"}'"#;

/// Agents that speak our events, by name and script. `$COUNT` is a file of their own outside the worktree, with a line
/// per start; `$N` is how often they have been started.
struct Agents {
    settings: String,
    sandbox: Sandbox,
}

fn agents() -> Agents {
    Agents { settings: String::new(), sandbox: Sandbox::new() }
}

impl Agents {
    fn with(mut self, name: &str, script: &str, also: &str) -> Agents {
        let count = self.sandbox.folder("counts").join(name);
        let count = count.display();
        let counted = format!("echo start >> {count}; N=$(wc -l < {count})\n{script}");
        let path = self.sandbox.script(name, &counted);
        self.settings.push_str(&format!("[agents.{name}]\ncommand = \"{path}\"\nreader = \"events\"\n{also}\n"));
        self
    }

    fn ready(self) -> Sandbox {
        let folder = self.sandbox.root().join("home/config/aifactory");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), self.settings).unwrap();
        self.sandbox
            .with("AIFACTORY_AGENT_DEFAULT", "first")
            .with("AIFACTORY_RUN_ATTEMPTS", "1")
            .with("AIFACTORY_RUN_RATE_LIMIT_WAIT", "1s")
    }
}

/// Waiting reason and note of a task.
fn note(sandbox: &Sandbox, id: &str) -> String {
    let task = sandbox.task(id);
    format!("{} {}", task["reason"].as_str().unwrap_or("-"), task["note"].as_str().unwrap_or("-"))
}

const RESUME: &str = "resume-args = [\"resume\", \"{session}\"]";

#[test]
fn a_rate_limit_parks_the_task_and_the_same_run_goes_on_when_it_is_over() {
    let script = format!(
        "{SESSION}\nif [ $N = 1 ]; then {LIMITED}; exit 1; fi\necho \"$@\" > args.txt; cat > work.txt\n{FINISHED}"
    );
    let sandbox = agents().with("first", &script, RESUME).ready().in_real_time();
    let id = sandbox.approved("Do the work", &work_plan());
    let ran = sandbox.run(&["run", &id]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(ran.stderr.contains("parked until"), "{}", ran.all());
    assert_eq!(sandbox.status(&id), "review");
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "args.txt"]), "resume c-1\n");
    let told = sandbox.ok(&["exec", &id, "--", "cat", "work.txt"]);
    assert!(told.contains("The service you use had to pause"), "{told}");
    sandbox.assert_sound();
}

#[test]
fn a_parked_task_stays_parked_when_its_worker_dies_and_a_person_can_end_the_wait() {
    let script = format!("if [ $N = 1 ]; then {LIMITED}; exit 1; fi\necho done > work.txt\n{FINISHED}");
    let sandbox = agents().with("first", &script, "").ready().with("AIFACTORY_RUN_RATE_LIMIT_WAIT", "1h");
    let id = sandbox.approved("Do the work", &work_plan());
    let mut run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("the task is parked", || !sandbox.task(&id)["not_before"].is_null());
    run.kill();
    let waiting = sandbox.run(&["work", "--drain"]);
    assert!(waiting.all().contains("worked on 0 tasks"), "{}", waiting.all());
    shows!(
        sandbox,
        sandbox.run(&["resume", &id]),
        str![[r#"
stderr: resumed ehdn  Do the work  (ready)

"#]]
    );
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.status(&id), "review");
}

#[test]
fn a_refused_log_in_ends_the_agent_at_once_and_says_how_to_log_in() {
    let retry = r#"echo '{"event":"retry","attempt":1,"most":10,"cause":"authentication","text":"401 invalid key"}'"#;
    let agents = agents();
    let marks = agents.sandbox.marks();
    let script = format!("{}\n{SESSION}\n{retry}\nsleep 600", marks.here());
    let sandbox = agents.with("first", &script, "login = \"first login\"").ready();
    let id = sandbox.approved("Do the work", &work_plan());
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Do the work                       claimed, on branch aifactory/ehdn0jyj9c-do-the-work
stderr: ehdn  Do the work                       worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Do the work                       step 1/1  S1: Change work.txt
stderr: ehdn  Do the work                       waiting  authentication: step S1 not logged in: first: 401 invalid key; to log in: first login
stderr: hint: log in, then aifactory retry ehdn --run
exit 4

"#]]
    );
    assert_eq!(
        note(&sandbox, &id),
        "authentication step S1 not logged in: first: 401 invalid key; to log in: first login"
    );
    assert!(marks.alive().is_empty());
}

#[test]
fn another_agent_steps_in_with_a_recap_and_the_partial_work() {
    let first = format!(
        "echo half > half.txt\necho '{{\"event\":\"text\",\"text\":\"I began with half.txt\"}}'\n{LIMITED}\nexit 1"
    );
    let second = format!("cat > prompt.txt; cp half.txt work.txt\n{FINISHED}");
    let sandbox = agents()
        .with("first", &first, "")
        .with("second", &second, "")
        .with("third", FINISHED, "")
        .ready()
        .with("AIFACTORY_AGENT_FALLBACK", "second\nthird");
    let id = sandbox.approved("Do the work", &work_plan());
    let ran = sandbox.run(&["run", &id]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(ran.stderr.contains("second steps in: step S1 rate limited: first: 429"), "{}", ran.all());
    let prompt = sandbox.ok(&["exec", &id, "--", "cat", "prompt.txt"]);
    assert!(prompt.contains("# What happened before") && prompt.contains("I began with half.txt"), "{prompt}");
    let runs = sandbox.json(&["review", &id])["runs"].clone();
    let agents: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["agent"].as_str().unwrap()).collect();
    assert_eq!(agents, ["first", "second"]);
}

#[test]
fn what_people_said_reaches_the_agent_that_steps_in() {
    let second = format!("cat > prompt.txt; echo done > work.txt\n{FINISHED}");
    let sandbox = agents().with("first", &format!("{LIMITED}\nexit 1"), "").with("second", &second, "");
    let sandbox = sandbox.ready().with("AIFACTORY_AGENT_FALLBACK", "second");
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.ok(&["say", &id, "use port 8080"]);
    sandbox.ok(&["run", &id]);
    let prompt = sandbox.ok(&["exec", &id, "--", "cat", "prompt.txt"]);
    assert!(prompt.contains("use port 8080"), "{prompt}");
}

#[test]
fn work_that_was_there_before_a_question_is_work() {
    let script = format!(
        "{SESSION}\nif [ \"$1\" != resume ]; then echo done > work.txt; aifactory ask 'Is that all?'; fi\n{FINISHED}"
    );
    let sandbox = agents().with("first", &script, RESUME).ready();
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.run(&["run", &id]);
    sandbox.ok(&["answer", &id, "yes"]);
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.status(&id), "review");
}

#[test]
fn a_run_that_got_through_is_not_undone_by_what_it_cost() {
    let used = r#"echo '{"event":"used","scope":"run","usage":{"cost_micros":5000000}}'"#;
    let finished = format!("echo done > work.txt\n{FINISHED}\n{used}");
    let sandbox = agents().with("first", &finished, "").ready();
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.ok(&["set", &id, "budget=4 usd"]);
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.status(&id), "review");

    let finished = format!("echo draft > draft.txt\n{FINISHED}\n{used}");
    let sandbox = agents().with("first", &finished, "").ready().with("AIFACTORY_RUN_ATTEMPTS", "3");
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.ok(&["set", &id, "budget=4 usd"]);
    sandbox.fails(&["run", &id], 4);
    let said = "budget first: the task's budget of $4.00 is used up: $5.00; gate failed: test -s work.txt, exit 1";
    assert_eq!(note(&sandbox, &id), said);
    let runs = sandbox.json(&["review", &id])["runs"].clone();
    assert_eq!((runs.as_array().unwrap().len(), &runs[0]["outcome"]), (1, &"budget".into()));
}

#[test]
fn a_last_word_of_any_length_is_recorded() {
    let long = r#"printf '{"event":"finished","ok":false,"text":"'; head -c 2000000 /dev/zero | tr '\0' x; echo '"}'"#;
    let sandbox = agents().with("first", long, "").ready();
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.run(&["run", &id]);
    assert_eq!(sandbox.status(&id), "waiting: agent-failed");
    assert!(sandbox.note(&id).len() < 10_000);
}

#[test]
fn an_agent_for_one_command_wins_over_all_others_and_must_be_there() {
    let work = |text: &str| format!("echo {text} > work.txt\n{FINISHED}");
    let sandbox = agents().with("first", &work("1"), "").with("second", &work("2"), "").with("third", &work("3"), "");
    let sandbox = sandbox.ready().with("AIFACTORY_AGENT_CODE", "second");
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.ok(&["set", &id, "agent=first"]);
    shows!(
        sandbox,
        sandbox.run(&["run", &id, "--agent", "tihrd"]),
        str![[r#"
stderr: error: there is no agent `tihrd`
stderr: hint: aifactory agents lists those that are known
stderr: hint: to define it: [agents.tihrd] in .aifactory/config.toml or your own config.toml
exit 2

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["run", &id, "--agent", "vibe#high"]),
        str![[r#"
stderr: error: `vibe#high`: the agent vibe takes no effort, so it cannot be run with high
stderr: hint: its record says how it is told: agents.vibe.effort-args
exit 2

"#]]
    );
    assert_eq!(sandbox.status(&id), "ready");
    sandbox.ok(&["run", &id, "--agent", "third"]);
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "work.txt"]), "3\n");
    assert_eq!(sandbox.task(&id)["runs"][0]["agent"], "third");
}

#[test]
fn an_agent_that_is_not_installed_is_passed_over_or_named_with_its_install_command() {
    let second = format!("echo done > work.txt\n{FINISHED}");
    let mut agents = agents().with("second", &second, "");
    agents
        .settings
        .push_str("[agents.first]\ncommand = \"no-such-agent\"\ninstall = \"npm install -g no-such-agent\"\n");
    let sandbox = agents.ready();
    let id = sandbox.approved("Do the work", &work_plan());
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Do the work                       claimed, on branch aifactory/ehdn0jyj9c-do-the-work
stderr: ehdn  Do the work                       worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Do the work                       error: the agent first needs `no-such-agent`, which is not installed
stderr:       hint: to install it: npm install -g no-such-agent
stderr:       hint: to use another one: aifactory set ehdn0jyj9c agent=runbook
exit 1

"#]]
    );
    let sandbox = sandbox.with("AIFACTORY_AGENT_FALLBACK", "second");
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.status(&id), "review");
}

#[test]
fn what_was_denied_is_said_when_nothing_came_of_the_run() {
    let denied = r#"echo '{"event":"permission-asked","tool":"Bash","summary":"make","allowed":false}'"#;
    let sandbox = agents().with("first", &format!("{denied}\n{FINISHED}"), "").ready();
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.fails(&["run", &id], 4);
    assert_eq!(
        note(&sandbox, &id),
        "no-work step S1 no work: first ended well and changed nothing; it was not allowed: Bash make"
    );
}

#[test]
fn a_stream_that_is_cut_off_is_no_success_even_with_exit_code_0_and_work() {
    let sandbox = agents().with("first", &format!("{SESSION}\necho done > work.txt"), "").ready();
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.fails(&["run", &id], 4);
    assert!(note(&sandbox, &id).starts_with("agent-failed step S1 failed: first ended without its last event"));
}

#[test]
fn after_kill_9_the_same_conversation_goes_on() {
    let sandbox = agents();
    let marks = sandbox.sandbox.marks();
    let script = format!(
        "{SESSION}\nif [ $N = 1 ]; then echo half > half.txt; {}; sleep 600; fi\n\
         echo \"$@\" > args.txt; cat > work.txt\n{FINISHED}",
        marks.here()
    );
    let sandbox = sandbox.with("first", &script, RESUME).ready();
    let id = sandbox.approved("Do the work", &work_plan());
    let mut run = spawned(&mut sandbox.command(&["run", &id]));
    let recorded = || sandbox.json(&["review", &id])["runs"][0]["conversation"] == "c-1";
    eventually("the conversation is on the record", || !marks.pids().is_empty() && recorded());
    run.kill();
    eventually("nothing of it is left", || marks.alive().is_empty());
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "args.txt"]), "resume c-1\n");
    let told = sandbox.ok(&["exec", &id, "--", "cat", "work.txt"]);
    assert!(told.contains("the program that started you died"), "{told}");
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "half.txt"]), "half\n");
    sandbox.assert_sound();
}

#[test]
fn a_conversation_that_cannot_be_taken_up_is_begun_anew_with_a_recap() {
    let script = format!(
        "case \"$1$N\" in\nresume*) echo 'no conversation found' >&2; exit 1;;\n*1) {SESSION}; {LIMITED}; exit 1;;\nesac\n\
         cat > work.txt\n{FINISHED}"
    );
    let sandbox = agents().with("first", &script, RESUME).ready().in_real_time();
    let id = sandbox.approved("Do the work", &work_plan());
    let ran = sandbox.run(&["run", &id]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(ran.stderr.contains("could not take up its conversation"), "{}", ran.all());
    let told = sandbox.ok(&["exec", &id, "--", "cat", "work.txt"]);
    assert!(told.contains("# What happened before") && told.contains("no conversation found"), "{told}");
}

#[test]
fn a_total_over_several_runs_is_not_counted_twice() {
    let used = |tokens: u64| {
        format!(r#"echo '{{"event":"used","scope":"session","usage":{{"input_tokens":{tokens},"output_tokens":1}}}}'"#)
    };
    let script = format!(
        "{SESSION}\nif [ $N = 1 ]; then {}; {LIMITED}; exit 1; fi\n{}\necho done > work.txt\n{FINISHED}",
        used(3700),
        used(6100)
    );
    let sandbox = agents().with("first", &script, RESUME).ready().in_real_time();
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.ok(&["run", &id]);
    let runs = sandbox.json(&["review", &id])["runs"].clone();
    let tokens: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["usage"]["input_tokens"].clone()).collect();
    assert_eq!(tokens, [3700, 2400]);
}

#[test]
fn the_first_full_run_asks_once_and_less_asks_nothing() {
    let permission = "permission.full = { args = [\"--all\"] }\npermission.edit = { args = [\"--some\"] }";
    let sandbox = agents().with("first", &format!("echo \"$@\" > work.txt\n{FINISHED}"), permission).ready();
    let id = sandbox.approved("Do the work", &work_plan());
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: Agents with the permission `full` execute commands on this machine without asking, with your user's rights.
stderr: What keeps them apart from the rest is their own git worktree and the sandbox you choose.
stderr: Use this with code and tasks that you trust. Less is possible, and a wall around it:
stderr:   aifactory config set agent.permission edit
stderr:   aifactory config set sandbox.kind bwrap
stderr: error: nobody is here to say yes to agents that run commands
stderr: hint: aifactory trust --full --yes
stderr: hint: or let them only change files: aifactory config set agent.permission edit
exit 4

"#]]
    );
    assert_eq!(sandbox.status(&id), "ready");
    sandbox.ok(&["set", &id, "permission=edit"]);
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "work.txt"]), "--some\n");
    let other = sandbox.approved("Do more", &work_plan());
    shows!(
        sandbox,
        sandbox.run(&["trust", "--full", "--yes"]),
        str![[r#"
stderr: Agents with the permission `full` execute commands on this machine without asking, with your user's rights.
stderr: What keeps them apart from the rest is their own git worktree and the sandbox you choose.
stderr: Use this with code and tasks that you trust. Less is possible, and a wall around it:
stderr:   aifactory config set agent.permission edit
stderr:   aifactory config set sandbox.kind bwrap
stderr: agents may run commands here

"#]]
    );
    sandbox.ok(&["run", &other]);
    assert_eq!(sandbox.ok(&["exec", &other, "--", "cat", "work.txt"]), "--all\n");
    let third = sandbox.approved("And more", &work_plan());
    sandbox.ok(&["run", &third]);
}

#[test]
fn a_worker_that_nobody_can_ask_leaves_full_runs_waiting_for_trust() {
    let permission = "permission.full = { args = [] }";
    let sandbox = agents().with("first", &format!("echo done > work.txt\n{FINISHED}"), permission).ready();
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.run(&["work", "--drain"]);
    assert_eq!(sandbox.status(&id), "waiting: trust");
    sandbox.ok(&["trust", "--full", "--yes"]);
    assert_eq!(sandbox.status(&id), "ready");
}

const USED: &str =
    r#"echo '{"event":"used","scope":"run","usage":{"input_tokens":1200,"output_tokens":50,"cost_micros":2500000}}'"#;

#[test]
fn a_budget_ends_the_agent_between_two_tools_and_a_person_lets_it_go_on() {
    let start = r#"echo '{"event":"tool-started","summary":"make"}'"#;
    let end = r#"echo '{"event":"tool-ended","ok":true,"summary":"make"}'"#;
    let script = format!(
        "{SESSION}\nif [ $N = 1 ]; then {start}; {USED}; echo half > half.txt; {end}; sleep 600; fi\n\
         {USED}\necho \"$@\" > work.txt\n{FINISHED}"
    );
    let sandbox = agents().with("first", &script, RESUME).ready();
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.ok(&["set", &id, "budget=2 usd"]);
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Do the work                       claimed, on branch aifactory/ehdn0jyj9c-do-the-work
stderr: ehdn  Do the work                       worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Do the work                       step 1/1  S1: Change work.txt
stderr: ehdn  Do the work                       waiting  budget: first: the task's budget of $2.00 is used up: $2.50
stderr: hint: aifactory usage ehdn, then aifactory set ehdn budget="…" and aifactory retry ehdn
exit 4

"#]]
    );
    assert_eq!(sandbox.status(&id), "waiting: budget");
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "half.txt"]), "half\n");
    sandbox.ok(&["retry", &id]);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(note(&sandbox, &id), "budget the task's budget of $2.00 is used up: $2.50");
    sandbox.ok(&["set", &id, "budget=10 usd"]);
    sandbox.ok(&["retry", &id, "--run"]);
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "work.txt"]), "resume c-1\n");
}

#[test]
fn the_budget_of_the_day_holds_for_all_tasks() {
    let sandbox = agents()
        .with("first", &format!("{USED}\necho done > work.txt\n{FINISHED}"), "")
        .ready()
        .with("AIFACTORY_BUDGET_DAY_COST", "$3");
    let ids: Vec<String> = (0..3).map(|n| sandbox.approved(&format!("Work {n}"), &work_plan())).collect();
    sandbox.ok(&["run", &ids[0]]);
    sandbox.fails(&["run", &ids[1]], 4);
    assert_eq!(sandbox.status(&ids[1]), "waiting: budget");
    sandbox.fails(&["run", &ids[2]], 4);
    assert!(note(&sandbox, &ids[2]).starts_with("budget the day's budget of $3.00 is used up: $5.00"));
    let usage = sandbox.json(&["usage"]);
    assert_eq!(usage["total"]["cost_micros"], 5_000_000, "{usage}");
}

#[test]
fn runs_beside_each_other_share_the_budget_of_the_day() {
    let sandbox = agents()
        .with("first", &format!("{USED}\nsleep 600"), "")
        .ready()
        .in_real_time()
        .with("AIFACTORY_RUN_TIMEOUT", "30s")
        .with("AIFACTORY_BUDGET_DAY_COST", "$3");
    let ids = [0, 1].map(|n| sandbox.approved(&format!("Work {n}"), &work_plan()));
    sandbox.fails(&["run", &ids[0], &ids[1], "-j", "2"], 4);
    for id in &ids {
        assert_eq!(note(&sandbox, id), "budget first: the day's budget of $3.00 is used up: $5.00");
    }
}

#[test]
fn a_budget_that_is_none_is_refused_with_an_example() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "A task"]).trim().to_owned();
    shows!(
        sandbox,
        sandbox.run(&["set", &id, "budget=much"]),
        str![[r#"
stderr: error: `much` is neither money nor tokens nor a time
stderr: hint: a budget is written like "5 usd, 200k tokens, 30m"
exit 2

"#]]
    );
}
