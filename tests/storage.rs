//! Repositories that gix cannot serve: reftables and partial clones. The state has a store of its own there, and
//! everything works as elsewhere.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Random, STATE, Sandbox, eventually, greeting_plan, spawned};
use snapbox::str;
use std::fs;
use std::path::{Path, PathBuf};

impl Sandbox {
    /// A repository with reftables and one commit; nothing where the installed git is too old.
    fn with_reftables(options: &[&str]) -> Option<Sandbox> {
        let sandbox = Sandbox::empty();
        let init = [&["init", "-q", "-b", "main", "--ref-format=reftable"], options].concat();
        if sandbox.try_git(&sandbox.repo(), &init).status != 0 {
            eprintln!("skipped: this git cannot make reftable repositories");
            return None;
        }
        sandbox.commit(&[("README.md", "# A project\n")]);
        Some(sandbox)
    }

    /// `repo` is a partial clone of `origin`, which has two commits.
    fn with_partial_clone(filter: &str, options: &[&str]) -> Sandbox {
        let sandbox = Sandbox::empty();
        let origin = sandbox.folder("origin");
        sandbox.git_at(&origin, &[&["init", "-q", "-b", "main"], options].concat());
        sandbox.git_at(&origin, &["config", "uploadpack.allowFilter", "true"]);
        for (name, text) in [
            ("README.md", "# A project\n"),
            ("deep/er/notes.md", "notes\n"),
            (".aifactory/config.toml", "gates = [\"test -e README.md\"]\n"),
        ] {
            fs::create_dir_all(origin.join(name).parent().unwrap()).unwrap();
            fs::write(origin.join(name), text).unwrap();
            sandbox.git_at(&origin, &["add", "--all"]);
            sandbox.git_at(&origin, &["commit", "-q", "-m", name]);
        }
        let url = format!("file://{}", origin.display());
        fs::remove_dir(sandbox.repo()).unwrap();
        let filter = format!("--filter={filter}");
        sandbox.git_at(sandbox.root(), &["clone", "-q", "--no-checkout", &filter, &url, "repo"]);
        sandbox
    }

    fn store(&self) -> PathBuf {
        self.git_dir().join("aifactory/store.git")
    }

    /// Where the state is in the store of its own; nothing where it is not there.
    fn find_stored(&self) -> Option<String> {
        let store = Some(self.store()).filter(|store| store.exists())?;
        let ran = self.try_git(&store, &["rev-parse", "--verify", "--quiet", STATE]);
        (ran.status == 0).then(|| ran.stdout.trim().to_owned())
    }

    /// Git finds the state's own store sound, and complete without anything of the repository around it.
    #[track_caller]
    fn assert_store_is_whole(&self) {
        let store = self.store();
        assert!(!store.join("objects/info/alternates").exists());
        let ran = self.try_git(&store, &["fsck", "--strict", "--no-dangling", "--no-progress"]);
        // It has no branches, and says so.
        let complaints: Vec<&str> = ran.stderr.lines().filter(|line| !line.starts_with("notice: ")).collect();
        assert_eq!((ran.status, complaints), (0, vec![]), "{}", ran.all());
        let alone = self.root().join("alone.git");
        self.git_at(self.root(), &["clone", "-q", "--mirror", &store.to_string_lossy(), &alone.to_string_lossy()]);
        assert_eq!(self.git_at(&alone, &["rev-parse", STATE]).trim(), self.find_stored().unwrap());
        fs::remove_dir_all(alone).unwrap();
    }

