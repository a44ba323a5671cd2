//! Whole stories: a task's way from a wish to a change that is proven and reviewed, with an agent that plays its roles
//! from a script. Every story ends in what a person sees.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::Sandbox;
use snapbox::str;
use std::fs;

/// The parts of a play: what the agent says or does in each role, by turn. A file `ROLE.N` is a script for its Nth turn
/// in the role, `ROLE` for every other one.
const PLAYER: &str = r##"
prompt=$(cat)
case "$prompt" in
  *"Turn the wish below into a spec"*) role=spec ;;
  *"Write the plan for the task below"*) role=plan ;;
  *"Review the change below"*) role=review ;;
  *"A reviewer found the points below"*) role=confirm ;;
  *"something about it is wanting"*) role=fix ;;
  *"Others tried this step"*) role=recovery ;;
  *"Find out what has to be known"*) role=research ;;
  *"carry out one step"*) role=code ;;
  *) role=other ;;
esac
turn=$(( $(ls "$PLAY"/turns | grep -c "^$role\.") + 1 ))
printf '%s\n' "$prompt" > "$PLAY/turns/$role.$turn"
for script in "$PLAY/$role.$turn" "$PLAY/$role"; do
  if test -f "$script"; then . "$script"; exit; fi
done
echo "nobody wrote a part for $role, turn $turn" >&2
exit 9
"##;

struct Play {
    sandbox: Sandbox,
}

impl Play {
    fn new() -> Play {
        let sandbox = Sandbox::new();
        let folder = sandbox.folder("play");
        fs::create_dir_all(folder.join("turns")).unwrap();
        let script = PLAYER.replace("$PLAY", &folder.to_string_lossy());
        let sandbox = sandbox
            .with_agent(&script)
            .with("AIFACTORY_WORKFLOW", "default")
            .with("AIFACTORY_PLAN_BY_DEFAULT", "on")
            .with("AIFACTORY_RUN_ATTEMPTS", "2");
        let play = Play { sandbox };
        play.part("spec", &says(SPEC)).part("plan", &says(PLAN)).part("code", "echo hello > greeting.txt");
        play.part("review", &says(APPROVED));
        play
    }

    /// What happens in a role, or in one turn of it.
    fn part(&self, role: &str, script: &str) -> &Play {
        fs::write(self.sandbox.folder("play").join(role), script).unwrap();
        self
    }

    /// The prompt of a turn.
    fn prompt(&self, turn: &str) -> String {
        fs::read_to_string(self.sandbox.folder("play").join("turns").join(turn)).unwrap_or_default()
    }

    fn turns(&self) -> String {
        let names = fs::read_dir(self.sandbox.folder("play").join("turns")).unwrap().flatten();
        let mut names: Vec<String> = names.map(|name| name.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names.join(" ")
    }

    fn wish(&self, title: &str) -> String {
        self.sandbox.ok(&["new", title]).trim().to_owned()
    }

    /// What a person reads at the end: the history, without times and ids.
    fn history(&self, id: &str) -> String {
        let log = self.sandbox.ok(&["log", id]);
        let lines = log.lines().map(|line| line.get(22..).unwrap_or(line).trim_end());
        lines.filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
    }
}

fn says(text: &str) -> String {
    format!("cat <<'END_OF_WORDS'\n{text}\nEND_OF_WORDS\n")
}

const SPEC: &str = "\
Here is the spec.

## Overview
The program greets.

## Acceptance criteria
- [ ] there is a greeting; gate: `test -s greeting.txt`
";

const PLAN: &str = "\
### S1: Write the greeting
- files: greeting.txt
- gate: `test -s greeting.txt`

Put a greeting into the file.
";

const APPROVED: &str = r#"All is well.
```json
{"approved": true, "summary": "It greets.", "issues": [], "criteria": [{"criterion": "there is a greeting", "met": true, "why": "the file"}]}
```"#;

const BLOCKED: &str = r#"{"approved": false, "summary": "Not yet.", "issues": [
  {"severity": "blocker", "file": "greeting.txt", "line": 1, "description": "The greeting is not polite", "evidence": "hello", "suggestion": "write good day"}]}"#;

const CONFIRMED: &str = r#"{"findings": [{"number": 1, "verdict": "confirmed", "why": "it says hello"}]}"#;

