//! The messages of git, ssh, curl and the hosts, and what they mean.

use super::Trouble;

pub struct Meaning {
    pub trouble: Trouble,
    /// What a line contains, in lower case.
    pub says: &'static str,
    /// Why a transfer failed, as the end of a sentence.
    pub why: &'static str,
}

/// The first row that fits any line: the telling ones come first, git's general laments last.
pub fn find_meaning<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Meaning> {
    let lines: Vec<String> = lines.map(str::to_ascii_lowercase).collect();
    rows().find(|row| lines.iter().any(|line| line.contains(row.says)))
}

pub fn rows() -> impl Iterator<Item = Meaning> {
    let rows = |(trouble, rows): &(Trouble, &'static [Row])| {
        let trouble = *trouble;
        rows.iter().map(move |(says, why)| Meaning { trouble, says, why })
    };
    ROWS.iter().flat_map(rows)
}

type Row = (&'static str, &'static str);

const HIDDEN: &str = "there is no such repository, or it is hidden from us";
const NOT_OURS: &str = "we may not write there";
const UNWRITABLE: &str = "its repository cannot be written";
const WRONG_LOGIN: &str = "the server does not take the credentials";
const NO_LOGIN: &str = "the server wants credentials, and git knows none";
const NO_KEY: &str = "ssh found no key that the server takes";
const BROKEN: &str = "the connection broke";
const SERVER: &str = "the server has trouble of its own";
const SLOW: &str = "the connection timed out";
const NO_HOST: &str = "its host name is not known";
const NO_CONNECTION: &str = "there is no connection";
const READ_ONLY: &str = "the repository is read-only";
const ARCHIVED: &str = "the repository is archived";

const ROWS: [(Trouble, &[Row]); 10] = [
    (
        Trouble::Other,
        &[
            ("' not allowed", "git's protocol.* settings do not allow this kind of URL"),
            ("dubious ownership", "the repository belongs to someone else"),
            ("mismatched algorithms", "the remote names its objects by another hash"),
            ("unable to find remote helper", "git does not know this kind of URL"),
            ("cannot run ", "a program that git needs is not installed"),
            ("bad object", "an object is missing"),
        ],
    ),
    (Trouble::NoSuchRef, &[("couldn't find remote ref", "the remote has no such ref")]),
    (Trouble::Rewound, &[("(non-fast-forward)", "the ref there does not descend from what is here")]),
    (
        Trouble::Full,
        &[
            ("no space left on device", "no space is left on the disk"),
            ("disk quota exceeded", "the disk quota is used up"),
            ("exceeded its size limit", "the repository has reached its size limit"),
            ("over quota", "the repository is over its quota"),
            ("exceeds maximum allowed size", "the remote does not take that much at once"),
            ("http 413", "the server does not take that much at once (413)"),
        ],
    ),
    (
        Trouble::Missing,
        &[
            ("does not appear to be a git repository", "there is no git repository"),
            ("repository not found", HIDDEN),
            ("' not found", HIDDEN),
            ("returned error: 404", HIDDEN),
            ("access denied or repository not exported", HIDDEN),
            ("could not be found or you don't have", HIDDEN),
            ("does not exist or you do not have", HIDDEN),
        ],
    ),
    (
        Trouble::ReadOnly,
        &[
            ("read-only file system", "its file system is read-only"),
            ("unable to create temporary object directory", UNWRITABLE),
            ("insufficient permission for adding", UNWRITABLE),
            (".lock': permission denied", UNWRITABLE),
            ("archived so it is read-only", ARCHIVED),
            ("repository is archived", ARCHIVED),
            ("marked as read only", "the key is for reading only"),
            ("repository is read-only", READ_ONLY),
            ("repository is in read-only mode", READ_ONLY),
            ("read-only repository", READ_ONLY),
            ("permission to ", NOT_OURS),
            ("not allowed to push code", NOT_OURS),
            ("permission denied for writing", NOT_OURS),
            ("service not enabled", "the server does not take pushes"),
            ("returned error: 403", "the server forbids it (403)"),
        ],
    ),
    (
        Trouble::Authentication,
        &[
            ("uses plaintext credentials", "its URL holds a password, which transfer.credentialsInUrl forbids"),
            ("host key verification failed", "ssh does not know the server's key"),
            ("permission denied (", NO_KEY),
            ("too many authentication failures", NO_KEY),
            ("authentication failed", WRONG_LOGIN),
            ("invalid username or", WRONG_LOGIN),
            ("basic: access denied", WRONG_LOGIN),
            ("could not read username", NO_LOGIN),
            ("could not read password", NO_LOGIN),
            ("returned error: 401", "the server wants credentials (401)"),
            ("returned error: 407", "the proxy wants credentials (407)"),
        ],
    ),
    (
        Trouble::TimedOut,
        &[("timed out", SLOW), ("timeout, server", SLOW), ("operation too slow", "the server went silent")],
    ),
    (
        Trouble::Unreachable,
        &[
            ("could not resolve", NO_HOST),
            ("name resolution", NO_HOST),
            ("connection refused", "the connection was refused"),
            ("network is unreachable", "there is no network"),
            ("no route to host", "there is no way to its host"),
            ("failed to connect to", NO_CONNECTION),
            ("couldn't connect to server", NO_CONNECTION),
            ("connection reset", BROKEN),
            ("connection closed by", BROKEN),
            ("empty reply from server", BROKEN),
            ("certificate", "its certificate is not trusted"),
            ("returned error: 429", "the server asks us to come back later (429)"),
            ("returned error: 5", SERVER),
            ("internal server error", SERVER),
            ("fatal error in commit_refs", SERVER),
            ("remote failed to report status", "the connection broke before the answer"),
            ("unexpected disconnect", BROKEN),
            ("early eof", BROKEN),
            ("hung up unexpectedly", BROKEN),
        ],
    ),
    (Trouble::Other, &[("could not read from remote repository", "git could not read from it")]),
];
