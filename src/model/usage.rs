//! What agents say they used. A number that nobody reported is unknown and never zero.

use super::run::RunRecord;
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

/// What several runs used together. Whatever was not reported is counted, and never added as zero: then the sums are
/// lower bounds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub runs: u64,
    /// Of these, runs that have not ended. Nothing of them is in the sums.
    pub running: u64,
    /// Runs that ended, of agents that use no model: they cost nothing, and nothing about them is unknown.
    pub without_model: u64,
    /// Runs that ended and did not say all they used, ...
    pub unknown: u64,
    /// ... those of them that said nothing about tokens, ...
    pub unknown_tokens: u64,
    /// ... and those that said nothing about money.
    pub unknown_cost: u64,
    /// From start to end, of each run.
    pub millis: u64,
    pub usage: Usage,
}

impl Tally {
    pub fn of(run: &RunRecord) -> Tally {
        let Some(ended) = run.ended else {
            return Tally { runs: 1, running: 1, ..Tally::default() };
        };
        let (no_tokens, no_cost) = (run.usage.tokens().is_none(), run.usage.cost_micros.is_none());
        Tally {
            runs: 1,
            unknown: u64::from(no_tokens || no_cost),
            unknown_tokens: u64::from(no_tokens),
            unknown_cost: u64::from(no_cost),
            millis: ended.since(run.started).as_millis() as u64,
            usage: run.usage.clone(),
            ..Tally::default()
        }
    }

    /// The same runs, where it is known that no model had a part in them.
    #[must_use]
    pub fn of_no_model(self) -> Tally {
        let without_model = self.runs.saturating_sub(self.running);
        Tally { without_model, unknown: 0, unknown_tokens: 0, unknown_cost: 0, ..self }
    }

    #[must_use]
    pub fn plus(&self, other: &Tally) -> Tally {
        Tally {
            runs: self.runs.saturating_add(other.runs),
            running: self.running.saturating_add(other.running),
            without_model: self.without_model.saturating_add(other.without_model),
            unknown: self.unknown.saturating_add(other.unknown),
            unknown_tokens: self.unknown_tokens.saturating_add(other.unknown_tokens),
            unknown_cost: self.unknown_cost.saturating_add(other.unknown_cost),
            millis: self.millis.saturating_add(other.millis),
            usage: self.usage.plus(&other.usage),
        }
    }

    /// Runs of models that ended: those that could say what they used.
    pub fn with_model(&self) -> u64 {
        self.runs.saturating_sub(self.running).saturating_sub(self.without_model)
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
        0 => "$0.00".to_owned(),
        1..50 => "<$0.0001".to_owned(),
        50..1_000_000 => format!("${:.4}", micros as f64 / 1e6),
        _ => format!("${:.2}", micros as f64 / 1e6),
    }
}

/// `950`, `12.3k`, `1.2M`: one digit behind the point, cut off rather than rounded up to what was not used.
pub fn tokens_text(tokens: u64) -> String {
    let units = [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    match units.iter().find(|(size, _)| tokens >= *size) {
        Some((size, name)) => format!("{}.{}{name}", tokens / size, tokens % size * 10 / size),
        None => tokens.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    #[test]
    fn tokens_are_written_short() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1.0k"),
            (12_345, "12.3k"),
            (999_999, "999.9k"),
            (1_250_000, "1.2M"),
            (u64::MAX, "18446744.0T"),
        ];
        for (tokens, text) in cases {
            assert_eq!(tokens_text(tokens), text);
        }
        assert_eq!((dollars(0), dollars(3)), ("$0.00".to_owned(), "<$0.0001".to_owned()));
    }

    /// One run, as far as a tally looks at it.
    fn any_tally() -> impl Strategy<Value = Tally> {
        let number = || prop::option::of(0..1u64 << 40);
        (number(), number(), number(), number(), 0..1u64 << 40, any::<bool>()).prop_map(
            |(input_tokens, cached_tokens, output_tokens, cost_micros, millis, has_model)| {
                let usage = Usage { input_tokens, cached_tokens, output_tokens, cost_micros };
                let (no_tokens, no_cost) = (usage.tokens().is_none(), usage.cost_micros.is_none());
                let tally = Tally {
                    runs: 1,
                    unknown: u64::from(no_tokens || no_cost),
                    unknown_tokens: u64::from(no_tokens),
                    unknown_cost: u64::from(no_cost),
                    millis,
                    usage,
                    ..Tally::default()
                };
                if has_model { tally } else { tally.of_no_model() }
            },
        )
    }

    fn sum(tallies: &[Tally]) -> Tally {
        tallies.iter().fold(Tally::default(), |sum, tally| sum.plus(tally))
    }

    proptest! {
        #[test]
        fn the_order_of_runs_does_not_matter(
            tallies in prop::collection::vec(any_tally(), 0..20),
            shuffled in any::<prop::sample::Index>(),
        ) {
            let mut others = tallies.clone();
            if !others.is_empty() {
                let at = shuffled.index(others.len());
                others.rotate_left(at);
                others[at..].reverse();
            }
            prop_assert_eq!(sum(&tallies), sum(&others));
            let (front, back) = tallies.split_at(tallies.len() / 2);
            prop_assert_eq!(sum(&tallies), sum(front).plus(&sum(back)));
        }

        #[test]
        fn a_run_that_says_nothing_never_lowers_a_sum(
            tallies in prop::collection::vec(any_tally(), 0..20),
            another in any_tally(),
        ) {
            let (before, after) = (sum(&tallies), sum(&tallies).plus(&another));
            prop_assert!(after.usage.tokens() >= before.usage.tokens());
            prop_assert!(after.usage.cost_micros >= before.usage.cost_micros);
            prop_assert!(after.millis >= before.millis && after.unknown >= before.unknown);
            prop_assert_eq!(after.runs, before.runs + 1);
            prop_assert!(after.unknown <= after.with_model());
        }
    }
}
