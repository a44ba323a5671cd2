//! Transfers between the state's own repository and a remote of the code's, by the names and settings of the code's.

use super::*;
use crate::git::program::git_in;
use crate::git::{Edit, Expected, Identity, Swap, with_settings};
use crate::host::Environment;
use crate::model::Timestamp;
use tempfile::TempDir;

const STATE: &str = "refs/aifactory/state";

struct Sandbox {
    folder: TempDir,
    code: Repository,
    store: Repository,
}

fn git(folder: &Path, args: &[&str]) -> String {
    let output = git_in(folder, &[&["-c", "user.name=A", "-c", "user.email=a@b"], args].concat()).run_ok().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A remote with two commits, a partial clone of it, and the state's own repository with one commit.
fn sandbox(filter: &str) -> Sandbox {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let origin = root.join("origin");
    std::fs::create_dir_all(origin.join("deep")).unwrap();
    git(&origin, &["init", "--quiet", "--initial-branch=main"]);
    git(&origin, &["config", "uploadpack.allowFilter", "true"]);
    for text in ["one", "two"] {
        std::fs::write(origin.join("deep/file"), text).unwrap();
        std::fs::write(origin.join("other"), text).unwrap();
        git(&origin, &["add", "--all"]);
        git(&origin, &["commit", "--quiet", "--message", text]);
    }
    let url = format!("file://{}", origin.display());
    git(&root, &["clone", "--quiet", "--no-checkout", &format!("--filter={filter}"), &url, "a:place"]);
    let code = Repository::open(&root.join("a:place/.git")).unwrap();
    let store = code.require_own_store().unwrap();
    let state = commit(&store, "state");
    store.create_ref(STATE, state, "begin").unwrap();
    Sandbox { folder, code, store }
}

fn commit(repository: &Repository, text: &str) -> Oid {
    let edit = Edit::Put { path: "file".into(), content: text.into() };
    let tree = repository.edit_tree(None, vec![edit]).unwrap();
    let by = Identity { name: "Ana".into(), email: "ana@example.com".into(), at: Timestamp::from_millis(0) };
    repository.write_commit(tree, &[], text, &by).unwrap()
}

impl Sandbox {
    fn origin(&self) -> PathBuf {
        self.folder.path().join("origin")
    }

    #[track_caller]
    fn transfer(&self, args: &[&str]) {
        let settings = self.code.remote_settings("origin").unwrap();
        let git = self.store.git_beside(&self.code, args);
        with_settings(git, &settings, &Environment::from_process()).unwrap().run_ok().unwrap();
    }
}

#[test]
fn one_push_carries_state_and_code_together() {
    for filter in ["blob:none", "tree:0"] {
        let sandbox = sandbox(filter);
        let code = sandbox.folder.path().join("a:place");
        git(&code, &["checkout", "--quiet", "main"]);
        std::fs::write(code.join("deep/new"), "new").unwrap();
        git(&code, &["add", "--all"]);
        git(&code, &["commit", "--quiet", "--message", "work"]);
        let work = git(&code, &["rev-parse", "HEAD"]);
        let branch = format!("{work}:refs/heads/task");
        let state = format!("{STATE}:{STATE}");
        sandbox.transfer(&["push", "--quiet", "--porcelain", "--atomic", "--no-verify", "origin", &state, &branch]);
        let origin = sandbox.origin();
        assert_eq!(git(&origin, &["rev-parse", "task"]), work, "{filter}");
        assert_eq!(git(&origin, &["show", "task:deep/new"]), "new");
        assert_eq!(git(&origin, &["show", &format!("{STATE}:file")]), "state");
        git(&origin, &["fsck", "--strict", "--no-dangling", "--no-progress"]);
        assert_eq!(sandbox.code.refs_below("refs/aifactory/").unwrap(), []);
    }
}

#[test]
fn a_fetch_brings_the_whole_state_into_its_own_repository() {
    let sandbox = sandbox("blob:none");
    let origin = Repository::open(&sandbox.origin().join(".git")).unwrap();
    let theirs = commit(&origin, "theirs");
    origin.create_ref(STATE, theirs, "begin").unwrap();
    let place = "refs/aifactory/remote/origin/state";
    let refspec = format!("{STATE}:{place}");
    let quiet = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-filter", "--refmap="];
    sandbox.transfer(&[&["fetch"], &quiet[..], &["origin", &refspec]].concat());
    assert_eq!(sandbox.store.ref_target(place).unwrap(), Some(theirs));
    std::fs::rename(sandbox.origin(), sandbox.folder.path().join("away")).unwrap();
    assert_eq!(sandbox.store.file_at(theirs, "file").unwrap().as_deref(), Some("theirs"));
    assert_eq!(sandbox.code.refs_below("refs/aifactory/").unwrap(), []);
}

#[test]
fn settings_of_the_code_count_and_those_of_the_user_are_not_doubled() {
    let sandbox = sandbox("blob:none");
    let code = sandbox.folder.path().join("a:place");
    let url = sandbox.code.config_value("remote.origin.url").unwrap();
    for (key, value) in [
        ("http.https://example.com/.extraHeader", "Authorization: x"),
        ("credential.helper", ""),
        ("credential.helper", "store"),
        ("url.git@example.com:.insteadOf", "https://example.com/"),
        ("core.sshCommand", "ssh -i key"),
        ("remote.origin.pushurl", "../origin"),
        ("remote.other.url", "https://example.com/other"),
        ("core.editor", "vi"),
        ("user.signingKey", "x"),
    ] {
        git(&code, &["config", "--add", key, value]);
    }
    let code = Repository::open(&code.join(".git")).unwrap();
    let settings = code.remote_settings("origin").unwrap();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let pushurl = sandbox.folder.path().canonicalize().unwrap().join("a:place/../origin");
    assert_eq!(
        settings,
        [
            ("core.sshcommand", "ssh -i key"),
            ("remote.origin.url", url.as_str()),
            ("remote.origin.pushurl", &*pushurl.to_string_lossy()),
            ("http.https://example.com/.extraheader", "Authorization: x"),
            ("credential.helper", ""),
            ("credential.helper", "store"),
            ("url.git@example.com:.insteadof", "https://example.com/"),
        ]
    );
    let ordinary = Repository::open(&sandbox.origin().join(".git")).unwrap();
    assert_eq!(ordinary.remote_settings("origin").unwrap(), []);
}

#[test]
fn settings_are_given_after_those_that_the_environment_gives() {
    let sandbox = sandbox("blob:none");
    let env = Environment::from_pairs([("GIT_CONFIG_COUNT", "1")]);
    let given = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "a.one"), ("GIT_CONFIG_VALUE_0", "1")];
    let git = sandbox.store.git(&["config", "--get-regexp", "^a\\."]);
    let git = given.into_iter().fold(git, |git, (name, value)| git.env(name, value));
    let settings = [("a.two".to_owned(), "2".to_owned()), ("a.three".to_owned(), "3".to_owned())];
    let output = with_settings(git, &settings, &env).unwrap().run_ok().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "a.one 1\na.two 2\na.three 3\n");
    let broken = Environment::from_pairs([("GIT_CONFIG_COUNT", "many")]);
    assert!(with_settings(sandbox.store.git(&["config", "--list"]), &settings, &broken).is_err());
}

#[test]
fn the_store_is_made_once_and_keeps_out_gits_own_upkeep() {
    let sandbox = sandbox("blob:none");
    let again = sandbox.code.require_own_store().unwrap();
    assert_eq!(again.ref_target(STATE).unwrap(), sandbox.store.ref_target(STATE).unwrap());
    assert_eq!(again.config_value("gc.auto").as_deref(), Some("0"));
    assert!(again.find_own_store_reason().is_none() && again.is_own_store() && !sandbox.code.is_own_store());
    let state = again.ref_target(STATE).unwrap().unwrap();
    let next = commit(&again, "next");
    assert_eq!(again.swap_ref(STATE, Expected::Is(state), next, "next").unwrap(), Swap::Done);
}

#[test]
fn objects_move_from_one_to_the_other_whole() {
    let sandbox = sandbox("blob:none");
    let state = sandbox.store.ref_target(STATE).unwrap().unwrap();
    sandbox.code.take_objects(&sandbox.store, state).unwrap();
    std::fs::remove_dir_all(sandbox.store.common_dir()).unwrap();
    assert_eq!(sandbox.code.file_at(state, "file").unwrap().as_deref(), Some("state"));
}
