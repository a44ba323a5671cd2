//! What people do to tasks: create, change, plan, approve, import. Each operation reads, checks, and writes one
//! transaction; none of them prints or asks.

mod agents;
mod approve;
mod change;
mod changelog;
mod chosen;
mod claim;
mod create;
mod follow_up;
mod follower;
mod history;
mod ideas;
pub mod import;
mod look;
mod messages;
mod outcome;
mod project;
mod proposal;
mod queue;
mod reviewed;
mod reviews;
mod settings;
mod signed;
mod stale;
mod standing;
mod talk;
mod texts;
mod usage;
mod way;

pub use agents::{
    FULL_ACCESS, PHASES, TEST_COMMAND_VARIABLE, Wish, agent_for, agent_of, full_access_is_given, give_full_access,
    missing_full_access, permission_of,
};
pub use approve::{approve, reject};
pub use change::{Assignment, cancel, parse_assignment, ready, ready_again, ready_for_a_look, retry, set, set_paused};
pub use changelog::changelog;
pub use claim::{branch_name, claim, release};
pub use create::{NewTask, create};
pub use follow_up::Opened;
pub use history::{Entry, history};
pub use ideas::{adopt_ideas, require_ideas};
pub use look::{Stood, stood_before_look};
pub use messages::{NewMessage, Selection, delivered, post, select, undelivered};
pub use outcome::{Found, MergedPlan, Taken, close_proposal, find_merged, note_broken, take_merged};
pub use project::{Project, USER_CONFIG};
pub use proposal::{Draft, Take, draft_proposal, note_proposal, open_proposals, proposal_branch};
pub use queue::{Candidate, candidates};
pub use reviewed::{approves_by_merge, plan_path, seen_target_ref, target_tips};
pub use reviews::{last_review, review_of};
pub use settings::{Scope, set_local, set_setting, unset_setting};
pub use signed::{ImportedPlan, PlanImport, export_plan, import_plan};
pub use standing::{SentBack, Standing, find_moved, risk_words, sent_back, standing};
pub use talk::{Answered, Said, answer, require_text, say};
pub use texts::{TextOutcome, check_plan, replace_text, vouch_for_own_text};
pub use usage::{Spender, UsageGroup, allowance, spent, tally_of, usage};
pub use way::{Way, has_model, is_own_wish, plain_texts, way_of};
