//! What reviewers and a forge do with a plan that was proposed as a committed file.

use super::Sandbox;

pub fn proposal_branch(id: &str) -> String {
    format!("aifactory/plan/{id}")
}

pub fn proposal_file(id: &str) -> String {
    format!("plans/{id}.md")
}

impl Sandbox {
    /// Checks the proposal out and commits its file with one text put in another's place, as a reviewer would.
    pub fn review_plan(&self, id: &str, old: &str, new: &str) {
        let branch = proposal_branch(id);
        self.git(&["fetch", "--quiet", "origin"]);
        self.git(&["checkout", "--quiet", "-B", &branch, &format!("origin/{branch}")]);
        let text = self.read(&proposal_file(id));
        assert!(text.contains(old), "{text}");
        self.commit(&[(&proposal_file(id), &text.replace(old, new))]);
        self.git(&["push", "--quiet", "origin", &branch]);
        self.git(&["checkout", "--quiet", "main"]);
    }

    /// Brings the proposal to the target and deletes its branch, as a forge does.
    pub fn land_plan(&self, id: &str, how: &str) {
        let branch = proposal_branch(id);
        self.git(&["fetch", "--quiet", "origin"]);
        self.git(&["checkout", "--quiet", "main"]);
        self.git(&["reset", "--quiet", "--hard", "origin/main"]);
        let from = format!("origin/{branch}");
        match how {
            "squash" => {
                self.git(&["merge", "--quiet", "--squash", &from]);
                self.git(&["commit", "--quiet", "-m", "Plan of the greeting (#7)"]);
            }
            "rebase" => drop(self.git(&["cherry-pick", &format!("main..{from}")])),
            _ => drop(self.git(&["merge", "--quiet", "--no-ff", "-m", "Merge pull request #7", &from])),
        }
        self.git(&["push", "--quiet", "origin", "main"]);
        self.git(&["push", "--quiet", "origin", &format!(":{branch}")]);
    }
}
