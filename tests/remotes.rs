//! Transfers with real repositories: over paths, ssh and HTTP, against hooks, races, faults and the user's settings.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start git and servers")]

mod common;

use aifactory::error::Error;
use aifactory::git::Expected::{Absent, Is};
use aifactory::git::{
    FetchSpec, Oid, Patience, Progress, PushOutcome, PushUpdate, Remote, Repository, TransferError, Trouble,
};
use common::{Fault, HttpServer, Sandbox};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const STATE: &str = "refs/aifactory/state";
const HERE: &str = "refs/aifactory/remote/origin/state";

/// A repository with three commits and an empty bare one, `origin`, beside it.
struct Pair {
    sandbox: Sandbox,
    repository: Repository,
    commits: [Oid; 3],
}

impl Pair {
    fn new() -> Pair {
        Pair::within(Sandbox::empty())
    }

    fn within(sandbox: Sandbox) -> Pair {
        let sandbox = sandbox.with_repository(&[]);
        sandbox.git_at(sandbox.root(), &["init", "--quiet", "--bare", "server.git"]);
        sandbox.git(&["remote", "add", "origin", "../server.git"]);
        let commits = ["one", "two", "three"].map(|name| oid(&sandbox.commit(&[(name, name)])));
        let repository = Repository::open(&sandbox.repo()).unwrap();
        Pair { sandbox, repository, commits }
    }

    fn server(&self) -> PathBuf {
        self.sandbox.root().join("server.git")
    }

    fn on_server(&self, args: &[&str]) -> String {
        self.sandbox.git_at(&self.server(), args).trim().to_owned()
    }

    /// All refs of the server, `name oid` each.
    fn server_refs(&self) -> Vec<String> {
        let refs = self.on_server(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        refs.lines().map(str::to_owned).collect()
    }

    fn server_ref(&self, name: &str, target: Oid) {
        // By its path: pushed by its name, it would move our own refs, too.
        self.sandbox.git(&["push", "--quiet", "--force", "../server.git", &format!("{target}:{name}")]);
    }

    fn remote(&self, name: &str) -> Remote<'_> {
        self.repository.remote(name).with_environment(self.sandbox.environment())
    }

    fn origin(&self) -> Remote<'_> {
        self.remote("origin")
    }

    fn push(&self, updates: &[PushUpdate<'_>]) -> PushOutcome {
        self.origin().push(updates, true, &mut |_| {}).unwrap()
    }

    fn server_hook(&self, name: &str, script: &str) {
        hook(&self.server().join("hooks"), name, script);
    }

    /// All refs of the repository by their names.
    fn refs(&self) -> Vec<String> {
        let refs = self.sandbox.git(&["for-each-ref", "--format=%(refname)"]);
        refs.lines().map(str::to_owned).collect()
    }
}

fn oid(text: &str) -> Oid {
    Repository::parse_oid(text).unwrap()
}

fn update(name: &str, expected: aifactory::git::Expected, new: Oid) -> PushUpdate<'_> {
    PushUpdate { name, expected, new: Some(new) }
}

fn get<'a>(from: &'a str, to: &'a str) -> FetchSpec<'a> {
    FetchSpec { from, to, force: false }
}

fn fetch(remote: &Remote<'_>, specs: &[FetchSpec<'_>]) -> Result<(), TransferError> {
    remote.fetch(specs, &mut |_| {})
}

