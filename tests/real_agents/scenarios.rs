//! What happens to every agent sooner or later, and what must come of it.

use super::agents::{BelowFull, RealAgent};
use super::common::model::{Fault, Script, Turn};
use super::common::{Marks, Spawned, Step, eventually, spawned};
use super::stage::{KEY, Stage};
use serde_json::Value;
use std::time::Instant;

type Agent = &'static RealAgent;

fn writing() -> Turn {
    Turn::say("I will write the file.").write("work.txt", "done\n").tokens(1200, 300, 40)
}

fn ending() -> Turn {
    Turn::say("Done: the file is written.").tokens(1300, 900, 12)
}

fn good() -> Script {
    Script::new([writing(), ending()])
}

fn tokens(run: &Value) -> [Option<u64>; 3] {
    ["input_tokens", "cached_tokens", "output_tokens"].map(|name| run["usage"][name].as_u64())
}

/// What the two answers of a good script are counted as.
fn tokens_of_good(agent: Agent) -> [Option<u64>; 3] {
    match agent.counts_every_call {
        true => [Some(2500), Some(1200), Some(52)],
        false => [Some(1300), Some(900), Some(12)],
    }
}

pub fn a_task_is_carried_out(agent: Agent) {
    let Some(stage) = Stage::set(agent, good()) else { return };
    let id = stage.task();
    stage.run(&id, "review");
    let run = stage.last_run(&id);
    assert!(run["conversation"].as_str().is_some_and(|name| !name.is_empty()), "{run}");
    assert_eq!(tokens(&run), tokens_of_good(agent), "{run}");
    assert_eq!(stage.left_running(), [""; 0]);
}

pub fn it_edits_and_runs_a_command_and_the_gate_passes(agent: Agent) {
    let edit = Turn::say("A script first.").write("sum.sh", "echo $((40 + 2))\n");
    let test = Turn::say("Now I run it.").bash("sh sum.sh > work.txt");
    let Some(stage) = Stage::set(agent, Script::new([edit, test, ending()])) else { return };
    let step = Step::new("S1", "sum.sh, work.txt").gate("grep -qx 42 work.txt");
    let id = stage.sandbox.approved("Add", &step.text());
    stage.run(&id, "review");
    let log = stage.sandbox.ok(&["log", &id, "--run", "last"]);
    assert!(log.contains("Now I run it.") && log.contains("sh sum.sh"), "{log}");
    let changed = stage.sandbox.git(&["diff", "--name-only", "main", &format!("aifactory/{id}-add")]);
    assert_eq!(changed, "sum.sh\nwork.txt\n");
}

pub fn two_refusals_for_lack_of_time_are_waited_out(agent: Agent) {
    let Some(stage) = Stage::set(agent, good().failing_times(2, Fault::rate_limit())) else { return };
    let id = stage.task();
    stage.run(&id, "review");
    assert_eq!(stage.server.log().iter().filter(|call| call.fault.is_some()).count(), 2);
}

pub fn a_service_that_is_broken_is_given_up_on(agent: Agent) {
    let Some(stage) = Stage::set(agent, good().failing(Fault::status(500))) else { return };
    let stage = stage.not_for_ever();
    let id = stage.task();
    stage.run(&id, "waiting: agent-failed");
    assert!(stage.server.calls() < 20, "{} calls", stage.server.calls());
    let outcome = if agent.gives_up { "failed" } else { "timed-out" };
    assert_eq!(stage.last_run(&id)["outcome"], outcome);
    // Why, in the agent's words; each has its own.
    let note = stage.sandbox.note(&id);
    assert!(!agent.gives_up || note.contains(&format!("{}: ", agent.name())), "{note}");
    assert_eq!(stage.left_running(), [""; 0]);
}

pub fn a_wrong_key_asks_for_a_person_at_once(agent: Agent) {
    let Some(stage) = Stage::with_key(agent, good(), "sk-scripted-wrong") else { return };
    let id = stage.task();
    stage.run(&id, "waiting: authentication");
    assert_eq!(stage.file(&id, "work.txt"), None);
    assert!(!stage.sandbox.note(&id).contains("sk-scripted-wrong"), "{}", stage.sandbox.note(&id));
}

