//! The HTTP client against servers that mean no good: redirects, silence, endless answers, proxies.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open connections")]

mod common;

use aifactory::host::{Environment, Host};
use aifactory::http::{Address, Client, Failure, Limits, Secret};
use common::{EmbeddingServer, Wrong};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::Duration;

const LIMITS: Limits = Limits { connect: Duration::from_secs(5), answer: 1 << 20 };
const LONG: Duration = Duration::from_secs(20);

fn ask(variables: &[(&str, &str)], url: &str, key: Option<&Secret>, within: Duration) -> Result<Value, Failure> {
    // Nobody that this machine trusts counts here.
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("roots.pem");
    std::fs::write(&authorities, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n").unwrap();
    let pairs = variables.iter().copied().chain([("SSL_CERT_FILE", authorities.to_str().unwrap())]);
    let host = Host::new(Environment::from_pairs(pairs));
    Client::new(&host, LIMITS).post_json(&Address::parse(url).unwrap(), key, &json!({ "input": ["x"] }), within)
}

fn post(server: &EmbeddingServer, key: Option<&Secret>) -> Result<Value, Failure> {
    ask(&[], &format!("{}/embeddings", server.url()), key, LONG)
}

#[test]
fn json_goes_there_and_comes_back_with_the_credential_and_our_name() {
    let server = EmbeddingServer::start();
    let answer = post(&server, Some(&Secret::new("hunter2"))).unwrap();
    assert_eq!(answer["data"].as_array().unwrap().len(), 1);
    let [request] = &server.requests()[..] else { panic!("more than one request") };
    let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/v1/embeddings"));
    assert_eq!(header("Authorization"), "Bearer hunter2");
    assert_eq!(header("Content-Type"), "application/json");
    assert_eq!(header("User-Agent"), format!("aifactory/{}", env!("CARGO_PKG_VERSION")));
    assert_eq!(header("Accept-Encoding"), "", "what is packed cannot be bounded");
}

#[test]
fn no_redirect_is_followed() {
    let (server, other) = (EmbeddingServer::start(), EmbeddingServer::start());
    let key = Secret::new("hunter2");
    server.set_wrong(Wrong::Redirect(other.url()));
    let elsewhere = Failure::Elsewhere { host: server.host(), to: other.host() };
    assert_eq!(post(&server, Some(&key)).unwrap_err(), elsewhere);
    assert_eq!(post(&server, None).unwrap_err(), elsewhere);
    assert!(other.requests().is_empty());
    server.requests();
    for to in ["/v2?page=1", "//evil.example/x", "javascript:alert(1)", ""] {
        server.set_wrong(Wrong::Redirect(to.to_owned()));
        let said = post(&server, Some(&key)).unwrap_err().to_string();
        assert_eq!(said, format!("{} answered 307 (a redirect, which is not followed)", server.host()));
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn an_answer_is_bounded_in_size_and_in_time() {
    let server = EmbeddingServer::start();
    server.set_wrong(Wrong::Endless);
    assert_eq!(post(&server, None).unwrap_err(), Failure::TooLong { host: server.host(), most: LIMITS.answer });
    // Connections are taken by the kernel, and nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap().to_string();
    let soon = Duration::from_millis(200);
    let failure = ask(&[], &format!("http://{host}/secret?key=x"), None, soon).unwrap_err();
    assert_eq!(failure.to_string(), format!("no answer from {host} within 0.2 s"));
}

#[test]
fn a_server_that_does_not_speak_tls_is_not_spoken_to_otherwise() {
    let server = EmbeddingServer::start();
    let address = server.url().replace("http:", "https:");
    let failure = ask(&[], &address, Some(&Secret::new("hunter2")), LONG).unwrap_err();
    assert!(matches!(failure, Failure::NoAnswer { .. }), "{failure}");
    assert!(server.requests().iter().all(|request| request.header("Authorization").is_none()));
}

#[test]
fn certificates_are_read_for_what_is_encrypted_alone() {
    let server = EmbeddingServer::start();
    let nowhere = [("SSL_CERT_FILE", "/nowhere.pem")];
    let host = Host::new(Environment::from_pairs(nowhere));
    let client = Client::new(&host, LIMITS);
    let ask = |url: &str| client.post_json(&Address::parse(url).unwrap(), None, &json!({ "input": ["x"] }), LONG);
    ask(&server.url()).unwrap();
    let failure = ask(&server.url().replace("http:", "https:")).unwrap_err();
    assert_eq!(failure.to_string(), "SSL_CERT_FILE names no file that can be read");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn hosts_elsewhere_are_reached_through_the_proxy_of_the_environment() {
    let proxy = EmbeddingServer::start();
    let through = format!("http://{}", proxy.host());
    let ask = |variables: &[(&str, &str)], url: &str| ask(variables, url, None, LONG);
    let _ = ask(&[("https_proxy", &through)], "https://api.example.com/v1?key=x");
    let [request] = &proxy.requests()[..] else { panic!("more than one request") };
    assert_eq!((request.method.as_str(), request.target.as_str()), ("CONNECT", "api.example.com:443"));
    let refused = || proxy.set_wrong(Wrong::Code(407, String::new()));
    refused();
    let failure = ask(&[("https_proxy", &through)], "https://api.example.com/v1?key=x").unwrap_err();
    assert_eq!(failure.to_string(), "no answer from api.example.com: the proxy does not let us through");
    proxy.requests();
    let _ = ask(&[("http_proxy", &through)], "http://api.example.com/v1");
    assert_eq!(proxy.requests().len(), 1);
    let failure = ask(&[("https_proxy", "socks5://127.0.0.1:1")], "https://api.example.com").unwrap_err();
    assert!(failure.to_string().starts_with("https_proxy is the address of a SOCKS proxy"), "{failure}");
    // This machine is reached directly, and in the clear whoever it trusts.
    let server = EmbeddingServer::start();
    ask(&[("http_proxy", &through), ("all_proxy", &through)], &server.url()).unwrap();
    assert!(proxy.requests().is_empty());
}
