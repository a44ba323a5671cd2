//! Secrets: agents get them, and nothing that is written down has them. And what hands them out.
//!
//! `AIFACTORY_SECRETS_SEED` chooses another hundred of them.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{Hub, Ran, Random, Sandbox, Step};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

struct Secret {
    value: String,
    /// The text in which it is hidden, that makes it known for what it is.
    shown: String,
}

fn text(random: &mut Random, alphabet: &[u8], length: usize) -> String {
    (0..length).map(|_| char::from(alphabet[random.below(alphabet.len() as u64) as usize])).collect()
}

/// With letters and digits, like those that services hand out.
fn token(random: &mut Random, length: usize) -> String {
    format!("{}7{}", text(random, ALPHANUMERIC, length / 2), text(random, ALPHANUMERIC, length - length / 2 - 1))
}

/// Secrets that only their shape, or what stands before them, gives away.
fn by_shape(random: &mut Random, kind: usize) -> Secret {
    let prefixed = |prefix: &str, rest: String| {
        let value = format!("{prefix}{rest}");
        Secret { shown: value.clone(), value }
    };
    let after = |before: &str, value: String, behind: &str| Secret { shown: format!("{before}{value}{behind}"), value };
    match kind % 18 {
        0 => prefixed("ghp_", token(random, 36)),
        1 => prefixed("github_pat_11", token(random, 60)),
        2 => prefixed("sk-ant-api03-", token(random, 80)),
        3 => prefixed("sk-proj-", token(random, 48)),
        4 => prefixed("glpat-", token(random, 20)),
        5 => prefixed("xoxb-", format!("123456789012-{}", token(random, 24))),
        6 => prefixed("AKIA", text(random, UPPER, 16)),
        7 => prefixed("AIza", token(random, 35)),
        8 => prefixed("npm_", token(random, 36)),
        9 => prefixed("pypi-AgEIcHlwaS5vcmc", token(random, 60)),
        10 => prefixed("sk_live_", token(random, 24)),
        11 => prefixed("eyJ", format!("{}.eyJ{}.{}", token(random, 20), token(random, 30), token(random, 43))),
        12 => {
            let body = token(random, 64);
            let shown =
                format!("-----BEGIN PRIVATE KEY-----\n{body}\n{}\n-----END PRIVATE KEY-----", token(random, 64));
            Secret { value: body, shown }
        }
        13 => after("https://ana:", token(random, 16), "@db.example.com/app"),
        14 => after("Authorization: Bearer ", token(random, 32), ""),
        15 => after("DB_PASSWORD=", token(random, 14), ""),
        16 => after("{\"api_key\": \"", token(random, 24), "\"}"),
        _ => prefixed("hf_", token(random, 34)),
    }
}

fn percent(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        let _ = match byte.is_ascii_alphanumeric() {
            true => write!(text, "{}", char::from(byte)),
            false => write!(text, "%{byte:02X}"),
        };
        text
    })
}

fn base64(value: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32, at: usize| char::from(DIGITS[(bits >> (18 - 6 * at) & 63) as usize]);
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        (0..4).map(|at| if at <= group.len() { digit(bits, at) } else { '=' }).collect::<String>()
    };
    value.as_bytes().chunks(3).map(group).collect()
}

/// What gives a secret away: itself, and what can be turned back into it.
fn traces(value: &str) -> Vec<String> {
    // The last digits of an encoded text also depend on what follows it.
    let encoded = base64(value);
    let json = serde_json::to_string(value).unwrap();
    let mut traces = vec![value.to_owned(), json.trim_matches('"').to_owned(), percent(value)];
    traces.push(encoded[..encoded.len() - 4].to_owned());
    traces
}

