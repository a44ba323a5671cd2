//! Notes that are found by what they mean, with a service that the person chose: what it is sent, what is kept of its
//! answers, and what becomes of a search when it is of no use.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::play::Play;
use common::{EmbeddingServer, Ran, Sandbox, Step, Wrong, files_below};
use serde_json::Value;
use snapbox::str;
use std::fs;
use std::thread;

const MIGRATIONS: &str = "Migrations run twice in CI";
const THEME: &str = "The palette is generated from tokens.css";
const QUESTION: [&str; 3] = ["Which", "postgres", "tables?"];

/// A project with two notes that share no word with [`QUESTION`].
fn knowing(server: &EmbeddingServer) -> Sandbox {
    let sandbox = Sandbox::new()
        .with("AIFACTORY_MEMORY_EMBEDDINGS_URL", server.url())
        .with("AIFACTORY_MEMORY_EMBEDDINGS_MODEL", "test");
    add(&sandbox, &[MIGRATIONS]);
    add(&sandbox, &[THEME]);
    sandbox
}

fn add(sandbox: &Sandbox, args: &[&str]) -> String {
    sandbox.ok(&[&["memory", "add"], args].concat()).trim().to_owned()
}

fn search(sandbox: &Sandbox, words: &[&str]) -> Ran {
    sandbox.run(&[&["memory", "search"], words].concat())
}

fn found(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    texts(&sandbox.json(&[&["memory", "search"], words].concat()))
}

fn texts(found: &Value) -> Vec<String> {
    let notes = found["notes"].as_array().unwrap_or_else(|| panic!("{found}")).iter();
    notes.map(|note| note["text"].as_str().unwrap().to_owned()).collect()
}

fn cache(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.git_dir().join("aifactory/vectors-1.db")
}

#[test]
fn a_note_is_found_by_its_meaning_though_it_shares_no_word() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server);
    add(&sandbox, &["Tables in the manual are made by hand"]);
    let answer = sandbox.json(&["memory", "search", "Which", "postgres", "tables?"]);
    let notes: Vec<String> = answer["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| {
            format!(
                "{} {} {}",
                note["text"],
                note["found_by"],
                note["likeness"].as_f64().map_or("-".into(), |n| format!("{n:.2}"))
            )
        })
        .collect();
    assert_eq!(
        notes,
        [r#""Tables in the manual are made by hand" ["words"] -"#, r#""Migrations run twice in CI" ["meaning"] 1.00"#,]
    );
    // What is found both ways comes first.
    assert_eq!(found(&sandbox, &["migrations", "of", "sql"])[0], MIGRATIONS);
    let answer = sandbox.json(&["memory", "search", "migrations", "of", "sql"]);
    assert_eq!(answer["notes"][0]["found_by"], serde_json::json!(["words", "meaning"]));
    // Without a service, nothing of that.
    let without = sandbox.with("AIFACTORY_MEMORY_EMBEDDINGS_URL", "");
    server.requests();
    assert_eq!(found(&without, &QUESTION), ["Tables in the manual are made by hand"]);
    assert!(server.requests().is_empty());
}

#[test]
fn nothing_is_sent_twice_and_only_searches_send_anything() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server);
    for quick in [&["status"][..], &["list"], &["memory", "list"], &["config"]] {
        sandbox.ok(quick);
    }
    assert!(server.requests().is_empty());
    assert_eq!(found(&sandbox, &QUESTION), [MIGRATIONS]);
    assert_eq!(server.texts(), ["Which postgres tables?", THEME, MIGRATIONS]);
    assert_eq!(found(&sandbox, &QUESTION), [MIGRATIONS]);
    assert!(server.requests().is_empty());
    // Another question is sent alone, a new note alone, an edited one anew.
    found(&sandbox, &["colours"]);
    assert_eq!(server.texts(), ["colours"]);
    let note = add(&sandbox, &["--propose", "Indexes help"]);
    found(&sandbox, &QUESTION);
    assert!(server.requests().is_empty(), "what is only proposed is not asked about");
    sandbox.ok(&["memory", "promote", &note]);
    found(&sandbox, &QUESTION);
    assert_eq!(server.texts(), ["Indexes help"]);
    let words = sandbox.root().join("words.md");
    fs::write(&words, "Indexes help the schema").unwrap();
    sandbox.ok(&["memory", "edit", &note, "-F", &words.to_string_lossy()]);
    assert_eq!(found(&sandbox, &QUESTION), ["Indexes help the schema", MIGRATIONS]);
    assert_eq!(server.texts(), ["Indexes help the schema"]);
    // Another model is another source.
    let other = sandbox.with("AIFACTORY_MEMORY_EMBEDDINGS_MODEL", "other");
    found(&other, &QUESTION);
    assert_eq!(server.texts().len(), 4);
    fs::remove_file(cache(&other)).unwrap();
    assert_eq!(found(&other, &QUESTION), ["Indexes help the schema", MIGRATIONS]);
    assert_eq!(server.texts().len(), 4);
    // A damaged file is as good as none.
    fs::write(cache(&other), "not a database").unwrap();
    assert_eq!(found(&other, &QUESTION), ["Indexes help the schema", MIGRATIONS]);
    assert_eq!(server.texts().len(), 4);
}

