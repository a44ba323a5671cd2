//! Requests and answers.

use super::routes::Routes;
use super::{Address, Failure};
use crate::host::Host;
use serde_json::Value;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use ureq::config::AutoHeaderValue;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy, ProxyProtocol};

/// How often one request is made, and how long a service may ask us to wait before the next time.
const MOST_TRIES: usize = 3;
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// In bytes: what is read of an answer that is no success, and letters shown of it.
const LONGEST_REFUSAL: u64 = 64 * 1024;
const LONGEST_SAID: usize = 200;

/// What a service may cost us.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until there is a connection.
    pub connect: Duration,
    /// Bytes of an answer.
    pub answer: u64,
}

/// A credential: never shown, and sent as `Authorization: Bearer …`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Secret {
        Secret(value.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Cheap to make: nothing is set up before the first request.
pub struct Client {
    host: Host,
    limits: Limits,
    /// For what is sent in the clear, which takes nobody's certificates.
    plain: OnceLock<Agent>,
    encrypted: OnceLock<Agent>,
}

/// One request, however often it is sent.
struct Asked<'a> {
    address: &'a Address,
    key: Option<&'a Secret>,
    body: Vec<u8>,
    until: Instant,
    within: Duration,
}

impl Client {
    pub fn new(host: &Host, limits: Limits) -> Client {
        Client { host: host.clone(), limits, plain: OnceLock::new(), encrypted: OnceLock::new() }
    }

    /// Sends `body` and gives back the answer. All of it takes `within` at the longest.
    pub fn post_json(
        &self,
        address: &Address,
        key: Option<&Secret>,
        body: &Value,
        within: Duration,
    ) -> Result<Value, Failure> {
        let until = self.host.monotonic() + within;
        let asked = Asked { address, key, body: body.to_string().into_bytes(), until, within };
        let mut tries = 1;
        loop {
            let mut response = self.send(&asked)?;
            let status = response.status();
            if status.is_success() {
                return self.json_of(&asked, &mut response);
            }
            if status.is_redirection() {
                return Err(redirected(&asked, &response));
            }
            let Some(pause) = self.pause(&asked, &response).filter(|_| tries < MOST_TRIES) else {
                return Err(refusal(&asked, &mut response));
            };
            tries += 1;
            if !pause.is_zero() {
                self.host.sleep(pause);
            }
        }
    }

    fn send(&self, asked: &Asked<'_>) -> Result<Response<Body>, Failure> {
        let mut request = Request::new(asked.body.clone());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = asked.address.uri().clone();
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = asked.key {
            headers.insert(AUTHORIZATION, authorization(key, asked.address)?);
        }
        let proxy = Routes::of(&self.host.env).find_proxy(asked.address)?;
        let is_encrypted = |proxy: &Proxy| proxy.protocol() == ProxyProtocol::Https;
        let agent = match asked.address.is_encrypted() || proxy.as_ref().is_some_and(is_encrypted) {
            true => self.encrypted()?,
            false => self.plain.get_or_init(|| self.agent(RootCerts::from(Vec::new()))),
        };
        let request = agent.configure_request(request).proxy(proxy).timeout_global(Some(self.left(asked)?)).build();
        agent.run(request).map_err(|error| self.failure(asked, error))
    }

    fn left(&self, asked: &Asked<'_>) -> Result<Duration, Failure> {
        let left = asked.until.saturating_duration_since(self.host.monotonic());
        match left.is_zero() {
            true => Err(Failure::TimedOut { host: asked.address.host(), after: asked.within }),
            false => Ok(left),
        }
    }

    fn encrypted(&self) -> Result<&Agent, Failure> {
        if let Some(agent) = self.encrypted.get() {
            return Ok(agent);
        }
        let authorities = Routes::of(&self.host.env).load_authorities()?;
        Ok(self.encrypted.get_or_init(|| self.agent(authorities)))
    }

    fn agent(&self, authorities: RootCerts) -> Agent {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder().root_certs(authorities).unversioned_rustls_crypto_provider(provider);
        Agent::config_builder()
            .tls_config(tls.build())
            // Where the address leads is decided for each request.
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_connect(Some(self.limits.connect))
            .user_agent(AutoHeaderValue::Provided(concat!("aifactory/", env!("CARGO_PKG_VERSION")).to_owned().into()))
            .build()
            .new_agent()
    }

    fn json_of(&self, asked: &Asked<'_>, answer: &mut Response<Body>) -> Result<Value, Failure> {
        let bytes = answer.body_mut().with_config().limit(self.limits.answer).read_to_vec();
        let bytes = bytes.map_err(|error| self.failure(asked, error))?;
        serde_json::from_slice(&bytes).map_err(|_| Failure::NotJson { host: asked.address.host() })
    }

