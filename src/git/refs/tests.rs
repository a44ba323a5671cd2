//! One suite for both ways to the refs: after every operation git must see what we see.

use super::*;
use crate::git::Identity;
use crate::git::program::git_in;
use crate::model::Timestamp;
use tempfile::TempDir;

const FORMATS: [&str; 2] = ["files", "reftable"];

struct Sandbox {
    folder: TempDir,
    repository: Repository,
}

/// A repository with one commit on main; nothing where the installed git does not know the format.
fn sandbox(format: &str) -> Option<Sandbox> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("code");
    std::fs::create_dir(&root).unwrap();
    let init = git_in(&root, &["init", "--quiet", "--initial-branch=main"]).env("GIT_DEFAULT_REF_FORMAT", format);
    init.run_ok().unwrap();
    let repository = Repository::open(&root.join(".git")).unwrap();
    // A git that is too old for reftables makes files, and there is nothing to test.
    if repository.storage.foreign_refs != (format == "reftable") {
        return None;
    }
    let sandbox = Sandbox { folder, repository };
    let begin = sandbox.commit("begin");
    assert_eq!(sandbox.repository.swap_ref("refs/heads/main", Expected::Absent, begin, "begin").unwrap(), Swap::Done);
    sandbox.git(&["reset", "--quiet", "--hard"]);
    Some(sandbox)
}

fn for_both(check: impl Fn(&Sandbox)) {
    FORMATS.into_iter().filter_map(sandbox).for_each(|sandbox| check(&sandbox));
}

impl Sandbox {
    fn git(&self, args: &[&str]) -> String {
        let output = git_in(&self.folder.path().join("code"), args).run_ok().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, message: &str) -> Oid {
        let by = Identity { name: "Ana".into(), email: "ana@example.com".into(), at: Timestamp::from_millis(0) };
        let tree = self.repository.edit_tree(None, Vec::new()).unwrap();
        let parents: Vec<Oid> = self.repository.ref_target("refs/heads/main").unwrap().into_iter().collect();
        self.repository.write_commit(tree, &parents, message, &by).unwrap()
    }

    /// What git says, which must be what we say.
    #[track_caller]
    fn refs(&self) -> Vec<(String, Oid)> {
        let text = self.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        let parse = |line: &str| {
            let (name, oid) = line.split_once(' ').unwrap();
            (name.to_owned(), Repository::parse_oid(oid).unwrap())
        };
        let by_git: Vec<(String, Oid)> = text.lines().map(parse).collect();
        assert_eq!(self.repository.refs_below("refs/").unwrap(), by_git);
        for (name, oid) in &by_git {
            assert_eq!(self.repository.ref_target(name).unwrap(), Some(*oid), "{name}");
        }
        by_git
    }
}

#[test]
fn a_swap_happens_only_where_the_ref_is_what_was_expected() {
    for_both(|sandbox| {
        let (repository, name) = (&sandbox.repository, "refs/aifactory/state");
        let (one, two) = (sandbox.commit("one"), sandbox.commit("two"));
        let main = sandbox.refs();
        assert_eq!(repository.ref_target(name).unwrap(), None);
        assert_eq!(repository.swap_ref(name, Expected::Is(one), two, "no").unwrap(), Swap::Refused);
        assert_eq!(sandbox.refs(), main);

        assert_eq!(repository.swap_ref(name, Expected::Absent, one, "first\nline").unwrap(), Swap::Done);
        assert!(sandbox.refs().contains(&(name.to_owned(), one)));
        assert_eq!(repository.swap_ref(name, Expected::Absent, two, "no").unwrap(), Swap::Refused);
        assert_eq!(repository.swap_ref(name, Expected::Is(two), two, "no").unwrap(), Swap::Refused);
        assert!(sandbox.refs().contains(&(name.to_owned(), one)));

        assert_eq!(repository.swap_ref(name, Expected::Is(one), two, "second").unwrap(), Swap::Done);
        assert!(sandbox.refs().contains(&(name.to_owned(), two)));
        assert_eq!(sandbox.git(&["reflog", "show", "--format=%gs", name]), "second\nfirst");
        assert!(repository.create_ref(name, one, "again").is_err());

        assert_eq!(repository.delete_ref(name, one).unwrap(), Swap::Refused);
        assert!(sandbox.refs().contains(&(name.to_owned(), two)));
        assert_eq!(repository.delete_ref(name, two).unwrap(), Swap::Done);
        assert_eq!(sandbox.refs(), main);
        assert_eq!(repository.delete_ref(name, two).unwrap(), Swap::Refused);
    });
}

#[test]
fn what_git_wrote_is_seen_at_once() {
    for_both(|sandbox| {
        let repository = &sandbox.repository;
        let one = sandbox.commit("one");
        sandbox.git(&["update-ref", "refs/heads/side", &one.to_string()]);
        assert_eq!(repository.branch_commit("side").unwrap(), Some(one));
        sandbox.git(&["pack-refs", "--all"]);
        assert_eq!(repository.branch_commit("side").unwrap(), Some(one));
        let moved = sandbox.commit("moved");
        assert_eq!(repository.move_branch("side", one, moved).unwrap(), Swap::Done);
        assert_eq!(sandbox.git(&["rev-parse", "side"]), moved.to_string());
        sandbox.git(&["branch", "-D", "side"]);
        assert_eq!(repository.branch_commit("side").unwrap(), None);
        sandbox.refs();
    });
}

