//! Definitions as people see them: workflows, roles and quick actions, from the program, the policy and the user.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Sandbox, greeting_plan};
use snapbox::str;
use std::fs;

const HOUSE: &str =
    "description = \"As we do it\"\n[[phases]]\nagent = \"coder\"\n[[phases]]\ngates = [\"make test\"]\n";

#[test]
fn workflows_are_listed_with_where_they_come_from() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[(".aifactory/workflows/house.toml", HOUSE), (".aifactory/workflows/broken.toml", "phases = 1\n")]);
    shows!(
        sandbox,
        sandbox.run(&["workflow", "list"]),
        str![[r#"
WORKFLOW     FROM                                WHAT
broken       the project's policy at [HASH]  cannot be used: aifactory workflow check
code-review  built in                            Code, a review by somebody else, and revision…
default      built in                            From a wish to a change that is proven and…
house        the project's policy at [HASH]  As we do it
plan         built in                            A spec and a plan, and a person's yes to them…
solo         built in                            The plan's steps and the gates; nobody reviews

"#]]
    );
}

#[test]
fn a_workflow_is_drawn_with_its_conditions_and_loops() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["workflow", "show", "default"]),
        str![[r#"
default  From a wish to a change that is proven and reviewed: spec, plan, a person's yes, code, gates, review, fixes
from  built in

     1  research  if is_complex    role researcher
     2  spec      if no_spec       role spec-writer
     3  plan      if no_plan       role planner
     4  approval                   a person's yes to spec and plan
     5  baseline                   all gates of plan and project
     6  code                       role coder
╭┬>  7  verify                     all gates of plan and project
│╰─  8  mend      if gates_failed  role coder-revision, given verify; then back to verify, at most 3 times
│    9  review                     role reviewer
╰── 10  fix       if has_issues    role coder-revision, given review; then back to verify, at most 3 times

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["workflow", "show", "code_review", "--json"]),
        str![[r#"
{"schema":"aifactory.workflow/1","name":"code-review","description":"Code, a review by somebody else, and revisions until it is approved","from":"built in","phases":[{"name":"approval","role":null,"gates":null,"approval":true,"agent":null,"input":[],"output":"approval","condition":null,"loop_to":null,"max_iterations":null,"prompt_template":null},{"name":"code","role":"coder","gates":null,"approval":false,"agent":null,"input":[],"output":"code","condition":null,"loop_to":null,"max_iterations":null,"prompt_template":null},{"name":"review","role":"reviewer","gates":null,"approval":false,"agent":null,"input":[],"output":"review","condition":null,"loop_to":null,"max_iterations":null,"prompt_template":null},{"name":"fix","role":"coder-revision","gates":null,"approval":false,"agent":null,"input":["review"],"output":"fix","condition":"has_issues","loop_to":"review","max_iterations":3,"prompt_template":null},{"name":"verify","role":null,"gates":true,"approval":false,"agent":null,"input":[],"output":"verify","condition":null,"loop_to":null,"max_iterations":null,"prompt_template":null}]}

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["workflow", "show", "defualt"]),
        str![[r#"
stderr: error: there is no workflow called `defualt`
stderr: hint: perhaps default
exit 3

"#]]
    );
}

#[test]
fn the_users_own_definition_counts_before_the_policys() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[(".aifactory/workflows/default.toml", HOUSE)]);
    shows!(
        sandbox,
        sandbox.run(&["workflow", "show", "default"]),
        str![[r#"
default  As we do it
from  the project's policy at [HASH]

 1  coder   role coder
 2  verify  gates `make test`

"#]]
    );
    let own = sandbox.root().join("home/config/aifactory/workflows");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("default.toml"), HOUSE.replace("we do", "I do")).unwrap();
    shows!(
        sandbox,
        sandbox.run(&["workflow", "show", "default"]),
        str![[r#"
default  As I do it
from  $SANDBOX/home/config/aifactory/workflows/default.toml

 1  coder   role coder
 2  verify  gates `make test`

"#]]
    );
    assert_eq!(sandbox.ok(&["workflow", "show", "default", "--source"]), HOUSE.replace("we do", "I do"));
}

#[test]
fn what_is_not_on_the_target_branch_does_not_count() {
    let sandbox = Sandbox::new();
    sandbox.write(".aifactory/workflows/house.toml", HOUSE);
    shows!(
        sandbox,
        sandbox.run(&["workflow", "show", "house"]),
        str![[r#"
stderr: error: there is no workflow called `house`
stderr: hint: what there is: code-review, default, plan, solo
exit 3

"#]]
    );
}

#[test]
fn files_are_checked_before_they_are_committed() {
    let sandbox = Sandbox::new();
    sandbox.write(".aifactory/workflows/house.toml", HOUSE.replace("\"coder\"", "\"mason\""));
    shows!(
        sandbox,
        sandbox.run(&["workflow", "check", ".aifactory/workflows/house.toml"]),
        str![[r#"
stderr: error: the workflow house ($SANDBOX/repo/.aifactory/workflows/house.toml): line 2: `mason` has no role
stderr:   because: there is no role called `mason`
stderr: hint: what there is: changelog, coder, coder-revision, confirmer, devops, ideas, planner, recovery, researcher, reviewer, spec-writer
exit 1

"#]]
    );
    sandbox.write(".aifactory/roles/mason.md", "---\ntools: [edit]\n---\nBuild {{title}}.\n");
    let files = [".aifactory/workflows/house.toml", ".aifactory/roles/mason.md"];
    shows!(
        sandbox,
        sandbox.run(&[&["workflow", "check"], &files[..]].concat()),
        str![[r#"
stderr: 2 definitions well formed

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["workflow", "check"]),
        str![[r#"
stderr: 21 definitions well formed

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["workflow", "check", "README.md", "missing.toml"]),
        str![[r#"
stderr: error: $SANDBOX/repo/README.md: this is no name for a role
stderr: hint: small letters, digits, - and _, beginning with a letter or digit
exit 1

"#]]
    );
}

#[test]
fn mistakes_in_files_are_named_with_their_place() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", "[[phases]]\nagent = \"coder\"\nloop = \"x\"\n");
    sandbox.write("b.toml", "[[phases]]\ngates = true\n\n[[phases]]\nagent = \"coder\"\nloop_to = \"verify\"\n");
    sandbox.write("c.md", "---\ntool: [edit]\n---\nBuild.\n");
    sandbox.write("d.md", "---\ntools: [edit]\n---\n\nBuild {{titel}}.\n");
    sandbox.write("actions/e.md", "---\nscript: make\ntools: [read]\n---\n");
    let files = ["a.toml", "b.toml", "c.md", "d.md", "actions/e.md"];
    shows!(
        sandbox,
        sandbox.run(&[&["workflow", "check"], &files[..]].concat()),
        str![[r#"
stderr: error: the workflow a ($SANDBOX/repo/a.toml): line 3, column 1: unknown field `loop`, expected one of `name`, `agent`, `gates`, `approval`, `use`, `input`, `output`, `condition`, `loop_to`, `max_iterations`, `prompt_template`
stderr: error: the workflow b ($SANDBOX/repo/b.toml): line 4: `coder` always loops to `verify`, so the work never ends
stderr: hint: say when: condition = "has_issues"
stderr: error: the role c ($SANDBOX/repo/c.md): line 2: nothing is called `tool` in a role
stderr: hint: what there is: tools
stderr: error: the role d ($SANDBOX/repo/d.md):5: nothing is called `titel` here
stderr: hint: what there is: task, title, spec, plan, step, files, gates, baseline, diff, evidence, review, handoffs, memory, notes, feedback, recap, input, assertions, changelog, root, reach, also
stderr: error: the action e ($SANDBOX/repo/actions/e.md): tools is for agents, and this is a script
exit 1

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["workflow", "check", "--json", "b.toml"]),
        str![[r#"
{"schema":"aifactory.workflow-check/1","checked":1,"findings":[{"kind":"workflow","name":"b","error":"the workflow b ($SANDBOX/repo/b.toml): line 4: `coder` always loops to `verify`, so the work never ends","hints":["say when: condition = \"has_issues\""]}]}
exit 1

"#]]
    );
}

#[test]
fn roles_are_listed_and_shown() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["prompt", "list"]),
        str![[r#"
ROLE            LEAVES    TOOLS            TIME  FROM      WHAT
changelog       change    read, edit       30m   built in  writes what changed since the last…
coder           change    read, edit, run  1h    built in  carries out one step of the plan
coder-revision  change    read, edit, run  1h    built in  changes finished work until reviewer…
confirmer       findings  read             30m   built in  looks again at what a reviewer found
devops          change    run, read, edit  30m   built in  works on builds, delivery and…
ideas           notes     read             30m   built in  looks around in the project and says…
planner         plan      read             1h    built in  turns a spec into a plan of steps that…
recovery        change    read, edit, run  1h    built in  takes over a step where others failed,…
researcher      notes     web, read        30m   built in  finds out what has to be known, and…
reviewer        review    read             30m   built in  reads the work of others and gives a…
spec-writer     spec      read             1h    built in  turns a wish into a spec

"#]]
    );
    sandbox.commit(&[(
        ".aifactory/roles/confirmer.md",
        "---\ndescription: looks twice\nagent: claude\nmodel: opus\ntimeout: 5m\nanswers: findings\n---\n\nLook at {{input}}.\n",
    )]);
    shows!(
        sandbox,
        sandbox.run(&["prompt", "show", "confirmer"]),
        str![[r#"
confirmer  looks twice
from        the project's policy at [HASH]
leaves      findings
agent       claude:opus
tools       read
permission  read-only
time        5m

Look at {{input}}.

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["prompt", "show", "confirmer", "--json"]),
        str![[r#"
{"name":"confirmer","description":"looks twice","from":"the project's policy at [HASH]","answers":"findings","agent":"claude:opus","tools":["read"],"permission":"read-only","timeout_seconds":300,"schema":"aifactory.role/1","prompt":"Look at {{input}}.\n"}

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["prompt", "show", "conformer"]),
        str![[r#"
stderr: error: there is no role called `conformer`
stderr: hint: perhaps confirmer
exit 3

"#]]
    );
}

#[test]
fn a_link_defines_nothing_and_does_not_uncover_what_it_hides() {
    let sandbox = Sandbox::new();
    sandbox.write("outside.md", "Do as I say.\n");
    fs::create_dir_all(sandbox.path(".aifactory/roles")).unwrap();
    std::os::unix::fs::symlink("../../outside.md", sandbox.path(".aifactory/roles/reviewer.md")).unwrap();
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "link"]);
    shows!(
        sandbox,
        sandbox.run(&["prompt", "show", "reviewer"]),
        str![[r#"
stderr: error: .aifactory/roles/reviewer.md: this is not a plain file
exit 1

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["workflow", "show", "default"]),
        str![[r#"
stderr: error: the workflow default (built in): line 43: `review` has no role
stderr:   because: .aifactory/roles/reviewer.md: this is not a plain file
exit 1

"#]]
    );
}

#[test]
fn files_that_nobody_can_ask_for_are_passed_over_and_reported_by_check() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[(".aifactory/roles/README.md", "Our roles.\n"), (".aifactory/workflows/A b.toml", HOUSE)]);
    sandbox.ok(&["workflow", "show", "default"]);
    shows!(
        sandbox,
        sandbox.run(&["workflow", "check"]),
        str![[r#"
stderr: error: .aifactory/roles/README.md: this is no name for a role
stderr: hint: small letters, digits, - and _, beginning with a letter or digit
stderr: error: .aifactory/workflows/A b.toml: this is no name for a workflow
stderr: hint: small letters, digits, - and _, beginning with a letter or digit
exit 1

"#]]
    );
}

const STAMP: &str = "---\nname: Stamp\ndescription: writes who and where\ntype: script\n---\n\n\
    echo \"$AIFACTORY_TITLE on $AIFACTORY_BRANCH for $AIFACTORY_TARGET\" > stamp\npwd >> stamp\n";

/// A task that was carried out and has a worktree.
fn finished(sandbox: &Sandbox) -> String {
    let id = sandbox.ok(&["new", "Say it's \"$HOME\""]).trim().to_owned();
    sandbox.write("plan.md", greeting_plan("hello.txt", "hello"));
    sandbox.ok(&["plan", "set", &id, "-F", "plan.md"]);
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["run", &id]);
    id
}

#[test]
fn quick_actions_are_listed() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["do"]),
        str![[r#"
ACTION          BY      FROM      WHAT
explain         agent   built in  💡 says what the change of a task does, for somebody who has to…
fix-gates       agent   built in  🔧 finds out why gates fail and mends the work
rename-branch   script  built in  🏷 gives the work a branch named after its title as it is now;…
review          agent   built in  🔍 reads the change of a task and says what is wrong with it
simplify        agent   built in  🧹 makes the change of a task smaller and plainer; it does the…
sync-with-base  script  built in  🔄 merges the target branch into the work of a task; where that…

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["do", "simplfy", "x"]),
        str![[r#"
stderr: error: there is no action called `simplfy`
stderr: hint: perhaps simplify
exit 3

"#]]
    );
}

#[test]
fn a_script_runs_in_the_worktree_of_its_task_once_the_policy_is_trusted() {
    let sandbox = Sandbox::new();
    let id = finished(&sandbox);
    sandbox.commit(&[(".aifactory/actions/stamp.md", STAMP)]);
    shows!(
        sandbox,
        sandbox.run(&["do", "stamp", &id]),
        str![[r#"
stderr: error: stamp comes from the project's policy, which is not trusted here
stderr: hint: aifactory trust
exit 4

"#]]
    );
    sandbox.ok(&["trust", "--yes"]);
    shows!(sandbox, sandbox.run(&["do", "stamp", &id]), str![[r#""#]]);
    shows!(
        sandbox,
        sandbox.run(&["exec", &id, "--", "cat", "stamp"]),
        str![[r#"
Say it's "$HOME" on aifactory/ehdn0jyj9c-say-it-s-home for main
$SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c

"#]]
    );
    sandbox.commit(&[(".aifactory/actions/stamp.md", &STAMP.replace("who", "what"))]);
    assert_eq!(sandbox.run(&["do", "stamp", &id]).status, 4, "a change asks again");
}

#[test]
fn the_base_comes_into_the_work_or_nothing_changes() {
    let sandbox = Sandbox::new();
    let id = finished(&sandbox);
    sandbox.commit(&[("other.txt", "other\n")]);
    assert_eq!(sandbox.run(&["do", "sync-with-base", &id]).status, 0);
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "other.txt", "hello.txt"]), "other\nhello\n");
    let before = sandbox.ok(&["exec", &id, "--", "git", "rev-parse", "HEAD"]);
    sandbox.commit(&[("hello.txt", "something else\n")]);
    let ran = sandbox.run(&["do", "sync_with_base", &id]);
    assert_eq!((ran.status, ran.stderr.contains("main does not merge by itself; nothing was changed")), (1, true));
    assert_eq!(sandbox.ok(&["exec", &id, "--", "git", "rev-parse", "HEAD"]), before);
    assert_eq!(sandbox.ok(&["exec", &id, "--", "git", "status", "--porcelain"]), "");
}

#[test]
fn a_branch_gets_a_name_of_the_title_whatever_that_holds() {
    let sandbox = Sandbox::new();
    let id = finished(&sandbox);
    let own = sandbox.ok(&["exec", &id, "--", "git", "branch", "--show-current"]);
    assert_eq!(sandbox.ok(&["do", "rename-branch", &id]), "say-it-s-home\n");
    assert_eq!(sandbox.commit_of("say-it-s-home"), sandbox.commit_of(own.trim()));
    assert_eq!(sandbox.ok(&["exec", &id, "--", "git", "branch", "--show-current"]), own);
}

#[test]
fn what_a_project_defines_has_to_be_trusted_and_a_change_asks_again() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["trust"]),
        str![[r#"
stderr: the project's policy runs no commands

"#]]
    );
    let role = "---\ntools: [read]\n---\nLook at {{diff}}.\n";
    sandbox.commit(&[
        (".aifactory/roles/reviewer.md", role),
        (".aifactory/workflows/house.toml", HOUSE),
        (".aifactory/actions/stamp.md", STAMP),
    ]);
    shows!(
        sandbox,
        sandbox.run(&["trust", "--yes"]),
        str![[r#"
stderr:   actions.stamp: the text [HASH]
stderr:   actions.stamp script: echo "$AIFACTORY_TITLE on $AIFACTORY_BRANCH for $AIFACTORY_TARGET" > stamp
stderr:   actions.stamp script: pwd >> stamp
stderr:   roles.reviewer: the text [HASH]
stderr:   workflows.house: the text [HASH]
stderr:   workflows.house gate: make test
stderr: hint: what a text says: git show <branch>:.aifactory/roles/<name>.md
stderr: trusted; a change will ask again

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["trust"]),
        str![[r#"
stderr: these commands are trusted already

"#]]
    );
    sandbox.commit(&[(".aifactory/roles/reviewer.md", &role.replace("Look", "Don't look"))]);
    shows!(
        sandbox,
        sandbox.run(&["trust"]),
        str![[r#"
stderr:   actions.stamp: the text [HASH]
stderr:   actions.stamp script: echo "$AIFACTORY_TITLE on $AIFACTORY_BRANCH for $AIFACTORY_TARGET" > stamp
stderr:   actions.stamp script: pwd >> stamp
stderr:   roles.reviewer: the text [HASH]
stderr:   workflows.house: the text [HASH]
stderr:   workflows.house gate: make test
stderr: hint: what a text says: git show <branch>:.aifactory/roles/<name>.md
stderr: error: nobody is here to trust these commands
stderr: hint: aifactory trust --yes
exit 4

"#]]
    );
    sandbox.commit(&[(".aifactory/roles/reviewer.md", role)]);
    assert!(sandbox.run(&["trust"]).stderr.contains("trusted already"), "the text that was trusted is trusted");
}

const CONFIG: &str = "\
repos: {}
agent_templates:
  coder: {system_prompt_file: prompts/coder.md, allowed_tools: [Read, Edit, Bash], timeout_minutes: 30}
  devops: {system_prompt_file: ../secret.md, timeout_minutes: 15}
workflows:
  code_review:
    steps:
      - {agent: coder, output: code}
      - {agent: reviewer, input: code, output: review}
      - {agent: coder_revision, input: review, condition: has_issues, loop_to: review}
";

#[test]
fn workflows_of_another_factory_come_in_as_files_to_commit() {
    let sandbox = Sandbox::new();
    sandbox.write("old/config.yml", CONFIG);
    sandbox.write("old/prompts/coder.md", "Write Haskell.\n");
    sandbox.write("secret.md", "hunter2\n");
    shows!(
        sandbox,
        sandbox.run(&["import", "workflow", "old/config.yml", "--dry-run"]),
        str![[r#"
stderr: role devops: its prompt is not taken over: ../secret.md is not below the folder of the configuration
stderr: workflow code-review: nobody approves a plan in it and no gates are run before a review; add phases with approval = true and gates = true where you want them
stderr: would write .aifactory/roles/coder.md
stderr: would write .aifactory/roles/devops.md
stderr: would write .aifactory/workflows/code-review.toml

"#]]
    );
    assert!(!sandbox.path(".aifactory").exists());
    shows!(
        sandbox,
        sandbox.run(&["import", "workflow", "old/config.yml"]),
        str![[r#"
stderr: role devops: its prompt is not taken over: ../secret.md is not below the folder of the configuration
stderr: workflow code-review: nobody approves a plan in it and no gates are run before a review; add phases with approval = true and gates = true where you want them
stderr: wrote .aifactory/roles/coder.md
stderr: wrote .aifactory/roles/devops.md
stderr: wrote .aifactory/workflows/code-review.toml
stderr: hint: look at the 3 files, and commit what you want on the target branch: nothing counts before

"#]]
    );
    let files = [".aifactory/workflows/code-review.toml", ".aifactory/roles/coder.md", ".aifactory/roles/devops.md"];
    assert!(files.iter().all(|file| !sandbox.read(file).contains("hunter2")));
    sandbox.ok(&[&["workflow", "check"], &files[..]].concat());
    shows!(
        sandbox,
        sandbox.run(&["import", "workflow:old/config.yml"]),
        str![[r#"
stderr: error: .aifactory/roles/coder.md, .aifactory/roles/devops.md, .aifactory/workflows/code-review.toml are there already
stderr: hint: to replace them: --force
exit 1

"#]]
    );
    assert_eq!(sandbox.run(&["import", "workflow", "old/config.yml", "--force", "--json"]).status, 0);
    let roles = sandbox.path(".aifactory/roles");
    fs::rename(&roles, sandbox.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", &roles).unwrap();
    let ran = sandbox.run(&["import", "workflow", "old/config.yml", "--force"]);
    assert_eq!(ran.stderr, "error: .aifactory/roles is reached by a link; nothing was written\n");
    fs::remove_file(&roles).unwrap();
    fs::rename(sandbox.path("elsewhere"), &roles).unwrap();
    sandbox.git(&["add", ".aifactory"]);
    sandbox.git(&["commit", "--quiet", "-m", "workflows"]);
    shows!(
        sandbox,
        sandbox.run(&["workflow", "show", "code_review"]),
        str![[r#"
code-review  code-review of config.yml
from  the project's policy at [HASH]

    1  code                           role coder
╭>  2  review                         role reviewer, given code
╰─  3  coder_revision  if has_issues  role coder-revision, given review; then back to review, at most 3 times

"#]]
    );
}

#[test]
fn an_import_of_workflows_refuses_what_it_is_not_for() {
    let sandbox = Sandbox::new();
    sandbox.write("config.yml", "workflows: [\n");
    sandbox.write("empty.yml", "repos: {}\n");
    for (words, expected) in [
        (vec!["workflow", "config.yml"], "error: config.yml: "),
        (vec!["workflow", "empty.yml"], "error: empty.yml: there are neither workflows nor agent_templates in it"),
        (vec!["workflow", "missing.yml"], "error: there is no file missing.yml"),
        (vec!["workflow", "config.yml", "--write-back"], "error: only a TODO.md has marks to write back"),
        (vec!["todo:TODO.md", "config.yml"], "error: only `workflow` takes a file of its own"),
        (vec!["todo:TODO.md", "--force"], "error: --force is for workflows; tasks are never replaced"),
    ] {
        let ran = sandbox.run(&[vec!["import"], words].concat());
        assert!(ran.status != 0 && ran.stderr.starts_with(expected), "{expected}\n{}", ran.stderr);
    }
}

#[test]
fn a_role_that_there_is_not_is_named_when_it_is_set_and_keeps_its_task_from_being_run() {
    let sandbox = Sandbox::new();
    let id = sandbox.planned("Work", &greeting_plan("a.txt", "a"));
    shows!(
        sandbox,
        sandbox.run(&["set", &id, "role=reviwer"]),
        str![[r#"
stderr: warning: there is no role called `reviwer`
stderr: hint: perhaps reviewer
stderr: changed ehdn  Work  (backlog)

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: error: task ehdn0jyj9c is for the role `reviwer`, and there is no such role
stderr: hint: perhaps reviewer
stderr: hint: to choose another, or none: aifactory set ehdn0jyj9c role=
exit 3

"#]]
    );
    assert_eq!(sandbox.status(&id), "backlog");
    sandbox.ok(&["approve", &id]);
    shows!(
        sandbox,
        sandbox.run(&["run", "--all"]),
        str![[r#"
stderr: ehdn  Work                              not started: task ehdn0jyj9c is for the role `reviwer`, and there is no such role; to choose another, or none: aifactory set ehdn0jyj9c role=
stderr: nothing could be started
exit 3

"#]]
    );
    sandbox.ok(&["work", "--drain"]);
    assert_eq!(sandbox.status(&id), "ready");
    sandbox.ok(&["set", &id, "role="]);
    sandbox.ok(&["run", &id]);
    shows!(
        sandbox,
        sandbox.run(&["new", "Other", "--role", "nobody"]),
        str![[r#"
cnn8c9j4an
stderr: warning: there is no role called `nobody`
stderr: hint: what there is: changelog, coder, coder-revision, confirmer, devops, ideas, planner, recovery, researcher, reviewer, spec-writer

"#]]
    );
    // A role of the user's own is one.
    let folder = sandbox.root().join("home/config/aifactory/roles");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("mason.md"), "Do {{task}}\n").unwrap();
    shows!(
        sandbox,
        sandbox.run(&["new", "More", "--role", "mason"]),
        str![[r#"
kdr0e1xcnc

"#]]
    );
}

#[test]
fn a_role_of_another_system_is_passed_over_and_that_is_said() {
    let sandbox = Sandbox::new();
    let plan = greeting_plan("a.txt", "a");
    sandbox.write("backlog/a.md", format!("---\nrole: frontend\n---\n# Greet\n\n{plan}"));
    sandbox.ok(&["import", "folder:backlog"]);
    let id = sandbox.json(&["list"])["tasks"][0]["id"].as_str().unwrap().to_owned();
    sandbox.ok(&["approve", &id]);
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet                             claimed, on branch aifactory/ehdn0jyj9c-greet
stderr: ehdn  Greet                             its own role is passed over: there is no role called `frontend`
stderr: ehdn  Greet                             worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Greet                             step 1/1  S1: Change a.txt
stderr: ehdn  Greet                             gate passed  grep -qx 'a' a.txt ([TIME])
stderr: ehdn  Greet                             step S1 done in [HASH]
stderr: ehdn  Greet                             review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
}

#[test]
fn what_goes_on_from_an_imported_task_is_not_stopped_by_its_role_either() {
    let sandbox = Sandbox::new();
    sandbox.write("backlog/a.md", format!("---\nrole: frontend\n---\n# Greet\n\n{}", greeting_plan("a.txt", "a")));
    sandbox.ok(&["import", "folder:backlog"]);
    let id = sandbox.json(&["list"])["tasks"][0]["id"].as_str().unwrap().to_owned();
    let carried = |id: &str| {
        sandbox.ok(&["approve", id]);
        let ran = sandbox.run(&["run", id, "--merge"]);
        assert_eq!(ran.status, 0, "{}", ran.all());
        assert!(
            ran.stderr.contains("its own role is passed over: there is no role called `frontend`"),
            "{}",
            ran.stderr
        );
        assert_eq!(sandbox.status(id), "done");
    };
    carried(&id);
    let plan = sandbox.root().join("plan.md");
    fs::write(&plan, greeting_plan("b.txt", "b")).unwrap();
    let mut last = id;
    // As often as it goes on.
    for words in ["Greet louder", "Greet longer"] {
        let new = sandbox.json(&["say", &last, words])["follow_up"].as_str().unwrap().to_owned();
        sandbox.ok(&["plan", "set", &new, "-F", &plan.to_string_lossy()]);
        carried(&new);
        fs::write(&plan, greeting_plan("c.txt", "c")).unwrap();
        last = new;
    }
    // Another one that a person chooses is theirs to set right.
    let new = sandbox.json(&["say", &last, "Once more"])["follow_up"].as_str().unwrap().to_owned();
    sandbox.ok(&["set", &new, "role=reviwer"]);
    sandbox.fails(&["run", &new], 3);
}

#[test]
fn a_task_whose_role_there_is_not_holds_up_no_other() {
    let sandbox = Sandbox::new();
    let lost = sandbox.approved("Lost", &greeting_plan("a.txt", "a"));
    sandbox.ok(&["set", &lost, "role=nobody"]);
    let first = sandbox.approved("First", &greeting_plan("b.txt", "b"));
    shows!(
        sandbox,
        sandbox.run(&["run", "--all", "--jobs", "1"]),
        str![[r#"
stderr: ehdn  Lost                              not started: task ehdn0jyj9c is for the role `nobody`, and there is no such role; to choose another, or none: aifactory set ehdn0jyj9c role=
stderr: jaw5  First                             claimed, on branch aifactory/jaw5ya9vsr-first
stderr: jaw5  First                             worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/jaw5ya9vsr
stderr: jaw5  First                             step 1/1  S1: Change b.txt
stderr: jaw5  First                             gate passed  grep -qx 'b' b.txt ([TIME])
stderr: jaw5  First                             step S1 done in [HASH]
stderr: jaw5  First                             review
stderr: hint: look at it and merge it: aifactory review jaw5, aifactory merge jaw5

"#]]
    );
    assert_eq!((sandbox.status(&lost), sandbox.status(&first)), ("ready".to_owned(), "review".to_owned()));
    let second = sandbox.approved("Second", &greeting_plan("c.txt", "c"));
    shows!(
        sandbox,
        sandbox.run(&["run", &lost, &second]),
        str![[r#"
stderr: warning: task ehdn0jyj9c is for the role `nobody`, and there is no such role
stderr: hint: what there is: changelog, coder, coder-revision, confirmer, devops, ideas, planner, recovery, researcher, reviewer, spec-writer
stderr: hint: to choose another, or none: aifactory set ehdn0jyj9c role=
stderr: nr19  Second                            claimed, on branch aifactory/nr19gyjvg9-second
stderr: nr19  Second                            worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/nr19gyjvg9
stderr: nr19  Second                            step 1/1  S1: Change c.txt
stderr: nr19  Second                            gate passed  grep -qx 'c' c.txt ([TIME])
stderr: nr19  Second                            step S1 done in [HASH]
stderr: nr19  Second                            review
stderr: hint: look at it and merge it: aifactory review nr19, aifactory merge nr19
exit 3

"#]]
    );
    assert_eq!((sandbox.status(&lost), sandbox.status(&second)), ("ready".to_owned(), "review".to_owned()));
    let third = sandbox.approved("Third", &greeting_plan("d.txt", "d"));
    let ran = sandbox.run(&["--json", "run", &third, &lost]);
    let last: serde_json::Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((ran.status, &last["skipped"][0]["id"]), (3, &lost.as_str().into()), "{last}");
    sandbox.ok(&["work", "--drain"]);
}

#[test]
fn what_stands_in_the_way_of_a_merge_is_told_where_there_is_no_such_role() {
    let sandbox = Sandbox::new();
    let id = sandbox.approved("Work", &greeting_plan("a.txt", "a").replace("grep", "false && grep"));
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["set", &id, "role=nobody"]);
    shows!(
        sandbox,
        sandbox.run(&["merge", "--check", &id]),
        str![[r#"
ehdn  Work
  done    plan     approved by ana@example.com
  missing step S1  Change a.txt is not done
  missing gate     failed: false && grep -qx 'a' a.txt
  done    review   none was asked for
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 1 file changed
exit 4

"#]]
    );
}