#[test]
fn many_searches_at_once_keep_their_vectors() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server);
    for part in ["ants", "bees", "cats", "dogs", "eels", "frogs", "gulls", "hens", "ibexes", "jays"] {
        add(&sandbox, &[&format!("The schema of {part}")]);
    }
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(search(&sandbox, &QUESTION).stderr, ""));
        }
    });
    server.requests();
    assert_eq!(found(&sandbox, &QUESTION).len(), 10);
    assert!(server.requests().is_empty());
}

#[test]
fn a_note_that_was_removed_is_never_offered_and_its_vector_is_gone() {
    let hub = common::Hub::new();
    let server = EmbeddingServer::start();
    let with_service = |sandbox: Sandbox| {
        sandbox.with("AIFACTORY_MEMORY_EMBEDDINGS_URL", server.url()).with("AIFACTORY_MEMORY_EMBEDDINGS_MODEL", "test")
    };
    let ana = with_service(hub.first("ana"));
    let note = add(&ana, &[MIGRATIONS]);
    let other = add(&ana, &["Every schema has an owner"]);
    ana.sync();
    let ben = with_service(hub.joined("ben"));
    for machine in [&ana, &ben] {
        assert_eq!(found(machine, &QUESTION).len(), 2);
        assert!(holds(machine, &note) && holds(machine, &other));
    }
    let before = fs::read(cache(&ana)).unwrap();
    ana.ok(&["memory", "remove", &note, "-m", "they do not"]);
    assert!(!holds(&ana, &note) && holds(&ana, &other));
    ana.sync();
    ben.sync();
    ben.ok(&["list"]);
    assert!(!holds(&ben, &note) && holds(&ben, &other));
    // One was on its way when the note was removed.
    fs::write(cache(&ana), before).unwrap();
    assert!(holds(&ana, &note));
    for machine in [&ana, &ben] {
        assert_eq!(found(machine, &QUESTION), ["Every schema has an owner"]);
        assert!(!holds(machine, &note) && holds(machine, &other));
    }
}

/// Whether the file of vectors has the note's id anywhere in its bytes.
fn holds(sandbox: &Sandbox, note: &str) -> bool {
    let files = files_below(&sandbox.git_dir().join("aifactory"));
    let mut vectors = files.iter().filter(|path| path.to_string_lossy().contains("vectors"));
    vectors.any(|path| fs::read(path).unwrap().windows(note.len()).any(|bytes| bytes == note.as_bytes()))
}

#[test]
fn what_is_only_proposed_or_stale_is_not_offered_for_its_meaning_either() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server);
    add(&sandbox, &["--propose", "Every schema is drawn on a wall"]);
    sandbox.commit(&[("src/old.sql", "x\n")]);
    add(&sandbox, &["-a", "src/old.sql", "The old schema is frozen"]);
    sandbox.git(&["rm", "--quiet", "src/old.sql"]);
    sandbox.commit(&[("src/new.rs", "x\n")]);
    assert_eq!(found(&sandbox, &QUESTION), [MIGRATIONS]);
    let all = found(&sandbox, &["--all", "postgres"]);
    assert_eq!(all, ["The old schema is frozen", MIGRATIONS, "Every schema is drawn on a wall"]);
    // How near is near enough is a setting.
    let strict = sandbox.with("AIFACTORY_MEMORY_EMBEDDINGS_LEAST", "101");
    assert_eq!(found(&strict, &QUESTION), [""; 0]);
}

