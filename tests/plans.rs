//! Plans: their checker, and what it takes to have one approved.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Sandbox, Step, greeting_plan};
use snapbox::str;

#[test]
fn a_plan_in_order_has_nothing_to_report() {
    let sandbox = Sandbox::new();
    let id = sandbox.planned("Greet", &greeting_plan("hello.txt", "hello"));
    let ran = sandbox.run(&["plan", "check", &id]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert_eq!(sandbox.ok(&["plan", "show", &id]), greeting_plan("hello.txt", "hello"));
    assert_eq!(sandbox.json(&["plan", "check", &id])["findings"].as_array().unwrap().len(), 0);
}

#[test]
fn findings_name_line_and_column_and_what_to_write() {
    let sandbox = Sandbox::new();
    let plan = "\
### S1: One
- files: ../outside.txt
- after: S3
- gate: no backticks

Prose.

### S2: Two
- flies: b.txt
- after: S9

### S2: Two again
- files: c.txt

### S3: Three
- files: d.txt
- after: S1
";
    let id = sandbox.planned("Broken", plan);
    shows!(
        sandbox,
        sandbox.run(&["plan", "check", &id]),
        str![[r#"
stderr: plan.md:2:10: error: the path `../outside.txt` leads out by `..`
stderr:   write: write the path as seen from the top of the repository, such as `src/main.rs`
stderr: plan.md:3:10: error: these steps wait for each other: S1 → S3 → S1
stderr:   write: delete one `after:` of the circle, such as S3 here
stderr: plan.md:4:9: error: the gate `no backticks` is not in backticks
stderr:   write: - gate: `no backticks`
stderr: plan.md:8:1: warning: step S2 has no gate, so nothing proves it done
stderr:   write: - gate: `a command that fails without this step`
stderr: plan.md:9:3: error: a step's list has no key `flies`
stderr:   write: `files:`, `after:` or `gate:`; other things go into the prose below the list
stderr: plan.md:10:10: error: no step is called `S9`
stderr:   write: after: S3
stderr: plan.md:12:1: error: step S2 was already defined on line 8
stderr:   write: ### S4: Two again
stderr: plan.md:12:1: warning: step S2 has no gate, so nothing proves it done
stderr:   write: - gate: `a command that fails without this step`
stderr: plan.md:15:1: warning: step S3 has no gate, so nothing proves it done
stderr:   write: - gate: `a command that fails without this step`
exit 1

"#]]
    );
    let findings = sandbox.json(&["plan", "check", &id])["findings"].clone();
    let errors = findings.as_array().unwrap().iter().filter(|finding| finding["severity"] == "error");
    assert!(errors.count() >= 4, "{findings}");
    assert!(findings[0]["line"].is_u64() && findings[0]["column"].is_u64());
}

#[test]
fn a_plan_with_errors_is_kept_but_not_approved() {
    let sandbox = Sandbox::new();
    let id = sandbox.planned("Broken", "### S1: One\n- files: a.txt\n- after: S9\n");
    shows!(
        sandbox,
        sandbox.run(&["approve", &id]),
        str![[r#"
stderr: error: plan.md:3:10: no step is called `S9`
stderr: hint: write: name a step's id, such as S1, or delete it
stderr: hint: to see everything that is wrong with it: aifactory plan check <id>
exit 1

"#]]
    );
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: plan-approval");
}

#[test]
fn setting_a_plan_reports_its_findings_at_once() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["new", "Greet"]).trim().to_owned();
    let ran = sandbox.run_with_input(&["plan", "set", &id, "-F", "-"], "### S1: One\n- files: a.txt\n- after: S1\n");
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert!(ran.stderr.contains("plan.md:3:"), "{}", ran.all());
    assert!(sandbox.ok(&["plan", "show", &id]).contains("after: S1"), "the text is lost");
}

#[test]
fn steps_are_done_in_the_order_of_their_dependencies() {
    let sandbox = Sandbox::new();
    let plan = [
        Step::new("S1", "last.txt").after("S2").gate("test -s last.txt").script("cp first.txt last.txt").text(),
        Step::new("S2", "first.txt").gate("test -s first.txt").script("echo 1 > first.txt").text(),
    ];
    let id = sandbox.approved("Backwards", &plan.join("\n"));
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(sandbox.read("last.txt"), "1\n");
}

#[test]
fn what_a_reader_of_the_plan_cannot_see_is_not_run() {
    let sandbox = Sandbox::new();
    let hidden = "<!--\n```sh run\necho hidden > hidden.txt\n```\n-->\n\n````md\n```sh run\necho quoted > quoted.txt\n```\n````\n";
    let plan = format!("{}\n{hidden}", greeting_plan("hello.txt", "hello"));
    let id = sandbox.approved("Greet", &plan);
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(sandbox.git(&["ls-tree", "--name-only", "main"]), "README.md\nhello.txt\n");
}

#[test]
fn progress_never_makes_an_approval_stale() {
    let sandbox = Sandbox::new();
    let stop = sandbox.root().join("stop");
    let plan = [
        Step::new("S1", "one.txt").gate("test -s one.txt").script("echo 1 > one.txt").text(),
        Step::new("S2", "two.txt")
            .after("S1")
            .gate("test -s two.txt")
            .script(&format!("test -e {}\necho 2 > two.txt", stop.display()))
            .text(),
    ];
    let id = sandbox.approved("Both", &plan.join("\n"));
    sandbox.fails(&["run", &id], 4);
    std::fs::write(&stop, "").unwrap();
    sandbox.ok(&["retry", &id]);
    let ran = sandbox.run(&["run", &id]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(!ran.stderr.contains("step 1/2"), "a finished step was done again: {}", ran.all());
}

#[test]
fn a_rejected_plan_goes_back_to_the_backlog() {
    let sandbox = Sandbox::new();
    let id = sandbox.planned("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["reject", &id, "-m", "too short"]);
    assert_eq!(sandbox.status(&id), "backlog");
    assert!(sandbox.ok(&["log", &id]).contains("rejected it: too short"));
}

#[test]
fn an_approval_made_on_another_machine_does_not_count_here() {
    let sandbox = Sandbox::new();
    let id = sandbox.approved("Greet", &greeting_plan("hello.txt", "hello"));
    let clone = sandbox.root().join("clone");
    sandbox.git(&["clone", "--quiet", ".", &clone.to_string_lossy()]);
    sandbox.git_at(&clone, &["fetch", "--quiet", "origin", "refs/aifactory/state:refs/aifactory/state"]);
    let at = clone.to_string_lossy().into_owned();
    sandbox.fails(&["-C", &at, "run", &id], 4);
    let task = sandbox.json(&["-C", &at, "show", &id]);
    assert_eq!((task["status"].as_str(), task["reason"].as_str()), (Some("waiting"), Some("trust")), "{task}");
    sandbox.ok(&["-C", &at, "approve", &id]);
    sandbox.ok(&["-C", &at, "run", &id]);
}
