//! `CHANGELOG.md` as people keep it: what is new goes below its heading for what is not released yet, and everything else
//! stays as it is, byte for byte.

use super::{Changelog, Entry, Group};
use crate::model::plan::fence::{Fence, heading};

/// Below the top of the repository.
pub const FILE_NAME: &str = "CHANGELOG.md";

const BEGINNING: &str = "# Changelog";
const UNRELEASED: &str = "## [Unreleased]";

/// The file with the entries that it does not name yet, and how many these are. An entry is known by its task or commit,
/// so that whoever rewords one, or moves it to a release, does not get it again.
pub fn add_to_file(text: &str, changelog: &Changelog) -> (String, usize) {
    let new: Vec<&Entry> = changelog.entries.iter().filter(|entry| !text.contains(&entry.key())).collect();
    if new.is_empty() {
        return (text.to_owned(), 0);
    }
    let mut file = Lines::of(text);
    if text.trim().is_empty() {
        file.splice(file.lines.len(), vec![BEGINNING.to_owned()]);
    }
    let begin = file.unreleased();
    for group in Group::ALL {
        let of_group = new.iter().filter(|entry| entry.group == group);
        let of_group: Vec<String> = of_group.map(|entry| entry.line("-").trim_end().to_owned()).collect();
        if !of_group.is_empty() {
            file.insert(begin, group, of_group);
        }
    }
    (file.lines.concat(), new.len())
}

/// A file whose lines are kept each with its own end.
struct Lines {
    lines: Vec<String>,
    /// That of most lines, and of those that are added.
    end: &'static str,
}

impl Lines {
    fn of(text: &str) -> Lines {
        let lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        let carriage = lines.iter().filter(|line| line.ends_with("\r\n")).count();
        let end = if carriage * 2 > lines.len() { "\r\n" } else { "\n" };
        Lines { lines, end }
    }

    /// The line with the heading for what is not released, made where there is none.
    fn unreleased(&mut self) -> usize {
        let sections = self.headings(0, 2);
        let is_it = |at: &usize| self.title(*at).trim_start_matches('[').to_lowercase().starts_with("unreleased");
        if let Some(at) = sections.iter().copied().find(is_it) {
            return at;
        }
        let at = sections.first().copied().unwrap_or_else(|| self.last_said(0, self.end_of(0)) + 1);
        let gap_before = at > 0 && !self.is_blank(at - 1);
        let mut new = vec![UNRELEASED.to_owned()];
        new.splice(0..0, gap_before.then(String::new));
        self.splice(at, new);
        at + usize::from(gap_before)
    }

    /// Puts lines at the end of a group's list in the section that begins there.
    fn insert(&mut self, begin: usize, group: Group, mut new: Vec<String>) {
        let end = self.end_of(begin);
        let groups: Vec<usize> = self.headings(begin, 3).into_iter().filter(|at| *at < end).collect();
        let is_it = |at: &usize| self.title(*at).eq_ignore_ascii_case(group.heading());
        let Some(place) = groups.iter().position(is_it) else {
            let at = self.last_said(begin, end) + 1;
            new.splice(0..0, [String::new(), format!("### {}", group.heading()), String::new()]);
            return self.splice(at, new);
        };
        let end = groups.get(place + 1).copied().unwrap_or(end);
        let last = self.last_said(groups[place], end);
        if last == groups[place] {
            new.insert(0, String::new());
        }
        self.splice(last + 1, new);
    }

    /// With a blank line after them.
    fn splice(&mut self, at: usize, mut new: Vec<String>) {
        if at < self.lines.len() && !self.is_blank(at) {
            new.push(String::new());
        }
        // What was the last line may have had no end.
        if let Some(before) = at.checked_sub(1).and_then(|at| self.lines.get_mut(at))
            && !before.ends_with('\n')
        {
            before.push_str(self.end);
        }
        self.lines.splice(at..at, new.into_iter().map(|line| line + self.end));
    }

    /// The last line in a part that is not blank; its heading where there is none.
    fn last_said(&self, begin: usize, end: usize) -> usize {
        (begin..end).rev().find(|at| !self.is_blank(*at)).unwrap_or(begin)
    }