    /// From `init` to `log`, with every command in between that touches refs or objects.
    #[track_caller]
    fn live_a_whole_life(&self) {
        let readme = self.git(&["show", "main:README.md"]);
        self.ok(&["init", "--yes"]);
        self.ok(&["trust", "--yes"]);
        let id = self.ok(&["new", "Greet"]).trim().to_owned();
        self.set_plan(&id, &greeting_plan("hello.txt", "hello"));
        self.ok(&["approve", &id]);
        assert!(self.ok(&["list"]).contains("Greet"));
        let before = self.git(&["rev-parse", "main"]);
        self.ok(&["run", &id]);
        assert_eq!(self.status(&id), "review", "{}", self.note(&id));
        assert!(self.ok(&["review", &id]).contains("+hello"));
        assert!(self.ok(&["diff", &id]).contains("+hello"));
        let branch = self.task(&id)["branch"].as_str().unwrap().to_owned();
        assert!(!self.git(&["rev-parse", &format!("refs/heads/{branch}")]).is_empty(), "git sees the task's branch");
        self.ok(&["merge", &id]);
        assert_eq!(self.status(&id), "done");
        assert_ne!(self.git(&["rev-parse", "main"]), before);
        assert_eq!(self.git(&["show", "main:hello.txt"]), "hello\n");
        assert_eq!(self.git(&["show", "main:README.md"]), readme);
        assert!(self.ok(&["log", &id]).contains("done"));

        // Another one takes the worktree that the first one left, and a third one is thrown away.
        let next = self.reviewed("Greet again", &greeting_plan("again.txt", "again"));
        self.ok(&["merge", &next]);
        let third = self.reviewed("Never", &greeting_plan("never.txt", "never"));
        self.ok(&["discard", &third]);
        assert_eq!(self.git(&["show", "main:again.txt"]), "again\n");
        self.ok(&["gc"]);
        assert!(self.ok(&["list", "--all"]).contains("Greet again"));
        assert_eq!(self.git(&["status", "--porcelain"]), "");
        assert_eq!(self.find_state(), None, "the state is in its own store alone");
        self.assert_store_is_whole();
        self.git(&["fsck", "--no-dangling", "--no-progress"]);
    }
}

#[test]
fn a_task_lives_its_whole_life_where_refs_are_in_reftables() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    sandbox.live_a_whole_life();
    assert!(!sandbox.git_dir().join("refs/aifactory").exists(), "nothing wrote files where refs are in tables");
    assert_eq!(files_in(&sandbox.git_dir().join("refs")), ["heads"]);
}

#[test]
fn a_task_lives_its_whole_life_in_a_clone_without_blobs() {
    let sandbox = Sandbox::with_partial_clone("blob:none", &[]);
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.live_a_whole_life();
}

#[test]
fn a_task_lives_its_whole_life_in_a_clone_without_trees() {
    let sandbox = Sandbox::with_partial_clone("tree:0", &[]);
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.live_a_whole_life();
}

#[test]
fn it_does_so_with_sha256_too() {
    let format = ["--object-format=sha256"];
    let Some(sandbox) = Sandbox::with_reftables(&format) else { return };
    sandbox.live_a_whole_life();
    let sandbox = Sandbox::with_partial_clone("blob:none", &format);
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.live_a_whole_life();
    assert_eq!(sandbox.find_stored().unwrap().len(), 64);
}

#[test]
fn init_and_doctor_say_where_the_state_is_and_why() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    let ran = sandbox.run(&["init", "--yes"]);
    let line = ran.stderr.lines().find(|line| line.contains("store ")).unwrap().to_owned();
    snapbox::assert_data_eq!(
        sandbox.redact(line.trim()),
        str!["store      $SANDBOX/repo/.git/aifactory/store.git, because the repository keeps its refs in reftables"]
    );
    let doctor = sandbox.ok(&["doctor"]);
    let line = doctor.lines().find(|line| line.contains(" store ")).unwrap();
    snapbox::assert_data_eq!(
        sandbox.redact(line),
        str![
            "ok    store        $SANDBOX/repo/.git/aifactory/store.git, because the repository keeps its refs in reftables"
        ]
    );

    let sandbox = Sandbox::with_partial_clone("blob:none", &[]);
    sandbox.ok(&["init", "--yes"]);
    let checks = sandbox.json(&["doctor"])["checks"].clone();
    let store = checks.as_array().unwrap().iter().find(|check| check["check"] == "store").unwrap();
    assert!(store["detail"].as_str().unwrap().ends_with("because the repository is a partial clone of origin"));

    let ordinary = Sandbox::new();
    assert!(!ordinary.ok(&["doctor"]).contains(" store "));
    assert!(!ordinary.store().exists());
}

#[test]
fn before_init_commands_say_how_to_begin_and_leave_the_refs_alone() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    let before = sandbox.git(&["for-each-ref"]);
    for words in [&["list"][..], &["new", "Lost"], &["run", "--all"], &["gc"]] {
        let ran = sandbox.fails(words, 3);
        assert!(ran.stderr.contains("to begin: aifactory init"), "{}", ran.all());
    }
    assert_eq!(sandbox.find_stored(), None);
    assert_eq!(sandbox.git(&["for-each-ref"]), before);
}