pub fn a_service_that_never_answers_is_not_waited_for(agent: Agent) {
    let Some(stage) = Stage::set(agent, good().failing(Fault::HangBeforeHeaders)) else { return };
    let stage = stage.setting("AIFACTORY_RUN_SILENCE", "6s");
    let id = stage.task();
    let started = Instant::now();
    stage.run(&id, "waiting: agent-failed");
    assert_eq!(stage.last_run(&id)["outcome"], "stalled");
    assert!(started.elapsed().as_secs() < 25, "{:?}", started.elapsed());
    assert_eq!(stage.left_running(), [""; 0]);
}

pub fn a_stream_that_always_breaks_is_no_success(agent: Agent) {
    never_whole(agent, Fault::Cut);
}

pub fn a_stream_that_always_ends_too_early_is_no_success(agent: Agent) {
    never_whole(agent, Fault::EndEarly);
}

fn never_whole(agent: Agent, fault: Fault) {
    // Some take what came for the whole answer and go on from there.
    let Some(stage) = Stage::set(agent, good().by_count().failing(fault)) else { return };
    let stage = stage.not_for_ever();
    let id = stage.task();
    let ran = stage.sandbox.run(&["run", &id]);
    let status = stage.sandbox.status(&id);
    assert!(["waiting: agent-failed", "waiting: no-work"].contains(&status.as_str()), "{status}\n{}", ran.all());
    assert_eq!(stage.file(&id, "work.txt"), None);
}

pub fn what_is_not_permitted_is_not_done_and_said(agent: Agent) {
    let Some(stage) = Stage::set(agent, good()) else { return };
    let outside = stage.sandbox.root().join("outside.txt");
    let tried = Turn::say("Now I run something.").bash(&format!("sh -c 'echo ran > {}'", outside.display()));
    if agent.below_full != BelowFull::NotOffered {
        stage.server.play(agent.name(), Script::new([writing(), tried, ending()]).for_key(KEY));
    }
    let id = stage.task();
    stage.sandbox.ok(&["set", &id, "permission=edit"]);
    stage.run(&id, if agent.below_full == BelowFull::DeniedWithEdits { "waiting: no-work" } else { "review" });
    assert!(!outside.exists());
    let run = stage.last_run(&id);
    assert_eq!(run["permission"], "edit");
    match agent.below_full {
        BelowFull::Denied | BelowFull::DeniedWithEdits => {
            assert!(run["denied"].to_string().contains("outside.txt"), "{run}")
        }
        BelowFull::NotOffered => assert!(stage.server.log().iter().all(|call| !call.offers_commands)),
        // Of a command that fails at once it says nothing in its stream; the model was told.
        BelowFull::Fails => assert_eq!(stage.server.calls(), 3),
    }
}

pub fn a_budget_pauses_it_and_more_of_it_lets_it_go_on(agent: Agent) {
    let draft = Turn::say("A draft first.").write("draft.txt", "draft\n").tokens(1200, 300, 40);
    let Some(stage) = Stage::set(agent, Script::new([draft, ending()])) else { return };
    let id = stage.task();
    stage.sandbox.ok(&["set", &id, "budget=1k tokens"]);
    stage.run(&id, "waiting: budget");
    assert_eq!(stage.left_running(), [""; 0]);
    // How far it came before its usage was known is not the same for all.
    stage.server.play(agent.name(), good().for_key(KEY).by_count());
    stage.sandbox.ok(&["set", &id, "budget=1m tokens"]);
    stage.sandbox.ok(&["retry", &id]);
    stage.run(&id, "review");
    let runs = stage.runs(&id);
    assert_eq!((runs.len(), &runs[0]["outcome"]), (2, &"budget".into()), "{runs:?}");
}

