use proptest::prelude::*;

use super::*;

const GOOD: &str = "\
# Plan: login

Some words.

### S1: Read the form

- files: src/form.rs, `src/fields/*.rs`
- gate: `cargo test form`
- gate: `` echo `date` ``

Prose about **S1**.

```rust
### S9: not a step
```

```sh run
touch a
  touch b
```

#### A detail

### S2: Check it ###
- files:
  - ./src/check.rs
- after: S1
- gate: `cargo test check`

## Notes

### Nothing
- gate: ignored, this is no step
";

/// `line:column severity message | fix`, one finding per line.
fn findings(text: &str) -> Vec<String> {
    let show = |finding: Finding| {
        let Finding { line, column, severity, message, fix } = finding;
        format!("{line}:{column} {severity:?} {message} | {}", fix.unwrap_or_default())
    };
    parse_plan(text).1.into_iter().map(show).collect()
}

/// The only finding in a step with this line under its heading.
fn finding_for(line: &str) -> String {
    let found = findings(&format!("### S1: a\n{line}\n\n- gate: `ok`\n"));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn a_good_plan_is_read_without_findings() {
    let (plan, found) = parse_plan(GOOD);
    assert_eq!(found, []);
    let [first, second] = plan.steps.as_slice() else { panic!("{plan:?}") };
    assert_eq!((first.id.as_str(), first.title.as_str(), first.line), ("S1", "Read the form", 5));
    assert_eq!(first.files, ["src/form.rs", "src/fields/*.rs"]);
    assert_eq!(first.gates, ["cargo test form", "echo `date`"]);
    assert_eq!(first.scripts, ["touch a\n  touch b\n"]);
    assert_eq!(first.prose, "Prose about **S1**.\n\n```rust\n### S9: not a step\n```\n\n\n#### A detail");
    assert_eq!((second.title.as_str(), second.after.as_slice()), ("Check it", ["S1".to_owned()].as_slice()));
    assert_eq!(second.files, ["src/check.rs"]);
    assert_eq!(plan.step("S2"), Some(second));
    assert_eq!(plan.step("S3"), None);
}

#[test]
fn line_ends_and_a_byte_order_mark_make_no_difference() {
    let windows = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    assert_eq!(parse_plan(&windows), parse_plan(GOOD));
}

#[test]
fn a_plan_without_steps_is_an_error() {
    let expected = ["1:1 Error the plan has no steps | ### S1: what the first step does"];
    assert_eq!(findings(""), expected);
    assert_eq!(findings("# Plan\n\nwords\n"), expected);
}

#[test]
fn headings_that_look_like_steps_are_corrected() {
    for (line, fix) in [
        ("### S1 title", "### S1: title"),
        ("## S1: x", "### S1: x"),
        ("### Step 1: x", "### S1: x"),
        ("### s1: x", "### S1: x"),
        ("###S1: x", "### S1: x"),
        ("### S 1: x", "### S1: x"),
        ("### S1. x", "### S1: x"),
        ("### S1 – x ##", "### S1: x"),
        ("# Step 1", "### S1: what the step does"),
        ("### S1.2: x", "### S1: x"),
        ("### S12345: x", "### S1: x"),
    ] {
        let text = format!("{line}\n- gate: `ok`\n");
        let message = format!("1:1 Error `{line}` looks like a step, but is not written like one | {fix}");
        assert_eq!(findings(&text), [message]);
        assert_eq!(parse_plan(&text).0.steps.len(), 1);
    }
}

#[test]
fn other_headings_are_left_alone() {
    let headings = ["## S3 storage", "### Steps", "#### Step 1: inside", "### S3-compatible storage", "### Second"];
    for heading in headings {
        assert_eq!(findings(&format!("### S1: a\n- gate: `ok`\n\n{heading}\n")), [] as [&str; 0], "{heading}");
    }
}

#[test]
fn a_step_needs_a_title() {
    let text = "### S1:\n- gate: `ok`\n";
    assert_eq!(findings(text), ["1:1 Error step S1 has no title | ### S1: what the step does"]);
}

#[test]
fn a_repeated_id_gets_the_next_free_one() {
    let text = "### S1: a\n- gate: `x`\n### S1: b\n- gate: `x`\n### S7: c\n- gate: `x`\n";
    assert_eq!(findings(text), ["3:1 Error step S1 was already defined on line 1 | ### S8: b"]);
}

#[test]
fn unknown_keys_are_answered_with_the_right_one() {
    for (key, right) in [
        ("gates", "gate"),
        ("depends", "after"),
        ("depends on", "after"),
        ("file", "files"),
        ("Files", "files"),
        ("**files", "files"),
    ] {
        let found = finding_for(&format!("- {key}: x"));
        assert!(found.starts_with("2:3 Error a step's list has no key `"), "{found}");
        assert!(found.ends_with(&format!("| `{right}:`")), "{found}");
    }
    assert!(finding_for("- owner: me").contains("no key `owner` | `files:`, `after:` or `gate:`;"));
}

#[test]
fn bullets_without_a_key_begin_the_prose() {
    let text = "### S1: a\n- gate: `x`\n- see https://example.org\n- this too: is prose\n";
    assert_eq!(findings(text), [] as [&str; 0]);
    assert_eq!(parse_plan(text).0.steps[0].prose, "- see https://example.org\n- this too: is prose");
}

#[test]
fn a_key_below_the_prose_is_not_silently_ignored() {
    let text = "### S1: a\n- gate: `x`\n\nwords\n\n- gate: `y`\n";
    let message = "`gate:` is not in the list under the step's heading and has no effect";
    let fix = "move it, as `- gate: …`, directly under the heading";
    assert_eq!(findings(text), [format!("6:1 Error {message} | {fix}")]);
    assert_eq!(parse_plan(text).0.steps[0].gates, ["x"]);
}

#[test]
fn gates_are_one_command_in_backticks() {
    assert_eq!(
        finding_for("- gate: cargo test"),
        "2:9 Error the gate `cargo test` is not in backticks | - gate: `cargo test`"
    );
    let partner = "2:9 Error the gate `cargo test` has a backtick without its partner | - gate: `cargo test`";
    assert_eq!(finding_for("- gate: `cargo test"), partner);
    let empty = "Error the gate is empty | name a command, such as - gate: `cargo test`, or delete the line";
    assert_eq!(finding_for("- gate:"), format!("2:8 {empty}"));
    assert_eq!(finding_for("- gate: ` `"), format!("2:9 {empty}"));
    assert!(finding_for("- gate: `a`, `b`").contains("`, `b`` stands beside the gate's command"));
    let hiding = finding_for("- gate: `a\u{202e}b`");
    assert!(hiding.starts_with("2:11 Error the gate `a\u{fffd}b` has a control character"), "{hiding}");
}

#[test]
fn paths_stay_inside_the_repository() {
    for (path, message) in [
        ("/etc/passwd", "2:13 Error the path `/etc/passwd` is absolute"),
        ("~/x", "2:13 Error the path `~/x` is absolute"),
        ("C:\\x", "2:13 Error the path `C:\\x` is absolute"),
        ("a/../../b", "2:13 Error the path `a/../../b` leads out by `..`"),
        ("`../b`", "2:14 Error the path `../b` leads out by `..`"),
        ("src/{a", "2:13 Error the path `src/{a` has braces"),
        ("a b", "2:13 Error `a b` reads like more than one path"),
    ] {
        let found = finding_for(&format!("- files: ä, {path}"));
        assert!(found.starts_with(message), "{found}");
        let (plan, _) = parse_plan(&format!("### S1: a\n- files: ä, {path}\n"));
        assert_eq!(plan.steps[0].files, ["ä"], "bad paths are not passed on");
    }
}

#[test]
fn after_names_other_steps_that_exist() {
    let text =
        "### S1: a\n- after: S1\n- gate: `x`\n### S2: b\n- after: S1, S9, s2x\n- gate: `x`\n### S4: c\n- gate: `x`\n";
    assert_eq!(
        findings(text),
        [
            "2:10 Error step S1 waits for itself | delete S1 here",
            "5:14 Error no step is called `S9` | after: S4",
            "5:18 Error no step is called `s2x` | after: S1",
        ]
    );
}

#[test]
fn each_circle_is_named_once() {
    let step = |id: &str, after: &str| format!("### {id}: t\n- after: {after}\n- gate: `x`\n");
    let text = [step("S1", "S2"), step("S2", "S1, S3"), step("S3", "S2"), step("S4", "S5"), step("S5", "S4")].concat();
    let fix = "delete one `after:` of the circle, such as";
    assert_eq!(
        findings(&text),
        [
            format!("2:10 Error these steps wait for each other: S1 → S2 → S1 | {fix} S2 here"),
            format!("11:10 Error these steps wait for each other: S4 → S5 → S4 | {fix} S5 here"),
        ]
    );
}

#[test]
fn code_and_comments_hold_no_steps() {
    let text = "### S1: a\n- gate: `x`\n<!--\n### S2: hidden\n- gate: `rm x`\n-->\n\
                ~~~~ md\n### S3: code\n~~~\n```\n~~~~\n";
    assert_eq!(findings(text), [] as [&str; 0]);
    let (plan, _) = parse_plan(text);
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.steps[0].gates, ["x"]);
}