#[test]
fn a_service_that_is_of_no_use_is_named_once_and_notes_are_found_by_their_words() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server);
    let body = |text: &str| Wrong::Body(text.to_owned());
    let mut said = String::new();
    for wrong in [
        Wrong::HangUp,
        Wrong::Code(401, "who?".into()),
        Wrong::Code(404, "{\"error\": {\"message\": \"no model \\u001b[31m`test`\"}}".into()),
        Wrong::Code(503, "<html>".into()),
        body("<html><body>Sign in</body></html>"),
        body("{\"data\": [{\"embedding\": [NaN, 1]}]}"),
        body("{\"data\": [{\"embedding\": [1e999, 1]}]}"),
        body("{\"data\": [{\"embedding\": [null, 1]}]}"),
        body("{\"data\": []}"),
        body(&format!("{{\"data\": [{{\"embedding\": [{}1]}}]}}", "1,".repeat(4_096))),
        Wrong::Endless,
        Wrong::Redirect("http://198.51.100.7/v1/embeddings?key=x".into()),
        Wrong::Busy(usize::MAX, "3600"),
    ] {
        server.set_wrong(wrong);
        let ran = search(&sandbox, &["the", "palette", "of", "CI"]);
        assert!(ran.stdout.contains(THEME) && ran.status == 0, "{}", ran.all());
        said.push_str(
            &ran.stderr
                .replace(&server.host(), "$SERVICE")
                .replace("warning: notes are found by their words alone: ", ""),
        );
        assert_eq!(server.requests().len(), 1);
    }
    snapbox::assert_data_eq!(
        said,
        snapbox::IntoData::raw(str![[r#"
no answer from $SERVICE: Peer disconnected
$SERVICE answered 401 (not logged in)
$SERVICE answered 404: no model \u{1b}[31m`test`
$SERVICE answered 503 (it has trouble of its own)
the answer of $SERVICE is not JSON
the answer of $SERVICE is not JSON
the answer of $SERVICE is not JSON
the answer of $SERVICE cannot be used: a vector is no list of numbers
the answer of $SERVICE cannot be used: it has 0 vectors for 1 texts
the answer of $SERVICE cannot be used: a vector has 4097 numbers, and 4096 are the most
the answer of $SERVICE is longer than 8388608 bytes
$SERVICE redirects to 198.51.100.7, which is not followed
$SERVICE answered 429 (too many requests)

"#]])
    );
    // Nothing of it was kept.
    server.set_wrong(None);
    assert_eq!(found(&sandbox, &QUESTION), [MIGRATIONS]);
    let host = server.host();
    drop(server);
    let ran = search(&sandbox, &["some", "palette"]);
    assert!(ran.stdout.contains(THEME), "{}", ran.all());
    let why = ran.stderr.replace(&host, "$SERVICE");
    assert_eq!(
        why,
        "warning: notes are found by their words alone: no answer from $SERVICE: Connection refused (os error 111)\n"
    );
}

#[test]
fn a_service_that_asks_for_a_moment_gets_it() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server);
    server.set_wrong(Wrong::Busy(1, "0"));
    assert_eq!(found(&sandbox, &QUESTION), [MIGRATIONS]);
    assert_eq!(server.requests().len(), 3);
    server.set_wrong(Wrong::Busy(usize::MAX, "0"));
    let answer = sandbox.json(&["memory", "search", "palettes"]);
    let warning = answer["warning"].as_str().unwrap().replace(&server.host(), "$SERVICE");
    assert_eq!(warning, "notes are found by their words alone: $SERVICE answered 429 (too many requests)");
    assert_eq!(server.requests().len(), 3, "three times, and no more");
}

#[test]
fn vectors_that_cannot_be_compared_are_asked_for_anew() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server);
    found(&sandbox, &QUESTION);
    server.set_wrong(Wrong::Lengths);
    add(&sandbox, &["A schema has keys"]);
    add(&sandbox, &["A schema has columns"]);
    let ran = search(&sandbox, &QUESTION);
    assert!(ran.stdout.contains(MIGRATIONS), "{}", ran.all());
    assert_eq!(
        ran.stderr.replace(&server.host(), "$SERVICE"),
        "warning: not every note was compared by its meaning: the answer of $SERVICE cannot be used: \
         its vectors differ in length\n"
    );
    // The same model gives longer vectors from now on.
    server.set_wrong(Wrong::Longer);
    found(&sandbox, &QUESTION);
    assert_eq!(found(&sandbox, &QUESTION).len(), 3);
    server.requests();
    assert_eq!(found(&sandbox, &QUESTION).len(), 3);
    assert!(server.requests().is_empty());
}

