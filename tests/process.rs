//! Sessions with real processes: whatever they do and whoever is killed, nothing of them is left.

#![allow(clippy::disallowed_methods, reason = "these tests start processes and measure real time")]

#[path = "common/supervised.rs"]
mod supervised;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aifactory::process::{Ending, Hear, Line, Pulse, Stdin, alive, start_time, supervise, sweep};
use supervised::{
    LONG, SUPERVISOR, Session, block_on, ended, ended_with, eventually, guardian_of, kill, request, supervisor,
};
use tokio::sync::watch;

/// Forks twice, leads a session of its own, and writes its pid down; `$1` is its lifetime.
const DAEMON: &str = "(setsid sh -c 'echo $$ > daemon; exec sleep 600' > /dev/null 2>&1 < /dev/null &)
while ! [ -s daemon ]; do sleep 0.01; done\n";

#[test]
fn exit_codes_and_signals_are_told_apart() {
    assert_eq!(Session::new("exit 0").run(), ended(Ending::Exited(0)));
    assert_eq!(Session::new("exit 7").run(), ended(Ending::Exited(7)));
    assert_eq!(Session::new("kill -USR1 $$").run(), ended(Ending::Signalled(10)));
}

#[test]
fn the_run_folder_says_how_it_ended_and_is_free_again() {
    let session = Session::new("echo out; echo err >&2; exit 3");
    session.run();
    let read = |name| fs::read_to_string(session.path().join(name)).unwrap();
    assert_eq!(read("exit.json"), r#"{"code":3,"leftovers":0,"stopped":false}"#);
    assert_eq!((read("stdout.log"), read("stderr.log")), ("out\n".into(), "err\n".into()));
    assert!(!alive(session.path()));
}

#[test]
fn lines_come_with_their_source_and_bytes_that_are_no_text_survive_in_the_log() {
    let session = Session::new(r"printf 'one\ntwo\377\000'; printf 'three\r\n' >&2");
    let mut lines = Vec::new();
    session.run_with(|line| {
        lines.push(match line {
            Line::Stdout(text) => format!("out {text}"),
            Line::Stderr(text) => format!("err {text}"),
        });
        Pulse::Between
    });
    lines.sort();
    assert_eq!(lines, ["err three", "out one", "out two\u{fffd}\0"]);
    assert_eq!(fs::read(session.path().join("stdout.log")).unwrap(), b"one\ntwo\xff\0");
}

#[test]
fn the_environment_is_exactly_what_was_asked_for_and_the_marker() {
    let mut session = Session::new("exec env");
    session.request.program = "env".into();
    session.request.args.clear();
    let mut names = Vec::new();
    session.run_with(|line| {
        let Line::Stdout(text) = line else { panic!("{line:?}") };
        names.push(text.split('=').next().unwrap().to_owned());
        Pulse::Between
    });
    names.sort();
    assert_eq!(names, ["AIFACTORY_SESSION", "PATH"]);
}

#[test]
fn arguments_keep_bytes_that_are_no_text() {
    use std::os::unix::ffi::OsStringExt;
    let mut session = Session::new("");
    session.request.program = "printf".into();
    session.request.args = vec![OsString::from_vec(b"%s".to_vec()), OsString::from_vec(b"a\xffb".to_vec())];
    session.run();
    assert_eq!(fs::read(session.path().join("stdout.log")).unwrap(), b"a\xffb");
}

#[test]
fn standard_input_arrives_whole_and_one_that_is_never_read_blocks_nobody() {
    let mut session = Session::new("wc -c");
    session.request.stdin = Stdin::Text(vec![b'x'; 8 << 20]);
    session.run();
    assert_eq!(fs::read_to_string(session.path().join("stdout.log")).unwrap().trim(), (8 << 20).to_string());
    session.request.args = vec!["-c".into(), "exit 0".into()];
    assert_eq!(session.run(), ended(Ending::Exited(0)));
}

#[test]
fn a_program_that_cannot_be_started_is_named() {
    let mut session = Session::new("");
    session.request.program = "no-such-program-here".into();
    let Ending::CouldNotStart(reason) = session.run().ending else { panic!() };
    assert!(reason.starts_with("cannot start no-such-program-here: No such file"), "{reason}");
    session.request.cwd = "/no/such/folder".into();
    let Ending::CouldNotStart(reason) = session.run().ending else { panic!() };
    assert_eq!(reason, "cannot start no-such-program-here in /no/such/folder: no such folder");
}

#[test]
fn a_second_session_in_a_folder_is_refused() {
    let session = Session::new("echo > started; exec sleep 600");
    let second = session.request.clone();
    let ended = session.run_while(|stop| {
        session.written("started");
        let refused =
            block_on(supervise(second, watch::channel(false).1, Hear(|_: Line<'_>| Pulse::Between))).unwrap_err();
        assert!(refused.message().starts_with("another session runs in"), "{refused}");
        stop.send(true).unwrap();
    });
    assert_eq!(ended.ending, Ending::Stopped);
}

#[test]
fn a_stop_ends_a_program_that_ignores_it() {
    let session = Session::new("trap '' TERM INT HUP; echo $$ > pid; while :; do sleep 600; done");
    let ended = session.run_while(|stop| {
        session.pid("pid");
        stop.send(true).unwrap();
    });
    assert_eq!(ended.ending, Ending::Stopped);
    assert_eq!(start_time(session.pid("pid")), None);
    assert!(!alive(session.path()));
}

#[test]
fn a_program_may_use_its_grace_to_say_a_last_word() {
    let mut session = Session::new("trap 'echo bye; exit 5' TERM; echo > ready; while :; do sleep 0.01; done");
    session.request.limits.grace = LONG;
    let ended = session.run_while(|stop| {
        session.written("ready");
        stop.send(true).unwrap();
    });
    assert_eq!(ended.ending, Ending::Stopped);
    assert_eq!(fs::read_to_string(session.path().join("stdout.log")).unwrap(), "bye\n");
}

#[test]
fn a_session_stopped_before_its_start_is_not_started() {
    let session = Session::new("echo > started");
    let ended =
        block_on(supervise(session.request.clone(), watch::channel(true).1, Hear(|_: Line<'_>| Pulse::Between)))
            .unwrap();
    assert_eq!(ended.ending, Ending::Stopped);
    assert!(!session.path().join("guardian.lock").exists());
}

#[test]
fn silence_is_a_stall_between_tools_and_inside_one() {
    let mut session = Session::new("echo tool; exec sleep 600");
    session.request.limits.silence = Duration::from_millis(200);
    assert_eq!(session.run().ending, Ending::Stalled { in_tool: false });
    session.request.limits.silence = LONG;
    session.request.limits.silence_in_tool = Duration::from_millis(200);
    assert_eq!(session.run_with(|_| Pulse::InTool).ending, Ending::Stalled { in_tool: true });
}

#[test]
fn bytes_without_a_newline_are_no_silence_but_the_total_holds() {
    let mut session = Session::new("while printf .; do sleep 0.05; done");
    session.request.limits.silence = Duration::from_millis(1500);
    session.request.limits.total = Duration::from_millis(2000);
    assert_eq!(session.run().ending, Ending::TimedOut);
}

#[test]
fn a_daemon_left_behind_is_ended() {
    let session = Session::new(&format!("{DAEMON} exit 4"));
    let ended = session.run();
    assert_eq!(ended, ended_with(Ending::Exited(4), 1));
    assert_eq!(start_time(session.pid("daemon")), None);
}

#[test]
fn a_daemon_of_a_tool_that_hid_its_marker_and_ignores_sigterm_is_ended_on_stop() {
    let daemon = "setsid env -i PATH=\"$PATH\" sh -c 'trap \"\" TERM; echo $$ > daemon; while :; do sleep 600; done'";
    let session = Session::new("sh tool; exec sleep 600");
    fs::write(session.path().join("tool"), format!("(({daemon} &) &)\n")).unwrap();
    let ended = session.run_while(|stop| {
        session.pid("daemon");
        stop.send(true).unwrap();
    });
    assert_eq!(ended.ending, Ending::Stopped);
    assert!(ended.leftovers >= 1);
    assert_eq!(start_time(session.pid("daemon")), None);
}

#[test]
fn processes_that_keep_forking_do_not_escape() {
    let session = Session::new("trap '' TERM; echo $$ > pid; hop() { (hop & ) ; }; hop; hop; sleep 600");
    let ended = session.run_while(|stop| {
        session.pid("pid");
        stop.send(true).unwrap();
    });
    assert_eq!(ended.ending, Ending::Stopped);
    assert!(!alive(session.path()));
}

#[test]
fn output_held_open_by_a_leftover_does_not_delay_the_end() {
    let session = Session::new("sleep 600 & exit 0");
    assert_eq!(session.run(), ended_with(Ending::Exited(0), 1));
}

#[test]
fn a_folder_that_vanishes_does_not_save_the_processes() {
    let session = Session::new("echo $$; exec sleep 600");
    let mut pid = None;
    let (stop, stopped) = watch::channel(false);
    let ended = block_on(supervise(
        session.request.clone(),
        stopped,
        Hear(|line: Line<'_>| {
            let Line::Stdout(text) = line else { panic!("{line:?}") };
            pid = text.parse().ok();
            // The guardian may be writing into it at this moment.
            eventually("the folder is gone", || fs::remove_dir_all(session.path()).is_ok() || !session.path().exists());
            stop.send(true).unwrap();
            Pulse::Between
        }),
    ));
    assert_eq!(ended.unwrap().ending, Ending::Stopped);
    assert_eq!(start_time(pid.unwrap()), None);
}

#[test]
fn a_killed_guardian_is_noticed_and_its_session_ended() {
    let session = Session::new(&format!("{DAEMON} trap '' TERM; echo $$ > pid; while :; do sleep 600; done"));
    let ended = session.run_while(|_| {
        session.pid("pid");
        kill("-KILL", guardian_of(session.path()));
    });
    assert_eq!(ended.ending, Ending::GuardianLost);
    assert!(ended.leftovers >= 2);
    assert_eq!(start_time(session.pid("pid")), None);
    assert_eq!(start_time(session.pid("daemon")), None);
}

#[test]
fn a_guardian_outlives_hang_ups_and_takes_sigterm_for_a_stop() {
    let session = Session::new("echo $$ > pid; exec sleep 600");
    let stopped = session.run_while(|_| {
        session.pid("pid");
        let guardian = guardian_of(session.path());
        kill("-HUP", guardian);
        kill("-PIPE", guardian);
        assert!(start_time(guardian).is_some());
        kill("-TERM", guardian);
    });
    assert_eq!(stopped, ended(Ending::Stopped));
}

#[test]
fn a_dropped_future_ends_the_session() {
    let session = Session::new("echo $$ > pid; exec sleep 600");
    block_on(async {
        let running =
            supervise(session.request.clone(), session.never_stopped.1.clone(), Hear(|_: Line<'_>| Pulse::Between));
        let started = async {
            while !session.path().join("pid").exists() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::select! {
            ended = running => panic!("{ended:?}"),
            () = started => {}
        }
    });
    let pid = session.pid("pid");
    eventually("the program ends", || start_time(pid).is_none());
    eventually("the lock is released", || !alive(session.path()));
}

#[test]
fn be_a_supervisor_when_asked_to() {
    let Some(folder) = std::env::var_os(SUPERVISOR).map(PathBuf::from) else {
        return;
    };
    match std::env::var("AIFACTORY_TEST_MODE").unwrap().as_str() {
        "huge line" => supervise_a_huge_line(&folder),
        "family" => supervise_script(&folder, FAMILY),
        _ => supervise_for_long(&folder),
    }
}

fn supervise_for_long(folder: &Path) {
    supervise_script(folder, &format!("{DAEMON} trap '' TERM; echo $$ > pid; while :; do sleep 600; done"));
}

fn supervise_script(folder: &Path, script: &str) {
    let _ = block_on(supervise(request(folder, script), watch::channel(false).1, Hear(|_: Line<'_>| Pulse::Between)));
}

fn supervise_a_huge_line(folder: &Path) {
    let mut request = request(folder, "head -c 104857600 /dev/zero; echo; echo after");
    request.limits.max_log = 1 << 20;
    let before = peak_memory_kib();
    let mut lengths = Vec::new();
    let stopped = watch::channel(false).1;
    let ended = block_on(supervise(
        request,
        stopped,
        Hear(|line: Line<'_>| {
            let (Line::Stdout(text) | Line::Stderr(text)) = line;
            lengths.push(text.len());
            Pulse::Between
        }),
    ));
    let growth = peak_memory_kib() - before;
    fs::write(folder.join("result"), format!("{:?} {lengths:?} {growth}\n", ended.unwrap().ending)).unwrap();
}

fn peak_memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_line_of_a_hundred_megabytes_needs_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    assert!(supervisor("huge line", folder.path()).wait().unwrap().success());
    let result = fs::read_to_string(folder.path().join("result")).unwrap();
    let [ending, cut, after, growth] = result.split_whitespace().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((ending, after), ("Exited(0)", "5]"));
    assert!(cut.trim_matches(['[', ',']).parse::<usize>().unwrap() < (1 << 20) + 100);
    assert!(growth.parse::<u64>().unwrap() < 64 << 10, "{growth} KiB");
    let log = fs::metadata(folder.path().join("stdout.log")).unwrap().len();
    assert!((1 << 20..(1 << 20) + 100).contains(&log));
}

#[test]
fn a_killed_supervisor_takes_its_session_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut supervisor = supervisor("long", folder.path());
    let (pid, daemon) = started_pids(folder.path());
    assert!(alive(folder.path()));
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    eventually("the lock is released", || !alive(folder.path()));
    assert_eq!((start_time(pid), start_time(daemon)), (None, None));
    assert!(folder.path().join("exit.json").exists());
}

#[test]
fn a_sweep_ends_what_a_killed_supervisor_and_guardian_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut supervisor = supervisor("long", folder.path());
    let (pid, daemon) = started_pids(folder.path());
    let guardian = guardian_of(folder.path());
    // Suspended, it cannot sweep when its guardian is killed.
    kill("-STOP", supervisor.id());
    kill("-KILL", guardian);
    let swept = sweep(folder.path(), Duration::from_millis(100)).unwrap();
    assert!(swept.ended >= 2);
    assert_eq!((start_time(pid), start_time(daemon)), (None, None));
    assert_eq!(sweep(folder.path(), Duration::ZERO).unwrap().ended, 0);
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
}

#[test]
fn a_sweep_leaves_a_session_of_the_same_name_in_another_folder_alone() {
    let mut gone = Session::new("true");
    gone.request.marker = "the-same".to_owned();
    gone.run();
    let mut other = Session::new("echo > started; until test -e go; do sleep 0.01; done; exit 7");
    other.request.marker = "the-same".to_owned();
    let ended = other.run_while(|_| {
        other.written("started");
        assert_eq!(sweep(gone.path(), Duration::ZERO).unwrap().ended, 0);
        fs::write(other.path().join("go"), "go\n").unwrap();
    });
    assert_eq!(ended.ending, Ending::Exited(7));
}

#[test]
fn a_sweep_waits_for_a_living_guardian_and_ends_a_suspended_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut supervisor = supervisor("long", folder.path());
    let (pid, daemon) = started_pids(folder.path());
    let guardian = guardian_of(folder.path());
    kill("-STOP", guardian);
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    assert!(sweep(folder.path(), Duration::from_millis(100)).unwrap().ended >= 2);
    let gone = [pid, daemon, guardian].map(start_time);
    assert_eq!(gone, [None; 3]);
    assert!(!alive(folder.path()));
}

#[test]
fn a_suspended_guardian_does_not_hold_up_a_stop() {
    let session = Session::new("echo $$ > pid; exec sleep 600");
    let ended = session.run_while(|stop| {
        session.pid("pid");
        kill("-STOP", guardian_of(session.path()));
        stop.send(true).unwrap();
    });
    assert_eq!(ended, ended_with(Ending::Stopped, 1));
    assert_eq!(start_time(session.pid("pid")), None);
}

fn started_pids(folder: &Path) -> (u32, u32) {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u32>().ok();
    let mut pids = None;
    eventually("the session starts", || {
        pids = read("pid").zip(read("daemon"));
        pids.is_some()
    });
    pids.unwrap()
}

/// All the ways in which tools get away from their agents: a group and session of their own, a daemon, a child whose
/// wrapper died first, and one that does not listen.
const FAMILY: &str = "
setsid sh -c 'echo $$ > session; exec sleep 600' &
(setsid sh -c 'echo $$ > daemon; exec sleep 600' > /dev/null 2>&1 < /dev/null &)
sh -c 'sh -c \"echo \\$\\$ > orphan; exec sleep 600\" & exit' &
sh -c 'trap \"\" TERM INT HUP; echo $$ > deaf; while :; do sleep 600; done' &
exec sleep 600
";
const MEMBERS: [&str; 4] = ["session", "daemon", "orphan", "deaf"];

fn find_family(folder: &Path) -> Option<[u32; 4]> {
    let pids = MEMBERS.map(|name| fs::read_to_string(folder.join(name)).ok()?.trim().parse().ok());
    pids.iter().all(Option::is_some).then(|| pids.map(Option::unwrap))
}

fn family(folder: &Path) -> [u32; 4] {
    let mut pids = None;
    eventually("the family is there", || {
        pids = find_family(folder);
        pids.is_some()
    });
    let pids = pids.unwrap();
    assert!(pids.iter().all(|pid| start_time(*pid).is_some()));
    pids
}

#[track_caller]
fn assert_gone(family: [u32; 4]) {
    let living: Vec<_> = MEMBERS.iter().zip(family).filter(|(_, pid)| start_time(*pid).is_some()).collect();
    assert!(living.is_empty(), "{living:?}");
}

#[test]
fn nothing_of_a_family_is_left_after_a_stop() {
    let session = Session::new(FAMILY);
    let mut pids = None;
    let ended = session.run_while(|stop| {
        pids = Some(family(session.path()));
        stop.send(true).unwrap();
    });
    assert_eq!(ended.ending, Ending::Stopped);
    assert_gone(pids.unwrap());
}

#[test]
fn nothing_of_a_family_is_left_when_its_time_is_over() {
    // A busy machine may need longer to start them all.
    for seconds in [2, 10, 50] {
        let mut session = Session::new(FAMILY);
        session.request.limits.total = Duration::from_secs(seconds);
        assert_eq!(session.run().ending, Ending::TimedOut);
        if let Some(pids) = find_family(session.path()) {
            return assert_gone(pids);
        }
    }
    panic!("the family was never there");
}

#[test]
fn nothing_of_a_family_is_left_when_the_supervisor_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut supervisor = supervisor("family", folder.path());
    let pids = family(folder.path());
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    eventually("the lock is released", || !alive(folder.path()));
    assert_gone(pids);
}

#[test]
fn nothing_of_a_family_is_left_after_a_sweep_when_supervisor_and_guardian_are_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut supervisor = supervisor("family", folder.path());
    let pids = family(folder.path());
    kill("-STOP", supervisor.id());
    kill("-KILL", guardian_of(folder.path()));
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    assert!(sweep(folder.path(), Duration::from_millis(100)).unwrap().ended >= 4);
    assert_gone(pids);
    assert!(!folder.path().join("groups.json").exists());
}
