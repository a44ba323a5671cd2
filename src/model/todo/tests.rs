use proptest::prelude::*;

use super::*;

const SLOPPY: &str = "\
 [x] no dash at all
# TODO

## Web front-end

- [ ] Fix the login (P2) #auth [needs-plan]
  - Note: see the log
  More words.

      indented

  * [>] Write a test
    1) [p] Even deeper <!-- aifactory:7kq2mabcde -->
+ [~] Ship it (after: write a TEST; Fix the login)
2. [?] See [the docs](https://x.org) and [text][ref], `a [b] c`, #42 and #fff
- no task
\t- [ ] not under an item
### Done
* [X] Old #auth, !p1
- [-] Dropped
- [ ] #auth

```
- [ ] code
```
<!-- - [ ] hidden
- [ ] hidden, too
-->
- [!] Odd
- [] Empty
- [a](link)
[1] a footnote
";

fn titles(todo: &Todo) -> Vec<&str> {
    todo.items.iter().map(|item| item.title.as_str()).collect()
}

/// The only item of a line.
fn item(line: &str) -> Item {
    let todo = parse_todo(line);
    assert_eq!(todo.items.len(), 1, "{todo:?}");
    todo.items[0].clone()
}

fn known(todo: &Todo) -> Vec<(String, Known)> {
    let known = |item: &Item| Known { key: item.key.clone(), title: item.title.clone(), line: item.line };
    todo.items.iter().map(|item| (format!("task at {}", item.line), known(item))).collect()
}

#[test]
fn sloppy_lists_are_read() {
    let todo = parse_todo(SLOPPY);
    assert_eq!(
        titles(&todo),
        [
            "no dash at all",
            "Fix the login",
            "Write a test",
            "Even deeper",
            "Ship it",
            "See [the docs](https://x.org) and [text][ref], `a [b] c`, #42 and #fff",
            "not under an item",
            "Old",
            "Dropped",
            "#auth",
            "Odd",
            "Empty",
        ]
    );
    let marks: String = todo.items.iter().map(|item| item.mark.char()).collect();
    assert_eq!(marks, "x >p~? x-   ");
    let parents: Vec<_> = todo.items.iter().map(|item| item.parent).collect();
    assert_eq!(parents[..7], [None, None, Some(1), Some(2), None, None, None]);
    assert_eq!(todo.warnings, [(29, "the mark `!` is not known; the item counts as open".to_owned())]);
}

#[test]
fn words_around_the_title_are_taken_out() {
    let todo = parse_todo(SLOPPY);
    let login = &todo.items[1];
    assert_eq!(login.labels, ["web-front-end", "auth", "needs-plan"]);
    assert_eq!(login.priority, Some(2));
    assert_eq!(login.notes, "see the log\nMore words.\n\n    indented");
    assert_eq!(todo.items[3].id.as_deref(), Some("7kq2mabcde"));
    assert_eq!(todo.items[4].after, [1, 2]);
    assert_eq!(todo.items[7].labels, ["web-front-end", "auth"], "a heading such as `Done` is no label");
    assert_eq!(todo.items[7].priority, Some(1));
}

#[test]
fn every_mark_is_its_own_character() {
    for mark in Mark::ALL {
        assert_eq!(Mark::from_char(mark.char()), Some(mark));
        assert_eq!(item(&format!("- [{}] a", mark.char())).mark, mark);
    }
    assert_eq!(item("- [P] a").mark, Mark::PlanApproved);
    assert_eq!(item("- [ x ] a").mark, Mark::Done);
    assert_eq!(item("- [x]a").title, "a");
}

#[test]
fn links_and_footnotes_are_no_items() {
    for line in ["- [x](url)", "[x]: url", "[1] note", "[] note", "- [ab] c", "-[ ] a", "[ ]"] {
        let found = parse_todo(line).items;
        assert_eq!(found, [], "{line}");
    }
}

#[test]
fn an_item_without_title_is_a_warning() {
    let todo = parse_todo("- [ ]\n- [ ] <!-- x -->");
    assert_eq!(todo.items, []);
    let message = "the item has no title".to_owned();
    assert_eq!(todo.warnings, [(1, message.clone()), (2, message)]);
}

#[test]
fn dependencies_are_found_by_title() {
    let todo = parse_todo("- [ ] A (b; c) #x\n- [ ] D (after: a  (B; C) [y]) #z\n- [ ] E (after: nothing; d; E)\n");
    assert_eq!(titles(&todo), ["A (b; c)", "D", "E"]);
    assert_eq!(todo.items[1].after, [0]);
    assert_eq!(todo.items[1].labels, ["z"]);
    assert_eq!(todo.items[2].after, [1]);
    let unknown = |title| (3, format!("no other item is called `{title}`"));
    assert_eq!(todo.warnings, [unknown("nothing"), unknown("E")]);
}

#[test]
fn a_copied_id_counts_once() {
    let todo = parse_todo("- [ ] a <!-- aifactory:7kq2mabcde -->\n- [ ] b <!--aifactory:7kq2mabcde-->\n");
    assert_eq!(todo.items[0].id.as_deref(), Some("7kq2mabcde"));
    assert_eq!(todo.items[1].id, None);
    assert_eq!(todo.warnings.len(), 1);
}

#[test]
fn what_is_never_closed_is_a_warning() {
    assert_eq!(parse_todo("a\n```\n- [ ] x\n").warnings, [(2, "the code block is never closed".to_owned())]);
    assert_eq!(parse_todo("<!-- a\n- [ ] x\n").warnings, [(1, "the comment is never closed".to_owned())]);
}

#[test]
fn the_same_title_twice_makes_two_keys() {
    let todo = parse_todo("- [ ] a\n- [ ] A\n- [ ] b\n  - [ ] a\n");
    let mut keys: Vec<_> = todo.items.iter().map(|item| item.key.clone()).collect();
    assert!(keys.iter().all(|key| key.len() == 16));
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4);
}

