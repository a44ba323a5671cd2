//! When a log-in ends, as far as it says so itself. Files of other programs are untrusted and may say anything.

use crate::model::Timestamp;
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    pub at: Timestamp,
    /// The agent gets itself a new one.
    pub renews: bool,
}

/// Names under which programs keep the end of a log-in: in milliseconds or seconds, or as a date.
const ENDS: [&str; 6] = ["expiresAt", "expires_at", "expiry_date", "expires", "expiry", "expiration"];
const TOKENS: [&str; 5] = ["access_token", "accessToken", "access", "id_token", "token"];
const RENEWALS: [&str; 3] = ["refresh_token", "refreshToken", "refresh"];
/// Files of this kind are flat.
const DEEPEST: usize = 4;

/// The latest end of a log-in in a program's own JSON file.
pub fn expiry_in(text: &str) -> Option<Expiry> {
    let value: Value = serde_json::from_str(text).ok()?;
    in_value(&value, DEEPEST)
}

fn in_value(value: &Value, depth: usize) -> Option<Expiry> {
    let table = value.as_object().filter(|_| depth > 0)?;
    let text = |name: &str| table.get(name)?.as_str().filter(|text| !text.is_empty());
    let renews = RENEWALS.iter().any(|name| text(name).is_some());
    let said = ENDS.iter().find_map(|name| in_time(table.get(*name)?));
    let signed = || TOKENS.iter().find_map(|name| of_token(text(name)?)).map(|expiry| expiry.at);
    let here = said.or_else(signed).map(|at| Expiry { at, renews });
    let below = table.values().filter_map(|value| in_value(value, depth - 1));
    here.into_iter().chain(below).max_by_key(|expiry| expiry.at)
}

fn in_time(value: &Value) -> Option<Timestamp> {
    /// In the year 5138 as seconds, in 1973 as milliseconds.
    const MOST_SECONDS: u64 = 100_000_000_000;
    match value {
        Value::String(text) => Timestamp::parse(text),
        Value::Number(number) => {
            let number = number.as_u64().or_else(|| number.as_f64().map(|number| number as u64)).filter(|n| *n > 0)?;
            Some(Timestamp::from_millis(if number < MOST_SECONDS { number * 1000 } else { number }))
        }
        _ => None,
    }
}

/// The end that a JSON web token carries in itself.
pub fn of_token(token: &str) -> Option<Expiry> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims: Value = serde_json::from_slice(&from_base64(claims)?).ok()?;
    let at = claims.get("exp")?.as_u64()?.checked_mul(1000)?;
    Some(Expiry { at: Timestamp::from_millis(at), renews: false })
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(digit)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"exp":1800000000}`
    const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE4MDAwMDAwMDB9.x";

    #[test]
    fn the_end_of_a_login_is_read_out_of_the_files_of_several_programs() {
        let ends = |text: &str| expiry_in(text).map(|expiry| (expiry.at.seconds(), expiry.renews));
        for (text, wanted) in [
            (
                r#"{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":1800000000123}}"#.to_owned(),
                Some((1_800_000_000, true)),
            ),
            (
                format!(r#"{{"OPENAI_API_KEY":null,"tokens":{{"access_token":"{TOKEN}","refresh_token":"r"}}}}"#),
                Some((1_800_000_000, true)),
            ),
            (r#"{"access_token":"ya29","expiry_date":1800000000000}"#.to_owned(), Some((1_800_000_000, false))),
            (
                r#"{"a":{"type":"oauth","expires":1},"b":{"expires_at":"2027-01-15T08:00:00Z","refresh":""}}"#
                    .to_owned(),
                Some((1_800_000_000, false)),
            ),
            (r#"{"tokens":{"access_token":"a.b.c"}}"#.to_owned(), None),
            ("[]".to_owned(), None),
            ("no json".to_owned(), None),
        ] {
            assert_eq!(ends(&text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_token_has_no_end() {
        assert_eq!(of_token(TOKEN).unwrap().at.seconds(), 1_800_000_000);
        for text in ["", "a.b", "sk-ant-x", "a.!.c", "e.eyJleHAiOi0xfQ.x"] {
            assert_eq!(of_token(text), None, "{text}");
        }
    }
}
