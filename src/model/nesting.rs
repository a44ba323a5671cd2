//! TOML from anybody, read without running out of stack.
//!
//! The `toml` crate bounds how deep values nest, but loses count where brackets do not match (1.2: each `[]` where a key
//! should be counts as one level less). `{[]a=` over and over then recurses once per five bytes, which ends the process
//! and cannot be caught. So the brackets are looked at first, by the crate's own lexer: what matches is never parsed
//! deeper than it is nested, and what does not match is no TOML.

use serde::de::{DeserializeOwned, Error as _};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// What the `toml` crate allows itself.
const DEEPEST: usize = 80;

/// `toml::from_str`, for text that somebody else may have written.
pub fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, toml::de::Error> {
    check_nesting(text).map_err(toml::de::Error::custom)?;
    #[allow(clippy::disallowed_methods, reason = "the brackets were looked at")]
    toml::from_str(text)
}

/// Whether a TOML parser may be let at this text; otherwise why not.
fn check_nesting(text: &str) -> Result<(), String> {
    let mut open = Vec::new();
    for token in Source::new(text).lex() {
        let opening = match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => {
                open.push(token.kind());
                if open.len() > DEEPEST {
                    return Err(format!("line {}: brackets are nested too deep", line_of(text, token.span().start())));
                }
                continue;
            }
            TokenKind::RightSquareBracket => TokenKind::LeftSquareBracket,
            TokenKind::RightCurlyBracket => TokenKind::LeftCurlyBracket,
            _ => continue,
        };
        if open.pop() != Some(opening) {
            return Err(format!("line {}: a bracket closes nothing", line_of(text, token.span().start())));
        }
    }
    Ok(())
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        from_toml::<toml::Table>(text).unwrap_err().to_string().trim().to_owned()
    }

    #[test]
    fn text_that_would_use_up_the_stack_is_an_error() {
        for unit in ["{[]a=", "{[][]a=[}}", "[", "{a=", "[{a=", "{ [ } ", "[}", "{]", "{[]a=[[],"] {
            for rounds in [1_000, 200_000] {
                let text = unit.repeat(rounds);
                assert!(!said(&format!("a={text}")).is_empty(), "{unit}");
                assert!(!said(&text).is_empty(), "{unit}");
            }
        }
        assert_eq!(said(&format!("\n\na={}", "[".repeat(81))), "line 3: brackets are nested too deep");
        assert_eq!(said("a = [1,\n2}"), "line 2: a bracket closes nothing");
    }

    #[test]
    fn brackets_in_texts_and_comments_are_no_brackets() {
        let text = "# ]}\na = \"]\\\"}\" # [\nb = '}'\nc = \"\"\"\n]]\"}\"\"\"\nd = '''\n}'}'''\n[[x]] # }\ny = [{z = [1, [2]]}, {}]\n";
        let table: toml::Table = from_toml(text).unwrap();
        assert_eq!(table.len(), 5);
        let deepest = format!("a = {}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        assert!(from_toml::<toml::Table>(&deepest).is_ok());
    }

    #[test]
    fn keys_nest_no_deeper_than_the_crate_allows() {
        for text in ["a.".repeat(30_000) + "b = 1", format!("[{}b]\n", "a.".repeat(30_000)), "[[a]]\n".repeat(10_000)] {
            let _ = from_toml::<toml::Table>(&text);
        }
        let growing: String = (1..300).map(|depth| format!("[{}]\n", vec!["a"; depth].join("."))).collect();
        let _ = from_toml::<toml::Table>(&growing);
    }
}