/// Every object that our refs lead to, and every message on branches of ours, as one text.
fn everything(sandbox: &Sandbox) -> String {
    let refs = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/aifactory"]);
    // Work that was kept aside is the agent's.
    let refs: Vec<&str> = refs.lines().filter(|name| !name.starts_with("refs/aifactory/saved/")).collect();
    assert!(refs.iter().any(|name| name.starts_with("refs/aifactory/runs/")), "{refs:?}");
    let objects = sandbox.git(&[&["rev-list", "--objects", "--no-object-names"], refs.as_slice()].concat());
    // Branches of tasks go along as they are known elsewhere; their trees are the agent's work.
    let code = sandbox.git(&["rev-list", "--objects", "--no-object-names", "--branches"]);
    let mut all = String::new();
    for object in objects.lines().filter(|object| !code.contains(*object)) {
        all.push_str(&sandbox.git(&["cat-file", "-p", object]));
    }
    all.push_str(&sandbox.git(&["log", "--branches", "--format=%B%D"]));
    all
}

struct Hidden {
    secrets: Vec<Secret>,
    random: Random,
}

impl Hidden {
    /// The next secrets, each in a line of its own.
    fn lines(&mut self, from: usize, count: usize) -> String {
        (from..from + count).map(|at| format!("line {at}: {}\n", self.secrets[at].shown)).collect()
    }
}

/// A hundred: thirty that are handed out, some of them encoded where they turn up, and seventy that only look like it.
fn hidden(seed: u64) -> Hidden {
    let mut random = Random::new(seed);
    let mut secrets = Vec::new();
    for at in 0..30 {
        let value = match at % 3 {
            0 => token(&mut random, 24),
            1 => format!("{}/+&\"'", token(&mut random, 18)),
            _ => format!("correct {} horse", token(&mut random, 12)),
        };
        let shown = match at % 5 {
            0 | 1 => value.clone(),
            2 => base64(&value),
            3 => percent(&value),
            _ => serde_json::to_string(&format!("a\n{value}")).unwrap(),
        };
        secrets.push(Secret { value, shown });
    }
    secrets.extend((0..70).map(|kind| by_shape(&mut random, kind)));
    Hidden { secrets, random }
}

