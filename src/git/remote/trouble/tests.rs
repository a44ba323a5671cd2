use super::*;
use crate::process::Exit;

fn said(lines: &str) -> Answer {
    let said = lines.lines().map(str::to_owned).collect();
    Answer { exit: Exit::Code(128), stdout: String::new(), said }
}

/// Messages as git, ssh, curl and the hosts print them, one for each row and in the rows' order.
const MESSAGES: [(&str, Trouble); 70] = [
    ("fatal: transport 'ext' not allowed", Trouble::Other),
    ("fatal: detected dubious ownership in repository at '/srv/x.git'", Trouble::Other),
    ("fatal: mismatched algorithms: client sha1; server sha256", Trouble::Other),
    ("fatal: Unable to find remote helper for 'abc'", Trouble::Other),
    ("error: cannot run ssh: No such file or directory", Trouble::Other),
    ("fatal: bad object 1111111111111111111111111111111111111111", Trouble::Other),
    ("fatal: couldn't find remote ref refs/aifactory/state", Trouble::NoSuchRef),
    (" ! [rejected]        refs/a -> refs/b  (non-fast-forward)", Trouble::Rewound),
    ("remote: fatal: write error: No space left on device", Trouble::Full),
    ("error: file write error: Disk quota exceeded", Trouble::Full),
    ("remote: Your push has been rejected, because this repository has exceeded its size limit.", Trouble::Full),
    ("remote: Repository is over quota.", Trouble::Full),
    ("remote: fatal: pack exceeds maximum allowed size (1.00 MiB)", Trouble::Full),
    ("error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413", Trouble::Full),
    ("fatal: '/srv/nothing.git' does not appear to be a git repository", Trouble::Missing),
    ("ERROR: Repository not found.", Trouble::Missing),
    ("fatal: repository 'https://h/x/' not found", Trouble::Missing),
    ("fatal: unable to access 'https://h/x/': The requested URL returned error: 404", Trouble::Missing),
    ("fatal: remote error: access denied or repository not exported: /x.git", Trouble::Missing),
    (
        "remote: The project you were looking for could not be found or you don't have permission to view it.",
        Trouble::Missing,
    ),
    ("remote: TF401019: The repository x does not exist or you do not have permission to it.", Trouble::Missing),
    ("remote: error: cannot lock ref 'refs/x': Unable to create '/x.lock': Read-only file system", Trouble::ReadOnly),
    ("error: remote unpack failed: unable to create temporary object directory", Trouble::ReadOnly),
    ("remote: error: insufficient permission for adding an object to repository database ./objects", Trouble::ReadOnly),
    ("remote: error: cannot lock ref 'refs/x': Unable to create '/x.lock': Permission denied", Trouble::ReadOnly),
    ("ERROR: This repository was archived so it is read-only.", Trouble::ReadOnly),
    ("remote: The repository is archived.", Trouble::ReadOnly),
    ("ERROR: The key you are authenticating with has been marked as read only.", Trouble::ReadOnly),
    ("remote: The repository is read-only.", Trouble::ReadOnly),
    ("remote: This repository is in read-only mode.", Trouble::ReadOnly),
    ("remote: You can't push to a read-only repository.", Trouble::ReadOnly),
    ("remote: Permission to ana/x.git denied to ben.", Trouble::ReadOnly),
    ("remote: You are not allowed to push code to this project.", Trouble::ReadOnly),
    ("remote: Forgejo: User permission denied for writing.", Trouble::ReadOnly),
    ("fatal: remote error: service not enabled: /x.git", Trouble::ReadOnly),
    ("fatal: unable to access 'https://h/x/': The requested URL returned error: 403", Trouble::ReadOnly),
    ("fatal: URL 'https://ana:<redacted>@h/x' uses plaintext credentials", Trouble::Authentication),
    ("Host key verification failed.", Trouble::Authentication),
    ("git@h: Permission denied (publickey).", Trouble::Authentication),
    ("Received disconnect from 127.0.0.1 port 22:2: Too many authentication failures", Trouble::Authentication),
    ("fatal: Authentication failed for 'https://h/x/'", Trouble::Authentication),
    ("remote: Invalid username or token. Password authentication is not supported.", Trouble::Authentication),
    ("remote: HTTP Basic: Access denied.", Trouble::Authentication),
    ("fatal: could not read Username for 'https://h': terminal prompts disabled", Trouble::Authentication),
    ("fatal: could not read Password for 'https://ana@h': terminal prompts disabled", Trouble::Authentication),
    ("fatal: unable to access 'https://h/x/': The requested URL returned error: 401", Trouble::Authentication),
    ("fatal: unable to access 'https://h/x/': The requested URL returned error: 407", Trouble::Authentication),
    ("ssh: connect to host h port 22: Connection timed out", Trouble::TimedOut),
    ("Timeout, server h not responding.", Trouble::TimedOut),
    ("fatal: unable to access 'https://h/x/': Operation too slow. Less than 1 bytes/sec", Trouble::TimedOut),
    ("ssh: Could not resolve hostname h: Name or service not known", Trouble::Unreachable),
    ("fatal: unable to look up h (port 9418) (Temporary failure in name resolution)", Trouble::Unreachable),
    ("ssh: connect to host h port 22: Connection refused", Trouble::Unreachable),
    ("ssh: connect to host h port 22: Network is unreachable", Trouble::Unreachable),
    ("ssh: connect to host h port 22: No route to host", Trouble::Unreachable),
    ("fatal: unable to access 'https://h/x/': Failed to connect to h port 443 after 3 ms", Trouble::Unreachable),
    ("fatal: unable to access 'https://h/x/': Couldn't connect to server", Trouble::Unreachable),
    ("fatal: unable to access 'https://h/x/': Recv failure: Connection reset by peer", Trouble::Unreachable),
    ("Connection closed by 127.0.0.1 port 22", Trouble::Unreachable),
    ("fatal: unable to access 'https://h/x/': Empty reply from server", Trouble::Unreachable),
    ("fatal: unable to access 'https://h/x/': SSL certificate problem: self-signed", Trouble::Unreachable),
    ("fatal: unable to access 'https://h/x/': The requested URL returned error: 429", Trouble::Unreachable),
    ("fatal: unable to access 'https://h/x/': The requested URL returned error: 502", Trouble::Unreachable),
    ("remote: Internal Server Error", Trouble::Unreachable),
    ("remote: fatal error in commit_refs", Trouble::Unreachable),
    ("the remote failed to report status", Trouble::Unreachable),
    ("send-pack: unexpected disconnect while reading sideband packet", Trouble::Unreachable),
    ("fatal: early EOF", Trouble::Unreachable),
    ("fatal: the remote end hung up unexpectedly", Trouble::Unreachable),
    ("fatal: Could not read from remote repository.", Trouble::Other),
];

