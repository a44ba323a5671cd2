//! Why the agent could not do what it was asked: agents say it in a code, in data of their own, or in words alone.

use crate::agent::catalog::Listed;
use crate::agent::event::Cause;
use crate::agent::protocol::field;
use agent_client_protocol::v1::schema::ErrorCode;
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub cause: Cause,
    pub text: String,
}

impl Failure {
    pub fn new(cause: Cause, text: impl Into<String>) -> Failure {
        Failure { cause, text: text.into() }
    }

    pub fn of(error: &Value) -> Failure {
        let message = field::text(error, &["message"]).unwrap_or_default();
        let data = error.get("data").unwrap_or(&Value::Null);
        let text = match details(data) {
            Some(details) if !message.contains(details) => format!("{message}: {details}"),
            _ => message.to_owned(),
        };
        let code = error.get("code").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok());
        Failure { cause: cause_of(code.unwrap_or_default(), data, &text), text }
    }

    pub fn unreadable() -> Failure {
        Failure::new(Cause::Other, "its answer cannot be read")
    }

    /// With what was tried in front.
    pub fn while_it(self, tried: &str) -> Failure {
        Failure { text: format!("{tried}: {}", self.text), ..self }
    }

    /// With the ways to log in, where that is what is missing.
    pub fn with_logins(self, logins: &[Listed]) -> Failure {
        if self.cause != Cause::Authentication || logins.is_empty() {
            return self;
        }
        let names: Vec<&str> = logins.iter().map(|login| login.name.as_str()).collect();
        Failure { text: format!("{} (it offers: {})", self.text, names.join(", ")), ..self }
    }
}

fn details(data: &Value) -> Option<&str> {
    let keys = ["details", "message", "error", "reason", "detail"];
    let found = data.as_str().or_else(|| keys.iter().find_map(|key| field::text(data, &[key])));
    found.or_else(|| field::text(data, &["error", "message"])).filter(|text| !text.is_empty())
}

fn cause_of(code: i32, data: &Value, text: &str) -> Cause {
    let code = ErrorCode::from(code);
    let statuses = ["statusCode", "status", "http_status", "httpStatus", "code"];
    let status = statuses.iter().find_map(|key| field::number(data, &[key])).filter(|status| *status >= 400);
    let in_words = || match Cause::of_text(text) {
        Cause::Other => Cause::of_text(&data.to_string()),
        cause => cause,
    };
    match (code, status) {
        (ErrorCode::AuthRequired, _) => Cause::Authentication,
        (ErrorCode::RequestCancelled, _) => Cause::Aborted,
        (_, Some(status)) => Cause::of_status(status),
        (
            ErrorCode::InvalidParams
            | ErrorCode::InvalidRequest
            | ErrorCode::MethodNotFound
            | ErrorCode::ResourceNotFound,
            None,
        ) => Cause::Request,
        _ => in_words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cause_is_in_the_code_the_data_or_the_words() {
        for (error, cause, text) in [
            (
                json!({ "code": -32000, "message": "Authentication required" }),
                Cause::Authentication,
                "Authentication required",
            ),
            (
                json!({ "code": -32603, "message": "Internal error", "data": { "details": "429 Too many requests" } }),
                Cause::RateLimit,
                "Internal error: 429 Too many requests",
            ),
            (json!({ "code": -32603, "message": "no", "data": { "statusCode": 500 } }), Cause::Server, "no"),
            (json!({ "code": -32602, "message": "no such model", "data": "x" }), Cause::Request, "no such model: x"),
            (json!({ "code": -32800, "message": "cancelled" }), Cause::Aborted, "cancelled"),
            (json!({ "code": 1e300, "message": 7 }), Cause::Other, ""),
            (json!("broken"), Cause::Other, ""),
        ] {
            assert_eq!(Failure::of(&error), Failure::new(cause, text), "{error}");
        }
    }

    #[test]
    fn who_is_not_logged_in_is_told_how() {
        let logins = [Listed::new("key", "Use OPENAI_API_KEY")];
        let failure = |cause| Failure::new(cause, "no").with_logins(&logins).text;
        assert_eq!(failure(Cause::Authentication), "no (it offers: Use OPENAI_API_KEY)");
        assert_eq!(failure(Cause::Server), "no");
    }
}
