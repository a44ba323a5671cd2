//! What credentials look like. Here is the place to add a kind of them.
//!
//! No shape may begin with an open-ended repetition: a candidate that stays alive for long makes every search below it
//! long.

use regex::Regex;

/// What a kind of credential looks like. The patterns have no groups of their own.
pub struct Shape {
    pub kind: &'static str,
    before: &'static str,
    secret: &'static str,
    behind: &'static str,
}

const fn token(kind: &'static str, secret: &'static str) -> Shape {
    Shape { kind, before: "", secret, behind: "" }
}

pub const UUID: &str = r"(?-u:\b)[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?-u:\b)";

/// Where a word begins: in JSON, the letter before may belong to an `\n`.
const BEGINNING: &str = r"(?-u:\b)|\\[nrt]";

const fn word(kind: &'static str, secret: &'static str) -> Shape {
    Shape { before: BEGINNING, ..token(kind, secret) }
}

/// Those with a beginning that nothing else has are looked for anywhere, the others as words.
pub const SHAPES: &[Shape] = &[
    token("private-key", PRIVATE_KEY),
    token("private-key", "AGE-SECRET-KEY-1[A-Z0-9]{40,}"),
    token("github-token", "gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"),
    token("gitlab-token", "gl(?:pat|ptt|dt|rt|cbt|ft|soat|agent|imt|oas)-[A-Za-z0-9_-]{16,}"),
    // `task-with-a-long-name` has neither the beginning nor a digit.
    word(
        "api-key",
        "sk-(?:ant|proj|svcacct|admin|or|lf)-[A-Za-z0-9_-]{20,}|sk-[A-Za-z_-]{0,40}[0-9][A-Za-z0-9_-]{15,}",
    ),
    token("slack-token", "xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{10,}"),
    Shape { before: r"hooks\.slack\.com\\?/services\\?/", ..token("slack-token", r"[A-Za-z0-9/\\]{20,}") },
    token("aws-key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16,}"),
    token("google-key", "AIza[A-Za-z0-9_-]{30,}|GOCSPX-[A-Za-z0-9_-]{20,}"),
    word("google-key", r"ya29\.[A-Za-z0-9_-]{20,}"),
    token("npm-token", "npm_[A-Za-z0-9]{30,}"),
    token("pypi-token", "pypi-[A-Za-z0-9_-]{40,}"),
    token("stripe-key", "[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{20,}"),
    token("docker-token", "dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    token("atlassian-token", "AT[AC]TT3[A-Za-z0-9_=-]{40,}"),
    token("linear-token", "lin_(?:api|oauth)_[A-Za-z0-9]{30,}"),
    token("sendgrid-key", r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}"),
    token("digitalocean-token", "do[opr]_v1_[a-f0-9]{40,}"),
    token("shopify-token", "shp(?:at|ss|ca|pa)_[a-fA-F0-9]{32,}"),
    word("model-key", "(?:hf|gsk)_[A-Za-z0-9]{30,}|(?:xai|pplx)-[A-Za-z0-9]{40,}|r8_[A-Za-z0-9]{30,}"),
    word("vault-token", r"hv[sbr]\.[A-Za-z0-9_-]{24,}"),
    word("telegram-token", "[0-9]{8,10}:AA[A-Za-z0-9_-]{33,}"),
    word("databricks-token", "dapi[0-9a-f]{32,}"),
    token("jwt", r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}"),
];

/// What is a secret because of what stands around it. Looked for after the others, as those may stand in it.
pub const SETTINGS: &[Shape] = &[
    Shape {
        before: r#"(?i-u:authorization)\\?["'`]?[ \t]{0,8}[:=][ \t]{0,8}\\?["'`]?(?i-u:bearer|basic|token)[ \t]{1,8}"#,
        ..token("authorization", "[A-Za-z0-9._~+/=-]{4,}")
    },
    // Of other schemes, what looks random, and what comes as a list.
    Shape {
        before: r#"(?i-u:authorization)\\?["'`]?[ \t]{0,8}[:=][ \t]{0,8}\\?["'`]?[A-Za-z][A-Za-z0-9_-]{1,30}[ \t]{1,8}"#,
        ..token("authorization", r"[A-Za-z._~+/-]{0,40}[0-9][A-Za-z0-9._~+/=-]{9,}|[A-Za-z]{1,20}=[^\r\n\\'`]{4,}")
    },
    // With the name of the first cookie, which tells a header from a sentence.
    Shape {
        before: r#"(?i-u:cookie)\\?["'`]?[ \t]{0,8}:[ \t]{0,8}\\?["'`]?[^\s=;:,"'`\\<>]{1,64}="#,
        ..token("cookie", COOKIES)
    },
    // Behind `http://host:`, a slash ends a port.
    Shape {
        before: concat!(
            r"(?i-u:postgres|postgresql|mysql|mariadb|mongodb|rediss?|amqps?|mssql|sqlserver|clickhouse|s?ftp|smtps?|ldaps?)",
            r#"(?:\+[a-z0-9]{1,20})?://[^\s/:@"'`<>\[]{0,100}:"#
        ),
        behind: "@",
        ..token("url-password", r#"[^\s/"'`<>@$\{]*[^\s/"'`<>@$\{0-9][^\s/"'`<>@]*/[^\s"'`<>@]*"#)
    },
    Shape {
        before: r"(?i-u:bearer)[ \t]{1,8}",
        ..token("authorization", "[A-Za-z._~+/=-]{0,40}[0-9][A-Za-z0-9._~+/=-]{19,}")
    },
    Shape {
        before: r#"://(?:[^\s/:@"'`<>\[]|\[redacted:[A-Za-z0-9_-]*\])*:"#,
        behind: "@",
        ..token("url-password", r#"[^\s/"'`<>]+"#)
    },
    // The two halves of a key come side by side in tables.
    Shape {
        before: r#"\[redacted:aws-key\][\s,;:|"'\\]{1,8}"#,
        behind: r"(?-u:\b)",
        ..token("aws-secret", "[A-Za-z0-9/+]{40}")
    },
    // A `.netrc`.
    Shape {
        before: r"(?i-u:login)[ \t]{1,8}[^\s]{1,100}(?:\s|\\[nrt]){1,8}(?i-u:password)[ \t]{1,8}",
        ..token("password", r#"[^\s"'`\\]{4,}"#)
    },
];

/// What commands are told. A look of its own, since a command line may hold the others as well.
pub const COMMANDS: &[Shape] = &[Shape {
    before: concat!(
        r"(?-u:\b)curl(?-u:\b)[^\r\n|;]{0,160}?[ \t](?:-[A-Za-z]{0,6}u[ \t]{0,4}|--(?:proxy-)?user[ \t=]{1,4})",
        r#"\\?["'`]?[^\s:"'`\\$<>]{1,80}:"#
    ),
    ..token("password", r#"[^\s"'`\\$<>][^\s"'`\\]*"#)
}];

/// All of them in one expression, the secret of each in its own group.
pub fn pattern(shapes: &[Shape]) -> Regex {
    let shapes = shapes.iter().map(|shape| format!("(?:{})({})(?:{})", shape.before, shape.secret, shape.behind));
    Regex::new(&shapes.collect::<Vec<_>>().join("|")).expect("the patterns are valid")
}

/// A block up to its end, else (it was cut off) as many lines as can belong to one. Lines may be numbered, quoted,
/// part of a diff, or joined by `\n` in JSON.
const PRIVATE_KEY: &str = concat!(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:",
    r"(?:[^-]|-{1,4}[^-])*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|",
    r#"(?:(?:\\+[nr]|[\r\n])[ \t0-9:|>+"',-]{0,12}(?:[A-Za-z-]{2,20}: [^\r\n\\]*|[A-Za-z0-9+/=]*)"#,
    r"|[ \t]+[A-Za-z0-9+/=]{16,})*)",
);

/// The rest of a header, if its first value is long, or not the only one.
const COOKIES: &str =
    concat!(r#"[^\s"'`\\<>$\{;](?:[^\s"'`\\<>;]{5,}|[^\s"'`\\<>;]{0,4};[ \t][^\s"'`\\<>])"#, r#"[^\r\n"'`\\<>]*"#);

/// Names that secrets are assigned to.
pub struct Name {
    pub kind: &'static str,
    pub words: &'static str,
    /// The word also means other things: a parser has tokens, a map has keys.
    pub is_common: bool,
    /// The word is also what a shell calls the folder it is in.
    pub may_be_path: bool,
}

/// Alone, it may stand for anything, an object id among it.
pub const TOKEN: &str = "token";

pub const NAMES: &[Name] = &[
    Name { kind: "password", words: "password|passwd|passphrase", is_common: false, may_be_path: false },
    Name { kind: "password", words: "_pwd", is_common: false, may_be_path: true },
    Name { kind: "password", words: "pwd", is_common: true, may_be_path: true },
    Name { kind: "secret", words: "secret|credentials?", is_common: false, may_be_path: false },
    Name {
        kind: "key",
        words: "(?:api|access|account|private|secret|signing|encryption|master)[_-]?key",
        is_common: true,
        may_be_path: false,
    },
    Name { kind: "token", words: TOKEN, is_common: true, may_be_path: false },
];
