//! Whose turn a task is, from its labels, the settings and its plan: the label grammar of the systems before this one,
//! without the ways in which tasks got stuck or were planned for ever there.
//!
//! `skip-plan` wins over `needs-plan`, and `skip-branch` over `needs-branch`.

use std::collections::BTreeSet;

pub const NEEDS_PLAN: &str = "needs-plan";
pub const SKIP_PLAN: &str = "skip-plan";
pub const PLAN_APPROVED: &str = "plan-approved";
pub const NEEDS_BRANCH: &str = "needs-branch";
pub const SKIP_BRANCH: &str = "skip-branch";

/// Where a task's plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanState {
    None,
    /// Written, and nobody has said yes to it.
    Written,
    /// A person sent it back.
    SentBack,
    Approved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Somebody has to write a plan, or a better one.
    Planner,
    /// A person has to say yes to it.
    Person,
    /// It can be carried out.
    Implementer,
}

/// Whether a task is to have a plan that people see before anything is done.
pub fn wants_plan(labels: &BTreeSet<String>, by_default: bool) -> bool {
    !labels.contains(SKIP_PLAN) && (by_default || labels.contains(NEEDS_PLAN))
}

/// Whether its work stays on a branch for people to look at, rather than going to the target by itself.
pub fn wants_branch(labels: &BTreeSet<String>, by_default: bool) -> bool {
    !labels.contains(SKIP_BRANCH) && (by_default || labels.contains(NEEDS_BRANCH))
}

/// Who may take the task up. Every state of a plan has a way on, and none leads back to where it was.
pub fn turn(labels: &BTreeSet<String>, by_default: bool, plan: PlanState) -> Turn {
    match plan {
        PlanState::Approved => Turn::Implementer,
        _ if labels.contains(SKIP_PLAN) => Turn::Implementer,
        PlanState::SentBack => Turn::Planner,
        // A plan that is there counts, whether or not the task had to have one.
        PlanState::Written => Turn::Person,
        PlanState::None if wants_plan(labels, by_default) => Turn::Planner,
        PlanState::None => Turn::Implementer,
    }
}

/// How much there is to think about before anything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// One or two files, and nothing to decide: no model plans it.
    Simple,
    Standard,
    /// Several parts, other systems, data or infrastructure: somebody looks around first.
    Complex,
}

impl Tier {
    pub const ALL: [Tier; 3] = [Tier::Simple, Tier::Standard, Tier::Complex];

    pub fn word(self) -> &'static str {
        match self {
            Tier::Simple => "simple",
            Tier::Standard => "standard",
            Tier::Complex => "complex",
        }
    }

    pub fn parse(word: &str) -> Option<Tier> {
        Tier::ALL.into_iter().find(|tier| tier.word() == word.trim().to_ascii_lowercase())
    }
}

/// Words that speak of something small.
const SMALL: [&str; 14] = [
    "typo",
    "rename",
    "comment",
    "bump",
    "wording",
    "spelling",
    "whitespace",
    "readme",
    "log",
    "message",
    "label",
    "color",
    "colour",
    "version",
];
/// Words that speak of something that reaches far.
const LARGE: [&str; 20] = [
    "migrate",
    "migration",
    "schema",
    "database",
    "architecture",
    "refactor",
    "redesign",
    "rewrite",
    "infrastructure",
    "docker",
    "kubernetes",
    "deploy",
    "integration",
    "integrate",
    "oauth",
    "protocol",
    "concurrency",
    "distributed",
    "security",
    "performance",
];

/// How large a task looks, and why: from its words and the files that they name. A label `simple`, `standard` or
/// `complex` says it instead.
pub fn tier_of(title: &str, text: &str, labels: &BTreeSet<String>) -> (Tier, String) {
    if let Some(tier) = labels.iter().find_map(|label| Tier::parse(label)) {
        return (tier, format!("its label says {}", tier.word()));
    }
    let all = format!("{title}\n{text}");
    let words: BTreeSet<String> =
        all.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let hits = |list: &[&str]| -> Vec<String> {
        list.iter().filter(|word| words.contains(**word)).map(|word| (*word).to_owned()).collect()
    };
    let (small, large) = (hits(&SMALL), hits(&LARGE));
    let files = all.split_whitespace().filter(|word| is_file(word)).collect::<BTreeSet<_>>().len();
    let items = text.lines().filter(|line| line.trim_start().starts_with(['-', '*'])).count();
    if large.len() >= 3 || files >= 10 || items >= 12 {
        let why = match large.len() {
            0..3 => format!("it names {files} files and {items} points"),
            _ => format!("it speaks of {}", large.join(", ")),
        };
        return (Tier::Complex, why);
    }
    if large.is_empty() && files <= 2 && items <= 3 && !small.is_empty() && text.len() <= 600 {
        return (Tier::Simple, format!("it speaks of {} and of {files} files", small.join(", ")));
    }
    (Tier::Standard, "it is neither plainly small nor plainly large".to_owned())
}

fn is_file(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '/' | '.' | '_'));
    let end = word.rsplit('.').next().unwrap_or_default();
    word.len() > end.len() + 1 && (1..=5).contains(&end.len()) && end.chars().all(|c| c.is_ascii_alphanumeric()) && {
        let head = &word[..word.len() - end.len() - 1];
        head.contains('/')
            || (end.chars().all(|c| c.is_ascii_lowercase())
                && head.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> BTreeSet<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// The whole matrix. Columns: the plan's state none, written, sent back, approved; P planner, H a person, I worker.
    #[test]
    fn whose_turn_it_is() {
        for (said, by_default, row) in [
            ("", false, "IHPI"),
            ("", true, "PHPI"),
            ("needs-plan", false, "PHPI"),
            ("needs-plan", true, "PHPI"),
            ("skip-plan", false, "IIII"),
            ("skip-plan", true, "IIII"),
            ("needs-plan skip-plan", false, "IIII"),
            ("needs-plan skip-plan", true, "IIII"),
        ] {
            let states = [PlanState::None, PlanState::Written, PlanState::SentBack, PlanState::Approved];
            let turns: String = states
                .into_iter()
                .map(|state| match turn(&labels(said), by_default, state) {
                    Turn::Planner => 'P',
                    Turn::Person => 'H',
                    Turn::Implementer => 'I',
                })
                .collect();
            assert_eq!(turns, row, "labels `{said}`, by default: {by_default}");
        }
    }

    #[test]
    fn whether_work_stays_on_its_branch() {
        for (said, off, on) in [
            ("", false, true),
            ("needs-branch", true, true),
            ("skip-branch", false, false),
            ("needs-branch skip-branch", false, false),
        ] {
            let wanted = |by_default| wants_branch(&labels(said), by_default);
            assert_eq!((wanted(false), wanted(true)), (off, on), "{said}");
        }
    }

    #[test]
    fn how_large_a_task_looks() {
        let tier = |title: &str, text: &str| tier_of(title, text, &BTreeSet::new()).0;
        assert_eq!(tier("Fix a typo in README.md", ""), Tier::Simple);
        assert_eq!(tier("Greet people by name", "src/greet.rs should take a name"), Tier::Standard);
        assert_eq!(tier("Fix a typo in the database schema", ""), Tier::Standard);
        assert_eq!(tier("Migrate the database schema and redesign the deploy", ""), Tier::Complex);
        assert_eq!(tier("Fix a typo", &"- one of many\n".repeat(12)), Tier::Complex);
        assert_eq!(
            tier_of("Migrate it all", "", &labels("simple")),
            (Tier::Simple, "its label says simple".to_owned())
        );
    }
}