fn hook(folder: &Path, name: &str, script: &str) {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn trouble<T>(result: Result<T, TransferError>) -> (Trouble, Error) {
    let Err(failed) = result else { panic!("it did not fail") };
    (failed.trouble, failed.into())
}

fn stale(names: &[&str]) -> PushOutcome {
    PushOutcome::Stale(names.iter().map(|name| (*name).to_owned()).collect())
}

#[track_caller]
fn why_declined(outcome: PushOutcome, of: &str) -> String {
    match outcome {
        PushOutcome::Declined { name, why } if name == of => why,
        outcome => panic!("{outcome:?}"),
    }
}

// Listing.

#[test]
fn refs_are_listed_by_their_whole_names_over_paths_and_urls() {
    let pair = Pair::new();
    let [one, two, three] = pair.commits;
    pair.server_ref(STATE, one);
    pair.server_ref("refs/aifactory/live/mill", two);
    // Git's patterns match the ends of names.
    pair.server_ref("refs/heads/refs/aifactory/state", three);
    let path = pair.server().to_string_lossy().into_owned();
    for address in ["origin", &path, &format!("file://{path}")] {
        let listed = pair.remote(address).list(&["refs/aifactory/*"]).unwrap();
        let listed: Vec<_> = listed.into_iter().collect();
        assert_eq!(listed, [("refs/aifactory/live/mill".to_owned(), two), (STATE.to_owned(), one)], "{address}");
        assert_eq!(pair.remote(address).list(&[STATE]).unwrap().len(), 1);
        assert_eq!(pair.remote(address).list(&[]).unwrap().len(), 3);
    }
}

#[test]
fn an_empty_remote_lists_nothing_and_a_missing_one_is_an_error() {
    let pair = Pair::new();
    assert!(pair.origin().list(&["refs/*"]).unwrap().is_empty());

    let (kind, error) = trouble(pair.remote("upstream").list(&["refs/*"]));
    assert_eq!(kind, Trouble::Missing);
    assert_eq!(error.message(), "cannot list the refs of upstream: there is no git repository");
    assert_eq!(error.hints().last().unwrap(), "git remote add upstream <url>");

    fs::remove_dir_all(pair.server()).unwrap();
    let (kind, error) = trouble(pair.origin().list(&["refs/*"]));
    assert_eq!(kind, Trouble::Missing);
    assert_eq!(error.hints().last().unwrap(), "git remote set-url origin <url>");
    assert_eq!(trouble(fetch(&pair.origin(), &[get(STATE, HERE)])).0, Trouble::Missing);
    let pushed = pair.origin().push(&[update(STATE, Absent, pair.commits[0])], true, &mut |_| {});
    assert_eq!(trouble(pushed).0, Trouble::Missing);
}

#[test]
fn what_looks_like_an_option_is_only_a_remote_that_is_not_there() {
    let pair = Pair::new();
    let mark = pair.sandbox.root().join("mark");
    for option in [format!("--upload-pack=touch {}", mark.display()), format!("-otouch{}", mark.display())] {
        trouble(pair.remote(&option).list(&[]));
        trouble(fetch(&pair.remote(&option), &[get(STATE, HERE)]));
        trouble(pair.remote(&option).push(&[update(STATE, Absent, pair.commits[0])], true, &mut |_| {}));
        assert!(!mark.exists());
    }
    let (kind, error) = trouble(pair.remote("ext::sh -c true").list(&[]));
    assert_eq!(kind, Trouble::Other);
    assert!(error.message().contains("protocol.*"), "{error}");
}

// Fetching.

#[test]
fn what_was_fetched_is_there_and_nothing_else_whatever_the_settings_say() {
    let pair = Pair::new();
    let [one, two, three] = pair.commits;
    let sandbox = &pair.sandbox;
    pair.server_ref(STATE, two);
    pair.server_ref("refs/heads/main", three);
    sandbox.git_at(&pair.server(), &["tag", "-a", "-m", "v1", "v1", &two.to_string()]);
    sandbox.git(&["update-ref", "refs/aifactory/mine", &one.to_string()]);
    for (key, value) in [
        ("remote.origin.fetch", "+refs/aifactory/*:refs/aifactory/*"),
        ("remote.origin.tagOpt", "--tags"),
        ("fetch.prune", "true"),
        ("fetch.pruneTags", "true"),
        ("fetch.writeCommitGraph", "true"),
        ("fetch.recurseSubmodules", "true"),
        ("fetch.output", "compact"),
    ] {
        sandbox.git(&["config", key, value]);
    }
    fetch(&pair.origin(), &[get(STATE, HERE), get(&one.to_string(), "refs/aifactory/first")]).unwrap();
    assert_eq!(pair.refs(), ["refs/aifactory/first", "refs/aifactory/mine", HERE, "refs/heads/main"]);
    assert_eq!(pair.repository.ref_target(HERE).unwrap(), Some(two));
    assert!(!sandbox.git_dir().join("FETCH_HEAD").exists());
    fetch(&pair.origin(), &[]).unwrap();
    assert_eq!(pair.refs().len(), 4);
}

#[test]
fn a_rewound_ref_is_an_error_unless_it_is_forced() {
    let pair = Pair::new();
    let [one, two, _] = pair.commits;
    pair.server_ref(STATE, two);
    fetch(&pair.origin(), &[get(STATE, HERE)]).unwrap();
    pair.server_ref(STATE, one);
    let (kind, error) = trouble(fetch(&pair.origin(), &[get(STATE, HERE)]));
    assert_eq!(kind, Trouble::Rewound);
    assert_eq!(error.message(), "cannot fetch from origin: the ref there does not descend from what is here");
    assert_eq!(pair.repository.ref_target(HERE).unwrap(), Some(two));
    fetch(&pair.origin(), &[FetchSpec { force: true, ..get(STATE, HERE) }]).unwrap();
    assert_eq!(pair.repository.ref_target(HERE).unwrap(), Some(one));
}

#[test]
fn a_ref_that_is_not_there_and_a_name_that_is_none_are_errors() {
    let pair = Pair::new();
    assert_eq!(trouble(fetch(&pair.origin(), &[get(STATE, HERE)])).0, Trouble::NoSuchRef);
    for (from, to) in [("refs/heads/*", "refs/x/*"), ("main", "refs/x/main"), (STATE, "main"), ("^refs/a", "refs/b")] {
        let (kind, error) = trouble(fetch(&pair.origin(), &[get(from, to)]));
        assert_eq!(kind, Trouble::Other);
        assert!(error.message().ends_with("is not the name of a ref"), "{error}");
    }
}

/// Clones of a server that has a state of its own history, with files.
#[test]
fn clones_that_lack_something_get_the_whole_of_what_is_fetched() {
    let pair = Pair::new();
    let sandbox = &pair.sandbox;
    pair.server_ref("refs/heads/main", pair.commits[2]);
    for name in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        pair.on_server(&["config", name, "true"]);
    }
    sandbox.git(&["switch", "--quiet", "--orphan", "state"]);
    sandbox.commit(&[("task.toml", "title = \"a\"\n"), ("spec.md", "# A\n")]);
    let state = oid(&sandbox.commit(&[("task.toml", "title = \"b\"\n")]));
    let url = format!("file://{}", pair.server().display());
    for (name, option) in [("shallow", "--depth=1"), ("single", "--single-branch"), ("partial", "--filter=blob:none")] {
        pair.server_ref(STATE, state);
        let folder = sandbox.root().join(name);
        sandbox.git_at(sandbox.root(), &["clone", "--quiet", "--no-checkout", option, &url, name]);
        let clone = Repository::open(&folder).unwrap();
        let origin = clone.remote("origin").with_environment(sandbox.environment());
        fetch(&origin, &[get(STATE, HERE)]).unwrap();
        let objects = sandbox.git_at(&folder, &["rev-list", "--objects", "--missing=print", HERE]);
        assert_eq!(objects.lines().count(), 7, "{name}: {objects}");
        assert!(!objects.contains('?'), "{name}: {objects}");

        // And what is committed there can be pushed back.
        let theirs = clone.ref_target(HERE).unwrap().unwrap();
        let tree = format!("{HERE}^{{tree}}");
        let new = sandbox.git_at(&folder, &["commit-tree", &tree, "-p", HERE, "-m", name]);
        let new = oid(new.trim());
        let pushed = origin.push(&[update(STATE, Is(theirs), new)], true, &mut |_| {}).unwrap();
        assert_eq!(pushed, PushOutcome::Accepted, "{name}");
        assert_eq!(pair.on_server(&["rev-parse", STATE]), new.to_string());
    }
}