#[test]
fn a_linked_worktree_sees_the_same_state() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    sandbox.ok(&["init", "--yes"]);
    let linked = sandbox.root().join("linked").to_string_lossy().into_owned();
    sandbox.git(&["worktree", "add", "-q", &linked, "-b", "side"]);
    let id = sandbox.ok(&["-C", &linked, "new", "From the side"]).trim().to_owned();
    assert_eq!(sandbox.task(&id)["title"], "From the side");
    assert_eq!(sandbox.ok(&["-C", &linked, "config", "get", "merge.target"]), "main\n");
    assert!(sandbox.git(&["for-each-ref"]).lines().count() == 2, "the two branches");
}

#[test]
fn what_is_kept_of_a_discarded_task_stays_with_the_code() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    sandbox.ok(&["init", "--yes"]);
    let id = sandbox.reviewed("Never", &greeting_plan("never.txt", "never"));
    fs::write(Path::new(sandbox.ok(&["path", &id]).trim()).join("notes.txt"), "not committed\n").unwrap();
    sandbox.ok(&["discard", &id]);
    // It is code, and stays with the code.
    let saved = sandbox.saved(&id);
    assert_eq!(sandbox.git(&["show", &format!("{saved}:notes.txt")]), "not committed\n");
    assert_eq!(sandbox.git(&["show", &format!("{saved}:never.txt")]), "never\n");
    sandbox.ok(&["list"]);
    assert_eq!(sandbox.saved(&id), saved);
}

#[test]
fn killed_while_it_makes_the_store_leaves_nothing_half_made() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    let mut random = Random::new(7);
    let (mut killed, mut half_made) = (0, 0);
    for _ in 0..40 {
        // A child of the one that was killed may still be writing.
        let own = sandbox.git_dir().join("aifactory");
        eventually("the folder is gone", || {
            let _ = fs::remove_dir_all(&own);
            !own.exists()
        });
        let mut init = spawned(&mut sandbox.command(&["init", "--yes"]));
        let moment = std::time::Duration::from_micros(random.below(60_000));
        let started = std::time::Instant::now();
        eventually("the moment has come", || started.elapsed() >= moment);
        killed += u32::from(!init.has_ended());
        init.kill();
        half_made += u32::from(sandbox.git_dir().join("aifactory/store.git.tmp").exists());
        let whole = !sandbox.store().exists() || sandbox.store().join("config").exists();
        assert!(whole, "it is there whole or not at all");
        sandbox.ok(&["init", "--yes"]);
        let id = sandbox.ok(&["new", "Greet"]).trim().to_owned();
        assert_eq!(sandbox.task(&id)["title"], "Greet");
        assert!(!sandbox.git_dir().join("aifactory/store.git.tmp").exists());
    }
    assert!(killed > 3, "the kills came too late to show anything: {killed}");
    eprintln!("{killed} were killed, {half_made} of them while making the store");
    sandbox.assert_store_is_whole();
}

#[test]
fn a_run_killed_again_and_again_comes_to_its_end() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    sandbox.ok(&["init", "--yes"]);
    let mut random = Random::new(11);
    let id = sandbox.approved("Greet", &greeting_plan("hello.txt", "hello"));
    for _ in 0..2 {
        let mut run = spawned(&mut sandbox.command(&["run", &id]));
        let moment = std::time::Duration::from_micros(random.below(200_000));
        let started = std::time::Instant::now();
        eventually("the moment has come", || started.elapsed() >= moment);
        run.kill();
        sandbox.git(&["worktree", "list"]);
    }
    let ran = sandbox.run(&["run", &id]);
    assert_eq!(sandbox.status(&id), "review", "{}", ran.all());
    sandbox.ok(&["merge", &id]);
    assert_eq!(sandbox.git(&["show", "main:hello.txt"]), "hello\n");
}

#[test]
fn what_a_kill_left_of_the_store_is_made_anew() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    let draft = sandbox.folder("repo/.git/aifactory/store.git.tmp");
    fs::write(draft.join("config"), "[core\n").unwrap();
    fs::write(draft.join("HEAD"), "").unwrap();
    sandbox.ok(&["init", "--yes"]);
    assert!(!draft.exists());
    sandbox.assert_store_is_whole();
}

#[test]
fn many_who_begin_at_once_begin_the_same_store() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    let begun: Vec<_> = (0..6).map(|_| spawned(&mut sandbox.command(&["init", "--yes"]))).collect();
    assert!(begun.into_iter().all(|init| init.wait() == Some(0)));
    let titles: Vec<String> = (0..6).map(|number| format!("Task {number}")).collect();
    let made: Vec<_> = titles.iter().map(|title| spawned(&mut sandbox.command(&["new", title]))).collect();
    assert!(made.into_iter().all(|new| new.wait() == Some(0)));
    let list = sandbox.ok(&["list"]);
    assert!(titles.iter().all(|title| list.contains(title.as_str())), "{list}");
    sandbox.assert_store_is_whole();
}

