//! A reviewer's verdict: a schema, and how it is read out of what an agent says.
//!
//! An answer without a verdict is no verdict: `approved` is then unknown, and unknown is never a pass. What a reviewer
//! says proves nothing about the gates; it is one condition of a merge besides them.

mod read;

pub use read::{parse_findings, parse_review};

use super::words::similarity;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a reviewer said about one exact tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Absent where the reviewer gave no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<bool>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Issue>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<Criterion>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    pub severity: Severity,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// 1-based; 0 where the reviewer named none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub line: u64,
    pub description: String,
    /// The code or the observation that it rests on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suggestion: String,
    /// What a second look at the code said about it.
    #[serde(default, skip_serializing_if = "Check::is_open")]
    pub check: Check,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Whether a finding holds when somebody else looks at the code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Nobody has looked again, or whoever did could not tell.
    #[default]
    Open,
    Confirmed,
    Dismissed,
}

impl Check {
    fn is_open(&self) -> bool {
        *self == Check::Open
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Blocker,
    Major,
    #[default]
    Minor,
    Nit,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Blocker => "blocker",
            Severity::Major => "major",
            Severity::Minor => "minor",
            Severity::Nit => "nit",
        }
    }

    /// Reads the words that models use for the four.
    pub fn parse(word: &str) -> Severity {
        match word.trim().to_ascii_lowercase().as_str() {
            "blocker" | "critical" => Severity::Blocker,
            "major" | "high" => Severity::Major,
            "nit" | "trivial" | "style" | "info" | "suggestion" => Severity::Nit,
            "" | "minor" | "low" | "medium" | "moderate" => Severity::Minor,
            // A word that nobody knows is not taken lightly.
            _ => Severity::Major,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One of the spec's acceptance criteria, as the reviewer found it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    pub criterion: String,
    /// Absent where the reviewer could not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<bool>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Issue {
    /// It keeps the work from being merged, as far as anybody knows.
    pub fn is_serious(&self) -> bool {
        matches!(self.severity, Severity::Blocker | Severity::Major) && self.check != Check::Dismissed
    }

    /// `src/a.rs:3`, or nothing where no file is named.
    pub fn place(&self) -> String {
        match (self.file.as_str(), self.line) {
            ("", _) => String::new(),
            (file, 0) => file.to_owned(),
            (file, line) => format!("{file}:{line}"),
        }
    }

    /// Says the same as another one, in other words and after lines have moved.
    pub fn is_like(&self, other: &Issue) -> bool {
        self.file == other.file && similarity(&self.description, &other.description) >= 0.5
    }
}

impl Review {
    /// Those that keep the work from being merged.
    pub fn serious(&self) -> impl Iterator<Item = &Issue> {
        self.issues.iter().filter(|issue| issue.is_serious())
    }

    /// The reviewer said yes, and nothing serious stands against it.
    pub fn passes(&self) -> bool {
        self.approved == Some(true) && self.serious().next().is_none()
    }

    /// The reviewer gave a verdict, and it asks for changes. A no whose every reason was dismissed is none.
    pub fn asks_for_changes(&self) -> bool {
        match self.approved {
            None => false,
            Some(true) => self.serious().next().is_some(),
            Some(false) => !self.passes_after_dismissal(),
        }
    }

    /// Every serious finding was looked at again and did not hold.
    pub fn passes_after_dismissal(&self) -> bool {
        let was_serious = |issue: &&Issue| matches!(issue.severity, Severity::Blocker | Severity::Major);
        let mut named = self.issues.iter().filter(was_serious).peekable();
        named.peek().is_some() && named.all(|issue| issue.check == Check::Dismissed)
    }

    /// Whether nothing of it stands in the way of a merge.
    pub fn lets_pass(&self) -> bool {
        self.passes() || (self.approved == Some(false) && self.passes_after_dismissal())
    }

    /// The same with every text put through `clean`.
    #[must_use]
    pub fn map_texts(self, clean: impl Fn(String) -> String) -> Review {
        let issue = |issue: Issue| Issue {
            file: clean(issue.file),
            description: clean(issue.description),
            evidence: clean(issue.evidence),
            suggestion: clean(issue.suggestion),
            ..issue
        };
        let criterion =
            |known: Criterion| Criterion { criterion: clean(known.criterion), why: clean(known.why), ..known };
        Review {
            summary: clean(self.summary),
            issues: self.issues.into_iter().map(issue).collect(),
            criteria: self.criteria.into_iter().map(criterion).collect(),
            ..self
        }
    }

    /// In one line: `approved`, `2 blockers, 1 nit`, `no verdict`.
    pub fn in_short(&self) -> String {
        let count = |severity: Severity| {
            let open = |issue: &&Issue| issue.severity == severity && issue.check != Check::Dismissed;
            match self.issues.iter().filter(open).count() {
                0 => None,
                1 => Some(format!("1 {severity}")),
                many => Some(format!("{many} {severity}s")),
            }
        };
        let all = [Severity::Blocker, Severity::Major, Severity::Minor, Severity::Nit];
        let counts: Vec<String> = all.into_iter().filter_map(count).collect();
        let word = match self.approved {
            _ if self.lets_pass() => "approved",
            Some(_) => "asks for changes",
            None => "no verdict",
        };
        match counts.is_empty() {
            true => word.to_owned(),
            false => format!("{word}: {}", counts.join(", ")),
        }
    }

    /// The same for people and prompts, as Markdown.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.in_short());
        if !self.summary.is_empty() {
            text.push_str(&format!("\n{}\n", self.summary));
        }
        for (number, issue) in self.issues.iter().enumerate() {
            let check = match issue.check {
                Check::Open => "",
                Check::Confirmed => ", confirmed",
                Check::Dismissed => ", dismissed",
            };
            let place = Some(issue.place()).filter(|place| !place.is_empty());
            let place = place.map(|place| format!(" {place}")).unwrap_or_default();
            text.push_str(&format!("\n{}. {}{check}{place}: {}\n", number + 1, issue.severity, issue.description));
            for (what, words) in [("evidence", &issue.evidence), ("suggestion", &issue.suggestion)] {
                if !words.is_empty() {
                    text.push_str(&format!("   {what}: {}\n", words.trim().replace('\n', "\n   ")));
                }
            }
        }
        if !self.criteria.is_empty() {
            text.push_str("\nCriteria:\n");
        }
        for criterion in &self.criteria {
            let mark = match criterion.met {
                Some(true) => "met",
                Some(false) => "not met",
                None => "unknown",
            };
            let why = Some(&criterion.why).filter(|why| !why.is_empty());
            let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
            text.push_str(&format!("- {mark}: {}{why}\n", criterion.criterion));
        }
        text
    }
}

#[cfg(test)]
mod tests;