// Pushing.

#[test]
fn refs_move_only_from_where_they_are_expected() {
    let pair = Pair::new();
    let [one, two, three] = pair.commits;
    assert_eq!(pair.push(&[update(STATE, Absent, one)]), PushOutcome::Accepted);
    assert_eq!(pair.push(&[update(STATE, Absent, two)]), stale(&[STATE]));
    assert_eq!(pair.push(&[update(STATE, Is(three), two)]), stale(&[STATE]));
    assert_eq!(pair.push(&[update(STATE, Is(one), two)]), PushOutcome::Accepted);
    // Backwards, too: the lease is what guards.
    assert_eq!(pair.push(&[update(STATE, Is(two), one)]), PushOutcome::Accepted);
    // What is there already is accepted, whatever was expected: a push can be repeated.
    assert_eq!(pair.push(&[update(STATE, Is(three), one)]), PushOutcome::Accepted);
    assert_eq!(pair.server_refs(), [format!("{STATE} {one}")]);
    assert_eq!(pair.push(&[]), PushOutcome::Accepted);
}

#[test]
fn an_atomic_push_is_refused_as_a_whole_and_another_ref_by_ref() {
    let pair = Pair::new();
    let [one, two, _] = pair.commits;
    pair.server_ref("refs/x/a", one);
    let updates = [update("refs/x/a", Is(two), two), update("refs/x/b", Absent, two)];
    assert_eq!(pair.push(&updates), stale(&["refs/x/a"]));
    assert_eq!(pair.server_refs(), [format!("refs/x/a {one}")]);
    let outcome = pair.origin().push(&updates, false, &mut |_| {}).unwrap();
    assert_eq!(outcome, stale(&["refs/x/a"]));
    assert_eq!(pair.server_refs(), [format!("refs/x/a {one}"), format!("refs/x/b {two}")]);
}

#[test]
fn a_ref_is_deleted_only_where_it_is_expected() {
    let pair = Pair::new();
    let [one, two, _] = pair.commits;
    pair.server_ref(STATE, one);
    let delete = |expected| [PushUpdate { name: STATE, expected, new: None }];
    assert_eq!(pair.push(&delete(Is(two))), stale(&[STATE]));
    assert_eq!(pair.push(&delete(Is(one))), PushOutcome::Accepted);
    assert_eq!(pair.server_refs(), [""; 0]);
    assert_eq!(pair.push(&delete(Is(one))), stale(&[STATE]), "somebody else deleted it");
}