#[test]
fn one_note_that_the_service_refuses_keeps_no_other_out() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server);
    for part in ["ants", "bees", "cats", "dogs", "eels", "frogs", "gulls", "hens", "ibexes"] {
        add(&sandbox, &[&format!("The schema of {part}")]);
    }
    add(&sandbox, &["Some poison about a schema"]);
    server.set_wrong(Wrong::Picky(400, "poison"));
    let ran = search(&sandbox, &[&["-n", "20"], &QUESTION[..]].concat());
    assert_eq!((ran.stderr.as_str(), ran.stdout.matches("The schema of").count()), ("", 9), "{}", ran.all());
    server.requests();
    search(&sandbox, &QUESTION);
    assert!(server.requests().is_empty(), "what was refused is not sent again");
}

#[test]
fn a_note_is_refused_for_itself_alone_also_where_the_question_is_known() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server);
    found(&sandbox, &QUESTION);
    add(&sandbox, &["Every schema has keys"]);
    add(&sandbox, &["Some poison about a schema"]);
    server.set_wrong(Wrong::Picky(413, "poison"));
    assert_eq!((search(&sandbox, &QUESTION).stderr.as_str(), found(&sandbox, &QUESTION).len()), ("", 2));
    server.requests();
    found(&sandbox, &QUESTION);
    assert!(server.requests().is_empty(), "what was refused is not sent again");
    // Where the service takes nothing at all, no note is at fault.
    add(&sandbox, &["Every schema has columns"]);
    server.set_wrong(Wrong::Code(400, "{\"error\": \"no such model\"}".into()));
    shows!(
        sandbox,
        warning_of(&server, &Ran { stdout: String::new(), ..search(&sandbox, &QUESTION) }),
        str![[r#"
stderr: warning: not every note was compared by its meaning: $SERVICE answered 400: no such model

"#]]
    );
    server.set_wrong(None);
    assert_eq!(found(&sandbox, &QUESTION).len(), 3);
}

#[test]
fn a_service_that_stumbles_hides_no_note_for_good() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server);
    found(&sandbox, &QUESTION);
    for part in ["ants", "bees", "cats"] {
        add(&sandbox, &[&format!("The schema of {part}")]);
    }
    let warning = "warning: not every note was compared by its meaning: \
                   $SERVICE answered 500 (it has trouble of its own)\n";
    let searched = || {
        let ran = search(&sandbox, &[&["-n", "20"], &QUESTION[..]].concat());
        (ran.stdout.matches("The schema of").count(), warning_of(&server, &ran).stderr)
    };
    // It stumbles over one of them: the others are found.
    server.set_wrong(Wrong::Picky(500, "bees"));
    assert_eq!(searched(), (2, warning.to_owned()));
    add(&sandbox, &["The schema of dogs"]);
    add(&sandbox, &["The schema of eels"]);
    server.requests();
    // Over everything: it is not asked of each.
    server.set_wrong(Wrong::Code(500, String::new()));
    assert_eq!(searched(), (2, warning.to_owned()));
    assert!(server.requests().len() < 5);
    server.set_wrong(None);
    assert_eq!(searched(), (5, String::new()));
}

#[test]
fn the_credential_is_named_by_its_variable_and_goes_to_the_service_alone() {
    const KEY: &str = "correct horse battery";
    let server = EmbeddingServer::start();
    server.require_key(KEY);
    let sandbox = knowing(&server).with("AIFACTORY_MEMORY_EMBEDDINGS_KEY", "MY_VECTORS");
    shows!(
        sandbox,
        warning_of(&server, &search(&sandbox, &QUESTION)),
        str![[r#"
stderr: warning: notes are found by their words alone: MY_VECTORS, which memory.embeddings.key names, is not set (set it in the environment, or in secrets.env of your settings folder)
stderr: nothing found

"#]]
    );
    assert!(server.requests().is_empty());
    let secrets = sandbox.root().join("home/config/aifactory/secrets.env");
    fs::create_dir_all(secrets.parent().unwrap()).unwrap();
    fs::write(&secrets, format!("MY_VECTORS=\"{KEY}\"\n")).unwrap();
    assert_eq!(found(&sandbox, &QUESTION), [MIGRATIONS]);
    fs::remove_file(&secrets).unwrap();

    let sandbox = sandbox.with("MY_VECTORS", KEY);
    add(&sandbox, &[&format!("Never print {KEY}")]);
    server.requests();
    let ran = sandbox.run(&["-v", "memory", "search", KEY, "and", "databases"]);
    let sent = server.requests();
    assert!(sent.iter().all(|request| request.header("Authorization") == Some(&format!("Bearer {KEY}"))));
    let bodies: String = sent.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect();
    assert!(bodies.contains("Never print [redacted:MY_VECTORS]") && !bodies.contains(KEY), "{bodies}");
    let mut shown = ran.all();
    server.set_wrong(Wrong::Code(400, format!("{{\"error\": {{\"message\": \"bad key {KEY}\"}}}}")));
    for args in [&["memory", "search", "themes"][..], &["doctor"], &["config"], &["--json", "config"], &["log"]] {
        shown.push_str(&sandbox.run(args).all());
    }
    assert!(shown.contains("bad key [key]") && !shown.contains(KEY), "{shown}");
    for path in files_below(&sandbox.repo()) {
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes()), "{}", path.display());
    }
}