fn seed() -> u64 {
    let seed = std::env::var("AIFACTORY_SECRETS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_260_101);
    println!("AIFACTORY_SECRETS_SEED={seed}");
    seed
}

fn private(path: &std::path::Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

#[test]
fn of_a_hundred_secrets_in_all_kinds_of_places_none_is_written_down() {
    let mut hidden = hidden(seed());
    let hub = Hub::new();
    let mut ana = hub.first("ana").with("AIFACTORY_TRANSCRIPTS_KEEP", "shared").with("AIFACTORY_RUN_ATTEMPTS", "1");
    let home = ana.root().join("home/config/aifactory");

    // Ten each from a file, from commands, and from the environment.
    let name = |at: usize| format!("KEY_{at}");
    let double = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
    let file: String = (0..10).map(|at| format!("{}=\"{}\"\n", name(at), double(&hidden.secrets[at].value))).collect();
    private(&home.join("secrets.env"), &file);
    let mut commands = Vec::new();
    for at in 10..20 {
        let path = ana.folder("vault").join(name(at));
        fs::write(&path, format!("{}\n", hidden.secrets[at].value)).unwrap();
        commands.push(format!("{:?}", format!("{}=cat {}", name(at), path.display())));
    }
    for at in 20..30 {
        ana = ana.with(&name(at), hidden.secrets[at].value.clone());
    }
    let names: Vec<String> = (0..30).map(|at| format!("{:?}", name(at))).collect();

    // The agent says what it is told to, makes files of these names, and has all of its credentials.
    let texts = ana.folder("texts");
    let out = ana.folder("out");
    let script = format!(
        "cat > {out}/prompt\ncat {texts}/stdout\ncat {texts}/stderr >&2\nprintenv KEY_0 KEY_10 KEY_20 > {out}/got\n\
         printenv KEY_1 KEY_11 KEY_21\nwhile read -r name; do echo 1 > \"$name\"; echo \"made $name\"; done < {texts}/names\n\
         echo hello > a.txt\nexit $(cat {texts}/code)",
        out = out.display(),
        texts = texts.display(),
    );
    let agent = ana.agent(&script);
    let config = format!(
        "[secrets]\ncommands = [{}]\n[agents.x]\ncommand = {agent:?}\ncredentials = [{}]\n[agent]\ndefault = \"x\"\n",
        commands.join(", "),
        names.join(", ")
    );
    fs::write(home.join("config.toml"), config).unwrap();
    let write = |name: &str, text: &str| fs::write(texts.join(name), text).unwrap();
    let gate = ana.script("gate", &format!("cat {0}/gate; cat {0}/gate >&2; exit $(cat {0}/verdict)", texts.display()));
    write("stdout", &(hidden.lines(0, 30) + &hidden.lines(30, 20)));
    write("stderr", &(hidden.lines(10, 20) + &hidden.lines(50, 10)));
    let no_slash = |value: &&Secret| !value.shown.contains(['/', '\n']);
    let in_names: Vec<String> = hidden.secrets[60..72].iter().filter(no_slash).map(|s| s.shown.clone()).collect();
    write("names", &(in_names.join("\n") + "\n"));
    write("gate", &(hidden.lines(0, 10) + &hidden.lines(72, 10)));
    write("verdict", "0");
    write("code", "0");

    // In prompts: title, spec, plan, labels, notes.
    let plan = Step::new("S1", "a.txt").gate(&gate).text() + &format!("\n{}", hidden.lines(82, 5));
    let plan_file = ana.folder("plans").join("plan.md");
    fs::write(&plan_file, &plan).unwrap();
    let spec = format!("## Goal\n\n{}{}", hidden.lines(20, 10), hidden.lines(87, 5));
    let title = format!("Use {}", hidden.secrets[2 + 90].shown.replace('\n', " "));
    let plan_path = plan_file.to_string_lossy().into_owned();
    let id = ana.ok(&["new", &title, "-m", &spec, "--plan", &plan_path]).trim().to_owned();
    ana.ok(&[
        "set",
        &id,
        &format!("labels+={}", hidden.secrets[30].value),
        &format!("role={}", hidden.secrets[31].value),
    ]);
    // What was set stays on the record; a role that there is not would stop the run.
    ana.ok(&["set", &id, "role="]);
    ana.ok(&["approve", &id]);
    let said = ana.run(&["run", &id]);
    assert_eq!(ana.task(&id)["status"], "review", "{}", said.all());
    let got = fs::read_to_string(out.join("got")).unwrap();
    let handed: Vec<&str> = [0, 10, 20].map(|at| hidden.secrets[at].value.as_str()).to_vec();
    assert_eq!(got.lines().collect::<Vec<_>>(), handed, "the agent has its credentials");
    ana.ok(&["reject", &id, "-m", &format!("not this: {}", hidden.lines(93, 3))]);

    // In error texts: an agent that fails, and gates that do.
    write("code", "3");
    write("stderr", &format!("{}fatal: {}", hidden.lines(96, 4), hidden.lines(0, 30)));
    let failed = ana.approved("Fail", &Step::new("S1", "a.txt").gate("true").text());
    ana.run(&["run", &failed]);
    write("code", "0");
    write("verdict", "1");
    let gated = ana.approved("Fail at the gate", &Step::new("S1", "a.txt").gate(&gate).text());
    ana.run(&["run", &gated]);
    let noise = token(&mut hidden.random, 30);
    ana.write("TODO.md", format!("- [ ] Write about api_key={noise}\n"));
    ana.ok(&["import", "todo:TODO.md"]);
    ana.ok(&["sync"]);

    let mut places = vec![("the state", everything(&ana)), ("what was shared", everything(&hub))];
    let say = |ran: Ran| ran.all();
    for id in [&id, &failed, &gated] {
        places.push(("log", say(ana.run(&["log", id]))));
        let run = &["log", id, "--run", "last"];
        places.push(("log of a run", say(ana.run(run)) + &say(ana.run(&[&["--json"], &run[..]].concat()))));
        places.push(("show", say(ana.run(&["show", id])) + &say(ana.run(&["--json", "show", id]))));
        let mut review = ana.json(&["review", id]);
        // The change itself is the agent's work.
        review.as_object_mut().unwrap().remove("diff");
        places.push(("review", review.to_string()));
    }
    places.push(("list", say(ana.run(&["list", "--all"]))));
    let mut leaks = Vec::new();
    let values = hidden.secrets.iter().map(|secret| secret.value.clone()).chain([noise]);
    for (number, value) in values.enumerate() {
        for trace in traces(&value) {
            let leaked = places.iter().filter(|(_, text)| text.contains(&trace));
            leaks.extend(leaked.map(|(place, text)| {
                let at = text.find(&trace).unwrap();
                let line = text[..at].lines().last().unwrap_or_default();
                format!("{number} in {place}: {trace} after {line:?}")
            }));
        }
    }
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    // Everything is there but for the secrets, and what is no secret was not harmed.
    let state = &places[0].1;
    for kept in ["[redacted:KEY_0]", "[redacted:github-token]", "line 55: ", "made ", "fatal: line 0: "] {
        assert!(state.contains(kept), "{kept} is missing");
    }
    let task = ana.task(&id);
    assert_eq!(task["id"], id.as_str());
    let head = ana.git(&["rev-parse", &format!("refs/heads/{}", task["branch"].as_str().unwrap())]);
    assert!(state.contains(head.trim()), "ids of objects stay whole");
}

#[test]
fn a_credential_that_was_changed_counts_from_the_next_launch_on() {
    let sandbox = Sandbox::new();
    let got = sandbox.folder("out").join("got");
    let agent =
        sandbox.agent(&format!("cat > /dev/null; echo \"$KEY $GH_TOKEN\" >> {}; date +%N > a.txt", got.display()));
    let home = sandbox.root().join("home/config/aifactory");
    let config = format!("[agents.x]\ncommand = {agent:?}\ncredentials = [\"KEY\"]\n[agent]\ndefault = \"x\"\n");
    private(&home.join("config.toml"), &config);
    let sandbox = sandbox.with("GH_TOKEN", "ghp_never");
    for value in ["first-value-1", "second-value-2"] {
        private(&home.join("secrets.env"), &format!("KEY={}\n", quoted(value)));
        let id = sandbox.approved("Greet", &Step::new("S1", "a.txt").gate("test -s a.txt").text());
        sandbox.ok(&["run", &id]);
    }
    assert_eq!(fs::read_to_string(got).unwrap(), "first-value-1 \nsecond-value-2 \n");
}

#[test]
fn an_agent_whose_credentials_cannot_be_had_is_not_started() {
    let sandbox = Sandbox::new();
    let mark = sandbox.folder("out").join("mark");
    let agent = sandbox.agent(&format!("touch {}", mark.display()));
    let vault = sandbox.script("vault", "echo hunter2hunter2; echo hunter2hunter2 >&2; exit 1");
    let config = format!(
        "[secrets]\ncommands = [\"KEY={vault}\"]\n[agents.x]\ncommand = {agent:?}\n\
         credentials = [\"KEY\"]\n[agent]\ndefault = \"x\"\n"
    );
    private(&sandbox.root().join("home/config/aifactory/config.toml"), &config);
    let id = sandbox.approved("Greet", &Step::new("S1", "a.txt").gate("true").text());
    let said = sandbox.run(&["run", &id]);
    assert_eq!(said.status, 1, "{}", said.all());
    assert!(said.stderr.contains("the command of secrets.commands for KEY exited with 1"), "{}", said.all());
    assert!(!said.all().contains("hunter2") && !mark.exists());
}

#[test]
fn the_login_of_claude_code_is_taken_over_once_and_never_shown() {
    let sandbox = Sandbox::empty();
    let token = "sk-ant-oat01-0123456789abcdefghijklmnop";
    let own = sandbox.root().join("home/config/aifactory/secrets.env");
    let said = sandbox.fails(&["import-claude-credentials"], 3);
    assert!(said.stderr.contains("there is no log-in of Claude Code"), "{}", said.all());

    let ends = 1_767_225_600_000_u64 + 10 * 3_600_000;
    let login = format!(r#"{{"claudeAiOauth":{{"accessToken":"{token}","refreshToken":"r","expiresAt":{ends}}}}}"#);
    private(&sandbox.root().join("home/.claude/.credentials.json"), &login);
    let said = sandbox.run(&["import-claude-credentials"]).all();
    assert!(said.contains("wrote CLAUDE_CODE_OAUTH_TOKEN to") && said.contains("it ends in 9h"), "{said}");
    assert!(!said.contains(token));
    let written = fs::read_to_string(&own).unwrap();
    let wanted = format!("CLAUDE_CODE_OAUTH_TOKEN='{token}'\nCLAUDE_CODE_OAUTH_TOKEN_EXPIRES_AT={ends}\n");
    assert_eq!(written, wanted);
    assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o600);
    let said = sandbox.run(&["import-claude-credentials"]).all();
    assert!(said.contains("has this CLAUDE_CODE_OAUTH_TOKEN already"), "{said}");

    let said = sandbox
        .run_with_input(&["--json", "import-claude-credentials", "--from", "-"], "sk-ant-oat01-of-a-whole-year-1\n");
    assert!(said.stdout.contains("\"changed\":true") && !said.stdout.contains("sk-ant"), "{}", said.all());
    assert_eq!(fs::read_to_string(&own).unwrap(), "CLAUDE_CODE_OAUTH_TOKEN='sk-ant-oat01-of-a-whole-year-1'\n");

    let open = sandbox.path("shared.env");
    fs::write(&open, "A=1\n").unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let said = sandbox.fails(&["import-claude-credentials", "--env-file", "shared.env"], 1);
    assert!(said.stderr.contains("others on this machine may read"), "{}", said.all());
    assert_eq!(fs::read_to_string(&open).unwrap(), "A=1\n");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o600)).unwrap();
    sandbox.ok(&["import-claude-credentials", "--env-file", "shared.env"]);
    assert_eq!(fs::read_to_string(&open).unwrap(), format!("A=1\n{wanted}"));

    let sandbox = sandbox.with("AIFACTORY_TEST_CLOCK", (ends + 1).to_string());
    let said = sandbox.fails(&["import-claude-credentials"], 1);
    assert!(said.stderr.contains("this log-in ended at 2026-01-01 10:00:00 UTC"), "{}", said.all());
}