#[test]
fn a_ref_that_moves_while_we_push_is_stale() {
    let pair = Pair::new();
    let [one, two, three] = pair.commits;
    pair.server_ref(STATE, one);
    pair.server_ref("refs/heads/main", two);
    // The hook runs when our expectations were compared and the pack has arrived.
    pair.server_hook("pre-receive", &format!("env -u GIT_QUARANTINE_PATH git update-ref {STATE} {two}"));
    let branch = "refs/heads/aifactory/x";
    let updates = [update(STATE, Is(one), three), update(branch, Absent, three)];
    assert_eq!(pair.push(&updates), stale(&[STATE]));
    assert_eq!(pair.on_server(&["rev-parse", STATE]), two.to_string());
    assert!(!pair.server_refs().iter().any(|line| line.starts_with(branch)));
    pair.on_server(&["update-ref", STATE, &one.to_string()]);
    let outcome = pair.origin().push(&updates, false, &mut |_| {}).unwrap();
    assert_eq!(outcome, stale(&[STATE]));
    assert!(pair.server_refs().contains(&format!("{branch} {three}")));
}

#[test]
fn a_ref_whose_lock_is_taken_is_stale() {
    let pair = Pair::new();
    let [one, two, _] = pair.commits;
    pair.server_ref(STATE, one);
    let lock = pair.server().join(format!("{STATE}.lock"));
    fs::write(&lock, "").unwrap();
    let updates = [update("refs/x/b", Absent, two), update(STATE, Is(one), two)];
    assert_eq!(pair.push(&updates), stale(&[STATE]));
    fs::remove_file(lock).unwrap();
    assert_eq!(pair.push(&updates), PushOutcome::Accepted);
}

#[test]
fn a_name_that_another_ref_stands_in_the_way_of_is_declined() {
    let pair = Pair::new();
    let [one, ..] = pair.commits;
    pair.server_ref(STATE, one);
    let below = format!("{STATE}/below");
    let why = why_declined(pair.push(&[update("refs/x/b", Absent, one), update(&below, Absent, one)]), &below);
    assert!(why.contains(&format!("'{STATE}' exists")), "{why}");
    assert_eq!(pair.server_refs().len(), 1);
}

#[test]
fn hooks_of_the_remote_decline_and_are_quoted() {
    let pair = Pair::new();
    let [one, ..] = pair.commits;
    let updates = [update("refs/heads/main", Absent, one), update(STATE, Absent, one)];
    pair.server_hook(
        "update",
        &format!("[ $1 != {STATE} ] || {{ echo 'No such refs here.'; echo Sorry. >&2; exit 1; }}"),
    );
    let why = why_declined(pair.push(&updates), STATE);
    assert!(
        why.starts_with("hook declined: ") && why.contains("No such refs here.") && why.contains("Sorry."),
        "{why}"
    );
    assert_eq!(pair.server_refs(), [""; 0]);

    pair.server_hook("pre-receive", "echo 'Not on Sundays.'; exit 1");
    let why = why_declined(pair.push(&updates), "refs/heads/main");
    assert_eq!(why, "pre-receive hook declined: Not on Sundays.");
    assert_eq!(pair.server_refs(), [""; 0]);
}

#[test]
fn rules_of_the_remote_decline() {
    let pair = Pair::new();
    let [one, two, _] = pair.commits;
    pair.server_ref("refs/heads/main", two);
    for key in ["receive.denyDeletes", "receive.denyNonFastForwards"] {
        pair.on_server(&["config", key, "true"]);
    }
    let main = "refs/heads/main";
    let why = why_declined(pair.push(&[PushUpdate { name: main, expected: Is(two), new: None }]), main);
    assert!(why.starts_with("deletion prohibited"), "{why}");
    let why = why_declined(pair.push(&[update(main, Is(two), one)]), main);
    assert!(why.starts_with("non-fast-forward"), "{why}");
}

/// What git's own server does with an atomic push; whoever relies on `--atomic` has to know.
#[test]
fn a_hidden_ref_is_declined_and_the_rest_of_an_atomic_push_goes_on() {
    let pair = Pair::new();
    let [one, ..] = pair.commits;
    pair.on_server(&["config", "receive.hideRefs", "refs/aifactory"]);
    let why = why_declined(pair.push(&[update(STATE, Absent, one), update("refs/x/b", Absent, one)]), STATE);
    assert_eq!(why, "deny updating a hidden ref");
    assert_eq!(pair.server_refs(), [format!("refs/x/b {one}")]);
}

#[test]
fn a_remote_that_takes_nothing_from_us_is_not_one_that_declines_a_ref() {
    let pair = Pair::new();
    for (says, expected) in [
        ("This repository is read-only.", Trouble::ReadOnly),
        ("You are not allowed to push code to this project.", Trouble::ReadOnly),
        ("fatal: write error: No space left on device", Trouble::Full),
    ] {
        pair.server_hook("pre-receive", &format!("echo '{says}' >&2; exit 1"));
        let pushed = pair.origin().push(&[update(STATE, Absent, pair.commits[0])], true, &mut |_| {});
        let (kind, error) = trouble(pushed);
        assert_eq!(kind, expected, "{says}");
        assert!(error.message().starts_with("cannot push to origin: "), "{error}");
        assert!(error.full_text().contains(says) && !error.hints().is_empty(), "{}", error.full_text());
    }
}

