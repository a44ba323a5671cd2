//! What an agent may do without a person's word.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Look at files and change nothing.
    ReadOnly,
    /// Change files of the worktree, and run nothing.
    Edit,
    /// Run any command, in the worktree and whatever sandbox was chosen.
    #[default]
    Full,
}

/// What a tool does, as far as a permission can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Read,
    Edit,
    Execute,
}

impl Permission {
    pub const ALL: [Permission; 3] = [Permission::ReadOnly, Permission::Edit, Permission::Full];

    pub fn word(self) -> &'static str {
        match self {
            Permission::ReadOnly => "read-only",
            Permission::Edit => "edit",
            Permission::Full => "full",
        }
    }

    pub fn parse(word: &str) -> Option<Permission> {
        Permission::ALL.into_iter().find(|permission| permission.word() == word)
    }

    /// The answer to an agent that asks whether it may.
    pub fn allows(self, deed: Deed) -> bool {
        match deed {
            Deed::Read => true,
            Deed::Edit => self >= Permission::Edit,
            Deed::Execute => self == Permission::Full,
        }
    }

    /// What an agent that asked is told where the answer is no.
    pub fn refusal(self) -> String {
        format!(
            "Not allowed: this run's permission is `{self}`, and nobody is here to ask. Go on without it, or end and say \
             what you need."
        )
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_permission_allows_what_the_one_before_it_does_and_more() {
        let allowed = |p: Permission| [Deed::Read, Deed::Edit, Deed::Execute].map(|deed| p.allows(deed));
        assert_eq!(allowed(Permission::ReadOnly), [true, false, false]);
        assert_eq!(allowed(Permission::Edit), [true, true, false]);
        assert_eq!(allowed(Permission::Full), [true, true, true]);
    }
}