#[test]
fn doctor_says_which_credential_wins_and_shows_none() {
    let sandbox = Sandbox::new().with("FIRST", "value-of-the-first-1").with("GH_TOKEN", "ghp_of_nobody");
    let home = sandbox.root().join("home");
    let config = "[agents.x]\ncommand = \"sh\"\ncredentials = [\"FIRST\", \"SECOND\"]\nlogin-files = [\".x/auth.json\"]\n\
                  login = \"x login\"\n[agent]\ndefault = \"x\"\n";
    private(&home.join("config/aifactory/config.toml"), config);
    private(&home.join(".x/auth.json"), r#"{"access_token":"hunter2hunter2","expires_at":1767225600}"#);
    private(&home.join("config/aifactory/secrets.env"), "SECOND=value-of-the-second-2\n");
    fs::set_permissions(home.join("config/aifactory/secrets.env"), fs::Permissions::from_mode(0o644)).unwrap();
    let said = sandbox.run(&["doctor"]).all();
    for wanted in [
        "credentials  x: FIRST from the environment\n",
        "secrets.env, not used\n",
        "credentials  x: ~/.x/auth.json, ended at 2026-01-01 00:00:00 UTC, not used\n",
        "credentials  others on this machine may read ",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(!said.contains("value-of") && !said.contains("hunter2"), "{said}");
}