#[test]
fn names_and_objects_that_cannot_be_pushed_are_refused_before_git_is_asked() {
    let pair = Pair::new();
    let [one, ..] = pair.commits;
    for name in ["main", "refs/.hidden", "refs/heads/*", "refs/a b", "HEAD", "refs/heads/x:refs/heads/y"] {
        let (kind, error) = trouble(pair.origin().push(&[update(name, Absent, one)], true, &mut |_| {}));
        assert_eq!(kind, Trouble::Other);
        assert!(error.message().ends_with("is not the name of a ref"), "{error}");
    }
    let unknown = oid(&"1".repeat(40));
    let (kind, error) = trouble(pair.origin().push(&[update(STATE, Absent, unknown)], true, &mut |_| {}));
    assert_eq!(kind, Trouble::Other);
    assert!(error.message().contains("there is no object 1111"), "{error}");
}

#[test]
fn hooks_of_this_repository_do_not_run() {
    let pair = Pair::new();
    let [one, two, _] = pair.commits;
    let mark = pair.sandbox.root().join("mark");
    let hooks = pair.sandbox.git_dir().join("hooks");
    for name in ["pre-push", "reference-transaction", "post-checkout", "post-merge", "post-rewrite", "pre-auto-gc"] {
        hook(&hooks, name, &format!("echo {name} >> {}; exit 1", mark.display()));
    }
    pair.server_hook("post-receive", &format!("touch {}.server", mark.display()));
    assert_eq!(pair.push(&[update(STATE, Absent, one)]), PushOutcome::Accepted);
    fetch(&pair.origin(), &[get(STATE, HERE)]).unwrap();
    assert_eq!(pair.push(&[update(STATE, Is(one), two)]), PushOutcome::Accepted);
    assert!(!mark.exists(), "{}", fs::read_to_string(mark).unwrap());
    assert!(mark.with_extension("server").exists(), "the server's hooks are its own business");
}

#[test]
fn no_setting_makes_a_push_more_than_it_is() {
    let pair = Pair::new();
    let [one, two, _] = pair.commits;
    let sandbox = &pair.sandbox;
    sandbox.git(&["tag", "-a", "-m", "v1", "v1", &one.to_string()]);
    sandbox.git(&["branch", "other"]);
    for (key, value) in [
        ("push.default", "matching"),
        ("push.followTags", "true"),
        ("push.gpgSign", "true"),
        ("push.pushOption", "merge_request.create"),
        ("push.recurseSubmodules", "only"),
        ("push.useForceIfIncludes", "true"),
        ("push.autoSetupRemote", "true"),
        ("remote.origin.push", "refs/heads/*:refs/heads/*"),
        ("remote.origin.mirror", "true"),
        ("remote.pushDefault", "elsewhere"),
        ("gpg.program", "/bin/false"),
    ] {
        sandbox.git(&["config", key, value]);
    }
    pair.on_server(&["update-ref", "-d", "refs/heads/main"]);
    assert_eq!(pair.push(&[update(STATE, Absent, two)]), PushOutcome::Accepted);
    assert_eq!(pair.server_refs(), [format!("{STATE} {two}")]);
}

#[test]
fn no_local_ref_moves_by_a_push_whatever_the_refspecs_say() {
    let pair = Pair::new();
    let [one, two, three] = pair.commits;
    for refspec in ["+refs/aifactory/*:refs/aifactory/*", "+refs/*:refs/*"] {
        pair.sandbox.git(&["config", "--add", "remote.origin.fetch", refspec]);
    }
    pair.sandbox.git(&["update-ref", STATE, &three.to_string()]);
    assert_eq!(pair.push(&[update(STATE, Absent, one), update("refs/heads/x", Absent, one)]), PushOutcome::Accepted);
    assert_eq!(pair.push(&[update(STATE, Is(one), two)]), PushOutcome::Accepted);
    let delete = PushUpdate { name: STATE, expected: Is(two), new: None };
    assert_eq!(pair.push(&[delete]), PushOutcome::Accepted);
    assert_eq!(pair.refs(), [STATE, "refs/heads/main"]);
    assert_eq!(pair.repository.ref_target(STATE).unwrap(), Some(three));
}

#[test]
fn progress_is_told_while_it_is_made() {
    let pair = Pair::new();
    let done = |what: &str| Progress { what: what.to_owned(), percent: Some(100) };
    let mut heard = Vec::new();
    let pushed = pair.origin().push(&[update(STATE, Absent, pair.commits[2])], true, &mut |step| heard.push(step));
    assert_eq!(pushed.unwrap(), PushOutcome::Accepted);
    assert!(heard.contains(&done("writing objects")), "{heard:?}");

    let other = pair.sandbox.folder("other");
    pair.sandbox.git_at(&other, &["init", "--quiet"]);
    let other = Repository::open(&other).unwrap();
    let mut heard = Vec::new();
    let server = pair.server().to_string_lossy().into_owned();
    let remote = other.remote(&server).with_environment(pair.sandbox.environment());
    remote.fetch(&[get(STATE, HERE)], &mut |step| heard.push(step)).unwrap();
    assert!(heard.iter().any(|step| step.percent == Some(100)), "{heard:?}");
    assert!(heard.iter().any(|step| step.what == "counting objects"), "{heard:?}");
}

