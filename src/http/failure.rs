//! What can go wrong between us and a service.

use std::fmt;
use std::time::Duration;

/// A request without a usable answer. Everything in it may be shown, once control characters are escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A credential was to be sent in the clear.
    Insecure {
        host: String,
    },
    /// The credential is nothing that can be sent.
    NoCredential {
        host: String,
    },
    /// A variable of the environment that says how to get there makes no sense.
    Setting {
        variable: String,
        why: &'static str,
    },
    /// There is nobody whose certificates count, so that no service can show who it is.
    NoAuthorities,
    /// There is no connection, or it broke.
    NoAnswer {
        host: String,
        why: String,
    },
    TimedOut {
        host: String,
        after: Duration,
    },
    /// In bytes.
    TooLong {
        host: String,
        most: u64,
    },
    /// Any code that is no success. `said` is the service's own explanation, cut, and without the credential.
    Status {
        host: String,
        code: u16,
        said: Option<String>,
    },
    /// It wants us to go to another place, which was not followed.
    Elsewhere {
        host: String,
        to: String,
    },
    NotJson {
        host: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Insecure { host } => write!(f, "{host} is reached without encryption, so it gets no credential"),
            Failure::NoCredential { host } => write!(f, "the credential for {host} holds what cannot be sent"),
            Failure::Setting { variable, why } => write!(f, "{variable} {why}"),
            Failure::NoAuthorities => f.write_str(
                "this machine has no certificates of authorities: install ca-certificates, or name a file of them in \
                 SSL_CERT_FILE",
            ),
            Failure::NoAnswer { host, why } => write!(f, "no answer from {host}: {why}"),
            Failure::TimedOut { host, after } => write!(f, "no answer from {host} within {:.1} s", after.as_secs_f32()),
            Failure::TooLong { host, most } => write!(f, "the answer of {host} is longer than {most} bytes"),
            Failure::Status { host, code, said: None } => write!(f, "{host} answered {code}{}", meaning(*code)),
            Failure::Status { host, code, said: Some(said) } => write!(f, "{host} answered {code}: {said}"),
            Failure::Elsewhere { host, to } => write!(f, "{host} redirects to {to}, which is not followed"),
            Failure::NotJson { host } => write!(f, "the answer of {host} is not JSON"),
        }
    }
}

impl std::error::Error for Failure {}

/// Of the codes that people meet.
fn meaning(code: u16) -> &'static str {
    match code {
        300..=399 => " (a redirect, which is not followed)",
        401 => " (not logged in)",
        403 => " (not allowed)",
        404 => " (not found)",
        429 => " (too many requests)",
        500..=599 => " (it has trouble of its own)",
        _ => "",
    }
}
