//! What systems like this one are known to get wrong, each as a sentence that says that this one does not.
//!
//! Proven elsewhere:
//!
//! - several workers take one task: `of_eight_who_claim_one_task_at_once_one_gets_it` — claims.rs
//! - two machines start one task: `what_runs_on_one_machine_is_not_started_on_another` — claims.rs
//! - a crash leaves a task assigned for ever: `a_run_killed_at_any_moment_is_completed_by_the_next_one` — recovery.rs
//! - a machine that never comes back keeps its tasks:
//!   `what_a_machine_held_that_never_comes_back_is_taken_over_after_its_lease` — workers.rs
//! - line numbers as ids: `an_item_that_moved_in_its_todo_file_is_the_same_task` — tasks.rs
//! - exit 0 without a change is done: `an_agent_that_says_done_and_did_nothing_is_not_believed` — stories
//! - a stream that broke off is a success:
//!   `a_stream_that_is_cut_off_is_no_success_even_with_exit_code_0_and_work` — outcomes.rs
//! - failing tests are done: `a_failed_gate_leaves_the_task_waiting_with_the_output_as_evidence` — running.rs
//! - the user's git configuration is overwritten: `what_belongs_to_the_user_stays_byte_for_byte` — running.rs
//! - tokens in the agent's environment: `an_agent_sees_no_credentials_and_cannot_push` — agents.rs
//! - tokens in messages of git: `a_password_in_the_url_works_and_is_in_no_message` — remotes.rs
//! - secrets cleaned from one record and kept in another:
//!   `of_a_hundred_secrets_in_all_kinds_of_places_none_is_written_down` — secrets.rs
//! - an agent decides about its own task: `an_agent_inside_a_run_decides_nothing` — talking.rs
//! - "no issues found" read as issues, or as a yes:
//!   `a_reviewer_without_a_verdict_is_asked_once_more_and_is_then_no_yes` — stories
//! - fixes without end: `a_reviewer_who_is_never_content_leads_to_a_person_after_three_rounds` — stories
//! - plans without end: `a_plan_with_errors_goes_back_with_the_checkers_words_three_times` — stories
//! - crashes without end: `after_too_many_crashes_a_person_is_asked` — recovery.rs
//! - the session is lost with the process: `after_kill_9_the_same_conversation_goes_on` — outcomes.rs
//! - a session that cannot be loaded is silently an empty one:
//!   `a_conversation_that_cannot_be_taken_up_is_begun_anew_with_a_recap` — outcomes.rs
//! - orphaned processes: `an_agent_that_was_at_work_is_ended_and_its_uncommitted_work_is_kept_and_named` — recovery.rs
//! - quotes in a question hide it: `an_answer_is_a_reply_to_its_question_and_a_handoff_line_is_a_record` — messages.rs
//! - messages are lost or told twice after a restart:
//!   `what_an_agent_was_told_is_not_told_again_unless_the_run_was_cut_off` — messages.rs
//! - odd letters of a title in a branch's name: `a_branch_gets_a_name_of_the_title_whatever_that_holds` — workflows.rs
//! - scripts of a project run unasked: `commands_of_the_policy_wait_for_trust_and_ask_again_when_they_change` — running.rs
//! - an agent changes the rules that it runs under:
//!   `rules_are_those_of_the_target_and_not_of_the_tasks_branch` — running.rs
//! - assertions weakened until they pass:
//!   `a_weakened_test_is_shown_to_the_reviewer_and_keeps_work_from_merging_by_itself` — stories
//! - logs grow after the end: `a_daemon_that_an_agent_leaves_behind_is_ended` — agents.rs
//! - work lost at a merge: `a_merge_killed_at_any_moment_moved_the_target_fully_or_not_at_all` — recovery.rs
//! - uncommitted work lost at a merge: `uncommitted_work_in_the_tasks_worktree_is_neither_merged_nor_lost` — merging.rs
//! - one commit in place of one per step:
//!   `steps_that_share_nothing_are_worked_on_side_by_side_and_end_as_one_commit_each` — stories
//! - a merge reverts what others did: `work_is_rebased_on_a_target_that_moved` — merging.rs
//! - cost without a limit: `a_budget_ends_the_agent_between_two_tools_and_a_person_lets_it_go_on` — outcomes.rs
//! - the agent's last words are thrown away: `an_agent_that_fails_leaves_its_last_words` — agents.rs
//! - a missing program is the task's failure:
//!   `an_agent_program_that_is_not_installed_is_named_and_the_task_stays_ready` — bad_input.rs
//! - signed is not fresh: `a_signed_plan_for_a_target_that_moved_on_is_refused_and_can_be_taken_unapproved` — proposals.rs
//! - clean-up writes what never happened: `readers_report_a_dead_worker_and_touch_nothing` — recovery.rs

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;
#[path = "weaknesses/cut_short.rs"]
mod cut_short;