#[test]
fn names_of_objects_may_be_long_but_not_of_two_kinds() {
    let pair = Pair::within(Sandbox::empty().with("GIT_DEFAULT_HASH", "sha256"));
    let [one, two, _] = pair.commits;
    assert_eq!(pair.push(&[update(STATE, Absent, one)]), PushOutcome::Accepted);
    assert_eq!(pair.push(&[update(STATE, Is(one), two)]), PushOutcome::Accepted);
    assert_eq!(pair.origin().list(&[STATE]).unwrap().into_values().collect::<Vec<_>>(), [two]);
    fetch(&pair.origin(), &[get(STATE, HERE)]).unwrap();

    let other = Pair::new();
    let theirs = pair.server().to_string_lossy().into_owned();
    let (kind, error) = trouble(fetch(&other.remote(&theirs), &[get(STATE, HERE)]));
    assert_eq!(kind, Trouble::Other);
    assert!(error.message().ends_with("the remote names its objects by another hash"), "{}", error.full_text());
}

#[test]
fn a_remote_that_takes_too_long_is_given_up() {
    let pair = Pair::new();
    pair.server_ref(STATE, pair.commits[0]);
    pair.server_hook("pre-receive", "sleep 600");
    let patience = Patience { transfer: Duration::from_millis(500), ..Patience::default() };
    let origin = pair.origin().with_patience(patience);
    let pushed = origin.push(&[update("refs/x/a", Absent, pair.commits[0])], true, &mut |_| {});
    let (kind, error) = trouble(pushed);
    assert_eq!(kind, Trouble::TimedOut);
    assert_eq!(error.message(), "cannot push to origin: it took too long");
}

// Over ssh.

/// A program that is called as ssh is, writes down how, and does on this machine what it is told.
fn fake_ssh(sandbox: &Sandbox, name: &str) -> PathBuf {
    let folder = sandbox.folder("programs");
    let log = sandbox.root().join("ssh.log");
    // Git asks with -G whether a program that it does not know is OpenSSH.
    let script = format!("echo \"$@\" >> {}\nfor last; do :; done\n[ \"$1\" = -G ] || eval \"$last\"", log.display());
    hook(&folder, name, &script);
    folder.join(name)
}

fn over_ssh(pair: &Pair) -> String {
    format!("ssh://git@mill{}", pair.server().display())
}

fn ssh_log(pair: &Pair) -> String {
    fs::read_to_string(pair.sandbox.root().join("ssh.log")).unwrap_or_default()
}

#[test]
fn ssh_neither_asks_nor_hangs() {
    let sandbox = Sandbox::empty();
    let programs = fake_ssh(&sandbox, "ssh").parent().unwrap().to_owned();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let pair = Pair::within(sandbox.with("PATH", path));
    let [one, two, _] = pair.commits;
    let remote = pair.remote(&over_ssh(&pair));
    let pushed = remote.push(&[update(STATE, Absent, one)], true, &mut |_| {}).unwrap();
    assert_eq!(pushed, PushOutcome::Accepted);
    assert_eq!(remote.list(&["refs/aifactory/*"]).unwrap().into_values().collect::<Vec<_>>(), [one]);
    fetch(&remote, &[get(STATE, HERE)]).unwrap();
    assert_eq!(pair.repository.ref_target(HERE).unwrap(), Some(one));
    let pushed = remote.push(&[update(STATE, Is(two), two)], true, &mut |_| {}).unwrap();
    assert_eq!(pushed, stale(&[STATE]));
    let log = ssh_log(&pair);
    assert_eq!(log.lines().count(), 4, "{log}");
    let options = "-o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=4 ";
    assert!(log.lines().all(|line| line.starts_with(options) && line.contains("git@mill")), "{log}");
}

#[test]
fn an_ssh_of_the_users_own_is_left_alone() {
    let sandbox = Sandbox::empty();
    let ssh = fake_ssh(&sandbox, "my-ssh").display().to_string();
    for variable in ["GIT_SSH_COMMAND", "GIT_SSH", "core.sshCommand"] {
        let pair = match variable.contains('.') {
            false => Pair::within(Sandbox::empty().with(variable, &ssh)),
            true => Pair::new(),
        };
        if variable.contains('.') {
            pair.sandbox.git(&["config", variable, &ssh]);
        }
        let repository = Repository::open(&pair.sandbox.repo()).unwrap();
        let remote = repository.remote(&over_ssh(&pair)).with_environment(pair.sandbox.environment());
        assert!(remote.list(&[]).unwrap().is_empty(), "{variable}");
    }
    let log = fs::read_to_string(sandbox.root().join("ssh.log")).unwrap();
    assert!(log.lines().count() >= 3 && !log.contains("BatchMode"), "{log}");
}

