//! The README is run: each of its commands, in its order, in one sandbox.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{PROGRAM, Sandbox};
use std::fs;
use std::path::{Path, PathBuf};

struct Block {
    language: String,
    text: String,
}

/// The fenced blocks of the README, in order. A longer fence may hold shorter ones.
fn blocks() -> Vec<Block> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<String> = None;
    for line in readme.lines() {
        let fence: String = line.chars().take_while(|c| *c == '`').collect();
        match &open {
            None if fence.len() >= 3 => {
                blocks.push(Block { language: line[fence.len()..].to_owned(), text: String::new() });
                open = Some(fence);
            }
            Some(opening) if *line == **opening => open = None,
            Some(_) => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn texts(language: &str) -> Vec<String> {
    let wanted = blocks().into_iter().filter(|block| block.language == language);
    wanted.map(|block| block.text).collect()
}

/// A folder with the built program in it, for the front of PATH.
fn programs() -> PathBuf {
    Path::new(PROGRAM).parent().unwrap().to_owned()
}

#[test]
fn the_first_two_commands_are_the_main_job_and_the_tests() {
    let commands = texts("sh");
    assert_eq!(commands[0], "cargo run --release -- quickstart\n");
    assert_eq!(commands[1], "cargo test\n");
}

#[test]
fn quickstart_does_the_main_job_from_nothing() {
    let sandbox = Sandbox::empty();
    let place = sandbox.root().join("quick");
    let mut command = sandbox.command(&["quickstart", &place.to_string_lossy()]);
    let ran = sandbox.finish(command.current_dir(sandbox.root()));
    let said = ran.all();
    assert!(matches!(ran.status, 0 | 4), "{said}");
    let greeter = place.join("greeter");
    let merged = sandbox.git_at(&greeter, &["rev-list", "--count", "main"]);
    assert!(merged.trim().parse::<u32>().unwrap() >= 4, "{said}");
    assert_eq!(sandbox.git_at(&greeter, &["status", "--porcelain"]), "");
    assert!(said.contains("no model is involved"), "{said}");
    let at = greeter.to_string_lossy().into_owned();
    let status = sandbox.json(&["-C", &at, "status"]);
    assert_eq!(status["waiting"].as_array().unwrap().len(), 1, "{status}");
    assert_eq!(status["waiting"][0]["reason"], "gate-failed");
    let worktree = sandbox.finish(sandbox.program("sh").args(["tests/all.sh"]).current_dir(&greeter));
    assert_eq!(worktree.status, 0, "the merged project fails its own tests: {}", worktree.all());
    let again = sandbox.run(&["quickstart", &place.to_string_lossy()]);
    assert_eq!(again.status, 2, "a folder that is not empty is used again");
}

#[test]
fn the_commands_for_a_repository_of_yours_work_in_their_order() {
    let sandbox = Sandbox::empty().with_repository(&[]);
    sandbox.commit(&[("greet.sh", "echo hello\n"), ("TODO.md", "# To do\n\n- [ ] Say farewell\n")]);
    let [plan] = <[String; 1]>::try_from(texts("md")).unwrap_or_else(|_| panic!("one plan is shown"));
    sandbox.write("plan.md", plan);
    sandbox.git(&["add", "plan.md"]);
    sandbox.git(&["commit", "--quiet", "-m", "plan"]);

    sandbox.git(&["init", "--quiet", "--bare", "../origin.git"]);
    sandbox.git(&["remote", "add", "origin", "../origin.git"]);
    sandbox.git(&["push", "--quiet", "origin", "main"]);

    let blocks: Vec<String> = texts("sh").into_iter().skip(2).collect();
    let commands: Vec<&str> = blocks.iter().flat_map(|block| block.lines()).collect();
    assert!(commands.len() >= 14, "{commands:?}");
    // One shell, so that `$id` lasts; each line is followed by its exit code.
    let mut script = String::new();
    for command in &commands {
        script.push_str(&format!("{command}\necho \"$? {}\" >> ../codes\n", command.replace(['"', '$', '`'], "")));
    }
    let path = format!("{}:{}", programs().display(), std::env::var("PATH").unwrap());
    let ran = sandbox.finish(sandbox.program("sh").args(["-c", &script]).env("PATH", path));
    let codes = fs::read_to_string(sandbox.root().join("codes")).unwrap();
    for (line, command) in codes.lines().zip(&commands) {
        // Nothing that was imported has a plan yet, so nothing is ready.
        let wanted: &[&str] = if command.contains("run --all") { &["3"] } else { &["0"] };
        let code = line.split(' ').next().unwrap();
        assert!(wanted.contains(&code), "`{command}` ended with {code}\n{}", ran.all());
    }
    assert_eq!(codes.lines().count(), commands.len());
    assert_eq!(sandbox.git(&["show", "main:greet.sh"]), "echo \"hello, ${1:-world}\"\n");
}

#[test]
fn the_configuration_it_shows_is_read_without_complaint() {
    let sandbox = Sandbox::new();
    let [config] = <[String; 1]>::try_from(texts("toml")).unwrap_or_else(|_| panic!("one configuration is shown"));
    fs::write(sandbox.folder("home/config/aifactory").join("config.toml"), config).unwrap();
    let ran = sandbox.run(&["list"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.all());
    let id = sandbox.ok(&["new", "Use it", "--agent", "my-agent"]);
    assert_eq!(sandbox.task(id.trim())["agent"], "my-agent");
}

#[test]
fn the_files_and_settings_it_names_are_there() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert!(readme.contains("config set state.durability power"));
    let sandbox = Sandbox::new();
    sandbox.ok(&["config", "set", "state.durability", "power"]);
    sandbox.ok(&["new", "Survives a power cut"]);
    sandbox.assert_sound();
}
