//! The plan grammar: Markdown a person likes to read and a parser can check.
//!
//! `### S1: title` starts a step. Directly under it stands a list with `files:`, `after:` and `gate:` (a command in
//! backticks, one line each); then prose, and fenced `sh run` blocks for the runbook agent. Parsing never fails: it
//! returns the steps it could read together with findings, and a plan with an error among them must not be run.
//!
//! What a reader of the rendered page cannot see does not count: fenced code and HTML comments hold no steps, gates or
//! scripts, and characters that hide text are errors wherever something would be executed. Lines and columns are
//! 1-based; columns count characters. Plans are untrusted: any text is read in linear time, without a panic.

mod changes;
mod check;
pub(crate) mod fence;
mod graph;
mod heading;
mod list;
mod read;
#[cfg(test)]
mod tests;
mod wave;

pub use changes::{PlanChanges, listed};

use super::Digest;
use super::paths::covers;

/// More steps than a person can review, and the bound that keeps the checks between steps cheap.
pub const MOST_STEPS: usize = 500;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In file order; see [`Plan::order`] for the order of work.
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// `S` and a number, such as `S1`.
    pub id: String,
    pub title: String,
    /// Relative paths, directories or simple globs, as written but without backticks and a leading `./`.
    pub files: Vec<String>,
    /// Ids of the steps that come first.
    pub after: Vec<String>,
    /// Commands that must pass, in order.
    pub gates: Vec<String>,
    /// Everything else in the step, without comments and scripts.
    pub prose: String,
    /// The `sh run` blocks, in order, each ending in a newline.
    pub scripts: Vec<String>,
    /// The line of the heading.
    pub line: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    Error,
    Warning,
}

/// One thing to say about a plan: where, what, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub line: usize,
    pub column: usize,
    pub severity: Severity,
    pub message: String,
    pub fix: Option<String>,
}

/// Reads a plan. Findings come in the order of the text.
pub fn parse_plan(text: &str) -> (Plan, Vec<Finding>) {
    let (drafts, mut findings) = read::read(text);
    findings.extend(check::check(&drafts));
    findings.sort_by_key(|finding| (finding.line, finding.column));
    let steps = drafts.into_iter().map(|draft| draft.step).collect();
    (Plan { steps }, findings)
}

impl Step {
    /// What the step asks for, whatever its number.
    pub fn content(&self) -> Digest {
        let lists = [&self.files, &self.gates, &self.scripts].map(|list| list.join("\0"));
        Digest::of_all(
            [self.title.as_bytes(), self.prose.as_bytes()].into_iter().chain(lists.iter().map(String::as_bytes)),
        )
    }
}

impl Plan {
    /// The steps in an order of work: each after those it names, otherwise as in the file. Steps that wait for each
    /// other in a circle are still returned once.
    pub fn order(&self) -> Vec<&Step> {
        let order = graph::Graph::new(self.steps.iter()).order();
        order.into_iter().map(|index| &self.steps[index]).collect()
    }

    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// Whether a step says that it touches this path.
    pub fn names(&self, path: &str) -> bool {
        self.steps.iter().flat_map(|step| &step.files).any(|entry| covers(entry, path))
    }

    /// A plan to start from. It teaches the grammar and is read without errors; all it lacks is a gate.
    pub fn skeleton(title: &str) -> String {
        let title: String = title.chars().map(|c| if is_hiding(c) { ' ' } else { c }).collect();
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("# Plan: {title}\n{SKELETON}")
    }
}

const SKELETON: &str = "
Say in a few lines how the change is made, and why this way.

### S1: what the first step does

- files: path/to/file, path/to/directory/

What to change, and how to tell that it worked.

<!--
A step is proven by its gates: commands that aifactory runs itself. Add one to the list above:

- gate: `command that fails without this step`

More steps look the same. Those that share no files and do not wait for each other may run side by side:

### S2: what the second step does

- files: another/file
- after: S1
- gate: `another command`

Steps may also hold scripts for the runbook agent, as fenced blocks marked `sh run`. Delete this comment.
-->
";

/// A place in the text: 1-based line, and column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spot {
    line: usize,
    column: usize,
}

/// A piece of text and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Located<'a> {
    text: &'a str,
    spot: Spot,
}

/// A step as read, with the places the checks point at.
#[derive(Debug, Default)]
struct Draft<'a> {
    step: Step,
    heading_column: usize,
    files: Vec<Located<'a>>,
    after: Vec<Located<'a>>,
    /// A gate line was there, even if it could not be read; "has no gate" would be the wrong thing to say then.
    has_gate_line: bool,
}

impl Draft<'_> {
    fn spot(&self) -> Spot {
        Spot { line: self.step.line, column: self.heading_column }
    }
}

impl Finding {
    fn error(spot: Spot, message: String, fix: String) -> Finding {
        Finding { line: spot.line, column: spot.column, severity: Severity::Error, message, fix: Some(fix) }
    }

    fn warning(spot: Spot, message: String, fix: String) -> Finding {
        Finding { severity: Severity::Warning, ..Finding::error(spot, message, fix) }
    }
}

impl<'a> Located<'a> {
    /// The same piece without white space around it.
    fn trimmed(self) -> Located<'a> {
        let kept = self.text.trim_start();
        let cut = &self.text[..self.text.len() - kept.len()];
        Located { text: kept.trim_end(), spot: self.spot.right_by(cut) }
    }
}

impl Spot {
    fn right_by(self, text: &str) -> Spot {
        Spot { column: self.column + text.chars().count(), ..self }
    }
}

/// Control characters, and the bidirectional overrides that make text look like other text.
fn is_hiding(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text from the plan for use in a message: bounded, and without characters that hide something.
fn quoted(text: &str) -> String {
    const MOST: usize = 120;
    let mut clean: String =
        text.chars().take(MOST).map(|c| if is_hiding(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        clean.push('…');
    }
    clean
}
