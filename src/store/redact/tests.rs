use proptest::prelude::*;

use super::*;

fn redactor() -> Redactor {
    let variables = [
        ("DB_PASSWORD", "correct horse"),
        ("LONG_TOKEN", "deadbeef-and-more"),
        ("SHORT_TOKEN", "deadbeef"),
        ("MY_SECRET_TOKEN", "line one\n\"line\" two\n"),
        ("SSH_AUTH_SOCK", "/tmp/ssh-x/agent.1"),
        ("GIT_AUTHOR_NAME", "Ana Example"),
        ("MAX_TOKENS", "123456789"),
        ("AUTH_URL", "https://auth.example.org/"),
        ("AUTH_PROXY", "http://me:pw@proxy"),
        ("API_KEY", "short"),
    ];
    Redactor::new(variables.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

fn redact(text: &str) -> String {
    let redactor = redactor();
    let once = redactor.redact(text).into_owned();
    assert_eq!(redactor.redact(&once), once, "redacting again changes nothing");
    once
}

#[track_caller]
fn stays(text: &str) {
    assert!(matches!(redactor().redact(text), Cow::Borrowed(same) if same == text), "{}", redact(text));
}

#[test]
fn values_of_secret_variables_are_named_after_them() {
    assert_eq!(redact("a correct horse b"), "a [redacted:DB_PASSWORD] b");
    assert_eq!(redact("http://me:pw@proxy"), "[redacted:AUTH_PROXY]");
    assert_eq!(redact("deadbeef-and-more deadbeef"), "[redacted:LONG_TOKEN] [redacted:SHORT_TOKEN]");
    assert_eq!(redact("line one\n\"line\" two"), "[redacted:MY_SECRET_TOKEN]");
    assert_eq!(redact(r#"{"a": "line one\n\"line\" two"}"#), r#"{"a": "[redacted:MY_SECRET_TOKEN]"}"#);
}

#[test]
fn values_that_overlap_are_redacted_together() {
    let values = [("A_TOKEN", "abcdefgh1"), ("B_TOKEN", "gh1234567890")];
    let redactor = Redactor::new(values.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(redactor.redact("xabcdefgh1234567890y"), "x[redacted:B_TOKEN]y");
}

#[test]
fn harmless_variables_are_left_alone() {
    stays("/tmp/ssh-x/agent.1 Ana Example 123456789 https://auth.example.org/ short");
    assert!(!format!("{:?}", redactor()).contains("horse"));
}

#[test]
fn ids_are_never_damaged() {
    let hex = "deadbeef".repeat(5);
    stays(&hex);
    stays(&"deadbeef".repeat(8));
    stays("deadbeef-dead-beef-dead-beefdeadbeef");
    stays(&format!("token: {hex}, sha256:{} fence token=7kq2mabcde", "0123abcd".repeat(8)));
    stays(&format!("token: sha256:{}", "0123abcd".repeat(8)));
    let redactor = Redactor::new([("OLD_TOKEN".to_owned(), hex.clone())]);
    assert_eq!(redactor.redact(&hex), "[redacted:OLD_TOKEN]");
}

#[test]
fn credentials_are_known_by_their_shape() {
    let long = "0123456789abcdefghijABCDEFGHIJ012345";
    for (secret, kind) in [
        (format!("ghp_{long}"), "github-token"),
        (format!("ghs_{long}"), "github-token"),
        (format!("github_pat_11AAA_{long}"), "github-token"),
        (format!("glpat-{}", &long[..20]), "gitlab-token"),
        (format!("sk-ant-api03-{long}-x_y"), "api-key"),
        (format!("sk-{long}"), "api-key"),
        (format!("xoxb-123456-{long}"), "slack-token"),
        ("AKIAIOSFODNN7EXAMPLE".to_owned(), "aws-key"),
        (format!("AIza{long}"), "google-key"),
        (format!("npm_{long}"), "npm-token"),
        (format!("sk_live_{long}"), "stripe-key"),
        (format!("glrt-{}", &long[..20]), "gitlab-token"),
        ("sk-proj-abcdefghijklmnopqrstuvwxyzABCDEF".to_owned(), "api-key"),
        (format!("xapp-1-{long}"), "slack-token"),
        (format!("GOCSPX-{long}"), "google-key"),
        (format!("ya29.{long}"), "google-key"),
        (format!("pypi-AgEI{long}{long}"), "pypi-token"),
        (format!("whsec_{long}"), "stripe-key"),
        (format!("dckr_pat_{long}"), "docker-token"),
        (format!("ATATT3xFf{long}{long}"), "atlassian-token"),
        (format!("lin_api_{long}"), "linear-token"),
        (format!("SG.{}.{long}", &long[..22]), "sendgrid-key"),
        (format!("hf_{long}"), "model-key"),
        (format!("hvs.{long}"), "vault-token"),
        (format!("123456789:AA{}", &long[..33]), "telegram-token"),
        (format!("AGE-SECRET-KEY-1{}", long.to_uppercase().repeat(2)), "private-key"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl".to_owned(), "jwt"),
    ] {
        let redacted = format!("[redacted:{kind}]");
        assert_eq!(redact(&format!("a {secret} b")), format!("a {redacted} b"));
        assert_eq!(redact(&format!(r#"{{"x":"y\n{secret}"}}"#)), format!(r#"{{"x":"y\n{redacted}"}}"#));
    }
}

#[test]
fn private_keys_go_as_a_whole() {
    let key =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEow\nabc/+=\n-----END RSA PRIVATE KEY-----";
    assert_eq!(redact(&format!("a\n{key}\nb")), "a\n[redacted:private-key]\nb");
    assert_eq!(redact(&format!("\"{}\"", key.replace('\n', "\\n"))), "\"[redacted:private-key]\"");
    let cut = "-----BEGIN PRIVATE KEY-----\nMIIEow\n  abc/+=\n";
    assert_eq!(redact(cut), "[redacted:private-key]");
    assert_eq!(redact(&format!("{cut}some more words\n")), "[redacted:private-key] more words\n");
}

#[test]
fn headers_and_addresses_keep_all_but_the_secret() {
    assert_eq!(redact("Authorization: Bearer abc.def"), "Authorization: Bearer [redacted:authorization]");
    assert_eq!(
        redact(r#"-H "authorization: basic dXNlcg==""#),
        r#"-H "authorization: basic [redacted:authorization]""#
    );
    assert_eq!(redact("https://me:p@ss:w@host/x?y"), "https://me:[redacted:url-password]@host/x?y");
    stays("https://me@host:80/a@b git@github.com:a/b.git");
}

#[test]
fn secrets_are_known_by_what_stands_before_them() {
    let pair = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    for (text, redacted) in [
        (format!("AKIAIOSFODNN7EXAMPLE,{pair}\n"), "[redacted:aws-key],[redacted:aws-secret]\n"),
        (
            "machine x.org login me password hunter2\n".to_owned(),
            "machine x.org login me password [redacted:password]\n",
        ),
        (
            "--oauth2-bearer x, Bearer abc123def456ghi789jkl012".to_owned(),
            "--oauth2-bearer x, Bearer [redacted:authorization]",
        ),
        ("AccountKey=abcd/efgh+1;".to_owned(), "AccountKey=[redacted:key];"),
        (
            "https://hooks.slack.com/services/T0000/B0000/abcdefghijkl".to_owned(),
            "https://hooks.slack.com/services/[redacted:slack-token]",
        ),
    ] {
        assert_eq!(redact(&text), redacted);
    }
    stays("docker run -u 1000:1000 x; login to see the password field; bearer tokens are described below");
}

#[test]
fn an_id_is_a_secret_where_its_name_says_so() {
    let (hex, uuid) = ("deadbee1".repeat(5), "deadbeef-dead-beef-dead-beefdeadbeef");
    for (text, redacted) in [
        (format!("client_secret={hex}"), "client_secret=[redacted:secret]"),
        (format!("HEROKU_API_KEY={uuid}"), "HEROKU_API_KEY=[redacted:key]"),
        (format!("DB_PASSWORD={uuid}\n"), "DB_PASSWORD=[redacted:password]\n"),
        (format!(r#"{{"access_token": "{hex}"}}"#), r#"{"access_token": "[redacted:token]"}"#),
        (format!("accessToken: {hex}"), "accessToken: [redacted:token]"),
        (format!("--token={hex}"), "--token=[redacted:token]"),
        ("api_key: 7kq2mabcde".to_owned(), "api_key: [redacted:key]"),
        ("MYSQL_PWD=hunter22 mysql".to_owned(), "MYSQL_PWD=[redacted:password] mysql"),
        ("Uid=sa;Pwd=hunter22;".to_owned(), "Uid=sa;Pwd=[redacted:password];"),
    ] {
        assert_eq!(redact(&text), redacted);
    }
    stays(&format!(r#"{{"text":"a\ntoken: {hex}", "token":"{uuid}"}} Token={hex}"#));
    stays("PWD=/home/ana/x1 OLDPWD=/home/x2 pwd: ~/code/x3 BUILD_PWD=/builds/x4 pwd=$(pwd)");
}

#[test]
fn secrets_on_command_lines_and_in_headers_are_redacted() {
    for (text, redacted) in [
        ("mysql --password hunter2 db", "mysql --password [redacted:password] db"),
        ("gh --token 'correct horses' x", "gh --token '[redacted:token]' x"),
        (r#"["login", "--client-secret", "abc12345"]"#, r#"["login", "--client-secret", "[redacted:secret]"]"#),
        (r#"{"c":"x --api-key \"abc12345\""}"#, r#"{"c":"x --api-key \"[redacted:key]\""}"#),
        ("Cookie: sid=abc123def; theme=dark\nx", "Cookie: sid=[redacted:cookie]\nx"),
        ("-H 'set-cookie: sid=abcdefgh; Path=/' x", "-H 'set-cookie: sid=[redacted:cookie]' x"),
        ("Cookie: a=1; sid=abc123def", "Cookie: a=[redacted:cookie]"),
        (r#"{"Cookie":"sid=abcdefgh"}"#, r#"{"Cookie":"sid=[redacted:cookie]"}"#),
        ("Authorization: ApiKey abc123def456ghi\n", "Authorization: ApiKey [redacted:authorization]\n"),
        (
            "Authorization: Digest username=\"me\", response=\"0a1b\"\nx",
            "Authorization: Digest [redacted:authorization]\nx",
        ),
        ("curl -sS -u me:pw https://x.org", "curl -sS -u me:[redacted:password] https://x.org"),
        ("curl https://x.org --user 'me:p w'", "curl https://x.org --user 'me:[redacted:password] w'"),
        (
            "curl -H 'Authorization: Bearer abc.def' -u me:pw x",
            "curl -H 'Authorization: Bearer [redacted:authorization]' -u me:[redacted:password] x",
        ),
        ("postgres://user:p/ss@host/db", "postgres://user:[redacted:url-password]@host/db"),
        ("mongodb+srv://u:a/b/c1@h", "mongodb+srv://u:[redacted:url-password]@h"),
    ] {
        assert_eq!(redact(text), redacted);
    }
    for text in [
        "use --token to log in, or --password with a file; --token <TOKEN> --password PASSWORD",
        "--password-file /run/x1 --token /run/secrets/token1 --token $TOKEN1 --max-token 4096000",
        "docker build --secret id=npm1,src=/x1 . && docker run -u node:node x1",
        "Cookie: a small file. The cookie: x = parse(y1234567). Cookie: name=value cookie: sid=$SID12345",
        "Authorization: see src/agent/credentials.rs and RFC7235, section 2",
        "curl -u $ME:$PASSWORD1 https://x.org; ls -u a:b",
        "redis://localhost:6379/0@x1 http://localhost:3000/@vite/client postgres://localhost/a:b/c@d",
        "let token = parse(x); if args.token == token { --token }",
    ] {
        stays(text);
    }
}

fn knows(value: &str) -> Redactor {
    let redactor = Redactor::new([]);
    redactor.learn([("KEY_OF_ANA".to_owned(), value.to_owned())]);
    redactor
}

#[test]
fn what_was_learned_is_known_in_every_spelling() {
    let value = "ä/p&ss '1' <\"x\">";
    let redactor = knows(value);
    for text in [
        value.to_owned(),
        serde_json::to_string(value).unwrap().trim_matches('"').to_owned(),
        serde_json::to_string(&serde_json::to_string(value).unwrap())
            .unwrap()
            .replace("\"\\\"", "")
            .replace("\\\"\"", ""),
        "\\u00e4/p&ss '1' <\\\"x\\\">".to_owned(),
        "ä/p\\u0026ss '1' \\u003c\\\"x\\\"\\u003e".to_owned(),
        "%C3%A4%2Fp%26ss%20%271%27%20%3C%22x%22%3E".to_owned(),
        "%c3%a4%2fp%26ss%20%271%27%20%3c%22x%22%3e".to_owned(),
        "%C3%A4%2Fp%26ss+%271%27+%3C%22x%22%3E".to_owned(),
        "ä/p&ss '\\''1'\\'' <\"x\">".to_owned(),
        "w6QvcCZzcyAnMScgPCJ4Ij4=".to_owned(),
        "c3a42f702673732027312720 3c2278223e".replace(' ', ""),
    ] {
        assert_eq!(redactor.redact(&format!("a {text} b")), "a [redacted:KEY_OF_ANA] b", "{text}");
    }
    // `me:` before it, in the same base64.
    let basic = redactor.redact("Basic bWU6w6QvcCZzcyAnMScgPCJ4Ij4=").into_owned();
    assert!(basic.starts_with("Basic bWU6[redacted:KEY_OF_ANA]"), "{basic}");
    assert_eq!(format!("{redactor:?}"), "{\"KEY_OF_ANA\"}");
}

#[test]
fn a_secret_that_was_cut_is_still_one() {
    let redactor = knows("correct-horse-battery-staple");
    for (text, redacted) in [
        ("run --key correct-horse-ba…", "run --key [redacted:KEY_OF_ANA]…"),
        ("correct-horse [line cut here]", "[redacted:KEY_OF_ANA] [line cut here]"),
        ("…ttery-staple is it", "…[redacted:KEY_OF_ANA] is it"),
    ] {
        assert_eq!(redactor.redact(text), redacted);
    }
    for text in ["a correct answer…", "correct-horse", "correct-horse …", "…a staple"] {
        assert_eq!(redactor.redact(text), text);
    }
}

#[test]
fn a_tail_is_redacted_before_it_is_cut() {
    let redactor = knows("correct-horse-battery-staple");
    let text = format!("{}correct-horse-battery-staple\n", "x ".repeat(200));
    assert_eq!(redactor.tail(&text, 10, 20), "redacted:KEY_OF_ANA]\n"[1..]);
    let long = format!("{text}{}\nlast\n", "y".repeat(2 * MARGIN));
    assert_eq!(redactor.tail(&long, 10, 20), "last\n");
    assert_eq!(redactor.tail("a\nb\n", 1, 100), "b\n");
}

#[test]
fn of_a_file_only_the_secrets_are_learned() {
    let redactor = Redactor::new([]);
    let file = [
        ("TASK_MANAGER", "github-issues"),
        ("JIRA_EMAIL", "ana2@example.com"),
        ("JIRA_TOKEN", "onlyletters"),
        ("LOGIN", "a1b2c3d4e5f6g7"),
        ("SHORT_TOKEN", "abc"),
    ];
    redactor.learn_file(file.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let text = redactor.redact("github-issues ana2@example.com onlyletters a1b2c3d4e5f6g7 abc").into_owned();
    assert_eq!(text, "github-issues ana2@example.com [redacted:JIRA_TOKEN] [redacted:LOGIN] abc");
}

#[test]
fn assigned_secrets_are_redacted() {
    for (text, redacted) in [
        ("password=hunter2", "password=[redacted:password]"),
        ("(PGPASSWORD=hunter22)", "(PGPASSWORD=[redacted:password])"),
        ("--password=correcthorse x", "--password=[redacted:password] x"),
        ("token: abcdef123456.", "token: [redacted:token]."),
        (r#"{"api_key": "abc def1", "b": 1}"#, r#"{"api_key": "abc def1", "b": 1}"#),
        (r#"{"api_key":"abcdef12"}"#, r#"{"api_key":"[redacted:key]"}"#),
        (r#"{\"token\": \"abcdef12\"}"#, r#"{\"token\": \"[redacted:token]\"}"#),
        (r#"password = "a \" b c""#, r#"password = "[redacted:password]""#),
        ("password='hunter22\nx", "password='[redacted:password]\nx"),
        ("https://x.org/?token=abcdef12", "https://x.org/?token=[redacted:token]"),
        ("AWS_SECRET_ACCESS_KEY=ab/cd+12", "AWS_SECRET_ACCESS_KEY=[redacted:key]"),
        ("token=token: hunter22x", "token=token: [redacted:token]"),
        ("token=f(password=hunter22)", "token=f(password=[redacted:password])"),
        ("password=correct horse", "password=[redacted:DB_PASSWORD]"),
    ] {
        assert_eq!(redact(text), redacted);
    }
}

#[test]
fn code_and_prose_about_secrets_is_left_alone() {
    for text in [
        "let token = parser.next_token(&input1)?; let is_token = |token: &&str| token.len() > 1;",
        "fn login(password: &str, token: Option<String>, secret: SecretString)",
        "token=self.token, password=getpass(\"x1\")",
        "const token = tokens[0]; Token::new(1), token == other",
        "token: see section 4. The password: a word",
        "password=$PASSWORD token=${TOKEN1} secret=$(cat /x1)",
        "\"input_tokens\": 123456, token=123456789",
        "password: ******** password=undefined",
        "task-2-with-a-long-name-for-a-branch sk-sk",
    ] {
        stays(text);
    }
}

#[test]
fn only_our_own_redactions_are_trusted() {
    let inside = format!("[redacted:ghp_{}]", "a1".repeat(18));
    assert_eq!(redact(&inside), "[redacted:[redacted:github-token]]");
    assert_eq!(redact("[redacted:deadbeef]"), "[redacted:[redacted:SHORT_TOKEN]]");
    assert_eq!(redact("password=[redacted:password]-and-more1"), "password=[redacted:password]");
    stays("password=[redacted:SHORT_TOKEN], [redacted:jwt]");
}

#[test]
fn redacting_ends_on_texts_made_to_be_slow() {
    let repeat = |text: &str| text.repeat(100_000 / text.len());
    let redactor = redactor();
    for text in [
        repeat("token=f("),
        repeat("token="),
        repeat("password='\""),
        repeat("token=\"\\"),
        repeat("x.ghp_aaaaaaaaaaaaaaaaaaaaaaaa."),
        repeat("://a:ghp_aaaaaaaaaaaaaaaaaaaaaaaa"),
        repeat("://a:@"),
        repeat("eyJaaaaa"),
        repeat("eyJaaaaa.aaaaaa."),
        repeat("-----BEGIN PRIVATE KEY-----\n"),
        repeat("-----BEGIN PRIVATE KEY----- x ghp_aaaaaaaaaaaaaaaaaaaaaaaa "),
        repeat("sk-aaaaaaaa"),
        repeat("deadbeef"),
        repeat("[redacted:deadbeef]"),
        repeat("authorization: "),
        repeat("bearer a"),
        repeat("login password "),
        repeat("--password "),
        repeat("--a-"),
        repeat("cookie: a="),
        repeat("curl "),
        repeat("curl -u a"),
        repeat("postgres://a:b"),
        repeat("authorization: a b="),
        repeat("deadbeef-a…"),
        repeat("…"),
        repeat(" "),
        repeat("a"),
    ] {
        let once = redactor.redact(&text).into_owned();
        assert_eq!(redactor.redact(&once), once);
    }
}

/// Text made of the pieces that mean something, so that chance finds the combinations.
fn text_like() -> impl Strategy<Value = String> {
    let pieces = [
        "password",
        "token",
        "api_key",
        "=",
        ": ",
        "\"",
        "'",
        "\\",
        "\n",
        " ",
        "deadbeef",
        "correct horse",
        "abc1",
        "ghp_",
        "0123456789abcdefghij",
        "sk-",
        "eyJabcde.",
        "https://",
        "user:",
        "@",
        "[redacted:",
        "]",
        "SHORT_TOKEN",
        "(",
        ")",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "Authorization: Bearer ",
        "bearer ",
        "login a password ",
        "--password ",
        "Cookie: a=",
        "; ",
        "curl ",
        "-u a:",
        "postgres://",
        "/",
        "Authorization: Digest a=",
        "_pwd=",
        "…",
        "correct h",
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "hooks.slack.com/services/",
        "Y29ycmVjdCBob3JzZQ==",
        "ä",
        ",",
        "AKIA",
        "{",
        ".",
        "0123456789012345678901234567890123456789",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn redacting_twice_is_redacting_once(text in prop_oneof![any::<String>(), text_like()]) {
        let redactor = redactor();
        let once = redactor.redact(&text).into_owned();
        prop_assert_eq!(redactor.redact(&once), once.as_str());
    }

    #[test]
    fn object_ids_survive_wherever_they_stand(
        id in "[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-hjkmnp-tv-z]{10}",
        before in "(commit |tree: |token: |token=|sha256:|fence token = |\\(|\"|key: |\\\\ntoken: |pwd: /|cookie: |curl )?",
        behind in "[ ,.;\"\\)\n]?",
        secret in "[0-9a-f]{8,20}",
    ) {
        let redactor = Redactor::new([("SOME_TOKEN".to_owned(), secret)]);
        let text = format!("{before}{id}{behind}");
        prop_assert_eq!(redactor.redact(&text), text.as_str());
    }
}
