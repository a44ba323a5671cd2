//! Workers over smart HTTP with a login, in an environment that was made for ai-coding-factory.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{HttpServer, Hub, Sandbox, Spawned, Step};
use std::fs;
use std::process::Stdio;

const TOKEN: &str = "t0ken-of-ours-4711";

fn task(machine: &Sandbox, name: &str) -> String {
    let log = machine.root().join("ran");
    let script = format!("echo {name} >> {}\necho {name} > {name}.txt", log.display());
    let plan = Step::new("S1", &format!("{name}.txt")).gate(&format!("grep -qx {name} {name}.txt")).script(&script);
    machine.approved(&format!("Write {name}"), &plan.text())
}

/// A machine with nothing but such an environment file.
fn machine(hub: &Hub, name: &str, url: &str) -> Sandbox {
    let machine = hub.bare_machine(name).with("AIFACTORY_TRUST_PLANS", "shared");
    let file = machine.root().join("factory.env");
    let text = format!(
        "# made for another program\nTASK_MANAGER=todo\nGIT_REPO_URL={url}\nGIT_USERNAME=bot\nGIT_TOKEN=\"{TOKEN}\"\n\
         NO_ISSUES_WAIT=1\nINTER_ISSUE_WAIT=0\n"
    );
    fs::write(&file, text).unwrap();
    machine.with("FACTORY_ENV_FILE", file.to_string_lossy())
}

#[test]
fn workers_clone_work_and_push_over_http_with_a_login_from_the_environment() {
    let hub = Hub::in_real_time();
    let ana = hub.first("ana");
    let names: Vec<String> = (0..6).map(|number| format!("t{number}")).collect();
    let ids: Vec<String> = names.iter().map(|name| task(&ana, name)).collect();
    ana.sync();
    hub.git(&["config", "http.receivepack", "true"]);
    let folder = hub.repo();
    let server = HttpServer::start(&hub, folder.parent().unwrap());
    server.require_login("bot", TOKEN);
    let url = server.url("", &folder.file_name().unwrap().to_string_lossy());
    let machines = ["ben", "cid"].map(|name| machine(&hub, name, &url));
    let outputs = machines.each_ref().map(|machine| machine.root().join("said"));
    let running: Vec<Spawned> = machines
        .iter()
        .zip(&outputs)
        .map(|(machine, output)| {
            let said = fs::File::create(output).unwrap();
            let mut command = machine.command(&["work", "--drain", "--merge", "-j", "2"]);
            // Nothing is there yet: the worker makes its clone below this folder.
            command.current_dir(machine.folder("empty"));
            Spawned(command.stdout(Stdio::null()).stderr(said).spawn().unwrap())
        })
        .collect();
    for (running, output) in running.into_iter().zip(&outputs) {
        assert_eq!(running.wait(), Some(0), "{}", fs::read_to_string(output).unwrap());
    }
    let said = fs::read_to_string(&outputs[0]).unwrap();
    assert!(said.contains("NO_ISSUES_WAIT counts as sync.interval = 1s"), "{said}");
    assert!(said.contains("TASK_MANAGER is not used"), "{said}");
    assert!(said.contains("GIT_TOKEN is the login for http://127.0.0.1:"), "{said}");
    ana.sync();
    for (name, id) in names.iter().zip(&ids) {
        assert_eq!(ana.status(id), "done", "{name}");
        assert_eq!(hub.git(&["show", &format!("main:{name}.txt")]), format!("{name}\n"));
    }
    let mut ran: Vec<String> = fs::read_to_string(ana.root().join("ran")).unwrap().lines().map(str::to_owned).collect();
    ran.sort();
    assert_eq!(ran, names, "a step ran twice");
    // The token is nowhere but in the file it came in.
    for machine in &machines {
        assert!(!said.contains(TOKEN));
        let found = machine.finish(machine.program("grep").args(["-rl", TOKEN, "."]).current_dir(machine.root()));
        assert_eq!(found.stdout.trim(), "./factory.env", "{}", found.all());
    }
}

#[test]
fn our_own_words_win_and_a_broken_file_is_named() {
    let hub = Hub::new();
    let ana = hub.first("ana");
    ana.ok(&["config", "set", "sync.interval", "5s"]);
    let own = ana.with("NO_ISSUES_WAIT", "60");
    let ran = own.run(&["work", "--drain"]);
    assert!(ran.stderr.contains("NO_ISSUES_WAIT does not count: sync.interval is set"), "{}", ran.all());
    let file = own.root().join("broken.env");
    fs::write(&file, "GOOD=1\nthis is a secret\n").unwrap();
    let ran = own.with("FACTORY_ENV_FILE", file.to_string_lossy()).run(&["work", "--drain"]);
    assert_eq!(ran.status, 2, "{}", ran.all());
    assert!(ran.stderr.contains("broken.env:2: this is not KEY=VALUE"), "{}", ran.all());
    assert!(!ran.stderr.contains("this is a secret"), "{}", ran.all());
}
