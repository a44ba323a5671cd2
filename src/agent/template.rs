//! Strict templates: `{name}` is replaced, `{{` is a brace, anything else in braces is an error.

use crate::error::{Error, Result};

const NAMES: [&str; 9] =
    ["prompt", "prompt_file", "worktree", "task", "title", "model", "effort", "session", "endpoint"];

pub struct Values<'a> {
    pub known: Vec<(&'a str, &'a str)>,
    /// The value of `{env:NAME}`.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

/// Replaces each placeholder by its value; values are never looked into.
pub fn fill(template: &str, values: &Values<'_>) -> Result<String> {
    replace(template, |name| match name.strip_prefix("env:") {
        Some(variable) => (values.variable)(variable).ok_or_else(|| {
            Error::usage(format!("`{template}` needs the variable {variable}, which is not set"))
                .hint(format!("export {variable}=…"))
        }),
        None => {
            let value = values.known.iter().find(|(known, _)| *known == name);
            value.map(|(_, value)| (*value).to_owned()).ok_or_else(|| unknown(template, name))
        }
    })
}

pub fn check(template: &str) -> Result<()> {
    let known = |name: &str| name.starts_with("env:") || NAMES.contains(&name);
    replace(template, |name| if known(name) { Ok(String::new()) } else { Err(unknown(template, name)) }).map(drop)
}

fn replace(template: &str, value_of: impl Fn(&str) -> Result<String>) -> Result<String> {
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
        filled.push_str(&value_of(name)?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn unbalanced(template: &str) -> Error {
    Error::usage(format!("`{template}` has a brace without a partner")).hint("write {{ for a plain brace")
}

fn unknown(template: &str, name: &str) -> Error {
    let what = match NAMES.contains(&name) {
        true => format!("`{template}` asks for {{{name}}}, which nobody set"),
        false => format!("`{template}` asks for {{{name}}}, which is not one of {}, env:NAME", NAMES.join(", ")),
    };
    Error::usage(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_and_not_looked_into() {
        let values = Values { known: vec![("prompt", "{task} }{"), ("task", "t")], variable: &|_| None };
        assert_eq!(fill("a{prompt}b {{x}} {task}", &values).unwrap(), "a{task} }{b {x} t");
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for wrong in ["{promt}", "{", "}", "{prompt", "a}b"] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
