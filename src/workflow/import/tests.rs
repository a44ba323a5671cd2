use super::*;

fn imported(yaml: &str) -> String {
    let load = |file: &str| match file {
        "prompts/coder.md" => Ok("You write {{code}}.\n".to_owned()),
        _ => Err(Error::missing(format!("there is no file {file}"))),
    };
    match read_config(yaml, Library::built_in(), &load) {
        Ok(imported) => {
            let files = imported.files.iter().map(|file| format!("== {}\n{}", file.path(), file.text));
            let notes = imported.notes.iter().map(|note| format!("note: {note}\n"));
            files.chain(notes).collect()
        }
        Err(error) => error.full_text(),
    }
}

#[test]
fn their_code_review_is_ours_with_the_same_loop() {
    let yaml = "\
repos: {}
workflows:
  code_review:
    max_iterations: 2
    steps:
      - {agent: coder, output: code}
      - agent: reviewer
        input: code
        output: review
      - agent: coder_revision
        input: review
        condition: has_issues
        loop_to: review
";
    let expected = "\
== .aifactory/workflows/code-review.toml
description = \"code-review of config.yml\"
max_iterations = 2

[[phases]]
name = \"code\"
agent = \"coder\"

[[phases]]
name = \"review\"
agent = \"reviewer\"
input = \"code\"

[[phases]]
name = \"coder_revision\"
agent = \"coder_revision\"
input = \"review\"
condition = \"has_issues\"
loop_to = \"review\"
note: workflow code-review: nobody approves a plan in it and no gates are run before a review; add phases with \
approval = true and gates = true where you want them
";
    assert_eq!(imported(yaml), expected);
}

#[test]
fn loops_are_found_as_they_found_them() {
    for target in ["1", "review", "reviewer"] {
        let yaml = format!(
            "workflows: {{x: {{steps: [{{agent: coder}}, {{agent: reviewer}}, \
             {{agent: coder, condition: has_issues, loop_to: '{target}'}}]}}}}"
        );
        let read = imported(&yaml);
        assert!(read.contains("loop_to = \"reviewer\"") && read.contains("name = \"coder-2\""), "{target}: {read}");
    }
}

#[test]
fn what_cannot_be_taken_over_is_said() {
    let yaml = "
workflows:
  a:
    max_iterations: 900
    steps:
      - {agent: coder, input: nothing, colour: red, prompt_template: Do it}
      - {agent: reviewer, condition: tested}
      - {agent: coder, loop_to: later}
  b: {steps: [{agent: plumber}]}
  c: {steps: []}
  '../d': {steps: [{agent: coder}]}
";
    let read = imported(yaml);
    for expected in [
        "workflow a: max_iterations was 900, and is 50 here",
        "workflow a: input `nothing` of step 1 is left by no step; left out",
        "workflow a: `colour` of step 1 is not understood; left out",
        "workflow a: prompt_template of step 1 was never used there",
        "workflow a: step 2 was never done there, as no step leaves `tested`; left out",
        "workflow a: loop_to `later` of step 3 leads to no step before it; left out",
        "workflow b was not taken over: the workflow b (config.yml): line 4: `plumber` has no role: there is no role",
        "workflow c was not taken over: the workflow c (config.yml): it has no phases",
        "workflow `../d` was not taken over: this is no name here",
    ] {
        assert!(read.contains(expected), "{expected}\n{read}");
    }
    assert_eq!(read.matches("== ").count(), 1, "{read}");
}

#[test]
fn agent_templates_become_roles_that_know_the_task() {
    let yaml = "
agent_templates:
  coder: {system_prompt_file: prompts/coder.md, allowed_tools: [Read, Edit, 'Bash(git:*)', Task], timeout_minutes: 30}
  reviewer: {system_prompt_file: prompts/reviewer.md, allowed_tools: [Read, Glob, Grep], timeout_minutes: 15}
  devops: {allowed_tools: [Bash, Read, Edit], timeout_minutes: 30}
  plumber: {allowed_tools: [Read, Write]}
workflows: {x: {steps: [{agent: plumber}]}}
";
    let read = imported(yaml);
    for expected in [
        "== .aifactory/roles/coder.md\n---\ndescription: carries out one step of the plan\ntools: [read, edit, run]\n\
         timeout: 30m\nanswers: change\n---\n\nYou write { {code}}.\n\nYou carry out one step",
        "== .aifactory/roles/plumber.md\n---\n",
        "== .aifactory/roles/reviewer.md\n---\ndescription: reads the work of others and gives a verdict\ntools: [read]\n\
         timeout: 15m\nanswers: review\n---\n\nReview the change",
        "== .aifactory/workflows/x.toml",
        "role coder: `Bash(git:*)` was restricted; here it is not",
        "role coder: the tool `Task` is not known here; left out",
        "role coder: `{{` in its prompt is now `{ {`: it would mean something here",
        "role reviewer: its prompt is not taken over: there is no file prompts/reviewer.md",
        "role devops: it is as built in; no file is needed",
    ] {
        assert!(read.contains(expected), "{expected}\n{read}");
    }
}

#[test]
fn a_file_that_is_none_is_refused_with_its_place() {
    assert_eq!(imported("repos: {}"), "there are neither workflows nor agent_templates in it");
    assert_eq!(imported("workflows:\n  x: [\n"), "expected mapping start at line 2, column 6");
    let without_agent = imported("workflows:\n  x:\n    steps:\n      - output: code\n");
    assert!(without_agent.contains("agent") && without_agent.contains("line 4"), "{without_agent}");
}

#[test]
fn a_file_made_to_grow_is_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    let bomb = format!("{bomb}workflows: {{x: {{steps: *a11}}}}\n");
    let _ = imported(&bomb);
    let _ = imported(&"[".repeat(100_000));
    let _ = imported(&"- ".repeat(100_000));
}