#[test]
fn what_ssh_says_is_understood() {
    for (says, expected) in [
        ("git@mill: Permission denied (publickey).", Trouble::Authentication),
        ("Host key verification failed.", Trouble::Authentication),
        ("ssh: Could not resolve hostname mill: Name or service not known", Trouble::Unreachable),
        ("ssh: connect to host mill port 22: Connection timed out", Trouble::TimedOut),
        ("ERROR: Repository not found.", Trouble::Missing),
    ] {
        let sandbox = Sandbox::empty();
        let folder = sandbox.folder("programs");
        hook(&folder, "ssh", &format!("echo '{says}' >&2; exit 255"));
        let pair = Pair::within(sandbox.with("GIT_SSH_COMMAND", folder.join("ssh").display().to_string()));
        let (kind, error) = trouble(pair.remote("ssh://git@mill/x.git").list(&[]));
        assert_eq!(kind, expected, "{says}");
        assert!(!error.hints().is_empty(), "{says}");
    }
}

// Over HTTP.

fn serve(pair: &Pair) -> HttpServer {
    pair.on_server(&["config", "http.receivepack", "true"]);
    HttpServer::start(&pair.sandbox, pair.sandbox.root())
}

#[test]
fn everything_works_over_http() {
    let pair = Pair::new();
    let [one, two, _] = pair.commits;
    let server = serve(&pair);
    let remote = pair.remote(&server.url("", "server.git"));
    assert!(remote.list(&["refs/*"]).unwrap().is_empty());
    let pushed = remote.push(&[update(STATE, Absent, one)], true, &mut |_| {}).unwrap();
    assert_eq!(pushed, PushOutcome::Accepted);
    let pushed = remote.push(&[update(STATE, Is(two), two)], true, &mut |_| {}).unwrap();
    assert_eq!(pushed, stale(&[STATE]));
    assert_eq!(remote.list(&["refs/aifactory/*"]).unwrap().into_values().collect::<Vec<_>>(), [one]);
    fetch(&remote, &[get(STATE, HERE)]).unwrap();
    assert_eq!(pair.repository.ref_target(HERE).unwrap(), Some(one));
    let delete = PushUpdate { name: STATE, expected: Is(one), new: None };
    assert_eq!(remote.push(&[delete], true, &mut |_| {}).unwrap(), PushOutcome::Accepted);
    assert!(remote.list(&["refs/*"]).unwrap().is_empty());
}

#[test]
fn big_pushes_come_in_chunks_and_long_fetches_are_packed() {
    let pair = Pair::new();
    let server = serve(&pair);
    let remote = pair.remote(&server.url("", "server.git"));
    pair.sandbox.git(&["config", "http.postBuffer", "65536"]);
    let mut random = common::Random::new(1);
    let noise: Vec<u8> = (0..300_000).map(|_| random.below(256) as u8).collect();
    pair.sandbox.write("noise", noise);
    pair.sandbox.git(&["add", "noise"]);
    let big = oid(&pair.sandbox.commit(&[]));
    let names: Vec<String> = (0..40).map(|number| format!("refs/x/{number}")).collect();
    let mut updates: Vec<PushUpdate<'_>> = names.iter().map(|name| update(name, Absent, pair.commits[0])).collect();
    updates[0].new = Some(big);
    assert_eq!(remote.push(&updates, true, &mut |_| {}).unwrap(), PushOutcome::Accepted);
    pair.sandbox.git(&["config", "--unset", "http.postBuffer"]);
    for (name, commit) in names.iter().zip(0..) {
        let tree = pair.on_server(&["rev-parse", &format!("{name}^{{tree}}")]);
        let unlike = pair.on_server(&["commit-tree", &tree, "-m", &format!("{commit}")]);
        pair.on_server(&["update-ref", name, &unlike]);
    }
    let specs: Vec<FetchSpec<'_>> = names.iter().map(|name| get(name, name)).collect();
    fetch(&remote, &specs).unwrap();
    assert_eq!(pair.refs().iter().filter(|name| name.starts_with("refs/x/")).count(), 40);
    let requests = server.requests();
    assert!(requests.iter().any(|request| request.header("Transfer-Encoding") == Some("chunked")));
    assert!(requests.iter().any(|request| request.header("Content-Encoding") == Some("gzip")));
}

