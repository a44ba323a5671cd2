//! Messages: threads, what is found of many, what comes while one watches, and who has been told.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use aifactory::host::Host;
use aifactory::model::{Change, EventId, TaskId};
use aifactory::store::Author;
use aifactory::tasks::{Project, undelivered};
use common::{Sandbox, Spawned, eventually};
use serde_json::Value;
use snapbox::str;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

fn post(sandbox: &Sandbox, args: &[&str]) -> String {
    sandbox.ok(&[&["message", "post"], args].concat()).trim().to_owned()
}

/// The texts of the messages that a list shows.
fn texts(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let listed = sandbox.json(&[&["message", "list"], args].concat());
    let messages = listed["messages"].as_array().unwrap_or_else(|| panic!("{listed}")).iter();
    messages.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_reply_is_about_the_same_task_and_shown_in_its_thread() {
    let sandbox = Sandbox::new();
    let id = sandbox.new_task("Open a port");
    let first = post(&sandbox, &["-t", &id, "--to", "coder", "which port?"]);
    let reply = post(&sandbox, &["--reply-to", &first, "any above 1024"]);
    post(&sandbox, &["something else"]);
    post(&sandbox, &["-r", &reply.to_uppercase(), "\u{1b}[31mthen 8080\nor 8081"]);
    shows!(
        sandbox,
        sandbox.on_terminal(&["message", "show", &reply]),
        str![[r#"
01kdvdr  2026-01-01 00:02:00  ehdn  ana@example.com to coder  info
    which port?
  01kdvdt  2026-01-01 00:03:00  ehdn  ana@example.com  info
      any above 1024
    01kdvdy  2026-01-01 00:05:00  ehdn  ana@example.com  info
        \u{1b}[31mthen 8080
        or 8081

"#]]
    );
    let thread = sandbox.json(&["message", "show", &first]);
    let depths: Vec<u64> =
        thread["messages"].as_array().unwrap().iter().map(|message| message["depth"].as_u64().unwrap()).collect();
    assert_eq!((depths, &thread["messages"][1]["reply_to"]), (vec![0, 1, 2], &Value::from(first.clone())));
    shows!(
        sandbox,
        sandbox.run(&["message", "show", "01kd"]),
        str![[r#"
stderr: error: `01kd` could be any of 4 messages
stderr: hint: 01kdvdrz602thc5tsve4
stderr: hint: 01kdvdtss0bdrdd56k50
stderr: hint: 01kdvdwmc0jaw5ya9vsr
stderr: hint: 01kdvdyez0t7ms602khr
exit 2

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["message", "post", "--reply-to", "zzzz", "hm"]),
        str![[r#"
stderr: error: there is no message `zzzz`
stderr: hint: to see their ids: aifactory message list
exit 3

"#]]
    );
}

#[test]
fn messages_are_found_by_task_kind_sender_time_and_words() {
    let sandbox = Sandbox::new();
    let id = sandbox.new_task("Open a port");
    post(&sandbox, &["-t", &id, "-k", "status", "half of the ports are open"]);
    post(&sandbox, &["-k", "error", "the firewall is down"]);
    post(&sandbox, &["--to", "ben", "look at the firewall"]);
    assert_eq!(texts(&sandbox, &[&id]), ["half of the ports are open"]);
    assert_eq!(texts(&sandbox, &["--project"]), ["the firewall is down", "look at the firewall"]);
    assert_eq!(texts(&sandbox, &["--kind", "error", "--kind", "status"]).len(), 2);
    assert_eq!(texts(&sandbox, &["--to", "Ben", "--from", "ana"]), ["look at the firewall"]);
    assert_eq!(texts(&sandbox, &["--from", "ben"]), [""; 0]);
    assert_eq!(texts(&sandbox, &["--search", "firew", "--limit", "1"]), ["look at the firewall"]);
    assert_eq!(texts(&sandbox, &["--search", "\"the firewall\" down"]), ["the firewall is down"]);
    assert_eq!(texts(&sandbox, &["--search", "nowhere"]), [""; 0]);
    assert_eq!(
        texts(&sandbox, &["--until", "2026-01-01T00:03:30"]),
        ["half of the ports are open", "the firewall is down"]
    );
    assert_eq!(texts(&sandbox, &["--since", "2026-01-01T00:03:30"]), ["look at the firewall"]);
    assert_eq!(texts(&sandbox, &["--since", "today", "-n", "2"]).len(), 2);
    sandbox.fails(&["message", "list", "--kind", "gossip"], 2);
}

#[test]
fn a_message_that_nobody_can_read_hides_no_other() {
    let sandbox = Sandbox::new();
    post(&sandbox, &["before"]);
    sandbox.edit_state(".aifactory/messages/01kdvtwrk0aaaaaaaaaa.toml", b"id = \"01kdvtwrk0aaaaaaaaaa\"\nkind = \n");
    sandbox.edit_state(".aifactory/messages/01kdvtwrk0bbbbbbbbbb.toml", b"\x1b]0;\xff");
    let copied = sandbox.state_file(&format!(".aifactory/messages/{}.toml", post(&sandbox, &["after"])));
    sandbox.edit_state(".aifactory/messages/01kdvtwrk0cccccccccc.toml", copied.as_bytes());
    shows!(
        sandbox,
        sandbox.run(&["message", "list"]),
        str![[r#"
01kdvdq4k0ehdn0jyj9c  2026-01-01 00:01:00  ana@example.com  info
    before
01kdve3yr0dmaxrms384  2026-01-01 00:08:00  ana@example.com  info
    after
stderr: warning: message 01kdvtwrk0aaaaaaaaaa cannot be read: string values must be quoted, expected literal string (.aifactory/messages/01kdvtwrk0aaaaaaaaaa.toml:2)
stderr: warning: message 01kdvtwrk0bbbbbbbbbb cannot be read: invalid utf-8 sequence of 1 bytes from index 4 (.aifactory/messages/01kdvtwrk0bbbbbbbbbb.toml)
stderr: warning: message 01kdvtwrk0cccccccccc cannot be read: it says it is message 01kdve3yr0dmaxrms384 (.aifactory/messages/01kdvtwrk0cccccccccc.toml)

"#]]
    );
    let listed = sandbox.json(&["message", "list", "--search", "after"]);
    assert_eq!(listed["messages"].as_array().unwrap().len(), 1);
    assert_eq!(listed["unreadable"][0]["name"], "01kdvtwrk0aaaaaaaaaa");
    shows!(
        sandbox,
        sandbox.run(&["message", "show", "01kdvtwrk0a"]),
        str![[r#"
stderr: error: the record .aifactory/messages/01kdvtwrk0aaaaaaaaaa.toml:2 is damaged
stderr:   because: string values must be quoted, expected literal string
stderr: hint: aifactory doctor tells what can be done; every other task works
exit 1

"#]]
    );
}

#[test]
fn new_messages_are_shown_as_they_come() {
    let sandbox = Sandbox::new();
    post(&sandbox, &["long ago"]);
    post(&sandbox, &["before"]);
    let mut watch = sandbox.command(&["message", "watch", "--json", "-n", "1", "--from", "ana"]);
    let mut child = Spawned(watch.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(|line| {
        let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(message["schema"], "aifactory.posted-message/1");
        message["text"].as_str().unwrap().to_owned()
    });
    assert_eq!(lines.next().as_deref(), Some("before"));
    post(&sandbox, &["now"]);
    assert_eq!(lines.next().as_deref(), Some("now"));
    sandbox.new_task("Not a message");
    post(&sandbox, &["later"]);
    assert_eq!(lines.next().as_deref(), Some("later"));
    // Not Ctrl-C's signal: whoever runs tests in the background may have it ignored, and children with them.
    assert!(std::process::Command::new("kill").args(["-TERM", &child.pid().to_string()]).status().unwrap().success());
    let mut ended = None;
    eventually("watching ends", || {
        ended = child.0.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended.unwrap()), Some(15));
}

#[test]
fn what_an_agent_was_told_is_not_told_again_unless_the_run_was_cut_off() {
    let sandbox = Sandbox::new();
    let id = sandbox.new_task("Open a port");
    post(&sandbox, &["-t", &id, "--to", "coder", "mind the firewall"]);
    post(&sandbox, &["-t", &id, "--to", "ben", "not for agents"]);
    post(&sandbox, &["--to", "coder", "about all tasks"]);
    let project = Project::open(&Host::new(sandbox.environment()), &sandbox.repo(), None).unwrap();
    let task = TaskId::parse(&id).unwrap();
    let waiting = || {
        let waiting = undelivered(&project.store.snapshot().unwrap(), &task, &["claude", "coder", "agent"]).unwrap();
        waiting.into_iter().map(|message| (message.id, message.text)).collect::<Vec<_>>()
    };
    let record = |change: Change| {
        let written = project.store.transact(&Author::person("ana@example.com"), "test", |_, changes| {
            changes.event(&task, change.clone());
            Ok(())
        });
        written.unwrap();
    };
    let told = |run: &str| {
        let messages = waiting().into_iter().map(|(id, _)| id).collect();
        record(Change::MessagesDelivered { run: EventId::from_name(run), messages });
    };
    let ended = |run: &str, outcome: &str| {
        record(Change::RunEnded {
            run: EventId::from_name(run),
            outcome: outcome.to_owned(),
            heard: Vec::new(),
            but: None,
        });
    };
    let texts = || waiting().into_iter().map(|(_, text)| text).collect::<Vec<_>>();
    assert_eq!(texts(), ["mind the firewall", "about all tasks"]);
    told("r1");
    assert_eq!(texts(), [""; 0]);
    ended("r1", "interrupted");
    assert_eq!(texts(), ["mind the firewall", "about all tasks"]);
    told("r2");
    ended("r2", "succeeded");
    assert_eq!(texts(), [""; 0]);
    shows!(
        sandbox,
        sandbox.run(&["log", &id, "--kind", "messages-delivered"]),
        str![[r#"
2026-01-01 00:05:00  ana@example.com  told the agent 2 messages
2026-01-01 00:05:00  ana@example.com  told the agent 2 messages

"#]]
    );
}

#[test]
fn an_answer_is_a_reply_to_its_question_and_a_handoff_line_is_a_record() {
    let sandbox = Sandbox::new();
    let script = sandbox.script(
        "speaker",
        "cat > /dev/null\n\
         printf '%s\\n' '{\"type\":\"handoff_output\",\"content\":\"All of it.\\n\\n## Files\\n- a.txt\",\"summary\":\"Did it.\"}'\n\
         printf '%s\\n' '{\"type\":\"clarification_needed\",\"question\":\"Is \\\"a\\\" meant?\"}'",
    );
    let folder = sandbox.root().join("home/config/aifactory");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("config.toml"),
        format!("[agents.speaker]\ncommand = \"{script}\"\nreader = \"text\"\n"),
    )
    .unwrap();
    let sandbox = sandbox.with("AIFACTORY_AGENT_DEFAULT", "speaker").with("AIFACTORY_RUN_ATTEMPTS", "1");
    let id = sandbox.approved("Ask", &common::Step::new("S1", "work.txt").gate("true").text());
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: question");
    sandbox.ok(&["answer", &id, "yes"]);
    let expected = ["## Summary\n\nDid it.\n\nAll of it.\n\n## Files\n\n- a.txt\n", "Is \"a\" meant?", "yes"];
    assert_eq!(texts(&sandbox, &[&id]), expected);
    let listed = sandbox.json(&["message", "list", &id, "--kind", "question", "--kind", "answer"]);
    assert_eq!(listed["messages"][1]["reply_to"], listed["messages"][0]["id"], "{listed}");
}