#[test]
fn the_users_gc_takes_nothing_from_the_state() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    sandbox.ok(&["init", "--yes"]);
    // The same text lies in the user's repository, where nothing refers to it.
    let spec = sandbox.root().join("spec.md");
    fs::write(&spec, "A text that both have.\n").unwrap();
    let path = spec.to_string_lossy().into_owned();
    sandbox.git(&["hash-object", "-w", &path]);
    let id = sandbox.ok(&["new", "Shared", "-F", &path]).trim().to_owned();
    sandbox.git(&["reflog", "expire", "--expire=now", "--all"]);
    sandbox.git(&["gc", "-q", "--prune=now"]);
    assert_eq!(sandbox.ok(&["spec", "show", &id]), "A text that both have.\n");
    sandbox.assert_store_is_whole();
}

impl Sandbox {
    /// Turns the repository into one of another format, or says that the installed git cannot.
    fn migrate(&self, format: &str) -> bool {
        // Git 2.47 does not take logs along yet.
        let _ = fs::remove_dir_all(self.git_dir().join("logs"));
        for name in self.git(&["for-each-ref", "--format=%(refname)"]).lines().chain(["HEAD"]) {
            let _ = self.try_git(&self.repo(), &["reflog", "delete", "--rewrite", &format!("{name}@{{0}}")]);
        }
        let ran = self.try_git(&self.repo(), &["refs", "migrate", &format!("--ref-format={format}")]);
        if ran.status != 0 {
            eprintln!("skipped: git refs migrate: {}", ran.all());
        }
        ran.status == 0
    }
}

#[test]
fn a_repository_that_changes_its_kind_and_back_takes_its_state_along() {
    let sandbox = Sandbox::new();
    let first = sandbox.approved("First", &greeting_plan("first.txt", "first"));
    let (state, events) = (sandbox.find_state().unwrap(), sandbox.events(&first));
    if !sandbox.migrate("reftable") {
        return;
    }
    assert_eq!(sandbox.find_state(), Some(state.clone()), "git took the ref along");
    assert_eq!(sandbox.events(&first), events);
    assert_eq!((sandbox.find_stored(), sandbox.find_state()), (Some(state.clone()), None));
    sandbox.git(&["gc", "-q", "--prune=now"]);
    sandbox.assert_store_is_whole();
    let second = sandbox.approved("Second", &greeting_plan("second.txt", "second"));
    let moved = sandbox.find_stored().unwrap();
    sandbox.git_at(&sandbox.store(), &["merge-base", "--is-ancestor", &state, &moved]);

    if !sandbox.migrate("files") {
        return;
    }
    assert!(sandbox.ok(&["list"]).contains("Second"));
    assert_eq!((sandbox.find_stored(), sandbox.find_state()), (None, Some(moved)));
    fs::remove_dir_all(sandbox.store()).unwrap();
    sandbox.assert_sound();
    for id in [&first, &second] {
        sandbox.ok(&["run", id, "--merge"]);
        assert_eq!(sandbox.status(id), "done");
    }
}

#[test]
fn a_clone_that_becomes_partial_and_whole_again_takes_its_state_along() {
    let sandbox = Sandbox::new();
    let id = sandbox.approved("First", &greeting_plan("first.txt", "first"));
    let state = sandbox.find_state();
    sandbox.git(&["config", "remote.elsewhere.url", "file:///nowhere"]);
    sandbox.git(&["config", "remote.elsewhere.promisor", "true"]);
    sandbox.ok(&["set", &id, "priority=high"]);
    assert_eq!(sandbox.find_state(), None);
    let moved = sandbox.find_stored().unwrap();
    sandbox.git_at(&sandbox.store(), &["merge-base", "--is-ancestor", &state.unwrap(), &moved]);
    sandbox.git(&["config", "remote.elsewhere.promisor", "false"]);
    assert_eq!(sandbox.task(&id)["priority"], "high");
    assert_eq!((sandbox.find_stored(), sandbox.find_state()), (None, Some(moved)));
    sandbox.assert_sound();
}