#[test]
fn writing_back_changes_marks_and_nothing_else() {
    let text = "\u{feff}# T\r\n- [ ] a\r\n\t* [X] b  \n [p] c\n- [] d\n- [✔️] e\n```\n- [ ] f\n```\n- [>] g";
    let marks: Vec<_> = [2, 3, 4, 5, 6, 8, 10, 99].map(|line| (line, Mark::Done)).into();
    let written = "\u{feff}# T\r\n- [x] a\r\n\t* [X] b  \n [x] c\n- [x] d\n- [x] e\n```\n- [ ] f\n```\n- [x] g";
    assert_eq!(write_back(text, &marks), written);
    assert_eq!(write_back(text, &[]), text);
    assert_eq!(write_back("- [ ] a", &[(1, Mark::Done), (1, Mark::Planning)]), "- [~] a");
}

#[test]
fn an_id_beats_a_key_and_a_key_beats_likeness() {
    let old = parse_todo("- [ ] one two three\n- [ ] four five six\n");
    let new = parse_todo("- [ ] one two three <!-- aifactory:7kq2mabcde -->\n- [ ] one two three\n- [ ] four five 6\n");
    let mut tasks = known(&old);
    tasks.push(("7kq2mabcde".to_owned(), Known { key: String::new(), title: "gone".to_owned(), line: 9 }));
    let matched = match_items(&new.items, &tasks);
    assert_eq!(matched, [Some("7kq2mabcde".to_owned()), Some("task at 1".to_owned()), Some("task at 2".to_owned())]);
}

#[test]
fn the_nearer_of_two_equally_like_titles_is_taken() {
    let old = parse_todo("- [ ] fix the red door\n- [ ] other\n- [ ] fix the blue door\n");
    let new = parse_todo("\n- [ ] brand new thing\n- [ ] fix the green door\n");
    assert_eq!(match_items(&new.items, &known(&old)), [None, Some("task at 3".to_owned())]);
}

#[test]
fn a_task_listed_twice_is_matched_once() {
    let todo = parse_todo("- [ ] a b c\n- [ ] a b c\n");
    let task = |line| ("t".to_owned(), Known { line, ..known(&todo)[0].1.clone() });
    assert_eq!(match_items(&todo.items, &[task(1), task(2)]), [Some("t".to_owned()), None]);
}

#[test]
fn reading_takes_linear_time() {
    let repeat = |text: &str| text.repeat(150_000 / text.len());
    for text in [
        repeat("- [ ] a\n"),
        repeat("- [!] a (after: b; c)\n"),
        format!("- [ ] a (after: {})", repeat("b;")),
        format!("- [ ] a {}", repeat("(after: ")),
        format!("- [ ] a {}", repeat("<!-- -->")),
        format!("- [ ] a {}", repeat("-->")),
        format!("- [ ] {}", (0..60_000).map(|n| format!("#t{n} ")).collect::<String>()),
        format!("- [ ] a\n{}x", " ".repeat(150_000)),
        format!("- [ ] a\n{}", repeat("  x\n\n")),
        (0..800).map(|depth| format!("{}- [ ] a\n", "  ".repeat(depth))).collect(),
    ] {
        let todo = parse_todo(&text);
        write_back(&text, &[(1, Mark::Done)]);
        assert_eq!(match_items(&todo.items, &known(&todo)).len(), todo.items.len());
    }
}