use common::play::{APPROVED, BLOCKED, CONFIRMED, PLAN, Play, SPEC, finished, says};
use common::{Hub, Sandbox, Step, files_below, greeting_plan, spawned};
use std::fs;

/// An approved task whose one step writes `work.txt`.
fn approved(sandbox: &Sandbox, title: &str) -> String {
    sandbox.approved(title, &Step::new("S1", "work.txt").gate("test -s work.txt").text())
}

/// Text that leads to the worktree of a task.
fn worktree_file(sandbox: &Sandbox, id: &str, name: &str) -> Option<String> {
    let path = sandbox.ok(&["path", id]);
    fs::read_to_string(std::path::Path::new(path.trim()).join(name)).ok()
}

// One task ends the work on all others.

/// The second task of a worker that keeps work on branches fails, because it begins on the first one's branch.
#[test]
fn a_worker_goes_from_one_branch_to_the_next_task_and_begins_that_on_the_target() {
    let sandbox = Sandbox::new().with_agent("test ! -e work.txt && echo \"$AIFACTORY_TASK\" > work.txt");
    let sandbox = sandbox.with("AIFACTORY_MERGE_FEATURE_BRANCHES", "on");
    let ids = ["One", "Two", "Three"].map(|title| approved(&sandbox, title));
    sandbox.ok(&["work", "--drain", "--merge", "-j", "1"]);
    let target = sandbox.commit_of("main");
    for id in &ids {
        assert_eq!(sandbox.status(id), "review");
        let branch = sandbox.task(id)["branch"].as_str().unwrap().to_owned();
        assert_eq!(sandbox.commit_of(&format!("{branch}~1")), target);
        assert_eq!(sandbox.git(&["show", &format!("{branch}:work.txt")]), format!("{id}\n"));
    }
    assert_eq!(sandbox.git(&["status", "--porcelain", "--branch"]), "## main\n");
}

/// Any failure ends the worker and leaves the task assigned and in progress.
#[test]
fn a_task_that_fails_is_let_go_with_its_reason_and_the_others_are_done() {
    let script = "case \"$AIFACTORY_TASK_TITLE\" in Bad) echo no way; exit 3 ;; esac; echo done > work.txt";
    let sandbox = Sandbox::new().with_agent(script);
    let [bad, good, fine] = ["Bad", "Good", "Fine"].map(|title| approved(&sandbox, title));
    sandbox.ok(&["work", "--drain", "-j", "1"]);
    assert_eq!(sandbox.status(&bad), "waiting: agent-failed");
    assert!(sandbox.note(&bad).contains("no way"), "{}", sandbox.note(&bad));
    assert!(sandbox.task(&bad)["claim"].is_null());
    assert_eq!((sandbox.status(&good), sandbox.status(&fine)), ("review".into(), "review".into()));
}

/// With no free slot a task stays queued and nothing ever starts it; idle sessions count as busy ones.
#[test]
fn a_task_that_waits_for_a_person_holds_no_slot_and_what_found_none_is_started_later() {
    let question = r#"{"type":"clarification_needed","question":"Which one?"}"#;
    let sandbox = Sandbox::new().with_agent(&format!("printf '%s\\n' '{question}'"));
    let ids = ["One", "Two", "Three"].map(|title| approved(&sandbox, title));
    sandbox.fails(&["run", "--all", "-j", "1"], 4);
    for id in &ids {
        assert_eq!(sandbox.status(id), "waiting: question");
    }
}

// Plans.

