//! What agents say they used, in the three places where they say it.

use crate::agent::event::{AgentEvent, Scope};
use crate::agent::protocol::field;
use crate::model::{Usage, micros_of_dollars};
use agent_client_protocol::v1::schema::{Cost, Meta, PromptResponse};
use serde_json::Value;

/// What is counted of one turn.
pub struct Count {
    /// What the count at the end of a turn is about; the protocol says the conversation, most agents say the turn.
    scope: Scope,
    /// The turn's calls were counted one by one already.
    has_calls: bool,
    cost: Option<u64>,
}

impl Count {
    pub fn new(scope: Option<Scope>) -> Count {
        Count { scope: scope.unwrap_or(Scope::Call), has_calls: false, cost: None }
    }

    /// The price of the conversation so far, where it has changed.
    pub fn price(&mut self, cost: &Cost) -> Option<AgentEvent> {
        let cost_micros = Some(&cost.amount).filter(|_| cost.currency == "USD").copied();
        let cost_micros = cost_micros.and_then(micros_of_dollars);
        if cost_micros.is_none() || cost_micros == self.cost {
            return None;
        }
        self.cost = cost_micros;
        let usage = Usage { cost_micros, ..Usage::default() };
        Some(AgentEvent::Used { usage, scope: Scope::Session })
    }

    /// One model call, as an extension of a message's last piece.
    pub fn call(&mut self, meta: &Meta) -> Option<AgentEvent> {
        let usage = tokens(meta.get("usage")?)?;
        self.has_calls = true;
        Some(AgentEvent::Used { usage, scope: Scope::Call })
    }

    /// The end of a turn.
    pub fn turn(&mut self, answer: &PromptResponse) -> Option<AgentEvent> {
        if std::mem::take(&mut self.has_calls) {
            return None;
        }
        let of_extension = || {
            let quota = answer.meta.as_ref()?.get("quota")?;
            let number = |key: &str| field::number(quota, &["token_count", key]);
            Some(Usage {
                input_tokens: Some(number("input_tokens")?),
                output_tokens: number("output_tokens"),
                ..Usage::default()
            })
        };
        let counted = answer.usage.as_ref().and_then(|usage| tokens(&serde_json::to_value(usage).ok()?));
        let usage = counted.or_else(of_extension)?;
        Some(AgentEvent::Used { usage, scope: self.scope })
    }
}

/// Whether what came out of a cache is among the input, and thoughts among the output, is told by the total alone.
fn tokens(usage: &Value) -> Option<Usage> {
    let number = |key: &str| field::number(usage, &[key]);
    let (input, output) = (number("inputTokens")?, number("outputTokens")?);
    let (read, written) = (number("cachedReadTokens"), number("cachedWriteTokens").unwrap_or(0));
    let thought = number("thoughtTokens").unwrap_or(0);
    let cached = read.unwrap_or(0).saturating_add(written);
    let beyond = number("totalTokens").map(|total| total.saturating_sub(input.saturating_add(output)));
    let is_beyond = |tokens: u64| tokens > 0 && beyond == Some(tokens);
    let (both, is_cache_beyond) = (cached.saturating_add(thought), is_beyond(cached));
    let output_beyond = if is_beyond(thought) || (is_beyond(both) && !is_cache_beyond) { thought } else { 0 };
    let fresh = match is_cache_beyond || is_beyond(both) {
        true => input.saturating_add(written),
        false => input.saturating_sub(read.unwrap_or(0)),
    };
    Some(Usage {
        input_tokens: Some(fresh),
        cached_tokens: read,
        output_tokens: Some(output.saturating_add(output_beyond)),
        cost_micros: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cached_tokens_are_never_counted_twice() {
        let counted = |input: u64, output: u64, read: u64, written: u64, thought: u64, total: u64| {
            let usage = json!({ "inputTokens": input, "outputTokens": output, "cachedReadTokens": read,
                "cachedWriteTokens": written, "thoughtTokens": thought, "totalTokens": total });
            let usage = tokens(&usage).unwrap();
            [usage.input_tokens, usage.cached_tokens, usage.output_tokens].map(Option::unwrap)
        };
        assert_eq!(counted(2500, 52, 1200, 0, 0, 3752), [2500, 1200, 52]);
        assert_eq!(counted(3700, 52, 1200, 0, 0, 3752), [2500, 1200, 52]);
        assert_eq!(counted(2400, 52, 1200, 100, 0, 3752), [2500, 1200, 52]);
        assert_eq!(counted(3700, 40, 1200, 0, 12, 3752), [2500, 1200, 52]);
        assert_eq!(counted(2500, 40, 1200, 0, 12, 3752), [2500, 1200, 52]);
        assert_eq!(counted(3700, 52, 1200, 0, 12, 3752), [2500, 1200, 52]);
        assert_eq!(counted(u64::MAX, u64::MAX, 1, u64::MAX, 1, 0), [u64::MAX - 1, 1, u64::MAX]);
    }
}
