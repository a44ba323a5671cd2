//! What sessions may use and change: kernel groups, limits and sandboxes, with real processes.
//!
//! What a machine does not have is said in a line that begins with `skipped:`.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "these tests start processes")]

mod common;
#[path = "common/supervised.rs"]
mod supervised;

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use aifactory::process::{
    Confinement, Ended, Ending, Hear, Line, Pulse, Resource, Sandbox, start_time, supervise, sweep,
};
use common::Step;
use supervised::{SUPERVISOR, Session, block_on, eventually, guardian_of, kill, request, supervisor};
use tokio::sync::watch;

const SANDBOXES: [Sandbox; 2] = [Sandbox::Bwrap, Sandbox::Landlock];

fn stdout(session: &Session) -> String {
    fs::read_to_string(session.path().join("stdout.log")).unwrap()
}

/// The groups that a session of ours is put into.
fn has_groups() -> bool {
    let session = Session::new("cat /proc/self/cgroup");
    session.run();
    let has = stdout(&session).contains("aifactory-test-");
    if !has {
        println!("skipped: there are no cgroups to write to here");
    }
    has
}

fn hits(ended: &Ended) -> Vec<Resource> {
    ended.limits_hit.iter().copied().collect()
}

#[test]
fn a_session_has_a_group_of_its_own_that_is_gone_when_it_has_ended() {
    if !has_groups() {
        return;
    }
    let session = Session::new("cat /proc/self/cgroup; cat groups.json");
    session.run();
    let text = stdout(&session);
    assert!(text.contains(&format!("/aifactory-{}-", session.request.marker)), "{text}");
    let written = text.lines().last().unwrap();
    let groups: serde_json::Value = serde_json::from_str(written).unwrap();
    for group in groups.as_array().unwrap() {
        assert!(!Path::new(group["path"].as_str().unwrap()).exists(), "{group}");
    }
    assert!(!session.path().join("groups.json").exists());
}

/// A daemon without parents of ours, without the marker and in a session of its own: only its group tells whose it is.
const RUNAWAY: &str = "(setsid env -i sh -c 'trap \"\" TERM; echo $$ > runaway; while :; do /bin/sleep 600; done' \
    > /dev/null 2>&1 < /dev/null &)\nexec sleep 600";

