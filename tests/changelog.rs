//! What changed between two revisions: from merged tasks and from commits, printed, kept in a file, and given to an agent.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use common::play::Play;
use common::{Sandbox, Step, greeting_plan};
use snapbox::str;
use std::fs;

impl Sandbox {
    fn says(&self, message: &str) -> String {
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.commit_of("HEAD")
    }

    /// A task that was merged, and its id.
    fn merged(&self, title: &str, file: &str, labels: &[&str]) -> String {
        let id = self.reviewed(title, &greeting_plan(file, "hello"));
        for label in labels {
            self.ok(&["set", &id, &format!("labels+={label}")]);
        }
        self.ok(&["merge", &id]);
        id
    }
}

/// A release, and after it two tasks and some commits.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.says("feat: be there");
    sandbox.git(&["tag", "v1.0.0"]);
    sandbox.merged("Greet people by name", "hello.txt", &["feature"]);
    sandbox.merged("The greeting is polite again", "polite.txt", &["kind/bug", "ui"]);
    sandbox.says("feat(cli)!: drop `--old` [x](http://evil)\n\nBREAKING CHANGE: use --new");
    sandbox.says("Remove the hat");
    sandbox.says("docs: say more");
    sandbox.says("A word \u{1b}[31mfrom outside\u{202e}");
    sandbox
}