#[test]
fn a_move_that_was_cut_short_goes_on_where_it_was() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    sandbox.ok(&["init", "--yes"]);
    let old = sandbox.find_stored().unwrap();
    let id = sandbox.ok(&["new", "Greet"]).trim().to_owned();
    let state = sandbox.find_stored().unwrap();
    let store = sandbox.store().to_string_lossy().into_owned();
    // The same in both; an older one there; a newer one there.
    for (here, there) in [(&state, &state), (&state, &old), (&old, &state)] {
        sandbox.git(&["fetch", "-q", &store, STATE]);
        sandbox.git(&["update-ref", STATE, there]);
        sandbox.git_at(&sandbox.store(), &["update-ref", STATE, here]);
        assert_eq!(sandbox.task(&id)["title"], "Greet");
        assert_eq!((sandbox.find_stored().as_ref(), sandbox.find_state()), (Some(&state), None));
    }
}

#[test]
fn a_foreign_state_is_kept_aside_and_ours_stays() {
    let Some(sandbox) = Sandbox::with_reftables(&[]) else { return };
    sandbox.ok(&["init", "--yes"]);
    let id = sandbox.ok(&["new", "Ours"]).trim().to_owned();
    let ours = sandbox.find_stored();
    let foreign = sandbox.git(&["commit-tree", "-m", "not ours", "main^{tree}"]).trim().to_owned();
    sandbox.git(&["update-ref", STATE, &foreign]);
    assert_eq!(sandbox.task(&id)["title"], "Ours");
    assert_eq!((sandbox.find_stored(), sandbox.find_state()), (ours, None));
    let kept = format!("refs/aifactory/quarantine/{foreign}");
    assert_eq!(sandbox.git_at(&sandbox.store(), &["rev-parse", &kept]).trim(), foreign);
    assert!(sandbox.ok(&["doctor"]).contains(&kept));
}

#[test]
fn the_policy_is_fetched_when_it_is_needed() {
    let sandbox = Sandbox::with_partial_clone("tree:0", &[]);
    assert!(sandbox.git(&["rev-list", "--objects", "--missing=print", "main"]).contains('?'), "something is missing");
    sandbox.ok(&["init", "--yes"]);
    let commands = sandbox.json(&["trust"])["commands"].to_string();
    assert!(commands.contains("test -e README.md"), "{commands}");
}

#[test]
fn an_object_that_cannot_be_fetched_is_named_with_its_remote() {
    let sandbox = Sandbox::with_partial_clone("blob:none", &[]);
    let policy = sandbox.git(&["rev-parse", "main:.aifactory/config.toml"]).trim().to_owned();
    fs::rename(sandbox.root().join("origin"), sandbox.root().join("away")).unwrap();
    let ran = sandbox.fails(&["init", "--yes"], 1);
    let wanted = format!("error: object {policy} is not in this partial clone, and origin did not give it\n");
    assert!(ran.stderr.starts_with(&wanted), "{}", ran.all());
    assert!(ran.stderr.contains("does not appear to be a git repository"), "git's own reason: {}", ran.all());
    assert!(ran.stderr.contains("hint: when origin can be reached, try again"), "{}", ran.all());
    assert_eq!(sandbox.find_stored(), None);
    fs::rename(sandbox.root().join("away"), sandbox.root().join("origin")).unwrap();
    sandbox.ok(&["init", "--yes"]);
    // What was fetched once stays.
    fs::rename(sandbox.root().join("origin"), sandbox.root().join("away")).unwrap();
    sandbox.ok(&["new", "Offline"]);
    assert!(sandbox.ok(&["list"]).contains("Offline"));
}

#[test]
fn what_others_changed_is_seen_where_trees_are_missing() {
    let sandbox = Sandbox::with_partial_clone("tree:0", &[]);
    sandbox.ok(&["init", "--yes"]);
    sandbox.ok(&["trust", "--yes"]);
    let touched = sandbox.approved("Touched", &greeting_plan("deep/er/notes.md", "other notes"));
    let origin = sandbox.root().join("origin");
    fs::write(origin.join("deep/er/notes.md"), "changed\n").unwrap();
    sandbox.git_at(&origin, &["commit", "-q", "-a", "-m", "meanwhile"]);
    sandbox.git(&["fetch", "-q", "origin", "main:refs/remotes/origin/main"]);
    sandbox.git(&["update-ref", "refs/heads/main", "refs/remotes/origin/main"]);
    sandbox.fails(&["run", &touched], 4);
    assert!(sandbox.note(&touched).contains("deep/er/notes.md changed on main"), "{}", sandbox.note(&touched));
}

fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