#[test]
fn a_wish_becomes_a_spec_a_plan_an_approved_change_and_a_merge() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let id = play.wish("Greet people");
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      an agent plans it: standard: it is neither plainly small nor plainly large
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Greet people                      spec  by runbook
stderr: ehdn  Greet people                      plan  by runbook
stderr: ehdn  Greet people                      waiting  plan-approval: nobody has approved the plan yet
stderr: hint: aifactory plan show ehdn (or plan edit), then aifactory approve ehdn
exit 4

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["approve", &id]),
        str![[r#"
stderr: approved ehdn  Greet people  (ready)

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      baseline: 1 gate measured before the work
stderr: ehdn  Greet people                      step 1/1  S1: Write the greeting
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      step S1 done in [HASH]
stderr: ehdn  Greet people                      review  by runbook
stderr: ehdn  Greet people                      review: approved
stderr: ehdn  Greet people                      review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    assert_eq!(play.turns(), "code.1 plan.1 review.1 spec.1");
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Greet people                      merging into main
stderr: ehdn  Greet people                        done    plan     approved by ana@example.com
stderr: ehdn  Greet people                        done    step S1  Write the greeting
stderr: ehdn  Greet people                        done    review   approved
stderr: ehdn  Greet people                        done    checks   no test was removed, skipped or weakened
stderr: ehdn  Greet people                        done    risk     blocking, 1 file changed
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      merged into main as [HASH]

"#]]
    );
    assert_eq!(sandbox.read("greeting.txt"), "hello\n");
    sandbox.assert_sound();
}

#[test]
fn a_blocker_is_confirmed_fixed_verified_and_reviewed_again() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review.1", &says(BLOCKED)).part("confirm", &says(CONFIRMED)).part("fix", "echo good day > greeting.txt");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      baseline: 1 gate measured before the work
stderr: ehdn  Greet people                      step 1/1  S1: Write the greeting
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      step S1 done in [HASH]
stderr: ehdn  Greet people                      review  by runbook
stderr: ehdn  Greet people                      review-confirm  by runbook
stderr: ehdn  Greet people                      review: asks for changes: 1 blocker
stderr: ehdn  Greet people                      fix  by runbook
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      review  by runbook
stderr: ehdn  Greet people                      review: approved
stderr: ehdn  Greet people                      review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    assert_eq!(play.turns(), "code.1 confirm.1 fix.1 plan.1 review.1 review.2 spec.1");
    let fix = play.prompt("fix.1");
    assert!(fix.contains("1. blocker, confirmed greeting.txt:1: The greeting is not polite"), "{fix}");
    assert!(play.prompt("review.2").contains("The greeting is not polite"), "{}", play.prompt("review.2"));
    shows!(
        sandbox,
        sandbox.run(&["log", &id]),
        str![[r#"
2026-01-01 00:01:00  ana@example.com  created "Greet people"
2026-01-01 00:02:00  ana@example.com  moved to ready
2026-01-01 00:02:00  ana@example.com  noted: an agent plans it: standard: it is neither plainly small nor plainly large
2026-01-01 00:02:00  ana@example.com  claimed it on mill (fence 1, branch aifactory/ehdn0jyj9c-greet-people)
2026-01-01 00:02:00  ana@example.com  ran runbook for spec
2026-01-01 00:02:00  ana@example.com  the run ended: succeeded
2026-01-01 00:02:00  ana@example.com  wrote the spec
    @@ -0,0 +1,5 @@
    +## Overview
    +The program greets.
    +
    +## Acceptance criteria
    +- [ ] there is a greeting; gate: `test -s greeting.txt`
2026-01-01 00:02:00  ana@example.com  ran runbook for plan
2026-01-01 00:02:00  ana@example.com  the run ended: succeeded
2026-01-01 00:02:00  ana@example.com  wrote the plan
    @@ -0,0 +1,5 @@
    +### S1: Write the greeting
    +- files: greeting.txt
    +- gate: `test -s greeting.txt`
    +
    +Put a greeting into the file.
2026-01-01 00:02:00  ana@example.com  moved to waiting: plan-approval (nobody has approved the plan yet)
2026-01-01 00:03:00  ana@example.com  approved the plan
2026-01-01 00:03:00  ana@example.com  moved to ready
2026-01-01 00:04:00  ana@example.com  claimed it on mill (fence 2, branch aifactory/ehdn0jyj9c-greet-people)
2026-01-01 00:04:00  ana@example.com  gate failed: test -s greeting.txt (tree [HASH])
2026-01-01 00:04:00  ana@example.com  ran runbook for code
2026-01-01 00:04:00  ana@example.com  started step S1
2026-01-01 00:04:00  ana@example.com  the run ended: succeeded
2026-01-01 00:04:00  ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
2026-01-01 00:04:00  ana@example.com  finished step S1 in commit [HASH]
2026-01-01 00:04:00  ana@example.com  ran runbook for review
2026-01-01 00:04:00  ana@example.com  the run ended: succeeded
2026-01-01 00:04:00  ana@example.com  ran runbook for review-confirm
2026-01-01 00:04:00  ana@example.com  the run ended: succeeded
2026-01-01 00:04:00  ana@example.com  review: asks for changes: 1 blocker (tree [HASH])
    Not yet.
    
    1. blocker, confirmed greeting.txt:1: The greeting is not polite
       evidence: hello
       suggestion: write good day
2026-01-01 00:04:00  ana@example.com  ran runbook for fix
2026-01-01 00:04:00  ana@example.com  the run ended: succeeded
2026-01-01 00:04:00  ana@example.com  finished a round of fix
2026-01-01 00:04:00  ana@example.com  gate passed: test -s greeting.txt (tree [HASH])
2026-01-01 00:04:00  ana@example.com  ran runbook for review
2026-01-01 00:04:00  ana@example.com  the run ended: succeeded
2026-01-01 00:04:00  ana@example.com  review: approved (tree [HASH])
    It greets.
    
    Criteria:
    - met: there is a greeting (the file)
2026-01-01 00:04:00  ana@example.com  moved to review

"#]]
    );
}

#[test]
fn a_finding_that_does_not_hold_costs_no_round() {
    let play = Play::new();
    let dismissed = CONFIRMED.replace("confirmed", "dismissed");
    play.part("review", &says(BLOCKED)).part("confirm", &says(&dismissed));
    let id = play.wish("Greet people");
    play.sandbox.fails(&["run", &id], 4);
    play.sandbox.ok(&["approve", &id]);
    play.sandbox.ok(&["run", &id]);
    assert_eq!(play.turns(), "code.1 confirm.1 plan.1 review.1 spec.1");
    assert_eq!(play.sandbox.status(&id), "review");
}

#[test]
fn a_reviewer_without_a_verdict_is_asked_once_more_and_is_then_no_yes() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review", "echo I see no issues, looks good to me");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      baseline: 1 gate measured before the work
stderr: ehdn  Greet people                      step 1/1  S1: Write the greeting
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      step S1 done in [HASH]
stderr: ehdn  Greet people                      review  by runbook
stderr: ehdn  Greet people                      review, attempt 2  by runbook
stderr: ehdn  Greet people                      review: no verdict
stderr: ehdn  Greet people                      waiting  review-rejected: the reviewer gave no verdict
stderr: hint: aifactory review ehdn, then aifactory retry ehdn
exit 4

"#]]
    );
    assert_eq!(play.turns(), "code.1 plan.1 review.1 review.2 spec.1");
}

