//! Strict templates: `{{name}}` for a value, `{{#if name}} … {{/if}}` for a part that is left out where the value is empty.
//!
//! A name that nobody knows is an error and not an empty text. Values are put in as they are and never looked at again.

use crate::error::{Error, Result};
use crate::model::text::{escape_line, find_nearest};
use std::collections::BTreeMap;

/// What the prompts of roles may speak of.
pub const VARIABLES: [&str; 22] = [
    "task",
    "title",
    "spec",
    "plan",
    "step",
    "files",
    "gates",
    "baseline",
    "diff",
    "evidence",
    "review",
    "handoffs",
    "memory",
    "notes",
    "feedback",
    "recap",
    "input",
    "assertions",
    "changelog",
    "root",
    "reach",
    "also",
];

#[derive(Debug, PartialEq, Eq)]
enum Part<'t> {
    Text(&'t str),
    Value(&'t str),
    /// A name, and what stands there if it says something.
    If(&'t str, Vec<Part<'t>>),
}

/// The parts read so far of a block, with the name and place of its beginning; the whole template has neither.
struct Block<'t> {
    begin: Option<(&'t str, usize)>,
    parts: Vec<Part<'t>>,
}

/// Fills a template. `place` says where it comes from, for errors.
pub fn render(template: &str, place: &str, values: &BTreeMap<&str, String>) -> Result<String> {
    let parts = parse(template, place, &|name| values.contains_key(name), &values.keys().copied().collect::<Vec<_>>())?;
    let mut text = String::new();
    write(&parts, values, &mut text);
    Ok(text)
}

/// Whether a template can be filled with these names.
pub fn check(template: &str, place: &str, known: &[&str]) -> Result<()> {
    parse(template, place, &|name| known.contains(&name), known).map(drop)
}

/// Whether a template speaks of a value.
pub fn speaks_of(template: &str, name: &str) -> bool {
    fn in_parts(parts: &[Part<'_>], name: &str) -> bool {
        parts.iter().any(|part| match part {
            Part::Text(_) => false,
            Part::Value(value) => *value == name,
            Part::If(value, inner) => *value == name || in_parts(inner, name),
        })
    }
    parse(template, "", &|_| true, &[]).is_ok_and(|parts| in_parts(&parts, name))
}

fn write(parts: &[Part<'_>], values: &BTreeMap<&str, String>, text: &mut String) {
    for part in parts {
        match part {
            Part::Text(plain) => text.push_str(plain),
            Part::Value(name) => text.push_str(values.get(name).map_or("", String::as_str)),
            Part::If(name, inner) if values.get(name).is_some_and(|value| !value.trim().is_empty()) => {
                write(inner, values, text);
            }
            Part::If(..) => {}
        }
    }
}

fn parse<'t>(template: &'t str, place: &str, is_known: &dyn Fn(&str) -> bool, known: &[&str]) -> Result<Vec<Part<'t>>> {
    let line_of = |at: usize| template[..at].matches('\n').count() + 1;
    let wrong = |at: usize, what: String| Error::failed(format!("{place}:{}: {what}", line_of(at)));
    // The outermost first.
    let mut open = vec![Block { begin: None, parts: Vec::new() }];
    let mut at = 0;
    while let Some(begin) = template[at..].find("{{").map(|offset| at + offset) {
        push(&mut open, Part::Text(&template[at..begin]));
        let Some(end) = template[begin..].find("}}").map(|offset| begin + offset) else {
            return Err(wrong(begin, "`{{` is not closed".to_owned()));
        };
        let tag = template[begin + 2..end].trim();
        at = end + 2;
        let require = |name: &str| match is_known(name) {
            true => Ok(()),
            false => Err(unknown(wrong(begin, format!("nothing is called `{}` here", escape_line(name))), name, known)),
        };
        if let Some(name) = tag.strip_prefix("#if ").map(str::trim) {
            require(name)?;
            open.push(Block { begin: Some((name, begin)), parts: Vec::new() });
            at += line_end(template, begin, at);
        } else if tag == "/if" {
            let block = open.pop().filter(|_| !open.is_empty());
            let Some(Block { begin: Some((name, _)), parts }) = block else {
                return Err(wrong(begin, "`{{/if}}` without a beginning".to_owned()));
            };
            push(&mut open, Part::If(name, parts));
            at += line_end(template, begin, at);
        } else {
            require(tag)?;
            push(&mut open, Part::Value(tag));
        }
    }
    push(&mut open, Part::Text(&template[at..]));
    match open.pop() {
        Some(Block { begin: None, parts }) => Ok(parts),
        Some(Block { begin: Some((name, begin)), .. }) => Err(wrong(begin, format!("`{{{{#if {name}}}}}` has no end"))),
        None => Ok(Vec::new()),
    }
}

fn push<'t>(open: &mut [Block<'t>], part: Part<'t>) {
    if let Some(block) = open.last_mut().filter(|_| part != Part::Text("")) {
        block.parts.push(part);
    }
}