#[test]
fn a_credential_helper_is_asked_and_its_answer_never_shown() {
    let pair = Pair::new();
    let server = serve(&pair);
    server.require_login("ana", "secret");
    let remote = pair.remote(&server.url("", "server.git"));

    let (kind, error) = trouble(remote.list(&[]));
    assert_eq!(kind, Trouble::Authentication);
    assert!(error.message().contains("wants credentials"), "{error}");
    assert!(error.hints()[0].contains("git ls-remote http://127.0.0.1"), "{:?}", error.hints());

    let helper = |password: &str| format!("!f() {{ echo username=ana; echo password={password}; }}; f");
    pair.sandbox.git(&["config", "credential.helper", &helper("wrong-one")]);
    for result in [
        remote.list(&[]).map(drop),
        fetch(&remote, &[get(STATE, HERE)]),
        remote.push(&[update(STATE, Absent, pair.commits[0])], true, &mut |_| {}).map(drop),
    ] {
        let (kind, error) = trouble(result);
        assert_eq!(kind, Trouble::Authentication);
        assert!(error.message().contains("does not take the credentials"), "{error}");
        assert!(!error.full_text().contains("wrong-one"), "{}", error.full_text());
    }

    pair.sandbox.git(&["config", "credential.helper", &helper("secret")]);
    let pushed = remote.push(&[update(STATE, Absent, pair.commits[0])], true, &mut |_| {}).unwrap();
    assert_eq!(pushed, PushOutcome::Accepted);
    assert_eq!(remote.list(&[]).unwrap().len(), 1);
}

#[test]
fn a_password_in_the_url_works_and_is_in_no_message() {
    let pair = Pair::new();
    let server = serve(&pair);
    server.require_login("ana", "secret");
    assert!(pair.remote(&server.url("ana:secret@", "server.git")).list(&[]).unwrap().is_empty());
    for (login, repository, expected) in
        [("ana:hush@", "server.git", Trouble::Authentication), ("ana:secret@", "nothing.git", Trouble::Missing)]
    {
        let remote = pair.remote(&server.url(login, repository));
        let (kind, error) = trouble(remote.list(&[]));
        assert_eq!(kind, expected);
        let text = format!("{} {:?} {}", error.full_text(), error.hints(), remote.display_name());
        assert!(!text.contains("hush") && !text.contains("secret"), "{text}");
    }
}

#[test]
fn codes_of_the_server_are_understood() {
    let pair = Pair::new();
    let server = serve(&pair);
    let remote = pair.remote(&server.url("", "server.git"));
    for (code, expected) in [
        (403, Trouble::ReadOnly),
        (404, Trouble::Missing),
        (429, Trouble::Unreachable),
        (500, Trouble::Unreachable),
        (503, Trouble::Unreachable),
    ] {
        for part in ["info/refs?service=git-receive-pack", "server.git/git-receive-pack"] {
            server.set_fault(part, Fault::Code(code));
            let pushed = remote.push(&[update(STATE, Absent, pair.commits[0])], true, &mut |_| {});
            let (kind, error) = trouble(pushed);
            assert_eq!(kind, expected, "{code} {part}: {}", error.full_text());
        }
        server.set_fault("service=git-upload-pack", Fault::Code(code));
        let expected = if code == 403 { Trouble::Authentication } else { expected };
        assert_eq!(trouble(remote.list(&[])).0, expected, "{code}");
    }
    server.set_fault("server.git/git-receive-pack", Fault::Code(413));
    let pushed = remote.push(&[update(STATE, Absent, pair.commits[0])], true, &mut |_| {});
    assert_eq!(trouble(pushed).0, Trouble::Full);
    server.clear_fault();
    assert!(remote.list(&[]).unwrap().is_empty());
}

#[test]
fn a_server_that_goes_silent_is_noticed() {
    let pair = Pair::new();
    let server = serve(&pair);
    server.set_fault("info/refs", Fault::Silence);
    let url = server.url("", "server.git");
    let silence = Patience { silence: Duration::from_secs(1), ..Patience::default() };
    let (kind, error) = trouble(pair.remote(&url).with_patience(silence).list(&[]));
    assert_eq!(kind, Trouble::TimedOut);
    assert!(error.message().ends_with("the server went silent"), "{error}");

    let total = Patience { list: Duration::from_millis(500), ..Patience::default() };
    let (kind, error) = trouble(pair.remote(&url).with_patience(total).list(&[]));
    assert_eq!(kind, Trouble::TimedOut);
    assert!(error.message().ends_with("it took too long"), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_unreachable() {
    let pair = Pair::new();
    let url = serve(&pair).url("", "server.git");
    let (kind, error) = trouble(pair.remote(&url).list(&[]));
    assert_eq!(kind, Trouble::Unreachable);
    assert!(error.hints()[0].contains("git ls-remote http://"), "{:?}", error.hints());
}

#[test]
fn a_push_whose_answer_is_lost_is_an_error_that_a_list_resolves() {
    let pair = Pair::new();
    let server = serve(&pair);
    let remote = pair.remote(&server.url("", "server.git"));
    server.set_fault("server.git/git-receive-pack", Fault::HangUp);
    let updates = [update(STATE, Absent, pair.commits[0])];
    let (kind, error) = trouble(remote.push(&updates, true, &mut |_| {}));
    assert_eq!(kind, Trouble::Unreachable, "{}", error.full_text());
    assert_eq!(remote.list(&[STATE]).unwrap().into_values().collect::<Vec<_>>(), [pair.commits[0]]);
    server.clear_fault();
    assert_eq!(remote.push(&updates, true, &mut |_| {}).unwrap(), PushOutcome::Accepted);
}