pub fn a_question_is_answered_in_the_same_conversation(agent: Agent) {
    let ask = Turn::say("I have to ask.").bash("aifactory ask 'Which fruit is it?'");
    let wait = Turn::say("I wait for the answer.");
    let Some(stage) = Stage::set(agent, Script::new([ask, wait, writing(), ending()])) else { return };
    let id = stage.task();
    stage.run(&id, "waiting: question");
    assert!(stage.sandbox.note(&id).contains("Which fruit is it?"), "{}", stage.sandbox.note(&id));
    stage.sandbox.ok(&["answer", &id, "a plum"]);
    stage.run(&id, "review");
    assert!(stage.server.has_read("a plum"));
    let runs = stage.runs(&id);
    assert_eq!(runs[0]["conversation"], runs[1]["conversation"]);
    assert_eq!(tokens(&runs[1]), tokens_of_good(agent), "{}", runs[1]);
}

pub fn what_was_killed_goes_on_where_it_was(agent: Agent) {
    let first = Turn::say("A draft first.").write("draft.txt", "draft\n");
    let second = writing().failing_times(1, Fault::HangBeforeHeaders);
    // Some put a turn of their own between what was before and what comes now.
    let Some(stage) = Stage::set(agent, Script::new([first, second, ending()]).by_count()) else { return };
    let id = stage.task();
    stage.kill_at(&id, Fault::HangBeforeHeaders);
    let before = stage.server.log().len();
    stage.run(&id, "review");
    let runs = stage.runs(&id);
    assert_eq!(runs.len(), 2);
    assert_eq!((&runs[0]["outcome"], &runs[1]["resumed"]), (&"interrupted".into(), &true.into()), "{runs:?}");
    assert_eq!(runs[0]["conversation"], runs[1]["conversation"]);
    assert_eq!(stage.file(&id, "draft.txt").as_deref(), Some("draft\n"));
    let log = stage.server.log();
    let mut later = log[before..].iter().filter(|call| call.is_main);
    assert!(later.all(|call| call.body.to_string().contains("A draft first.")), "it remembers nothing");
    assert_eq!(stage.left_running(), [""; 0]);
}

/// The agent runs a tool that takes a minute.
fn in_a_tool(stage: &Stage, agent: Agent) -> (String, Marks, Spawned) {
    let marks = stage.sandbox.marks();
    let sleep = Turn::say("This takes a while.").bash(&format!("{}; sleep 60; echo late > late.txt", marks.here()));
    stage.server.play(agent.name(), Script::new([sleep, ending()]).for_key(KEY));
    let id = stage.task();
    let run = spawned(&mut stage.sandbox.command(&["run", &id]));
    eventually("the tool runs", || marks.alive().len() == 1);
    (id, marks, run)
}

pub fn nothing_is_left_when_aifactory_is_killed_with_a_tool_running(agent: Agent) {
    let Some(stage) = Stage::set(agent, good()) else { return };
    let (id, marks, mut run) = in_a_tool(&stage, agent);
    run.kill();
    eventually("nothing is left", || marks.alive().is_empty() && stage.left_running().is_empty());
    // The next command that writes finds out, and offers the task again.
    stage.sandbox.ok(&["set", &id, "priority=high"]);
    assert_eq!(stage.sandbox.status(&id), "ready");
    assert_eq!(stage.last_run(&id)["outcome"], "interrupted");
}

pub fn nothing_is_left_when_it_is_stopped_in_a_tool(agent: Agent) {
    let Some(stage) = Stage::set(agent, good()) else { return };
    let (id, marks, run) = in_a_tool(&stage, agent);
    let signalled = stage.sandbox.program("kill").args(["-TERM", &run.pid().to_string()]).status().unwrap();
    assert!(signalled.success());
    assert_eq!(run.wait(), Some(130));
    assert_eq!((marks.alive(), stage.left_running()), (Vec::new(), Vec::new()));
    let task = stage.sandbox.task(&id);
    assert_eq!((&task["status"], &task["claim"]), (&"ready".into(), &Value::Null), "{task}");
}
