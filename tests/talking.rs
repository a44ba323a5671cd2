//! People and agents: questions and answers, words in between, what is recorded and what goes on.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Sandbox, Step, eventually, spawned};
use snapbox::str;
use std::fs;
use std::path::PathBuf;

fn work_plan() -> String {
    Step::new("S1", "work.txt").gate("test -s work.txt").text()
}

/// An agent of the user's own that speaks our events, as a shell script.
fn speaking(script: &str, also: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let path = sandbox.script("speaker", script);
    configure(&sandbox, &format!("[agents.speaker]\ncommand = \"{path}\"\nreader = \"events\"\n{also}"));
    sandbox.with("AIFACTORY_AGENT_DEFAULT", "speaker").with("AIFACTORY_RUN_ATTEMPTS", "1")
}

fn configure(sandbox: &Sandbox, text: &str) {
    let folder: PathBuf = sandbox.root().join("home/config/aifactory");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), text).unwrap();
}

const SESSION: &str = r#"echo '{"event":"session-started","session":"c-1","model":"m-1","version":"9.9"}'"#;
const FINISHED: &str = r#"echo '{"event":"finished","ok":true,"text":"done"}'"#;

/// Asks on its first run and works on its second, in the same conversation.
fn asking() -> Sandbox {
    let script = format!(
        "{SESSION}\nif [ \"$1\" = resume ]; then cat > heard.txt; echo done > work.txt\n\
         else aifactory ask 'Which port?' --choice 80 --choice 8080; fi\n{FINISHED}"
    );
    speaking(&script, "resume-args = [\"resume\", \"{session}\"]\n")
}

