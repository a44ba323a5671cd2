//! Completions and manual pages are derived from the help, and are committed as they are derived.
//!
//! After a change of the help: `AIFACTORY_RENEW=1 cargo test --test generated` writes them anew.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::Sandbox;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares the files of a folder with what the program prints, or writes them where that was asked for.
#[track_caller]
fn assert_current(folder: &Path, derived: &BTreeMap<String, String>) {
    if std::env::var_os("AIFACTORY_RENEW").is_some() {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
        for (name, text) in derived {
            fs::write(folder.join(name), text).unwrap();
        }
        return;
    }
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    let found: BTreeMap<String, String> = found
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read_to_string(entry.path()).unwrap_or_default())
        })
        .collect();
    let names = found.keys().chain(derived.keys());
    let stale: Vec<&String> = names.filter(|name| found.get(*name) != derived.get(*name)).collect();
    assert!(
        stale.is_empty(),
        "in {} these are not what the program prints: {stale:?}\nto renew them: AIFACTORY_RENEW=1 cargo test --test generated",
        folder.file_name().unwrap_or_default().to_string_lossy()
    );
}

#[test]
fn completions_are_those_the_program_prints() {
    let sandbox = Sandbox::empty();
    let derived = [("bash", "aifactory.bash"), ("zsh", "_aifactory"), ("fish", "aifactory.fish")];
    let derived = derived.map(|(shell, name)| (name.to_owned(), sandbox.ok(&["completions", shell])));
    assert_current(&root().join("completions"), &derived.into_iter().collect());
}

#[test]
fn manual_pages_are_those_the_program_prints() {
    let sandbox = Sandbox::empty();
    let definition = aifactory::commands::definition();
    let commands = definition.get_subcommands().filter(|command| !command.is_hide_set());
    let mut derived: BTreeMap<String, String> = commands
        .map(|command| command.get_name())
        .filter(|name| *name != "help")
        .map(|name| (format!("aifactory-{name}.1"), sandbox.ok(&["man", name])))
        .collect();
    assert!(derived.len() > 30);
    derived.insert("aifactory.1".to_owned(), sandbox.ok(&["man"]));
    assert_current(&root().join("man"), &derived);
}

#[test]
fn every_command_has_help_that_says_what_it_does() {
    for command in aifactory::commands::definition().get_subcommands() {
        if command.is_hide_set() {
            continue;
        }
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty(), "{} has no help", command.get_name());
        assert!(!about.ends_with('.'), "the first line of {}'s help ends with a full stop", command.get_name());
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {} has no help", command.get_name(), argument.get_id());
        }
    }
}

#[test]
fn every_command_the_readme_and_the_help_name_exists() {
    let definition = aifactory::commands::definition();
    let known: Vec<&str> = definition.get_subcommands().map(|command| command.get_name()).collect();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let help = Sandbox::empty().ok(&["--help"]);
    for (text, pattern) in [(readme, r"`aifactory ([a-z]+)"), (help, r"(?m)^ +(?:id=\$\()?aifactory ([a-z]+)")] {
        let named = regex::Regex::new(pattern).unwrap();
        let named: Vec<&str> = named.captures_iter(&text).map(|found| found.extract::<1>().1[0]).collect();
        assert!(named.len() > 2, "{named:?}");
        for name in named {
            assert!(name == "help" || known.contains(&name), "there is no command `{name}`");
        }
    }
}
