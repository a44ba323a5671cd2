//! What goes on beside the way from a wish to a merge: follow-ups, messages, memory, actions, reports, ideas.

use crate::common::play::{BLOCKED, CONFIRMED, Play, says};
use crate::shows;
use snapbox::str;

#[test]
fn what_is_said_about_finished_work_becomes_a_step_and_what_is_done_stays_done() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("code.2", "echo hello all > greeting.txt").part("code.3", "echo HELLO ALL > greeting.txt");
    let id = play.reviewed();
    shows!(
        sandbox,
        sandbox.run(&["say", &id, "greet everybody"]),
        str![[r#"
stderr: ehdn was finished: this is a step of its own now
stderr: hint: aifactory run ehdn

"#]]
    );
    sandbox.ok(&["run", &id]);
    assert!(play.prompt("code.2").contains("> greet everybody"), "{}", play.prompt("code.2"));
    sandbox.ok(&["retry", &id, "-m", "and louder"]);
    sandbox.ok(&["run", &id]);
    assert_eq!(play.turns(), "code.1 code.2 code.3 plan.1 review.1 review.2 review.3 spec.1");
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Greet people                      merging into main
stderr: ehdn  Greet people                        done    plan     approved by ana@example.com
stderr: ehdn  Greet people                        done    step S1  Write the greeting
stderr: ehdn  Greet people                        done    step S2  greet everybody
stderr: ehdn  Greet people                        done    step S3  and louder
stderr: ehdn  Greet people                        done    review   approved
stderr: ehdn  Greet people                        done    checks   no test was removed, skipped or weakened
stderr: ehdn  Greet people                        done    risk     blocking, 1 file changed
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      merged into main as [HASH]

"#]]
    );
}

#[test]
fn what_one_agent_hands_over_and_what_others_write_to_it_reaches_the_next_once() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("code", "echo hello > greeting.txt; printf '## Summary\\nI greet in English.\\n\\n## Open points\\n- other languages\\n'");
    play.part("review.1", &says(BLOCKED)).part("confirm", &says(CONFIRMED)).part("fix", "echo good day > greeting.txt");
    let id = play.approved();
    sandbox.ok(&["message", "post", "look at the dots", "--task", &id, "--to", "reviewer"]);
    sandbox.ok(&["run", &id]);
    assert!(play.prompt("review.1").contains("I greet in English."), "{}", play.prompt("review.1"));
    assert!(play.prompt("review.1").contains("writes: look at the dots"), "{}", play.prompt("review.1"));
    assert!(!play.prompt("review.2").contains("look at the dots"), "{}", play.prompt("review.2"));
    assert!(!play.prompt("code.1").contains("look at the dots"));
}

#[test]
fn what_a_task_taught_is_told_to_the_next_one_when_a_person_has_promoted_it() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let learning = "the greeting must end in a newline or the checker hangs";
    play.part("code", &format!("aifactory memory add '{learning}' --about greeting.txt; echo hello > greeting.txt"));
    let first = play.approved();
    sandbox.ok(&["run", &first, "--merge"]);
    let again = |title: &str| {
        let id = play.wish(title);
        sandbox.fails(&["run", &id], 4);
    };
    again("Greet other people");
    assert!(!play.prompt("plan.2").contains(learning), "nobody promoted it");
    let note = sandbox.json(&["memory", "list", "--json"]);
    let note = note["notes"].as_array().unwrap().iter().find(|note| note.to_string().contains(learning));
    sandbox.ok(&["memory", "promote", note.unwrap()["id"].as_str().unwrap()]);
    again("Greet all the people");
    assert!(play.prompt("plan.3").contains(learning), "{}", play.prompt("plan.3"));
    assert!(play.prompt("plan.3").contains("(from task "), "{}", play.prompt("plan.3"));
}

#[test]
fn a_quick_action_answers_or_changes_and_leaves_the_task_where_it_was() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("explain", "echo '## What changes'; echo It greets.");
    play.part("simplify", "echo hi > greeting.txt");
    let id = play.reviewed();
    shows!(
        sandbox,
        sandbox.run(&["do", "explain", &id]),
        str![[r#"
## What changes
It greets.
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      explain  by runbook
stderr: ehdn  Greet people                      review

"#]]
    );
    assert_eq!(sandbox.status(&id), "review");
    shows!(
        sandbox,
        sandbox.run(&["do", "simplify", &id]),
        str![[r#"
stderr: ehdn  Greet people                      claimed, on branch aifactory/ehdn0jyj9c-greet-people
stderr: ehdn  Greet people                      worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c (used before)
stderr: ehdn  Greet people                      simplify  by runbook
stderr: ehdn  Greet people                      gate passed  test -s greeting.txt ([TIME])
stderr: ehdn  Greet people                      review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    play.part("simplify.2", "echo It is plain enough.");
    sandbox.ok(&["do", "simplify", &id]);
    // What was reviewed is not what is there now.
    let check = sandbox.fails(&["merge", &id, "--check"], 4);
    assert!(check.stdout.contains("unknown review   the work changed since it was reviewed"), "{}", check.all());
}

#[test]
fn a_question_about_the_code_ends_in_a_report_and_no_code() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    play.part("research", "printf '## Summary\\nNobody greets yet.\\n\\n## Files\\n- README.md\\n'");
    let id = sandbox.ok(&["new", "Who greets people here?", "--label", "researcher"]).trim().to_owned();
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Who greets people here?           claimed, on branch aifactory/ehdn0jyj9c-who-greets-people-here
stderr: ehdn  Who greets people here?           worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Who greets people here?           researcher  by runbook
stderr: ehdn  Who greets people here?           review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    let said = sandbox.ok(&["message", "list", &id]);
    assert!(said.contains("researcher  handoff\n    ## Summary\n    Nobody greets yet.\n"), "{said}");
    shows!(
        sandbox,
        sandbox.run(&["merge", &id]),
        str![[r#"
stderr: ehdn  Who greets people here?           there is nothing to merge: its report is accepted

"#]]
    );
    assert_eq!(sandbox.status(&id), "done");
    assert_eq!(play.turns(), "research.1");
    sandbox.assert_sound();
}

#[test]
fn ideas_of_an_agent_become_tasks_by_one_command() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    let ideas = r#"{"ideas": [{"title": "Greet in German", "category": "user-experience", "description": "Guten Tag", "files": ["README.md"]},
        {"title": "Greet faster", "category": "performance", "description": "no sleep", "rationale": "people wait"}]}"#;
    play.part("ideas", &says(ideas));
    let id = play.wish("What could be better?");
    sandbox.ok(&["run", &id, "--role", "ideas"]);
    shows!(
        sandbox,
        sandbox.run(&["import", &format!("ideas:{id}"), "-n"]),
        str![[r#"
 1  Greet in German  user-experience
 2  Greet faster  performance
stderr: hint: aifactory import ideas:ehdn --only 1

"#]]
    );
    sandbox.ok(&["import", &format!("ideas:{id}"), "--only", "2"]);
    sandbox.ok(&["import", &format!("ideas:{id}")]);
    shows!(
        sandbox,
        sandbox.run(&["list"]),
        str![[r#"
ehdn0jyj9c	backlog	normal	What could be better?	
jaw5ya9vsr	backlog	normal	Greet faster	idea,performance
t7ms602khr	backlog	normal	Greet in German	idea,user-experience

"#]]
    );
    sandbox.fails(&["import", &format!("ideas:{id}"), "--only", "9"], 2);
}
