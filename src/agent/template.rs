//! Strict templates: `{name}` is replaced, `{{` is a brace, anything else in braces is an error.

use crate::error::{Error, Result};

const NAMES: [&str; 5] = ["prompt", "prompt_file", "worktree", "task", "title"];

/// Replaces each placeholder by its value; values are never looked into.
pub fn fill(template: &str, values: &[(&str, &str)]) -> Result<String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let (brace, after) = rest[at..].split_at(1);
        if let Some(after) = after.strip_prefix(brace) {
            filled.push_str(brace);
            rest = after;
            continue;
        }
        let (name, after) = after.split_once('}').filter(|_| brace == "{").ok_or_else(|| unbalanced(template))?;
        let value = values.iter().find(|(known, _)| *known == name).ok_or_else(|| unknown(template, name))?;
        filled.push_str(value.1);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

pub fn check(template: &str) -> Result<()> {
    let values: Vec<(&str, &str)> = NAMES.iter().map(|name| (*name, "")).collect();
    fill(template, &values).map(drop)
}

fn unbalanced(template: &str) -> Error {
    Error::usage(format!("`{template}` has a brace without a partner")).hint("write {{ for a plain brace")
}

fn unknown(template: &str, name: &str) -> Error {
    Error::usage(format!("`{template}` asks for {{{name}}}, which is not one of {}", NAMES.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_and_not_looked_into() {
        let values = [("prompt", "{task} }{"), ("task", "t")];
        assert_eq!(fill("a{prompt}b {{x}} {task}", &values).unwrap(), "a{task} }{b {x} t");
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for wrong in ["{promt}", "{", "}", "{prompt", "a}b"] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
