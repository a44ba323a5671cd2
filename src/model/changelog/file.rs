//! `CHANGELOG.md` as people keep it: what is new goes below its heading for what is not released yet, and everything else
//! stays as it is, byte for byte.

use super::{Changelog, Entry, Group};

/// Below the top of the repository.
pub const FILE_NAME: &str = "CHANGELOG.md";

const BEGINNING: &str = "# Changelog\n";
const UNRELEASED: &str = "## [Unreleased]";

/// The file with the entries that it does not name yet, and how many these are. An entry is known by its task or commit,
/// so that whoever rewords one, or moves it to a release, does not get it again.
pub fn add_to_file(text: &str, changelog: &Changelog) -> (String, usize) {
    let new: Vec<&Entry> = changelog.entries.iter().filter(|entry| !text.contains(&entry.key())).collect();
    if new.is_empty() {
        return (text.to_owned(), 0);
    }
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.iter().all(|line| line.trim().is_empty()) {
        lines = vec![BEGINNING.trim_end().to_owned()];
    }
    let begin = unreleased(&mut lines);
    for group in Group::ALL {
        let of_group: Vec<String> = new
            .iter()
            .filter(|entry| entry.group == group)
            .map(|entry| entry.line("-").trim_end().to_owned())
            .collect();
        if !of_group.is_empty() {
            insert(&mut lines, begin, group, of_group);
        }
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    (lines.iter().map(|line| format!("{line}{end}")).collect(), new.len())
}

/// The line with the heading for what is not released, made where there is none.
fn unreleased(lines: &mut Vec<String>) -> usize {
    let sections = headings(lines, 0, 2);
    let is_it = |at: &usize| {
        let title = lines[*at].trim_start_matches('#').trim().trim_start_matches('[').to_lowercase();
        title.starts_with("unreleased")
    };
    if let Some(at) = sections.iter().copied().find(is_it) {
        return at;
    }
    let at = sections.first().copied().unwrap_or_else(|| last_said(lines, 0, end_of(lines, 0)) + 1);
    let gap_before = at > 0 && !lines[at - 1].trim().is_empty();
    let mut new = vec![UNRELEASED.to_owned()];
    new.splice(0..0, gap_before.then(String::new));
    splice(lines, at, new);
    at + usize::from(gap_before)
}

/// Puts lines at the end of a group's list in the section that begins there.
fn insert(lines: &mut Vec<String>, begin: usize, group: Group, mut new: Vec<String>) {
    let end = end_of(lines, begin);
    let groups: Vec<usize> = headings(lines, begin, 3).into_iter().filter(|at| *at < end).collect();
    let is_it = |at: &usize| lines[*at].trim_start_matches('#').trim().eq_ignore_ascii_case(group.heading());
    let Some(place) = groups.iter().position(is_it) else {
        let at = last_said(lines, begin, end) + 1;
        new.splice(0..0, [String::new(), format!("### {}", group.heading()), String::new()]);
        return splice(lines, at, new);
    };
    let end = groups.get(place + 1).copied().unwrap_or(end);
    let last = last_said(lines, groups[place], end);
    if last == groups[place] {
        new.insert(0, String::new());
    }
    splice(lines, last + 1, new);
}

/// With a blank line after them.
fn splice(lines: &mut Vec<String>, at: usize, mut new: Vec<String>) {
    new.extend(lines.get(at).filter(|line| !line.trim().is_empty()).map(|_| String::new()));
    lines.splice(at..at, new);
}

/// The last line in a part that is not blank; its heading where there is none.
fn last_said(lines: &[String], begin: usize, end: usize) -> usize {
    (begin..end).rev().find(|at| !lines[*at].trim().is_empty()).unwrap_or(begin)
}

/// Where the section ends that begins there: at the next one, or at the links that end the file.
fn end_of(lines: &[String], begin: usize) -> usize {
    let next = headings(lines, begin + 1, 2).first().copied();
    let is_link = |line: &String| line.starts_with('[') && line.contains("]: ");
    let links = lines.iter().rev().take_while(|line| is_link(line) || line.trim().is_empty()).count();
    next.unwrap_or(lines.len()).min((lines.len() - links).max(begin + 1))
}

/// Lines from `begin` on that are headings of at least this rank: of the whole file, of a section, of a part. What stands
/// in a fence is none.
fn headings(lines: &[String], begin: usize, lowest: usize) -> Vec<usize> {
    let mut in_fence = false;
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("```") || line.starts_with("~~~") {
            in_fence = !in_fence;
        }
        let rank = line.bytes().take_while(|byte| *byte == b'#').count();
        let is_heading = (2..=lowest).contains(&rank) && line[rank..].starts_with(' ');
        if is_heading && !in_fence && at >= begin {
            found.push(at);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TaskId;
    use crate::model::changelog::Revision;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn changelog(entries: &[(Group, &str)]) -> Changelog {
        let entry = |(at, (group, text)): (usize, &(Group, &str))| Entry {
            group: *group,
            text: (*text).to_owned(),
            breaking: false,
            because: String::new(),
            task: TaskId::parse(&format!("{}aaaaaaaaa", char::from(b'b' + at as u8))),
            commits: vec!["1".repeat(40)],
            authors: BTreeSet::new(),
        };
        Changelog {
            from: None,
            to: Revision { name: "main".into(), commit: String::new(), is_tag: false },
            at: None,
            entries: entries.iter().enumerate().map(entry).collect(),
            is_cut: false,
        }
    }

    #[test]
    fn a_file_begins_where_there_is_none() {
        let (text, added) = add_to_file("", &changelog(&[(Group::Fixed, "One"), (Group::Added, "Two")]));
        let expected = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Two (caaaaaaaaa)\n\n\
                        ### Fixed\n\n- One (baaaaaaaaa)\n";
        assert_eq!((text.as_str(), added), (expected, 2));
    }

    #[test]
    fn what_is_there_stays_and_what_is_known_is_not_said_again() {
        let before = "# Changelog\n\nIntro.\n\n## Unreleased\n\nIn short.\n\n### Fixed\n\n- Old thing\n\n### Notes\n\nx\n\n\
                      ## 1.0\n\n- Reworded (caaaaaaaaa)\n\n[1.0]: https://example.com\n";
        let new = changelog(&[(Group::Fixed, "One"), (Group::Added, "Known"), (Group::Security, "Safe")]);
        let (text, added) = add_to_file(before, &new);
        let expected = "# Changelog\n\nIntro.\n\n## Unreleased\n\nIn short.\n\n### Fixed\n\n- Old thing\n\
                        - One (baaaaaaaaa)\n\n### Notes\n\nx\n\n### Security\n\n- Safe (daaaaaaaaa)\n\n\
                        ## 1.0\n\n- Reworded (caaaaaaaaa)\n\n[1.0]: https://example.com\n";
        assert_eq!((text.as_str(), added), (expected, 2));
    }

    #[test]
    fn a_section_is_made_before_the_first_and_links_stay_last() {
        let one = changelog(&[(Group::Added, "One")]);
        let added = "## [Unreleased]\n\n### Added\n\n- One (baaaaaaaaa)\n";
        let before = "# Log\n```\n## Unreleased\n```\n## 1.0\n- x\n";
        let after = format!("# Log\n```\n## Unreleased\n```\n\n{added}\n## 1.0\n- x\n");
        assert_eq!(add_to_file(before, &one).0, after);
        let links = "# Log\n\n[a]: b\n";
        assert_eq!(add_to_file(links, &one).0, format!("# Log\n\n{added}\n[a]: b\n"));
        assert_eq!(add_to_file("# Log\r\n", &one).0, format!("# Log\n\n{added}").replace('\n', "\r\n"));
    }

    fn line() -> impl Strategy<Value = String> {
        let lines =
            ["", "# C", "## Unreleased", "## [1.0]", "### Added", "### Fixed", "- x", "```", "[a]: b", "text", "ä"];
        proptest::sample::select(lines.map(str::to_owned).to_vec())
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_the_second_time_changes_nothing(lines in proptest::collection::vec(line(), 0..20)) {
            let before: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let new = changelog(&[(Group::Fixed, "One"), (Group::Added, "Two")]);
            let (after, added) = add_to_file(&before, &new);
            prop_assert_eq!(added, 2);
            let mut rest = after.lines();
            for line in lines.iter().filter(|line| !line.is_empty()) {
                prop_assert!(rest.any(|kept| kept == line), "{line} is missing in {after}");
            }
            prop_assert!(after.contains("- One (baaaaaaaaa)\n") && after.contains("- Two (caaaaaaaaa)\n"));
            prop_assert_eq!(add_to_file(&after, &new), (after.clone(), 0));
        }
    }
}