#[test]
fn a_key_in_place_of_its_name_is_not_shown() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server).with("AIFACTORY_MEMORY_EMBEDDINGS_KEY", "sk-proj-abcdefghijkl");
    shows!(
        sandbox,
        warning_of(&server, &search(&sandbox, &QUESTION)),
        str![[r#"
stderr: warning: notes are found by their words alone: memory.embeddings.key is no name of a variable (the key itself belongs into that variable: EMBEDDINGS_KEY=… in secrets.env or the environment)
stderr: nothing found

"#]]
    );
    assert!(server.requests().is_empty());
}

#[test]
fn a_credential_is_not_sent_in_the_clear_and_a_login_not_taken_from_an_address() {
    let server = EmbeddingServer::start();
    let sandbox =
        knowing(&server).with("AIFACTORY_MEMORY_EMBEDDINGS_KEY", "MY_VECTORS").with("MY_VECTORS", "hunter2hunter2");
    for url in
        ["http://embeddings.example.com/v1", "https://ana:hunter2@example.com/v1", "example.com", "file:///etc/passwd"]
    {
        let there = Sandbox::new()
            .with("AIFACTORY_MEMORY_EMBEDDINGS_URL", url)
            .with("AIFACTORY_MEMORY_EMBEDDINGS_KEY", "MY_VECTORS")
            .with("MY_VECTORS", "hunter2hunter2")
            .with("AIFACTORY_MEMORY_EMBEDDINGS_MODEL", "test");
        add(&there, &[MIGRATIONS]);
        let ran = search(&there, &QUESTION);
        assert!(ran.status == 0 && !ran.stderr.contains("hunter2"), "{}", ran.all());
        assert!(ran.stderr.starts_with("warning: notes are found by their words alone: "), "{}", ran.all());
    }
    // A service of this machine may have one.
    search(&sandbox, &QUESTION);
    assert!(!server.requests().is_empty());
}

#[test]
fn a_project_cannot_have_notes_sent_anywhere() {
    let server = EmbeddingServer::start();
    let sandbox = Sandbox::new();
    add(&sandbox, &[MIGRATIONS]);
    let policy = format!(
        "[memory.embeddings]\nurl = \"{}\"\nmodel = \"test\"\nkey = \"DEPLOY_TOKEN\"\nleast = 0\n",
        server.url()
    );
    let path = ".aifactory/config.toml";
    let before = fs::read_to_string(sandbox.path(path)).unwrap_or_default();
    sandbox.commit(&[(path, &format!("{before}\n{policy}"))]);
    sandbox.ok(&["trust", "--yes"]);
    let sandbox = sandbox.with("DEPLOY_TOKEN", "hunter2hunter2");
    assert_eq!(search(&sandbox, &QUESTION).stdout, "");
    let id = sandbox.approved("Speed postgres up", &Step::new("S1", "work.txt").gate("true").text());
    sandbox.run(&["run", &id]);
    sandbox.run(&["doctor"]);
    assert!(server.requests().is_empty());
    assert_eq!(sandbox.json(&["config", "get", "memory.embeddings.url"])["value"], "");
}

/// A project whose agent leaves what it is told and what it finds itself.
fn working(server: &EmbeddingServer) -> Sandbox {
    let sandbox = knowing(server);
    let path = sandbox.script(
        "worker",
        "cat > work.txt\naifactory memory search Which postgres tables > seen.txt 2>&1\nenv > env.txt",
    );
    let folder = sandbox.root().join("home/config/aifactory");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), format!("[agents.worker]\ncommand = \"{path}\"\nreader = \"text\"\n"))
        .unwrap();
    sandbox.with("AIFACTORY_AGENT_DEFAULT", "worker").with("AIFACTORY_RUN_ATTEMPTS", "1")
}