#[test]
fn a_question_waits_for_a_person_and_the_answer_goes_on_with_the_same_conversation() {
    let sandbox = asking();
    let id = sandbox.approved("Open a port", &work_plan());
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Open a port                       claimed, on branch aifactory/ehdn0jyj9c-open-a-port
stderr: ehdn  Open a port                       worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Open a port                       step 1/1  S1: Change work.txt
stderr: ehdn  Open a port                       waiting  question: Which port?
stderr: hint: aifactory answer ehdn "…" --run
exit 4

"#]]
    );
    assert_eq!(sandbox.status(&id), "waiting: question");
    shows!(
        sandbox,
        sandbox.run(&["answer", &id, "2"]),
        str![[r#"
stderr: answered ehdn  Open a port  (ready)

"#]]
    );
    assert_eq!(sandbox.status(&id), "ready");
    sandbox.ok(&["run", &id]);
    assert_eq!(sandbox.status(&id), "review");
    let heard = sandbox.ok(&["exec", &id, "--", "cat", "heard.txt"]);
    assert!(heard.contains("You asked: Which port?") && heard.contains("The answer: 8080"), "{heard}");
    assert!(heard.starts_with("You are still at step S1"), "{heard}");
    let messages = sandbox.json(&["message", "list", &id]);
    let kinds: Vec<_> = messages["messages"].as_array().unwrap().iter().map(|m| m["kind"].clone()).collect();
    assert_eq!(kinds, ["question", "answer"]);
    sandbox.assert_sound();
}

#[test]
fn an_answer_reaches_whoever_takes_over_too() {
    // The conversation that asked cannot be taken up again, so another one begins.
    let script = format!(
        "{SESSION}\nif [ \"$1\" = resume ]; then exit 3; fi\n\
         if test -e ../asked; then cat > heard.txt; echo done > work.txt; \
         else touch ../asked; aifactory ask 'Which port?'; fi\n{FINISHED}"
    );
    let sandbox = speaking(&script, "resume-args = [\"resume\", \"{session}\"]\n");
    let id = sandbox.approved("Open a port", &work_plan());
    sandbox.ok(&["say", &id, "mind the gap"]);
    sandbox.run(&["run", &id]);
    sandbox.ok(&["answer", &id, "4711"]);
    sandbox.ok(&["run", &id]);
    let heard = sandbox.ok(&["exec", &id, "--", "cat", "heard.txt"]);
    assert!(heard.starts_with("You carry out one step") && heard.contains("The answer: 4711"), "{heard}");
    assert!(heard.contains("mind the gap"), "{heard}");
}

#[test]
fn an_agent_that_waits_for_the_answer_instead_of_ending_is_ended_and_the_question_stays() {
    let sandbox = speaking(&format!("{SESSION}\naifactory ask 'Which port?'\nsleep 600"), "");
    let sandbox = sandbox.with("AIFACTORY_RUN_TIMEOUT", "1s").with("AIFACTORY_RUN_GRACE", "100ms").in_real_time();
    let id = sandbox.approved("Open a port", &work_plan());
    sandbox.run(&["run", &id]);
    assert_eq!((sandbox.status(&id).as_str(), sandbox.note(&id).as_str()), ("waiting: question", "Which port?"));
}

#[test]
fn what_an_agent_said_and_used_survives_the_death_of_its_supervisor() {
    let used =
        r#"echo '{"event":"used","scope":"run","usage":{"input_tokens":10,"output_tokens":2,"cost_micros":5000000}}'"#;
    let script = format!(
        "{SESSION}\n{used}\naifactory message post 'half of it is done'\naifactory ask 'Which port?'\n\
         until test -e ../go; do sleep 0.05; done\n{FINISHED}"
    );
    let sandbox = speaking(&script, "").in_real_time();
    let id = sandbox.approved("Open a port", &work_plan());
    let mut run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("it has asked", || sandbox.run(&["log", &id, "--run", "last"]).stdout.contains("Which port?"));
    run.kill();
    sandbox.ok(&["set", &id, "priority=high"]);
    assert_eq!(sandbox.status(&id), "waiting: question");
    let messages = sandbox.json(&["message", "list", &id])["messages"].to_string();
    assert!(messages.contains("half of it is done") && messages.contains("Which port?"), "{messages}");
    let run = sandbox.json(&["review", &id])["runs"][0].clone();
    assert_eq!((&run["outcome"], &run["usage"]["cost_micros"]), (&"interrupted".into(), &5_000_000.into()), "{run}");
}

#[test]
fn an_agent_inside_a_run_decides_nothing() {
    let script = format!(
        "{{ aifactory new x; aifactory approve $AIFACTORY_TASK; aifactory config set agent.permission full; \
         aifactory trust --full --yes; aifactory merge $AIFACTORY_TASK; }} > said.txt 2>&1; echo done > work.txt\n{FINISHED}"
    );
    let sandbox = speaking(&script, "");
    let id = sandbox.approved("Open a port", &work_plan());
    sandbox.ok(&["run", &id]);
    let said = sandbox.ok(&["exec", &id, "--", "cat", "said.txt"]);
    assert_eq!(said.matches("error: inside a run, an agent does not change tasks or settings\n").count(), 5, "{said}");
    assert_eq!(sandbox.json(&["list"])["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn an_answer_to_nothing_is_refused_and_nothing_is_lost() {
    let sandbox = asking();
    let id = sandbox.approved("Open a port", &work_plan());
    shows!(
        sandbox,
        sandbox.run(&["answer", &id, "80"]),
        str![[r#"
stderr: error: task ehdn waits for no answer: it is ready
stderr: hint: to tell its agent something: aifactory say ehdn "…"
exit 1

"#]]
    );
    assert_eq!(sandbox.status(&id), "ready");
}

#[test]
fn what_is_said_to_an_agent_that_listens_reaches_it_while_it_runs_and_only_once() {
    let script = format!(
        "read -r greeting\n{SESSION}\necho started > started.txt\nread -r word\necho \"$word\" > work.txt\n{FINISHED}"
    );
    let sandbox = speaking(&script, "prompt = \"protocol\"\n");
    let id = sandbox.approved("Listen", &work_plan());
    let run = spawned(&mut sandbox.command(&["run", &id]));
    eventually("the agent has started", || sandbox.run(&["exec", &id, "--", "cat", "started.txt"]).status == 0);
    shows!(
        sandbox,
        sandbox.run(&["say", &id, "use port 80"]),
        str![[r#"
stderr: said to the agent of ehdn; it hears it now if it listens, and with its next prompt if not

"#]]
    );
    assert_eq!(run.wait(), Some(0));
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "work.txt"]), "{\"say\":\"use port 80\"}\n");
    sandbox.ok(&["retry", &id]);
    let again = spawned(&mut sandbox.command(&["run", &id]));
    eventually("the second run has begun", || runs(&sandbox, &id) == 2);
    sandbox.ok(&["say", &id, "and this"]);
    assert_eq!(again.wait(), Some(0));
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "work.txt"]), "{\"say\":\"and this\"}\n");
}

fn runs(sandbox: &Sandbox, id: &str) -> usize {
    let log = sandbox.json(&["log", id, "--kind", "run-started"]);
    log["events"].as_array().unwrap().len()
}

#[test]
fn what_is_said_to_an_agent_that_does_not_listen_is_in_its_next_prompt() {
    let sandbox = speaking(&format!("cat > prompt.txt; echo done > work.txt\n{FINISHED}"), "");
    let id = sandbox.approved("Read", &work_plan());
    shows!(
        sandbox,
        sandbox.run(&["say", &id, "mind the gap"]),
        str![[r#"
stderr: kept for ehdn: its agent finds it in its next prompt

"#]]
    );
    sandbox.ok(&["run", &id]);
    let prompt = sandbox.ok(&["exec", &id, "--", "cat", "prompt.txt"]);
    assert!(prompt.contains("# Notes from people\n\n~~~~\nmind the gap\n~~~~"), "{prompt}");
}

#[test]
fn a_run_is_shown_as_it_went_and_its_record_says_who_and_what() {
    let script = format!(
        "{SESSION}\ncat > prompt.txt\n\
         echo '{{\"event\":\"text\",\"text\":\"I look first.\"}}'\n\
         echo '{{\"event\":\"tool-started\",\"tool\":\"Edit\",\"summary\":\"work.txt\"}}'\n\
         echo done > work.txt\n\
         printf '%s\\n' '{{\"event\":\"file-touched\",\"path\":\"work.txt\",\"diff\":\"@@ -0,0 +1 @@\\n+done\"}}'\n\
         echo '{{\"event\":\"tool-ended\",\"ok\":true,\"summary\":\"work.txt\"}}'\n\
         echo '{{\"event\":\"permission-asked\",\"tool\":\"Bash\",\"summary\":\"make\",\"allowed\":false}}'\n\
         echo '{{\"event\":\"used\",\"scope\":\"run\",\"usage\":{{\"input_tokens\":1200,\"output_tokens\":52,\"cost_micros\":11280}}}}'\n\
         aifactory progress 'half way'\n\
         aifactory message post --to reviewer --kind handoff 'look at work.txt'\n\
         {FINISHED}"
    );
    let sandbox = speaking(&script, "");
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.ok(&["run", &id]);
    shows!(
        sandbox,
        sandbox.run(&["log", &id, "--run", "last"]),
        str![[r#"
  conversation c-1 with m-1
I look first.
  $ Edit work.txt
  changed work.txt
    @@ -0,0 +1 @@
    +done
  ok: work.txt
  denied: Bash make
half way
  says: look at work.txt

"#]]
    );
    let part = |args: &[&str]| sandbox.ok(&[&["log", &id, "--run", "last"], args].concat());
    assert_eq!(part(&["--limit", "2"]), "half way\n  says: look at work.txt\n");
    assert_eq!((part(&["--since", "2099-01-01"]).as_str(), part(&["--since", "1d"])), ("", part(&[])));
    let listed = sandbox.ok(&["message", "list", &id]);
    let (_, message) = listed.split_once("  ").unwrap();
    assert_eq!(message, "2026-01-01 00:03:00  ehdn  speaker to reviewer  handoff\n    look at work.txt\n");
    let run = &sandbox.json(&["review", &id])["runs"][0];
    assert_eq!(run["conversation"], "c-1", "{run}");
    assert_eq!((&run["model"], &run["version"]), (&"m-1".into(), &"9.9".into()));
    assert_eq!(run["usage"]["cost_micros"], 11280);
    assert_eq!(run["denied"][0], "Bash make");
}

#[test]
fn commands_for_agents_say_outside_a_run_that_they_are_for_agents() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["ask", "why?"]),
        str![[r#"
stderr: error: aifactory ask is for agents inside a run
stderr: hint: to tell a task's agent something: aifactory say <id> "…"
exit 2

"#]]
    );
}

#[test]
fn empty_words_are_refused_and_leave_nothing_behind() {
    let script = format!(
        "cat > work.txt\nfor words in 'ask' 'progress' 'message post'; do aifactory $words ' ' 2>> errors.txt; \
         echo $? >> errors.txt; done\n{FINISHED}"
    );
    let sandbox = speaking(&script, "");
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.ok(&["run", &id]);
    let refused = "error: there is nothing to say\n2\n";
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "errors.txt"]), refused.repeat(3));
    let said = sandbox.run_with_input(&["message", "post", "--task", &id], "\n");
    assert_eq!((said.status, said.stderr.as_str()), (2, "error: there is nothing to say\n"));
    assert_eq!(sandbox.ok(&["message", "list"]), "");
}

#[test]
fn a_log_can_be_cut_by_time_kind_and_number() {
    let sandbox = speaking(&format!("cat > work.txt\n{FINISHED}"), "");
    let id = sandbox.approved("Do the work", &work_plan());
    sandbox.ok(&["run", &id]);
    let kinds = |args: &[&str]| {
        let log = sandbox.json(&[&["log", &id], args].concat());
        let events = log["events"].as_array().unwrap().clone();
        events.iter().map(|event| event["op"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&["--kind", "run-started", "--kind", "run-ended"]), ["run-started", "run-ended"]);
    assert_eq!(kinds(&["--limit", "1"]), ["moved"]);
    assert_eq!(kinds(&["--since", "1h"]).len(), kinds(&[]).len());
    assert!(kinds(&["--since", "2099-01-01"]).is_empty());
    assert_eq!(kinds(&["--since", "yesterday"]).len(), kinds(&[]).len());
    shows!(
        sandbox,
        sandbox.run(&["log", &id, "--since", "soon"]),
        str![[r#"
stderr: error: invalid value 'soon' for '--since <WHEN>': a time such as 2h or 7d (ago), today, yesterday, 2026-01-31 or 2026-01-31T12:00:00
stderr: 
stderr: For more information, try '--help'.
exit 2

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["log", &id, "--kind", "foo"]),
        str![[r#"
stderr: error: invalid value 'foo' for '--kind <KIND>'
stderr:   [possible values: created, set, added, removed, text, text-seen, moved, claimed, claim-lost, released, approved, rejected, proposed, proposal-ended, step-started, step-done, step-reset, run-started, run-ended, messages-delivered, gated, phase-done, reviewed, review-waived, delivering, delivered, paused, resumed, parked, noted, said, text-imported, imported, settled, unknown]
stderr: 
stderr: For more information, try '--help'.
exit 2

"#]]
    );
    sandbox.fails(&["log", &id, "--run", "last", "--kind", "moved"], 2);
}

/// As on a terminal where a person can be asked.
fn attach(sandbox: &Sandbox, args: &[&str]) -> common::Ran {
    sandbox.finish(sandbox.command(&[&["attach"], args].concat()).env("AIFACTORY_TEST_TERMINAL", "all"))
}

#[test]
fn a_person_who_attaches_has_the_agents_service_credentials_and_model() {
    let script = format!(
        "{SESSION}\nif [ \"$1\" = again ]; then echo \"$*\" > args.txt; \
         echo \"$SERVICE $MAY $SPEAKER_KEY ${{OTHER_KEY-none}}\" > seen.txt; fi\n{FINISHED}"
    );
    let also = "attach-args = [\"again\", \"{session}\"]\nattach-common-args = [\"--at\", \"{endpoint}\"]\n\
                attach-model-args = [\"--model\", \"{model}\"]\nmodel-args = [\"--model\", \"{model}\"]\n\
                endpoint = \"http://e\"\ncredentials = [\"SPEAKER_KEY\"]\nset = { SERVICE = \"{endpoint}/{model}\" }\n\
                permission.full.set = { MAY = \"full\" }\n[agents.other]\nbase = \"speaker\"\ncredentials = [\"OTHER_KEY\"]\n";
    let sandbox =
        speaking(&script, also).with("AIFACTORY_AGENT_DEFAULT", "speaker:big").with("OTHER_KEY", "of-another");
    let sandbox = sandbox.with("AIFACTORY_TRUST_FULL", "yes");
    let secrets = sandbox.root().join("home/config/aifactory/secrets.env");
    fs::write(&secrets, "SPEAKER_KEY=from-the-file\n").unwrap();
    fs::set_permissions(&secrets, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let id = sandbox.approved("Listen", &work_plan());
    sandbox.run(&["run", &id]);
    let attached = attach(&sandbox, &[&id, "--here"]);
    assert_eq!(attached.status, 0, "{}", attached.all());
    let file = |name: &str| sandbox.ok(&["exec", &id, "--", "cat", name]);
    assert_eq!(file("args.txt"), "again c-1 --at http://e --model big\n");
    assert_eq!(file("seen.txt"), "http://e/big full from-the-file none\n");
}

#[test]
fn what_is_in_the_way_of_attaching_is_said_before_tmux_opens() {
    let sandbox = speaking(&format!("{SESSION}\n{FINISHED}"), "");
    sandbox.script("tmux", "echo called >> \"$TMUX_CALLS\"");
    let path = format!("{}:{}", sandbox.folder("scripts").display(), std::env::var("PATH").unwrap());
    let calls = sandbox.root().join("calls");
    let sandbox = sandbox.with("PATH", path).with("TMUX_CALLS", calls.display().to_string());
    let id = sandbox.approved("Listen", &work_plan());
    sandbox.run(&["run", &id]);
    configure(&sandbox, "[agents.speaker]\ncommand = \"not-there\"\ninstall = \"get speaker\"\n");
    shows!(
        sandbox,
        attach(&sandbox, &[&id]),
        str![[r#"
stderr: error: the agent speaker needs `not-there`, which is not installed
stderr: hint: to install it: get speaker
exit 1

"#]]
    );
    assert!(!calls.exists());
}