#[test]
fn what_is_opened_must_be_closed() {
    let closed = "### S1: a\n- gate: `x`\n";
    let fence = findings(&format!("{closed}\n  ```sh run\nrm x\n"));
    assert_eq!(fence, ["4:3 Error the code block is never closed | end it with a line of the same marks"]);
    assert_eq!(parse_plan(&format!("{closed}```sh run\nrm x\n")).0.steps[0].scripts, [] as [&str; 0]);
    assert_eq!(findings(&format!("{closed}<!-- x")), ["3:1 Error the comment is never closed | end it with `-->`"]);
}

#[test]
fn scripts_belong_to_steps() {
    let text = "```sh run\nrm x\n```\n### S1: a\n- gate: `x`\n```sh\nplain\n```\n";
    let fix = "move it into a step, or drop the word `run`";
    assert_eq!(findings(text), [format!("1:1 Error a script outside any step would never run | {fix}")]);
    assert_eq!(parse_plan(text).0.steps[0].scripts, [] as [&str; 0]);
}

#[test]
fn scripts_that_would_not_run_are_pointed_out() {
    let step = "### S1: a\n- gate: `x`\n\n";
    let marked = findings(&format!("{step}```bash run\nx\n```\n"));
    let fix = "mark scripts `sh run`, and nothing else";
    assert_eq!(marked, [format!("4:1 Warning a block marked `bash run` is not run | {fix}")]);
    let deep = findings(&format!("{step}words\n\n    ```sh run\n    x\n    ```\n"));
    let fix = "indent the fence by at most three spaces";
    assert_eq!(deep, [format!("6:5 Warning the `sh run` block is indented too far and would not run | {fix}")]);
}