#[test]
fn every_row_has_a_message_that_no_row_above_it_takes() {
    assert_eq!(rows::rows().count(), MESSAGES.len());
    for ((message, trouble), row) in MESSAGES.iter().zip(rows::rows()) {
        let found = find_meaning([*message].into_iter()).unwrap();
        assert_eq!((found.says, found.trouble), (row.says, *trouble), "{message}");
    }
}

#[test]
fn a_telling_line_wins_over_general_laments() {
    let laments =
        "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\n";
    for (line, trouble) in MESSAGES.iter().take(MESSAGES.len() - 1) {
        let failed = explain(Doing::Push, "origin", true, &said(&format!("{laments}{line}")));
        assert_eq!(failed.trouble, *trouble, "{line}");
    }
}

#[test]
fn who_may_not_read_is_not_told_that_it_is_read_only() {
    let answer = said("fatal: unable to access 'https://h/x/': The requested URL returned error: 403");
    assert_eq!(explain(Doing::Fetch, "origin", true, &answer).trouble, Trouble::Authentication);
    assert_eq!(explain(Doing::Push, "origin", true, &answer).trouble, Trouble::ReadOnly);
}

#[test]
fn a_message_in_no_row_is_quoted() {
    let failed = explain(Doing::Push, "origin", true, &said("error: the moon is full\nhint: wait"));
    assert_eq!(failed.trouble, Trouble::Other);
    let error = Error::from(failed);
    assert_eq!(error.message(), "cannot push to origin: git push exited with 128");
    assert_eq!(error.causes(), ["git said: error: the moon is full"]);
}

#[test]
fn a_name_that_is_no_remote_gets_the_command_that_makes_it_one() {
    let answer = said("fatal: 'upstream' does not appear to be a git repository");
    let error = explain(Doing::List, "upstream", false, &answer).error;
    assert_eq!(error.message(), "cannot list the refs of upstream: there is no git repository");
    assert_eq!(error.hints().last().unwrap(), "git remote add upstream <url>");
    assert_eq!(error.kind(), crate::error::Kind::Missing);
}