    /// How long the service wants us to wait, where it will serve us then and that is soon.
    fn pause(&self, asked: &Asked<'_>, answer: &Response<Body>) -> Option<Duration> {
        let will_do = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&answer.status());
        let pause = Duration::from_secs(text_of(answer.headers(), RETRY_AFTER)?.trim().parse().ok()?);
        let left = asked.until.saturating_duration_since(self.host.monotonic());
        (will_do && pause <= LONGEST_PAUSE && pause < left).then_some(pause)
    }

    fn failure(&self, asked: &Asked<'_>, error: ureq::Error) -> Failure {
        let host = asked.address.host();
        let why = match error {
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                let after = self.limits.connect.min(asked.within);
                return Failure::TimedOut { host, after };
            }
            ureq::Error::Timeout(_) => return Failure::TimedOut { host, after: asked.within },
            ureq::Error::BodyExceedsLimit(most) => return Failure::TooLong { host, most },
            ureq::Error::HostNotFound => "there is no such host".to_owned(),
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => "it does not speak HTTP".to_owned(),
            ureq::Error::ConnectProxyFailed(_) => "the proxy does not let us through".to_owned(),
            ureq::Error::Rustls(error) => format!("no safe connection: {error}"),
            ureq::Error::Tls(why) => format!("no safe connection: {why}"),
            // Others may quote the address.
            _ => "the request cannot be made".to_owned(),
        };
        Failure::NoAnswer { host, why }
    }
}

/// Nobody is followed: a request would go where the person did not send it.
fn redirected(asked: &Asked<'_>, answer: &Response<Body>) -> Failure {
    let host = asked.address.host();
    let to = text_of(answer.headers(), LOCATION).and_then(|location| Address::parse(location).ok());
    match to {
        Some(to) => Failure::Elsewhere { host, to: to.host() },
        None => Failure::Status { host, code: answer.status().as_u16(), said: None },
    }
}

fn authorization(key: &Secret, address: &Address) -> Result<HeaderValue, Failure> {
    if !address.is_encrypted() && !address.is_local() {
        return Err(Failure::Insecure { host: address.host() });
    }
    let value = HeaderValue::from_str(&format!("Bearer {}", key.0));
    let mut value = value.map_err(|_| Failure::NoCredential { host: address.host() })?;
    value.set_sensitive(true);
    Ok(value)
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// With the service's own words where they are about what was asked, and not about who asked.
fn refusal(asked: &Asked<'_>, answer: &mut Response<Body>) -> Failure {
    let code = answer.status().as_u16();
    let mut said = None;
    if matches!(code, 400 | 404 | 409 | 413 | 422) {
        let bytes = answer.body_mut().with_config().limit(LONGEST_REFUSAL).read_to_vec().unwrap_or_default();
        said = serde_json::from_slice(&bytes).ok().and_then(|body| explanation(&body, asked.key));
    }
    Failure::Status { host: asked.address.host(), code, said }
}

fn explanation(body: &Value, key: Option<&Secret>) -> Option<String> {
    let error = &body["error"];
    let text = error["message"].as_str().or(error.as_str()).or(body["message"].as_str())?.trim();
    let text = match key.filter(|key| !key.0.is_empty()) {
        Some(key) => text.replace(&key.0, "[key]"),
        None => text.to_owned(),
    };
    (!text.is_empty()).then(|| text.chars().take(LONGEST_SAID).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_service_explains_is_shown_without_the_key() {
        let key = Secret::new("hunter2");
        let said = |body: Value| explanation(&body, Some(&key));
        assert_eq!(said(json!({ "error": { "message": "no model `x`" } })).as_deref(), Some("no model `x`"));
        assert_eq!(said(json!({ "error": "bad key hunter2" })).as_deref(), Some("bad key [key]"));
        assert_eq!(said(json!({ "message": "no" })).as_deref(), Some("no"));
        assert_eq!(said(json!({ "detail": "no" })), None);
        assert_eq!(said(json!({ "error": "ü".repeat(900) })).unwrap().chars().count(), LONGEST_SAID);
        assert_eq!(format!("{key:?}"), "[secret]");
    }

    #[test]
    fn a_key_is_sent_encrypted_or_stays_on_the_machine() {
        let header = |key: &str, address: &str| authorization(&Secret::new(key), &Address::parse(address).unwrap());
        assert!(header("k", "https://a.example").unwrap().is_sensitive());
        assert!(header("k", "http://127.0.0.1:1").is_ok());
        assert_eq!(header("k", "http://a.example"), Err(Failure::Insecure { host: "a.example".into() }));
        assert_eq!(header("a\nb", "https://a.example"), Err(Failure::NoCredential { host: "a.example".into() }));
    }
}