    /// Where the section ends that begins there: at the next one, or at the links that end the file.
    fn end_of(&self, begin: usize) -> usize {
        let next = self.headings(begin + 1, 2).first().copied();
        let is_link = |line: &str| line.starts_with('[') && line.contains("]: ");
        let links = self.lines.iter().rev().take_while(|line| is_link(line) || line.trim().is_empty()).count();
        next.unwrap_or(self.lines.len()).min((self.lines.len() - links).max(begin + 1))
    }

    /// Lines from `begin` on that are headings of at least this rank: of a section, of a part. What stands in a fence is
    /// none.
    fn headings(&self, begin: usize, lowest: usize) -> Vec<usize> {
        let mut fence: Option<Fence<'_>> = None;
        let mut found = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            match fence {
                Some(open) if open.is_closed_by(line) => fence = None,
                Some(_) => {}
                None => fence = Fence::open(line),
            }
            let is_heading = heading(line).is_some_and(|(rank, _)| (2..=lowest).contains(&rank));
            if is_heading && fence.is_none() && at >= begin {
                found.push(at);
            }
        }
        found
    }

    fn title(&self, at: usize) -> &str {
        heading(&self.lines[at]).map_or("", |(_, title)| title)
    }

    fn is_blank(&self, at: usize) -> bool {
        self.lines[at].trim().is_empty()
    }
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

    #[test]
    fn a_fence_is_closed_by_its_own_mark_alone() {
        let one = changelog(&[(Group::Added, "One")]);
        let before = "# Log\n\n```\n~~~\n## Unreleased\n```\n\n## 1.0\n- x\n";
        let after = "# Log\n\n```\n~~~\n## Unreleased\n```\n\n## [Unreleased]\n\n### Added\n\n- One (baaaaaaaaa)\n\n## 1.0\n- x\n";
        assert_eq!(add_to_file(before, &one).0, after);
    }

    #[test]
    fn each_line_keeps_its_own_end_and_the_last_its_none() {
        let one = changelog(&[(Group::Added, "One")]);
        let added = "## [Unreleased]\n\n### Added\n\n- One (baaaaaaaaa)\n";
        let before = "# Log\r\n\n## 1.0\n- x\n- y";
        assert_eq!(add_to_file(before, &one).0, format!("# Log\r\n\n{added}\n## 1.0\n- x\n- y"));
        assert_eq!(add_to_file("# Log", &one).0, format!("# Log\n\n{added}"));
        assert_eq!(add_to_file("\n", &one).0, format!("\n# Changelog\n\n{added}"));
    }

    fn line() -> impl Strategy<Value = String> {
        let lines = [
            "",
            "# C",
            "## Unreleased",
            "## [1.0]",
            "### Added",
            "### Fixed",
            "- x",
            "```",
            "~~~",
            "````",
            "[a]: b",
            "text",
            "ä",
        ];
        let ends = proptest::sample::select(vec!["\n", "\n", "\r\n"]);
        (proptest::sample::select(lines.to_vec()), ends).prop_map(|(line, end)| format!("{line}{end}"))
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_the_second_time_changes_nothing(
            lines in proptest::collection::vec(line(), 0..20),
            is_whole in proptest::bool::ANY,
        ) {
            let whole = lines.concat();
            let before = if is_whole { whole.as_str() } else { whole.trim_end_matches(['\r', '\n']) };
            let new = changelog(&[(Group::Fixed, "One"), (Group::Added, "Two")]);
            let (after, added) = add_to_file(before, &new);
            prop_assert_eq!(added, 2);
            let mut rest = after.split_inclusive('\n');
            for line in before.split_inclusive('\n') {
                // The last line gets an end where something follows it.
                let is_it = |kept: &str| kept == line || (!line.ends_with('\n') && kept.trim_end() == line);
                prop_assert!(rest.any(is_it), "{line:?} is missing in {after:?}");
            }
            for line in ["- One (baaaaaaaaa)", "- Two (caaaaaaaaa)"] {
                prop_assert!(after.lines().any(|said| said == line), "{after:?}");
            }
            prop_assert_eq!(add_to_file(&after, &new), (after.clone(), 0));
        }
    }
}