#[test]
fn a_reviewer_who_is_never_content_leads_to_a_person_after_three_rounds() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review", &says(BLOCKED)).part("confirm", &says(CONFIRMED));
    play.part("fix", "echo again >> greeting.txt");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: review-rejected");
    let page = "3 rounds of fix were not enough\n\nasks for changes: 1 blocker\n\nNot yet.\n\n\
                1. blocker, confirmed greeting.txt:1: The greeting is not polite\n   evidence: hello\n   \
                suggestion: write good day\n\ngate passed: test -s greeting.txt";
    assert_eq!(sandbox.note(&id), page);
    assert_eq!(play.turns().matches("fix").count(), 3);
    assert_eq!(play.turns().matches("review").count(), 4);
}

#[test]
fn a_plan_with_errors_goes_back_with_the_checkers_words_three_times() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let broken = "### S1: Write the greeting\n- after: S9\n- gate: `test -s greeting.txt`\n";
    play.part("plan", &says(broken)).part("plan.3", &says(PLAN));
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: plan-approval");
    let again = play.prompt("plan.2");
    assert!(again.contains("# The checker sent your plan back") && again.contains("S9"), "{again}");
    fs::remove_file(sandbox.folder("play").join("plan.3")).unwrap();
    let hopeless = play.wish("Greet others");
    sandbox.fails(&["run", &hopeless], 4);
    assert_eq!(sandbox.status(&hopeless), "waiting: agent-failed");
    assert_eq!(play.turns(), "plan.1 plan.2 plan.3 plan.4 plan.5 plan.6 plan.7 spec.1 spec.2");
}

#[test]
fn an_agent_that_says_done_and_did_nothing_is_not_believed() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("code", "echo All done, every test passes.");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: no-work");
}

#[test]
fn open_questions_of_a_spec_are_asked_one_by_one_and_answers_become_part_of_it() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let asking = format!("{SPEC}\n## Open questions\n- Which language?\n  - English\n  - German\n- How loud?\n");
    play.part("spec", &says(&asking));
    let id = play.wish("Greet people");
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      an agent plans it: standard: it is neither plainly small nor plainly large
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Greet people                      spec  by runbook
stderr: ehdn  Greet people                      1 question after this one
stderr: ehdn  Greet people                      waiting  question: Which language?
stderr: hint: aifactory answer ehdn "…" --run
exit 4

