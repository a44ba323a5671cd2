//! Real coding agents, run by the real program against a scripted model: no account, no network but for the installation.
//!
//! The agents come from npm once, at pinned versions, into `target/agents` or `$AIFACTORY_TEST_AGENTS_CACHE`. Where that
//! is not possible the tests say so and do nothing; with `AIFACTORY_REQUIRE_AGENTS=1` they fail.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod agents;
#[path = "../common/mod.rs"]
mod common;
mod install;
mod scenarios;
mod stage;
mod stories;
mod story;
mod trouble;

macro_rules! play {
    ($from:ident; $($agent:ident: $($scenario:ident)+;)+) => {
        $(mod $agent {
            $(#[test]
            fn $scenario() {
                crate::$from::$scenario(crate::agents::find(stringify!($agent)));
            })+
        })+
    };
}

macro_rules! play_all {
    ($($agent:ident)+) => {
        play! { scenarios;
            $($agent:
                a_task_is_carried_out
                it_edits_and_runs_a_command_and_the_gate_passes
                two_refusals_for_lack_of_time_are_waited_out
                a_service_that_is_broken_is_given_up_on
                a_wrong_key_asks_for_a_person_at_once
                a_service_that_never_answers_is_not_waited_for
                a_stream_that_always_breaks_is_no_success
                a_stream_that_always_ends_too_early_is_no_success
                what_is_not_permitted_is_not_done_and_said
                a_question_is_answered_in_the_same_conversation
                what_was_killed_goes_on_where_it_was
                a_budget_pauses_it_and_more_of_it_lets_it_go_on
                nothing_is_left_when_it_is_stopped_in_a_tool
                nothing_is_left_when_aifactory_is_killed_with_a_tool_running;
            )+
        }
    };
}

play_all! { claude codex pi gemini claude_acp opencode_acp }

// Other ways to run the same programs: what differs from one to the other.
play! { scenarios;
    claude_print:
        a_task_is_carried_out
        what_is_not_permitted_is_not_done_and_said
        what_was_killed_goes_on_where_it_was;
    codex_server:
        a_task_is_carried_out
        a_question_is_answered_in_the_same_conversation
        a_wrong_key_asks_for_a_person_at_once
        what_is_not_permitted_is_not_done_and_said
        what_was_killed_goes_on_where_it_was
        nothing_is_left_when_it_is_stopped_in_a_tool
        nothing_is_left_when_aifactory_is_killed_with_a_tool_running;
    opencode:
        a_task_is_carried_out
        what_is_not_permitted_is_not_done_and_said
        what_was_killed_goes_on_where_it_was;
}

/// One agent in every role of the default workflow.
mod told {
    play! { stories;
        claude:
            a_wish_becomes_an_approved_change_and_a_merge
            a_blocker_is_confirmed_fixed_and_reviewed_again
            a_question_is_answered_though_the_program_was_killed_before_and_after
            a_plan_that_was_sent_back_is_written_anew_with_the_reason
            steps_that_touch_the_same_are_done_one_after_the_other;
        codex:
            a_wish_becomes_an_approved_change_and_a_merge
            a_blocker_is_confirmed_fixed_and_reviewed_again
            a_question_is_answered_though_the_program_was_killed_before_and_after
            a_plan_that_was_sent_back_is_written_anew_with_the_reason
            steps_that_touch_the_same_are_done_one_after_the_other;
    }
}

/// The same where something goes wrong.
mod troubled {
    play! { trouble;
        claude:
            who_says_done_and_did_nothing_is_not_believed
            another_pair_of_eyes_recovers_what_the_coder_could_not
            a_reviewer_that_never_gives_a_verdict_is_no_yes
            a_coder_that_weakens_a_test_does_not_merge_by_itself
            a_step_that_nobody_recovers_ends_with_a_person;
        codex:
            who_says_done_and_did_nothing_is_not_believed
            another_pair_of_eyes_recovers_what_the_coder_could_not
            a_reviewer_that_never_gives_a_verdict_is_no_yes
            a_coder_that_weakens_a_test_does_not_merge_by_itself
            a_step_that_nobody_recovers_ends_with_a_person;
    }
}

/// What a new version does is found out by these tests, and not by people.
#[test]
fn the_installed_versions_are_those_that_the_records_were_tested_with() {
    let Some(installed) = install::installed() else { return };
    let path = installed.path().into_string().expect("the path is text");
    let sandbox = common::Sandbox::new().with("PATH", path);
    for agent in agents::all() {
        let found = sandbox.json(&["agents", agent.name()]);
        assert_eq!((&found["tested"], &found["version"]), (&agent.version.into(), &agent.version.into()), "{found}");
    }
}
