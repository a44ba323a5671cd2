//! Looking at tasks, and at the state ref as git sees it.

use super::{STATE, Sandbox};
use serde_json::Value;

impl Sandbox {
    #[track_caller]
    pub fn task(&self, id: &str) -> Value {
        self.json(&["show", id])
    }

    /// `review`, or `waiting: gate-failed`.
    #[track_caller]
    pub fn status(&self, id: &str) -> String {
        let task = self.task(id);
        let status = task["status"].as_str().unwrap_or_else(|| panic!("{task}")).to_owned();
        match task["reason"].as_str() {
            Some(reason) => format!("{status}: {reason}"),
            None => status,
        }
    }

    #[track_caller]
    pub fn note(&self, id: &str) -> String {
        self.task(id)["note"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn events(&self, id: &str) -> Vec<Value> {
        self.json(&["log", id])["events"].as_array().unwrap().clone()
    }

    /// Where the state ref is; nothing where there is none.
    pub fn find_state(&self) -> Option<String> {
        let ran = self.try_git(&self.repo(), &["rev-parse", "--verify", "--quiet", STATE]);
        (ran.status == 0).then(|| ran.stdout.trim().to_owned())
    }

    #[track_caller]
    pub fn state_commits(&self) -> usize {
        self.git(&["rev-list", "--count", STATE]).trim().parse().unwrap()
    }

    /// How often the state ref moved: lines of its log, read without starting git.
    pub fn state_moves(&self) -> usize {
        let log = self.git_dir().join("logs").join(STATE);
        std::fs::read_to_string(log).map_or(0, |text| text.lines().count())
    }

    /// Where worktrees of tasks are.
    #[track_caller]
    pub fn worktrees(&self) -> std::path::PathBuf {
        let doctor = self.json(&["doctor"]);
        let checks = doctor["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["check"] == "worktrees").unwrap();
        check["detail"].as_str().unwrap().into()
    }

    pub fn task_folder(id: &str) -> String {
        format!(".aifactory/tasks/{}/{}/{id}", &id[..1], &id[1..2])
    }

    /// A file of the state.
    #[track_caller]
    pub fn state_file(&self, path: &str) -> String {
        self.git(&["show", &format!("{STATE}:{path}")])
    }

    /// Writes a file onto the state ref with git alone, as somebody would by hand.
    #[track_caller]
    pub fn edit_state(&self, path: &str, content: &[u8]) {
        let blob = self.git_with_input(&["hash-object", "-w", "--stdin"], content);
        let index = self.root().join("hand-index");
        let with_index = |args: &[&str]| {
            let mut git = self.program("git");
            let ran = self.finish(git.args(args).env("GIT_INDEX_FILE", &index));
            assert_eq!(ran.status, 0, "{}", ran.all());
            ran.stdout.trim().to_owned()
        };
        with_index(&["read-tree", STATE]);
        with_index(&["update-index", "--add", "--cacheinfo", &format!("100644,{},{path}", blob.trim())]);
        let tree = with_index(&["write-tree"]);
        let commit = self.git(&["commit-tree", &tree, "-p", STATE, "-m", "by hand"]);
        self.git(&["update-ref", STATE, commit.trim()]);
    }

    /// Git finds nothing wrong with any object.
    #[track_caller]
    pub fn assert_sound(&self) {
        let ran = self.try_git(&self.repo(), &["fsck", "--strict", "--no-dangling", "--no-progress"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.all());
    }
}