#[test]
fn control_characters_in_what_is_shown_or_run_are_errors() {
    let text = "### S1: a\u{1b}[2J\n- gate: `x`\n```sh run\nls\u{8}\n```\n";
    assert_eq!(
        findings(text),
        [
            "1:10 Error the title of step S1 has a control character | ### S1: a[2J",
            "4:3 Error the script has a control character | write the script without it",
        ]
    );
}

#[test]
fn a_step_without_a_gate_is_a_warning() {
    let fix = "- gate: `a command that fails without this step`";
    assert_eq!(
        findings("### S1: a\n"),
        [format!("1:1 Warning step S1 has no gate, so nothing proves it done | {fix}")]
    );
}

#[test]
fn shared_files_are_reported_unless_the_steps_are_ordered() {
    let step = |id: &str, after: &str| format!("### {id}: t\n- files: a, b\n- after: {after}\n- gate: `x`\n");
    let chain = [step("S1", ""), step("S2", "S1"), step("S3", "S2")].concat();
    assert_eq!(findings(&chain), [] as [&str; 0]);
    let fork = [step("S1", ""), step("S2", "S1"), step("S3", "S1")].concat();
    assert_eq!(
        findings(&fork),
        [
            "10:10 Warning steps S2 and S3 both name `a`, so they cannot run side by side | - after: S2",
            "10:13 Warning steps S2 and S3 both name `b`, so they cannot run side by side | - after: S2",
        ]
    );
}

#[test]
fn more_steps_than_a_person_reviews_are_an_error() {
    let steps = |count: usize| (1..=count).map(|n| format!("### S{n}: t\n- gate: `x`\n")).collect::<String>();
    assert_eq!(findings(&steps(500)), [] as [&str; 0]);
    assert_eq!(
        findings(&steps(501)),
        ["1001:1 Error the plan has 501 steps, more than 500 | make several tasks of it"]
    );
}