#[test]
fn be_a_supervisor_when_asked_to() {
    let Some(folder) = std::env::var_os(SUPERVISOR).map(PathBuf::from) else {
        return;
    };
    let request = request(&folder, RUNAWAY);
    let _ = block_on(supervise(request, watch::channel(false).1, Hear(|_: Line<'_>| Pulse::Between)));
}

#[test]
fn a_runaway_of_a_killed_supervisor_and_guardian_is_found_by_its_group() {
    if !has_groups() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut supervisor = supervisor("runaway", folder.path());
    let mut runaway = None;
    eventually("the runaway is there", || {
        runaway = fs::read_to_string(folder.path().join("runaway")).ok().and_then(|text| text.trim().parse().ok());
        runaway.is_some()
    });
    kill("-STOP", supervisor.id());
    kill("-KILL", guardian_of(folder.path()));
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    let groups = fs::read_to_string(folder.path().join("groups.json")).unwrap();
    assert!(sweep(folder.path(), Duration::from_millis(100)).unwrap().ended >= 1);
    assert_eq!(start_time(runaway.unwrap()), None);
    let groups: serde_json::Value = serde_json::from_str(&groups).unwrap();
    assert!(!Path::new(groups[0]["path"].as_str().unwrap()).exists());
}

#[test]
fn a_process_may_have_only_so_many_files_open() {
    let mut session = Session::new(
        "exec 5< /dev/null && echo five; (exec 9< /dev/null; [ -e /proc/self/fd/9 ]) && echo nine; ulimit -Hn",
    );
    session.request.limits.resources.files = Some(8);
    let ended = session.run();
    assert_eq!(stdout(&session), "five\n8\n");
    assert_eq!(ended.limits_missed, [""; 0]);
}

#[test]
fn a_session_ends_when_its_processes_together_have_used_their_cpu_time() {
    let spinning = "while :; do :; done";
    let in_short_children = "while :; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; done";
    for (script, marker) in [(spinning, None), (in_short_children, None), (in_short_children, Some("no/group"))] {
        let mut session = Session::new(script);
        session.request.marker = marker.map_or(session.request.marker, str::to_owned);
        session.request.limits.resources.cpu = Some(Duration::from_secs(1));
        let ended = session.run();
        assert_eq!((ended.ending.clone(), hits(&ended)), (Ending::Signalled(24), vec![Resource::Cpu]), "{script}");
    }
}

#[test]
fn a_session_may_start_only_so_many_processes() {
    let mut session = Session::new("i=0; while [ $i -lt 40 ]; do sleep 600 & i=$((i+1)); done");
    session.request.limits.resources.processes = Some(20);
    let ended = session.run();
    if !ended.limits_missed.is_empty() {
        return println!("skipped: {:?}", ended.limits_missed);
    }
    assert_ne!(ended.ending, Ending::Exited(0));
    assert_eq!(hits(&ended), [Resource::Processes]);
    assert!(ended.leftovers < 20);
}

/// Holds 300 MB.
const HOG: &str = "head -c 300000000 /dev/zero | tail -c 290000000 | wc -c";

#[test]
fn memory_counts_for_all_processes_of_a_session_together() {
    let mut session = Session::new(HOG);
    session.request.limits.resources.memory = Some(64 << 20);
    let ended = session.run();
    if !ended.limits_missed.is_empty() {
        return println!("skipped: {:?}", ended.limits_missed);
    }
    assert_eq!(hits(&ended), [Resource::Memory]);
    assert_ne!(stdout(&session).trim(), "290000000");
}

#[test]
fn without_groups_each_process_is_limited_by_itself_and_that_is_told() {
    let mut session = Session::new(HOG);
    // Such a name is not one that a group could have.
    session.request.marker = "no/group".into();
    session.request.limits.resources.memory = Some(64 << 20);
    session.request.limits.resources.processes = Some(1_000);
    let ended = session.run();
    assert_ne!(stdout(&session).trim(), "290000000");
    let [memory, processes] = ended.limits_missed.try_into().unwrap();
    assert!(memory.starts_with("memory: there is no memory group"), "{memory}");
    assert!(processes.starts_with("processes: there is no pids group"), "{processes}");
    assert_eq!(ended.limits_hit, BTreeSet::new());
}

#[test]
fn a_generous_limit_is_in_nobodys_way() {
    let mut session = Session::new("sh -c 'echo done'");
    let resources = &mut session.request.limits.resources;
    resources.memory = Some(1 << 30);
    resources.processes = Some(500);
    resources.cpu = Some(Duration::from_secs(60));
    resources.files = Some(500);
    let ended = session.run();
    assert_eq!((ended.ending.clone(), hits(&ended)), (Ending::Exited(0), vec![]));
    assert_eq!(stdout(&session), "done\n");
}

/// A session in a sandbox that may write to its folder; nothing where the machine has no such sandbox.
fn confined(sandbox: Sandbox, network: bool, script: &str) -> Option<Session> {
    let mut trial = Session::new("exit 0");
    let confinement = |session: &Session| Confinement {
        sandbox,
        writable: vec![session.path().to_owned(), "/no/such/folder".into()],
        readable: Vec::new(),
        protected: Vec::new(),
        network,
    };
    trial.request.confinement = Some(confinement(&trial));
    let tried = block_on(supervise(trial.request.clone(), watch::channel(false).1, Hear(|_: Line<'_>| Pulse::Between)));
    if let Err(error) = tried {
        println!("skipped: {error}");
        return None;
    }
    let mut session = Session::new(script);
    session.request.confinement = Some(confinement(&session));
    Some(session)
}

#[test]
fn a_sandbox_keeps_a_session_from_writing_elsewhere() {
    let outside = tempfile::tempdir_in("/var/tmp").unwrap();
    let target = outside.path().join("file");
    fs::write(&target, "untouched").unwrap();
    let script = format!(
        "echo inside > inside; echo temporary > \"$TMPDIR/file\" && echo fine
        for path in {0} {0}.new /etc/aifactory-test /aifactory-test; do
            (echo changed > $path) 2> /dev/null && echo \"wrote $path\"
        done
        (rm {0} || mv {0} moved || ln {0} linked) 2> /dev/null && echo changed
        [ -e /dev/null ] && echo x > /dev/null && echo devices",
        target.display()
    );
    for sandbox in SANDBOXES {
        let Some(session) = confined(sandbox, true, &script) else { continue };
        assert_eq!(session.run().ending, Ending::Exited(0));
        let said = stdout(&session);
        // The private temporary folder of one of them may be written to, and nobody sees it.
        let said: Vec<&str> = said.lines().filter(|line| !line.starts_with("wrote /var/tmp/")).collect();
        assert_eq!(said, ["fine", "devices"], "{sandbox:?}");
        assert_eq!(fs::read_to_string(session.path().join("inside")).unwrap(), "inside\n");
        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        assert!(!Path::new("/etc/aifactory-test").exists() && !Path::new("/aifactory-test").exists());
    }
}

#[test]
fn a_sandbox_without_network_reaches_nobody() {
    for sandbox in SANDBOXES {
        for network in [true, false] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let port = listener.local_addr().unwrap().port();
            // A program that can connect is there wherever these tests can be run.
            let script = format!("GIT_CONFIG_NOSYSTEM=1 timeout 2 git ls-remote git://127.0.0.1:{port}/x; exit 0");
            let Some(session) = confined(sandbox, network, &script) else { continue };
            let ended = session.run();
            assert_eq!(listener.accept().is_ok(), network, "{sandbox:?}");
            // What stays open is told.
            assert_eq!(ended.limits_missed.len(), usize::from(!network && sandbox == Sandbox::Landlock));
        }
    }
}

#[test]
fn a_program_in_a_sandbox_may_use_its_grace_and_is_ended_without_it() {
    let polite = "trap 'echo bye; exit 5' TERM; echo > ready; while :; do sleep 0.01; done";
    let deaf = "trap '' TERM; (setsid sleep 600 &); echo > ready; while :; do sleep 600; done";
    for sandbox in SANDBOXES {
        for (script, grace, last_words) in [(polite, 60_000, "bye\n"), (deaf, 300, "")] {
            let Some(mut session) = confined(sandbox, true, script) else { continue };
            session.request.limits.grace = Duration::from_millis(grace);
            let ended = session.run_while(|stop| {
                session.written("ready");
                stop.send(true).unwrap();
            });
            assert_eq!(ended.ending, Ending::Stopped);
            assert_eq!(stdout(&session), last_words, "{sandbox:?}");
        }
    }
}

#[test]
fn a_program_in_a_sandbox_cannot_end_those_outside() {
    let mut sleeper = Command::new("sleep").arg("600").spawn().unwrap();
    for sandbox in SANDBOXES {
        let script = format!("kill -KILL {} $PPID 2> /dev/null; exit 0", sleeper.id());
        let Some(session) = confined(sandbox, true, &script) else { continue };
        let ended = session.run();
        let may_be = sandbox == Sandbox::Landlock && ended.ending != Ending::Exited(0);
        match may_be {
            true => println!("skipped: the kernel does not keep signals in, {:?}", ended.ending),
            false => assert!(sleeper.try_wait().unwrap().is_none(), "{sandbox:?}"),
        }
    }
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn a_sandbox_goes_together_with_limits_and_missing_programs_are_named() {
    let Some(mut session) = confined(Sandbox::Landlock, true, "ulimit -n; exec no-such-program-here") else { return };
    session.request.limits.resources.files = Some(99);
    assert_eq!(session.run().ending, Ending::Exited(127));
    assert_eq!(stdout(&session), "99\n");
    session.request.program = "no-such-program-here".into();
    let Ending::CouldNotStart(reason) = session.run().ending else { panic!() };
    assert!(reason.starts_with("cannot start no-such-program-here: No such file"), "{reason}");
}

#[test]
fn a_sandbox_that_is_not_installed_is_an_error_that_says_how_to_install_it() {
    let empty = tempfile::tempdir().unwrap();
    let mut session = Session::new("echo > started");
    session.request.env = vec![("PATH".into(), empty.path().into())];
    session.request.confinement = Some(Confinement {
        sandbox: Sandbox::Bwrap,
        writable: vec![session.path().to_owned()],
        readable: Vec::new(),
        protected: Vec::new(),
        network: true,
    });
    let asked = supervise(session.request.clone(), watch::channel(false).1, Hear(|_: Line<'_>| Pulse::Between));
    let error = block_on(asked).unwrap_err();
    assert_eq!(error.message(), "the sandbox needs the program `bwrap`, which is not installed");
    assert!(error.hints()[0].contains("apt install bubblewrap"), "{:?}", error.hints());
    assert!(!session.path().join("started").exists());
}

#[test]
fn a_program_that_the_sandbox_hides_is_an_error_that_says_how_to_show_it() {
    let Some(mut session) = confined(Sandbox::Bwrap, true, "") else { return };
    let hidden = tempfile::tempdir_in("/tmp").unwrap();
    let program = hidden.path().join("agent");
    fs::copy("/bin/sh", &program).unwrap();
    session.request.program = program.into();
    session.request.args = vec!["-c".into(), "echo seen".into()];
    let ask = |session: &Session| {
        block_on(supervise(session.request.clone(), watch::channel(false).1, Hear(|_: Line<'_>| Pulse::Between)))
    };
    let error = ask(&session).unwrap_err();
    assert!(error.message().starts_with("the sandbox hides /tmp, and in it the program /tmp/"), "{error}");
    assert!(error.hints()[0].contains("sandbox.readable"));
    session.request.confinement.as_mut().unwrap().readable = vec![hidden.path().into()];
    assert_eq!(ask(&session).unwrap().ending, Ending::Exited(0));
    assert_eq!(stdout(&session), "seen\n");
}

#[test]
fn in_a_sandbox_a_step_commits_to_its_own_branch_and_changes_nothing_else() {
    let script = "echo 1 > one.txt && git add one.txt && git commit --quiet --message own && echo committed\n\
        git config user.name Mallory && echo configured\n\
        git branch mallory && echo branched\n\
        git update-ref refs/heads/main HEAD && echo moved\n\
        git update-ref refs/aifactory/state HEAD && echo stated\n\
        folder=$(git rev-parse --git-common-dir)\n\
        (echo evil > \"$folder/hooks/post-checkout\") && echo hooked\n\
        (echo evil > \"$HOME/evil\") && echo homely\n\
        exit 0";
    for (sandbox, word) in SANDBOXES.into_iter().zip(["bwrap", "landlock"]) {
        if confined(sandbox, true, "exit 0").is_none() {
            continue;
        }
        let place = common::Sandbox::new().with("AIFACTORY_SANDBOX_KIND", word).with("AIFACTORY_LIMIT_FILES", "500");
        let main = place.commit_of("main");
        let id = place.approved("Write it", &Step::new("S1", "one.txt").gate("test -s one.txt").script(script).text());
        let ran = place.run(&["run", &id]);
        let log = place.run(&["log", &id]).all();
        assert_eq!(ran.status, 0, "{word}: {}\n{log}", ran.all());
        let said: Vec<String> = runs_said(&place);
        assert_eq!(said, ["committed"], "{word}: {}", ran.all());
        assert_eq!(place.commit_of("main"), main);
        let branch = place.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/aifactory"]);
        assert!(place.git(&["log", "--format=%s", branch.trim()]).lines().any(|subject| subject == "own"));
    }
}

#[test]
fn in_a_sandbox_a_branch_in_a_folder_of_its_own_is_all_that_a_step_can_move() {
    for (sandbox, word) in SANDBOXES.into_iter().zip(["bwrap", "landlock"]) {
        if confined(sandbox, true, "exit 0").is_none() {
            continue;
        }
        let place = common::Sandbox::new()
            .with("AIFACTORY_SANDBOX_KIND", word)
            .with("AIFACTORY_WORKTREE_BRANCH", "aifactory/{id}/{slug}");
        let step = Step::new("S1", "one.txt").gate("test -s one.txt");
        let first = place.approved("First", &step.clone().script("echo 1 > one.txt").text());
        place.ok(&["run", &first]);
        let branch = format!("refs/heads/aifactory/{first}/first");
        let before = place.commit_of(&branch);
        let script = format!(
            "echo 2 > one.txt\ngit update-ref {branch} HEAD && echo moved\ngit update-ref -d {branch} && echo moved\nexit 0"
        );
        let second = place.approved("Second", &step.script(&script).text());
        place.ok(&["run", &second]);
        assert_eq!((runs_said(&place), place.commit_of(&branch)), (Vec::new(), before), "{word}");
    }
}

/// What scripts printed in all runs of a repository.
fn runs_said(place: &common::Sandbox) -> Vec<String> {
    let words = ["committed", "configured", "branched", "moved", "stated", "hooked", "homely"];
    let mut said = Vec::new();
    for run in fs::read_dir(place.git_dir().join("aifactory/runs")).unwrap().flatten() {
        let text = fs::read_to_string(run.path().join("stdout.log")).unwrap_or_default();
        said.extend(words.iter().filter(|word| text.contains(**word)).map(|word| (*word).to_owned()));
    }
    said
}

#[test]
fn a_step_that_uses_too_much_says_which_limit_it_ran_into() {
    let place = common::Sandbox::new().with("AIFACTORY_LIMIT_CPU", "1s");
    let id = place.approved("Spin", &Step::new("S1", "one.txt").script("while :; do :; done").text());
    let ran = place.run(&["run", &id]);
    assert_eq!(ran.status, 4, "{}", ran.all());
    let shown = place.run(&["show", &id]).all();
    assert!(shown.contains("it ran into limit.cpu"), "{shown}");
}

#[test]
fn a_run_without_the_sandbox_that_was_asked_for_starts_nothing_and_says_why() {
    let programs = tempfile::tempdir().unwrap();
    for name in ["git", "sh"] {
        let real = Command::new("sh").args(["-c", &format!("command -v {name}")]).output().unwrap().stdout;
        let real = PathBuf::from(String::from_utf8(real).unwrap().trim());
        std::os::unix::fs::symlink(real, programs.path().join(name)).unwrap();
    }
    let place = common::Sandbox::new().with("AIFACTORY_SANDBOX_KIND", "bwrap");
    let script = "echo > one.txt; echo > ../started";
    let id = place.approved("Write it", &Step::new("S1", "one.txt").script(script).text());
    let place = place.with("PATH", programs.path().to_str().unwrap());
    let ran = place.run(&["run", &id]);
    assert_ne!(ran.status, 0);
    assert!(ran.stderr.contains("the sandbox needs the program `bwrap`, which is not installed"), "{}", ran.all());
    assert!(ran.stderr.contains("apt install bubblewrap"), "{}", ran.all());
    let wrong = place.with("AIFACTORY_SANDBOX_KIND", "bubblewrap").run(&["run", &id]);
    assert!(wrong.stderr.contains("is not one of none, bwrap, landlock"), "{}", wrong.all());
}

#[test]
fn a_writable_folder_that_is_not_there_is_an_error() {
    let place = common::Sandbox::new()
        .with("AIFACTORY_SANDBOX_KIND", "landlock")
        .with("AIFACTORY_SANDBOX_WRITABLE", "~/no-such-folder");
    let id = place.approved("Write it", &Step::new("S1", "one.txt").script("echo > one.txt").text());
    let ran = place.run(&["run", &id]);
    assert!(ran.stderr.contains("sandbox.writable names ~/no-such-folder"), "{}", ran.all());
}
