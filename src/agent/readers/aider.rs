//! `aider --message`: plain text. It exits with 0 whatever happened, so what it says about the model is all there is.
//!
//! `Tokens: …` follows every answer of the model. A run without one got no answer, in whatever words.

use crate::agent::event::{AgentEvent, Cause, Scope};
use crate::agent::protocol::{Heard, Protocol};
use crate::model::{Usage, micros_of_dollars};

/// Bytes of one complaint of the model library that are kept.
const MOST_WORDS: usize = 1_000;

#[derive(Default)]
pub struct Aider {
    has_answered: bool,
    /// What went wrong since the model last answered.
    trouble: Option<(Cause, String)>,
    /// The trouble's text goes on over several lines.
    is_telling: bool,
    retries: u64,
}

impl Protocol for Aider {
    fn read(&mut self, line: &str, heard: &mut Heard) {
        let text = line.trim_end();
        if let Some(cause) = library_error(text) {
            self.tell_trouble(heard);
            self.trouble = Some((cause, text.to_owned()));
            self.is_telling = true;
        } else if let Some(cause) = verdict(text) {
            let cause =
                self.trouble.take().map_or(cause, |(known, _)| if known == Cause::Other { cause } else { known });
            self.trouble = Some((cause, text.to_owned()));
            self.is_telling = true;
            self.tell_trouble(heard);
        } else if let Some(wait_ms) = retry_in(text) {
            self.is_telling = false;
            self.retries += 1;
            let (cause, text) = self.trouble.clone().unwrap_or((Cause::Other, String::new()));
            heard.event(AgentEvent::Retry { attempt: self.retries, most: None, wait_ms, cause, text });
        } else if self.is_telling && !text.is_empty() {
            if let Some((_, told)) = &mut self.trouble
                && told.len() + text.len() < MOST_WORDS
            {
                told.push(' ');
                told.push_str(text);
            }
        } else {
            self.tell_trouble(heard);
            self.read_plain(text, heard);
        }
    }

    fn end(&mut self, exit: Option<i32>, heard: &mut Heard) {
        self.tell_trouble(heard);
        if exit != Some(0) {
            return;
        }
        let failure = match self.trouble.take() {
            None if self.has_answered => None,
            None => Some((Cause::Other, "it ended without an answer of the model".to_owned())),
            trouble => trouble,
        };
        heard.event(match failure {
            None => AgentEvent::Finished { ok: true, cause: None, text: String::new() },
            Some((cause, text)) => AgentEvent::Finished { ok: false, cause: Some(cause), text },
        });
    }
}

impl Aider {
    /// The text of the trouble is complete.
    fn tell_trouble(&mut self, heard: &mut Heard) {
        if std::mem::take(&mut self.is_telling)
            && let Some((cause, text)) = self.trouble.clone()
        {
            heard.event(AgentEvent::Error { cause, text });
        }
    }

    fn read_plain(&mut self, text: &str, heard: &mut Heard) {
        if let Some(usage) = usage(text) {
            self.has_answered = true;
            self.trouble = None;
            heard.event(AgentEvent::Used { usage, scope: Scope::Call });
        } else if let Some(path) = text.strip_prefix("Applied edit to ") {
            self.trouble = None;
            heard.event(AgentEvent::FileTouched { path: path.to_owned(), diff: None });
        } else if !text.is_empty() {
            // Without a message from the model it commits all the same: the work is there.
            if text.starts_with("Commit ") {
                self.trouble = None;
            }
            heard.event(AgentEvent::text(text));
        }
    }
}

/// `litellm.RateLimitError: …`: the library's own name for what went wrong.
fn library_error(line: &str) -> Option<Cause> {
    let (name, _) = line.strip_prefix("litellm.")?.split_once(':')?;
    Some(match name {
        "AuthenticationError" => Cause::Authentication,
        "RateLimitError" | "RouterRateLimitError" => Cause::RateLimit,
        "InternalServerError" | "ServiceUnavailableError" | "BadGatewayError" => Cause::Server,
        "APIConnectionError" | "Timeout" => Cause::Network,
        "BudgetExceededError" => Cause::Budget,
        "BadRequestError"
        | "NotFoundError"
        | "InvalidRequestError"
        | "ContextWindowExceededError"
        | "UnprocessableEntityError"
        | "UnsupportedParamsError"
        | "ContentPolicyViolationError" => Cause::Request,
        _ => Cause::Other,
    })
}