#[test]
fn work_is_ordered_by_need_and_then_as_in_the_file() {
    let plan = |steps: &[(&str, &str)]| {
        let text = steps.iter().map(|(id, after)| format!("### {id}: t\n- after: {after}\n")).collect::<String>();
        parse_plan(&text).0.order().iter().map(|step| step.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(plan(&[("S3", ""), ("S1", "S2"), ("S2", ""), ("S4", "S3")]), ["S3", "S2", "S1", "S4"]);
    assert_eq!(plan(&[("S1", "S2"), ("S2", "S1"), ("S3", "")]), ["S3", "S1", "S2"], "circles are returned, too");
    assert_eq!(plan(&[("S1", "S1, S9"), ("S1", "")]), ["S1", "S1"]);
}

#[test]
fn reading_ends_on_texts_made_to_be_slow() {
    let repeat = |text: &str| text.repeat(150_000 / text.len());
    for text in [
        repeat("### S1: x\n"),
        repeat("### S1 x\n- after: S9\n"),
        format!("### S1: x\n- files: {}", repeat("/a,")),
        format!("### S1: x\n- after: {}", repeat("S7,")),
        format!("### S1: x\n- gate: {}", repeat("`` ` ")),
        format!("### S1: x\n- gate: {}", repeat("`")),
        format!("### S1: x\n{}", repeat("```\n<!--\n")),
        format!("### {}", repeat("S1 ")),
        (1..=500).map(|n| format!("### S{n}: x\n- after: {}\n", "S1, S2, S3, S499, S500, ".repeat(80))).collect(),
        (1..=500)
            .map(|n| {
                format!("### S{n}: x\n- after: {}\n", (1..=400).map(|other| format!("S{other},")).collect::<String>())
            })
            .collect(),
    ] {
        let (plan, _) = parse_plan(&text);
        assert_eq!(plan.order().len(), plan.steps.len());
    }
}

/// Text made of the pieces that mean something, so that chance finds the combinations.
fn plan_like() -> impl Strategy<Value = String> {
    let pieces = [
        "### S1: a",
        "### S2: b",
        "## S3: c",
        "### ",
        "\n",
        "\n",
        "\r\n",
        "- ",
        "  ",
        "\t",
        "files: ",
        "after: ",
        "gate: ",
        "`",
        "```",
        "```sh run\n",
        "~~~",
        "<!--",
        "-->",
        "S1",
        ", ",
        "S2",
        "/",
        "..",
        ":",
        "**",
        "\u{1b}",
        "ä",
        "\u{feff}",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in prop_oneof![any::<String>(), plan_like()]) {
        let (plan, found) = parse_plan(&text);
        prop_assert_eq!(plan.order().len(), plan.steps.len());
        let lines: Vec<&str> = text.lines().collect();
        for finding in found {
            let width = lines.get(finding.line - 1).map_or(0, |line| line.chars().count());
            prop_assert!((1..=width + 1).contains(&finding.column), "{:?}", finding);
        }
    }

    #[test]
    fn a_skeleton_lacks_nothing_but_a_gate(title in any::<String>()) {
        let text = Plan::skeleton(&title);
        let (plan, found) = parse_plan(&text);
        prop_assert_eq!(plan.steps.len(), 1);
        prop_assert!(plan.steps[0].gates.is_empty());
        prop_assert_eq!(found.len(), 1);
        prop_assert!(found[0].message.starts_with("step S1 has no gate"));
    }

    #[test]
    fn an_order_puts_every_step_after_what_it_waits_for(
        edges in proptest::collection::vec((1..30_usize, 1..30_usize), 0..60),
    ) {
        let after = |step: usize| edges.iter().filter(move |(a, b)| a.max(b) == &step && a != b).map(|(a, b)| a.min(b));
        let text: String = (1..30).map(|step| {
            let ids: Vec<String> = after(step).map(|other| format!("S{}", 30 - other)).collect();
            format!("### S{}: t\n- after: {}\n", 30 - step, ids.join(", "))
        }).collect();
        let (plan, _) = parse_plan(&text);
        let order: Vec<&str> = plan.order().iter().map(|step| step.id.as_str()).collect();
        let place = |id: &str| order.iter().position(|other| *other == id);
        for step in &plan.steps {
            prop_assert!(step.after.iter().all(|id| place(id) < place(&step.id)));
        }
    }
}
