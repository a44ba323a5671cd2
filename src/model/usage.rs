//! What agents say they used. A number that nobody reported is unknown and never zero.

use serde::{Deserialize, Serialize};

/// Tokens and money of one or several model calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read, without those that came out of a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens read out of the service's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// In millionths of a US dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
}

impl Usage {
    pub fn is_unknown(&self) -> bool {
        *self == Usage::default()
    }

    /// All tokens, as far as they are known.
    pub fn tokens(&self) -> Option<u64> {
        let known = [self.input_tokens, self.cached_tokens, self.output_tokens];
        known.iter().flatten().copied().reduce(u64::saturating_add)
    }

    /// Both together. What one side does not know stays as the other has it: the sum is then a lower bound.
    #[must_use]
    pub fn plus(&self, other: &Usage) -> Usage {
        self.with(other, |a, b| match (a, b) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
        })
    }

    /// What came on top of `earlier`, where both are totals of the same conversation.
    #[must_use]
    pub fn since(&self, earlier: &Usage) -> Usage {
        self.with(earlier, |now, then| now.map(|now| now.saturating_sub(then.unwrap_or(0))))
    }

    /// These numbers where they are known, the others elsewhere.
    #[must_use]
    pub fn or(&self, other: &Usage) -> Usage {
        self.with(other, Option::or)
    }

    fn with(&self, other: &Usage, join: impl Fn(Option<u64>, Option<u64>) -> Option<u64>) -> Usage {
        Usage {
            input_tokens: join(self.input_tokens, other.input_tokens),
            cached_tokens: join(self.cached_tokens, other.cached_tokens),
            output_tokens: join(self.output_tokens, other.output_tokens),
            cost_micros: join(self.cost_micros, other.cost_micros),
        }
    }
}

/// Dollars as agents report them, in millionths. Nonsense is unknown.
pub fn micros_of_dollars(dollars: f64) -> Option<u64> {
    let micros = (dollars * 1e6).round();
    (micros.is_finite() && (0.0..1e15).contains(&micros)).then_some(micros as u64)
}

/// `$0.0123`: four digits below a dollar, two above.
pub fn dollars(micros: u64) -> String {
    match micros {
        0..1_000_000 => format!("${:.4}", micros as f64 / 1e6),
        _ => format!("${:.2}", micros as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: Option<u64>, cost: Option<u64>) -> Usage {
        Usage { input_tokens: input, cost_micros: cost, ..Usage::default() }
    }

    #[test]
    fn unknown_stays_unknown_and_is_never_zero() {
        assert_eq!(usage(Some(3), None).plus(&usage(Some(4), None)), usage(Some(7), None));
        assert_eq!(usage(None, None).plus(&usage(Some(4), Some(1))), usage(Some(4), Some(1)));
        assert_eq!(usage(Some(9), None).since(&usage(Some(4), Some(1))), usage(Some(5), None));
        assert!(Usage::default().tokens().is_none());
    }

    #[test]
    fn money_is_read_and_written_in_dollars() {
        assert_eq!(micros_of_dollars(0.011279999999999998), Some(11_280));
        assert_eq!(micros_of_dollars(f64::NAN), None);
        assert_eq!(micros_of_dollars(-1.0), None);
        assert_eq!((dollars(11_280), dollars(12_345_678)), ("$0.0113".to_owned(), "$12.35".to_owned()));
    }
}