/// A planner plans the same task again and again; an approved plan that still has its label is never carried out.
#[test]
fn a_planner_plans_once_and_an_approved_plan_is_carried_out_whatever_its_label_says() {
    let play = Play::new();
    let play = play.with("AIFACTORY_PLAN_BY_DEFAULT", "off");
    let sandbox = &play.sandbox;
    let id = sandbox.ok(&["new", "Greet people", "--label", "needs-plan", "--ready"]).trim().to_owned();
    let (plan, code) = (["work", "--phase", "plan", "--drain"], ["work", "--phase", "code", "--drain"]);
    for _ in 0..3 {
        sandbox.ok(&plan);
        sandbox.ok(&code);
    }
    assert_eq!((play.turns().as_str(), sandbox.status(&id).as_str()), ("plan.1 spec.1", "waiting: plan-approval"));
    sandbox.ok(&["approve", &id]);
    sandbox.ok(&plan);
    assert_eq!(play.turns(), "plan.1 spec.1");
    sandbox.ok(&code);
    assert_eq!(sandbox.status(&id), "review");
    assert_eq!(sandbox.task(&id)["labels"].to_string(), r#"["needs-plan"]"#);
}

/// Approved plans that no worker's filter finds.
#[test]
fn an_approved_plan_is_found_under_every_label_and_setting() {
    for by_default in ["on", "off"] {
        let sandbox = Sandbox::new().with_agent("echo done > work.txt").with("AIFACTORY_PLAN_BY_DEFAULT", by_default);
        let labels =
            ["", "needs-plan", "skip-plan", "plan-approved", "needs-plan,skip-plan", "needs-plan,plan-approved"];
        let ids = labels.map(|labels| {
            let id = approved(&sandbox, &format!("Labels {labels}"));
            for label in labels.split(',').filter(|label| !label.is_empty()) {
                sandbox.ok(&["set", &id, &format!("labels+={label}")]);
            }
            id
        });
        sandbox.ok(&["work", "--phase", "code", "--drain"]);
        for (id, labels) in ids.iter().zip(labels) {
            assert_eq!(sandbox.status(id), "review", "labels `{labels}`, by default {by_default}");
        }
    }
}

/// Planning fails where the agent has committed its plan by itself.
#[test]
fn a_planner_that_commits_its_plan_by_itself_has_planned_and_changed_nothing() {
    let play = Play::new();
    let commits = "echo plan > plan.md; git add plan.md; git -c user.name=x -c user.email=x commit -qm plan";
    play.part("plan", &format!("{commits}\n{}", says(PLAN)));
    let id = play.reviewed();
    let branch = play.sandbox.task(&id)["branch"].as_str().unwrap().to_owned();
    assert_eq!(play.sandbox.git(&["diff", "--name-only", "main", &branch]), "greeting.txt\n");
}

/// A planner that crashed leaves a task for review, without a plan and without its words.
#[test]
fn a_crash_of_any_role_is_told_in_its_words_and_leaves_nothing_for_review() {
    for role in ["spec", "plan", "review"] {
        let play = Play::new();
        play.part(role, "echo 'the quota file is missing' >&2; exit 139");
        let id = play.wish("Greet people");
        play.sandbox.fails(&["run", &id], 4);
        if role == "review" {
            play.sandbox.ok(&["approve", &id]);
            play.sandbox.fails(&["run", &id], 4);
        }
        assert_eq!(play.sandbox.status(&id), "waiting: agent-failed", "{role}");
        let note = play.sandbox.note(&id);
        assert!(note.contains("139") && note.contains("the quota file is missing"), "{role}: {note}");
        assert_eq!(play.sandbox.run(&["merge", &id]).status, 4, "{role}");
    }
}

/// A finished task whose description was edited goes straight back to review, because all its steps are done.
#[test]
fn a_finished_task_with_another_spec_is_worked_on_again_and_its_agent_reads_the_new_one() {
    let play = Play::new();
    let id = play.reviewed();
    play.part("code", "echo good day > greeting.txt");
    play.sandbox.set_spec(&id, "## Overview\nThe program greets very politely.\n");
    assert_ne!(play.sandbox.run(&["merge", &id]).status, 0);
    play.sandbox.ok(&["retry", &id]);
    play.sandbox.ok(&["run", &id, "--merge"]);
    let read = play.prompt("code.2");
    assert!(read.contains("greets very politely"), "{read}");
    assert_eq!(play.turns(), "code.1 code.2 plan.1 review.1 review.2 spec.1");
    assert_eq!(play.sandbox.read("greeting.txt"), "good day\n");
}

/// A plan that was sent back is planned for ever, or can never be approved, where the planner has no better one.
#[test]
fn a_plan_that_was_sent_back_and_written_again_as_it_was_can_still_be_approved() {
    let play = Play::new();
    let id = play.planned();
    play.sandbox.ok(&["reject", &id, "-m", "is that all?"]);
    play.sandbox.fails(&["run", &id], 4);
    assert!(play.prompt("plan.2").contains("is that all?"), "{}", play.prompt("plan.2"));
    assert_eq!(play.sandbox.status(&id), "waiting: plan-approval");
    play.sandbox.ok(&["approve", &id]);
    play.sandbox.ok(&["run", &id]);
    assert_eq!(play.turns(), "code.1 plan.1 plan.2 review.1 spec.1");
}

/// A yes covers what nobody has looked at.
#[test]
fn whoever_asks_for_more_has_not_approved_what_others_changed_meanwhile() {
    let hub = Hub::new();
    let ana = hub.first("ana").with_agent("echo done >> work.txt");
    let id = approved(&ana, "Work");
    ana.ok(&["run", &id, "--local"]);
    ana.sync();
    let ben = hub.joined("ben");
    let mark = hub.root().join("ran");
    let gate = format!("touch {}; test -s work.txt", mark.display());
    ben.set_plan(&id, &Step::new("S1", "work.txt").gate(&gate).text());
    ben.sync();
    ana.sync();
    ana.ok(&["retry", &id, "-m", "a little more, please"]);
    ana.fails(&["run", &id, "--local"], 4);
    assert_eq!(ana.status(&id), "waiting: plan-approval");
    assert!(!mark.exists());
}

// What people and programs say.

/// The text of a note becomes a part of a command line.
#[test]
fn words_that_look_like_commands_are_only_words() {
    let sandbox = Sandbox::new().with_agent("cat > /dev/null; echo done > work.txt");
    let evil = "a $(touch pwned) `touch pwned`; touch pwned\n1e touch pwned\n'\"& | touch pwned #";
    sandbox.write("TODO.md", "# Things\n\n- [ ] First; `touch pwned`\n- [ ] Second $(touch pwned)\n- [ ] Third\n");
    sandbox.ok(&["import", "todo:TODO.md"]);
    let listed = sandbox.json(&["list"])["tasks"].clone();
    let ids: Vec<&str> = listed.as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap()).collect();
    sandbox.ok(&["say", ids[0], evil]);
    sandbox.ok(&["message", "post", "-t", ids[0], evil]);
    sandbox.ok(&["cancel", ids[0], "-m", evil]);
    sandbox.set_plan(ids[1], &Step::new("S1", "work.txt").gate("test -s work.txt").text());
    sandbox.ok(&["approve", ids[1]]);
    sandbox.ok(&["say", ids[1], evil]);
    sandbox.ok(&["run", ids[1], "--merge"]);
    sandbox.ok(&["import", "todo:TODO.md", "--write-back"]);
    let todo = sandbox.read("TODO.md");
    assert_eq!(todo.lines().count(), 5, "{todo}");
    let left = files_below(sandbox.root());
    let left: Vec<_> = left.iter().filter(|path| path.ends_with("pwned")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The same list that comes in twice at once makes every task twice.
#[test]
fn a_list_that_several_import_at_once_comes_in_once() {
    let sandbox = Sandbox::new();
    sandbox.write("TODO.md", "- [ ] One\n- [ ] Two\n- [ ] Three\n");
    let imports = [(); 5].map(|()| spawned(&mut sandbox.command(&["import", "todo:TODO.md"])));
    for import in imports {
        assert_eq!(import.wait(), Some(0));
    }
    assert_eq!(sandbox.titles(), ["One", "Three", "Two"]);
}

/// Source text with a number like 429 is taken for a rate limit.
#[test]
fn an_agent_that_fails_while_it_speaks_of_limits_has_not_reached_one() {
    let words = "echo 'if status == 429 { return Err(Overloaded) } // retry after: 60'; exit 1";
    let sandbox = Sandbox::new().with_agent(words);
    let id = approved(&sandbox, "Handle limits");
    sandbox.fails(&["run", &id], 4);
    assert_eq!(sandbox.status(&id), "waiting: agent-failed");
    assert!(sandbox.task(&id)["not_before"].is_null());
}

/// Any word that appears in the conversation is taken for the person's answer, the program's own among them.
#[test]
fn only_a_persons_answer_answers_a_question() {
    let play = Play::new();
    play.part("spec", &says(&format!("{SPEC}\n## Open questions\n- Which language?\n")));
    let sandbox = &play.sandbox;
    let id = play.wish("Greet people");
    sandbox.fails(&["run", &id], 4);
    for kind in ["info", "status", "error", "handoff"] {
        sandbox.ok(&["message", "post", "-t", &id, "--kind", kind, "started on host mill"]);
    }
    sandbox.ok(&["say", &id, "I am thinking about it"]);
    sandbox.ok(&["work", "--drain"]);
    assert_eq!((sandbox.status(&id), sandbox.note(&id)), ("waiting: question".into(), "Which language?".into()));
    sandbox.ok(&["answer", &id, "German"]);
    sandbox.fails(&["run", &id], 4);
    assert!(sandbox.ok(&["spec", "show", &id]).ends_with("## Decisions\n- Which language? German\n"));
}

// Proof.

/// Every step begins at the target, so that the reviewer sees nothing and approves an empty branch.
#[test]
fn the_reviewer_sees_the_coders_work_and_what_it_approved_is_what_lands() {
    let play = Play::new();
    let seen = play.sandbox.folder("play").join("seen");
    let look = format!("{{ git write-tree; cat greeting.txt; }} > {}\n", seen.display());
    play.part("review", &format!("{look}{}", says(APPROVED)));
    let sandbox = &play.sandbox;
    let id = sandbox.approved("Greet people", PLAN);
    sandbox.ok(&["run", &id, "--workflow", "code-review"]);
    assert!(play.prompt("review.1").contains("+hello"), "{}", play.prompt("review.1"));
    sandbox.ok(&["merge", &id]);
    let landed = sandbox.git(&["rev-parse", "main^{tree}"]);
    assert_eq!(fs::read_to_string(seen).unwrap(), format!("{landed}hello\n"));
}

/// A merge takes whatever the branch holds by then.
#[test]
fn work_that_changed_after_its_review_does_not_land_on_that_review() {
    let play = Play::new();
    let id = play.reviewed();
    play.sandbox.ok(&["exec", &id, "--", "sh", "-c", "echo sneaked > sneaked.txt; git add .; git commit -qm sneaked"]);
    let ran = play.sandbox.fails(&["merge", &id], 4);
    assert!(ran.stderr.contains("the work changed since it was reviewed"), "{}", ran.all());
    assert!(!play.sandbox.path("sneaked.txt").exists());
}

/// An exit code above one is taken for a crash of the checker.
#[test]
fn a_gate_with_any_other_code_than_zero_has_failed() {
    for code in [1, 2, 101, 254] {
        let sandbox = Sandbox::new().with_agent("echo All tests pass.; echo done > work.txt");
        let plan = Step::new("S1", "work.txt").gate(&format!("sh -c 'exit {code}'")).text();
        let id = sandbox.approved("Work", &plan);
        sandbox.fails(&["run", &id], 4);
        assert_eq!(sandbox.status(&id), "waiting: gate-failed", "{code}");
        let evidence = sandbox.json(&["review", &id])["evidence"].clone();
        let last = evidence.as_array().unwrap().last().unwrap();
        assert_eq!((&last["verdict"], &last["exit"]), (&"failed".into(), &code.into()), "{evidence}");
    }
}

/// Programs that only one kind of project has are named in every prompt.
#[test]
fn no_built_in_prompt_takes_a_projects_tools_for_granted() {
    let sandbox = Sandbox::new();
    let listed = sandbox.json(&["prompt", "list"]);
    let roles: Vec<&str> =
        listed["roles"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert!(roles.len() >= 8, "{listed}");
    for role in roles {
        let prompt = sandbox.ok(&["prompt", "show", role]).to_lowercase();
        let words: Vec<&str> = prompt.split(|c: char| !c.is_alphanumeric()).collect();
        for tool in ["npm", "pnpm", "yarn", "cargo", "pytest", "jira", "github", "main"] {
            assert!(!words.contains(&tool), "{role} speaks of {tool}");
        }
    }
}

/// The target has to be called main.
#[test]
fn a_target_may_have_any_name() {
    let sandbox = Sandbox::empty().with_repository(&[]);
    sandbox.git(&["symbolic-ref", "HEAD", "refs/heads/release/2.x"]);
    sandbox.commit(&[("README.md", "# A project\n")]);
    sandbox.ok(&["init", "--yes"]);
    let id = sandbox.reviewed("Greet", &greeting_plan("hello.txt", "hello"));
    sandbox.ok(&["merge", &id]);
    assert_eq!(sandbox.git(&["show", "release/2.x:hello.txt"]), "hello\n");
}

// Agents that speak of their conversations and of what they ran into.

/// One session writes, measures and judges.
#[test]
fn the_reviewer_never_goes_on_with_the_coders_conversation() {
    let play = Play::speaking();
    play.speaks("code", "echo hello > greeting.txt", &finished("I wrote it."));
    play.speaks("review.1", "", &finished(BLOCKED)).speaks("review", "", &finished(APPROVED));
    play.speaks("confirm", "", &finished(CONFIRMED));
    // Whoever goes on with a conversation is not told again who it is.
    play.speaks("other", "echo good day > greeting.txt", &finished("It is polite now."));
    let id = play.sandbox.approved("Greet people", PLAN);
    play.sandbox.ok(&["run", &id, "--merge"]);
    let expected = "code.1 \nreview.1 \nconfirm.1 \nother.1 resume code.1\nreview.2 \n";
    assert_eq!(play.calls(), expected);
    assert_eq!(play.sandbox.read("greeting.txt"), "good day\n");
}

/// Chats, logs and locks lie in the worktree, and end in the branch or are lost with it.
#[test]
fn nothing_of_ours_is_in_the_worktree_or_the_change_and_the_transcript_outlives_both() {
    let play = Play::new();
    play.part("code", "echo I write a greeting; echo hello > greeting.txt");
    let id = play.approved();
    let sandbox = &play.sandbox;
    sandbox.ok(&["run", &id]);
    let found = sandbox.ok(&["exec", &id, "--", "git", "status", "--porcelain", "--ignored"]);
    assert_eq!(found, "");
    sandbox.ok(&["merge", &id]);
    assert_eq!(sandbox.git(&["ls-tree", "-r", "--name-only", "main"]), "README.md\ngreeting.txt\n");
    let runs = sandbox.json(&["review", &id])["runs"].clone();
    let code = runs.as_array().unwrap().iter().find(|run| run["phase"] == "code").unwrap();
    let transcript = sandbox.ok(&["log", &id, "--run", code["id"].as_str().unwrap()]);
    assert!(transcript.contains("I write a greeting"), "{transcript}");
}

/// Every task has the same number, so that their environments take each other's places.
#[test]
fn tasks_side_by_side_have_names_and_ports_of_their_own() {
    let sandbox = Sandbox::new();
    let meet = sandbox.folder("meet").display().to_string();
    let script = format!(
        "echo $AIFACTORY_TASK $AIFACTORY_PORT_BASE $COMPOSE_PROJECT_NAME $AIFACTORY_WORKTREE > work.txt\n\
         touch {meet}/$AIFACTORY_TASK; until test $(ls {meet} | wc -l) = 2; do sleep 0.05; done"
    );
    let sandbox = sandbox.with_agent(&script);
    let ids = ["One", "Two"].map(|title| approved(&sandbox, title));
    sandbox.ok(&["run", "--all", "-j", "2"]);
    let [one, two] = ids.each_ref().map(|id| worktree_file(&sandbox, id, "work.txt").unwrap());
    assert!(one.starts_with(&*ids[0]) && two.starts_with(&*ids[1]), "{one}{two}");
    for (one, two) in one.split_whitespace().zip(two.split_whitespace()) {
        assert_ne!(one, two);
    }
    assert_eq!((one.split_whitespace().count(), two.split_whitespace().count()), (4, 4));
}