"#]]
    );
    sandbox.ok(&["answer", &id, "2"]);
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["answer", &id, "not at all"]);
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: plan-approval");
    assert_eq!(play.turns(), "plan.1 spec.1");
    shows!(
        sandbox,
        sandbox.run(&["spec", "show", &id]),
        str![[r#"
## Overview
The program greets.

## Acceptance criteria
- [ ] there is a greeting; gate: `test -s greeting.txt`


## Decisions
- Which language? German
- How loud? not at all

"#]]
    );
}

#[test]
fn a_reviewer_that_changes_files_leaves_them_as_they_were() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part(
        "review",
        &format!("echo better > greeting.txt; git commit -qam mine; echo more > new.txt\n{}", says(APPROVED)),
    );
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&["run", &id, "--merge"]);
    assert_eq!(sandbox.read("greeting.txt"), "hello\n");
    assert!(play.history(&id).contains("was to read only and changed files"), "{}", play.history(&id));
}

/// A task with the reviewed work of a coder who took a test away.
fn weakened(play: &Play) -> String {
    let sandbox = &play.sandbox;
    sandbox.commit(&[("tests/check.sh", "grep -q hello greeting.txt || exit 1\n")]);
    play.part("code", "echo bye > greeting.txt; echo 'true # was hello' > tests/check.sh");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    id
}

#[test]
fn a_weakened_test_is_shown_to_the_reviewer_and_keeps_work_from_merging_by_itself() {
    let play = Play::new();
    let id = weakened(&play);
    shows!(
        play.sandbox,
        play.sandbox.run(&["run", &id, "--merge"]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      baseline: 1 gate measured before the work
stderr: ehdn  Greet people                      step 1/1  S1: Write the greeting
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      step S1 done in [HASH]
stderr: ehdn  Greet people                      review  by runbook
stderr: ehdn  Greet people                      review: approved
stderr: ehdn  Greet people                      merging into main
stderr: ehdn  Greet people                        missing checks   assertion removed: tests/check.sh: grep -q hello greeting.txt || exit 1
stderr: ehdn  Greet people                      not merged: task ehdn cannot be merged: checks: assertion removed: tests/check.sh: grep -q hello greeting.txt || exit 1
stderr: ehdn  Greet people                      review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    let asked = play.prompt("review.1");
    assert!(asked.contains("assertion removed: tests/check.sh: grep -q hello greeting.txt || exit 1"), "{asked}");
    assert_eq!(play.sandbox.status(&id), "review");
    // A person who asks for the merge has seen it.
    shows!(
        play.sandbox,
        play.sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Greet people                      merging into main
stderr: ehdn  Greet people                        done    plan     approved by ana@example.com
stderr: ehdn  Greet people                        done    step S1  Write the greeting
stderr: ehdn  Greet people                        done    review   approved
stderr: ehdn  Greet people                        done    checks   assertion removed: tests/check.sh: grep -q hello greeting.txt || exit 1
stderr: ehdn  Greet people                        done    risk     blocking, 2 files changed
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      merged into main as [HASH]

"#]]
    );
}

#[test]
fn what_a_merge_needs_is_told_line_by_line() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review", "echo fine");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.fails(&["run", &id], 4);
    shows!(
        sandbox,
        sandbox.run(&["merge", &id, "--check"]),
        str![[r#"
ehdn  Greet people
  done    plan     approved by ana@example.com
  done    step S1  Write the greeting
  done    gate     passed: test -s greeting.txt
  unknown review   the reviewer gave no verdict
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 1 file changed
exit 4

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: error: task ehdn is waiting, and what is merged is under review
stderr: hint: aifactory review ehdn, then aifactory retry ehdn
exit 4

"#]]
    );
    play.part("review", &says(APPROVED));
    sandbox.ok(&["run", &id, "--role", "reviewer"]);
    assert_eq!(play.turns(), "code.1 plan.1 review.1 review.2 review.3 spec.1");
    shows!(
        sandbox,
        sandbox.run(&["merge", &id, "--check"]),
        str![[r#"
ehdn  Greet people
  done    plan     approved by ana@example.com
  done    step S1  Write the greeting
  done    gate     passed: test -s greeting.txt
  done    review   approved
  done    checks   no test was removed, skipped or weakened
  done    risk     blocking, 1 file changed

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Greet people                      merging into main
stderr: ehdn  Greet people                        done    plan     approved by ana@example.com
stderr: ehdn  Greet people                        done    step S1  Write the greeting
stderr: ehdn  Greet people                        done    review   approved
stderr: ehdn  Greet people                        done    checks   no test was removed, skipped or weakened
stderr: ehdn  Greet people                        done    risk     blocking, 1 file changed
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      merged into main as [HASH]

"#]]
    );
}

#[test]
fn a_person_may_merge_on_their_own_word_and_it_is_on_the_record() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("review", "echo fine");
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["approve", &id]);
    sandbox.fails(&["run", &id], 4);
    sandbox.ok(&["merge", &id, "--unreviewed"]);
    assert!(sandbox.ok(&["log", &id]).contains("wants it merged whatever a reviewer says"));
    sandbox.assert_sound();
}