#[test]
fn a_name_stands_for_itself_and_not_for_what_is_below_it() {
    for_both(|sandbox| {
        let one = sandbox.commit("one");
        sandbox.repository.create_ref("refs/heads/side/deep", one, "deep").unwrap();
        assert_eq!(sandbox.repository.branch_commit("side").unwrap(), None);
        assert_eq!(sandbox.repository.refs_below("refs/heads/side/").unwrap().len(), 1);
        assert_eq!(sandbox.repository.refs_below("refs/heads/sid/").unwrap(), []);
        assert!(sandbox.repository.create_ref("refs/heads/side", one, "in the way").is_err());
        sandbox.refs();
    });
}

#[test]
fn heads_and_revisions_mean_what_git_says() {
    for_both(|sandbox| {
        let repository = &sandbox.repository;
        let begin = repository.branch_commit("main").unwrap().unwrap();
        assert_eq!(repository.head_branch().unwrap().as_deref(), Some("main"));
        assert_eq!(repository.main_branch().as_deref(), Some("main"));
        assert_eq!(repository.remote_default_branch("origin"), None);
        let name = "refs/remotes/origin/trunk";
        repository.create_ref(name, begin, "fetch").unwrap();
        sandbox.git(&["symbolic-ref", "refs/remotes/origin/HEAD", name]);
        assert_eq!(repository.remote_default_branch("origin").as_deref(), Some("trunk"));
        assert_eq!(repository.ref_target("refs/remotes/origin/HEAD").unwrap(), Some(begin));

        sandbox.git(&["-c", "user.name=A", "-c", "user.email=a@b", "tag", "-a", "-m", "x", "v1"]);
        assert_eq!(repository.ref_target("refs/tags/v1").unwrap(), Some(begin));
        for revision in ["main", "v1", "HEAD", "refs/heads/main", &begin.to_string()[..12]] {
            assert_eq!(repository.find_commit_named(revision), Some(begin), "{revision}");
        }
        for revision in ["nothing", "main~1", "--all", "", "main:README"] {
            assert_eq!(repository.find_commit_named(revision), None, "{revision}");
        }
        sandbox.git(&["checkout", "--quiet", "--detach"]);
        assert_eq!(repository.head_branch().unwrap(), None);
        sandbox.git(&["symbolic-ref", "HEAD", "refs/heads/unborn"]);
        assert_eq!(repository.head_branch().unwrap().as_deref(), Some("unborn"));
    });
}

#[test]
fn a_linked_worktree_has_a_head_of_its_own() {
    for_both(|sandbox| {
        let begin = sandbox.repository.branch_commit("main").unwrap().unwrap();
        let place = sandbox.folder.path().join("linked");
        sandbox.repository.add_worktree(&place, "side", begin).unwrap();
        let linked = Repository::discover(&place).unwrap();
        assert_eq!(linked.head_branch().unwrap().as_deref(), Some("side"));
        assert_eq!(linked.main_branch().as_deref(), Some("main"));
        assert_eq!(linked.find_commit_named("HEAD"), Some(begin));
        assert_eq!(sandbox.repository.worktree_state(&place).unwrap().branch.as_deref(), Some("side"));
        assert_eq!(sandbox.repository.find_checkout("side").unwrap(), Some(place.canonicalize().unwrap()));
        assert_eq!(sandbox.repository.find_operation(&place).unwrap(), None);
        git_in(&place, &["update-ref", "CHERRY_PICK_HEAD", "HEAD"]).run_ok().unwrap();
        assert_eq!(sandbox.repository.find_operation(&place).unwrap(), Some("cherry-pick"));

        let detached = sandbox.folder.path().join("detached");
        sandbox.repository.add_detached_worktree(&detached, begin).unwrap();
        assert_eq!(sandbox.repository.worktree_state(&detached).unwrap().branch, None);
        assert_eq!(Repository::discover(&detached).unwrap().head_branch().unwrap(), None);
        sandbox.refs();
    });
}

#[test]
fn a_lock_that_stays_is_reported_and_nothing_is_written() {
    let Some(sandbox) = sandbox("reftable") else { return };
    let (name, one) = ("refs/heads/side", sandbox.commit("one"));
    let lock = sandbox.repository.ref_lock_file(name);
    std::fs::write(&lock, "").unwrap();
    assert_eq!(sandbox.repository.swap_ref(name, Expected::Absent, one, "x").unwrap(), Swap::Locked);
    assert!(lock.exists(), "it guards the refs of the user, too");
    std::fs::remove_file(&lock).unwrap();
    assert_eq!(sandbox.repository.swap_ref(name, Expected::Absent, one, "x").unwrap(), Swap::Done);
    sandbox.refs();
}

#[test]
fn of_many_who_swap_at_once_each_wins_once_and_none_is_lost() {
    for_both(|sandbox| {
        let name = "refs/heads/counter";
        let commits: Vec<Oid> = (0..6).map(|number| sandbox.commit(&format!("{number}"))).collect();
        let first = sandbox.commit("first");
        sandbox.repository.create_ref(name, first, "first").unwrap();
        let place = sandbox.repository.common_dir().to_owned();
        std::thread::scope(|scope| {
            for commit in &commits {
                let place = &place;
                scope.spawn(move || {
                    let repository = Repository::open(place).unwrap();
                    loop {
                        let now = repository.ref_target(name).unwrap().unwrap();
                        if repository.swap_ref(name, Expected::Is(now), *commit, "swap").unwrap() == Swap::Done {
                            return;
                        }
                    }
                });
            }
        });
        let log = sandbox.git(&["reflog", "show", "--format=%H", name]);
        let mut seen: Vec<&str> = log.lines().collect();
        assert_eq!(seen.pop(), Some(first.to_string().as_str()));
        seen.sort_unstable();
        let mut wanted: Vec<String> = commits.iter().map(Oid::to_string).collect();
        wanted.sort_unstable();
        assert_eq!(seen, wanted);
    });
}