/// Its own sentences about the service.
fn verdict(line: &str) -> Option<Cause> {
    const KNOWN: [(&str, Cause); 8] = [
        ("The API provider is not able to authenticate you", Cause::Authentication),
        ("The API provider has rate limited you", Cause::RateLimit),
        ("The API provider's servers are down", Cause::Server),
        ("The API provider timed out", Cause::Network),
        ("The API provider has refused the request", Cause::Request),
        ("Insufficient credits with the API provider", Cause::Budget),
        ("OpenRouter or the upstream API provider is down", Cause::Server),
        ("Only 3 reflections allowed", Cause::Other),
    ];
    if line.starts_with("Model ") && line.ends_with(" has hit a token limit!") {
        return Some(Cause::Request);
    }
    KNOWN.iter().find(|(start, _)| line.starts_with(start)).map(|(_, cause)| *cause)
}

/// `Retrying in 0.5 seconds...`
fn retry_in(line: &str) -> Option<Option<u64>> {
    let seconds = line.strip_prefix("Retrying in ")?.strip_suffix(" seconds...")?;
    Some(seconds.parse::<f64>().ok().filter(|seconds| (0.0..1e6).contains(seconds)).map(|s| (s * 1e3) as u64))
}

/// `Tokens: 12k sent, 1.1k cache hit, 300 received. Cost: $0.02 message, $0.10 session.` for one answer. The cost may be a
/// line of its own.
fn usage(line: &str) -> Option<Usage> {
    let (tokens, cost) = match line.split_once("Cost: $") {
        Some((tokens, cost)) => (tokens, cost),
        None => (line, ""),
    };
    let mut usage = Usage::default();
    let tokens = if tokens.is_empty() { "" } else { tokens.strip_prefix("Tokens: ")? };
    for part in tokens.trim_end_matches([' ', '.']).split(", ") {
        let Some((count, what)) = part.split_once(' ') else { continue };
        let count = token_count(count);
        match what {
            "sent" => usage.input_tokens = count,
            "received" => usage.output_tokens = count,
            "cache hit" => usage.cached_tokens = count,
            _ => {}
        }
    }
    // What came out of the cache is counted as sent, too.
    usage.input_tokens = usage.input_tokens.map(|sent| sent.saturating_sub(usage.cached_tokens.unwrap_or(0)));
    usage.cost_micros = cost.split(' ').next().and_then(|cost| cost.parse().ok()).and_then(micros_of_dollars);
    (!usage.is_unknown()).then_some(usage)
}

/// `900`, `1.2k`, `12k`: rounded by the program itself.
fn token_count(text: &str) -> Option<u64> {
    let (number, factor) = text.strip_suffix('k').map_or((text, 1.0), |number| (number, 1e3));
    let count = number.parse::<f64>().ok()? * factor;
    (0.0..1e12).contains(&count).then_some(count.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_money_are_read_out_of_a_sentence() {
        let numbers = |line| {
            let usage = usage(line).unwrap_or_default();
            (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.cost_micros)
        };
        assert_eq!(numbers("Tokens: 900 sent, 30 received."), (Some(900), None, Some(30), None));
        let cached = "Tokens: 12k sent, 1.1k cache hit, 300 received. Cost: $0.02 message, $0.10 session.";
        assert_eq!(numbers(cached), (Some(10_900), Some(1_100), Some(300), Some(20_000)));
        assert_eq!(numbers("Cost: $0.0042 message, $0.01 session."), (None, None, None, Some(4_200)));
        assert_eq!(numbers("Tokens: many sent."), (None, None, None, None));
        assert_eq!(numbers("The Cost: $5"), (None, None, None, None));
    }

    #[test]
    fn the_waiting_time_is_read_out_of_a_sentence() {
        assert_eq!(retry_in("Retrying in 0.5 seconds..."), Some(Some(500)));
        assert_eq!(retry_in("Retrying in soon seconds..."), Some(None));
        assert_eq!(retry_in("Retrying the edit"), None);
    }
}