#[test]
fn what_the_last_tag_does_not_have_is_told_by_kind() {
    let sandbox = project();
    shows!(
        sandbox,
        sandbox.run(&["changelog"]),
        str![[r#"
## [Unreleased]

### Added

- Greet people by name (ehdn0jyj9c)
- **Breaking:** cli: drop `--old` `[x](http://evil)` ([HASH])

### Changed

- A word \\u{1b}\[31mfrom outside\\u{202e} ([HASH])

### Removed

- Remove the hat ([HASH])

### Fixed

- The greeting is polite again (h0khc9x85g)
stderr: 1 internal change is left out; --all shows them

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["changelog", "--all", "--format", "list"]),
        str![[r#"
- Greet people by name (ehdn0jyj9c)
- **Breaking:** cli: drop `--old` `[x](http://evil)` ([HASH])
- A word \\u{1b}\[31mfrom outside\\u{202e} ([HASH])
- Remove the hat ([HASH])
- The greeting is polite again (h0khc9x85g)
- Say more ([HASH])

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["changelog", "v1.0.0", "--format", "github-release"]),
        str![[r#"
## What's changed

### Added

* Greet people by name ([HASH])
* **Breaking:** cli: drop `--old` `[x](http://evil)` ([HASH])

### Changed

* A word \\u{1b}\[31mfrom outside\\u{202e} ([HASH])

### Removed

* Remove the hat ([HASH])

### Fixed

* The greeting is polite again ([HASH])

**Full changelog**: v1.0.0...main
stderr: 1 internal change is left out; --all shows them

"#]]
    );
    sandbox.assert_sound();
}

#[test]
fn programs_are_told_why_each_entry_stands_where_it_does() {
    let sandbox = project();
    let answer = sandbox.json(&["changelog", "--all"]);
    let why: Vec<String> = answer["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{}: {}", entry["group"].as_str().unwrap(), entry["because"].as_str().unwrap()))
        .collect();
    assert_eq!(
        why,
        [
            "added: its label feature",
            "added: it begins with feat:",
            "changed: nothing says otherwise",
            "removed: its first word is remove",
            "fixed: its label kind/bug",
            "internal: it begins with docs:",
        ]
    );
    assert_eq!(answer["schema"], "aifactory.changelog/1");
    assert_eq!((&answer["from"]["name"], &answer["to"]["name"]), (&"v1.0.0".into(), &"main".into()));
    assert_eq!(answer["entries"][0]["commits"].as_array().unwrap().len(), 1);
    assert_eq!(answer["entries"][0]["commits"][0], sandbox.commit_of("main~5"));
}

#[test]
fn a_release_is_told_from_the_tag_before_it() {
    let sandbox = project();
    sandbox.git(&["tag", "-a", "-m", "second", "v1.1.0"]);
    shows!(
        sandbox,
        sandbox.run(&["changelog"]),
        str![[r#"
stderr: nothing to tell between v1.1.0 and main

"#]]
    );
    sandbox.says("fix: later");
    shows!(
        sandbox,
        sandbox.run(&["changelog", "..v1.1.0"]),
        str![[r#"
## [1.1.0] - 2026-01-01

### Added

- Greet people by name (ehdn0jyj9c)
- **Breaking:** cli: drop `--old` `[x](http://evil)` ([HASH])

### Changed

- A word \\u{1b}\[31mfrom outside\\u{202e} ([HASH])

### Removed

- Remove the hat ([HASH])

### Fixed

- The greeting is polite again (h0khc9x85g)
stderr: 1 internal change is left out; --all shows them

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["changelog", "..v1.0.0"]),
        str![[r#"
## [1.0.0] - 2026-01-01

### Added

- Be there ([HASH])

### Changed

- README.md ([HASH])

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["changelog", "--format", "list"]),
        str![[r#"
- Later ([HASH])

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["changelog", "..v9"]),
        str![[r#"
stderr: error: there is no revision `v9`
stderr: hint: to see the tags: git tag
exit 3

"#]]
    );
    shows!(
        sandbox,
        sandbox.run(&["changelog", "v1.0.0...main"]),
        str![[r#"
stderr: error: `v1.0.0...main` is no range from an older to a newer revision
stderr: hint: two dots: aifactory changelog v1.0.0..main
exit 2

"#]]
    );
    sandbox.fails(&["changelog", "v9.."], 3);
    sandbox.fails(&["changelog", "--", "--upload-pack=x.."], 3);
}

#[test]
fn a_task_whose_agent_committed_by_itself_is_one_entry() {
    let sandbox = Sandbox::new().with_agent(
        "echo a > a.txt; git add a.txt; git commit -qm 'wip 1'; echo b > b.txt; git add b.txt; git commit -qm 'wip 2'",
    );
    let id = sandbox
        .approved("Write two files", "### S1: Both\n\n- files: a.txt, b.txt\n- gate: `test -s b.txt`\n\nBoth.\n");
    sandbox.ok(&["run", &id]);
    sandbox.ok(&["merge", &id]);
    let answer = sandbox.json(&["changelog"]);
    let entries = answer["entries"].as_array().unwrap();
    let texts: Vec<&str> = entries.iter().map(|entry| entry["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["README.md", "Write two files"]);
    assert_eq!(entries[1]["commits"].as_array().unwrap().len(), 2);
    // Nor is a task told that nobody wants to read of.
    sandbox.ok(&["set", &id, "labels+=no-changelog"]);
    assert_eq!(sandbox.ok(&["changelog", "--format", "list"]).lines().count(), 1);
}

#[test]
fn a_task_is_told_once_where_it_came_as_a_whole() {
    let sandbox = Sandbox::new();
    let steps = [Step::new("S1", "a.txt"), Step::new("S2", "b.txt").after("S1")];
    let plan: String = steps
        .iter()
        .zip(["a.txt", "b.txt"])
        .map(|(step, file)| step.clone().gate(&format!("test -s {file}")).script(&format!("echo x > {file}")).text())
        .collect();
    let id = sandbox.reviewed("Write two files", &plan);
    sandbox.ok(&["merge", &id]);
    // A release that a person made in the middle of it.
    sandbox.git(&["tag", "v1", "main~1"]);
    let told = |range: &str| sandbox.ok(&["changelog", range, "--format", "list"]);
    assert!(!told("..v1").contains("Write two files"), "{}", told("..v1"));
    assert_eq!(told("v1"), format!("- Write two files ({id})\n"));
}

#[test]
fn what_was_taken_back_is_not_told_and_a_revert_of_something_older_is() {
    let sandbox = Sandbox::new();
    sandbox.commit(&[("old.txt", "old\n")]);
    sandbox.git(&["tag", "v1"]);
    sandbox.merged("Greet people", "hello.txt", &[]);
    sandbox.git(&["revert", "--no-edit", "HEAD"]);
    sandbox.commit(&[("a.txt", "a\n")]);
    sandbox.git(&["revert", "--no-edit", "HEAD"]);
    sandbox.git(&["revert", "--no-edit", "HEAD"]);
    sandbox.git(&["revert", "--no-edit", "v1"]);
    shows!(
        sandbox,
        sandbox.run(&["changelog"]),
        str![[r###"
## [Unreleased]

### Changed

- a.txt ([HASH])
- Revert "old.txt" ([HASH])

"###]]
    );
}

/// A branch with two commits, merged.
fn with_merge() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.says("fix: old");
    sandbox.git(&["tag", "v1"]);
    sandbox.git(&["checkout", "--quiet", "-b", "feat"]);
    sandbox.commit(&[("hat.txt", "hat\n")]);
    sandbox.commit(&[("coat.txt", "coat\n")]);
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.says("fix: meanwhile");
    sandbox.git(&["merge", "--quiet", "--no-ff", "-m", "Merge feat", "feat"]);
    sandbox
}

#[test]
fn a_merge_that_was_taken_back_takes_back_what_it_brought() {
    let sandbox = with_merge();
    let told = |range: &str| sandbox.ok(&["changelog", range, "--format", "list"]);
    let lines = |range: &str| told(range).lines().map(|line| line[2..line.len() - 13].to_owned()).collect::<Vec<_>>();
    assert_eq!(lines("v1"), ["hat.txt", "coat.txt", "Meanwhile"]);
    let merge = sandbox.commit_of("HEAD");
    sandbox.git(&["revert", "--no-edit", "-m", "1", &merge]);
    assert_eq!(lines("v1"), ["Meanwhile"]);
    // What was there before the range is told to be gone.
    assert_eq!(lines(&merge), ["Revert \"Merge feat\""]);
    assert_eq!(lines("feat"), ["Revert \"Merge feat\"", "Meanwhile"]);
    // And it is back.
    sandbox.git(&["revert", "--no-edit", "HEAD"]);
    assert_eq!(lines("v1"), ["hat.txt", "coat.txt", "Meanwhile"]);
    // To the other parent: what came with the first is gone.
    sandbox.git(&["reset", "--quiet", "--hard", &merge]);
    let said =
        format!("Revert it\n\nThis reverts commit {merge}, reversing\nchanges made to {}.", sandbox.commit_of("feat"));
    sandbox.says(&said);
    assert_eq!(lines("v1"), ["hat.txt", "coat.txt"]);
}

#[test]
fn words_are_read_as_they_were_written_whatever_logs_are_shown_in() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "i18n.logOutputEncoding", "ISO-8859-1"]);
    sandbox.git(&["tag", "v1"]);
    sandbox.says("fix: Füße");
    let answer = sandbox.json(&["changelog"]);
    assert_eq!(answer["entries"][0]["text"], "Füße");
}

#[test]
fn a_revision_near_a_tag_is_no_release() {
    let sandbox = project();
    sandbox.git(&["tag", "v1.1.0"]);
    for near in ["v1.1.0~1", "v1.1.0^{}"] {
        let answer = sandbox.json(&["changelog", &format!("v1.0.0..{near}")]);
        assert_eq!(answer["to"]["is_tag"], false, "{near}");
    }
    assert_eq!(sandbox.json(&["changelog", "..v1.1.0"])["to"]["is_tag"], true);
    assert!(sandbox.ok(&["changelog", "v1.0.0..v1.1.0~1"]).starts_with("## [Unreleased]\n"));
    sandbox.ok(&["changelog", "v1.0.0..v1.1.0~1", "--write"]);
}

#[test]
fn nobody_is_called_by_the_notes_of_a_release() {
    let sandbox = Sandbox::new();
    sandbox.git(&["tag", "v1"]);
    sandbox.says("Thank @torvalds, see https://evil.example. (#12)");
    sandbox.says("fix: _em_ and ~~x~~ in snake_case, as evil/evil#1");
    shows!(
        sandbox,
        sandbox.run(&["changelog", "--format", "github-release"]),
        str![[r#"
## What's changed

### Changed

* Thank `@torvalds`, see `https://evil.example`. (#12) ([HASH])

### Fixed

* \_em\_ and \~\~x\~\~ in snake_case, as `evil/evil#1` ([HASH])

**Full changelog**: v1...main

"#]]
    );
}

#[test]
fn a_file_of_many_hands_keeps_its_lines_and_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    sandbox.git(&["tag", "v1"]);
    sandbox.says("fix: the hat");
    sandbox.write("CHANGELOG.md", "# Log\r\n\n## Unreleased\n\n### Fixed\n\n- x\n\n## 1.0\n- y");
    let path = sandbox.path("CHANGELOG.md");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    sandbox.ok(&["changelog", "--write"]);
    let text = sandbox.read("CHANGELOG.md");
    assert!(text.starts_with("# Log\r\n\n## Unreleased\n\n### Fixed\n\n- x\n- The hat ("), "{text}");
    assert!(text.ends_with(")\n\n## 1.0\n- y") && text.matches('\r').count() == 1, "{text}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);
}

#[test]
fn names_in_commits_that_stand_for_no_task_are_words() {
    let sandbox = Sandbox::new();
    sandbox.git(&["tag", "v1"]);
    sandbox.says("Add hats\n\nAifactory-Task: 7kq2mabcde");
    sandbox.says("Add coats\n\nAifactory-Task: ../../etc");
    shows!(
        sandbox,
        sandbox.run(&["changelog"]),
        str![[r#"
## [Unreleased]

### Added

- Add hats ([HASH])
- Add coats ([HASH])

"#]]
    );
}

#[test]
fn a_task_whose_commits_were_made_one_on_a_forge_is_known_by_their_trailers() {
    let sandbox = Sandbox::new();
    sandbox.git(&["tag", "v1"]);
    let id = sandbox.ok(&["new", "Add hats for everybody"]).trim().to_owned();
    sandbox
        .says(&format!("Hats (#12)\n\n* Step one\n\nAifactory-Task: {id}\nAifactory-Step: S1\n\n* Step two\n\nmore"));
    shows!(
        sandbox,
        sandbox.run(&["changelog"]),
        str![[r#"
## [Unreleased]

### Added

- Add hats for everybody (ehdn0jyj9c)

"#]]
    );
}

#[test]
fn the_file_gets_each_entry_once_and_keeps_what_people_wrote() {
    let sandbox = project();
    shows!(
        sandbox,
        sandbox.run(&["changelog", "--write"]),
        str![[r#"
stderr: added 5 lines to CHANGELOG.md
stderr: hint: git diff CHANGELOG.md

"#]]
    );
    let first = sandbox.read("CHANGELOG.md");
    assert!(first.starts_with("# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Greet people by name ("), "{first}");
    let reworded =
        first.replace("Greet people by name", "It greets you").replace("### Fixed\n", "### Fixed\n\n- By hand");
    sandbox.write("CHANGELOG.md", &reworded);
    shows!(
        sandbox,
        sandbox.run(&["changelog", "--write"]),
        str![[r#"
stderr: CHANGELOG.md names all of it already

"#]]
    );
    assert_eq!(sandbox.read("CHANGELOG.md"), reworded);
    sandbox.says("fix: once more");
    sandbox.ok(&["changelog", "--write"]);
    let last = sandbox.read("CHANGELOG.md");
    assert_eq!(last.lines().count(), reworded.lines().count() + 1);
    assert!(last.contains("- Once more (") && last.contains("- It greets you ("), "{last}");
    // What is released is not called unreleased, and nothing is written through a link.
    sandbox.git(&["tag", "v1.1.0"]);
    shows!(
        sandbox,
        sandbox.fails(&["changelog", "v1.0.0..v1.1.0", "--write"], 2),
        str![[r#"
stderr: error: v1.1.0 is released, and only what is not is added to CHANGELOG.md
stderr: hint: print it: aifactory changelog v1.0.0..v1.1.0
exit 2

"#]]
    );
    fs::remove_file(sandbox.path("CHANGELOG.md")).unwrap();
    let elsewhere = sandbox.root().join("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, sandbox.path("CHANGELOG.md")).unwrap();
    shows!(
        sandbox,
        sandbox.fails(&["changelog", "v1.0.0", "--write"], 1),
        str![[r#"
stderr: error: $SANDBOX/repo/CHANGELOG.md is a link, which is not written through
exit 1

"#]]
    );
    assert!(!elsewhere.exists());
}

#[test]
fn without_a_tag_all_of_the_history_is_told_and_without_a_commit_there_is_none() {
    let sandbox = Sandbox::new();
    shows!(
        sandbox,
        sandbox.run(&["changelog", "--format", "github-release"]),
        str![[r#"
## What's changed

### Changed

* README.md ([HASH])

"#]]
    );
    let empty = Sandbox::empty().with_repository(&[]);
    empty.ok(&["init", "--yes"]);
    shows!(
        empty,
        empty.fails(&["changelog"], 3),
        str![[r#"
stderr: error: the branch main has no commit yet
stderr: hint: make the first commit: git commit --allow-empty -m "begin"
exit 3

"#]]
    );
}

#[test]
fn an_agent_turns_what_was_collected_into_words_for_users() {
    let play = Play::new();
    let sandbox = &play.sandbox;
    sandbox.git(&["tag", "v1.0.0"]);
    sandbox.says("fix: greet `<everybody>`\n");
    play.part("other", "printf '# Changelog\\n\\n## [Unreleased]\\n\\n- It greets everybody.\\n' > CHANGELOG.md");
    let id = sandbox.ok(&["new", "Write the changelog", "--role", "changelog"]).trim().to_owned();
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Write the changelog               claimed, on branch aifactory/ehdn0jyj9c-write-the-changelog
stderr: ehdn  Write the changelog               no agent plans it: a role carries it out alone
stderr: ehdn  Write the changelog               waiting  plan-approval: nobody has approved the plan yet
stderr: hint: aifactory plan show ehdn (or plan edit), then aifactory approve ehdn
exit 4

"#]]
    );
    sandbox.ok(&["approve", &id]);
    shows!(
        sandbox,
        sandbox.run(&["run", &id]),
        str![[r#"
stderr: ehdn  Write the changelog               claimed, on branch aifactory/ehdn0jyj9c-write-the-changelog
stderr: ehdn  Write the changelog               worktree $SANDBOX/home/state/aifactory/repo-[DIGEST]/ehdn0jyj9c
stderr: ehdn  Write the changelog               step 1/1  S1: Write the changelog
stderr: ehdn  Write the changelog               step S1 done in [HASH]
stderr: ehdn  Write the changelog               review
stderr: hint: look at it and merge it: aifactory review ehdn, aifactory merge ehdn

"#]]
    );
    assert_eq!(play.turns(), "other.1");
    let prompt = play.prompt("other.1");
    assert!(prompt.contains("### Fixed\n\n- Greet `<everybody>` ("), "{prompt}");
    sandbox.ok(&["merge", &id, "--unverified"]);
    assert_eq!(sandbox.read("CHANGELOG.md"), "# Changelog\n\n## [Unreleased]\n\n- It greets everybody.\n");
    // The change that tells is not told itself.
    assert_eq!(sandbox.ok(&["changelog", "--format", "list"]).lines().count(), 1);
    sandbox.assert_sound();
}
