//! Runs `walkthrough.md` line by line: what follows `$ ` in a `console` block is given to a shell, the lines below it
//! are what it must print, with `[..]` for what differs from one run to the next.
//!
//! After a change: `AIFACTORY_RENEW=1 cargo test --test walkthrough` writes what was printed into the file.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::{PROGRAM, Sandbox};
use std::fs;
use std::path::Path;

/// A piece of the file, in its order.
enum Part {
    /// Passed over.
    Line(String),
    Scene(Scene),
}

struct Scene {
    number: usize,
    /// `> ` goes on with a command.
    command: Vec<String>,
    expected: String,
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        }
        match (line.strip_prefix("$ "), parts.last_mut()) {
            (Some(command), _) if inside => parts.push(Part::Scene(Scene {
                number: number + 1,
                command: vec![command.to_owned()],
                expected: String::new(),
            })),
            (None, Some(Part::Scene(scene))) if inside => match line.strip_prefix('>') {
                Some(more) if scene.expected.is_empty() => {
                    scene.command.push(more.strip_prefix(' ').unwrap_or(more).to_owned());
                }
                _ => scene.expected.push_str(&format!("{line}\n")),
            },
            _ => parts.push(Part::Line(line.to_owned())),
        }
    }
    parts
}

fn play(sandbox: &Sandbox, scene: &Scene) -> String {
    let programs = Path::new(PROGRAM).parent().unwrap().display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let mut shell = sandbox.program("sh");
    let script = format!("exec 2>&1\n{}", scene.command.join("\n"));
    let ran = sandbox.finish(shell.args(["-c", &script]).env("PATH", &path));
    sandbox.redact(&ran.all())
}

#[test]
fn the_walkthrough_goes_as_it_is_written() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/walkthrough.md");
    let sandbox = Sandbox::empty();
    let (mut scenes, mut renewed, mut differences) = (0, String::new(), String::new());
    for part in parts(&fs::read_to_string(&file).unwrap()) {
        let scene = match part {
            Part::Line(line) => {
                renewed.push_str(&format!("{line}\n"));
                continue;
            }
            Part::Scene(scene) => scene,
        };
        scenes += 1;
        let said = play(&sandbox, &scene);
        let command = scene.command.join("\n> ");
        renewed.push_str(&format!("$ {command}\n{said}"));
        let expected = snapbox::Data::text(scene.expected);
        if let Err(difference) = snapbox::Assert::new().try_eq(None, said.into(), expected) {
            differences.push_str(&format!("line {}: $ {command}\n{difference}\n", scene.number));
        }
    }
    assert!(scenes > 10);
    if std::env::var_os("AIFACTORY_RENEW").is_some() {
        fs::write(&file, renewed).unwrap();
        return;
    }
    assert!(differences.is_empty(), "it went differently:\n\n{differences}");
}