/// A tag of a block that stands alone on its line takes the line with it.
fn line_end(template: &str, begin: usize, end: usize) -> usize {
    let begins_line = begin == 0 || template[..begin].ends_with('\n');
    usize::from(begins_line && template[end..].starts_with('\n'))
}

fn unknown(error: Error, name: &str, known: &[&str]) -> Error {
    match find_nearest(name, known.iter().copied()) {
        Some(near) => error.hint(format!("perhaps {{{{{near}}}}}")),
        None => error.hint(format!("what there is: {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(template: &str) -> String {
        let values =
            BTreeMap::from([("title", "{{spec}} & co".to_owned()), ("spec", String::new()), ("plan", "p".to_owned())]);
        match render(template, "coder.md", &values) {
            Ok(text) => text,
            Err(error) => format!("{error} | {}", error.hints().join(" | ")),
        }
    }

    #[test]
    fn values_are_put_in_and_never_read_again() {
        assert_eq!(filled("a {{title}} b {{ plan }}"), "a {{spec}} & co b p");
        assert_eq!(filled("{ {not a tag} }"), "{ {not a tag} }");
    }

    #[test]
    fn parts_without_a_value_are_left_out_with_their_lines() {
        assert_eq!(
            filled(
                "a\n{{#if spec}}\nspec: {{spec}}\n{{/if}}\nb\n{{#if plan}}\n{{plan}}{{#if title}}!{{/if}}\n{{/if}}\n"
            ),
            "a\nb\np!\n"
        );
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        assert_eq!(filled("x\n{{spek}}"), "coder.md:2: nothing is called `spek` here | perhaps {{spec}}");
        assert_eq!(
            filled("{{nonsense}}"),
            "coder.md:1: nothing is called `nonsense` here | what there is: plan, spec, title"
        );
        assert_eq!(filled("{{#if plan}} x"), "coder.md:1: `{{#if plan}}` has no end | ");
        assert_eq!(filled("{{/if}}"), "coder.md:1: `{{/if}}` without a beginning | ");
        assert_eq!(filled("a {{title"), "coder.md:1: `{{` is not closed | ");
    }

    #[test]
    fn what_a_template_speaks_of_is_known_before_it_is_filled() {
        for (template, speaks) in [
            ("a {{ plan }}", true),
            ("{{#if plan}} x {{/if}}", true),
            ("{{#if spec}} {{plan}} {{/if}}", true),
            ("plan {{spec}}", false),
            ("{{plan", false),
        ] {
            assert_eq!(speaks_of(template, "plan"), speaks, "{template}");
        }
    }

    /// Text made of the pieces that mean something, so that chance finds the combinations.
    fn template_like() -> impl Strategy<Value = String> {
        let pieces = [
            "{{",
            "}}",
            "{",
            "}",
            "#if ",
            "/if",
            "plan",
            "spec",
            " ",
            "\n",
            "x",
            "ä",
            "{{plan}}",
            "{{#if plan}}",
            "{{/if}}",
        ];
        proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_template_is_filled_or_refused_and_check_agrees(template in template_like()) {
            let values = BTreeMap::from([("plan", "p".to_owned()), ("spec", String::new())]);
            let filled = render(&template, "x", &values);
            prop_assert_eq!(filled.is_ok(), check(&template, "x", &["plan", "spec"]).is_ok());
            if !template.contains("{{") {
                prop_assert_eq!(filled.unwrap(), template);
            }
        }

        #[test]
        fn a_value_arrives_as_it_is(value in prop_oneof![any::<String>(), template_like()]) {
            let values = BTreeMap::from([("plan", value.clone())]);
            prop_assert_eq!(render("<{{plan}}>", "x", &values).unwrap(), format!("<{value}>"));
            let shown = if value.trim().is_empty() { String::new() } else { value };
            prop_assert_eq!(render("<{{#if plan}}{{plan}}{{/if}}>", "x", &values).unwrap(), format!("<{shown}>"));
        }
    }
}