#[test]
fn ten_thousand_items_match_when_every_title_changed() {
    let text = |word: &str| (0..10_000).map(|n| format!("- [ ] the {word} {n}\n")).collect::<String>();
    let (old, new) = (parse_todo(&text("old")), parse_todo(&text("new")));
    let matched = match_items(&new.items, &known(&old));
    assert!(matched.iter().enumerate().all(|(n, task)| *task == Some(format!("task at {}", n + 1))));
}

/// Text made of the pieces that mean something, so that chance finds the combinations.
fn todo_like() -> impl Strategy<Value = String> {
    let pieces = [
        "- [ ] ",
        "* [x] ",
        "1. [?] ",
        "[p] ",
        "[",
        "]",
        "- ",
        "\n",
        "\n",
        "\n",
        "\r\n",
        "  ",
        "\t",
        "# h",
        "## todo",
        "a",
        "b c",
        "ä",
        "#t",
        "[l]",
        "(after: a)",
        "(after: ",
        ")",
        ";",
        "(P1)",
        "!p2",
        "```",
        "<!--",
        "-->",
        "<!-- aifactory:abcde -->",
        "`",
        "\u{feff}",
        "✔️",
        "Note: ",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..50).prop_map(|pieces| pieces.concat())
}

/// An item's indentation and its title's words, unique by a number.
fn lists() -> impl Strategy<Value = Vec<(usize, Vec<String>)>> {
    let words = proptest::collection::vec("[a-z]{2,6}", 3..7);
    proptest::collection::vec((0..4_usize, words), 1..30).prop_map(|items| {
        let numbered = |(n, (depth, words)): (usize, (usize, Vec<String>))| {
            (depth, words.into_iter().map(|word| format!("{word}{n}")).collect())
        };
        items.into_iter().enumerate().map(numbered).collect()
    })
}

fn list_text(items: &[(usize, Vec<String>)]) -> String {
    items.iter().map(|(depth, words)| format!("{}- [ ] {}\n", "  ".repeat(*depth), words.join(" "))).collect()
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in prop_oneof![any::<String>(), todo_like()]) {
        let todo = parse_todo(&text);
        for (index, item) in todo.items.iter().enumerate() {
            prop_assert!(item.parent.is_none_or(|parent| parent < index));
            prop_assert!(item.after.iter().all(|other| *other < todo.items.len() && *other != index));
            prop_assert!(!item.title.is_empty());
        }
    }

    #[test]
    fn an_unchanged_file_matches_completely(text in todo_like()) {
        let todo = parse_todo(&text);
        let tasks = known(&todo);
        let expected: Vec<_> = tasks.iter().map(|(id, _)| Some(id.clone())).collect();
        prop_assert_eq!(match_items(&todo.items, &tasks), expected);
    }

    #[test]
    fn marks_written_back_are_read_again(text in todo_like(), seed in any::<u64>()) {
        let todo = parse_todo(&text);
        let mark = |line: usize| Mark::ALL[(seed.wrapping_mul(line as u64 + 1) >> 32) as usize % 7];
        let marks: Vec<_> = todo.items.iter().map(|item| (item.line, mark(item.line))).collect();
        let written = parse_todo(&write_back(&text, &marks));
        prop_assert_eq!(titles(&written), titles(&todo));
        prop_assert!(written.items.iter().all(|item| item.mark == mark(item.line)));
    }

    #[test]
    fn moved_lines_still_match(
        (old, new) in lists().prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle())),
    ) {
        let (before, after) = (parse_todo(&list_text(&old)), parse_todo(&list_text(&new)));
        let matched = match_items(&after.items, &known(&before));
        for (item, task) in after.items.iter().zip(matched) {
            let same = before.items.iter().find(|old| old.title == item.title);
            prop_assert_eq!(task, same.map(|old| format!("task at {}", old.line)));
        }
    }

    #[test]
    fn one_changed_word_still_matches(list in lists(), which in any::<usize>(), word in any::<usize>()) {
        let before = parse_todo(&list_text(&list));
        let mut changed = list.clone();
        let words = &mut changed[which % list.len()].1;
        let word = word % words.len();
        words[word] = "changed".to_owned();
        let after = parse_todo(&list_text(&changed));
        let expected: Vec<_> = before.items.iter().map(|item| Some(format!("task at {}", item.line))).collect();
        prop_assert_eq!(match_items(&after.items, &known(&before)), expected);
    }
}