#[test]
fn a_task_is_shown_what_means_the_same_with_its_source() {
    let server = EmbeddingServer::start();
    server.require_key("hunter2hunter2");
    let sandbox =
        working(&server).with("AIFACTORY_MEMORY_EMBEDDINGS_KEY", "MY_VECTORS").with("MY_VECTORS", "hunter2hunter2");
    let id = sandbox.approved("Speed postgres up", &Step::new("S1", "*.txt").gate("test -s work.txt").text());
    sandbox.ok(&["run", &id]);
    let prompt = sandbox.ok(&["exec", &id, "--", "cat", "work.txt"]);
    let note = prompt.split_once(MIGRATIONS).unwrap_or_else(|| panic!("{prompt}")).1;
    assert!(note.starts_with("\n(from commit ") && !prompt.contains(THEME), "{prompt}");
    let source = note.lines().nth(1).unwrap();
    assert!(source.ends_with(", written by ana)"), "{source}");
    // An agent has no credential, and asks nobody.
    server.requests();
    assert_eq!(sandbox.ok(&["exec", &id, "--", "cat", "seen.txt"]), "nothing found\n");
    assert!(!sandbox.ok(&["exec", &id, "--", "cat", "env.txt"]).contains("hunter2"));
    assert!(server.requests().is_empty());
}

#[test]
fn a_task_does_not_wait_for_a_service_that_is_down_and_says_so_once() {
    let server = EmbeddingServer::start();
    let play = Play::new()
        .with("AIFACTORY_MEMORY_EMBEDDINGS_URL", &server.url())
        .with("AIFACTORY_MEMORY_EMBEDDINGS_MODEL", "test");
    let sandbox = &play.sandbox;
    add(sandbox, &[MIGRATIONS]);
    server.set_wrong(Wrong::Code(502, String::new()));
    let id = play.wish("Speed postgres up");
    let planned = sandbox.fails(&["run", &id], 4);
    let warning = "notes are found by their words alone: $SERVICE answered 502 (it has trouble of its own)";
    let told = |ran: &Ran| ran.all().replace(&server.host(), "$SERVICE").matches(warning).count();
    assert_eq!((told(&planned), server.requests().len()), (1, 1), "{}", planned.all());
    assert_eq!(play.turns(), "plan.1 spec.1");
    assert!(!play.prompt("spec.1").contains(MIGRATIONS));
    // It is back.
    server.set_wrong(None);
    sandbox.ok(&["approve", &id]);
    let done = sandbox.run(&["run", &id]);
    assert_eq!((done.status, told(&done)), (0, 0), "{}", done.all());
    for turn in ["code.1", "review.1"] {
        assert!(play.prompt(turn).contains(&format!("{MIGRATIONS}\n(from commit ")), "{}", play.prompt(turn));
    }
}

#[test]
fn doctor_says_whether_the_service_answers() {
    let server = EmbeddingServer::start();
    let sandbox = knowing(&server);
    let line = |wrong: Option<Wrong>| {
        server.set_wrong(wrong);
        let said = sandbox.run(&["doctor"]).stdout.replace(&server.host(), "$SERVICE");
        let at = said.find("embeddings").unwrap_or_else(|| panic!("{said}"));
        let begin = said[..at].rfind('\n').unwrap() + 1;
        said[begin..].lines().take(2).collect::<Vec<_>>().join("\n")
    };
    assert!(line(None).starts_with("ok    embeddings   test at $SERVICE answers, 4 numbers a text"), "{}", line(None));
    assert_eq!(
        line(Some(Wrong::Code(404, "{\"error\": \"model not found\"}".into()))),
        "note  embeddings   $SERVICE answered 404: model not found\n      \
         hint: aifactory config get memory.embeddings.url"
    );
    let without = Sandbox::new().run(&["doctor"]).stdout;
    assert!(!without.contains("embeddings"), "{without}");
}

fn warning_of(server: &EmbeddingServer, ran: &Ran) -> Ran {
    Ran { stderr: ran.stderr.replace(&server.host(), "$SERVICE"), ..ran.clone() }
}
