//! Plans reviewed as committed files: proposed on a branch, edited there, merged or closed.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Hub, Ran, STATE, Sandbox, Step, greeting_plan, proposal_branch as branch, proposal_file as file};
use snapbox::str;
use std::path::PathBuf;

const POLICY: &str = ".aifactory/config.toml";
const ON: &str = "[plan]\napprove-by-merge = \"on\"\n";

/// Ana's machine; the project's policy on the target is this.
fn begun(hub: &Hub, policy: &str) -> Sandbox {
    let ana = hub.first("ana");
    ana.commit(&[(POLICY, policy)]);
    ana.git(&["push", "--quiet", "origin", "main"]);
    ana
}

impl Sandbox {
    #[track_caller]
    fn status_of(&self, id: &str) -> String {
        self.task(id)["status"].as_str().unwrap_or_default().to_owned()
    }
}

#[test]
fn a_plan_rejected_twice_is_approved_by_a_merged_branch_whose_plan_a_reviewer_edited() {
    let hub = Hub::new();
    let ana = begun(&hub, ON);
    let id = ana.planned("Greet", &greeting_plan("hello.txt", "hi"));
    ana.ok(&["reject", &id, "-m", "who is greeted?"]);
    shows!(
        ana,
        ana.run(&["plan", "show", &id]),
        str![[r#"
### S1: Change hello.txt

- files: hello.txt
- gate: `grep -qx 'hi' hello.txt`

As the title says.

```sh run
echo 'hi' > hello.txt
```
stderr: warning: it was sent back: who is greeted?

"#]]
    );
    ana.set_plan(&id, &greeting_plan("hello.txt", "hi all"));
    assert!(ana.task(&id)["sent_back"].is_null());
    shows!(
        ana,
        ana.run(&["plan", "propose", &id]),
        str![[r#"
aifactory/plan/2thc5tsve4
stderr: proposed the plan of 2thc: plans/2thc5tsve4.md on origin
stderr: hint: open a pull request into main; once it is merged: aifactory sync

"#]]
    );
    shows!(
        ana,
        ana.run(&["status"]),
        str![[r#"
Waiting for you (1)
  2thc  Greet                                             plan-approval: it is proposed for review
        → aifactory plan show 2thc (or plan edit), then aifactory approve 2thc

0 done, 0 cancelled

"#]]
    );
    ana.ok(&["reject", &id, "-m", "not all, everybody"]);
    assert_eq!(ana.task(&id)["proposal"]["ended"], "withdrawn");
    assert!(ana.task(&id)["sent_back"].is_string());
    ana.set_plan(&id, &greeting_plan("hello.txt", "hi everybody"));
    ana.ok(&["plan", "propose", &id]);
    ana.sync();

    let ben = hub.machine("ben");
    ben.review_plan(&id, "hi everybody", "hello everybody");
    ben.land_plan(&id, "merge");
    shows!(
        ana,
        ana.run(&["sync"]),
        str![[r#"
stderr: origin: nothing new on either side
stderr: plan of 2thc: merged by Ben <ben@example.com> in [HASH]; it is approved

"#]]
    );
    assert_eq!(ana.ok(&["plan", "show", &id]), greeting_plan("hello.txt", "hello everybody"));
    shows!(
        ana,
        ana.run(&["log", &id]),
        str![[r#"
2026-01-01 00:02:00  ana@example.com  created "Greet"
2026-01-01 00:02:00  ana@example.com  wrote the plan
    @@ -0,0 +1,10 @@
    +### S1: Change hello.txt
    +
    +- files: hello.txt
    +- gate: `grep -qx 'hi' hello.txt`
    +
    +As the title says.
    +
    +```sh run
    +echo 'hi' > hello.txt
    +```
2026-01-01 00:03:00  ana@example.com  rejected it: who is greeted?
2026-01-01 00:05:00  ana@example.com  changed the plan
    @@ -1,10 +1,10 @@
     ### S1: Change hello.txt
     
     - files: hello.txt
    -- gate: `grep -qx 'hi' hello.txt`
    +- gate: `grep -qx 'hi all' hello.txt`
     
     As the title says.
     
     ```sh run
    -echo 'hi' > hello.txt
    +echo 'hi all' > hello.txt
     ```
2026-01-01 00:07:00  ana@example.com  proposed the plan on aifactory/plan/2thc5tsve4 ([HASH])
2026-01-01 00:07:00  ana@example.com  moved to waiting: plan-approval (it is proposed for review on aifactory/plan/2thc5tsve4)
2026-01-01 00:09:00  ana@example.com  rejected it: not all, everybody
2026-01-01 00:09:00  ana@example.com  withdrew the proposed plan
2026-01-01 00:09:00  ana@example.com  moved to backlog (not all, everybody)
2026-01-01 00:12:00  ana@example.com  changed the plan
    @@ -1,10 +1,10 @@
     ### S1: Change hello.txt
     
     - files: hello.txt
    -- gate: `grep -qx 'hi all' hello.txt`
    +- gate: `grep -qx 'hi everybody' hello.txt`
     
     As the title says.
     
     ```sh run
    -echo 'hi all' > hello.txt
    +echo 'hi everybody' > hello.txt
     ```
2026-01-01 00:13:00  ana@example.com  proposed the plan on aifactory/plan/2thc5tsve4 ([HASH])
2026-01-01 00:13:00  ana@example.com  moved to waiting: plan-approval (it is proposed for review on aifactory/plan/2thc5tsve4)
2026-01-01 00:15:00  ana@example.com  saw the proposed plan merged by Ben <ben@example.com> in [HASH]
2026-01-01 00:15:00  ana@example.com  changed the plan
    @@ -1,10 +1,10 @@
     ### S1: Change hello.txt
     
     - files: hello.txt
    -- gate: `grep -qx 'hi everybody' hello.txt`
    +- gate: `grep -qx 'hello everybody' hello.txt`
     
     As the title says.
     
     ```sh run
    -echo 'hi everybody' > hello.txt
    +echo 'hello everybody' > hello.txt
     ```
2026-01-01 00:15:00  ana@example.com  found the plan approved by Ben <ben@example.com>, who merged it in [HASH]
2026-01-01 00:15:00  ana@example.com  moved to ready

"#]]
    );

    // Nobody approved anything on this machine, and it need not: the target has the plan.
    let cid = hub.joined("cid");
    assert_eq!(cid.status_of(&id), "ready");
    cid.ok(&["run", &id]);
    assert_eq!(cid.status_of(&id), "review");
}

#[test]
fn a_squashed_or_rebased_merge_is_found_by_the_file() {
    for how in ["squash", "rebase"] {
        let hub = Hub::new();
        let ana = begun(&hub, ON);
        let id = ana.planned("Greet", &greeting_plan("hello.txt", "hi"));
        ana.set_spec(&id, "Say hi.");
        ana.ok(&["plan", "propose", &id]);
        let ben = hub.machine("ben");
        ben.review_plan(&id, "Say hi.", "Say hi politely.");
        ben.land_plan(&id, how);
        ana.sync();
        let task = ana.task(&id);
        assert_eq!(
            (task["status"].as_str(), task["proposal"]["ended"].as_str()),
            (Some("ready"), Some("merged")),
            "{how}"
        );
        assert_eq!(task["approval"]["by"], "Ben <ben@example.com>");
        assert_eq!(ana.ok(&["spec", "show", &id]), "Say hi politely.\n");
        ana.ok(&["run", &id]);
    }
}

#[test]
fn where_a_merge_does_not_approve_the_plan_is_taken_over_and_waits() {
    let hub = Hub::new();
    let ana = begun(&hub, "");
    let id = ana.planned("Greet", &greeting_plan("hello.txt", "hi"));
    ana.ok(&["plan", "propose", &id]);
    let ben = hub.machine("ben");
    ben.review_plan(&id, "'hi'", "'hello'");
    ben.land_plan(&id, "squash");
    shows!(
        ana,
        ana.run(&["sync"]),
        str![[r#"
stderr: origin: 1 task went
stderr: plan of 2thc: merged by Ben <ben@example.com> in [HASH]; it waits for approval here: plan.approve-by-merge is off
stderr: hint: aifactory plan show 2thc, then aifactory approve 2thc

"#]]
    );
    shows!(
        ana,
        ana.run(&["status"]),
        str![[r#"
Waiting for you (1)
  2thc  Greet                                             plan-approval: Ben <ben@example.com> mer
        → aifactory plan show 2thc (or plan edit), then aifactory approve 2thc

0 done, 0 cancelled

"#]]
    );
    ana.ok(&["approve", &id]);
    assert_eq!(ana.status_of(&id), "ready");
}

#[test]
fn a_branch_that_is_deleted_without_a_merge_sends_the_plan_back() {
    let hub = Hub::new();
    let ana = begun(&hub, ON);
    let id = ana.planned("Greet", &greeting_plan("hello.txt", "hi"));
    ana.ok(&["plan", "propose", &id]);
    ana.git(&["push", "--quiet", "origin", &format!(":{}", branch(&id))]);
    shows!(
        ana,
        ana.run(&["plan", "follow"]),
        str![[r#"
stderr: plan of 2thc: aifactory/plan/2thc5tsve4 was deleted without a merge; it was sent back

"#]]
    );
    shows!(
        ana,
        ana.run(&["--json", "plan", "follow"]),
        str![[r#"
{"schema":"aifactory.plan-follow/1","proposals":[],"notes":[]}

"#]]
    );
    let task = ana.task(&id);
    assert_eq!((task["status"].as_str(), task["proposal"]["ended"].as_str()), (Some("backlog"), Some("closed")));
    assert!(task["sent_back"].is_string());
    shows!(
        ana,
        ana.run(&["plan", "show", &id]),
        str![[r#"
### S1: Change hello.txt

- files: hello.txt
- gate: `grep -qx 'hi' hello.txt`

As the title says.

```sh run
echo 'hi' > hello.txt
```
stderr: warning: it was sent back: the branch aifactory/plan/2thc5tsve4 was deleted without a merge

"#]]
    );
}

#[test]
fn a_merged_plan_that_does_not_parse_is_reported_with_its_place_and_never_approved() {
    let hub = Hub::new();
    let ana = begun(&hub, ON);
    let id = ana.planned("Greet", &greeting_plan("hello.txt", "hi"));
    ana.ok(&["plan", "propose", &id]);
    let ben = hub.machine("ben");
    ben.review_plan(&id, "- files: hello.txt", "- flies: hello.txt");
    ben.land_plan(&id, "squash");
    let before = ana.ok(&["plan", "show", &id]);
    shows!(
        ana,
        ana.run(&["plan", "follow"]),
        str![[r#"
stderr: warning: plan of 2thc: what was merged is no plan and not approved: plans/2thc5tsve4.md:14:3: a step's list has no key `flies`
exit 4

"#]]
    );
    assert!(ana.task(&id)["approval"].is_null());
    assert_eq!(ana.ok(&["plan", "show", &id]), before);
    let told = ana.commit_of(STATE);
    assert_eq!(ana.run(&["plan", "follow"]).status, 4);
    assert_eq!(ana.commit_of(STATE), told, "it was told already");

    let text = ben.read(&file(&id)).replace("flies", "files");
    ben.commit(&[(&file(&id), &text)]);
    ben.git(&["push", "--quiet", "origin", "main"]);
    ana.sync();
    assert_eq!(ana.status_of(&id), "ready");
}

/// Writes an event into the state as somebody does who may push it and nothing else.
fn forge(machine: &Sandbox, id: &str, change: &str) {
    forge_with(machine, id, change, &[]);
}

/// The same, and files of the task.
fn forge_with(machine: &Sandbox, id: &str, change: &str, files: &[(String, String)]) {
    let folder = format!(".aifactory/tasks/{}/{}/{id}", &id[..1], &id[1..2]);
    let events = machine.git(&["show", &format!("{STATE}:{folder}/events.jsonl")]);
    let line = format!(
        r#"{{"id":"01kzzzzzzzzzzzzzzzzzzzzzzz","hlc":"2026-02-01T00:00:00Z/00000","actor":"mallory",{change}}}"#
    );
    let record = machine.git(&["show", &format!("{STATE}:{folder}/task.toml")]);
    // A record of an older version is folded again from its events.
    let record = record.replace("fold = 3", "fold = 1");
    let index = machine.root().join("forged-index");
    let index = index.to_string_lossy().into_owned();
    let run = |args: &[&str], input: &str| {
        use std::io::Write as _;
        let mut git = machine.program("git");
        git.args(args).env("GIT_INDEX_FILE", &index).stdin(std::process::Stdio::piped());
        let mut child = git.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    run(&["read-tree", STATE], "");
    let own = [("events.jsonl".to_owned(), format!("{events}{line}\n")), ("task.toml".to_owned(), record)];
    for (name, text) in own.iter().chain(files) {
        let blob = run(&["hash-object", "-w", "--stdin"], text);
        run(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{folder}/{name}")], "");
    }
    let tree = run(&["write-tree"], "");
    let commit = run(&["commit-tree", &tree, "-p", STATE, "-m", "forged"], "");
    machine.git(&["update-ref", STATE, &commit]);
}

fn digest_of(spec: &str, plan: &str) -> String {
    aifactory::model::Approval::digest_of(spec, plan).to_string()
}

/// Ana's machine, that of Mallory, and a task whose plan was approved by a merge. Mallory has given it another plan.
fn under_attack(hub: &Hub) -> (Sandbox, Sandbox, String, String) {
    let ana = begun(hub, ON);
    let id = ana.planned("Greet", &greeting_plan("hello.txt", "hi"));
    ana.ok(&["plan", "propose", &id]);
    ana.sync();
    hub.machine("ben").land_plan(&id, "squash");
    ana.sync();
    assert_eq!(ana.status_of(&id), "ready");
    let mallory = hub.joined("mallory");
    let evil = greeting_plan("hello.txt", "all your base");
    mallory.set_plan(&id, &evil);
    (ana, mallory, id, evil)
}

#[test]
fn who_can_write_the_state_and_not_the_target_gains_nothing_by_a_forged_approval() {
    let signature = r#"{"kind":"signature","by":"ben@example.com","signature":"DIGEST"}"#;
    let merge = r#"{"kind":"merge","by":"Ben <ben@example.com>","commit":"COMMIT"}"#;
    let said = [signature, merge].map(|warrant| {
        let hub = Hub::new();
        let (ana, mallory, id, evil) = under_attack(&hub);
        let (digest, target) = (digest_of("", &evil), mallory.commit_of("origin/main"));
        let warrant = warrant.replace("DIGEST", &digest).replace("COMMIT", &target);
        forge(&mallory, &id, &format!(r#""op":"approved","digest":"{digest}","base":"{target}","warrant":{warrant}"#));
        mallory.sync();
        ana.sync();
        assert_eq!(ana.task(&id)["approval"]["digest"], digest, "the forged event is believed to be there");
        let ran = ana.run(&["run", &id, "--local"]);
        assert_eq!(ana.status_of(&id), "waiting");
        ran.all()
    });
    shows!(
        Sandbox::empty(),
        Ran { status: 0, stdout: said.concat(), stderr: String::new() },
        str![[r#"
stderr: 2thc  Greet                             waiting  trust: ben@example.com is said to have signed the plan, and no such signature for this task is there
stderr: hint: aifactory trust; or read the plan and say yes to it: aifactory approve 2thc
exit 4
stderr: 2thc  Greet                             waiting  trust: Ben <ben@example.com> is said to have merged the plan, and the target as it is known here does not hold this text
stderr: hint: aifactory trust; or read the plan and say yes to it: aifactory approve 2thc
exit 4

"#]]
    );
}

#[test]
fn a_forged_proposal_brings_back_what_the_target_has_and_nothing_else() {
    let hub = Hub::new();
    let (ana, mallory, id, evil) = under_attack(&hub);
    let (digest, target) = (digest_of("", &evil), mallory.commit_of("origin/main"));
    let proposed =
        format!(r#""op":"proposed","branch":"main","file":"{POLICY}","commit":"{target}","base":"{target}""#);
    forge(&mallory, &id, &format!(r#"{proposed},"digest":"{digest}","pushed":true"#));
    mallory.sync();
    ana.sync();
    assert_eq!(ana.ok(&["plan", "show", &id]), greeting_plan("hello.txt", "hi"));
    ana.ok(&["run", &id]);
    assert_eq!(ana.git(&["show", &format!("{}:hello.txt", ana.task(&id)["branch"].as_str().unwrap())]), "hi\n");
}

#[test]
fn two_machines_that_see_the_same_merge_agree() {
    let hub = Hub::new();
    let ana = begun(&hub, ON);
    let id = ana.planned("Greet", &greeting_plan("hello.txt", "hi"));
    ana.ok(&["plan", "propose", &id]);
    ana.sync();
    let cid = hub.joined("cid");
    let ben = hub.machine("ben");
    ben.review_plan(&id, "As the title says.", "Exactly as the title says.");
    ben.land_plan(&id, "merge");
    for machine in [&ana, &cid] {
        machine.ok(&["plan", "follow"]);
    }
    for machine in [&ana, &cid, &ana] {
        machine.sync();
    }
    hub.assert_same(&[&ana, &cid]);
    let task = ana.task(&id);
    assert_eq!((task["status"].as_str(), &task["conflicts"]), (Some("ready"), &serde_json::Value::Null));
    assert!(ana.ok(&["plan", "show", &id]).contains("Exactly"));
    cid.ok(&["run", &id]);
}

#[test]
fn what_others_committed_on_the_branch_comes_into_the_plan_and_is_never_lost() {
    let hub = Hub::new();
    let ana = begun(&hub, ON);
    let two = format!(
        "{}\n{}",
        Step::new("S1", "a.txt").script("echo > a.txt").text(),
        Step::new("S2", "b.txt").script("echo > b.txt").text()
    );
    let id = ana.planned("Greet", &two);
    ana.ok(&["plan", "propose", &id]);
    let ben = hub.machine("ben");
    ben.review_plan(&id, "Change b.txt", "Change b.txt carefully");
    ana.set_plan(&id, &two.replace("Change a.txt", "Change a.txt boldly"));
    shows!(
        ana,
        ana.run(&["plan", "propose", &id]),
        str![[r#"
aifactory/plan/2thc5tsve4
stderr: proposed the plan of 2thc: plans/2thc5tsve4.md on origin
stderr: what others changed there is in the task's plan now
stderr: hint: open a pull request into main; once it is merged: aifactory sync

"#]]
    );
    let both = ana.ok(&["plan", "show", &id]);
    assert!(both.contains("boldly") && both.contains("carefully"), "{both}");
    let theirs = ben.commit_of(&branch(&id));
    assert_eq!(ana.try_git(&ana.repo(), &["merge-base", "--is-ancestor", &theirs, &branch(&id)]).status, 0);
    assert_eq!(hub.commit_of(&branch(&id)), ana.commit_of(&branch(&id)));

    ben.review_plan(&id, "Change a.txt boldly", "Change a.txt slowly");
    ana.set_plan(&id, &both.replace("Change a.txt boldly", "Change a.txt quickly"));
    shows!(
        ana,
        ana.run(&["plan", "propose", &id]),
        str![[r#"
stderr: error: others changed the same parts on the branch aifactory/plan/2thc5tsve4
stderr: hint: to look at theirs: git show [HASH]:plans/2thc5tsve4.md
stderr: hint: to take theirs into the task: aifactory plan propose 2thc5tsve4 --take theirs
stderr: hint: to put the task's on top, theirs staying in the history: aifactory plan propose 2thc5tsve4 --take ours
exit 4

"#]]
    );
    ana.ok(&["plan", "propose", &id, "--take", "theirs"]);
    assert!(ana.ok(&["plan", "show", &id]).contains("slowly"));
}

#[test]
fn a_proposal_touches_no_checkout_and_no_index_and_runs_no_hook() {
    let hub = Hub::new();
    let ana = begun(&hub, ON);
    let id = ana.planned("Greet", &greeting_plan("hello.txt", "hi"));
    ana.write("staged.txt", "staged");
    ana.git(&["add", "staged.txt"]);
    ana.write("README.md", "edited");
    ana.git(&["config", "core.hooksPath", "hooks"]);
    for hook in ["pre-commit", "pre-push", "reference-transaction", "post-commit"] {
        ana.write(&format!("hooks/{hook}"), "#!/bin/sh\necho ran >> \"$HOME/hooks-ran\"\n");
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(ana.path(&format!("hooks/{hook}")), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let status = ana.git(&["status", "--porcelain"]);
    let _ = std::fs::remove_file(ana.root().join("home/hooks-ran"));
    ana.ok(&["plan", "propose", &id]);
    assert!(!ana.root().join("home/hooks-ran").exists());
    assert_eq!(ana.git(&["status", "--porcelain"]), status);
    shows!(
        ana,
        Ran { status: 0, stdout: ana.git(&["show", "--format=%s%n%n%b", &branch(&id)]), stderr: String::new() },
        str![[r#"
Plan: Greet

Task: 2thc5tsve4


diff --git a/plans/2thc5tsve4.md b/plans/2thc5tsve4.md
new file mode 100644
index 0000000..d5edd6c
--- /dev/null
+++ b/plans/2thc5tsve4.md
@@ -0,0 +1,21 @@
+<!-- aifactory plan
+task: 2thc5tsve4
+title: Greet
+base: [HASH]
+-->
+
+# Spec <!-- aifactory: spec -->
+
+
+# Plan <!-- aifactory: plan -->
+
+### S1: Change hello.txt
+
+- files: hello.txt
+- gate: `grep -qx 'hi' hello.txt`
+
+As the title says.
+
+```sh run
+echo 'hi' > hello.txt
+```

"#]]
    );
}

#[test]
fn without_a_remote_the_branch_is_made_here_and_followed_here() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[(POLICY, ON)]);
    let id = sandbox.planned("Greet", &greeting_plan("hello.txt", "hi"));
    shows!(
        sandbox,
        sandbox.run(&["plan", "propose", &id]),
        str![[r#"
aifactory/plan/ehdn0jyj9c
stderr: proposed the plan of ehdn: plans/ehdn0jyj9c.md on this machine
stderr: hint: to publish it: git push <remote> aifactory/plan/ehdn0jyj9c

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["plan", "propose", &id]),
        str![[r#"
aifactory/plan/ehdn0jyj9c
stderr: proposed the plan of ehdn: plans/ehdn0jyj9c.md on this machine
stderr: hint: to publish it: git push <remote> aifactory/plan/ehdn0jyj9c

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["plan", "follow"]),
        str![[r#"
stderr: nothing new about proposed plans

"#]]
    );
    sandbox.git(&["merge", "--quiet", "--ff-only", &branch(&id)]);
    shows!(
        sandbox,
        sandbox.run(&["plan", "follow", "--local"]),
        str![[r#"
stderr: plan of ehdn: merged by Ana <ana@example.com> in [HASH]; it is approved

"#]]
    );
    sandbox.ok(&["run", &id]);
}

#[test]
fn after_a_merge_or_a_closed_review_a_new_one_begins_at_the_target() {
    let hub = Hub::new();
    let ana = begun(&hub, ON);
    let id = ana.planned("Greet", &greeting_plan("hello.txt", "hi"));
    ana.ok(&["plan", "propose", &id]);
    let ben = hub.machine("ben");
    ben.land_plan(&id, "squash");
    ana.sync();
    ana.set_plan(&id, &greeting_plan("hello.txt", "hello"));
    assert!(ana.run(&["run", &id, "--local"]).stderr.contains("in the plan S1 was changed"));
    ana.ok(&["plan", "propose", &id]);
    let range = format!("refs/aifactory/target/main...{}", branch(&id));
    assert_eq!(ana.git(&["diff", "--name-only", &range]), format!("{}\n", file(&id)));
    ana.git(&["push", "--quiet", "origin", &format!(":{}", branch(&id))]);
    ana.sync();
    assert_eq!(ana.task(&id)["proposal"]["ended"], "closed");

    ana.set_plan(&id, &greeting_plan("hello.txt", "good day"));
    ana.ok(&["plan", "propose", &id]);
    let shallow = hub.machine_with("dan", &["--depth=1"]);
    ana.sync();
    shallow.sync();
    shows!(
        shallow,
        shallow.run(&["plan", "follow"]),
        str![[r#"
stderr: nothing new about proposed plans

"#]]
    );
    ben.land_plan(&id, "merge");
    ana.sync();
    assert_eq!((ana.status_of(&id).as_str(), &ana.task(&id)["proposal"]["ended"]), ("ready", &"merged".into()));
    assert_eq!(ana.ok(&["plan", "show", &id]), greeting_plan("hello.txt", "good day"));
    ana.ok(&["run", &id]);
}

#[test]
fn one_broken_plan_does_not_keep_the_others_and_a_file_in_the_folders_place_is_not_replaced() {
    let hub = Hub::new();
    let ana = begun(&hub, ON);
    let ids = ["One", "Two"].map(|title| ana.planned(title, &greeting_plan("hello.txt", title)));
    let both: Vec<&str> = ids.iter().map(String::as_str).collect();
    ana.ok(&[&["plan", "propose"], &both[..]].concat());
    let ben = hub.machine("ben");
    ben.review_plan(&ids[0], "# Plan <!-- aifactory: plan -->", "# Plan");
    ids.iter().for_each(|id| ben.land_plan(id, "squash"));
    shows!(
        ana,
        ana.run(&["plan", "follow"]),
        str![[r#"
stderr: warning: plan of 2thc: what was merged is no plan and not approved: plans/2thc5tsve4.md:21:1: no line begins the plan: one must read `# Plan <!-- aifactory: plan -->`
stderr: plan of bdrd: merged by Ben <ben@example.com> in [HASH]; it is approved
exit 4

"#]]
    );

    let third = ana.planned("Three", &greeting_plan("hello.txt", "three"));
    ana.ok(&["config", "set", "plan.folder", "README.md"]);
    shows!(
        ana,
        ana.run(&["plan", "propose", &third]),
        str![[r#"
stderr: error: README.md is a file on the target and cannot hold plans
stderr: hint: to choose another folder: aifactory config set plan.folder <folder>
exit 1

"#]]
    );
}

#[test]
fn a_machine_whose_target_is_behind_learns_of_the_merge_by_sync() {
    let hub = Hub::new();
    let ana = begun(&hub, ON);
    let id = ana.planned("Greet", &greeting_plan("hello.txt", "hi"));
    ana.ok(&["plan", "propose", &id]);
    ana.sync();
    let cid = hub.joined("cid");
    let main = cid.commit_of("main");
    hub.machine("ben").land_plan(&id, "squash");
    ana.sync();
    cid.sync();
    assert_eq!(cid.commit_of("main"), main, "no branch of a person's moves");
    cid.ok(&["run", &id]);
}

#[test]
fn a_stale_approval_says_all_that_moved() {
    let sandbox = Sandbox::new();
    let plan = |middle: &str| {
        format!("{}\n{middle}\n{}", Step::new("S1", "a.txt").text(), Step::new("S3", "src/").after("S1").text())
    };
    let id = sandbox.approved("Greet", &plan(&Step::new("S2", "b.txt").text()));
    sandbox.set_spec(&id, "Politely.");
    sandbox.set_plan(&id, &plan(&Step::new("S4", "b.txt").text()).replace("Change a.txt", "Rewrite a.txt"));
    sandbox.commit(&[("src/one.rs", "1"), ("src/two.rs", "2")]);
    sandbox.commit(&[("a.txt", "a")]);
    sandbox.commit(&[("elsewhere.txt", "")]);
    shows!(
        sandbox,
        sandbox.run(&["status"]),
        str![[r#"
Ready to run (1)
  ehdn  Greet
        ! since ana@example.com approved the plan, the spec was edited; in the plan S4 was added, S1 was changed, S2 was removed; a.txt, src/one.rs and src/two.rs changed on main (2 commits by ana@example.com)

0 done, 0 cancelled

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet                             waiting  plan-approval: since ana@example.com approved the plan, the spec was edited; in the plan S4 was added, S1 was changed, S2 was removed; a.txt, src/one.rs and src/two.rs changed on main (2 commits by ana@example.com)
stderr: hint: aifactory plan show ehdn (or plan edit), then aifactory approve ehdn
exit 4

"#]]
    );
    let shown = sandbox.run(&["plan", "show", &id]);
    assert!(
        shown.stderr.contains("the spec was edited; in the plan S4 was added, S1 was changed, S2 was removed"),
        "{}",
        shown.all()
    );
    shows!(
        sandbox,
        sandbox.run(&["approve", &id]),
        str![[r#"
stderr: ehdn: since ana@example.com approved the plan, the spec was edited; in the plan S4 was added, S1 was changed, S2 was removed; a.txt, src/one.rs and src/two.rs changed on main (2 commits by ana@example.com)
stderr: approved ehdn  Greet  (ready)

"#]]
    );
    assert!(sandbox.json(&["plan", "show", &id])["stale"].is_null());
}

/// A key of its own for somebody who signs; its public half as a line of allowed signers.
fn key(machine: &Sandbox, name: &str) -> (PathBuf, String) {
    let path = machine.root().join(format!("key-{name}"));
    let mut keygen = machine.program("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&path);
    let made = keygen.output().expect("these tests sign with ssh-keygen: apt install openssh-client");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    (path, format!("{name}@example.com {public}"))
}

/// Signs the file, as help says; the signature's file.
fn sign(machine: &Sandbox, key: &std::path::Path, namespace: &str, file: &str) -> String {
    let signature = machine.root().join(format!("{file}.sig"));
    let _ = std::fs::remove_file(&signature);
    let mut keygen = machine.program("ssh-keygen");
    keygen.args(["-Y", "sign", "-n", namespace, "-f"]).arg(key).arg(machine.root().join(file));
    let signed = machine.finish(&mut keygen);
    assert_eq!(signed.status, 0, "{}", signed.all());
    signature.to_string_lossy().into_owned()
}

/// Ana's machine with a task, its plan exported and Ben allowed to sign; the task, the file, and Ben's key.
fn exported(hub: &Hub) -> (Sandbox, String, String, PathBuf) {
    let ana = begun(hub, "");
    let (key, line) = key(&ana, "ben");
    ana.commit(&[(".aifactory/allowed-signers", &line)]);
    ana.git(&["push", "--quiet", "origin", "main"]);
    let id = ana.planned("Greet", &greeting_plan("hello.txt", "hi"));
    ana.set_spec(&id, "Say hi.");
    let file = ana.root().join("signed.md");
    std::fs::write(&file, ana.ok(&["plan", "export", &id])).unwrap();
    (ana, id, file.to_string_lossy().into_owned(), key)
}

#[test]
fn a_signed_plan_is_approved_on_every_machine_that_knows_the_signer() {
    let hub = Hub::new();
    let (ana, id, file, key) = exported(&hub);
    let signature = sign(&ana, &key, "aifactory-plan", "signed.md");
    ana.set_plan(&id, &greeting_plan("hello.txt", "something else"));
    shows!(
        ana,
        ana.run(&["plan", "import", &file, "--signature", &signature]),
        str![[r#"
bdrdd56k50
stderr: approved by the signature of ben@example.com

"#]]
    );
    assert_eq!(ana.ok(&["plan", "show", &id]), greeting_plan("hello.txt", "hi"));
    ana.sync();
    hub.assert_sound();

    let cid = hub.joined("cid");
    cid.ok(&["run", &id]);
    assert_eq!(cid.status_of(&id), "review");

    // Who takes the signer off the list takes the approvals back.
    let dan = hub.joined("dan");
    dan.commit(&[(".aifactory/allowed-signers", "")]);
    shows!(
        dan,
        dan.run(&["merge", &id]),
        str![[r#"
stderr: bdrd  Greet                             merging into main
stderr: bdrd  Greet                               missing plan     the plan's signature does not count here: the signature is of nobody who may sign here: No principal matched.
stderr: bdrd  Greet                               done    step S1  Change hello.txt
stderr: bdrd  Greet                               missing work     there is no branch with work
stderr: error: task bdrd cannot be merged: plan: the plan's signature does not count here: the signature is of nobody who may sign here: No principal matched.
stderr: hint: aifactory plan show bdrd, then aifactory approve bdrd
exit 4

"#]]
    );
}

#[test]
fn a_signature_that_does_not_hold_takes_nothing_in() {
    let hub = Hub::new();
    let (ana, id, file, ben) = exported(&hub);
    let before = ana.commit_of(STATE);
    let import = |signature: &str| ana.run(&["plan", "import", &file, "--signature", signature]).all();
    let (stranger, _) = key(&ana, "mallory");
    let wrong_key = import(&sign(&ana, &stranger, "aifactory-plan", "signed.md"));
    let wrong_namespace = import(&sign(&ana, &ben, "git", "signed.md"));
    let good = sign(&ana, &ben, "aifactory-plan", "signed.md");
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap().replace("'hi'", "'rm'")).unwrap();
    let edited = import(&good);
    std::fs::write(&good, "no signature").unwrap();
    let none = import(&good);
    assert_eq!(ana.commit_of(STATE), before);
    assert!(ana.task(&id)["approval"].is_null());
    let said = [wrong_key, wrong_namespace, edited, none].join("\n");
    shows!(
        ana,
        Ran { status: 0, stdout: said, stderr: String::new() },
        str![[r#"
stderr: error: the signature is of nobody who may sign here
stderr:   because: No principal matched.
exit 1

stderr: error: the signature does not hold
stderr:   because: Couldn't verify signature: namespace does not match; Could not verify signature.
exit 1

stderr: error: the signature does not hold
stderr:   because: Signature verification failed: incorrect signature; Could not verify signature.
exit 1

stderr: error: the signature file holds no SSH signature
stderr: hint: to make one: ssh-keygen -Y sign -n aifactory-plan -f <key> <file>
exit 1

"#]]
    );
}

#[test]
fn a_signed_plan_for_a_target_that_moved_on_is_refused_and_can_be_taken_unapproved() {
    let hub = Hub::new();
    let (ana, id, file, key) = exported(&hub);
    let signature = sign(&ana, &key, "aifactory-plan", "signed.md");
    ana.commit(&[("hello.txt", "somebody was faster")]);
    shows!(
        ana,
        ana.run(&["plan", "import", &file, "--signature", &signature]),
        str![[r#"
stderr: error: the plan is out of date: hello.txt changed on main since commit [HASH]
stderr: hint: have it made again for the target as it is now
stderr: hint: or take it all the same, to be approved here: add --stale-ok
exit 4

"#]]
    );
    shows!(
        ana,
        ana.run(&["plan", "import", &file, "--signature", &signature, "--stale-ok"]),
        str![[r#"
bdrdd56k50
stderr: warning: the plan is out of date: hello.txt changed on main since commit [HASH]
stderr: hint: read it, then approve it: aifactory plan show bdrd

"#]]
    );
    assert_eq!((ana.status_of(&id).as_str(), &ana.task(&id)["approval"]), ("waiting", &serde_json::Value::Null));
}

#[test]
fn a_signed_plan_that_grew_stale_after_its_import_says_so() {
    let hub = Hub::new();
    let (ana, id, file, key) = exported(&hub);
    let signature = sign(&ana, &key, "aifactory-plan", "signed.md");
    ana.ok(&["plan", "import", &file, "--signature", &signature]);
    // Whoever writes the state may say that it was made for the newest commit; the signature says for which.
    let newest = ana.commit(&[("hello.txt", "somebody was faster")]);
    let digest = ana.task(&id)["approval"]["digest"].as_str().unwrap().to_owned();
    let warrant = format!(r#"{{"kind":"signature","by":"ben@example.com","signature":"{digest}"}}"#);
    forge(&ana, &id, &format!(r#""op":"approved","digest":"{digest}","base":"{newest}","warrant":{warrant}"#));
    shows!(
        ana,
        ana.run(&["run", &id]),
        str![[r#"
stderr: bdrd  Greet                             waiting  plan-approval: since ben@example.com approved the plan, hello.txt changed on main (1 commit by ana@example.com)
stderr: hint: aifactory plan show bdrd (or plan edit), then aifactory approve bdrd
exit 4

"#]]
    );
}

#[test]
fn a_signature_for_one_task_approves_no_other() {
    let hub = Hub::new();
    let (ana, id, file, key) = exported(&hub);
    let signature = sign(&ana, &key, "aifactory-plan", "signed.md");
    ana.ok(&["plan", "import", &file, "--signature", &signature]);
    let other = ana.planned("Another", &greeting_plan("hello.txt", "hi"));
    ana.sync();

    let mallory = hub.joined("mallory");
    mallory.set_spec(&other, "Say hi.");
    let folder = format!(".aifactory/tasks/{}/{}/{id}", &id[..1], &id[1..2]);
    let names = mallory.git(&["ls-tree", "-r", "--name-only", STATE, "--", &format!("{folder}/signed/")]);
    let files: Vec<(String, String)> = names
        .lines()
        .map(|path| (path[folder.len() + 1..].to_owned(), mallory.git(&["show", &format!("{STATE}:{path}")])))
        .collect();
    assert_eq!(files.len(), 2, "{names}");
    let digest = mallory.task(&id)["approval"]["digest"].as_str().unwrap().to_owned();
    let warrant = format!(r#"{{"kind":"signature","by":"ben@example.com","signature":"{digest}"}}"#);
    let approved = format!(r#""op":"approved","digest":"{digest}","warrant":{warrant}"#);
    forge_with(&mallory, &other, &approved, &files);
    mallory.sync();
    ana.sync();
    assert_eq!(ana.task(&other)["approval"]["digest"], digest);
    shows!(
        ana,
        ana.run(&["run", &other, "--local"]),
        str![[r#"
stderr: dmax  Another                           waiting  trust: ben@example.com is said to have signed the plan, and no such signature for this task is there
stderr: hint: aifactory trust; or read the plan and say yes to it: aifactory approve dmax
exit 4

"#]]
    );
    assert_eq!(hub.joined("cid").run(&["run", &id]).status, 0, "the one that was signed is approved everywhere");
}

#[test]
fn a_plan_without_a_signature_is_text_that_waits_for_approval() {
    let hub = Hub::new();
    let (ana, id, file, _) = exported(&hub);
    ana.set_plan(&id, &greeting_plan("hello.txt", "something else"));
    shows!(
        ana,
        ana.run(&["plan", "import", &file]),
        str![[r#"
bdrdd56k50
stderr: hint: read it, then approve it: aifactory plan show bdrd

"#]]
    );
    assert_eq!(ana.ok(&["plan", "show", &id]), greeting_plan("hello.txt", "hi"));
    assert_eq!(ana.run(&["run", &id]).status, 4);
    // Where the task is not known, the file makes it.
    let other = Hub::new();
    let ben = begun(&other, "");
    shows!(
        ben,
        ben.run(&["plan", "import", &file]),
        str![[r#"
stderr: error: the plan is out of date: it was made for commit [HASH], which is not here
stderr: hint: have it made again for the target as it is now
stderr: hint: or take it all the same, to be approved here: add --stale-ok
exit 4

"#]]
    );
    shows!(
        ben,
        ben.run(&["plan", "import", &file, "--stale-ok"]),
        str![[r#"
bdrdd56k50
stderr: warning: the plan is out of date: it was made for commit [HASH], which is not here
stderr: hint: read it, then approve it: aifactory plan show bdrd

"#]]
    );
    assert_eq!(ben.task(&id)["title"], "Greet");
}

#[test]
fn without_ssh_keygen_the_error_says_what_is_missing() {
    let hub = Hub::new();
    let (ana, id, file, key) = exported(&hub);
    let signature = sign(&ana, &key, "aifactory-plan", "signed.md");
    let programs = ana.folder("programs");
    let git = ana.finish(ana.program("sh").args(["-c", "command -v git"])).stdout;
    std::os::unix::fs::symlink(git.trim(), programs.join("git")).unwrap();
    let ana = ana.with("PATH", programs.to_str().unwrap());
    shows!(
        ana,
        ana.run(&["plan", "import", &file, "--signature", &signature]),
        str![[r#"
stderr: error: cannot check the signature
stderr:   because: cannot start ssh-keygen: program not found
stderr:   because: No such file or directory (os error 2)
stderr: hint: ssh-keygen comes with OpenSSH 8.2 or newer: apt install openssh-client
exit 1

"#]]
    );
    assert!(ana.task(&id)["approval"].is_null());
}
